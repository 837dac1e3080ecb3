//! The few operations on a folder that a state is made of, each durable or not as the name says.
//!
//! Must not know what is in the files. A test puts one in its place that records, fails or forgets.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A folder of small files.
pub trait Disk {
    /// Reads a file; `None` where there is none.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;
    /// Writes a file anew, readable by its owner alone, and waits until its bytes are on the disk.
    fn write(&self, name: &str, content: &[u8]) -> io::Result<()>;
    /// Gives a file another name, in the place of one that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Waits until the names are on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// A folder on the disk.
#[derive(Debug)]
pub struct Folder(pub(super) PathBuf);

impl Folder {
    /// Makes a folder that is its owner's alone, unless it is there.
    pub(super) fn make(dir: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
        Ok(Folder(dir.to_owned()))
    }
}

impl Disk for Folder {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut content = Vec::new();
        match File::open(self.0.join(name)) {
            Ok(mut file) => file.read_to_end(&mut content).map(|_| Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut file = private(&self.0.join(name), OpenOptions::new().write(true).truncate(true))?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        #[cfg(unix)]
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}

/// Opens a file that is its owner's alone, whatever the process's mask is.
fn private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        // a link in its place would lead the state elsewhere
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// Takes a lock, which ends with the process; where another has it, returns what that one wrote into it.
pub(super) fn lock(path: &Path) -> io::Result<Result<File, Option<String>>> {
    let mut file = private(path, OpenOptions::new().read(true).write(true))?;
    #[cfg(unix)]
    {
        use rustix::fs::{FlockOperation, flock};
        if let Err(errno) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if errno != rustix::io::Errno::WOULDBLOCK {
                return Err(errno.into());
            }
            let mut pid = String::new();
            file.read_to_string(&mut pid)?;
            return Ok(Err(Some(pid.trim().to_owned()).filter(|p| !p.is_empty())));
        }
    }
    // who cannot write it holds it all the same: it is for people
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(Ok(file))
}
