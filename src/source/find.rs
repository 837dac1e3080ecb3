//! What is looked for in folders and archives.
//!
//! Input: patterns that a person typed. Output: whether a file is wanted. Must not know what is in a file.

use std::path::Path;
use std::sync::OnceLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::Regex;

/// What is looked for, and how what is found belongs together.
#[derive(Debug, Clone)]
pub struct Find {
    /// Which files of folders and archives are read; `None` means those that are named like a log. A file that was named itself always is.
    pub glob: Option<GlobSet>,
    /// What of a path names its node: the first group, or all that matches. `None`, and paths that do not match, leave it to the path's form.
    pub node_from: Option<Regex>,
    /// Content that is given twice is read once.
    pub dedup: bool,
}

impl Default for Find {
    fn default() -> Self {
        Find { glob: None, node_from: None, dedup: true }
    }
}

impl Find {
    /// Makes a set of patterns: those without a slash are meant for names, others for paths below what is searched.
    ///
    /// # Errors
    /// When one is no pattern.
    pub fn globs<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let anywhere = if pattern.contains('/') { pattern.trim_start_matches("./").to_owned() } else { format!("**/{pattern}") };
            set.add(GlobBuilder::new(&anywhere).literal_separator(true).build()?);
        }
        set.build()
    }

    /// Whether a file is read that stands at this path below what is searched.
    pub(super) fn wants(&self, below: &Path) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(below),
            None => is_named_like_a_log(below),
        }
    }
}

fn is_named_like_a_log(path: &Path) -> bool {
    static NAME: OnceLock<Regex> = OnceLock::new();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let regex = NAME.get_or_init(|| {
        Regex::new(
            r"(?xi) ^ [^.] .*? (?: \.log ([.-].*)? | \.(txt|out|json|jsonl|ndjson) (\.(gz|zst|xz|bz2|lz4))? | \.(zip|tar|tgz|tzst|txz|tbz2?) | \.tar\.(gz|zst|xz|bz2|lz4) ) $",
        )
        .expect("a fixed pattern compiles")
    });
    regex.is_match(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_like_logs_are_told_from_others() {
        let logs = [
            "server.log",
            "server.log.1",
            "server.log.3.gz",
            "server.log-20261122.zst",
            "a.txt",
            "a.json",
            "a.jsonl.xz",
            "0.log.20261122-101010.gz",
            "x.LOG",
            "logs.zip",
            "logs.tar",
            "logs.tar.gz",
            "logs.tgz",
            "logs.tar.zst",
        ];
        let others = [".server.log", "server.conf", "server.gz", "catalog", "a.jsonx", "tar", ".zip"];
        for name in logs {
            assert!(is_named_like_a_log(Path::new(name)), "{name}");
        }
        for name in others {
            assert!(!is_named_like_a_log(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn patterns_are_for_names_or_for_paths() {
        let table = [
            ("*.log", "a.log", true),
            ("*.log", "kc-0/a.log", true),
            ("*.log", "a.txt", false),
            ("kc-0/*.log", "kc-0/a.log", true),
            ("kc-0/*.log", "kc-0/old/a.log", false),
            ("kc-0/**/*.log", "kc-0/old/a.log", true),
            ("*.{log,gz}", "a.gz", true),
        ];
        for (pattern, path, want) in table {
            let find = Find { glob: Some(Find::globs([pattern]).expect("a pattern")), ..Find::default() };
            assert_eq!(find.wants(Path::new(path)), want, "{pattern} {path}");
        }
    }
}
