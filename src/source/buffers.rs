//! Text that comes in buffers, each of which becomes a chunk as it is.
//!
//! Input: full buffers, of whatever fills them. Output: a reader that exchanges them for used ones, so that hardly anything is copied.

use std::io::{self, Read};

use super::reader::fill;

/// What fills buffers.
pub(super) trait Fills: Send {
    /// Returns the next full buffer, an empty one at the end and behind an error; takes back one that was used up.
    fn next(&mut self, used: Vec<u8>) -> io::Result<Vec<u8>>;
}

/// Reads what something fills.
pub(super) struct Buffers {
    fills: Box<dyn Fills>,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    taken: usize,
}

impl Buffers {
    /// Returns a reader of what that fills.
    pub(super) fn of(fills: impl Fills + 'static) -> Self {
        Buffers { fills: Box::new(fills), buffer: Vec::new(), taken: 0 }
    }

    fn is_used_up(&self) -> bool {
        self.taken == self.buffer.len()
    }

    fn next(&mut self) -> io::Result<()> {
        let used = std::mem::take(&mut self.buffer);
        self.taken = 0;
        self.buffer = self.fills.next(used)?;
        Ok(())
    }

    /// Reads behind the first `held` bytes of a buffer as [`fill`] does. One that holds nothing is exchanged for a full one, which may be less than `size`: what
    /// came is not copied.
    pub(super) fn fill(&mut self, buf: &mut Vec<u8>, held: usize, size: usize) -> io::Result<bool> {
        if held > 0 || !self.is_used_up() {
            return fill(self, buf, held, size);
        }
        if let Err(error) = self.next() {
            // what the buffer held before is no text of the source
            buf.clear();
            return Err(error);
        }
        if self.buffer.is_empty() || self.buffer.len() > size {
            return fill(self, buf, held, size);
        }
        std::mem::swap(buf, &mut self.buffer);
        self.taken = self.buffer.len();
        Ok(false)
    }
}

impl Read for Buffers {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Some lines, and then an error.
    struct Broken(Vec<Vec<u8>>);

    impl Fills for Broken {
        fn next(&mut self, _: Vec<u8>) -> io::Result<Vec<u8>> {
            self.0.pop().ok_or_else(|| io::Error::other("broken"))
        }
    }

    #[test]
    fn what_a_buffer_held_before_an_error_is_not_read_again() {
        let mut buffers = Buffers::of(Broken(vec![b"one\n".to_vec()]));
        let mut buf = b"of another chunk\n".to_vec();
        assert!(matches!(buffers.fill(&mut buf, 0, 100), Ok(false)));
        assert_eq!(buf, b"one\n");
        let mut buf = b"of another chunk\n".to_vec();
        assert!(buffers.fill(&mut buf, 0, 100).is_err());
        assert_eq!(buf, b"");
    }
}
