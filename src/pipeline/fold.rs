//! The fold: what every stream's joined signals are merged into, whether a whole log is read or one that is still being written.
//!
//! Input: the signals of every node's stream, in the order of the stream ([`Joins`]). Output: what the shards hold and have done. A run over whole logs and
//! a live one share it, so that both say the same of the same lines. Must not know where signals come from, nor when something is decided.

use std::collections::{BTreeSet, VecDeque};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::clerk::Closed;
use super::joins::{Joins, Strand};
use crate::finding::Trust;
use crate::names::{Names, Sym};
use crate::realm::Realms;
use crate::tally::served::Serving;
use crate::triage::browsers::Browsers;
use crate::triage::clients::Clients;
use crate::triage::copies::Copies;
use crate::triage::decide::{settled, settled_by};
use crate::triage::joined::{Joined, What};
use crate::triage::note::{Note, part};
use crate::triage::pairing::Pairing;
use crate::triage::rules::{Question, Rules, needs};
use crate::triage::shard::{SHARDS, Shard, shard_of};
use crate::triage::stored::Twins;
use crate::triage::timeline::Waiting;
use crate::triage::tokens::Tokens;
use crate::triage::verdict::Verdict;
use crate::triage::view::View;

/// Signals that are merged before the shards take them in.
pub(super) const MERGE: usize = 1 << 11;

/// Signals of one stream that are not merged yet.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Queue {
    joined: VecDeque<Joined>,
    /// How many were merged.
    pub passed: u64,
    /// No more will come.
    ended: bool,
    /// Whether they are stored events; unknown before the first.
    stored: Option<bool>,
}

impl Queue {
    /// Takes over what a stream's join has ready.
    fn accept(&mut self, strand: &mut Strand) {
        (self.ended, self.stored) = (strand.ended, strand.by_time.stored());
        if self.joined.is_empty() {
            // the list itself is handed on, and this one's room taken for it
            std::mem::swap(&mut self.joined, &mut strand.queue);
        } else {
            self.joined.append(&mut strand.queue);
        }
    }

    /// Returns how many signals came so far.
    pub fn came(&self) -> u64 {
        self.passed + self.joined.len() as u64
    }

    fn next(&mut self) -> Option<Joined> {
        let next = self.joined.pop_front();
        self.passed += u64::from(next.is_some());
        next
    }
}

/// All that is known of what was read, but the verdicts.
#[derive(Serialize, Deserialize)]
pub(super) struct Fold {
    /// One for each stream.
    pub queues: Vec<Queue>,
    pub view: View,
    pub shards: Vec<Shard>,
    pub clients: Clients,
    pub browsers: Browsers,
    pub pairing: Pairing,
    /// What realm exports call the ids of realms.
    named: Vec<(Sym, Sym)>,
    pub twins: Twins,
    /// Failures that more than one stream tells of, where they are counted once.
    #[serde(skip)]
    pub copies: Option<Copies>,
    /// What merged signals are on their way from one join to the next; empty in between.
    #[serde(skip)]
    pub single: Vec<Joined>,
    #[serde(skip)]
    pub ready: Vec<Joined>,
    /// What the shards take in next, and how many that are.
    #[serde(skip, default = "no_parts")]
    pub parts: Vec<Vec<Note>>,
    #[serde(skip)]
    pub merged: usize,
    /// A failure is decided as soon as no later line can change what it is.
    pub early: bool,
    /// Failures that do not wait for a timeline, where nobody watches.
    #[serde(skip)]
    pub free: Vec<Free>,
    tokens: Tokens,
    /// Successes, where they are asked for.
    pub serving: Option<Serving>,
    pub caps: BTreeSet<String>,
    /// Somebody decides before the end of the input.
    pub watched: bool,
    /// Failures that were merged, with their stream's clock, where that is watched.
    #[serde(skip)]
    pub fresh: Vec<(Waiting, i64)>,
}

fn no_parts() -> Vec<Vec<Note>> {
    (0..SHARDS).map(|_| Vec::new()).collect()
}

impl Fold {
    /// Returns the state before the first chunk.
    pub fn new(realms: &Realms, names: &mut Names) -> Self {
        let mut fold = Fold {
            queues: Vec::new(),
            view: View::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            clients: Clients::default(),
            browsers: Browsers::default(),
            pairing: Pairing::default(),
            named: Vec::new(),
            twins: Twins::default(),
            copies: None,
            single: Vec::new(),
            ready: Vec::new(),
            parts: no_parts(),
            merged: 0,
            early: false,
            free: Vec::new(),
            tokens: Tokens::default(),
            serving: None,
            caps: BTreeSet::new(),
            watched: false,
            fresh: Vec::new(),
        };
        for realm in realms.iter() {
            if let Some(id) = &realm.id {
                fold.named.push((names.number(id.as_bytes()), names.number(realm.name.as_bytes())));
            }
        }
        fold
    }

