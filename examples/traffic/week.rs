//! Made-up counts of failed token requests: what clients do all the time, and what can be planted among it.
//!
//! Input: a seed. Output: an [`Account`], as a scan of such a log would have counted it. Nothing in it was fitted to a recording: rates are drawn from five orders of
//! magnitude, and how failures scatter from what is known of counts of such kind (Poisson, gamma-mixed, in clumps, with a rate that wanders).

use std::sync::Arc;

use kctriage::cause::Cause;
use kctriage::finding::Confidence;
use kctriage::tally::account::{Served, Successes};
use kctriage::tally::incident::{Change, Trigger};
use kctriage::tally::{Account, Cell, Key};
use rand::SeedableRng;
use rand_distr::{Distribution, Exp1, Gamma, Geometric, Normal, Poisson, StandardUniform};
use rand_pcg::Pcg64Mcg;

/// A Monday, so that the days of the week are where they should be.
pub const MONDAY: i64 = 1_795_392_000_000;

const HOUR_MS: f64 = 3_600_000.0;

/// Numbers by chance, the same for the same seed.
pub struct Chance(Pcg64Mcg);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Chance(Pcg64Mcg::seed_from_u64(seed))
    }

    pub fn unit(&mut self) -> f64 {
        StandardUniform.sample(&mut self.0)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a number below `n`
    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Returns a number between two, all orders of magnitude alike.
    fn magnitude(&mut self, from: f64, to: f64) -> f64 {
        (from.ln() + self.unit() * (to / from).ln()).exp()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 0.0 { Poisson::new(mean).expect("above zero").sample(&mut self.0) as u64 } else { 0 }
    }

    /// Returns a count whose variance is `index` times its mean.
    fn negative_binomial(&mut self, mean: f64, index: f64) -> u64 {
        let scale = index - 1.0;
        if mean <= 0.0 || scale <= 0.0 {
            return self.poisson(mean);
        }
        let rate = Gamma::new(mean / scale, scale).expect("above zero").sample(&mut self.0);
        self.poisson(rate)
    }
}

/// When a client's requests come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rhythm {
    /// At any time alike: machines.
    Even,
    /// From eight to six, hardly at weekends.
    Office,
    /// As a sine with its peak at eight in the evening, some more at weekends.
    Evening,
    /// In the first minutes of each hour.
    Hourly,
    /// Once a night.
    Nightly,
}

impl Rhythm {
    /// Returns how much of its mean rate a client has then.
    fn at(self, ms: i64) -> f64 {
        let hours = (ms - MONDAY) as f64 / HOUR_MS;
        let (day, hour) = (hours.div_euclid(24.0).rem_euclid(7.0), hours.rem_euclid(24.0));
        let weekend = day >= 5.0;
        match self {
            Rhythm::Even => 1.0,
            Rhythm::Office => {
                // people come and go within an hour or two, and some have lunch
                let step = |at: f64, width: f64| 1.0 / (1.0 + (-(hour - at) / width).exp());
                let busy = step(8.5, 0.4) * (1.0 - step(17.5, 0.5)) * (1.0 - 0.3 * (-((hour - 12.5) / 0.6).powi(2)).exp());
                (0.06 + 3.2 * busy) * if weekend { 0.15 } else { 1.0 }
            }
            Rhythm::Evening => (1.0 + 0.9 * ((hour - 20.0) / 24.0 * std::f64::consts::TAU).cos()) * if weekend { 1.25 } else { 0.9 },
            Rhythm::Hourly => {
                if hour.fract() < 1.0 / 12.0 {
                    12.0
                } else {
                    0.0
                }
            }
            Rhythm::Nightly => {
                if (2.0..2.25).contains(&hour) {
                    96.0
                } else {
                    0.0
                }
            }
        }
    }
}

/// How counts scatter about their rate.
#[derive(Debug, Clone, Copy)]
pub enum Scatter {
    /// Each failure for itself.
    Poisson,
    /// Variance so many times the mean.
    Overdispersed(f64),
    /// Each mishap brings so many, on average.
    Retries(f64),
    /// The rate wanders: the standard deviation of its logarithm, and in how many hours it forgets.
    Wandering { sigma: f64, hours: f64 },
}

/// A client that fails for one cause, all the time.
#[derive(Debug, Clone)]
pub struct Client {
    pub name: Arc<str>,
    pub realm: Arc<str>,
    pub cause: Cause,
    pub per_hour: f64,
    pub rhythm: Rhythm,
    pub scatter: Scatter,
}

/// Something that really happened.
#[derive(Debug, Clone, Copy)]
pub struct Planted {
    /// The number of the client.
    pub client: usize,
    pub start: i64,
    pub length_ms: i64,
    /// Failures an hour above what is usual.
    pub per_hour: f64,
}

/// Causes that the clients of a week have, the usual ones more often.
const CAUSES: [Cause; 8] = [
    Cause::CodeExpired,
    Cause::CodeReused,
    Cause::RefreshTokenInvalid,
    Cause::RefreshTokenInvalid,
    Cause::SessionTerminated,
    Cause::WrongClientSecret,
    Cause::UserCredentials,
    Cause::RedirectUriMismatch,
];

