//! The tally as one JSON object, as the contract in `docs/design.md` has it.
//!
//! Input: an [`Account`]. Output: RFC 8259 JSON, keys always in the same order, rows sorted, unknown is null; and back. Hashes are texts: readers that
//! keep numbers as doubles would change them.

mod books;
mod measure;
mod node;
mod page;
mod read;
mod row;
mod served;

use std::io;

use chrono::{DateTime, SecondsFormat};

use super::{Summary, escape};
use crate::tally::{Account, Outcome};
use crate::triage::verdict::Lack;

pub use read::{ReadError, Saved, read};

/// Clients of a realm that have rows of their own; the rest is added up under `other`.
const CLIENTS: usize = 10_000;

/// Writes the tally.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Summary for Json {
    fn write(&self, outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
        write(&outcome.account(), out)
    }
}

/// Writes an account; [`read()`] reads it back.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn write(account: &Account, out: &mut dyn io::Write) -> io::Result<()> {
    escape::json::write(&page::Page::of(account, &row::clean(&account.tally), CLIENTS), 2, out)?;
    out.write_all(b"\n")
}

/// Returns milliseconds since the epoch as `2026-11-23T14:48:22.306Z`.
fn instant(ms: i64) -> Option<String> {
    Some(DateTime::from_timestamp_millis(ms)?.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Returns the start of a window as `2026-11-23T14:45:00Z`.
fn window(ms: i64) -> Option<String> {
    Some(DateTime::from_timestamp_millis(ms)?.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Returns the word for what would have told candidates apart.
pub(super) fn lack(lack: Lack) -> &'static str {
    match lack {
        Lack::SuccessEvents => "success-events",
        Lack::ClientAuthentication => "client-authentication",
        Lack::Reasons => "reasons",
        Lack::WholeView => "whole-view",
        Lack::Beginning => "beginning",
        Lack::ServerLog => "server-log",
        Lack::Event => "event",
        Lack::Lines => "lines",
    }
}
