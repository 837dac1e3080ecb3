//! What a state directory holds of a live run: how far its files were read, and what was made of them, as one.
//!
//! The first three parts are in every state. What came later follows them, part by part: a state that ends before one was written by a version that did not
//! have it, and is read as if that part were new.

use serde::{Deserialize, Serialize};

use super::super::Options;
use super::{Extent, Live, StateError};
use crate::source::follow::Positions;
use crate::tally::verdicts::Verdicts;
use crate::tally::{Filter, Outcome};
use crate::triage::rules::Rules;

/// What happened to the files; numbers only grow, over restarts, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Bytes that are lost for good.
    pub lost_bytes: u64,
    /// Lines are missing.
    pub lost: bool,
    /// Files that took the place of another.
    pub rotations: u64,
    /// Files that were cut to be written again.
    pub truncations: u64,
    /// Times that the state could not be written.
    pub state_failures: u64,
}

/// What a run was asked for, as far as its counts depend on it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Asked {
    /// What is counted.
    pub filter: Filter,
    /// The lifespan of codes, where it was given.
    pub code_lifespan_ms: Option<i64>,
    /// The zone was named.
    pub zone_named: bool,
    /// Rules or realm exports of its own decide: what it told is not judged again by others.
    pub has_own_rules: bool,
}

/// A run as it is saved.
#[derive(Debug)]
pub struct Saved {
    /// How far everything was read.
    pub positions: Positions,
    /// What happened to the files.
    pub counters: Counters,
    /// The run: what [`Live::snapshot`] gave.
    pub live: Vec<u8>,
    /// What the alerts know and what of them was not delivered; empty where there are none, and in states that are older than they.
    pub alerts: Vec<u8>,
    /// First verdicts, as they were counted; `None` in a state of before.
    pub verdicts: Option<Verdicts>,
    /// What it was asked for.
    pub asked: Asked,
}

impl Saved {
    /// Returns it as bytes.
    ///
    /// # Errors
    /// When it cannot be put into bytes, which nothing is known to cause.
    pub fn bytes(&self) -> Result<Vec<u8>, StateError> {
        let damaged = |e: postcard::Error| StateError::Damaged(e.to_string());
        postcard::to_stdvec(&(&self.positions, &self.counters, &self.live, &self.alerts, &self.verdicts, &self.asked)).map_err(damaged)
    }

    /// Reads what [`Saved::bytes`] gave.
    ///
    /// # Errors
    /// When it is no such thing.
    pub fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let damaged = |e: postcard::Error| StateError::Damaged(e.to_string());
        let ((positions, counters, live), rest) = postcard::take_from_bytes(bytes).map_err(damaged)?;
        let (alerts, rest) = part(rest)?;
        let (verdicts, rest) = part::<Option<Verdicts>>(rest)?;
        let (asked, _) = part(rest)?;
        Ok(Saved { positions, counters, live, alerts: alerts.unwrap_or_default(), verdicts: verdicts.flatten(), asked: asked.unwrap_or_default() })
    }
}

/// Returns a part that may not be there, and what follows it.
fn part<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<(Option<T>, &[u8]), StateError> {
    if bytes.is_empty() {
        return Ok((None, bytes));
    }
    postcard::take_from_bytes(bytes).map(|(part, rest)| (Some(part), rest)).map_err(|e| StateError::Damaged(e.to_string()))
}

/// Returns what a run had found when it was saved, as if its log had ended there. Where it had rules or realm exports of its own, what it told stays as
/// it told it, and the given ones decide only what it still held.
///
/// # Errors
/// When the bytes are no state of this version.
pub fn outcome_of(bytes: &[u8], rules: Rules, options: Options) -> Result<Outcome, StateError> {
    let Saved { asked, live, .. } = Saved::read(bytes)?;
    let options = Options { filter: asked.filter, code_lifespan_ms: asked.code_lifespan_ms, zone_named: asked.zone_named, ..options };
    let live = Live::restore(&live, rules, options)?;
    let last = if asked.has_own_rules { Extent::Held } else { Extent::All };
    let (_, outcome) = live.end(0, last).map_err(|e| StateError::Damaged(e.to_string()))?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_from_before_there_was_a_part_is_read() {
        let (positions, counters, live) = (Positions::default(), Counters { rotations: 7, ..Counters::default() }, vec![1, 2, 3]);
        let first = postcard::to_stdvec(&(&positions, &counters, &live)).expect("bytes");
        let second = postcard::to_extend(&vec![4_u8, 5], first.clone()).expect("bytes");
        let now = Saved { positions, counters, live: live.clone(), alerts: vec![4, 5], verdicts: Some(Verdicts::begun(9)), asked: Asked::default() }
            .bytes()
            .expect("bytes");
        for (bytes, alerts, verdicts) in [(&first, vec![], None), (&second, vec![4, 5], None), (&now, vec![4, 5], Some(Verdicts::begun(9)))] {
            let read = Saved::read(bytes).expect("a state");
            assert_eq!((read.counters, read.live, read.alerts, read.verdicts), (counters, live.clone(), alerts, verdicts));
        }
        // a version of before takes no notice of the parts that it does not have
        assert!(now.starts_with(&second) && second.starts_with(&first));
        assert!(Saved::read(&now[..now.len() - 1]).is_err() && Saved::read(&second[..second.len() - 1]).is_err() && Saved::read(b"").is_err());
    }
}
