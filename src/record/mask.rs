//! Sixteen bytes looked at in one step.
//!
//! Input: bytes. Output: where certain ones stand among them, as bits. What is looked for here stands near: a search by `memchr` is faster over hundreds of bytes
//! and slower over a dozen, since it is called each time. Must not know what the bytes are.

use wide::u8x16;

/// How many bytes are looked at in one step.
pub const WIDTH: usize = 16;

/// Returns a bit for each of the bytes, the first in the lowest place, that is set where it is that one.
#[inline]
#[must_use]
pub fn equal(block: [u8; WIDTH], byte: u8) -> u32 {
    u8x16::new(block).cmp_eq(u8x16::splat(byte)).move_mask().cast_unsigned()
}

/// Bytes that are looked at before the first of what they hold is handed out.
pub const BLOCK: usize = 64;

/// Returns what [`equal`] does, of more bytes.
#[inline]
#[must_use]
pub fn equal_of_block(block: &[u8; BLOCK], byte: u8) -> u64 {
    let mut found = 0;
    for (quarter, bytes) in block.as_chunks().0.iter().enumerate() {
        found |= u64::from(equal(*bytes, byte)) << (quarter * WIDTH);
    }
    found
}

/// What a block of text is made of.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// A control character is among the bytes: one below the blank.
    pub has_control: bool,
    /// All of them are ASCII.
    pub is_ascii: bool,
}

impl Text {
    /// Looks at a block.
    #[inline]
    #[must_use]
    pub fn of(block: &[u8; BLOCK]) -> Self {
        let (mut least, mut all) = (u8x16::splat(u8::MAX), u8x16::default());
        for bytes in block.as_chunks().0 {
            let bytes = u8x16::new(*bytes);
            least = least.min(bytes);
            all |= bytes;
        }
        let control = least.min(u8x16::splat(b' ' - 1)).cmp_eq(least);
        Text { has_control: control.move_mask() != 0, is_ascii: all.move_mask() == 0 }
    }
}

/// Finds a byte from a place on.
#[inline]
#[must_use]
pub fn find(bytes: &[u8], from: usize, byte: u8) -> Option<usize> {
    let mut at = from;
    while let Some(block) = bytes.get(at..)?.first_chunk() {
        let found = equal(*block, byte);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += WIDTH;
    }
    Some(at + bytes[at..].iter().position(|c| *c == byte)?)
}

/// Where the lines of a text end: the places of its line feeds.
#[derive(Debug)]
pub struct Ends<'a> {
    blocks: std::slice::Iter<'a, [u8; BLOCK]>,
    /// Where the block at hand begins, and those of its line feeds that are not handed out.
    at: usize,
    found: u64,
    rest: &'a [u8],
}

impl<'a> Ends<'a> {
    /// Returns the line feeds of a text.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        let (blocks, rest) = text.as_chunks();
        Ends { blocks: blocks.iter(), at: 0_usize.wrapping_sub(BLOCK), found: 0, rest }
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            let Some(block) = self.blocks.next() else {
                let end = self.rest.iter().position(|c| *c == b'\n')?;
                let at = self.at.wrapping_add(BLOCK);
                self.rest = &self.rest[end + 1..];
                self.at = self.at.wrapping_add(end + 1);
                return Some(at + end);
            };
            self.at = self.at.wrapping_add(BLOCK);
            self.found = equal_of_block(block, b'\n');
        }
        let end = self.at + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn lines_end_where_their_line_feeds_are(text in proptest::collection::vec(proptest::sample::select(b"\nabc\x0b\x8a".to_vec()), 0..300)) {
            let want: Vec<usize> = memchr::memchr_iter(b'\n', &text).collect();
            proptest::prop_assert_eq!(Ends::of(&text).collect::<Vec<_>>(), want);
        }
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..50 {
            for place in 0..length {
                let mut bytes = vec![b'x'; length];
                bytes[place] = b'"';
                for from in 0..length {
                    assert_eq!(find(&bytes, from, b'"'), (from <= place).then_some(place), "{place} of {length} from {from}");
                }
            }
            assert_eq!((find(&vec![0; length], 0, 1), find(&vec![0; length], length + 1, 0)), (None, None));
        }
    }
}
