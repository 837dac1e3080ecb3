//! User events: what succeeded, and the token requests that failed.
//!
//! Input: an [`Event`]. Output: a [`Success`] (small, without text), a [`Failure`] (with the text that a finding prints), or nothing more
//! than that the thread had an event. Names of events are Keycloak's `EventType`.

use std::borrow::Cow;

use super::companion::Authenticator;
use super::event::{Event, Field, Quoting};
use super::id::{Id, is_mask, is_uuid};
use super::word::Word;
use crate::finding::Trust;
use crate::names::{Key, Names, Sym};

/// What succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Done {
    /// `LOGIN` that gave a code: a code's life begins.
    LoginWithCode,
    /// `LOGIN` by password grant, or a flow without a code.
    Login,
    /// `CODE_TO_TOKEN`: a code was used up.
    CodeToToken,
    /// `REFRESH_TOKEN`.
    RefreshToken,
    /// `CLIENT_LOGIN` (client credentials).
    ClientLogin,
    /// `LOGOUT`, `USER_SESSION_DELETED`: a session ended.
    SessionEnd,
    /// `REVOKE_GRANT`: a token, and on older servers every session of that user with that client.
    RevokeGrant,
    /// Any other success.
    Other,
}

/// A success event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Success {
    /// What.
    pub done: Done,
    /// The realm's id: what realms are told apart by.
    pub realm: Option<Sym>,
    /// Which client.
    pub client: Option<Sym>,
    /// The user session.
    pub session: Option<Key>,
    /// `client_auth_method`.
    pub method: Option<Authenticator>,
    /// The request carried a client assertion.
    pub assertion: bool,
    /// `refresh_token_type` is `Offline`: the token outlives the session.
    pub offline: bool,
    /// The refresh token that was taken (or, by an exchange, given), where the event names no `sessionId` (up to 23).
    pub token: Option<Key>,
    /// The refresh token that was given for it.
    pub new_token: Option<Key>,
}

/// A token request that failed, as its event tells it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// `CODE_TO_TOKEN_ERROR`.
    pub event: Word,
    /// `realmName`, else `realmId`.
    pub realm: Option<Sym>,
    /// `realmId`, else `realmName`.
    pub realm_id: Option<Sym>,
    /// `clientId`.
    pub client: Option<Sym>,
    /// `userId`.
    pub user: Option<Id>,
    /// `sessionId`, else `code_id`.
    pub session: Option<Id>,
    /// `ipAddress`.
    pub ip: Option<Id>,
    /// `error`.
    pub error: Option<Word>,
    /// `reason`.
    pub reason: Option<Word>,
    /// `grant_type`.
    pub grant: Option<Word>,
    /// `client_assertion_id`, `client_assertion_issuer` or `client_assertion_sub` is there.
    pub assertion: bool,
    /// `refresh_token_type` is `Offline`: the token outlives the session.
    pub offline: bool,
    /// The refresh token, where the event names no `sessionId` (up to 23).
    pub token: Option<Key>,
    /// The line ended before its event did.
    pub cut: bool,
    /// How far the line can be trusted.
    pub trust: Trust,
    /// Digest of time as printed, thread and message.
    pub digest: u128,
}

impl Failure {
    /// Returns a failure of which no more is known.
    #[must_use]
    pub fn bare(event: Word, trust: Trust, digest: u128) -> Self {
        Failure {
            event,
            realm: None,
            realm_id: None,
            client: None,
            user: None,
            session: None,
            ip: None,
            error: None,
            reason: None,
            grant: None,
            assertion: false,
            offline: false,
            token: None,
            cut: false,
            trust,
            digest,
        }
    }

    /// Returns it with what the end of its event says, as `id` and `word` read the fields.
    #[inline]
    pub(super) fn told(self, id: impl Fn(Field) -> Option<Id>, word: impl Fn(Field) -> Option<Word>) -> Self {
        Failure {
            user: id(Field::UserId),
            session: id(Field::SessionId).or_else(|| id(Field::CodeId)),
            ip: id(Field::IpAddress),
            error: word(Field::Error),
            // of a client policy that refused it only the detail says why (26)
            reason: word(Field::Reason).map(|reason| if &*reason == POLICY { word(Field::ClientPolicyErrorDetail).unwrap_or(reason) } else { reason }),
            grant: word(Field::GrantType),
            ..self
        }
    }
}

/// The reason where a client policy refused a request.
const POLICY: &str = "client_policy_error";

