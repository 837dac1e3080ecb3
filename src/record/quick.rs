//! Heads of Keycloak's default format by their columns: `2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) …`.
//!
//! Input: a line. Output: a [`Head`], which says what most lines of a log need answered: that a record begins here, and who wrote it. `None` says nothing:
//! the parser decides ([`super::line`]). What is read here is what it reads, never more; a test holds them together.

use std::borrow::Cow;

use memchr::memchr;

use super::stamp::{Stamp, stamp};
use super::{Layout, Level, Record};

/// Bytes of `2026-11-23 14:48:`: the day and the minute, which stay the same for many lines.
const MINUTE: usize = 17;

/// Where the logger begins.
const LOGGER: usize = 31;

/// Reads heads; remembers the minute that it saw last.
#[derive(Debug, Clone, Default)]
pub struct Quick {
    minute: [u8; MINUTE],
    /// Its beginning in milliseconds since the epoch, as if the wall clock were UTC.
    begins: i64,
}

/// A head that was recognised.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    line: &'a [u8],
    /// Where the logger ends.
    logger: usize,
    /// Where the thread ends.
    thread: usize,
    at: i64,
}

impl Quick {
    /// Reads the head of a line without its line feed.
    #[inline]
    pub fn head<'a>(&mut self, line: &'a [u8]) -> Option<Head<'a>> {
        let b: &[u8; LOGGER] = line.first_chunk()?;
        if b[..MINUTE] != self.minute {
            self.turn(b)?;
        }
        let digit = |i: usize| b[i].wrapping_sub(b'0');
        let (s1, s2, f1, f2, f3) = (digit(17), digit(18), digit(20), digit(21), digit(22));
        let digits = s1.max(s2).max(f1).max(f2).max(f3) <= 9;
        if !digits || b[19] != b',' || b[23] != b' ' || b[29] != b' ' || b[30] != b'[' {
            return None;
        }
        let second = s1 * 10 + s2;
        if second > 60 || !matches!(&b[24..29], b"INFO " | b"DEBUG" | b"WARN " | b"ERROR" | b"TRACE" | b"FATAL") {
            return None;
        }
        let logger = LOGGER + line[LOGGER..].iter().position(|c| matches!(c, b']' | b' '))?;
        if line.get(logger..logger + 3) != Some(b"] (") {
            return None;
        }
        let mut thread = logger + 3;
        loop {
            thread += memchr(b')', &line[thread..])?;
            if line.get(thread + 1) == Some(&b' ') {
                break;
            }
            thread += 1;
        }
        let ms = (u32::from(f1) * 10 + u32::from(f2)) * 10 + u32::from(f3);
        Some(Head { line, logger, thread, at: self.begins + i64::from(second) * 1000 + i64::from(ms) })
    }

    /// Takes in another minute.
    #[cold]
    fn turn(&mut self, b: &[u8; LOGGER]) -> Option<()> {
        let mut text = [0; MINUTE + 2];
        text[..MINUTE].copy_from_slice(&b[..MINUTE]);
        text[MINUTE..].copy_from_slice(b"00");
        // the parser takes a T before the hours as well, and then reads the rest in its own way
        match stamp(&text) {
            Some((Stamp::Local(begins), _)) if b[10] == b' ' => {
                self.begins = begins;
                self.minute.copy_from_slice(&b[..MINUTE]);
                Some(())
            }
            _ => None,
        }
    }
}

impl<'a> Head<'a> {
    /// Returns the logger's name.
    #[must_use]
    pub fn logger(&self) -> &'a [u8] {
        &self.line[LOGGER..self.logger]
    }

    /// Whether the message begins with these letters.
    #[must_use]
    pub fn message_begins(&self, letters: &[u8]) -> bool {
        self.line[self.thread + 2..].starts_with(letters)
    }

    /// Returns the time stamp.
    #[must_use]
    pub fn at(&self) -> Stamp {
        Stamp::Local(self.at)
    }

    /// Returns the whole record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        let line = self.line.strip_suffix(b"\r").unwrap_or(self.line);
        Record {
            at: self.at(),
            stamp_text: Cow::Borrowed(&line[..23]),
            level: match line[24] {
                b'D' => Level::Debug,
                b'W' => Level::Warn,
                b'E' => Level::Error,
                b'T' => Level::Trace,
                b'F' => Level::Fatal,
                _ => Level::Info,
            },
            logger: Cow::Borrowed(self.logger()),
            thread: Cow::Borrowed(&line[self.logger + 3..self.thread]),
            message: Cow::Borrowed(&line[self.thread + 2..]),
            host: None,
            layout: Layout::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Line, line};

    proptest::proptest! {
        #[test]
        fn what_is_read_by_columns_is_what_the_parser_reads(text in "2026-1[0-9]-[0-4][0-9][ T][0-2][0-9]:[0-9]{2}:[0-9]{2},[0-9]{3} (INFO |WARN |DEBUG|INFO|wArn ) ?\\[?[a-z. ]{0,6}\\]? ?\\(?[a-z) ]{0,6}\\)? ?[a-z]{0,3}\r?") {
            let mut quick = Quick::default();
            // a minute that is remembered must not make another line right
            quick.head(b"2026-10-10 10:10:10,000 INFO  [a] (t) m");
            if let Some(head) = quick.head(text.as_bytes()) {
                let mut scratch = Vec::new();
                let Line::Head(record) = line(text.as_bytes(), &mut scratch) else { panic!("{text}") };
                proptest::prop_assert_eq!(head.record(), record);
            }
        }
    }

    #[test]
    fn the_default_format_is_read_and_no_other() {
        let mut quick = Quick::default();
        let table = [
            ("2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) m", true),
            ("2026-11-23 14:48:60,304 WARN  [a] (t (x)) m", true),
            ("2026-11-23 14:48:61,304 WARN  [a] (t) m", false),
            ("2026-11-23 14:48:22,304 WARN  [a] (t)", false),
            ("2026-11-31 14:48:22,304 WARN  [a] (t) m", false),
            ("2026-11-23 24:48:22,304 WARN  [a] (t) m", false),
            ("2026-11-23T14:48:22,304 WARN  [a] (t) m", false),
            ("2026-11-23 14:48:22,304 {} WARN  [a] (t) m", false),
            ("14:48:22,304 WARN  [a] (t) m", false),
            ("", false),
        ];
        for (text, want) in table {
            assert_eq!(quick.head(text.as_bytes()).is_some(), want, "{text}");
        }
    }
}
