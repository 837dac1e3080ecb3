//! The server processes, and what happened to them.

use serde::Serialize;

use super::instant;
use crate::tally::Outcome;
use crate::triage::view::{Node, Trigger, TriggerKind};

/// One server process.
#[derive(Serialize)]
pub(super) struct NodeEntry<'a> {
    name: &'a str,
    versions: Vec<Version<'a>>,
    shows: Shows,
    stopped: Option<String>,
}

/// A version, and since when it ran.
#[derive(Serialize)]
struct Version<'a> {
    since: Option<String>,
    version: &'a str,
}

/// What a node's log shows.
#[derive(Serialize)]
struct Shows {
    events: bool,
    success_events: bool,
    code_exchanges: bool,
    client_authentication: bool,
    start: bool,
}

/// Something that may have triggered failures.
#[derive(Serialize)]
pub(super) struct TriggerEntry<'a> {
    time: Option<String>,
    kind: &'static str,
    node: Option<&'a str>,
    realm: Option<&'a str>,
    version: Option<&'a str>,
    source: Option<&'a str>,
    line: u64,
}

/// Returns what a node's log shows.
pub(super) fn node(node: &Node) -> NodeEntry<'_> {
    NodeEntry {
        name: &node.name,
        versions: node.versions.iter().map(|(t, version)| Version { since: instant(*t), version }).collect(),
        shows: Shows {
            events: node.events,
            success_events: node.successes,
            code_exchanges: node.exchanges,
            client_authentication: node.authentication,
            start: node.from_start,
        },
        stopped: node.stopped.and_then(instant),
    }
}

/// Returns something that may have triggered failures.
pub(super) fn trigger<'a>(trigger: &'a Trigger, outcome: &'a Outcome) -> TriggerEntry<'a> {
    let (kind, realm, version) = match &trigger.what {
        TriggerKind::Started(version) => ("started", None, version.as_deref()),
        TriggerKind::Stopped => ("stopped", None, None),
        TriggerKind::Joined => ("node-joined", None, None),
        TriggerKind::Left => ("node-left", None, None),
        TriggerKind::Secret(_) => ("secret-regenerated", None, None),
        TriggerKind::Client(_) => ("client-changed", None, None),
        TriggerKind::Realm(realm) => ("realm-changed", realm.as_deref(), None),
        TriggerKind::Revoked => ("sessions-revoked", None, None),
    };
    TriggerEntry {
        time: instant(trigger.time),
        kind,
        node: outcome.view.nodes.get(trigger.node as usize).map(|n| n.name.as_str()),
        realm,
        version,
        source: outcome.sources.get(trigger.at.source as usize).map(|s| s.name.as_str()),
        line: trigger.at.line,
    }
}
