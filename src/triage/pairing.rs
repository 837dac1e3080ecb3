//! The join of access lines from other logs with the server's events: by address and time.
//!
//! Input: [`Joined`] signals of all streams in the merged order. Output: the same, later and in the same order; a failure has the answers that can be its
//! own, and an access line that no event belongs to has become a failure of its own. A request and its lines are one failure, whoever logged them. Must not
//! know what an answer leaves, only which event it can stand beside.

mod lane;

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::joined::{Answered, Failed, Joined, What};
use crate::signal::access;
use crate::signal::answers;
use lane::{Fate, Happened, Lane, Line, NEAR_MS, find};

/// A line is paired when all events that can be its own are here.
const PAIR_AFTER_MS: i64 = 4000;

/// A signal goes on when all lines near it, and what else is near those, are paired.
const RELEASE_AFTER_MS: i64 = 10_000;

/// Signals that are held at most; beyond it the oldest go on as they are.
const HELD: usize = 1 << 18;

/// How well the lines and the events of a run fit together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fit {
    /// Failures with an event while there were lines.
    pub events: u64,
    /// Of these, those that a line was found for.
    pub paired: u64,
    /// Of these, those that were few enough to be looked at closely.
    pub judged: u64,
    /// Of these, those whose line has a size that their event can have.
    pub sizes: u64,
    /// Lines whose size is that of a known answer, and those whose size is not.
    pub known: u64,
    /// Lines with a size that no known answer has.
    pub unknown: u64,
}

impl Fit {
    /// Whether the events name the addresses that the lines name.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.paired > 0 && self.paired * 2 >= self.events
    }

    /// Whether the sizes are those of the server's answers, and not of what a proxy made of them.
    #[must_use]
    pub fn has_sizes(&self) -> bool {
        if self.judged > 0 { self.sizes * 10 >= self.judged * 9 } else { self.known >= self.unknown * 4 }
    }
}

/// The state of the join.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Pairing {
    active: bool,
    queue: VecDeque<Joined>,
    /// How many left the queue.
    gone: u64,
    /// How many of the queue's first were looked at for pairing.
    looked: usize,
    lanes: HashMap<Box<str>, Lane, RandomState>,
    /// Addresses by when they were last seen.
    expiry: VecDeque<(i64, Box<str>)>,
    /// First and last line.
    span: Option<(i64, i64)>,
    /// How it went.
    pub fit: Fit,
}

impl Pairing {
    /// Returns the state before the first signal. With one stream there is nothing to join: signals go straight on.
    #[must_use]
    pub fn new(streams: usize) -> Self {
        Pairing { active: streams > 1, ..Pairing::default() }
    }

    /// Begins to join: there are access lines of another log.
    pub fn activate(&mut self) {
        self.active = true;
    }

