//! The loggers that were met lately.
//!
//! Input: what stands behind the bracket that opens a logger's name. Output: how long the name is, and what was told of it. A log has a few dozen loggers and
//! millions of lines: one comparison of 64 bytes answers what would else be a search for the name's end and a look at the name. Must not know what is told.

/// Bytes of a line that are compared: a longer name is not kept.
const WIDTH: usize = 64;

/// Places; two names may want the same one, and then the later has it.
const PLACES: usize = 64;

/// A name with what closes it: `org.keycloak.events] (`.
#[derive(Debug, Clone, Copy)]
struct Entry<T> {
    text: [u128; WIDTH / 16],
    mask: [u128; WIDTH / 16],
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
    let mixed = (eight(8) ^ eight(12).rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 58) as usize % PLACES
}

#[inline]
fn words(window: &[u8; WIDTH]) -> [u128; WIDTH / 16] {
    let mut words = [0; WIDTH / 16];
    for (word, bytes) in words.iter_mut().zip(window.as_chunks().0) {
        *word = u128::from_le_bytes(*bytes);
    }
    words
}

impl<T: Copy> Loggers<T> {
    /// Returns how long the name is that stands here, and what was told of it, where it was met.
    #[inline]
    pub(super) fn find(&self, rest: &[u8]) -> Option<(usize, T)> {
        let window = rest.first_chunk()?;
        let entry = self.entries.get(usize::from(self.places[place(window)]).wrapping_sub(1))?;
        let mut other = 0;
        for ((word, text), mask) in words(window).into_iter().zip(entry.text).zip(entry.mask) {
            other |= (word ^ text) & mask;
        }
        (other == 0).then_some((entry.length, entry.told))
    }

    /// Keeps the name of that length that stands here; the three bytes behind it close it.
    pub(super) fn put(&mut self, rest: &[u8], length: usize, told: T) {
        let Some(window) = rest.first_chunk().filter(|w| length + 3 <= w.len()) else { return };
        let mut mask = [0; WIDTH];
        mask[..length + 3].fill(u8::MAX);
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

    #[test]
    fn a_name_is_found_whatever_follows_it_and_no_other_is() {
        let tail = "] (executor-thread-1) type=\"LOGIN\", realmId=\"shop\", clientId=\"web\", userId=\"null\"";
        let mut loggers = Loggers::default();
        let names = ["org.keycloak.events", "org.keycloak.event", "org.hibernate.SQL", "", "a", "org.infinispan.CLUSTER", &"x".repeat(61), &"x".repeat(62)];
        for name in names {
            let line = format!("{name}{tail}");
            assert_eq!(loggers.find(line.as_bytes()), None, "{name}");
            loggers.put(line.as_bytes(), name.len(), name.len() * 2);
            let found = loggers.find(line.replace("shop", "mine").as_bytes());
            assert_eq!(found, (name.len() <= 61).then_some((name.len(), name.len() * 2)), "{name}");
        }
        assert_eq!(loggers.find(b"org.keycloak.events] ("), None, "too short to be compared");
        assert_eq!(loggers.find(format!("org.keycloak.events: {tail}").as_bytes()), None);
    }
}
