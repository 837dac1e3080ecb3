//! Sentences, names, times and figures as pieces of the page.

use maud::{Markup, html};

use crate::report::model::{Counted, Instant, Logged, Piece, Prose, Report};
use crate::report::terminal::figure::number;

/// Columns of a name.
const NAME: usize = 80;

/// Columns of a line of the log.
const LINE: usize = 300;

/// A sentence.
pub(super) fn prose(prose: &Prose) -> Markup {
    html! {
        @for piece in &prose.0 {
            @match piece {
                Piece::Said(text) => (text),
                Piece::Strong(text) => strong { (text) },
                Piece::Code(text) => code { (text) },
                Piece::Logged(logged) => (name(logged)),
            }
        }
    }
}

/// A name of the log; its direction of writing does not spread.
pub(super) fn name(logged: &Logged) -> Markup {
    html! { bdi.log { (logged.untrusted().html(NAME)) } }
}

/// A longer text of the log.
pub(super) fn line(logged: &Logged) -> Markup {
    html! { bdi.log { (logged.untrusted().html(LINE)) } }
}

/// A client, or that there is none.
pub(super) fn client(client: Option<&Logged>) -> Markup {
    html! { @if let Some(client) = client { (name(client)) } @else { i { "no client named" } } }
}

/// A point in time as the clock of the page's zone shows it.
pub(super) fn time(report: &Report, at: Instant) -> Markup {
    html! {
        @if let Some(utc) = at.utc() { time datetime=(utc) { (report.moments.time(at.0)) } } @else { "an unknown time" }
    }
}

/// A point in time, or a dash.
pub(super) fn moment(report: &Report, at: Option<Instant>) -> Markup {
    html! { @if let Some(at) = at { (time(report, at)) } @else { "–" } }
}

/// How many distinct ones.
pub(super) fn distinct(counted: Counted) -> String {
    let about = if counted.estimated { "≈ " } else { "" };
    if counted.count == 0 { "–".to_owned() } else { format!("{about}{}", number(counted.count)) }
}

/// How sure failures are: `certain`, or `certain 91, likely 5`.
pub(super) fn sure(counts: [u64; 3]) -> Markup {
    let words = ["certain", "likely", "ambiguous"];
    let present: Vec<(&str, u64)> = words.into_iter().zip(counts).filter(|(_, n)| *n > 0).collect();
    html! {
        @for (word, n) in &present {
            span class={ "sure " (word) } { (word) @if present.len() > 1 { " " (number(*n)) } }
            " "
        }
    }
}

/// Links to matters by their numbers.
pub(super) fn links(numbers: &[usize]) -> Markup {
    html! {
        @for (at, n) in numbers.iter().enumerate() {
            @if at > 0 { ", " }
            a href={ "#matter-" (n) } { (n) }
        }
        @if numbers.is_empty() { "–" }
    }
}
