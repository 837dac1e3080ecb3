//! Why was the code refused?
//!
//! Input: a [`Case`] whose client was authenticated. Output: its last steps, in the server's order: the code is read, its session found, the code taken,
//! the user, the `redirect_uri`, the client and the verifier compared. Must not know refresh tokens.

use super::{Case, LINES_BEFORE, Path};
use crate::cause::Cause;
use crate::finding::Evidence;
use crate::triage::joined::GoneCode;
use crate::triage::timeline::Facts;
use crate::triage::verdict::span;
use crate::triage::view::TriggerKind;
use crate::triage::walk::Answer;

impl Case<'_> {
    /// Why was the code refused? Returns whether it was found.
    pub(super) fn code(&self, path: &mut Path) -> bool {
        const READ: &str = "Could the code be read?";
        let (failure, with) = (&self.w.failed.failure, self.with());
        match self.error() {
            "invalid_code" => {}
            "expired_code" => {
                path.yes(READ, self.field("session"));
                path.ask("How old was the code?", Answer::Known, vec![self.own("older than its lifespan: error=expired_code")]);
                self.clock(path);
                return true;
            }
            "user_session_not_found" => {
                path.yes(READ, self.field("session"));
                path.no("Is the session alive?", self.field("error"));
                return true;
            }
            _ => return self.after_reading(path),
        }
        if self.finding.cause == Cause::CodeMissing {
            match self.certain() {
                Some(_) if self.reason().is_some() => path.no("Does the request have a code?", self.field("reason")),
                Some(_) => {
                    path.no("Does the request have a code?", self.own("no session is named, and OAuth2CodeParser, which speaks in this log, said nothing"));
                }
                None => path.cannot("Does the request have a code?", vec![self.field("session")], LINES_BEFORE),
            }
        } else if let Some(at) = with.format {
            path.no(READ, Self::at(at, "OAuth2CodeParser on the same thread: Invalid format of the code"));
        } else if let Some(at) = with.uuid {
            path.no(READ, Self::at(at, "OAuth2CodeParser on the same thread: Invalid format of the UUID in the code"));
        } else if let Some((_, at)) = with.foreign {
            path.no(READ, Self::at(at, "OAuth2CodeParser on the same thread: the code is bound to a different client"));
        } else if let Some((_, at)) = with.bound {
            path.no(READ, Self::at(at, "OAuth2CodeParser on the same thread: the code is bound to a different session"));
        } else if let Some(GoneCode { at, .. }) = with.gone {
            path.yes(READ, Self::at(at, "OAuth2CodeParser on the same thread"));
            path.yes("Is the session alive?", Self::at(at, "the parser found it, and names it"));
            self.used(path);
            self.age(path);
            self.interruption(path);
            self.clock(path);
        } else if failure.user.is_some() {
            path.yes(READ, self.field("user"));
            path.yes("Is the session alive?", self.field("user"));
            path.no("Was this code used before?", self.own("this request is the one that read it"));
            self.redirect_or_foreign(path);
        } else {
            self.session(path);
        }
        true
    }

    /// Can nodes' clocks differ?
    fn clock(&self, path: &mut Path) {
        if self.may_be(Cause::ClockSkew) {
            path.cannot("Is a clock off?", Vec::new(), "date -u on all nodes");
        }
    }

    /// The session that the code names was not found.
    fn session(&self, path: &mut Path) {
        const READ: &str = "Could the code be read?";
        const ALIVE: &str = "Is the session alive?";
        let none = Facts::default();
        let facts = self.w.facts.as_deref().unwrap_or(&none);
        if self.certain() == Some(Cause::CodeMalformed) {
            return path.no(READ, self.own("it names a session, but no server writes such an id"));
        }
        if self.with().lost.is_some() {
            path.cannot(READ, vec![self.field("session")], LINES_BEFORE);
            path.cannot(ALIVE, vec![self.field("user")], self.whole_log());
            if matches!(self.finding.cause, Cause::CodeExpired | Cause::CodeReused) {
                self.used(path);
            }
            return;
        }
        if self.may_be(Cause::CodeMalformed) {
            path.cannot(READ, vec![self.field("session")], LINES_BEFORE);
        } else {
            path.yes(READ, self.field("session"));
        }
        let mut said = vec![self.field("user")];
        said.extend(facts.ended.map(|e| Self::seen(e, "the session ended")));
        said.extend(facts.login.map(|l| Self::seen(l, "LOGIN")));
        match self.certain() {
            Some(Cause::SessionTerminated) => path.ask(ALIVE, Answer::No, said),
            // the server looks for the session first
            Some(Cause::CodeReused) => {
                path.ask(ALIVE, Answer::No, said);
                self.used(path);
            }
            _ => path.cannot(ALIVE, said, self.whole_log()),
        }
    }

    /// Was this code used before?
    fn used(&self, path: &mut Path) {
        const QUESTION: &str = "Was this code used before?";
        let none = Facts::default();
        let facts = self.w.facts.as_deref().unwrap_or(&none);
        let mut said = Vec::new();
        if let Some((used, failed)) = facts.use_before {
            said.push(Self::seen(used, if failed { "a request that read it and failed" } else { "CODE_TO_TOKEN" }));
        } else if let Some(used) = facts.use_after {
            said.push(Self::seen(used, "CODE_TO_TOKEN, logged"));
        }
        if let Some(first) = facts.first_attempt {
            said.push(Self::seen(first, "an attempt with the same code"));
        }
        match self.certain() {
            Some(Cause::CodeReused) => {
                said.extend(facts.detached.map(|d| Self::at(d.at, "the tokens of its first use were revoked, as a reuse does")));
                path.ask(QUESTION, Answer::Yes, said);
            }
            Some(Cause::CodeExpired) => {
                said.push(self.own("no use of it in the whole log, up to 5 s after"));
                path.ask(QUESTION, Answer::No, said);
            }
            _ => path.cannot(QUESTION, said, self.whole_log()),
        }
    }

    /// How old was the code?
    fn age(&self, path: &mut Path) {
        const QUESTION: &str = "How old was the code?";
        let none = Facts::default();
        let facts = self.w.facts.as_deref().unwrap_or(&none);
        match (facts.login, facts.logins) {
            (Some(login), 1) => {
                let life = match self.life_ms {
                    Some(life) => format!("a code lives {}", span(life)),
                    None => "a code lives 60 s, unless the realm says otherwise (--code-lifespan)".to_owned(),
                };
                path.ask(QUESTION, Answer::Known, vec![Self::seen(login, "LOGIN"), self.own(life)]);
            }
            (Some(login), n) => {
                path.cannot(QUESTION, vec![Self::seen(login, "LOGIN")], format!("nothing: it can be of any of {n} logins of this session and client"));
            }
            (None, _) => path.cannot(QUESTION, Vec::new(), format!("its LOGIN, if success events are logged; {}", self.whole_log())),
        }
    }

    /// Did the server restart between the login and the failure?
    fn interruption(&self, path: &mut Path) {
        let (Some(now), Some(age)) = (self.w.time, self.w.facts.as_deref().and_then(|f| f.login?.ago_ms)) else { return };
        if let Some(trigger) = self.view.interruption(self.w.realm, self.w.node, now - age, now) {
            let what = if trigger.what == TriggerKind::Left { "a node left the cluster" } else { "the server was restarted" };
            path.yes("Can the server have lost the code in between?", Self::at(trigger.at, what));
        }
    }

    /// Up to 24: the code was read and refused, and the event does not say why.
    fn redirect_or_foreign(&self, path: &mut Path) {
        const REDIRECT: &str = "Does the redirect_uri match?";
        const OWN: &str = "Is the code this client's?";
        let none = Facts::default();
        let facts = self.w.facts.as_deref().unwrap_or(&none);
        let login: Vec<Evidence> = facts.login.map(|l| Self::seen(l, "LOGIN of this client")).into_iter().collect();
        match self.certain() {
            Some(Cause::RedirectUriMismatch) => {
                path.ask(OWN, Answer::Yes, login);
                path.no(REDIRECT, self.own("nothing else is left"));
            }
            Some(Cause::CodeOfOtherClient) => path.no(OWN, self.own("another client logged in to this session, this one did not")),
            _ => {
                path.cannot(OWN, login, self.whole_log());
                path.cannot(REDIRECT, Vec::new(), "the redirect_uri of the login and that of the token request; a newer server says it");
            }
        }
    }

    /// The code was read, and the event says what was wrong then.
    fn after_reading(&self, path: &mut Path) -> bool {
        const REDIRECT: &str = "Does the redirect_uri match?";
        const OWN: &str = "Is the code this client's?";
        let own = || self.own("that is checked before");
        let (last, question): (Evidence, &'static str) = match (self.error(), self.finding.cause) {
            ("user_disabled", _) => (self.field("error"), "Is the user enabled?"),
            ("invalid_redirect_uri", _) => (self.field("error"), REDIRECT),
            ("invalid_client", Cause::CodeOfOtherClient) => (self.field("reason"), OWN),
            ("not_allowed", _) => (self.field("error"), "May the client use this grant?"),
            ("code_verifier_missing" | "pkce_verification_failed" | "invalid_code_verifier", _) => {
                (self.field(if self.reason().is_some() { "reason" } else { "error" }), "Does the PKCE verifier match?")
            }
            _ => return false,
        };
        path.yes("Could the code be read?", self.field("user"));
        path.no("Was this code used before?", self.own("this request is the one that read it"));
        if ![REDIRECT, "Is the user enabled?"].contains(&question) {
            path.yes(REDIRECT, own());
            if question != OWN {
                path.yes(OWN, own());
            }
        }
        let mut evidence = vec![last];
        if let Some((_, at)) = self.with().pkce {
            evidence.insert(0, Self::at(at, "PKCE warning on the same thread"));
        }
        path.ask(question, Answer::No, evidence);
        if self.may_be(Cause::CodeOfOtherClient) && question == REDIRECT {
            path.cannot(OWN, Vec::new(), self.whole_log());
        }
        true
    }
}
