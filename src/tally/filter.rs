//! Which findings are printed and counted.

use serde::{Deserialize, Serialize};

use super::{Accesses, Requests};
use crate::cause::Cause;
use crate::finding::{Confidence, Finding};

/// Which findings are printed and counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    /// Returns the part of a time that passes; `None` where nothing of it does.
    #[must_use]
    pub fn part(&self, (first, last): (i64, i64)) -> Option<(i64, i64)> {
        let (from, to) = (self.since.map_or(first, |s| s.max(first)), self.until.map_or(last, |u| u.saturating_sub(1).min(last)));
        (from <= to).then_some((from, to))
    }

    /// Whether that time passes.
    #[must_use]
    pub fn at(&self, time: Option<i64>) -> bool {
        self.since.is_none_or(|s| time.is_some_and(|t| t >= s)) && self.until.is_none_or(|u| time.is_some_and(|t| t < u))
    }

    /// Whether requests that succeeded can be held against the failures that pass: a success has no cause, and counts of it know no session.
    #[must_use]
    pub fn leaves_shares(&self) -> bool {
        self.causes.is_empty() && self.sessions.is_empty() && self.min_confidence.is_none()
    }

    /// Whether a successful request of that realm and client passes.
    #[must_use]
    pub fn names(&self, realm: Option<&str>, client: Option<&str>) -> bool {
        let named = |list: &[String], value: Option<&str>| list.is_empty() || value.is_some_and(|v| list.iter().any(|x| x == v));
        named(&self.realms, realm) && named(&self.clients, client)
    }

    /// Returns the requests of an access log that pass; `None` where it does not tell them apart from the others: its counts know realms alone.
    #[must_use]
    pub fn requests(&self, access: &Accesses) -> Option<Requests> {
        let by_realm = Filter { realms: self.realms.clone(), ..Filter::default() };
        (*self == by_realm).then_some(())?;
        let mut all = Requests::default();
        access.realms.iter().filter(|(realm, _)| self.names(realm.as_deref(), None)).for_each(|(_, r)| all.merge(*r));
        Some(all)
    }

    /// Whether a failure of that time, realm, client and session passes, with that verdict.
    #[must_use]
    pub fn lets_pass(&self, time: Option<i64>, realm: Option<&str>, client: Option<&str>, session: Option<&str>, cause: Cause, confidence: Confidence) -> bool {
        self.at(time)
            && self.names(realm, client)
            && (self.causes.is_empty() || self.causes.contains(&cause))
            && (self.sessions.is_empty() || session.is_some_and(|s| self.sessions.iter().any(|x| s.starts_with(x.as_str()))))
            && self.min_confidence.is_none_or(|m| confidence <= m)
    }
}
