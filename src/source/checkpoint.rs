//! A state on the disk: one block of bytes that is replaced as a whole, so that whatever interrupts a save leaves one that is valid.
//!
//! Input: bytes. Output: the bytes of the newest valid save. Must not know what they mean. A state belongs to one host and one set of paths
//! ([`fingerprint`]), and one process holds it at a time.
//!
//! The folder has `state`, the save before it in `state.bak`, while one is written `state.tmp`, and `lock`. A file is a head (the word `KCTSTATE`, the schema,
//! the fingerprint, the number of the save and the length, little-endian), the bytes, and the CRC-32 of all before. Whatever changes in later
//! schemas, this frame does not.

mod disk;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::follow::Target;
use disk::{Disk, Folder};

/// The schema of what is saved; a state of an older one is not read by this version, one of a newer one is left alone.
pub const SCHEMA: u32 = 1;

/// How a file begins.
const MAGIC: &[u8; 8] = b"KCTSTATE";

/// Bytes before those that were saved: the word, the schema, the fingerprint, the number of the save, the length.
const HEAD_BYTES: usize = 8 + 4 + 8 + 8 + 8;

/// Bytes of the check sum.
const SUM_BYTES: usize = 4;

/// The file that is being written.
const TMP: &str = "state.tmp";

/// The save that counts.
const MAIN: &str = "state";

/// The one before.
const BAK: &str = "state.bak";

/// The file that says who holds the folder.
const LOCK: &str = "lock";

/// Damaged files that are kept.
const KEPT: u32 = 100;

/// Why a state is not used. Nothing of it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Another process holds it.
    #[error("{dir}: is in use by another kctriage{}; end that one or give this one a --state of its own", pid.as_ref().map(|p| format!(" (process {p})")).unwrap_or_default())]
    Held {
        /// The folder.
        dir: String,
        /// The other's number.
        pid: Option<String>,
    },
    /// A later version wrote it.
    #[error("{dir}: was written by a later version of kctriage (schema {schema}, this one reads {SCHEMA}); use that version or another folder")]
    Newer {
        /// The folder.
        dir: String,
        /// Its schema.
        schema: u32,
    },
    /// It is of another host or of other paths.
    #[error("{dir}: is the state of another host or of other paths; use another folder for these")]
    Other {
        /// The folder.
        dir: String,
    },
    /// None of its saves is valid.
    #[error("{dir}: its state is damaged, and so is the save before it")]
    Damaged {
        /// The folder.
        dir: String,
    },
    /// The folder cannot be used.
    #[error("{dir}: cannot be used: {error}")]
    Unusable {
        /// The folder.
        dir: String,
        /// The system's word.
        error: io::Error,
    },
}

/// What a folder held.
#[derive(Debug, PartialEq, Eq)]
pub enum Loaded {
    /// No state was ever saved.
    Nothing,
    /// The newest valid save.
    Valid {
        /// What was saved.
        bytes: Vec<u8>,
        /// Files that were damaged and are kept under these names.
        damaged: Vec<PathBuf>,
    },
    /// There was a state and none of it is valid; what to do is not to be guessed, and nothing was changed ([`State::put_aside`]).
    Bad {
        /// Its files.
        damaged: Vec<PathBuf>,
    },
}

/// A folder that holds a state, held by this process.
#[derive(Debug)]
pub struct State<D = Folder> {
    disk: D,
    dir: PathBuf,
    fingerprint: u64,
    /// The number of the newest save.
    number: u64,
    /// Held as long as it is open.
    _lock: Option<File>,
}

