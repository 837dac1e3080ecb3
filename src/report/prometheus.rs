//! How a live run fares, in Prometheus' text format and in `OpenMetrics`.
//!
//! Input: a [`Reading`]. Output: text of one of two [`Form`]s that monitoring systems read. What is shown is a table, [`FAMILIES`]; `docs/metrics.md` is made from
//! it. Must not count anything, nor know who asks.
//!
//! The client libraries that there are write one of the two formats each, and own the counts, which here belong to the run's saved state; so the few lines of
//! text are written here, and other people's parsers read them in the tests.

mod families;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use super::escape::Untrusted;
use super::redact::Redactor;
use crate::tally::live::Gauges;
use crate::tally::verdicts::Verdicts;
pub use families::{FAMILIES, Family, Kind};

/// What is shown of a live run. Counters and the rest can be of different times: with a saved state, counters are those of the last save, so that a run that
/// is killed and goes on from there shows no number that is below one it showed.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// First verdicts and their corrections.
    pub verdicts: Arc<Verdicts>,
    /// Pairs of a realm and a client that are counted apart at most.
    pub most_clients: usize,
    /// How the run fared when the verdicts were counted: its counters are shown.
    pub counted: Gauges,
    /// How the run fares: what can fall is shown.
    pub now: Gauges,
    /// Milliseconds from the time in the last record to when it was read, where it has one.
    pub lag_ms: Option<i64>,
    /// The time in the last record, milliseconds since the epoch.
    pub last_record_ms: Option<i64>,
    /// Milliseconds for which something has waited to be saved; `None` without a state.
    pub unsaved_ms: Option<u64>,
    /// When the process started, milliseconds since the epoch.
    pub started_ms: i64,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Prometheus' text format 0.0.4.
    Text,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Form {
    /// Returns the media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Form::Text => "text/plain; version=0.0.4; charset=utf-8",
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A number that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Count(u64),
    /// Shown in seconds.
    Millis(i64),
}

/// A number with its labels, in the order of their names.
pub(crate) struct Sample<'a> {
    labels: Vec<&'a str>,
    number: Number,
    /// When a counter was zero for the last time.
    created_ms: Option<i64>,
}

/// Returns a reading as text. Names are made unrecognisable where a redactor says so.
#[must_use]
pub fn render(reading: &Reading, form: Form, redactor: Option<&Redactor>) -> String {
    let mut out = String::new();
    // a client's name is in many series, and to look for secrets takes time
    let mut known: HashMap<&str, String> = HashMap::new();
    for family in FAMILIES {
        head(family, form, &mut out);
        // names that look the same once they are escaped are one series
        let mut series: BTreeMap<Vec<String>, (Number, Option<i64>)> = BTreeMap::new();
        for sample in (family.samples)(reading) {
            let labels = sample.labels.iter().map(|text| known.entry(text).or_insert_with(|| label(text, redactor)).clone()).collect();
            series
                .entry(labels)
                .and_modify(|(number, created)| {
                    *number = number.plus(sample.number);
                    *created = (*created).min(sample.created_ms);
                })
                .or_insert((sample.number, sample.created_ms));
        }
        for (labels, (number, created)) in series {
            let labels = labelled(family.labels, &labels);
            let _ = writeln!(out, "{}{labels} {}", family.sample_name(), number.text());
            if let (Form::OpenMetrics, Some(created)) = (form, created) {
                let _ = writeln!(out, "{}_created{labels} {}", family.name, Number::Millis(created).text());
            }
        }
    }
    if form == Form::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn head(family: &Family, form: Form, out: &mut String) {
    let (name, kind) = match (form, family.kind) {
        (Form::Text, Kind::Counter) => (family.sample_name(), "counter"),
        (Form::Text, Kind::Info) => (family.sample_name(), "gauge"),
        (Form::OpenMetrics, Kind::Counter) => (family.name.to_owned(), "counter"),
        (Form::OpenMetrics, Kind::Info) => (family.name.to_owned(), "info"),
        (_, Kind::Gauge) => (family.name.to_owned(), "gauge"),
    };
    let _ = writeln!(out, "# HELP {name} {}", family.help);
    let _ = writeln!(out, "# TYPE {name} {kind}");
    if let (Form::OpenMetrics, Some(unit)) = (form, family.unit) {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
}

fn label(text: &str, redactor: Option<&Redactor>) -> String {
    match redactor {
        // a secret that lost a part of itself to a pseudonym would not be known as one any more
        Some(redactor) => Untrusted::new(&redactor.name(&Untrusted::new(text).masked())).label(),
        None => Untrusted::new(text).label(),
    }
}

fn labelled(names: &[&str], values: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = names.iter().zip(values).map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    format!("{{{}}}", pairs.join(","))
}

impl Number {
    fn plus(self, other: Number) -> Number {
        match (self, other) {
            (Number::Count(a), Number::Count(b)) => Number::Count(a.saturating_add(b)),
            (Number::Millis(a), Number::Millis(b)) => Number::Millis(a.saturating_add(b)),
            (number, _) => number,
        }
    }

    fn text(self) -> String {
        match self {
            Number::Count(count) => count.to_string(),
            Number::Millis(ms) => format!("{}{}.{:03}", if ms < 0 { "-" } else { "" }, ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000),
        }
    }
}

#[cfg(test)]
mod tests;
