//! Unpacking in a thread of its own, ahead of the reading.
//!
//! Input: a [`Source`]. Output: a reader of its text, in buffers that end with a line's end. The thread holds a bounded number of buffers and ends when the
//! reader is dropped.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Source;
use super::reader::{begin, carry_over, fill};

/// Bytes of a buffer: as many as a chunk has.
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
        let most = buffers / 2;
        let (send, full) = sync_channel(buffers - most);
        let (used, back) = sync_channel(buffers + 2);
        let source = source.clone();
        let unpack = Unpack { full: send, back, ready: Vec::new(), most };
        thread::Builder::new().name("unpack".into()).spawn(move || unpack.run(&source))?;
        Ok(Ahead { full, used, buffer: Vec::new(), taken: 0, ended: false })
    }
}

/// What the thread has.
struct Unpack {
    full: SyncSender<io::Result<Vec<u8>>>,
    back: Receiver<Vec<u8>>,
    /// Buffers that are full and not sent yet: a reader that waits is woken, and that costs as much as reading a buffer.
    ready: Vec<Vec<u8>>,
    /// How many of them are sent together.
    most: usize,
}

impl Unpack {
    /// Sends buffer after buffer until the source ends or fails, or nobody wants more.
    fn run(mut self, source: &Source) {
        let end = source.open().and_then(|mut input| self.unpack(&mut input));
        if self.send() {
            // an empty buffer says that all went well
            let _ = self.full.send(end.map(|()| Vec::new()));
        }
    }

    fn unpack(&mut self, input: &mut dyn Read) -> io::Result<()> {
        // a line whose end is not unpacked yet
        let mut open = Vec::new();
        loop {
            let mut buffer: Vec<u8> = self.back.try_recv().unwrap_or_default();
            let held = begin(&mut buffer, &mut open);
            let read = fill(input, &mut buffer, held, BUFFER_BYTES);
            if let Ok(false) = read {
                carry_over(&mut buffer, &mut open);
            }
            if !buffer.is_empty() {
                self.ready.push(buffer);
            }
            if read? || (self.ready.len() >= self.most && !self.send()) {
                return Ok(());
            }
        }
    }

    /// Sends what is ready; returns whether anybody wants it.
    fn send(&mut self) -> bool {
        self.ready.drain(..).all(|buffer| self.full.send(Ok(buffer)).is_ok())
    }
}

impl Ahead {
    /// Reads behind the first `held` bytes of a buffer as [`fill`] does. One that holds nothing is exchanged for a full one, which may be less than `size`: what was
    /// unpacked is not copied.
    pub(super) fn fill(&mut self, buf: &mut Vec<u8>, held: usize, size: usize) -> io::Result<bool> {
        if held > 0 || !self.is_used_up() {
            return fill(self, buf, held, size);
        }
        self.next()?;
        if self.ended || self.buffer.len() > size {
            return fill(self, buf, held, size);
        }
        std::mem::swap(buf, &mut self.buffer);
        self.taken = self.buffer.len();
        Ok(false)
    }

    fn is_used_up(&self) -> bool {
        self.taken == self.buffer.len()
    }

    /// Takes the next buffer, an empty one at the end.
    fn next(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        let next = self.full.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that unpacked it is gone")));
        self.ended = next.as_ref().map_or(true, Vec::is_empty);
        let used = std::mem::replace(&mut self.buffer, next?);
        self.taken = 0;
        if used.capacity() > 0 {
            let _ = self.used.try_send(used);
        }
        Ok(())
    }
}

impl Read for Ahead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_used_up() {
            self.next()?;
        }
        let n = buf.len().min(self.buffer.len() - self.taken);
        buf[..n].copy_from_slice(&self.buffer[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}
