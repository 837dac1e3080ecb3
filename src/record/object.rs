//! A line of the JSON layouts, as servers write it: one object without blanks, whose interesting values are strings.
//!
//! Input: one physical line. Output: an [`Object`], which knows where the values stand and unescapes none before it is asked for. `None` says nothing:
//! the parser decides ([`super::json`]). Keys may come in any order and others may join them. What is read here is what the parser reads, never
//! more: whatever is unusual (a blank between tokens, an escape by number, a key that comes twice, an object where a string should be,
//! a control character, broken UTF-8) is left to it; a test holds them together.

use std::borrow::Cow;

use super::course::{self, Course};
use super::json::with_cause;
use super::mask;
use super::stamp::{Stamp, Stamps};
use super::{Layout, Level, Record};

/// How deep values may be nested that nobody asks for.
pub(super) const DEPTH: usize = 8;

/// Bytes of a number; a longer one may be too large for the parser.
const NUMBER: usize = 40;

/// The keys that matter.
const KEYS: usize = 12;

const TIMESTAMP: usize = 0;
const LOGGER: usize = 2;
const LEVEL: usize = 4;
const MESSAGE: usize = 6;
const THREAD: usize = 7;
const HOST: usize = 9;

/// What a key is to us.
#[derive(Debug, Clone, Copy, Default)]
enum Asked {
    /// Its value has that place.
    For(usize),
    /// Its value can be an object that matters.
    Nested,
    /// Nobody asks for it.
    #[default]
    Not,
}

/// Returns what a key is to us; of keys that mean the same, the default layout's stands before that of ECS, as in the parser. By its length first: that leaves
/// few to compare with.
fn asked(key: &[u8]) -> Asked {
    let among = |keys: &[(&[u8], usize)]| keys.iter().find(|(k, _)| *k == key).map_or(Asked::Not, |(_, place)| Asked::For(*place));
    match key.len() {
        3 | 4 | 7 if matches!(key, b"log" | b"host" | b"process") => Asked::Nested,
        5 => among(&[(b"level", LEVEL)]),
        7 => among(&[(b"message", MESSAGE)]),
        8 => among(&[(b"hostName", HOST)]),
        9 => among(&[(b"timestamp", TIMESTAMP), (b"log.level", LEVEL + 1), (b"host.name", HOST + 2)]),
        10 => among(&[(b"loggerName", LOGGER), (b"threadName", THREAD), (b"@timestamp", TIMESTAMP + 1), (b"log.logger", LOGGER + 1)]),
        13 => among(&[(b"host.hostname", HOST + 1)]),
        19 => among(&[(b"process.thread.name", THREAD + 1)]),
        _ => Asked::Not,
    }
}

/// A string as it stands between its quotes.
#[derive(Debug, Clone, Copy)]
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn plain(self) -> Cow<'a, [u8]> {
        if has_escape(self.0) { Cow::Owned(unescaped(self.0)) } else { Cow::Borrowed(self.0) }
    }
}

/// One object.
#[derive(Debug)]
pub struct Object<'a> {
    values: [Option<Text<'a>>; KEYS],
    at: Stamp,
    line: &'a [u8],
}

/// Whether a backslash may stand before this letter; an escape by number is left to the parser.
pub(super) fn is_escape(letter: u8) -> bool {
    matches!(letter, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
}

/// A line of more quotes than these is left to the parser, so that no line takes much memory.
const MANY: usize = 1 << 14;

/// Where the quotes of a line stand that begin or end a string.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    places: Vec<u32>,
    found: usize,
}

impl Quotes {
    /// Finds those of a line. `None` where it holds a control character, is no UTF-8, has too many of them, or has an escape that is left to the parser.
    pub(super) fn find(&mut self, line: &[u8]) -> Option<()> {
        self.found = 0;
        let (mut carry, mut is_ascii) = (0, true);
        let (blocks, rest) = line.as_chunks();
        let mut last = [b' '; mask::BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let mut at = 0;
        for block in blocks.iter().chain((!rest.is_empty()).then_some(&last)) {
            let marks = mask::Text::of(block);
            if marks.has_control {
                return None;
            }
            is_ascii &= marks.is_ascii;
            let backslashes = mask::equal_of_block(block, b'\\');
            let mut quotes = mask::equal_of_block(block, b'"');
            if backslashes | carry != 0 {
                let escaped = escaped(backslashes, &mut carry);
                is_escaped(block, escaped & !(quotes | backslashes)).then_some(())?;
                quotes &= !escaped;
            }
            if self.found + mask::BLOCK > self.places.len() {
                (self.found < MANY).then(|| self.places.resize(self.found * 2 + mask::BLOCK, 0))?;
            }
            while quotes != 0 {
                self.places[self.found] = at + quotes.trailing_zeros();
                self.found += 1;
                quotes &= quotes - 1;
            }
            at = at.checked_add(64)?;
        }
        (is_ascii || std::str::from_utf8(line).is_ok()).then_some(())
    }

    /// Returns a cursor at the beginning of the line whose quotes these are.
    pub(super) fn cursor<'a>(&self, line: &'a [u8]) -> Cursor<'a, '_> {
        Cursor { line, at: 0, quotes: self.places[..self.found].iter() }
    }
}

