//! A live run as lines for people: one finding a line, the same columns always.
//!
//! Input: [`Update`]s as they come, and the clock. Output: lines of the terminal's width, or as long as they need in a pipe. Findings of the same client
//! and cause within a second become two lines: the first at once, and then how many more. Must not know where updates come from.
//!
//! ```
//! use kctriage::report::lines::{Lines, Settings};
//! use kctriage::tally::live::{Notice, Update};
//! let mut lines = Lines::new(Vec::new(), Settings::default());
//! let notice = Notice { source: "kc.log".into(), what: "cut while it was read".into(), lost_bytes: Some(4096) };
//! lines.update(&Update::Notice(notice), 0)?;
//! lines.tick(250)?;
//! assert_eq!(String::from_utf8_lossy(&lines.finish()?), "          ! kc.log: cut while it was read (4096 bytes lost)\n");
//! # Ok::<(), std::io::Error>(())
//! ```

mod burst;
mod row;

use std::io;

use crate::alert::Alert;
use crate::cause::Cause;
use crate::finding::{Confidence, Finding};
use crate::tally::incident::Trigger;
use crate::tally::live::{Notice, Update};
use crate::triage::clock::Zone;
use burst::{Bursts, More};
use row::Rows;

/// How lines are written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Columns of the terminal; `None` means as long as a line needs, as in a pipe.
    pub width: Option<usize>,
    /// Whether to use colours.
    pub colour: bool,
    /// The terminal or the locale cannot show more than ASCII.
    pub ascii: bool,
    /// The zone in which times are shown.
    pub zone: Zone,
    /// The lifespan of codes in milliseconds, where it is known.
    pub life_ms: Option<i64>,
}

/// Writes lines.
#[derive(Debug)]
pub struct Lines<W> {
    out: W,
    rows: Rows,
    bursts: Bursts,
    life_ms: Option<i64>,
    /// Something was written since the last flush.
    dirty: bool,
}

impl<W: io::Write> Lines<W> {
    /// Begins with nothing written.
    pub fn new(out: W, settings: Settings) -> Self {
        Lines { out, rows: Rows::new(settings), bursts: Bursts::default(), life_ms: settings.life_ms, dirty: false }
    }

    /// Takes a new width, as when a terminal was resized.
    pub fn resize(&mut self, width: usize) {
        self.rows.resize(width);
    }

    /// Writes an update, or counts it in a burst. `now` is the clock in milliseconds since the epoch.
    ///
    /// # Errors
    ///
    /// When the output cannot be written; a broken pipe is one.
    pub fn update(&mut self, update: &Update, now: i64) -> io::Result<()> {
        match update {
            Update::Found(finding) => self.found(finding, now),
            Update::Revised { finding, from, confidence } => self.revised(finding, *from, *confidence),
            Update::Trigger(trigger) => self.trigger(trigger),
            Update::Notice(notice) => self.notice(notice),
        }
    }

    /// Ends bursts whose second is over, and flushes. To be called about four times a second.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn tick(&mut self, now: i64) -> io::Result<()> {
        for more in self.bursts.over(now) {
            self.more(&more)?;
        }
        self.flush()
    }

    /// Writes an alert that begins or ends.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        let line = self.rows.alert(alert);
        self.put(&line)?;
        self.flush()
    }

    /// Writes a line of someone else's, as an alert that opens; it must be inert already.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn remark(&mut self, time: Option<i64>, text: &str) -> io::Result<()> {
        let line = self.rows.remark(time, text);
        self.put(&line)?;
        self.flush()
    }

    /// Ends all bursts; returns the output.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.end()?;
        Ok(self.out)
    }

    /// Ends all bursts and flushes; more may follow.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn end(&mut self) -> io::Result<()> {
        self.tick(i64::MAX)
    }

    fn found(&mut self, finding: &Finding, now: i64) -> io::Result<()> {
        let (ended, is_first) = self.bursts.add(finding, now);
        for more in ended {
            self.more(&more)?;
        }
        if !is_first {
            return Ok(());
        }
        let why = super::why::why(finding, self.life_ms);
        let line = self.rows.finding(finding, &why);
        self.put(&line)?;
        self.flush()
    }

    fn revised(&mut self, finding: &Finding, from: Cause, confidence: Confidence) -> io::Result<()> {
        let was = match (from == finding.cause, confidence == finding.confidence) {
            (true, _) => format!("↻ was {confidence}", confidence = confidence.slug()),
            (false, true) => format!("↻ was {}", from.title()),
            (false, false) => format!("↻ was {} ({})", from.title(), confidence.slug()),
        };
        let line = self.rows.finding(finding, &format!("{was}; {}", super::why::why(finding, self.life_ms)));
        self.put(&line)?;
        self.flush()
    }

    fn more(&mut self, more: &More) -> io::Result<()> {
        let line = self.rows.more(more);
        self.put(&line)
    }

    fn trigger(&mut self, trigger: &Trigger) -> io::Result<()> {
        let line = self.rows.trigger(trigger, &super::why::change(&trigger.what));
        self.put(&line)
    }

    fn notice(&mut self, notice: &Notice) -> io::Result<()> {
        let line = self.rows.notice(notice);
        self.put(&line)
    }

    fn put(&mut self, line: &str) -> io::Result<()> {
        self.dirty = true;
        self.out.write_all(line.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.dirty) { self.out.flush() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
