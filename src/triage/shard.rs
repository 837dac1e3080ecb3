//! One part of the state, split by session.
//!
//! Input: the [`Note`]s of its sessions in the merged order. Output: failures with their facts, in the order in which their timelines end. The number of
//! shards is fixed, so what is evicted does not depend on how many threads there are.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::note::{Note, Subject};
use super::remembered::Remembered;
use super::timeline::{Closed, Facts, Lessons, Timeline, Waiting, judged};
use super::verdict::Verdict;
use crate::names::Key;

/// How many shards there are.
pub const SHARDS: usize = 64;

/// Bytes that the timelines of all shards take together, as [`Timeline::bytes`] counts them: some 600,000 sessions of two events each, 400,000 of
/// four, 80,000 with a failure that waits. Their number alone would bound nothing: a session with such a failure takes eight times the space of one without.
const TIMELINE_BYTES: usize = 64 << 20;

/// A timeline ends this long after its last signal: then no code of it is alive.
const CODE_MS: i64 = 3_600_000;

/// One shard.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Shard {
    /// Each in a box: there can be hundreds of thousands, and a table that grows would move them all.
    timelines: HashMap<Key, Box<Timeline>, RandomState>,
    /// Sessions by when they were last queued; one entry each.
    queue: VecDeque<(i64, Key)>,
    /// Bytes of the timelines.
    bytes: usize,
    /// Sessions whose timelines ended.
    remembered: Remembered,
    /// What realms were taught.
    pub lessons: Lessons,
    /// Failures whose facts are known.
    pub done: Vec<Closed>,
    /// Timelines with failures that end with the input.
    #[serde(skip)]
    ended: Vec<Timeline>,
    /// Where the facts of the next failure go.
    #[serde(skip)]
    spare: Option<Box<Facts>>,
    /// A timeline that begins by then may be the rest of one that was evicted.
    blind_until: Option<i64>,
    /// A timeline was evicted to make room.
    pub capped: bool,
    /// A session had more failures than a timeline keeps.
    pub crowded: bool,
    /// Somebody wants to know what changed, before timelines end.
    pub watched: bool,
    /// Sessions with failures whose timelines changed, where that is watched.
    pub touched: Vec<Key>,
}

/// Returns a clock's seconds since the epoch.
fn seconds(clock: i64) -> u32 {
    u32::try_from(clock.div_euclid(1000)).unwrap_or(0)
}

/// Returns the number of a session's shard.
#[must_use]
pub fn shard_of(session: Key) -> usize {
    usize::try_from(session.number() % SHARDS as u64).unwrap_or(0)
}

impl Shard {
    /// Takes in what signals say of their sessions; `judge` comes to a verdict on a failure whose facts are known, if it can.
    pub fn take_all(&mut self, notes: &mut Vec<Note>, judge: &impl Fn(&Waiting) -> Option<Verdict>) {
        self.look_ahead(notes);
        notes.drain(..).for_each(|note| self.take(note, judge));
    }

    /// Looks at each session that notes speak of, and at those whose time may come by then: what has to be fetched from afar is fetched for many at once, not for
    /// each in turn.
    fn look_ahead(&self, notes: &[Note]) {
        let end = notes.last().map_or(i64::MIN, |note| note.clock.saturating_sub(CODE_MS));
        let due = self.queue.iter().take_while(|(queued, _)| *queued < end).map(|(_, session)| session);
        let sessions = notes.iter().map(|note| &note.session).chain(due);
        std::hint::black_box(sessions.fold(0, |sum, session| sum ^ self.timelines.get(session).map_or(0, |timeline| timeline.glance())));
    }

    /// Takes in what a signal says of its session.
    pub fn take(&mut self, note: Note, judge: &impl Fn(&Waiting) -> Option<Verdict>) {
        self.expire(note.clock, judge);
        let Note { session, clock, time, at, node, realm, client, step, subject } = note;
        let mut known = None;
        let left = self.timeline(session, clock, |timeline, lessons, remembered| {
            // anybody can name a session in a request to another realm
            if matches!(subject, Subject::Success) {
                timeline.realm = realm.or(timeline.realm);
            } else {
                timeline.realm = timeline.realm.or(realm);
                timeline.recall(|| remembered.get(session));
            }
            let waits = match subject {
                Subject::Waiting(waiting, needs) => match timeline.so_far(&waiting, needs) {
                    Some(facts) => {
                        known = Some((waiting, facts));
                        None
                    }
                    None => Some(waiting),
                },
                Subject::Success | Subject::Failure => None,
            };
            if waits.is_some() || !timeline.is_told(step, client) {
                timeline.step(time, client, step, at, node, lessons);
            }
            waits.and_then(|waiting| timeline.wait(waiting))
        });
        if let Some((waiting, facts)) = known {
            self.done.push(judged(waiting, facts, &mut self.spare, judge));
        }
        self.crowded |= left.is_some();
        self.done.extend(left.map(|waiting| (waiting, None)));
        while self.bytes > TIMELINE_BYTES / SHARDS && self.retire(i64::MAX, judge) {}
    }

