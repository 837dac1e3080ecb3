//! What is wrong now: failures of one cause that came in the last minutes, whose they are, since when, and what happened when they began.

use std::collections::{BTreeMap, BTreeSet};

use kctriage::cause::Cause;
use kctriage::finding::Confidence;
use kctriage::tally::incident::{Change, Trigger};

use super::clients::{Episode, Key};
use super::counted::Counted;

/// What is silent for so long is no problem of now.
const PAST_MS: i64 = 600_000;

/// Before the first failure, a trigger may be so far away; and the clocks of two lines so far apart.
const BEFORE_MS: i64 = 600_000;
const SLACK_MS: i64 = 2000;

/// A burst is over after so long a silence at least.
const PAUSE_MS: i64 = 60_000;

/// Failures of one cause in one realm.
#[derive(Debug)]
pub struct Problem<'a> {
    pub cause: Cause,
    /// Whose, most recent failures first; never empty.
    pub clients: Vec<(&'a Key, &'a Episode)>,
    /// Failures of the last five minutes.
    pub recent: u64,
    /// Failures since it began.
    pub count: u64,
    /// When it began for the client with most failures.
    pub since: i64,
    pub last: i64,
    /// Failures a minute: of the last minute where that can be said, else of the last five.
    pub per_minute: u64,
    /// Failures still come at its rate.
    pub is_going: bool,
    pub trigger: Option<&'a Trigger>,
}

impl Problem<'_> {
    /// Returns how sure most of its failures are.
    pub fn sure(&self) -> Confidence {
        let sum = |c: &Confidence| self.clients.iter().map(|(_, e)| e.sure[*c as usize]).sum::<u64>();
        Confidence::ALL.into_iter().rev().max_by_key(sum).unwrap_or(Confidence::Ambiguous)
    }

    /// Returns the problem that one client's failures are.
    pub fn of_client<'a>(key: &'a Key, episode: &'a Episode, now: i64) -> Problem<'a> {
        let (cause, since, last, count, recent) = (episode.cause, episode.since, episode.last, episode.count, episode.recent(now));
        let (per_minute, is_going) = (average(recent, since, now), is_going(count, since, last, now));
        Problem { cause, clients: vec![(key, episode)], recent, count, since, last, per_minute, is_going, trigger: None }
    }

    /// Returns the client with most recent failures.
    pub fn main(&self) -> Option<(&Key, &Episode)> {
        self.clients.first().map(|(k, e)| (*k, *e))
    }
}

/// Episodes with their clients, by realm and cause.
type Groups<'a> = BTreeMap<(&'a Option<String>, Cause), Vec<(&'a Key, &'a Episode)>>;

/// Returns what is wrong now, the worst first.
pub fn problems(counted: &Counted) -> Vec<Problem<'_>> {
    let now = counted.now();
    let mut groups: Groups<'_> = BTreeMap::new();
    for (key, client) in counted.clients.iter() {
        for episode in client.episodes.iter().filter(|e| now - e.last < PAST_MS) {
            groups.entry((&key.0, episode.cause)).or_default().push((key, episode));
        }
    }
    let mut problems: Vec<Problem<'_>> = Vec::new();
    let realms: BTreeSet<&Option<String>> = groups.keys().map(|(realm, _)| *realm).collect();
    let is_one_realm = realms.len() == 1;
    for ((_, cause), mut clients) in groups {
        clients.sort_by(|a, b| (b.1.recent(now), b.1.count).cmp(&(a.1.recent(now), a.1.count)).then(a.0.cmp(b.0)));
        let (count, recent) = clients.iter().fold((0, 0), |(count, recent), (_, e)| (count + e.count, recent + e.recent(now)));
        let since = clients.first().map_or(now, |(_, e)| e.since);
        let last = clients.iter().map(|(_, e)| e.last).max().unwrap_or(now);
        let is_going = is_going(count, since, last, now);
        let trigger = trigger(counted, cause, &clients, since);
        let per_minute = match counted.causes.get(&cause) {
            Some(series) if is_one_realm => series.per_minute(now),
            _ => average(recent, since, now),
        };
        problems.push(Problem { cause, clients, recent, count, since, last, per_minute, is_going, trigger });
    }
    problems.sort_by(|a, b| (b.is_going, b.recent, b.count).cmp(&(a.is_going, a.recent, a.count)).then(a.cause.cmp(&b.cause)));
    problems
}

/// Returns failures a minute over the last five minutes, or since they began.
fn average(recent: u64, since: i64, now: i64) -> u64 {
    let minutes = u64::try_from((now - since) / 60_000 + 1).unwrap_or(1).clamp(1, 5);
    recent.div_ceil(minutes)
}

/// Whether failures still come at the rate at which they came.
fn is_going(count: u64, since: i64, last: i64, now: i64) -> bool {
    let gap = (last - since) / i64::try_from(count.max(2) - 1).unwrap_or(i64::MAX);
    count > 1 && now - last <= PAUSE_MS.max(3 * gap)
}

/// Returns the last thing that happened shortly before failures began and that can have to do with them.
fn trigger<'a>(counted: &'a Counted, cause: Cause, clients: &[(&Key, &Episode)], since: i64) -> Option<&'a Trigger> {
    let is_near = |t: &&Trigger| t.time <= since + SLACK_MS && since - t.time <= BEFORE_MS;
    let is_theirs = |t: &&Trigger| t.client.as_deref().is_none_or(|name| clients.iter().any(|(key, _)| key.1.as_deref() == Some(name)));
    counted.triggers.iter().rev().filter(is_near).filter(is_theirs).find(|t| fits(&t.what, cause))
}

/// Whether such a change can set off failures of such a cause.
fn fits(change: &Change, cause: Cause) -> bool {
    use Cause::{ClientAuthMethod, ClientNotFound, ClockSkew, CodeExpired, CodeReused, DeviceCodeInvalid, RefreshTokenInvalid, SessionTerminated};
    match change {
        Change::SecretRegenerated => matches!(cause, Cause::WrongClientSecret | ClientAuthMethod),
        Change::ClientUpdated => !matches!(cause, CodeExpired | CodeReused | Cause::UserCredentials | ClientNotFound),
        Change::RealmUpdated => matches!(cause, CodeExpired | RefreshTokenInvalid | SessionTerminated),
        Change::SessionsEnded | Change::NotBeforePushed => matches!(cause, RefreshTokenInvalid | SessionTerminated),
        Change::ServerStarted { .. } | Change::ServerStopped | Change::NodeLeft | Change::DatabaseTrouble => {
            matches!(cause, RefreshTokenInvalid | SessionTerminated | DeviceCodeInvalid | CodeExpired | CodeReused)
        }
        Change::ClockJumped { .. } => matches!(cause, ClockSkew | CodeExpired | RefreshTokenInvalid),
        Change::AddressesChanged => matches!(cause, Cause::WrongClientSecret | ClientAuthMethod | Cause::RedirectUriMismatch),
        Change::NodeJoined => false,
    }
}
