//! Folders and patterns to files.
//!
//! Input: paths that a person typed. Output: the files and objects that are meant. Must not know what is in them; opens none.

use std::fs;
use std::path::{Path, PathBuf};

use super::object::{self, Object};
use super::{Find, Problem};

/// Folders within folders that are followed.
const DEPTH: usize = 16;

/// A file that is meant.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    /// A person named it, it was not found in a folder.
    pub(super) named: bool,
    /// It is a pipe: it can be read once, and not looked at before.
    pub(super) pipe: bool,
    /// It is an object in a store.
    pub(super) object: Option<Object>,
}

/// Lists what a path stands for: itself, the files of a folder, or those that a pattern matches.
pub(super) fn list(path: &Path, find: &Find, files: &mut Vec<Listed>, problems: &mut Vec<Problem>) {
    if let Some(typed) = path.to_str().and_then(Object::of) {
        return object::list(&typed, find, files, problems);
    }
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => folder(path, find, files, problems),
        Ok(meta) => match kind(&meta) {
            Kind::Other => problems.push(Problem::NoFile { path: path.display().to_string() }),
            kind => files.push(Listed { path: path.to_owned(), named: true, pipe: kind == Kind::Pipe, object: None }),
        },
        Err(error) => {
            if !pattern(path, find, files, problems) {
                problems.push(Problem::Unreadable { path: path.display().to_string(), error });
            }
        }
    }
}

/// Lists what a pattern matches that no shell has expanded; returns whether it is one.
fn pattern(path: &Path, find: &Find, files: &mut Vec<Listed>, problems: &mut Vec<Problem>) -> bool {
    let Some(text) = path.to_str().filter(|t| t.contains(['*', '?', '['])) else { return false };
    let Ok(matches) = glob::glob(text) else { return false };
    let matches: Vec<PathBuf> = matches.flatten().collect();
    if matches.is_empty() {
        problems.push(Problem::NoMatch { pattern: text.to_owned() });
    }
    for path in matches {
        list(&path, find, files, problems);
    }
    true
}

/// Adds the files of a folder that are wanted.
fn folder(root: &Path, find: &Find, files: &mut Vec<Listed>, problems: &mut Vec<Problem>) {
    let before = files.len();
    let mut left = vec![(root.to_owned(), 0)];
    let mut failed = false;
    while let Some((dir, depth)) = left.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) => {
                failed = true;
                problems.push(Problem::Unreadable { path: dir.display().to_string(), error });
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(own) = entry.file_type() else { continue };
            if own.is_dir() {
                if depth < DEPTH {
                    left.push((path, depth + 1));
                }
                continue;
            }
            if !find.wants(path.strip_prefix(root).unwrap_or(&path)) {
                continue;
            }
            // a link to a file is followed, one to a folder is not: it could lead back here
            match fs::metadata(&path) {
                Ok(meta) if meta.is_file() => files.push(Listed { path, named: false, pipe: false, object: None }),
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => problems.push(Problem::Skipped { path: path.display().to_string(), why: "it is a pipe, a socket or a device".into() }),
                Err(error) => problems.push(Problem::Skipped { path: path.display().to_string(), why: error.to_string() }),
            }
        }
    }
    if files.len() == before && !failed {
        problems.push(Problem::NoLogs { path: root.display().to_string(), by_glob: find.glob.is_some() });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Pipe,
    Other,
}

#[cfg(unix)]
fn kind(meta: &fs::Metadata) -> Kind {
    use std::os::unix::fs::FileTypeExt;
    match meta.file_type() {
        t if t.is_file() => Kind::File,
        t if t.is_fifo() => Kind::Pipe,
        _ => Kind::Other,
    }
}

#[cfg(not(unix))]
fn kind(meta: &fs::Metadata) -> Kind {
    if meta.is_file() { Kind::File } else { Kind::Other }
}
