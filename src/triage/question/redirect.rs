//! A `redirect_uri` that differs from the login's: was it this client's login?
//!
//! Input: the logins of the session, by client, and whether the log shows all of them.

use super::{Context, holed};
use crate::cause::Cause;
use crate::triage::timeline::{CODE_HORIZON_MS, Facts, Waiting};
use crate::triage::verdict::{Lack, Verdict};

/// The code was read and refused (up to 24): another `redirect_uri`, or another client's code?
#[must_use]
pub fn redirect_or_foreign(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{CodeOfOtherClient, RedirectUriMismatch};
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    let shown = Shown::of(w, c);
    let whole = shown.whole && !facts.incomplete;
    let verdict = match (facts.own_login, facts.other_login) {
        (true, false) if whole => Verdict::certain(RedirectUriMismatch),
        (false, true) if whole && !shown.renamed(c) => Verdict::certain(CodeOfOtherClient),
        (false, true) => Verdict::likely(&[CodeOfOtherClient, RedirectUriMismatch], Lack::WholeView),
        _ => Verdict::likely(&[RedirectUriMismatch, CodeOfOtherClient], Lack::Reasons),
    };
    let verdict = holed(verdict, w, &[RedirectUriMismatch, CodeOfOtherClient]);
    match facts.login {
        // where another client logged in, too, the code may have been that one's
        Some(login) if verdict.candidates[0] == RedirectUriMismatch && !facts.other_login => {
            verdict.because(login.at, "LOGIN of this client: the code was its own")
        }
        _ => verdict,
    }
}

/// The event says that the `redirect_uri` differs from the login's: was it this client's login? The server compares it before it looks at whose the code is.
#[must_use]
pub fn own_redirect(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{CodeOfOtherClient, RedirectUriMismatch};
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    let shown = Shown::of(w, c);
    match (facts.logins > 0, facts.other_code) {
        (true, false) if shown.whole && !facts.incomplete => Verdict::certain(RedirectUriMismatch),
        (false, true) if shown.whole && !shown.renamed(c) => Verdict::likely_at_best(&[CodeOfOtherClient, RedirectUriMismatch]),
        _ if shown.whole => Verdict::likely_at_best(&[RedirectUriMismatch, CodeOfOtherClient]),
        _ if facts.logins > 0 => Verdict::likely(&[RedirectUriMismatch, CodeOfOtherClient], Lack::WholeView),
        _ => Verdict::likely(&[RedirectUriMismatch, CodeOfOtherClient], Lack::SuccessEvents),
    }
}

/// What the log shows of the time in which the code can have been given.
struct Shown {
    since: i64,
    now: i64,
    /// All of it.
    whole: bool,
}

impl Shown {
    fn of(w: &Waiting, c: &Context<'_>) -> Self {
        let now = w.time.unwrap_or_default();
        let since = now - c.life_ms.unwrap_or(CODE_HORIZON_MS);
        Shown { since, now, whole: w.time.is_some() && c.view.partial(w.realm, since, now, c.life_ms, false).is_none() }
    }

    /// Whether a client was changed in it: one that was renamed is the same one.
    fn renamed(&self, c: &Context<'_>) -> bool {
        c.view.client_changed(self.since, self.now, |_| false)
    }
}
