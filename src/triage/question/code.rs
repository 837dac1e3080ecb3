//! Codes that the server has no longer: expired, or used before?
//!
//! Input: the session's timeline (logins, exchanges), and how much of the log can be trusted to show all of them. A code that nobody used is certainly expired only where a use would
//! have been seen.

use super::{CLOCK_MS, Context, DEFAULT_LIFE_MS, holed, major, weakened};
use crate::cause::Cause;
use crate::finding::Confidence;
use crate::triage::joined::Browser;
use crate::triage::timeline::{CODE_HORIZON_MS, Facts, LEAST_LIFE_MS, Waiting};
use crate::triage::verdict::{Lack, Verdict, Words};
use crate::triage::view::TriggerKind;

/// Did the code expire, or was it used before?
#[must_use]
pub fn expired_or_reused(w: &Waiting, c: &Context<'_>) -> Verdict {
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    explained(doubted(holed(gone(w, facts, c), w, &[Cause::CodeExpired, Cause::CodeReused]), w), w, facts)
}

fn gone(w: &Waiting, facts: &Facts, c: &Context<'_>) -> Verdict {
    use Cause::CodeReused;
    let age = facts.login.and_then(|l| l.ago_ms);
    let now = match (gone_by_now(w, facts, || c.view.exchanges(w.realm)), w.time) {
        (Some(verdict), _) => return verdict,
        (None, Some(now)) if facts.logins > 0 => now,
        (None, _) => return without_login(w, facts, Lack::SuccessEvents),
    };
    if let Some(at) = w.failed.with.gone.and_then(|gone| c.view.read(gone.code)) {
        // the parser takes a code out of its store before it looks at whose it is
        return Verdict::certain(CodeReused).because(at, "this code was read before, by a request that sent it with another session's id");
    }
    let verdict = of_whom(of_own(w, facts, age, now, c), w, facts, c);
    if verdict.confidence == Confidence::Certain || verdict.candidates.contains(&Cause::Unclassified) || c.view.shares(w.realm) {
        return verdict;
    }
    // what one node holds the other does not know, and it says the same of a code that it does not know as of one that is used up
    let candidates = verdict.candidates.iter().copied().chain([Cause::Unclassified]).collect();
    Verdict { candidates, ..verdict }.because(w.at, "nothing shows that the nodes here share their codes: another one may hold this")
}

/// Limits a verdict on a code to what is known of whose it was: the warning has its client's uuid, and the event the client that sent it.
fn of_whom(verdict: Verdict, w: &Waiting, facts: &Facts, c: &Context<'_>) -> Verdict {
    use Cause::{CodeExpired, CodeOfOtherClient, CodeReused};
    let Some(gone) = w.failed.with.gone else { return verdict };
    // a client that was renamed is the same one
    let was_renamed = || c.view.client_changed(i64::MIN, i64::MAX, |uuid| uuid != gone.client.number());
    match c.view.owner(gone.client) {
        owner @ Some(_) if owner == w.client => verdict,
        Some(_) if !was_renamed() => Verdict::likely_at_best(&[CodeOfOtherClient, CodeReused, CodeExpired])
            .because(gone.at, "the code is one of another client, as warnings of other sessions show"),
        _ if facts.other_code && verdict.confidence == Confidence::Certain => {
            weakened(verdict, &[CodeExpired, CodeReused, CodeOfOtherClient], None).because(w.at, "another client of the session may have been given the code")
        }
        _ => verdict,
    }
}

