//! Where every byte went, in all and of each source.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::books::{Books, Sample};
use crate::report::escape::Untrusted;
use crate::tally::Outcome;

/// Where every byte went.
#[derive(Serialize)]
pub(super) struct Account {
    bytes: u64,
    parsed: u64,
    skipped: u64,
    damaged: u64,
    unparsed_lines: u64,
    pub(super) caps_hit: BTreeSet<String>,
    samples: Vec<Sample>,
    time_went_back: u64,
}

impl Account {
    pub(super) fn of(books: &Books) -> Self {
        let sample = |s: &Sample| Sample { text: Untrusted::new(&s.text).excerpt(), ..s.clone() };
        Account {
            bytes: books.bytes(),
            parsed: books.parsed,
            skipped: books.skipped,
            damaged: books.damaged,
            unparsed_lines: books.unparsed_lines,
            caps_hit: books.caps_hit.clone(),
            samples: books.samples.iter().map(sample).collect(),
            time_went_back: books.time_went_back,
        }
    }
}

/// One source.
#[derive(Serialize)]
pub(super) struct SourceEntry<'a> {
    name: &'a str,
    node: &'a str,
    wrapping: Option<&'a str>,
    layouts: Vec<&'static str>,
    recognised: bool,
    nearest: Option<Nearest>,
    records: u64,
    books: Account,
}

/// What the first line that looks like a record lacks.
#[derive(Serialize)]
struct Nearest {
    line: u64,
    lacks: &'static str,
}

/// Returns what is known of each source.
pub(super) fn sources(outcome: &Outcome) -> Vec<SourceEntry<'_>> {
    outcome
        .sources
        .iter()
        .map(|s| SourceEntry {
            name: &s.name,
            node: &s.node,
            wrapping: s.wrapping.as_deref(),
            layouts: s.layout_names(),
            recognised: !s.is_foreign(),
            nearest: s.nearest.filter(|_| s.is_foreign()).map(|(line, missing)| Nearest { line, lacks: crate::report::missing(missing) }),
            records: s.books.records,
            books: Account::of(&s.books),
        })
        .collect()
}
