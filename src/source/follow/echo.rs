//! What a command says again after it was started again: `kubectl logs -f` begins with the whole log each time.
//!
//! Input: the bytes of one run after the other. Output: those that were not there before. Must not know of commands or lines' meaning.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::mark::{HEAD_BYTES, Mark, Print, TAIL_BYTES};

/// Lines whose prints are kept: what a container's log holds before it is rotated.
const RECENT: usize = 1 << 16;

/// How long a run may be silent before what it said is taken for new.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes that are held while it is not clear whether they were there before.
const HELD_BYTES: usize = 8 << 20;

/// How the run at hand is met.
#[derive(Debug)]
enum Stage {
    /// It is compared with how the log began before.
    Head { held: Vec<u8>, since: Instant },
    /// It begins as before: so many bytes are known.
    Known { left: u64, last: Vec<u8> },
    /// Its lines are looked for among the recent ones; the places where they may lie.
    Lines { held: Vec<u8>, places: Vec<usize>, looked: usize },
    /// All that comes is new.
    New,
}

/// Takes off what was said before.
#[derive(Debug)]
pub(super) struct Echo {
    key: u64,
    /// How the log begins, and how much of it was taken.
    head: Vec<u8>,
    known: Option<Known>,
    last: Vec<u8>,
    /// Bytes of the log that were taken, the known ones included.
    offset: u64,
    recent: VecDeque<u64>,
    /// Lines that were found among the recent ones since they were last asked for.
    found: u64,
    stage: Stage,
}

/// How a log began, and how far it was read.
#[derive(Debug, Clone, Copy)]
struct Known {
    head: Print,
    tail: Print,
    offset: u64,
}

/// How a run turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the log that was read before, from where it was read to.
    Same,
    /// It is another log.
    Other,
    /// It begins like the log before and is another at the place that was read to.
    Changed,
}

impl Echo {
    /// Begins, where a mark is known with the log that it is of.
    pub(super) fn new(key: u64, mark: Option<&Mark>) -> Self {
        let known = mark.map(|m| Known { head: m.head, tail: m.tail, offset: m.offset }).filter(|k| k.offset > 0);
        Echo { key, head: Vec::new(), known, last: Vec::new(), offset: 0, recent: VecDeque::new(), found: 0, stage: Stage::New }
    }