/// What a user event means.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum User {
    /// It succeeded.
    Success(Success),
    /// A token request failed.
    Failure(Box<Failure>),
    /// It failed elsewhere than at the token endpoint.
    Elsewhere,
}

/// A request for permissions (UMA) that was refused: of one request two such events can tell.
pub const PERMISSION: &str = "PERMISSION_TOKEN_ERROR";

/// Returns the id of the token that such a request was about to be given.
#[must_use]
pub fn token_of(list: &[u8]) -> Option<Key> {
    const KEY: &[u8] = b" token_id=";
    let value = &list[memchr::memmem::find(list, KEY)? + KEY.len()..];
    Some(Key::of(&value[..memchr::memchr(b',', value).unwrap_or(value.len())]))
}

/// Errors of the token endpoint whatever their details.
const TOKEN_ERRORS: [&[u8]; 8] = [
    b"CODE_TO_TOKEN_ERROR",
    b"REFRESH_TOKEN_ERROR",
    b"CLIENT_LOGIN_ERROR",
    b"TOKEN_EXCHANGE_ERROR",
    b"OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR",
    b"AUTHREQID_TO_TOKEN_ERROR",
    b"PERMISSION_TOKEN_ERROR",
    b"OAUTH2_EXTENSION_GRANT_ERROR",
];

/// Errors of other endpoints, even where they carry a grant type.
const OTHER_ERRORS: [&[u8]; 7] = [
    b"INTROSPECT_TOKEN_ERROR",
    b"USER_INFO_REQUEST_ERROR",
    b"REVOKE_GRANT_ERROR",
    b"LOGOUT_ERROR",
    b"OAUTH2_DEVICE_AUTH_ERROR",
    b"OAUTH2_DEVICE_VERIFY_USER_CODE_ERROR",
    b"PUSHED_AUTHORIZATION_REQUEST_ERROR",
];

/// Whether an error event is a failed token request. `LOGIN_ERROR` is one with a grant type (password grant), and so is a type that is not
/// known here.
#[must_use]
pub fn is_token_request(kind: &[u8], grant: bool) -> bool {
    TOKEN_ERRORS.contains(&kind) || (grant && !OTHER_ERRORS.contains(&kind) && memchr::memmem::find(kind, b"IDENTITY_PROVIDER").is_none())
}

/// Whether an event tells of a grant. What the login page prints of a browser's login has none: where one seems to stand behind its code or its address, it is a part
/// of the name that somebody typed.
fn has_grant(event: &Event<'_>) -> bool {
    let is_before = |other| event.is_before(Field::GrantType, other);
    event.raw(Field::GrantType).is_some() && (event.kind() != b"LOGIN_ERROR" || is_before(Field::CodeId) && is_before(Field::RedirectUri))
}

/// Returns the session that an event names.
fn session<'a>(event: &Event<'a>) -> Option<&'a [u8]> {
    let named = |key| event.raw(key).filter(|v| *v != b"null");
    // up to 23 a LOGOUT names only the authentication session, whose id is that of the user session
    let parent = || (event.kind() == b"LOGOUT").then(|| named(Field::AuthSessionParentId)).flatten();
    named(Field::SessionId).or_else(|| named(Field::CodeId)).or_else(parent)
}

/// Whether a bare list ends with a session's id that is not whole: it was cut there.
fn is_unended(event: &Event<'_>, session: &[u8]) -> bool {
    event.quoting == Quoting::Bare && event.ends_with(session) && !(session.len() == 24 || is_uuid(session))
}

/// Returns a refresh token's id where the event names no session outright.
fn token(event: &Event<'_>, key: Field) -> Option<Key> {
    if event.raw(Field::SessionId).is_some() {
        return None;
    }
    event.raw(key).map(Key::of)
}

/// Whether the request carried a client assertion. Each of its claims is told where it has it (`ClientAssertionState`, 26.4 and later); before only its `jti` was.
fn has_assertion(event: &Event<'_>) -> bool {
    [Field::ClientAssertionId, Field::ClientAssertionSub].into_iter().any(|key| event.raw(key).is_some())
}

/// Whether the refresh token that was given, or sent, is an offline one.
fn is_offline(event: &Event<'_>) -> bool {
    event.raw(Field::RefreshTokenType) == Some(b"Offline")
}

