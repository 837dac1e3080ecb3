//! The members of a tar, one after the other.
//!
//! Input: a reader at a tar's beginning. Output: each member's head; its bytes are then read from the same reader. Must not know what they mean.

use std::io::{self, Read};
use std::path::PathBuf;

use tar::{EntryType, Header, PaxExtensions};

use super::archive::clean;

/// Bytes of a header; members are filled up to a multiple of it.
const BLOCK: u64 = 512;

/// Bytes of a long name or of extensions: who writes more of them means harm.
const EXTENSION_BYTES: u64 = 1 << 20;

/// The head of a member.
#[derive(Debug)]
pub(super) struct Head {
    /// Its path, as a mere name.
    pub(super) path: PathBuf,
    pub(super) size: u64,
    /// It is a file whose bytes lie here as they are: no folder, no link, nothing with gaps.
    pub(super) is_file: bool,
    /// It is a file with gaps, which is not read.
    pub(super) is_sparse: bool,
}

/// A tar that is read.
pub(super) struct Tar<R> {
    pub(super) read: R,
    /// How far it was read.
    pub(super) at: u64,
}

impl<R: Read> Tar<R> {
    pub(super) fn new(read: R) -> Self {
        Tar { read, at: 0 }
    }

    /// Returns the next member; `None` at the end. The reader stands at the member's first byte.
    pub(super) fn next(&mut self) -> io::Result<Option<Head>> {
        let (mut long, mut extended) = (None, (None, None));
        loop {
            let mut header = Header::new_old();
            if !self.block(header.as_mut_bytes())? || header.as_bytes().iter().all(|c| *c == 0) {
                return Ok(None);
            }
            let spaced = header.as_bytes().iter().enumerate().map(|(i, c)| u32::from(if (148..156).contains(&i) { b' ' } else { *c })).sum::<u32>();
            if header.cksum().ok() != Some(spaced) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a header of the archive is damaged"));
            }
            let size = header.entry_size()?;
            match header.entry_type() {
                EntryType::GNULongName => long = Some(self.extension(size)?),
                EntryType::XHeader => extended = parse(&self.extension(size)?),
                EntryType::GNULongLink | EntryType::XGlobalHeader => {
                    self.extension(size)?;
                }
                kind => {
                    let path = extended.0.or(long).unwrap_or_else(|| header.path_bytes().into_owned());
                    let path = clean(path.strip_suffix(b"\0").unwrap_or(&path));
                    let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous);
                    return Ok(Some(Head { path, size: extended.1.unwrap_or(size), is_file, is_sparse: kind == EntryType::GNUSparse }));
                }
            }
        }
    }

    /// Returns how many bytes a member takes, filled up to whole blocks.
    pub(super) fn span(size: u64) -> io::Result<u64> {
        size.checked_next_multiple_of(BLOCK).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a member of the archive has no sensible size"))
    }

    fn block(&mut self, block: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < block.len() {
            match self.read.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.at += BLOCK;
        Ok(true)
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let span = Self::span(size)?;
        if span > EXTENSION_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a member's header in the archive is too long"));
        }
        let mut bytes = Vec::new();
        (&mut self.read).take(span).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < span {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += span;
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(bytes)
    }
}

/// Returns the path and the size that extensions give.
fn parse(bytes: &[u8]) -> (Option<Vec<u8>>, Option<u64>) {
    let of = |key: &str| PaxExtensions::new(bytes).flatten().find(|e| e.key() == Ok(key)).map(|e| e.value_bytes().to_vec());
    (of("path"), of("size").and_then(|v| std::str::from_utf8(&v).ok()?.parse().ok()))
}
