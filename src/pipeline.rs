//! The wiring: from paths to findings, counts and books.
//!
//! Chunks of all streams are read in turn and scanned in parallel; each stream's batches are joined in order; the streams are merged by time; the
//! merged signals are split by session and taken in by the shards in parallel; at the end the failures are decided, in order.

mod clerk;
mod counts;
mod feed;
mod fold;
mod joining;
mod joins;
pub mod live;
mod lot;
mod mixed;
mod reading;
mod store;
mod veil;
mod walked;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rayon::prelude::*;

use crate::books::Books;
use crate::finding::Finding;
use crate::names::{Key, Names, Sym};
use crate::realm::Realms;
use crate::record::{Line, Stamp, line, wrapper};
use crate::signal::access::{self, Access, Entry, Login};
use crate::signal::event;
use crate::source::{self, Bounds, Found, Gathered, Grammar, Payload, Place, Problem, SLACK_MS, Source, Stream, Unwrapped, Unwrapper, Wrapping};
use crate::tally::served::Serving;
use crate::tally::{Accesses, Filter, Outcome, Quoted, SourceReport, Windows};
use crate::triage::clients::Clients;
use crate::triage::clock::{Clock, Zone};
use crate::triage::copies::Copies;
use crate::triage::decide::Judge;
use crate::triage::joined::Suspect;
use crate::triage::pairing::Pairing;
use crate::triage::rules::Rules;
use crate::triage::shard::Shard;
use crate::triage::spill::Spill;
use crate::triage::timeline::Waiting;
use crate::triage::verdict::Verdict;
use clerk::{Clerk, Closed, Desk};
use counts::Counts;
use feed::Feed;
use fold::Fold;
use joining::Joining;
use joins::{Joins, Strand};
use mixed::{Piece, Sorted, Sorter};
use reading::Reading;
use store::Store;

/// What a run is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of a chunk.
    pub chunk_bytes: usize,
    /// The lifespan of codes in milliseconds, where it is known.
    pub code_lifespan_ms: Option<i64>,
    /// What realm exports say.
    pub realms: Arc<Realms>,
    /// How many names are counted apart.
    pub max_keys: usize,
    /// The zone of stamps that name none.
    pub zone: Zone,
    /// A person named that zone: what a wrapper's times say of it does not count.
    pub zone_named: bool,
    /// The date of the first line of a layout without one.
    pub date: Option<NaiveDate>,
    /// The length of a window in milliseconds.
    pub window_ms: i64,
    /// What is printed and counted; evidence is read from all of the input.
    pub filter: Filter,
    /// What the reader asks about lines.
    pub lines: Lines,
    /// The longest line that is kept whole, in bytes.
    pub max_line: usize,
    /// Successful requests are counted, too: what a report needs beyond the failures.
    pub successes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            chunk_bytes: 1 << 18,
            code_lifespan_ms: None,
            realms: Arc::default(),
            max_keys: MAX_KEYS,
            zone: Zone::Utc,
            zone_named: false,
            date: None,
            window_ms: 300_000,
            filter: Filter::default(),
            lines: Lines::default(),
            max_line: Bounds::default().max_line,
            successes: false,
        }
    }
}

/// Bytes of text that are unpacked ahead, for each thread: more would not stay in a cache until it is read.
const AHEAD_BYTES: usize = 2 << 20;

/// Shares what may be unpacked ahead, and read at once, among the streams.
fn bounds(streams: &[Stream], max_line: usize) -> Bounds {
    let threads = rayon::current_num_threads();
    let packed = streams.iter().filter(|s| s.sources.iter().any(|x| x.packed)).count().max(1);
    let ahead = (threads / packed).saturating_sub(1);
    let wrapped = if threads > 1 { (threads * reading::CHUNKS).div_ceil(streams.len().max(1)) } else { 1 };
    // two threads are busy enough while one of them reads
    let blocks = if threads > 2 { wrapped } else { 0 };
    Bounds { max_line, ahead, ahead_bytes: (threads * AHEAD_BYTES / packed / (ahead + 1)).min(AHEAD_BYTES), blocks, wrapped }
}

