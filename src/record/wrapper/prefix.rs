//! The wrappers that put a prefix before each line.
//!
//! Input: one line without its line feed. Output: an [`Item`] that borrows it; `None` for a line without that prefix. Knows nothing of the lines
//! before it.

use std::borrow::Cow;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_until, take_while, take_while_m_n, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{opt, recognize, rest, value, verify};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::super::stamp::{Stamp, Stamps, stamp};
use super::docker::quoted_end;
use super::item::Item;
use super::keys::node_rank;

/// What a parser here returns; which item failed is of no use, since another wrapper is tried then.
pub(super) type Res<'a, T> = IResult<&'a [u8], T, ()>;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// `ESC [ 33 m`: colours that some tools put around a prefix.
fn sgr(i: &[u8]) -> Res<'_, ()> {
    value((), many0_count(delimited(tag("\x1b["), take_while(|c: u8| c.is_ascii_digit() || c == b';'), tag("m")))).parse(i)
}

/// A word: neither blank nor colour.
fn word(i: &[u8]) -> Res<'_, &[u8]> {
    delimited(sgr, take_till1(|c| matches!(c, b' ' | b'\t' | 0x1b)), sgr).parse(i)
}

/// Whether a word is the date of Keycloak's own stamp, and so no name.
fn is_date(word: &[u8]) -> bool {
    word.len() == 10 && word[4] == b'-' && word[7] == b'-' && word.iter().filter(|c| c.is_ascii_digit()).count() == 8
}

/// `2026-03-04T10:15:23.457000002Z`, `2026-03-04T10:15:23.457+01:00`; the date and the time are joined by `T`.
fn zoned(i: &[u8]) -> Res<'_, i64> {
    zoned_next(i, &mut Stamps::default())
}

/// Reads the same, faster where it is of the same minute as the one before.
pub(super) fn zoned_next<'a>(i: &'a [u8], stamps: &mut Stamps) -> Res<'a, i64> {
    // Keycloak's own has a blank there
    match i.get(10).filter(|c| **c == b'T').and_then(|_| stamps.read(i)) {
        Some((Stamp::Zoned(ms), len)) => Ok((&i[len..], ms)),
        _ => Err(nom::Err::Error(())),
    }
}

/// `2026-03-04T10:15:23` without a zone, which is UTC where a tool prints it so.
fn utc(i: &[u8]) -> Res<'_, i64> {
    match stamp(i) {
        Some((Stamp::Local(ms), len)) if i.get(10) == Some(&b'T') => Ok((&i[len..], ms)),
        _ => Err(nom::Err::Error(())),
    }
}

/// A stamp that a tool put before the line, and the blank after it: not one that Keycloak's own format begins with.
fn stamp_before(i: &[u8]) -> Res<'_, i64> {
    let (i, time) = terminated(zoned, tag(" ")).parse(i)?;
    let own = ["INFO ", "WARN", "ERROR ", "DEBUG ", "TRACE ", "FATAL ", "SEVERE ", "{kc.", "traceId="];
    if own.iter().any(|o| i.starts_with(o.as_bytes())) { Err(nom::Err::Error(())) } else { Ok((i, time)) }
}

/// `2026-03-04T10:15:23.457000002Z <payload>`: `docker logs -t`, `kubectl logs --timestamps`; `2026-03-04T10:15:23 <payload>`: `aws logs tail
/// --format short`; a tab in the place of the blank: Grafana.
pub(super) fn timestamps(i: &[u8]) -> Res<'_, Item<'_>> {
    let (text, time) = terminated(alt((zoned, utc)), one_of(" \t")).parse(i)?;
    Ok((&[], Item { time: Some(time), ..Item::of(text) }))
}

/// `stdout `, `stderr `
fn stream(i: &[u8]) -> Res<'_, u8> {
    terminated(alt((value(1, tag("stdout")), value(2, tag("stderr")))), tag(" ")).parse(i)
}

