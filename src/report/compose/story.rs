//! What happened, in sentences: how many, since when, from where, what the figures say, what happened before.

use super::Run;
use super::subject::Subject;
use crate::cause::{Catalogue, Cause};
use crate::report::model::{Event, Prose};
use crate::report::terminal::figure::{count, few, length, list, number, range, rate, span};
use crate::report::terminal::pulse::period;
use crate::tally::incident::{Incident, State};
use crate::triage::question::DEFAULT_LIFE_MS;

/// Returns the sentences on what happened; `events` are the triggers of an incident.
pub(super) fn story(run: &Run<'_>, subject: &Subject, incident: Option<&Incident>, events: &[Event]) -> Vec<Prose> {
    let mut story = vec![course(run, subject, incident)];
    if let Some(incident) = incident {
        story.push(trigger(run, incident, events));
        story.extend(cascade(incident));
        story.extend(outcome_of_requests(incident));
    }
    story.extend(delays(run, subject));
    story.extend(details(subject));
    story.extend(others(subject));
    if subject.cause == Cause::ClientNotFound && subject.clients.len() >= 5 && !subject.addresses.estimated && subject.addresses.count <= 2 {
        let tried = format!("{} tried from ", count(subject.clients.len() as u64, "name"));
        story.push(Prose::new().say(tried).then(subject.places()).say(": looks like probing."));
    }
    story
}

/// Says how often, since when, whether it is over, and from where.
fn course(run: &Run<'_>, subject: &Subject, incident: Option<&Incident>) -> Prose {
    let at = |ms| run.moments.time(ms);
    let mut prose = Prose::new().strong(count(subject.count, "failure"));
    if let Some(incident) = incident {
        prose = match incident.state {
            State::Going => {
                prose.say(format!(" since {}, ", at(incident.start))).strong("still going").say(format!(" when {} (last {})", run.end(), at(incident.last)))
            }
            State::Over => prose.say(format!("{}, over", period(&at(incident.start), &at(incident.last)))),
            State::Unclear => prose.say(format!("{}; {} too soon to say whether they are over", period(&at(incident.start), &at(incident.last)), run.end())),
        };
        prose = prose.say(format!(
            "; at most {} a minute, at {}; usual in that time: {}",
            few(incident.peak_per_minute),
            at(incident.peak),
            usual(incident.expected)
        ));
    } else if let Some(p) = subject.pulse {
        if subject.count == 1 {
            prose = prose.say(format!(" at {}", at(p.since)));
        } else if p.before > 0 {
            prose = prose.say(format!(", {} of them{}", number(subject.count - p.before), p.period(at)));
        } else if p.is_throughout() {
            prose = prose.say(" all through the log");
        } else {
            prose = prose.say(p.period(at));
        }
        if p.going {
            prose = prose.say(format!(", still going (last {})", at(p.last)));
        } else if p.quiet_ms >= 1000 && subject.count > 2 {
            let over = if p.over { "over" } else { "perhaps over" };
            prose = prose.say(format!(", {over}: none in the last {} of the log", length(p.quiet_ms)));
        }
        if let Some(rate) = rate(subject.count - p.before, p.last - p.since) {
            prose = prose.say(format!("; {rate}"));
        }
    } else if subject.count > 1 {
        prose = prose.say(", times unknown");
    }
    if subject.addresses.count > 0 {
        prose = prose.say("; from ").then(subject.places());
    }
    if subject.users.count > 0 {
        let about = if subject.users.estimated { "about " } else { "" };
        prose = prose.say(format!(", {about}{}", count(subject.users.count, "user")));
    } else if incident.is_some() {
        prose = prose.say("; these lines name no user");
    }
    prose.say(".")
}

/// Says how many failures were to be expected.
fn usual(expected: f64) -> String {
    match few(expected).as_str() {
        "1" => "1 failure".to_owned(),
        figure if figure.starts_with(|c: char| c.is_ascii_digit()) => format!("{figure} failures"),
        word => word.to_owned(),
    }
}

/// Names what set an incident off, or says that nothing is visible.
pub(super) fn trigger(run: &Run<'_>, incident: &Incident, events: &[Event]) -> Prose {
    let Some(event) = events.first() else {
        return Prose::new().strong("Trigger: none visible. ").say(
            "The log shows no restart, no change by an administrator and no trouble of the server near the start: look outside Keycloak, at what changed then.",
        );
    };
    let mut prose = Prose::new().strong("Likely trigger: ").then(when(run, incident, event)).then(event.what.clone()).then(place(event)).say(".");
    for event in events.iter().skip(1).take(2) {
        prose = prose.say(" Also possible: ").then(when(run, incident, event)).then(event.what.clone()).then(place(event)).say(".");
    }
    prose
}

