//! The join of companions with their events, per node, in the order of its stream.
//!
//! Input: the [`Batch`]es of one stream in order. Output: [`Joined`] signals. A companion goes to the next user event of its thread and is used up
//! by it; by order, never by time. Lines that a client wrote through a server's line feeds are told from the server's own here, since
//! that takes the lines around them. Must not know sessions or profiles.

mod access;
mod forged;
mod lapses;
mod ordinals;
mod outbox;
mod second;
mod threads;

use std::borrow::Cow;

use super::clock::Clock;
use super::joined::{At, Companions, Failed, GoneCode, Joined, Loss, Suspect, What};
use super::setback::SetBack;
use crate::finding::Trust;
use crate::names::{Key, Names, Sym};
use crate::record::Stamp;
use crate::signal::companion::{Authenticator, Verb};
use crate::signal::id::is_mask;
use crate::signal::user::PERMISSION;
use crate::signal::{Batch, Companion, Failure, Kind, Life, Quoting, Signal, User};
use crate::source::{Mark, Marks};
use access::Unanswered;
pub use access::{ByRealm, Requests};
use forged::{Foreign, Held, Hold, Style};
use lapses::Lapses;
use ordinals::Ordinals;
use outbox::Outbox;
use second::Seconds;
use threads::{Thread, Threads};

/// A time that goes back by more than this is counted in the books; threads write up to 43 ms out of order.
const WENT_BACK_MS: i64 = 1000;

/// Companions of the first event of a thread may be missing when it comes this soon after the stream's first line.
const LOST_MS: i64 = 1000;

/// The state of one stream.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Join {
    clock: Clock,
    seconds: Seconds,
    /// Pending companions by host and thread.
    threads: Threads,
    /// The name of the thread of lines that name none, once there are some.
    nameless: Option<Sym>,
    ordinals: Ordinals,
    /// Largest time so far, and the first.
    high: Option<i64>,
    first: Option<i64>,
    /// The first time of what is whole: the stream's own, or that behind missing lines.
    begin: Option<i64>,
    /// Lines are missing behind this time.
    gap: Option<i64>,
    /// The stream began with a server's start: no companion can be missing.
    from_start: bool,
    position: u64,
    style: Style,
    hold: Option<Hold>,
    /// An event whose time went back behind a client's words, until the next line says whether the clock did or the client lied.
    doubt: Option<(Placed, Cow<'static, str>)>,
    /// The time of the last signal that was believed.
    believed: Option<i64>,
    /// The last line that ended with a client's own words: its number in the stream.
    carrier: Option<u64>,
    /// Lines of the stream before the chunk at hand.
    lines: u64,
    outbox: Outbox,
    /// Codes were kept for the events of other sessions than came next.
    has_others: bool,
    lapses: Lapses,
    /// Token requests that the server's own access log shows.
    pub requests: ByRealm,
    /// Token requests that a log of access lines only shows.
    pub proxied_requests: ByRealm,
    /// Times that went back.
    pub went_back: u64,
    setback: SetBack,
    /// Lines that look forged.
    pub suspects: Vec<Suspect>,
    /// How many more than are kept.
    pub suspects_dropped: u64,
}