/// Decides by the logins and exchanges of the event's own client.
fn of_own(w: &Waiting, facts: &Facts, age: Option<i64>, now: i64, c: &Context<'_>) -> Verdict {
    use Cause::{CodeExpired, CodeReused};
    // codes of logins shortly before the log's first line may be about, too
    let since = now - age.unwrap_or(0) - c.life_ms.unwrap_or(DEFAULT_LIFE_MS);
    // and those that are older than that are the ones that expire
    let long_since = since.min(now - CODE_HORIZON_MS);
    let unclear = is_unclear(facts) || (facts.use_before_login && c.view.has_nodes(w.realm));
    if facts.uses >= facts.logins && !unclear {
        let hidden = facts.forgotten || may_be_doubled(w, facts, c) || c.view.partial(w.realm, long_since, now, c.life_ms, false).is_some();
        return if hidden { Verdict::likely(&[CodeReused, CodeExpired], Lack::WholeView) } else { Verdict::certain(CodeReused) };
    }
    if facts.uses == 0 && !unclear {
        return unused(w, facts, age, since, now, c);
    }
    let now_to_then = c.view.partial(w.realm, long_since, now, c.life_ms, true).is_none() && c.view.interruption(w.realm, w.node, since, now).is_none();
    if let (Some(life), Some(first)) = (c.life_ms, facts.first_login_ms)
        && first + CLOCK_MS < life
        && facts.uses > 0
        && !unclear
        && !facts.forgotten
        && now_to_then
    {
        // none of the codes is old enough to have expired: it was the one that was used
        return Verdict::certain(CodeReused);
    }
    // two codes, one of them used: nothing says which one this was
    let [first, second] = by_age(w, age, c);
    let oldest = now - facts.first_login_ms.or(age).unwrap_or(0);
    match c.view.interruption(w.realm, w.node, oldest, now) {
        Some(trigger) => Verdict::likely(&[first, second, Cause::Unclassified], Lack::WholeView)
            .because(trigger.at, "a server was restarted or lost in between: one of the codes may have been lost"),
        None => Verdict::likely(&[first, second], Lack::WholeView),
    }
}

/// Whether what looks like the uses of all codes may be that of fewer: servers up to 21 can exchange one for each of two requests that come at once.
pub(super) fn may_be_doubled(w: &Waiting, facts: &Facts, c: &Context<'_>) -> bool {
    facts.uses - facts.doubled.min(facts.uses) < facts.logins && c.view.version(w.node, w.time).is_none_or(|version| major(version).is_none_or(|m| m <= 21))
}

/// What no later line can change of a verdict on a code; `exchanges` says whether those that succeed were seen.
fn gone_by_now(w: &Waiting, facts: &Facts, exchanges: impl FnOnce() -> bool) -> Option<Verdict> {
    use Cause::{CodeExpired, CodeReused};
    if w.time.is_none() {
        return Some(Verdict::ambiguous(&[CodeExpired, CodeReused], Lack::WholeView));
    }
    if facts.logins == 0 {
        return exchanges().then(|| without_login(w, facts, Lack::WholeView));
    }
    // a login was not seen, or a use was another code's
    (facts.uses > facts.logins && !is_unclear(facts)).then(|| Verdict::likely(&[CodeReused, CodeExpired], Lack::WholeView))
}

/// The same as [`expired_or_reused`], where no later line can say more; `exchanges` says whether those that succeed were seen.
#[must_use]
pub fn gone_already(w: &Waiting, exchanges: impl FnOnce() -> bool) -> Option<Verdict> {
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    Some(explained(doubted(gone_by_now(w, facts, exchanges)?, w), w, facts))
}

/// Whether not every use of the session's codes can be told from others.
pub(super) fn is_unclear(facts: &Facts) -> bool {
    facts.use_after_login || facts.foreign_unclear || facts.incomplete
}

/// A code whose login was not seen.
fn without_login(w: &Waiting, facts: &Facts, lack: Lack) -> Verdict {
    use Cause::{CodeExpired, CodeReused};
    let hint = facts.uses > 0 || facts.detached.is_some() || facts.together.is_some();
    match &w.failed.browser {
        Some(browser) if !hint => by_browser(browser, lack),
        _ if hint => Verdict::likely(&[CodeReused, CodeExpired], lack),
        _ => Verdict::ambiguous(&[CodeExpired, CodeReused], lack),
    }
}

/// Orders expired and reused by what access lines show of a browser: a client that lives in it logs in and exchanges from one address.
fn by_browser(browser: &Browser, lack: Lack) -> Verdict {
    const LOGIN: &str = "a login of this client at this address ";
    if browser.granted {
        let words = Words::Span(LOGIN, browser.ago_ms, " earlier, and a token for the address since");
        return Verdict::likely(&[Cause::CodeReused, Cause::CodeExpired], lack).because(browser.at, words);
    }
    let words = Words::Span(LOGIN, browser.ago_ms, " earlier, and no token for the address since");
    Verdict::likely(&[Cause::CodeExpired, Cause::CodeReused], lack).because(browser.at, words)
}

