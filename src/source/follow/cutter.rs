//! Raw bytes of a file that grows to whole lines.
//!
//! Input: what is not handed over yet, from a line's beginning. Output: its whole lines without holes and shortened to the longest line; what is left of
//! the last line waits for more. Must not know of files.

use memchr::memrchr;

use crate::source::cut::{self, Dropped, HOLE, Holes};

/// Cuts the bytes of one file.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    holes: Holes,
    /// A line that was too long was handed over, and its end was not seen yet.
    skipping: bool,
}

/// What was cut.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Bytes of the file that were used up.
    pub(super) used: u64,
    /// Lines of the file that ended in them.
    pub(super) lines: u64,
    pub(super) dropped: Dropped,
    /// Line feeds that the file does not have.
    pub(super) breaks: u64,
}

impl Cutter {
    /// Cuts `raw`, which lies at `offset`: leaves whole lines in it and moves what is left of the last one to `rest`.
    pub(super) fn cut(&mut self, raw: &mut Vec<u8>, rest: &mut Vec<u8>, offset: u64, max_line: usize) -> Cut {
        let mut cut = Cut::default();
        let mut skipped = 0;
        if self.skipping {
            let end = memchr::memchr(b'\n', raw);
            cut.dropped.long += end.unwrap_or(raw.len()) as u64;
            self.skipping = end.is_none();
            skipped = end.map_or(raw.len(), |end| end + 1);
            cut.lines += u64::from(end.is_some());
            raw.drain(..skipped);
        }
        let end = memrchr(b'\n', raw).map_or(0, |end| end + 1);
        rest.extend_from_slice(&raw[end..]);
        cut.used = (skipped + raw.len()) as u64;
        raw.truncate(end);
        cut.lines += memchr::memchr_iter(b'\n', raw).count() as u64;
        let offset = offset + skipped as u64;
        self.holes(raw, offset, &mut cut);
        cut::lines(raw, max_line, offset, &mut cut.dropped);
        self.settle(raw, rest, offset + end as u64, max_line, &mut cut);
        cut.used -= rest.len() as u64;
        cut
    }

    /// Takes the holes out of whole lines.
    fn holes(&mut self, raw: &mut Vec<u8>, offset: u64, cut: &mut Cut) {
        let mut from = 0;
        while let Some(at) = self.holes.take(raw, from, offset, &mut cut.dropped) {
            raw.insert(at, b'\n');
            // the line feed stands for one of the hole's bytes
            cut.dropped.holes -= 1;
            cut.breaks += 1;
            from = at + 1;
        }
    }

    /// Does not wait for the end of a line that runs into a hole or is too long already.
    fn settle(&mut self, raw: &mut Vec<u8>, rest: &mut Vec<u8>, offset: u64, max_line: usize, cut: &mut Cut) {
        let nuls = rest.iter().rev().take_while(|c| **c == 0).count();
        if nuls >= HOLE {
            let text = rest.len() - nuls;
            if text > 0 {
                raw.extend_from_slice(&rest[..text]);
                raw.push(b'\n');
                cut.breaks += 1;
            }
            cut.dropped.add(Dropped { long: 0, holes: nuls as u64 - u64::from(text > 0), first: Some(offset + text as u64) });
            rest.clear();
            self.holes = Holes::inside();
        } else if rest.len() > max_line {
            raw.extend_from_slice(&rest[..max_line]);
            raw.push(b'\n');
            cut.dropped.add(Dropped { long: (rest.len() - max_line) as u64, holes: 0, first: Some(offset + max_line as u64) });
            rest.clear();
            self.skipping = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts a text that comes in pieces of `step` bytes; returns the lines and how much was used, dropped and broken.
    fn cut(text: &[u8], step: usize, longest: usize) -> (Vec<u8>, Vec<u8>, u64, u64, u64) {
        let (mut cutter, mut out, mut rest, mut sum) = (Cutter::default(), Vec::new(), Vec::new(), Cut::default());
        for piece in text.chunks(step) {
            let mut raw = std::mem::take(&mut rest);
            raw.extend_from_slice(piece);
            let cut = cutter.cut(&mut raw, &mut rest, sum.used, longest);
            sum.used += cut.used;
            sum.lines += cut.lines;
            sum.breaks += cut.breaks;
            sum.dropped.add(cut.dropped);
            out.extend_from_slice(&raw);
        }
        assert_eq!(sum.used + rest.len() as u64, text.len() as u64, "every byte is used or waits");
        assert_eq!(out.len() as u64 + sum.dropped.bytes(), sum.used + u64::from(cutter.skipping), "and is handed over or dropped");
        (out, rest, sum.dropped.bytes(), sum.lines, sum.breaks)
    }

    #[test]
    fn lines_are_the_same_in_whatever_pieces_they_come() {
        let hole = "\0".repeat(200);
        let table = [
            ("a\nbc\nd".to_owned(), "a\nbc\n", "d", 0, 2),
            (format!("a\n{hole}b\n"), "a\nb\n", "", 200, 2),
            (format!("a{hole}b\nc"), "a\nb\n", "c", 199, 1),
            (format!("{hole}b\n"), "b\n", "", 200, 1),
            ("abcdefghij\nx\n".to_owned(), "abcdefgh\nx\n", "", 2, 2),
            ("\n\n".to_owned(), "\n\n", "", 0, 2),
        ];
        for (text, want, left, gone, lines) in table {
            for step in [1000, 3] {
                // a hole shows only once enough of it came
                if step < HOLE && text.contains('\0') {
                    continue;
                }
                let (out, rest, dropped, n, _) = cut(text.as_bytes(), step, 8);
                let got = (String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(&rest).into_owned(), dropped, n);
                assert_eq!(got, (want.to_owned(), left.to_owned(), gone, lines), "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let text = [vec![b'x'; 100_000], b"\nnext\n".to_vec()].concat();
        let (out, rest, dropped, lines, _) = cut(&text, 1000, 50);
        assert_eq!((out.len(), rest.len(), dropped, lines), (50 + 1 + 5, 0, 99_950, 2));
        assert!(out.ends_with(b"\nnext\n"));
    }

    #[test]
    fn a_hole_that_comes_in_pieces_is_waited_through() {
        let text = [b"half".to_vec(), vec![0; 10_000], b"next\n".to_vec()].concat();
        let (out, _, dropped, _, breaks) = cut(&text, 500, 50);
        assert_eq!((out.as_slice(), dropped, breaks), (b"half\nnext\n".as_slice(), 9999, 1));
    }
}
