//! Object stores: `s3://`, `gs://`, `az://`, `http(s)://`, where the cargo feature `cloud` is on.
//!
//! Input: a URL that a person typed. Output: the objects that are meant, and their bytes as they lie there. Must not know what is in them. All that
//! is asynchronous stays below this module.

#[cfg(feature = "cloud")]
mod fetch;
#[cfg(feature = "cloud")]
mod store;

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::folder::Listed;
use super::{Find, Problem};

/// What a URL of a store begins with.
const SCHEMES: [&str; 5] = ["s3://", "gs://", "az://", "http://", "https://"];

/// An object in a store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// The bucket's URL; for `http` the folder's, with the query, which can be a signature.
    root: String,
    /// Its name below that.
    key: String,
    /// Its size in bytes, where the store says it.
    pub size: Option<u64>,
    /// When it was last written.
    pub modified: Option<DateTime<Utc>>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({:?}, {:?})", self.path(), self.size)
    }
}

impl Object {
    /// Splits a URL; `None` for what is none of a store.
    pub(super) fn of(url: &str) -> Option<Self> {
        let scheme = SCHEMES.iter().find(|s| url.get(..s.len()).is_some_and(|u| u.eq_ignore_ascii_case(s)))?;
        let rest = &url[scheme.len()..];
        let (root, key) = if scheme.starts_with("http") {
            let rest = rest.split('#').next().unwrap_or_default();
            let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
            let (folder, name) = path.rsplit_once('/').unwrap_or((path, ""));
            (format!("{scheme}{folder}{query}"), name)
        } else {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            (format!("{scheme}{bucket}"), key)
        };
        Some(Object { root, key: key.to_owned(), size: None, modified: None })
    }

    /// Returns its URL without what is secret of it, the query and the password.
    pub(super) fn path(&self) -> PathBuf {
        let root = self.root.split('?').next().unwrap_or_default();
        let (scheme, rest) = root.split_once("://").unwrap_or(("", root));
        let (host, folder) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}{folder}/{}", self.key).into()
    }

    /// Opens it: its beginning is fetched at once, the rest in a thread of its own when it is wanted.
    #[cfg(feature = "cloud")]
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(fetch::Fetched::open(self)?))
    }

    /// Fails: there is nothing that could open it.
    #[cfg(not(feature = "cloud"))]
    #[allow(clippy::unused_self)] // as its other self
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Lists the objects that a URL stands for: one, or those that are wanted below it.
#[cfg(feature = "cloud")]
pub(super) fn list(typed: &Object, find: &Find, files: &mut Vec<Listed>, problems: &mut Vec<Problem>) {
    if let Err(error) = store::list(typed, find, files, problems) {
        problems.push(Problem::Unreadable { path: typed.path().display().to_string(), error });
    }
}

/// Says that it cannot be read.
#[cfg(not(feature = "cloud"))]
pub(super) fn list(typed: &Object, _: &Find, _: &mut Vec<Listed>, problems: &mut Vec<Problem>) {
    problems.push(Problem::NoStores { path: typed.path().display().to_string() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_paths_and_named_without_their_secrets() {
        let table = [
            ("s3://logs/kc-0/server.log", Some(("s3://logs", "kc-0/server.log", "s3://logs/kc-0/server.log"))),
            ("S3://logs", Some(("s3://logs", "", "s3://logs/"))),
            ("gs://logs/a?b/", Some(("gs://logs", "a?b/", "gs://logs/a?b/"))),
            ("https://h/a/server.log?sig=x/y#z", Some(("https://h/a?sig=x/y", "server.log", "https://h/a/server.log"))),
            ("http://me:word@h:80/a/", Some(("http://me:word@h:80/a", "", "http://h:80/a/"))),
            ("https://h", Some(("https://h", "", "https://h/"))),
            ("server.log", None),
            ("s3/logs", None),
            ("ftp://h/a", None),
        ];
        for (url, want) in table {
            let got = Object::of(url).map(|o| (o.root.clone(), o.key.clone(), o.path().display().to_string()));
            assert_eq!(got, want.map(|(root, key, path)| (root.to_owned(), key.to_owned(), path.to_owned())), "{url}");
        }
    }
}
