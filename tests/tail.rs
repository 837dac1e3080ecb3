//! `kctriage tail` as it is built: what it tells and when, through rotation, kills and pipes, held against a scan of the same lines.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use kctriage::pipeline::Options;
use kctriage::pipeline::live::outcome_of;
use kctriage::source::checkpoint;
use kctriage::triage::rules::Rules;
use serde_json::Value;

/// Long enough for a slow machine; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_secs(30);

fn recording(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).join("server.log")).expect("a recording")
}

fn lines(log: &[u8]) -> Vec<&[u8]> {
    log.split_inclusive(|c| *c == b'\n').collect()
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kctriage"));
    command.env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// Cause, confidence and candidates by id: the last word on each.
type Words = BTreeMap<String, (Value, Value, Value)>;

fn words<'a>(lines: impl Iterator<Item = &'a str>) -> Words {
    let mut words = Words::new();
    for line in lines {
        let f: Value = serde_json::from_str(line).expect("JSON");
        let id = f["id"].as_str().expect("an id").to_owned();
        let known = words.insert(id.clone(), (f["cause"].clone(), f["confidence"].clone(), f["candidates"].clone())).is_some();
        assert_eq!(known, f["supersedes"] == Value::Bool(true), "{id} is told again only as a correction");
    }
    words
}

fn scan(log: &Path) -> Words {
    let output = program().args(["scan", "--format", "ndjson"]).arg(log).output().expect("a scan");
    words(String::from_utf8(output.stdout).expect("UTF-8").lines())
}

/// A tail at work.
struct Tail {
    child: Child,
    out: Receiver<(Instant, String)>,
}

fn collect(out: ChildStdout) -> Receiver<(Instant, String)> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if send.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    receive
}

impl Tail {
    fn start(args: &[&str], paths: &[&Path]) -> Self {
        let mut child = program().arg("tail").args(args).args(paths).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a tail");
        let out = collect(child.stdout.take().expect("a pipe"));
        Tail { child, out }
    }

    /// Waits until so many different findings were told; returns all lines.
    fn until(&self, count: usize) -> Vec<String> {
        let (end, mut all) = (Instant::now() + PATIENCE, Vec::new());
        let mut ids = std::collections::BTreeSet::new();
        while ids.len() < count {
            let (_, line) = self.out.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap_or_else(|_| panic!("{} of {count}", ids.len()));
            let f: Value = serde_json::from_str(&line).expect("JSON");
            ids.insert(f["id"].to_string());
            all.push(line);
        }
        all
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill");
        assert!(status.success());
    }

    /// Asks it to end; returns the rest of its lines, its notes and its exit status.
    fn end(mut self, signal: &str) -> (Vec<String>, String, ExitStatus) {
        self.signal(signal);
        let status = self.child.wait().expect("an end");
        let mut notes = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut notes).expect("UTF-8");
        (self.out.iter().map(|l| l.1).collect(), notes, status)
    }
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().create(true).append(true).open(path).and_then(|mut f| f.write_all(bytes)).expect("a write");
}

fn log_in(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("server.log")
}

#[test]
fn a_finding_is_told_as_its_line_is_written() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-plain"));
    let (log, all) = (log_in(&dir), lines(&text));
    // refusals of refresh tokens with a reason: nothing that comes later matters
    let settled: Vec<usize> = (0..all.len())
        .filter(|i| {
            String::from_utf8_lossy(all[*i]).contains("Token is not active") || String::from_utf8_lossy(all[*i]).contains("reason=\"Session not active\"")
        })
        .collect();
    let first = *settled.first().expect("such a line");
    append(&log, &all[..first].concat());
    let tail = Tail::start(&["--format", "ndjson", "--start", "beginning"], &[&log]);
    let before = scan(&log).len();
    tail.until(before);
    thread::sleep(Duration::from_millis(300));
    let written = Instant::now();
    append(&log, all[first]);
    let (told, line) = tail.out.recv_timeout(PATIENCE).expect("a finding");
    assert!(line.contains("\"confidence\":\"certain\""), "{line}");
    let after = told - written;
    // a quarter of a second, and what a loaded machine adds
    assert!(after < Duration::from_millis(1500), "{after:?}");
    tail.end("TERM");
}

