//! `kctriage tail` as it is built, beside eight logs that are written quickly and rotated in every way, killed at random instants: no line is lost and
//! none is counted twice. Judged from outside, by what it printed and by the tally that its state holds.
//!
//! CI runs a hundredth. The whole, a line each:
//!
//! ```text
//! cargo test --release --test torture -- --ignored --nocapture whole
//! cargo test --release --test torture -- --ignored --nocapture soak
//! ```
//!
//! `KCTRIAGE_SEED` repeats a run, as far as the clock lets it; `KCTRIAGE_PROGRAM` names another program.
#![cfg(unix)]
// the figures of a run, and what repeats it
#![allow(clippy::print_stderr)]

mod dice;
#[path = "torture/log.rs"]
mod log;
#[path = "torture/reader.rs"]
mod reader;

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use dice::Dice;
use kctriage::pipeline::live::Saved;
use kctriage::source::checkpoint;
use log::{Kind, Log};
use reader::Reader;
use serde_json::Value;

/// All that rename in one way or another.
const RENAMED: [Kind; 8] = [Kind::Chain, Kind::PackedAtOnce, Kind::PackedLater, Kind::Dated, Kind::Link, Kind::Kubelet, Kind::Removed, Kind::Chain];

/// A turn of the writer.
const TICK: Duration = Duration::from_millis(10);

/// How often the writer asks what was read, so that it can be deleted.
const LOOK: Duration = Duration::from_secs(1);

/// Long enough for a slow machine to read what is left.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is asked for.
struct Plan {
    kinds: [Kind; 8],
    lines_per_second: u64,
    rotations: u64,
    kills: u64,
    /// How long it takes at least.
    lasts: Duration,
    /// How often the reader is looked at, for the figures.
    samples: Option<Duration>,
}

impl Plan {
    /// Rotations and kills, spread over the time.
    fn of(kinds: [Kind; 8], rotations: u64, kills: u64, seconds: u64) -> Self {
        Plan { kinds, lines_per_second: 20_000, rotations, kills, lasts: Duration::from_secs(seconds), samples: None }
    }
}

/// What was done.
struct Done {
    lines: u64,
    lines_per_second: u64,
    rotations: u64,
    kills: u64,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Done { lines, lines_per_second, rotations, kills } = self;
        write!(f, "{lines} lines, {lines_per_second} a second, {rotations} rotations, {kills} kills")
    }
}

#[test]
fn no_line_is_lost_or_counted_twice() {
    let done = torture(&Plan::of(RENAMED, 100, 10, 25));
    assert!(done.rotations >= 100 && done.kills >= 10, "{done}");
}

#[test]
fn what_a_truncation_takes_is_reported_and_nothing_is_counted_twice() {
    torture(&Plan::of([Kind::Copied; 8], 60, 6, 15));
}

#[test]
#[ignore = "takes an hour: 10,000 rotations and 1,000 kills"]
fn whole() {
    let done = torture(&Plan::of(RENAMED, 10_000, 1_000, 2_700));
    assert!(done.rotations >= 10_000 && done.kills >= 1_000, "{done}");
    torture(&Plan::of([Kind::Copied; 8], 2_000, 200, 600));
}

#[test]
#[ignore = "takes an hour, and prints figures"]
fn soak() {
    // 12 failures a second: those that can still be corrected are 20,000 after half the time
    let plan = Plan { lines_per_second: 5_000, samples: Some(Duration::from_secs(10)), ..Plan::of(RENAMED, 720, 0, 3_600) };
    torture(&plan);
}

