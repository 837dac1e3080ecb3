//! One group of one rule: how many there are in the window, and whether that is too many.
//!
//! Input: findings in the order of their times. Output: [`Change`]s. It begins (or is pending, for as long as the rule says that it must hold) with the finding
//! with which there are more than the rule allows, and ends when there are no more than half of that: a count that goes up and down around the limit is one
//! alert. Its window moves by sixtieths of its length. Must not know who is told.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::firing::{Facts, Firing};
use super::record::{Group, Record};
use super::rule::{Counting, Rule};
use crate::cause::Cause;

/// Parts of a window.
const PARTS: i64 = 60;

/// Failures that are remembered with client and cause, to say at the beginning whose they are.
const BRIEFS: usize = 16;

/// Failures whose clients are told apart, so that their number is known.
const MEMBERS: usize = 512;

/// Failures in a part of the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    start: i64,
    count: u64,
}

/// What happens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum Stands {
    /// Not too many.
    #[default]
    Idle,
    /// Too many since then, but not for long enough.
    Pending(Box<Firing>),
    /// Too many.
    Firing(Box<Firing>),
}

/// What a group tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It began.
    Began,
    /// It is over since then.
    Ended(i64),
}

/// One group of one rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Counted {
    parts: VecDeque<Part>,
    /// Times and clients, where clients are counted.
    members: VecDeque<(i64, Option<String>)>,
    briefs: VecDeque<(i64, Cause, Option<String>)>,
    stands: Stands,
    /// What ended, to be told once more as it was.
    #[serde(skip)]
    pub ended: Option<Box<Firing>>,
}

/// Returns the length of a part.
fn part_ms(counting: Counting) -> i64 {
    (counting.window_ms / PARTS).max(1)
}

/// Returns when the part begins that a time is in.
fn part_of(time: i64, counting: Counting) -> i64 {
    time.div_euclid(part_ms(counting)) * part_ms(counting)
}

impl Counted {
    /// Returns what goes on.
    pub fn firing(&self) -> Option<&Firing> {
        match &self.stands {
            Stands::Firing(firing) => Some(firing),
            _ => None,
        }
    }

    /// Returns what goes on, to be changed.
    pub fn firing_mut(&mut self) -> Option<&mut Firing> {
        match &mut self.stands {
            Stands::Firing(firing) => Some(firing),
            _ => None,
        }
    }

    /// Whether there is nothing to know about it.
    pub fn is_empty(&self) -> bool {
        self.stands == Stands::Idle && self.parts.is_empty()
    }

    /// Returns how many there are.
    fn count(&self, counting: Counting) -> u64 {
        if counting.distinct {
            let mut clients: Vec<&str> = self.members.iter().filter_map(|(_, c)| c.as_deref()).collect();
            clients.sort_unstable();
            clients.dedup();
            clients.len() as u64
        } else {
            self.parts.iter().map(|p| p.count).sum()
        }
    }

    /// Returns when something happens by itself, where it does.
    pub fn due(&self, rule: &Rule, counting: Counting) -> Option<i64> {
        let leaves = self.parts.front().map(|p| p.start + part_ms(counting) + counting.window_ms);
        leaves.into_iter().chain(self.turns(rule, counting)).min()
    }

    /// Returns when what is too much lasted long enough to begin, or to end.
    fn turns(&self, rule: &Rule, counting: Counting) -> Option<i64> {
        match &self.stands {
            Stands::Idle => None,
            Stands::Pending(firing) => Some(firing.since + rule.hold_ms),
            Stands::Firing(firing) => counting.lasts_ms.map(|ms| firing.since + ms),
        }
    }

    /// Lets time pass.
    pub fn advance(&mut self, to: i64, rule: &Rule, changes: &mut Vec<Change>) {
        let counting = rule.measure.counting();
        while let Some(due) = self.due(rule, counting).filter(|due| *due <= to) {
            if self.turns(rule, counting) == Some(due) {
                match std::mem::take(&mut self.stands) {
                    Stands::Pending(firing) => {
                        self.stands = Stands::Firing(firing);
                        changes.push(Change::Began);
                    }
                    Stands::Firing(firing) => self.end(firing, due, changes),
                    Stands::Idle => {}
                }
                continue;
            }
            let gone = self.parts.pop_front().map_or(i64::MAX, |p| p.start + part_ms(counting));
            while self.members.front().is_some_and(|(t, _)| *t < gone) {
                self.members.pop_front();
            }
            self.weigh(due, counting, changes);
        }
    }

