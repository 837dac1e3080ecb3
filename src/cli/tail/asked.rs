//! What signals ask of a run that goes on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
        listen(Arc::clone(&asked.end), Arc::clone(&asked.again))?;
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

/// Waits for signals in a thread, which ends with the process.
#[cfg(unix)]
fn listen(end: Arc<AtomicBool>, again: Arc<AtomicBool>) -> io::Result<()> {
    use std::time::{Duration, Instant};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;

    // `timeout` and its like send one signal to the process and once more to its group
    const SAME: Duration = Duration::from_millis(200);

    // SIGXFSZ would end the run where a file may not grow: as it is, writing the state fails, and that is told
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGXFSZ])?;
    let mut last: Option<Instant> = None;
    let wait = move || {
        for signal in signals.forever() {
            if signal == SIGHUP {
                again.store(true, Ordering::Relaxed);
            } else if signal != SIGXFSZ && last.is_none_or(|at| at.elapsed() > SAME) {
                if end.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED);
                }
                last = Some(Instant::now());
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

#[cfg(not(unix))]
fn listen(end: Arc<AtomicBool>, _: Arc<AtomicBool>) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    for signal in [SIGINT, SIGTERM] {
        // the second one ends at once: this runs first, and does nothing before the flag is set
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&end))?;
        flag::register(signal, Arc::clone(&end))?;
    }
    Ok(())
}
