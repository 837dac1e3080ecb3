//! Access logs that are JSON, by the names that nginx, Traefik, Envoy and Caddy are configured with.
//!
//! Input: a line that is a JSON object. Output: what [`super::read`] returns. Must not take a server log's record for an access line: a status and a
//! request must be there.

use serde_json::{Map, Value};

use super::{Entry, Parts, number, request_line, status, time};
use crate::record::Stamp;

const ADDRESS: [&str; 11] = [
    "remote_addr",
    "ClientHost",
    "client_ip",
    "remote_ip",
    "downstream_remote_address",
    "downstream_direct_remote_address",
    "remote_host",
    "remoteAddr",
    "clientip",
    "ClientAddr",
    "client",
];
const METHOD: [&str; 5] = ["request_method", "RequestMethod", "method", "http_method", "verb"];
const PATH: [&str; 7] = ["request_uri", "RequestPath", "uri", "path", "x_envoy_original_path", "request_path", "url"];
const STATUS: [&str; 5] = ["status", "DownstreamStatus", "response_code", "status_code", "response_status"];
const TIME: [&str; 8] = ["time_iso8601", "time_local", "@timestamp", "timestamp", "start_time", "StartUTC", "time", "ts"];

/// Sizes of a body alone; nginx's own `bytes_sent` holds the headers, Envoy's does not.
const BYTES: [&str; 5] = ["body_bytes_sent", "DownstreamContentSize", "size", "response_body_bytes", "body_bytes"];

pub fn read(line: &[u8]) -> Option<Entry> {
    let object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    // Caddy keeps what was asked for in an object of its own
    let inner = object.get("request").and_then(Value::as_object);
    let text = |names: &[&str]| -> Option<String> {
        let found = names.iter().find_map(|n| object.get(*n).or_else(|| inner?.get(*n)))?;
        match found {
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        }
    };
    let status = status(text(&STATUS)?.as_bytes())?;
    let whole = object.get("request").or_else(|| object.get("request_line")).and_then(Value::as_str).map(|r| format!("{r}\""));
    let (method, path) = match whole.as_deref().and_then(|r| request_line(r.as_bytes())) {
        Some((method, path, _)) => (method.to_vec(), path.to_vec()),
        None => (text(&METHOD)?.into_bytes(), text(&PATH)?.into_bytes()),
    };
    let envoy = object.contains_key("response_code").then_some("bytes_sent");
    let bytes = text(&BYTES).or_else(|| text(&[envoy?])).and_then(|b| number(b.as_bytes()));
    let address = text(&ADDRESS);
    let at = TIME.iter().find_map(|n| text(&[n]).map(|t| time::read(t.as_bytes())).filter(|at| *at != Stamp::Unknown)).unwrap_or_default();
    let parts = Parts { at, address: address.as_deref().map(str::as_bytes), method: &method, path: &path, status: Some(status), bytes };
    Some(parts.entry(line))
}
