//! A stream's bytes, cut at line ends.

use std::collections::VecDeque;
use std::io::{self, Read};

use memchr::{memchr, memrchr};

use super::buffers::Buffers;
use super::cut::{self, Dropped, Holes};
use super::decode::Fails;
use super::marks::Marks;
use super::{Grammar, Source, Stream, Unwrapper, ahead, blocks};

/// A reader of text.
enum Input<'a> {
    /// Which is read as it is asked for.
    Plain(Box<dyn Read + Send + 'a>),
    /// Which comes in buffers.
    Buffers(Buffers),
}

impl Input<'_> {
    /// Reads as [`fill`] does, except that less than `size` may come where there is more.
    fn fill(&mut self, buf: &mut Vec<u8>, held: usize, size: usize) -> io::Result<bool> {
        match self {
            Input::Plain(input) => fill(input, buf, held, size),
            Input::Buffers(input) => input.fill(buf, held, size),
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Plain(input) => input.read(buf),
            Input::Buffers(input) => input.read(buf),
        }
    }
}

/// The end of an input, with the error that ended it.
type End = Result<(), io::Error>;

/// How much of a stream is held at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The longest line that is kept whole, in bytes; the rest of a longer one is counted and dropped.
    pub max_line: usize,
    /// Compressed sources that are unpacked before their turn.
    pub ahead: usize,
    /// Bytes of text that each of them may hold ready.
    pub ahead_bytes: usize,
    /// Blocks of a plain file that are read at once, each by a thread; not more than one: the file is read by the thread that asks.
    pub blocks: usize,
    /// Chunks whose wrapper is taken off at once, each by a thread.
    pub wrapped: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { max_line: 4 << 20, ahead: 0, ahead_bytes: 1 << 20, blocks: 0, wrapped: 1 }
    }
}

/// Whole lines of one source.
#[derive(Debug)]
pub struct Chunk {
    /// The source's index in its stream.
    pub source: usize,
    /// Lines of that source before this chunk.
    pub line: Option<u64>,
    /// The bytes: whole lines, the last perhaps without its line feed.
    pub bytes: Vec<u8>,
    /// Bytes that were taken out: holes, and what over-long lines had beyond the longest one.
    pub dropped: Dropped,
    /// Line feeds in the bytes that the source does not have: a hole ended a line.
    pub breaks: u64,
    /// The source could not be read to its end.
    pub error: Option<io::Error>,
    /// Where each line comes from, where a wrapper was taken off; else they follow each other.
    pub marks: Option<Marks>,
    /// Bytes of the source that the wrapper took beyond those of the lines; below 0 where lines were held back before.
    pub wrapper_bytes: i64,
}

impl Chunk {
    /// Returns a chunk of a source's lines, which was read without an error.
    #[must_use]
    pub fn of(source: usize, bytes: Vec<u8>) -> Self {
        Chunk { source, line: None, bytes, dropped: Dropped::default(), breaks: 0, error: None, marks: None, wrapper_bytes: 0 }
    }
}

/// Reads a stream chunk by chunk.
pub struct Reader<'a> {
    stream: &'a Stream,
    grammar: &'a dyn Grammar,
    size: usize,
    source: usize,
    input: Option<Input<'a>>,
    bounds: Bounds,
    /// Sources that are unpacked before their turn, by their index.
    ahead: VecDeque<(usize, Input<'a>)>,
    /// Bytes of the source that were read.
    read: u64,
    holes: Holes,
    /// The input ended, perhaps by an error, while something of it is still carried.
    end: Option<End>,
    /// Bytes of a line whose end is not read yet.
    carry: Vec<u8>,
    /// Buffers of chunks that were used up.
    spare: Vec<Vec<u8>>,
    /// The source's first line was taken to complete the line of the source before: its own lines begin with number 2.
    joined: Option<usize>,
}

