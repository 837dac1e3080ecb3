//! Sessions whose timelines ended: that they were real, and whether they had ended.
//!
//! Input: sessions in the order in which their timelines end. Output: what is known of one, for a day. Most are never asked for and there can be more than a
//! million, so each is kept once, in a queue, and the table holds no more than its number there; it takes in all that are new when somebody asks, since one
//! place after the other would each have to be waited for.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
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
    /// How many in the queue, the last ones, are not in the table yet.
    new: usize,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Remembered {
    /// Adds a session, or what is new of it.
    pub(super) fn put(&mut self, session: Key, last: u32, ended: bool) {
        self.queue.push_back(Past { session, last, ended });
        self.new += 1;
    }

    /// Puts the sessions into the table that are not in it.
    fn settle(&mut self) {
        let (queue, first, hasher) = (&self.queue, self.first, &self.hasher);
        let key = |number: u32| queue[number.wrapping_sub(first) as usize].session;
        let known = queue.len() - self.new;
        for (place, past) in (known..).zip(queue.range(known..)) {
            let number = first.wrapping_add(u32::try_from(place).unwrap_or(0));
            match self.numbers.entry(hasher.hash_one(past.session), |n| key(*n) == past.session, |n| hasher.hash_one(key(*n))) {
                Entry::Occupied(mut known) => *known.get_mut() = number,
                Entry::Vacant(place) => drop(place.insert(number)),
            }
        }
        self.new = 0;
    }

    /// Returns whether a session had ended, where it is remembered.
    pub(super) fn get(&mut self, session: Key) -> Option<bool> {
        if self.queue.is_empty() {
            return None;
        }
        self.settle();
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
        if self.new > self.queue.len() {
            self.new = self.queue.len();
        } else if let Ok(known) = self.numbers.find_entry(self.hasher.hash_one(past.session), |n| *n == self.first) {
            // a session that came back has another number by now
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
