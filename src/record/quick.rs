//! Heads of Keycloak's default format by their columns: `2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) …`.
//!
//! Input: a line. Output: a [`Head`], which says what most lines of a log need answered: that a record begins here, and who wrote it. `None` says nothing:
//! the parser decides ([`super::line`]). What is read here is what it reads, never more; a test holds them together.

use std::borrow::Cow;

use memchr::memchr;
use wide::u8x16;

use super::loggers::{self, Loggers};
use super::stamp::{Stamp, stamp};
use super::text::behind_columns;
use super::{Layout, Level, Record, mask};

/// Bytes that are looked at of every head; what lies behind the line's end among them does not matter.
const WINDOW: usize = LEVEL + loggers::WIDTH;

/// Bytes of `2026-11-23 14:48`: the day and the minute, which stay the same for many lines.
const MINUTE: usize = 16;

/// Where the level and the logger begin.
const LEVEL: usize = 23;
const LOGGER: usize = LEVEL + loggers::LEVEL;

/// What stands behind the minute in `:22,304 `, and where the digits are.
const SECOND: u64 = u64::from_le_bytes(*b":00,000 ");
const DIGITS: u64 = u64::from_le_bytes([0, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0]);
const UPPER: u64 = u64::from_le_bytes([0xf0; 8]) & DIGITS;
const SIX: u64 = u64::from_le_bytes([6; 8]) & DIGITS;

/// The end of a leap second.
const LAST: u64 = u64::from_be_bytes(*b":60,999 ");

/// The levels, with the bytes around them.
const LEVELS: [&[u8; loggers::LEVEL]; 6] = [b" INFO  [", b" DEBUG [", b" WARN  [", b" ERROR [", b" TRACE [", b" FATAL ["];

/// Reads heads; remembers the minute that it saw last, and what `tell` says of the loggers that it met.
#[derive(Debug)]
pub struct Quick<T> {
    minute: u8x16,
    /// Its beginning in milliseconds since the epoch, as if the wall clock were UTC.
    begins: i64,
    loggers: Loggers<T>,
    tell: fn(&[u8]) -> T,
}

/// A time by its columns: when its minute begins, and what stands behind the minute.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    begins: i64,
    second: u64,
}

impl Moment {
    /// Returns the time stamp.
    #[must_use]
    pub fn stamp(self) -> Stamp {
        let bytes = self.second.to_le_bytes();
        let digit = |i: usize| i64::from(bytes[i] & 0xf);
        Stamp::Local(self.begins + (digit(1) * 10 + digit(2)) * 1000 + digit(4) * 100 + digit(5) * 10 + digit(6))
    }
}

/// A head that was recognised.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a, T> {
    line: &'a [u8],
    /// Where the logger ends.
    logger: usize,
    /// Where the thread ends.
    thread: usize,
    /// When.
    pub at: Moment,
    /// What was told of the logger.
    pub told: T,
}

impl<T: Copy> Quick<T> {
    /// Returns a reader that asks `tell` about each logger, and not again for each line.
    pub fn new(tell: fn(&[u8]) -> T) -> Self {
        Quick { minute: u8x16::new(*b"1970-01-01 00:00"), begins: 0, loggers: Loggers::default(), tell }
    }

    /// Reads the head of a line without its line feed: of the first `length` bytes of a text.
    #[inline]
    pub fn head<'a>(&mut self, text: &'a [u8], length: usize) -> Option<Head<'a, T>> {
        match text.first_chunk() {
            Some(window) => self.look(window, text, length),
            None => self.head_of_short(text, length),
        }
    }

    /// Reads the head of a line where less than a window is left of the text.
    #[cold]
    fn head_of_short<'a>(&mut self, text: &'a [u8], length: usize) -> Option<Head<'a, T>> {
        let mut window = [0; WINDOW];
        window[..text.len()].copy_from_slice(text);
        self.look(&window, text, length)
    }

    #[inline]
    fn look<'a>(&mut self, window: &[u8; WINDOW], text: &'a [u8], length: usize) -> Option<Head<'a, T>> {
        let second = window[MINUTE..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        // a byte is a digit where its upper half is 3, and still is with 6 more
        let is_well = second & (UPPER | !DIGITS) == SECOND && ((second & DIGITS) + SIX) & UPPER == SECOND & UPPER;
        if !is_well || second.swap_bytes() > LAST {
            return None;
        }
        let minute = u8x16::new(*window.first_chunk()?);
        if minute.cmp_eq(self.minute).move_mask() != 0xffff {
            self.turn(window, minute)?;
        }
        let named = window.last_chunk()?;
        let (logger, told) = match self.loggers.find(named) {
            Some(found) => found,
            None => self.meet(named, text, length)?,
        };
        let logger = LOGGER + logger;
        let thread = closing(text, logger + 3, length)?;
        Some(Head { line: &text[..length], logger, thread, at: Moment { begins: self.begins, second }, told })
    }

    /// Takes in a logger that was not met, or not lately.
    #[cold]
    fn meet(&mut self, named: &[u8; loggers::WIDTH], text: &[u8], length: usize) -> Option<(usize, T)> {
        if !LEVELS.contains(&named.first_chunk()?) {
            return None;
        }
        let rest = text[..length].get(LOGGER..)?;
        let length = rest.iter().position(|c| matches!(c, b']' | b' '))?;
        if rest.get(length..length + 3) != Some(b"] (") {
            return None;
        }
        let told = (self.tell)(&rest[..length]);
        self.loggers.put(named, length, told);
        Some((length, told))
    }

    /// Takes in another minute.
    #[cold]
    fn turn(&mut self, window: &[u8; WINDOW], minute: u8x16) -> Option<()> {
        let mut text = [0; MINUTE + 3];
        text[..MINUTE].copy_from_slice(&window[..MINUTE]);
        text[MINUTE..].copy_from_slice(b":00");
        // the parser takes a T before the hours as well, and then reads the rest in its own way
        match stamp(&text) {
            Some((Stamp::Local(begins), _)) if window[10] == b' ' => {
                self.begins = begins;
                self.minute = minute;
                Some(())
            }
            _ => None,
        }
    }
}

/// Finds the parenthesis that ends the thread's name: the first with a blank behind it, in the line that ends at `end`.
#[inline]
fn closing(text: &[u8], from: usize, end: usize) -> Option<usize> {
    /// Names are short, and most hold no parenthesis.
    const NEAR: usize = 2 * mask::WIDTH;
    let near: &[u8; NEAR] = text.get(from..)?.first_chunk().unwrap_or(&[0; NEAR]);
    let halves = near.as_chunks().0;
    let found = mask::equal(halves[0], b')') | mask::equal(halves[1], b')') << mask::WIDTH;
    let at = from + found.trailing_zeros() as usize;
    if at + 1 < end && found != 0 && text.get(at + 1) == Some(&b' ') {
        return Some(at);
    }
    far_closing(&text[..end], from)
}

/// The same, wherever it stands.
#[cold]
fn far_closing(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
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
        behind_columns(&self.line[self.thread + 2..]).starts_with(letters)
    }

    /// Returns the whole record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        let line = self.line.strip_suffix(b"\r").unwrap_or(self.line);
        Record {
            at: self.at.stamp(),
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
            message: Cow::Borrowed(behind_columns(&line[self.thread + 2..])),
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
            quick.head(b"2026-10-10 10:10:10,000 INFO  [a] (t) m", 39);
            if let Some(head) = quick.head(text.as_bytes(), text.len()) {
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
            assert_eq!(quick.head(text.as_bytes(), text.len()).is_some(), want, "{text}");
        }
    }
}
