//! Which sources belong to one node, in which order, and how they are named.
//!
//! Input: sources with their paths and first times. Output: [`Stream`]s. Must not open anything.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::{Find, Source, Stream};

/// The names of rotated files are believed unless their first times contradict them by more than this: threads write a little out of order, so
/// pieces cut close together can begin so, too.
pub const SLACK_MS: i64 = 5000;

/// Digits of a container's id that people know it by.
const ID_DIGITS: usize = 12;

/// What the sources of one node have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// `--node-from` says so.
    Told(String),
    /// A container of a pod.
    Pod { namespace: String, pod: String, container: String },
    /// A container by its id.
    Container(String),
    /// The path without its rotation suffix.
    Base(PathBuf),
    /// Standard input.
    Stdin,
}

/// Puts sources together by node, each node's in order, and names them as shortly as they can be told apart. The order of the sources makes no
/// difference.
#[must_use]
pub fn streams(mut sources: Vec<Source>, find: &Find) -> Vec<Stream> {
    sources.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.place.cmp(&b.place)));
    let paths: Vec<PathBuf> = sources.iter().filter_map(|s| s.path.clone()).collect();
    let mut names = shortest(&paths).into_iter();
    let mut nodes: BTreeMap<Node, Vec<Source>> = BTreeMap::new();
    for mut source in sources {
        let node = match &source.path {
            Some(path) => {
                source.name = names.next().unwrap_or_else(|| path.display().to_string());
                node(path, find)
            }
            None => Node::Stdin,
        };
        nodes.entry(node).or_default().push(source);
    }
    let labels = labels(&nodes.keys().collect::<Vec<_>>());
    let mut streams: Vec<Stream> = nodes
        .into_values()
        .zip(labels)
        .map(|(mut sources, node)| {
            in_order(&mut sources);
            Stream { node, sources }
        })
        .collect();
    streams.sort_by(|a, b| a.node.cmp(&b.node));
    streams
}

/// Returns the node that a path belongs to.
pub(super) fn node(path: &Path, find: &Find) -> Node {
    static POD: OnceLock<[Regex; 2]> = OnceLock::new();
    static CONTAINER: OnceLock<Regex> = OnceLock::new();
    let text = path.to_string_lossy();
    if let Some(found) = find.node_from.as_ref().and_then(|r| r.captures(&text)) {
        let all = found.get(0).map_or("", |m| m.as_str());
        return Node::Told(found.get(1).map_or(all, |m| m.as_str()).to_owned());
    }
    let pod = || {
        let pod = POD.get_or_init(|| {
            [
                r"(?x) (?:^|/) (?<namespace> [^/_]+ ) _ (?<pod> [^/_]+ ) _ [0-9a-f-]{32,36} / (?<container> [^/]+ ) / [0-9]+ \.log [^/]* $",
                r"(?x) (?:^|/) (?<pod> [^/_]+ ) _ (?<namespace> [^/_]+ ) _ (?<container> [^/_]+ ) - [0-9a-f]{64} \.log $",
            ]
            .map(|p| Regex::new(p).expect("a fixed pattern compiles"))
        });
        pod.iter().find_map(|r| r.captures(&text))
    };
    // to make the patterns ready takes longer than to read a short log
    if text.contains(".log")
        && text.matches('_').count() >= 2
        && let Some(found) = pod()
    {
        let part = |name: &str| found[name].to_owned();
        return Node::Pod { namespace: part("namespace"), pod: part("pod"), container: part("container") };
    }
    if !text.contains("-json.log") {
        return Node::Base(base(path));
    }
    let container = CONTAINER.get_or_init(|| Regex::new(r"(?:^|/)([0-9a-f]{64})-json\.log[^/]*$").expect("a fixed pattern compiles"));
    match container.captures(&text) {
        Some(found) => Node::Container(found[1].to_owned()),
        None => Node::Base(base(path)),
    }
}

/// Names nodes as shortly as they can be told apart.
pub(super) fn labels(nodes: &[&Node]) -> Vec<String> {
    let paths: Vec<PathBuf> = nodes
        .iter()
        .map(|node| match node {
            Node::Told(name) => PathBuf::from(name),
            Node::Pod { namespace, pod, container } => [namespace, container, pod].iter().collect(),
            Node::Container(id) => PathBuf::from(&id[..ID_DIGITS]),
            Node::Base(path) => path.clone(),
            Node::Stdin => PathBuf::from("stdin"),
        })
        .collect();
    let short = shortest(&paths);
    let name = |(node, short): (&&Node, String)| match node {
        Node::Told(name) => name.clone(),
        // what tells pods of one name apart stands behind it
        Node::Pod { namespace, pod, container } => match Path::new(&short).components().count() {
            1 => pod.clone(),
            2 => format!("{pod}/{container}"),
            _ => format!("{namespace}/{pod}/{container}"),
        },
        _ => short,
    };
    nodes.iter().zip(short).map(name).collect()
}

/// Finds what a rotation appends: `.3`, `.2026-11-22`, `-20261122`, `.2026-11-22_10`, `.gz`. `None` says that it appended nothing.
fn suffix(name: &str) -> Option<Captures<'_>> {
    static SUFFIX: OnceLock<Regex> = OnceLock::new();
    let is_packed = [".gz", ".zst", ".xz", ".zip"].iter().any(|end| name.ends_with(end));
    if !is_packed && !name.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let suffix = SUFFIX.get_or_init(|| {
        let pattern = r"(?x) ^ (?<base> .+? ) (?: [.-] (?: (?<date> D{4} -? D{2} -? D{2} (?: [T_.-]? D{2} (?: [:.-]? D{2} )* )? ) (?: [.-] (?<part> D{1,5} ) )? | (?<number> D{1,5} ) ) )? (?: \. (?: gz|zst|xz|bz2|lz4|zip ) )? $";
        Regex::new(&pattern.replace('D', "[0-9]")).expect("a fixed pattern compiles")
    });
    suffix.captures(name)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Returns the path without its rotation suffix.
