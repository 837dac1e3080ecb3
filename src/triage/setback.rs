//! Whether a server's clock was set back.
//!
//! Input: the times of one stream's signals, in its order. Output: by how much, once it is sure. One late line goes back and returns; a clock that was set back goes on from
//! there, at its own pace. A log that was put together of several is older by more, or begins another file; and an hour is the change from summer time. A leap
//! ahead looks like silence, and is not told. Must not know what the signals mean.

use serde::{Deserialize, Serialize};

use super::joined::At;

/// Lines that another thread was late to print are not older.
const LEAST_MS: i64 = 2000;

/// What goes back by more is another log.
const MOST_MS: i64 = 5 * 60_000;

/// So many signals in a row stay behind.
const STEADY: u8 = 8;

/// What may be a step of the clock, and the last signal before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SetBack {
    last: Option<(i64, u32)>,
    step: Option<Step>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Step {
    /// The time before it.
    before: i64,
    /// The first time after it, and where.
    time: i64,
    at: At,
    /// The latest since.
    latest: i64,
    signals: u8,
}

impl SetBack {
    /// Takes in the time of a signal; returns when and where the clock was set back by how many milliseconds, once that is sure.
    #[inline]
    pub(super) fn note(&mut self, time: i64, at: At) -> Option<(i64, At, i64)> {
        let last = self.last.replace((time, at.source));
        if self.step.is_none() && last.is_none_or(|(before, _)| before <= time) {
            // nearly every signal: nothing went back
            return None;
        }
        self.back(time, at, last)
    }

    fn back(&mut self, time: i64, at: At, last: Option<(i64, u32)>) -> Option<(i64, At, i64)> {
        match &mut self.step {
            // each goes on from where the others are, and none is back where they were before
            Some(step) if time + LEAST_MS > step.latest && time < step.before => {
                step.latest = step.latest.max(time);
                step.signals += 1;
                if step.signals == STEADY {
                    let step = self.step.take()?;
                    return Some((step.time, step.at, step.before - step.time));
                }
            }
            _ => {
                let fits = |(before, source): (i64, u32)| source == at.source && (LEAST_MS..=MOST_MS).contains(&(before - time));
                self.step = last.filter(|l| fits(*l)).map(|(before, _)| Step { before, time, at, latest: time, signals: 1 });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(times: impl IntoIterator<Item = (i64, u32)>) -> Vec<(i64, u64, i64)> {
        let mut clock = SetBack::default();
        let mut note = |(line, (time, source)): (usize, (i64, u32))| clock.note(time, At::new(source, line as u64, 0));
        times.into_iter().enumerate().filter_map(&mut note).map(|(time, at, by)| (time, at.line.get(), by)).collect()
    }

    #[test]
    fn a_clock_that_goes_on_from_an_earlier_time_was_set_back() {
        let seconds = |from: i64, to: i64| (from..to).map(|s| (s * 1000, 0));
        assert_eq!(told(seconds(0, 100).chain(seconds(60, 160))), [(60_000, 100, 39_000)]);
        assert_eq!(told(seconds(0, 100)), []);
        // late lines, one and a few; an hour; another file; another log behind the first
        assert_eq!(told(seconds(0, 100).chain(seconds(40, 41)).chain(seconds(100, 160))), []);
        assert_eq!(told(seconds(0, 100).chain(seconds(94, 98)).chain(seconds(100, 160))), []);
        assert_eq!(told(seconds(0, 4000).chain(seconds(400, 4500))), []);
        assert_eq!(told(seconds(0, 100).chain((60..160).map(|s| (s * 1000, 1)))), []);
        // two nodes whose lines were put into one log as they came
        assert_eq!(told((0..200).map(|n| (n * 1000 - n % 2 * 7000, 0))), []);
    }
}
