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

    /// Takes in chunks that follow each other in one source ([`Rows`]), in parallel as far as no line says anything of those in a later chunk. What is inside
    /// goes to what `new` makes for each of them; what was held of a wrapper before goes to `out`.
    pub fn take_row<'c, T: Send>(&mut self, row: &'c [Chunk], mut new: impl FnMut() -> T, add: impl Fn(&mut T, &Payload<'_>) + Sync, out: Sink<'_>) -> Vec<T> {
        let Some(first) = row.first() else { return Vec::new() };
        self.begin(first, out);
        let forks: Vec<_> = match &self.at_work {
            Some((_, lines)) => row[1..].iter().map_while(|_| lines.fork()).collect(),
            None => Vec::new(),
        };
        let mut number = self.number;
        let begin = |(lines, chunk): (_, &'c Chunk)| {
            let before = number;
            number += count(&chunk.bytes);
            (lines, chunk.bytes.as_slice(), before, new())
        };
        let (wrapping, first) = self.at_work.take().map_or((None, None), |(wrapping, lines)| (Some(wrapping), Some(lines)));
        let work: Vec<_> = std::iter::once(first).chain(forks.into_iter().map(Some)).zip(row).map(begin).collect();
        let take = |(mut lines, bytes, before, mut inside): (Option<Box<dyn LineUnwrapper>>, _, _, _)| {
            let count = read(lines.as_mut(), bytes, before, &mut |payload| add(&mut inside, &payload));
            (lines, inside, count)
        };
        let mut taken = Vec::with_capacity(row.len());
        // what the chunks so far say of the next one is in the last one's
        let mut last: Option<Box<dyn LineUnwrapper>> = None;
        for ((lines, inside, count), chunk) in work.into_par_iter().map(take).collect::<Vec<_>>().into_iter().zip(row) {
            let is_told = last.as_ref().is_none_or(|last| last.is_free()) && (taken.is_empty() || !lines.as_ref().is_some_and(|lines| lines.asks_back()));
            if !is_told {
                break;
            }
            last = lines;
            self.number = (self.number + count).saturating_sub(chunk.breaks);
            taken.push(inside);
        }
        self.at_work = wrapping.zip(last);
        for chunk in &row[taken.len()..] {
            let mut inside = new();
            self.take(chunk, &mut |payload| add(&mut inside, &payload));
            taken.push(inside);
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

    /// Adds the entries of other lines.
    pub fn append(&mut self, other: Self) {
        if self.entries == 0 {
            *self = other;
            return;
        }
        self.bytes.extend_from_slice(&other.bytes);
        for mark in (0..other.marks.len() as u64).filter_map(|line| other.marks.get(line)) {
            self.marks.push(Mark { entry: self.entries + mark.entry, ..*mark });
        }
        self.entries += other.entries;
    }

    /// Hands out the first entries, as long as `more` says so, as they were added but for the node; returns the others.
    #[must_use]
    pub fn take_while(self, mut more: impl FnMut(Payload<'_>) -> bool) -> Self {
        let (mut at, mut line) = (0, 0);
        while let Some(mark) = self.marks.get(line).copied() {
            let mut end = at;
            while self.marks.get(line).is_some_and(|next| next.entry == mark.entry) {
                end += memchr::memchr(b'\n', &self.bytes[end..]).map_or(self.bytes.len() - end, |i| i + 1);
                line += 1;
            }
            let text = self.bytes.get(at..end.saturating_sub(1)).unwrap_or_default();
            at = end;
            if !more(Payload { node: None, time: mark.time, line: mark.line, text }) {
                break;
            }
        }
        let mut rest = Gathered { bytes: self.bytes[at..].to_vec(), ..Gathered::default() };
        let first = self.marks.get(line).map_or(0, |mark| mark.entry);
        for mark in (line..self.marks.len() as u64).filter_map(|line| self.marks.get(line)) {
            rest.marks.push(Mark { entry: mark.entry - first, ..*mark });
            rest.entries = mark.entry - first + 1;
        }
        rest
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

/// The chunks of a stream as they are read, in rows: those that can be unwrapped at once, since they follow each other in one source.
pub struct Rows<'a> {
    reader: Reader<'a>,
    /// Chunks of a row.
    most: usize,
    /// The chunk behind the last row.
    next: Option<Chunk>,
}

impl<'a> Rows<'a> {
    /// Reads in rows of one chunk.
    #[must_use]
    pub fn of(reader: Reader<'a>) -> Self {
        Rows { reader, most: 1, next: None }
    }

    /// Sets what may be held at once.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Rows { reader: self.reader.within(bounds), most: bounds.wrapped, ..self }
    }

    /// Returns the next row, which has one chunk where that `stands_alone`; none at the end.
    pub fn next(&mut self, stands_alone: impl Fn(&Chunk) -> bool) -> Vec<Chunk> {
        let Some(first) = self.next.take().or_else(|| self.reader.next()) else { return Vec::new() };
        let mut row = vec![first];
        while row.len() < self.most && row[0].breaks == 0 && !stands_alone(&row[0]) {
            let Some(next) = self.reader.next() else { break };
            let goes_on = next.source == row[0].source && next.line.is_none() && next.breaks == 0 && !stands_alone(&next);
            if !goes_on {
                self.next = Some(next);
                break;
            }
            row.push(next);
        }
        row
    }

    /// Takes back the buffer of a chunk, to be filled again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.reader.recycle(bytes);
    }
}

/// Reads a stream of one node chunk by chunk, rid of its wrappers.
pub struct Unwrapped<'a> {
    rows: Rows<'a>,
    lines: Lines<'a>,
    /// Chunks that were read, and are unwrapped or bare.
    ready: VecDeque<Chunk>,
    /// The source of the chunk before.
    source: usize,
    ended: bool,
}

