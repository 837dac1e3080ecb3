//! The live run: findings while the log is still being written.
//!
//! Input: [`Piece`]s of what is followed as they come, and the time on the wall. Output: [`Update`]s. The fold is the one of [`super::run`], so that what is
//! said of a failure is what a scan of the log up to here would say; what differs is that time moves by the clock: a stream that is silent does not hold the
//! others, and what may rest on evidence still to come is told after at most two seconds. If later lines change the verdict it is told again. Must not
//! ask for the time, nor know where the lines come from.

mod book;
mod heard;
mod ripening;
mod saved;
mod state;
mod tap;
mod trigger;

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::clerk::{Clerk, Closed};
use super::counts::passes;
use super::feed::{Arrived, Fed};
use super::fold::MERGE;
use super::joining::Joining;
use super::lot::{self, Lot};
use super::reading::Reading;
use super::store::Store;
use super::{Options, Run, veil};
use crate::names::{Key, Sym};
use crate::record::Stamp;
use crate::signal::batch::Batch;
use crate::source::Marks;
use crate::tally::live::{Gauges, Update};
use crate::tally::{Outcome, Windows};
use crate::triage::decide::Judge;
use crate::triage::rules::Rules;
use crate::triage::shard::shard_of;
use crate::triage::spill::Spill;
use crate::triage::timeline::{LATE_MS, Lesson};
use crate::triage::verdict::{Lack, Verdict};
use heard::Heard;
pub use saved::{Asked, Counters, Saved, outcome_of};
use state::State;
pub use state::StateError;
pub use tap::Piece;

/// A signal waits so long for those of other streams that may come before it.
const MERGE_MS: i64 = 100;

/// An unfinished line waits so long for its rest, and a failure for the access line of its thread: the longest that was recorded is 31 ms.
const REST_MS: i64 = 250;

/// A failure waits so long for lines of a proxy's access log.
const PROXY_MS: i64 = 1500;

/// What may rest on evidence still to come is held so long at most, the waiting for an access line included.
const HOLD_MS: i64 = 1500;

/// A stream of stored events is in order so long after its last one came.
const IDLE_MS: i64 = 1000;

/// Failures that are judged again in one round, so that a round stays short.
const AGAIN: usize = 1000;

/// What can be forgotten of the servers' lives is looked for so often, by the time of the log.
const FORGET_MS: i64 = 3_600_000;

/// Nothing that is older matters to a failure.
const MEMORY_MS: i64 = 24 * 3_600_000;

/// A live run.
pub struct Live {
    rules: Rules,
    options: Options,
    state: State,
    /// Clients by uuid, as they were when the shards knew so many.
    uuids: (usize, HashMap<Key, Sym, RandomState>),
    heard: Heard,
}

/// When something happened.
fn time(update: &Update) -> Option<i64> {
    match update {
        Update::Found(finding) | Update::Revised { finding, .. } => finding.time.map(|t| t.timestamp_millis()),
        Update::Trigger(trigger) => Some(trigger.time),
        Update::Notice(_) => None,
    }
}

/// How much is judged in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What is new and due: there is more to be read at once.
    New,
    /// That, and some of what something changed for.
    Some,
    /// All that was not judged yet.
    Held,
    /// All.
    All,
}

impl Live {
    /// Begins a run.
    #[must_use]
    pub fn new(rules: Rules, options: Options) -> Self {
        let state = State::new(&options);
        let options = veil::options(options);
        Live { rules, options, state, uuids: (0, HashMap::default()), heard: Heard::default() }
    }

    /// Takes other rules from now on; failures that can be corrected are judged again.
    pub fn reload(&mut self, rules: Rules) {
        self.rules = rules;
        self.state.book.touch_all();
    }

    /// Takes in what came; nothing is told yet. Returns the buffers, to be filled again.
    pub fn feed(&mut self, pieces: Vec<Piece>, now: i64) -> Vec<Vec<u8>> {
        let mut chunks = Vec::new();
        for piece in pieces {
            let state = &mut self.state;
            let tap = state.taps.iter().position(|t| *t.node == *piece.node).unwrap_or_else(|| {
                state.taps.push(tap::Tap::new(&piece.node));
                state.taps.len() - 1
            });
            state.taps[tap].take(piece, &mut state.joins, &self.options, &mut chunks);
        }
        self.take(chunks, now)
    }

