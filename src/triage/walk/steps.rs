//! The questions of the flowchart, in the order in which the server and the evidence decide them.
//!
//! Input: a [`Case`]: a failure, its finding, the view. Output: [`Step`]s. Each answer agrees with the finding, which was made before: a step says which
//! line and field bear it out, it never judges anew.

mod client;
mod code;
mod refresh;

use super::{Answer, Step};
use crate::cause::Cause;
use crate::finding::{Confidence, Evidence, Finding};
use crate::names::Names;
use crate::triage::joined::{At, Companions};
use crate::triage::timeline::{Seen, Waiting};
use crate::triage::verdict::span;
use crate::triage::view::View;

/// A failure whose flowchart is walked.
pub(super) struct Case<'a> {
    pub(super) w: &'a Waiting,
    pub(super) finding: &'a Finding,
    pub(super) view: &'a View,
    pub(super) names: &'a Names,
    pub(super) life_ms: Option<i64>,
    /// What the rule that decided says.
    pub(super) why: Option<&'a str>,
}

/// The lines that show how a client was authenticated, and how to get them.
const CLIENT_LINES: &str = "the lines of org.keycloak.authentication.ClientAuthenticationFlow at DEBUG";

/// The lines that stand before the event.
const LINES_BEFORE: &str = "the lines of the same thread before this one";

/// Characters of a session's id that `--session` is given.
const SESSION_SHOWN: usize = 8;

/// The steps as they are written down.
#[derive(Default)]
struct Path(Vec<Step>);

impl Path {
    fn ask(&mut self, question: &'static str, answer: Answer, evidence: Vec<Evidence>) {
        self.0.push(Step { question, answer, evidence, would_tell: None });
    }

    fn yes(&mut self, question: &'static str, evidence: Evidence) {
        self.ask(question, Answer::Yes, vec![evidence]);
    }

    fn no(&mut self, question: &'static str, evidence: Evidence) {
        self.ask(question, Answer::No, vec![evidence]);
    }

    fn cannot(&mut self, question: &'static str, evidence: Vec<Evidence>, would_tell: impl Into<String>) {
        self.0.push(Step { question, answer: Answer::CannotTell, evidence, would_tell: Some(would_tell.into()) });
    }
}

impl Case<'_> {
    /// Walks the flowchart.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut path = Path::default();
        let event = &*self.w.failed.failure.event;
        let refresh = event == "REFRESH_TOKEN_ERROR" || self.is("grant", "refresh_token");
        let said = self.field(if self.w.failed.failure.grant.is_some() { "grant" } else { "event" });
        path.ask("Was it a refresh?", if refresh { Answer::Yes } else { Answer::No }, vec![said]);
        let decided = !self.client(&mut path)
            || match event {
                "REFRESH_TOKEN_ERROR" => self.refresh(&mut path),
                "CODE_TO_TOKEN_ERROR" => self.code(&mut path),
                _ => self.other(&mut path),
            };
        if !decided {
            path.ask("Does a rule say what it means?", Answer::Known, vec![self.own(self.why.unwrap_or("no rule knows this event"))]);
        }
        path.0
    }

    fn with(&self) -> &Companions {
        &self.w.failed.with
    }

    fn error(&self) -> &str {
        self.w.failed.failure.error.as_deref().unwrap_or_default()
    }

    fn reason(&self) -> Option<&str> {
        self.w.failed.failure.reason.as_deref()
    }

    /// The finding's cause, where nothing else is left.
    fn certain(&self) -> Option<Cause> {
        (self.finding.confidence == Confidence::Certain).then_some(self.finding.cause)
    }

    fn may_be(&self, cause: Cause) -> bool {
        self.finding.candidates.contains(&cause)
    }

    fn value(&self, field: &str) -> Option<&str> {
        let f = &self.w.failed.failure;
        match field {
            "event" => Some(&f.event),
            "error" => f.error.as_deref(),
            "reason" => f.reason.as_deref(),
            "grant" => f.grant.as_deref(),
            // a name was text before it got its number
            "client" => f.client.and_then(|c| std::str::from_utf8(self.names.bytes(c)).ok()),
            "user" => f.user.as_deref(),
            _ => f.session.as_deref(),
        }
    }

    fn is(&self, field: &str, value: &str) -> bool {
        self.value(field) == Some(value)
    }

    /// The failure's own line, and a field of it as the server names it.
    fn field(&self, field: &str) -> Evidence {
        if field == "session" {
            // `sessionId` or `code_id`: the signal keeps only the value
            return self.own(self.value(field).map_or("it names no session".to_owned(), |s| format!("it names session {s}")));
        }
        let name = match field {
            "event" => "type",
            "grant" => "grant_type",
            "client" => "clientId",
            "user" => "userId",
            other => other,
        };
        self.own(format!("{name}={}", self.value(field).unwrap_or("null")))
    }

    /// The failure's own line.
    fn own(&self, what: impl Into<String>) -> Evidence {
        Self::at(self.w.at, what)
    }

    fn at(at: At, what: impl Into<String>) -> Evidence {
        Evidence { source: None, line: at.line.get(), what: what.into() }
    }

    /// A line of the session's timeline.
    fn seen(seen: Seen, what: &str) -> Evidence {
        let when = match seen.ago_ms {
            Some(ms) if ms >= 0 => format!("{what} {} earlier", span(ms)),
            Some(ms) => format!("{what} {} later", span(ms)),
            None => what.to_owned(),
        };
        Self::at(seen.at, when)
    }

    /// The command that shows all of this session. The id can be an attacker's text, and a person will paste the command.
    fn whole_log(&self) -> String {
        let id: String = self.value("session").unwrap_or_default().chars().take(SESSION_SHOWN).collect();
        let plain = id.len() == SESSION_SHOWN && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') && !id.starts_with('-');
        if plain { format!("the whole log: kctriage scan server.log --session {id}") } else { "the whole log: kctriage scan server.log".to_owned() }
    }

    /// Why was another grant refused? Returns whether it was found.
    fn other(&self, path: &mut Path) -> bool {
        let question = match self.finding.cause {
            Cause::UserCredentials => "Were the user's name and password accepted?",
            Cause::UserDisabled => "Is the user enabled?",
            Cause::GrantNotAllowed => "May the client use this grant?",
            Cause::DeviceCodeInvalid => "Is the device code known, and within its time?",
            Cause::TokenExchangeDenied => "Was the exchange allowed?",
            _ => return false,
        };
        let said = vec![self.field(if self.reason().is_some() { "reason" } else { "error" })];
        if self.certain().is_some() {
            path.ask(question, Answer::No, said);
        } else {
            let would =
                if self.finding.cause == Cause::DeviceCodeInvalid { "the answer that the client got" } else { "a newer server: its events say the reason" };
            path.cannot(question, said, would);
        }
        true
    }
}
