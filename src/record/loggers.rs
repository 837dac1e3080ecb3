//! The loggers that were met lately, each with a level.
//!
//! Input: a line from its level on. Output: how long the logger's name is, and what was told of it. A log has a few dozen loggers and millions of lines: one
//! comparison of 80 bytes answers what would else be a look at the level, a search for the name's end and a look at the name. Must not know what is told.

use wide::u8x16;

use super::mask;

/// Bytes of a line that are compared: a longer name is not kept.
pub(super) const WIDTH: usize = 80;

/// Bytes of the level with what stands around it: ` INFO  [`.
pub(super) const LEVEL: usize = 8;

/// Places; two names may want the same one, and then the later has it.
const PLACES: usize = 64;

type Words = [u8x16; WIDTH / mask::WIDTH];

/// A level and a name with what closes it: ` INFO  [org.keycloak.events] (`.
#[derive(Debug, Clone, Copy)]
struct Entry<T> {
    text: Words,
    mask: Words,
    length: usize,
    told: T,
}

/// What is known of loggers.
#[derive(Debug)]
pub(super) struct Loggers<T> {
    entries: Vec<Entry<T>>,
    /// The number of each place's entry and one more; 0 for none.
    places: [u8; PLACES],
}

impl<T> Default for Loggers<T> {
    fn default() -> Self {
        Loggers { entries: Vec::new(), places: [0; PLACES] }
    }
}

/// Returns the place of a name by its ninth to twentieth letter: the first ones are `org.keycloak` for most, and those that follow can be the thread's.
#[inline]
fn place(window: &[u8; WIDTH]) -> usize {
    let eight = |at: usize| window[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    let mixed = (eight(LEVEL + 8) ^ eight(LEVEL + 12).rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 58) as usize % PLACES
}

#[inline]
fn words(window: &[u8; WIDTH]) -> Words {
    let mut words = Words::default();
    for (word, bytes) in words.iter_mut().zip(window.as_chunks().0) {
        *word = u8x16::new(*bytes);
    }
    words
}

impl<T: Copy> Loggers<T> {
    /// Returns how long the name is that stands here, and what was told of it, where it was met at this level.
    #[inline]
    pub(super) fn find(&self, window: &[u8; WIDTH]) -> Option<(usize, T)> {
        let entry = self.entries.get(usize::from(self.places[place(window)]).wrapping_sub(1))?;
        let mut other = u8x16::default();
        for ((word, text), mask) in words(window).into_iter().zip(entry.text).zip(entry.mask) {
            other |= (word ^ text) & mask;
        }
        (other.cmp_eq(u8x16::default()).move_mask() == 0xffff).then_some((entry.length, entry.told))
    }

    /// Keeps the level and the name of that length that stand here; the three bytes behind it close it.
    pub(super) fn put(&mut self, window: &[u8; WIDTH], length: usize, told: T) {
        let kept = LEVEL + length + 3;
        if kept > WIDTH {
            return;
        }
        let mut mask = [0; WIDTH];
        mask[..kept].fill(u8::MAX);
        let mask = words(&mask);
        let mut text = words(window);
        for (word, mask) in text.iter_mut().zip(mask) {
            *word &= mask;
        }
        let entry = Entry { text, mask, length, told };
        let number = &mut self.places[place(window)];
        if let Some(old) = self.entries.get_mut(usize::from(*number).wrapping_sub(1)) {
            *old = entry;
        } else {
            self.entries.push(entry);
            *number = u8::try_from(self.entries.len()).unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> [u8; WIDTH] {
        let mut window = [0; WIDTH];
        let length = text.len().min(WIDTH);
        window[..length].copy_from_slice(&text.as_bytes()[..length]);
        window
    }

    #[test]
    fn a_name_is_found_whatever_follows_it_and_no_other_is() {
        let tail = "] (executor-thread-1) type=\"LOGIN\", realmId=\"shop\", clientId=\"web\", userId=\"null\"";
        let mut loggers = Loggers::default();
        let names = ["org.keycloak.events", "org.keycloak.event", "org.hibernate.SQL", "", "a", "org.infinispan.CLUSTER", &"x".repeat(69), &"x".repeat(70)];
        for name in names {
            let line = format!(" WARN  [{name}{tail}");
            assert_eq!(loggers.find(&window(&line)), None, "{name}");
            loggers.put(&window(&line), name.len(), name.len() * 2);
            let found = loggers.find(&window(&line.replace("shop", "mine")));
            assert_eq!(found, (name.len() <= 69).then_some((name.len(), name.len() * 2)), "{name}");
            assert_eq!(loggers.find(&window(&line.replace("WARN ", "INFO "))), None, "another level");
        }
        assert_eq!(loggers.find(&window(&format!(" WARN  [org.keycloak.events: {tail}"))), None);
    }
}
