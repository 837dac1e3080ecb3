//! What the join hands on, held until the answers of its failures are known, and what explains them.
//!
//! Input: joined signals in the order of the stream, the access lines of its threads, and warnings that stand behind their events. Output: the same signals in the same
//! order; a failure has its answer. Where no access line was seen yet hardly anything is held. Must not know what an answer means.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::super::joined::{Answered, Companions, Failed, GoneCode, Joined, Loss, What};
use super::threads::Thread;
use crate::names::Key;

/// A failure waits this long for its access line: the longest that was recorded is 31 ms.
const WAIT_MS: i64 = 2000;

/// Signals that are held at most.
const HELD: usize = 1 << 14;

/// The outbox of one stream.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Outbox {
    active: bool,
    /// With the time up to which it waits.
    queue: VecDeque<(Joined, Option<i64>)>,
    /// How many left the queue.
    gone: u64,
    /// Failures that wait, by thread.
    open: HashMap<Thread, u64, RandomState>,
    latest: Option<i64>,
}

impl Outbox {
    /// Begins to hold: there are access lines.
    pub fn activate(&mut self) {
        self.active = true;
    }

    /// Takes in a signal of a thread.
    #[inline]
    pub fn push(&mut self, joined: Joined, thread: Thread, out: &mut Vec<Joined>) {
        if self.active || !self.queue.is_empty() || matches!(&joined.what, What::Failed(failed) if is_unexplained(failed)) {
            self.hold(joined, thread, out);
        } else {
            out.push(joined);
        }
    }

    fn hold(&mut self, joined: Joined, thread: Thread, out: &mut Vec<Joined>) {
        self.latest = self.latest.max(joined.time);
        let until = match (&joined.what, joined.time) {
            (What::Failed(f), Some(time)) if self.active && f.answers.is_empty() => Some(time + WAIT_MS),
            // what is printed at the same time may stand in any order where something has sorted the lines
            (What::Failed(f), Some(time)) if is_unexplained(f) => Some(time),
            _ => None,
        };
        if until.is_some() {
            self.open.insert(thread, self.gone + self.queue.len() as u64);
        }
        self.queue.push_back((joined, until));
        self.flush(out);
    }

    /// Gives a warning to the thread's failure that was printed at the same time and stands before it, if it is of that session; returns whether there is one.
    pub fn explain(&mut self, thread: Thread, gone: GoneCode, time: Option<i64>) -> bool {
        let is_of = |failed: &Failed| failed.failure.session.as_ref().is_some_and(|session| Key::of_kept(session.bytes()) == gone.session);
        let Some(failed) = self.unexplained(thread, time).filter(|failed| is_of(failed)) else { return false };
        failed.with = Companions { gone: Some(gone), ..*failed.with }.into();
        true
    }

    /// Takes note that a warning, which does not say of which request it is, was printed at the time of the thread's failure that stands before it: it may be that one's.
    pub fn doubt(&mut self, thread: Thread, time: Option<i64>) {
        if let Some(failed) = self.unexplained(thread, time) {
            failed.with = Companions { lost: Some(Loss::Lines), ..*failed.with }.into();
        }
    }

    /// Returns the thread's failure that waits for a warning of its own time.
    fn unexplained(&mut self, thread: Thread, time: Option<i64>) -> Option<&mut Failed> {
        if self.queue.is_empty() {
            return None;
        }
        let number = *self.open.get(&thread)?;
        match &mut self.held(number)?.0 {
            Joined { what: What::Failed(failed), time: own, .. } if *own == time && is_unexplained(failed) => Some(failed),
            _ => None,
        }
    }

    /// Returns what is held under a number.
    fn held(&mut self, number: u64) -> Option<&mut (Joined, Option<i64>)> {
        number.checked_sub(self.gone).and_then(|i| usize::try_from(i).ok()).and_then(|i| self.queue.get_mut(i))
    }

    /// Ends the waiting of a thread's failure, with its answer where there is one.
    #[inline]
    pub fn close(&mut self, thread: Thread, answer: Option<Answered>, out: &mut Vec<Joined>) {
        if self.active || !self.queue.is_empty() {
            self.answer(thread, answer, out);
        }
    }

    fn answer(&mut self, thread: Thread, answer: Option<Answered>, out: &mut Vec<Joined>) {
        let Some(number) = self.open.remove(&thread) else { return };
        if let Some((joined, until)) = self.held(number) {
            *until = None;
            if let What::Failed(failed) = &mut joined.what {
                failed.answers.extend(answer);
            }
        }
        self.flush(out);
    }

    /// Returns the number of the next signal that will be held.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.gone + self.queue.len() as u64
    }

    /// Lets go what is held before a number: an access line would have come by now.
    pub fn let_go(&mut self, before: u64, out: &mut Vec<Joined>) {
        while self.gone < before
            && let Some((joined, _)) = self.queue.pop_front()
        {
            self.gone += 1;
            out.push(joined);
        }
        self.flush(out);
    }

    fn flush(&mut self, out: &mut Vec<Joined>) {
        while let Some((_, until)) = self.queue.front() {
            let waits = until.zip(self.latest).is_some_and(|(until, latest)| latest <= until);
            if waits && self.queue.len() <= HELD {
                return;
            }
            self.gone += 1;
            out.extend(self.queue.pop_front().map(|q| q.0));
        }
    }

    /// Lets everything go.
    pub fn finish(&mut self, out: &mut Vec<Joined>) {
        self.gone += self.queue.len() as u64;
        out.extend(self.queue.drain(..).map(|q| q.0));
        self.open.clear();
    }
}

/// Whether nothing that the parser says of a code explains why it was refused.
#[inline]
fn is_unexplained(failed: &Failed) -> bool {
    let (failure, with) = (&failed.failure, &*failed.with);
    let has_warning = with.gone.is_some() || with.format.is_some() || with.uuid.is_some() || with.bound.is_some() || with.foreign.is_some();
    !has_warning && failure.error.as_deref() == Some("invalid_code")
}
