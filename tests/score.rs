//! Every recording of `tests/recordings` goes through the built program, and what it says is compared with what really happened.
//!
//! The judge is `tests/recordings/score.py`, the same script that made the demands; this file runs it (it needs `python3`), prints one
//! line of figures per run (`cargo test --test score -- --nocapture`) and fails once, with everything that fell short. The shortest code
//! lifespan that an `env.json` names is never passed on: a user does not know it either.
//!
//! A new recording needs no change here: put a folder with `server.log` (or `node0.log`, `node1.log`, …), `truth.jsonl` and an
//! `env.json` that names its `kind` beside the others.
#![allow(clippy::print_stdout, reason = "the table of figures is meant for a person who runs this with --nocapture")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

mod readme_block;

/// What `env.json` says of a run, as far as it matters here.
#[derive(Deserialize)]
struct Env {
    kind: String,
}

/// What `score.py` prints.
#[derive(Deserialize)]
struct Score {
    missed: u64,
    doubled: u64,
    false_alarms: u64,
    stray: u64,
    certain_wrong: u64,
    malformed: u64,
    client_wrong: u64,
    detail_wrong: u64,
    no_evidence: u64,
    #[serde(default)]
    failures: u64,
    #[serde(default)]
    covered: u64,
    right_share: f64,
    covered_share: f64,
    certain_share: f64,
    candidates_mean: f64,
    candidates_max: u64,
}

impl Score {
    /// Returns the nine counts that have to be 0, with their names.
    fn counts(&self) -> [(&'static str, u64); 9] {
        [
            ("missed", self.missed),
            ("doubled", self.doubled),
            ("false_alarms", self.false_alarms),
            ("stray", self.stray),
            ("certain_wrong", self.certain_wrong),
            ("malformed", self.malformed),
            ("client_wrong", self.client_wrong),
            ("detail_wrong", self.detail_wrong),
            ("no_evidence", self.no_evidence),
        ]
    }

    /// Returns the counts that are not 0 as words, or a dash.
    fn blemishes(&self) -> String {
        let found: Vec<String> = self.counts().iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
        if found.is_empty() { "-".to_owned() } else { found.join(", ") }
    }
}

/// The shares that a kind of log allows and that are therefore asked for.
#[derive(Clone, Copy)]
struct Shares {
    right_at_least: f64,
    certain_at_least: f64,
    candidates_at_most: f64,
}

/// Returns what is asked of a `kind`, or `None` for one that nobody defined.
fn shares_of(kind: &str) -> Option<Shares> {
    let (right_at_least, certain_at_least, candidates_at_most) = match kind {
        "errors-old" => (0.75, 0.20, 2.0),
        "errors" => (0.75, 0.30, 2.0),
        "success" => (0.93, 0.72, 1.4),
        "full" => (0.97, 0.87, 1.2),
        "hostile" => (0.97, 0.70, 1.4),
        _ => return None,
    };
    Some(Shares { right_at_least, certain_at_least, candidates_at_most })
}

/// No finding may name more candidates than this.
const CANDIDATES_AT_MOST: u64 = 4;

/// Runs whose shares are not asked for: what their logs can show depends on which node served whom, and on what a restart lost.
const WITHOUT_SHARES: [&str; 2] = ["2673-cluster", "2673-outage"];

/// One scan of a recording and its score: usually all of a run, sometimes the same run in its other layout.
struct Case {
    name: String,
    kind: String,
    logs: Vec<PathBuf>,
    truth: PathBuf,
    /// `None` where only the counts matter.
    shares: Option<Shares>,
}

impl Case {
    /// Returns what fell short, in words; nothing if all is well.
    fn faults(&self, score: &Score) -> Vec<String> {
        let mut faults: Vec<String> =
            score.counts().into_iter().filter(|&(_, count)| count > 0).map(|(name, count)| format!("{name} is {count}, must be 0")).collect();
        if score.failures == 0 {
            faults.push("not one failure was compared".to_owned());
        }
        if score.covered < score.failures {
            faults.push(format!("the true cause is among the candidates of {} of {} failures only", score.covered, score.failures));
        }
        if score.candidates_max > CANDIDATES_AT_MOST {
            faults.push(format!("candidates_max is {}, at most {CANDIDATES_AT_MOST} allowed", score.candidates_max));
        }
        if let Some(shares) = self.shares {
            if score.right_share < shares.right_at_least {
                faults.push(format!("right_share is {}, at least {} asked", score.right_share, shares.right_at_least));
            }
            if score.certain_share < shares.certain_at_least {
                faults.push(format!("certain_share is {}, at least {} asked", score.certain_share, shares.certain_at_least));
            }
            if score.candidates_mean > shares.candidates_at_most {
                faults.push(format!("candidates_mean is {}, at most {} allowed", score.candidates_mean, shares.candidates_at_most));
            }
        }
        faults
    }

