//! The newest reading, between the run that posts it and those who look at it.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use kctriage::report::prometheus::{Form, Reading, render};
use kctriage::report::redact::Redactor;

/// A run that gave no sign of life for so long hangs. A look at the files takes a quarter of a second; a big backlog or a slow disk some seconds.
const HANGS: Duration = Duration::from_secs(60);

/// Where readings are posted.
pub struct Board {
    redactor: Option<Redactor>,
    posted: Mutex<Option<Arc<Reading>>>,
    pulse: Mutex<Pulse>,
    /// Pages of the newest reading. One is made at a time, and once for everybody who asks: a crowd of scrapers costs no more than one.
    pages: Mutex<Pages>,
}

/// When the run gave a sign of life, and what it said.
struct Pulse {
    at: Instant,
    unready: Option<&'static str>,
}

#[derive(Default)]
struct Pages {
    of: Option<Arc<Reading>>,
    made: HashMap<(Form, bool), Arc<[u8]>>,
}

/// Nothing that is held here is ever half done, so that a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    pub fn new(redactor: Option<Redactor>) -> Self {
        let pulse = Pulse { at: Instant::now(), unready: Some("the run has not begun yet") };
        Board { redactor, posted: Mutex::default(), pulse: Mutex::new(pulse), pages: Mutex::default() }
    }

    /// Takes the place of the reading before.
    pub fn post(&self, reading: Reading) {
        *lock(&self.posted) = Some(Arc::new(reading));
    }

    /// Takes a sign of life.
    pub fn beat(&self, unready: Option<&'static str>) {
        *lock(&self.pulse) = Pulse { at: Instant::now(), unready };
    }

    /// Says what is wrong where the run does not move.
    pub fn ill(&self) -> Option<String> {
        let silent = lock(&self.pulse).at.elapsed();
        (silent >= HANGS).then(|| format!("the run has not moved for {} s", silent.as_secs()))
    }

    /// Says why nobody should rely on the run.
    pub fn unready(&self) -> Option<String> {
        self.ill().or_else(|| lock(&self.pulse).unready.map(str::to_owned))
    }

    /// Returns the newest reading as text, packed where that is asked for; `None` as long as there is none.
    pub fn page(&self, form: Form, packed: bool) -> Option<Arc<[u8]>> {
        let mut pages = lock(&self.pages);
        let newest = Arc::clone(lock(&self.posted).as_ref()?);
        if !pages.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &newest)) {
            *pages = Pages { of: Some(Arc::clone(&newest)), made: HashMap::new() };
        }
        let page = pages.made.entry((form, packed)).or_insert_with(|| {
            let text = render(&newest, form, self.redactor.as_ref());
            if packed { gzip(text.as_bytes()).unwrap_or_default().into() } else { text.into_bytes().into() }
        });
        Some(Arc::clone(page))
    }
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text)?;
    packer.finish()
}
