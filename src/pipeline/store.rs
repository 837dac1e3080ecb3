//! Batches that wait until all of a mixed source is read.
//!
//! Lines of several nodes in one file, exports with the newest line first, and members of a compressed archive are not in the order in which they have
//! to be joined. Their signals are small: they are kept in memory up to [`IN_MEMORY`] bytes, in a temporary file beyond that.

use std::io::{self, Read, Seek, SeekFrom, Write};

use serde::{Deserialize, Serialize};
use tempfile::SpooledTempFile;

use crate::signal::Batch;
use crate::source::Marks;

/// Bytes that are kept in memory.
const IN_MEMORY: usize = 16 << 20;

/// What one chunk held.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    /// What was read of it.
    pub batch: Batch,
    /// Where its lines come from.
    pub marks: Option<Marks>,
}

/// The same as bytes.
pub struct Packed(Vec<u8>);

impl Kept {
    /// Makes bytes of it: apart from the keeping, so that several can be made at once.
    ///
    /// # Errors
    /// Never, as far as a batch can be written.
    pub fn pack(&self) -> io::Result<Packed> {
        postcard::to_stdvec(self).map(Packed).map_err(io::Error::other)
    }
}

/// Where a batch is kept.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    at: u64,
    len: usize,
}

/// The batches.
pub struct Store {
    file: SpooledTempFile,
    end: u64,
}

impl Default for Store {
    fn default() -> Self {
        Store { file: SpooledTempFile::new(IN_MEMORY), end: 0 }
    }
}

impl Store {
    /// Keeps a batch.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn put(&mut self, Packed(bytes): &Packed) -> io::Result<Slot> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(bytes)?;
        let slot = Slot { at: self.end, len: bytes.len() };
        self.end += bytes.len() as u64;
        Ok(slot)
    }

    /// Returns a batch that was kept.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn get(&mut self, slot: Slot) -> io::Result<Kept> {
        let mut bytes = vec![0; slot.len];
        self.file.seek(SeekFrom::Start(slot.at))?;
        self.file.read_exact(&mut bytes)?;
        postcard::from_bytes(&bytes).map_err(io::Error::other)
    }
}