/// What the reader asks about lines.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// What a person said of the wrapper.
    pub told: wrapper::Told,
}

impl Grammar for Lines {
    fn begins_record(&self, text: &[u8]) -> bool {
        matches!(line(text, &mut Vec::new()), Line::Head(_)) || access::read(text).is_some()
    }

    fn is_whole(&self, text: &[u8]) -> bool {
        match line(text, &mut Vec::new()) {
            Line::Head(record) => event::parse(&record.message).is_none_or(|e| !e.cut),
            Line::Unknown(_) => !text.starts_with(b"{"),
            Line::Blank | Line::Rest => true,
        }
    }

    fn first_time(&self, bytes: &[u8]) -> Option<i64> {
        let dated = |bytes: &[u8]| match first_stamp(bytes) {
            Stamp::Zoned(ms) | Stamp::Local(ms) => Some(ms),
            Stamp::TimeOfDay(_) | Stamp::Unknown => None,
        };
        dated(bytes).or_else(|| {
            let (mut inside, mut envelope) = (Gathered::default(), None);
            let mut out = |payload: Payload<'_>| {
                envelope = envelope.or(payload.time);
                inside.add(&payload);
            };
            match self.unwrapper(&self.wrapping(bytes, false)?)? {
                Unwrapper::Lines(mut lines) => (1..).zip(bytes.split(|c| *c == b'\n')).for_each(|(number, text)| lines.take(text, number, &mut out)),
                // what is cut off at the end does not matter here
                Unwrapper::Document(mut document) => drop(document.read(&mut &*bytes, &mut out)),
            }
            dated(&inside.bytes).or(envelope)
        })
    }

    fn wrapping(&self, head: &[u8], whole: bool) -> Option<Wrapping> {
        wrapper::wrapping(head, whole, &self.told)
    }

    fn is_newest_first(&self, head: &[u8]) -> bool {
        mixed::is_newest_first(head)
    }

    fn unwrapper(&self, wrapping: &Wrapping) -> Option<Unwrapper> {
        wrapper::unwrapper(wrapping, &self.told)
    }
}

/// Returns the first stamp of a record in these bytes.
fn first_stamp(bytes: &[u8]) -> Stamp {
    let mut scratch = Vec::new();
    for text in bytes.split(|c| *c == b'\n') {
        if let Line::Head(record) = line(text, &mut scratch)
            && record.at != Stamp::Unknown
        {
            return record.at;
        }
        if let Some(Entry::Token(Access { at, .. }) | Entry::Login(Login { at, .. })) = access::read(text.strip_suffix(b"\r").unwrap_or(text))
            && at != Stamp::Unknown
        {
            return at;
        }
    }
    Stamp::Unknown
}

/// Names that are counted apart where nobody says otherwise: their counts take some 30 MB.
pub const MAX_KEYS: usize = 1 << 14;
/// Shards that end their timelines at once, while the failures of as many others are counted.
const FINISH: usize = 4;

/// Findings that are decided at once.
const DECIDE: usize = 1 << 8;

/// Reads all streams. Each finding goes to `sink`, in the order of (time, node, position); `progress` is told of bytes as they are read.
///
/// # Errors
/// When a temporary file that holds signals or undecided failures cannot be used.
pub fn run(
    found: &Found,
    rules: &Rules,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
    sink: &mut dyn FnMut(Finding) -> io::Result<()>,
) -> io::Result<Outcome> {
    listed(found, rules, options, Windows::Apart, progress, sink)
}

/// Does the same where nothing but the findings is wanted: the tally is that of a page, which takes a fraction of the space.
///
/// # Errors
/// When a temporary file that holds signals or undecided failures cannot be used.
pub fn list(
    found: &Found,
    rules: &Rules,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
    sink: &mut dyn FnMut(Finding) -> io::Result<()>,
) -> io::Result<Outcome> {
    listed(found, rules, options, Windows::Together, progress, sink)
}

fn listed(
    found: &Found,
    rules: &Rules,
    options: &Options,
    windows: Windows,
    progress: &(dyn Fn(u64) + Sync),
    sink: &mut dyn FnMut(Finding) -> io::Result<()>,
) -> io::Result<Outcome> {
    let (streams, before) = Before::of(found, options, progress)?;
    let (mut run, clerk) = Run::new(&streams, before, rules, options, windows, true, progress)?;
    run.fold.copies = found.find.dedup.then(Copies::default);
    run.drive(clerk, progress, Some(sink))
}

