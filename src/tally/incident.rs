//! Incidents: bursts and level shifts of failures, what they have in common, and what happened when they began.
//!
//! Input: what a run counted, in the form that merges. Output: [`Incident`]s, the largest first, and [`Chronic`] clients. Must not know how they will
//! be printed.

mod addresses;
mod baseline;
mod burst;
mod chronic;
mod find;
mod fold;
mod grid;
mod happened;
mod matter;
mod scan;
mod series;
mod suspicion;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use find::find;

pub(crate) use baseline::{RETRIES, Scatter};
pub(crate) use grid::real;
pub(crate) use scan::{RISE, surprise};

use super::{Delays, Distinct};
use crate::cause::{Cause, Detail};
use crate::finding::Finding;

/// Something that happened to a server, a realm or a client, and that may have set off failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trigger {
    /// When, milliseconds since the epoch.
    pub time: i64,
    /// What.
    pub what: Change,
    /// The realm, where it is known.
    pub realm: Option<Arc<str>>,
    /// The client, where it is known.
    pub client: Option<Arc<str>>,
    /// The server process that said so.
    pub node: Option<Arc<str>>,
    /// The file, and the line in it, where one line says so.
    pub place: Option<(Arc<str>, u64)>,
}

/// The kinds of triggers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    /// A server started.
    #[serde(rename = "started")]
    ServerStarted {
        /// Its version.
        version: Option<String>,
        /// The version that the same node ran before, where it was another.
        #[serde(default)]
        before: Option<String>,
    },
    /// A server stopped.
    #[serde(rename = "stopped")]
    ServerStopped,
    /// A node joined the cluster.
    NodeJoined,
    /// A node left the cluster.
    NodeLeft,
    /// A client's secret was regenerated.
    SecretRegenerated,
    /// A client's settings were changed.
    #[serde(rename = "client-changed")]
    ClientUpdated,
    /// A realm's settings were changed.
    #[serde(rename = "realm-changed")]
    RealmUpdated,
    /// All sessions of a realm, a client or a user were ended.
    #[serde(rename = "sessions-revoked")]
    SessionsEnded,
    /// A not-before was pushed: tokens issued earlier are refused.
    NotBeforePushed,
    /// A server's clock jumped.
    ClockJumped {
        /// By so much; negative is back.
        by_ms: i64,
    },
    /// The server had trouble with its database.
    DatabaseTrouble,
    /// The requests of a client began to come from other addresses, as after a deployment.
    AddressesChanged,
}

/// How an incident stands at the end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Failures still come at its rate.
    Going,
    /// The rate is back to what it was.
    Over,
    /// The log ends before one could say.
    Unclear,
}

/// The part that one client has in an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The client; `None` is a request that named none.
    pub client: Option<Arc<str>>,
    /// Its failures in the incident, those of the cascade included.
    pub count: u64,
    /// Its failures per minute outside the incident.
    pub usual_per_minute: f64,
}

/// A burst or a level shift of failures that have a cause or a trigger in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The realm.
    pub realm: Option<Arc<str>>,
    /// The cause that it began with.
    pub cause: Cause,
    /// The failures that followed from it, by cause: a reused code detaches its session, and refreshes fail.
    pub cascade: Vec<(Cause, u64)>,
    /// The clients, most failures first.
    pub clients: Vec<Share>,
    /// When it began: the first failure of it.
    pub start: i64,
    /// The start of the window with most failures.
    pub peak: i64,
    /// Failures a minute in that window.
    pub peak_per_minute: f64,
    /// The last failure of it.
    pub last: i64,
    /// Whether it is over.
    pub state: State,
    /// Failures, those of the cascade included.
    pub count: u64,
    /// Failures that the usual rate would have given in the same time.
    pub expected: f64,
    /// The probability that so many come by chance at the usual rate, as a negative decimal logarithm: 6 is one in a million.
    pub surprise: f64,
    /// Failures by how sure, in the order of [`crate::finding::Confidence::ALL`].
    pub sure: [u64; 3],
    /// How many of each detail.
    pub details: Vec<(Detail, u64)>,
    /// The other candidates, and how often each stood beside the cause.
    pub others: Vec<(Cause, u64)>,
    /// From login to failure, in the incident.
    pub delays: Delays,
    /// From login to failure of the same clients and cause, outside it.
    pub usual_delays: Delays,
    /// Client addresses.
    pub addresses: Distinct,
    /// Users.
    pub users: Distinct,
    /// Starts of windows, and how many failures came in them.
    pub windows: Vec<(i64, u64)>,
    /// What happened near its start, the likeliest first; none if the log shows nothing.
    pub triggers: Vec<Trigger>,
    /// Successful requests of its clients while it went on, where successes are visible.
    pub successes: Option<u64>,
    /// Failed requests of its clients while it went on, whatever the cause, where successes are visible.
    pub failures: Option<u64>,
    /// Some of its findings, the best proven first.
    pub samples: Vec<Finding>,
}

/// How a client misbehaves all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Habit {
    /// Each code is exchanged twice.
    DoubleExchange,
    /// Many refreshes of one session in a short time.
    RefreshStorm,
    /// Tokens are refreshed seconds after they were issued.
    EarlyRefresh,
    /// Failures of one cause at a steady rate.
    Steady,
}

/// A client that misbehaves all the time; no incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chronic {
    /// The realm.
    pub realm: Option<Arc<str>>,
    /// The client.
    pub client: Option<Arc<str>>,
    /// How.
    pub habit: Habit,
    /// The cause of its failures; `None` where its requests succeed.
    pub cause: Option<Cause>,
    /// How many of its requests.
    pub count: u64,
    /// How many an hour.
    pub per_hour: f64,
    /// From login to failure.
    pub delays: Delays,
    /// One of its findings.
    pub sample: Option<Finding>,
}

/// What a run's counts add up to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Incidents {
    /// The incidents, most failures above the usual first.
    pub incidents: Vec<Incident>,
    /// The clients that misbehave all the time, most requests first.
    pub chronic: Vec<Chronic>,
}

/// How readily bursts are called incidents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The number of incidents in a week of log, or in a shorter log, that are allowed to have come by chance; an upper limit of what is to be expected.
    pub false_per_week: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { false_per_week: 0.01 }
    }
}

#[cfg(test)]
mod tests;
