//! One path that is followed: the file that stands there, those before it that are still read, and the turn from one to the next.
//!
//! Input: what lies at the path and beside it. Output: [`Event`]s, the older file's rest before the newer file's lines. Must not know of other paths
//! beyond which are followed themselves.

mod reading;
mod search;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::{Event, What, Word};
use super::mark::{HEAD_BYTES, Inode, Mark};
use super::place;
use super::reel::Reel;
use super::siblings;
use super::{Settings, Start};

/// The pause after a path could not be read, doubled each time up to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Files of the path that are remembered when they are not read any more.
const KNOWN: usize = 16;

/// What a trail needs of the follower.
pub(super) struct Context<'a> {
    pub(super) settings: &'a Settings,
    /// What prints are keyed with.
    pub(super) key: u64,
    pub(super) now: Instant,
    /// All paths that are followed.
    pub(super) followed: &'a HashSet<PathBuf>,
    /// Files that other trails have open.
    pub(super) others: &'a HashSet<(u64, u64)>,
    pub(super) spare: &'a mut Vec<Vec<u8>>,
    pub(super) out: &'a mut Vec<Event>,
    /// Bytes that may still be handed over.
    pub(super) left: usize,
}

/// How a path stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    New,
    There,
    Gone,
    Unreadable,
    Refused,
}

/// A path that is followed.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) path: PathBuf,
    /// The path as positions know it.
    pub(super) name: Arc<str>,
    pub(super) source: Arc<str>,
    pub(super) node: Arc<str>,
    pub(super) stream: usize,
    /// The open files, oldest first.
    pub(super) reels: Vec<Reel>,
    /// The generation that stands at the path.
    current: Option<u64>,
    /// Files that were read, or are to be found again.
    known: Vec<Mark>,
    /// Files that lay beside it from the beginning and are not to be read, should one come to the path.
    aside: Vec<Mark>,
    /// How the file that was cut last had begun, and how far it was read.
    cut: Option<(Vec<u8>, u64)>,
    /// The next generation.
    next: u64,
    start: Start,
    /// Older files that are read first.
    history: Vec<PathBuf>,
    standing: Standing,
    /// Since when nothing stands at the path.
    gone: Option<Instant>,
    /// When the path's folder had last changed as it was searched for files that came and went.
    searched: Option<i64>,
    /// When it is looked at again after it could not be read, and the pause after that.
    retry: Option<(Instant, Duration)>,
    /// Nothing new is read.
    pub(super) abandoned: bool,
}

impl Trail {
    /// Begins to follow a path.
    pub(super) fn new(path: PathBuf, names: (Arc<str>, Arc<str>, usize), start: Start, history: Vec<PathBuf>, known: Vec<Mark>) -> Self {
        let next = known.iter().map(|m| m.generation + 1).max().unwrap_or(0);
        Trail {
            name: path.to_string_lossy().into(),
            path,
            source: names.0,
            node: names.1,
            stream: names.2,
            reels: Vec::new(),
            current: None,
            known,
            aside: Vec::new(),
            cut: None,
            next,
            start,
            history,
            standing: Standing::New,
            gone: None,
            searched: None,
            retry: None,
            abandoned: false,
        }
    }

