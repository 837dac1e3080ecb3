//! All that a run found, but the findings themselves.
//!
//! What every format prints is taken from here; a writer needs nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::Tally;
use crate::books::Books;
use crate::record::Layout;
use crate::record::text::Missing;
use crate::signal::relayed::{ANSWERS, Answer};
use crate::source::{Dropped, Problem};
use crate::triage::join::Requests;
use crate::triage::joined::Suspect;
use crate::triage::verdict::Lack;
use crate::triage::view::View;

/// What was found out about one source.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Its node.
    pub node: String,
    /// A person named it, it was not found in a folder.
    pub named: bool,
    /// The wrapper that was taken off its lines.
    pub wrapping: Option<String>,
    /// Records of each layout, in the order of [`Layout::ALL`].
    pub layouts: [u64; Layout::ALL.len()],
    /// Its books.
    pub books: Books,
    /// What of it was not taken for text.
    pub dropped: Dropped,
    /// What its first line that looks like a record lacks, where none was recognised.
    pub nearest: Option<(u64, Missing)>,
}

impl SourceReport {
    /// Whether nothing in it was recognised although there is something.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.books.records == 0 && self.books.unparsed_lines > 0
    }
}

/// Token requests that access logs show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accesses {
    /// By realm.
    pub realms: BTreeMap<Option<String>, Requests>,
    /// From the server's own access log; a proxy's otherwise.
    pub own: bool,
    /// Refused requests in a proxy's log that were left out: the server's log covers their time, and its events name other addresses.
    pub unjoined: u64,
}

/// An answer that another program's log quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// When, where the line begins with a time.
    pub time: Option<DateTime<Utc>>,
    /// The file.
    pub source: String,
    /// The line.
    pub line: u64,
    /// Index into [`crate::signal::relayed::ANSWERS`].
    pub answer: usize,
}

/// All that a run found, but the findings themselves.
#[derive(Debug)]
pub struct Outcome {
    /// The counts.
    pub tally: Tally,
    /// Where every byte went.
    pub books: Books,
    /// Each source.
    pub sources: Vec<SourceReport>,
    /// How much of the server the log shows.
    pub view: View,
    /// What would have told candidates apart, by how many findings lack it.
    pub lacks: BTreeMap<Lack, u64>,
    /// The age in milliseconds of the oldest code that still worked, by realm.
    pub worked: BTreeMap<Option<String>, i64>,
    /// Findings that the filter left out.
    pub left_out: u64,
    /// Token requests that access logs show.
    pub access: Accesses,
    /// Lines that look forged.
    pub suspects: Vec<(String, Suspect)>,
    /// Answers quoted in other programs' logs: the first ones, and how many of each answer and source.
    pub quoted: Vec<Quoted>,
    /// How many answers were quoted in all.
    pub quoted_count: u64,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Layouts without a date: the date that was assumed, by node, and why.
    pub assumed_dates: Vec<(String, NaiveDate, &'static str)>,
    /// Some stamps named no zone.
    pub zone_assumed: bool,
    /// First and last time of the records.
    pub span: Option<(i64, i64)>,
}

impl SourceReport {
    /// Returns the names of the layouts that were recognised.
    #[must_use]
    pub fn layout_names(&self) -> Vec<&'static str> {
        Layout::ALL.iter().zip(self.layouts).filter(|(_, n)| *n > 0).map(|(l, _)| l.name()).collect()
    }
}

impl Quoted {
    /// Returns the answer's words and the causes that it leaves, the most common first.
    #[must_use]
    pub fn answer(&self) -> &'static Answer {
        &ANSWERS[self.answer]
    }
}
