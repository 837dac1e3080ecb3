//! The sums, and the tables of nodes, causes and clients.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::subject::counted;
use crate::cause::{Catalogue, Cause, Detail};
use crate::finding::Confidence;
use crate::report::model::{CauseCount, CauseRow, ClientRow, DetailCount, Instant, Kind, NodeRow, Seen, Span, Totals, Version};
use crate::tally::Cell;
use crate::tally::account::{Name, NodeAccount};

/// Clients that have a row.
const CLIENTS: usize = 100;

/// Returns the time that the log covers.
pub(super) fn span(run: &Run<'_>) -> Option<Span> {
    let (from, to) = run.account.span?;
    Some(Span {
        from: Instant(from),
        to: Instant(to),
        seconds: u64::try_from((to - from).max(0)).unwrap_or(0).div_ceil(1000),
        zone: run.settings.zone.to_string(),
        zone_assumed: run.account.zone_assumed && run.settings.zone_assumed,
        zone_named_by_some: run.account.names_some_zone(),
        words: run.moments.span(from, to),
    })
}

/// Returns the server processes.
pub(super) fn nodes(run: &Run<'_>) -> Vec<NodeRow> {
    let row = |(name, n): (&String, &NodeAccount)| NodeRow {
        name: run.scribe.logged(Kind::Node, name),
        versions: runs(&n.versions).map(|(since, v)| Version { since: Some(Instant(*since)), version: run.scribe.logged(Kind::Text, v) }).collect(),
        shows: Seen { events: n.events, success_events: n.successes, client_authentication: n.authentication, access_log: n.access_log, start: n.from_start },
        stopped: n.stopped.map(Instant),
    };
    run.account.nodes.iter().map(row).collect()
}

/// Returns the versions without those that only started again.
fn runs(versions: &BTreeSet<(i64, String)>) -> impl Iterator<Item = &(i64, String)> {
    let mut last = None;
    versions.iter().filter(move |(_, v)| last.replace(v) != Some(v))
}

/// Returns failures in a hundred requests, to a tenth.
pub(super) fn percent(failures: u64, successes: u64) -> Option<f64> {
    let all = failures.checked_add(successes).filter(|n| *n > 0)?;
    #[allow(clippy::cast_precision_loss)] // a share, to a tenth of a percent
    let share = failures as f64 * 1000.0 / all as f64;
    Some(share.round() / 10.0)
}

/// Returns how many requests failed and how many did not, as far as one can be held against the other: by the access log, which shows both, else by
/// success events.
fn requests(run: &Run<'_>) -> (u64, Option<u64>) {
    let access = run.settings.filter.requests(&run.account.access).unwrap_or_default();
    if access.successes + access.failures > 0 {
        return (access.failures, Some(access.successes));
    }
    let served = run.account.successes.iter().flatten().map(|(_, served)| served.total()).sum::<u64>();
    (run.account.tally.findings(), (served > 0).then_some(served))
}

/// Whether the logs of some nodes do not show successful requests.
pub(super) fn is_partial(run: &Run<'_>) -> bool {
    run.account.nodes.values().any(|n| !n.successes && !n.access_log)
}

/// Returns the successful requests of a client, where they are visible.
fn served(run: &Run<'_>, realm: Option<&str>, client: Option<&str>) -> Option<u64> {
    let of = |key: &&(Option<i64>, Name, Name)| key.1.as_deref() == realm && key.2.as_deref() == client;
    let all = run.account.successes.as_ref().filter(|s| !s.is_empty())?;
    Some(all.iter().filter(|(key, _)| of(key)).map(|(_, served)| served.total()).sum())
}

/// Returns the sums.
pub(super) fn totals(run: &Run<'_>) -> Totals {
    let account = run.account;
    let sure = |confidence| account.tally.cells.iter().filter(|(k, _)| k.confidence == confidence).map(|(_, c)| c.count).sum();
    let (failed, successes) = requests(run);
    let clients: BTreeSet<_> = account.tally.cells.keys().filter(|k| k.client.is_some()).map(|k| (&k.realm, &k.client)).collect();
    let realms: BTreeSet<_> = account.tally.cells.keys().filter_map(|k| k.realm.as_ref()).collect();
    Totals {
        failures: account.tally.findings(),
        certain: sure(Confidence::Certain),
        likely: sure(Confidence::Likely),
        ambiguous: sure(Confidence::Ambiguous),
        in_incidents: run.incidents.iter().map(|i| i.count).sum(),
        left_out: account.left_out,
        clients: clients.len() as u64,
        realms: realms.len() as u64,
        successes,
        failure_percent: successes.and_then(|s| percent(failed, s)),
        successes_partial: successes.is_some() && is_partial(run),
        records: account.books.records,
        bytes: account.books.bytes(),
    }
}

