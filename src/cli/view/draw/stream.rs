//! The findings as they come, the newest at the bottom.

use kctriage::finding::Confidence;
use kctriage::report::tone::Tone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::cli::view::entry::{Entry, title};
use crate::cli::view::figure::{moment, short};
use crate::cli::view::look::{self, SELECTED};
use crate::cli::view::state::{Pane, State};
use crate::cli::view::stream::{Item, Remark};
use crate::cli::view::text::{cut, padded};

/// Columns of a cause and of how sure.
const CAUSE: usize = 23;
const SURE: usize = 9;

/// Widths from which on how sure, and the address, are shown.
const WITH_SURE: usize = 72;
const WITH_ADDRESS: usize = 110;

/// Columns of an address.
const ADDRESS: usize = 15;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let rows = usize::from(area.height).saturating_sub(1);
    state.looking.rows = rows;
    let numbers = state.passing();
    let end = window(state, &numbers, rows);
    let newer = numbers.len() - end;
    let width = usize::from(area.width);
    let mut lines = vec![heading(state, newer, width)];
    for number in &numbers[end.saturating_sub(rows)..end] {
        let Some(item) = state.shown().stream.get(*number) else { continue };
        let line = match item {
            Item::Failure(entry) => failure(entry, state, width),
            Item::Remark(remark) => told(remark, state, width),
        };
        let is_selected = state.looking.item == Some(*number) && state.looking.pane == Pane::Stream;
        lines.push(if is_selected { line.patch_style(SELECTED) } else { line });
    }
    super::put(frame, area, &lines);
}

/// Returns where the rows that are seen end, so that the selected one is among them.
fn window(state: &mut State, numbers: &[u64], rows: usize) -> usize {
    let Some(item) = state.looking.item else { return numbers.len() };
    let selected = numbers.partition_point(|n| *n < item);
    let bottom = state.looking.bottom.map_or(numbers.len(), |b| numbers.partition_point(|n| *n <= b));
    let end = bottom.clamp((selected + 1).min(numbers.len()), (selected + rows).min(numbers.len()).max(1)).max(rows.min(numbers.len()));
    state.looking.bottom = numbers.get(end.saturating_sub(1)).copied();
    end
}

fn heading(state: &State, newer: usize, width: usize) -> Line<'static> {
    let looking = &state.looking;
    let style = if looking.pane == Pane::Stream { SELECTED } else { look::tone(Tone::Strong) };
    let mut line = Line::from(Span::styled(" findings ", style));
    if !looking.filter.is_empty() {
        let text = format!(" only “{}”, Esc shows all", cut(looking.filter.text(), width / 3));
        line.push_span(Span::styled(text, look::tone(Tone::Doubt)));
    }
    if newer > 0 {
        line.push_span(Span::styled(format!(" {} newer below, End follows", short(newer as u64)), look::tone(Tone::Doubt)));
    } else if looking.item.is_some() {
        line.push_span(Span::styled(" held, End follows", look::tone(Tone::Faint)));
    }
    line
}

fn time(time: Option<i64>, state: &State) -> Span<'static> {
    let shown = time.map(|t| moment(state.told.zone, t, state.shown().now())).unwrap_or_default();
    Span::styled(format!("{shown:8} "), look::tone(Tone::Faint))
}

fn failure(entry: &Entry, state: &State, width: usize) -> Line<'static> {
    let name_width = match width {
        0..WITH_SURE => 12,
        WITH_SURE..WITH_ADDRESS => 14,
        _ => 24,
    };
    let mut line = Line::from(vec![
        time(entry.time, state),
        Span::styled(padded(entry.name(), name_width) + " ", look::tone(Tone::Strong)),
        Span::styled(padded(&title(entry.cause), CAUSE) + " ", look::cause(entry.cause)),
    ]);
    if width >= WITH_SURE {
        let tone = match entry.confidence {
            Confidence::Certain => Tone::Good,
            Confidence::Likely => Tone::Doubt,
            Confidence::Ambiguous => Tone::Faint,
        };
        line.push_span(Span::styled(padded(entry.confidence.slug(), SURE) + " ", look::tone(tone)));
    }
    if entry.more > 0 {
        line.push_span(Span::styled(format!("×{} ", short(entry.more + 1)), look::tone(Tone::Strong)));
    }
    if let Some((cause, confidence)) = entry.was {
        let was = if cause == entry.cause { confidence.slug() } else { cause.title() };
        line.push_span(Span::styled(format!("↻ was {was}; "), look::tone(Tone::Doubt)));
    }
    let room = width.saturating_sub(line.width());
    match entry.ip.as_deref().filter(|_| width >= WITH_ADDRESS && room > ADDRESS + 20) {
        Some(ip) => {
            line.push_span(Span::raw(padded(&entry.why, room - ADDRESS - 1) + " "));
            line.push_span(Span::styled(cut(ip, ADDRESS), look::tone(Tone::Faint)));
        }
        None => line.push_span(Span::raw(cut(&entry.why, room))),
    }
    line
}

fn told(remark: &Remark, state: &State, width: usize) -> Line<'static> {
    let (mark, tone) = if remark.is_bad { ("! ", Tone::Alarm) } else { ("● ", Tone::Plain) };
    let begin = time(remark.time, state);
    let room = width.saturating_sub(begin.width() + 2);
    Line::from(vec![begin, Span::styled(format!("{mark}{}", cut(&remark.text, room)), look::tone(tone))])
}
