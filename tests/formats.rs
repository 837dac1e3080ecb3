//! Logs in the server's own formats: every recording in Keycloak's default layout, written again by patterns that servers are run with (`--log-console-format`,
//! `quarkus.log.console.format`; what other programs around a server print is among them), says what it says in the default one.
//!
//! [`write`] is a pattern formatter of its own, as the classes of `org.jboss.logmanager.formatters` are one.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::NaiveDateTime;
use rayon::prelude::*;
use serde_json::Value;

/// A record of the default layout.
struct Record<'a> {
    at: NaiveDateTime,
    level: &'a str,
    logger: &'a str,
    thread: &'a str,
    /// With the lines that belong to it.
    message: String,
}

/// Reads `2026-11-23 14:48:22,304 WARN  [org.keycloak.events] (executor-thread-1) …`.
fn head(line: &str) -> Option<Record<'_>> {
    let at = NaiveDateTime::parse_from_str(line.get(..23)?, "%Y-%m-%d %H:%M:%S,%3f").ok()?;
    let (level, rest) = line[23..].trim_start().split_once(' ')?;
    let (logger, rest) = rest.trim_start().strip_prefix('[')?.split_once("] (")?;
    let (thread, message) = rest.split_once(") ")?;
    Some(Record { at, level, logger, thread, message: message.to_owned() })
}

/// Returns the records of a log; what stands before the first is no server's.
fn records(log: &str) -> Vec<Record<'_>> {
    let mut all: Vec<Record<'_>> = Vec::new();
    for line in log.split('\n') {
        match (head(line), all.last_mut()) {
            (Some(record), _) => all.push(record),
            (None, Some(last)) => last.message.extend(["\n", line]),
            (None, None) => {}
        }
    }
    all
}

/// Returns a logger's name with so many letters of each segment but the last, as `%c{2.}` prints it.
fn abbreviated(logger: &str, letters: usize) -> String {
    let (packages, class) = logger.rsplit_once('.').unwrap_or(("", logger));
    let packages = packages.split('.').filter(|package| !package.is_empty());
    packages.flat_map(|package| package.chars().take(letters).chain(['.'])).chain(class.chars()).collect()
}

