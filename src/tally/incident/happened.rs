//! What happened to servers, realms and clients, and what of it may have set off a burst.
//!
//! Input: the triggers of an account. Output: those that explain a cause, and those near a burst, the likeliest first. What a cause is about is named whenever it
//! came shortly before; anything else only where it came so shortly before that chance would seldom have put one there.

use std::collections::{BTreeMap, HashMap};
use std::mem::{Discriminant, discriminant};

use super::baseline::UNLIKELY;
use super::grid::{Grid, real};
use super::series::{Of, Series};
use super::suspicion::{NEAR_MS, Suspicion};
use super::{Change, Trigger};
use crate::cause::Cause;
use crate::tally::Account;
use crate::tally::account::Name;

/// A client that was last well so long ago may have been away: what happened since then need not be why.
const AWAY_MS: i64 = 86_400_000;

/// The triggers of an account, in the order of time.
pub(super) struct Happened<'a> {
    grid: Grid,
    all: Vec<&'a Trigger>,
    /// Those that name no client.
    unnamed: Vec<&'a Trigger>,
    by_client: BTreeMap<&'a Name, Vec<&'a Trigger>>,
    /// How many there are of each kind.
    kinds: HashMap<Discriminant<Change>, usize>,
    unnamed_kinds: HashMap<Discriminant<Change>, usize>,
}

fn kinds(triggers: &[&Trigger]) -> HashMap<Discriminant<Change>, usize> {
    let mut kinds = HashMap::new();
    for trigger in triggers {
        *kinds.entry(discriminant(&trigger.what)).or_default() += 1;
    }
    kinds
}

impl<'a> Happened<'a> {
    pub(super) fn of(account: &'a Account, grid: Grid) -> Self {
        let all: Vec<&Trigger> = account.triggers.iter().collect();
        let (named, unnamed): (Vec<&Trigger>, Vec<&Trigger>) = all.iter().partition(|t| t.client.is_some());
        let mut by_client: BTreeMap<&Name, Vec<&Trigger>> = BTreeMap::new();
        for trigger in named {
            by_client.entry(&trigger.client).or_default().push(trigger);
        }
        Happened { grid, kinds: kinds(&all), unnamed_kinds: kinds(&unnamed), all, unnamed, by_client }
    }

    /// Returns the windows of what explains failures of each series, and whether it is what the cause is about.
    pub(super) fn explaining(&self, all: &[Series<'_>]) -> Vec<Vec<(usize, bool)>> {
        let windows = |triggers: &[&Trigger], of: &Of| {
            let at_once = |t: &&Trigger| Suspicion::of(t, t.time, 0, 0, &of.realm, of.client.as_ref(), of.cause).filter(|s| s.explains());
            triggers.iter().filter_map(|t| Some((at_once(t)?, self.grid.index(t.time)?))).map(|(s, window)| (window, s.is_about())).collect::<Vec<_>>()
        };
        // what names no client explains the same for all clients of a realm
        let mut unnamed: BTreeMap<(&Name, Cause), Vec<(usize, bool)>> = BTreeMap::new();
        all.iter()
            .map(|Series { of, .. }| {
                let mut found = match &of.client {
                    None => windows(&self.all, of),
                    Some(client) => {
                        let mut found = unnamed.entry((&of.realm, of.cause)).or_insert_with(|| windows(&self.unnamed, of)).clone();
                        found.extend(self.by_client.get(client).into_iter().flat_map(|own| windows(own, of)));
                        found
                    }
                };
                found.sort_unstable_by_key(|(window, about)| (*window, !about));
                found.dedup_by_key(|(window, _)| *window);
                found
            })
            .collect()
    }

    /// Returns what may have set off a burst that began then, the likeliest first. The client was last `well` in the window that begins then, where that is known;
    /// its first failure may be `slack_ms` off.
    pub(super) fn suspects(&self, of: &Of, start: i64, slack_ms: i64, well: Option<i64>) -> Vec<(Suspicion, Trigger)> {
        let since_ms = well.map_or(0, |w| (start - w).min(AWAY_MS));
        let from = self.all.partition_point(|t| t.time < start - NEAR_MS.max(since_ms));
        let to = self.all.partition_point(|t| t.time <= start + slack_ms);
        let near = self.all[from..to.max(from)].iter().filter_map(|t| {
            let suspicion = Suspicion::of(t, start, slack_ms, since_ms, &of.realm, of.client.as_ref(), of.cause)?;
            // it was well until then, and not since
            let divides = well.is_some_and(|w| w + self.grid.window_ms <= start && t.time >= w);
            (suspicion.is_about() || divides || self.is_unlikely(t, suspicion, of)).then(|| (suspicion, (*t).clone()))
        });
        let mut suspects: Vec<_> = near.collect();
        suspects.sort();
        suspects
    }

    /// Whether a change of that kind would seldom be so near by chance: fewer than 1 in 20 were to be expected in so short a time.
    fn is_unlikely(&self, trigger: &Trigger, suspicion: Suspicion, of: &Of) -> bool {
        let is_alike = |t: &&&Trigger| discriminant(&t.what) == discriminant(&trigger.what);
        let of_kind = |counts: &HashMap<_, usize>| counts.get(&discriminant(&trigger.what)).copied().unwrap_or_default();
        let alike = match &of.client {
            None => of_kind(&self.kinds),
            Some(client) => of_kind(&self.unnamed_kinds) + self.by_client.get(client).into_iter().flatten().filter(is_alike).count(),
        };
        let log_ms = self.grid.all() * real(self.grid.window_ms.unsigned_abs());
        real(alike as u64) * real(suspicion.before_ms().unsigned_abs()) * UNLIKELY <= log_ms
    }
}
