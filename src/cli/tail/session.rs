//! A live run with its files: what is followed, what was made of it, and what of both is saved.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use kctriage::alert::Rule;
use kctriage::pipeline::live::{Live, Piece};
use kctriage::report::prometheus::Reading;
use kctriage::report::why;
use kctriage::source::follow::{Arrival, Event, Follower, Start, Target, What};
use kctriage::tally::Outcome;
use kctriage::tally::live::{Alerting, Gauges, Notice, Update};
use kctriage::triage::verdict::Lack;

use super::super::alert::Watch;
use super::super::{Error, Exit, settings};
use super::keep::{Counters, Keep, Kept};
use super::shown::Shown;

/// Something may wait for its time so long after lines came.
const WAITING: Duration = Duration::from_secs(6);

/// Counters are those of the last save unless there was none for so long: a disk that is full must not hide what happens meanwhile.
const BLIND: Duration = Duration::from_secs(60);

/// Files that are named at the beginning.
const NAMED: usize = 3;

/// So many failures that lack the same are worth a hint.
const HINTED: u64 = 3;

/// So many lines of something else tell that it is no log of Keycloak: its start and a long stack trace have fewer.
const FOREIGN: u64 = 200;

/// A run that goes on.
pub struct Session {
    settings: settings::Tail,
    live: Live,
    follower: Follower,
    keep: Keep,
    /// A state said where to begin.
    resumed: bool,
    counters: Counters,
    shown: Shown,
    /// When lines came last.
    came: Option<Instant>,
    /// The clock never goes back, whatever the system's does.
    clock: (i64, Instant),
    refused: bool,
    /// What was said that the log lacks.
    hinted: BTreeSet<Lack>,
    /// It was said that nothing of Keycloak came.
    foreign: bool,
    /// What is told with the next updates.
    notices: Vec<Update>,
    alerts: Vec<u8>,
}

/// A run that ended.
pub struct Ended {
    pub now: i64,
    /// What monitoring systems see last.
    pub reading: Reading,
    pub settings: settings::Tail,
    pub outcome: io::Result<Outcome>,
    /// Lines are missing.
    pub lost: bool,
    pub exit: Exit,
}

