//! From a failure with its facts to a finding.
//!
//! Input: [`Waiting`] failures, and all that was learned from the whole input. Output: [`Finding`]s. The rules say what an event means; the
//! questions answer what it leaves open; here the verdict is limited to what the line's trust allows and put into the contract's form.

use chrono::DateTime;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::answered::{self, Beside};
use super::clients::Profiles;
use super::joined::At;
use super::pairing::Fit;
use super::question::{self, Context};
use super::rules::{Question, Rule, Rules, Says};
use super::timeline::Waiting;
use super::verdict::{Lack, Verdict};
use super::view::View;
use crate::cause::Cause;
use crate::finding::{Confidence, Evidence, Finding, SCHEMA, Trust};
use crate::names::{Key, Names, Sym};
use crate::realm::{Realm, Realms};
use crate::signal::Failure;

/// How far clocks of a server and its proxy may be apart where nothing fits together.
const SKEW_MS: i64 = 60_000;

/// All that verdicts rest on, once the input has ended.
pub struct Judge<'a> {
    /// What events mean.
    pub rules: &'a Rules,
    /// How much the log shows.
    pub view: &'a View,
    /// How clients authenticate.
    pub profiles: &'a Profiles,
    /// Clients by uuid.
    pub uuids: HashMap<Key, Sym, RandomState>,
    /// The lifespan of codes, where it is known.
    pub life_ms: Option<i64>,
    /// Some clients have no profile because there was no room.
    pub profiles_full: bool,
    /// What realm exports say.
    pub realms: Option<&'a Realms>,
    /// The sources' names, by number.
    pub sources: &'a [String],
    /// The names of realms and clients.
    pub names: &'a Names,
    /// How well the access lines of other logs fit the events.
    pub fit: Fit,
}

