//! What is wrong now: who, since when, what happened before, what to do first.

use kctriage::finding::Confidence;
use kctriage::report::escape::Untrusted;
use kctriage::report::tone::Tone;
use kctriage::report::why::change;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::cli::view::advice::{addresses, clients, first_step};
use crate::cli::view::entry::title;
use crate::cli::view::figure::{moment, short};
use crate::cli::view::look;
use crate::cli::view::problem::{Problem, problems};
use crate::cli::view::state::State;
use crate::cli::view::text::{cut, wrapped};

/// Lines of one piece of advice.
const ADVICE: usize = 2;

/// Below so many columns, words are dear.
const NARROW: usize = 72;

/// Names that would be cut to fewer columns are left out.
const SHORTEST: usize = 10;

/// Clients that are named.
const NAMED: usize = 3;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let lines = lines(state, usize::from(area.width), usize::from(area.height));
    super::put(frame, area, &lines);
}

fn lines(state: &State, width: usize, height: usize) -> Vec<Line<'static>> {
    let shown = state.shown();
    let mut lines: Vec<Line<'_>> = Vec::new();
    let problems = problems(shown);
    if problems.is_empty() {
        return calm(state, width);
    }
    for problem in &problems {
        let room = height.saturating_sub(lines.len());
        if room == 0 {
            break;
        }
        lines.push(headline(problem, state, width));
        lines.push(before(problem, state, width).unwrap_or_else(|| reason(problem, state, width)));
        let advice = wrapped(&first_step(problem, state.told.zone, state.told.life_ms, shown.now()), width.saturating_sub(4));
        let is_cut = advice.len() > ADVICE;
        for (number, mut text) in advice.into_iter().take(ADVICE).enumerate() {
            if is_cut && number == ADVICE - 1 {
                text = cut(&(text + " …"), width.saturating_sub(4));
            }
            let mark = if number == 0 { "  → " } else { "    " };
            lines.push(Line::styled(format!("{mark}{text}"), look::tone(Tone::Advice)));
        }
    }
    lines
}

/// Says what it is, whose, how many, since when, and whether it goes on.
fn headline(problem: &Problem<'_>, state: &State, width: usize) -> Line<'static> {
    let now = state.shown().now();
    let at = |t| moment(state.told.zone, t, now);
    let sure = match problem.sure() {
        Confidence::Certain => String::new(),
        _ if width < NARROW => "?".to_owned(),
        unsure => format!(" ({})", unsure.slug()),
    };
    let when = match (problem.count, problem.is_going) {
        (n, true) if width < NARROW => format!("{}, {}/min", short(n), short(problem.per_minute)),
        (n, false) if width < NARROW && n > 1 => format!("{}, last {}", short(n), at(problem.last)),
        (1, _) => format!("once, at {}", at(problem.last)),
        (n, true) => format!("{} since {}, {}/min", short(n), at(problem.since), short(problem.per_minute)),
        (n, false) => format!("{} from {} to {}, quiet since", short(n), at(problem.since), at(problem.last)),
    };
    let cause = format!("{}{sure}", title(problem.cause));
    let used = cause.chars().count() + when.chars().count() + 6;
    // numbers go before names, which the rows below have, too
    let room = width.saturating_sub(used);
    let names = if room < SHORTEST { String::new() } else { cut(&clients(problem, NAMED), room) + ", " };
    let mut line = Line::from(vec![
        Span::styled(if problem.is_going { "▲ " } else { "  " }, look::tone(Tone::Alarm)),
        Span::styled(cause, look::cause(problem.cause).add_modifier(Modifier::BOLD)),
        Span::styled(format!(": {names}"), look::tone(Tone::Strong)),
        Span::raw(when),
    ]);
    let from = format!(", going on, from {}", addresses(problem));
    let from = if problem.is_going { from } else { from.replace(", going on", "") };
    if !problem.clients.iter().all(|(_, e)| e.addresses.is_empty()) && line.width() + from.len() <= width {
        line.push_span(Span::raw(from));
    }
    line
}

/// Says why the last one failed.
fn reason(problem: &Problem<'_>, state: &State, width: usize) -> Line<'static> {
    let last = problem.clients.iter().map(|(_, e)| (e.last, e.entry)).max();
    let why = last.and_then(|(_, n)| state.shown().stream.failure(n)).map(|e| e.why.clone()).unwrap_or_default();
    Line::raw(cut(&format!("  {why}"), width))
}

/// Says what happened when it began.
fn before(problem: &Problem<'_>, state: &State, width: usize) -> Option<Line<'static>> {
    let trigger = problem.trigger?;
    let what = Untrusted::new(&change(&trigger.what)).terminal(100);
    let node = trigger.node.as_deref().map(|n| format!(" ({})", Untrusted::new(n).terminal(40))).unwrap_or_default();
    let text = format!("  ● {} {what}{node}", moment(state.told.zone, trigger.time, state.shown().now()));
    Some(Line::raw(cut(&text, width)))
}

/// Says that nothing is wrong.
fn calm(state: &State, width: usize) -> Vec<Line<'static>> {
    let shown = state.shown();
    if shown.gauges.records == 0 {
        let what = if shown.gauges.bytes == 0 { "Waiting for the first line." } else { "No line of a Keycloak log so far." };
        let mut lines = vec![Line::raw(what)];
        let names: Vec<&str> = state.names().collect();
        if let Some(first) = names.first() {
            let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
            lines.push(Line::styled(
                cut(&format!("Followed: {first}{more}. What was there before is read with --start beginning."), width),
                look::tone(Tone::Faint),
            ));
        }
        return lines;
    }
    let mut lines = vec![Line::styled("No token request failed in the last 10 minutes.", look::tone(Tone::Good))];
    if let Some((_, last)) = shown.stream.iter().rev().find_map(|(n, _)| shown.stream.failure(n).map(|e| (n, e))) {
        let at = last.time.map(|t| format!(" at {}", moment(state.told.zone, t, shown.now()))).unwrap_or_default();
        lines.push(Line::raw(cut(&format!("The last one{at}: {}, {}.", title(last.cause), last.name()), width)));
    }
    lines
}

/// Says the worst in a terminal that is too small for the view.
pub(super) fn tiny(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let width = usize::from(area.width);
    let what = match problems(state.shown()).first() {
        Some(p) => format!("{}: {}", title(p.cause), clients(p, 2)),
        None => "nothing fails now".to_owned(),
    };
    let mut lines: Vec<Line<'_>> = wrapped(&what, width).into_iter().map(|l| Line::styled(l, look::tone(Tone::Strong))).collect();
    lines.extend(wrapped("Too small for the view: it needs 40 columns and 10 rows. q quits.", width).into_iter().map(Line::raw));
    super::put(frame, area, &lines);
}
