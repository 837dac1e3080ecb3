//! How much of the server the log shows.
//!
//! Input: every joined signal, once, in the merged order; the streams' spans at the end. Output: answers about a realm and a time: did a server start in
//! between, is this a part of a cluster only, are successes visible. What rests on "did not happen" is only as good as this view.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use xxhash_rust::xxh3::Xxh3;

use super::joined::{At, Failed, Joined, What};
use super::timeline::{LATE_MS, Lesson};
use crate::finding::Trust;
use crate::names::{Key, Sym};
use crate::realm::Realm;
use crate::signal::companion::Authenticator;
use crate::signal::{Admin, Done, Life, Success};

/// A code's life where it is not known, for telling a log that begins late from one that is a part: 5 minutes.
const UNKNOWN_LIFE_MS: i64 = 5 * 60_000;

/// An exchange without its login says that the view is partial this long before and after it.
const PARTIAL_MS: i64 = 3_600_000;

/// One server process, as far as its log shows it.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Node {
    /// Its stream's number.
    pub stream: usize,
    /// Its name.
    pub name: String,
    /// The realms that its events name.
    pub realms: BTreeSet<Sym>,
    /// It printed a successful user event.
    pub successes: bool,
    /// It printed a code exchange that succeeded.
    pub exchanges: bool,
    /// It printed a user event.
    pub events: bool,
    /// It printed `ClientAuthenticationFlow` lines.
    pub authentication: bool,
    /// It printed a line of `OAuth2CodeParser`.
    pub companions: bool,
    /// It printed something else than user events and warnings of codes that were gone: who looks for those alone takes out what they do not say.
    pub others: bool,
    /// When it spoke last.
    pub spoke: Option<i64>,
    /// Its log holds lines of the HTTP access log.
    pub access_log: bool,
    /// It printed what client assertions say of themselves.
    pub assertions: bool,
    /// It printed `KC-SERVICES0025` for an assertion that it refused (up to 26.3).
    pub refusals: bool,
    /// It said of a client that it was not found.
    pub not_found: bool,
    /// Its first line of ours was its start.
    pub from_start: bool,
    /// When it stopped, if it did not start again.
    pub stopped: Option<i64>,
    /// Versions by when they were seen.
    pub versions: Vec<(i64, String)>,
    /// A client was authenticated with a secret, or refused for it: the realm's flow asks for secrets.
    pub secrets: bool,
    /// It printed anything that matters here.
    pub seen: bool,
    /// It is an event store, not a server process: it shows what all processes stored, and not how they fared.
    pub stored: bool,
    /// When it last had trouble with its database; after a restart of ours the same trouble is told again.
    #[serde(skip)]
    pub trouble: Option<i64>,
    /// The realm that its latest event named: most name the same.
    #[serde(skip)]
    pub latest: Option<Sym>,
}

impl Node {
    #[inline]
    fn succeeded(&mut self, success: &Success, is_authenticated: bool) {
        self.events = true;
        self.successes = true;
        self.exchanges |= success.done == Done::CodeToToken;
        self.authentication |= is_authenticated;
        self.assertions |= success.assertion;
        self.secrets |= success.method == Some(Authenticator::Secret);
        self.serves(success.realm);
    }

    fn failed(&mut self, failed: &Failed) {
        let (failure, with) = (&failed.failure, &failed.with);
        self.events = true;
        self.authentication |= with.auth_tried;
        self.companions |= with.gone.is_some() || with.format.is_some() || with.uuid.is_some() || with.bound.is_some() || with.foreign.is_some();
        self.others |=
            with.format.is_some() || with.uuid.is_some() || with.pkce.is_some() || with.assertion.is_some() || with.header.is_some() || with.auth_tried;
        self.assertions |= failure.assertion;
        self.refusals |= with.assertion.is_some();
        let is_refused = failure.error.as_deref() == Some("invalid_client_credentials") && !failure.assertion && with.assertion.is_none();
        self.secrets |= is_refused || with.secret_tried;
        self.not_found = self.not_found || failure.error.as_deref() == Some("client_not_found");
        self.serves(failure.realm_id);
    }

    /// Whether a start of this server would be seen: it said how it began, or what it is a part of.
    fn shows_starts(&self) -> bool {
        self.from_start || !self.versions.is_empty()
    }

    /// Takes note of when it speaks; returns since when it was silent, if that is long enough for a start.
    #[inline]
    fn speaks(&mut self, time: i64) -> Option<i64> {
        let before = self.spoke;
        self.spoke = before.max(Some(time));
        before.filter(|before| time - before >= PAUSE_MS)
    }

    /// Takes in an event's realm.
    #[inline]
    fn serves(&mut self, realm: Option<Sym>) {
        if self.latest != realm {
            self.latest = realm;
            self.realms.extend(realm);
        }
    }
}

/// Something that may have triggered failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Trigger {
    /// When.
    pub time: i64,
    /// Where.
    pub at: At,
    /// The node's number.
    pub node: u32,
    /// What.
    pub what: TriggerKind,
}

