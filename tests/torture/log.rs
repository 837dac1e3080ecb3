//! A log that a made-up server writes and that is rotated in one of the ways that logs are.
//!
//! Every line has a number, and every failure a user of its own, so that whoever reads it can be held to each line.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::dice::Dice;

/// One line in so many is a failure.
const ONE_IN: u64 = 400;

/// A writer goes on with a file that was renamed for so long at most; the reader lets go of it after 2 s.
const LATE_MS: u64 = 1200;

/// How a log is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `server.log.1` becomes `.2`, and so on.
    Chain,
    /// The same, packed at once, with no time for who is behind.
    PackedAtOnce,
    /// The same, packed when the next one comes.
    PackedLater,
    /// Renamed to a name with a date and a number.
    Dated,
    /// A link that is pointed at the next file.
    Link,
    /// The container's log of a pod: renamed, packed later, a new file name when the container starts again.
    Kubelet,
    /// Deleted and made again, often with the same inode; only what was read is deleted.
    Removed,
    /// Copied and cut: what is written between the two is lost unless it was read in time.
    Copied,
}

/// Whether a line must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sure,
    /// It is written between a copy and the truncation.
    AtRisk,
}

/// A failure that was written.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    pub generation: u64,
    /// Its line in its file, from 1.
    pub line: u64,
    /// It was written between a copy and the truncation.
    pub at_risk: bool,
}

/// A log.
pub struct Log {
    pub kind: Kind,
    pub number: usize,
    folder: PathBuf,
    file: File,
    /// A file that was renamed and is still written now and then, with its generation, its lines, and until when.
    late: Option<(File, u64, u64, Instant)>,
    dice: Dice,
    pub generation: u64,
    /// Lines of the file that is written.
    lines: u64,
    /// What was written of a line.
    half: Vec<u8>,
    /// Files that were rotated away, oldest first, each with the number that it had before it was packed.
    old: VecDeque<(u64, PathBuf, u64)>,
    /// How often the container was started again.
    pub restarts: u64,
    /// It is to be deleted once all of it was read.
    waits: bool,
    pub failures: Vec<Failure>,
    pub bytes: u64,
    pub records: u64,
    /// Bytes that were written between a copy and the truncation.
    pub bytes_at_risk: u64,
}

impl Log {
    /// Begins a log in a folder of its own.
    pub fn new(kind: Kind, root: &Path, number: usize, seed: u64) -> Self {
        let folder = match kind {
            Kind::Kubelet => root.join(format!("shop_kc-{number}_0f6d2c1e-0000-4000-8000-00000000000{number}/keycloak")),
            _ => root.join(format!("kc-{number}")),
        };
        fs::create_dir_all(&folder).expect("a folder");
        let file = File::create(folder.join("unused")).expect("a file");
        fs::remove_file(folder.join("unused")).expect("removed");
        let mut log = Log {
            kind,
            number,
            folder,
            file,
            late: None,
            dice: Dice(seed),
            generation: 0,
            lines: 0,
            half: Vec::new(),
            old: VecDeque::new(),
            restarts: 0,
            waits: false,
            failures: Vec::new(),
            bytes: 0,
            records: 0,
            bytes_at_risk: 0,
        };
        log.create();
        log
    }

    /// Returns what is followed.
    pub fn follow(&self) -> PathBuf {
        match self.kind {
            Kind::Kubelet => self.folder.clone(),
            Kind::Link => self.folder.join("current"),
            _ => self.live(),
        }
    }

    /// Returns the file that is written.
    fn live(&self) -> PathBuf {
        match self.kind {
            Kind::Kubelet => self.folder.join(format!("{}.log", self.restarts)),
            Kind::Link => self.dated(self.generation),
            _ => self.folder.join("server.log"),
        }
    }

    fn dated(&self, generation: u64) -> PathBuf {
        self.folder.join(format!(
            "server.log-20261128-{:02}{:02}{:02}-{:05}",
            generation / 3600 % 24,
            generation / 60 % 60,
            generation % 60,
            generation % 100_000
        ))
    }

