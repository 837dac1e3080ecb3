//! A finding or a trigger as rules look at it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rule::Field;
use super::saved::json;
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Finding};

/// What can change of a finding that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verdict {
    pub cause: Cause,
    pub detail: Option<Detail>,
    pub confidence: Confidence,
}

impl Verdict {
    pub fn of(finding: &Finding) -> Self {
        Verdict { cause: finding.cause, detail: finding.detail, confidence: finding.confidence }
    }
}

/// A finding with its time, under a verdict.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// Milliseconds since the epoch.
    pub time: i64,
    pub verdict: Verdict,
    /// It came while the log was read as it is written.
    pub fresh: bool,
    #[serde(with = "json")]
    pub finding: Arc<Finding>,
}

impl Record {
    /// Returns the same finding under another verdict.
    pub fn under(&self, verdict: Verdict) -> Self {
        Record { verdict, ..self.clone() }
    }

    /// Returns a field's value.
    pub fn value(&self, field: Field) -> Option<&str> {
        match field {
            Field::Realm => self.finding.realm.as_deref(),
            Field::Client => self.finding.client.as_deref(),
            Field::Cause => Some(self.verdict.cause.slug()),
            Field::Detail => self.verdict.detail.map(Detail::slug),
            Field::Confidence => Some(self.verdict.confidence.slug()),
            Field::Node => Some(&self.finding.node),
        }
    }

    /// Returns whom it belongs to.
    pub fn group(&self, by: &[Field]) -> Group {
        Group(by.iter().map(|f| (*f, self.value(*f).map(str::to_owned))).collect())
    }
}

/// What a group of findings has in common; a value is `None` where the log names none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub(super) struct Group(pub Vec<(Field, Option<String>)>);
