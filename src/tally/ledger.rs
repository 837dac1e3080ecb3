//! Failures to counts, without a text for each of them.
//!
//! Input: failures with their verdicts, in any order. Output: a [`Tally`]. Where findings are printed one by one the tally counts those; where only the
//! counts are printed, nearly all of what a finding holds would be made and thrown away. So here realms and clients are numbers, and a
//! finding is made only of the few failures that a cell keeps as samples. Must not decide anything.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

use super::alike::{self, Alike, Part};
use super::sample::{Mark, Sample, pack, unpack};
use super::spread::{Spread, start};
use super::{Cell, Delays, Distinct, Key, SAMPLES, Tally, place};
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};
use crate::names::{Names, Sym};
use crate::signal::Id;
use crate::triage::timeline::Waiting;
use crate::triage::verdict::Verdict;

/// How counts are kept apart by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Windows {
    /// Each window has cells of its own, with all that a cell holds: what programs read.
    Apart,
    /// One cell for all of the time, which knows how many came in which window, and of the samples those that a page shows: what a page needs, in a fraction of
    /// the space.
    Together,
}

/// Rows that a page is made of, for each client that has rows of its own: most fail in one way or two. A log that is all pairs of a realm and a client of their own
/// fills this, and its page costs as much as to read it.
const ROWS: usize = 3;

/// Rows that a page is made of, however few clients have rows of their own.
const LEAST_ROWS: usize = 1 << 12;

/// Realms that have rows of their own; as many as clients where there are more of these.
const REALMS: usize = 1 << 14;

/// Groups of failures of which a page can show samples.
const SHOWN: usize = 1000;

/// Windows that a page is made of, those of all rows together.
const SPREAD: usize = 1 << 19;

/// Addresses that a page names.
const NAMED: usize = 3;

/// What failures are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Slot {
    window: Option<i64>,
    realm: Option<Sym>,
    client: Option<Sym>,
    cause: Cause,
    confidence: Confidence,
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // few numbers in place of one for each field and each field that may be missing: every failure is looked up
        let number = |sym: Option<Sym>| sym.map_or(0, |sym| u64::from(sym.kept().get()));
        self.window.hash(state);
        state.write_u64(number(self.realm) << 32 | number(self.client));
        state.write_u16(u16::from(self.cause as u8) << 8 | u16::from(self.confidence as u8));
    }
}

/// What is known of the failures of one slot.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Row {
    count: u64,
    details: SmallVec<[(Detail, u64); 1]>,
    others: SmallVec<[(Cause, u64); 1]>,
    first: Option<i64>,
    last: Option<i64>,
    delays: Delays,
    addresses: Distinct,
    users: Distinct,
    spread: Spread,
    /// The first failures, packed, beside what orders them: each failure is compared with them.
    samples: SmallVec<[(Mark, Box<[u8]>); 1]>,
}

fn add<K: PartialEq + Copy, const N: usize>(sums: &mut SmallVec<[(K, u64); N]>, (key, count): (K, u64))
where
    [(K, u64); N]: smallvec::Array<Item = (K, u64)>,
{
    match sums.iter_mut().find(|s| s.0 == key) {
        Some(sum) => sum.1 += count,
        None => sums.push((key, count)),
    }
}

/// What counting goes by.
#[derive(Clone, Copy)]
struct Terms<'a> {
    window_ms: i64,
    windows: Windows,
    /// The sources' names, by number.
    sources: &'a [String],
}

impl Terms<'_> {
    /// Returns the window of a failure, where its row knows windows.
    fn window(self, w: &Waiting) -> Option<(i64, i64)> {
        w.time.filter(|_| self.is_page()).map(|time| (start(time, self.window_ms), time))
    }

    /// Whether all of the time has one row; then the best proven samples are kept.
    fn is_page(self) -> bool {
        self.windows == Windows::Together
    }
}

impl Row {
    /// Returns the row of one failure, which was packed.
    fn of(packed: Box<[u8]>, terms: Terms<'_>) -> Self {
        let mut row = Row::default();
        row.count_packed(packed, terms);
        row
    }

    /// Counts a failure that was packed.
    fn count_packed(&mut self, packed: Box<[u8]>, terms: Terms<'_>) {
        if let Some((w, verdict)) = unpack(&packed) {
            self.count(&w, &verdict, terms, || packed);
        }
    }

