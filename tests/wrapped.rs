//! What comes out of a wrapper is what went in: real output of the tools in `tests/wrapped`, and every recording wrapped by each grammar.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use kctriage::finding::{Confidence, Finding, Trust};
use kctriage::pipeline::Options;
use kctriage::record::wrapper::{Told, unwrapper, wrapping};
use kctriage::source::{Bounds, Find, Lines, Payload, Reader, Rows, Unwrapper, Wrapping, discover};
use serde_json::{Map, Value};

mod around;
#[allow(dead_code, reason = "the tests of archives use the rest")]
mod packed;
use around::{Entry, LINES, entries};
use packed::{CODECS, placeless, put, scan};

/// What the detection sees of a source.
const HEAD: usize = 64 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Every recorded log, with its name.
fn recordings() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root().join("recordings")).expect("recordings").flatten().filter(|e| e.path().is_dir()) {
        for file in fs::read_dir(folder.path()).expect("a recording").flatten() {
            if file.path().extension().is_some_and(|x| x == "log") && file.file_name() != "access.log" {
                let name = file.path().strip_prefix(root()).expect("below").display().to_string();
                found.push((name, fs::read(file.path()).expect("a log")));
            }
        }
    }
    assert!(found.len() > 20, "the recordings are gone");
    found
}

fn find(bytes: &[u8]) -> Option<Wrapping> {
    wrapping(&bytes[..bytes.len().min(HEAD)], bytes.len() <= HEAD, &Told::default())
}

/// Lines that come out, and the nodes that they name.
fn unwrapped(found: &Wrapping, bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<Option<Vec<u8>>>) {
    let (mut lines, mut nodes) = (Vec::new(), Vec::new());
    let mut out = |p: Payload<'_>| {
        lines.extend(p.text.split(|c| *c == b'\n').map(<[u8]>::to_vec));
        nodes.push(p.node.map(<[u8]>::to_vec));
    };
    match unwrapper(found, &Told::default()) {
        Some(Unwrapper::Lines(mut at_work)) => {
            for (line, number) in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|c| *c == b'\n').zip(1..) {
                at_work.take(line, number, &mut out);
            }
            at_work.finish(&mut out);
        }
        Some(Unwrapper::Document(mut document)) => document.read(&mut Cursor::new(bytes), &mut out).unwrap_or_else(|e| panic!("{}: {e}", found.name)),
        None => panic!("{}: no unwrapper", found.name),
    }
    (lines, nodes)
}

fn lines_of(log: &[u8]) -> Vec<&[u8]> {
    log.strip_suffix(b"\n").unwrap_or(log).split(|c| *c == b'\n').collect()
}

/// Says where two lists of lines differ first.
fn assert_same(got: &[Vec<u8>], want: &[&[u8]], what: &str) {
    for (number, (a, b)) in got.iter().zip(want).enumerate() {
        assert!(a == b, "{what}, line {}:\n{}\n{}", number + 1, String::from_utf8_lossy(a), String::from_utf8_lossy(b));
    }
    assert_eq!(got.len(), want.len(), "{what}");
}

#[test]
fn real_output_of_the_tools_gives_the_lines_that_went_in() {
    let folder = root().join("wrapped");
    let mut files = 0;
    for tool in fs::read_dir(&folder).expect("tests/wrapped").flatten().filter(|e| e.path().is_dir()) {
        for file in fs::read_dir(tool.path()).expect("a tool").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let (log, form) = name.split_once('.').expect("log.form");
            let log = fs::read(folder.join(format!("{log}.log"))).expect("what went in");
            let bytes = fs::read(file.path()).expect("what came out");
            let found = find(&bytes).unwrap_or_else(|| panic!("{name}: nothing found"));
            let tool = tool.file_name().to_string_lossy().into_owned();
            let want = match (&*tool, form) {
                ("journald", "json" | "json-seq" | "json-sse") => "journald-json",
                ("journald", "json-pretty") => "journald-json document",
                ("journald", "export") => "journal-export",
                ("journald", _) => "journald",
                ("rsyslog", "octets") => "syslog-octets",
                _ => "syslog",
            };
            assert_eq!(found.name, want, "{tool}/{name}");
            let (mut lines, nodes) = unwrapped(&found, &bytes);
            // server-sent events are blank every other line
            if form == "json-sse" {
                lines.retain(|l| !l.is_empty());
            }
            assert_same(&lines, &lines_of(&log), &format!("{tool}/{name}"));
            let node: &[u8] = if tool == "journald" { b"kc-host-1" } else { b"keycloak-0" };
            assert!(nodes.iter().flatten().all(|n| n == node) && nodes.iter().flatten().count() >= 40, "{tool}/{name}");
            files += 1;
        }
    }
    assert!(files >= 30, "only {files} files");
}

