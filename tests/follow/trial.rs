//! A folder, a follower of it, and all that it told.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kctriage::source::follow::{Event, Follower, Positions, Settings, Start, Target, What};

/// The wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that is followed.
pub struct Trial {
    pub dir: tempfile::TempDir,
    targets: Vec<Target>,
    pub settings: Settings,
    pub follower: Follower,
    pub positions: Positions,
    /// Every line that arrived, without its line feed.
    pub lines: Vec<String>,
    /// What was said, by the file's name.
    pub words: Vec<(String, What)>,
    /// Lines before the first that arrived.
    pub first_line: Option<u64>,
    /// Bytes of holes that were taken out.
    pub holes: u64,
    /// The stream, generation, line and offset that the next arrival must go on at.
    next: std::collections::BTreeMap<(String, u64), (u64, u64)>,
}

/// Settings of a trial: quick to let go, small pieces.
pub fn quick() -> Settings {
    Settings { start: Start::End, rotate_wait: Duration::from_millis(150), interval: Duration::from_millis(20), chunk_bytes: 512, ..Settings::default() }
}

impl Trial {
    /// Follows `names` of an empty folder.
    pub fn new(names: &[&str], settings: Settings) -> Self {
        Trial::of(tempfile::tempdir().expect("a folder"), names, settings)
    }

    /// Follows `names` of a folder.
    pub fn of(dir: tempfile::TempDir, names: &[&str], settings: Settings) -> Self {
        let targets: Vec<Target> = names.iter().map(|n| Target::Path(dir.path().join(n))).collect();
        let positions = Positions::default();
        let follower = Follower::new(targets.clone(), settings.clone(), &positions);
        let (lines, words, next) = (Vec::new(), Vec::new(), std::collections::BTreeMap::new());
        Trial { dir, targets, settings, follower, positions, lines, words, first_line: None, holes: 0, next }
    }

    /// Follows a command instead.
    pub fn command(&mut self, command: &[&str]) {
        self.targets = vec![Target::Command(command.iter().map(Into::into).collect())];
        self.follower = Follower::new(self.targets.clone(), self.settings.clone(), &self.positions);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        append(&self.path(name), text.as_ref());
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    /// Copies a file and cuts it.
    pub fn copy_and_truncate(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).expect("copied");
        self.truncate(from);
    }

    pub fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).open(self.path(name)).expect("there").set_len(0).expect("cut");
    }

    /// Packs a file and removes it.
    pub fn gzip(&self, from: &str, to: &str) {
        pack(&self.path(from), &self.path(to));
    }

    /// Takes what has come.
    pub fn poll(&mut self) {
        let events = self.follower.poll(Duration::from_millis(20));
        self.take(events);
    }

    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            self.positions.acknowledge(&event);
            match event {
                Event::Lines(a) => {
                    self.first_line.get_or_insert(a.line);
                    self.holes += a.dropped.holes;
                    assert!(a.open || a.bytes.is_empty() || a.bytes.ends_with(b"\n"), "whole lines");
                    let text = String::from_utf8(a.bytes).expect("text");
                    let place = self.next.entry((a.source.to_string(), a.generation)).or_insert((a.line, a.offset));
                    assert_eq!(*place, (a.line, a.offset), "{}: goes on where it was", a.source);
                    place.0 += text.lines().count() as u64 - a.breaks;
                    place.1 += text.len() as u64 - a.breaks + a.dropped.bytes();
                    self.lines.extend(text.lines().map(str::to_owned));
                }
                Event::Word(word) => self.words.push((word.source.to_string(), word.what)),
            }
        }
    }

    /// Waits for a number of lines in all, and a little for one too many.
    pub fn until(&mut self, lines: usize) {
        let end = Instant::now() + PATIENCE;
        while self.lines.len() < lines && Instant::now() < end {
            self.poll();
        }
        self.rest();
        assert_eq!(self.lines.len(), lines, "{:?}\n{:?}", self.lines, self.words);
    }

    /// Takes what comes until nothing has come for a while.
    pub fn rest(&mut self) {
        for _ in 0..6 {
            self.poll();
        }
    }

    /// Waits for a word.
    pub fn until_said(&mut self, what: impl Fn(&What) -> bool) -> What {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some((_, said)) = self.words.iter().find(|(_, w)| what(w)) {
                return said.clone();
            }
            assert!(Instant::now() < end, "{:?}", self.words);
            self.poll();
        }
    }

    pub fn has_said(&self, what: impl Fn(&What) -> bool) -> bool {
        self.words.iter().any(|(_, w)| what(w))
    }

    /// Ends the follower without a word, as a kill does; returns what it had stored.
    pub fn stop(&mut self) -> Vec<u8> {
        // the positions go through their stored form
        let stored = postcard::to_stdvec(&self.positions).expect("stored");
        self.follower = Follower::new(Vec::new(), self.settings.clone(), &Positions::default());
        stored
    }

    /// Begins another from what was stored.
    pub fn start(&mut self, stored: &[u8]) {
        self.positions = postcard::from_bytes(stored).expect("read back");
        self.next.clear();
        self.follower = Follower::new(self.targets.clone(), self.settings.clone(), &self.positions);
    }

    /// Ends the follower and begins another; `between` happens meanwhile.
    pub fn restart(&mut self, between: impl FnOnce(&Trial)) {
        let stored = self.stop();
        between(self);
        self.start(&stored);
    }
}

pub fn append(path: &Path, text: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).expect("opened").write_all(text).expect("written");
}

pub fn pack(from: &Path, to: &Path) {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&fs::read(from).expect("read")).expect("packed");
    fs::write(to, packed.finish().expect("packed")).expect("written");
    fs::remove_file(from).expect("removed");
}

/// Numbered lines, long enough that places differ.
pub fn lines(range: std::ops::Range<usize>) -> String {
    let line = |n| format!("2026-11-25 04:{:02}:{:02},000 WARN  [org.keycloak.events] line {n}\n", n / 60 % 60, n % 60);
    range.map(line).collect::<Vec<_>>().concat()
}
