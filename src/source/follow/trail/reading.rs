//! Reads the open files of a path in their order, and what becomes of a file that ends, is cut, or cannot be read.
//!
//! Input: the trail's open files. Output: their lines and words about them. Must not look at the path.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::super::cutter::Cut;
use super::super::event::{Arrival, Event, What, Word};
use super::super::mark::Mark;
use super::super::reel::{Reel, Step};
use super::super::siblings::{self, Sibling};
use super::{Context, Trail, is_at};
use crate::source::Dropped;

/// How long a file that was rotated away must be silent before the next one is read; one that grows later is still read.
const SETTLE: Duration = Duration::from_millis(50);

impl Trail {
    /// Reads on; returns whether there may be more at once.
    pub(in super::super) fn read(&mut self, c: &mut Context<'_>) -> bool {
        let mut at = 0;
        while at < self.reels.len() {
            if self.reels[at].is_first_read() && self.begun_after_others(at, c) {
                return true;
            }
            let reel = &mut self.reels[at];
            let skipping = reel.is_skipping();
            match reel.step(c.spare, c.settings.chunk_bytes, c.settings.max_line, c.now) {
                Step::Lines { bytes, .. } if skipping => {
                    recycle(bytes, c);
                    if !reel.is_skipping() {
                        let mark = reel.mark(&self.name, c.key);
                        self.say(What::Appeared, vec![mark], c);
                    }
                    return true;
                }
                Step::Lines { bytes, cut, from } => {
                    self.hand_over(at, bytes, &cut, from, c);
                    return true;
                }
                Step::Truncated => {
                    self.truncated(at, c);
                    return true;
                }
                Step::Shortened(lost) => self.say(What::Truncated { lost: Some(lost) }, Vec::new(), c),
                Step::Failed(error) => {
                    self.failed(at, &error, c);
                    return true;
                }
                Step::Idle => {}
            }
            let reel = &self.reels[at];
            let is_over = reel.retired.is_some_and(|since| c.now.duration_since(since.max(reel.grown)) >= c.settings.rotate_wait);
            if is_over || reel.is_packed() {
                self.close(at, c);
                return true;
            }
            // half a line says that its writer is not done
            if at + 1 < self.reels.len() && (!reel.rest.is_empty() || c.now.duration_since(reel.grown) < SETTLE) {
                return false;
            }
            at += 1;
        }
        false
    }

    /// A file was cut and written again before anything of it was read, perhaps more than once: what was in it lies beside it. Returns whether there
    /// is such a file; it is read first.
    fn begun_after_others(&mut self, at: usize, c: &mut Context<'_>) -> bool {
        if self.reels[at].is_skipping() {
            return false;
        }
        let owed = std::mem::take(&mut self.reels[at].owed);
        let here = &self.reels[at];
        let choose = || {
            let beside = self.listed(c);
            let own = beside.iter().position(|s| is_at(here.inode, s.inode)).unwrap_or(beside.len());
            let mut unread = self.unread(&beside[..own], None, here.since, Some(here.inode), c);
            unread.retain(|s| !self.is_copy(s, here, c));
            unread
        };
        let unread = self.opened(choose, c);
        let copied: u64 = unread.iter().flat_map(|(_, opened)| opened).map(|reel| if reel.is_packed() { owed } else { reel.size }).sum();
        if owed > copied {
            self.say(What::Truncated { lost: Some(owed - copied) }, Vec::new(), c);
        }
        self.read_before(at, unread, c)
    }

    /// Reads files before the one at hand; returns whether there are any.
    fn read_before(&mut self, at: usize, unread: Vec<(PathBuf, io::Result<Reel>)>, c: &mut Context<'_>) -> bool {
        if unread.is_empty() {
            return false;
        }
        let mut behind = self.reels.split_off(at);
        // while they are read it may be copied and cut
        behind[0].fresh = behind[0].offset == 0;
        for (path, opened) in unread {
            self.older(&path, opened, c);
        }
        // the order of the generations is that of the files
        for mut reel in behind {
            if reel.offset == 0 {
                let mut old = reel.mark(&self.name, c.key);
                old.finished = true;
                let was_current = self.current == Some(reel.generation);
                reel.generation = self.next;
                self.next += 1;
                let mark = reel.mark(&self.name, c.key);
                self.say(What::Rotated, vec![old, mark], c);
                if was_current {
                    self.current = Some(reel.generation);
                }
            }
            self.reels.push(reel);
        }
        true
    }

    fn hand_over(&mut self, at: usize, bytes: Vec<u8>, cut: &Cut, from: (u64, u64), c: &mut Context<'_>) {
        let reel = &self.reels[at];
        if bytes.is_empty() && cut.dropped == Dropped::default() {
            return recycle(bytes, c);
        }
        c.left = c.left.saturating_sub(bytes.len());
        c.out.push(Event::Lines(Arrival {
            stream: self.stream,
            node: self.node.clone(),
            source: reel.source.clone(),
            generation: reel.generation,
            line: from.1,
            offset: from.0,
            bytes,
            open: false,
            dropped: cut.dropped,
            breaks: cut.breaks,
            after: Some(reel.mark(&self.name, c.key)),
        }));
    }

