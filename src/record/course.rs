//! Which key comes behind which.
//!
//! Input: what stands before a value of an event list or an object, `", clientId="` or `,"level":`. Output: the same with what was told of its key, known by one
//! comparison where it is what came behind the keys before it an earlier time: a server prints its fields in the same order each time. Each way through the
//! keys is remembered by itself, as a tree, so what is told of a key can be of those before it, too. What is remembered decides nothing: it is what was read
//! before, and whatever is not remembered is read again.

use wide::u8x16;

use super::mask;

/// Bytes of a separator that are compared in one step; a longer one is not kept.
pub(crate) const WIDTH: usize = 2 * mask::WIDTH;

/// Keys that are kept: those of a type of event are some fifteen, and more where some of them are not always there.
const KEPT: usize = 4096;

/// Ways that begin apart.
const STARTS: usize = 64;

/// A separator that was met.
#[derive(Debug, Clone, Copy)]
struct Met<T> {
    text: [u8; WIDTH],
    /// A bit for each byte of the text.
    bits: u32,
    length: u8,
    /// What was told of its key.
    told: T,
    next: Next,
}

/// What came behind a value, the last one first; [`FIRST`], which comes behind none, where there is no more.
type Next = [Key; 8];

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
pub struct Key(u16);

/// The key that a list begins with, whichever it is.
pub(crate) const FIRST: Key = Key(0);

/// What was met.
#[derive(Debug)]
pub struct Course<T> {
    met: Vec<Met<T>>,
    /// Where the ways begin that begin apart; [`FIRST`] where none did yet.
    starts: [Key; STARTS],
}

impl<T: Default> Default for Course<T> {
    fn default() -> Self {
        Course { met: vec![Met::default()], starts: [FIRST; STARTS] }
    }
}

impl<T: Default> Default for Met<T> {
    fn default() -> Self {
        Met { text: [0; WIDTH], bits: 0, length: 0, told: T::default(), next: [FIRST; 8] }
    }
}

impl<T: Copy + Default> Course<T> {
    /// Returns where a list begins: lists of different kinds take ways of their own, as far as there are so many.
    #[inline]
    pub(crate) fn start(&mut self, kind: usize) -> Key {
        match self.starts[kind % STARTS] {
            FIRST => self.new_start(kind),
            start => start,
        }
    }

    #[cold]
    fn new_start(&mut self, kind: usize) -> Key {
        // where there is no room, there is afterwards
        let start = self.keep(Met::default()).or_else(|| self.keep(Met::default())).unwrap_or(FIRST);
        self.starts[kind % STARTS] = start;
        start
    }

    /// Returns the number of the key that a text begins with, what was told of it, and how long what stands before its value is, where it came behind that key before.
    #[inline]
    pub(crate) fn next(&self, behind: Key, text: &[u8]) -> Option<(Key, &T, usize)> {
        let key = self.of(behind).next[0];
        let met = self.of(key);
        match text.first_chunk() {
            Some(window) if met.begins(window) && key != FIRST => Some((key, &met.told, usize::from(met.length))),
            _ => self.other(behind, text),
        }
    }

    /// Does so where it is not what came last, or where little text is left.
    #[inline(never)]
    fn other(&self, behind: Key, text: &[u8]) -> Option<(Key, &T, usize)> {
        let next = self.of(behind).next.iter().take_while(|key| **key != FIRST);
        let mut met = next.map(|key| (*key, self.of(*key)));
        let (key, met) = met.find(|(_, met)| text.starts_with(&met.text[..usize::from(met.length)]))?;
        Some((key, &met.told, usize::from(met.length)))
    }

    /// Returns what was told of a key.
    #[inline]
    pub(crate) fn told(&self, key: Key) -> &T {
        &self.of(key).told
    }

    #[inline]
    fn of(&self, key: Key) -> &Met<T> {
        &self.met[usize::from(key.0)]
    }

    /// Takes in what stands behind a key where [`Course::next`] did not know it; returns the number of its own key, where that is kept.
    #[cold]
    pub(crate) fn meet(&mut self, behind: Key, separator: &[u8], told: T) -> Option<Key> {
        let length = separator.len();
        let mut text = [0; WIDTH];
        text.get_mut(..length)?.copy_from_slice(separator);
        let bits = u32::MAX.checked_shr(u32::try_from(WIDTH - length).ok()?)?;
        let key = self.keep(Met { text, bits, length: u8::try_from(length).ok()?, told, ..Met::default() })?;
        let next = &mut self.met[usize::from(behind.0)].next;
        next.rotate_right(1);
        next[0] = key;
        Some(key)
    }

    fn keep(&mut self, met: Met<T>) -> Option<Key> {
        if self.met.len() == KEPT {
            // somebody makes keys up
            *self = Course::default();
            return None;
        }
        self.met.push(met);
        u16::try_from(self.met.len() - 1).ok().map(Key)
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
        assert_eq!(course.next(FIRST, &message[7..]), Some((key, &7, separator.len())));
        assert_eq!(course.next(FIRST, separator), Some((key, &7, separator.len())), "at the end");
        assert_eq!((course.next(key, &message[7..]), course.next(FIRST, &message[8..])), (None, None));
        let (one, other) = (course.start(1), course.start(2));
        let key = course.meet(one, separator, 8);
        assert_eq!(course.next(one, separator), key.map(|key| (key, &8, separator.len())));
        assert_eq!(course.next(other, separator), None, "another way");
        assert_eq!(course.start(1), one);
    }
}