    fn create(&mut self) {
        self.file = OpenOptions::new().create(true).append(true).open(self.live()).expect("a log");
        self.lines = 0;
        if self.kind == Kind::Link {
            let (link, new) = (self.folder.join("current"), self.folder.join("new"));
            if self.dice.below(2) == 0 {
                // the link leads nowhere for a moment, or is not there
                let _ = fs::remove_file(&link);
                std::os::unix::fs::symlink(self.live(), &link).expect("a link");
            } else {
                std::os::unix::fs::symlink(self.live(), &new).expect("a link");
                fs::rename(&new, &link).expect("renamed");
            }
        }
    }

    /// Writes lines, now and then a half one that is ended later.
    pub fn write(&mut self, count: u64) {
        if self.waits {
            return;
        }
        if let Some((mut file, generation, lines, until)) = self.late.take() {
            if self.dice.below(8) == 0 {
                let mut buf = Vec::new();
                self.line(generation, lines + 1, Fate::Sure, false, &mut buf);
                self.put(&mut file, &buf);
                self.late = Some((file, generation, lines + 1, until)).filter(|l| Instant::now() < l.3);
            } else {
                self.late = Some((file, generation, lines, until)).filter(|l| Instant::now() < l.3);
            }
        }
        let mut buf = std::mem::take(&mut self.half);
        for _ in 0..count {
            self.lines += 1;
            self.line(self.generation, self.lines, Fate::Sure, false, &mut buf);
        }
        if self.dice.below(10) == 0 {
            self.half = buf.split_off(usize::try_from(self.dice.below(buf.len() as u64)).expect("small"));
        }
        let mut file = self.file.try_clone().expect("a handle");
        self.put(&mut file, &buf);
    }

    fn put(&mut self, file: &mut File, bytes: &[u8]) {
        file.write_all(bytes).expect("written");
        self.bytes += bytes.len() as u64;
    }

    /// Ends a line of which half was written.
    fn end_line(&mut self) {
        let rest = std::mem::take(&mut self.half);
        let mut file = self.file.try_clone().expect("a handle");
        self.put(&mut file, &rest);
    }

    /// Makes a line.
    fn line(&mut self, generation: u64, line: u64, fate: Fate, failure: bool, out: &mut Vec<u8>) {
        let (now, mut text) = (Utc::now(), String::with_capacity(400));
        if self.kind == Kind::Kubelet {
            write!(text, "{} stdout F ", now.format("%Y-%m-%dT%H:%M:%S%.9fZ")).expect("written");
        }
        let (time, thread, number) = (now.format("%Y-%m-%d %H:%M:%S,%3f"), self.dice.below(64), self.number);
        if self.dice.below(ONE_IN) == 0 || line == 1 || failure {
            let user = format!("f{number}x{}", self.failures.len());
            self.failures.push(Failure { generation, line, at_risk: fate == Fate::AtRisk });
            writeln!(
                text,
                "{time} WARN  [org.keycloak.events] (executor-thread-{thread}) type=\"REFRESH_TOKEN_ERROR\", realmId=\"r{number}\", realmName=\"r{number}\", \
                 clientId=\"c{generation}\", userId=\"{user}\", ipAddress=\"10.0.0.{thread}\", error=\"invalid_token\", reason=\"Token is not active\", \
                 grant_type=\"refresh_token\", client_auth_method=\"client-secret\""
            )
        } else {
            writeln!(text, "{time} INFO  [org.keycloak.services] (executor-thread-{thread}) log {number} file {generation} line {line}")
        }
        .expect("written");
        self.records += 1;
        out.extend_from_slice(text.as_bytes());
    }

