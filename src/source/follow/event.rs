//! What a follower tells: lines, and what happened to the files that they come from.
//!
//! Output of [`super::Follower`]. Must not know what a line means.

use std::fmt;
use std::sync::Arc;

use super::mark::Mark;
use crate::source::Dropped;

/// Something that a follower tells.
#[derive(Debug)]
pub enum Event {
    /// Lines.
    Lines(Arrival),
    /// Something happened to what is followed.
    Word(Word),
}

/// Whole lines of one stream, in order.
#[derive(Debug)]
pub struct Arrival {
    /// The stream's number: that of the node, from 0, as long as the follower lives.
    pub stream: usize,
    /// The node's name, unless its records name a host.
    pub node: Arc<str>,
    /// The file, as outputs name it.
    pub source: Arc<str>,
    /// Which of the path's files it is: grows with each rotation and each truncation.
    pub generation: u64,
    /// Lines of that file before this arrival.
    pub line: u64,
    /// Where the first of the bytes lies in the file.
    pub offset: u64,
    /// The bytes: whole lines, each with its line feed unless `open`.
    pub bytes: Vec<u8>,
    /// The last line has no line feed, and the file is finished: it is a whole line or the beginning of one whose rest is in the next file.
    pub open: bool,
    /// Bytes that were taken out: holes, and what over-long lines had beyond the longest one.
    pub dropped: Dropped,
    /// Line feeds in the bytes that the file does not have: a hole ended a line.
    pub breaks: u64,
    /// Where the file is read on once these lines are taken in; `None` where that cannot be said: of standard input and commands.
    pub after: Option<Mark>,
}

/// Something that happened to what is followed.
#[derive(Debug)]
pub struct Word {
    /// The file, as outputs name it.
    pub source: Arc<str>,
    /// The stream that it belongs to, where it has one.
    pub stream: Option<usize>,
    /// What.
    pub what: What,
    /// Where files are read on from now on, where that changed.
    pub marks: Vec<Mark>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A file is followed from now on.
    Appeared,
    /// Another file stands at the path now.
    Rotated,
    /// A file that is not written any more was read to its end.
    Finished,
    /// The file was cut to be written again.
    Truncated {
        /// Bytes that were seen and could not be read; `None` where nobody looked. What was written in the moment before the truncation is never seen.
        lost: Option<u64>,
    },
    /// Between what was read before and what is read now lines are missing.
    Gap {
        /// How many bytes are known to be among them.
        at_least: u64,
    },
    /// Nothing stands at the path yet; it is waited for.
    Absent,
    /// Nothing stands at the path any more; it is waited for.
    Gone,
    /// It cannot be read for now; it is tried again.
    Unreadable(String),
    /// It can be read again.
    Back,
    /// It is nothing that can be followed.
    Refused(String),
    /// A file could not be read to its end.
    Damaged(String),
    /// What a command said on its standard error.
    Said(String),
    /// Standard input or a command ended; a command is started again.
    Ended(String),
    /// The system does not tell about changes: files are looked at in turn.
    Polling(String),
}

impl What {
    /// Returns how many bytes are lost for good, where that can be said.
    #[must_use]
    pub fn lost(&self) -> Option<u64> {
        match self {
            What::Truncated { lost } => *lost,
            What::Gap { at_least } => Some(*at_least),
            _ => None,
        }
    }

    /// Whether lines are missing or may be: a run that saw it is not complete.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self, What::Truncated { lost: None | Some(1..) } | What::Gap { .. } | What::Damaged(_))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Appeared => f.write_str("is followed from now on"),
            What::Rotated => f.write_str("was rotated: another file is there now"),
            What::Finished => f.write_str("was read to its end"),
            What::Truncated { lost: Some(0) } => {
                f.write_str("was truncated; all that was seen of it was read, what was written in the moment before is not known")
            }
            What::Truncated { lost: Some(n) } => write!(f, "was truncated before it was read: {n} bytes that were seen are lost"),
            What::Truncated { lost: None } => f.write_str("was truncated while nobody read it: what was written before may be lost"),
            What::Gap { at_least: 0 } => f.write_str("lines may be missing: the file that was read last is gone"),
            What::Gap { at_least } => write!(f, "lines are missing: the file that was read last is gone, at least {at_least} bytes of it were not read"),
            What::Absent => f.write_str("is not there yet; it is waited for"),
            What::Gone => f.write_str("is gone; it is waited for"),
            What::Unreadable(why) => write!(f, "cannot be read: {why}; it is tried again"),
            What::Back => f.write_str("can be read again"),
            What::Refused(why) => write!(f, "is not followed: {why}"),
            What::Damaged(why) => write!(f, "could not be read to its end: {why}"),
            What::Said(text) => f.write_str(text),
            What::Ended(why) => f.write_str(why),
            What::Polling(why) => write!(f, "the system does not tell about changes ({why}): files are looked at in turn"),
        }
    }
}
