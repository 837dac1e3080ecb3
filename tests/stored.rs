//! Stored events of a recorded run (`2673-stored`): the pages of the admin API and the rows of the event table, by themselves and beside the server's log.
//!
//! The judge is `tests/recordings/score.py`. What the log's warnings alone tell apart (an expired code, a used one, an ended session) cannot be certain
//! here; nothing may be wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn recorded(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/2673-stored").join(file)
}

/// One object a line: what the pages hold, in their order.
fn pages() -> Vec<String> {
    let text = fs::read(recorded("events.json")).expect("a recording");
    let pages: Vec<Vec<Value>> = serde_json::Deserializer::from_slice(&text).into_iter().map(|page| page.expect("a page")).collect();
    assert!(pages.len() > 2, "the events were paged");
    pages.iter().flatten().map(Value::to_string).collect()
}

/// One object a line: what the tables hold, all of it text.
fn rows() -> Vec<String> {
    let mut lines = Vec::new();
    for table in ["events.csv", "admin-events.csv"] {
        let mut reader = csv::Reader::from_path(recorded(table)).expect("a recording");
        lines.extend(reader.deserialize::<BTreeMap<String, String>>().map(|row| serde_json::to_string(&row.expect("a row")).expect("JSON")));
    }
    lines
}

fn scan(paths: &[PathBuf], more: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_kctriage")).args(["scan", "--format", "ndjson"]).args(more).args(paths).output().expect("kctriage starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

fn written(folder: &Path, name: &str, lines: &[String]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, lines.join("\n") + "\n").expect("a temporary file");
    path
}

/// What `score.py` says of findings, with the log that says which requests were logged at all.
fn score(folder: &Path, log: &Path, findings: &[Value]) -> Value {
    let lines: Vec<String> = findings.iter().map(Value::to_string).collect();
    let path = written(folder, "findings.ndjson", &lines);
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let output = Command::new("python3").arg(recordings.join("score.py")).args([log, &recorded("truth.jsonl"), &path]).output().expect("python3 starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

const MUST_BE_0: [&str; 9] = ["missed", "doubled", "false_alarms", "stray", "certain_wrong", "malformed", "client_wrong", "detail_wrong", "no_evidence"];

fn faults(score: &Value, but: &str) -> Vec<String> {
    MUST_BE_0.iter().filter(|k| **k != but && score[**k] != 0).map(|k| format!("{k} is {}", score[*k])).collect()
}

/// Findings by id, without their places.
fn by_id(findings: &[Value]) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for f in findings {
        let mut f = f.clone();
        for place in ["source", "line", "node", "evidence"] {
            f[place] = Value::Null;
        }
        assert!(all.insert(f["id"].to_string(), f).is_none(), "an id is there twice");
    }
    all
}

#[test]
fn stored_events_give_every_failure_once_and_claim_nothing_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = Vec::new();
    for (name, lines) in [("pages.json", pages()), ("rows.json", rows())] {
        let path = written(folder.path(), name, &lines);
        let findings = scan(std::slice::from_ref(&path), &[]);
        assert!(findings.iter().all(|f| f["trust"] == "stored"), "{name}");
        let score = score(folder.path(), &path, &findings);
        assert_eq!(faults(&score, ""), Vec::<String>::new(), "{name}");
        assert_eq!(score["covered"], score["failures"], "{name}");
        assert!(
            score["failures"].as_u64() > Some(70) && score["right_share"].as_f64() >= Some(0.9) && score["certain_share"].as_f64() >= Some(0.35),
            "{score}"
        );
        all.push(by_id(&findings));
    }
    // ties between events of one millisecond are kept as the store gave them
    assert!(all[0].keys().eq(all[1].keys()), "the table and the admin API tell the same failures");
}

#[test]
fn no_stored_event_is_certain_of_what_only_a_warning_tells() {
    let folder = tempfile::tempdir().expect("a folder");
    let findings = scan(&[written(folder.path(), "pages.json", &pages())], &[]);
    let of_code: Vec<&Value> =
        findings.iter().filter(|f| f["event"] == "CODE_TO_TOKEN_ERROR" && f["error"] == "invalid_code" && f["reason"].is_null()).collect();
    assert!(of_code.len() > 20, "{}", of_code.len());
    assert!(of_code.iter().all(|f| f["confidence"] != "certain"));
}