/// A code of which no use was seen.
fn unused(w: &Waiting, facts: &Facts, age: Option<i64>, since: i64, now: i64, c: &Context<'_>) -> Verdict {
    use Cause::{ClockSkew, CodeExpired, CodeReused, Unclassified};
    let born = now - age.unwrap_or(0);
    if let Some(trigger) = c.view.interruption(w.realm, w.node, born, now) {
        let what = match trigger.what {
            _ if trigger.time > now => "a server stopped soon after: a request that it was at work on may have used the code",
            TriggerKind::Left => "a node left the cluster in between: the code may have been lost",
            _ => "the server was restarted in between: the code may have been lost",
        };
        return Verdict::likely(&[CodeExpired, CodeReused, Unclassified], Lack::WholeView).because(trigger.at, what);
    }
    if let (Some(life), Some(age)) = (c.life_ms, age)
        && age + CLOCK_MS < life
        && facts.attempts == 0
    {
        return Verdict::likely(&[ClockSkew, CodeReused, CodeExpired], Lack::WholeView);
    }
    if c.view.partial(w.realm, since, now, c.life_ms, true).is_some() {
        let [first, second] = by_age(w, age, c);
        return Verdict::likely(&[first, second], Lack::WholeView);
    }
    if let Some(gone) = facts.detached {
        // who has a token has exchanged a code for it, and a reuse takes the client's part of the session away
        return Verdict::likely(&[CodeReused, CodeExpired], Lack::WholeView)
            .because(gone.at, "a token of this client and session came, and no exchange that gave it is in this log");
    }
    if let Some(used) = facts.used_later.filter(|_| facts.logins == 1) {
        // a code that was exchanged after it was refused had not expired: it is the clocks of two nodes that differ, or a login that was not logged
        return Verdict::likely(&[CodeReused, CodeExpired], Lack::WholeView)
            .because(used.at, Words::ago(used.ago_ms, "CODE_TO_TOKEN, logged ", " later", "CODE_TO_TOKEN"));
    }
    // a request can read a code and end without an event, as where its answer cannot be made
    let is_old = |age: i64| age >= LEAST_LIFE_MS && !is_young(age, w, c);
    let crash = c.view.crash(w.realm, born, now).map(|at| (at, "a request ended in a server error in between: it may have used the code"));
    if age.is_some_and(is_old) && crash.is_none() && c.view.may_have_started(w.realm, born, now) {
        return Verdict::likely(&[CodeExpired, CodeReused, Unclassified], Lack::WholeView)
            .because(w.at, "no start of a server is in this log, and it was silent for as long as one takes: the code may have been lost");
    }
    let silence = || c.view.events_changed(born, now).map(|at| (at, "what a realm logs was changed in between: what used the code may not have been logged"));
    match (age, crash.or_else(silence)) {
        (Some(age), None) if is_old(age) && !c.view.is_alone(w.realm) => {
            Verdict::likely_at_best(&[CodeExpired, CodeReused]).because(w.at, "nothing in this log says that no other node is at work")
        }
        (Some(age), None) if is_old(age) && c.profile().is_some_and(|p| p.exchanged) => Verdict::certain(CodeExpired),
        // nor does each client's answer become one: that of a client whose tokens cannot be encrypted never does (`OAuth2GrantTypeBase.createTokenResponse`)
        (Some(age), None) if is_old(age) => Verdict::likely_at_best(&[CodeExpired, CodeReused]).because(w.at, "this client exchanged no code in this log"),
        (Some(age), Some((at, why))) if is_old(age) => Verdict::likely_at_best(&[CodeExpired, CodeReused]).because(at, why),
        (Some(age), _) if age >= DEFAULT_LIFE_MS => Verdict::likely_at_best(&[CodeExpired, CodeReused]),
        _ => Verdict::likely_at_best(&[CodeReused, CodeExpired]),
    }
}

/// Whether codes of that age still worked in the realm, whose settings were not changed.
fn is_young(age: i64, w: &Waiting, c: &Context<'_>) -> bool {
    c.view.works(w.realm).is_some_and(|works| age <= works) && !c.view.realms_changed()
}

