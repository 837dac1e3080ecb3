//! The text layouts: Quarkus (plain, MDC, tracing) and `WildFly` (console, file).
//!
//! Input: one physical line without its line feed. Output: a [`Record`] that borrows it. Knows nothing of events or of other lines.
//!
//! ```text
//! head    = stamp SP+ [origin] [mdc SP] [trace] level SP+ [trace] "[" logger "]" SP "(" thread ")" SP *column message
//! origin  = host SP process "[" 1*DIGIT "]" SP+    2026-11-23 17:09:31,993 kc-0 java[1] WARN  [… (what Quarkus writes to a file by itself)
//! mdc     = "{" … "}"                      2025-06-20 14:13:01,772 {kc.clientId=…} INFO  […
//! column  = "[" … "]" SP / "{" … "}" SP    2026-11-30 20:05:50,997 DEBUG [org.keycloak.events] (executor-thread-2) [] type=…
//! trace   = "traceId=" … "sampled=" … SP   2025-11-27 12:15:23,187 traceId=…, parentId=…, spanId=…, sampled=true INFO  […
//! ```

use std::borrow::Cow;

use memchr::memmem;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_until, take_while, take_while1};
use nom::combinator::{opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::stamp::{Stamp, stamp};
use super::{Layout, Level, Record};

/// What a head lacked, named for the message that a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Missing {
    /// No time stamp at the start.
    Stamp,
    /// No level after the stamp.
    Level,
    /// No `[logger]` after the level.
    Logger,
    /// No `(thread)` after the logger.
    Thread,
    /// Anything else (a nom primitive failed where no item was named).
    Other,
}

impl Missing {
    /// Returns the words for a person: what the line lacks.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Missing::Stamp => "a time stamp at its start",
            Missing::Level => "a level after the time stamp",
            Missing::Logger => "a [logger] after the level",
            Missing::Thread => "a (thread) after the logger",
            Missing::Other => "the form of a record",
        }
    }
}

impl ParseError<&[u8]> for Missing {
    fn from_error_kind(_: &[u8], _: ErrorKind) -> Self {
        Missing::Other
    }
    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Res<'a, T> = IResult<&'a [u8], T, Missing>;

/// Names the item that `parser` reads, for [`Missing`].
fn named<'a, T>(what: Missing, mut parser: impl Parser<&'a [u8], Output = T, Error = Missing>) -> impl FnMut(&'a [u8]) -> Res<'a, T> {
    move |i| parser.parse(i).map_err(|_| nom::Err::Error(what))
}

/// `2026-11-23 14:48:22,304`
fn time(i: &[u8]) -> Res<'_, Stamp> {
    match stamp(i) {
        Some((at, len)) => Ok((&i[len..], at)),
        None => Err(nom::Err::Error(Missing::Stamp)),
    }
}

/// `kc-0 java[1] ` (`%h %N[%i]`): the host, the process and its number.
fn origin(i: &[u8]) -> Res<'_, &[u8]> {
    let word = |i| take_while1(|c: u8| c != b' ' && c != b'[')(i);
    let (i, host) = terminated(word, tag(" ")).parse(i)?;
    let number = delimited(tag("["), take_while1(|c: u8| c.is_ascii_digit()), tag("]"));
    value(host, (word, number, take_while1(|c| c == b' '))).parse(i)
}

/// `{kc.clientId=web-portal, kc.realmName=shop} `: up to the brace that a level follows, since a value may hold braces.
fn mdc(i: &[u8]) -> Res<'_, ()> {
    let (mut rest, _) = tag("{")(i)?;
    loop {
        let (after, _) = terminated(take_until("} "), tag("} ")).parse(rest)?;
        if level(after).is_ok() || after.starts_with(b"traceId=") {
            return Ok((after, ()));
        }
        rest = after;
    }
}

/// `traceId=…, parentId=…, spanId=…, sampled=true `; all four may be empty.
fn trace(i: &[u8]) -> Res<'_, ()> {
    let (i, _) = tag("traceId=")(i)?;
    let (i, _) = terminated(take_until("sampled="), tag("sampled=")).parse(i)?;
    value((), terminated(take_till(|c| c == b' '), take_while1(|c| c == b' '))).parse(i)
}

