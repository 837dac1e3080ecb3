//! A store, connected: what it lists, and pieces of its objects.
//!
//! Input: the URL of a bucket or folder. Output: objects and bytes. The runtime that the requests need is here and nowhere else; it uses the thread
//! that asks. Credentials and endpoints come from the environment, as the builders of `object_store` read them.

use std::future::ready;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, Error, GetOptions, GetRange, ObjectMeta, ObjectStore, RetryConfig};
use tokio::runtime::{Builder, Runtime};

use super::{Find, Listed, Object, Problem};

/// Tries of a request after the first.
const RETRIES: usize = 5;

/// How long a request may be tried.
const RETRY_TIME: Duration = Duration::from_secs(60);

/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// A store that can be asked.
pub(super) struct Store {
    runtime: Runtime,
    objects: Box<dyn ObjectStore>,
    root: String,
}

/// What a request for a piece brought.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// The size of the whole object.
    pub(super) size: u64,
    /// What changes when the object does.
    pub(super) tag: Option<String>,
}

/// The bytes of a whole object, as they come.
pub(super) type Body = BoxStream<'static, Result<Vec<u8>, Error>>;

impl Store {
    /// Gets ready; nothing is sent yet.
    pub(super) fn connect(root: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let store = |objects| Store { runtime, objects, root: root.to_owned() };
        objects(root).map(store).map_err(|error| said(root, &error))
    }

    /// Whether it is a mere web server: what it can do is not known before.
    pub(super) fn is_web(&self) -> bool {
        self.root.starts_with("http")
    }

    /// Returns a piece of an object; less than was asked for at its end.
    pub(super) fn piece(&self, key: &str, range: &Range<u64>) -> io::Result<Piece> {
        let at = self.key(key)?;
        let options = || GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let fetch = || async {
            let got = self.objects.get_opts(&at, options()).await?;
            let (size, tag) = (got.meta.size, got.meta.e_tag.clone());
            let wanted = got.range.clone();
            // a body that breaks off is resumed where the store names the object's version, else begun anew
            let bytes = match (got.bytes().await, &tag) {
                (Err(_), None) => self.objects.get_opts(&at, options()).await?.bytes().await?,
                (bytes, _) => bytes?,
            };
            Ok((Piece { bytes: bytes.into(), size, tag }, wanted))
        };
        let (piece, wanted) = self.runtime.block_on(fetch()).map_err(|error| self.said(&error))?;
        if piece.bytes.len() as u64 != wanted.end - wanted.start {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the store sent less than it said"));
        }
        Ok(piece)
    }

    /// Begins to read an object as a whole.
    pub(super) fn whole(&self, key: &str) -> io::Result<Body> {
        let at = self.key(key)?;
        let got = self.runtime.block_on(self.objects.get_opts(&at, GetOptions::default())).map_err(|error| self.said(&error))?;
        Ok(got.into_stream().map_ok(Into::into).boxed())
    }

    /// Returns what comes next of a whole object.
    pub(super) fn next(&self, body: &mut Body) -> Option<io::Result<Vec<u8>>> {
        // an empty piece would look like the end
        let mut pieces = body.try_filter(|piece| ready(!piece.is_empty()));
        self.runtime.block_on(pieces.next()).map(|next| next.map_err(|error| self.said(&error)))
    }

    /// Returns what the store says of an object; `None` if there is none.
    fn head(&self, key: &str) -> io::Result<Option<ObjectMeta>> {
        let at = self.key(key)?;
        let options = GetOptions { head: true, ..GetOptions::default() };
        match self.runtime.block_on(self.objects.get_opts(&at, options)) {
            Ok(got) => Ok(Some(got.meta)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.said(&error)),
        }
    }

    /// Returns what is below a prefix, by name.
    fn below(&self, prefix: &str) -> io::Result<Vec<ObjectMeta>> {
        let at = self.key(prefix)?;
        let mut all: Vec<ObjectMeta> = self.runtime.block_on(self.objects.list(Some(&at)).try_collect()).map_err(|error| self.said(&error))?;
        all.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(all)
    }

    /// Returns a name as the store takes it: that of a web server is part of a URL, others are what they are.
    fn key(&self, key: &str) -> io::Result<Key> {
        let parsed = if self.is_web() { Key::from_url_path(key) } else { Key::parse(key) };
        parsed.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
    }