impl Trigger {
    /// Returns the uuid of the client that was changed.
    #[must_use]
    pub fn client(&self) -> Option<u64> {
        match self.what {
            TriggerKind::Secret(uuid) | TriggerKind::Client(uuid) => Some(uuid),
            _ => None,
        }
    }
}

/// The kinds of triggers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum TriggerKind {
    /// The server started; its version.
    Started(Option<String>),
    /// The server stopped.
    Stopped,
    /// A node joined.
    Joined,
    /// A node left.
    Left,
    /// A client's secret was regenerated; the client's uuid.
    Secret(u64),
    /// A client was changed; its uuid.
    Client(u64),
    /// A realm's settings were changed.
    Realm(Option<String>),
    /// All sessions of a realm were ended.
    Revoked,
    /// A not-before was pushed; the client's uuid, where it was one's.
    NotBefore(Option<u64>),
    /// The server could not get at its database.
    Database,
    /// The server's clock was set back by so many milliseconds.
    ClockSetBack(i64),
}

/// Steps in which the length of a short log changes what its view is taken for.
const YOUNG_STEP_MS: i64 = 5000;

/// How many lessons of one kind are kept of a realm: with so many of them its view counts as partial at any time.
const LESSONS: usize = 4096;

/// Bytes of the shortest answer with a token: that alone has more. What a request for permissions is answered can have less, where it asks for no token.
const LEAST_TOKEN: u64 = 200;

/// Server errors so soon after each other are one.
const CRASH_MS: i64 = 1000;

/// A request that read a code takes no longer than this to end in a server error; a client whose patience is shorter sends the code again meanwhile.
const SLOW_MS: i64 = 30_000;

/// A server that was killed starts again within this, mostly.
const START_MS: i64 = 120_000;

/// No server starts faster.
const PAUSE_MS: i64 = 2000;

/// Stands for more than one node, and for none.
const SEVERAL: u32 = u32::MAX;
const NOBODY: u32 = u32::MAX - 1;

/// Trouble with a database that paused for less is still the same.
const TROUBLE_MS: i64 = 60_000;

/// Gaps so close to each other are one.
const GAP_MS: i64 = 1000;

/// How many of the oldest codes that worked are known of a realm.
const WORKED: usize = 3;

/// Codes in a row that were exchanged where they were given: with another node at work, one of them would hardly ever have been.
const ALONE: u32 = 16;

/// How many clients' uuids are kept: a code is a client's text, and its last part is taken for one.
const OWNERS: usize = 16_384;

/// How many triggers are kept.
const TRIGGERS: usize = 10_000;

/// The view.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct View {
    /// The nodes, by number.
    pub nodes: Vec<Node>,
    /// First and largest time of each stream.
    pub spans: Vec<Option<(i64, i64)>>,
    /// What may have triggered failures, in the merged order.
    pub triggers: Vec<Trigger>,
    /// Cluster views: when, which node said so, how many members.
    clusters: Vec<(i64, u32, u32)>,
    /// Exchanges without logins, by realm.
    orphans: BTreeMap<Option<Sym>, Vec<(i64, u32)>>,
    /// Refreshes of tokens whose codes were exchanged nowhere here, by realm.
    unfounded: BTreeMap<Option<Sym>, Vec<i64>>,
    /// The oldest codes that worked, by realm, the oldest first; [`i64::MIN`] where there were fewer.
    worked: BTreeMap<Option<Sym>, [i64; WORKED]>,
    /// Codes that were exchanged and whose logins are in the logs, by realm, up to [`ALONE`].
    founded: BTreeMap<Option<Sym>, u32>,
    /// Realms of which a code was given at one node and exchanged at another.
    crossed: BTreeSet<Option<Sym>>,
    /// The node that a source is of, by the source's number; [`SEVERAL`] where it is of more than one.
    sources: Vec<u32>,
    /// A server said at its start that it looks at `DPoP` proofs (a preview feature of 23 and later).
    dpop: bool,
    /// Whose a client's uuid is: by the warnings on codes of sessions that only one client had logged in to; `None` where two are told of.
    owners: HashMap<Key, Option<Sym>, RandomState>,
    /// Those of which something was learned since somebody asked.
    told_owners: Vec<Key>,
    /// The youngest code that was refused though never used, by realm.
    refused: BTreeMap<Option<Sym>, i64>,
    /// Requests that ended in a server error, the first of each second, with their nodes.
    crashes: Vec<(i64, u32, At)>,
    /// Codes that requests read and took out of their store by naming another session, and where; whose they were is not told.
    read: HashMap<Key, At, RandomState>,
    /// Requests that were granted, as access lines say: those whose answer is too small for a token, and the others.
    granted: [u64; 2],
    /// Changes of which events a realm logs.
    events_changes: Vec<(i64, u32, At)>,
    /// When lines of a node are missing, or say too little to know whose login or exchange they tell of: from, to, in order and apart.
    gaps: BTreeMap<u32, Vec<(i64, i64)>>,
    /// When nodes that do not show their starts were silent for as long as one takes: from, to, in order.
    pauses: BTreeMap<u32, Vec<(i64, i64)>>,
    /// The largest time of all streams.
    pub end: Option<i64>,
}