    /// Returns the line of figures of this case.
    fn row(&self, score: &Score) -> String {
        let asked = self.shares.map_or_else(String::new, |s| format!("{:.2} {:.2} {:.1}", s.right_at_least, s.certain_at_least, s.candidates_at_most));
        format!(
            "{:<26} {:<10} {:>8} {:>7.4} {:>7.4} {:>7.4} {:>7.3} {:>4}  {asked:<14} {}",
            self.name,
            self.kind,
            score.failures,
            score.right_share,
            score.covered_share,
            score.certain_share,
            score.candidates_mean,
            score.candidates_max,
            score.blemishes()
        )
    }

    /// Scans the logs, has the findings judged, and returns the figures or what went wrong on the way.
    fn score(&self) -> Result<Score, String> {
        let scratch = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
        let findings = scratch.path().join("findings.ndjson");
        fs::write(&findings, scan(&self.logs)?).map_err(|e| format!("cannot write the findings: {e}"))?;
        // score.py takes one log: it only looks up which addresses were logged at all
        let log = if let [only] = self.logs.as_slice() {
            only.clone()
        } else {
            let all = scratch.path().join("all.log");
            let mut text = Vec::new();
            for log in &self.logs {
                text.extend(fs::read(log).map_err(|e| format!("cannot read {}: {e}", log.display()))?);
            }
            fs::write(&all, text).map_err(|e| format!("cannot write the joined logs: {e}"))?;
            all
        };
        judge(&log, &self.truth, &findings)
    }
}

/// Returns what `kctriage scan --format ndjson` prints for these files.
fn scan(logs: &[PathBuf]) -> Result<Vec<u8>, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_kctriage"))
        .args(["scan", "--format", "ndjson"])
        .args(logs)
        .output()
        .map_err(|e| format!("kctriage did not start: {e}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("kctriage scan ended with {}: {}", output.status, excerpt(&output.stderr))) }
}

/// Returns the figures that `score.py` prints; its exit code says the same as its counts and is not looked at.
fn judge(log: &Path, truth: &Path, findings: &Path) -> Result<Score, String> {
    let output = Command::new("python3")
        .arg(recordings_folder().join("score.py"))
        .args([log, truth, findings])
        .output()
        .map_err(|e| format!("score.py did not start: {e}"))?;
    serde_json::from_slice(&output.stdout).map_err(|e| format!("score.py gave no figures ({e}): {}", excerpt(&output.stderr)))
}

/// Returns the end of an error output, which is where the reason is.
fn excerpt(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(6)..].join(" / ")
}

fn recordings_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

fn folder_of(run: &str) -> PathBuf {
    recordings_folder().join(run)
}

/// Returns the name and `kind` of every run, by name.
fn runs() -> Vec<(String, String)> {
    let folder = recordings_folder();
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("cannot list {}: {e}", folder.display()))
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with(['.', '_']))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let kind = kind_of(&name);
            (name, kind)
        })
        .collect()
}

