//! Metrics of `kctriage tail` as it is built: they agree with a scan, never fall whatever kills the run, and whoever asks does not hurt it.
#![cfg(unix)]
// the numbers of a page are whole, and small enough
#![allow(clippy::float_cmp, clippy::cast_precision_loss)]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

mod exposition;
use exposition::{Sample, read};

/// Long enough for a slow machine; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is looked for.
const AGAIN: Duration = Duration::from_millis(50);

fn recording(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).join("server.log")).expect("a recording")
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kctriage"));
    command.stdin(Stdio::null());
    command
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().create(true).append(true).open(path).and_then(|mut f| f.write_all(bytes)).expect("a write");
}

/// Returns a line as if it were logged now or later: what may rest on lines still to come is held by the clock, and held again after a restart.
fn logged_in(later: Duration, line: &[u8]) -> Vec<u8> {
    if !line.starts_with(b"20") {
        return line.to_vec();
    }
    let now = (chrono::Utc::now() + later).format("%Y-%m-%d %H:%M:%S,%3f").to_string();
    [now.as_bytes(), &line[now.len()..]].concat()
}

/// Failures by cause, as a scan counts them.
fn scanned(log: &Path) -> BTreeMap<String, u64> {
    let output = program().args(["scan", "--format", "json"]).arg(log).output().expect("a scan");
    let tally: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut causes = BTreeMap::new();
    for row in tally["rows"].as_array().expect("rows") {
        *causes.entry(row["cause"].as_str().expect("a cause").to_owned()).or_default() += row["count"].as_u64().expect("a count");
    }
    causes
}

/// A tail that serves metrics.
struct Tail {
    child: Child,
    at: String,
}

impl Tail {
    fn start(args: &[&str], path: &Path) -> Self {
        let mut child = program()
            .args(["tail", "--format", "ndjson", "--metrics", "127.0.0.1:0"])
            .args(args)
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a tail");
        let mut notes = BufReader::new(child.stderr.take().expect("a pipe"));
        let at = notes.by_ref().lines().map_while(Result::ok).find_map(|line| Some(line.split_once("http://")?.1.strip_suffix("/metrics")?.to_owned()));
        thread::spawn(move || std::io::copy(&mut notes, &mut std::io::sink()));
        Tail { child, at: at.expect("the note that names the address") }
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.at).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }

    fn metrics(&self) -> Option<Vec<Sample>> {
        let text = self.get("/metrics")?;
        let page = text.strip_prefix("HTTP/1.1 200 OK\r\n")?.split_once("\r\n\r\n")?.1;
        Some(read(page))
    }

    /// Waits until the metrics are as they should be.
    fn until(&self, what: &str, is_so: impl Fn(&[Sample]) -> bool) -> Vec<Sample> {
        let end = Instant::now() + PATIENCE;
        loop {
            let samples = self.metrics().unwrap_or_default();
            if is_so(&samples) {
                return samples;
            }
            assert!(Instant::now() < end, "{what}: {:#?}\n{samples:#?}", causes(&samples));
            thread::sleep(AGAIN);
        }
    }

    fn status(&self, path: &str) -> String {
        self.get(path).unwrap_or_default().get(9..12).unwrap_or_default().to_owned()
    }

    fn kill(mut self) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("an end");
    }

    fn end(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status().expect("kill").success());
        self.child.wait().expect("an end").code()
    }
}

fn value(samples: &[Sample], name: &str) -> Option<f64> {
    samples.iter().find(|s| s.name == name).map(|s| s.value)
}

/// Failures by cause: first verdicts and what became of them.
fn causes(samples: &[Sample]) -> BTreeMap<String, u64> {
    let mut causes: BTreeMap<String, f64> = BTreeMap::new();
    for sample in samples {
        let mut add = |label: &str, n: f64| *causes.entry(sample.labels[label].clone()).or_default() += n;
        match sample.name.as_str() {
            "kctriage_token_failures_total" => add("cause", sample.value),
            "kctriage_verdicts_revised_total" => {
                add("from", -sample.value);
                add("to", sample.value);
            }
            _ => {}
        }
    }
    causes.into_iter().filter(|(_, n)| *n != 0.0).map(|(cause, n)| (cause, format!("{n}").parse().expect("a whole number"))).collect()
}

/// Numbers that were shown, by name and labels.
#[derive(Default)]
struct Watched(BTreeMap<String, f64>);

