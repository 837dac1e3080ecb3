//! The steps of a timeline.
//!
//! Input: steps in the merged order. Output: the same again. There are hundreds of thousands of timelines, most have one step or two, and each piece of memory that
//! one lies in is looked at long after it was put there: so they take as little room as they can.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::Step;
use crate::names::{NAMES, Sym};
use crate::triage::joined::At;

/// A step's kind; a code is the number that it has in its timeline.
pub(super) type Mark = Step<u16>;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// When, milliseconds since the epoch.
    pub when: Option<i64>,
    /// Where.
    pub at: At,
    /// Whose.
    pub client: Option<Sym>,
    /// What.
    pub step: Mark,
}

/// A step in 16 bytes, into which nearly every one fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    /// The time in [`TIME_BITS`], of which all are set where it is not known, and the client's number, 0 where there is none.
    when: u64,
    /// The line in [`LINE_BITS`], the source in [`SOURCE_BITS`], and the mark.
    what: u64,
}

const TIME_BITS: u32 = 44;
const LINE_BITS: u32 = 36;
const SOURCE_BITS: u32 = 20;

/// The number of [`Sym::OTHER`] in the bits that a time leaves.
const OTHER: u64 = (1 << (u64::BITS - TIME_BITS)) - 1;
const _: () = assert!((NAMES as u64) < OTHER);

/// The kinds without a code, by their numbers; codes have the numbers behind them.
const MARKS: [Mark; 13] = [
    Mark::Login,
    Mark::Exchange,
    Mark::OfflineExchange,
    Mark::ReadAndFailed,
    Mark::ForeignRead,
    Mark::ReadOrForeign,
    Mark::ReadOfSome,
    Mark::Detached,
    Mark::Ended,
    Mark::Revoked,
    Mark::Refresh,
    Mark::Alive,
    Mark::Named,
];

/// How many numbers a mark can have.
const MARK_NUMBERS: u64 = 1 << (u64::BITS - LINE_BITS - SOURCE_BITS);

/// Returns a number of so many bits.
const fn low(number: u64, bits: u32) -> u64 {
    number & ((1 << bits) - 1)
}

impl Short {
    const NONE: Short = Short { when: 0, what: 0 };

    /// Returns a step's short form, where it has one.
    #[inline]
    fn of(entry: &Entry) -> Option<Self> {
        let time = entry.when.map_or(Some(low(u64::MAX, TIME_BITS)), |t| u64::try_from(t).ok().filter(|t| *t < low(u64::MAX, TIME_BITS)))?;
        let client = match entry.client {
            None => 0,
            Some(Sym::OTHER) => OTHER,
            Some(client) => u64::from(client.kept().get()),
        };
        let mark = match entry.step {
            Mark::Gone(code) => MARKS.len() + usize::from(code),
            plain => MARKS.iter().position(|mark| *mark == plain)?,
        } as u64;
        let (line, source) = (entry.at.line.get(), u64::from(entry.at.source));
        let fits = entry.at.part == 0 && line >> LINE_BITS == 0 && source >> SOURCE_BITS == 0 && mark < MARK_NUMBERS;
        fits.then_some(Short { when: time | client << TIME_BITS, what: line | source << LINE_BITS | mark << (LINE_BITS + SOURCE_BITS) })
    }

    #[inline]
    fn mark(self) -> Mark {
        let number = self.what >> (LINE_BITS + SOURCE_BITS);
        let code = || Mark::Gone(u16::try_from(number - MARKS.len() as u64).unwrap_or(u16::MAX));
        usize::try_from(number).ok().and_then(|n| MARKS.get(n)).copied().unwrap_or_else(code)
    }

    #[inline]
    fn client(self) -> Option<Sym> {
        let number = self.when >> TIME_BITS;
        if number == OTHER { Some(Sym::OTHER) } else { NonZeroU32::new(small(number)).map(Sym::from) }
    }

    /// Returns the step.
    #[inline]
    fn entry(self) -> Entry {
        let time = low(self.when, TIME_BITS);
        Entry {
            when: if time == low(u64::MAX, TIME_BITS) { None } else { i64::try_from(time).ok() },
            at: At::new(small(low(self.what >> LINE_BITS, SOURCE_BITS)), low(self.what, LINE_BITS), 0),
            client: self.client(),
            step: self.mark(),
        }
    }
}

/// Returns a number of few bits.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How many stand in place.
const FEW: usize = 2;

/// The steps of a timeline, in their order.
#[derive(Debug)]
pub(super) enum Steps {
    /// They stand in place.
    Few {
        /// How many.
        len: u8,
        /// The steps; behind these there is nothing.
        steps: [Short; FEW],
    },
    /// They stand elsewhere.
    Many(Vec<Short>),
    /// One of them has no short form.
    Long(Vec<Entry>),
}

impl Default for Steps {
    fn default() -> Self {
        Steps::Few { len: 0, steps: [Short::NONE; FEW] }
    }
}

