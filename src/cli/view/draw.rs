//! The state to a screen.
//!
//! From top to bottom: the title; what is wrong now and what to do first; causes and clients; the stream; how the run fares; keys. A page (a failure, a
//! cause, a client, the help) takes the place of all but the title and the last two lines. The heights depend on the size alone, so that nothing jumps.

mod foot;
mod now;
mod page;
mod prose;
mod stream;
mod tables;
mod title;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::look::Look;
use super::state::State;

/// Below this size there is only a message.
const LEAST: (u16, u16) = (40, 10);

/// From this height on there is room to breathe, and from this on for everything.
const ROOMY: u16 = 20;
const LARGE: u16 = 40;

/// From this width on both tables stand beside one another.
const BESIDE: u16 = 72;

/// Draws the state.
pub fn draw(frame: &mut Frame<'_>, state: &mut State, look: Look) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        now::tiny(frame, area, state);
    } else {
        screen(frame, area, state);
    }
    look.fit(frame.buffer_mut());
}

fn screen(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let mut rest = area;
    title::draw(frame, top(&mut rest, 1), state);
    let keys = bottom(&mut rest, 1);
    foot::keys(frame, keys, state);
    foot::health(frame, bottom(&mut rest, 1), state);
    if state.looking.page.is_some() {
        page::draw(frame, rest, state);
        return;
    }
    // grows with what there is, and never shrinks: causes and clients stay
    let large = state.shown().causes.len().max(state.shown().clients.len()).clamp(5, 12);
    let (problems, rows, gap) = match area.height {
        LARGE.. => (9, u16::try_from(large).unwrap_or(5), 1),
        ROOMY..LARGE => (5, 5, 1),
        14..ROOMY => (3, 2, 0),
        _ => (2, 0, 0),
    };
    now::draw(frame, top(&mut rest, problems), state);
    if rows > 0 {
        top(&mut rest, gap);
        let tables = top(&mut rest, rows + 1);
        if tables.width >= BESIDE {
            let left = tables.width * 11 / 20;
            tables::causes(frame, Rect { width: left - 2, ..tables }, state);
            tables::clients(frame, Rect { x: tables.x + left, width: tables.width - left, ..tables }, state);
        } else if state.looking.pane == super::state::Pane::Clients {
            tables::clients(frame, tables, state);
        } else {
            tables::causes(frame, tables, state);
        }
    }
    top(&mut rest, gap);
    stream::draw(frame, rest, state);
}

/// Takes rows off the top of an area.
fn top(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let taken = Rect { height: rows, ..*rest };
    *rest = Rect { y: rest.y + rows, height: rest.height - rows, ..*rest };
    taken
}

/// Takes rows off the bottom of an area.
fn bottom(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    *rest = Rect { height: rest.height - rows, ..*rest };
    Rect { y: rest.y + rest.height, height: rows, ..*rest }
}

/// Writes lines, each cut at the area's width.
fn put(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'_>]) {
    for (y, line) in (area.y..area.y + area.height).zip(lines) {
        frame.buffer_mut().set_line(area.x, y, line, area.width);
    }
}

#[cfg(test)]
mod tests;
