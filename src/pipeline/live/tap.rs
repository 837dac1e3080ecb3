//! What is followed, rid of its wrappers and split by node.
//!
//! Input: [`Piece`]s of one path, pod or pipe in order. Output: chunks for the strands of the joins. Must not know what the lines mean.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::super::feed::Arrived;
use super::super::joins::Joins;
use super::super::{Options, zone_of};
use crate::source::unwrap::Lines as LineUnwrapper;
use crate::source::{Dropped, Gathered, Grammar, Payload, Unwrapper, Wrapping};
use crate::tally::SourceReport;
use crate::triage::clock::Clock;

/// Bytes at the beginning that are looked at to find out the wrapper.
const HEAD: usize = 64 << 10;

/// Lines that are remembered because a wrapper held them back.
const PENDING: usize = 4096;

/// Whole lines of one file that is followed, in order.
#[derive(Debug)]
pub struct Piece {
    /// The node's name, unless its wrapper or its records name one: pieces of one name are one stream.
    pub node: Arc<str>,
    /// The file, as outputs name it.
    pub source: Arc<str>,
    /// Lines of that file before it.
    pub line: u64,
    /// The lines, each with its line feed; the last one may have none where the file ended so.
    pub bytes: Vec<u8>,
    /// Bytes that were taken out.
    pub dropped: Dropped,
    /// Line feeds that the file does not have.
    pub breaks: u64,
}

/// What one path, pod or pipe gives.
#[derive(Serialize, Deserialize)]
pub(super) struct Tap {
    /// Its name.
    pub node: String,
    wrapping: Option<Wrapping>,
    /// The first bytes, as long as they may tell the wrapper.
    #[serde(serialize_with = "begun_anew")]
    head: Option<Vec<u8>>,
    #[serde(skip)]
    at_work: Option<Box<dyn LineUnwrapper>>,
    /// Lines that the wrapper holds back: a new one is fed with them.
    pending: Vec<(u64, Vec<u8>)>,
    /// Strands by the node that the wrapper names.
    strands: Vec<(Option<Vec<u8>>, usize)>,
    /// The last line of a file that ended without a line feed.
    open: Option<(Arc<str>, u64, Vec<u8>)>,
}

/// Whole lines are not written: they hold what the log holds. A later run looks at what it reads first.
#[allow(clippy::ref_option)] // serde's signature
fn begun_anew<S: Serializer>(head: &Option<Vec<u8>>, s: S) -> Result<S::Ok, S::Error> {
    head.as_ref().map(|_| Vec::<u8>::new()).serialize(s)
}

impl Tap {
    pub fn new(node: &str) -> Self {
        Tap { node: node.to_owned(), wrapping: None, head: Some(Vec::new()), at_work: None, pending: Vec::new(), strands: Vec::new(), open: None }
    }

    /// Takes in a piece.
    pub fn take(&mut self, mut piece: Piece, joins: &mut Joins, options: &Options, out: &mut Vec<(usize, Arrived, Vec<u8>)>) {
        if let Some((source, line, mut open)) = self.open.take() {
            let first = piece.bytes.split(|c| *c == b'\n').next().unwrap_or_default();
            if self.begins(first, options) && self.is_whole(&open, options) {
                let whole = Piece { node: Arc::clone(&piece.node), source, line, bytes: open, dropped: Dropped::default(), breaks: 0 };
                self.unwrap(whole, joins, options, out);
            } else {
                open.append(&mut piece.bytes);
                piece.bytes = open;
            }
        }
        if !piece.bytes.is_empty() && !piece.bytes.ends_with(b"\n") {
            let at = memchr::memrchr(b'\n', &piece.bytes).map_or(0, |i| i + 1);
            let tail = piece.bytes.split_off(at);
            let lines = memchr::memchr_iter(b'\n', &piece.bytes).count() as u64;
            self.open = Some((Arc::clone(&piece.source), piece.line + lines.saturating_sub(piece.breaks), tail));
        }
        if !piece.bytes.is_empty() || piece.dropped.bytes() > 0 {
            self.unwrap(piece, joins, options, out);
        }
    }

    /// Ends it: what is held back is let go.
    pub fn finish(&mut self, joins: &mut Joins, options: &Options, out: &mut Vec<(usize, Arrived, Vec<u8>)>) {
        if let Some((source, line, bytes)) = self.open.take() {
            self.unwrap(Piece { node: "".into(), source, line, bytes, dropped: Dropped::default(), breaks: 0 }, joins, options, out);
        }
        self.resume(options);
        let Some(mut lines) = self.at_work.take() else { return };
        let mut nodes = Nodes::default();
        lines.finish(&mut |payload| nodes.add(&payload));
        let source = self.strands.first().map_or(0, |_| joins.sources.len().saturating_sub(1));
        for (node, gathered) in nodes.0 {
            let strand = self.strand(node, joins, options);
            let wrapper_bytes = -i64::try_from(gathered.bytes.len()).unwrap_or(0);
            out.push((strand, Arrived { marks: Some(gathered.marks), wrapper_bytes, ..Arrived::of(source) }, gathered.bytes));
        }
    }

    fn begins(&self, line: &[u8], options: &Options) -> bool {
        match self.wrapping.as_ref().and_then(|w| options.lines.unwrapper(w)) {
            Some(Unwrapper::Lines(lines)) => lines.begins(line),
            Some(Unwrapper::Document(_)) => true,
            None => options.lines.begins_record(line),
        }
    }

