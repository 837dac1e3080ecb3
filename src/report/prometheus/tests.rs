use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::cause::Cause;
use crate::finding::{Confidence, Finding};
use crate::report::redact::Key;
use crate::tally::live::Update;
use exposition::read;

#[path = "../../../tests/exposition/mod.rs"]
mod exposition;

fn found(realm: Option<&str>, client: Option<&str>, cause: Cause, confidence: Confidence) -> Update {
    let mut finding: Finding = serde_json::from_value(serde_json::json!({
        "schema": 1, "id": "0", "time": null, "realm": realm, "client": client, "cause": cause, "number": cause.number(), "detail": null,
        "confidence": confidence, "candidates": [cause], "event": "CODE_TO_TOKEN_ERROR", "error": null, "reason": null, "grant": null, "session": null,
        "user": null, "ip": null, "node": "kc-0", "source": "server.log", "line": 1, "evidence": [], "trust": "quoted"
    }))
    .expect("a finding");
    finding.delay_ms = None;
    Update::Found(Box::new(finding))
}

fn revised(from: Cause, to: Cause) -> Update {
    let Update::Found(finding) = found(Some("shop"), Some("web-portal"), to, Confidence::Certain) else { unreachable!("it is one") };
    Update::Revised { finding, from, confidence: Confidence::Likely }
}

/// Names that requests can carry.
const HOSTILE: [&str; 8] = ["a\"} 1\nkctriage_records_total 99", "\\", "\\\"", "b\r\n# EOF", "\u{202e}evil\u{1b}[31m", "caf\u{fffd}", "{x=\"y\"}", "ünï 日本"];

fn reading(updates: &[Update]) -> Reading {
    let mut verdicts = Verdicts::begun(1_764_339_000_000);
    for update in updates {
        verdicts.count(update, 1_764_339_500_250, 50);
    }
    let counted =
        Gauges { bytes: 123_456, records: 789, unparsed_lines: 3, damaged_bytes: 4, lost_bytes: 4096, rotations: 2, truncations: 1, ..Gauges::default() };
    let now = Gauges {
        bytes: 200_000,
        records: 999,
        held: 5,
        files: 2,
        behind_bytes: 77,
        state_age_ms: Some(1234),
        state_failures: 6,
        polling: true,
        ..Gauges::default()
    };
    Reading {
        verdicts: Arc::new(verdicts),
        most_clients: 50,
        counted,
        now,
        lag_ms: Some(42),
        last_record_ms: Some(1_764_339_600_007),
        unsaved_ms: Some(0),
        started_ms: 1_764_339_000_000,
    }
}

fn usual() -> Reading {
    let mut updates = vec![
        found(Some("shop"), Some("web-portal"), Cause::CodeExpired, Confidence::Certain),
        found(Some("shop"), Some("web-portal"), Cause::CodeExpired, Confidence::Certain),
        found(Some("shop"), Some("web-portal"), Cause::CodeReused, Confidence::Likely),
        found(None, None, Cause::Unclassified, Confidence::Ambiguous),
        revised(Cause::CodeReused, Cause::CodeExpired),
        revised(Cause::CodeReused, Cause::CodeReused),
    ];
    updates.extend(HOSTILE.map(|name| found(Some("shop"), Some(name), Cause::WrongClientSecret, Confidence::Likely)));
    reading(&updates)
}

#[test]
fn the_text_format_is_as_it_was() {
    insta::assert_snapshot!(render(&usual(), Form::Text, None));
}

#[test]
fn open_metrics_is_as_it_was() {
    insta::assert_snapshot!(render(&usual(), Form::OpenMetrics, None));
}

#[test]
fn what_is_not_known_is_not_shown() {
    let text = render(&Reading::default(), Form::Text, None);
    for name in ["kctriage_lag_seconds", "kctriage_state_age_seconds", "kctriage_state_unsaved_seconds", "kctriage_last_record_timestamp_seconds"] {
        assert!(text.contains(&format!("# TYPE {name} gauge\n")) && !text.contains(&format!("\n{name} ")), "{name}");
    }
}

