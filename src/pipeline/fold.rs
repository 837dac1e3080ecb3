//! The fold: what every chunk is taken into, whether a whole log is read or one that is still being written.
//!
//! Input: the scanned batches of every node's stream, in the order of the stream. Output: what the shards hold and have done. A run over whole logs and
//! a live one share it, so that both say the same of the same lines. Must not know where batches come from, nor when something is decided.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::feed::Arrived;
use crate::books::Books;
use crate::finding::Trust;
use crate::names::{Names, Sym};
use crate::realm::Realms;
use crate::record::{Layout, Stamp};
use crate::signal::Signal;
use crate::signal::batch::{Batch, Inside};
use crate::signal::relayed::Relayed;
use crate::source::Problem;
use crate::tally::SourceReport;
use crate::tally::served::Serving;
use crate::triage::browsers::Browsers;
use crate::triage::clients::Clients;
use crate::triage::clock::Clock;
use crate::triage::copies::Copies;
use crate::triage::decide::{settled, settled_by};
use crate::triage::join::{self, Join};
use crate::triage::joined::{Joined, What};
use crate::triage::note::{Note, part};
use crate::triage::pairing::Pairing;
use crate::triage::rules::{Question, Rules, needs};
use crate::triage::shard::{SHARDS, Shard, shard_of};
use crate::triage::stored::{ByTime, Twins};
use crate::triage::timeline::Waiting;
use crate::triage::tokens::Tokens;
use crate::triage::verdict::Verdict;
use crate::triage::view::{Node, View};

/// Quoted answers that are kept of a stream.
const QUOTED: usize = 1000;

/// Signals that are merged before the shards take them in.
pub(super) const MERGE: usize = 1 << 11;

/// One node's stream.
#[derive(Serialize, Deserialize)]
pub(super) struct Strand {
    pub join: Join,
    pub by_time: ByTime,
    pub queue: VecDeque<Joined>,
    /// How many were merged.
    pub passed: u64,
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

/// All that is known of what was read, but the verdicts.
#[derive(Serialize, Deserialize)]
pub(super) struct Fold {
    pub strands: Vec<Strand>,
    pub sources: Vec<SourceReport>,
    pub names: Names,
    pub view: View,
    pub shards: Vec<Shard>,
    pub clients: Clients,
    pub browsers: Browsers,
    pub pairing: Pairing,
    /// What realm exports call the ids of realms.
    named: Vec<(Sym, Sym)>,
    pub twins: Twins,
    /// Failures that more than one stream tells of, where they are counted once.
    #[serde(skip)]
    pub copies: Option<Copies>,
    /// What merged signals are on their way from one join to the next; empty in between.
    #[serde(skip)]
    pub single: Vec<Joined>,
    #[serde(skip)]
    pub ready: Vec<Joined>,
    /// What the shards take in next, and how many that are.
    #[serde(skip, default = "no_parts")]
    pub parts: Vec<Vec<Note>>,
    #[serde(skip)]
    pub merged: usize,
    /// A failure is decided as soon as no later line can change what it is.
    pub early: bool,
    /// Failures that do not wait for a timeline, where nobody watches.
    #[serde(skip)]
    pub free: Vec<Free>,
    /// What a chunk's join gave; empty in between.
    #[serde(skip)]
    pub joined: Vec<Joined>,
    tokens: Tokens,
    /// Successes, where they are asked for.
    pub serving: Option<Serving>,
    #[serde(skip)]
    pub problems: Vec<Problem>,
    pub caps: BTreeSet<String>,
    pub zone_assumed: bool,
    /// Somebody decides before the end of the input.
    pub watched: bool,
    /// Failures that were merged, with their stream's clock, where that is watched.
    #[serde(skip)]
    pub fresh: Vec<(Waiting, i64)>,
}

fn no_parts() -> Vec<Vec<Note>> {
    (0..SHARDS).map(|_| Vec::new()).collect()
}

impl Fold {
    /// Returns the state before the first chunk.
    pub fn new(realms: &Realms) -> Self {
        let mut fold = Fold {
            strands: Vec::new(),
            sources: Vec::new(),
            names: Names::default(),
            view: View::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            clients: Clients::default(),
            browsers: Browsers::default(),
            pairing: Pairing::default(),
            named: Vec::new(),
            twins: Twins::default(),
            copies: None,
            single: Vec::new(),
            ready: Vec::new(),
            parts: no_parts(),
            merged: 0,
            early: false,
            free: Vec::new(),
            joined: Vec::new(),
            tokens: Tokens::default(),
            serving: None,
            problems: Vec::new(),
            caps: BTreeSet::new(),
            zone_assumed: false,
            watched: false,
            fresh: Vec::new(),
        };
        for realm in realms.iter() {
            if let Some(id) = &realm.id {
                fold.named.push((fold.names.number(id.as_bytes()), fold.names.number(realm.name.as_bytes())));
            }
        }
        fold
    }

