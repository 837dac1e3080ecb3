//! Measures how incidents are found, on made-up weeks: false alarms, and what is found of what was planted, how late.
//!
//! `cargo run --release --example traffic -- steady WEEKS [DAYS [WINDOW_S]]` counts incidents in weeks without any; `… -- bursts TRIALS` and `… -- shifts TRIALS` plant
//! them; `… -- crowd CLIENTS` says how long it takes where all of so many clients have a burst at once. Output is Markdown, the same for the same arguments; `docs/incidents.md` has it.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // counts of a few weeks
#![allow(clippy::print_stdout)]

mod week;

use std::collections::BTreeMap;
use std::env;

use kctriage::cause::Cause;
use kctriage::tally::Account;
use kctriage::tally::incident::{Incident, Settings, State, find};
use rayon::prelude::*;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use week::{Chance, Client, Grid, MONDAY, Planted, Rhythm, Scatter, account, clients, deployments};

const CLIENTS: usize = 60;
const MINUTE_MS: i64 = 60_000;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, default: usize| words.get(at).and_then(|w| w.parse().ok()).unwrap_or(default);
    match words.first().map(String::as_str) {
        Some("steady") => steady(number(1, 200), number(2, 7), number(3, 300)),
        Some("bursts") => bursts(number(1, 20)),
        Some("shifts") => shifts(number(1, 20)),
        Some("crowd") => crowd(number(1, 10_000)),
        _ => println!("steady WEEKS [DAYS [WINDOW_S]] | bursts TRIALS | shifts TRIALS | crowd CLIENTS"),
    }
}

/// Returns the limits of the mean of a Poisson count with 95 % confidence (Garwood, "Fiducial limits for the Poisson distribution", 1936).
fn limits(count: usize) -> (f64, f64) {
    let quantile = |freedom: f64, p: f64| ChiSquared::new(freedom).expect("above zero").inverse_cdf(p) / 2.0;
    let low = if count == 0 { 0.0 } else { quantile(2.0 * count as f64, 0.025) };
    (low, quantile(2.0 * count as f64 + 2.0, 0.975))
}

fn steady(weeks: usize, days: usize, window_s: usize) {
    let grid = Grid::days(days, i64::try_from(window_s).expect("small") * 1000);
    let found: Vec<(Vec<Client>, Vec<Incident>, u64)> = (0..weeks as u64)
        .into_par_iter()
        .map(|seed| {
            let mut chance = Chance::of(seed + 1);
            let clients = clients(&mut chance, CLIENTS);
            let mut account = account(&mut chance, &clients, &[], grid, seed % 2 == 1);
            deployments(&mut chance, &mut account, &clients, grid, 3 * days);
            let failures = account.tally.findings();
            (clients, find(&account, &Settings::default()).incidents, failures)
        })
        .collect();
    let incidents: usize = found.iter().map(|f| f.1.len()).sum();
    let failures: u64 = found.iter().map(|f| f.2).sum();
    let (low, high) = limits(incidents);
    let weeks_f = weeks as f64;
    println!(
        "{weeks} logs of {days} days, {CLIENTS} clients, windows of {window_s} s, {} failures a log, {} changes without consequence each:",
        failures / weeks as u64,
        3 * days
    );
    println!("{incidents} incidents; {:.4} a log (95 %: {:.4} to {:.4})", incidents as f64 / weeks_f, low / weeks_f, high / weeks_f);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (clients, incidents, _) in &found {
        for incident in incidents {
            let name = incident.clients.first().and_then(|c| c.client.clone());
            let kind = clients.iter().find(|c| Some(&c.name) == name.as_ref());
            let told = kind.map_or_else(String::new, |c| format!("{:?} {:?} {:.2}/h", c.rhythm, c.scatter, c.per_hour));
            *kinds
                .entry(format!(
                    "{told}: {} for {:.1}, surprise {:.1}, {} clients, {} windows, {:?}, at hour {:.1}",
                    incident.count,
                    incident.expected,
                    incident.surprise,
                    incident.clients.len(),
                    incident.windows.len(),
                    incident.triggers.first().map(|t| &t.what),
                    (incident.start - MONDAY) as f64 / 3_600_000.0
                ))
                .or_default() += 1;
        }
    }
    for (kind, count) in kinds {
        println!("  {count} × {kind}");
    }
}

/// All clients have a burst of five windows at once, and a few failures before and after.
fn crowd(count: usize) {
    for count in [count / 10, count] {
        let grid = Grid::days(7, 5 * MINUTE_MS);
        let mut chance = Chance::of(1);
        let mut all = clients(&mut chance, count);
        for client in &mut all {
            client.per_hour = 0.1;
        }
        let start = MONDAY + 2 * 86_400_000;
        let planted: Vec<Planted> = (0..count).map(|client| Planted { client, start, length_ms: 25 * MINUTE_MS, per_hour: 240.0 }).collect();
        let account = account(&mut chance, &all, &planted, grid, false);
        let begun = std::time::Instant::now();
        let incidents = find(&account, &Settings::default()).incidents;
        println!("{count} clients with a burst each: {} incidents in {} ms", incidents.len(), begun.elapsed().as_millis());
    }
}

