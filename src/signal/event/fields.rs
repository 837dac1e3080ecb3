//! The fields of an event list that anything here asks for.
//!
//! Input: keys and values in the order of the line. Output: [`Fields`], in which each of the known keys has a place of its own: an event has a dozen fields
//! and is asked for as many, and looking each up by its name costs more than reading the line. The first value of a key is the server's own.

/// The keys that a user event begins with, in the server's order (`JBossLoggingEventListenerProvider.logEvent`), and behind them the details.
const KEYS: usize = 21;

/// The place of the address, the last of the keys that always stand in front.
const ADDRESS: usize = 6;

/// How many keys can stand in front: up to the error.
const PREFIX: usize = 8;

/// Returns the place of a key; `None` where nothing asks for it. By its length first: that leaves one or two to compare with. Where the key is a constant
/// nothing of it is left.
#[inline(always)]
#[allow(clippy::inline_always)] // asked for by constants, where it has to vanish
pub(super) fn place(key: &[u8]) -> Option<usize> {
    let among = |keys: &[(&[u8], usize)]| keys.iter().find(|(k, _)| *k == key).map(|(_, place)| *place);
    match key.len() {
        4 => among(&[(b"type", 0)]),
        5 => among(&[(b"error", 7), (b"event", 0)]),
        6 => among(&[(b"userId", 4), (b"reason", 8)]),
        7 => among(&[(b"realmId", 1), (b"code_id", 10)]),
        8 => among(&[(b"clientId", 3), (b"username", 20)]),
        9 => among(&[(b"ipAddress", ADDRESS), (b"realmName", 2), (b"sessionId", 5)]),
        10 => among(&[(b"grant_type", 9)]),
        12 => among(&[(b"redirect_uri", 19), (b"resourcePath", 17), (b"resourceType", 18)]),
        13 => among(&[(b"response_type", 15)]),
        16 => among(&[(b"refresh_token_id", 13)]),
        18 => among(&[(b"client_auth_method", 11)]),
        19 => among(&[(b"client_assertion_id", 12), (b"authSessionParentId", 16)]),
        24 => among(&[(b"updated_refresh_token_id", 14)]),
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
    /// The least place that the next key may have.
    next: usize,
    in_order: Option<bool>,
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub(super) fn push(&mut self, key: &'a [u8], value: &'a [u8]) {
        self.put(place(key), key, value);
    }

    /// Adds a field whose key has that place.
    #[inline]
    pub(super) fn put(&mut self, place: Option<usize>, key: &'a [u8], value: &'a [u8]) {
        self.first.get_or_insert((key, value));
        if self.in_order.is_none() {
            self.seen += 1;
            match place {
                Some(ADDRESS) if self.next <= ADDRESS => self.in_order = Some(true),
                Some(at) if (self.next..PREFIX).contains(&at) && self.seen < PREFIX => self.next = at + 1,
                _ => self.in_order = Some(false),
            }
        }
        if let Some(at) = place {
            self.values[at].get_or_insert(value);
        }
    }

    /// Returns the first value of a key, which must be one that has a place.
    #[inline]
    pub(super) fn get(&self, key: &str) -> Option<&'a [u8]> {
        let place = place(key.as_bytes());
        debug_assert!(place.is_some(), "{key} has no place among the fields");
        self.values[place?]
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
