//! One part of the state, split by session.
//!
//! Input: the [`Joined`] signals of its sessions (and of clients without one) in the merged order. Output: failures with their facts, in the order
//! in which their timelines end. The number of shards is fixed, so what is evicted does not depend on how many threads there are.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::joined::{Failed, Joined, What};
use super::profile::Profile;
use super::remembered::Remembered;
use super::timeline::{Facts, Lessons, Step, Timeline, Waiting};
use crate::names::{Key, Sym};
use crate::signal::companion::Authenticator;
use crate::signal::{Admin, Done, Success};

/// How many shards there are.
pub const SHARDS: usize = 64;

/// Bytes that the timelines of all shards take together, as [`Timeline::bytes`] counts them: some 180,000 sessions of two events each, 110,000 of
/// four, 60,000 with a failure. Their number alone would bound nothing: a session with a failure takes three times the space of one without.
const TIMELINE_BYTES: usize = 64 << 20;

/// A timeline ends this long after its last signal: then no code of it is alive.
const CODE_MS: i64 = 3_600_000;

/// That a session was real is remembered this long.
const SESSION_MS: i64 = 24 * 3_600_000;

/// How many ended sessions one shard remembers: as many as a table of 32,768 places holds.
const REMEMBERED: usize = 28_672;

/// How many profiles one shard keeps: as many as a table of 2048 places holds. Requests cannot make them up: only a client that exists has one.
const PROFILES: usize = 1792;

/// How many uuids one shard keeps: a code is a client's text, and its last part is taken for one.
const UUIDS: usize = 1792;

/// One shard.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Shard {
    /// Each in a box: there can be hundreds of thousands, and a table that grows would move them all.
    timelines: HashMap<Key, Box<Timeline>, RandomState>,
    /// Sessions by when they were last queued; one entry each.
    queue: VecDeque<(i64, Key)>,
    /// Bytes of the timelines.
    bytes: usize,
    /// Sessions whose timelines ended.
    remembered: Remembered,
    /// Profiles by realm and client.
    pub profiles: HashMap<(Option<Sym>, Sym), Profile, RandomState>,
    /// Client uuids that companions paired with a client.
    pub uuids: HashMap<Key, Sym, RandomState>,
    /// What realms were taught.
    pub lessons: Lessons,
    /// Failures whose facts are known.
    pub done: Vec<Waiting>,
    /// A timeline that begins by then may be the rest of one that was evicted.
    blind_until: Option<i64>,
    /// A client came that has no profile because there was no room.
    pub profiles_full: bool,
    /// A timeline was evicted to make room.
    pub capped: bool,
    /// A session had more failures than a timeline keeps.
    pub crowded: bool,
    /// Somebody wants to know what changed, before timelines end.
    pub watched: bool,
    /// Sessions with failures whose timelines changed, where that is watched.
    pub touched: Vec<Key>,
    /// Clients that a profile changed of, where that is watched.
    pub touched_clients: Vec<(Option<Sym>, Sym)>,
}

/// Returns a clock's seconds since the epoch.
fn seconds(clock: i64) -> u32 {
    u32::try_from(clock.div_euclid(1000)).unwrap_or(0)
}

/// Returns the shard of a signal.
#[must_use]
pub fn shard_of(joined: &Joined) -> usize {
    let key = match &joined.what {
        What::Success(Success { session: Some(s), .. }, _) | What::Admin(Admin::SessionDeleted(s)) => s.0,
        What::Failed(f) => match f.session_key() {
            Some(s) => s.0,
            None => f.failure.client.map_or(0, |c| c.index() as u64),
        },
        What::Success(s, _) => s.client.map_or(0, |c| c.index() as u64),
        What::Admin(_) | What::Life(_) | What::Proxied(..) | What::Login(_) | What::Granted(_) => 0,
    };
    usize::try_from(key % SHARDS as u64).unwrap_or(0)
}

