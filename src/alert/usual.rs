//! What is usual for a client and a cause, and what is far more.
//!
//! The test is that of incidents (`docs/incidents.md`), turned to a stream: of all failures of a series, those of the last [`WINDOW_MS`] against those before, as the
//! binomial's tail (which is the negative binomial that predicts a Poisson count whose rate was learned); counts are divided by how failures come together.
//! Expected is the larger of the overall rate and that of the same hour of other days. The bound is such that all series together give no more than
//! [`FALSE_PER_WEEK`] false alarms. Memory halves each week. Must not know rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::cause::Cause;
use crate::tally::incident::{RETRIES, RISE, Scatter, real, surprise};

/// The length of the window that is looked at, in milliseconds. It moves by halves.
pub(super) const WINDOW_MS: i64 = 300_000;

/// A half of it.
const HALF_MS: i64 = WINDOW_MS / 2;

/// False alarms a week that all series together may give, as for incidents.
const FALSE_PER_WEEK: f64 = 0.01;

const WEEK_MS: i64 = 604_800_000;
const HOUR_MS: i64 = 3_600_000;

/// Halves of windows in an hour and a day.
const HALVES_AN_HOUR: f64 = 24.0;
const HALVES_A_DAY: f64 = 576.0;

/// Nothing is unusual before an hour was seen.
const LEARNED: f64 = HALVES_AN_HOUR;

/// A pattern of the day is known from so many days on.
const DAYS: f64 = 2.0;

/// Hours that an observation of how failures come together over hours must rest on.
const HOURS: f64 = 5.0;

/// Alarms in a week that leave the measure alone; more of them are what the series does.
const SPARED: u8 = 2;

/// What goes on for so long is learned after all.
const LONGEST_MS: i64 = 6 * HOUR_MS;

/// Series that are told apart.
const SERIES: usize = 4096;

/// A client's failures for one cause.
pub(super) type Key = (Option<String>, Option<String>, Cause);

/// What a series tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Turn {
    /// It became unusual.
    Began {
        /// So many are usual in a window.
        usual: f64,
        /// So many came.
        count: u64,
    },
    /// It is usual again since then.
    Ended(i64),
}

/// What goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rise {
    since: i64,
    /// As many would have been unusual.
    least: u64,
    /// Its windows are not learned.
    spared: bool,
}

/// One series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Series {
    /// The number of the half window that counts are for.
    half: i64,
    /// Failures in the half before and in this one.
    counts: [u64; 2],
    /// Failures that were learned, and the sum of the squares of half windows.
    total: f64,
    squares: f64,
    /// Failures by hour of the day.
    by_hour: [f32; 24],
    /// The hour that is counted, its failures, and the sum of the squares of hours.
    hour: i64,
    in_hour: u64,
    hour_squares: f64,
    /// Half windows that were not learned.
    skipped: f64,
    alarms: u8,
    rise: Option<Rise>,
}

/// All series.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Usual {
    /// Half windows that were seen before `anchor`.
    base: f64,
    anchor: Option<i64>,
    series: BTreeMap<Key, Series>,
    pub full: bool,
}

fn half_of(time: i64) -> i64 {
    time.div_euclid(HALF_MS)
}

fn hour_of_day(time: i64) -> usize {
    usize::try_from(time.div_euclid(HOUR_MS).rem_euclid(24)).unwrap_or(0)
}

/// Returns a whole number near a weight, which is never negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(weight: f64) -> u64 {
    weight.round().max(0.0) as u64
}

/// Returns milliseconds as half windows.
#[allow(clippy::cast_precision_loss)]
fn halves(ms: i64) -> f64 {
    ms.max(0) as f64 / HALF_MS as f64
}

impl Series {
    /// Learns a half window that is past.
    fn learn(&mut self, half: i64, count: u64) {
        let time = half * HALF_MS;
        let hour = time.div_euclid(HOUR_MS);
        if hour != self.hour {
            self.hour_squares += real(self.in_hour).powi(2);
            (self.hour, self.in_hour) = (hour, 0);
        }
        if self.rise.as_ref().is_some_and(|r| r.spared && time - r.since < LONGEST_MS) {
            self.skipped += 1.0;
            return;
        }
        if count == 0 {
            return;
        }
        self.total += real(count);
        self.squares += real(count).powi(2);
        self.in_hour += count;
        if let Some(sum) = self.by_hour.get_mut(hour_of_day(time)) {
            #[allow(clippy::cast_precision_loss)] // a count of minutes
            let count = count as f32;
            *sum += count;
        }
    }

    /// Returns how failures come together, by half windows and by hours.
    fn dispersion(&self, seen: f64) -> f64 {
        let scatter = |n: f64, squares: f64, total: f64| {
            let mean = total / n;
            let index = if n > 1.0 && total > 0.0 { (squares - n * mean * mean) / (n - 1.0) / mean } else { 1.0 };
            Scatter { index, weight: if total > 0.0 { (n - 1.0).min(total).max(0.0) } else { 0.0 } }
        };
        let short = scatter(seen, self.squares, self.total).against(RETRIES);
        let hours = scatter(seen / HALVES_AN_HOUR, self.hour_squares + real(self.in_hour).powi(2), self.total);
        let long = if hours.weight >= HOURS { hours.index } else { 0.0 };
        short.max(long).max(1.0)
    }

