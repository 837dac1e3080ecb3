//! The wiring: from paths to findings, counts and books.
//!
//! Chunks of all streams are read in turn and scanned in parallel; each stream's batches are joined in order; the streams are merged by time; the
//! merged signals are split by session and taken in by the shards in parallel; at the end the failures are decided, in order.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rayon::prelude::*;

use crate::books::Books;
use crate::finding::Finding;
use crate::names::{Names, Sym};
use crate::record::{Line, Stamp, line};
use crate::signal::batch::{self, Batch, Inside};
use crate::signal::event;
use crate::signal::relayed::Relayed;
use crate::source::{Chunk, Grammar, Problem, Reader, Source, Stream};
use crate::tally::{Filter, Ledger, Outcome, Quoted, SourceReport, Windows};
use crate::triage::clock::{Clock, Zone};
use crate::triage::decide::{Judge, settled};
use crate::triage::join::{self, Join};
use crate::triage::joined::{Joined, Suspect};
use crate::triage::rules::Rules;
use crate::triage::shard::{SHARDS, Shard, shard_of};
use crate::triage::spill::{Order, Spill};
use crate::triage::timeline::Waiting;
use crate::triage::tokens::Tokens;
use crate::triage::verdict::{Lack, Verdict};
use crate::triage::view::{Node, View};

/// What a run is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of a chunk.
    pub chunk_bytes: usize,
    /// The lifespan of codes in milliseconds, where it is known.
    pub code_lifespan_ms: Option<i64>,
    /// The zone of stamps that name none.
    pub zone: Zone,
    /// The date of the first line of a layout without one.
    pub date: Option<NaiveDate>,
    /// The length of a window in milliseconds.
    pub window_ms: i64,
    /// What is printed and counted; evidence is read from all of the input.
    pub filter: Filter,
}

impl Default for Options {
    fn default() -> Self {
        Options { chunk_bytes: 1 << 18, code_lifespan_ms: None, zone: Zone::Utc, date: None, window_ms: 300_000, filter: Filter::default() }
    }
}

/// What the reader asks about lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines;

impl Grammar for Lines {
    fn begins_record(&self, text: &[u8]) -> bool {
        matches!(line(text, &mut Vec::new()), Line::Head(_))
    }

    fn is_whole(&self, text: &[u8]) -> bool {
        match line(text, &mut Vec::new()) {
            Line::Head(record) => event::parse(&record.message).is_none_or(|e| !e.cut),
            Line::Unknown(_) => !text.starts_with(b"{"),
            Line::Blank | Line::Rest => true,
        }
    }

    fn first_time(&self, bytes: &[u8]) -> Option<i64> {
        match first_stamp(bytes) {
            Stamp::Zoned(ms) | Stamp::Local(ms) => Some(ms),
            Stamp::TimeOfDay(_) | Stamp::Unknown => None,
        }
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
    }
    Stamp::Unknown
}

/// One stream at work.
struct Running<'a> {
    reader: Reader<'a>,
    join: Join,
    queue: VecDeque<Joined>,
    /// All of it is read.
    is_read: bool,
    /// Chunks that are read and not taken in yet.
    in_flight: usize,
    /// All of it is joined.
    ended: bool,
    inside: Inside,
    /// The number of the stream's first source in the run.
    base: usize,
    /// Lines read of each source.
    lines: Vec<u64>,
    /// Nodes by host; the stream's own is first.
    nodes: Vec<(Option<Vec<u8>>, u32)>,
    keycloak: bool,
    relayed: Vec<(usize, Relayed)>,
    relayed_count: u64,
}

/// Quoted answers that are kept of a stream.
const QUOTED: usize = 1000;

/// Chunks that are scanned at once, for each thread.
const CHUNKS: usize = 4;

/// Signals that are merged before the shards take them in.
const MERGE: usize = 1 << 14;

/// Shards that end their timelines at once.
const FINISH: usize = 8;

/// Findings that are decided at once.
const DECIDE: usize = 1 << 14;

/// Reads all streams. Each finding goes to `sink`, in the order of (time, node, position); `progress` is told of bytes as they are read.
///
/// # Errors
/// When the temporary file that holds undecided failures cannot be used.
pub fn run(
    streams: &[Stream],
    rules: &Rules,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
    sink: &mut dyn FnMut(Finding) -> io::Result<()>,
) -> io::Result<Outcome> {
    Run::new(streams, rules, options, Windows::Apart, true).drive(progress, Some(sink))
}

