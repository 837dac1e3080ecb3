//! What happened at one address: events, and lines of access logs that wait for theirs.
//!
//! Input: failures and lines by their number in the queue, which grows with the clock of the streams. Output: which line is whose. Must not know what an
//! answer leaves, only which event it can stand beside.

use crate::signal::Word;
use std::collections::VecDeque;
use std::ops::Range;

use smallvec::SmallVec;

use super::super::joined::Answered;
use super::RELEASE_AFTER_MS;
use crate::signal::answers::{self, Event};

/// An event and an access line of one request are not further apart: a proxy's stamp has a resolution of a second and says when the request began or ended.
pub const NEAR_MS: i64 = 2000;

/// What a stamp without milliseconds leaves open.
const SECOND_MS: i64 = 999;

/// Events or lines of one address that are too many to be told apart by time.
const CROWD: usize = 512;

/// Events and lines of one address that are remembered at most.
const LANE: usize = 4096;

/// A failure with an event.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Happened {
    pub number: u64,
    /// The largest time of its stream: never smaller than that of the one before.
    pub clock: i64,
    pub time: i64,
    pub error: Option<Word>,
    /// What the server's own access log says.
    pub answer: Option<(u16, Option<u64>)>,
    pub taken: bool,
}

/// A failed request in another log.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Line {
    pub number: u64,
    pub clock: i64,
    pub time: i64,
    pub answered: Answered,
    pub fate: Fate,
}

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fate {
    /// Not looked at yet.
    Open,
    /// An event that it can stand beside.
    Paired,
    /// An event that it cannot stand beside, as far as answers are known.
    Doubtful,
    /// None.
    Alone,
}

/// What happened at one address.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Lane {
    pub events: VecDeque<Happened>,
    pub lines: VecDeque<Line>,
    /// All events before this number are taken.
    pub taken: u64,
}

impl Lane {
    /// Finds the event of a line: the first of those near it that it can stand beside, else the first that is left.
    pub fn pair(&mut self, number: u64) {
        let Some(line) = find(&self.lines, number, |l| l.number).and_then(|i| self.lines.get_mut(i)) else { return };
        let around = around(&self.events, line.time, |e| e.clock);
        let around = around.start.max(self.events.partition_point(|e| e.number < self.taken)).min(around.end)..around.end;
        let near = |e: &Happened| !e.taken && is_near(e.time, line.time);
        let first = |fitting: bool| around.clone().find(|i| self.events.get(*i).is_some_and(|e| near(e) && (!fitting || fits(e, &line.answered))));
        let fitting = first(true);
        let any = || first(false).filter(|_| !is_silent(&line.answered) && !answers::is_of_a_proxy(line.answered.status));
        line.fate = match fitting {
            Some(_) => Fate::Paired,
            None if any().is_some() => Fate::Doubtful,
            None => Fate::Alone,
        };
        if let Some(event) = fitting.or_else(any).and_then(|i| self.events.get_mut(i)) {
            event.taken = true;
        }
        let next = self.events.partition_point(|e| e.number < self.taken);
        if let Some(last) = self.events.range(next..).take_while(|e| e.taken).last() {
            self.taken = last.number + 1;
        }
    }

    /// Whether so much happened at once that a close look would cost too much, and tell too little.
    pub fn is_crowded(&self, event: &Happened) -> bool {
        around(&self.events, event.time, |e| e.clock).len().max(around(&self.lines, event.time, |l| l.clock).len()) > CROWD
    }

    /// Returns the answers that can be an event's own: those of all lines near it, as long as each line and each event near them has found the other.
    pub fn answers(&self, event: &Happened) -> Option<SmallVec<[Answered; 2]>> {
        let beside = around(&self.events, event.time, |e| e.clock);
        let whole = self.events.range(beside).filter(|e| (e.time - event.time).abs() <= 2 * (NEAR_MS + SECOND_MS)).all(|e| e.taken);
        let mut found: SmallVec<[Answered; 2]> = SmallVec::new();
        for line in self.lines.range(around(&self.lines, event.time, |l| l.clock)).filter(|l| is_near(event.time, l.time)) {
            if matches!(line.fate, Fate::Doubtful | Fate::Open) {
                return None;
            }
            let new = found.iter().all(|a| (a.status, a.bytes) != (line.answered.status, line.answered.bytes));
            if new && fits(event, &line.answered) {
                found.push(line.answered);
            }
        }
        (whole && !found.is_empty()).then_some(found)
    }

    /// Forgets what was seen before a time, and what is too much; nothing from number `held` on, which still waits.
    pub fn forget(&mut self, seen: i64, held: u64) {
        while self.events.front().is_some_and(|e| e.number < held && (e.time <= seen || self.events.len() > LANE)) {
            self.events.pop_front();
        }
        while self.lines.front().is_some_and(|l| l.number < held && (l.time <= seen || self.lines.len() > LANE)) {
            self.lines.pop_front();
        }
    }
}

/// Returns the place of a number among entries that are in its order.
pub fn find<T>(entries: &VecDeque<T>, number: u64, of: impl Fn(&T) -> u64) -> Option<usize> {
    entries.binary_search_by_key(&number, of).ok()
}

/// Returns the entries whose time can be near another: their clock is not smaller than their time, nor much larger.
fn around<T>(entries: &VecDeque<T>, time: i64, clock: impl Fn(&T) -> i64) -> Range<usize> {
    let from = entries.partition_point(|e| clock(e) < time - 2 * (NEAR_MS + SECOND_MS));
    let to = entries.partition_point(|e| clock(e) <= time + RELEASE_AFTER_MS);
    from..to.max(from)
}

/// Whether an event is near enough to a line.
fn is_near(event: i64, line: i64) -> bool {
    let to = if line % 1000 == 0 { line + SECOND_MS } else { line };
    line - NEAR_MS <= event && event <= to + NEAR_MS
}

/// Whether an answer can stand beside an event.
fn fits(event: &Happened, answered: &Answered) -> bool {
    if let Some((status, bytes)) = event.answer {
        return status == answered.status && bytes.zip(answered.bytes).is_none_or(|(a, b)| a == b);
    }
    match (event.error.as_deref(), answered.bytes) {
        (Some(error), Some(bytes)) => answers::of(answered.status, bytes, None).any(|a| a.goes_with(error)),
        _ => false,
    }
}

/// Whether no event stands beside an answer, as far as it is known.
fn is_silent(answered: &Answered) -> bool {
    let Some(bytes) = answered.bytes else { return false };
    let mut all = answers::of(answered.status, bytes, None).filter(|a| a.length != answers::Length::Open).peekable();
    all.peek().is_some() && all.all(|a| a.event == Event::None)
}
