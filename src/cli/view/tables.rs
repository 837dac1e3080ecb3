//! The rows of the two tables, in the order that was asked for.

use std::cmp::Reverse;

use kctriage::cause::Cause;

use super::clients::{Client, Key};
use super::series::Series;
use super::state::State;

/// What the tables are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Failures in the window.
    #[default]
    Failures,
    /// Failures of the last minute.
    Rate,
    /// The latest failure.
    Latest,
    /// The name, or the number of the cause.
    Name,
}

impl Sort {
    /// Returns the next order.
    pub fn next(self) -> Self {
        match self {
            Sort::Failures => Sort::Rate,
            Sort::Rate => Sort::Latest,
            Sort::Latest => Sort::Name,
            Sort::Name => Sort::Failures,
        }
    }

    /// Returns the order in a word.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Failures => "failures",
            Sort::Rate => "rate",
            Sort::Latest => "latest",
            Sort::Name => "name",
        }
    }
}

/// A cause in the table.
#[derive(Debug)]
pub struct CauseRow<'a> {
    pub cause: Cause,
    pub series: &'a Series,
    /// Failures in the window.
    pub count: u64,
    /// Clients of which the latest failure of this cause is in the window.
    pub clients: u64,
}

/// A client in the table.
#[derive(Debug)]
pub struct ClientRow<'a> {
    pub key: &'a Key,
    pub client: &'a Client,
    /// Failures in the window.
    pub count: u64,
}

/// Returns the causes.
pub fn cause_rows(state: &State) -> Vec<CauseRow<'_>> {
    let (shown, window) = (state.shown(), state.window_ms());
    let now = shown.now();
    let clients = |cause| shown.clients.iter().filter(|(_, c)| c.episodes.iter().any(|e| e.cause == cause && now - e.last < window)).count() as u64;
    let latest = |cause| shown.clients.iter().flat_map(|(_, c)| &c.episodes).filter(|e| e.cause == cause).map(|e| e.last).max();
    let row = |(cause, series)| CauseRow { cause, series, count: series_count(series, now, window), clients: clients(cause) };
    let mut rows: Vec<CauseRow<'_>> = shown.causes.iter().map(|(c, s)| row((*c, s))).collect();
    match state.looking.sort {
        Sort::Failures => rows.sort_by_key(|r| Reverse((r.count, r.series.total()))),
        Sort::Rate => rows.sort_by_key(|r| Reverse((r.series.per_minute(now), r.count))),
        Sort::Latest => rows.sort_by_cached_key(|r| Reverse(latest(r.cause))),
        Sort::Name => {}
    }
    rows
}

/// Returns the clients.
pub fn client_rows(state: &State) -> Vec<ClientRow<'_>> {
    let (shown, window) = (state.shown(), state.window_ms());
    let now = shown.now();
    let mut rows: Vec<ClientRow<'_>> =
        shown.clients.iter().map(|(key, client)| ClientRow { key, client, count: series_count(&client.series, now, window) }).collect();
    rows.sort_by(|a, b| (&a.key.1, &a.key.0).cmp(&(&b.key.1, &b.key.0)));
    match state.looking.sort {
        Sort::Failures => rows.sort_by_key(|r| Reverse((r.count, r.client.series.total()))),
        Sort::Rate => rows.sort_by_cached_key(|r| Reverse((r.client.series.per_minute(now), r.count))),
        Sort::Latest => rows.sort_by_key(|r| Reverse(r.client.last)),
        Sort::Name => {}
    }
    rows
}

fn series_count(series: &Series, now: i64, window_ms: i64) -> u64 {
    series.columns(now, window_ms, 1).first().copied().unwrap_or(0)
}