    /// Rotates it; returns whether it could be.
    pub fn rotate(&mut self) -> bool {
        if self.waits {
            return false;
        }
        // every second time in the middle of a line, which its writer ends in the file that it has open
        if self.dice.below(2) == 0 || matches!(self.kind, Kind::Removed | Kind::Copied) {
            self.end_line();
        }
        match self.kind {
            Kind::Chain => self.chain(),
            Kind::PackedAtOnce => {
                self.end_line();
                self.shift();
                let (_, path, _) = self.old.back().expect("the last one").clone();
                self.next();
                self.pack(&path);
            }
            Kind::PackedLater => {
                let before = self.old.back().map(|o| o.1.clone());
                self.late = None;
                self.shift();
                // the one before has its new name now
                let shifted = before.and_then(|_| self.old.len().checked_sub(2)).map(|i| self.old[i].1.clone());
                self.turn();
                if let Some(path) = shifted.filter(|p| p.extension().is_none_or(|x| x != "gz")) {
                    self.pack(&path);
                }
            }
            Kind::Dated => {
                let to = self.dated(self.generation);
                fs::rename(self.live(), &to).expect("renamed");
                self.put_away(self.generation, to);
                self.turn();
            }
            Kind::Link => {
                self.end_line();
                self.put_away(self.generation, self.live());
                self.next();
            }
            Kind::Kubelet => self.kubelet(),
            Kind::Removed => {
                // a failure at its end says that it was read
                self.lines += 1;
                let (mut buf, mut file) = (Vec::new(), self.file.try_clone().expect("a handle"));
                self.line(self.generation, self.lines, Fate::Sure, true, &mut buf);
                self.put(&mut file, &buf);
                self.waits = true;
            }
            Kind::Copied => self.copy(),
        }
        true
    }

    /// A chain, now and then several turns at once.
    fn chain(&mut self) {
        let turns = if self.dice.below(4) == 0 { 3 } else { 1 };
        for turn in 0..turns {
            self.late = None;
            self.shift();
            self.turn();
            if turn + 1 < turns {
                self.write(1 + turn * 3);
                self.end_line();
            }
        }
    }

    fn put_away(&mut self, generation: u64, path: PathBuf) {
        let number = fs::metadata(&path).expect("there").ino();
        self.old.push_back((generation, path, number));
    }

    /// Gives every file the next name.
    fn shift(&mut self) {
        let count = self.old.len();
        for (i, (_, path, _)) in self.old.iter_mut().enumerate() {
            let packed = if path.extension().is_some_and(|x| x == "gz") { ".gz" } else { "" };
            let to = self.folder.join(format!("server.log.{}{packed}", count - i + 1));
            fs::rename(&*path, &to).expect("renamed");
            *path = to;
        }
        let to = self.folder.join("server.log.1");
        fs::rename(self.live(), &to).expect("renamed");
        self.put_away(self.generation, to);
    }

    /// Makes the next file while the one before may still be written.
    fn turn(&mut self) {
        let late = self.dice.below(3);
        if late == 0 {
            // nobody stands at the path for a while
            let (before, after) = (self.dice.below(20), self.dice.below(20));
            self.write(before);
            self.end_line();
            thread::sleep(Duration::from_millis(self.dice.below(40)));
            self.write(after);
        }
        self.end_line();
        if late == 1 {
            let until = Instant::now() + Duration::from_millis(self.dice.below(LATE_MS));
            self.late = Some((self.file.try_clone().expect("a handle"), self.generation, self.lines, until));
        }
        self.next();
    }

    fn next(&mut self) {
        self.end_line();
        self.generation += 1;
        self.create();
    }

    fn kubelet(&mut self) {
        self.end_line();
        if self.dice.below(6) == 0 {
            // the container is started again
            self.put_away(self.generation, self.live());
            self.restarts += 1;
            return self.next();
        }
        let g = self.generation;
        let to = self.folder.join(format!("{}.log.20261128-{:02}{:02}{:02}", self.restarts, g / 3600 % 24, g / 60 % 60, g % 60));
        let before = self.old.back().map(|o| o.1.clone());
        fs::rename(self.live(), &to).expect("renamed");
        self.put_away(g, to);
        self.next();
        if let Some(path) = before.filter(|p| p.extension().is_some_and(|x| x != "gz" && x != "log")) {
            self.pack(&path);
        }
    }

