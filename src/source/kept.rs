//! Decoders that keep what they had unpacked before they failed: the lines before the damage are in it.
//!
//! Input: packed bytes. Output: the unpacked ones, and only then the error.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};
use liblzma::stream::{self, Action, Stream};

/// The size of gzip's window, as a power of two.
const GZIP_WINDOW: u8 = 15;

/// What is decoded.
pub(super) enum Codec {
    /// gzip, member after member.
    Gzip(Decompress),
    /// Bare deflate.
    Deflate(Decompress),
    /// xz.
    Xz(Stream),
}

/// Where a decoder stands after a step.
enum Stand {
    /// There is more to come.
    Within,
    /// The member, or all, is done.
    Done,
}

impl Codec {
    pub(super) fn gzip() -> Self {
        Codec::Gzip(Decompress::new_gzip(GZIP_WINDOW))
    }

    pub(super) fn deflate() -> Self {
        Codec::Deflate(Decompress::new(false))
    }

    pub(super) fn xz(memory: u64) -> io::Result<Self> {
        Ok(Codec::Xz(Stream::new_stream_decoder(memory, stream::CONCATENATED)?))
    }

    /// Decodes some; returns the bytes taken, the bytes made, and where it stands.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> (usize, usize, io::Result<Stand>) {
        let before = self.totals();
        let result = match self {
            Codec::Gzip(inflate) | Codec::Deflate(inflate) => match inflate.decompress(input, out, FlushDecompress::None) {
                Ok(Status::StreamEnd) => Ok(Stand::Done),
                Ok(Status::Ok | Status::BufError) => Ok(Stand::Within),
                Err(error) => Err(error.into()),
            },
            Codec::Xz(stream) => match stream.process(input, out, if input.is_empty() { Action::Finish } else { Action::Run }) {
                Ok(stream::Status::StreamEnd) => Ok(Stand::Done),
                Ok(_) => Ok(Stand::Within),
                Err(error) => Err(error.into()),
            },
        };
        let after = self.totals();
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        (count(after.0 - before.0), count(after.1 - before.1), result)
    }

    fn totals(&self) -> (u64, u64) {
        match self {
            Codec::Gzip(inflate) | Codec::Deflate(inflate) => (inflate.total_in(), inflate.total_out()),
            Codec::Xz(stream) => (stream.total_in(), stream.total_out()),
        }
    }
}

/// Reads what a codec unpacks.
pub(super) struct Kept<R> {
    input: R,
    codec: Codec,
    /// What comes after the bytes that were handed out.
    failed: Option<io::Error>,
    ended: bool,
}

impl<R: BufRead> Kept<R> {
    pub(super) fn new(input: R, codec: Codec) -> Self {
        Kept { input, codec, failed: None, ended: false }
    }

    /// Begins the next member, if there is one.
    fn next_member(&mut self) -> io::Result<()> {
        let Codec::Gzip(_) = self.codec else {
            self.ended = true;
            return Ok(());
        };
        let next = self.input.fill_buf()?;
        match next.first() {
            None => self.ended = true,
            // tapes and disks fill up with NULs, and gzip passes over them
            Some(0) => {
                let mut padding = 0;
                while let Some(n) = Some(self.input.fill_buf()?).filter(|b| !b.is_empty()).map(|b| b.iter().take_while(|c| **c == 0).count()) {
                    if n == 0 {
                        return Err(garbage());
                    }
                    self.input.consume(n);
                    padding += n;
                }
                self.ended = padding > 0;
            }
            Some(0x1f) => self.codec = Codec::gzip(),
            Some(_) => return Err(garbage()),
        }
        Ok(())
    }
}

fn garbage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what follows is no member")
}

impl<R: BufRead> Read for Kept<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.ended {
                return Ok(0);
            }
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let (taken, made, stand) = self.codec.step(input, buf);
            self.input.consume(taken);
            match stand {
                Err(error) => self.failed = Some(if at_end { io::ErrorKind::UnexpectedEof.into() } else { error }),
                Ok(Stand::Done) => self.failed = self.next_member().err(),
                Ok(Stand::Within) if at_end && made == 0 => self.failed = Some(io::ErrorKind::UnexpectedEof.into()),
                Ok(Stand::Within) => {}
            }
            if made > 0 {
                return Ok(made);
            }
        }
    }
}
