//! Bursts: failures of one client and cause within a second.
//!
//! Input: findings, and the clock. Output: which are told at once, and how many more there were. Bounded: above [`MOST`] clients at once, bursts end early.

use hashbrown::HashMap;

use crate::cause::Cause;
use crate::finding::Finding;

/// How long a burst is gathered, in milliseconds of the log and of the clock.
const LENGTH_MS: i64 = 1000;

/// Bursts that are gathered at once.
const MOST: usize = 1024;

/// Whose failures, and why.
type Key = (Option<String>, Option<String>, Cause);

/// How many failures came after the one that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct More {
    pub(super) client: Option<String>,
    pub(super) cause: Cause,
    /// The last one's time.
    pub(super) time: Option<i64>,
    pub(super) count: u64,
    /// From the first, which was told, to the last.
    pub(super) length_ms: i64,
}

/// A burst that is gathered.
#[derive(Debug)]
struct Burst {
    /// When the first was told, by the clock.
    told: i64,
    /// The times of the first and the last, by the log.
    first: Option<i64>,
    last: Option<i64>,
    /// Failures after the first.
    more: u64,
    /// The place in the order of beginnings.
    number: u64,
}

/// All bursts that are gathered.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    open: HashMap<Key, Burst>,
    begun: u64,
}

impl Bursts {
    /// Takes in a finding; returns the bursts that it ends, and whether it is the first of one and to be told.
    pub(super) fn add(&mut self, finding: &Finding, now: i64) -> (Vec<More>, bool) {
        let key = (finding.realm.clone(), finding.client.clone(), finding.cause);
        let time = finding.time.map(|t| t.timestamp_millis());
        if let Some(burst) = self.open.get_mut(&key)
            && near(burst.first, time)
        {
            burst.more += 1;
            burst.last = burst.last.max(time);
            return (Vec::new(), false);
        }
        let mut ended: Vec<More> = self.open.remove(&key).and_then(|b| more(&key, &b)).into_iter().collect();
        if self.open.len() >= MOST {
            ended.extend(self.over(i64::MAX));
        }
        self.begun += 1;
        self.open.insert(key, Burst { told: now, first: time, last: time, more: 0, number: self.begun });
        (ended, true)
    }

    /// Ends the bursts whose second is over; returns those that had more than their first, in the order in which they began.
    pub(super) fn over(&mut self, now: i64) -> Vec<More> {
        let mut ended: Vec<(u64, More)> = Vec::new();
        self.open.retain(|key, burst| {
            let goes_on = now.saturating_sub(burst.told) < LENGTH_MS;
            if !goes_on {
                ended.extend(more(key, burst).map(|m| (burst.number, m)));
            }
            goes_on
        });
        ended.sort_by_key(|(number, _)| *number);
        ended.into_iter().map(|(_, m)| m).collect()
    }
}

/// Whether a failure belongs to a burst that began then.
fn near(first: Option<i64>, time: Option<i64>) -> bool {
    match (first, time) {
        (Some(a), Some(b)) => a.abs_diff(b) < LENGTH_MS.unsigned_abs(),
        (None, None) => true,
        _ => false,
    }
}

fn more(key: &Key, burst: &Burst) -> Option<More> {
    let length_ms = burst.first.zip(burst.last).map_or(0, |(a, b)| b - a);
    (burst.more > 0).then(|| More { client: key.1.clone(), cause: key.2, time: burst.last, count: burst.more, length_ms })
}
