//! One fixture, every format; and what must hold for all of them.

use std::path::Path;

use proptest::prelude::*;

use super::{Csv, Findings, Json, Ndjson, Summary, Terminal};
use crate::books::Sample;
use crate::finding::Finding;
use crate::pipeline::{self, Lines, Options};
use crate::source::{Find, discover};
use crate::tally::{Filter, Outcome};
use crate::triage::clock::Zone;
use crate::triage::rules::Rules;

/// Runs the pipeline over a path of the repository.
fn run(path: &str) -> (Outcome, Vec<Finding>) {
    let found = discover(&[Path::new(env!("CARGO_MANIFEST_DIR")).join(path)], &Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let options = Options { window_ms: 10_000, ..Options::default() };
    let outcome = pipeline::run(&found, &Rules::builtin(), &options, &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    });
    (outcome.expect("no temporary file is needed"), findings)
}

fn terminal(width: usize, colour: bool) -> Terminal {
    Terminal {
        width,
        colour,
        zone: Zone::Utc,
        zone_assumed: true,
        top: 5,
        elapsed: None,
        command: "server.log".to_owned(),
        life_ms: None,
        filter: Filter::default(),
    }
}

fn summary(format: &dyn Summary, outcome: &Outcome) -> String {
    let mut out = Vec::new();
    format.write(outcome, &mut out).expect("a vector takes it");
    String::from_utf8(out).expect("outputs are UTF-8")
}

fn stream<'a, F: Findings + 'a>(new: impl FnOnce(&'a mut Vec<u8>) -> F, out: &'a mut Vec<u8>, findings: &[Finding]) {
    let mut sink = new(out);
    for finding in findings {
        sink.finding(finding).expect("a vector takes it");
    }
    sink.finish().expect("a vector takes it");
}

/// Writes every format, by the name of its snapshot.
fn formats(outcome: &Outcome, findings: &[Finding]) -> Vec<(&'static str, String)> {
    let (mut ndjson, mut csv) = (Vec::new(), Vec::new());
    stream(Ndjson::new, &mut ndjson, findings);
    stream(Csv::new, &mut csv, findings);
    let text = |bytes| String::from_utf8(bytes).expect("outputs are UTF-8");
    vec![("terminal", summary(&terminal(100, false), outcome)), ("json", summary(&Json, outcome)), ("ndjson", text(ndjson)), ("csv", text(csv))]
}

/// What a terminal obeys, but for line feeds.
fn acts(c: char) -> bool {
    c != '\n' && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}'))
}

#[test]
fn every_format_of_every_fixture_is_as_it_was() {
    for (fixture, path) in [
        ("secret", "sample-logs/secret-regenerated/server.log"),
        ("codes", "sample-logs/quarkus-text/server.log"),
        ("empty", "src/report/fixtures/quiet.log"),
        ("nothing", "src/report/fixtures/none"),
        ("foreign", "src/report/fixtures/foreign.log"),
        ("relayed", "src/report/fixtures/app.log"),
    ] {
        let (outcome, findings) = run(path);
        for (format, text) in formats(&outcome, &findings) {
            insta::assert_snapshot!(format!("{fixture}_{format}"), text);
        }
    }
}

#[test]
fn the_page_of_a_recording_reads_the_same_at_every_width() {
    let (outcome, _) = run("tests/recordings/2673-load/server.log");
    for width in [60, 80, 140] {
        insta::assert_snapshot!(format!("load_{width}"), summary(&terminal(width, false), &outcome));
    }
}