    /// Counts a failure; `packed` makes a sample of it.
    fn count(&mut self, w: &Waiting, verdict: &Verdict, terms: Terms<'_>, packed: impl FnOnce() -> Box<[u8]>) {
        let failure = &w.failed.failure;
        self.count += 1;
        if let Some(detail) = verdict.detail {
            add(&mut self.details, (detail, 1));
        }
        for other in verdict.candidates.iter().filter(|c| **c != verdict.candidates[0]) {
            add(&mut self.others, (*other, 1));
        }
        if let Some(time) = w.time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        if let Some(ms) = verdict.delay_ms {
            self.delays.add(ms);
        }
        if let Some(ip) = &failure.ip {
            self.addresses.add_bytes(ip.bytes());
        }
        if let Some(user) = &failure.user {
            self.users.add_bytes(user.bytes());
        }
        self.sample(Mark::of(w, verdict), terms, packed);
        if let Some((window, time)) = terms.window(w) {
            self.spread.note(window, time);
        }
    }

    /// Keeps a sample if it is among the first; `packed` makes it.
    fn sample(&mut self, mark: Mark, terms: Terms<'_>, packed: impl FnOnce() -> Box<[u8]>) {
        let place = |mark: &Mark| mark.place(terms.is_page(), terms.sources);
        let here = place(&mark);
        let at = self.samples.iter().rposition(|s| place(&s.0) < here).map_or(0, |i| i + 1);
        if at < SAMPLES {
            self.samples.truncate(SAMPLES - 1);
            self.samples.insert(at, (mark, packed()));
        }
    }

    /// Adds what is kept of others.
    fn merge(&mut self, others: Kept, terms: Terms<'_>) {
        let Some(other) = others.row else { return self.count_packed(others.one, terms) };
        self.count += other.count;
        other.details.into_iter().for_each(|sum| add(&mut self.details, sum));
        other.others.into_iter().for_each(|sum| add(&mut self.others, sum));
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.into_iter().chain(other.last).max();
        self.delays.merge(&other.delays);
        self.addresses.merge(&other.addresses);
        self.users.merge(&other.users);
        self.spread.merge(&other.spread);
        for (mark, packed) in other.samples {
            self.sample(mark, terms, || packed);
        }
    }
}

/// What is kept of the failures of one slot. Whoever can make up clients makes up slots, each with one failure: that is all that is kept of it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Kept {
    /// The only one, packed; nothing where there are more.
    one: Box<[u8]>,
    /// What all of them add up to. In a box: a table that grows would move it.
    row: Option<Box<Row>>,
}

impl Kept {
    /// Returns what is kept of the first failure.
    fn of(packed: Box<[u8]>) -> Self {
        Kept { one: packed, row: None }
    }

    /// Returns the row of the failures, which is made where there was one only.
    fn row(&mut self, terms: Terms<'_>) -> &mut Row {
        let one = &mut self.one;
        self.row.get_or_insert_with(|| Box::new(Row::of(std::mem::take(one), terms)))
    }

    /// Returns the same as a value.
    fn into_row(self, terms: Terms<'_>) -> Row {
        self.row.map_or_else(|| Row::of(self.one, terms), |row| *row)
    }

    /// Returns the first failures.
    fn samples(&self) -> impl Iterator<Item = Sample<'_>> {
        let more = self.row.iter().flat_map(|row| &row.samples).map(|(_, packed)| packed);
        // nothing is no sample
        std::iter::once(&self.one).chain(more).filter_map(|packed| Sample::of(packed))
    }

    /// Returns how many there are, and the first and the last time.
    fn reach(&self) -> (u64, Option<i64>, Option<i64>) {
        if let Some(row) = &self.row {
            return (row.count, row.first, row.last);
        }
        let time = Sample::of(&self.one).and_then(|sample| sample.mark.time());
        (1, time, time)
    }

    /// Returns the hashes of their addresses.
    fn addresses(&self) -> Cow<'_, [u64]> {
        match &self.row {
            Some(row) => Cow::Borrowed(row.addresses.hashes()),
            None => self.samples().filter_map(|sample| address(&sample)).map(|ip| Distinct::hash(ip.bytes())).collect(),
        }
    }

    /// Returns how many windows it takes the room of: without a row it is not looked at whether there is a time.
    fn windows(&self) -> usize {
        self.row.as_ref().map_or(1, |row| row.spread.len())
    }
}

/// Returns the address of a failure.
fn address(sample: &Sample<'_>) -> Option<Id> {
    unpack(sample.packed).and_then(|(w, _)| w.failed.failure.ip)
}

/// Which names have rows of their own: the first that were named. The rest is counted as one.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Apart {
    clients: usize,
    realms: usize,
}

