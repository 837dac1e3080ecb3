//! What rsyslog makes of control characters: `#011` for a tab, `#012` for a line feed.
//!
//! A literal `#012` in what a client sent looks the same. One message is one record, so a line feed that a record would begin behind is not
//! believed: it stays as it was written.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::head;
use super::item::Item;

const LINE_FEED: &[u8] = b"#012";

/// Returns the item with its escapes undone.
pub(super) fn undone(item: Item<'_>) -> Item<'_> {
    if memchr(b'#', &item.text).is_none() {
        return item;
    }
    let Cow::Borrowed(text) = item.text else { return item };
    Item { text: Cow::Owned(undo(text)), ..item }
}

/// Returns the control character that an escape stands for.
fn escape(text: &[u8]) -> Option<u8> {
    let octal = |c: &u8| (b'0'..=b'7').contains(c).then(|| c - b'0');
    let [b'#', a, b, c, ..] = text else { return None };
    let code = u16::from(octal(a)?) * 64 + u16::from(octal(b)?) * 8 + u16::from(octal(c)?);
    u8::try_from(code).ok().filter(|c| *c < 32 || *c == 127)
}

/// Undoes the escapes of one line.
fn undo_line(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr(b'#', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let control = escape(rest);
        out.push(control.unwrap_or(b'#'));
        rest = &rest[if control.is_some() { 4 } else { 1 }..];
    }
    out.extend_from_slice(rest);
}

fn undo(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut begin = 0;
    let mut line = Vec::new();
    for end in memmem::find_iter(text, LINE_FEED).chain([text.len()]) {
        line.clear();
        undo_line(&text[begin..end], &mut line);
        if begin > 0 {
            out.extend_from_slice(if head::is(&line) { LINE_FEED } else { b"\n" });
        }
        out.extend_from_slice(&line);
        begin = (end + LINE_FEED.len()).min(text.len());
    }
    // the framing's own line feed
    if text.ends_with(LINE_FEED) && out.last() == Some(&b'\n') {
        out.pop();
    }
    out
}
