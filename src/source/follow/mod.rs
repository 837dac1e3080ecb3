//! Files that are still written, followed through every kind of rotation; standard input and the output of commands like them.
//!
//! Input: what is to be followed ([`Target`]). Output: [`Event`]s: whole lines in the order of their stream, each once, and words on what happened to
//! the files. Must not know what a line means, nor who reads it.
//!
//! ```no_run
//! use std::time::Duration;
//! use kctriage::source::follow::{Event, Follower, Positions, Settings, Target};
//! let mut positions = Positions::default();
//! let mut follower = Follower::new(vec![Target::Path("server.log".into())], Settings::default(), &positions);
//! loop {
//!     for event in follower.poll(Duration::from_millis(250)) {
//!         if let Event::Lines(lines) = &event { println!("{} bytes of {}", lines.bytes.len(), lines.node); }
//!         positions.acknowledge(&event); // what is saved with the positions is what was made of the lines up to here
//!     }
//! }
//! ```

mod cutter;
mod echo;
mod event;
mod mark;
mod pipe;
mod place;
mod positions;
mod reel;
mod roster;
mod siblings;
mod trail;
mod wake;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use event::{Arrival, Event, What, Word};
pub use mark::{Inode, Mark, Print};
pub use positions::Positions;

use super::{Find, kin};
use pipe::Pipe;
use reel::Reel;
use roster::{Entry, Roster};
use trail::{Context, Trail};
use wake::{Alarm, Wake};

/// Something to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file, a folder, or a pattern: new files that match are followed, too.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// The output of a command, which is started again when it ends.
    Command(Vec<OsString>),
}

/// Where files are read from that were never read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The beginning of the oldest file.
    Beginning,
    /// The end, as it is now. Files that appear later are read from their beginning.
    End,
    /// So many lines before the end.
    Lines(u64),
}

/// How files are followed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where files are read from that no position is known of.
    pub start: Start,
    /// How long a file that was rotated away must be silent before it is let go.
    pub rotate_wait: Duration,
    /// How long one of a folder's or a pattern's files must be gone before it is not waited for any more.
    pub gone_wait: Duration,
    /// How often files are looked at without being told that they changed.
    pub interval: Duration,
    /// The system is asked to tell about changes.
    pub watch: bool,
    /// Bytes of an arrival.
    pub chunk_bytes: usize,
    /// Bytes that are handed over by one call at most, about.
    pub budget_bytes: usize,
    /// The longest line that is kept whole.
    pub max_line: usize,
    /// Which files of a folder are meant, and how they belong together.
    pub find: Find,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            start: Start::End,
            rotate_wait: Duration::from_secs(2),
            gone_wait: Duration::from_secs(60),
            interval: Duration::from_millis(200),
            watch: true,
            chunk_bytes: 1 << 20,
            budget_bytes: 16 << 20,
            max_line: 4 << 20,
            find: Find::default(),
        }
    }
}

/// The shortest time between two looks, and what each file adds to it: many writes are read at once.
const GAP: (Duration, Duration) = (Duration::from_millis(5), Duration::from_micros(20));

/// The longest such time.
const LONGEST_GAP: Duration = Duration::from_millis(40);

/// How soon to look again while one file takes another's place.
const TURNING: Duration = Duration::from_millis(25);

/// How often folders are listed though nothing says that files came or went.
const LISTING: Duration = Duration::from_secs(1);

/// Follows.
#[derive(Debug)]
pub struct Follower {
    settings: Settings,
    key: u64,
    roster: Roster,
    trails: Vec<Trail>,
    pipes: Vec<Pipe>,
    alarm: Alarm,
    /// The folders in which something can change.
    folders: Vec<PathBuf>,
    /// Where an earlier run was with paths that were not met yet.
    earlier: BTreeMap<Arc<str>, Vec<Mark>>,
    /// There was an earlier run: what is new was written since.
    resumed: bool,
    spare: Vec<Vec<u8>>,
    listed: Option<Instant>,
    looked: Option<Instant>,
    /// The system's silence was told.
    told: bool,
}

impl Follower {
    /// Begins to follow, where the positions know a file from there on. Returns at once: what is there is read by the first calls of
    /// [`Follower::poll`].
    #[must_use]
    pub fn new(targets: Vec<Target>, settings: Settings, positions: &Positions) -> Self {
        let alarm = Alarm::new(settings.watch);
        let (mut typed, mut others) = (Vec::new(), Vec::new());
        for target in targets {
            match target {
                Target::Path(path) => typed.push(path),
                other => others.push(other),
            }
        }
        let mut roster = Roster::new(typed);
        let pipe = |(at, target)| match target {
            Target::Command(command) => {
                let name = pipe::name(&command);
                let mark = positions.marks.get(&*format!("command {name}")).and_then(|marks| marks.last());
                Pipe::command(command, at, roster.stream(&name), alarm.send.clone(), positions.key, mark)
            }
            Target::Stdin | Target::Path(_) => Pipe::stdin(at, roster.stream("stdin"), alarm.send.clone(), positions.key),
        };
        let pipes = others.into_iter().enumerate().map(pipe).collect();
        Follower {
            alarm,
            pipes,
            key: positions.key,
            roster,
            trails: Vec::new(),
            folders: Vec::new(),
            earlier: positions.marks.clone(),
            resumed: !positions.is_empty(),
            spare: Vec::new(),
            listed: None,
            looked: None,
            told: false,
            settings,
        }
    }

