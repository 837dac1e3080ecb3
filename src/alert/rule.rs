//! A rule: which findings count, how they are counted, and from when on that is too many.
//!
//! What was typed is read by `grammar`; here is what it means. Must not know when it holds.

use serde::{Deserialize, Serialize};

use super::record::Record;

/// What findings are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The realm's name, else its id.
    Realm,
    /// The client's id.
    Client,
    /// The cause.
    Cause,
    /// What kind of the cause.
    Detail,
    /// How sure.
    Confidence,
    /// The server process.
    Node,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 6] = [Field::Realm, Field::Client, Field::Cause, Field::Detail, Field::Confidence, Field::Node];

    /// Returns the word that a rule uses.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Field::Realm => "realm",
            Field::Client => "client",
            Field::Cause => "cause",
            Field::Detail => "detail",
            Field::Confidence => "confidence",
            Field::Node => "node",
        }
    }
}

/// What must hold for a finding to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Where it is looked at.
    pub field: Field,
    /// One of these,
    pub values: Vec<String>,
    /// or none of these.
    pub negated: bool,
}

impl Condition {
    /// Whether it holds.
    pub(super) fn holds(&self, record: &Record) -> bool {
        let value = record.value(self.field);
        value.is_some_and(|value| self.values.iter().any(|v| v == value)) != self.negated
    }
}

/// How what counts is counted, and from when on it is too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// More than so many failures within a window.
    Rate {
        /// So many are not too many.
        over: u64,
        /// The length of the window in milliseconds.
        window_ms: i64,
    },
    /// Failures of more than so many clients within a window.
    Clients {
        /// So many are not too many.
        over: u64,
        /// The length of the window in milliseconds.
        window_ms: i64,
    },
    /// A client fails for a cause for which it never failed before.
    New,
    /// A client fails far more often for a cause than it does usually.
    Unusual,
    /// A client fails with a wrong secret after an administrator regenerated one.
    SecretRotated,
    /// The clock of a server jumped.
    ClockJumped,
}

/// How a [`Measure`] is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counting {
    /// So many are not too many.
    pub over: u64,
    /// The length of the window in milliseconds.
    pub window_ms: i64,
    /// Clients are counted, not failures.
    pub distinct: bool,
    /// It is over after so long, whatever comes.
    pub lasts_ms: Option<i64>,
}

/// What happens once is over when nothing of it came for so long.
const QUIET_MS: i64 = 15 * 60_000;

/// What is new is known after so long.
const NEW_MS: i64 = 3_600_000;

impl Measure {
    /// Returns how it is counted.
    pub(super) fn counting(self) -> Counting {
        let once = Counting { over: 0, window_ms: QUIET_MS, distinct: false, lasts_ms: None };
        match self {
            Measure::Rate { over, window_ms } => Counting { over, window_ms, ..once },
            Measure::Clients { over, window_ms } => Counting { over, window_ms, distinct: true, ..once },
            Measure::New => Counting { lasts_ms: Some(NEW_MS), ..once },
            Measure::Unusual => Counting { window_ms: super::usual::WINDOW_MS, ..once },
            Measure::SecretRotated | Measure::ClockJumped => once,
        }
    }

    /// Returns what it is always told apart by; `None` means what the rule says.
    pub(super) fn by(self) -> Option<&'static [Field]> {
        match self {
            Measure::Rate { .. } | Measure::Clients { .. } => None,
            Measure::New | Measure::Unusual => Some(&[Field::Realm, Field::Client, Field::Cause]),
            Measure::SecretRotated => Some(&[Field::Realm, Field::Client]),
            Measure::ClockJumped => Some(&[Field::Node]),
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    #[default]
    Warning,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// Returns the word that a rule uses.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// A rule that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name; what was typed, where none was given.
    pub name: String,
    /// What must hold for a finding to count.
    pub conditions: Vec<Condition>,
    /// How it is counted.
    pub measure: Measure,
    /// What is counted apart; nothing means all together.
    pub by: Vec<Field>,
    /// It must hold for so long, in milliseconds.
    pub hold_ms: i64,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, in words.
    pub description: Option<String>,
    /// Where it says what to do.
    pub runbook: Option<String>,
    /// The rule as it was typed, with single blanks.
    pub text: String,
    /// It comes with the program.
    pub builtin: bool,
}

impl Rule {
    /// Whether a finding counts.
    pub(super) fn fits(&self, record: &Record) -> bool {
        self.conditions.iter().all(|c| c.holds(record))
    }

    /// Returns what it is known by: another rule of the same name is another rule.
    pub(super) fn key(&self) -> String {
        format!("{}\0{}\0{}", self.name, self.text, self.hold_ms)
    }
}
