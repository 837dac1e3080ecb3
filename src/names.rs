//! Names as small numbers.
//!
//! A leaf module: threads, realms, clients and hosts recur in nearly every record, so they are kept once and passed on as a [`Sym`]. Each
//! chunk has a table of its own; the ordered part joins them.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// A name's number in one [`Names`] table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Sym(u32);

impl Sym {
    /// Returns the number as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A table of names; the first to come has number 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    numbers: HashMap<Box<[u8]>, u32, RandomState>,
    texts: Vec<Box<[u8]>>,
}

impl Names {
    /// Returns the number of `name`, a new one if it is new.
    pub fn number(&mut self, name: &[u8]) -> Sym {
        if let Some(&n) = self.numbers.get(name) {
            return Sym(n);
        }
        let n = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.into(), n);
        self.texts.push(name.into());
        Sym(n)
    }

    /// Returns the bytes of a name.
    #[must_use]
    pub fn bytes(&self, sym: Sym) -> &[u8] {
        self.texts.get(sym.index()).map_or(b"", |t| t)
    }

    /// Returns the name as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self, sym: Sym) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(sym))
    }

    /// Returns all names in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.texts.iter().map(|t| &**t)
    }

    /// Returns how many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// A 64-bit digest of an id that is only compared (a session, a user, a code, a token): its text need not be kept. The seed is fixed, so
/// that what is split or evicted by it is the same in every run; tables keyed by it hash it again with a random seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Key(pub u64);

impl Key {
    /// Returns the digest of an id.
    #[must_use]
    pub fn of(id: &[u8]) -> Self {
        Key(xxhash_rust::xxh3::xxh3_64(id))
    }
}
