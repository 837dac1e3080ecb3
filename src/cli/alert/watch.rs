//! The alerts of a run: the engine, those who are told, and what was not delivered yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver as Notes};
use std::thread;
use std::time::{Duration, Instant};

use kctriage::alert::{Alert, Engine, Rule, State, Word};
use kctriage::tally::live::{Alerting, Gauges, Notice, Update};

use super::super::prose::count;
use super::command::ToCommand;
use super::delivery::{Courier, Note, Outcome, Receive};
use super::file::ToFile;
use super::webhook::ToWebhook;
use super::{Receiver, Settings};

/// How long the end of a run waits for receivers.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Alerts that were not delivered and are kept for the next run.
const KEPT: usize = 1000;

/// What is watched for and who is told.
#[derive(Debug)]
pub struct Watch {
    engine: Engine,
    couriers: Vec<Courier>,
    notes: Notes<Note>,
    /// Alerts that not all were told of, and how many are still to be.
    open: BTreeMap<u64, (Arc<Alert>, usize)>,
    next: u64,
    firing: BTreeSet<String>,
    numbers: Alerting,
    /// What is told with the next updates.
    waiting: Word,
    changed: bool,
}

impl Watch {
    /// Begins; `saved` is what [`Watch::save`] gave to the run before, or empty.
    pub fn begin(settings: &Settings, rules: Vec<Rule>, saved: &[u8]) -> std::io::Result<Self> {
        let (engine, unsent): (Vec<u8>, Vec<Alert>) = postcard::from_bytes(saved).unwrap_or_default();
        let (engine, waiting) = match Engine::restore(&engine, rules.clone()) {
            Some(restored) => restored,
            None if saved.is_empty() => (Engine::new(rules), Word::default()),
            None => {
                let what = "what they had learned was written by another version: they begin anew, and are quiet about what is new for an hour";
                (Engine::new(rules), Word { remarks: vec![what.to_owned()], ..Word::default() })
            }
        };
        let firing = engine.firing();
        let (tell, notes) = mpsc::channel();
        let receiver = |receiver: &Receiver| -> Box<dyn Receive> {
            match receiver {
                Receiver::File(path) => Box::new(ToFile(path.clone())),
                Receiver::Command(words) => Box::new(ToCommand(words.clone())),
                Receiver::Webhook(endpoint, payload) => Box::new(ToWebhook::new(endpoint.clone(), *payload, firing.clone())),
            }
        };
        let couriers = settings.receivers.iter().map(|r| Courier::start(receiver(r), tell.clone())).collect::<Result<_, _>>()?;
        let firing = firing.iter().map(|a| a.id.clone()).collect();
        let mut watch = Watch { engine, couriers, notes, open: BTreeMap::new(), next: 0, firing, numbers: Alerting::default(), waiting, changed: false };
        // what the run before did not deliver: receivers may have it, and know it by its id
        for alert in unsent {
            watch.send(alert);
        }
        Ok(watch)
    }

    /// Returns how the alerts fare.
    pub fn numbers(&self) -> Alerting {
        Alerting { firing: self.firing.len() as u64, ..self.numbers }
    }

    /// Takes other rules from now on.
    pub fn reload(&mut self, rules: Vec<Rule>) {
        let word = self.engine.reload(rules);
        self.waiting.alerts.extend(word.alerts);
    }

    /// Takes in updates and the clock; returns the alerts that began or ended. What a person should know beside them joins the updates.
    pub fn take(&mut self, updates: &mut Vec<Update>, now: i64, gauges: &Gauges) -> Vec<Alert> {
        for update in &*updates {
            self.engine.update(update);
        }
        let word = self.engine.tick(now, gauges);
        self.tell(word, updates)
    }

    /// Takes in the last updates of a run, and waits a short time for the receivers. `whole` says that nobody goes on from here: then all is told that waits.
    pub fn finish(&mut self, updates: &mut Vec<Update>, now: i64, gauges: &Gauges, whole: bool) -> Vec<Alert> {
        let mut alerts = self.take(updates, now, gauges);
        if whole {
            let word = self.engine.finish();
            alerts.extend(self.tell(word, updates));
        }
        self.couriers.iter().for_each(Courier::end);
        let until = Instant::now() + LAST_WAIT;
        while !self.couriers.iter().all(Courier::is_done) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        self.listen(updates);
        if !self.open.is_empty() {
            let left = were(self.open.len() as u64);
            let fate = if whole { "lost" } else { "kept for the run that goes on" };
            updates.push(notice("alerts", format!("{left} not delivered by the end, and {fate}")));
        }
        alerts
    }

    fn tell(&mut self, word: Word, updates: &mut Vec<Update>) -> Vec<Alert> {
        let Word { mut alerts, mut remarks } = std::mem::take(&mut self.waiting);
        alerts.extend(word.alerts);
        remarks.extend(word.remarks);
        self.changed |= !alerts.is_empty();
        for alert in &alerts {
            let _ = match alert.state {
                State::Firing => self.firing.insert(alert.id.clone()),
                State::Resolved => self.firing.remove(&alert.id),
            };
            self.send(alert.clone());
        }
        updates.extend(remarks.into_iter().map(|what| notice("alerts", what)));
        self.listen(updates);
        alerts
    }

    fn send(&mut self, alert: Alert) {
        if self.couriers.is_empty() {
            return;
        }
        let alert = Arc::new(alert);
        self.next += 1;
        self.open.insert(self.next, (Arc::clone(&alert), self.couriers.len()));
        self.couriers.iter().for_each(|c| c.send(self.next, Arc::clone(&alert)));
    }

    /// Hears what became of messages.
    fn listen(&mut self, updates: &mut Vec<Update>) {
        let mut dropped = 0;
        while let Ok(note) = self.notes.try_recv() {
            match note {
                Note::Done(number, outcome) => {
                    match outcome {
                        Outcome::Sent => self.numbers.sent += 1,
                        Outcome::Failed => self.numbers.failed += 1,
                        Outcome::Dropped => dropped += 1,
                    }
                    self.changed = true;
                    if let Some((_, left)) = self.open.get_mut(&number) {
                        *left -= 1;
                        if *left == 0 {
                            self.open.remove(&number);
                        }
                    }
                }
                Note::Trouble(who, what) => updates.push(notice(&who, what)),
            }
        }
        self.numbers.dropped += dropped;
        if dropped > 0 {
            updates.push(notice("alerts", format!("{} dropped: too many wait for a receiver", were(dropped))));
        }
    }

    /// Whether something changed that is to be saved; asked once for each change.
    pub fn is_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Returns all that the run that goes on must know.
    pub fn save(&self) -> Vec<u8> {
        let unsent: Vec<&Alert> = self.open.values().rev().take(KEPT).map(|(alert, _)| &**alert).collect();
        let unsent: Vec<&Alert> = unsent.into_iter().rev().collect();
        postcard::to_stdvec(&(self.engine.save(), unsent)).unwrap_or_default()
    }
}

/// `1 alert was`, `2 alerts were`
fn were(alerts: u64) -> String {
    format!("{} {}", count(alerts, "alert"), if alerts == 1 { "was" } else { "were" })
}

fn notice(source: &str, what: String) -> Update {
    Update::Notice(Notice { source: source.into(), what, lost_bytes: None })
}
