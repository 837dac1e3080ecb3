//! The first screen, the contents, and the table of causes.

use maud::{Markup, html};

use super::words::{links, moment, name, prose, sure};
use crate::report::model::{Level, Point, Report};
use crate::report::outline::{VERSIONS, assumed, title};
use crate::report::terminal::figure::{count, number};

/// A sign beside the colour, and what both mean.
fn sign(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::Going => ("▲", "going on"),
        Level::Over => ("■", "over"),
        Level::Steady => ("●", "failing steadily"),
        Level::Quiet => ("✓", "quiet"),
        Level::Unknown => ("?", "unknown"),
    }
}

/// Returns the header: is something wrong, how bad, who, since when, why, what to do.
pub(super) fn header(report: &Report) -> Markup {
    let (mark, word) = sign(report.level);
    html! {
        header class={ "top " (word.replace(' ', "-")) } {
            h1 { (prose(&title(report))) }
            p.headline { span.badge { span aria-hidden="true" { (mark) } " " (word) } " " (prose(&report.headline)) }
            p.meta { (about(report)) }
            (figures(report))
            @if let Some(usual) = &report.usual { p.usual { strong { "What is normal here: " } (prose(usual)) } }
            @if !report.points.is_empty() {
                ol.points { @for point in &report.points { (one(point)) } }
            }
            p.actions {
                button #copy type="button" hidden { "Copy as Markdown" }
                span #copied role="status" {}
            }
        }
    }
}

fn one(point: &Point) -> Markup {
    html! {
        li value=(point.matter) {
            p.who { (prose(&point.what)) }
            @if let Some(why) = &point.why { p { (prose(why)) } }
            p.step { span.arrow aria-hidden="true" { "→ " } (prose(&point.step)) " " a href={ "#matter-" (point.matter) } { "How and why" } }
        }
    }
}

/// The time, the nodes, the versions.
fn about(report: &Report) -> Markup {
    let mut versions: Vec<_> = report.nodes.iter().flat_map(|n| &n.versions).map(|v| &v.version).collect();
    versions.sort();
    versions.dedup();
    html! {
        @if let Some(span) = &report.span {
            (span.words)
            @if span.zone_assumed { (assumed(span)) }
            " · "
        }
        (count(report.nodes.len() as u64, "node"))
        @if let Some(members) = report.cluster_members { " of a cluster of " (number(u64::from(members))) }
        @for version in versions.iter().take(VERSIONS) { " · Keycloak " (name(version)) }
        @if versions.len() > VERSIONS { " and " (count((versions.len() - VERSIONS) as u64, "more version")) }
        " · " (count(report.totals.records, "record"))
    }
}

fn figures(report: &Report) -> Markup {
    let t = &report.totals;
    html! {
        dl.figures {
            div { dt { "failed token requests" } dd data-figure="failures" { (number(t.failures)) } }
            div { dt { @if report.incidents.len() == 1 { "incident" } @else { "incidents" } } dd data-figure="incidents" { (number(report.incidents.len() as u64)) } }
            div { dt { "clients that failed" } dd data-figure="clients" { (number(t.clients)) } }
            div { dt { "causes certain" } dd data-figure="certain" { (number(t.certain)) " of " (number(t.failures)) } }
            @if let Some(percent) = t.failure_percent { div { dt { "of all requests failed" } dd data-figure="percent" { @if t.successes_partial { "at most " } (percent) " %" } } }
        }
    }
}

/// Returns the contents.
pub(super) fn contents(report: &Report) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                @if report.timeline.is_some() { li { a href="#timeline" { "Time line" } } }
                @if !report.causes.is_empty() { li { a href="#causes" { "Causes" } } }
                @if !report.incidents.is_empty() { li { a href="#incidents" { "Incidents" } } }
                @if !report.steady.is_empty() { li { a href="#steady" { "Other failures" } } }
                @if !report.chronic.is_empty() { li { a href="#chronic" { "Chronic" } } }
                @if !report.clients.is_empty() { li { a href="#clients" { "Clients" } } }
                @if report.comparison.is_some() { li { a href="#comparison" { "Before and after" } } }
                li { a href="#gaps" { "What cannot be told" } }
                li { a href="#books" { "Books" } }
            }
        }
    }
}

/// Returns the table of causes.
pub(super) fn causes(report: &Report) -> Markup {
    html! {
        @if !report.causes.is_empty() {
            section aria-labelledby="causes" {
                h2 #causes { "Causes" }
                div.wide-table role="region" aria-label="Failures by cause" tabindex="0" {
                    table {
                        caption { "Failures by cause, most first" }
                        thead { tr {
                            th scope="col" { "Cause" } th.n scope="col" { "Failures" } th.n scope="col" { "Clients" } th scope="col" { "How sure" }
                            th scope="col" { "First" } th scope="col" { "Last" } th scope="col" { "In" }
                        } }
                        tbody { @for row in &report.causes { tr {
                            th scope="row" {
                                @if let Some(n) = row.number { span.number { (n) } " " } (row.title)
                                span.summary { (row.summary) }
                            }
                            td.n { (number(row.count)) }
                            td.n { (number(row.clients)) }
                            td { (sure([row.certain, row.likely, row.ambiguous])) }
                            td { (moment(report, row.first)) }
                            td { (moment(report, row.last)) }
                            td { (links(&row.incidents)) }
                        } } }
                    }
                }
                p.note {
                    (sure([1, 0, 0])) "the log excludes every other cause. " (sure([0, 1, 0])) "one cause fits best, and the log does not exclude others. "
                    (sure([0, 0, 1])) "the log cannot tell; what fits most often comes first."
                }
            }
        }
    }
}
