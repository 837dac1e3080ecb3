//! Clients that misbehave all the time.

use std::collections::BTreeMap;
use std::ops::Range;

use super::fold::Part;
use super::grid::{Grid, real};
use super::scan::Taken;
use super::series::{Points, Series, windows_of};
use super::{Chronic, Habit};
use crate::cause::{Cause, Detail};
use crate::tally::account::{Name, Served};
use crate::tally::{Account, Delays};

/// What is found in each eighth of a log goes on all the time: so many failures that fall anywhere alike would do so in 1 of 400 series.
const EIGHTHS: usize = 8;

/// Tokens that are younger than 2^10 ms are refreshed by several at once: no client is done with one so soon.
const AT_ONCE: u8 = 10;

/// Tokens that are younger than 2^13 ms (8 s) are refreshed too early: the shortest life that anybody gives them is a minute.
const EARLY: u8 = 13;

/// Returns the clients that misbehave all the time, most requests first; what belongs to an incident does not count.
pub(super) fn chronic<'p>(account: &Account, all: &[Series<'_>], incidents: impl Iterator<Item = &'p [Part]>, grid: Grid) -> Vec<Chronic> {
    let mut taken: BTreeMap<usize, Taken> = BTreeMap::new();
    for part in incidents.flatten() {
        taken.entry(part.series).or_default().add(part.range.clone());
    }
    let failing = all.iter().enumerate().filter_map(|(number, series)| failing(series, taken.get(&number), grid));
    let refreshes = refreshes(account, grid);
    let refreshing = account.refresh_ages.iter().filter_map(|((realm, client), ages)| refreshing(realm, client, ages, refreshes.get(&(realm, client))?, grid));
    let mut all: Vec<Chronic> = failing.chain(refreshing).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (&a.realm, &a.client, a.habit, a.cause).cmp(&(&b.realm, &b.client, b.habit, b.cause))));
    all
}

/// Whether there is something in each eighth of the log, as far as it is not taken.
fn is_steady(points: &Points, taken: &Taken, grid: Grid) -> bool {
    if grid.len < EIGHTHS {
        return false;
    }
    let eighth = |n: usize| n * grid.len / EIGHTHS..(n + 1) * grid.len / EIGHTHS;
    let is_taken = |r: &Range<usize>| taken.0.iter().any(|t| t.start <= r.start && r.end <= t.end);
    let free: Vec<Range<usize>> = (0..EIGHTHS).map(eighth).filter(|r| !is_taken(r)).collect();
    // an incident that takes most of the log leaves nothing to know the rest by
    2 * free.len() > EIGHTHS && free.iter().all(|r| points.iter().any(|p| r.contains(&p.0)))
}

/// Returns the habit of a client whose requests fail all the time.
fn failing(series: &Series<'_>, taken: Option<&Taken>, grid: Grid) -> Option<Chronic> {
    let client = series.of.client.clone()?;
    let none = Taken::default();
    let taken = taken.unwrap_or(&none);
    let rest = taken.rest(&series.points);
    is_steady(&rest, taken, grid).then_some(())?;
    let count: u64 = rest.iter().map(|p| p.1).sum();
    let hours = grid.minutes((grid.all() - taken.covered(grid)).max(1e-3)) / 60.0;
    let outside = |w: (i64, u64)| grid.index(w.0).is_some_and(|i| !taken.0.iter().any(|r| r.contains(&i)));
    let cells: Vec<_> = series.cells.iter().filter(|(key, cell)| windows_of(key, cell).any(outside)).map(|(_, c)| c).collect();
    let mut delays = Delays::default();
    for cell in &cells {
        delays.merge(&cell.delays);
    }
    let rotated: u64 = cells.iter().filter_map(|c| c.details.get(&Detail::Rotated)).sum();
    let habit = match series.of.cause {
        Cause::CodeReused => Habit::DoubleExchange,
        Cause::RefreshTokenInvalid if 2 * rotated >= count => Habit::RefreshStorm,
        _ => Habit::Steady,
    };
    let samples = cells.iter().flat_map(|c| &c.samples);
    let sample = samples.min_by(|a, b| b.evidence.len().cmp(&a.evidence.len()).then_with(|| crate::tally::place(a).cmp(&crate::tally::place(b)))).cloned();
    Some(Chronic { realm: series.of.realm.clone(), client, habit, cause: Some(series.of.cause), count, per_hour: real(count) / hours, delays, sample })
}

/// Returns when tokens were refreshed, by realm and client.
fn refreshes(account: &Account, grid: Grid) -> BTreeMap<(&Name, &Name), Points> {
    let mut all: BTreeMap<(&Name, &Name), Points> = BTreeMap::new();
    for ((window, realm, client), Served { refreshes, .. }) in account.successes.iter().flatten().filter(|(_, s)| s.refreshes > 0) {
        // the keys come in the order of their windows
        if let Some(index) = window.and_then(|w| grid.index(w)) {
            all.entry((realm, client)).or_default().push((index, *refreshes));
        }
    }
    all
}

/// Returns the habit of a client whose tokens are refreshed too soon, though that succeeds: more than half of them, all the time.
fn refreshing(realm: &Name, client: &Name, ages: &Delays, points: &Points, grid: Grid) -> Option<Chronic> {
    is_steady(points, &Taken::default(), grid).then_some(())?;
    let below = |bits: u8| ages.buckets.iter().filter(|(b, _)| **b <= bits).map(|(_, n)| n).sum::<u64>();
    let all: u64 = ages.buckets.values().sum();
    let habit = match () {
        () if 2 * below(AT_ONCE) > all => Habit::RefreshStorm,
        () if 2 * below(EARLY) > all => Habit::EarlyRefresh,
        () => return None,
    };
    let count = if habit == Habit::RefreshStorm { below(AT_ONCE) } else { below(EARLY) };
    let per_hour = real(count) / (grid.minutes(grid.all()) / 60.0).max(1e-3);
    Some(Chronic { realm: realm.clone(), client: client.clone(), habit, cause: None, count, per_hour, delays: Delays::default(), sample: None })
}