#[test]
fn through_rotation_every_failure_is_told_once() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2205-load"));
    let (log, all) = (log_in(&dir), lines(&text));
    let tail = Tail::start(&["--format", "ndjson", "--start", "beginning", "--rotate-wait", "500ms"], &[&log]);
    let whole = dir.path().join("whole.txt");
    fs::write(&whole, &text).expect("a write");
    let want = scan(&whole);
    for (i, part) in all.chunks(all.len() / 6 + 1).enumerate() {
        // half of it before the file is renamed, half of it after, as a server does that still has it open
        let mut file = OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        file.write_all(&part[..part.len() / 2].concat()).expect("a write");
        thread::sleep(Duration::from_millis(60));
        if i > 0 {
            fs::rename(&log, dir.path().join(format!("server.log.{i}"))).expect("a rename");
            File::create(&log).expect("a new file");
        }
        file.write_all(&part[part.len() / 2..].concat()).expect("a write");
        thread::sleep(Duration::from_millis(900));
    }
    let mut told = tail.until(want.len());
    let (rest, notes, status) = tail.end("TERM");
    told.extend(rest);
    assert!(status.success(), "{notes}");
    assert_eq!(words(told.iter().map(String::as_str)), want);
}

#[test]
fn killed_at_any_time_it_goes_on_with_the_exact_tally() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-load"));
    let (log, state, all) = (log_in(&dir), dir.path().join("state"), lines(&text));
    append(&log, b"");
    let state_arg = state.to_string_lossy().into_owned();
    let mut told = Vec::new();
    for (i, part) in all.chunks(all.len() / 5 + 1).enumerate() {
        // killed before the first save it begins anew
        let fresh: &[&str] = if state.join("state").exists() { &[] } else { &["--start", "beginning"] };
        let tail = Tail::start(&[&["--format", "ndjson", "--state", &state_arg], fresh].concat(), &[&log]);
        append(&log, &part.concat());
        thread::sleep(Duration::from_millis(1500 + 700 * (i as u64 % 3)));
        if i < 4 {
            let (lines, ..) = tail.end("KILL");
            told.extend(lines);
        } else {
            let want = scan(&log).len();
            thread::sleep(Duration::from_secs(3));
            let (lines, notes, status) = tail.end("TERM");
            told.extend(lines);
            assert!(status.success() && want > 0, "{notes}");
        }
    }
    let want = scan(&log);
    let mut last = Words::new();
    for line in &told {
        let f: Value = serde_json::from_str(line).expect("JSON");
        last.insert(f["id"].as_str().expect("an id").to_owned(), (f["cause"].clone(), f["confidence"].clone(), f["candidates"].clone()));
    }
    assert_eq!(last, want);
    let bytes = checkpoint::peek(&state).expect("a state").expect("a save");
    let outcome = outcome_of(&bytes, Rules::builtin(), Options::default()).expect("a tally");
    let scanned = program().args(["scan", "--format", "json"]).arg(&log).output().expect("a scan");
    let scanned: Value = serde_json::from_slice(&scanned.stdout).expect("JSON");
    assert_eq!(outcome.tally.findings(), scanned["findings"].as_u64().expect("a number"));
    assert_eq!(outcome.books.bytes(), text.len() as u64);
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for (key, cell) in &outcome.tally.cells {
        *counted.entry(format!("{} {}", key.cause.slug(), key.confidence.slug())).or_default() += cell.count;
    }
    let mut asked: BTreeMap<String, u64> = BTreeMap::new();
    for row in scanned["rows"].as_array().expect("rows") {
        *asked.entry(format!("{} {}", row["cause"].as_str().unwrap_or_default(), row["confidence"].as_str().unwrap_or_default())).or_default() +=
            row["count"].as_u64().unwrap_or_default();
    }
    assert_eq!(counted, asked);
    // and as other programs read it
    let read = |command: &[&str]| program().args(command).arg(&state).output().expect("a run");
    let merged: Value = serde_json::from_slice(&read(&["merge", "--format", "json"]).stdout).expect("JSON");
    assert_eq!((&merged["findings"], &merged["records"]), (&scanned["findings"], &scanned["records"]));
    let page: Value = serde_json::from_slice(&read(&["report", "--format", "json", "--from"]).stdout).expect("JSON");
    assert_eq!(page["totals"]["failures"], scanned["findings"]);
    for name in ["state", "state.bak"] {
        fs::write(state.join(name), b"KCTSTATE").expect("a write");
    }
    let damaged = read(&["merge"]);
    assert_eq!(damaged.status.code(), Some(4), "{}", String::from_utf8_lossy(&damaged.stderr));
}

