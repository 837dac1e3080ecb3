//! Failures that later lines may say more about, with what was told of them.
//!
//! Input: failures as they are merged, and what has changed. Output: which of them are to be judged, now or again. Bounded: beyond the horizon, and beyond
//! [`KEEP`], nothing is corrected any more. Must not judge.

use std::collections::{BTreeSet, VecDeque};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use crate::names::{Key, Sym};
use crate::triage::rules::{Question, Rules, Says};
use crate::triage::timeline::{LATE_MS, Waiting};
use crate::triage::verdict::Verdict;

/// Failures that can be corrected; one takes about a kilobyte.
const KEEP: usize = 20_000;

/// How long a failure can be corrected, by the time of the log: as long as its timeline lasts if nothing follows.
const HORIZON_MS: i64 = 3_600_000;

/// A failure, and what was told of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    /// The failure with its facts as they were when it was last judged.
    pub waiting: Waiting,
    pub session: Option<Key>,
    /// Its timeline ended: the facts are final.
    pub closed: bool,
    /// The clock of its stream.
    clock: i64,
    /// When it came, by the clock on the wall.
    pub since: i64,
    /// What may come in the next seconds matters to it.
    pub holds: bool,
    /// What it is thought to be; `None` as long as it is held.
    pub verdict: Option<Verdict>,
    /// A listener heard of it.
    pub told: bool,
    /// It may be another line's failure, and is not told.
    pub doubtful: bool,
    dirty: bool,
}

/// The failures, oldest first.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Book {
    entries: VecDeque<Entry>,
    /// The number of the oldest.
    first: u64,
    /// Those that were not judged yet.
    held: VecDeque<u64>,
    /// Those that something changed for.
    dirty: VecDeque<u64>,
    /// Sessions in which something happened since failures were last judged: one of thousands of failures is looked through once a round.
    touched: Vec<Key>,
    /// Clients of whom something was learned since.
    touched_clients: Vec<(Option<Sym>, Sym)>,
    /// Those whose seconds of waiting are not over, by when they are: on the stream that is ahead, and on all of them.
    late: [BTreeSet<(i64, u64)>; 2],
    by_place: HashMap<(u32, u64), u64, RandomState>,
    by_session: HashMap<Key, VecDeque<u64>, RandomState>,
    by_client: HashMap<(Option<Sym>, Sym), VecDeque<u64>, RandomState>,
}

/// Returns the question that a failure leaves open.
fn question(rules: &Rules, waiting: &Waiting) -> Option<Question> {
    match rules.decide(&waiting.failed).map(|r| &r.says) {
        Some(Says::Ask(question)) => Some(*question),
        _ => None,
    }
}

impl Book {
    /// Takes in a failure that came now.
    pub fn enter(&mut self, waiting: Waiting, clock: i64, now: i64, rules: &Rules) {
        let id = self.first + self.entries.len() as u64;
        let question = question(rules, &waiting);
        let session = waiting.failed.session_key();
        if let (Some(Question::ExpiredOrReused), Some(time)) = (question, waiting.time) {
            for late in &mut self.late {
                late.insert((time + LATE_MS, id));
            }
        }
        if let Some(session) = session {
            self.by_session.entry(session).or_default().push_back(id);
        }
        if let (Some(Question::SecretOrMethod | Question::UnknownOrMethod), Some(client)) = (question, waiting.client) {
            self.by_client.entry((waiting.realm, client)).or_default().push_back(id);
        }
        self.by_place.insert((waiting.node, waiting.position), id);
        let holds = match question {
            Some(Question::ExpiredOrReused) => true,
            Some(Question::SecretOrMethod) => waiting.failed.with.auth.is_none() && !waiting.failed.is_answered(),
            _ => false,
        };
        self.held.push_back(id);
        self.entries.push_back(Entry { waiting, session, closed: false, clock, since: now, holds, verdict: None, told: false, doubtful: false, dirty: false });
    }

    /// Returns a failure by its number.
    pub fn get(&mut self, id: u64) -> Option<&mut Entry> {
        id.checked_sub(self.first).and_then(|i| usize::try_from(i).ok()).and_then(|i| self.entries.get_mut(i))
    }

    /// Returns a failure by its number, to be looked at.
    pub fn peek(&self, id: u64) -> Option<&Entry> {
        id.checked_sub(self.first).and_then(|i| usize::try_from(i).ok()).and_then(|i| self.entries.get(i))
    }

    /// How many were not judged yet.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes in the final facts of a failure whose timeline ended.
    pub fn close(&mut self, done: Waiting) {
        let Some(id) = self.by_place.get(&(done.node, done.position)).copied() else { return };
        if let Some(entry) = self.get(id).filter(|_| done.facts.is_some()) {
            (entry.waiting.facts, entry.closed) = (done.facts, true);
            self.mark(id);
        }
    }

    fn mark(&mut self, id: u64) {
        if let Some(entry) = self.get(id)
            && !std::mem::replace(&mut entry.dirty, true)
        {
            self.dirty.push_back(id);
        }
    }

