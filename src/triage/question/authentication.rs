//! Clients that were not authenticated: a wrong secret, credentials sent the wrong way, or no such client?
//!
//! Input: what the client was seen to do before and after ([`Profile`]), what `ClientAuthenticationFlow` said of it, what an administrator changed, and a realm export where there is one.

use super::{Context, is_of_old_server, is_other, lack_of, major, names_what_it_refuses};
use crate::cause::Cause;
use crate::names::Key;
use crate::realm::{Client, Method};
use crate::signal::companion::{Authenticator, Verb};
use crate::triage::joined::Companions;
use crate::triage::profile::{Moment, Profile};
use crate::triage::timeline::Waiting;
use crate::triage::verdict::{Lack, Verdict, WORKED, Words};
use crate::triage::view::TriggerKind;

/// The client's credentials were refused: is the secret wrong, or were they sent the wrong way?
#[must_use]
pub fn secret_or_method(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{ClientAuthMethod, ClientNotFound, ClockSkew, Unclassified, WrongClientSecret};
    let (failure, with) = (&w.failed.failure, &w.failed.with);
    if let Some(at) = with.header {
        return Verdict::likely(&[ClientAuthMethod, WrongClientSecret], Lack::ClientAuthentication).because(at, "the authentication header cannot be decoded");
    }
    if let Some(verdict) = authenticator_said(w, with, c) {
        return verdict;
    }
    if let Some((_, at)) = with.assertion {
        // one that says why has a rule of its own
        return Verdict::likely_at_best(&[ClockSkew, WrongClientSecret, ClientAuthMethod]).because(at, "the client assertion was refused");
    }
    let none = Profile::default();
    let profile = c.profile().unwrap_or(&none);
    if failure.assertion {
        // its audience, its jti, its algorithm: there is no cause of those; of a client that was not seen to sign its type may be missing as well
        let candidates = [ClockSkew, WrongClientSecret, Unclassified, ClientAuthMethod];
        return Verdict::likely(&candidates[..if profile.jwt_ok.is_some() { 3 } else { 4 }], Lack::ClientAuthentication);
    }
    if let Some(verdict) = must_sign(w, profile, c).or_else(|| must_sign_by_export(w, profile, c)) {
        return verdict;
    }
    let signs = profile.jwt_ok.or(profile.assertion_failed).or(profile.other_ok);
    let known = profile.exists.is_some();
    // up to 19 a client that does not exist is answered like this, too
    let old = c.view.version(w.node, w.time).map_or_else(|| is_of_old_server(w, c.view), |v| major(v).is_some_and(|m| m <= 19));
    let was_changed = |(last, _): Moment| w.time.is_some_and(|now| last < now && c.view.client_changed(last, now, |uuid| is_other(uuid, w, c)));
    let maybe_unknown = old && profile.exists.is_none_or(was_changed) && !exists_by_export(c) && !c.view.not_found_is_said(w.realm);
    let verdict = match (signs, with.auth_tried, maybe_unknown) {
        (Some((_, at)), ..) if profile.secret_ok.is_none_or(|ok| Some(ok.0) < signs.map(|s| s.0)) => {
            Verdict::likely(&[ClientAuthMethod, WrongClientSecret], Lack::ClientAuthentication)
                .because(at, "this client authenticates otherwise than with a secret")
        }
        // a client that was there before was more likely changed than deleted
        (_, _, true) if known => Verdict::likely(&[WrongClientSecret, ClientAuthMethod, ClientNotFound], Lack::Reasons),
        (_, true, _) if !known => Verdict::likely(&[ClientNotFound, ClientAuthMethod], Lack::Reasons),
        // where successes are visible, a client that exists would have been seen
        (_, _, true) if c.view.successes(w.realm) => Verdict::likely(&[ClientNotFound, WrongClientSecret, ClientAuthMethod], Lack::Reasons),
        (_, _, true) => Verdict::likely(&[WrongClientSecret, ClientAuthMethod, ClientNotFound], Lack::ClientAuthentication),
        _ => Verdict::likely(&[WrongClientSecret, ClientAuthMethod], Lack::ClientAuthentication),
    };
    // as far as is known this log has no lines of errors, or the events' lines alone
    let is_blind = !c.view.assertions(w.realm) && c.view.version(w.node, w.time).is_none() && profile.secret_ok.is_none();
    let verdict = if (with.lost.is_some() || is_blind) && !verdict.candidates.contains(&ClockSkew) {
        // the line that says that an assertion was refused may stand before the first one, or in another log
        Verdict { candidates: verdict.candidates.iter().copied().chain([ClockSkew]).collect(), ..verdict }
    } else {
        verdict
    };
    rotated(verdict, w, profile, c)
}

