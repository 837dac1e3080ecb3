//! What happened to one session, in order.
//!
//! Input: the signals that name a session, in the merged order. Output: [`Facts`] about each failure of that session: what came before and
//! after it. Must not judge: what the facts mean is decided in [`super::question`].

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

mod steps;

use super::joined::{At, Failed};
use super::rules::Needs;
use super::verdict::Verdict;
use crate::names::{Key, Sym};
use crate::signal::Failure;
use steps::{Entry, Mark, Steps};

/// Codes of logins older than this are not looked for: no code lives that long.
pub const CODE_HORIZON_MS: i64 = 30 * 60_000;

/// Nodes' clocks that are looked after differ by less, and a person needs no longer to log in again.
const CLOCKS_MS: i64 = 5 * 60_000;

/// No code expires sooner: its lifespan is a number of whole seconds (`RealmModel.getAccessCodeLifespan`).
pub const LEAST_LIFE_MS: i64 = 1000;

/// A use that is logged this long after the failure still came before it: threads write late (up to 55 ms were recorded).
pub const LATE_MS: i64 = 5000;

/// Two attempts with one code that are logged within this were in flight together: a retry needs the answer to the first.
pub const TOGETHER_MS: i64 = 1;

/// Requests that come at once are logged within this: 101 ms were recorded.
const AT_ONCE_MS: u64 = 1000;

/// Entries that one timeline keeps; a session with more is somebody's attack.
const KEEP: usize = 256;

/// Exchanges without a login that one timeline tells of.
const ORPHANS: u8 = 4;

/// What a signal means to its session; a timeline keeps the number that a code has in it in place of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step<Code = Key> {
    /// A login gave the client a code.
    Login,
    /// The client exchanged a code.
    Exchange,
    /// The client exchanged a code for an offline token: the session itself may end with that.
    OfflineExchange,
    /// An exchange of the client failed after its code was read: the code is used up.
    ReadAndFailed,
    /// The client sent a code that was another client's.
    ForeignRead,
    /// On servers up to 24: one of the two before.
    ReadOrForeign,
    /// A code was read that names another client than it was given to (26.7): it was of any client but the one that it names, which nobody tells.
    ReadOfSome,
    /// The client's part of the session is gone: what a reused code leaves behind.
    Detached,
    /// The session ended.
    Ended,
    /// The client gave up its part of the session (RFC 7009).
    Revoked,
    /// A code was refused as already used or expired.
    Gone(Code),
    /// The client refreshed a token.
    Refresh,
    /// Anything else that shows that the session is real.
    Alive,
    /// A failure that shows nothing: an attacker can name any session.
    Named,
}

impl<Code> Step<Code> {
    /// Whether it shows that the client is part of the session.
    fn is_success(&self) -> bool {
        matches!(self, Step::Login | Step::Exchange | Step::OfflineExchange | Step::Refresh | Step::Alive)
    }

    /// Whether the server found the session when it did that: the parser looks for it before it looks for the code (`OAuth2CodeParser.parseCode`).
    fn shows_session(&self, is_offline: bool) -> bool {
        match self {
            Step::Exchange | Step::ReadAndFailed | Step::ForeignRead | Step::ReadOrForeign | Step::ReadOfSome | Step::Gone(_) => true,
            Step::Detached | Step::Refresh => !is_offline,
            Step::Login | Step::OfflineExchange | Step::Alive | Step::Ended | Step::Revoked | Step::Named => false,
        }
    }

    /// Whether a code was exchanged.
    #[inline]
    fn is_exchange(&self) -> bool {
        matches!(self, Step::Exchange | Step::OfflineExchange)
    }
}

/// A failure of the session, until its facts are known.
#[derive(Debug, Serialize, Deserialize)]
struct Open {
    /// Its own entry.
    entry: usize,
    failure: Box<Waiting>,
}