/// Reads all streams and counts, without making a finding of each failure; the tally is that of [`run`] where its windows are kept apart.
///
/// # Errors
/// When the temporary file that holds undecided failures cannot be used.
pub fn count(streams: &[Stream], rules: &Rules, options: &Options, windows: Windows, progress: &(dyn Fn(u64) + Sync)) -> io::Result<Outcome> {
    Run::new(streams, rules, options, windows, false).drive(progress, None)
}

/// Where findings go, in order; where there is none they are only counted, in any order.
type Sink<'a> = Option<&'a mut dyn FnMut(Finding) -> io::Result<()>>;

/// Scans chunks in parallel.
fn scan(chunks: &[(usize, Chunk)], progress: &(dyn Fn(u64) + Sync)) -> Vec<Batch> {
    let scan = |(_, c): &(usize, Chunk)| {
        let batch = batch::scan(&c.bytes);
        progress(c.bytes.len() as u64);
        batch
    };
    chunks.par_iter().map(scan).collect()
}

struct Run<'a> {
    options: &'a Options,
    rules: &'a Rules,
    /// Findings go to a sink, in order.
    listed: bool,
    ledger: Ledger,
    lacks: BTreeMap<Lack, u64>,
    left_out: u64,
    /// Realms of failures: their names, and their ids.
    realms: HashSet<(Option<Sym>, Option<Sym>)>,
    names_of_sources: Vec<String>,
    streams: &'a [Stream],
    running: Vec<Running<'a>>,
    sources: Vec<SourceReport>,
    names: Names,
    view: View,
    shards: Vec<Shard>,
    /// What the shards take in next, and how many that are.
    parts: Vec<Vec<Joined>>,
    merged: usize,
    /// What a chunk's join gave; empty in between.
    joined: Vec<Joined>,
    done: bool,
    tokens: Tokens,
    spill: Spill,
    problems: Vec<Problem>,
    assumed_dates: Vec<(String, NaiveDate, &'static str)>,
    zone_assumed: bool,
    damaged: u64,
}

impl<'a> Run<'a> {
    fn new(streams: &'a [Stream], rules: &'a Rules, options: &'a Options, windows: Windows, listed: bool) -> Self {
        let spill = if listed { Spill::default() } else { Spill::unordered() };
        let mut run = Run {
            options,
            rules,
            listed,
            ledger: Ledger::new(options.window_ms, windows),
            lacks: BTreeMap::new(),
            left_out: 0,
            realms: HashSet::new(),
            names_of_sources: Vec::new(),
            streams,
            running: Vec::new(),
            sources: Vec::new(),
            names: Names::default(),
            view: View::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            parts: (0..SHARDS).map(|_| Vec::new()).collect(),
            merged: 0,
            joined: Vec::new(),
            done: false,
            tokens: Tokens::default(),
            spill,
            problems: Vec::new(),
            assumed_dates: Vec::new(),
            zone_assumed: false,
            damaged: 0,
        };
        for (number, stream) in streams.iter().enumerate() {
            let base = run.sources.len();
            run.sources.extend(stream.sources.iter().map(|s| SourceReport {
                name: s.name.clone(),
                node: stream.node.clone(),
                named: s.named,
                ..SourceReport::default()
            }));
            let node = u32::try_from(run.view.nodes.len()).unwrap_or(u32::MAX);
            run.view.nodes.push(Node { stream: number, name: stream.node.clone(), ..Node::default() });
            let date = run.date(stream);
            run.running.push(Running {
                reader: Reader::open(stream, options.chunk_bytes, &Lines),
                join: Join::new(Clock::new(options.zone, date)),
                queue: VecDeque::new(),
                is_read: false,
                in_flight: 0,
                ended: false,
                inside: Inside::Nothing,
                base,
                lines: vec![0; stream.sources.len()],
                nodes: vec![(None, node)],
                keycloak: false,
                relayed: Vec::new(),
                relayed_count: 0,
            });
        }
        run.names_of_sources = run.sources.iter().map(|s| s.name.clone()).collect();
        run
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
        let passed = stream.sources.iter().map(midnights).sum::<i64>();
        (written.date_naive() - chrono::Duration::days(passed), "from the file's last change")
    }

    fn drive(mut self, progress: &(dyn Fn(u64) + Sync), sink: Sink<'_>) -> io::Result<Outcome> {
        // on a worker: then what follows is handed from worker to worker, not to and fro
        rayon::scope(|_| self.read_all(progress))?;
        self.finish(sink)
    }