/// Writes, rotates, kills, and judges.
fn torture(plan: &Plan) -> Done {
    let seed = std::env::var("KCTRIAGE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()) ^ 0x5eed);
    eprintln!("KCTRIAGE_SEED={seed}");
    let (dir, mut dice) = (tempfile::tempdir().expect("a folder"), Dice(seed));
    let mut logs: Vec<Log> = plan.kinds.iter().enumerate().map(|(n, kind)| Log::new(*kind, dir.path(), n, seed + n as u64)).collect();
    let mut reader = Reader::new(dir.path().join("state"), logs.iter().map(Log::follow).collect());
    reader.start();
    // what was rotated away before it began is not its affair
    for log in &mut logs {
        log.write(10);
    }
    while !reader.is_saved() {
        assert!(!reader.has_ended(), "it ended by itself: {:?}", reader.heard.lock().expect("whole").notes);
        thread::sleep(TICK);
    }
    let (begun, mut written, mut rotations, mut kills) = (Instant::now(), 0, 0, 0);
    let share = |n: u64| plan.lasts.checked_div(u32::try_from(n).unwrap_or(1)).unwrap_or(plan.lasts);
    let (mut next_kill, mut next_look, mut next_sample) = (begun + share(plan.kills), begun, begun);
    while rotations < plan.rotations || kills < plan.kills || begun.elapsed() < plan.lasts {
        let passed = u64::try_from(begun.elapsed().as_millis()).expect("not for ever");
        // as many lines as should be there by now, from those that write at all
        let missing = (passed * plan.lines_per_second / 1000).saturating_sub(written).min(plan.lines_per_second);
        let writing = logs.iter().filter(|l| !l.waits()).count() as u64;
        for log in logs.iter_mut().filter(|l| !l.waits()) {
            log.write(missing / writing.max(1));
        }
        written = logs.iter().map(|l| l.records).sum();
        if rotations < plan.rotations && rotations * u64::try_from(plan.lasts.as_millis()).expect("small") < passed * plan.rotations {
            let which = usize::try_from(dice.below(8)).expect("small");
            logs[which].rotate();
        }
        rotations = logs.iter().map(|l| l.generation).sum();
        if kills < plan.kills && Instant::now() >= next_kill && reader.is_saved() {
            reader.end("KILL");
            reader.start();
            kills += 1;
            next_kill = begun + share(plan.kills) * u32::try_from(kills).expect("small") + share(plan.kills).mul_f64(dice_share(&mut dice));
        }
        if Instant::now() >= next_look {
            next_look = Instant::now() + LOOK;
            assert!(!reader.has_ended(), "it ended by itself: {:?}", reader.heard.lock().expect("whole").notes);
            forget(&mut logs, &reader);
        }
        if let Some(every) = plan.samples.filter(|_| Instant::now() >= next_sample) {
            next_sample += every;
            sample(begun, &reader);
        }
        thread::sleep(TICK);
    }
    let lines_per_second = written * 1000 / u64::try_from(begun.elapsed().as_millis()).expect("not for ever");
    logs.iter_mut().for_each(Log::finish);
    let done = Done { lines: logs.iter().map(|l| l.records).sum(), lines_per_second, rotations, kills };
    await_the_rest(&logs, &reader);
    let status = reader.end("TERM").expect("it runs");
    judge(&logs, &reader, &done);
    // of a file that was deleted while nobody looked nobody knows that it had been read to its end: one that was removed, or the log of a container that was started again
    let is_of = |log: &Log, note: &str| match log.kind {
        Kind::Removed => note.contains(&format!("kc-{}/", log.number)),
        Kind::Kubelet => (0..log.restarts).any(|container| note.contains(&format!(" {container}.log:"))),
        _ => false,
    };
    let is_known = |note: &String| logs.iter().any(|log| is_of(log, note));
    let heard = reader.heard.lock().expect("whole");
    let losses: Vec<_> = heard.notes.iter().filter(|n| (n.contains("missing") || n.contains("lost")) && !is_known(n)).collect();
    if plan.kinds == RENAMED {
        assert!(losses.is_empty(), "{losses:?}");
        let expected = if heard.notes.iter().any(|n| n.contains("missing")) { 3 } else { 0 };
        assert_eq!(status.code(), Some(expected), "{:?}", heard.notes);
    }
    drop(heard);
    done
}

fn dice_share(dice: &mut Dice) -> f64 {
    f64::from(u32::try_from(dice.below(1000)).expect("small")) / 1000.0
}

/// Deletes what was read and saved.
fn forget(logs: &mut [Log], reader: &Reader) {
    let Some(saved) = reader.saved() else { return };
    let Some(wanted) = state(reader).map(|s| s.positions.unfinished().map(|m| (m.inode.number, m.offset)).collect::<BTreeMap<u64, u64>>()) else { return };
    let heard = reader.heard.lock().expect("whole");
    for log in logs {
        let number = log.number;
        let was_saved = |n: usize| heard.told.get(&format!("f{number}x{n}")).is_some_and(|t| t.at < saved);
        let read = log.failures.iter().enumerate().rev().take(2000).filter(|(n, _)| was_saved(*n)).map(|(_, f)| f.generation).max();
        let all = log.waits() && log.failures.len().checked_sub(1).is_some_and(was_saved);
        log.forget(read.unwrap_or(0), all, &wanted);
    }
}

/// Waits until every failure that must be told was.
fn await_the_rest(logs: &[Log], reader: &Reader) {
    let end = Instant::now() + PATIENCE;
    loop {
        let heard = reader.heard.lock().expect("whole");
        let is_missing = |log: &Log| log.failures.iter().enumerate().any(|(n, f)| !f.at_risk && !heard.told.contains_key(&format!("f{}x{n}", log.number)));
        if !logs.iter().any(is_missing) || Instant::now() >= end {
            break;
        }
        drop(heard);
        thread::sleep(Duration::from_millis(200));
    }
    // and what is behind the last of them, and a save
    thread::sleep(Duration::from_secs(2));
}

/// Holds what was told and counted to what was written.
fn judge(logs: &[Log], reader: &Reader, done: &Done) {
    let (heard, tally) = (reader.heard.lock().expect("whole"), reader.tally());
    let mut wrong = heard.wrong.clone();
    let mut expected = 0;
    for log in logs {
        for (n, failure) in log.failures.iter().enumerate() {
            match heard.told.get(&format!("f{}x{n}", log.number)) {
                None if failure.at_risk => {}
                None => wrong.push(format!("{:?} {}: failure {n} was not told: {failure:?}", log.kind, log.number)),
                Some(told) if told.line == failure.line => expected += 1,
                Some(told) => wrong.push(format!("{:?} {}: {failure:?} was told as {told:?}", log.kind, log.number)),
            }
        }
    }
    if expected != heard.told.len() && wrong.is_empty() {
        wrong.push(format!("{} were told of {expected}", heard.told.len()));
    }
    let mut counted: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in tally["rows"].as_array().expect("rows") {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        *counted.entry((text("realm"), text("client"))).or_default() += row["count"].as_u64().unwrap_or_default();
    }
    for log in logs {
        for (generation, (sure, perhaps)) in log.counts() {
            let got = counted.remove(&(format!("r{}", log.number), format!("c{generation}"))).unwrap_or_default();
            if !(sure..=sure + perhaps).contains(&got) {
                wrong.push(format!("{:?} {}, file {generation}: {got} are counted of {sure} and perhaps {perhaps}", log.kind, log.number));
            }
        }
    }
    wrong.extend(counted.keys().map(|key| format!("{key:?} was never written")));
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (bytes, at_risk) = (logs.iter().map(|l| l.bytes).sum::<u64>(), logs.iter().map(|l| l.bytes_at_risk).sum::<u64>());
    let read = number(&tally["books"]["bytes"]);
    if read > bytes || read + at_risk < bytes {
        wrong.push(format!("{read} bytes are counted of {bytes}, of which {at_risk} were at risk"));
    }
    if at_risk == 0 && number(&tally["records"]) != done.lines {
        wrong.push(format!("{} records are counted of {}", tally["records"], done.lines));
    }
    if at_risk == 0 && (&tally["books"]["skipped"], &tally["books"]["damaged"]) != (&Value::from(0), &Value::from(0)) {
        wrong.push(format!("{}", tally["books"]));
    }
    wrong.extend(heard.notes.iter().filter(|n| n.contains("panick")).cloned());
    assert!(wrong.is_empty(), "{done}\n{:#?}\n{} are wrong: {:#?}", heard.notes, wrong.len(), &wrong[..wrong.len().min(20)]);
    let (lost, counters) = (bytes - read, state(reader).expect("a save").counters);
    eprintln!(
        "{done}: {read} bytes of {bytes} read; {lost} lost of {at_risk} that were written between a copy and the truncation, {} of them seen and reported; \
         {} truncations noticed; {} failures told",
        counters.lost_bytes,
        counters.truncations,
        heard.told.len()
    );
    assert!(counters.lost_bytes <= lost, "nothing is lost twice, and nothing that came after all: {:?}", heard.notes);
    // what nobody saw cannot be counted; that something may be missing is said
    assert!(lost == 0 || counters.truncations > 0, "{lost} bytes are lost and nothing is said");
}

/// Returns what was saved last.
fn state(reader: &Reader) -> Option<Saved> {
    let bytes = checkpoint::peek(reader.state()).expect("a state")?;
    Some(Saved::read(&bytes).expect("of this version"))
}

/// Prints how much memory, files and time the reader takes.
fn sample(begun: Instant, reader: &Reader) {
    let Some(pid) = reader.pid() else { return };
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map(|l| l.trim_matches([':', ' ', '\t']).to_owned()).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks: u64 = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let state = fs::metadata(reader.state().join("state")).map_or(0, |m| m.len());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    eprintln!(
        "at {now}: {} s, resident {}, highest {}, {files} files, {} threads, {ticks} ticks, state {state} bytes",
        begun.elapsed().as_secs(),
        field("VmRSS"),
        field("VmHWM"),
        field("Threads")
    );
}
