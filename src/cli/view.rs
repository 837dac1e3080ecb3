//! The live view of a run in a terminal.
//!
//! Input: what the run tells, and keys. Output: a screen. The run's thread only counts; a thread of the view draws, at most ten times a second
//! and only when something changed, and waits for keys. Log text is made inert when it comes in. Must not know how causes are found.

mod advice;
mod clients;
mod counted;
mod draw;
mod entry;
mod figure;
mod filter;
#[cfg(test)]
mod fixture;
mod keys;
mod look;
mod problem;
mod reread;
mod screen;
mod series;
mod state;
mod stream;
mod tables;
mod text;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use kctriage::alert::Alert;
use kctriage::tally::live::{Gauges, Update};
use kctriage::triage::clock::Zone;

use super::terminal;
use look::Look;
use state::{State, Told};

/// What the view is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// The zone in which times are shown.
    pub zone: Zone,
    /// The lifespan of codes in milliseconds, where it is known.
    pub life_ms: Option<i64>,
    /// Whether to use colours.
    pub colour: bool,
}

/// Whether the terminal's locale can show ASCII only.
#[must_use]
pub fn is_ascii() -> bool {
    look::is_ascii(|name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()))
}

/// What the run and the view's thread share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Something changed since the last drawing.
    changed: AtomicBool,
    /// A person asked for the end.
    wants_end: AtomicBool,
    /// The run is over.
    is_over: AtomicBool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // what a panic left is still good enough to look at
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The live view; the terminal is as it was when this is dropped.
#[derive(Debug)]
pub struct View {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl View {
    /// Takes the terminal and begins to draw.
    ///
    /// # Errors
    ///
    /// When there is no terminal to take; then lines are to be written.
    pub fn start(settings: Settings) -> io::Result<Self> {
        if std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the terminal cannot place text"));
        }
        let look = Look { colour: settings.colour, ascii: is_ascii() };
        let told = Told { zone: settings.zone, life_ms: settings.life_ms };
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(told)),
            changed: AtomicBool::new(true),
            wants_end: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let terminal = screen::take()?;
        let its = Arc::clone(&shared);
        let thread = Builder::new().name("view".to_owned()).spawn(move || screen::run(terminal, look, &its));
        let thread = thread.inspect_err(|_| screen::give_back())?;
        Ok(View { shared, thread: Some(thread) })
    }

    /// Takes in where the files are that findings name.
    pub fn know<'a>(&self, paths: impl Iterator<Item = (&'a str, &'a Path)>) {
        let mut state = self.shared.state();
        for (name, path) in paths {
            state.know(name, path);
        }
    }

    /// Shows an alert that began or ended.
    pub fn alert(&mut self, alert: &Alert) {
        self.shared.state().alert(alert);
        self.shared.changed.store(true, Ordering::Relaxed);
    }

    /// Takes in an update, in the order in which they are told.
    pub fn update(&mut self, update: &Update) {
        self.shared.state().update(update);
        self.shared.changed.store(true, Ordering::Relaxed);
    }

    /// Takes in how the run fares; `now` is the clock in milliseconds since the epoch.
    pub fn tick(&mut self, now: i64, gauges: &Gauges) {
        if self.shared.state().tick(now, gauges) {
            self.shared.changed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a person quits.
    pub fn wants_end(&self) -> bool {
        self.shared.wants_end.load(Ordering::Relaxed) || self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn stop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // of a terminal that hung up the library for keys reads the end for ever: its thread ends with the process
        if let Some(thread) = self.thread.take().filter(|_| !terminal::is_hung_up()) {
            // a thread that panicked has said so, and given the terminal back
            let _ = thread.join();
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
