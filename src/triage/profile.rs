//! How one client authenticates when it succeeds, and how it fails.
//!
//! Input: successes and failures of one (realm, client), in any order. Output: a [`Profile`].

use super::joined::{At, Failed};
use crate::signal::Success;
use crate::signal::companion::Authenticator;

/// A moment and its line.
pub type Moment = (i64, At);

/// How one client authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Methods {
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
}

/// What is known of one client of one realm. Of a client that only fails nothing but its failures is known, and that takes little memory: whoever can make
/// up clients makes up such ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    methods: Option<Box<Methods>>,
    /// The latest line that shows that the client exists: a success, or an error that comes after it was found.
    pub exists: Option<Moment>,
    /// The first of those lines.
    pub exists_first: Option<Moment>,
    /// It exchanged a code, at whatever time.
    pub exchanged: bool,
}

impl std::ops::Deref for Profile {
    type Target = Methods;

    fn deref(&self) -> &Methods {
        self.methods.as_deref().unwrap_or(&NONE)
    }
}

/// No method at all.
static NONE: Methods = Methods { secret_ok: None, jwt_ok: None, jwt_first: None, other_ok: None, assertion_failed: None };

/// Keeps the earlier of two moments.
#[inline]
fn earlier(kept: &mut Option<Moment>, moment: Moment) {
    if kept.is_none_or(|kept| moment.0 <= kept.0 && moment < kept) {
        *kept = Some(moment);
    }
}

/// Keeps the later of two moments.
#[inline]
fn later(kept: &mut Option<Moment>, moment: Moment) {
    if kept.is_none_or(|kept| moment.0 >= kept.0 && moment > kept) {
        *kept = Some(moment);
    }
}

/// What a signal says of its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// It succeeded, with an assertion or in another way, where that is known.
    Succeeded(Option<Authenticator>, bool),
    /// It exists: the error comes after it was found.
    Exists,
    /// An assertion of its own was looked at and refused.
    AssertionFailed,
}

impl Lesson {
    /// Returns what a success says, and how the client authenticated where `ClientAuthenticationFlow` said it.
    #[inline]
    #[must_use]
    pub fn of_success(success: &Success, auth: Option<Authenticator>) -> Self {
        Lesson::Succeeded(auth.or(success.method), success.assertion)
    }

    /// Returns what a failure says; one that a request can make up says nothing.
    #[must_use]
    pub fn of_failure(failed: &Failed) -> Option<Self> {
        let failure = &failed.failure;
        let error = failure.error.as_deref().unwrap_or_default();
        if !BEFORE_CLIENT.contains(&error) {
            return (!failure.cut).then_some(Lesson::Exists);
        }
        // an assertion that is refused was looked at; one that the client must not send ends in client_not_found
        let is_refused = error == "invalid_client_credentials" && (failure.assertion || failed.with.assertion.is_some());
        is_refused.then_some(Lesson::AssertionFailed)
    }
}

/// Errors that a request can get before its client was found.
const BEFORE_CLIENT: [&str; 4] = ["client_not_found", "invalid_client_credentials", "invalid_client", "invalid_request"];

impl Profile {
    /// Takes in what a signal says.
    #[inline]
    pub fn learn(&mut self, lesson: Lesson, moment: Moment) {
        match lesson {
            Lesson::Succeeded(method, assertion) => self.succeeded(method, assertion, moment),
            Lesson::Exists => self.seen(moment),
            Lesson::AssertionFailed => later(&mut self.methods.get_or_insert_default().assertion_failed, moment),
        }
    }

    #[inline]
    fn succeeded(&mut self, method: Option<Authenticator>, assertion: bool, moment: Moment) {
        self.seen(moment);
        if assertion || method == Some(Authenticator::Jwt) {
            let methods = self.methods.get_or_insert_default();
            earlier(&mut methods.jwt_first, moment);
        }
        if method.is_none() && !assertion {
            return;
        }
        let methods = self.methods.get_or_insert_default();
        let slot = match method {
            Some(Authenticator::Secret) if !assertion => &mut methods.secret_ok,
            Some(Authenticator::Other) if !assertion => &mut methods.other_ok,
            _ => &mut methods.jwt_ok,
        };
        later(slot, moment);
    }

    fn seen(&mut self, moment: Moment) {
        later(&mut self.exists, moment);
        earlier(&mut self.exists_first, moment);
    }
}
