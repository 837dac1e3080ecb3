//! Sources that have to be read to their end before their lines are in order.
//!
//! Input: streams whose wrapper can name several nodes or have the newest line first. Output: [`Piece`]s: for each node of each source its batches,
//! kept in the [`Store`], in the order in which they have to be joined. Chunks are scanned in parallel as they fill.

use std::io::{self, BufRead, BufReader, Read};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::store::{Kept, Packed, Slot, Store};
use super::{Options, first_stamp};
use crate::record::Stamp;
use crate::signal::batch::{self, Spare};
use crate::source::{self, Bounds, Chunk, Gathered, Lines, Marks, Payload, Place, Problem, Reader, Rows, Source, Stream, Unwrapper};
use crate::tally::SourceReport;

/// Nodes that one run tells apart by their wrappers' names; the lines of more are read as one node's.
const NODES: usize = 4096;

/// Nodes of one chunk that are looked at one by one.
const FEW: usize = 8;

/// The name of the node that has the lines of all the others.
const OTHER: &[u8] = b"other";

/// Bytes of a piece by which it is decided which of its lines comes first.
const SAMPLE: usize = 64 << 10;

/// Times go back by more than this where the newest line comes first, and not only because threads write late.
const SLACK_MS: i64 = 5000;

/// Steps that go back, at least, where the newest of bare lines comes first.
const STEPS: usize = 8;

/// The lines of one node in one source.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The source's number in the run.
    pub source: usize,
    /// The node that the wrapper names.
    pub node: Option<Box<[u8]>>,
    /// The stream that it is of.
    pub stream: usize,
    /// The time of its oldest line.
    pub first: Option<i64>,
    /// Its batches, the oldest first.
    pub slots: Vec<Slot>,
    /// The first line of a member: it may go on with the last line of the member before.
    pub head: Vec<u8>,
    /// The last line of a member, where it has no line feed.
    pub tail: Vec<u8>,
    /// Lines of the member before that one.
    pub tail_line: u64,
    /// The newest line came first; not known before the first chunk is full.
    newest_first: Option<bool>,
}

/// What the reading of mixed sources came to.
#[derive(Default)]
pub(super) struct Sorted {
    /// The pieces, in the order of the reading.
    pub pieces: Vec<Piece>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The cap on nodes bit.
    pub capped: bool,
}

/// A chunk that is full.
struct Full {
    piece: usize,
    bytes: Vec<u8>,
    marks: Marks,
}

impl Full {
    /// Scans it; returns the piece that it is of, its oldest time, and what is kept of it. It takes over what a chunk before left, and leaves it to the next.
    fn scan(self, mut spare: Spare) -> (usize, Option<i64>, io::Result<Packed>, Spare) {
        let (batch, mut marks) = (batch::scan_next(&self.bytes, &mut spare), self.marks);
        let ends = [marks.first(), marks.last()].into_iter().flatten().filter_map(|m| m.time);
        let first = [batch.first, batch.last].into_iter().filter_map(instant).chain(ends).min();
        let signals = batch.signals.iter().chain(&batch.proxied.signals).map(|s| u64::from(s.line));
        let books = [&batch.books, &batch.lead, &batch.proxied.books, &batch.proxied.lead];
        let samples = books.into_iter().flat_map(|b| &b.samples).map(|s| s.line);
        marks.keep(signals.chain(samples).chain(batch.nearest.map(|n| n.0)).chain(batch.relayed.iter().map(|r| r.line)).collect());
        let kept = Kept { batch, marks: Some(marks) };
        let packed = kept.pack();
        spare.signals = kept.batch.signals;
        spare.signals.clear();
        (self.piece, first, packed, spare)
    }
}

/// The lines of one node that are not scanned yet.
#[derive(Default)]
struct Open {
    piece: usize,
    node: Option<Box<[u8]>>,
    gathered: Gathered,
    /// Entries that are older, and newer, than the one before, by the wrapper's times.
    back: u32,
    forth: u32,
    last: Option<i64>,
    /// Bytes of its lines so far.
    piece_bytes: usize,
}

/// The lines of a chunk by node, in the order in which nodes come.
#[derive(Default)]
struct ByNode {
    list: Vec<(Option<Box<[u8]>>, Gathered)>,
    /// Their places by name.
    index: HashMap<Option<Box<[u8]>>, usize, RandomState>,
    latest: usize,
}

