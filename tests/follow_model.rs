//! Whatever is done to a file that is followed, in whatever order: a model says which lines must arrive, and they do, each once and in order. Only what was
//! cut or deleted before it was read may be missing, and where the follower knew of the file it says so.

#[allow(dead_code)]
#[path = "follow/trial.rs"]
mod trial;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use kctriage::source::follow::{Settings, Start, What};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use trial::{Trial, lines, pack, quick};

/// The wait for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is done.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// Whole lines are written; the file is made if it is not there.
    Write(usize),
    /// A line is begun.
    Half,
    /// The file is renamed, and the ones before it are.
    Rename,
    /// The same, and it is packed at once.
    Pack,
    /// The newest renamed file is packed.
    PackLast,
    /// The file is copied and cut.
    Copy,
    /// The file is cut.
    Cut,
    /// The file is deleted.
    Delete,
    /// The link is pointed at another file.
    Switch,
    /// The follower reads all there is.
    Read,
    /// The follower looks once.
    Look,
    /// The follower is killed.
    Kill,
    /// It is started again from what it had stored.
    Start,
}

/// Where a line is, and what must become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Must,
    /// It may be missing.
    May,
    /// It may be missing, but not without a word.
    MayAndSay,
}

struct World {
    t: Trial,
    linked: bool,
    /// What the follower had stored, as long as it is dead.
    stored: Option<Vec<u8>>,
    fates: BTreeMap<usize, Fate>,
    next: usize,
    /// How much of the next line was written.
    half: usize,
    /// Lines that were written since the follower last read all.
    pending: Vec<usize>,
    /// The file was there, and held something, when the follower last read all.
    known: bool,
    /// Files beside the path: the newest first.
    old: Vec<String>,
    switches: usize,
}

impl World {
    fn new(linked: bool) -> Self {
        let name = if linked { "current" } else { "server.log" };
        let t = Trial::new(&[name], Settings { start: Start::Beginning, ..quick() });
        World { t, linked, stored: None, fates: BTreeMap::new(), next: 0, half: 0, pending: Vec::new(), known: false, old: Vec::new(), switches: 0 }
    }

    fn live(&self) -> String {
        if self.linked { format!("server.log-20261128-{:06}", self.switches) } else { "server.log".into() }
    }

    fn is_there(&self) -> bool {
        self.t.path(&self.live()).exists()
    }

    fn write(&mut self, name: &str, count: usize) {
        for _ in 0..count {
            let line = lines(self.next..self.next + 1);
            self.t.write(name, &line[self.half..]);
            self.half = 0;
            self.fates.insert(self.next, Fate::Must);
            self.pending.push(self.next);
            self.next += 1;
        }
    }

    /// Ends a line that was begun.
    fn end(&mut self, name: &str) {
        if self.half > 0 {
            self.write(name, 1);
        }
    }

    fn link(&self) {
        let link = self.t.path("current");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(self.t.path(&self.live()), &link).expect("linked");
    }

    /// Renames the file and those before it.
    fn rename(&mut self) {
        self.shift();
        self.t.rename("server.log", "server.log.1");
        self.old.insert(0, "server.log.1".into());
        // its writer still has it open
        self.end("server.log.1");
        self.known = false;
    }

    fn pack_last(&mut self) {
        if let Some(name) = self.old.first_mut().filter(|n| !is_packed(n)) {
            let to = format!("{name}.gz");
            pack(&self.t.dir.path().join(&*name), &self.t.dir.path().join(&to));
            *name = to;
        }
    }

    /// What was not read of the file is gone, or may be.
    fn lose(&mut self) {
        for line in self.pending.drain(..) {
            self.fates.insert(line, if self.known { Fate::MayAndSay } else { Fate::May });
        }
    }

    /// The follower reads all that it must.
    fn read(&mut self) -> Result<(), TestCaseError> {
        if let Some(stored) = self.stored.take() {
            self.t.start(&stored);
        }
        let end = Instant::now() + PATIENCE;
        let mut left = usize::MAX;
        while left > 0 && Instant::now() < end {
            self.t.poll();
            left = self.fates.len().saturating_sub(self.t.lines.len());
            if left > 0 && self.fates.values().any(|f| *f != Fate::Must) {
                let arrived: std::collections::HashSet<&str> = self.t.lines.iter().map(String::as_str).collect();
                left = self.fates.iter().filter(|(n, f)| **f == Fate::Must && !arrived.contains(lines(**n..**n + 1).trim_end())).count();
            }
        }
        self.t.rest();
        self.pending.clear();
        // an empty file has nothing by which it could be missed
        self.known = fs::metadata(self.t.path(&self.live())).is_ok_and(|meta| meta.len() > 0);
        self.check()
    }

