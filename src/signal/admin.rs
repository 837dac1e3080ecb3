//! Admin events: what an administrator changed.
//!
//! Input: an [`Event`] that begins with `operationType`. Output: an [`Admin`]. Realm, client, user and address of such an event are the
//! administrator's own; only the resource says what was changed.

use super::event::{Event, Field};
use crate::names::Key;

/// What an administrator did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Admin {
    /// `DELETE sessions/<id>`.
    SessionDeleted(Key),
    /// `… users/<id>/logout`.
    UserLoggedOut,
    /// `… logout-all`.
    RealmRevoked,
    /// `… clients/<uuid>/client-secret`.
    SecretRegenerated(Key),
    /// Another change of `clients/<uuid>`.
    ClientChanged(Key),
    /// A change of a user: may have been disabled.
    UserChanged,
    /// A change of a realm's own settings; its name where the path has it.
    RealmChanged(Option<Box<str>>),
    /// `UPDATE events/config`: which events a realm logs and stores.
    EventsChanged,
    /// Anything else, or anything that failed.
    Other,
    /// `push-revocation` of a realm, or of a client: tokens that were issued before are refused.
    NotBeforePushed(Option<Key>),
}

/// Reads an admin event.
#[must_use]
pub fn read(event: &Event<'_>) -> Admin {
    if event.raw(Field::Error).is_some() {
        return Admin::Other;
    }
    let path = event.text(Field::ResourcePath).unwrap_or_default();
    let mut parts = path.split('/');
    let operation = event.operation().unwrap_or_default();
    match (parts.next().unwrap_or_default(), parts.next(), parts.next(), operation) {
        ("sessions", Some(id), None, b"DELETE") => Admin::SessionDeleted(Key::of(id.as_bytes())),
        ("users", Some(_), Some("logout"), _) => Admin::UserLoggedOut,
        ("logout-all", ..) => Admin::RealmRevoked,
        ("push-revocation", ..) => Admin::NotBeforePushed(None),
        ("events", Some("config"), None, b"UPDATE") => Admin::EventsChanged,
        ("clients", Some(uuid), Some("push-revocation"), _) => Admin::NotBeforePushed(Some(Key::of(uuid.as_bytes()))),
        ("clients", Some(uuid), Some("client-secret"), _) => Admin::SecretRegenerated(Key::of(uuid.as_bytes())),
        ("clients", Some(uuid), _, b"UPDATE" | b"DELETE") => Admin::ClientChanged(Key::of(uuid.as_bytes())),
        ("users", Some(_), None, b"UPDATE" | b"DELETE") => Admin::UserChanged,
        (name, None, None, b"UPDATE") if event.raw(Field::ResourceType) == Some(b"REALM") => Admin::RealmChanged((!name.is_empty()).then(|| name.into())),
        _ => Admin::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::event::parse;

    #[test]
    fn the_resource_says_what_was_changed() {
        let key = |s: &str| Key::of(s.as_bytes());
        let table: &[(&str, &str, &str, Admin)] = &[
            ("DELETE", "USER_SESSION", "sessions/abc", Admin::SessionDeleted(key("abc"))),
            ("ACTION", "CLIENT", "clients/u-1/client-secret", Admin::SecretRegenerated(key("u-1"))),
            ("UPDATE", "CLIENT", "clients/u-1", Admin::ClientChanged(key("u-1"))),
            ("UPDATE", "REALM", "null", Admin::RealmChanged(None)),
            ("UPDATE", "REALM", "shop", Admin::RealmChanged(Some("shop".into()))),
            ("UPDATE", "REALM", "events/config", Admin::EventsChanged),
            ("ACTION", "USER", "users/u/logout", Admin::UserLoggedOut),
            ("UPDATE", "USER", "users/u", Admin::UserChanged),
            ("CREATE", "CLIENT", "clients/u-1", Admin::Other),
            ("ACTION", "REALM", "logout-all", Admin::RealmRevoked),
            ("ACTION", "REALM", "push-revocation", Admin::NotBeforePushed(None)),
            ("ACTION", "CLIENT", "clients/u-1/push-revocation", Admin::NotBeforePushed(Some(key("u-1")))),
        ];
        for (op, kind, path, want) in table {
            let line = format!(
                "operationType=\"{op}\", realmId=\"r\", clientId=\"c\", userId=\"u\", ipAddress=\"i\", resourceType=\"{kind}\", resourcePath=\"{path}\""
            );
            assert_eq!(read(&parse(line.as_bytes()).expect("an event")), *want, "{line}");
        }
    }
}