    /// A run begins.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.offset > 0 {
            self.known = Some(self.known_now());
        }
        self.stage = if self.known.is_some() { Stage::Head { held: Vec::new(), since: now } } else { Stage::New };
    }

    fn known_now(&self) -> Known {
        Known { head: Print::of(&self.head, self.key), tail: Print::of(&self.last, self.key), offset: self.offset }
    }

    /// Returns the print of how the log begins.
    pub(super) fn head(&self) -> Print {
        Print::of(&self.head, self.key)
    }

    /// Returns how many bytes of the log were taken.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns how many lines of a new log were read before, and forgets it.
    pub(super) fn found(&mut self) -> u64 {
        std::mem::take(&mut self.found)
    }

    /// Takes bytes of the run; what is new of them goes to `new`. Says how the run turned out once that is clear.
    pub(super) fn take(&mut self, bytes: &[u8], new: &mut Vec<u8>) -> Option<Verdict> {
        match &mut self.stage {
            Stage::New => {
                self.pass(bytes, new);
                None
            }
            Stage::Head { held, .. } => {
                held.extend_from_slice(bytes);
                self.compare(new)
            }
            Stage::Known { left, last } => {
                let n = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                last.extend_from_slice(&bytes[..n]);
                last.drain(..last.len().saturating_sub(TAIL_BYTES));
                *left -= n as u64;
                (*left == 0).then(|| self.meet(&bytes[n..], new))
            }
            Stage::Lines { held, .. } => {
                held.extend_from_slice(bytes);
                self.align(new)
            }
        }
    }

    /// Decides about a run that has been silent.
    pub(super) fn tick(&mut self, now: Instant, new: &mut Vec<u8>) -> Option<Verdict> {
        match &mut self.stage {
            Stage::Head { held, since } if !held.is_empty() && now.duration_since(*since) > PATIENCE => {
                let held = std::mem::take(held);
                Some(self.other(&held, new))
            }
            _ => None,
        }
    }

    /// Compares how the run begins with how the log began.
    fn compare(&mut self, new: &mut Vec<u8>) -> Option<Verdict> {
        let (Stage::Head { held, .. }, Some(known)) = (&mut self.stage, self.known) else { return None };
        let n = held.len().min(self.head.len());
        let differs = held[..n] != self.head[..n];
        if !differs && held.len() < known.head.len() {
            return None;
        }
        let held = std::mem::take(held);
        if differs || !known.head.begins(&held, self.key) {
            return Some(self.other(&held, new));
        }
        self.stage = Stage::Known { left: known.offset, last: Vec::new() };
        if self.head.is_empty() {
            self.head = held[..held.len().min(known.head.len())].to_vec();
        }
        self.take(&held, new)
    }

    /// The run came to where the log was read to.
    fn meet(&mut self, rest: &[u8], new: &mut Vec<u8>) -> Verdict {
        let (Stage::Known { last, .. }, Some(known)) = (std::mem::replace(&mut self.stage, Stage::New), self.known) else { return Verdict::Other };
        let tail = &last[last.len().saturating_sub(known.tail.len())..];
        let verdict = if Print::of(tail, self.key) == known.tail { Verdict::Same } else { Verdict::Changed };
        (self.offset, self.last) = (known.offset, last);
        self.pass(rest, new);
        verdict
    }

    /// The run is of a log that begins otherwise: a rotated one begins with lines that were read perhaps.
    fn other(&mut self, held: &[u8], new: &mut Vec<u8>) -> Verdict {
        (self.offset, self.known) = (0, None);
        self.head.clear();
        self.last.clear();
        if self.recent.is_empty() {
            self.stage = Stage::New;
            self.pass(held, new);
        } else {
            self.stage = Stage::Lines { held: held.to_vec(), places: (0..self.recent.len()).collect(), looked: 0 };
            self.align(new);
        }
        Verdict::Other
    }

    /// Goes on along the recent lines, at every place where they may lie.
    fn align(&mut self, new: &mut Vec<u8>) -> Option<Verdict> {
        let Stage::Lines { held, places, looked } = &mut self.stage else { return None };
        while let Some(end) = memchr::memchr(b'\n', &held[*looked..]) {
            let line = xxh3_64_with_seed(&held[*looked..*looked + end], self.key);
            places.retain(|at| self.recent.get(*at) == Some(&line));
            for at in places.iter_mut() {
                *at += 1;
            }
            let met = places.contains(&self.recent.len());
            if places.is_empty() || met || held.len() > HELD_BYTES {
                let from = if met { *looked + end + 1 } else { 0 };
                let held = std::mem::take(held);
                self.stage = Stage::New;
                self.found = memchr::memchr_iter(b'\n', &held[..from]).count() as u64;
                self.note(&held[..from]);
                self.pass(&held[from..], new);
                return None;
            }
            *looked += end + 1;
        }
        None
    }

    /// Takes bytes for new.
    fn pass(&mut self, bytes: &[u8], new: &mut Vec<u8>) {
        self.note(bytes);
        new.extend_from_slice(bytes);
    }

    fn note(&mut self, bytes: &[u8]) {
        if self.head.len() < HEAD_BYTES && self.offset == self.head.len() as u64 {
            self.head.extend(bytes.iter().take(HEAD_BYTES - self.head.len()));
        }
        self.offset += bytes.len() as u64;
        self.last.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        self.last.drain(..self.last.len().saturating_sub(TAIL_BYTES));
    }

    /// Remembers whole lines that were handed over.
    pub(super) fn remember(&mut self, lines: &[u8]) {
        for line in lines.split_inclusive(|c| *c == b'\n') {
            self.recent.push_back(xxh3_64_with_seed(line.strip_suffix(b"\n").unwrap_or(line), self.key));
        }
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of the runs is new, each in pieces of `step` bytes.
    fn new(runs: &[&str], step: usize) -> String {
        let (mut echo, mut out) = (Echo::new(1, None), Vec::new());
        for run in runs {
            echo.begin(Instant::now());
            for piece in run.as_bytes().chunks(step) {
                let mut new = Vec::new();
                echo.take(piece, &mut new);
                echo.remember(&new);
                out.extend(new);
            }
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_was_said_before_is_not_said_again() {
        let table = [
            (vec!["a\nb\n", "a\nb\nc\n"], "a\nb\nc\n"),
            (vec!["a\nb\n", "a\nb\n"], "a\nb\n"),
            // the rest of a log that was rotated meanwhile
            (vec!["a\nb\nc\n", "b\nc\nd\n"], "a\nb\nc\nd\n"),
            (vec!["a\nb\n", "x\ny\n"], "a\nb\nx\ny\n"),
            // a new log that begins like something in the one before
            (vec!["a\nb\nc\nd\n", "b\nx\n"], "a\nb\nc\nd\nb\nx\n"),
            (vec!["a\na\nb\n", "a\nb\nc\n"], "a\na\nb\nc\n"),
            (vec!["a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n"], "a\nb\nc\nd\n"),
        ];
        for (runs, want) in table {
            for step in [2, 1000] {
                assert_eq!(new(&runs, step), want, "{runs:?} by {step}");
            }
        }
    }
}