    /// Returns what has happened, as soon as something has, at the latest after `timeout`. While there is more to be read it returns at once with
    /// about [`Settings::budget_bytes`].
    pub fn poll(&mut self, timeout: Duration) -> Vec<Event> {
        let end = Instant::now() + timeout;
        let mut out = Vec::new();
        loop {
            let more = self.look(&mut out);
            let now = Instant::now();
            if !out.is_empty() || more || now >= end {
                return out;
            }
            let turning = self.trails.iter().any(Trail::is_turning);
            let wait = if turning { TURNING.min(self.settings.interval) } else { self.settings.interval };
            let due = self.pipes.iter().filter_map(Pipe::due).map(|at| at.saturating_duration_since(now)).min().unwrap_or(wait);
            if let Ok(wake) = self.alarm.receive.recv_timeout(wait.min(due).min(end - now)) {
                self.take(wake, &mut out);
                self.drain(&mut out);
                if !out.is_empty() {
                    continue;
                }
                let files = u32::try_from(self.trails.len()).unwrap_or(u32::MAX);
                let gap = (GAP.0 + GAP.1.saturating_mul(files)).min(LONGEST_GAP);
                if let Some(rest) = self.looked.and_then(|at| gap.checked_sub(at.elapsed())) {
                    std::thread::sleep(rest);
                }
            }
        }
    }

    /// Takes what waits to be taken, as much as one call may hand over.
    fn drain(&mut self, out: &mut Vec<Event>) {
        let mut left = self.settings.budget_bytes;
        while left > 0
            && let Ok(wake) = self.alarm.receive.try_recv()
        {
            left = left.saturating_sub(if let Wake::Bytes(_, bytes) = &wake { bytes.len() } else { 1 });
            self.take(wake, out);
        }
    }

    fn take(&mut self, wake: Wake, out: &mut Vec<Event>) {
        match wake {
            Wake::Changed { names } => {
                if names {
                    self.listed = None;
                }
            }
            Wake::Bytes(at, bytes) => self.pipes[at].bytes(&bytes, self.settings.max_line, out),
            Wake::Said(at, text) => self.pipes[at].said(text, out),
            Wake::Ended(at, result) => self.pipes[at].ended(&result, out),
        }
    }

    /// Looks at everything once and reads what is new; returns whether there is more.
    fn look(&mut self, out: &mut Vec<Event>) -> bool {
        let now = Instant::now();
        if self.listed.is_none_or(|at| now.duration_since(at) >= LISTING) || self.roster.changed(&self.folders) {
            self.list(now);
        }
        for pipe in &mut self.pipes {
            pipe.tick(now, self.settings.max_line, out);
        }
        if let Some(why) = self.alarm.trouble.clone().filter(|_| !std::mem::replace(&mut self.told, true) && self.settings.watch) {
            out.push(Event::Word(Word { source: "".into(), stream: None, what: What::Polling(why), marks: Vec::new() }));
        }
        let followed: HashSet<PathBuf> = self.trails.iter().map(|t| t.path.clone()).collect();
        let mut c = Context {
            settings: &self.settings,
            key: self.key,
            now,
            followed: &followed,
            others: &HashSet::new(),
            spare: &mut self.spare,
            out,
            left: self.settings.budget_bytes,
        };
        for at in 0..self.trails.len() {
            let stream = self.trails[at].stream;
            let others: HashSet<(u64, u64)> =
                self.trails.iter().enumerate().filter(|(i, t)| *i != at && t.stream == stream).flat_map(|(_, t)| t.inodes()).collect();
            let mut c = Context { others: &others, spare: c.spare, out: c.out, ..c };
            self.trails[at].look(&mut c);
        }
        let mut more = true;
        while more && c.left > 0 {
            more = false;
            for trail in &mut self.trails {
                c.now = Instant::now();
                more |= trail.read(&mut c);
            }
        }
        self.trails.retain(|t| !t.abandoned || !t.reels.is_empty());
        self.let_go();
        self.looked = Some(Instant::now());
        more
    }