/// Reads behind the first `held` bytes of a buffer until it holds `size` or the input ends, whatever stood there before; returns whether it ended.
pub(super) fn fill(input: &mut dyn Read, buf: &mut Vec<u8>, mut held: usize, size: usize) -> io::Result<bool> {
    /// Bytes that are asked for first: most sources of many are small.
    const FIRST: usize = 1 << 14;
    // room for all at once: what a buffer that grows leaves behind is touched memory, too
    buf.reserve_exact(size.saturating_sub(buf.len()));
    let end = loop {
        if held >= size {
            break Ok(false);
        }
        // what a buffer had the last time needs no clearing, and the line that was cut off its end not much
        let room = buf.len().max((2 * held).max(FIRST));
        buf.resize(if room >= size / 2 { size.max(buf.len()) } else { room }, 0);
        let end = size.min(buf.len());
        match input.read(&mut buf[held..end]) {
            Ok(0) => break Ok(true),
            Ok(n) => held += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    buf.truncate(held);
    end
}

/// Begins a buffer with what was carried over, whatever stood there before; returns how much that is.
pub(super) fn begin(buf: &mut Vec<u8>, carry: &mut Vec<u8>) -> usize {
    let held = carry.len();
    buf.resize(buf.len().max(held), 0);
    buf[..held].copy_from_slice(carry);
    carry.clear();
    held
}

/// Carries over what a buffer holds of a line whose end is not in it; says whether any line ends in it.
pub(super) fn carry_over(buf: &mut Vec<u8>, carry: &mut Vec<u8>) -> bool {
    let Some(end) = memrchr(b'\n', buf) else { return false };
    carry.extend_from_slice(&buf[end + 1..]);
    buf.truncate(end + 1);
    true
}

impl<'a> Reader<'a> {
    /// Begins a stream; chunks have about `size` bytes.
    #[must_use]
    pub fn open(stream: &'a Stream, size: usize, grammar: &'a dyn Grammar) -> Self {
        Reader {
            stream,
            grammar,
            size: size.max(1),
            source: 0,
            input: None,
            bounds: Bounds::default(),
            ahead: VecDeque::new(),
            read: 0,
            holes: Holes::default(),
            end: None,
            carry: Vec::new(),
            spare: Vec::new(),
            joined: None,
        }
    }

    /// Begins a stream of one source whose text is read from `input`.
    #[must_use]
    pub fn over(stream: &'a Stream, input: Box<dyn Read + Send + 'a>, size: usize, grammar: &'a dyn Grammar) -> Self {
        Reader { input: Some(Input::Plain(input)), ..Reader::open(stream, size, grammar) }
    }

    /// Sets what may be held at once.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = Bounds { max_line: bounds.max_line.max(1), ..bounds };
        self
    }

    /// Opens a source, and begins to unpack those after it.
    fn input(&mut self, index: usize) -> io::Result<Input<'a>> {
        self.ahead.retain(|(i, _)| *i >= index);
        let ready = if self.ahead.front().is_some_and(|(i, _)| *i == index) { self.ahead.pop_front() } else { None };
        let input = ready.map_or_else(|| self.begin(index), |(_, input)| Ok(input));
        for next in index + 1..=index + self.bounds.ahead {
            let held = self.ahead.iter().any(|(i, _)| *i == next);
            if !held
                && self.stream.sources.get(next).is_some_and(|s| s.packed)
                && let Ok(input) = self.begin(next)
            {
                self.ahead.push_back((next, input));
            }
        }
        self.read = 0;
        self.holes = Holes::default();
        input
    }

    fn begin(&self, index: usize) -> io::Result<Input<'a>> {
        let source = &self.stream.sources[index];
        if source.packed
            && let Ok(unpacked) = ahead::start(source, self.bounds.ahead_bytes)
        {
            return Ok(Input::Buffers(unpacked));
        }
        if let Some(blocks) = blocks::open(&source.place, self.bounds.blocks) {
            return Ok(Input::Buffers(blocks));
        }
        source.open().map(Input::Plain)
    }

    /// Returns the next chunk; `None` at the end.
    #[allow(clippy::should_implement_trait)] // an iterator would hide that a chunk can carry an error
    pub fn next(&mut self) -> Option<Chunk> {
        loop {
            let source = self.source;
            if self.input.is_none() {
                self.stream.sources.get(source)?;
                match self.input(source) {
                    Ok(input) => self.input = Some(input),
                    Err(error) => {
                        self.source += 1;
                        return Some(self.chunk(source, Vec::new(), Dropped::default(), Some(error)));
                    }
                }
            }
            let mut buf = self.buffer();
            let held = begin(&mut buf, &mut self.carry);
            let mut dropped = Dropped::default();
            let (end, breaks) = self.lines(&mut buf, held, &mut dropped);
            let Some(end) = end else {
                return Some(Chunk { breaks, ..self.chunk(source, buf, dropped, None) });
            };
            let error = end.err();
            self.input = None;
            self.source += 1;
            if buf.is_empty() && error.is_none() && dropped.bytes() == 0 {
                continue;
            }
            if buf.last().is_some_and(|c| *c != b'\n') {
                self.join(&mut buf);
            }
            return Some(self.chunk(source, buf, dropped, error));
        }
    }

    /// Takes back the buffer of a chunk, to be filled again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.spare.push(bytes);
    }

    /// Returns a buffer, one that was used before if there is one: with what it held then.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn chunk(&mut self, source: usize, bytes: Vec<u8>, dropped: Dropped, error: Option<io::Error>) -> Chunk {
        let line = if self.joined == Some(source) {
            self.joined = None;
            Some(1)
        } else {
            None
        };
        Chunk { line, dropped, error, ..Chunk::of(source, bytes) }
    }

    /// Fills `buf` with whole lines, behind the `held` bytes that were carried over; what is left of the last line is carried over again. Returns the source's
    /// end, with its error, where it was reached, and how many line feeds were put in.
    fn lines(&mut self, buf: &mut Vec<u8>, mut held: usize, dropped: &mut Dropped) -> (Option<End>, u64) {
        let Some(input) = self.input.as_mut() else {
            buf.truncate(held);
            return (Some(Ok(())), 0);
        };
        let mut want = self.size;
        // what was carried can lie behind a hole, and was not looked at
        let mut from = 0;
        loop {
            let end = match self.end.take() {
                None => input.fill(buf, held, want).map_or_else(|error| Some(Err(error)), |ended| ended.then_some(Ok(()))),
                end => {
                    buf.truncate(held);
                    end
                }
            };
            self.read += (buf.len() - held) as u64;
            let offset = self.read.saturating_sub(buf.len() as u64);
            if let Some(at) = self.holes.take(buf, from, offset, dropped) {
                // the line feed stands for one of the hole's bytes
                dropped.holes -= 1;
                self.carry.extend_from_slice(&buf[at..]);
                buf.truncate(at);
                cut::lines(buf, self.bounds.max_line, offset, dropped);
                buf.push(b'\n');
                self.end = end;
                return (None, 1);
            }
            let open = cut::lines(buf, self.bounds.max_line, offset, dropped);
            if end.is_some() {
                return (end, 0);
            }
            if open {
                return (skip_line(input, buf, &mut self.carry, &mut self.read, dropped).err().map(Err), 0);
            }
            if carry_over(buf, &mut self.carry) {
                return (None, 0);
            }
            // a hole can begin at the very end
            from = buf.len() - buf.iter().rev().take_while(|c| **c == 0).count();
            held = buf.len();
            want = held + self.size;
        }
    }

    /// Completes the last line of a source with what the next source begins with, unless a record begins there and the line is whole.
    fn join(&mut self, buf: &mut Vec<u8>) {
        while self.source < self.stream.sources.len() {
            let mut head = Vec::new();
            // one that cannot be opened is said when its turn comes
            let Ok(mut input) = self.input(self.source) else { return };
            let mut want = 64 * 1024;
            let mut failed = None;
            let ended = loop {
                let begin = head.len();
                match input.fill(&mut head, begin, want) {
                    Ok(true) => break true,
                    Err(error) => {
                        failed = Some(error);
                        break true;
                    }
                    Ok(false) if memchr(b'\n', &head).is_some() || head.len() >= self.bounds.max_line => break false,
                    Ok(false) => want *= 2,
                }
            };
            let failed = failed.is_some_and(|error| {
                input = Input::Plain(Box::new(Fails(Some(error))));
                true
            });
            if head.first() == Some(&0) {
                // a log that was cut short under its writer: what completes the line is in no file
                self.resume(input, head, 0);
                return;
            }
            let first = &head[..memchr(b'\n', &head).map_or(head.len(), |i| i + 1)];
            let last = &buf[memrchr(b'\n', buf).map_or(0, |i| i + 1)..];
            let (before, next) = (&self.stream.sources[self.source.saturating_sub(1)], &self.stream.sources[self.source]);
            if meets(before, last, next, first, self.grammar) {
                self.resume(input, head, 0);
                return;
            }
            buf.extend_from_slice(first);
            let taken = first.len();
            let complete = buf.last() == Some(&b'\n');
            if taken == head.len() && ended && !failed {
                self.source += 1;
            } else {
                self.joined = Some(self.source);
                self.resume(input, head, taken);
            }
            if complete || self.input.is_some() {
                return;
            }
        }
    }

    /// Goes on with a source of which some bytes were read, and the first `taken` of them used.
    fn resume(&mut self, input: Input<'a>, mut head: Vec<u8>, taken: usize) {
        head.drain(..taken);
        self.read = taken as u64;
        self.input = Some(Input::Plain(Box::new(io::Cursor::new(head).chain(input))));
    }
}