    /// Looks what stands at the path.
    pub(super) fn look(&mut self, c: &mut Context<'_>) {
        if self.abandoned || self.retry.is_some_and(|(at, _)| c.now < at) {
            return;
        }
        if self.standing == Standing::New {
            self.begin(c);
        }
        let there = fs::metadata(&self.path);
        self.gone = there.is_err().then(|| self.gone.unwrap_or(c.now));
        match there {
            Ok(meta) if meta.is_file() => {
                let inode = Inode::of(&meta);
                if self.current().is_some_and(|r| is_at(r.inode, inode)) {
                    self.well(c);
                } else {
                    self.turn(inode, c);
                }
            }
            Ok(meta) => self.refuse(if meta.is_dir() { "it is a folder" } else { "it is a pipe, a socket or a device" }, c),
            Err(error) if is_circle(&error) => self.refuse("its links lead in a circle", c),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                self.retire(c.now);
                match std::mem::replace(&mut self.standing, Standing::Gone) {
                    Standing::Gone => {}
                    Standing::New if self.known.is_empty() && self.reels.is_empty() => self.say(What::Absent, Vec::new(), c),
                    _ => self.say(What::Gone, Vec::new(), c),
                }
                self.while_gone(c);
            }
            Err(error) => self.unreadable(&error, c),
        }
    }

    /// Whether nothing has stood at the path for so long, and all that did was read.
    pub(super) fn is_gone(&self, wait: Duration) -> bool {
        self.standing == Standing::Gone && self.reels.is_empty() && self.gone.is_some_and(|since| since.elapsed() >= wait)
    }

    /// Returns the marks by which the path's files are known again.
    pub(super) fn into_known(self) -> Vec<Mark> {
        self.known
    }

    /// Looks at once, whatever pause there is.
    pub(super) fn again(&mut self) {
        self.retry = None;
    }

    /// Returns what the open files are on the disk.
    pub(super) fn inodes(&self) -> impl Iterator<Item = (u64, u64)> {
        self.reels.iter().map(|r| (r.inode.device, r.inode.number))
    }

    fn current(&self) -> Option<&Reel> {
        self.reels.iter().find(|r| Some(r.generation) == self.current && r.retired.is_none())
    }

    fn say(&self, what: What, marks: Vec<Mark>, c: &mut Context<'_>) {
        c.out.push(Event::Word(Word { source: self.source.clone(), stream: Some(self.stream), what, marks }));
    }

    fn well(&mut self, c: &mut Context<'_>) {
        self.retry = None;
        if std::mem::replace(&mut self.standing, Standing::There) == Standing::Unreadable {
            self.say(What::Back, Vec::new(), c);
        }
    }

    fn refuse(&mut self, why: &str, c: &mut Context<'_>) {
        self.retire(c.now);
        if self.standing != Standing::Refused {
            self.standing = Standing::Refused;
            self.say(What::Refused(why.into()), Vec::new(), c);
        }
    }

    fn unreadable(&mut self, error: &io::Error, c: &mut Context<'_>) {
        let pause = self.retry.map_or(PAUSES.0, |(_, pause)| (pause * 2).min(PAUSES.1));
        self.retry = Some((c.now + pause, pause));
        if self.standing != Standing::Unreadable {
            self.standing = Standing::Unreadable;
            self.say(What::Unreadable(error.to_string()), Vec::new(), c);
        }
    }

    /// The file at the path is not there any more: what is open is read to its end.
    fn retire(&mut self, now: Instant) {
        for reel in self.reels.iter_mut().filter(|r| r.retired.is_none()) {
            reel.retired = Some(now);
        }
        self.current = None;
    }

    /// Lets the trail end once what is open is read to its end.
    pub(super) fn abandon(&mut self, now: Instant) {
        self.retire(now);
        self.abandoned = true;
    }

    /// Goes on where an earlier run was, with files that are not at the path any more, or begins with the older ones.
    fn begin(&mut self, c: &mut Context<'_>) {
        if self.known.is_empty() {
            if self.start == Start::Beginning {
                for path in std::mem::take(&mut self.history) {
                    let opened = Reel::open(&path, self.beside(&path), self.next, c.now);
                    self.older(&path, opened, c);
                }
            }
            for sibling in self.listed(c) {
                self.aside.extend(Reel::end_of(&sibling.path, &self.name, c.key, c.now));
            }
            return;
        }
        let unfinished: Vec<Mark> = self.known.iter().filter(|m| !m.finished).cloned().collect();
        for mark in unfinished {
            let (here, found) = self.sought(&mark, c);
            match found {
                Some((None, reel)) if reel.is_packed() => {}
                Some((None, reel)) => {
                    // of two places in one file the later one counts
                    let earlier: Vec<Reel> = self.reels.extract_if(.., |r| is_at(r.inode, reel.inode)).collect();
                    for other in earlier {
                        self.finish(other.mark(&self.name, c.key), What::Finished, c);
                    }
                    // open from now on: it may be renamed before the path is looked at again
                    self.current = Some(reel.generation);
                    self.take_up(&mark, reel);
                }
                Some((Some(_), reel)) if self.reels.iter().any(|other| other.inode == reel.inode) => self.finish(mark, What::Finished, c),
                Some((Some(path), mut reel)) => {
                    if here {
                        self.say(What::Truncated { lost: Some(0) }, Vec::new(), c);
                    }
                    reel.source = self.beside(&path);
                    reel.retired = Some(c.now);
                    self.take_up(&mark, reel);
                }
                None => {
                    let was_copied = || self.searched(c, |beside| beside.iter().any(|s| siblings::is_begun(&mark, s, c.key, c.now)).then_some(())).is_some();
                    let what = match mark.size {
                        // if all that was copied had been read, only what came after the copy can be missing
                        _ if here => What::Truncated { lost: was_copied().then_some(0) },
                        // it was empty: if it was written and packed since it is met as a new one
                        0 => What::Finished,
                        size => What::Gap { at_least: size.saturating_sub(mark.offset) },
                    };
                    self.finish(mark, what, c);
                }
            }
        }
    }

    /// Goes on with a file where a mark says.
    fn take_up(&mut self, mark: &Mark, reel: Reel) {
        self.known.retain(|m| m.generation != mark.generation);
        self.reels.push(reel);
    }

    /// Reads an older file that lies beside the path.
    fn older(&mut self, path: &Path, opened: io::Result<Reel>, c: &mut Context<'_>) {
        match opened {
            Ok(mut reel) => {
                reel.generation = self.next;
                self.next += 1;
                reel.retired = Some(c.now);
                // what was written before it is chosen with it
                reel.fresh = false;
                let mark = reel.mark(&self.name, c.key);
                c.out.push(Event::Word(Word { source: reel.source.clone(), stream: Some(self.stream), what: What::Appeared, marks: vec![mark] }));
                self.reels.push(reel);
            }
            Err(error) => {
                let what = What::Damaged(error.to_string());
                c.out.push(Event::Word(Word { source: self.beside(path), stream: Some(self.stream), what, marks: Vec::new() }));
            }
        }
    }

    /// Another file stands at the path.
    fn turn(&mut self, inode: Inode, c: &mut Context<'_>) {
        let new = self.standing == Standing::New && self.known.is_empty() && self.reels.is_empty();
        let before = self.newest(c.key);
        if let Some(at) = self.reels.iter().position(|r| is_at(r.inode, inode) && !r.is_packed()) {
            // it was renamed and came back
            self.retire(c.now);
            let mut reel = self.reels.remove(at);
            reel.retired = None;
            self.current = Some(reel.generation);
            self.reels.push(reel);
            return self.well(c);
        }
        if c.others.contains(&(inode.device, inode.number)) {
            return;
        }
        let again = self
            .known
            .iter()
            .rev()
            .filter(|m| m.inode.is(&inode) || m.offset >= HEAD_BYTES as u64)
            .find_map(|m| self.resume(m, c).filter(|r| is_at(r.inode, inode)));
        let opened = match again {
            Some(reel) => Ok(reel),
            None => Reel::open(&self.path, self.source.clone(), self.next, c.now),
        };
        let mut reel = match opened {
            Ok(reel) => reel,
            Err(error) => return self.unreadable(&error, c),
        };
        if reel.offset == 0
            && let Some(mark) = self.aside.iter().find(|m| m.inode.is(&inode))
            && self.resume(mark, c).is_some()
        {
            reel.skip_to(mark.offset);
        }
        self.retire(c.now);
        let again = self.known.iter().any(|m| m.generation == reel.generation);
        if again {
            self.known.retain(|m| m.generation != reel.generation);
        } else {
            if let Some(before) = before {
                for (path, opened) in self.opened(|| self.between(&before, Some(&reel), c), c) {
                    self.older(&path, opened, c);
                }
            }
            reel.generation = self.next;
            self.next += 1;
        }
        if new && self.start != Start::Beginning {
            let lines = if let Start::Lines(lines) = self.start { lines } else { 0 };
            reel.skip_to(if reel.is_packed() { u64::MAX } else { reel.lines_before_end(lines).unwrap_or(0) });
        }
        if reel.is_packed() {
            self.say(What::Refused("it is packed: what is there is read, nothing that comes later".into()), Vec::new(), c);
            reel.retired = Some(c.now);
        }
        let what = if new || self.standing == Standing::Gone { What::Appeared } else { What::Rotated };
        self.well(c);
        self.current = Some(reel.generation);
        if !again && !reel.is_skipping() {
            self.say(what, vec![reel.mark(&self.name, c.key)], c);
        }
        self.reels.push(reel);
    }

    /// Nothing stands at the path: what came and went between two looks lies beside it.
    fn while_gone(&mut self, c: &mut Context<'_>) {
        let folder = self.path.parent().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
        let changed = folder.and_then(|p| fs::metadata(p).ok()).map(|meta| place::written(&meta));
        if changed.is_none() || std::mem::replace(&mut self.searched, changed) == changed {
            return;
        }
        let Some(before) = self.newest(c.key) else { return };
        for (path, opened) in self.opened(|| self.between(&before, None, c), c) {
            self.older(&path, opened, c);
        }
    }

    /// Whether something has to be looked at soon though nothing changes.
    pub(super) fn is_turning(&self) -> bool {
        self.reels.len() > 1
    }

    fn remember(&mut self, mark: Mark) {
        self.known.retain(|m| m.generation != mark.generation);
        self.known.push(mark);
        if self.known.len() > KNOWN {
            self.known.remove(0);
        }
    }

    /// Gives up a file that is not to be found.
    fn finish(&mut self, mut mark: Mark, what: What, c: &mut Context<'_>) {
        mark.finished = true;
        self.say(what, vec![mark.clone()], c);
        self.remember(mark);
    }
}

/// Whether an open file is the one that stands somewhere: its number cannot be used again while it is open.
fn is_at(open: Inode, there: Inode) -> bool {
    (open.device, open.number) == (there.device, there.number)
}

#[cfg(unix)]
fn is_circle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_circle(_: &io::Error) -> bool {
    false
}