    /// Lets go of files that a folder or a pattern had and that are gone. Should one come back it is known.
    fn let_go(&mut self) {
        let wait = self.settings.gone_wait;
        for trail in self.trails.extract_if(.., |t| t.is_gone(wait) && !self.roster.is_typed(&t.path)) {
            self.earlier.insert(trail.name.clone(), trail.into_known());
        }
        while self.earlier.len() > positions::PATHS
            && let Some(oldest) = positions::oldest(&self.earlier)
        {
            self.earlier.remove(&oldest);
        }
    }

    /// Lists what is to be followed, and begins what is new.
    fn list(&mut self, now: Instant) {
        let first = self.listed.is_none() && self.trails.is_empty() && self.looked.is_none();
        self.listed = Some(now);
        let entries = self.roster.list(&self.settings.find);
        for entry in &entries {
            if self.trails.iter().any(|t| t.path == entry.path && !t.abandoned) {
                continue;
            }
            // a name with a rotation's suffix was followed while the file itself was away
            if kin::is_live(&entry.path) {
                let (_, _, stream) = self.roster.names(entry);
                for trail in self.trails.iter_mut().filter(|t| t.stream == stream && !kin::is_live(&t.path)) {
                    trail.abandon(now);
                }
            } else if self.trails.iter().any(|t| t.stream == self.roster.names(entry).2 && kin::is_live(&t.path)) {
                continue;
            }
            let is_new = !first || self.resumed;
            let history = if is_new { self.missed(entry) } else { entry.history.clone() };
            let known = self.earlier.remove(&*entry.path.to_string_lossy()).unwrap_or_default();
            let start = if is_new { Start::Beginning } else { self.settings.start };
            self.trails.push(Trail::new(entry.path.clone(), self.roster.names(entry), start, history, known));
        }
        self.trails.sort_by_cached_key(|t| (t.stream, kin::place(&t.path), t.path.clone()));
        self.folders = self.roster.folders(&entries);
        self.alarm.watch(self.folders.clone());
        self.roster.changed(&self.folders);
    }

    /// Returns the older files of a path that is new, as far as they came with it: all of a stream that is new, else those of a container that was started
    /// again since.
    fn missed(&self, entry: &Entry) -> Vec<PathBuf> {
        let (find, (_, _, stream)) = (&self.settings.find, self.roster.names(entry));
        let earlier = self.earlier.keys().map(|path| Path::new(&**path)).filter(|path| kin::node(path, find) == entry.node);
        let met = self.trails.iter().filter(|t| t.stream == stream).map(|t| t.path.as_path()).chain(earlier);
        match met.map(|path| kin::place(path).0).max() {
            None => entry.history.clone(),
            Some(newest) if newest < kin::place(&entry.path).0 => {
                siblings::list(&entry.path, find, &HashSet::new()).into_iter().map(|sibling| sibling.path).collect()
            }
            Some(_) => Vec::new(),
        }
    }

    /// Takes back the buffer of an arrival, to be filled again.
    pub fn recycle(&mut self, mut bytes: Vec<u8>) {
        if self.spare.len() * self.settings.chunk_bytes < 2 * self.settings.budget_bytes {
            bytes.clear();
            self.spare.push(bytes);
        }
    }

    /// Whether everything that can end has ended and was handed over: standard input alone is followed, and it ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.roster.is_empty() && self.pipes.iter().all(Pipe::is_ended)
    }

    /// Bytes that are written and not handed over yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.trails.iter().flat_map(|t| &t.reels).map(Reel::behind).sum()
    }

    /// Returns the files that end within a line, by the names that outputs have for them: that line was not handed over.
    pub fn unfinished(&self) -> impl Iterator<Item = &Arc<str>> {
        self.trails.iter().flat_map(|t| &t.reels).filter(|reel| !reel.rest.is_empty() && !reel.is_skipping()).map(|reel| &reel.source)
    }

    /// Paths that are followed, those among them that are waited for.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.trails.len()
    }

    /// Files that are open, standard input and commands among them.
    #[must_use]
    pub fn files(&self) -> usize {
        self.trails.iter().map(|t| t.reels.len()).sum::<usize>() + self.pipes.iter().filter(|p| !p.is_ended()).count()
    }

    /// Returns the paths that were met, each with the name that outputs have for it.
    pub fn paths(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.roster.paths()
    }

    /// Whether files are looked at in turn because the system does not tell about changes.
    #[must_use]
    pub fn is_polling(&self) -> bool {
        self.alarm.trouble.is_some()
    }

    /// Looks at every path afresh, as after a hang-up signal.
    pub fn reopen(&mut self) {
        self.listed = None;
        self.trails.iter_mut().for_each(Trail::again);
    }

    /// Ends: hands over what was written up to now, and what the commands and standard input had read. A last line without a line feed stays for the
    /// next run, but for those of standard input and commands.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        self.drain(&mut out);
        for pipe in &mut self.pipes {
            pipe.finish(&mut out);
        }
        while self.look(&mut out) {}
        out
    }
}