fn kind_of(run: &str) -> String {
    let path = folder_of(run).join("env.json");
    let text = fs::read(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let env: Env = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    env.kind
}

/// Returns a run's cases: all its console logs (one per node) together, and its log file, the same run in another layout, by itself.
fn cases_of(run: &str, kind: &str) -> Vec<Case> {
    let shares = shares_of(kind).unwrap_or_else(|| panic!("{run}: env.json names the unknown kind {kind:?}"));
    let case = |name: String, logs: Vec<PathBuf>| Case {
        name,
        kind: kind.to_owned(),
        logs,
        truth: folder_of(run).join("truth.jsonl"),
        shares: (!WITHOUT_SHARES.contains(&run)).then_some(shares),
    };
    let server = folder_of(run).join("server.log");
    let console = if server.is_file() { vec![server] } else { node_logs(run) };
    assert!(!console.is_empty(), "{run} has neither server.log nor node0.log");
    let mut cases = vec![case(run.to_owned(), console.clone())];
    let file = folder_of(run).join("file.log");
    if file.is_file() {
        cases.push(case(format!("{run}/file.log"), vec![file]));
    }
    let access = folder_of(run).join("access.log");
    if access.is_file() {
        let both = console.into_iter().chain([access.clone()]).collect();
        cases.push(Case { kind: "proxied".to_owned(), ..case(format!("{run}, both"), both) });
        cases.push(Case { kind: "access".to_owned(), shares: None, ..case(format!("{run}, access"), vec![access]) });
    }
    cases
}

/// Returns `node0.log`, `node1.log`, … as far as they exist.
fn node_logs(run: &str) -> Vec<PathBuf> {
    (0..16).map(|node| folder_of(run).join(format!("node{node}.log"))).filter(|log| log.is_file()).collect()
}

/// Scores all cases, prints the table, and panics with everything that fell short. Returns the scores by kind.
fn demand(cases: &[Case]) -> Vec<(String, Score)> {
    let mut scores = Vec::new();
    assert!(
        Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success()),
        "python3 is needed to judge the recordings (tests/recordings/score.py), and it does not run here: install it (apt-get install python3)"
    );
    let mut table = format!(
        "{:<26} {:<10} {:>8} {:>7} {:>7} {:>7} {:>7} {:>4}  {:<14} {}\n",
        "recording", "kind", "failures", "right", "covered", "certain", "cand.", "max", "asked", "counts that are not 0"
    );
    let mut faults = String::new();
    for case in cases {
        let found = match case.score() {
            Ok(score) => {
                table.push_str(&case.row(&score));
                let faults = case.faults(&score);
                scores.push((case.kind.clone(), score));
                faults
            }
            Err(error) => {
                let _ = write!(table, "{:<26} {:<10} no figures", case.name, case.kind);
                vec![error]
            }
        };
        table.push('\n');
        for fault in found {
            let _ = writeln!(faults, "  {}: {fault}", case.name);
        }
    }
    println!("\n{table}");
    assert!(faults.is_empty(), "the recordings show more than was found, or less than was claimed:\n{faults}");
    scores
}

/// Returns the README's table: one row a kind of log, over all its recordings.
fn summary(scores: &[(String, Score)]) -> String {
    let kinds = [
        ("errors-old", "failures only, servers up to 24"),
        ("errors", "failures only (Keycloak's default)"),
        ("success", "and success events"),
        ("full", "and `ClientAuthenticationFlow`"),
        ("hostile", "under attack, with success events"),
        ("proxied", "failures only, and the access log of a proxy in front"),
        ("access", "nothing: the proxy's access log alone"),
    ];
    let mut table = String::from(
        "| the log shows | recordings | failures | wrong `certain` | right | certain | candidates |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (kind, shows) in kinds {
        let of_kind: Vec<&Score> = scores.iter().filter(|(k, _)| k == kind).map(|(_, s)| s).collect();
        let failures: u64 = of_kind.iter().map(|s| s.failures).sum();
        let wrong: u64 = of_kind.iter().map(|s| s.certain_wrong).sum();
        #[allow(clippy::cast_precision_loss, reason = "a few thousand failures")]
        let mean = |figure: fn(&Score) -> f64| of_kind.iter().map(|s| figure(s) * s.failures as f64).sum::<f64>() / failures as f64;
        let (right, certain, left) = (mean(|s| s.right_share) * 100.0, mean(|s| s.certain_share) * 100.0, mean(|s| s.candidates_mean));
        writeln!(table, "| {shows} | {} | {failures} | {wrong} | {right:.0} % | {certain:.0} % | {left:.2} |", of_kind.len()).expect("a string takes it");
    }
    table.trim_end().to_owned()
}

#[test]
fn every_recording_scores_what_its_kind_allows() {
    let runs = runs();
    assert!(runs.len() >= 12, "only {} recordings are left in {}", runs.len(), recordings_folder().display());
    let cases: Vec<Case> = runs.iter().flat_map(|(run, kind)| cases_of(run, kind)).collect();
    let scores = demand(&cases);
    readme_block::hold("scores", &summary(&scores));
}

