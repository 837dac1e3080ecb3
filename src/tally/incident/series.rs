//! Counts of one cause over time: of one client, and of all clients of a realm.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::grid::Grid;
use crate::cause::Cause;
use crate::tally::account::Name;
use crate::tally::{Account, Cell, Key};

/// Counts by window, in the order of time; windows without any are left out.
pub(super) type Points = Vec<(usize, u64)>;

/// What series are told apart by; the client is `None` where all of a realm are added up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Of {
    pub(super) realm: Name,
    pub(super) cause: Cause,
    pub(super) client: Option<Name>,
}

/// Failures of one cause over time.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) of: Of,
    pub(super) points: Points,
    /// The cells of a client's series; none where clients are added up.
    pub(super) cells: Vec<(&'a Key, &'a Cell)>,
    /// Successful requests of the same client, or realm.
    pub(super) served: Points,
}

/// Returns the sum of the counts in some windows.
pub(super) fn sum(points: &[(usize, u64)], range: &Range<usize>) -> u64 {
    within(points, range).iter().map(|p| p.1).sum()
}

/// Returns the counts in some windows.
pub(super) fn within<'p>(points: &'p [(usize, u64)], range: &Range<usize>) -> &'p [(usize, u64)] {
    let from = points.partition_point(|p| p.0 < range.start);
    let to = points.partition_point(|p| p.0 < range.end);
    &points[from..to.max(from)]
}

/// Returns the windows of a cell and how many failures came in each, whichever way it keeps them.
pub(super) fn windows_of<'a>(key: &Key, cell: &'a Cell) -> impl Iterator<Item = (i64, u64)> + use<'a> {
    key.window.map(|w| (w, cell.count)).into_iter().chain(cell.windows.iter().map(|w| (w.0, w.1)))
}

/// Failures by window, and the cells that hold them.
type Counted<'a> = (BTreeMap<usize, u64>, Vec<(&'a Key, &'a Cell)>);

/// Returns the series of an account: those of clients first, in the order of their names; then those of realms with more than one client.
pub(super) fn series(account: &Account, grid: Grid) -> Vec<Series<'_>> {
    let mut clients: BTreeMap<Of, Counted<'_>> = BTreeMap::new();
    for (key, cell) in &account.tally.cells {
        let of = Of { realm: key.realm.clone(), cause: key.cause, client: Some(key.client.clone()) };
        let (points, cells) = clients.entry(of).or_default();
        for (window, count) in windows_of(key, cell) {
            if let Some(index) = grid.index(window) {
                *points.entry(index).or_default() += count;
            }
        }
        cells.push((key, cell));
    }
    let mut realms: BTreeMap<Of, (BTreeMap<usize, u64>, usize)> = BTreeMap::new();
    for (of, (points, _)) in &clients {
        let (all, of_clients) = realms.entry(Of { client: None, ..of.clone() }).or_default();
        *of_clients += 1;
        for (index, count) in points {
            *all.entry(*index).or_default() += count;
        }
    }
    let served = served(account, grid);
    let of_clients = clients.into_iter().map(|(of, (points, mut cells))| {
        cells.sort_by(|a, b| a.0.cmp(b.0));
        let served = served.get(&(of.realm.clone(), of.client.clone())).cloned().unwrap_or_default();
        Series { of, points: points.into_iter().collect(), cells, served }
    });
    let of_realms = realms.into_iter().filter(|(_, (_, clients))| *clients > 1).map(|(of, (points, _))| {
        let served = served.get(&(of.realm.clone(), None)).cloned().unwrap_or_default();
        Series { of, points: points.into_iter().collect(), cells: Vec::new(), served }
    });
    of_clients.chain(of_realms).collect()
}

/// Returns successes over time by realm and client, and by realm.
fn served(account: &Account, grid: Grid) -> BTreeMap<(Name, Option<Name>), Points> {
    let mut all: BTreeMap<(Name, Option<Name>), BTreeMap<usize, u64>> = BTreeMap::new();
    for ((window, realm, client), served) in account.successes.iter().flatten() {
        let Some(index) = window.and_then(|w| grid.index(w)) else { continue };
        for client in [None, Some(client.clone())] {
            *all.entry((realm.as_ref().map(Arc::clone), client)).or_default().entry(index).or_default() += served.total();
        }
    }
    all.into_iter().map(|(of, points)| (of, points.into_iter().collect())).collect()
}
