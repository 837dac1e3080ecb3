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

#[cfg(test)]
mod tests {
    use super::*;

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
