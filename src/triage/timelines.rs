//! Timelines by their sessions.
//!
//! Input: sessions. Output: their timelines. There can be hundreds of thousands, and looking one up is to wait for memory: each names its session itself and
//! stands in a box, so that the table takes nine bytes for one, stays in a near cache, and moves none of them when it grows.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::timeline::Timeline;
use crate::names::Key;

/// The timelines of one shard.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    table: HashTable<Box<Timeline>>,
    hasher: RandomState,
}

impl Timelines {
    /// Returns the timeline of a session.
    #[inline]
    pub(super) fn get(&self, session: Key) -> Option<&Timeline> {
        self.table.find(self.hasher.hash_one(session), |known| known.session == session).map(|known| &**known)
    }

    /// Returns the timeline of a session; that which `make` makes, where there was none.
    #[inline]
    pub(super) fn of(&mut self, session: Key, make: impl FnOnce() -> Timeline) -> &mut Timeline {
        let hasher = &self.hasher;
        match self.table.entry(hasher.hash_one(session), |known| known.session == session, |known| hasher.hash_one(known.session)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Box::new(make())).into_mut(),
        }
    }

    /// Takes out the timeline of a session, if `is_over` says so. Returns whether there was one, as far as it was left: when its last signal came.
    #[inline]
    pub(super) fn remove(&mut self, session: Key, is_over: impl FnOnce(&Timeline) -> bool) -> Result<Box<Timeline>, Option<i64>> {
        let Ok(known) = self.table.find_entry(self.hasher.hash_one(session), |known| known.session == session) else { return Err(None) };
        if is_over(known.get()) { Ok(known.remove().0) } else { Err(Some(known.get().last)) }
    }
}

impl Serialize for Timelines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.table)
    }
}

impl<'de> Deserialize<'de> for Timelines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut timelines = Timelines::default();
        for timeline in Vec::<Box<Timeline>>::deserialize(deserializer)? {
            let hasher = &timelines.hasher;
            timelines.table.insert_unique(hasher.hash_one(timeline.session), timeline, |known| hasher.hash_one(known.session));
        }
        Ok(timelines)
    }
}