/// A client that signs its requests when it succeeds, and was refused without an assertion: where refused assertions leave a trace, none came.
fn must_sign(w: &Waiting, profile: &Profile, c: &Context<'_>) -> Option<Verdict> {
    let (first, at) = profile.jwt_first?;
    let now = w.time.filter(|now| first < *now)?;
    let unchanged = c.view.successes(w.realm) && !c.view.client_changed(first, now, |uuid| is_other(uuid, w, c));
    let alone = profile.secret_ok.is_none() && profile.other_ok.is_none();
    (alone && unchanged && c.view.assertions(w.realm) && w.failed.with.lost.is_none())
        .then(|| Verdict::certain(Cause::ClientAuthMethod).because(at, "this client signs its requests, and this one had no assertion that was looked into"))
}

/// A client that a realm export says must sign. As certain as it would be had it been seen to sign, unless it was changed at some time.
fn must_sign_by_export(w: &Waiting, profile: &Profile, c: &Context<'_>) -> Option<Verdict> {
    let settings = c.settings.filter(|s| s.method == Method::Signed && s.enabled)?;
    let alone = profile.secret_ok.is_none() && profile.other_ok.is_none();
    let shown = c.view.version(w.node, w.time).is_some_and(names_what_it_refuses) || (c.view.assertions(w.realm) && w.failed.with.lost.is_none());
    let why = "the realm export says that this client must sign its requests, and this one had no assertion";
    Some(if alone && shown && !changed_since_export(settings, c) {
        Verdict::certain(Cause::ClientAuthMethod).because(w.at, why)
    } else {
        Verdict::likely(&[Cause::ClientAuthMethod, Cause::ClockSkew, Cause::WrongClientSecret], Lack::ClientAuthentication).because(w.at, why)
    })
}

/// Whether the log shows that an administrator changed the client, at any time: the export need not show what counted then.
fn changed_since_export(settings: &Client, c: &Context<'_>) -> bool {
    let own = settings.uuid.as_deref().map(|id| Key::of(id.as_bytes()).number());
    c.view.client_changed(i64::MIN, i64::MAX, |uuid| own.is_some_and(|own| own != uuid))
}

/// Whether a realm export has the client, and it may be used.
fn exists_by_export(c: &Context<'_>) -> bool {
    c.settings.is_some_and(|s| s.enabled)
}

/// What `ClientAuthenticationFlow` said, where it spoke.
fn authenticator_said(w: &Waiting, with: &Companions, c: &Context<'_>) -> Option<Verdict> {
    use Cause::{ClientAuthMethod, ClockSkew, Unclassified, WrongClientSecret};
    let (verb, name, at) = with.auth?;
    Some(match (verb, name) {
        (Verb::Success, _) => return None,
        (Verb::Failed, Authenticator::Secret) => {
            let none = Profile::default();
            rotated(
                Verdict::certain(WrongClientSecret)
                    .because(at, "client-secret FAILED: a secret came and was refused: it is wrong, a rotation policy let it expire, or the client has none"),
                w,
                c.profile().unwrap_or(&none),
                c,
            )
        }
        (Verb::Attempted, _) => {
            Verdict::likely_at_best(&[ClientAuthMethod, WrongClientSecret]).because(at, "ATTEMPTED: nothing came that the client's authenticator could look at")
        }
        (Verb::Challenge, _) => Verdict::certain(ClientAuthMethod).because(at, "CHALLENGE: nothing came that the client's authenticator could look at"),
        (Verb::Failed, Authenticator::Jwt) => {
            let version = c.view.version(w.node, w.time);
            if w.failed.failure.assertion {
                Verdict::likely(&[ClockSkew, WrongClientSecret, Unclassified], Lack::ClientAuthentication)
                    .because(at, "FAILED: the client assertion was refused")
            } else if version.and_then(major).is_some_and(|m| m <= 25) {
                // of an assertion that was looked at the server says why it was refused, in a line of its own
                Verdict::likely(&[ClientAuthMethod, ClockSkew, WrongClientSecret], Lack::ClientAuthentication)
                    .because(at, "FAILED: a part of the assertion was missing, or it was refused")
            } else if let Some(loss) = with.lost {
                Verdict::likely(&[ClientAuthMethod, ClockSkew, WrongClientSecret], lack_of(loss)).because(at, "FAILED: no assertion came, or it was refused")
            } else if c.view.assertions(w.realm) {
                Verdict::certain(ClientAuthMethod).because(at, "FAILED without an assertion that the server looked into: this client must sign one")
            } else {
                Verdict::likely(&[ClientAuthMethod, ClockSkew], Lack::Reasons).because(at, "FAILED: no assertion came, or it was refused")
            }
        }
        (Verb::Failed, Authenticator::Other) => {
            Verdict::likely(&[ClientAuthMethod, WrongClientSecret], Lack::ClientAuthentication).because(at, "FAILED: what came was refused")
        }
    })
}

