//! Times as formats of one's own write them (`%d{…}`, a pattern of Java's `SimpleDateFormat`).
//!
//! Input: bytes that begin with a time. Output: the same time as [`crate::record::stamp`] reads it, and how many bytes it took. Must not know what stands around it.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{map_opt, opt, recognize, verify};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::super::super::stamp::{Stamp, stamp};
use super::is_level;

type Res<'a, T> = IResult<&'a [u8], T, ()>;

/// Which of two numbers before a year is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// `23/11/2026`.
    #[default]
    DayFirst,
    /// `11/23/2026`.
    MonthFirst,
}

/// A year, a month and a day.
type Date = (u32, u32, u32);

/// Digits that are a number; those of a longer one are none.
fn number(least: usize, most: usize) -> impl Fn(&[u8]) -> Res<'_, u32> {
    move |i| {
        let (rest, digits) = take_while_m_n(least, most, |c: u8| c.is_ascii_digit())(i)?;
        let value = digits.iter().fold(0, |n, c| n * 10 + u32::from(c - b'0'));
        if rest.first().is_some_and(u8::is_ascii_digit) { Err(nom::Err::Error(())) } else { Ok((rest, value)) }
    }
}

/// `Nov`, `November`.
fn month(i: &[u8]) -> Res<'_, u32> {
    const MONTHS: [&str; 12] = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let name = |word: &[u8]| {
        let word = word.to_ascii_lowercase();
        let at = MONTHS.iter().position(|m| word.len() >= 3 && m.as_bytes().starts_with(&word))?;
        u32::try_from(at + 1).ok()
    };
    map_opt(take_while1(|c: u8| c.is_ascii_alphabetic()), name).parse(i)
}

/// `2026-11-23`, `2026/11/23`, `2026.11.23`.
fn year_first(i: &[u8]) -> Res<'_, Date> {
    let (i, year) = number(4, 4)(i)?;
    let (i, separator) = one_of("-/.").parse(i)?;
    let (i, month) = number(1, 2)(i)?;
    let (i, _) = verify(one_of("-/."), |c| *c == separator).parse(i)?;
    let (i, day) = number(1, 2)(i)?;
    Ok((i, (year, month, day)))
}

/// `20261123`.
fn compact(i: &[u8]) -> Res<'_, Date> {
    let (i, n) = number(8, 8)(i)?;
    Ok((i, (n / 10_000, n / 100 % 100, n % 100)))
}

/// `23.11.2026`, `11/23/2026`, `23-11-2026`.
fn year_last(i: &[u8], order: Order) -> Res<'_, Date> {
    let (i, first) = number(1, 2)(i)?;
    let (i, separator) = one_of("-/.").parse(i)?;
    let (i, second) = number(1, 2)(i)?;
    let (i, _) = verify(one_of("-/."), |c| *c == separator).parse(i)?;
    let (i, year) = number(4, 4)(i)?;
    Ok((i, if order == Order::DayFirst { (year, second, first) } else { (year, first, second) }))
}

/// `23 Nov 2026`, `23/Nov/2026`, `23-Nov-2026`.
fn named_day_first(i: &[u8]) -> Res<'_, Date> {
    let (i, day) = number(1, 2)(i)?;
    let (i, month) = preceded(one_of(" -/."), month).parse(i)?;
    let (i, year) = preceded(one_of(" -/."), number(4, 4)).parse(i)?;
    Ok((i, (year, month, day)))
}

/// `Nov 23, 2026`, `Nov 23 2026`.
fn named_month_first(i: &[u8]) -> Res<'_, Date> {
    let (i, month) = month(i)?;
    let (i, day) = preceded(take_while1(|c| c == b' '), number(1, 2)).parse(i)?;
    let (i, year) = preceded((opt(tag(",")), take_while1(|c| c == b' ')), number(4, 4)).parse(i)?;
    Ok((i, (year, month, day)))
}

/// `14:48:22,304`: hours up to 23, with seconds.
fn clock(i: &[u8]) -> Res<'_, &[u8]> {
    match stamp(i) {
        Some((Stamp::TimeOfDay(_), len)) => Ok((&i[len..], &i[..len])),
        _ => Err(nom::Err::Error(())),
    }
}

/// ` PM`: hours of half a day.
fn half(i: &[u8]) -> Res<'_, bool> {
    preceded(opt(tag(" ")), alt((tag("PM").map(|_| true), tag("AM").map(|_| false)))).parse(i)
}

