//! What container runtimes and shippers write around lines, as they write it.

use std::fmt::Write as _;

use kctriage::record::Stamp;
use kctriage::record::stamp::stamp;

/// The lines of a text, each with the carriage return that it may end with.
fn text_lines(text: &str) -> Vec<&str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
}

/// A line, and when its wrapper says that it was written.
pub struct Entry<'a> {
    pub line: &'a str,
    /// Milliseconds since the epoch.
    pub ms: i64,
}

impl Entry<'_> {
    /// `2026-11-23T17:07:50.457`, UTC.
    pub fn stamp(&self) -> String {
        chrono::DateTime::from_timestamp_millis(self.ms).expect("a time").format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
    }
}

/// Returns the lines of a log, each written 3 ms after its own time, or with the line before it where it has none.
pub fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut ms = 1_795_446_523_458;
    text_lines(text)
        .into_iter()
        .map(|line| {
            if let Some((Stamp::Local(at) | Stamp::Zoned(at), _)) = stamp(line.as_bytes()) {
                ms = at + 3;
            }
            Entry { line, ms }
        })
        .collect()
}

/// Writes a line by a wrapper's grammar.
pub type Wrap = fn(&Entry<'_>) -> String;

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

fn docker(e: &Entry<'_>) -> String {
    let (parts, at) = (parts(e.line), e.stamp());
    let last = parts.len() - 1;
    let one = |(i, p): (usize, &&str)| {
        format!("{{\"log\":{},\"stream\":\"stdout\",\"time\":\"{at}Z\"}}\n", json(&if i == last { format!("{p}\n") } else { (*p).to_owned() }))
    };
    parts.iter().enumerate().map(one).collect()
}

fn cri(e: &Entry<'_>) -> String {
    let (parts, at) = (parts(e.line), e.stamp());
    let last = parts.len() - 1;
    parts.iter().enumerate().fold(String::new(), |mut out, (i, p)| {
        let _ = writeln!(out, "{at}Z stdout {} {p}", if i == last { 'F' } else { 'P' });
        out
    })
}

/// Wrappers that are a line each.
pub const LINES: &[(&str, Wrap)] = &[
    ("docker", docker),
    ("cri", cri),
    ("timestamps", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("{at}000000Z {line}\n")
    }),
    ("compose", |e| {
        let line = e.line;
        format!("\x1b[33mkeycloak-1  | \x1b[0m{line}\n")
    }),
    ("compose", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("keycloak-1  | {at}000000Z {line}\n")
    }),
    ("kubectl", |e| {
        let line = e.line;
        format!("[pod/keycloak-1/keycloak] {line}\n")
    }),
    ("kail", |e| {
        let line = e.line;
        format!("iam/keycloak-1[keycloak]: {line}\n")
    }),
    ("stern", |e| {
        let line = e.line;
        format!("keycloak-1 keycloak {line}\n")
    }),
    ("stern-all", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("iam keycloak-1 keycloak {at}Z {line}\n")
    }),
    ("journald", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("{at}000+0000 keycloak-1 kc.sh[812]: {line}\n")
    }),
    ("syslog", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("<14>1 {at}+00:00 keycloak-1 keycloak 1 org.keycloak - \u{feff}{line}\n")
    }),
    ("cloudwatch-tail", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("{at}000+00:00 keycloak-1 {line}\n")
    }),
    ("journald-json", |e| {
        let line = e.line;
        format!("{{\"_HOSTNAME\":\"keycloak-1\",\"MESSAGE\":{},\"__REALTIME_TIMESTAMP\":\"{}000\"}}\n", json(line), e.ms)
    }),
    ("fluent-bit", |e| {
        let line = e.line;
        format!("{{\"date\":{}.{:03},\"log\":{},\"kubernetes\":{{\"pod_name\":\"keycloak-1\"}}}}\n", e.ms / 1000, e.ms % 1000, json(&format!("{line}\n")))
    }),
    ("vector", |e| {
        let line = e.line;
        format!("{{\"kubernetes\":{{\"pod_name\":\"keycloak-1\"}},\"message\":{},\"source_type\":\"kubernetes_logs\"}}\n", json(line))
    }),
    ("stern-json", |e| {
        let line = e.line;
        format!("{{\"message\":{},\"podName\":\"keycloak-1\"}}\n", json(line))
    }),
    ("elasticsearch", |e| {
        let line = e.line;
        format!("{{\"_index\":\"i\",\"_source\":{{\"message\":{},\"kubernetes\":{{\"pod\":{{\"name\":\"keycloak-1\"}}}}}}}}\n", json(line))
    }),
    ("gelf", |e| {
        let line = e.line;
        format!("{{\"version\":\"1.1\",\"host\":\"keycloak-1\",\"short_message\":{},\"timestamp\":{}.{:03}}}\n", json(line), e.ms / 1000, e.ms % 1000)
    }),
    ("cri in vector", |e| {
        let (line, at) = (e.line, e.stamp());
        format!("{{\"message\":{},\"host\":\"keycloak-1\",\"source_type\":\"file\"}}\n", json(&format!("{at}Z stdout F {line}")))
    }),
];
