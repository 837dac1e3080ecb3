//! What a series usually does: its rate, how failures of it come together, and the day's pattern.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use super::grid::{Grid, real, windows};
use super::scan::{Taken, surprise};
use super::series::{Points, Series, sum, within};

/// Failures that one mishap brings with it where nothing is known: a request and two retries, as many clients are set up by default.
pub(crate) const RETRIES: f64 = 3.0;

/// How many observations that assumption is worth.
const WORTH: f64 = 5.0;

/// What chance does once in so many times is not put down to it, where one question is asked.
pub(super) const UNLIKELY: f64 = 20.0;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A pattern of the day is only known where it can be seen on so many days that are no part of what is looked at.
const DAYS: usize = 2;

/// Minutes in which the number of people at work in a morning, or of a site's visitors, doubles at the most.
const OFFICE_DOUBLES_MIN: f64 = 15.0;

/// Windows of an interval that are looked at one by one for a pattern of the day; a longer one covers whole days, and the rate alone counts.
const LONGEST: usize = 20_000;

/// How much the counts of the rest scatter, as variance by mean, and what that rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scatter {
    pub(crate) index: f64,
    pub(crate) weight: f64,
}

impl Scatter {
    /// Draws what is usual towards what was observed, as far as that rests on something.
    pub(crate) fn against(self, usual: f64) -> f64 {
        (WORTH * usual + self.weight * self.index) / (WORTH + self.weight)
    }

    /// Adds another observation to this one.
    fn and(self, other: Scatter) -> Scatter {
        let weight = self.weight + other.weight;
        let index = if weight > 0.0 { (self.index * self.weight + other.index * other.weight) / weight } else { 1.0 };
        Scatter { index, weight }
    }
}

/// Returns variance by mean of the counts inside an interval.
fn inner(points: &Points, range: &Range<usize>) -> Scatter {
    let counts = within(points, range);
    let (n, squares) = counts.iter().fold((0.0, 0.0), |(n, squares), (_, count)| (n + real(*count), squares + real(*count).powi(2)));
    let len = windows(range.len());
    if range.len() < 3 || n == 0.0 {
        return Scatter { index: 1.0, weight: 0.0 };
    }
    let mean = n / len;
    Scatter { index: (squares - n * mean) / (len - 1.0) / mean, weight: (len - 1.0).min(n) }
}

/// Returns variance by mean of the counts in blocks of so many windows that are in none of the taken parts.
fn scatter(points: &Points, taken: &Taken, grid: Grid, block: usize) -> Scatter {
    let mut sums: BTreeMap<usize, u64> = BTreeMap::new();
    for (index, count) in points {
        *sums.entry(index / block).or_default() += count;
    }
    let is_taken = |b: usize| taken.0.iter().any(|r| r.start < (b + 1) * block && b * block < r.end);
    let mut spoilt = BTreeSet::new();
    for r in &taken.0 {
        spoilt.extend(r.start / block..=(r.end - 1) / block);
    }
    let blocks = windows((grid.len / block).saturating_sub(spoilt.len()));
    // the last block may be a part of one
    let free = sums.iter().filter(|(b, _)| !is_taken(**b) && (**b + 1) * block <= grid.len);
    let (n, squares) = free.fold((0.0, 0.0), |(n, squares), (_, count)| (n + real(*count), squares + real(*count).powi(2)));
    if blocks < 2.0 || n == 0.0 {
        return Scatter { index: 1.0, weight: 0.0 };
    }
    let mean = n / blocks;
    let variance = (squares - n * mean) / (blocks - 1.0);
    Scatter { index: variance / mean, weight: (blocks - 1.0).min(n) }
}

/// Returns how a series scatters from window to window.
pub(super) fn window_scatter(points: &Points, taken: &Taken, grid: Grid) -> Scatter {
    scatter(points, taken, grid, 1)
}

