//! The groups: who fails, since when, is it over, what was seen, what to do.

use super::Run;
use super::advice::{addresses, clients, distinct, first_step};
use super::facts::facts;
use super::figure::{count, length, number, rate};
use super::group::{Group, Overview};
use super::page::{Page, Text, Tone};
use super::pulse::{Pulse, pulse};
use super::table::sure_text;
use crate::finding::{Evidence, Finding};
use crate::report::escape::Untrusted;

pub(super) fn write(run: &Run<'_>, overview: &Overview<'_>, page: &mut Page) {
    let shown = &overview.leading[..overview.leading.len().min(run.settings.top)];
    let indent = shown.len().to_string().len() + 1;
    for (index, group) in shown.iter().enumerate() {
        page.gap();
        one(run, group, &format!("{:>indent$} ", index + 1), page);
    }
    let rest = overview.groups - shown.len();
    if rest > 0 {
        let failures = run.outcome.tally.findings() - shown.iter().map(|g| g.count).sum::<u64>();
        page.gap();
        let more = if rest == 1 { "1 more group".to_owned() } else { format!("{rest} more groups") };
        let text = format!("{more} with {}: --top {} shows all", count(failures, "failure"), overview.groups);
        page.paragraph(1, 3, &Text::new().faint(text));
    }
}

fn one(run: &Run<'_>, group: &Group<'_>, label: &str, page: &mut Page) {
    let indent = label.len();
    let realms = run.outcome.tally.cells.keys().any(|k| k.realm.as_deref() != group.realm);
    let realm = group.realm.filter(|_| realms).map(|r| format!(" (realm {})", Untrusted::new(r).terminal(30))).unwrap_or_default();
    let title = Text::new()
        .add(Tone::Strong, format!("{}{realm}: ", clients(group, 4, true)))
        .add(Tone::Alarm, group.cause.title())
        .plain(" · ")
        .append(sure_text(group.sure));
    page.labelled(label, &title);
    let pulse = pulse(group, run.outcome.span, run.outcome.tally.window_ms);
    page.paragraph(indent, indent, &Text::new().plain(course(run, group, pulse)));
    for fact in facts(run, group, pulse) {
        page.paragraph(indent, indent, &Text::new().plain(fact));
    }
    if let Some(example) = group.samples.first() {
        page.paragraph(indent, indent + 2, &Text::new().faint(evidence(run, example)));
    }
    let [certain, likely, ambiguous] = group.sure;
    let other = group.others.iter().max_by_key(|(cause, n)| (**n, std::cmp::Reverse(**cause))).map(|(cause, _)| *cause);
    match other.filter(|_| ambiguous > certain + likely) {
        // Nothing speaks for the first candidate: both steps are told.
        Some(other) => {
            for cause in [group.cause, other] {
                let step = format!("if {}: {}", cause.title(), first_step(run, group, cause));
                page.paragraph(indent, indent + 2, &Text::new().add(Tone::Advice, "→ ").add(Tone::Strong, step));
            }
        }
        None => page.paragraph(indent, indent + 2, &Text::new().add(Tone::Advice, "→ ").add(Tone::Strong, first_step(run, group, group.cause))),
    }
}

/// Says how often, since when, whether it is over, and from where.
fn course(run: &Run<'_>, group: &Group<'_>, pulse: Option<Pulse>) -> String {
    let mut parts = vec![count(group.count, "failure")];
    if let Some(p) = pulse {
        let at = |ms| run.moments.time(ms);
        if group.count == 1 {
            parts.push(format!(" at {}", at(p.since)));
        } else if p.before > 0 {
            parts.push(format!(", {} of them{}", number(group.count - p.before), p.period(at)));
        } else if p.is_throughout() {
            parts.push(" all through the log".to_owned());
        } else {
            parts.push(p.period(at));
        }
        if p.going {
            parts.push(format!(", still going (last {})", at(p.last)));
        } else if p.quiet_ms >= 1000 && group.count > 2 {
            let over = if p.over { "over" } else { "perhaps over" };
            parts.push(format!(", {over}: none in the last {} of the log", length(p.quiet_ms)));
        }
        if let Some(rate) = rate(group.count - p.before, p.last - p.since) {
            parts.push(format!("; {rate}"));
        }
    } else if group.count > 1 {
        parts.push(", times unknown".to_owned());
    }
    let (users, exact) = distinct(&group.users, group);
    let (places, _) = group.addresses.count();
    if places > 0 {
        parts.push(format!("; from {}", addresses(group)));
    }
    if users > 0 {
        let about = if exact { "" } else { "about " };
        parts.push(format!(", {about}{}", count(users, "user")));
    }
    parts.concat() + "."
}

/// Writes where one of the failures stands, and what proves it.
fn evidence(run: &Run<'_>, f: &Finding) -> String {
    let name = |source: &str| Untrusted::new(source).terminal(60);
    let place = |e: &Evidence| match &e.source {
        Some(source) => format!(" ({}:{})", name(source), e.line),
        None if e.line == f.line => String::new(),
        None => format!(" (line {})", e.line),
    };
    let lines: Vec<String> = f.evidence.iter().take(3).map(|e| format!("{}{}", Untrusted::new(&e.what).terminal(160), place(e))).collect();
    let at = f.time.map(|t| format!(" at {}", run.moments.time(t.timestamp_millis()))).unwrap_or_default();
    format!("seen: {}:{}{at}: {}", name(&f.source), f.line, lines.join("; "))
}
