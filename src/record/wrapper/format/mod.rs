//! The server's own format: `--log-console-format`, `--log-file-format`, `quarkus.log.console.format`, a pattern formatter of `WildFly`.
//!
//! Input: lines in that format. Output: the same records as the default format writes them. Which format it is, [`infer`] finds out from the lines, or a person says it
//! as it was said to the server (`--layout '%d{HH:mm:ss} %-5p [%t] %c{2.} - %s%e%n'`). Must not know what a message means.

pub(super) mod infer;
mod when;

use std::fmt;

use chrono::{DateTime, SecondsFormat};
use memchr::memmem;

use when::{Order, when};

/// What stands in one place of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    /// `%d`.
    Time,
    /// `%p`.
    Level,
    /// `%c`, `%C`.
    Logger,
    /// `%t`.
    Thread,
    /// `%h`, `%H`.
    Host,
    /// Anything else: `%X`, `%i`, `%L`, …
    Other,
}

/// A part of a head.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Item(Item),
    /// What stands between items; one blank for any number of them.
    Text(Vec<u8>),
}

/// A format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format {
    head: Vec<Part>,
    /// What begins behind the message.
    tail: Vec<u8>,
    order: Order,
}

/// A line's parts.
#[derive(Debug, Default)]
struct Read<'a> {
    time: Option<std::borrow::Cow<'a, [u8]>>,
    level: Option<&'static str>,
    logger: &'a [u8],
    thread: &'a [u8],
    host: Option<&'a [u8]>,
    message: &'a [u8],
}

/// What a record says beyond its line.
pub(super) struct Written<'a> {
    /// The host that wrote it.
    pub(super) host: Option<&'a [u8]>,
}

/// The levels, as they are written.
const LEVELS: [(&str, &str); 13] = [
    ("TRACE", "TRACE"),
    ("DEBUG", "DEBUG"),
    ("INFO", "INFO"),
    ("WARN", "WARN"),
    ("WARNING", "WARN"),
    ("ERROR", "ERROR"),
    ("SEVERE", "ERROR"),
    ("FATAL", "FATAL"),
    ("CONFIG", "INFO"),
    ("FINE", "DEBUG"),
    ("FINER", "TRACE"),
    ("FINEST", "TRACE"),
    ("NOTICE", "INFO"),
];

/// Returns a level as the default format names it; a letter can stand for it.
fn level(word: &[u8]) -> Option<&'static str> {
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes()) || (word.len() == 1 && name.as_bytes()[0] == word[0]);
    LEVELS.iter().find(|(name, _)| is(name)).map(|(_, level)| *level)
}

/// Whether a word in capitals is a level.
fn is_level(word: &[u8]) -> bool {
    LEVELS.iter().any(|(name, _)| name.as_bytes() == word)
}

/// Whether a message is a list of an event.
fn is_event(message: &[u8]) -> bool {
    event_at(message) == Some(0)
}

/// Returns where the list of an event begins: `type="LOGIN", realmId=…`, `type=LOGIN, realmId=…`, `operationType=…`, quoted in any way.
fn event_at(line: &[u8]) -> Option<usize> {
    let at = memmem::find(line, b", realmId=")?;
    let begin = memmem::rfind(&line[..at], b"ype=")?;
    let value = line[begin + 4..at].iter().all(|c| c.is_ascii_uppercase() || matches!(c, b'_' | b'"' | b'\'' | b'-' | b'\\'));
    let start = [&b"operationT"[..], b"t"].iter().find(|name| line[..begin].ends_with(name)).map(|name| begin - name.len())?;
    (value && start.checked_sub(1).is_none_or(|before| !line[before].is_ascii_alphanumeric())).then_some(start)
}

