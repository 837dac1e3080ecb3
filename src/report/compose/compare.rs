//! Before and after: how often each client failed for each cause in two times.
//!
//! Two counts are held against each other by the conditional binomial test (Przyborowski and Wilenski, 1940): at equal rates each of the failures falls
//! into the later time with the probability of its share of both. The limits of the ratio are those of Clopper and Pearson (1934). A change is
//! called one at 5 % for the whole table, divided by its rows (Bonferroni).

use std::collections::BTreeMap;

use statrs::distribution::{Beta, Binomial, ContinuousCDF as _, DiscreteCDF as _};

use super::Run;
use crate::cause::Cause;
use crate::report::model::{Change, Comparison, Instant, Kind, Prose, Range};
use crate::report::terminal::figure::length;
use crate::tally::incident;

/// What is held against what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// One time against another: from, and before.
    Ranges((i64, i64), (i64, i64)),
    /// The time since the last start of a server against the time before.
    Restart,
}

/// Returns the part of a time that the log covers; `None` where that is nothing.
fn within(run: &Run<'_>, (from, to): (i64, i64)) -> Option<(i64, i64)> {
    let (first, last) = run.account.span?;
    // the window in which the log begins begins before it
    let window = run.account.tally.window_ms.max(1);
    let part = (from.max(first.div_euclid(window) * window), to.min(last + 1));
    (part.0 < part.1).then_some(part)
}

/// How often a table without a change may show one.
const LEVEL: f64 = 0.05;

/// The verdict on failures that are too few for any verdict.
const TOO_FEW: &str = "too few to tell";

/// Counts before and after, by realm, client and cause.
type Counts<'a> = BTreeMap<(Option<&'a str>, Option<&'a str>, Cause), [u64; 2]>;

/// Returns the comparison; `None` where none was asked for, or there is nothing to divide the time by.
pub(super) fn comparison(run: &Run<'_>) -> Option<Comparison> {
    let (before, after, what) = match run.settings.compared? {
        Compared::Ranges(before, after) => (within(run, before)?, within(run, after)?, "the times that were asked for"),
        Compared::Restart => {
            let (from, to) = run.account.span?;
            let started = |t: &&incident::Trigger| matches!(t.what, incident::Change::ServerStarted { .. }) && t.time > from;
            let start = run.account.triggers.iter().filter(started).map(|t| t.time).max()?;
            ((from, start), (start, to + 1), "before and since the last start of a server")
        }
    };
    let window = run.account.tally.window_ms;
    let mut counts: Counts<'_> = BTreeMap::new();
    for (key, cell) in &run.account.tally.cells {
        let own = key.window.map(|w| (w, cell.count));
        for (start, n) in own.into_iter().chain(cell.windows.iter().map(|(start, n, _)| (*start, *n))) {
            let within = |range: (i64, i64)| (range.0..range.1).contains(&start);
            if within(before) || within(after) {
                counts.entry((key.realm.as_deref(), key.client.as_deref(), key.cause)).or_default()[usize::from(!within(before))] += n;
            }
        }
    }
    let hours = [hours(before), hours(after)];
    #[allow(clippy::cast_precision_loss)] // a number of rows
    let level = LEVEL / counts.len().max(1) as f64;
    let mut changes: Vec<Change> = counts
        .into_iter()
        .map(|((realm, client, cause), count)| Change {
            realm: realm.map(|r| run.scribe.logged(Kind::Realm, r)),
            client: client.map(|c| run.scribe.logged(Kind::Client, c)),
            cause,
            title: cause.title(),
            before: count[0],
            after: count[1],
            before_per_hour: per(count[0], hours[0]),
            after_per_hour: per(count[1], hours[1]),
            ratio: ratio(count, hours),
            chance: chance(count, hours),
            verdict: verdict(count, hours, level),
        })
        .collect();
    changes.sort_by(|a, b| a.chance.total_cmp(&b.chance).then(b.after.cmp(&a.after)).then(a.cause.cmp(&b.cause)));
    let range = |(from, to)| Range { from: Instant(from), to: Instant(to) };
    let mut what = Prose::new().say(format!("Failures of {what}, counted in windows of {}; a window belongs to the time in which it begins", length(window)));
    if matches!(run.settings.compared, Some(Compared::Ranges(b, a)) if (b, a) != (before, after)) {
        what = what.say("; the log does not cover all of what was asked for, so these are the parts that it covers");
    }
    Some(Comparison { before: range(before), after: range(after), what, headline: headline(&changes), changes })
}

