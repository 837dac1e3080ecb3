//! Successful token requests, and the age of tokens when they are refreshed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::read::{ReadError, time};
use super::row::Histogram;
use super::window;
use crate::report::escape::Untrusted;
use crate::tally::Delays;
use crate::tally::account::{Name, Served, Successes};

/// Successes of one window, realm and client.
#[derive(Serialize, Deserialize)]
pub(super) struct ServedEntry {
    window: Option<String>,
    realm: Option<String>,
    client: Option<String>,
    exchanges: u64,
    refreshes: u64,
    grants: u64,
}

/// How old a client's tokens are when they are refreshed.
#[derive(Serialize, Deserialize)]
pub(super) struct AgesEntry {
    realm: Option<String>,
    client: Option<String>,
    ages: Histogram,
}

fn masked(name: &Name) -> Option<String> {
    name.as_deref().map(|n| Untrusted::new(n).masked().into_owned())
}

/// Returns the successes in the order of their keys.
pub(super) fn entries(successes: &Successes) -> Vec<ServedEntry> {
    let mut shown: BTreeMap<_, Served> = BTreeMap::new();
    for ((at, realm, client), served) in successes {
        shown.entry((*at, masked(realm), masked(client))).or_default().merge(*served);
    }
    let entry = |((at, realm, client), s): ((Option<i64>, _, _), Served)| ServedEntry {
        window: at.and_then(window),
        realm,
        client,
        exchanges: s.exchanges,
        refreshes: s.refreshes,
        grants: s.grants,
    };
    shown.into_iter().map(entry).collect()
}

/// Returns the successes again.
pub(super) fn successes(entries: Vec<ServedEntry>) -> Result<Successes, ReadError> {
    let mut successes = Successes::new();
    for e in entries {
        let key = (e.window.as_deref().map(time).transpose()?, e.realm.map(Arc::from), e.client.map(Arc::from));
        successes.entry(key).or_default().merge(Served { exchanges: e.exchanges, refreshes: e.refreshes, grants: e.grants });
    }
    Ok(successes)
}

/// Returns the ages in the order of their keys.
pub(super) fn age_entries(ages: &BTreeMap<(Name, Name), Delays>) -> Vec<AgesEntry> {
    let mut shown: BTreeMap<_, Delays> = BTreeMap::new();
    for ((realm, client), delays) in ages {
        shown.entry((masked(realm), masked(client))).or_default().merge(delays);
    }
    shown.into_iter().map(|((realm, client), delays)| AgesEntry { realm, client, ages: Histogram::of(&delays) }).collect()
}

/// Returns the ages again.
pub(super) fn ages(entries: Vec<AgesEntry>) -> Result<BTreeMap<(Name, Name), Delays>, ReadError> {
    let mut ages: BTreeMap<_, Delays> = BTreeMap::new();
    for e in entries {
        ages.entry((e.realm.map(Arc::from), e.client.map(Arc::from))).or_default().merge(&e.ages.delays()?);
    }
    Ok(ages)
}
