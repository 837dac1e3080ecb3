//! Whether lines were dropped on the way into a log.
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

/// Clients whose events were seen; of others it is not known whether their realm logs events at all.
const CLIENTS: usize = 1024;

/// What the warnings of one stream show.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Lapses {
    paired: u64,
    alone: u64,
    clients: HashSet<Key, RandomState>,
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

    /// Whether lines are missing.
    pub(super) fn has_lost_lines(&self) -> bool {
        match self.alone {
            0 => false,
            1 => self.paired <= ONCE,
            alone => alone * SHARE >= self.paired,
        }
    }
}
