//! A chunk's lines to its signals: the parallel part.
//!
//! Input: the bytes of a chunk, which begins and ends at line ends. Output: a [`Batch`]: signals in the order of the lines, and the books. What
//! the first lines belong to, if they begin no record, is not known here: they are counted apart ([`Batch::lead`]).

use memchr::{memchr, memchr_iter, memrchr};

use super::access::{self, Entry};
use super::event::Course;
use super::relayed::{self, Relayed};
use super::{Kind, Life, Signal, is_access_logger, matters, read_next, read_rest};
use crate::books::Books;
use crate::names::Names;
use crate::record::mask;
use crate::record::object::Objects;
use crate::record::quick::{Head, Moment, Quick};
use crate::record::text::Missing;
use crate::record::{Layout, Line, Record, Stamp, line};

/// What a line that begins no record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Inside {
    /// A text record: it is a stack trace or the rest of a message.
    Record,
    /// Nothing that was recognised: a banner.
    Nothing,
}

/// What one chunk held.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Batch {
    /// The names that the signals refer to.
    pub names: Names,
    /// The signals in the order of their lines.
    pub signals: Vec<Signal>,
    /// How many lines the chunk has.
    pub lines: u64,
    /// The books, without [`Batch::lead`].
    pub books: Books,
    /// Bytes and lines before the first line that settles what they belong to.
    pub lead: Books,
    /// What the next chunk's lead belongs to; `None` while nothing settled it.
    pub inside: Option<Inside>,
    /// How many records of each layout, in the order of [`Layout::ALL`].
    pub layouts: [u64; Layout::ALL.len()],
    /// First and last time of the day, and the midnights between, of records without a date.
    pub days: Option<(u32, u32, u16)>,
    /// First stamp of a record.
    pub first: Stamp,
    /// Last stamp of a record.
    pub last: Stamp,
    /// A record of a Keycloak logger was seen.
    pub keycloak: bool,
    /// A record of the HTTP access log was seen.
    pub access_log: bool,
    /// Lines of an access log that stand by themselves: whether they are what they look like, the source decides.
    pub proxied: Proxied,
    /// Whether the first line that was recognised is one of those.
    pub begins_proxied: Option<bool>,
    /// What the nearest text line lacked, where a line began with a time and was no record.
    pub nearest: Option<(u64, Missing)>,
    /// Answers that the lines quote, where no Keycloak record was seen.
    pub relayed: Vec<Relayed>,
}

/// Lines of an access log without a record around them.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Proxied {
    /// Their signals.
    pub signals: Vec<Signal>,
    /// Their bytes and lines, as lines that nobody understands: what they are in a server's log.
    pub books: Books,
    /// The same of those before anything settled what they belong to.
    pub lead: Books,
    /// First and last time.
    pub span: Option<(Stamp, Stamp)>,
}

/// The logger of the event listener.
const EVENTS: &[u8] = b"org.keycloak.events";

/// Times of the day that go back by more than this mean that a midnight passed.
pub const MIDNIGHT_BACK_MS: u32 = 12 * 3_600_000;

/// Reads a chunk.
///
/// Most lines of a log say nothing here. That a record begins on one, and who wrote it, is read by columns ([`Quick`], and [`Objects`] for JSON); only what is
/// said under a logger that [`matters`] is read to its end. The loggers are those whose signals the rules can ask for: a rule's conditions are fields of
/// events and companions, so a user's rule cannot ask for more.
#[must_use]
pub fn scan(bytes: &[u8]) -> Batch {
    scan_next(bytes, &mut Spare::default())
}

/// What a chunk leaves to the next one: a list to be filled again, and what makes lines that are like those before faster to read.
#[derive(Default)]
pub struct Spare {
    /// The list of its signals, which were taken out.
    pub signals: Vec<Signal>,
    reading: Reading,
}

/// Reads a chunk as [`scan`] does, with what an earlier one left.
#[must_use]
pub fn scan_next(bytes: &[u8], spare: &mut Spare) -> Batch {
    read_all(bytes, std::mem::take(&mut spare.signals), &mut spare.reading)
}

/// Reads a chunk as [`scan`] does, each line with the parsers alone: slow, and what the faster ways are held to.
#[must_use]
pub fn scan_plainly(bytes: &[u8]) -> Batch {
    read_all(bytes, Vec::new(), &mut Reading { plain: true, ..Reading::default() })
}

