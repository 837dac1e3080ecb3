//! Findings as a table for a spreadsheet.
//!
//! Input: findings in their order. Output: CSV (RFC 4180) with a header; lists joined by blanks, unknown is empty, no cell begins a formula.

use std::io::{self, Write};

use super::Findings;
use super::escape::Untrusted;
use super::ndjson::masked;
use crate::finding::{Evidence, Finding};

/// The header: the keys of the contract.
const HEADER: [&str; 22] = [
    "schema",
    "id",
    "time",
    "realm",
    "client",
    "cause",
    "number",
    "detail",
    "confidence",
    "candidates",
    "event",
    "error",
    "reason",
    "grant",
    "session",
    "user",
    "ip",
    "node",
    "source",
    "line",
    "evidence",
    "trust",
];

/// Writes CSV.
pub struct Csv<W: Write> {
    out: ::csv::Writer<W>,
    begun: bool,
}

impl<W: Write> Csv<W> {
    /// Returns a writer of CSV.
    pub fn new(out: W) -> Self {
        Csv { out: ::csv::Writer::from_writer(out), begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.out.write_record(HEADER).map_err(plain)?;
        }
        Ok(())
    }
}

impl<W: Write> Findings for Csv<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.begin()?;
        self.out.write_record(cells(&masked(finding))).map_err(plain)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }
}

/// Returns what the system said, which the `csv` crate wraps.
fn plain(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Returns the cells of a row, in the order of [`HEADER`].
fn cells(f: &Finding) -> [String; HEADER.len()] {
    let text = |value: &str| Untrusted::new(value).csv();
    let known = |value: &Option<String>| value.as_deref().map(text).unwrap_or_default();
    let candidates: Vec<&str> = f.candidates.iter().map(|c| c.slug()).collect();
    let place = |e: &Evidence| format!("{}:{}", e.source.as_deref().unwrap_or(&f.source), e.line);
    let evidence: Vec<String> = f.evidence.iter().map(place).collect();
    [
        f.schema.to_string(),
        f.id.clone(),
        f.time.map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)).unwrap_or_default(),
        known(&f.realm),
        known(&f.client),
        f.cause.slug().to_owned(),
        f.number.map(|n| n.to_string()).unwrap_or_default(),
        f.detail.map(|d| d.slug().to_owned()).unwrap_or_default(),
        f.confidence.slug().to_owned(),
        candidates.join(" "),
        text(&f.event),
        known(&f.error),
        known(&f.reason),
        known(&f.grant),
        known(&f.session),
        known(&f.user),
        known(&f.ip),
        text(&f.node),
        text(&f.source),
        f.line.to_string(),
        text(&evidence.join(" ")),
        trust(f),
    ]
}

/// Returns the contract's word for how far a line can be trusted.
fn trust(f: &Finding) -> String {
    match serde_json::to_value(f.trust) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
