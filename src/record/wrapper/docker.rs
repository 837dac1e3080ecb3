//! Docker's json-file lines, read without a JSON parser: `{"log":"…\n","stream":"stdout","time":"…"}`.
//!
//! Input: one line. Output: an [`Item`] whose text borrows the line where nothing was escaped, else the scratch. `None` for a line that is not
//! exactly what the driver writes: [`super::object`] reads that.

use memchr::{memchr, memchr2, memmem};

use super::item::Item;
use super::prefix::zoned;

/// The driver splits lines at this many bytes.
pub(super) const PART_BYTES: usize = 16_384;

/// Returns where the quote that ends a string stands; `text` begins behind the one that begins it.
pub(super) fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
        if at > text.len() {
            return None;
        }
    }
}

/// Reads four hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits.get(..4)?).ok()?, 16).ok()
}

/// Reads what follows `\u`, two of them where it takes two; returns how many bytes that was.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let first = hex(text)?;
    if (0xd800..0xdc00).contains(&first) && text.get(4..6) == Some(b"\\u") {
        let second = hex(&text[6..])?;
        if (0xdc00..0xe000).contains(&second) {
            return Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?, 10));
        }
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 4))
}

/// Appends what an escaped string stands for; `None` where an escape is none.
fn unescape(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let mut taken = 2;
        match rest.get(at + 1)? {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            c @ (b'"' | b'\\' | b'/') => out.push(*c),
            b'u' => {
                let (c, digits) = unicode(&rest[at + 2..])?;
                taken += digits;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
        rest = &rest[at + taken..];
    }
    out.extend_from_slice(rest);
    Some(())
}

/// A line taken apart, its text still escaped.
pub(super) struct Frame<'a> {
    text: &'a [u8],
    stream: u8,
    time: i64,
    more: bool,
}

/// Takes a line apart.
pub(super) fn frame(line: &[u8]) -> Option<Frame<'_>> {
    let rest = line.strip_prefix(b"{\"log\":\"")?;
    let end = quoted_end(rest)?;
    let (text, tail) = (&rest[..end], &rest[end + 1..]);
    let tail = tail.strip_prefix(b",\"stream\":\"std")?;
    let stream = match tail.get(..4)? {
        b"out\"" => 1,
        b"err\"" => 2,
        _ => return None,
    };
    // the last key: attributes stand before it, and their values are the administrator's
    let at = memmem::rfind(tail, b"\"time\":\"")? + 8;
    let (after, time) = zoned(&tail[at..]).ok()?;
    if after.trim_ascii_end() != b"\"}" {
        return None;
    }
    let (more, text) = match text.strip_suffix(b"\\n") {
        // behind an odd number of backslashes the n is a letter
        Some(text) if text.iter().rev().take_while(|c| **c == b'\\').count() % 2 == 0 => (false, text),
        _ => (true, text),
    };
    Some(Frame { text, stream, time, more })
}

impl<'a> Frame<'a> {
    /// Returns the item; `scratch` holds its text where something was escaped.
    pub(super) fn item(self, scratch: &'a mut Vec<u8>) -> Option<Item<'a>> {
        let text = if memchr(b'\\', self.text).is_some() {
            scratch.clear();
            unescape(self.text, scratch)?;
            &scratch[..]
        } else {
            self.text
        };
        Some(Item { stream: self.stream, time: Some(self.time), more: self.more, ..Item::of(text) })
    }
}
