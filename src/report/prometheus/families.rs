//! What is shown of a live run: names, types, units and meanings.
//!
//! Names follow Prometheus' rules: base units, the unit last, counters with `_total`. All begin with `kctriage_`, the start time, too: in a file for
//! `node_exporter` a `process_start_time_seconds` would collide with its own. A family is one entry of the table; a reading's new number needs a field of
//! [`Reading`] and an entry here.

use super::{Number, Reading, Sample};
use crate::cause::Cause;
use crate::finding::Confidence;
use crate::tally::verdicts::Count;

/// What a number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It rises and falls.
    Gauge,
    /// It is 1, and its labels say something.
    Info,
}

/// Numbers of one name.
#[derive(Debug)]
pub struct Family {
    /// The name, without the suffix of counters.
    pub name: &'static str,
    /// What its numbers do.
    pub kind: Kind,
    /// The unit, where it has one; the name ends with it.
    pub unit: Option<&'static str>,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells, on one line.
    pub help: &'static str,
    pub(super) samples: for<'a> fn(&'a Reading) -> Vec<Sample<'a>>,
}

impl Family {
    /// Returns the name of its samples.
    #[must_use]
    pub fn sample_name(&self) -> String {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Gauge => "",
            Kind::Info => "_info",
        };
        format!("{}{suffix}", self.name)
    }
}

/// A number without labels that only grows, since the counters began.
fn grown(reading: &Reading, count: u64) -> Vec<Sample<'_>> {
    vec![Sample { labels: Vec::new(), number: Number::Count(count), created_ms: Some(reading.verdicts.began()) }]
}

/// A number without labels that begins at zero with each process.
fn since_start(reading: &Reading, count: u64) -> Vec<Sample<'_>> {
    vec![Sample { labels: Vec::new(), number: Number::Count(count), created_ms: Some(reading.started_ms) }]
}

/// A number without labels that rises and falls.
fn whole(count: u64) -> Vec<Sample<'static>> {
    vec![Sample { labels: Vec::new(), number: Number::Count(count), created_ms: None }]
}

/// A time or a duration without labels, where it is known.
fn seconds(ms: Option<i64>) -> Vec<Sample<'static>> {
    ms.map(|ms| Sample { labels: Vec::new(), number: Number::Millis(ms), created_ms: None }).into_iter().collect()
}

fn signed(ms: Option<u64>) -> Option<i64> {
    ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX))
}

const fn counter(
    name: &'static str,
    unit: Option<&'static str>,
    labels: &'static [&'static str],
    help: &'static str,
    samples: for<'a> fn(&'a Reading) -> Vec<Sample<'a>>,
) -> Family {
    Family { name, kind: Kind::Counter, unit, labels, help, samples }
}

