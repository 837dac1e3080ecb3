//! Stored events: put in the order of their times, and not counted where a log has them, too.
//!
//! Input: the [`Joined`] signals of one stream ([`ByTime`]), and of all streams in the merged order ([`Twins`]). Output: the same, sorted, without those
//! that are a log line's twin. Both are bounded. Must not know what a signal means beyond what makes two of them one.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;
use xxhash_rust::xxh3::Xxh3;

use super::joined::{Joined, What};
use crate::signal::{Admin, Done};

/// How many signals are held to be sorted: more pages than a person fetches by hand.
const SORTED: usize = 1 << 16;

/// The log prints an event when its transaction ends, the store keeps the time at which it was made.
pub const TWIN_MS: i64 = 100;

/// How many signals are held for their twins.
const HELD: usize = 1 << 12;

/// A stream of stored events: pages come newest first or one kind behind the other, and no thread's order is in them.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ByTime {
    /// The stream's first signal was stored; unknown before it.
    stored: Option<bool>,
    held: BTreeMap<(i64, u64), Joined>,
    count: u64,
    clock: Option<i64>,
    /// An event came too late to be put in its place.
    pub late: bool,
}

impl ByTime {
    /// Whether the stream is one of stored events, or else of log lines; unknown before its first signal.
    #[must_use]
    pub fn stored(&self) -> Option<bool> {
        self.stored
    }

    /// Whether the stream is one of stored events.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.stored == Some(true)
    }

    /// Takes in the next signals of the stream, leaving their list empty, and hands on those whose place is known.
    pub fn take(&mut self, signals: &mut Vec<Joined>, out: &mut VecDeque<Joined>) {
        if let (None, Some(first)) = (self.stored, signals.first()) {
            self.stored = Some(first.stored);
        }
        if !self.is_stored() {
            if out.is_empty() {
                // the list itself is handed on, and the queue's room taken for it
                let room = Vec::from(std::mem::take(out));
                *out = std::mem::replace(signals, room).into();
                return;
            }
            out.extend(signals.drain(..));
            return;
        }
        for joined in signals.drain(..) {
            self.count += 1;
            self.held.insert((joined.time.unwrap_or(i64::MAX), self.count), joined);
            if self.held.len() > SORTED {
                self.release(out);
            }
        }
    }

    /// Hands on the rest.
    pub fn finish(&mut self, out: &mut VecDeque<Joined>) {
        while !self.held.is_empty() {
            self.release(out);
        }
    }

    fn release(&mut self, out: &mut VecDeque<Joined>) {
        let Some((_, mut joined)) = self.held.pop_first() else { return };
        self.late |= joined.time.zip(self.clock).is_some_and(|(t, clock)| t < clock);
        self.clock = self.clock.max(joined.time);
        joined.clock = self.clock.unwrap_or(i64::MIN);
        out.push_back(joined);
    }
}

/// Pairs each stored event with the log line of the same event; the line stays, the stored one goes.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Twins {
    /// There are both: set before the first signal.
    pub active: bool,
    held: VecDeque<Option<Joined>>,
    /// The number of the first that is held.
    first: u64,
    /// Those that have no twin yet, by what they are and where they come from.
    single: HashMap<(u64, bool), SmallVec<[u64; 2]>, RandomState>,
    /// Stored events that were a line's twin.
    pub paired: u64,
}

impl Twins {
    /// Takes in the next signal in the merged order, and hands on those that can have no twin any more.
    pub fn take(&mut self, joined: Joined, out: &mut Vec<Joined>) {
        if !self.active {
            out.push(joined);
            return;
        }
        while self.held.len() >= HELD || self.held.front().is_some_and(|j| j.as_ref().is_none_or(|j| j.clock.saturating_add(TWIN_MS) < joined.clock)) {
            self.release(out);
        }
        let (Some(what), Some(time)) = (identity(&joined), joined.time) else {
            self.held.push_back(Some(joined));
            return;
        };
        let number = self.first + self.held.len() as u64;
        if let Some(other) = self.twin(what, !joined.stored, time) {
            self.paired += 1;
            if joined.stored {
                return;
            }
            // its place stays, so that the numbers of the others do
            if let Some(place) = usize::try_from(other - self.first).ok().and_then(|i| self.held.get_mut(i)) {
                *place = None;
            }
        } else {
            self.single.entry((what, joined.stored)).or_default().push(number);
        }
        self.held.push_back(Some(joined));
    }

    /// Hands on the rest.
    pub fn finish(&mut self, out: &mut Vec<Joined>) {
        while !self.held.is_empty() {
            self.release(out);
        }
    }

    /// Finds the earliest single of that kind at that time, and makes it a single no more.
    fn twin(&mut self, what: u64, stored: bool, time: i64) -> Option<u64> {
        let list = self.single.get_mut(&(what, stored))?;
        let near = |number: &u64| {
            let held = usize::try_from(number - self.first).ok().and_then(|i| self.held.get(i));
            held.and_then(|j| j.as_ref()?.time).is_some_and(|t| (t - time).abs() <= TWIN_MS)
        };
        let at = list.iter().position(near)?;
        let number = list.remove(at);
        if list.is_empty() {
            self.single.remove(&(what, stored));
        }
        Some(number)
    }

