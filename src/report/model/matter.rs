//! A matter: failures that belong together, what they say, and what to do.

use serde::Serialize;

use super::{Event, Instant, Logged, Prose, Walked};
use crate::cause::{Cause, Detail};
use crate::tally::incident::State;

/// How many distinct ones there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// The figure is an estimate (about 13 % off).
    pub estimated: bool,
}

/// The part of one client.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientShare {
    /// The client; null is a request that named none.
    pub client: Option<Logged>,
    /// Its failures here.
    pub count: u64,
    /// Its failures a minute outside of it, where that is known.
    pub usual_per_minute: Option<f64>,
}

/// How many of one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CauseCount {
    /// The cause.
    pub cause: Cause,
    /// Its title.
    pub title: &'static str,
    /// How many.
    pub count: u64,
}

/// How many of one detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DetailCount {
    /// The detail.
    pub detail: Detail,
    /// How many.
    pub count: u64,
    /// What it means.
    pub meaning: Option<&'static str>,
}

/// A bar of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DelayBar {
    /// From so many milliseconds on.
    pub from_ms: u64,
    /// Below so many.
    pub below_ms: u64,
    /// How many.
    pub count: u64,
    /// How many outside the incident.
    pub usual: u64,
}

/// Delays from the login to the failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Distribution {
    /// The shortest.
    pub min_ms: i64,
    /// The longest.
    pub max_ms: i64,
    /// In how many failures both ends were seen.
    pub count: u64,
    /// The bars, without a gap from the first to the last.
    pub bars: Vec<DelayBar>,
}

/// Failures in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Window {
    /// Its start.
    pub start: Instant,
    /// How many.
    pub count: u64,
}

/// What makes failures an incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Burst {
    /// The start of the window with most failures.
    pub peak: Instant,
    /// Failures a minute in it.
    pub peak_per_minute: f64,
    /// Whether it is over: `going`, `over` or `unclear`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub state: State,
    /// Failures that the usual rate would have given.
    pub expected: f64,
    /// The probability of so many by chance, as a negative decimal logarithm.
    pub surprise: f64,
    /// Failures of other causes that followed from it.
    pub cascade: Vec<CauseCount>,
    /// What happened near its start, the likeliest first; none if the log shows nothing.
    pub triggers: Vec<Event>,
    /// The likeliest of them in a sentence, or that the log shows none.
    pub trigger: Prose,
    /// Successful requests of its clients while it went on, where they are visible.
    pub successes: Option<u64>,
    /// Failed requests of its clients while it went on, whatever the cause, where successes are visible.
    pub failures: Option<u64>,
}

/// Failures that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Matter {
    /// Its number on this page.
    pub number: usize,
    /// What it is, in a line.
    pub title: Prose,
    /// The cause, or the first of the candidates.
    pub cause: Cause,
    /// 1 to 9, null beyond the nine.
    pub cause_number: Option<u8>,
    /// The realm.
    pub realm: Option<Logged>,
    /// Failures.
    pub count: u64,
    /// Those that are certain.
    pub certain: u64,
    /// Those that are likely.
    pub likely: u64,
    /// Those that are ambiguous.
    pub ambiguous: u64,
    /// The first failure.
    pub start: Option<Instant>,
    /// The last failure.
    pub last: Option<Instant>,
    /// What makes it an incident; null if it is none.
    pub burst: Option<Burst>,
    /// The clients, most failures first.
    pub clients: Vec<ClientShare>,
    /// Clients beyond those listed.
    pub clients_left_out: u64,
    /// Client addresses.
    pub addresses: Counted,
    /// Users.
    pub users: Counted,
    /// How many of each detail.
    pub details: Vec<DetailCount>,
    /// The other candidates, and how often each stood beside the cause.
    pub others: Vec<CauseCount>,
    /// What happened, in sentences.
    pub story: Vec<Prose>,
    /// Delays from the login.
    pub delays: Option<Distribution>,
    /// Failures by window.
    pub windows: Vec<Window>,
    /// What those who use the clients can be told, as on a status page; null if it is no incident.
    pub notice: Option<Prose>,
    /// The command that lists its lines.
    pub lines: Prose,
    /// What to do first.
    pub first_step: Prose,
    /// What to do where it is the likeliest other candidate; only where nothing speaks for the first.
    pub other_step: Option<Prose>,
    /// What happens inside Keycloak.
    pub what: &'static str,
    /// How to prove it, with the values of this matter.
    pub verify: Vec<Prose>,
    /// How to end it.
    pub fix: Vec<Prose>,
    /// One of its failures, walked through the flowchart.
    pub walked: Option<Walked>,
}