/// Returns which bytes of a block stand behind a backslash that is not behind one itself; `carry` says whether the block before ended with such a one. The
/// borrow of one subtraction runs through each row of backslashes.
fn escaped(backslashes: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    let begins = backslashes & !*carry;
    let code = ((begins << 1) | ODD).wrapping_sub(begins) ^ ODD;
    let escaped = code ^ (backslashes | *carry);
    *carry = (code & backslashes) >> 63;
    escaped
}

/// Whether a backslash may stand before each of these bytes.
fn is_escaped(block: &[u8; mask::BLOCK], mut bytes: u64) -> bool {
    while bytes != 0 {
        if !is_escape(block[bytes.trailing_zeros() as usize]) {
            return false;
        }
        bytes &= bytes - 1;
    }
    true
}

/// Reads from the left.
pub(super) struct Cursor<'a, 'q> {
    pub(super) line: &'a [u8],
    pub(super) at: usize,
    /// The quotes behind what was read.
    quotes: std::slice::Iter<'q, u32>,
}

impl<'a> Cursor<'a, '_> {
    /// Steps over a byte, where it is that one.
    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.line.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Reads a string from behind its opening quote.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        self.quotes.next()?;
        let end = *self.quotes.next()? as usize;
        let text = self.line.get(self.at..end)?;
        self.at = end + 1;
        Some(text)
    }

    /// Reads `"key":`.
    #[inline]
    fn key(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let key = self.string()?;
        self.eat(b':')?;
        Some(key)
    }

    /// Steps over the quotes of a key that is known.
    #[inline]
    pub(super) fn pass(&mut self, length: usize) {
        self.at += length;
        self.quotes.nth(1);
    }

    /// Reads a number without an exponent.
    pub(super) fn number(&mut self) -> Option<&'a [u8]> {
        let rest = self.line.get(self.at..)?;
        let length = rest.iter().position(|c| !matches!(c, b'0'..=b'9' | b'.' | b'-'))?;
        let number = &rest[..length];
        let digits = number.strip_prefix(b"-").unwrap_or(number);
        let whole = digits.iter().take_while(|c| c.is_ascii_digit()).count();
        let well = (whole == 1 || (whole > 1 && digits[0] != b'0'))
            && digits[whole..].split_first().is_none_or(|(point, part)| *point == b'.' && !part.is_empty() && part.iter().all(u8::is_ascii_digit));
        self.at += length;
        (well && length <= NUMBER && matches!(rest[length], b',' | b'}' | b']')).then_some(number)
    }

    /// Steps over a word, where it is that one.
    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.line.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// Reads any value and forgets it.
    pub(super) fn skip(&mut self, depth: usize) -> Option<()> {
        if depth == 0 {
            return None;
        }
        match self.line.get(self.at)? {
            b'"' => {
                self.at += 1;
                self.string().map(|_| ())
            }
            b'{' => self.list(b'}', |c| c.key().filter(|key| !has_escape(key)).and_then(|_| c.skip(depth - 1))),
            b'[' => self.list(b']', |c| c.skip(depth - 1)),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// Reads items with commas between them, from the opening bracket to the closing one.
    fn list(&mut self, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.eat(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.eat(b',').is_none() {
                return self.eat(close);
            }
        }
    }
}

/// Whether a string has an escape.
pub(super) fn has_escape(raw: &[u8]) -> bool {
    mask::find(raw, 0, b'\\').is_some()
}

/// Reads objects, each faster where it is like those before it.
#[derive(Debug, Default)]
pub struct Objects {
    quotes: Quotes,
    course: Course<Asked>,
    stamps: Stamps,
}

impl Objects {
    /// Reads a line without its line end.
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<Object<'a>> {
        if line.first() != Some(&b'{') {
            return None;
        }
        self.quotes.find(line)?;
        let mut values = [None; KEYS];
        let mut seen = [false; KEYS];
        let mut cursor = self.quotes.cursor(line);
        let mut behind = Some(course::FIRST);
        loop {
            // a bracket or a comma, and the key
            let asked = if let Some((key, asked, length)) = behind.and_then(|behind| self.course.next(behind, &line[cursor.at..])) {
                behind = Some(key);
                cursor.pass(length);
                *asked
            } else {
                let begins = cursor.at;
                cursor.at += 1;
                let key = cursor.key().filter(|key| !has_escape(key))?;
                let asked = asked(key);
                behind = behind.and_then(|behind| self.course.meet(behind, &line[begins..cursor.at], asked));
                asked
            };
            match asked {
                Asked::Nested => return None,
                Asked::Not => cursor.skip(DEPTH)?,
                Asked::For(place) if std::mem::replace(&mut seen[place], true) => return None,
                Asked::For(place) => match cursor.eat(b'"') {
                    Some(()) => values[place] = Some(Text(cursor.string()?)),
                    None => cursor.word(b"null")?,
                },
            }
            match line.get(cursor.at) {
                Some(b',') => {}
                Some(b'}') if cursor.at + 1 == line.len() => break,
                _ => return None,
            }
        }
        let object = Object { values, at: Stamp::Unknown, line };
        object.text(LOGGER, 2)?;
        let at = self.stamps.read(&object.stamp_text()).map_or(Stamp::Unknown, |(at, _)| at);
        Some(Object { at, ..object })
    }
}

