//! Inputs to chunks of bytes.
//!
//! Input: paths that a person typed. Output: [`Stream`]s, one a node, and from each its [`Chunk`]s in order: whole lines, joined where a rotation
//! cut one in two. Must not know what a line means beyond whether a record begins there.
//!
//! ```no_run
//! let grammar = kctriage::pipeline::Lines::default();
//! let found = kctriage::source::discover(&["server.log".into()], &kctriage::source::Find::default(), &grammar);
//! for stream in found.streams {
//!     let mut reader = kctriage::source::Unwrapped::open(&stream, 1 << 20, &grammar);
//!     while let Some(chunk) = reader.next() { let _ = chunk; }
//! }
//! ```

mod ahead;
mod archive;
mod blocks;
mod buffers;
pub mod checkpoint;
mod cut;
mod damage;
mod decode;
mod discover;
mod find;
mod folder;
pub mod follow;
mod kept;
mod kin;
mod marks;
mod object;
mod place;
mod reader;
mod same;
mod tar;
pub mod unwrap;
mod unwrapped;

use std::io::{self, Read};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

pub use archive::{ArchiveSource, Each, Member};
pub use cut::Dropped;
pub use damage::Damage;
pub use decode::Packing;
pub use discover::discover;
pub use find::Find;
pub use kin::{SLACK_MS, is_apart, streams};
pub use marks::{Mark, Marks};
pub use object::Object;
pub use place::{Pipe, Place, Sum};
pub use reader::{Bounds, Chunk, Reader, meets};
pub use same::{digest, is_telling};
pub use unwrap::{Document, Payload, Unwrapper, Wrapping};
pub use unwrapped::{Gathered, Lines, Rows, Unwrapped};

/// What the cutting needs to know of the lines: the stages to the right say it.
pub trait Grammar: Sync {
    /// Whether a record begins on this line.
    fn begins_record(&self, line: &[u8]) -> bool;
    /// Whether a source's last line, which has no line feed, can be a whole one.
    fn is_whole(&self, line: &[u8]) -> bool;
    /// The first time of a record in these bytes, milliseconds since the epoch.
    fn first_time(&self, bytes: &[u8]) -> Option<i64>;
    /// What a source that begins with these bytes is wrapped in; `None` where its lines are bare. `whole` says that there are no more.
    fn wrapping(&self, head: &[u8], whole: bool) -> Option<Wrapping>;
    /// Whether bare lines that begin with these bytes have the newest first, as where somebody turned a log around.
    fn is_newest_first(&self, head: &[u8]) -> bool;
    /// Returns what takes that wrapper off; `None` for one that is not known.
    fn unwrapper(&self, wrapping: &Wrapping) -> Option<Unwrapper>;
}

/// One input.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where its bytes are.
    pub place: Place,
    /// Its path, that of the archive first for a member of one; `None` for standard input.
    pub path: Option<PathBuf>,
    /// How outputs name it.
    pub name: String,
    /// Its size in bytes as it lies there, where it is known.
    pub size: u64,
    /// Something has to be unpacked: it is read in a thread of its own.
    pub packed: bool,
    /// When it was last written.
    pub modified: Option<DateTime<Utc>>,
    /// The first time of a record near its beginning, milliseconds since the epoch.
    pub first: Option<i64>,
    /// A person named this very file, it was not found in a folder.
    pub named: bool,
    /// What its lines are wrapped in; `None` where they are bare.
    pub wrapping: Option<Wrapping>,
    /// Its lines are bare, and the newest comes first.
    pub newest_first: bool,
}

impl Source {
    /// Opens its text: compression is taken off and UTF-16 turned into UTF-8. What fails to be read later says with a [`Damage`] how far it came.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let text = decode::open(&self.place)?;
        let archive = |what: &str| io::Error::new(io::ErrorKind::Unsupported, format!("is a {what} in a pipe, which is not read; save it to a file first"));
        match text.kind {
            decode::Kind::Zip => Err(archive("zip")),
            decode::Kind::Tar => Err(archive("tar")),
            _ => Ok(text.read),
        }
    }
}

/// The inputs of one node, oldest first.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The node's name, unless its records name a host.
    pub node: String,
    /// Its inputs.
    pub sources: Vec<Source>,
}

