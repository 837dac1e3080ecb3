//! Whether the requests of a client began to come from elsewhere, as after a deployment.

use std::collections::BTreeMap;
use std::ops::Range;

use super::find::Book;
use super::fold::Part;
use super::grid::Grid;
use super::series::{Of, Series};
use super::{Change, Incident, Trigger};
use crate::cause::Cause;
use crate::tally::Distinct;
use crate::tally::account::Name;

/// Failures on either side that say where a client's requests come from: with so many, a set of hosts has shown itself.
const ENOUGH: u64 = 8;

/// Returns a trigger for each client of an incident whose failures come from none of the addresses of before. Only failures name addresses, so that says nothing of a
/// client that had none; and where every failure has an address of its own, as those of browsers, new ones are no news.
pub(super) fn moved(parts: &[Part], all: &[Series<'_>], book: &Book<'_>, incident: &Incident, grid: Grid) -> Vec<Trigger> {
    let mut taken: BTreeMap<usize, Vec<&Range<usize>>> = BTreeMap::new();
    for part in parts {
        taken.entry(part.series).or_default().push(&part.range);
    }
    let is_in = |number: usize, window: i64| taken.get(&number).into_iter().flatten().any(|r| grid.index(window).is_some_and(|i| r.contains(&i)));
    let mut moved = Vec::new();
    let clients: std::collections::BTreeSet<&Option<Name>> = parts.iter().map(|p| &all[p.series].of.client).collect();
    for client in clients.into_iter().flatten() {
        let (mut before, mut inside) = (Seen::default(), Seen::default());
        let of = |cause: Cause| Of { realm: incident.realm.clone(), cause, client: Some(client.clone()) };
        let own = Cause::ALL.iter().flat_map(|cause| book.series(&of(*cause))).map(|n| (*n, &all[*n]));
        for (number, (key, cell)) in own.flat_map(|(n, s)| s.cells.iter().map(move |c| (n, c))) {
            let Some(window) = key.window else { continue };
            if is_in(number, window) {
                inside.add(cell.count, &cell.addresses);
            } else if window < incident.start {
                before.add(cell.count, &cell.addresses);
            }
        }
        if before.recurs() && inside.recurs() && before.addresses.is_disjoint(&inside.addresses) == Some(true) {
            let realm = incident.realm.clone();
            moved.push(Trigger { time: incident.start, what: Change::AddressesChanged, realm, client: client.clone(), node: None, place: None });
        }
    }
    moved
}

/// Where failures come from.
#[derive(Default)]
struct Seen {
    failures: u64,
    addresses: Distinct,
}

impl Seen {
    fn add(&mut self, failures: u64, addresses: &Distinct) {
        self.failures += failures;
        self.addresses.merge(addresses);
    }

    /// Whether the same few addresses come again and again.
    fn recurs(&self) -> bool {
        let (distinct, _) = self.addresses.count();
        self.failures >= ENOUGH && distinct > 0 && 2 * distinct <= self.failures
    }
}