impl ByNode {
    fn add(&mut self, payload: &Payload<'_>) {
        if self.list.get(self.latest).is_none_or(|(node, _)| node.as_deref() != payload.node) {
            self.latest = self.place(payload.node);
        }
        self.list[self.latest].1.add(payload);
    }

    fn place(&mut self, node: Option<&[u8]>) -> usize {
        // where there are few, a look at each is cheaper than a table
        if let Some(place) = self.list.iter().take(FEW).position(|(known, _)| known.as_deref() == node) {
            return place;
        }
        let node: Option<Box<[u8]>> = node.map(Into::into);
        let place = *self.index.entry(node.clone()).or_insert(self.list.len());
        if place == self.list.len() {
            self.list.push((node, Gathered::default()));
        }
        place
    }
}

/// Sorts entries by node, and scans what has gathered.
pub(super) struct Sorter<'a> {
    options: &'a Options,
    bounds: Bounds,
    store: &'a mut Store,
    progress: &'a (dyn Fn(u64) + Sync),
    sorted: Sorted,
    /// The nodes of the source at hand.
    open: Vec<Open>,
    /// Their places by name.
    index: HashMap<Box<[u8]>, usize, RandomState>,
    /// The place of the one without a name.
    nameless: Option<usize>,
    /// The place of the last entry's node.
    latest: usize,
    /// The nodes of the run so far.
    nodes: HashSet<Box<[u8]>, RandomState>,
    full: Vec<Full>,
    /// What chunks that were scanned left.
    spares: Vec<Spare>,
    stream: usize,
    source: usize,
    /// Bytes of the lines of the source at hand.
    line_bytes: u64,
    /// Bytes that have gathered and are not in a full chunk.
    gathered_bytes: usize,
    error: Option<io::Error>,
}

impl<'a> Sorter<'a> {
    pub(super) fn new(options: &'a Options, bounds: Bounds, store: &'a mut Store, progress: &'a (dyn Fn(u64) + Sync)) -> Self {
        Sorter {
            options,
            bounds,
            store,
            progress,
            sorted: Sorted::default(),
            open: Vec::new(),
            index: HashMap::default(),
            nameless: None,
            latest: 0,
            nodes: HashSet::default(),
            full: Vec::new(),
            spares: Vec::new(),
            stream: 0,
            source: 0,
            line_bytes: 0,
            gathered_bytes: 0,
            error: None,
        }
    }

    /// Reads a stream whose first source has the number `base` in the run.
    ///
    /// # Errors
    /// When the store cannot be used; what cannot be read of the sources is a [`Problem`].
    pub(super) fn stream(&mut self, number: usize, stream: &Stream, base: usize, reports: &mut [SourceReport]) -> io::Result<()> {
        self.stream = number;
        let grammar = &self.options.lines;
        let document = |s: &Source| match s.wrapping.as_ref().and_then(|w| source::Grammar::unwrapper(grammar, w)) {
            Some(Unwrapper::Document(document)) => Some(document),
            _ => None,
        };
        // sources between documents are lines, and a line can be cut between them
        let mut at = 0;
        while at < stream.sources.len() {
            if matches!(stream.sources[at].place, Place::Walked(_)) {
                at += 1;
                continue;
            }
            if let Some(document) = document(&stream.sources[at]) {
                self.document(document, stream.sources[at].open(), base + at, &mut reports[base + at])?;
                at += 1;
                continue;
            }
            let ends = |s: &Source| matches!(s.place, Place::Walked(_)) || document(s).is_some();
            let end = (at..stream.sources.len()).find(|i| ends(&stream.sources[*i])).unwrap_or(stream.sources.len());
            let part = Stream { node: stream.node.clone(), sources: stream.sources[at..end].to_vec() };
            let mut rows = Rows::of(Reader::open(&part, self.options.chunk_bytes, grammar)).within(self.bounds);
            let mut lines = Lines::new(&part, grammar);
            self.begin(base + at);
            let mut row = rows.next(|_| false);
            while !row.is_empty() {
                let (next, taken) = rayon::join(|| rows.next(|_| false), || self.row(&mut row, base + at, &mut lines, reports));
                taken?;
                for chunk in std::mem::replace(&mut row, next) {
                    rows.recycle(chunk.bytes);
                }
            }
            lines.finish(&mut |payload| self.entry(&payload));
            self.end(&mut reports[self.source])?;
            at = end;
        }
        Ok(())
    }

