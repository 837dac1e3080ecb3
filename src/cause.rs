//! The catalogue of causes: which there are, and what a person should know about each.
//!
//! Input: `causes.toml`, compiled in. Output: [`Cause`], [`Detail`] and the [`Explanation`] of a cause.
//! A leaf: it must not know signals, rules or reports.
//!
//! ```
//! use kctriage::cause::{Catalogue, Cause};
//! let cause: Cause = "code-expired".parse()?;
//! println!("{}", Catalogue::builtin().get(cause).summary);
//! # Ok::<(), kctriage::cause::UnknownName>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// Lists the placeholders that [`Explanation::first`] may hold, without their braces.
pub const PLACEHOLDERS: [&str; 6] = ["client", "realm", "delay", "lifespan", "since", "addresses"];

/// Names why a token request failed: one of the nine causes, or a class beyond them.
///
/// The order is that of the catalogue; the slugs are part of the contract with other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// 1: the code came after its lifespan.
    CodeExpired,
    /// 2: the code had been used before.
    CodeReused,
    /// 3: an assertion or token was outside its validity.
    ClockSkew,
    /// 4: the refresh token can no longer be used; a [`Detail`] says why.
    RefreshTokenInvalid,
    /// 5: the client's secret is wrong.
    WrongClientSecret,
    /// 6: verifier and challenge do not fit; a [`Detail`] says how.
    PkceMismatch,
    /// 7: the redirect URI differs from that of the login.
    RedirectUriMismatch,
    /// 8: the session of the code is gone.
    SessionTerminated,
    /// 9: the client's credentials came the wrong way, or not at all.
    ClientAuthMethod,
    /// The code is not one of Keycloak's.
    CodeMalformed,
    /// The code was issued to another client.
    CodeOfOtherClient,
    /// The request has no code.
    CodeMissing,
    /// The realm has no such client.
    ClientNotFound,
    /// The client is switched off.
    ClientDisabled,
    /// The user's name or password was refused in a password grant.
    UserCredentials,
    /// The user's account is switched off.
    UserDisabled,
    /// The device code is unknown, expired, used or denied.
    DeviceCodeInvalid,
    /// A token exchange was refused.
    TokenExchangeDenied,
    /// The client may not use this grant.
    GrantNotAllowed,
    /// The request was refused without an event; only the HTTP access log shows it.
    Unlogged,
    /// The log does not name the cause; never certain.
    Unclassified,
}

impl Cause {
    /// Lists every cause, in the order of the catalogue.
    pub const ALL: [Self; 21] = [
        Self::CodeExpired,
        Self::CodeReused,
        Self::ClockSkew,
        Self::RefreshTokenInvalid,
        Self::WrongClientSecret,
        Self::PkceMismatch,
        Self::RedirectUriMismatch,
        Self::SessionTerminated,
        Self::ClientAuthMethod,
        Self::CodeMalformed,
        Self::CodeOfOtherClient,
        Self::CodeMissing,
        Self::ClientNotFound,
        Self::ClientDisabled,
        Self::UserCredentials,
        Self::UserDisabled,
        Self::DeviceCodeInvalid,
        Self::TokenExchangeDenied,
        Self::GrantNotAllowed,
        Self::Unlogged,
        Self::Unclassified,
    ];

