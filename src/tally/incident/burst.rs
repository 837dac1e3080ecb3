//! Bursts: the parts of a series in which failures are too many by its own measure.

use std::ops::Range;

use rayon::prelude::*;

use super::Settings;
use super::baseline::{Expected, RETRIES, dispersion, expected, is_abrupt, is_lasting, window_scatter};
use super::grid::{Grid, real, windows};
use super::scan::{RISE, Taken, candidates, one_mishap, surprise};
use super::series::{Series, sum};

/// Milliseconds of a week.
const WEEK_MS: f64 = 604_800_000.0;

/// Bursts of one series in a week that leave its usual measure alone. More of them are what it does.
const SPARED_A_WEEK: f64 = 2.0;

/// The most that the scatter of one series weighs in what is usual for all of them.
const VOICE: f64 = 50.0;

/// A part of a series in which failures are too many.
#[derive(Debug, Clone)]
pub(super) struct Burst {
    /// The number of its series.
    pub(super) series: usize,
    /// Its windows.
    pub(super) range: Range<usize>,
    /// Its failures.
    pub(super) count: u64,
    /// The failures that were to be expected.
    pub(super) expected: f64,
    /// The natural logarithm of the probability of so many, negated.
    pub(super) exponent: f64,
    /// How many failures one mishap brings with it.
    pub(super) dispersion: f64,
    /// It begins just after what explains its cause.
    pub(super) explained: bool,
}

/// Windows in which a burst begins that began with a trigger: its own, and those in which the first request after it may come.
pub(super) const AFTER_TRIGGER: usize = 3;

/// The exponents that bursts have to reach. The allowed false alarms are shared by two families of intervals: all of them, `len (len + 1) / 2` of each series; and
/// those few that begin with a trigger that explains the cause. If the probability of each to be taken for a burst is the family's share by its number of
/// intervals, then no more false alarms than allowed are to be expected (Bonferroni).
#[derive(Debug, Clone, Copy)]
struct Least {
    anywhere: f64,
    after_trigger: f64,
}

impl Least {
    fn of(series: usize, triggered: usize, grid: Grid, settings: Settings) -> Self {
        let weeks = windows(grid.len) * real(grid.window_ms.unsigned_abs()) / WEEK_MS;
        let share = settings.false_per_week * weeks.max(1.0) / 2.0;
        let len = windows(grid.len);
        let exponent = |tests: f64| (tests.max(1.0) / share).ln().max(1.0);
        let anywhere = exponent(windows(series) * len * (len + 1.0) / 2.0);
        Least { anywhere, after_trigger: exponent(windows(triggered * AFTER_TRIGGER) * len).min(anywhere) }
    }
}

