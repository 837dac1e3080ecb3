//! Which bursts are one matter: of clients that share a cause and a time, of causes that follow from each other, or after one trigger.

use std::collections::BTreeSet;

use super::Trigger;
use super::burst::Burst;
use super::grid::{Grid, real};
use super::series::{Of, Series, sum};
use super::suspicion::Suspicion;
use crate::cause::{Cause, Detail};
use crate::tally::account::Name;

/// Bursts that belong together, and what may have set them off, the likeliest first.
#[derive(Debug)]
pub(super) struct Matter {
    pub(super) bursts: Vec<Burst>,
    pub(super) triggers: Vec<(Suspicion, Trigger)>,
    /// The burst of a whole realm that no client's covers: its clients are those with failures in it.
    pub(super) realm: Option<Burst>,
}

/// Whether failures of one cause follow from those of another: a reused code detaches its session, an ended session ends its refresh tokens, too.
pub(super) fn follows(first: Cause, then: Cause) -> bool {
    matches!(
        (first, then),
        (Cause::CodeReused, Cause::RefreshTokenInvalid | Cause::SessionTerminated)
            | (Cause::SessionTerminated, Cause::RefreshTokenInvalid)
            | (Cause::RefreshTokenInvalid, Cause::SessionTerminated)
    )
}

/// Returns the failures of a cause that can follow from another: of refreshes only those whose session is gone.
pub(super) fn of_cascade(details: &std::collections::BTreeMap<Detail, u64>, count: u64, cause: Cause) -> u64 {
    if cause == Cause::RefreshTokenInvalid { [Detail::SessionEnded, Detail::Unknown].iter().filter_map(|d| details.get(d)).sum() } else { count }
}

/// Whether the log cannot tell the two causes apart: the one stands beside the other in at least half of the findings of a series.
fn confusable(a: &Series<'_>, b: &Series<'_>) -> bool {
    let beside = |s: &Series<'_>, cause: Cause| {
        let of: u64 = s.cells.iter().filter_map(|(_, c)| c.others.get(&cause)).sum();
        let all: u64 = s.cells.iter().map(|(_, c)| c.count).sum();
        2 * of >= all
    };
    beside(a, b.of.cause) || beside(b, a.of.cause)
}

/// Whether two bursts began together: within two windows, or a tenth of the longer one.
fn together(a: &Burst, b: &Burst) -> bool {
    let apart = a.range.start.abs_diff(b.range.start);
    apart <= 2.max(a.range.len().max(b.range.len()) / 10) && overlap(a, b)
}

/// Whether two bursts have a window in common, or touch.
fn overlap(a: &Burst, b: &Burst) -> bool {
    a.range.start <= b.range.end && b.range.start <= a.range.end
}

/// Groups bursts into matters; `suspects` says what may have set off a burst.
pub(super) fn matters(bursts: Vec<Burst>, all: &[Series<'_>], grid: Grid, suspects: impl Fn(&Burst) -> Vec<(Suspicion, Trigger)>) -> Vec<Matter> {
    let (realms, clients): (Vec<Burst>, Vec<Burst>) = bursts.into_iter().partition(|b| all[b.series].of.client.is_none());
    let covered = |r: &Burst| -> u64 {
        let of = &all[r.series].of;
        let same = clients.iter().filter(|b| all[b.series].of.realm == of.realm && all[b.series].of.cause == of.cause && overlap(b, r));
        same.map(|b| sum(&all[b.series].points, &(b.range.start.max(r.range.start)..b.range.end.min(r.range.end).max(b.range.start)))).sum()
    };
    // where bursts of clients account for most of it, they are what happened
    let realms: Vec<Burst> = realms.into_iter().filter(|r| 2.0 * real(covered(r)) < real(r.count) - r.expected).collect();
    let mut matters: Vec<Matter> = Vec::new();
    for realm in realms {
        let triggers = suspects(&realm);
        matters.push(Matter { bursts: Vec::new(), triggers, realm: Some(realm) });
    }
    for burst in clients {
        let triggers = suspects(&burst);
        matters.push(Matter { bursts: vec![burst], triggers, realm: None });
    }
    let mut merged: Vec<Matter> = Vec::new();
    for mut matter in matters {
        // one that joins two of those before makes them one
        let mut apart = Vec::new();
        for known in merged {
            if is_one(&known, &matter, all) {
                matter.absorb(known);
            } else {
                apart.push(known);
            }
        }
        merged = apart;
        merged.push(matter);
    }
    for matter in &mut merged {
        matter.bursts.sort_by_key(|b| (b.range.start, b.series));
        matter.triggers.sort();
        matter.triggers.dedup();
    }
    merged.sort_by_key(|m| m.all().map(|b| (grid.time(b.range.start), b.series)).min());
    merged
}

impl Matter {
    /// Returns the bursts, and that of the realm.
    pub(super) fn all(&self) -> impl Iterator<Item = &Burst> {
        self.bursts.iter().chain(&self.realm)
    }

    fn absorb(&mut self, other: Matter) {
        self.bursts.extend(other.bursts);
        self.triggers.extend(other.triggers);
        self.realm = match (self.realm.take(), other.realm) {
            (Some(a), Some(b)) => Some(if a.count >= b.count { a } else { b }),
            (a, b) => a.or(b),
        };
    }

    /// Returns the series of all its bursts.
    pub(super) fn series(&self) -> BTreeSet<usize> {
        self.bursts.iter().map(|b| b.series).collect()
    }
}

fn client<'s>(all: &'s [Series<'_>], burst: &Burst) -> Option<&'s Name> {
    all[burst.series].of.client.as_ref()
}

/// Whether two matters are one.
fn is_one(a: &Matter, b: &Matter, all: &[Series<'_>]) -> bool {
    let one = |x: &Burst, y: &Burst| {
        let (of_x, of_y): (&Of, &Of) = (&all[x.series].of, &all[y.series].of);
        if of_x.realm != of_y.realm {
            return false;
        }
        let (first, then) = if x.range.start <= y.range.start { (x, y) } else { (y, x) };
        let same_client = client(all, x).zip(client(all, y)).is_none_or(|(x, y)| x == y);
        let cascade = same_client
            && overlap(x, y)
            && (follows(all[first.series].of.cause, all[then.series].of.cause) || (together(x, y) && follows(of_x.cause, of_y.cause)));
        (of_x.cause == of_y.cause && together(x, y)) || cascade || (same_client && together(x, y) && confusable(&all[x.series], &all[y.series]))
    };
    let realm = |m: &Matter| m.all().next().map(|b| all[b.series].of.realm.clone());
    // what one trigger explains of one realm is one matter
    let shared = a.triggers.first().zip(b.triggers.first()).is_some_and(|(x, y)| x.1 == y.1 && x.0.explains() && y.0.explains());
    (shared && realm(a) == realm(b)) || a.all().any(|x| b.all().any(|y| one(x, y)))
}