/// Matches what stands between items at the beginning of `i`; returns what follows.
fn between<'a>(mut i: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    for (at, c) in text.iter().enumerate() {
        if *c == b' ' {
            let blanks = i.iter().take_while(|c| **c == b' ').count();
            // an editor takes blanks from the end of a line
            if blanks == 0 && !(i.is_empty() && at + 1 == text.len()) {
                return None;
            }
            i = &i[blanks..];
        } else {
            i = i.strip_prefix(&[*c])?;
        }
    }
    Some(i)
}

/// Returns what stands before the first place where `text` matches and what follows is as it has to be, and that; a head has no more than so many places.
fn until<'a>(i: &'a [u8], text: &[u8], goes_on: impl Fn(&[u8]) -> bool) -> Option<(&'a [u8], &'a [u8])> {
    const PLACES: usize = 64;
    let first = text.first()?;
    let mut places = memchr::memchr_iter(*first, i).take(PLACES).filter_map(|at| Some((&i[..at], between(&i[at..], text)?)));
    places.find(|(_, rest)| goes_on(rest)).or_else(|| {
        // blanks at the end of a line that were taken
        between(b"", text).map(|rest| (i, rest)).filter(|(_, rest)| goes_on(rest))
    })
}

/// Returns the level that stands at the beginning, and what follows.
fn leading_level(i: &[u8]) -> Option<(&'static str, &[u8])> {
    let i = i.trim_ascii_start();
    let (word, rest) = i.split_at(i.iter().position(|c| !c.is_ascii_alphabetic()).unwrap_or(i.len()));
    Some((level(word)?, rest))
}

