//! Names as small numbers.
//!
//! A leaf module: threads, realms, clients and hosts recur in nearly every record, so they are kept once and passed on as a [`Sym`]. Each
//! chunk has a table of its own; the ordered part joins them.

use std::hash::BuildHasher;
use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A name's number in one [`Names`] table, and one more: so that one that may be missing takes no more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Sym(NonZeroU32);

impl Sym {
    /// The name of all that a full table does not tell apart; its text is `other`.
    pub const OTHER: Sym = Sym(NonZeroU32::MAX);

    fn of(number: u32) -> Self {
        Sym(NonZeroU32::MIN.saturating_add(number))
    }

    fn number(self) -> u32 {
        self.0.get() - 1
    }

    /// Returns the number as [`Sym::from`] takes it.
    #[must_use]
    pub fn kept(self) -> NonZeroU32 {
        self.0
    }

    /// Returns the number as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.number() as usize
    }
}

impl From<NonZeroU32> for Sym {
    fn from(kept: NonZeroU32) -> Self {
        Sym(kept)
    }
}

/// How many names a table tells apart.
pub const NAMES: usize = 250_000;

/// A table of names; the first to come has number 0. The texts stand in one buffer: a client can make up millions of them, and each costs little more than
/// its own bytes.
#[derive(Debug, serde::Deserialize)]
#[serde(from = "Vec<Box<[u8]>>")]
pub struct Names {
    /// Numbers by the hash of their texts.
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// All texts, one behind the other.
    texts: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
    /// Of the names with the same ends the one that came last: most names recur, and comparing one costs less than hashing it.
    near: [Option<Sym>; NEAR],
}

/// Names that are found without a hash.
const NEAR: usize = 256;

/// Returns a digest of a text's length and its ends: as quick as can be, and different for most texts that recur.
#[inline]
pub(crate) fn by_ends(text: &[u8]) -> usize {
    let (first, last) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (text.iter().fold(0, |sum, c| sum << 8 | u64::from(*c)), 0),
    };
    let mixed = (first ^ last.rotate_left(23) ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 32).unwrap_or(0)
}

impl Default for Names {
    fn default() -> Self {
        Names { numbers: HashTable::new(), hasher: RandomState::default(), texts: Vec::new(), ends: Vec::new(), near: [None; NEAR] }
    }
}

impl From<Vec<Box<[u8]>>> for Names {
    fn from(texts: Vec<Box<[u8]>>) -> Self {
        let mut names = Names::default();
        for text in &texts {
            names.number(text);
        }
        names
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts && self.ends == other.ends
    }
}

impl Eq for Names {}

impl serde::Serialize for Names {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

/// Returns the text of a number.
fn text<'a>(texts: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    if number == Sym::OTHER.number() {
        return b"other";
    }
    let n = number as usize;
    let start = n.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(n).and_then(|end| texts.get(start..*end)).unwrap_or_default()
}

impl Names {
    /// Returns the number of `name`, a new one if it is new; [`Sym::OTHER`] where the table is full.
    #[inline]
    pub fn number(&mut self, name: &[u8]) -> Sym {
        let place = by_ends(name) % NEAR;
        match self.near[place] {
            Some(near) if self.bytes(near) == name => near,
            _ => self.number_of_far(name, place),
        }
    }

    /// Does the same for a name that does not stand at its near place.
    #[inline(never)]
    fn number_of_far(&mut self, name: &[u8], place: usize) -> Sym {
        let (texts, ends, hasher) = (&mut self.texts, &mut self.ends, &self.hasher);
        let hash = hasher.hash_one(name);
        let number = if let Some(&n) = self.numbers.find(hash, |n| text(texts, ends, *n) == name) {
            n
        } else {
            let Some(n) = u32::try_from(ends.len()).ok().filter(|_| ends.len() < NAMES) else { return Sym::OTHER };
            texts.extend_from_slice(name);
            ends.push(texts.len());
            self.numbers.insert_unique(hash, n, |n| hasher.hash_one(text(texts, ends, *n)));
            n
        };
        let sym = Sym::of(number);
        self.near[place] = Some(sym);
        sym
    }

    /// Whether `name` has a number.
    #[must_use]
    pub fn has(&self, name: &[u8]) -> bool {
        self.numbers.find(self.hasher.hash_one(name), |n| text(&self.texts, &self.ends, *n) == name).is_some()
    }

    /// Returns the same numbers for other texts: those that `other` gives, where it gives one.
    #[must_use]
    pub fn renamed(&self, other: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Self> {
        let mut renamed: Vec<_> = self.iter().map(&other).collect();
        renamed.iter().any(Option::is_some).then_some(())?;
        let mut names = Names::default();
        for (old, new) in self.iter().zip(&mut renamed) {
            let name = new.as_deref().unwrap_or(old);
            let n = u32::try_from(names.ends.len()).unwrap_or(Sym::OTHER.number());
            names.texts.extend_from_slice(name);
            names.ends.push(names.texts.len());
            let (texts, ends, hasher) = (&names.texts, &names.ends, &names.hasher);
            names.numbers.insert_unique(hasher.hash_one(name), n, |n| hasher.hash_one(text(texts, ends, *n)));
        }
        Some(names)
    }

    /// Returns the bytes of a name.
    #[must_use]
    pub fn bytes(&self, sym: Sym) -> &[u8] {
        text(&self.texts, &self.ends, sym.number())
    }

    /// Returns the name as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self, sym: Sym) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(sym))
    }

