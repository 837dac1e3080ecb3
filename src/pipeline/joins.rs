//! The joins of all streams, each by itself and in its own order.
//!
//! Input: the scanned batches of every node's stream, in the order of the stream. Output: each stream's joined signals and nodes, to be merged by the fold, and what
//! the lines of each source were. Apart from the fold, so that one can go on while the other does. Must not know where batches come from, nor what other streams hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::feed::Arrived;
use crate::books::Books;
use crate::names::Names;
use crate::record::{Layout, Stamp};
use crate::signal::Signal;
use crate::signal::batch::{Batch, Inside};
use crate::signal::relayed::Relayed;
use crate::source::Problem;
use crate::tally::SourceReport;
use crate::triage::clock::Clock;
use crate::triage::join::{self, Join};
use crate::triage::joined::Joined;
use crate::triage::stored::ByTime;
use crate::triage::view::Node;

/// Quoted answers that are kept of a stream.
const QUOTED: usize = 1000;

/// One node's stream.
#[derive(Serialize, Deserialize)]
pub(super) struct Strand {
    pub join: Join,
    pub by_time: ByTime,
    /// Signals for the fold.
    pub queue: VecDeque<Joined>,
    /// All of it is joined.
    pub ended: bool,
    inside: Inside,
    /// Lines read of each source, by its number in the run.
    lines: BTreeMap<usize, u64>,
    /// Nodes by host; the stream's own is first.
    nodes: Vec<(Option<Vec<u8>>, u32)>,
    /// The wrapper or the user named the node: what its records say of their host does not split it.
    named: bool,
    /// What the wrapper's times say of the zone of the lines' own: minutes behind.
    pub zone_minutes: Option<i32>,
    pub keycloak: bool,
    /// Whether each source, by its number in the run, begins as a log of access lines only, once that is known.
    proxied: BTreeMap<usize, bool>,
    /// Quoted answers, with their sources' numbers in the run.
    pub relayed: Vec<(usize, Relayed)>,
    pub relayed_count: u64,
}

/// The streams, and what their joins share.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Joins {
    pub strands: Vec<Strand>,
    pub sources: Vec<SourceReport>,
    pub names: Names,
    pub nodes: Nodes,
    /// What a chunk's join gave; empty in between.
    #[serde(skip)]
    pub joined: Vec<Joined>,
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Sources, by their numbers in the run, of which others are missing before them.
    #[serde(skip)]
    pub apart: BTreeSet<usize>,
    pub zone_assumed: bool,
}

/// The nodes that were met, and what the fold was not told of them yet.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Nodes {
    count: u32,
    new: Vec<Node>,
    /// Those of which an access log was seen.
    with_access: Vec<u32>,
}

impl Nodes {
    /// Begins a node of a stream; returns its number.
    fn begin(&mut self, stream: usize, name: String) -> u32 {
        let number = self.count;
        self.count += 1;
        self.new.push(Node { stream, name, ..Node::default() });
        number
    }

    fn shows_access(&mut self, node: u32) {
        if !self.with_access.contains(&node) {
            self.with_access.push(node);
        }
    }

    /// Tells what is new: the nodes behind those that are known, and which have an access log.
    pub fn tell(&mut self, known: &mut Vec<Node>) {
        known.append(&mut self.new);
        for node in self.with_access.drain(..) {
            known[node as usize].access_log = true;
        }
    }
}

impl Joins {
    /// Begins a node; `named` says that its name is not taken from its records, `zone_minutes` what its wrapper says of its zone.
    pub fn start(&mut self, name: String, clock: Clock, named: bool, zone_minutes: Option<i32>) {
        let node = self.nodes.begin(self.strands.len(), name);
        self.strands.push(Strand {
            join: Join::new(clock),
            by_time: ByTime::default(),
            queue: VecDeque::new(),
            ended: false,
            inside: Inside::Nothing,
            lines: BTreeMap::new(),
            nodes: vec![(None, node)],
            named,
            zone_minutes,
            keycloak: false,
            proxied: BTreeMap::new(),
            relayed: Vec::new(),
            relayed_count: 0,
        });
    }