    fn take(&mut self, chunks: Vec<(usize, Arrived, Vec<u8>)>, now: i64) -> Vec<Vec<u8>> {
        self.state.fold.accept(&mut self.state.joins);
        let fed = chunks.into_iter().map(|(strand, arrived, bytes)| (strand, Fed::Raw(arrived, bytes))).collect();
        let mut buffers = Vec::new();
        let scanned = Lot { fed, ended: Vec::new() }.scan(Vec::new(), &|_| ());
        for lot::Piece { strand, arrived, mut batch, bytes, .. } in scanned.pieces {
            veil::batch(&mut batch, &self.state.joins.names, &self.options.realms);
            self.date(strand, arrived.marks.as_ref(), &batch, now);
            self.state.joins.take(strand, arrived, batch);
            self.state.arrived(strand, now);
            buffers.push(bytes);
        }
        buffers
    }

    /// Takes a date for lines without one: today's, less the midnights that passed in what came first.
    fn date(&mut self, strand: usize, marks: Option<&Marks>, batch: &Batch, now: i64) {
        let Stamp::TimeOfDay(_) = batch.first else { return };
        let clock = self.state.joins.strands[strand].join.clock();
        let told = marks.and_then(Marks::first).is_some_and(|m| m.time.is_some()) && self.options.date.is_none();
        if clock.has_date() || told {
            return;
        }
        let passed = chrono::Duration::days(batch.days.map_or(0, |d| i64::from(d.2)));
        let today = DateTime::<Utc>::from_timestamp_millis(now).unwrap_or_default().date_naive();
        clock.begins_on(self.options.date.unwrap_or(today - passed));
        if self.options.date.is_none() {
            let node = self.state.fold.view.nodes.iter().find(|n| n.stream == strand).map(|n| n.name.clone()).unwrap_or_default();
            self.state.assumed_dates.push((node, today - passed));
        }
    }

    /// Tells what can be told by now. `behind` says that there is more to be read at once: corrections can wait for it.
    pub fn advance(&mut self, now: i64, behind: bool) -> Vec<Update> {
        let mut updates = Vec::new();
        self.merge(now, &mut updates);
        let extent = if behind { Extent::New } else { Extent::Some };
        self.judge(now, extent, &mut updates);
        self.heard.note(self.state.records(), self.state.fold.view.end, now);
        // what is read at once is told in the order in which it happened
        updates.sort_by_key(time);
        updates
    }

    /// Tells all that is held with what is known by now, as before a state is written for the last time.
    pub fn settle(&mut self, now: i64) -> Vec<Update> {
        let mut updates = self.advance(now, false);
        self.judge(now, Extent::All, &mut updates);
        updates
    }

    /// Merges what has come as far as it need not wait.
    fn merge(&mut self, now: i64, updates: &mut Vec<Update>) {
        self.state.let_go(now);
        loop {
            self.state.fold.merge(&self.rules);
            if self.state.fold.merged < MERGE {
                break;
            }
            self.digest(now, updates);
        }
        let ripe = self.state.ripe(now);
        self.state.fold.merge_ripe(ripe, &self.rules);
        self.state.let_go_merged(now, &self.rules);
        self.digest(now, updates);
    }

    /// Lets the shards take in what was merged, and takes note of what that changed.
    fn digest(&mut self, now: i64, updates: &mut Vec<Update>) {
        let State { fold, book, counts, .. } = &mut self.state;
        fold.dispatch(&self.rules);
        for (waiting, clock) in fold.fresh.drain(..) {
            counts.meet((waiting.failed.failure.realm, waiting.realm));
            book.enter(waiting, clock, now, &self.rules);
        }
        for shard in &mut fold.shards {
            shard.lessons.drain(..).for_each(|(realm, lesson)| fold.view.learn(realm, lesson));
            shard.done.drain(..).for_each(|(done, _)| book.close(*done));
            shard.touched.drain(..).for_each(|session| book.touch(session));
        }
        fold.clients.touched.drain(..).for_each(|client| book.touch_client(client));
        self.state.tell_triggers(updates);
    }

