//! What the join hands on, held until the answers of its failures are known.
//!
//! Input: joined signals in the order of the stream, and the access lines of its threads. Output: the same signals in the same order; a failure has its
//! answer. Where no access line was seen yet nothing is held. Must not know what an answer means.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::super::joined::{Answered, Joined, What};
use super::threads::Thread;

/// A failure waits this long for its access line: the longest that was recorded is 31 ms.
const WAIT_MS: i64 = 2000;

/// Signals that are held at most.
const HELD: usize = 1 << 14;

/// The outbox of one stream.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Outbox {
    active: bool,
    queue: VecDeque<(Joined, bool)>,
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
        if self.active {
            self.hold(joined, thread, out);
        } else {
            out.push(joined);
        }
    }

    fn hold(&mut self, joined: Joined, thread: Thread, out: &mut Vec<Joined>) {
        self.latest = self.latest.max(joined.time);
        let waits = matches!(&joined.what, What::Failed(f, ..) if f.answers.is_empty());
        if waits {
            self.open.insert(thread, self.gone + self.queue.len() as u64);
        }
        self.queue.push_back((joined, waits));
        self.flush(out);
    }

    /// Ends the waiting of a thread's failure, with its answer where there is one.
    #[inline]
    pub fn close(&mut self, thread: Thread, answer: Option<Answered>, out: &mut Vec<Joined>) {
        if self.active {
            self.answer(thread, answer, out);
        }
    }

    fn answer(&mut self, thread: Thread, answer: Option<Answered>, out: &mut Vec<Joined>) {
        let Some(number) = self.open.remove(&thread) else { return };
        let held = number.checked_sub(self.gone).and_then(|i| usize::try_from(i).ok()).and_then(|i| self.queue.get_mut(i));
        if let Some((joined, waits)) = held {
            *waits = false;
            if let What::Failed(failed, ..) = &mut joined.what {
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
        while let Some((joined, waits)) = self.queue.front() {
            let late = joined.time.zip(self.latest).is_none_or(|(t, latest)| latest - t > WAIT_MS);
            if *waits && !late && self.queue.len() <= HELD {
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
