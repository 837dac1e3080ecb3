//! Where every byte went, in all and of each source.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::books::{Books, Sample};
use crate::report::escape::Untrusted;
use crate::tally::Account;
use crate::tally::account::SourceAccount;

/// Where every byte went.
#[derive(Serialize, Deserialize)]
pub(super) struct BooksEntry {
    bytes: u64,
    parsed: u64,
    skipped: u64,
    damaged: u64,
    unparsed_lines: u64,
    #[serde(default)]
    pub(super) caps_hit: BTreeSet<String>,
    #[serde(default)]
    samples: Vec<Sample>,
    #[serde(default)]
    time_went_back: u64,
}

impl BooksEntry {
    pub(super) fn of(books: &Books) -> Self {
        let sample = |s: &Sample| Sample { text: Untrusted::new(&s.text).excerpt(), ..s.clone() };
        BooksEntry {
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

    /// Returns the books again; how many records there are stands beside them.
    pub(super) fn books(self, records: u64) -> Books {
        let BooksEntry { parsed, skipped, damaged, unparsed_lines, caps_hit, samples, time_went_back, .. } = self;
        Books { parsed, skipped, damaged, records, unparsed_lines, samples, time_went_back, caps_hit }
    }
}

/// One source.
#[derive(Serialize, Deserialize)]
pub(super) struct SourceEntry {
    name: String,
    node: String,
    wrapping: Option<String>,
    layouts: BTreeSet<String>,
    recognised: bool,
    nearest: Option<Nearest>,
    records: u64,
    books: BooksEntry,
}

/// What the first line that looks like a record lacks.
#[derive(Serialize, Deserialize)]
struct Nearest {
    line: u64,
    lacks: String,
}

/// Returns what is known of each source.
pub(super) fn entries(account: &Account) -> Vec<SourceEntry> {
    let entry = |((name, node), s): (&(String, String), &SourceAccount)| SourceEntry {
        name: name.clone(),
        node: node.clone(),
        wrapping: s.wrapping.clone(),
        layouts: s.layouts.clone(),
        recognised: s.recognised,
        nearest: s.nearest.clone().map(|(line, lacks)| Nearest { line, lacks }),
        records: s.books.records,
        books: BooksEntry::of(&s.books),
    };
    account.sources.iter().map(entry).collect()
}

/// Returns the sources again.
pub(super) fn sources(entries: Vec<SourceEntry>) -> BTreeMap<(String, String), SourceAccount> {
    let mut sources: BTreeMap<_, SourceAccount> = BTreeMap::new();
    for s in entries {
        let account = SourceAccount {
            wrapping: s.wrapping,
            layouts: s.layouts,
            recognised: s.recognised,
            nearest: s.nearest.map(|n| (n.line, n.lacks)),
            books: s.books.books(s.records),
        };
        sources.entry((s.name, s.node)).and_modify(|known| known.merge(&account)).or_insert(account);
    }
    sources
}
