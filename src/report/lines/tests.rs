//! Findings of recordings as lines, and what must hold for every line.

use std::path::Path;

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::pipeline::{self, Options};
use crate::source::{Find, discover};
use crate::tally::incident::Change;
use crate::triage::rules::Rules;

/// Returns the findings of a recording.
fn findings(name: &str) -> Vec<Finding> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).join("server.log");
    let found = discover(&[path], &Find::default(), &pipeline::Lines::default());
    let mut findings = Vec::new();
    let outcome = pipeline::run(&found, &Rules::builtin(), &Options::default(), &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    });
    outcome.expect("no temporary file is needed");
    findings
}

fn settings(width: Option<usize>) -> Settings {
    Settings { width, ..Settings::default() }
}

fn written(settings: Settings, updates: &[Update]) -> String {
    let mut lines = Lines::new(Vec::new(), settings);
    for update in updates {
        lines.update(update, 0).expect("a vector takes it");
    }
    String::from_utf8(lines.finish().expect("a vector takes it")).expect("lines are UTF-8")
}

fn found(finding: &Finding) -> Update {
    Update::Found(Box::new(finding.clone()))
}

/// Returns one finding of every cause, detail and confidence.
fn one_of_each(findings: &[Finding]) -> Vec<Update> {
    let mut seen = Vec::new();
    let fresh = |f: &&Finding| {
        let key = (f.cause, f.detail, f.confidence);
        let fresh = !seen.contains(&key);
        seen.push(key);
        fresh
    };
    findings.iter().filter(fresh).map(found).collect()
}

#[test]
fn every_cause_has_its_line() {
    let updates = one_of_each(&[findings("2673-success"), findings("2205-plain")].concat());
    for (name, width) in [("80", Some(80)), ("100", Some(100)), ("120", Some(120)), ("pipe", None)] {
        insta::assert_snapshot!(format!("lines_{name}"), written(settings(width), &updates));
    }
}

#[test]
fn what_is_no_finding_has_its_line_too() {
    let finding = findings("2673-success").swap_remove(0);
    let time = finding.time.expect("recordings have times").timestamp_millis();
    let trigger = |what, client: Option<&str>| {
        Update::Trigger(Trigger { time, what, realm: Some("shop".into()), client: client.map(Into::into), node: None, place: None })
    };
    let notice = |what: &str, lost_bytes| Update::Notice(Notice { source: "kc-0.log".into(), what: what.to_owned(), lost_bytes });
    let updates = [
        found(&finding),
        Update::Revised { finding: Box::new(finding.clone()), from: Cause::CodeReused, confidence: Confidence::Likely },
        Update::Revised { finding: Box::new(finding.clone()), from: finding.cause, confidence: Confidence::Likely },
        trigger(Change::SecretRegenerated, Some("web-portal")),
        trigger(Change::ServerStarted { version: Some("26.7.3".into()), before: Some("26.6.1".into()) }, None),
        notice("replaced by a new file of the same name", None),
        notice("truncated while behind", Some(4096)),
    ];
    insta::assert_snapshot!(written(settings(Some(100)), &updates), @r"
    ── 2026-11-23, times in UTC ──
    18:19:34  web-portal          1 code expired           certain    4.5 s after login (so the lifespa…
    18:19:34  web-portal          1 code expired           certain    ↻ was code reused (likely); 4.5 s…
    18:19:34  web-portal          1 code expired           certain    ↻ was likely; 4.5 s after login (…
    18:19:34  ● an administrator regenerated the client's secret (realm shop, client web-portal)
    18:19:34  ● the server started: 26.7.3, before 26.6.1 (realm shop)
              · kc-0.log: replaced by a new file of the same name
              ! kc-0.log: truncated while behind (4096 bytes lost)
    ");
}

#[test]
fn a_burst_is_told_once_and_then_counted() {
    let all = findings("2205-load");
    let sum = |text: &str| -> u64 {
        let more = |line: &str| line.split_once('×').and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
        text.lines().filter(|l| !l.starts_with('─')).map(|l| more(l).unwrap_or(1)).sum()
    };
    let text = written(settings(None), &all.iter().map(found).collect::<Vec<_>>());
    assert_eq!(sum(&text), all.len() as u64, "every failure is told or counted");
    assert!(text.contains(" more in ") && text.lines().count() < all.len(), "{} lines for {}", text.lines().count(), all.len());
}

#[test]
fn a_burst_ends_with_the_clock() {
    let finding = findings("2673-success").swap_remove(0);
    let mut lines = Lines::new(Vec::new(), settings(Some(80)));
    let mut heights = Vec::new();
    for (at, comes) in [(0, true), (10, true), (20, true), (900, false), (1000, false), (1100, true), (2200, false)] {
        if comes {
            lines.update(&found(&finding), at).expect("a vector takes it");
        }
        lines.tick(at).expect("a vector takes it");
        heights.push(String::from_utf8_lossy(&lines.out).lines().count());
    }
    assert_eq!(heights, [2, 2, 2, 2, 3, 4, 4]);
}

proptest! {
    #[test]
    fn no_line_is_too_wide_or_acts_whatever_the_log_says(width in 40_usize..200, text in "\\PC{0,60}|[\u{0}-\u{20}\u{202e}\u{1b}]{1,20}", ascii: bool) {
        let mut finding = sample();
        finding.client = Some(text.clone());
        finding.ip = Some(text.clone());
        finding.reason = Some(text.clone());
        finding.error = Some(text.clone());
        finding.evidence.iter_mut().for_each(|e| e.what.clone_from(&text));
        let notice = Update::Notice(Notice { source: text.as_str().into(), what: text.clone(), lost_bytes: Some(1) });
        let change = Change::ServerStarted { version: Some(text.clone()), before: Some(text.clone()) };
        let trigger = Update::Trigger(Trigger { time: 0, what: change, realm: Some(text.as_str().into()), client: Some(text.as_str().into()), node: None, place: None });
        let revised = Update::Revised { finding: Box::new(finding.clone()), from: Cause::CodeReused, confidence: Confidence::Likely };
        let shown = written(Settings { ascii, ..settings(Some(width)) }, &[found(&finding), found(&finding), revised, notice, trigger]);
        prop_assert_eq!(shown.lines().filter(|l| !l.starts_with(['─', '-'])).count(), 5, "{}", &shown);
        for line in shown.lines() {
            prop_assert!(line.width() <= width, "{} > {width}: {line}", line.width());
            prop_assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
            prop_assert!(!ascii || line.is_ascii(), "{line:?}");
        }
    }
}

fn sample() -> Finding {
    let text = r#"{"schema":1,"id":"0","time":"2026-11-23T14:48:22.306Z","realm":"shop","client":"web-portal","cause":"code-expired","number":1,"detail":null,"confidence":"likely",
        "candidates":["code-expired","code-reused"],"event":"CODE_TO_TOKEN_ERROR","error":"invalid_code","reason":null,"grant":null,"session":null,"user":null,"ip":"10.0.0.4",
        "node":"kc-0","source":"server.log","line":20,"evidence":[{"line":19,"what":"code already used or expired"},{"line":18,"what":"LOGIN 71.2 s earlier"}],"trust":"quoted"}"#;
    serde_json::from_str(text).expect("a finding")
}
