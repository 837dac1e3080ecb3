//! Stamps to instants.
//!
//! Input: a [`Stamp`] and what is known of its stream. Output: milliseconds since the epoch in UTC. A stamp without a zone is read in the
//! zone that the user named (UTC by default); one without a date counts midnights from a date that the stream was given.

use chrono::{Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone};

use crate::record::Stamp;
use crate::record::stamp::DAY_MS;

/// The zone of stamps that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zone {
    /// UTC: the default.
    #[default]
    Utc,
    /// A fixed offset, `+02:00`.
    Fixed(FixedOffset),
    /// A zone of the tz database, `Europe/Berlin`, with its changes of clock.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// Returns the instant of a wall clock's time. A time that occurs twice is the earlier; one that does not occur is read as if the clock
    /// had not been changed yet.
    #[must_use]
    #[inline]
    pub fn instant(self, local_ms: i64) -> i64 {
        match self {
            Zone::Utc => local_ms,
            Zone::Fixed(offset) => local_ms - i64::from(offset.local_minus_utc()) * 1000,
            Zone::Named(zone) => instant_in(zone, local_ms),
        }
    }

    /// Returns what a wall clock of the zone shows at an instant; `None` where no calendar has it.
    #[must_use]
    pub fn wall(self, ms: i64) -> Option<NaiveDateTime> {
        let utc = naive(ms)?;
        let offset = match self {
            Zone::Utc => return Some(utc),
            Zone::Fixed(offset) => offset,
            Zone::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
        };
        utc.checked_add_offset(offset)
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Zone::Utc => f.write_str("UTC"),
            Zone::Fixed(offset) => write!(f, "{offset}"),
            Zone::Named(zone) => f.write_str(zone.name()),
        }
    }
}

/// Returns the instant of a wall clock's time in a zone that changes its clocks.
fn instant_in(zone: chrono_tz::Tz, local_ms: i64) -> i64 {
    let Some(naive) = naive(local_ms) else { return local_ms };
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => t.timestamp_millis(),
        LocalResult::None => {
            let before = naive - Duration::hours(3);
            zone.from_local_datetime(&before).earliest().map_or(local_ms, |t| t.timestamp_millis() + 3 * 3_600_000)
        }
    }
}

fn naive(local_ms: i64) -> Option<NaiveDateTime> {
    chrono::DateTime::from_timestamp_millis(local_ms).map(|t| t.naive_utc())
}

/// The clock of one node's stream: counts midnights where lines have no date.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Clock {
    /// Told again after a restart: it is an option.
    #[serde(skip)]
    zone: Zone,
    /// The date of the first line without one.
    date: Option<NaiveDate>,
    /// Midnights that passed before the chunk at hand.
    midnights: i64,
    /// The last time of the day of the chunk before.
    last: Option<u32>,
}

impl Clock {
    /// Returns a clock for a stream whose first dateless line is of `date`.
    #[must_use]
    pub fn new(zone: Zone, date: Option<NaiveDate>) -> Self {
        Clock { zone, date, midnights: 0, last: None }
    }

    /// Says in which zone stamps are that name none.
    pub fn reads_in(&mut self, zone: Zone) {
        self.zone = zone;
    }

    /// Begins a chunk whose dateless lines run from the first to the last time of the day over that many midnights.
    pub fn begin(&mut self, days: Option<(u32, u32, u16)>) {
        if let (Some((first, ..)), Some(last)) = (days, self.last)
            && first.saturating_add(crate::signal::batch::MIDNIGHT_BACK_MS) < last
        {
            self.midnights += 1;
        }
    }

    /// Ends that chunk.
    pub fn end(&mut self, days: Option<(u32, u32, u16)>) {
        if let Some((_, last, midnights)) = days {
            self.midnights += i64::from(midnights);
            self.last = Some(last);
        }
    }

    /// Whether a line without a date has one by this clock.
    #[must_use]
    pub fn has_date(&self) -> bool {
        self.date.is_some()
    }

