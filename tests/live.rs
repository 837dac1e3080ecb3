//! A live run says of every failure in the end what a scan of the finished log says, tells it in time, and goes on after a restart as if there had been none.
//!
//! Every recording is played back: its lines come in pieces of random length when their own times say, against a clock that the test moves.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kctriage::cause::{Cause, Detail};
use kctriage::finding::{Confidence, Finding};
use kctriage::pipeline::live::{Live, Piece};
use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Dropped, Find, Grammar, discover};
use kctriage::tally::Outcome;
use kctriage::tally::live::Update;
use kctriage::triage::rules::Rules;

mod around;
mod dice;
use around::{LINES, Wrap, entries};
use dice::Dice;

/// Logs without dates get one that does not depend on the day of the test.
fn options() -> Options {
    Options { date: chrono::NaiveDate::from_ymd_opt(2026, 11, 23), ..Options::default() }
}

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

/// What a verdict comes to.
type Word = (Cause, Confidence, Vec<Cause>, Option<Detail>);

fn word(f: &Finding) -> Word {
    (f.cause, f.confidence, f.candidates.clone(), f.detail)
}

/// Lines of a log that come at one moment.
struct Arrival {
    at: i64,
    file: usize,
    line: u64,
    lines: u64,
    bytes: Vec<u8>,
}

/// Cuts logs into pieces of up to `most` lines, in the order of their times; each line is written as `wrap` does.
fn arrivals(paths: &[PathBuf], wrap: Option<Wrap>, most: u64, dice: &mut Dice) -> Vec<Arrival> {
    let grammar = Lines::default();
    let mut all = Vec::new();
    for (file, path) in paths.iter().enumerate() {
        let text = fs::read(path).expect("a log");
        let (mut at, mut line) = (0, 0);
        let mut piece = Arrival { at: 0, file, line: 0, lines: 0, bytes: Vec::new() };
        let (mut begin, mut length) = (0, 1 + dice.below(most));
        let wrapped: Option<Vec<String>> = wrap.map(|wrap| entries(std::str::from_utf8(&text).expect("UTF-8")).iter().map(wrap).collect());
        for (number, bytes) in text.split_inclusive(|c| *c == b'\n').enumerate() {
            // a line of another log is not written later than what comes behind it
            at = grammar.first_time(bytes).map_or(at, |t| t.max(at));
            if piece.lines >= length || (piece.lines > 0 && at - begin > 50) {
                line += piece.lines;
                all.push(std::mem::replace(&mut piece, Arrival { at, file, line, lines: 0, bytes: Vec::new() }));
                length = 1 + dice.below(most);
            }
            if piece.lines == 0 {
                begin = at;
            }
            piece.at = at;
            let written = wrapped.as_ref().map_or(bytes, |w| w[number].as_bytes());
            piece.bytes.extend_from_slice(written);
            piece.lines += memchr::memchr_iter(b'\n', written).count() as u64;
        }
        all.push(piece);
    }
    all.sort_by_key(|a| a.at);
    all
}

/// A played-back recording.
struct Played {
    updates: Vec<(i64, Update)>,
    outcome: Outcome,
}

/// Plays a recording; `restarts` says how often the run is saved and taken up again.
fn play(paths: &[PathBuf], most: u64, restarts: u64, dice: &mut Dice) -> Played {
    play_wrapped(paths, None, most, restarts, dice)
}

/// Plays a recording whose lines come with something around them.
fn play_wrapped(paths: &[PathBuf], wrap: Option<Wrap>, most: u64, restarts: u64, dice: &mut Dice) -> Played {
    let found = discover(paths, &Find::default(), &Lines::default());
    let node = |path: &Path| {
        let of = found.streams.iter().find(|s| s.sources.iter().any(|x| x.path.as_deref() == Some(path)));
        Arc::<str>::from(of.expect("a stream").node.as_str())
    };
    let nodes: Vec<Arc<str>> = paths.iter().map(|p| node(p)).collect();
    let names: Vec<Arc<str>> = paths.iter().map(|p| Arc::from(p.to_string_lossy().as_ref())).collect();
    let mut live = Live::new(Rules::builtin(), options());
    let mut updates = Vec::new();
    let arrivals = arrivals(paths, wrap, most, dice);
    let mut now = 0;
    for arrival in arrivals {
        // the clock ticks while nothing comes, but not through long silences
        now = if now == 0 { arrival.at } else { now };
        let quiet = now + 4000;
        while now + 100 < arrival.at && now < quiet {
            now += 100;
            updates.extend(live.advance(now, false).into_iter().map(|u| (now, u)));
        }
        now = now.max(arrival.at);
        let Arrival { file, line, bytes, .. } = arrival;
        let piece = Piece { node: Arc::clone(&nodes[file]), source: Arc::clone(&names[file]), line, bytes, dropped: Dropped::default(), breaks: 0 };
        live.feed(vec![piece], now);
        updates.extend(live.advance(now, false).into_iter().map(|u| (now, u)));
        if restarts > 0 && dice.below(100) < restarts {
            let saved = live.snapshot().expect("bytes");
            live = Live::restore(&saved, Rules::builtin(), options()).expect("a state");
        }
    }
    let (last, outcome) = live.finish(now).expect("an end");
    updates.extend(last.into_iter().map(|u| (now, u)));
    Played { updates, outcome }
}

