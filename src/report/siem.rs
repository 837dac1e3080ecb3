//! Findings in the words of others: what collectors of security events read.
//!
//! Input: findings in their order. Output: JSON lines, one a finding, in the Elastic Common Schema or in the Open Cybersecurity Schema Framework; what is not
//! known is left out. Must not decide anything.

mod ecs;
mod ocsf;

use std::io::{self, Write};

use serde_json::Value;

use super::ndjson::masked;
use super::{Findings, escape};
use crate::finding::Finding;

/// The program's name in events.
const PRODUCT: &str = env!("CARGO_PKG_NAME");

/// The program's version in events.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A schema of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework, class Authentication.
    Ocsf,
}

/// Writes JSON lines for collectors.
#[derive(Debug)]
pub struct Siem<W> {
    schema: Schema,
    out: W,
}

impl<W: Write> Siem<W> {
    /// Returns a writer of events of that schema.
    pub fn new(schema: Schema, out: W) -> Self {
        Siem { schema, out }
    }
}

impl<W: Write> Findings for Siem<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let finding = masked(finding);
        let event = match self.schema {
            Schema::Ecs => ecs::event(&finding),
            Schema::Ocsf => ocsf::event(&finding),
        };
        escape::json::write(&known(event).unwrap_or_default(), 0, &mut self.out)?;
        self.out.write_all(b"\n")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Leaves out what is null, and objects and lists in which nothing is left.
fn known(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let map: serde_json::Map<_, _> = map.into_iter().filter_map(|(key, value)| Some((key, known(value)?))).collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        Value::Array(list) => {
            let list: Vec<Value> = list.into_iter().filter_map(known).collect();
            (!list.is_empty()).then_some(Value::Array(list))
        }
        value => Some(value),
    }
}

/// Returns one sentence for people.
fn message(finding: &Finding) -> String {
    let client = finding.client.as_deref().map(|c| format!(" of client {c}")).unwrap_or_default();
    let others: Vec<&str> = finding.candidates.iter().filter(|c| **c != finding.cause).map(|c| c.title()).collect();
    let others = if others.is_empty() { String::new() } else { format!("; not excluded: {}", others.join(", ")) };
    format!("Token request{client} failed: {} ({}{others})", finding.cause.title(), finding.confidence.slug())
}

/// Returns what the schemas have no words for.
fn own(finding: &Finding) -> Value {
    serde_json::json!({
        "cause": finding.cause,
        "number": finding.number,
        "detail": finding.detail,
        "confidence": finding.confidence,
        "candidates": finding.candidates,
        "trust": finding.trust,
        "node": finding.node,
        "source": finding.source,
        "line": finding.line,
        "evidence": finding.evidence,
    })
}

#[cfg(test)]
mod tests;