/// What speaks against an event.
#[derive(Clone, Copy)]
enum Doubt {
    /// It is a client's words.
    Surely,
    /// The next line will tell.
    Perhaps(&'static str),
}

/// Why an event of another quoting is not believed.
const FOREIGN: &str = "is not quoted as this server's other events are";

/// Suspect lines that are kept of a stream.
const SUSPECTS: usize = 1000;

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Pending {
    /// Nothing for most: it is looked at for each event.
    with: Option<Box<Companions>>,
    /// When the last of them was printed.
    since: Option<i64>,
    /// When the last of those was printed that warn of a request and do not say of which.
    warned: Option<i64>,
    /// The attempt to authenticate is over: the next `client authenticator:` begins another request.
    closed: bool,
    /// An event of this thread was seen.
    known: bool,
    /// Codes of other sessions that were gone, where several servers with threads of the same names wrote one log.
    others: Vec<Aside>,
    /// A failure whose access line did not come yet.
    unanswered: Option<Unanswered>,
    /// The token of the last request for permissions that was refused.
    permission: Option<Key>,
    /// When it spoke last.
    spoke: Option<i64>,
}

impl Pending {
    /// Takes note of when the thread speaks; returns whether that is a little before it spoke last: a thread does one thing after the other, so somebody put the lines
    /// in another order. A clock that is set back goes back for all threads, once, and mostly by more.
    #[inline]
    fn speaks(&mut self, time: Option<i64>) -> bool {
        const LITTLE_MS: i64 = 1000;
        let before = self.spoke.zip(time).map(|(before, now)| before - now);
        self.spoke = time.or(self.spoke);
        before.is_some_and(|by| by > 0 && by < LITTLE_MS)
    }
}

/// A code that waits for the event of its own session.
#[derive(serde::Serialize, serde::Deserialize)]
struct Aside {
    gone: GoneCode,
    /// Another line of the same time says the same.
    is_again: bool,
}

impl Aside {
    /// Takes note that its event does not come any more.
    fn end(&self, lapses: &mut Lapses) {
        if !self.is_again {
            lapses.alone(self.gone.client);
        }
    }
}

/// Whether what a failure means rests on whether the server knew its user, and that was taken out of the log.
fn rests_on_user(failure: &Failure) -> bool {
    failure.user.as_ref().is_some_and(|user| is_mask(user.bytes()))
        && failure.reason.is_none()
        && matches!(failure.error.as_deref(), Some("invalid_code" | "user_session_not_found" | "invalid_token" | "not_allowed"))
}

/// Puts a code aside, behind those whose events may still come; the one that waits longest goes where there are too many: a server whose events are silenced
/// warns all the same.
fn put_aside(others: &mut Vec<Aside>, aside: Aside, lapses: &mut Lapses) {
    forget(others, aside.gone.at, lapses);
    if others.len() >= OTHERS {
        others.remove(0).end(lapses);
    }
    others.push(aside);
}

/// Companions are not older than this when their event comes: a realm whose events are not logged leaves its own behind, and the thread's next event is another's.
const STALE_MS: i64 = 30_000;

/// A warning that does not say of which request it is belongs to an event no later than this: the longest that was recorded is 22 ms. A realm whose events are not logged
/// leaves its own behind.
const NEAR_MS: i64 = 50;

/// Returns what is left of companions whose warnings are of another request, or may be.
fn of_request_before(with: &Companions) -> Box<Companions> {
    Box::new(Companions {
        gone: with.gone,
        auth: with.auth,
        auth_tried: with.auth_tried,
        secret_tried: with.secret_tried,
        lost: Some(Loss::Lines),
        ..Companions::default()
    })
}

/// Returns what is left of the companions of a request that is over: a code that is gone names its session, so it is not taken for another request's.
fn of_request_that_is_over(with: &Companions) -> Option<Box<Companions>> {
    with.gone.map(|gone| Box::new(Companions { gone: Some(gone), ..Companions::default() }))
}

/// Forgets codes whose events do not come any more.
fn forget(others: &mut Vec<Aside>, now: At, lapses: &mut Lapses) {
    others.retain(|other| {
        let near = is_near(other.gone.at, now);
        if !near {
            other.end(lapses);
        }
        near
    });
}

/// Whether an event of the later line may be the one that the earlier one explains.
fn is_near(warning: At, event: At) -> bool {
    warning.source == event.source && event.line.get().checked_sub(warning.line.get()).is_some_and(|lines| lines <= NEAR_LINES)
}

/// Codes that are kept of one thread for the events of other sessions.
const OTHERS: usize = 4;

/// Lines between such a code and its event.
const NEAR_LINES: u64 = 64;

/// When and where a signal was printed.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Place {
    time: Option<i64>,
    /// The time is that of the line's own stamp, date and all, as exact as it is: equal lines have equal times.
    is_dated: bool,
    at: At,
    /// The line's number in the stream.
    line: u64,
    thread: Thread,
    node: u32,
    stored: bool,
}

/// A signal with its time and place.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Placed {
    place: Place,
    kind: Kind,
}

/// What the join needs to know of the chunk at hand.
pub struct Chunk<'a> {
    /// The source's number in the run.
    pub source: u32,
    /// Lines of the source before the chunk.
    pub line: u64,
    /// Where each line comes from, where a wrapper was taken off.
    pub marks: Option<&'a Marks>,
    /// The node's number by host; the default comes first.
    pub node: &'a mut dyn FnMut(Option<&[u8]>) -> u32,
}

