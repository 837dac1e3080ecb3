//! Bare event lists (before 22.0.9, 23.0.5 and 24, or `quotes=none`): `key=value, key='two words'`.
//!
//! Nothing is escaped, so a client's name can hold anything, even a copy of what follows it. The keys up to the error stand in a fixed order,
//! and the ids between them have a grammar; where that leaves more than one reading the event is ambiguous.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::fields::Fields;
use super::{Event, Quoting};
use crate::finding::Trust;
use memchr::memmem;

/// What the server appended behind the client's name.
struct Mark<'a> {
    /// Where `, userId=` begins.
    at: usize,
    user: &'a [u8],
    session: Option<&'a [u8]>,
    ip: &'a [u8],
    error: Option<&'a [u8]>,
    /// Where the details begin (behind the comma), or the end.
    details: usize,
}

/// Reads the value at `at` up to the next `, ` or the end; returns it with the offset behind it.
fn word(message: &[u8], at: usize) -> (&[u8], usize) {
    let end = memmem::find(&message[at..], b", ").map_or(message.len(), |i| at + i);
    (&message[at..end], end)
}

/// Reads `, key=value` at `at` when it is that key.
fn pair<'a>(message: &'a [u8], at: usize, key: &str) -> Option<(&'a [u8], usize)> {
    let rest = message.get(at..)?.strip_prefix(b", ")?.strip_prefix(key.as_bytes())?.strip_prefix(b"=")?;
    Some(word(message, message.len() - rest.len()))
}

/// Whether a value can be an id that the server wrote: `null`, a UUID, `f:<provider>:<name>`.
fn is_id(value: &[u8]) -> bool {
    !value.is_empty() && value.len() <= 255 && value.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b':' | b'.' | b'@' | b'+'))
}

/// Reads `, userId=…[, sessionId=…], ipAddress=…[, error=…]` at `at`.
fn mark(message: &[u8], at: usize) -> Option<Mark<'_>> {
    // no id begins with a quote: the quick answer for quoted lists, which are asked as well
    if message.get(at + ", userId=".len()) == Some(&b'"') {
        return None;
    }
    let (user, end) = pair(message, at, "userId")?;
    let (session, end) = match pair(message, end, "sessionId") {
        Some((s, end)) => {
            // the session that a code names is its client's word until it was found, and goes on to the server's own address and error
            let begins = end - s.len();
            let addresses = || address_finder().find_iter(&message[end..]).map(|i| end + i);
            let has_error = |at: &usize| pair(message, *at, "ipAddress").and_then(|(_, end)| pair(message, end, "error")).is_some();
            let end = addresses().find(has_error).or_else(|| addresses().next()).unwrap_or(end);
            (Some(&message[begins..end]), end)
        }
        None => (None, end),
    };
    let (ip, end) = pair(message, end, "ipAddress")?;
    let (error, end) = match pair(message, end, "error") {
        Some((e, end)) => (Some(e), end),
        None => (None, end),
    };
    (is_id(user) && !ip.is_empty()).then_some(Mark { at, user, session, ip, error, details: end })
}

/// Finds the address that an event names; a search is cheaper where it was made ready once.
pub(in crate::signal) fn address_finder() -> &'static memmem::Finder<'static> {
    static FINDER: OnceLock<memmem::Finder<'static>> = OnceLock::new();
    FINDER.get_or_init(|| memmem::Finder::new(b", ipAddress="))
}

/// All places where the server may have gone on after the client's name.
fn marks(message: &[u8], from: usize) -> impl Iterator<Item = Mark<'_>> {
    // made ready once: it is asked of every event, since the end of a quoted one can be a bare one's
    static FINDER: OnceLock<memmem::Finder<'static>> = OnceLock::new();
    let finder = FINDER.get_or_init(|| memmem::Finder::new(b", userId="));
    finder.find_iter(&message[from..]).filter_map(move |i| mark(message, from + i))
}

