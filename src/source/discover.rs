//! Paths to streams: what is there to read, looked at as far as its beginning.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::archive::{self, ArchiveSource};
use super::decode::{self, Kind, Text};
use super::folder::{self, Listed};
use super::place::Pipe;
use super::same::{self, Beginning};
use super::{Find, Found, Grammar, Place, Problem, Source, kin};

/// Bytes at the beginning of a source that are looked at for its first stamp.
const PEEK_BYTES: usize = 64 * 1024;

/// Finds the streams of some paths: files, folders and archives (with all that is wanted in them), patterns, or `-` for standard input. The order
/// of the paths makes no difference.
#[must_use]
pub fn discover(paths: &[PathBuf], find: &Find, grammar: &dyn Grammar) -> Found {
    let mut look = Look { find, grammar, sources: Vec::new(), archives: Vec::new(), problems: Vec::new() };
    let mut files: Vec<Listed> = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            look.pipe(&mut io::stdin().lock(), None, true, Place::Stdin);
        } else {
            folder::list(path, find, &mut files, &mut look.problems);
        }
    }
    let looks: Vec<Look<'_>> = once(files).par_iter().map(|file| Look::at(file, find, grammar)).collect();
    for other in looks {
        look.sources.extend(other.sources);
        look.archives.extend(other.archives);
        look.problems.extend(other.problems);
    }
    let Look { sources, archives, mut problems, .. } = look;
    let sources = if find.dedup { same::without_copies(sources, &mut problems) } else { sources.into_iter().map(|(source, _)| source).collect() };
    Found { streams: kin::streams(sources, find), archives, problems, find: find.clone() }
}

