//! The flowchart, told again from a finding alone.
//!
//! Input: a [`Finding`], as a tally keeps some. Output: [`Step`]s. The lines themselves are no longer there, so the questions are those that lead to the
//! finding's cause and that its evidence answers; nothing is judged anew. Must not know the log.

use super::{Answer, Step};
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Evidence, Finding, Trust};

/// Errors of requests whose client was not accepted.
const REFUSED: [&str; 3] = ["client_not_found", "invalid_client_credentials", "client_disabled"];

/// Returns the questions that led to a finding, each with what answers it.
#[must_use]
pub fn retell(finding: &Finding) -> Vec<Step> {
    let mut path = Told { finding, steps: Vec::new() };
    let refresh = path.is_refresh();
    path.ask("Was it a refresh?", if refresh { Answer::Yes } else { Answer::No }, vec![path.grant()]);
    let refused = finding.error.as_deref().is_some_and(|e| REFUSED.contains(&e));
    if refused {
        path.ask("Could the client be authenticated?", Answer::No, vec![path.field("error", finding.error.as_ref())]);
        path.client();
    } else if finding.trust == Trust::Ambiguous {
        path.cannot("Could the client be authenticated?", vec![path.own("the line can be read in more than one way")], "the whole line, quoted or as JSON");
        if refresh { path.refresh() } else { path.code_or_other() }
    } else if finding.cause == Cause::Unclassified && finding.user.is_none() {
        path.cannot("Could the client be authenticated?", path.proofs(), "the lines of org.keycloak.authentication.ClientAuthenticationFlow at DEBUG");
    } else {
        path.ask("Could the client be authenticated?", Answer::Yes, vec![path.own("the error is one that comes after that")]);
        if refresh { path.refresh() } else { path.code_or_other() }
    }
    path.steps
}

/// The steps as they are written down.
struct Told<'a> {
    finding: &'a Finding,
    steps: Vec<Step>,
}

