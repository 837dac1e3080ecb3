//! Failures that stand for others: of each row a few are kept whole until the end.
//!
//! Input: failures with their verdicts. Output: them again. Whoever can make up clients makes up rows, and most of what is kept is never looked at again: it is
//! kept in as few bytes as it takes, and beside them only what samples are ordered by.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::triage::decide::proofs;
use crate::triage::joined::At;
use crate::triage::packed::Packed;
use crate::triage::timeline::Waiting;
use crate::triage::verdict::Verdict;

/// What samples are ordered by: where it matters the best proven first; then the earliest, unknown times last.
pub(super) type Place<'a> = (Reverse<u32>, bool, Option<i64>, Option<&'a String>, u64);

/// What of a failure orders it among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Mark {
    time: Option<i64>,
    line: u64,
    source: u32,
    /// How many lines the verdict names.
    named: u32,
}

impl Mark {
    pub(super) fn of(w: &Waiting, verdict: &Verdict) -> Self {
        Mark { time: w.time, line: w.at.line.get(), source: w.at.source, named: count(verdict.evidence.len()) }
    }

    /// Returns when it was.
    pub(super) fn time(&self) -> Option<i64> {
        self.time
    }

    /// Returns its place among others of its row; `sources` are the sources' names, by number.
    pub(super) fn place<'a>(&self, by_proof: bool, sources: &'a [String]) -> Place<'a> {
        let proofs = if by_proof { self.named } else { 0 };
        (Reverse(proofs), self.time.is_none(), self.time, sources.get(self.source as usize), self.line)
    }
}

fn count(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// Packs a failure; `room` is put to use again. Its facts are not kept: its verdict holds what they said.
pub(super) fn pack(w: &Waiting, verdict: &Verdict, room: &mut Vec<u8>) -> Box<[u8]> {
    let Waiting { time, node, position, at, failed, realm, client, facts: _ } = w;
    room.clear();
    (count(verdict.evidence.len()), count(proofs(verdict, w))).pack(room);
    (*time, *at).pack(room);
    (*node, *position).pack(room);
    (*realm, *client).pack(room);
    failed.pack(room);
    verdict.pack(room);
    room.as_slice().into()
}

/// Returns a failure that was packed, and its verdict.
pub(super) fn unpack(packed: &[u8]) -> Option<(Waiting, Verdict)> {
    let from = &mut &*packed;
    let ((_, _), (time, at), (node, position)): ((u32, u32), _, _) = Packed::unpack(from)?;
    let ((realm, client), failed) = Packed::unpack(from)?;
    Some((Waiting { time, node, position, at, failed, realm, client, facts: None }, Packed::unpack(from)?))
}

/// What of a packed failure orders it among others; the rest is unpacked when it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) mark: Mark,
    /// How many lines prove it, its own and its companions' included.
    proofs: u32,
    pub(super) packed: &'a [u8],
}

impl<'a> Sample<'a> {
    /// Returns a failure that was packed.
    pub(super) fn of(packed: &'a [u8]) -> Option<Self> {
        let from = &mut &*packed;
        let ((named, proofs), (time, at)): ((u32, u32), (Option<i64>, At)) = Packed::unpack(from)?;
        Some(Sample { mark: Mark { time, line: at.line.get(), source: at.source, named }, proofs, packed })
    }

    /// Returns its place among those of a page: the best proven first.
    pub(super) fn place_on_page<'s>(&self, sources: &'s [String]) -> Place<'s> {
        Mark { named: self.proofs, ..self.mark }.place(true, sources)
    }
}