#[test]
fn what_is_piped_in_is_told_and_ends_with_the_pipe() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-json"));
    let log = log_in(&dir);
    fs::write(&log, &text).expect("a write");
    let output = program().args(["tail", "--format", "ndjson", "-"]).stdin(File::open(&log).expect("a log")).output().expect("a tail");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(words(String::from_utf8_lossy(&output.stdout).lines()), scan(&log));
}

#[test]
fn a_command_is_followed_until_the_end_is_asked_for() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let log = log_in(&dir);
    fs::write(&log, &text).expect("a write");
    let want = scan(&log);
    let script = format!("cat '{}'; sleep 60", log.display());
    let tail = Tail::start(&["--format", "ndjson", "--", "sh", "-c", &script], &[]);
    let mut told = tail.until(want.len());
    let (rest, notes, status) = tail.end("INT");
    told.extend(rest);
    assert!(status.success(), "{notes}");
    assert_eq!(words(told.iter().map(String::as_str)), want);
}

#[test]
fn a_run_begins_where_it_is_told_to() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-plain"));
    let (log, part, all) = (log_in(&dir), dir.path().join("part.txt"), lines(&text));
    let half = all.len() / 2;
    fs::write(&part, all[half..].concat()).expect("a write");
    fs::write(&log, all[..all.len() - 1].concat()).expect("a write");
    let count = (all.len() - 1 - half).to_string();
    let from_half = Tail::start(&["--format", "ndjson", "-n", &count], &[&log]);
    let from_end = Tail::start(&["--format", "ndjson"], &[&log]);
    thread::sleep(Duration::from_millis(1500));
    append(&log, all[all.len() - 1]);
    thread::sleep(Duration::from_secs(3));
    let (told, ..) = from_half.end("TERM");
    assert_eq!(words(told.iter().map(String::as_str)).keys().collect::<Vec<_>>(), scan(&part).keys().collect::<Vec<_>>());
    fs::write(&part, all[all.len() - 1]).expect("a write");
    let (told, ..) = from_end.end("TERM");
    assert_eq!(words(told.iter().map(String::as_str)).len(), scan(&part).len());
}

#[test]
fn asked_to_end_it_says_what_was_found_all_in_all() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let log = log_in(&dir);
    fs::write(&log, &text).expect("a write");
    let tail = Tail::start(&["--start", "beginning"], &[&log]);
    let (_, first) = tail.out.recv_timeout(PATIENCE).expect("a line");
    thread::sleep(Duration::from_secs(3));
    let (told, notes, status) = tail.end("TERM");
    assert!(status.success(), "{notes}");
    let all = told.join("\n");
    assert!(all.contains("76 token requests failed"), "{first}\n{all}");
    assert!(all.contains("code expired") && !all.contains('\u{1b}'), "{all}");
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let log = log_in(&dir);
    append(&log, b"");
    let mut child = program().args(["tail", "--format", "ndjson"]).arg(&log).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a tail");
    drop(child.stdout.take());
    thread::sleep(Duration::from_millis(800));
    append(&log, &text);
    let status = child.wait().expect("an end");
    let mut notes = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut notes).expect("UTF-8");
    assert!(status.code() == Some(0) && notes.lines().all(|l| l.starts_with("note: following") || l.starts_with("note: hint")), "{status}: {notes}");
}

