//! Heads of Keycloak's default format by their columns: `2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) …`.
//!
//! Input: a line. Output: a [`Head`], which says what most lines of a log need answered: that a record begins here, and who wrote it. `None` says nothing:
//! the parser decides ([`super::line`]). What is read here is what it reads, never more; a test holds them together.

use std::borrow::Cow;

use memchr::memchr;

use super::loggers::Loggers;
use super::stamp::{Stamp, stamp};
use super::{Layout, Level, Record};

/// Bytes of `2026-11-23 14:48`: the day and the minute, which stay the same for many lines.
const MINUTE: usize = 16;

/// Where the logger begins.
const LOGGER: usize = 31;

/// What stands behind the minute in `:22,304 `, and where the digits are.
const SECOND: u64 = u64::from_le_bytes(*b":00,000 ");
const DIGITS: u64 = u64::from_le_bytes([0, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0]);
const UPPER: u64 = u64::from_le_bytes([0xf0; 8]) & DIGITS;
const SIX: u64 = u64::from_le_bytes([6; 8]) & DIGITS;

/// The levels, with the bytes around them.
const LEVELS: [u64; 6] = [
    u64::from_le_bytes(*b" INFO  ["),
    u64::from_le_bytes(*b" DEBUG ["),
    u64::from_le_bytes(*b" WARN  ["),
    u64::from_le_bytes(*b" ERROR ["),
    u64::from_le_bytes(*b" TRACE ["),
    u64::from_le_bytes(*b" FATAL ["),
];

/// Reads heads; remembers the minute that it saw last, and what `tell` says of the loggers that it met.
#[derive(Debug)]
pub struct Quick<T> {
    minute: u128,
    /// Its beginning in milliseconds since the epoch, as if the wall clock were UTC.
    begins: i64,
    loggers: Loggers<T>,
    tell: fn(&[u8]) -> T,
}

/// A head that was recognised.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a, T> {
    line: &'a [u8],
    /// Where the logger ends.
    logger: usize,
    /// Where the thread ends.
    thread: usize,
    at: i64,
    /// What was told of the logger.
    pub told: T,
}

/// Returns the eight bytes at a place as one number.
#[inline]
fn eight(b: &[u8; LOGGER], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&b[at..at + 8]);
    u64::from_le_bytes(bytes)
}

impl<T: Copy> Quick<T> {
    /// Returns a reader that asks `tell` about each logger, and not again for each line.
    pub fn new(tell: fn(&[u8]) -> T) -> Self {
        Quick { minute: u128::from_le_bytes(*b"1970-01-01 00:00"), begins: 0, loggers: Loggers::default(), tell }
    }

    /// Reads the head of a line without its line feed.
    #[inline]
    pub fn head<'a>(&mut self, line: &'a [u8]) -> Option<Head<'a, T>> {
        let b: &[u8; LOGGER] = line.first_chunk()?;
        let second = eight(b, MINUTE);
        // a byte is a digit where its upper half is 3, and still is with 6 more
        let is_well = second & (UPPER | !DIGITS) == SECOND && ((second & DIGITS) + SIX) & UPPER == SECOND & UPPER;
        if !is_well || !LEVELS.contains(&eight(b, 23)) {
            return None;
        }
        let minute = b.first_chunk().map(|m| u128::from_le_bytes(*m))?;
        if minute != self.minute {
            self.turn(b, minute)?;
        }
        let digit = |i: usize| u32::from(b[i] & 0xf);
        let ms = (digit(17) * 10 + digit(18)) * 1000 + (digit(20) * 10 + digit(21)) * 10 + digit(22);
        if ms >= 61_000 {
            return None;
        }
        let rest = &line[LOGGER..];
        let (length, told) = match self.loggers.find(rest) {
            Some(found) => found,
            None => self.meet(rest)?,
        };
        let logger = LOGGER + length;
        let thread = closing(line, logger + 3)?;
        Some(Head { line, logger, thread, at: self.begins + i64::from(ms), told })
    }

    /// Takes in a logger that was not met, or not lately.
    #[cold]
    fn meet(&mut self, rest: &[u8]) -> Option<(usize, T)> {
        let length = rest.iter().position(|c| matches!(c, b']' | b' '))?;
        if rest.get(length..length + 3) != Some(b"] (") {
            return None;
        }
        let told = (self.tell)(&rest[..length]);
        self.loggers.put(rest, length, told);
        Some((length, told))
    }

    /// Takes in another minute.
    #[cold]
    fn turn(&mut self, b: &[u8; LOGGER], minute: u128) -> Option<()> {
        let mut text = [0; MINUTE + 3];
        text[..MINUTE].copy_from_slice(&b[..MINUTE]);
        text[MINUTE..].copy_from_slice(b":00");
        // the parser takes a T before the hours as well, and then reads the rest in its own way
        match stamp(&text) {
            Some((Stamp::Local(begins), _)) if b[10] == b' ' => {
                self.begins = begins;
                self.minute = minute;
                Some(())
            }
            _ => None,
        }
    }
}

/// Finds the parenthesis that ends the thread's name: the first with a blank behind it.
#[inline]
fn closing(line: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const CLOSING: u64 = u64::from_le_bytes([b')'; 8]);
    let mut at = from;
    // names are short: most end before a search by wider steps would have begun
    while at < from + 32 {
        let Some(bytes) = line.get(at..).and_then(|l| l.first_chunk()) else { break };
        let other = u64::from_le_bytes(*bytes) ^ CLOSING;
        let equal = other.wrapping_sub(ONES) & !other & (ONES << 7);
        if equal == 0 {
            at += 8;
            continue;
        }
        at += equal.trailing_zeros() as usize / 8;
        if line.get(at + 1) == Some(&b' ') {
            return Some(at);
        }
        at += 1;
    }
    loop {
        at += memchr(b')', line.get(at..)?)?;
        if line.get(at + 1) == Some(&b' ') {
            return Some(at);
        }
        at += 1;
    }
}

impl<'a, T> Head<'a, T> {
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
            let mut quick = Quick::new(<[u8]>::len);
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
        let mut quick = Quick::new(<[u8]>::len);
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
