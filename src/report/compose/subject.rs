//! What a matter is about, whether it is an incident or not: the facts that every sentence on it is made from.

use super::Run;
use crate::cause::{Cause, Detail};
use crate::finding::Finding;
use crate::report::model::{Counted, Kind, Logged, Prose};
use crate::report::terminal::figure::{count, number};
use crate::report::terminal::group::Group;
use crate::report::terminal::pulse::{Pulse, pulse};
use crate::tally::incident::{Incident, State};
use crate::tally::{Delays, Distinct};

/// The facts.
pub(super) struct Subject {
    pub(super) realm: Option<Logged>,
    /// The realm as the log has it.
    pub(super) realm_name: Option<String>,
    pub(super) cause: Cause,
    /// Causes of failures that followed from it and are counted with it.
    pub(super) cascade: Vec<Cause>,
    /// The clients, their failures, and how many a minute are usual, where that is known.
    pub(super) clients: Vec<(Option<Logged>, u64, Option<f64>)>,
    pub(super) count: u64,
    pub(super) sure: [u64; 3],
    pub(super) details: Vec<(Detail, u64)>,
    pub(super) others: Vec<(Cause, u64)>,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    pub(super) delays: Delays,
    /// The shortest delay of those that are certain.
    pub(super) certain_min: Option<i64>,
    /// How old a code of the realm was that was still accepted, where that is clearly more than the shortest of those that had expired.
    pub(super) outlived: Option<i64>,
    pub(super) usual_delays: Delays,
    pub(super) addresses: Counted,
    pub(super) users: Counted,
    pub(super) windows: Vec<(i64, u64)>,
    /// How an incident stands; `None` for what is none.
    pub(super) state: Option<State>,
    pub(super) pulse: Option<Pulse>,
    /// Addresses that samples name.
    pub(super) some_addresses: Vec<Logged>,
}

/// Returns a count of distinct values; an estimate is never above the number of failures.
pub(super) fn counted(values: &Distinct, most: u64) -> Counted {
    let (n, exact) = values.count();
    Counted { count: n.min(most), estimated: !exact }
}

/// Milliseconds that two lines of one request can lie apart.
const APART_MS: i64 = 1000;

/// Returns the age of a code that was accepted although a younger one had expired: codes of one realm have one lifespan, so it was changed.
fn outlived(run: &Run<'_>, cause: Cause, realm: Option<&str>, refused: Option<i64>) -> Option<i64> {
    let worked = *run.account.worked.get(&realm.map(String::from))?;
    (cause == Cause::CodeExpired && worked > refused? + APART_MS).then_some(worked)
}

fn addresses<'a>(samples: impl Iterator<Item = &'a Finding>, run: &Run<'_>) -> Vec<Logged> {
    let mut names: Vec<Logged> = samples.filter_map(|f| f.ip.as_deref()).map(|ip| run.scribe.logged(Kind::Address, ip)).collect();
    names.sort();
    names.dedup();
    names
}

impl Subject {
    pub(super) fn of_group(group: &Group<'_>, run: &Run<'_>) -> Self {
        let name = |client: Option<&str>| client.map(|c| run.scribe.logged(Kind::Client, c));
        let mut details: Vec<_> = group.details.iter().map(|(d, n)| (*d, *n)).collect();
        details.sort_by_key(|(d, n)| (std::cmp::Reverse(*n), *d));
        let mut others: Vec<_> = group.others.iter().map(|(c, n)| (*c, *n)).collect();
        others.sort_by_key(|(c, n)| (std::cmp::Reverse(*n), *c));
        Subject {
            realm: group.realm.map(|r| run.scribe.logged(Kind::Realm, r)),
            realm_name: group.realm.map(String::from),
            cause: group.cause,
            cascade: Vec::new(),
            clients: group.clients.iter().map(|(c, n)| (name(*c), *n, None)).collect(),
            count: group.count,
            sure: group.sure,
            details,
            others,
            first: group.first,
            last: group.last,
            delays: group.delays.clone(),
            certain_min: group.certain_delays.min,
            outlived: outlived(run, group.cause, group.realm, group.certain_delays.min),
            usual_delays: Delays::default(),
            addresses: counted(&group.addresses, group.count),
            users: counted(&group.users, group.count),
            windows: group.windows.iter().map(|(start, (n, _))| (*start, *n)).collect(),
            state: None,
            pulse: pulse(group, run.account.span, run.account.tally.window_ms),
            some_addresses: addresses(group.samples.iter().copied(), run),
        }
    }

