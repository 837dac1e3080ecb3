//! An account to its incidents and its chronic clients.

use std::collections::{BTreeMap, BTreeSet};

use super::burst::{AFTER_TRIGGER, Burst, bursts};
use super::chronic::chronic;
use super::fold::fold;
use super::grid::Grid;
use super::happened::Happened;
use super::matter::matters;
use super::series::{Of, Series, series};
use super::{Incidents, Settings};
use crate::tally::Account;
use crate::tally::account::Name;

/// Returns the incidents and the chronic clients of an account.
///
/// It depends on what the account holds alone: the order of merging and the number of threads change nothing.
#[must_use]
pub fn find(account: &Account, settings: &Settings) -> Incidents {
    let Some(grid) = Grid::of(account) else { return Incidents::default() };
    let all = series(account, grid);
    let book = Book::of(account, &all);
    let happened = Happened::of(account, grid);
    let triggers = happened.explaining(&all);
    let mut found = bursts(&all, &triggers, grid, *settings);
    for burst in &mut found {
        let first = triggers[burst.series].iter().rev().map(|t| t.0).find(|t| (*t..*t + AFTER_TRIGGER).contains(&burst.range.start));
        // the first few after it may be too few to be a part of what is sure
        burst.range.start = first.unwrap_or(burst.range.start);
    }
    let suspects = |burst: &Burst| {
        let series = &all[burst.series];
        // where there are failures without the burst, the first of the window may be one of those
        let slack_ms = if burst.expected > 0.0 { grid.window_ms } else { 0 };
        let well = series.served.iter().rev().find(|p| p.0 <= burst.range.start).map(|p| grid.time(p.0));
        happened.suspects(&series.of, start(&all, &book, burst, grid), slack_ms, well)
    };
    let matters = matters(found, &all, &book, grid, suspects);
    let mut incidents: Vec<_> = matters.iter().map(|m| fold(m, account, &all, &book, grid)).collect();
    let chronic = chronic(account, &all, incidents.iter().map(|(_, parts)| parts.as_slice()), grid);
    incidents.sort_by(|(a, _), (b, _)| excess(b).total_cmp(&excess(a)).then(a.start.cmp(&b.start)).then(a.realm.cmp(&b.realm)).then(a.cause.cmp(&b.cause)));
    Incidents { incidents: incidents.into_iter().map(|(incident, _)| incident).collect(), chronic }
}

fn excess(incident: &super::Incident) -> f64 {
    super::grid::real(incident.count) - incident.expected
}

/// Which series there are of a realm and cause, and in which realms successes are seen.
pub(super) struct Book<'a> {
    series: BTreeMap<Of, Vec<usize>>,
    served: BTreeSet<&'a Name>,
}

impl<'a> Book<'a> {
    fn of(account: &'a Account, all: &[Series<'_>]) -> Self {
        let mut book: BTreeMap<Of, Vec<usize>> = BTreeMap::new();
        for (number, series) in all.iter().enumerate().filter(|(_, s)| s.of.client.is_some()) {
            book.entry(Of { client: None, ..series.of.clone() }).or_default().push(number);
            book.entry(series.of.clone()).or_default().push(number);
        }
        Book { series: book, served: account.successes.iter().flatten().map(|((_, realm, _), _)| realm).collect() }
    }

    /// Whether successes are seen in a realm.
    pub(super) fn shows_successes(&self, realm: &Name) -> bool {
        self.served.contains(realm)
    }

    /// Returns the series of a client, or of all clients of a realm.
    pub(super) fn series(&self, of: &Of) -> &[usize] {
        self.series.get(of).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Returns the time of the first failure of a burst: where it begins with a trigger that explains it, of the first after that.
pub(super) fn start(all: &[Series<'_>], book: &Book<'_>, burst: &Burst, grid: Grid) -> i64 {
    let window = grid.time(burst.range.start);
    let of = &all[burst.series].of;
    let cells = book.series(of).iter().flat_map(|n| &all[*n].cells);
    let first = cells.filter_map(|(key, cell)| match key.window {
        Some(_) => cell.first,
        None => cell.windows.iter().find(|w| w.0 >= window).map(|w| w.2),
    });
    first.filter(|t| *t >= window).min().unwrap_or(window)
}
