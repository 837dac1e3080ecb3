//! Whether a record of Keycloak's begins with a text: the question by which wrappers are told from bare lines.
//!
//! Knows the heads of [`crate::record`] and the objects of Keycloak's event store, no wrapper.

use super::super::{Line, Stamp, line};
use super::object;

fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

/// Whether a record or a stored event begins here.
pub(super) fn is(text: &[u8]) -> bool {
    let first = first_line(text);
    match first.first() {
        Some(b'{' | b'0'..=b'9' | 0x1b | 0xef) => matches!(line(first, &mut Vec::new()), Line::Head(_)) || is_event(first),
        _ => false,
    }
}

/// Whether a stored event is here.
pub(super) fn is_event(text: &[u8]) -> bool {
    text.first() == Some(&b'{') && object::parse(text).is_some_and(|o| object::is_event(&o))
}

/// Returns the record's own time where it names no zone.
pub(super) fn local_time(text: &[u8]) -> Option<i64> {
    match line(first_line(text), &mut Vec::new()) {
        Line::Head(record) => match record.at {
            Stamp::Local(ms) => Some(ms),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a record of Keycloak's stands on this line without any wrapper.
pub(super) fn is_bare(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'{' | b'0'..=b'9' | 0x1b | 0xef))
        && matches!(line(text, &mut Vec::new()), Line::Head(_))
        && !(text.first() == Some(&b'{') && object::parse(text).is_some_and(|o| object::is_lifted(&o)))
}