/// Whether what one source ends with and what the next begins with are two lines, and not one that was cut.
#[must_use]
pub fn meets(before: &Source, last: &[u8], next: &Source, first: &[u8], grammar: &dyn Grammar) -> bool {
    let unwrapper = |source: &Source| source.wrapping.as_ref().and_then(|w| grammar.unwrapper(w));
    let first = first.strip_suffix(b"\n").unwrap_or(first);
    let begins = match unwrapper(next) {
        Some(Unwrapper::Lines(lines)) => lines.begins(first),
        Some(Unwrapper::Document(_)) => true,
        None => grammar.begins_record(first),
    };
    begins
        && match unwrapper(before) {
            Some(Unwrapper::Lines(lines)) => lines.is_whole(last),
            Some(Unwrapper::Document(_)) => true,
            None => grammar.is_whole(last),
        }
}

/// Skips the rest of a line; its line feed goes to `line`, and what was read behind it to `carry`.
fn skip_line(input: &mut dyn Read, line: &mut Vec<u8>, carry: &mut Vec<u8>, read: &mut u64, dropped: &mut Dropped) -> io::Result<()> {
    let mut buf = vec![0; 64 * 1024];
    loop {
        let n = match input.read(&mut buf) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        *read += n as u64;
        if n == 0 {
            return Ok(());
        }
        if let Some(end) = memchr(b'\n', &buf[..n]) {
            carry.extend_from_slice(&buf[end + 1..n]);
            line.push(b'\n');
            dropped.long += end as u64;
            return Ok(());
        }
        dropped.long += n as u64;
    }
}