    /// Returns the name used in options, files and output.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::CodeExpired => "code-expired",
            Self::CodeReused => "code-reused",
            Self::ClockSkew => "clock-skew",
            Self::RefreshTokenInvalid => "refresh-token-invalid",
            Self::WrongClientSecret => "wrong-client-secret",
            Self::PkceMismatch => "pkce-mismatch",
            Self::RedirectUriMismatch => "redirect-uri-mismatch",
            Self::SessionTerminated => "session-terminated",
            Self::ClientAuthMethod => "client-auth-method",
            Self::CodeMalformed => "code-malformed",
            Self::CodeOfOtherClient => "code-of-other-client",
            Self::CodeMissing => "code-missing",
            Self::ClientNotFound => "client-not-found",
            Self::ClientDisabled => "client-disabled",
            Self::UserCredentials => "user-credentials",
            Self::UserDisabled => "user-disabled",
            Self::DeviceCodeInvalid => "device-code-invalid",
            Self::TokenExchangeDenied => "token-exchange-denied",
            Self::GrantNotAllowed => "grant-not-allowed",
            Self::Unlogged => "unlogged",
            Self::Unclassified => "unclassified",
        }
    }

    /// Returns the number of the nine causes, `None` beyond them.
    #[must_use]
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::CodeExpired => Some(1),
            Self::CodeReused => Some(2),
            Self::ClockSkew => Some(3),
            Self::RefreshTokenInvalid => Some(4),
            Self::WrongClientSecret => Some(5),
            Self::PkceMismatch => Some(6),
            Self::RedirectUriMismatch => Some(7),
            Self::SessionTerminated => Some(8),
            Self::ClientAuthMethod => Some(9),
            Self::CodeMalformed
            | Self::CodeOfOtherClient
            | Self::CodeMissing
            | Self::ClientNotFound
            | Self::ClientDisabled
            | Self::UserCredentials
            | Self::UserDisabled
            | Self::DeviceCodeInvalid
            | Self::TokenExchangeDenied
            | Self::GrantNotAllowed
            | Self::Unlogged
            | Self::Unclassified => None,
        }
    }

    /// Returns the short name for tables, in lower case.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::CodeExpired => "code expired",
            Self::CodeReused => "code reused",
            Self::ClockSkew => "clock skew",
            Self::RefreshTokenInvalid => "refresh token invalid",
            Self::WrongClientSecret => "wrong client secret",
            Self::PkceMismatch => "PKCE mismatch",
            Self::RedirectUriMismatch => "redirect URI mismatch",
            Self::SessionTerminated => "session terminated",
            Self::ClientAuthMethod => "client auth method",
            Self::CodeMalformed => "code malformed",
            Self::CodeOfOtherClient => "code of another client",
            Self::CodeMissing => "code missing",
            Self::ClientNotFound => "client not found",
            Self::ClientDisabled => "client disabled",
            Self::UserCredentials => "user credentials",
            Self::UserDisabled => "user disabled",
            Self::DeviceCodeInvalid => "device code invalid",
            Self::TokenExchangeDenied => "token exchange denied",
            Self::GrantNotAllowed => "grant not allowed",
            Self::Unlogged => "refused without an event",
            Self::Unclassified => "unclassified",
        }
    }

    /// Returns the cause with exactly this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.slug() == slug)
    }

    /// Returns the details that a finding of this cause can have; most causes have none.
    #[must_use]
    pub const fn details(self) -> &'static [Detail] {
        match self {
            Self::RefreshTokenInvalid => &[
                Detail::Expired,
                Detail::Rotated,
                Detail::SessionEnded,
                Detail::NotBefore,
                Detail::Malformed,
                Detail::WrongClient,
                Detail::Offline,
                Detail::Unknown,
            ],
            Self::PkceMismatch => &[Detail::Missing, Detail::Mismatch, Detail::Malformed, Detail::Unexpected],
            _ => &[],
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl FromStr for Cause {
    type Err = UnknownName;

    /// Reads a slug, or the number of one of the nine, as a person types it.
    ///
    /// Case does not matter, and blanks and underscores stand for hyphens.
    fn from_str(given: &str) -> Result<Self, UnknownName> {
        let wanted = as_slug(given);
        Self::ALL
            .into_iter()
            .find(|cause| cause.slug() == wanted || cause.number().is_some_and(|n| n.to_string() == wanted))
            .ok_or_else(|| UnknownName::new("cause", given, &Self::ALL.map(Self::slug)))
    }
}

/// Says more about a finding of cause 4 or 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    /// Cause 4: the token is past its `exp`.
    Expired,
    /// Cause 4: a token that had been replaced was used again.
    Rotated,
    /// Cause 4: the session, or the client's part in it, is gone.
    SessionEnded,
    /// Cause 4: the token is older than a revocation.
    NotBefore,
    /// Cause 4: not a refresh token of this realm. Cause 6: the verifier breaks the rules.
    Malformed,
    /// Cause 4: the token was issued to another client.
    WrongClient,
    /// Cause 4: the offline session is gone, or offline access was taken away.
    Offline,
    /// Cause 4: the server does not say which check failed.
    Unknown,
    /// Cause 6: no verifier came for a login with a challenge.
    Missing,
    /// Cause 6: the verifier is not the one of this login.
    Mismatch,
    /// Cause 6: a verifier came for a login without a challenge.
    Unexpected,
}