    /// Returns all names in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..).take(self.ends.len()).map(|n| text(&self.texts, &self.ends, n))
    }

    /// Returns how many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// A 64-bit digest of an id that is only compared (a session, a user, a code, a token): its text need not be kept. The seed is fixed, so
/// that what is split or evicted by it is the same in every run; tables keyed by it hash it again with a random seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Key(NonZeroU64);

impl Key {
    /// Returns the digest of an id.
    #[must_use]
    pub fn of(id: &[u8]) -> Self {
        Key::from(xxhash_rust::xxh3::xxh3_64(id))
    }

    /// Returns the digest as a number; it is not 0, so that one that may be missing takes no more room.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.get()
    }

    /// Returns the digest of an id that may be kept with a stand-in for the secret that it is: that of the secret.
    #[must_use]
    pub fn of_kept(id: &[u8]) -> Self {
        let mark = if id.len() < SHORTEST_STAND_IN { None } else { memchr::memchr(b'#', id) };
        let stand_in = mark.and_then(|_| std::str::from_utf8(id).ok()).and_then(stand_in);
        stand_in.map_or_else(|| Key::of(id), |stand_in| stand_in.key)
    }

    /// Returns what a text that holds secrets is kept with in their place: texts with other secrets stay other texts. A letter can say more of the text.
    #[must_use]
    pub fn stand_in(self, note: Option<char>) -> String {
        let note = note.map(String::from).unwrap_or_default();
        format!("{STAND_IN}{:016x}{note}]", self.number())
    }
}

impl From<u64> for Key {
    fn from(digest: u64) -> Self {
        Key(NonZeroU64::new(digest).unwrap_or(NonZeroU64::MIN))
    }
}

/// How a stand-in for a secret begins; sixteen hexadecimal digits, perhaps a letter, and a bracket follow.
const STAND_IN: &str = "[secret#";

/// Bytes of a stand-in without a letter.
const SHORTEST_STAND_IN: usize = STAND_IN.len() + 17;

/// What stands in for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Where it stands in the text.
    pub at: Range<usize>,
    /// The digest of the text that held the secret.
    pub key: Key,
    /// What else is known of that text.
    pub note: Option<char>,
}

/// Finds the first stand-in for a secret.
#[must_use]
pub fn stand_in(text: &str) -> Option<StandIn> {
    memchr::memchr(b'[', text.as_bytes())?;
    text.match_indices(STAND_IN).find_map(|(at, _)| {
        let digits = at + STAND_IN.len();
        let hex = text.get(digits..digits + 16).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let mut rest = text[digits + 16..].chars();
        let (note, end) = match (rest.next()?, rest.next()) {
            (']', _) => (None, digits + 17),
            (note, Some(']')) => (Some(note), digits + 17 + note.len_utf8()),
            _ => return None,
        };
        Some(StandIn { at: at..end, key: Key::from(u64::from_str_radix(hex, 16).ok()?), note })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_its_text() {
        let mut names = Names::default();
        let texts: Vec<String> = (0..5000).map(|i| "x".repeat(i % 7) + &i.to_string()).chain([String::new()]).collect();
        let first: Vec<Sym> = texts.iter().map(|t| names.number(t.as_bytes())).collect();
        let again: Vec<Sym> = texts.iter().map(|t| names.number(t.as_bytes())).collect();
        assert_eq!(first, again);
        assert_eq!(names.len(), 5001);
        assert!(texts.iter().zip(&first).all(|(t, s)| names.text(*s) == *t) && names.iter().zip(&texts).all(|(n, t)| n == t.as_bytes()));
        let bytes = postcard::to_allocvec(&names).expect("bytes");
        let read: Names = postcard::from_bytes(&bytes).expect("names");
        assert!(read.iter().eq(names.iter()));
        assert_eq!(names.bytes(Sym::of(9999)), b"");
        assert!(names.has(b"") && names.has(b"xx2") && !names.has(b"other"));
        let renamed = names.renamed(|name| (name == b"xx2").then(|| b"two".to_vec())).expect("one is another");
        assert_eq!((renamed.len(), renamed.bytes(first[2]), renamed.bytes(first[3])), (5001, &b"two"[..], &b"xxx3"[..]));
        assert_eq!(names.renamed(|_| None), None);
    }

    #[test]
    fn a_stand_in_has_the_digest_of_what_it_stands_for() {
        let key = Key::of(b"hunter2");
        let kept = format!("password={} [secret#12] [secret#x", key.stand_in(None));
        assert_eq!(stand_in(&kept).map(|s| (&kept[s.at], s.key, s.note)), Some((&*key.stand_in(None), key, None)));
        let noted = key.stand_in(Some('n'));
        assert_eq!(stand_in(&noted), Some(StandIn { at: 0..noted.len(), key, note: Some('n') }));
        assert_eq!((Key::of_kept(kept.as_bytes()), Key::of_kept(b"a#1")), (key, Key::of(b"a#1")));
        for none in ["", "[secret]", "[secret#", "[secret#0123456789abcde]", "[secret#0123456789abcdefg", "[secret#0123456789abcde\u{e9}]"] {
            assert_eq!(stand_in(none), None, "{none}");
        }
    }
}
