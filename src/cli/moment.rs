//! Moments as people type them, or copy them out of a log: `2026-11-23 14:00`, `14:00`, `2026-11-23T14:48:22.304Z`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use kctriage::triage::clock::Zone;

/// What to type.
pub const ADVICE: &str = "write 2026-11-23T14:00:00Z, 2026-11-23 14:00, 2026-11-23, or 14:00 (of today, or of the day that --date names)";

/// Reads a moment in milliseconds since the epoch. One without a zone is read in `zone`, a time of the day is of `day`, a date alone is its
/// first moment.
pub fn parse(text: &str, zone: Zone, day: NaiveDate) -> Option<i64> {
    let text = text.trim().replacen(',', ".", 1);
    if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
        return Some(time.timestamp_millis());
    }
    let text = text.replacen('T', " ", 1);
    // without seconds: 2026-11-23T14:00Z
    let zoned = text.strip_suffix(['Z', 'z']).map_or(text.clone(), |local| format!("{local}+00:00"));
    if let Ok(time) = DateTime::parse_from_str(&zoned, "%Y-%m-%d %H:%M%:z") {
        return Some(time.timestamp_millis());
    }
    let local = match text.split_once(' ') {
        Some((date, time)) => NaiveDateTime::new(self::date(date)?, time_of_day(time.trim())?),
        None => match date(&text) {
            Some(date) => date.and_time(NaiveTime::MIN),
            None => day.and_time(time_of_day(&text)?),
        },
    };
    Some(zone.instant(local.and_utc().timestamp_millis()))
}

/// Reads `2026-11-23`.
pub fn date(text: &str) -> Option<NaiveDate> {
    // chrono would read a year of one digit, too
    (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S%.f"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_type_them() {
        let berlin = Zone::Named(chrono_tz::Europe::Berlin);
        let day = NaiveDate::from_ymd_opt(2026, 7, 1).expect("a day");
        let table = [
            ("2026-11-23T14:48:22.304Z", Zone::Utc, Some("2026-11-23T14:48:22.304+00:00")),
            ("2026-11-23T14:48:22+01:00", Zone::Utc, Some("2026-11-23T13:48:22+00:00")),
            ("2026-11-23 14:48:22,304", Zone::Utc, Some("2026-11-23T14:48:22.304+00:00")),
            ("2026-11-23 14:00", berlin, Some("2026-11-23T13:00:00+00:00")),
            ("2026-11-23T14:00Z", berlin, Some("2026-11-23T14:00:00+00:00")),
            ("2026-11-23 14:00+01:00", Zone::Utc, Some("2026-11-23T13:00:00+00:00")),
            ("2026-11-23T14:00", Zone::Utc, Some("2026-11-23T14:00:00+00:00")),
            ("2026-11-23", berlin, Some("2026-11-22T23:00:00+00:00")),
            ("14:00", berlin, Some("2026-07-01T12:00:00+00:00")),
            ("14:00:30", Zone::Utc, Some("2026-07-01T14:00:30+00:00")),
            ("yesterday", Zone::Utc, None),
            ("25:00", Zone::Utc, None),
            ("2026-13-01", Zone::Utc, None),
            ("6-1-1", Zone::Utc, None),
            ("", Zone::Utc, None),
        ];
        for (text, zone, want) in table {
            let got = parse(text, zone, day).and_then(DateTime::from_timestamp_millis).map(|t| t.to_rfc3339());
            assert_eq!(got.as_deref(), want, "{text}");
        }
    }
}
