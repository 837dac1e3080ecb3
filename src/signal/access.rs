//! Lines of HTTP access logs: Keycloak's own, and those of reverse proxies.
//!
//! Input: one line, or the message of a record. Output: an [`Access`] if it is a request to the token endpoint. Read are the common and combined formats
//! (Keycloak, nginx, Apache, Traefik), Envoy's and `HAProxy`'s defaults, other patterns that hold the request line with the status after it, and JSON
//! with the usual names. Whatever a client chose (path, user, agent) is text between fixed marks and cannot move the status. Must not know what an answer
//! means, nor which event it belongs to.
//!
//! ```
//! use kctriage::signal::access;
//! let line = br#"10.0.0.4 - - [23/Nov/2026:15:45:18 +0000] "POST /realms/shop/protocol/openid-connect/token HTTP/1.1" 400 62"#;
//! let access = access::read(line).unwrap().token().unwrap();
//! assert_eq!((access.status, access.bytes, access.realm.as_deref()), (400, Some(62), Some("shop")));
//! ```

mod json;
mod time;

use memchr::{memchr, memchr_iter, memmem, memrchr, memrchr_iter};
use xxhash_rust::xxh3::xxh3_128;

use crate::names::Sym;
use crate::record::Stamp;

/// How the path of the token endpoint ends.
const TOKEN: &[u8] = b"/protocol/openid-connect/token";

/// The pages that send a browser back to its client.
const LOGIN: [&[u8]; 2] = [b"/login-actions/", b"/protocol/openid-connect/auth"];

/// A request to the token endpoint and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Access {
    /// When, as the line says.
    pub at: Stamp,
    /// Where it came from, as the line says, without a port.
    pub address: Option<Box<str>>,
    /// The realm of the path.
    pub realm: Option<Box<str>>,
    /// Its number in the run, once it has one.
    pub realm_number: Option<Sym>,
    /// The status.
    pub status: u16,
    /// Bytes of the body, where the line says that and nothing else.
    pub bytes: Option<u64>,
    /// Digest of the line.
    pub digest: u128,
}

/// A browser that was sent back to its client.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Login {
    /// When, as the line says.
    pub at: Stamp,
    /// Where it came from.
    pub address: Box<str>,
    /// `client_id` of the query.
    pub client: Box<str>,
    /// The client's number in the run, once it is joined.
    pub client_number: Option<Sym>,
}

/// A line's parts, before it is asked what was requested.
struct Parts<'a> {
    at: Stamp,
    address: Option<&'a [u8]>,
    method: &'a [u8],
    path: &'a [u8],
    status: Option<u16>,
    bytes: Option<u64>,
}

/// A line of an access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A request to the token endpoint.
    Token(Access),
    /// A login page that sent the browser back to its client, most likely with a code.
    Login(Login),
    /// Any other.
    Other,
}

impl Entry {
    /// Returns the token request.
    #[must_use]
    pub fn token(self) -> Option<Access> {
        match self {
            Entry::Token(access) => Some(access),
            Entry::Login(_) | Entry::Other => None,
        }
    }
}

/// Reads a line; `None` if it is none of an access log.
#[must_use]
pub fn read(line: &[u8]) -> Option<Entry> {
    if line.first() == Some(&b'{') {
        return json::read(line);
    }
    Some(text(line)?.entry(line))
}

/// Whether a line can be about the token endpoint or a login. In JSON, escapes can hide what it is about.
#[must_use]
pub fn matters(line: &[u8]) -> bool {
    memchr(b'\\', line).is_some()
        || memmem::find(line, TOKEN).is_some()
        || (memmem::find(line, b"client_id=").is_some() && LOGIN.iter().any(|l| memmem::find(line, l).is_some()))
}

impl Parts<'_> {
    fn entry(&self, line: &[u8]) -> Entry {
        let login = || self.login().map_or(Entry::Other, Entry::Login);
        self.access(line).map_or_else(login, Entry::Token)
    }

    fn login(&self) -> Option<Login> {
        let (path, query) = self.path.split_at(memchr(b'?', self.path)?);
        let page = memmem::find(path, LOGIN[0]).is_some() || path.ends_with(LOGIN[1]);
        if !page || !matches!(self.status, Some(302 | 303)) {
            return None;
        }
        let client = query[1..].split(|c| *c == b'&').find_map(|p| p.strip_prefix(b"client_id="))?;
        let client = percent_encoding::percent_decode(client).decode_utf8_lossy().into();
        Some(Login { at: self.at, address: self.address.and_then(address)?, client, client_number: None })
    }

    fn access(&self, line: &[u8]) -> Option<Access> {
        let path = &self.path[..memchr(b'?', self.path).unwrap_or(self.path.len())];
        if self.method != b"POST" || !path.ends_with(TOKEN) {
            return None;
        }
        Some(Access {
            realm_number: None,
            at: self.at,
            address: self.address.and_then(address),
            realm: realm(&path[..path.len() - TOKEN.len()]),
            status: self.status?,
            bytes: self.bytes,
            digest: xxh3_128(line),
        })
    }
}

/// `/auth/realms/shop` → `shop`.
fn realm(path: &[u8]) -> Option<Box<str>> {
    let (before, name) = path.split_at(memrchr(b'/', path)? + 1);
    before.ends_with(b"/realms/").then(|| percent_encoding::percent_decode(name).decode_utf8_lossy().into())
}

/// Returns the bare address of `10.0.0.4`, `10.0.0.4:51234`, `[::1]:51234`, or a host's name; `None` for anything else.
#[must_use]
pub fn address(text: &[u8]) -> Option<Box<str>> {
    let text = std::str::from_utf8(text).ok()?.split(',').next()?.trim();
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip().to_string().into());
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        return Some(ip.to_string().into());
    }
    let named = !text.is_empty() && text != "-" && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'));
    named.then(|| text.into())
}

