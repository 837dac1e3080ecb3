//! Records to signals.
//!
//! Input: a [`Record`] that borrows its chunk. Output: a [`Signal`] that owns small data, or nothing where the record says nothing about token
//! requests. Must not know what came before or after, nor which node it is.

pub mod access;
pub mod admin;
pub mod answers;
pub mod batch;
pub mod companion;
mod database;
pub mod event;
pub mod id;
pub mod life;
pub mod relayed;
mod straight;
pub mod user;
pub mod word;

use access::Entry;
use event::{Course, Field};
use memchr::{memchr, memmem, memrchr};
use xxhash_rust::xxh3::xxh3_128;

pub use access::{Access, Login};
pub use admin::Admin;
pub use batch::Batch;
pub use companion::Companion;
pub use event::Quoting;
pub use id::Id;
pub use life::Life;
pub use user::{Done, Failure, Success, User};
pub use word::{Word, Words};

use crate::finding::Trust;
use crate::names::{Key, Names, Sym};
use crate::record::{Layout, Record, Stamp};

/// What a record means to us.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Signal {
    /// When, as exact as the line was.
    pub at: Stamp,
    /// Midnights that passed since the chunk began (lines without a date only).
    pub day: u16,
    /// The line in its chunk, from 0.
    pub line: u32,
    /// The thread that printed it.
    pub thread: Sym,
    /// The host that the record names.
    pub host: Option<Sym>,
    /// It is a stored event, not a line of a log.
    pub stored: bool,
    /// What.
    pub kind: Kind,
}

/// The kinds of signals.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// A user event, with the quoting of its list where it was text.
    User(User, Option<Quoting>),
    /// An admin event.
    Admin(Admin),
    /// What the thread's next user event is explained by.
    Companion(Companion),
    /// The server's life.
    Life(Life),
    /// The start of an event whose line ended inside the client's name: an old server printed a line feed.
    Open(Box<Failure>),
    /// A line that ends as such an event does, and what it looked like by itself.
    Tail(Box<Failure>, Option<Box<Kind>>),
    /// A warning that ends with a client's own words: lines after it can be that client's, too.
    Carrier {
        /// The words are not closed on this line: everything up to a [`Kind::CarrierEnd`] is the client's.
        open: bool,
    },
    /// A line that closes an open carrier, and what it looked like by itself.
    CarrierEnd(Option<Box<Kind>>),
    /// A token request and its answer: the server's own access log, after the event of the same thread.
    Access(Box<Access>),
    /// The same, from a source that holds access lines only.
    Proxied(Box<Access>),
    /// A login page that sent a browser back to its client.
    Login(Box<Login>),
}

/// Returns the last segment of a logger's name: of that of the events, which is asked most, without a search.
fn segment(logger: &[u8]) -> &[u8] {
    if logger == b"org.keycloak.events" {
        return b"events";
    }
    let segment = &logger[memrchr(b'.', logger).map_or(0, |i| i + 1)..];
    if segment.last().is_some_and(u8::is_ascii_digit) && memchr(b':', segment).is_some() { of_line(logger, segment) } else { segment }
}

/// Returns the segment of a logger behind which the line of its source stands, as `[%c:%L]` and `[%C.%M:%L]` print it.
#[cold]
fn of_line<'a>(logger: &'a [u8], segment: &'a [u8]) -> &'a [u8] {
    let named = segment.split(|c| *c == b':').next().unwrap_or_default();
    // a method of a class
    let class = logger[..logger.len() - segment.len()].strip_suffix(b".").and_then(|rest| rest.rsplit(|c| *c == b'.').next());
    match class.filter(|class| named.first().is_some_and(u8::is_ascii_lowercase) && class.first().is_some_and(u8::is_ascii_uppercase)) {
        // what prints the events
        Some(b"JBossLoggingEventListenerProvider") => b"events",
        Some(class) => class,
        None => named,
    }
}

/// Whether a logger's name, perhaps abbreviated (`[events]`, `[or.ke.ev]`, `[]`), can be that of the event listener.
fn is_event_logger(segment: &[u8]) -> bool {
    b"events".starts_with(segment) || b"audit".starts_with(segment)
}

/// Whether a logger is that of the HTTP access log: Keycloak's, Quarkus', Undertow's.
#[must_use]
pub fn is_access_logger(logger: &[u8]) -> bool {
    match logger.last() {
        Some(b'g') => logger.ends_with(b"access-log") || logger.ends_with(b".accesslog"),
        // the line of its source stands behind it, as `[%c:%L]` prints it
        Some(b'0'..=b'9') => logger.split(|c| *c == b':').next().is_some_and(|named| named.len() < logger.len() && is_access_logger(named)),
        _ => false,
    }
}

