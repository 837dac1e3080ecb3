//! Bytes that cannot be read on: where they end, and why.
//!
//! Input: a reader that may fail or panic. Output: the same bytes, and at their end an error that carries a [`Damage`].

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a source could not be read to its end. It travels inside an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("damaged after {} bytes of text: {what}", grouped(*offset))]
pub struct Damage {
    /// Bytes of unpacked text before it; they were all delivered.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

impl Damage {
    /// Finds the damage that an error carries.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Damage> {
        error.get_ref()?.downcast_ref()
    }
}

/// Writes 1 234 567 so that it can be read.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Reads on until the input fails; the failure says how far it came.
pub(super) struct Guard<R> {
    input: R,
    /// What the input is unpacked from, for people: `gzip`, `zstd in zip`.
    packing: String,
    offset: u64,
    /// The input failed: whatever it is asked again would be no answer.
    failed: bool,
}

impl<R: Read> Guard<R> {
    /// Watches over an input.
    pub(super) fn new(input: R, packing: String) -> Self {
        Guard { input, packing, offset: 0, failed: false }
    }

    fn damage(&mut self, what: &str) -> io::Error {
        self.failed = true;
        let what = if self.packing.is_empty() { what.to_owned() } else { format!("{what} ({})", self.packing) };
        io::Error::new(io::ErrorKind::InvalidData, Damage { offset: self.offset, what })
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Ok(0);
        }
        let input = &mut self.input;
        // a decoder meets bytes that nobody has vouched for: its panic is one damaged source, not the end of the run
        match catch_unwind(AssertUnwindSafe(|| input.read(buf))) {
            Ok(Ok(n)) => {
                self.offset += n as u64;
                Ok(n)
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.damage("it is cut off")),
            Ok(Err(error)) => Err(match Damage::of(&error) {
                // a layer below said why; how far this one came is what counts
                Some(Damage { what, .. }) => {
                    self.failed = true;
                    io::Error::new(io::ErrorKind::InvalidData, Damage { offset: self.offset, what: what.clone() })
                }
                None => self.damage(&error.to_string()),
            }),
            Err(_) => Err(self.damage("its decoder failed on it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics(u8);

    impl Read for Panics {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            assert!(self.0 > 0, "a decoder's bug");
            self.0 -= 1;
            buf[..4].copy_from_slice(b"abc\n");
            Ok(4)
        }
    }

    #[test]
    fn a_decoder_that_panics_is_damage_with_its_place() {
        let mut got = Vec::new();
        let error = Guard::new(Panics(3), "gzip".into()).read_to_end(&mut got).expect_err("damage");
        assert_eq!(got, b"abc\nabc\nabc\n");
        assert_eq!(Damage::of(&error), Some(&Damage { offset: 12, what: "its decoder failed on it (gzip)".into() }));
    }

    #[test]
    fn offsets_are_written_in_groups() {
        for (n, want) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(n), want);
        }
    }
}