    /// Reads and scans all chunks. While some are scanned, those before them are joined and triaged, and those behind them read.
    fn read_all(&mut self, progress: &(dyn Fn(u64) + Sync)) -> io::Result<()> {
        let mut scanned = Vec::new();
        let mut chunks = self.read();
        while !self.done {
            let (batches, next) = rayon::join(|| scan(&chunks, progress), || self.work(scanned));
            scanned = chunks.into_iter().zip(batches).collect();
            chunks = next?;
        }
        Ok(())
    }

    /// Joins and triages what was scanned, and reads on.
    fn work(&mut self, scanned: Vec<((usize, Chunk), Batch)>) -> io::Result<Vec<(usize, Chunk)>> {
        for ((number, chunk), batch) in scanned {
            self.take(number, chunk, batch);
        }
        for r in self.running.iter_mut().filter(|r| r.is_read && r.in_flight == 0 && !r.ended) {
            r.ended = true;
            r.join.finish(&mut self.joined);
            r.queue.extend(self.joined.drain(..));
        }
        self.done = self.running.iter().all(|r| r.ended && r.queue.is_empty());
        self.merge();
        if self.merged >= MERGE || self.done {
            self.dispatch()?;
        }
        Ok(self.read())
    }

    /// Reads chunks of the streams that have nothing left to merge.
    fn read(&mut self) -> Vec<(usize, Chunk)> {
        let waiting = self.running.iter().filter(|r| !r.is_read && r.queue.is_empty()).count();
        let each = (rayon::current_num_threads() * CHUNKS).div_ceil(waiting.max(1));
        let mut chunks: Vec<(usize, Chunk)> = Vec::new();
        for (number, r) in self.running.iter_mut().enumerate().filter(|(_, r)| !r.is_read && r.queue.is_empty()) {
            for _ in 0..each {
                if let Some(chunk) = r.reader.next() {
                    r.in_flight += 1;
                    chunks.push((number, chunk));
                } else {
                    r.is_read = true;
                    break;
                }
            }
        }
        chunks
    }

    /// Takes in what a chunk held.
    fn take(&mut self, number: usize, chunk: Chunk, mut batch: Batch) {
        let r = &mut self.running[number];
        r.in_flight -= 1;
        if let Some(line) = chunk.line {
            r.lines[chunk.source] = line;
        }
        let report = &mut self.sources[r.base + chunk.source];
        if let Some(error) = chunk.error {
            self.problems.push(Problem::Unreadable { path: report.name.clone(), error });
        }
        if chunk.dropped > 0 {
            report.books.damaged += chunk.dropped;
            report.books.caps_hit.insert("max-line".into());
            self.damaged += chunk.dropped;
        }
        let before = r.lines[chunk.source];
        number_samples(&mut batch.books, &report.name, before);
        number_samples(&mut batch.lead, &report.name, before);
        if r.inside == Inside::Record {
            // the lead goes on with a record of the chunk before
            report.books.parsed += batch.lead.skipped;
        } else {
            report.books.merge(&batch.lead);
        }
        r.inside = batch.inside.unwrap_or(r.inside);
        report.books.merge(&batch.books);
        for (sum, n) in report.layouts.iter_mut().zip(batch.layouts) {
            *sum += n;
        }
        if report.nearest.is_none() {
            report.nearest = batch.nearest.map(|(l, m)| (before + l + 1, m));
        }
        r.keycloak |= batch.keycloak;
        self.view.nodes[r.nodes[0].1 as usize].access_log |= batch.access_log;
        self.zone_assumed |= matches!(batch.first, Stamp::Local(_) | Stamp::TimeOfDay(_));
        let lines = batch.lines;
        r.relayed_count += batch.relayed.len() as u64;
        for mut quote in std::mem::take(&mut batch.relayed).into_iter().take(QUOTED.saturating_sub(r.relayed.len())) {
            quote.line += before + 1;
            r.relayed.push((chunk.source, quote));
        }
        let source = u32::try_from(r.base + chunk.source).unwrap_or(u32::MAX);
        let (nodes, view) = (&mut r.nodes, &mut self.view);
        let mut node = |host: Option<&[u8]>| {
            if let Some((_, number)) = nodes.iter().find(|(h, _)| h.as_deref() == host) {
                return *number;
            }
            let number = u32::try_from(view.nodes.len()).unwrap_or(u32::MAX);
            let name = host.map(|h| String::from_utf8_lossy(h).into_owned()).unwrap_or_default();
            let stream = view.nodes[nodes[0].1 as usize].stream;
            view.nodes.push(Node { stream, name, ..Node::default() });
            nodes.push((host.map(<[u8]>::to_vec), number));
            number
        };
        r.join.chunk(batch, &mut join::Chunk { source, line: before, node: &mut node }, &mut self.names, &mut self.joined);
        r.queue.extend(self.joined.drain(..));
        r.lines[chunk.source] = before + lines;
        r.reader.recycle(chunk.bytes);
    }

