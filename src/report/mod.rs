//! Outcomes to text for people and programs.
//!
//! Input: an [`Outcome`] (summaries) or [`Finding`]s as they come (streams). Output: bytes. One format a file, each behind a trait with hardly more
//! than one method, so that one test runs over all of them. Must not decide anything: causes and confidences are taken as they are. All text that
//! comes from a log passes [`escape`].
//!
//! ```no_run
//! use kctriage::pipeline::{Lines, Options, run};
//! use kctriage::report::{Findings, Ndjson};
//! use kctriage::triage::rules::Rules;
//!
//! let found = kctriage::source::discover(&["server.log".into()], &kctriage::source::Find::default(), &Lines::default());
//! let mut sink = Ndjson::new(std::io::stdout().lock());
//! run(&found, &Rules::builtin(), &Options::default(), &|_| {}, &mut |finding| sink.finding(&finding))?;
//! sink.finish()?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod alert;
mod asked;
pub mod compose;
pub mod csv;
pub mod escape;
pub mod html;
pub mod json;
pub mod lines;
pub mod markdown;
pub mod model;
pub mod ndjson;
pub mod outline;
pub mod prometheus;
pub mod redact;
pub mod sheet;
pub mod siem;
pub mod terminal;
pub mod text;
pub mod tone;
pub mod why;

use std::io;

use crate::finding::Finding;
use crate::record::text::Missing;
use crate::tally::{Outcome, SourceReport};

pub use csv::Csv;
pub use html::Html;
pub use json::Json;
pub use lines::Lines;
pub use markdown::{Dialect, Markdown};
pub use model::Report;
pub use ndjson::Ndjson;
pub use sheet::Sheet;
pub use siem::Siem;
pub use terminal::Terminal;
pub use text::Text;

/// A format that says what a whole run found.
pub trait Summary {
    /// Writes the outcome.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    fn write(&self, outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()>;
}

/// A format of the page that explains an incident.
pub trait Paper {
    /// Writes the page.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()>;
}

/// A format that has one entry a finding.
pub trait Findings {
    /// Writes one finding.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn finding(&mut self, finding: &Finding) -> io::Result<()>;

    /// Writes what is still held back; to be called once, after the last finding.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// Returns which known layout an unknown source comes nearest to, and what it lacks, in words.
#[must_use]
pub fn nearest(source: &SourceReport) -> String {
    let sample = source.books.samples.first().map(|s| s.text.trim_start()).unwrap_or_default();
    if source.nearest.is_none() && sample.starts_with('{') {
        return "nearest is JSON, one object a line: it wants a key loggerName (Keycloak's default) or log.logger (ECS)".to_owned();
    }
    let text = "nearest is text, \"2026-11-23 14:48:22,304 WARN  [logger] (thread) message\"";
    match source.nearest {
        Some((line, what)) => format!("{text}: line {line} lacks {}", missing(what)),
        None => format!("{text}: no line has {}", missing(Missing::Stamp)),
    }
}

/// Returns the words for what a line lacks to be the head of a record.
#[must_use]
pub fn missing(missing: Missing) -> &'static str {
    missing.words()
}

#[cfg(test)]
mod tests;
