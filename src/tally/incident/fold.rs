//! A matter to the incident that is told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::addresses::moved;
use super::baseline::UNLIKELY;
use super::find::{Book, start};
use super::grid::{Grid, real, windows};
use super::matter::{Matter, follows, of_cascade};
use super::scan::RISE;
use super::series::{Of, Series, sum, windows_of, within};
use super::suspicion::NEAR_MS;
use super::{Incident, Share, State};
use crate::cause::{Cause, Detail};
use crate::finding::Confidence;
use crate::tally::account::Name;
use crate::tally::{Account, Cell, Delays, Distinct, Key};

/// Findings that an incident shows.
const SAMPLES: usize = 4;

/// Windows of one client's series that belong to an incident.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) series: usize,
    pub(super) range: Range<usize>,
}

/// Returns the incident, and the parts of the series that it takes.
pub(super) fn fold(matter: &Matter, account: &Account, all: &[Series<'_>], book: &Book<'_>, grid: Grid) -> (Incident, Vec<Part>) {
    let main = matter.lead(all);
    let mut parts: Vec<Part> = matter.bursts.iter().map(|b| Part { series: b.series, range: b.range.clone() }).collect();
    let usual = |s: usize, range: &Range<usize>| {
        let points = &all[s].points;
        let outside: u64 = points.iter().map(|p| p.1).sum::<u64>() - sum(points, range);
        real(outside) * grid.covered(range) / (grid.all() - grid.covered(range)).max(1e-3)
    };
    let clients = add_clients(&mut parts, matter, all, book, &usual);
    let mut expected: f64 = matter.bursts.iter().map(|b| b.expected).sum::<f64>() + clients;
    expected += add_cascade(&mut parts, all, book, grid, &usual);
    let cells: Vec<(&Part, &Key, &Cell)> = parts.iter().flat_map(|p| all[p.series].cells.iter().map(move |(key, cell)| (p, *key, *cell))).collect();
    let is_in = |part: &Part, key: &Key, cell: &Cell| windows_of(key, cell).any(|w| grid.index(w.0).is_some_and(|i| part.range.contains(&i)));
    let mut incident = Incident {
        realm: all[main.series].of.realm.clone(),
        cause: all[main.series].of.cause,
        cascade: Vec::new(),
        clients: Vec::new(),
        start: matter.all().map(|b| start(all, book, b, grid)).min().unwrap_or_default(),
        peak: 0,
        peak_per_minute: 0.0,
        last: i64::MIN,
        state: State::Unclear,
        count: 0,
        expected,
        surprise: matter.bursts.iter().map(|b| b.exponent).sum::<f64>().max(matter.realm.as_ref().map_or(0.0, |r| r.exponent)) / std::f64::consts::LN_10,
        sure: [0; 3],
        details: Vec::new(),
        others: Vec::new(),
        delays: Delays::default(),
        usual_delays: Delays::default(),
        addresses: Distinct::default(),
        users: Distinct::default(),
        windows: Vec::new(),
        triggers: matter.triggers.iter().map(|(_, t)| t.clone()).collect(),
        successes: None,
        failures: None,
        samples: Vec::new(),
    };
    let (mut details, mut others): (BTreeMap<Detail, u64>, BTreeMap<Cause, u64>) = (BTreeMap::new(), BTreeMap::new());
    let mut samples = Vec::new();
    for (part, key, cell) in &cells {
        let is_main = key.cause == incident.cause;
        if !is_in(part, key, cell) {
            if is_main {
                incident.usual_delays.merge(&cell.delays);
            }
            continue;
        }
        if is_main {
            cell.details.iter().for_each(|(d, n)| *details.entry(*d).or_default() += n);
            cell.others.iter().for_each(|(c, n)| *others.entry(*c).or_default() += n);
            incident.delays.merge(&cell.delays);
            samples.extend(&cell.samples);
        }
        if let Some(at) = Confidence::ALL.iter().position(|c| *c == key.confidence) {
            incident.sure[at] += windows_of(key, cell).filter(|w| grid.index(w.0).is_some_and(|i| part.range.contains(&i))).map(|w| w.1).sum::<u64>();
        }
        incident.addresses.merge(&cell.addresses);
        incident.users.merge(&cell.users);
        let ends = key.window.and(cell.last).or_else(|| cell.last.filter(|t| grid.index(*t).is_some_and(|i| part.range.contains(&i))));
        incident.last = incident.last.max(ends.unwrap_or_else(|| grid.time(part.range.end) - 1));
    }
    incident.details = by_count(details);
    incident.others = by_count(others);
    samples.sort_by(|a, b| b.evidence.len().cmp(&a.evidence.len()).then_with(|| crate::tally::place(a).cmp(&crate::tally::place(b))));
    incident.samples = samples.into_iter().take(SAMPLES).cloned().collect();
    count(&mut incident, &parts, all, grid);
    (incident.successes, incident.failures) = meanwhile(book, &parts, all, &incident, grid).unzip();
    incident.state = state(&incident, matter, account, grid);
    incident.triggers.extend(moved(&parts, all, book, &incident, grid));
    (incident, parts)
}

/// Adds the clients that have a part in a burst of the whole realm, or of several clients, though too small a one to be seen by itself. Returns the failures that
/// were to be expected of them.
fn add_clients(parts: &mut Vec<Part>, matter: &Matter, all: &[Series<'_>], book: &Book<'_>, usual: &impl Fn(usize, &Range<usize>) -> f64) -> f64 {
    let mut wide: Vec<(Of, Range<usize>)> = Vec::new();
    if let Some(realm) = &matter.realm {
        wide.push((all[realm.series].of.clone(), realm.range.clone()));
    }
    let mut by_cause: BTreeMap<Of, (Range<usize>, BTreeSet<usize>)> = BTreeMap::new();
    for b in &matter.bursts {
        let of = Of { client: None, ..all[b.series].of.clone() };
        let (range, series) = by_cause.entry(of).or_insert_with(|| (b.range.clone(), BTreeSet::new()));
        *range = range.start.min(b.range.start)..range.end.max(b.range.end);
        series.insert(b.series);
    }
    wide.extend(by_cause.into_iter().filter(|(_, (_, series))| series.len() > 1).map(|(of, (range, _))| (of, range)));
    let mut expected = 0.0;
    let mut known = matter.series();
    for (of, range) in wide {
        let rise = |number: &usize| (real(sum(&all[*number].points, &range)), usual(*number, &range));
        let present: Vec<(usize, (f64, f64))> = book.series(&of).iter().map(|n| (*n, rise(n))).filter(|(_, (inside, _))| *inside > 0.0).collect();
        // a rise of all of them need not be a doubling of each, nor of any
        let least = [RISE, 1.0, 0.0].into_iter().find(|times| present.iter().any(|(_, (inside, usual))| *inside >= times * usual)).unwrap_or(0.0);
        for (number, (inside, usual)) in present {
            if inside >= least * usual && known.insert(number) {
                expected += usual;
                parts.push(Part { series: number, range: range.clone() });
            }
        }
    }
    expected
}

/// Adds the failures that follow from those of a part. Returns how many of their kind were to be expected.
fn add_cascade(parts: &mut Vec<Part>, all: &[Series<'_>], book: &Book<'_>, grid: Grid, usual: &impl Fn(usize, &Range<usize>) -> f64) -> f64 {
    let mut known: BTreeSet<usize> = parts.iter().map(|p| p.series).collect();
    let mut expected = 0.0;
    for part in parts.clone() {
        let of = &all[part.series].of;
        for then in [Cause::RefreshTokenInvalid, Cause::SessionTerminated].into_iter().filter(|then| follows(of.cause, *then)) {
            let range = part.range.start..(part.range.end + grid.windows_in(NEAR_MS)).min(grid.len);
            for number in book.series(&Of { cause: then, ..of.clone() }) {
                let inside = |w: (i64, u64)| grid.index(w.0).is_some_and(|i| range.contains(&i));
                let cells = all[*number].cells.iter().filter(|(key, cell)| windows_of(key, cell).any(inside));
                let fitting: u64 = cells.map(|(_, c)| of_cascade(&c.details, c.count, then)).sum();
                let count = sum(&all[*number].points, &range);
                let usual = usual(*number, &range);
                if 2 * fitting >= count && count > 0 && real(count) >= RISE * usual && known.insert(*number) {
                    expected += usual;
                    parts.push(Part { series: *number, range: range.clone() });
                }
            }
        }
    }
    expected
}

/// Adds up the failures: by cause, by client and by window.
fn count(incident: &mut Incident, parts: &[Part], all: &[Series<'_>], grid: Grid) {
    let (mut by_cause, mut by_window): (BTreeMap<Cause, u64>, BTreeMap<usize, u64>) = (BTreeMap::new(), BTreeMap::new());
    let mut by_client: BTreeMap<Name, (u64, f64)> = BTreeMap::new();
    for part in parts {
        let series = &all[part.series];
        let inside = sum(&series.points, &part.range);
        let outside = series.points.iter().map(|p| p.1).sum::<u64>() - inside;
        *by_cause.entry(series.of.cause).or_default() += inside;
        for (index, n) in within(&series.points, &part.range) {
            *by_window.entry(*index).or_default() += n;
        }
        let share = by_client.entry(series.of.client.clone().flatten()).or_default();
        share.0 += inside;
        share.1 += real(outside) / grid.minutes((grid.all() - grid.covered(&part.range)).max(1e-3));
    }
    incident.count = by_cause.values().sum();
    by_cause.remove(&incident.cause);
    incident.cascade = by_count(by_cause);
    incident.clients = by_client.into_iter().map(|(client, (count, usual_per_minute))| Share { client, count, usual_per_minute }).collect();
    incident.clients.sort_by(|a, b| b.count.cmp(&a.count).then(a.client.cmp(&b.client)));
    if let Some((index, most)) = by_window.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))) {
        incident.peak = grid.time(*index);
        incident.peak_per_minute = real(*most) / grid.minutes(grid.covered(&(*index..index + 1)).max(0.1));
    }
    incident.windows = by_window.into_iter().map(|(index, n)| (grid.time(index), n)).collect();
}

/// Returns how many requests of the incident's clients succeeded while it went on, and how many failed; `None` where the realm shows no successes.
fn meanwhile(book: &Book<'_>, parts: &[Part], all: &[Series<'_>], incident: &Incident, grid: Grid) -> Option<(u64, u64)> {
    book.shows_successes(&incident.realm).then_some(())?;
    let range = grid.index(incident.start)?..grid.index(incident.last)? + 1;
    let clients: BTreeSet<&Option<Name>> = parts.iter().map(|part| &all[part.series].of.client).collect();
    let of_them = |series: &&Series<'_>| series.of.realm == incident.realm && clients.contains(&series.of.client);
    let served: BTreeMap<&Option<Name>, u64> = all.iter().filter(of_them).map(|series| (&series.of.client, sum(&series.served, &range))).collect();
    Some((served.values().sum(), all.iter().filter(of_them).map(|series| sum(&series.points, &range)).sum()))
}

/// Says whether an incident is over: whether the silence since its last failure is longer than its rate leaves to chance.
fn state(incident: &Incident, matter: &Matter, account: &Account, grid: Grid) -> State {
    let Some(latest) = matter.all().max_by_key(|b| b.range.end) else { return State::Unclear };
    let end = account.span.map_or(incident.last, |s| s.1);
    let silent = real((end - incident.last).max(0).unsigned_abs()) / real(grid.window_ms.unsigned_abs());
    let rate = real(latest.count) / grid.covered(&latest.range).max(0.1) / latest.dispersion;
    if rate * silent >= UNLIKELY.ln() {
        State::Over
    } else if windows(grid.len - latest.range.end.min(grid.len)) <= 1.0 {
        State::Going
    } else {
        State::Unclear
    }
}

fn by_count<K: Ord + Copy>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts
}
