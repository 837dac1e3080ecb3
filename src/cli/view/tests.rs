//! What the state holds and where it goes, without a terminal.

use chrono::Duration;
use kctriage::cause::Cause;
use kctriage::finding::{Confidence, Finding};
use kctriage::tally::incident::{Change, Trigger};
use kctriage::tally::live::{Gauges, Update};

use super::filter::Filter;
use super::fixture::{findings, gauges, played};
use super::keys::Action;
use super::problem::problems;
use super::state::{Effect, Page, Pane, State, Told};
use super::stream;

/// Returns one finding, so many milliseconds after the recording's first.
fn at(ms: i64) -> Finding {
    let mut finding = findings("2673-plain").swap_remove(0);
    finding.time = finding.time.map(|t| t + Duration::milliseconds(ms));
    finding.id = format!("id-{ms}");
    finding
}

fn found(state: &mut State, finding: &Finding) {
    state.update(&Update::Found(Box::new(finding.clone())));
}

fn act(state: &mut State, actions: &[Action]) -> Effect {
    actions.iter().map(|a| state.act(*a)).last().unwrap_or(Effect::None)
}

/// Counts in every way that the state knows.
fn counts(state: &State) -> [u64; 3] {
    let shown = state.shown();
    let causes = shown.causes.values().map(super::series::Series::total).sum();
    let clients = shown.clients.iter().map(|(_, c)| c.series.total()).sum();
    [shown.all.total(), causes, clients]
}

#[test]
fn every_failure_is_counted_in_every_place() {
    for name in ["2673-outage", "2205-load", "2506-hostile"] {
        let n = findings(name).len() as u64;
        assert_eq!(counts(&played(name)), [n; 3], "{name}");
    }
}

#[test]
fn a_correction_moves_a_failure_and_counts_none() {
    let mut state = State::new(Told::default());
    let first = at(0);
    for ms in [0, 100, 200, 5000] {
        found(&mut state, &at(ms));
    }
    let revise = |state: &mut State, ms: i64| {
        let finding = Finding { cause: Cause::CodeReused, confidence: Confidence::Certain, ..at(ms) };
        state.update(&Update::Revised { finding: Box::new(finding), from: first.cause, confidence: first.confidence });
    };
    revise(&mut state, 5000);
    revise(&mut state, 100);
    assert_eq!(counts(&state), [4; 3]);
    let shown = state.shown();
    assert_eq!([first.cause, Cause::CodeReused].map(|c| shown.causes[&c].total()), [2, 2]);
    let entries: Vec<_> = shown.stream.iter().filter_map(|(n, _)| shown.stream.failure(n)).map(|e| (e.cause, e.more, e.was.is_some())).collect();
    assert_eq!(entries, [(first.cause, 1, false), (Cause::CodeReused, 0, true), (Cause::CodeReused, 0, true)], "one of a burst stands anew");
    revise(&mut state, 999_999);
    assert_eq!(state.shown().stream.end(), 4, "a correction of what is not known any more is shown");
}

#[test]
fn the_stream_and_the_clients_are_bounded() {
    let mut state = State::new(Told::default());
    let mut finding = at(0);
    for n in 0..5000 {
        finding.client = Some(format!("client-{n}"));
        finding.id = n.to_string();
        found(&mut state, &finding);
    }
    finding.client = Some("x".repeat(1 << 20));
    finding.source = "y".repeat(1 << 20);
    found(&mut state, &finding);
    let shown = state.shown();
    assert_eq!(shown.stream.iter().count(), stream::KEPT);
    assert!(shown.clients.len() <= 1000 && shown.clients.len() as u64 + shown.clients.forgotten == 5001);
    assert_eq!(counts(&state)[..2], [5001; 2], "what is forgotten is still counted");
    let last = shown.stream.failure(shown.stream.end() - 1).expect("the last entry");
    assert!(last.name().len() < 100 && last.proofs[0].source.len() < 1100);
}

