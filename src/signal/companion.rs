//! Companions: what a thread prints before the event that it explains.
//!
//! Input: logger and message of a record. Output: a [`Companion`] of small data. Must not know which event will follow.

use std::sync::OnceLock;

use memchr::{memmem, memrchr};

use super::id::is_uuid;
use crate::names::Key;
use crate::record::json::is_without_cause;

/// What a warning or a debug line says about the request that its thread is serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Companion {
    /// `Code '…' already used for userSession '…' and client '…'.` (`OAuth2CodeParser`): printed for used and for expired codes alike.
    CodeGone {
        /// The code's own id.
        code: Key,
        /// The session that it names.
        session: Key,
        /// The client's uuid.
        client: Key,
        /// Both are written as servers write them, as UUIDs; or both are short, as where somebody shortened them before a log was shared.
        usual: bool,
    },
    /// A warning of `OAuth2CodeParser` that is written as no server writes it: it was cut, or somebody took something out.
    Unread,
    /// `Invalid format of the code` (`OAuth2CodeParser`): its event names no session.
    CodeFormat,
    /// `Invalid format of the UUID in the code` (`OAuth2CodeParser`, up to 25): its event does.
    CodeUuid,
    /// `Code '…' is bound to a different session` (`OAuth2CodeParser`): the code with that id is used up by it.
    CodeBound(Key),
    /// `Code is bound to a different client '…'` (`OAuth2CodeParser`, 26.7): the code is used up by it. Whether that client is written as servers write it.
    CodeForeign(bool),
    /// `The size of OIDC parameter 'code' is longer (9000) than allowed (4000). Ignoring the parameter.` (`TokenEndpoint`, 26.7): one was sent, whatever the event says.
    TooLong(Parameter),
    /// `PKCE …` (`PkceUtils`, `TokenEndpoint`): what went wrong with the verifier.
    Pkce(Pkce),
    /// `KC-SERVICES0025: Error when validating client assertion: …`.
    Assertion(Assertion),
    /// `KC-SERVICES0015: Unexpected error when authenticating client: …`: a Basic header that cannot be decoded.
    MalformedHeader,
    /// `client authenticator: X`: X is tried. Says nothing by itself, but a new attempt begins behind a finished one.
    AuthTried(Authenticator),
    /// `client authenticator FAILED|CHALLENGE|SUCCESS: X`: X is the client's own authenticator.
    Auth(Verb, Authenticator),
    /// `Client X authenticated by Y`: the attempt ended well.
    Authenticated(Authenticator),
}

/// A parameter that was too long to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Parameter {
    /// `code`.
    Code,
    /// `code_verifier`.
    Verifier,
}

/// What `PkceUtils` complains of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Pkce {
    /// `PKCE verification failed`.
    Mismatch,
    /// `PKCE code verifier not specified`.
    Missing,
    /// `PKCE invalid code verifier`, or a length out of bounds.
    Malformed,
    /// `PKCE code verifier specified but challenge not present in authorization` (24.0, whose event says no reason).
    Unexpected,
}

/// Why a client assertion was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Assertion {
    /// `Token is not active`, `Token was issued in the future`: outside its validity.
    NotActive,
    /// The server could not load the client's keys.
    NoKeys,
    /// Signature, audience, issuer, a reused id, …
    Other,
    /// The line does not say.
    Unsaid,
}

/// What an authenticator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Verb {
    /// It refused what came (or, on 26, what did not come).
    Failed,
    /// Nothing came that it could look at.
    Challenge,
    /// It accepted the client.
    Success,
    /// Nothing came that was meant for it.
    Attempted,
}

/// How a client authenticates (`client_auth_method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Authenticator {
    /// `client-secret`; also printed for public clients.
    Secret,
    /// `client-jwt`, `client-secret-jwt`, `federated-jwt`.
    Jwt,
    /// `client-x509` and what later versions add.
    Other,
}

impl Authenticator {
    /// Returns the authenticator of that name.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        match name {
            b"client-secret" => Authenticator::Secret,
            b"client-jwt" | b"client-secret-jwt" | b"federated-jwt" => Authenticator::Jwt,
            _ => Authenticator::Other,
        }
    }
}

/// Returns the text between `'` and `'` and what follows.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"'")?;
    let end = memchr::memchr(b'\'', text)?;
    Some((&text[..end], &text[end + 1..]))
}

