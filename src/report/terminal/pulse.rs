//! When failures began, and whether they go on.

use std::collections::BTreeMap;

use super::group::Group;

/// Windows that are looked at; longer logs are looked at with coarser eyes.
const BINS: usize = 1000;

/// How a group's failures are spread over the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) struct Pulse {
    /// The first failure, or that with which they became many.
    pub(in crate::report) since: i64,
    /// How many came before it.
    pub(in crate::report) before: u64,
    /// They run from the log's beginning.
    pub(in crate::report) from_start: bool,
    /// The last failure.
    pub(in crate::report) last: i64,
    /// The log ends before their not coming could be noticed.
    pub(in crate::report) going: bool,
    /// From the last failure to the log's end.
    pub(in crate::report) quiet_ms: i64,
    /// That silence is so long that they are over.
    pub(in crate::report) over: bool,
}

impl Pulse {
    /// Says when they came, but for what came before.
    pub(in crate::report) fn period(&self, at: impl Fn(i64) -> String) -> String {
        if self.going { format!(" since {}", at(self.since)) } else { period(&at(self.since), &at(self.last)) }
    }

    /// Whether they come all through the log. Else they are told from their first on, however near to the log's beginning that is: good requests can stand before it.
    pub(in crate::report) fn is_throughout(&self) -> bool {
        self.before == 0 && self.from_start && self.going
    }
}

/// Writes when something began and ended; once where both read the same.
pub(in crate::report) fn period(from: &str, to: &str) -> String {
    if from == to { format!(" at {from}") } else { format!(" from {from} to {to}") }
}

/// Returns how a group's failures are spread over a log; `None` where times are not known.
pub(in crate::report) fn pulse(group: &Group<'_>, span: Option<(i64, i64)>, window_ms: i64) -> Option<Pulse> {
    let (from, to) = span?;
    let (first, last) = group.first.zip(group.last)?;
    let onset = onset(&group.windows, from, to, window_ms);
    let length = (to - from).max(1);
    // a slow start is a start: only what went on for a while is "before"
    let (since, before) = onset.filter(|(since, _)| since - first > length / 10).unwrap_or((first, 0));
    let after = group.count.saturating_sub(before);
    let gap = i64::try_from(after).map_or(length, |n| (last - since) / (n - 1).max(1));
    let quiet_ms = (to - last).max(0);
    // what comes in bunches may be silent for longer than between two of one bunch, but not for long
    let silence = (length / 20).clamp(5_000, 60_000);
    Some(Pulse {
        since,
        before,
        from_start: before == 0 && since - from <= (length / 20).max(gap),
        last,
        going: after > 1 && quiet_ms <= (3 * gap).max(silence.min((10 * gap).max(5_000))),
        quiet_ms,
        over: after > 1 && quiet_ms > (10 * gap).max(silence) || quiet_ms > (3 * gap).max(300_000),
    })
}

/// Finds the window from which failures come three times as often as before; the likeliest such one by the ratio of Poisson likelihoods.
fn onset(windows: &BTreeMap<i64, (u64, Option<i64>)>, from: i64, to: i64, window_ms: i64) -> Option<(i64, u64)> {
    let coarse = (to - from) / window_ms.max(1) / i64::try_from(BINS).unwrap_or(1) + 1;
    let step = window_ms.max(1) * coarse;
    let bin = |t: i64| usize::try_from((t - from.div_euclid(step) * step) / step).unwrap_or(0);
    let mut counts = vec![(0_u64, None::<i64>); bin(to).min(BINS + 1) + 1];
    for (start, (count, first)) in windows {
        let last = counts.len() - 1;
        let entry = &mut counts[bin(*start).min(last)];
        entry.0 += count;
        entry.1 = entry.1.into_iter().chain(*first).min();
    }
    let total: u64 = counts.iter().map(|c| c.0).sum();
    let mut best: Option<(f64, usize, u64)> = None;
    let mut before = 0_u64;
    for i in 1..counts.len() {
        before += counts[i - 1].0;
        let after = total - before;
        #[allow(clippy::cast_precision_loss)] // a likelihood of counts
        let (a, b, x, y) = (i as f64, (counts.len() - i) as f64, before as f64, after as f64);
        let part = |n: f64, bins: f64| if n > 0.0 { n * (n / bins).ln() } else { 0.0 };
        let gain = part(x, a) + part(y, b) - part(x + y, a + b);
        let sharp = before > 0 && after >= 5 && y / b >= 3.0 * x / a && gain > 6.0;
        if sharp && best.is_none_or(|(g, ..)| gain > g) {
            best = Some((gain, i, before));
        }
    }
    let (_, index, before) = best?;
    let since = counts[index..].iter().find_map(|c| c.1)?;
    Some((since, before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(counts: &[u64]) -> BTreeMap<i64, (u64, Option<i64>)> {
        (0..).step_by(10_000).zip(counts).filter(|(_, n)| **n > 0).map(|(t, n)| (t, (*n, Some(t + 500)))).collect()
    }

    #[test]
    fn a_bunch_that_ended_is_over_in_a_short_log_and_in_a_long_one() {
        // a failure each 4 s for 40 s, then 53 s without one
        let samples = (0..11).map(|n| n * 4_000);
        let group = Group {
            realm: None,
            cause: crate::cause::Cause::CodeExpired,
            clients: vec![(None, 11)],
            count: 11,
            sure: [11, 0, 0],
            details: BTreeMap::new(),
            others: BTreeMap::new(),
            first: Some(0),
            last: Some(40_000),
            delays: crate::tally::Delays::default(),
            certain_delays: crate::tally::Delays::default(),
            addresses: crate::tally::Distinct::default(),
            users: crate::tally::Distinct::default(),
            windows: samples.map(|t| (t / 10_000 * 10_000, (1, Some(t)))).collect(),
            samples: Vec::new(),
        };
        for (from, quiet, going, over) in
            [(0, 53_000, false, true), (-10_000_000, 53_000, false, false), (-10_000_000, 90_000, false, true), (0, 9_000, true, false)]
        {
            let pulse = pulse(&group, Some((from, 40_000 + quiet)), 10_000).expect("times are known");
            assert_eq!((pulse.going, pulse.over), (going, over), "{from} {quiet}");
        }
        assert_eq!([period("a", "a"), period("a", "b")], [" at a", " from a to b"]);
    }

    #[test]
    fn a_rise_is_found_where_it_is() {
        type Row<'a> = (&'a [u64], Option<(i64, u64)>);
        let table: &[Row<'_>] = &[
            (&[1, 1, 1, 1, 1, 1, 1, 1], None),
            (&[1, 0, 1, 0, 1, 9, 12, 8], Some((50_500, 3))),
            (&[9, 8, 9, 1, 0, 0, 1, 0], None),
            (&[0, 0, 0, 0, 3, 9, 9, 9], Some((50_500, 3))),
            (&[], None),
        ];
        for (counts, want) in table {
            let end = i64::try_from(counts.len()).expect("short") * 10_000;
            assert_eq!(onset(&windows(counts), 0, end.max(1), 10_000), *want, "{counts:?}");
        }
    }
}