/// Returns what tells a host and a set of targets from others; their order makes no difference.
#[must_use]
pub fn fingerprint(host: &str, targets: &[Target]) -> u64 {
    let mut texts: Vec<String> = targets
        .iter()
        .map(|target| match target {
            Target::Path(path) => format!("path {}", std::path::absolute(path).unwrap_or_else(|_| path.clone()).display()),
            Target::Stdin => "stdin".to_owned(),
            Target::Command(command) => format!("command {command:?}"),
        })
        .collect();
    texts.sort();
    texts.dedup();
    let mut hash = Xxh3::new();
    for text in std::iter::once(host).chain(texts.iter().map(String::as_str)) {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.digest()
}

/// Returns the name of this host.
#[must_use]
pub fn host() -> String {
    #[cfg(unix)]
    {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }
    #[cfg(not(unix))]
    {
        std::env::var("COMPUTERNAME").unwrap_or_default()
    }
}

/// Reads the newest valid save of a folder without holding it or changing anything: what a running process saved last can be looked at.
///
/// # Errors
/// When the folder cannot be read, its state is of a later version, or no save in it is valid.
pub fn peek(dir: &Path) -> Result<Option<Vec<u8>>, Refused> {
    let state = State { disk: Folder(dir.to_owned()), dir: dir.to_owned(), fingerprint: 0, number: 0, _lock: None };
    std::fs::read_dir(dir).map_err(|error| state.unusable(error))?;
    let found = state.newest()?;
    // half of a first save is no damage
    if found.newest.is_none() && found.damaged.iter().any(|name| *name != TMP) {
        return Err(Refused::Damaged { dir: state.dir.display().to_string() });
    }
    Ok(found.newest.map(|(_, frame)| frame.bytes))
}

impl State {
    /// Takes a folder, made if there is none.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be used.
    pub fn open(dir: &Path, fingerprint: u64) -> Result<Self, Refused> {
        let refuse = |error| Refused::Unusable { dir: dir.display().to_string(), error };
        let folder = Folder::make(dir).map_err(refuse)?;
        match disk::lock(&dir.join(LOCK)).map_err(refuse)? {
            Ok(lock) => Ok(State { disk: folder, dir: dir.to_owned(), fingerprint, number: 0, _lock: Some(lock) }),
            Err(pid) => Err(Refused::Held { dir: dir.display().to_string(), pid }),
        }
    }
}

/// A file's content.
struct Frame {
    schema: u32,
    fingerprint: u64,
    number: u64,
    bytes: Vec<u8>,
}

/// What is in a folder.
struct Look {
    /// The newest valid file.
    newest: Option<(&'static str, Frame)>,
    /// The valid ones.
    valid: Vec<&'static str>,
    /// The damaged ones.
    damaged: Vec<&'static str>,
}

impl<D: Disk> State<D> {
    fn unusable(&self, error: io::Error) -> Refused {
        Refused::Unusable { dir: self.dir.display().to_string(), error }
    }

    /// Finds the newest valid file.
    fn newest(&self) -> Result<Look, Refused> {
        let mut look = Look { newest: None, valid: Vec::new(), damaged: Vec::new() };
        for name in [TMP, MAIN, BAK] {
            let Some(content) = self.disk.read(name).map_err(|error| self.unusable(error))? else { continue };
            let Some(frame) = Frame::parse(&content) else {
                look.damaged.push(name);
                continue;
            };
            if frame.schema > SCHEMA {
                return Err(Refused::Newer { dir: self.dir.display().to_string(), schema: frame.schema });
            }
            look.valid.push(name);
            if look.newest.as_ref().is_none_or(|(_, newest)| frame.number > newest.number) {
                look.newest = Some((name, frame));
            }
        }
        Ok(look)
    }

    /// Returns what was saved last. Damaged files beside it are put aside, and a save that was interrupted is completed.
    ///
    /// # Errors
    /// When the state is of a later version, another host or other paths, or cannot be read.
    pub fn load(&mut self) -> Result<Loaded, Refused> {
        let look = self.newest()?;
        if look.newest.as_ref().is_some_and(|(_, frame)| frame.fingerprint != self.fingerprint) {
            return Err(Refused::Other { dir: self.dir.display().to_string() });
        }
        // an interrupted save leaves half a file beside whole ones, or as the only one: that is no damage
        let interrupted = look.newest.is_some() || look.damaged == [TMP];
        if !interrupted && !look.damaged.is_empty() {
            return Ok(Loaded::Bad { damaged: look.damaged.into_iter().map(|name| self.dir.join(name)).collect() });
        }
        let mut damaged = Vec::new();
        for name in look.damaged {
            if name == TMP {
                self.disk.remove(name).map_err(|error| self.unusable(error))?;
            } else {
                damaged.push(self.set_aside(name)?);
            }
        }
        let Some((name, frame)) = look.newest else { return Ok(Loaded::Nothing) };
        self.number = frame.number;
        if name == TMP {
            self.turn(look.valid.contains(&MAIN)).map_err(|error| self.unusable(error))?;
        } else if look.valid.contains(&TMP) {
            self.disk.remove(TMP).map_err(|error| self.unusable(error))?;
        }
        Ok(Loaded::Valid { bytes: frame.bytes, damaged })
    }

    /// Puts damaged files aside, so that there is no state; returns the names that they are kept under.
    ///
    /// # Errors
    /// When they cannot be renamed, or too many are kept already.
    pub fn put_aside(&self) -> Result<Vec<PathBuf>, Refused> {
        self.newest()?.damaged.into_iter().map(|name| self.set_aside(name)).collect()
    }

    /// Renames a damaged file to a name that is free; returns that.
    fn set_aside(&self, name: &str) -> Result<PathBuf, Refused> {
        let rename = || {
            for n in 1..=KEPT {
                let aside = format!("{name}.bad.{n}");
                if self.disk.read(&aside)?.is_none() {
                    self.disk.rename(name, &aside)?;
                    return Ok(self.dir.join(aside));
                }
            }
            Err(io::Error::other(format!("{KEPT} damaged states are kept already; look at them and remove them")))
        };
        rename().map_err(|error| self.unusable(error))
    }

    /// Saves; where that fails, what was saved before stays.
    ///
    /// # Errors
    /// When it cannot be written: the disk is full, or cannot be written to.
    pub fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        let frame = Frame { schema: SCHEMA, fingerprint: self.fingerprint, number: self.number + 1, bytes: Vec::new() }.write(bytes);
        if let Err(error) = self.disk.write(TMP, &frame) {
            let _ = self.disk.remove(TMP);
            return Err(error);
        }
        self.number += 1;
        let had = self.disk.read(MAIN)?.is_some();
        self.turn(had)
    }

    /// Puts a written file in the place of the one before.
    fn turn(&self, had: bool) -> io::Result<()> {
        if had {
            self.disk.rename(MAIN, BAK)?;
        }
        self.disk.rename(TMP, MAIN)?;
        self.disk.sync()
    }
}

impl Frame {
    fn parse(content: &[u8]) -> Option<Frame> {
        let (content, sum) = content.split_last_chunk::<SUM_BYTES>()?;
        let (head, bytes) = content.split_at_checked(HEAD_BYTES)?;
        if !head.starts_with(MAGIC) || crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return None;
        }
        let number = |at: usize| head.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        let schema = head.get(8..12).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)?;
        (number(28)? == bytes.len() as u64).then_some(())?;
        Some(Frame { schema, fingerprint: number(12)?, number: number(20)?, bytes: bytes.to_vec() })
    }

    fn write(&self, bytes: &[u8]) -> Vec<u8> {
        let mut content = Vec::with_capacity(HEAD_BYTES + bytes.len() + SUM_BYTES);
        content.extend_from_slice(MAGIC);
        content.extend_from_slice(&self.schema.to_le_bytes());
        for number in [self.fingerprint, self.number, bytes.len() as u64] {
            content.extend_from_slice(&number.to_le_bytes());
        }
        content.extend_from_slice(bytes);
        content.extend_from_slice(&crc32fast::hash(&content).to_le_bytes());
        content
    }
}

#[cfg(test)]
mod tests;