/// `F `, `P `, `P:tag:tag `; whether the line goes on.
fn partial(i: &[u8]) -> Res<'_, bool> {
    let (i, more) = alt((value(false, tag("F")), value(true, tag("P")))).parse(i)?;
    let (i, _) = opt(preceded(tag(":"), take_while(|c| c != b' '))).parse(i)?;
    value(more, blank).parse(i)
}

/// `2026-03-04T10:15:23.457Z stdout F <payload>`; from before 2017 without the tag.
pub(super) fn cri<'a>(i: &'a [u8], stamps: &mut Stamps) -> Res<'a, Item<'a>> {
    let (i, time) = terminated(|i| zoned_next(i, stamps), tag(" ")).parse(i)?;
    let (i, stream) = stream(i)?;
    let (text, more) = opt(partial).parse(i)?;
    Ok((&[], Item { time: Some(time), stream, more: more.unwrap_or(false), ..Item::of(text) }))
}

/// The end of a colour that began before a prefix; the payload may begin with colours of its own.
fn end_of_colour(opened: bool) -> impl Fn(&[u8]) -> Res<'_, bool> {
    move |i| if opened { opt(tag("\x1b[0m")).parse(i).map(|(i, closed)| (i, closed.is_none())) } else { Ok((i, false)) }
}

/// `keycloak-1  | <payload>`, with one colour for name and bar.
pub(super) fn compose(line: &[u8]) -> Res<'_, Item<'_>> {
    let (i, ()) = sgr(line)?;
    let opened = i.len() < line.len();
    let (i, name) = take_till1(|c| matches!(c, b' ' | b'\t' | b'|' | b'"' | 0x1b)).parse(i)?;
    let (i, _) = preceded(take_while1(|c| c == b' '), tag("|")).parse(i)?;
    let (i, opened) = end_of_colour(opened)(i)?;
    let (i, ()) = blank(i)?;
    let (i, _) = end_of_colour(opened)(i)?;
    let (text, time) = opt(stamp_before).parse(i)?;
    Ok((&[], Item { node: Some(Cow::Borrowed(name)), time, ..Item::of(text) }))
}

/// The blank before the payload; an editor may have taken it from the end of an empty line.
fn blank(i: &[u8]) -> Res<'_, ()> {
    if i.is_empty() { Ok((i, ())) } else { value((), tag(" ")).parse(i) }
}

/// `[pod/keycloak-0/keycloak] <payload>`; the stamp follows the prefix.
pub(super) fn kubectl(i: &[u8]) -> Res<'_, Item<'_>> {
    let (i, pod) = delimited(tag("[pod/"), take_till1(|c| matches!(c, b'/' | b']' | b' ')), tag("/")).parse(i)?;
    let (i, _) = terminated(take_till1(|c| matches!(c, b']' | b' ')), tag("]")).parse(i)?;
    let (i, ()) = blank(i)?;
    let (text, time) = opt(stamp_before).parse(i)?;
    Ok((&[], Item { node: Some(Cow::Borrowed(pod)), time, ..Item::of(text) }))
}

/// A name of Kubernetes: small letters, digits, dashes and dots.
fn name(i: &[u8]) -> Res<'_, &[u8]> {
    let is_name =
        |w: &[u8]| w.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.')) && w[0] != b'.' && w[0] != b'-' && !is_date(w);
    verify(word, is_name).parse(i)
}

/// `03-04 10:15:23 `: a time without year and zone, which is of no use.
fn short_stamp(i: &[u8]) -> Res<'_, ()> {
    let two = |i| take_while_m_n::<_, &[u8], ()>(2, 2, |c: u8| c.is_ascii_digit()).parse(i);
    value((), (two, tag("-"), two, tag(" "), two, tag(":"), two, tag(":"), two, tag(" "))).parse(i)
}

