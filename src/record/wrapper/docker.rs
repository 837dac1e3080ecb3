//! Docker's json-file lines, read without a JSON parser: `{"log":"…\n","stream":"stdout","time":"…"}`.
//!
//! Input: one line. Output: an [`Item`] whose text borrows the line where nothing was escaped, else the scratch. `None` for a line that is not
//! exactly what the driver writes: [`super::object`] reads that.

use memchr::{memchr2, memrchr};

use super::super::mask;
use super::super::object::{escape, is_escape};
use super::super::stamp::Stamps;
use super::item::Item;
use super::prefix::zoned_next as zoned;

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

/// Undoes the escape that a string begins with, or takes its first byte; returns what it stands for, with how many bytes that is, and how many were taken. `None` where an
/// escape is none, or a quote stands there that is not escaped.
fn step(text: &[u8]) -> Option<([u8; 4], usize, usize)> {
    let one = |byte| Some(([byte, 0, 0, 0], 1, 2));
    match *text.first()? {
        b'"' => None,
        b'\\' => match *text.get(1)? {
            letter if is_escape(letter) => one(escape(Some(&letter))),
            b'u' => {
                let (c, digits) = unicode(&text[2..])?;
                let mut bytes = [0; 4];
                let length = c.encode_utf8(&mut bytes).len();
                Some((bytes, length, 2 + digits))
            }
            _ => None,
        },
        c => Some(([c, 0, 0, 0], 1, 1)),
    }
}

/// Puts what an escaped string stands for in the place of what `out` holds, and returns it; `None` where an escape is none, or a quote is not escaped.
pub(super) fn unescape<'o>(text: &[u8], out: &'o mut Vec<u8>) -> Option<&'o [u8]> {
    // nothing becomes longer; sixteen bytes are copied at once, whether they are wanted or not: the next ones are written over those that are not
    if out.len() < text.len() + mask::WIDTH {
        out.resize(text.len() + mask::WIDTH, 0);
    }
    let (mut at, mut end) = (0, 0);
    while at < text.len() {
        if let Some(block) = text[at..].first_chunk() {
            out[end..end + mask::WIDTH].copy_from_slice(block);
            let found = (mask::equal(*block, b'\\') | mask::equal(*block, b'"')).trailing_zeros() as usize;
            let before = found.min(mask::WIDTH);
            (at, end) = (at + before, end + before);
            if before == mask::WIDTH {
                continue;
            }
        }
        let (bytes, length, taken) = step(&text[at..])?;
        out[end..end + 4].copy_from_slice(&bytes);
        (at, end) = (at + taken, end + length);
    }
    Some(&out[..end])
}

/// A line taken apart, its text still escaped.
pub(super) struct Frame<'a> {
    text: &'a [u8],
    stream: u8,
    time: i64,
    more: bool,
}

/// Takes a line apart, from its end: in front of the time there is hardly ever anything but the stream, and its quotes are not escaped, so they are none of the text's.
pub(super) fn frame<'a>(line: &'a [u8], stamps: &mut Stamps) -> Option<Frame<'a>> {
    let rest = line.strip_prefix(b"{\"log\":\"")?;
    let rest = rest.trim_ascii_end().strip_suffix(b"\"}")?;
    let at = memrchr(b'"', rest)?;
    let time = zoned(&rest[at + 1..], stamps).ok().filter(|(after, _)| after.is_empty())?.1;
    let rest = rest[..at].strip_suffix(b",\"time\":")?;
    let (text, stream) = if let Some(text) = rest.strip_suffix(b"\",\"stream\":\"stdout\"") {
        (text, 1)
    } else if let Some(text) = rest.strip_suffix(b"\",\"stream\":\"stderr\"") {
        (text, 2)
    } else {
        // attributes stand in between, and their values are the administrator's
        let end = quoted_end(rest)?;
        let stream = match rest[end + 1..].strip_prefix(b",\"stream\":\"std")?.get(..4)? {
            b"out\"" => 1,
            b"err\"" => 2,
            _ => return None,
        };
        (&rest[..end], stream)
    };
    let (more, text) = match text.strip_suffix(b"\\n") {
        // behind an odd number of backslashes the n is a letter
        Some(text) if text.iter().rev().take_while(|c| **c == b'\\').count() % 2 == 0 => (false, text),
        _ => (true, text),
    };
    Some(Frame { text, stream, time, more })
}

impl<'a> Frame<'a> {
    /// Returns the item; `scratch` holds its text where something was escaped. `None` where the text is none of a JSON string.
    pub(super) fn item(self, scratch: &'a mut Vec<u8>) -> Option<Item<'a>> {
        let text = if memchr2(b'\\', b'"', self.text).is_some() { unescape(self.text, scratch)? } else { self.text };
        Some(Item { stream: self.stream, time: Some(self.time), more: self.more, ..Item::of(text) })
    }
}