/// What access lines add: the answers of Keycloak's own access log, and of a reverse proxy in front of it.
#[test]
fn access_lines_make_more_certain_and_nothing_wrong() {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let case = |run: &str, name: &str, logs: Vec<PathBuf>| {
        let case = Case { name: format!("{run} {name}"), kind: kind_of(run), logs, truth: folder_of(run).join("truth.jsonl"), shares: None };
        let score = case.score().expect("figures");
        let faults = case.faults(&score);
        assert!(faults.is_empty(), "{}: {faults:?}", case.name);
        score
    };
    let server = |run: &str| folder_of(run).join("server.log");
    let run = "2673-access";
    let without = scratch.path().join("server.log");
    let text = fs::read_to_string(server(run)).expect("a recording");
    let kept: String = text.split_inclusive('\n').filter(|l| !l.contains("access-log]")).collect();
    assert!(kept.len() < text.len(), "{run} has access lines");
    fs::write(&without, kept).expect("a temporary file");
    let (with, without) = (case(run, "with its access lines", vec![server(run)]), case(run, "without", vec![without]));
    assert!(with.certain_share >= without.certain_share + 0.07, "{run}: {} with access lines, {} without", with.certain_share, without.certain_share);
    for run in ["2205-nginx", "2673-nginx"] {
        let access = folder_of(run).join("access.log");
        let alone = case(run, "server.log alone", vec![server(run)]);
        let both = case(run, "both logs", vec![server(run), access.clone()]);
        assert!(both.certain_share > alone.certain_share && both.right_share >= alone.right_share, "{run}: the proxy's log adds nothing");
        let findings = String::from_utf8(scan(&[access]).expect("a scan")).expect("JSON");
        for line in findings.lines() {
            let finding: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!((&finding["trust"], &finding["client"]), (&"access".into(), &serde_json::Value::Null), "{line}");
        }
        assert!(findings.lines().count() > 60, "{run}: {} findings", findings.lines().count());
    }
}

/// A part of the server's log beside the whole of its proxy's, and the other way round; and a server whose administrator silenced a logger or a type of
/// event: each refused request is found once, and nothing is claimed that the rest contradicts.
#[test]
fn a_proxys_log_beside_a_part_of_the_servers_is_never_wrong() {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut faults = String::new();
    for run in ["2205-nginx", "2673-nginx"] {
        let read = |name: &str| -> Vec<String> {
            fs::read_to_string(folder_of(run).join(name)).expect("a recording").split_inclusive('\n').map(String::from).collect()
        };
        let (server, proxy) = (read("server.log"), read("access.log"));
        let part = |lines: &[String], (from, to): (usize, usize)| lines[lines.len() * from / 100..lines.len() * to / 100].concat();
        let mut copies = Vec::new();
        for cut in [(0, 57), (23, 100), (31, 83), (41, 67), (62, 100)] {
            copies.push((format!("server.log {cut:?}"), part(&server, cut), proxy.concat()));
            copies.push((format!("access.log {cut:?}"), server.concat(), part(&proxy, cut)));
        }
        for silenced in ["CODE_TO_TOKEN_ERROR", "REFRESH_TOKEN_ERROR", "_ERROR", "OAuth2CodeParser", "org.keycloak.services"] {
            let kept: String = server.iter().filter(|l| !l.contains(silenced)).cloned().collect();
            copies.push((format!("without {silenced}"), kept, proxy.concat()));
        }
        for (what, server, proxy) in copies {
            let logs = vec![scratch.path().join("server.log"), scratch.path().join("access.log")];
            fs::write(&logs[0], server).expect("a temporary file");
            fs::write(&logs[1], proxy).expect("a temporary file");
            let case = Case { name: what, kind: kind_of(run), logs, truth: folder_of(run).join("truth.jsonl"), shares: None };
            let wrong = case.score().expect("figures").blemishes();
            if wrong != "-" {
                let _ = writeln!(faults, "  {run}, {}: {wrong}", case.name);
            }
        }
    }
    assert!(faults.is_empty(), "parts of recordings were judged wrongly:\n{faults}");
}