/// Orders expired and reused by the age of the newest code: by the known lifespan, else by what codes of this realm taught, else by the
/// default.
pub(super) fn by_age(w: &Waiting, age: Option<i64>, c: &Context<'_>) -> [Cause; 2] {
    let refused = || c.view.refused(w.realm).filter(|age| !is_young(*age, w, c));
    let limit = c.life_ms.or_else(refused).or(c.exported_life_ms).unwrap_or_else(|| DEFAULT_LIFE_MS.max(c.view.worked(w.realm).unwrap_or(0)));
    if age.is_none_or(|a| a >= limit) { [Cause::CodeExpired, Cause::CodeReused] } else { [Cause::CodeReused, Cause::CodeExpired] }
}

/// A code that no server writes like this was cut, or made up: of it the same is said.
fn doubted(verdict: Verdict, w: &Waiting) -> Verdict {
    if !w.failed.with.gone.is_some_and(|gone| gone.unusual) {
        return verdict;
    }
    let candidates = verdict.candidates.iter().copied().chain([Cause::CodeMalformed]).collect();
    Verdict { confidence: verdict.confidence.max(Confidence::Likely), candidates, ..verdict }
}

/// Adds the lines that a verdict on a code rests on.
pub(super) fn explained(verdict: Verdict, w: &Waiting, facts: &Facts) -> Verdict {
    let mut evidence = Vec::with_capacity(4);
    if let Some(gone) = w.failed.with.gone {
        evidence.push((gone.at, Words::Said("code already used or expired")));
    }
    if let Some(login) = facts.login {
        evidence.push((login.at, Words::ago(login.ago_ms, "LOGIN ", " earlier", "LOGIN")));
    }
    if let Some((used, failed)) = facts.use_before {
        let words = if failed {
            Words::ago(used.ago_ms, "the code was read by a request that failed ", " earlier", "the code was read by a request that failed")
        } else {
            Words::ago(used.ago_ms, "CODE_TO_TOKEN ", " earlier", "CODE_TO_TOKEN")
        };
        evidence.push((used.at, words));
    } else if let Some(used) = facts.use_after {
        evidence.push((used.at, Words::ago(used.ago_ms, "CODE_TO_TOKEN, logged ", " later", "CODE_TO_TOKEN")));
    }
    if let (Some(first), true) = (facts.first_attempt, evidence.len() < 6) {
        let words = match facts.attempts {
            1 => Words::Said("an earlier attempt with the same code"),
            attempts => Words::Number("first of ", attempts, " earlier attempts with the same code"),
        };
        evidence.push((first.at, words));
    }
    if let Some(gone) = facts.detached.filter(|_| verdict.candidates[0] == Cause::CodeReused) {
        evidence.push((gone.at, "the tokens of its first use were revoked, as a reuse does".into()));
    }
    if let Some(at) = facts.together.filter(|_| verdict.candidates[0] == Cause::CodeReused && facts.uses == 0) {
        evidence.push((at, "another request with the same code was in flight".into()));
    }
    evidence.extend(verdict.evidence);
    let delay_ms = facts.login.filter(|_| facts.logins == 1).and_then(|l| l.ago_ms);
    Verdict { evidence, delay_ms, ..verdict }
}

/// The event says that the code expired. A server whose codes are in a cache forgets them by then, so it says so hardly ever, but where the code's time was written by another
/// node's clock.
#[must_use]
pub fn expired_or_skewed(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{ClockSkew, CodeExpired};
    let Some(login) = w.facts.as_deref().and_then(|facts| facts.login) else { return without_clock() };
    if c.view.has_nodes(w.realm) {
        let words = Words::ago(login.ago_ms, "LOGIN ", " earlier by the clocks", "LOGIN");
        return Verdict::likely_at_best(&[CodeExpired, ClockSkew]).because(login.at, words);
    }
    Verdict::certain(CodeExpired).because(login.at, Words::ago(login.ago_ms, "LOGIN ", " earlier", "LOGIN"))
}

/// The same, where no later line can say more: no login was seen.
#[must_use]
pub fn expired_already(w: &Waiting) -> Option<Verdict> {
    w.facts.as_deref().is_none_or(|facts| facts.login.is_none()).then(without_clock)
}

fn without_clock() -> Verdict {
    Verdict::likely(&[Cause::CodeExpired, Cause::ClockSkew], Lack::SuccessEvents)
}
