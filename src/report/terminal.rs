//! The outcome as a page for a person at a terminal.
//!
//! Input: an [`Outcome`]. Output: text of a given width, with colours or without; the same words in a pipe. The first line says whether something is
//! wrong and how bad; the first screen who, since when, why, and what to do. What was not understood stands before all of it.

mod advice;
mod books;
mod facts;
pub(super) mod figure;
pub(super) mod gaps;
pub(super) mod group;
mod headline;
pub(super) mod moment;
pub(super) mod page;
pub(super) mod pulse;
mod relayed;
mod story;
mod strangers;
pub(super) mod strip;
mod suspects;
mod table;

use std::io;
use std::time::Duration;

use super::Summary;
use crate::tally::{Filter, Outcome};
use crate::triage::clock::Zone;
use moment::Moments;
use page::Page;

/// Writes the page.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to use colours.
    pub colour: bool,
    /// The zone in which times are shown.
    pub zone: Zone,
    /// Nobody named that zone.
    pub zone_assumed: bool,
    /// How many groups of failures are told.
    pub top: usize,
    /// How long the run took, where that is to be told.
    pub elapsed: Option<Duration>,
    /// The paths as they were typed, for the commands to try next.
    pub command: String,
    /// The lifespan of codes in milliseconds, where it is known.
    pub life_ms: Option<i64>,
    /// What the counts went through.
    pub filter: Filter,
}

/// The narrowest and the widest page.
const WIDTHS: (usize, usize) = (40, 200);

/// What every section looks at.
struct Run<'a> {
    settings: &'a Terminal,
    outcome: &'a Outcome,
    moments: Moments,
}

impl Summary for Terminal {
    fn write(&self, outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
        let mut page = Page::new(self.width.clamp(WIDTHS.0, WIDTHS.1), self.colour);
        let run = Run { settings: self, outcome, moments: Moments::new(self.zone, outcome.span) };
        let overview = group::overview(&outcome.tally, outcome.span, self.top);
        strangers::write(&run, &mut page);
        headline::write(&run, &mut page);
        table::write(&run, &overview.causes, &mut page);
        story::write(&run, &overview, &mut page);
        gaps::write(&run, &mut page);
        suspects::write(&run, &mut page);
        relayed::write(&run, &mut page);
        books::write(&run, &overview.leading, &mut page);
        out.write_all(page.finish().as_bytes())
    }
}

/// Returns the window with which a run over that many bytes should count, so that the time lines of this page show something: small inputs are
/// seldom hours long, and have too few failures for short windows to cost much.
#[must_use]
pub fn window_ms(bytes: u64) -> i64 {
    match bytes {
        0..0x0400_0000 => 10_000,
        0x0400_0000..0x4000_0000 => 60_000,
        _ => 300_000,
    }
}
