//! All that a report needs of a run, in a form that merges and that can be written and read back.
//!
//! Input: the parts of an [`Outcome`](super::Outcome), or other accounts. Output: an [`Account`]. Merging is associative and commutative, and the empty account
//! is its identity, so a report over many runs is the report over all of their logs, as far as no session is in two of them. Must not know how it
//! will be written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::incident::Trigger;
use super::{Accesses, Delays, Tally};
use crate::books::Books;
use crate::record::Layout;
use crate::triage::verdict::Lack;

/// A realm's or a client's name; `None` where a request named none.
pub type Name = Option<Arc<str>>;

/// Successful token requests of one window, realm and client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Served {
    /// Codes that were exchanged.
    pub exchanges: u64,
    /// Tokens that were refreshed.
    pub refreshes: u64,
    /// Tokens that were given for a client's or a user's own credentials.
    pub grants: u64,
}

impl Served {
    /// Returns all of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.exchanges + self.refreshes + self.grants
    }

    /// Adds others to these.
    pub fn merge(&mut self, other: Served) {
        self.exchanges += other.exchanges;
        self.refreshes += other.refreshes;
        self.grants += other.grants;
    }
}

/// Successes by the start of their window, realm and client.
pub type Successes = BTreeMap<(Option<i64>, Name, Name), Served>;

/// One server process, as far as its logs show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeAccount {
    /// Versions by when they were seen.
    pub versions: BTreeSet<(i64, String)>,
    /// First and last time of its log.
    pub span: Option<(i64, i64)>,
    /// It printed a user event.
    pub events: bool,
    /// It printed a successful user event.
    pub successes: bool,
    /// It printed a code exchange that succeeded.
    pub exchanges: bool,
    /// It printed how clients authenticate.
    pub authentication: bool,
    /// Its log holds lines of the HTTP access log.
    pub access_log: bool,
    /// Its log begins with its start.
    pub from_start: bool,
    /// When it stopped, if it did not start again.
    pub stopped: Option<i64>,
    /// It is an event store, no server process.
    pub stored: bool,
}

impl NodeAccount {
    /// Adds what another log of the same process shows.
    pub fn merge(&mut self, other: &NodeAccount) {
        // of two logs the earlier one says how the process began, the later one how it ended
        let begins = |n: &NodeAccount| n.span.map_or(i64::MAX, |s| s.0);
        let ends = |n: &NodeAccount| n.span.map_or(i64::MIN, |s| s.1);
        self.from_start = match begins(self).cmp(&begins(other)) {
            std::cmp::Ordering::Less => self.from_start,
            std::cmp::Ordering::Equal => self.from_start || other.from_start,
            std::cmp::Ordering::Greater => other.from_start,
        };
        self.stopped = match ends(self).cmp(&ends(other)) {
            std::cmp::Ordering::Less => other.stopped,
            std::cmp::Ordering::Equal => self.stopped.max(other.stopped),
            std::cmp::Ordering::Greater => self.stopped,
        };
        self.versions.extend(other.versions.iter().cloned());
        self.span = union(self.span, other.span);
        self.events |= other.events;
        self.successes |= other.successes;
        self.exchanges |= other.exchanges;
        self.authentication |= other.authentication;
        self.access_log |= other.access_log;
        self.stored |= other.stored;
    }
}

/// What was found out about one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceAccount {
    /// The wrapper that was taken off its lines.
    pub wrapping: Option<String>,
    /// The layouts that were recognised, by name.
    pub layouts: BTreeSet<String>,
    /// Something in it was recognised, or there was nothing.
    pub recognised: bool,
    /// Where nothing was: the first line that looks like a record, and what it lacks.
    pub nearest: Option<(u64, String)>,
    /// Its books.
    pub books: Books,
}

impl SourceAccount {
    /// Adds what another run found out about the same source.
    pub fn merge(&mut self, other: &SourceAccount) {
        self.wrapping = self.wrapping.iter().chain(&other.wrapping).min().cloned();
        self.layouts.extend(other.layouts.iter().cloned());
        self.recognised |= other.recognised;
        self.nearest = self.nearest.iter().chain(&other.nearest).min().cloned();
        self.books.merge(&other.books);
    }
}

/// A line that looks forged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SuspectAccount {
    /// The time that it claims.
    pub time: Option<i64>,
    /// The file.
    pub source: String,
    /// The line.
    pub line: u64,
    /// The event that it claims to be.
    pub event: String,
    /// The address that it names.
    pub ip: Option<String>,
    /// Why it is not believed.
    pub why: String,
}

/// An answer that another program's log quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotedAccount {
    /// When, where the line begins with a time.
    pub time: Option<DateTime<Utc>>,
    /// The file.
    pub source: String,
    /// The line.
    pub line: u64,
    /// Index into [`crate::signal::relayed::ANSWERS`].
    pub answer: usize,
}

