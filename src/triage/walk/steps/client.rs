//! Could the client be authenticated, and if not, why?
//!
//! Input: a [`Case`]. Output: its first steps. Must not know codes and tokens: where the client was refused, nobody looked at them.

use super::{CLIENT_LINES, Case, Path};
use crate::cause::Cause;
use crate::finding::Evidence;
use crate::signal::companion::{Assertion, Authenticator, Verb};
use crate::triage::joined::At;
use crate::triage::walk::Answer;

impl Case<'_> {
    /// Could the client be authenticated? Returns whether the walk goes on.
    pub(super) fn client(&self, path: &mut Path) -> bool {
        const QUESTION: &str = "Could the client be authenticated?";
        let failure = &self.w.failed.failure;
        match self.error() {
            "client_not_found" | "invalid_client_credentials" | "client_disabled" => path.no(QUESTION, self.field("error")),
            _ if failure.cut => {
                path.cannot(QUESTION, vec![self.own("the line ends inside the event")], "the whole line");
                return true;
            }
            "" | "invalid_request" | "invalid_client" if failure.user.is_none() && self.finding.cause == Cause::Unclassified => {
                path.cannot(QUESTION, vec![self.field("error")], CLIENT_LINES);
                return true;
            }
            _ => {
                let mut evidence = vec![self.own(format!("error={} comes after that", self.error()))];
                if let Some((Verb::Success, _, at)) = self.with().auth {
                    evidence.insert(0, Self::at(at, "client authenticator SUCCESS"));
                }
                path.ask(QUESTION, Answer::Yes, evidence);
                return true;
            }
        }
        if self.error() == "client_disabled" {
            path.no("Is the client enabled?", self.field("error"));
        } else if failure.client.is_none() {
            if let Some(at) = self.with().header {
                path.no("Can the authentication header be decoded?", Self::at(at, "KC-SERVICES0015: it cannot"));
            }
            path.no("Does the request name a client?", self.field("client"));
        } else if let Some((kind, at)) = self.with().assertion {
            Self::assertion(path, kind, at);
        } else if self.error() == "client_not_found" {
            self.existence(path);
        } else {
            self.credentials(path);
        }
        false
    }

    /// An assertion was refused, and the server said why.
    fn assertion(path: &mut Path, kind: Assertion, at: At) {
        match kind {
            Assertion::NotActive => {
                path.no("Was the client's assertion within its validity?", Self::at(at, "KC-SERVICES0025: Token is not active"));
                path.cannot("Is a clock off?", Vec::new(), "date -u on both hosts, and the assertion's iat and exp: it may also have been kept too long");
            }
            Assertion::NoKeys => path.no("Could the server load the client's public keys?", Self::at(at, "KC-SERVICES0025: it could not")),
            Assertion::Other => path.cannot(
                "Is the assertion signed with the right key, and meant for this server?",
                vec![Self::at(at, "KC-SERVICES0025 names another reason than its time")],
                "the text of the KC-SERVICES0025 line, and the stack trace behind it",
            ),
            Assertion::Unsaid => path.cannot(
                "Was the client's assertion within its validity, signed with the right key, and meant for this server?",
                vec![Self::at(at, "KC-SERVICES0025 without a reason")],
                "a log format that prints exceptions (%e), and meanwhile date -u on both hosts",
            ),
        }
    }

    /// The server knows no such client, or did not recognise it.
    fn existence(&self, path: &mut Path) {
        const QUESTION: &str = "Does the realm have that client?";
        let mut said = vec![self.field("client")];
        if self.w.failed.failure.assertion {
            said.push(self.own("the event tells of an assertion: the request carried one"));
        }
        match self.certain() {
            Some(Cause::ClientNotFound) => path.ask(QUESTION, Answer::No, said),
            Some(Cause::ClientAuthMethod) => {
                path.ask(QUESTION, Answer::Yes, self.finding.evidence.clone());
                path.ask("Were its credentials sent as its settings want them?", Answer::No, said);
            }
            _ => path.cannot(QUESTION, said, "any other event of this client, or the admin console"),
        }
    }

    /// The client exists, and what it sent was refused.
    fn credentials(&self, path: &mut Path) {
        const SENT: &str = "Were its credentials sent as its settings want them?";
        const SECRET: &str = "Is the secret right?";
        let with = self.with();
        let proof: Vec<Evidence> = self.finding.evidence.iter().filter(|e| e.line != self.w.at.line.get()).cloned().collect();
        match (with.auth, with.header) {
            (_, Some(at)) => path.no("Can the authentication header be decoded?", Self::at(at, "KC-SERVICES0015: it cannot")),
            (Some((Verb::Failed, Authenticator::Secret, at)), _) => {
                path.yes(SENT, Self::at(at, "client-secret FAILED: a secret came"));
                return path.ask(SECRET, Answer::No, if proof.is_empty() { vec![self.field("error")] } else { proof });
            }
            _ if self.certain() == Some(Cause::ClockSkew) => {
                path.ask("Was the client's assertion within its validity?", Answer::No, proof);
                return path.cannot("Is a clock off?", Vec::new(), "date -u on both hosts, and the assertion's iat and exp");
            }
            _ if self.certain() == Some(Cause::ClientAuthMethod) => return path.ask(SENT, Answer::No, proof),
            _ if self.may_be(Cause::ClientAuthMethod) => path.cannot(SENT, Vec::new(), CLIENT_LINES),
            _ => {}
        }
        if self.may_be(Cause::WrongClientSecret) {
            path.cannot(SECRET, proof, CLIENT_LINES);
        }
        if self.may_be(Cause::ClientNotFound) {
            path.cannot(
                "Does the realm have that client?",
                vec![self.field("client")],
                "any other event of this client; servers up to 18 print the same of unknown ones",
            );
        }
        if self.may_be(Cause::ClockSkew) {
            let sent = self.w.failed.failure.assertion.then(|| self.own("the event tells of an assertion: the request carried one"));
            path.cannot("Is a clock off?", sent.into_iter().collect(), "date -u on both hosts, and the assertion's iat and exp");
        }
    }
}
