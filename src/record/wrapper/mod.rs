//! Wrappers: what container runtimes, journals, log stores and shippers put around Keycloak's own lines.
//!
//! Input: the beginning of a source. Output: a [`Wrapping`], and the [`Unwrapper`] that takes it off. Must not know what the lines inside mean,
//! only whether a record begins on one.

use crate::source::{Unwrapper, Wrapping};

/// What a person said of the wrapper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The wrapper's name (`--layout`); found out where it is not given.
    pub layout: Option<String>,
    /// The column or key that holds Keycloak's line (`--field`).
    pub field: Option<String>,
}

/// Says what a source that begins with `head` is wrapped in; `None` where its lines are bare. `whole` says that there are no more bytes.
#[must_use]
pub fn wrapping(_head: &[u8], _whole: bool, _told: &Told) -> Option<Wrapping> {
    None
}

/// Returns what takes a wrapper off.
#[must_use]
pub fn unwrapper(_wrapping: &Wrapping, _told: &Told) -> Option<Unwrapper> {
    None
}