    /// Says of which date the first line without one is.
    pub fn begins_on(&mut self, date: NaiveDate) {
        self.date = Some(date);
    }

    /// Returns the instant of a stamp, `day` midnights after its chunk began. `envelope` is when the wrapper says that the line was written:
    /// it stands in for what the line does not say.
    #[must_use]
    #[inline]
    pub fn instant(&self, stamp: Stamp, day: u16, envelope: Option<i64>) -> Option<i64> {
        match stamp {
            Stamp::Unknown => envelope,
            Stamp::Zoned(ms) => Some(ms),
            Stamp::Local(ms) => Some(self.zone.instant(ms)),
            Stamp::TimeOfDay(ms) => self.dateless(ms, day, envelope),
        }
    }

    /// Returns the instant of a time of the day.
    fn dateless(&self, ms: u32, day: u16, envelope: Option<i64>) -> Option<i64> {
        let Some(date) = self.date else {
            let near = envelope?;
            let today = near.div_euclid(DAY_MS);
            return (today - 1..=today + 1).map(|day| self.zone.instant(day * DAY_MS + i64::from(ms))).min_by_key(|t| (t - near).abs());
        };
        let days = date.signed_duration_since(NaiveDate::default()).num_days() + self.midnights + i64::from(day);
        Some(self.zone.instant(days * DAY_MS + i64::from(ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_clocks_are_read_in_their_zone() {
        let berlin = Zone::Named(chrono_tz::Europe::Berlin);
        let at = |s: &str| NaiveDateTime::parse_from_str(s, "%Y-%m-%d %H:%M:%S").expect("a time").and_utc().timestamp_millis();
        let table = [
            (Zone::Utc, "2026-07-01 12:00:00", "2026-07-01 12:00:00"),
            (berlin, "2026-07-01 12:00:00", "2026-07-01 10:00:00"),
            (berlin, "2026-12-01 12:00:00", "2026-12-01 11:00:00"),
            (berlin, "2026-03-29 02:30:00", "2026-03-29 01:30:00"), // does not occur
            (berlin, "2026-10-25 02:30:00", "2026-10-25 00:30:00"), // occurs twice
            (Zone::Fixed(FixedOffset::west_opt(5 * 3600 + 1800).expect("an offset")), "2026-07-01 12:00:00", "2026-07-01 17:30:00"),
        ];
        for (zone, local, utc) in table {
            assert_eq!(zone.instant(at(local)), at(utc), "{zone} {local}");
        }
    }

    #[test]
    fn what_a_line_does_not_say_is_taken_from_its_envelope() {
        let clock = Clock::new(Zone::Utc, None);
        let noon = 20_780 * DAY_MS + DAY_MS / 2;
        let late = 23 * 3_600_000 + 59 * 60_000;
        assert_eq!(clock.instant(Stamp::Unknown, 0, Some(noon)), Some(noon));
        assert_eq!(
            clock.instant(Stamp::TimeOfDay(late), 0, Some(20_781 * DAY_MS + 5)),
            Some(20_780 * DAY_MS + i64::from(late)),
            "written before midnight, received after"
        );
        assert_eq!(clock.instant(Stamp::TimeOfDay(late), 0, None), None);
    }

    #[test]
    fn midnight_passes_between_and_within_chunks() {
        let mut clock = Clock::new(Zone::Utc, NaiveDate::from_ymd_opt(2026, 11, 22));
        let (late, early) = (23 * 3_600_000, 3_600_000);
        clock.begin(Some((late, late, 0)));
        let first = clock.instant(Stamp::TimeOfDay(late), 0, None).expect("a time");
        clock.end(Some((late, late, 0)));
        clock.begin(Some((early, early, 1)));
        assert_eq!(clock.instant(Stamp::TimeOfDay(early), 0, None).expect("a time") - first, 2 * 3_600_000);
        assert_eq!(clock.instant(Stamp::TimeOfDay(early), 1, None).expect("a time") - first, 26 * 3_600_000);
    }
}
