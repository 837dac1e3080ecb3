//! What to do first: the catalogue's sentence with the observed values filled in.

use std::collections::BTreeSet;

use super::figure::{count, list, number, range, span};
use super::group::Group;
use super::{Run, pulse};
use crate::cause::{Catalogue, Cause};
use crate::report::escape::Untrusted;
use crate::tally::Distinct;
use crate::triage::question::DEFAULT_LIFE_MS;

/// Columns of one client's name.
const NAME: usize = 40;

/// Returns the first step for a cause, filled in for a group.
pub(super) fn first_step(run: &Run<'_>, group: &Group<'_>, cause: Cause) -> String {
    let values = [
        ("{client}", known(group, 3)),
        ("{realm}", group.realm.map_or("the realm".to_owned(), |r| Untrusted::new(r).terminal(NAME))),
        ("{delay}", group.delays.min.zip(group.delays.max).map_or("some time".to_owned(), |(a, b)| range(a, b))),
        ("{lifespan}", lifespan(run, group)),
        ("{since}", since(run, group)),
        ("{addresses}", addresses(group)),
    ];
    // One pass over the sentence, so that a client called "{since}" stays what it is.
    let mut rest = Catalogue::builtin().get(cause).first.as_str();
    let mut filled = String::new();
    while let Some(at) = rest.find('{') {
        filled += &rest[..at];
        rest = &rest[at..];
        let (text, length) = values.iter().find(|(key, _)| rest.starts_with(key)).map_or(("{", 1), |(key, value)| (value, key.len()));
        filled += text;
        rest = &rest[length..];
    }
    filled + rest
}

/// Names the clients as a sentence to act on needs them: where some are known, these alone.
fn known(group: &Group<'_>, most: usize) -> String {
    let known: Vec<String> = group.clients.iter().filter_map(|(client, _)| *client).map(|client| quoted(client, NAME)).collect();
    if known.is_empty() { "the client".to_owned() } else { list(&known, most) }
}

/// Names the clients of a group, on request with their counts where these differ.
pub(super) fn clients(group: &Group<'_>, most: usize, counted: bool) -> String {
    // counts that are all the same say nothing
    let counted = counted && group.clients.first().map(|c| c.1) != group.clients.last().map(|c| c.1);
    let name = |(client, n): &(Option<&str>, u64)| {
        let name = client.map_or("requests of an unknown client".to_owned(), |c| quoted(c, NAME));
        if counted { format!("{name} ({})", number(*n)) } else { name }
    };
    list(&group.clients.iter().map(name).collect::<Vec<_>>(), most)
}

/// Writes a name as it is; in quotes where it could be taken for words of this page.
fn quoted(name: &str, columns: usize) -> String {
    let shown = Untrusted::new(name).terminal(columns);
    let plain = !shown.is_empty() && shown.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '…'));
    if plain { shown } else { format!("“{}”", shown.replace(['“', '”'], "\"")) }
}

/// Names the addresses where few came, else says how many.
pub(super) fn addresses(group: &Group<'_>) -> String {
    let (n, exact) = distinct(&group.addresses, group);
    let known: BTreeSet<&str> = group.samples.iter().filter_map(|f| f.ip.as_deref()).collect();
    if exact && n > 0 && n <= 3 && known.len() as u64 == n {
        let shown: Vec<String> = known.into_iter().map(|a| Untrusted::new(a).terminal(45)).collect();
        return list(&shown, 3);
    }
    match (n, exact) {
        (0, _) => "no address is logged".to_owned(),
        (n, true) => count(n, "address"),
        (n, false) => format!("about {}", count(n, "address")),
    }
}

/// Returns a count of distinct values, and whether it is exact; an estimate is never above the number of failures.
pub(super) fn distinct(values: &Distinct, group: &Group<'_>) -> (u64, bool) {
    let (n, exact) = values.count();
    (n.min(group.count), exact)
}

fn since(run: &Run<'_>, group: &Group<'_>) -> String {
    match pulse::pulse(group, run.outcome.span, run.outcome.tally.window_ms) {
        Some(pulse) if pulse.is_throughout() => "the log's beginning".to_owned(),
        Some(pulse) => run.moments.time(pulse.since),
        None => "an unknown time".to_owned(),
    }
}

/// Says what is known of the lifespan of codes.
fn lifespan(run: &Run<'_>, group: &Group<'_>) -> String {
    match (run.settings.life_ms, group.certain_delays.min) {
        (Some(life), _) => span(life),
        (None, Some(least)) if least < DEFAULT_LIFE_MS => format!("{} at most", span(least)),
        _ => format!("{} (if it is the default)", span(DEFAULT_LIFE_MS)),
    }
}
