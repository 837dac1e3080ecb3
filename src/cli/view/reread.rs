//! The lines that prove a finding, read from their file once more when a person opens it, and how the flowchart reads them.
//!
//! A file may have been rotated since, or been followed from its middle: what is read counts only where the failure's own line is found where it should be.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use kctriage::report::escape::Untrusted;
use kctriage::triage::rules::Rules;
use kctriage::triage::walk::{Answer, Step, walk};

use super::entry::{Entry, Proof};

/// A file is read as far as this; opening a failure must not take long.
const FARTHEST: u64 = 256 << 20;

/// The longest line.
const LONGEST: u64 = 64 << 10;

/// Columns of a line that is shown, and of an answer.
const LINE: usize = 600;
const ANSWER: usize = 300;

/// A question of the flowchart, with its answer; inert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub question: &'static str,
    pub answer: String,
    /// These lines do not say.
    pub is_open: bool,
}

/// What was read; inert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// The lines of the failure's own file, by their numbers.
    pub lines: Vec<(u64, String)>,
    pub asked: Vec<Asked>,
}

/// What is to be read for a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The failure's id.
    pub id: Box<str>,
    event: String,
    path: PathBuf,
    own: Proof,
    /// The lines of the same file, in their order.
    numbers: Vec<u64>,
    life_ms: Option<i64>,
}

impl Wanted {
    /// Says what is to be read for a failure whose file is there.
    pub fn of(entry: &Entry, path: &Path, life_ms: Option<i64>) -> Option<Self> {
        let own = entry.proofs.first()?.clone();
        let mut numbers: Vec<u64> = entry.proofs.iter().filter(|p| p.source == own.source).map(|p| p.line).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Some(Wanted { id: entry.id.clone(), event: entry.event.clone(), path: path.to_owned(), own, numbers, life_ms })
    }

    /// Reads it; `None` where the lines are not there any more.
    pub fn read(&self) -> Option<Reread> {
        // to open a pipe would wait for whoever writes to it
        let file = fs::metadata(&self.path).ok().filter(fs::Metadata::is_file).and_then(|_| File::open(&self.path).ok())?;
        let lines = pick(BufReader::with_capacity(1 << 16, file.take(FARTHEST)), &self.numbers).ok()?;
        let own = lines.iter().find(|(n, _)| *n == self.own.line).map(|(_, text)| text)?;
        if !String::from_utf8_lossy(own).contains(&self.event) {
            return None;
        }
        let text: Vec<u8> = lines.iter().flat_map(|(_, text)| text.iter().copied().chain([b'\n'])).collect();
        let walks = walk(&text, &Rules::builtin(), self.life_ms);
        let place = |line: u64| usize::try_from(line).ok().and_then(|l| lines.get(l.checked_sub(1)?)).map_or(line, |(n, _)| *n);
        let failure = walks.iter().find(|w| w.finding.is_some() && place(w.line) == self.own.line);
        let asked = failure.map(|w| w.steps.iter().map(|s| asked(s, &place)).collect()).unwrap_or_default();
        let shown = |text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            Untrusted::new(text.trim_end()).terminal(LINE)
        };
        Some(Reread { lines: lines.iter().map(|(n, text)| (*n, shown(text))).collect(), asked })
    }
}

/// Returns the lines of these numbers, which are in their order.
fn pick(mut from: impl BufRead, numbers: &[u64]) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut picked = Vec::new();
    let mut at = 1;
    for number in numbers {
        while at < *number {
            if from.skip_until(b'\n')? == 0 {
                return Ok(picked);
            }
            at += 1;
        }
        let mut line = Vec::new();
        (&mut from).take(LONGEST).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(picked);
        }
        if line.pop_if(|c| *c == b'\n').is_none() {
            from.skip_until(b'\n')?;
        }
        at += 1;
        picked.push((*number, line));
    }
    Ok(picked)
}

fn asked(step: &Step, place: &impl Fn(u64) -> u64) -> Asked {
    let word = match step.answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::CannotTell => "these lines do not say",
        Answer::Known => "",
    };
    let said = step.evidence.iter().map(|e| format!("{} (line {})", e.what, place(e.line))).collect::<Vec<_>>().join("; ");
    let answer = [word, &said].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": ");
    Asked { question: step.question, answer: Untrusted::new(&answer).terminal(ANSWER), is_open: step.answer == Answer::CannotTell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::fixture::findings;

    /// Returns what is wanted of each finding of a recording, in its file.
    fn wanted() -> Vec<Wanted> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/2673-success/server.log");
        let own = |finding| Wanted::of(&Entry::of(&finding, None), &path, None).expect("a finding has its line");
        findings("2673-success").into_iter().map(own).collect()
    }

    #[test]
    fn the_lines_that_prove_a_failure_are_read_again() {
        for wanted in wanted() {
            let read = wanted.read().expect("the lines are there");
            assert_eq!(read.lines.len(), wanted.numbers.len());
            assert!(!read.asked.is_empty(), "{wanted:?}");
            assert!(read.lines.iter().all(|(_, text)| !text.contains("eyJ")), "secrets are masked");
        }
    }

    #[test]
    fn lines_of_another_file_of_the_same_name_do_not_count() {
        let mut wanted = wanted().swap_remove(0);
        wanted.own.line += 1;
        wanted.numbers = vec![wanted.own.line];
        assert_eq!(wanted.read(), None, "another line stands there");
        wanted.numbers = vec![9_999_999];
        assert_eq!(wanted.read(), None, "the file is shorter");
        wanted.path = "/dev/zero".into();
        assert_eq!(wanted.read(), None, "it is no file");
    }

    #[test]
    fn lines_are_picked_by_their_numbers() {
        let text = format!("one\ntwo\n{}\nfour", "x".repeat(100_000));
        let picked = pick(text.as_bytes(), &[1, 3, 4, 5]).expect("a slice can be read");
        let got: Vec<(u64, usize)> = picked.iter().map(|(n, t)| (*n, t.len())).collect();
        assert_eq!(got, [(1, 3), (3, 65_536), (4, 4)]);
    }
}
