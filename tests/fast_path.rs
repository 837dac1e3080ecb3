//! The fast ways give what the plain ones give: a chunk read by columns holds what its parsed lines hold, counts are what findings add up to.

use std::fs;
use std::path::{Path, PathBuf};

use kctriage::pipeline::{Lines, Options, count, run};
use kctriage::signal::Kind;
use kctriage::signal::batch::{Batch, scan, scan_plainly};
use kctriage::source::{Find, discover};
use kctriage::tally::{Tally, Windows};
use kctriage::triage::rules::Rules;
use proptest::prelude::*;

fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut logs: Vec<PathBuf> = fs::read_dir(root)
        .expect("recordings")
        .flatten()
        .filter(|run| run.path().is_dir())
        .flat_map(|run| fs::read_dir(run.path()).expect("a recording").flatten().map(|f| f.path()).collect::<Vec<_>>())
        .filter(|p| p.extension().is_some_and(|x| x == "log") || p.ends_with("events.json"))
        .collect();
    logs.sort();
    logs
}

/// Returns the lines of a recording: stored events stand on many lines each, and are read as one line each.
fn text(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("a log");
    if path.extension().is_some_and(|x| x == "log") {
        return bytes;
    }
    let pages = serde_json::Deserializer::from_slice(&bytes).into_iter::<Vec<serde_json::Value>>();
    pages.flat_map(|page| page.expect("a list of events")).flat_map(|e| format!("{e}\n").into_bytes()).collect()
}

/// Returns a line as it lies there, and as three wrappers put it: they are taken off before, but what is left on must not matter.
fn dressed(line: &[u8]) -> [Vec<u8>; 4] {
    let text = String::from_utf8_lossy(line);
    let docker = serde_json::json!({ "log": format!("{text}\n"), "stream": "stdout", "time": "2026-11-23T14:48:22.304Z" });
    let wrapped = [docker.to_string(), format!("2026-11-23T14:48:22.304Z stdout F {text}"), format!("kc-0 | {text}")];
    let [json, cri, compose] = wrapped.map(String::into_bytes);
    [line.to_vec(), json, cri, compose]
}

/// Says where two batches differ, without printing a thousand signals.
fn difference(fast: &Batch, plain: &Batch) -> Option<String> {
    if fast == plain {
        return None;
    }
    if let Some((a, b)) = fast.signals.iter().zip(&plain.signals).find(|(a, b)| a != b) {
        return Some(format!("signals: {a:?} and {b:?}"));
    }
    let rest = |b: &Batch| {
        format!(
            "{} signals, {} lines, {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            b.signals.len(),
            b.lines,
            b.books,
            b.lead,
            b.inside,
            b.layouts,
            b.days,
            b.first,
            b.last,
            (b.keycloak, b.access_log),
            (&b.proxied.books, &b.proxied.lead, b.proxied.span),
            b.begins_proxied,
            &b.relayed
        )
    };
    Some(format!("{}\nand {}", rest(fast), rest(plain)))
}

#[test]
fn every_recording_reads_the_same_both_ways() {
    let logs = recordings();
    assert!(logs.len() > 10);
    let (mut signals, mut proxied, mut stored, mut accesses) = (0, 0, 0, 0);
    for log in logs {
        let bytes = text(&log);
        let (fast, plain) = (scan(&bytes), scan_plainly(&bytes));
        assert_eq!(difference(&fast, &plain), None, "{}", log.display());
        signals += fast.signals.len();
        proxied += fast.proxied.signals.len();
        stored += fast.signals.iter().filter(|s| s.stored).count();
        accesses += fast.signals.iter().filter(|s| matches!(s.kind, Kind::Access(_))).count();
    }
    assert!(signals > 1000);
    // each way in which a line can come is there
    assert!(proxied > 10 && stored > 10 && accesses > 10, "{proxied} {stored} {accesses}");
}

/// Lines of all recordings, so that layouts and servers meet in one chunk.
fn lines() -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for log in recordings() {
        let bytes = text(&log);
        let all: Vec<&[u8]> = bytes.split(|c| *c == b'\n').collect();
        lines.extend(all.iter().step_by((all.len() / 150).max(1)).map(|l| l.to_vec()));
    }
    let wrapped: Vec<Vec<u8>> = lines.iter().step_by(10).flat_map(|l| dressed(l)).collect();
    lines.extend(wrapped);
    lines
}

/// What befalls a line.
fn damage(line: &mut Vec<u8>, kind: u8, at: usize) {
    if line.is_empty() {
        return;
    }
    let at = at % line.len();
    match kind {
        0 => line.truncate(at),
        1 => line[at] = b"\"\\{}[]()=,: \t\x1b\r\xff0Z"[at % 18],
        2 => drop(line.remove(at)),
        3 => line.push(b'\r'),
        4 => drop(line.splice(0..0, *b"\x1b[33m")),
        5 => drop(line.splice(0..0, *b"\xef\xbb\xbf")),
        6 => line[at.min(30)] ^= 1,
        7 => line.extend_from_slice(b", userId=null, ipAddress=10.0.0.64, error=client_not_found"),
        8 => drop(line.splice(at..at, *b"\r\n\r\n")),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn mixed_and_damaged_lines_read_the_same_both_ways(picks in prop::collection::vec((any::<prop::sample::Index>(), 0u8..18, any::<usize>()), 1..60)) {
        // read once: a test has no other place for it
        static LINES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let lines = LINES.get_or_init(lines);
        let mut chunk = Vec::new();
        for (index, kind, at) in picks {
            let mut line = index.get(lines).clone();
            damage(&mut line, kind, at);
            chunk.extend_from_slice(&line);
            chunk.push(b'\n');
        }
        prop_assert_eq!(difference(&scan(&chunk), &scan_plainly(&chunk)), None);
    }
}

/// What is counted without a finding for each failure is what the findings add up to, cell by cell.
#[test]
fn counting_alone_gives_the_tally_of_the_findings() {
    let mut failures = 0;
    for log in recordings() {
        let found = discover(std::slice::from_ref(&log), &Find::default(), &Lines::default());
        let (rules, options) = (Rules::builtin(), Options::default());
        let mut tally = Tally::new(options.window_ms);
        let listed = run(&found, &rules, &options, &|_| {}, &mut |finding| {
            tally.add(&finding);
            Ok(())
        })
        .expect("a run");
        let apart = count(&found, &rules, &options, Windows::Apart, &|_| {}).expect("a run");
        assert!(apart.tally == tally, "{}", log.display());
        assert!(listed.tally == tally && listed.lacks == apart.lacks && listed.worked == apart.worked, "{}", log.display());
        let together = count(&found, &rules, &options, Windows::Together, &|_| {}).expect("a run").tally;
        let windows = together.cells.values().flat_map(|c| &c.windows).map(|w| w.1).sum::<u64>();
        let timed = tally.cells.iter().filter(|(k, _)| k.window.is_some()).map(|(_, c)| c.count).sum::<u64>();
        assert_eq!((together.findings(), windows), (tally.findings(), timed), "{}", log.display());
        failures += tally.findings();
    }
    assert!(failures > 500);
}
