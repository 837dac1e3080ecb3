//! Failures that wait for the end of the input, in order, in bounded memory.
//!
//! Input: [`Waiting`] failures in any order. Output: the same in the order of (time, node, stream, position), unknown times last. Beyond a number of them,
//! sorted runs go to a temporary file that has no name and is gone with the process.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use super::packed::Packed;
use super::timeline::Waiting;

/// What findings are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The time is not known; such failures come last.
    unknown: bool,
    time: i64,
    node: Arc<str>,
    stream: usize,
    position: u64,
}

impl Order {
    /// Returns the place of a failure of that node's stream.
    #[must_use]
    pub fn of(waiting: &Waiting, node: &Arc<str>, stream: usize) -> Self {
        Order { unknown: waiting.time.is_none(), time: waiting.time.unwrap_or(0), node: Arc::clone(node), stream, position: waiting.position }
    }
}

/// A node's name and its stream.
type Node = (Arc<str>, usize);

/// Failures kept in memory before they are written out; one takes about 900 bytes.
pub const KEEP: usize = 20_000;

/// Bytes that are written at once.
const WRITE: usize = 1 << 16;

/// The store.
#[derive(Debug)]
pub struct Spill {
    keep: usize,
    /// Whether the order matters.
    ordered: bool,
    /// Takes out what may not be written.
    clean: fn(&mut Waiting),
    held: Vec<(Order, Waiting)>,
    /// Names and streams of their nodes, by number.
    nodes: Vec<Option<Node>>,
    /// Failures whose order does not matter.
    loose: Vec<Waiting>,
    file: Option<File>,
    /// Where each run begins in the file, and how many it holds.
    runs: Vec<(u64, usize)>,
    /// What is written next.
    bytes: Vec<u8>,
}

impl Default for Spill {
    fn default() -> Self {
        Spill::keeping(KEEP)
    }
}