#[test]
fn every_recording_is_bare() {
    for (name, log) in recordings() {
        assert_eq!(find(&log), None, "{name}");
        // from any line on, too: a rotated file begins anywhere
        let lines = lines_of(&log);
        for at in (0..lines.len()).step_by(lines.len() / 7 + 1) {
            let rest = lines[at..].join(&b'\n');
            assert_eq!(find(&rest), None, "{name} from line {}", at + 1);
        }
    }
}

#[test]
fn every_recording_comes_out_of_every_wrapper_of_lines_as_it_went_in() {
    for (name, log) in recordings() {
        let text = String::from_utf8(log).expect("recordings are UTF-8");
        let lines = lines_of(text.as_bytes());
        for (wrapper, wrap) in LINES {
            let wrapped: Vec<String> = entries(&text).iter().map(wrap).collect();
            let what = format!("{name} in {wrapper}");
            let whole = wrapped.concat();
            let found = find(whole.as_bytes()).unwrap_or_else(|| panic!("{what}: nothing found"));
            assert_eq!(found.name, *wrapper, "{what}");
            let (got, nodes) = unwrapped(&found, whole.as_bytes());
            assert_same(&got, &lines, &what);
            let node = (!matches!(*wrapper, "docker" | "cri" | "timestamps")).then(|| b"keycloak-1".to_vec());
            assert!(nodes.iter().all(|n| *n == node), "{what}");
            // cut in two between lines, each half is found out and read by itself
            for cut in [lines.len() / 3, lines.len() / 2] {
                let (a, b) = (wrapped[..cut].concat(), wrapped[cut..].concat());
                let halves = [a, b].map(|half| unwrapped(&find(half.as_bytes()).unwrap_or_else(|| found.clone()), half.as_bytes()).0);
                assert_same(&halves.concat(), &lines, &format!("{what}, cut at {cut}"));
            }
        }
    }
}

