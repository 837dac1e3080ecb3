//! JSON whose strings are inert in a terminal, too.
//!
//! JSON escapes control characters below a blank; DEL, C1, bidi controls and what hides itself it leaves as they are, and a terminal would obey them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::acts;

/// Writes a value; arrays and objects down to `depth` levels have a line for each of their entries, deeper ones stand on one line.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn write(value: &impl Serialize, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let inert = Inert { opened: 0, depth, empty: true };
    value.serialize(&mut serde_json::Serializer::with_formatter(out, inert)).map_err(io::Error::from)
}

/// A formatter that escapes what acts.
struct Inert {
    /// Arrays and objects that are open.
    opened: usize,
    /// Levels whose entries have lines of their own.
    depth: usize,
    /// Whether the innermost one that is open has no entry yet.
    empty: bool,
}

impl Inert {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.opened += 1;
        self.empty = true;
        out.write_all(bracket)
    }

    fn entry<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.empty = false;
        self.line(out, self.opened)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.opened -= 1;
        if !std::mem::replace(&mut self.empty, false) && self.opened < self.depth {
            self.line(out, self.opened + 1)?;
        }
        out.write_all(bracket)
    }

    /// Begins a line for an entry of that level.
    fn line<W: ?Sized + Write>(&self, out: &mut W, level: usize) -> io::Result<()> {
        if level > self.depth {
            return Ok(());
        }
        out.write_all(b"\n")?;
        (0..self.opened).try_for_each(|_| out.write_all(b" "))
    }
}

impl Formatter for Inert {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, first)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| acts(*c)) {
            out.write_all(&fragment.as_bytes()[from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &serde_json::Value, depth: usize) -> String {
        let mut out = Vec::new();
        write(value, depth, &mut out).expect("a vector takes it");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn what_acts_is_escaped_and_reads_back_the_same() {
        let value = serde_json::json!({"a\u{9b}": "x\u{7f}\u{1b}\u{202e}\u{2028}\u{e0041}é\"\\"});
        let shown = text(&value, 0);
        assert!(!shown.chars().any(acts), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn only_the_outer_levels_have_lines() {
        let value = serde_json::json!({"a": [{"b": [1, 2]}, {}], "c": [], "d": {"e": 1}});
        assert_eq!(text(&value, 0), r#"{"a":[{"b":[1,2]},{}],"c":[],"d":{"e":1}}"#);
        assert_eq!(text(&value, 2), "{\n \"a\":[\n  {\"b\":[1,2]},\n  {}\n ],\n \"c\":[],\n \"d\":{\n  \"e\":1\n }\n}");
    }
}