impl Judge<'_> {
    /// Decides one failure. Returns the finding and what would have made it certain.
    #[must_use]
    pub fn decide(&self, w: &Waiting) -> (Finding, Option<Lack>) {
        let verdict = self.verdict(w);
        let lack = verdict.lack;
        (self.finding(w, verdict), lack)
    }

    /// Returns the verdict on one failure, without the evidence that its own line and its companions are.
    #[must_use]
    pub fn verdict(&self, w: &Waiting) -> Verdict {
        if w.failed.failure.trust == Trust::Access {
            return answered::alone(w, self.beside(w));
        }
        let rule = self.rules.decide(&w.failed);
        let mut verdict = said(rule).unwrap_or_else(|question| self.ask(question, w));
        if w.failed.answers.is_empty() {
            return limited(verdict, w);
        }
        if verdict.evidence.is_empty() {
            verdict.evidence.push((w.at, self.why(w).to_owned().into()));
        }
        limited(answered::narrowed(verdict, w, self.beside(w)), w)
    }

    /// Says why the rule that speaks of a failure concludes what it does.
    fn why(&self, w: &Waiting) -> &str {
        self.rules.decide(&w.failed).map_or("no rule knows this event", |r: &Rule| r.text.why.as_str())
    }

    /// Whether it may be another line's failure: an access line of a time that the server's log covers, where events and lines do not name the same
    /// addresses (the server sees its proxy's).
    #[must_use]
    pub fn is_doubtful(&self, w: &Waiting) -> bool {
        let proxied = w.failed.failure.trust == Trust::Access && w.failed.answers.iter().any(|a| !a.own);
        // clocks that differ are one reason why nothing fits
        let covered = |t: i64| self.view.covers(t - SKEW_MS) || self.view.covers(t) || self.view.covers(t + SKEW_MS);
        proxied && !self.fit.is_joined() && w.time.is_some_and(covered)
    }

    /// What is known of where its access lines were written.
    fn beside(&self, w: &Waiting) -> Beside {
        let own = w.failed.answers.iter().all(|a| a.own);
        let event = w.failed.failure.trust != Trust::Access;
        let version = self.view.version(w.node, w.time).and_then(|v| v.split('.').next()?.parse().ok());
        Beside {
            major: if own || event { version } else { self.view.major() },
            silent: own || (self.fit.is_joined() && w.time.is_some_and(|t| self.view.covers(t))),
            sizes: (own || self.fit.has_sizes()) && !self.view.has_odd_sizes(),
        }
    }

    fn ask(&self, question: Question, w: &Waiting) -> Verdict {
        let realm = self.settings(&w.failed.failure);
        let exported = realm.and_then(|r| r.code_lifespan_ms);
        // an export is a picture of one moment: what was changed, or may have been, or what codes contradict, is not what counted then
        let contradicted = |life: i64| self.view.worked(w.realm).is_some_and(|a| a > life) || self.view.refused(w.realm).is_some_and(|a| a < life);
        let settled = exported.filter(|life| realm.is_some_and(|r| self.view.unchanged(w.realm, r)) && !contradicted(*life));
        let context = Context {
            view: self.view,
            profiles: self.profiles,
            client: w.client.map(|client| (w.realm, client)),
            life_ms: self.life_ms.or(settled),
            profiles_full: self.profiles_full,
            exported_life_ms: exported,
            realm,
            settings: realm.and_then(|r| r.clients.get(&*self.names.text(w.failed.failure.client?))),
            client_of: &|uuid| self.uuids.get(&Key::from(uuid)).copied(),
        };
        match question {
            Question::ExpiredOrReused => question::expired_or_reused(w, &context),
            Question::ExpiredOrSkewed => question::expired_or_skewed(w, &context),
            Question::SessionOrMalformed => question::session_or_malformed(w, &context),
            Question::RedirectOrForeign => question::redirect_or_foreign(w, &context),
            Question::OwnRedirect => question::own_redirect(w, &context),
            Question::SecretOrMethod => question::secret_or_method(w, &context),
            Question::RefreshWithoutReason => question::refresh_without_reason(w, &context),
            Question::RefreshNotRead => question::refresh_not_read(w, &context),
            Question::MissingOrMalformed => question::missing_or_malformed(w, &context),
            Question::UnknownOrMethod => question::unknown_or_method(w, &context),
        }
    }

    /// What a realm export says of a failure's realm.
    fn settings(&self, failure: &Failure) -> Option<&Realm> {
        let realms = self.realms.filter(|realms| !realms.is_empty())?;
        let text = |sym: Option<Sym>| sym.map(|s| self.names.text(s));
        let (id, name) = (text(failure.realm_id), text(failure.realm));
        realms.find(id.as_deref(), name.as_deref())
    }

    /// Adds the evidence that the failure's own line and its companions are.
    fn prove(&self, verdict: &mut Verdict, w: &Waiting) {
        if let Some((at, what)) = companion(verdict, w) {
            verdict.evidence.insert(0, (at, what.into()));
        }
        if verdict.evidence.iter().all(|(at, _)| *at == w.at) {
            verdict.evidence.push((w.at, self.why(w).to_owned().into()));
        }
    }

    /// Puts a failure and its verdict into the contract's form.
    #[must_use]
    pub fn finding(&self, w: &Waiting, mut verdict: Verdict) -> Finding {
        self.prove(&mut verdict, w);
        let f = &w.failed.failure;
        let own = |text: Option<&str>| text.map(String::from);
        let name = |sym: Option<Sym>| sym.map(|s| self.names.text(s).into_owned());
        let cause = verdict.candidates[0];
        let source = |number: u32| self.sources.get(number as usize).cloned().unwrap_or_default();
        Finding {
            schema: SCHEMA,
            id: id(f.digest, w.failed.ordinal),
            time: w.time.and_then(DateTime::from_timestamp_millis),
            realm: name(f.realm),
            client: name(f.client),
            cause,
            number: cause.number(),
            detail: verdict.detail,
            confidence: verdict.confidence,
            candidates: verdict.candidates.into_vec(),
            event: f.event.to_string(),
            error: own(f.error.as_deref()),
            reason: own(f.reason.as_deref()),
            grant: own(f.grant.as_deref()),
            session: own(f.session.as_deref()),
            user: own(f.user.as_deref()),
            ip: own(f.ip.as_deref()),
            node: self.view.nodes.get(w.node as usize).map(|n| n.name.clone()).unwrap_or_default(),
            source: source(w.at.source),
            line: w.at.line.get(),
            evidence: verdict
                .evidence
                .into_iter()
                .map(|(at, what)| Evidence { source: (at.source != w.at.source).then(|| source(at.source)), line: at.line.get(), what: what.to_string() })
                .collect(),
            trust: f.trust,
            delay_ms: verdict.delay_ms,
        }
    }
}

/// What `OAuth2CodeParser` says of a code that names another client.
const FOREIGN: &str = "code bound to a different client";

