//! Archives whose members can only be read one after the other.
//!
//! Input: archives. Output: their members as sources, and their batches in the [`Sorter`]. Members are told apart, named and put in order with the
//! files that were given beside them; one whose content was given before is left out.

use std::collections::HashMap;
use std::io::{self, Read};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::mixed::Sorter;
use crate::source::{self, Found, Grammar, Member, Place, Problem, Source};
use crate::tally::SourceReport;

/// Bytes at the beginning of a member that are looked at.
const PEEK_BYTES: usize = 64 * 1024;

/// What is known of members that were read.
#[derive(Default)]
pub(super) struct Walked {
    /// The members, without names; a place says which number its pieces have.
    pub sources: Vec<Source>,
    /// What each was, by that number.
    pub reports: Vec<SourceReport>,
    /// What could not be read, and what was given twice.
    pub problems: Vec<Problem>,
}

/// Reads the members of all archives.
///
/// # Errors
/// When the store cannot be used; what cannot be read is a [`Problem`].
pub(super) fn read(found: &Found, sorter: &mut Sorter<'_>, grammar: &dyn Grammar) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let (sources, reports, mut problems, mut same) = (&mut walked.sources, &mut walked.reports, Vec::new(), Vec::new());
    let mut copies = Copies::of(found);
    for archive in &found.archives {
        let mut failed = None;
        let all_read = archive.walk(&found.find, &mut problems, &mut |member| {
            let Member { path, size, read } = member;
            let mut head = Vec::new();
            let failure = read.take(PEEK_BYTES as u64).read_to_end(&mut head).err();
            let number = reports.len();
            let source = Source {
                place: Place::Walked(number),
                name: path.display().to_string(),
                path: Some(path),
                size,
                packed: false,
                modified: archive.modified,
                first: grammar.first_time(&head),
                named: false,
                wrapping: grammar.wrapping(&head, head.len() < PEEK_BYTES),
                newest_first: false,
            };
            reports.push(SourceReport { name: source.name.clone(), wrapping: source.wrapping.as_ref().map(|w| w.name.clone()), ..SourceReport::default() });
            let mut rest: Box<dyn Read + Send> = failure.map_or_else(|| Box::new(read) as Box<dyn Read + Send>, |error| Box::new(Failing(Some(error))));
            let mut input = Digested { input: io::Cursor::new(&head).chain(&mut rest), digest: Xxh3::new(), bytes: 0 };
            let mark = sorter.mark();
            if let Err(error) = sorter.member(number, &source, number, &mut input, reports) {
                failed = Some(error);
                return Err(io::Error::other("the store failed"));
            }
            match copies.first(&source, &head, (input.digest.digest128(), input.bytes)) {
                Some(first) => {
                    sorter.forget(mark);
                    same.push(Problem::Same { path: source.name, first });
                }
                None => sources.push(source),
            }
            Ok(())
        });
        match (failed, all_read) {
            (Some(error), _) => return Err(error),
            (None, Err(error)) => same.push(Problem::of(archive.name.clone(), error)),
            (None, Ok(())) => {}
        }
    }
    problems.extend(same);
    walked.problems = problems;
    Ok(walked)
}

/// What was given before, by its digest and length.
struct Copies<'a> {
    wanted: bool,
    /// Sources beside the archives, by a digest of their beginnings: they are read whole only when a member begins alike.
    beginnings: HashMap<u128, Vec<&'a Source>>,
    whole: HashMap<(u128, u64), String>,
}

impl<'a> Copies<'a> {
    fn of(found: &'a Found) -> Self {
        let mut beginnings: HashMap<u128, Vec<&Source>> = HashMap::new();
        let wanted = found.find.dedup && !found.archives.is_empty();
        for source in found.streams.iter().flat_map(|s| &s.sources).filter(|_| wanted) {
            if !source.place.is_pipe()
                && let Ok(text) = source.open()
            {
                let mut head = Vec::new();
                if text.take(PEEK_BYTES as u64).read_to_end(&mut head).is_ok() {
                    beginnings.entry(xxh3_128(&head)).or_default().push(source);
                }
            }
        }
        Copies { wanted, beginnings, whole: HashMap::new() }
    }

    /// Returns the name of what had the same content before.
    fn first(&mut self, source: &Source, head: &[u8], whole: (u128, u64)) -> Option<String> {
        if !self.wanted || !source::is_telling(source.first, head.len()) {
            return None;
        }
        for alike in self.beginnings.remove(&xxh3_128(head)).unwrap_or_default() {
            if let Ok(digest) = source::digest(alike) {
                self.whole.entry(digest).or_insert_with(|| alike.name.clone());
            }
        }
        if let Some(first) = self.whole.get(&whole) {
            return Some(first.clone());
        }
        self.whole.insert(whole, source.name.clone());
        None
    }
}

/// Takes the digest of what is read.
struct Digested<R> {
    input: R,
    digest: Xxh3,
    bytes: u64,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        self.digest.update(&buf[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}

/// Fails once, as what it stands for did.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
