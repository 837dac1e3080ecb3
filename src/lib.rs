//! kctriage reads Keycloak server logs, finds every failed token request and says why it failed.
//!
//! ```text
//! bytes ──▶ records ──▶ signals ──▶ findings ──▶ tally ──▶ report
//! source/   record/     signal/     triage/      tally/    report/
//!           └── parallel, per chunk ──┘ └ parallel, per session ┘
//! ```
//!
//! A stage imports only stages to its left and the leaf modules ([`books`], [`cause`], [`finding`], [`names`], [`realm`]); `pipeline` wires them. Left of the signal
//! everything borrows its chunk; a signal and all right of it own small data. A live run has [`alert`] between tally and report: when a person should be told.

pub mod books;
pub mod cause;
pub mod finding;
pub mod names;
pub mod realm;

pub mod alert;
pub mod pipeline;
pub mod record;
pub mod report;
pub mod signal;
pub mod source;
pub mod tally;
pub mod triage;
