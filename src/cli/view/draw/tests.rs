//! Screens of a recording, and what must hold for every screen.

use kctriage::alert::{Engine, Rule};
use kctriage::tally::live::{Gauges, Notice, Update};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::*;
use crate::cli::view::fixture::{findings, gauges, played};
use crate::cli::view::keys::Action;
use crate::cli::view::reread::Wanted;
use crate::cli::view::state::{Page, Told};

const COLOUR: Look = Look { colour: true, ascii: false };

fn buffer(state: &mut State, size: (u16, u16), look: Look) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a buffer takes it");
    terminal.draw(|frame| draw(frame, state, look)).expect("a buffer takes it");
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned();
    buffer.content.chunks(width).map(row).collect::<Vec<_>>().join("\n")
}

fn screen(state: &mut State, size: (u16, u16)) -> String {
    text(&buffer(state, size, COLOUR))
}

fn act(state: &mut State, actions: &[Action]) {
    for action in actions {
        state.act(*action);
    }
}

#[test]
fn the_screen_says_what_is_wrong_at_every_size() {
    let mut state = played("2673-outage");
    for size in [(80, 24), (200, 60), (120, 40), (100, 30), (60, 16), (40, 10), (30, 8)] {
        insta::assert_snapshot!(format!("{}x{}", size.0, size.1), screen(&mut state, size));
    }
}

