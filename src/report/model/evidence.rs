//! One failure of a matter: the flowchart as it was walked, and the lines that prove it.

use serde::Serialize;

use super::{Instant, Logged};
use crate::finding::Trust;

/// A line that proves something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    /// The file.
    pub file: Logged,
    /// The line in it, from 1, decompressed.
    pub line: u64,
    /// What it shows.
    pub what: Logged,
}

/// A question of the flowchart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Answered {
    /// The question.
    pub question: &'static str,
    /// `yes`, `no`, `cannot-tell`, or `known`: the evidence holds the answer.
    pub answer: &'static str,
    /// What says so.
    pub evidence: Vec<Logged>,
    /// What would tell, where the log cannot.
    pub would_tell: Option<String>,
}

/// One failure, walked through the flowchart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Walked {
    /// The finding's id.
    pub id: String,
    /// When.
    pub time: Option<Instant>,
    /// The server process.
    pub node: Logged,
    /// The file.
    pub file: Logged,
    /// The line of the event.
    pub line: u64,
    /// The event in a few words.
    pub about: Logged,
    /// The client's address.
    pub address: Option<Logged>,
    /// The user's id.
    pub user: Option<Logged>,
    /// The session.
    pub session: Option<Logged>,
    /// How far its line can be trusted.
    pub trust: Trust,
    /// The questions in their order.
    pub steps: Vec<Answered>,
    /// The lines that prove it.
    pub evidence: Vec<Proof>,
}
