//! Which findings are printed and counted.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::finding::{Confidence, Finding};

/// Which findings are printed and counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Not before, milliseconds since the epoch.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
    /// These realms; all if empty.
    pub realms: Vec<String>,
    /// These clients; all if empty.
    pub clients: Vec<String>,
    /// These causes; all if empty.
    pub causes: Vec<Cause>,
    /// These sessions, or beginnings of their ids; all if empty.
    pub sessions: Vec<String>,
    /// At least so sure.
    pub min_confidence: Option<Confidence>,
}

impl Filter {
    /// Whether a finding passes.
    #[must_use]
    pub fn passes(&self, f: &Finding) -> bool {
        let time = f.time.map(|t| t.timestamp_millis());
        self.lets_pass(time, f.realm.as_deref(), f.client.as_deref(), f.session.as_deref(), f.cause, f.confidence)
    }

    /// Whether there is nothing that it leaves out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let Filter { since, until, realms, clients, causes, sessions, min_confidence } = self;
        let times = since.is_none() && until.is_none();
        times && realms.is_empty() && clients.is_empty() && causes.is_empty() && sessions.is_empty() && min_confidence.is_none()
    }

    /// Whether a failure of that time, realm, client and session passes, with that verdict.
    #[must_use]
    pub fn lets_pass(&self, time: Option<i64>, realm: Option<&str>, client: Option<&str>, session: Option<&str>, cause: Cause, confidence: Confidence) -> bool {
        let named = |list: &[String], value: Option<&str>| list.is_empty() || value.is_some_and(|v| list.iter().any(|x| x == v));
        self.since.is_none_or(|s| time.is_some_and(|t| t >= s))
            && self.until.is_none_or(|u| time.is_some_and(|t| t < u))
            && named(&self.realms, realm)
            && named(&self.clients, client)
            && (self.causes.is_empty() || self.causes.contains(&cause))
            && (self.sessions.is_empty() || session.is_some_and(|s| self.sessions.iter().any(|x| s.starts_with(x.as_str()))))
            && self.min_confidence.is_none_or(|m| confidence <= m)
    }
}
