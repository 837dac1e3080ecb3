//! Codes whose session is not there: did it end, or was it never one?
//!
//! Input: the session's timeline, its id's form, and whether the parser's warnings are in this log at all.

use super::code::{by_age, explained, is_unclear, may_be_doubled};
use super::{Context, lack_of, names_what_it_refuses};
use crate::cause::Cause;
use crate::finding::Trust;
use crate::names::stand_in;
use crate::signal::Id;
use crate::signal::id::is_uuid;
use crate::triage::joined::Loss;
use crate::triage::timeline::{CODE_HORIZON_MS, Facts, Waiting};
use crate::triage::verdict::{Lack, Verdict, Words};
use crate::triage::view::View;

/// A session is named and was not found: did it end, or was it never one?
#[must_use]
pub fn session_or_malformed(w: &Waiting, c: &Context<'_>) -> Verdict {
    session(w, c.view, |form, facts| {
        if w.failed.failure.trust == Trust::Stored {
            explained(without_warning(&form, w, facts, c), w, facts)
        } else if facts.spent {
            explained(spent(w, facts, c), w, facts)
        } else if is_split(w, c.view) {
            Verdict::likely(&[Cause::SessionTerminated, Cause::Unclassified], Lack::WholeView)
        } else if is_too_young(w, facts, c.view) {
            Verdict::likely(&[Cause::SessionTerminated, Cause::CodeExpired, Cause::CodeReused], Lack::Lines)
        } else if c.view.companions(w.realm) && !may_be_used(w, c.view) {
            Verdict::certain(Cause::SessionTerminated)
        } else if c.view.companions(w.realm) {
            Verdict::likely(&[Cause::SessionTerminated, Cause::CodeReused], Lack::SuccessEvents)
        } else {
            Verdict::likely(&[Cause::SessionTerminated, Cause::CodeExpired, Cause::CodeReused], Lack::WholeView)
        }
    })
}

/// Whether the code can have been exchanged unseen, before its session ended, or for an offline token, with which that can end.
fn may_be_used(w: &Waiting, view: &View) -> bool {
    !view.exchanges(w.realm)
}

/// Whether the session began so shortly before that hardly any realm's timeouts would have ended it, and nothing that ends one was seen, in a log that does not show everything: the
/// warning on a code whose session is there can be missing as well.
fn is_too_young(w: &Waiting, facts: &Facts, view: &View) -> bool {
    const LEAST_IDLE_MS: i64 = 60_000;
    let age = facts.login.and_then(|login| login.ago_ms).filter(|age| (0..LEAST_IDLE_MS).contains(age));
    let is_open = |from: i64, to: i64| view.partial(w.realm, from, to, None, false).is_some() && view.interruption(w.realm, w.node, from, to).is_none();
    age.zip(w.time).is_some_and(|(age, now)| is_open(now - age, now))
}

/// Whether the session may be alive at a node that the failure's does not know of.
fn is_split(w: &Waiting, view: &View) -> bool {
    w.time.is_some_and(|time| view.is_split(w.realm, time))
}

/// The same, where no later line can say more.
#[must_use]
pub fn session_already(w: &Waiting, view: &View) -> Option<Verdict> {
    let mut is_open = false;
    let verdict = session(w, view, |_, facts| {
        is_open = w.failed.failure.trust == Trust::Stored
            || facts.spent
            || is_too_young(w, facts, view)
            || !view.companions(w.realm)
            || may_be_used(w, view)
            || is_split(w, view);
        Verdict::certain(Cause::SessionTerminated)
    });
    (!is_open).then_some(verdict)
}

