//! An incident, or a group of failures: what happened, what to do, how it is known.

use maud::{Markup, html};

use super::picture::{self, Size};
use super::timeline::svg;
use super::words::{client, line, name, prose, sure, time};
use crate::report::model::{Distribution, Matter, Report, Walked};
use crate::report::terminal::figure::{count, few, number, range, span};
use crate::tally::incident::State;

/// Returns the incidents.
pub(super) fn incidents(report: &Report) -> Markup {
    html! {
        @if !report.incidents.is_empty() {
            section aria-labelledby="incidents" {
                h2 #incidents { (count(report.incidents.len() as u64, "incident")) }
                @for matter in &report.incidents { (one(report, matter, true)) }
            }
        }
    }
}

/// Returns the failures that are no incident.
pub(super) fn steady(report: &Report) -> Markup {
    html! {
        @if !report.steady.is_empty() {
            section aria-labelledby="steady" {
                h2 #steady { @if report.incidents.is_empty() { "What failed" } @else { "Other failures" } }
                @if !report.incidents.is_empty() { p { "These come at their usual rate." } }
                @for (at, matter) in report.steady.iter().enumerate() { (one(report, matter, report.incidents.is_empty() && at < 4)) }
            }
        }
    }
}

fn one(report: &Report, matter: &Matter, open: bool) -> Markup {
    let id = format!("matter-{}", matter.number);
    html! {
        article #(id) aria-labelledby={ (id) "-title" } data-filterable {
            h3 #{ (id) "-title" } { span.number { (matter.number) } " " (prose(&matter.title)) }
            p.tags {
                @if let Some(burst) = &matter.burst { (state(burst.state)) " " }
                (sure([matter.certain, matter.likely, matter.ambiguous]))
            }
            @for sentence in &matter.story { p { (prose(sentence)) } }
            div.step {
                p { strong { "Do first: " } (prose(&matter.first_step)) }
                @if let Some(other) = &matter.other_step { p { (prose(other)) } }
            }
            @if let Some(notice) = &matter.notice { p.notice { strong { "For a status page: " } (prose(notice)) } }
            details open[open] {
                summary { "How it is known" }
                p.what { (matter.what) }
                @if let Some(walked) = &matter.walked { (flowchart(report, walked)) }
                @if let Some(delays) = &matter.delays { (distribution(delays)) }
                @if matter.clients.len() > 1 { (shares(matter)) }
                p { (prose(&matter.lines)) }
            }
            details {
                summary { "How to verify and to fix it" }
                h4 { "Verify" }
                ol { @for step in &matter.verify { li { (prose(step)) } } }
                h4 { "Fix" }
                ol { @for step in &matter.fix { li { (prose(step)) } } }
                p { "All that is known of this cause: " code { "kctriage explain " (matter.cause.slug()) } }
            }
        }
    }
}

fn state(state: State) -> Markup {
    let (class, word) = match state {
        State::Going => ("going", "▲ still going"),
        State::Over => ("over", "■ over"),
        State::Unclear => ("unclear", "? the log ends too soon to say"),
    };
    html! { span class={ "state " (class) } { (word) } }
}

/// The questions as they were asked of one failure, and the lines that answer them.
fn flowchart(report: &Report, walked: &Walked) -> Markup {
    let word = |answer: &str| match answer {
        "yes" => "yes",
        "no" => "no",
        "known" => "see",
        _ => "cannot tell",
    };
    html! {
        h4 { "The flowchart, as it was walked for one of them" }
        p.about {
            (line(&walked.about))
            @if let Some(at) = walked.time { " at " (time(report, at)) }
            @if let Some(session) = &walked.session { ", session " (name(session)) }
            @if let Some(address) = &walked.address { ", from " (name(address)) }
            span.place { " (" (name(&walked.file)) ":" (walked.line) ")" }
        }
        ol.walk {
            @for step in &walked.steps {
                li {
                    span.question { (step.question) } " "
                    span class={ "answer " (step.answer) } { (word(step.answer)) }
                    @for (at, evidence) in step.evidence.iter().enumerate() { span.says { @if at == 0 { ": " } @else { "; " } (line(evidence)) } }
                    @if let Some(would) = &step.would_tell { span.would { " What would tell: " (would) "." } }
                }
            }
        }
        @if !walked.evidence.is_empty() {
            h4 { "Evidence" }
            ul.evidence {
                @for proof in &walked.evidence { li { span.place { (name(&proof.file)) ":" (proof.line) } " " (line(&proof.what)) } }
            }
        }
    }
}

/// How late the requests came.
fn distribution(delays: &Distribution) -> Markup {
    let has_usual = delays.bars.iter().any(|b| b.usual > 0);
    let words = format!("{}, seen of {}", range(delays.min_ms, delays.max_ms), count(delays.count, "failure"));
    let title = "From the login to the failed request";
    let upper = |ms: u64| i64::try_from(ms).map_or_else(|_| "any".to_owned(), span);
    html! {
        h4 { (title) }
        figure.delays {
            (svg(picture::delays(&delays.bars, Size::Wide), Size::Wide, title, &words))
            (svg(picture::delays(&delays.bars, Size::Narrow), Size::Narrow, title, &words))
            figcaption {
                (words) "; each bar spans twice the time of the one before."
                @if has_usual { " The lighter bars are the same clients and cause outside the incident." }
            }
        }
        details {
            summary { "The delays as a table" }
            table.data {
                caption { (title) }
                thead { tr { th scope="col" { "From" } th scope="col" { "Below" } th.n scope="col" { "Failures" } @if has_usual { th.n scope="col" { "Outside" } } } }
                tbody { @for bar in &delays.bars { tr {
                    td { (upper(bar.from_ms)) } td { (upper(bar.below_ms)) } td.n { (number(bar.count)) } @if has_usual { td.n { (number(bar.usual)) } }
                } } }
            }
        }
    }
}

/// The part of each client.
fn shares(matter: &Matter) -> Markup {
    let usual = matter.clients.iter().any(|c| c.usual_per_minute.is_some());
    html! {
        h4 { "Clients" }
        table.data {
            caption { "The part of each client" }
            thead { tr { th scope="col" { "Client" } th.n scope="col" { "Failures" } @if usual { th.n scope="col" { "Usually, a minute" } } } }
            tbody { @for share in &matter.clients { tr {
                th scope="row" { (client(share.client.as_ref())) }
                td.n { (number(share.count)) }
                @if usual { td.n { @if let Some(rate) = share.usual_per_minute { (few(rate)) } @else { "–" } } }
            } } }
        }
        @if matter.clients_left_out > 0 { p { "and " (count(matter.clients_left_out, "more client")) } }
    }
}