impl Told<'_> {
    fn ask(&mut self, question: &'static str, answer: Answer, evidence: Vec<Evidence>) {
        self.steps.push(Step { question, answer, evidence, would_tell: None });
    }

    fn cannot(&mut self, question: &'static str, evidence: Vec<Evidence>, would_tell: &str) {
        self.steps.push(Step { question, answer: Answer::CannotTell, evidence, would_tell: Some(would_tell.to_owned()) });
    }

    /// Asks a question that a certain verdict answers, and that stays open otherwise.
    fn decide(&mut self, question: &'static str, answer: Answer, would_tell: &str) {
        if self.is_certain() { self.ask(question, answer, self.proofs()) } else { self.cannot(question, self.proofs(), would_tell) }
    }

    fn is_certain(&self) -> bool {
        self.finding.confidence == Confidence::Certain
    }

    fn may_be(&self, cause: Cause) -> bool {
        self.finding.candidates.contains(&cause)
    }

    fn is_refresh(&self) -> bool {
        self.finding.event == "REFRESH_TOKEN_ERROR" || self.finding.grant.as_deref() == Some("refresh_token")
    }

    fn own(&self, what: impl Into<String>) -> Evidence {
        Evidence { source: None, line: self.finding.line, what: what.into() }
    }

    fn field(&self, name: &str, value: Option<&String>) -> Evidence {
        self.own(format!("{name}={}", value.map_or("null", String::as_str)))
    }

    fn grant(&self) -> Evidence {
        match &self.finding.grant {
            Some(grant) => self.field("grant_type", Some(grant)),
            None => self.field("type", Some(&self.finding.event)),
        }
    }

    /// The reason where the event has one, else the error.
    fn reason(&self) -> Evidence {
        match &self.finding.reason {
            Some(reason) => self.field("reason", Some(reason)),
            None => self.field("error", self.finding.error.as_ref()),
        }
    }

    fn proofs(&self) -> Vec<Evidence> {
        self.finding.evidence.clone()
    }

    /// The client was refused.
    fn client(&mut self) {
        const FLOW: &str = "the lines of org.keycloak.authentication.ClientAuthenticationFlow at DEBUG";
        const SENT: &str = "Were its credentials sent as its settings want them?";
        const SECRET: &str = "Is the secret right?";
        const CLOCK: &str = "Is a clock off?";
        const CLOCKS: &str = "date -u on both hosts, and the assertion's iat and exp";
        match self.finding.cause {
            _ if self.finding.client.is_none() => self.ask("Does the request name a client?", Answer::No, self.proofs()),
            Cause::ClientDisabled => self.ask("Is the client enabled?", Answer::No, vec![self.reason()]),
            Cause::ClientNotFound => self.decide("Does the realm have that client?", Answer::No, "any other event of this client, or the admin console"),
            Cause::ClockSkew if self.is_certain() || self.finding.candidates.len() == 1 => {
                self.ask("Was the client's assertion within its validity?", Answer::No, self.proofs());
                self.cannot(CLOCK, Vec::new(), CLOCKS);
            }
            Cause::WrongClientSecret if self.is_certain() => {
                self.ask(SENT, Answer::Yes, Vec::new());
                self.ask(SECRET, Answer::No, self.proofs());
            }
            Cause::ClientAuthMethod if self.is_certain() => self.ask(SENT, Answer::No, self.proofs()),
            _ => {
                let open = [(Cause::ClientAuthMethod, SENT), (Cause::WrongClientSecret, SECRET), (Cause::ClockSkew, CLOCK)];
                let mut proofs = self.proofs();
                for (_, question) in open.into_iter().filter(|(cause, _)| self.finding.candidates.contains(cause)) {
                    let would = if question == CLOCK { CLOCKS } else { FLOW };
                    self.cannot(question, std::mem::take(&mut proofs), would);
                }
            }
        }
    }

    /// The refresh token was refused.
    fn refresh(&mut self) {
        const NEWER: &str = "a newer server: from 24 on the event says the reason";
        if self.finding.cause == Cause::UserDisabled {
            return self.ask("Is the user enabled?", Answer::No, vec![self.reason()]);
        }
        let Some(detail) = self.finding.detail.filter(|_| self.finding.cause == Cause::RefreshTokenInvalid) else { return self.rule() };
        if detail == Detail::Malformed {
            return self.ask("Could the refresh token be read?", Answer::No, self.proofs());
        }
        let finding = self.finding;
        if finding.user.is_none() && finding.session.is_none() && finding.reason.is_none() {
            return self.cannot("Could the refresh token be read?", self.proofs(), NEWER);
        }
        self.ask("Could the refresh token be read?", Answer::Yes, vec![self.reason()]);
        if detail == Detail::Unknown && finding.reason.is_none() {
            self.cannot("Is the session alive?", self.proofs(), "the whole log");
            self.cannot("Was this refresh token used before?", Vec::new(), NEWER);
            return self.cannot("Is the user enabled?", Vec::new(), "the admin console");
        }
        let (question, answer) = match detail {
            Detail::WrongClient => ("Is the refresh token this client's?", Answer::No),
            Detail::Expired => ("Is the refresh token within its time?", Answer::No),
            Detail::NotBefore => ("Is the refresh token newer than its session and the last revocation?", Answer::No),
            Detail::Rotated => ("Was this refresh token used before?", Answer::Yes),
            _ => ("Is the session alive?", Answer::No),
        };
        if detail == Detail::Unknown { self.cannot(question, self.proofs(), NEWER) } else { self.decide(question, answer, NEWER) }
    }

    /// A code, or another grant, was refused.
    fn code_or_other(&mut self) {
        const READ: &str = "Could the code be read?";
        const LOG: &str = "success events, and the logs of all nodes for the whole time";
        match self.finding.cause {
            Cause::CodeExpired | Cause::CodeReused => self.expired_or_reused(),
            Cause::SessionTerminated => {
                let named = vec![self.own("it names the session")];
                if self.may_be(Cause::CodeMalformed) {
                    self.cannot(READ, named, "the lines of the same thread before this one");
                } else {
                    self.ask(READ, Answer::Yes, named);
                }
                self.decide("Is the session alive?", Answer::No, LOG);
            }
            Cause::CodeMalformed => self.decide(READ, Answer::No, "the lines of the same thread before this one"),
            Cause::CodeMissing => self.decide("Does the request have a code?", Answer::No, "the lines of the same thread before this one"),
            Cause::RedirectUriMismatch | Cause::CodeOfOtherClient | Cause::PkceMismatch => self.after_reading(),
            Cause::UserCredentials => self.decide("Were the user's name and password accepted?", Answer::No, LOG),
            Cause::UserDisabled => self.decide("Is the user enabled?", Answer::No, LOG),
            Cause::GrantNotAllowed => self.decide("May the client use this grant?", Answer::No, LOG),
            Cause::DeviceCodeInvalid => self.decide("Is the device code known, and within its time?", Answer::No, "the answer that the client got"),
            Cause::TokenExchangeDenied => self.decide("Was the exchange allowed?", Answer::No, "a newer server: its events say the reason"),
            _ => self.rule(),
        }
    }

    fn expired_or_reused(&mut self) {
        const USED: &str = "Was this code used before?";
        const LOG: &str = "success events, and the logs of all nodes for the whole time";
        self.ask("Could the code be read?", Answer::Yes, vec![self.reason()]);
        if self.finding.error.as_deref() != Some("expired_code") {
            self.ask("Is the session alive?", Answer::Yes, Vec::new());
            match (self.is_certain(), self.finding.cause) {
                (true, Cause::CodeReused) => self.ask(USED, Answer::Yes, self.proofs()),
                (true, _) => self.ask(USED, Answer::No, self.proofs()),
                (false, _) => self.cannot(USED, self.proofs(), LOG),
            }
        }
        match self.finding.delay_ms {
            Some(ms) => {
                let age = self.own(format!("{} from its login", crate::triage::verdict::span(ms)));
                self.ask("How old was the code?", Answer::Known, vec![age]);
            }
            None if self.is_certain() && self.finding.cause == Cause::CodeExpired => self.ask("How old was the code?", Answer::Known, self.proofs()),
            None => self.cannot("How old was the code?", Vec::new(), "its LOGIN: success events"),
        }
        if self.finding.error.as_deref() == Some("expired_code") && self.may_be(Cause::ClockSkew) {
            self.cannot("Is a clock off?", Vec::new(), "date -u on all nodes");
        }
    }

    fn after_reading(&mut self) {
        const REDIRECT: &str = "Does the redirect_uri match?";
        const OWN: &str = "Is the code this client's?";
        self.ask("Could the code be read?", Answer::Yes, Vec::new());
        self.ask("Was this code used before?", Answer::No, vec![self.own("this request is the one that read it")]);
        let is_said = self.finding.error.as_deref() == Some("invalid_redirect_uri");
        if is_said {
            self.ask(REDIRECT, Answer::No, self.proofs());
        }
        if !self.is_certain() {
            self.cannot(OWN, self.proofs(), "success events, and the logs of all nodes for the whole time");
            if !is_said && self.may_be(Cause::RedirectUriMismatch) {
                self.cannot(REDIRECT, Vec::new(), "the redirect_uri of the login and that of the token request; a newer server says it");
            }
            return;
        }
        match self.finding.cause {
            Cause::RedirectUriMismatch if is_said => {}
            Cause::RedirectUriMismatch => self.ask(REDIRECT, Answer::No, self.proofs()),
            Cause::CodeOfOtherClient => self.ask(OWN, Answer::No, self.proofs()),
            _ => {
                self.ask(REDIRECT, Answer::Yes, vec![self.own("that is checked before")]);
                self.ask("Does the PKCE verifier match?", Answer::No, self.proofs());
            }
        }
    }

    fn rule(&mut self) {
        self.ask("Does a rule say what it means?", Answer::Known, self.proofs());
    }
}
