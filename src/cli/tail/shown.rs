//! What of a live run monitoring systems may see.
//!
//! Counters are shown as they were when they were last saved: a run that is killed goes on from there, so that no number falls. What they count is joined and
//! judged again after that, perhaps with another first verdict, since more lines are there to judge by.

use std::sync::Arc;

use kctriage::report::prometheus::Reading;
use kctriage::tally::live::{Gauges, Update};
use kctriage::tally::verdicts::Verdicts;

/// The counts, and those of them that are shown.
pub struct Shown {
    verdicts: Arc<Verdicts>,
    /// What is shown, without what can fall.
    settled: (Arc<Verdicts>, Gauges),
    most_clients: usize,
    started_ms: i64,
    /// Records when the lag was taken, and the lag; those of an earlier run tell none.
    lag: (u64, Option<i64>),
    last_record_ms: Option<i64>,
}

impl Shown {
    /// Begins where the state says.
    pub fn begin(verdicts: Option<Verdicts>, gauges: &Gauges, now: i64, most_clients: usize) -> Self {
        let verdicts = Arc::new(verdicts.unwrap_or_else(|| Verdicts::begun(now)));
        let settled = (Arc::clone(&verdicts), gauges.clone());
        let last_record_ms = gauges.lag_ms.map(|lag| now - lag);
        Shown { verdicts, settled, most_clients, started_ms: now, lag: (gauges.records, None), last_record_ms }
    }

    /// Counts what is told.
    pub fn count(&mut self, updates: &[Update], now: i64) {
        if updates.is_empty() {
            return;
        }
        // copied where a reading holds it, which is a few times a second at most
        let verdicts = Arc::make_mut(&mut self.verdicts);
        for update in updates {
            verdicts.count(update, now, self.most_clients);
        }
    }

    /// Returns the counts as they are.
    pub fn verdicts(&self) -> &Verdicts {
        &self.verdicts
    }

    /// Says that the counts cannot be taken back any more.
    pub fn settle(&mut self, gauges: &Gauges) {
        self.settled = (Arc::clone(&self.verdicts), gauges.clone());
    }

    /// Returns what may be seen.
    pub fn reading(&mut self, now: i64, gauges: Gauges, unsaved_ms: Option<u64>) -> Reading {
        // the run's own number goes on growing while nothing is logged
        if self.lag.0 != gauges.records {
            self.lag = (gauges.records, gauges.lag_ms);
            self.last_record_ms = gauges.lag_ms.map(|lag| now - lag);
        }
        Reading {
            verdicts: Arc::clone(&self.settled.0),
            most_clients: self.most_clients,
            counted: self.settled.1.clone(),
            now: gauges,
            lag_ms: self.lag.1,
            last_record_ms: self.last_record_ms,
            unsaved_ms,
            started_ms: self.started_ms,
        }
    }
}