impl Apart {
    fn slot(self, slot: Slot) -> Slot {
        Slot { realm: slot.realm.map(|r| Ledger::counted(r, self.realms)), client: slot.client.map(|c| Ledger::counted(c, self.clients)), ..slot }
    }
}

type Rows = HashMap<Slot, Kept, RandomState>;

/// Counts of failures.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Ledger {
    window_ms: i64,
    windows: Windows,
    apart: Apart,
    /// There were more.
    pub capped: bool,
    /// So many windows were named that longer ones took their place.
    pub lengthened: bool,
    rows: Rows,
    /// Most of them at which a page is made of them.
    most: usize,
    /// Windows of all rows.
    spread: usize,
    /// What samples are packed in.
    #[serde(skip)]
    room: Vec<u8>,
}

impl Ledger {
    /// Returns an empty ledger.
    #[must_use]
    pub fn new(window_ms: i64, windows: Windows, clients: usize) -> Self {
        Ledger {
            window_ms: window_ms.max(1),
            windows,
            apart: Apart { clients, realms: clients.max(REALMS) },
            capped: false,
            lengthened: false,
            rows: HashMap::default(),
            most: clients.saturating_mul(ROWS).max(LEAST_ROWS),
            spread: 0,
            room: Vec::new(),
        }
    }

    /// Returns the name under which a client is counted where so many have a name of their own.
    #[must_use]
    pub fn counted(client: Sym, clients: usize) -> Sym {
        if client.index() < clients { client } else { Sym::OTHER }
    }

    /// Counts one failure. `sources` are the sources' names, by number.
    pub fn add(&mut self, w: &Waiting, verdict: &Verdict, sources: &[String]) {
        let failure = &w.failed.failure;
        let terms = self.terms(sources);
        let window = w.time.filter(|_| !terms.is_page()).map(|t| start(t, self.window_ms));
        let slot = Slot { window, realm: failure.realm, client: failure.client, cause: verdict.candidates[0], confidence: verdict.confidence };
        let slot = self.apart.slot(slot);
        self.capped |= [slot.realm, slot.client].contains(&Some(Sym::OTHER));
        let room = &mut self.room;
        match self.rows.entry(slot) {
            Entry::Vacant(place) => {
                let kept = place.insert(Kept::of(pack(w, verdict, room)));
                self.spread += kept.windows();
            }
            Entry::Occupied(mut place) => {
                let kept = place.get_mut();
                let before = kept.windows();
                kept.row(terms).count(w, verdict, terms, || pack(w, verdict, room));
                self.spread = (self.spread + kept.windows()).saturating_sub(before);
            }
        }
        if terms.is_page() {
            self.bound(sources);
        }
    }