/// Whether anything that matters is said under a logger's name: the last segments that [`read`] knows, and Infinispan's.
#[must_use]
pub fn matters(logger: &[u8]) -> bool {
    let segment = segment(logger);
    is_event_logger(segment)
        || companion::is_logger(segment)
        || segment == b"LogoutEndpoint"
        || matches!(segment, b"quarkus" | b"as" | b"server" | b"CLUSTER" | b"JGroupsTransport" | b"Profile")
        || logger.starts_with(b"org.infinispan")
        || database::is_logger(segment, logger)
        || is_access_logger(logger)
}

/// Digest of what makes a failure the same failure for everybody: its time as printed, thread and message.
fn digest(record: &Record<'_>) -> u128 {
    let parts = [&record.stamp_text, &record.thread, &record.message];
    let length = parts.iter().map(|p| p.len() + 8).sum();
    // one hash over a copy is faster than a hash that is fed in parts
    let (mut near, mut far);
    let copy = if length <= NEAR {
        near = [0; NEAR];
        &mut near[..length]
    } else {
        far = vec![0; length];
        &mut far[..]
    };
    let mut at = 0;
    for part in parts {
        copy[at..at + 8].copy_from_slice(&(part.len() as u64).to_le_bytes());
        copy[at + 8..at + 8 + part.len()].copy_from_slice(part);
        at += 8 + part.len();
    }
    xxh3_128(copy)
}

/// Bytes of which a digest is made without asking for memory.
const NEAR: usize = 768;

/// Reads a record; `None` where it says nothing about token requests. `line` is its number in the chunk.
#[must_use]
pub fn read(record: &Record<'_>, line: u32, names: &mut Names) -> Option<Signal> {
    read_next(record, line, names, &mut Course::default())
}

/// Reads a record as [`read`] does, faster where its event is like those that were read before.
#[must_use]
pub fn read_next(record: &Record<'_>, line: u32, names: &mut Names, course: &mut Course) -> Option<Signal> {
    let end = trimmed(&record.message).len();
    let other;
    let record = if end == record.message.len() {
        record
    } else {
        other = Record { message: record.message[..end].into(), ..record.clone() };
        &other
    };
    let kind = kind(record, names, course)?;
    let stored = record.layout == Layout::Stored;
    Some(Signal { at: record.at, day: 0, line, thread: names.number(&record.thread), host: record.host.as_deref().map(|h| names.number(h)), stored, kind })
}

/// What no message that is read here ends with: blanks and empty columns of a format of one's own, and what relays and terminals leave of the end of a line.
const ENDS: [&[u8]; 14] = [b" ", b"\t", b"\r", b"\n", b"\0", b"#012", b"#015", b"\\n", b"\\r", b"^M", b"\x1b[0m", b"\xc2\xa0", b" []", b" {}"];

/// Returns a message without what stands behind it.
#[inline]
fn trimmed(message: &[u8]) -> &[u8] {
    let is_end = |c: &u8| matches!(c, b' ' | b'\t' | b'\r' | b'\n' | 0 | b'2' | b'5' | b'n' | b'r' | b'M' | b'm' | 0xa0 | b']' | b'}');
    if message.last().is_some_and(is_end) { without_ends(message) } else { message }
}

#[cold]
fn without_ends(mut message: &[u8]) -> &[u8] {
    while let Some(rest) = ENDS.iter().find_map(|end| message.strip_suffix(*end)) {
        message = rest;
    }
    message
}

/// Returns a message without the last column behind it, as `[%X]` prints it.
fn before_column(message: &[u8]) -> Option<&[u8]> {
    let begin: &[u8] = match message.last()? {
        b']' => b" [",
        b'}' => b" {",
        _ => return None,
    };
    memmem::rfind(message, begin).map(|at| &message[..at])
}

/// Words of a format of one's own that are taken off a message where it says nothing as it stands, as in `(thread) %X{traceId} %s`.
const COLUMNS: usize = 4;

#[inline]
fn kind(record: &Record<'_>, names: &mut Names, course: &mut Course) -> Option<Kind> {
    match straight::straightened(&record.message) {
        None => kind_as_it_stands(record, names, course),
        Some(message) => kind_of_changed(&Record { message: message.into(), ..record.clone() }, names, course),
    }
}

