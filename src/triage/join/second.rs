//! Times of logs that print seconds only (`%d{yyyy-MM-dd HH:mm:ss}`).
//!
//! Input: the times of events and companions in the order of a stream. Output: the same times with the order within a second, as the milliseconds that are not printed:
//! two events of one second are not told at the same moment, and the second one comes later. Must not know what was printed.

use serde::{Deserialize, Serialize};

const SECOND_MS: i64 = 1000;

/// What was printed of the second at hand.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seconds {
    /// A time was more exact.
    are_fine: bool,
    /// The second, and the events so far that are of it.
    at: Option<(i64, i64)>,
}

impl Seconds {
    /// Returns whether times are not more exact than seconds, as far as they show.
    #[inline]
    pub(super) fn are_coarse(&mut self, time: i64) -> bool {
        self.are_fine |= time % SECOND_MS != 0;
        !self.are_fine
    }

    /// Returns a time with its order; behind an event comes a later one.
    #[cold]
    pub(super) fn ordered(&mut self, time: i64, is_event: bool) -> i64 {
        let events = match self.at {
            Some((second, events)) if second == time => events,
            _ => 0,
        };
        self.at = Some((time, (events + i64::from(is_event)).min(SECOND_MS - 1)));
        time + events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_a_second_come_one_behind_the_other() {
        let mut seconds = Seconds::default();
        let table = [(5000, true, 5000), (5000, false, 5001), (5000, true, 5001), (5000, true, 5002), (6000, false, 6000), (5000, true, 5000)];
        for (time, is_event, want) in table {
            assert!(seconds.are_coarse(time));
            assert_eq!(seconds.ordered(time, is_event), want, "{time}");
        }
        for _ in 0..2000 {
            assert!(seconds.ordered(7000, true) < 8000);
        }
        assert!(!seconds.are_coarse(8001) && !seconds.are_coarse(9000));
    }
}
