use std::sync::Arc;

use super::*;
use crate::finding::Confidence;
use crate::tally::account::Served;
use crate::tally::{Account, Cell, Key};

const WINDOW: i64 = 300_000;
const DAY: usize = 288;

/// A generator of counts that is the same in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        super::grid::real(self.0 >> 12) / super::grid::real(1 << 52)
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 30.0 {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let (limit, mut product, mut n) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            n += 1;
        }
        n
    }
}

/// An account of so many windows, that begins at the start of a day.
fn account(windows: usize) -> Account {
    let mut account = Account::new(WINDOW);
    account.span = Some((0, at(windows) - 1));
    account
}

fn at(window: usize) -> i64 {
    i64::try_from(window).expect("small") * WINDOW
}

fn add(account: &mut Account, client: &str, cause: Cause, window: usize, count: u64) {
    if count == 0 {
        return;
    }
    let key = Key { window: Some(at(window)), realm: Some("shop".into()), client: Some(Arc::from(client)), cause, confidence: Confidence::Certain };
    let cell = Cell { count, first: Some(at(window) + 1000), last: Some(at(window) + 200_000), ..Cell::default() };
    account.tally.cells.entry(key).or_default().merge(&cell);
}

fn trigger(account: &mut Account, window: usize, what: Change) {
    account.triggers.insert(Trigger { time: at(window) + 500, what, realm: None, client: None, node: None, place: None });
}

