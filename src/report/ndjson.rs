//! One finding a line, as the contract in `docs/design.md` has it.
//!
//! Input: findings in their order. Output: JSON lines; none for none. Must not add or rename keys.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::escape::Untrusted;
use super::{Findings, escape};
use crate::alert::Alert;
use crate::finding::Finding;

/// Writes JSON lines.
#[derive(Debug)]
pub struct Ndjson<W> {
    out: W,
}

impl<W: Write> Ndjson<W> {
    /// Returns a writer of JSON lines.
    pub fn new(out: W) -> Self {
        Ndjson { out }
    }
}

/// A finding that takes the place of one that was written before.
#[derive(Serialize)]
struct Superseding<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    supersedes: bool,
}

impl<W: Write> Ndjson<W> {
    /// Writes a finding that corrects one with the same id.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn correction(&mut self, finding: &Finding) -> io::Result<()> {
        escape::json::write(&Superseding { finding: &masked(finding), supersedes: true }, 0, &mut self.out)?;
        self.out.write_all(b"\n")
    }

    /// Writes an alert, under the key `alert`.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        self.out.write_all(&super::alert::ndjson(alert))
    }

    /// Writes out what is held back; more may follow.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Findings for Ndjson<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        escape::json::write(&*masked(finding), 0, &mut self.out)?;
        self.out.write_all(b"\n")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns the finding with what is a secret by its shape masked in every value that a client can choose.
pub(super) fn masked(finding: &Finding) -> Cow<'_, Finding> {
    type Field = fn(&mut Finding) -> &mut Option<String>;
    const CHOSEN: [Field; 8] =
        [|f| &mut f.realm, |f| &mut f.client, |f| &mut f.error, |f| &mut f.reason, |f| &mut f.grant, |f| &mut f.session, |f| &mut f.user, |f| &mut f.ip];
    let values = [&finding.realm, &finding.client, &finding.error, &finding.reason, &finding.grant, &finding.session, &finding.user, &finding.ip];
    let mut shown = Cow::Borrowed(finding);
    if let Cow::Owned(clean) = Untrusted::new(&finding.event).masked() {
        shown.to_mut().event = clean;
    }
    for (value, field) in values.into_iter().zip(CHOSEN) {
        if let Some(Cow::Owned(clean)) = value.as_deref().map(|v| Untrusted::new(v).masked()) {
            *field(shown.to_mut()) = Some(clean);
        }
    }
    shown
}
