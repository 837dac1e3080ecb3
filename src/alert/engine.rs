//! Updates to alerts: the order of findings, their corrections, and who hears of what.
//!
//! Findings wait [`LATE_MS`](super::clock::LATE_MS) by the time of the log and are then taken in the order of their times, so that it does not matter in which
//! order they came. What begins while a backlog is read is told when it has been read, if it is not over by then; what has long been over is only counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::board::{Board, Told};
use super::clock::Clock;
use super::firing::{Alert, Firing, State};
use super::past::Past;
use super::record::{Group, Record, Verdict};
use super::rule::{Field, Measure, Rule};
use super::saved::{self, json};
use super::usual::{Turn, Usual};
use crate::finding::Finding;
use crate::tally::incident::{Change, Trigger};
use crate::tally::live::{Gauges, Update};

/// What was over so long ago, by the clock, when a backlog has been read is not told.
const LONG_OVER_MS: i64 = 30 * 60_000;

/// Findings whose corrections are taken in, and for how long: no verdict is corrected later than that.
const SEEN: usize = 20_000;
const SEEN_MS: i64 = 2 * 3_600_000;

/// A finding that comes so late while the log is read as it is written counts as of now: a server's clock is behind.
const STALE_MS: i64 = 60_000;

/// Alerts that wait for a backlog to be read.
const HELD: usize = 1000;

/// What waits for its turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Item {
    Found(Record),
    Trigger(#[serde(with = "json")] Trigger),
}

/// An alert that began while a backlog was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    began: Alert,
    ended: Option<Alert>,
}

/// What the engine tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Word {
    /// Alerts that began or ended, in the order of time.
    pub alerts: Vec<Alert>,
    /// What a person should know beside them.
    pub remarks: Vec<String>,
}

/// All that is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    clock: Clock,
    /// By time, and by id.
    order: BTreeMap<(i64, String), Item>,
    /// The verdicts that were taken in, by id.
    seen: HashMap<u64, Verdict>,
    /// Their times and ids, in the order in which they were taken in.
    seen_order: VecDeque<(i64, u64)>,
    past: Past,
    usual: Usual,
    boards: Vec<Board>,
    /// Alerts that are told when a backlog has been read.
    held: VecDeque<Held>,
    /// What is told with the next tick.
    #[serde(skip)]
    ready: Vec<Alert>,
    /// Alerts that were over when a backlog had been read, and the end of the last.
    over: (u64, i64),
    /// The limits that were told.
    limits: u8,
}

/// Turns updates into alerts.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    memory: Memory,
}

