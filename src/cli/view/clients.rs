//! The clients that failed: how often, when, and by which causes.

use std::collections::{BTreeSet, HashMap};

use kctriage::cause::Cause;
use kctriage::finding::Confidence;

use super::entry::Entry;
use super::series::Series;

/// Clients that are counted apart; the quietest make room for others.
const KEPT: usize = 1000;

/// Addresses of an episode that are told apart.
const ADDRESSES: usize = 50;

/// After so long a silence, failures of a cause are another episode.
const SILENCE_MS: i64 = 300_000;

/// Minutes whose failures weigh.
const MINUTES: usize = 5;

/// Failures of one client and one cause without a long silence between them.
#[derive(Debug, Clone)]
pub struct Episode {
    pub cause: Cause,
    /// The first failure of it.
    pub since: i64,
    /// The last one.
    pub last: i64,
    /// Failures.
    pub count: u64,
    /// How sure, in the order of [`Confidence::ALL`].
    pub sure: [u64; 3],
    /// The number of its last entry in the stream.
    pub entry: u64,
    /// The shortest and the longest time from login to failure.
    pub delays: Option<(i64, i64)>,
    /// Client addresses, up to a few.
    pub addresses: BTreeSet<String>,
    /// Failures of the last minutes, by the number of the minute.
    recent: [(i64, u32); MINUTES],
}

impl Episode {
    fn new(cause: Cause, time: i64) -> Self {
        let recent = [(i64::MIN, 0); MINUTES];
        Episode { cause, since: time, last: time, count: 0, sure: [0; 3], entry: 0, delays: None, addresses: BTreeSet::new(), recent }
    }

    fn add(&mut self, entry: &Entry, time: i64, number: u64) {
        if time - self.last > SILENCE_MS {
            *self = Episode::new(self.cause, time);
        }
        self.count += 1;
        self.sure[entry.confidence as usize] += 1;
        self.since = self.since.min(time);
        self.last = self.last.max(time);
        self.entry = number;
        if let Some(ms) = entry.delay_ms {
            let (least, most) = self.delays.unwrap_or((ms, ms));
            self.delays = Some((least.min(ms), most.max(ms)));
        }
        if let Some(ip) = entry.ip.as_ref().filter(|_| self.addresses.len() < ADDRESSES) {
            self.addresses.insert(ip.clone());
        }
        let minute = time.div_euclid(60_000);
        let slot = &mut self.recent[usize::try_from(minute.rem_euclid(i64::try_from(MINUTES).unwrap_or(1))).unwrap_or(0)];
        if slot.0 < minute {
            *slot = (minute, 0);
        }
        slot.1 = slot.1.saturating_add(u32::from(slot.0 == minute));
    }

    fn remove(&mut self, confidence: Confidence) {
        self.count = self.count.saturating_sub(1);
        let sure = &mut self.sure[confidence as usize];
        *sure = sure.saturating_sub(1);
    }

    /// Returns the failures of the last five minutes.
    pub fn recent(&self, now: i64) -> u64 {
        let minute = now.div_euclid(60_000);
        self.recent.iter().filter(|(m, _)| (minute - i64::try_from(MINUTES).unwrap_or(0)..=minute).contains(m)).map(|(_, n)| u64::from(*n)).sum()
    }

    /// Whether more addresses came than are told apart.
    pub fn has_more_addresses(&self) -> bool {
        self.addresses.len() == ADDRESSES
    }
}

/// A client of a realm.
#[derive(Debug, Clone, Default)]
pub struct Client {
    pub series: Series,
    /// By cause, the latest of each.
    pub episodes: Vec<Episode>,
    /// Failures by cause, over all episodes.
    pub causes: Vec<(Cause, u64)>,
    /// The last failure.
    pub last: i64,
}

impl Client {
    /// Returns the cause of most failures.
    pub fn main_cause(&self) -> Option<Cause> {
        self.causes.iter().max_by_key(|(cause, n)| (*n, std::cmp::Reverse(*cause))).map(|(cause, _)| *cause)
    }

    fn count(&mut self, cause: Cause) -> &mut u64 {
        let index = self.causes.iter().position(|(c, _)| *c == cause).unwrap_or_else(|| {
            self.causes.push((cause, 0));
            self.causes.len() - 1
        });
        &mut self.causes[index].1
    }
}

/// Who a client is: its realm and its name, as they are shown.
pub type Key = (Option<String>, Option<String>);

/// All clients that failed.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    known: HashMap<Key, Client>,
    /// Clients that made room for others.
    pub forgotten: u64,
}

impl Clients {
    /// Counts a failure.
    pub fn add(&mut self, entry: &Entry, number: u64) {
        let key = (entry.realm.clone(), entry.client.clone());
        if self.known.len() >= KEPT && !self.known.contains_key(&key) {
            self.make_room();
        }
        let client = self.known.entry(key).or_default();
        client.series.add(entry.time);
        *client.count(entry.cause) += 1;
        let Some(time) = entry.time else { return };
        client.last = client.last.max(time);
        let index = client.episodes.iter().position(|e| e.cause == entry.cause).unwrap_or_else(|| {
            client.episodes.push(Episode::new(entry.cause, time));
            client.episodes.len() - 1
        });
        client.episodes[index].add(entry, time, number);
    }

    /// Takes a failure back that was told with that cause.
    pub fn remove(&mut self, entry: &Entry, from: Cause, confidence: Confidence) {
        let Some(client) = self.known.get_mut(&(entry.realm.clone(), entry.client.clone())) else { return };
        client.series.remove(entry.time);
        let count = client.count(from);
        *count = count.saturating_sub(1);
        client.causes.retain(|(_, n)| *n > 0);
        if let Some(episode) = client.episodes.iter_mut().find(|e| e.cause == from) {
            episode.remove(confidence);
        }
        client.episodes.retain(|e| e.count > 0);
    }

    /// Forgets the quarter with the fewest failures, those that failed long ago before others.
    fn make_room(&mut self) {
        let mut all: Vec<(u64, i64, Key)> = self.known.iter().map(|(k, c)| (c.series.total(), c.last, k.clone())).collect();
        all.sort();
        for (.., key) in all.into_iter().take(KEPT / 4) {
            self.known.remove(&key);
            self.forgotten += 1;
        }
    }

    /// Iterates over the clients, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Client)> {
        self.known.iter()
    }

    /// Returns how many are kept.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Returns a client.
    pub fn get(&self, key: &Key) -> Option<&Client> {
        self.known.get(key)
    }
}
