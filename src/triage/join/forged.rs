//! Lines that a client wrote through a server's line feeds.
//!
//! A server that prints a client's text with its line feeds lets that client write whole lines. What gives them away is what stands around
//! them: an event or a warning that is not finished on its line and goes on behind them (keycloak/keycloak#52103, CVE-2023-6484), or
//! another way of quoting than the server's own.

use super::{Place, Placed};
use crate::names::Sym;
use crate::signal::{Failure, Quoting};
use crate::triage::joined::At;

/// Lines after an unfinished one that may still be part of it.
const REACH: u64 = 64;

/// What an unfinished line was.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) enum Held {
    /// An event, cut inside the client's id.
    Event(Box<Failure>, Place),
    /// A warning, cut inside a client's words: its line in the stream, its thread and its place.
    Warning(u64, (Option<Sym>, Sym), At),
}

/// An unfinished line and what came after it.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Hold {
    pub(super) held: Held,
    pub(super) queue: Vec<Placed>,
}

impl Hold {
    pub(super) fn event(failure: Box<Failure>, place: Place) -> Self {
        Hold { held: Held::Event(failure, place), queue: Vec::new() }
    }

    pub(super) fn warning(line: u64, thread: (Option<Sym>, Sym), at: At) -> Self {
        Hold { held: Held::Warning(line, thread, at), queue: Vec::new() }
    }

    pub(super) fn is_event(&self) -> bool {
        matches!(self.held, Held::Event(..))
    }

    /// Returns the line of the stream that began it.
    pub(super) fn began(&self) -> u64 {
        match &self.held {
            Held::Event(_, place) => place.line,
            Held::Warning(line, ..) => *line,
        }
    }

    /// Whether a line is too far away to belong to it.
    pub(super) fn is_over(&self, line: u64) -> bool {
        line > self.began() + REACH
    }
}

/// Joins the two halves of an event that a line feed cut.
pub(super) fn merged(open: Failure, end: Failure) -> Failure {
    Failure { user: end.user, session: end.session, ip: end.ip, error: end.error, reason: end.reason, grant: end.grant, cut: false, ..open }
}

/// Whether an event of that type is a failed token request by its type alone.
pub(super) fn is_token_request(failure: &Failure) -> bool {
    crate::signal::user::is_token_request(failure.event.as_bytes(), failure.grant.is_some())
}

/// How the events of a stream were quoted since the server's last start.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Style {
    bare: u64,
    quoted: u64,
}

/// Whether an event's quoting is another server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is this server's own.
    No,
    /// It is the rarer one here: its time decides.
    Perhaps,
    /// Dozens of events were quoted otherwise, and hardly one like this.
    Surely,
}

impl Style {
    /// Counts an event and judges its quoting.
    pub(super) fn is_foreign(&mut self, quoting: Quoting) -> Foreign {
        let (own, other) = match quoting {
            Quoting::Bare => (&mut self.bare, self.quoted),
            Quoting::Quoted(_) => (&mut self.quoted, self.bare),
        };
        let foreign = match other {
            o if o >= 20 && *own * 10 < o => Foreign::Surely,
            o if o > *own => Foreign::Perhaps,
            _ => Foreign::No,
        };
        *own += 1;
        foreign
    }
}
