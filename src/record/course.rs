//! Which key comes behind which.
//!
//! Input: what stands before a value of an event list or an object, `", clientId="` or `,"level":`. Output: the same with what was told of its key, known by one
//! comparison where it is what came behind the key before it an earlier time: a server prints its fields in the same order each time. What is remembered
//! decides nothing: it is what was read before, and whatever is not remembered is read again.

use wide::u8x16;

use super::mask;

/// Bytes of a separator that are compared in one step; a longer one is not kept.
const WIDTH: usize = 2 * mask::WIDTH;

/// Separators that are kept: those that servers print are some thirty.
const KEPT: usize = 64;

/// A separator that was met.
#[derive(Debug, Clone, Copy)]
struct Met<T> {
    text: [u8; WIDTH],
    /// A bit for each byte of the text.
    bits: u32,
    length: usize,
    /// What was told of its key.
    told: T,
    next: Next,
}

/// What came behind a value, the last one first; [`FIRST`], which comes behind none, where there is no more.
type Next = [Key; 4];

impl<T> Met<T> {
    /// Whether the text begins with it.
    #[inline]
    fn begins(&self, text: &[u8; WIDTH]) -> bool {
        let (mine, yours) = (self.text.as_chunks().0, text.as_chunks().0);
        let equal = |half: usize| u8x16::new(mine[half]).cmp_eq(u8x16::new(yours[half])).move_mask().cast_unsigned();
        (equal(0) | equal(1) << mask::WIDTH) & self.bits == self.bits
    }
}

/// The number of a key that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u8);

/// The key that a list begins with, whichever it is.
pub(crate) const FIRST: Key = Key(0);

/// What was met.
#[derive(Debug)]
pub struct Course<T> {
    met: Vec<Met<T>>,
}

impl<T: Default> Default for Course<T> {
    fn default() -> Self {
        Course { met: vec![Met { text: [0; WIDTH], bits: 0, length: 0, told: T::default(), next: [FIRST; 4] }] }
    }
}

impl<T: Copy + Default> Course<T> {
    /// Returns the number of the key that a text begins with, what was told of it, and how long what stands before its value is, where it came behind that key before.
    #[inline]
    pub(crate) fn next(&self, behind: Key, text: &[u8]) -> Option<(Key, T, usize)> {
        let window: Option<&[u8; WIDTH]> = text.first_chunk();
        for key in self.of(behind).next {
            if key == FIRST {
                break;
            }
            let met = self.of(key);
            let is_there = match window {
                Some(window) => met.begins(window),
                None => text.starts_with(&met.text[..met.length]),
            };
            if is_there {
                return Some((key, met.told, met.length));
            }
        }
        None
    }

    #[inline]
    fn of(&self, key: Key) -> &Met<T> {
        &self.met[usize::from(key.0)]
    }

    /// Takes in what stands behind a key; returns the number of its own key, where that is kept.
    #[cold]
    pub(crate) fn meet(&mut self, behind: Key, separator: &[u8], told: T) -> Option<Key> {
        let number = self.met.iter().position(|m| m.text[..m.length] == *separator).or_else(|| self.keep(separator, told))?;
        let key = Key(u8::try_from(number).ok()?);
        let next = &mut self.met[usize::from(behind.0)].next;
        next.rotate_right(1);
        next[0] = key;
        Some(key)
    }

    fn keep(&mut self, separator: &[u8], told: T) -> Option<usize> {
        let length = separator.len();
        let mut text = [0; WIDTH];
        text.get_mut(..length)?.copy_from_slice(separator);
        if self.met.len() == KEPT {
            // somebody makes keys up
            *self = Course::default();
            return None;
        }
        self.met.push(Met { text, bits: u32::MAX >> (WIDTH - length), length, told, next: [FIRST; 4] });
        Some(self.met.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_made_up_do_not_fill_it() {
        let mut course = Course::default();
        for number in 0..10 * KEPT {
            let separator = format!("\", made_up_{number}=\"");
            course.meet(FIRST, separator.as_bytes(), 0);
            assert!(course.met.len() <= KEPT);
        }
        let separator = b"\", realmId=\"";
        let key = course.meet(FIRST, separator, 7).expect("a place");
        let message = [b"type=\"X", &separator[..], b"a realm whose name is long enough\""].concat();
        assert_eq!(course.next(FIRST, &message[7..]), Some((key, 7, separator.len())));
        assert_eq!(course.next(FIRST, separator), Some((key, 7, separator.len())), "at the end");
        assert_eq!((course.next(key, &message[7..]), course.next(FIRST, &message[8..])), (None, None));
    }
}