impl View {
    /// Takes in a signal.
    #[inline]
    pub fn note(&mut self, joined: &Joined) {
        let Some(node) = self.nodes.get_mut(joined.node as usize) else { return };
        match &joined.what {
            What::Success(s, auth) => {
                node.succeeded(s, auth.is_some());
                if s.session.is_none() && matches!(s.done, Done::LoginWithCode | Done::CodeToToken) {
                    self.nameless(joined);
                }
            }
            What::Failed(f) if f.failure.trust != Trust::Access => {
                node.failed(f);
                if let Some((code, at)) = f.with.bound.filter(|_| self.read.len() < LESSONS) {
                    self.read.entry(code).or_insert(at);
                }
            }
            What::Admin(_) | What::Life(_) => return self.happened(joined),
            // an access line is a client's request, not the server's word
            What::Granted(_, Some(bytes)) => {
                self.granted[usize::from(*bytes >= LEAST_TOKEN)] += 1;
                return;
            }
            What::Failed(_) | What::Proxied(..) | What::Login(_) | What::Granted(_, None) => return,
        }
        let source = joined.at.source as usize;
        if !self.sources.get(source).is_some_and(|of| *of == joined.node || *of == SEVERAL) {
            self.tells(source, joined.node);
        }
        let Some(node) = self.nodes.get_mut(joined.node as usize) else { return };
        node.seen = true;
        node.stored |= joined.stored;
        if let Some(time) = joined.time
            && let Some(from) = node.speaks(time)
            && !node.shows_starts()
        {
            self.paused(joined.node, from, time);
        }
    }

    /// Takes note of a node's silence.
    #[cold]
    fn paused(&mut self, node: u32, from: i64, to: i64) {
        let pauses = self.pauses.entry(node).or_default();
        if pauses.len() < LESSONS {
            pauses.push((from, to));
        }
    }

    /// Takes note of a login or an exchange of no session: its event was cut before it names one, or the name was taken out.
    #[cold]
    fn nameless(&mut self, joined: &Joined) {
        if let Some(time) = joined.time {
            self.gap(joined.node, time, time);
        }
    }

    /// Takes note of a time of which lines of a node are missing.
    fn gap(&mut self, node: u32, from: i64, to: i64) {
        let gaps = self.gaps.entry(node).or_default();
        let count = gaps.len();
        match gaps.last_mut() {
            Some(last) if (last.0..=last.1 + GAP_MS).contains(&from) || count >= LESSONS => *last = (last.0.min(from), last.1.max(to)),
            _ => gaps.push((from, to.max(from))),
        }
    }

    /// Takes in what administrators did, and what happened to the server.
    fn happened(&mut self, joined: &Joined) {
        if matches!(joined.what, What::Life(Life::Crashed | Life::DatabaseTrouble)) {
            self.crashed(joined);
        }
        match joined.what {
            What::Life(Life::Dpop) => return self.dpop = true,
            What::Life(Life::Gap { from_ms }) => return self.gap(joined.node, from_ms, joined.time.unwrap_or(from_ms)),
            _ => {}
        }
        let Some(node) = self.nodes.get_mut(joined.node as usize) else { return };
        if matches!(joined.what, What::Life(Life::DatabaseTrouble)) {
            // one line for each request: the first of them says it all, and none says how the node's log began
            let goes_on = joined.time.zip(node.trouble.replace(joined.time.unwrap_or(i64::MIN))).is_some_and(|(t, last)| t.saturating_sub(last) < TROUBLE_MS);
            if !goes_on {
                self.add(joined, TriggerKind::Database);
            }
            return;
        }
        let first = !std::mem::replace(&mut node.seen, true);
        node.others = true;
        if let Some(time) = joined.time {
            node.speaks(time);
        }
        node.stored |= joined.stored;
        if let (What::Admin(Admin::EventsChanged), Some(time)) = (&joined.what, joined.time)
            && self.events_changes.len() < LESSONS
        {
            self.events_changes.push((time, joined.node, joined.at));
        }
        let trigger = match &joined.what {
            What::Admin(Admin::SecretRegenerated(client)) => TriggerKind::Secret(client.number()),
            What::Admin(Admin::ClientChanged(client)) => TriggerKind::Client(client.number()),
            What::Admin(Admin::RealmChanged(name)) => TriggerKind::Realm(name.as_deref().map(String::from)),
            What::Admin(Admin::RealmRevoked) => TriggerKind::Revoked,
            What::Admin(Admin::NotBeforePushed(key)) => TriggerKind::NotBefore(key.as_ref().map(|k| k.number())),
            What::Admin(_) | What::Success(..) | What::Failed(_) | What::Proxied(..) | What::Login(_) | What::Granted(..) => return,
            What::Life(life) => match life {
                Life::Started { version } => {
                    node.from_start |= first;
                    node.stopped = None;
                    if let (Some(v), Some(t)) = (version, joined.time) {
                        node.versions.push((t, v.to_string()));
                    }
                    TriggerKind::Started(version.as_deref().map(String::from))
                }
                Life::Stopped => {
                    node.stopped = joined.time;
                    TriggerKind::Stopped
                }
                Life::View { members } => {
                    // a cluster view is printed before "started in": the node's first word all the same
                    node.from_start |= first;
                    if let Some(t) = joined.time {
                        self.clusters.push((t, joined.node, *members));
                    }
                    return;
                }
                Life::Joined => TriggerKind::Joined,
                Life::Left => TriggerKind::Left,
                Life::ClockSetBack { by_ms } => TriggerKind::ClockSetBack(*by_ms),
                Life::DatabaseTrouble | Life::Crashed | Life::Dpop | Life::Gap { .. } => return,
            },
        };
        self.add(joined, trigger);
    }

