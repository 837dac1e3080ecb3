//! All that a live run knows, in a form that can be saved.
//!
//! Input: what was taken in. Output: bytes that give the same future when they are taken up again. Must not know where they are kept.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::super::counts::Counts;
use super::super::fold::Fold;
use super::super::joins::Joins;
use super::super::{Options, veil, zone_of};
use super::book::{Book, Entry};
use super::heard::Heard;
use super::ripening::Ripening;
use super::tap::Tap;
use super::trigger;
use super::{FORGET_MS, IDLE_MS, Live, MEMORY_MS, MERGE_MS, PROXY_MS, REST_MS, Windows};
use crate::tally::Filter;
use crate::tally::live::Update;
use crate::tally::served::Serving;
use crate::triage::rules::Rules;

/// What the bytes of a state begin with: another version is refused.
const VERSION: u32 = 13;

/// Why a state cannot be taken up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another version of the program wrote it.
    #[error("it was written by another version of kctriage")]
    Version,
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// What one strand waits for.
#[derive(Default, Serialize, Deserialize)]
struct Waits {
    /// Signals that came, to be merged.
    merge: Ripening,
    /// Signals that wait for access lines.
    answers: Ripening,
    /// The unfinished line, and since when it holds others up.
    hold: Option<(u64, i64)>,
    /// When something came last.
    arrived: i64,
}

/// The state.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    pub taps: Vec<Tap>,
    pub joins: Joins,
    pub fold: Fold,
    pub book: Book,
    pub counts: Counts,
    pub names_of_sources: Vec<String>,
    /// Refused requests in a proxy's log that were left out.
    pub unjoined: u64,
    pub assumed_dates: Vec<(String, NaiveDate)>,
    waits: Vec<Waits>,
    /// Signals that wait for a proxy's lines.
    proxied: Ripening,
    /// The view's generation when failures were last marked by it.
    generation: u64,
    /// Triggers that were told.
    triggers: usize,
    /// When, by the log, something was last forgotten.
    forgot: i64,
    arrived: i64,
}

impl State {
    pub fn new(options: &Options) -> Self {
        let mut joins = Joins::default();
        let mut fold = Fold::new(&options.realms, &mut joins.names);
        fold.serving = options.successes.then(|| Serving::new(options.window_ms, options.max_keys, options.filter.clone()));
        fold.watched = true;
        fold.clients.watched = true;
        fold.shards.iter_mut().for_each(|s| s.watched = true);
        State {
            taps: Vec::new(),
            joins,
            fold,
            book: Book::default(),
            counts: Counts::new(options.window_ms, Windows::Apart, options.max_keys),
            names_of_sources: Vec::new(),
            unjoined: 0,
            assumed_dates: Vec::new(),
            waits: Vec::new(),
            proxied: Ripening::default(),
            generation: 0,
            triggers: 0,
            forgot: i64::MIN,
            arrived: 0,
        }
    }

    /// Returns how many records were recognised.
    pub fn records(&self) -> u64 {
        self.joins.sources.iter().map(|s| s.books.records).sum()
    }

    /// Notes that a strand got something.
    pub fn arrived(&mut self, strand: usize, now: i64) {
        self.waits.resize_with(self.joins.strands.len(), Waits::default);
        self.names_of_sources.extend(self.joins.sources.iter().skip(self.names_of_sources.len()).map(|s| s.name.clone()));
        self.fold.accept(&mut self.joins);
        let waits = &mut self.waits[strand];
        waits.merge.note(self.fold.queues[strand].came(), now);
        waits.answers.note(self.joins.strands[strand].join.outbox().next(), now);
        (waits.arrived, self.arrived) = (now, now);
    }

    /// Lets go what waited long enough within its strand.
    pub fn let_go(&mut self, now: i64) {
        let joined = &mut self.joins.joined;
        for (waits, s) in self.waits.iter_mut().zip(&mut self.joins.strands) {
            let hold = s.join.holding();
            waits.hold = hold.map(|line| waits.hold.filter(|h| h.0 == line).unwrap_or((line, now)));
            if waits.hold.is_some_and(|h| now - h.1 >= REST_MS) {
                s.join.let_go(joined);
            }
            s.join.outbox().let_go(waits.answers.by(now - REST_MS), joined);
            s.by_time.take(joined, &mut s.queue);
            if s.by_time.is_stored() && now - waits.arrived >= IDLE_MS {
                s.by_time.finish(&mut s.queue);
            }
        }
        self.fold.accept(&mut self.joins);
        for (waits, queue) in self.waits.iter_mut().zip(&self.fold.queues) {
            waits.merge.note(queue.came(), now);
        }
    }

