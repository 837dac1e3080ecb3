//! All that a run found, but the findings themselves.
//!
//! What every format prints is taken from here; a writer needs nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::account::{Account, Name, NodeAccount, QuotedAccount, SourceAccount, Successes, SuspectAccount};
use super::incident::{Change, Trigger};
use super::{Delays, Tally};
use crate::books::Books;
use crate::record::Layout;
use crate::record::text::Missing;
use crate::signal::relayed::{ANSWERS, Answer};
use crate::source::{Dropped, Problem};
use crate::triage::join::Requests;
use crate::triage::joined::Suspect;
use crate::triage::verdict::Lack;
use crate::triage::view::{self, TriggerKind, View};

/// What was found out about one source.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Its node.
    pub node: String,
    /// A person named it, it was not found in a folder.
    pub named: bool,
    /// The wrapper that was taken off its lines.
    pub wrapping: Option<String>,
    /// Records of each layout, in the order of [`Layout::ALL`].
    pub layouts: [u64; Layout::ALL.len()],
    /// Its books.
    pub books: Books,
    /// What of it was not taken for text.
    pub dropped: Dropped,
    /// What its first line that looks like a record lacks, where none was recognised.
    pub nearest: Option<(u64, Missing)>,
}

impl SourceReport {
    /// Whether nothing in it was recognised although there is something.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.books.records == 0 && self.books.unparsed_lines > 0
    }
}

/// Token requests that access logs show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accesses {
    /// By realm.
    pub realms: BTreeMap<Option<String>, Requests>,
    /// From the server's own access log; a proxy's otherwise.
    pub own: bool,
    /// Refused requests in a proxy's log that were left out: the server's log covers their time, and its events name other addresses.
    pub unjoined: u64,
}

impl Accesses {
    /// Adds others to these.
    pub fn merge(&mut self, other: &Accesses) {
        for (realm, requests) in &other.realms {
            self.realms.entry(realm.clone()).or_default().merge(*requests);
        }
        self.own |= other.own;
        self.unjoined += other.unjoined;
    }
}

/// An answer that another program's log quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// When, where the line begins with a time.
    pub time: Option<DateTime<Utc>>,
    /// The file.
    pub source: String,
    /// The line.
    pub line: u64,
    /// Index into [`crate::signal::relayed::ANSWERS`].
    pub answer: usize,
}

/// How old tokens are when they are refreshed, by realm and client.
pub type Ages = BTreeMap<(Name, Name), Delays>;

/// All that a run found, but the findings themselves.
#[derive(Debug)]
pub struct Outcome {
    /// The counts.
    pub tally: Tally,
    /// Where every byte went.
    pub books: Books,
    /// Each source.
    pub sources: Vec<SourceReport>,
    /// How much of the server the log shows.
    pub view: View,
    /// What would have told candidates apart, by how many findings lack it.
    pub lacks: BTreeMap<Lack, u64>,
    /// The age in milliseconds of the oldest code that still worked, by realm.
    pub worked: BTreeMap<Option<String>, i64>,
    /// Findings that the filter left out.
    pub left_out: u64,
    /// Token requests that access logs show.
    pub access: Accesses,
    /// Lines that look forged.
    pub suspects: Vec<(String, Suspect)>,
    /// Answers quoted in other programs' logs: the first ones, and how many of each answer and source.
    pub quoted: Vec<Quoted>,
    /// How many answers were quoted in all.
    pub quoted_count: u64,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Layouts without a date: the date that was assumed, by node, and why.
    pub assumed_dates: Vec<(String, NaiveDate, &'static str)>,
    /// Some stamps named no zone.
    pub zone_assumed: bool,
    /// First and last time of the records, as far as the filter lets that time pass.
    pub span: Option<(i64, i64)>,
    /// The clients of the uuids that triggers name, as far as they are known.
    pub clients: BTreeMap<u64, Arc<str>>,
    /// Successful token requests, and how old tokens are when they are refreshed, where the run was asked to count them.
    pub served: Option<(Successes, Ages)>,
}

impl SourceReport {
    /// Returns the names of the layouts that were recognised.
    #[must_use]
    pub fn layout_names(&self) -> Vec<&'static str> {
        Layout::ALL.iter().zip(self.layouts).filter(|(_, n)| *n > 0).map(|(l, _)| l.name()).collect()
    }
}

impl Quoted {
    /// Returns the answer's words and the causes that it leaves, the most common first.
    #[must_use]
    pub fn answer(&self) -> &'static Answer {
        &ANSWERS[self.answer]
    }
}

impl Outcome {
    /// Whether some of the times name their zone, as those of records in JSON do.
    #[must_use]
    pub fn names_some_zone(&self) -> bool {
        self.sources.iter().any(|s| [Layout::Json, Layout::Ecs].iter().any(|layout| s.layouts[*layout as usize] > 0))
    }

    /// Whether every log of events shows how clients authenticate.
    #[must_use]
    pub fn shows_authentication(&self) -> bool {
        let mut nodes = self.view.nodes.iter().filter(|n| n.events).peekable();
        nodes.peek().is_some() && nodes.all(|n| n.authentication)
    }

