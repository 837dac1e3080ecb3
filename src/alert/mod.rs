//! Alerts: what of a live run a person should be told at once, and when it is over.
//!
//! Input: [`Update`]s as a live run tells them, and the clock. Output: [`Alert`]s that begin and end, and remarks. Rules are text ([`Rule::parse`]) or TOML
//! ([`file`](mod@file)); some come with the program ([`builtin`]). What counts is the time in the log, in whose order findings are taken, so that the same lines give
//! the same alerts with the same ids however they came. Must not ask for the time, read or write anything, nor know who is told.
//!
//! ```
//! use kctriage::alert::{Engine, Rule};
//! use kctriage::tally::live::Gauges;
//! let rule = Rule::parse("cause=code-reused rate>20/5m by client")?;
//! let mut engine = Engine::new(vec![rule]);
//! assert!(engine.tick(0, &Gauges::default()).alerts.is_empty());
//! # Ok::<(), kctriage::alert::ParseError>(())
//! ```
//!
//! [`Update`]: crate::tally::live::Update

mod board;
mod clock;
mod engine;
pub mod file;
mod firing;
mod grammar;
mod group;
mod past;
mod record;
mod rule;
mod saved;
mod usual;

pub use engine::{Engine, Word};
pub use file::builtin;
pub use firing::{Alert, State};
pub use grammar::ParseError;
pub use rule::{Condition, Field, Measure, Rule, Severity};

#[cfg(test)]
mod tests;
