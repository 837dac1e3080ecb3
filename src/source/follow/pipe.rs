//! Standard input and the output of commands, read in a thread each since such a read cannot be asked whether it would wait.
//!
//! Input: what to read. Output: [`Event`]s, made of what the threads send. Must not know of files.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use super::cutter::Cutter;
use super::echo::{Echo, Verdict};
use super::event::{Arrival, Event, What, Word};
use super::mark::{Inode, Mark, Print, TAIL_BYTES};
use super::wake::Wake;
use crate::source::Dropped;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// The pause before a command is started again, doubled each time up to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// A command that ran for so long is started again after the shortest pause.
const STEADY: Duration = Duration::from_secs(60);

/// How long a command may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// Bytes of a line on a command's standard error that are passed on.
const SAID_BYTES: u64 = 1000;

/// What is read.
#[derive(Debug)]
enum Kind {
    Stdin,
    Command(Vec<OsString>),
}

/// Standard input or a command.
#[derive(Debug)]
pub(super) struct Pipe {
    kind: Kind,
    /// Its number among the pipes.
    at: usize,
    name: Arc<str>,
    stream: usize,
    key: u64,
    send: SyncSender<Wake>,
    child: Option<Child>,
    started: Instant,
    /// When it is started again.
    again: Option<Instant>,
    pause: Duration,
    ended: bool,
    echo: Echo,
    cutter: Cutter,
    rest: Vec<u8>,
    before: Vec<u8>,
    offset: u64,
    lines: u64,
    generation: u64,
}

impl Pipe {
    fn new(kind: Kind, at: usize, name: Arc<str>, stream: usize, send: SyncSender<Wake>, key: u64, mark: Option<&Mark>) -> Self {
        let now = Instant::now();
        Pipe {
            kind,
            at,
            name,
            stream,
            key,
            send,
            child: None,
            started: now,
            again: Some(now),
            pause: PAUSES.0,
            ended: false,
            echo: Echo::new(key, mark),
            cutter: Cutter::default(),
            rest: Vec::new(),
            before: Vec::new(),
            offset: mark.map_or(0, |m| m.offset),
            lines: mark.map_or(0, |m| m.lines),
            generation: mark.map_or(0, |m| m.generation),
        }
    }

    /// Reads standard input.
    pub(super) fn stdin(at: usize, stream: usize, send: SyncSender<Wake>, key: u64) -> Self {
        Pipe::new(Kind::Stdin, at, "stdin".into(), stream, send, key, None)
    }

    /// Runs a command.
    pub(super) fn command(command: Vec<OsString>, at: usize, stream: usize, send: SyncSender<Wake>, key: u64, mark: Option<&Mark>) -> Self {
        let name = name(&command);
        Pipe::new(Kind::Command(command), at, name, stream, send, key, mark)
    }

    /// Whether nothing more can come.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Starts what is to be started.
    pub(super) fn tick(&mut self, now: Instant, max_line: usize, out: &mut Vec<Event>) {
        let mut new = Vec::new();
        if let Some(verdict) = self.echo.tick(now, &mut new) {
            self.meet(verdict, out);
            self.lines(&new, max_line, out);
        }
        if self.again.is_none_or(|at| now < at) || self.ended {
            return;
        }
        self.again = None;
        self.started = now;
        let (send, at) = (self.send.clone(), self.at);
        let started = match &self.kind {
            Kind::Stdin => spawn("stdin", move || pump(io::stdin(), at, &send)),
            Kind::Command(command) => match start(command) {
                Ok(mut child) => {
                    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
                    self.child = Some(child);
                    self.echo.begin(now);
                    let told = self.send.clone();
                    stderr
                        .map_or(Ok(()), |stderr| spawn("stderr", move || tell(stderr, at, &told)))
                        .and_then(|()| stdout.map_or(Ok(()), |stdout| spawn("stdout", move || pump(stdout, at, &send))))
                }
                Err(error) => Err(error),
            },
        };
        if let Err(error) = started {
            self.ended(&Err(error), out);
        }
    }

    /// When something is to be done though nothing comes.
    pub(super) fn due(&self) -> Option<Instant> {
        self.again
    }

