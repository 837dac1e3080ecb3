//! Causes and clients: how many failures, how fast, and when.

use kctriage::report::tone::Tone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::cli::view::entry::title;
use crate::cli::view::figure::short;
use crate::cli::view::look::{self, SELECTED, bar, strip};
use crate::cli::view::series::Series;
use crate::cli::view::state::{Pane, State};
use crate::cli::view::tables::{cause_rows, client_rows};
use crate::cli::view::text::padded;

/// Columns of a cause, of a count and of a rate.
const CAUSE: usize = 23;
const COUNT: usize = 7;
const RATE: usize = 5;

/// From this width on there is room for more than name, count, rate and strip.
const WIDE: usize = 80;

/// Columns of a bar.
const BAR: usize = 16;

/// The widest strip: a column for every bucket of the shorter window.
const STRIP: usize = 60;

/// Returns the line above a table.
fn heading(name: &str, is_focused: bool, width: usize, columns: &str, strip: usize, state: &State) -> Line<'static> {
    let window = match (state.window_ms() > 600_000, strip) {
        (true, ..9) => "1 h",
        (true, _) => "last hour",
        (false, ..11) => "10 min",
        (false, _) => "last 10 min",
    };
    let sort = if is_focused { format!(", by {}", state.looking.sort.word()) } else { String::new() };
    let label = format!(" {name} ");
    let used = label.chars().count();
    let left = width.saturating_sub(used + strip + 1 + columns.len());
    let faint = look::tone(Tone::Faint);
    let style = if is_focused { SELECTED } else { look::tone(Tone::Strong) };
    let mut spans = vec![Span::styled(label, style), Span::styled(padded(&sort, left), faint), Span::styled(columns.to_owned(), faint)];
    spans.push(Span::styled(format!(" {}", padded(window, strip)), faint));
    Line::from(spans)
}

/// A count and a rate, as all tables have them.
fn figures(count: u64, series: &Series, now: i64) -> String {
    let rate = series.per_minute(now);
    let rate = if rate == 0 { "·".to_owned() } else { short(rate) };
    format!("{:>COUNT$}{rate:>RATE$}", short(count))
}

/// Returns the first row to show so that the selected one is seen.
fn first(selected: Option<usize>, rows: usize) -> usize {
    selected.map_or(0, |s| (s + 1).saturating_sub(rows))
}

pub(super) fn causes(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (width, rows) = (usize::from(area.width), usize::from(area.height).saturating_sub(1));
    let is_focused = state.looking.pane == Pane::Causes;
    let (now, window) = (state.shown().now(), state.window_ms());
    let all = cause_rows(state);
    let is_wide = width >= WIDE;
    let fixed = if is_wide { CAUSE + 9 + COUNT + RATE + 1 + BAR } else { CAUSE + COUNT + RATE };
    let strip_width = width.saturating_sub(fixed + 1).min(STRIP);
    let columns =
        if is_wide { format!("{:>9}{:>COUNT$}{:>RATE$} {:BAR$}", "clients", "count", "/min", "") } else { format!("{:>COUNT$}{:>RATE$}", "count", "/min") };
    let mut lines = vec![heading("causes", is_focused, fixed + 1 + strip_width, &columns, strip_width, state)];
    let most = all.iter().map(|r| r.count).max().unwrap_or(0);
    let selected = all.iter().position(|r| is_focused && state.looking.cause == Some(r.cause));
    for (index, row) in all.iter().enumerate().skip(first(selected, rows)).take(rows) {
        let style = look::cause(row.cause);
        let mut spans = vec![Span::styled(padded(&title(row.cause), CAUSE), style)];
        if is_wide {
            spans.push(Span::raw(format!("{:>9}", short(row.clients))));
        }
        spans.push(Span::raw(figures(row.count, row.series, now)));
        if is_wide {
            spans.push(Span::styled(format!(" {}", padded(&bar(row.count, most, BAR), BAR)), style));
        }
        spans.push(Span::styled(format!(" {}", strip(&row.series.columns(now, window, strip_width))), style));
        lines.push(marked(spans, selected == Some(index)));
    }
    super::put(frame, area, &lines);
}

pub(super) fn clients(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (width, rows) = (usize::from(area.width), usize::from(area.height).saturating_sub(1));
    let is_focused = state.looking.pane == Pane::Clients;
    let (now, window) = (state.shown().now(), state.window_ms());
    let all = client_rows(state);
    let is_wide = width >= WIDE;
    let name_width = if is_wide { 24 } else { width.saturating_sub(COUNT + RATE + 1 + 8).min(24) };
    let fixed = name_width + COUNT + RATE + if is_wide { 1 + CAUSE } else { 0 };
    let strip_width = width.saturating_sub(fixed + 1).min(STRIP);
    let main = if is_wide { format!(" {:CAUSE$}", "mostly") } else { String::new() };
    let columns = format!("{main}{:>COUNT$}{:>RATE$}", "count", "/min");
    let mut lines = vec![heading("clients", is_focused, fixed + 1 + strip_width, &columns, strip_width, state)];
    let selected = all.iter().position(|r| is_focused && state.looking.client.as_ref() == Some(r.key));
    // the last row says what the others would hold
    let shown_rows = if all.len() > rows { rows.saturating_sub(1) } else { rows };
    let begin = first(selected, shown_rows);
    for (index, row) in all.iter().enumerate().skip(begin).take(shown_rows) {
        let main = row.client.main_cause();
        let mut spans = vec![Span::raw(padded(row.key.1.as_deref().unwrap_or("(no client)"), name_width))];
        if let Some(cause) = main.filter(|_| is_wide) {
            spans.push(Span::styled(format!(" {}", padded(&title(cause), CAUSE)), look::cause(cause)));
        }
        spans.push(Span::raw(figures(row.count, &row.client.series, now)));
        spans.push(Span::styled(format!(" {}", strip(&row.client.series.columns(now, window, strip_width))), main.map(look::cause).unwrap_or_default()));
        lines.push(marked(spans, selected == Some(index)));
    }
    let hidden = all.len().saturating_sub(begin + shown_rows) as u64 + state.shown().clients.forgotten;
    if all.len() > rows {
        lines.push(Line::styled(format!("and {} more", short(hidden)), look::tone(Tone::Faint)));
    }
    super::put(frame, area, &lines);
}

/// Returns a row, reversed where it is selected.
fn marked(spans: Vec<Span<'static>>, is_selected: bool) -> Line<'static> {
    let line = Line::from(spans);
    if is_selected { line.patch_style(SELECTED) } else { line.patch_style(Style::new()) }
}
