//! What is normal here: the failures that are in no incident.
//!
//! Input: the run. Output: a sentence that says how many they are, how often they come and what most of them are. Must not judge anything anew.

use super::{Run, list, overview};
use crate::report::model::{Kind, Prose};
use crate::report::terminal::figure::{number, rate};
use crate::report::terminal::group::Group;

/// Groups of failures that are named.
const NAMED: usize = 3;

/// Returns the sentence; `None` where there is no incident, as the headline says it then, or nothing else failed.
pub(super) fn usual(run: &Run<'_>) -> Option<Prose> {
    let inside: u64 = run.incidents.iter().map(|i| i.count).sum();
    if run.incidents.is_empty() {
        return None;
    }
    let failures = run.account.tally.findings();
    let outside = failures.saturating_sub(inside);
    if outside == 0 {
        return Some("Apart from the incidents no token request failed.".into());
    }
    let often = run.account.span.and_then(|(from, to)| rate(outside, to - from)).map(|rate| format!(", {rate}")).unwrap_or_default();
    let share = share(run, outside).map(|percent| format!(", {percent} % of the other requests")).unwrap_or_default();
    let failed = if outside == 1 { "1 token request failed".to_owned() } else { format!("{} token requests failed", number(outside)) };
    let mut prose = Prose::new().say(format!("Apart from the incidents {failed}{often}{share}"));
    let mut groups: Vec<(&Group<'_>, u64)> = run.groups.iter().map(|g| (g, g.count - run.in_incidents(g))).filter(|(_, n)| *n > 0).collect();
    groups.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let named: Vec<Prose> = groups
        .iter()
        .map(|(group, n)| {
            let subject = run.subject_of(group);
            let realm = group.realm.filter(|_| run.has_realms()).map(|r| run.scribe.logged(Kind::Realm, r));
            let of = Prose::new().say(format!("{} {} of ", number(*n), group.cause.title())).then(subject.names(2, false));
            realm.map_or(of.clone(), |realm| of.say(" (").name(&realm).say(")"))
        })
        .collect();
    let hidden: u64 = groups.iter().skip(NAMED).map(|(_, n)| n).sum();
    if !named.is_empty() {
        prose = prose.say(": ").then(list(named.into_iter().take(NAMED).collect(), NAMED));
    }
    Some(if hidden > 0 { prose.say(format!("; and {} more.", number(hidden))) } else { prose.say(".") })
}

/// Returns how many in a hundred requests failed, those in incidents aside: a success is in none. Only where all successes are visible by client.
fn share(run: &Run<'_>, outside: u64) -> Option<f64> {
    if overview::is_partial(run) {
        return None;
    }
    let served: u64 = run.account.successes.iter().flatten().map(|(_, served)| served.total()).sum();
    overview::percent(outside, Some(served).filter(|n| *n > 0)?)
}