    /// Takes note of a request that ended in a server error.
    fn crashed(&mut self, joined: &Joined) {
        let Some(time) = joined.time else { return };
        let goes_on = self.crashes.last().is_some_and(|(last, node, _)| *node == joined.node && (time - last).abs() < CRASH_MS);
        if !goes_on && self.crashes.len() < LESSONS {
            self.crashes.push((time, joined.node, joined.at));
        }
    }

    fn add(&mut self, joined: &Joined, what: TriggerKind) {
        if let (Some(time), true) = (joined.time, self.triggers.len() < TRIGGERS) {
            self.triggers.push(Trigger { time, at: joined.at, node: joined.node, what });
        }
    }

    /// Takes note of a code that one source tells the login of, and one the exchange.
    #[inline]
    fn crosses(&mut self, realm: Option<Sym>, sources: [u32; 2]) {
        let [given, used] = sources.map(|source| self.sources.get(source as usize).copied().unwrap_or(SEVERAL));
        if given != used && ![given, used].contains(&SEVERAL) {
            self.crossed.insert(realm);
        }
    }

    /// Takes note of whose a source is.
    #[cold]
    fn tells(&mut self, source: usize, node: u32) {
        if source >= self.sources.len() {
            self.sources.resize(source + 1, NOBODY);
        }
        self.sources[source] = if self.sources[source] == NOBODY { node } else { SEVERAL };
    }

    /// Takes in what a timeline taught.
    pub fn learn(&mut self, realm: Option<Sym>, lesson: Lesson) {
        match lesson {
            Lesson::Worked(age, sources) => {
                self.crosses(realm, sources);
                let founded = self.founded.entry(realm).or_default();
                *founded = (*founded + 1).min(ALONE);
                let ages = self.worked.entry(realm).or_insert([i64::MIN; WORKED]);
                // each takes the place of one that is younger
                ages.iter_mut().fold(age, |age, place| if age > *place { std::mem::replace(place, age) } else { age });
            }
            Lesson::Refused(age) => {
                self.refused.entry(realm).and_modify(|a| *a = age.min(*a)).or_insert(age);
            }
            Lesson::Owner(uuid, client) => {
                let full = self.owners.len() >= OWNERS;
                match self.owners.entry(uuid) {
                    Entry::Occupied(mut known) if known.get().is_some_and(|owner| owner != client) => drop(known.insert(None)),
                    Entry::Vacant(place) if !full => drop(place.insert(Some(client))),
                    _ => return,
                }
                self.told_owners.push(uuid);
            }
            Lesson::Unfounded(time) => {
                let list = self.unfounded.entry(realm).or_default();
                if list.len() < LESSONS {
                    list.push(time);
                }
            }
            Lesson::Orphan(time, node) => {
                let list = self.orphans.entry(realm).or_default();
                if list.len() < LESSONS {
                    list.push((time, node));
                }
            }
        }
    }

    /// Puts what was noted in the order of its time; asked for once, when all is noted.
    pub fn settle(&mut self) {
        self.triggers.sort();
        self.clusters.sort_unstable();
        self.crashes.sort_unstable();
        self.events_changes.sort_unstable();
        for gaps in self.gaps.values_mut() {
            gaps.sort_unstable();
            gaps.dedup_by(|next, gap| {
                let is_one = next.0 <= gap.1;
                gap.1 = gap.1.max(if is_one { next.1 } else { gap.1 });
                is_one
            });
        }
    }

