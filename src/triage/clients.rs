//! What is known of clients: how each authenticates, and which uuid is whose.
//!
//! Input: the [`Joined`] signals in the merged order. Output: profiles by realm and client, and clients by uuid. Must not know sessions.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::joined::{Joined, What};
use super::profile::{Lesson, Profile};
use crate::names::{Key, Sym};
use crate::signal::Done;

/// How many profiles are kept: as many as a table of 131,072 places holds. Requests cannot make them up: only a client that exists has one.
const PROFILES: usize = 114_688;

/// How many uuids are kept: a code is a client's text, and its last part is taken for one.
const UUIDS: usize = 114_688;

/// A client of a realm; the realm by its id.
pub type Client = (Option<Sym>, Sym);

/// Profiles by realm and client.
pub type Profiles = HashMap<Client, Profile, RandomState>;

/// What is known of clients.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Clients {
    /// Profiles by realm and client.
    pub profiles: Profiles,
    /// Client uuids that companions paired with a client.
    pub uuids: HashMap<Key, Sym, RandomState>,
    /// A client came that has no profile because there was no room.
    pub full: bool,
    /// Somebody wants to know what changed.
    pub watched: bool,
    /// Clients that a profile changed of, where that is watched.
    pub touched: Vec<Client>,
}

impl Clients {
    /// Takes in a signal.
    #[inline]
    pub fn note(&mut self, joined: &Joined) {
        let (realm, client, lesson) = match &joined.what {
            What::Success(success, auth) => (success.realm, success.client, Lesson::of_success(success, *auth)),
            What::Failed(failed) => {
                let failure = &failed.failure;
                if let (Some(gone), Some(client)) = (failed.with.gone, failure.client) {
                    self.pair(gone.client, client);
                }
                let Some(lesson) = Lesson::of_failure(failed) else { return };
                (failure.realm_id, failure.client, lesson)
            }
            What::Admin(_) | What::Life(_) | What::Proxied(..) | What::Login(_) | What::Granted(..) => return,
        };
        if let (Some(client), Some(time)) = (client, joined.time)
            && let Some(profile) = self.profile((realm, client))
        {
            profile.learn(lesson, (time, joined.at));
            profile.exchanged |= matches!(&joined.what, What::Success(success, _) if success.done == Done::CodeToToken);
        }
    }

    /// Takes note of a client's uuid.
    fn pair(&mut self, uuid: Key, client: Sym) {
        if self.uuids.len() < UUIDS {
            self.uuids.insert(uuid, client);
        }
    }

    /// Returns the profile of a client, a new one if there is room.
    #[inline]
    fn profile(&mut self, client: Client) -> Option<&mut Profile> {
        let full = self.profiles.len() >= PROFILES;
        if self.watched && self.touched.last() != Some(&client) {
            self.touched.push(client);
        }
        match self.profiles.entry(client) {
            Entry::Vacant(_) if full => {
                self.full = true;
                None
            }
            entry => Some(entry.or_default()),
        }
    }
}