/// Reads a record whose quotes were changed on its way.
#[cold]
fn kind_of_changed(record: &Record<'_>, names: &mut Names, course: &mut Course) -> Option<Kind> {
    let mut kind = kind_as_it_stands(record, names, course)?;
    if let Kind::User(User::Failure(failure), _) = &mut kind {
        // what was a quote, and what a part of a name, is a guess now
        failure.trust = Trust::Ambiguous;
    }
    Some(kind)
}

#[inline]
fn kind_as_it_stands(record: &Record<'_>, names: &mut Names, course: &mut Course) -> Option<Kind> {
    let logger = segment(&record.logger);
    if is_event_logger(logger) && event::begins(&record.message) {
        return event_kind(record, names, course);
    }
    if !matters(&record.logger) {
        return None;
    }
    let kind = kind_of_other(record);
    let is_own = record.logger.starts_with(b"org.keycloak.") || &*record.logger == b"io.quarkus";
    if kind.is_some() || !is_own || !matches!(record.layout, Layout::Text | Layout::WildflyConsole) {
        return kind;
    }
    let mut rest = &*record.message;
    for _ in 0..COLUMNS {
        rest = behind_word(rest)?;
        let behind = Record { message: rest.into(), ..record.clone() };
        let kind = if is_event_logger(logger) && event::begins(rest) { event_kind(&behind, names, course) } else { kind_of_other(&behind) };
        if kind.is_some() {
            return kind;
        }
    }
    None
}

/// Returns a message behind its first word, if that can be an id or a pair of a diagnostic context: nothing that a message here begins with.
fn behind_word(message: &[u8]) -> Option<&[u8]> {
    let end = message.iter().position(|c| *c == b' ')?;
    let can_be = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'=' | b',');
    message[..end].iter().all(can_be).then(|| &message[end + 1..])
}

/// Reads a record that is no event.
fn kind_of_other(record: &Record<'_>) -> Option<Kind> {
    let logger = segment(&record.logger);
    let message = &*record.message;
    let text = matches!(record.layout, Layout::Text | Layout::WildflyConsole);
    if text && logger == b"LogoutEndpoint" && message.starts_with(b"Client '") {
        return Some(Kind::Carrier { open: !message.ends_with(b"' not found.") });
    }
    if text && logger == b"PkceUtils" && memmem::find(message, b"codeVerifier = ").is_some() {
        return Some(Kind::Carrier { open: false });
    }
    if is_access_logger(&record.logger) {
        return access_kind(record);
    }
    if companion::is_logger(logger)
        && let Some(companion) = companion_of(logger, message)
    {
        return Some(Kind::Companion(companion));
    }
    if logger == b"OAuth2CodeParser" && message.starts_with(b"Code ") {
        // what goes on behind a line feed is a client's
        return Some(if text && message.starts_with(b"Code '") { Kind::Carrier { open: true } } else { Kind::Companion(Companion::Unread) });
    }
    life::read(logger, message).map(Kind::Life)
}

/// Reads a companion: up to the end of its first line, where a shipper has put a whole record with its exception into one message, and before the columns of a format of
/// one's own.
fn companion_of(logger: &[u8], message: &[u8]) -> Option<Companion> {
    let message = memchr(b'\n', message).map_or(message, |end| &message[..end]);
    let mut columns = std::iter::successors(Some(message), |message| before_column(message)).take(1 + COLUMNS);
    columns.find_map(|message| companion::read(logger, message))
}

/// The line's own time and the record's are those of one moment, or one of them is not the server's.
fn access_kind(record: &Record<'_>) -> Option<Kind> {
    const APART_MS: i64 = 15 * 60_000;
    let mut access = match access::read(&record.message)? {
        Entry::Token(access) => access,
        Entry::Login(login) => return Some(Kind::Login(Box::new(login))),
        Entry::Other => return None,
    };
    if let (Stamp::Zoned(own), Stamp::Zoned(outer)) = (access.at, record.at)
        && (own - outer).abs() > APART_MS
    {
        return None;
    }
    access.digest = digest(record);
    Some(Kind::Access(Box::new(access)))
}

