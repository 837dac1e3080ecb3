//! Alerts in a file, one JSON object a line.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use kctriage::alert::Alert;
use kctriage::report::alert::ndjson;

use super::delivery::{Failure, Receive};

/// Appends to a file. It is opened for each alert, so that it may be rotated.
pub struct ToFile(pub PathBuf);

/// Says what is wrong with a place for a file, if anything is.
pub fn check(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Err("it is a folder".into());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err("its folder is not there".into());
    }
    // a pipe would wait for its reader
    if path.is_file() || !path.exists() {
        open(path).map_err(|e| format!("it cannot be written: {e}"))?;
    }
    Ok(())
}

/// Opens a file that its owner can write, and its group can read.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path)
}

impl Receive for ToFile {
    fn name(&self) -> String {
        format!("alert file {}", self.0.display())
    }

    fn send(&mut self, alert: &Alert) -> Result<(), Failure> {
        // one write, so that a line of another process cannot come between
        open(&self.0).and_then(|mut file| file.write_all(&ndjson(alert))).map_err(|e| Failure::again(e.to_string()))
    }
}
