//! A row of the tally.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{instant, window};
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};
use crate::report::escape::Untrusted;
use crate::report::ndjson::masked;
use crate::tally::{Cell, Delays, Distinct, Key, Tally};

/// A row: the contract's keys first.
#[derive(Serialize)]
pub(super) struct Row {
    window: Option<String>,
    realm: Option<String>,
    client: Option<String>,
    cause: Cause,
    confidence: Confidence,
    count: u64,
    number: Option<u8>,
    details: BTreeMap<Detail, u64>,
    others: BTreeMap<Cause, u64>,
    first: Option<String>,
    last: Option<String>,
    delays: Histogram,
    addresses: Sketch,
    users: Sketch,
    samples: Vec<Finding>,
}

/// Delays from login to failure.
#[derive(Serialize)]
struct Histogram {
    min_ms: Option<i64>,
    max_ms: Option<i64>,
    /// Counts by the exponent of two that the delay in milliseconds stays below.
    below_2_to_the: BTreeMap<u8, u64>,
}

impl Histogram {
    fn of(delays: &Delays) -> Self {
        Histogram { min_ms: delays.min, max_ms: delays.max, below_2_to_the: delays.buckets.clone() }
    }
}

/// How many distinct values there were, and what merges.
#[derive(Serialize)]
struct Sketch {
    count: u64,
    estimated: bool,
    /// The smallest hashes, in hexadecimal.
    hashes: Vec<String>,
}

impl Sketch {
    fn of(distinct: &Distinct) -> Self {
        let (count, exact) = distinct.count();
        let hashes = match serde_json::to_value(distinct) {
            Ok(serde_json::Value::Array(values)) => values.iter().filter_map(serde_json::Value::as_u64).map(|h| format!("{h:016x}")).collect(),
            _ => Vec::new(),
        };
        Sketch { count, estimated: !exact, hashes }
    }
}

/// Returns the rows of a tally in their order, and whether clients were added up.
pub(super) fn rows(tally: &Tally, clients: usize) -> (Vec<Row>, bool) {
    let (cells, capped) = clean(tally).rows(clients);
    let rows = cells
        .into_iter()
        .map(|(key, cell)| Row {
            window: key.window.and_then(window),
            realm: key.realm.as_deref().map(String::from),
            client: key.client.as_deref().map(String::from),
            cause: key.cause,
            confidence: key.confidence,
            count: cell.count,
            number: key.cause.number(),
            first: cell.first.and_then(instant),
            last: cell.last.and_then(instant),
            delays: Histogram::of(&cell.delays),
            addresses: Sketch::of(&cell.addresses),
            users: Sketch::of(&cell.users),
            samples: cell.samples.iter().map(|f| masked(f).into_owned()).collect(),
            details: cell.details,
            others: cell.others,
        })
        .collect();
    (rows, capped)
}

/// Returns the tally with secrets in names masked; clients whose names become the same are added up, so that no key comes twice.
fn clean(tally: &Tally) -> Cow<'_, Tally> {
    let mask = |name: &Option<Arc<str>>| match name.as_deref().map(|n| Untrusted::new(n).masked()) {
        Some(Cow::Owned(clean)) => Some(Arc::from(clean)),
        _ => None,
    };
    let new_keys: Vec<(&Key, Key)> = tally
        .cells
        .keys()
        .filter_map(|key| {
            let (realm, client) = (mask(&key.realm), mask(&key.client));
            let changed = realm.is_some() || client.is_some();
            changed.then(|| (key, Key { realm: realm.or(key.realm.clone()), client: client.or(key.client.clone()), ..key.clone() }))
        })
        .collect();
    if new_keys.is_empty() {
        return Cow::Borrowed(tally);
    }
    let mut shown = tally.clone();
    for (old, new) in new_keys {
        let cell: Cell = shown.cells.remove(old).unwrap_or_default();
        shown.cells.entry(new).or_default().merge(&cell);
    }
    Cow::Owned(shown)
}
