//! Before and after, what cannot be told, what is not believed, the books, the foot.

use maud::{Markup, html};

use super::words::{client, line, name, prose, time};
use crate::report::markdown::{Dialect, Markdown};
use crate::report::model::Report;
use crate::report::outline::times;
use crate::report::terminal::figure::{bytes, count, few, number};

/// Returns before and after.
pub(super) fn comparison(report: &Report) -> Markup {
    html! {
        @if let Some(comparison) = &report.comparison {
            section aria-labelledby="comparison" {
                h2 #comparison { "Before and after" }
                p { (prose(&comparison.what)) ": " (time(report, comparison.before.from)) " to " (time(report, comparison.before.to)) " against "
                    (time(report, comparison.after.from)) " to " (time(report, comparison.after.to)) "." }
                p { strong { (prose(&comparison.headline)) } }
                div.wide-table role="region" aria-label="Before and after" tabindex="0" {
                    table {
                        caption { "Failures before and after, the surest changes first" }
                        thead { tr {
                            th scope="col" { "Client" } th scope="col" { "Cause" } th scope="col" { "Change" } th.n scope="col" { "Before" } th.n scope="col" { "After" }
                            th.n scope="col" { "An hour before" } th.n scope="col" { "An hour after" } th scope="col" { "Times as many" }
                        } }
                        tbody { @for change in &comparison.changes { tr data-filterable {
                            th scope="row" { (client(change.client.as_ref())) }
                            td { (change.title) }
                            td { span class={ "change " (change.verdict.replace(' ', "-")) } { (change.verdict) } }
                            td.n { (number(change.before)) } td.n { (number(change.after)) }
                            td.n { (few(change.before_per_hour)) } td.n { (few(change.after_per_hour)) }
                            td { (times(change)) }
                        } } }
                    }
                }
            }
        }
    }
}

/// Returns what these logs cannot tell, and what would.
pub(super) fn gaps(report: &Report) -> Markup {
    let gaps = &report.gaps;
    html! {
        section aria-labelledby="gaps" {
            h2 #gaps { "What these logs cannot tell" }
            @if gaps.reasons.is_empty() {
                p { "Nothing is missing that would have made a cause surer." }
            } @else {
                p { (number(gaps.unsure)) " of " (count(report.totals.failures, "failure")) " cannot be told for certain:" }
                ul { @for gap in &gaps.reasons { li { (number(gap.count)) " " (gap.why) } } }
            }
            @for remedy in &gaps.remedies { p.step { (prose(remedy)) } }
            @if let Some(rates) = &gaps.rates { p { (prose(rates)) } }
            @if !report.remarks.is_empty() { ul { @for remark in &report.remarks { li { (prose(remark)) } } } }
        }
    }
}

/// Returns lines that look forged.
pub(super) fn suspects(report: &Report) -> Markup {
    html! {
        @if !report.suspects.is_empty() {
            section aria-labelledby="suspects" {
                h2 #suspects { "Lines that look forged" }
                p { "Somebody wrote these into the log through a request. They are in no figure of this page." }
                ul.evidence {
                    @for s in &report.suspects { li {
                        span.place { (name(&s.file)) ":" (s.line) } " claims " (name(&s.event))
                        @if let Some(address) = &s.address { " from " (name(address)) }
                        ": " (line(&s.why))
                    } }
                }
                @if report.suspects_left_out > 0 { p { "and " (number(report.suspects_left_out)) " more" } }
            }
        }
    }
}

/// Returns where every byte went.
pub(super) fn books(report: &Report) -> Markup {
    let books = &report.books;
    html! {
        section aria-labelledby="books" {
            h2 #books { "Books" }
            p {
                (count(report.totals.records, "record")) " in " (count(books.files, "file")) ", " (bytes(books.bytes)) ": "
                (bytes(books.parsed)) " understood, " (bytes(books.skipped)) " skipped, " (bytes(books.damaged)) " damaged; "
                (count(books.unparsed_lines, "line")) " not understood."
                @if books.time_went_back > 0 { " The time went back " (count(books.time_went_back, "time")) "." }
            }
            @if !books.caps_hit.is_empty() { p { "Limits that were reached: " (books.caps_hit.join(", ")) "." } }
            @if !books.problems.is_empty() { h3 { "Not read" } ul { @for problem in &books.problems { li { (line(problem)) } } } }
            @if !books.strangers.is_empty() { h3 { "Not recognised" } ul { @for file in &books.strangers { li { (name(file)) } } } }
            @if !books.samples.is_empty() {
                h3 { "The first lines that were not understood" }
                ul.evidence { @for sample in &books.samples { li { span.place { (name(&sample.file)) ":" (sample.line) } " " (line(&sample.text)) } } }
            }
            @if !report.nodes.is_empty() { (nodes(report)) }
            p { (prose(&report.redaction.note)) }
        }
    }
}

/// The server processes, and what their logs show.
fn nodes(report: &Report) -> Markup {
    let tick = |is: bool| if is { "yes" } else { "no" };
    html! {
        div.wide-table role="region" aria-label="What the logs show" tabindex="0" {
            table {
                caption { "What the log of each node shows" }
                thead { tr {
                    th scope="col" { "Node" } th scope="col" { "Version" } th scope="col" { "Events" } th scope="col" { "Success events" }
                    th scope="col" { "Client authentication" } th scope="col" { "HTTP access log" } th scope="col" { "Begins with a start" }
                } }
                tbody { @for node in &report.nodes { tr {
                    th scope="row" { (name(&node.name)) }
                    td { @for (at, v) in node.versions.iter().enumerate() { @if at > 0 { ", " } (name(&v.version)) } @if node.versions.is_empty() { "not shown" } }
                    td { (tick(node.shows.events)) } td { (tick(node.shows.success_events)) } td { (tick(node.shows.client_authentication)) }
                    td { (tick(node.shows.access_log)) } td { (tick(node.shows.start)) }
                } } }
            }
        }
    }
}

/// Returns the foot: the page as Markdown, and what made it.
pub(super) fn footer(report: &Report) -> Markup {
    let markdown = Markdown { dialect: Dialect::GitHub }.text(report);
    html! {
        footer {
            details.markdown { summary { "This page as Markdown, for a ticket" } pre #markdown tabindex="0" { (markdown) } }
            p { "Made by " (report.generator) ". This file needs no network and sends nothing." }
        }
    }
}