/// Decides by the session; `more` is asked where that does not do.
fn session(w: &Waiting, view: &View, more: impl FnOnce(Form, &Facts) -> Verdict) -> Verdict {
    use Cause::{CodeExpired, CodeMalformed, CodeOfOtherClient, CodeReused, SessionTerminated};
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    let verdict = match w.failed.failure.session.as_ref().map_or(Form::Unusual, form) {
        Form::Never => Verdict::certain(CodeMalformed),
        form if w.failed.failure.trust == Trust::Stored => more(form, facts),
        // a line by itself
        Form::Usual if w.failed.with.lost == Some(Loss::Beginning) && !view.companions(w.realm) => {
            Verdict::ambiguous(&[CodeExpired, CodeReused, SessionTerminated, CodeMalformed], Lack::Beginning)
        }
        form if let Some(loss) = w.failed.with.lost => {
            let candidates: &[Cause] = match form {
                Form::Unusual if !w.failed.failure.cut => &[CodeMalformed, SessionTerminated, CodeExpired, CodeReused],
                Form::Unusual => &[SessionTerminated, CodeExpired, CodeReused, CodeMalformed],
                _ => &[SessionTerminated, CodeExpired, CodeReused],
            };
            Verdict::likely(candidates, lack_of(loss))
        }
        _ if facts.elsewhere => Verdict::likely_at_best(&[CodeOfOtherClient, CodeMalformed, SessionTerminated]),
        form if facts.session_seen && facts.spent => more(form, facts),
        // a code that was not used, or a login that is not here
        _ if facts.session_seen && facts.ended.is_some() && facts.uses > 0 => Verdict::likely_at_best(&[SessionTerminated, CodeReused]),
        _ if facts.session_seen && facts.ended.is_some() => Verdict::certain(SessionTerminated),
        _ if facts.offline.is_some() => Verdict::likely_at_best(&[CodeReused, SessionTerminated]),
        _ if facts.session_seen && facts.alive.is_some() => {
            let [first, second] = if facts.uses > 0 { [CodeReused, CodeExpired] } else { [CodeExpired, CodeReused] };
            Verdict::likely(&[first, second, SessionTerminated], Lack::Lines)
        }
        form if facts.session_seen => more(form, facts),
        // nothing shows that the parser's warnings are in this log, though other loggers' lines are
        Form::Usual if !view.companions(w.realm) && view.version(w.node, w.time).is_some() => {
            Verdict::likely(&[SessionTerminated, CodeExpired, CodeReused, CodeMalformed], Lack::WholeView)
        }
        Form::Usual if !view.companions(w.realm) => Verdict::ambiguous(&[CodeExpired, CodeReused, SessionTerminated, CodeMalformed], Lack::WholeView),
        Form::Unusual if !view.companions(w.realm) => Verdict::likely(&[CodeMalformed, SessionTerminated, CodeExpired, CodeReused], Lack::WholeView),
        // the parser looks for the session first, so the code can have been used before that ended
        Form::Usual => Verdict::likely(&[SessionTerminated, CodeReused, CodeMalformed], Lack::SuccessEvents),
        Form::Unusual => Verdict::likely(&[CodeMalformed, SessionTerminated], Lack::SuccessEvents),
    };
    let verdict = match facts.ended.filter(|_| verdict.candidates[0] == SessionTerminated) {
        Some(end) => verdict.because(end.at, Words::ago(end.ago_ms, "the session ended ", " earlier", "the session ended")),
        None => verdict,
    };
    let verdict = match facts.offline.filter(|_| verdict.candidates[0] == CodeReused) {
        Some(used) => verdict.because(
            used.at,
            Words::ago(used.ago_ms, "an offline token was given ", " earlier, and the session can end with that", "an offline token was given"),
        ),
        None => verdict,
    };
    let verdict = match facts.alive.filter(|_| facts.ended.is_none()) {
        Some(alive) => verdict.because(alive.at, Words::ago(alive.ago_ms, "the session was there ", " later", "the session was there")),
        None => verdict,
    };
    match facts.login.filter(|_| verdict.candidates[0] == SessionTerminated) {
        Some(login) => verdict.because(login.at, Words::ago(login.ago_ms, "LOGIN ", " earlier", "LOGIN")),
        None => verdict,
    }
}

/// A session that is gone, and each code that the client was given of it was used before: the server looks for the session first, so of a code that comes again after its
/// session's end it says no more than of one that nobody used (`OAuth2CodeParser.parseCode`).
fn spent(w: &Waiting, facts: &Facts, c: &Context<'_>) -> Verdict {
    use Cause::{CodeReused, SessionTerminated};
    let is_whole = |now: i64| c.view.partial(w.realm, now - CODE_HORIZON_MS, now, c.life_ms, false).is_none() && c.view.companions(w.realm);
    let is_open = is_unclear(facts) || may_be_doubled(w, facts, c) || (facts.use_before_login && c.view.has_nodes(w.realm));
    if w.time.is_some_and(is_whole) && !is_open { Verdict::certain(CodeReused) } else { Verdict::likely(&[CodeReused, SessionTerminated], Lack::WholeView) }
}

