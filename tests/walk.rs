//! A walk over pasted lines says of each failure what `scan` says of the same lines.

use std::fs;
use std::path::{Path, PathBuf};

use kctriage::finding::Finding;
use kctriage::pipeline::{Lines, Options, run};
use kctriage::source::discover;
use kctriage::triage::rules::Rules;
use kctriage::triage::walk::{Answer, Walk, walk};

/// What a scan of a file says.
fn scan(path: &Path) -> Vec<Finding> {
    let found = discover(&[path.to_owned()], &Lines::default());
    let mut findings = Vec::new();
    run(&found, &Rules::builtin(), &Options::default(), &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    })
    .expect("a scan");
    findings
}

/// A finding without what only a file can tell.
fn bare(finding: &Finding) -> Finding {
    Finding { source: String::new(), node: String::new(), time: None, ..finding.clone() }
}

/// Findings by line; times are equal unless the layout has none.
fn same(walks: &[Walk], scanned: &[Finding], what: &str) {
    let mut walked: Vec<&Finding> = walks.iter().filter_map(|w| w.finding.as_ref()).collect();
    let mut scanned: Vec<&Finding> = scanned.iter().collect();
    walked.sort_by_key(|f| f.line);
    scanned.sort_by_key(|f| f.line);
    assert_eq!(walked.len(), scanned.len(), "{what}");
    for (w, s) in walked.iter().zip(scanned) {
        assert_eq!(bare(w), bare(s), "{what}");
        assert!(w.time.is_none() || w.time == s.time, "{what}");
    }
}

/// The logs of the recordings that are of one node.
fn recordings() -> Vec<PathBuf> {
    let mut logs: Vec<PathBuf> =
        fs::read_dir("tests/recordings").expect("the recordings").filter_map(|d| Some(d.ok()?.path().join("server.log"))).filter(|p| p.is_file()).collect();
    logs.sort();
    assert!(logs.len() > 15);
    logs
}

#[test]
fn a_walk_over_a_whole_log_finds_what_a_scan_finds() {
    for log in recordings() {
        let bytes = fs::read(&log).expect("a recording");
        let walks = walk(&bytes, &Rules::builtin(), None);
        same(&walks, &scan(&log), &log.display().to_string());
    }
}

#[test]
fn a_walk_over_one_line_finds_what_a_scan_of_that_line_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.log");
    let mut walked = 0;
    for log in recordings() {
        let text = String::from_utf8_lossy(&fs::read(&log).expect("a recording")).into_owned();
        // every seventh line is enough, and keeps the test short
        for line in text.lines().filter(|l| l.contains("_ERROR")).step_by(7) {
            fs::write(&file, line).expect("a file");
            let walks = walk(line.as_bytes(), &Rules::builtin(), None);
            same(&walks, &scan(&file), line);
            walked += walks.iter().filter(|w| w.finding.is_some()).count();
        }
    }
    assert!(walked > 300, "{walked}");
}

#[test]
fn every_step_of_every_recorded_failure_has_evidence_or_says_what_would_tell() {
    for log in recordings() {
        let bytes = fs::read(&log).expect("a recording");
        for w in walk(&bytes, &Rules::builtin(), Some(60_000)).iter().filter(|w| w.finding.is_some()) {
            assert!(w.steps.len() >= 3, "{w:#?}");
            assert!(!w.so.is_empty() && w.rule.is_some(), "{w:#?}");
            for step in &w.steps {
                let unknown = step.answer == Answer::CannotTell;
                assert_eq!(step.would_tell.is_some(), unknown, "{w:#?}");
                assert!(unknown || !step.evidence.is_empty(), "{w:#?}");
            }
            let questions: std::collections::BTreeSet<_> = w.steps.iter().map(|s| s.question).collect();
            assert_eq!(questions.len(), w.steps.len(), "a question is asked once: {w:#?}");
        }
    }
}
