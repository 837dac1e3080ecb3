//! One entry of a wrapper, as its grammar shows it.
//!
//! A leaf of the wrappers: every grammar ends in an [`Item`]; joining, nodes and places are [`super::layer`]'s.

use std::borrow::Cow;

/// What one wrapped line, object or row holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item<'a> {
    /// The pod, container or host that it names.
    pub node: Option<Cow<'a, [u8]>>,
    /// Which of a container's streams it was written to: parts of different streams are not joined. 0 where the wrapper does not say.
    pub stream: u8,
    /// The wrapper's time, milliseconds since the epoch.
    pub time: Option<i64>,
    /// The line goes on in a later item.
    pub more: bool,
    /// The text, without its last line feed.
    pub text: Cow<'a, [u8]>,
    /// Bytes of the prefix as printed: what continuation lines are indented by.
    pub width: usize,
}

impl<'a> Item<'a> {
    /// Returns an item that is nothing but its text.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        Item { text: Cow::Borrowed(text), ..Item::default() }
    }
}
