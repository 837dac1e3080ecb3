//! A finding as an event of the Open Cybersecurity Schema Framework: class Authentication (3002), status Failure.
//!
//! Input: a finding. Output: a nested object; what the class has no attribute for stands under `unmapped`. Must not know how it is written.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{PRODUCT, VERSION, message, own};
use crate::cause::Cause;
use crate::finding::Finding;

/// The version of the schema.
const OCSF: &str = "1.8.0";

/// Identity and Access Management.
const CATEGORY: u64 = 3;

/// Authentication.
const CLASS: u64 = 3002;

/// Something that the class has no number for.
const OTHER: u64 = 99;

/// Returns the event.
pub(super) fn event(f: &Finding) -> Value {
    let (activity, activity_name) = activity(f.grant.as_deref());
    let (severity, severity_name) = severity(f.cause);
    let mut unmapped = own(f);
    unmapped["realm"] = json!(f.realm);
    unmapped["client"] = json!(f.client);
    unmapped["grant"] = json!(f.grant);
    unmapped["reason"] = json!(f.reason);
    json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": CATEGORY,
        "category_name": "Identity & Access Management",
        "class_uid": CLASS,
        "class_name": "Authentication",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Authentication: {activity_name}"),
        "time": f.time.map(|t| t.timestamp_millis()),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": 2,
        "status": "Failure",
        "status_code": f.error,
        "status_detail": f.cause.title(),
        "message": message(f),
        "auth_protocol_id": 6,
        "auth_protocol": "OAUTH 2.0",
        "is_remote": true,
        "metadata": {
            "version": OCSF,
            "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": VERSION},
            "uid": f.id,
            "event_code": f.event,
            "log_name": "org.keycloak.events",
            "log_provider": "Keycloak",
        },
        "user": user(f),
        "session": {"uid": f.session},
        "src_endpoint": endpoint(f.ip.as_deref()),
        "dst_endpoint": {"name": f.node, "svc_name": "keycloak"},
        "service": {"name": f.client.as_deref().unwrap_or("keycloak")},
        "unmapped": unmapped,
    })
}

/// Returns what was asked for: a session's first tokens are a logon, what later requests ask for has no number of its own.
fn activity(grant: Option<&str>) -> (u64, &'static str) {
    match grant {
        Some("refresh_token") => (OTHER, "Token Refresh"),
        Some("urn:ietf:params:oauth:grant-type:token-exchange") => (OTHER, "Token Exchange"),
        _ => (1, "Logon"),
    }
}

/// Returns how bad it is. A code that comes twice or with another verifier can be a stolen one, and a wrong secret a guess; the others are everyday failures.
fn severity(cause: Cause) -> (u64, &'static str) {
    match cause {
        Cause::CodeReused | Cause::PkceMismatch | Cause::WrongClientSecret | Cause::CodeOfOtherClient => (3, "Medium"),
        Cause::UserCredentials | Cause::CodeExpired => (1, "Informational"),
        _ => (2, "Low"),
    }
}

/// Returns who asked: the class wants somebody to be named.
fn user(f: &Finding) -> Value {
    match (&f.user, &f.client) {
        (Some(user), _) => json!({"uid": user, "type_id": 1, "type": "User"}),
        (None, Some(client)) if f.grant.as_deref() == Some("client_credentials") => json!({"uid": client, "type_id": 3, "type": "System"}),
        (None, _) => json!({"name": "unknown", "type_id": 0, "type": "Unknown"}),
    }
}

/// Returns where the request came from.
fn endpoint(address: Option<&str>) -> Value {
    match address.map(str::parse::<IpAddr>) {
        Some(Ok(ip)) => json!({"ip": ip.to_string()}),
        Some(Err(_)) => json!({"name": address}),
        None => Value::Null,
    }
}
