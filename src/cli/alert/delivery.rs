//! The threads that tell receivers, one each, behind queues of bounded length.
//!
//! Input: alerts. Output: what became of them. A message that fails is tried again, later each time, until it is taken, refused for good, or pushed out by newer
//! ones. The run never waits for a receiver, but at its end for a short time.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use kctriage::alert::Alert;

/// Messages that wait for a receiver.
const QUEUE: usize = 1000;

/// The first wait before a message is tried again, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Someone who is told of alerts.
pub trait Receive: Send {
    /// Returns what it is called in messages to a person; never a secret.
    fn name(&self) -> String;

    /// Tells it.
    fn send(&mut self, alert: &Alert) -> Result<(), Failure>;

    /// Returns how often it wants to be reminded of what goes on, if it does.
    fn again(&mut self) -> Option<Duration> {
        None
    }

    /// Reminds it of what goes on.
    fn remind(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Why a receiver was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It may work later.
    Again {
        /// What went wrong.
        what: String,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It will not.
    Never(String),
}

impl Failure {
    pub fn again(what: String) -> Self {
        Failure::Again { what, after: None }
    }

    fn what(&self) -> &str {
        match self {
            Failure::Again { what, .. } | Failure::Never(what) => what,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Sent,
    /// It was refused for good.
    Failed,
    /// It was pushed out by newer ones.
    Dropped,
}

/// What a thread tells.
#[derive(Debug)]
pub enum Note {
    /// What became of the message with this number.
    Done(u64, Outcome),
    /// What a person should know: who, and what.
    Trouble(String, String),
}

/// A message.
#[derive(Debug, Clone)]
struct Message {
    number: u64,
    alert: Arc<Alert>,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    ending: bool,
}

/// What a thread and the run share.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a message, the run ends, or a time is reached; returns the message, or whether the run ends.
    fn next(&self, until: Option<Instant>) -> Result<Message, bool> {
        let mut waiting = self.waiting();
        loop {
            if let Some(message) = waiting.messages.pop_front() {
                return Ok(message);
            }
            if waiting.ending {
                return Err(true);
            }
            let left = until.map(|t| t.saturating_duration_since(Instant::now()));
            waiting = match left {
                Some(left) if left.is_zero() => return Err(false),
                Some(left) => self.bell.wait_timeout(waiting, left).map_or_else(|e| e.into_inner().0, |w| w.0),
                None => self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Waits for so long, or until the run ends; returns whether it does.
    fn pause(&self, length: Duration) -> bool {
        let until = Instant::now() + length;
        let mut waiting = self.waiting();
        while !waiting.ending {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            waiting = self.bell.wait_timeout(waiting, left).map_or_else(|e| e.into_inner().0, |w| w.0);
        }
        true
    }
}

/// A receiver at work.
#[derive(Debug)]
pub struct Courier {
    queue: Arc<Queue>,
    thread: JoinHandle<()>,
    notes: Sender<Note>,
}

impl Courier {
    /// Starts the thread of a receiver.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(receiver: Box<dyn Receive>, notes: Sender<Note>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (its, tell) = (Arc::clone(&queue), notes.clone());
        let thread = Builder::new().name("alerts".to_owned()).spawn(move || work(receiver, &its, &tell))?;
        Ok(Courier { queue, thread, notes })
    }

    /// Adds a message; the oldest is dropped where too many wait.
    pub fn send(&self, number: u64, alert: Arc<Alert>) {
        let mut waiting = self.queue.waiting();
        if waiting.messages.len() == QUEUE
            && let Some(old) = waiting.messages.pop_front()
        {
            let _ = self.notes.send(Note::Done(old.number, Outcome::Dropped));
        }
        waiting.messages.push_back(Message { number, alert });
        drop(waiting);
        self.queue.bell.notify_one();
    }

    /// Says that the run ends: what waits is tried once more.
    pub fn end(&self) {
        self.queue.waiting().ending = true;
        self.queue.bell.notify_one();
    }

    /// Whether all was tried.
    pub fn is_done(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Tells a receiver what comes.
fn work(mut receiver: Box<dyn Receive>, queue: &Queue, notes: &Sender<Note>) {
    let mut state = Troubles { name: receiver.name(), notes, told: None };
    let again = receiver.again();
    let mut remind_at = again.map(|_| Instant::now());
    loop {
        match queue.next(remind_at) {
            Ok(message) => {
                if !deliver(receiver.as_mut(), queue, &message, &mut state) {
                    // the run ends: what was not taken is saved with it
                    return;
                }
            }
            Err(true) => return,
            Err(false) => {
                let result = receiver.remind();
                state.tell(result.err().as_ref());
                remind_at = again.map(|every| Instant::now() + every);
            }
        }
    }
}

/// Tries until a message is done; returns whether the receiver can be told more.
fn deliver(receiver: &mut dyn Receive, queue: &Queue, message: &Message, state: &mut Troubles<'_>) -> bool {
    let done = |outcome| state.notes.send(Note::Done(message.number, outcome));
    let mut wait = FIRST_WAIT;
    let mut last = queue.waiting().ending;
    loop {
        let failure = match receiver.send(&message.alert) {
            Ok(()) => {
                let _ = done(Outcome::Sent);
                state.tell(None);
                return true;
            }
            Err(failure) => failure,
        };
        let after = match &failure {
            Failure::Never(_) => {
                let _ = done(Outcome::Failed);
                state.tell(Some(&failure));
                return true;
            }
            Failure::Again { after, .. } => *after,
        };
        state.tell(Some(&failure));
        if last {
            return false;
        }
        last = queue.pause(jittered(wait).max(after.unwrap_or_default()));
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Returns a wait between a half and the whole of it, so that many runs do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0; 1];
    // without random numbers the whole wait is as good
    let share = getrandom::fill(&mut byte).map_or(255, |()| u32::from(byte[0]));
    wait / 2 + wait * share / 510
}

/// What went wrong, told once as long as it does.
struct Troubles<'a> {
    name: String,
    notes: &'a Sender<Note>,
    told: Option<String>,
}

impl Troubles<'_> {
    fn tell(&mut self, failure: Option<&Failure>) {
        let what = match failure {
            Some(failure) if self.told.as_deref() == Some(failure.what()) => return,
            Some(failure) => {
                let what = failure.what().to_owned();
                self.told = Some(what.clone());
                match failure {
                    Failure::Again { .. } => format!("{what}; it is tried again"),
                    Failure::Never(_) => format!("{what}; the alert is given up"),
                }
            }
            None if self.told.take().is_some() => "it works again".to_owned(),
            None => return,
        };
        let _ = self.notes.send(Note::Trouble(self.name.clone(), what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_lie_between_a_half_and_the_whole() {
        for _ in 0..200 {
            let wait = jittered(Duration::from_secs(8));
            assert!((Duration::from_secs(4)..=Duration::from_secs(8)).contains(&wait), "{wait:?}");
        }
    }
}