#[test]
fn what_is_wrong_now_is_told_with_what_set_it_off() {
    let mut state = State::new(Told::default());
    let mut finding = at(0);
    finding.cause = Cause::WrongClientSecret;
    let begin = finding.time.expect("a time").timestamp_millis();
    let trigger = |time, what| Update::Trigger(Trigger { time, what, realm: None, client: None, node: None, place: None });
    state.update(&trigger(begin - 700_000, Change::SecretRegenerated));
    state.update(&trigger(begin - 2_000, Change::SecretRegenerated));
    state.update(&trigger(begin - 1_000, Change::ServerStopped));
    for n in 0..30 {
        finding.time = finding.time.map(|t| t + Duration::seconds(2));
        finding.id = n.to_string();
        found(&mut state, &finding);
    }
    let told = |state: &State| {
        let all = problems(state.shown());
        all.first().map(|p| (p.cause, p.count, p.is_going, p.since - begin, p.trigger.map(|t| t.time - begin)))
    };
    state.tick(begin + 61_000, &gauges(30));
    assert_eq!(told(&state), Some((Cause::WrongClientSecret, 30, true, 2000, Some(-2000))));
    state.tick(begin + 300_000, &gauges(30));
    assert_eq!(told(&state), Some((Cause::WrongClientSecret, 30, false, 2000, Some(-2000))));
    finding.time = finding.time.map(|t| t + Duration::minutes(6));
    found(&mut state, &finding);
    assert_eq!(told(&state).map(|t| (t.1, t.3)), Some((1, 420_000)), "after a silence it is another one");
    state.tick(begin + 7_200_000, &gauges(30));
    assert_eq!(told(&state), None);
}

#[test]
fn a_log_of_another_time_is_seen_at_its_own_time() {
    let mut state = State::new(Told::default());
    let finding = at(0);
    let time = finding.time.expect("a time").timestamp_millis();
    found(&mut state, &finding);
    let day = 86_400_000;
    for lag in [0, day, -3_600_000] {
        let late = Gauges { lag_ms: Some(lag), ..gauges(1) };
        state.tick(time + lag + 500, &late);
        assert_eq!(problems(state.shown()).len(), 1, "{lag}");
        assert_eq!(state.shown().behind_ms(), Some(lag).filter(|l| *l != 0));
    }
}

#[test]
fn a_filter_is_read_as_people_type_it() {
    let state = played("2673-outage");
    let passing = |text: &str| {
        let filter = Filter::read(text);
        state.shown().stream.iter().filter(|(_, item)| filter.matches(item)).count()
    };
    let all = passing("");
    let table =
        [("5", "cause:5"), ("wrong client", "cause:wrong-client-secret"), ("NIGHTLY", "client:nightly-batch"), ("cause:wrong", "5"), ("sure:likely 5", "5")];
    for (one, other) in table {
        assert!(passing(one) > 0 && passing(one) < all, "{one}");
        assert_eq!(passing(one), passing(other), "{one} {other}");
    }
    for nothing in ["client:xyz", "ip:nightly", "5 code-expired", "no such word"] {
        assert_eq!(passing(nothing), 0, "{nothing}");
    }
    assert_eq!(passing("regenerated the client's"), 1, "remarks are found by their words");
}

#[test]
fn the_stream_is_held_where_the_person_looks() {
    let mut state = played("2673-outage");
    state.looking.rows = 8;
    let numbers = state.passing();
    let last = numbers.len() - 1;
    act(&mut state, &[Action::Move(-1)]);
    assert_eq!(state.looking.item, Some(numbers[last]), "the first step holds");
    act(&mut state, &[Action::Move(-1), Action::Turn(-1)]);
    assert_eq!(state.looking.item, Some(numbers[last - 8]));
    found(&mut state, &at(10_000_000));
    assert_eq!(state.looking.item, Some(numbers[last - 8]), "what comes does not move it");
    act(&mut state, &[Action::First]);
    assert_eq!(state.looking.item, Some(numbers[0]));
    act(&mut state, &[Action::Last]);
    assert_eq!((state.looking.item, state.looking.bottom), (None, None));
}

#[test]
fn what_is_selected_is_opened_and_filtered_by() {
    let mut state = played("2673-outage");
    act(&mut state, &[Action::NextPane, Action::Move(1), Action::Move(1), Action::Open]);
    assert_eq!((state.looking.pane, &state.looking.page), (Pane::Causes, &Some(Page::Cause(Cause::CodeExpired))));
    act(&mut state, &[Action::FilterByRow]);
    assert_eq!((state.looking.pane, state.looking.filter.text(), &state.looking.page), (Pane::Stream, "cause:code-expired", &None));
    assert!(state.passing().iter().all(|n| state.shown().stream.failure(*n).is_some_and(|e| e.cause == Cause::CodeExpired)));
    act(&mut state, &[Action::Open]);
    assert!(matches!(&state.looking.page, Some(Page::Failure(e, _)) if e.cause == Cause::CodeExpired));
    act(&mut state, &[Action::Back, Action::Back, Action::Explain(7)]);
    assert_eq!((state.looking.filter.is_empty(), &state.looking.page), (true, &Some(Page::Cause(Cause::RedirectUriMismatch))));
}

#[test]
fn quitting_twice_ends_at_once() {
    let mut state = State::default();
    assert_eq!([Action::Quit, Action::Quit].map(|a| state.act(a)), [Effect::End, Effect::EndNow]);
}
