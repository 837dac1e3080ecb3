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
use crate::names::{Key, Names};
use crate::record::{Layout, Line, Stamp, line};
use crate::signal::access::{self, Access, Entry, Login};
use crate::signal::batch::{self, Batch, Inside};
use crate::signal::event;
use crate::signal::relayed::Relayed;
use crate::source::{Chunk, Grammar, Problem, Reader, Source, Stream};
use crate::tally::{Accesses, Filter, Outcome, Quoted, SourceReport, Tally};
use crate::triage::browsers::Browsers;
use crate::triage::clock::{Clock, Zone};
use crate::triage::decide::Judge;
use crate::triage::join::{self, Join};
use crate::triage::joined::{Joined, Suspect};
use crate::triage::pairing::Pairing;
use crate::triage::rules::Rules;
use crate::triage::shard::{SHARDS, Shard, shard_of};
use crate::triage::spill::{Order, Spill};
use crate::triage::tokens::Tokens;
use crate::triage::verdict::Lack;
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
        Options { chunk_bytes: 1 << 20, code_lifespan_ms: None, zone: Zone::Utc, date: None, window_ms: 300_000, filter: Filter::default() }
    }
}

/// What the reader asks about lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines;

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
        if let Some(Entry::Token(Access { at, .. }) | Entry::Login(Login { at, .. })) = access::read(text.strip_suffix(b"\r").unwrap_or(text))
            && at != Stamp::Unknown
        {
            return at;
        }
    }
    Stamp::Unknown
}

/// One stream at work.
struct Running<'a> {
    reader: Reader<'a>,
    join: Join,
    queue: VecDeque<Joined>,
    ended: bool,
    inside: Inside,
    /// The number of the stream's first source in the run.
    base: usize,
    /// Lines read of each source.
    lines: Vec<u64>,
    /// Nodes by host; the stream's own is first.
    nodes: Vec<(Option<Vec<u8>>, u32)>,
    keycloak: bool,
    /// Whether each source begins as a log of access lines only, once that is known.
    proxied: Vec<Option<bool>>,
    relayed: Vec<(usize, Relayed)>,
    relayed_count: u64,
}

/// Quoted answers that are kept of a stream.
const QUOTED: usize = 1000;

/// Signals that are merged before the shards take them in.
const MERGE: usize = 1 << 14;

/// Findings that are decided at once.
const DECIDE: usize = 1 << 14;

/// Findings that one task counts: few tasks, since each begins with a tally of its own.
const COUNT: usize = 1 << 12;

/// Counts of findings, and of what would have told their candidates apart.
type Counted = (Tally, BTreeMap<Lack, u64>);

fn count(decided: &[(Finding, Option<Lack>)], window_ms: i64) -> Counted {
    let (mut tally, mut lacks) = (Tally::new(window_ms), BTreeMap::new());
    for (finding, lack) in decided {
        tally.add(finding);
        if let Some(lack) = lack {
            *lacks.entry(*lack).or_default() += 1;
        }
    }
    (tally, lacks)
}

fn merged(mut a: Counted, b: Counted) -> Counted {
    a.0.merge(&b.0);
    for (lack, n) in b.1 {
        *a.1.entry(lack).or_default() += n;
    }
    a
}

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
    Run::new(streams, options).drive(rules, progress, sink)
}

struct Run<'a> {
    options: &'a Options,
    streams: &'a [Stream],
    running: Vec<Running<'a>>,
    sources: Vec<SourceReport>,
    names: Names,
    view: View,
    shards: Vec<Shard>,
    merged: Vec<Joined>,
    browsers: Browsers,
    pairing: Pairing,
    tokens: Tokens,
    spill: Spill,
    problems: Vec<Problem>,
    assumed_dates: Vec<(String, NaiveDate, &'static str)>,
    zone_assumed: bool,
    damaged: u64,
}