    /// Merges the streams' signals by time as far as all of them are known.
    fn merge(&mut self) {
        loop {
            if self.running.iter().any(|r| !r.ended && r.queue.is_empty()) {
                return;
            }
            let Some(next) = self.running.iter().enumerate().filter_map(|(i, r)| Some((r.queue.front()?.clock, i))).min() else { return };
            // as long as no other stream comes before, this one goes on
            let limit = self.running.iter().enumerate().filter(|(i, _)| *i != next.1).filter_map(|(i, r)| Some((r.queue.front()?.clock, i))).min();
            let r = &mut self.running[next.1];
            while r.queue.front().is_some_and(|j| limit.is_none_or(|l| (j.clock, next.1) < l)) {
                if let Some(mut joined) = r.queue.pop_front() {
                    self.tokens.follow(&mut joined);
                    self.view.note(&joined);
                    self.parts[shard_of(&joined)].push(joined);
                    self.merged += 1;
                }
            }
            if self.merged >= MERGE {
                return;
            }
        }
    }

    /// Lets the shards take in what was merged.
    fn dispatch(&mut self) -> io::Result<()> {
        let rules = self.rules;
        self.merged = 0;
        self.shards.par_iter_mut().zip(&mut self.parts).for_each(|(shard, part)| {
            for joined in part.drain(..) {
                shard.take(joined, &|failed| rules.settle(failed));
            }
        });
        self.collect()
    }

    /// Counts what is decided already, and moves the rest of what the shards have done to where it waits for the end.
    fn collect(&mut self) -> io::Result<()> {
        let nodes: Vec<(Arc<str>, usize)> = self.view.nodes.iter().map(|n| (Arc::from(n.name.as_str()), n.stream)).collect();
        let mut shards = std::mem::take(&mut self.shards);
        let names = std::mem::take(&mut self.names);
        // neighbours are mostly of one realm
        let mut last = None;
        for shard in &mut shards {
            for waiting in shard.done.drain(..) {
                let realm = (waiting.failed.failure.realm, waiting.realm);
                if last != Some(realm) {
                    self.realms.insert(realm);
                    last = Some(realm);
                }
                if !self.listed
                    && let Ok(verdict) = settled(self.rules, &waiting)
                {
                    self.add(&waiting, &verdict, &names);
                    continue;
                }
                let (name, stream) = &nodes[waiting.node as usize];
                self.spill.push(Order::of(&waiting, name, *stream), waiting)?;
            }
        }
        (self.shards, self.names) = (shards, names);
        Ok(())
    }

    /// Counts a failure, if it passes the filter; says whether it does.
    fn add(&mut self, w: &Waiting, verdict: &Verdict, names: &Names) -> bool {
        let filter = &self.options.filter;
        if !filter.is_open() {
            let failure = &w.failed.failure;
            let [realm, client] = [failure.realm, failure.client].map(|sym| sym.map(|s| names.text(s)));
            let session = failure.session.as_deref();
            if !filter.lets_pass(w.time, realm.as_deref(), client.as_deref(), session, verdict.candidates[0], verdict.confidence) {
                self.left_out += 1;
                return false;
            }
        }
        if let Some(lack) = verdict.lack {
            *self.lacks.entry(lack).or_default() += 1;
        }
        self.ledger.add(w, verdict, &self.names_of_sources);
        true
    }