impl Join {
    /// Returns the state before the first chunk.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Join {
            clock,
            seconds: Seconds::default(),
            threads: Threads::default(),
            nameless: None,
            ordinals: Ordinals::default(),
            high: None,
            first: None,
            begin: None,
            gap: None,
            from_start: false,
            position: 0,
            style: Style::default(),
            hold: None,
            doubt: None,
            believed: None,
            carrier: None,
            lines: 0,
            outbox: Outbox::default(),
            has_others: false,
            lapses: Lapses::default(),
            requests: ByRealm::new(),
            proxied_requests: ByRealm::new(),
            went_back: 0,
            setback: SetBack::default(),
            suspects: Vec::new(),
            suspects_dropped: 0,
        }
    }

    /// Returns the stream's clock.
    pub fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// Takes in the next chunk; returns the list of its signals, which is empty now, to be filled again.
    pub fn chunk(&mut self, batch: Batch, chunk: &mut Chunk<'_>, names: &mut Names, out: &mut Vec<Joined>) -> Vec<Signal> {
        let global: Vec<Sym> = batch.names.iter().map(|n| names.number(n)).collect();
        self.nameless = batch.names.iter().position(<[u8]>::is_empty).map(|empty| global[empty]).or(self.nameless);
        self.clock.begin(batch.days);
        let envelope = |mark: Option<&Mark>| mark.and_then(|m| m.time);
        let (first, last) = (chunk.marks.and_then(Marks::first), chunk.marks.and_then(Marks::last));
        if self.begin.is_none() {
            self.begin = self.clock.instant(batch.first, 0, envelope(first));
            self.first = self.first.or(self.begin);
            if let Some((from, to)) = self.begin.and_then(|to| Some((self.gap.take()?, to))) {
                self.missing(from, to, chunk, out);
            }
        }
        let mut signals = batch.signals;
        out.reserve(signals.len());
        let mut latest = None;
        for mut signal in signals.drain(..) {
            let host = signal.host.map(|h| global[h.index()]);
            let node = match latest {
                Some((known, node)) if known == host => node,
                _ => (chunk.node)(host.map(|h| names.bytes(h))),
            };
            latest = Some((host, node));
            let place = self.place(&signal, (host, global[signal.thread.index()]), node, chunk);
            localise(&mut signal.kind, &global, names);
            let is_sure = self.hold.is_none() && self.doubt.is_none();
            match signal.kind {
                // nearly every signal of nearly every log: it goes straight on
                Kind::User(user, quoting) if is_sure => match self.doubts(&place, quoting) {
                    None => self.event(user, quoting, &place, out),
                    Some(doubt) => self.put_off(Placed { place, kind: Kind::User(user, quoting) }, doubt),
                },
                Kind::Companion(companion) if is_sure => self.explains(companion, &place),
                kind => self.take(Placed { place, kind }, out),
            }
        }
        self.lines += batch.lines;
        let last = self.clock.instant(batch.last, batch.days.map_or(0, |d| d.2), envelope(last));
        self.clock.end(batch.days);
        if let Some(last) = last {
            self.high = Some(self.high.map_or(last, |h| h.max(last)));
        }
        signals
    }

    /// Takes note that lines of the stream are missing behind what was joined, or behind a time before: what threads said before is not of what they say next.
    pub fn gap(&mut self, from: Option<i64>, out: &mut Vec<Joined>) {
        self.gap = self.gap.or(from).or(self.high);
        (self.begin, self.from_start) = (None, false);
        self.release_all(out);
        self.threads = Threads::default();
    }

    /// Says that lines are missing between two times.
    #[cold]
    fn missing(&mut self, from_ms: i64, to: i64, chunk: &mut Chunk<'_>, out: &mut Vec<Joined>) {
        let at = At::new(chunk.source, chunk.line + 1, 0);
        let place = Place { time: Some(to), is_dated: false, at, line: self.lines, thread: (None, Sym::OTHER), node: (chunk.node)(None), stored: false };
        self.push(&place, What::Life(Life::Gap { from_ms }), out);
    }

    /// Ends the stream: what was held is let go.
    pub fn finish(&mut self, out: &mut Vec<Joined>) {
        self.release_all(out);
        if let Some((signal, _)) = self.doubt.take() {
            self.believe(signal, out);
        }
        self.outbox.finish(out);
    }

    /// Returns the line of the stream that an unfinished line holds up, where one does.
    #[must_use]
    pub fn holding(&self) -> Option<u64> {
        self.hold.as_ref().map(Hold::began)
    }

    /// Lets go what an unfinished line holds up: its rest would have come by now.
    pub fn let_go(&mut self, out: &mut Vec<Joined>) {
        self.release(out);
    }

    /// Returns what waits for access lines.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Returns the first and the largest time of the stream.
    #[must_use]
    pub fn span(&self) -> Option<(i64, i64)> {
        self.first.zip(self.high)
    }

    /// Returns a signal's place.
    #[inline]
    fn place(&mut self, signal: &Signal, thread: Thread, node: u32, chunk: &Chunk<'_>) -> Place {
        let line = u64::from(signal.line);
        let mark = chunk.marks.and_then(|m| m.get(line));
        let mut time = self.clock.instant(signal.at, signal.day, mark.and_then(|m| m.time));
        let mut is_dated = matches!(signal.at, Stamp::Zoned(_) | Stamp::Local(_));
        if let Some(printed) = time
            && !signal.stored
            && matches!(signal.kind, Kind::User(..) | Kind::Companion(_))
            && self.seconds.are_coarse(printed)
        {
            time = Some(self.seconds.ordered(printed, matches!(signal.kind, Kind::User(..))));
            is_dated = false;
        }
        Place {
            time,
            is_dated,
            at: At::new(
                chunk.source,
                mark.map_or(chunk.line + line + 1, |m| m.line),
                mark.map_or(0, |_| u32::try_from((self.lines + line) % u64::from(u32::MAX)).unwrap_or_default()),
            ),
            line: self.lines + line,
            thread,
            node,
            stored: signal.stored,
        }
    }

    /// Takes in one signal; holds it while an earlier line may still turn it into a client's words.
    fn take(&mut self, signal: Placed, out: &mut Vec<Joined>) {
        let Placed { place, kind } = signal;
        while self.hold.as_ref().is_some_and(|h| h.is_over(place.line)) {
            self.release(out);
        }
        match (kind, self.hold.take()) {
            (Kind::Tail(end, inner), Some(mut hold)) if hold.is_event() => {
                hold.queue.push(Placed { place, kind: inner.map_or(Kind::Companion(Companion::AuthTried(Authenticator::Other)), |k| *k) });
                let opened = self.condemn(hold, "stands inside the client id of the event above it");
                if let Some((failure, opened)) = opened {
                    let failure = forged::merged(failure, *end);
                    self.user(User::Failure(Box::new(failure)), &opened, out);
                }
            }
            (Kind::CarrierEnd(inner), Some(mut hold)) if !hold.is_event() => {
                hold.queue.push(Placed { place, kind: inner.map_or(Kind::Companion(Companion::AuthTried(Authenticator::Other)), |k| *k) });
                if let Held::Warning(_, thread, at) = hold.held {
                    // a code with a line feed in it is none
                    self.companion(Companion::CodeFormat, thread, at, place.time);
                }
                self.condemn(hold, "stands inside a client's words in the warning above it (keycloak/keycloak#52103)");
            }
            (kind, Some(mut hold)) => {
                hold.queue.push(Placed { place, kind });
                self.hold = Some(hold);
            }
            // a quoted list never ends like this: the warning that it stands in began before the first line
            (Kind::CarrierEnd(Some(inner)), None) if matches!(*inner, Kind::User(_, Some(Quoting::Quoted(_)))) => {
                self.suspect(&Placed { place, kind: *inner }, "ends as a warning does that prints a client's words");
            }
            (Kind::Open(failure), None) => self.hold = Some(Hold::event(failure, place)),
            (Kind::Carrier { open: true }, None) => self.hold = Some(Hold::warning(place.line, place.thread, place.at)),
            (kind, None) => self.pass(Placed { place, kind }, out),
        }
    }

    /// Lets go all that is held; what one line held up may hold up others.
    fn release_all(&mut self, out: &mut Vec<Joined>) {
        while self.hold.is_some() {
            self.release(out);
        }
    }

    /// Lets go what was held: nothing closed it.
    fn release(&mut self, out: &mut Vec<Joined>) {
        let Some(hold) = self.hold.take() else { return };
        match hold.held {
            // a line that was cut: the event is known, its address is not
            Held::Event(failure, place) if forged::is_token_request(&failure) => self.user(User::Failure(failure), &place, out),
            Held::Event(..) => {}
            // a warning that was cut, or written anew: what it says is not known
            Held::Warning(_, thread, at) => self.companion(Companion::Unread, thread, at, None),
        }
        for signal in hold.queue {
            self.take(signal, out);
        }
    }

    /// Lists what was held as a client's words; returns the event that was opened.
    fn condemn(&mut self, hold: Hold, why: &str) -> Option<(Failure, Place)> {
        for signal in hold.queue {
            self.suspect(&signal, why);
        }
        match hold.held {
            Held::Event(failure, place) => forged::is_token_request(&failure).then_some((*failure, place)),
            Held::Warning(..) => None,
        }
    }

    fn suspect(&mut self, signal: &Placed, why: &str) {
        let Kind::User(user, _) = &signal.kind else { return };
        let (event, ip) = match user {
            User::Failure(f) => (f.event.to_string(), f.ip.as_deref().map(String::from)),
            User::Success(_) => ("a success event".to_owned(), None),
            User::Elsewhere => ("an error event".to_owned(), None),
        };
        if self.suspects.len() < SUSPECTS {
            let Place { time, at, .. } = signal.place;
            self.suspects.push(Suspect { time, at, event, ip, why: why.to_owned() });
        } else {
            self.suspects_dropped += 1;
        }
    }

    /// Takes in a signal that no open line holds.
    fn pass(&mut self, signal: Placed, out: &mut Vec<Joined>) {
        if let Some((doubtful, why)) = self.doubt.take() {
            let returned = signal.place.time.zip(self.believed).is_some_and(|(t, b)| b - t <= WENT_BACK_MS);
            if returned {
                self.suspect(&doubtful, &why);
            } else {
                self.believe(doubtful, out);
            }
        }
        if let Kind::User(_, quoting) = signal.kind
            && let Some(doubt) = self.doubts(&signal.place, quoting)
        {
            return self.put_off(signal, doubt);
        }
        self.believe(signal, out);
    }

    /// Counts an event's quoting, and says whether anything speaks against its being the server's own.
    #[inline]
    fn doubts(&mut self, place: &Place, quoting: Option<Quoting>) -> Option<Doubt> {
        let foreign = self.style.is_foreign(quoting?);
        if foreign == Foreign::Surely {
            return Some(Doubt::Surely);
        }
        let is_back = place.time.zip(self.believed).is_some_and(|(t, b)| b - t > WENT_BACK_MS);
        if !is_back {
            return None;
        }
        match foreign {
            Foreign::Perhaps => Some(Doubt::Perhaps(FOREIGN)),
            _ if self.carrier.is_some_and(|line| place.line == line + 1) => Some(Doubt::Perhaps("follows a client's own words and its time goes back")),
            _ => None,
        }
    }

    /// Takes in an event that may not be the server's own.
    #[cold]
    fn put_off(&mut self, signal: Placed, doubt: Doubt) {
        match doubt {
            Doubt::Surely => self.suspect(&signal, FOREIGN),
            Doubt::Perhaps(why) => self.doubt = Some((signal, why.into())),
        }
    }

    /// Takes in a signal that is the server's own.
    fn believe(&mut self, signal: Placed, out: &mut Vec<Joined>) {
        let Placed { place, kind } = signal;
        if let Kind::User(user, quoting) = kind {
            return self.event(user, quoting, &place, out);
        }
        self.believed = place.time.or(self.believed);
        match kind {
            Kind::Tail(_, Some(inner)) | Kind::CarrierEnd(Some(inner)) => self.pass(Placed { place, kind: *inner }, out),
            Kind::Carrier { .. } => self.carrier = Some(place.line),
            Kind::Companion(companion) => self.explains(companion, &place),
            Kind::Admin(admin) => self.other(&place, What::Admin(admin), out),
            Kind::Life(life) => {
                if matches!(life, Life::Started { .. }) {
                    self.style = Style::default();
                    self.from_start = true;
                }
                self.other(&place, What::Life(life), out);
            }
            Kind::Access(access) => self.access(*access, &place, out),
            Kind::Proxied(access) => self.proxied(access, &place, out),
            Kind::Login(login) => self.other(&place, What::Login(login), out),
            Kind::Tail(_, None) | Kind::CarrierEnd(None) | Kind::Open(_) | Kind::User(..) => {}
        }
    }

    /// Takes in an event that is the server's own.
    #[inline]
    fn event(&mut self, user: User, quoting: Option<Quoting>, place: &Place, out: &mut Vec<Joined>) {
        self.believed = place.time.or(self.believed);
        // an old server's event can end with a client's words
        self.carrier = matches!(quoting, Some(Quoting::Bare)).then_some(place.line);
        self.user(user, place, out);
    }

    /// Takes in a companion that is the server's own.
    fn explains(&mut self, companion: Companion, place: &Place) {
        self.believed = place.time.or(self.believed);
        self.companion(companion, place.thread, place.at, place.time);
    }

    /// Keeps a companion for the thread's next user event.
    fn companion(&mut self, companion: Companion, thread: Thread, at: At, time: Option<i64>) {
        if let Companion::CodeGone { code, session, client, usual } = companion
            && self.outbox.explain(thread, GoneCode { code, session, client, unusual: !usual, at }, time)
        {
            return self.lapses.paired(client);
        }
        let pending = self.threads.of(thread);
        if matches!(companion, Companion::AuthTried(_)) && pending.closed {
            *pending = Pending { known: pending.known, others: std::mem::take(&mut pending.others), permission: pending.permission, ..Pending::default() };
        }
        self.lapses.spoke(pending.speaks(time));
        let with = pending.with.get_or_insert_default();
        let before = std::mem::replace(&mut pending.since, time);
        if !matches!(companion, Companion::CodeGone { .. } | Companion::AuthTried(_) | Companion::Auth(..) | Companion::Authenticated(_)) {
            pending.warned = time;
            self.outbox.doubt(thread, time);
        }
        match companion {
            Companion::CodeGone { code, session, client, usual } => {
                let gone = GoneCode { code, session, client, unusual: !usual, at };
                // of another session, or two servers with threads of the same names said it of two requests
                if let Some(other) = with.gone.replace(gone) {
                    // a line that something wrote twice, or two requests with one code
                    let is_again = before == time && (other.code, other.session) == (code, session);
                    put_aside(&mut pending.others, Aside { gone: other, is_again }, &mut self.lapses);
                    self.has_others = true;
                }
            }
            Companion::Unread => with.lost = Some(Loss::Lines),
            Companion::CodeFormat => with.format = Some(at),
            Companion::CodeUuid => with.uuid = Some(at),
            Companion::CodeBound(code) => with.bound = Some((code, at)),
            Companion::CodeForeign(usual) => with.foreign = Some((usual, at)),
            Companion::TooLong(parameter) => with.too_long = Some((parameter, at)),
            Companion::Pkce(kind) => with.pkce = Some((kind, at)),
            Companion::Assertion(kind) => with.assertion = Some((kind, at)),
            Companion::MalformedHeader => with.header = Some(at),
            Companion::AuthTried(name) => {
                with.auth_tried = true;
                with.secret_tried |= name == Authenticator::Secret;
            }
            Companion::Auth(verb, name) => {
                with.auth = Some((verb, name, at));
                pending.closed = true;
            }
            Companion::Authenticated(name) => {
                with.auth = Some((Verb::Success, name, at));
                pending.closed = true;
            }
        }
    }

    /// A user event: takes its thread's companions and goes on.
    fn user(&mut self, user: User, place: &Place, out: &mut Vec<Joined>) {
        if self.is_told_again(&user, place) {
            return;
        }
        let (mut with, lost) = self.companions(&user, place, out);
        let what = match user {
            User::Elsewhere => {
                self.aside(with, place);
                return;
            }
            User::Success(success) => What::Success(success, self.aside(with, place).and_then(|w| w.auth).filter(|a| a.0 == Verb::Success).map(|a| a.1)),
            User::Failure(mut failure) => {
                self.match_session(&failure, &mut with, place);
                if with.as_ref().is_none_or(|with| with.gone.is_none()) && rests_on_user(&failure) {
                    failure.trust = Trust::Ambiguous;
                }
                let ordinal = self.ordinals.next(failure.digest, place.time.filter(|_| place.is_dated));
                // of a line that a handler wrote twice the companions went to the first
                let lost = lost.or((ordinal > 0).then_some(Loss::Beginning));
                let lost = lost.or_else(|| {
                    (self.lapses.has_lost_lines() || failure.cut || failure.session.as_ref().is_some_and(|s| is_mask(s.bytes()))).then_some(Loss::Lines)
                });
                if lost.is_some() {
                    with.get_or_insert_default().lost = lost;
                }
                What::Failed(Failed { failure, with: with.into(), ordinal, session: None, answers: Vec::new(), browser: None })
            }
        };
        self.emit(place, what, out);
    }

    /// Whether an event is the second one of a request for permissions, which tells of it once for itself and once for the client's own login in it.
    #[inline]
    fn is_told_again(&mut self, user: &User, place: &Place) -> bool {
        let User::Failure(failure) = user else { return false };
        if &*failure.event != PERMISSION || failure.token.is_none() {
            return false;
        }
        std::mem::replace(&mut self.threads.of(place.thread).permission, failure.token) == failure.token
    }

    /// Puts aside the code that companions tell of: the event that took them is none of a code that was gone.
    #[inline]
    fn aside(&mut self, mut with: Option<Box<Companions>>, place: &Place) -> Option<Box<Companions>> {
        if with.as_ref().is_some_and(|with| with.gone.is_some()) {
            self.swap(None, &mut with, place);
        }
        with
    }

    /// Sees to it that a code that is gone is one of the failure's own session.
    #[inline]
    fn match_session(&mut self, failure: &Failure, with: &mut Option<Box<Companions>>, place: &Place) {
        let named = with.as_ref().and_then(|with| with.gone).map(|gone| gone.session);
        if named.is_some() || self.has_others {
            let session = failure.session.as_ref().map(|s| Key::of_kept(s.bytes()));
            // a list that was cut may have named that one
            if named.is_none() || (named != session && !failure.cut) {
                self.swap(session, with, place);
            }
            if let Some(gone) = with.as_ref().and_then(|with| with.gone) {
                self.lapses.paired(gone.client);
            }
        }
    }

    /// Puts the code of another session aside, and takes that of this one where it was put aside.
    #[cold]
    fn swap(&mut self, session: Option<Key>, with: &mut Option<Box<Companions>>, place: &Place) {
        let others = &mut self.threads.of(place.thread).others;
        forget(others, place.at, &mut self.lapses);
        if let Some(with) = with.as_mut()
            && let Some(other) = with.gone.take()
        {
            put_aside(others, Aside { gone: other, is_again: false }, &mut self.lapses);
            self.has_others = true;
            // another request's of a thread of the same name, or this one's, and one of the two names was written anew
            with.lost = with.lost.or(Some(Loss::Lines));
        }
        if let Some(own) = others.iter().position(|other| Some(other.gone.session) == session) {
            let with = with.get_or_insert_default();
            // of two warnings that stood there nothing tells which one is this event's
            with.lost = with.lost.or(Some(Loss::Lines));
            with.gone = Some(others.remove(own).gone);
        }
    }

    /// Takes a thread's companions: they belong to the event at hand. Says as well whether some may be missing: there are none of a stored event, and before the
    /// first line there may have been some where that is soon. An access line may follow that says what this event was answered; one that was waited for does
    /// not come any more.
    #[inline]
    fn companions(&mut self, user: &User, place: &Place, out: &mut Vec<Joined>) -> (Option<Box<Companions>>, Option<Loss>) {
        if place.stored {
            return (None, Some(Loss::Beginning));
        }
        let pending = self.threads.of(place.thread);
        let is_known = std::mem::replace(&mut pending.known, true);
        pending.closed = false;
        pending.unanswered = match user {
            User::Failure(f) => Some(Unanswered::new(place.time, f.ip.clone())),
            User::Success(_) | User::Elsewhere => None,
        };
        self.lapses.spoke(pending.speaks(place.time));
        let with = pending.with.take();
        let is_stale = with.is_some() && place.time.zip(pending.since).is_some_and(|(time, since)| time - since > STALE_MS);
        if let Some(gone) = with.as_ref().and_then(|with| with.gone).filter(|_| is_stale) {
            self.lapses.alone(gone.client);
        }
        let with = with.filter(|_| !is_stale);
        // what is printed before an event is no younger than that
        let is_far = |warned: i64| place.time.is_some_and(|time| !(0..=NEAR_MS).contains(&(time - warned)));
        let with = match pending.warned.take().filter(|warned| is_far(*warned)) {
            Some(_) => with.as_deref().map(of_request_before),
            None => with,
        };
        self.outbox.close(place.thread, None, out);
        // which thread it was is not known where there are too many names
        let is_first = (!is_known && self.is_soon(place)) || place.thread.1 == Sym::OTHER;
        let is_lost = is_stale || self.is_nameless(place);
        (with, is_first.then_some(Loss::Beginning).or(is_lost.then_some(Loss::Lines)))
    }

    /// Whether a line does not say which thread printed it: what stands before an event can be another request's.
    fn is_nameless(&self, place: &Place) -> bool {
        self.nameless == Some(place.thread.1)
    }

    /// Whether companions of a thread's first event may stand before the first line.
    fn is_soon(&self, place: &Place) -> bool {
        !self.from_start && place.time.zip(self.begin).is_none_or(|(t, first)| t - first <= LOST_MS)
    }

    /// Hands on what is no user event.
    fn other(&mut self, place: &Place, what: What, out: &mut Vec<Joined>) {
        self.emit(place, what, out);
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // one call for each event, from `user`; the rest goes through `other`
    fn emit(&mut self, place: &Place, what: What, out: &mut Vec<Joined>) {
        if place.stored {
            // the first event of a page is not its oldest
            self.first = self.first.min(place.time).or(self.first);
        }
        if let Some(t) = place.time {
            // a page of stored events begins anew, and they are put in order later
            if !place.stored && self.high.is_some_and(|h| h - t > WENT_BACK_MS) {
                self.went_back += 1;
            }
            self.high = Some(self.high.map_or(t, |h| h.max(t)));
        }
        // an access line says when a request began or ended
        let own = !place.stored && !matches!(what, What::Proxied(..) | What::Login(_) | What::Granted(..));
        let setback = place.time.filter(|_| own).and_then(|t| self.setback.note(t, place.at));
        self.push(place, what, out);
        if let Some((time, at, by_ms)) = setback {
            self.set_back(&Place { time: Some(time), at, ..*place }, by_ms, out);
        }
    }

    #[cold]
    fn set_back(&mut self, place: &Place, by_ms: i64, out: &mut Vec<Joined>) {
        self.push(place, What::Life(Life::ClockSetBack { by_ms }), out);
    }

    #[inline]
    fn push(&mut self, place: &Place, what: What, out: &mut Vec<Joined>) {
        let Place { time, at, node, stored, thread, .. } = *place;
        let clock = self.high.unwrap_or(i64::MIN);
        self.outbox.push(Joined { time, clock, node, position: self.position, at, stored, what }, thread, out);
        self.position += 1;
    }
}

