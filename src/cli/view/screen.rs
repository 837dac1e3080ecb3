//! The thread that draws and waits for keys.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;

use super::Shared;
use super::draw::draw;
use super::keys::{action, pressed};
use super::look::Look;
use super::state::Effect;

/// The shortest time between two drawings that nobody asked for by a key.
const FRAME: Duration = Duration::from_millis(100);

/// The exit code of a program that ends at once: 128 and the number of SIGINT.
const AT_ONCE: i32 = 130;

/// Takes the terminal. What is pasted comes as one text and not as keys: a word with a q in it must not end the run.
pub(super) fn take() -> io::Result<DefaultTerminal> {
    let terminal = ratatui::try_init()?;
    execute!(io::stdout(), EnableBracketedPaste).inspect_err(|_| ratatui::restore())?;
    Ok(terminal)
}

/// Gives the terminal back; where that fails there is none any more.
pub(super) fn give_back() {
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    ratatui::restore();
}

/// Draws until the run is over; then gives the terminal back.
pub(super) fn run(mut terminal: DefaultTerminal, look: Look, shared: &Shared) {
    // a terminal that can no longer be written or read has gone, and the run with it
    let _ = frames(&mut terminal, look, shared);
    shared.wants_end.store(true, Ordering::Relaxed);
    give_back();
}

fn frames(terminal: &mut DefaultTerminal, look: Look, shared: &Shared) -> io::Result<()> {
    let mut drawn: Option<Instant> = None;
    while !shared.is_over.load(Ordering::Relaxed) {
        let is_due = drawn.is_none_or(|d| d.elapsed() >= FRAME);
        if is_due && shared.changed.swap(false, Ordering::Relaxed) {
            // the state is free again before the terminal is written to, which can take long
            terminal.draw(|frame| draw(frame, &mut shared.state(), look))?;
            drawn = Some(Instant::now());
        }
        if !event::poll(FRAME)? {
            continue;
        }
        match event::read()? {
            Event::Key(key) => {
                for key in pressed(key) {
                    let effect = {
                        let mut state = shared.state();
                        let is_typing = state.looking.typed.is_some();
                        action(key, is_typing).map_or(Effect::None, |a| state.act(a))
                    };
                    obey(effect, terminal, shared)?;
                }
            }
            Event::Paste(text) => shared.state().paste(&text),
            Event::Resize(..) => {}
            _ => continue,
        }
        shared.changed.store(true, Ordering::Relaxed);
        drawn = None;
    }
    Ok(())
}

fn obey(effect: Effect, terminal: &mut DefaultTerminal, shared: &Shared) -> io::Result<()> {
    match effect {
        Effect::None => {}
        Effect::Reread(wanted) => {
            // without the state: counting goes on while a large file is read
            if let Some(read) = wanted.read() {
                shared.state().reread(&wanted.id, read);
            }
        }
        Effect::Redraw => terminal.clear()?,
        Effect::Suspend => {
            give_back();
            signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
            *terminal = take()?;
        }
        Effect::End => shared.wants_end.store(true, Ordering::Relaxed),
        Effect::EndNow => {
            give_back();
            std::process::exit(AT_ONCE);
        }
    }
    Ok(())
}