    /// Whether there is anything to join.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Returns the number of the next signal that will be held.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.gone + self.queue.len() as u64
    }

    /// Lets go what is held before a number: what belongs to it would have come by now.
    pub fn let_go(&mut self, before: u64, out: &mut Vec<Joined>) {
        let count = usize::try_from(before.saturating_sub(self.gone)).unwrap_or(usize::MAX).min(self.queue.len());
        if let Some(clock) = count.checked_sub(1).and_then(|last| self.queue.get(last)).map(|j| j.clock) {
            self.pair(clock);
            self.release(i64::MIN, self.queue.len() - count, out);
        }
    }

    /// Takes in a signal; what is ready goes to `out`.
    pub fn push(&mut self, mut joined: Joined, out: &mut Vec<Joined>) {
        if !self.active {
            self.alone(&mut joined);
            out.push(joined);
            return;
        }
        let clock = joined.clock;
        self.enter(&joined);
        self.queue.push_back(joined);
        self.pair(clock.saturating_sub(PAIR_AFTER_MS));
        self.release(clock.saturating_sub(RELEASE_AFTER_MS), HELD, out);
    }

    /// Takes note of a signal that no line of another log can belong to.
    #[inline]
    pub fn alone(&mut self, joined: &mut Joined) {
        if let What::Proxied(..) = joined.what {
            self.measure(joined);
            stand_alone(joined);
        }
    }

    /// Lets everything go.
    pub fn finish(&mut self, out: &mut Vec<Joined>) {
        self.pair(i64::MAX);
        self.release(i64::MAX, 0, out);
    }

    fn measure(&mut self, joined: &Joined) {
        if let What::Proxied(access, _) = &joined.what
            && let Some(bytes) = access.bytes
        {
            let known = answers::of(access.status, bytes, None).any(|a| a.length != answers::Length::Open);
            *(if known { &mut self.fit.known } else { &mut self.fit.unknown }) += 1;
        }
    }

    /// Notes a failure or a line under its address.
    fn enter(&mut self, joined: &Joined) {
        self.measure(joined);
        let number = self.gone + self.queue.len() as u64;
        let Some(time) = joined.time else { return };
        let address = match &joined.what {
            What::Failed(f, ..) => f.failure.ip.as_deref().and_then(|ip| access::address(ip.as_bytes())),
            What::Proxied(access, _) => access.address.clone(),
            _ => None,
        };
        let Some(address) = address else { return };
        let lane = self.lanes.entry(address.clone()).or_default();
        match &joined.what {
            What::Failed(f, ..) => {
                let answer = f.answers.first().map(|a| (a.status, a.bytes));
                lane.events.push_back(Happened { number, clock: joined.clock, time, error: f.failure.error.clone(), answer, taken: false });
            }
            What::Proxied(access, _) => {
                let answered = Answered { status: access.status, bytes: access.bytes, at: joined.at, own: false };
                lane.lines.push_back(Line { number, clock: joined.clock, time, answered, fate: Fate::Open });
                self.span = Some((self.span.map_or(time, |s| s.0), time));
            }
            _ => {}
        }
        self.expiry.push_back((joined.clock, address));
    }

    /// Finds the events of all lines up to a time of the streams' clock.
    fn pair(&mut self, until: i64) {
        while let Some(joined) = self.queue.get(self.looked).filter(|j| j.clock <= until) {
            let number = self.gone + self.looked as u64;
            self.looked += 1;
            if let What::Proxied(access, _) = &joined.what
                && let Some(lane) = access.address.as_deref().and_then(|a| self.lanes.get_mut(a))
            {
                lane.pair(number);
            }
        }
    }

    /// Lets go what is older than a time, and what is too much.
    fn release(&mut self, before: i64, held: usize, out: &mut Vec<Joined>) {
        while self.queue.front().is_some_and(|j| j.clock <= before || self.queue.len() > held) {
            if self.looked == 0 {
                self.pair(self.queue.front().map_or(i64::MAX, |j| j.clock));
            }
            let Some(mut joined) = self.queue.pop_front() else { return };
            let number = self.gone;
            self.gone += 1;
            self.looked = self.looked.saturating_sub(1);
            if self.settle(&mut joined, number) {
                out.push(joined);
            }
        }
        while self.expiry.front().is_some_and(|(seen, _)| seen.saturating_add(2 * RELEASE_AFTER_MS) < before) {
            let Some((seen, address)) = self.expiry.pop_front() else { return };
            if let Some(lane) = self.lanes.get_mut(&address) {
                lane.forget(seen, self.gone);
                if lane.events.is_empty() && lane.lines.is_empty() {
                    self.lanes.remove(&address);
                }
            }
        }
    }

    /// Gives a signal what was found for it; returns whether it goes on.
    fn settle(&mut self, joined: &mut Joined, number: u64) -> bool {
        match &mut joined.what {
            What::Failed(failed, ..) => {
                let Some(address) = failed.failure.ip.as_deref().and_then(|ip| access::address(ip.as_bytes())) else { return true };
                let (Some(lane), Some(time)) = (self.lanes.get(&address), joined.time) else { return true };
                let Some(event) = find(&lane.events, number, |e| e.number).and_then(|i| lane.events.get(i)) else { return true };
                if self.span.is_some_and(|(first, last)| first <= time + NEAR_MS && time <= last + NEAR_MS) {
                    self.fit.events += 1;
                    self.fit.paired += u64::from(event.taken);
                }
                let judged = event.taken && !lane.is_crowded(event);
                let found = if judged { lane.answers(event) } else { None };
                self.fit.judged += u64::from(judged);
                self.fit.sizes += u64::from(found.is_some());
                if let Some(found) = found.filter(|_| failed.answers.is_empty()) {
                    failed.answers = found.into_vec();
                }
                true
            }
            What::Proxied(access, _) => {
                let lane = access.address.as_deref().and_then(|a| self.lanes.get(a));
                let fate = lane.and_then(|l| l.lines.get(find(&l.lines, number, |l| l.number)?)).map_or(Fate::Alone, |l| l.fate);
                if matches!(fate, Fate::Paired | Fate::Doubtful) {
                    return false;
                }
                stand_alone(joined);
                true
            }
            _ => true,
        }
    }
}

/// Makes a line a failure of its own.
fn stand_alone(joined: &mut Joined) {
    let at = joined.at;
    if let What::Proxied(access, ordinal) = &joined.what {
        let failed = Failed::of_access(access, *ordinal, at, false);
        joined.what = What::Failed(failed);
    }
}
