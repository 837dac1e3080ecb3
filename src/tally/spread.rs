//! How failures are spread over time: how many came in each window.
//!
//! Input: times, mostly in order. Output: the windows in order. A log whose times leap to and fro costs no more than one whose times do not: what comes out of
//! order waits until there is enough of it to be sorted in.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The start of a window, how many came in it, and the first of them.
pub(super) type Window = (i64, u64, i64);

/// Windows that come late and are sorted in at once, where there are few.
const LATE: usize = 64;

/// Windows that are moved to make room for one that comes late: that is less work than to sort it in later.
const MOVED: usize = 256;

/// Counts by window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Spread {
    windows: SmallVec<[Window; 1]>,
    /// So many of them are in order, each once; what is behind them came late.
    sorted: usize,
}

impl Spread {
    /// Counts one that came at a time in a window.
    pub(super) fn note(&mut self, window: i64, time: i64) {
        self.add((window, 1, time));
    }

    fn add(&mut self, (window, count, first): Window) {
        let windows = self.windows.as_mut_slice();
        let place = match windows.last() {
            Some(last) if last.0 == window => Ok(windows.len() - 1),
            Some(last) if last.0 < window && self.sorted == windows.len() => Err(self.sorted),
            _ => windows[..self.sorted].binary_search_by_key(&window, |w| w.0),
        };
        match place {
            Ok(at) => {
                let known = &mut windows[at];
                (known.1, known.2) = (known.1 + count, known.2.min(first));
            }
            Err(at) if self.sorted == windows.len() && self.sorted - at <= MOVED => {
                self.windows.insert(at, (window, count, first));
                self.sorted += 1;
            }
            Err(_) => {
                self.windows.push((window, count, first));
                if self.windows.len() - self.sorted > LATE.max(self.sorted / 2) {
                    self.settle();
                }
            }
        }
    }

    /// Adds all of another.
    pub(super) fn merge(&mut self, other: &Spread) {
        other.windows.iter().for_each(|window| self.add(*window));
    }

    /// Makes the windows longer: each begins where its time lies in one of that length.
    pub(super) fn lengthen(&mut self, window_ms: i64) {
        for window in &mut self.windows {
            let longer = start(window.0, window_ms);
            if window.0 != longer {
                // others can begin there, too
                (window.0, self.sorted) = (longer, 0);
            }
        }
        self.settle();
        self.windows.shrink_to_fit();
    }

    /// Puts all windows in order, each once.
    fn settle(&mut self) {
        if self.sorted == self.windows.len() {
            return;
        }
        self.windows.sort_unstable();
        let mut kept: usize = 0;
        for at in 0..self.windows.len() {
            let (window, count, first) = self.windows[at];
            match kept.checked_sub(1).map(|last| &mut self.windows[last]) {
                Some(last) if last.0 == window => (last.1, last.2) = (last.1 + count, last.2.min(first)),
                _ => {
                    self.windows[kept] = (window, count, first);
                    kept += 1;
                }
            }
        }
        self.windows.truncate(kept);
        self.sorted = kept;
    }

    /// Returns how many windows it takes the room of.
    pub(super) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Returns the windows in order.
    pub(super) fn windows(mut self) -> Vec<Window> {
        self.settle();
        self.windows.into_vec()
    }
}

/// Returns the start of the window that a time lies in.
pub(super) fn start(time: i64, window_ms: i64) -> i64 {
    time.div_euclid(window_ms) * window_ms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_the_order_the_windows_are_the_same(times in prop::collection::vec(-500i64..500, 0..400), other in prop::collection::vec(0i64..900, 0..90)) {
            let (mut spread, mut more, mut want) = (Spread::default(), Spread::default(), BTreeMap::<i64, (u64, i64)>::new());
            let mut note = |spread: &mut Spread, time: i64| {
                spread.note(start(time, 3), time);
                let known = want.entry(start(time, 3)).or_insert((0, time));
                *known = (known.0 + 1, known.1.min(time));
            };
            for (spread, times) in [(&mut spread, times), (&mut more, other)] {
                for time in times {
                    note(spread, time);
                }
            }
            spread.merge(&more);
            prop_assert_eq!(spread.clone().windows(), want.iter().map(|(window, (count, first))| (*window, *count, *first)).collect::<Vec<_>>());
            let mut longer = BTreeMap::<i64, (u64, i64)>::new();
            for (window, (count, first)) in &want {
                let known = longer.entry(start(*window, 6)).or_insert((0, *first));
                *known = (known.0 + count, known.1.min(*first));
            }
            spread.lengthen(6);
            prop_assert_eq!(spread.windows(), longer.into_iter().map(|(window, (count, first))| (window, count, first)).collect::<Vec<_>>());
        }
    }
}
