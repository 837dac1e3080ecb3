//! A stream's bytes, cut at line ends.

use std::fs::File;
use std::io::{self, Read};

use memchr::{memchr, memrchr};

use super::marks::Marks;
use super::{Grammar, Source, Stream, Unwrapper};

/// The longest line that is kept whole; the rest of a longer one is counted and dropped.
pub const MAX_LINE: usize = 4 << 20;

/// Whole lines of one source.
#[derive(Debug)]
pub struct Chunk {
    /// The source's index in its stream.
    pub source: usize,
    /// Lines of that source before this chunk.
    pub line: Option<u64>,
    /// The bytes: whole lines, the last perhaps without its line feed.
    pub bytes: Vec<u8>,
    /// Bytes of over-long lines that were dropped.
    pub dropped: u64,
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
        Chunk { source, line: None, bytes, dropped: 0, error: None, marks: None, wrapper_bytes: 0 }
    }
}

/// Reads a stream chunk by chunk.
pub struct Reader<'a> {
    stream: &'a Stream,
    grammar: &'a dyn Grammar,
    size: usize,
    source: usize,
    input: Option<Box<dyn Read + 'a>>,
    /// Bytes of a line whose end is not read yet.
    carry: Vec<u8>,
    /// Buffers of chunks that were used up.
    spare: Vec<Vec<u8>>,
    /// The source's first line was taken to complete the line of the source before: its own lines begin with number 2.
    joined: Option<usize>,
}

/// Opens a source.
///
/// # Errors
/// When the system refuses.
pub fn open(source: &Source) -> io::Result<Box<dyn Read + Send>> {
    Ok(match &source.path {
        None => Box::new(io::stdin()),
        Some(path) => Box::new(File::open(path)?),
    })
}

/// Reads until `buf` holds `size` bytes or the input ends; returns whether it ended.
fn fill(input: &mut dyn Read, buf: &mut Vec<u8>, size: usize) -> io::Result<bool> {
    let want = size.saturating_sub(buf.len());
    buf.reserve(want);
    let read = input.take(want as u64).read_to_end(buf)?;
    Ok(read < want)
}

impl<'a> Reader<'a> {
    /// Begins a stream; chunks have about `size` bytes.
    #[must_use]
    pub fn open(stream: &'a Stream, size: usize, grammar: &'a dyn Grammar) -> Self {
        Reader { stream, grammar, size: size.max(1), source: 0, input: None, carry: Vec::new(), spare: Vec::new(), joined: None }
    }

    /// Begins a stream of one source whose bytes are read from `input`.
    #[must_use]
    pub fn over(stream: &'a Stream, input: Box<dyn Read + 'a>, size: usize, grammar: &'a dyn Grammar) -> Self {
        Reader { input: Some(input), ..Reader::open(stream, size, grammar) }
    }

    /// Returns the next chunk; `None` at the end.
    #[allow(clippy::should_implement_trait)] // an iterator would hide that a chunk can carry an error
    pub fn next(&mut self) -> Option<Chunk> {
        loop {
            let source = self.source;
            if self.input.is_none() {
                match open(self.stream.sources.get(source)?) {
                    Ok(input) => self.input = Some(input),
                    Err(error) => {
                        self.source += 1;
                        return Some(self.chunk(source, Vec::new(), 0, Some(error)));
                    }
                }
            }
            let mut buf = self.buffer();
            buf.append(&mut self.carry);
            let mut dropped = 0;
            let (ended, error) = self.lines(&mut buf, &mut dropped);
            if !ended {
                return Some(self.chunk(source, buf, dropped, None));
            }
            self.input = None;
            self.source += 1;
            if buf.is_empty() && error.is_none() && dropped == 0 {
                continue;
            }
            if buf.last().is_some_and(|c| *c != b'\n') {
                self.join(&mut buf);
            }
            return Some(self.chunk(source, buf, dropped, error));
        }
    }

    /// Takes back the buffer of a chunk, to be filled again.
    pub fn recycle(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.spare.push(bytes);
    }

