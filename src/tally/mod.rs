//! Findings to counts that merge.
//!
//! Input: [`Finding`]s in any order. Output: a [`Tally`]: counts per window, realm, client, cause and confidence, with what a page about them
//! needs. Merging is associative and commutative, and the empty tally is its identity. Must not know how it will be printed.

pub mod account;
pub mod alike;
pub mod filter;
pub mod incident;
pub mod ledger;
pub mod live;
pub mod outcome;
mod sample;
pub mod served;
pub mod sketch;
mod spread;
pub mod verdicts;

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

pub use crate::triage::join::Requests;
pub use account::Account;
pub use filter::Filter;
pub use ledger::{Ledger, Windows};
pub use outcome::{Accesses, Outcome, Quoted, SourceReport};
pub use sketch::{Delays, Distinct};

use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};

/// What findings are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Start of the window, milliseconds since the epoch; `None` where the time is not known.
    pub window: Option<i64>,
    /// The realm.
    pub realm: Option<Arc<str>>,
    /// The client.
    pub client: Option<Arc<str>>,
    /// The cause.
    pub cause: Cause,
    /// How sure.
    pub confidence: Confidence,
}

/// How many findings a cell keeps whole.
const SAMPLES: usize = 2;

/// A realm's or a client's name, where there is one.
type Name<'a> = Option<&'a Arc<str>>;

/// What is known of the findings of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// How many.
    pub count: u64,
    /// How many of each detail.
    pub details: BTreeMap<Detail, u64>,
    /// The other candidates, and how often each stood beside the cause.
    pub others: BTreeMap<Cause, u64>,
    /// The first time.
    pub first: Option<i64>,
    /// The last time.
    pub last: Option<i64>,
    /// From login to failure.
    pub delays: Delays,
    /// Client addresses.
    pub addresses: Distinct,
    /// Users.
    pub users: Distinct,
    /// The earliest findings, whole.
    pub samples: Vec<Finding>,
    /// Where the key has no window of its own: starts of windows, how many came in them, and the first of them.
    pub windows: Vec<(i64, u64, i64)>,
}

/// What samples are ordered by: unknown times last.
fn place(f: &Finding) -> (bool, Option<chrono::DateTime<chrono::Utc>>, &str, u64, &str) {
    (f.time.is_none(), f.time, &f.source, f.line, &f.id)
}

impl Cell {
    /// Keeps a finding if it is among the earliest.
    fn sample(&mut self, finding: &Finding) {
        let at = self.samples.partition_point(|s| place(s) < place(finding));
        if at < SAMPLES {
            self.samples.insert(at, finding.clone());
            self.samples.truncate(SAMPLES);
        }
    }

    /// Adds all of another cell.
    pub fn merge(&mut self, other: &Cell) {
        self.count += other.count;
        for (detail, count) in &other.details {
            *self.details.entry(*detail).or_default() += count;
        }
        for (cause, count) in &other.others {
            *self.others.entry(*cause).or_default() += count;
        }
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.into_iter().chain(other.last).max();
        self.delays.merge(&other.delays);
        self.addresses.merge(&other.addresses);
        self.users.merge(&other.users);
        for (window, count, first) in &other.windows {
            match self.windows.binary_search_by_key(window, |w| w.0) {
                Ok(at) => {
                    self.windows[at].1 += count;
                    self.windows[at].2 = self.windows[at].2.min(*first);
                }
                Err(at) => self.windows.insert(at, (*window, *count, *first)),
            }
        }
        for finding in &other.samples {
            self.sample(finding);
        }
    }
}

/// Counts of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The length of a window in milliseconds.
    pub window_ms: i64,
    /// The counts. Each is in a box: there can be a hundred thousand.
    pub cells: HashMap<Key, Box<Cell>, RandomState>,
}

impl Tally {
    /// Returns an empty tally.
    #[must_use]
    pub fn new(window_ms: i64) -> Self {
        Tally { window_ms: window_ms.max(1), cells: HashMap::default() }
    }

    /// Counts one finding.
    pub fn add(&mut self, finding: &Finding) {
        let time = finding.time.map(|t| t.timestamp_millis());
        let key = Key {
            window: time.map(|t| t.div_euclid(self.window_ms) * self.window_ms),
            realm: finding.realm.as_deref().map(Arc::from),
            client: finding.client.as_deref().map(Arc::from),
            cause: finding.cause,
            confidence: finding.confidence,
        };
        let cell = self.cells.entry(key).or_default();
        cell.count += 1;
        if let Some(detail) = finding.detail {
            *cell.details.entry(detail).or_default() += 1;
        }
        for other in finding.candidates.iter().filter(|c| **c != finding.cause) {
            *cell.others.entry(*other).or_default() += 1;
        }
        cell.first = cell.first.into_iter().chain(time).min();
        cell.last = cell.last.into_iter().chain(time).max();
        if let Some(ms) = finding.delay_ms {
            cell.delays.add(ms);
        }
        if let Some(ip) = &finding.ip {
            cell.addresses.add(ip);
        }
        if let Some(user) = &finding.user {
            cell.users.add(user);
        }
        cell.sample(finding);
    }

    /// Adds all of another tally with windows of the same length.
    pub fn merge(&mut self, other: &Tally) {
        for (key, cell) in &other.cells {
            self.cells.entry(key.clone()).or_default().merge(cell);
        }
    }

    /// Returns the number of findings.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.cells.values().map(|c| c.count).sum()
    }

    /// Returns the rows in the order of their keys, with at most `cap` clients a realm: the rest is added up under the client `other`. Which
    /// clients stay is decided by count, then name, so that merging first and capping last is exact. Says whether the cap bit.
    #[must_use]
    pub fn rows(&self, cap: usize) -> (BTreeMap<Key, Cow<'_, Cell>>, bool) {
        let mut counts: BTreeMap<(Name<'_>, Name<'_>), u64> = BTreeMap::new();
        for (key, cell) in &self.cells {
            *counts.entry((key.realm.as_ref(), key.client.as_ref())).or_default() += cell.count;
        }
        let mut by_realm: BTreeMap<Name<'_>, Vec<(u64, Name<'_>)>> = BTreeMap::new();
        for ((realm, client), count) in counts {
            by_realm.entry(realm).or_default().push((count, client));
        }
        let mut dropped = std::collections::HashSet::new();
        for (realm, mut clients) in by_realm {
            clients.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            dropped.extend(clients.iter().skip(cap).map(|(_, client)| (realm.cloned(), client.cloned())));
        }
        let mut rows: BTreeMap<Key, Cow<'_, Cell>> = BTreeMap::new();
        for (key, cell) in &self.cells {
            let mut key = key.clone();
            if dropped.contains(&(key.realm.clone(), key.client.clone())) {
                key.client = Some("other".into());
            }
            match rows.entry(key) {
                Entry::Vacant(place) => drop(place.insert(Cow::Borrowed(&**cell))),
                Entry::Occupied(mut place) => place.get_mut().to_mut().merge(cell),
            }
        }
        (rows, !dropped.is_empty())
    }
}

#[cfg(test)]
mod tests;