impl Engine {
    /// Begins with nothing seen.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let boards = rules.iter().map(Board::new).collect();
        Engine { rules, memory: Memory { boards, ..Memory::default() } }
    }

    /// Goes on from what [`Engine::save`] gave; `None` where the bytes are another version's. Alerts of rules that are gone end.
    #[must_use]
    pub fn restore(bytes: &[u8], rules: Vec<Rule>) -> Option<(Self, Word)> {
        let memory: Memory = saved::read(bytes)?;
        let mut engine = Engine { rules: Vec::new(), memory };
        let word = engine.reload(rules);
        Some((engine, word))
    }

    /// Returns all that is known, so that another can go on from here.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        saved::bytes(&self.memory)
    }

    /// Takes other rules from now on. What the same rule counted stays; alerts of rules that are gone end.
    pub fn reload(&mut self, rules: Vec<Rule>) -> Word {
        let mut boards: Vec<Board> = std::mem::take(&mut self.memory.boards);
        let before = std::mem::take(&mut self.rules);
        let mut word = Word::default();
        self.memory.boards =
            rules.iter().map(|rule| boards.iter().position(|b| b.key == rule.key()).map_or_else(|| Board::new(rule), |i| boards.swap_remove(i))).collect();
        let at = self.memory.clock.now.unwrap_or_default();
        for board in boards {
            let stand_in = before.iter().find(|r| r.key() == board.key).cloned().unwrap_or_else(|| gone(&board.key));
            for (alert, told) in board.all(&stand_in) {
                if told {
                    word.alerts.push(Alert { state: State::Resolved, until: Some(at.max(alert.since)), at: at.max(alert.since), ..alert });
                } else {
                    self.memory.held.retain(|h| h.began.id != alert.id);
                }
            }
        }
        self.rules = rules;
        word
    }

    /// Returns the alerts that go on and that somebody heard of.
    #[must_use]
    pub fn firing(&self) -> Vec<Alert> {
        let all = self.rules.iter().zip(&self.memory.boards).flat_map(|(rule, board)| board.all(rule));
        all.filter(|(_, told)| *told).map(|(alert, _)| alert).collect()
    }

    /// Takes in an update; nothing is told before the next [`Engine::tick`].
    pub fn update(&mut self, update: &Update) {
        if self.rules.is_empty() {
            return;
        }
        match update {
            Update::Found(finding) => self.enter(finding),
            Update::Revised { finding, .. } => self.revise(finding),
            Update::Trigger(trigger) => {
                let is_known = matches!(trigger.what, Change::SecretRegenerated | Change::ClockJumped { .. });
                if is_known {
                    self.memory.clock.see(trigger.time);
                    let name = format!("{:?} {:?} {:?}", trigger.what, trigger.node, trigger.place);
                    self.memory.order.insert((trigger.time, name), Item::Trigger(trigger.clone()));
                }
            }
            Update::Notice(_) => {}
        }
    }

    /// Returns when a finding counts.
    fn time(&self, finding: &Finding) -> i64 {
        let clock = &self.memory.clock;
        let now = clock.now.unwrap_or_else(|| clock.wall());
        match finding.time.map(|t| t.timestamp_millis()) {
            Some(time) if clock.live && time < now - STALE_MS => now,
            Some(time) => time,
            None => now,
        }
    }

    fn enter(&mut self, finding: &Finding) {
        let time = self.time(finding);
        self.memory.clock.see(time);
        let record = Record { time, verdict: Verdict::of(finding), fresh: self.memory.clock.live, finding: Arc::new(finding.clone()) };
        self.memory.order.insert((time, finding.id.clone()), Item::Found(record));
    }

    fn revise(&mut self, finding: &Finding) {
        let time = finding.time.map_or_else(|| self.time(finding), |t| t.timestamp_millis());
        if let Some(Item::Found(record)) = self.memory.order.get_mut(&(time, finding.id.clone())) {
            (record.verdict, record.finding) = (Verdict::of(finding), Arc::new(finding.clone()));
            return;
        }
        let Some(before) = self.memory.seen.get_mut(&xxh3_64(finding.id.as_bytes())) else { return };
        let after = Verdict::of(finding);
        let before = std::mem::replace(before, after);
        let record = Record { time, verdict: after, fresh: self.memory.clock.live, finding: Arc::new(finding.clone()) };
        let at = self.memory.clock.watermark().unwrap_or(time).max(time);
        let mut told = Vec::new();
        self.correct(&record.under(before), &record, at, &mut told);
        self.hold(told);
    }

    /// Moves a finding from where its old verdict counted to where its new one does.
    fn correct(&mut self, before: &Record, after: &Record, at: i64, told: &mut Vec<Told>) {
        self.memory.usual.remove(before);
        let turns = self.memory.usual.add(after);
        let is_new = self.memory.past.learn(after);
        for index in 0..self.rules.len() {
            let (rule, board) = (&self.rules[index], &mut self.memory.boards[index]);
            let fits = [rule.fits(before), rule.fits(after)];
            let is_same = fits == [true, true] && before.group(&rule.by) == after.group(&rule.by);
            if is_same {
                continue;
            }
            match rule.measure {
                Measure::Unusual | Measure::ClockJumped => {}
                _ if fits[0] => board.remove(before, at, rule, told),
                _ => {}
            }
            if fits[1] {
                self.take_by(index, after, is_new, &turns, told);
            }
        }
    }

    /// Takes in a finding whose turn it is.
    fn take(&mut self, record: &Record, told: &mut Vec<Told>) {
        self.remember(record);
        let turns = self.memory.usual.add(record);
        let is_new = self.memory.past.learn(record);
        for index in 0..self.rules.len() {
            if self.rules[index].fits(record) {
                self.take_by(index, record, is_new, &turns, told);
            }
        }
    }

    /// Takes in a finding that fits a rule.
    fn take_by(&mut self, index: usize, record: &Record, is_new: bool, turns: &[Turn], told: &mut Vec<Told>) {
        let (rule, board) = (&self.rules[index], &mut self.memory.boards[index]);
        let group = record.group(&rule.by);
        let goes_on = board.firing(&group).is_some();
        let before = told.len();
        match rule.measure {
            Measure::Rate { .. } | Measure::Clients { .. } => {
                board.add(record, rule, told);
            }
            Measure::New => {
                if is_new || goes_on {
                    board.add(record, rule, told);
                }
            }
            Measure::SecretRotated => {
                let is_wrong = record.verdict.cause == crate::cause::Cause::WrongClientSecret;
                let trigger = if is_wrong { self.memory.past.rotation(record).cloned() } else { None };
                let is_replaced = is_wrong && self.memory.past.is_replaced(record);
                if trigger.is_some() || is_replaced || (is_wrong && goes_on) {
                    board.add(record, rule, told);
                    if let Some(firing) = board.firing(&group)
                        && firing.trigger.is_none()
                    {
                        firing.trigger.clone_from(&trigger);
                        told.iter_mut().skip(before).for_each(|t| t.alert.trigger.clone_from(&trigger));
                    }
                }
            }
            Measure::Unusual => {
                board.feed(record, rule);
                for turn in turns {
                    match turn {
                        Turn::Ended(at) => board.stop(&group, *at, rule, told),
                        Turn::Began { usual, count } => board.start(record, rule, *usual, *count, told),
                    }
                }
            }
            Measure::ClockJumped => {}
        }
        // what goes on and nobody heard of, since it began in a backlog, is told with the next failure of it
        if record.fresh
            && goes_on
            && let Some(firing) = board.firing(&group).filter(|f| !f.fresh && !f.told)
        {
            firing.fresh = true;
            told.push(Told { alert: firing.alert(rule, &group, record.time, None), heard: false, fresh: true });
        }
    }

    fn remember(&mut self, record: &Record) {
        let id = xxh3_64(record.finding.id.as_bytes());
        let memory = &mut self.memory;
        if memory.seen.insert(id, record.verdict).is_none() {
            memory.seen_order.push_back((record.time, id));
        }
        let oldest = record.time - SEEN_MS;
        while memory.seen_order.len() > SEEN || memory.seen_order.front().is_some_and(|(time, _)| *time < oldest) {
            if let Some((_, old)) = memory.seen_order.pop_front() {
                memory.seen.remove(&old);
            }
        }
    }

    /// Takes in what happened to a server or a client.
    fn trigger(&mut self, trigger: &Trigger, told: &mut Vec<Told>) {
        match trigger.what {
            Change::SecretRegenerated => self.memory.past.regenerated(trigger),
            Change::ClockJumped { .. } => {
                let group = Group(vec![(Field::Node, trigger.node.as_deref().map(str::to_owned))]);
                for (rule, board) in self.rules.iter().zip(&mut self.memory.boards).filter(|(r, _)| r.measure == Measure::ClockJumped) {
                    let firing = Firing { trigger: Some(trigger.clone()), ..Firing::new(rule, &group, trigger.time, super::firing::Facts::default(), None) };
                    board.begin(&group, trigger.time, rule, firing, told);
                }
            }
            _ => {}
        }
    }

    /// Takes in the clock, and how the run fares; tells what began and what ended.
    pub fn tick(&mut self, now: i64, gauges: &Gauges) -> Word {
        let memory = &mut self.memory;
        memory.clock.tick(now, gauges.lag_ms, gauges.behind_bytes);
        if let Some(now) = memory.clock.now {
            memory.past.begin(now);
            memory.usual.begin(now);
        }
        if let Some(mark) = memory.clock.watermark() {
            self.advance(mark);
        }
        self.tell()
    }

    /// Takes in all that waits, as when nothing can come any more.
    pub fn finish(&mut self) -> Word {
        if let Some(now) = self.memory.clock.now.max(self.memory.order.keys().next_back().map(|k| k.0)) {
            self.advance(now);
        }
        let mut word = self.tell();
        word.remarks.extend(self.untold());
        word
    }

    /// Takes in what waits, up to a time, and lets time pass.
    fn advance(&mut self, mark: i64) {
        let mut told = Vec::new();
        while let Some(entry) = self.memory.order.first_entry().filter(|e| e.key().0 <= mark) {
            match entry.remove() {
                Item::Found(record) => self.take(&record, &mut told),
                Item::Trigger(trigger) => self.trigger(&trigger, &mut told),
            }
        }
        for (key, at) in self.memory.usual.advance(mark) {
            let group = Group(vec![(Field::Realm, key.0), (Field::Client, key.1), (Field::Cause, Some(key.2.slug().to_owned()))]);
            for (rule, board) in self.rules.iter().zip(&mut self.memory.boards).filter(|(r, _)| r.measure == Measure::Unusual) {
                board.stop(&group, at, rule, &mut told);
            }
        }
        for (rule, board) in self.rules.iter().zip(&mut self.memory.boards) {
            board.advance(mark, rule, &mut told);
        }
        self.hold(told);
    }

    /// Takes in what began and ended: it is ready to be told, or waits until a backlog has been read.
    fn hold(&mut self, mut all: Vec<Told>) {
        all.sort_by(|a, b| order(&a.alert).cmp(&order(&b.alert)));
        for Told { alert, heard, fresh } in all {
            let is_ready = |m: &Memory| m.ready.iter().any(|r| r.id == alert.id);
            let waiting = self.memory.held.iter().position(|h| h.began.id == alert.id);
            match (alert.state, waiting) {
                // one that waits is told as it began, once the log's time is about now
                (State::Firing, Some(_)) if fresh && self.memory.clock.live && self.memory.clock.is_recent() => {}
                (State::Firing, waiting) if fresh && self.memory.clock.live => {
                    waiting.map(|place| self.memory.held.remove(place));
                    self.ready(alert);
                }
                (State::Firing, None) => {
                    if self.memory.held.len() == HELD {
                        self.memory.over.0 += u64::from(self.memory.held.pop_front().is_some());
                    }
                    self.memory.held.push_back(Held { began: alert, ended: None });
                }
                (State::Resolved, Some(place)) => self.memory.held[place].ended = Some(alert),
                (State::Resolved, None) if heard || is_ready(&self.memory) => self.ready(alert),
                (State::Firing, Some(_)) | (State::Resolved, None) => {}
            }
        }
    }

    /// Makes an alert ready to be told.
    fn ready(&mut self, alert: Alert) {
        if let Some(firing) = self.memory.boards.iter_mut().find_map(|b| b.by_id(&alert.id)) {
            firing.told = true;
        }
        self.memory.ready.push(alert);
    }

    /// Looks at what waited for a backlog to be read, and tells what is ready.
    fn tell(&mut self) -> Word {
        let (live, is_recent, wall) = (self.memory.clock.live, self.memory.clock.is_recent(), self.memory.clock.wall());
        if live {
            for held in std::mem::take(&mut self.memory.held) {
                match held.ended {
                    Some(ended) if ended.until.is_some_and(|until| wall - until > LONG_OVER_MS) => {
                        self.memory.over = (self.memory.over.0 + 1, self.memory.over.1.max(ended.at));
                    }
                    Some(ended) => {
                        self.ready(held.began);
                        self.ready(ended);
                    }
                    None if is_recent => self.ready(held.began),
                    None => self.memory.held.push_back(held),
                }
            }
        }
        let mut alerts = std::mem::take(&mut self.memory.ready);
        alerts.sort_by(|a, b| order(a).cmp(&order(b)));
        Word { alerts, remarks: self.remarks() }
    }

    /// Says how many alerts were not told, since they began in a log of long ago and its next lines, or the end of a backlog, will not come.
    fn untold(&mut self) -> Option<String> {
        let held = std::mem::take(&mut self.memory.held);
        let (over, last) = std::mem::take(&mut self.memory.over);
        let count = over + held.len() as u64;
        let last = held.iter().map(|h| h.ended.as_ref().map_or(h.began.at, |ended| ended.at)).fold(last, i64::max);
        let (alerts, were) = if count == 1 { ("alert", "was") } else { ("alerts", "were") };
        (count > 0).then(|| format!("{count} {alerts} in what was written up to {} {were} not sent: that is a backlog", utc(last)))
    }

    /// Returns what a person should know, each once.
    fn remarks(&mut self) -> Vec<String> {
        let mut remarks = Vec::new();
        let (count, last) = self.memory.over;
        if count > 0 && self.memory.clock.live {
            self.memory.over = (0, 0);
            let what = if count == 1 { "1 alert that began and ended".to_owned() } else { format!("{count} alerts that began and ended") };
            remarks.push(format!("{what} in what was written before {}: over for long, and not sent", utc(last)));
        }
        let full = [
            (self.memory.boards.iter().any(|b| b.full), "a rule has more groups than are told apart: further ones are counted as one, \"other\""),
            (self.memory.past.full, "there are more clients than are remembered: the failures of further ones are no news"),
            (self.memory.usual.full, "there are more series of failures than are measured: nothing is unusual for further ones"),
        ];
        for (number, (is_full, what)) in full.into_iter().enumerate() {
            if is_full && self.memory.limits & (1 << number) == 0 {
                self.memory.limits |= 1 << number;
                remarks.push(what.to_owned());
            }
        }
        remarks
    }
}

/// Returns a time as a person reads it.
fn utc(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).map(|t| t.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// The order in which alerts are told.
fn order(alert: &Alert) -> (i64, bool, &str) {
    (alert.at, alert.state == State::Resolved, &alert.id)
}

/// Returns what stands for a rule that is gone.
fn gone(key: &str) -> Rule {
    let name = key.split('\0').next().unwrap_or_default().to_owned();
    Rule {
        name,
        conditions: Vec::new(),
        measure: Measure::New,
        by: Vec::new(),
        hold_ms: 0,
        severity: super::rule::Severity::default(),
        description: None,
        runbook: None,
        text: String::new(),
        builtin: false,
    }
}