fn base(path: &Path) -> PathBuf {
    match suffix(&file_name(path)).and_then(|c| c.name("base").map(|m| m.as_str().to_owned())) {
        Some(base) => path.with_file_name(base),
        None => path.to_owned(),
    }
}

/// How a name places a file among its kin: by the container's restarts first (`1.log`), then dated ones by date, then numbers downwards, the live
/// file last.
pub(super) fn place(path: &Path) -> (u64, u8, String, i64) {
    let name = file_name(path);
    let Some(c) = suffix(&name) else { return (0, 2, String::new(), 0) };
    let restart = c["base"].strip_suffix(".log").and_then(|n| n.parse().ok()).unwrap_or(0);
    let number = |n: &str| c.name(n).and_then(|m| m.as_str().parse::<i64>().ok());
    match (c.name("date"), number("number")) {
        (Some(date), _) => (restart, 0, date.as_str().chars().filter(char::is_ascii_digit).collect(), number("part").unwrap_or(i64::MAX)),
        (None, Some(n)) => (restart, 1, String::new(), -n),
        (None, None) => (restart, 2, String::new(), 0),
    }
}

/// Whether the names of two files of a node that stand behind each other say that others were between them: `server.log.3` and `server.log.1`.
#[must_use]
pub fn is_apart(before: &Path, after: &Path) -> bool {
    let (before, after) = (place(before), place(after));
    if before.0 != after.0 {
        return false;
    }
    match (before.1, after.1) {
        // parts of one day count up or down, or there is one without a number
        (0, 0) => before.2 == after.2 && ![before.3, after.3].contains(&i64::MAX) && (after.3 - before.3).abs() > 1,
        // where they count down, the newest has the number 1
        (0, 2) => before.3 != i64::MAX && before.3 > 1,
        (1, 1) => after.3 - before.3 > 1,
        (1, 2) => before.3 < -1,
        _ => false,
    }
}

/// Whether a name has nothing that a rotation appends: the file can be the one that is written.
pub(super) fn is_live(path: &Path) -> bool {
    place(path).1 == 2
}

/// Puts the files of one node in order: by name, unless their first stamps say otherwise.
fn in_order(sources: &mut Vec<Source>) {
    sources.sort_by_cached_key(|s| s.path.as_deref().map(place));
    turn_days(sources);
    let known: Vec<i64> = sources.iter().filter_map(|s| s.first).collect();
    if known.is_sorted_by(|a, b| *a <= b + SLACK_MS) {
        return;
    }
    // a piece without a stamp of its own stays behind the piece before it
    let mut groups: Vec<(i64, usize, Vec<Source>)> = Vec::new();
    for (by_name, source) in sources.drain(..).enumerate() {
        match (source.first, groups.last_mut()) {
            (None, Some(last)) => last.2.push(source),
            (t, _) => groups.push((t.unwrap_or(i64::MIN), by_name, vec![source])),
        }
    }
    groups.sort_by_key(|g| g.0);
    // pieces that begin close together are left in the order of their names
    for close in groups.chunk_by_mut(|a, b| b.0.saturating_sub(a.0) <= SLACK_MS) {
        close.sort_by_key(|g| g.1);
    }
    sources.extend(groups.into_iter().flat_map(|g| g.2));
}

/// Puts the parts of each day the other way round where their numbers count backwards, as `JBoss`' own rotation does: with a size and a date in its suffix the newest part is
/// `server.log.2026-12-01.1`. What tells is which begins first; where nothing does, that a name is one of those.
fn turn_days(sources: &mut [Source]) {
    let part_of = |source: &Source| source.path.as_deref().map(place).filter(|place| place.1 == 0 && place.3 != i64::MAX);
    let is_of_day = |a: &Source, b: &Source| part_of(a).zip(part_of(b)).is_some_and(|(a, b)| (a.0, a.2) == (b.0, b.2));
    for day in sources.chunk_by_mut(is_of_day).filter(|day| day.len() > 1) {
        let begins: Vec<i64> = day.iter().filter_map(|source| source.first).collect();
        let count = |is: fn(&i64, &i64) -> bool| begins.windows(2).filter(|pair| is(&pair[0], &pair[1])).count();
        let (up, down) = (count(i64::lt), count(i64::gt));
        let is_own = || day[0].path.as_deref().is_some_and(|path| base(path).extension().is_some_and(|ext| ext == "log"));
        if down > up || (down == up && is_own()) {
            day.reverse();
        }
    }
}

/// Names each path by its last parts that tell it from the others.
pub(super) fn shortest(paths: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<Option<String>> = vec![None; paths.len()];
    let mut take = 1;
    loop {
        let tail = |path: &Path| -> Option<PathBuf> {
            let parts = path.iter().count();
            (parts >= take).then(|| path.iter().skip(parts - take).collect())
        };
        let mut count: HashMap<PathBuf, usize> = HashMap::new();
        for tail in paths.iter().filter_map(|p| tail(p)) {
            *count.entry(tail).or_default() += 1;
        }
        for (name, path) in names.iter_mut().zip(paths).filter(|(n, _)| n.is_none()) {
            match tail(path) {
                Some(tail) if count[&tail] == 1 => *name = Some(tail.display().to_string()),
                Some(_) => {}
                None => *name = Some(path.display().to_string()),
            }
        }
        if names.iter().all(Option::is_some) {
            return names.into_iter().flatten().collect();
        }
        take += 1;
    }
}

#[cfg(test)]
mod tests;
