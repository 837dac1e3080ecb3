//! The first line: whether the view is live, how many failures, the time.

use kctriage::report::tone::Tone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::cli::view::figure::{bytes, count, length, moment, short};
use crate::cli::view::look;
use crate::cli::view::state::State;

/// Bytes that are no backlog: a second or so of a busy server.
const BACKLOG: u64 = 1 << 20;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let shown = state.shown();
    let now = shown.now();
    let (mark, style) = mode(state);
    let total = count(shown.all.total(), "failure");
    let since = shown.first.map(|t| format!(" since {}", moment(state.told.zone, t, now))).unwrap_or_default();
    let rate = format!(", {} in the last minute", short(shown.all.per_minute(now)));
    let clock = format!("{} {}", moment(state.told.zone, now, now), state.told.zone);
    let name = Span::styled("kctriage tail  ", Style::new().add_modifier(Modifier::BOLD));
    let mut left = Line::from(vec![name, Span::styled(mark, style), Span::raw(format!("  {total}"))]);
    let wide = usize::from(area.width);
    if left.width() + since.len() <= wide {
        left.push_span(Span::raw(since));
    }
    if left.width() + rate.len() + clock.len() + 2 <= wide {
        left.push_span(Span::raw(rate));
    }
    super::put(frame, area, &[left.clone()]);
    if left.width() + clock.len() + 2 <= wide {
        let x = area.x + area.width - u16::try_from(clock.len()).unwrap_or(area.width);
        frame.buffer_mut().set_string(x, area.y, clock, look::tone(Tone::Faint));
    }
}

/// Says whether what is shown is live.
fn mode(state: &State) -> (String, Style) {
    let shown = state.shown();
    let reversed = look::SELECTED.add_modifier(Modifier::BOLD);
    if state.ending {
        return (" ending, q ends at once ".to_owned(), reversed);
    }
    if let Some(unseen) = state.unseen() {
        return (format!(" paused, {} new ", short(unseen)), reversed);
    }
    if shown.gauges.behind_bytes > BACKLOG {
        return (format!("● catching up, {} to read", bytes(shown.gauges.behind_bytes)), look::tone(Tone::Doubt));
    }
    match shown.behind_ms() {
        Some(ms) if ms > 0 => (format!("● log {} old", length(ms.unsigned_abs())), look::tone(Tone::Doubt)),
        Some(ms) => (format!("● log {} ahead of the clock", length(ms.unsigned_abs())), look::tone(Tone::Doubt)),
        None => ("● live".to_owned(), look::tone(Tone::Good)),
    }
}
