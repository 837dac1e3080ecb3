//! Stored events: what the event store, an event listener's webhook or the event table holds of an event.
//!
//! Input: one physical line that is a JSON object and no log record: an event of the admin API, a row of `EVENT_ENTITY` or `ADMIN_EVENT_ENTITY` (every
//! value a string, keys in either case), or what a webhook sends. Output: a [`Record`] whose message is the event list as a server prints it,
//! so that there is one reader of events. Must not know what an event means.
//!
//! ```
//! let line = br#"{"time":1795453608500,"type":"LOGIN_ERROR","realmId":"r","clientId":"web","ipAddress":"10.0.0.1","error":"e","details":{"grant_type":"password"}}"#;
//! let record = kctriage::record::stored::parse(line).unwrap();
//! let list = r#"type="LOGIN_ERROR", realmId="r", clientId="web", userId="null", ipAddress="10.0.0.1", error="e", grant_type="password""#;
//! assert_eq!(&*record.message, list.as_bytes());
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use super::stamp::{Stamp, stamp};
use super::{Layout, Level, Record};

/// The keys of an event, as the admin API, the tables' columns and the webhooks spell them.
#[derive(Deserialize)]
struct Stored {
    #[serde(alias = "TIME", alias = "event_time", alias = "EVENT_TIME", alias = "admin_event_time", alias = "ADMIN_EVENT_TIME", alias = "eventTime")]
    time: Option<Value>,
    #[serde(alias = "@timestamp")]
    timestamp: Option<Value>,
    #[serde(rename = "type", alias = "TYPE", alias = "eventType")]
    kind: Option<Value>,
    #[serde(rename = "operationType", alias = "operation_type", alias = "OPERATION_TYPE")]
    operation: Option<Value>,
    #[serde(rename = "resourceType", alias = "resource_type", alias = "RESOURCE_TYPE")]
    resource: Option<Value>,
    #[serde(rename = "resourcePath", alias = "resource_path", alias = "RESOURCE_PATH")]
    path: Option<Value>,
    #[serde(rename = "realmId", alias = "realm_id", alias = "REALM_ID")]
    realm_id: Option<Value>,
    #[serde(rename = "realmName", alias = "realm_name", alias = "realm")]
    realm_name: Option<Value>,
    #[serde(rename = "clientId", alias = "client_id", alias = "CLIENT_ID", alias = "auth_client_id", alias = "AUTH_CLIENT_ID")]
    client: Option<Value>,
    #[serde(rename = "userId", alias = "user_id", alias = "USER_ID", alias = "auth_user_id", alias = "AUTH_USER_ID")]
    user: Option<Value>,
    #[serde(rename = "sessionId", alias = "session_id", alias = "SESSION_ID")]
    session: Option<Value>,
    #[serde(rename = "ipAddress", alias = "ip_address", alias = "IP_ADDRESS")]
    ip: Option<Value>,
    #[serde(alias = "ERROR")]
    error: Option<Value>,
    #[serde(rename = "authDetails")]
    auth: Option<Value>,
    details: Option<Value>,
    #[serde(alias = "DETAILS_JSON")]
    details_json: Option<Value>,
    #[serde(rename = "details_json_long_value", alias = "DETAILS_JSON_LONG_VALUE")]
    details_long: Option<Value>,
}