impl Stream {
    /// Whether it has to be read to its end before its lines are in order.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.sources.iter().any(|s| matches!(s.place, Place::Walked(_)) || s.newest_first || s.wrapping.as_ref().is_some_and(|w| w.mixed))
    }
}

/// What is wrong with an input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be opened or read.
    #[error("{path}: cannot be read: {error}")]
    Unreadable {
        /// Which.
        path: String,
        /// The system's word.
        error: std::io::Error,
    },
    /// It cannot be read on from some place.
    #[error("{path}: {damage}")]
    Damaged {
        /// Which.
        path: String,
        /// Where and why.
        damage: Damage,
    },
    /// It is no file and no folder.
    #[error("{path}: is neither a file nor a folder")]
    NoFile {
        /// Which.
        path: String,
    },
    /// A folder or an archive in which nothing is wanted.
    #[error("{path}: holds no file that {}; name the files themselves", if *by_glob { "matches --glob" } else { LIKE_A_LOG })]
    NoLogs {
        /// Which.
        path: String,
        /// A pattern says what is wanted.
        by_glob: bool,
    },
    /// A pattern that matches nothing.
    #[error("{pattern}: matches no file")]
    NoMatch {
        /// Which.
        pattern: String,
    },
    /// Something in a folder that is no log.
    #[error("{path}: skipped: {why}")]
    Skipped {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// The same content was given before.
    #[error("{path}: the same as {first}, counted once (--no-dedup counts both)")]
    Same {
        /// Which.
        path: String,
        /// What it is the same as.
        first: String,
    },
    /// Failures that another input has, too.
    #[error("{path}: {failures} of its failures are in {first}, too, and counted once (--no-dedup counts both)")]
    Copies {
        /// Which.
        path: String,
        /// Where they were before.
        first: String,
        /// How many.
        failures: u64,
    },
    /// A zip that cannot be read backwards.
    #[error(
        "{path}: a zip cannot be read from a pipe or from inside another archive or a store, since the list of its members is at its end; save it to a file first"
    )]
    Zip {
        /// Which.
        path: String,
    },
    /// An archive of too many members.
    #[error("{path}: holds too many members; {}", if *members == 0 { "none was read".to_owned() } else { format!("the first {members} were read") })]
    Crowded {
        /// Which.
        path: String,
        /// How many were read.
        members: usize,
    },
    /// A URL, and nothing that could read it.
    #[error("{path}: this kctriage was built without object stores: cargo install --path . --features cloud")]
    NoStores {
        /// Which.
        path: String,
    },
    /// Archives within archives.
    #[error("{path}: lies in more than {depth} archives; unpack the outer ones first")]
    Nested {
        /// Which.
        path: String,
        /// How many are walked.
        depth: usize,
    },
}

/// What is read of a folder.
const LIKE_A_LOG: &str = "is named like a log (*.log, *.log.*, *.txt, *.out, *.json, *.jsonl, *.zip, *.tar.*)";

impl Problem {
    /// Whether nothing is lost by it: it is worth a word, and no failure.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        matches!(self, Problem::Same { .. } | Problem::Copies { .. } | Problem::Skipped { .. })
    }

    /// Returns which input it is about: what its words begin with.
    #[must_use]
    pub fn input(&self) -> &str {
        match self {
            Problem::NoMatch { pattern } => pattern,
            Problem::Unreadable { path, .. }
            | Problem::Damaged { path, .. }
            | Problem::NoFile { path }
            | Problem::NoLogs { path, .. }
            | Problem::Skipped { path, .. }
            | Problem::Same { path, .. }
            | Problem::Copies { path, .. }
            | Problem::Zip { path }
            | Problem::Crowded { path, .. }
            | Problem::NoStores { path }
            | Problem::Nested { path, .. } => path,
        }
    }

    /// Says what an error means for an input.
    #[must_use]
    pub fn of(path: String, error: io::Error) -> Self {
        match Damage::of(&error) {
            Some(damage) => Problem::Damaged { path, damage: damage.clone() },
            None => Problem::Unreadable { path, error },
        }
    }
}

/// What was found for the paths that were typed.
#[derive(Debug, Default)]
pub struct Found {
    /// The streams, by node name.
    pub streams: Vec<Stream>,
    /// Archives that have to be walked: their members belong to the streams, too.
    pub archives: Vec<ArchiveSource>,
    /// What could not be used.
    pub problems: Vec<Problem>,
    /// What was looked for.
    pub find: Find,
}
