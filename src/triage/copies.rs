//! Failures that two streams tell of: a server's console and the file that it writes beside it, or one log in two wrappers.
//!
//! Input: failures in the merged order. Output: whether another stream had the same one before: the same stamp, thread and message, session and address with it. Files of
//! the same content are told apart before (`source::same`); what is looked at here is for those that only overlap.

use std::collections::{BTreeMap, VecDeque};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::joined::{Failed, Joined};

/// Copies come at the same time, as far as their streams' clocks agree.
const NEAR_MS: i64 = 60_000;

/// Failures that are remembered.
const MOST: usize = 1 << 16;

/// A failure's digest, and its number among equal ones of its stream.
type Identity = (u128, u32);

/// The failures of a while.
#[derive(Default)]
pub struct Copies {
    /// The stream and the source of each.
    known: HashMap<Identity, (usize, u32), RandomState>,
    /// The same by their clocks.
    order: VecDeque<(i64, Identity)>,
    /// How many failures of a source, the first number, were told of by another, the second, before.
    pub counts: BTreeMap<(u32, u32), u64>,
}

impl Copies {
    /// Whether a failure of a stream is one that another stream had.
    pub fn is_copy(&mut self, joined: &Joined, failed: &Failed, stream: usize) -> bool {
        if joined.stored || joined.time.is_none() {
            return false;
        }
        while let Some((clock, identity)) = self.order.front().copied()
            && (clock.saturating_add(NEAR_MS) < joined.clock || self.order.len() >= MOST)
        {
            self.order.pop_front();
            self.known.remove(&identity);
        }
        let identity = (failed.failure.digest, failed.ordinal);
        match self.known.entry(identity) {
            Entry::Vacant(place) => {
                place.insert((stream, joined.at.source));
                self.order.push_back((joined.clock, identity));
                false
            }
            Entry::Occupied(known) if known.get().0 == stream => false,
            Entry::Occupied(known) => {
                *self.counts.entry((joined.at.source, known.get().1)).or_default() += 1;
                true
            }
        }
    }
}