impl Shard {
    /// Takes in one signal. A failure that is `settled` by itself does not wait for its timeline.
    pub fn take(&mut self, joined: Joined, settled: &impl Fn(&Failed) -> bool) {
        self.expire(joined.clock);
        match joined.what {
            What::Success(success, auth) => self.success(success, auth, &joined),
            What::Failed(failed) => {
                let (realm, client) = (failed.failure.realm_id, failed.failure.client);
                let waiting = Waiting { time: joined.time, node: joined.node, position: joined.position, at: joined.at, failed, realm, client, facts: None };
                self.failure(waiting, joined.clock, settled);
            }
            What::Admin(Admin::SessionDeleted(session)) => {
                self.timeline(session, joined.clock, |timeline, lessons| timeline.step(joined.time, None, Step::Ended, joined.at, joined.node, lessons));
            }
            What::Admin(_) | What::Life(_) | What::Proxied(..) | What::Login(_) | What::Granted(_) => {}
        }
    }

    fn success(&mut self, success: Success, auth: Option<Authenticator>, joined: &Joined) {
        if let (Some(client), Some(t)) = (success.client, joined.time) {
            let method = auth.or(success.method);
            if let Some(profile) = self.profile(success.realm, client) {
                profile.succeeded(method, success.assertion, (t, joined.at));
            }
        }
        let Some(session) = success.session else { return };
        let step = match success.done {
            Done::LoginWithCode => Step::Login,
            Done::CodeToToken => Step::Exchange,
            Done::SessionEnd | Done::RevokeGrant => Step::Ended,
            Done::RefreshToken => Step::Refresh,
            Done::Login | Done::ClientLogin | Done::Other => Step::Alive,
        };
        self.timeline(session, joined.clock, |timeline, lessons| {
            timeline.realm = timeline.realm.or(success.realm);
            timeline.step(joined.time, success.client, step, joined.at, joined.node, lessons);
        });
    }

    fn failure(&mut self, waiting: Waiting, clock: i64, settled: &impl Fn(&Failed) -> bool) {
        let Failed { with, .. } = &waiting.failed;
        if let (Some((_, uuid, _)), Some(client)) = (with.gone, waiting.client)
            && self.uuids.len() < UUIDS
        {
            self.uuids.insert(uuid, client);
        }
        if let (Some(client), Some(t), true) = (waiting.client, waiting.time, Profile::learns_from(&waiting.failed))
            && let Some(profile) = self.profile(waiting.realm, client)
        {
            profile.failed(&waiting.failed, (t, waiting.at));
        }
        let Some(session) = waiting.failed.session_key() else {
            return self.done.push(waiting);
        };
        let step = step_of(&waiting.failed);
        let realm = waiting.realm;
        let remembered = self.remembered.get(session);
        let is_settled = settled(&waiting.failed);
        let left = self.timeline(session, clock, |timeline, lessons| {
            timeline.realm = timeline.realm.or(realm);
            if let Some(ended) = remembered {
                timeline.revive(ended);
            }
            if is_settled {
                timeline.step(waiting.time, waiting.client, step, waiting.at, waiting.node, lessons);
                return Some(waiting);
            }
            timeline.fail(waiting, step, lessons)
        });
        self.crowded |= left.is_some() && !is_settled;
        self.done.extend(left);
    }

    /// Returns the profile of a client, a new one if there is room.
    fn profile(&mut self, realm: Option<Sym>, client: Sym) -> Option<&mut Profile> {
        let full = self.profiles.len() >= PROFILES;
        if self.watched && self.touched_clients.last() != Some(&(realm, client)) {
            self.touched_clients.push((realm, client));
        }
        match self.profiles.entry((realm, client)) {
            Entry::Vacant(_) if full => {
                self.profiles_full = true;
                None
            }
            entry => Some(entry.or_default()),
        }
    }

