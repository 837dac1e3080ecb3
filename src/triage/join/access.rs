//! Access lines in the join: an event's own line follows it on its thread.
//!
//! Input: an access line, and what its thread printed before. Output: the answer of that event; a failure of its own where there was none. Counts requests,
//! too, since an access log shows the successes that events may not. Must not know what an answer means, but that some tell the client to wait.

use std::collections::BTreeMap;

use super::super::joined::{Answered, Companions, Failed, Joined, Loss, What};
use super::{Join, Place, of_request_that_is_over};
use crate::signal::{Access, Id, access, answers};

/// An event and its access line are not further apart; they belong together long after a failure no longer waits.
const SAME_MS: i64 = 30_000;

/// Realms that requests are counted of, in one stream; a path can name any.
const REALMS: usize = 1000;

/// Token requests of one realm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Requests {
    /// Those that were answered with a token.
    pub successes: u64,
    /// Those that were refused.
    pub failures: u64,
    /// Polls that were told to ask again later.
    pub waiting: u64,
}

impl Requests {
    /// Adds others to these.
    pub fn merge(&mut self, other: Requests) {
        self.successes += other.successes;
        self.failures += other.failures;
        self.waiting += other.waiting;
    }
}

/// Token requests by realm.
pub type ByRealm = BTreeMap<Option<Box<str>>, Requests>;

/// An event of a failure that no access line followed yet.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Unanswered {
    time: Option<i64>,
    /// As the event says it; it is read when a line comes, which is seldom.
    address: Option<Id>,
}

impl Unanswered {
    pub fn new(time: Option<i64>, address: Option<Id>) -> Self {
        Unanswered { time, address }
    }

    /// Whether an access line can be this event's own.
    fn is_of(&self, access: &Access, time: Option<i64>) -> bool {
        let near = self.time.zip(time).is_none_or(|(a, b)| (b - a).abs() <= SAME_MS);
        let address = self.address.as_ref().and_then(|a| access::address(a.bytes()));
        near && address.as_deref().zip(access.address.as_deref()).is_none_or(|(a, b)| a == b)
    }
}

impl Join {
    /// Takes in a line of the server's own access log.
    pub(super) fn access(&mut self, access: Access, place: &Place, out: &mut Vec<Joined>) {
        if self.is_nameless(place) {
            // which event's it is, its address and time may tell
            return self.proxied(Box::new(access), place, out);
        }
        self.outbox.activate();
        let pending = self.threads.of(place.thread);
        let known = std::mem::replace(&mut pending.known, true);
        let event = pending.unanswered.take();
        // what the request printed is no companion of the next one
        pending.with = pending.with.take().as_deref().and_then(of_request_that_is_over);
        let own = access.status >= 400 && event.is_some_and(|e| e.is_of(&access, place.time));
        let answer = own.then_some(Answered { status: access.status, bytes: access.bytes, at: place.at, own: true });
        self.outbox.close(place.thread, answer, out);
        let waiting = !own && answers::is_waiting(access.status, access.bytes, true);
        self.count(&access, waiting, true);
        if own || waiting || access.status < 400 {
            return self.granted(access, place, out);
        }
        let ordinal = self.ordinals.next(access.digest, None);
        let mut failed = Failed::of_access(&access, ordinal, place.at, true);
        failed.with = Companions { lost: (!known && self.is_soon(place)).then_some(Loss::Beginning), ..Companions::default() }.into();
        self.other(place, What::Failed(failed), out);
    }

    /// Takes in a line of a log that holds access lines only.
    pub(super) fn proxied(&mut self, access: Box<Access>, place: &Place, out: &mut Vec<Joined>) {
        let waiting = answers::is_waiting(access.status, access.bytes, false);
        self.count(&access, waiting, false);
        if access.status >= 400 && !waiting {
            let ordinal = self.ordinals.next(access.digest, None);
            return self.other(place, What::Proxied(access, ordinal), out);
        }
        self.granted(*access, place, out);
    }

    fn granted(&mut self, access: Access, place: &Place, out: &mut Vec<Joined>) {
        if let (200..300, Some(address)) = (access.status, access.address) {
            self.other(place, What::Granted(address, access.bytes), out);
        }
    }

    fn count(&mut self, access: &Access, waiting: bool, own: bool) {
        let requests = if own { &mut self.requests } else { &mut self.proxied_requests };
        let realm = access.realm.clone().filter(|_| requests.len() < REALMS || requests.contains_key(&access.realm));
        let of_realm = requests.entry(realm).or_default();
        match access.status {
            _ if waiting => of_realm.waiting += 1,
            200..300 => of_realm.successes += 1,
            400.. => of_realm.failures += 1,
            _ => {}
        }
    }
}
