//! Content that is given twice: a rotated log beside its own `.gz`.
//!
//! Input: sources with a digest of their beginnings. Output: the sources without the copies. Only those that begin alike are read whole.

use std::collections::BTreeMap;
use std::io::{self, Read};

use rayon::prelude::*;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::{Problem, Source};

/// A source without a dated record has at least so many bytes if its content can be called the same as another's.
const TELLING: usize = 4096;

/// Whether equal content means that it was given twice: a record has its time, and two shreds of a few bytes can be equal by chance.
#[must_use]
pub fn is_telling(first: Option<i64>, bytes: usize) -> bool {
    first.is_some() || bytes >= TELLING
}

/// How a source begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beginning {
    digest: u128,
    bytes: usize,
    /// There is no more.
    whole: bool,
}

impl Beginning {
    /// Takes the digest of a source's first bytes; `whole` says that there are no more.
    pub(super) fn of(head: &[u8], whole: bool) -> Self {
        Beginning { digest: xxh3_128(head), bytes: head.len(), whole }
    }
}

/// Leaves one of those sources that have the same content: one that is not compressed before one that is, then by path.
pub(super) fn without_copies(sources: Vec<(Source, Option<Beginning>)>, problems: &mut Vec<Problem>) -> Vec<Source> {
    let mut alike: BTreeMap<Beginning, Vec<Source>> = BTreeMap::new();
    let mut kept = Vec::new();
    for (source, beginning) in sources {
        match beginning.filter(|b| b.bytes > 0) {
            Some(beginning) => alike.entry(beginning).or_default().push(source),
            None => kept.push(source),
        }
    }
    for (beginning, mut sources) in alike {
        sources.sort_by(|a, b| (a.packed, &a.path, &a.place).cmp(&(b.packed, &b.path, &b.place)));
        if sources.len() == 1 {
            kept.extend(sources);
            continue;
        }
        let wholes: Vec<Option<(u128, u64)>> =
            if beginning.whole { vec![Some((beginning.digest, 0)); sources.len()] } else { sources.par_iter().map(|s| digest(s).ok()).collect() };
        let mut seen: BTreeMap<(u128, u64), String> = BTreeMap::new();
        for (source, whole) in sources.into_iter().zip(wholes) {
            let Some(whole) = whole else {
                kept.push(source);
                continue;
            };
            if let Some(first) = seen.get(&whole) {
                problems.push(Problem::Same { path: source.name.clone(), first: first.clone() });
            } else {
                seen.insert(whole, source.name.clone());
                kept.push(source);
            }
        }
    }
    kept
}

/// Returns the digest of all of a source's text, and its length.
///
/// # Errors
/// When it cannot be read to its end.
pub fn digest(source: &Source) -> io::Result<(u128, u64)> {
    let mut text = source.open()?;
    let (mut sum, mut bytes, mut buf) = (Xxh3::new(), 0, vec![0; 128 * 1024]);
    loop {
        match text.read(&mut buf) {
            Ok(0) => return Ok((sum.digest128(), bytes)),
            Ok(n) => {
                sum.update(&buf[..n]);
                bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
