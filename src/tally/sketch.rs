//! Counts of distinct things in bounded space, and histograms of delays; both merge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::Key;

/// How many hashes a sketch keeps: below that it is exact.
const KEEP: usize = 64;

/// A k-minimum-values sketch: how many distinct texts were seen. Exact up to 63, then an estimate with a standard error of about 13 %
/// (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct(Vec<u64>);

impl Distinct {
    /// Adds one text.
    pub fn add(&mut self, text: &str) {
        self.add_bytes(text.as_bytes());
    }

    /// Adds the text of these bytes.
    pub fn add_bytes(&mut self, text: &[u8]) {
        self.insert(Key::of(text).0);
    }

    fn insert(&mut self, hash: u64) {
        // a full sketch lets nearly every new hash pass by
        if self.0.len() >= KEEP && self.0.last().is_some_and(|largest| hash > *largest) {
            return;
        }
        if let Err(at) = self.0.binary_search(&hash) {
            self.0.truncate(KEEP - 1);
            self.0.insert(at, hash);
        }
    }

    /// Adds all of another sketch.
    pub fn merge(&mut self, other: &Distinct) {
        for hash in &other.0 {
            self.insert(*hash);
        }
    }

    /// Returns the count, and whether it is exact.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an estimate
    pub fn count(&self) -> (u64, bool) {
        match self.0.last() {
            Some(largest) if self.0.len() >= KEEP => {
                let share = *largest as f64 / u64::MAX as f64;
                (((KEEP - 1) as f64 / share) as u64, false)
            }
            _ => (self.0.len() as u64, true),
        }
    }
}

/// A histogram of delays in milliseconds with bounds that double, and their extremes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delays {
    /// Counts by power of two: bucket `n` holds delays below 2^n ms (and not below 2^(n-1)).
    pub buckets: BTreeMap<u8, u64>,
    /// The shortest.
    pub min: Option<i64>,
    /// The longest.
    pub max: Option<i64>,
}

impl Delays {
    /// Adds one delay; a negative one (clocks differ) counts as 0 but keeps its place as the shortest.
    pub fn add(&mut self, ms: i64) {
        let bits = 64 - u64::try_from(ms).unwrap_or(0).leading_zeros();
        *self.buckets.entry(u8::try_from(bits).unwrap_or(64)).or_default() += 1;
        self.min = Some(self.min.map_or(ms, |m| m.min(ms)));
        self.max = Some(self.max.map_or(ms, |m| m.max(ms)));
    }

    /// Adds all of another histogram.
    pub fn merge(&mut self, other: &Delays) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.min = self.min.into_iter().chain(other.min).min();
        self.max = self.max.into_iter().chain(other.max).max();
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}