/// Writes a document of all lines, in that order.
type Document = fn(&[Entry<'_>]) -> String;

/// Documents of all lines.
const DOCUMENTS: &[(&str, Document)] = &[
    ("cloudwatch document", |entries| {
        let event = |e: &Entry<'_>| serde_json::json!({"logStreamName": "keycloak-1", "timestamp": e.ms, "message": e.line, "eventId": "0"});
        let events: Vec<serde_json::Value> = entries.iter().map(event).collect();
        serde_json::to_string_pretty(&serde_json::json!({"events": events, "searchedLogStreams": []})).expect("JSON")
    }),
    ("gcp document", |entries| {
        let entry = |e: &Entry<'_>| {
            let resource = serde_json::json!({"labels": {"pod_name": "keycloak-1"}});
            serde_json::json!({"insertId": "x", "logName": "l", "resource": resource, "textPayload": format!("{}\n", e.line), "timestamp": format!("{}Z", e.stamp())})
        };
        serde_json::to_string_pretty(&entries.iter().map(entry).collect::<Vec<_>>()).expect("JSON")
    }),
    ("loki document", |entries| {
        let values: Vec<serde_json::Value> = entries.iter().map(|e| serde_json::json!([format!("{}000000", e.ms), e.line])).collect();
        format!(
            "{{\"status\":\"success\",\"data\":{{\"resultType\":\"streams\",\"result\":[{{\"stream\":{{\"pod\":\"keycloak-1\"}},\"values\":{}}}]}}}}",
            serde_json::to_string(&values).expect("JSON")
        )
    }),
    ("elasticsearch document", |entries| {
        let hit = |e: &Entry<'_>| {
            let source = serde_json::json!({"@timestamp": format!("{}Z", e.stamp()), "message": e.line, "kubernetes": {"pod_name": "keycloak-1"}});
            serde_json::json!({"_index": "i", "_source": source})
        };
        serde_json::json!({"took": 1, "hits": {"total": {"value": 1}, "hits": entries.iter().map(hit).collect::<Vec<_>>()}}).to_string()
    }),
    ("csv", |entries| {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["@timestamp", "message", "kubernetes.pod.name"]).expect("memory");
        for e in entries {
            out.write_record([&format!("{}Z", e.stamp()), e.line, "keycloak-1"]).expect("memory");
        }
        String::from_utf8(out.into_inner().expect("memory")).expect("UTF-8")
    }),
    ("syslog-octets", |entries| {
        entries.iter().fold(String::new(), |mut out, e| {
            let message = format!("<14>1 {}Z keycloak-1 keycloak 1 a.b - \u{feff}{}\n", e.stamp(), e.line);
            let _ = write!(out, "{} {message}", message.len());
            out
        })
    }),
    ("journal-export", |entries| {
        entries.iter().fold(String::new(), |mut out, e| {
            let _ = write!(out, "__REALTIME_TIMESTAMP={}000\n_HOSTNAME=keycloak-1\nMESSAGE={}\n\n", e.ms, e.line);
            out
        })
    }),
];

#[test]
fn every_recording_comes_out_of_every_document_as_it_went_in() {
    for (name, log) in recordings() {
        let text = String::from_utf8(log).expect("recordings are UTF-8");
        let entries = entries(&text);
        for (wrapper, wrap) in DOCUMENTS {
            let whole = wrap(&entries);
            let what = format!("{name} in {wrapper}");
            let found = find(whole.as_bytes()).unwrap_or_else(|| panic!("{what}: nothing found"));
            assert_eq!(found.name, *wrapper, "{what}");
            let (got, nodes) = unwrapped(&found, whole.as_bytes());
            assert_same(&got, &lines_of(text.as_bytes()), &what);
            assert!(nodes.iter().all(|n| n.as_deref() == Some(b"keycloak-1")), "{what}");
        }
    }
}

/// Recordings of which the whole program is asked; each shows something that a wrapper could spoil.
const ASKED: &[&str] = &["2673-load", "2673-json", "2650-mdc", "1611-success", "2506-hostile", "2205-plain", "2673-access"];

fn recording(run: &str) -> Vec<u8> {
    fs::read(root().join("recordings").join(run).join("server.log")).expect("a recording")
}

/// Scans a log of which nothing may be wrong; what it printed, without places.
fn findings(paths: &[PathBuf], what: &str) -> Vec<String> {
    let (findings, outcome) = scan(paths);
    assert!(outcome.problems.is_empty(), "{what}: {:?}", outcome.problems);
    assert!(!findings.is_empty(), "{what}");
    placeless(&findings)
}

fn assert_equal(got: &[String], want: &[String], what: &str) {
    let differing: Vec<_> = got.iter().zip(want).filter(|(g, w)| g != w).take(1).collect();
    assert!(got.len() == want.len() && differing.is_empty(), "{what}: {} and {} findings, {differing:#?}", got.len(), want.len());
}

