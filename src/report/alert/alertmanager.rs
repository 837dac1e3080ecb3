//! The body of `POST /api/v2/alerts` of Prometheus' Alertmanager.
//!
//! What has the same labels is the same alert to it, so the id is an annotation. As it expects of Prometheus, an alert that goes on is sent again every
//! [`RESEND_MS`], and is over by itself [`VALID_MS`] after the last time.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{iso, next, summary};
use crate::alert::Alert;
use crate::report::escape::Untrusted;

/// How often an alert that goes on is sent again: Prometheus' default.
pub const RESEND_MS: i64 = 60_000;

/// How long one that goes on counts after it was sent: four times as long, as Prometheus has it.
pub const VALID_MS: i64 = 4 * RESEND_MS;

/// Columns of a label's value.
const LABEL: usize = 256;

/// Columns of an annotation.
const TEXT: usize = 1000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

/// Returns the body for some alerts; `now` is the clock in milliseconds since the epoch. No time lies ahead of it but the end of what goes on: a log's times may.
#[must_use]
pub fn alertmanager<'a>(alerts: impl IntoIterator<Item = &'a Alert>, now: i64) -> Vec<u8> {
    let entries: Vec<Entry> = alerts.into_iter().map(|a| entry(a, now)).collect();
    // strings and maps of strings cannot fail
    serde_json::to_vec(&entries).unwrap_or_default()
}

fn entry(alert: &Alert, now: i64) -> Entry {
    let label = |text: &str| Untrusted::new(text).terminal(LABEL);
    let text = |text: &str| Untrusted::new(text).terminal(TEXT);
    let mut labels = BTreeMap::from([("alertname", label(&alert.rule)), ("severity", alert.severity.slug().to_owned()), ("service", "kctriage".to_owned())]);
    labels.extend(alert.group.iter().filter_map(|(field, value)| value.as_deref().map(|v| (field.slug(), label(v)))));
    // a label without a value is no label to it
    labels.retain(|_, value| !value.is_empty());
    let mut annotations = BTreeMap::from([("summary", summary(alert, &label)), ("kctriage_id", alert.id.clone())]);
    annotations.extend(alert.description.as_deref().map(|d| ("description", text(d))));
    annotations.extend(alert.runbook.as_deref().map(|r| ("runbook_url", text(r))));
    annotations.extend(next(alert).map(|n| ("next", n)));
    let starts = alert.since.min(now);
    let ends = alert.until.map_or(now + VALID_MS, |until| until.min(now).max(starts));
    Entry { labels, annotations, starts_at: iso(starts), ends_at: iso(ends), generator_url: alert.runbook.as_deref().map(text) }
}