    /// Returns the name that a realm export gives a realm's id.
    pub fn realm_of(&self, id: Sym) -> Option<Sym> {
        self.named.iter().find(|n| n.0 == id).map(|n| n.1)
    }

    /// Begins a node; `named` says that its name is not taken from its records, `zone_minutes` what its wrapper says of its zone.
    pub fn start(&mut self, name: String, clock: Clock, named: bool, zone_minutes: Option<i32>) {
        let node = u32::try_from(self.view.nodes.len()).unwrap_or(u32::MAX);
        self.view.nodes.push(Node { stream: self.strands.len(), name, ..Node::default() });
        self.strands.push(Strand {
            join: Join::new(clock),
            by_time: ByTime::default(),
            queue: VecDeque::new(),
            passed: 0,
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
    pub fn take(&mut self, number: usize, arrived: Arrived, mut batch: Batch) -> Vec<Signal> {
        let r = &mut self.strands[number];
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
        self.view.nodes[r.nodes[0].1 as usize].access_log |= batch.access_log;
        self.zone_assumed |= matches!(batch.first, Stamp::Local(_) | Stamp::TimeOfDay(_)) && r.zone_minutes.is_none();
        r.relayed_count += batch.relayed.len() as u64;
        for mut quote in std::mem::take(&mut batch.relayed).into_iter().take(QUOTED.saturating_sub(r.relayed.len())) {
            quote.line = line(quote.line);
            r.relayed.push((arrived.source, quote));
        }
        let source = u32::try_from(arrived.source).unwrap_or(u32::MAX);
        let (nodes, view, named) = (&mut r.nodes, &mut self.view, r.named);
        let mut node = |host: Option<&[u8]>| {
            let host = host.filter(|_| !named);
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
        let chunk = &mut join::Chunk { source, line: before, marks: arrived.marks.as_ref(), node: &mut node };
        let signals = r.join.chunk(batch, chunk, &mut self.names, &mut self.joined);
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

    /// Merges the streams' signals by time as far as all of them are known.
    pub fn merge(&mut self, rules: &Rules) {
        if self.strands.len() == 1 {
            // nothing to merge with, and no other stream that could have the same event: the queue itself is what is merged
            let strand = &mut self.strands[0];
            strand.passed += strand.queue.len() as u64;
            self.single = std::mem::take(&mut strand.queue).into();
            self.note(rules);
            self.strands[0].queue = std::mem::take(&mut self.single).into();
            return;
        }
        loop {
            if self.strands.iter().any(|r| !r.ended && r.queue.is_empty()) {
                return;
            }
            // every stream has shown its first signal by now
            self.twins.active = self.strands.iter().any(|r| r.by_time.is_stored()) && self.strands.iter().any(|r| r.by_time.is_log());
            let Some(next) = self.strands.iter().enumerate().filter_map(|(i, r)| Some((r.queue.front()?.clock, i))).min() else {
                self.twins.finish(&mut self.single);
                self.note(rules);
                return;
            };
            // as long as no other stream comes before, this one goes on
            let limit = self.strands.iter().enumerate().filter(|(i, _)| *i != next.1).filter_map(|(i, r)| Some((r.queue.front()?.clock, i))).min();
            let r = &mut self.strands[next.1];
            while r.queue.front().is_some_and(|j| limit.is_none_or(|l| (j.clock, next.1) < l)) {
                if let Some(joined) = r.queue.pop_front() {
                    r.passed += 1;
                    self.twins.take(joined, &mut self.single);
                }
            }
            self.note(rules);
            if self.merged >= MERGE {
                return;
            }
        }
    }

    /// Merges on although some streams are silent: of each stream as many signals as `ripe` says.
    pub fn merge_ripe(&mut self, mut ripe: Vec<u64>, rules: &Rules) {
        while let Some((_, next)) = self.strands.iter().enumerate().filter_map(|(i, s)| Some((s.queue.front()?.clock, i))).min() {
            let silent = self.strands.iter().any(|s| !s.ended && s.queue.is_empty());
            if silent && ripe[next] == 0 {
                break;
            }
            ripe[next] = ripe[next].saturating_sub(1);
            let strand = &mut self.strands[next];
            strand.passed += 1;
            if let Some(joined) = strand.queue.pop_front() {
                self.twins.take(joined, &mut self.single);
            }
        }
        self.note(rules);
    }

    /// Takes note of what was merged.
    pub fn note(&mut self, rules: &Rules) {
        let mut single = std::mem::take(&mut self.single);
        for joined in single.drain(..) {
            self.pass(joined, rules);
        }
        self.single = single;
        self.part(rules);
    }

    /// Takes note of the next signal in the merged order.
    #[inline]
    fn pass(&mut self, mut joined: Joined, rules: &Rules) {
        if let What::Failed(failed) = &mut joined.what {
            let failure = &mut failed.failure;
            if failure.client == Some(Sym::OTHER) {
                // which client it was is not known any more, so nothing about it is certain
                failure.trust = Trust::Ambiguous;
                self.caps.insert("names".into());
            }
            if failure.realm == failure.realm_id
                && let Some((_, name)) = failure.realm.and_then(|id| self.named.iter().find(|(i, _)| *i == id))
            {
                failure.realm = Some(*name);
            }
        }
        if self.watched && self.strands.len() > 1 && matches!(joined.what, What::Proxied(..)) {
            self.pairing.activate();
        }
        self.tokens.follow(&mut joined);
        self.view.note(&joined);
        if let (Some(copies), What::Failed(failed)) = (&mut self.copies, &joined.what)
            && self.strands.len() > 1
            && copies.is_copy(&joined, failed, self.view.nodes[joined.node as usize].stream)
        {
            return;
        }
        if let Some(serving) = &mut self.serving {
            serving.note(&joined);
        }
        if !self.browsers.follow(&mut joined, &self.names) {
            return;
        }
        if self.pairing.is_active() {
            self.pairing.push(joined, &mut self.ready);
        } else {
            self.pairing.alone(&mut joined);
            self.hand_out(joined, rules);
        }
    }

    /// Splits by session what is ready.
    pub fn part(&mut self, rules: &Rules) {
        let mut ready = std::mem::take(&mut self.ready);
        for joined in ready.drain(..) {
            self.hand_out(joined, rules);
        }
        self.ready = ready;
    }

    /// Takes note of a signal's client, and hands what it says of its session to that session's shard.
    #[inline]
    fn hand_out(&mut self, joined: Joined, rules: &Rules) {
        self.merged += 1;
        self.clients.note(&joined);
        if let What::Failed(_) = joined.what {
            self.hand_out_failure(joined, rules);
        } else if let Some(note) = Note::of(&joined) {
            self.parts[shard_of(note.session)].push(note);
        }
    }

    /// Does so with a failure; one that does not wait for its timeline is free.
    fn hand_out_failure(&mut self, joined: Joined, rules: &Rules) {
        if self.watched
            && let What::Failed(failed) = &joined.what
        {
            let (realm, client, failed) = (failed.failure.realm_id, failed.failure.client, failed.clone());
            let Joined { time, clock, node, position, at, .. } = joined;
            self.fresh.push((Waiting { time, node, position, at, failed, realm, client, facts: None }, clock));
        }
        let mut rule = None;
        let (note, free) = part(joined, |failed| {
            rule = rules.decide(failed);
            needs(rule, failed)
        });
        if let Some(note) = note {
            self.parts[shard_of(note.session)].push(note);
        }
        if let Some(waiting) = free.filter(|_| !self.watched) {
            let verdict = early(self.early, &waiting, || settled_by(rule, &waiting, &self.view));
            self.free.push((waiting, verdict));
        }
    }

    /// Lets the shards take in what was merged.
    pub fn dispatch(&mut self, rules: &Rules) {
        self.merged = 0;
        let judge = judge(self.early, rules, &self.view);
        self.shards.par_iter_mut().zip(&mut self.parts).for_each(|(shard, part)| shard.take_all(part, &judge));
    }

    /// Ends all timelines.
    pub fn finish(&mut self, rules: &Rules) {
        let judge = judge(self.early, rules, &self.view);
        self.shards.par_iter_mut().for_each(|shard| shard.finish(&judge));
    }
}

/// A failure that does not wait for a timeline, and its verdict where no later line can change it.
pub(super) type Free = (Waiting, Option<Verdict>);

/// Returns the verdict on a failure that may be decided before the input ends, where no later line can change it.
fn early(early: bool, waiting: &Waiting, settled: impl FnOnce() -> Result<Verdict, Question>) -> Option<Verdict> {
    if early && !waiting.failed.is_answered() { settled().ok() } else { None }
}

/// Returns what judges a failure whose timeline has ended.
fn judge<'a>(is_early: bool, rules: &'a Rules, view: &'a View) -> impl Fn(&Waiting) -> Option<Verdict> + Sync + 'a {
    move |waiting| early(is_early, waiting, || settled(rules, waiting, view))
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