/// The clients of a trial: the first is the one with the planted incident.
fn trial(seed: u64, per_hour: f64, scatter: Scatter) -> (Chance, Vec<Client>) {
    let mut chance = Chance::of(seed * 1_000_003 + 7);
    let mut all = clients(&mut chance, 20);
    all[0] = Client { per_hour, rhythm: Rhythm::Even, scatter, cause: Cause::CodeExpired, ..all[0].clone() };
    (chance, all)
}

/// Returns the incident that is the planted one.
fn planted<'i>(incidents: &'i [Incident], client: &Client, at: &Planted, window_ms: i64) -> Option<&'i Incident> {
    let is_it = |i: &&Incident| {
        i.cause == client.cause
            && i.clients.iter().any(|c| c.client.as_ref() == Some(&client.name))
            && i.start <= at.start + at.length_ms
            && i.last >= at.start - window_ms
    };
    incidents.iter().find(is_it)
}

/// Returns the account as it was when the log had come so far.
fn until(account: &Account, time: i64) -> Account {
    let mut part = account.clone();
    part.tally.cells.retain(|key, _| key.window.is_some_and(|w| w < time));
    if let Some(successes) = &mut part.successes {
        successes.retain(|key, _| key.0.is_some_and(|w| w < time));
    }
    part.triggers.retain(|t| t.time < time);
    part.span = part.span.map(|(first, _)| (first, time - 1));
    part
}

fn bursts(trials: usize) {
    let grid = Grid::days(7, 5 * MINUTE_MS);
    println!("| usual, an hour | scatter | smallest burst in 10 min that is found (9 in 10) | usual in 10 min | start off by, median |\n|---|---|---|---|---|");
    for scatter in [Scatter::Poisson, Scatter::Overdispersed(4.0)] {
        for per_hour in [0.01, 1.0, 10.0, 100.0] {
            let mut size = 8.0_f64.max(per_hour / 6.0);
            while size < 1e5 {
                let mut off: Vec<i64> = (0..trials as u64)
                    .into_par_iter()
                    .filter_map(|seed| {
                        let (mut chance, clients) = trial(seed, per_hour, scatter);
                        let start = MONDAY + (86_400_000.0 * (1.0 + 5.0 * chance.unit())) as i64;
                        let at = Planted { client: 0, start, length_ms: 10 * MINUTE_MS, per_hour: size * 6.0 };
                        let account = account(&mut chance, &clients, &[at], grid, false);
                        let incidents = find(&account, &Settings::default()).incidents;
                        planted(&incidents, &clients[0], &at, grid.window_ms).map(|i| (i.start - start).abs())
                    })
                    .collect();
                if 10 * off.len() >= 9 * trials {
                    off.sort_unstable();
                    println!("| {per_hour} | {scatter:?} | {size:.0} | {:.2} | {} s |", per_hour / 6.0, off[off.len() / 2] / 1000);
                    break;
                }
                size *= 1.5;
            }
        }
    }
}

fn shifts(trials: usize) {
    let grid = Grid::days(7, 5 * MINUTE_MS);
    let steps: [i64; 9] = [5, 10, 15, 30, 60, 120, 240, 720, 2880];
    println!("| usual, an hour | rate becomes | found | after, median (minutes) | nine in ten within | still going at the end |\n|---|---|---|---|---|---|");
    for per_hour in [0.1, 1.0, 10.0, 100.0] {
        for times in [3.0, 10.0, 30.0] {
            let found: Vec<(Option<i64>, bool)> = (0..trials as u64)
                .into_par_iter()
                .map(|seed| {
                    let (mut chance, clients) = trial(seed, per_hour, Scatter::Poisson);
                    let start = MONDAY + (86_400_000.0 * (3.0 + chance.unit())) as i64;
                    let at = Planted { client: 0, start, length_ms: 5 * 86_400_000, per_hour: per_hour * (times - 1.0) };
                    let account = account(&mut chance, &clients, &[at], grid, false);
                    let seen = |minutes: &i64| {
                        let part = until(&account, start + minutes * MINUTE_MS);
                        let incidents = find(&part, &Settings::default()).incidents;
                        planted(&incidents, &clients[0], &at, grid.window_ms).is_some()
                    };
                    let whole = find(&account, &Settings::default()).incidents;
                    let whole = planted(&whole, &clients[0], &at, grid.window_ms).map(|i| i.state);
                    (steps.iter().find(|s| seen(s)).copied(), whole == Some(State::Going))
                })
                .collect();
            let mut after: Vec<i64> = found.iter().filter_map(|f| f.0).collect();
            after.sort_unstable();
            let at = |tenths: usize| after.get((tenths * trials).div_ceil(10) - 1).map_or("–".to_owned(), ToString::to_string);
            let going = found.iter().filter(|f| f.1).count();
            println!("| {per_hour} | ×{times} | {} of {trials} | {} | {} | {going} |", after.len(), at(5), at(9));
        }
    }
}
