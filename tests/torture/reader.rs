//! `kctriage tail` at work: killed, started again, and all that it told.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use serde_json::Value;

/// What was told of a failure.
#[derive(Debug, Clone)]
pub struct Told {
    pub id: String,
    pub source: String,
    /// The line that it is said to stand on.
    pub line: u64,
    /// When the first word of it came.
    pub at: SystemTime,
}

/// What was told in all, by the failure's user.
#[derive(Debug, Default)]
pub struct Heard {
    pub told: HashMap<String, Told>,
    /// Whatever is not as it must be.
    pub wrong: Vec<String>,
    /// Notes on standard error, each kind once.
    pub notes: BTreeSet<String>,
}

/// A reader.
pub struct Reader {
    program: PathBuf,
    state: PathBuf,
    paths: Vec<PathBuf>,
    child: Option<(Child, [JoinHandle<()>; 2])>,
    pub heard: Arc<Mutex<Heard>>,
}

impl Reader {
    pub fn new(state: PathBuf, paths: Vec<PathBuf>) -> Self {
        let program = std::env::var_os("KCTRIAGE_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_kctriage").into(), PathBuf::from);
        Reader { program, state, paths, child: None, heard: Arc::default() }
    }

    /// Whether anything was ever saved.
    pub fn is_saved(&self) -> bool {
        ["state", "state.bak", "state.tmp"].iter().any(|name| self.state.join(name).exists())
    }

    /// When it was last saved.
    pub fn saved(&self) -> Option<SystemTime> {
        fs::metadata(self.state.join("state")).and_then(|m| m.modified()).ok()
    }

    pub fn start(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["tail", "--format", "ndjson", "--state"]).arg(&self.state);
        if !self.is_saved() {
            // killed before the first save it begins anew
            command.args(["--start", "beginning"]);
        }
        command.args(&self.paths).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a tail");
        let (out, err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let (heard, notes) = (Arc::clone(&self.heard), Arc::clone(&self.heard));
        let out = thread::spawn(move || listen(BufReader::new(out), &heard));
        let err = thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                notes.lock().expect("whole").notes.insert(line);
            }
        });
        self.child = Some((child, [out, err]));
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(|c| c.0.id())
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|c| c.0.try_wait().is_ok_and(|s| s.is_some()))
    }

    /// Ends it by a signal, and waits for all that it had told.
    pub fn end(&mut self, signal: &str) -> Option<ExitStatus> {
        let (mut child, threads) = self.child.take()?;
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill");
        assert!(sent.success(), "it ended by itself: {:?} {:?}", child.try_wait(), self.heard.lock().expect("whole").notes);
        let status = child.wait().expect("an end");
        for thread in threads {
            thread.join().expect("ends with the pipe");
        }
        Some(status)
    }

    /// Returns the tally that its state holds, as another process reads it.
    pub fn tally(&self) -> Value {
        let output = Command::new(&self.program).args(["merge", "--format", "json"]).arg(&self.state).output().expect("a merge");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub fn state(&self) -> &Path {
        &self.state
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn listen(mut out: impl BufRead, heard: &Mutex<Heard>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        // the last line of one that was killed may be cut
        if out.read_until(b'\n', &mut line).unwrap_or(0) == 0 || !line.ends_with(b"\n") {
            return;
        }
        let Ok(f) = serde_json::from_slice::<Value>(&line) else {
            heard.lock().expect("whole").wrong.push(format!("no JSON: {}", String::from_utf8_lossy(&line)));
            continue;
        };
        let text = |key: &str| f[key].as_str().unwrap_or_default().to_owned();
        let told = Told { id: text("id"), source: text("source"), line: f["line"].as_u64().unwrap_or_default(), at: SystemTime::now() };
        let mut heard = heard.lock().expect("whole");
        if f["supersedes"] == Value::Bool(true) {
            heard.wrong.push(format!("corrected: {f}"));
        }
        match heard.told.get(&text("user")).cloned() {
            Some(before) if (&before.id, before.line) != (&told.id, told.line) => {
                let place = |t: &Told| format!("{} on line {} of {}", t.id, t.line, t.source);
                heard.wrong.push(format!("{} was told as {} and as {}", text("user"), place(&before), place(&told)));
            }
            Some(_) => {}
            None => drop(heard.told.insert(text("user"), told)),
        }
    }
}
