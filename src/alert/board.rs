//! All groups of one rule.
//!
//! Input: findings that fit the rule, in the order of their times. Output: alerts that begin or end. Bounded: beyond [`GROUPS`] groups, new ones are counted
//! together as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::firing::{Alert, Facts, Firing};
use super::group::{Change, Counted};
use super::record::{Group, Record};
use super::rule::Rule;

/// Groups of one rule that are told apart.
const GROUPS: usize = 4096;

/// What stands for all groups beyond [`GROUPS`].
const OTHER: &str = "other";

/// An alert that began or ended, and whether somebody heard of its beginning.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub alert: Alert,
    pub heard: bool,
    /// It did not begin in a backlog.
    pub fresh: bool,
}

/// All groups of one rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Board {
    /// The rule's key.
    pub key: String,
    groups: BTreeMap<Group, Counted>,
    /// When something happens by itself, at the earliest; `None` means never.
    due: Option<i64>,
    pub full: bool,
}

impl Board {
    pub fn new(rule: &Rule) -> Self {
        Board { key: rule.key(), ..Board::default() }
    }

    /// Returns the group of a finding, or what stands for groups beyond the limit.
    fn place(&mut self, record: &Record, rule: &Rule) -> Group {
        let group = record.group(&rule.by);
        if self.groups.contains_key(&group) || self.groups.len() < GROUPS {
            return group;
        }
        self.full = true;
        Group(rule.by.iter().map(|f| (*f, Some(OTHER.to_owned()))).collect())
    }

    /// Does something to a group, and tells what that changes.
    fn change(&mut self, rule: &Rule, group: &Group, at: i64, told: &mut Vec<Told>, act: impl FnOnce(&mut Counted, &mut Vec<Change>)) {
        let counted = self.groups.entry(group.clone()).or_default();
        let mut changes = Vec::new();
        act(counted, &mut changes);
        tell(rule, group, counted, at, &changes, told);
        self.due = self.due.into_iter().chain(counted.due(rule, rule.measure.counting())).min();
        if counted.is_empty() {
            self.groups.remove(group);
        }
    }

    /// Takes in a finding that fits the rule.
    pub fn add(&mut self, record: &Record, rule: &Rule, told: &mut Vec<Told>) {
        let group = self.place(record, rule);
        // what begins or ends before it is told without it, whether or not somebody looked in between
        self.change(rule, &group, record.time, told, |counted, changes| counted.advance(record.time, rule, changes));
        self.change(rule, &group, record.time, told, |counted, changes| counted.add(record, rule, &group, changes));
    }

    /// Takes a finding back whose verdict was another. What ends with it rested on a verdict that changed.
    pub fn remove(&mut self, record: &Record, at: i64, rule: &Rule, told: &mut Vec<Told>) {
        let group = record.group(&rule.by);
        if !self.groups.contains_key(&group) {
            return;
        }
        let before = told.len();
        self.change(rule, &group, at, told, |counted, changes| counted.remove(record, at, rule, changes));
        told.iter_mut().skip(before).for_each(|t| t.alert.corrected = true);
    }

    /// Begins, as something else decided.
    pub fn start(&mut self, record: &Record, rule: &Rule, usual: f64, count: u64, told: &mut Vec<Told>) {
        let group = self.place(record, rule);
        let facts = Facts::of(record.verdict.cause, record.finding.client.as_deref(), count);
        let firing = Firing { usual: Some(usual), ..Firing::new(rule, &group, record.time, facts, Some(record)) };
        self.change(rule, &group, record.time, told, |counted, changes| counted.start(firing, changes));
    }

    /// Begins without a finding.
    pub fn begin(&mut self, group: &Group, at: i64, rule: &Rule, firing: Firing, told: &mut Vec<Told>) {
        if self.groups.len() < GROUPS {
            self.change(rule, group, at, told, |counted, changes| counted.start(firing, changes));
        }
    }

    /// Counts a finding of what goes on.
    pub fn feed(&mut self, record: &Record, rule: &Rule) {
        let group = record.group(&rule.by);
        if let Some(counted) = self.groups.get_mut(&group) {
            counted.feed(record);
        }
    }

    /// Ends, as something else decided.
    pub fn stop(&mut self, group: &Group, at: i64, rule: &Rule, told: &mut Vec<Told>) {
        if self.groups.contains_key(group) {
            self.change(rule, group, at, told, |counted, changes| counted.stop(at, changes));
        }
    }

    /// Lets time pass.
    pub fn advance(&mut self, to: i64, rule: &Rule, told: &mut Vec<Told>) {
        if self.due.is_none_or(|due| due > to) {
            return;
        }
        let counting = rule.measure.counting();
        let mut due: Option<i64> = None;
        self.groups.retain(|group, counted| {
            let mut changes = Vec::new();
            counted.advance(to, rule, &mut changes);
            tell(rule, group, counted, to, &changes, told);
            due = due.into_iter().chain(counted.due(rule, counting)).min();
            !counted.is_empty()
        });
        self.due = due;
    }

    /// Returns what goes on in a group.
    pub fn firing(&mut self, group: &Group) -> Option<&mut Firing> {
        self.groups.get_mut(group).and_then(Counted::firing_mut)
    }

    /// Returns all that goes on.
    pub fn all<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = (Alert, bool)> + 'a {
        self.groups.iter().filter_map(|(group, counted)| counted.firing().map(|f| (f.alert(rule, group, f.since, None), f.told)))
    }

    /// Returns what goes on with that id.
    pub fn by_id(&mut self, id: &str) -> Option<&mut Firing> {
        self.groups.values_mut().filter_map(Counted::firing_mut).find(|f| f.id == id)
    }
}

/// Tells what changed of a group.
fn tell(rule: &Rule, group: &Group, counted: &mut Counted, at: i64, changes: &[Change], told: &mut Vec<Told>) {
    for change in changes {
        match change {
            Change::Began => {
                // what ended at once is told as it was
                let Some(firing) = counted.firing().or(counted.ended.as_deref()) else { continue };
                let began = firing.since.max(at.min(firing.since + rule.hold_ms));
                told.push(Told { alert: firing.alert(rule, group, began, None), heard: false, fresh: firing.fresh });
            }
            Change::Ended(until) => {
                let Some(firing) = counted.ended.take() else { continue };
                told.push(Told { alert: firing.alert(rule, group, *until, Some(*until)), heard: firing.told, fresh: firing.fresh });
            }
        }
    }
}