    fn said(&self, error: &Error) -> io::Error {
        said(&self.root, error)
    }
}

/// Returns what an error means, without a query, which can be a signature.
fn said(root: &str, error: &Error) -> io::Error {
    let text = error.to_string();
    let is_bucket = ["NoSuchBucket", "ContainerNotFound", "The specified bucket"].iter().any(|b| text.contains(b));
    match error {
        _ if is_bucket => io::Error::new(io::ErrorKind::NotFound, "the store has no such bucket"),
        Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, "the store has no such object"),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the store refuses it; credentials come from the environment (AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_NAME, …)",
        ),
        _ => {
            let query = root.split_once('?').map_or("", |(_, query)| query);
            io::Error::other(if query.is_empty() { text } else { text.replace(query, "…") })
        }
    }
}

fn objects(root: &str) -> Result<Box<dyn ObjectStore>, Error> {
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(5), base: 2.0 },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIME,
    };
    Ok(match root.split(':').next() {
        Some("s3") => Box::new(AmazonS3Builder::from_env().with_url(root).with_retry(retry).build()?),
        Some("gs") => Box::new(GoogleCloudStorageBuilder::from_env().with_url(root).with_retry(retry).build()?),
        Some("az") => Box::new(MicrosoftAzureBuilder::from_env().with_url(root).with_retry(retry).build()?),
        _ => {
            // what comes as a whole can take as long as it takes
            let client = ClientOptions::new().with_allow_http(true).with_timeout_disabled().with_read_timeout(SILENCE);
            Box::new(HttpBuilder::new().with_url(root).with_client_options(client).with_retry(retry).build()?)
        }
    })
}

/// Lists the objects that a URL stands for.
pub(super) fn list(typed: &Object, find: &Find, files: &mut Vec<Listed>, problems: &mut Vec<Problem>) -> io::Result<()> {
    let store = Store::connect(&typed.root)?;
    let mut add = |object: Object, named| files.push(Listed { path: object.path(), named, pipe: false, object: Some(object) });
    let below_root =
        |meta: &ObjectMeta| Object { root: typed.root.clone(), key: meta.location.to_string(), size: Some(meta.size), modified: Some(meta.last_modified) };
    let path = || typed.path().display().to_string();
    let is_folder = typed.key.is_empty() || typed.key.ends_with('/');
    if store.is_web() && !is_folder {
        // whether it is there is seen when it is opened: a signed URL is good for that and nothing else
        add(typed.clone(), true);
        return Ok(());
    }
    if !is_folder && let Some(meta) = store.head(&typed.key)? {
        add(below_root(&meta), true);
        return Ok(());
    }
    let (prefix, pattern) = match typed.key.find(['*', '?', '[']) {
        Some(at) if !store.is_web() => typed.key.split_at(typed.key[..at].rfind('/').map_or(0, |slash| slash + 1)),
        _ => (typed.key.as_str(), ""),
    };
    let globs = (!pattern.is_empty()).then(|| Find::globs([format!("./{pattern}").as_str()])).transpose().map_err(io::Error::other)?;
    let is_pattern = globs.is_some();
    let find = Find { glob: globs.or_else(|| find.glob.clone()), ..find.clone() };
    let refused = |error: io::Error| io::Error::other(format!("a web server lists only what it shares by WebDAV; name the logs themselves ({error})"));
    let all = store.below(prefix).map_err(|error| if store.is_web() { refused(error) } else { error })?;
    let wanted = all.iter().filter(|meta| {
        let key = meta.location.as_ref();
        find.wants(Path::new(key.strip_prefix(prefix).unwrap_or(key).trim_start_matches('/')))
    });
    let mut count = 0;
    for meta in wanted {
        count += 1;
        add(below_root(meta), is_pattern);
    }
    match count {
        0 if is_pattern => problems.push(Problem::NoMatch { pattern: path() }),
        0 if all.is_empty() && !is_folder => return Err(io::Error::new(io::ErrorKind::NotFound, "the store has no such object")),
        0 => problems.push(Problem::NoLogs { path: path(), by_glob: find.glob.is_some() }),
        _ => {}
    }
    Ok(())
}