/// Wrapped, packed, and cut anywhere into rotated files of which each is packed otherwise: the same findings.
#[test]
fn a_wrapped_log_says_what_the_bare_one_says() {
    let dir = tempfile::tempdir().expect("a folder");
    for (r, run) in ASKED.iter().enumerate() {
        let log = recording(run);
        let want = findings(&[put(dir.path(), &format!("{run}/bare/server.log"), &log)], run);
        let text = String::from_utf8(log).expect("UTF-8");
        for (w, (wrapper, wrap)) in LINES.iter().enumerate() {
            let what = format!("{run} in {wrapper}");
            let whole = entries(&text).iter().map(wrap).collect::<String>().into_bytes();
            let folder = dir.path().join(format!("{run}/{w}"));
            assert_equal(&findings(&[put(&folder, "a/server.log", &whole)], &what), &want, &what);
            let codec = |n: usize| CODECS[(r + w + n) % CODECS.len()];
            let (suffix, pack) = codec(0);
            let packed = put(&folder, &format!("b/server.log.{suffix}"), &pack(&whole));
            assert_equal(&findings(&[packed], &what), &want, &format!("{what}, {suffix}"));
            // anywhere: within lines, within a wrapper's own words
            let cuts = [0, whole.len() * (13 + w) / 100, whole.len() * (41 + r) / 100, whole.len() * 83 / 100, whole.len()];
            let pieces: Vec<PathBuf> = (0..4)
                .map(|n| {
                    let part = &whole[cuts[n]..cuts[n + 1]];
                    let (suffix, pack) = codec(n);
                    if n == 3 { put(&folder, "c/server.log", part) } else { put(&folder, &format!("c/server.log.{}.{suffix}", 3 - n), &pack(part)) }
                })
                .collect();
            assert_equal(&findings(&pieces, &what), &want, &format!("{what}, cut at {cuts:?}"));
        }
    }
}

#[test]
fn a_document_says_what_the_bare_log_says_whichever_line_comes_first() {
    let dir = tempfile::tempdir().expect("a folder");
    for run in ASKED {
        let log = recording(run);
        let want = findings(&[put(dir.path(), &format!("{run}/server.log"), &log)], run);
        let text = String::from_utf8(log).expect("UTF-8");
        for (d, (document, write)) in DOCUMENTS.iter().enumerate() {
            let what = format!("{run} in {document}");
            let mut entries = entries(&text);
            let oldest = put(dir.path(), &format!("{run}/{d}/oldest-first"), write(&entries).as_bytes());
            assert_equal(&findings(&[oldest], &what), &want, &what);
            entries.reverse();
            let newest = put(dir.path(), &format!("{run}/{d}/newest-first"), write(&entries).as_bytes());
            assert_equal(&findings(&[newest], &what), &want, &format!("{what}, newest first"));
        }
    }
}