impl Watched {
    fn look(&mut self, samples: &[Sample]) {
        for sample in samples.iter().filter(|s| s.name.ends_with("_total") && !s.name.starts_with("kctriage_alerts_")) {
            let before = self.0.insert(sample.series(), sample.value);
            assert!(before.is_none_or(|n| n <= sample.value), "{sample:?} was {before:?}");
        }
    }
}

#[test]
fn killed_at_any_time_no_counter_falls_and_in_the_end_all_are_exact() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-load"));
    let (log, state) = (dir.path().join("server.log"), dir.path().join("state"));
    append(&log, b"");
    let lines: Vec<&[u8]> = text.split_inclusive(|c| *c == b'\n').collect();
    let state_arg = state.to_string_lossy().into_owned();
    let mut watched = Watched::default();
    for (i, part) in lines.chunks(lines.len() / 5 + 1).enumerate() {
        // killed before the first save it begins anew
        let fresh: &[&str] = if state.join("state").exists() { &[] } else { &["--start", "beginning"] };
        let tail = Tail::start(&[&["--state", &state_arg], fresh].concat(), &log);
        // little by little, so that there is always something that was told and is not saved yet
        let pieces = 40 + 10 * (i % 3);
        for piece in part.chunks(part.len() / pieces + 1) {
            append(&log, &piece.iter().flat_map(|line| logged_in(Duration::ZERO, line)).collect::<Vec<u8>>());
            watched.look(&tail.metrics().unwrap_or_default());
            thread::sleep(AGAIN);
        }
        tail.kill();
    }
    // a verdict that rests on what did not happen waits until the log has gone on
    append(&log, &logged_in(Duration::from_secs(10), b"2026-11-23 16:28:28,497 INFO  [org.infinispan.CONTAINER] (main) ISPN000974: the end\n"));
    let want = scanned(&log);
    let size = fs::metadata(&log).expect("a log").len() as f64;
    let tail = Tail::start(&["--state", &state_arg], &log);
    let samples = tail.until("the counts of a scan", |samples| causes(samples) == want && value(samples, "kctriage_read_bytes_total") == Some(size));
    watched.look(&samples);
    assert_eq!(tail.end(), Some(0));
    // a run that nobody disturbs counts the same
    let calm = Tail::start(&["--start", "beginning"], &log);
    let undisturbed = calm.until("the counts of a scan", |samples| causes(samples) == want);
    let total = |samples: &[Sample]| samples.iter().filter(|s| s.name == "kctriage_token_failures_total").map(|s| s.value).sum::<f64>();
    assert_eq!(total(&samples), total(&undisturbed));
    let read = calm.until("all was read", |samples| value(samples, "kctriage_read_bytes_total") == Some(size));
    for name in ["kctriage_records_total", "kctriage_unparsed_lines_total", "kctriage_damaged_bytes_total"] {
        assert_eq!(value(&samples, name), value(&read, name), "{name}");
    }
    calm.kill();
}

#[test]
fn a_failure_is_counted_though_nothing_is_logged_after_it() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, state) = (dir.path().join("server.log"), dir.path().join("state"));
    append(&log, &text);
    let want = scanned(&log);
    let tail = Tail::start(&["--state", &state.to_string_lossy(), "--start", "beginning"], &log);
    tail.until("the counts of a scan", |samples| causes(samples) == want);
    let samples = tail.until("everything is saved", |samples| value(samples, "kctriage_state_unsaved_seconds") == Some(0.0));
    assert_eq!(value(&samples, "kctriage_failures_held"), Some(0.0));
    assert!(value(&samples, "kctriage_lag_seconds").is_some_and(|lag| lag > 0.0));
    assert_eq!(tail.end(), Some(0));
}

#[test]
fn clients_beyond_the_limit_are_counted_together() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let log = dir.path().join("server.log");
    append(&log, &text);
    let want = scanned(&log);
    let tail = Tail::start(&["--metrics-clients", "2", "--start", "beginning"], &log);
    let samples = tail.until("the counts of a scan", |samples| causes(samples) == want);
    let clients: std::collections::BTreeSet<&str> = samples.iter().filter_map(|s| s.labels.get("client").map(String::as_str)).collect();
    assert!(clients.len() == 3 && clients.contains("other"), "{clients:?}");
    tail.kill();
}

