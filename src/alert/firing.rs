//! An alert: what is wrong, with whom, since when; and its id.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::{Group, Record};
use super::rule::{Field, Measure, Rule, Severity};
use super::saved::json;
use crate::cause::Cause;
use crate::finding::Finding;
use crate::tally::incident::Trigger;

/// Bytes of a digest that an id shows.
const ID: usize = 16;

/// Clients that an alert names.
const CLIENTS: usize = 8;

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It began, or goes on.
    Firing,
    /// It is over.
    Resolved,
}

/// An alert, as it stands when it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// A digest of the rule's name, the group and the beginning: the same for the same lines.
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The rule comes with the program.
    pub builtin: bool,
    /// What the rule is about, where it says so.
    pub description: Option<String>,
    /// Where it says what to do, where the rule names a place.
    pub runbook: Option<String>,
    /// How it is counted.
    pub measure: Measure,
    /// What the group has in common; `None` where the log names none.
    pub group: Vec<(Field, Option<String>)>,
    /// Whether it goes on.
    pub state: State,
    /// When it began: the failure with which there were too many. Milliseconds since the epoch, by the time of the log.
    pub since: i64,
    /// The time of what is told: of the beginning, of the last failure, or of the end.
    pub at: i64,
    /// When it was over, where it is.
    pub until: Option<i64>,
    /// Failures in the window when it began, and since.
    pub count: u64,
    /// The causes of them, as far as they are known, most failures first.
    pub causes: Vec<(Cause, u64)>,
    /// Their clients, in the order in which they came.
    pub clients: Vec<String>,
    /// There are more clients than are named.
    pub more_clients: bool,
    /// Failures that were to be expected in a window, where that is known.
    pub usual: Option<f64>,
    /// What happened before, where that is what the rule is about.
    #[serde(with = "json")]
    pub trigger: Option<Trigger>,
    /// The failure with which there were too many.
    #[serde(with = "json")]
    pub sample: Option<Arc<Finding>>,
    /// It is over because later lines changed the verdicts that it rested on.
    pub corrected: bool,
}

impl Alert {
    /// Returns what the group has in a field.
    #[must_use]
    pub fn of(&self, field: Field) -> Option<&str> {
        self.group.iter().find(|(f, _)| *f == field).and_then(|(_, value)| value.as_deref())
    }

    /// Returns the cause of most of its failures.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.causes.first().map(|(cause, _)| *cause)
    }
}

/// Whom failures belong to, and why they failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub count: u64,
    causes: BTreeMap<Cause, u64>,
    clients: Vec<String>,
    more_clients: bool,
}

impl Facts {
    /// Returns so many failures of a client, for a cause.
    pub fn of(cause: Cause, client: Option<&str>, count: u64) -> Self {
        Facts { count, causes: [(cause, count)].into(), clients: client.map(str::to_owned).into_iter().collect(), more_clients: false }
    }

    /// Counts a failure.
    pub fn add(&mut self, cause: Cause, client: Option<&str>) {
        self.count += 1;
        *self.causes.entry(cause).or_default() += 1;
        let Some(client) = client.filter(|c| !self.clients.iter().any(|x| x == c)) else { return };
        if self.clients.len() < CLIENTS {
            self.clients.push(client.to_owned());
        } else {
            self.more_clients = true;
        }
    }

    /// Takes a failure back; its client may have others.
    pub fn remove(&mut self, cause: Cause) {
        self.count = self.count.saturating_sub(1);
        if let Some(n) = self.causes.get_mut(&cause) {
            *n = n.saturating_sub(1);
        }
        self.causes.retain(|_, n| *n > 0);
    }

    /// Returns the causes, most failures first.
    fn causes(&self) -> Vec<(Cause, u64)> {
        let mut causes: Vec<(Cause, u64)> = self.causes.iter().map(|(c, n)| (*c, *n)).collect();
        causes.sort_by_key(|(cause, n)| (std::cmp::Reverse(*n), *cause));
        causes
    }
}

/// What goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Firing {
    pub id: String,
    pub since: i64,
    pub facts: Facts,
    pub usual: Option<f64>,
    #[serde(with = "json")]
    pub trigger: Option<Trigger>,
    #[serde(with = "json")]
    pub sample: Option<Arc<Finding>>,
    /// It did not begin in a backlog.
    pub fresh: bool,
    /// Somebody heard of it.
    pub told: bool,
}

impl Firing {
    /// Begins.
    pub fn new(rule: &Rule, group: &Group, since: i64, facts: Facts, record: Option<&Record>) -> Self {
        let sample = record.map(|r| Arc::clone(&r.finding));
        Firing { id: id(&rule.name, group, since), since, facts, usual: None, trigger: None, sample, fresh: record.is_none_or(|r| r.fresh), told: false }
    }

    /// Returns the alert as it stands.
    pub fn alert(&self, rule: &Rule, group: &Group, at: i64, until: Option<i64>) -> Alert {
        Alert {
            id: self.id.clone(),
            rule: rule.name.clone(),
            severity: rule.severity,
            builtin: rule.builtin,
            description: rule.description.clone(),
            runbook: rule.runbook.clone(),
            measure: rule.measure,
            group: group.0.clone(),
            state: if until.is_some() { State::Resolved } else { State::Firing },
            since: self.since,
            at,
            until,
            count: self.facts.count,
            causes: self.facts.causes(),
            clients: self.facts.clients.clone(),
            more_clients: self.facts.more_clients,
            usual: self.usual,
            trigger: self.trigger.clone(),
            sample: self.sample.clone(),
            corrected: false,
        }
    }
}

/// Returns the id of what begins then. Each part ends with a byte that no text has, so that no two lists of parts look alike.
fn id(rule: &str, group: &Group, since: i64) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update(text.as_bytes());
        digest.update([0xff]);
    };
    part(rule);
    for (field, value) in &group.0 {
        part(field.slug());
        part(value.as_deref().unwrap_or_default());
        part(if value.is_some() { "named" } else { "none" });
    }
    part(&since.to_string());
    digest.finalize().iter().take(ID).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
