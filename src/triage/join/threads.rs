//! What is pending of each thread.
//!
//! Input: hosts and threads as records name them. Output: what was put aside for one. A log can name any number of threads, and servers on virtual threads do:
//! those that said nothing while so many others spoke are forgotten.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
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
    new: Vec<(Thread, Pending)>,
    /// Their places in the list.
    places: HashMap<Thread, u16, RandomState>,
    /// The latest of these places by the thread's name alone: where that thread is there, it is not looked for.
    #[serde(skip)]
    near: Vec<u16>,
    /// Those that spoke before them, and not since.
    old: HashMap<Thread, Pending, RandomState>,
    /// What is pending of one that has no name of its own: nothing.
    nameless: Pending,
}

impl Threads {
    /// Returns what is pending of a thread; of one that shares its name with others nothing is, whose line it was cannot be told.
    #[inline]
    pub(super) fn of(&mut self, thread: Thread) -> &mut Pending {
        if self.new.len() < THREADS
            && let Some(near) = self.near.get(thread.1.index()).map(|place| usize::from(*place))
            && self.new.get(near).is_some_and(|known| known.0 == thread)
        {
            return &mut self.new[near].1;
        }
        self.far(thread)
    }

    fn far(&mut self, thread: Thread) -> &mut Pending {
        if thread.1 == Sym::OTHER {
            self.nameless = Pending::default();
            return &mut self.nameless;
        }
        if self.new.len() >= THREADS {
            self.old = std::mem::take(&mut self.new).into_iter().collect();
            self.places.clear();
        }
        let place = *self.places.entry(thread).or_insert_with(|| {
            self.new.push((thread, self.old.remove(&thread).unwrap_or_default()));
            u16::try_from(self.new.len() - 1).unwrap_or(u16::MAX)
        });
        let name = thread.1.index();
        if name < THREADS {
            self.near.resize(self.near.len().max(name + 1), 0);
            self.near[name] = place;
        }
        &mut self.new[usize::from(place)].1
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