    /// Judges what is due, and tells what is new.
    fn judge(&mut self, now: i64, extent: Extent, updates: &mut Vec<Update>) {
        let end = self.state.survey();
        let State { fold, book, .. } = &mut self.state;
        book.touch_uuids(&fold.view.told_owners().collect());
        let hold = if self.state.fold.pairing.is_active() { HOLD_MS - (PROXY_MS - 2 * MERGE_MS) } else { HOLD_MS };
        let is_due = |e: &book::Entry| {
            let waited = !e.holds || now - e.since >= hold;
            waited || e.waiting.time.is_none_or(|t| t + LATE_MS <= end) || matches!(extent, Extent::Held | Extent::All)
        };
        let most = match extent {
            Extent::New | Extent::Held => 0,
            Extent::Some => AGAIN,
            Extent::All => usize::MAX,
        };
        let mut due = self.state.book.due(is_due, most);
        due.extend(self.state.book.leaving(end));
        if !due.is_empty() {
            self.look_up(&due, end);
            self.tell(&due, updates);
        }
        while let Some(entry) = self.state.book.retire(end) {
            self.state.count(&entry, &self.options.filter);
        }
        self.state.forget(end);
    }

    /// Gives failures the facts that are known by now, and the realms what follows from them.
    fn look_up(&mut self, due: &[u64], end: i64) {
        let State { fold, book, .. } = &mut self.state;
        for id in due {
            let Some(entry) = book.get(*id) else { continue };
            let w = &mut entry.waiting;
            if let Some(session) = entry.session.filter(|_| !entry.closed)
                && let Some(facts) = fold.shards[shard_of(session)].facts(session, w.node, w.position)
            {
                if let Some(age) = facts.refused(&w.failed).filter(|_| w.time.is_none_or(|t| t + LATE_MS <= end)) {
                    fold.view.learn(w.realm, Lesson::Refused(age));
                }
                if let Some((uuid, client)) = facts.owner(&w.failed) {
                    fold.view.learn(w.realm, Lesson::Owner(uuid, client));
                }
                w.facts = Some(Box::new(facts));
            }
        }
    }

    /// Judges failures and tells what is new about them.
    fn tell(&mut self, due: &[u64], updates: &mut Vec<Update>) {
        self.learn_uuids();
        let State { joins, fold, book, names_of_sources, .. } = &mut self.state;
        let lacks = &mut self.heard.lacks;
        let judge = Judge {
            rules: &self.rules,
            view: &fold.view,
            profiles: &fold.clients.profiles,
            uuids: std::mem::take(&mut self.uuids.1),
            life_ms: self.options.code_lifespan_ms,
            profiles_full: fold.clients.full,
            realms: Some(&self.options.realms),
            sources: names_of_sources,
            names: &joins.names,
            fit: fold.pairing.fit,
        };
        let entries: Vec<&book::Entry> = due.iter().filter_map(|id| book.peek(*id)).collect();
        let verdicts: Vec<(Verdict, bool)> = entries.par_iter().with_min_len(32).map(|e| (judge.verdict(&e.waiting), judge.is_doubtful(&e.waiting))).collect();
        for (id, (verdict, doubtful)) in due.iter().zip(verdicts) {
            let Some(entry) = book.get(*id) else { continue };
            entry.doubtful = doubtful;
            let same =
                entry.verdict.as_ref().is_some_and(|v| (v.confidence, &v.candidates, v.detail) == (verdict.confidence, &verdict.candidates, verdict.detail));
            let before = entry.verdict.replace(verdict.clone()).filter(|_| entry.told);
            if doubtful || (same && entry.told) {
                continue;
            }
            if let Some(lack) = verdict.lack {
                *lacks.entry(lack).or_default() += 1;
            }
            let passes = passes(&entry.waiting, &verdict, &self.options.filter, judge.names);
            match before {
                Some(before) => {
                    let finding = Box::new(judge.finding(&entry.waiting, verdict));
                    updates.push(Update::Revised { finding, from: before.candidates[0], confidence: before.confidence });
                }
                None if passes => {
                    entry.told = true;
                    updates.push(Update::Found(Box::new(judge.finding(&entry.waiting, verdict))));
                }
                None => {}
            }
        }
        self.uuids.1 = judge.uuids;
    }

