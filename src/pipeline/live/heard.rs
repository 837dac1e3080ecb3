//! What was read and told since this process began: it says how the run fares, and is not saved.

use std::collections::BTreeMap;

use crate::triage::verdict::Lack;

/// What was read and told.
#[derive(Debug, Default)]
pub(super) struct Heard {
    records: u64,
    /// How far the log was behind the clock when its last record came; negative where it was ahead.
    pub lag_ms: Option<i64>,
    /// What the log lacked to tell for certain what was told, and how often.
    pub lacks: BTreeMap<Lack, u64>,
}

impl Heard {
    /// Begins where a run left off that had read so many records.
    pub fn after(records: u64) -> Self {
        Heard { records, ..Heard::default() }
    }

    /// Notes how many records were read by now, and where the log stands.
    pub fn note(&mut self, records: u64, end: Option<i64>, now: i64) {
        if std::mem::replace(&mut self.records, records) != records {
            self.lag_ms = end.map(|end| now - end);
        }
    }
}