impl<'a> Unwrapped<'a> {
    /// Begins a stream; chunks have about `size` bytes before their wrapper is taken off.
    #[must_use]
    pub fn open(stream: &'a Stream, size: usize, grammar: &'a dyn Grammar) -> Self {
        Unwrapped { rows: Rows::of(Reader::open(stream, size, grammar)), lines: Lines::new(stream, grammar), ready: VecDeque::new(), source: 0, ended: false }
    }

    /// Sets what may be held at once.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Unwrapped { rows: self.rows.within(bounds), ..self }
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
        let row = self.rows.next(|chunk| self.lines.is_bare(chunk));
        let mut left = Gathered::default();
        let Some(first) = row.first() else {
            self.ended = true;
            self.lines.finish(&mut |payload| left.add(&payload));
            return self.hand_on(left);
        };
        self.source = first.source;
        if self.lines.is_bare(first) {
            self.ready.extend(row);
            return;
        }
        let inside = self.lines.take_row(&row, || Gathered::into(self.rows.reader.buffer()), Gathered::add, &mut |payload| left.add(&payload));
        self.hand_on(left);
        for (chunk, gathered) in row.into_iter().zip(inside) {
            let (chunk, raw) = unwrapped(chunk, gathered);
            self.ready.push_back(chunk);
            self.rows.recycle(raw);
        }
    }

    /// Hands on what a wrapper had held back, if anything: a chunk that has no bytes of its own.
    fn hand_on(&mut self, left: Gathered) {
        if !left.marks.is_empty() {
            self.ready.push_back(unwrapped(Chunk::of(self.source, Vec::new()), left).0);
        }
    }

    /// Takes back the buffer of a chunk, to be filled again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.rows.recycle(bytes);
    }
}

/// Puts the lines inside in the place of a chunk's own; returns its own bytes, too.
fn unwrapped(chunk: Chunk, gathered: Gathered) -> (Chunk, Vec<u8>) {
    let size = |bytes: &[u8]| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let wrapper_bytes = size(&chunk.bytes) - size(&gathered.bytes);
    (Chunk { bytes: gathered.bytes, marks: Some(gathered.marks), wrapper_bytes, line: None, ..chunk }, chunk.bytes)
}