/// Replaces a chunk's names by the run's.
#[inline]
fn localise(kind: &mut Kind, global: &[Sym], names: &mut Names) {
    match kind {
        Kind::User(User::Success(s), _) => {
            s.realm = s.realm.map(|r| global[r.index()]);
            s.client = s.client.map(|c| global[c.index()]);
        }
        Kind::User(User::Failure(f), _) | Kind::Open(f) => {
            for name in [&mut f.realm, &mut f.realm_id, &mut f.client] {
                *name = name.map(|n| global[n.index()]);
            }
        }
        Kind::Tail(_, Some(inner)) | Kind::CarrierEnd(Some(inner)) => localise(inner, global, names),
        Kind::Access(access) | Kind::Proxied(access) => access.realm_number = access.realm.as_deref().map(|realm| names.number(realm.as_bytes())),
        Kind::Login(login) => login.client_number = Some(names.number(login.client.as_bytes())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_whose_events_never_come_do_not_pile_up() {
        let (mut others, mut lapses) = (Vec::new(), Lapses::default());
        for line in 1..1000 {
            let key = Key::from(line);
            let gone = GoneCode { code: key, session: key, client: key, unusual: false, at: At::new(0, line, 0) };
            put_aside(&mut others, Aside { gone, is_again: false }, &mut lapses);
            assert!(others.len() <= OTHERS);
        }
        let places: Vec<At> = others.iter().map(|other| other.gone.at).collect();
        assert!(places.iter().map(|at| at.line.get()).eq(996..1000));
        assert!(places.iter().all(|at| is_near(*at, At::new(0, 1010, 0)) && !is_near(*at, At::new(0, 1100, 0)) && !is_near(*at, At::new(1, 1010, 0))));
    }
}
