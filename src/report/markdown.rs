//! The page for a ticket: GitHub's Markdown, or Jira's wiki markup.
//!
//! Input: a [`Report`]. Output: text in which log text is inert: a code span in Markdown, character references in Jira. Must not look at outcomes.

mod github;
mod jira;

use std::io;

use super::Paper;
use super::model::Report;
use super::outline::outline;

/// Which markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub's Markdown (GFM), which GitLab and others read, too.
    GitHub,
    /// Jira's wiki markup.
    Jira,
}

/// Writes the page in one of them.
#[derive(Debug, Clone, Copy)]
pub struct Markdown {
    /// Which markup.
    pub dialect: Dialect,
}

/// Columns of a name or a line of the log.
const COLUMNS: usize = 160;

impl Markdown {
    /// Returns the page.
    #[must_use]
    pub fn text(self, report: &Report) -> String {
        let blocks = outline(report);
        match self.dialect {
            Dialect::GitHub => github::text(&blocks),
            Dialect::Jira => jira::text(&blocks),
        }
    }
}

impl Paper for Markdown {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.text(report).as_bytes())
    }
}
