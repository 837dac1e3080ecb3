//! What rsyslog makes of control characters: `#011` for a tab, `#012` for a line feed, `#033` for an escape.
//!
//! A literal `#012` in what a client sent looks the same, so only what a stack trace is made of is undone: a line feed before a tab, before
//! `Caused by: `, or at the end; a tab at the beginning of a line; an escape before a colour.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::item::Item;

const LINE_FEED: &[u8] = b"#012";
const TAB: &[u8] = b"#011";
const COLOUR: &[u8] = b"#033[";

/// Returns the item with its escapes undone.
pub(super) fn undone(item: Item<'_>) -> Item<'_> {
    match item.text {
        Cow::Borrowed(text) if memchr(b'#', text).is_some() => Item { text: Cow::Owned(undo(text)), ..item },
        _ => item,
    }
}

/// Whether lines have what only rsyslog makes of a stack trace.
pub(super) fn are_in(line: &[u8]) -> bool {
    memmem::find(line, b"#012#011").is_some() || memmem::find(line, b" #011at ").is_some()
}

fn undo(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        // at the beginning of a line
        while let Some(after) = rest.strip_prefix(TAB) {
            out.push(b'\t');
            rest = after;
        }
        loop {
            let Some(at) = memchr(b'#', rest) else {
                out.extend_from_slice(rest);
                return out;
            };
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix(LINE_FEED)
                && goes_on(after)
            {
                if after.is_empty() {
                    // the framing's own
                    return out;
                }
                out.push(b'\n');
                rest = after;
                break;
            }
            if rest.starts_with(COLOUR) {
                out.push(0x1b);
                rest = &rest[4..];
            } else {
                out.push(b'#');
                rest = &rest[1..];
            }
        }
    }
}

/// Whether a record goes on with this line.
fn goes_on(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(TAB) || line.starts_with(LINE_FEED) || line.starts_with(b"Caused by: ")
}
