//! With `--redact` no output names a user, a session or an address, whatever its format, and the counts are what they were.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::Value;

/// Recordings of several versions and layouts, hostile ones among them.
const RUNS: [&str; 6] = ["2673-success", "2673-hostile", "2673-ecs", "2205-load", "2506-hostile", "1611-wildfly"];

const FORMATS: [&str; 4] = ["text", "json", "ndjson", "csv"];

fn log(run: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(run).join("server.log")
}

/// Returns what is printed on standard output, and on standard error.
fn both(run: &str, options: &[&str]) -> (String, String) {
    let output = Command::cargo_bin("kctriage").expect("the program").arg("scan").arg(log(run)).args(options).output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{run} {options:?}: {said}");
    (String::from_utf8(output.stdout).expect("UTF-8"), said)
}

fn printed(run: &str, options: &[&str]) -> String {
    both(run, options).0
}

fn findings(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn is_name(value: &str) -> bool {
    let id = value.len() >= 22 && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    id || value.parse::<std::net::IpAddr>().is_ok()
}

/// Returns what names a person in a run's findings: ids and addresses, not the words that attackers put in their place.
fn persons(run: &str) -> BTreeSet<String> {
    let known = |finding: &Value| ["user", "session", "ip"].map(|key| finding[key].as_str().map(String::from));
    findings(&printed(run, &["--format", "ndjson"])).iter().flat_map(known).flatten().filter(|v| is_name(v)).collect()
}

#[test]
fn no_format_names_a_person() {
    for run in RUNS {
        let persons = persons(run);
        assert!(persons.len() > 10, "{run}");
        for format in FORMATS {
            let (shown, said) = both(run, &["--redact", "--format", format]);
            let shown = shown + &said;
            let named: Vec<&String> = persons.iter().filter(|p| shown.contains(*p)).collect();
            assert!(named.is_empty(), "{run} as {format}: {named:?}");
        }
    }
}

#[test]
fn only_what_names_a_person_is_replaced() {
    for run in RUNS {
        let (plain, hidden) = (findings(&printed(run, &["--format", "ndjson"])), findings(&printed(run, &["--format", "ndjson", "--redact"])));
        assert_eq!(plain.len(), hidden.len());
        for (plain, hidden) in plain.iter().zip(&hidden) {
            for key in ["time", "cause", "number", "detail", "confidence", "candidates", "node", "source", "line", "trust"] {
                assert_eq!(plain[key], hidden[key], "{run}: {key} of {hidden}");
            }
            for (key, prefix) in [("user", "user-"), ("session", "session-"), ("ip", "ip-"), ("id", "~")] {
                assert_eq!(plain[key].is_null(), hidden[key].is_null(), "{run}: {key} of {hidden}");
                assert!(hidden[key].as_str().is_none_or(|v| v.starts_with(prefix)), "{run}: {key} of {hidden}");
            }
        }
    }
}

#[test]
fn the_same_value_has_the_same_pseudonym_and_different_values_have_different_ones() {
    for run in RUNS {
        let (plain, hidden) = (findings(&printed(run, &["--format", "ndjson"])), findings(&printed(run, &["--format", "ndjson", "--redact"])));
        for key in ["user", "session", "ip", "id"] {
            let pairs: BTreeSet<(String, String)> = plain.iter().zip(&hidden).map(|(p, h)| (p[key].to_string(), h[key].to_string())).collect();
            let (values, names): (BTreeSet<_>, BTreeSet<_>) = pairs.iter().map(|(p, h)| (p, h)).unzip();
            assert_eq!((pairs.len(), pairs.len()), (values.len(), names.len()), "{run}: {key}");
        }
    }
}

#[test]
fn a_key_makes_runs_alike_and_no_key_makes_them_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    fs::write(&key, "a key that the tests made up\n").expect("a file");
    let key = key.to_str().expect("a path");
    for format in FORMATS {
        let keyed = || printed("2673-success", &["--redact-key", key, "--format", format]);
        assert_eq!(keyed(), keyed(), "{format}");
    }
    let free = || printed("2673-success", &["--redact", "--format", "ndjson"]);
    assert_ne!(free(), free());
    let ip = |text: &str| findings(text)[0]["ip"].clone();
    let json: Value = serde_json::from_str(&printed("2673-success", &["--redact-key", key, "--format", "json"])).expect("JSON");
    let ndjson = printed("2673-success", &["--redact-key", key, "--format", "ndjson"]);
    let samples = json["rows"].as_array().into_iter().flatten().flat_map(|r| r["samples"].as_array().cloned().unwrap_or_default());
    assert!(samples.map(|s| s["ip"].clone()).any(|i| i == ip(&ndjson)), "the formats call one address by two names");
}

#[test]
fn the_counts_stay_and_no_hash_can_be_found_by_trying() {
    for run in RUNS {
        let tally = |options: &[&str]| -> Value { serde_json::from_str(&printed(run, options)).expect("JSON") };
        let (plain, hidden) = (tally(&["--format", "json"]), tally(&["--format", "json", "--redact"]));
        let rows = |tally: &Value| tally["rows"].as_array().cloned().unwrap_or_default();
        assert_eq!(rows(&plain).len(), rows(&hidden).len(), "{run}");
        assert_eq!(plain["findings"], hidden["findings"]);
        for (plain, hidden) in rows(&plain).iter().zip(&rows(&hidden)) {
            for key in ["window", "realm", "client", "cause", "confidence", "count", "details", "others", "first", "last"] {
                assert_eq!(plain[key], hidden[key], "{run}: {key}");
            }
            for key in ["addresses", "users"] {
                // above 63 a sketch estimates, with an error of 13 %
                let counts = (plain[key]["count"].as_f64().expect("a number"), hidden[key]["count"].as_f64().expect("a number"));
                let apart = if plain[key]["estimated"] == true { 0.6 * counts.0 } else { 0.0 };
                assert!((counts.0 - counts.1).abs() <= apart, "{run}: {key} {counts:?}");
                let hashes = |row: &Value| row[key]["hashes"].as_array().cloned().unwrap_or_default();
                assert!(hashes(plain).iter().all(|h| !hashes(hidden).contains(h)), "{run}: {key}");
            }
        }
    }
}

#[test]
fn a_line_that_was_not_understood_shows_its_form_only() {
    let mut command = Command::cargo_bin("kctriage").expect("the program");
    let output = command.args(["scan", "--redact", "--format", "json", "-"]).write_stdin("Alice logged in at noon from 10.0.0.4\n".repeat(5)).output();
    let output = output.expect("it runs");
    let shown = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert!(shown.contains("Xxxxx xxxxxx"), "{shown}");
    assert!(!shown.contains("Alice") && !shown.contains("10.0.0.4"), "{shown}");
}

#[test]
fn a_key_that_cannot_be_used_is_a_matter_of_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let short = folder.path().join("short");
    fs::write(&short, "too short").expect("a file");
    for (path, what) in [(short.as_path(), "shorter than 16 bytes"), (folder.path(), "cannot be read")] {
        let mut command = Command::cargo_bin("kctriage").expect("the program");
        let output = command.args(["scan", "--redact-key"]).arg(path).arg(log("2673-success")).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(what) && !said.contains("too short"), "{said}");
    }
}