/// What follows the names: a blank, perhaps a stamp, the payload.
fn after_names<'a>(i: &'a [u8], pod: &'a [u8]) -> Res<'a, Item<'a>> {
    let (i, ()) = blank(i)?;
    let (i, time) = opt(stamp_before).parse(i)?;
    let (text, _) = opt(short_stamp).parse(i)?;
    Ok((&[], Item { node: Some(Cow::Borrowed(pod)), time, ..Item::of(text) }))
}

/// `keycloak-0 keycloak <payload>`
pub(super) fn stern(i: &[u8]) -> Res<'_, Item<'_>> {
    let (i, pod) = terminated(name, tag(" ")).parse(i)?;
    let (i, _) = name(i)?;
    after_names(i, pod)
}

/// `iam keycloak-0 keycloak <payload>`
pub(super) fn stern_all(i: &[u8]) -> Res<'_, Item<'_>> {
    preceded((name, tag(" ")), stern).parse(i)
}

/// `iam/keycloak-0@keycloak: <payload>`, `iam/keycloak-0[keycloak]: <payload>`
pub(super) fn kail(line: &[u8]) -> Res<'_, Item<'_>> {
    let (i, ()) = sgr(line)?;
    let opened = i.len() < line.len();
    let (i, _) = terminated(take_till1(|c| matches!(c, b'/' | b' ' | b'"' | b'[' | 0x1b)), tag("/")).parse(i)?;
    let (i, pod) = take_till1(|c| matches!(c, b'@' | b'[' | b' ' | 0x1b)).parse(i)?;
    let (i, _) =
        alt((preceded(tag("@"), take_till1(|c| matches!(c, b':' | b' ' | 0x1b))), delimited(tag("["), take_till1(|c| c == b']'), tag("]")))).parse(i)?;
    let (i, opened) = end_of_colour(opened)(i)?;
    let (i, _) = tag(":").parse(i)?;
    let (i, opened) = end_of_colour(opened)(i)?;
    let (i, ()) = blank(i)?;
    let (text, _) = end_of_colour(opened)(i)?;
    Ok((&[], Item { node: Some(Cow::Borrowed(pod)), ..Item::of(text) }))
}

/// `pod="keycloak-0"` within `{…}`; the value may hold escaped quotes.
fn label(i: &[u8]) -> Res<'_, (&[u8], &[u8])> {
    let (i, key) = terminated(take_till1(|c| matches!(c, b'=' | b'}' | b' ')), tag("=\"")).parse(i)?;
    let end = quoted_end(i).ok_or(nom::Err::Error(()))?;
    let (after, _) = take_while(|c| matches!(c, b',' | b' ')).parse(&i[end + 1..])?;
    Ok((after, (key, &i[..end])))
}

/// `{app="keycloak", pod="keycloak-0"}`; what the labels say of the node.
fn labels(i: &[u8]) -> Res<'_, Option<&[u8]>> {
    let (mut i, _) = tag("{").parse(i)?;
    let mut found: Option<(usize, &[u8])> = None;
    loop {
        if let Some(after) = i.strip_prefix(b"}") {
            return Ok((after, found.map(|f| f.1)));
        }
        let (after, (key, value)) = label(i)?;
        let rank = std::str::from_utf8(key).ok().and_then(node_rank);
        if let Some(rank) = rank.filter(|r| found.is_none_or(|f| *r < f.0)) {
            found = Some((rank, value));
        }
        i = after;
    }
}

/// `2026-03-04T10:15:23Z {pod="keycloak-0"}  <payload>`; the labels are padded with blanks, the line was trimmed.
pub(super) fn logcli(i: &[u8]) -> Res<'_, Item<'_>> {
    let (i, time) = terminated(zoned, tag(" ")).parse(i)?;
    let (i, node) = labels(i)?;
    let (text, _) = take_while(|c| c == b' ').parse(i)?;
    Ok((&[], Item { node: node.map(Cow::Borrowed), time: Some(time), ..Item::of(text) }))
}

