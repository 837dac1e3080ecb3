//! Answers of the token endpoint that an application or a proxy wrote into its own log.
//!
//! Input: a line of a log that is not Keycloak's. Output: which answer it quotes and which causes that leaves. The literal messages are those
//! that clients see ("Code not valid") and old wording; none of them settles a cause, so nothing here is ever certain.

use memchr::memmem;

use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::OnceLock;

use crate::cause::Cause;
use crate::record::Stamp;
use crate::record::stamp::stamp;

/// A message, and the causes that it leaves, the most common first.
pub struct Answer {
    /// The literal text.
    pub message: &'static str,
    /// What can have caused it.
    pub candidates: &'static [Cause],
}

/// The messages, longest first where one contains another's words. `invalid_grant` alone says only that a grant was refused.
pub const ANSWERS: [Answer; 10] = [
    Answer { message: "Code not valid", candidates: &[Cause::CodeExpired, Cause::CodeReused, Cause::SessionTerminated] },
    Answer { message: "Code already used", candidates: &[Cause::CodeReused, Cause::CodeExpired] },
    Answer { message: "Code is expired", candidates: &[Cause::CodeExpired, Cause::ClockSkew] },
    Answer { message: "Invalid code verifier", candidates: &[Cause::PkceMismatch] },
    Answer { message: "PKCE verification failed", candidates: &[Cause::PkceMismatch] },
    Answer { message: "Incorrect redirect_uri", candidates: &[Cause::RedirectUriMismatch] },
    Answer { message: "Invalid client credentials", candidates: &[Cause::WrongClientSecret, Cause::ClientAuthMethod, Cause::ClientNotFound] },
    Answer { message: "Session not active", candidates: &[Cause::RefreshTokenInvalid, Cause::SessionTerminated] },
    Answer { message: "Stale token", candidates: &[Cause::RefreshTokenInvalid] },
    Answer { message: "\"invalid_grant\"", candidates: &[Cause::CodeExpired, Cause::CodeReused, Cause::RefreshTokenInvalid, Cause::Unclassified] },
];

/// One quoted answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Relayed {
    /// The line's own time if it begins with one.
    pub at: Stamp,
    /// Midnights are not counted here: a time without a date stays unknown.
    pub line: u64,
    /// Index into [`ANSWERS`].
    pub answer: usize,
}

fn searcher() -> &'static AhoCorasick {
    static SEARCHER: OnceLock<AhoCorasick> = OnceLock::new();
    SEARCHER.get_or_init(|| {
        AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(ANSWERS.iter().map(|a| a.message)).expect("ten short literals compile")
    })
}

fn forms() -> &'static AhoCorasick {
    static FORMS: OnceLock<AhoCorasick> = OnceLock::new();
    let all = || ANSWERS.iter().map(|a| a.message.as_bytes()).chain(ESCAPED);
    FORMS.get_or_init(|| AhoCorasick::new(all()).expect("a dozen short literals compile"))
}

/// Returns where the first message stands in some lines, in any of its forms: lines without one need not be looked at.
#[must_use]
pub fn find(lines: &[u8]) -> Option<usize> {
    forms().find(lines).map(|m| m.start())
}

/// The answer inside a JSON log's own string, or written as `error=invalid_grant`.
const ESCAPED: [&[u8]; 3] = [b"\\\"invalid_grant\\\"", b"error=invalid_grant", b"'invalid_grant'"];

/// Reads a line; the most telling message of the line counts, since a JSON answer has both the error and its description.
#[must_use]
pub fn read(line: &[u8], number: u64) -> Option<Relayed> {
    // an event in a layout that is not known here is Keycloak's own, and quotes nobody
    if memmem::find(line, b"org.keycloak.events").is_some() || memmem::find(line, b"_TOKEN_ERROR").is_some() {
        return None;
    }
    let answer = searcher().find_iter(line).map(|m| m.pattern().as_usize()).min().or_else(|| escaped(line))?;
    let at = stamp(line).map_or(Stamp::Unknown, |(at, _)| at);
    Some(Relayed { at: if matches!(at, Stamp::TimeOfDay(_)) { Stamp::Unknown } else { at }, line: number, answer })
}

/// `\"error\":\"invalid_grant\"`: the answer inside a JSON log's own string, or written as `error=invalid_grant`.
fn escaped(line: &[u8]) -> Option<usize> {
    ESCAPED.iter().any(|f| memmem::find(line, f).is_some()).then_some(ANSWERS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_the_article_are_recognised() {
        let table: &[(&str, Option<&str>)] = &[
            (r#"2026-03-01T10:00:00Z error {"error":"invalid_grant","error_description":"Code not valid"}"#, Some("Code not valid")),
            (r#"token request failed: {\"error\":\"invalid_grant\"}"#, Some("\"invalid_grant\"")),
            ("WARN [org.keycloak.protocol.oidc.endpoints.TokenEndpoint] Code already used", Some("Code already used")),
            ("Stale token", Some("Stale token")),
            ("2026|WARN|org.keycloak.events|type=\"CODE_TO_TOKEN_ERROR\", reason=\"Invalid code verifier\"", None),
            ("all is well", None),
        ];
        for (line, want) in table {
            assert_eq!(read(line.as_bytes(), 1).map(|r| ANSWERS[r.answer].message), *want, "{line}");
        }
    }
}
