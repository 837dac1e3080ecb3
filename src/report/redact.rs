//! Pseudonyms in place of what names a person: users, sessions, client addresses.
//!
//! Input: a [`Finding`], an [`Outcome`] or a text, with their secrets masked or not. Output: the same with pseudonyms as `user-3f9a1c22e07b`. A pseudonym is a
//! keyed hash (HMAC-SHA-256, cut to 48 bits): the same value has the same one wherever it stands, another key gives other ones, and without
//! the key nobody can find a value by trying. A pseudonym is its own pseudonym, so doing it twice does no harm. Must not know any format.
//!
//! ```
//! use kctriage::report::redact::{Key, Redactor};
//! let redactor = Redactor::new(&Key::of("a secret of one's own").expect("it is long enough"));
//! let pseudonym = redactor.address("10.0.0.4");
//! assert!(pseudonym.starts_with("ip-") && pseudonym.len() == 15);
//! assert_eq!(redactor.text("came from 10.0.0.4"), format!("came from {pseudonym}"));
//! ```

mod text;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::escape::Untrusted;
use super::ndjson::masked;
use crate::finding::Finding;
use crate::tally::{Filter, Outcome};

/// Bytes of a keyed hash that a pseudonym shows: among a million values two are the same once in 500 times.
const SHOWN: usize = 6;

/// Bytes of a keyed hash that stand for a finding's id.
const ID: usize = 16;

/// What a keyed id begins with.
const KEYED: char = '~';

/// The shortest key that a person may give, in bytes.
pub const SHORTEST_KEY: usize = 16;

/// What makes the pseudonyms of one run or one company differ from all others. It has no `Debug` and no `Display`.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// Returns a key that nobody knows.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn random() -> io::Result<Self> {
        let mut bytes = vec![0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Key(bytes))
    }

    /// Returns the key of a text, without the white space around it; `None` if it is shorter than [`SHORTEST_KEY`].
    #[must_use]
    pub fn of(text: impl AsRef<[u8]>) -> Option<Self> {
        let bytes = text.as_ref().trim_ascii();
        (bytes.len() >= SHORTEST_KEY).then(|| Key(bytes.to_vec()))
    }
}

/// What a value names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Session,
    Address,
    /// An id in a text, of which only the form is known.
    Id,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Session => "session",
            Kind::Address => "ip",
            Kind::Id => "id",
        }
    }
}