/// A failed request that waits for its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// When.
    pub time: Option<i64>,
    /// The node's number.
    pub node: u32,
    /// Its position in the node's stream.
    pub position: u64,
    /// Where.
    pub at: At,
    /// The request.
    pub failed: Failed,
    /// Its realm, by id.
    pub realm: Option<Sym>,
    /// Its client.
    pub client: Option<Sym>,
    /// What its session's timeline shows.
    pub facts: Option<Box<Facts>>,
}

/// A failure that its timeline has no more to say of, and its verdict where no later line can change it.
pub type Closed = (Box<Waiting>, Option<Verdict>);

/// Gives a failure its facts, and the verdict that `judge` comes to by them, if any. The facts of one that is decided are not kept; `spare` is where those of the
/// next one go.
pub fn judged(mut waiting: Box<Waiting>, facts: Facts, spare: &mut Option<Box<Facts>>, judge: &impl Fn(&Waiting) -> Option<Verdict>) -> Closed {
    waiting.facts = Some(match spare.take() {
        Some(mut place) => {
            *place = facts;
            place
        }
        None => Box::new(facts),
    });
    let verdict = judge(&waiting);
    if verdict.is_some() {
        *spare = waiting.facts.take();
    }
    (waiting, verdict)
}

/// A step that matters to a failure: how long before it (negative: after), and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Milliseconds before the failure.
    pub ago_ms: Option<i64>,
    /// Where.
    pub at: At,
}

/// What a session's timeline shows about one failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Logins that gave this client a code within [`CODE_HORIZON_MS`] before the first attempt with this code.
    pub logins: u32,
    /// The latest of them.
    pub login: Option<Seen>,
    /// How long before the first attempt the earliest of them was.
    pub first_login_ms: Option<i64>,
    /// Codes of this client that were read by then, or within [`LATE_MS`] after.
    pub uses: u32,
    /// How many of them may be one with another: up to 21 a server can exchange a code for each of several requests that come at once.
    pub doubled: u32,
    /// The latest use before.
    pub use_before: Option<(Seen, bool)>,
    /// The first use that was logged after.
    pub use_after: Option<Seen>,
    /// A use was logged after, but a login lies between: it may have been of the new code.
    pub use_after_login: bool,
    /// An exchange behind the failure, where there are more of them than logins of this client: one of the codes is older than the failure, and no code comes back to life, but
    /// an exchange can take long, and nodes' clocks differ.
    pub used_later: Option<Seen>,
    /// A code of this session was read that may have been this client's or not: by another client, or before the login that could have given it.
    pub foreign_unclear: bool,
    /// A use was logged after, and a login behind that whose own code nobody used: where clocks differ that may have been the one.
    pub use_before_login: bool,
    /// Attempts with the same code before this one, and the first of them.
    pub attempts: u32,
    /// The first attempt with the same code.
    pub first_attempt: Option<Seen>,
    /// Another attempt with the same code was in flight: logged within [`TOGETHER_MS`].
    pub together: Option<At>,
    /// The client's part of the session was gone later (or before): a code was reused.
    pub detached: Option<Seen>,
    /// The client logged in to this session at some time.
    pub own_login: bool,
    /// Each code that it was given before was used, and there were some.
    pub spent: bool,
    /// Another client did.
    pub other_login: bool,
    /// And one of them before the failure.
    pub other_login_before: bool,
    /// And one of them within [`CODE_HORIZON_MS`] before: the code may be that client's.
    pub other_code: bool,
    /// The session is real: a success or its end was seen.
    pub session_seen: bool,
    /// The session's end before the failure.
    pub ended: Option<Seen>,
    /// What shows behind the failure that the session is still there, without a login in between.
    pub alive: Option<Seen>,
    /// The latest exchange before the failure that gave this client an offline token: the session may have ended with it.
    pub offline: Option<Seen>,
    /// The session is one of another realm.
    pub elsewhere: bool,
    /// A code of a login before the horizon was never used: it can be the one that comes now.
    pub forgotten: bool,
    /// Entries were dropped.
    pub incomplete: bool,
}

