//! Failures to counts, without a text for each of them.
//!
//! Input: failures with their verdicts, in any order. Output: a [`Tally`]. Where findings are printed one by one the tally counts those; where only the
//! counts are printed, nearly all of what a finding holds would be made and thrown away. So here realms and clients are numbers, and a
//! finding is made only of the few failures that a cell keeps as samples. Must not decide anything.

use std::cmp::Reverse;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::{Cell, Delays, Distinct, Key, SAMPLES, Tally};
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};
use crate::names::{Names, Sym};
use crate::triage::timeline::Waiting;
use crate::triage::verdict::Verdict;

/// How counts are kept apart by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Windows {
    /// Each window has cells of its own, with all that a cell holds: what programs read.
    Apart,
    /// One cell for all of the time, which knows how many came in which window: what a page needs, in a fraction of the space.
    Together,
}

/// What failures are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
struct Slot {
    window: Option<i64>,
    realm: Option<Sym>,
    client: Option<Sym>,
    cause: Cause,
    confidence: Confidence,
}

/// What is known of the failures of one slot.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Row {
    count: u64,
    details: SmallVec<[(Detail, u64); 1]>,
    others: SmallVec<[(Cause, u64); 2]>,
    first: Option<i64>,
    last: Option<i64>,
    delays: Delays,
    addresses: Distinct,
    users: Distinct,
    /// Starts of windows, how many came in them and the first of them; the latest is last, but for lines that came late.
    windows: Vec<(i64, u64, i64)>,
    samples: SmallVec<[Box<(Waiting, Verdict)>; SAMPLES]>,
}

/// What samples are ordered by; `together`: the best proven come first.
fn place<'a>(w: &Waiting, verdict: &Verdict, together: bool, sources: &'a [String]) -> (Reverse<usize>, bool, Option<i64>, Option<&'a String>, u64) {
    let proofs = if together { verdict.evidence.len() } else { 0 };
    (Reverse(proofs), w.time.is_none(), w.time, sources.get(w.at.source as usize), w.at.line.get())
}

/// Returns a failure as a sample needs it: its verdict holds what its facts said.
fn without_facts(w: &Waiting) -> Waiting {
    let Waiting { time, node, position, at, ref failed, realm, client, .. } = *w;
    Waiting { time, node, position, at, failed: failed.clone(), realm, client, facts: None }
}

fn add<K: PartialEq + Copy, const N: usize>(sums: &mut SmallVec<[(K, u64); N]>, key: K)
where
    [(K, u64); N]: smallvec::Array<Item = (K, u64)>,
{
    match sums.iter_mut().find(|s| s.0 == key) {
        Some(sum) => sum.1 += 1,
        None => sums.push((key, 1)),
    }
}

impl Row {
    fn note(&mut self, window: i64, time: i64) {
        let at = match self.windows.last() {
            Some(last) if last.0 == window => Ok(self.windows.len() - 1),
            Some(last) if last.0 < window => Err(self.windows.len()),
            _ => self.windows.binary_search_by_key(&window, |w| w.0),
        };
        match at {
            Ok(at) => {
                self.windows[at].1 += 1;
                self.windows[at].2 = self.windows[at].2.min(time);
            }
            Err(at) => self.windows.insert(at, (window, 1, time)),
        }
    }
}

/// Counts of failures.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Ledger {
    window_ms: i64,
    windows: Windows,
    /// How many clients have rows of their own: the first that were named. The rest is counted as one.
    clients: usize,
    /// There were more.
    pub capped: bool,
    rows: HashMap<Slot, Row, RandomState>,
}

impl Ledger {
    /// Returns an empty ledger.
    #[must_use]
    pub fn new(window_ms: i64, windows: Windows, clients: usize) -> Self {
        Ledger { window_ms: window_ms.max(1), windows, clients, capped: false, rows: HashMap::default() }
    }

    /// Returns the name under which a client is counted where so many have a name of their own.
    #[must_use]
    pub fn counted(client: Sym, clients: usize) -> Sym {
        if client.index() < clients { client } else { Sym::OTHER }
    }

    /// Counts one failure. `sources` are the sources' names, by number.
    pub fn add(&mut self, w: &Waiting, verdict: &Verdict, sources: &[String]) {
        let failure = &w.failed.failure;
        let window = w.time.map(|t| t.div_euclid(self.window_ms) * self.window_ms);
        let together = self.windows == Windows::Together;
        let cause = verdict.candidates[0];
        let client = failure.client.map(|c| Ledger::counted(c, self.clients));
        self.capped |= client == Some(Sym::OTHER);
        let slot = Slot { window: window.filter(|_| !together), realm: failure.realm, client, cause, confidence: verdict.confidence };
        let row = self.rows.entry(slot).or_default();
        row.count += 1;
        if let Some(detail) = verdict.detail {
            add(&mut row.details, detail);
        }
        for other in verdict.candidates.iter().filter(|c| **c != cause) {
            add(&mut row.others, *other);
        }
        row.first = row.first.into_iter().chain(w.time).min();
        row.last = row.last.into_iter().chain(w.time).max();
        if let Some(ms) = verdict.delay_ms {
            row.delays.add(ms);
        }
        if let Some(ip) = &failure.ip {
            row.addresses.add_bytes(ip.bytes());
        }
        if let Some(user) = &failure.user {
            row.users.add_bytes(user.bytes());
        }
        if let (Some(window), Some(time), true) = (window, w.time, together) {
            row.note(window, time);
        }
        let here = place(w, verdict, together, sources);
        let at = row.samples.iter().rposition(|s| place(&s.0, &s.1, together, sources) < here).map_or(0, |i| i + 1);
        if at < SAMPLES {
            row.samples.truncate(SAMPLES - 1);
            row.samples.insert(at, Box::new((without_facts(w), verdict.clone())));
        }
    }

    /// Returns the tally; `finding` makes a finding of a sample.
    #[must_use]
    pub fn tally(self, names: &Names, finding: impl Fn(&Waiting, Verdict) -> Finding) -> Tally {
        let mut tally = Tally::new(self.window_ms);
        let mut texts: HashMap<Sym, Arc<str>, RandomState> = HashMap::default();
        let mut text = |sym: Option<Sym>| sym.map(|s| Arc::clone(texts.entry(s).or_insert_with(|| names.text(s).into())));
        for (slot, row) in self.rows {
            let key = Key { window: slot.window, realm: text(slot.realm), client: text(slot.client), cause: slot.cause, confidence: slot.confidence };
            let cell = Cell {
                count: row.count,
                details: row.details.into_iter().collect(),
                others: row.others.into_iter().collect(),
                first: row.first,
                last: row.last,
                delays: row.delays,
                addresses: row.addresses,
                users: row.users,
                samples: row.samples.into_iter().map(|s| finding(&s.0, s.1)).collect(),
                windows: row.windows,
            };
            // two realms of one name can have different ids, and a name that was no text is another's
            match tally.cells.entry(key) {
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(cell);
                }
                std::collections::hash_map::Entry::Occupied(mut place) => place.get_mut().merge(&cell),
            }
        }
        tally
    }
}
