//! Outcomes to text for people and programs.
//!
//! Input: an [`Outcome`] (summaries) or [`Finding`]s as they come (streams). Output: bytes. One format a file, each behind a trait with hardly more
//! than one method, so that one test runs over all of them. Must not decide anything: causes and confidences are taken as they are. All text that
//! comes from a log passes [`escape`].
//!
//! ```no_run
//! use kctriage::pipeline::{Lines, Options, run};
//! use kctriage::report::{Findings, Ndjson};
//! use kctriage::triage::rules::Rules;
//!
//! let found = kctriage::source::discover(&["server.log".into()], &Lines);
//! let mut sink = Ndjson::new(std::io::stdout().lock());
//! run(&found.streams, &Rules::builtin(), &Options::default(), &|_| {}, &mut |finding| sink.finding(&finding))?;
//! sink.finish()?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod csv;
pub mod escape;
pub mod json;
pub mod ndjson;
pub mod terminal;
pub mod tone;

use std::io;

use crate::finding::Finding;
use crate::record::text::Missing;
use crate::tally::Outcome;

pub use csv::Csv;
pub use json::Json;
pub use ndjson::Ndjson;
pub use terminal::Terminal;

/// A format that says what a whole run found.
pub trait Summary {
    /// Writes the outcome.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    fn write(&self, outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()>;
}

/// A format that has one entry a finding.
pub trait Findings {
    /// Writes one finding.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn finding(&mut self, finding: &Finding) -> io::Result<()>;

    /// Writes what is still held back; to be called once, after the last finding.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// Returns the words for what a line lacks to be the head of a record.
#[must_use]
pub fn missing(missing: Missing) -> &'static str {
    match missing {
        Missing::Stamp => "a time stamp at its start",
        Missing::Level => "a level after the time stamp",
        Missing::Logger => "a [logger] after the level",
        Missing::Thread => "a (thread) after the logger",
        Missing::Other => "the form of a record",
    }
}

#[cfg(test)]
mod tests;
