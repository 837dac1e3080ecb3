//! Numbers with their units, as a person reads them.

use crate::triage::verdict;

/// Between groups of three digits, and between a number and its unit: narrow, and no line breaks there.
const THIN: char = '\u{202f}';

/// Writes `9999`, `12 345`.
pub(in crate::report) fn number(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(THIN);
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes `1 node`, `2 nodes`: the word's plural takes an s.
pub(in crate::report) fn count(n: u64, word: &str) -> String {
    let plural = match word.strip_suffix('y') {
        _ if n == 1 => word.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None if word.ends_with("ss") => format!("{word}es"),
        None => format!("{word}s"),
    };
    format!("{} {plural}", number(n))
}

/// Writes `0 B`, `999 B`, `1.1 MiB`, `24 MiB`.
pub(in crate::report) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut tenths = u128::from(n) * 10;
    let mut unit = "B";
    for next in UNITS {
        if tenths < 10 * 1024 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    if tenths < 100 { format!("{}.{} {unit}", tenths / 10, tenths % 10) } else { format!("{} {unit}", tenths / 10) }
}

/// Writes a delay: `40 ms`, `71.2 s`, `60 s`, `12 min`.
pub(in crate::report) fn span(ms: i64) -> String {
    let text = verdict::span(ms);
    match text.split_once(".0 ") {
        Some((whole, unit)) => format!("{whole} {unit}"),
        None => text,
    }
}

/// Writes a length of log: `45 s`, `12 min`, `2 h 10 min`, `3 days`.
pub(in crate::report) fn length(ms: i64) -> String {
    let s = ms.unsigned_abs().div_ceil(1000).max(1);
    let two = |big: u64, unit: &str, small: u64, sub: &str| if small == 0 { format!("{big} {unit}") } else { format!("{big} {unit} {small} {sub}") };
    match s {
        0..120 => format!("{s} s"),
        120..600 => two(s / 60, "min", s % 60, "s"),
        600..3600 => format!("{} min", s / 60),
        3600..172_800 => two(s / 3600, "h", s % 3600 / 60, "min"),
        _ => {
            let hours = s % 86_400 / 3600;
            if hours == 0 { format!("{} days", s / 86_400) } else { format!("{} days {hours} h", s / 86_400) }
        }
    }
}

/// Writes a range of delays: `4 to 9.5 s`, `71.2 s`.
pub(in crate::report) fn range(min: i64, max: i64) -> String {
    let (low, high) = (span(min), span(max));
    if low == high {
        return high;
    }
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((value, unit)), Some((_, other))) if unit == other => format!("{value} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// Writes how often something comes that came `n` times in that time: `about 40 a minute`; `None` where that says nothing.
pub(in crate::report) fn rate(n: u64, ms: i64) -> Option<String> {
    let gaps = n.checked_sub(1)?;
    let ms = u64::try_from(ms).ok()?;
    if gaps < 4 || ms < 1000 {
        return None;
    }
    let per = |unit_ms: u64| (gaps * unit_ms + ms / 2) / ms;
    let units = [(1000, "second"), (60_000, "minute"), (3_600_000, "hour"), (86_400_000, "day")];
    let (unit_ms, unit) = units.into_iter().find(|(unit_ms, _)| per(*unit_ms) >= 2).unwrap_or((86_400_000, "day"));
    // in a log shorter than the unit, the figure would be made up
    if ms < unit_ms {
        return None;
    }
    let n = per(unit_ms);
    Some(if n == 0 { "less than one a day".to_owned() } else { format!("about {} {} {unit}", number(n), if unit == "hour" { "an" } else { "a" }) })
}

/// Writes a figure with as many digits as mean something: `0.2`, `38`, `1 200`.
pub(in crate::report) fn few(value: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a figure for a person; it saturates
    match value {
        v if v < 0.05 => "hardly any".to_owned(),
        v if v < 9.95 => format!("{v:.1}").trim_end_matches(".0").to_owned(),
        v => number(v.round() as u64),
    }
}

/// Joins names: `a`, `a and b`, `a, b and c`, `a, b and 4 more`.
pub(in crate::report) fn list(names: &[String], most: usize) -> String {
    joined(names, most, "and")
}

/// Joins alternatives: `a`, `a or b`, `a, b or c`.
pub(in crate::report) fn either(names: &[String]) -> String {
    joined(names, names.len(), "or")
}

fn joined(names: &[String], most: usize, word: &str) -> String {
    let shown = if names.len() > most { most.saturating_sub(1).max(1) } else { names.len() };
    let rest = names.len() - shown;
    match (&names[..shown], rest) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([some @ .., last], 0) => format!("{} {word} {last}", some.join(", ")),
        (some, n) => format!("{} and {} more", some.join(", "), number(n as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 412, 9999, 10_000, 9_412_880].map(number), ["0", "412", "9999", "10\u{202f}000", "9\u{202f}412\u{202f}880"]);
        assert_eq!([count(0, "node"), count(1, "node"), count(2, "address"), count(3, "reply")], ["0 nodes", "1 node", "2 addresses", "3 replies"]);
        assert_eq!([0, 1023, 1024, 1_131_745, 25 << 20, 2 << 30].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "25 MiB", "2.0 GiB"]);
    }

    #[test]
    fn times_read_well() {
        let table =
            [(0, "1 s"), (1500, "2 s"), (119_000, "119 s"), (130_000, "2 min 10 s"), (1_500_000, "25 min"), (7_800_000, "2 h 10 min"), (172_800_000, "2 days")];
        for (ms, want) in table {
            assert_eq!(length(ms), want, "{ms}");
        }
        assert_eq!([range(62_000, 95_000), range(40, 300), range(71_200, 71_200)], ["62 to 95 s", "40 ms to 0.3 s", "71.2 s"]);
    }

    #[test]
    fn rates_are_told_only_where_they_mean_something() {
        let table = [
            (3, 60_000, None),
            (41, 60_000, Some("about 40 a minute")),
            (5, 7_200_000, Some("about 2 an hour")),
            (501, 1_000, Some("about 500 a second")),
            (9, 100, None),
        ];
        for (n, ms, want) in table {
            assert_eq!(rate(n, ms).as_deref(), want, "{n} in {ms}");
        }
    }

    #[test]
    fn lists_are_cut() {
        let names = |n: usize| ["a", "b", "c", "d", "e"][..n].iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let table = [(0, ""), (1, "a"), (2, "a and b"), (3, "a, b and c"), (5, "a, b and 3 more")];
        for (n, want) in table {
            assert_eq!(list(&names(n), 3), want);
        }
    }
}