/// Reads all streams and counts, without making a finding of each failure; the tally is that of [`run`] where its windows are kept apart.
///
/// # Errors
/// When the temporary file that holds undecided failures cannot be used.
pub fn count(found: &Found, rules: &Rules, options: &Options, windows: Windows, progress: &(dyn Fn(u64) + Sync)) -> io::Result<Outcome> {
    let (streams, before) = Before::of(found, options, progress)?;
    let (mut run, clerk) = Run::new(&streams, before, rules, options, windows, false, progress)?;
    run.fold.copies = found.find.dedup.then(Copies::default);
    run.drive(clerk, progress, None)
}

/// What was read of archives that had to be walked.
#[derive(Default)]
struct Before {
    store: Store,
    sorted: Sorted,
    /// What each member was, by its number.
    reports: Vec<SourceReport>,
    problems: Vec<Problem>,
}

impl Before {
    /// Walks the archives; returns the streams with their members.
    fn of<'a>(found: &'a Found, options: &Options, progress: &(dyn Fn(u64) + Sync)) -> io::Result<(Cow<'a, [Stream]>, Self)> {
        if found.archives.is_empty() {
            return Ok((Cow::Borrowed(&found.streams), Before::default()));
        }
        let mut store = Store::default();
        let mut sorter = Sorter::new(options, bounds(&found.streams, options.max_line), &mut store, progress);
        let walked = walked::read(found, &mut sorter, &options.lines)?;
        let before = sorter.finish();
        let all = found.streams.iter().flat_map(|s| &s.sources).cloned().chain(walked.sources).collect();
        let streams = source::streams(all, &found.find);
        Ok((Cow::Owned(streams), Before { store, sorted: before, reports: walked.reports, problems: walked.problems }))
    }
}

/// Where findings go, in order; where there is none they are only counted, in any order.
type Sink<'a> = Option<&'a mut dyn FnMut(Finding) -> io::Result<()>>;

struct Run<'a> {
    options: &'a Options,
    rules: &'a Rules,
    /// Findings go to a sink, in order.
    listed: bool,
    /// Failures for the clerk.
    closed: Closed,
    names_of_sources: Vec<String>,
    reading: Reading<'a>,
    joining: Joining<'a>,
    fold: Fold,
}

/// Puts the pieces of one node in the order of their first lines, unless they overlap by no more than threads do.
fn in_order(pieces: &mut [Piece]) {
    let known: Vec<i64> = pieces.iter().filter_map(|p| p.first).collect();
    if !known.is_sorted_by(|a, b| *a <= b + SLACK_MS) {
        let mut last = i64::MIN;
        for piece in pieces.iter_mut() {
            last = piece.first.unwrap_or(last);
            piece.first = Some(last);
        }
        pieces.sort_by_key(|p| p.first);
    }
}