/// Two nodes in one file, line by line or one after the other: what their own logs say together.
#[test]
fn nodes_that_share_a_file_are_told_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = root().join("recordings/2673-cluster");
    let logs = [folder.join("node0.log"), folder.join("node1.log")];
    let want = findings(&logs, "two files");
    let texts = logs.map(|log| fs::read_to_string(log).expect("a log"));
    let [a, b] = [&texts[0], &texts[1]].map(|text| entries(text));
    let prefixed = |node: usize, e: &Entry<'_>| format!("keycloak-{node}  | {}\n", e.line);
    let mut both: Vec<(i64, usize, &Entry<'_>)> = a.iter().map(|e| (e.ms, 0, e)).chain(b.iter().map(|e| (e.ms, 1, e))).collect();
    // each node's own order stays
    for node in 0..2 {
        let mut high = i64::MIN;
        for (ms, _, _) in both.iter_mut().filter(|e| e.1 == node) {
            high = high.max(*ms);
            *ms = high;
        }
    }
    let one_after_the_other: String = both.iter().map(|(_, node, e)| prefixed(*node, e)).collect();
    both.sort_by_key(|e| e.0);
    let line_by_line: String = both.iter().map(|(_, node, e)| prefixed(*node, e)).collect();
    for (name, text) in [("one after the other", one_after_the_other), ("line by line", line_by_line)] {
        let path = put(dir.path(), &format!("{name}.log"), text.as_bytes());
        let (found, outcome) = scan(std::slice::from_ref(&path));
        assert!(outcome.problems.is_empty(), "{name}: {:?}", outcome.problems);
        assert_equal(&placeless(&found), &want, name);
        let mut nodes: Vec<&str> = found.iter().map(|f| f.node.as_str()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        assert_eq!(nodes, ["keycloak-0", "keycloak-1"], "{name}");
        // the line that is named is the line of the file
        let lines: Vec<&str> = text.lines().collect();
        for f in &found {
            let line = lines[usize::try_from(f.line).expect("a line") - 1];
            assert!(line.starts_with(&format!("{} ", f.node)) && line.contains(f.ip.as_deref().expect("an address")), "{name}: {} {line}", f.line);
        }
    }
}

/// A line of Fluent Bit's, of one of two nodes, which may be a part of one.
fn in_parts(number: usize, line: &str) -> String {
    let turn = number.wrapping_mul(0x9e37_79b9) >> 7;
    let (node, tag) = (turn % 2, if turn.is_multiple_of(5) { "P" } else { "F" });
    format!("{{\"log\":{},\"logtag\":\"{tag}\",\"kubernetes\":{{\"pod_name\":\"keycloak-{node}\"}}}}\n", serde_json::Value::from(line))
}

/// A line of rsyslog's, or one that goes on bare with the entry before.
fn with_bare_lines(number: usize, line: &str) -> String {
    if number % 12 == 5 { format!("{line}\n") } else { format!("Nov 23 17:07:50 kc-{} kc.sh[812]: {line}\n", number % 2) }
}

/// Chunks that are unwrapped at once give what they give one after the other, wherever lines are split and whatever says something of the next chunk.
#[test]
fn chunks_are_unwrapped_at_once_as_one_after_the_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = String::from_utf8(recording("2506-hostile")).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    let mut logs: Vec<(String, Vec<u8>)> =
        LINES.iter().map(|(name, wrap)| ((*name).to_owned(), entries(&text).iter().map(wrap).collect::<String>().into_bytes())).collect();
    for (name, write) in [("parts", in_parts as fn(usize, &str) -> String), ("bare lines", with_bare_lines)] {
        logs.push((name.to_owned(), lines.iter().enumerate().map(|(number, line)| write(number, line)).collect::<String>().into_bytes()));
    }
    for (name, log) in logs {
        let path = put(dir.path(), &format!("{name}.log"), &log);
        let options = Options::default();
        let found = discover(&[path], &Find::default(), &options.lines);
        let [stream] = found.streams.as_slice() else { panic!("{name}: {} streams", found.streams.len()) };
        assert!(stream.sources[0].wrapping.is_some(), "{name}");
        let mut all = Vec::new();
        for (chunk, wrapped) in [(1 << 20, 1), (2000, 1), (2000, 7), (700, 64)] {
            let mut rows = Rows::of(Reader::open(stream, chunk, &options.lines)).within(Bounds { wrapped, ..Bounds::default() });
            let mut lines = Lines::new(stream, &options.lines);
            let kept = |p: &Payload<'_>| (p.node.map(<[u8]>::to_vec), p.time, p.line, p.text.to_vec());
            let mut payloads = Vec::new();
            loop {
                let row = rows.next(|_| false);
                if row.is_empty() {
                    break;
                }
                let mut before = Vec::new();
                let inside = lines.take_row(&row, Vec::new, |inside: &mut Vec<_>, payload| inside.push(kept(payload)), &mut |p| before.push(kept(&p)));
                payloads.extend(before.into_iter().chain(inside.into_iter().flatten()));
            }
            lines.finish(&mut |p| payloads.push(kept(&p)));
            all.push(payloads);
        }
        assert!(all[0].len() > 200, "{name}: {}", all[0].len());
        for other in &all[1..] {
            let differing = all[0].iter().zip(other).position(|(a, b)| a != b);
            assert!(differing.is_none() && all[0].len() == other.len(), "{name}: {} and {} payloads, {differing:?}", all[0].len(), other.len());
        }
    }
}

