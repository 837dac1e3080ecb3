//! The first lines: is something wrong, how bad, and in what.

use std::collections::{BTreeSet, HashSet};

use super::Run;
use super::figure::{bytes, count, length, list, span};
use super::page::{Page, Text, Tone};
use crate::report::asked;
use crate::report::escape::Untrusted;

pub(super) fn write(run: &Run<'_>, page: &mut Page) {
    let outcome = run.outcome;
    page.gap();
    let findings = outcome.tally.findings();
    let of_log = outcome.span.map(|(from, to)| format!(" in {} of log", length(to - from))).unwrap_or_default() + &asked(run);
    let mut text = if findings > 0 {
        Text::new().add(Tone::Alarm, format!("{} failed", count(findings, "token request"))).add(Tone::Strong, of_log)
    } else {
        let found = if outcome.books.records > 0 { "No failed token request found" } else { "No Keycloak log found" };
        Text::new().add(Tone::Strong, format!("{found}{of_log}"))
    };
    let about = about(run);
    if !about.is_empty() {
        text = text.plain(format!(" ({about})"));
    }
    let took = run.settings.elapsed.map(|e| format!(" in {}", span(i64::try_from(e.as_millis()).unwrap_or(i64::MAX)))).unwrap_or_default();
    page.paragraph(0, 2, &text.faint(format!(" · {}{took}", bytes(outcome.books.bytes()))));
    if let Some((from, to)) = outcome.span {
        let assumed = outcome.zone_assumed && run.settings.zone_assumed;
        let times = if outcome.names_some_zone() { "some of the log's times" } else { "the log's times" };
        let why = if assumed { format!(" (assumed: {times} name no zone; --timezone sets it)") } else { String::new() };
        page.paragraph(0, 2, &Text::new().faint(format!("{}{why}", run.moments.span(from, to))));
    }
    if let Some(rate) = rate(run) {
        page.paragraph(0, 2, &Text::new().plain(rate));
    }
    if findings == 0 {
        nothing(run, page);
    }
}

/// Names the filter that the counts went through.
fn asked(run: &Run<'_>) -> String {
    let shown = |(_, value): &(_, String)| Untrusted::new(value).terminal(40);
    let option = |(option, values): (&str, Vec<_>)| format!("{option} {}", list(&values.iter().map(shown).collect::<Vec<_>>(), 3));
    let options: Vec<String> = asked::options(&run.settings.filter, run.moments).into_iter().map(option).collect();
    if options.is_empty() { String::new() } else { format!(", counting only {}", list(&options, options.len())) }
}

/// Says how many token requests there were in all, which only an access log shows where success events are off.
fn rate(run: &Run<'_>) -> Option<String> {
    let all = run.settings.filter.requests(&run.outcome.access)?;
    let asked = all.successes + all.failures;
    if asked == 0 {
        return None;
    }
    let percent = (all.successes * 1000 + asked / 2) / asked;
    let waiting = if all.waiting > 0 { format!(", and {} told to wait", count(all.waiting, "device poll")) } else { String::new() };
    let whose = if run.outcome.access.own { "the access log" } else { "the proxy's access log" };
    Some(format!("{}.{} % of {} succeeded, says {whose}{waiting}.", percent / 10, percent % 10, count(asked, "token request")))
}

/// Names nodes, versions and realms.
fn about(run: &Run<'_>) -> String {
    let outcome = run.outcome;
    let seen: Vec<_> = outcome.view.nodes.iter().filter(|n| n.seen).collect();
    let mut parts = Vec::new();
    match outcome.view.cluster() {
        Some((members, logs)) if members as usize > logs => parts.push(format!("logs of {logs} of {members} nodes")),
        _ if seen.is_empty() => {}
        // the files of one process can be streams of their own
        _ => parts.push(count(seen.iter().map(|n| n.name.as_str()).collect::<HashSet<_>>().len() as u64, "node")),
    }
    let versions: BTreeSet<String> = seen.iter().flat_map(|n| &n.versions).map(|(_, v)| Untrusted::new(v).terminal(24)).collect();
    if !versions.is_empty() {
        parts.push(format!("Keycloak {}", list(&versions.into_iter().collect::<Vec<_>>(), 3)));
    }
    // each once before it is made fit to be shown
    let realms: HashSet<&str> = outcome.tally.cells.keys().filter_map(|k| k.realm.as_deref()).collect();
    let realms: BTreeSet<String> = realms.into_iter().map(|r| Untrusted::new(r).terminal(40)).collect();
    let realms: Vec<String> = realms.into_iter().collect();
    match realms.len() {
        0 => {}
        1 => parts.push(format!("realm {}", realms[0])),
        _ => parts.push(format!("realms {}", list(&realms, 3))),
    }
    parts.join(", ")
}

/// Says what finding nothing means.
fn nothing(run: &Run<'_>, page: &mut Page) {
    let outcome = run.outcome;
    if outcome.books.records == 0 {
        return;
    }
    let events = outcome.view.nodes.iter().any(|n| n.events);
    let successes = outcome.view.nodes.iter().any(|n| n.successes);
    let looked = format!("{} looked at", count(outcome.books.records, "record"));
    let text = match (events, successes) {
        _ if outcome.left_out > 0 => format!(
            "none passes the filter; without it there {} {}.",
            if outcome.left_out == 1 { "is" } else { "are" },
            count(outcome.left_out, "failed token request")
        ),
        (true, true) => format!("{looked}: events are logged, successful ones too, so this is good news."),
        (true, false) => format!("{looked}: events are logged, and none of them is a failed token request."),
        (false, _) if outcome.access.realms.values().any(|r| r.successes > 0) => {
            format!("{looked}: token requests are in the access log, and none of them was refused.")
        }
        (false, _) => format!(
            "{looked}, and not one user event among them: this says nothing yet. Keycloak prints failures as WARN of org.keycloak.events; \
             see whether that logger is silenced, the event listener jboss-logging is off for the realm, or another node serves it."
        ),
    };
    page.gap();
    page.paragraph(2, 2, &Text::new().add(if events || outcome.left_out > 0 { Tone::Plain } else { Tone::Doubt }, text));
}