    /// Returns how many are usual in a window that ends then.
    fn usual(&self, time: i64, seen: f64) -> f64 {
        let flat = self.total * 2.0 / seen;
        let days = seen / HALVES_A_DAY;
        if days < DAYS {
            return flat;
        }
        let hour = hour_of_day(time);
        let near = [hour + 23, hour, hour + 1].map(|h| f64::from(self.by_hour[h % 24]));
        flat.max(near.into_iter().fold(0.0, f64::max) / days / HALVES_AN_HOUR * 2.0)
    }

    /// Returns whether so many are unusual. `least` is the exponent that their improbability has to reach.
    fn is_unusual(&self, count: u64, time: i64, seen: f64, least: f64) -> bool {
        let usual = self.usual(time, seen);
        if real(count) < RISE * usual || seen < LEARNED {
            return false;
        }
        let outside = whole(self.total);
        let share = if outside == 0 { 2.0 / (seen + 2.0) } else { usual.max(1e-9) / (usual.max(1e-9) + real(outside)) };
        surprise(count, outside, share, self.dispersion(seen)) >= least
    }

    /// Lets half windows pass until that one; returns when it became usual again.
    fn roll(&mut self, half: i64) -> Option<i64> {
        let mut ended = None;
        while self.half < half {
            if self.counts == [0, 0] && self.rise.is_none() {
                self.half = half;
                break;
            }
            self.learn(self.half - 1, self.counts[0]);
            let window = self.counts[0] + self.counts[1];
            self.half += 1;
            self.counts = [self.counts[1], 0];
            let is_over = |r: &Rise| window <= r.least / 2 || self.half * HALF_MS - r.since >= LONGEST_MS;
            if self.rise.as_ref().is_some_and(is_over) {
                self.rise = None;
                ended = Some(self.half * HALF_MS);
            }
        }
        ended
    }
}

impl Usual {
    /// Takes note of when it begins.
    pub fn begin(&mut self, now: i64) {
        self.anchor.get_or_insert(now);
    }

    /// Returns the half windows that were seen.
    fn seen(&self, time: i64) -> f64 {
        self.anchor.map_or(0.0, |anchor| self.base + halves(time - anchor))
    }

    /// Returns the exponent that an improbability has to reach: each series is looked at in as many windows a week as there are halves.
    fn least(&self) -> f64 {
        (halves(WEEK_MS) * real(self.series.len().max(1) as u64) / FALSE_PER_WEEK).ln()
    }

    /// Takes in a failure; returns what it changes.
    pub fn add(&mut self, record: &Record) -> Vec<Turn> {
        self.begin(record.time);
        self.age(record.time);
        let key: Key = (record.finding.realm.clone(), record.finding.client.clone(), record.verdict.cause);
        if !self.series.contains_key(&key) && self.series.len() >= SERIES {
            self.full = true;
            return Vec::new();
        }
        let (least, seen) = (self.least(), self.seen(record.time));
        let half = half_of(record.time);
        let series = self.series.entry(key).or_insert_with(|| Series { half, ..Series::default() });
        let mut turns = Vec::new();
        turns.extend(series.roll(half).map(Turn::Ended));
        // what comes late belongs to the half before, or to what is learned
        match series.half - half {
            0 => series.counts[1] += 1,
            1 => series.counts[0] += 1,
            _ => series.learn(half, 1),
        }
        let count = series.counts[0] + series.counts[1];
        let seen = (seen - series.skipped - 2.0).max(0.0);
        if series.rise.is_none() && series.is_unusual(count, record.time, seen, least) {
            let enough = (1..=count).find(|n| series.is_unusual(*n, record.time, seen, least)).unwrap_or(count);
            series.alarms = series.alarms.saturating_add(1);
            series.rise = Some(Rise { since: record.time, least: enough, spared: series.alarms <= SPARED });
            turns.push(Turn::Began { usual: series.usual(record.time, seen), count });
        }
        turns
    }

    /// Takes a failure back whose verdict was another.
    pub fn remove(&mut self, record: &Record) {
        let key: Key = (record.finding.realm.clone(), record.finding.client.clone(), record.verdict.cause);
        let Some(series) = self.series.get_mut(&key) else { return };
        match series.half - half_of(record.time) {
            0 => series.counts[1] = series.counts[1].saturating_sub(1),
            1 => series.counts[0] = series.counts[0].saturating_sub(1),
            _ => series.total = (series.total - 1.0).max(0.0),
        }
    }

    /// Lets time pass; returns which series became usual again, and when.
    pub fn advance(&mut self, to: i64) -> Vec<(Key, i64)> {
        self.age(to);
        let rising = self.series.iter_mut().filter(|(_, s)| s.rise.is_some());
        rising.filter_map(|(key, s)| s.roll(half_of(to)).map(|at| (key.clone(), at))).collect()
    }

    /// Forgets by half, each week.
    fn age(&mut self, to: i64) {
        while let Some(anchor) = self.anchor.filter(|anchor| to - anchor >= WEEK_MS) {
            self.base = f64::midpoint(self.base, halves(WEEK_MS));
            self.anchor = Some(anchor + WEEK_MS);
            for series in self.series.values_mut() {
                series.alarms = 0;
                for sum in [&mut series.total, &mut series.squares, &mut series.hour_squares, &mut series.skipped] {
                    *sum /= 2.0;
                }
                series.by_hour.iter_mut().for_each(|sum| *sum /= 2.0);
            }
            self.series.retain(|_, s| s.total >= 0.5 || s.rise.is_some() || s.counts != [0, 0]);
        }
    }
}