    /// Hands over a last line that has no line feed; its rest will not come. Returns the mark behind it.
    fn hand_over_rest(&mut self, at: usize, c: &mut Context<'_>) -> Mark {
        let reel = &mut self.reels[at];
        let (line, offset, skipping) = (reel.lines, reel.offset, reel.is_skipping());
        let bytes = reel.take_rest();
        let mark = Mark { finished: true, ..reel.mark(&self.name, c.key) };
        if !bytes.is_empty() && !skipping {
            c.out.push(Event::Lines(Arrival {
                stream: self.stream,
                node: self.node.clone(),
                source: reel.source.clone(),
                generation: reel.generation,
                line,
                offset,
                bytes,
                open: true,
                dropped: Dropped::default(),
                breaks: 0,
                after: Some(mark.clone()),
            }));
        }
        mark
    }

    /// Lets a file go that was read to its end.
    fn close(&mut self, at: usize, c: &mut Context<'_>) {
        let mark = self.hand_over_rest(at, c);
        let reel = self.reels.remove(at);
        if self.current == Some(reel.generation) {
            self.current = None;
        }
        c.out.push(Event::Word(Word { source: reel.source, stream: Some(self.stream), what: What::Finished, marks: vec![mark.clone()] }));
        self.remember(mark);
    }

    /// The file at the path was cut to be written again: what was not read of it may lie in a copy.
    fn truncated(&mut self, at: usize, c: &mut Context<'_>) {
        let mark = self.reels[at].mark(&self.name, c.key);
        let skipped = self.reels[at].is_skipping();
        let copy_in = |beside: &[Sibling]| {
            let copy = siblings::find(&mark, beside, c.key, c.now).filter(|(_, copy)| !is_at(copy.inode, mark.inode));
            let (at, copy) = copy.or_else(|| self.copy_of_half(&self.reels[at], beside, c))?;
            Some((beside[at].path.clone(), copy))
        };
        let copy = if skipped { None } else { self.searched(c, copy_in) };
        // a copy of what was not read yet can have been met already
        let is_met = copy.as_ref().is_some_and(|(_, copy)| self.is_met(copy.inode));
        let copy = copy.filter(|_| !is_met);
        let skipped = skipped || is_met;
        if is_met {
            // half a line of it stands there whole
            self.reels[at].rest.clear();
        }
        let generation = self.next;
        self.next += 1;
        let seen = self.reels[at].behind();
        if let Some((path, mut copy)) = copy {
            let in_copy = if copy.is_packed() { seen } else { copy.size.saturating_sub(copy.offset) };
            copy.source = self.beside(&path);
            (copy.retired, copy.fresh) = (Some(c.now), false);
            self.cut = Some((self.reels[at].rewind(generation), mark.offset));
            let new = self.reels[at].mark(&self.name, c.key);
            // in one word: a later run must not look for the copy's place in the file that was cut
            let marks = vec![copy.mark(&self.name, c.key), new];
            self.say(What::Truncated { lost: Some(seen.saturating_sub(in_copy)) }, marks, c);
            let inode = copy.inode;
            self.reels.insert(at, copy);
            let choose = || {
                let beside = self.listed(c);
                let (found, here) = (beside.iter().position(|s| s.inode == inode), &self.reels[at + 1]);
                let mut unread = self.unread(&beside, found, if found.is_some() { 0 } else { i64::MAX }, Some(here.inode), c);
                unread.retain(|s| !self.is_copy(s, here, c));
                unread
            };
            let unread = self.opened(choose, c);
            self.current = Some(generation).filter(|_| self.reels[at + 1].retired.is_none());
            self.read_before(at + 1, unread, c);
            return;
        }
        let held = self.reels[at].rest.len() as u64;
        // nothing of it was read, so that its copy is not known by what was: that is looked for when the next is read
        let owed = mark.offset == 0 && held == 0 && !skipped;
        self.reels[at].owed += if owed { seen } else { 0 };
        let mark = self.hand_over_rest(at, c);
        self.cut = Some((self.reels[at].rewind(generation), mark.offset));
        let new = self.reels[at].mark(&self.name, c.key);
        self.say(What::Truncated { lost: Some(if skipped || owed { 0 } else { seen.saturating_sub(held) }) }, vec![mark.clone(), new], c);
        self.remember(mark);
        if self.reels[at].retired.is_none() {
            self.current = Some(generation);
        }
        // it may have been written, copied and cut once more since it was looked at
        self.begun_after_others(at, c);
    }

    /// A file cannot be read: a packed one is damaged, another is tried again.
    fn failed(&mut self, at: usize, error: &io::Error, c: &mut Context<'_>) {
        if self.reels[at].is_packed() {
            let what = What::Damaged(error.to_string());
            c.out.push(Event::Word(Word { source: self.reels[at].source.clone(), stream: Some(self.stream), what, marks: Vec::new() }));
            return self.close(at, c);
        }
        let reel = self.reels.remove(at);
        let mark = reel.mark(&self.name, c.key);
        if self.current == Some(reel.generation) {
            self.current = None;
        }
        self.remember(mark);
        self.unreadable(error, c);
    }
}

fn recycle(mut bytes: Vec<u8>, c: &mut Context<'_>) {
    bytes.clear();
    c.spare.push(bytes);
}
