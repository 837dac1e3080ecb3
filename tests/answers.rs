//! The table of answers against what real servers answered: every failed token request of every recording.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kctriage::cause::Cause;
use kctriage::signal::answers::{self, Event};
use serde_json::Value;

/// Requests of the recordings that are none of the token endpoint.
const OUTSIDE: [&str; 4] = ["introspect-wrong-secret", "userinfo-bad-token", "login-form-wrong-password", "auth-bad-redirect"];

/// Rows of every recording with a major version: scenario, cause, status, error, description.
fn rows() -> Vec<(u32, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut all = Vec::new();
    for run in fs::read_dir(root).expect("recordings").flatten().filter(|e| e.path().join("truth.jsonl").is_file()) {
        let env: Value = serde_json::from_slice(&fs::read(run.path().join("env.json")).expect("env.json")).expect("JSON");
        let major = env["version"].as_str().and_then(|v| v.split('.').next()?.parse().ok()).expect("a version");
        let truth = fs::read_to_string(run.path().join("truth.jsonl")).expect("truth.jsonl");
        all.extend(truth.lines().map(|l| (major, serde_json::from_str::<Value>(l).expect("JSON"))));
    }
    all
}

#[test]
fn every_answer_of_the_recordings_is_in_the_table_and_leaves_the_true_cause() {
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for (major, row) in rows() {
        let (scenario, status) = (row["scenario"].as_str().unwrap_or_default(), row["status"].as_u64().unwrap_or_default());
        let Some(error) = row["error"].as_str().filter(|_| status >= 400 && !OUTSIDE.contains(&scenario)) else { continue };
        seen += 1;
        let description = row["error_description"].as_str();
        let body = description.map_or_else(|| serde_json::json!({"error": error}), |d| serde_json::json!({"error": error, "error_description": d}));
        let bytes = body.to_string().len() as u64;
        let status = u16::try_from(status).expect("a status");
        for version in [None, Some(major)] {
            let found: Vec<_> = answers::of(status, bytes, version).collect();
            let own = found.iter().filter(|a| a.error == error && description.unwrap_or_default().starts_with(a.description)).collect::<Vec<_>>();
            if own.is_empty() {
                wrong.insert(format!("{major}: {status} {bytes} is not in the table: {body}"));
            }
            let waits = own.iter().any(|a| a.event == Event::Waiting);
            let number = row["cause"].as_u64().and_then(|n| u8::try_from(n).ok());
            let cause = number.and_then(|n| Cause::ALL.into_iter().find(|c| c.number() == Some(n)));
            if let Some(cause) = cause.filter(|c| !waits && !own.iter().any(|a| a.leaves.contains(c))) {
                wrong.insert(format!("{major}: {status} {bytes} does not leave {cause} ({scenario}): {body}"));
            }
        }
    }
    assert!(seen > 1000, "only {seen} answers were compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