/// Adds that the secret worked before, and that an administrator regenerated it.
fn rotated(verdict: Verdict, w: &Waiting, profile: &Profile, c: &Context<'_>) -> Verdict {
    let (Some((worked, at)), Some(now)) = (profile.secret_ok, w.time) else { return verdict };
    if verdict.candidates[0] != Cause::WrongClientSecret || worked > now {
        return verdict;
    }
    let verdict = verdict.because(at, Words::Span(WORKED, now - worked, " earlier"));
    let own = c.view.regenerated(now).take_while(|t| t.time >= worked).find(|t| match t.what {
        TriggerKind::Secret(uuid) => (c.client_of)(uuid).is_none_or(|client| Some(client) == w.client),
        _ => false,
    });
    match own {
        Some(t) => verdict.because(t.at, Words::Span("an administrator regenerated a client secret ", now - t.time, " earlier")),
        None => verdict,
    }
}

/// No such client: is it unknown, or was it authenticated in a way that is not its own?
#[must_use]
pub fn unknown_or_method(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{ClientAuthMethod, ClientNotFound, Unclassified};
    let exists = c.profile().and_then(|p| p.exists_first.zip(p.exists));
    let around = exists.zip(w.time).is_some_and(|((first, last), now)| first.0 < now && now < last.0);
    if w.failed.failure.client.is_none() {
        let is_unknown = w.failed.failure.error.as_deref() == Some("client_not_found");
        return match (w.failed.failure.assertion, w.failed.with.lost) {
            // an assertion names a client, and the event does so once that client was found (`AbstractJWTClientValidator`, 26.4 and later)
            (true, _) if is_unknown => Verdict::likely_at_best(&[ClientNotFound, ClientAuthMethod, Unclassified]),
            // of an assertion that cannot be read no event tells, but a line before it
            (_, Some(loss)) => Verdict::likely(&[ClientAuthMethod, Unclassified], lack_of(loss)),
            (_, None) => Verdict::certain(ClientAuthMethod),
        };
    }
    match (w.failed.failure.assertion, exists) {
        (true, Some((first, _))) if around => Verdict::certain(ClientAuthMethod).because(first.1, "the client exists: it is seen here, and later again"),
        (true, Some((first, _)))
            if exists_by_export(c) && w.time.is_some_and(|now| first.0 < now) && !c.settings.is_none_or(|s| changed_since_export(s, c)) =>
        {
            Verdict::certain(ClientAuthMethod).because(first.1, "the client exists: it is seen here, and the realm export has it")
        }
        (true, _) => Verdict::likely(&[ClientAuthMethod, ClientNotFound], Lack::SuccessEvents),
        (false, Some((_, (_, at)))) => {
            Verdict::likely(&[ClientNotFound, ClientAuthMethod], Lack::ClientAuthentication).because(at, "a client of that name is seen here")
        }
        (false, None) if exists_by_export(c) => {
            Verdict::likely(&[ClientNotFound, ClientAuthMethod], Lack::ClientAuthentication).because(w.at, "the realm export has a client of that name")
        }
        (false, None) if c.profiles_full => Verdict::likely(&[ClientNotFound, ClientAuthMethod], Lack::WholeView),
        (false, None) if asks_for_secrets(w, c) => Verdict::certain(ClientNotFound),
        (false, None) => Verdict::likely_at_best(&[ClientNotFound, ClientAuthMethod]),
    }
}

/// Whether the flow asks clients for secrets, as nearly all do: a flow without a client's own authenticator does not find it, though it exists. What the request's own lines
/// say of it counts before what the log shows of the realm.
fn asks_for_secrets(w: &Waiting, c: &Context<'_>) -> bool {
    let with = &w.failed.with;
    if with.auth_tried { with.secret_tried } else { c.view.secrets(w.realm) }
}