#[test]
fn every_name_and_number_is_read_back() {
    let samples = read(&render(&usual(), Form::Text, None));
    let failures: Vec<_> = samples.iter().filter(|s| s.name == "kctriage_token_failures_total").collect();
    let clients: BTreeSet<String> = failures.iter().map(|s| s.labels["client"].clone()).collect();
    let shown = |name: &str| Untrusted::new(name).terminal(128);
    assert_eq!(clients, HOSTILE.iter().map(|n| shown(n)).chain(["web-portal".to_owned(), String::new()]).collect());
    let expired = failures.iter().find(|s| s.labels["client"] == "web-portal" && s.labels["cause"] == "code-expired");
    assert_eq!(expired.map(|s| s.value.to_string()), Some("2".to_owned()));
    let names: BTreeSet<&str> = samples.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), FAMILIES.len(), "{names:?}");
}

#[test]
fn names_that_look_the_same_are_one_series() {
    let same = ["a\nb", "a\\x0ab"].map(|name| found(Some("shop"), Some(name), Cause::CodeExpired, Confidence::Certain));
    let text = render(&reading(&same), Form::Text, None);
    let series: Vec<&str> = text.lines().filter(|l| l.starts_with("kctriage_token_failures_total{")).collect();
    assert_eq!(series, [r#"kctriage_token_failures_total{realm="shop",client="a\\x0ab",cause="code-expired",confidence="certain"} 2"#]);
}

#[test]
fn names_follow_the_redactor() {
    let redactor = Redactor::new(&Key::of(b"sixteen bytes or more").expect("long enough"));
    let named = [found(Some("shop"), Some("app of ann@example.org"), Cause::CodeExpired, Confidence::Certain)];
    let text = render(&reading(&named), Form::OpenMetrics, Some(&redactor));
    assert!(!text.contains("ann@") && text.contains(r#"realm="shop",client="app of "#), "{text}");
}

#[test]
fn names_keep_to_the_rules() {
    let mut seen = BTreeSet::new();
    for family in FAMILIES {
        assert!(seen.insert(family.name), "{} is there twice", family.name);
        assert!(family.name.starts_with("kctriage_") && family.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", family.name);
        assert!(family.unit.is_none_or(|unit| family.name.ends_with(&format!("_{unit}"))), "{}", family.name);
        assert!(family.help.ends_with('.') && !family.help.contains(['\\', '\n']), "{}", family.help);
        assert!(!["_total", "_info", "_created", "_count", "_sum", "_bucket"].iter().any(|s| family.name.ends_with(s)), "{}", family.name);
    }
}

#[test]
fn docs_metrics_lists_what_is_shown() {
    let mut table = String::from("| name | type | labels | meaning |\n| --- | --- | --- | --- |\n");
    for family in FAMILIES {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Info => "info",
        };
        let labels: Vec<String> = family.labels.iter().map(|l| format!("`{l}`")).collect();
        let unit = family.unit.map(|u| format!(", {u}")).unwrap_or_default();
        writeln!(table, "| `{}` | {kind}{unit} | {} | {} |", family.sample_name(), labels.join(", "), family.help).expect("a string takes it");
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let text = std::fs::read_to_string(&path).expect("docs/metrics.md");
    let start = text.find("<!-- metrics").and_then(|at| Some(at + text[at..].find("-->\n")? + 4)).expect("the block begins");
    let end = text.find("<!-- /metrics -->").expect("the block ends");
    if text[start..end] == table {
        return;
    }
    assert!(std::env::var_os("UPDATE_README").is_some(), "docs/metrics.md is out of date: UPDATE_README=1 cargo test --lib prometheus");
    std::fs::write(&path, format!("{}{table}{}", &text[..start], &text[end..])).expect("docs/metrics.md can be written");
}

proptest! {
    #[test]
    fn whatever_names_there_are_every_failure_is_read_once(names in prop::collection::vec((".{0,12}", ".{0,300}"), 0..20)) {
        let updates: Vec<Update> =
            names.iter().map(|(r, c)| found(Some(r), Some(c), Cause::CodeExpired, Confidence::Certain)).collect();
        let text = render(&reading(&updates), Form::Text, None);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        let total: f64 = read(&text).iter().filter(|s| s.name == "kctriage_token_failures_total").map(|s| s.value).sum();
        prop_assert_eq!((total + 0.0).to_string(), names.len().to_string());
    }
}
