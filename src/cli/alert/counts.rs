//! How alerts fare, for whoever exports it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of alerts; all but `firing` only grow within a run.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    firing: AtomicU64,
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    /// Returns the alerts that go on.
    pub fn firing(&self) -> u64 {
        self.0.firing.load(Ordering::Relaxed)
    }

    /// Returns the messages that receivers took.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Returns the messages that were given up: a receiver refused them for good.
    pub fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }

    /// Returns the messages that were dropped because too many waited.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn set_firing(&self, count: usize) {
        self.0.firing.store(count as u64, Ordering::Relaxed);
    }

    pub(super) fn add(&self, outcome: super::delivery::Outcome) {
        let number = match outcome {
            super::delivery::Outcome::Sent => &self.0.sent,
            super::delivery::Outcome::Failed => &self.0.failed,
            super::delivery::Outcome::Dropped => &self.0.dropped,
        };
        number.fetch_add(1, Ordering::Relaxed);
    }
}