/// `2026-03-04T10:15:23.457000+00:00 ecs/keycloak/0123 <payload>`
pub(super) fn aws_tail(i: &[u8]) -> Res<'_, Item<'_>> {
    let (i, time) = terminated(zoned, tag(" ")).parse(i)?;
    let (i, stream) = verify(take_till1(|c| matches!(c, b' ' | b'\t' | b':')), |s: &[u8]| !is_date(s)).parse(i)?;
    let (text, ()) = blank(i)?;
    Ok((&[], Item { node: Some(Cow::Borrowed(stream)), time: Some(time), ..Item::of(text) }))
}

/// A column of digits and the tab after it.
fn number(i: &[u8]) -> Res<'_, &[u8]> {
    terminated(take_while1(|c: u8| c.is_ascii_digit()), tag("\t")).parse(i)
}

/// `EVENTS TAB eventId TAB ingestionTime TAB stream TAB <payload> TAB timestamp`; the payload may hold tabs, and go on in lines without all this.
pub(super) fn aws_text(i: &[u8]) -> Res<'_, Item<'_>> {
    let (i, _) = terminated(tag("EVENTS"), tag("\t")).parse(i)?;
    let (i, _) = alt((recognize((take_while1(|c: u8| c.is_ascii_digit()), tag("\t"), nom::combinator::peek(number))), tag(""))).parse(i)?;
    let (i, _) = number(i)?;
    let stream = terminated(take_till1(|c| c == b'\t'), tag("\t"));
    // a payload stands where no stream is named: get-log-events
    let (i, node) = opt(verify(stream, |s: &[u8]| !s.contains(&b' '))).parse(i)?;
    let (text, time) = last_column(i);
    Ok((&[], Item { node: node.map(Cow::Borrowed), time, ..Item::of(text) }))
}

/// Splits `<payload> TAB 1772619323457`; an entry of several lines has its time behind the last.
pub(super) fn last_column(i: &[u8]) -> (&[u8], Option<i64>) {
    let Some(at) = memchr::memrchr(b'\t', i) else { return (i, None) };
    let digits = &i[at + 1..];
    if !(12..=14).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return (i, None);
    }
    (&i[..at], std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()))
}

/// `Mar 04 10:15:23`, `Mar  4 10:15:23.457000`: no year, no zone, so no time.
fn month_day(i: &[u8]) -> Res<'_, Option<i64>> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (i, _) = verify(nom::bytes::complete::take(3usize), |m: &[u8]| MONTHS.iter().any(|k| k.as_bytes() == m)).parse(i)?;
    let (i, _) = preceded(take_while_m_n(1, 2, |c| c == b' '), take_while_m_n(1, 2, |c: u8| c.is_ascii_digit())).parse(i)?;
    let (i, _) = preceded(tag(" "), clock).parse(i)?;
    Ok((i, None))
}

/// `10:15:23`, `10:15:23.457000`
fn clock(i: &[u8]) -> Res<'_, &[u8]> {
    match stamp(i) {
        Some((Stamp::TimeOfDay(_), len)) => Ok((&i[len..], &i[..len])),
        _ => Err(nom::Err::Error(())),
    }
}

/// `Wed 2026-03-04 10:15:23 UTC`; a zone that is named by letters says nothing, but for UTC.
fn weekday(i: &[u8]) -> Res<'_, Option<i64>> {
    let (i, _) = terminated(take_while_m_n(3, 3, |c: u8| c.is_ascii_alphabetic()), tag(" ")).parse(i)?;
    let Some((Stamp::Local(ms), len)) = stamp(i) else { return Err(nom::Err::Error(())) };
    let (i, zone) = preceded(tag(" "), take_while1(|c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-'))).parse(&i[len..])?;
    Ok((i, (zone == b"UTC").then_some(ms)))
}

/// `1772619323.457000`
fn unix(i: &[u8]) -> Res<'_, Option<i64>> {
    let (i, seconds) = take_while_m_n(9, 11, |c: u8| c.is_ascii_digit()).parse(i)?;
    let (i, fraction) = preceded(tag("."), take_while_m_n(3, 9, |c: u8| c.is_ascii_digit())).parse(i)?;
    let parsed = |d: &[u8]| std::str::from_utf8(d).ok().and_then(|d| d.parse::<i64>().ok());
    Ok((i, parsed(seconds).zip(parsed(&fraction[..3])).map(|(s, ms)| s * 1000 + ms)))
}