    /// Changes the timeline of a session, a new one if it is new.
    fn timeline<T>(&mut self, session: Key, clock: i64, change: impl FnOnce(&mut Timeline, &mut Lessons, &mut Remembered) -> T) -> T {
        let blind = self.blind_until.is_some_and(|until| clock <= until);
        let (timeline, before) = match self.timelines.entry(session) {
            Entry::Occupied(known) => {
                let timeline = known.into_mut();
                let before = timeline.bytes();
                (timeline, before)
            }
            Entry::Vacant(place) => {
                self.queue.push_back((clock, session));
                (place.insert(Box::new(Timeline::new(blind))), 0)
            }
        };
        timeline.last = timeline.last.max(clock);
        let result = change(timeline, &mut self.lessons, &mut self.remembered);
        if self.watched && timeline.is_open() {
            self.touched.push(session);
        }
        self.bytes = (self.bytes + timeline.bytes()).saturating_sub(before);
        result
    }

    /// Ends the timelines whose time has come.
    fn expire(&mut self, clock: i64, judge: &impl Fn(&Waiting) -> Option<Verdict>) {
        while self.queue.front().is_some_and(|(queued, _)| queued.saturating_add(CODE_MS) < clock) {
            self.retire(clock.saturating_sub(CODE_MS), judge);
        }
    }

    /// Looks at the timeline that was queued first: ends it if its last signal is older than `before`, else queues it again (a second
    /// chance). With `i64::MAX` one is ended for certain. Returns whether there was one.
    fn retire(&mut self, before: i64, judge: &impl Fn(&Waiting) -> Option<Verdict>) -> bool {
        let Some((queued, session)) = self.queue.pop_front() else { return false };
        let Entry::Occupied(known) = self.timelines.entry(session) else { return true };
        let last = known.get().last;
        if last >= before || (before == i64::MAX && last > queued) {
            self.queue.push_back((last, session));
            return true;
        }
        let timeline = known.remove();
        self.bytes = self.bytes.saturating_sub(timeline.bytes());
        if before == i64::MAX {
            self.capped = true;
            self.blind_until = self.blind_until.max(Some(last.saturating_add(CODE_MS)));
        }
        if timeline.session_seen() {
            self.remembered.put(session, seconds(last), timeline.has_ended());
        }
        timeline.close(&mut self.done, &mut self.lessons, &mut self.spare, judge);
        true
    }

    /// Returns what is known so far about a failure of a session: that of a node's position.
    #[must_use]
    pub fn facts(&self, session: Key, node: u32, position: u64) -> Option<Facts> {
        self.timelines.get(&session)?.facts_of(node, position)
    }

    /// Ends all timelines, and gives back what they took.
    pub fn finish(&mut self, judge: &impl Fn(&Waiting) -> Option<Verdict>) {
        self.end();
        self.close(judge);
    }

    /// Does the first half of it: what the failures that are open teach is known behind it, and the failures themselves are not done yet.
    pub fn end(&mut self) {
        while let Some((_, session)) = self.queue.pop_front() {
            if let Some(timeline) = self.timelines.remove(&session).filter(|timeline| timeline.is_open()) {
                self.lessons.extend(timeline.lessons());
                self.ended.push(*timeline);
            }
        }
        (self.timelines, self.queue, self.bytes) = (HashMap::default(), VecDeque::new(), 0);
        self.remembered = Remembered::default();
    }

    /// Does the second half: each failure gets its facts, and perhaps its verdict.
    pub fn close(&mut self, judge: &impl Fn(&Waiting) -> Option<Verdict>) {
        let taught = &mut Lessons::new();
        for timeline in std::mem::take(&mut self.ended) {
            timeline.close(&mut self.done, taught, &mut self.spare, judge);
        }
    }
}
