//! A few lines as a log of their own: what a person pasted, or a rule gives as an example.
//!
//! Input: text. Output: a [`Batch`] and what the join makes of it. Whole log lines are read as `scan` reads them. Where no line is a whole one, a
//! prefix that another tool put before it (`grep -n`, a pod's name) is taken off, and a line without a head (`[Logger] message`, or the
//! event list alone) is a record without a time. Must not know rules.
//!
//! ```
//! use kctriage::triage::pasted::failures;
//! let lines = ["[OAuth2CodeParser] Invalid format of the code", "type=CODE_TO_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=invalid_code"];
//! assert!(failures(lines.join("\n").as_bytes())[0].with.format.is_some());
//! ```

use std::borrow::Cow;

use super::clock::{Clock, Zone};
use super::join::{Chunk, Join};
use super::joined::{Failed, What};
use crate::names::Names;
use crate::record::wrapper::{self, Told};
use crate::record::{Layout, Level, Line, Record, Stamp, line};
use crate::signal::{self, Batch, batch, companion, event};
use crate::source::{Gathered, Payload, Unwrapper};

/// Bytes of a line in which a prefix can end.
const PREFIX: usize = 256;

/// Lines that are looked at for prefixes.
const LOOKED_AT: usize = 1000;

/// Loggers whose messages are recognised without their name.
const LOGGERS: [&str; 4] = ["OAuth2CodeParser", "PkceUtils", "ClientAuthenticationFlow", "services"];

/// Text in which every record can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pasted<'a> {
    /// Log lines, perhaps rid of their prefixes.
    Log(Cow<'a, [u8]>),
    /// Lines without heads.
    Bare(&'a [u8]),
}

impl<'a> Pasted<'a> {
    /// Looks at a text.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        let mut scratch = Vec::new();
        if lines(text).any(|l| matches!(line(l, &mut scratch), Line::Head(_))) {
            return Pasted::Log(Cow::Borrowed(text));
        }
        if let Some(inside) = unwrapped(text) {
            return Pasted::Log(Cow::Owned(inside));
        }
        if lines(text).take(LOOKED_AT).any(|l| prefix(l) > 0) {
            let stripped: Vec<&[u8]> = lines(text).map(|l| &l[prefix(l)..]).collect();
            return Pasted::Log(Cow::Owned(stripped.join(&b'\n')));
        }
        Pasted::Bare(text)
    }

    /// Calls back for each line that is not blank: its number from 1, the record that begins there, the line.
    pub fn each(&self, mut told: impl FnMut(u64, Option<&Record<'_>>, &[u8])) {
        let mut scratch = Vec::new();
        for (number, text) in (1..).zip(lines(self.text())) {
            match (self, line(text, &mut scratch)) {
                (_, Line::Blank) => {}
                (Pasted::Bare(_), _) => told(number, bare(text).as_ref(), text),
                (_, Line::Head(record)) => told(number, Some(&record), text),
                (_, Line::Rest | Line::Unknown(_)) => told(number, None, text),
            }
        }
    }

    fn text(&self) -> &[u8] {
        match self {
            Pasted::Log(text) => text,
            Pasted::Bare(text) => text,
        }
    }

    /// Reads the signals.
    #[must_use]
    pub fn batch(&self) -> Batch {
        if let Pasted::Log(text) = self {
            return batch::scan(text);
        }
        let mut batch = batch::scan(b"");
        batch.lines = lines(self.text()).count() as u64;
        self.each(|number, record, _| {
            let at = u32::try_from(number - 1).unwrap_or(u32::MAX);
            batch.signals.extend(record.and_then(|r| signal::read(r, at, &mut batch.names)));
        });
        batch
    }
}

/// Returns the failed token requests of a text, each with its companions.
#[must_use]
pub fn failures(text: &[u8]) -> Vec<Failed> {
    let (mut names, mut out) = (Names::default(), Vec::new());
    let mut join = Join::new(Clock::new(Zone::Utc, None));
    join.chunk(Pasted::of(text).batch(), &mut Chunk { source: 0, line: 0, marks: None, node: &mut |_| 0 }, &mut names, &mut out);
    join.finish(&mut out);
    out.into_iter()
        .filter_map(|joined| match joined.what {
            What::Failed(failed) => Some(failed),
            _ => None,
        })
        .collect()
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|c| *c == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l))
}

/// Takes the wrapper off that a container runtime, the journal or a log store put around the lines; `None` where there is none that is known.
fn unwrapped(text: &[u8]) -> Option<Vec<u8>> {
    let told = Told::default();
    let mut inside = Gathered::default();
    let mut out = |payload: Payload<'_>| inside.add(&payload);
    match wrapper::unwrapper(&wrapper::wrapping(text, true, &told)?, &told)? {
        Unwrapper::Lines(mut unwrapper) => {
            for (number, line) in (1..).zip(lines(text)) {
                unwrapper.take(line, number, &mut out);
            }
            unwrapper.finish(&mut out);
        }
        // what came before a damage can be read
        Unwrapper::Document(mut document) => drop(document.read(&mut &*text, &mut out)),
    }
    (!inside.bytes.is_empty()).then_some(inside.bytes)
}