impl Facts {
    /// Returns what a failure with these facts teaches.
    fn lessons(&self, failed: &Failed) -> impl Iterator<Item = Lesson> + use<> {
        let refused = self.refused(failed).map(Lesson::Refused);
        refused.into_iter().chain(self.owner(failed).map(|(uuid, client)| Lesson::Owner(uuid, client)))
    }

    /// Returns the uuid of the client that sent a code, where no other client of the session can have been given it.
    #[must_use]
    pub fn owner(&self, failed: &Failed) -> Option<(Key, Sym)> {
        let is_own = self.logins == 1 && self.uses <= 1 && !self.other_login_before && !self.incomplete;
        failed.with.gone.filter(|_| is_own).map(|gone| gone.client).zip(failed.failure.client)
    }

    /// Returns the age at which a code was refused that was never used, as far as this shows.
    #[must_use]
    pub fn refused(&self, failed: &Failed) -> Option<i64> {
        let age = self.login.and_then(|l| l.ago_ms).filter(|_| (self.logins, self.uses) == (1, 0) && failed.with.gone.is_some());
        age.filter(|age| *age >= LEAST_LIFE_MS && !self.use_after_login && self.used_later.is_none() && !self.foreign_unclear)
    }
}

/// What realms were taught, in the order of the signals.
pub type Lessons = Vec<(Option<Sym>, Lesson)>;

/// What a timeline adds to what is known of its realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lesson {
    /// A code that old still worked; the sources that tell of its login and of its exchange.
    Worked(i64, [u32; 2]),
    /// A code that was never used was refused at that age.
    Refused(i64),
    /// A client's uuid, by a warning on a code of a session that only this client had logged in to.
    Owner(Key, Sym),
    /// A code was exchanged whose login is not in the log: time and node.
    Orphan(i64, u32),
    /// A token was refreshed whose client logged in here and never exchanged its code here: time.
    Unfounded(i64),
}

/// What most sessions do not have.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rare {
    open: SmallVec<[Open; 1]>,
    /// The codes that were refused, each once.
    codes: SmallVec<[Key; 1]>,
    /// Logins and exchanges up to this second were left out, but for the first of each client; 0 where none were.
    left_out: u32,
}

impl Rare {
    /// Returns about how many bytes it takes with so many failures that wait.
    fn bytes(open: u8) -> usize {
        /// An open failure with its event and, later, its facts.
        const OPEN: usize = size_of::<Open>() + size_of::<Waiting>() + size_of::<Failure>() + size_of::<Facts>();
        size_of::<Rare>() + usize::from(open) * OPEN
    }
}

/// What is known of a session from before its timeline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Before {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// It was not seen.
    Unseen,
    /// It was seen.
    Seen,
    /// It was seen, and had ended.
    Ended,
}

/// One session.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Timeline {
    entries: Steps,
    rare: Option<Box<Rare>>,
    /// The clock of its last signal.
    pub last: i64,
    /// The session's realm.
    pub realm: Option<Sym>,
    /// How many exchanges had no login before them.
    orphans: u8,
    before: Before,
    dropped: bool,
    /// How many failures wait, no more than it can tell: who only wants to know that does not look at [`Rare`].
    open: u8,
}

const _: () = assert!(size_of::<Timeline>() <= 64, "a timeline is one piece of the memory that a processor fetches at once");

/// What a log may have twice, as where a shipper sends lines again or a console's log is read beside the server's own: steps of one kind at the same time.
#[derive(Default)]
struct Told {
    last: Option<i64>,
    again: u32,
}

impl Told {
    /// Takes in when a step was; returns how many there are more.
    fn note(&mut self, when: Option<i64>) -> u32 {
        let is_again = when.is_some() && self.last == when;
        self.last = when;
        self.again += u32::from(is_again);
        u32::from(!is_again)
    }
}

