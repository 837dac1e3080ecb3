//! What is saved of a live run, and when.
//!
//! The positions of the files and what was made of their lines are one block of bytes: no line is lost or counted twice whatever ends the process.

use std::time::{Duration, Instant};

use kctriage::pipeline::live::{Asked, Live, Saved};
use kctriage::source::checkpoint::{self, Loaded, State};
use kctriage::source::follow::{Event, Positions, Start};
use kctriage::tally::verdicts::Verdicts;

use super::super::{Error, OnBadState, settings};
use super::say;

/// A state is written so long after the one before at the earliest.
const PAUSE: Duration = Duration::from_secs(2);

/// And so many times as long as it takes to write.
const SHARE: u32 = 50;

pub use kctriage::pipeline::live::Counters;

/// What a run begins with.
pub struct Kept {
    pub keep: Keep,
    pub live: Live,
    pub positions: Positions,
    pub counters: Counters,
    /// `None` where nothing was counted before.
    pub verdicts: Option<Verdicts>,
    /// What [`super::super::alert::Watch::save`] gave; empty where nothing was saved.
    pub alerts: Vec<u8>,
    pub start: Start,
}

/// Saves.
pub struct Keep {
    state: Option<State>,
    asked: Asked,
    pub positions: Positions,
    /// Since when something waits to be saved.
    changed: Option<Instant>,
    saved: Option<Instant>,
    /// When the next save may begin.
    next: Instant,
    /// Since when saving fails.
    failing: Option<Instant>,
}

impl Keep {
    /// Opens the state, and begins with what it holds.
    pub fn open(settings: &settings::Tail) -> Result<Kept, Error> {
        let start = settings.follow.start;
        let fresh = |state: Option<State>, start: Start| Kept {
            keep: Keep { state, asked: asked(settings), positions: Positions::default(), changed: None, saved: None, next: Instant::now(), failing: None },
            live: Live::new(settings.input.rules.clone(), settings.input.options.clone()),
            positions: Positions::default(),
            counters: Counters::default(),
            verdicts: None,
            alerts: Vec::new(),
            start,
        };
        let Some(dir) = &settings.state else { return Ok(fresh(None, start)) };
        let refused = |error: checkpoint::Refused| Error::State(error.to_string());
        let mut state = State::open(dir, checkpoint::fingerprint(&checkpoint::host(), &settings.targets)).map_err(refused)?;
        let bytes = match state.load().map_err(refused)? {
            Loaded::Valid { bytes, damaged } => {
                for path in damaged {
                    say(&format!("note: {} is damaged; the save before it is used", path.display()));
                }
                bytes
            }
            Loaded::Bad { damaged } => {
                // one that is refused stays where it is: the next run would find none, and begin anew
                let damaged = if settings.on_bad_state == OnBadState::Fail { damaged } else { state.put_aside().map_err(refused)? };
                return Self::bad(settings, state, &format!("{} is damaged", damaged[0].display()), fresh);
            }
            Loaded::Nothing if settings.resume => return Err(Error::State(format!("{}: there is no state to go on from", dir.display()))),
            Loaded::Nothing => return Ok(fresh(Some(state), start)),
        };
        if settings.anew {
            say(&format!("note: {}: what it holds is left behind, as --start and -n ask", dir.display()));
            return Ok(fresh(Some(state), start));
        }
        let read = Saved::read(&bytes).and_then(|saved| {
            let live = Live::restore(&saved.live, settings.input.rules.clone(), settings.input.options.clone())?;
            Ok((saved, live))
        });
        match read {
            Ok((saved, live)) => {
                let kept = fresh(Some(state), start);
                Ok(Kept { live, positions: saved.positions, counters: saved.counters, verdicts: saved.verdicts, alerts: saved.alerts, ..kept })
            }
            Err(error) => Self::bad(settings, state, &format!("{}: {error}", dir.display()), fresh),
        }
    }

    /// Does what was asked for where the state is damaged.
    fn bad(settings: &settings::Tail, state: State, what: &str, fresh: impl Fn(Option<State>, Start) -> Kept) -> Result<Kept, Error> {
        let start = match settings.on_bad_state {
            OnBadState::Fail => return Err(Error::State(format!("{what}; --on-bad-state restart counts everything anew, end goes on from now"))),
            OnBadState::Restart => Start::Beginning,
            OnBadState::End => Start::End,
        };
        say(&format!("note: {what}; {}", if start == Start::End { "going on from now" } else { "everything is counted anew" }));
        Ok(fresh(Some(state), start))
    }

    /// Notes that all up to and with this event will have been taken in by the next save.
    pub fn take(&mut self, event: &Event) {
        self.positions.acknowledge(event);
        self.touch();
    }

    /// Notes that there is something new to save.
    pub fn touch(&mut self) {
        self.changed.get_or_insert_with(Instant::now);
    }

    /// Whether it is time to save.
    pub fn is_due(&self) -> bool {
        self.state.is_some() && self.changed.is_some() && Instant::now() >= self.next
    }

    /// Whether there is a state.
    pub fn is_kept(&self) -> bool {
        self.state.is_some()
    }

    /// Returns how old the last save is.
    pub fn age_ms(&self) -> Option<u64> {
        self.saved.map(|at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Returns for how long something has waited to be saved; `None` where nothing is ever saved.
    pub fn unsaved_ms(&self) -> Option<u64> {
        let waits = self.changed.map_or(Duration::ZERO, |since| since.elapsed());
        self.is_kept().then(|| u64::try_from(waits.as_millis()).unwrap_or(u64::MAX))
    }

    /// Returns for how long saving has failed.
    pub fn failing(&self) -> Option<Duration> {
        self.failing.map(|since| since.elapsed())
    }

    /// Saves. Where that fails, what was saved before stays, and the run goes on; says so the first time.
    #[must_use]
    pub fn save(&mut self, live: &Live, counters: &mut Counters, alerts: Vec<u8>, verdicts: &Verdicts) -> Option<String> {
        let state = self.state.as_mut()?;
        let began = Instant::now();
        let saved = live.snapshot().and_then(|live| {
            let (positions, verdicts, asked) = (self.positions.clone(), Some(verdicts.clone()), self.asked.clone());
            Saved { positions, counters: *counters, live, alerts, verdicts, asked }.bytes()
        });
        let result = saved.map_err(|e| e.to_string()).and_then(|bytes| state.save(&bytes).map_err(|e| e.to_string()));
        self.next = Instant::now() + PAUSE.max(began.elapsed() * SHARE);
        match result {
            Ok(()) => (self.changed, self.saved, self.failing) = (None, Some(Instant::now()), None),
            Err(error) => {
                counters.state_failures += 1;
                if self.failing.replace(self.failing.unwrap_or(began)).is_none() {
                    return Some(format!("cannot be written: {error}; the one before stays, and it is tried again"));
                }
            }
        }
        None
    }
}

/// Returns what the counts depend on.
fn asked(settings: &settings::Tail) -> Asked {
    let options = &settings.input.options;
    Asked {
        filter: options.filter.clone(),
        code_lifespan_ms: options.code_lifespan_ms,
        zone_named: options.zone_named,
        has_own_rules: !settings.rules.is_empty() || options.realms.iter().next().is_some(),
    }
}
