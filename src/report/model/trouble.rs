//! What is chronic, what changed, what cannot be told, and what was not understood.

use serde::Serialize;

use super::{Counted, Distribution, Instant, Logged, Prose};
use crate::cause::Cause;
use crate::tally::incident::Habit;

/// A client that misbehaves all the time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Habitual {
    /// The realm.
    pub realm: Option<Logged>,
    /// The client.
    pub client: Option<Logged>,
    /// How: `double-exchange`, `refresh-storm`, `early-refresh` or `steady`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub habit: Habit,
    /// The same in words.
    pub what: Prose,
    /// The cause of its failures; null where its requests succeed.
    pub cause: Option<Cause>,
    /// How many of its requests.
    pub count: u64,
    /// How many an hour.
    pub per_hour: f64,
    /// Delays from the login.
    pub delays: Option<Distribution>,
    /// What to do.
    pub advice: Prose,
}

/// A range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Range {
    /// From here on.
    pub from: Instant,
    /// Before this.
    pub to: Instant,
}

/// How one client and cause changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// The realm.
    pub realm: Option<Logged>,
    /// The client.
    pub client: Option<Logged>,
    /// The cause.
    pub cause: Cause,
    /// Its title.
    pub title: &'static str,
    /// Failures before.
    pub before: u64,
    /// Failures after.
    pub after: u64,
    /// Failures an hour before.
    pub before_per_hour: f64,
    /// Failures an hour after.
    pub after_per_hour: f64,
    /// After by before, with its 95 % limits; null where there was none before.
    pub ratio: Option<[f64; 3]>,
    /// The probability of so different counts at equal rates.
    pub chance: f64,
    /// `new`, `more`, `same`, `less` or `gone`, or `too few to tell`.
    pub verdict: &'static str,
}

/// Before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Before.
    pub before: Range,
    /// After.
    pub after: Range,
    /// What divides them, in words.
    pub what: Prose,
    /// What it comes down to.
    pub headline: Prose,
    /// The changes, the surest first.
    pub changes: Vec<Change>,
}

/// Failures that stay unsure for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gap {
    /// `success-events`, `client-authentication`, …
    pub lack: &'static str,
    /// Failures that lack it.
    pub count: u64,
    /// Why they stay unsure.
    pub why: &'static str,
}

/// What these logs cannot tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gaps {
    /// Failures that are not certain for want of something.
    pub unsure: u64,
    /// The reasons, most failures first.
    pub reasons: Vec<Gap>,
    /// The options of Keycloak that would show it.
    pub remedies: Vec<Prose>,
    /// Whether rates of failure can be told, and why not.
    pub rates: Option<Prose>,
}

/// A place in a file, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    /// The file.
    pub file: Logged,
    /// The line.
    pub line: u64,
    /// How it begins.
    pub text: Logged,
}

/// A line that looks forged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suspected {
    /// When.
    pub time: Option<Instant>,
    /// The file.
    pub file: Logged,
    /// The line.
    pub line: u64,
    /// The event that it claims.
    pub event: Logged,
    /// The address that it names.
    pub address: Option<Logged>,
    /// Why it is not believed.
    pub why: Logged,
}

/// Where every byte went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Account {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of recognised records.
    pub parsed: u64,
    /// Bytes that were skipped: blank, a banner, or not recognised.
    pub skipped: u64,
    /// Bytes that could not be read as text.
    pub damaged: u64,
    /// Lines that are no part of a record.
    pub unparsed_lines: u64,
    /// Times that went back.
    pub time_went_back: u64,
    /// The first lines that were not understood.
    pub samples: Vec<Place>,
    /// Caps that bit.
    pub caps_hit: Vec<String>,
    /// What could not be read.
    pub problems: Vec<Logged>,
    /// Files in which nothing was recognised.
    pub strangers: Vec<Logged>,
    /// Answers of a token endpoint that other programs' logs quote: no findings.
    pub relayed: u64,
}

/// What was made unrecognisable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Redaction {
    /// Users, addresses and sessions are pseudonyms.
    pub applied: bool,
    /// The same in words.
    pub note: Prose,
    /// How many values were replaced, by kind.
    pub replaced: Vec<Replaced>,
}

/// How many values of a kind were replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Replaced {
    /// `users`, `addresses`, `sessions`.
    pub kind: &'static str,
    /// How many.
    pub values: Counted,
}
