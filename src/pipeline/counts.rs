//! Failures that are decided, counted.
//!
//! Input: failures with their verdicts. Output: a ledger of those that pass the filter, and what is said of the run as a whole. Must not decide anything.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::names::{NAMES, Names, Sym};
use crate::tally::{Filter, Ledger, Windows};
use crate::triage::timeline::Waiting;
use crate::triage::verdict::{Lack, Verdict};

/// What was counted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Counts {
    pub ledger: Ledger,
    pub lacks: BTreeMap<Lack, u64>,
    /// Findings that the filter left out.
    pub left_out: u64,
    /// Realms of failures: their names, and their ids. Of too many the first that were named.
    pub realms: BTreeSet<(Option<Sym>, Option<Sym>)>,
}

impl Counts {
    /// Returns empty counts.
    pub fn new(window_ms: i64, windows: Windows, max_keys: usize) -> Self {
        Counts { ledger: Ledger::new(window_ms, windows, max_keys), lacks: BTreeMap::new(), left_out: 0, realms: BTreeSet::new() }
    }

    /// Takes note of a failure's realm: its name and its id.
    pub fn meet(&mut self, realm: (Option<Sym>, Option<Sym>)) {
        self.realms.insert(realm);
        if self.realms.len() > NAMES {
            self.realms.pop_last();
        }
    }

    /// Returns the names of realms by their ids; of more than one the first that was named.
    pub fn names_of_realms(&self) -> HashMap<Sym, Sym, RandomState> {
        // in their order, so that the first is the last to be put in
        self.realms.iter().rev().filter_map(|(name, id)| id.zip(*name)).collect()
    }

    /// Counts a failure, if it passes the filter; says whether it does.
    pub fn add(&mut self, w: &Waiting, verdict: &Verdict, filter: &Filter, names: &Names, sources: &[String]) -> bool {
        if !passes(w, verdict, filter, names) {
            self.left_out += 1;
            return false;
        }
        if let Some(lack) = verdict.lack {
            *self.lacks.entry(lack).or_default() += 1;
        }
        self.ledger.add(w, verdict, sources);
        true
    }
}

/// Whether a failure passes a filter.
pub(super) fn passes(w: &Waiting, verdict: &Verdict, filter: &Filter, names: &Names) -> bool {
    if filter.is_open() {
        return true;
    }
    let failure = &w.failed.failure;
    let [realm, client] = [failure.realm, failure.client].map(|sym| sym.map(|s| names.text(s)));
    filter.lets_pass(w.time, realm.as_deref(), client.as_deref(), failure.session.as_deref(), verdict.candidates[0], verdict.confidence)
}