    /// Holds what arrived to what was written.
    fn check(&self) -> Result<(), TestCaseError> {
        let number: BTreeMap<String, usize> = self.fates.keys().map(|n| (lines(*n..n + 1).trim_end().to_owned(), *n)).collect();
        let mut arrived = Vec::new();
        for line in &self.t.lines {
            match number.get(line) {
                Some(n) => arrived.push(*n),
                // what was read of a line before it was cut is handed over
                None if number.iter().any(|(whole, n)| whole.starts_with(line.as_str()) && self.fates[n] != Fate::Must) => {}
                None => return Err(TestCaseError::fail(format!("{line:?} was never written"))),
            }
        }
        prop_assert!(arrived.windows(2).all(|w| w[0] < w[1]), "out of order or twice: {:?}\n{:?}", arrived, self.t.words);
        let missing: Vec<(usize, Fate)> = self.fates.iter().filter(|(n, _)| arrived.binary_search(n).is_err()).map(|(n, f)| (*n, *f)).collect();
        prop_assert!(missing.iter().all(|m| m.1 != Fate::Must), "missing: {:?}\n{:?}", missing, self.t.words);
        let is_said = self.t.has_said(|w| w.is_loss() || matches!(w, What::Truncated { .. }));
        prop_assert!(is_said || missing.iter().all(|m| m.1 != Fate::MayAndSay), "missing without a word: {:?}\n{:?}", missing, self.t.words);
        Ok(())
    }

    fn act(&mut self, action: Action) -> Result<(), TestCaseError> {
        let live = self.live();
        match action {
            Action::Write(count) => {
                self.write(&live, count);
                if self.linked && !self.t.path("current").exists() {
                    self.link();
                }
            }
            Action::Half if self.half == 0 && self.is_there() => {
                let next = lines(self.next..self.next + 1);
                self.half = next.len() / 2;
                self.t.write(&live, &next[..self.half]);
            }
            Action::Rename if self.is_there() && !self.linked => self.rename(),
            Action::Pack if self.is_there() && !self.linked => {
                self.rename();
                self.pack_last();
            }
            Action::PackLast if !self.linked => self.pack_last(),
            Action::Copy if self.is_there() && !self.linked => {
                self.end(&live);
                self.shift();
                self.t.copy_and_truncate("server.log", "server.log.1");
                self.old.insert(0, "server.log.1".into());
                // what is written to it from now on nobody knows of before it looks
                self.known = false;
            }
            Action::Cut if self.is_there() => {
                self.end(&live);
                self.lose();
                self.t.truncate(&live);
            }
            Action::Delete if self.is_there() && !self.linked => {
                self.end(&live);
                self.lose();
                fs::remove_file(self.t.path(&live)).expect("removed");
                self.known = false;
            }
            Action::Switch if self.linked && self.is_there() => {
                self.end(&live);
                self.switches += 1;
                self.t.write(&self.live(), "");
                self.link();
                self.known = false;
            }
            Action::Read => self.read()?,
            Action::Look if self.stored.is_none() => self.t.poll(),
            Action::Kill if self.stored.is_none() => {
                self.stored = Some(self.t.stop());
                // half a line is no place to go on from: of a file that holds no more nothing was stored
                let is_telling = fs::read(self.t.path(&live)).is_ok_and(|text| text.contains(&b'\n'));
                self.known = self.known && is_telling;
            }
            Action::Start => {
                if let Some(stored) = self.stored.take() {
                    self.t.start(&stored);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives the older files the next names.
    fn shift(&mut self) {
        let old: Vec<String> = self.old.iter().enumerate().map(|(i, n)| format!("server.log.{}{}", i + 2, if is_packed(n) { ".gz" } else { "" })).collect();
        for (from, to) in self.old.iter().zip(&old).rev() {
            self.t.rename(from, to);
        }
        self.old = old;
    }
}

fn is_packed(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|x| x == "gz")
}

fn action(kinds: &'static [Action]) -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => (1..60_usize).prop_map(Action::Write),
        1 => Just(Action::Half),
        3 => prop::sample::select(kinds),
        2 => Just(Action::Read),
        2 => Just(Action::Look),
        1 => Just(Action::Kill),
        1 => Just(Action::Start),
    ]
}

fn run(linked: bool, actions: &[Action]) -> Result<(), TestCaseError> {
    let mut world = World::new(linked);
    // it is followed from the beginning
    world.act(Action::Write(3))?;
    world.read()?;
    for action in actions {
        world.act(*action)?;
    }
    let live = world.live();
    world.end(&live);
    world.read()
}

const RENAMING: &[Action] = &[Action::Rename, Action::Pack, Action::PackLast];
const CUTTING: &[Action] = &[Action::Copy, Action::Cut, Action::Delete, Action::Rename];
const LINKING: &[Action] = &[Action::Switch, Action::Cut];

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 50, failure_persistence: None, rng_seed: seed(), ..ProptestConfig::default() })]

    #[test]
    fn renamed_and_packed_every_line_arrives(actions in prop::collection::vec(action(RENAMING), 1..30)) {
        run(false, &actions)?;
    }

    #[test]
    fn cut_copied_and_deleted_only_the_unavoidable_is_missing(actions in prop::collection::vec(action(CUTTING), 1..30)) {
        run(false, &actions)?;
    }

    #[test]
    fn through_a_link_every_line_arrives(actions in prop::collection::vec(action(LINKING), 1..30)) {
        run(true, &actions)?;
    }
}

/// Cases of each; `PROPTEST_CASES` asks for others.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}

/// The same cases in every run; `PROPTEST_RNG_SEED` asks for others.
fn seed() -> RngSeed {
    RngSeed::Fixed(std::env::var("PROPTEST_RNG_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(7))
}