fn event_kind(record: &Record<'_>, names: &mut Names, course: &mut Course) -> Option<Kind> {
    let message = &*record.message;
    let list = event::parse_next(message, course)?;
    if !list.is_named() {
        return None;
    }
    if list.operation().is_some() {
        return Some(Kind::Admin(admin::read(&list)));
    }
    let json = matches!(record.layout, Layout::Json | Layout::Ecs | Layout::Stored);
    let trust = match list.trust {
        Trust::Quoted | Trust::Unquoted if record.layout == Layout::Stored => Trust::Stored,
        Trust::Quoted | Trust::Unquoted if json => Trust::Json,
        other => other,
    };
    if matches!(list.kind(), b"CLIENT_UPDATE" | b"CLIENT_DELETE") {
        // dynamic registration (RFC 7592): its uuid is not told, so any client may be the one
        return Some(Kind::Admin(Admin::ClientChanged(Key::of(list.raw(Field::ClientId).unwrap_or_default()))));
    }
    let mut user = user::read(&list, trust, || digest(record), names);
    if let User::Failure(failure) = &mut user
        && &*failure.event == user::PERMISSION
    {
        failure.token = user::token_of(message);
    }
    if json {
        return Some(Kind::User(user, None));
    }
    // a server that prints the realm's name (25 and later) prints no line feed, whichever quotes it is told to use (`StringUtil.sanitizeSpacesAndQuotes`)
    if list.quoting == Quoting::Bare && !list.is_complete() && list.kind().ends_with(b"_ERROR") && list.raw(Field::RealmName).is_none() {
        return Some(Kind::Open(Box::new(open_failure(&list, record, names))));
    }
    let quoting = Some(list.quoting);
    // a quoted list whose end is a bare one: the end belongs to an old server's own event, the rest is a client's words
    if !list.ends_once && (matches!(list.quoting, Quoting::Quoted(_)) || list.trust == Trust::Ambiguous) {
        if let Some(end) = tail_failure(message, record) {
            return Some(Kind::Tail(Box::new(end), Some(Box::new(Kind::User(user, quoting)))));
        }
        if closes(message) {
            return Some(Kind::CarrierEnd(Some(Box::new(Kind::User(user, quoting)))));
        }
    }
    Some(Kind::User(user, quoting))
}

/// Whether a line ends as a warning does that was opened on an earlier one.
fn closes(line: &[u8]) -> bool {
    line.ends_with(b"' not found.") || (line.ends_with(b"'.") && memmem::find(line, b"' already used for userSession '").is_some())
}

/// The beginning of an event that a line feed cut in two. Its type decides later whether it is a token request.
fn open_failure(list: &event::Event<'_>, record: &Record<'_>, names: &mut Names) -> Failure {
    let mut number = |key| list.text(key).map(|t| names.number(t.as_bytes()));
    let (realm_id, realm) = (number(Field::RealmId), number(Field::RealmName));
    Failure {
        realm: realm.or(realm_id),
        realm_id: realm_id.or(realm),
        client: number(Field::ClientId),
        cut: true,
        ..Failure::bare(Word::of(list.kind()), Trust::Ambiguous, digest(record))
    }
}

/// The end of such an event.
fn tail_failure(line: &[u8], record: &Record<'_>) -> Option<Failure> {
    let end = event::tail(line)?;
    let id = |key| end.text(key).map(|t| Id::from(&*t));
    let word = |key| end.text(key).map(|t| Word::new(&t));
    Some(Failure::bare(Word::new(""), Trust::Ambiguous, digest(record)).told(id, word))
}

/// Reads a line that begins no record: it may end an event or a warning that a line feed cut in two.
#[must_use]
pub fn read_rest(line: &[u8], number: u32, names: &mut Names) -> Option<Signal> {
    let line = trimmed(line);
    let record = || Record {
        at: Stamp::Unknown,
        stamp_text: b"".into(),
        level: crate::record::Level::Info,
        logger: b"".into(),
        thread: b"".into(),
        message: line.into(),
        host: None,
        layout: Layout::Text,
    };
    let kind = if closes(line) {
        Kind::CarrierEnd(None)
    } else if event::address_finder().find(line).is_some() {
        Kind::Tail(Box::new(tail_failure(line, &record())?), None)
    } else {
        return None;
    };
    Some(Signal { at: Stamp::Unknown, day: 0, line: number, thread: names.number(b""), host: None, stored: false, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logger_is_known_with_the_place_in_its_source_behind_it() {
        let table = [
            ("org.keycloak.events", "events"),
            ("events", "events"),
            ("", ""),
            ("org.keycloak.events:117", "events"),
            ("org.keycloak.events.log.JBossLoggingEventListenerProvider.logEvent:117", "events"),
            ("org.keycloak.protocol.oidc.utils.OAuth2CodeParser.parseCode:95", "OAuth2CodeParser"),
            ("org.keycloak.protocol.oidc.utils.OAuth2CodeParser:95", "OAuth2CodeParser"),
            ("org.keycloak.services:1", "services"),
        ];
        for (logger, want) in table {
            assert_eq!(segment(logger.as_bytes()), want.as_bytes(), "{logger}");
        }
    }
}
