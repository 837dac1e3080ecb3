//! An alert as one JSON object: a line on standard output or in a file, the input of a command, the body of a webhook.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{iso, next, summary};
use crate::alert::{Alert, Measure, Severity, State};
use crate::finding::SCHEMA;
use crate::report::escape::{Untrusted, json};
use crate::report::why::change;

/// Columns of a name.
const NAME: usize = 256;

/// A line: the key tells it from a finding.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    alert: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    state: State,
    rule: String,
    severity: Severity,
    summary: String,
    measure: &'static str,
    over: Option<u64>,
    window_seconds: Option<i64>,
    group: BTreeMap<&'static str, Option<String>>,
    since: String,
    at: String,
    until: Option<String>,
    count: u64,
    usual: Option<f64>,
    causes: Vec<Share>,
    clients: Vec<String>,
    more_clients: bool,
    corrected: bool,
    trigger: Option<Trigger>,
    finding: Option<&'a str>,
    description: Option<String>,
    runbook: Option<String>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Share {
    cause: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct Trigger {
    time: String,
    what: String,
    node: Option<String>,
}

fn shown(text: &str) -> String {
    Untrusted::new(text).terminal(NAME)
}

/// Returns an alert as one line of JSON, with its line feed.
#[must_use]
pub fn ndjson(alert: &Alert) -> Vec<u8> {
    let (measure, over, window_ms) = match alert.measure {
        Measure::Rate { over, window_ms } => ("rate", Some(over), Some(window_ms)),
        Measure::Clients { over, window_ms } => ("clients", Some(over), Some(window_ms)),
        Measure::New => ("new", None, None),
        Measure::Unusual => ("unusual", None, Some(300_000)),
        Measure::SecretRotated => ("secret-rotated", None, None),
        Measure::ClockJumped => ("clock-jumped", None, None),
    };
    let body = Body {
        id: &alert.id,
        state: alert.state,
        rule: shown(&alert.rule),
        severity: alert.severity,
        summary: summary(alert, &shown),
        measure,
        over,
        window_seconds: window_ms.map(|ms| ms / 1000),
        group: alert.group.iter().map(|(field, value)| (field.slug(), value.as_deref().map(shown))).collect(),
        since: iso(alert.since),
        at: iso(alert.at),
        until: alert.until.map(iso),
        count: alert.count,
        usual: alert.usual.map(|u| (u * 100.0).round() / 100.0),
        causes: alert.causes.iter().map(|(cause, count)| Share { cause: cause.slug(), count: *count }).collect(),
        clients: alert.clients.iter().map(|c| shown(c)).collect(),
        more_clients: alert.more_clients,
        corrected: alert.corrected,
        trigger: alert.trigger.as_ref().map(|t| Trigger { time: iso(t.time), what: shown(&change(&t.what)), node: t.node.as_deref().map(shown) }),
        finding: alert.sample.as_ref().map(|f| f.id.as_str()),
        description: alert.description.as_deref().map(shown),
        runbook: alert.runbook.as_deref().map(shown),
        next: next(alert),
    };
    let mut out = Vec::new();
    // a vector takes everything
    let _ = json::write(&Line { schema: SCHEMA, alert: body }, 0, &mut out);
    out.push(b'\n');
    out
}
