//! The object around the rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::account::{Account, SourceEntry, sources};
use super::instant;
use super::node::{NodeEntry, TriggerEntry, node, trigger};
use super::row::{Row, rows};
use crate::cause::Cause;
use crate::finding::SCHEMA;
use crate::report::escape::Untrusted;
use crate::tally::Outcome;

/// The whole: the contract's keys first.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    schema: u32,
    window_seconds: serde_json::Number,
    first: Option<String>,
    last: Option<String>,
    findings: u64,
    records: u64,
    rows: Vec<Row>,
    books: Account,
    sources: Vec<SourceEntry<'a>>,
    nodes: Vec<NodeEntry<'a>>,
    triggers: Vec<TriggerEntry<'a>>,
    lacks: BTreeMap<&'static str, u64>,
    access: AccessBlock,
    suspects: Vec<SuspectEntry>,
    relayed: Relayed,
    problems: Vec<String>,
    assumed: Assumed,
}

/// Token requests that access logs show.
#[derive(Serialize)]
struct AccessBlock {
    own: bool,
    realms: Vec<RealmRequests>,
    unjoined: u64,
}

#[derive(Serialize)]
struct RealmRequests {
    realm: Option<String>,
    successes: u64,
    failures: u64,
    waiting: u64,
}

#[derive(Serialize)]
struct SuspectEntry {
    time: Option<String>,
    source: String,
    line: u64,
    event: String,
    ip: Option<String>,
    why: String,
}

/// Answers that logs other than Keycloak's quote: no findings.
#[derive(Serialize)]
struct Relayed {
    count: u64,
    answers: Vec<AnswerEntry>,
}

#[derive(Serialize)]
struct AnswerEntry {
    time: Option<String>,
    source: String,
    line: u64,
    message: &'static str,
    candidates: Vec<Cause>,
    trust: &'static str,
}

/// What was assumed because the log does not say it.
#[derive(Serialize)]
struct Assumed {
    zone: bool,
    dates: Vec<DateEntry>,
}

#[derive(Serialize)]
struct DateEntry {
    node: String,
    date: String,
    why: &'static str,
}

/// Puts an outcome into the contract's form.
pub(super) fn page(outcome: &Outcome, clients: usize) -> Page<'_> {
    let (rows, capped) = rows(&outcome.tally, clients);
    let mut books = Account::of(&outcome.books);
    if capped {
        books.caps_hit.insert("clients".to_owned());
    }
    Page {
        schema: SCHEMA,
        window_seconds: seconds(outcome.tally.window_ms),
        first: outcome.span.and_then(|s| instant(s.0)),
        last: outcome.span.and_then(|s| instant(s.1)),
        findings: outcome.tally.findings(),
        records: outcome.books.records,
        rows,
        books,
        sources: sources(outcome),
        nodes: outcome.view.nodes.iter().filter(|n| n.seen).map(node).collect(),
        triggers: outcome.view.triggers.iter().map(|t| trigger(t, outcome)).collect(),
        lacks: outcome.lacks.iter().map(|(lack, count)| (super::lack(*lack), *count)).collect(),
        access: access(outcome),
        suspects: suspects(outcome),
        relayed: relayed(outcome),
        problems: outcome.problems.iter().map(ToString::to_string).collect(),
        assumed: Assumed {
            zone: outcome.zone_assumed,
            dates: outcome.assumed_dates.iter().map(|(node, date, why)| DateEntry { node: node.clone(), date: date.to_string(), why }).collect(),
        },
    }
}

/// Returns a window's length as a whole number where it is one.
fn seconds(ms: i64) -> serde_json::Number {
    #[allow(clippy::cast_precision_loss)] // a part of a second, of some days at most
    let fraction = || serde_json::Number::from_f64(ms as f64 / 1000.0);
    if ms % 1000 == 0 { (ms / 1000).into() } else { fraction().unwrap_or_else(|| (ms / 1000).into()) }
}

fn access(outcome: &Outcome) -> AccessBlock {
    let mask = |text: &String| Untrusted::new(text).masked().into_owned();
    let realms = outcome.access.realms.iter().map(|(realm, r)| RealmRequests {
        realm: realm.as_ref().map(mask),
        successes: r.successes,
        failures: r.failures,
        waiting: r.waiting,
    });
    AccessBlock { own: outcome.access.own, realms: realms.collect(), unjoined: outcome.access.unjoined }
}

fn suspects(outcome: &Outcome) -> Vec<SuspectEntry> {
    let mask = |text: &str| Untrusted::new(text).masked().into_owned();
    outcome
        .suspects
        .iter()
        .map(|(source, s)| SuspectEntry {
            time: s.time.and_then(instant),
            source: source.clone(),
            line: s.at.line,
            event: mask(&s.event),
            ip: s.ip.as_deref().map(mask),
            why: mask(&s.why),
        })
        .collect()
}

fn relayed(outcome: &Outcome) -> Relayed {
    let answers = outcome
        .quoted
        .iter()
        .map(|q| AnswerEntry {
            time: q.time.and_then(|t| instant(t.timestamp_millis())),
            source: q.source.clone(),
            line: q.line,
            message: q.answer().message,
            candidates: q.answer().candidates.to_vec(),
            trust: "relayed",
        })
        .collect();
    Relayed { count: outcome.quoted_count, answers }
}
