//! A command for each alert.
//!
//! The words of the command are the operator's; what the log says goes to its standard input and nowhere else.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kctriage::alert::Alert;
use kctriage::report::alert::ndjson;

use super::PATIENCE;
use super::delivery::{Failure, Receive};

/// How often a command is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a command.
pub struct ToCommand(pub String);

#[cfg(unix)]
fn shell(words: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("/bin/sh");
    // a group of its own: what it starts is ended with it, and Ctrl-C is not for it
    command.args(["-c", words]).process_group(0);
    command
}

#[cfg(not(unix))]
fn shell(words: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", words]);
    command
}

/// Ends a command, and what it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl Receive for ToCommand {
    fn name(&self) -> String {
        "alert command".to_owned()
    }

    fn send(&mut self, alert: &Alert) -> Result<(), Failure> {
        let spawned = shell(&self.0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = spawned.map_err(|e| Failure::again(format!("it cannot be started: {e}")))?;
        // an alert is smaller than a pipe holds, so that this does not wait; a command that reads nothing is none that failed
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(&ndjson(alert));
        }
        let began = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(Failure::again(format!("it ended with {status}"))),
                Ok(None) if began.elapsed() < PATIENCE => thread::sleep(LOOK),
                Ok(None) => {
                    end(&mut child);
                    return Err(Failure::again(format!("it took more than {} s, and was ended", PATIENCE.as_secs())));
                }
                Err(e) => return Err(Failure::again(e.to_string())),
            }
        }
    }
}