    fn finish(mut self, mut sink: Sink<'_>) -> io::Result<Outcome> {
        // not all at once: what is open at the end can be most of a short log
        for begin in (0..SHARDS).step_by(FINISH) {
            self.shards[begin..SHARDS.min(begin + FINISH)].par_iter_mut().for_each(Shard::finish);
            self.collect()?;
        }
        self.view.spans = self.running.iter().map(|r| r.join.span()).collect();
        self.view.end = self.view.spans.iter().flatten().map(|s| s.1).max();
        self.view.settle();
        let mut profiles: hashbrown::HashMap<_, crate::triage::profile::Profile, _> = hashbrown::HashMap::default();
        let mut uuids = hashbrown::HashMap::default();
        let mut books = Books::default();
        for shard in &mut self.shards {
            for (realm, lesson) in shard.lessons.drain(..) {
                self.view.learn(realm, lesson);
            }
            for (key, profile) in shard.profiles.drain() {
                profiles.entry(key).or_default().merge(&profile);
            }
            uuids.extend(shard.uuids.drain());
            if shard.capped {
                books.caps_hit.insert("timelines".into());
            }
            if shard.crowded {
                books.caps_hit.insert("failures of one session".into());
            }
        }
        let (view, sources) = (std::mem::take(&mut self.view), self.names_of_sources.clone());
        let names = std::mem::take(&mut self.names);
        let judge = Judge { rules: self.rules, view: &view, profiles, uuids, life_ms: self.options.code_lifespan_ms, sources: &sources, names: &names };
        let mut sorted = std::mem::take(&mut self.spill).sorted()?;
        loop {
            let waiting = sorted.take(DECIDE)?;
            if waiting.is_empty() {
                break;
            }
            self.decide(&waiting, &judge, &mut sink)?;
        }
        let tally = self.ledger.tally(&names, |w, verdict| judge.finding(w, verdict));
        let mut worked: BTreeMap<Option<String>, i64> = BTreeMap::new();
        for (name, id) in self.realms {
            if let Some(age) = view.worked(id) {
                let name = name.map(|n| names.text(n).into_owned());
                worked.entry(name).and_modify(|a| *a = age.max(*a)).or_insert(age);
            }
        }
        for source in &self.sources {
            books.merge(&source.books);
        }
        books.time_went_back = self.running.iter().map(|r| r.join.went_back).sum();
        let span = view.spans.iter().flatten().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (quoted, quoted_count) = quotes(&self.running, &sources, self.options.zone);
        let mut suspects: Vec<(String, Suspect)> = self
            .running
            .iter()
            .flat_map(|r| r.join.suspects.iter())
            .map(|s| (sources.get(s.at.source as usize).cloned().unwrap_or_default(), s.clone()))
            .collect();
        suspects.sort();
        if self.running.iter().any(|r| r.join.suspects_dropped > 0) {
            books.caps_hit.insert("suspects".into());
        }
        Ok(Outcome {
            tally,
            books,
            sources: self.sources,
            view,
            lacks: self.lacks,
            worked,
            left_out: self.left_out,
            suspects,
            quoted,
            quoted_count,
            problems: self.problems,
            assumed_dates: self.assumed_dates,
            zone_assumed: self.zone_assumed,
            span,
        })
    }
}

impl Run<'_> {
    /// Decides failures of which all is known that ever will be.
    fn decide(&mut self, waiting: &[Waiting], judge: &Judge<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
        let verdicts: Vec<Verdict> = waiting.par_iter().map(|w| judge.verdict(w)).collect();
        let passed: Vec<bool> = waiting.iter().zip(&verdicts).map(|(w, verdict)| self.add(w, verdict, judge.names)).collect();
        let Some(sink) = sink else { return Ok(()) };
        let told = |((w, verdict), passed): ((&Waiting, Verdict), bool)| passed.then(|| judge.finding(w, verdict));
        let findings: Vec<Option<Finding>> = waiting.par_iter().zip(verdicts).zip(passed).map(told).collect();
        findings.into_iter().flatten().try_for_each(sink)
    }
}

/// Gives the samples of a chunk their place in the source.
fn number_samples(books: &mut Books, source: &str, before: u64) {
    for sample in &mut books.samples {
        source.clone_into(&mut sample.source);
        sample.line += before + 1;
    }
}

/// Returns the answers that logs other than Keycloak's quote.
fn quotes(running: &[Running<'_>], sources: &[String], zone: Zone) -> (Vec<Quoted>, u64) {
    let clock = Clock::new(zone, None);
    let mut all = Vec::new();
    let mut count = 0;
    for r in running.iter().filter(|r| !r.keycloak) {
        count += r.relayed_count;
        all.extend(r.relayed.iter().map(|(source, quote)| Quoted {
            time: clock.instant(quote.at, 0).and_then(DateTime::from_timestamp_millis),
            source: sources[r.base + source].clone(),
            line: quote.line,
            answer: quote.answer,
        }));
    }
    (all, count)
}

/// Reads the beginning of a source; nothing of standard input.
fn peek(source: &Source) -> Vec<u8> {
    let mut head = Vec::new();
    if let Some(file) = source.path.as_ref().and_then(|p| std::fs::File::open(p).ok()) {
        let _ = io::Read::read_to_end(&mut io::Read::take(file, 64 * 1024), &mut head);
    }
    head
}

/// Counts the midnights that pass in a source without dates.
fn midnights(source: &Source) -> i64 {
    let stream = Stream { node: String::new(), sources: vec![source.clone()] };
    let mut reader = Reader::open(&stream, 1 << 20, &Lines);
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
