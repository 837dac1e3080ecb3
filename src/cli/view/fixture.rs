//! A recording played back to the view's state.

use std::path::Path;

use kctriage::finding::Finding;
use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Find, discover};
use kctriage::tally::incident::{Change, Trigger};
use kctriage::tally::live::{Gauges, Notice, Update};
use kctriage::triage::rules::Rules;

use super::state::{State, Told};

/// Returns the findings of a recording.
pub fn findings(name: &str) -> Vec<Finding> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).join("server.log");
    let found = discover(&[path], &Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let outcome = pipeline::run(&found, &Rules::builtin(), &Options::default(), &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    });
    outcome.expect("no temporary file is needed");
    findings
}

/// Returns how a run fares after that many findings.
pub fn gauges(findings: u64) -> Gauges {
    Gauges { bytes: findings * 1000, records: findings * 4, rotations: 2, files: 3, lag_ms: Some(40), state_age_ms: Some(3000), ..Gauges::default() }
}

/// Plays a recording, with the clock of its log, and what happened in it.
pub fn played(name: &str) -> State {
    let mut state = State::new(Told::default());
    let mut told = 0;
    for finding in findings(name) {
        let time = finding.time.expect("recordings have times").timestamp_millis();
        if told == 60 {
            let trigger = Trigger { time: time - 2000, what: Change::SecretRegenerated, realm: None, client: None, node: Some("kc-0".into()), place: None };
            state.update(&Update::Trigger(trigger));
            state.update(&Update::Notice(Notice { source: "kc-1.log".into(), what: "replaced by a new file of the same name".into(), lost_bytes: None }));
        }
        told += 1;
        state.tick(time, &gauges(told));
        state.update(&Update::Found(Box::new(finding)));
    }
    let end = state.shown().last.unwrap_or_default() + 700;
    state.tick(end, &gauges(told));
    state
}
