//! The time line: the picture, what happened meanwhile, and the same as a table.

use maud::{Markup, PreEscaped, html};

use super::picture::{self, ROWS, Size};
use super::words::{links, name, prose, time};
use crate::report::model::{Instant, Report, Timeline};
use crate::report::terminal::figure::{length, number};

/// Returns the section.
pub(super) fn section(report: &Report) -> Markup {
    html! {
        @if let Some(line) = &report.timeline {
            section aria-labelledby="timeline" {
                h2 #timeline { "Time line" }
                @if !line.series.is_empty() {
                    figure.timeline {
                        (svg(picture::timeline(report, line, Size::Wide), Size::Wide, "Failures by cause and time", &description(line)))
                        (svg(picture::timeline(report, line, Size::Narrow), Size::Narrow, "Failures by cause and time", &description(line)))
                        figcaption {
                            "Each row is one cause, drawn up to its own peak; a bar is " (length(step_ms(line))) "."
                            @if !report.incidents.is_empty() { " Shaded: incidents." }
                            @if line.events.iter().any(|e| e.mark.is_some()) { " Lines with letters: what happened, listed below." }
                            @if line.series.len() > ROWS { " The " (ROWS) " most frequent causes are drawn; the table has all." }
                        }
                        output.hover {}
                    }
                }
                (events(report, line))
                (table(report, line))
            }
        }
    }
}

/// Puts a picture into the page, with a name and a description.
pub(super) fn svg(svg: Option<String>, size: Size, title: &str, description: &str) -> Markup {
    let Some(svg) = svg else { return html! {} };
    let Some((open, rest)) = svg.split_once('>') else { return html! {} };
    let (left, right) = size.margins();
    let open = open.replacen("<svg", &format!("<svg class=\"{}\" role=\"img\" data-left=\"{left}\" data-right=\"{right}\"", size.class()), 1);
    html! {
        (PreEscaped(open)) (PreEscaped(">"))
        title { (title) }
        desc { (description) }
        (PreEscaped(rest))
    }
}

fn step_ms(line: &Timeline) -> i64 {
    i64::try_from(line.window_seconds).unwrap_or(i64::MAX / 1000) * 1000
}

fn description(line: &Timeline) -> String {
    let rows: Vec<String> = line.series.iter().take(ROWS).map(|s| format!("{}: {}", s.title, number(s.counts.iter().sum()))).collect();
    format!("{}. The table below has every figure.", rows.join(", "))
}

/// What happened meanwhile.
fn events(report: &Report, line: &Timeline) -> Markup {
    html! {
        @if !line.events.is_empty() {
            h3 { "What happened meanwhile" }
            ul.events {
                @for event in &line.events {
                    li {
                        @if let Some(mark) = event.mark { b.mark { (mark) } " " }
                        (time(report, event.time)) " " (prose(&event.what))
                        @if let (Some(file), Some(at)) = (&event.file, event.line) { span.place { " (" (name(file)) ":" (at) ")" } }
                        @if !event.incidents.is_empty() { " – may have set off incident " (links(&event.incidents)) }
                    }
                }
            }
            @if line.events_left_out > 0 { p { "and " (number(line.events_left_out)) " more; the JSON form of the tally (kctriage scan --format json) has all." } }
        }
    }
}

/// The same figures as a table.
fn table(report: &Report, line: &Timeline) -> Markup {
    let columns = line.series.first().map_or(0, |s| s.counts.len());
    let start = |column: usize| Instant(line.start.0 + step_ms(line) * i64::try_from(column).unwrap_or(0));
    html! {
        @if columns > 0 {
            details.screen {
                summary { "The time line as a table" }
                div.wide-table role="region" aria-label="The time line as a table" tabindex="0" {
                    table.data data-columns=(columns) {
                        caption { "Failures by window of " (length(step_ms(line))) "; windows without failures are left out" }
                        thead { tr { th scope="col" { "From" } @for s in &line.series { th.n scope="col" { (s.title) } } } }
                        tbody {
                            @for column in (0..columns).filter(|c| line.series.iter().any(|s| s.counts[*c] > 0)) {
                                tr data-column=(column) {
                                    th scope="row" { (time(report, start(column))) }
                                    @for s in &line.series { td.n { (number(s.counts[column])) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
