//! Paths to streams: which files belong to one node, and in which order.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use regex::Regex;

use super::{Found, Grammar, Place, Problem, Source, Stream, decode};

/// Bytes at the beginning of a file that are looked at for its first stamp.
const PEEK_BYTES: usize = 64 * 1024;

/// The names of rotated files are believed unless their first times contradict them by more than this.
pub const NAME_SLACK_MS: i64 = 5000;

/// Folders within folders that are followed.
const DEPTH: usize = 16;

/// Finds the streams of some paths: files, folders (with all that is named like a log in them), or `-` for standard input. The order of the
/// paths makes no difference.
#[must_use]
pub fn discover(paths: &[PathBuf], grammar: &dyn Grammar) -> Found {
    let mut found = Found::default();
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let source = Source {
                place: Place::Stdin,
                path: None,
                name: "stdin".into(),
                size: 0,
                packed: false,
                modified: None,
                first: None,
                named: true,
                wrapping: None,
            };
            found.streams.push(Stream { node: "stdin".into(), sources: vec![source] });
        } else {
            match fs::metadata(path) {
                Ok(m) if m.is_dir() => folder(path, &mut files, &mut found.problems),
                Ok(m) if m.is_file() => files.push((path.clone(), true)),
                Ok(_) => found.problems.push(Problem::NoFile { path: path.display().to_string() }),
                Err(error) => found.problems.push(Problem::Unreadable { path: path.display().to_string(), error }),
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    files.dedup_by(|a, b| a.0 == b.0);
    let mut nodes: BTreeMap<PathBuf, Vec<Source>> = BTreeMap::new();
    for (path, named) in files {
        match open(&path, named, grammar) {
            Ok(source) => nodes.entry(base(&path)).or_default().push(source),
            Err(problem) => found.problems.push(problem),
        }
    }
    let bases: Vec<PathBuf> = nodes.keys().cloned().collect();
    for (base, mut sources) in nodes {
        in_order(&mut sources);
        found.streams.push(Stream { node: short(&base, &bases), sources });
    }
    name_sources(&mut found.streams);
    found.streams.sort_by(|a, b| a.node.cmp(&b.node));
    found
}

/// Adds the files of a folder that are named like logs.
fn folder(root: &Path, files: &mut Vec<(PathBuf, bool)>, problems: &mut Vec<Problem>) {
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
            // links are not followed: they could lead back here
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEPTH {
                left.push((path, depth + 1));
            } else if kind.is_file() && is_named_like_a_log(&path) {
                files.push((path, false));
            }
        }
    }
    if files.len() == before && !failed {
        problems.push(Problem::NoLogs { path: root.display().to_string() });
    }
}

fn is_named_like_a_log(path: &Path) -> bool {
    static NAME: OnceLock<Regex> = OnceLock::new();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let regex = NAME.get_or_init(|| Regex::new(r"(?i)^[^.].*?(\.log([.-].*)?|\.(txt|out|json|jsonl|ndjson))$").expect("a fixed pattern compiles"));
    regex.is_match(&name)
}

/// Opens a file for a look at its beginning.
fn open(path: &Path, named: bool, grammar: &dyn Grammar) -> Result<Source, Problem> {
    let unreadable = |error| Problem::of(path.display().to_string(), error);
    let place = Place::File(path.to_owned());
    let text = decode::open(&place).map_err(unreadable)?;
    let meta = fs::metadata(path).map_err(unreadable)?;
    let mut head = Vec::new();
    // what fails is said when it is read
    let _ = text.read.take(PEEK_BYTES as u64).read_to_end(&mut head);
    Ok(Source {
        path: Some(path.to_owned()),
        place,
        name: path.display().to_string(),
        size: meta.len(),
        packed: text.packed,
        modified: meta.modified().ok().map(Into::into),
        first: grammar.first_time(&head),
        named,
        wrapping: grammar.wrapping(&head, head.len() < PEEK_BYTES),
    })
}

/// What a rotation appends: `.3`, `.2026-11-22`, `-20261122`, `.2026-11-22_10`, `.gz`.
fn suffix() -> &'static Regex {
    static SUFFIX: OnceLock<Regex> = OnceLock::new();
    SUFFIX.get_or_init(|| {
        Regex::new(r"(?x) ^ (?<base> .+? ) (?: [.-] (?: (?<date> \d{4} -? \d\d -? \d\d (?: [T_.-]? \d\d (?: [:.-]? \d\d )* )? ) (?: [.-] (?<part> \d{1,5} ) )? | (?<number> \d{1,5} ) ) )? (?: \. (?: gz|zst|xz|bz2|lz4|zip ) )? $")
            .expect("a fixed pattern compiles")
    })
}

