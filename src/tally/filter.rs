//! Which findings are printed and counted.

use crate::cause::Cause;
use crate::finding::{Confidence, Finding};

/// Which findings are printed and counted.
#[derive(Debug, Clone, Default)]
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
        let named = |list: &[String], value: Option<&str>| list.is_empty() || value.is_some_and(|v| list.iter().any(|x| x == v));
        self.since.is_none_or(|s| time.is_some_and(|t| t >= s))
            && self.until.is_none_or(|u| time.is_some_and(|t| t < u))
            && named(&self.realms, f.realm.as_deref())
            && named(&self.clients, f.client.as_deref())
            && (self.causes.is_empty() || self.causes.contains(&f.cause))
            && (self.sessions.is_empty() || f.session.as_deref().is_some_and(|s| self.sessions.iter().any(|x| s.starts_with(x.as_str()))))
            && self.min_confidence.is_none_or(|m| f.confidence <= m)
    }
}
