//! Incidents, groups of failures and chronic clients to what the page tells of them.

use super::subject::Subject;
use super::{Run, advice, delays, event, notice, overview, story, timeline, walked};
use crate::cause::{Catalogue, Cause};
use crate::finding::{Confidence, Finding};
use crate::report::model::{Burst, ClientShare, Event, Habitual, Instant, Kind, Logged, Matter, Prose, Timeline, Window};
use crate::report::terminal::figure::count;
use crate::report::terminal::group::Group;
use crate::report::terminal::moment::Moments;
use crate::tally::Delays;
use crate::tally::incident::{Chronic, Habit, Incident};

/// Clients that are listed of a matter.
const CLIENTS: usize = 50;

/// Clients that a command names.
const OPTIONS: usize = 5;

/// Bytes of paths that a command repeats.
const PATHS: usize = 120;

/// Returns an incident; its triggers have the marks that they have in the time line.
pub(super) fn of_incident(run: &Run<'_>, number: usize, incident: &Incident, line: Option<&Timeline>) -> Matter {
    let subject = Subject::of_incident(incident, run);
    let mut triggers: Vec<Event> = incident.triggers.iter().map(|t| event::event(run, t)).collect();
    for (event, trigger) in triggers.iter_mut().zip(&incident.triggers) {
        let marked = line.and_then(|l| l.events.iter().find(|e| timeline::same(e, trigger, event.kind)));
        event.mark = marked.and_then(|e| e.mark);
        event.incidents = marked.map_or_else(|| vec![number], |e| e.incidents.clone());
    }
    let story = story::story(run, &subject, Some(incident), &triggers);
    let burst = Burst {
        peak: Instant(incident.peak),
        peak_per_minute: incident.peak_per_minute,
        state: incident.state,
        expected: incident.expected,
        surprise: incident.surprise,
        cascade: overview::counts(incident.cascade.iter().map(|(c, n)| (c, n))),
        trigger: story::trigger(run, incident, &triggers[..triggers.len().min(1)]),
        triggers,
        successes: incident.successes,
        failures: incident.failures,
    };
    let notice = notice::notice(run, &subject, incident);
    Matter { notice: Some(notice), ..matter(run, number, &subject, Some(burst), story, typical(&incident.samples, incident.sure)) }
}

/// Returns failures that belong together and are no incident.
pub(super) fn of_group(run: &Run<'_>, number: usize, group: &Group<'_>) -> Matter {
    let subject = run.subject_of(group);
    let mut story = story::story(run, &subject, None, &[]);
    let inside = run.in_incidents(group);
    if inside > 0 {
        story.push(Prose::new().say(format!("{} of them are in incidents above.", crate::report::terminal::figure::number(inside))));
    }
    matter(run, number, &subject, None, story, typical(group.samples.iter().copied(), group.sure))
}

/// Returns the sample that is as sure as most of its kind are; the first of those.
fn typical<'a>(samples: impl IntoIterator<Item = &'a Finding>, sure: [u64; 3]) -> Option<&'a Finding> {
    let as_many = |f: &&Finding| Confidence::ALL.iter().zip(sure).find(|(c, _)| **c == f.confidence).map_or(0, |(_, n)| n);
    // the first of those that are equal, so the order is turned around
    samples.into_iter().enumerate().max_by_key(|(at, f)| (as_many(f), std::cmp::Reverse(*at))).map(|(_, f)| f)
}

/// Whether a command that names no client lists more than a matter's own lines.
fn has_others(run: &Run<'_>, subject: &Subject, causes: &[Cause]) -> bool {
    let realm = subject.realm_name.as_deref();
    let listed = run.account.tally.cells.iter().filter(|(key, _)| causes.contains(&key.cause) && (realm.is_none() || key.realm.as_deref() == realm));
    listed.map(|(_, cell)| cell.count).sum::<u64>() > subject.count
}

/// Returns the command that lists the lines of a matter. No option names a request without a client, and a command takes a few names only: it names all of the
/// clients or none.
fn lines(run: &Run<'_>, subject: &Subject, is_incident: bool) -> Prose {
    let causes: Vec<Cause> = [subject.cause].into_iter().chain(subject.cascade.iter().copied()).collect();
    let mut command = causes.iter().fold("kctriage scan --format ndjson".to_owned(), |command, cause| format!("{command} --cause {}", cause.slug()));
    let clients = subject.clients.iter().map(|(client, ..)| client.as_ref().filter(|c| c.is_word()).map(|client| ("--client", client)));
    let clients: Option<Vec<_>> = clients.collect::<Option<_>>().filter(|c: &Vec<_>| c.len() <= OPTIONS);
    let realm = subject.realm.as_ref().filter(|r| r.is_word()).map(|realm| ("--realm", realm));
    let what = if clients.is_none() && has_others(run, subject, &causes) { "Its lines, and others of the cause: " } else { "All of its lines: " };
    for (option, name) in clients.into_iter().flatten().chain(realm) {
        command = format!("{command} {option} {}", name.untrusted().terminal(usize::MAX));
    }
    // what followed from it can begin before it within one window
    let opens = subject.windows.first().map(|w| w.0).filter(|_| !subject.cascade.is_empty());
    let since = subject.first.map(|first| opens.map_or(first, |opens| opens.min(first)));
    let until = subject.last.map(|last| last + 1);
    let asked = &run.settings.filter;
    let (since, until) = if is_incident { (since.max(asked.since), until) } else { (asked.since, asked.until) };
    for (option, ms) in [("--since", since), ("--until", until)] {
        command.extend(ms.and_then(Moments::typed).map(|time| format!(" {option} {time}")));
    }
    command.extend(asked.min_confidence.map(|least| format!(" --min-confidence {}", least.slug())));
    for session in asked.sessions.iter().map(|s| run.scribe.logged(Kind::Session, s)).filter(Logged::is_word) {
        command = format!("{command} --session {}", session.untrusted().terminal(usize::MAX));
    }
    let paths = if run.settings.paths.is_empty() || run.settings.paths.len() > PATHS { "LOGS" } else { &run.settings.paths };
    Prose::new().say(what).code(format!("{command} {paths}"))
}

