//! The windows of a log as numbers from 0.

use std::ops::Range;

use crate::tally::Account;
use crate::tally::spread::start;

/// Windows from the first to the last time of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Start of window 0, milliseconds since the epoch.
    start: i64,
    /// Length of a window in milliseconds.
    pub(super) window_ms: i64,
    /// How many there are.
    pub(super) len: usize,
    /// The part of the first window that the log does not cover.
    head: f64,
    /// The part of the last window that the log does not cover.
    tail: f64,
}

/// Returns a count as a real number; counts of a log are far below 2^52.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn real(n: u64) -> f64 {
    n as f64
}

/// Returns a number of windows as a real number.
pub(super) fn windows(n: usize) -> f64 {
    real(n as u64)
}

impl Grid {
    /// Returns the windows of an account; none if it names no time.
    pub(super) fn of(account: &Account) -> Option<Grid> {
        let length = account.tally.window_ms;
        let known = account.tally.cells.values().flat_map(|c| c.first.into_iter().chain(c.last));
        let known = known.chain(account.span.into_iter().flat_map(|s| [s.0, s.1]));
        let (first, last) = known.fold(None, |span: Option<(i64, i64)>, t| Some(span.map_or((t, t), |s| (s.0.min(t), s.1.max(t)))))?;
        let start = start(first, length);
        let len = usize::try_from((last - start) / length + 1).ok()?;
        let share = |ms: i64| real(ms.unsigned_abs()) / real(length.unsigned_abs());
        let head = share(first - start);
        // a log is known to go on until its last line, and not after
        let tail = share(length - 1 - (last - start) % length);
        Some(Grid { start, window_ms: length, len, head, tail })
    }

    /// Returns the number of the window that begins then.
    pub(super) fn index(self, window: i64) -> Option<usize> {
        usize::try_from((window - self.start).div_euclid(self.window_ms)).ok().filter(|i| *i < self.len)
    }

    /// Returns when a window begins.
    pub(super) fn time(self, index: usize) -> i64 {
        self.start + i64::try_from(index).unwrap_or(i64::MAX / self.window_ms).saturating_mul(self.window_ms)
    }

    /// Returns how much of some windows the log covers, in windows.
    pub(super) fn covered(self, range: &Range<usize>) -> f64 {
        if range.is_empty() {
            return 0.0;
        }
        let head = if range.start == 0 { self.head } else { 0.0 };
        let tail = if range.end >= self.len { self.tail } else { 0.0 };
        (windows(range.len()) - head - tail).max(1e-3)
    }

    /// Returns how much of all windows the log covers.
    pub(super) fn all(self) -> f64 {
        self.covered(&(0..self.len))
    }

    /// Returns how many windows a time takes, rounded up; at least one.
    pub(super) fn windows_in(self, ms: i64) -> usize {
        usize::try_from(ms.div_euclid(self.window_ms) + i64::from(ms % self.window_ms != 0)).unwrap_or(1).max(1)
    }

    /// Returns windows as minutes.
    pub(super) fn minutes(self, covered: f64) -> f64 {
        covered * real(self.window_ms.unsigned_abs()) / 60_000.0
    }
}