    /// Says that something happened in a session.
    pub fn touch(&mut self, session: Key) {
        if self.by_session.contains_key(&session) {
            self.touched.push(session);
        }
    }

    /// Says that something was learned of a client.
    pub fn touch_client(&mut self, client: (Option<Sym>, Sym)) {
        if self.by_client.contains_key(&client) {
            self.touched_clients.push(client);
        }
    }

    /// Says of which uuids it was learned whose they are.
    pub fn touch_uuids(&mut self, uuids: &HashSet<Key, RandomState>) {
        if uuids.is_empty() {
            return;
        }
        let names_one = |e: &Entry| e.waiting.failed.with.gone.is_some_and(|gone| uuids.contains(&gone.client));
        let found: Vec<u64> = (self.first..).zip(&self.entries).filter(|(_, e)| names_one(e)).map(|(id, _)| id).collect();
        for id in found {
            self.mark(id);
        }
    }

    /// Marks the failures of what was touched.
    fn mark_touched(&mut self) {
        let mut sessions: HashSet<Key, RandomState> = HashSet::default();
        for session in std::mem::take(&mut self.touched).into_iter().filter(|s| sessions.insert(*s)) {
            self.by_session.get(&session).cloned().into_iter().flatten().for_each(|id| self.mark(id));
        }
        let mut clients: HashSet<(Option<Sym>, Sym), RandomState> = HashSet::default();
        for client in std::mem::take(&mut self.touched_clients).into_iter().filter(|c| clients.insert(*c)) {
            self.by_client.get(&client).cloned().into_iter().flatten().for_each(|id| self.mark(id));
        }
    }

    /// Says that something changed for all.
    pub fn touch_all(&mut self) {
        (self.first..self.first + self.entries.len() as u64).for_each(|id| self.mark(id));
    }

    /// Says how far the streams have come: the one that is ahead, and the one that is behind.
    pub fn pass(&mut self, ahead: i64, behind: i64) {
        for (i, until) in [ahead, behind].into_iter().enumerate() {
            while self.late[i].first().is_some_and(|(due, _)| *due <= until)
                && let Some((_, id)) = self.late[i].pop_first()
            {
                self.mark(id);
            }
        }
    }

    /// Returns those to be judged: of those that are held the ones whose time has come, and `most` of those that something changed for.
    pub fn due(&mut self, is_due: impl Fn(&Entry) -> bool, most: usize) -> Vec<u64> {
        self.mark_touched();
        let mut due = Vec::new();
        let (first, entries) = (self.first, &self.entries);
        let entry = |id: &u64| id.checked_sub(first).and_then(|i| usize::try_from(i).ok()).and_then(|i| entries.get(i));
        self.held.retain(|id| {
            let now = entry(id).is_none_or(&is_due);
            if now {
                due.push(*id);
            }
            !now
        });
        let held = due.len();
        while due.len() - held < most
            && let Some(id) = self.dirty.pop_front()
        {
            if entry(&id).is_some_and(|e| e.dirty && e.verdict.is_some()) {
                due.push(id);
            }
        }
        for id in &due {
            if let Some(entry) = self.get(*id) {
                entry.dirty = false;
            }
        }
        due
    }

    /// Takes out the oldest failure if nothing corrects it any more: what is known of it is final. `now` is the time of the log.
    pub fn retire(&mut self, now: i64) -> Option<Entry> {
        let oldest = self.entries.front()?;
        let over = oldest.clock.saturating_add(HORIZON_MS) < now || self.entries.len() > KEEP;
        if !over || oldest.dirty || oldest.verdict.is_none() {
            return None;
        }
        self.take()
    }

    /// Takes out the oldest failure.
    pub fn take(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        let id = self.first;
        self.first += 1;
        self.by_place.remove(&(entry.waiting.node, entry.waiting.position));
        if let Some(session) = entry.session {
            forget(&mut self.by_session, &session, id);
        }
        if let Some(client) = entry.waiting.client {
            forget(&mut self.by_client, &(entry.waiting.realm, client), id);
        }
        if let Some(time) = entry.waiting.time {
            for late in &mut self.late {
                late.remove(&(time + LATE_MS, id));
            }
        }
        Some(entry)
    }

    /// Returns those that are over and that something changed for, so that they are judged before they go.
    pub fn leaving(&mut self, now: i64) -> Vec<u64> {
        let too_many = self.entries.len().saturating_sub(KEEP);
        let mut leaving = Vec::new();
        for (i, entry) in self.entries.iter_mut().enumerate() {
            if i >= too_many && entry.clock.saturating_add(HORIZON_MS) >= now {
                break;
            }
            if entry.verdict.is_some() && std::mem::take(&mut entry.dirty) {
                leaving.push(self.first + i as u64);
            }
        }
        leaving
    }
}

/// Takes a number off the front of its list: the oldest goes first.
fn forget<K: std::hash::Hash + Eq>(lists: &mut HashMap<K, VecDeque<u64>, RandomState>, key: &K, id: u64) {
    if let Some(list) = lists.get_mut(key)
        && list.front() == Some(&id)
    {
        list.pop_front();
        if list.is_empty() {
            lists.remove(key);
        }
    }
}
