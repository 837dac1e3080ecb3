//! The server processes, and what happened to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::instant;
use super::read::{ReadError, time};
use crate::report::escape::Untrusted;
use crate::tally::account::NodeAccount;
use crate::tally::incident::{Change, Trigger};

/// One server process.
#[derive(Serialize, Deserialize)]
pub(super) struct NodeEntry {
    name: String,
    versions: Vec<Version>,
    shows: Shows,
    stopped: Option<String>,
    #[serde(default)]
    first: Option<String>,
    #[serde(default)]
    last: Option<String>,
}

/// A version, and since when it ran.
#[derive(Serialize, Deserialize)]
struct Version {
    since: Option<String>,
    version: String,
}

/// What a node's log shows.
#[derive(Serialize, Deserialize)]
struct Shows {
    events: bool,
    success_events: bool,
    code_exchanges: bool,
    client_authentication: bool,
    start: bool,
    #[serde(default)]
    access_log: bool,
    #[serde(default)]
    event_store: bool,
}

/// Something that may have triggered failures.
#[derive(Serialize, Deserialize)]
pub(super) struct TriggerEntry {
    time: String,
    kind: String,
    node: Option<String>,
    realm: Option<String>,
    version: Option<String>,
    source: Option<String>,
    #[serde(default)]
    line: u64,
    #[serde(default)]
    client: Option<String>,
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    by_ms: Option<i64>,
}

/// Returns what the nodes' logs show.
pub(super) fn entries(nodes: &BTreeMap<String, NodeAccount>) -> Vec<NodeEntry> {
    let entry = |(name, n): (&String, &NodeAccount)| NodeEntry {
        name: name.clone(),
        versions: n.versions.iter().map(|(t, version)| Version { since: instant(*t), version: version.clone() }).collect(),
        shows: Shows {
            events: n.events,
            success_events: n.successes,
            code_exchanges: n.exchanges,
            client_authentication: n.authentication,
            start: n.from_start,
            access_log: n.access_log,
            event_store: n.stored,
        },
        stopped: n.stopped.and_then(instant),
        first: n.span.and_then(|s| instant(s.0)),
        last: n.span.and_then(|s| instant(s.1)),
    };
    nodes.iter().map(entry).collect()
}

/// Returns the nodes again.
pub(super) fn nodes(entries: Vec<NodeEntry>) -> Result<BTreeMap<String, NodeAccount>, ReadError> {
    let mut nodes: BTreeMap<String, NodeAccount> = BTreeMap::new();
    for n in entries {
        let version = |v: Version| Some(Ok((time(&v.since?), v.version)));
        let versions = n.versions.into_iter().filter_map(version).map(|v: Result<_, ReadError>| v.and_then(|(t, v)| Ok((t?, v)))).collect::<Result<_, _>>()?;
        let account = NodeAccount {
            versions,
            span: match (n.first, n.last) {
                (Some(first), Some(last)) => Some((time(&first)?, time(&last)?)),
                _ => None,
            },
            events: n.shows.events,
            successes: n.shows.success_events,
            exchanges: n.shows.code_exchanges,
            authentication: n.shows.client_authentication,
            access_log: n.shows.access_log,
            from_start: n.shows.start,
            stopped: n.stopped.as_deref().map(time).transpose()?,
            stored: n.shows.event_store,
        };
        nodes.entry(n.name).and_modify(|known| known.merge(&account)).or_insert(account);
    }
    Ok(nodes)
}

/// Returns something that may have triggered failures; `None` for a time that no calendar has.
pub(super) fn trigger(trigger: &Trigger) -> Option<TriggerEntry> {
    let mask = |text: &Option<Arc<str>>| text.as_deref().map(|t| Untrusted::new(t).masked().into_owned());
    let told = serde_json::to_value(&trigger.what).ok()?;
    let word = |key: &str| told.get(key).and_then(Value::as_str).map(String::from);
    Some(TriggerEntry {
        time: instant(trigger.time)?,
        kind: word("kind")?,
        node: trigger.node.as_deref().map(String::from),
        realm: mask(&trigger.realm),
        version: word("version"),
        source: trigger.place.as_ref().map(|(source, _)| source.to_string()),
        line: trigger.place.as_ref().map_or(0, |(_, line)| *line),
        client: mask(&trigger.client),
        before: word("before"),
        by_ms: told.get("by_ms").and_then(Value::as_i64),
    })
}

/// Returns the trigger again.
pub(super) fn of_entry(entry: TriggerEntry) -> Result<Trigger, ReadError> {
    let TriggerEntry { time: at, kind, node, realm, version, source, line, client, before, by_ms } = entry;
    let text = |text: Option<String>| text.map(Arc::from);
    let unknown = ReadError::Value(format!("{kind:?} is no kind of trigger"));
    let what: Change = serde_json::from_value(json!({"kind": kind, "version": version, "before": before, "by_ms": by_ms})).map_err(|_| unknown)?;
    Ok(Trigger { time: time(&at)?, what, realm: text(realm), client: text(client), node: text(node), place: text(source).map(|s| (s, line)) })
}