    /// Reads a member of an archive, whose number in the run is `number`. Where its lines are one node's, the first and the last of them may
    /// belong to lines of its neighbours, which are not known before all members are: they are kept apart.
    ///
    /// # Errors
    /// As [`Sorter::stream`].
    pub(super) fn member(&mut self, stream: usize, of: &Source, number: usize, input: &mut (dyn Read + Send), reports: &mut [SourceReport]) -> io::Result<()> {
        self.stream = stream;
        let grammar = &self.options.lines;
        if let Some(Unwrapper::Document(document)) = of.wrapping.as_ref().and_then(|w| source::Grammar::unwrapper(grammar, w)) {
            return self.document(document, Ok(input), number, &mut reports[number]);
        }
        let alone = Stream { node: String::new(), sources: vec![of.clone()] };
        let is_mixed = of.wrapping.as_ref().is_some_and(|w| w.mixed);
        let mut rows = Rows::of(Reader::over(&alone, Box::new(input), self.options.chunk_bytes, grammar)).within(self.bounds);
        let mut lines = Lines::new(&alone, grammar);
        self.begin(number);
        let (mut head, mut tail) = (None, Vec::new());
        loop {
            let mut row = rows.next(|_| !is_mixed);
            if row.is_empty() {
                break;
            }
            if !is_mixed && let Some(chunk) = row.first_mut() {
                if head.is_none() {
                    let end = memchr::memchr(b'\n', &chunk.bytes).map_or(chunk.bytes.len(), |i| i + 1);
                    head = Some(chunk.bytes.drain(..end).collect::<Vec<u8>>());
                    chunk.line = Some(1);
                }
                let end = memchr::memrchr(b'\n', &chunk.bytes).map_or(0, |i| i + 1);
                tail = chunk.bytes.split_off(end);
            }
            self.row(&mut row, number, &mut lines, reports)?;
            for chunk in row {
                rows.recycle(chunk.bytes);
            }
        }
        lines.finish(&mut |payload| self.entry(&payload));
        if let Some(head) = head {
            let place = self.place(None);
            let piece = &mut self.sorted.pieces[self.open[place].piece];
            (piece.head, piece.tail, piece.tail_line) = (head, tail, lines.number());
            piece.first = of.first;
        }
        self.end(&mut reports[number])
    }

    /// Takes in raw chunks of lines that follow each other in one source.
    fn row(&mut self, row: &mut [Chunk], base: usize, lines: &mut Lines<'_>, reports: &mut [SourceReport]) -> io::Result<()> {
        for chunk in &mut *row {
            self.account(chunk, base, reports)?;
        }
        if let [chunk] = row {
            lines.take(chunk, &mut |payload| self.entry(&payload));
        } else {
            for sorted in lines.take_row(row, ByNode::default, ByNode::add, &mut |payload| self.entry(&payload)) {
                sorted.list.into_iter().for_each(|(node, gathered)| self.entries(node.as_deref(), gathered));
            }
        }
        self.error.take().map_or(Ok(()), Err)
    }

    /// Takes note of a raw chunk.
    fn account(&mut self, chunk: &mut Chunk, base: usize, reports: &mut [SourceReport]) -> io::Result<()> {
        if self.source != base + chunk.source {
            self.end(&mut reports[self.source])?;
            self.begin(base + chunk.source);
        }
        (self.progress)(chunk.bytes.len() as u64);
        let report = &mut reports[self.source];
        if let Some(error) = chunk.error.take() {
            self.sorted.problems.push(Problem::of(report.name.clone(), error));
        }
        report.books.damaged += chunk.dropped.bytes();
        report.dropped.add(chunk.dropped);
        if chunk.dropped.long > 0 {
            report.books.caps_hit.insert("max-line".into());
        }
        // what the lines inside have of it is taken off again when the source ends
        report.books.parsed += chunk.bytes.len() as u64;
        Ok(())
    }

    /// Reads a document.
    fn document(&mut self, mut document: Box<dyn source::Document>, input: io::Result<impl Read>, number: usize, report: &mut SourceReport) -> io::Result<()> {
        self.begin(number);
        let input = match input {
            Ok(input) => input,
            Err(error) => {
                self.sorted.problems.push(Problem::of(report.name.clone(), error));
                return Ok(());
            }
        };
        let mut input = Counted { input: BufReader::with_capacity(1 << 16, input), bytes: 0, untold: 0, progress: self.progress };
        let read = document.read(&mut input, &mut |payload| self.entry(&payload));
        if let Err(error) = read {
            self.sorted.problems.push(Problem::of(report.name.clone(), error));
            let before = input.bytes;
            let _ = io::copy(&mut input, &mut io::sink());
            report.books.damaged += input.bytes - before;
            report.books.parsed += before;
        } else {
            report.books.parsed += input.bytes;
        }
        self.end(report)
    }