/// `+01:00`, `-0500`.
fn offset(i: &[u8]) -> Res<'_, &[u8]> {
    let two = |i| take_while_m_n::<_, &[u8], ()>(2, 2, |c: u8| c.is_ascii_digit()).parse(i);
    recognize((one_of("+-"), two, opt(tag(":")), two)).parse(i)
}

/// `UTC`, `CEST`; one letter is a level or a word, but for `Z`.
fn letters(i: &[u8]) -> Res<'_, &[u8]> {
    let is_zone = |word: &[u8]| word == b"Z" || (word.len() > 1 && !is_level(word));
    verify(take_while_m_n(1, 5, |c: u8| c.is_ascii_uppercase()), is_zone).parse(i)
}

/// What a time says of its zone: `Z`, `+01:00`, ` +0100`, `UTC`. Letters that name another one say nothing that could be relied on (`CST` is three zones).
fn zone(i: &[u8]) -> Res<'_, &[u8]> {
    let (rest, written) = preceded(opt(tag(" ")), alt((offset, letters))).parse(i)?;
    if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return Err(nom::Err::Error(()));
    }
    match written {
        b"Z" | b"UTC" | b"GMT" => Ok((rest, b"Z")),
        [b'+' | b'-', ..] => Ok((rest, written)),
        _ => Ok((rest, b"")),
    }
}

/// A date and a time.
fn dated(i: &[u8], order: Order) -> Res<'_, Vec<u8>> {
    let last = |i| year_last(i, order);
    let (i, (year, month, day)) = alt((year_first, compact, last, named_day_first, named_month_first)).parse(i)?;
    let (i, _) = alt((tag(", "), tag("T"), tag(":"), tag("-"), take_while1(|c| c == b' '))).parse(i)?;
    let (i, clock) = clock(i)?;
    let (i, is_late) = opt(half).parse(i)?;
    let (i, zone) = opt(zone).parse(i)?;
    let mut written = format!("{year:04}-{month:02}-{day:02}").into_bytes();
    // a zone stands where the whole is written as ISO 8601 does
    written.push(if zone.is_some_and(|z| !z.is_empty()) { b'T' } else { b' ' });
    written.extend_from_slice(&hour(clock, is_late)?);
    written.extend_from_slice(zone.unwrap_or_default());
    Ok((i, written))
}

/// Returns a time with its hour of the whole day.
fn hour(clock: &[u8], is_late: Option<bool>) -> Result<Vec<u8>, nom::Err<()>> {
    let Some(is_late) = is_late else { return Ok(clock.to_vec()) };
    let (rest, hour) = number(2, 2)(clock)?;
    if !(1..=12).contains(&hour) {
        return Err(nom::Err::Error(()));
    }
    let mut written = format!("{:02}", hour % 12 + if is_late { 12 } else { 0 }).into_bytes();
    written.extend_from_slice(rest);
    Ok(written)
}

/// So many digits, which are a time of years from 2001 to 2065.
fn moment(digits: usize) -> impl Fn(&[u8]) -> Res<'_, &[u8]> {
    move |i| verify(take_while_m_n(digits, digits, |c: u8| c.is_ascii_digit()), |d: &[u8]| matches!(d[0], b'1' | b'2')).parse(i)
}

/// `1772619323457`, `1772619323.457`: milliseconds or seconds since the epoch.
fn epoch(i: &[u8]) -> Res<'_, Vec<u8>> {
    let fraction = preceded(one_of(".,"), take_while_m_n(3, 9, |c: u8| c.is_ascii_digit()));
    let parts = (moment(10), fraction).map(|(seconds, fraction)| [seconds, &fraction[..3]].concat());
    let (rest, digits) = alt((moment(13).map(<[u8]>::to_vec), parts)).parse(i)?;
    if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return Err(nom::Err::Error(()));
    }
    let ms = digits.iter().fold(0, |n, c| n * 10 + i64::from(c - b'0'));
    let at = DateTime::from_timestamp_millis(ms).ok_or(nom::Err::Error(()))?;
    Ok((rest, at.to_rfc3339_opts(SecondsFormat::Millis, true).into_bytes()))
}

