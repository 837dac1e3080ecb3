//! A short text that is hardly ever seen twice: the id of a user or a session, an address.
//!
//! Input: text. Output: an [`Id`], which keeps what is no longer than a UUID in place: millions of them are made, moved and dropped, and few are ever
//! printed.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that are kept in place; a UUID has 36.
const SHORT: usize = 38;

/// A short text; reads as the text that it is.
#[derive(Clone)]
pub struct Id(Kept);

#[derive(Clone)]
enum Kept {
    /// The first bytes, as many as the number says, are UTF-8.
    Short(u8, [u8; SHORT]),
    Long(Box<str>),
}

impl Id {
    /// Returns the id of ASCII that can be kept in place; `None` where it is longer.
    #[must_use]
    #[inline]
    pub fn short(ascii: &[u8]) -> Option<Self> {
        debug_assert!(ascii.is_ascii());
        let mut bytes = [0; SHORT];
        bytes.get_mut(..ascii.len())?.copy_from_slice(ascii);
        Some(Id(Kept::Short(u8::try_from(ascii.len()).ok()?, bytes)))
    }

    /// Returns the bytes of the text.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Short(length, bytes) => &bytes[..usize::from(*length)],
            Kept::Long(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Id(Kept::Short(length, bytes))
            }
            _ => Id(Kept::Long(text.into())),
        }
    }
}

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Kept::Short(..) => std::str::from_utf8(self.bytes()).expect("it was made of text"),
            Kept::Long(text) => text,
        }
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Id {}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer).map(Id::from)
    }
}

/// Whether a text is written as a UUID is.
#[must_use]
pub fn is_uuid(text: &[u8]) -> bool {
    let Ok(text) = <&[u8; 36]>::try_from(text) else { return false };
    let is_of_uuid = |c: u8| (c == b'-') | ((c | 0x20).wrapping_sub(b'a') < 6) | (c.wrapping_sub(b'0') < 10);
    // all letters, not up to the first other one: that can be asked of many at once
    let all = text.iter().fold(true, |all, c| all & is_of_uuid(*c));
    let dashes = text.iter().fold(0_u8, |dashes, c| dashes.wrapping_add(u8::from(*c == b'-')));
    all && dashes == 4 && [8, 13, 18, 23].into_iter().all(|dash| text[dash] == b'-')
}

/// Whether a text stands for an id that somebody took out of a log: `REDACTED`, `***`, `xxxxxxxx-xxxx-…`. It may stand for many, and for none.
#[must_use]
#[inline]
pub fn is_mask(text: &[u8]) -> bool {
    // an id of a server's form, as nearly all are
    let is_usual = matches!(text.len(), 24 | 36) && (text[0] != text[1] || text[1] != text[2]);
    !is_usual && (text.is_empty() || text.len() >= SHORTEST_MASK && is_word_or_one(text))
}

/// Bytes of what is taken for a mask: what is shorter was shortened by hand, or made up by one.
const SHORTEST_MASK: usize = 3;

/// Whether a text has letters of one case and no digit, as a word has and hardly any id, or the same sign again and again.
#[cold]
fn is_word_or_one(text: &[u8]) -> bool {
    let signs = || text.iter().filter(|c| c.is_ascii_alphanumeric());
    let is_word = !signs().any(u8::is_ascii_digit) && (signs().all(u8::is_ascii_uppercase) || signs().all(u8::is_ascii_lowercase));
    let mut all = signs();
    let first = all.next();
    text.is_ascii() && (is_word || all.all(|c| Some(c) == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_reads_as_its_text() {
        for text in ["", "10.0.0.4", "e8f2a5b0-0000-4000-8000-000000000000", "f:e8f2a5b0-0000-4000-8000-000000000000:jürgen@example.com"] {
            let id = Id::from(text);
            assert_eq!((&*id, id.bytes()), (text, text.as_bytes()));
            assert_eq!(matches!(id.0, Kept::Short(..)), text.len() <= SHORT, "{text}");
        }
        let address = "10.0.0.4";
        assert_eq!((Id::short(address.as_bytes()), Id::short(&[b'a'; SHORT + 1])), (Some(Id::from(address)), None));
        assert!(size_of::<Option<Id>>() <= 40);
    }

    #[test]
    fn what_stands_for_many_ids_is_no_id() {
        for mask in [
            "REDACTED",
            "***",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "00000000-0000-0000-0000-000000000000",
            "[masked]",
            "<session-id>",
            "YYYYYYYYYYYYYYYYYYYYYYYY",
            "",
        ] {
            assert!(is_mask(mask.as_bytes()), "{mask}");
        }
        for id in ["9qGV-yMK", "8b511ef5", "MwT4uJqtDIrkI8y7hykzn6xd", "79422444-b685-4e8f-9a52-f7f98697241a", "s1", "s", "jürgen"] {
            assert!(!is_mask(id.as_bytes()), "{id}");
        }
    }

    #[test]
    fn a_uuid_has_its_dashes_where_they_belong_and_is_hexadecimal_elsewhere() {
        let uuid = b"e8f2a5b0-9C41-4000-8000-0123456789aF";
        assert!(is_uuid(uuid) && !is_uuid(&uuid[1..]) && !is_uuid(b""));
        for place in 0..uuid.len() {
            for letter in 0..=u8::MAX {
                let mut text = *uuid;
                text[place] = letter;
                let is_right = if matches!(place, 8 | 13 | 18 | 23) { letter == b'-' } else { letter.is_ascii_hexdigit() };
                assert_eq!(is_uuid(&text), is_right, "{place} {letter}");
            }
        }
    }
}
