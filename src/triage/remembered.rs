//! Sessions whose timelines ended: that they were real, and whether they had ended.
//!
//! Input: sessions in the order in which their timelines end. Output: what is known of one, for a day at least unless there are too many. Most are never asked for
//! and there can be more than a million, so one takes 8 bytes, and those of some hours are forgotten together. They are put into their table in lots, or when
//! somebody asks: one place after the other would each have to be waited for.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::Key;

/// Parts that are kept: a day and the hours at hand.
const PARTS: usize = 5;

/// Sessions of a part: as many as fill a table of 8192 places.
const PART: usize = 7168;

/// Seconds of the clock that a part is open.
const PART_S: u32 = 6 * 3600;

/// Sessions that are put into their table at once.
const LOT: usize = 256;

/// One session: all bits of its digest but the last, which says whether it had ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Past(u64);

impl Past {
    fn new(session: Key, ended: bool) -> Self {
        Past(session.number() & !1 | u64::from(ended))
    }

    fn session(self) -> u64 {
        self.0 >> 1
    }

    fn has_ended(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The sessions of some hours.
#[derive(Debug, Default)]
struct Part {
    /// The clock of the first of them, in seconds.
    first: u32,
    sessions: HashTable<Past>,
}

/// The sessions, the first to end in front.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    parts: VecDeque<Part>,
    /// Those that are in no table yet, with their clock.
    new: Vec<(Past, u32)>,
    hasher: RandomState,
}

impl Remembered {
    /// Adds a session, or what is new of it.
    pub(super) fn put(&mut self, session: Key, last: u32, ended: bool) {
        self.new.push((Past::new(session, ended), last));
        if self.new.len() >= LOT {
            self.settle();
        }
    }

    /// Puts the sessions into a table that are in none, and forgets the first ones where there are too many.
    fn settle(&mut self) {
        for (past, last) in self.new.drain(..) {
            let is_open = |part: &Part| part.sessions.len() < PART && last.saturating_sub(part.first) < PART_S;
            if !self.parts.back().is_some_and(is_open) {
                self.parts.push_back(Part { first: last, sessions: HashTable::new() });
                if self.parts.len() > PARTS {
                    self.parts.pop_front();
                }
            }
            let Some(part) = self.parts.back_mut() else { return };
            let hash = |past: &Past| self.hasher.hash_one(past.session());
            match part.sessions.entry(hash(&past), |p| p.session() == past.session(), hash) {
                Entry::Occupied(mut known) => *known.get_mut() = past,
                Entry::Vacant(place) => drop(place.insert(past)),
            }
        }
    }

    /// Returns whether a session had ended, where it is remembered.
    pub(super) fn get(&mut self, session: Key) -> Option<bool> {
        self.settle();
        let session = Past::new(session, false).session();
        let hash = self.hasher.hash_one(session);
        self.parts.iter().rev().find_map(|part| part.sessions.find(hash, |p| p.session() == session)).map(|p| p.has_ended())
    }
}

impl Serialize for Remembered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of_part = |part: &Part| part.sessions.iter().map(|past| (*past, part.first)).collect::<Vec<_>>();
        let all: Vec<(Past, u32)> = self.parts.iter().flat_map(of_part).chain(self.new.iter().copied()).collect();
        all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Remembered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut remembered = Remembered { new: Vec::deserialize(deserializer)?, ..Remembered::default() };
        remembered.settle();
        Ok(remembered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u32 = 3600;

    /// Returns the same, as a state that was written and read again has it.
    fn again(remembered: &Remembered) -> Remembered {
        postcard::from_bytes(&postcard::to_allocvec(remembered).expect("bytes")).expect("sessions")
    }

    #[test]
    fn a_session_is_remembered_for_a_day_since_it_was_last_seen() {
        let mut remembered = Remembered::default();
        remembered.put(Key::from(2), 0, false);
        for hour in 0..100 {
            remembered.put(Key::from(100 + 2 * u64::from(hour)), hour * HOUR, hour % 2 == 0);
        }
        remembered.put(Key::from(2), 80 * HOUR, true);
        let written = again(&remembered);
        remembered.settle();
        for mut remembered in [written, again(&remembered), remembered] {
            assert_eq!(remembered.get(Key::from(2)), Some(true));
            for hour in 75..100 {
                assert_eq!(remembered.get(Key::from(100 + 2 * hour)), Some(hour % 2 == 0), "{hour}");
            }
            assert!((0..69).all(|hour| remembered.get(Key::from(100 + 2 * hour)).is_none()));
        }
    }

    #[test]
    fn the_last_ones_are_remembered() {
        let most = u64::try_from(PARTS * PART).expect("a number");
        let mut remembered = Remembered::default();
        for session in 1..=3 * most {
            remembered.put(Key::from(2 * session), 10, session % 3 == 0);
        }
        let count = |r: &Remembered| r.parts.iter().map(|p| p.sessions.len()).sum::<usize>();
        assert!(count(&remembered) <= PARTS * PART);
        let last = 3 * most;
        assert!((last - most / 2..=last).all(|session| remembered.get(Key::from(2 * session)) == Some(session % 3 == 0)));
        assert_eq!(remembered.get(Key::from(2)), None);
    }
}