impl Format {
    /// Reads a format as a server is told it; `None` for what is none.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        let (mut message, mut behind) = (false, false);
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            let text = if c == '%' {
                rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'));
                let directive = rest.chars().next()?;
                rest = &rest[directive.len_utf8()..];
                if let Some(inside) = rest.strip_prefix('{') {
                    rest = &inside[inside.find('}')? + 1..];
                }
                match directive {
                    '%' => "%",
                    's' | 'm' => {
                        (message, behind) = (true, behind || message);
                        continue;
                    }
                    // an exception is on lines of its own; a colour, a zone and the end of the line are nothing
                    'e' | 'E' | 'K' | 'z' | 'n' => continue,
                    directive if directive.is_ascii_alphabetic() || directive == '$' => {
                        if message {
                            behind = true;
                        } else {
                            head.push(Part::Item(Item::named(directive)));
                        }
                        continue;
                    }
                    _ => return None,
                }
            } else {
                &pattern[pattern.len() - rest.len() - c.len_utf8()..pattern.len() - rest.len()]
            };
            match (message, head.last_mut()) {
                // the first text behind the message tells where that ends
                (true, _) if behind => {}
                (true, _) => tail.extend_from_slice(text.as_bytes()),
                (false, Some(Part::Text(before))) => before.extend_from_slice(text.as_bytes()),
                (false, _) => head.push(Part::Text(text.as_bytes().to_vec())),
            }
        }
        Format::of(head, tail, if pattern.contains("MM/dd") { Order::MonthFirst } else { Order::DayFirst }).filter(|_| message)
    }

    /// Makes a format of its parts; `None` where items cannot be told from each other.
    fn of(head: Vec<Part>, tail: Vec<u8>, order: Order) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        for part in head {
            match (part, parts.last_mut()) {
                (Part::Text(text), _) if text.is_empty() => {}
                (Part::Text(text), Some(Part::Text(before))) => before.extend_from_slice(&text),
                (part, _) => parts.push(part),
            }
        }
        for part in &mut parts {
            if let Part::Text(text) = part {
                // columns are filled with blanks
                text.dedup_by(|a, b| *a == b' ' && *b == b' ');
            }
        }
        // what does not end by itself has to be ended by what follows
        let is_open = |pair: &[Part]| matches!(pair, [Part::Item(item), Part::Item(_)] if !matches!(item, Item::Time | Item::Level));
        let count = |wanted: Item| parts.iter().filter(|part| **part == Part::Item(wanted)).count();
        let is_well = !parts.windows(2).any(is_open)
            && !matches!(parts.last(), Some(Part::Item(item)) if !matches!(item, Item::Time | Item::Level))
            && [Item::Time, Item::Level, Item::Logger, Item::Thread].iter().all(|item| count(*item) <= 1)
            && count(Item::Time) + count(Item::Level) > 0;
        is_well.then_some(Format { head: parts, tail, order })
    }

    /// Whether a record's time is part of its line.
    pub(super) fn is_timed(&self) -> bool {
        self.head.contains(&Part::Item(Item::Time))
    }

    fn read<'a>(&self, line: &'a [u8]) -> Option<Read<'a>> {
        let mut read = Read::default();
        let mut i = line;
        for (at, part) in self.head.iter().enumerate() {
            let item = match part {
                Part::Text(text) if at > 0 && matches!(self.head[at - 1], Part::Item(Item::Time | Item::Level)) => {
                    let blanks = i.iter().take_while(|c| **c == b' ' && text[0] != b' ').count();
                    i = between(&i[blanks..], text)?;
                    continue;
                }
                // that of another item was read with it
                Part::Text(_) if at > 0 => continue,
                Part::Text(text) => {
                    i = between(i, text)?;
                    continue;
                }
                Part::Item(item) => *item,
            };
            match item {
                Item::Time => {
                    i = i.trim_ascii_start();
                    let (time, length) = when(i, self.order)?;
                    (read.time, i) = (Some(time), &i[length..]);
                }
                Item::Level => {
                    let (level, rest) = leading_level(i)?;
                    (read.level, i) = (Some(level), rest);
                }
                Item::Logger | Item::Thread | Item::Host | Item::Other => {
                    let Some(Part::Text(text)) = self.head.get(at + 1) else { return None };
                    let next = self.head.get(at + 2);
                    let goes_on = |rest: &[u8]| match next {
                        Some(Part::Item(Item::Time)) => when(rest.trim_ascii_start(), self.order).is_some(),
                        Some(Part::Item(Item::Level)) => leading_level(rest).is_some(),
                        _ => true,
                    };
                    let (value, rest) = until(i, text, goes_on)?;
                    i = rest;
                    let value = value.trim_ascii();
                    match item {
                        Item::Logger if value.contains(&b' ') => return None,
                        Item::Logger => read.logger = value,
                        Item::Thread => read.thread = value,
                        Item::Host => read.host = Some(value),
                        _ => {}
                    }
                }
            }
        }
        read.message = match memmem::rfind(i, &self.tail) {
            Some(end) if !self.tail.is_empty() => &i[..end],
            _ => i,
        };
        Some(read)
    }

    /// Whether a record begins on a line.
    pub(super) fn begins(&self, line: &[u8]) -> bool {
        self.read(line).is_some()
    }

    /// Writes a record as the default format does; `time` is when it was written where its line does not say so.
    pub(super) fn rewrite<'a>(&self, line: &'a [u8], time: Option<i64>, out: &mut Vec<u8>) -> Option<Written<'a>> {
        let read = self.read(line)?;
        out.clear();
        match (&read.time, time) {
            (Some(written), _) => out.extend_from_slice(written),
            (None, Some(ms)) => out.extend_from_slice(DateTime::from_timestamp_millis(ms)?.to_rfc3339_opts(SecondsFormat::Millis, true).as_bytes()),
            (None, None) => return None,
        }
        out.extend_from_slice(format!(" {:<5} [", read.level.unwrap_or("INFO")).as_bytes());
        match read.logger {
            [] if is_event(read.message) => out.extend_from_slice(b"org.keycloak.events"),
            logger => out.extend_from_slice(logger),
        }
        for piece in [b"] (", read.thread, b") ", read.message] {
            out.extend_from_slice(piece);
        }
        Some(Written { host: read.host })
    }
}

