//! The answers of the token endpoint, and how many bytes each takes.
//!
//! Input: a status and the bytes of a body, as an access log prints them. Output: the [`Answer`]s that they can be, each with the causes that it
//! leaves. The body is compact JSON, `{"error":"…","error_description":"…"}`, so its length names it; lengths are computed here, never typed.
//! Several answers can share a length: all of them are returned, and who asks must allow for each. Must not know which request it was.
//!
//! ```
//! use kctriage::cause::Cause;
//! use kctriage::signal::answers;
//! let found: Vec<_> = answers::of(400, 59, None).map(|a| (a.description, a.leaves)).collect();
//! assert_eq!(found, [("Stale token", &[Cause::RefreshTokenInvalid][..])]);
//! ```

mod table;

use crate::cause::{Cause, Detail};

pub use table::ANSWERS;

/// Whether the server prints an event beside the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// One with one of these errors.
    Error(&'static [&'static str]),
    /// None at all.
    None,
    /// None, and the request has not failed: the client is told to ask again later.
    Waiting,
}

/// How long the description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As long as its words.
    Exact,
    /// Its words, and text of the request or the settings after them: at least as long.
    Open,
    /// There is no description.
    Bare,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `error`.
    pub error: &'static str,
    /// `error_description`, or how it begins.
    pub description: &'static str,
    /// How long that is.
    pub length: Length,
    /// The first and the last major version that give it, as far as known.
    pub majors: (u32, u32),
    /// What is printed beside it.
    pub event: Event,
    /// The causes that it leaves, the most common first.
    pub leaves: &'static [Cause],
    /// What kind of the cause, where the words say it.
    pub detail: Option<Detail>,
}

/// Length of `{"error":""}`.
const ERROR_ONLY: u64 = 12;

/// Length of `{"error":"","error_description":""}`.
const BOTH: u64 = 35;

impl Answer {
    /// Returns the bytes of its body; the least where it is [`Length::Open`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let words = self.error.len() as u64;
        match self.length {
            Length::Bare => ERROR_ONLY + words,
            Length::Exact | Length::Open => BOTH + words + self.description.len() as u64,
        }
    }

    /// Whether the server says the same of whatever it does not find: a code that went with a node, the client's part of a session.
    #[must_use]
    pub fn is_vague(&self) -> bool {
        matches!(self.description, "Code not valid" | "User session not found")
    }

    /// Whether the event that was printed can stand beside it.
    #[must_use]
    pub fn goes_with(&self, error: &str) -> bool {
        matches!(self.event, Event::Error(errors) if errors.contains(&error))
    }

    fn fits(&self, status: u16, bytes: u64, major: Option<u32>) -> bool {
        let length = if self.length == Length::Open { self.bytes() <= bytes } else { self.bytes() == bytes };
        self.status == status && length && major.is_none_or(|m| self.majors.0 <= m && m <= self.majors.1)
    }
}

/// Returns every answer of that status and length, of that major version where it is known.
pub fn of(status: u16, bytes: u64, major: Option<u32>) -> impl Iterator<Item = &'static Answer> {
    ANSWERS.iter().filter(move |a| a.fits(status, bytes, major))
}

/// Whether it can only be an answer that tells the client to ask again later. `silent` says that no event stands beside it: then answers that have one
/// are out of the question.
#[must_use]
pub fn is_waiting(status: u16, bytes: Option<u64>, silent: bool) -> bool {
    let Some(bytes) = bytes else { return false };
    let mut left = of(status, bytes, None).filter(|a| a.length != Length::Open && !(silent && matches!(a.event, Event::Error(_)))).peekable();
    left.peek().is_some() && left.all(|a| a.event == Event::Waiting)
}

/// Whether a proxy gives such an answer by itself, so that no event of the server stands beside it: it did not ask the server, or did not wait for it.
#[must_use]
pub fn is_of_a_proxy(status: u16) -> bool {
    matches!(status, 408 | 413 | 429 | 499 | 502..=504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_compact_json() {
        for a in ANSWERS.iter().filter(|a| a.length != Length::Bare) {
            let json = serde_json::json!({"error": a.error, "error_description": a.description}).to_string();
            assert_eq!(a.bytes(), json.len() as u64, "{json}");
        }
        for a in ANSWERS.iter().filter(|a| a.length == Length::Bare) {
            assert_eq!(a.bytes(), serde_json::json!({"error": a.error}).to_string().len() as u64);
        }
    }

    #[test]
    fn every_answer_leaves_something_unless_it_tells_to_wait() {
        for a in ANSWERS {
            assert_eq!(a.leaves.is_empty(), a.event == Event::Waiting, "{a:?}");
            assert!(a.majors.0 <= a.majors.1, "{a:?}");
        }
    }

    #[test]
    fn a_poll_that_is_told_to_wait_is_told_from_a_failure_of_the_same_length() {
        for (status, bytes, silent, want) in
            [(400, 98, false, true), (400, 53, false, true), (400, 133, false, false), (400, 133, true, true), (400, 62, true, false), (401, 98, true, false)]
        {
            assert_eq!(is_waiting(status, Some(bytes), silent), want, "{status} {bytes} {silent}");
        }
        assert!(!is_waiting(400, None, true));
    }
}