#[test]
fn a_state_that_is_not_for_this_is_refused() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, other, state) = (log_in(&dir), dir.path().join("other.log"), dir.path().join("state"));
    fs::write(&log, &text).expect("a write");
    fs::write(&other, &text).expect("a write");
    let state_arg = state.to_string_lossy().into_owned();
    let refused = |args: &[&str], path: &Path| program().arg("tail").args(args).arg(path).output().expect("a tail");
    assert_eq!(refused(&["--start", "checkpoint"], &log).status.code(), Some(2));
    assert_eq!(refused(&["--state", &state_arg, "--start", "checkpoint"], &log).status.code(), Some(4));
    let first = Tail::start(&["--format", "ndjson", "--state", &state_arg, "--start", "beginning"], &[&log]);
    first.until(76);
    let second = refused(&["--state", &state_arg], &log);
    assert_eq!(second.status.code(), Some(4), "two runs cannot share a state");
    first.end("TERM");
    let foreign = refused(&["--state", &state_arg], &other);
    assert_eq!(foreign.status.code(), Some(4), "{}", String::from_utf8_lossy(&foreign.stderr));
    fs::write(state.join("state"), b"KCTSTATE").expect("a write");
    fs::remove_file(state.join("state.bak")).ok();
    for _ in 0..2 {
        let damaged = refused(&["--state", &state_arg, "--on-bad-state", "fail"], &log);
        assert_eq!(damaged.status.code(), Some(4), "{}", String::from_utf8_lossy(&damaged.stderr));
        assert_eq!(fs::read(state.join("state")).expect("it is left where it is"), b"KCTSTATE");
    }
    let anew = Tail::start(&["--format", "ndjson", "--state", &state_arg, "--on-bad-state", "restart"], &[&log]);
    anew.until(76);
    anew.end("TERM");
    assert_eq!(fs::read(state.join("state.bad.1")).expect("it is kept"), b"KCTSTATE");
}

#[test]
fn a_last_line_without_its_end_is_not_passed_over_in_silence() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, state) = (log_in(&dir), dir.path().join("state"));
    let half = &text[..text.len() - 1];
    fs::write(&log, half).expect("a write");
    let last = |args: &[&str]| {
        let tail = Tail::start(&[&["--format", "ndjson", "--start", "beginning"], args].concat(), &[&log]);
        tail.until(76);
        let (_, notes, status) = tail.end("TERM");
        assert!(status.success(), "{notes}");
        notes.contains("server.log: ends within a line, which was not read")
    };
    assert!(last(&[]), "nobody reads it any more");
    assert!(!last(&["--state", &state.to_string_lossy()]), "the next run reads it");
    append(&log, b"\n");
    assert!(!last(&[]), "it has its end");
}

/// `timeout` and its like send one signal to the process, and once more to its group.
#[test]
fn two_signals_at_once_are_one() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let log = log_in(&dir);
    fs::write(&log, &text).expect("a write");
    let mut tail = Tail::start(&["--start", "beginning"], &[&log]);
    tail.out.recv_timeout(PATIENCE).expect("a line");
    let twice = format!("kill -s TERM {0}; kill -s TERM {0}", tail.child.id());
    assert!(Command::new("sh").args(["-c", &twice]).status().expect("a shell").success());
    assert!(tail.child.wait().expect("an end").success());
    let all: Vec<String> = tail.out.iter().map(|l| l.1).collect();
    assert!(all.iter().any(|l| l.contains("token requests failed")), "{all:#?}");
}

#[test]
fn what_is_followed_and_what_the_log_lacks_is_said_once() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-plain"));
    let log = log_in(&dir);
    let nothing = dir.path().join("new/*.log");
    let tail = Tail::start(&[], &[&log, &nothing]);
    let (_, first) = tail.out.recv_timeout(PATIENCE).expect("a line");
    assert!(first.ends_with("server.log: is not there yet; it is waited for"), "{first}");
    fs::write(&log, &text).expect("a write");
    let mut told = Vec::new();
    while !told.iter().any(|line: &String| line.contains("hint: ")) {
        told.push(tail.out.recv_timeout(PATIENCE).expect("a line").1);
    }
    let (rest, notes, status) = tail.end("TERM");
    told.extend(rest);
    assert!(status.success() && notes.contains("following server.log, from now on"), "{notes}");
    let hints: Vec<&String> = told.iter().filter(|l| l.contains("hint: ") && l.contains("org.keycloak.events:DEBUG")).collect();
    assert_eq!(hints.len(), 1, "{hints:#?}");
}

