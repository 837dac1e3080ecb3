//! Instants as the wall clock of the reader's zone shows them.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Offset, TimeZone, Utc};

use crate::triage::clock::Zone;

/// Writes instants; with their day where the log has more than one, or none is known.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::report) struct Moments {
    zone: Zone,
    dated: bool,
}

impl Moments {
    pub(in crate::report) fn new(zone: Zone, span: Option<(i64, i64)>) -> Self {
        let mut moments = Moments { zone, dated: false };
        moments.dated = span.is_none_or(|(a, b)| moments.local(a).map(|t| t.date()) != moments.local(b).map(|t| t.date()));
        moments
    }

    /// Returns the wall clock's time.
    fn local(self, ms: i64) -> Option<NaiveDateTime> {
        let utc: DateTime<Utc> = DateTime::from_timestamp_millis(ms)?;
        let offset: FixedOffset = match self.zone {
            Zone::Utc => FixedOffset::east_opt(0)?,
            Zone::Fixed(offset) => offset,
            Zone::Named(zone) => zone.offset_from_utc_datetime(&utc.naive_utc()).fix(),
        };
        Some(utc.with_timezone(&offset).naive_local())
    }

    /// Returns how far the zone's clock is ahead of UTC.
    pub(in crate::report) fn offset_ms(self, ms: i64) -> i64 {
        self.local(ms).map_or(0, |t| t.and_utc().timestamp_millis() - ms)
    }

    fn format(self, ms: i64, form: &str) -> String {
        self.local(ms).map_or_else(|| "an unknown time".to_owned(), |t| t.format(form).to_string())
    }

    /// Writes `10:41:47`, or `11-23 10:41:47` in a log of several days.
    pub(in crate::report) fn time(self, ms: i64) -> String {
        self.format(ms, if self.dated { "%m-%d %H:%M:%S" } else { "%H:%M:%S" })
    }

    /// Writes `10:41`, with the day in a log of several.
    pub(in crate::report) fn minute(self, ms: i64) -> String {
        self.format(ms, if self.dated { "%m-%d %H:%M" } else { "%H:%M" })
    }

    /// Writes `2026-11-23 10:41`.
    pub(in crate::report) fn date(self, ms: i64) -> String {
        self.format(ms, "%Y-%m-%d %H:%M")
    }

    /// Writes `2026-11-23 10:41:47`, as a person types it.
    pub(in crate::report) fn typed_by_hand(self, ms: i64) -> String {
        self.format(ms, "%Y-%m-%d %H:%M:%S")
    }

    /// Writes `2026-11-23T10:41:47.000Z`, as options take a time.
    pub(in crate::report) fn typed(ms: i64) -> Option<String> {
        Some(DateTime::<Utc>::from_timestamp_millis(ms)?.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    /// Writes the span of a log: `2026-11-23 10:00:00 to 12:10:00 UTC`.
    pub(in crate::report) fn span(self, from: i64, to: i64) -> String {
        let same_year = self.local(from).map(|t| t.year()) == self.local(to).map(|t| t.year());
        let end = match (self.dated, same_year) {
            (false, _) => "%H:%M:%S",
            (true, true) => "%m-%d %H:%M:%S",
            (true, false) => "%Y-%m-%d %H:%M:%S",
        };
        format!("{} to {} {}", self.format(from, "%Y-%m-%d %H:%M:%S"), self.format(to, end), self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_in_the_zone() {
        let noon = 1_795_435_200_000; // 2026-11-23T12:00:00Z
        let berlin = Zone::Named(chrono_tz::Europe::Berlin);
        let table = [
            (Zone::Utc, 3_600_000, "12:00:00", "2026-11-23 12:00:00 to 13:00:00 UTC"),
            (berlin, 3_600_000, "13:00:00", "2026-11-23 13:00:00 to 14:00:00 Europe/Berlin"),
            (Zone::Utc, 86_400_000, "11-23 12:00:00", "2026-11-23 12:00:00 to 11-24 12:00:00 UTC"),
            (berlin, 11 * 3_600_000, "11-23 13:00:00", "2026-11-23 13:00:00 to 11-24 00:00:00 Europe/Berlin"),
        ];
        for (zone, length, time, span) in table {
            let moments = Moments::new(zone, Some((noon, noon + length)));
            assert_eq!((moments.time(noon).as_str(), moments.span(noon, noon + length).as_str()), (time, span));
        }
    }
}
