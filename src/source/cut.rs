//! What is taken out of a buffer before its lines are read: holes of NULs, and what a line has beyond the longest one.
//!
//! Input: a buffer that begins with a line's beginning. Output: the same buffer without them, and an account of what went.

use memchr::{memchr, memrchr};

/// NULs in a row that are a hole and no text: what a log that was cut short under its writer, or lost its power, is filled up with.
pub(super) const HOLE: usize = 64;

/// Bytes of a source that were not taken for text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Dropped {
    /// Bytes of lines beyond the longest one.
    pub long: u64,
    /// Bytes of holes.
    pub holes: u64,
    /// Where the first of them was, in the source's text.
    pub first: Option<u64>,
}

impl Dropped {
    /// Returns how many they are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.long + self.holes
    }

    /// Adds what was dropped later.
    pub fn add(&mut self, later: Dropped) {
        self.long += later.long;
        self.holes += later.holes;
        self.first = self.first.or(later.first);
    }

    fn note(&mut self, at: u64) {
        self.first.get_or_insert(at);
    }
}

/// Holes within lines that are believed in one source: where there are more, somebody plays with NULs.
const CUTS: u32 = 1000;

/// Takes holes out of the buffers of one source.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// The last bytes that were looked at were a hole.
    inside: bool,
    /// Lines that were cut by a hole.
    cuts: u32,
}

impl Holes {
    /// Returns what goes on within a hole.
    pub(super) fn inside() -> Self {
        Holes { inside: true, cuts: 0 }
    }

    /// Takes out the holes behind `from`. `offset` is where the buffer's beginning lies in the source. Returns the place of a hole that cut a line
    /// in two; what follows it is not looked at yet.
    pub(super) fn take(&mut self, buf: &mut Vec<u8>, from: usize, offset: u64, dropped: &mut Dropped) -> Option<usize> {
        // what is kept lies before `kept`, what is not looked at yet behind `at`
        let (mut kept, mut at) = (from, from);
        let mut cut = None;
        while cut.is_none() && at < buf.len() {
            let start = if self.inside { at } else { memchr(0, &buf[at..]).map_or(buf.len(), |i| at + i) };
            let nuls = nuls(&buf[start..]);
            let hole = self.inside || nuls >= HOLE;
            let keep = if hole { start } else { start + nuls };
            if kept < at {
                buf.copy_within(at..keep, kept);
            }
            kept += keep - at;
            at = start + nuls;
            if !hole {
                continue;
            }
            if nuls > 0 {
                dropped.holes += nuls as u64;
                dropped.note(offset + start as u64);
            }
            let new = !std::mem::replace(&mut self.inside, at == buf.len());
            if new && kept > 0 && buf[kept - 1] != b'\n' && self.cuts < CUTS {
                self.cuts += 1;
                cut = Some(kept);
            }
        }
        buf.drain(kept..at);
        cut
    }
}

fn nuls(bytes: &[u8]) -> usize {
    bytes.iter().position(|c| *c != 0).unwrap_or(bytes.len())
}

/// Shortens the lines that are longer than `longest`, and returns whether the last one, which has no end yet, is among them.
pub(super) fn lines(buf: &mut Vec<u8>, longest: usize, offset: u64, dropped: &mut Dropped) -> bool {
    // what is kept lies before `kept`, what is not looked at yet behind `at`
    let (mut kept, mut at) = (0, 0);
    while buf.len() - at > longest {
        let (keep, next) = match memrchr(b'\n', &buf[at..=at + longest]) {
            Some(end) => (end + 1, at + end + 1),
            None => (longest, at + longest + memchr(b'\n', &buf[at + longest..]).unwrap_or(buf.len() - at - longest)),
        };
        let beyond = at + keep;
        if next > beyond {
            dropped.note(offset + beyond as u64);
            dropped.long += (next - beyond) as u64;
        }
        if kept < at {
            buf.copy_within(at..beyond, kept);
        }
        kept += keep;
        at = next;
        if at == buf.len() && next > beyond {
            buf.truncate(kept);
            return true;
        }
    }
    buf.drain(kept..at);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_shortened_wherever_they_stand() {
        let table: [(&str, &str, bool, u64, Option<u64>); 6] = [
            ("abcd\nab\n", "abcd\nab\n", false, 0, None),
            ("abcde\nab\n", "abcd\nab\n", false, 1, Some(4)),
            ("ab\nabcdefg\nabcdefghi\nx", "ab\nabcd\nabcd\nx", false, 8, Some(7)),
            ("ab\nabcdef", "ab\nabcd", true, 2, Some(7)),
            ("ab\nabcd", "ab\nabcd", false, 0, None),
            ("", "", false, 0, None),
        ];
        for (text, want, open, long, first) in table {
            let mut buf = text.as_bytes().to_vec();
            let mut dropped = Dropped::default();
            assert_eq!(lines(&mut buf, 4, 0, &mut dropped), open, "{text:?}");
            assert_eq!((String::from_utf8_lossy(&buf).as_ref(), dropped), (want, Dropped { long, holes: 0, first }), "{text:?}");
        }
    }

    #[test]
    fn holes_between_lines_go_and_those_inside_lines_cut_them() {
        let hole = "\0".repeat(100);
        let table = [
            (format!("a\n{hole}b\n"), "a\nb\n", None, 100, false),
            (format!("{hole}b\n"), "b\n", None, 100, false),
            (format!("a{hole}b\n"), "ab\n", Some(1), 100, false),
            (format!("a\n{hole}"), "a\n", None, 100, true),
            ("a\0\0b\n".to_owned(), "a\0\0b\n", None, 0, false),
        ];
        for (text, want, cut, gone, ends) in table {
            let mut buf = text.clone().into_bytes();
            let (mut dropped, mut holes) = (Dropped::default(), Holes::default());
            assert_eq!(holes.take(&mut buf, 0, 0, &mut dropped), cut, "{text:?}");
            assert_eq!((String::from_utf8_lossy(&buf).as_ref(), dropped.holes, holes.inside), (want, gone, ends), "{text:?}");
        }
    }

    #[test]
    fn a_hole_goes_on_in_the_next_buffer() {
        let (mut buf, mut dropped, mut holes) = (b"\0\0\0next\n".to_vec(), Dropped::default(), Holes { inside: true, cuts: 0 });
        assert_eq!(holes.take(&mut buf, 0, 500, &mut dropped), None);
        assert_eq!((buf.as_slice(), dropped.holes, holes.inside), (b"next\n".as_slice(), 3, false));
    }
}
