//! Text of the program and text of the log, kept apart until a renderer joins them.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use serde::{Serialize, Serializer};

use crate::report::escape::Untrusted;

/// What a text of the log names; redaction decides by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A realm.
    Realm,
    /// A client's id.
    Client,
    /// A user.
    User,
    /// A client's address.
    Address,
    /// A session.
    Session,
    /// A server process.
    Node,
    /// A file.
    File,
    /// A line that was not understood: nobody knows what it holds.
    Strange,
    /// Anything else, of which any part can be one of the above.
    Text,
}

/// Text that a log, a client or a file system wrote. Secrets in it are masked when it is made; it has no `Display`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Logged {
    kind: Kind,
    text: String,
}

impl Logged {
    /// Takes a text in, and masks what is a secret in it.
    #[must_use]
    pub fn new(kind: Kind, text: &str) -> Self {
        let text = match kind {
            Kind::Text | Kind::Strange => Untrusted::new(text).excerpt(),
            _ => Untrusted::new(text).masked().into_owned(),
        };
        Logged { kind, text }
    }

    /// Returns what it names.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the text, to be escaped for where it goes.
    #[must_use]
    pub fn untrusted(&self) -> Untrusted<'_> {
        Untrusted::new(&self.text)
    }

    /// Puts another text in its place: a pseudonym.
    pub fn replace(&mut self, text: String) {
        self.text = text;
    }

    /// Whether the text is a plain word, which can stand in a command as it is.
    #[must_use]
    pub fn is_word(&self) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !self.text.starts_with('-') && (1..=40).contains(&self.text.len()) && self.text.chars().all(plain)
    }
}

impl Serialize for Logged {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text)
    }
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The program's own words.
    Said(Cow<'static, str>),
    /// The program's own words, to be found by the eye.
    Strong(Cow<'static, str>),
    /// What a person can type.
    Code(Cow<'static, str>),
    /// The log's words.
    Logged(Logged),
}

/// A sentence or two in plain words, in which the log's words are marked as such.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose(pub Vec<Piece>);

/// Columns of a name within a sentence.
pub const NAME: usize = 60;

/// Columns of a line of the log within a sentence.
const LINE: usize = 200;

impl Prose {
    /// Returns no words.
    #[must_use]
    pub fn new() -> Self {
        Prose::default()
    }

    /// Adds words of the program's own.
    #[must_use]
    pub fn say(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Said(text.into()));
        self
    }

    /// Adds words that the eye should find.
    #[must_use]
    pub fn strong(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Strong(text.into()));
        self
    }

    /// Adds what a person can type.
    #[must_use]
    pub fn code(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Code(text.into()));
        self
    }

    /// Adds the log's words.
    #[must_use]
    pub fn name(mut self, logged: &Logged) -> Self {
        self.0.push(Piece::Logged(logged.clone()));
        self
    }

    /// Adds another sentence's parts.
    #[must_use]
    pub fn then(mut self, other: Prose) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether there are no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the whole as text without markup; names that could be taken for words of the page stand in quotes.
    #[must_use]
    pub fn text(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Said(text) | Piece::Strong(text) | Piece::Code(text) => text.to_string(),
                Piece::Logged(logged) => quoted(logged, NAME),
            })
            .collect()
    }
}

/// Writes a name as it is; in quotes where it could be taken for words of the page.
#[must_use]
pub fn quoted(logged: &Logged, columns: usize) -> String {
    let shown = logged.untrusted().terminal(if logged.kind() == Kind::Text { LINE.max(columns) } else { columns });
    let plain = !shown.is_empty() && shown.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '…'));
    if plain || logged.kind() == Kind::Text { shown } else { format!("“{}”", shown.replace(['“', '”'], "\"")) }
}

impl Serialize for Prose {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text())
    }
}

impl From<&'static str> for Prose {
    fn from(text: &'static str) -> Self {
        Prose::new().say(text)
    }
}

/// Milliseconds since the epoch; written as `2026-11-23T14:48:22.306Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// Returns the instant in UTC; `None` where it lies beyond all calendars.
    #[must_use]
    pub fn utc(self) -> Option<String> {
        Some(DateTime::from_timestamp_millis(self.0)?.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.utc().serialize(s)
    }
}

#[cfg(test)]
mod schema {
    //! What serde writes of these types is a text, with a form where it has one.

    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Instant, Logged, Prose};

    macro_rules! text {
        ($type:ty, $name:literal, $schema:tt) => {
            impl JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    $name.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        };
    }

    text!(Logged, "Logged", {"type": "string", "description": "Text that a log, a client or a file system wrote. Secrets are masked; it is not to be trusted."});
    text!(Prose, "Prose", {"type": "string", "description": "A sentence or two in plain words; may hold text of the log."});
    text!(Instant, "Instant", {
        "type": ["string", "null"], "format": "date-time", "description": "UTC with milliseconds; null where it lies beyond the calendar."
    });
}
