//! Server starts, administrators' changes and the like, in the form that listeners read.
//!
//! Input: the view's triggers. Output: the tally's.

use std::sync::Arc;

use super::super::fold::Fold;
use super::super::joins::Joins;
use crate::names::Key;
use crate::tally::incident::{Change, Trigger};
use crate::triage::view::{self, TriggerKind};

/// Returns a trigger with its names.
pub(super) fn named(trigger: &view::Trigger, joins: &Joins, fold: &Fold) -> Trigger {
    let node = fold.view.nodes.get(trigger.node as usize);
    let client = |uuid: u64| fold.clients.uuids.get(&Key::from(uuid)).map(|c| Arc::from(&*joins.names.text(*c)));
    let (what, realm, client) = match &trigger.what {
        TriggerKind::Started(version) => (Change::ServerStarted { version: version.clone(), before: before(trigger, node) }, None, None),
        TriggerKind::Stopped => (Change::ServerStopped, None, None),
        TriggerKind::Joined => (Change::NodeJoined, None, None),
        TriggerKind::Left => (Change::NodeLeft, None, None),
        TriggerKind::Secret(uuid) => (Change::SecretRegenerated, None, client(*uuid)),
        TriggerKind::Client(uuid) => (Change::ClientUpdated, None, client(*uuid)),
        TriggerKind::Realm(name) => (Change::RealmUpdated, name.as_deref().map(Arc::from), None),
        TriggerKind::Revoked => (Change::SessionsEnded, None, None),
        TriggerKind::NotBefore(uuid) => (Change::NotBeforePushed, None, uuid.and_then(client)),
        TriggerKind::Database => (Change::DatabaseTrouble, None, None),
        TriggerKind::ClockSetBack(by_ms) => (Change::ClockJumped { by_ms: -by_ms }, None, None),
    };
    let place = joins.sources.get(trigger.at.source as usize).map(|s| (Arc::from(s.name.as_str()), trigger.at.line.get()));
    Trigger { time: trigger.time, what, realm, client, node: node.map(|n| Arc::from(n.name.as_str())), place }
}

/// The version that a node ran before it started with another.
fn before(trigger: &view::Trigger, node: Option<&view::Node>) -> Option<String> {
    let TriggerKind::Started(Some(now)) = &trigger.what else { return None };
    let versions = &node?.versions;
    let earlier = versions.iter().rfind(|(t, _)| *t < trigger.time)?;
    (earlier.1 != *now).then(|| earlier.1.clone())
}