/// `WARN  ` and the blanks after it.
fn level(i: &[u8]) -> Res<'_, Level> {
    let word = alt((
        value(Level::Info, tag("INFO")),
        value(Level::Warn, alt((tag("WARNING"), tag("WARN")))),
        value(Level::Debug, tag("DEBUG")),
        value(Level::Error, alt((tag("ERROR"), tag("SEVERE")))),
        value(Level::Trace, tag("TRACE")),
        value(Level::Fatal, tag("FATAL")),
    ));
    terminated(word, take_while1(|c| c == b' ')).parse(i)
}

/// `[org.keycloak.events] `; the name may be abbreviated or empty.
fn logger(i: &[u8]) -> Res<'_, &[u8]> {
    delimited(tag("["), take_till(|c| c == b']' || c == b' '), tag("] ")).parse(i)
}

/// `(executor-thread-1) `; a thread's name may hold parentheses of its own.
fn thread(i: &[u8]) -> Res<'_, &[u8]> {
    alt((delimited(tag("("), take_until(") "), tag(") ")), delimited(tag("("), take_until(")"), recognize((tag(")"), nom::combinator::eof))))).parse(i)
}

/// The whole head; see the module's grammar.
fn head(line: &[u8]) -> Res<'_, Record<'_>> {
    let (i, at) = time(line)?;
    let stamp_text = &line[..line.len() - i.len()];
    let (i, _) = named(Missing::Level, take_while1(|c| c == b' '))(i)?;
    let (i, host) = opt(origin).parse(i)?;
    let (i, _) = opt(mdc).parse(i)?;
    let (i, _) = opt(trace).parse(i)?;
    let (i, lvl) = named(Missing::Level, level)(i)?;
    let (i, _) = opt(trace).parse(i)?;
    let (i, _) = opt(terminated(mdc_plain, take_while(|c| c == b' '))).parse(i)?;
    let (i, name) = named(Missing::Logger, logger)(i)?;
    let (i, thr) = named(Missing::Thread, thread)(i)?;
    let layout = if matches!(at, Stamp::TimeOfDay(_)) { Layout::WildflyConsole } else { Layout::Text };
    Ok((
        &[],
        Record {
            at,
            stamp_text: Cow::Borrowed(stamp_text),
            level: lvl,
            logger: Cow::Borrowed(name),
            thread: Cow::Borrowed(thr),
            message: Cow::Borrowed(behind_columns(i)),
            host: host.map(Cow::Borrowed),
            layout,
        },
    ))
}

/// Columns of a format of one's own that are taken off a message.
const COLUMNS: usize = 4;

/// Returns a message behind the columns that a format of one's own puts before it, as `[%X{traceId}] ` or `%X `: no message that is read here begins with a bracket.
#[inline]
pub(super) fn behind_columns(message: &[u8]) -> &[u8] {
    if matches!(message.first(), Some(b'[' | b'{')) { behind_brackets(message) } else { message }
}

/// Does so where there is one.
#[cold]
fn behind_brackets(message: &[u8]) -> &[u8] {
    let mut rest = message;
    for _ in 0..COLUMNS {
        let end: &[u8] = match rest.first() {
            Some(b'[') => b"] ",
            Some(b'{') => b"} ",
            _ => break,
        };
        match memmem::find(rest, end).map(|at| &rest[at + end.len()..]) {
            // an access line's address, as `[2001:db8::1]`
            Some(behind) if behind.starts_with(b"- ") => break,
            Some(behind) => rest = behind,
            None => break,
        }
    }
    rest
}

/// `{…} ` after the level, as some custom formats put it.
fn mdc_plain(i: &[u8]) -> Res<'_, ()> {
    value((), delimited(tag("{"), take_until("} ["), tag("}"))).parse(preceded_space(i))
}

fn preceded_space(i: &[u8]) -> &[u8] {
    preceded(take_while(|c| c == b' '), nom::combinator::rest::<&[u8], Missing>).parse(i).map_or(i, |(_, r)| r)
}