/// A stored event of a code that was refused: the parser's warning is not stored, so it is open whether the session or the code was gone. What is known of
/// the session orders them.
fn without_warning(form: &Form, w: &Waiting, facts: &Facts, c: &Context<'_>) -> Verdict {
    use Cause::{CodeExpired, CodeMalformed, CodeReused, SessionTerminated};
    let age = facts.login.and_then(|l| l.ago_ms);
    let used = facts.uses > 0 || facts.detached.is_some();
    let real = facts.session_seen;
    match form {
        Form::Unusual if !real => Verdict::likely(&[CodeMalformed, SessionTerminated, CodeExpired, CodeReused], Lack::ServerLog),
        _ if facts.ended.is_some() => Verdict::likely(&[SessionTerminated, CodeReused, CodeExpired], Lack::ServerLog),
        _ if facts.logins > 0 && facts.uses >= facts.logins => Verdict::likely(&[CodeReused, SessionTerminated, CodeExpired], Lack::ServerLog),
        _ if facts.logins > 0 && facts.uses == 0 => Verdict::likely(&[CodeExpired, SessionTerminated, CodeReused], Lack::ServerLog),
        _ if facts.logins > 0 => {
            let [first, second] = by_age(w, age, c);
            Verdict::likely(&[first, second, SessionTerminated], Lack::ServerLog)
        }
        _ if used => Verdict::likely(&[CodeReused, CodeExpired, SessionTerminated], Lack::ServerLog),
        _ if real => Verdict::ambiguous(&[CodeExpired, CodeReused, SessionTerminated], Lack::ServerLog),
        _ => Verdict::ambiguous(&[CodeExpired, CodeReused, SessionTerminated, CodeMalformed], Lack::ServerLog),
    }
}

/// How much a text looks like a session's id.
enum Form {
    /// A UUID, or 24 characters of base64url.
    Usual,
    /// Could be another version's.
    Unusual,
    /// No server writes such an id.
    Never,
}

/// Returns a letter for what a text looks like, to be kept where the text is not.
#[must_use]
pub fn form_of_session(id: &Id) -> char {
    match form(id) {
        Form::Usual => 'u',
        Form::Unusual => 'o',
        Form::Never => 'n',
    }
}

fn form(id: &Id) -> Form {
    if is_uuid(id.bytes()) {
        return Form::Usual;
    }
    match stand_in(id).and_then(|s| s.note) {
        Some('u') => return Form::Usual,
        Some('o') => return Form::Unusual,
        Some('n') => return Form::Never,
        _ => {}
    }
    // what no server writes, and no hand that shortens or hides ids in a log before it is shared
    let nobodys = |c: char| c.is_control() || matches!(c, '"' | '\\' | '\'' | ',' | '=' | '|' | ';' | '$' | '{' | '}' | '/' | '?' | '&');
    if id.len() > 64 || id.chars().any(nobodys) {
        return Form::Never;
    }
    if id.len() == 24 { Form::Usual } else { Form::Unusual }
}

/// No session is named: was there no code, or was it none?
#[must_use]
pub fn missing_or_malformed(w: &Waiting, c: &Context<'_>) -> Verdict {
    if w.failed.failure.cut && w.failed.failure.user.is_some() && w.failed.failure.trust != Trust::Stored {
        // the user is known once the session was found (up to 24)
        let candidates = [Cause::RedirectUriMismatch, Cause::CodeOfOtherClient, Cause::SessionTerminated, Cause::CodeExpired];
        return Verdict::ambiguous(&candidates, Lack::Lines);
    }
    if w.failed.failure.cut {
        // the list ends before it could name one
        let candidates = [Cause::SessionTerminated, Cause::CodeExpired, Cause::CodeReused, Cause::CodeMalformed];
        return Verdict::ambiguous(&candidates, Lack::Lines);
    }
    if c.view.version(w.node, w.time).is_some_and(names_what_it_refuses) {
        // the warning that would say so is not here: it was lost, or its logger silenced
        return Verdict::likely(&[Cause::CodeMalformed, Cause::CodeMissing], Lack::Lines);
    }
    if c.view.companions(w.realm) && c.view.is_unfiltered(w.realm) && w.failed.with.lost.is_none() {
        // of a malformed code the parser would have said so
        return Verdict::certain(Cause::CodeMissing);
    }
    let lack = if w.failed.failure.trust == Trust::Stored { Lack::ServerLog } else { Lack::WholeView };
    Verdict::likely(&[Cause::CodeMissing, Cause::CodeMalformed], lack)
}
