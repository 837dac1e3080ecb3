//! A stream's lines, rid of their wrappers.
//!
//! Input: the raw [`Chunk`]s of a [`Reader`]. Output: chunks of the lines inside. Where a wrapper names nodes the lines are handed to a sink one by
//! one ([`Lines`]); [`Unwrapped`] is for streams of one node, whose chunks stay chunks.

use std::collections::VecDeque;

use rayon::prelude::*;

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
        self.begin(chunk, out);
        let at_work = self.at_work.as_mut().map(|(_, lines)| lines);
        self.number += read(at_work, &chunk.bytes, self.number, out);
        self.number = self.number.saturating_sub(chunk.breaks);
    }

    /// Makes ready for a chunk.
    fn begin(&mut self, chunk: &Chunk, out: Sink<'_>) {
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
    }

    /// Takes in chunks that follow each other in one source, in parallel, as far as no line says anything of those in a later chunk; returns what was inside
    /// those that it took.
    fn take_all<'c>(&mut self, chunks: &'c [Chunk], mut buffer: impl FnMut() -> Vec<u8>) -> Vec<Gathered> {
        let forks = self.at_work.as_ref().and_then(|(_, at_work)| chunks.iter().map(|_| at_work.fork()).collect::<Option<Vec<_>>>());
        let mut number = self.number;
        let place = |(fork, chunk): (_, &'c Chunk)| {
            let before = number;
            number += count(&chunk.bytes);
            (fork, chunk, before, Gathered::into(buffer()))
        };
        let work: Vec<_> = forks.into_iter().flatten().zip(chunks).map(place).collect();
        let read = |(mut fork, chunk, number, mut gathered): (Box<dyn LineUnwrapper>, &Chunk, u64, Gathered)| {
            let lines = read(Some(&mut fork), &chunk.bytes, number, &mut |payload| gathered.add(&payload));
            (gathered, number + lines, fork.fork().is_some())
        };
        let mut taken = Vec::with_capacity(work.len());
        let all: Vec<_> = work.into_par_iter().map(read).collect();
        for ((gathered, number, is_over), chunk) in all.into_iter().zip(chunks) {
            if !is_over {
                break;
            }
            self.number = number.saturating_sub(chunk.breaks);
            taken.push(gathered);
        }
        taken
    }

    /// Ends the stream.
    pub fn finish(&mut self, out: Sink<'_>) {
        if let Some((_, mut lines)) = self.at_work.take() {
            lines.finish(out);
        }
    }
}

/// Takes the lines of some bytes out of their wrapper, the first of them behind so many of the source; returns how many there were.
fn read(mut at_work: Option<&mut Box<dyn LineUnwrapper>>, bytes: &[u8], before: u64, out: Sink<'_>) -> u64 {
    let mut rest = bytes;
    let mut number = before;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        number += 1;
        match &mut at_work {
            Some(lines) => lines.take(&rest[..end], number, out),
            None => out(Payload { node: None, time: None, line: number, text: &rest[..end] }),
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    number - before
}

/// Counts lines, the last perhaps without its line feed.
fn count(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64 + u64::from(bytes.last().is_some_and(|c| *c != b'\n'))
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
    /// Begins with a buffer's room.
    fn into(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Gathered { bytes, ..Gathered::default() }
    }

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
    /// Chunks whose wrapper is taken off at once.
    most: usize,
    /// Chunks that were read, and are unwrapped or bare.
    ready: VecDeque<Chunk>,
    /// The chunk behind them, where it is not one of those that go with them.
    next: Option<Chunk>,
    /// The source of the chunk before.
    source: usize,
    ended: bool,
}

impl<'a> Unwrapped<'a> {
    /// Begins a stream; chunks have about `size` bytes before their wrapper is taken off.
    #[must_use]
    pub fn open(stream: &'a Stream, size: usize, grammar: &'a dyn Grammar) -> Self {
        Unwrapped {
            reader: Reader::open(stream, size, grammar),
            lines: Lines::new(stream, grammar),
            most: 1,
            ready: VecDeque::new(),
            next: None,
            source: 0,
            ended: false,
        }
    }

    /// Sets what may be held at once.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.reader = self.reader.within(bounds);
        self.most = bounds.wrapped;
        self
    }

    /// Returns the next chunk; `None` at the end.
    #[allow(clippy::should_implement_trait)] // an iterator would hide that a chunk can carry an error
    pub fn next(&mut self) -> Option<Chunk> {
        if self.ready.is_empty() && !self.ended {
            self.read();
        }
        self.ready.pop_front()
    }

    /// Reads chunks, and takes their wrapper off.
    fn read(&mut self) {
        let Some(chunk) = self.next_raw() else {
            self.ended = true;
            let mut left = Gathered::default();
            self.lines.finish(&mut |payload| left.add(&payload));
            return self.hand_on(left);
        };
        self.source = chunk.source;
        if self.lines.is_bare(&chunk) {
            self.ready.push_back(chunk);
            return;
        }
        let mut chunks = vec![chunk];
        while chunks.len() < self.most {
            let Some(next) = self.next_raw() else { break };
            let goes_on = next.source == self.source && next.line.is_none() && chunks.iter().all(|chunk| chunk.breaks == 0);
            if !goes_on {
                self.next = Some(next);
                break;
            }
            chunks.push(next);
        }
        let mut taken = Vec::new();
        if chunks.len() > 1 {
            let mut left = Gathered::default();
            self.lines.begin(&chunks[0], &mut |payload| left.add(&payload));
            self.hand_on(left);
            taken = self.lines.take_all(&chunks, || self.reader.buffer());
        }
        let mut taken = taken.into_iter();
        for chunk in chunks {
            let gathered = taken.next().unwrap_or_else(|| {
                let mut gathered = Gathered::into(self.reader.buffer());
                self.lines.take(&chunk, &mut |payload| gathered.add(&payload));
                gathered
            });
            let (chunk, raw) = unwrapped(chunk, gathered);
            self.ready.push_back(chunk);
            self.reader.recycle(raw);
        }
    }

    /// Hands on what a wrapper had held back, if anything: a chunk that has no bytes of its own.
    fn hand_on(&mut self, left: Gathered) {
        if !left.marks.is_empty() {
            self.ready.push_back(unwrapped(Chunk::of(self.source, Vec::new()), left).0);
        }
    }

    /// Returns the next chunk as it was read.
    fn next_raw(&mut self) -> Option<Chunk> {
        self.next.take().or_else(|| self.reader.next())
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