/// Reads the time that `i` begins with; returns it as servers write it, and its length.
pub(super) fn when(i: &[u8], order: Order) -> Option<(Cow<'_, [u8]>, usize)> {
    if let Some((at, len)) = stamp(i) {
        // a blank may stand before the zone, and letters may name it
        return match (at, zone(&i[len..])) {
            (Stamp::Local(_), Ok((rest, named))) => {
                let written = if named.is_empty() { Cow::Borrowed(&i[..len]) } else { Cow::Owned([&i[..10], b"T", &i[11..len], named].concat()) };
                Some((written, i.len() - rest.len()))
            }
            (Stamp::TimeOfDay(_), Ok((rest, b""))) => Some((Cow::Borrowed(&i[..len]), i.len() - rest.len())),
            _ => Some((Cow::Borrowed(&i[..len]), len)),
        };
    }
    let (rest, written) = alt((|i| dated(i, order), epoch)).parse(i).ok()?;
    // a day that does not exist is no day
    stamp(&written)?;
    Some((Cow::Owned(written), i.len() - rest.len()))
}

/// Returns which of two numbers before a year is the day, where one of them can be no month; `None` where there are no such two, or both can.
pub(super) fn order(i: &[u8]) -> Option<Order> {
    let read = |order| year_last(i, order).ok().map(|(_, (_, month, _))| (1..=12).contains(&month));
    match (read(Order::DayFirst)?, read(Order::MonthFirst)?) {
        (true, false) => Some(Order::DayFirst),
        (false, true) => Some(Order::MonthFirst),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_formats_write_them() {
        let table: &[(&str, Option<(&str, &str)>)] = &[
            ("2026-11-23 14:48:22,304 WARN", Some(("2026-11-23 14:48:22,304", " WARN"))),
            ("2026-11-23T14:48:22.304Z WARN", Some(("2026-11-23T14:48:22.304Z", " WARN"))),
            ("2026-11-23 14:48:22,304 +0100 WARN", Some(("2026-11-23T14:48:22,304+0100", " WARN"))),
            ("2026-11-23 14:48:22,304CET][WARN", Some(("2026-11-23 14:48:22,304", "][WARN"))),
            ("2026-11-23 14:48:22,304 UTC WARN", Some(("2026-11-23T14:48:22,304Z", " WARN"))),
            ("2026-11-23 14:48:22,304 W [a", Some(("2026-11-23 14:48:22,304", " W [a"))),
            ("14:48:22,304 WARN", Some(("14:48:22,304", " WARN"))),
            ("23.11.2026 14:48:22,304 WARN", Some(("2026-11-23 14:48:22,304", " WARN"))),
            ("23 Nov 2026 14:48:22,304 WARN", Some(("2026-11-23 14:48:22,304", " WARN"))),
            ("23/Nov/2026:14:48:22 +0100] WARN", Some(("2026-11-23T14:48:22+0100", "] WARN"))),
            ("Nov 23, 2026 02:48:22 PM a.b", Some(("2026-11-23 14:48:22", " a.b"))),
            ("Nov 23, 2026 12:48:22 AM a.b", Some(("2026-11-23 00:48:22", " a.b"))),
            ("20261123 14:48:22.304 WARN", Some(("2026-11-23 14:48:22.304", " WARN"))),
            ("2026/11/23 14:48:22 WARN", Some(("2026-11-23 14:48:22", " WARN"))),
            ("1795445302304 WARN", Some(("2026-11-23T14:48:22.304Z", " WARN"))),
            ("1795445302.304 WARN", Some(("2026-11-23T14:48:22.304Z", " WARN"))),
            ("31.02.2026 14:48:22,304 WARN", None),
            ("23.11.2026", None),
            ("99 bottles", None),
            ("", None),
        ];
        for (text, want) in table {
            let found = when(text.as_bytes(), Order::DayFirst).map(|(written, len)| (String::from_utf8_lossy(&written).into_owned(), &text[len..]));
            assert_eq!(found.as_ref().map(|(w, r)| (&**w, *r)), *want, "{text}");
        }
    }

    #[test]
    fn which_number_is_the_day_is_told_by_one_beyond_twelve() {
        let table = [("23/11/2026", Some(Order::DayFirst)), ("11/23/2026", Some(Order::MonthFirst)), ("10/11/2026", None), ("2026-11-23", None)];
        for (text, want) in table {
            assert_eq!(order(text.as_bytes()), want, "{text}");
        }
        assert_eq!(when(b"11/23/2026 14:48:22 x", Order::MonthFirst).map(|w| w.0.into_owned()), Some(b"2026-11-23 14:48:22".to_vec()));
    }
}