/// `[    1.000000]`: since the machine started.
fn monotonic(i: &[u8]) -> Res<'_, Option<i64>> {
    let inside = (take_while(|c| c == b' '), take_while1(|c: u8| c.is_ascii_digit()), tag("."), take_while1(|c: u8| c.is_ascii_digit()));
    value(None, delimited(tag("["), inside, tag("]"))).parse(i)
}

/// Any of the times that the journal and syslog files print.
fn any_time(i: &[u8]) -> Res<'_, Option<i64>> {
    alt((month_day, zoned.map(Some), weekday, unix, monotonic)).parse(i)
}

/// `kc.sh[812]: `, `keycloak: `, `keycloak[1] `
fn ident(i: &[u8]) -> Res<'_, &[u8]> {
    let (i, name) = take_till1(|c| matches!(c, b' ' | b'[' | b':' | b'\t' | b'"')).parse(i)?;
    let (i, pid) = opt(delimited(tag("["), take_while1(|c| c != b']' && c != b' '), tag("]"))).parse(i)?;
    let (i, _) = if pid.is_some() { opt(tag(":")).parse(i)? } else { tag(":").map(Some).parse(i)? };
    let (i, ()) = blank(i)?;
    Ok((i, name))
}

/// `Mar 04 10:15:23 kc-1 kc.sh[812]: <payload>` and the like; without `kc.sh[812]: ` where a relay took the first word for it.
pub(super) fn host_and_ident(line: &[u8]) -> Res<'_, Item<'_>> {
    let (i, time) = terminated(any_time, tag(" ")).parse(line)?;
    let name = take_till1(|c| matches!(c, b' ' | b'"' | b'[' | b'{'));
    let (i, host) = terminated(verify(name, |h: &[u8]| !is_date(h)), tag(" ")).parse(i)?;
    let (i, _) = opt(ident).parse(i)?;
    let width = line.len() - i.len();
    let text = i.strip_prefix(BOM).unwrap_or(i);
    Ok((&[], Item { node: Some(Cow::Borrowed(host)), time, width, ..Item::of(text) }))
}

/// What the journal prints: the pid is followed by a colon, the day has two digits, and no mark of the byte order comes along. What is printed
/// otherwise is a syslog file.
pub(super) fn journald(line: &[u8]) -> Res<'_, Item<'_>> {
    let (i, item) = host_and_ident(line)?;
    let prefix = &line[..item.width];
    let colon = prefix.ends_with(b": ") || prefix.ends_with(b":") || item.text.is_empty();
    let marked = item.text.len() + item.width < line.len();
    let padded = prefix[0].is_ascii_alphabetic() && prefix[3..5] == *b"  ";
    if colon && !marked && !padded { Ok((i, item)) } else { Err(nom::Err::Error(())) }
}

/// `<14>`
fn priority(i: &[u8]) -> Res<'_, &[u8]> {
    delimited(tag("<"), take_while_m_n(1, 3, |c: u8| c.is_ascii_digit()), tag(">")).parse(i)
}

/// `[id key="value" …]`; values escape `"`, `\` and `]`.
fn structured_element(i: &[u8]) -> Res<'_, ()> {
    let mut escaped = false;
    let mut quoted = false;
    for (at, c) in i.iter().enumerate().skip(1) {
        match c {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return value((), tag("[")).parse(i).map(|_| (&i[at + 1..], ())),
            _ => {}
        }
    }
    Err(nom::Err::Error(()))
}