fn headline(changes: &[Change]) -> Prose {
    let few = changes.iter().filter(|c| c.verdict == TOO_FEW).count();
    let told: Vec<String> = ["new", "more", "less", "gone"]
        .into_iter()
        .map(|verdict| (changes.iter().filter(|c| c.verdict == verdict).count(), verdict))
        .filter(|(n, _)| *n > 0)
        .map(|(n, verdict)| format!("{n} {verdict}"))
        .collect();
    Prose::new().say(if told.is_empty() && few > 0 && few == changes.len() {
        "There are too few failures to tell whether anything changed.".to_owned()
    } else if told.is_empty() {
        "Nothing changed by more than chance explains.".to_owned()
    } else {
        format!("Changed by more than chance explains, of {} pairs of client and cause: {}.", changes.len(), told.join(", "))
    })
}

#[allow(clippy::cast_precision_loss)] // hours of a log
fn hours((from, to): (i64, i64)) -> f64 {
    (to - from).max(1) as f64 / 3_600_000.0
}

#[allow(clippy::cast_precision_loss)] // a rate
fn per(count: u64, hours: f64) -> f64 {
    count as f64 / hours
}

/// Returns the probability of counts that differ so much at equal rates.
fn chance([before, after]: [u64; 2], hours: [f64; 2]) -> f64 {
    let share = hours[1] / (hours[0] + hours[1]);
    let Ok(equal) = Binomial::new(share, before + after) else { return 1.0 };
    let above = after.checked_sub(1).map_or(1.0, |below| equal.sf(below));
    (2.0 * equal.cdf(after).min(above)).min(1.0)
}

/// Returns after by before, with its 95 % limits.
#[allow(clippy::cast_precision_loss)] // counts in a distribution
fn ratio([before, after]: [u64; 2], hours: [f64; 2]) -> Option<[f64; 3]> {
    if before == 0 {
        return None;
    }
    let (b, a) = (before as f64, after as f64);
    let odds = |share: f64| share / (1.0 - share) * hours[0] / hours[1];
    let low = if after == 0 { 0.0 } else { odds(Beta::new(a, b + 1.0).ok()?.inverse_cdf(0.025)) };
    let high = odds(Beta::new(a + 1.0, b).ok()?.inverse_cdf(0.975));
    let all = [per(after, hours[1]) / per(before, hours[0]), low, high];
    all.iter().all(|v| v.is_finite()).then_some(all)
}

fn verdict(counts: [u64; 2], hours: [f64; 2], level: f64) -> &'static str {
    let more = per(counts[1], hours[1]) > per(counts[0], hours[0]);
    let all = counts[0] + counts[1];
    match counts {
        // even if all of them had come on one side
        _ if chance([all, 0], hours).min(chance([0, all], hours)) >= level => TOO_FEW,
        _ if chance(counts, hours) >= level => "same",
        [0, _] => "new",
        [_, 0] => "gone",
        _ if more => "more",
        _ => "less",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_only_where_chance_does_not_explain_it() {
        let table = [
            ([10, 10], [1.0, 1.0], "same"),
            ([10, 12], [1.0, 1.0], "same"),
            ([2, 40], [1.0, 1.0], "more"),
            ([40, 2], [1.0, 1.0], "less"),
            ([0, 20], [1.0, 1.0], "new"),
            ([20, 0], [1.0, 1.0], "gone"),
            ([0, 1], [1.0, 1.0], TOO_FEW),
            ([2, 3], [1.0, 1.0], TOO_FEW),
            ([3, 3], [1.0, 1.0], "same"),
            // ten times as long: ten times as many are the same
            ([10, 100], [1.0, 10.0], "same"),
        ];
        for (counts, hours, want) in table {
            assert_eq!(verdict(counts, hours, 0.05), want, "{counts:?}");
        }
    }

    #[test]
    fn limits_stand_around_the_ratio() {
        // Clopper and Pearson for 8 of 10: 0.4439 to 0.9748
        let [ratio, low, high] = ratio([2, 8], [1.0, 1.0]).expect("a ratio");
        assert!((ratio - 4.0).abs() < 1e-9 && (low - 0.4439 / 0.5561).abs() < 0.01 && (high - 0.9748 / 0.0252).abs() < 0.5, "{low} {high}");
        assert_eq!(super::ratio([0, 3], [1.0, 1.0]), None);
        assert!((chance([5, 5], [1.0, 1.0]) - 1.0).abs() < 1e-9);
        assert!((chance([0, 5], [1.0, 1.0]) - 0.0625).abs() < 1e-9);
    }
}