fn read_all(bytes: &[u8], signals: Vec<Signal>, reading: &mut Reading) -> Batch {
    let mut b = Batch {
        names: Names::default(),
        signals,
        lines: 0,
        books: Books::default(),
        lead: Books::default(),
        inside: None,
        layouts: [0; Layout::ALL.len()],
        days: None,
        first: Stamp::Unknown,
        last: Stamp::Unknown,
        keycloak: false,
        access_log: false,
        proxied: Proxied::default(),
        begins_proxied: None,
        nearest: None,
        relayed: Vec::new(),
    };
    let mut run = Run::of(&b, 0);
    let mut at = 0;
    let mut ends = mask::Ends::of(bytes);
    loop {
        let end = match ends.next() {
            Some(end) => end,
            None if at < bytes.len() => bytes.len(),
            None => break,
        };
        let (text, length) = (&bytes[at..], end - at);
        let begins = at;
        at = bytes.len().min(end + 1);
        if !reading.plain {
            if let Some(head) = reading.quick.head(text, length) {
                if !head.told.matters || (head.told.access && !access::matters(&text[..length])) {
                    run.add(&head);
                    continue;
                }
                run.end(&mut b, begins);
                let number = number(&b);
                record(&mut b, &head.record(), (at - begins) as u64, number, &mut reading.course);
                b.lines += 1;
                run = Run::of(&b, at);
                continue;
            }
            if run.inside_record && is_frame(text, length) {
                run.frames += 1;
                continue;
            }
        }
        run.end(&mut b, begins);
        take(&mut b, &text[..length], (at - begins) as u64, reading);
        b.lines += 1;
        run = Run::of(&b, at);
    }
    run.end(&mut b, at);
    if !b.keycloak {
        quotes(&mut b, bytes);
    }
    b
}

/// Returns the number of the line at hand.
fn number(b: &Batch) -> u32 {
    u32::try_from(b.lines).unwrap_or(u32::MAX)
}

/// Common lines in a row: records that say nothing here, and the traces below them. They are counted here and put into the batch together.
#[derive(Clone, Copy)]
struct Run {
    begins: usize,
    records: u64,
    frames: u64,
    inside_record: bool,
    keycloak: bool,
    access_log: bool,
    /// First and last time of a record.
    span: Option<(Moment, Moment)>,
}

impl Run {
    /// Begins at a place of the chunk.
    #[inline]
    fn of(b: &Batch, begins: usize) -> Self {
        Run { begins, records: 0, frames: 0, inside_record: b.inside == Some(Inside::Record), keycloak: b.keycloak, access_log: false, span: None }
    }

    #[inline]
    fn add(&mut self, head: &Head<'_, Told>) {
        self.records += 1;
        self.inside_record = true;
        self.keycloak = self.keycloak || head.told.keycloak || head.message_begins(b"Keycloak ");
        self.access_log |= head.told.access;
        self.span = Some((self.span.map_or(head.at, |s| s.0), head.at));
    }

    /// Puts what was counted into the batch; the line at `end` is none of it.
    #[inline(never)]
    fn end(self, b: &mut Batch, end: usize) {
        b.books.parsed += (end - self.begins) as u64;
        b.lines += self.records + self.frames;
        let Some((first, last)) = self.span else { return };
        b.begins_proxied.get_or_insert(false);
        b.books.records += self.records;
        b.layouts[Layout::Text as usize] += self.records;
        b.inside = Some(Inside::Record);
        b.keycloak |= self.keycloak;
        b.access_log |= self.access_log;
        b.last = last.stamp();
        if b.first == Stamp::Unknown {
            b.first = first.stamp();
        }
    }
}

/// What a logger's name says of its records.
#[derive(Debug, Clone, Copy)]
struct Told {
    matters: bool,
    access: bool,
    keycloak: bool,
}

impl Told {
    fn of(logger: &[u8]) -> Self {
        Told { matters: matters(logger), access: is_access_logger(logger), keycloak: logger.starts_with(b"org.keycloak") }
    }
}

/// What is remembered from line to line: it makes the next ones faster, and says nothing of them.
struct Reading {
    quick: Quick<Told>,
    /// A line without its colours.
    scratch: Vec<u8>,
    course: Course,
    objects: Objects,
    /// Nothing is read by columns.
    plain: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Reading { quick: Quick::new(Told::of), scratch: Vec::new(), course: Course::default(), objects: Objects::default(), plain: false }
    }
}

/// Takes in one line of `size` bytes, its line feed included, that is no common one.
#[inline(never)]
fn take(b: &mut Batch, text: &[u8], size: u64, reading: &mut Reading) {
    let number = number(b);
    if reading.plain {
        return parsed(b, text, size, number, reading);
    }
    if let Some(object) = reading.objects.read(text.strip_suffix(b"\r").unwrap_or(text)) {
        let logger = object.logger();
        if matters(&logger) {
            return record(b, &object.record(), size, number, &mut reading.course);
        }
        b.books.records += 1;
        b.books.parsed += size;
        b.layouts[object.layout() as usize] += 1;
        b.inside = Some(Inside::Nothing);
        b.begins_proxied.get_or_insert(false);
        b.keycloak = b.keycloak || logger.starts_with(b"org.keycloak") || object.message_begins(b"Keycloak ");
        let at = object.at();
        match at {
            Stamp::TimeOfDay(ms) => pass_midnights(b, ms),
            Stamp::Unknown => return,
            _ => {}
        }
        b.last = at;
        if b.first == Stamp::Unknown {
            b.first = b.last;
        }
        return;
    }
    parsed(b, text, size, number, reading);
}