/// What some cells add up to.
#[derive(Default)]
struct Sum {
    cell: Cell,
    sure: [u64; 3],
    causes: BTreeMap<Cause, u64>,
    clients: BTreeSet<(Option<String>, Option<String>)>,
}

impl Sum {
    fn add(&mut self, cause: Cause, confidence: Confidence, cell: &Cell) {
        self.cell.merge(cell);
        self.sure.iter_mut().zip(Confidence::ALL).for_each(|(sum, c)| *sum += if c == confidence { cell.count } else { 0 });
        *self.causes.entry(cause).or_default() += cell.count;
    }
}

/// Returns how many of each detail, most first.
pub(super) fn details<'a>(cause: Cause, details: impl Iterator<Item = (&'a Detail, &'a u64)>) -> Vec<DetailCount> {
    let meaning = |d: Detail| Catalogue::builtin().get(cause).details.get(&d).map(String::as_str);
    let mut counts: Vec<_> = details.map(|(d, n)| DetailCount { detail: *d, count: *n, meaning: meaning(*d) }).collect();
    counts.sort_by_key(|d| (std::cmp::Reverse(d.count), d.detail));
    counts
}

/// Returns how many of each cause, most first.
pub(super) fn counts<'a>(causes: impl Iterator<Item = (&'a Cause, &'a u64)>) -> Vec<CauseCount> {
    let mut counts: Vec<_> = causes.map(|(cause, count)| CauseCount { cause: *cause, title: cause.title(), count: *count }).collect();
    counts.sort_by_key(|c| (std::cmp::Reverse(c.count), c.cause));
    counts
}

/// Returns failures by cause, most first.
pub(super) fn causes(run: &Run<'_>) -> Vec<CauseRow> {
    let mut sums: BTreeMap<Cause, Sum> = BTreeMap::new();
    for (key, cell) in &run.account.tally.cells {
        let sum = sums.entry(key.cause).or_default();
        sum.add(key.cause, key.confidence, cell);
        sum.clients.insert((key.realm.as_deref().map(String::from), key.client.as_deref().map(String::from)));
    }
    let mut rows: Vec<CauseRow> = sums
        .into_iter()
        .map(|(cause, sum)| CauseRow {
            cause,
            number: cause.number(),
            title: cause.title(),
            summary: &Catalogue::builtin().get(cause).summary,
            count: sum.cell.count,
            certain: sum.sure[0],
            likely: sum.sure[1],
            ambiguous: sum.sure[2],
            clients: sum.clients.len() as u64,
            details: details(cause, sum.cell.details.iter()),
            first: sum.cell.first.map(Instant),
            last: sum.cell.last.map(Instant),
            incidents: run.numbers(|i| i.cause == cause || i.cascade.iter().any(|(c, _)| *c == cause)),
        })
        .collect();
    rows.sort_by_key(|r| (std::cmp::Reverse(r.count), r.cause));
    rows
}

/// Returns failures by client, most first, and how many clients have no row.
pub(super) fn clients(run: &Run<'_>) -> (Vec<ClientRow>, u64) {
    let mut sums: BTreeMap<(Option<&str>, Option<&str>), Sum> = BTreeMap::new();
    for (key, cell) in &run.account.tally.cells {
        sums.entry((key.realm.as_deref(), key.client.as_deref())).or_default().add(key.cause, key.confidence, cell);
    }
    let mut all: Vec<_> = sums.into_iter().collect();
    all.sort_by(|a, b| b.1.cell.count.cmp(&a.1.cell.count).then(a.0.cmp(&b.0)));
    let left_out = all.len().saturating_sub(CLIENTS) as u64;
    let row = |((realm, client), sum): ((Option<&str>, Option<&str>), Sum)| {
        let successes = client.and_then(|_| served(run, realm, client));
        ClientRow {
            realm: realm.map(|r| run.scribe.logged(Kind::Realm, r)),
            client: client.map(|c| run.scribe.logged(Kind::Client, c)),
            count: sum.cell.count,
            causes: counts(sum.causes.iter()),
            addresses: counted(&sum.cell.addresses, sum.cell.count),
            users: counted(&sum.cell.users, sum.cell.count),
            first: sum.cell.first.map(Instant),
            last: sum.cell.last.map(Instant),
            successes,
            failure_percent: successes.and_then(|s| percent(sum.cell.count, s)),
            incidents: run.numbers(|i| i.realm.as_deref() == realm && i.clients.iter().any(|s| s.client.as_deref() == client)),
        }
    };
    (all.into_iter().take(CLIENTS).map(row).collect(), left_out)
}
