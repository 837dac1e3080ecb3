//! What equality is promised: the same findings and the same tally whatever the threads, the chunks and the order of the arguments, byte for byte;
//! and the same but for their places however a log is cut into rotated files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{NaiveDateTime, TimeDelta};
use kctriage::cause::Cause;
use kctriage::finding::{Confidence, Finding};
use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Find, discover};
use kctriage::triage::rules::Rules;

#[allow(dead_code, reason = "the tests of archives use the rest")]
mod packed;
use packed::placeless;

fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut runs: Vec<PathBuf> = fs::read_dir(root).expect("recordings").flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    runs.sort();
    assert!(runs.len() >= 12, "the recordings are missing");
    runs
}

fn logs(run: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<PathBuf> = fs::read_dir(run)
        .expect("a run")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|x| x == "log") && !p.ends_with("file.log"))
        .collect();
    logs.sort();
    logs
}

/// Findings as lines, and the counts.
fn scan(paths: &[PathBuf], threads: usize, chunk_bytes: usize) -> (Vec<Finding>, String) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| {
        let found = discover(paths, &Find::default(), &Lines::default());
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let mut findings = Vec::new();
        let options = Options { chunk_bytes, ..Options::default() };
        let outcome = pipeline::run(&found, &Rules::builtin(), &options, &|_| {}, &mut |f| {
            findings.push(f);
            Ok(())
        })
        .expect("a run");
        let books = &outcome.books;
        let read: u64 = paths.iter().map(|p| fs::metadata(p).expect("a file").len()).sum();
        assert_eq!(books.bytes(), read, "bytes read = parsed + skipped + damaged");
        let (rows, _) = outcome.tally.rows(10_000);
        let tally = format!("{:?} {} {} {} {}", rows, books.parsed, books.skipped, books.records, books.unparsed_lines);
        (findings, tally)
    })
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| serde_json::to_string(f).expect("JSON")).collect()
}

#[test]
fn threads_chunks_and_order_of_arguments_make_no_difference() {
    for run in recordings() {
        let paths = logs(&run);
        let want = scan(&paths, 1, 1 << 20);
        let want_lines = lines(&want.0);
        assert!(!want_lines.is_empty(), "{}", run.display());
        let reversed: Vec<PathBuf> = paths.iter().rev().cloned().collect();
        for (threads, chunk) in [(1, 700), (2, 4096), (8, 1 << 16), (8, 333), (2, 1 << 20)] {
            let got = scan(&reversed, threads, chunk);
            assert_eq!(lines(&got.0), want_lines, "{} with {threads} threads and chunks of {chunk}", run.display());
            assert_eq!(got.1, want.1, "tally of {} with {threads} threads and chunks of {chunk}", run.display());
        }
    }
}

/// Wraps a log as containerd does, one of so many lines in parts, and those parts with a line of the other stream in between.
fn in_parts(log: &str, every: usize) -> String {
    let (mut out, mut stamp) = (String::new(), String::new());
    for (number, line) in log.lines().enumerate() {
        if let Some((date, rest)) = line.split_once(' ').filter(|(date, _)| date.starts_with("2026-")) {
            stamp = format!("{date}T{}Z", rest[.."17:06:48,123".len()].replace(',', "."));
        }
        let (head, tail) = line.split_at_checked(line.len() / 2).filter(|_| number % every == 0).unwrap_or(("", line));
        if !head.is_empty() {
            writeln!(out, "{stamp} stdout P {head}\n{stamp} stderr F something else").expect("text");
        }
        writeln!(out, "{stamp} stdout F {tail}").expect("text");
    }
    out
}

#[test]
fn wrapped_lines_are_the_same_however_many_chunks_are_unwrapped_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/2673-load/server.log")).expect("a recording");
    for every in [1, 7, 50, 1000, usize::MAX] {
        let paths = [dir.path().join("server.log")];
        fs::write(&paths[0], in_parts(&log, every)).expect("a file");
        let want = scan(&paths, 1, 1 << 20);
        assert!(want.0.len() > 500, "{}", want.0.len());
        for (threads, chunk) in [(1, 4096), (2, 4096), (4, 700), (8, 1 << 14), (2, 1 << 18)] {
            let got = scan(&paths, threads, chunk);
            let how = format!("one of {every} in parts, {threads} threads and chunks of {chunk}");
            for (got, want) in lines(&got.0).iter().zip(lines(&want.0)) {
                assert_eq!(*got, want, "{how}");
            }
            assert_eq!((got.0.len(), got.1), (want.0.len(), want.1.clone()), "{how}");
        }
    }
}