    pub(super) fn of_incident(incident: &Incident, run: &Run<'_>) -> Self {
        let same = |g: &&Group<'_>| g.realm == incident.realm.as_deref() && g.cause == incident.cause;
        let certain_min = run.groups.iter().filter(same).filter_map(|g| g.certain_delays.min).min();
        Subject {
            realm: incident.realm.as_deref().map(|r| run.scribe.logged(Kind::Realm, r)),
            realm_name: incident.realm.as_deref().map(String::from),
            cause: incident.cause,
            cascade: incident.cascade.iter().map(|(cause, _)| *cause).collect(),
            clients: incident
                .clients
                .iter()
                .map(|s| (s.client.as_deref().map(|c| run.scribe.logged(Kind::Client, c)), s.count, Some(s.usual_per_minute)))
                .collect(),
            count: incident.count,
            sure: incident.sure,
            details: incident.details.clone(),
            others: incident.others.clone(),
            first: Some(incident.start),
            last: Some(incident.last),
            delays: incident.delays.clone(),
            certain_min,
            outlived: outlived(run, incident.cause, incident.realm.as_deref(), certain_min),
            usual_delays: incident.usual_delays.clone(),
            addresses: counted(&incident.addresses, incident.count),
            users: counted(&incident.users, incident.count),
            windows: incident.windows.clone(),
            state: Some(incident.state),
            pulse: None,
            some_addresses: addresses(incident.samples.iter(), run),
        }
    }

    /// Names the clients, on request with their counts where these differ.
    pub(super) fn names(&self, most: usize, with_counts: bool) -> Prose {
        let with_counts = with_counts && self.clients.first().map(|c| c.1) != self.clients.last().map(|c| c.1);
        let one = |(client, n, _): &(Option<Logged>, u64, Option<f64>)| {
            let name = match client {
                Some(client) => Prose::new().name(client),
                None => Prose::new().say("requests of an unknown client"),
            };
            if with_counts { name.say(format!(" ({})", number(*n))) } else { name }
        };
        super::list(self.clients.iter().map(one).collect(), most)
    }

    /// Names the clients as a sentence to act on needs them: where some are known, these alone.
    pub(super) fn known(&self, most: usize) -> Prose {
        let known: Vec<_> = self.clients.iter().filter_map(|(client, ..)| client.as_ref()).map(|client| Prose::new().name(client)).collect();
        if known.is_empty() { "the client".into() } else { super::list(known, most) }
    }

    /// Names the addresses where few came, else says how many.
    pub(super) fn places(&self) -> Prose {
        let Counted { count: n, estimated } = self.addresses;
        if !estimated && (1..=3).contains(&n) && self.some_addresses.len() as u64 == n {
            return super::list(self.some_addresses.iter().map(|a| Prose::new().name(a)).collect(), 3);
        }
        Prose::new().say(match (n, estimated) {
            (0, _) => "no address is logged".to_owned(),
            (n, false) => count(n, "address"),
            (n, true) => format!("about {}", count(n, "address")),
        })
    }

    /// Returns since when it goes on; `None` where that is the log's beginning, or not known.
    pub(super) fn since(&self) -> Option<i64> {
        match (self.state, self.pulse) {
            (Some(_), _) => self.first,
            (None, Some(pulse)) if pulse.is_throughout() => None,
            (None, Some(pulse)) => Some(pulse.since),
            (None, None) => None,
        }
    }
}
