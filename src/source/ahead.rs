//! Unpacking in a thread of its own, ahead of the reading.
//!
//! Input: a [`Source`]. Output: a reader of its text. The thread holds a bounded number of buffers and ends when the reader is dropped.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Source;
use super::reader::fill;

/// Bytes of a buffer: as many as a chunk has, so that the threads wake each other once for each.
const BUFFER_BYTES: usize = 256 * 1024;

/// Reads what a thread unpacks.
pub(super) struct Ahead {
    full: Receiver<io::Result<Vec<u8>>>,
    /// Buffers that were used up go back to be filled again.
    used: SyncSender<Vec<u8>>,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    taken: usize,
    ended: bool,
}

impl Ahead {
    /// Begins to unpack a source; at most `bytes` (two buffers at least) are held ready.
    pub(super) fn start(source: &Source, bytes: usize) -> io::Result<Self> {
        let buffers = (bytes / BUFFER_BYTES).max(2);
        let (send, full) = sync_channel(buffers);
        let (used, back) = sync_channel(buffers + 2);
        let source = source.clone();
        thread::Builder::new().name("unpack".into()).spawn(move || unpack(&source, &send, &back))?;
        Ok(Ahead { full, used, buffer: Vec::new(), taken: 0, ended: false })
    }
}

/// Sends buffer after buffer until the source ends or fails, or nobody wants more.
fn unpack(source: &Source, full: &SyncSender<io::Result<Vec<u8>>>, back: &Receiver<Vec<u8>>) {
    let mut input = match source.open() {
        Ok(input) => input,
        Err(error) => {
            let _ = full.send(Err(error));
            return;
        }
    };
    loop {
        let mut buffer = back.try_recv().unwrap_or_default();
        let read = fill(&mut input, &mut buffer, 0, BUFFER_BYTES);
        if !buffer.is_empty() && full.send(Ok(buffer)).is_err() {
            return;
        }
        if let Ok(true) = read {
            // an empty buffer says so
            let _ = full.send(Ok(Vec::new()));
            return;
        }
        if let Err(error) = read {
            let _ = full.send(Err(error));
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.buffer.len() {
            if self.ended {
                return Ok(0);
            }
            let next = self.full.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that unpacked it is gone")));
            self.ended = next.as_ref().map_or(true, Vec::is_empty);
            let used = std::mem::replace(&mut self.buffer, next?);
            self.taken = 0;
            if !used.is_empty() {
                let _ = self.used.try_send(used);
            }
        }
        let n = buf.len().min(self.buffer.len() - self.taken);
        buf[..n].copy_from_slice(&self.buffer[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}