    /// Returns how many of each strand's signals need not wait for other strands any more.
    pub fn ripe(&mut self, now: i64) -> Vec<u64> {
        self.waits.iter_mut().zip(&self.fold.queues).map(|(w, queue)| w.merge.by(now - MERGE_MS).saturating_sub(queue.passed)).collect()
    }

    /// Lets go what waited long enough between the strands and the shards.
    pub fn let_go_merged(&mut self, now: i64, rules: &Rules) {
        let fold = &mut self.fold;
        if now - self.arrived >= IDLE_MS {
            fold.twins.finish(&mut fold.single);
            fold.note(rules);
        }
        self.proxied.note(fold.pairing.next(), now);
        let ripe = self.proxied.by(now - PROXY_MS);
        fold.pairing.let_go(ripe, &mut fold.ready);
        fold.part(rules);
    }

    /// Brings the view up to now; what changed for all failures is judged again. Returns the time of the log.
    pub fn survey(&mut self) -> i64 {
        let view = &mut self.fold.view;
        view.spans = self.joins.strands.iter().map(|s| s.join.span()).collect();
        view.end = view.spans.iter().flatten().map(|s| s.1).max();
        let end = view.end.unwrap_or(i64::MIN);
        let speaks = |stream: usize| view.nodes.iter().any(|n| n.stream == stream && n.events && n.stopped.is_none());
        let behind = view.spans.iter().enumerate().filter(|(i, _)| speaks(*i)).filter_map(|(_, s)| Some((*s)?.1)).min().unwrap_or(end);
        self.book.pass(end, behind);
        let fit = self.fold.pairing.fit;
        let generation = view.generation() ^ (u64::from(fit.is_joined()) << 1 | u64::from(fit.has_sizes()));
        if std::mem::replace(&mut self.generation, generation) != generation {
            self.book.touch_all();
        }
        end
    }

    /// Tells the triggers that are new.
    pub fn tell_triggers(&mut self, updates: &mut Vec<Update>) {
        let fold = &self.fold;
        let new = fold.view.triggers.get(self.triggers..).unwrap_or_default();
        updates.extend(new.iter().map(|t| Update::Trigger(trigger::named(t, &self.joins, fold))));
        self.triggers = fold.view.triggers.len();
        self.fold.view.settle();
    }

    /// Counts a failure of which all is known that ever will be.
    pub fn count(&mut self, entry: &Entry, filter: &Filter) {
        let Some(verdict) = &entry.verdict else { return };
        if entry.doubtful {
            self.unjoined += 1;
        } else {
            self.counts.add(&entry.waiting, verdict, filter, &self.joins.names, &self.names_of_sources);
        }
    }

    /// Forgets, once in a while, what matters to no failure any more.
    pub fn forget(&mut self, end: i64) {
        if end.saturating_sub(self.forgot) >= FORGET_MS {
            self.forgot = end;
            self.fold.view.forget(end.saturating_sub(MEMORY_MS));
            self.triggers = self.fold.view.triggers.len();
        }
    }
}

impl Live {
    /// Returns all that the run knows, so that another can go on from here.
    ///
    /// # Errors
    /// When it cannot be put into bytes, which no state is known to refuse.
    pub fn snapshot(&self) -> Result<Vec<u8>, StateError> {
        postcard::to_stdvec(&(VERSION, &self.state)).map_err(|e| StateError::Damaged(e.to_string()))
    }

    /// Takes up a run where another left it.
    ///
    /// # Errors
    /// When the bytes are no state of this version.
    pub fn restore(bytes: &[u8], rules: Rules, options: Options) -> Result<Self, StateError> {
        let damaged = |e: postcard::Error| StateError::Damaged(e.to_string());
        let (version, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(damaged)?;
        if version != VERSION {
            return Err(StateError::Version);
        }
        let mut state: State = postcard::from_bytes(rest).map_err(damaged)?;
        for strand in &mut state.joins.strands {
            let zone = zone_of(strand.zone_minutes, &options);
            strand.join.clock().reads_in(zone);
        }
        let heard = Heard::after(state.records());
        let options = veil::options(options);
        if let Some(serving) = &mut state.fold.serving {
            serving.filter = options.filter.clone();
        }
        Ok(Live { rules, options, state, uuids: (0, hashbrown::HashMap::default()), heard })
    }
}