impl<'a> Object<'a> {
    /// Returns the first of so many values that is there.
    fn text(&self, place: usize, many: usize) -> Option<Text<'a>> {
        self.values[place..place + many].iter().flatten().copied().next()
    }

    /// Returns the logger's name.
    #[must_use]
    pub fn logger(&self) -> Cow<'a, [u8]> {
        self.text(LOGGER, 2).map(Text::plain).unwrap_or_default()
    }

    /// Whether the message begins with these letters.
    #[must_use]
    pub fn message_begins(&self, letters: &[u8]) -> bool {
        self.values[MESSAGE].is_some_and(|m| m.0.starts_with(letters))
    }

    /// Returns the layout.
    #[must_use]
    pub fn layout(&self) -> Layout {
        if self.values[LOGGER].is_some() { Layout::Json } else { Layout::Ecs }
    }

    /// Returns the time stamp.
    #[must_use]
    pub fn at(&self) -> Stamp {
        self.at
    }

    fn stamp_text(&self) -> Cow<'a, [u8]> {
        self.text(TIMESTAMP, 2).map(Text::plain).unwrap_or_default()
    }

    /// Returns the whole record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        let plain = |place, many| self.text(place, many).map(Text::plain);
        Record {
            at: self.at,
            stamp_text: self.stamp_text(),
            level: Level::named(&plain(LEVEL, 2).unwrap_or_default()),
            logger: self.logger(),
            thread: plain(THREAD, 2).unwrap_or_default(),
            message: with_cause(plain(MESSAGE, 1).unwrap_or_default(), self.line),
            host: plain(HOST, 3),
            layout: self.layout(),
        }
    }
}

/// Undoes the escapes of a string, which were looked at before.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    // sixteen bytes are copied at once, whether they are wanted or not: the next ones are written over those that are not
    let mut out = vec![0; raw.len() + mask::WIDTH];
    let (mut at, mut end) = (0, 0);
    while let Some(block) = raw.get(at..).and_then(|r| r.first_chunk()) {
        out[end..end + mask::WIDTH].copy_from_slice(block);
        let found = mask::equal(*block, b'\\').trailing_zeros() as usize;
        if found >= mask::WIDTH {
            (at, end) = (at + mask::WIDTH, end + mask::WIDTH);
            continue;
        }
        out[end + found] = escape(raw.get(at + found + 1));
        (at, end) = (at + found + 2, end + found + 1);
    }
    out.truncate(end);
    let mut rest = raw.get(at..).unwrap_or_default().iter();
    while let Some(c) = rest.next() {
        out.push(if *c == b'\\' { escape(rest.next()) } else { *c });
    }
    out
}