impl<'a> Run<'a> {
    fn new(
        streams: &'a [Stream],
        before: Before,
        rules: &'a Rules,
        options: &'a Options,
        windows: Windows,
        listed: bool,
        progress: &(dyn Fn(u64) + Sync),
    ) -> io::Result<(Self, Clerk)> {
        let spill = if listed { Spill::default() } else { Spill::unordered() }.cleaned(|waiting| veil::failure(&mut waiting.failed.failure));
        let clerk = Clerk { counts: Counts::new(options.window_ms, windows, options.max_keys), spill };
        let mut joining = Joining::new(streams, options);
        let mut fold = Fold::new(&options.realms, &mut joining.joins.names);
        fold.serving = options.successes.then(|| Serving::new(options.window_ms, options.max_keys, options.filter.clone()));
        fold.early = !listed;
        let mut run =
            Run { options, rules, listed, closed: Closed::default(), names_of_sources: Vec::new(), reading: Reading::new(before.store), joining, fold };
        run.joining.joins.problems = before.problems;
        let bounds = bounds(streams, options.max_line);
        let mut bases = Vec::new();
        for stream in streams {
            bases.push(run.joining.joins.sources.len());
            run.joining.joins.sources.extend(stream.sources.iter().map(|s| SourceReport {
                name: s.name.clone(),
                node: stream.node.clone(),
                named: s.named,
                wrapping: s.wrapping.as_ref().map(|w| w.name.clone()),
                ..SourceReport::default()
            }));
        }
        let mut sorted = before.sorted;
        let mut places = BTreeMap::new();
        let mut reports = before.reports;
        for (number, stream) in streams.iter().enumerate() {
            for (rank, source) in stream.sources.iter().enumerate() {
                if let Place::Walked(member) = source.place {
                    places.insert(member, (number, bases[number] + rank));
                    let report = std::mem::take(&mut reports[member]);
                    run.joining.joins.sources[bases[number] + rank] = SourceReport { name: source.name.clone(), node: stream.node.clone(), ..report };
                }
            }
        }
        for piece in &mut sorted.pieces {
            if let Some((stream, source)) = places.get(&piece.source) {
                (piece.stream, piece.source) = (*stream, *source);
            }
        }
        run.names_of_sources = run.joining.joins.sources.iter().map(|s| s.name.clone()).collect();
        let mut feeds = run.sort(streams, sorted, &bases, bounds, progress)?;
        for (number, stream) in streams.iter().enumerate().filter(|(_, s)| !s.is_mixed()) {
            let reader = Unwrapped::open(stream, options.chunk_bytes, &options.lines).within(bounds);
            feeds.push((stream.node.clone(), number, Feed::Live(Box::new(reader), bases[number]), false));
        }
        run.fold.pairing = Pairing::new(feeds.len());
        feeds.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        for (name, number, feed, named) in feeds {
            run.joining.start(name, number, named);
            run.reading.start(feed);
        }
        run.fold.accept(&mut run.joining.joins);
        Ok((run, clerk))
    }

    /// Reads the streams that are not in order before they are read, and returns what feeds their nodes.
    fn sort(
        &mut self,
        streams: &'a [Stream],
        before: Sorted,
        bases: &[usize],
        bounds: Bounds,
        progress: &(dyn Fn(u64) + Sync),
    ) -> io::Result<Vec<(String, usize, Feed<'a>, bool)>> {
        let mut sorter = Sorter::new(self.options, bounds, &mut self.reading.store, progress);
        for (number, stream) in streams.iter().enumerate().filter(|(_, s)| s.is_mixed()) {
            sorter.stream(number, stream, bases[number], &mut self.joining.joins.sources)?;
        }
        let mut read = sorter.finish();
        read.pieces.extend(before.pieces);
        read.problems.extend(before.problems);
        read.capped |= before.capped;
        self.joining.joins.problems.extend(read.problems);
        if read.capped {
            self.fold.caps.insert("nodes".into());
        }
        let mut nodes: BTreeMap<Result<Box<[u8]>, usize>, Vec<Piece>> = BTreeMap::new();
        for piece in read.pieces {
            nodes.entry(piece.node.clone().ok_or(piece.stream)).or_default().push(piece);
        }
        let mut seen: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let known: Vec<&Source> = streams.iter().flat_map(|s| &s.sources).collect();
        let source = |number: usize| known[number].clone();
        let feeds = nodes
            .into_iter()
            .map(|(node, mut pieces)| {
                let (named, stream) = (node.is_ok(), pieces[0].stream);
                let name = node.map_or_else(|stream| streams[stream].node.clone(), |name| String::from_utf8_lossy(&name).into_owned());
                pieces.sort_by_key(|p| p.source);
                in_order(&mut pieces);
                for piece in &pieces {
                    seen.entry(piece.source).or_default().insert(name.clone());
                }
                (name, stream, Feed::of(pieces, source, &self.options.lines), named)
            })
            .collect();
        for (source, nodes) in seen {
            self.joining.joins.sources[source].node = nodes.into_iter().collect::<Vec<_>>().join(", ");
        }
        Ok(feeds)
    }