/// The last word on each failure, after whatever happened to the runs that told it.
fn last_words(told: &[String]) -> Words {
    let tell = |line: &String| {
        let f: Value = serde_json::from_str(line).expect("JSON");
        (f["id"].as_str().expect("an id").to_owned(), (f["cause"].clone(), f["confidence"].clone(), f["candidates"].clone()))
    };
    told.iter().map(tell).collect()
}

#[test]
fn a_state_that_cannot_be_written_stops_nothing() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, state, all) = (log_in(&dir), dir.path().join("state"), lines(&text));
    let state_arg = state.to_string_lossy().into_owned();
    let args = ["--format", "ndjson", "--state", &state_arg];
    let (first, rest) = all.split_at(all.len() / 2);
    append(&log, &first.concat());
    let tail = Tail::start(&[&args[..], &["--start", "beginning"]].concat(), &[&log]);
    let mut told = tail.until(scan(&log).len());
    told.extend(tail.end("TERM").0);
    let before = fs::read(state.join("state")).expect("a state");
    assert!(before.len() > 4096, "more than may be written below");

    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 4; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_kctriage"), "tail"]).args(args).arg(&log);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a tail");
    let out = collect(child.stdout.take().expect("a pipe"));
    let tail = Tail { child, out };
    append(&log, &rest.concat());
    let fresh = scan(&log).len() - last_words(&told).len();
    tail.until(fresh);
    let (_, notes, status) = tail.end("TERM");
    assert_eq!(status.code(), Some(3), "{notes}");
    assert_eq!(notes.matches("cannot be written").count(), 1, "{notes}");
    assert_eq!(fs::read(state.join("state")).expect("a state"), before, "what was saved before stays");
    let names = fs::read_dir(&state).expect("a folder").map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|n| n.contains("tmp")).collect::<Vec<_>>(), Vec::<String>::new());

    let tail = Tail::start(&args, &[&log]);
    told.extend(tail.until(fresh));
    let (lines, notes, status) = tail.end("TERM");
    told.extend(lines);
    assert!(status.success(), "{notes}");
    assert_eq!(last_words(&told), scan(&log));
}

#[test]
fn asked_to_end_within_a_line_it_goes_on_with_the_rest_of_it() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, state, whole) = (log_in(&dir), dir.path().join("state"), dir.path().join("whole.log"));
    let state_arg = state.to_string_lossy().into_owned();
    let args = ["--format", "ndjson", "--state", &state_arg];
    let at = memchr::memmem::rfind(&text, b"_ERROR\"").expect("a failure") + 3;
    append(&log, &text[..at]);
    append(&whole, &text[..at - lines(&text[..at]).pop().expect("a line").len()]);
    let tail = Tail::start(&[&args[..], &["--start", "beginning"]].concat(), &[&log]);
    let mut told = tail.until(scan(&whole).len());
    let (lines, notes, status) = tail.end("TERM");
    told.extend(lines);
    assert!(status.success(), "{notes}");
    append(&log, &text[at..]);
    let tail = Tail::start(&args, &[&log]);
    let want = scan(&log);
    told.extend(tail.until(want.len() - last_words(&told).len()));
    told.extend(tail.end("TERM").0);
    assert_eq!(last_words(&told), want);
}