    /// Returns an empty buffer, one that was used before if there is one.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn chunk(&mut self, source: usize, bytes: Vec<u8>, dropped: u64, error: Option<io::Error>) -> Chunk {
        let line = if self.joined == Some(source) {
            self.joined = None;
            Some(1)
        } else {
            None
        };
        Chunk { source, line, bytes, dropped, error, marks: None, wrapper_bytes: 0 }
    }

    /// Fills `buf` with whole lines; what is left of the last line is carried over. Returns whether the source ended, and its error.
    fn lines(&mut self, buf: &mut Vec<u8>, dropped: &mut u64) -> (bool, Option<io::Error>) {
        let Some(input) = self.input.as_mut() else { return (true, None) };
        let mut want = self.size;
        loop {
            match fill(input.as_mut(), buf, want) {
                Ok(true) => return (true, None),
                Err(error) => return (true, Some(error)),
                Ok(false) => {}
            }
            if let Some(end) = memrchr(b'\n', buf) {
                self.carry.extend_from_slice(&buf[end + 1..]);
                buf.truncate(end + 1);
                return (false, None);
            }
            if buf.len() >= MAX_LINE {
                // keep the beginning, skip to the line's end
                match skip_line(input.as_mut(), &mut self.carry) {
                    Ok(skipped) => *dropped += skipped,
                    Err(error) => return (true, Some(error)),
                }
                buf.push(b'\n');
                *dropped -= u64::from(*dropped > 0);
                return (false, None);
            }
            want = buf.len() + self.size;
        }
    }

    /// Completes the last line of a source with what the next source begins with, unless a record begins there and the line is whole.
    fn join(&mut self, buf: &mut Vec<u8>) {
        while let Some(next) = self.stream.sources.get(self.source) {
            let mut head = Vec::new();
            // one that cannot be opened is said when its turn comes
            let Ok(mut input) = open(next) else { return };
            let mut want = 64 * 1024;
            let ended = loop {
                match fill(input.as_mut(), &mut head, want) {
                    Ok(true) | Err(_) => break true,
                    Ok(false) if memchr(b'\n', &head).is_some() || head.len() >= MAX_LINE => break false,
                    Ok(false) => want *= 2,
                }
            };
            let first = &head[..memchr(b'\n', &head).map_or(head.len(), |i| i + 1)];
            let last = &buf[memrchr(b'\n', buf).map_or(0, |i| i + 1)..];
            if self.begins(next, first.strip_suffix(b"\n").unwrap_or(first)) && self.is_whole(last) {
                self.resume(input, head, 0);
                return;
            }
            buf.extend_from_slice(first);
            let taken = first.len();
            let complete = buf.last() == Some(&b'\n');
            if taken == head.len() && ended {
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

    /// Whether what a source begins with can be told from the rest of a line.
    fn begins(&self, next: &Source, first: &[u8]) -> bool {
        match next.wrapping.as_ref().and_then(|w| self.grammar.unwrapper(w)) {
            Some(Unwrapper::Lines(lines)) => lines.begins(first),
            Some(Unwrapper::Document(_)) => true,
            None => self.grammar.begins_record(first),
        }
    }

    /// Whether the last line of the source before can be whole.
    fn is_whole(&self, last: &[u8]) -> bool {
        let wrapping = self.source.checked_sub(1).and_then(|s| self.stream.sources[s].wrapping.as_ref());
        match wrapping.and_then(|w| self.grammar.unwrapper(w)) {
            Some(Unwrapper::Lines(lines)) => lines.is_whole(last),
            Some(Unwrapper::Document(_)) => true,
            None => self.grammar.is_whole(last),
        }
    }

    /// Goes on with a source of which some bytes were read, and the first `taken` of them used.
    fn resume(&mut self, input: Box<dyn Read + 'a>, mut head: Vec<u8>, taken: usize) {
        head.drain(..taken);
        self.input = Some(Box::new(io::Cursor::new(head).chain(input)));
    }
}

/// Skips the rest of a line; what was read behind it goes to `carry`. Returns the bytes skipped, its line feed included.
fn skip_line(input: &mut dyn Read, carry: &mut Vec<u8>) -> io::Result<u64> {
    let mut buf = vec![0; 64 * 1024];
    let mut skipped = 0;
    loop {
        let n = match input.read(&mut buf) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if n == 0 {
            return Ok(skipped);
        }
        if let Some(end) = memchr(b'\n', &buf[..n]) {
            carry.extend_from_slice(&buf[end + 1..n]);
            return Ok(skipped + end as u64 + 1);
        }
        skipped += n as u64;
    }
}