/// Replaces values by pseudonyms.
#[derive(Clone)]
pub struct Redactor(Hmac<Sha256>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Returns one with this key.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Redactor(Hmac::new_from_slice(&key.0).expect("HMAC takes keys of any length"))
    }

    /// Returns the first bytes of a value's keyed hash, in hexadecimal.
    fn hash(&self, value: &str, bytes: usize) -> String {
        let mut mac = self.0.clone();
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().iter().take(bytes).fold(String::new(), |mut text, b| {
            let _ = write!(text, "{b:02x}");
            text
        })
    }

    /// Returns a value's pseudonym; what is one already stays.
    fn pseudonym(&self, kind: Kind, value: &str) -> String {
        if text::is_pseudonym(value) { value.to_owned() } else { format!("{}-{}", kind.prefix(), self.hash(value, SHOWN)) }
    }

    /// Returns the pseudonym of a user's id or name.
    #[must_use]
    pub fn user(&self, user: &str) -> String {
        self.pseudonym(Kind::User, user)
    }

    /// Returns the pseudonym of a session's id.
    #[must_use]
    pub fn session(&self, session: &str) -> String {
        self.pseudonym(Kind::Session, session)
    }

    /// Returns the pseudonym of an address, the same however the address is spelled.
    #[must_use]
    pub fn address(&self, address: &str) -> String {
        match address.parse::<IpAddr>() {
            Ok(ip) => self.pseudonym(Kind::Address, &ip.to_canonical().to_string()),
            Err(_) => self.pseudonym(Kind::Address, address),
        }
    }

    /// Returns a name of a realm, a client or a machine, which stays as it is but for mail addresses in it.
    #[must_use]
    pub fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        text::mails(self, name)
    }

    /// Returns a text with pseudonyms for all in it that has the form of an address, a mail address or an id, and for values whose name says what they are
    /// (`username=…`); what is a secret is masked first.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match Untrusted::new(text).masked() {
            Cow::Borrowed(text) => text::redacted(self, text),
            Cow::Owned(masked) => Cow::Owned(text::redacted(self, &masked).into_owned()),
        }
    }

    /// Returns the form of a line that was not understood, so that nobody can tell what stands where in it: letters become `x` or `X`, digits `9`.
    #[must_use]
    pub fn form(line: &str) -> String {
        let formed = |c: char| match c {
            _ if c.is_ascii_digit() => '9',
            _ if c.is_uppercase() => 'X',
            _ if c.is_alphanumeric() => 'x',
            _ => c,
        };
        line.chars().map(formed).collect()
    }

    /// Replaces all in a finding that names a person. Its id, a hash of what the log says, becomes a keyed one.
    pub fn finding(&self, finding: &mut Finding) {
        let pseudonyms = [
            finding.user.as_deref().map(|user| (user.to_owned(), self.user(user))),
            finding.session.as_deref().map(|session| (session.to_owned(), self.session(session))),
            finding.ip.as_deref().map(|ip| (ip.to_owned(), self.address(ip))),
        ];
        // a secret that lost a part of itself to a pseudonym would not be known as one any more
        if let Cow::Owned(masked) = masked(finding) {
            *finding = masked;
        }
        let all = |text: &mut String| {
            for (value, pseudonym) in pseudonyms.iter().flatten().filter(|(value, _)| value.len() >= LONG_ENOUGH) {
                if text.contains(value.as_str()) {
                    *text = text.replace(value.as_str(), pseudonym);
                }
            }
            *text = self.text(text).into_owned();
        };
        all(&mut finding.event);
        [&mut finding.error, &mut finding.reason, &mut finding.grant].into_iter().flatten().for_each(all);
        finding.evidence.iter_mut().for_each(|e| all(&mut e.what));
        for name in [&mut finding.realm, &mut finding.client].into_iter().flatten() {
            *name = self.name(name).into_owned();
        }
        if !finding.id.starts_with(KEYED) {
            finding.id = format!("{KEYED}{}", self.hash(&finding.id, ID));
        }
        [finding.user, finding.session, finding.ip] = pseudonyms.map(|pair| pair.map(|(_, pseudonym)| pseudonym));
    }

    /// Returns a filter as it may be shown: what a person asked for can name one.
    #[must_use]
    pub fn filter(&self, filter: &Filter) -> Filter {
        let names = |names: &[String]| names.iter().map(|n| self.name(n).into_owned()).collect();
        let sessions = filter.sessions.iter().map(|s| self.session(s)).collect();
        Filter { realms: names(&filter.realms), clients: names(&filter.clients), sessions, ..filter.clone() }
    }

    /// Replaces all that names a person in what a run found: in its samples, in lines that look forged, in lines that were not understood. The counts stay.
    pub fn outcome(&self, outcome: &mut Outcome) {
        for cell in outcome.tally.cells.values_mut() {
            cell.samples.iter_mut().for_each(|finding| self.finding(finding));
        }
        for (_, suspect) in &mut outcome.suspects {
            suspect.ip = suspect.ip.as_deref().map(|ip| self.address(ip));
            suspect.event = self.text(&suspect.event).into_owned();
            suspect.why = self.text(&suspect.why).into_owned();
        }
        let books = outcome.sources.iter_mut().map(|s| &mut s.books).chain([&mut outcome.books]);
        for sample in books.flat_map(|b| &mut b.samples) {
            sample.text = Self::form(&sample.text);
        }
    }
}

/// Values below this length are not looked for in texts: `a` would be found in every word.
const LONG_ENOUGH: usize = 4;

#[cfg(test)]
mod tests;