    /// Returns the first and the last time of the records, whatever the filter lets pass.
    #[must_use]
    pub fn covered(&self) -> Option<(i64, i64)> {
        self.view.spans.iter().flatten().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Returns all that a report needs of the run.
    #[must_use]
    pub fn account(&self) -> Account {
        self.account_of(self.tally.clone(), self.served.clone())
    }

    /// Returns the same, and nothing else: counts can take most of the memory.
    #[must_use]
    pub fn into_account(mut self) -> Account {
        let nothing = Tally::new(self.tally.window_ms);
        let (tally, served) = (std::mem::replace(&mut self.tally, nothing), self.served.take());
        self.account_of(tally, served)
    }

    fn account_of(&self, tally: Tally, served: Option<(Successes, Ages)>) -> Account {
        let (successes, refresh_ages) = served.map_or_else(Default::default, |(successes, ages)| (Some(successes), ages));
        Account {
            tally,
            span: self.span,
            books: self.books.clone(),
            sources: self.source_accounts(),
            nodes: self.node_accounts(),
            members: self.view.cluster().map(|(members, _)| members),
            triggers: self.triggers(),
            successes,
            refresh_ages,
            lacks: self.lacks.clone(),
            worked: self.worked.clone(),
            left_out: self.left_out,
            access: self.access.clone(),
            suspects: self.suspects.iter().map(|(source, s)| suspect(source, s)).collect(),
            quoted: self.quoted.iter().map(|q| QuotedAccount { time: q.time, source: q.source.clone(), line: q.line, answer: q.answer }).collect(),
            quoted_count: self.quoted_count,
            problems: self.problems.iter().map(ToString::to_string).collect(),
            assumed_dates: self.assumed_dates.iter().map(|(node, date, why)| (node.clone(), *date, (*why).to_owned())).collect(),
            zone_assumed: self.zone_assumed,
        }
    }

    /// Returns what may have set off failures, with names in place of numbers.
    #[must_use]
    pub fn triggers(&self) -> BTreeSet<Trigger> {
        self.view.triggers.iter().map(|t| self.trigger(t)).collect()
    }

    fn trigger(&self, t: &view::Trigger) -> Trigger {
        let client = |uuid: &u64| self.clients.get(uuid).cloned();
        let node = self.view.nodes.get(t.node as usize);
        let (what, realm, client) = match &t.what {
            TriggerKind::Started(version) => {
                let earlier = |v: &&(i64, String)| v.0 < t.time;
                let before = node.and_then(|n| n.versions.iter().filter(earlier).max_by_key(|v| v.0)).map(|v| v.1.clone());
                (Change::ServerStarted { version: version.clone(), before: before.filter(|b| version.as_ref().is_some_and(|v| v != b)) }, None, None)
            }
            TriggerKind::Stopped => (Change::ServerStopped, None, None),
            TriggerKind::Joined => (Change::NodeJoined, None, None),
            TriggerKind::Left => (Change::NodeLeft, None, None),
            TriggerKind::Secret(uuid) => (Change::SecretRegenerated, None, client(uuid)),
            TriggerKind::Client(uuid) => (Change::ClientUpdated, None, client(uuid)),
            TriggerKind::Realm(realm) => (Change::RealmUpdated, realm.as_deref().map(Arc::from), None),
            TriggerKind::Revoked => (Change::SessionsEnded, None, None),
            TriggerKind::NotBefore(uuid) => (Change::NotBeforePushed, None, uuid.as_ref().and_then(client)),
            TriggerKind::Database => (Change::DatabaseTrouble, None, None),
            TriggerKind::ClockSetBack(by_ms) => (Change::ClockJumped { by_ms: -by_ms }, None, None),
        };
        let place = self.sources.get(t.at.source as usize).map(|s| (Arc::from(s.name.as_str()), t.at.line.get()));
        Trigger { time: t.time, what, realm, client, node: node.map(|n| Arc::from(n.name.as_str())), place }
    }

    fn node_accounts(&self) -> BTreeMap<String, NodeAccount> {
        let mut nodes: BTreeMap<String, NodeAccount> = BTreeMap::new();
        for n in self.view.nodes.iter().filter(|n| n.seen) {
            let account = NodeAccount {
                versions: n.versions.iter().cloned().collect(),
                span: self.view.spans.get(n.stream).copied().flatten(),
                events: n.events,
                successes: n.successes,
                exchanges: n.exchanges,
                authentication: n.authentication,
                access_log: n.access_log,
                from_start: n.from_start,
                stopped: n.stopped,
                stored: n.stored,
            };
            nodes.entry(n.name.clone()).and_modify(|known| known.merge(&account)).or_insert(account);
        }
        nodes
    }

    fn source_accounts(&self) -> BTreeMap<(String, String), SourceAccount> {
        let account = |s: &SourceReport| SourceAccount {
            wrapping: s.wrapping.clone(),
            layouts: s.layout_names().into_iter().map(String::from).collect(),
            recognised: !s.is_foreign(),
            nearest: s.nearest.filter(|_| s.is_foreign()).map(|(line, missing)| (line, missing.words().to_owned())),
            books: s.books.clone(),
        };
        let mut sources: BTreeMap<_, SourceAccount> = BTreeMap::new();
        for s in &self.sources {
            sources.entry((s.name.clone(), s.node.clone())).and_modify(|known| known.merge(&account(s))).or_insert_with(|| account(s));
        }
        sources
    }
}

fn suspect(source: &str, s: &Suspect) -> SuspectAccount {
    SuspectAccount { time: s.time, source: source.to_owned(), line: s.at.line.get(), event: s.event.clone(), ip: s.ip.clone(), why: s.why.clone() }
}