    /// Takes bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8], max_line: usize, out: &mut Vec<Event>) {
        let mut new = Vec::new();
        if let Some(verdict) = self.echo.take(bytes, &mut new) {
            self.meet(verdict, out);
        }
        self.lines(&new, max_line, out);
    }

    /// A command said something on its standard error.
    pub(super) fn said(&self, text: String, out: &mut Vec<Event>) {
        self.say(What::Said(text), out);
    }

    fn say(&self, what: What, out: &mut Vec<Event>) {
        out.push(Event::Word(Word { source: self.name.clone(), stream: Some(self.stream), what, marks: Vec::new() }));
    }

    /// What is read goes on where it was, or is another log.
    fn meet(&mut self, verdict: Verdict, out: &mut Vec<Event>) {
        match verdict {
            Verdict::Same => {}
            Verdict::Changed => self.say(What::Damaged("it begins as before but differs where it was read to; lines may be missing".into()), out),
            Verdict::Other => {
                self.hand_over_rest(out);
                (self.offset, self.lines) = (0, 0);
                self.generation += 1;
                self.before.clear();
                self.cutter = Cutter::default();
            }
        }
    }

    /// Hands over the whole lines of what is new.
    fn lines(&mut self, new: &[u8], max_line: usize, out: &mut Vec<Event>) {
        if new.is_empty() {
            return;
        }
        if matches!(self.kind, Kind::Command(_)) {
            // what was said before lies between
            self.lines += self.echo.found();
            self.offset = self.echo.offset() - new.len() as u64 - self.rest.len() as u64;
        }
        let mut raw = std::mem::take(&mut self.rest);
        raw.extend_from_slice(new);
        let end = memchr::memrchr(b'\n', &raw).map_or(0, |end| end + 1);
        self.before.extend_from_slice(&raw[end.saturating_sub(TAIL_BYTES)..end]);
        self.before.drain(..self.before.len().saturating_sub(TAIL_BYTES));
        let (offset, line) = (self.offset, self.lines);
        let cut = self.cutter.cut(&mut raw, &mut self.rest, offset, max_line);
        self.offset += cut.used;
        self.lines += cut.lines;
        if raw.is_empty() && cut.dropped == Dropped::default() {
            return;
        }
        let after = matches!(self.kind, Kind::Command(_)).then(|| {
            self.echo.remember(&raw);
            self.mark()
        });
        out.push(Event::Lines(Arrival {
            stream: self.stream,
            node: self.name.clone(),
            source: self.name.clone(),
            generation: self.generation,
            line,
            offset,
            bytes: raw,
            open: false,
            dropped: cut.dropped,
            breaks: cut.breaks,
            after,
        }));
    }

    /// Returns the place in a command's output: there is no file, but a log that can be known again.
    fn mark(&self) -> Mark {
        Mark {
            path: format!("command {}", self.name).into(),
            generation: 0,
            inode: Inode { device: 0, number: 0, born: None },
            head: self.echo.head(),
            tail: Print::of(&self.before, self.key),
            offset: self.offset,
            lines: self.lines,
            size: self.offset,
            written: 0,
            finished: false,
        }
    }

    fn hand_over_rest(&mut self, out: &mut Vec<Event>) {
        let bytes = std::mem::take(&mut self.rest);
        if bytes.is_empty() {
            return;
        }
        out.push(Event::Lines(Arrival {
            stream: self.stream,
            node: self.name.clone(),
            source: self.name.clone(),
            generation: self.generation,
            line: self.lines,
            offset: self.offset,
            bytes,
            open: true,
            dropped: Dropped::default(),
            breaks: 0,
            after: None,
        }));
    }

    /// What is read came to its end.
    pub(super) fn ended(&mut self, result: &io::Result<()>, out: &mut Vec<Event>) {
        let status = self.stop();
        let why = match (&self.kind, result, status) {
            (_, Err(error), _) => error.to_string(),
            (Kind::Stdin, ..) => "ended".into(),
            (_, _, Some(status)) => format!("ended ({status})"),
            (_, _, None) => "closed its output".into(),
        };
        if let Kind::Stdin = self.kind {
            self.ended = true;
            self.hand_over_rest(out);
            self.say(What::Ended(why), out);
            return;
        }
        self.pause = if self.started.elapsed() >= STEADY { PAUSES.0 } else { self.pause };
        self.say(What::Ended(format!("{why}; it is started again in {} ms", self.pause.as_millis())), out);
        self.again = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(PAUSES.1);
    }

    /// Ends the command and all that it started; returns how it ended.
    pub(super) fn stop(&mut self) -> Option<std::process::ExitStatus> {
        let mut child = self.child.take()?;
        let begun = Instant::now();
        // who has closed its output is about to end
        let mut asked = false;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => {
                    signal(&child, asked);
                    return Some(status);
                }
                Ok(None) if begun.elapsed() < GRACE => {
                    if !asked && begun.elapsed() > Duration::from_millis(50) {
                        asked = true;
                        signal(&child, false);
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                Ok(None) | Err(_) => {
                    signal(&child, true);
                    let _ = child.kill();
                    return child.wait().ok();
                }
            }
        }
    }

    /// Ends for good; a last line without an end is handed over.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        self.stop();
        self.ended = true;
        if let Kind::Stdin = self.kind {
            self.hand_over_rest(out);
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns how outputs name a command.
pub(super) fn name(command: &[OsString]) -> Arc<str> {
    command.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ").into()
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(run).map(drop)
}

fn start(command: &[OsString]) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no command was given"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // an interrupt at the terminal is for this program, which then ends the command
        command.process_group(0);
    }
    command.spawn()
}

/// Asks the command's processes to end, or ends them.
#[cfg(unix)]
fn signal(child: &Child, kill: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if kill { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn signal(_: &Child, _: bool) {}

/// Sends what is read until it ends or nobody wants it.
fn pump(mut input: impl Read, at: usize, send: &SyncSender<Wake>) {
    loop {
        let mut buf = vec![0; PIECE_BYTES];
        let wake = match input.read(&mut buf) {
            Ok(0) => Wake::Ended(at, Ok(())),
            Ok(n) => {
                buf.truncate(n);
                Wake::Bytes(at, buf)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Wake::Ended(at, Err(error)),
        };
        let is_end = matches!(wake, Wake::Ended(..));
        if send.send(wake).is_err() || is_end {
            return;
        }
    }
}

/// Sends what a command says on its standard error, line by line.
fn tell(input: impl Read, at: usize, send: &SyncSender<Wake>) {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.by_ref().take(SAID_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim_ascii().is_empty() => {}
            Ok(_) => {
                if send.send(Wake::Said(at, String::from_utf8_lossy(line.trim_ascii_end()).into_owned())).is_err() {
                    return;
                }
            }
        }
    }
}
