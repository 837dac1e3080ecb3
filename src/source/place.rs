//! Where the bytes of a source are: standard input, a file, or a part of one.
//!
//! Input: a place. Output: its bytes as they lie there. Must not know what they mean; taking compression off is [`super::decode`]'s.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::decode::Packing;

/// Where bytes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Standard input.
    Stdin,
    /// A file, or what can be read like one.
    File(PathBuf),
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

/// What an archive says of a member's unpacked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// How many they are.
    pub size: u64,
    /// Their CRC-32.
    pub crc: u32,
}

/// Bytes as they lie at a place.
pub(super) enum Raw {
    /// A file that can be read from its beginning again.
    File(File),
    /// Anything else.
    Stream(Box<dyn Read + Send>),
}

impl Place {
    /// Opens it; nothing is unpacked.
    pub(super) fn raw(&self) -> io::Result<Raw> {
        match self {
            Place::Stdin => Ok(Raw::Stream(Box::new(io::stdin()))),
            Place::File(path) => {
                let file = File::open(path)?;
                Ok(if file.metadata()?.is_file() { Raw::File(file) } else { Raw::Stream(Box::new(file)) })
            }
            Place::Part { file, offset, length, .. } => {
                let mut file = File::open(file)?;
                file.seek(SeekFrom::Start(*offset))?;
                Ok(Raw::Stream(Box::new(file.take(*length))))
            }
        }
    }
}