/// Writes records by a pattern: `%d{…}` in chrono's letters, `%-5p`, `%c`, `%c{1}` and `%c{2.}`, `%t`, `%X` (an id that differs from record to record), `%s`.
fn write(records: &[Record<'_>], pattern: &str) -> String {
    let mut log = String::new();
    for (number, record) in records.iter().enumerate() {
        let mut rest = pattern;
        while let Some((text, behind)) = rest.split_once('%') {
            log.push_str(text);
            let (padded, behind) = behind.strip_prefix("-5").map_or((false, behind), |b| (true, b));
            let directive = behind.chars().next().expect("a directive");
            let behind = &behind[1..];
            let (argument, behind) = behind.strip_prefix('{').and_then(|b| b.split_once('}')).map_or(("", behind), |(a, b)| (a, b));
            match directive {
                'd' => write!(log, "{}", record.at.format(argument)),
                'p' if padded => write!(log, "{:<5}", record.level),
                'p' => write!(log, "{}", record.level),
                'c' if argument.ends_with('.') => write!(log, "{}", abbreviated(record.logger, argument[..1].parse().expect("a digit"))),
                'c' if argument == "1" => write!(log, "{}", record.logger.rsplit('.').next().unwrap_or_default()),
                'c' => write!(log, "{}", record.logger),
                't' => write!(log, "{}", record.thread),
                'X' => write!(log, "{:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1)),
                's' => write!(log, "{}", record.message),
                other => panic!("%{other}"),
            }
            .expect("memory");
            rest = behind;
        }
        log.push_str(rest);
        log.push('\n');
    }
    log
}

/// What a finding says, without where it stands and what it is known by.
fn said(finding: &Value) -> [Value; 5] {
    ["cause", "confidence", "candidates", "client", "ip"].map(|key| finding[key].clone())
}

fn scan(log: &str, options: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server.log");
    fs::write(&path, log).expect("a log");
    let output = Command::new(env!("CARGO_BIN_EXE_kctriage")).args(["scan", "--format", "ndjson"]).args(options).arg(&path).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text").lines().map(|line| serde_json::from_str(line).expect("a finding")).collect()
}

/// Every log in the default layout, by its recording.
fn logs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut all: Vec<(String, String)> = fs::read_dir(folder)
        .expect("recordings")
        .filter_map(|entry| {
            let path = entry.expect("an entry").path();
            let log = fs::read(path.join("server.log")).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
            (records(&log).len() > 100).then(|| (path.file_name().expect("a name").to_string_lossy().into_owned(), log))
        })
        .collect();
    all.sort();
    assert!(all.len() > 15, "{}", all.len());
    all
}

/// Formats that say all that the default one does.
const WHOLE: [&str; 28] = [
    "%d{%Y-%m-%d %H:%M:%S,%3f} [%t] %-5p %c{2.} - %s",
    "[%d{%Y-%m-%d %H:%M:%S,%3f}CET][%-5p][%c{3.}] (%t) %s",
    "[%d{%Y-%m-%d %H:%M:%S,%3f}] [%-5p] [%c] [%t] %s",
    "jans-saml - %d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] (%t) %s",
    "%d{%Y-%m-%dT%H:%M:%S%.3f}+00:00 %p %c (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} +0000 %-5p [%c] (%t) %s",
    "%d{%H:%M:%S%.3f} %-5p traceId=%X, spanId=%X [%c{2.}] (%t) %s",
    "%d{%H:%M:%S%.3f} [%t] %-5p %c - %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} %-5p (%t) [%c] %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} | %-5p | %c | %t | %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f};%p;%c;%t;%s",
    "%d{%Y-%m-%d %H:%M:%S,%3f}\t%p\t%c{1}\t%t\t%s",
    "%d{%d.%m.%Y %H:%M:%S,%3f} %-5p [%c] (%t) %s",
    "%d{%d %b %Y %H:%M:%S,%3f} %-5p [%c] (%t) %s",
    "%d{%Y/%m/%d %H:%M:%S%.3f} %-5p [%c] (%t) %s",
    "%d{%s%3f} %-5p [%c] (%t) %s",
    "%-5p %d{%Y-%m-%d %H:%M:%S,%3f} [%c] (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} kc-0 %-5p [%c] (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} %X %-5p [%c] (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%X] [%c] (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] {id=%X} (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S%.3f}  %-5p 1 --- [keycloak] [%t] %c : %s",
    "time=\"%d{%Y-%m-%dT%H:%M:%S%.3f}Z\" level=%p logger=%c thread=\"%t\" msg=%s",
    r#"{"timestamp":"%d{%Y-%m-%d %H:%M:%S,%3f}","level":"%-5p","logger":"%c","thread":"%t","requestId":"%X","event":"%s","SEND_LOG": "GA"}"#,
    "│ %d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] (%t) %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] (%t) [%X] %s",
    "%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c:117] (%t) %s",
    "17:%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] (%t) %s",
];

#[test]
fn a_format_of_ones_own_says_what_the_default_one_does() {
    let faults: Vec<String> = logs()
        .par_iter()
        .flat_map(|(name, log)| {
            let records = records(log);
            // nobody can tell where a value ends in an object that somebody writes by hand around what an attacker chose
            let is_clear = |pattern: &&str| !(pattern.starts_with('{') && name.contains("hostile"));
            let want: Vec<_> = scan(&write(&records, "%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] (%t) %s"), &[]).iter().map(said).collect();
            let fault = |pattern: &&str| {
                let found: Vec<_> = scan(&write(&records, pattern), &[]).iter().map(said).collect();
                let differ = want.iter().zip(&found).filter(|(a, b)| a != b).count();
                (found != want).then(|| format!("{name}: {pattern}: {} of {} findings, {differ} differ", found.len(), want.len()))
            };
            WHOLE.iter().copied().filter(is_clear).filter_map(|pattern| fault(&pattern)).collect::<Vec<_>>()
        })
        .collect();
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_format_can_be_told_as_the_server_got_it() {
    let (_, log) = &logs()[0];
    let records = records(log);
    let want: Vec<_> = scan(log, &[]).iter().map(said).collect();
    assert!(!want.is_empty());
    let written = write(&records, "%d{%d/%m/%Y %H.%M} %d{%Y-%m-%d %H:%M:%S,%3f} <%p> <%c{1}> <%t> %s <%X>");
    let told = ["--layout", "%X %d{yyyy-MM-dd HH:mm:ss,SSS} <%p> <%c{1}> <%t> %s <%X{id}>%e%n"];
    assert_eq!(scan(&written, &told).iter().map(said).collect::<Vec<_>>(), want);
}

/// Formats that leave out threads, milliseconds, loggers or levels: (pattern, what of the certain verdicts is to be left, in percent).
const LESS: [(&str, u64); 6] = [
    ("%d{%Y-%m-%d %H:%M:%S,%3f} %-5p [%c] %s", 50),
    ("%d{%H:%M:%S,%3f} %-5p [%c{1}] %s", 25),
    ("%d{%Y-%m-%d %H:%M:%S} %-5p [%c] (%t) %s", 90),
    ("%d{%Y-%m-%d %H:%M:%S} %-5p [%c] %s", 50),
    ("%d{%Y-%m-%d %H:%M:%S,%3f} (%t) %s", 25),
    ("%d{%Y-%m-%d %H:%M:%S,%3f} %s", 25),
];

#[test]
fn a_format_that_says_less_makes_nothing_certain_and_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let logs: Vec<(String, String)> = logs().into_iter().filter(|(name, _)| folder.join(name).join("truth.jsonl").is_file()).collect();
    for (pattern, least) in LESS {
        let scores: Vec<(u64, u64, String)> = logs
            .par_iter()
            .map(|(name, log)| {
                let score = |log: &str| {
                    let findings = tempfile::NamedTempFile::new().expect("a file");
                    let written = tempfile::NamedTempFile::new().expect("a file");
                    let text = scan(log, &[]).iter().fold(String::new(), |text, finding| format!("{text}{finding}\n"));
                    fs::write(findings.path(), text).expect("findings");
                    fs::write(written.path(), log).expect("a log");
                    let (judge, truth) = (folder.join("score.py"), folder.join(name).join("truth.jsonl"));
                    let output = Command::new("python3").args([judge.as_path(), written.path(), &truth, findings.path()]).output().expect("python3 runs");
                    serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|e| panic!("{name}: {e}"))
                };
                let (whole, less) = (score(log), score(&write(&records(log), pattern)));
                let number = |score: &Value, key: &str| score[key].as_u64().unwrap_or_default();
                let wrong = number(&less, "certain_wrong");
                let fault = if wrong > 0 { format!("{name}: {pattern}: {wrong} certain and wrong\n") } else { String::new() };
                (number(&whole, "certain"), number(&less, "certain"), fault)
            })
            .collect();
        let faults: String = scores.iter().map(|score| score.2.as_str()).collect();
        assert!(faults.is_empty(), "{faults}");
        let (whole, less) = scores.iter().fold((0, 0), |sum, score| (sum.0 + score.0, sum.1 + score.1));
        assert!(less * 100 >= whole * least, "{pattern}: {less} of {whole} certain verdicts");
    }
}
