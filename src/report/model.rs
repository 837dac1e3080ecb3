//! The page that explains an incident, as data: what every renderer of `kctriage report` prints, and the JSON that it publishes.
//!
//! Input: nothing; [`super::compose`] fills it in. Output: [`Report`], serialisable; its schema is `docs/schema/report.schema.json`. Text of the log is
//! [`Logged`], which only [`super::escape`] lets out. Must not know how it will look.

mod evidence;
mod matter;
mod overview;
mod text;
mod trouble;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::terminal::moment::Moments;

pub use evidence::{Answered, Proof, Walked};
pub use matter::{Burst, CauseCount, ClientShare, Counted, DelayBar, DetailCount, Distribution, Matter, Window};
pub use overview::{CauseRow, ClientRow, Event, NodeRow, Seen, Series, Span, Timeline, Totals, Version};
pub use text::{Instant, Kind, Logged, NAME, Piece, Prose, quoted};
pub use trouble::{Account, Change, Comparison, Gap, Gaps, Habitual, Place, Range, Redaction, Replaced, Suspected};

/// The number of this form; a reader refuses a higher one.
pub const SCHEMA: u32 = 1;

/// How the whole stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// There are incidents that go on.
    Going,
    /// There are incidents, and all of them are over.
    Over,
    /// Token requests fail, at no rate that is unusual in this log.
    Steady,
    /// No token request failed, as far as the log shows.
    Quiet,
    /// The log shows too little to say.
    Unknown,
}

/// One matter on the first screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Point {
    /// The number of the matter.
    pub matter: usize,
    /// Who, what, since when.
    pub what: Prose,
    /// Why: the likeliest trigger, or that the log shows none.
    pub why: Option<Prose>,
    /// What to do first.
    pub step: Prose,
}

/// What happened, to whom, since when, why, how sure, what to do, and what the log could not show.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The name that a person gave it.
    pub title: Option<Prose>,
    /// The program and its version.
    pub generator: String,
    /// How the whole stands.
    pub level: Level,
    /// Is something wrong, and how bad: one sentence.
    pub headline: Prose,
    /// What is normal here: the failures apart from the incidents; null where there is no incident.
    pub usual: Option<Prose>,
    /// Who, since when, why, and what to do first.
    pub points: Vec<Point>,
    /// The time that the log covers.
    pub span: Option<Span>,
    /// The server processes.
    pub nodes: Vec<NodeRow>,
    /// Members of the cluster, where the log says how many; fewer logs than members mean that this is a part.
    pub cluster_members: Option<u32>,
    /// The sums.
    pub totals: Totals,
    /// Failures by cause, most first.
    pub causes: Vec<CauseRow>,
    /// Failures by cause and time, and what happened meanwhile.
    pub timeline: Option<Timeline>,
    /// Bursts and level shifts of failures, the largest first.
    pub incidents: Vec<Matter>,
    /// Failures that belong together and are no incident.
    pub steady: Vec<Matter>,
    /// Clients that misbehave all the time.
    pub chronic: Vec<Habitual>,
    /// Failures by client, most first.
    pub clients: Vec<ClientRow>,
    /// Clients beyond those of the table.
    pub clients_left_out: u64,
    /// Before and after, where that was asked for.
    pub comparison: Option<Comparison>,
    /// What these logs cannot tell, and what would.
    pub gaps: Gaps,
    /// Lines that look forged: in no figure above.
    pub suspects: Vec<Suspected>,
    /// Lines that look forged, beyond those listed.
    pub suspects_left_out: u64,
    /// Where every byte went, and what was not understood.
    pub books: Account,
    /// What was made unrecognisable.
    pub redaction: Redaction,
    /// What the source of this page cannot hold (saved tallies), was assumed, or was limited.
    pub remarks: Vec<Prose>,
    /// How times are shown.
    #[serde(skip)]
    pub(super) moments: Moments,
}
