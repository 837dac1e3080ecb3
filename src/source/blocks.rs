//! A plain file, read in several places at once.
//!
//! Input: a [`Place`]. Output: a reader of its text, in buffers that end with a line's end where one is near. What one thread copies out of the page cache in a second is
//! less than what a few of them search, so with many threads each copies a block. Where blocks meet is looked up first, so that no bytes are missed or read twice,
//! whatever is written meanwhile.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};

use memchr::memchr;
use rayon::prelude::*;

use super::buffers::{Buffers, Fills};
use super::decode;
use super::place::{Place, read_once};
use super::reader::fill;

/// Bytes of a block: as many as a chunk has.
const BLOCK_BYTES: usize = 256 * 1024;

/// Bytes in which the end of a line is looked for; a block that has none in them ends amid a line.
const PROBE_BYTES: usize = 2048;

/// What reads a file.
struct Blocks {
    file: File,
    /// Where the first block begins that is not read.
    at: u64,
    /// How many are read at once.
    most: usize,
    ready: VecDeque<Vec<u8>>,
    /// How the file ended, once it did.
    end: Option<io::Result<()>>,
    /// Buffers that were used up.
    used: Vec<Vec<u8>>,
}

/// A file from some place on.
struct From<'a> {
    file: &'a File,
    at: u64,
}

impl Read for From<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = read_once(self.file, buf, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Opens a place, to be read in `most` blocks at once; `None` where it is no plain text in a file, or has no more than a block.
pub(super) fn open(place: &Place, most: usize) -> Option<Buffers> {
    let Place::File(path) = place else { return None };
    if most < 2 {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.len() <= BLOCK_BYTES as u64 {
        return None;
    }
    let at = decode::plain(&mut file).ok()?? as u64;
    Some(Buffers::of(Blocks { file, at, most, ready: VecDeque::new(), end: None, used: Vec::new() }))
}

impl Blocks {
    /// Returns where the next blocks begin and how many bytes they have; the last of them may be longer than the file.
    fn next_blocks(&self) -> io::Result<Vec<(u64, usize)>> {
        const STEP: usize = BLOCK_BYTES - PROBE_BYTES;
        let mut begin = self.at;
        let mut blocks = Vec::with_capacity(self.most);
        let mut probe = Vec::new();
        for _ in 0..self.most {
            let near = begin + STEP as u64;
            fill(&mut From { file: &self.file, at: near }, &mut probe, 0, PROBE_BYTES)?;
            let length = STEP + memchr(b'\n', &probe).map_or(probe.len(), |end| end + 1);
            if probe.is_empty() {
                blocks.push((begin, BLOCK_BYTES));
                break;
            }
            blocks.push((begin, length));
            begin += length as u64;
        }
        Ok(blocks)
    }

    /// Reads the next blocks.
    fn refill(&mut self) -> io::Result<()> {
        let blocks = self.next_blocks()?;
        self.used.resize_with(blocks.len().max(self.used.len()), Vec::new);
        let buffers = self.used.split_off(self.used.len() - blocks.len());
        let read = |((at, length), mut buffer)| {
            let end = fill(&mut From { file: &self.file, at }, &mut buffer, 0, length);
            (buffer, end)
        };
        let read: Vec<(Vec<u8>, io::Result<bool>)> = blocks.into_par_iter().zip(buffers).map(read).collect();
        for (buffer, end) in read {
            if self.end.is_none() {
                self.at += buffer.len() as u64;
                self.ready.push_back(buffer);
                self.end = end.map_or_else(|error| Some(Err(error)), |ended| ended.then_some(Ok(())));
            } else {
                // behind the end, where the file was cut short meanwhile
                self.used.push(buffer);
            }
        }
        Ok(())
    }
}

impl Fills for Blocks {
    fn next(&mut self, used: Vec<u8>) -> io::Result<Vec<u8>> {
        if used.capacity() > 0 {
            self.used.push(used);
        }
        if self.ready.is_empty() && self.end.is_none() {
            self.refill()?;
        }
        if let Some(next) = self.ready.pop_front() {
            return Ok(next);
        }
        self.end.replace(Ok(())).unwrap_or(Ok(())).map(|()| Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a file and returns what is read of it, and how long each buffer was.
    fn read_back(text: &[u8], most: usize) -> Option<(Vec<u8>, Vec<usize>)> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("server.log");
        std::fs::write(&path, text).expect("a file");
        let mut buffers = open(&Place::File(path), most)?;
        let (mut all, mut lengths) = (Vec::new(), Vec::new());
        loop {
            let mut buf = b"what stood there before".to_vec();
            let ended = buffers.fill(&mut buf, 0, BLOCK_BYTES).expect("text");
            all.extend_from_slice(&buf);
            lengths.push(buf.len());
            if ended {
                return Some((all, lengths));
            }
        }
    }

    fn lines(length: usize, bytes: usize) -> Vec<u8> {
        let mut text = Vec::new();
        for number in 0.. {
            if text.len() >= bytes {
                break;
            }
            text.extend_from_slice(format!("{number} {}\n", "x".repeat(length)).as_bytes());
        }
        text
    }

    #[test]
    fn a_file_is_read_once_and_in_order() {
        let mixed = [lines(100, 700_000), lines(5000, 900_000), lines(600_000, 1_300_000), lines(30, 300_000)].concat();
        for text in [&lines(300, 3_000_000)[..], &mixed, &mixed[..mixed.len() - 7], &[&b"\xef\xbb\xbf"[..], &lines(200, 600_000)].concat()] {
            for most in [2, 3, 8, 64] {
                let (read, lengths) = read_back(text, most).expect("a file of several blocks");
                assert_eq!(read.len(), text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).len());
                assert!(text.ends_with(&read));
                assert!(lengths.iter().all(|length| *length <= BLOCK_BYTES));
            }
        }
    }

    #[test]
    fn blocks_end_where_lines_do() {
        let text = lines(1000, 2_000_000);
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("server.log");
        std::fs::write(&path, &text).expect("a file");
        let mut buffers = open(&Place::File(path), 4).expect("a file of several blocks");
        let mut blocks = 0;
        loop {
            let mut buf = Vec::new();
            if buffers.fill(&mut buf, 0, BLOCK_BYTES).expect("text") {
                break;
            }
            assert!(buf.ends_with(b"\n"));
            blocks += 1;
        }
        assert_eq!(blocks, text.len().div_ceil(BLOCK_BYTES - PROBE_BYTES));
    }

    #[test]
    fn what_is_no_long_plain_file_is_left_to_others() {
        assert!(read_back(&lines(100, BLOCK_BYTES / 2), 8).is_none());
        assert!(read_back(&lines(100, 3 * BLOCK_BYTES), 1).is_none());
        assert!(read_back(&[&b"\x1f\x8b\x08"[..], &lines(100, 3 * BLOCK_BYTES)].concat(), 8).is_none());
    }
}
