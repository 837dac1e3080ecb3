//! What takes the screen when something is opened; it can be scrolled, and copied with the mouse without any frame around it.

mod cause;
mod client;
mod failure;

use kctriage::report::tone::Tone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::prose::Prose;
use crate::cli::view::keys::HELP;
use crate::cli::view::look;
use crate::cli::view::state::{Page, State};
use crate::cli::view::text::padded;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let height = usize::from(area.height).saturating_sub(1);
    let mut prose = Prose::new(usize::from(area.width));
    match &state.looking.page {
        Some(Page::Failure(entry, lines)) => failure::write(entry, lines.as_deref(), state, &mut prose),
        Some(Page::Cause(cause)) => cause::write(*cause, state, &mut prose),
        Some(Page::Client(key)) => client::write(key, state, &mut prose),
        Some(Page::Help) => help(&mut prose),
        None => {}
    }
    let lines = prose.finish();
    let most = lines.len().saturating_sub(height);
    state.looking.rows = height;
    state.looking.scroll = state.looking.scroll.min(most);
    let mut seen: Vec<Line<'_>> = lines.into_iter().skip(state.looking.scroll).take(height).collect();
    if state.looking.scroll < most {
        seen.push(Line::styled(format!("↓ {} more lines", most - state.looking.scroll), look::tone(Tone::Doubt)));
    }
    super::put(frame, area, &seen);
}

fn help(prose: &mut Prose) {
    prose.heading("Keys");
    let widest = HELP.iter().map(|(keys, _)| keys.width()).max().unwrap_or(0);
    for (keys, what) in HELP {
        prose.item(&format!("  {}  ", padded(keys, widest)), Style::new(), what);
    }
    prose.heading("What is seen");
    for text in [
        "At the top: what fails now, whose, since when, what happened when it began, and what to do first. ▲ goes on.",
        "count: failures in the window; /min: those of the last minute. Each strip has a height of its own, 8 failures at least.",
        "certain: the log excludes every other cause. likely: one fits best. ambiguous: the log cannot tell.",
        "×14: so many within a second. ↻: later lines changed the verdict.",
        "LOST: bytes that were cut away before they could be read.",
    ] {
        prose.item("  - ", Style::new(), text);
    }
}

/// Returns a label and what stands beside it.
fn labelled(label: &str, text: &str) -> Vec<Span<'static>> {
    vec![Span::styled(format!("  {label:9} "), look::tone(Tone::Faint)), Span::raw(text.to_owned())]
}