#[test]
fn the_order_of_stored_events_makes_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = pages();
    let want = by_id(&scan(&[written(folder.path(), "pages.json", &lines)], &[]));
    let oldest_first: Vec<String> = lines.iter().rev().cloned().collect();
    let (even, odd): (Vec<_>, Vec<_>) = lines.iter().cloned().enumerate().partition(|(i, _)| i % 2 == 0);
    let mixed: Vec<String> = odd.into_iter().chain(even).map(|(_, l)| l).collect();
    for (name, lines) in [("reversed.json", oldest_first), ("mixed.json", mixed)] {
        assert_eq!(by_id(&scan(&[written(folder.path(), name, &lines)], &["--chunk-size", "3000"])), want, "{name}");
    }
}

#[test]
fn what_a_log_and_the_store_both_have_is_counted_once_and_the_line_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let (log, stored) = (recorded("server.log"), written(folder.path(), "pages.json", &pages()));
    let want = by_id(&scan(std::slice::from_ref(&log), &[]));
    for paths in [[log.clone(), stored.clone()], [stored.clone(), log.clone()]] {
        assert_eq!(by_id(&scan(&paths, &[])), want);
    }
    // a log that ends early: the store has the rest
    let text = fs::read_to_string(&log).expect("a recording");
    let lines: Vec<String> = text.lines().map(String::from).collect();
    for (from, to) in [(0, lines.len() / 2), (lines.len() / 3, lines.len())] {
        let part = written(folder.path(), "part.log", &lines[from..to]);
        let findings = scan(&[part, stored.clone()], &[]);
        assert_eq!(faults(&score(folder.path(), &stored, &findings), ""), Vec::<String>::new(), "lines {from} to {to}");
        let trusts: Vec<&Value> = findings.iter().map(|f| &f["trust"]).collect();
        assert!(["quoted", "stored"].iter().all(|t| trusts.iter().any(|x| x == t)), "both are there");
    }
    // a log of failures only, beside a store that has the successes; of the first half hour it does not know whether codes were about
    let failures: Vec<String> = lines.iter().filter(|l| !l.contains("DEBUG [org.keycloak.events]")).cloned().collect();
    let findings = scan(&[written(folder.path(), "failures.log", &failures), stored.clone()], &[]);
    assert_eq!(findings.len(), want.len());
    let both = score(folder.path(), &stored, &findings);
    assert_eq!(faults(&both, ""), Vec::<String>::new());
    let alone = score(folder.path(), &stored, &scan(&[written(folder.path(), "failures.log", &failures)], &[]));
    let more = |key: &str, by: f64| both[key].as_f64() > alone[key].as_f64().map(|s| s + by);
    assert!(more("certain_share", 0.0) && more("right_share", 0.05), "{alone} and {both}");
}

#[test]
fn a_part_of_the_store_is_never_certain_of_what_the_rest_may_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = pages();
    let keeping =
        |keep: &dyn Fn(usize, &str) -> bool| -> Vec<String> { lines.iter().enumerate().filter(|(i, l)| keep(*i, l)).map(|(_, l)| l.clone()).collect() };
    let without = |kind: &str| keeping(&|_, l| !l.contains(&format!(r#""type":"{kind}""#)));
    let parts = [
        keeping(&|i, _| i < 90),
        keeping(&|i, _| i >= 60),
        keeping(&|i, _| i % 3 != 0),
        without("LOGIN"),
        without("CODE_TO_TOKEN"),
        without("LOGOUT"),
        keeping(&|_, l| !l.contains("operationType")),
        keeping(&|_, l| l.contains(r#""error""#)),
    ];
    for (i, part) in parts.iter().enumerate() {
        assert!(part.len() < lines.len(), "part {i} lacks something");
        let path = written(folder.path(), "part.json", part);
        let findings = scan(std::slice::from_ref(&path), &[]);
        assert_eq!(faults(&score(folder.path(), &path, &findings), "missed"), Vec::<String>::new(), "part {i}");
    }
}