fn matter(run: &Run<'_>, number: usize, subject: &Subject, burst: Option<Burst>, story: Vec<Prose>, sample: Option<&Finding>) -> Matter {
    let catalogue = Catalogue::builtin().get(subject.cause);
    let [certain, likely, ambiguous] = subject.sure;
    let burst_given = burst.is_some();
    let other = subject.others.first().map(|(cause, _)| *cause).filter(|_| ambiguous > certain + likely);
    let share = |(client, count, usual): &(Option<_>, u64, Option<f64>)| ClientShare { client: client.clone(), count: *count, usual_per_minute: *usual };
    Matter {
        number,
        title: title(run, subject),
        cause: subject.cause,
        cause_number: subject.cause.number(),
        realm: subject.realm.clone(),
        count: subject.count,
        certain,
        likely,
        ambiguous,
        start: subject.first.map(Instant),
        last: subject.last.map(Instant),
        burst,
        clients: subject.clients.iter().take(CLIENTS).map(share).collect(),
        clients_left_out: subject.clients.len().saturating_sub(CLIENTS) as u64,
        addresses: subject.addresses,
        users: subject.users,
        details: overview::details(subject.cause, subject.details.iter().map(|(d, n)| (d, n))),
        others: overview::counts(subject.others.iter().map(|(c, n)| (c, n))),
        story,
        delays: delays::distribution(&subject.delays, &subject.usual_delays),
        windows: subject.windows.iter().map(|(start, count)| Window { start: Instant(*start), count: *count }).collect(),
        notice: None,
        lines: lines(run, subject, burst_given),
        first_step: advice::first_step(run, subject, subject.cause),
        other_step: other.map(|cause| Prose::new().say(format!("If it is {}: ", cause.title())).then(advice::first_step(run, subject, cause))),
        what: &catalogue.what,
        verify: advice::steps(subject, &catalogue.verify),
        fix: advice::steps(subject, &catalogue.fix),
        walked: sample.map(|s| walked::walked(run, s)),
    }
}

fn title(run: &Run<'_>, subject: &Subject) -> Prose {
    let realm = match &subject.realm {
        Some(realm) if run.has_realms() => Prose::new().say(" (realm ").name(realm).say(")"),
        _ => Prose::new(),
    };
    subject.names(4, false).then(realm).say(": ").strong(subject.cause.title())
}

/// Returns a client that misbehaves all the time.
pub(super) fn habitual(run: &Run<'_>, chronic: &Chronic) -> Habitual {
    let what = match chronic.habit {
        Habit::DoubleExchange => "sends its codes twice".to_owned(),
        Habit::RefreshStorm => "refreshes one session many times in a short time".to_owned(),
        Habit::EarlyRefresh => "refreshes tokens seconds after they were issued".to_owned(),
        Habit::Steady => format!("fails all the time with {}", chronic.cause.unwrap_or(Cause::Unclassified).title()),
    };
    let advice = match chronic.habit {
        Habit::DoubleExchange => {
            "Find what runs the callback twice (a double effect, a reloaded page, a retrying proxy) and guard the exchange so that it runs once."
        }
        Habit::RefreshStorm => "Refresh once for all tabs and threads, shortly before the access token ends, and let the others wait for that answer.",
        Habit::EarlyRefresh => "Keep the access token until shortly before its end; a refresh for each request costs the server a write.",
        Habit::Steady => chronic.cause.map_or("", |c| Catalogue::builtin().get(c).fix.first().map_or("", String::as_str)),
    };
    Habitual {
        realm: chronic.realm.as_deref().map(|r| run.scribe.logged(Kind::Realm, r)),
        client: chronic.client.as_deref().map(|c| run.scribe.logged(Kind::Client, c)),
        habit: chronic.habit,
        what: Prose::new().say(format!("{what}: {}", count(chronic.count, "request"))),
        cause: chronic.cause,
        count: chronic.count,
        per_hour: chronic.per_hour,
        delays: delays::distribution(&chronic.delays, &Delays::default()),
        advice: Prose::new().say(advice),
    }
}
