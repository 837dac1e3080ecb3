//! Signals to findings.
//!
//! Input: the [`Batch`](crate::signal::Batch)es of every node's stream. Output: [`Finding`](crate::finding::Finding)s. First each node's companions are joined in the order of its
//! stream ([`join`]); then the streams are merged by time and split by session ([`shard`]), and each session's timeline says what came before
//! and after a failure ([`timeline`]); at the end the rules ([`rules`]) and the questions ([`question`]) decide ([`decide`]). Must not know
//! files beyond their names, nor how findings are counted or printed.

pub mod answered;
pub mod browsers;
pub mod clients;
pub mod clock;
pub mod copies;
pub mod decide;
pub mod join;
pub mod joined;
pub mod note;
pub mod packed;
pub mod pairing;
pub mod pasted;
pub mod profile;
pub mod question;
mod remembered;
pub mod rules;
mod setback;
pub mod shard;
pub mod spill;
pub mod stored;
pub mod timeline;
pub mod tokens;
pub mod verdict;
pub mod view;
pub mod walk;