impl Spill {
    /// Returns a store that keeps so many in memory.
    #[must_use]
    pub fn keeping(keep: usize) -> Self {
        Spill {
            keep: keep.max(1),
            ordered: true,
            clean: |_| (),
            held: Vec::new(),
            nodes: Vec::new(),
            loose: Vec::new(),
            file: None,
            runs: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Returns a store that gives back its failures in any order.
    #[must_use]
    pub fn unordered() -> Self {
        // what needs no merging is one run, and what is small stays in the processor's caches
        Spill { ordered: false, ..Spill::keeping(KEEP / 16) }
    }

    /// Cleans failures before they are written.
    #[must_use]
    pub fn cleaned(self, clean: fn(&mut Waiting)) -> Self {
        Spill { clean, ..self }
    }

    /// Adds a failure; `order` says what it is ordered by, where that matters.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn push(&mut self, waiting: Waiting, order: impl FnOnce(&Waiting) -> Order) -> io::Result<()> {
        if self.ordered {
            let order = order(&waiting);
            let node = waiting.node as usize;
            self.nodes.resize(self.nodes.len().max(node + 1), None);
            self.nodes[node].get_or_insert_with(|| (Arc::clone(&order.node), order.stream));
            self.held.push((order, waiting));
            if self.held.len() >= self.keep {
                self.held.sort_unstable_by(|a, b| a.0.cmp(&b.0));
                let start = self.write()?;
                self.runs.push((start, self.keep));
            }
            return Ok(());
        }
        self.loose.push(waiting);
        if self.loose.len() >= self.keep {
            let start = self.write()?;
            // one run, however often it is written to
            match self.runs.last_mut() {
                Some(run) => run.1 += self.keep,
                None => self.runs.push((start, self.keep)),
            }
        }
        Ok(())
    }

    /// Writes what is in memory to the end of the file, which is made if there is none; returns where it begins.
    fn write(&mut self) -> io::Result<u64> {
        let file = match self.file.as_mut() {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        let start = file.seek(SeekFrom::End(0))?;
        let bytes = &mut self.bytes;
        for mut waiting in self.held.drain(..).map(|(_, waiting)| waiting).chain(self.loose.drain(..)) {
            (self.clean)(&mut waiting);
            let begin = bytes.len();
            bytes.extend_from_slice(&[0; 4]);
            waiting.pack(bytes);
            let length = u32::try_from(bytes.len() - begin - 4).map_err(io::Error::other)?;
            bytes[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
            if bytes.len() >= WRITE {
                file.write_all(bytes)?;
                bytes.clear();
            }
        }
        file.write_all(bytes)?;
        bytes.clear();
        Ok(start)
    }

    /// Returns all failures in order.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn sorted(mut self) -> io::Result<Sorted> {
        self.held.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut runs = Vec::new();
        if let Some(file) = &self.file {
            for (start, count) in &self.runs {
                let file = BufReader::with_capacity(1 << 15, At { file: file.try_clone()?, at: *start });
                runs.push(Run { file, left: *count, bytes: Vec::new() });
            }
        }
        let rest = if self.ordered { None } else { runs.pop() };
        let (held, loose) = (self.held.into_iter(), self.loose.into_iter());
        let mut sorted = Sorted { held, nodes: self.nodes, loose, rest, runs, heads: BinaryHeap::new(), items: Vec::new() };
        for run in 0..=sorted.runs.len() {
            sorted.items.push(None);
            sorted.refill(run)?;
        }
        Ok(sorted)
    }
}

/// Reads a file from a place of its own, whatever other readers of it do.
struct At {
    file: File,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let n = self.file.read(buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

struct Run {
    file: BufReader<At>,
    left: usize,
    bytes: Vec<u8>,
}

impl Run {
    /// Reads the bytes of the next failure.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        self.bytes.resize(u32::from_le_bytes(length) as usize, 0);
        self.file.read_exact(&mut self.bytes)?;
        Ok(Some(&self.bytes))
    }
}

/// Nobody else has the temporary file.
fn foreign() -> io::Error {
    io::Error::other("what the temporary file holds is not what was written")
}

/// All failures in order.
pub struct Sorted {
    held: std::vec::IntoIter<(Order, Waiting)>,
    nodes: Vec<Option<Node>>,
    /// Those whose order does not matter: in memory, and in a file.
    loose: std::vec::IntoIter<Waiting>,
    rest: Option<Run>,
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Order, usize)>>,
    /// The next failure of each run; the last place is that of what was never written.
    items: Vec<Option<Waiting>>,
}

impl Sorted {
    fn refill(&mut self, run: usize) -> io::Result<()> {
        let next = match self.runs.get_mut(run) {
            None => self.held.next(),
            Some(run) => match run.next()? {
                None => None,
                Some(mut bytes) => {
                    let waiting = Waiting::unpack(&mut bytes).ok_or_else(foreign)?;
                    let (name, stream) = self.nodes.get(waiting.node as usize).and_then(Option::as_ref).ok_or_else(foreign)?;
                    Some((Order::of(&waiting, name, *stream), waiting))
                }
            },
        };
        if let Some((order, waiting)) = next {
            self.heads.push(Reverse((order, run)));
            self.items[run] = Some(waiting);
        }
        Ok(())
    }

    /// Takes the first of the next failures of all runs.
    fn first(&mut self) -> io::Result<Option<Waiting>> {
        let Some(Reverse((_, run))) = self.heads.pop() else { return Ok(None) };
        let first = self.items[run].take();
        self.refill(run)?;
        Ok(first)
    }

    /// Puts the next failure in the place of another, or behind all; says whether there was one.
    fn next(&mut self, others: &mut Vec<Waiting>, place: usize) -> io::Result<bool> {
        if let (Some(run), 0) = (&mut self.rest, self.loose.len())
            && let Some(mut bytes) = run.next()?
        {
            let waiting = match others.get_mut(place) {
                Some(other) => other.unpack_over(&mut bytes),
                None => Waiting::unpack(&mut bytes).map(|waiting| others.push(waiting)),
            };
            return waiting.map(|()| true).ok_or_else(foreign);
        }
        let next = self.loose.next();
        let Some(waiting) = next.map_or_else(|| self.first(), |waiting| Ok(Some(waiting)))? else { return Ok(false) };
        match others.get_mut(place) {
            Some(other) => *other = waiting,
            None => others.push(waiting),
        }
        Ok(true)
    }

    /// Returns the next `count` failures; none at the end. They take the places of others, whose memory is used again.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn take(&mut self, count: usize, mut others: Vec<Waiting>) -> io::Result<Vec<Waiting>> {
        let mut taken = 0;
        while taken < count && self.next(&mut others, taken)? {
            taken += 1;
        }
        others.truncate(taken);
        Ok(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Trust;
    use crate::names::Names;
    use crate::signal::{Failure, Word};
    use crate::triage::joined::{At, Companions, Failed};

    fn waiting(time: Option<i64>, position: u64) -> Waiting {
        let failure = Failure {
            realm: Some(Names::default().number(b"shop")),
            ip: Some("10.0.0.1".into()),
            error: Some(Word::new("an error of tomorrow")),
            ..Failure::bare(Word::new("CODE_TO_TOKEN_ERROR"), Trust::Quoted, u128::from(position) << 64)
        };
        let failed = Failed {
            failure: Box::new(failure),
            with: Companions { format: Some(At::new(0, 1, 0)), ..Companions::default() }.into(),
            ordinal: 0,
            session: None,
            answers: Vec::new(),
            browser: None,
        };
        Waiting { time, node: 0, position, at: At::new(0, position, 0), failed, realm: None, client: None, facts: None }
    }

    #[test]
    fn what_is_written_was_cleaned() {
        let clean = |w: &mut Waiting| w.failed.failure.reason = None;
        for spill in [Spill::keeping(4), Spill { keep: 4, ..Spill::unordered() }] {
            let mut spill = spill.cleaned(clean);
            for i in 0..10 {
                let mut w = waiting(Some(i), 0);
                w.failed.failure.reason = Some(Word::new("a secret of ten thousand"));
                spill.push(w, |w| Order::of(w, &"n".into(), 0)).expect("a temporary file");
            }
            let mut written = Vec::new();
            super::At { file: spill.file.as_ref().expect("a file").try_clone().expect("a file"), at: 0 }.read_to_end(&mut written).expect("bytes");
            assert!(written.len() > 100 && memchr::memmem::find(&written, b"a secret").is_none());
            let back = spill.sorted().and_then(|mut s| s.take(20, Vec::new())).expect("failures");
            assert_eq!((back.len(), back.iter().filter(|w| w.failed.failure.reason.is_none()).count()), (10, 8));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order_however_little_is_kept(times in proptest::collection::vec(proptest::option::of(0i64..50), 0..120), keep in 1usize..40) {
            let node: Arc<str> = "n".into();
            let mut spill = Spill::keeping(keep);
            let mut want = Vec::new();
            for (i, time) in times.iter().enumerate() {
                let w = waiting(*time, i as u64);
                want.push((time.is_none(), time.unwrap_or(0), i as u64, w.clone()));
                spill.push(w, |w| Order::of(w, &node, 0)).expect("a temporary file");
            }
            want.sort_by_key(|w| (w.0, w.1, w.2));
            let mut sorted = spill.sorted().expect("a temporary file");
            let mut got = Vec::new();
            loop {
                let part = sorted.take(7, Vec::new()).expect("a temporary file");
                if part.is_empty() { break }
                got.extend(part);
            }
            proptest::prop_assert_eq!(got, want.into_iter().map(|w| w.3).collect::<Vec<_>>());
        }
    }
}