/// Splits the details at `, key=`, outside single quotes.
fn details<'a>(message: &'a [u8], mut at: usize, fields: &mut Fields<'a>) -> bool {
    let mut cut = false;
    while let Some(rest) = message.get(at..).and_then(|r| r.strip_prefix(b", ")) {
        let start = message.len() - rest.len();
        let Some(eq) = memchr::memchr(b'=', &rest[..rest.len().min(65)]) else { break };
        let key = &rest[..eq];
        let value = start + eq + 1;
        let end = next_pair(message, value);
        let raw = &message[value..end];
        match raw.strip_prefix(b"'") {
            Some(inner) => {
                cut |= inner.strip_suffix(b"'").is_none();
                fields.push(key, inner.strip_suffix(b"'").unwrap_or(inner));
            }
            None => fields.push(key, raw),
        }
        at = end;
    }
    cut
}

/// Returns where the value at `from` ends: before the next `, key=`, or at the end.
fn next_pair(message: &[u8], from: usize) -> usize {
    let quoted = message.get(from) == Some(&b'\'');
    for i in memmem::find_iter(&message[from..], b", ") {
        let end = from + i;
        if quoted && (end <= from + 1 || message[end - 1] != b'\'') {
            continue;
        }
        let key = message[end + 2..].iter().take(64).take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
        if key > 0 && message.get(end + 2 + key) == Some(&b'=') {
            return end;
        }
    }
    message.len()
}

/// Reads a bare list.
pub(super) fn parse(message: &[u8]) -> Option<Event<'_>> {
    let eq = memchr::memchr(b'=', message)?;
    let first = &message[..eq];
    let (kind, mut at) = word(message, eq + 1);
    let mut fields = Fields::default();
    let event = |fields, trust, cut| Some(Event { message, fields, quoting: Quoting::Bare, trust, cut, ends_once: false, is_plain: false });
    fields.push(first, kind);
    if !kind.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'_') {
        return None;
    }
    if first == b"operationType" {
        let cut = details(message, at, &mut fields);
        return event(fields, Trust::Unquoted, cut);
    }
    for key in ["realmId", "realmName"] {
        if let Some((value, end)) = pair(message, at, key) {
            fields.push(&message[at + 2..at + 2 + key.len()], value);
            at = end;
        }
    }
    let Some(client) = message.get(at..).and_then(|r| r.strip_prefix(b", clientId=")).map(|r| message.len() - r.len()) else {
        return event(fields, Trust::Unquoted, true);
    };
    let mut found: SmallVec<[Mark<'_>; 2]> = marks(message, client).take(3).collect();
    // so can the session be that a code names: it is the client's word until it was found
    let is_odd = |m: &Mark<'_>| m.session.is_some_and(|s| !is_id(s)) || (m.session.is_some() && address_finder().find(&message[m.details..]).is_some());
    let trust = if found.len() > 1 || found.iter().any(is_odd) { Trust::Ambiguous } else { Trust::Unquoted };
    // the name of a client that does not exist is the attacker's, and the server's words come last; else the details are, and they come first
    let unknown_client = found.last().is_some_and(|m| matches!(m.error, Some(b"client_not_found" | b"invalid_client_credentials")));
    let Some(m) = (if unknown_client { found.pop() } else { found.drain(..).next() }) else {
        fields.push(b"clientId", &message[client..]);
        return event(fields, Trust::Unquoted, true);
    };
    fields.push(b"clientId", &message[client..m.at]);
    fields.push(b"userId", m.user);
    if let Some(session) = m.session {
        fields.push(b"sessionId", session);
    }
    fields.push(b"ipAddress", m.ip);
    if let Some(error) = m.error {
        fields.push(b"error", error);
    }
    let cut = details(message, m.details, &mut fields);
    event(fields, trust, cut)
}

