//! Successful token requests to counts.
//!
//! Input: every joined signal in the merged order. Output: [`Successes`] by window, realm and client, and how old tokens are when they are refreshed. Only a
//! report needs them, so only a run that is asked to keeps them. Must not know failures.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::account::{Served, Successes};
use super::outcome::Ages;
use super::spread::start;
use super::{Delays, Filter, Ledger};
use crate::names::{Key, Names, Sym};
use crate::signal::Done;
use crate::triage::joined::{Joined, What};

/// Sessions whose last token is remembered; the oldest go first.
const SESSIONS: usize = 200_000;

/// When a session's client was last given a token.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Issued {
    times: HashMap<(Key, Sym), i64, RandomState>,
    order: VecDeque<(Key, Sym)>,
}

impl Issued {
    /// Takes note of a token; returns when the one before was given.
    fn replace(&mut self, session: Key, client: Sym, time: i64) -> Option<i64> {
        let before = self.times.insert((session, client), time);
        if before.is_none() {
            self.order.push_back((session, client));
            if self.order.len() > SESSIONS
                && let Some(oldest) = self.order.pop_front()
            {
                self.times.remove(&oldest);
            }
        }
        before
    }
}

/// A window, a realm and a client.
type Slot = (Option<i64>, Option<Sym>, Option<Sym>);

/// Counts of successful token requests, while a run goes on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Serving {
    window_ms: i64,
    /// How many clients are counted apart, as in [`Ledger`].
    clients: usize,
    /// Which of them are counted. Not saved: who goes on with a run says it again.
    #[serde(skip)]
    pub filter: Filter,
    counts: HashMap<Slot, Served, RandomState>,
    ages: HashMap<(Option<Sym>, Option<Sym>), Delays, RandomState>,
    issued: Issued,
}

impl Serving {
    /// Returns empty counts.
    #[must_use]
    pub fn new(window_ms: i64, clients: usize, filter: Filter) -> Self {
        Serving { window_ms: window_ms.max(1), clients, filter, counts: HashMap::default(), ages: HashMap::default(), issued: Issued::default() }
    }

    /// Takes in a signal.
    pub fn note(&mut self, joined: &Joined) {
        let What::Success(success, _) = &joined.what else { return };
        let served = match success.done {
            Done::CodeToToken => Served { exchanges: 1, ..Served::default() },
            Done::RefreshToken => Served { refreshes: 1, ..Served::default() },
            Done::ClientLogin | Done::Login => Served { grants: 1, ..Served::default() },
            Done::LoginWithCode | Done::SessionEnd | Done::RevokeGrant | Done::Other => return,
        };
        let client = success.client.map(|c| Ledger::counted(c, self.clients));
        let window = joined.time.map(|t| start(t, self.window_ms));
        let passes = self.filter.at(joined.time);
        if passes {
            self.counts.entry((window, success.realm, client)).or_default().merge(served);
        }
        if let (Some(session), Some(client), Some(time)) = (success.session, client, joined.time)
            && matches!(success.done, Done::CodeToToken | Done::RefreshToken)
            && let Some(before) = self.issued.replace(session, client, time)
            && success.done == Done::RefreshToken
            && passes
        {
            self.ages.entry((success.realm, Some(client))).or_default().add(time - before);
        }
    }

    /// Returns the counts by name, those that pass; `realm` names a realm by its id. `None` where none can be held against the failures that pass.
    #[must_use]
    pub fn finish(self, names: &Names, realm: impl Fn(Sym) -> Sym) -> Option<(Successes, Ages)> {
        self.filter.leaves_shares().then_some(())?;
        let text = |sym: Option<Sym>| sym.map(|s| Arc::<str>::from(names.text(s)));
        let (mut successes, mut ages) = (Successes::new(), Ages::new());
        for ((window, id, client), served) in self.counts {
            let (realm, client) = (text(id.map(&realm)), text(client));
            if self.filter.names(realm.as_deref(), client.as_deref()) {
                successes.entry((window, realm, client)).or_default().merge(served);
            }
        }
        for ((id, client), delays) in self.ages {
            let (realm, client) = (text(id.map(&realm)), text(client));
            if self.filter.names(realm.as_deref(), client.as_deref()) {
                ages.entry((realm, client)).or_default().merge(&delays);
            }
        }
        Some((successes, ages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Success;
    use crate::triage::joined::At;

    #[test]
    fn successes_are_counted_by_window_and_tokens_by_their_age() {
        let mut names = Names::default();
        let (id, shop, web) = (names.number(b"0f3a"), names.number(b"shop"), names.number(b"web"));
        let mut serving = Serving::new(60_000, 100, Filter::default());
        let mut note = |time, done| {
            let success = Success {
                done,
                realm: Some(id),
                client: Some(web),
                session: Some(Key::from(7)),
                method: None,
                assertion: false,
                offline: false,
                token: None,
                new_token: None,
            };
            let what = What::Success(success, None);
            serving.note(&Joined { time: Some(time), clock: time, node: 0, position: 0, at: At::new(0, 1, 0), stored: false, what });
        };
        note(0, Done::LoginWithCode);
        note(1000, Done::CodeToToken);
        note(3000, Done::RefreshToken);
        note(63_000, Done::RefreshToken);
        note(64_000, Done::ClientLogin);
        let (successes, ages) = serving.finish(&names, |realm| if realm == id { shop } else { realm }).expect("counts");
        let key = |window| (Some(window), Some("shop".into()), Some("web".into()));
        assert_eq!(successes[&key(0)], Served { exchanges: 1, refreshes: 1, grants: 0 });
        assert_eq!(successes[&key(60_000)], Served { exchanges: 0, refreshes: 1, grants: 1 });
        let ages = &ages[&(Some("shop".into()), Some("web".into()))];
        assert_eq!((ages.min, ages.max, ages.buckets.values().sum::<u64>()), (Some(2000), Some(60_000), 2));
    }
}
