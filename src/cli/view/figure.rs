//! Numbers and times in few columns.

use kctriage::triage::clock::Zone;

/// Writes `9999`, `12.3k`, `4.5M`: never more than six columns below a trillion.
pub fn short(n: u64) -> String {
    let scaled = |unit: u64, name: &str| format!("{}.{}{name}", n / unit, n % unit / (unit / 10));
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => scaled(1000, "k"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "M"),
        _ => scaled(1_000_000_000, "G"),
    }
}

/// Writes `1 file`, `2 files`.
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", short(n)) }
}

/// Writes `999 B`, `1.1 MiB`.
pub fn bytes(n: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| n >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", n / unit, n % unit / (unit / 10 + 1)),
        None => format!("{n} B"),
    }
}

/// Writes a length of time: `3 s`, `12 min`, `2 h 10 min`, `3 days`.
pub fn length(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..120 => format!("{s} s"),
        120..7_200 => format!("{} min", s / 60),
        7_200..172_800 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} days", s / 86_400),
    }
}

/// Writes a time of day, with its date where that is not the date of `now`.
pub fn moment(zone: Zone, time: i64, now: i64) -> String {
    let Some(wall) = zone.wall(time) else { return "-".to_owned() };
    let same_day = zone.wall(now).is_some_and(|n| n.date() == wall.date());
    wall.format(if same_day { "%H:%M:%S" } else { "%m-%d %H:%M:%S" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let numbers = [(0, "0"), (9_999, "9999"), (12_345, "12.3k"), (999_999, "999.9k"), (4_500_000, "4.5M"), (7_000_000_000, "7.0G")];
        for (n, want) in numbers {
            assert_eq!(short(n), want);
        }
        for (n, want) in [(1, "1 B"), (1023, "1023 B"), (1536, "1.4 KiB"), (1 << 20, "1.0 MiB"), (2047 << 20, "1.9 GiB")] {
            assert_eq!(bytes(n), want);
        }
        for (ms, want) in [(999, "0 s"), (119_000, "119 s"), (720_000, "12 min"), (7_800_000, "2 h 10 min"), (259_200_000, "3 days")] {
            assert_eq!(length(ms), want);
        }
        assert_eq!([count(1, "file"), count(0, "file")], ["1 file", "0 files"]);
    }

    #[test]
    fn a_moment_has_its_date_where_it_is_another() {
        let noon = 1_795_435_200_000;
        assert_eq!([moment(Zone::Utc, noon, noon + 1), moment(Zone::Utc, noon, noon + 86_400_000)], ["12:00:00", "11-23 12:00:00"]);
    }
}
