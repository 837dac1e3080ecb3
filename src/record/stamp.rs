//! Time stamps as logs print them.
//!
//! Input: bytes that begin with a stamp. Output: a [`Stamp`] and how many bytes it took. Knows nothing of zones, nodes or files: what a
//! stamp without a zone or a date means is decided where the stream is known ([`crate::triage::clock`]).

use chrono::NaiveDate;

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// A time stamp, as exact as the line was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Stamp {
    /// The line carries no time that could be read.
    #[default]
    Unknown,
    /// Milliseconds since the epoch; the line named its zone.
    Zoned(i64),
    /// Milliseconds since the epoch as if the wall clock were UTC; the line named no zone.
    Local(i64),
    /// Milliseconds since midnight; the line has no date (`WildFly` console).
    TimeOfDay(u32),
}

/// Reads `n` decimal digits at `at`; `None` when one is missing.
fn digits(b: &[u8], at: usize, n: usize) -> Option<u32> {
    let mut value = 0u32;
    for &c in b.get(at..at + n)? {
        if !c.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(c - b'0');
    }
    Some(value)
}

/// Reads `HH:MM:SS[.,]fff…` at `at`; returns milliseconds of the day and the end.
fn time_of_day(b: &[u8], at: usize) -> Option<(u32, usize)> {
    let begins = hour_and_minute(b, at)?;
    let (ms, end) = seconds(b, at + 6)?;
    Some((begins + ms, end))
}

/// Reads `HH:MM:` at `at`; returns milliseconds of the day.
fn hour_and_minute(b: &[u8], at: usize) -> Option<u32> {
    let (h, m) = (digits(b, at, 2)?, digits(b, at + 3, 2)?);
    let well = b.get(at + 2) == Some(&b':') && b.get(at + 5) == Some(&b':') && h <= 23 && m <= 59;
    well.then_some((h * 60 + m) * 60_000)
}

/// Reads `SS[.,]fff…` at `at`; returns milliseconds and the end.
fn seconds(b: &[u8], at: usize) -> Option<(u32, usize)> {
    let s = digits(b, at, 2).filter(|s| *s <= 60)?;
    let (mut ms, mut end) = (s * 1000, at + 2);
    if matches!(b.get(end), Some(b'.' | b',')) && b.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        let mut scale = 100;
        while let Some(c) = b.get(end).filter(|c| c.is_ascii_digit()) {
            ms += u32::from(c - b'0') * scale;
            scale /= 10;
            end += 1;
        }
    }
    Some((ms, end))
}

/// Reads `Z`, `+HH:MM`, `+HHMM` or `+HH` at `at`; returns the offset in milliseconds and the end.
fn offset(b: &[u8], at: usize) -> Option<(i64, usize)> {
    let sign = match b.get(at)? {
        b'Z' => return Some((0, at + 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = digits(b, at + 1, 2)?;
    let (minutes, end) = if b.get(at + 3) == Some(&b':') {
        (digits(b, at + 4, 2)?, at + 6)
    } else if let Some(m) = digits(b, at + 3, 2) {
        (m, at + 5)
    } else {
        (0, at + 3)
    };
    Some((sign * i64::from(hours * 60 + minutes) * 60_000, end))
}

/// Returns the days since 1970-01-01, `None` for a date that does not exist.
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

/// Reads the stamp that `b` begins with: `2026-11-23 14:48:22,304`, `2026-11-23T14:48:22.304159Z`, `2026-11-23T14:48:22.3+01:00`
/// or `14:48:22,304`. Returns it with its length in bytes.
#[must_use]
pub fn stamp(b: &[u8]) -> Option<(Stamp, usize)> {
    Stamps::default().read(b)
}

/// Bytes of a date and a time up to its seconds.
const MINUTE: usize = "2026-11-23T14:48:".len();

/// Reads the date and the minute; returns when that begins, as if the wall clock were UTC.
fn minute(b: &[u8; MINUTE]) -> Option<i64> {
    if b[4] != b'-' || b[7] != b'-' || !matches!(b[10], b' ' | b'T') {
        return None;
    }
    let day = days(digits(b, 0, 4)?, digits(b, 5, 2)?, digits(b, 8, 2)?)?;
    Some(day * DAY_MS + i64::from(hour_and_minute(b, 11)?))
}

/// Reads stamps, faster where one is of the same minute as the one before.
#[derive(Debug, Default)]
pub struct Stamps {
    /// The minute as it is written, and when it begins.
    last: Option<([u8; MINUTE], i64)>,
}

impl Stamps {
    /// Reads a stamp as [`stamp`] does.
    pub fn read(&mut self, b: &[u8]) -> Option<(Stamp, usize)> {
        if b.get(2) == Some(&b':') {
            let (ms, end) = time_of_day(b, 0)?;
            return Some((Stamp::TimeOfDay(ms), end));
        }
        let written = b.first_chunk()?;
        let begins = match self.last {
            Some((last, begins)) if last == *written => begins,
            _ => {
                let begins = minute(written)?;
                self.last = Some((*written, begins));
                begins
            }
        };
        let (ms, end) = seconds(b, MINUTE)?;
        let local = begins + i64::from(ms);
        Some(match offset(b, end) {
            Some((off, end)) => (Stamp::Zoned(local - off), end),
            None => (Stamp::Local(local), end),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_rejects_what_is_none() {
        let day = 20_780 * DAY_MS; // 2026-11-23
        let at = day + i64::from((14 * 60 + 48) * 60 + 22) * 1000;
        let table: &[(&str, Option<(Stamp, usize)>)] = &[
            ("2026-11-23 14:48:22,304 WARN", Some((Stamp::Local(at + 304), 23))),
            ("2026-11-23T14:48:22.304159Z", Some((Stamp::Zoned(at + 304), 27))),
            ("2026-11-23T14:48:22.3+01:00 x", Some((Stamp::Zoned(at + 300 - 3_600_000), 27))),
            ("2026-11-23T14:48:22.30-0530", Some((Stamp::Zoned(at + 300 + 19_800_000), 27))),
            ("2026-11-23 14:48:22 INFO", Some((Stamp::Local(at), 19))),
            ("14:48:22,304 WARN", Some((Stamp::TimeOfDay(53_302_304), 12))),
            ("2026-02-30 14:48:22,304", None),
            ("2026-11-23 24:48:22,304", None),
            ("2026-11-23T14:48:61Z", None),
            ("2026-11-23T14:48:6", None),
            ("2026-11-23", None),
            ("14:48", None),
            ("", None),
        ];
        for (text, want) in table {
            assert_eq!(stamp(text.as_bytes()), *want, "{text}");
            let mut stamps = Stamps::default();
            stamps.read(b"2026-11-23T14:48:59.9Z");
            assert_eq!(stamps.read(text.as_bytes()), *want, "{text} behind another one");
        }
    }
}
