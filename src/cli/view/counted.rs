//! All that the view counts; it goes on while the display is paused.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kctriage::alert::{Alert, State};
use kctriage::cause::Cause;
use kctriage::finding::{Confidence, Finding};
use kctriage::report::alert::summary;
use kctriage::report::escape::Untrusted;
use kctriage::report::why::change;
use kctriage::tally::incident::Trigger;
use kctriage::tally::live::{Gauges, Notice, Update};

use super::clients::Clients;
use super::series::Series;
use super::stream::{Remark, Stream};

/// Triggers that are kept to explain what began after them.
const TRIGGERS: usize = 100;

/// A log whose last record is older than this is of another time than now.
const BEHIND_MS: i64 = 60_000;

/// A time so far ahead of the clock is no time.
const AHEAD_MS: i64 = 86_400_000;

/// Milliseconds over which bytes a second are measured.
const SPEED_MS: i64 = 2000;

/// Columns of a name, and of a text.
const NAME: usize = 64;
const TEXT: usize = 200;

/// Counts, the last findings, and how the run fares.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    pub all: Series,
    pub causes: BTreeMap<Cause, Series>,
    pub clients: Clients,
    pub stream: Stream,
    pub triggers: VecDeque<Trigger>,
    pub gauges: Gauges,
    /// The alerts that go on, by id.
    pub alerts: BTreeSet<String>,
    /// What was lost or broken last.
    pub trouble: Option<String>,
    /// The first failure.
    pub first: Option<i64>,
    /// The last failure.
    pub last: Option<i64>,
    /// Bytes a second.
    pub speed: u64,
    /// The clock.
    clock: i64,
    /// The clock and the bytes when the speed was last measured.
    measured: Option<(i64, u64)>,
}

impl Counted {
    /// Takes in an update.
    pub fn update(&mut self, update: &Update, life_ms: Option<i64>) {
        match update {
            Update::Found(finding) => self.found(finding, life_ms),
            Update::Revised { finding, from, confidence } => self.revised(finding, *from, *confidence, life_ms),
            Update::Trigger(trigger) => self.trigger(trigger),
            Update::Notice(notice) => self.notice(notice),
        }
    }

    fn found(&mut self, finding: &Finding, life_ms: Option<i64>) {
        let time = finding.time.map(|t| t.timestamp_millis());
        self.all.add(time);
        self.causes.entry(finding.cause).or_default().add(time);
        self.first = self.first.into_iter().chain(time).min();
        self.last = self.last.max(time.filter(|t| *t <= self.by_clock().saturating_add(AHEAD_MS) || self.clock == 0));
        let number = self.stream.add(finding, life_ms);
        if let Some(entry) = self.stream.failure(number) {
            self.clients.add(entry, number);
        }
    }

    fn revised(&mut self, finding: &Finding, from: Cause, confidence: Confidence, life_ms: Option<i64>) {
        let time = finding.time.map(|t| t.timestamp_millis());
        self.causes.entry(from).or_default().remove(time);
        self.causes.entry(finding.cause).or_default().add(time);
        self.causes.retain(|_, series| series.total() > 0);
        let number = self.stream.revise(finding, from, confidence, life_ms);
        if let Some(entry) = self.stream.failure(number) {
            self.clients.remove(entry, from, confidence);
            self.clients.add(entry, number);
        }
    }

    fn trigger(&mut self, trigger: &Trigger) {
        let shown = |name: &str| Untrusted::new(name).terminal(NAME);
        let names = [("realm", &trigger.realm), ("client", &trigger.client), ("node", &trigger.node)];
        let names: Vec<String> = names.iter().filter_map(|(kind, name)| name.as_deref().map(|n| format!("{kind} {}", shown(n)))).collect();
        let whose = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let text = Untrusted::new(&change(&trigger.what)).terminal(TEXT) + &whose;
        self.stream.remark(Remark { time: Some(trigger.time), text, is_bad: false });
        if self.triggers.len() == TRIGGERS {
            self.triggers.pop_front();
        }
        self.triggers.push_back(trigger.clone());
    }

    fn notice(&mut self, notice: &Notice) {
        let lost = notice.lost_bytes.filter(|n| *n > 0).map(|n| format!(" ({} lost)", super::figure::bytes(n))).unwrap_or_default();
        let text = format!("{}: {}{lost}", Untrusted::new(&notice.source).terminal(NAME), Untrusted::new(&notice.what).terminal(TEXT));
        let is_bad = !lost.is_empty();
        if is_bad {
            self.trouble = Some(text.clone());
        }
        self.stream.remark(Remark { time: None, text, is_bad });
    }

    /// Takes in an alert that began or ended.
    pub fn alert(&mut self, alert: &Alert) {
        let said = summary(alert, &|name| Untrusted::new(name).terminal(NAME));
        let is_bad = alert.state == State::Firing;
        if is_bad {
            self.alerts.insert(alert.id.clone());
        } else {
            self.alerts.remove(&alert.id);
        }
        let text = format!("{} {said} [{}]", if is_bad { "alert" } else { "over" }, Untrusted::new(&alert.rule).terminal(NAME));
        self.stream.remark(Remark { time: Some(alert.at), text, is_bad });
    }

    /// Takes in the clock, and how the run fares; returns whether a second went by, or bytes were read.
    pub fn tick(&mut self, clock: i64, gauges: &Gauges) -> bool {
        let is_news = self.clock.div_euclid(1000) != clock.div_euclid(1000) || self.gauges.bytes != gauges.bytes;
        self.clock = clock;
        self.gauges = gauges.clone();
        let (since, before) = *self.measured.get_or_insert((clock, gauges.bytes));
        let passed = clock - since;
        if passed >= SPEED_MS {
            let grown = gauges.bytes.saturating_sub(before);
            self.speed = grown.saturating_mul(1000) / passed.unsigned_abs();
            self.measured = Some((clock, gauges.bytes));
        }
        is_news
    }

    /// Returns the time of the log's end by the clock: the clock, less how far the log is behind it.
    fn by_clock(&self) -> i64 {
        self.clock - self.behind_ms().unwrap_or(0)
    }

    /// Returns how far the log's time is behind the clock (negative: ahead of it), where that is more than a short delay.
    pub fn behind_ms(&self) -> Option<i64> {
        self.gauges.lag_ms.filter(|lag| lag.abs() > BEHIND_MS)
    }

    /// Returns the time at which the view stands: that of the log, where it is another than the clock's.
    pub fn now(&self) -> i64 {
        self.last.map_or(self.by_clock(), |last| last.max(self.by_clock()))
    }
}
