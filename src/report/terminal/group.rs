//! Failures that belong together: of one realm and cause, of clients that fail at the same time.
//!
//! Input: the cells of a tally. Output: [`Group`]s, most failures first.

use std::collections::BTreeMap;

use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};
use crate::tally::alike::{self, Alike, Part};
use crate::tally::{Cell, Delays, Distinct, Key, Tally};

/// Failures that are told together.
#[derive(Debug, Clone)]
pub(in crate::report) struct Group<'a> {
    pub(in crate::report) realm: Option<&'a str>,
    pub(in crate::report) cause: Cause,
    /// The clients and their failures, most first; `None` is a request that named no client.
    pub(in crate::report) clients: Vec<(Option<&'a str>, u64)>,
    pub(in crate::report) count: u64,
    /// Failures by how sure, in the order of [`Confidence::ALL`].
    pub(in crate::report) sure: [u64; 3],
    pub(in crate::report) details: BTreeMap<Detail, u64>,
    pub(in crate::report) others: BTreeMap<Cause, u64>,
    pub(in crate::report) first: Option<i64>,
    pub(in crate::report) last: Option<i64>,
    pub(in crate::report) delays: Delays,
    /// The delays of those that are certain.
    pub(in crate::report) certain_delays: Delays,
    pub(in crate::report) addresses: Distinct,
    pub(in crate::report) users: Distinct,
    /// Counts and first times by the starts of windows.
    pub(in crate::report) windows: BTreeMap<i64, (u64, Option<i64>)>,
    /// Some of the failures whole: the surest first, of these the best proven.
    pub(in crate::report) samples: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    fn of(alike: &Alike, parts: &[Part<'a, (&'a Key, &'a Cell)>]) -> Self {
        let first = &parts[alike.clients[0].start];
        let mut group = Group {
            realm: first.realm,
            cause: first.cause,
            clients: Vec::with_capacity(alike.clients.len()),
            count: 0,
            sure: [0; 3],
            details: BTreeMap::new(),
            others: BTreeMap::new(),
            first: None,
            last: None,
            delays: Delays::default(),
            certain_delays: Delays::default(),
            addresses: Distinct::default(),
            users: Distinct::default(),
            windows: BTreeMap::new(),
            samples: Vec::new(),
        };
        for client in &alike.clients {
            let before = group.count;
            parts[client.clone()].iter().for_each(|part| group.add(part.of.0, part.of.1));
            group.clients.push((parts[client.start].client, group.count - before));
        }
        group
    }

    fn add(&mut self, key: &Key, cell: &'a Cell) {
        self.count += cell.count;
        for (sum, confidence) in self.sure.iter_mut().zip(Confidence::ALL) {
            *sum += if key.confidence == confidence { cell.count } else { 0 };
        }
        sum(&mut self.details, &cell.details);
        sum(&mut self.others, &cell.others);
        self.first = self.first.into_iter().chain(cell.first).min();
        self.last = self.last.into_iter().chain(cell.last).max();
        self.delays.merge(&cell.delays);
        if key.confidence == Confidence::Certain {
            self.certain_delays.merge(&cell.delays);
        }
        self.addresses.merge(&cell.addresses);
        self.users.merge(&cell.users);
        if let Some(window) = key.window {
            note(&mut self.windows, window, (cell.count, cell.first));
        }
        for (window, count, first) in &cell.windows {
            note(&mut self.windows, *window, (*count, Some(*first)));
        }
        self.samples.extend(&cell.samples);
    }

    fn settle(&mut self) {
        self.clients.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        self.samples.sort_by_key(|f| (f.confidence, std::cmp::Reverse(f.evidence.len()), f.time.is_none(), f.time, &f.source, f.line));
    }
}

fn sum<K: Ord + Copy>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, n) in more {
        *sums.entry(*key).or_default() += n;
    }
}

fn note(windows: &mut BTreeMap<i64, (u64, Option<i64>)>, window: i64, (count, first): (u64, Option<i64>)) {
    let entry = windows.entry(window).or_default();
    entry.0 += count;
    entry.1 = entry.1.into_iter().chain(first).min();
}

/// Returns the groups of a tally over a time, most failures first.
pub(in crate::report) fn groups(tally: &Tally, span: Option<(i64, i64)>) -> Vec<Group<'_>> {
    let parts = tally.cells.iter().map(|(key, cell)| Part {
        realm: key.realm.as_deref(),
        cause: key.cause,
        client: key.client.as_deref(),
        count: cell.count,
        first: cell.first,
        last: cell.last,
        of: (key, &**cell),
    });
    let mut parts: Vec<_> = parts.collect();
    let alike = alike::groups(&mut parts, span, tally.window_ms);
    let mut groups: Vec<Group<'_>> = alike.iter().map(|alike| Group::of(alike, &parts)).collect();
    groups.iter_mut().for_each(Group::settle);
    groups.sort_unstable_by(|a, b| b.count.cmp(&a.count).then(a.cause.cmp(&b.cause)).then(a.realm.cmp(&b.realm)).then(a.clients.cmp(&b.clients)));
    groups
}