/// All that a report needs of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The counts of failures.
    pub tally: Tally,
    /// First and last time of the records, as far as the filter lets that time pass.
    pub span: Option<(i64, i64)>,
    /// Where every byte went.
    pub books: Books,
    /// Each source, by name and node.
    pub sources: BTreeMap<(String, String), SourceAccount>,
    /// Each server process, by name.
    pub nodes: BTreeMap<String, NodeAccount>,
    /// Members of the largest cluster that a node counted.
    pub members: Option<u32>,
    /// What may have set off failures.
    pub triggers: BTreeSet<Trigger>,
    /// Successful token requests; `None` where they were not counted.
    pub successes: Option<Successes>,
    /// How old tokens are when they are refreshed, by realm and client.
    pub refresh_ages: BTreeMap<(Name, Name), Delays>,
    /// What would have told candidates apart, by how many findings lack it.
    pub lacks: BTreeMap<Lack, u64>,
    /// The age in milliseconds of the oldest code that still worked, by realm.
    pub worked: BTreeMap<Option<String>, i64>,
    /// Findings that a filter left out.
    pub left_out: u64,
    /// Token requests that access logs show.
    pub access: Accesses,
    /// Lines that look forged.
    pub suspects: BTreeSet<SuspectAccount>,
    /// Answers quoted in other programs' logs: the first ones.
    pub quoted: BTreeSet<QuotedAccount>,
    /// How many were quoted in all.
    pub quoted_count: u64,
    /// What could not be read.
    pub problems: BTreeSet<String>,
    /// Layouts without a date: the node, the date that was assumed, and why.
    pub assumed_dates: BTreeSet<(String, NaiveDate, String)>,
    /// Some stamps named no zone.
    pub zone_assumed: bool,
}

/// Two accounts whose windows have different lengths cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its windows are {} long, those of the others {}", length(*this_ms), length(*other_ms))]
pub struct WindowsDiffer {
    /// Length of a window in the one that was to be added.
    pub this_ms: i64,
    /// Length of a window in those before.
    pub other_ms: i64,
}

/// Writes a window's length as options take it.
fn length(ms: i64) -> String {
    match ms {
        _ if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        _ if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        _ if ms % 1000 == 0 => format!("{}s", ms / 1000),
        _ => format!("{ms}ms"),
    }
}

fn union(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    a.into_iter().chain(b).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

impl Account {
    /// Returns the account of nothing: the identity of [`Account::merge`].
    #[must_use]
    pub fn new(window_ms: i64) -> Self {
        Account {
            tally: Tally::new(window_ms),
            span: None,
            books: Books::default(),
            sources: BTreeMap::new(),
            nodes: BTreeMap::new(),
            members: None,
            triggers: BTreeSet::new(),
            successes: None,
            refresh_ages: BTreeMap::new(),
            lacks: BTreeMap::new(),
            worked: BTreeMap::new(),
            left_out: 0,
            access: Accesses::default(),
            suspects: BTreeSet::new(),
            quoted: BTreeSet::new(),
            quoted_count: 0,
            problems: BTreeSet::new(),
            assumed_dates: BTreeSet::new(),
            zone_assumed: false,
        }
    }

    /// Whether some of the times name their zone, as those of records in JSON do.
    #[must_use]
    pub fn names_some_zone(&self) -> bool {
        self.sources.values().any(|s| [Layout::Json, Layout::Ecs].iter().any(|layout| s.layouts.contains(layout.name())))
    }

    /// Whether every log of events shows how clients authenticate.
    #[must_use]
    pub fn shows_authentication(&self) -> bool {
        let mut nodes = self.nodes.values().filter(|n| n.events).peekable();
        nodes.peek().is_some() && nodes.all(|n| n.authentication)
    }

    /// Adds all of another account.
    ///
    /// # Errors
    ///
    /// When its windows have another length: counts could not be kept apart as they were. Nothing was added then.
    pub fn merge(&mut self, other: &Account) -> Result<(), WindowsDiffer> {
        if self.tally.window_ms != other.tally.window_ms {
            return Err(WindowsDiffer { this_ms: other.tally.window_ms, other_ms: self.tally.window_ms });
        }
        self.tally.merge(&other.tally);
        self.span = union(self.span, other.span);
        self.books.merge(&other.books);
        for (key, source) in &other.sources {
            self.sources.entry(key.clone()).and_modify(|s| s.merge(source)).or_insert_with(|| source.clone());
        }
        for (name, node) in &other.nodes {
            self.nodes.entry(name.clone()).and_modify(|n| n.merge(node)).or_insert_with(|| node.clone());
        }
        self.members = self.members.max(other.members);
        self.triggers.extend(other.triggers.iter().cloned());
        if let Some(successes) = &other.successes {
            let own = self.successes.get_or_insert_default();
            for (key, served) in successes {
                own.entry(key.clone()).or_default().merge(*served);
            }
        }
        for (key, ages) in &other.refresh_ages {
            self.refresh_ages.entry(key.clone()).or_default().merge(ages);
        }
        for (lack, count) in &other.lacks {
            *self.lacks.entry(*lack).or_default() += count;
        }
        for (realm, age) in &other.worked {
            let own = self.worked.entry(realm.clone()).or_insert(*age);
            *own = (*own).max(*age);
        }
        self.left_out += other.left_out;
        self.access.merge(&other.access);
        self.suspects.extend(other.suspects.iter().cloned());
        self.quoted.extend(other.quoted.iter().cloned());
        self.quoted_count += other.quoted_count;
        self.problems.extend(other.problems.iter().cloned());
        self.assumed_dates.extend(other.assumed_dates.iter().cloned());
        self.zone_assumed |= other.zone_assumed;
        Ok(())
    }
}
