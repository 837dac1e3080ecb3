//! Which session a refresh token is of, where the events do not say it.
//!
//! Up to 23 the events of a refresh name the token's id only. The exchange that gave the first token names both, and each refresh the id that it
//! took and the one that it gave, so the session follows from the chain. Input: joined signals in the merged order. Output: the same, with the
//! session filled in.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::joined::{Joined, What};
use crate::names::Key;
use crate::signal::Success;

/// Token ids that are remembered; the oldest go first.
const KEEP: usize = 400_000;

/// Sessions by token id.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Tokens {
    sessions: HashMap<Key, Key, RandomState>,
    order: VecDeque<Key>,
}

impl Tokens {
    /// Learns from a signal, and fills in its session where the chain tells it.
    #[inline]
    pub fn follow(&mut self, joined: &mut Joined) {
        match &mut joined.what {
            What::Success(success, _) => {
                if let Some(token) = success.token {
                    self.succeeded(success, token);
                }
            }
            What::Failed(failed) => {
                if let Some(token) = failed.failure.token {
                    failed.session = self.session(token);
                }
            }
            What::Admin(_) | What::Life(_) | What::Proxied(..) | What::Login(_) | What::Granted(..) => {}
        }
    }

    fn succeeded(&mut self, success: &mut Success, token: Key) {
        success.session = success.session.or_else(|| self.session(token));
        if let Some(session) = success.session {
            self.keep(success.new_token.unwrap_or(token), session);
        }
    }

    fn session(&self, token: Key) -> Option<Key> {
        self.sessions.get(&token).copied()
    }

    fn keep(&mut self, token: Key, session: Key) {
        if self.sessions.insert(token, session).is_none() {
            self.order.push_back(token);
            if self.order.len() > KEEP
                && let Some(old) = self.order.pop_front()
            {
                self.sessions.remove(&old);
            }
        }
    }
}