    /// Changes the timeline of a session, a new one if it is new; then evicts those that were queued first as long as there is no room.
    fn timeline<T>(&mut self, session: Key, clock: i64, change: impl FnOnce(&mut Timeline, &mut Lessons) -> T) -> T {
        let blind = self.blind_until.is_some_and(|until| clock <= until);
        let (timeline, before) = match self.timelines.entry(session) {
            Entry::Occupied(known) => {
                let timeline = known.into_mut();
                let before = timeline.bytes();
                (timeline, before)
            }
            Entry::Vacant(place) => {
                self.queue.push_back((clock, session));
                (place.insert(Box::new(Timeline::new(blind))), 0)
            }
        };
        timeline.last = timeline.last.max(clock);
        let result = change(timeline, &mut self.lessons);
        if self.watched && timeline.is_open() {
            self.touched.push(session);
        }
        self.bytes = (self.bytes + timeline.bytes()).saturating_sub(before);
        while self.bytes > TIMELINE_BYTES / SHARDS && self.retire(i64::MAX) {}
        result
    }

    /// Ends the timelines whose time has come.
    fn expire(&mut self, clock: i64) {
        while self.queue.front().is_some_and(|(queued, _)| queued.saturating_add(CODE_MS) < clock) {
            self.retire(clock.saturating_sub(CODE_MS));
        }
        self.remembered.forget(clock.saturating_sub(SESSION_MS), REMEMBERED);
    }

    /// Looks at the timeline that was queued first: ends it if its last signal is older than `before`, else queues it again (a second
    /// chance). With `i64::MAX` one is ended for certain. Returns whether there was one.
    fn retire(&mut self, before: i64) -> bool {
        let Some((queued, session)) = self.queue.pop_front() else { return false };
        let Entry::Occupied(known) = self.timelines.entry(session) else { return true };
        let last = known.get().last;
        if last >= before || (before == i64::MAX && last > queued) {
            self.queue.push_back((last, session));
            return true;
        }
        let timeline = known.remove();
        self.bytes = self.bytes.saturating_sub(timeline.bytes());
        if before == i64::MAX {
            self.capped = true;
            self.blind_until = self.blind_until.max(Some(last.saturating_add(CODE_MS)));
        }
        if timeline.session_seen() {
            self.remembered.put(session, seconds(last), timeline.has_ended());
        }
        timeline.close(&mut self.done, &mut self.lessons);
        true
    }

    /// Returns what is known so far about a failure of a session: that of a node's position.
    #[must_use]
    pub fn facts(&self, session: Key, node: u32, position: u64) -> Option<Facts> {
        self.timelines.get(&session)?.facts_of(node, position)
    }

    /// Ends all timelines, and gives back what they took.
    pub fn finish(&mut self) {
        while let Some((_, session)) = self.queue.pop_front() {
            if let Some(timeline) = self.timelines.remove(&session) {
                timeline.close(&mut self.done, &mut self.lessons);
            }
        }
        (self.timelines, self.queue, self.bytes) = (HashMap::default(), VecDeque::new(), 0);
        self.remembered = Remembered::default();
    }
}

/// Returns what a failure means to its session.
fn step_of(failed: &Failed) -> Step {
    let f = &failed.failure;
    let error = f.error.as_deref().unwrap_or_default();
    match &*f.event {
        "CODE_TO_TOKEN_ERROR" => match error {
            "invalid_code" => match failed.with.gone {
                Some((code, ..)) => Step::Gone(code),
                None if f.user.is_some() => Step::ReadOrForeign,
                None => Step::Named,
            },
            "invalid_client" => Step::ForeignRead,
            _ if f.user.is_some() => Step::ReadAndFailed,
            _ => Step::Named,
        },
        "REFRESH_TOKEN_ERROR" if f.reason.as_deref() == Some("Session doesn't have required client") => Step::Detached,
        "REFRESH_TOKEN_ERROR" if f.user.is_some() => Step::Alive,
        _ => Step::Named,
    }
}
