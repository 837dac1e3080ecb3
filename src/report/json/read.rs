//! A saved tally, read back.
//!
//! Input: what [`super::write`] wrote, or any program that keeps to the contract. Output: the [`Account`], and what the file does not say.

use std::io::{self, Read};

use chrono::DateTime;
use serde::Deserialize;

use super::measure;
use super::page::Page;
use crate::finding::SCHEMA;
use crate::tally::Account;

/// Why a file is no tally that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not the JSON of a tally.
    #[error("it is no saved tally: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A later version wrote it.
    #[error("its schema number is {0}, and {SCHEMA} is the highest that is known here")]
    Newer(u64),
    /// A value cannot be.
    #[error("{0}")]
    Value(String),
}

/// A saved tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// What it holds.
    pub account: Account,
    /// What a report needs and the file does not hold, in words.
    pub lacking: Vec<&'static str>,
}

/// The number that says whether the rest can be understood.
#[derive(Deserialize)]
struct Head {
    schema: u64,
}

/// A tally of ten thousand clients and a week of windows is a part of it; what is larger was not made by this program.
const MOST_BYTES: u64 = 1 << 30;

/// Reads a saved tally.
///
/// # Errors
///
/// When it cannot be read, is no tally, contradicts itself, or was written in a later form than is known here.
pub fn read(input: impl Read) -> Result<Saved, ReadError> {
    let mut bytes = Vec::new();
    input.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ReadError::Value("it is larger than 1 GiB".into()));
    }
    let head: Head = serde_json::from_slice(&bytes)?;
    if head.schema > u64::from(SCHEMA) {
        return Err(ReadError::Newer(head.schema));
    }
    measure::check(&bytes)?;
    let page: Page<'_> = serde_json::from_slice(&bytes)?;
    let parts = [
        (page.sources.is_none(), "what was read"),
        (page.nodes.is_none(), "the server processes"),
        (page.triggers.is_none(), "server starts and admin events"),
        (page.lacks.is_none(), "why failures stay unsure"),
        (page.successes.is_none(), "successful requests"),
    ];
    let lacking = parts.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, what)| what).collect();
    Ok(Saved { account: page.account()?, lacking })
}

/// Reads a time of the contract.
pub(super) fn time(text: &str) -> Result<i64, ReadError> {
    DateTime::parse_from_rfc3339(text).map(|t| t.timestamp_millis()).map_err(|_| ReadError::Value(format!("{text:?} is no time")))
}