    /// Packs a file as gzip does: the packed one grows beside it, then the file goes.
    fn pack(&mut self, path: &Path) {
        let to = PathBuf::from(format!("{}.gz", path.display()));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&fs::read(path).expect("read")).expect("packed");
        let packed = packed.finish().expect("packed");
        let (first, second) = packed.split_at(packed.len() / 2);
        let mut file = File::create(&to).expect("a file");
        file.write_all(first).expect("written");
        if self.dice.below(3) == 0 {
            thread::sleep(Duration::from_millis(self.dice.below(20)));
        }
        file.write_all(second).expect("written");
        fs::remove_file(path).expect("removed");
        if let Some(old) = self.old.iter_mut().find(|o| o.1 == path) {
            old.1 = to;
        }
    }

    fn copy(&mut self) {
        self.shift_copies();
        fs::copy(self.live(), self.folder.join("server.log.1")).expect("copied");
        self.put_away(self.generation, self.folder.join("server.log.1"));
        let before = self.bytes;
        let mut buf = Vec::new();
        for _ in 0..self.dice.below(3) * 4 {
            self.lines += 1;
            self.line(self.generation, self.lines, Fate::AtRisk, false, &mut buf);
        }
        let mut file = self.file.try_clone().expect("a handle");
        self.put(&mut file, &buf);
        // time enough to read them, or none
        thread::sleep(Duration::from_millis(self.dice.below(2) * 60));
        self.bytes_at_risk += self.bytes - before;
        self.file.set_len(0).expect("cut");
        (self.generation, self.lines) = (self.generation + 1, 0);
    }

    fn shift_copies(&mut self) {
        let count = self.old.len();
        for (i, (_, path, _)) in self.old.iter_mut().enumerate() {
            let to = self.folder.join(format!("server.log.{}", count - i + 1));
            fs::rename(&*path, &to).expect("renamed");
            *path = to;
        }
    }

    /// Deletes what was rotated away, is older than a file that was read and saved, and has no number among those that a later run looks for; `all` says
    /// that everything was read.
    pub fn forget(&mut self, read: u64, all: bool, wanted: &BTreeMap<u64, u64>) {
        while self.old.len() > 3 && self.old.front().is_some_and(|o| o.0 + 1 < read && self.is_unwanted(o, wanted)) {
            let (_, path, _) = self.old.pop_front().expect("there");
            fs::remove_file(path).expect("removed");
        }
        if self.waits && all {
            fs::remove_file(self.live()).expect("removed");
            self.waits = false;
            self.generation += 1;
            self.create();
        }
    }

    /// Whether nobody reads a file any more. The log of a container that has ended is one that is followed still: read to its end it goes, too, as the
    /// kubelet lets it.
    fn is_unwanted(&self, (_, path, number): &(u64, PathBuf, u64), wanted: &BTreeMap<u64, u64>) -> bool {
        let is_read = |offset: &u64| self.kind == Kind::Kubelet && fs::metadata(path).is_ok_and(|meta| meta.len() == *offset);
        wanted.get(number).is_none_or(is_read)
    }

    /// Whether it is silent until all of it was read.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// Ends the half lines.
    pub fn finish(&mut self) {
        self.end_line();
    }

    /// Failures by generation that must be counted, and those that may be.
    pub fn counts(&self) -> BTreeMap<u64, (u64, u64)> {
        let mut counts = BTreeMap::new();
        for f in &self.failures {
            let (sure, perhaps): &mut (u64, u64) = counts.entry(f.generation).or_default();
            *if f.at_risk { perhaps } else { sure } += 1;
        }
        counts
    }
}