    fn drive(mut self, mut clerk: Clerk, progress: &(dyn Fn(u64) + Sync), sink: Sink<'_>) -> io::Result<Outcome> {
        // on a worker: then what follows is handed from worker to worker, not to and fro, and what it let go of is used again
        let Some(sink) = sink else {
            return rayon::scope(|_| {
                self.read_all(&mut clerk, progress)?;
                self.finish(clerk, None)
            });
        };
        rayon::scope(|_| self.read_all(&mut clerk, progress))?;
        self.finish(clerk, Some(sink))
    }

    /// Reads all chunks. While some are read, those before them are scanned, those before these joined, those before these merged and triaged, and what is done counted;
    /// one thread does the same for a chunk at a time, as long as its caches hold it.
    fn read_all(&mut self, clerk: &mut Clerk, progress: &(dyn Fn(u64) + Sync)) -> io::Result<()> {
        let mut spares = Vec::new();
        if rayon::current_num_threads() == 1 {
            while !self.fold.is_done() {
                let lot = self.reading.read(&self.fold.hungry())?;
                let mut scanned = lot.scan(spares, progress);
                self.reading.recycle(&mut scanned);
                spares = self.joining.take(scanned);
                self.fold.accept(&mut self.joining.joins);
                self.fold.work(self.rules, &mut self.closed);
                self.count(clerk)?;
            }
            return Ok(());
        }
        // a filter asks for names, and findings that are listed for nodes: others have both
        let is_apart = !self.listed && self.options.filter.is_open();
        let (names, filter) = (Names::default(), &self.options.filter);
        let mut lot = self.reading.read(&self.fold.hungry())?;
        let mut scanned = lot::Scanned::default();
        let mut spare = Closed::default();
        while !self.fold.is_done() {
            // what each hands to the next
            let hungry = self.fold.hungry();
            self.fold.accept(&mut self.joining.joins);
            let mut ready = std::mem::replace(&mut self.closed, spare);
            let desk = Desk { filter, names: &names, sources: &self.names_of_sources, nodes: &[] };
            let Run { rules, closed, reading, joining, fold, .. } = self;
            // what has to be done by one thread comes first
            let rest = || rayon::join(|| clerk.take(&mut ready, &desk), || lot.scan(spares, progress));
            let rest = || rayon::join(|| reading.read(&hungry), rest);
            let rest = || rayon::join(|| joining.take(scanned), rest);
            let ((), (joined, (read, (counted, batches)))) = rayon::join(|| fold.work(rules, closed), rest);
            counted?;
            (spare, spares, lot, scanned) = (ready, joined, read?, batches);
            self.reading.recycle(&mut scanned);
            if !is_apart {
                self.count(clerk)?;
            }
        }
        self.count(clerk)
    }

    /// Returns the names of the nodes and their streams, where findings are listed.
    fn nodes(&self) -> Vec<(Arc<str>, usize)> {
        self.fold.view.nodes.iter().filter(|_| self.listed).map(|n| (Arc::from(n.name.as_str()), n.stream)).collect()
    }

    /// Counts failures that are decided, and puts the others where they wait for the end.
    fn count(&mut self, clerk: &mut Clerk) -> io::Result<()> {
        let nodes = self.nodes();
        let desk = Desk { filter: &self.options.filter, names: &self.joining.joins.names, sources: &self.names_of_sources, nodes: &nodes };
        clerk.take(&mut self.closed, &desk)
    }

