//! Alerts as text for people and as JSON for programs.
//!
//! Input: [`Alert`]s. Output: a line, or a body for one of the receivers. All text of the log, and of the rules, passes [`escape`](super::escape) for where it
//! goes. Must not decide who is told, nor when.

mod alertmanager;
mod ndjson;
mod slack;

use super::terminal::moment::Moments;
use super::why;
use crate::alert::{Alert, Field, Measure, State};
use crate::cause::Cause;
use crate::triage::verdict;

pub use alertmanager::{RESEND_MS, VALID_MS, alertmanager};
pub use ndjson::ndjson;
pub use slack::slack;

/// Clients that a sentence names.
const NAMED: usize = 3;

/// Returns what is wrong in a few words, whose it is first: `web-portal: code reused, 21 failures in 5 min (limit 20)`. `name` makes a text of the log or of a
/// rule inert where the words go.
#[must_use]
pub fn summary(alert: &Alert, name: &dyn Fn(&str) -> String) -> String {
    let whose = whose(alert, name);
    let cause = alert.cause().map(Cause::title);
    let count = plural(alert.count, "failure");
    let over = alert.state == State::Resolved;
    let what = match (alert.measure, over) {
        (Measure::Rate { .. } | Measure::Clients { .. } | Measure::Unusual, true) => count,
        (Measure::Rate { over, window_ms }, false) => format!("{count} in {} (limit {over})", verdict::span(window_ms).replace(".0 ", " ")),
        (Measure::Clients { over, window_ms }, false) => {
            let n = if alert.more_clients { format!("more than {}", alert.clients.len()) } else { alert.clients.len().to_string() };
            format!("{n} clients in {} (limit {over}), {count}", verdict::span(window_ms).replace(".0 ", " "))
        }
        (Measure::Unusual, false) => {
            let usual = alert.usual.map(|u| format!(" (usual {})", few(u))).unwrap_or_default();
            format!("{count} in 5 min{usual}")
        }
        (Measure::New, _) => format!("never before, {count}"),
        (Measure::SecretRotated, _) => {
            let trigger = alert.trigger.as_ref().map(|t| format!(" since {}", iso(t.time))).unwrap_or_default();
            format!("it uses its old secret{trigger}, {count}")
        }
        (Measure::ClockJumped, _) => alert.trigger.as_ref().map(|t| why::change(&t.what)).unwrap_or_default(),
    };
    let parts: Vec<String> = cause.map(str::to_owned).into_iter().chain([what]).filter(|p| !p.is_empty()).collect();
    let corrected = if alert.corrected { " (later lines changed the verdicts)" } else { "" };
    format!("{whose}: {}{corrected}", parts.join(", "))
}

/// Returns whom it is about: the client of the group, else the clients of its failures, and the node where that is what they have in common.
fn whose(alert: &Alert, name: &dyn Fn(&str) -> String) -> String {
    let mut parts = Vec::new();
    match alert.of(Field::Client) {
        Some(client) => parts.push(name(client)),
        None if alert.clients.is_empty() => {}
        None => {
            let more = alert.more_clients || alert.clients.len() > NAMED;
            let names: Vec<String> = alert.clients.iter().take(NAMED).map(|c| name(c)).collect();
            parts.push(names.join(", ") + if more { " and others" } else { "" });
        }
    }
    if let Some(node) = alert.of(Field::Node) {
        parts.push(format!("node {}", name(node)));
    }
    if parts.is_empty()
        && let Some(realm) = alert.of(Field::Realm)
    {
        parts.push(format!("realm {}", name(realm)));
    }
    if parts.is_empty() { "all clients".to_owned() } else { parts.join(", ") }
}

/// `1 failure`, `21 failures`
fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// A number of failures of which little need be known: `0.2`, `13`.
fn few(n: f64) -> String {
    if n < 0.05 {
        "hardly any".to_owned()
    } else if n < 10.0 {
        format!("{n:.1}")
    } else {
        format!("{n:.0}")
    }
}

/// `2026-11-23T14:48:22Z`
fn iso(ms: i64) -> String {
    Moments::typed(ms).unwrap_or_default()
}

/// Returns the command that says more, where there is a cause.
fn next(alert: &Alert) -> Option<String> {
    alert.cause().map(|cause| format!("kctriage explain {cause}"))
}

#[cfg(test)]
mod tests;