    fn terms<'a>(&self, sources: &'a [String]) -> Terms<'a> {
        Terms { window_ms: self.window_ms, windows: self.windows, sources }
    }

    /// Makes a page coarser until it is small enough: fewer names have rows of their own, and windows are longer. How far that goes depends on what was counted
    /// alone, not on its order.
    fn bound(&mut self, sources: &[String]) {
        while self.rows.len() > self.most {
            self.capped = true;
            self.apart = Apart { clients: self.apart.clients / 2, realms: self.apart.realms / 2 };
            let (apart, terms) = (self.apart, self.terms(sources));
            let moved: Vec<(Slot, Kept)> = self.rows.extract_if(|slot, _| apart.slot(*slot) != *slot).collect();
            for (slot, kept) in moved {
                match self.rows.entry(apart.slot(slot)) {
                    Entry::Vacant(place) => drop(place.insert(kept)),
                    Entry::Occupied(mut place) => place.get_mut().row(terms).merge(kept, terms),
                }
            }
            self.settle();
        }
        // windows that came late may be counted twice
        if self.spread / 2 > self.longest() {
            self.lengthen();
        }
    }

    /// Returns the number of windows at which they are not made longer.
    fn longest(&self) -> usize {
        SPREAD.max(self.most.saturating_mul(2))
    }

    /// Puts the windows of all rows in order.
    fn settle(&mut self) {
        for kept in self.rows.values_mut() {
            if let Some(row) = &mut kept.row {
                row.spread.lengthen(self.window_ms);
            }
        }
        self.spread = self.rows.values().map(Kept::windows).sum();
    }

    /// Makes the windows longer as long as there are too many of them.
    fn lengthen(&mut self) {
        self.settle();
        while self.spread > self.longest() {
            self.lengthened = true;
            self.window_ms = self.window_ms.saturating_mul(2);
            self.settle();
        }
    }

    /// Returns the samples that a page can show: of each group of failures the surest and best proven, and of few addresses one for each.
    fn shown(&self, texts: &HashMap<Sym, Arc<str>, RandomState>, sources: &[String], span: Option<(i64, i64)>) -> HashSet<(Slot, Mark), RandomState> {
        let text = |sym: Option<Sym>| sym.and_then(|s| texts.get(&s)).map(|text| &**text);
        let rows = self.rows.iter().map(|(slot, kept)| {
            let (count, first, last) = kept.reach();
            Part { realm: text(slot.realm), cause: slot.cause, client: text(slot.client), count, first, last, of: (*slot, kept) }
        });
        let mut parts: Vec<Part<'_, Shows<'_>>> = rows.collect();
        let mut groups = alike::groups(&mut parts, span, self.window_ms);
        groups.sort_by_cached_key(|group| (Reverse(group.count()), parts[group.clients[0].start].cause, parts[group.clients[0].start].realm));
        groups.iter().take(SHOWN).flat_map(|group| shown(group, &parts, sources)).collect()
    }

    /// Returns the tally; `span` is the time that the log covers, `finding` makes a finding of a sample.
    #[must_use]
    pub fn tally(&mut self, names: &Names, sources: &[String], span: Option<(i64, i64)>, finding: impl Fn(&Waiting, Verdict) -> Finding) -> Tally {
        let mut texts: HashMap<Sym, Arc<str>, RandomState> = HashMap::default();
        for sym in self.rows.keys().flat_map(|slot| [slot.realm, slot.client]).flatten() {
            texts.entry(sym).or_insert_with(|| names.text(sym).into());
        }
        let shown = (self.windows == Windows::Together).then(|| {
            self.lengthen();
            self.shown(&texts, sources, span)
        });
        let terms = self.terms(sources);
        let mut tally = Tally::new(self.window_ms);
        tally.cells.reserve(self.rows.len());
        let text = |sym: Option<Sym>| sym.and_then(|s| texts.get(&s).cloned());
        for (slot, kept) in std::mem::take(&mut self.rows) {
            let key = Key { window: slot.window, realm: text(slot.realm), client: text(slot.client), cause: slot.cause, confidence: slot.confidence };
            let mut row = kept.into_row(terms);
            row.samples.retain(|(mark, _)| shown.as_ref().is_none_or(|shown| shown.contains(&(slot, *mark))));
            let samples = row.samples.iter().filter_map(|(_, packed)| unpack(packed));
            let mut samples: Vec<Finding> = samples.map(|(w, verdict)| finding(&w, verdict)).collect();
            samples.sort_by(|a, b| place(a).cmp(&place(b)));
            let cell = Cell {
                count: row.count,
                details: row.details.into_iter().collect(),
                others: row.others.into_iter().collect(),
                first: row.first,
                last: row.last,
                delays: row.delays,
                addresses: row.addresses,
                users: row.users,
                samples,
                windows: row.spread.windows(),
            };
            // two realms of one name can have different ids, and a name that was no text is another's
            match tally.cells.entry(key) {
                std::collections::hash_map::Entry::Vacant(place) => drop(place.insert(Box::new(cell))),
                std::collections::hash_map::Entry::Occupied(mut place) => place.get_mut().merge(&cell),
            }
        }
        tally
    }
}

/// A row, where it is known which of its samples are shown.
type Shows<'a> = (Slot, &'a Kept);

/// Returns the samples of a group that a page can show.
fn shown(group: &Alike, parts: &[Part<'_, Shows<'_>>], sources: &[String]) -> Vec<(Slot, Mark)> {
    let rows = || group.parts(parts).map(|part| &part.of);
    let samples = || rows().flat_map(|(slot, kept)| kept.samples().map(|sample| (*slot, sample)));
    let best = samples().min_by_key(|(slot, sample)| (slot.confidence, sample.place_on_page(sources)));
    let mut shown: Vec<(Slot, Mark)> = best.iter().map(|(slot, sample)| (*slot, sample.mark)).collect();
    let mut addresses: SmallVec<[u64; NAMED]> = SmallVec::new();
    for (_, kept) in rows() {
        for hash in kept.addresses().iter() {
            if !addresses.contains(hash) {
                addresses.push(*hash);
            }
            if addresses.len() > NAMED {
                return shown;
            }
        }
    }
    let mut known = BTreeSet::new();
    for (slot, sample) in samples() {
        if known.len() == addresses.len() {
            break;
        }
        if let Some(ip) = address(&sample)
            && known.insert(ip.to_string())
        {
            shown.push((slot, sample.mark));
        }
    }
    shown
}

#[cfg(test)]
mod tests;
