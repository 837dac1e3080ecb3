//! What happened to servers, realms and clients, in words.

use super::Run;
use crate::report::model::{Event, Instant, Kind, Prose};
use crate::report::terminal::figure::span;
use crate::tally::incident::{Change, Trigger};

/// Returns something that happened.
pub(super) fn event(run: &Run<'_>, trigger: &Trigger) -> Event {
    let name = |kind, text: Option<&str>| text.map(|t| run.scribe.logged(kind, t));
    Event {
        time: Instant(trigger.time),
        kind: kind(&trigger.what),
        what: words(run, trigger),
        mark: None,
        realm: name(Kind::Realm, trigger.realm.as_deref()),
        client: name(Kind::Client, trigger.client.as_deref()),
        node: name(Kind::Node, trigger.node.as_deref()),
        file: name(Kind::File, trigger.place.as_ref().map(|p| &*p.0)),
        line: trigger.place.as_ref().map(|p| p.1),
        incidents: Vec::new(),
    }
}

fn kind(change: &Change) -> &'static str {
    match change {
        Change::ServerStarted { .. } => "server-started",
        Change::ServerStopped => "server-stopped",
        Change::NodeJoined => "node-joined",
        Change::NodeLeft => "node-left",
        Change::SecretRegenerated => "secret-regenerated",
        Change::ClientUpdated => "client-updated",
        Change::RealmUpdated => "realm-updated",
        Change::SessionsEnded => "sessions-ended",
        Change::NotBeforePushed => "not-before-pushed",
        Change::ClockJumped { .. } => "clock-jumped",
        Change::DatabaseTrouble => "database-trouble",
        Change::AddressesChanged => "addresses-changed",
    }
}

/// Says what happened, without the time.
fn words(run: &Run<'_>, trigger: &Trigger) -> Prose {
    let say = |text: &'static str| Prose::new().say(text);
    let client = || match &trigger.client {
        Some(client) => Prose::new().name(&run.scribe.logged(Kind::Client, client)),
        None => "a client".into(),
    };
    let realm = || match &trigger.realm {
        Some(realm) => Prose::new().say("realm ").name(&run.scribe.logged(Kind::Realm, realm)),
        None => "a realm".into(),
    };
    let node = match &trigger.node {
        // the place stands beside it: a node that has the name of its file is not named twice
        Some(node) if run.account.nodes.len() > 1 && trigger.place.as_ref().is_none_or(|p| p.0 != *node) => {
            Prose::new().say(" (").name(&run.scribe.logged(Kind::Node, node)).say(")")
        }
        _ => Prose::new(),
    };
    let version = |v: &str| run.scribe.logged(Kind::Text, v);
    match &trigger.what {
        Change::ServerStarted { version: Some(now), before: Some(before) } => {
            say("the server started with another version, ").name(&version(before)).say(" before and ").name(&version(now)).say(" now").then(node)
        }
        Change::ServerStarted { version: Some(now), .. } => say("the server started (Keycloak ").name(&version(now)).say(")").then(node),
        Change::ServerStarted { .. } => say("the server started").then(node),
        Change::ServerStopped => say("the server stopped").then(node),
        Change::NodeJoined => say("a node joined the cluster").then(node),
        Change::NodeLeft => say("a node left the cluster").then(node),
        Change::SecretRegenerated => say("an administrator regenerated the secret of ").then(client()),
        // by an administrator, or by itself (RFC 7592)
        Change::ClientUpdated => say("the settings of ").then(client()).say(" were changed"),
        Change::RealmUpdated => say("an administrator changed the settings of ").then(realm()),
        Change::SessionsEnded => say("an administrator ended sessions or revoked tokens"),
        Change::NotBeforePushed => say("an administrator pushed a not-before: older tokens are refused"),
        Change::ClockJumped { by_ms } if *by_ms < 0 => say("the server's clock jumped back by ").say(span(*by_ms)).then(node),
        Change::ClockJumped { by_ms } => say("the server's clock jumped ahead by ").say(span(*by_ms)).then(node),
        Change::DatabaseTrouble => say("the server had trouble with its database").then(node),
        Change::AddressesChanged => say("requests of ").then(client()).say(" began to come from other addresses, as after a deployment"),
    }
}