    fn finish(mut self, mut clerk: Clerk, mut sink: Sink<'_>) -> io::Result<Outcome> {
        // what open failures teach comes before any verdict
        self.fold.shards.par_iter_mut().for_each(Shard::end);
        self.fold.close(&mut self.closed);
        let nodes = self.nodes();
        let Joins { mut names, strands, sources: reports, mut problems, zone_assumed, .. } = self.joining.joins;
        self.fold.view.spans = strands.iter().map(|r| r.join.span()).collect();
        self.fold.view.end = self.fold.view.spans.iter().flatten().map(|s| s.1).max();
        self.fold.view.settle();
        let Clients { profiles, mut uuids, full: profiles_full, .. } = std::mem::take(&mut self.fold.clients);
        let mut books = Books { caps_hit: std::mem::take(&mut self.fold.caps), ..Books::default() };
        if profiles_full {
            books.caps_hit.insert("profiles of clients".into());
        }
        for shard in &self.fold.shards {
            if shard.capped {
                books.caps_hit.insert("timelines".into());
            }
            if shard.crowded {
                books.caps_hit.insert("failures of one session".into());
            }
        }
        for realm in self.options.realms.iter() {
            for (client, settings) in &realm.clients {
                if let Some(uuid) = &settings.uuid {
                    uuids.entry(Key::of(uuid.as_bytes())).or_insert_with(|| names.number(client.as_bytes()));
                }
            }
        }
        let (view, sources) = (std::mem::take(&mut self.fold.view), self.names_of_sources.clone());
        let realms = &self.options.realms;
        let judge = Judge {
            rules: self.rules,
            view: &view,
            profiles: &profiles,
            uuids,
            life_ms: self.options.code_lifespan_ms,
            profiles_full,
            realms: Some(realms),
            sources: &sources,
            names: &names,
            fit: self.fold.pairing.fit,
        };
        let (listed, mut closed) = (self.listed, std::mem::take(&mut self.closed));
        let decide = |w: &Waiting| if listed || judge.is_doubtful(w) { None } else { Some(judge.verdict(w)) };
        let desk = Desk { filter: &self.options.filter, names: &names, sources: &sources, nodes: &nodes };
        // not all at once: what is open at the end can be most of a short log
        for shards in self.fold.shards.chunks_mut(FINISH) {
            let (counted, ()) = rayon::join(|| clerk.take(&mut closed, &desk), || shards.par_iter_mut().for_each(|shard| shard.close(&decide)));
            counted?;
            for shard in shards {
                closed.done.append(&mut shard.done);
            }
        }
        clerk.take(&mut closed, &desk)?;
        let mut unjoined = 0;
        let mut sorted = std::mem::take(&mut clerk.spill).sorted()?;
        let (mut waiting, mut others) = (sorted.take(DECIDE, Vec::with_capacity(DECIDE))?, Vec::with_capacity(DECIDE));
        let mut decided: (Vec<Waiting>, Vec<Verdict>) = Default::default();
        while !waiting.is_empty() || !decided.0.is_empty() {
            let taken = waiting.len();
            waiting.retain(|w| !judge.is_doubtful(w));
            unjoined += (taken - waiting.len()) as u64;
            // while some are counted, those behind them are decided, and those behind these read
            let count = || counted(&mut clerk.counts, &decided, &self.options.filter, &judge);
            let (passed, (next, verdicts)) = rayon::join(count, || rayon::join(|| sorted.take(DECIDE, others), || verdicts(&waiting, &judge)));
            if let Some(sink) = &mut sink {
                tell(&decided.0, decided.1, passed, &judge, sink)?;
            }
            (others, decided, waiting) = (decided.0, (waiting, verdicts), next?);
        }
        let span = view.spans.iter().flatten().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let span = span.and_then(|span| self.options.filter.part(span));
        let ledger = &mut clerk.counts.ledger;
        let tally = ledger.tally(&names, &sources, span, |w, verdict| judge.finding(w, verdict));
        if ledger.capped {
            books.caps_hit.insert("keys".into());
        }
        if ledger.lengthened {
            books.caps_hit.insert("windows".into());
        }
        let serving = self.fold.serving.take();
        let told = clerk.counts.names_of_realms();
        let realm = |id: Sym| told.get(&id).copied().or_else(|| self.fold.realm_of(id)).unwrap_or(id);
        let served = serving.and_then(|serving| serving.finish(&names, realm));
        let changed = view.triggers.iter().filter_map(super::triage::view::Trigger::client);
        let clients = changed.filter_map(|uuid| Some((uuid, Arc::from(names.text(*judge.uuids.get(&Key::from(uuid))?))))).collect();
        let mut worked: BTreeMap<Option<String>, i64> = BTreeMap::new();
        for (name, id) in clerk.counts.realms {
            if let Some(age) = view.worked(id) {
                let name = name.map(|n| names.text(n).into_owned());
                worked.entry(name).and_modify(|a| *a = age.max(*a)).or_insert(age);
            }
        }
        for source in &reports {
            books.merge(&source.books);
        }
        if strands.iter().any(|r| r.by_time.late) {
            books.caps_hit.insert("stored events out of order".into());
        }
        books.time_went_back = strands.iter().map(|r| r.join.went_back).sum();
        let (quoted, quoted_count) = quotes(&strands, &sources, self.options.zone);
        let access = requests(&strands, unjoined);
        let mut suspects: Vec<(String, Suspect)> =
            strands.iter().flat_map(|r| r.join.suspects.iter()).map(|s| (sources.get(s.at.source as usize).cloned().unwrap_or_default(), s.clone())).collect();
        suspects.sort();
        if strands.iter().any(|r| r.join.suspects_dropped > 0) {
            books.caps_hit.insert("suspects".into());
        }
        let name = |source: u32| sources.get(source as usize).cloned().unwrap_or_default();
        let copies = self.fold.copies.take().unwrap_or_default().counts;
        problems.extend(copies.into_iter().map(|((path, first), failures)| Problem::Copies { path: name(path), first: name(first), failures }));
        Ok(Outcome {
            tally,
            books,
            sources: reports,
            view,
            lacks: clerk.counts.lacks,
            worked,
            left_out: clerk.counts.left_out,
            suspects,
            access,
            quoted,
            quoted_count,
            problems,
            assumed_dates: self.joining.assumed_dates,
            zone_assumed,
            span,
            clients,
            served,
        })
    }
}