    /// Returns a digest of all that a verdict can rest on, but how far the streams have come, and whose a uuid is: as long as it is the same, no verdict changes by this view.
    #[must_use]
    pub fn generation(&self) -> u64 {
        let mut hash = Xxh3::new();
        for n in &self.nodes {
            let flags = [
                n.successes,
                n.exchanges,
                n.events,
                n.authentication,
                n.companions,
                n.assertions,
                n.refusals,
                n.not_found,
                n.secrets,
                n.from_start,
                n.stored,
                n.others,
            ];
            (flags, n.realms.len(), n.stopped, n.versions.len()).hash(&mut hash);
        }
        (self.nodes.len(), self.triggers.len(), self.clusters.len(), self.crashes.len(), self.events_changes.len(), self.has_odd_sizes()).hash(&mut hash);
        for (realm, list) in &self.orphans {
            (realm, list.len()).hash(&mut hash);
        }
        for (realm, list) in &self.unfounded {
            (realm, list.len()).hash(&mut hash);
        }
        (&self.worked, &self.refused, self.dpop, &self.gaps, &self.crossed).hash(&mut hash);
        self.founded.iter().filter(|(_, founded)| **founded >= ALONE).for_each(|(realm, _)| realm.hash(&mut hash));
        if !self.orphans.is_empty() {
            // how much of a short log a code's life can be depends on its length
            let young = |s: &(i64, i64)| s.1 - s.0 < 2 * UNKNOWN_LIFE_MS;
            self.spans.iter().flatten().filter(|s| young(s)).for_each(|s| ((s.1 - s.0) / YOUNG_STEP_MS).hash(&mut hash));
        }
        hash.finish()
    }

    /// Forgets what no failure after a time can rest on: servers that came and went, cluster views but each node's latest, and what lessons said of then.
    /// What administrators changed stays.
    pub fn forget(&mut self, before: i64) {
        let lasting = |t: &Trigger| matches!(t.what, TriggerKind::Secret(_) | TriggerKind::Client(_) | TriggerKind::Realm(_));
        self.triggers.retain(|t| t.time >= before || lasting(t));
        self.crashes.retain(|(t, ..)| *t >= before);
        self.gaps.values_mut().for_each(|gaps| gaps.retain(|(_, to)| *to >= before));
        self.pauses.values_mut().for_each(|pauses| pauses.retain(|(_, to)| *to >= before));
        let mut latest = BTreeSet::new();
        self.clusters.reverse();
        self.clusters.retain(|(time, node, _)| latest.insert(*node) || *time >= before);
        self.clusters.reverse();
        for list in self.orphans.values_mut() {
            list.retain(|(t, _)| *t >= before);
        }
        for list in self.unfounded.values_mut() {
            list.retain(|t| *t >= before);
        }
        for node in &mut self.nodes {
            let old = node.versions.partition_point(|v| v.0 < before).saturating_sub(1);
            node.versions.drain(..old);
        }
    }

    /// Returns the age of the oldest code of a realm that still worked.
    #[must_use]
    pub fn worked(&self, realm: Option<Sym>) -> Option<i64> {
        self.worked.get(&realm).map(|ages| ages[0])
    }

    /// Returns the age that codes of a realm reach and still work: that of more than one or two, whose logins the log can have lost.
    #[must_use]
    pub fn works(&self, realm: Option<Sym>) -> Option<i64> {
        self.worked.get(&realm).and_then(|ages| ages.last()).copied().filter(|age| *age != i64::MIN)
    }

    /// Returns the age of the youngest code of a realm that was refused though no use of it was seen.
    #[must_use]
    pub fn refused(&self, realm: Option<Sym>) -> Option<i64> {
        self.refused.get(&realm).copied()
    }

    /// The nodes that serve a realm, as far as their events say; an event store only where there is no node's log.
    fn group(&self, realm: Option<Sym>) -> impl Iterator<Item = (usize, &Node)> {
        let serves = move |n: &Node| realm.is_some_and(|r| n.realms.contains(&r));
        let logs = self.nodes.iter().any(|n| !n.stored && serves(n));
        self.nodes.iter().enumerate().filter(move |(_, n)| serves(n) && !(logs && n.stored))
    }

    /// The event store that shows what the logs of a realm's nodes leave out: the successes.
    fn store(&self, realm: Option<Sym>) -> Option<&Node> {
        self.nodes.iter().find(|n| n.stored && n.exchanges && realm.is_some_and(|r| n.realms.contains(&r)))
    }

    /// Whether the logs of more than one node of a realm are here.
    #[must_use]
    pub fn has_nodes(&self, realm: Option<Sym>) -> bool {
        self.group(realm).nth(1).is_some()
    }

    /// Whether something says that no other node than those whose logs are here is at work for a realm: a start, a cluster view, or many codes that were exchanged where they
    /// were given.
    #[must_use]
    pub fn is_alone(&self, realm: Option<Sym>) -> bool {
        let is_told = |(id, n): (usize, &Node)| !n.versions.is_empty() || n.from_start || self.clusters.iter().any(|(_, node, _)| *node as usize == id);
        self.founded.get(&realm).is_some_and(|founded| *founded >= ALONE) || self.group(realm).any(is_told)
    }

    /// Returns the uuids of which something was learned since this was asked last.
    pub fn told_owners(&mut self) -> impl Iterator<Item = Key> {
        self.told_owners.drain(..)
    }

    /// Returns the client that a uuid is, where that is proven.
    #[must_use]
    pub fn owner(&self, uuid: Key) -> Option<Sym> {
        self.owners.get(&uuid).copied().flatten()
    }