    /// Puts together which uuid is which client's.
    fn learn_uuids(&mut self) {
        let State { joins, fold, .. } = &mut self.state;
        let known = fold.clients.uuids.len();
        if self.uuids.0 == known && known > 0 {
            return;
        }
        let mut uuids = fold.clients.uuids.clone();
        for realm in self.options.realms.iter() {
            for (client, settings) in &realm.clients {
                if let Some(uuid) = &settings.uuid {
                    uuids.entry(Key::of(uuid.as_bytes())).or_insert_with(|| joins.names.number(client.as_bytes()));
                }
            }
        }
        self.uuids = (known, uuids);
    }

    /// Returns how the run fares, as far as it knows: files and states are others' to say.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let sources = &self.state.joins.sources;
        Gauges {
            bytes: sources.iter().map(|s| s.books.bytes()).sum(),
            records: self.state.records(),
            unparsed_lines: sources.iter().map(|s| s.books.unparsed_lines).sum(),
            damaged_bytes: sources.iter().map(|s| s.books.damaged).sum(),
            held: self.state.book.held() as u64,
            lag_ms: self.heard.lag_ms,
            ..Gauges::default()
        }
    }

    /// Returns what the log lacked to tell for certain what was told since this process began, and how often.
    #[must_use]
    pub fn lacks(&self) -> &BTreeMap<Lack, u64> {
        &self.heard.lacks
    }

    /// Ends the run: lets go what still waits for lines, judges everything a last time, and returns what was found.
    ///
    /// # Errors
    /// When a temporary file cannot be used.
    pub fn finish(self, now: i64) -> io::Result<(Vec<Update>, Outcome)> {
        self.end(now, Extent::All)
    }

    fn end(mut self, now: i64, last: Extent) -> io::Result<(Vec<Update>, Outcome)> {
        let mut updates = Vec::new();
        let mut chunks = Vec::new();
        for mut tap in std::mem::take(&mut self.state.taps) {
            tap.finish(&mut self.state.joins, &self.options, &mut chunks);
        }
        self.take(chunks, now);
        for strand in 0..self.state.joins.strands.len() {
            self.state.joins.end(strand);
        }
        self.state.fold.accept(&mut self.state.joins);
        loop {
            self.state.fold.merge(&self.rules);
            let more = self.state.fold.merged >= MERGE;
            if !more {
                let fold = &mut self.state.fold;
                fold.pairing.finish(&mut fold.ready);
                fold.part(&self.rules);
            }
            self.digest(now, &mut updates);
            if !more {
                break;
            }
        }
        self.state.fold.finish(&self.rules);
        self.digest(now, &mut updates);
        if last == Extent::All {
            self.state.book.touch_all();
        }
        self.judge(now, last, &mut updates);
        while let Some(entry) = self.state.book.take() {
            self.state.count(&entry, &self.options.filter);
        }
        let State { mut joins, fold, counts, names_of_sources, unjoined, assumed_dates, .. } = self.state;
        joins.zone_assumed &= !self.options.zone_named;
        let assumed_dates = assumed_dates.into_iter().map(|(node, date)| (node, date, "the day on which it was read")).collect();
        let run = Run {
            options: &self.options,
            rules: &self.rules,
            listed: false,
            closed: Closed::default(),
            names_of_sources,
            reading: Reading::new(Store::default()),
            joining: Joining::over(joins, &self.options, assumed_dates),
            fold,
        };
        let mut outcome = run.finish(Clerk { counts, spill: Spill::unordered() }, None)?;
        outcome.access.unjoined += unjoined;
        Ok((updates, outcome))
    }
}