/// Reads what an old server wrote behind a client's name that had a line feed in it: the end of `line`, as the end of an event that began
/// on an earlier line. Returns the fields from `userId` on.
#[must_use]
pub fn tail(line: &[u8]) -> Option<Event<'_>> {
    let m = marks(line, 0).last()?;
    let mut fields = Fields::default();
    fields.push(b"userId", m.user);
    if let Some(session) = m.session {
        fields.push(b"sessionId", session);
    }
    fields.push(b"ipAddress", m.ip);
    fields.push(b"error", m.error?);
    let cut = details(line, m.details, &mut fields);
    Some(Event { message: line, fields, quoting: Quoting::Bare, trust: Trust::Ambiguous, cut, ends_once: false, is_plain: false })
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::super::parse as list;
    use super::*;

    #[test]
    fn values_come_from_the_fixed_places() {
        let table: &[(&str, &str, &str, &str, Trust)] = &[
            // message, clientId, ipAddress, error, trust
            (
                "type=CODE_TO_TOKEN_ERROR, realmId=r, clientId=web, userId=null, ipAddress=10.0.0.1, error=invalid_code, grant_type=authorization_code",
                "web",
                "10.0.0.1",
                "invalid_code",
                Trust::Unquoted,
            ),
            (
                "type=CLIENT_LOGIN_ERROR, realmId=r, clientId=x, ipAddress=9.9.9.9, error=none, userId=null, ipAddress=10.0.0.1, error=client_not_found",
                "x, ipAddress=9.9.9.9, error=none",
                "10.0.0.1",
                "client_not_found",
                Trust::Unquoted,
            ),
            (
                "type=CLIENT_LOGIN_ERROR, realmId=r, clientId=x, userId=null, ipAddress=9.9.9.9, error=none, userId=null, ipAddress=10.0.0.1, error=client_not_found",
                "x, userId=null, ipAddress=9.9.9.9, error=none",
                "10.0.0.1",
                "client_not_found",
                Trust::Ambiguous,
            ),
            (
                "type=LOGIN_ERROR, realmId=r, clientId=web, userId=null, ipAddress=10.0.0.1, error=user_not_found, username=a, userId=null, ipAddress=9.9.9.9, error=e",
                "web",
                "10.0.0.1",
                "user_not_found",
                Trust::Ambiguous,
            ),
            (
                "type=CODE_TO_TOKEN_ERROR, realmId=r, realmName=s, clientId=web, userId=null, sessionId=x, error=e, ipAddress=10.0.0.1, error=invalid_code",
                "web",
                "10.0.0.1",
                "invalid_code",
                Trust::Ambiguous,
            ),
            (
                "type=CODE_TO_TOKEN_ERROR, realmId=r, realmName=s, clientId=web, userId=null, sessionId=x, ipAddress=1, ipAddress=10.0.0.1, error=invalid_code",
                "web",
                "10.0.0.1",
                "invalid_code",
                Trust::Ambiguous,
            ),
            (
                "type=CODE_TO_TOKEN_ERROR, realmId=r, realmName=s, clientId=web, userId=null, sessionId=x, ipAddress=10.0.0.1, error=invalid_code, code_id=x",
                "web",
                "10.0.0.1",
                "invalid_code",
                Trust::Unquoted,
            ),
            (
                "event=REFRESH_TOKEN_ERROR, realmId=r, clientId=web, userId=f:a-b:c, ipAddress=10.0.0.1, error=invalid_token, reason='Token is not active'",
                "web",
                "10.0.0.1",
                "invalid_token",
                Trust::Unquoted,
            ),
        ];
        for (line, client, ip, error, trust) in table {
            let e = list(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            let got = [Field::ClientId, Field::IpAddress, Field::Error].map(|key| e.text(key).unwrap_or_default());
            assert_eq!((&got.each_ref().map(|v| &**v), e.trust), (&[*client, *ip, *error], *trust), "{line}");
        }
        let e = list(b"type=X, realmId=r, clientId=c, userId=null, ipAddress=1.1.1.1, error=e, reason='two, words=1', redirect_uri=http://a/?b=c, d")
            .expect("an event list");
        assert_eq!((e.text(Field::Reason).as_deref(), e.text(Field::RedirectUri).as_deref()), (Some("two, words=1"), Some("http://a/?b=c, d")));
    }

    #[test]
    fn an_open_event_is_cut_and_its_tail_is_read_from_a_later_line() {
        let open = list(b"type=CLIENT_LOGIN_ERROR, realmId=r, clientId=x").expect("an event list");
        assert!(open.cut && !open.is_complete());
        let end = tail(br#"2026-11-23 14:00:00,000 WARN  [a] (t) type="X", clientId="forged", ipAddress="6.6.6.6", userId=null, ipAddress=10.0.0.64, error=client_not_found, grant_type=client_credentials"#).expect("a tail");
        assert_eq!((end.text(Field::IpAddress).as_deref(), end.text(Field::Error).as_deref()), (Some("10.0.0.64"), Some("client_not_found")));
        assert!(tail(b"y, userId=null").is_none());
    }
}