    fn release(&mut self, out: &mut Vec<Joined>) {
        let Some(joined) = self.held.pop_front() else { return };
        let number = self.first;
        self.first += 1;
        let Some(joined) = joined else { return };
        if let Some(key) = identity(&joined).map(|what| (what, joined.stored))
            && let Some(list) = self.single.get_mut(&key)
        {
            list.retain(|n| *n != number);
            if list.is_empty() {
                self.single.remove(&key);
            }
        }
        out.push(joined);
    }
}

/// Returns a digest of what makes two signals one event; `None` for what no store keeps.
fn identity(joined: &Joined) -> Option<u64> {
    let mut hash = Xxh3::new();
    match &joined.what {
        What::Failed(failed) => {
            let f = &failed.failure;
            (&*f.event, f.realm_id, f.client).hash(&mut hash);
            (f.error.as_deref(), f.session.as_deref(), f.ip.as_deref()).hash(&mut hash);
        }
        What::Success(s, _) if s.done == Done::Other => return None,
        What::Success(s, _) => (s.done as u8, s.realm, s.client, s.session).hash(&mut hash),
        What::Admin(Admin::Other) | What::Life(_) | What::Proxied(..) | What::Login(_) | What::Granted(..) => return None,
        What::Admin(admin) => {
            let (kind, key) = match admin {
                Admin::SessionDeleted(key) => (0, Some(key)),
                Admin::SecretRegenerated(key) => (1, Some(key)),
                Admin::ClientChanged(key) => (2, Some(key)),
                // the log does not name the realm, and the store does not say that it is the same user
                Admin::UserLoggedOut => (3, None),
                Admin::RealmRevoked => (4, None),
                Admin::UserChanged => (5, None),
                Admin::RealmChanged(_) => (6, None),
                Admin::NotBeforePushed(key) => (7, key.as_ref()),
                Admin::EventsChanged => (8, None),
                Admin::Other => return None,
            };
            (u64::MAX, kind, key).hash(&mut hash);
        }
    }
    Some(hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Key, Names, Sym};
    use crate::signal::Success;
    use crate::triage::joined::At;

    fn login(time: i64, position: u64, stored: bool, client: Sym, session: &str) -> Joined {
        let success = Success {
            done: Done::LoginWithCode,
            realm: None,
            client: Some(client),
            session: Some(Key::of(session.as_bytes())),
            method: None,
            assertion: false,
            offline: false,
            token: None,
            new_token: None,
        };
        let at = At::new(u32::from(stored), position, 0);
        Joined { time: Some(time), clock: time, node: 0, position, at, stored, what: What::Success(success, None) }
    }

    fn paired(signals: Vec<Joined>) -> Vec<(u32, u64)> {
        let (mut twins, mut out) = (Twins { active: true, ..Twins::default() }, Vec::new());
        for joined in signals {
            twins.take(joined, &mut out);
        }
        twins.finish(&mut out);
        assert!(twins.single.is_empty() && twins.held.is_empty());
        out.iter().map(|j| (j.at.source, j.at.line.get())).collect()
    }

    #[test]
    fn an_event_that_a_log_has_too_is_taken_once_whichever_comes_first() {
        let client = Names::default().number(b"web");
        let log = |time, position, session| login(time, position, false, client, session);
        let stored = |time, position, session| login(time, position, true, client, session);
        assert_eq!(paired(vec![stored(1000, 1, "a"), log(1002, 1, "a")]), [(0, 1)]);
        assert_eq!(paired(vec![log(1000, 1, "a"), stored(1100, 1, "a")]), [(0, 1)]);
        // another session, and another time, are other events
        assert_eq!(paired(vec![log(1000, 1, "a"), stored(1000, 1, "b"), stored(1101, 2, "a")]), [(0, 1), (1, 1), (1, 2)]);
        // one to one: of three stored ones and two lines, one has no line
        let five = vec![stored(1, 1, "a"), stored(2, 2, "a"), stored(4, 3, "a"), log(5, 1, "a"), log(6, 2, "a")];
        assert_eq!(paired(five), [(1, 3), (0, 1), (0, 2)]);
    }

    #[test]
    fn stored_events_are_sorted_and_lines_are_not() {
        let client = Names::default().number(b"web");
        let sorted = |stored: bool| {
            let (mut order, mut out) = (ByTime::default(), VecDeque::new());
            for time in [5, 3, 9, 1] {
                order.take(&mut vec![login(time, 0, stored, client, "a")], &mut out);
            }
            order.finish(&mut out);
            out.iter().filter_map(|j| j.time).collect::<Vec<_>>()
        };
        assert_eq!(sorted(true), [1, 3, 5, 9]);
        assert_eq!(sorted(false), [5, 3, 9, 1]);
    }
}
