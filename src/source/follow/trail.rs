//! One path that is followed: the file that stands there, those before it that are still read, and the turn from one to the next.
//!
//! Input: what lies at the path and beside it. Output: [`Event`]s, the older file's rest before the newer file's lines. Must not know of other paths
//! beyond which are followed themselves.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cutter::Cut;
use super::event::{Arrival, Event, What, Word};
use super::mark::{HEAD_BYTES, Inode, Mark};
use super::place;
use super::reel::{Reel, Step};
use super::siblings::{self, Sibling};
use super::{Settings, Start};
use crate::source::Dropped;

/// How long a file that was rotated away must be silent before the next one is read; one that grows later is still read.
const SETTLE: Duration = Duration::from_millis(50);

/// The pause after a path could not be read, doubled each time up to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How often files are chosen anew that are renamed while they are opened.
const CHOICES: u32 = 5;

/// How often a file is sought anew while others are renamed.
const SEARCHES: u32 = 20;

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

    /// Finds the file that a mark is of, and opens it there: at the path, else at the one that is returned with it. Returns also whether the file at
    /// the path is that on the disk, which is then another by its content. Sought again as long as files are renamed meanwhile.
    fn sought(&self, mark: &Mark, c: &Context<'_>) -> (bool, Option<(Option<PathBuf>, Reel)>) {
        let at_path = || fs::metadata(&self.path).ok().filter(fs::Metadata::is_file).map(|m| Inode::of(&m));
        let mut here = false;
        for _ in 0..SEARCHES {
            let inode = at_path();
            here = inode.is_some_and(|inode| mark.inode.is(&inode));
            if here && let Some(reel) = self.resume(mark, c) {
                return (here, Some((None, reel)));
            }
            let found = self.searched(c, |beside| siblings::find(mark, beside, c.key, c.now).map(|(at, reel)| (Some(beside[at].path.clone()), reel)));
            let is_still = at_path() == inode;
            if is_still || (found.is_some() && !here) {
                return (here, found);
            }
        }
        (here, None)
    }

    /// Searches the files beside the path, again as long as they change meanwhile.
    fn searched<T>(&self, c: &Context<'_>, search: impl Fn(&[Sibling]) -> Option<T>) -> Option<T> {
        let mut beside = self.listed(c);
        for _ in 0..SEARCHES {
            let found = search(&beside);
            let now = self.listed(c);
            if found.is_some() || siblings::are_same(&beside, &now) {
                return found;
            }
            beside = now;
        }
        None
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

    /// Returns the files beside the path as they are now.
    fn listed(&self, c: &Context<'_>) -> Vec<Sibling> {
        siblings::list(&self.path, &c.settings.find, c.followed)
    }

    /// Returns how outputs name a file beside the path.
    fn beside(&self, path: &Path) -> Arc<str> {
        let own = Path::new(&*self.source);
        path.file_name().map_or_else(|| self.source.clone(), |name| own.with_file_name(name).to_string_lossy().into())
    }

    /// Opens the file at the path where a mark says, if it is the one that the mark is of.
    fn resume(&self, mark: &Mark, c: &Context<'_>) -> Option<Reel> {
        Reel::open(&self.path, self.source.clone(), mark.generation, c.now).ok()?.resume(mark, c.key).ok()?
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

    /// Returns the mark of the newest file that was or is read.
    fn newest(&self, key: u64) -> Option<Mark> {
        let open = self.reels.iter().map(|r| r.mark(&self.name, key));
        open.chain(self.known.iter().cloned()).max_by_key(|m| m.generation)
    }

    /// Returns the files that were written between the newest one that is known and the one at the path now.
    fn between(&self, before: &Mark, here: Option<&Reel>, c: &Context<'_>) -> Vec<Sibling> {
        let beside = self.listed(c);
        // of one that is open it is found out later whether it was cut
        let open = self.reels.iter().find(|r| r.generation == before.generation).and_then(|r| beside.iter().position(|s| is_at(r.inode, s.inode)));
        let found = open.or_else(|| siblings::find(before, &beside, c.key, c.now).map(|(at, _)| at));
        // the file at the path may have been renamed since it was opened, and others after it: those have their turn
        let own = here.and_then(|here| beside.iter().position(|s| is_at(here.inode, s.inode))).unwrap_or(beside.len());
        let mut unread = self.unread(&beside[..own], found, before.written, here.map(|r| r.inode), c);
        if let Some(here) = here {
            // and packed
            let likeness = here.likeness(&self.name, c.key);
            if let Some(own) = unread.iter().position(|s| siblings::find(&likeness, std::slice::from_ref(s), c.key, c.now).is_some()) {
                unread.truncate(own);
            }
            unread.retain(|s| !self.is_copy(s, here, c));
        }
        unread
    }

    /// Returns those beside the path that were never read: behind the one that was `found`, else those written since.
    fn unread(&self, beside: &[Sibling], found: Option<usize>, since: i64, here: Option<Inode>, c: &Context<'_>) -> Vec<Sibling> {
        let marks: Vec<Mark> = self.reels.iter().map(|r| r.likeness(&self.name, c.key)).chain(self.known.iter().cloned()).collect();
        let is_known = |s: &Sibling| {
            here.is_some_and(|here| s.inode.is(&here))
                || self.aside.iter().any(|m| m.inode.is(&s.inode))
                || self.reels.iter().any(|r| r.inode.is(&s.inode))
                // one that was read and is another now was cut to be written again
                || marks.iter().any(|m| siblings::find(m, std::slice::from_ref(s), c.key, c.now).is_some())
                // of a file that was cut the copy can be shorter than what was read of it
                || marks.iter().any(|m| here.is_some_and(|here| m.inode.is(&here)) && siblings::is_begun(m, s, c.key, c.now))
        };
        // where a file and what it is being packed to lie beside each other, the packed one is not whole yet
        let packed = |at: usize| at > 0 && siblings::are_one(&beside[at], &beside[at - 1]);
        let newer = |at: usize| found.map_or(beside[at].written >= since, |found| at > found);
        (0..beside.len()).filter(|at| newer(*at) && !packed(*at)).map(|at| beside[at].clone()).filter(|s| !is_known(s)).collect()
    }

    /// Opens files beside the path. They are chosen again where one of them got another name meanwhile, so that none is taken for another.
    fn opened(&self, choose: impl Fn() -> Vec<Sibling>, c: &Context<'_>) -> Vec<(PathBuf, io::Result<Reel>)> {
        let mut last = Vec::new();
        for _ in 0..CHOICES {
            let chosen = choose();
            last = chosen.iter().map(|s| siblings::open_it(s, self.beside(&s.path), 0, c.now).map(|opened| (s.path.clone(), opened))).collect();
            if last.iter().all(Option::is_some) {
                break;
            }
        }
        last.into_iter().flatten().collect()
    }

    /// Whether a file is read, or was.
    fn is_met(&self, inode: Inode) -> bool {
        self.reels.iter().map(|r| r.inode).chain(self.known.iter().map(|m| m.inode)).any(|met| met == inode)
    }

    /// Whether a file beside the path is a copy of what was read already, or of what stands at the path and is about to be cut.
    fn is_copy(&self, sibling: &Sibling, here: &Reel, c: &Context<'_>) -> bool {
        // one that was renamed meanwhile is met again under its new name
        let Some(opened) = siblings::open_it(sibling, "".into(), 0, c.now) else { return false };
        let Ok(other) = opened else { return true };
        here.begins_like(&other) || self.cut.as_ref().is_some_and(|(head, offset)| other.size <= *offset && other.begins_with(head))
    }

    /// Reads on; returns whether there may be more at once.
    pub(super) fn read(&mut self, c: &mut Context<'_>) -> bool {
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

    /// Whether something has to be looked at soon though nothing changes.
    pub(super) fn is_turning(&self) -> bool {
        self.reels.len() > 1
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
            self.say(What::Truncated { lost: Some(seen.saturating_sub(in_copy)) }, vec![new], c);
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

    /// Finds the copy of a file of which only a part of its first line was read: the first one that nobody has read and that begins with that part.
    fn copy_of_half(&self, reel: &Reel, beside: &[Sibling], c: &Context<'_>) -> Option<(usize, Reel)> {
        if reel.offset > 0 || reel.rest.is_empty() {
            return None;
        }
        let unread = self.unread(beside, None, reel.since, Some(reel.inode), c);
        unread.iter().find_map(|s| {
            let mut copy = siblings::open_it(s, "".into(), reel.generation, c.now)?.ok()?;
            copy.generation = reel.generation;
            let at = beside.iter().position(|other| other.path == s.path)?;
            copy.holds(&reel.rest).then_some((at, copy))
        })
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