/// Leaves each file once, however it was reached: by the path that was named, or the one that is no link.
fn once(mut files: Vec<Listed>) -> Vec<Listed> {
    let real = |f: &Listed| fs::canonicalize(&f.path).unwrap_or_else(|_| f.path.clone());
    files.sort_by_cached_key(|f| (!f.named, f.path.is_symlink(), f.path.clone()));
    let mut seen = HashSet::new();
    files.retain(|f| seen.insert(real(f)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// What is found of what was named.
struct Look<'a> {
    find: &'a Find,
    grammar: &'a dyn Grammar,
    sources: Vec<(Source, Option<Beginning>)>,
    archives: Vec<ArchiveSource>,
    problems: Vec<Problem>,
}

impl<'a> Look<'a> {
    /// Looks at a file.
    fn at(file: &Listed, find: &'a Find, grammar: &'a dyn Grammar) -> Self {
        let mut look = Look { find, grammar, sources: Vec::new(), archives: Vec::new(), problems: Vec::new() };
        if file.pipe {
            match File::open(&file.path) {
                Ok(open) => {
                    let (rest, path) = (Arc::new(open), file.path.clone());
                    look.pipe(&mut &*rest.clone(), Some(path.clone()), file.named, |head| Place::Pipe(Pipe { path, head, rest }));
                }
                Err(error) => look.problems.push(Problem::of(file.path.display().to_string(), error)),
            }
        } else {
            let place = file.object.clone().map_or_else(|| Place::File(file.path.clone()), Place::Object);
            look.file(place, &file.path, file.named);
        }
        look
    }

    /// Looks at a pipe: what is read of it stands before the rest. `place` says where that is.
    fn pipe(&mut self, input: &mut dyn Read, path: Option<PathBuf>, named: bool, place: impl FnOnce(Arc<[u8]>) -> Place) {
        let mut head = Vec::new();
        // what fails is said when it is read
        let _ = input.take(PEEK_BYTES as u64).read_to_end(&mut head);
        let whole = head.len() < PEEK_BYTES;
        let head: Arc<[u8]> = head.into();
        let mut source = source(place(head.clone()), path, named);
        match decode::unpack(Box::new(io::Cursor::new(head)), String::new()) {
            Ok(Text { kind: Kind::Zip, .. }) => self.problems.push(Problem::Zip { path: source.name }),
            Ok(Text { kind: Kind::Tar, .. }) => self.archives.push(archive_of(source)),
            Ok(Text { packed, read, .. }) => {
                let mut text = Vec::new();
                let _ = read.take(PEEK_BYTES as u64).read_to_end(&mut text);
                source.packed = packed;
                source.first = self.grammar.first_time(&text);
                source.wrapping = self.grammar.wrapping(&text, whole);
                source.newest_first = source.wrapping.is_none() && self.grammar.is_newest_first(&text);
                self.sources.push((source, None));
            }
            Err(_) => self.sources.push((source, None)),
        }
    }

    /// Looks at a file, and into it where it is an archive.
    fn file(&mut self, place: Place, path: &Path, named: bool) {
        let is_file = matches!(place, Place::File(_));
        let Some((source, text)) = self.open(place, path, named) else { return };
        let said = self.problems.len();
        let entries = match text.kind {
            Kind::Zip if is_file && !text.packed => archive::zip(path, &mut self.problems),
            Kind::Tar if is_file && !text.packed => archive::tar(path, &mut self.problems),
            _ => return self.take(source, text),
        };
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(Problem::of(path.display().to_string(), error)),
        };
        // a log that was rotated into an archive of its own is that log
        let alone = entries.len() == 1 && self.find.glob.is_none() && self.problems.len() == said;
        let wanted: Vec<_> = entries.into_iter().filter(|e| alone || self.find.wants(&e.path)).collect();
        if wanted.is_empty() {
            self.problems.push(Problem::NoLogs { path: path.display().to_string(), by_glob: self.find.glob.is_some() });
        }
        for entry in wanted {
            let path = if alone { path.to_owned() } else { path.join(&entry.path) };
            if let Some((mut member, text)) = self.open(entry.place, &path, false) {
                member.size = entry.size;
                member.modified = source.modified;
                member.named = named && alone;
                self.take(member, text);
            }
        }
    }

    fn open(&mut self, place: Place, path: &Path, named: bool) -> Option<(Source, Text<'static>)> {
        match decode::open(&place) {
            Ok(text) => {
                let mut source = source(place, Some(path.to_owned()), named);
                source.packed = text.packed;
                if let Place::Object(object) = &source.place {
                    source.size = object.size.unwrap_or_default();
                    source.modified = object.modified;
                } else if let Ok(meta) = fs::metadata(path) {
                    source.size = meta.len();
                    source.modified = meta.modified().ok().map(Into::into);
                }
                Some((source, text))
            }
            Err(error) => {
                self.problems.push(Problem::of(path.display().to_string(), error));
                None
            }
        }
    }

    /// Looks at the beginning of a source.
    fn take(&mut self, mut source: Source, text: Text<'_>) {
        match text.kind {
            Kind::Zip => self.problems.push(Problem::Zip { path: source.name }),
            Kind::Tar => self.archives.push(archive_of(source)),
            _ => {
                let mut head = Vec::new();
                // what fails is said when it is read
                let read = text.read.take(PEEK_BYTES as u64).read_to_end(&mut head);
                source.first = self.grammar.first_time(&head);
                source.wrapping = self.grammar.wrapping(&head, head.len() < PEEK_BYTES);
                source.newest_first = source.wrapping.is_none() && self.grammar.is_newest_first(&head);
                let beginning = (read.is_ok() && same::is_telling(source.first, head.len())).then(|| Beginning::of(&head, head.len() < PEEK_BYTES));
                self.sources.push((source, beginning));
            }
        }
    }
}

fn source(place: Place, path: Option<PathBuf>, named: bool) -> Source {
    let name = path.as_ref().map_or_else(|| "stdin".to_owned(), |p| p.display().to_string());
    Source { place, path, name, size: 0, packed: false, modified: None, first: None, named, wrapping: None, newest_first: false }
}

fn archive_of(source: Source) -> ArchiveSource {
    let Source { place, path, name, size, modified, named, .. } = source;
    ArchiveSource { place, path, name, size, modified, named }
}
