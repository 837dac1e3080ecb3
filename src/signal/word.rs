//! A word that recurs: types of events, errors, reasons, grants.
//!
//! Input: text. Output: a [`Word`] that takes no memory of its own where it is one of those that servers print every day; any other is kept as it is.
//! Must not know what a word means.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::names::by_ends;

/// The words that need no memory. Their order is nobody's business: outputs hold the text, and a temporary file lives no longer than its process.
const KNOWN: [&str; 57] = [
    "CODE_TO_TOKEN_ERROR",
    "REFRESH_TOKEN_ERROR",
    "CLIENT_LOGIN_ERROR",
    "LOGIN_ERROR",
    "TOKEN_EXCHANGE_ERROR",
    "OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR",
    "AUTHREQID_TO_TOKEN_ERROR",
    "PERMISSION_TOKEN_ERROR",
    "OAUTH2_EXTENSION_GRANT_ERROR",
    "access_denied",
    "client_disabled",
    "client_not_found",
    "code_verifier_missing",
    "consent_denied",
    "different_user_authenticated",
    "expired_code",
    "expired_oauth2_device_code",
    "invalid_client",
    "invalid_client_credentials",
    "invalid_code",
    "invalid_code_verifier",
    "invalid_grant",
    "invalid_oauth2_device_code",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_token",
    "invalid_user_credentials",
    "not_allowed",
    "pkce_verification_failed",
    "resolve_required_actions",
    "session_expired",
    "slow_down",
    "unauthorized_client",
    "user_disabled",
    "user_not_found",
    "user_session_not_found",
    "user_temporarily_disabled",
    "authorization_code",
    "client_credentials",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:uma-ticket",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba",
    "Client session not active",
    "Code already used",
    "Code not valid",
    "Invalid refresh token",
    "Maximum allowed refresh token reuse exceeded",
    "Missing parameter: code",
    "Offline session not active",
    "Session doesn't have required client",
    "Session not active",
    "Stale token",
    "Token is not active",
];

/// A word that recurs; reads as the text that it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word(Kept);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Kept {
    Known(u8),
    /// In a box of its own, so that a word takes no more room than it must, even one that may be missing.
    Other(Box<Text>),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Text(Box<str>);

/// Places in the table of known words: so many that hardly two words want the same one.
const PLACES: usize = 512;

/// Returns the place of a text in the table; no two known words share theirs.
#[inline]
fn place(text: &[u8]) -> usize {
    by_ends(text) % PLACES
}

/// Returns the numbers of the known words and one more, each at the place of its word or behind it; 0 where there is none.
fn numbers() -> &'static [u8; PLACES] {
    static NUMBERS: OnceLock<[u8; PLACES]> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let mut table = [0; PLACES];
        for (number, word) in (1..).zip(KNOWN) {
            let mut at = place(word.as_bytes());
            while table[at] != 0 {
                at = (at + 1) % PLACES;
            }
            table[at] = number;
        }
        table
    })
}

/// Returns the number of a known word.
#[inline]
fn number(text: &[u8]) -> Option<u8> {
    let table = numbers();
    let mut at = place(text);
    loop {
        let number = table[at].checked_sub(1)?;
        if KNOWN[usize::from(number)].as_bytes() == text {
            return Some(number);
        }
        at = (at + 1) % PLACES;
    }
}

impl Word {
    /// Returns the word of that text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Word(number(text.as_bytes()).map_or_else(|| Kept::Other(Box::new(Text(text.into()))), Kept::Known))
    }

    /// Returns the word of these bytes where it is a known one.
    #[must_use]
    #[inline]
    pub fn known(bytes: &[u8]) -> Option<Self> {
        number(bytes).map(|number| Word(Kept::Known(number)))
    }

    /// Whether it is one of those that servers print every day.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.0, Kept::Known(_))
    }

    /// Returns its number among the known words, below 64.
    #[must_use]
    #[inline]
    pub fn number(&self) -> Option<usize> {
        match self.0 {
            Kept::Known(number) => Some(usize::from(number)),
            Kept::Other(_) => None,
        }
    }

    /// Returns the known word of a number.
    #[must_use]
    #[inline]
    pub fn numbered(number: u8) -> Option<Self> {
        (usize::from(number) < KNOWN.len()).then_some(Word(Kept::Known(number)))
    }

    /// Returns the word of these bytes; what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Word::new(text),
            Err(_) => Word::new(&String::from_utf8_lossy(bytes)),
        }
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Kept::Known(number) => KNOWN[usize::from(*number)],
            Kept::Other(text) => &text.0,
        }
    }
}

/// A set of words, quickly asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// A bit for each of the known ones.
    known: u64,
    others: Vec<Box<str>>,
}

impl Words {
    /// Returns the set of these words.
    pub fn of<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Self {
        let mut set = Words::default();
        for word in words {
            match Word::new(word.as_ref()).0 {
                Kept::Known(number) => set.known |= 1 << number,
                Kept::Other(text) => set.others.push(text.0),
            }
        }
        set
    }

    /// Returns a bit for each known word among them, by its number.
    #[must_use]
    pub fn known_bits(&self) -> u64 {
        self.known
    }

    /// Whether a word is among them.
    #[must_use]
    #[inline]
    pub fn has(&self, word: &Word) -> bool {
        match &word.0 {
            Kept::Known(number) => self.known >> number & 1 == 1,
            Kept::Other(text) => self.others.contains(&text.0),
        }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_its_words_and_no_others() {
        let mine = ["invalid_code", "an error of tomorrow"];
        let set = Words::of(mine);
        let others = KNOWN.into_iter().filter(|w| !mine.contains(w)).chain(["an error of today"]);
        assert!(mine.into_iter().all(|w| set.has(&Word::new(w))) && !others.into_iter().any(|w| set.has(&Word::new(w))));
        assert!(KNOWN.len() <= 64);
    }

    #[test]
    fn every_word_reads_as_its_text_and_the_known_ones_are_listed_once() {
        for text in KNOWN.into_iter().chain(["", "an error of tomorrow"]) {
            assert_eq!(&*Word::new(text), text);
            assert_eq!(Word::of(text.as_bytes()), Word::new(text));
        }
        assert_eq!(numbers().iter().filter(|n| **n > 0).count(), KNOWN.len());
        assert!(matches!(Word::new("LOGIN_ERROR").0, Kept::Known(_)));
    }
}