impl Item {
    /// Returns what a directive prints.
    fn named(directive: char) -> Self {
        match directive {
            'd' => Item::Time,
            'p' => Item::Level,
            'c' | 'C' => Item::Logger,
            't' => Item::Thread,
            'h' | 'H' => Item::Host,
            _ => Item::Other,
        }
    }

    /// Returns the directive.
    fn directive(self) -> &'static str {
        match self {
            Item::Time => "%d",
            Item::Level => "%p",
            Item::Logger => "%c",
            Item::Thread => "%t",
            Item::Host => "%h",
            Item::Other => "%X",
        }
    }
}

/// The format as a server would be told it; [`Format::parse`] reads it.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &[u8]| String::from_utf8_lossy(text).replace('%', "%%");
        for part in &self.head {
            match part {
                Part::Item(Item::Time) if self.order == Order::MonthFirst => f.write_str("%d{MM/dd/yyyy HH:mm:ss}")?,
                Part::Item(item) => f.write_str(item.directive())?,
                Part::Text(between) => f.write_str(&text(between))?,
            }
        }
        write!(f, "%s{}", text(&self.tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &Format, line: &str) -> Option<String> {
        let mut out = Vec::new();
        format.rewrite(line.as_bytes(), None, &mut out)?;
        Some(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn what_a_server_was_told_reads_what_it_prints() {
        let want = r#"2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) type="X", a="b""#;
        let table = [
            ("%d{yyyy-MM-dd HH:mm:ss,SSS} %-5p [%c] (%t) %s%e%n", want),
            ("%d %p 1580 --- [%t] %c : %s%e%n", r#"2026-11-23 14:48:22,304   WARN 1580 --- [  executor-thread-1] org.keycloak.events     : type="X", a="b""#),
            (
                "%X %d{dd/MM/yyyy HH:mm:ss} <%p> <%c{1}> <%t> %s <%X{id}>%e%n",
                r#"x y 23/11/2026 14:48:22,304 <WARN> <org.keycloak.events> <executor-thread-1> type="X", a="b" <1f>"#,
            ),
            ("%d{MM/dd/yyyy HH:mm:ss}|%-5p|%c|%t|%i|%s", r#"11/23/2026 14:48:22,304|WARN |org.keycloak.events|executor-thread-1|7|type="X", a="b""#),
        ];
        for (pattern, line) in table {
            let format = Format::parse(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!(written(&format, line).as_deref(), Some(want), "{pattern}");
            // a format is kept as it is shown
            assert_eq!(Format::parse(&format.to_string()).as_ref(), Some(&format), "{format}");
            assert_eq!(written(&format, "\tat org.keycloak.Foo(Foo.java:1)"), None, "{pattern}");
        }
        for pattern in ["", "docker", "%d %p", "%s", "%c%t %d %s", "%d %d %s", "%d %? %s", "%c %t %s", "%d{HH %s"] {
            assert_eq!(Format::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn what_a_line_does_not_say_is_left_out_or_taken_from_its_wrapper() {
        let format = Format::parse("[%c] %p %s").expect("a format");
        assert!(!format.is_timed());
        assert_eq!(written(&format, "[a.b] INFO hi"), None);
        let mut out = Vec::new();
        assert!(format.rewrite(b"[a.b] INFO hi", Some(1_795_445_302_304), &mut out).is_some());
        assert_eq!(String::from_utf8_lossy(&out), "2026-11-23T14:48:22.304Z INFO  [a.b] () hi");
        let format = Format::parse("%d %h %s").expect("a format");
        let line = br#"14:48:22,304 kc-0 type="LOGIN", realmId="r""#;
        assert_eq!(format.rewrite(line, None, &mut out).and_then(|written| written.host), Some(&b"kc-0"[..]));
        assert_eq!(String::from_utf8_lossy(&out), r#"14:48:22,304 INFO  [org.keycloak.events] () type="LOGIN", realmId="r""#);
    }
}
