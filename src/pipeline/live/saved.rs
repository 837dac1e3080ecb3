//! What a state directory holds of a live run: how far its files were read, and what was made of them, as one.

use serde::{Deserialize, Serialize};

use super::super::Options;
use super::{Extent, Live, StateError};
use crate::source::follow::Positions;
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
#[derive(Debug, Serialize)]
pub struct Saved {
    /// How far everything was read.
    pub positions: Positions,
    /// What happened to the files.
    pub counters: Counters,
    /// The run: what [`Live::snapshot`] gave.
    pub live: Vec<u8>,
    /// What the alerts know and what of them was not delivered; empty where there are none, and in states that are older than they.
    pub alerts: Vec<u8>,
    /// What it was asked for.
    pub asked: Asked,
}

impl Saved {
    /// Returns it as bytes.
    ///
    /// # Errors
    /// When it cannot be put into bytes, which nothing is known to cause.
    pub fn bytes(&self) -> Result<Vec<u8>, StateError> {
        postcard::to_stdvec(self).map_err(|e| StateError::Damaged(e.to_string()))
    }

    /// Reads what [`Saved::bytes`] gave.
    ///
    /// # Errors
    /// When it is no such thing.
    pub fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let damaged = |e: postcard::Error| StateError::Damaged(e.to_string());
        let ((positions, counters, live), rest) = postcard::take_from_bytes(bytes).map_err(damaged)?;
        // older states end before these
        let (alerts, rest) = if rest.is_empty() { (Vec::new(), rest) } else { postcard::take_from_bytes(rest).map_err(damaged)? };
        let asked = if rest.is_empty() { Asked::default() } else { postcard::from_bytes(rest).map_err(damaged)? };
        Ok(Saved { positions, counters, live, alerts, asked })
    }
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
    fn a_state_from_before_there_were_alerts_is_read() {
        let saved = Saved {
            positions: Positions::default(),
            counters: Counters { rotations: 7, ..Counters::default() },
            live: vec![1, 2, 3],
            alerts: vec![4, 5],
            asked: Asked::default(),
        };
        let bytes = saved.bytes().expect("bytes");
        let old = postcard::to_stdvec(&(&saved.positions, saved.counters, &saved.live)).expect("bytes");
        for (bytes, alerts) in [(&bytes, vec![4, 5]), (&old, vec![])] {
            let read = Saved::read(bytes).expect("a state");
            assert_eq!((read.counters.rotations, read.live, read.alerts), (7, vec![1, 2, 3], alerts));
        }
        assert!(Saved::read(&bytes[..bytes.len() - 1]).is_err());
    }
}
