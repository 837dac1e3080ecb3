//! What was observed about a group: figures, details, other candidates, what happened before.

use super::Run;
use super::advice::addresses;
use super::figure::{count, list, number, range, span};
use super::group::Group;
use super::pulse::Pulse;
use crate::cause::{Catalogue, Cause, Detail};
use crate::report::escape::Untrusted;
use crate::triage::question::DEFAULT_LIFE_MS;
use crate::triage::view::{Trigger, TriggerKind};

/// Before the first failure, a trigger may be so far away.
const TRIGGER_MS: i64 = 10 * 60_000;

/// Returns the observed figures and circumstances, a sentence or two each.
pub(super) fn facts(run: &Run<'_>, group: &Group<'_>, pulse: Option<Pulse>) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(delays(run, group));
    facts.extend(details(group));
    if !group.others.is_empty() {
        let mut others: Vec<(&Cause, &u64)> = group.others.iter().collect();
        others.sort_by_key(|(cause, n)| (std::cmp::Reverse(**n), **cause));
        let unsure = group.sure[1] + group.sure[2];
        let names: Vec<String> =
            others.iter().map(|(c, n)| if **n == unsure { c.title().to_owned() } else { format!("{} ({})", c.title(), number(**n)) }).collect();
        let whose = if unsure == group.count { String::new() } else { format!(" for {}", number(unsure)) };
        facts.push(format!("The log cannot exclude{whose}: {}.", list(&names, 5)));
    }
    let (places, _) = group.addresses.count();
    if group.cause == Cause::ClientNotFound && group.clients.len() >= 5 && places <= 2 {
        facts.push(format!("{} tried from {}: looks like probing.", count(group.clients.len() as u64, "name"), addresses(group)));
    }
    if let Some(trigger) = pulse.and_then(|p| trigger(run, group, p)) {
        facts.push(trigger);
    }
    facts
}

fn delays(run: &Run<'_>, group: &Group<'_>) -> Option<String> {
    let (min, max) = group.delays.min.zip(group.delays.max)?;
    let range = if min < 0 { format!("up to {} (some before it: clocks differ)", span(max)) } else { range(min, max) };
    match group.cause {
        Cause::CodeExpired => {
            let worked = run
                .outcome
                .worked
                .get(&group.realm.map(String::from))
                .map(|w| format!("; the oldest code that still worked was {} old", span(*w)))
                .unwrap_or_default();
            let life = match run.settings.life_ms {
                Some(life) => format!("the lifespan is {}", span(life)),
                None => format!("Keycloak's default lifespan is {}, yours is not in the log", span(DEFAULT_LIFE_MS)),
            };
            Some(format!("The codes came {range} after the login{worked} ({life})."))
        }
        _ => Some(format!("The requests came {range} after the login.")),
    }
}

fn details(group: &Group<'_>) -> Option<String> {
    let mut details: Vec<_> = group.details.iter().collect();
    details.sort_by_key(|(detail, n)| (std::cmp::Reverse(**n), **detail));
    let (most, n) = details.first()?;
    let word = |d: &Detail| d.slug().replace('-', " ");
    let names: Vec<String> = details.iter().map(|(d, n)| format!("{} {}", word(d), number(**n))).collect();
    let meaning = Catalogue::builtin().get(group.cause).details.get(most).filter(|_| **n * 2 >= group.count);
    Some(match (meaning, details.len()) {
        (Some(text), 1) => format!("{}: {text}", capital(&word(most))),
        (Some(text), _) => format!("{}. Mostly {}: {text}", capital(&names.join(", ")), word(most)),
        (None, _) => format!("{}.", capital(&names.join(", "))),
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Names what happened shortly before the failures began, where it can have to do with their cause.
fn trigger(run: &Run<'_>, group: &Group<'_>, pulse: Pulse) -> Option<String> {
    if group.count < 2 {
        return None;
    }
    // a rise is known by its window, not by the failure that began it
    let slack = if pulse.before > 0 { run.outcome.tally.window_ms } else { 0 };
    let near = |t: &&Trigger| t.time <= pulse.since + slack && pulse.since - t.time <= TRIGGER_MS;
    let fits = |t: &&Trigger| match t.what {
        TriggerKind::Secret(_) => matches!(group.cause, Cause::WrongClientSecret | Cause::ClientAuthMethod),
        TriggerKind::Client(_) => !matches!(group.cause, Cause::CodeExpired | Cause::CodeReused | Cause::UserCredentials | Cause::ClientNotFound),
        TriggerKind::Realm(_) => matches!(group.cause, Cause::CodeExpired | Cause::RefreshTokenInvalid | Cause::SessionTerminated),
        TriggerKind::Revoked | TriggerKind::Stopped | TriggerKind::Left | TriggerKind::Started(_) | TriggerKind::Database => {
            matches!(group.cause, Cause::RefreshTokenInvalid | Cause::SessionTerminated | Cause::DeviceCodeInvalid)
        }
        TriggerKind::NotBefore(_) => matches!(group.cause, Cause::RefreshTokenInvalid | Cause::SessionTerminated),
        TriggerKind::ClockSetBack(_) => matches!(group.cause, Cause::ClockSkew | Cause::CodeExpired | Cause::RefreshTokenInvalid),
        TriggerKind::Joined => false,
    };
    let trigger = run.outcome.view.triggers.iter().rev().filter(near).find(fits)?;
    let what = match &trigger.what {
        TriggerKind::Started(_) => "the server started",
        TriggerKind::Stopped => "the server stopped",
        TriggerKind::Joined => "a node joined the cluster",
        TriggerKind::Left => "a node left the cluster",
        TriggerKind::Secret(_) => "an administrator regenerated a client secret",
        TriggerKind::Client(_) => "a client was changed",
        TriggerKind::Realm(_) => "an administrator changed the realm's settings",
        TriggerKind::Revoked => "an administrator ended sessions or revoked tokens",
        TriggerKind::NotBefore(_) => "an administrator pushed a not-before: older tokens are refused",
        TriggerKind::Database => "the server had trouble with its database",
        TriggerKind::ClockSetBack(_) => "the server's clock was set back",
    };
    let source = run.outcome.sources.get(trigger.at.source as usize).map(|s| Untrusted::new(&s.name).terminal(60)).unwrap_or_default();
    let when = if trigger.time > pulse.since { "Just then".to_owned() } else { format!("{} before that", span(pulse.since - trigger.time)) };
    Some(format!("{when}, at {}, {what} ({source}:{}).", run.moments.time(trigger.time), trigger.at.line))
}
