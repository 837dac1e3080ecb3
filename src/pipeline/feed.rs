//! Where a node's batches come from: read now, or kept before.

use std::collections::VecDeque;
use std::io;

use super::mixed::Piece;
use super::store::{Slot, Store};
use crate::signal::Batch;
use crate::source::{Chunk, Dropped, Gathered, Grammar, Lines, Marks, Source, Stream, Unwrapped, meets};

/// A batch with its place.
pub(super) struct Arrived {
    /// The source's number in the run.
    pub source: usize,
    /// Lines of that source before it, where they do not follow the chunk before.
    pub line: Option<u64>,
    /// Where its lines come from, where a wrapper was taken off.
    pub marks: Option<Marks>,
    /// Bytes that were taken out.
    pub dropped: Dropped,
    /// Line feeds that the source does not have.
    pub breaks: u64,
    /// Bytes of the source beyond those of the lines.
    pub wrapper_bytes: i64,
    /// The source could not be read to its end.
    pub error: Option<io::Error>,
}

impl Arrived {
    /// Returns what is said of lines that follow what came before.
    pub fn of(source: usize) -> Self {
        Arrived { source, line: None, marks: None, dropped: Dropped::default(), breaks: 0, wrapper_bytes: 0, error: None }
    }
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
    /// What was read before.
    Kept(VecDeque<Item>),
}

/// A piece of what was read before.
pub(super) enum Item {
    /// A batch, by its source; the lines of that source before it where they do not follow what came before.
    Slot(usize, Slot, Option<u64>),
    /// Lines that stand where two members of an archive meet.
    Seam(Arrived, Vec<u8>),
}

impl Feed<'_> {
    /// Returns a feed of one node's pieces in that order.
    pub fn of(pieces: Vec<Piece>, source: impl Fn(usize) -> Source, grammar: &dyn Grammar) -> Self {
        let mut items = VecDeque::new();
        // the last line of the piece before, if it has no line feed
        let mut last: Option<(usize, u64, Vec<u8>)> = None;
        for piece in pieces {
            let mut from = None;
            if !piece.head.is_empty() {
                let mut head = (piece.source, 0, piece.head);
                if let Some((number, before, mut tail)) = last.take() {
                    if meets(&source(number), &tail, &source(head.0), &head.2, grammar) {
                        items.push_back(seam(&source(number), number, before, tail, grammar));
                    } else {
                        tail.extend_from_slice(&head.2);
                        head = (number, before, tail);
                        from = Some(1);
                    }
                }
                if head.2.ends_with(b"\n") {
                    items.push_back(seam(&source(head.0), head.0, head.1, head.2, grammar));
                } else {
                    last = Some(head);
                }
            }
            for slot in piece.slots {
                items.push_back(Item::Slot(piece.source, slot, from.take()));
            }
            if !piece.tail.is_empty() {
                last = Some((piece.source, piece.tail_line, piece.tail));
            }
        }
        if let Some((number, before, tail)) = last {
            items.push_back(seam(&source(number), number, before, tail, grammar));
        }
        Feed::Kept(items)
    }

    /// Returns what comes next; `None` at the end.
    pub fn next(&mut self, store: &mut Store) -> io::Result<Option<Fed>> {
        match self {
            Feed::Live(reader, base) => Ok(reader.next().map(|chunk| {
                let Chunk { source, line, bytes, dropped, breaks, error, marks, wrapper_bytes } = chunk;
                Fed::Raw(Arrived { source: *base + source, line, marks, dropped, breaks, wrapper_bytes, error }, bytes)
            })),
            Feed::Kept(items) => match items.pop_front() {
                None => Ok(None),
                Some(Item::Seam(arrived, bytes)) => Ok(Some(Fed::Raw(arrived, bytes))),
                Some(Item::Slot(source, slot, line)) => {
                    let kept = store.get(slot)?;
                    let arrived = Arrived { line, marks: kept.marks, ..Arrived::of(source) };
                    Ok(Some(Fed::Kept(arrived, Box::new(kept.batch))))
                }
            },
        }
    }

    /// Takes back the buffer of a chunk.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        if let Feed::Live(reader, _) = self {
            reader.recycle(bytes);
        }
    }
}

/// Returns a line that stands where two members meet, `before` lines into its source, rid of its wrapper.
fn seam(source: &Source, number: usize, before: u64, bytes: Vec<u8>, grammar: &dyn Grammar) -> Item {
    let arrived = |marks, wrapper_bytes| Arrived { marks, wrapper_bytes, ..Arrived::of(number) };
    if source.wrapping.is_none() {
        return Item::Seam(arrived(None, 0), bytes);
    }
    let stream = Stream { node: String::new(), sources: vec![source.clone()] };
    let (chunk, mut inside) = (Chunk { line: Some(before), ..Chunk::of(0, bytes) }, Gathered::default());
    let mut lines = Lines::new(&stream, grammar);
    lines.take(&chunk, &mut |payload| inside.add(&payload));
    lines.finish(&mut |payload| inside.add(&payload));
    let size = |bytes: &[u8]| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    Item::Seam(arrived(Some(inside.marks), size(&chunk.bytes) - size(&inside.bytes)), inside.bytes)
}
