//! Where a node's batches come from: read now, or kept before.

use std::collections::VecDeque;
use std::io;

use super::mixed::Piece;
use super::store::{Slot, Store};
use crate::signal::Batch;
use crate::source::{Chunk, Marks, Problem, Unwrapped};

/// A batch with its place.
pub(super) struct Arrived {
    /// The source's number in the run.
    pub source: usize,
    /// Lines of that source before it, where they do not follow the chunk before.
    pub line: Option<u64>,
    /// Where its lines come from, where a wrapper was taken off.
    pub marks: Option<Marks>,
    /// Bytes of over-long lines that were dropped.
    pub dropped: u64,
    /// Bytes of the source beyond those of the lines.
    pub wrapper_bytes: i64,
    /// The source could not be read to its end.
    pub error: Option<io::Error>,
}

/// What a feed gives.
pub(super) enum Fed {
    /// A chunk that has to be scanned.
    Raw(Arrived, Vec<u8>),
    /// A batch that was kept.
    Kept(Arrived, Box<Batch>),
}

/// Where a node's batches come from.
pub(super) enum Feed<'a> {
    /// A stream that is read as it is joined; the number of its first source in the run.
    Live(Box<Unwrapped<'a>>, usize),
    /// Pieces that were read before: batches by their sources.
    Kept(VecDeque<(usize, Slot)>),
}

impl Feed<'_> {
    /// Returns a feed of pieces in that order.
    pub fn of(pieces: &[Piece]) -> Self {
        Feed::Kept(pieces.iter().flat_map(|p| p.slots.iter().map(|s| (p.source, *s))).collect())
    }

    /// Returns what comes next; `None` at the end.
    pub fn next(&mut self, store: &mut Store) -> io::Result<Option<Fed>> {
        match self {
            Feed::Live(reader, base) => Ok(reader.next().map(|chunk| {
                let Chunk { source, line, bytes, dropped, error, marks, wrapper_bytes } = chunk;
                Fed::Raw(Arrived { source: *base + source, line, marks, dropped, wrapper_bytes, error }, bytes)
            })),
            Feed::Kept(slots) => {
                let Some((source, slot)) = slots.pop_front() else { return Ok(None) };
                let kept = store.get(slot)?;
                let arrived = Arrived { source, line: None, marks: kept.marks, dropped: 0, wrapper_bytes: 0, error: None };
                Ok(Some(Fed::Kept(arrived, Box::new(kept.batch))))
            }
        }
    }

    /// Takes back the buffer of a chunk.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        if let Feed::Live(reader, _) = self {
            reader.recycle(bytes);
        }
    }
}

/// Says that a source could not be read to its end.
pub(super) fn problem(source: &str, error: io::Error) -> Problem {
    Problem::Unreadable { path: source.to_owned(), error }
}
