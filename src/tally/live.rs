//! What a live run tells those who listen: findings and their corrections, what happened to the files, and how the run itself fares.
//!
//! The pipeline fills it in; alerts, metrics, the live view and the line output read it. Must not know who reads it.

use std::sync::Arc;

use super::incident::Trigger;
use crate::cause::Cause;
use crate::finding::{Confidence, Finding};

/// Something that a live run tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// A failure was decided for the first time; it is in the tally.
    Found(Box<Finding>),
    /// Later lines changed the verdict of a failure that was told; the tally is corrected.
    Revised {
        /// The finding as it is now, with the id that it had.
        finding: Box<Finding>,
        /// The cause that was told.
        from: Cause,
        /// How sure that was.
        confidence: Confidence,
    },
    /// A server start, an admin event and the like.
    Trigger(Trigger),
    /// Something about the input that a person should know: a rotation is none, a loss is one.
    Notice(Notice),
}

/// Something about the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The file, as it was named.
    pub source: Arc<str>,
    /// What, in words for a person: "truncated while behind: up to 4096 bytes were lost".
    pub what: String,
    /// Bytes that are lost for good, where that can be said.
    pub lost_bytes: Option<u64>,
}

/// How a live run fares; every number but the ages only grows, also over a restart from a state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gauges {
    /// Bytes read.
    pub bytes: u64,
    /// Records recognised.
    pub records: u64,
    /// Lines that are no part of a record.
    pub unparsed_lines: u64,
    /// Bytes that were damaged.
    pub damaged_bytes: u64,
    /// Bytes that were lost: truncated away before they could be read.
    pub lost_bytes: u64,
    /// Files that took the place of another.
    pub rotations: u64,
    /// Files that were cut to be written again.
    pub truncations: u64,
    /// Failures that are held back, waiting for evidence.
    pub held: u64,
    /// Files that are followed.
    pub files: u64,
    /// Bytes that are written and not read yet.
    pub behind_bytes: u64,
    /// Milliseconds from the time in the last record to when it was read, where it has one; negative where the record's time was still to come.
    pub lag_ms: Option<i64>,
    /// Milliseconds since the state was last written, where there is one.
    pub state_age_ms: Option<u64>,
    /// Times that the state could not be written.
    pub state_failures: u64,
    /// No file system notifications: files are looked at in turn.
    pub polling: bool,
    /// How alerts fare.
    pub alerts: Alerting,
}

/// How the alerts of a run fare; unlike the other numbers these begin at zero with each run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alerting {
    /// Alerts that go on.
    pub firing: u64,
    /// Messages that receivers took.
    pub sent: u64,
    /// Messages that a receiver refused for good.
    pub failed: u64,
    /// Messages that were dropped because too many waited.
    pub dropped: u64,
}
