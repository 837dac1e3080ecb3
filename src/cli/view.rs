//! The live view of a run in a terminal.
//!
//! Input: what a [`Listener`] is told, and keys. Output: a screen. The run's thread only counts; a thread of the view draws, at most ten times a second
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use kctriage::alert::Alert;
use kctriage::tally::live::{Gauges, Listener, Update};
use kctriage::triage::clock::Zone;

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
        let terminal = ratatui::try_init()?;
        let its = Arc::clone(&shared);
        let thread = Builder::new().name("view".to_owned()).spawn(move || screen::run(terminal, look, &its));
        let thread = thread.inspect_err(|_| ratatui::restore())?;
        Ok(View { shared, thread: Some(thread) })
    }

    /// Shows an alert that began or ended.
    pub fn alert(&mut self, alert: &Alert) {
        self.shared.state().alert(alert);
        self.shared.changed.store(true, Ordering::Relaxed);
    }

    fn stop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // a thread that panicked has said so, and given the terminal back
            let _ = thread.join();
        }
    }
}

impl Listener for View {
    fn update(&mut self, update: &Update) {
        self.shared.state().update(update);
        self.shared.changed.store(true, Ordering::Relaxed);
    }

    fn tick(&mut self, now: i64, gauges: &Gauges) {
        if self.shared.state().tick(now, gauges) {
            self.shared.changed.store(true, Ordering::Relaxed);
        }
    }

    fn wants_end(&self) -> bool {
        self.shared.wants_end.load(Ordering::Relaxed) || self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn finish(&mut self, _now: i64) {
        self.stop();
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