/// Reads one line as a text record; says what was missing where it is none.
pub fn parse(line: &[u8]) -> Result<Record<'_>, Missing> {
    match head(line) {
        Ok((_, record)) => Ok(record),
        Err(nom::Err::Error(m) | nom::Err::Failure(m)) => Err(m),
        Err(nom::Err::Incomplete(_)) => Err(Missing::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_rows_of_the_layout_table() {
        let table: &[(&str, &str, &str, &str)] = &[
            ("2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) type=\"X\"", "org.keycloak.events", "executor-thread-1", "type=\"X\""),
            ("2025-06-20 14:13:01,772 {kc.clientId=web, kc.realmName=master} INFO  [a.b] (main) hi", "a.b", "main", "hi"),
            ("2025-06-20 14:13:01,772 {} INFO  [a.b] (main) hi", "a.b", "main", "hi"),
            ("2025-06-20 14:13:01,772 {kc.x=a} b} INFO  [a.b] (main) hi", "a.b", "main", "hi"),
            ("2025-11-27 12:15:23,187 traceId=1f, parentId=2, spanId=3, sampled=true INFO  [a.b] (main) hi", "a.b", "main", "hi"),
            ("2025-11-27 12:15:23,187 traceId=, parentId=, spanId=, sampled= INFO  [a.b] (main) hi", "a.b", "main", "hi"),
            ("2025-11-27 12:15:23,187 INFO  traceId=1f, parentId=2, spanId=3, sampled=true [a.b] (main) hi", "a.b", "main", "hi"),
            ("15:01:38,460 WARN  [org.keycloak.events] (default task-2) type=X", "org.keycloak.events", "default task-2", "type=X"),
            ("2026-11-23 15:01:38,460 ERROR [] (Thread-3 (x)) boom", "", "Thread-3 (x)", "boom"),
            ("2026-11-23T15:01:38.460123+01:00 FATAL [events] (t) m", "events", "t", "m"),
            ("2026-11-23 15:01:38,460 INFO  [a] (t) ", "a", "t", ""),
            ("2026-11-23 15:01:38,460 INFO  [a] (t)", "a", "t", ""),
            ("2026-11-23 15:01:38,460 kc-0 java[1] INFO  [a.b] (main) hi", "a.b", "main", "hi"),
            ("2026-11-23 15:01:38,460 INFO  [a.b] (main) [] hi", "a.b", "main", "hi"),
            ("2026-11-23 15:01:38,460 INFO  [a.b] (main) [1f] {kc.x=a, kc.y=b} hi [there]", "a.b", "main", "hi [there]"),
            ("2026-11-23 15:01:38,460 INFO  [a.b] (main) [open", "a.b", "main", "[open"),
            ("2026-11-23 15:01:38,460 INFO  [a.access-log] (main) [] [::1] - - [x]", "a.access-log", "main", "[::1] - - [x]"),
            ("2026-11-23 15:01:38,460 kc-0.example /usr/bin/java[4711] {kc.x=a} INFO  [a.b] (main) hi", "a.b", "main", "hi"),
        ];
        for (line, logger, thread, message) in table {
            let r = parse(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e:?}"));
            assert_eq!((&*r.logger, &*r.thread, &*r.message), (logger.as_bytes(), thread.as_bytes(), message.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_line_can_name_its_host() {
        let host = |line: &str| parse(line.as_bytes()).ok().and_then(|r| r.host.map(Cow::into_owned));
        assert_eq!(host("2026-11-23 15:01:38,460 kc-0 java[1] INFO  [a.b] (main) hi"), Some(b"kc-0".to_vec()));
        assert_eq!(host("2026-11-23 15:01:38,460 INFO  [a.b] (main) hi"), None);
    }

    #[test]
    fn says_what_is_missing() {
        let table: &[(&str, Missing)] = &[
            ("\tat org.keycloak.Foo(Foo.java:1)", Missing::Stamp),
            ("2026-11-23 15:01:38,460 hello", Missing::Level),
            ("2026-11-23 15:01:38,460 INFO  hello", Missing::Logger),
            ("2026-11-23 15:01:38,460 INFO  [a.b] hello", Missing::Thread),
            ("2026-11-23 15:01:38,460 kc-0 java[x] INFO  [a.b] (main) hi", Missing::Level),
            ("Caused by: x", Missing::Stamp),
        ];
        for (line, want) in table {
            assert_eq!(parse(line.as_bytes()).err(), Some(*want), "{line}");
        }
    }
}