/// Counts failures of which all is known that ever will be; says which of them pass the filter.
fn counted(counts: &mut Counts, (waiting, verdicts): &(Vec<Waiting>, Vec<Verdict>), filter: &Filter, judge: &Judge<'_>) -> Vec<bool> {
    waiting.iter().zip(verdicts).map(|(w, verdict)| counts.add(w, verdict, filter, judge.names, judge.sources)).collect()
}

/// Tells those of them that passed.
fn tell(waiting: &[Waiting], verdicts: Vec<Verdict>, passed: Vec<bool>, judge: &Judge<'_>, sink: impl FnMut(Finding) -> io::Result<()>) -> io::Result<()> {
    let told = |((w, verdict), passed): ((&Waiting, Verdict), bool)| passed.then(|| judge.finding(w, verdict));
    let findings: Vec<Option<Finding>> = waiting.par_iter().zip(verdicts).zip(passed).map(told).collect();
    findings.into_iter().flatten().try_for_each(sink)
}

/// Decides failures.
fn verdicts(waiting: &[Waiting], judge: &Judge<'_>) -> Vec<Verdict> {
    waiting.par_iter().map(|w| judge.verdict(w)).collect()
}

/// Returns the zone of stamps that name none, where a wrapper's times may say how many minutes it is behind.
fn zone_of(told: Option<i32>, options: &Options) -> Zone {
    told.and_then(|minutes| FixedOffset::west_opt(minutes * 60)).map_or(options.zone, Zone::Fixed)
}

/// Returns the answers that logs other than Keycloak's quote.
fn quotes(strands: &[Strand], sources: &[String], zone: Zone) -> (Vec<Quoted>, u64) {
    let clock = Clock::new(zone, None);
    let mut all = Vec::new();
    let mut count = 0;
    for r in strands.iter().filter(|r| !r.keycloak) {
        count += r.relayed_count;
        all.extend(r.relayed.iter().map(|(source, quote)| Quoted {
            time: clock.instant(quote.at, 0, None).and_then(DateTime::from_timestamp_millis),
            source: sources[*source].clone(),
            line: quote.line,
            answer: quote.answer,
        }));
    }
    (all, count)
}

/// Adds up the token requests that access lines show: the server's own where there are any, else its proxies'.
fn requests(strands: &[Strand], unjoined: u64) -> Accesses {
    let own = strands.iter().any(|r| !r.join.requests.is_empty());
    let mut all = Accesses { own, unjoined, ..Accesses::default() };
    for r in strands {
        for (realm, requests) in if own { &r.join.requests } else { &r.join.proxied_requests } {
            all.realms.entry(realm.as_deref().map(String::from)).or_default().merge(*requests);
        }
    }
    all
}