/// Returns the companion that a rule rests on, where the evidence does not hold it.
fn companion(verdict: &Verdict, w: &Waiting) -> Option<(At, &'static str)> {
    let with = &w.failed.with;
    let first = match verdict.candidates[0] {
        Cause::CodeMalformed => {
            let format = || with.format.or(with.uuid).map(|at| (at, "invalid format of the code"));
            let bound = || with.bound.map(|(_, at)| (at, "code bound to a different session"));
            let long = || with.too_long.map(|(_, at)| (at, "the parameter `code` is longer than allowed, and was ignored"));
            long().or_else(bound).or_else(format).or_else(|| with.foreign.map(|(_, at)| (at, FOREIGN)))
        }
        Cause::CodeOfOtherClient => with.foreign.map(|(_, at)| (at, FOREIGN)),
        Cause::ClockSkew => with.assertion.map(|(_, at)| (at, "assertion not active at the server's time")),
        Cause::ClientAuthMethod => with.header.map(|at| (at, "the authentication header cannot be decoded")),
        Cause::PkceMismatch => {
            let long = || with.too_long.map(|(_, at)| (at, "the parameter `code_verifier` is longer than allowed, and was ignored"));
            with.pkce.map(|(_, at)| (at, "PKCE warning of the same thread")).or_else(long)
        }
        _ => None,
    };
    first.filter(|(at, _)| verdict.evidence.iter().all(|e| e.0 != *at))
}

/// Returns how many lines a finding names as its evidence.
#[must_use]
pub fn proofs(verdict: &Verdict, w: &Waiting) -> usize {
    let companion = companion(verdict, w);
    let is_alone = companion.iter().map(|c| c.0).chain(verdict.evidence.iter().map(|e| e.0)).all(|at| at == w.at);
    verdict.evidence.len() + usize::from(companion.is_some()) + usize::from(is_alone)
}

/// Returns the verdict on a failure without an answer where the rules, its own timeline and what the log has shown up to now come to one that no later
/// line can change; else the question that is left.
pub fn settled(rules: &Rules, w: &Waiting, view: &View) -> Result<Verdict, Question> {
    settled_by(rules.decide(&w.failed), w, view)
}

/// The same, where the rule that speaks of the failure is known.
pub fn settled_by(rule: Option<&Rule>, w: &Waiting, view: &View) -> Result<Verdict, Question> {
    said(rule).or_else(|question| already(question, w, view).ok_or(question)).map(|verdict| limited(verdict, w))
}

/// Returns what a rule says of every failure, or the question that it asks.
fn said(rule: Option<&Rule>) -> Result<Verdict, Question> {
    match rule.map(|r| &r.says) {
        Some(Says::Cause { detail, confidence, candidates, .. }) => {
            Ok(Verdict { detail: *detail, confidence: *confidence, candidates: SmallVec::from_slice(candidates), ..Verdict::certain(Cause::Unclassified) })
        }
        Some(Says::Ask(question)) => Err(*question),
        None => Ok(Verdict { confidence: Confidence::Ambiguous, ..Verdict::certain(Cause::Unclassified) }),
    }
}

/// Answers a question where no later line can change the answer.
fn already(question: Question, w: &Waiting, view: &View) -> Option<Verdict> {
    match question {
        Question::RefreshWithoutReason => question::refresh_already(w),
        Question::SessionOrMalformed => question::session_already(w, view),
        Question::ExpiredOrReused => question::gone_already(w, || view.exchanges(w.realm)),
        Question::ExpiredOrSkewed => question::expired_already(w),
        Question::RedirectOrForeign
        | Question::OwnRedirect
        | Question::SecretOrMethod
        | Question::RefreshNotRead
        | Question::MissingOrMalformed
        | Question::UnknownOrMethod => None,
    }
}

/// Limits a verdict to what the line's trust allows.
fn limited(mut verdict: Verdict, w: &Waiting) -> Verdict {
    let trust = w.failed.failure.trust;
    if matches!(trust, Trust::Ambiguous | Trust::Relayed) || verdict.candidates[0] == Cause::Unclassified {
        verdict.confidence = verdict.confidence.max(Confidence::Likely);
    }
    verdict.lack = verdict.lack.filter(|_| verdict.confidence != Confidence::Certain);
    verdict
}

/// Returns a failure's identity: 128 bits of its digest, and its number among equal ones where it is not the first.
fn id(digest: u128, ordinal: u32) -> String {
    if ordinal == 0 { format!("{digest:032x}") } else { format!("{digest:032x}-{ordinal}") }
}
