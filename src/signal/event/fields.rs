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
    ClientAssertionSub,
    RefreshTokenId,
    RefreshTokenType,
    UpdatedRefreshTokenId,
    ResponseType,
    AuthSessionParentId,
    ResourcePath,
    ResourceType,
    RedirectUri,
    Username,
    ClientPolicyErrorDetail,
}

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
        18 => among(&[(b"client_auth_method", Field::ClientAuthMethod), (b"refresh_token_type", Field::RefreshTokenType)]),
        19 => among(&[(b"client_assertion_id", Field::ClientAssertionId), (b"authSessionParentId", Field::AuthSessionParentId)]),
        20 => among(&[(b"client_assertion_sub", Field::ClientAssertionSub)]),
        // says of a request what the subject says
        23 => among(&[(b"client_assertion_issuer", Field::ClientAssertionSub)]),
        24 => among(&[(b"updated_refresh_token_id", Field::UpdatedRefreshTokenId)]),
        26 => among(&[(b"client_policy_error_detail", Field::ClientPolicyErrorDetail)]),
        _ => None,
    }
}

/// How far the keys of a list stand in the server's order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// How many there were, as far as the order matters.
    seen: u8,
    /// The last of those that stood in order.
    last: Option<Field>,
    is_kept: Option<bool>,
}

impl Order {
    /// Returns what it is behind one more key.
    fn after(self, field: Option<Field>) -> Self {
        if self.is_kept.is_some() {
            return self;
        }
        let seen = self.seen + 1;
        match field.filter(|_| field > self.last) {
            Some(Field::IpAddress) => Order { seen, is_kept: Some(true), ..self },
            Some(at) if at <= PREFIX && seen <= PREFIX as u8 => Order { seen, last: field, ..self },
            _ => Order { seen, is_kept: Some(false), ..self },
        }
    }
}

/// What is known of a key by those before it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Where its value goes: [`NOWHERE`] where nothing asks for it, or had one before.
    pub(super) place: u8,
    /// The order behind it; [`None`] of what a list begins with, which is no key.
    pub(super) order: Option<Order>,
}

/// A place that nobody asks for: the one behind all keys.
const NOWHERE: u8 = Field::ClientPolicyErrorDetail as u8 + 1;

/// The fields of one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields<'a> {
    values: [Option<&'a [u8]>; NOWHERE as usize + 1],
    first: Option<(&'a [u8], &'a [u8])>,
    order: Order,
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub(super) fn push(&mut self, key: &'a [u8], value: &'a [u8]) {
        self.first.get_or_insert((key, value));
        let known = self.known(field(key));
        self.put(known.place, value);
        self.follow(known);
    }

    /// Returns what is known of the next key, by those before it.
    pub(super) fn known(&self, field: Option<Field>) -> Known {
        let place = field.filter(|field| self.get(*field).is_none()).map_or(NOWHERE, |field| field as u8);
        Known { place, order: Some(self.order.after(field)) }
    }

    /// Takes the order from the last key, where that is known.
    pub(super) fn follow(&mut self, known: Known) {
        self.order = known.order.unwrap_or(self.order);
    }

    /// Puts the value of a key in its place; its order is for the caller to follow.
    #[inline]
    pub(super) fn put(&mut self, place: u8, value: &'a [u8]) {
        self.values[usize::from(place)] = Some(value);
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
        self.order.is_kept == Some(true)
    }
}