    /// Returns the name that a realm export gives a realm's id.
    pub fn realm_of(&self, id: Sym) -> Option<Sym> {
        self.named.iter().find(|n| n.0 == id).map(|n| n.1)
    }

    /// Takes over what the streams' joins have ready.
    pub fn accept(&mut self, joins: &mut Joins) {
        joins.nodes.tell(&mut self.view.nodes);
        self.queues.resize_with(joins.strands.len(), Queue::default);
        for (queue, strand) in self.queues.iter_mut().zip(&mut joins.strands) {
            queue.accept(strand);
        }
    }

    /// Says which streams nothing is left of to merge.
    pub fn hungry(&self) -> Vec<bool> {
        self.queues.iter().map(|q| q.joined.is_empty()).collect()
    }

    /// Whether all streams have ended and are merged.
    pub fn is_done(&self) -> bool {
        self.queues.iter().all(|q| q.ended && q.joined.is_empty())
    }

    /// Merges the streams' signals by time as far as all of them are known.
    pub fn merge(&mut self, rules: &Rules) {
        if self.queues.len() == 1 {
            // nothing to merge with, and no other stream that could have the same event: the queue itself is what is merged
            let queue = &mut self.queues[0];
            queue.passed += queue.joined.len() as u64;
            self.single = std::mem::take(&mut queue.joined).into();
            self.note(rules);
            self.queues[0].joined = std::mem::take(&mut self.single).into();
            return;
        }
        loop {
            if self.queues.iter().any(|q| !q.ended && q.joined.is_empty()) {
                return;
            }
            // every stream has shown its first signal by now
            self.twins.active = self.queues.iter().any(|q| q.stored == Some(true)) && self.queues.iter().any(|q| q.stored == Some(false));
            let Some(next) = self.queues.iter().enumerate().filter_map(|(i, q)| Some((q.joined.front()?.clock, i))).min() else {
                self.twins.finish(&mut self.single);
                self.note(rules);
                return;
            };
            // as long as no other stream comes before, this one goes on
            let limit = self.queues.iter().enumerate().filter(|(i, _)| *i != next.1).filter_map(|(i, q)| Some((q.joined.front()?.clock, i))).min();
            let queue = &mut self.queues[next.1];
            while queue.joined.front().is_some_and(|j| limit.is_none_or(|l| (j.clock, next.1) < l)) {
                if let Some(joined) = queue.next() {
                    self.twins.take(joined, &mut self.single);
                }
            }
            self.note(rules);
            if self.merged >= MERGE {
                return;
            }
        }
    }

    /// Merges what is ready, and triages it; what is done goes to where it is counted.
    pub fn work(&mut self, rules: &Rules, closed: &mut Closed) {
        self.merge(rules);
        let is_done = self.is_done();
        if is_done {
            self.pairing.finish(&mut self.ready);
            self.part(rules);
        }
        if self.merged >= MERGE || is_done {
            self.dispatch(rules);
            self.close(closed);
        } else {
            closed.free.append(&mut self.free);
        }
    }

    /// Takes what is done to where it is counted.
    pub fn close(&mut self, closed: &mut Closed) {
        closed.free.append(&mut self.free);
        for shard in &mut self.shards {
            for (realm, lesson) in shard.lessons.drain(..) {
                self.view.learn(realm, lesson);
            }
            closed.done.append(&mut shard.done);
        }
    }

    /// Merges on although some streams are silent: of each stream as many signals as `ripe` says.
    pub fn merge_ripe(&mut self, mut ripe: Vec<u64>, rules: &Rules) {
        while let Some((_, next)) = self.queues.iter().enumerate().filter_map(|(i, q)| Some((q.joined.front()?.clock, i))).min() {
            let silent = self.queues.iter().any(|q| !q.ended && q.joined.is_empty());
            if silent && ripe[next] == 0 {
                break;
            }
            ripe[next] = ripe[next].saturating_sub(1);
            if let Some(joined) = self.queues[next].next() {
                self.twins.take(joined, &mut self.single);
            }
        }
        self.note(rules);
    }

