//! A line of the JSON layouts, as servers write it: one object without blanks, whose interesting values are strings.
//!
//! Input: one physical line. Output: an [`Object`], which knows where the values stand and unescapes none before it is asked for. `None` says nothing:
//! the parser decides ([`super::json`]). Keys may come in any order and others may join them. What is read here is what the parser reads, never
//! more: whatever is unusual (a blank between tokens, an escape by number, a key that comes twice, an object where a string should be,
//! a control character, broken UTF-8) is left to it; a test holds them together.

use std::borrow::Cow;

use memchr::memchr2;

use super::mask;
use super::stamp::{Stamp, stamp};
use super::{Layout, Level, Record};

/// How deep values may be nested that nobody asks for.
const DEPTH: usize = 8;

/// The keys that matter.
const KEYS: usize = 12;

const TIMESTAMP: usize = 0;
const LOGGER: usize = 2;
const LEVEL: usize = 4;
const MESSAGE: usize = 6;
const THREAD: usize = 7;
const HOST: usize = 9;

/// What a key is to us.
enum Asked {
    /// Its value has that place.
    For(usize),
    /// Its value can be an object that matters.
    Nested,
    /// Nobody asks for it.
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
struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    fn plain(self) -> Cow<'a, [u8]> {
        if self.escaped { Cow::Owned(unescaped(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// One object.
#[derive(Debug)]
pub struct Object<'a> {
    values: [Option<Text<'a>>; KEYS],
}

/// Whether a backslash may stand before this letter; an escape by number is left to the parser.
fn is_escape(letter: u8) -> bool {
    matches!(letter, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
}

/// Reads from the left.
struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.line.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Reads a string from behind its opening quote.
    #[inline]
    fn string(&mut self) -> Option<Text<'a>> {
        let start = self.at;
        let mut escaped = false;
        'blocks: while let Some(block) = self.line.get(self.at..)?.first_chunk() {
            let mut marks = mask::equal(*block, b'"') | mask::equal(*block, b'\\');
            while marks != 0 {
                let place = marks.trailing_zeros();
                let at = self.at + place as usize;
                if self.line[at] == b'"' {
                    self.at = at + 1;
                    return Some(Text { raw: &self.line[start..at], escaped });
                }
                is_escape(*self.line.get(at + 1)?).then_some(())?;
                escaped = true;
                if place as usize + 1 == mask::WIDTH {
                    self.at = at + 2;
                    continue 'blocks;
                }
                // what stands behind a backslash is no mark
                marks &= !(0b11 << place);
            }
            self.at += mask::WIDTH;
        }
        loop {
            let at = self.at + memchr2(b'"', b'\\', self.line.get(self.at..)?)?;
            if self.line[at] == b'"' {
                self.at = at + 1;
                return Some(Text { raw: &self.line[start..at], escaped });
            }
            is_escape(*self.line.get(at + 1)?).then_some(())?;
            escaped = true;
            self.at = at + 2;
        }
    }

    /// Reads `"key":`.
    fn key(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let key = self.string().filter(|k| !k.escaped)?;
        self.eat(b':')?;
        Some(key.raw)
    }

    /// Reads a number without a point or an exponent.
    fn number(&mut self) -> Option<()> {
        if self.line.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let digits = self.line[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
        let well = digits > 0 && (digits == 1 || self.line[self.at] != b'0');
        self.at += digits;
        (well && matches!(self.line.get(self.at), Some(b',' | b'}' | b']'))).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.line.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// Reads any value and forgets it.
    fn skip(&mut self, depth: usize) -> Option<()> {
        if depth == 0 {
            return None;
        }
        match self.line.get(self.at)? {
            b'"' => {
                self.at += 1;
                self.string().map(|_| ())
            }
            b'{' => self.list(b'}', |c| c.key().and_then(|_| c.skip(depth - 1))),
            b'[' => self.list(b']', |c| c.skip(depth - 1)),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
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

/// Reads a line without its line end.
#[must_use]
pub fn object(line: &[u8]) -> Option<Object<'_>> {
    if line.first() != Some(&b'{') {
        return None;
    }
    // the least byte of all, not the first that is too small: that can be asked of many bytes at once
    let least = line.iter().fold(u8::MAX, |least, c| least.min(*c));
    if least < b' ' || std::str::from_utf8(line).is_err() {
        return None;
    }
    let mut values = [None; KEYS];
    let mut seen = [false; KEYS];
    let mut cursor = Cursor { line, at: 0 };
    cursor.list(b'}', |c| match asked(c.key()?) {
        Asked::Nested => None,
        Asked::Not => c.skip(DEPTH),
        Asked::For(place) => {
            if std::mem::replace(&mut seen[place], true) {
                return None;
            }
            match c.eat(b'"') {
                Some(()) => values[place] = Some(c.string()?),
                None => c.word(b"null")?,
            }
            Some(())
        }
    })?;
    let object = Object { values };
    (cursor.at == line.len() && object.text(LOGGER, 2).is_some()).then_some(object)
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
        self.values[MESSAGE].is_some_and(|m| m.raw.starts_with(letters))
    }

    /// Returns the layout.
    #[must_use]
    pub fn layout(&self) -> Layout {
        if self.values[LOGGER].is_some() { Layout::Json } else { Layout::Ecs }
    }

    /// Returns the time stamp.
    #[must_use]
    pub fn at(&self) -> Stamp {
        let text = self.text(TIMESTAMP, 2).map(Text::plain).unwrap_or_default();
        stamp(&text).map_or(Stamp::Unknown, |(at, _)| at)
    }

    /// Returns the whole record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        let plain = |place, many| self.text(place, many).map(Text::plain);
        let stamp_text = plain(TIMESTAMP, 2).unwrap_or_default();
        let level = plain(LEVEL, 2).unwrap_or_default();
        Record {
            at: stamp(&stamp_text).map_or(Stamp::Unknown, |(at, _)| at),
            stamp_text,
            level: Level::named(std::str::from_utf8(&level).unwrap_or_default()),
            logger: self.logger(),
            thread: plain(THREAD, 2).unwrap_or_default(),
            message: plain(MESSAGE, 1).unwrap_or_default(),
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
fn escape(letter: Option<&u8>) -> u8 {
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

    const LINE: &str = r#"{"timestamp":"2026-11-23T17:06:48.5Z","sequence":12,"loggerName":"org.keycloak.events","level":"WARN","message":"type=\"X\", a=\"b\\\"\" \n","threadName":"t","mdc":{"a":[1,-2,{}],"b":null},"hostName":"h","x":true}"#;

    #[test]
    fn a_usual_line_is_read_here_and_what_is_unusual_is_not() {
        fn read(line: &str) -> Option<Record<'_>> {
            object(line.as_bytes()).map(|o| o.record())
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
            r#"{"loggerName":"l","x":1.5}"#,
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
    fn every_escape_is_undone_wherever_it_stands() {
        for length in 0..40 {
            for (escape, plain) in [(r"\n", "\n"), (r#"\""#, "\""), (r"\\", "\\"), (r"\\\t", "\\\t"), (r#"\"\"\/"#, "\"\"/")] {
                for behind in [0, 1, 2, 15, 16, 17] {
                    let (before, after) = ("a".repeat(length), "b".repeat(behind));
                    let line = format!("{{\"loggerName\":\"{before}{escape}{after}\"}}");
                    let logger = object(line.as_bytes()).map(|o| o.logger().into_owned());
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
            if let Some(object) = object(&line) {
                proptest::prop_assert_eq!(Some(object.record()), json::parse(&line));
            }
        }
    }
}