/// One node's log of two: it shows logins whose exchange the other node served, and must not conclude from that.
#[test]
fn half_of_a_cluster_is_never_certain_of_what_the_other_half_may_have_seen() {
    let run = "2673-cluster";
    let cases: Vec<Case> = node_logs(run)
        .into_iter()
        .enumerate()
        .map(|(node, log)| Case {
            name: format!("{run}, node{node} alone"),
            kind: kind_of(run),
            logs: vec![log],
            truth: folder_of(run).join("truth.jsonl"),
            shares: None,
        })
        .collect();
    assert_eq!(cases.len(), 2, "{run} has the logs of two nodes");
    demand(&cases);
}

/// Scans a changed copy of a recording; returns what must not be and is. Less can be known of it, so what is missed does not count.
fn wrong_about(run: &str, bytes: &[u8]) -> Option<String> {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let (log, findings) = (scratch.path().join("server.log"), scratch.path().join("findings.ndjson"));
    fs::write(&log, bytes).expect("a temporary file");
    fs::write(&findings, scan(std::slice::from_ref(&log)).expect("a scan")).expect("a temporary file");
    let score = judge(&log, &folder_of(run).join("truth.jsonl"), &findings).expect("figures");
    let wrong: Vec<String> =
        score.counts().iter().filter(|(name, count)| *name != "missed" && *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    (!wrong.is_empty()).then(|| wrong.join(", "))
}

/// Returns the lines of each log of each run.
fn all_logs() -> Vec<(String, Vec<Vec<u8>>)> {
    let mut all = Vec::new();
    for (run, _) in runs() {
        let log = folder_of(&run).join("server.log");
        for log in if log.is_file() { vec![log] } else { node_logs(&run) } {
            let text = fs::read(&log).expect("a recording");
            all.push((run.clone(), text.split_inclusive(|c| *c == b'\n').map(<[u8]>::to_vec).collect()));
        }
    }
    all
}

/// The beginning, the middle and the end of every recording, cut anywhere: inside stack traces, between a warning and its event, between a login and its
/// exchange. Nothing may be claimed that the rest contradicts. (Such cuts, made at random, found two wrong verdicts.)
#[test]
fn a_part_of_a_log_is_never_certain_of_what_the_rest_may_hold() {
    let mut faults = String::new();
    for (run, lines) in all_logs() {
        for (from, to) in [(0, 57), (23, 100), (31, 83), (41, 67), (62, 100)] {
            if let Some(wrong) = wrong_about(&run, &lines[lines.len() * from / 100..lines.len() * to / 100].concat()) {
                let _ = writeln!(faults, "  {run}, {from} % to {to} %: {wrong}");
            }
        }
    }
    assert!(faults.is_empty(), "parts of recordings were judged wrongly:\n{faults}");
}

/// Servers whose administrators silenced a logger or excluded a type of event: what rests on such a line must not be concluded from its absence.
#[test]
fn a_silenced_logger_makes_nothing_certain() {
    let silenced = [
        r"OAuth2CodeParser",
        r#"org\.keycloak\.services[\]"]"#,
        r"ClientAuthenticationFlow",
        r"client authenticator (FAILED|CHALLENGE)",
        r#"type=\\?"?LOGIN[\\",]"#,
        r#"type=\\?"?CODE_TO_TOKEN[\\",]"#,
        r#"type=\\?"?REFRESH_TOKEN[\\",]"#,
        r#"type=\\?"?(LOGOUT|REVOKE_GRANT)[\\",]"#,
        r"operationType=",
        r"started in|WFLYSRV0025|ISPN",
    ];
    let mut faults = String::new();
    for (run, lines) in all_logs() {
        for pattern in silenced {
            let silent = regex::bytes::Regex::new(pattern).expect("a pattern");
            let kept: Vec<Vec<u8>> = lines.iter().filter(|l| !silent.is_match(l)).cloned().collect();
            if kept.len() == lines.len() {
                continue;
            }
            if let Some(wrong) = wrong_about(&run, &kept.concat()) {
                let _ = writeln!(faults, "  {run} without {pattern}: {wrong}");
            }
        }
    }
    assert!(faults.is_empty(), "silenced servers were judged wrongly:\n{faults}");
}
