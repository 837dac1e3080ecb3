//! `kctriage report` as people use it: what it writes where, what it refuses, what it compares.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

const OUTAGE: &str = "tests/recordings/2673-outage/server.log";

fn run(args: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("kctriage").expect("the program").arg("report").arg("--no-progress").args(args).output().expect("it runs")
}

fn json(args: &[&str]) -> Value {
    let out = run(&[&["--format", "json"], args].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[test]
fn the_name_tells_the_format_and_standard_output_stays_empty() {
    let dir = TempDir::new().expect("a folder");
    let table = [("a.html", "<!DOCTYPE html>"), ("a.md", "# "), ("a.jira", "h1. "), ("a.json", "{"), ("a.txt", "Failed token requests")];
    for (name, begins) in table {
        let path = dir.path().join(name);
        let out = run(&["-o", path.to_str().expect("a name"), OUTAGE]);
        assert!(out.status.success() && out.stdout.is_empty(), "{name}");
        assert!(fs::read_to_string(&path).expect("a file").trim_start().starts_with(begins), "{name}");
    }
    let refused = run(&["-o", dir.path().join("a.pdf").to_str().expect("a name"), OUTAGE]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!dir.path().join("a.pdf").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let dir = TempDir::new().expect("a folder");
    let (victim, link) = (dir.path().join("victim"), dir.path().join("page.html"));
    fs::write(&victim, "mine").expect("a file");
    std::os::unix::fs::symlink(&victim, &link).expect("a link");
    let out = run(&["-o", link.to_str().expect("a name"), OUTAGE]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("symbolic link"));
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "mine");
}

#[test]
fn addresses_are_pseudonyms_unless_that_is_refused() {
    let log = fs::read_to_string(OUTAGE).expect("a recording");
    let found = regex::Regex::new(r#"ipAddress="([0-9.]+)""#).expect("a pattern");
    let logged: Vec<&str> = found.captures_iter(&log).map(|c| c.get(1).expect("a group").as_str()).collect();
    for format in ["html", "markdown", "jira", "json", "text"] {
        let hidden = run(&["--format", format, OUTAGE]).stdout;
        let hidden = String::from_utf8(hidden).expect("text");
        let told: Vec<&&str> = logged.iter().filter(|ip| hidden.contains(**ip)).collect();
        assert!(told.is_empty(), "{format}: {told:?}");
    }
    let open = String::from_utf8(run(&["--no-redact", "--format", "markdown", OUTAGE]).stdout).expect("text");
    assert!(open.contains("Not redacted"), "the page says so");
    let address = json(&["--no-redact", OUTAGE]);
    assert_eq!(address["redaction"]["applied"], false);
    assert_eq!(json(&[OUTAGE])["redaction"]["applied"], true);
}

#[test]
fn a_restart_divides_the_log() {
    let report = json(&["--since-restart", OUTAGE]);
    let comparison = &report["comparison"];
    assert!(comparison.is_object(), "there is one");
    let sum = |side: &str| comparison["changes"].as_array().expect("changes").iter().filter_map(|c| c[side].as_u64()).sum::<u64>();
    assert_eq!(sum("before") + sum("after"), report["totals"]["failures"].as_u64().expect("a count"), "no failure is lost");
    assert!(sum("before") > 0 && sum("after") > 0);
}

#[test]
fn ranges_that_are_none_are_refused() {
    for args in [["--compare", "10:00", "11:00..12:00"], ["--compare", "10:00..09:00", "11:00..12:00"]] {
        let out = run(&[&args[..], &[OUTAGE]].concat());
        assert_eq!(out.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_saved_tally_gives_the_same_figures_and_says_what_it_is() {
    let dir = TempDir::new().expect("a folder");
    let saved = dir.path().join("tally.json");
    let scan =
        assert_cmd::Command::cargo_bin("kctriage").expect("the program").args(["scan", "--no-progress", "--format", "json", OUTAGE]).output().expect("it runs");
    fs::write(&saved, scan.stdout).expect("written");
    let (from_logs, from_tally) = (json(&[OUTAGE]), json(&["--from", saved.to_str().expect("a name")]));
    for key in ["failures", "certain", "likely", "ambiguous", "clients", "records"] {
        assert_eq!(from_logs["totals"][key], from_tally["totals"][key], "{key}");
    }
    assert!(from_tally["remarks"].to_string().contains("saved tally"));
    let nothing = run(&["--from", dir.path().to_str().expect("a name")]);
    assert_eq!(nothing.status.code(), Some(2), "a folder without a state");
    assert_eq!(run(&["--from", "Cargo.toml"]).status.code(), Some(2));
    assert!(!Path::new("incident.html").exists());
}