const fn gauge(name: &'static str, unit: Option<&'static str>, help: &'static str, samples: for<'a> fn(&'a Reading) -> Vec<Sample<'a>>) -> Family {
    Family { name, kind: Kind::Gauge, unit, labels: &[], help, samples }
}

/// Everything that is shown.
pub const FAMILIES: &[Family] = &[
    counter(
        "kctriage_token_failures",
        None,
        &["realm", "client", "cause", "confidence"],
        "Token requests that failed, by the first verdict on each. Later corrections are in kctriage_verdicts_revised_total.",
        |r| {
            let sample = |(realm, client, cause, confidence, count): (_, _, Cause, Confidence, Count)| Sample {
                labels: vec![realm, client, cause.slug(), confidence.slug()],
                number: Number::Count(count.count),
                created_ms: Some(count.since),
            };
            r.verdicts.first().map(sample).collect()
        },
    ),
    counter(
        "kctriage_verdicts_revised",
        None,
        &["from", "to"],
        "Verdicts that later lines corrected, by the cause told before and the cause now. The same cause twice means that only its confidence changed.",
        |r| {
            let sample = |(from, to, count): (Cause, Cause, Count)| Sample {
                labels: vec![from.slug(), to.slug()],
                number: Number::Count(count.count),
                created_ms: Some(count.since),
            };
            r.verdicts.revised().map(sample).collect()
        },
    ),
    counter("kctriage_read_bytes", Some("bytes"), &[], "Bytes of log that were read.", |r| grown(r, r.counted.bytes)),
    counter("kctriage_records", None, &[], "Log records that were recognised.", |r| grown(r, r.counted.records)),
    counter("kctriage_unparsed_lines", None, &[], "Lines that are no part of a log record.", |r| grown(r, r.counted.unparsed_lines)),
    counter("kctriage_damaged_bytes", Some("bytes"), &[], "Bytes that could not be read as text or were cut from lines that are too long.", |r| {
        grown(r, r.counted.damaged_bytes)
    }),
    counter("kctriage_lost_bytes", Some("bytes"), &[], "Bytes that were gone before they could be read: files that were cut or deleted too early.", |r| {
        grown(r, r.counted.lost_bytes)
    }),
    counter("kctriage_rotations", None, &[], "Files that took the place of another.", |r| grown(r, r.counted.rotations)),
    counter("kctriage_truncations", None, &[], "Files that were cut to be written again.", |r| grown(r, r.counted.truncations)),
    // this one is never of the last save: it tells that there is none
    counter("kctriage_state_write_failures", None, &[], "Times that the state could not be written.", |r| grown(r, r.now.state_failures)),
    counter("kctriage_alerts_sent", None, &[], "Alerts that a receiver took, since the process started.", |r| since_start(r, r.now.alerts.sent)),
    counter("kctriage_alerts_failed", None, &[], "Alerts that a receiver refused for good, since the process started.", |r| {
        since_start(r, r.now.alerts.failed)
    }),
    counter("kctriage_alerts_dropped", None, &[], "Alerts that were dropped because too many waited, since the process started.", |r| {
        since_start(r, r.now.alerts.dropped)
    }),
    gauge("kctriage_alerts_firing", None, "Alerts of kctriage's own rules that go on.", |r| whole(r.now.alerts.firing)),
    gauge("kctriage_failures_held", None, "Failures that wait, two seconds at most, for lines that may settle their cause.", |r| whole(r.now.held)),
    gauge("kctriage_files", None, "Files that are followed.", |r| whole(r.now.files)),
    gauge("kctriage_behind_bytes", Some("bytes"), "Bytes of log that are written and not read yet.", |r| whole(r.now.behind_bytes)),
    gauge("kctriage_lag_seconds", Some("seconds"), "How long after the time in it the last record was read. It stays as it is while nothing is logged.", |r| {
        seconds(r.lag_ms)
    }),
    gauge("kctriage_last_record_timestamp_seconds", Some("seconds"), "The time in the newest record, since the epoch.", |r| seconds(r.last_record_ms)),
    gauge(
        "kctriage_state_age_seconds",
        Some("seconds"),
        "How long ago the state was written; with nothing new to save it is not. Absent without --state.",
        |r| seconds(signed(r.now.state_age_ms)),
    ),
    gauge(
        "kctriage_state_unsaved_seconds",
        Some("seconds"),
        "For how long something has waited to be saved: so much would be read again after a crash. Absent without --state.",
        |r| seconds(signed(r.unsaved_ms)),
    ),
    gauge("kctriage_polling", None, "1 where the system does not tell of changes and files are looked at in turn.", |r| whole(r.now.polling.into())),
    gauge("kctriage_clients", None, "Pairs of a realm and a client that are counted apart.", |r| whole(r.verdicts.pairs() as u64)),
    gauge("kctriage_clients_limit", None, "How many can be; failures of more have the client other.", |r| whole(r.most_clients as u64)),
    gauge("kctriage_start_time_seconds", Some("seconds"), "When the process started, since the epoch.", |r| seconds(Some(r.started_ms))),
    Family {
        name: "kctriage_build",
        kind: Kind::Info,
        unit: None,
        labels: &["version"],
        help: "The version of kctriage.",
        samples: |_| vec![Sample { labels: vec![env!("CARGO_PKG_VERSION")], number: Number::Count(1), created_ms: None }],
    },
];