#[test]
fn pages_say_what_to_do() {
    let mut state = played("2673-outage");
    act(&mut state, &[Action::Open]);
    insta::assert_snapshot!("failure", screen(&mut state, (100, 60)));
    let Some(Page::Failure(entry, _)) = state.looking.page.clone() else { panic!("a failure is open") };
    let mut wanted = (*entry).clone();
    wanted.proofs.iter_mut().for_each(|p| p.source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/2673-outage/server.log").to_owned());
    let read = Wanted::of(&wanted, None).and_then(|w| w.read()).expect("the lines are there");
    state.reread(&entry.id, read);
    act(&mut state, &[Action::Last]);
    insta::assert_snapshot!("failure_read", screen(&mut state, (100, 60)));
    act(&mut state, &[Action::Open]);
    insta::assert_snapshot!("cause", screen(&mut state, (100, 60)));
    act(&mut state, &[Action::Back, Action::PreviousPane, Action::Move(1), Action::Open]);
    insta::assert_snapshot!("client", screen(&mut state, (80, 24)));
    act(&mut state, &[Action::Help]);
    insta::assert_snapshot!("help", screen(&mut state, (80, 24)));
}

#[test]
fn nothing_wrong_is_said_too() {
    let mut state = State::new(Told::default());
    state.tick(0, &Gauges::default());
    let begin = screen(&mut state, (80, 24));
    assert!(begin.contains("Waiting for the first line."), "{begin}");
    state.tick(1000, &gauges(1));
    let calm = screen(&mut state, (80, 24));
    assert!(calm.contains("No token request failed in the last 10 minutes."), "{calm}");
    let mut state = played("2673-outage");
    let end = state.shown().now() + 3_600_000;
    state.tick(end, &gauges(164));
    insta::assert_snapshot!("quiet", screen(&mut state, (80, 24)));
}

#[test]
fn a_filter_narrows_and_a_pause_holds() {
    let mut state = played("2673-outage");
    act(&mut state, &[Action::Filter]);
    act(&mut state, &"mobile 4".chars().map(Action::Type).collect::<Vec<_>>());
    insta::assert_snapshot!("typing", screen(&mut state, (80, 24)));
    act(&mut state, &[Action::Accept, Action::Pause]);
    let before = screen(&mut state, (80, 24));
    for finding in findings("2673-success") {
        state.update(&Update::Found(Box::new(finding)));
    }
    let after = screen(&mut state, (80, 24));
    assert_eq!(after.lines().skip(1).collect::<Vec<_>>(), before.lines().skip(1).collect::<Vec<_>>(), "only the title changes");
    assert!(after.contains("paused, 76 new"), "{after}");
    act(&mut state, &[Action::Pause]);
    assert!(screen(&mut state, (80, 24)).contains("240 failures"));
}

#[test]
fn what_is_lost_is_seen_first() {
    let mut state = played("2673-outage");
    let bad = Gauges { lost_bytes: 4096, state_failures: 2, ..gauges(164) };
    let now = state.shown().now();
    state.tick(now, &bad);
    state.update(&Update::Notice(Notice { source: "kc-0.log".into(), what: "truncated while behind".into(), lost_bytes: Some(4096) }));
    let shown = screen(&mut state, (60, 20));
    assert!(shown.contains("4.0 KiB LOST · state not written"), "{shown}");
    assert!(screen(&mut state, (80, 24)).contains("! kc-0.log: truncated while behind (4.0 KiB lost)"));
}

#[test]
fn an_alert_is_seen_until_it_is_over() {
    let mut state = played("2673-outage");
    let mut engine = Engine::new(vec![Rule::parse("name outage rate>3/1m by client").expect("a rule")]);
    let mut shown = String::new();
    let mut begun = false;
    for finding in findings("2673-outage") {
        let now = finding.time.map_or(0, |t| t.timestamp_millis());
        engine.update(&Update::Found(Box::new(finding)));
        for alert in engine.tick(now + 4000, &gauges(1)).alerts {
            state.alert(&alert);
            begun = true;
        }
        if begun && shown.is_empty() {
            shown = screen(&mut state, (100, 30));
        }
    }
    assert!(shown.contains("! alert ") && shown.contains("failures in 60 s (limit 3) [outage]"), "{shown}");
    let counts_alerts = |screen: &str| screen.lines().any(|l| l.split(" · ").next().is_some_and(|fact| fact.ends_with(" alert") || fact.ends_with(" alerts")));
    assert!(counts_alerts(&shown), "{shown}");
    let end = state.shown().now();
    for minute in 1..10 {
        engine.tick(end + minute * 60_000, &gauges(1)).alerts.iter().for_each(|a| state.alert(a));
    }
    let after = screen(&mut state, (100, 30));
    assert!(after.contains("● over ") && !counts_alerts(&after), "{after}");
}

#[test]
fn without_colours_weight_and_reversal_are_left_and_without_unicode_ascii() {
    let mut state = played("2673-outage");
    act(&mut state, &[Action::Move(-1)]);
    let plain = buffer(&mut state, (80, 24), Look { colour: false, ascii: true });
    assert!(plain.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset && c.symbol().is_ascii()));
    insta::assert_snapshot!("ascii", text(&plain));
    let coloured = buffer(&mut state, (80, 24), COLOUR);
    assert!(coloured.content.iter().all(|c| !matches!(c.fg, Color::Rgb(..) | Color::Indexed(_) | Color::White | Color::Black) && c.bg == Color::Reset));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_size_no_key_and_no_log_text_does_harm(
        width in 1_u16..220, height in 1_u16..70, text_of_log in "\\PC{0,60}|[\u{0}-\u{20}\u{202e}\u{1b}]{1,20}|日本語{1,30}", keys in proptest::collection::vec(0_usize..22, 0..30),
    ) {
        let actions = [
            Action::Move(-1), Action::Move(1), Action::Turn(-1), Action::Turn(1), Action::First, Action::Last, Action::NextPane, Action::PreviousPane, Action::Open,
            Action::Back, Action::Filter, Action::FilterByRow, Action::Type('a'), Action::Type('4'), Action::Erase, Action::Accept, Action::Pause, Action::Sort,
            Action::Window, Action::Help, Action::Explain(4), Action::Clear,
        ];
        let mut all = sample();
        let mut state = State::new(Told::default());
        for (number, finding) in all.iter_mut().enumerate() {
            if number % 3 == 0 {
                for field in [&mut finding.client, &mut finding.realm, &mut finding.ip, &mut finding.session, &mut finding.user, &mut finding.reason, &mut finding.error] {
                    *field = Some(text_of_log.clone());
                }
                finding.source.clone_from(&text_of_log);
                finding.evidence.iter_mut().for_each(|e| e.what.clone_from(&text_of_log));
            }
            state.update(&Update::Found(Box::new(finding.clone())));
        }
        state.tick(state.shown().now(), &gauges(70));
        for key in keys {
            act(&mut state, &[actions[key]]);
            let shown = text(&buffer(&mut state, (width, height), COLOUR));
            prop_assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c)), "{shown:?}");
        }
    }
}

/// Returns the findings of a recording; read once, since a property asks for them often.
fn sample() -> Vec<kctriage::finding::Finding> {
    static READ: std::sync::OnceLock<Vec<kctriage::finding::Finding>> = std::sync::OnceLock::new();
    READ.get_or_init(|| findings("2673-plain")).clone()
}
