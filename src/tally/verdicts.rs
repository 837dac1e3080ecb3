//! First verdicts and their corrections, counted so that no count ever falls.
//!
//! Input: [`Update`]s as a live run tells them. Output: counts by realm, client, cause and confidence that only grow, and counts of what became of them:
//! a failure is counted once, with its first verdict, and a correction is counted beside it. So `first + corrected to − corrected from` is what the tally
//! says by cause. Must not know how the counts are shown.
//!
//! Names come from requests that anybody can send, so only so many pairs of a realm and a client are counted apart, first come, first served; what comes
//! after them is counted as [`OTHER`], for good: a pair that was counted apart stays so, and one that was not is not taken out of the rest when there is
//! room again. Of the room, clients that the server does not know get [`UNKNOWN_SHARE`] at most.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::live::Update;
use crate::cause::Cause;
use crate::finding::{Confidence, Finding};

/// The name of what is not counted apart.
pub const OTHER: &str = "other";

/// Clients that the server does not know get one part in so many of the room: whoever can reach the token endpoint can make up any number of them.
pub const UNKNOWN_SHARE: usize = 10;

/// Realms whose rest is counted apart; the rest of more is counted together.
const REALMS: usize = 100;

/// How often something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How often.
    pub count: u64,
    /// When it was counted first, milliseconds since the epoch.
    pub since: i64,
}

/// Counts of one client, or of the rest of a realm.
type Series = BTreeMap<(Cause, Confidence), Count>;

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// When counting began, milliseconds since the epoch.
    began: i64,
    /// By realm and client as they were logged; empty where none was.
    clients: BTreeMap<String, BTreeMap<String, Series>>,
    /// What is not counted apart, by realm.
    others: BTreeMap<String, Series>,
    revised: BTreeMap<(Cause, Cause), Count>,
    /// Pairs that are counted apart.
    pairs: usize,
    /// Those of them that the server did not know when they came.
    unknown: usize,
}

impl Verdicts {
    /// Begins to count.
    #[must_use]
    pub fn begun(now: i64) -> Self {
        Verdicts { began: now, ..Verdicts::default() }
    }

    /// Returns when counting began, milliseconds since the epoch.
    #[must_use]
    pub fn began(&self) -> i64 {
        self.began
    }

    /// Counts an update. So many pairs of a realm and a client are counted apart at `most`.
    pub fn count(&mut self, update: &Update, now: i64, most: usize) {
        match update {
            Update::Found(finding) => {
                let series = self.series(finding, most);
                add(series, (finding.cause, finding.confidence), now);
            }
            Update::Revised { finding, from, .. } => add(&mut self.revised, (*from, finding.cause), now),
            Update::Trigger(_) | Update::Notice(_) => {}
        }
    }

    fn series(&mut self, finding: &Finding, most: usize) -> &mut Series {
        let (realm, client) = (finding.realm.as_deref().unwrap_or_default(), finding.client.as_deref().unwrap_or_default());
        if !self.clients.get(realm).is_some_and(|clients| clients.contains_key(client)) {
            let unknown = finding.cause == Cause::ClientNotFound;
            if self.pairs >= most || (unknown && self.unknown >= most / UNKNOWN_SHARE) {
                let is_shown = self.others.len() < REALMS || self.others.contains_key(realm);
                return self.others.entry(if is_shown { realm } else { OTHER }.to_owned()).or_default();
            }
            self.pairs += 1;
            self.unknown += usize::from(unknown);
        }
        self.clients.entry(realm.to_owned()).or_default().entry(client.to_owned()).or_default()
    }

    /// Returns how many pairs of a realm and a client are counted apart.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Returns the first verdicts: realm, client, cause, confidence, and how many there were. The rest of a realm has the client [`OTHER`]; a client of that
    /// name comes beside it.
    pub fn first(&self) -> impl Iterator<Item = (&str, &str, Cause, Confidence, Count)> {
        let clients = self.clients.iter().flat_map(|(realm, clients)| clients.iter().map(move |(client, series)| (realm.as_str(), client.as_str(), series)));
        let others = self.others.iter().map(|(realm, series)| (realm.as_str(), OTHER, series));
        clients.chain(others).flat_map(|(realm, client, series)| series.iter().map(move |(key, count)| (realm, client, key.0, key.1, *count)))
    }

    /// Returns the corrections: the cause that was told, the one that took its place, and how many there were. Where both are the same, it became more or
    /// less sure.
    pub fn revised(&self) -> impl Iterator<Item = (Cause, Cause, Count)> {
        self.revised.iter().map(|(key, count)| (key.0, key.1, *count))
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, Count>, key: K, now: i64) {
    counts.entry(key).or_insert(Count { count: 0, since: now }).count += 1;
}

#[cfg(test)]
mod tests;