/// Whether a client read a code before the login that could have given it: nodes' clocks differ, or that login is not in the log. `entries` are those before the first
/// login that counts, `age` how long they are before the failure.
fn is_unfounded_before(entries: &[Entry], client: Option<Sym>, other_login: bool, age: impl Fn(&Entry) -> i64) -> bool {
    let mut given = 0_u32;
    entries.iter().filter(|e| e.client == client).any(|e| {
        let is_use = match e.step {
            Mark::Login => {
                given += 1;
                false
            }
            Mark::ReadOrForeign => !other_login,
            step => step.is_exchange() || step == Mark::ReadAndFailed,
        };
        let is_unfounded = is_use && given == 0 && age(e) <= CODE_HORIZON_MS;
        given = given.saturating_sub(u32::from(is_use));
        is_unfounded
    })
}

/// Whether another client exchanged more codes than it was given: one was this client's (servers up to 26.6 allow it: what names the client is the code's last part).
#[cold]
fn has_exchanged_anothers(entries: &[Entry], me: Option<Sym>) -> bool {
    let count = |step: fn(&Mark) -> bool, of: Option<Sym>| entries.iter().filter(|e| e.client == of && step(&e.step)).count();
    let mut exchanges = entries.iter().filter(|e| e.client != me && e.step.is_exchange());
    exchanges.any(|e| count(|step| *step == Mark::Login, e.client) < count(Mark::is_exchange, e.client))
}

impl Timeline {
    /// Returns an empty timeline; `capped` says that what came before may have been evicted.
    #[must_use]
    pub fn new(capped: bool) -> Self {
        Timeline { last: i64::MIN, dropped: capped, ..Timeline::default() }
    }