/// Returns a value's text; `None` where there is none: a table exported to CSV has no other way to write null than an empty text.
fn text(value: Option<&Value>) -> Option<Cow<'_, str>> {
    match value? {
        Value::String(s) if s.is_empty() => None,
        Value::String(s) => Some(Cow::Borrowed(s)),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        Value::Bool(b) => Some(Cow::Owned(b.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `CODE_TO_TOKEN_ERROR`: Keycloak's names of events and of operations.
fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_')
}

/// Milliseconds since the epoch, or a stamp.
fn moment(text: &str) -> Stamp {
    match text.parse() {
        Ok(ms) => Stamp::Zoned(ms),
        Err(_) => stamp(text.as_bytes()).map_or(Stamp::Unknown, |(at, _)| at),
    }
}

/// What Java calls white space; a server prints a blank for it.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}') || (c.is_whitespace() && !matches!(c, '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}'))
}

/// Adds `key="value"`, written as a server writes it.
fn pair(list: &mut String, key: &str, value: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    let _ = write!(list, "{key}=\"");
    for c in value.chars() {
        match c {
            '"' => list.push_str("\\\""),
            c if is_blank(c) => list.push(' '),
            c => list.push(c),
        }
    }
    list.push('"');
}

/// Reads details: an object, a text that holds one, or a list of key and value as `kcadm` prints with a filter.
fn details(value: &Value, out: &mut BTreeMap<String, String>) {
    match value {
        Value::String(s) => {
            if let Ok(inner @ Value::Object(_)) = serde_json::from_str(s) {
                details(&inner, out);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                let is_key = (1..=64).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'));
                if let (true, Some(value)) = (is_key, text(Some(value))) {
                    out.insert(key.clone(), value.into_owned());
                }
            }
        }
        _ => {}
    }
}

/// Reads one line as a stored event; `None` when it is none.
#[must_use]
pub fn parse(line: &[u8]) -> Option<Record<'static>> {
    let e: Stored = serde_json::from_slice(line).ok()?;
    let inner = |key: &str| e.auth.as_ref().and_then(|a| text(a.get(key)));
    let kind = text(e.kind.as_ref());
    let operation = text(e.operation.as_ref()).filter(|o| is_name(o));
    let (realm_id, realm_name) = (text(e.realm_id.as_ref()), text(e.realm_name.as_ref()));
    let client = text(e.client.as_ref()).or_else(|| inner("clientId"));
    let user = text(e.user.as_ref()).or_else(|| inner("userId"));
    let ip = text(e.ip.as_ref()).or_else(|| inner("ipAddress"));
    realm_id.as_ref().or(realm_name.as_ref())?;
    let null = || Cow::Borrowed("null");
    let mut list = String::with_capacity(line.len());
    if let Some(operation) = operation {
        let resource = text(e.resource.as_ref())?;
        // the path of a realm's own settings is empty, and the event names the realm
        let path = text(e.path.as_ref()).or_else(|| (resource == "REALM").then(|| realm_name.clone().or(realm_id.clone())).flatten());
        pair(&mut list, "operationType", &operation);
        pair(&mut list, "realmId", &realm_id.or(realm_name).unwrap_or_else(null));
        pair(&mut list, "clientId", &client.unwrap_or_else(null));
        pair(&mut list, "userId", &user.unwrap_or_else(null));
        pair(&mut list, "ipAddress", &ip.unwrap_or_else(null));
        pair(&mut list, "resourceType", &resource);
        pair(&mut list, "resourcePath", &path.unwrap_or_else(null));
        if let Some(error) = text(e.error.as_ref()) {
            pair(&mut list, "error", &error);
        }
    } else {
        let kind = kind.as_deref().map(|k| k.strip_prefix("access.").unwrap_or(k)).filter(|k| is_name(k))?;
        if client.is_none() && user.is_none() && ip.is_none() {
            return None;
        }
        pair(&mut list, "type", kind);
        for (key, value) in [("realmId", realm_id), ("realmName", realm_name)] {
            if let Some(value) = value {
                pair(&mut list, key, &value);
            }
        }
        pair(&mut list, "clientId", &client.unwrap_or_else(null));
        pair(&mut list, "userId", &user.unwrap_or_else(null));
        if let Some(session) = text(e.session.as_ref()).or_else(|| inner("sessionId")) {
            pair(&mut list, "sessionId", &session);
        }
        pair(&mut list, "ipAddress", &ip.unwrap_or_else(null));
        if let Some(error) = text(e.error.as_ref()) {
            pair(&mut list, "error", &error);
        }
        let mut more = BTreeMap::new();
        for value in [&e.details, &e.details_json, &e.details_long].into_iter().flatten() {
            details(value, &mut more);
        }
        for (key, value) in more {
            pair(&mut list, &key, &value);
        }
    }
    let time = text(e.time.as_ref()).or_else(|| text(e.timestamp.as_ref())).unwrap_or_default();
    Some(Record {
        at: moment(&time),
        stamp_text: Cow::Owned(time.into_owned().into_bytes()),
        level: Level::Info,
        logger: Cow::Borrowed(b"org.keycloak.events"),
        thread: Cow::Borrowed(b""),
        message: Cow::Owned(list.into_bytes()),
        host: None,
        layout: Layout::Stored,
    })
}

#[cfg(test)]
mod tests;
