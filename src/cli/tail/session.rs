//! A live run with its files: what is followed, what was made of it, and what of both is saved.

use std::io;
use std::time::{Duration, Instant};

use chrono::Utc;
use kctriage::alert::Rule;
use kctriage::pipeline::live::{Live, Piece};
use kctriage::source::follow::{Arrival, Event, Follower, What};
use kctriage::tally::Outcome;
use kctriage::tally::live::{Gauges, Notice, Update};

use super::super::alert::Watch;
use super::super::{Error, Exit, settings};
use super::keep::{Counters, Keep, Kept};

/// Something may wait for its time so long after lines came.
const WAITING: Duration = Duration::from_secs(6);

/// A run that goes on.
pub struct Session {
    settings: settings::Tail,
    live: Live,
    follower: Follower,
    keep: Keep,
    counters: Counters,
    /// When lines came last.
    came: Option<Instant>,
    /// The clock never goes back, whatever the system's does.
    clock: (i64, Instant),
    refused: bool,
    /// What is told with the next updates.
    notices: Vec<Update>,
    alerts: Vec<u8>,
}

/// A run that ended.
pub struct Ended {
    pub now: i64,
    pub settings: settings::Tail,
    pub outcome: io::Result<Outcome>,
    /// Lines are missing.
    pub lost: bool,
    pub exit: Exit,
}

impl Session {
    /// Begins, where the state says if there is one.
    pub fn begin(mut settings: settings::Tail) -> Result<Self, Error> {
        let Kept { keep, live, positions, counters, alerts, start } = Keep::open(&settings)?;
        settings.follow.start = start;
        let follower = Follower::new(settings.targets.clone(), settings.follow.clone(), &positions);
        let mut keep = keep;
        keep.positions = positions;
        let clock = (Utc::now().timestamp_millis(), Instant::now());
        Ok(Session { settings, live, follower, keep, counters, came: None, clock, refused: false, notices: Vec::new(), alerts })
    }

    /// Returns what the alerts of the run before saved; asked once.
    pub fn alerts(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.alerts)
    }

    /// Returns what was asked for.
    pub fn settings(&self) -> &settings::Tail {
        &self.settings
    }

    /// Whether another run can go on from here.
    pub fn is_kept(&self) -> bool {
        self.keep.is_kept()
    }

    /// Returns the time, milliseconds since the epoch.
    pub fn now(&self) -> i64 {
        self.clock.0 + i64::try_from(self.clock.1.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Whether something waits for its time.
    pub fn is_waiting(&self) -> bool {
        self.came.is_some_and(|at| at.elapsed() < WAITING)
    }

    /// Whether nothing can come any more.
    pub fn is_ended(&self) -> bool {
        self.follower.is_ended()
    }

    /// Waits for what comes, takes it in, and returns what there is to tell.
    pub fn step(&mut self, timeout: Duration) -> Vec<Update> {
        let events = self.follower.poll(timeout);
        // at least as often as a listener wants to be called
        self.take(events)
    }

    /// Takes in what the follower told.
    fn take(&mut self, events: Vec<Event>) -> Vec<Update> {
        let (mut updates, mut pieces) = (std::mem::take(&mut self.notices), Vec::new());
        for event in events {
            self.keep.take(&event);
            match event {
                Event::Lines(arrival) => pieces.push(piece(arrival)),
                Event::Word(word) => {
                    self.note(&word.what);
                    if is_told(&word.what) {
                        updates.push(Update::Notice(Notice { source: word.source, what: word.what.to_string(), lost_bytes: word.what.lost() }));
                    }
                }
            }
        }
        let now = self.now();
        if !pieces.is_empty() {
            self.came = Some(Instant::now());
            for buffer in self.live.feed(pieces, now) {
                self.follower.recycle(buffer);
            }
        }
        let behind = self.follower.behind() > self.settings.follow.budget_bytes as u64;
        updates.extend(self.live.advance(self.now(), behind));
        updates
    }

    fn note(&mut self, what: &What) {
        self.counters.lost_bytes += what.lost().unwrap_or_default();
        self.counters.lost |= what.is_loss();
        match what {
            What::Rotated => self.counters.rotations += 1,
            What::Truncated { .. } => self.counters.truncations += 1,
            What::Refused(_) | What::Unreadable(_) => self.refused = true,
            What::Back => self.refused = false,
            _ => {}
        }
    }

    /// Returns how the run fares.
    pub fn gauges(&self) -> Gauges {
        Gauges {
            lost_bytes: self.counters.lost_bytes,
            rotations: self.counters.rotations,
            truncations: self.counters.truncations,
            files: self.follower.files() as u64,
            behind_bytes: self.follower.behind(),
            state_age_ms: self.keep.age_ms(),
            state_failures: self.counters.state_failures,
            polling: self.follower.is_polling(),
            ..self.live.gauges(self.now())
        }
    }

    /// Opens the files anew and reads the rules again; returns those of the alerts. Rules that are wrong change nothing.
    pub fn again(&mut self) -> Option<Vec<Rule>> {
        self.follower.reopen();
        let read = settings::rules(&self.settings.rules).and_then(|rules| Ok((rules, self.settings.alerts.rules(&self.settings.rules)?)));
        match read {
            Ok((rules, alerts)) => {
                self.live.reload(rules);
                Some(alerts)
            }
            Err(error) => {
                self.notice("rules", format!("they stay as they were: {error}"));
                None
            }
        }
    }

    /// Tells something with the next updates; while the view is up nothing else may be written to the terminal.
    fn notice(&mut self, source: &str, what: String) {
        self.notices.push(Update::Notice(Notice { source: source.into(), what, lost_bytes: None }));
    }

    /// Saves, if it is time to; `watch` is saved with it.
    pub fn save_in_time(&mut self, watch: &mut Watch) {
        if watch.is_changed() {
            self.keep.touch();
        }
        if self.keep.is_due()
            && let Some(what) = self.keep.save(&self.live, &mut self.counters, watch.save())
        {
            self.notice("state", what);
        }
    }

    /// Takes in what was written up to now, and tells what is held.
    pub fn last(&mut self) -> Vec<Update> {
        let events = self.follower.finish();
        let mut updates = self.take(events);
        let now = self.now();
        updates.extend(self.live.settle(now));
        updates
    }

    /// Ends: saves, and tells what nobody would tell else.
    pub fn end(mut self, watch: &Watch) -> (Vec<Update>, Ended) {
        let now = self.now();
        let mut updates = std::mem::take(&mut self.notices);
        if let Some(what) = self.keep.save(&self.live, &mut self.counters, watch.save()) {
            updates.push(Update::Notice(Notice { source: "state".into(), what, lost_bytes: None }));
        }
        let (last, outcome) = match self.live.finish(now) {
            Ok((last, outcome)) => (last, Ok(outcome)),
            Err(error) => (Vec::new(), Err(error)),
        };
        if !self.keep.is_kept() {
            // with a state these are told by the run that goes on
            updates.extend(last);
        }
        let exit = if self.refused { Exit::Input } else { Exit::Done };
        (updates, Ended { now, settings: self.settings, outcome, lost: self.counters.lost, exit })
    }
}

fn piece(arrival: Arrival) -> Piece {
    let Arrival { node, source, line, bytes, dropped, breaks, .. } = arrival;
    Piece { node, source, line, bytes, dropped, breaks }
}

/// Whether a person should hear of it: a rotation is what files do. A truncation is told even where nothing that was seen is lost: what was written in the
/// moment before it is seen by nobody.
fn is_told(what: &What) -> bool {
    !matches!(what, What::Appeared | What::Rotated | What::Finished)
}
