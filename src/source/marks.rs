//! Where the lines of an unwrapped chunk come from.
//!
//! A leaf of the stage: made where a wrapper is taken off, read where a signal gets its place and its time.

use serde::{Deserialize, Serialize};

/// Where one line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The line of the source, from 1.
    pub line: u64,
    /// When the wrapper says that it was written.
    pub time: Option<i64>,
    /// The entry of the chunk that it belongs to, from 0: the lines of one entry stay together.
    pub entry: u32,
}

/// The marks of a chunk's lines, by the line's number in the chunk, from 0. All of them at first; only those that are asked for once the chunk
/// was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks(Vec<(u32, Mark)>);

impl Marks {
    /// Adds the mark of the next line.
    pub fn push(&mut self, mark: Mark) {
        self.0.push((u32::try_from(self.0.len()).unwrap_or(u32::MAX), mark));
    }

    /// Returns a line's mark.
    #[must_use]
    pub fn get(&self, line: u64) -> Option<&Mark> {
        let line = u32::try_from(line).ok()?;
        match self.0.get(line as usize) {
            Some((at, mark)) if *at == line => Some(mark),
            _ => self.0.binary_search_by_key(&line, |(at, _)| *at).ok().map(|i| &self.0[i].1),
        }
    }

    /// Returns the line of the source that a chunk's line is.
    #[must_use]
    pub fn line(&self, line: u64) -> Option<u64> {
        self.get(line).map(|m| m.line)
    }

    /// Returns the first mark.
    #[must_use]
    pub fn first(&self) -> Option<&Mark> {
        self.0.first().map(|m| &m.1)
    }

    /// Returns the last mark.
    #[must_use]
    pub fn last(&self) -> Option<&Mark> {
        self.0.last().map(|m| &m.1)
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the first and the last mark, and those of some lines.
    pub fn keep(&mut self, mut lines: Vec<u64>) {
        lines.sort_unstable();
        let last = self.0.last().map(|m| m.0);
        self.0.retain(|(at, _)| *at == 0 || Some(*at) == last || lines.binary_search(&u64::from(*at)).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_are_kept_are_found_by_their_line() {
        let mark = |line| Mark { line, time: None, entry: 0 };
        let mut marks = Marks::default();
        (10..20).for_each(|l| marks.push(mark(l)));
        assert_eq!(marks.line(3), Some(13));
        marks.keep(vec![7, 3]);
        assert_eq!([0, 3, 4, 7, 9].map(|l| marks.line(l)), [Some(10), Some(13), None, Some(17), Some(19)]);
    }
}