/// Returns what a letter behind a backslash stands for.
pub(super) fn escape(letter: Option<&u8>) -> u8 {
    match letter {
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(c) => *c,
        None => b'\\',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::json;

    const LINE: &str = r#"{"timestamp":"2026-11-23T17:06:48.5Z","sequence":12,"loggerName":"org.keycloak.events","level":"WARN","message":"type=\"X\", a=\"b\\\"\" \n","threadName":"t","mdc":{"a":[1,-2.5,{}],"b":null},"hostName":"h","x":true}"#;

    #[test]
    fn a_usual_line_is_read_here_and_what_is_unusual_is_not() {
        fn read(line: &str) -> Option<Record<'_>> {
            Objects::default().read(line.as_bytes()).map(|o| o.record())
        }
        assert_eq!(read(LINE), json::parse(LINE.as_bytes()));
        assert!(read(LINE).is_some());
        let flat =
            r#"{"@timestamp":"2026-11-23T18:06:48.5+01:00","log.logger":"l","message":null,"process.thread.name":"t","host.name":"a","host.hostname":"h"}"#;
        assert_eq!(read(flat), json::parse(flat.as_bytes()));
        assert!(read(flat).is_some());
        for unusual in [
            r#"{ "loggerName":"l"}"#,
            r#"{"loggerName":"l"} "#,
            r#"{"loggerName":"\u006c"}"#,
            r#"{"loggerName":"l","loggerName":"k"}"#,
            r#"{"log":{"logger":"l"},"loggerName":"l"}"#,
            r#"{"loggerName":"l","x":1.5e3}"#,
            r#"{"loggerName":"l","x":1.}"#,
            r#"{"loggerName":"l","x":.5}"#,
            r#"{"loggerName":"l","x":1.5.5}"#,
            r#"{"loggerName":"l","x":1-5}"#,
            r#"{"loggerName":"l","x":-}"#,
            r#"{"loggerName":"l","x":01}"#,
            r#"{"loggerName":"l","message":7}"#,
            r#"{"loggerName":"l""#,
            r#"{"loggerName":"\q"}"#,
            "{\"loggerName\":\"\t\"}",
            r#"{"message":"m"}"#,
            "[]",
            "",
        ] {
            assert!(read(unusual).is_none(), "{unusual}");
        }
    }

    #[test]
    fn what_a_backslash_stands_before_is_known_across_blocks() {
        for (length, row) in (50..70).flat_map(|length| (1..8).map(move |row| (length, row))) {
            let line = format!("{{\"loggerName\":\"{}{}\"}}", "a".repeat(length), "\\".repeat(row));
            assert_eq!(Objects::default().read(line.as_bytes()).is_some(), row % 2 == 0, "{line}");
            let line = line.replace("\"}", "\"\",\"message\":\"\"}");
            assert_eq!(Objects::default().read(line.as_bytes()).is_some(), row % 2 == 1, "{line}");
        }
    }

    #[test]
    fn every_escape_is_undone_wherever_it_stands() {
        for length in 0..40 {
            for (escape, plain) in [(r"\n", "\n"), (r#"\""#, "\""), (r"\\", "\\"), (r"\\\t", "\\\t"), (r#"\"\"\/"#, "\"\"/")] {
                for behind in [0, 1, 2, 15, 16, 17] {
                    let (before, after) = ("a".repeat(length), "b".repeat(behind));
                    let line = format!("{{\"loggerName\":\"{before}{escape}{after}\"}}");
                    let logger = Objects::default().read(line.as_bytes()).map(|o| o.logger().into_owned());
                    assert_eq!(logger, Some(format!("{before}{plain}{after}").into_bytes()), "{line}");
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_here_is_what_the_parser_reads(at in 0usize..LINE.len(), to in proptest::sample::select(br#"{}[]",:\0u1n- a"#.to_vec()), cut in 0usize..LINE.len(), drop: bool) {
            let mut line = LINE.as_bytes().to_vec();
            if drop { line.remove(at); } else { line[at] = to; }
            if cut % 5 == 0 { line.truncate(cut); }
            let mut objects = Objects::default();
            // what is remembered of a line makes no other one right
            objects.read(LINE.as_bytes());
            for mut objects in [Objects::default(), objects] {
                if let Some(object) = objects.read(&line) {
                    proptest::prop_assert_eq!(Some(object.record()), json::parse(&line));
                }
            }
        }
    }
}
