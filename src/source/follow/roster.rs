//! Which paths are followed: what was typed, and what its patterns and folders hold now.
//!
//! Input: the typed paths. Output: the paths of files that are written, each with the older files that were found beside it. Must not open them.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mark::Inode;
use crate::source::folder::{self, Listed};
use crate::source::kin::{self, Node};
use crate::source::{Find, Problem};

/// A path to be followed, and the older files to be read before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) history: Vec<PathBuf>,
    pub(super) node: Node,
}

/// The paths and patterns that were typed.
#[derive(Debug)]
pub(super) struct Roster {
    typed: Vec<PathBuf>,
    /// The nodes that were met, in the order of their streams, and their names.
    nodes: Vec<(Node, Arc<str>)>,
    /// How outputs name a path.
    names: BTreeMap<PathBuf, Arc<str>>,
    /// Files came or went in none of these folders if they are what they were.
    folders: BTreeMap<PathBuf, Option<(Inode, i64)>>,
}

impl Roster {
    pub(super) fn new(typed: Vec<PathBuf>) -> Self {
        Roster { typed, nodes: Vec::new(), names: BTreeMap::new(), folders: BTreeMap::new() }
    }

    /// Whether no path was typed.
    pub(super) fn is_empty(&self) -> bool {
        self.typed.is_empty()
    }

    /// Whether a path itself was typed: it is waited for as long as it takes.
    pub(super) fn is_typed(&self, path: &Path) -> bool {
        self.typed.iter().any(|typed| typed == path)
    }

    /// Lists what is to be followed now.
    pub(super) fn list(&mut self, find: &Find) -> Vec<Entry> {
        let (mut files, mut problems): (Vec<Listed>, Vec<Problem>) = (Vec::new(), Vec::new());
        let mut plain = Vec::new();
        for path in &self.typed {
            let pattern = is_pattern(path);
            // a folder is listed; what else was named is followed whether it is there or not
            if pattern || path.is_dir() {
                folder::list(path, find, &mut files, &mut problems);
            } else {
                plain.push(path.clone());
            }
        }
        let mut seen = HashSet::new();
        let mut paths: Vec<PathBuf> = plain.into_iter().filter(|p| seen.insert(real(p))).collect();
        let mut found: Vec<PathBuf> = files.into_iter().filter(|f| f.object.is_none() && !f.pipe).map(|f| f.path).collect();
        // of a file and a link to it the file is taken
        found.sort_by_cached_key(|p| (p.is_symlink(), p.clone()));
        paths.extend(found.into_iter().filter(|p| seen.insert(real(p))));
        let mut nodes: BTreeMap<Node, Vec<PathBuf>> = BTreeMap::new();
        for path in paths {
            nodes.entry(kin::node(&path, find)).or_default().push(path);
        }
        let mut entries = Vec::new();
        for (node, mut paths) in nodes {
            paths.sort_by_cached_key(|p| (kin::place(p), p.clone()));
            let live: Vec<usize> = (0..paths.len()).filter(|at| kin::is_live(&paths[*at])).collect();
            let live = if live.is_empty() { vec![paths.len() - 1] } else { live };
            let first = live.iter().min().copied().unwrap_or(0);
            for at in &live {
                let history =
                    if *at == first { paths.iter().enumerate().filter(|(i, _)| !live.contains(i)).map(|(_, p)| p.clone()).collect() } else { Vec::new() };
                entries.push(Entry { path: paths[*at].clone(), history, node: node.clone() });
            }
        }
        self.name(&entries);
        entries
    }

    /// Names what is new; what has a name keeps it.
    fn name(&mut self, entries: &[Entry]) {
        for entry in entries {
            if !self.nodes.iter().any(|(node, _)| *node == entry.node) {
                self.nodes.push((entry.node.clone(), "".into()));
            }
        }
        let labels = kin::labels(&self.nodes.iter().map(|(node, _)| node).collect::<Vec<_>>());
        for ((_, name), label) in self.nodes.iter_mut().zip(labels) {
            if name.is_empty() {
                *name = label.into();
            }
        }
        let paths: Vec<PathBuf> = self.names.keys().cloned().chain(entries.iter().map(|e| e.path.clone()).filter(|p| !self.names.contains_key(p))).collect();
        for (path, name) in paths.iter().zip(kin::shortest(&paths)) {
            self.names.entry(path.clone()).or_insert_with(|| name.into());
        }
    }

    /// Returns how outputs name a path, its node's name, and the stream's number.
    pub(super) fn names(&self, entry: &Entry) -> (Arc<str>, Arc<str>, usize) {
        let source = self.names.get(&entry.path).cloned().unwrap_or_else(|| entry.path.to_string_lossy().into());
        let stream = self.nodes.iter().position(|(node, _)| *node == entry.node).unwrap_or(0);
        (source, self.nodes.get(stream).map_or_else(|| "".into(), |(_, name)| name.clone()), stream)
    }

    /// Returns the paths that were met, each with the name that outputs have for it.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.names.iter().map(|(path, name)| (&**name, path.as_path()))
    }

    /// Returns the number of a stream that is no path's.
    pub(super) fn stream(&mut self, name: &str) -> usize {
        self.nodes.push((Node::Told(name.to_owned()), name.into()));
        self.nodes.len() - 1
    }

    /// Returns the folders in which something can change.
    pub(super) fn folders(&self, entries: &[Entry]) -> Vec<PathBuf> {
        let mut folders = HashSet::new();
        for path in self.typed.iter().filter(|p| p.is_dir()) {
            folders.insert(path.clone());
        }
        for path in entries.iter().map(|e| &e.path).chain(self.typed.iter().filter(|p| !is_pattern(p))) {
            folders.extend(parent(path));
            folders.extend(fs::canonicalize(path).ok().filter(|real| real != path).and_then(|real| parent(&real)));
        }
        for pattern in self.typed.iter().filter(|p| is_pattern(p)) {
            folders.extend(pattern.ancestors().find(|p| !is_pattern(p)).map(|p| if p.as_os_str().is_empty() { PathBuf::from(".") } else { p.to_owned() }));
        }
        folders.into_iter().collect()
    }

    /// Whether files came or went in one of these folders since the last call.
    pub(super) fn changed(&mut self, folders: &[PathBuf]) -> bool {
        let now: BTreeMap<PathBuf, Option<(Inode, i64)>> =
            folders.iter().map(|f| (f.clone(), fs::metadata(f).ok().map(|m| (Inode::of(&m), super::place::written(&m))))).collect();
        if now == self.folders {
            return false;
        }
        self.folders = now;
        true
    }
}

fn is_pattern(path: &Path) -> bool {
    // a file of that very name is meant itself
    path.to_str().is_some_and(|t| t.contains(['*', '?', '['])) && !path.exists()
}

fn parent(path: &Path) -> Option<PathBuf> {
    path.parent().map(|p| if p.as_os_str().is_empty() { PathBuf::from(".") } else { p.to_owned() })
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
