//! Weeks of made-up traffic: none has an incident where nothing happened, and what was planted is found, when it began, of whom, and when it was over.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // counts of a few weeks

#[path = "../examples/traffic/week.rs"]
mod week;

use kctriage::cause::Cause;
use kctriage::tally::incident::{Settings, State, find};
use week::{Chance, Client, Grid, Planted, Rhythm, Scatter, account, clients, deployments};

const HOUR_MS: i64 = 3_600_000;
const WINDOW_MS: i64 = 900_000;

#[test]
fn weeks_in_which_nothing_happened_have_no_incident() {
    let grid = Grid::days(7, WINDOW_MS);
    for seed in 1..=4 {
        let mut chance = Chance::of(seed * 7919);
        let clients = clients(&mut chance, 30);
        let mut account = account(&mut chance, &clients, &[], grid, seed % 2 == 0);
        deployments(&mut chance, &mut account, &clients, grid, 20);
        let told: Vec<_> = find(&account, &Settings::default()).incidents.into_iter().map(|i| (i.cause, i.start, i.count, i.expected)).collect();
        assert_eq!(told, [], "seed {seed}");
    }
}

#[test]
fn what_was_planted_is_found() {
    let grid = Grid::days(7, WINDOW_MS);
    let mut chance = Chance::of(4711);
    let mut clients = clients(&mut chance, 20);
    let own = |name: &str, cause, per_hour| Client {
        name: name.into(),
        realm: "shop".into(),
        cause,
        per_hour,
        rhythm: Rhythm::Even,
        scatter: Scatter::Overdispersed(2.0),
    };
    clients[0] = own("burst", Cause::PkceMismatch, 1.0);
    clients[1] = own("shift", Cause::ClientAuthMethod, 4.0);
    let at = |hours: i64| grid.start + hours * HOUR_MS;
    let planted = [
        Planted { client: 0, start: at(30) + 400_000, length_ms: HOUR_MS, per_hour: 90.0 },
        Planted { client: 1, start: at(4 * 24 + 3), length_ms: 4 * 24 * HOUR_MS, per_hour: 60.0 },
    ];
    let account = account(&mut chance, &clients, &planted, grid, false);
    let found = find(&account, &Settings::default()).incidents;
    let told: Vec<_> = found.iter().map(|i| (i.clients[0].client.as_deref().unwrap_or_default(), i.cause, i.state)).collect();
    assert_eq!(told, [("shift", Cause::ClientAuthMethod, State::Going), ("burst", Cause::PkceMismatch, State::Over)]);
    for (incident, planted) in found.iter().zip(planted.iter().rev()) {
        let (start, end) = (incident.start - planted.start, incident.last - (planted.start + planted.length_ms).min(at(7 * 24)));
        assert!(start.abs() <= WINDOW_MS && end.abs() <= 2 * WINDOW_MS, "{start} {end}");
        assert_eq!(incident.triggers, []);
    }
}