fn when(run: &Run<'_>, incident: &Incident, event: &Event) -> Prose {
    let before = incident.start - event.time.0;
    let at = run.moments.time(event.time.0);
    Prose::new().say(match before {
        0.. => format!("{} before the first failure, at {at}, ", span(before)),
        _ => format!("{} after the first failure, at {at}, ", span(before)),
    })
}

fn place(event: &Event) -> Prose {
    match (&event.file, event.line) {
        (Some(file), Some(line)) => Prose::new().say(" (").name(file).say(format!(":{line})")),
        _ => Prose::new(),
    }
}

/// Says what followed from an incident.
fn cascade(incident: &Incident) -> Option<Prose> {
    let parts: Vec<String> = incident.cascade.iter().map(|(cause, n)| format!("{} {}", number(*n), cause.title())).collect();
    (!parts.is_empty()).then(|| Prose::new().say(format!("What followed from it is counted in: {}.", list(&parts, 4))))
}

/// Says how many requests of the same clients succeeded meanwhile.
fn outcome_of_requests(incident: &Incident) -> Option<Prose> {
    let (successes, failures) = incident.successes.zip(incident.failures)?;
    let percent = super::overview::percent(failures, successes)?;
    let whatever = if failures == incident.count { "" } else { ", whatever the cause" };
    let failed = format!("{} failed{whatever}: {percent} %", number(failures));
    Some(Prose::new().say(format!("Meanwhile {} of the same clients succeeded, and {failed}.", count(successes, "token request"))))
}

fn delays(run: &Run<'_>, subject: &Subject) -> Option<Prose> {
    let (min, max) = subject.delays.min.zip(subject.delays.max)?;
    let told = if min < 0 { format!("up to {} (some before it: clocks differ)", span(max)) } else { range(min, max) };
    let usual = subject.usual_delays.min.zip(subject.usual_delays.max).map(|(a, b)| format!(" Outside the incident: {}.", range(a, b))).unwrap_or_default();
    if subject.cause != Cause::CodeExpired {
        return Some(Prose::new().say(format!("The requests came {told} after the login.{usual}")));
    }
    if let (Some(worked), Some(refused)) = (subject.outlived, subject.certain_min) {
        return Some(Prose::new().say(format!("The codes came {told} after the login.{usual} ")).strong("The lifespan of codes was changed: ").say(format!(
            "one of {} was refused as expired, and another of {} was accepted{}.",
            span(refused),
            span(worked),
            if run.account.nodes.len() > 1 { ", unless the clocks of the nodes differ" } else { "" }
        )));
    }
    let worked = run.account.worked.get(&subject.realm_name).map(|w| format!("; the oldest code that still worked was {} old", span(*w))).unwrap_or_default();
    let life = match run.settings.life_ms {
        Some(life) => format!("the lifespan is {}", span(life)),
        None => format!("Keycloak's default lifespan is {}, yours is not in the log", span(DEFAULT_LIFE_MS)),
    };
    Some(Prose::new().say(format!("The codes came {told} after the login{worked} ({life}).{usual}")))
}

fn details(subject: &Subject) -> Option<Prose> {
    let (most, n) = subject.details.first()?;
    let word = |d: &crate::cause::Detail| d.slug().replace('-', " ");
    let names: Vec<String> = subject.details.iter().map(|(d, n)| format!("{} {}", word(d), number(*n))).collect();
    let meaning = Catalogue::builtin().get(subject.cause).details.get(most).filter(|_| n * 2 >= subject.count);
    Some(Prose::new().say(match (meaning, subject.details.len()) {
        (Some(text), 1) => format!("{}: {text}", capital(&word(most))),
        (Some(text), _) => format!("{}. Mostly {}: {text}", capital(&names.join(", ")), word(most)),
        (None, _) => format!("{}.", capital(&names.join(", "))),
    }))
}

fn others(subject: &Subject) -> Option<Prose> {
    let unsure = subject.sure[1] + subject.sure[2];
    let name = |(cause, n): &(Cause, u64)| if *n == unsure { cause.title().to_owned() } else { format!("{} ({})", cause.title(), number(*n)) };
    let names: Vec<String> = subject.others.iter().map(name).collect();
    let whose = if unsure == subject.count { String::new() } else { format!(" for {}", number(unsure)) };
    (!names.is_empty()).then(|| Prose::new().say(format!("The log cannot exclude{whose}: {}.", list(&names, 5))))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
