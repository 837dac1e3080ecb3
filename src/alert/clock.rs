//! The time of the log, and whether what comes now happens now.
//!
//! While lines come, their times are the time; while none come it goes on with the clock on the wall. A run that reads a backlog sees the log's time go faster
//! than the clock: then nothing is live. Must not ask for the time.

use serde::{Deserialize, Serialize};

/// Findings are taken in the order of their times: one is waited for so long by the time of the log. A finding is held for two seconds at most.
pub(super) const LATE_MS: i64 = 3000;

/// A log so near to the clock is read as it is written.
pub(super) const RECENT_MS: i64 = 120_000;

/// The log's time went faster than the clock if it gained more than this between two looks.
const GAIN_MS: i64 = 10_000;

/// A backlog is read when the log's time has gone no faster than the clock for so long.
const SETTLED_MS: i64 = 3000;

/// Bytes that are no backlog: a second or so of a busy server.
const BACKLOG: u64 = 1 << 20;

/// A time so far ahead of the clock is no time.
const AHEAD_MS: i64 = 86_400_000;

/// The time of the log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Clock {
    /// The time; `None` as long as no line named one.
    pub now: Option<i64>,
    /// The latest time that a line named.
    end: Option<i64>,
    /// The clock on the wall at the last look; a run that goes on begins anew.
    #[serde(skip)]
    wall: Option<i64>,
    /// When the log's time last went faster than the clock.
    #[serde(skip)]
    hurried: i64,
    #[serde(skip)]
    pub live: bool,
}

impl Clock {
    /// Takes in a time that a line named.
    pub fn see(&mut self, time: i64) {
        if self.wall.is_none_or(|wall| time <= wall + AHEAD_MS) {
            self.end = self.end.max(Some(time));
        }
    }

    /// Takes in the clock on the wall, how far the last line is behind it, and what is still to be read.
    pub fn tick(&mut self, wall: i64, lag_ms: Option<i64>, behind_bytes: u64) {
        if let Some(lag) = lag_ms {
            self.see(wall.saturating_sub(lag));
        }
        let passed = self.wall.map_or(0, |before| (wall - before).max(0));
        let is_first = self.wall.replace(wall).is_none();
        let by_clock = self.now.map(|now| if self.live { now + passed } else { now });
        let Some(now) = by_clock.max(self.end.filter(|end| *end <= wall + AHEAD_MS)) else { return };
        let gained = self.now.map_or(i64::MAX, |before| now - before - passed);
        if is_first || gained > GAIN_MS || behind_bytes > BACKLOG {
            self.hurried = wall;
        }
        self.now = Some(now);
        self.live = behind_bytes <= BACKLOG && (self.is_recent() || wall - self.hurried >= SETTLED_MS);
    }

    /// Whether the log's time is about that of the clock.
    pub fn is_recent(&self) -> bool {
        self.now.zip(self.wall).is_some_and(|(now, wall)| (wall - now).abs() <= RECENT_MS)
    }

    /// Returns the time up to which no more findings are waited for.
    pub fn watermark(&self) -> Option<i64> {
        self.now.map(|now| now - LATE_MS)
    }

    /// Returns the clock on the wall.
    pub fn wall(&self) -> i64 {
        self.wall.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn a_log_that_is_written_now_is_live_at_once_and_goes_on_in_silence() {
        let mut clock = Clock::default();
        clock.tick(NOW, Some(200), 0);
        assert!(clock.live);
        for i in 1..=40 {
            clock.tick(NOW + i * 250, Some(200 + i * 250), 0);
        }
        assert_eq!((clock.now, clock.live), (Some(NOW - 200 + 10_000), true));
    }

    #[test]
    fn a_backlog_is_not_live_until_it_is_read() {
        let mut clock = Clock::default();
        let mut wall = NOW;
        for hours in (1..=24).rev() {
            clock.tick(wall, Some(hours * 3_600_000), 1 << 30);
            assert!(!clock.live, "{hours} hours behind");
            wall += 250;
        }
        clock.tick(wall, Some(300), 0);
        assert!(clock.live);
    }

    #[test]
    fn a_log_in_another_zone_is_live_once_it_settles() {
        let mut clock = Clock::default();
        let lag = 2 * 3_600_000;
        for (after, live) in [(0, false), (1000, false), (2999, false), (3000, true), (4000, true)] {
            clock.tick(NOW + after, Some(lag), 0);
            assert_eq!(clock.live, live, "{after}");
        }
        // silence: time goes on with the clock
        clock.tick(NOW + 64_000, Some(lag + 60_000), 0);
        assert_eq!(clock.now, Some(NOW + 64_000 - lag));
    }

    #[test]
    fn a_time_of_another_century_does_no_harm() {
        let mut clock = Clock::default();
        clock.tick(NOW, Some(0), 0);
        clock.see(NOW + 80 * 365 * 86_400_000);
        clock.tick(NOW + 250, Some(0), 0);
        assert_eq!(clock.now, Some(NOW + 250));
    }
}