    /// Returns about how many bytes it takes, its places in the queue and in a table that is two thirds full included.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> usize {
        const PLACES: usize = size_of::<(Key, Box<Timeline>)>() * 3 / 2 + size_of::<(i64, Key)>();
        size_of::<Timeline>() + PLACES + self.entries.bytes() + if self.rare.is_some() { Rare::bytes(self.open) } else { 0 }
    }

    /// Returns a number that is made of what the next step will look at.
    #[inline]
    #[must_use]
    pub fn glance(&self) -> u64 {
        self.entries.glance()
    }

    /// Says whether the session was seen before its timeline began, and whether it had ended by then; it is asked once, since nothing is added to what is remembered
    /// of it meanwhile.
    pub fn recall(&mut self, before: impl FnOnce() -> Option<bool>) {
        if self.before == Before::Unknown {
            self.before = match before() {
                None => Before::Unseen,
                Some(false) => Before::Seen,
                Some(true) => Before::Ended,
            };
        }
    }

    /// Whether the session is known to be real.
    #[must_use]
    pub fn session_seen(&self) -> bool {
        matches!(self.before, Before::Seen | Before::Ended) || self.is_real()
    }

    /// Whether the session's end was seen.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let last = self.entries.iter().filter(|e| matches!(e.step, Mark::Ended | Mark::Login)).last();
        last.map_or(self.before == Before::Ended, |e| e.step == Mark::Ended)
    }

    /// Returns a step as it is kept.
    #[inline]
    fn mark(&mut self, step: Step) -> Mark {
        match step {
            Step::Login => Mark::Login,
            Step::Exchange => Mark::Exchange,
            Step::OfflineExchange => Mark::OfflineExchange,
            Step::ReadAndFailed => Mark::ReadAndFailed,
            Step::ForeignRead => Mark::ForeignRead,
            Step::ReadOrForeign => Mark::ReadOrForeign,
            Step::ReadOfSome => Mark::ReadOfSome,
            Step::Detached => Mark::Detached,
            Step::Ended => Mark::Ended,
            Step::Revoked => Mark::Revoked,
            Step::Refresh => Mark::Refresh,
            Step::Alive => Mark::Alive,
            Step::Named => Mark::Named,
            Step::Gone(code) => {
                let codes = &mut self.rare.get_or_insert_default().codes;
                let number = codes.iter().position(|c| *c == code).unwrap_or_else(|| {
                    codes.push(code);
                    codes.len() - 1
                });
                Mark::Gone(u16::try_from(number).unwrap_or(u16::MAX))
            }
        }
    }

    /// Whether a step that no failure waits with says no more of the session than those before it do: a session can be refreshed for days, and anybody can name it in requests that fail.
    #[must_use]
    pub fn is_told(&self, step: Step, client: Option<Sym>) -> bool {
        match step {
            Step::Named => true,
            Step::Refresh => self.entries.any(|step, _| step == Mark::Refresh),
            Step::Alive => self.entries.any(|step, of| step == Mark::Alive && of == client),
            Step::Detached => self.entries.any(|step, of| step == Mark::Detached && of == client),
            _ => false,
        }
    }

    /// Adds a step, and tells what its realm learns from it.
    #[inline(always)]
    #[allow(clippy::inline_always)] // each note of each session takes one, and most that it does is to be called
    pub fn step(&mut self, time: Option<i64>, client: Option<Sym>, step: Step, at: At, node: u32, lessons: &mut Lessons) {
        if step.is_exchange()
            && !self.entries.any(|step, of| step == Mark::Login && of == client)
            && let Some(t) = time
            && self.orphans < ORPHANS
        {
            self.orphans += 1;
            lessons.push((self.realm, Lesson::Orphan(t, node)));
        }
        if self.entries.len() >= KEEP && (self.dropped || !self.leave_out(time)) {
            self.dropped = true;
            return;
        }
        let first_refresh = step == Step::Refresh && !self.entries.any(|step, _| step == Mark::Refresh);
        let mark = self.mark(step);
        self.entries.push(Entry { when: time, at, client, step: mark });
        if first_refresh {
            lessons.extend(self.unfounded(time, client).map(|t| (self.realm, Lesson::Unfounded(t))));
        }
        if step.is_exchange() {
            lessons.extend(self.only_login(time, client).map(|(age, source)| (self.realm, Lesson::Worked(age, [source, at.source]))));
        }
    }

    /// Makes room: leaves out the logins and exchanges that are too old for a code of theirs to matter to a failure that waits or may come. Of each client the
    /// first ones stay: that it ever logged in matters at any age. Returns whether there was any to be left out.
    #[cold]
    fn leave_out(&mut self, now: Option<i64>) -> bool {
        let entries = self.entries.all();
        let refused = entries.iter().filter(|e| matches!(e.step, Mark::Gone(_))).map(|e| e.when);
        let waiting = self.rare.iter().flat_map(|r| &r.open).map(|open| open.failure.time);
        let Some(first) = refused.chain(waiting).chain([now]).reduce(|a, b| Some(a?.min(b?))).flatten() else { return false };
        let from = first - CODE_HORIZON_MS - LATE_MS;
        let is_old = |e: &Entry| (e.step == Mark::Login || e.step.is_exchange()) && e.when.is_some_and(|t| t < from);
        let goes = |i: usize| is_old(&entries[i]) && entries[..i].iter().any(|e| (e.step, e.client) == (entries[i].step, entries[i].client));
        let gone: SmallVec<[usize; 8]> = (0..entries.len()).filter(|i| goes(*i)).collect();
        let Some(last) = gone.iter().filter_map(|i| entries[*i].when).max() else { return false };
        let rare = self.rare.get_or_insert_default();
        rare.left_out = rare.left_out.max(u32::try_from(last / 1000 + 1).unwrap_or(u32::MAX));
        for open in &mut rare.open {
            open.entry -= gone.partition_point(|i| *i < open.entry);
        }
        self.entries = (0..).zip(entries).filter(|(i, _)| gone.binary_search(i).is_err()).map(|(_, e)| e).collect();
        true
    }

    /// Adds a failure, whose step was the last; returns it when there are too many to keep.
    pub fn wait(&mut self, mut waiting: Box<Waiting>) -> Option<Box<Waiting>> {
        if self.open == u8::MAX {
            waiting.facts = Some(Box::new(Facts { incomplete: true, session_seen: self.session_seen(), ..Facts::default() }));
            return Some(waiting);
        }
        let entry = self.entries.len().saturating_sub(1);
        self.rare.get_or_insert_default().open.push(Open { entry, failure: waiting });
        self.open += 1;
        None
    }

    /// Whether anything but failures named this session.
    fn is_real(&self) -> bool {
        self.entries.any(|step, _| !matches!(step, Mark::Named | Mark::Gone(_)))
    }

    /// Ends the timeline: gives each failure its facts and the verdict that `judge` comes to by them, and tells what the realm can learn from it.
    pub fn close(mut self, out: &mut Vec<Closed>, lessons: &mut Lessons, spare: &mut Option<Box<Facts>>, judge: &impl Fn(&Waiting) -> Option<Verdict>) {
        let Some(rare) = self.rare.take() else { return };
        let entries = self.entries.all();
        for Open { entry, failure: waiting } in rare.open {
            let facts = self.facts(&entries, entry, &waiting);
            lessons.extend(facts.lessons(&waiting.failed).map(|lesson| (self.realm, lesson)));
            out.push(judged(waiting, facts, spare, judge));
        }
    }

    /// Returns the facts about a failure that comes next, where what came before is all that it needs.
    #[must_use]
    pub fn so_far(&self, failure: &Waiting, needs: Needs) -> Option<Facts> {
        let is_known = match needs {
            Needs::Nothing | Needs::Past => true,
            Needs::PastOfEnded => self.has_ended(),
            Needs::All => false,
        };
        is_known.then(|| self.facts(&self.entries.all(), self.entries.len(), failure))
    }

    /// Returns what the realm can learn from failures that are open.
    pub fn lessons(&self) -> impl Iterator<Item = (Option<Sym>, Lesson)> {
        // how old the code was that was refused is only known where a login gave it
        let has_login = self.entries.any(|step, _| step == Mark::Login);
        let entries = if has_login { self.entries.all() } else { SmallVec::new() };
        let open = self.rare.iter().filter(move |_| has_login).flat_map(|r| &r.open).filter(|open| open.failure.failed.with.gone.is_some());
        let lessons = move |open: &Open| self.facts(&entries, open.entry, &open.failure).lessons(&open.failure.failed);
        open.flat_map(lessons).map(|lesson| (self.realm, lesson))
    }

    /// Whether failures of the session wait for what may come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Returns what is known so far about a failure that waits: that of a node's position.
    #[must_use]
    pub fn facts_of(&self, node: u32, position: u64) -> Option<Facts> {
        let open = self.rare.as_ref()?.open.iter().find(|o| (o.failure.node, o.failure.position) == (node, position))?;
        Some(self.facts(&self.entries.all(), open.entry, &open.failure))
    }

    /// Returns the time of a client's refresh where none of its codes was exchanged before.
    fn unfounded(&self, time: Option<i64>, client: Option<Sym>) -> Option<i64> {
        let of_client = |step| self.entries.any(|s, of| s == step && of == client);
        let has_exchange = || self.entries.any(|s, of| s.is_exchange() && of == client);
        // a password login gives tokens without a code
        (of_client(Mark::Login) && !has_exchange() && !of_client(Mark::Alive)).then_some(time)?
    }

    /// Returns the age of a code that a client has exchanged, where only one login can have given it, and the source that tells of that.
    fn only_login(&self, time: Option<i64>, client: Option<Sym>) -> Option<(i64, u32)> {
        let mut logins = self.entries.iter().filter(|l| l.step == Mark::Login && l.client == client);
        let login = logins.next()?;
        let age = time? - login.when?;
        (logins.next().is_none() && (0..=CODE_HORIZON_MS).contains(&age)).then_some((age, login.at.source))
    }

    /// Returns the facts about a failure; `entries` are all steps, and `own` the place of its own among them.
    fn facts(&self, entries: &[Entry], own: usize, failure: &Waiting) -> Facts {
        let me = entries.get(own).copied().filter(|e| e.at == failure.at).unwrap_or(Entry {
            when: failure.time,
            at: failure.at,
            client: failure.client,
            step: Mark::Named,
        });
        let seen = |e: &Entry| Seen { ago_ms: me.when.zip(e.when).map(|(m, t)| m - t), at: e.at };
        let elsewhere = self.realm.zip(failure.realm).is_some_and(|(its, own)| its != own) && self.is_real();
        let mut facts = Facts { incomplete: self.dropped, session_seen: self.session_seen(), elsewhere, ..Facts::default() };
        // attempts with one code share a verdict: that of the first
        let mut anchor = own;
        if let Mark::Gone(_) = me.step {
            for (i, e) in entries.iter().enumerate().filter(|(_, e)| e.step == me.step) {
                if i < own {
                    facts.attempts += 1;
                    if facts.first_attempt.is_none() {
                        (facts.first_attempt, anchor) = (Some(seen(e)), i);
                    }
                }
                let is_near = e.at != me.at && e.when.zip(me.when).is_some_and(|(a, b)| (a - b).abs() <= TOGETHER_MS);
                facts.together = facts.together.or(is_near.then_some(e.at));
            }
        }
        let anchor_time = if anchor == own { me.when } else { entries[anchor].when };
        // a clock can have been set back since
        let left_out = self.rare.as_ref().map_or(0, |r| r.left_out);
        facts.incomplete |= left_out > 0 && anchor_time.is_none_or(|t| t - CODE_HORIZON_MS <= i64::from(left_out) * 1000);
        let age = |e: &Entry| anchor_time.zip(e.when).map_or(0, |(a, t)| a - t);
        let third = |d: Option<Sym>| entries.iter().any(|e| e.step == Mark::Login && e.client != me.client && e.client != d);
        let own_logins = || entries.iter().enumerate().filter(|(_, e)| e.step == Mark::Login && e.client == me.client);
        let (mut first_login, mut forgotten) = (None, 0_i64);
        let (mut logins, mut uses) = (Told::default(), Told::default());
        let mut exchanged: Option<i64> = None;
        for (i, e) in entries.iter().enumerate().filter(|(_, e)| e.step == Mark::Login) {
            if e.client != me.client {
                facts.other_login = true;
                facts.other_login_before |= i < own;
                facts.other_code |= (-LATE_MS..=CODE_HORIZON_MS).contains(&age(e));
                continue;
            }
            facts.own_login = true;
            facts.spent |= i < anchor;
            if i >= anchor {
                continue;
            }
            if age(e) > CODE_HORIZON_MS {
                forgotten += 1;
                continue;
            }
            facts.logins += 1;
            logins.note(e.when);
            if first_login.is_none() {
                facts.first_login_ms = anchor_time.zip(e.when).map(|(a, t)| a - t);
                first_login = Some(i);
            }
            facts.login = Some(seen(e));
        }
        let from = first_login.unwrap_or(0);
        facts.foreign_unclear |= first_login.is_some() && is_unfounded_before(&entries[..from], me.client, facts.other_login, age);
        let spare_login = |used: usize| {
            let mut behind = entries.iter().enumerate().filter(|(i, e)| *i > used && e.client == me.client);
            let login = behind.find(|(_, e)| e.step == Mark::Login && -age(e) <= CLOCKS_MS);
            login.is_some() && !behind.any(|(_, e)| e.step.is_exchange())
        };
        let (mut revoked, mut others_exchange) = (None, false);
        // tokens of an offline session outlive the one that they were given in
        let is_offline = entries.iter().any(|e| e.step == Mark::OfflineExchange);
        facts.alive = entries.iter().skip(own + 1).take_while(|e| e.step != Mark::Login).find(|e| e.step.shows_session(is_offline)).map(seen);
        for (i, e) in entries.iter().enumerate().filter(|(i, _)| *i != own) {
            let other = e.client != me.client;
            others_exchange |= other && e.step.is_exchange();
            if e.step == Mark::OfflineExchange && i < own && !other {
                facts.offline = Some(seen(e));
            }
            if i < own && !other {
                // what goes on behind it shows that the client is part of the session again
                revoked = if e.step == Mark::Revoked { Some(seen(e)) } else { revoked.filter(|_| !e.step.is_success()) };
            }
            let is_use = match e.step {
                Mark::Exchange | Mark::OfflineExchange | Mark::ReadAndFailed => !other,
                Mark::ForeignRead if other => {
                    facts.foreign_unclear |= i >= from && third(e.client) && age(e).abs() <= CODE_HORIZON_MS;
                    !third(e.client)
                }
                // up to 24 the line does not say whose code it was; the logins may
                Mark::ReadOrForeign => {
                    let e_logged_in = entries.iter().any(|l| l.step == Mark::Login && l.client == e.client);
                    // where both logged in it was either's, and where a third one did it was that one's or this one's
                    let is_unclear = if other { e_logged_in || third(e.client) } else { facts.other_login };
                    facts.foreign_unclear |= is_unclear && i >= from && age(e).abs() <= CODE_HORIZON_MS;
                    if other { facts.own_login && !e_logged_in && !third(e.client) } else { !facts.other_login }
                }
                Mark::ReadOfSome => {
                    facts.foreign_unclear |= facts.other_login && i >= from && age(e).abs() <= CODE_HORIZON_MS;
                    !facts.other_login
                }
                Mark::Detached if !other => {
                    facts.detached.get_or_insert(seen(e));
                    false
                }
                Mark::Ended if i < own => {
                    facts.ended = Some(seen(e));
                    false
                }
                // up to 24 the session of a login page that was open when its session ended has the same id
                Mark::Login if i < own => {
                    facts.ended = None;
                    false
                }
                _ => false,
            };
            if is_use && age(e) > CODE_HORIZON_MS {
                forgotten -= 1;
            }
            if !is_use || i < from || age(e) > CODE_HORIZON_MS {
                continue;
            }
            if e.step.is_exchange() && -age(e) <= LATE_MS {
                facts.doubled +=
                    u32::from(e.when.zip(exchanged.replace(e.when.unwrap_or(i64::MIN))).is_some_and(|(now, before)| now.abs_diff(before) <= AT_ONCE_MS));
            }
            if i < anchor {
                facts.uses += uses.note(e.when);
                facts.use_before = Some((seen(e), !e.step.is_exchange()));
            } else if -age(e) <= LATE_MS {
                // a login in these seconds may have given the code that was used, even if it is logged behind the use
                let new_login = own_logins().any(|(l, e)| l > anchor && (l < i || -age(e) <= LATE_MS));
                facts.use_before_login |= spare_login(i);
                if new_login {
                    facts.use_after_login = true;
                } else {
                    facts.uses += uses.note(e.when);
                    facts.use_after.get_or_insert(seen(e));
                }
            }
        }
        // a log that has a use twice may have its login twice
        facts.logins -= logins.again.min(uses.again);
        if facts.uses > 0 {
            // by a clock that is ahead that login can have been before the failure, and its code the one that came
            facts.use_before_login |= spare_login(anchor);
        }
        // of more codes than were given since, one is older than the failure
        let later = || entries.iter().enumerate().filter(|(i, e)| *i > anchor && e.client == me.client);
        let mut codes_given = later().filter(|(_, e)| e.step == Mark::Login).count();
        for (_, used) in later().filter(|(_, e)| e.step.is_exchange()) {
            let Some(left) = codes_given.checked_sub(1) else {
                facts.used_later = Some(seen(used));
                break;
            };
            codes_given = left;
        }
        facts.ended = facts.ended.or(revoked);
        facts.foreign_unclear |= others_exchange && has_exchanged_anothers(entries, me.client);
        // a tab that was restored long after sends a code that nobody used; what is remembered of a session does not say whether there was one
        facts.forgotten = forgotten > 0 || self.before == Before::Seen;
        facts.spent &= facts.uses >= facts.logins && !facts.forgotten;
        facts
    }
}