/// Returns how many failures one mishap brings with it: variance by mean of the counts outside the bursts, at the scales up to that of the interval, each drawn
/// towards what is usual in this log as far as it rests on little. Dividing the exponent by it is the scaled Poisson distribution (Bohm and Zech, "The
/// statistics of weighted Poisson events and its application", 2014). Counts that drift, as those of day and night, scatter more the longer the blocks, and
/// so a long interval has to be the more extreme. A burst that is itself even says that failures do not come together, however little there is outside.
///
/// Also returns how many failures one mishap brings at most, by two standard errors of what was observed: of `n` mishaps with geometric retries the relative error of
/// variance by mean is the root of `5 / n`.
pub(super) fn dispersion(points: &Points, taken: &Taken, range: &Range<usize>, grid: Grid, usual: f64) -> (f64, f64) {
    let outside = scatter(points, taken, grid, 1);
    let mut most = outside.against(usual).min(outside.and(inner(points, range)).against(usual)).max(1.0);
    let drawn = outside.against(usual).max(RETRIES);
    let mishaps = outside.weight / outside.index.max(1.0);
    let clump = drawn * (1.0 + 2.0 * (WORTH * mishaps).sqrt() / (WORTH + mishaps));
    let mut block = 4;
    while block <= range.len() && block <= grid.len / 8 {
        let coarse = scatter(points, taken, grid, block);
        // what little is known of long blocks adds nothing to what is known of short ones
        if coarse.weight >= WORTH {
            most = most.max(coarse.index);
        }
        block *= 4;
    }
    (most, clump.max(most))
}

/// Returns how many failures are to be expected in an interval: by the rate outside, by the same time of other days, and by the successes of the same time,
/// whichever is most.
pub(super) fn expected(series: &Series<'_>, taken: &Taken, rest: &Points, free: f64, range: &Range<usize>, grid: Grid) -> Expected {
    let outside: u64 = rest.iter().map(|p| p.1).sum();
    let flat = real(outside) * grid.covered(range) / free.max(1e-9);
    let by_day = by_day(taken, rest, flat, range, grid);
    let by_traffic = by_traffic(series, taken, outside, range);
    Expected {
        count: flat.max(by_day.unwrap_or(0.0)).max(by_traffic.unwrap_or(0.0)),
        rhythm: by_day.is_some() || (by_traffic.is_some() && series.of.client.is_some()),
    }
}

/// What is to be expected in an interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// So many failures.
    pub(super) count: f64,
    /// The rhythm of day and week is in that: from other days, or from the client's successes. Those of a whole realm are mostly other clients'.
    pub(super) rhythm: bool,
}

/// Failures grow with the requests, where those are known.
fn by_traffic(series: &Series<'_>, taken: &Taken, outside: u64, range: &Range<usize>) -> Option<f64> {
    let well: u64 = taken.rest(&series.served).iter().map(|p| p.1).sum();
    (well > 0).then(|| real(outside) * real(sum(&series.served, range)) / real(well))
}

/// Whether a day, counted from the epoch's Thursday, is a Saturday or a Sunday.
fn is_weekend(day: i64) -> bool {
    matches!(day.rem_euclid(7), 2 | 3)
}

/// Returns the days that an interval is compared with: others of its kind, since people's days are not those of a weekend. A weekend is compared with working
/// days where no other is there: it is the quieter in most places, and not twice as busy in the others.
fn other_days(busy: &RangeInclusive<i64>, others: impl Iterator<Item = i64>) -> Option<Vec<i64>> {
    let others: Vec<i64> = others.collect();
    let working = busy.clone().take(7).any(|d| !is_weekend(d));
    let alike: Vec<i64> = others.iter().copied().filter(|d| is_weekend(*d) != working).collect();
    match () {
        () if alike.len() >= DAYS => Some(alike),
        () if !working && others.len() >= DAYS => Some(others),
        () => None,
    }
}

