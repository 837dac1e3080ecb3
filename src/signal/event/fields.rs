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

/// Returns the place of a key; `None` where nothing asks for it.
#[inline]
fn place(key: &[u8]) -> Option<usize> {
    Some(match key {
        b"type" | b"event" => 0,
        b"realmId" => 1,
        b"realmName" => 2,
        b"clientId" => 3,
        b"userId" => 4,
        b"sessionId" => 5,
        b"ipAddress" => ADDRESS,
        b"error" => 7,
        b"reason" => 8,
        b"grant_type" => 9,
        b"code_id" => 10,
        b"client_auth_method" => 11,
        b"client_assertion_id" => 12,
        b"refresh_token_id" => 13,
        b"updated_refresh_token_id" => 14,
        b"response_type" => 15,
        b"authSessionParentId" => 16,
        b"resourcePath" => 17,
        b"resourceType" => 18,
        b"redirect_uri" => 19,
        b"username" => 20,
        _ => return None,
    })
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
    #[inline]
    pub(super) fn push(&mut self, key: &'a [u8], value: &'a [u8]) {
        let place = place(key);
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