impl Detail {
    /// Lists every detail, those of cause 4 first.
    pub const ALL: [Self; 11] = [
        Self::Expired,
        Self::Rotated,
        Self::SessionEnded,
        Self::NotBefore,
        Self::Malformed,
        Self::WrongClient,
        Self::Offline,
        Self::Unknown,
        Self::Missing,
        Self::Mismatch,
        Self::Unexpected,
    ];

    /// Returns the name used in options, files and output.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Rotated => "rotated",
            Self::SessionEnded => "session-ended",
            Self::NotBefore => "not-before",
            Self::Malformed => "malformed",
            Self::WrongClient => "wrong-client",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
            Self::Mismatch => "mismatch",
            Self::Unexpected => "unexpected",
        }
    }

    /// Returns the detail with exactly this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detail| detail.slug() == slug)
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl FromStr for Detail {
    type Err = UnknownName;

    /// Reads a slug as a person types it: case does not matter, blanks and underscores stand for hyphens.
    fn from_str(given: &str) -> Result<Self, UnknownName> {
        Self::from_slug(&as_slug(given)).ok_or_else(|| UnknownName::new("detail", given, &Self::ALL.map(Self::slug)))
    }
}

/// Says that a name is none of the known slugs, and which ones come near.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} {given:?}; {}", advice(.near, .all))]
#[non_exhaustive]
pub struct UnknownName {
    /// What was asked for: "cause" or "detail".
    pub kind: &'static str,
    /// The name as it was typed.
    pub given: String,
    /// The slugs that come near, nearest first; empty if none does.
    pub near: Vec<&'static str>,
    /// All slugs that are known.
    pub all: Vec<&'static str>,
}

impl UnknownName {
    fn new(kind: &'static str, given: &str, all: &[&'static str]) -> Self {
        let wanted = as_slug(given);
        let mut ranked: Vec<_> = all.iter().map(|&slug| (nearness(&wanted, slug), slug)).filter(|&(rank, _)| rank <= FARTHEST).collect();
        ranked.sort_by_key(|&(rank, _)| rank);
        Self { kind, given: given.to_owned(), near: ranked.into_iter().map(|(_, slug)| slug).collect(), all: all.to_vec() }
    }
}

fn advice(near: &[&str], all: &[&str]) -> String {
    if near.is_empty() { format!("use one of: {}", all.join(", ")) } else { format!("did you mean {}?", near.join(" or ")) }
}

/// The largest distance at which a slug is still offered.
const FARTHEST: usize = 3;

/// Returns 0 where one name holds the other, else the number of edits between them.
fn nearness(wanted: &str, slug: &str) -> usize {
    // Two letters are part of too many slugs to mean any; a long text is no slip of the keyboard.
    if wanted.len() < 3 || wanted.len() > 60 {
        return usize::MAX;
    }
    if slug.contains(wanted) || wanted.contains(slug) {
        return 0;
    }
    let slug: Vec<char> = slug.chars().collect();
    let mut row: Vec<usize> = (0..=slug.len()).collect();
    for (i, w) in wanted.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, s) in slug.iter().enumerate() {
            let replaced = diagonal + usize::from(w != *s);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[slug.len()]
}

fn as_slug(given: &str) -> String {
    given.trim().to_lowercase().replace([' ', '_'], "-")
}

/// Explains one cause to a person: what it means, how to prove it, how to end it.
///
/// Texts are plain ASCII without markup, for a terminal; none ends with a line feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Explanation {
    /// The cause that is explained, written as its slug.
    pub slug: Cause,
    /// The number of the nine; `None` beyond them.
    #[serde(default)]
    pub number: Option<u8>,
    /// The short name for tables.
    pub title: String,
    /// What it means, in one sentence.
    pub summary: String,
    /// What happens inside Keycloak and what the log prints, one sentence a line.
    pub what: String,
    /// The usual reasons in practice.
    pub why: Vec<String>,
    /// The steps that prove it.
    pub verify: Vec<String>,
    /// The steps that end it.
    pub fix: Vec<String>,
    /// What to do first, in one sentence; may hold [`PLACEHOLDERS`] in braces.
    pub first: String,
    /// What the client was answered: status, error and description.
    pub answers: Vec<String>,
    /// What the log must show for certainty; empty if it never can.
    pub certain_when: Vec<String>,
    /// What a log may lack, and the option that adds it; empty if it is always clear.
    pub cannot_tell: String,
    /// Standards, issues and classes to read on.
    pub references: Vec<String>,
    /// What each detail of this cause means; empty for causes without details.
    #[serde(default)]
    pub details: BTreeMap<Detail, String>,
}

