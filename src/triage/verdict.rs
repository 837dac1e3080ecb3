//! A verdict: what a question or a rule concluded about one failure.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::{SmallVec, smallvec};

use crate::cause::{Cause, Detail};
use crate::finding::Confidence;

use super::joined::At;

/// What would have told the candidates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Lack {
    /// Success events: logins and code exchanges.
    SuccessEvents,
    /// The `ClientAuthenticationFlow` lines.
    ClientAuthentication,
    /// A newer server: this one's events have no reason.
    Reasons,
    /// The logs of the other nodes, or a longer log.
    WholeView,
    /// The lines before the first one.
    Beginning,
    /// The server's own log: stored events come without its warnings.
    ServerLog,
    /// The event: only an access line shows the request.
    Event,
    /// Lines that were dropped on the way into this log.
    Lines,
}

impl Lack {
    /// Every value.
    pub const ALL: [Lack; 8] =
        [Lack::SuccessEvents, Lack::ClientAuthentication, Lack::Reasons, Lack::WholeView, Lack::Beginning, Lack::ServerLog, Lack::Event, Lack::Lines];
}

/// How the evidence begins that says that a client's credentials worked before.
pub const WORKED: &str = "its credentials last worked ";

/// What a line proves, in words. Most verdicts are counted and never read, so the words are put together when somebody asks for them.
#[derive(Debug, Clone)]
pub enum Words {
    /// These words.
    Said(&'static str),
    /// A span of time in milliseconds, between words.
    Span(&'static str, i64, &'static str),
    /// A number, between words.
    Number(&'static str, u32, &'static str),
    /// Words that were put together.
    Text(String),
}

impl Words {
    /// Returns words before and behind a span of time; others where it is not known.
    #[must_use]
    pub fn ago(ms: Option<i64>, before: &'static str, behind: &'static str, unknown: &'static str) -> Self {
        ms.map_or(Words::Said(unknown), |ms| Words::Span(before, ms, behind))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Words::Said(words) => f.write_str(words),
            Words::Span(before, ms, behind) => write!(f, "{before}{}{behind}", span(*ms)),
            Words::Number(before, number, behind) => write!(f, "{before}{number}{behind}"),
            Words::Text(text) => f.write_str(text),
        }
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Words {}

impl From<&'static str> for Words {
    fn from(words: &'static str) -> Self {
        Words::Said(words)
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Words::Text(text)
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Words::Text)
    }
}

/// What was concluded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    /// What kind of the first candidate.
    pub detail: Option<Detail>,
    /// How sure.
    pub confidence: Confidence,
    /// All causes that are left, the likeliest first; never empty.
    pub candidates: SmallVec<[Cause; 4]>,
    /// The lines that prove it.
    pub evidence: Vec<(At, Words)>,
    /// From login to failure.
    pub delay_ms: Option<i64>,
    /// What would have told the candidates apart.
    pub lack: Option<Lack>,
}

impl Verdict {
    /// Returns a verdict that excludes every other cause.
    #[must_use]
    pub fn certain(cause: Cause) -> Self {
        Verdict { detail: None, confidence: Confidence::Certain, candidates: smallvec![cause], evidence: Vec::new(), delay_ms: None, lack: None }
    }

    /// Returns a verdict in which the first candidate fits best, and nothing that a server can log would have told it from the others.
    #[must_use]
    pub fn likely_at_best(candidates: &[Cause]) -> Self {
        Verdict { confidence: Confidence::Likely, candidates: SmallVec::from_slice(candidates), ..Verdict::certain(Cause::Unclassified) }
    }

    /// Returns a verdict in which the first candidate fits best.
    #[must_use]
    pub fn likely(candidates: &[Cause], lack: Lack) -> Self {
        Verdict { lack: Some(lack), ..Verdict::likely_at_best(candidates) }
    }

    /// Returns a verdict that only lists what fits.
    #[must_use]
    pub fn ambiguous(candidates: &[Cause], lack: Lack) -> Self {
        Verdict { confidence: Confidence::Ambiguous, ..Verdict::likely(candidates, lack) }
    }

    /// Adds a line that proves it.
    #[must_use]
    pub fn because(mut self, at: At, what: impl Into<Words>) -> Self {
        self.evidence.push((at, what.into()));
        self
    }
}

/// Writes a span of time for a person: `0.2 s`, `71.2 s`, `12 min`, `3.5 h`.
#[must_use]
pub fn span(ms: i64) -> String {
    let ms = ms.unsigned_abs();
    match ms {
        0..100 => format!("{ms} ms"),
        100..120_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{}.{} h", ms / 3_600_000, ms % 3_600_000 / 360_000),
    }
}
