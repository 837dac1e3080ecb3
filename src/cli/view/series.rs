//! How many came when: counts in buckets of ten seconds, for an hour.

use std::collections::VecDeque;

/// Milliseconds of a bucket.
pub const BUCKET_MS: i64 = 10_000;

/// Buckets that are kept: an hour.
const KEPT: usize = 360;

/// Buckets of a minute.
const MINUTE: i64 = 6;

/// Counts over time; what is older than an hour is in the total only.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The oldest first.
    counts: VecDeque<u32>,
    /// The number of the newest bucket.
    newest: i64,
    total: u64,
}

/// Returns the number of the bucket that a time lies in.
fn bucket(time: i64) -> i64 {
    time.div_euclid(BUCKET_MS)
}

impl Series {
    /// Counts one; without a time it is in the total only.
    pub fn add(&mut self, time: Option<i64>) {
        self.total += 1;
        if let Some(count) = time.and_then(|t| self.at(bucket(t))) {
            *count = count.saturating_add(1);
        }
    }

    /// Takes one back.
    pub fn remove(&mut self, time: Option<i64>) {
        self.total = self.total.saturating_sub(1);
        if let Some(count) = time.and_then(|t| self.at(bucket(t))) {
            *count = count.saturating_sub(1);
        }
    }

    /// Returns a bucket's count, making room for it; `None` where it is too old.
    fn at(&mut self, bucket: i64) -> Option<&mut u32> {
        if self.counts.is_empty() {
            self.newest = bucket;
            self.counts.push_back(0);
        }
        let ahead = usize::try_from(bucket.saturating_sub(self.newest)).unwrap_or(0);
        if ahead >= KEPT {
            self.counts.clear();
            self.counts.push_back(0);
        } else {
            self.counts.extend(std::iter::repeat_n(0, ahead));
        }
        self.newest = self.newest.max(bucket);
        let back = usize::try_from(self.newest - bucket).ok().filter(|b| *b < KEPT)?;
        while self.counts.len() <= back {
            self.counts.push_front(0);
        }
        let surplus = self.counts.len().saturating_sub(KEPT);
        self.counts.drain(..surplus);
        let index = self.counts.len() - 1 - back;
        self.counts.get_mut(index)
    }

    /// Returns all that were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns how many came in the minute that ends now.
    pub fn per_minute(&self, now: i64) -> u64 {
        let end = bucket(now);
        (end - MINUTE + 1..=end).map(|b| self.count(b)).sum()
    }

    /// Returns counts of that many columns, the last of which ends now.
    pub fn columns(&self, now: i64, window_ms: i64, columns: usize) -> Vec<u64> {
        let count = i64::try_from(columns).unwrap_or(i64::MAX).max(1);
        // whole buckets a column, so that columns of equal traffic are equally high
        let each = (window_ms / BUCKET_MS).div_euclid(count).max(1);
        let end = bucket(now);
        let first = end - each * count + 1;
        (0..count).map(|c| (first + c * each..first + (c + 1) * each).map(|b| self.count(b)).sum()).collect()
    }

    fn count(&self, bucket: i64) -> u64 {
        let back = usize::try_from(self.newest - bucket).ok();
        let index = back.and_then(|b| self.counts.len().checked_sub(b + 1));
        index.and_then(|i| self.counts.get(i)).copied().map_or(0, u64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_for_an_hour_and_totals_for_ever() {
        let mut series = Series::default();
        let minute = 60_000;
        for time in [0, 5_000, 59 * minute, 59 * minute, 30 * minute, 200 * minute] {
            series.add(Some(time));
        }
        series.add(None);
        assert_eq!((series.total(), series.per_minute(200 * minute), series.per_minute(59 * minute)), (7, 1, 0));
        series.add(Some(200 * minute - 3_590_000));
        series.add(Some(200 * minute - 3_600_000));
        assert_eq!(series.columns(200 * minute, 3_600_000, 2), [1, 1], "what is an hour old is gone");
        series.remove(Some(200 * minute));
        assert_eq!((series.total(), series.per_minute(200 * minute)), (8, 0));
    }

    #[test]
    fn a_minute_and_columns_end_now() {
        let mut series = Series::default();
        for bucket in 0..60 {
            series.add(Some(bucket * BUCKET_MS));
        }
        let now = 60 * BUCKET_MS - 1;
        assert_eq!(series.per_minute(now), 6);
        assert_eq!(series.columns(now, 600_000, 4), [15; 4]);
        assert_eq!(series.columns(now + 300_000, 600_000, 4), [15, 15, 0, 0]);
        assert_eq!(series.columns(now, 600_000, 100)[..41], [[0; 40].as_slice(), &[1]].concat(), "no column is shorter than a bucket");
    }
}
