//! JSON objects that log stores, shippers and drivers put around a line.
//!
//! Input: an object. Output: an [`Item`]: the line, wherever the object keeps it, and what it says of node and time. Which tool wrote the object
//! makes no difference to that; [`kind`] names it.

use std::borrow::Cow;

use serde_json::Number;

use super::super::stamp::{Stamp, Stamps};
use super::item::Item;
use super::json::{Json, Object, get, line};
use super::kind::Kind;
use super::{gelf, head, keys};

/// Objects within objects that are followed to the line.
const DEPTH: usize = 4;

type Entries<'j, 'a> = &'j [(Cow<'a, str>, Json<'a>)];

/// Whether the object is a record of Keycloak's own.
pub(super) fn is_record(object: Entries<'_, '_>) -> bool {
    let text = |key: &str| get(object, key).is_some_and(|v| v.text().is_some());
    text("loggerName") || text("log.logger")
}

/// Whether the object is an event as Keycloak's store gives it.
pub(super) fn is_event(object: Entries<'_, '_>) -> bool {
    let has = |key: &str| object.iter().any(|(k, _)| k.eq_ignore_ascii_case(key));
    let shouts = |v: &Json<'_>| v.text().is_some_and(|t| !t.is_empty() && t.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_'));
    let typed = object.iter().any(|(k, v)| k.eq_ignore_ascii_case("type") && shouts(v));
    let admin = has("operationType") || has("operation_type");
    (typed || admin) && (has("realmId") || has("realm_id") || has("details") || has("ipAddress") || has("ip_address") || has("authDetails"))
}

/// Returns the time that a number since the epoch gives, in milliseconds: its size says its unit.
fn epoch(n: f64) -> Option<i64> {
    let ms = match n.abs() {
        n if n < 1e8 => return None,
        n if n < 1e11 => 1000.0,
        n if n < 1e14 => 1.0,
        n if n < 1e17 => 1e-3,
        _ => 1e-6,
    };
    #[allow(clippy::cast_possible_truncation)] // below 1e14 by the table above
    Some((n * ms).floor() as i64)
}

/// Returns the time that a number gives, in milliseconds since the epoch.
pub(super) fn time_of_number(number: &Number) -> Option<i64> {
    epoch(number.as_f64()?)
}

/// Returns the time that a text gives, in milliseconds since the epoch.
pub(super) fn time_of_text(text: &str, stamps: &mut Stamps) -> Option<i64> {
    match stamps.read(text.as_bytes()) {
        Some((Stamp::Zoned(ms), _)) => Some(ms),
        Some((Stamp::Local(ms), len)) if text[len..].trim() == "UTC" => Some(ms),
        Some(_) => None,
        None => epoch(text.parse().ok().filter(|_| text.len() >= 9)?),
    }
}

/// Returns the time that a value gives, in milliseconds since the epoch.
fn time(value: &Json<'_>) -> Option<i64> {
    match value {
        Json::Number(number) => time_of_number(number),
        Json::Text(text) => time_of_text(text, &mut Stamps::default()),
        _ => None,
    }
}

/// Returns the wrapper's time.
pub(super) fn time_of(object: Entries<'_, '_>) -> Option<i64> {
    keys::TIME.iter().find_map(|k| time(get(object, k)?))
}

/// Returns the time that a text gives.
pub(super) fn time_in(text: &str) -> Option<i64> {
    time_of_text(text, &mut Stamps::default())
}

/// Returns the node that the wrapper names.
pub(super) fn node_of(object: Entries<'_, '_>) -> Option<Vec<u8>> {
    let named = keys::NODE.iter().find_map(|k| match get(object, k)? {
        Json::Text(text) if !text.is_empty() => Some(&**text),
        Json::List(list) => list.first()?.text(),
        _ => None,
    });
    named.map(|n| n.strip_prefix('/').unwrap_or(n).as_bytes().to_vec())
}

/// Whether the object says that its line goes on in the next one.
fn goes_on(object: Entries<'_, '_>) -> bool {
    let is = |key: &str, wanted: &str| match get(object, key) {
        Some(Json::Text(text)) => text == wanted,
        Some(Json::Bool(value)) => *value == (wanted == "true") && matches!(wanted, "true" | "false"),
        _ => false,
    };
    let partial = is("partial_message", "true") || is("CONTAINER_PARTIAL_MESSAGE", "true") || is("_partial", "true");
    let last = is("partial_last", "true") || is("CONTAINER_PARTIAL_LAST", "true");
    (partial && !last) || is("_LINE_BREAK", "line-max") || is("logtag", "P") || is("_p", "P")
}

fn stream_of(object: Entries<'_, '_>) -> u8 {
    let name = get(object, "stream").or_else(|| get(object, "source")).and_then(|s| s.text());
    name.map_or(0, |name| stream_named(name.as_bytes()))
}

/// Returns the number of a container's stream; 0 for a name that is none's.
pub(super) fn stream_named(name: &[u8]) -> u8 {
    match name {
        b"stdout" => 1,
        b"stderr" => 2,
        _ => 0,
    }
}

