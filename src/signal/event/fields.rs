//! The fields of an event list that anything here asks for.
//!
//! Input: keys and values in the order of the line. Output: [`Fields`], in which each of the known keys has a place of its own: an event has a dozen fields
//! and is asked for as many, and looking each up by its name costs more than reading the line. The first value of a key is the server's own.

/// The keys that anything asks for. Those that a user event begins with come first, in the server's order (`JBossLoggingEventListenerProvider.logEvent`), and behind
/// them the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // they are the server's names
pub enum Field {
    Type,
    RealmId,
    RealmName,
    ClientId,
    UserId,
    SessionId,
    IpAddress,
    Error,
    Reason,
    GrantType,
    CodeId,
    ClientAuthMethod,
    ClientAssertionId,
    RefreshTokenId,
    UpdatedRefreshTokenId,
    ResponseType,
    AuthSessionParentId,
    ResourcePath,
    ResourceType,
    RedirectUri,
    Username,
}

/// How many keys there are.
const KEYS: usize = Field::Username as usize + 1;

/// The last of the keys that can stand in front.
const PREFIX: Field = Field::Error;

/// Returns what a key is; `None` where nothing asks for it. By its length first: that leaves one or two to compare with.
pub(super) fn field(key: &[u8]) -> Option<Field> {
    let among = |keys: &[(&[u8], Field)]| keys.iter().find(|(k, _)| *k == key).map(|(_, field)| *field);
    match key.len() {
        4 => among(&[(b"type", Field::Type)]),
        5 => among(&[(b"error", Field::Error), (b"event", Field::Type)]),
        6 => among(&[(b"userId", Field::UserId), (b"reason", Field::Reason)]),
        7 => among(&[(b"realmId", Field::RealmId), (b"code_id", Field::CodeId)]),
        8 => among(&[(b"clientId", Field::ClientId), (b"username", Field::Username)]),
        9 => among(&[(b"realmName", Field::RealmName), (b"sessionId", Field::SessionId), (b"ipAddress", Field::IpAddress)]),
        10 => among(&[(b"grant_type", Field::GrantType)]),
        12 => among(&[(b"resourcePath", Field::ResourcePath), (b"resourceType", Field::ResourceType), (b"redirect_uri", Field::RedirectUri)]),
        13 => among(&[(b"response_type", Field::ResponseType)]),
        16 => among(&[(b"refresh_token_id", Field::RefreshTokenId)]),
        18 => among(&[(b"client_auth_method", Field::ClientAuthMethod)]),
        19 => among(&[(b"client_assertion_id", Field::ClientAssertionId), (b"authSessionParentId", Field::AuthSessionParentId)]),
        24 => among(&[(b"updated_refresh_token_id", Field::UpdatedRefreshTokenId)]),
        _ => None,
    }
}

/// The fields of one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields<'a> {
    values: [Option<&'a [u8]>; KEYS],
    first: Option<(&'a [u8], &'a [u8])>,
    /// How many were pushed, as far as the order matters.
    seen: usize,
    /// The last of those that stood in order.
    last: Option<Field>,
    in_order: Option<bool>,
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub(super) fn push(&mut self, key: &'a [u8], value: &'a [u8]) {
        self.first.get_or_insert((key, value));
        self.put(field(key), value);
    }

    /// Adds a field, not the first one.
    #[inline]
    pub(super) fn put(&mut self, field: Option<Field>, value: &'a [u8]) {
        if self.in_order.is_none() {
            self.look(field);
        }
        if let Some(field) = field {
            self.values[field as usize].get_or_insert(value);
        }
    }

    /// Looks at the order of the next of the first fields.
    fn look(&mut self, field: Option<Field>) {
        self.seen += 1;
        match field.filter(|_| field > self.last) {
            Some(Field::IpAddress) => self.in_order = Some(true),
            Some(at) if at <= PREFIX && self.seen <= PREFIX as usize => self.last = field,
            _ => self.in_order = Some(false),
        }
    }

    /// Returns the first value of a key.
    #[inline]
    pub(super) fn get(&self, field: Field) -> Option<&'a [u8]> {
        self.values[field as usize]
    }

    /// Returns the first field.
    pub(super) fn first(&self) -> Option<(&'a [u8], &'a [u8])> {
        self.first
    }

    /// Whether the fields begin with the server's keys in the server's order, up to the address.
    pub(super) fn are_in_order(&self) -> bool {
        self.in_order == Some(true)
    }
}
