//! What lies beside a path: which of it is a file that was read, a copy of one, or one that nobody has read.
//!
//! Input: the trail's marks and open files, and the folder as it is now. Output: files to be read, opened. Must not change the trail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::mark::{Inode, Mark};
use super::super::reel::Reel;
use super::super::siblings::{self, Sibling};
use super::{Context, Trail, is_at};

/// How often files are chosen anew that are renamed while they are opened.
const CHOICES: u32 = 5;

/// How often a file is sought anew while others are renamed.
const SEARCHES: u32 = 20;

impl Trail {
    /// Finds the file that a mark is of, and opens it there: at the path, else at the one that is returned with it. Returns also whether the file at
    /// the path is that on the disk, which is then another by its content. Sought again as long as files are renamed meanwhile.
    pub(super) fn sought(&self, mark: &Mark, c: &Context<'_>) -> (bool, Option<(Option<PathBuf>, Reel)>) {
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
    pub(super) fn searched<T>(&self, c: &Context<'_>, search: impl Fn(&[Sibling]) -> Option<T>) -> Option<T> {
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

    /// Returns the files beside the path as they are now.
    pub(super) fn listed(&self, c: &Context<'_>) -> Vec<Sibling> {
        siblings::list(&self.path, &c.settings.find, c.followed)
    }

    /// Returns how outputs name a file beside the path.
    pub(super) fn beside(&self, path: &Path) -> Arc<str> {
        let own = Path::new(&*self.source);
        path.file_name().map_or_else(|| self.source.clone(), |name| own.with_file_name(name).to_string_lossy().into())
    }

    /// Opens the file at the path where a mark says, if it is the one that the mark is of.
    pub(super) fn resume(&self, mark: &Mark, c: &Context<'_>) -> Option<Reel> {
        Reel::open(&self.path, self.source.clone(), mark.generation, c.now).ok()?.resume(mark, c.key).ok()?
    }

    /// Returns the mark of the newest file that was or is read.
    pub(super) fn newest(&self, key: u64) -> Option<Mark> {
        let open = self.reels.iter().map(|r| r.mark(&self.name, key));
        open.chain(self.known.iter().cloned()).max_by_key(|m| m.generation)
    }

    /// Returns the files that were written between the newest one that is known and the one at the path now.
    pub(super) fn between(&self, before: &Mark, here: Option<&Reel>, c: &Context<'_>) -> Vec<Sibling> {
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
    pub(super) fn unread(&self, beside: &[Sibling], found: Option<usize>, since: i64, here: Option<Inode>, c: &Context<'_>) -> Vec<Sibling> {
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
    pub(super) fn opened(&self, choose: impl Fn() -> Vec<Sibling>, c: &Context<'_>) -> Vec<(PathBuf, io::Result<Reel>)> {
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
    pub(super) fn is_met(&self, inode: Inode) -> bool {
        self.reels.iter().map(|r| r.inode).chain(self.known.iter().map(|m| m.inode)).any(|met| met == inode)
    }

    /// Whether a file beside the path is a copy of what was read already, or of what stands at the path and is about to be cut.
    pub(super) fn is_copy(&self, sibling: &Sibling, here: &Reel, c: &Context<'_>) -> bool {
        // one that was renamed meanwhile is met again under its new name
        let Some(opened) = siblings::open_it(sibling, "".into(), 0, c.now) else { return false };
        let Ok(other) = opened else { return true };
        here.begins_like(&other) || self.cut.as_ref().is_some_and(|(head, offset)| other.size <= *offset && other.begins_with(head))
    }

    /// Finds the copy of a file of which only a part of its first line was read: the first one that nobody has read and that begins with that part.
    pub(super) fn copy_of_half(&self, reel: &Reel, beside: &[Sibling], c: &Context<'_>) -> Option<(usize, Reel)> {
        if reel.offset > 0 || reel.rest.is_empty() {
            return None;
        }
        let unread = self.unread(beside, None, reel.since, Some(reel.inode), c);
        unread.iter().find_map(|s| {
            let copy = siblings::open_it(s, "".into(), reel.generation, c.now)?.ok()?;
            let at = beside.iter().position(|other| other.path == s.path)?;
            copy.holds(&reel.rest).then_some((at, copy))
        })
    }
}
