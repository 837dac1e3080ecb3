//! What signals ask of a run that goes on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit code of a run that a second signal ended, as a shell would name it.
const INTERRUPTED: i32 = 130;

/// What signals asked for.
#[derive(Debug, Default)]
pub struct Asked {
    end: Arc<AtomicBool>,
    again: Arc<AtomicBool>,
}

impl Asked {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> io::Result<Self> {
        let asked = Asked::default();
        for signal in [SIGINT, SIGTERM] {
            // the second one ends at once: this runs first, and does nothing before the flag is set
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&asked.end))?;
            flag::register(signal, Arc::clone(&asked.end))?;
        }
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGHUP, Arc::clone(&asked.again))?;
        Ok(asked)
    }

    /// Whether the run is to end.
    pub fn end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Notes that the run ends, whoever asked for it: from now on a signal ends it at once.
    pub fn set(&self) {
        self.end.store(true, Ordering::Relaxed);
    }

    /// Whether files are to be opened and rules to be read again; asked once for each signal.
    pub fn again(&self) -> bool {
        self.again.swap(false, Ordering::Relaxed)
    }
}