impl<'a> Run<'a> {
    fn new(streams: &'a [Stream], options: &'a Options) -> Self {
        let mut run = Run {
            options,
            streams,
            running: Vec::new(),
            sources: Vec::new(),
            names: Names::default(),
            view: View::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            merged: Vec::new(),
            browsers: Browsers::default(),
            pairing: Pairing::new(streams.len()),
            tokens: Tokens::default(),
            spill: Spill::default(),
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
                ended: false,
                inside: Inside::Nothing,
                base,
                lines: vec![0; stream.sources.len()],
                nodes: vec![(None, node)],
                keycloak: false,
                proxied: vec![None; stream.sources.len()],
                relayed: Vec::new(),
                relayed_count: 0,
            });
        }
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

    fn drive(mut self, rules: &Rules, progress: &(dyn Fn(u64) + Sync), sink: &mut dyn FnMut(Finding) -> io::Result<()>) -> io::Result<Outcome> {
        loop {
            self.refill(progress);
            let done = self.running.iter().all(|r| r.ended && r.queue.is_empty());
            self.merge();
            if done {
                self.pairing.finish(&mut self.merged);
            }
            if self.merged.len() >= MERGE || done {
                self.dispatch()?;
            }
            if done {
                break;
            }
        }
        self.finish(rules, sink)
    }

    /// Reads and scans chunks of the streams that have nothing left to merge.
    fn refill(&mut self, progress: &(dyn Fn(u64) + Sync)) {
        let waiting = self.running.iter().filter(|r| !r.ended && r.queue.is_empty()).count();
        let each = (rayon::current_num_threads() * 2).div_ceil(waiting.max(1));
        let mut chunks: Vec<(usize, Chunk)> = Vec::new();
        for (number, r) in self.running.iter_mut().enumerate().filter(|(_, r)| !r.ended && r.queue.is_empty()) {
            for _ in 0..each {
                if let Some(chunk) = r.reader.next() {
                    chunks.push((number, chunk));
                } else {
                    r.ended = true;
                    break;
                }
            }
        }
        let batches: Vec<Batch> = chunks
            .par_iter()
            .map(|(_, c)| {
                let batch = batch::scan(&c.bytes);
                progress(c.bytes.len() as u64);
                batch
            })
            .collect();
        for ((number, chunk), batch) in chunks.into_iter().zip(batches) {
            self.take(number, chunk, batch);
        }
        for r in self.running.iter_mut().filter(|r| r.ended) {
            let mut out = Vec::new();
            r.join.finish(&mut self.names, &mut out);
            r.queue.extend(out);
        }
    }

    /// Takes in what a chunk held.
    fn take(&mut self, number: usize, chunk: Chunk, mut batch: Batch) {
        let r = &mut self.running[number];
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
        let was = r.inside;
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
        let kind = &mut r.proxied[chunk.source];
        *kind = kind.or(batch.begins_proxied);
        take_proxied(&mut batch, *kind == Some(true), was, report, before);
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
        let mut out = Vec::new();
        r.join.chunk(batch, &mut join::Chunk { source, line: before, node: &mut node }, &mut self.names, &mut out);
        r.queue.extend(out);
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
                    if self.browsers.follow(&mut joined) {
                        self.pairing.push(joined, &mut self.merged);
                    }
                }
            }
            if self.merged.len() >= MERGE {
                return;
            }
        }
    }

    /// Lets the shards take in what was merged.
    fn dispatch(&mut self) -> io::Result<()> {
        let mut parts: Vec<Vec<Joined>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for joined in self.merged.drain(..) {
            parts[shard_of(&joined)].push(joined);
        }
        self.shards.par_iter_mut().zip(parts).for_each(|(shard, part)| {
            for joined in part {
                shard.take(joined);
            }
        });
        self.collect()
    }

    /// Moves what the shards have done to where it waits for the end.
    fn collect(&mut self) -> io::Result<()> {
        let names: Vec<(Arc<str>, usize)> = self.view.nodes.iter().map(|n| (Arc::from(n.name.as_str()), n.stream)).collect();
        for shard in &mut self.shards {
            for waiting in shard.done.drain(..) {
                let (name, stream) = &names[waiting.node as usize];
                self.spill.push(Order::of(&waiting, name, *stream), waiting)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, rules: &Rules, sink: &mut dyn FnMut(Finding) -> io::Result<()>) -> io::Result<Outcome> {
        self.shards.par_iter_mut().for_each(Shard::finish);
        self.collect()?;
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
        let sources: Vec<String> = self.sources.iter().map(|s| s.name.clone()).collect();
        let judge = Judge { rules, view: &self.view, profiles, uuids, life_ms: self.options.code_lifespan_ms, sources: &sources, fit: self.pairing.fit };
        let mut counted = count(&[], self.options.window_ms);
        let mut worked: BTreeMap<Option<String>, i64> = BTreeMap::new();
        let mut told = HashSet::new();
        let (mut left_out, mut unjoined) = (0, 0);
        let mut sorted = std::mem::take(&mut self.spill).sorted()?;
        loop {
            let mut waiting = sorted.take(DECIDE)?;
            if waiting.is_empty() {
                break;
            }
            let taken = waiting.len();
            waiting.retain(|w| !judge.is_doubtful(w));
            unjoined += (taken - waiting.len()) as u64;
            for w in &waiting {
                let realm = w.failed.failure.realm.as_deref();
                if let Some(age) = self.view.worked(w.realm).filter(|_| told.insert(realm.map(|r| Key::of(r.as_bytes())))) {
                    worked.insert(realm.map(String::from), age);
                }
            }
            let all = waiting.len() as u64;
            let decided: Vec<(Finding, Option<Lack>)> =
                waiting.par_iter().map(|w| judge.decide(w)).filter(|(finding, _)| self.options.filter.passes(finding)).collect();
            left_out += all - decided.len() as u64;
            let of_these = decided.par_chunks(COUNT).map(|part| count(part, self.options.window_ms)).reduce(|| count(&[], self.options.window_ms), merged);
            counted = merged(counted, of_these);
            for (finding, _) in decided {
                sink(finding)?;
            }
        }
        let (tally, lacks) = counted;
        for source in &self.sources {
            books.merge(&source.books);
        }
        books.time_went_back = self.running.iter().map(|r| r.join.went_back).sum();
        let span = self.view.spans.iter().flatten().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (quoted, quoted_count) = quotes(&self.running, &sources, self.options.zone);
        let access = requests(&self.running, unjoined);
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
            view: self.view,
            lacks,
            worked,
            left_out,
            suspects,
            access,
            quoted,
            quoted_count,
            problems: self.problems,
            assumed_dates: self.assumed_dates,
            zone_assumed: self.zone_assumed,
            span,
        })
    }
}

