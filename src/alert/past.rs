//! What clients did before: the causes for which they failed, and the secrets that administrators regenerated.
//!
//! Bounded: beyond [`CLIENTS`] clients a client that is not known is no news.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::saved::json;
use crate::cause::Cause;
use crate::finding::Confidence;
use crate::tally::incident::Trigger;
use crate::triage::verdict::WORKED;

/// Clients whose causes are remembered.
const CLIENTS: usize = 50_000;

/// Nothing is new in the first hour.
pub(super) const LEARNING_MS: i64 = 3_600_000;

/// A regenerated secret explains failures for so long.
const ROTATED_MS: i64 = 86_400_000;

/// The same, where the log does not say whose secret it was.
const ANYONES_MS: i64 = 15 * 60_000;

/// So many wrong secrets in [`ANYONES_MS`] of a client whose secret worked before are a secret that was replaced: fewer may be a mistake.
const BURST: usize = 3;

/// Clients whose wrong secrets are remembered.
const WRONG: usize = 1000;

/// Regenerated secrets that are remembered.
const SECRETS: usize = 1000;

/// A client of a realm.
type Client = (Option<String>, String);

/// What clients did before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Past {
    since: Option<i64>,
    /// The causes of each client, one bit each.
    causes: BTreeMap<Client, u64>,
    /// Regenerated secrets, oldest first.
    #[serde(with = "json")]
    secrets: Vec<Trigger>,
    /// Wrong secrets of clients whose secret had worked before, the last times of each.
    worked: BTreeMap<Client, Vec<i64>>,
    pub full: bool,
}

/// Returns a cause's bit.
fn bit(cause: Cause) -> u64 {
    Cause::ALL.iter().position(|c| *c == cause).map_or(0, |i| 1 << i)
}

impl Past {
    /// Takes note of when it begins.
    pub fn begin(&mut self, now: i64) {
        self.since.get_or_insert(now);
    }

    /// Takes in a finding; returns whether it is the first of its client and cause. What may have been another cause is not new, and teaches all that it
    /// can have been.
    pub fn learn(&mut self, record: &Record) -> bool {
        let Some(client) = record.finding.client.clone() else { return false };
        let since = *self.since.get_or_insert(record.time);
        let is_settled = record.time - since >= LEARNING_MS;
        let is_full = self.causes.len() >= CLIENTS;
        let own = bit(record.verdict.cause);
        let is_sure = record.verdict.confidence != Confidence::Ambiguous;
        let all = if is_sure { own } else { record.finding.candidates.iter().fold(own, |all, c| all | bit(*c)) };
        match self.causes.entry((record.finding.realm.clone(), client)) {
            Entry::Occupied(mut known) => {
                let before = *known.get();
                *known.get_mut() |= all;
                is_settled && is_sure && before & own == 0
            }
            Entry::Vacant(place) if !is_full => {
                place.insert(all);
                is_settled && is_sure
            }
            Entry::Vacant(_) => {
                self.full = true;
                false
            }
        }
    }

    /// Takes note of a secret that was regenerated.
    pub fn regenerated(&mut self, trigger: &Trigger) {
        self.secrets.retain(|t| trigger.time - t.time <= ROTATED_MS);
        if self.secrets.len() == SECRETS {
            self.secrets.remove(0);
        }
        self.secrets.push(trigger.clone());
    }

    /// Takes in a wrong secret; returns whether there are so many, of a client whose secret worked before, that it must have been replaced.
    pub fn is_replaced(&mut self, record: &Record) -> bool {
        let Some(client) = record.finding.client.clone().filter(|_| record.finding.evidence.iter().any(|e| e.what.starts_with(WORKED))) else { return false };
        let oldest = record.time - ANYONES_MS;
        if self.worked.len() >= WRONG {
            self.worked.retain(|_, times| times.iter().any(|t| *t > oldest));
        }
        if self.worked.len() >= WRONG {
            return false;
        }
        let times = self.worked.entry((record.finding.realm.clone(), client)).or_default();
        times.retain(|t| *t > oldest);
        if times.len() < BURST {
            times.push(record.time);
        }
        times.len() >= BURST
    }

    /// Returns the regenerated secret that explains why a client's is wrong.
    pub fn rotation(&self, record: &Record) -> Option<&Trigger> {
        let client = record.finding.client.as_deref()?;
        let explains = |t: &&Trigger| {
            let after = record.time - t.time;
            match t.client.as_deref() {
                Some(name) => {
                    (0..=ROTATED_MS).contains(&after) && name == client && (t.realm.is_none() || t.realm.as_deref() == record.finding.realm.as_deref())
                }
                None => (0..=ANYONES_MS).contains(&after),
            }
        };
        let named = |t: &&Trigger| t.client.is_some();
        self.secrets.iter().rev().filter(named).find(explains).or_else(|| self.secrets.iter().rev().find(explains))
    }
}
