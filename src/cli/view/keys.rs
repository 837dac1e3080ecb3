//! Keys to actions.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Moves up or down by so many rows.
    Move(i32),
    /// Moves up or down by so many screens.
    Turn(i32),
    First,
    Last,
    NextPane,
    PreviousPane,
    Open,
    Back,
    /// Begins to type a filter.
    Filter,
    /// Narrows the stream to the selected row's cause or client.
    FilterByRow,
    Type(char),
    Erase,
    Clear,
    Accept,
    Pause,
    Sort,
    Window,
    Help,
    /// Explains one of the nine causes.
    Explain(u8),
    Redraw,
    Suspend,
    Quit,
}

/// The keys with what they do, as the help shows them.
pub const HELP: [(&str, &str); 14] = [
    ("↑ ↓, j k", "move; in the stream this holds it still, End follows again"),
    ("PgUp PgDn, g G", "a screen up or down, to the first, to the last"),
    ("Tab, ← →", "next pane, pane before"),
    ("Enter", "open: evidence, how to verify, how to fix"),
    ("Esc", "back; clears the filter"),
    ("1 … 9", "what a cause means"),
    ("/", "filter the stream: words, or client: cause: realm: ip: node: sure:"),
    ("f", "filter by the selected cause or client"),
    ("Space", "pause: the display stops, counting goes on"),
    ("s", "sort the tables: failures, rate, latest, name"),
    ("w", "the last 10 minutes, or the last hour"),
    ("?", "this help"),
    ("Ctrl-L, Ctrl-Z", "draw anew; to the shell and back with fg"),
    ("q, Ctrl-C", "quit, with the state written; a second time at once"),
];

/// Returns the keys that were pressed: where Esc and another come at once, a terminal cannot say that from Alt, which means nothing here.
pub fn pressed(key: KeyEvent) -> impl Iterator<Item = KeyEvent> {
    let is_both = key.modifiers.contains(KeyModifiers::ALT) && key.kind != KeyEventKind::Release;
    let escape = is_both.then(|| KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    escape.into_iter().chain([KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key }])
}

/// Returns what a key asks for; letters are text while a filter is `typed`.
pub fn action(key: KeyEvent, typed: bool) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Action::Quit),
            KeyCode::Char('l') => Some(Action::Redraw),
            KeyCode::Char('z') => Some(Action::Suspend),
            KeyCode::Char('u') if typed => Some(Action::Clear),
            KeyCode::Char('h') if typed => Some(Action::Erase),
            KeyCode::Char('u' | 'b') => Some(Action::Turn(-1)),
            KeyCode::Char('d' | 'f') => Some(Action::Turn(1)),
            _ => None,
        };
    }
    if typed {
        return match key.code {
            KeyCode::Char(c) => Some(Action::Type(c)),
            KeyCode::Backspace => Some(Action::Erase),
            KeyCode::Enter => Some(Action::Accept),
            KeyCode::Esc => Some(Action::Back),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Up | KeyCode::Char('k') => Action::Move(-1),
        KeyCode::Down | KeyCode::Char('j') => Action::Move(1),
        KeyCode::PageUp | KeyCode::Char('b') => Action::Turn(-1),
        KeyCode::PageDown => Action::Turn(1),
        KeyCode::Home | KeyCode::Char('g') => Action::First,
        KeyCode::End | KeyCode::Char('G') => Action::Last,
        KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => Action::NextPane,
        KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => Action::PreviousPane,
        KeyCode::Enter => Action::Open,
        KeyCode::Esc | KeyCode::Backspace => Action::Back,
        KeyCode::Char('/') => Action::Filter,
        KeyCode::Char('f') => Action::FilterByRow,
        KeyCode::Char(' ' | 'p') => Action::Pause,
        KeyCode::Char('s') => Action::Sort,
        KeyCode::Char('w') => Action::Window,
        KeyCode::Char('?') | KeyCode::F(1) => Action::Help,
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Char(c @ '1'..='9') => Action::Explain(u8::try_from(c).unwrap_or(b'0') - b'0'),
        _ => return None,
    })
}