impl Session {
    /// Begins, where the state says if there is one.
    pub fn begin(mut settings: settings::Tail) -> Result<Self, Error> {
        let Kept { keep, live, positions, counters, verdicts, alerts, start } = Keep::open(&settings)?;
        settings.follow.start = start;
        let follower = Follower::new(settings.targets.clone(), settings.follow.clone(), &positions);
        let resumed = !positions.is_empty();
        let mut keep = keep;
        keep.positions = positions;
        let clock = (Utc::now().timestamp_millis(), Instant::now());
        let gauges = gauges(&live, &follower, &keep, &counters);
        let shown = Shown::begin(verdicts, &gauges, clock.0, settings.metrics.most_clients);
        Ok(Session {
            settings,
            live,
            follower,
            keep,
            resumed,
            counters,
            shown,
            came: None,
            clock,
            refused: false,
            hinted: BTreeSet::new(),
            foreign: false,
            notices: Vec::new(),
            alerts,
        })
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
        let (mut notices, mut pieces) = (std::mem::take(&mut self.notices), Vec::new());
        for event in events {
            self.keep.take(&event);
            match event {
                Event::Lines(arrival) => pieces.push(piece(arrival)),
                Event::Word(word) => {
                    self.note(&word.what);
                    if is_told(&word.what) {
                        notices.push(Update::Notice(Notice { source: word.source, what: word.what.to_string(), lost_bytes: word.what.lost() }));
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
        let mut updates = self.live.advance(self.now(), self.is_behind());
        // what is said of a file comes behind what its lines tell
        updates.extend(notices);
        self.hint(&mut updates);
        self.count(&updates);
        updates
    }

    /// Whether there is more to be read at once.
    fn is_behind(&self) -> bool {
        self.follower.behind() > self.settings.follow.budget_bytes as u64
    }

    /// Counts what is told. A verdict can come when no line does: it is to be saved all the same.
    fn count(&mut self, updates: &[Update]) {
        if !updates.is_empty() {
            self.keep.touch();
        }
        self.shown.count(updates, self.now());
    }

    /// Says once what keeps this log from telling more.
    fn hint(&mut self, updates: &mut Vec<Update>) {
        let mut say = |source: &str, what: String| updates.push(Update::Notice(Notice { source: source.into(), what, lost_bytes: None }));
        for (lack, _) in self.live.lacks().iter().filter(|(_, n)| **n >= HINTED) {
            if let Some(what) = why::hint(*lack).filter(|_| self.hinted.insert(*lack)) {
                say("hint", what.to_owned());
            }
        }
        let gauges = self.live.gauges();
        if !self.foreign && gauges.records == 0 && gauges.unparsed_lines >= FOREIGN {
            self.foreign = true;
            say("hint", format!("{} lines, and none of a Keycloak log among them: is this the right file?", gauges.unparsed_lines));
        }
    }

    /// Says what is followed, and from where.
    pub fn introduce(&self) -> String {
        let named: Vec<&str> = self.follower.paths().map(|(name, _)| name).collect();
        let what = match (self.settings.targets.as_slice(), named.as_slice()) {
            ([Target::Stdin], _) => "standard input".to_owned(),
            ([Target::Command(words)], _) => words.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" "),
            (_, []) => return "no file matches yet; those that come are followed from their beginning".to_owned(),
            (_, few) if few.len() <= NAMED => few.join(", "),
            (_, many) => format!("{} and {} more files", many[..NAMED].join(", "), many.len() - NAMED),
        };
        let begin = match self.settings.follow.start {
            _ if self.settings.targets.iter().all(|t| !matches!(t, Target::Path(_))) => "",
            _ if self.resumed => ", from where the state says",
            Start::Beginning => ", from the beginning",
            Start::End => ", from now on (--start beginning reads what is there, too)",
            Start::Lines(_) => ", from some lines before the end",
        };
        format!("following {what}{begin}")
    }

    /// Returns the paths that were met, each with the name that findings have for it.
    pub fn paths(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.follower.paths()
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
        gauges(&self.live, &self.follower, &self.keep, &self.counters)
    }

    /// Returns what monitoring systems may see.
    pub fn reading(&mut self, alerts: Alerting) -> Reading {
        let gauges = Gauges { alerts, ..self.gauges() };
        let is_saved = self.keep.is_kept() && self.keep.failing().is_none_or(|long| long < BLIND);
        if !is_saved {
            self.shown.settle(&gauges);
        }
        self.shown.reading(self.now(), gauges, self.keep.unsaved_ms())
    }

    /// Says why nobody should rely on what is shown yet.
    pub fn unready(&self) -> Option<&'static str> {
        if self.keep.failing().is_some() {
            Some("the state cannot be written")
        } else if self.is_behind() {
            Some("the log is not read up to its end yet")
        } else {
            None
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
    pub fn notice(&mut self, source: &str, what: String) {
        self.notices.push(Update::Notice(Notice { source: source.into(), what, lost_bytes: None }));
    }

    /// Saves, if it is time to; `watch` is saved with it.
    pub fn save_in_time(&mut self, watch: &mut Watch) {
        if watch.is_changed() {
            self.keep.touch();
        }
        if self.keep.is_due() {
            self.save(watch.save());
        }
    }

    fn save(&mut self, alerts: Vec<u8>) {
        let gauges = self.gauges();
        if let Some(what) = self.keep.save(&self.live, &mut self.counters, alerts, self.shown.verdicts()) {
            self.notice("state", what);
        }
        if self.keep.is_kept() && self.keep.failing().is_none() {
            self.shown.settle(&gauges);
        }
    }

    /// Takes in what was written up to now, and tells what is held.
    pub fn last(&mut self) -> Vec<Update> {
        let events = self.follower.finish();
        let mut updates = self.take(events);
        let now = self.now();
        let settled = self.live.settle(now);
        self.count(&settled);
        updates.extend(settled);
        if !self.is_kept() {
            // with a state the run that goes on reads it
            let unfinished: Vec<_> = self.follower.unfinished().cloned().collect();
            for source in unfinished {
                self.notice(&source, "ends within a line, which was not read; a scan reads it as it stands".to_owned());
            }
        }
        updates
    }

    /// Ends: saves, and tells what nobody would tell else.
    pub fn end(mut self, watch: &Watch) -> (Vec<Update>, Ended) {
        let now = self.now();
        self.save(watch.save());
        let mut updates = std::mem::take(&mut self.notices);
        let gauges = self.gauges();
        let (last, outcome) = match self.live.finish(now) {
            Ok((last, outcome)) => (last, Ok(outcome)),
            Err(error) => (Vec::new(), Err(error)),
        };
        if !self.keep.is_kept() {
            // with a state these are told by the run that goes on
            self.shown.count(&last, now);
            self.shown.settle(&gauges);
            updates.extend(last);
        }
        let reading = self.shown.reading(now, gauges, self.keep.unsaved_ms());
        let exit = if self.refused || self.keep.failing().is_some() { Exit::Input } else { Exit::Done };
        (updates, Ended { now, reading, settings: self.settings, outcome, lost: self.counters.lost, exit })
    }
}

fn gauges(live: &Live, follower: &Follower, keep: &Keep, counters: &Counters) -> Gauges {
    Gauges {
        lost_bytes: counters.lost_bytes,
        rotations: counters.rotations,
        truncations: counters.truncations,
        files: follower.files() as u64,
        behind_bytes: follower.behind(),
        state_age_ms: keep.age_ms(),
        state_failures: counters.state_failures,
        polling: follower.is_polling(),
        ..live.gauges()
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
