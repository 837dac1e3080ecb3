//! A finding: one failed token request with its cause, how sure that is, and the lines that prove it.
//!
//! The leaf that every stage from [`crate::signal`] on may name. The JSON form is a contract (`docs/design.md`): field names, their order
//! and the slugs are stable within [`SCHEMA`].

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::cause::{Cause, Detail};

/// Schema number of findings and tallies.
pub const SCHEMA: u32 = 1;

/// How far the line that a finding rests on can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The record was a JSON object: no line can have been forged.
    Json,
    /// Values were quoted and escaped.
    Quoted,
    /// Values were bare (servers before 22.0.9, 23.0.5, 24).
    Unquoted,
    /// The event store, its table or a webhook: the event is the server's own, and no other line can explain it.
    Stored,
    /// The line has more than one reading; never certain.
    Ambiguous,
    /// An answer that an access log shows, of which no event was seen.
    Access,
    /// An answer quoted in an application's or a proxy's log; never certain.
    Relayed,
    /// Looks forged: listed apart, not a finding.
    Suspect,
}

/// How sure a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The log holds evidence that excludes every other cause.
    Certain,
    /// One cause fits best; the candidates name those that the log cannot exclude.
    Likely,
    /// The log cannot tell; the candidates name all that fit, most common first.
    Ambiguous,
}

impl Confidence {
    /// Every value, the surest first.
    pub const ALL: [Confidence; 3] = [Confidence::Certain, Confidence::Likely, Confidence::Ambiguous];

    /// Returns the word of the contract.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Ambiguous => "ambiguous",
        }
    }
}

/// A line that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The file, where it is not the finding's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The line, from 1, in the decompressed text.
    pub line: u64,
    /// What it shows.
    pub what: String,
}

/// One failed token request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The same for the same failure, whoever reads it and however.
    pub id: String,
    /// When, in UTC with milliseconds.
    #[serde(serialize_with = "utc_millis")]
    pub time: Option<DateTime<Utc>>,
    /// The realm's name, else its id as printed.
    pub realm: Option<String>,
    /// The client's id as the server logged it.
    pub client: Option<String>,
    /// The cause, or the first of the candidates.
    pub cause: Cause,
    /// 1 to 9, null beyond the nine.
    pub number: Option<u8>,
    /// What kind of that cause (causes 4 and 6).
    pub detail: Option<Detail>,
    /// How sure.
    pub confidence: Confidence,
    /// All causes that the log cannot exclude, the likeliest first.
    pub candidates: Vec<Cause>,
    /// The event's type, `CODE_TO_TOKEN_ERROR`.
    pub event: String,
    /// The event's error, `invalid_code`.
    pub error: Option<String>,
    /// The event's reason (24 and later).
    pub reason: Option<String>,
    /// The grant type, as the client named it.
    pub grant: Option<String>,
    /// The user session's id.
    pub session: Option<String>,
    /// The user's id.
    pub user: Option<String>,
    /// The client's address, as the server logged it.
    pub ip: Option<String>,
    /// The server process.
    pub node: String,
    /// The file.
    pub source: String,
    /// The line of the event.
    pub line: u64,
    /// The lines that prove it, the event's companions first.
    pub evidence: Vec<Evidence>,
    /// How far the event's line can be trusted.
    pub trust: Trust,
    /// Milliseconds from the login to the failure, where both were seen. Not part of the contract.
    #[serde(skip)]
    pub delay_ms: Option<i64>,
}

/// Writes `2026-11-23T14:48:22.306Z`.
#[allow(clippy::ref_option)] // serde's signature
fn utc_millis<S: Serializer>(time: &Option<DateTime<Utc>>, s: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(t) => s.serialize_str(&t.to_rfc3339_opts(SecondsFormat::Millis, true)),
        None => s.serialize_none(),
    }
}