impl Played {
    /// The last word on each failure.
    fn last(&self) -> BTreeMap<String, Word> {
        let mut last = BTreeMap::new();
        for (_, update) in &self.updates {
            match update {
                Update::Found(f) => assert!(last.insert(f.id.clone(), word(f)).is_none(), "{} was found twice", f.id),
                Update::Revised { finding, from, confidence } => {
                    let before = last.insert(finding.id.clone(), word(finding)).expect("found before");
                    assert_eq!((before.0, before.1), (*from, *confidence), "{}", finding.id);
                }
                Update::Trigger(_) | Update::Notice(_) => {}
            }
        }
        last
    }
}

fn scanned(paths: &[PathBuf]) -> (Vec<Finding>, Outcome) {
    let found = discover(paths, &Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let outcome = pipeline::run(&found, &Rules::builtin(), &options(), &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    });
    (findings, outcome.expect("a run"))
}

/// The counts, without what says where samples stand.
fn counts(outcome: &Outcome) -> Vec<String> {
    let (rows, _) = outcome.tally.rows(10_000);
    let books = &outcome.books;
    let row = |(key, cell): (&kctriage::tally::Key, &Cow<'_, kctriage::tally::Cell>)| {
        format!(
            "{key:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            cell.count, cell.details, cell.others, cell.first, cell.last, cell.delays, cell.addresses, cell.users
        )
    };
    let mut all: Vec<String> = rows.iter().map(row).collect();
    all.push(format!("{} {} {} {} {}", books.parsed, books.skipped, books.damaged, books.records, books.unparsed_lines));
    all.push(format!("{:?} {:?} {:?}", outcome.lacks, outcome.access, outcome.left_out));
    all
}

/// Asserts that counts are the same; says the first that is not.
fn same(got: &[String], want: &[String], run: &Path) {
    let other = got.iter().zip(want).find(|(g, w)| g != w);
    assert!(other.is_none() && got.len() == want.len(), "{}: {:#?}", run.display(), other);
}

#[test]
fn the_last_word_is_that_of_a_scan() {
    for run in recordings() {
        let paths = logs(&run);
        let (findings, outcome) = scanned(&paths);
        let want: BTreeMap<String, Word> = findings.iter().map(|f| (f.id.clone(), word(f))).collect();
        assert!(!want.is_empty(), "{}", run.display());
        for (seed, most) in [(1, 1), (2, 40), (3, 100_000)] {
            let played = play(&paths, most, 0, &mut Dice(seed));
            let last = played.last();
            let wrong: Vec<_> = want.iter().filter(|(id, w)| last.get(*id) != Some(w)).map(|(id, w)| (id, w, last.get(id))).collect();
            assert!(wrong.is_empty(), "{} in pieces of {most}: {} of {}: {:#?}", run.display(), wrong.len(), want.len(), &wrong[..wrong.len().min(3)]);
            assert_eq!(last.len(), want.len(), "{}", run.display());
            same(&counts(&played.outcome), &counts(&outcome), &run);
        }
    }
}

/// What Docker, Kubernetes, journald and shippers write around lines makes no difference, wherever they are cut and the run begins anew.
#[test]
fn the_last_word_is_that_of_a_scan_whatever_is_around_the_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    for (seed, name) in (21..).zip(["2673-load", "2673-json", "1611-success", "2205-plain", "2673-access"]) {
        let paths = [root.join(name).join("server.log")];
        let want: BTreeMap<String, Word> = scanned(&paths).0.iter().map(|f| (f.id.clone(), word(f))).collect();
        for (wrapper, wrap) in LINES {
            let last = play_wrapped(&paths, Some(*wrap), 20, 3, &mut Dice(seed)).last();
            let wrong: Vec<_> = want.iter().filter(|(id, w)| last.get(*id) != Some(w)).map(|(id, w)| (id, w, last.get(id))).collect();
            assert!(wrong.is_empty(), "{name} in {wrapper}: {} of {}: {:#?}", wrong.len(), want.len(), &wrong[..wrong.len().min(3)]);
            assert_eq!(last.len(), want.len(), "{name} in {wrapper}");
        }
    }
}

#[test]
fn what_is_certain_stays_so_and_all_is_told_in_time() {
    let mut certain = 0;
    for run in recordings() {
        let paths = logs(&run);
        let played = play(&paths, 5, 0, &mut Dice(7));
        let mut sure: HashMap<&str, Cause> = HashMap::new();
        for (at, update) in &played.updates {
            let (Update::Found(f) | Update::Revised { finding: f, .. }) = update else { continue };
            if let Some(cause) = sure.get(f.id.as_str()) {
                assert_eq!((*cause, f.confidence), (f.cause, Confidence::Certain), "{}: {} was certain", run.display(), f.id);
            }
            if f.confidence == Confidence::Certain {
                certain += 1;
                sure.insert(&f.id, f.cause);
            }
            let time = f.time.expect("a time").timestamp_millis();
            if let Update::Found(_) = update {
                assert!(at - time <= 2000, "{}: {} was told after {} ms", run.display(), f.id, at - time);
            }
        }
    }
    assert!(certain > 1000, "{certain}");
}

#[test]
fn a_restart_changes_nothing() {
    for run in recordings() {
        let paths = logs(&run);
        let whole = play(&paths, 30, 0, &mut Dice(11));
        // the dice are thrown for the cutting first, so that the pieces are the same
        let resumed = play(&paths, 30, 8, &mut Dice(11));
        assert_eq!(whole.updates, resumed.updates, "{}", run.display());
        same(&counts(&whole.outcome), &counts(&resumed.outcome), &run);
    }
}
