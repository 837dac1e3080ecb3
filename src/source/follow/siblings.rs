//! The files beside a followed one: what it was renamed, copied or packed to.
//!
//! Input: a followed path. Output: its kin in the order of their names, oldest first, and the one among them that a [`Mark`] is of. Opens them only to
//! look at their content.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::mark::{Inode, Mark, Print};
use super::place;
use super::reel::Reel;
use crate::source::{Find, kin};

/// A file beside a followed one.
#[derive(Debug, Clone)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    pub(super) inode: Inode,
    /// When it was last written, nanoseconds since the epoch.
    pub(super) written: i64,
}

/// Lookings until two in a row agree: a folder is not listed at one instant.
const LOOKS: usize = 8;

/// Of a file that was not read yet so many bytes tell it from others that begin with the same banner.
const TELLING_BYTES: u32 = 256;

/// Lists the files beside a followed one that belong to it, oldest first, without itself and those that are followed themselves.
pub(super) fn list(path: &Path, find: &Find, followed: &HashSet<PathBuf>) -> Vec<Sibling> {
    let mut found = list_once(path, find, followed);
    for _ in 0..LOOKS {
        // files that are renamed meanwhile are met twice or not at all
        let again = list_once(path, find, followed);
        if are_same(&found, &again) {
            break;
        }
        found = again;
    }
    found
}

/// Whether two listings are of the same files under the same names.
pub(super) fn are_same(a: &[Sibling], b: &[Sibling]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (&a.path, a.inode) == (&b.path, b.inode))
}

fn list_once(path: &Path, find: &Find, followed: &HashSet<PathBuf>) -> Vec<Sibling> {
    let real = fs::canonicalize(path).ok().filter(|real| real != path);
    let mut found: Vec<Sibling> = Vec::new();
    for base in [Some(path), real.as_deref()].into_iter().flatten() {
        let Some(folder) = base.parent() else { continue };
        let node = kin::node(base, find);
        // the files of a container that was started again are another path's, unless a link leads from one to the next
        let restart = real.is_none().then(|| kin::place(base).0);
        for entry in fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).into_iter().flatten().flatten() {
            let at = folder.join(entry.file_name());
            if at == path || Some(&at) == real.as_ref() || followed.contains(&at) || kin::node(&at, find) != node {
                continue;
            }
            if restart.is_none_or(|restart| kin::place(&at).0 == restart)
                && let Ok(meta) = fs::metadata(&at)
                && meta.is_file()
                && !found.iter().any(|s| s.path == at)
            {
                found.push(Sibling { path: at, inode: Inode::of(&meta), written: place::written(&meta) });
            }
        }
    }
    found.sort_by_cached_key(|s| (kin::place(&s.path), s.path.clone()));
    found
}

/// Whether two of them are one file and what it is just packed to.
pub(super) fn are_one(a: &Sibling, b: &Sibling) -> bool {
    kin::place(&a.path) == kin::place(&b.path)
}

/// Finds the file that a mark is of, and opens it there: by where it lies on the disk, else by its content.
pub(super) fn find(mark: &Mark, siblings: &[Sibling], key: u64, now: Instant) -> Option<(usize, Reel)> {
    let open = |at: usize| -> Option<(usize, Reel)> {
        let reel = open_it(&siblings[at], "".into(), mark.generation, now)?.ok()?;
        Some((at, reel.resume(mark, key).ok()??))
    };
    let same = (0..siblings.len()).filter(|at| mark.inode.is(&siblings[*at].inode)).find_map(open);
    // a file of which nothing is known looks like any other
    let is_telling = mark.tail.bytes > 0 || mark.head.bytes >= TELLING_BYTES;
    same.or_else(|| (0..siblings.len()).rev().filter(|_| is_telling).find_map(open))
}

/// Whether a file holds the beginning of what was read up to a mark, and no more than that.
pub(super) fn is_begun(mark: &Mark, sibling: &Sibling, key: u64, now: Instant) -> bool {
    if mark.head.bytes < TELLING_BYTES {
        return false;
    }
    let Some(Ok(reel)) = open_it(sibling, "".into(), 0, now) else { return false };
    reel.size <= mark.offset && !reel.is_packed() && reel.resume(&Mark { offset: 0, tail: Print::of(&[], key), ..mark.clone() }, key).is_ok_and(|r| r.is_some())
}

/// Opens a file to read it from its beginning; `None` where another one has got its name since it was listed.
pub(super) fn open_it(sibling: &Sibling, source: Arc<str>, generation: u64, now: Instant) -> Option<io::Result<Reel>> {
    match Reel::open(&sibling.path, source, generation, now) {
        Ok(reel) if reel.inode != sibling.inode => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        opened => Some(opened),
    }
}
