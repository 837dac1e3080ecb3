//! Numbers for equal failures of one stream.
//!
//! Input: the digests of failures in the order of the stream, with their times. Output: how many equal ones came before, as far as they are remembered. Two
//! digests that are equal are those of lines with the same stamp, so a line that is later than all before it has no equal and is not looked for: in
//! a table of so many places each look costs more than reading the line. Must not know what a failure is.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// How many digests are remembered.
const RECENT: usize = 1 << 16;

/// Digests of one moment that are looked through one by one.
const NEAR: usize = 16;

/// The digests that were met lately.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Ordinals {
    /// The latest digests in the order in which each came first, and how often those came that are not in the table.
    order: VecDeque<(u128, u32)>,
    /// How many from the front on are in the table.
    known: usize,
    table: HashMap<u128, u32, RandomState>,
    /// The largest time, and where the digests of that time begin.
    high: Option<i64>,
    begins: usize,
}

impl Ordinals {
    /// Numbers a failure, the first of equal ones 0. Equal failures have the same time; `None` where nothing vouches for that.
    pub(super) fn next(&mut self, digest: u128, time: Option<i64>) -> u32 {
        if let Some(time) = time {
            if self.high.is_none_or(|high| high < time) {
                (self.high, self.begins) = (Some(time), self.order.len());
                self.push(digest, 1);
                return 0;
            }
            let is_near = self.begins >= self.known && self.order.len() - self.begins <= NEAR;
            if self.high == Some(time) && is_near {
                if let Some((_, count)) = self.order.range_mut(self.begins..).find(|(d, _)| *d == digest) {
                    *count += 1;
                    return *count - 1;
                }
                self.push(digest, 1);
                return 0;
            }
        }
        for (digest, count) in self.order.range(self.known..) {
            self.table.insert(*digest, *count);
        }
        self.known = self.order.len();
        let count = self.table.entry(digest).or_insert(0);
        let ordinal = *count;
        *count += 1;
        if ordinal == 0 {
            self.known += 1;
            self.push(digest, 1);
        }
        ordinal
    }

    /// Adds a digest; the oldest goes where there are too many.
    fn push(&mut self, digest: u128, count: u32) {
        self.order.push_back((digest, count));
        if self.order.len() <= RECENT {
            return;
        }
        if let Some((old, _)) = self.order.pop_front()
            && self.known > 0
        {
            self.table.remove(&old);
            self.known -= 1;
        }
        self.begins = self.begins.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain way: every digest in a table.
    #[derive(Default)]
    struct Plain {
        counts: std::collections::HashMap<u128, u32>,
        order: VecDeque<u128>,
    }

    impl Plain {
        fn next(&mut self, digest: u128) -> u32 {
            let count = self.counts.entry(digest).or_insert(0);
            *count += 1;
            let ordinal = *count - 1;
            if ordinal == 0 {
                self.order.push_back(digest);
                if self.order.len() > RECENT
                    && let Some(old) = self.order.pop_front()
                {
                    self.counts.remove(&old);
                }
            }
            ordinal
        }
    }

    proptest::proptest! {
        #[test]
        fn failures_are_numbered_as_if_each_was_looked_for(lines in proptest::collection::vec((0i64..4, 0u128..3, 0i64..3, proptest::bool::weighted(0.05)), 0..300)) {
            let (mut ordinals, mut plain, mut now) = (Ordinals::default(), Plain::default(), 0);
            for (forward, text, back, unvouched) in lines {
                now += forward / 3;
                let time = now - back / 2;
                // a line that nothing vouches for is no other time's equal, and no equal of one that something vouches for
                let digest = (u128::try_from(time + 10).unwrap_or(0) << 8) | text | u128::from(unvouched) << 4;
                proptest::prop_assert_eq!(ordinals.next(digest, (!unvouched).then_some(time)), plain.next(digest));
            }
        }
    }

    #[test]
    fn many_of_one_moment_and_more_than_are_remembered_are_numbered_as_well() {
        let (mut ordinals, mut plain) = (Ordinals::default(), Plain::default());
        let mut same = |digest: u128, time: i64| assert_eq!(ordinals.next(digest, Some(time)), plain.next(digest), "{digest} at {time}");
        for round in 0..3 {
            for i in 0..40_000i64 {
                let time = round * 20_000 + i;
                same(u128::try_from(time).unwrap_or(0) << 8, time);
            }
            for i in 0..100 {
                same((1 << 100) | u128::try_from(round * 100 + i % 40).unwrap_or(0), round * 20_000 + 39_999);
            }
        }
    }
}