    /// Whether a server looks at `DPoP` proofs.
    #[must_use]
    pub fn has_dpop(&self) -> bool {
        self.dpop
    }

    /// Whether code exchanges that succeed are visible for a realm at all.
    #[must_use]
    pub fn exchanges(&self, realm: Option<Sym>) -> bool {
        self.group(realm).any(|(_, n)| n.exchanges) || self.store(realm).is_some()
    }

    /// Whether companions of the code parser were seen anywhere: then one that is missing was not printed.
    #[must_use]
    pub fn companions(&self, realm: Option<Sym>) -> bool {
        self.group(realm).any(|(_, n)| n.companions)
    }

    /// Whether an assertion that this realm's servers refuse leaves a trace: then a refusal without one had no assertion, or one that they did not look into
    /// (`JWTClientAuthenticator` up to 26.3, where its algorithm is another one than the client's).
    #[must_use]
    pub fn assertions(&self, realm: Option<Sym>) -> bool {
        self.group(realm).any(|(_, n)| n.assertions || n.refusals)
    }

    /// Whether a realm's clients are asked for secrets. Where its flow has no authenticator of a client's kind, that client is not found, though it exists
    /// (`ClientAuthenticationFlow.processFlow`).
    #[must_use]
    pub fn secrets(&self, realm: Option<Sym>) -> bool {
        self.group(realm).any(|(_, n)| n.secrets)
    }

    /// Whether this realm's servers say of an unknown client that it was not found (19 and later).
    #[must_use]
    pub fn not_found_is_said(&self, realm: Option<Sym>) -> bool {
        self.group(realm).any(|(_, n)| n.not_found)
    }

    /// Returns the version of a node at a time.
    #[must_use]
    pub fn version(&self, node: u32, time: Option<i64>) -> Option<&str> {
        let versions = &self.nodes.get(node as usize)?.versions;
        let at = time.unwrap_or(i64::MAX);
        versions.iter().rev().find(|(t, _)| *t <= at).or(versions.first()).map(|(_, v)| v.as_str())
    }

