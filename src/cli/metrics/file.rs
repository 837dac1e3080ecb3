//! Metrics in a file that another program reads whole: `node_exporter`'s textfile collector.
//!
//! The file is replaced by a rename within its folder, so that no reader sees half of it, also when two runs write the same one. A disk that is slow holds up
//! the thread that writes, not the run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kctriage::report::prometheus::Form;

use super::super::target::{self, Readers};
use super::board::Board;

/// How often it is written: as often as Prometheus asks `node_exporter`, as a rule.
const EVERY: Duration = Duration::from_secs(15);

/// How soon it is looked for the first reading.
const SOON: Duration = Duration::from_millis(100);

/// Writes.
pub struct Writer {
    end: Sender<()>,
    thread: JoinHandle<()>,
    /// What a person should know.
    notes: Receiver<String>,
}

impl Writer {
    /// Begins.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(path: PathBuf, board: Arc<Board>) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let (tell, notes) = mpsc::channel();
        let work = move || {
            let (mut told, mut wait) = (false, SOON);
            loop {
                let is_over = ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
                match write(&path, &board) {
                    None => {}
                    Some(Ok(())) => (told, wait) = (false, EVERY),
                    Some(Err(error)) => {
                        wait = EVERY;
                        if !std::mem::replace(&mut told, true) {
                            let _ = tell.send(format!("{} cannot be written: {error}; it is tried again", path.display()));
                        }
                    }
                }
                if is_over {
                    return;
                }
            }
        };
        Ok(Writer { end, thread: thread::Builder::new().name("metrics-file".to_owned()).spawn(work)?, notes })
    }

    /// Returns what a person should know.
    pub fn notes(&self) -> Vec<String> {
        self.notes.try_iter().collect()
    }

    /// Writes the newest reading and ends.
    pub fn finish(self) {
        drop(self.end);
        // a thread that panicked has nothing more to write
        let _ = self.thread.join();
    }
}

fn write(path: &Path, board: &Board) -> Option<Result<(), target::TargetError>> {
    let page = board.page(Form::Text, false)?;
    Some(target::write(path, Readers::All, |out| out.write_all(&page)))
}
