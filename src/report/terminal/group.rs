//! Failures that belong together: of one realm and cause, of clients that fail at the same time.
//!
//! Input: the cells of a tally. Output: [`Group`]s, most failures first; for a page those that it tells of, and what all of them add up to.

use std::cmp::Reverse;
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
        self.sure[key.confidence as usize] += cell.count;
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
        self.samples.sort_by_key(|f| (f.confidence, Reverse(f.evidence.len()), f.time.is_none(), f.time, &f.source, f.line));
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

/// What a page says of all failures, and the groups that it tells of.
#[derive(Debug)]
pub(super) struct Overview<'a> {
    /// Those with most failures; never none where there are failures.
    pub(super) leading: Vec<Group<'a>>,
    /// How many groups there are.
    pub(super) groups: usize,
    /// Failures by cause.
    pub(super) causes: BTreeMap<Cause, Sum>,
}

/// What the failures of one cause add up to.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) count: u64,
    /// How many clients failed.
    pub(super) clients: usize,
    /// Failures by how sure, in the order of [`Confidence::ALL`].
    pub(super) sure: [u64; 3],
    /// Counts by the starts of windows, in no order.
    pub(super) windows: Vec<(i64, u64)>,
}

impl Sum {
    fn add(&mut self, key: &Key, cell: &Cell) {
        self.count += cell.count;
        self.sure[key.confidence as usize] += cell.count;
        self.windows.extend(key.window.map(|window| (window, cell.count)));
        self.windows.extend(cell.windows.iter().map(|(window, count, _)| (*window, *count)));
    }
}

type Cells<'a> = Part<'a, (&'a Key, &'a Cell)>;

/// Returns the cells of a tally in order, and which of them belong together.
fn alike(tally: &Tally, span: Option<(i64, i64)>) -> (Vec<Cells<'_>>, Vec<Alike>) {
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
    (parts, alike)
}

/// Makes groups, those with most failures first.
fn made<'a>(alike: &[Alike], parts: &[Cells<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = alike.iter().map(|alike| Group::of(alike, parts)).collect();
    groups.iter_mut().for_each(Group::settle);
    groups.sort_unstable_by(|a, b| b.count.cmp(&a.count).then(a.cause.cmp(&b.cause)).then(a.realm.cmp(&b.realm)).then(a.clients.cmp(&b.clients)));
    groups
}

/// Returns the groups of a tally over a time, most failures first.
pub(in crate::report) fn groups(tally: &Tally, span: Option<(i64, i64)>) -> Vec<Group<'_>> {
    let (parts, alike) = alike(tally, span);
    made(&alike, &parts)
}

/// Returns what a page says that tells of `top` groups: whoever can make up clients makes up groups, and no more of them are made than are told of.
pub(super) fn overview(tally: &Tally, span: Option<(i64, i64)>, top: usize) -> Overview<'_> {
    let (parts, mut alike) = alike(tally, span);
    let mut causes: BTreeMap<Cause, Sum> = BTreeMap::new();
    for part in &parts {
        causes.entry(part.cause).or_default().add(part.of.0, part.of.1);
    }
    let first = |alike: &Alike| &parts[alike.clients[0].start];
    for alike in &alike {
        causes.entry(first(alike).cause).or_default().clients += alike.clients.len();
    }
    let place = |alike: &Alike| (Reverse(alike.count()), first(alike).cause, first(alike).realm);
    alike.sort_by(|a, b| place(a).cmp(&place(b)));
    // what has the same place as the last one may come before it
    let last = alike.get(top.max(1) - 1).map(place);
    let most = alike.partition_point(|alike| last.is_none_or(|last| place(alike) <= last));
    let mut leading = made(&alike[..most], &parts);
    leading.truncate(top.max(1));
    Overview { leading, groups: alike.len(), causes }
}
