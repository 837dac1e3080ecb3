//! The joins of whole logs: each strand with the stream of the input that it is of, which may have to say what day it begins on.
//!
//! Input: scanned lots. Output: joined signals, in [`Joins`]. Must not know where lots come from.

use std::collections::BTreeSet;
use std::io;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::joins::Joins;
use super::lot::{Piece, Scanned};
use super::{Lines, Options, first_stamp, zone_of};
use crate::record::Stamp;
use crate::signal::batch::{self, Spare};
use crate::source::{Marks, Source, Stream, Unwrapped, is_apart};
use crate::triage::clock::Clock;

/// The joins, and what the dates of lines without one are taken from.
pub(super) struct Joining<'a> {
    options: &'a Options,
    streams: &'a [Stream],
    /// For each strand the number of its stream.
    numbers: Vec<usize>,
    pub joins: Joins,
    pub assumed_dates: Vec<(String, NaiveDate, &'static str)>,
}

impl<'a> Joining<'a> {
    pub fn new(streams: &'a [Stream], options: &'a Options) -> Self {
        let joins = Joins { apart: apart(streams), ..Joins::default() };
        Joining { options, streams, numbers: Vec::new(), joins, assumed_dates: Vec::new() }
    }

    /// Returns joins that are over.
    pub fn over(joins: Joins, options: &'a Options, assumed_dates: Vec<(String, NaiveDate, &'static str)>) -> Self {
        Joining { options, streams: &[], numbers: Vec::new(), joins, assumed_dates }
    }

    /// Begins a strand of a stream.
    pub fn start(&mut self, name: String, number: usize, named: bool) {
        let stream = &self.streams[number];
        let date = self.date(stream);
        let told = stream.sources.iter().find_map(|s| s.wrapping.as_ref()?.zone_minutes).filter(|_| !self.options.zone_named);
        self.numbers.push(number);
        self.joins.start(name, Clock::new(zone_of(told, self.options), date), named, told);
    }

    /// Joins what was scanned; returns what the chunks leave to the next ones.
    pub fn take(&mut self, scanned: Scanned) -> Vec<Spare> {
        let mut spares = Vec::with_capacity(scanned.pieces.len());
        for Piece { strand, arrived, batch, mut spare, .. } in scanned.pieces {
            if let Stamp::TimeOfDay(_) = batch.first {
                self.date_of_wrapped(strand, arrived.marks.as_ref());
            }
            spare.signals = self.joins.take(strand, arrived, batch);
            spares.push(spare);
        }
        scanned.ended.into_iter().for_each(|strand| self.joins.end(strand));
        spares
    }

    /// Takes a date for lines without one, where neither the beginning of the file nor the wrapper shows it.
    fn date_of_wrapped(&mut self, strand: usize, marks: Option<&Marks>) {
        let clock = self.joins.strands[strand].join.clock();
        let told = marks.and_then(Marks::first).is_some_and(|m| m.time.is_some()) && self.options.date.is_none();
        if clock.has_date() || told {
            return;
        }
        let stream = &self.streams[self.numbers[strand]];
        let (date, why) = self.assume_date(stream);
        if self.options.date.is_none() {
            self.assumed_dates.push((stream.node.clone(), date, why));
        }
        self.joins.strands[strand].join.clock().begins_on(date);
    }

    /// Returns the date of a stream's first line where its layout has none.
    fn date(&mut self, stream: &Stream) -> Option<NaiveDate> {
        let first = stream.sources.first()?;
        if first.first.is_some() {
            // its first stamp was read when it was found, and has a date
            return None;
        }
        let head = peek(first);
        if !matches!(first_stamp(&head), Stamp::TimeOfDay(_)) {
            return None;
        }
        let (date, why) = self.assume_date(stream);
        if self.options.date.is_none() {
            self.assumed_dates.push((stream.node.clone(), date, why));
        }
        Some(date)
    }

    /// Takes the date from `--date`, the file's name, a dated neighbour, else the file's modification less the midnights that passed.
    fn assume_date(&self, stream: &Stream) -> (NaiveDate, &'static str) {
        if let Some(date) = self.options.date {
            return (date, "given with --date");
        }
        if let Some(date) = stream.sources.first().and_then(|s| date_in(&s.name)) {
            return (date, "from the file's name");
        }
        let folder = |s: &Stream| s.sources.first().and_then(|x| x.path.as_ref()?.parent().map(std::path::Path::to_owned));
        let neighbour = self.streams.iter().filter(|s| folder(s) == folder(stream)).find_map(|s| s.sources.iter().find_map(|x| x.first));
        if let Some(date) = neighbour.and_then(DateTime::from_timestamp_millis) {
            return (date.date_naive(), "from a dated log beside it");
        }
        let written = stream.sources.iter().filter_map(|s| s.modified).max().unwrap_or_else(Utc::now);
        let passed = stream.sources.iter().map(|s| midnights(s, &self.options.lines)).sum::<i64>();
        (written.date_naive() - chrono::Duration::days(passed), "from the file's last change")
    }
}

/// Returns the numbers in the run of sources of which others are missing before them, as the names of rotated files say.
fn apart(streams: &[Stream]) -> BTreeSet<usize> {
    let mut first = 0;
    let mut apart = BTreeSet::new();
    for stream in streams {
        let pairs = stream.sources.windows(2).enumerate();
        apart.extend(
            pairs.filter(|(_, pair)| pair[0].path.as_ref().zip(pair[1].path.as_ref()).is_some_and(|(a, b)| is_apart(a, b))).map(|(n, _)| first + n + 1),
        );
        first += stream.sources.len();
    }
    apart
}

/// Reads the beginning of a source; nothing of standard input.
fn peek(source: &Source) -> Vec<u8> {
    let mut head = Vec::new();
    if !source.place.is_pipe()
        && let Ok(text) = source.open()
    {
        let _ = io::Read::read_to_end(&mut io::Read::take(text, 64 * 1024), &mut head);
    }
    head
}

/// Counts the midnights that pass in a source without dates.
fn midnights(source: &Source, lines: &Lines) -> i64 {
    let stream = Stream { node: String::new(), sources: vec![source.clone()] };
    let mut reader = Unwrapped::open(&stream, 1 << 20, lines);
    let (mut passed, mut last) = (0, None);
    while let Some(chunk) = reader.next() {
        if let Some((first, end, days)) = batch::scan(&chunk.bytes).days {
            passed += i64::from(days) + i64::from(last.is_some_and(|l: u32| first.saturating_add(batch::MIDNIGHT_BACK_MS) < l));
            last = Some(end);
        }
    }
    passed
}

/// Returns the date that a file's name holds.
fn date_in(name: &str) -> Option<NaiveDate> {
    let digits: Vec<(usize, char)> = name.char_indices().filter(|(_, c)| c.is_ascii_digit()).collect();
    digits.windows(8).find_map(|w| {
        let text: String = w.iter().map(|(_, c)| *c).collect();
        let near = w[7].0 - w[0].0 <= 9;
        let date = NaiveDate::parse_from_str(&text, "%Y%m%d").ok()?;
        (near && (2000..2100).contains(&date.year())).then_some(date)
    })
}
