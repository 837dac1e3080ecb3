//! How far everything that is followed was taken in: what a state has to hold so that a later run goes on there.
//!
//! Input: the [`Event`]s that were taken in. Output: what [`super::Follower::new`] needs. Saved together with what was made of the lines,
//! no line is lost or counted twice.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::mark::Mark;

/// Files of one path that are remembered after they were finished: what was compressed since is not read again.
const FINISHED: usize = 8;

/// Paths that are remembered though nothing stands there any more.
pub(super) const PATHS: usize = 1000;

/// Returns the path that was written last the longest time ago, of those whose files are all finished.
pub(super) fn oldest(marks: &BTreeMap<Arc<str>, Vec<Mark>>) -> Option<Arc<str>> {
    let finished = marks.iter().filter(|(_, marks)| marks.iter().all(|m| m.finished));
    finished.min_by_key(|(_, marks)| marks.iter().map(|m| m.written).max()).map(|(path, _)| path.clone())
}

/// How far everything was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    /// What the hashes are keyed with.
    pub(super) key: u64,
    /// The files of each path, oldest first.
    pub(super) marks: BTreeMap<Arc<str>, Vec<Mark>>,
}

impl Default for Positions {
    fn default() -> Self {
        Positions { key: RandomState::new().hash_one(0), marks: BTreeMap::new() }
    }
}

impl Positions {
    /// Notes that all up to and with this event was taken in.
    pub fn acknowledge(&mut self, event: &Event) {
        match event {
            Event::Lines(arrival) => arrival.after.iter().for_each(|mark| self.set(mark)),
            Event::Word(word) => word.marks.iter().for_each(|mark| self.set(mark)),
        }
    }

    /// Notes that a file was taken in up to this mark.
    pub fn set(&mut self, mark: &Mark) {
        let marks = self.marks.entry(mark.path.clone()).or_default();
        match marks.binary_search_by_key(&mark.generation, |m| m.generation) {
            Ok(at) => marks[at] = mark.clone(),
            Err(at) => marks.insert(at, mark.clone()),
        }
        let finished = marks.iter().filter(|m| m.finished).count();
        if finished > FINISHED
            && let Some(oldest) = marks.iter().position(|m| m.finished)
        {
            marks.remove(oldest);
        }
        // a pod's logs go with the pod
        if mark.finished
            && self.marks.len() > PATHS
            && let Some(oldest) = oldest(&self.marks)
        {
            self.marks.remove(&oldest);
        }
    }

    /// Returns the places in files that a later run looks for: those that are still written, or were not read to their end.
    pub fn unfinished(&self) -> impl Iterator<Item = &Mark> {
        self.marks.values().flatten().filter(|mark| !mark.finished)
    }

    /// Whether nothing was taken in yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::mark::{Inode, Print};
    use super::*;

    #[test]
    fn of_thousands_of_paths_those_that_are_written_and_the_last_ones_are_remembered() {
        let mut positions = Positions::default();
        for number in 0..3000 {
            let inode = Inode { device: 1, number, born: None };
            let path = format!("{number}.log").into();
            let (head, tail, finished) = (Print::default(), Print::default(), number > 9);
            let written = i64::try_from(number).expect("small");
            positions.set(&Mark { path, generation: 0, inode, head, tail, offset: 0, lines: 0, size: 0, written, finished });
        }
        let is_kept = |number: u64| positions.marks.contains_key(&*format!("{number}.log"));
        assert!(positions.marks.len() == PATHS && (0..10).all(is_kept) && (2011..3000).all(is_kept));
    }
}