/// `Code '<code>' already used for userSession '<session>' and client '<uuid>'.` The session can be an attacker's text, with quotes of its
/// own, so it ends at the last place where it can.
fn code_gone(message: &[u8]) -> Option<Companion> {
    let (code, rest) = quoted(message.strip_prefix(b"Code ")?)?;
    let rest = rest.strip_prefix(b" already used for userSession '")?;
    // the quote that closes the client is not the one that opens it
    let rest = rest.strip_suffix(b"'.").filter(|r| !r.ends_with(&CLIENT[..CLIENT.len() - 1]))?;
    // mostly the last quote is that of the client
    let last = memrchr(b'\'', rest)?;
    let at = rest[..=last].strip_suffix(CLIENT).map(<[u8]>::len).or_else(|| client().rfind(rest))?;
    let client = &rest[at + CLIENT.len()..];
    let usual = [code, client].into_iter().all(is_uuid) || [code, client].into_iter().all(|id| id.len() < SHORTENED);
    Some(Companion::CodeGone { code: Key::of(code), session: Key::of(&rest[..at]), client: Key::of(client), usual })
}

/// `client authenticator FAILED: client-secret` and its kin.
fn auth(message: &[u8]) -> Option<Companion> {
    if let Some(rest) = message.strip_prefix(b"client authenticator") {
        if let Some(name) = rest.strip_prefix(b": ") {
            return (!name.starts_with(b"sending challenge")).then(|| Companion::AuthTried(Authenticator::named(name)));
        }
        let verbs = [(&b" FAILED: "[..], Verb::Failed), (b" CHALLENGE: ", Verb::Challenge), (b" SUCCESS: ", Verb::Success), (b" ATTEMPTED: ", Verb::Attempted)];
        return verbs.iter().find_map(|(word, verb)| Some(Companion::Auth(*verb, Authenticator::named(rest.strip_prefix(*word)?))));
    }
    let at = memmem::rfind(message, b" authenticated by ")?;
    message.starts_with(b"Client ").then(|| Companion::Authenticated(Authenticator::named(&message[at + 18..])))
}

/// `The size of OIDC parameter '<name>' is longer (<n>) than allowed (<n>). Ignoring the parameter.`
fn too_long(message: &[u8]) -> Option<Companion> {
    let (name, _) = quoted(message.strip_prefix(b"The size of OIDC parameter ")?)?;
    match name {
        b"code" => Some(Companion::TooLong(Parameter::Code)),
        b"code_verifier" => Some(Companion::TooLong(Parameter::Verifier)),
        _ => None,
    }
}

/// `PKCE …`, also with the blank and `Error:` that some versions put before it.
fn pkce(message: &[u8]) -> Option<Companion> {
    let kind = if message.starts_with(b"PKCE verification failed") {
        Pkce::Mismatch
    } else if message.starts_with(b"PKCE code verifier not specified") {
        Pkce::Missing
    } else if message.starts_with(b"PKCE invalid code verifier") {
        Pkce::Malformed
    } else if message.starts_with(b"PKCE code verifier specified but challenge not present") {
        Pkce::Unexpected
    } else {
        return None;
    };
    Some(Companion::Pkce(kind))
}

/// An id of fewer bytes was shortened by hand, or made up by one.
const SHORTENED: usize = 24;

/// What stands before the client in [`code_gone`].
const CLIENT: &[u8] = b"' and client '";

/// Finds it.
fn client() -> &'static memmem::FinderRev<'static> {
    static FINDER: OnceLock<memmem::FinderRev<'static>> = OnceLock::new();
    FINDER.get_or_init(|| memmem::FinderRev::new(CLIENT))
}

/// `Code '<code>' is bound to a different session`, whatever follows.
fn code_bound(message: &[u8]) -> Option<Companion> {
    let (code, rest) = quoted(message.strip_prefix(b"Code ")?)?;
    rest.starts_with(b" is bound to a different session").then(|| Companion::CodeBound(Key::of(code)))
}

/// `Code is bound to a different client '<uuid>'`.
fn code_foreign(message: &[u8]) -> Option<Companion> {
    let (client, _) = quoted(message.strip_prefix(b"Code is bound to a different client ")?)?;
    Some(Companion::CodeForeign(is_uuid(client)))
}

/// What `JWTClientValidator` and `AbstractJWTClientValidator` say of the times of an assertion, and nothing else: other exceptions quote what a client wrote.
const TIMES: [&[u8]; 3] = [b"Token is not active", b"Token was issued in the future", b"Token was issued too far in the past to be used now"];

/// What stands before that; JSON has what was thrown without its class.
const FAILED: [&[u8]; 2] = [b" Error when validating client assertion: java.lang.RuntimeException: ", b" Error when validating client assertion: "];

/// Whether what follows `KC-SERVICES0025:` says that the assertion was outside its validity.
fn is_not_active(rest: &[u8]) -> bool {
    FAILED.iter().find_map(|failed| rest.strip_prefix(*failed)).is_some_and(|why| TIMES.contains(&why.trim_ascii_end()))
}