/// Whether the first `length` bytes of a text are a line of a stack trace, and nothing else: it cannot end an event or a warning that a line feed cut in two.
#[inline]
fn is_frame(text: &[u8], length: usize) -> bool {
    /// Most are no longer.
    const NEAR: usize = 2 * mask::BLOCK;
    let line = &text[..length];
    if !line.starts_with(b"\tat ") || !line.ends_with(b")") {
        return false;
    }
    let near: Option<&[u8; NEAR]> = text.first_chunk();
    let Some(near) = near.filter(|_| length <= NEAR) else { return mask::find(line, 0, b'=').is_none() };
    let halves = near.as_chunks().0;
    let found = u128::from(mask::equal_of_block(&halves[0], b'=')) | u128::from(mask::equal_of_block(&halves[1], b'=')) << mask::BLOCK;
    found << (NEAR - length) == 0
}

/// Takes in one line as the parsers read it.
fn parsed(b: &mut Batch, text: &[u8], size: u64, number: u32, reading: &mut Reading) {
    match line(text, &mut reading.scratch) {
        Line::Head(head) => record(b, &head, size, number, &mut reading.course),
        Line::Blank => b.books.skipped += size,
        Line::Rest | Line::Unknown(_) if b.inside != Some(Inside::Record) && proxied(b, text, size, number) => {}
        Line::Unknown(missing) => {
            b.inside = Some(Inside::Nothing);
            b.books.unparsed(size, b.lines, text);
            if let (None, Some(m)) = (b.nearest, missing) {
                b.nearest = Some((b.lines, m));
            }
        }
        Line::Rest => {
            match b.inside {
                Some(Inside::Record) => b.books.parsed += size,
                Some(Inside::Nothing) => b.books.unparsed(size, b.lines, text),
                None => b.lead.unparsed(size, b.lines, text),
            }
            if let Some(signal) = read_rest(text.strip_suffix(b"\r").unwrap_or(text), number, &mut b.names) {
                b.signals.push(signal);
            }
        }
    }
}

/// Takes in a line that an access log may hold by itself; returns whether it is one.
fn proxied(b: &mut Batch, text: &[u8], size: u64, number: u32) -> bool {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let Some(found) = access::read(text) else { return false };
    b.begins_proxied.get_or_insert(true);
    let books = if b.inside.is_none() { &mut b.proxied.lead } else { &mut b.proxied.books };
    books.unparsed(size, b.lines, text);
    let (at, kind) = match found {
        Entry::Token(access) => (access.at, Kind::Proxied(Box::new(access))),
        Entry::Login(login) => (login.at, Kind::Login(Box::new(login))),
        Entry::Other => return true,
    };
    b.proxied.span = Some((b.proxied.span.map_or(at, |s| s.0), at));
    let thread = b.names.number(b"");
    b.proxied.signals.push(Signal { at, day: 0, line: number, thread, host: None, stored: false, kind });
    true
}

/// Takes in a record.
#[inline(never)]
fn record(b: &mut Batch, record: &Record<'_>, size: u64, number: u32, course: &mut Course) {
    b.books.records += 1;
    b.layouts[record.layout as usize] += 1;
    let json = matches!(record.layout, Layout::Json | Layout::Ecs | Layout::Stored);
    b.inside = Some(if json { Inside::Nothing } else { Inside::Record });
    b.begins_proxied.get_or_insert(false);
    b.access_log |= is_access_logger(&record.logger);
    b.keycloak |= record.logger.starts_with(b"org.keycloak") || record.message.starts_with(b"Keycloak ");
    if let Stamp::TimeOfDay(ms) = record.at {
        pass_midnights(b, ms);
    }
    if b.first == Stamp::Unknown {
        b.first = record.at;
    }
    if record.at != Stamp::Unknown {
        b.last = record.at;
    }
    let signal = read_next(record, number, &mut b.names, course);
    if signal.is_none() && &*record.logger == EVENTS && !record.message.is_empty() {
        // under this logger stand event lists alone: a format of one's own put something before them
        b.books.unparsed(size, b.lines, &record.message);
    } else {
        b.books.parsed += size;
    }
    if let Some(mut signal) = signal {
        // any program with a database can have trouble with it
        b.keycloak |= signal.kind != Kind::Life(Life::DatabaseTrouble);
        signal.day = b.days.map_or(0, |d| d.2);
        b.signals.push(signal);
    }
}

/// Counts the midnights between records without a date.
fn pass_midnights(b: &mut Batch, ms: u32) {
    b.days = Some(match b.days {
        None => (ms, ms, 0),
        Some((first, last, days)) => (first, ms, days + u16::from(ms.saturating_add(MIDNIGHT_BACK_MS) < last)),
    });
}

/// Looks for quoted answers in a chunk without Keycloak records.
fn quotes(b: &mut Batch, bytes: &[u8]) {
    let (mut number, mut counted) = (0, 0);
    let mut at = 0;
    while let Some(hit) = relayed::find(&bytes[at..]) {
        let start = memrchr(b'\n', &bytes[..at + hit]).map_or(0, |i| i + 1);
        let end = memchr(b'\n', &bytes[at + hit..]).map_or(bytes.len(), |i| at + hit + i);
        number += memchr_iter(b'\n', &bytes[counted..start]).count() as u64;
        counted = start;
        b.relayed.extend(relayed::read(&bytes[start..end], number));
        at = (end + 1).min(bytes.len());
    }
}