/// Holds the explanations of all causes.
#[derive(Debug)]
pub struct Catalogue {
    /// One for each cause, in the order of [`Cause::ALL`], so that a cause is its own index; each is read when somebody asks for it.
    explanations: [OnceLock<Explanation>; Cause::ALL.len()],
}

/// The layout of `causes.toml`, of which one entry is read at a time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cause: [Explanation; 1],
}

/// The text of the catalogue, and the line that begins an entry.
const TEXT: &str = include_str!("causes.toml");
const ENTRY: &str = "\n[[cause]]\n";

impl Catalogue {
    /// Returns the catalogue that is compiled in.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: Catalogue = Catalogue { explanations: [const { OnceLock::new() }; Cause::ALL.len()] };
        &BUILTIN
    }

    /// Returns the explanation of a cause.
    ///
    /// # Panics
    ///
    /// Never: the text is part of the program, and a test reads it.
    #[must_use]
    pub fn get(&self, cause: Cause) -> &Explanation {
        self.explanations[cause as usize].get_or_init(|| {
            let text = TEXT.split(ENTRY).nth(1 + cause as usize).unwrap_or_default();
            let File { cause: [mut explanation] } = toml::from_str(&format!("{ENTRY}{text}")).expect("causes.toml is compiled in and read by a test");
            explanation.what.truncate(explanation.what.trim_end().len());
            explanation
        })
    }

    /// Iterates over the explanations in the order of [`Cause::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = &Explanation> {
        Cause::ALL.iter().map(|cause| self.get(*cause))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn texts(e: &Explanation) -> Vec<&str> {
        let mut all: Vec<&str> = e.what.lines().collect();
        all.extend([e.title.as_str(), e.summary.as_str(), e.first.as_str(), e.cannot_tell.as_str()]);
        for list in [&e.why, &e.verify, &e.fix, &e.answers, &e.certain_when, &e.references] {
            all.extend(list.iter().map(String::as_str));
        }
        all.extend(e.details.values().map(String::as_str));
        all
    }

    /// Names every variant once, so that a new one does not compile without a place in `ALL`.
    fn position(cause: Cause) -> usize {
        match cause {
            Cause::CodeExpired => 0,
            Cause::CodeReused => 1,
            Cause::ClockSkew => 2,
            Cause::RefreshTokenInvalid => 3,
            Cause::WrongClientSecret => 4,
            Cause::PkceMismatch => 5,
            Cause::RedirectUriMismatch => 6,
            Cause::SessionTerminated => 7,
            Cause::ClientAuthMethod => 8,
            Cause::CodeMalformed => 9,
            Cause::CodeOfOtherClient => 10,
            Cause::CodeMissing => 11,
            Cause::ClientNotFound => 12,
            Cause::ClientDisabled => 13,
            Cause::UserCredentials => 14,
            Cause::UserDisabled => 15,
            Cause::DeviceCodeInvalid => 16,
            Cause::TokenExchangeDenied => 17,
            Cause::GrantNotAllowed => 18,
            Cause::Unlogged => 19,
            Cause::Unclassified => 20,
        }
    }

    #[test]
    fn every_cause_has_its_place_and_its_entry() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.iter().count(), Cause::ALL.len());
        for (i, (cause, entry)) in Cause::ALL.into_iter().zip(catalogue.iter()).enumerate() {
            assert_eq!(position(cause), i);
            assert_eq!(entry.slug, cause, "causes.toml is in the order of ALL");
            assert_eq!(catalogue.get(cause).slug, cause);
            assert_eq!(entry.title, cause.title());
            assert_eq!(entry.number, cause.number());
        }
    }

    #[test]
    fn every_entry_says_what_how_to_prove_and_how_to_end() {
        for e in Catalogue::builtin().iter() {
            for (key, list) in [("why", &e.why), ("verify", &e.verify), ("fix", &e.fix), ("answers", &e.answers), ("references", &e.references)] {
                assert!(!list.is_empty(), "{}: {key} is empty", e.slug);
            }
            let sentences = e.what.lines().count();
            assert!((2..=6).contains(&sentences), "{}: what has {sentences}", e.slug);
            for sentence in e.what.lines().chain([e.summary.as_str(), e.first.as_str()]) {
                assert!(sentence.ends_with('.'), "{}: {sentence}", e.slug);
            }
            assert_eq!(e.certain_when.is_empty(), e.slug == Cause::Unclassified, "only unclassified is never certain: {}", e.slug);
        }
    }

    #[test]
    fn every_text_is_short_trimmed_ascii() {
        for e in Catalogue::builtin().iter() {
            for text in texts(e) {
                assert!(text.len() <= 300, "{}: {} bytes: {text}", e.slug, text.len());
                assert_eq!(text, text.trim(), "{}", e.slug);
                assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}: not printable ASCII: {text}", e.slug);
            }
            for text in [&e.title, &e.summary, &e.first] {
                assert!(!text.is_empty(), "{}", e.slug);
            }
            assert!(e.title.len() <= 24, "{} does not fit a table", e.title);
        }
    }

    #[test]
    fn the_first_step_has_known_placeholders_only() {
        for e in Catalogue::builtin().iter() {
            let mut rest = e.first.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                assert!(!before.contains('}'), "{}: {}", e.slug, e.first);
                let (name, tail) = after.split_once('}').expect("a brace is closed");
                assert!(PLACEHOLDERS.contains(&name), "{}: {{{name}}}", e.slug);
                rest = tail;
            }
            assert!(!rest.contains('}'), "{}: {}", e.slug, e.first);
        }
    }

    #[test]
    fn every_detail_of_a_cause_is_explained_and_no_other() {
        let mut seen = BTreeSet::new();
        for e in Catalogue::builtin().iter() {
            let expected: BTreeSet<Detail> = e.slug.details().iter().copied().collect();
            let found: BTreeSet<Detail> = e.details.keys().copied().collect();
            assert_eq!(found, expected, "{}", e.slug);
            assert!(e.details.values().all(|text| !text.is_empty()));
            seen.extend(found);
        }
        assert_eq!(seen, Detail::ALL.into_iter().collect());
    }

    #[test]
    fn slugs_are_unique_and_serde_writes_them() {
        let slugs: BTreeSet<_> = Cause::ALL.map(Cause::slug).into_iter().collect();
        assert_eq!(slugs.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert_eq!(Cause::from_slug(cause.slug()), Some(cause));
            assert_eq!(cause.slug().parse(), Ok(cause));
            assert_eq!(cause.to_string(), cause.slug());
            let written = toml::Value::try_from(cause).expect("a unit variant is a string");
            assert_eq!(written.as_str(), Some(cause.slug()));
        }
        let slugs: BTreeSet<_> = Detail::ALL.map(Detail::slug).into_iter().collect();
        assert_eq!(slugs.len(), Detail::ALL.len());
        for detail in Detail::ALL {
            assert_eq!(Detail::from_slug(detail.slug()), Some(detail));
            assert_eq!(detail.slug().parse(), Ok(detail));
            assert_eq!(detail.to_string(), detail.slug());
            let written = toml::Value::try_from(detail).expect("a unit variant is a string");
            assert_eq!(written.as_str(), Some(detail.slug()));
        }
    }

    #[test]
    fn the_nine_are_numbered_in_order() {
        let numbers: Vec<u8> = Cause::ALL.into_iter().filter_map(Cause::number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn names_are_read_as_people_type_them() {
        for (given, cause) in [
            ("code-expired", Cause::CodeExpired),
            (" Code_Expired ", Cause::CodeExpired),
            ("wrong client secret", Cause::WrongClientSecret),
            ("9", Cause::ClientAuthMethod),
        ] {
            assert_eq!(given.parse(), Ok(cause), "{given}");
        }
        assert_eq!(Cause::from_slug("Code_Expired"), None, "slugs are exact");
    }

    #[test]
    fn an_unknown_name_gets_advice() {
        let said = |given: &str| given.parse::<Cause>().expect_err("not a cause").to_string();
        assert_eq!(said("code-expird"), "unknown cause \"code-expird\"; did you mean code-expired?");
        assert_eq!(said("pkce"), "unknown cause \"pkce\"; did you mean pkce-mismatch?");
        assert_eq!(said("disabled"), "unknown cause \"disabled\"; did you mean client-disabled or user-disabled?");
        for given in ["", "10", "0", "zzz", &"x".repeat(10_000)] {
            assert!(said(given).ends_with("unlogged, unclassified"), "{given}");
        }
        assert!(said("\u{1b}[31m").starts_with("unknown cause \"\\u{1b}[31m\"; use one of: "));
        assert_eq!("session".parse::<Detail>().expect_err("not one").to_string(), "unknown detail \"session\"; did you mean session-ended?");
    }
}