    fn end(&mut self, firing: Box<Firing>, at: i64, changes: &mut Vec<Change>) {
        self.ended = Some(firing);
        changes.push(Change::Ended(at));
    }

    /// Ends what is not too much any more.
    fn weigh(&mut self, at: i64, counting: Counting, changes: &mut Vec<Change>) {
        let count = self.count(counting);
        match std::mem::take(&mut self.stands) {
            Stands::Firing(firing) if count <= counting.over / 2 => self.end(firing, at, changes),
            Stands::Pending(_) if count <= counting.over => {}
            other => self.stands = other,
        }
    }

    /// Takes in a finding.
    pub fn add(&mut self, record: &Record, rule: &Rule, group: &Group, changes: &mut Vec<Change>) {
        self.advance(record.time, rule, changes);
        let counting = rule.measure.counting();
        let start = part_of(record.time, counting);
        let place = self.parts.partition_point(|p| p.start < start);
        match self.parts.get_mut(place).filter(|p| p.start == start) {
            Some(part) => part.count += 1,
            None => self.parts.insert(place, Part { start, count: 1 }),
        }
        let client = record.finding.client.clone();
        if counting.distinct {
            let place = self.members.partition_point(|(t, _)| *t <= record.time);
            self.members.insert(place, (record.time, client.clone()));
            if self.members.len() > MEMBERS {
                self.members.pop_front();
            }
        }
        if self.briefs.len() == BRIEFS {
            self.briefs.pop_front();
        }
        self.briefs.push_back((record.time, record.verdict.cause, client));
        let is_many = self.count(counting) > counting.over;
        match &mut self.stands {
            Stands::Pending(firing) | Stands::Firing(firing) => firing.facts.add(record.verdict.cause, record.finding.client.as_deref()),
            Stands::Idle if is_many => self.begin(record, rule, group, counting, changes),
            Stands::Idle => {}
        }
    }

    fn begin(&mut self, record: &Record, rule: &Rule, group: &Group, counting: Counting, changes: &mut Vec<Change>) {
        let mut facts = Facts::default();
        let oldest = record.time - counting.window_ms;
        self.briefs.iter().filter(|(t, ..)| *t > oldest).for_each(|(_, cause, client)| facts.add(*cause, client.as_deref()));
        facts.count = self.parts.iter().map(|p| p.count).sum();
        let firing = Box::new(Firing::new(rule, group, record.time, facts, Some(record)));
        if rule.hold_ms > 0 {
            self.stands = Stands::Pending(firing);
        } else {
            self.stands = Stands::Firing(firing);
            changes.push(Change::Began);
        }
    }

    /// Takes a finding back whose verdict was another.
    pub fn remove(&mut self, record: &Record, at: i64, rule: &Rule, changes: &mut Vec<Change>) {
        let counting = rule.measure.counting();
        let start = part_of(record.time, counting);
        let Some(part) = self.parts.iter_mut().find(|p| p.start == start) else { return };
        part.count = part.count.saturating_sub(1);
        self.parts.retain(|p| p.count > 0);
        if let Some(place) = self.members.iter().position(|(t, c)| *t == record.time && *c == record.finding.client) {
            self.members.remove(place);
        }
        if let Some(place) = self.briefs.iter().position(|(t, cause, c)| (*t, *cause, c) == (record.time, record.verdict.cause, &record.finding.client)) {
            self.briefs.remove(place);
        }
        if let Stands::Pending(firing) | Stands::Firing(firing) = &mut self.stands {
            firing.facts.remove(record.verdict.cause);
        }
        self.weigh(at, counting, changes);
    }

    /// Begins whatever the count is, as something else decided.
    pub fn start(&mut self, firing: Firing, changes: &mut Vec<Change>) {
        if self.stands == Stands::Idle {
            self.stands = Stands::Firing(Box::new(firing));
            changes.push(Change::Began);
        }
    }

    /// Counts a finding of what goes on; the window is another's.
    pub fn feed(&mut self, record: &Record) {
        if let Stands::Firing(firing) = &mut self.stands {
            firing.facts.add(record.verdict.cause, record.finding.client.as_deref());
        }
    }

    /// Ends, as something else decided.
    pub fn stop(&mut self, at: i64, changes: &mut Vec<Change>) {
        match std::mem::take(&mut self.stands) {
            Stands::Firing(firing) => self.end(firing, at, changes),
            other => self.stands = other,
        }
    }
}