    fn begin(&mut self, source: usize) {
        self.source = source;
        self.line_bytes = 0;
    }

    /// Ends a source: what has gathered of it is scanned.
    fn end(&mut self, report: &mut SourceReport) -> io::Result<()> {
        for place in 0..self.open.len() {
            self.fill(place);
        }
        self.open.clear();
        self.index.clear();
        self.nameless = None;
        self.flush();
        report.books.parsed = report.books.parsed.saturating_sub(self.line_bytes);
        self.line_bytes = 0;
        self.error.take().map_or(Ok(()), Err)
    }

    /// Returns the place of a node's lines.
    fn place(&mut self, node: Option<&[u8]>) -> usize {
        if self.open.get(self.latest).is_some_and(|o| o.node.as_deref() == node) {
            return self.latest;
        }
        if let Some(place) = node.and_then(|name| self.index.get(name)) {
            self.latest = *place;
            return *place;
        }
        let mut node = node;
        if let Some(name) = node
            && !self.nodes.contains(name)
        {
            if self.nodes.len() >= NODES {
                self.sorted.capped = true;
                node = Some(OTHER);
            } else {
                self.nodes.insert(name.into());
            }
        }
        let known = node.map_or(self.nameless, |name| self.index.get(name).copied());
        let place = known.unwrap_or_else(|| {
            let place = self.open.len();
            match node {
                Some(name) => drop(self.index.insert(name.into(), place)),
                None => self.nameless = Some(place),
            }
            let node: Option<Box<[u8]>> = node.map(Into::into);
            self.open.push(Open { piece: self.sorted.pieces.len(), node: node.clone(), ..Open::default() });
            self.sorted.pieces.push(Piece { source: self.source, node, stream: self.stream, ..Piece::default() });
            place
        });
        self.latest = place;
        place
    }

    /// Takes in one entry.
    fn entry(&mut self, payload: &Payload<'_>) {
        let place = self.place(payload.node);
        let open = &mut self.open[place];
        let sampled = open.piece_bytes >= SAMPLE;
        if let (Some(time), Some(last), false) = (payload.time, open.last, sampled) {
            open.back += u32::from(time < last);
            open.forth += u32::from(time > last);
        }
        open.last = payload.time.or(open.last);
        let before = open.gathered.bytes.len();
        open.gathered.add(payload);
        let added = open.gathered.bytes.len() - before;
        self.added(place, added, self.options.chunk_bytes.max(if sampled { 0 } else { SAMPLE }));
    }

    /// Takes in entries of one node.
    fn entries(&mut self, node: Option<&[u8]>, gathered: Gathered) {
        let place = self.place(node);
        let mut gathered = gathered;
        if self.open[place].piece_bytes < SAMPLE {
            gathered = gathered.take_while(|payload| {
                self.entry(&Payload { node, ..payload });
                self.open[place].piece_bytes < SAMPLE
            });
        }
        if !gathered.marks.is_empty() {
            let added = gathered.bytes.len();
            self.open[place].gathered.append(gathered);
            // what is nearly a chunk is not copied to become one
            self.added(place, added, self.options.chunk_bytes / 2);
        }
    }

    /// Counts bytes that have gathered of a node; so many are a chunk.
    fn added(&mut self, place: usize, added: usize, enough: usize) {
        let open = &mut self.open[place];
        open.piece_bytes += added;
        self.line_bytes += added as u64;
        self.gathered_bytes += added;
        if open.gathered.bytes.len() >= enough {
            self.fill(place);
        } else if self.gathered_bytes >= 8 * self.options.chunk_bytes.max(1 << 16) {
            // many nodes with a little each
            for place in 0..self.open.len() {
                self.fill(place);
            }
        }
    }

