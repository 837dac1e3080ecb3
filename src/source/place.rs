//! Where the bytes of a source are: standard input, a file, an object in a store, or a part of a file.
//!
//! Input: a place. Output: its bytes as they lie there. Must not know what they mean; taking compression off is [`super::decode`]'s.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use super::decode::Packing;
use super::object::Object;

/// Where bytes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Standard input, and what was read of it already.
    Stdin(Arc<[u8]>),
    /// A pipe that has a path.
    Pipe(Pipe),
    /// A member of an archive that was walked, by its number: it was read, and cannot be opened again.
    Walked(usize),
    /// A file, or what can be read like one.
    File(PathBuf),
    /// An object in a store.
    Object(Object),
    /// A part of a file: a member of a zip or of a tar that is not compressed.
    Part {
        /// The archive.
        file: PathBuf,
        /// Where the member's bytes begin in it.
        offset: u64,
        /// How many they are.
        length: u64,
        /// What they are packed with by the archive's own word; beyond it they are looked at like any other bytes.
        packing: Option<Packing>,
        /// What the unpacked bytes must add up to, where the archive says it.
        sum: Option<Sum>,
    },
}

/// A pipe that has a path, open, and what was read of it already. Two are the same if their paths are.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// Its path.
    pub path: PathBuf,
    /// What was read of it.
    pub head: Arc<[u8]>,
    /// The rest.
    pub rest: Arc<File>,
}

impl PartialEq for Pipe {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Pipe {}

impl PartialOrd for Pipe {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pipe {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.cmp(&other.path)
    }
}

/// What an archive says of a member's unpacked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// How many they are.
    pub size: u64,
    /// Their CRC-32, where it says that, too.
    pub crc: Option<u32>,
}

/// Bytes as they lie at a place.
pub(super) enum Raw {
    /// A file that can be read from its beginning again.
    File(File),
    /// Anything else.
    Stream(Box<dyn Read + Send>),
}

impl Place {
    /// Whether it can be read once only.
    #[must_use]
    pub fn is_pipe(&self) -> bool {
        matches!(self, Place::Stdin(_) | Place::Pipe(_) | Place::Walked(_))
    }

    /// Opens it; nothing is unpacked.
    pub(super) fn raw(&self) -> io::Result<Raw> {
        match self {
            Place::Stdin(head) => Ok(Raw::Stream(Box::new(Cursor::new(head.clone()).chain(io::stdin())))),
            Place::Pipe(pipe) => Ok(Raw::Stream(Box::new(Cursor::new(pipe.head.clone()).chain(pipe.rest.clone())))),
            Place::Walked(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "is a member of an archive that is read once")),
            Place::File(path) => Ok(Raw::File(File::open(path)?)),
            Place::Object(object) => Ok(Raw::Stream(object.open()?)),
            Place::Part { file, offset, length, .. } => {
                let mut file = File::open(file)?;
                file.seek(SeekFrom::Start(*offset))?;
                Ok(Raw::Stream(Box::new(file.take(*length))))
            }
        }
    }
}

/// Reads at a place of a file, which may be less than there is.
#[cfg(unix)]
pub(super) fn read_once(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    file.read_at(buf, offset)
}

/// Reads at a place of a file, which may be less than there is.
#[cfg(windows)]
pub(super) fn read_once(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    file.seek_read(buf, offset)
}
