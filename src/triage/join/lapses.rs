//! Whether lines were dropped on the way into a log, or put in another order.
//!
//! Where `OAuth2CodeParser` warns of a code that is gone, the request's event follows on the same thread. Input: warnings that found their events, and those that
//! stand alone. Output: whether so many stand alone that lines are missing, and that events will have lost their warnings as well: a log driver that drops what
//! comes too fast takes any line. Must not know what a code is.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::names::Key;

/// One in so many that stands alone is too many, where it is the only one: that can have another reason, as a request that ended in an exception.
const ONCE: u64 = 64;

/// And where there are more.
const SHARE: u64 = 256;

/// Threads that go back so often show that lines are in another order than they were printed in, if they are not too few of all.
const BACK: u64 = 3;

/// Clients whose events were seen; of others it is not known whether their realm logs events at all.
const CLIENTS: usize = 1024;

/// What the warnings of one stream show.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Lapses {
    paired: u64,
    alone: u64,
    clients: HashSet<Key, RandomState>,
    /// How often threads spoke, and how often one did so a little before it spoke last.
    spoke: u64,
    back: u64,
}

impl Lapses {
    /// Takes note of a warning that found its event; `client` is the uuid that it names.
    pub(super) fn paired(&mut self, client: Key) {
        self.paired += 1;
        if self.clients.len() < CLIENTS {
            self.clients.insert(client);
        }
    }

    /// Takes note of a warning whose event does not come any more.
    pub(super) fn alone(&mut self, client: Key) {
        if self.clients.contains(&client) {
            self.alone += 1;
        }
    }

    /// Takes note that a thread spoke; `back` says that it did so before it spoke last.
    #[inline]
    pub(super) fn spoke(&mut self, back: bool) {
        self.spoke += 1;
        self.back += u64::from(back);
    }

    /// Whether lines are missing, or stand where they were not printed.
    pub(super) fn has_lost_lines(&self) -> bool {
        if self.back >= BACK && self.back * SHARE >= self.spoke {
            return true;
        }
        match self.alone {
            0 => false,
            1 => self.paired <= ONCE,
            alone => alone * SHARE >= self.paired,
        }
    }
}