/// What is said of an incident, on one line.
fn told(incidents: &[Incident]) -> String {
    let line = |i: &Incident| {
        let clients: Vec<_> = i.clients.iter().take(3).filter_map(|c| c.client.as_deref()).collect();
        let (from, to) = (i.start / WINDOW, i.last / WINDOW);
        format!("{} {clients:?} windows {from}..={to}: {} for {:.1}, {:.1} {:?}", i.cause.slug(), i.count, i.expected, i.surprise, i.state)
    };
    incidents.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn found(account: &Account) -> Vec<Incident> {
    find(account, &Settings::default()).incidents
}

/// Steady failures of clients with rates from one a day to some a window, as Poisson has them, or in clumps of retries.
fn steady(seed: u64, windows: usize, clump: u64) -> Account {
    let mut dice = Dice(seed);
    let mut account = account(windows);
    for n in 0..40u32 {
        let rate = 0.003 * 1.2f64.powi(i32::try_from(n).expect("small"));
        for window in 0..windows {
            let count = dice.poisson(rate) * clump;
            add(&mut account, &format!("client-{n}"), Cause::CodeExpired, window, count);
        }
    }
    account
}

#[test]
fn steady_failures_are_no_incident() {
    for seed in 1..6 {
        for (windows, clump) in [(DAY * 7, 1), (DAY, 1), (24, 1), (DAY * 7, 3), (DAY * 7, 12)] {
            let account = steady(seed * 77_777, windows, clump);
            let incidents = found(&account);
            assert!(incidents.is_empty(), "seed {seed}, {windows} windows, {clump} at once: {}", told(&incidents));
        }
    }
}

#[test]
fn single_failures_and_a_few_retries_are_no_incident() {
    for windows in [3, 12, DAY, 7 * DAY] {
        for count in 1..5 {
            let mut account = account(windows);
            add(&mut account, "web", Cause::CodeExpired, windows / 2, count);
            assert_eq!(told(&found(&account)), "", "{count} in {windows} windows");
        }
    }
}

#[test]
fn a_burst_is_an_incident_with_its_start_peak_and_end() {
    let mut account = steady(5, 7 * DAY, 1);
    for (window, count) in [(1000, 12), (1001, 40), (1002, 25), (1003, 8)] {
        add(&mut account, "client-3", Cause::CodeExpired, window, count);
    }
    let incidents = found(&account);
    assert_eq!(incidents.len(), 1, "{}", told(&incidents));
    let i = &incidents[0];
    assert_eq!((i.start, i.peak, i.state), (at(1000) + 1000, at(1001), State::Over));
    assert!((85..90).contains(&i.count) && i.expected < 2.0 && i.surprise > 12.0, "{i:#?}");
    assert_eq!(i.clients[0].client.as_deref(), Some("client-3"));
    assert_eq!(i.triggers, []);
}

#[test]
fn a_level_shift_goes_on_until_the_log_ends() {
    let mut dice = Dice(99);
    let mut account = account(3 * DAY);
    for window in 0..3 * DAY {
        let rate = if window < 700 { 0.5 } else { 3.0 };
        add(&mut account, "web", Cause::CodeReused, window, dice.poisson(rate));
    }
    let incidents = found(&account);
    assert_eq!(incidents.len(), 1, "{}", told(&incidents));
    assert_eq!(incidents[0].state, State::Going);
    assert!((incidents[0].start - at(700)).abs() <= 4 * WINDOW, "{}", incidents[0].start / WINDOW);
}

#[test]
fn a_ramp_is_one_incident() {
    let mut dice = Dice(4);
    let mut account = account(2 * DAY);
    for window in 0..2 * DAY {
        let above = window.checked_sub(300).filter(|w| *w < 12).map_or(0.0, super::grid::windows);
        add(&mut account, "web", Cause::PkceMismatch, window, dice.poisson(0.3 + 3.0 * above));
    }
    let incidents = found(&account);
    assert_eq!(incidents.len(), 1, "{}", told(&incidents));
    assert!((incidents[0].start - at(301)).abs() <= 3 * WINDOW);
}

#[test]
fn day_and_night_are_no_incidents() {
    for days in [1, 2, 3, 7] {
        for most in [0.2, 2.0, 20.0] {
            let mut dice = Dice(31 + days as u64);
            let mut account = account(days * DAY);
            for window in 0..days * DAY {
                let phase = super::grid::windows(window % DAY) / super::grid::windows(DAY) * std::f64::consts::TAU;
                add(&mut account, "web", Cause::CodeExpired, window, dice.poisson(most * (1.0 - phase.cos()) / 2.0));
            }
            let incidents = found(&account);
            assert!(incidents.is_empty(), "{days} days, up to {most} a window: {}", told(&incidents));
        }
    }
}

#[test]
fn a_job_that_fails_each_night_is_no_incident_but_an_outage_by_day_is() {
    let mut account = account(7 * DAY);
    for day in 0..7 {
        add(&mut account, "nightly", Cause::WrongClientSecret, day * DAY + 24, 20);
    }
    assert_eq!(told(&found(&account)), "");
    for window in 150..153 {
        add(&mut account, "nightly", Cause::WrongClientSecret, 3 * DAY + window, 150);
    }
    let incidents = found(&account);
    assert_eq!(incidents.iter().map(|i| i.start).collect::<Vec<_>>(), [at(3 * DAY + 150) + 1000]);
}

#[test]
fn two_outages_of_a_week_are_two_incidents() {
    let mut account = steady(12, 7 * DAY, 1);
    for window in [300, 301, 1500, 1501] {
        add(&mut account, "client-2", Cause::CodeExpired, window, 60);
    }
    assert_eq!(found(&account).len(), 2);
}

#[test]
fn more_traffic_is_no_incident_where_successes_show_it() {
    let mut account = account(DAY);
    let mut dice = Dice(8);
    let mut successes = crate::tally::account::Successes::new();
    for window in 0..DAY {
        let traffic = if (100..140).contains(&window) { 30.0 } else { 1.0 };
        add(&mut account, "web", Cause::CodeExpired, window, dice.poisson(traffic));
        let key = (Some(at(window)), Some("shop".into()), Some("web".into()));
        successes.insert(key, Served { exchanges: dice.poisson(20.0 * traffic), ..Served::default() });
    }
    assert_eq!(found(&account).len(), 1);
    account.successes = Some(successes);
    assert_eq!(told(&found(&account)), "");
}

#[test]
fn clients_with_one_trigger_are_one_incident() {
    let mut account = account(DAY);
    trigger(&mut account, 100, Change::ServerStopped);
    trigger(&mut account, 101, Change::ServerStarted { version: Some("26.7.3".into()), before: Some("25.0.6".into()) });
    for (client, cause, count) in [("web", Cause::SessionTerminated, 30), ("web", Cause::RefreshTokenInvalid, 60), ("billing", Cause::RefreshTokenInvalid, 40)]
    {
        for window in 101..103 {
            add(&mut account, client, cause, window, count / 2);
        }
    }
    let incidents = found(&account);
    assert_eq!(incidents.len(), 1, "{}", told(&incidents));
    let i = &incidents[0];
    assert_eq!((i.count, i.cause, i.cascade.as_slice()), (130, Cause::RefreshTokenInvalid, &[(Cause::SessionTerminated, 30)][..]));
    assert_eq!(i.clients.iter().map(|c| c.count).collect::<Vec<_>>(), [90, 40]);
    assert!(matches!(i.triggers[0].what, Change::ServerStarted { .. }), "{:#?}", i.triggers);
}

#[test]
fn many_clients_with_too_few_failures_each_are_seen_together() {
    let mut account = account(DAY);
    for client in 0..60 {
        add(&mut account, &format!("spa-{client}"), Cause::SessionTerminated, 200, 2);
    }
    let incidents = found(&account);
    assert_eq!(incidents.len(), 1, "{}", told(&incidents));
    assert_eq!((incidents[0].count, incidents[0].clients.len()), (120, 60));
}

#[test]
fn a_trigger_that_explains_the_cause_makes_a_smaller_burst_sure() {
    let build = |what: Option<Change>| {
        let mut account = account(DAY);
        add(&mut account, "batch", Cause::WrongClientSecret, 100, 5);
        add(&mut account, "batch", Cause::WrongClientSecret, 101, 4);
        if let Some(what) = what {
            trigger(&mut account, 100, what);
        }
        account
    };
    let with = found(&build(Some(Change::SecretRegenerated)));
    assert_eq!(with.iter().map(|i| i.triggers.len()).collect::<Vec<_>>(), [1]);
    assert_eq!(found(&build(Some(Change::NodeJoined))), []);
    assert_eq!(found(&build(None)), []);
}

#[test]
fn what_goes_on_all_the_time_is_chronic() {
    let account = steady(3, 7 * DAY, 1);
    let chronic = find(&account, &Settings::default()).chronic;
    assert!(chronic.iter().any(|c| c.client.as_deref() == Some("client-39") && c.habit == Habit::Steady), "{chronic:#?}");
    assert!(chronic.iter().all(|c| c.client.as_deref() != Some("client-0")));
    let hours = 7.0 * 24.0;
    assert!(chronic.iter().all(|c| (c.per_hour - super::grid::real(c.count) / hours).abs() < 0.01));
}

#[test]
fn the_order_of_merging_changes_nothing() {
    let mut whole = steady(17, 2 * DAY, 1);
    for window in 100..104 {
        add(&mut whole, "client-9", Cause::CodeExpired, window, 50);
    }
    let split = |keep: &dyn Fn(i64) -> bool| {
        let mut part = whole.clone();
        part.tally.cells.retain(|k, _| k.window.is_some_and(keep));
        part
    };
    let (a, b, c) = (split(&|w| w < at(90)), split(&|w| (at(90)..at(102)).contains(&w)), split(&|w| w >= at(102)));
    let merged = |parts: [&Account; 3]| {
        let mut all = Account::new(WINDOW);
        for part in parts {
            all.merge(part).expect("windows of one length");
        }
        find(&all, &Settings::default())
    };
    let expected = find(&whole, &Settings::default());
    assert_eq!(expected.incidents.len(), 1);
    assert_eq!(merged([&a, &b, &c]), expected);
    assert_eq!(merged([&c, &a, &b]), expected);
}

#[test]
fn tokens_that_are_refreshed_as_soon_as_they_are_given_are_told() {
    let mut account = account(DAY);
    let mut successes = crate::tally::account::Successes::new();
    for (client, every, ms) in [("spa", 6, 3000), ("batch", 6, 240_000), ("once", DAY, 3000), ("pair", 6, 300)] {
        let name: Option<Arc<str>> = Some(client.into());
        for window in (0..DAY).step_by(every) {
            successes.insert((Some(at(window)), Some("shop".into()), name.clone()), Served { refreshes: 10, ..Served::default() });
            let ages = account.refresh_ages.entry((Some("shop".into()), name.clone())).or_default();
            (0..10).for_each(|_| ages.add(ms));
        }
    }
    account.successes = Some(successes);
    let chronic = find(&account, &Settings::default()).chronic;
    let told: Vec<_> = chronic.iter().map(|c| (c.client.as_deref().unwrap_or_default(), c.habit, c.count)).collect();
    assert_eq!(told, [("pair", Habit::RefreshStorm, 480), ("spa", Habit::EarlyRefresh, 480)]);
}
