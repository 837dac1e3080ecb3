//! The event list: `type="CODE_TO_TOKEN_ERROR", realmId="…", …`, in every generation of quoting.
//!
//! Input: the whole message of a record. Output: an [`Event`] that borrows it. Keycloak puts attacker-chosen text into this list and
//! escapes it by halves ("The quoting trap"), so the list is read as a whole, in linear time, and says how far it can be trusted. Must not
//! know what an event means.
//!
//! ```
//! use kctriage::signal::event::{Field, parse};
//! let event = parse(br#"type="LOGIN_ERROR", realmId="r", realmName="shop", clientId="x\", userId="null", ipAddress="10.0.0.1", error="e""#).unwrap();
//! assert_eq!(event.text(Field::ClientId).unwrap(), r"x\");
//! assert_eq!(event.text(Field::IpAddress).unwrap(), "10.0.0.1");
//! ```

mod bare;
mod fields;
mod quoted;

pub(super) use bare::address_finder;
pub use bare::tail;
pub use fields::Field;

use std::borrow::Cow;

use crate::finding::Trust;
use crate::record::course;
use fields::{Fields, Known};

/// Which field comes behind which.
pub type Course = course::Course<Known>;

/// How the values of an event list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Quoting {
    /// `key="value"` (22.0.9, 23.0.5, 24 and later); the byte is the quote.
    Quoted(u8),
    /// `key=value`, `key='two words'` (before).
    Bare,
}

/// One event list.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// The list as it was read.
    message: &'a [u8],
    /// Raw values by key.
    fields: Fields<'a>,
    /// How the values are written.
    pub quoting: Quoting,
    /// `Quoted`, `Unquoted` or `Ambiguous`.
    pub trust: Trust,
    /// The line ended inside the list: what follows is not known.
    pub cut: bool,
    /// The list ends with the line and no value holds a comma: the line's end cannot be read as that of a bare list, nor of a warning.
    pub ends_once: bool,
    /// Nothing in the list is escaped and all of it is ASCII, as its reading showed.
    is_plain: bool,
}

impl<'a> Event<'a> {
    /// Returns the raw bytes of a field, at its first (the server's own) place.
    #[must_use]
    #[inline]
    pub fn raw(&self, field: Field) -> Option<&'a [u8]> {
        self.fields.get(field)
    }

    /// Whether a field stands in the list before another one, or without it.
    #[must_use]
    pub fn is_before(&self, field: Field, other: Field) -> bool {
        let at = |field| self.raw(field).map(|value| value.as_ptr().addr());
        at(field).is_some_and(|at_field| at(other).is_none_or(|at_other| at_field < at_other))
    }

    /// Returns the value of a field with the server's escaping undone; `None` where it is absent or printed as `null`.
    #[must_use]
    #[inline]
    pub fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        let raw = self.raw(field).filter(|v| *v != b"null")?;
        Some(match self.quoting {
            Quoting::Quoted(q) => unescape(raw, q),
            Quoting::Bare => lossy(raw),
        })
    }

    /// Whether raw values are their texts, as nothing in the list was escaped and all of it is ASCII: asked once it saves a look at each of them.
    #[must_use]
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.is_plain || self.message.is_ascii() && memchr::memchr(b'\\', self.message).is_none()
    }

    /// Returns the name of the event: `CODE_TO_TOKEN_ERROR`. The audit logger of old servers calls the key `event`.
    #[must_use]
    pub fn kind(&self) -> &'a [u8] {
        self.fields.first().filter(|(k, _)| k != b"operationType").map_or(b"", |(_, v)| v)
    }

    /// Whether it is named as servers name events and operations, in capitals: what is not was changed on its way here, and its other values as well.
    #[must_use]
    #[inline]
    pub fn is_named(&self) -> bool {
        self.fields.first().is_some_and(|(_, name)| name.first().is_some_and(u8::is_ascii_uppercase))
    }

    /// Returns the operation of an admin event: `DELETE`.
    #[must_use]
    pub fn operation(&self) -> Option<&'a [u8]> {
        self.fields.first().filter(|(k, _)| k == b"operationType").map(|(_, v)| v)
    }

    /// Whether the fixed keys are there up to the address: then nothing that a client chose can have been taken for them.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.raw(Field::IpAddress).is_some()
    }

    /// Whether the list ends with a text.
    #[must_use]
    pub fn ends_with(&self, text: &[u8]) -> bool {
        self.message.ends_with(text)
    }
}

/// Returns bytes as text; what is no UTF-8 becomes U+FFFD. Looks first whether all of it is text, which is the faster question.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Undoes `\"`; a backslash before anything else is the value's own.
fn unescape(raw: &[u8], quote: u8) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw).is_none() {
        return lossy(raw);
    }
    let mut out = vec![0; raw.len()];
    let mut length = 0;
    // no branch for any byte: an attacker's value can be made of nothing but quotes
    for (at, byte) in raw.iter().enumerate() {
        out[length] = *byte;
        length += usize::from(*byte != b'\\' || raw.get(at + 1) != Some(&quote));
    }
    out.truncate(length);
    Cow::Owned(String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// Whether a message begins as an event list does; the cheap question before [`parse`].
#[must_use]
pub fn begins(message: &[u8]) -> bool {
    message.starts_with(b"type=") || message.starts_with(b"operationType=") || message.starts_with(b"event=")
}

/// Reads a message as an event list; `None` when it is none.
#[must_use]
pub fn parse(message: &[u8]) -> Option<Event<'_>> {
    parse_next(message, &mut Course::default())
}

/// Reads a message as [`parse`] does, faster where it is like those that were read before.
#[must_use]
pub fn parse_next<'a>(message: &'a [u8], course: &mut Course) -> Option<Event<'a>> {
    if !begins(message) {
        return None;
    }
    let first = message[memchr::memchr(b'=', message)? + 1..].first().copied()?;
    if first.is_ascii_alphabetic() { bare::parse(message) } else { quoted::parse(message, first, course) }
}
