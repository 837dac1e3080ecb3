//! Failures that their timelines have no more to say of: those that are decided are counted, the others kept until the input has ended.
//!
//! Input: failures, some with their verdicts. Output: counts, and failures that wait. Apart from the fold, so that one can go on while the other does. Must
//! not decide anything.

use std::io;
use std::sync::Arc;

use super::counts::Counts;
use super::fold::Free;
use crate::names::{Names, Sym};
use crate::tally::Filter;
use crate::triage::spill::{Order, Spill};
use crate::triage::timeline::{self, Waiting};
use crate::triage::verdict::Verdict;

/// Failures for the clerk.
#[derive(Default)]
pub(super) struct Closed {
    /// Those that did not wait for a timeline.
    pub free: Vec<Free>,
    /// Those that did.
    pub done: Vec<timeline::Closed>,
}

/// What counting looks things up in.
pub(super) struct Desk<'a> {
    pub filter: &'a Filter,
    /// Looked at where the filter is not open.
    pub names: &'a Names,
    pub sources: &'a [String],
    /// The nodes' names and streams; looked at where findings are listed.
    pub nodes: &'a [(Arc<str>, usize)],
}

/// What was counted, and what waits.
pub(super) struct Clerk {
    pub counts: Counts,
    pub spill: Spill,
}

impl Clerk {
    /// Takes in failures.
    pub fn take(&mut self, closed: &mut Closed, desk: &Desk<'_>) -> io::Result<()> {
        // neighbours are mostly of one realm
        let mut last = None;
        for (waiting, verdict) in closed.free.drain(..) {
            if !self.count(&waiting, verdict.as_ref(), &mut last, desk) {
                self.keep(waiting, desk)?;
            }
        }
        for (waiting, verdict) in closed.done.drain(..) {
            if !self.count(&waiting, verdict.as_ref(), &mut last, desk) {
                self.keep(*waiting, desk)?;
            }
        }
        Ok(())
    }

    /// Counts a failure if it is decided; says whether it is.
    fn count(&mut self, waiting: &Waiting, verdict: Option<&Verdict>, last: &mut Option<(Option<Sym>, Option<Sym>)>, desk: &Desk<'_>) -> bool {
        let realm = (waiting.failed.failure.realm, waiting.realm);
        if last.replace(realm) != Some(realm) {
            self.counts.meet(realm);
        }
        if let Some(verdict) = verdict {
            self.counts.add(waiting, verdict, desk.filter, desk.names, desk.sources);
        }
        verdict.is_some()
    }

    fn keep(&mut self, waiting: Waiting, desk: &Desk<'_>) -> io::Result<()> {
        self.spill.push(waiting, |waiting| {
            let (name, stream) = &desk.nodes[waiting.node as usize];
            Order::of(waiting, name, *stream)
        })
    }
}
