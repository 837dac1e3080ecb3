//! Refresh tokens that were refused without a reason (before 24).
//!
//! Input: whether the session ended, and what the server's version says of the requests that end like this.

use super::{Context, is_of_old_server, is_other, major};
use crate::cause::{Cause, Detail};
use crate::triage::timeline::Waiting;
use crate::triage::verdict::{Lack, Verdict, Words};

/// The refresh token was read and refused, and nobody says why (before 24): did its session end, or was it the user?
#[must_use]
pub fn refresh_without_reason(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{RefreshTokenInvalid, Unclassified, UserDisabled};
    if let Some(verdict) = refresh_already(w) {
        return verdict;
    }
    // a client that was changed may want a consent that its users did not give
    let was_changed = w.time.is_some_and(|now| c.view.client_changed(i64::MIN, now, |uuid| is_other(uuid, w, c)));
    let candidates = [RefreshTokenInvalid, UserDisabled, Unclassified];
    Verdict { detail: Some(Detail::Unknown), ..Verdict::likely(&candidates[..if was_changed { 3 } else { 2 }], Lack::Reasons) }
}

/// The same, where no later line can say more: the session had ended.
#[must_use]
pub fn refresh_already(w: &Waiting) -> Option<Verdict> {
    // an offline token is of a session of its own, which outlives this one (`TokenManager.validateToken`)
    let ended = w.facts.as_ref().and_then(|f| f.ended).filter(|_| !w.failed.failure.offline)?;
    // the session is looked up before the user is
    let verdict = Verdict { detail: Some(Detail::SessionEnded), ..Verdict::certain(Cause::RefreshTokenInvalid) };
    Some(verdict.because(ended.at, Words::ago(ended.ago_ms, "the session ended ", " earlier", "the session ended")))
}

/// The refresh token was refused before its user was known, and nobody says why (before 24). On 23 it may have been the request: a proof by another key (RFC 9449),
/// where the server says at its start that it looks at such proofs.
#[must_use]
pub fn refresh_not_read(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{RefreshTokenInvalid, Unclassified};
    let detail = Some(Detail::Unknown);
    let is_token = match c.view.version(w.node, w.time).and_then(major) {
        Some(23) => !c.view.has_dpop(),
        Some(major) => major < 23,
        None => is_of_old_server(w, c.view),
    };
    if is_token {
        Verdict { detail, ..Verdict::certain(RefreshTokenInvalid) }
    } else {
        Verdict { detail, ..Verdict::likely(&[RefreshTokenInvalid, Unclassified], Lack::Reasons) }
    }
}
