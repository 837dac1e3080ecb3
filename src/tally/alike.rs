//! Which counts are told together: of one realm and cause, of clients that fail at the same time.
//!
//! Input: counts by realm, client and cause. Output: them in groups. Must not know what else is known of them, nor how they are told.

use std::cmp::Reverse;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::cause::Cause;

/// A client that is not known fails seldom under one name; names with so few failures are told together.
const FEW: u64 = 3;

/// What is counted together.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a, T> {
    /// The realm.
    pub realm: Option<&'a str>,
    /// The cause.
    pub cause: Cause,
    /// The client.
    pub client: Option<&'a str>,
    /// How many.
    pub count: u64,
    /// The first time.
    pub first: Option<i64>,
    /// The last time.
    pub last: Option<i64>,
    /// What is known of it.
    pub of: T,
}

/// Counts that are told together.
#[derive(Debug, Clone)]
pub struct Alike {
    /// Where the parts of each client stand among all, the client with most failures first; never empty.
    pub clients: Vec<Range<usize>>,
    reach: Reach,
}

impl Alike {
    /// Returns how many failures there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.reach.count
    }

    /// Returns the parts of all its clients.
    pub fn parts<'p, 'a, T>(&self, all: &'p [Part<'a, T>]) -> impl Iterator<Item = &'p Part<'a, T>> {
        self.clients.iter().flat_map(|client| &all[client.clone()])
    }
}

/// How many failures there are, and when.
#[derive(Debug, Clone, Copy, Default)]
struct Reach {
    count: u64,
    clients: usize,
    first: Option<i64>,
    last: Option<i64>,
}

impl Reach {
    fn join(&mut self, other: Reach) {
        self.count += other.count;
        self.clients += other.clients;
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.into_iter().chain(other.last).max();
    }

    /// Whether another's failures come at about the same time: what both have in common is half of the whole at least.
    fn meets(&self, other: &Reach, cause: Cause, slack: i64) -> bool {
        if cause == Cause::ClientNotFound && (self.clients > 1 || self.count <= FEW) && other.count <= FEW {
            return true;
        }
        match (self.first.zip(self.last), other.first.zip(other.last)) {
            (Some((a, b)), Some((c, d))) => 2 * (b.min(d) - a.max(c) + slack) >= b.max(d) - a.min(c) + slack,
            (None, None) => true,
            _ => false,
        }
    }
}

/// Returns the groups of counts over a time; the counts are put in order for it.
pub fn groups<T>(parts: &mut [Part<'_, T>], span: Option<(i64, i64)>, window_ms: i64) -> Vec<Alike> {
    parts.sort_unstable_by(|a, b| (a.realm, a.cause, a.client).cmp(&(b.realm, b.cause, b.client)));
    let mut clients: Vec<(Reach, Range<usize>)> = Vec::new();
    let mut from = 0;
    for client in parts.chunk_by(|a, b| (a.realm, a.cause, a.client) == (b.realm, b.cause, b.client)) {
        let mut reach = Reach { clients: 1, ..Reach::default() };
        for part in client {
            reach.join(Reach { count: part.count, clients: 0, first: part.first, last: part.last });
        }
        clients.push((reach, from..from + client.len()));
        from += client.len();
    }
    clients.sort_by_key(|(reach, parts)| (Reverse(reach.count), parts.start));
    let slack = span.map_or(0, |(from, to)| (to - from) / 10).max(window_ms);
    let mut groups: Vec<Alike> = Vec::new();
    let mut of_cause: HashMap<(Option<&str>, Cause), Vec<usize>, RandomState> = HashMap::default();
    for (reach, client) in clients {
        let Part { realm, cause, .. } = parts[client.start];
        let same = of_cause.entry((realm, cause)).or_default();
        if let Some(found) = same.iter().find(|n| groups[**n].reach.meets(&reach, cause, slack)) {
            groups[*found].reach.join(reach);
            groups[*found].clients.push(client);
        } else {
            same.push(groups.len());
            groups.push(Alike { clients: vec![client], reach });
        }
    }
    groups
}
