//! Names that clients make up: totals stay exact, the rest is counted as "other", and what bit is said.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

/// Failures, each of a client, user, session and address of its own.
const FAILURES: u64 = 20_000;

fn log() -> String {
    let mut text = String::new();
    for i in 0..FAILURES {
        let (s, ms) = (i / 1000, i % 1000);
        let stamp = format!("2026-11-23 14:{:02}:{:02},{ms:03}", s / 60, s % 60);
        let (a, b) = (i >> 8 & 255, i & 255);
        writeln!(
            text,
            "{stamp} WARN  [org.keycloak.events] (executor-thread-{}) type=\"CODE_TO_TOKEN_ERROR\", realmId=\"r\", realmName=\"shop\", clientId=\"client-{i}\", \
             userId=\"user-{i}\", sessionId=\"{i:08x}-1111-4222-8333-444455556666\", ipAddress=\"10.0.{a}.{b}\", error=\"invalid_redirect_uri\", \
             grant_type=\"authorization_code\"",
            i % 20
        )
        .expect("a string takes it");
    }
    text
}

fn tally(path: &std::path::Path, more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kctriage")).args(["scan", "--format", "json"]).args(more).arg(path).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn made_up_names_cost_no_count() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("server.log");
    std::fs::write(&path, log()).expect("a log");
    for (max, threads) in [("500", "1"), ("500", "2"), ("1000000", "2")] {
        let tally = tally(&path, &["--max-keys", max, "--threads", threads]);
        let rows = tally["rows"].as_array().expect("rows");
        let sum: u64 = rows.iter().map(|r| r["count"].as_u64().expect("a count")).sum();
        assert_eq!((tally["findings"].as_u64(), sum), (Some(FAILURES), FAILURES), "--max-keys {max}");
        let other: u64 = rows.iter().filter(|r| r["client"] == "other").map(|r| r["count"].as_u64().expect("a count")).sum();
        let caps = tally["books"]["caps_hit"].as_array().expect("a list");
        if max == "500" {
            assert!(other >= FAILURES - 1000 && caps.iter().any(|c| c == "keys"), "{other} {caps:?}");
        }
        // a realm has 10,000 clients in a written tally, whatever was counted apart
        assert!(rows.len() <= 10_001 && other >= FAILURES - 10_000, "{} rows, {other} others", rows.len());
    }
}
