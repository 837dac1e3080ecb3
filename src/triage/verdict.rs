//! A verdict: what a question or a rule concluded about one failure.

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
}

impl Lack {
    /// Every value.
    pub const ALL: [Lack; 7] = [Lack::SuccessEvents, Lack::ClientAuthentication, Lack::Reasons, Lack::WholeView, Lack::Beginning, Lack::ServerLog, Lack::Event];
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
    pub evidence: Vec<(At, String)>,
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

    /// Returns a verdict in which the first candidate fits best.
    #[must_use]
    pub fn likely(candidates: &[Cause], lack: Lack) -> Self {
        Verdict { confidence: Confidence::Likely, candidates: SmallVec::from_slice(candidates), lack: Some(lack), ..Verdict::certain(Cause::Unclassified) }
    }

    /// Returns a verdict that only lists what fits.
    #[must_use]
    pub fn ambiguous(candidates: &[Cause], lack: Lack) -> Self {
        Verdict { confidence: Confidence::Ambiguous, ..Verdict::likely(candidates, lack) }
    }

    /// Adds a line that proves it.
    #[must_use]
    pub fn because(mut self, at: At, what: impl Into<String>) -> Self {
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
