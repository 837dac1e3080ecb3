//! What happens to logs on their way to a person: they are sorted, turned around, masked, cut, sent twice, and pieces of them get lost. By none of that a verdict may become
//! certain and wrong; and where no line is lost, no failure may be.
//!
//! Every recording of `tests/recordings` goes through each of it, and `tests/recordings/score.py` judges, as in `tests/score.rs` (it needs `python3`). What is asked of
//! masks, cuts and losses is only that nothing is claimed that is not so: less can be known.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use regex::bytes::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Score {
    missed: u64,
    certain_wrong: u64,
    // none of these where no failure is left
    #[serde(default)]
    failures: u64,
    #[serde(default)]
    covered: u64,
    #[serde(default)]
    certain: u64,
}

/// What is asked of a log that something was done to.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    /// Nothing wrong is certain.
    NothingWrong,
    /// And each failure is found, its cause among the candidates.
    All,
}

type Lines<'a> = Vec<&'a [u8]>;

fn lines(text: &[u8]) -> Lines<'_> {
    text.split_inclusive(|c| *c == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line)).collect()
}

fn joined<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    lines.into_iter().flat_map(|line| [line, b"\n"]).flatten().copied().collect()
}

fn replaced(text: &[u8], pattern: &str, by: &str) -> Vec<u8> {
    Regex::new(pattern).expect("a pattern").replace_all(text, by.as_bytes()).into_owned()
}

/// Puts something behind each line.
fn behind(text: &[u8], end: &str) -> Vec<u8> {
    lines(text).into_iter().flat_map(|line| [line, end.as_bytes(), b"\n"]).flatten().copied().collect()
}

fn cut(text: &[u8], at: usize) -> Vec<u8> {
    joined(lines(text).into_iter().map(|line| &line[..line.len().min(at)]))
}

/// Says by a number of a line whether chance takes it, one in so many.
fn is_taken(number: u64, seed: u64, of: u64) -> bool {
    ((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 + 2 * seed) >> 32).is_multiple_of(of)
}

/// What is done to a log, whether the layout has to be text for it, and what is asked then.
type Deed = (&'static str, bool, Asked, fn(&[u8]) -> Vec<u8>);

fn deeds() -> Vec<Deed> {
    use Asked::{All, NothingWrong};
    vec![
        ("turned around", false, All, |text| joined(lines(text).into_iter().rev())),
        ("sorted", true, NothingWrong, |text| {
            let mut all = lines(text);
            all.sort_unstable();
            joined(all)
        }),
        ("a blank behind each line", false, All, |text| behind(text, " ")),
        ("what a relay leaves of a carriage return", true, All, |text| behind(text, "#015")),
        ("an empty column behind each line", true, All, |text| behind(text, " []")),
        ("each tenth line twice", false, NothingWrong, |text| {
            let twice = |(n, line)| std::iter::repeat_n(line, 1 + usize::from(is_taken(n, 1, 10)));
            joined((0..).zip(lines(text)).flat_map(twice))
        }),
        ("the events' sessions masked", true, NothingWrong, |text| replaced(text, "sessionId=\"[^\"]*\"", "sessionId=\"REDACTED\"")),
        ("all of the events' sessions masked", true, NothingWrong, |text| replaced(text, "(sessionId|code_id)=(\"?)[^\", \n]*(\"?)", "$1=${2}***$3")),
        ("the events' sessions taken out", true, NothingWrong, |text| replaced(text, "(sessionId|code_id)=(\"?)[^\", \n]*(\"?)", "$1=$2$3")),
        ("the warnings' sessions masked", true, NothingWrong, |text| replaced(text, "userSession '[^'\n]*'", "userSession ***")),
        ("all sessions masked", true, NothingWrong, |text| {
            let text = replaced(text, "userSession '[^'\n]*'", "userSession 'REDACTED'");
            replaced(&text, "(sessionId|code_id)=(\"?)[^\", \n]*(\"?)", "$1=${2}REDACTED$3")
        }),
        ("users masked, and that there was none", true, NothingWrong, |text| replaced(text, "userId=(\"?)[^\", \n]*(\"?)", "userId=${1}REDACTED$2")),
        ("cut after 240 bytes", true, NothingWrong, |text| cut(text, 240)),
        ("cut after 300 bytes", true, NothingWrong, |text| cut(text, 300)),
        ("cut after 512 bytes", true, NothingWrong, |text| cut(text, 512)),
    ]
}

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).expect("recordings").map(|e| e.expect("an entry").path()).filter(|p| p.join("server.log").is_file()).collect();
    all.sort();
    assert!(all.len() > 25, "{all:?}");
    all
}