#[test]
fn no_line_is_wider_than_the_page() {
    for path in ["tests/recordings/2673-load/server.log", "tests/recordings/2506-hostile/server.log", "src/report/fixtures/foreign.log"] {
        let (outcome, _) = run(path);
        for width in 40..=200 {
            // what is to be copied is never broken
            for line in summary(&terminal(width, false), &outcome).lines().filter(|line| !line.trim_start().starts_with("--")) {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn a_narrow_page_says_all_that_a_wide_one_says() {
    let (outcome, _) = run("tests/recordings/2673-load/server.log");
    let words = |width| summary(&terminal(width, false), &outcome).split_whitespace().collect::<Vec<_>>().join(" ");
    let (narrow, wide) = (words(40), words(100));
    for sure in ["certain 84, likely 11", "certain 79, likely 15"] {
        assert!([&narrow, &wide].iter().all(|page| page.matches(sure).count() == 2), "in the table and below it: {sure}\n{narrow}");
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let (outcome, _) = run("tests/recordings/2673-load/server.log");
    let plain = summary(&terminal(100, false), &outcome);
    let coloured = summary(&terminal(100, true), &outcome);
    assert!(!plain.contains('\u{1b}'));
    assert_ne!(plain, coloured);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn nothing_but_text_comes_out_of_hostile_logs() {
    for path in ["tests/recordings/2506-hostile/server.log", "tests/recordings/2205-hostile/server.log", "tests/recordings/2673-hostile/server.log"] {
        let (outcome, findings) = run(path);
        for (format, text) in formats(&outcome, &findings) {
            assert_eq!(text.chars().find(|c| acts(*c)), None, "{format} of {path}");
        }
    }
}

#[test]
fn lines_are_as_many_as_findings_and_hold_the_contracts_keys() {
    const KEYS: [&str; 22] = [
        "schema",
        "id",
        "time",
        "realm",
        "client",
        "cause",
        "number",
        "detail",
        "confidence",
        "candidates",
        "event",
        "error",
        "reason",
        "grant",
        "session",
        "user",
        "ip",
        "node",
        "source",
        "line",
        "evidence",
        "trust",
    ];
    let (outcome, findings) = run("tests/recordings/2506-hostile/server.log");
    let all = formats(&outcome, &findings);
    let ndjson = &all[2].1;
    assert_eq!(ndjson.lines().count(), findings.len());
    for (line, finding) in ndjson.lines().zip(&findings) {
        let read: Finding = serde_json::from_str(line).expect("a finding");
        let shape: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("an object");
        assert_eq!(shape.len(), KEYS.len());
        let places: Vec<usize> = KEYS.iter().map(|k| line.find(&format!("\"{k}\":")).expect("every key is there")).collect();
        assert!(places.is_sorted(), "{line}");
        assert_eq!(
            (read.id, read.client, read.ip),
            (finding.id.clone(), finding.client.clone(), finding.ip.clone()),
            "no secret by shape is in this recording"
        );
    }
    let mut csv = ::csv::Reader::from_reader(all[3].1.as_bytes());
    assert_eq!(csv.headers().expect("a header").iter().collect::<Vec<_>>(), KEYS);
    assert_eq!(csv.records().flatten().count(), findings.len());
}

#[test]
fn the_tally_adds_up() {
    for path in ["tests/recordings/2673-load/server.log", "tests/recordings/2506-hostile/server.log", "src/report/fixtures/none"] {
        let (outcome, findings) = run(path);
        let read: serde_json::Value = serde_json::from_str(&summary(&Json, &outcome)).expect("JSON");
        let rows = read["rows"].as_array().expect("rows");
        let sum: u64 = rows.iter().filter_map(|r| r["count"].as_u64()).sum();
        assert_eq!((read["findings"].as_u64(), sum), (Some(findings.len() as u64), findings.len() as u64));
        let books = &read["books"];
        let part = |key: &str| books[key].as_u64().expect("a number");
        assert_eq!(part("bytes"), part("parsed") + part("skipped") + part("damaged"));
        assert_eq!(read["window_seconds"], 10);
    }
}

/// Plants a text in every field that a log can fill.
fn plant(text: &str) -> (Outcome, Vec<Finding>) {
    let (mut outcome, mut findings) = run("sample-logs/hostile/server.log");
    for f in &mut findings {
        for field in [&mut f.realm, &mut f.client, &mut f.reason, &mut f.session, &mut f.user, &mut f.ip, &mut f.error, &mut f.grant] {
            *field = Some(text.to_owned());
        }
        f.event = text.to_owned();
    }
    outcome.tally = crate::tally::Tally::new(10_000);
    for f in &findings {
        outcome.tally.add(f);
    }
    outcome.books.samples = vec![Sample { source: text.to_owned(), line: 1, text: text.to_owned() }];
    for (source, suspect) in &mut outcome.suspects {
        text.clone_into(source);
        text.clone_into(&mut suspect.event);
        suspect.ip = Some(text.to_owned());
    }
    outcome.view.nodes.iter_mut().for_each(|n| n.versions.push((0, text.to_owned())));
    (outcome, findings)
}

#[test]
fn secrets_by_shape_get_into_no_output() {
    for (secret, canary) in [
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2ln", "eyJ"),
        ("Bearer canary-0123456789", "canary"),
        ("Basic Y2FuYXJ5OnBhc3M=", "Y2Fu"),
        ("https://canary:pass@idp.example/", "canary"),
    ] {
        let (mut outcome, findings) = plant(secret);
        // names of files are not the log's, and what the version's pattern allows holds no secret
        outcome.suspects.iter_mut().for_each(|(source, _)| source.clear());
        outcome.books.samples.iter_mut().for_each(|s| s.source.clear());
        outcome.view.nodes.iter_mut().for_each(|n| n.versions.clear());
        for (format, text) in formats(&outcome, &findings) {
            assert!(!text.contains(canary), "{secret} in {format}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_a_log_says_every_output_is_text_and_json_is_json(text in "(?s).{0,60}|[\u{0}-\u{9f}\u{200b}-\u{206f}\"\\\\,=+@-]{0,40}", width in 0usize..220) {
        let (outcome, findings) = plant(&text);
        let mut all = formats(&outcome, &findings);
        all.push(("page", summary(&terminal(width, false), &outcome)));
        for (format, shown) in &all {
            prop_assert_eq!(shown.chars().find(|c| acts(*c)), None, "{} of {:?}", format, text);
        }
        prop_assert!(serde_json::from_str::<serde_json::Value>(&all[1].1).is_ok());
        prop_assert!(all[2].1.lines().all(|l| serde_json::from_str::<Finding>(l).is_ok()));
        for line in all[4].1.lines().filter(|line| !line.trim_start().starts_with("--")) {
            prop_assert!(unicode_width::UnicodeWidthStr::width(line) <= width.clamp(40, 200), "{line}");
        }
    }
}
