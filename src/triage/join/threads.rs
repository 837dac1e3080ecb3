//! What is pending of each thread.
//!
//! Input: hosts and threads as records name them. Output: what was put aside for one. A log can name any number of threads, and servers on virtual threads do:
//! those that said nothing while so many others spoke are forgotten.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};

use super::Pending;
use crate::names::Sym;

/// A host and a thread.
pub(super) type Thread = (Option<Sym>, Sym);

/// Threads that speak before the one that spoke first is forgotten.
const THREADS: usize = 1 << 14;

/// What is pending, by thread.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Threads {
    /// Those that spoke last.
    new: HashMap<Thread, Pending, RandomState>,
    /// Those that spoke before them, and not since.
    old: HashMap<Thread, Pending, RandomState>,
    /// What is pending of one that has no name of its own: nothing.
    nameless: Pending,
}

impl Threads {
    /// Returns what is pending of a thread; of one that shares its name with others nothing is, whose line it was cannot be told.
    pub(super) fn of(&mut self, thread: Thread) -> &mut Pending {
        if thread.1 == Sym::OTHER {
            self.nameless = Pending::default();
            return &mut self.nameless;
        }
        if self.new.len() >= THREADS {
            self.old = std::mem::take(&mut self.new);
        }
        match self.new.entry(thread) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.old.remove(&thread).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Names;

    #[test]
    fn a_thread_is_known_until_so_many_others_spoke() {
        let (mut names, mut threads) = (Names::default(), Threads::default());
        let mut number = |n: usize| (None, names.number(&n.to_le_bytes()));
        let first = number(0);
        threads.of(first).known = true;
        for n in 1..THREADS + 9 {
            threads.of(number(n)).known = true;
        }
        assert!(threads.of(first).known && threads.of(number(9)).known);
        for n in THREADS..5 * THREADS {
            threads.of(number(n)).known = true;
        }
        assert!(!threads.of(first).known && threads.new.len() + threads.old.len() <= 2 * THREADS);
    }
}
