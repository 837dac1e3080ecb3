//! A stream's lines, rid of their wrappers.
//!
//! Input: the raw [`Chunk`]s of a [`Reader`]. Output: chunks of the lines inside. Where a wrapper names nodes the lines are handed to a sink one by
//! one ([`Lines`]); [`Unwrapped`] is for streams of one node, whose chunks stay chunks.

use super::marks::{Mark, Marks};
use super::reader::{Bounds, Chunk, Reader};
use super::unwrap::{Lines as LineUnwrapper, Sink, Unwrapper};
use super::{Grammar, Payload, Stream, Wrapping};

/// Cuts raw chunks into lines and takes their wrapper off, across sources.
pub struct Lines<'a> {
    stream: &'a Stream,
    grammar: &'a dyn Grammar,
    /// The wrapper of the source before, at work.
    at_work: Option<(&'a Wrapping, Box<dyn LineUnwrapper>)>,
    source: usize,
    /// Lines of that source so far.
    number: u64,
}

impl<'a> Lines<'a> {
    /// Returns what will unwrap the chunks of that stream.
    #[must_use]
    pub fn new(stream: &'a Stream, grammar: &'a dyn Grammar) -> Self {
        Lines { stream, grammar, at_work: None, source: 0, number: 0 }
    }

    /// Whether the chunk's lines are bare, and nothing is held of what came before.
    fn is_bare(&self, chunk: &Chunk) -> bool {
        self.at_work.is_none() && self.stream.sources[chunk.source].wrapping.is_none()
    }

    /// Returns how many lines of the source at hand were taken in.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Takes in a chunk. Bare lines are handed out as they are.
    pub fn take(&mut self, chunk: &Chunk, out: Sink<'_>) {
        if chunk.source != self.source {
            (self.source, self.number) = (chunk.source, 0);
        }
        if let Some(line) = chunk.line {
            self.number = line;
        }
        let wrapping = self.stream.sources[chunk.source].wrapping.as_ref();
        if self.at_work.as_ref().map(|w| w.0) != wrapping {
            self.finish(out);
            self.at_work = wrapping.and_then(|w| match self.grammar.unwrapper(w) {
                Some(Unwrapper::Lines(lines)) => Some((w, lines)),
                Some(Unwrapper::Document(_)) | None => None,
            });
        }
        let mut rest = &chunk.bytes[..];
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.number += 1;
            match &mut self.at_work {
                Some((_, lines)) => lines.take(&rest[..end], self.number, out),
                None => out(Payload { node: None, time: None, line: self.number, text: &rest[..end] }),
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        self.number = self.number.saturating_sub(chunk.breaks);
    }

    /// Ends the stream.
    pub fn finish(&mut self, out: Sink<'_>) {
        if let Some((_, mut lines)) = self.at_work.take() {
            lines.finish(out);
        }
    }
}

/// Lines of unwrapped entries, and where they come from.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The lines, each with its line feed.
    pub bytes: Vec<u8>,
    /// A mark a line.
    pub marks: Marks,
    /// Entries so far.
    pub entries: u32,
}

impl Gathered {
    /// Returns the entries in the reverse order: the lines of each stay as they are.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut starts = vec![(0, 0)];
        let (mut at, mut entry) = (0, 0);
        for (number, line) in (0..).zip(self.bytes.split_inclusive(|c| *c == b'\n')) {
            if let Some(mark) = self.marks.get(number).filter(|m| m.entry != entry) {
                entry = mark.entry;
                starts.push((at, number));
            }
            at += line.len();
        }
        let mut turned = Gathered { bytes: Vec::with_capacity(self.bytes.len()), ..Gathered::default() };
        let (mut end, mut last) = (self.bytes.len(), self.marks.len() as u64);
        for (at, number) in starts.into_iter().rev() {
            turned.bytes.extend_from_slice(&self.bytes[at..end]);
            for mark in (number..last).filter_map(|l| self.marks.get(l)) {
                turned.marks.push(Mark { entry: turned.entries, ..*mark });
            }
            turned.entries += 1;
            (end, last) = (at, number);
        }
        turned
    }

    /// Adds an entry.
    pub fn add(&mut self, payload: &Payload<'_>) {
        let entry = self.entries;
        self.entries += 1;
        let mut rest = payload.text;
        loop {
            let end = memchr::memchr(b'\n', rest);
            self.bytes.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
            self.bytes.push(b'\n');
            self.marks.push(Mark { line: payload.line, time: payload.time, entry });
            let Some(end) = end else { break };
            rest = &rest[end + 1..];
        }
    }
}

/// Reads a stream of one node chunk by chunk, rid of its wrappers.
pub struct Unwrapped<'a> {
    reader: Reader<'a>,
    lines: Lines<'a>,
    /// The source of the chunk before.
    source: usize,
    ended: bool,
}

impl<'a> Unwrapped<'a> {
    /// Begins a stream; chunks have about `size` bytes before their wrapper is taken off.
    #[must_use]
    pub fn open(stream: &'a Stream, size: usize, grammar: &'a dyn Grammar) -> Self {
        Unwrapped { reader: Reader::open(stream, size, grammar), lines: Lines::new(stream, grammar), source: 0, ended: false }
    }

    /// Sets what may be held at once.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.reader = self.reader.within(bounds);
        self
    }

    /// Returns the next chunk; `None` at the end.
    #[allow(clippy::should_implement_trait)] // an iterator would hide that a chunk can carry an error
    pub fn next(&mut self) -> Option<Chunk> {
        if self.ended {
            return None;
        }
        let Some(chunk) = self.reader.next() else {
            self.ended = true;
            let mut left = Gathered::default();
            self.lines.finish(&mut |payload| left.add(&payload));
            return (!left.marks.is_empty()).then(|| unwrapped(Chunk::of(self.source, Vec::new()), left).0);
        };
        self.source = chunk.source;
        if self.lines.is_bare(&chunk) {
            return Some(chunk);
        }
        let mut gathered = Gathered { bytes: self.reader.buffer(), ..Gathered::default() };
        gathered.bytes.clear();
        self.lines.take(&chunk, &mut |payload| gathered.add(&payload));
        let (chunk, raw) = unwrapped(chunk, gathered);
        self.reader.recycle(raw);
        Some(chunk)
    }

    /// Takes back the buffer of a chunk, to be filled again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.reader.recycle(bytes);
    }
}

/// Puts the lines inside in the place of a chunk's own; returns its own bytes, too.
fn unwrapped(chunk: Chunk, gathered: Gathered) -> (Chunk, Vec<u8>) {
    let size = |bytes: &[u8]| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let wrapper_bytes = size(&chunk.bytes) - size(&gathered.bytes);
    (Chunk { bytes: gathered.bytes, marks: Some(gathered.marks), wrapper_bytes, line: None, ..chunk }, chunk.bytes)
}