/// Draws clients of all sizes and kinds.
pub fn clients(chance: &mut Chance, count: usize) -> Vec<Client> {
    (0..count)
        .map(|number| {
            let rhythm = match chance.below(10) {
                0..4 => Rhythm::Even,
                4..6 => Rhythm::Office,
                6..8 => Rhythm::Evening,
                8 => Rhythm::Hourly,
                _ => Rhythm::Nightly,
            };
            let scatter = match chance.below(8) {
                0..3 => Scatter::Poisson,
                3 | 4 => Scatter::Overdispersed(chance.magnitude(1.5, 8.0)),
                5 | 6 => Scatter::Retries(1.0 + 4.0 * chance.unit()),
                _ => Scatter::Wandering { sigma: 0.3, hours: chance.magnitude(0.5, 12.0) },
            };
            Client {
                name: format!("client-{number}").into(),
                realm: if number % 3 == 0 { "staff" } else { "shop" }.into(),
                cause: CAUSES[chance.below(CAUSES.len())],
                per_hour: chance.magnitude(0.01, 1000.0),
                rhythm,
                scatter,
            }
        })
        .collect()
}

/// How a week is counted.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    pub start: i64,
    pub window_ms: i64,
    pub windows: usize,
}

impl Grid {
    pub fn days(days: usize, window_ms: i64) -> Self {
        let windows = days * usize::try_from(86_400_000 / window_ms).expect("small");
        Grid { start: MONDAY, window_ms, windows }
    }

    pub fn at(self, window: usize) -> i64 {
        self.start + i64::try_from(window).expect("small") * self.window_ms
    }
}

fn add(account: &mut Account, client: &Client, window: i64, first: i64, count: u64) {
    let key = Key {
        window: Some(window),
        realm: Some(client.realm.clone()),
        client: Some(client.name.clone()),
        cause: client.cause,
        confidence: Confidence::Certain,
    };
    let last = window + account.tally.window_ms - 1;
    account.tally.cells.entry(key).or_default().merge(&Cell { count, first: Some(first), last: Some(last), ..Cell::default() });
}

/// Returns what the clients do in the windows of a grid, with what is planted among it; `served`: successes are seen, too.
pub fn account(chance: &mut Chance, clients: &[Client], planted: &[Planted], grid: Grid, served: bool) -> Account {
    let mut account = Account::new(grid.window_ms);
    account.span = Some((grid.start, grid.at(grid.windows) - 1));
    let mut successes = Successes::new();
    let normal = Normal::new(0.0, 1.0).expect("a deviation");
    for (number, client) in clients.iter().enumerate() {
        let mut wander = 0.0;
        for window in 0..grid.windows {
            let at = grid.at(window);
            let hours = grid.window_ms as f64 / HOUR_MS;
            let mut mean = client.per_hour * client.rhythm.at(at) * hours;
            if served {
                // one request in twenty fails
                let exchanges = chance.poisson(mean * 19.0);
                if exchanges > 0 {
                    successes.insert((Some(at), Some(client.realm.clone()), Some(client.name.clone())), Served { exchanges, ..Served::default() });
                }
            }
            let count = match client.scatter {
                Scatter::Poisson => chance.poisson(mean),
                Scatter::Overdispersed(index) => chance.negative_binomial(mean, index),
                Scatter::Retries(more) => {
                    let mishaps = chance.poisson(mean / more);
                    let retries = Geometric::new(1.0 / more).expect("a part of one");
                    mishaps + (0..mishaps).map(|_| retries.sample(&mut chance.0)).sum::<u64>()
                }
                Scatter::Wandering { sigma, hours: memory } => {
                    let keeps = (-hours / memory).exp();
                    wander = wander * keeps + normal.sample(&mut chance.0) * sigma * (1.0 - keeps * keeps).sqrt();
                    mean *= f64::exp(wander);
                    chance.poisson(mean)
                }
            };
            let first = at + (chance.unit() * grid.window_ms as f64) as i64;
            if count > 0 {
                add(&mut account, client, at, first, count);
            }
            for burst in planted.iter().filter(|p| p.client == number) {
                let (from, to) = (burst.start.max(at), (burst.start + burst.length_ms).min(at + grid.window_ms));
                let more = if from < to { chance.poisson(burst.per_hour * (to - from) as f64 / HOUR_MS) } else { 0 };
                if more > 0 {
                    let wait: f64 = Exp1.sample(&mut chance.0);
                    let first = from + (wait * (to - from) as f64 / more as f64) as i64;
                    add(&mut account, client, at, first.min(to - 1), more);
                }
            }
        }
    }
    account.successes = served.then_some(successes);
    account
}

/// Adds restarts, changes and nodes that come and go by day, and that change nothing.
pub fn deployments(chance: &mut Chance, account: &mut Account, clients: &[Client], grid: Grid, count: usize) {
    for _ in 0..count {
        let day = grid.at(0) + i64::try_from(chance.below(grid.windows)).expect("small") * grid.window_ms;
        let time = day.div_euclid(86_400_000) * 86_400_000 + ((8.0 + 10.0 * chance.unit()) * HOUR_MS) as i64;
        let client = &clients[chance.below(clients.len())];
        let (what, of_client) = match chance.below(6) {
            0 => (Change::ServerStarted { version: Some("26.7.3".into()), before: Some("26.6.1".into()) }, false),
            1 => (Change::ServerStopped, false),
            2 => (Change::NodeJoined, false),
            3 => (Change::RealmUpdated, false),
            4 => (Change::SecretRegenerated, true),
            _ => (Change::ClientUpdated, true),
        };
        let realm = matches!(what, Change::RealmUpdated).then(|| client.realm.clone());
        account.triggers.insert(Trigger { time, what, realm, client: of_client.then(|| client.name.clone()), node: None, place: None });
    }
}