/// Takes in lines that look like those of an access log by themselves: in a source that began as one they are; in a server's log they are a client's words.
fn take_proxied(batch: &mut Batch, is_access_log: bool, inside: Inside, report: &mut SourceReport, before: u64) {
    let mut proxied = std::mem::take(&mut batch.proxied);
    if !is_access_log {
        for books in [&mut proxied.lead, &mut proxied.books] {
            number_samples(books, &report.name, before);
        }
        if inside == Inside::Record {
            report.books.parsed += proxied.lead.skipped;
        } else {
            report.books.merge(&proxied.lead);
        }
        report.books.merge(&proxied.books);
        return;
    }
    let lines = proxied.lead.unparsed_lines + proxied.books.unparsed_lines;
    report.books.parsed += proxied.lead.skipped + proxied.books.skipped;
    report.books.records += lines;
    report.layouts[Layout::Access as usize] += lines;
    batch.keycloak |= lines > 0;
    batch.signals.append(&mut proxied.signals);
    batch.signals.sort_by_key(|s| s.line);
    if let Some((first, last)) = proxied.span {
        if batch.first == Stamp::Unknown {
            batch.first = first;
        }
        if last != Stamp::Unknown {
            batch.last = last;
        }
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

/// Adds up the token requests that access lines show: the server's own where there are any, else its proxies'.
fn requests(running: &[Running<'_>], unjoined: u64) -> Accesses {
    let own = running.iter().any(|r| !r.join.requests.is_empty());
    let mut all = Accesses { own, unjoined, ..Accesses::default() };
    for r in running {
        for (realm, requests) in if own { &r.join.requests } else { &r.join.proxied_requests } {
            all.realms.entry(realm.as_deref().map(String::from)).or_default().merge(*requests);
        }
    }
    all
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
