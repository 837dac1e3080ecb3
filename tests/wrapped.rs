//! What comes out of a wrapper is what went in: real output of the tools in `tests/wrapped`, and every recording wrapped by each grammar.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use kctriage::record::wrapper::{Told, unwrapper, wrapping};
use kctriage::source::{Payload, Unwrapper, Wrapping};

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
            if file.path().extension().is_some_and(|x| x == "log") {
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

/// The same as text, each with the carriage return that it may end with.
fn text_lines(text: &str) -> Vec<&str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
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

const STAMP: &str = "2026-11-23T17:07:50.457";

/// Writes a line by a wrapper's grammar.
type Wrap = fn(&str) -> String;

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

/// Splits a line as container runtimes do.
fn parts(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = line;
    while rest.len() > 16_384 {
        let end = (0..=16_384).rev().find(|i| rest.is_char_boundary(*i)).unwrap_or(0);
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts.push(rest);
    parts
}

fn docker(line: &str) -> String {
    let parts = parts(line);
    let last = parts.len() - 1;
    let one = |(i, p): (usize, &&str)| {
        format!("{{\"log\":{},\"stream\":\"stdout\",\"time\":\"{STAMP}Z\"}}\n", json(&if i == last { format!("{p}\n") } else { (*p).to_owned() }))
    };
    parts.iter().enumerate().map(one).collect()
}

fn cri(line: &str) -> String {
    let parts = parts(line);
    let last = parts.len() - 1;
    parts.iter().enumerate().fold(String::new(), |mut out, (i, p)| {
        let _ = writeln!(out, "{STAMP}Z stdout {} {p}", if i == last { 'F' } else { 'P' });
        out
    })
}

/// Wrappers that are a line each.
const LINES: &[(&str, Wrap)] = &[
    ("docker", docker),
    ("cri", cri),
    ("timestamps", |l| format!("{STAMP}000000Z {l}\n")),
    ("compose", |l| format!("\x1b[33mkeycloak-1  | \x1b[0m{l}\n")),
    ("compose", |l| format!("keycloak-1  | {STAMP}000000Z {l}\n")),
    ("kubectl", |l| format!("[pod/keycloak-1/keycloak] {l}\n")),
    ("kail", |l| format!("iam/keycloak-1[keycloak]: {l}\n")),
    ("stern", |l| format!("keycloak-1 keycloak {l}\n")),
    ("stern-all", |l| format!("iam keycloak-1 keycloak {STAMP}Z {l}\n")),
    ("journald", |l| format!("{STAMP}000+0000 keycloak-1 kc.sh[812]: {l}\n")),
    ("syslog", |l| format!("<14>1 {STAMP}+00:00 keycloak-1 keycloak 1 org.keycloak - \u{feff}{l}\n")),
    ("cloudwatch-tail", |l| format!("{STAMP}000+00:00 keycloak-1 {l}\n")),
    ("journald-json", |l| format!("{{\"_HOSTNAME\":\"keycloak-1\",\"MESSAGE\":{},\"__REALTIME_TIMESTAMP\":\"1795446523458000\"}}\n", json(l))),
    ("fluent-bit", |l| format!("{{\"date\":1772619323.457,\"log\":{},\"kubernetes\":{{\"pod_name\":\"keycloak-1\"}}}}\n", json(&format!("{l}\n")))),
    ("vector", |l| format!("{{\"kubernetes\":{{\"pod_name\":\"keycloak-1\"}},\"message\":{},\"source_type\":\"kubernetes_logs\"}}\n", json(l))),
    ("stern-json", |l| format!("{{\"message\":{},\"podName\":\"keycloak-1\"}}\n", json(l))),
    ("elasticsearch", |l| format!("{{\"_index\":\"i\",\"_source\":{{\"message\":{},\"kubernetes\":{{\"pod\":{{\"name\":\"keycloak-1\"}}}}}}}}\n", json(l))),
    ("gelf", |l| format!("{{\"version\":\"1.1\",\"host\":\"keycloak-1\",\"short_message\":{},\"timestamp\":1772619323.457}}\n", json(l))),
    ("cri in vector", |l| format!("{{\"message\":{},\"host\":\"keycloak-1\",\"source_type\":\"file\"}}\n", json(&format!("{STAMP}Z stdout F {l}")))),
];

#[test]
fn every_recording_comes_out_of_every_wrapper_of_lines_as_it_went_in() {
    for (name, log) in recordings() {
        let text = String::from_utf8(log).expect("recordings are UTF-8");
        let lines = lines_of(text.as_bytes());
        for (wrapper, wrap) in LINES {
            let wrapped: Vec<String> = text_lines(&text).into_iter().map(wrap).collect();
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

/// Documents of all lines.
const DOCUMENTS: &[(&str, fn(&[&str]) -> String)] = &[
    ("cloudwatch document", |lines| {
        let events: Vec<serde_json::Value> = lines
            .iter()
            .map(|l| serde_json::json!({"logStreamName": "keycloak-1", "timestamp": 1_772_619_323_457_i64, "message": l, "eventId": "0"}))
            .collect();
        serde_json::to_string_pretty(&serde_json::json!({"events": events, "searchedLogStreams": []})).expect("JSON")
    }),
    ("gcp document", |lines| {
        let entries: Vec<serde_json::Value> = lines
            .iter()
            .map(|l| serde_json::json!({"insertId": "x", "logName": "l", "resource": {"labels": {"pod_name": "keycloak-1"}}, "textPayload": format!("{l}\n")}))
            .collect();
        serde_json::to_string_pretty(&entries).expect("JSON")
    }),
    ("loki document", |lines| {
        let values: Vec<serde_json::Value> = lines.iter().map(|l| serde_json::json!(["1772619323457000000", l])).collect();
        format!(
            "{{\"status\":\"success\",\"data\":{{\"resultType\":\"streams\",\"result\":[{{\"stream\":{{\"pod\":\"keycloak-1\"}},\"values\":{}}}]}}}}",
            serde_json::to_string(&values).expect("JSON")
        )
    }),
    ("elasticsearch document", |lines| {
        let hits: Vec<serde_json::Value> =
            lines.iter().map(|l| serde_json::json!({"_index": "i", "_source": {"message": l, "kubernetes": {"pod_name": "keycloak-1"}}})).collect();
        serde_json::json!({"took": 1, "hits": {"total": {"value": 1}, "hits": hits}}).to_string()
    }),
    ("csv", |lines| {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["@timestamp", "message", "kubernetes.pod.name"]).expect("memory");
        for line in lines {
            out.write_record(["Mar 4, 2026 @ 10:15:23.456", line, "keycloak-1"]).expect("memory");
        }
        String::from_utf8(out.into_inner().expect("memory")).expect("UTF-8")
    }),
    ("syslog-octets", |lines| {
        lines.iter().fold(String::new(), |mut out, l| {
            let message = format!("<14>1 {STAMP}Z keycloak-1 keycloak 1 a.b - \u{feff}{l}\n");
            let _ = write!(out, "{} {message}", message.len());
            out
        })
    }),
    ("journal-export", |lines| {
        lines.iter().fold(String::new(), |mut out, l| {
            let _ = write!(out, "__REALTIME_TIMESTAMP=1795446523458000\n_HOSTNAME=keycloak-1\nMESSAGE={l}\n\n");
            out
        })
    }),
];

#[test]
fn every_recording_comes_out_of_every_document_as_it_went_in() {
    for (name, log) in recordings() {
        let text = String::from_utf8(log).expect("recordings are UTF-8");
        let lines = text_lines(&text);
        for (wrapper, wrap) in DOCUMENTS {
            let whole = wrap(&lines);
            let what = format!("{name} in {wrapper}");
            let found = find(whole.as_bytes()).unwrap_or_else(|| panic!("{what}: nothing found"));
            assert_eq!(found.name, *wrapper, "{what}");
            let (got, nodes) = unwrapped(&found, whole.as_bytes());
            assert_same(&got, &lines_of(text.as_bytes()), &what);
            assert!(nodes.iter().all(|n| n.as_deref() == Some(b"keycloak-1")), "{what}");
        }
    }
}
