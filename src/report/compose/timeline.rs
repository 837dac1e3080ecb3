//! Failures by cause and time, and what happened meanwhile.

use std::collections::BTreeMap;

use super::{Run, event};
use crate::cause::Cause;
use crate::report::model::{Event, Instant, Series, Timeline};
use crate::report::terminal::strip::Scale;
use crate::tally::incident::Trigger;

/// The most windows of the picture.
const WINDOWS: usize = 120;

/// The most events that are listed.
const EVENTS: usize = 40;

/// The letters that mark events; those beyond have none.
const MARKS: std::ops::RangeInclusive<char> = 'A'..='Z';

/// Returns the time line; `None` where times are not known.
pub(super) fn timeline(run: &Run<'_>) -> Option<Timeline> {
    let (from, to) = run.account.span?;
    let window_ms = run.account.tally.window_ms;
    let scale = Scale::new(from, to, window_ms, WINDOWS)?;
    let mut windows: BTreeMap<Cause, (u64, Vec<(i64, u64)>)> = BTreeMap::new();
    for (key, cell) in &run.account.tally.cells {
        let entry = windows.entry(key.cause).or_default();
        entry.0 += cell.count;
        entry.1.extend(key.window.map(|w| (w, cell.count)));
        entry.1.extend(cell.windows.iter().map(|(start, n, _)| (*start, *n)));
    }
    let mut series: Vec<_> = windows.into_iter().collect();
    series.sort_by_key(|(cause, (n, _))| (std::cmp::Reverse(*n), *cause));
    let (events, events_left_out) = events(run);
    Some(Timeline {
        start: Instant(scale.start_ms()),
        window_seconds: u64::try_from(scale.step_ms() / 1000).unwrap_or(1).max(1),
        series: series.into_iter().map(|(cause, (_, w))| Series { cause, title: cause.title(), counts: scale.sums(w) }).collect(),
        events,
        events_left_out,
    })
}

/// Whether two triggers are one thing that happened.
pub(super) fn same(event: &Event, trigger: &Trigger, kind: &str) -> bool {
    event.time == Instant(trigger.time) && event.kind == kind && event.line == trigger.place.as_ref().map(|p| p.1)
}

/// Returns what happened, in the order of time: those that set off incidents always, the others as far as there is room.
fn events(run: &Run<'_>) -> (Vec<Event>, u64) {
    let mut all: Vec<Event> = Vec::new();
    for (at, incident) in run.incidents.iter().enumerate() {
        for trigger in &incident.triggers {
            let made = event::event(run, trigger);
            match all.iter_mut().find(|e| same(e, trigger, made.kind)) {
                Some(known) if known.incidents.contains(&(at + 1)) => {}
                Some(known) => known.incidents.push(at + 1),
                None => all.push(Event { incidents: vec![at + 1], ..made }),
            }
        }
    }
    let mut left_out = 0;
    let told = |t: &&Trigger| run.account.span.is_none_or(|(from, to)| (from..=to).contains(&t.time));
    for trigger in run.account.triggers.iter().filter(told) {
        let made = event::event(run, trigger);
        if all.iter().any(|e| e.time == made.time && e.line == made.line && e.file == made.file) {
            continue;
        }
        if all.len() < EVENTS { all.push(made) } else { left_out += 1 }
    }
    all.sort_by(|a, b| a.time.cmp(&b.time).then(a.kind.cmp(b.kind)).then(a.line.cmp(&b.line)));
    for (event, mark) in all.iter_mut().zip(MARKS) {
        event.mark = Some(mark);
    }
    (all, left_out)
}
