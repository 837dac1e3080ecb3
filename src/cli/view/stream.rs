//! The last findings, in the order in which they were told.

use std::collections::{HashMap, VecDeque};

use kctriage::cause::Cause;
use kctriage::finding::{Confidence, Finding};

use super::entry::Entry;

/// Items that are kept.
pub const KEPT: usize = 2000;

/// Ids whose corrections find their entry.
const IDS: usize = 20_000;

/// Failures of one client and cause so near to the first, in milliseconds, are one entry.
const NEAR_MS: u64 = 1000;

/// What stands in the stream.
#[allow(clippy::large_enum_variant)] // nearly all are failures: a box would cost more than it saves
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A failure, or several of a burst.
    Failure(Entry),
    /// What happened to a server or to the input.
    Remark(Remark),
}

/// What happened to a server, a realm, a client or the input; inert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub time: Option<i64>,
    pub text: String,
    /// Something is lost or broken.
    pub is_bad: bool,
}

/// The last findings; an item's number is its own for good.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    items: VecDeque<Item>,
    /// The number of the first entry that is kept.
    first: u64,
    /// The entries of ids.
    ids: HashMap<Box<str>, u64>,
    /// The ids in the order of their coming.
    order: VecDeque<Box<str>>,
    /// The last entry of each client and cause.
    last: HashMap<(Option<String>, Cause), u64>,
}

impl Stream {
    /// Takes in a finding; returns the number of its entry.
    pub fn add(&mut self, finding: &Finding, life_ms: Option<i64>) -> u64 {
        let entry = Entry::of(finding, life_ms);
        let key = (entry.client.clone(), entry.cause);
        let id = entry.id.clone();
        let near = |e: &Entry| e.was.is_none() && e.realm == entry.realm && e.time.zip(entry.time).is_some_and(|(a, b)| a.abs_diff(b) < NEAR_MS);
        let number = match self.last.get(&key).copied().filter(|n| self.failure(*n).is_some_and(near)) {
            Some(number) => {
                if let Some(entry) = self.get_mut(number) {
                    entry.more += 1;
                }
                number
            }
            None => self.push(key, entry),
        };
        self.remember(id, number);
        number
    }

    /// Takes in a correction: the entry is changed where it stands, or stands anew where it was one of several or is gone.
    pub fn revise(&mut self, finding: &Finding, from: Cause, confidence: Confidence, life_ms: Option<i64>) -> u64 {
        let mut entry = Entry::of(finding, life_ms);
        entry.was = Some((from, confidence));
        let number = self.ids.get(&entry.id).copied();
        if let Some(number) = number
            && let Some(old) = self.get_mut(number)
        {
            if old.more == 0 {
                *old = entry;
                return number;
            }
            old.more -= 1;
        }
        let id = entry.id.clone();
        let number = self.push((entry.client.clone(), entry.cause), entry);
        self.remember(id, number);
        number
    }

    /// Takes in a remark.
    pub fn remark(&mut self, remark: Remark) {
        self.place(Item::Remark(remark));
    }

    fn place(&mut self, item: Item) -> u64 {
        if self.items.len() == KEPT {
            self.items.pop_front();
            self.first += 1;
        }
        self.items.push_back(item);
        self.end() - 1
    }

    fn push(&mut self, key: (Option<String>, Cause), entry: Entry) -> u64 {
        let number = self.place(Item::Failure(entry));
        if self.last.len() > KEPT {
            let first = self.first;
            self.last.retain(|_, n| *n >= first);
        }
        self.last.insert(key, number);
        number
    }

    fn remember(&mut self, id: Box<str>, number: u64) {
        if self.order.len() == IDS
            && let Some(old) = self.order.pop_front()
        {
            self.ids.remove(&old);
        }
        self.order.push_back(id.clone());
        self.ids.insert(id, number);
    }

    /// Returns the number after the last entry's.
    pub fn end(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Returns an item, where it is still kept.
    pub fn get(&self, number: u64) -> Option<&Item> {
        usize::try_from(number.checked_sub(self.first)?).ok().and_then(|i| self.items.get(i))
    }

    /// Returns a failure, where it is still kept.
    pub fn failure(&self, number: u64) -> Option<&Entry> {
        match self.get(number) {
            Some(Item::Failure(entry)) => Some(entry),
            _ => None,
        }
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        match usize::try_from(number.checked_sub(self.first)?).ok().and_then(|i| self.items.get_mut(i)) {
            Some(Item::Failure(entry)) => Some(entry),
            _ => None,
        }
    }

    /// Iterates over the items with their numbers, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Item)> {
        self.items.iter().enumerate().map(|(i, item)| (self.first + i as u64, item))
    }
}
