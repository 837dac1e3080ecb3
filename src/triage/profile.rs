//! How one client authenticates when it succeeds, and how it fails.
//!
//! Input: successes and failures of one (realm, client), in any order. Output: a [`Profile`] that merges, so that shards can each keep their
//! part of it.

use super::joined::{At, Failed};
use crate::signal::companion::Authenticator;

/// A moment and its line.
pub type Moment = (i64, At);

/// What is known of one client of one realm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The latest success with a secret (or of a public client: the server prints the same for both).
    pub secret_ok: Option<Moment>,
    /// The latest success with a signed assertion.
    pub jwt_ok: Option<Moment>,
    /// The first success with a signed assertion.
    pub jwt_first: Option<Moment>,
    /// The latest success with a client certificate or another method.
    pub other_ok: Option<Moment>,
    /// An assertion of this client was looked at and refused.
    pub assertion_failed: Option<Moment>,
    /// The latest line that shows that the client exists: a success, or an error that comes after it was found.
    pub exists: Option<Moment>,
    /// The first of those lines.
    pub exists_first: Option<Moment>,
}

fn earlier(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    a.into_iter().chain(b).min()
}

fn later(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    a.into_iter().chain(b).max()
}

/// Errors that a request can get before its client was found.
const BEFORE_CLIENT: [&str; 4] = ["client_not_found", "invalid_client_credentials", "invalid_client", "invalid_request"];

impl Profile {
    /// Takes in a success.
    pub fn succeeded(&mut self, method: Option<Authenticator>, assertion: bool, moment: Moment) {
        self.seen(moment);
        if assertion || method == Some(Authenticator::Jwt) {
            self.jwt_first = earlier(self.jwt_first, Some(moment));
        }
        let slot = match method {
            _ if assertion => &mut self.jwt_ok,
            Some(Authenticator::Secret) => &mut self.secret_ok,
            Some(Authenticator::Jwt) => &mut self.jwt_ok,
            Some(Authenticator::Other) => &mut self.other_ok,
            None => return,
        };
        *slot = later(*slot, Some(moment));
    }

    /// Whether a failure says anything of its client: of one that a request made up it does not.
    #[must_use]
    pub fn learns_from(failed: &Failed) -> bool {
        let failure = &failed.failure;
        let error = failure.error.as_deref().unwrap_or_default();
        let assertion = failure.assertion || failed.with.assertion.is_some();
        (!failure.cut && !BEFORE_CLIENT.contains(&error)) || (error == "invalid_client_credentials" && assertion)
    }

    /// Takes in a failure.
    pub fn failed(&mut self, failed: &Failed, moment: Moment) {
        let failure = &failed.failure;
        let error = failure.error.as_deref().unwrap_or_default();
        if error == "invalid_client_credentials" {
            // an assertion that is refused was looked at; one that the client must not send ends in client_not_found
            if failure.assertion || failed.with.assertion.is_some() {
                self.assertion_failed = later(self.assertion_failed, Some(moment));
            }
        }
        if !failure.cut && !BEFORE_CLIENT.contains(&error) {
            self.seen(moment);
        }
    }

    fn seen(&mut self, moment: Moment) {
        self.exists = later(self.exists, Some(moment));
        self.exists_first = earlier(self.exists_first, Some(moment));
    }

    /// Adds another part of the same client's profile.
    pub fn merge(&mut self, other: &Profile) {
        self.secret_ok = later(self.secret_ok, other.secret_ok);
        self.jwt_ok = later(self.jwt_ok, other.jwt_ok);
        self.jwt_first = earlier(self.jwt_first, other.jwt_first);
        self.other_ok = later(self.other_ok, other.other_ok);
        self.assertion_failed = later(self.assertion_failed, other.assertion_failed);
        self.exists = later(self.exists, other.exists);
        self.exists_first = earlier(self.exists_first, other.exists_first);
    }
}
