//! Which bursts are one matter: of clients that share a cause and a time, of causes that follow from each other, or after one trigger.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::mem::discriminant;

use rayon::prelude::*;

use super::burst::Burst;
use super::find::Book;
use super::grid::{Grid, real};
use super::series::{Series, sum};
use super::suspicion::Suspicion;
use super::{Change, Trigger};
use crate::cause::{Cause, Detail};
use crate::tally::account::Name;

/// Bursts that belong together, and what may have set off the cause that they began with, the likeliest first.
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

/// Returns by how many windows another burst may begin earlier or later, to have begun together.
fn tolerance(burst: &Burst) -> usize {
    2.max(burst.range.len() / 10)
}

/// Whether two bursts began together: within two windows, or a tenth of the longer one.
fn together(a: &Burst, b: &Burst) -> bool {
    a.range.start.abs_diff(b.range.start) <= tolerance(a).max(tolerance(b)) && overlap(a, b)
}

/// Whether two bursts have a window in common, or touch.
fn overlap(a: &Burst, b: &Burst) -> bool {
    a.range.start <= b.range.end && b.range.start <= a.range.end
}

/// What may have set off a burst, the likeliest first.
type Suspects = Vec<(Suspicion, Trigger)>;

/// Groups bursts into matters; `suspects` says what may have set off a burst, the likeliest first.
///
/// What belongs together is found by what bursts have in common (a trigger, a cause and a start, a client), and not by comparing each with each: an outage of
/// a whole realm is a burst of each of its clients.
pub(super) fn matters(bursts: Vec<Burst>, all: &[Series<'_>], book: &Book<'_>, grid: Grid, suspects: impl Fn(&Burst) -> Suspects + Sync) -> Vec<Matter> {
    let bursts = without_covered(bursts, all, book, grid);
    let suspects: Vec<_> = bursts.par_iter().map(&suspects).collect();
    let mut groups = Groups::of(bursts.len());
    join_by_trigger(&mut groups, &bursts, &suspects, all);
    join_by_start(&mut groups, &bursts, all);
    join_by_client(&mut groups, &bursts, all);
    let mut matters: BTreeMap<usize, (Matter, Vec<(usize, Suspects)>)> = BTreeMap::new();
    for (number, (burst, suspects)) in bursts.into_iter().zip(suspects).enumerate() {
        let (matter, triggers) =
            matters.entry(groups.find(number)).or_insert_with(|| (Matter { bursts: Vec::new(), triggers: Vec::new(), realm: None }, Vec::new()));
        triggers.push((burst.series, suspects));
        if all[burst.series].of.client.is_some() {
            matter.bursts.push(burst);
        } else if matter.realm.as_ref().is_none_or(|r| burst.count > r.count) {
            matter.realm = Some(burst);
        }
    }
    let mut matters: Vec<Matter> = matters
        .into_values()
        .map(|(mut matter, triggers)| {
            matter.bursts.sort_by_key(|b| (b.range.start, b.series));
            // what follows from the first cause was set off by that, whatever else it may fit
            let cause = all[matter.lead(all).series].of.cause;
            matter.triggers = triggers.into_iter().filter(|(series, _)| all[*series].of.cause == cause).flat_map(|(_, t)| t).collect();
            keep_likeliest(&mut matter.triggers);
            matter
        })
        .collect();
    matters.sort_by_key(|m| m.all().map(|b| (grid.time(b.range.start), b.series)).min());
    matters
}

/// Returns the bursts without those of whole realms where bursts of clients account for most of it: they are what happened. Nor is it a realm's where one client alone
/// makes up most of it, and nothing explains it for all: that was judged by itself.
fn without_covered(bursts: Vec<Burst>, all: &[Series<'_>], book: &Book<'_>, grid: Grid) -> Vec<Burst> {
    let (mut kept, clients): (Vec<Burst>, Vec<Burst>) = bursts.into_iter().partition(|b| all[b.series].of.client.is_none());
    if !kept.is_empty() {
        let mut by_cause: BTreeMap<(&Name, Cause), Vec<&Burst>> = BTreeMap::new();
        for b in &clients {
            by_cause.entry((&all[b.series].of.realm, all[b.series].of.cause)).or_default().push(b);
        }
        kept.retain(|r| {
            let of = &all[r.series].of;
            let same = by_cause.get(&(&of.realm, of.cause)).into_iter().flatten().filter(|b| overlap(b, r));
            let inside = |b: &&&Burst| sum(&all[b.series].points, &(b.range.start.max(r.range.start)..b.range.end.min(r.range.end).max(b.range.start)));
            let covered: u64 = same.map(|b| inside(&b)).sum();
            let above = |number: &usize| {
                let (all_time, within) = (all[*number].points.iter().map(|p| p.1).sum::<u64>(), sum(&all[*number].points, &r.range));
                let usual = real(all_time - within) * grid.covered(&r.range) / (grid.all() - grid.covered(&r.range)).max(1e-3);
                real(within) - usual
            };
            let most = book.series(of).iter().map(above).fold(0.0, f64::max);
            let excess = real(r.count) - r.expected;
            2.0 * real(covered) < excess && (r.explained || 2.0 * most < excess)
        });
    }
    kept.extend(clients);
    kept
}

/// Keeps of each kind of trigger of one realm, client and node the likeliest; of a restart the start.
fn keep_likeliest(triggers: &mut Suspects) {
    triggers.sort();
    let mut seen = HashSet::new();
    triggers.retain(|(_, t)| seen.insert((discriminant(&t.what), t.realm.clone(), t.client.clone(), t.node.clone())));
    let started: BTreeSet<_> = triggers.iter().filter(|(_, t)| matches!(t.what, Change::ServerStarted { .. })).map(|(_, t)| (t.node.clone(), t.time)).collect();
    triggers.retain(|(_, t)| t.what != Change::ServerStopped || !started.iter().any(|(node, time)| *node == t.node && *time >= t.time));
}

/// Which bursts belong together, as a forest of disjoint sets (Galler and Fischer, 1964).
struct Groups(Vec<usize>);

impl Groups {
    fn of(len: usize) -> Self {
        Groups((0..len).collect())
    }

    fn find(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// What one trigger explains of one realm is one matter.
fn join_by_trigger(groups: &mut Groups, bursts: &[Burst], suspects: &[Suspects], all: &[Series<'_>]) {
    let mut first: BTreeMap<(&Name, &Trigger), usize> = BTreeMap::new();
    for (number, (burst, suspects)) in bursts.iter().zip(suspects).enumerate() {
        if let Some((_, trigger)) = suspects.first().filter(|(s, _)| s.explains()) {
            groups.join(*first.entry((&all[burst.series].of.realm, trigger)).or_insert(number), number);
        }
    }
}

/// Bursts of one realm and cause that began together are one matter.
fn join_by_start(groups: &mut Groups, bursts: &[Burst], all: &[Series<'_>]) {
    // of those that begin in one window, which are together in any case, the longest is together with whatever another is
    let mut longest: BTreeMap<(&Name, Cause), BTreeMap<usize, usize>> = BTreeMap::new();
    for (number, burst) in bursts.iter().enumerate() {
        let of = &all[burst.series].of;
        let by_start = longest.entry((&of.realm, of.cause)).or_default();
        let known = by_start.entry(burst.range.start).or_insert(number);
        groups.join(*known, number);
        if burst.range.end > bursts[*known].range.end {
            *known = number;
        }
    }
    for by_start in longest.values() {
        for (start, number) in by_start {
            let burst = &bursts[*number];
            let apart = tolerance(burst);
            for (_, other) in by_start.range(start.saturating_sub(apart)..=start + apart) {
                if together(burst, &bursts[*other]) {
                    groups.join(*number, *other);
                }
            }
        }
    }
}

/// Bursts of one client are one matter where one follows from the other, or the log cannot tell them apart. What a whole realm does can be any client's.
fn join_by_client(groups: &mut Groups, bursts: &[Burst], all: &[Series<'_>]) {
    let mut by_client: BTreeMap<(&Name, Option<&Name>), Vec<usize>> = BTreeMap::new();
    for (number, burst) in bursts.iter().enumerate() {
        by_client.entry((&all[burst.series].of.realm, all[burst.series].of.client.as_ref())).or_default().push(number);
    }
    for ((realm, client), own) in &by_client {
        let whole = by_client.get(&(realm, None)).into_iter().flatten();
        let others: Vec<usize> = own.iter().chain(whole.filter(|_| client.is_some())).copied().collect();
        for a in own {
            for b in &others {
                if a != b && is_one(&bursts[*a], &bursts[*b], all) {
                    groups.join(*a, *b);
                }
            }
        }
    }
}

/// Whether two bursts of one client are one matter.
fn is_one(a: &Burst, b: &Burst, all: &[Series<'_>]) -> bool {
    if !overlap(a, b) {
        return false;
    }
    let (first, then) = if a.range.start <= b.range.start { (a, b) } else { (b, a) };
    let (cause, other) = (all[first.series].of.cause, all[then.series].of.cause);
    follows(cause, other) || (together(a, b) && (follows(other, cause) || confusable(&all[a.series], &all[b.series])))
}

impl Matter {
    /// Returns the bursts, and that of the realm.
    pub(super) fn all(&self) -> impl Iterator<Item = &Burst> {
        self.bursts.iter().chain(&self.realm)
    }

    /// Returns the burst whose cause the incident began with: of those that began in the first windows the one that others follow from, else the largest.
    pub(super) fn lead(&self, all: &[Series<'_>]) -> &Burst {
        let first = self.all().map(|b| b.range.start).min().unwrap_or_default();
        let early: Vec<&Burst> = self.all().filter(|b| b.range.start <= first + 2).collect();
        let causes: BTreeSet<Cause> = early.iter().map(|b| all[b.series].of.cause).collect();
        let is_followed = |then: Cause| causes.iter().any(|c| follows(*c, then) && !follows(then, *c));
        let rank = |b: &Burst| (!is_followed(all[b.series].of.cause), b.count);
        early.into_iter().max_by(|a, b| rank(a).cmp(&rank(b)).then(all[b.series].of.cmp(&all[a.series].of))).expect("a matter is made of a burst")
    }

    /// Returns the series of all its bursts.
    pub(super) fn series(&self) -> BTreeSet<usize> {
        self.bursts.iter().map(|b| b.series).collect()
    }
}
