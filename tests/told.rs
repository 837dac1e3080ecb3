//! The flowchart that the page tells again from a finding, held against the walk over the log that `explain` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kctriage::finding::{Confidence, Finding, Trust};
use kctriage::triage::rules::Rules;
use kctriage::triage::walk::{Answer, Step, Subject, retell, walk};

/// All logs of servers that were recorded.
fn logs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut logs: Vec<PathBuf> = fs::read_dir(root).expect("recordings").flatten().map(|e| e.path().join("server.log")).filter(|p| p.exists()).collect();
    logs.sort();
    logs
}

fn answers(steps: &[Step]) -> BTreeMap<&'static str, Answer> {
    steps.iter().map(|s| (s.question, s.answer)).collect()
}

/// What is told wrongly of a walk; empty where nothing is.
fn wrong(walked: &[Step], told: &[Step], finding: &Finding) -> Vec<String> {
    let (real, mut wrong) = (answers(walked), Vec::new());
    for step in told {
        match real.get(step.question) {
            None => wrong.push(format!("asks what was not asked: {}", step.question)),
            // which of its readings a line has is known to the walk alone
            Some(_) if step.answer == Answer::CannotTell && finding.trust == Trust::Ambiguous => {}
            Some(answer) if *answer != step.answer => wrong.push(format!("{} {:?}, and it was {answer:?}", step.question, step.answer)),
            Some(_) => {}
        }
    }
    let order = |steps: &[Step], of: &BTreeSet<&str>| steps.iter().map(|s| s.question).filter(|q| of.contains(q)).collect::<Vec<_>>();
    let both: BTreeSet<&str> = told.iter().map(|s| s.question).filter(|q| real.contains_key(q)).collect();
    if order(walked, &both) != order(told, &both) {
        wrong.push("another order".to_owned());
    }
    if finding.confidence == Confidence::Certain && walked.last().map(|s| s.question) != told.last().map(|s| s.question) {
        wrong.push(format!("ends with {:?}, and it was {:?}", told.last().map(|s| s.question), walked.last().map(|s| s.question)));
    }
    wrong
}

#[test]
fn what_is_told_again_is_what_was_walked() {
    let (rules, mut seen, mut all) = (Rules::builtin(), 0, BTreeMap::<String, (usize, String)>::new());
    let mut causes = BTreeSet::new();
    for log in logs() {
        for walk in walk(&fs::read(&log).expect("a log"), &rules, None) {
            let Some(finding) = walk.finding.filter(|_| walk.subject == Subject::Failure) else { continue };
            seen += 1;
            causes.insert(finding.cause);
            for what in wrong(&walk.steps, &retell(&finding), &finding) {
                let place = format!("{}:{} {} {:?}", log.display(), walk.line, finding.cause, finding.confidence);
                all.entry(what).or_insert((0, place)).0 += 1;
            }
        }
    }
    assert!(seen > 2000 && causes.len() > 15, "{seen} failures of {} causes", causes.len());
    assert!(all.is_empty(), "of {seen}: {all:#?}");
}
