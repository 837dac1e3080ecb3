//! A finding as an event of the Elastic Common Schema.
//!
//! Input: a finding. Output: a nested object. Names under `keycloak`, `oauth` and `kctriage` are fields of their own, as the schema allows; all others are the
//! schema's. Must not know how it is written.

use std::net::IpAddr;

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{PRODUCT, VERSION, message, own};
use crate::finding::Finding;

/// The version of the schema.
const ECS: &str = "9.4.0";

/// Returns the event.
pub(super) fn event(f: &Finding) -> Value {
    let ip = f.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_string());
    json!({
        "@timestamp": f.time.map(|t| t.to_rfc3339_opts(SecondsFormat::Millis, true)),
        "ecs": {"version": ECS},
        "message": message(f),
        "event": {
            "kind": "event",
            "category": ["authentication"],
            "type": ["start"],
            "outcome": "failure",
            "action": "token-request",
            "code": f.event,
            "reason": f.cause.title(),
            "id": f.id,
            "module": "keycloak",
            "dataset": "keycloak.events",
            "provider": "org.keycloak.events",
        },
        "error": {"code": f.error, "message": f.reason},
        "user": {"id": f.user},
        "source": {"address": f.ip, "ip": ip},
        "service": {"name": "keycloak", "type": "keycloak", "node": {"name": f.node}},
        "log": {"file": {"path": f.source}, "logger": "org.keycloak.events"},
        "rule": {"id": f.cause.slug(), "name": f.cause.title(), "category": f.confidence.slug(), "ruleset": PRODUCT},
        "observer": {"product": PRODUCT, "version": VERSION, "type": "log-analysis"},
        "related": {"ip": [ip], "user": [f.user]},
        "keycloak": {"realm": {"name": f.realm}, "client": {"id": f.client}, "session": {"id": f.session}},
        "oauth": {"grant_type": f.grant},
        PRODUCT: own(f),
    })
}
