//! A row of the tally.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::read::{ReadError, time};
use super::{instant, window};
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};
use crate::report::escape::Untrusted;
use crate::report::ndjson::masked;
use crate::tally::{Cell, Delays, Distinct, Key, Tally};

/// A row: the contract's keys first.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    window: Option<String>,
    realm: Option<String>,
    client: Option<String>,
    cause: Cause,
    confidence: Confidence,
    count: u64,
    #[serde(default)]
    number: Option<u8>,
    #[serde(default)]
    details: BTreeMap<Detail, u64>,
    #[serde(default)]
    others: BTreeMap<Cause, u64>,
    #[serde(default)]
    first: Option<String>,
    #[serde(default)]
    last: Option<String>,
    #[serde(default)]
    delays: Histogram,
    #[serde(default)]
    addresses: Sketch,
    #[serde(default)]
    users: Sketch,
    #[serde(default)]
    samples: Vec<Finding>,
}

/// Delays from login to failure.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Histogram {
    min_ms: Option<i64>,
    max_ms: Option<i64>,
    /// Counts by the exponent of two that the delay in milliseconds stays below.
    below_2_to_the: BTreeMap<u8, u64>,
}

impl Histogram {
    pub(super) fn of(delays: &Delays) -> Self {
        Histogram { min_ms: delays.min, max_ms: delays.max, below_2_to_the: delays.buckets.clone() }
    }

    /// Returns the histogram again.
    pub(super) fn delays(self) -> Result<Delays, ReadError> {
        // a delay in milliseconds has 63 bits
        if let Some(exponent) = self.below_2_to_the.keys().find(|e| **e > 63) {
            return Err(ReadError::Value(format!("it has a delay below 2 to the {exponent} ms")));
        }
        Ok(Delays { buckets: self.below_2_to_the, min: self.min_ms, max: self.max_ms })
    }
}

/// How many distinct values there were, and what merges.
#[derive(Default, Serialize, Deserialize)]
struct Sketch {
    count: u64,
    estimated: bool,
    /// The smallest hashes, in hexadecimal; left out where they could be looked up in a list of all addresses.
    #[serde(default)]
    hashes: Vec<String>,
}

impl Sketch {
    fn of(distinct: &Distinct) -> Self {
        let (count, exact) = distinct.count();
        Sketch { count, estimated: !exact, hashes: distinct.hashes().iter().map(|h| format!("{h:016x}")).collect() }
    }

    /// Returns the sketch again.
    fn distinct(&self) -> Result<Distinct, ReadError> {
        let hash = |text: &String| u64::from_str_radix(text, 16).map_err(|_| ReadError::Value(format!("{text:?} is no hash")));
        let mut distinct = Distinct::of(self.hashes.iter().map(hash).collect::<Result<Vec<_>, _>>()?);
        // more were counted than the hashes say: some of what was joined came without
        if distinct.count() != (self.count, !self.estimated) {
            distinct.merge(&Distinct::told(self.count));
        }
        Ok(distinct)
    }
}

impl Row {
    fn of(key: &Key, cell: &Cell) -> Self {
        Row {
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
            details: cell.details.clone(),
            others: cell.others.clone(),
        }
    }
}

/// The rows in their order: those of a tally, each made as it is written, or those that were read.
pub(super) enum Rows<'a> {
    Told(BTreeMap<Key, Cow<'a, Cell>>),
    Read(Vec<Row>),
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Rows::Told(cells) => serializer.collect_seq(cells.iter().map(|(key, cell)| Row::of(key, cell))),
            Rows::Read(rows) => rows.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Rows<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Rows::Read)
    }
}

impl Rows<'_> {
    /// Adds the rows that were read to a tally.
    pub(super) fn add_to(self, tally: &mut Tally) -> Result<(), ReadError> {
        let Rows::Read(rows) = self else { return Ok(()) };
        rows.into_iter().try_for_each(|row| add(row, tally))
    }
}

/// Returns the tally with secrets in names masked; clients whose names become the same are added up, so that no key comes twice.
pub(super) fn clean(tally: &Tally) -> Cow<'_, Tally> {
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
        let cell = shown.cells.remove(old).unwrap_or_default();
        shown.cells.entry(new).or_default().merge(&cell);
    }
    Cow::Owned(shown)
}

/// Adds a row to a tally again.
fn add(row: Row, tally: &mut Tally) -> Result<(), ReadError> {
    let key = Key {
        window: row.window.as_deref().map(time).transpose()?,
        realm: row.realm.map(Arc::from),
        client: row.client.map(Arc::from),
        cause: row.cause,
        confidence: row.confidence,
    };
    let cell = Cell {
        count: row.count,
        details: row.details,
        others: row.others,
        first: row.first.as_deref().map(time).transpose()?,
        last: row.last.as_deref().map(time).transpose()?,
        delays: row.delays.delays()?,
        addresses: row.addresses.distinct()?,
        users: row.users.distinct()?,
        samples: row.samples,
        windows: Vec::new(),
    };
    tally.cells.entry(key).or_default().merge(&cell);
    Ok(())
}