/// Writes a log as rotated files: the newest is `server.log`, the oldest has the highest number.
fn rotated(dir: &Path, bytes: &[u8], cuts: &[usize]) -> Vec<PathBuf> {
    let mut edges = vec![0];
    edges.extend(cuts.iter().copied());
    edges.push(bytes.len());
    let parts = edges.len() - 1;
    (0..parts)
        .map(|i| {
            let name = if i + 1 == parts { "server.log".to_owned() } else { format!("server.log.{}", parts - 1 - i) };
            let path = dir.join(name);
            fs::write(&path, &bytes[edges[i]..edges[i + 1]]).expect("a file");
            path
        })
        .collect()
}

/// Offsets of every kind of place: record boundaries, inside heads, inside messages, inside stack traces, between a companion and its event.
fn places(bytes: &[u8]) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for (n, line) in bytes.split_inclusive(|c| *c == b'\n').enumerate() {
        let middle = start + line.len() / 2;
        let has = |needle: &str| memchr::memmem::find(line, needle.as_bytes()).is_some();
        if has("_ERROR") {
            if n % 7 == 0 {
                found.push(("a record boundary before an event", start));
                found.push(("inside an event's head", start + 15.min(line.len() - 1)));
                found.push(("before the line feed of an event", start + line.len() - 1));
            } else if n % 7 < 3 {
                found.push(("inside an event", middle));
            }
        } else if line.starts_with(b"\tat ") && n % 97 == 0 {
            found.push(("inside a stack trace", start));
            found.push(("inside a line of a stack trace", middle));
        } else if has("already used for") && n % 5 == 0 {
            found.push(("between a companion and its event", start + line.len()));
            found.push(("inside a companion", middle));
        } else if n % 211 == 0 && line.len() > 30 {
            found.push(("anywhere", start + n % line.len()));
        }
        start += line.len();
    }
    found.retain(|(_, at)| *at > 0 && *at < bytes.len());
    found
}

#[test]
fn cutting_a_log_into_rotated_files_makes_no_difference() {
    for run in recordings() {
        let [path] = &logs(&run)[..] else { continue };
        let bytes = fs::read(path).expect("a log");
        let dir = tempfile::tempdir().expect("a folder");
        let whole = dir.path().join("whole");
        fs::create_dir(&whole).expect("a folder");
        let want = placeless(&scan(&rotated(&whole, &bytes, &[]), 2, 1 << 20).0);
        let all = places(&bytes);
        assert!(!all.is_empty());
        // each place once, several cuts a copy
        for (i, group) in all.chunks(6).enumerate() {
            let mut cuts: Vec<usize> = group.iter().map(|(_, at)| *at).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let folder = dir.path().join(i.to_string());
            fs::create_dir(&folder).expect("a folder");
            let got = placeless(&scan(&rotated(&folder, &bytes, &cuts), 2, 1 << 14).0);
            let differing: Vec<_> = got.iter().zip(&want).filter(|(g, w)| g != w).take(2).collect();
            assert!(
                got.len() == want.len() && differing.is_empty(),
                "{} cut at {group:?}: {} and {} findings, {differing:#?}",
                run.display(),
                got.len(),
                want.len()
            );
        }
    }
}

/// Layouts, servers and line ends mixed in one file: each server's part says what it says alone.
#[test]
fn layouts_can_be_mixed_in_one_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let dir = tempfile::tempdir().expect("a folder");
    let runs = ["2673-json", "2205-plain", "2673-mdc", "2608-tracing", "2673-ecs", "1611-wildfly", "2405-plain"];
    let (mut all, mut want) = (Vec::new(), Vec::new());
    for run in runs {
        let path = root.join(run).join("server.log");
        let text = fs::read(&path).expect("a recording");
        want.extend(scan(&[path], 2, 1 << 20).0.into_iter().map(|f| (f.id, f.ip)));
        all.extend(text);
    }
    want.sort();
    for (name, bytes) in [("lf.log", all.clone()), ("crlf.log", all.split(|c| *c == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]))] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        let mut got: Vec<_> = scan(&[path], 2, 1 << 14).0.into_iter().map(|f| (f.id, f.ip)).collect();
        got.sort();
        assert_eq!(got.len(), want.len(), "{name}");
        assert!(got == want, "{name}");
    }
}

/// What findings say, but for where and why.
fn verdicts(findings: Vec<Finding>) -> Vec<(String, Cause, Confidence, Vec<Cause>)> {
    findings.into_iter().map(|f| (f.id, f.cause, f.confidence, f.candidates)).collect()
}

/// Returns a line of text as another thread would have written it.
fn by_another_thread(line: &str) -> Option<String> {
    let (head, message) = line.split_once(") ")?;
    let (head, _) = head.rsplit_once('(')?;
    Some(format!("{head}(another-thread) {message}"))
}

