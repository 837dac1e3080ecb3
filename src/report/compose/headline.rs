//! The first screen: is something wrong, how bad, who, since when, why, what to do.

use super::{Run, list, overview};
use crate::report::asked;
use crate::report::model::{Kind, Level, Matter, Point, Prose, Report};
use crate::report::terminal::figure::{count, length, number};
use crate::tally::incident::State;

/// Matters that the first screen names.
const POINTS: usize = 4;

/// Failures below this number are no incident, whenever they came.
const FEW: u64 = 5;

/// Returns how the whole stands.
pub(super) fn level(run: &Run<'_>) -> Level {
    let events = run.account.nodes.values().any(|n| n.events) || run.account.access.realms.values().any(|r| r.successes > 0);
    if run.incidents.iter().any(|i| i.state == State::Going) {
        Level::Going
    } else if !run.incidents.is_empty() {
        Level::Over
    } else if run.account.tally.findings() > 0 {
        Level::Steady
    } else if events && run.account.left_out == 0 {
        Level::Quiet
    } else {
        Level::Unknown
    }
}

/// Says whether something is wrong, and how bad.
pub(super) fn headline(run: &Run<'_>) -> Prose {
    let account = run.account;
    let failures = account.tally.findings();
    let length = account.span.map(|(from, to)| format!(" in {} of log", length(to - from))).unwrap_or_default();
    let of_log = Prose::new().say(length).then(asked(run));
    let going = run.incidents.iter().filter(|i| i.state == State::Going).count() as u64;
    let incidents = count(run.incidents.len() as u64, "incident");
    let failed = format!("{} failed", count(failures, "token request"));
    let inside = run.incidents.iter().map(|i| i.count).sum::<u64>().min(failures);
    let them = if run.incidents.len() == 1 { "in the incident" } else { "in incidents" };
    let parts = if inside > 0 { format!(", {} of them {them}.", number(inside)) } else { ".".to_owned() };
    let end = account.span.map(|(_, to)| format!(" when {} at {}", run.end(), run.moments.time(to))).unwrap_or_default();
    let told = |strong: String| Prose::new().strong(strong).say(format!("{end}: {failed}")).then(of_log.clone()).say(parts);
    match level(run) {
        Level::Going if going == run.incidents.len() as u64 => told(format!("{incidents}, still going")),
        Level::Going => told(format!("{incidents}, {} still going", number(going))),
        Level::Over => told(format!("{incidents}, none going on")),
        Level::Steady => Prose::new().strong(failed).then(of_log).say(steady(run)),
        Level::Quiet => Prose::new().strong("No failed token request").then(of_log).say("."),
        Level::Unknown if account.left_out > 0 => {
            Prose::new().strong("No failure passes the filter").say(format!("; without it there are {}.", count(account.left_out, "failed token request")))
        }
        Level::Unknown if account.books.records == 0 => Prose::new().strong("No Keycloak log found.").say(" Nothing that was given is a log of a layout known here."),
        Level::Unknown => Prose::new().strong("Nothing can be said: ").say(
            "there is not one user event in these logs. See whether the logger org.keycloak.events is silenced, the event listener jboss-logging is off for the \
             realm, or another node serves it.",
        ),
    }
}

/// Says what it means that no failures are too many: a log can be held against itself alone, and shows what is usual where most requests succeed.
fn steady(run: &Run<'_>) -> String {
    const NO_RISE: &str = "with no rise in it: no incident, unless one began before it.";
    match overview::totals(run).failure_percent {
        Some(percent) if percent < 50.0 => ", at no unusual rate: no incident.".to_owned(),
        Some(percent) => format!(", {percent} % of all requests, {NO_RISE}"),
        None if run.account.tally.findings() < FEW => ": no incident.".to_owned(),
        None => format!(", {NO_RISE}"),
    }
}

/// Names the filter that the counts went through.
fn asked(run: &Run<'_>) -> Prose {
    let value = |(kind, value): (Kind, String)| match kind {
        Kind::Text => Prose::new().say(value),
        _ => Prose::new().name(&run.scribe.logged(kind, &value)),
    };
    let option = |(option, values): (&'static str, Vec<_>)| Prose::new().code(option).say(" ").then(list(values.into_iter().map(value).collect(), 3));
    let options: Vec<Prose> = asked::options(&run.settings.filter, run.moments).into_iter().map(option).collect();
    let most = options.len();
    if options.is_empty() { Prose::new() } else { Prose::new().say(", counting only ").then(list(options, most)) }
}

/// Returns the sentences of the first screen.
pub(super) fn points(report: &Report) -> Vec<Point> {
    let matters = if report.incidents.is_empty() { &report.steady } else { &report.incidents };
    matters.iter().take(POINTS).map(point).collect()
}

fn point(matter: &Matter) -> Point {
    let what = matter.title.clone().say(", ").then(matter.story.first().cloned().unwrap_or_default());
    let why = matter.burst.as_ref().map(|b| b.trigger.clone());
    Point { matter: matter.number, what, why, step: matter.first_step.clone() }
}
