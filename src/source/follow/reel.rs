//! One file that is read on as it grows, known by its [`Inode`] and content.
//!
//! Input: an open file, or the text of one that is packed. Output: a [`Step`] a call. Must not know of other files or of the path that is followed.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::cutter::{Cut, Cutter};
use super::mark::{HEAD_BYTES, Inode, Mark, Print, TAIL_BYTES};
use super::place;
use crate::source::Place;
use crate::source::cut::HOLE;
use crate::source::decode::{self, Kind};

/// Where the bytes come from.
enum Input {
    /// A file that may still grow.
    File(File),
    /// The text of a packed file: it is finished.
    Text(Box<dyn io::Read + Send>),
}

/// What a call of [`Reel::step`] found.
#[derive(Debug)]
pub(super) enum Step {
    /// Lines, perhaps none that are to be handed over.
    Lines {
        /// The lines.
        bytes: Vec<u8>,
        /// How they were cut.
        cut: Cut,
        /// Where they lie, and the number of lines before them.
        from: (u64, u64),
    },
    /// There is nothing more for now.
    Idle,
    /// The file is not what it was: it was cut to be written again.
    Truncated,
    /// So many bytes of its end were cut off before they were read; what stands before them is what it was.
    Shortened(u64),
    /// It cannot be read.
    Failed(io::Error),
}

/// A file that is read.
pub(super) struct Reel {
    input: Input,
    /// How outputs name it.
    pub(super) source: Arc<str>,
    pub(super) inode: Inode,
    /// Which of the path's files it is.
    pub(super) generation: u64,
    /// The end of the last line that was handed over.
    pub(super) offset: u64,
    /// Lines before it.
    pub(super) lines: u64,
    /// Lines before this place are counted and not handed over.
    skip_to: u64,
    /// What was read behind the offset.
    pub(super) rest: Vec<u8>,
    /// The last bytes before the offset, as many as are remembered.
    before: Vec<u8>,
    /// The first bytes, as many as are remembered.
    head: Vec<u8>,
    /// The largest size that was seen.
    pub(super) size: u64,
    /// When it was last written, nanoseconds since the epoch.
    pub(super) written: i64,
    /// When it was last written before it was read: what lies beside it and was written since may have been written before it.
    pub(super) since: i64,
    /// Nothing of it was read yet, and nobody has asked for files that were written before it.
    pub(super) fresh: bool,
    /// When it had last been written as that was asked while it was empty.
    asked: i64,
    /// Bytes that were seen in it, and that it was cut before they were read: a copy may have them.
    pub(super) owed: u64,
    /// When it last grew.
    pub(super) grown: Instant,
    /// Since when it is not the one at the path.
    pub(super) retired: Option<Instant>,
    /// Why it cannot be read on, said once what came before it is used.
    damage: Option<io::Error>,
    cutter: Cutter,
}

impl std::fmt::Debug for Reel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reel").field("source", &self.source).field("generation", &self.generation).field("offset", &self.offset).finish_non_exhaustive()
    }
}

impl Reel {
    fn new(input: Input, source: Arc<str>, inode: Inode, generation: u64, now: Instant) -> Self {
        Reel {
            input,
            source,
            inode,
            generation,
            offset: 0,
            lines: 0,
            skip_to: 0,
            rest: Vec::new(),
            before: Vec::new(),
            head: Vec::new(),
            size: 0,
            written: 0,
            since: 0,
            fresh: true,
            asked: 0,
            owed: 0,
            grown: now,
            retired: None,
            damage: None,
            cutter: Cutter::default(),
        }
    }

    /// Reads a file from its beginning.
    pub(super) fn whole(file: File, source: Arc<str>, generation: u64, now: Instant) -> io::Result<Self> {
        let meta = file.metadata()?;
        let mut reel = Reel::new(Input::File(file), source, Inode::of(&meta), generation, now);
        (reel.size, reel.written) = (meta.len(), place::written(&meta));
        (reel.since, reel.asked) = (reel.written, reel.written);
        if let Input::File(file) = &reel.input {
            // it may be packed before any of it is read
            place::read_at(file, &mut reel.head, 0, HEAD_BYTES)?;
        }
        Ok(reel)
    }