    /// Takes note of what was merged.
    pub fn note(&mut self, rules: &Rules) {
        let mut single = std::mem::take(&mut self.single);
        for joined in single.drain(..) {
            self.pass(joined, rules);
        }
        self.single = single;
        self.part(rules);
    }

    /// Takes note of the next signal in the merged order.
    #[inline]
    fn pass(&mut self, mut joined: Joined, rules: &Rules) {
        if let What::Failed(failed) = &mut joined.what {
            let failure = &mut failed.failure;
            if failure.client == Some(Sym::OTHER) {
                // which client it was is not known any more, so nothing about it is certain
                failure.trust = Trust::Ambiguous;
                self.caps.insert("names".into());
            }
            if failure.realm == failure.realm_id
                && let Some((_, name)) = failure.realm.and_then(|id| self.named.iter().find(|(i, _)| *i == id))
            {
                failure.realm = Some(*name);
            }
        }
        if self.watched && self.queues.len() > 1 && matches!(joined.what, What::Proxied(..)) {
            self.pairing.activate();
        }
        self.tokens.follow(&mut joined);
        self.view.note(&joined);
        if let (Some(copies), What::Failed(failed)) = (&mut self.copies, &joined.what)
            && self.queues.len() > 1
            && copies.is_copy(&joined, failed, self.view.nodes[joined.node as usize].stream)
        {
            return;
        }
        if let Some(serving) = &mut self.serving {
            serving.note(&joined);
        }
        if !self.browsers.follow(&mut joined) {
            return;
        }
        if self.pairing.is_active() {
            self.pairing.push(joined, &mut self.ready);
        } else {
            self.pairing.alone(&mut joined);
            self.hand_out(joined, rules);
        }
    }

    /// Splits by session what is ready.
    pub fn part(&mut self, rules: &Rules) {
        let mut ready = std::mem::take(&mut self.ready);
        for joined in ready.drain(..) {
            self.hand_out(joined, rules);
        }
        self.ready = ready;
    }

    /// Takes note of a signal's client, and hands what it says of its session to that session's shard.
    #[inline]
    fn hand_out(&mut self, joined: Joined, rules: &Rules) {
        self.merged += 1;
        self.clients.note(&joined);
        if let What::Failed(_) = joined.what {
            self.hand_out_failure(joined, rules);
        } else if let Some(note) = Note::of(&joined) {
            self.parts[shard_of(note.session)].push(note);
        }
    }

    /// Does so with a failure; one that does not wait for its timeline is free.
    fn hand_out_failure(&mut self, joined: Joined, rules: &Rules) {
        if self.watched
            && let What::Failed(failed) = &joined.what
        {
            let (realm, client, failed) = (failed.failure.realm_id, failed.failure.client, failed.clone());
            let Joined { time, clock, node, position, at, .. } = joined;
            self.fresh.push((Waiting { time, node, position, at, failed, realm, client, facts: None }, clock));
        }
        let mut rule = None;
        let (note, free) = part(joined, |failed| {
            rule = rules.decide(failed);
            needs(rule, failed)
        });
        if let Some(note) = note {
            self.parts[shard_of(note.session)].push(note);
        }
        if let Some(waiting) = free.filter(|_| !self.watched) {
            let verdict = early(self.early, &waiting, || settled_by(rule, &waiting, &self.view));
            self.free.push((waiting, verdict));
        }
    }

    /// Lets the shards take in what was merged.
    pub fn dispatch(&mut self, rules: &Rules) {
        self.merged = 0;
        let judge = judge(self.early, rules, &self.view);
        self.shards.par_iter_mut().zip(&mut self.parts).for_each(|(shard, part)| shard.take_all(part, &judge));
    }

    /// Ends all timelines.
    pub fn finish(&mut self, rules: &Rules) {
        let judge = judge(self.early, rules, &self.view);
        self.shards.par_iter_mut().for_each(|shard| shard.finish(&judge));
    }
}

/// A failure that does not wait for a timeline, and its verdict where no later line can change it.
pub(super) type Free = (Waiting, Option<Verdict>);

/// Returns the verdict on a failure that may be decided before the input ends, where no later line can change it.
fn early(early: bool, waiting: &Waiting, settled: impl FnOnce() -> Result<Verdict, Question>) -> Option<Verdict> {
    if early && !waiting.failed.is_answered() { settled().ok() } else { None }
}

/// Returns what judges a failure whose timeline has ended.
fn judge<'a>(is_early: bool, rules: &'a Rules, view: &'a View) -> impl Fn(&Waiting) -> Option<Verdict> + Sync + 'a {
    move |waiting| early(is_early, waiting, || settled(rules, waiting, view))
}