/// Scans what lies at a path, and compares it with what happened; `log` is what the judge looks addresses up in.
fn score(recording: &Path, input: &Path, log: &Path) -> Score {
    let output = Command::new(env!("CARGO_BIN_EXE_kctriage")).args(["scan", "--format", "ndjson", "--threads", "1"]).arg(input).output().expect("it runs");
    let findings = tempfile::NamedTempFile::new().expect("a file");
    fs::write(findings.path(), output.stdout).expect("findings");
    let judge = recording.parent().expect("a folder").join("score.py");
    let output = Command::new("python3").arg(judge).arg(log).arg(recording.join("truth.jsonl")).arg(findings.path()).output().expect("python3 runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{}: {e}: {}", recording.display(), String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn no_verdict_becomes_certain_and_wrong() {
    let is_text = |text: &[u8]| !text.starts_with(b"{") && !text.windows(2).any(|w| w == b"\n{");
    let all: Vec<(PathBuf, Vec<u8>)> = recordings().into_iter().map(|r| (r.clone(), fs::read(r.join("server.log")).expect("a log"))).collect();
    let deeds = deeds();
    let pairs: Vec<_> = deeds.iter().flat_map(|deed| all.iter().map(move |log| (deed, log))).filter(|(deed, log)| !deed.1 || is_text(&log.1)).collect();
    let results: Vec<(&str, String, u64)> = pairs
        .par_iter()
        .map(|((what, _, asked, deed), (recording, text))| {
            let folder = tempfile::tempdir().expect("a folder");
            let log = folder.path().join("server.log");
            fs::write(&log, deed(text)).expect("a log");
            let score = score(recording, &log, &log);
            let name = recording.file_name().expect("a name").to_string_lossy();
            let mut faults = String::new();
            if score.certain_wrong > 0 {
                faults = format!("{what}: {name}: {} certain and wrong\n", score.certain_wrong);
            }
            if *asked == Asked::All && (score.missed, score.covered) != (0, score.failures) {
                let _ = writeln!(faults, "{what}: {name}: {} missed, {} of {} named", score.missed, score.covered, score.failures);
            }
            (*what, faults, score.certain)
        })
        .collect();
    let faults: String = results.iter().map(|r| r.1.as_str()).collect();
    assert!(faults.is_empty(), "{faults}");
    // and a verdict is still to be had
    for (what, ..) in &deeds {
        let certain: u64 = results.iter().filter(|r| r.0 == *what).map(|r| r.2).sum();
        assert!(certain > 100, "{what}: {certain}");
    }
}

#[test]
fn what_a_missing_file_said_is_not_known() {
    let faults: Vec<String> = recordings()
        .par_iter()
        .flat_map(|recording| (1..4_usize).into_par_iter().map(move |missing| (recording, missing)))
        .filter_map(|(recording, missing)| {
            let text = fs::read(recording.join("server.log")).expect("a log");
            let all = lines(&text);
            let folder = tempfile::tempdir().expect("a folder");
            let (logs, kept) = (folder.path().join("logs"), folder.path().join("kept.log"));
            fs::create_dir(&logs).expect("a folder");
            let size = all.len().div_ceil(5);
            let mut rest = Vec::new();
            for (number, piece) in all.chunks(size).enumerate().filter(|(number, _)| *number != missing) {
                let name = if number == 4 { "server.log".to_owned() } else { format!("server.log.{}", 4 - number) };
                let piece = joined(piece.iter().copied());
                fs::write(logs.join(name), &piece).expect("a piece");
                rest.extend(piece);
            }
            fs::write(&kept, rest).expect("what is left");
            let score = score(recording, &logs, &kept);
            (score.certain_wrong > 0).then(|| format!("{}, server.log.{}: {}", recording.display(), 4 - missing, score.certain_wrong))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