/// Returns what a success event did.
fn done(event: &Event<'_>) -> Done {
    match event.kind() {
        b"LOGIN" => {
            let code = event.raw(Field::ResponseType).is_none_or(|r| r.windows(4).any(|w| w == b"code"));
            if code && event.raw(Field::GrantType).is_none() { Done::LoginWithCode } else { Done::Login }
        }
        b"CODE_TO_TOKEN" => Done::CodeToToken,
        b"REFRESH_TOKEN" => Done::RefreshToken,
        b"CLIENT_LOGIN" => Done::ClientLogin,
        b"LOGOUT" | b"USER_SESSION_DELETED" => Done::SessionEnd,
        b"REVOKE_GRANT" => Done::RevokeGrant,
        _ => Done::Other,
    }
}

/// Reads a user event.
#[must_use]
pub fn read(event: &Event<'_>, trust: Trust, digest: impl FnOnce() -> u128, table: &mut Names) -> User {
    let named = |key| event.raw(key).filter(|v: &&[u8]| *v != b"null");
    let is_plain = event.is_plain();
    // the text of a field where it is its bytes
    let raw = |key| if is_plain { named(key).filter(|v| v.len() <= VALUE_CAP) } else { None };
    let text = |key| event.text(key).map(capped);
    let bytes = |key| raw(key).map(Cow::Borrowed).or_else(|| text(key).map(in_bytes));
    let kind = event.kind();
    if !kind.ends_with(b"_ERROR") {
        let realm = named(Field::RealmId).or_else(|| named(Field::RealmName)).map(|r| table.number(r));
        return User::Success(Success {
            done: done(event),
            realm,
            client: bytes(Field::ClientId).map(|c| table.number(&c)),
            session: session(event).filter(|s| !is_mask(s) && !is_unended(event, s)).map(Key::of),
            method: event.raw(Field::ClientAuthMethod).map(Authenticator::named),
            assertion: has_assertion(event),
            offline: is_offline(event),
            token: token(event, Field::RefreshTokenId),
            new_token: token(event, Field::UpdatedRefreshTokenId),
        });
    }
    // a device that is told to wait has not failed
    let waits = matches!(event.raw(Field::Error), Some(b"slow_down" | b"authorization_pending"));
    if waits || !is_token_request(kind, has_grant(event)) {
        return User::Elsewhere;
    }
    // an empty name is none: what was sent had a key and no value
    let mut name = |key| bytes(key).filter(|b| !b.is_empty()).map(|b| table.number(&b));
    let (realm_id, realm, client) = (name(Field::RealmId), name(Field::RealmName), name(Field::ClientId));
    let id = |key| raw(key).and_then(Id::short).or_else(|| text(key).map(|t| Id::from(&*t)));
    // a known word has nothing to unescape
    let word = |key| named(key).and_then(Word::known).or_else(|| text(key).map(|t| Word::new(&t)));
    // who sent a code was authenticated, and how stands at the end of the list, in all versions: a list without that was cut
    let has_no_end = || {
        kind == b"CODE_TO_TOKEN_ERROR"
            && named(Field::Error) == Some(b"invalid_code")
            && [Field::Reason, Field::ClientAuthMethod].into_iter().all(|key| event.raw(key).is_none())
    };
    let is_session_cut = event.quoting == Quoting::Bare && session(event).is_some_and(|s| is_unended(event, s));
    let is_cut = event.cut || is_session_cut || (!matches!(trust, Trust::Stored | Trust::Ambiguous) && has_no_end());
    let failure = Failure {
        realm: realm.or(realm_id),
        realm_id: realm_id.or(realm),
        client,
        assertion: has_assertion(event),
        offline: is_offline(event),
        token: token(event, Field::RefreshTokenId),
        cut: is_cut,
        ..Failure::bare(Word::known(kind).unwrap_or_else(|| Word::of(kind)), if is_cut { Trust::Ambiguous } else { trust }, digest())
    };
    let mut failure = Box::new(failure.told(id, word));
    if is_session_cut {
        failure.session = None;
    }
    User::Failure(failure)
}

/// Longest value that is kept of a field, in bytes; an attacker's may be 124,000 long (keycloak/keycloak#50903).
const VALUE_CAP: usize = 256;

/// Keeps a value, or its beginning and a digest of the rest, so that different ones stay different.
fn capped(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= VALUE_CAP {
        return text;
    }
    let cut = (0..=VALUE_CAP).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    Cow::Owned(format!("{}…{:016x}", &text[..cut], Key::of(text.as_bytes()).number()))
}

fn in_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