/// Returns how many bytes another tool put before the record that is on this line; 0 where there is none.
fn prefix(text: &[u8]) -> usize {
    let mut scratch = Vec::new();
    let begins = |i: &usize| matches!(text[*i], b'0'..=b'9' | b'{') && matches!(text[*i - 1], b':' | b'-' | b' ' | b'\t' | b'|');
    (1..text.len().min(PREFIX)).filter(begins).find(|i| matches!(line(&text[*i..], &mut scratch), Line::Head(_))).unwrap_or(0)
}

/// Reads `[WARN ][[logger] ][(thread) ]message`.
fn bare(text: &[u8]) -> Option<Record<'_>> {
    let text = text.trim_ascii();
    let (level, rest) = level(text);
    let (logger, rest) = within(rest, b'[', b']').map_or((None, rest), |(l, r)| (Some(l), r));
    let (thread, message) = logger.and_then(|_| within(rest, b'(', b')')).unwrap_or((b"", rest));
    let logger = match logger {
        Some(logger) => logger,
        None if event::begins(message) => b"org.keycloak.events",
        None => LOGGERS.into_iter().map(str::as_bytes).find(|l| companion::read(l, message).is_some())?,
    };
    Some(Record {
        at: Stamp::Unknown,
        stamp_text: Cow::Borrowed(b""),
        level,
        logger: logger.into(),
        thread: thread.into(),
        message: message.into(),
        host: None,
        layout: Layout::Text,
    })
}

/// `WARN  `; a line need not have one.
fn level(text: &[u8]) -> (Level, &[u8]) {
    let word = text.iter().take_while(|c| c.is_ascii_uppercase()).count();
    let known = ["FATAL", "ERROR", "SEVERE", "WARN", "WARNING", "INFO", "DEBUG", "TRACE"];
    match std::str::from_utf8(&text[..word]) {
        Ok(name) if known.contains(&name) && text.get(word) == Some(&b' ') => (Level::named(name.as_bytes()), text[word..].trim_ascii_start()),
        _ => (Level::Info, text),
    }
}

/// `[name] ` or `(name) `.
fn within(text: &[u8], open: u8, close: u8) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(&[open])?;
    let end = memchr::memchr(close, inner)?;
    let rest = inner[end + 1..].strip_prefix(b" ")?;
    Some((&inner[..end], rest.trim_ascii_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str =
        "type=CODE_TO_TOKEN_ERROR, realmId=r, clientId=web, userId=null, ipAddress=10.0.0.4, error=invalid_code, code_id=s, client_auth_method=client-secret";
    const GONE: &str = "Code 'c' already used for userSession 's' and client 'u'.";

    #[test]
    fn whole_lines_prefixed_lines_and_bare_lines_are_read() {
        let head = |logger: &str| format!("2026-11-23 15:01:38,460 WARN  [{logger}] (executor-thread-1) ");
        let (parser, events) = (head("org.keycloak.protocol.oidc.utils.OAuth2CodeParser"), head("org.keycloak.events"));
        let table = [
            format!("{parser}{GONE}\n{events}{EVENT}\n"),
            format!("{parser}{GONE}\r\n\r\n{events}{EVENT}"),
            format!("12:{parser}{GONE}\nserver.log:13:{events}{EVENT}\n"),
            format!("keycloak-0 | {parser}{GONE}\nkeycloak-0 | {events}{EVENT}\n"),
            format!("[OAuth2CodeParser] {GONE}\n{EVENT}"),
            format!("WARN  [org.keycloak.protocol.oidc.utils.OAuth2CodeParser] (t-1) {GONE}\nWARN  [org.keycloak.events] (t-1) {EVENT}"),
            format!("  {GONE}\n  {EVENT}\n"),
        ];
        for text in table {
            let found = failures(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].with.gone.is_some() && found[0].failure.session.as_deref() == Some("s"), "{text}");
        }
    }

    #[test]
    fn heads_are_given_only_where_no_line_has_one() {
        // a line without a head behind one that has one belongs to it, as in a scan
        let text = format!("2026-11-23 15:01:38,460 INFO  [a] (t) m\n{EVENT}");
        assert!(failures(text.as_bytes()).is_empty());
        for text in ["", "\n", "all is well", "[a] b", "123: hello", "(t) type"] {
            assert!(failures(text.as_bytes()).is_empty(), "{text:?}");
        }
    }
}
