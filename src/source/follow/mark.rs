//! How a file is known again: by where it lies on the disk, how it begins, and what stands before the place that was read to.
//!
//! Must not know of paths in general or of lines. Contents are kept as keyed hashes only: who finds a state learns nothing of the log.

use std::fs::Metadata;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of a file's beginning that are remembered.
pub(super) const HEAD_BYTES: usize = 4096;

/// Bytes before the place read to that are remembered.
pub(super) const TAIL_BYTES: usize = 256;

/// Where a file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inode {
    /// The file system; `0` where the system has no such number.
    pub device: u64,
    /// The file's number in it.
    pub number: u64,
    /// When it was made, nanoseconds since the epoch, where the file system says so: numbers are used again.
    pub born: Option<u64>,
}

impl Inode {
    /// Reads it from what the system says of a file.
    pub(super) fn of(meta: &Metadata) -> Self {
        let born = meta.created().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).and_then(|d| u64::try_from(d.as_nanos()).ok());
        let (device, number) = numbers(meta);
        Inode { device, number, born }
    }

    /// Whether both can be one file; a file system that was mounted again can have another number.
    pub(super) fn is(&self, other: &Inode) -> bool {
        let born = self.born.is_some() && self.born == other.born;
        let other_born = self.born.is_some() && other.born.is_some() && !born;
        self.number == other.number && (born || (self.device == other.device && !other_born))
    }
}

#[cfg(unix)]
fn numbers(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
fn numbers(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// A keyed hash of some bytes, and how many they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// The hash.
    pub hash: u64,
    /// How many bytes it is of.
    pub bytes: u32,
}

impl Print {
    /// Takes the print of some bytes.
    pub(super) fn of(bytes: &[u8], key: u64) -> Self {
        Print { hash: xxh3_64_with_seed(bytes, key), bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
    }

    /// Returns how many bytes it is of.
    pub(super) fn len(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Whether these bytes begin with those that it is of.
    pub(super) fn begins(self, bytes: &[u8], key: u64) -> bool {
        bytes.get(..self.len()).is_some_and(|b| Print::of(b, key) == self)
    }
}

/// A place in a file, and all that is needed to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The path that is followed, not that of the file: it may have been renamed.
    pub path: Arc<str>,
    /// Which of the path's files it is.
    pub generation: u64,
    /// Where the file lies.
    pub inode: Inode,
    /// How it begins.
    pub head: Print,
    /// What stands before the offset.
    pub tail: Print,
    /// The end of the last line that was handed over.
    pub offset: u64,
    /// Lines before it.
    pub lines: u64,
    /// The file's size when it was last looked at.
    pub size: u64,
    /// When it was last written, nanoseconds since the epoch.
    pub written: i64,
    /// It was read to its end and is not written any more.
    pub finished: bool,
}