    fn is_whole(&self, line: &[u8], options: &Options) -> bool {
        match self.wrapping.as_ref().and_then(|w| options.lines.unwrapper(w)) {
            Some(Unwrapper::Lines(lines)) => lines.is_whole(line),
            Some(Unwrapper::Document(_)) => true,
            None => options.lines.is_whole(line),
        }
    }

    /// Finds out the wrapper, as long as nothing was recognised.
    fn look(&mut self, bytes: &[u8], recognised: bool, options: &Options) {
        let Some(head) = &mut self.head else { return };
        if recognised {
            self.head = None;
            return;
        }
        head.extend_from_slice(&bytes[..bytes.len().min(HEAD - head.len())]);
        let found = options.lines.wrapping(head, false);
        let is_lines = |w: &Wrapping| matches!(options.lines.unwrapper(w), Some(Unwrapper::Lines(_)));
        if let Some(found) = found.filter(is_lines)
            && self.wrapping.as_ref() != Some(&found)
        {
            (self.wrapping, self.at_work) = (Some(found), None);
            self.pending.clear();
        }
        if head.len() >= HEAD {
            self.head = None;
        }
    }

    /// Puts the wrapper to work, with what it had held back before a restart.
    fn resume(&mut self, options: &Options) {
        if self.at_work.is_none()
            && let Some(wrapping) = &self.wrapping
            && let Some(Unwrapper::Lines(mut lines)) = options.lines.unwrapper(wrapping)
        {
            for (number, line) in &self.pending {
                lines.take(line, *number, &mut |_| {});
            }
            self.at_work = Some(lines);
        }
    }

    fn unwrap(&mut self, piece: Piece, joins: &mut Joins, options: &Options, out: &mut Vec<(usize, Arrived, Vec<u8>)>) {
        let source = source(joins, &piece.source, &self.node);
        self.look(&piece.bytes, joins.sources[source].books.records > 0, options);
        self.resume(options);
        joins.sources[source].wrapping = self.wrapping.as_ref().map(|w| w.name.clone());
        let Some(lines) = &mut self.at_work else {
            let strand = self.strand(None, joins, options);
            let arrived = Arrived { line: Some(piece.line), dropped: piece.dropped, breaks: piece.breaks, ..Arrived::of(source) };
            return out.push((strand, arrived, piece.bytes));
        };
        let (mut nodes, mut number) = (Nodes::default(), piece.line);
        for line in piece.bytes.split_inclusive(|c| *c == b'\n') {
            number += 1;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let mut let_go = false;
            lines.take(line, number, &mut |payload| {
                let_go = true;
                nodes.add(&payload);
            });
            if let_go || self.pending.len() >= PENDING {
                self.pending.clear();
            }
            if !let_go {
                self.pending.push((number, line.to_vec()));
            }
        }
        let size = |bytes: &[u8]| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let inside: i64 = nodes.0.iter().map(|(_, g)| size(&g.bytes)).sum();
        // what the wrapper took is counted once, with the first node
        let (mut dropped, mut breaks, mut wrapper_bytes) = (piece.dropped, piece.breaks, size(&piece.bytes) - inside);
        if nodes.0.is_empty() {
            // all of it is held back: it is counted with what is let go
            let books = &mut joins.sources[source].books;
            (books.parsed, books.damaged) = (books.parsed.saturating_add_signed(wrapper_bytes), books.damaged + dropped.bytes());
        }
        for (node, gathered) in nodes.0 {
            let strand = self.strand(node, joins, options);
            let arrived = Arrived {
                marks: Some(gathered.marks),
                dropped: std::mem::take(&mut dropped),
                breaks: std::mem::take(&mut breaks),
                wrapper_bytes: std::mem::take(&mut wrapper_bytes),
                ..Arrived::of(source)
            };
            out.push((strand, arrived, gathered.bytes));
        }
    }

    /// Returns the strand of a node that the wrapper names, a new one if it is new.
    fn strand(&mut self, node: Option<Vec<u8>>, joins: &mut Joins, options: &Options) -> usize {
        if let Some((_, strand)) = self.strands.iter().find(|s| s.0 == node) {
            return *strand;
        }
        let told = self.wrapping.as_ref().and_then(|w| w.zone_minutes).filter(|_| !options.zone_named);
        let name = node.as_ref().map_or_else(|| self.node.clone(), |n| String::from_utf8_lossy(n).into_owned());
        let strand = joins.strands.len();
        joins.start(name, Clock::new(zone_of(told, options), None), node.is_some(), told);
        self.strands.push((node, strand));
        strand
    }
}

/// Unwrapped lines by node, in the order in which the nodes came.
#[derive(Default)]
struct Nodes(Vec<(Option<Vec<u8>>, Gathered)>);

impl Nodes {
    fn add(&mut self, payload: &Payload<'_>) {
        let at = self.0.iter().position(|(node, _)| node.as_deref() == payload.node).unwrap_or_else(|| {
            self.0.push((payload.node.map(<[u8]>::to_vec), Gathered::default()));
            self.0.len() - 1
        });
        self.0[at].1.add(payload);
    }
}

/// Returns the number of a source, a new one if it is new.
fn source(joins: &mut Joins, name: &str, node: &str) -> usize {
    joins.sources.iter().rposition(|s| s.name == name && s.node == node).unwrap_or_else(|| {
        joins.sources.push(SourceReport { name: name.to_owned(), node: node.to_owned(), named: true, ..SourceReport::default() });
        joins.sources.len() - 1
    })
}