/// Returns the path without its rotation suffix.
#[must_use]
pub fn base(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    match suffix().captures(&name).and_then(|c| c.name("base").map(|m| m.as_str().to_owned())) {
        Some(base) => path.with_file_name(base),
        None => path.to_owned(),
    }
}

/// How a name places a file among its rotated kin: dated ones first by date, then numbers downwards, the live file last.
fn place(path: &Path) -> (u8, String, i64) {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(c) = suffix().captures(&name) else { return (2, String::new(), 0) };
    let number = |n: &str| c.name(n).and_then(|m| m.as_str().parse::<i64>().ok());
    match (c.name("date"), number("number")) {
        (Some(date), _) => (0, date.as_str().chars().filter(char::is_ascii_digit).collect(), number("part").unwrap_or(i64::MAX)),
        (None, Some(n)) => (1, String::new(), -n),
        (None, None) => (2, String::new(), 0),
    }
}

/// Puts the files of one node in order: by name, unless their first stamps say otherwise.
pub fn in_order(sources: &mut Vec<Source>) {
    sources.sort_by_key(|s| s.path.as_deref().map(place));
    let known: Vec<i64> = sources.iter().filter_map(|s| s.first).collect();
    // threads write a little out of order, so pieces cut close together can begin so, too
    if known.is_sorted_by(|a, b| *a <= b + NAME_SLACK_MS) {
        return;
    }
    // a piece without a stamp of its own stays behind the piece before it
    let mut groups: Vec<(i64, Vec<Source>)> = Vec::new();
    for source in sources.drain(..) {
        match (source.first, groups.last_mut()) {
            (None, Some(last)) => last.1.push(source),
            (t, _) => groups.push((t.unwrap_or(i64::MIN), vec![source])),
        }
    }
    groups.sort_by_key(|g| g.0);
    sources.extend(groups.into_iter().flat_map(|g| g.1));
}

/// Returns the last parts of a path that tell it from the others.
#[must_use]
pub fn short(path: &Path, all: &[PathBuf]) -> String {
    let parts: Vec<_> = path.iter().collect();
    for take in 1..=parts.len() {
        let tail: PathBuf = parts[parts.len() - take..].iter().collect();
        if all.iter().filter(|p| p.ends_with(&tail)).count() == 1 {
            return tail.display().to_string();
        }
    }
    path.display().to_string()
}

/// Names each source by the last parts of its path that tell it from the others.
fn name_sources(streams: &mut [Stream]) {
    let all: Vec<PathBuf> = streams.iter().flat_map(|s| s.sources.iter().filter_map(|x| x.path.clone())).collect();
    for source in streams.iter_mut().flat_map(|s| &mut s.sources) {
        if let Some(path) = &source.path {
            source.name = short(path, &all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_suffixes_are_told_from_names() {
        let table = [
            ("server.log", "server.log"),
            ("server.log.1", "server.log"),
            ("server.log.12", "server.log"),
            ("server.log.3.gz", "server.log"),
            ("server.log.2026-11-22", "server.log"),
            ("server.log.2026-11-22.2", "server.log"),
            ("server.log-20261122.zst", "server.log"),
            ("keycloak.log.2026-11-22_10", "keycloak.log"),
            ("node0.log", "node0.log"),
            ("node-1.log", "node-1.log"),
        ];
        for (name, want) in table {
            assert_eq!(base(Path::new(name)), Path::new(want), "{name}");
        }
    }

    #[test]
    fn the_oldest_file_comes_first() {
        let source = |name: &str, first| Source {
            place: Place::Stdin,
            path: Some(name.into()),
            name: name.into(),
            size: 0,
            packed: false,
            modified: None,
            first,
            named: true,
            wrapping: None,
        };
        let names = |mut s: Vec<Source>| {
            in_order(&mut s);
            s.into_iter().map(|s| s.name).collect::<Vec<_>>()
        };
        let unknown = None;
        assert_eq!(
            names(vec![source("s.log", unknown), source("s.log.1", unknown), source("s.log.10", unknown), source("s.log.2", unknown)]),
            ["s.log.10", "s.log.2", "s.log.1", "s.log"]
        );
        assert_eq!(names(vec![source("s.log.1", Some(50_000)), source("s.log", Some(30_000))]), ["s.log", "s.log.1"]);
        assert_eq!(names(vec![source("s.log.2", Some(1)), source("s.log.1", unknown), source("s.log", Some(3))]), ["s.log.2", "s.log.1", "s.log"]);
    }

    #[test]
    fn nodes_are_named_as_shortly_as_they_can_be_told_apart() {
        let all: [PathBuf; 3] = ["/a/kc-0/server.log".into(), "/a/kc-1/server.log".into(), "/a/x.log".into()];
        assert_eq!(short(&all[0], &all), "kc-0/server.log");
        assert_eq!(short(&all[2], &all), "x.log");
    }
}
