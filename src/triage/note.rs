//! What one signal says of its session.
//!
//! Input: a [`Joined`] signal. Output: a [`Note`] for the session's shard, which is small since there are millions; and the failure itself where its timeline has no
//! say in it. Must not know what came before or after.

use super::joined::{At, Failed, Joined, What};
use super::rules::Needs;
use super::timeline::{Step, Waiting};
use crate::names::{Key, Sym};
use crate::signal::{Admin, Done, Success};

/// What one signal says of its session.
#[derive(Debug)]
pub struct Note {
    /// The session.
    pub session: Key,
    /// The clock of the signal's stream.
    pub clock: i64,
    /// When.
    pub time: Option<i64>,
    /// Where.
    pub at: At,
    /// The node's number.
    pub node: u32,
    /// The realm, by id.
    pub realm: Option<Sym>,
    /// Which client.
    pub client: Option<Sym>,
    /// What it means.
    pub step: Step,
    /// What the signal is.
    pub subject: Subject,
}

/// What a signal is to its session.
#[derive(Debug)]
pub enum Subject {
    /// Something succeeded.
    Success,
    /// A failure in which its timeline has no say.
    Failure,
    /// A failure in which it has, and how much of it.
    Waiting(Box<Waiting>, Needs),
}

impl Note {
    /// Returns what a signal that is no failure says of its session.
    #[inline]
    #[must_use]
    pub fn of(joined: &Joined) -> Option<Self> {
        let Joined { time, clock, node, at, .. } = *joined;
        let (session, realm, client, step) = match &joined.what {
            What::Success(s, _) => (s.session?, s.realm, s.client, step_of_success(s)),
            What::Admin(Admin::SessionDeleted(session)) => (*session, None, None, Step::Ended),
            What::Failed(_) | What::Admin(_) | What::Life(_) | What::Proxied(..) | What::Login(_) | What::Granted(..) => return None,
        };
        Some(Note { session, clock, time, at, node, realm, client, step, subject: Subject::Success })
    }
}

/// Takes a signal apart: what its session's shard takes in, and the failure in which its timeline has no say: one that `needs` nothing of it, or that names no
/// session.
pub fn part(joined: Joined, needs: impl FnOnce(&Failed) -> Needs) -> (Option<Note>, Option<Waiting>) {
    let Joined { time, clock, node, position, at, what, .. } = joined;
    let What::Failed(failed) = what else { return (Note::of(&Joined { what, ..joined }), None) };
    let (realm, client) = (failed.failure.realm_id, failed.failure.client);
    let (needs, step, session) = (needs(&failed), step_of(&failed), failed.session_key());
    let waiting = Waiting { time, node, position, at, failed, realm, client, facts: None };
    let Some(session) = session else { return (None, Some(waiting)) };
    let note = |subject| Some(Note { session, clock, time, at, node, realm, client, step, subject });
    match needs {
        Needs::Nothing => (note(Subject::Failure), Some(waiting)),
        _ => (note(Subject::Waiting(Box::new(waiting), needs)), None),
    }
}

/// Returns what a success means to its session.
#[inline]
fn step_of_success(success: &Success) -> Step {
    match success.done {
        Done::LoginWithCode => Step::Login,
        Done::CodeToToken if success.offline => Step::OfflineExchange,
        Done::CodeToToken => Step::Exchange,
        Done::SessionEnd => Step::Ended,
        Done::RevokeGrant => Step::Revoked,
        Done::RefreshToken => Step::Refresh,
        Done::Login | Done::ClientLogin | Done::Other => Step::Alive,
    }
}

/// How the reason begins that is given for another client's code (25 and later).
const FOREIGN: &str = "Auth error: Found different client_id";

/// Returns what a failure means to its session.
fn step_of(failed: &Failed) -> Step {
    let f = &failed.failure;
    let error = f.error.as_deref().unwrap_or_default();
    match &*f.event {
        "CODE_TO_TOKEN_ERROR" => match error {
            "invalid_code" => match failed.with.gone {
                Some(gone) => Step::Gone(gone.code),
                None if failed.with.foreign.is_some() => Step::ReadOfSome,
                None if f.user.is_some() => Step::ReadOrForeign,
                None => Step::Named,
            },
            "invalid_client" => match f.reason.as_deref() {
                Some(reason) if reason.starts_with(FOREIGN) => Step::ForeignRead,
                // a client policy refused it, behind that
                Some(_) => Step::ReadAndFailed,
                None => Step::ReadOrForeign,
            },
            // what is looked up once the code was read, and taken out of its store by that, and before it is asked whose it was (`AuthorizationCodeGrantType.process`)
            "user_session_not_found" | "user_not_found" | "user_disabled" | "invalid_redirect_uri" => Step::ReadOrForeign,
            _ if f.user.is_some() => Step::ReadAndFailed,
            _ => Step::Named,
        },
        "REFRESH_TOKEN_ERROR" if f.reason.as_deref() == Some("Session doesn't have required client") => Step::Detached,
        "REFRESH_TOKEN_ERROR" if f.user.is_some() => Step::Alive,
        _ => Step::Named,
    }
}
