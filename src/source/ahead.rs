//! Unpacking in a thread of its own, ahead of the reading.
//!
//! Input: a [`Source`]. Output: a reader of its text, in buffers that end with a line's end. The thread holds a bounded number of buffers and ends when the
//! reader is dropped.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Source;
use super::buffers::{Buffers, Fills};
use super::reader::{begin, carry_over, fill};

/// Bytes of a buffer: as many as a chunk has.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a thread unpacks.
struct Ahead {
    full: Receiver<io::Result<Vec<u8>>>,
    /// Buffers that were used up go back to be filled again.
    used: SyncSender<Vec<u8>>,
    ended: bool,
}

/// Begins to unpack a source; at most `bytes` (two buffers at least) are held ready.
pub(super) fn start(source: &Source, bytes: usize) -> io::Result<Buffers> {
    let buffers = (bytes / BUFFER_BYTES).max(2);
    let most = buffers / 2;
    let (send, full) = sync_channel(buffers - most);
    let (used, back) = sync_channel(buffers + 2);
    let source = source.clone();
    let unpack = Unpack { full: send, back, ready: Vec::new(), most };
    thread::Builder::new().name("unpack".into()).spawn(move || unpack.run(&source))?;
    Ok(Buffers::of(Ahead { full, used, ended: false }))
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

impl Fills for Ahead {
    fn next(&mut self, used: Vec<u8>) -> io::Result<Vec<u8>> {
        if self.ended {
            return Ok(Vec::new());
        }
        if used.capacity() > 0 {
            let _ = self.used.try_send(used);
        }
        let next = self.full.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that unpacked it is gone")));
        self.ended = next.as_ref().map_or(true, Vec::is_empty);
        next
    }
}
