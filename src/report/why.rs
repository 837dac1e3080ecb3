//! Why, in a few words: what of a finding a person wants to see beside its cause.
//!
//! Input: a finding. Output: some words of the program's own and of its evidence, which must still pass [`super::escape`]. Must not conclude anything:
//! the words are picked and shortened, not made up.

use crate::cause::Cause;
use crate::finding::{Confidence, Finding};
use crate::tally::incident::Change;
use crate::triage::question::DEFAULT_LIFE_MS;
use crate::triage::verdict::{self, Lack, WORKED};

/// Evidence that says no more than the cause's name does.
const EMPTY: [&str; 6] = [
    "code already used or expired",
    "PKCE warning of the same thread",
    "the event says only that",
    "the event names",
    "LOGIN of this client",
    "this client authenticates",
];

/// Beginnings of evidence that can be left out where words are few.
const BEGINNINGS: [&str; 4] = ["the event's reason says that ", "the event says that ", "the event names no client, so ", "answered "];

/// Returns why a request failed: `62.4 s after login (default lifespan 60 s)`, and what else it could be where the log cannot exclude it.
#[must_use]
pub fn why(finding: &Finding, life_ms: Option<i64>) -> String {
    let because = because(finding, life_ms);
    let others: Vec<&str> = finding.candidates.iter().filter(|c| **c != finding.cause).map(|c| c.title()).collect();
    let others = if others.is_empty() { String::new() } else { format!("or {}", others.join(", or ")) };
    let parts = match finding.confidence {
        Confidence::Ambiguous => [others, because],
        Confidence::Certain | Confidence::Likely => [because, others],
    };
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Returns which option of Keycloak would let a live log tell what it cannot, where one would; the option comes first, since lines are cut at their end.
#[must_use]
pub fn hint(lack: Lack) -> Option<&'static str> {
    match lack {
        Lack::SuccessEvents => Some("Keycloak's --log-level=INFO,org.keycloak.events:DEBUG logs successes, too, which tell expired codes from reused ones"),
        Lack::ClientAuthentication => Some(
            "Keycloak's --log-level=INFO,org.keycloak.authentication.ClientAuthenticationFlow:DEBUG logs how clients authenticate, which tells a wrong secret from none",
        ),
        Lack::Reasons | Lack::WholeView | Lack::Beginning | Lack::ServerLog | Lack::Event | Lack::Lines => None,
    }
}

fn because(finding: &Finding, life_ms: Option<i64>) -> String {
    let told = |beginning: &str| finding.evidence.iter().map(|e| e.what.as_str()).find(|w| w.starts_with(beginning)).map(String::from);
    let picked = match finding.cause {
        Cause::CodeExpired => finding.delay_ms.map(|ms| late(ms, life_ms, finding.confidence)),
        Cause::CodeReused => told("CODE_TO_TOKEN").map(|w| w.replace("CODE_TO_TOKEN", "exchanged")).or_else(|| told("the code was read")),
        Cause::WrongClientSecret => told("an administrator").map(|w| shortened(&w)).or_else(|| told(WORKED)),
        Cause::SessionTerminated => told("the session ended"),
        _ => None,
    };
    let words = picked.unwrap_or_else(|| shortened(first(finding).unwrap_or_default()));
    match finding.detail {
        Some(detail) if words.is_empty() => detail.slug().replace('-', " "),
        Some(detail) => format!("{}: {words}", detail.slug().replace('-', " ")),
        None => words,
    }
}

/// Says how late a code came, and how long codes live.
fn late(delay_ms: i64, life_ms: Option<i64>, confidence: Confidence) -> String {
    let span = |ms| verdict::span(ms).replace(".0 ", " ");
    let life = match life_ms {
        Some(life) => format!(" (lifespan {})", span(life)),
        None if delay_ms >= DEFAULT_LIFE_MS => format!(" (default lifespan {})", span(DEFAULT_LIFE_MS)),
        None if confidence == Confidence::Certain => " (so the lifespan is less)".to_owned(),
        None => String::new(),
    };
    format!("{} after login{life}", span(delay_ms))
}

/// Returns the first evidence that says something, else what the event itself says; that is nothing new where other causes are left to name.
fn first(finding: &Finding) -> Option<&str> {
    let says = |what: &&str| !EMPTY.iter().any(|e| what.starts_with(e));
    let evidence = finding.evidence.iter().map(|e| e.what.as_str()).find(says);
    let event = finding.reason.as_deref().or(finding.error.as_deref());
    evidence.or_else(|| event.filter(|_| finding.candidates.len() < 2))
}

fn shortened(what: &str) -> String {
    let short = BEGINNINGS.iter().find_map(|b| what.strip_prefix(b)).unwrap_or(what);
    if let Some(rest) = short.strip_prefix("an administrator regenerated a client secret") {
        return format!("secret regenerated{rest}");
    }
    if let Some(ago) = short.strip_prefix("LOGIN ").and_then(|s| s.strip_suffix(" earlier")) {
        return format!("{ago} after login");
    }
    // of an answer, the words count and not its length
    match short.split_once(" bytes: ") {
        Some((status, words)) => format!("{} {words}", status.split(' ').next().unwrap_or_default()),
        None => short.to_owned(),
    }
}

/// Says what happened to a server, a realm or a client.
#[must_use]
pub fn change(change: &Change) -> String {
    match change {
        Change::ServerStarted { version: Some(v), before: Some(b) } if v != b => format!("the server started: {v}, before {b}"),
        Change::ServerStarted { version: Some(v), .. } => format!("the server started: {v}"),
        Change::ServerStarted { version: None, .. } => "the server started".to_owned(),
        Change::ServerStopped => "the server stopped".to_owned(),
        Change::NodeJoined => "a node joined the cluster".to_owned(),
        Change::NodeLeft => "a node left the cluster".to_owned(),
        Change::SecretRegenerated => "an administrator regenerated the client's secret".to_owned(),
        Change::ClientUpdated => "the client was changed".to_owned(),
        Change::RealmUpdated => "an administrator changed the realm".to_owned(),
        Change::SessionsEnded => "an administrator ended sessions".to_owned(),
        Change::NotBeforePushed => "an administrator pushed a not-before: older tokens are refused".to_owned(),
        Change::ClockJumped { by_ms } if *by_ms < 0 => format!("the server's clock went back by {}", verdict::span(*by_ms)),
        Change::ClockJumped { by_ms } => format!("the server's clock jumped ahead by {}", verdict::span(*by_ms)),
        Change::DatabaseTrouble => "the server had trouble with its database".to_owned(),
        Change::AddressesChanged => "the client's requests began to come from other addresses".to_owned(),
    }
}

#[cfg(test)]
#[path = "why/tests.rs"]
mod tests;
