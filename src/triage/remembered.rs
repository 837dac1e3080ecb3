//! Sessions whose timelines ended: that they were real, and whether they had ended.
//!
//! Input: sessions in the order in which their timelines end. Output: what is known of one, for a day. Most are never asked for and there can be more than a
//! million, so each is kept once, in a queue, and the table holds no more than its number there.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::Key;

/// One session.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Past {
    session: Key,
    /// The clock in seconds.
    last: u32,
    ended: bool,
}

/// The sessions, the first to end in front.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    queue: VecDeque<Past>,
    /// The number of the first in the queue; numbers begin anew where they end.
    first: u32,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Remembered {
    /// Adds a session, or what is new of it.
    pub(super) fn put(&mut self, session: Key, last: u32, ended: bool) {
        let number = self.first.wrapping_add(u32::try_from(self.queue.len()).unwrap_or(0));
        let (queue, first, hasher) = (&self.queue, self.first, &self.hasher);
        let key = |number: u32| queue[number.wrapping_sub(first) as usize].session;
        let hash = hasher.hash_one(session);
        match self.numbers.find_mut(hash, |n| key(*n) == session) {
            Some(known) => *known = number,
            None => {
                self.numbers.insert_unique(hash, number, |n| hasher.hash_one(key(*n)));
            }
        }
        self.queue.push_back(Past { session, last, ended });
    }

    /// Returns whether a session had ended, where it is remembered.
    pub(super) fn get(&self, session: Key) -> Option<bool> {
        if self.queue.is_empty() {
            return None;
        }
        let at = |number: u32| self.queue[number.wrapping_sub(self.first) as usize];
        self.numbers.find(self.hasher.hash_one(session), |n| at(*n).session == session).map(|n| at(*n).ended)
    }

    /// Forgets those that are older than `before` in milliseconds, and the first ones where there are more than `most`.
    #[inline]
    pub(super) fn forget(&mut self, before: i64, most: usize) {
        while self.queue.front().is_some_and(|past| i64::from(past.last) * 1000 < before) || self.queue.len() > most {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some(past) = self.queue.pop_front() else { return };
        // a session that came back has another number by now
        if let Ok(known) = self.numbers.find_entry(self.hasher.hash_one(past.session), |n| *n == self.first) {
            known.remove();
        }
        self.first = self.first.wrapping_add(1);
    }
}

impl Serialize for Remembered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.queue.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Remembered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut remembered = Remembered::default();
        for past in Vec::<Past>::deserialize(deserializer)? {
            remembered.put(past.session, past.last, past.ended);
        }
        Ok(remembered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_remembered_for_as_long_as_it_was_last_seen() {
        let mut remembered = Remembered { first: u32::MAX - 1, ..Remembered::default() };
        for (last, ended) in [(10, false), (20, true)] {
            remembered.put(Key::from(1), last, ended);
            remembered.put(Key::from(2 + u64::from(last)), last, false);
        }
        assert_eq!((remembered.get(Key::from(1)), remembered.get(Key::from(12)), remembered.get(Key::from(7))), (Some(true), Some(false), None));
        let bytes = postcard::to_allocvec(&remembered).expect("bytes");
        let read: Remembered = postcard::from_bytes(&bytes).expect("sessions");
        for mut remembered in [remembered, read] {
            remembered.forget(10_001, 100);
            assert_eq!((remembered.get(Key::from(1)), remembered.get(Key::from(12)), remembered.get(Key::from(22))), (Some(true), None, Some(false)));
            remembered.forget(0, 1);
            assert_eq!((remembered.get(Key::from(1)), remembered.get(Key::from(22))), (None, Some(false)));
        }
    }
}
