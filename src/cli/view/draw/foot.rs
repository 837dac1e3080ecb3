//! The last two lines: how the run fares, and the keys.

use kctriage::report::tone::Tone;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::cli::view::figure::{bytes, count, length};
use crate::cli::view::look;
use crate::cli::view::state::{Page, State};

/// Milliseconds that a live log may lag behind.
const LAG_MS: i64 = 2000;

/// Draws how the run fares: what is bad first, and from the right is dropped what does not fit.
pub(super) fn health(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let mut line = Line::default();
    for (tone, text) in facts(state) {
        let gap = if line.spans.is_empty() { "" } else { " · " };
        if line.width() + gap.len() + text.width() > usize::from(area.width) {
            break;
        }
        line.push_span(Span::styled(gap, look::tone(Tone::Faint)));
        line.push_span(Span::styled(text, look::tone(tone)));
    }
    super::put(frame, area, &[line]);
}

fn facts(state: &State) -> Vec<(Tone, String)> {
    let shown = state.shown();
    let g = &shown.gauges;
    let mut bad = Vec::new();
    if !shown.alerts.is_empty() {
        bad.push((Tone::Alarm, count(shown.alerts.len() as u64, "alert")));
    }
    if g.alerts.failed + g.alerts.dropped > 0 {
        bad.push((Tone::Alarm, format!("{} not delivered", count(g.alerts.failed + g.alerts.dropped, "alert"))));
    }
    if g.lost_bytes > 0 {
        bad.push((Tone::Alarm, format!("{} LOST", bytes(g.lost_bytes))));
    }
    if g.state_failures > 0 {
        bad.push((Tone::Alarm, format!("state not written ({} times)", g.state_failures)));
    }
    if g.damaged_bytes > 0 {
        bad.push((Tone::Doubt, format!("{} damaged", bytes(g.damaged_bytes))));
    }
    let mut facts = bad;
    facts.push((Tone::Faint, count(g.files, "file")));
    facts.push((Tone::Faint, format!("{}/s", bytes(shown.speed))));
    facts.push(match g.behind_bytes {
        0 => (Tone::Faint, "all read".to_owned()),
        n => (Tone::Faint, format!("{} behind", bytes(n))),
    });
    if let Some(lag) = g.lag_ms.filter(|lag| *lag > LAG_MS && shown.behind_ms().is_none()) {
        facts.push((Tone::Doubt, format!("lag {}", length(lag.unsigned_abs()))));
    }
    if let Some(age) = g.state_age_ms {
        facts.push((Tone::Faint, format!("state {} old", length(age))));
    }
    if g.held > 0 {
        facts.push((Tone::Faint, format!("{} held", g.held)));
    }
    facts.push((Tone::Faint, count(g.rotations, "rotation")));
    if g.truncations > 0 {
        facts.push((Tone::Faint, count(g.truncations, "truncation")));
    }
    facts.push((Tone::Faint, count(g.records, "record")));
    if g.unparsed_lines > 0 {
        facts.push((Tone::Faint, format!("{} not understood", count(g.unparsed_lines, "line"))));
    }
    if g.lost_bytes == 0 {
        facts.push((Tone::Faint, "nothing lost".to_owned()));
    }
    if g.polling {
        facts.push((Tone::Faint, "polling".to_owned()));
    }
    facts
}

/// Draws the keys of what is on the screen, or the filter that is typed.
pub(super) fn keys(frame: &mut Frame<'_>, area: Rect, state: &State) {
    if let Some(typed) = &state.looking.typed {
        let text = format!("/{typed}");
        let x = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
        super::put(frame, area, &[Line::from(vec![Span::raw(text), Span::styled("   Enter keeps it, Esc ends typing", look::tone(Tone::Faint))])]);
        frame.set_cursor_position(Position { x: area.x + x, y: area.y });
        return;
    }
    let keys: &[(&str, &str)] = match &state.looking.page {
        Some(Page::Failure(..)) => &[("Esc", "back"), ("↑↓", "scroll"), ("Enter", "this cause"), ("f", "only this client"), ("q", "quit")],
        Some(Page::Cause(_)) => &[("Esc", "back"), ("↑↓", "scroll"), ("f", "only this cause"), ("q", "quit")],
        Some(Page::Client(_)) => &[("Esc", "back"), ("↑↓", "scroll"), ("f", "only this client"), ("q", "quit")],
        Some(Page::Help) => &[("Esc", "back"), ("q", "quit")],
        None => &[
            ("Enter", "why"),
            ("/", "filter"),
            ("Space", "pause"),
            ("Tab", "pane"),
            ("?", "help"),
            ("q", "quit"),
            ("↑↓", "move"),
            ("s", "sort"),
            ("w", "window"),
        ],
    };
    let mut line = Line::default();
    for (key, what) in keys {
        if line.width() + key.width() + what.width() + 1 > usize::from(area.width) {
            break;
        }
        line.push_span(Span::styled(*key, look::tone(Tone::Strong)));
        line.push_span(Span::styled(format!(" {what}  "), look::tone(Tone::Faint)));
    }
    super::put(frame, area, &[line]);
}