/// What is thrown over an authentication header that cannot be decoded (`BasicAuthHelper`).
const UNDECODED: [&[u8]; 3] = [b"IllegalArgumentException", b"URLDecoder", b"Base64"];

/// Whether what follows `KC-SERVICES0015:` tells of a header that cannot be decoded. It is said of whatever an authenticator did not expect; JSON has what was thrown
/// under a key of its own.
fn is_malformed_header(rest: &[u8]) -> bool {
    rest.trim_ascii_end().ends_with(b"authenticating client") || UNDECODED.iter().any(|thrown| memmem::find(rest, thrown).is_some())
}

/// What the server says where it could not load a client's keys, and what its HTTP client says then.
const KEYS: [&[u8]; 5] =
    [b"Error when loading public keys", b"Unable to load public key", b"ConnectException", b"SocketTimeoutException", b"UnknownHostException"];

/// Whether companions are printed under a logger's name, of which this is the last segment.
#[must_use]
pub fn is_logger(segment: &[u8]) -> bool {
    matches!(segment, b"OAuth2CodeParser" | b"PkceUtils" | b"TokenEndpoint" | b"ClientAuthenticationFlow" | b"services")
}

/// Reads a record's message as a companion; `logger` is the last segment of its logger's name.
#[must_use]
pub fn read(logger: &[u8], message: &[u8]) -> Option<Companion> {
    match logger {
        b"OAuth2CodeParser" => {
            if message.starts_with(b"Invalid format of the code") {
                Some(Companion::CodeFormat)
            } else if message.starts_with(b"Invalid format of the UUID in the code") {
                Some(Companion::CodeUuid)
            } else {
                code_gone(message).or_else(|| code_bound(message)).or_else(|| code_foreign(message))
            }
        }
        b"PkceUtils" | b"TokenEndpoint" => pkce(message).or_else(|| too_long(message)),
        b"ClientAuthenticationFlow" => auth(message),
        b"services" => {
            if let Some(rest) = message.strip_prefix(b"KC-SERVICES0025:") {
                let kind = if is_not_active(rest) {
                    Assertion::NotActive
                } else if KEYS.iter().any(|keys| memmem::find(rest, keys).is_some()) {
                    Assertion::NoKeys
                } else if is_without_cause(rest) {
                    Assertion::Unsaid
                } else {
                    Assertion::Other
                };
                Some(Companion::Assertion(kind))
            } else {
                message.strip_prefix(b"KC-SERVICES0015:").is_some_and(is_malformed_header).then_some(Companion::MalformedHeader)
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_recorded_servers_print() {
        let gone = |c: &str, s: &str, u: &str| Companion::CodeGone {
            code: Key::of(c.as_bytes()),
            session: Key::of(s.as_bytes()),
            client: Key::of(u.as_bytes()),
            usual: c.len() == u.len() || c.len() == 1,
        };
        let table: &[(&str, &str, Option<Companion>)] = &[
            ("OAuth2CodeParser", "Code 'c' already used for userSession 's' and client 'u'.", Some(gone("c", "s", "u"))),
            (
                "OAuth2CodeParser",
                "Code '8ca291fc-2599-1e34-8a44-132c1061148b' already used for userSession 's' and client 'd9305366-0efc-4bbc-afaa-900df496597f'.",
                Some(gone("8ca291fc-2599-1e34-8a44-132c1061148b", "s", "d9305366-0efc-4bbc-afaa-900df496597f")),
            ),
            (
                "OAuth2CodeParser",
                "Code '4328a053-a11c-7a24-0cbf-f03dff4b96cc' already used for userSession 's' and client 'a04d02c9-8038-4703-89b1-c077862'.",
                Some(gone("4328a053-a11c-7a24-0cbf-f03dff4b96cc", "s", "a04d02c9-8038-4703-89b1-c077862")),
            ),
            ("OAuth2CodeParser", "Code 'c' already used for userSession 's' and client 'x' and client 'u'.", Some(gone("c", "s' and client 'x", "u"))),
            ("OAuth2CodeParser", "Code 'c' already used for userSession 's' and client 'it's'.", Some(gone("c", "s", "it's"))),
            ("OAuth2CodeParser", "Code 'c' already used for userSession 's' and client 'u' and client '.", None),
            ("OAuth2CodeParser", "Invalid format of the code", Some(Companion::CodeFormat)),
            ("OAuth2CodeParser", "Invalid format of the UUID in the code", Some(Companion::CodeUuid)),
            ("OAuth2CodeParser", "Code '625efd00' is bound to a different session", Some(Companion::CodeBound(Key::of(b"625efd00")))),
            ("OAuth2CodeParser", "Code is bound to a different client '6ef0eb22-75ad-4500-b3bd-fdfc5e4ee531'", Some(Companion::CodeForeign(true))),
            ("OAuth2CodeParser", "Code is bound to a different client '6ef0eb22-75ad-4500-b3bd-fdfc5e4'", Some(Companion::CodeForeign(false))),
            ("PkceUtils", "PKCE verification failed. authUserId = 1, authUsername = bob", Some(Companion::Pkce(Pkce::Mismatch))),
            ("TokenEndpoint", "PKCE code verifier not specified, authUserId = 1", Some(Companion::Pkce(Pkce::Missing))),
            ("PkceUtils", "PKCE invalid code verifier", Some(Companion::Pkce(Pkce::Malformed))),
            ("PkceUtils", "PKCE code verifier specified but challenge not present in authorization", Some(Companion::Pkce(Pkce::Unexpected))),
            ("PkceUtils", "PKCE codeChallengeMethod = S256", None),
            (
                "TokenEndpoint",
                "The size of OIDC parameter 'code' is longer (9000) than allowed (4000). Ignoring the parameter.",
                Some(Companion::TooLong(Parameter::Code)),
            ),
            ("TokenEndpoint", "The size of OIDC parameter 'scope' is longer (9000) than allowed (4000). Ignoring the parameter.", None),
            (
                "services",
                "KC-SERVICES0025: Error when validating client assertion: java.lang.RuntimeException: Token is not active",
                Some(Companion::Assertion(Assertion::NotActive)),
            ),
            (
                "services",
                "KC-SERVICES0025: Error when validating client assertion: java.lang.RuntimeException: Signature on JWT token failed validation",
                Some(Companion::Assertion(Assertion::Other)),
            ),
            (
                "services",
                "KC-SERVICES0025: Error when validating client assertion: java.lang.RuntimeException: Token was issued in the future",
                Some(Companion::Assertion(Assertion::NotActive)),
            ),
            (
                "services",
                "KC-SERVICES0025: Error when validating client assertion: org.keycloak.jose.jws.JWSInputException: com.fasterxml.jackson.databind.exc.\
                 InvalidFormatException: Cannot deserialize value of type `java.lang.Long` from String \"Token is not active\": not a valid `java.lang.Long` value",
                Some(Companion::Assertion(Assertion::Other)),
            ),
            ("services", "KC-SERVICES0025: Error when validating client assertion", Some(Companion::Assertion(Assertion::Unsaid))),
            (
                "services",
                "KC-SERVICES0025: Error when validating client assertion: java.lang.RuntimeException: Error when loading public keys: \
                 org.apache.http.conn.HttpHostConnectException: Connect to 127.0.0.1:18999 [/127.0.0.1] failed: Connection refused",
                Some(Companion::Assertion(Assertion::NoKeys)),
            ),
            ("services", "KC-SERVICES0015: Unexpected error when authenticating client: java.lang.IllegalArgumentException", Some(Companion::MalformedHeader)),
            ("services", "KC-SERVICES0015: Unexpected error when authenticating client", Some(Companion::MalformedHeader)),
            ("services", "KC-SERVICES0015: Unexpected error when authenticating client: java.lang.NullPointerException: Cannot invoke \"x\"", None),
            ("services", "KC-SERVICES0009: Added user 'admin' to realm 'master'", None),
            ("ClientAuthenticationFlow", "client authenticator: client-secret", Some(Companion::AuthTried(Authenticator::Secret))),
            ("ClientAuthenticationFlow", "client authenticator: sending challenge for authentication execution client-secret", None),
            ("ClientAuthenticationFlow", "client authenticator FAILED: client-secret-jwt", Some(Companion::Auth(Verb::Failed, Authenticator::Jwt))),
            ("ClientAuthenticationFlow", "client authenticator CHALLENGE: client-secret", Some(Companion::Auth(Verb::Challenge, Authenticator::Secret))),
            ("ClientAuthenticationFlow", "client authenticator ATTEMPTED: client-x509", Some(Companion::Auth(Verb::Attempted, Authenticator::Other))),
            ("ClientAuthenticationFlow", "Client web-portal authenticated by client-secret", Some(Companion::Authenticated(Authenticator::Secret))),
            ("Other", "Code 'c' already used for userSession 's' and client 'u'.", None),
        ];
        for (logger, message, want) in table {
            assert_eq!(read(logger.as_bytes(), message.as_bytes()), *want, "{message}");
        }
    }
}