/// What Graylog keeps of an object that Keycloak sent, without the underscores.
fn kept_by_graylog(sent: &Value) -> Value {
    let name = |key: &str| match key {
        "host" => "source".to_owned(),
        "short_message" => "message".to_owned(),
        other => other.trim_start_matches('_').to_owned(),
    };
    let mut kept: Map<String, Value> = sent.as_object().expect("an object").iter().map(|(key, value)| (name(key), value.clone())).collect();
    let seconds = sent["timestamp"].as_f64().expect("seconds");
    #[allow(clippy::cast_possible_truncation, reason = "a time of these years")]
    let time = chrono::DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64).expect("a date");
    kept.insert("timestamp".into(), time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into());
    Value::Object(kept)
}

/// Columns of a CSV export of Graylog's.
const COLUMNS: [&str; 8] = ["timestamp", "source", "message", "full_message", "LoggerName", "Thread", "Severity", "StackTrace"];

/// Verdicts without what the layout changes.
fn verdicts(path: &Path) -> Vec<Finding> {
    let (mut findings, outcome) = scan(&[path.to_owned()]);
    assert!(outcome.problems.is_empty(), "{}: {:?}", path.display(), outcome.problems);
    for f in &mut findings {
        f.trust = Trust::Json;
        f.id = String::new();
    }
    findings
}

#[test]
fn keycloaks_own_gelf_says_what_the_console_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| put(dir.path(), name, text.as_bytes());
    let want = verdicts(&root().join("gelf/server.log"));
    let certain = want.iter().filter(|f| f.confidence == Confidence::Certain).count();
    assert_eq!((want.len(), certain), (75, 33));
    let log = fs::read_to_string(root().join("gelf/gelf.ndjson")).expect("objects");
    let sent: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kept: Vec<Value> = sent.iter().map(kept_by_graylog).collect();
    let lines = |objects: &[Value]| objects.iter().fold(String::new(), |all, object| format!("{all}{object}\n"));
    let found: Vec<Value> = kept.iter().rev().map(|object| serde_json::json!({"highlight_ranges": {}, "message": object, "index": "graylog_0"})).collect();
    let hits: Vec<Value> = kept.iter().map(|object| serde_json::json!({"_index": "graylog_0", "_source": object})).collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS).expect("memory");
    for object in &kept {
        table.write_record(COLUMNS.map(|name| object[name].as_str().unwrap_or_default())).expect("memory");
    }
    let table = String::from_utf8(table.into_inner().expect("memory")).expect("UTF-8");
    for (name, text) in [
        ("sent.ndjson", log.clone()),
        ("kept.ndjson", lines(&kept)),
        ("hits.ndjson", lines(&hits)),
        ("found.json", serde_json::to_string_pretty(&serde_json::json!({"query": "*", "messages": found})).expect("JSON")),
        ("table.csv", table),
    ] {
        let path = put(name, &text);
        let got = verdicts(&path);
        assert!(got.iter().all(|f| f.node == "vm"), "{name}");
        assert_equal(&placeless(&got), &placeless(&want), name);
    }
    // of a message that was cut, what is not there is not known
    let mut short = sent;
    for object in &mut short {
        object.as_object_mut().expect("an object").remove("full_message");
    }
    let got = verdicts(&put("cut.ndjson", &lines(&short)));
    let is_among_them = |f: &Finding| want.iter().any(|w| (w.time, &w.ip, w.cause, &w.confidence) == (f.time, &f.ip, f.cause, &f.confidence));
    let certain: Vec<&Finding> = got.iter().filter(|f| f.confidence == Confidence::Certain).collect();
    assert_eq!((got.len(), certain.len()), (75, 12));
    assert!(certain.into_iter().all(is_among_them));
}