/// Returns what a value holds as text: a string, bytes as numbers (the journal), a list of strings.
fn text_of(value: &Json<'_>) -> Option<Vec<u8>> {
    match value {
        Json::Text(text) => Some(text.as_bytes().to_vec()),
        Json::List(list) => match list.first()? {
            Json::Number(_) => list.iter().map(|n| if let Json::Number(n) = n { u8::try_from(n.as_u64()?).ok() } else { None }).collect(),
            Json::Text(first) => Some(first.as_bytes().to_vec()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an object is wrapped though its own keys are Keycloak's: a shipper lifted them, and added where the line came from.
pub(super) fn is_lifted(object: Entries<'_, '_>) -> bool {
    let has = |key: &str| object.iter().any(|(k, _)| k == key);
    ["kubernetes", "stream", "logtag", "source_type", "docker", "container_name", "_index", "insertId"].into_iter().any(has)
}

/// Finds the line in an object; `own` is the text of the object where it is one line of the source.
fn find(object: Entries<'_, '_>, field: Option<&str>, depth: usize) -> Option<Vec<u8>> {
    if let Some(field) = field
        && let Some(text) = get(object, field).and_then(text_of)
    {
        return Some(text);
    }
    let mut first = None;
    let record = is_record(object);
    // beside Keycloak's own keys only what surely is the untouched line is believed: a message may quote one
    let names = if record { &keys::PAYLOAD[..keys::UNTOUCHED] } else { keys::PAYLOAD };
    for key in names {
        let Some(value) = get(object, key) else { continue };
        if let Some(text) = text_of(value) {
            if head::is(&text) {
                return Some(text);
            }
            first = first.or(Some(text));
        } else if let Json::Object(inner) = value
            && depth < DEPTH
            && !record
        {
            let found = if is_record(inner) || is_event(inner) { Some(line(inner)) } else { find(inner, None, depth + 1) };
            if let Some(found) = found {
                if head::is(&found) {
                    return Some(found);
                }
                first = first.or(Some(found));
            }
        }
    }
    if record || is_event(object) {
        return Some(line(object));
    }
    first
}

/// Reads an object.
pub(super) fn item(object: Entries<'_, '_>, field: Option<&str>) -> Option<Item<'static>> {
    // a hit, a result: the document is inside
    for key in ["_source", "result"] {
        if let Some(Json::Object(inner)) = get(object, key) {
            let found = item(inner, field)?;
            return Some(Item { node: found.node.or_else(|| node_of(object).map(Cow::Owned)), time: found.time.or_else(|| time_of(object)), ..found });
        }
    }
    if field.is_none()
        && let Some(item) = gelf(object)
    {
        return Some(item);
    }
    let mut text = find(object, field, 0)?;
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    let node = node_of(object).map(Cow::Owned);
    Some(Item { node, stream: stream_of(object), time: time_of(object), more: goes_on(object), text: Cow::Owned(text), width: 0 })
}

/// Reads a record that Keycloak sent as GELF, or that Graylog's API found, which puts it under `message`.
fn gelf(object: Entries<'_, '_>) -> Option<Item<'static>> {
    let object = match get(object, "message") {
        Some(Json::Object(inner)) => inner,
        _ => object,
    };
    let own = |node: &str| Cow::Owned(node.as_bytes().to_vec());
    let item = || Item { node: gelf::node(object).map(own), time: gelf::time(object), text: Cow::Owned(gelf::line(object)), ..Item::default() };
    gelf::is_record(object).then(item)
}

/// Parses a line as an object; bytes that are not UTF-8 are replaced.
pub(super) fn parse(text: &[u8]) -> Option<Object<'_>> {
    let text = text.trim_ascii_start();
    // server-sent events and JSON text sequences of journalctl
    let text = text.strip_prefix(b"data: ").or_else(|| text.strip_prefix(b"\x1e")).unwrap_or(text);
    if text.first() != Some(&b'{') {
        return None;
    }
    match serde_json::from_slice(text) {
        Ok(Json::Object(object)) => Some(object),
        _ => None,
    }
}

/// Reads one line as an object.
pub(super) fn from_line(text: &[u8], field: Option<&str>) -> Option<Item<'static>> {
    if let Some(object) = parse(text) {
        // a record of Keycloak's that nothing was added to is bare
        return if is_record(&object) && !is_lifted(&object) { None } else { item(&object, field) };
    }
    if text.first() == Some(&b'{') && std::str::from_utf8(text).is_err() {
        let lossy = String::from_utf8_lossy(text).into_owned();
        return parse(lossy.as_bytes()).and_then(|object| item(&object, field));
    }
    None
}

/// Names what wrote the object.
pub(super) fn kind(object: Entries<'_, '_>) -> Kind {
    let has = |keys: &[&str]| keys.iter().all(|k| get(object, k).is_some());
    let table: &[(Kind, &[&[&str]])] = &[
        (Kind::JournaldJson, &[&["__REALTIME_TIMESTAMP"]]),
        (Kind::Elasticsearch, &[&["_source"], &["_index"]]),
        (Kind::Gcp, &[&["insertId"], &["logName"]]),
        (Kind::Firelens, &[&["container_id", "source", "log"]]),
        (Kind::Vector, &[&["source_type"]]),
        (Kind::SternJson, &[&["podName", "message"], &["pod", "container", "message"]]),
        (Kind::Loki, &[&["labels", "line"], &["stream", "values"]]),
        (Kind::CloudWatch, &[&["logStreamName"], &["ingestionTime"], &["logStream", "logGroup"]]),
        (Kind::Azure, &[&["TimeGenerated"], &["TimeStamp", "Log"], &["LogMessage"]]),
        (Kind::Splunk, &[&["_raw"], &["preview"], &["sourcetype"], &["result"]]),
        (Kind::Gelf, &[&["short_message"], &["LoggerName", "Thread"]]),
        (Kind::Docker, &[&["log", "stream", "time"]]),
        (Kind::FluentBit, &[&["kubernetes"], &["date", "log"], &["logtag"]]),
    ];
    if has(&["kubernetes"]) && has(&["log", "stream", "time"]) {
        return Kind::FluentBit;
    }
    table.iter().find(|(_, alternatives)| alternatives.iter().any(|keys| has(keys))).map_or(Kind::Json, |(kind, _)| *kind)
}