/// A session lives for days, and its clients refresh their tokens every few minutes.
#[test]
fn a_session_that_was_refreshed_for_days_is_as_clear_as_a_new_one() {
    const TIMES: usize = 300;
    let dir = tempfile::tempdir().expect("a folder");
    let mut logins = 0;
    for log in recordings().iter().map(|run| run.join("server.log")).filter(|log| log.exists()) {
        let text = String::from_utf8(fs::read(&log).expect("a log")).expect("text");
        let mut longer = String::new();
        for line in text.split_inclusive('\n') {
            if line.contains("type=\"LOGIN\", ")
                && let Some(login) = by_another_thread(line)
            {
                logins += 1;
                longer.push_str(&login.replace("\"LOGIN\"", "\"REFRESH_TOKEN\"").repeat(TIMES));
            }
            longer.push_str(line);
        }
        let path = dir.path().join("server.log");
        fs::write(&path, longer).expect("a file");
        assert_eq!(verdicts(scan(&[path], 1, 1 << 20).0), verdicts(scan(std::slice::from_ref(&log), 1, 1 << 20).0), "{}", log.display());
    }
    assert!(logins > 1000, "{logins}");
}

/// A page that stays open logs in again every few minutes, unseen, and exchanges the code.
#[test]
fn logins_whose_codes_are_long_dead_take_nothing_from_what_is_known_of_a_session() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut sessions = 0;
    for log in recordings().iter().map(|run| run.join("server.log")).filter(|log| log.exists()) {
        let text = String::from_utf8(fs::read(&log).expect("a log")).expect("text");
        let stamp = |line: &str| NaiveDateTime::parse_from_str(line.get(..23)?, "%Y-%m-%d %H:%M:%S,%3f").ok();
        let logins: Vec<&str> = text.lines().filter(|line| line.contains("type=\"LOGIN\", ") && stamp(line).is_some()).collect();
        let Some(begin) = text.lines().find_map(stamp).filter(|_| !logins.is_empty()) else { continue };
        sessions += logins.len();
        let scanned = |times: i64| {
            let mut longer = String::new();
            for time in 0..times {
                // an hour without any would end the timelines
                let at = begin - TimeDelta::minutes(40 + 7 * (times - 1 - time));
                for login in &logins {
                    let login = format!("{}{}", at.format("%Y-%m-%d %H:%M:%S,%3f"), &login[23..]);
                    longer += &[login.as_str(), &login.replace("\"LOGIN\"", "\"CODE_TO_TOKEN\""), ""].join("\n");
                }
            }
            let path = dir.path().join("server.log");
            fs::write(&path, longer + &text).expect("a file");
            verdicts(scan(&[path], 1, 1 << 20).0)
        };
        assert_eq!(scanned(200), scanned(2), "{}", log.display());
    }
    assert!(sessions > 1000, "{sessions}");
}

/// A client that does not give up asks with its dead refresh token again and again.
#[test]
fn each_refresh_that_fails_is_as_clear_as_the_first() {
    const TIMES: usize = 300;
    let dir = tempfile::tempdir().expect("a folder");
    let mut ended = 0;
    for log in recordings().iter().map(|run| run.join("server.log")).filter(|log| log.exists()) {
        let text = String::from_utf8(fs::read(&log).expect("a log")).expect("text");
        let mut longer = String::new();
        for line in text.split_inclusive('\n') {
            longer.push_str(line);
            if line.contains("type=\"REFRESH_TOKEN_ERROR\", ")
                && line.contains("error=\"invalid_token\"")
                && let Some(refused) = by_another_thread(line)
            {
                longer.push_str(&refused.repeat(TIMES));
            }
        }
        let path = dir.path().join("server.log");
        fs::write(&path, longer).expect("a file");
        // a log without dates is of the day on which its file was written
        let said = |findings: Vec<Finding>| -> BTreeSet<_> {
            findings
                .into_iter()
                .map(|f| (f.time.map(|t| t.time()), f.event, f.session, f.user, f.ip, f.error, f.reason, f.cause, f.detail, f.confidence, f.candidates))
                .collect()
        };
        let (once, often) = (scan(std::slice::from_ref(&log), 1, 1 << 20).0, scan(&[path], 1, 1 << 20).0);
        let is_ended = |f: &&Finding| f.cause == Cause::RefreshTokenInvalid && f.reason.is_none() && f.confidence == Confidence::Certain;
        ended += once.iter().filter(is_ended).count();
        let (often, once) = (said(often), said(once));
        assert!(often == once, "{}: {:#?}", log.display(), often.symmetric_difference(&once).take(4).collect::<Vec<_>>());
    }
    assert!(ended > 10, "{ended}");
}