impl Steps {
    /// Returns how many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Steps::Few { len, .. } => usize::from(*len),
            Steps::Many(steps) => steps.len(),
            Steps::Long(steps) => steps.len(),
        }
    }

    /// Returns all of them.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> {
        let (short, long): (&[Short], &[Entry]) = match self {
            Steps::Few { len, steps } => (&steps[..usize::from(*len)], &[]),
            Steps::Many(steps) => (steps, &[]),
            Steps::Long(steps) => (&[], steps),
        };
        short.iter().map(|s| s.entry()).chain(long.iter().copied())
    }

    /// Returns all of them, to be looked at more than once.
    pub(super) fn all(&self) -> SmallVec<[Entry; 8]> {
        match self {
            Steps::Few { len, steps } => steps[..usize::from(*len)].iter().map(|s| s.entry()).collect(),
            Steps::Many(steps) => steps.iter().map(|s| s.entry()).collect(),
            Steps::Long(steps) => steps.iter().copied().collect(),
        }
    }

    /// Whether there is a step of this kind and client.
    #[inline]
    pub(super) fn any(&self, is: impl Fn(Mark, Option<Sym>) -> bool) -> bool {
        let is_short = |s: &Short| is(s.mark(), s.client());
        match self {
            Steps::Few { len, steps } => steps[..usize::from(*len)].iter().any(is_short),
            Steps::Many(steps) => steps.iter().any(is_short),
            Steps::Long(steps) => steps.iter().any(|e| is(e.step, e.client)),
        }
    }

    /// Adds a step behind them.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry) {
        match (&mut *self, Short::of(&entry)) {
            (Steps::Few { len, steps }, Some(short)) if usize::from(*len) < FEW => {
                steps[usize::from(*len)] = short;
                *len += 1;
            }
            (Steps::Many(steps), Some(short)) => steps.push(short),
            (Steps::Long(steps), _) => steps.push(entry),
            (Steps::Few { steps, .. }, Some(short)) => {
                let mut many = Vec::with_capacity(2 * FEW);
                many.extend_from_slice(steps);
                many.push(short);
                *self = Steps::Many(many);
            }
            (_, None) => *self = Steps::Long(self.iter().chain([entry]).collect()),
        }
    }

    /// Returns how many bytes they take elsewhere.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        match self {
            Steps::Few { .. } => 0,
            Steps::Many(steps) => steps.capacity() * size_of::<Short>(),
            Steps::Long(steps) => steps.capacity() * size_of::<Entry>(),
        }
    }

    /// Returns a number that is made of the last of them.
    #[inline]
    pub(super) fn glance(&self) -> u64 {
        match self {
            Steps::Few { steps, .. } => steps[0].when,
            Steps::Many(steps) => steps.last().map_or(0, |s| s.when),
            Steps::Long(steps) => steps.len() as u64,
        }
    }
}

impl FromIterator<Entry> for Steps {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut steps = Steps::default();
        entries.into_iter().for_each(|entry| steps.push(entry));
        steps
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Entry>::deserialize(deserializer).map(|entries| entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let when = proptest::option::of(prop_oneof![
            proptest::sample::select(vec![0, -1, (1 << 44) - 2, (1 << 44) - 1, 1 << 44]),
            any::<i64>(),
            0..2_000_000_000_000_i64
        ]);
        let line = prop_oneof![Just(1), Just((1 << 36) - 1), Just(1 << 36), Just(u64::MAX), 1..1_000_000_u64];
        let source = prop_oneof![0..10_u32, Just((1 << 20) - 1), Just(1 << 20), Just(u32::MAX)];
        let names = u32::try_from(NAMES).expect("a number");
        let client = proptest::option::of(prop_oneof![1..10_u32, Just(names), Just(u32::MAX)]);
        let step = prop_oneof![proptest::sample::select(MARKS.to_vec()), any::<u16>().prop_map(Mark::Gone), (0..300_u16).prop_map(Mark::Gone)];
        (when, line, source, prop_oneof![Just(0_u32), any::<u32>()], client, step).prop_map(|(when, line, source, part, client, step)| Entry {
            when,
            at: At::new(source, line, part),
            client: client.and_then(NonZeroU32::new).map(Sym::from),
            step,
        })
    }

    proptest! {
        #[test]
        fn steps_are_kept_as_they_came(entries in proptest::collection::vec(entry(), 0..12)) {
            let steps: Steps = entries.iter().copied().collect();
            prop_assert_eq!(steps.len(), entries.len());
            prop_assert_eq!(steps.iter().collect::<Vec<_>>(), entries.clone());
            prop_assert_eq!(steps.all().to_vec(), entries.clone());
            for e in &entries {
                prop_assert!(steps.any(|step, client| (step, client) == (e.step, e.client)));
            }
            let bytes = postcard::to_allocvec(&steps).expect("bytes");
            let read: Steps = postcard::from_bytes(&bytes).expect("steps");
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), entries);
        }
    }
}