    /// Takes in what a chunk held; returns the list of its signals, which is empty now, to be filled again.
    pub fn take(&mut self, strand: usize, arrived: Arrived, mut batch: Batch) -> Vec<Signal> {
        let r = &mut self.strands[strand];
        let is_apart = !r.lines.is_empty() && !r.lines.contains_key(&arrived.source) && self.apart.contains(&arrived.source);
        let is_holed = arrived.dropped.holes > 0 || arrived.error.is_some();
        let lines_before = r.lines.entry(arrived.source).or_default();
        *lines_before = arrived.line.unwrap_or(*lines_before);
        let before = *lines_before;
        *lines_before = (before + batch.lines).saturating_sub(arrived.breaks);
        let line = |l: u64| arrived.marks.as_ref().and_then(|m| m.line(l)).unwrap_or(before + l + 1);
        let report = &mut self.sources[arrived.source];
        if let Some(error) = arrived.error {
            self.problems.push(Problem::of(report.name.clone(), error));
        }
        report.books.damaged += arrived.dropped.bytes();
        report.dropped.add(arrived.dropped);
        if arrived.dropped.long > 0 {
            report.books.caps_hit.insert("max-line".into());
        }
        report.books.parsed = report.books.parsed.saturating_add_signed(arrived.wrapper_bytes);
        number_samples(&mut batch.books, &report.name, line);
        number_samples(&mut batch.lead, &report.name, line);
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
            report.nearest = batch.nearest.map(|(l, m)| (line(l), m));
        }
        if let Some(begins) = batch.begins_proxied {
            r.proxied.entry(arrived.source).or_insert(begins);
        }
        take_proxied(&mut batch, r.proxied.get(&arrived.source) == Some(&true), was, report, line);
        r.keycloak |= batch.keycloak;
        if batch.access_log {
            self.nodes.shows_access(r.nodes[0].1);
        }
        self.zone_assumed |= matches!(batch.first, Stamp::Local(_) | Stamp::TimeOfDay(_)) && r.zone_minutes.is_none();
        r.relayed_count += batch.relayed.len() as u64;
        for mut quote in std::mem::take(&mut batch.relayed).into_iter().take(QUOTED.saturating_sub(r.relayed.len())) {
            quote.line = line(quote.line);
            r.relayed.push((arrived.source, quote));
        }
        let source = u32::try_from(arrived.source).unwrap_or(u32::MAX);
        let (nodes, all, named) = (&mut r.nodes, &mut self.nodes, r.named);
        let mut node = |host: Option<&[u8]>| {
            let host = host.filter(|_| !named);
            if let Some((_, number)) = nodes.iter().find(|(h, _)| h.as_deref() == host) {
                return *number;
            }
            let number = all.begin(strand, host.map(|h| String::from_utf8_lossy(h).into_owned()).unwrap_or_default());
            nodes.push((host.map(<[u8]>::to_vec), number));
            number
        };
        let chunk = &mut join::Chunk { source, line: before, marks: arrived.marks.as_ref(), node: &mut node };
        let from = r.join.span().map(|(_, high)| high);
        if is_apart || is_holed {
            r.join.gap(from, &mut self.joined);
        }
        let signals = r.join.chunk(batch, chunk, &mut self.names, &mut self.joined);
        if is_holed {
            // where in the chunk the hole is, its lines do not say
            r.join.gap(from, &mut self.joined);
        }
        r.by_time.take(&mut self.joined, &mut r.queue);
        signals
    }

    /// Ends a stream: what its joins held is let go.
    pub fn end(&mut self, number: usize) {
        let r = &mut self.strands[number];
        r.ended = true;
        r.join.finish(&mut self.joined);
        r.by_time.take(&mut self.joined, &mut r.queue);
        r.by_time.finish(&mut r.queue);
    }
}

/// Takes in lines that look like those of an access log by themselves: in a source that began as one they are; in a server's log they are a client's words.
fn take_proxied(batch: &mut Batch, is_access_log: bool, inside: Inside, report: &mut SourceReport, line: impl Fn(u64) -> u64) {
    let mut proxied = std::mem::take(&mut batch.proxied);
    if !is_access_log {
        for books in [&mut proxied.lead, &mut proxied.books] {
            number_samples(books, &report.name, &line);
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
fn number_samples(books: &mut Books, source: &str, line: impl Fn(u64) -> u64) {
    for sample in &mut books.samples {
        source.clone_into(&mut sample.source);
        sample.line = line(sample.line);
    }
}
