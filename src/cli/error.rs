//! What stops a command, with its place and what to do about it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kctriage::alert::file::AlertError;
use kctriage::realm::ExportError;
use kctriage::report::escape::Untrusted;
use kctriage::triage::rules::RuleError;

use super::exit::Exit;
use super::target::TargetError;

/// What stops a command. What is wrong with a log is never one: that is printed with the results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line does not parse; clap has the words for it. Help and version come this way, too.
    #[error("{0}")]
    Parse(#[from] clap::Error),
    /// An option's value cannot be used.
    #[error("{option} {given:?}: {what}")]
    Value {
        /// The option.
        option: &'static str,
        /// What was typed.
        given: String,
        /// What is wrong with it.
        what: String,
        /// What to type instead.
        advice: String,
    },
    /// The command cannot be followed for another reason.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A rule file cannot be read.
    #[error("{}: cannot be read: {error}", shown(path))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's word.
        error: io::Error,
    },
    /// A rule file is wrong.
    #[error("{}: {error}", shown(path))]
    Rules {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: RuleError,
    },
    /// The alerts of a rule file are wrong.
    #[error("{}: {error}", shown(path))]
    Alerts {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: AlertError,
    },
    /// A realm export cannot be used.
    #[error("{}: {error}", shown(path))]
    Realm {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: ExportError,
    },
    /// The page cannot be written where it was to go.
    #[error("{}: {error}", shown(path))]
    Target {
        /// Where.
        path: PathBuf,
        /// Why.
        error: TargetError,
    },
    /// Standard output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Output(io::Error),
    /// The temporary file for undecided failures cannot be used.
    #[error("the temporary file for failures that wait for a verdict cannot be used: {0}")]
    Spill(io::Error),
    /// A saved state is not used.
    #[error("{0}")]
    State(String),
    /// The worker threads cannot be started.
    #[error("the worker threads cannot be started: {0}")]
    Threads(rayon::ThreadPoolBuildError),
}

impl Error {
    /// Returns an error about an option's value.
    pub fn value(option: &'static str, given: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Error::Value { option, given: given.to_owned(), what: what.into(), advice: advice.into() }
    }

    /// Returns the exit code.
    fn exit(&self) -> Exit {
        match self {
            Error::Parse(error) if !error.use_stderr() => Exit::Done,
            Error::Output(error) if reader_is_gone(error) => Exit::Done,
            Error::State(_) => Exit::State,
            _ => Exit::Usage,
        }
    }

    /// Returns what to do about it; empty where the message says it.
    fn advice(&self) -> String {
        match self {
            Error::Value { advice, .. } | Error::Usage { advice, .. } => advice.clone(),
            Error::Parse(_) | Error::Output(_) | Error::State(_) => String::new(),
            Error::Unreadable { .. } => "--rules takes a TOML file; without it the built-in table is used".into(),
            Error::Rules { path, .. } | Error::Alerts { path, .. } => format!("kctriage rules check {}", super::settings::quoted(std::slice::from_ref(path))),
            Error::Realm { .. } => "--realm-export takes what kc.sh export or the admin console's partial export writes".into(),
            Error::Target { error, .. } => error.advice().into(),
            Error::Spill(_) => "free space there, or point TMPDIR to another folder".into(),
            Error::Threads(_) => "try --threads 1".into(),
        }
    }

    /// Returns its words without anything that acts on a terminal, and without secrets.
    fn told(&self) -> String {
        let name = match self {
            Error::Unreadable { path, .. }
            | Error::Rules { path, .. }
            | Error::Alerts { path, .. }
            | Error::Realm { path, .. }
            | Error::Target { path, .. } => shown(path),
            _ => String::new(),
        };
        let text = self.to_string();
        let said = text.strip_prefix(&name).unwrap_or(&text);
        name + &harmless(said)
    }

    /// Prints it and returns the exit code. Nobody is left to hear if that fails, so failures to print are passed over.
    pub fn say(self) -> Exit {
        let exit = self.exit();
        match &self {
            Error::Parse(error) => {
                let _ = error.print();
            }
            Error::Output(_) if exit == Exit::Done => {}
            error => {
                let mut out = io::stderr().lock();
                let _ = writeln!(out, "error: {}", error.told());
                for line in error.advice().lines() {
                    let _ = writeln!(out, "  {}", Untrusted::new(line).terminal(usize::MAX));
                }
            }
        }
        exit
    }
}

/// Whether whoever read the output went away: `| head` has seen enough.
fn reader_is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Returns a path on one line, without anything that acts on a terminal.
fn shown(path: &Path) -> String {
    Untrusted::new(&path.to_string_lossy()).terminal(usize::MAX)
}

/// Returns a text of several lines without anything that acts on a terminal.
fn harmless(text: &str) -> String {
    text.lines().map(|line| Untrusted::new(line).terminal(usize::MAX)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_begins_in_lower_case_and_names_its_place() {
        let disk_full = || io::Error::from(io::ErrorKind::StorageFull);
        let table = [
            (Error::value("--window", "5x", "unknown unit \"x\"", "write 5m"), "--window \"5x\": unknown unit \"x\"", "write 5m"),
            (Error::Usage { what: "nothing to read".into(), advice: "name a file".into() }, "nothing to read", "name a file"),
            (
                Error::Unreadable { path: "my.toml".into(), error: io::ErrorKind::NotFound.into() },
                "my.toml: cannot be read: entity not found",
                "--rules takes a TOML file; without it the built-in table is used",
            ),
            (
                Error::Rules { path: "my.toml".into(), error: RuleError::Rule { id: "a".into(), what: "its id is used twice".into() } },
                "my.toml: rule a: its id is used twice",
                "kctriage rules check my.toml",
            ),
            (
                Error::Realm { path: "shop.json".into(), error: ExportError::Foreign { line: 3, column: 9 } },
                "shop.json: is no realm export: line 3, column 9 is not what one has there",
                "--realm-export takes what kc.sh export or the admin console's partial export writes",
            ),
            (Error::Output(disk_full()), "standard output cannot be written: no storage space", ""),
            (
                Error::Spill(disk_full()),
                "the temporary file for failures that wait for a verdict cannot be used: no storage space",
                "free space there, or point TMPDIR to another folder",
            ),
        ];
        for (error, text, advice) in table {
            assert_eq!((error.to_string().as_str(), error.advice().as_str()), (text, advice));
            assert_eq!(error.exit(), Exit::Usage, "{text}");
        }
    }

    #[test]
    fn own_words_are_no_secret_whatever_the_file_is_called() {
        let error = Error::Realm { path: "/etc/passwd".into(), error: ExportError::Foreign { line: 1, column: 1 } };
        assert_eq!(error.told(), "/etc/passwd: is no realm export: line 1, column 1 is not what one has there");
        let error = Error::Unreadable { path: "secret=abc".into(), error: io::Error::other("password=abc is wrong") };
        assert_eq!(error.told(), "secret=[secret]: cannot be read: password=[secret] is wrong");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert_eq!(Error::Output(io::Error::from(io::ErrorKind::BrokenPipe)).exit(), Exit::Done);
    }
}
