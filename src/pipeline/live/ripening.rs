//! How many had come by when: so that what waits for another stream, or for a line that may never come, waits a bounded time by the clock.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many of a queue had come by when.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ripening {
    marks: VecDeque<(u64, i64)>,
    ripe: u64,
}

impl Ripening {
    /// Notes that by now so many have come.
    pub fn note(&mut self, count: u64, now: i64) {
        if self.marks.back().map_or(self.ripe, |m| m.0) < count {
            self.marks.push_back((count, now));
        }
    }

    /// Returns how many had come by a time; asked for with times that do not go back.
    pub fn by(&mut self, time: i64) -> u64 {
        while let Some((count, _)) = self.marks.front().filter(|m| m.1 <= time) {
            self.ripe = *count;
            self.marks.pop_front();
        }
        self.ripe
    }
}
