//! Counts of distinct things in bounded space, and histograms of delays; both merge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::names::Key;

/// How many hashes a sketch keeps: below that it is exact.
const KEEP: usize = 64;

/// A k-minimum-values sketch: how many distinct texts were seen. Exact up to 63, then an estimate with a standard error of about 13 %
/// (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    /// The smallest hashes, in order; most sketches hold few.
    hashes: SmallVec<[u64; 2]>,
    /// A count that came without hashes, from what was shared without them; 0 where none did.
    told: u64,
}

impl Distinct {
    /// Adds one text.
    pub fn add(&mut self, text: &str) {
        self.add_bytes(text.as_bytes());
    }

    /// Adds the text of these bytes.
    pub fn add_bytes(&mut self, text: &[u8]) {
        self.insert(Distinct::hash(text));
    }

    /// Returns the hash of the text of these bytes.
    #[must_use]
    pub fn hash(text: &[u8]) -> u64 {
        Key::of_kept(text).number()
    }

    /// Returns the sketch of these hashes.
    #[must_use]
    pub fn of(hashes: impl IntoIterator<Item = u64>) -> Self {
        let mut distinct = Distinct::default();
        hashes.into_iter().for_each(|hash| distinct.insert(hash));
        distinct
    }

    /// Returns a count whose hashes are not known: of those that are merged the largest counts.
    #[must_use]
    pub fn told(count: u64) -> Self {
        Distinct { hashes: SmallVec::new(), told: count }
    }

    /// Returns the hashes, the smallest first.
    #[must_use]
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Whether two sketches have no hash in common; `None` where one of them does not hold all of its own.
    #[must_use]
    pub fn is_disjoint(&self, other: &Distinct) -> Option<bool> {
        let whole = |d: &Distinct| d.told == 0 && d.hashes.len() < KEEP;
        (whole(self) && whole(other)).then(|| self.hashes.iter().all(|h| other.hashes.binary_search(h).is_err()))
    }

    fn insert(&mut self, hash: u64) {
        // a full sketch lets nearly every new hash pass by
        if self.hashes.len() >= KEEP && self.hashes.last().is_some_and(|largest| hash > *largest) {
            return;
        }
        if let Err(at) = self.hashes.binary_search(&hash) {
            self.hashes.truncate(KEEP - 1);
            self.hashes.insert(at, hash);
        }
    }

    /// Adds all of another sketch.
    pub fn merge(&mut self, other: &Distinct) {
        for hash in &other.hashes {
            self.insert(*hash);
        }
        self.told = self.told.max(other.told);
    }

    /// Returns the count, and whether it is exact.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an estimate
    pub fn count(&self) -> (u64, bool) {
        match self.hashes.last() {
            Some(largest) if self.hashes.len() >= KEEP => {
                let share = *largest as f64 / u64::MAX as f64;
                ((((KEEP - 1) as f64 / share) as u64).max(self.told), false)
            }
            _ => ((self.hashes.len() as u64).max(self.told), self.told == 0),
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