    /// Makes a chunk of what has gathered of a node.
    fn fill(&mut self, place: usize) {
        let Some(open) = self.open.get_mut(place).filter(|o| !o.gathered.marks.is_empty()) else { return };
        let gathered = std::mem::take(&mut open.gathered);
        self.gathered_bytes -= gathered.bytes.len();
        let piece = &mut self.sorted.pieces[open.piece];
        let newest_first = *piece.newest_first.get_or_insert_with(|| match (open.back, open.forth) {
            (0, 0) => goes_back(sample(&gathered.bytes)) || is_newest_first(&gathered.bytes),
            (back, forth) => back > forth,
        });
        let gathered = if newest_first { gathered.reversed() } else { gathered };
        self.full.push(Full { piece: open.piece, bytes: gathered.bytes, marks: gathered.marks });
        if self.full.len() >= 2 * rayon::current_num_threads() {
            self.flush();
        }
    }

    /// Scans the full chunks and keeps what they hold.
    fn flush(&mut self) {
        let mut spares = std::mem::take(&mut self.spares);
        spares.resize_with(self.full.len(), Spare::default);
        let scanned: Vec<_> = std::mem::take(&mut self.full).into_par_iter().zip(spares).map(|(full, spare)| full.scan(spare)).collect();
        for (number, first, packed, spare) in scanned {
            self.spares.push(spare);
            let piece = &mut self.sorted.pieces[number];
            piece.first = piece.first.into_iter().chain(first).min();
            match packed.and_then(|packed| self.store.put(&packed)) {
                Ok(slot) => piece.slots.push(slot),
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// Returns a mark of what was read so far.
    pub(super) fn mark(&self) -> usize {
        self.sorted.pieces.len()
    }

    /// Forgets what was read since a mark; only right after a source has ended.
    pub(super) fn forget(&mut self, mark: usize) {
        self.sorted.pieces.truncate(mark);
    }

    /// Ends the reading.
    pub(super) fn finish(mut self) -> Sorted {
        for piece in &mut self.sorted.pieces {
            if piece.newest_first == Some(true) {
                piece.slots.reverse();
            }
        }
        self.sorted
    }
}

/// Returns a stamp's time, for putting pieces in order: one without a zone as if it were UTC.
fn instant(stamp: Stamp) -> Option<i64> {
    match stamp {
        Stamp::Zoned(ms) | Stamp::Local(ms) => Some(ms),
        Stamp::TimeOfDay(_) | Stamp::Unknown => None,
    }
}

/// Returns the lines that begin in the first [`SAMPLE`] bytes.
fn sample(bytes: &[u8]) -> &[u8] {
    if bytes.len() <= SAMPLE {
        return bytes;
    }
    &bytes[..memchr::memchr(b'\n', &bytes[SAMPLE..]).map_or(bytes.len(), |i| SAMPLE + i + 1)]
}

/// Whether the times of an export's lines say that the newest comes first.
fn goes_back(bytes: &[u8]) -> bool {
    let batch = batch::scan(bytes);
    instant(batch.first).zip(instant(batch.last)).is_some_and(|(first, last)| first > last + SLACK_MS)
}

/// Whether the times of bare lines say that the newest comes first: again and again, and not only that of two logs the later one does, nor that a client wrote a time or two of its own.
pub(super) fn is_newest_first(bytes: &[u8]) -> bool {
    let bytes = sample(bytes);
    let batch = batch::scan(bytes);
    let time = |stamp| if let Stamp::TimeOfDay(ms) = stamp { Some(i64::from(ms)) } else { instant(stamp) };
    if time(batch.first).zip(time(batch.last)).is_none_or(|(first, last)| first <= last) {
        return false;
    }
    let times: Vec<i64> = bytes.split(|c| *c == b'\n').filter_map(|line| time(first_stamp(line))).collect();
    let steps = |is: fn(&i64, &i64) -> bool| times.windows(2).filter(|w| is(&w[0], &w[1])).count();
    let (back, forth) = (steps(|a, b| b < a), steps(|a, b| b > a));
    back >= STEPS && back > 4 * forth
}

/// Counts the bytes that are taken from an input.
struct Counted<'p, R> {
    input: R,
    bytes: u64,
    /// Bytes that `progress` was not told of; a document is read byte after byte.
    untold: u64,
    progress: &'p (dyn Fn(u64) + Sync),
}

impl<R: BufRead> Counted<'_, R> {
    fn count(&mut self, n: usize) {
        self.bytes += n as u64;
        self.untold += n as u64;
        if self.untold >= 1 << 16 {
            (self.progress)(std::mem::take(&mut self.untold));
        }
    }
}

impl<R: BufRead> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        self.count(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.count(n);
        self.input.consume(n);
    }
}