#[test]
fn a_run_is_ready_when_it_is_up_to_date_and_its_state_is_saved() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, state) = (dir.path().join("server.log"), dir.path().join("state"));
    append(&log, &text[..text.len() / 2]);
    let tail = Tail::start(&["--state", &state.to_string_lossy(), "--start", "beginning"], &log);
    tail.until("a save", |samples| value(samples, "kctriage_state_age_seconds").is_some());
    assert_eq!([tail.status("/healthz"), tail.status("/readyz")], ["200", "200"]);
    fs::remove_dir_all(&state).expect("a removal");
    append(&log, &text[text.len() / 2..]);
    tail.until("a failed save", |samples| value(samples, "kctriage_state_write_failures_total") >= Some(1.0));
    assert_eq!([tail.status("/healthz"), tail.status("/readyz")], ["200", "503"]);
    fs::create_dir(&state).expect("a folder");
    let end = Instant::now() + PATIENCE;
    while tail.status("/readyz") != "200" {
        assert!(Instant::now() < end, "it stays unready: {:?}", tail.get("/readyz"));
        thread::sleep(AGAIN);
    }
    tail.kill();
}

#[test]
fn an_address_that_is_taken_is_refused_before_anything_is_read() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, state) = (dir.path().join("server.log"), dir.path().join("state"));
    append(&log, &text);
    let first = Tail::start(&[], &log);
    let second = program().args(["tail", "--metrics", &first.at, "--state"]).arg(&state).arg(&log).output().expect("a tail");
    let notes = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{notes}");
    assert!(notes.contains(&format!("--metrics {:?}: cannot be listened to", first.at)) && notes.contains("choose another port"), "{notes}");
    assert!(!state.exists());
    first.kill();
    let wrong = program().args(["tail", "--metrics", "nonsense"]).arg(&log).output().expect("a tail");
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn the_loris_does_not_slow_the_run() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let log = dir.path().join("server.log");
    append(&log, b"");
    let tail = Tail::start(&["--start", "beginning"], &log);
    let hold: Vec<TcpStream> = (0..200)
        .filter_map(|_| {
            let mut stream = TcpStream::connect(&tail.at).ok()?;
            stream.write_all(b"GET /metrics HTTP/1.1\r\nX: ").ok()?;
            Some(stream)
        })
        .collect();
    append(&log, &text);
    let want = scanned(&log);
    tail.until("the counts of a scan", |samples| causes(samples) == want);
    let threads = fs::read_dir(format!("/proc/{}/task", tail.child.id())).expect("threads").count();
    assert!(threads < 160, "{threads} threads for {} connections", hold.len());
    tail.kill();
}

/// Writes metrics to a file until the pipe ends.
fn piped(file: &Path, log: &Path) -> Child {
    let log = fs::File::open(log).expect("a log");
    program().args(["tail", "--format", "ndjson", "--metrics-file"]).arg(file).arg("-").stdin(log).stdout(Stdio::null()).spawn().expect("a tail")
}

#[test]
fn a_file_is_whole_whenever_it_is_read_also_when_two_runs_write_it() {
    let (dir, text) = (tempfile::tempdir().expect("a folder"), recording("2673-success"));
    let (log, file): (PathBuf, PathBuf) = (dir.path().join("server.log"), dir.path().join("kctriage.prom"));
    append(&log, &text);
    let mut reads = 0;
    for _ in 0..3 {
        let mut runs = [piped(&file, &log), piped(&file, &log)];
        while runs.iter_mut().any(|run| run.try_wait().expect("a run").is_none()) {
            if let Ok(page) = fs::read_to_string(&file) {
                assert!(page.starts_with("# HELP kctriage_token_failures_total ") && page.ends_with("\"} 1\n"), "{page}");
                reads += 1;
            }
        }
    }
    assert!(reads > 0);
    let page = fs::read_to_string(&file).expect("a file");
    assert_eq!(causes(&read(&page)), scanned(&log));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o644, "another user reads it");
    let names: Vec<_> = fs::read_dir(dir.path()).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left behind: {names:?}");
    let nowhere = program().args(["tail", "--metrics-file", "/no/such/folder/x.prom"]).arg(&log).output().expect("a tail");
    assert_eq!(nowhere.status.code(), Some(2), "{}", String::from_utf8_lossy(&nowhere.stderr));
}