/// The text formats: `… "METHOD PATH HTTP/x" STATUS BYTES …`, and `HAProxy`'s, whose request comes last.
fn text(line: &[u8]) -> Option<Parts<'_>> {
    let quote = memchr(b'"', line)?;
    let (before, request) = (&line[..quote], &line[quote + 1..]);
    let (method, path, rest) = request_line(request)?;
    if let Some(parts) = haproxy(before) {
        return Some(Parts { method, path, ..parts });
    }
    let mut fields = rest.split(|c| *c == b' ').filter(|f| !f.is_empty());
    let status = fields.next().and_then(status);
    let bare = bare_stamp(before);
    let (at, address) = (bare.unwrap_or_else(|| time::last_in_brackets(before)), column(before));
    let common = bare.is_some() || is_common(before);
    let bytes = match status {
        Some(_) if common => fields.next(),
        // [2026-11-23T15:45:18.123Z] "POST /token HTTP/1.1" 400 - 120 62 …: flags, bytes received, bytes sent
        Some(_) if before.first() == Some(&b'[') && memchr_iter(b' ', before).count() == 1 => fields.nth(2),
        _ => None,
    };
    let address = if common { address } else { address.or_else(|| envoy_address(rest)) };
    Some(Parts { at, address, method, path, status, bytes: bytes.and_then(number) })
}

/// `POST /path HTTP/1.1"`: neither part can hold a blank, so a quote in the path is no end.
fn request_line(request: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let method = &request[..memchr(b' ', request)?];
    let request = &request[method.len() + 1..];
    let path = &request[..memchr(b' ', request)?];
    let protocol = request[path.len() + 1..].strip_prefix(b"HTTP/")?;
    let end = memchr(b'"', protocol).filter(|e| protocol[..*e].iter().all(|c| c.is_ascii_digit() || *c == b'.'))?;
    let named = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
    named.then(|| (method, path, &protocol[end + 1..]))
}

/// `10.0.0.4 - - 23/Nov/2026:15:45:18 +0000 `: as Quarkus writes it for Keycloak 17 to 20.
fn bare_stamp(before: &[u8]) -> Option<Stamp> {
    let mut blanks = memrchr_iter(b' ', before.strip_suffix(b" ")?);
    let (_, at) = (blanks.next()?, blanks.next()?);
    let stamp = &before[at + 1..before.len() - 1];
    let is_fourth = stamp.get(2) == Some(&b'/') && memchr_iter(b' ', &before[..at]).count() >= 2;
    let at = is_fourth.then(|| time::read(stamp))?;
    (at != Stamp::Unknown).then_some(at)
}

/// `10.0.0.4 - - [23/Nov/2026:15:45:18 +0000] `: only this shape says that the number after the status is that of the body's bytes.
fn is_common(before: &[u8]) -> bool {
    let Some(open) = memrchr(b'[', before) else { return false };
    before.ends_with(b"] ") && memchr_iter(b' ', &before[..open]).count() >= 3
}

/// The first word that is an address, else the first word: a virtual host can stand before it, a user's name never does.
fn column(before: &[u8]) -> Option<&[u8]> {
    let words: Vec<&[u8]> = before.split(|c| *c == b' ').filter(|w| !w.is_empty()).take(2).collect();
    let is_ip = |w: &&&[u8]| std::str::from_utf8(w).is_ok_and(|t| t.parse::<std::net::IpAddr>().is_ok() || t.parse::<std::net::SocketAddr>().is_ok());
    let first = words.first().filter(|w| !w.starts_with(b"["));
    words.iter().find(is_ip).or(first).copied()
}

/// Envoy's default format ends with quoted fields, the first of which is `X-Forwarded-For`.
fn envoy_address(rest: &[u8]) -> Option<&[u8]> {
    let open = memchr(b'"', rest)? + 1;
    let field = &rest[open..open + memchr(b'"', &rest[open..])?];
    (field != b"-").then_some(field)
}

/// `Feb  6 12:14:14 lb haproxy[14389]: 10.0.1.2:33317 [06/Feb/2026:12:14:14.655] in back/srv 10/0/30/69/109 400 310 - - ---- 1/1/1/1/0 0/0 {} `: its bytes
/// hold the headers, too.
fn haproxy(before: &[u8]) -> Option<Parts<'_>> {
    let open =
        memchr(b'[', before).and_then(|i| if before[..i].ends_with(b"haproxy") { memchr(b'[', &before[i + 1..]).map(|j| i + 1 + j) } else { Some(i) })?;
    let close = open + memchr(b']', &before[open..])?;
    let client = before[..open].trim_ascii_end();
    let client = &client[memrchr(b' ', client).map_or(0, |i| i + 1)..];
    let fields: Vec<&[u8]> = before[close + 1..].split(|c| *c == b' ').filter(|f| !f.is_empty()).take(4).collect();
    let [_, backend, timers, code] = fields.as_slice() else { return None };
    let is_timers = memchr_iter(b'/', timers).count() >= 3 && timers.iter().all(|c| c.is_ascii_digit() || matches!(c, b'/' | b'-' | b'+'));
    if !is_timers || !backend.contains(&b'/') {
        return None;
    }
    Some(Parts { at: time::last_in_brackets(&before[..=close]), address: Some(client), method: b"", path: b"", status: status(code), bytes: None })
}

fn status(word: &[u8]) -> Option<u16> {
    let code = std::str::from_utf8(word).ok().filter(|w| w.len() == 3)?.parse().ok()?;
    (100..600).contains(&code).then_some(code)
}

fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok().filter(|w| w.bytes().all(|c| c.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests;