    /// Returns the major version of all nodes that name one, if it is the same.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        let mut all = self.nodes.iter().flat_map(|n| &n.versions).map(|(_, v)| v.split('.').next()?.parse().ok());
        let first = all.next()??;
        all.all(|m| m == Some(first)).then_some(first)
    }

    /// Whether the log of a server that prints events covers a time.
    #[must_use]
    pub fn covers(&self, time: i64) -> bool {
        self.nodes.iter().filter(|n| n.events).any(|n| self.spans.get(n.stream).copied().flatten().is_some_and(|(first, high)| first <= time && time <= high))
    }

    /// Whether a node may be one of a realm: one that printed no event yet may be any realm's.
    fn is_of(&self, node: u32, realm: Option<Sym>) -> bool {
        self.nodes.get(node as usize).is_some_and(|n| n.realms.is_empty() || realm.is_none_or(|r| n.realms.contains(&r)))
    }

    /// Returns the first server start, or node that stopped or left, between two times, on a node of that realm; or so soon after them that another node than `own` can have been
    /// at work between them on a request that was lost, and that was sent to this one then.
    #[must_use]
    pub fn interruption(&self, realm: Option<Sym>, own: u32, from: i64, to: i64) -> Option<&Trigger> {
        let begin = self.triggers.partition_point(|t| t.time < from - LATE_MS);
        self.triggers[begin..].iter().enumerate().take_while(|(_, t)| t.time <= to + START_MS).map(|(number, t)| (begin + number, t)).find_map(|(number, t)| {
            let until = match t.what {
                TriggerKind::Stopped | TriggerKind::Left | TriggerKind::Started(_) if t.node == own => to,
                // who waits for a server that stops hears of it at once
                TriggerKind::Stopped | TriggerKind::Left => to + LATE_MS,
                TriggerKind::Started(_) if self.was_killed(number) => to + START_MS,
                TriggerKind::Started(_) => to,
                _ => return None,
            };
            ((from..=until).contains(&t.time) && self.is_of(t.node, realm)).then_some(t)
        })
    }

    /// Whether a node of the realm may have been restarted between two times without a word: its starts are not in this log, and it was silent for as long as one takes.
    #[must_use]
    pub fn may_have_started(&self, realm: Option<Sym>, from: i64, to: i64) -> bool {
        let is_between = |pauses: &Vec<(i64, i64)>| pauses.len() >= LESSONS || overlaps(pauses, from, to);
        let mut silent = self.group(realm).filter(|(_, node)| !node.stored && !node.shows_starts());
        silent.any(|(id, node)| {
            node.spoke.is_none_or(|spoke| to - spoke >= PAUSE_MS) || u32::try_from(id).is_ok_and(|id| self.pauses.get(&id).is_some_and(is_between))
        })
    }

    /// Whether a log holds more than user events and warnings of codes that were gone.
    #[must_use]
    pub fn is_unfiltered(&self, realm: Option<Sym>) -> bool {
        self.group(realm).any(|(_, node)| node.others)
    }

    /// Whether a server that starts did not say that it stopped before.
    fn was_killed(&self, start: usize) -> bool {
        let of_node = self.triggers[..start].iter().rev().filter(|t| t.node == self.triggers[start].node);
        of_node.map(|t| &t.what).find(|what| matches!(what, TriggerKind::Started(_) | TriggerKind::Stopped)).is_some_and(|what| *what != TriggerKind::Stopped)
    }

    /// Returns a request that ended in a server error between two times, or so soon after them that it can have begun between them, on a node of that realm.
    #[must_use]
    pub fn crash(&self, realm: Option<Sym>, from: i64, to: i64) -> Option<At> {
        between(&self.crashes, from - CRASH_MS, to + SLOW_MS, |node| self.is_of(node, realm))
    }

    /// Whether what access lines have in the place of sizes is something else, as a time: most answers with a token would be too small.
    #[must_use]
    pub fn has_odd_sizes(&self) -> bool {
        self.granted[0] > self.granted[1]
    }

    /// Returns a change of which events a realm logs between two times. An administrator's node need not be one of the realm. An update of the realm can hold it, too; but most
    /// are of other settings, the lifespan of codes among them, and a listener that is taken out and put back within a code's life is hardly ever seen.
    #[must_use]
    pub fn events_changed(&self, from: i64, to: i64) -> Option<At> {
        between(&self.events_changes, from, to, |_| true)
    }

    /// Returns where a code was read by a request that named another session with it.
    #[must_use]
    pub fn read(&self, code: Key) -> Option<At> {
        self.read.get(&code).copied()
    }

    /// Whether a client was changed between two times: that client, or one whose name no line told.
    #[must_use]
    pub fn client_changed(&self, from: i64, to: i64, is_other: impl Fn(u64) -> bool) -> bool {
        let begin = self.triggers.partition_point(|t| t.time < from);
        self.triggers[begin..].iter().take_while(|t| t.time <= to).any(|t| matches!(t.what, TriggerKind::Client(uuid) if !is_other(uuid)))
    }

    /// Whether successes of a realm, and with them what administrators change, are visible.
    #[must_use]
    pub fn successes(&self, realm: Option<Sym>) -> bool {
        let mut nodes = self.group(realm).filter(|(_, n)| n.events).peekable();
        nodes.peek().is_some() && nodes.all(|(_, n)| n.successes)
    }

    /// Whether what administrators change in a realm is visible, and nothing was changed in its own settings.
    #[must_use]
    pub fn unchanged(&self, realm: Option<Sym>, settings: &Realm) -> bool {
        let own = |name: &str| name == settings.name || settings.id.as_deref() == Some(name);
        let changed = |t: &Trigger| matches!(&t.what, TriggerKind::Realm(name) if name.as_deref().is_none_or(own));
        self.successes(realm) && self.group(realm).all(|(_, n)| !n.stored) && self.triggers.len() < TRIGGERS && !self.triggers.iter().any(changed)
    }

    /// Whether the settings of a realm, of whichever, may have been changed: the lifespan of codes is one of them.
    #[must_use]
    pub fn realms_changed(&self) -> bool {
        self.triggers.len() >= TRIGGERS || self.triggers.iter().any(|t| matches!(t.what, TriggerKind::Realm(_)))
    }

    /// Returns when secrets were regenerated, the latest first, before a time.
    pub fn regenerated(&self, before: i64) -> impl Iterator<Item = &Trigger> {
        let end = self.triggers.partition_point(|t| t.time <= before);
        self.triggers[..end].iter().rev().filter(|t| matches!(t.what, TriggerKind::Secret(_)))
    }

    /// Says why what did not happen between two times may only not have been seen; `None` where the view is whole. `life_ms` is a code's
    /// life where it is known; `absence` that the conclusion rests on nothing having happened up to [`LATE_MS`] after.
    #[must_use]
    pub fn partial(&self, realm: Option<Sym>, from: i64, to: i64, life_ms: Option<i64>, absence: bool) -> Option<&'static str> {
        if !self.exchanges(realm) {
            return Some("success events are not visible");
        }
        let silent = self.group(realm).any(|(_, n)| n.events && !n.successes);
        let store = self.store(realm).filter(|_| silent);
        if silent && store.is_none() {
            return Some("a node prints no success events");
        }
        if absence && self.end.is_none_or(|end| end < to + LATE_MS) {
            return Some("the log ends before a late line could show");
        }
        for n in self.group(realm).map(|(_, n)| n).chain(store) {
            let Some((first, high)) = self.spans.get(n.stream).copied().flatten() else { continue };
            if first > from && !n.from_start {
                return Some("a node's log begins after the login");
            }
            if absence && high < to + LATE_MS && n.stopped.is_none() {
                return Some("a node's log ends before a late line could show");
            }
        }
        if self.has_gap(realm, from, if absence { to + LATE_MS } else { to }) {
            return Some("lines of a node's log are missing in between");
        }
        let nodes = u32::try_from(self.group(realm).count()).unwrap_or(u32::MAX);
        if self.members(realm, from, to) > nodes {
            return Some("the cluster has more nodes than there are logs");
        }
        if !self.shares(realm) {
            return Some("nothing shows that the nodes here share their codes and sessions");
        }
        if self.is_split(realm, to) {
            return Some("a node counts itself alone while another one is there: what one holds the other does not know");
        }
        let orphaned = self
            .orphans
            .get(&realm)
            .is_some_and(|list| list.len() >= LESSONS || list.iter().any(|(t, node)| (t - to).abs() <= PARTIAL_MS && self.is_orphan(*t, *node, life_ms)));
        if orphaned {
            return Some("codes were exchanged whose logins are in no log here");
        }
        // one can be of a session that is older than the log; a node that is missing leaves many
        let unfounded = self.unfounded.get(&realm).map_or(0, |list| list.iter().filter(|t| (**t - to).abs() <= PARTIAL_MS).count());
        let full = self.unfounded.get(&realm).is_some_and(|list| list.len() >= LESSONS);
        (full || unfounded >= 2).then_some("tokens were refreshed whose codes were exchanged in no log here")
    }

    /// Whether lines of a node of the realm are missing between two times.
    fn has_gap(&self, realm: Option<Sym>, from: i64, to: i64) -> bool {
        self.gaps.iter().any(|(node, gaps)| self.is_of(*node, realm) && overlaps(gaps, from, to))
    }

    /// Whether a node of the realm counts itself alone at a time, though another one has a log of that time: they are no cluster, and each has codes and sessions of
    /// its own.
    #[must_use]
    pub fn is_split(&self, realm: Option<Sym>, at: i64) -> bool {
        let counts = |id: usize| self.clusters.iter().filter(|(t, node, _)| *node as usize == id && *t <= at).max_by_key(|c| c.0).map(|c| c.2);
        let is_there = |n: &Node| self.spans.get(n.stream).copied().flatten().is_some_and(|(first, high)| (first..=high).contains(&at));
        let there = || self.group(realm).filter(|(_, n)| !n.stored && is_there(n));
        there().count() > 1 && (!self.shares(realm) || there().any(|(id, _)| counts(id) == Some(1)))
    }

    /// Whether the nodes of a realm have one cache, as far as the log shows: a node tells of a cluster, or a code that one of them gave was exchanged at another.
    #[must_use]
    pub fn shares(&self, realm: Option<Sym>) -> bool {
        self.group(realm).filter(|(_, node)| !node.stored).nth(1).is_none()
            || self.crossed.contains(&realm)
            || self.clusters.iter().any(|(_, node, _)| self.is_of(*node, realm))
    }

    /// The most members that a node of the realm counted around two times.
    fn members(&self, realm: Option<Sym>, from: i64, to: i64) -> u32 {
        let mut most = 0;
        for (id, _) in self.group(realm) {
            let mut last = 0;
            for (t, node, members) in &self.clusters {
                if *node as usize != id || *t > to + LATE_MS {
                    continue;
                }
                last = *members;
                if *t >= from {
                    most = most.max(*members);
                }
            }
            most = most.max(last);
        }
        most
    }

    /// Returns the largest cluster that any node counted, and how many nodes' logs there are.
    #[must_use]
    pub fn cluster(&self) -> Option<(u32, usize)> {
        let most = self.clusters.iter().map(|c| c.2).max()?;
        Some((most, self.nodes.iter().filter(|n| n.seen && !n.stored).count()))
    }

    /// Whether an exchange's own log begins so much earlier that its login should be in it. A log that begins with the server's start has them all.
    fn is_orphan(&self, time: i64, node: u32, life_ms: Option<i64>) -> bool {
        let Some(node) = self.nodes.get(node as usize) else { return false };
        let Some(Some((first, high))) = self.spans.get(node.stream) else { return false };
        if node.from_start {
            return true;
        }
        let length = high - first;
        let life = if length < 2 * UNKNOWN_LIFE_MS { length / 2 } else { life_ms.unwrap_or(UNKNOWN_LIFE_MS) };
        time - first > life_ms.map_or(life, |l| l.min(life))
    }
}

/// Whether one of some spans, in order and apart, has a part between two times.
fn overlaps(spans: &[(i64, i64)], from: i64, to: i64) -> bool {
    spans.get(spans.partition_point(|span| span.1 < from)).is_some_and(|span| span.0 <= to)
}

/// Returns the first of what happened between two times on a node that counts. Where there was more than is kept, the last one stands for all.
fn between(all: &[(i64, u32, At)], from: i64, to: i64, counts: impl Fn(u32) -> bool) -> Option<At> {
    let begin = all.partition_point(|(time, ..)| *time < from);
    let between = all[begin..].iter().take_while(|(time, ..)| *time <= to).find(|(_, node, _)| counts(*node));
    let rest = || all.last().filter(|(time, ..)| all.len() == LESSONS && *time < to);
    between.or_else(rest).map(|(_, _, at)| *at)
}
