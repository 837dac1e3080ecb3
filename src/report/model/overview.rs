//! The parts that show the whole: sums, tables, the time line.

use serde::Serialize;

use super::{CauseCount, Counted, DetailCount, Instant, Logged, Prose};
use crate::cause::Cause;

/// The time that the log covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Span {
    /// The first record.
    pub from: Instant,
    /// The last record.
    pub to: Instant,
    /// From the first to the last.
    pub seconds: u64,
    /// The zone in which a person is shown times.
    pub zone: String,
    /// Nobody named that zone, and the log's times do not.
    pub zone_assumed: bool,
    /// Only some of its times name no zone.
    pub zone_named_by_some: bool,
    /// The same in words.
    pub words: String,
}

/// A version, and since when it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Version {
    /// When it was seen first.
    pub since: Option<Instant>,
    /// The version.
    pub version: Logged,
}

/// What a node's log shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Seen {
    /// User events.
    pub events: bool,
    /// Successful ones.
    pub success_events: bool,
    /// How clients authenticate.
    pub client_authentication: bool,
    /// The HTTP access log.
    pub access_log: bool,
    /// Its first line is the server's start.
    pub start: bool,
}

/// One server process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NodeRow {
    /// Its name.
    pub name: Logged,
    /// Its versions.
    pub versions: Vec<Version>,
    /// What its log shows.
    pub shows: Seen,
    /// When it stopped for good.
    pub stopped: Option<Instant>,
}

/// The sums.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Totals {
    /// Failed token requests.
    pub failures: u64,
    /// Those that are certain.
    pub certain: u64,
    /// Those that are likely.
    pub likely: u64,
    /// Those that are ambiguous.
    pub ambiguous: u64,
    /// Failures within incidents.
    pub in_incidents: u64,
    /// Failures that a filter left out.
    pub left_out: u64,
    /// Clients that failed.
    pub clients: u64,
    /// Realms in which something failed.
    pub realms: u64,
    /// Successful token requests, where the logs show them.
    pub successes: Option<u64>,
    /// Failures in a hundred requests, where successes are visible.
    pub failure_percent: Option<f64>,
    /// Successes are visible in the logs of some nodes only: all shares of failures are upper bounds.
    pub successes_partial: bool,
    /// Records read.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Failures of one cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CauseRow {
    /// The cause.
    pub cause: Cause,
    /// 1 to 9, null beyond the nine.
    pub number: Option<u8>,
    /// Its title.
    pub title: &'static str,
    /// What it means, in a sentence.
    pub summary: &'static str,
    /// How many.
    pub count: u64,
    /// Those that are certain.
    pub certain: u64,
    /// Those that are likely.
    pub likely: u64,
    /// Those that are ambiguous.
    pub ambiguous: u64,
    /// Clients.
    pub clients: u64,
    /// How many of each detail.
    pub details: Vec<DetailCount>,
    /// The first.
    pub first: Option<Instant>,
    /// The last.
    pub last: Option<Instant>,
    /// Numbers of the incidents that it has a part in.
    pub incidents: Vec<usize>,
}

/// Something that happened to a server, a realm or a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// When.
    pub time: Instant,
    /// What: `server-started`, `secret-regenerated`, …
    pub kind: &'static str,
    /// The same in words.
    pub what: Prose,
    /// The letter that marks it in the picture.
    pub mark: Option<char>,
    /// The realm.
    pub realm: Option<Logged>,
    /// The client.
    pub client: Option<Logged>,
    /// The server process that said so.
    pub node: Option<Logged>,
    /// The file.
    pub file: Option<Logged>,
    /// The line in it.
    pub line: Option<u64>,
    /// Numbers of the incidents that it may have set off.
    pub incidents: Vec<usize>,
}

/// Failures of one cause by window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Series {
    /// The cause.
    pub cause: Cause,
    /// Its title.
    pub title: &'static str,
    /// Failures in each window of the time line.
    pub counts: Vec<u64>,
}

/// Failures by cause and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Timeline {
    /// The start of the first window.
    pub start: Instant,
    /// The length of a window.
    pub window_seconds: u64,
    /// The causes, most failures first; each with as many counts as there are windows.
    pub series: Vec<Series>,
    /// What happened meanwhile, in the order of time.
    pub events: Vec<Event>,
    /// Events beyond those listed.
    pub events_left_out: u64,
}

/// Failures of one client.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientRow {
    /// The realm.
    pub realm: Option<Logged>,
    /// The client; null is a request that named none.
    pub client: Option<Logged>,
    /// How many.
    pub count: u64,
    /// By cause, most first.
    pub causes: Vec<CauseCount>,
    /// Client addresses.
    pub addresses: Counted,
    /// Users.
    pub users: Counted,
    /// The first.
    pub first: Option<Instant>,
    /// The last.
    pub last: Option<Instant>,
    /// Its successful requests, where they are visible.
    pub successes: Option<u64>,
    /// Failures in a hundred requests, where successes are visible.
    pub failure_percent: Option<f64>,
    /// Numbers of the incidents that it has a part in.
    pub incidents: Vec<usize>,
}
