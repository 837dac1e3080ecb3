//! Lines to records.
//!
//! Input: physical lines of a chunk. Output: [`Line`], which says of each line whether a record begins there. Must not know what a record
//! means (that is [`crate::signal`]) nor which file or node it came from.
//!
//! ```
//! use kctriage::record::{Line, line};
//! let text = b"2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) type=\"LOGIN\"";
//! let mut scratch = Vec::new();
//! let Line::Head(record) = line(text, &mut scratch) else { panic!() };
//! assert_eq!(&*record.thread, b"executor-thread-1");
//! ```

pub mod course;
pub mod json;
mod loggers;
pub mod mask;
pub mod object;
pub mod quick;
pub mod stamp;
pub mod stored;
pub mod text;
pub mod wrapper;

use std::borrow::Cow;

pub use stamp::Stamp;

/// Severity, as the server printed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `FATAL`.
    Fatal,
    /// `ERROR`, `SEVERE`.
    Error,
    /// `WARN`, `WARNING`.
    Warn,
    /// `INFO`, and whatever has no name here.
    Info,
    /// `DEBUG`.
    Debug,
    /// `TRACE`.
    Trace,
}

impl Level {
    /// Returns the level of that name; `Info` for a name it does not know.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        match name {
            b"FATAL" => Level::Fatal,
            b"ERROR" | b"SEVERE" => Level::Error,
            b"WARN" | b"WARNING" => Level::Warn,
            b"DEBUG" => Level::Debug,
            b"TRACE" => Level::Trace,
            _ => Level::Info,
        }
    }
}

/// The layouts of "what Keycloak really prints".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// Dated text: Quarkus (plain, MDC, tracing) and the `WildFly` file.
    Text,
    /// Text without a date: the `WildFly` console.
    WildflyConsole,
    /// Keycloak's default JSON.
    Json,
    /// Elastic Common Schema JSON, flat or nested.
    Ecs,
    /// Lines of an HTTP access log that stand by themselves: a reverse proxy's, or Keycloak's in a file of its own.
    Access,
    /// An event of the event store, the event table or a webhook, as JSON.
    Stored,
}

impl Layout {
    /// Every layout, in the order in which outputs name them.
    pub const ALL: [Layout; 6] = [Layout::Text, Layout::WildflyConsole, Layout::Json, Layout::Ecs, Layout::Access, Layout::Stored];

    /// Returns the name that a person sees.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Layout::Text => "text",
            Layout::WildflyConsole => "WildFly console (no date)",
            Layout::Json => "JSON",
            Layout::Ecs => "ECS JSON",
            Layout::Access => "access log",
            Layout::Stored => "stored events",
        }
    }
}

/// One log record's first line; borrows the chunk where it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// When.
    pub at: Stamp,
    /// The stamp as printed; part of a finding's identity.
    pub stamp_text: Cow<'a, [u8]>,
    /// How severe.
    pub level: Level,
    /// The logger's name, perhaps abbreviated, perhaps empty.
    pub logger: Cow<'a, [u8]>,
    /// The thread's name.
    pub thread: Cow<'a, [u8]>,
    /// What was said, without the lines that follow.
    pub message: Cow<'a, [u8]>,
    /// The host that the record names (JSON layouts).
    pub host: Option<Cow<'a, [u8]>>,
    /// How it was written.
    pub layout: Layout,
}

/// What one physical line is.
#[derive(Debug)]
pub enum Line<'a> {
    /// A record begins here.
    Head(Record<'a>),
    /// Nothing but white space.
    Blank,
    /// Looks like the start of a record, but none that is known; `text::Missing` says what it lacked where it began with a time.
    Unknown(Option<text::Missing>),
    /// Anything else: belongs to the record before it, or to a banner.
    Rest,
}

/// Says what `line` (without its line feed) is. `scratch` holds the line without colours where it has some, and is the caller's so that
/// it can be reused.
pub fn line<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = uncoloured(line, scratch);
    match line.first() {
        None => Line::Blank,
        Some(b'{') => json::parse(line).or_else(|| stored::parse(line)).map_or(Line::Unknown(None), Line::Head),
        Some(b'0'..=b'9') => match text::parse(line) {
            Ok(record) => Line::Head(record),
            Err(text::Missing::Stamp | text::Missing::Other) => Line::Rest,
            Err(missing) => Line::Unknown(Some(missing)),
        },
        Some(b' ' | b'\t' | b'\r') if line.iter().all(u8::is_ascii_whitespace) => Line::Blank,
        Some(_) => Line::Rest,
    }
}

/// Returns a line without its colours, if its head has some; `scratch` holds it then.
fn uncoloured<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if !colours_the_head(line) {
        return line;
    }
    strip_sgr(line, scratch);
    scratch
}

/// Whether the part before the message has colours: only then are they the server's own and not a value's.
fn colours_the_head(line: &[u8]) -> bool {
    memchr::memchr(0x1b, &line[..line.len().min(24)]).is_some()
}

/// Copies `line` without its SGR sequences (`ESC [ … m`).
fn strip_sgr(line: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = line;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let digits = rest.iter().skip(2).take_while(|c| c.is_ascii_digit() || **c == b';').count();
        if rest.get(1) == Some(&b'[') && rest.get(2 + digits) == Some(&b'm') {
            rest = &rest[digits + 3..];
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match line(text.as_bytes(), &mut Vec::new()) {
            Line::Head(_) => "head",
            Line::Blank => "blank",
            Line::Unknown(_) => "unknown",
            Line::Rest => "rest",
        }
    }

    #[test]
    fn tells_heads_from_what_stands_between_them() {
        let table = [
            ("\x1b[0m\x1b[33m15:01:38,460 WARN  [org.keycloak.events] (default task-2) type=X\r", "head"),
            ("\x1b[38;5;238m2026-11-23 15:01:38,460\x1b[39m \x1b[34mINFO \x1b[39m [\x1b[35ma.b\x1b[39m] (\x1b[36mmain\x1b[39m) \x1b[32mhi\x1b[0m", "head"),
            ("\u{feff}2026-11-23 15:01:38,460 INFO  [a] (t) m", "head"),
            ("\r", "blank"),
            ("  ", "blank"),
            ("\tat org.Foo", "rest"),
            ("Caused by: x", "rest"),
            ("99 bottles", "rest"),
            ("2026-11-23 15:01:38 | INFO | hello", "unknown"),
            ("{\"timestamp\":\"2026", "unknown"),
        ];
        for (text, want) in table {
            assert_eq!(kind(text), want, "{text:?}");
        }
    }
}
