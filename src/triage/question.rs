//! The questions of the diagnostic flowchart that an event alone does not answer.
//!
//! Input: a failure with its facts, the profile of its client, and the view. Output: a [`Verdict`]. Each function is one question; what it may
//! conclude from silence is limited by the view.

mod authentication;
mod code;
mod redirect;
mod refresh;
mod session;

pub use authentication::{secret_or_method, unknown_or_method};
pub use code::{expired_already, expired_or_reused, expired_or_skewed, gone_already};
pub use redirect::{own_redirect, redirect_or_foreign};
pub use refresh::{refresh_already, refresh_not_read, refresh_without_reason};
pub use session::{form_of_session, missing_or_malformed, session_already, session_or_malformed};

use super::clients::{self, Profiles};
use super::joined::Loss;
use super::profile::Profile;
use super::timeline::Waiting;
use super::verdict::{Lack, Verdict};
use super::view::View;
use crate::cause::Cause;
use crate::finding::{Confidence, Trust};
use crate::names::Sym;
use crate::realm::{Client, Realm};

/// A code's life where nobody says otherwise; an assumption, never a proof.
pub const DEFAULT_LIFE_MS: i64 = 60_000;

/// Lifespans are counted in whole seconds, and the log's times are those of its lines.
const CLOCK_MS: i64 = 1000;

/// What the questions may look at.
pub struct Context<'a> {
    /// How much the log shows.
    pub view: &'a View,
    /// The profiles of clients.
    pub profiles: &'a Profiles,
    /// The failure's client.
    pub client: Option<clients::Client>,
    /// The lifespan of codes, where it is known.
    pub life_ms: Option<i64>,
    /// A client without a profile may have been seen all the same.
    pub profiles_full: bool,
    /// The lifespan of codes that a realm export names, whatever may have been changed before or after.
    pub exported_life_ms: Option<i64>,
    /// What a realm export says of the failure's realm.
    pub realm: Option<&'a Realm>,
    /// What it says of the failure's client.
    pub settings: Option<&'a Client>,
    /// The client of a uuid, where companions paired them.
    pub client_of: &'a dyn Fn(u64) -> Option<Sym>,
}

impl Context<'_> {
    /// Returns the profile of the failure's client; it is not looked up before it is asked for.
    fn profile(&self) -> Option<&Profile> {
        self.profiles.get(&self.client?)
    }
}

/// Of a log that lost lines nothing is certain that rests on what it does not show: any of the `causes` stays possible.
fn holed(verdict: Verdict, w: &Waiting, causes: &[Cause]) -> Verdict {
    if w.failed.with.lost == Some(Loss::Lines) { weakened(verdict, causes, Some(Lack::Lines)) } else { verdict }
}

/// Returns what is no longer certain: any of the `causes` stays possible.
fn weakened(verdict: Verdict, causes: &[Cause], lack: Option<Lack>) -> Verdict {
    if verdict.confidence != Confidence::Certain {
        return verdict;
    }
    let first = verdict.candidates[0];
    let candidates = std::iter::once(first).chain(causes.iter().copied().filter(|cause| *cause != first)).collect();
    Verdict { confidence: Confidence::Likely, candidates, lack, ..verdict }
}

/// What would have told more where companions are missing.
fn lack_of(loss: Loss) -> Lack {
    match loss {
        Loss::Beginning => Lack::Beginning,
        Loss::Lines => Lack::Lines,
    }
}

/// Whether a server up to 22 printed the event: its list is bare and has no realm's name, which later servers print with bare values, too, where they were told to
/// (`--spi-events-listener--jboss-logging--quotes=none`).
fn is_of_old_server(w: &Waiting, view: &View) -> bool {
    let failure = &w.failed.failure;
    failure.trust == Trust::Unquoted && view.version(w.node, w.time).and_then(major).map_or(failure.realm == failure.realm_id, |major| major <= 22)
}

/// Whether a uuid is that of another client than the failure's.
fn is_other(uuid: u64, w: &Waiting, c: &Context<'_>) -> bool {
    (c.client_of)(uuid).is_some_and(|client| Some(client) != w.client)
}

/// Whether a server of that version says in the event which parameter is missing, and names the assertion that it refuses (26.4 and later).
fn names_what_it_refuses(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (26, 4)
}

/// Returns the first number of a version.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}