    /// Opens what lies at a path, packed or not, to read it from its beginning.
    pub(super) fn open(path: &Path, source: Arc<str>, generation: u64, now: Instant) -> io::Result<Self> {
        let file = place::open(path)?;
        let meta = file.metadata()?;
        let mut head = Vec::new();
        place::read_at(&file, &mut head, 0, HEAD_BYTES)?;
        if matches!(Kind::of(&head), Kind::Utf8(_)) {
            return Reel::whole(file, source, generation, now);
        }
        let text = decode::open(&Place::File(path.to_owned()))?;
        if matches!(text.kind, Kind::Zip | Kind::Tar) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it is an archive"));
        }
        let mut reel = Reel::new(Input::Text(text.read), source, Inode::of(&meta), generation, now);
        reel.written = place::written(&meta);
        if !fs::metadata(path).is_ok_and(|now| Inode::of(&now) == reel.inode) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it was renamed while it was opened"));
        }
        Ok(reel)
    }

    /// Goes on where a mark says, if this is the file that it is of.
    pub(super) fn resume(mut self, mark: &Mark, key: u64) -> io::Result<Option<Self>> {
        let (offset, tail_bytes) = (usize::try_from(mark.offset).unwrap_or(usize::MAX), mark.tail.len());
        // of a file of which little was read the head is longer than that
        let head_bytes = HEAD_BYTES.min(offset.max(mark.head.len()));
        self.head.clear();
        match &mut self.input {
            Input::File(file) => {
                if self.size < mark.offset {
                    return Ok(None);
                }
                place::read_at(file, &mut self.head, 0, head_bytes)?;
                place::read_at(file, &mut self.before, mark.offset.saturating_sub(tail_bytes as u64), tail_bytes)?;
            }
            Input::Text(text) => {
                text.by_ref().take(head_bytes as u64).read_to_end(&mut self.head)?;
                if !mark.head.begins(&self.head, key) {
                    return Ok(None);
                }
                let used = offset.min(self.head.len());
                self.before = self.head[..used].to_vec();
                let mut left = mark.offset - used as u64;
                while left > 0 {
                    let n = left.min(1 << 16);
                    let read = text.by_ref().take(n).read_to_end(&mut self.before)?;
                    if read == 0 {
                        return Ok(None);
                    }
                    left -= read as u64;
                    let surplus = self.before.len().saturating_sub(TAIL_BYTES);
                    self.before.drain(..surplus);
                }
                let surplus = self.before.len().saturating_sub(tail_bytes);
                self.before.drain(..surplus);
                if used < self.head.len() {
                    let unused = io::Cursor::new(self.head[used..].to_vec());
                    let rest = std::mem::replace(text, Box::new(io::empty()));
                    *text = Box::new(unused.chain(rest));
                }
            }
        }
        if !mark.head.begins(&self.head, key) || Print::of(&self.before, key) != mark.tail {
            return Ok(None);
        }
        (self.offset, self.lines, self.generation) = (mark.offset, mark.lines, mark.generation);
        self.size = self.size.max(mark.offset);
        (self.since, self.fresh, self.asked) = (mark.written, mark.offset == 0, mark.written);
        Ok(Some(self))
    }

    /// Returns the mark of a file's end, without its lines; `None` for what cannot be read or is packed.
    pub(super) fn end_of(path: &Path, name: &Arc<str>, key: u64, now: Instant) -> Option<Mark> {
        let mut reel = Reel::open(path, name.clone(), 0, now).ok()?;
        let Input::File(file) = &reel.input else { return None };
        place::read_at(file, &mut reel.before, reel.size.saturating_sub(TAIL_BYTES as u64), TAIL_BYTES).ok()?;
        reel.offset = reel.size;
        Some(Mark { finished: true, ..reel.mark(name, key) })
    }

    /// Counts the lines before a place and does not hand them over.
    pub(super) fn skip_to(&mut self, offset: u64) {
        self.skip_to = offset;
    }

    /// Whether lines are still counted that are not to be handed over.
    pub(super) fn is_skipping(&self) -> bool {
        self.offset < self.skip_to
    }

    /// Finds where the line begins that is so many lines before the end.
    pub(super) fn lines_before_end(&self, lines: u64) -> io::Result<u64> {
        let Input::File(file) = &self.input else { return Ok(0) };
        let (mut at, mut left, mut buf) = (self.size, lines, Vec::new());
        while at > 0 {
            let n = at.min(1 << 16);
            buf.clear();
            place::read_at(file, &mut buf, at - n, usize::try_from(n).unwrap_or(0))?;
            for end in memchr::memrchr_iter(b'\n', &buf) {
                if left == 0 {
                    return Ok(at - n + end as u64 + 1);
                }
                left -= 1;
            }
            at -= n;
        }
        Ok(0)
    }

    /// Whether files may have been written before it since this was asked last: its first bytes are about to be read, it was rotated away before there
    /// were any, or it is empty again.
    pub(super) fn is_first_read(&mut self) -> bool {
        let Input::File(file) = &self.input else { return false };
        if !self.fresh {
            return false;
        }
        let (len, written) = file.metadata().map_or((0, self.asked), |meta| (meta.len(), place::written(&meta)));
        if len < self.size {
            // it was cut: that comes first
            return false;
        }
        self.fresh = len == 0 && self.retired.is_none();
        !self.fresh || std::mem::replace(&mut self.asked, written) != written
    }

    /// Whether it begins with these bytes, as far as it goes.
    pub(super) fn begins_with(&self, head: &[u8]) -> bool {
        let (Input::File(file), mut own) = (&self.input, Vec::new()) else { return false };
        place::read_at(file, &mut own, 0, head.len()).is_ok_and(|_| head.starts_with(&own))
    }

    /// Whether it begins with all of these bytes.
    pub(super) fn holds(&self, beginning: &[u8]) -> bool {
        self.size >= beginning.len() as u64 && self.begins_with(beginning)
    }

    /// Whether the other file begins as this one does, as far as the shorter one goes.
    pub(super) fn begins_like(&self, other: &Reel) -> bool {
        let (Input::File(a), Input::File(b)) = (&self.input, &other.input) else { return false };
        let (Ok(size_a), Ok(size_b)) = (a.metadata().map(|m| m.len()), b.metadata().map(|m| m.len())) else { return false };
        let common = size_a.min(size_b);
        if common == 0 {
            return false;
        }
        let is_same = |at: u64, n: usize| {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            place::read_at(a, &mut x, at, n).is_ok() && place::read_at(b, &mut y, at, n).is_ok() && x == y
        };
        let head = HEAD_BYTES.min(usize::try_from(common).unwrap_or(HEAD_BYTES));
        is_same(0, head) && is_same(common - head as u64, head)
    }

    /// Bytes that are written and not handed over.
    pub(super) fn behind(&self) -> u64 {
        self.size.saturating_sub(self.offset.max(self.skip_to))
    }

    /// Where reading goes on.
    fn at(&self) -> u64 {
        self.offset + self.rest.len() as u64
    }

    /// Whether it can grow no more.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self.input, Input::Text(_))
    }

    /// Returns the place that was read to.
    pub(super) fn mark(&self, path: &Arc<str>, key: u64) -> Mark {
        Mark {
            path: path.clone(),
            generation: self.generation,
            inode: self.inode,
            head: Print::of(&self.head, key),
            tail: Print::of(&self.before, key),
            offset: self.offset,
            lines: self.lines,
            size: self.size,
            written: self.written,
            finished: false,
        }
    }

    /// Returns a mark by which a copy of its content is known, whether any of it was read or not.
    pub(super) fn likeness(&self, path: &Arc<str>, key: u64) -> Mark {
        let mark = self.mark(path, key);
        let Input::File(file) = &self.input else { return mark };
        let (mut tail, size) = (Vec::new(), file.metadata().map_or(0, |meta| meta.len()));
        if self.offset > 0 || place::read_at(file, &mut tail, size.saturating_sub(TAIL_BYTES as u64), TAIL_BYTES).is_err() {
            return mark;
        }
        Mark { tail: Print::of(&tail, key), offset: size, ..mark }
    }

    /// Takes what was read of a last line whose end will not come.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.offset += rest.len() as u64;
            self.lines += 1;
            self.before.extend_from_slice(&rest[rest.len().saturating_sub(TAIL_BYTES)..]);
            self.before.drain(..self.before.len().saturating_sub(TAIL_BYTES));
        }
        rest
    }

    /// Begins anew: the file was cut to be written again. Returns how it had begun.
    pub(super) fn rewind(&mut self, generation: u64) -> Vec<u8> {
        // where nothing was read of it what came before it was not looked for yet
        let since = if self.offset == 0 { self.since.min(self.written) } else { self.written };
        (self.offset, self.lines, self.skip_to, self.size, self.generation) = (0, 0, 0, 0, generation);
        (self.since, self.fresh, self.asked) = (since, true, self.written);
        self.rest.clear();
        self.before.clear();
        self.cutter = Cutter::default();
        std::mem::take(&mut self.head)
    }

    /// Reads on; buffers are taken from `spare`.
    pub(super) fn step(&mut self, spare: &mut Vec<Vec<u8>>, chunk: usize, max_line: usize, now: Instant) -> Step {
        let at = self.at();
        if let Some(error) = self.damage.take() {
            return Step::Failed(error);
        }
        let left = usize::try_from(self.skip_to.saturating_sub(at)).unwrap_or(usize::MAX);
        let chunk = if left > 0 { chunk.min(left) } else { chunk };
        if let Input::File(file) = &self.input {
            match file.metadata() {
                Ok(meta) if meta.len() == at && meta.len() == self.size && place::written(&meta) == self.written => return Step::Idle,
                Ok(_) => {}
                Err(error) => return Step::Failed(error),
            }
        }
        let mut bytes = spare.pop().unwrap_or_default();
        bytes.append(&mut self.rest);
        let held = bytes.len();
        let read = match &mut self.input {
            Input::Text(text) => {
                bytes.reserve(chunk);
                text.by_ref().take(chunk as u64).read_to_end(&mut bytes).map(Read::Bytes)
            }
            Input::File(file) => {
                let known = self.before.len() + held;
                let seen: Vec<u8> = self.before.iter().chain(&bytes[..held]).skip(known.saturating_sub(TAIL_BYTES)).copied().collect();
                let look = Look { at, seen: &seen, size: self.size };
                look.read(file, &mut bytes, chunk)
            }
        };
        if let Ok(Read::Grown { size, written, .. } | Read::Shorter { size, written }) = &read {
            if *size > self.size {
                self.grown = now;
            }
            self.written = *written;
        }
        match read {
            Ok(Read::Grown { size, bytes: n, .. }) => {
                self.size = size;
                if n == 0 { self.back(bytes, Step::Idle) } else { self.cut(bytes, held, max_line) }
            }
            Ok(Read::Shorter { size, .. }) => {
                let lost = self.size - size;
                self.size = size;
                self.back(bytes, Step::Shortened(lost))
            }
            Ok(Read::Other) => self.back(bytes, Step::Truncated),
            Ok(Read::Bytes(0)) => self.back(bytes, Step::Idle),
            // what a damaged file gave before it failed is used
            Err(error) if bytes.len() == held => self.back(bytes, Step::Failed(error)),
            read => {
                self.damage = read.err();
                self.size = self.size.max(at + (bytes.len() - held) as u64);
                self.cut(bytes, held, max_line)
            }
        }
    }

    /// Keeps what was held.
    fn back(&mut self, bytes: Vec<u8>, step: Step) -> Step {
        self.rest = bytes;
        step
    }

    fn cut(&mut self, mut bytes: Vec<u8>, held: usize, max_line: usize) -> Step {
        let from = (self.offset, self.lines);
        // of a file that was not read the head is known already
        let known = (self.head.len() as u64).checked_sub(self.offset + held as u64).and_then(|n| usize::try_from(n).ok());
        if let Some(known) = known {
            let room = HEAD_BYTES.saturating_sub(self.head.len());
            self.head.extend(bytes[held..].iter().skip(known).take(room));
        }
        let jump = if bytes.len() - held >= HOLE && bytes[held..].iter().all(|c| *c == 0) {
            self.hole(from.0 + held as u64).saturating_sub(bytes.len() as u64)
        } else {
            0
        };
        let mut marker = std::mem::take(&mut self.before);
        let raw_tail = |used: usize, bytes: &[u8]| bytes[used.saturating_sub(TAIL_BYTES)..used].to_vec();
        // the cut changes the bytes: what may stand before the new offset is kept aside
        let last = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        let (at_last, at_end) = (raw_tail(last, &bytes), raw_tail(bytes.len(), &bytes));
        let whole = bytes.len();
        let mut rest = Vec::new();
        let mut cut = self.cutter.cut(&mut bytes, &mut rest, self.offset, max_line);
        let used = usize::try_from(cut.used).unwrap_or(usize::MAX);
        marker.extend_from_slice(if used == whole {
            &at_end
        } else if used == last {
            &at_last
        } else {
            &[]
        });
        marker.drain(..marker.len().saturating_sub(TAIL_BYTES));
        if jump > 0 && rest.is_empty() {
            // a hole on the disk is not read
            cut.dropped.holes += jump;
            cut.used += jump;
            marker = vec![0; TAIL_BYTES];
        }
        self.before = marker;
        self.rest = rest;
        self.offset += cut.used;
        self.lines += cut.lines;
        if from.0 == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Step::Lines { bytes, cut, from }
    }

    /// Returns how many bytes from there are a hole.
    fn hole(&self, at: u64) -> u64 {
        match &self.input {
            Input::File(file) => place::data(file, at).map_or(0, |data| data.saturating_sub(at)),
            Input::Text(_) => 0,
        }
    }
}

