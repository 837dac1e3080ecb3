//! The questions of the diagnostic flowchart that an event alone does not answer.
//!
//! Input: a failure with its facts, the profile of its client, and the view. Output: a [`Verdict`]. Each function is one question; what it may
//! conclude from silence is limited by the view.

use crate::cause::{Cause, Detail};
use crate::signal::companion::{Authenticator, Verb};

use super::clients::{self, Profiles};
use super::joined::{Browser, Companions, Loss};
use super::profile::{Moment, Profile};
use super::timeline::{CODE_HORIZON_MS, Facts, LEAST_LIFE_MS, Waiting};
use super::verdict::{Lack, Verdict, WORKED, Words};
use super::view::{TriggerKind, View};
use crate::finding::{Confidence, Trust};
use crate::names::{Key, Sym, stand_in};
use crate::realm::{Client, Method, Realm};
use crate::signal::Id;
use crate::signal::id::is_uuid;

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

/// Did the code expire, or was it used before?
#[must_use]
pub fn expired_or_reused(w: &Waiting, c: &Context<'_>) -> Verdict {
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    explained(doubted(holed(gone(w, facts, c), w, &[Cause::CodeExpired, Cause::CodeReused]), w), w, facts)
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

/// A code that no server writes like this was cut, or made up: of it the same is said.
fn doubted(verdict: Verdict, w: &Waiting) -> Verdict {
    if !w.failed.with.gone.is_some_and(|gone| gone.unusual) {
        return verdict;
    }
    let candidates = verdict.candidates.iter().copied().chain([Cause::CodeMalformed]).collect();
    Verdict { confidence: verdict.confidence.max(Confidence::Likely), candidates, ..verdict }
}

/// Adds the lines that a verdict on a code rests on.
fn explained(verdict: Verdict, w: &Waiting, facts: &Facts) -> Verdict {
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
    of_whom(of_own(w, facts, age, now, c), w, facts, c)
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
        let hidden = facts.forgotten || c.view.partial(w.realm, long_since, now, c.life_ms, false).is_some();
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
    Verdict::likely(&[first, second], Lack::WholeView)
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
fn is_unclear(facts: &Facts) -> bool {
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
    if let Some(used) = facts.used_later.filter(|_| facts.logins == 1) {
        // a code that was exchanged after it was refused had not expired: it is the clocks of two nodes that differ, or a login that was not logged
        return Verdict::likely(&[CodeReused, CodeExpired], Lack::WholeView)
            .because(used.at, Words::ago(used.ago_ms, "CODE_TO_TOKEN, logged ", " later", "CODE_TO_TOKEN"));
    }
    // a request can read a code and end without an event, as where its answer cannot be made
    let is_old = |age: i64| age >= LEAST_LIFE_MS && !is_young(age, w, c);
    let crash = c.view.crash(w.realm, born, now).map(|at| (at, "a request ended in a server error in between: it may have used the code"));
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
fn by_age(w: &Waiting, age: Option<i64>, c: &Context<'_>) -> [Cause; 2] {
    let refused = || c.view.refused(w.realm).filter(|age| !is_young(*age, w, c));
    let limit = c.life_ms.or_else(refused).or(c.exported_life_ms).unwrap_or_else(|| DEFAULT_LIFE_MS.max(c.view.worked(w.realm).unwrap_or(0)));
    if age.is_none_or(|a| a >= limit) { [Cause::CodeExpired, Cause::CodeReused] } else { [Cause::CodeReused, Cause::CodeExpired] }
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

/// A session is named and was not found: did it end, or was it never one?
#[must_use]
pub fn session_or_malformed(w: &Waiting, c: &Context<'_>) -> Verdict {
    session(w, c.view, |form, facts| {
        if w.failed.failure.trust == Trust::Stored {
            explained(without_warning(&form, w, facts, c), w, facts)
        } else if is_split(w, c.view) {
            Verdict::likely(&[Cause::SessionTerminated, Cause::Unclassified], Lack::WholeView)
        } else if c.view.companions(w.realm) && !may_be_offline(w, c.view) {
            Verdict::certain(Cause::SessionTerminated)
        } else if c.view.companions(w.realm) {
            Verdict::likely(&[Cause::SessionTerminated, Cause::CodeReused], Lack::SuccessEvents)
        } else {
            Verdict::likely(&[Cause::SessionTerminated, Cause::CodeExpired, Cause::CodeReused], Lack::WholeView)
        }
    })
}

/// Whether a code of the session can have been exchanged for an offline token unseen.
fn may_be_offline(w: &Waiting, view: &View) -> bool {
    !is_of_old_server(w, view) && !view.exchanges(w.realm)
}

/// Whether the session may be alive at a node that the failure's does not know of.
fn is_split(w: &Waiting, view: &View) -> bool {
    w.time.is_some_and(|time| view.is_split(w.realm, time))
}

/// Whether a server up to 22 printed the event: its list is bare and has no realm's name, which later servers print with bare values, too, where they were told to
/// (`--spi-events-listener--jboss-logging--quotes=none`).
fn is_of_old_server(w: &Waiting, view: &View) -> bool {
    let failure = &w.failed.failure;
    failure.trust == Trust::Unquoted && view.version(w.node, w.time).and_then(major).map_or(failure.realm == failure.realm_id, |major| major <= 22)
}

/// The same, where no later line can say more.
#[must_use]
pub fn session_already(w: &Waiting, view: &View) -> Option<Verdict> {
    let mut is_open = false;
    let verdict = session(w, view, |_, _| {
        is_open = w.failed.failure.trust == Trust::Stored || !view.companions(w.realm) || may_be_offline(w, view) || is_split(w, view);
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
        form if let Some(loss) = w.failed.with.lost => {
            let candidates: &[Cause] = match form {
                Form::Unusual => &[CodeMalformed, SessionTerminated, CodeExpired, CodeReused],
                _ => &[SessionTerminated, CodeExpired, CodeReused],
            };
            Verdict::likely(candidates, lack_of(loss))
        }
        _ if facts.elsewhere => Verdict::likely_at_best(&[CodeOfOtherClient, CodeMalformed, SessionTerminated]),
        _ if facts.session_seen && facts.ended.is_some() => Verdict::certain(SessionTerminated),
        _ if facts.offline.is_some() => Verdict::likely_at_best(&[CodeReused, SessionTerminated]),
        form if facts.session_seen => more(form, facts),
        // nothing shows that the parser's warnings are in this log, though other loggers' lines are
        Form::Usual if !view.companions(w.realm) && view.version(w.node, w.time).is_some() => {
            Verdict::likely(&[SessionTerminated, CodeExpired, CodeReused, CodeMalformed], Lack::WholeView)
        }
        Form::Usual if !view.companions(w.realm) => Verdict::ambiguous(&[CodeExpired, CodeReused, SessionTerminated, CodeMalformed], Lack::WholeView),
        Form::Unusual if !view.companions(w.realm) => Verdict::likely(&[CodeMalformed, SessionTerminated, CodeExpired, CodeReused], Lack::WholeView),
        // an exchange for an offline token can end the session, too (`OAuth2GrantTypeBase`, 26.1 and later)
        Form::Usual if !is_of_old_server(w, view) => Verdict::likely(&[SessionTerminated, CodeReused, CodeMalformed], Lack::SuccessEvents),
        Form::Usual => Verdict::likely(&[SessionTerminated, CodeMalformed], Lack::SuccessEvents),
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
    match facts.login.filter(|_| verdict.candidates[0] == SessionTerminated) {
        Some(login) => verdict.because(login.at, Words::ago(login.ago_ms, "LOGIN ", " earlier", "LOGIN")),
        None => verdict,
    }
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

/// The code was read and refused (up to 24): another `redirect_uri`, or another client's code?
#[must_use]
pub fn redirect_or_foreign(w: &Waiting, c: &Context<'_>) -> Verdict {
    use Cause::{CodeOfOtherClient, RedirectUriMismatch};
    let none = Facts::default();
    let facts = w.facts.as_deref().unwrap_or(&none);
    let now = w.time.unwrap_or_default();
    let since = now - c.life_ms.unwrap_or(CODE_HORIZON_MS);
    let whole = w.time.is_some() && !facts.incomplete && c.view.partial(w.realm, since, now, c.life_ms, false).is_none();
    let verdict = match (facts.own_login, facts.other_login) {
        (true, false) if whole => Verdict::certain(RedirectUriMismatch),
        // a client that was renamed in between is the same one
        (false, true) if whole && !c.view.client_changed(since, now, |_| false) => Verdict::certain(CodeOfOtherClient),
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
    let now = w.time.unwrap_or_default();
    let since = now - c.life_ms.unwrap_or(CODE_HORIZON_MS);
    let whole = w.time.is_some() && c.view.partial(w.realm, since, now, c.life_ms, false).is_none();
    // a client that was renamed in between is the same one
    let was_renamed = || c.view.client_changed(since, now, |_| false);
    match (facts.logins > 0, facts.other_code) {
        (true, false) if whole && !facts.incomplete => Verdict::certain(RedirectUriMismatch),
        (false, true) if whole && !was_renamed() => Verdict::likely_at_best(&[CodeOfOtherClient, RedirectUriMismatch]),
        _ if whole => Verdict::likely_at_best(&[RedirectUriMismatch, CodeOfOtherClient]),
        _ if facts.logins > 0 => Verdict::likely(&[RedirectUriMismatch, CodeOfOtherClient], Lack::WholeView),
        _ => Verdict::likely(&[RedirectUriMismatch, CodeOfOtherClient], Lack::SuccessEvents),
    }
}

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
    // as far as is known this log has the events' lines alone
    let is_blind = !c.view.assertions(w.realm) && !c.view.companions(w.realm) && c.view.version(w.node, w.time).is_none() && profile.secret_ok.is_none();
    let verdict = if (with.lost.is_some() || is_blind) && !verdict.candidates.contains(&ClockSkew) {
        // the line that says that an assertion was refused may stand before the first one, or in another log
        Verdict { candidates: verdict.candidates.iter().copied().chain([ClockSkew]).collect(), ..verdict }
    } else {
        verdict
    };
    rotated(verdict, w, profile, c)
}

/// Whether a uuid is that of another client than the failure's.
fn is_other(uuid: u64, w: &Waiting, c: &Context<'_>) -> bool {
    (c.client_of)(uuid).is_some_and(|client| Some(client) != w.client)
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
    let shown = c.view.version(w.node, w.time).is_some_and(shows_assertions) || (c.view.assertions(w.realm) && w.failed.with.lost.is_none());
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

/// No session is named: was there no code, or was it none?
#[must_use]
pub fn missing_or_malformed(w: &Waiting, c: &Context<'_>) -> Verdict {
    if c.view.version(w.node, w.time).is_some_and(names_what_is_missing) {
        // the warning that would say so is not here: it was lost, or its logger silenced
        return Verdict::likely(&[Cause::CodeMalformed, Cause::CodeMissing], Lack::Lines);
    }
    if c.view.companions(w.realm) && w.failed.with.lost.is_none() {
        // of a malformed code the parser would have said so
        return Verdict::certain(Cause::CodeMissing);
    }
    let lack = if w.failed.failure.trust == Trust::Stored { Lack::ServerLog } else { Lack::WholeView };
    Verdict::likely(&[Cause::CodeMissing, Cause::CodeMalformed], lack)
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
        (false, None) => Verdict::certain(ClientNotFound),
    }
}

/// Whether a server of that version says in the event's reason that the code is missing (26.4 and later).
fn names_what_is_missing(version: &str) -> bool {
    shows_assertions(version)
}

/// Whether a server of that version names the assertion that it refuses in the event itself (26.4 and later).
fn shows_assertions(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (26, 4)
}

/// Returns the first number of a version.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}