#[test]
fn a_hangup_reads_the_rules_again() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-plain"));
    let (log, rules) = (log_in(&dir), dir.path().join("rules.toml"));
    let body = |error: &str| {
        format!(
            "type=\"CLIENT_LOGIN_ERROR\", realmId=\"r\", realmName=\"shop\", clientId=\"nightly-batch\", userId=\"null\", ipAddress=\"10.0.0.4\", \
             error=\"{error}\", grant_type=\"client_credentials\""
        )
    };
    let event = |minute: u32| format!("2026-11-23 23:{minute:02}:00,000 WARN  [org.keycloak.events] (executor-thread-1) {}\n", body("quota_exceeded"));
    let rule = |cause: &str| {
        format!(
            "[[rule]]\nid = \"quota\"\ntitle = \"quota\"\nevent = [\"CLIENT_LOGIN_ERROR\"]\nerror = [\"quota_exceeded\"]\ncause = \"{cause}\"\n\
             why = \"the quota is used up\"\nreferences = [\"https://wiki.example.com/quota\"]\nexamples = [['{}']]\ncounter-examples = [['{}']]\n",
            body("quota_exceeded"),
            body("client_not_found")
        )
    };
    fs::write(&rules, rule("grant-not-allowed")).expect("a write");
    append(&log, &lines(&text)[..20].concat());
    let rules_arg = rules.to_string_lossy().into_owned();
    let tail = Tail::start(&["--format", "ndjson", "--start", "beginning", "--rules", &rules_arg], &[&log]);
    append(&log, event(1).as_bytes());
    let cause = |minute: u32| loop {
        let (_, line) = tail.out.recv_timeout(PATIENCE).expect("a finding");
        let f: Value = serde_json::from_str(&line).expect("JSON");
        if f["time"].as_str().is_some_and(|t| t.contains(&format!("23:{minute:02}:00"))) {
            return f["cause"].as_str().expect("a cause").to_owned();
        }
    };
    assert_eq!(cause(1), "grant-not-allowed");
    fs::write(&rules, rule("client-disabled")).expect("a write");
    tail.signal("HUP");
    thread::sleep(Duration::from_secs(1));
    append(&log, event(2).as_bytes());
    assert_eq!(cause(2), "client-disabled");
    fs::write(&rules, "[[rule").expect("a write");
    tail.signal("HUP");
    thread::sleep(Duration::from_secs(1));
    append(&log, event(3).as_bytes());
    assert_eq!(cause(3), "client-disabled", "rules that are wrong change nothing");
    let (_, notes, status) = tail.end("TERM");
    assert!(status.success() && notes.contains("rules"), "{notes}");
}

/// Clocks that go back, a night in which an hour comes twice, the turn of a year, a leap day, and the end of 32-bit seconds.
#[test]
fn whatever_the_servers_clock_does_windows_are_those_of_a_scan() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-plain"));
    let text = String::from_utf8(text).expect("UTF-8");
    let failure = text.lines().find(|l| l.contains("client_not_found")).expect("such a failure");
    let stamps = [
        "2026-10-25 02:58:00,000",
        "2026-10-25 02:03:00,000",
        "2026-10-25 01:03:00,000",
        "2026-12-31 23:59:59,999",
        "2027-01-01 00:00:00,000",
        "2026-12-31 23:00:00,000",
        "2028-02-29 12:00:00,000",
        "2038-01-19 03:14:08,000",
    ];
    let log = log_in(&dir);
    append(&log, stamps.map(|s| format!("{s}{}\n", &failure[s.len()..])).concat().as_bytes());
    for zone in ["UTC", "Europe/Berlin", "Asia/Kathmandu"] {
        let state = dir.path().join(zone.replace('/', "-"));
        let state_arg = state.to_string_lossy().into_owned();
        let tail = Tail::start(&["--format", "ndjson", "--timezone", zone, "--state", &state_arg, "--start", "beginning"], &[&log]);
        tail.until(stamps.len());
        let (_, notes, status) = tail.end("TERM");
        assert!(status.success(), "{notes}");
        let rows = |command: &[&str], path: &Path| {
            let out = program().args(command).arg(path).output().expect("a run").stdout;
            let rows = serde_json::from_slice::<Value>(&out).expect("JSON")["rows"].as_array().expect("rows").clone();
            rows.iter().map(|r| (r["window"].to_string(), r["cause"].to_string(), r["count"].as_u64())).collect::<Vec<_>>()
        };
        let merged = rows(&["merge", "--format", "json"], &state);
        assert_eq!(merged, rows(&["scan", "--format", "json", "--timezone", zone], &log), "{zone}");
        assert_eq!(merged.iter().filter_map(|r| r.2).sum::<u64>(), stamps.len() as u64, "{zone}");
    }
}
