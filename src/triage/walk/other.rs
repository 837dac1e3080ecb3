//! Pasted lines that are no failed token requests: what each of them is.

use super::{Subject, Walk};
use crate::names::Names;
use crate::record::Record;
use crate::signal::{self, Companion, Kind, Life, User, event, relayed};
use crate::triage::pasted::Pasted;

/// How many lines are explained.
const LINES: usize = 20;

/// Longest excerpt of a line, in characters: more than is shown, since a secret that is cut may not be known as one.
const EXCERPT: usize = 1000;

/// Says of the first lines what each is.
pub(super) fn lines(pasted: &Pasted<'_>) -> Vec<Walk> {
    let mut walks = Vec::new();
    let mut inside = false;
    pasted.each(|line, record, text| {
        // lines behind a head belong to it
        if walks.len() < LINES && !(inside && record.is_none()) {
            let (subject, about, so) = record.map_or_else(|| stranger(text), told);
            walks.push(Walk { line, subject, about, steps: Vec::new(), finding: None, rule: None, so });
        }
        inside |= record.is_some();
    });
    walks
}

type Told = (Subject, String, String);

fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut short: String = text.chars().take(EXCERPT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A line that is no record.
fn stranger(text: &[u8]) -> Told {
    let Some(found) = relayed::read(text, 0) else {
        let so = "no log line of Keycloak's that is known here. An event line begins with a time and has [org.keycloak.events] in it.";
        return (Subject::Unknown, excerpt(text), so.to_owned());
    };
    let answer = &relayed::ANSWERS[found.answer];
    let causes: Vec<&str> = answer.candidates.iter().map(|c| c.title()).collect();
    let so =
        format!("what a client was told, not what the server logged. It leaves {}; look in Keycloak's own log for the event of that time.", causes.join(", "));
    (Subject::Answer, answer.message.to_owned(), so)
}

/// A record: what it means.
fn told(record: &Record<'_>) -> Told {
    let list = event::parse(&record.message);
    let kind = list.as_ref().map(|l| String::from_utf8_lossy(l.operation().unwrap_or(l.kind())).into_owned()).unwrap_or_default();
    let client = list.as_ref().and_then(|l| l.text(event::Field::ClientId)).map(|c| format!(", client {c}")).unwrap_or_default();
    let thread = if record.thread.is_empty() { "the same thread".to_owned() } else { format!("thread {}", excerpt(&record.thread)) };
    match signal::read(record, 0, &mut Names::default()).map(|s| s.kind) {
        Some(Kind::User(User::Success(_), _)) => {
            (Subject::Success, format!("{kind}{client}"), "an event that succeeded. It is evidence for other lines, not a failure.".to_owned())
        }
        Some(Kind::User(User::Elsewhere, _)) => {
            (Subject::ErrorElsewhere, format!("{kind}{client}"), "an error, but not of the token endpoint: no token request failed here.".to_owned())
        }
        Some(Kind::Companion(companion)) => {
            let so = format!("{} Its event is missing: give the next org.keycloak.events line of {thread}, too.", explained(&companion));
            (Subject::Companion, excerpt(&record.message), so)
        }
        Some(Kind::Admin(_)) => {
            let path = list.as_ref().and_then(|l| l.text(event::Field::ResourcePath)).unwrap_or_default();
            (Subject::Admin, format!("{kind} {path}"), "what an administrator changed. It may have caused failures after it.".to_owned())
        }
        Some(Kind::Life(life)) => (Subject::Life, excerpt(&record.message), lived(&life).to_owned()),
        Some(Kind::Access(access) | Kind::Proxied(access)) => {
            let so = format!("a token request that was answered with status {}. The event before it on {thread} says why.", access.status);
            (Subject::Record, excerpt(&record.message), so)
        }
        Some(Kind::Login(_)) => (Subject::Record, excerpt(&record.message), "a login page that sent a browser back to its client.".to_owned()),
        Some(Kind::User(User::Failure(_), _) | Kind::Open(_) | Kind::Tail(..) | Kind::Carrier { .. } | Kind::CarrierEnd(_)) => {
            (Subject::Part, excerpt(&record.message), "part of something that goes on on other lines: give the lines around it, too.".to_owned())
        }
        None => {
            let quoted = stranger(&record.message);
            if quoted.0 == Subject::Answer {
                return quoted;
            }
            let whose = if record.logger.starts_with(b"org.keycloak") { "of Keycloak's that" } else { "that" };
            (Subject::Record, excerpt(&record.message), format!("a log line {whose} says nothing about token requests."))
        }
    }
}

/// What a companion says.
fn explained(companion: &Companion) -> &'static str {
    match companion {
        Companion::CodeGone { .. } => "a code was gone when it came: expired or used before.",
        Companion::Unread => "a code was refused: the line was cut, or written anew, so it does not say why.",
        Companion::CodeFormat | Companion::CodeUuid => "what came as a code is none.",
        Companion::TooLong(_) => "a parameter was too long to be read.",
        Companion::CodeForeign(_) => "a code came that names another client.",
        Companion::CodeBound(_) => "a code came with another session's id.",
        Companion::Pkce(_) => "the PKCE verifier was refused.",
        Companion::Assertion(_) => "a client assertion was refused.",
        Companion::MalformedHeader => "the client's authentication header cannot be decoded.",
        Companion::AuthTried(_) | Companion::Auth(..) | Companion::Authenticated(_) => "how the server tried to authenticate the client of a request.",
    }
}

fn lived(life: &Life) -> &'static str {
    match life {
        Life::Started { .. } => "the server started: codes that were under way before are lost.",
        Life::Stopped => "the server stopped: codes that were under way are lost.",
        Life::View { .. } | Life::Joined => "the cluster changed: other nodes have logs, too.",
        Life::Left => "a node left the cluster: codes and sessions that it held may be lost.",
        Life::DatabaseTrouble => "the server cannot get at its database: requests fail, or are late.",
        Life::Dpop => "the server looks at DPoP proofs: a refresh can be refused for the key that it was proved with.",
        Life::Crashed => "a request ended in a server error: no event tells what it had done, as using a code.",
        Life::Gap { .. } => "lines are missing before this one: what they said is not known.",
        Life::ClockSetBack { .. } => "the server's clock was set back: codes and tokens seem younger than they are.",
    }
}