/// `-`, or elements.
fn structured(i: &[u8]) -> Res<'_, ()> {
    alt((value((), tag("-")), value((), nom::multi::many1_count(structured_element)))).parse(i)
}

/// `<14>1 2026-03-04T10:15:23.456Z kc-1 keycloak 1 org.keycloak.events - BOM<payload>`
fn rfc5424(i: &[u8]) -> Res<'_, Item<'_>> {
    let (i, _) = (priority, tag("1 ")).parse(i)?;
    let (i, time) = terminated(alt((zoned.map(Some), value(None, tag("-")))), tag(" ")).parse(i)?;
    let (i, host) = terminated(take_while1(|c| c != b' '), tag(" ")).parse(i)?;
    let field = |i| terminated(take_while1::<_, &[u8], ()>(|c| c != b' '), tag(" ")).parse(i);
    let (i, _) = (field, field, field).parse(i)?;
    let (i, ()) = structured(i)?;
    let (i, _) = opt(tag(" ")).parse(i)?;
    let text = i.strip_prefix(BOM).unwrap_or(i);
    Ok((&[], Item { node: (host != b"-").then_some(Cow::Borrowed(host)), time, ..Item::of(text) }))
}

/// What rsyslog and Keycloak write of syslog, on the wire and in files; control characters come as `#011`.
pub(super) fn syslog(i: &[u8]) -> Res<'_, Item<'_>> {
    alt((rfc5424, preceded(opt(priority), host_and_ident))).parse(i)
}

/// Splits what stands before the object of a Fluentd line, `2026-03-04T10:15:23+00:00 TAB tag TAB`, from it: time, tag, object.
pub(super) fn fluentd(i: &[u8]) -> Res<'_, (Option<i64>, &[u8], &[u8])> {
    let file = (terminated(zoned, tag("\t")), terminated(take_till1(|c| c == b'\t'), tag("\t")));
    // 2015-05-02 12:12:17.000000000 +0900 tag: {…}
    let stdout = (terminated(spaced_zone, tag(" ")), terminated(take_until(": "), tag(": ")));
    let (i, (time, name)) = alt((file, stdout)).parse(i)?;
    let (_, object) = verify(rest, |o: &[u8]| o.first() == Some(&b'{')).parse(i)?;
    Ok((&[], (Some(time), name, object)))
}

/// `2015-05-02 12:12:17.000000000 +0900`
fn spaced_zone(i: &[u8]) -> Res<'_, i64> {
    let Some((Stamp::Local(ms), len)) = stamp(i) else { return Err(nom::Err::Error(())) };
    let (i, sign) = preceded(tag(" "), one_of("+-")).parse(&i[len..])?;
    let (i, digits) = take_while_m_n(4, 4, |c: u8| c.is_ascii_digit()).parse(i)?;
    let number = digits.iter().fold(0i64, |n, c| n * 10 + i64::from(c - b'0'));
    let offset = (number / 100 * 60 + number % 100) * 60_000;
    Ok((i, if sign == '+' { ms - offset } else { ms + offset }))
}

/// Splits `tag: [1772619323.457, {…}]`, `tag: [[1772619323.457, {}], {…}]` into time, tag, object.
pub(super) fn fluent_bit(i: &[u8]) -> Res<'_, (Option<i64>, &[u8], &[u8])> {
    let (i, name) = terminated(take_till1(|c| matches!(c, b':' | b' ' | b'"' | b'{')), tag(": [")).parse(i)?;
    let (i, inner) = opt(tag("[")).parse(i)?;
    let (i, time) = unix(i)?;
    let (i, _) = tag(", ").parse(i)?;
    let (i, _) = if inner.is_some() { terminated(take_until("], "), tag("], ")).parse(i)? } else { (i, &b""[..]) };
    let (_, object) = verify(rest, |o: &[u8]| o.first() == Some(&b'{') && o.ends_with(b"]")).parse(i)?;
    Ok((&[], (time, name, &object[..object.len() - 1])))
}