/// Returns the bursts of all series, in the order of the series and of time. `triggers` are the windows of what explains a cause, by series, and whether it is what the
/// cause is about.
pub(super) fn bursts(all: &[Series<'_>], triggers: &[Vec<(usize, bool)>], grid: Grid, settings: Settings) -> Vec<Burst> {
    let least = Least::of(all.len(), triggers.iter().map(Vec::len).sum(), grid, settings);
    let lowest = |t: &[(usize, bool)]| if t.is_empty() { least.anywhere } else { least.after_trigger };
    let found: Vec<Vec<Range<usize>>> = all.par_iter().zip(triggers).map(|(s, t)| candidates(&s.points, grid, lowest(t))).collect();
    let usual = usual(all, &found, grid);
    let bursts = all.par_iter().zip(&found).zip(triggers).enumerate().map(|(number, ((series, found), triggers))| {
        let after = |range: &Range<usize>| triggers.iter().filter(|t| (t.0..t.0 + AFTER_TRIGGER).contains(&range.start)).map(|t| t.1).max();
        let judged = |range: &Range<usize>, others: &[Range<usize>]| {
            let after = after(range);
            let bar = Bar {
                exponent: if after.is_some() { least.after_trigger } else { least.anywhere },
                mishaps: after == Some(true) || (after.is_some() && series.of.client.is_none()),
                explained: after.is_some(),
            };
            judge(number, series, range, others, grid, usual, bar)
        };
        // what turns out to be usual is usual for the others, too
        let mut ranges = found.clone();
        loop {
            let unusual: Vec<(Burst, bool)> = ranges.iter().filter_map(|range| judged(range, &ranges)).collect();
            if unusual.len() == ranges.len() {
                return joined(unusual.into_iter().filter(|(_, sure)| *sure).map(|(burst, _)| burst).collect(), series);
            }
            ranges = unusual.into_iter().map(|(burst, _)| burst.range).collect();
        }
    });
    bursts.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Returns how many failures one mishap brings with it in this log: the weighted median over all series, where they scatter by more than retries do. The mean would be that
/// of the few with a rhythm, whose counts scatter by day and night.
fn usual(all: &[Series<'_>], found: &[Vec<Range<usize>>], grid: Grid) -> f64 {
    let scatter = all.par_iter().zip(found).map(|(series, found)| {
        let mut taken = Taken::default();
        for range in found {
            taken.add(range.clone());
        }
        window_scatter(&series.points, &taken, grid)
    });
    let mut scatter: Vec<_> = scatter.collect();
    scatter.sort_by(|a, b| a.index.total_cmp(&b.index));
    let half = scatter.iter().map(|s| s.weight.min(VOICE)).sum::<f64>() / 2.0;
    let mut below = 0.0;
    let middle = scatter.iter().find(|s| {
        below += s.weight.min(VOICE);
        below > half
    });
    middle.map_or(RETRIES, |s| s.index.max(RETRIES))
}

/// What a burst has to reach.
#[derive(Debug, Clone, Copy)]
struct Bar {
    exponent: f64,
    /// It is just after what its cause is about, or after what explains it for a whole realm: one mishap, however many retries it brings, is what was to be expected then.
    mishaps: bool,
    /// It is just after what explains its cause.
    explained: bool,
}

/// Decides about one candidate, measured by what is outside of it: `None` where it is usual, else the burst and whether it is sure.
fn judge(number: usize, series: &Series<'_>, range: &Range<usize>, found: &[Range<usize>], grid: Grid, usual: f64, bar: Bar) -> Option<(Burst, bool)> {
    let mut taken = Taken::default();
    taken.add(range.clone());
    let mut others: Vec<(u64, &Range<usize>)> = found.iter().filter(|r| *r != range).map(|r| (sum(&series.points, r), r)).collect();
    others.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.start.cmp(&b.1.start)));
    let weeks = (windows(grid.len) * real(grid.window_ms.unsigned_abs()) / WEEK_MS).max(1.0);
    for (_, other) in others.iter().enumerate().take_while(|(n, _)| windows(*n) < SPARED_A_WEEK * weeks).map(|(_, o)| o) {
        taken.add((*other).clone());
    }
    let rest = taken.rest(&series.points);
    let outside = rest.iter().map(|p| p.1).sum();
    let count = sum(&series.points, range);
    let free = grid.all() - taken.covered(grid);
    let covered = grid.covered(range);
    if free <= 0.0 {
        return None;
    }
    let flat = covered / (covered + free);
    let Expected { count: expected, rhythm } = expected(series, &taken, &rest, free, range, grid);
    let share = if outside == 0 { flat } else { expected / (expected + real(outside)) };
    let (dispersion, clump) = dispersion(&series.points, &taken, range, grid, usual);
    let exponent = surprise(count, outside, share, dispersion);
    let exponent = if bar.mishaps { exponent } else { exponent.min(one_mishap(count, share, clump)) };
    let unusual = real(count) >= RISE * expected
        && !(range.start == 0 && covered > free)
        && is_lasting(&series.points, range, rhythm, real(outside) / free, grid)
        && is_abrupt(&series.points, range, rhythm, dispersion, grid);
    let burst = Burst { series: number, range: range.clone(), count, expected, exponent, dispersion, explained: bar.explained };
    unusual.then_some((burst, exponent >= bar.exponent))
}

/// Joins bursts of one series with no more between them than the shorter one is long: a ramp is found in steps.
fn joined(mut bursts: Vec<Burst>, series: &Series<'_>) -> Vec<Burst> {
    bursts.sort_by_key(|b| b.range.start);
    let mut all: Vec<Burst> = Vec::new();
    for burst in bursts {
        match all.last_mut().filter(|last| burst.range.start - last.range.end <= last.range.len().min(burst.range.len())) {
            Some(last) => {
                let gap = burst.range.start - last.range.end;
                let rate = (last.expected + burst.expected) / windows(last.range.len() + burst.range.len());
                last.expected += burst.expected + rate * windows(gap);
                last.range.end = burst.range.end;
                last.count = sum(&series.points, &last.range);
                last.exponent += burst.exponent;
                last.dispersion = last.dispersion.max(burst.dispersion);
            }
            None => all.push(burst),
        }
    }
    all
}