/// What a read found.
enum Read {
    /// So many bytes of a packed file's text.
    Bytes(usize),
    /// So many bytes of a file of that size.
    Grown { size: u64, written: i64, bytes: usize },
    /// The file lost some of its end.
    Shorter { size: u64, written: i64 },
    /// What was read is not there any more.
    Other,
}

/// What is known of a file before it is read on.
struct Look<'a> {
    /// Where it is read on.
    at: u64,
    /// What stands before that place.
    seen: &'a [u8],
    /// Its size when it was last looked at.
    size: u64,
}

impl Look<'_> {
    /// Adds up to `chunk` bytes to `buf`, if the file is what it was.
    fn read(&self, file: &File, buf: &mut Vec<u8>, chunk: usize) -> io::Result<Read> {
        let meta = file.metadata()?;
        let (size, written) = (meta.len(), place::written(&meta));
        if size < self.at || (size < self.size && self.at == 0) {
            return Ok(Read::Other);
        }
        let held = buf.len();
        let count = if size < self.size { 0 } else { usize::try_from(size - self.at).unwrap_or(chunk).min(chunk) };
        let bytes = place::read_at(file, buf, self.at, count)?;
        // after the reading, so that it shows whenever the file was cut before it
        if !self.is_still(file)? {
            buf.truncate(held);
            return Ok(Read::Other);
        }
        Ok(if size < self.size { Read::Shorter { size, written } } else { Read::Grown { size, written, bytes } })
    }

    /// Whether what stands before the place is still what was read there.
    fn is_still(&self, file: &File) -> io::Result<bool> {
        let mut found = Vec::with_capacity(self.seen.len());
        place::read_at(file, &mut found, self.at - self.seen.len() as u64, self.seen.len())?;
        Ok(found == self.seen)
    }
}