/// Returns what the same time of other days gives: of each window the larger of the mean of its hour and the mean of that window, give or take one. `None` where
/// there are too few such days.
fn by_day(taken: &Taken, rest: &Points, flat: f64, range: &Range<usize>, grid: Grid) -> Option<f64> {
    let per_day = usize::try_from(DAY_MS / grid.window_ms).unwrap_or(0);
    if per_day < 2 || range.len() > LONGEST {
        return None;
    }
    let day = |index: usize| grid.time(index).div_euclid(DAY_MS);
    let busy = day(range.start)..=day(range.end - 1);
    let spoilt: BTreeSet<i64> = taken.0.iter().flat_map(|r| day(r.start)..=day(r.end - 1)).collect();
    let whole = (day(0)..=day(grid.len - 1)).filter(|d| !spoilt.contains(d) && !busy.contains(d));
    let others: BTreeSet<i64> = other_days(&busy, whole)?.into_iter().collect();
    let of_day = |index: usize| grid.time(index).rem_euclid(DAY_MS);
    let slot = |index: usize| usize::try_from(of_day(index) / grid.window_ms).unwrap_or(0);
    let hour = |index: usize| of_day(index) / 3_600_000;
    let (mut by_slot, mut by_hour): (BTreeMap<(i64, usize), u64>, BTreeMap<i64, u64>) = (BTreeMap::new(), BTreeMap::new());
    for (index, count) in rest.iter().filter(|p| others.contains(&day(p.0))) {
        *by_slot.entry((day(*index), slot(*index))).or_default() += count;
        *by_hour.entry(hour(*index)).or_default() += count;
    }
    let days = windows(others.len());
    let per_hour = (3_600_000.0 / real(grid.window_ms.unsigned_abs())).max(1.0);
    let usual = flat / windows(range.len());
    let window = |index: usize| {
        let near = [slot(index) + per_day - 1, slot(index), slot(index) + 1].map(|s| s % per_day);
        let most = |d: &i64| near.iter().filter_map(|s| by_slot.get(&(*d, *s))).max().copied().unwrap_or(0);
        let at_slot = others.iter().map(|d| real(most(d))).sum::<f64>() / days;
        let at_hour = by_hour.get(&hour(index)).map_or(0.0, |n| real(*n) / days / per_hour);
        at_slot.max(at_hour).max(usual)
    };
    Some(range.clone().map(window).sum())
}

/// Whether a rise goes on all the time, where it is longer than a day or its rhythm is not known: what comes back each night, or each working day, is no incident that
/// lasts. It is cut into pieces of two hours, or longer ones with five failures each; three in four of them have to hold more than is usual outside.
pub(super) fn is_lasting(points: &Points, range: &Range<usize>, rhythm: bool, usual: f64, grid: Grid) -> bool {
    if rhythm && range.len() <= grid.windows_in(DAY_MS) {
        return true;
    }
    let count = usize::try_from(sum(points, range) / 5).unwrap_or(usize::MAX);
    let pieces = (range.len() / grid.windows_in(2 * 3_600_000)).min(count);
    if pieces < 2 {
        return true;
    }
    let edge = |n: usize| range.start + n * range.len() / pieces;
    let above = |n: &usize| real(sum(points, &(edge(*n)..edge(n + 1)))) > usual * grid.covered(&(edge(*n)..edge(n + 1)));
    4 * (0..pieces).filter(above).count() >= 3 * pieces
}

/// Whether a long rise whose rhythm is not known began at once, or ended at once where its beginning is not seen: quicker than people come to work. What grows and fades
/// over hours is a day, and not something that broke.
pub(super) fn is_abrupt(points: &Points, range: &Range<usize>, rhythm: bool, dispersion: f64, grid: Grid) -> bool {
    if rhythm || range.len() <= grid.windows_in(2 * 3_600_000) {
        return true;
    }
    let steps = [10u32, 15, 20, 30].map(|min| (i64::from(min) * 60_000, (f64::from(min) / OFFICE_DOUBLES_MIN).exp2()));
    let longest = (range.len() / 4).max(1);
    steps.iter().filter(|(ms, _)| grid.window_ms <= *ms).any(|(ms, growth)| {
        let step = grid.windows_in(*ms).min(longest);
        let (inside, outside) = if range.start > step {
            (range.start..range.start + step, range.start - step..range.start)
        } else {
            (range.end - step..range.end, range.end..(range.end + step).min(grid.len))
        };
        if outside.is_empty() {
            return false;
        }
        // of as many failures, more than such growth leaves to chance lie inside; the edge was chosen where that is most so, among the windows of both sides
        let grown = growth * grid.covered(&inside);
        let chance = surprise(sum(points, &inside), sum(points, &outside), grown / (grown + grid.covered(&outside)), dispersion);
        chance >= (UNLIKELY * 2.0 * windows(step) * windows(steps.len())).ln()
    })
}
