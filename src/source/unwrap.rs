//! What takes a wrapper off: the seam between bytes and what the stages to the right know of lines.
//!
//! Input: the text of a source that something else wrote around Keycloak's own lines (a container runtime, the journal, a log store's export).
//! Output: [`Payload`]s, the lines inside, each with its place and what the wrapper says of it. The wrappers themselves are
//! [`crate::record`]'s; here is only what the reading needs to know of them.

use std::io::{self, BufRead};

/// One entry of a wrapped source: a line of Keycloak's, or several where the wrapper keeps a record's lines together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The pod, container or host that the wrapper names.
    pub node: Option<&'a [u8]>,
    /// When the wrapper says that it was written or received, milliseconds since the epoch; `None` where it names no time, or one without
    /// a year or zone.
    pub time: Option<i64>,
    /// The line of the source that it begins on, from 1.
    pub line: u64,
    /// The text without its last line feed; may hold line feeds.
    pub text: &'a [u8],
}

/// Takes what was unwrapped.
pub type Sink<'s> = &'s mut dyn FnMut(Payload<'_>);

/// A wrapper that is a line each: a prefix, or one JSON object a line.
pub trait Lines: Send {
    /// Takes in the next line of the source, without its line feed; `number` counts from 1. A part of a line that was split is held until
    /// its last part comes.
    fn take(&mut self, line: &[u8], number: u64, out: Sink<'_>);

    /// Ends the source: lets go what was held.
    fn finish(&mut self, out: Sink<'_>);

    /// Whether a wrapped line begins here: what follows a cut can be told from the rest of a line by it.
    fn begins(&self, line: &[u8]) -> bool;

    /// Whether a last line without a line feed can be a whole one.
    fn is_whole(&self, line: &[u8]) -> bool;

    /// Returns one that reads other lines of the source as if nothing stood before them; `None` where that cannot be told from how it would be with it.
    fn fork(&self) -> Option<Box<dyn Lines>>;

    /// Whether the lines so far say nothing of those behind them that one which was forked would not know, unless that asks for it.
    fn is_free(&self) -> bool;

    /// Whether one that was forked asked for a line before its first.
    fn asks_back(&self) -> bool;
}

/// A wrapper that has to be read from its beginning: a JSON document, CSV, frames with lengths.
pub trait Document: Send {
    /// Reads it all.
    ///
    /// # Errors
    /// When the input cannot be read, or is no such document from some place on; what came before was handed out.
    fn read(&mut self, input: &mut dyn BufRead, out: Sink<'_>) -> io::Result<()>;
}

/// A wrapper at work.
pub enum Unwrapper {
    /// Line by line.
    Lines(Box<dyn Lines>),
    /// As a whole.
    Document(Box<dyn Document>),
}

/// What a source is wrapped in, as its beginning shows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wrapping {
    /// Its name: what `--layout` takes and `-v` says. From inside to outside where wrappers are nested: `docker in loki`.
    pub name: String,
    /// The wrapper can name several nodes, or the newest line can come first: it has to be read to its end before its lines are in order.
    pub mixed: bool,
    /// What the wrapper's times are ahead of the lines' own by, in minutes, where all lines that were looked at agree on it: the zone of
    /// stamps that name none is this much behind.
    pub zone_minutes: Option<i32>,
}
