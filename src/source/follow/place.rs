//! What is asked of the file system: to open without waiting, to read somewhere, where a hole ends.
//!
//! Must not know what is in a file.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::source::place::read_once;

/// Opens a file to read it; does not wait for the other end of a pipe.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

/// Returns when a file was last written, nanoseconds since the epoch; 0 where the system does not say.
pub(super) fn written(meta: &Metadata) -> i64 {
    meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(0)
}

/// Adds up to `count` bytes at `offset`, fewer only where the file ends; returns how many.
///
/// # Errors
/// When they cannot be read.
pub(super) fn read_at(file: &File, buf: &mut Vec<u8>, offset: u64, count: usize) -> io::Result<usize> {
    let start = buf.len();
    buf.resize(start + count, 0);
    let mut filled = start;
    while filled < buf.len() {
        match read_once(file, &mut buf[filled..], offset + (filled - start) as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                buf.truncate(start);
                return Err(error);
            }
        }
    }
    buf.truncate(filled);
    Ok(filled - start)
}

/// Returns where the next bytes are that are no hole; `None` where the system cannot say.
#[cfg(unix)]
pub(super) fn data(file: &File, at: u64) -> Option<u64> {
    rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)).ok()
}

/// Returns where the next bytes are that are no hole; `None` where the system cannot say.
#[cfg(not(unix))]
pub(super) fn data(_: &File, _: u64) -> Option<u64> {
    None
}
