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
use super::timeline::{Lesson, Step, Timeline, Waiting};
use crate::names::{Key, Sym};
use crate::signal::companion::Authenticator;
use crate::signal::{Admin, Done, Success};

/// How many shards there are.
pub const SHARDS: usize = 64;

/// How many timelines all shards keep together.
pub const TIMELINES: usize = 400_000;

/// A timeline ends this long after its last signal: then no code of it is alive.
const CODE_MS: i64 = 3_600_000;

/// That a session was real is remembered this long.
const SESSION_MS: i64 = 24 * 3_600_000;

/// How many remembered sessions all shards keep together.
const REMEMBERED: usize = 2_000_000;

/// How many failures of timelines all shards keep together.
const OPEN: usize = 100_000;

/// How many profiles one shard keeps. Requests cannot make them up: only a client that exists has one.
const PROFILES: usize = 4096;

/// How many uuids one shard keeps: a code is a client's text, and its last part is taken for one.
const UUIDS: usize = 4096;

/// One shard.
#[derive(Default)]
pub struct Shard {
    /// Each in a box: there can be hundreds of thousands, and a table that grows would move them all.
    timelines: HashMap<Key, Box<Timeline>, RandomState>,
    /// Sessions by when they were last queued; one entry each.
    queue: VecDeque<(i64, Key)>,
    /// Sessions whose timelines ended: the clock, and whether the session ended.
    remembered: HashMap<Key, (i64, bool), RandomState>,
    remembered_queue: VecDeque<(i64, Key)>,
    /// Profiles by realm and client.
    pub profiles: HashMap<(Option<Sym>, Sym), Profile, RandomState>,
    /// Client uuids that companions paired with a client.
    pub uuids: HashMap<Key, Sym, RandomState>,
    /// What realms were taught.
    pub lessons: Vec<(Option<Sym>, Lesson)>,
    /// Failures whose facts are known.
    pub done: Vec<Waiting>,
    /// Failures whose timelines have not ended.
    open: usize,
    /// A client came that has no profile because there was no room.
    pub profiles_full: bool,
    /// A timeline was evicted to make room.
    pub capped: bool,
    /// A session had more failures than a timeline keeps.
    pub crowded: bool,
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
                let timeline = self.timeline(session, joined.clock);
                timeline.step(joined.time, None, Step::Ended, joined.at, joined.node);
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
        let timeline = self.timeline(session, joined.clock);
        timeline.realm = timeline.realm.or(success.realm);
        timeline.step(joined.time, success.client, step, joined.at, joined.node);
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
        let remembered = self.remembered.get(&session).copied();
        let timeline = self.timeline(session, clock);
        timeline.realm = timeline.realm.or(realm);
        if let Some((_, ended)) = remembered {
            timeline.revive(ended);
        }
        if settled(&waiting.failed) {
            timeline.step(waiting.time, waiting.client, step, waiting.at, waiting.node);
            self.done.push(waiting);
        } else if let Some(full) = timeline.fail(waiting, step) {
            self.done.push(full);
            self.crowded = true;
        } else {
            self.open += 1;
            while self.open > OPEN / SHARDS {
                self.capped = true;
                if !self.retire(i64::MAX) {
                    break;
                }
            }
        }
    }

    /// Returns the profile of a client, a new one if there is room.
    fn profile(&mut self, realm: Option<Sym>, client: Sym) -> Option<&mut Profile> {
        let full = self.profiles.len() >= PROFILES;
        match self.profiles.entry((realm, client)) {
            Entry::Vacant(_) if full => {
                self.profiles_full = true;
                None
            }
            entry => Some(entry.or_default()),
        }
    }

    /// Returns the timeline of a session, a new one if it is new; evicts the one that was queued first where there is no room.
    fn timeline(&mut self, session: Key, clock: i64) -> &mut Timeline {
        if !self.timelines.contains_key(&session) {
            while self.timelines.len() >= TIMELINES / SHARDS {
                self.capped = true;
                if !self.retire(i64::MAX) {
                    break;
                }
            }
            self.queue.push_back((clock, session));
        }
        let capped = self.capped;
        let timeline = self.timelines.entry(session).or_insert_with(|| Box::new(Timeline::new(capped)));
        timeline.last = timeline.last.max(clock);
        timeline
    }

    /// Ends the timelines whose time has come.
    fn expire(&mut self, clock: i64) {
        while self.queue.front().is_some_and(|(queued, _)| queued.saturating_add(CODE_MS) < clock) {
            self.retire(clock.saturating_sub(CODE_MS));
        }
        while self.remembered_queue.front().is_some_and(|(queued, _)| queued.saturating_add(SESSION_MS) < clock)
            || self.remembered_queue.len() > REMEMBERED / SHARDS
        {
            if let Some((queued, session)) = self.remembered_queue.pop_front()
                && self.remembered.get(&session).is_some_and(|r| r.0 == queued)
            {
                self.remembered.remove(&session);
            }
        }
    }

    /// Looks at the timeline that was queued first: ends it if its last signal is older than `before`, else queues it again (a second
    /// chance). With `i64::MAX` one is ended for certain. Returns whether there was one.
    fn retire(&mut self, before: i64) -> bool {
        let Some((queued, session)) = self.queue.pop_front() else { return false };
        let last = self.timelines.get(&session).map_or(queued, |t| t.last);
        if last >= before || (before == i64::MAX && last > queued) {
            self.queue.push_back((last, session));
            return true;
        }
        if let Some(timeline) = self.timelines.remove(&session) {
            if timeline.session_seen() {
                self.remembered.insert(session, (last, timeline.has_ended()));
                self.remembered_queue.push_back((last, session));
            }
            let before = self.done.len();
            timeline.close(&mut self.done, &mut self.lessons);
            self.open = self.open.saturating_sub(self.done.len() - before);
        }
        true
    }

    /// Ends all timelines.
    pub fn finish(&mut self) {
        while let Some((_, session)) = self.queue.pop_front() {
            if let Some(timeline) = self.timelines.remove(&session) {
                timeline.close(&mut self.done, &mut self.lessons);
            }
        }
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
