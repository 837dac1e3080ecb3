//! A file that is written in one piece or not at all.
//!
//! What holds names and addresses can only be read by its owner, whatever the umask. Nothing is written through a link, so that a link that
//! somebody left where the page goes leads nowhere.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A link stands there.
    #[error("it is a symbolic link, and nothing is written through one")]
    Link,
    /// Something stands there that is no file.
    #[error("it is there already, and is no file")]
    NoFile,
    /// Its folder is not there.
    #[error("its folder is not there")]
    NoFolder,
    /// The system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl TargetError {
    /// Returns what to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            TargetError::Link => "remove the link, or name the file that it leads to",
            TargetError::NoFile => "choose another name",
            TargetError::NoFolder => "make the folder first, or choose another",
            TargetError::Io(_) => "choose another folder with -o, or leave -o out and write to standard output",
        }
    }
}

/// Who can read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner.
    Owner,
    /// Everybody whom the umask lets.
    All,
}

/// Writes a file; a file of that name is replaced once the new one is complete.
pub fn write(path: &Path, readers: Readers, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), TargetError> {
    let folder = check(path)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kctriage-");
    // its mode is 0600 from the start otherwise, and a rename follows no link
    #[cfg(unix)]
    if readers == Readers::All {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut file = BufWriter::new(builder.tempfile_in(&folder)?);
    content(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// Returns the folder of a file that may be written.
pub fn check(path: &Path) -> Result<PathBuf, TargetError> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_symlink() => return Err(TargetError::Link),
        Ok(meta) if !meta.is_file() => return Err(TargetError::NoFile),
        _ => {}
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(TargetError::NoFolder);
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn fill(text: &'static str) -> impl FnOnce(&mut dyn Write) -> io::Result<()> {
        move |out| out.write_all(text.as_bytes())
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("page.html");
        write(&path, Readers::Owner, fill("one")).expect("written");
        write(&path, Readers::Owner, fill("two")).expect("replaced");
        let failed = write(&path, Readers::Owner, |out| out.write_all(b"half").and(Err(io::ErrorKind::StorageFull.into())));
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "two");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing is left behind");
        assert!(matches!(write(dir.path(), Readers::Owner, fill("x")), Err(TargetError::NoFile)));
        assert!(matches!(write(&dir.path().join("no/page.html"), Readers::Owner, fill("x")), Err(TargetError::NoFolder)));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it_and_no_link_is_followed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().expect("a folder");
        let (victim, link) = (dir.path().join("victim"), dir.path().join("page.html"));
        fs::write(&victim, "mine").expect("a file");
        symlink(&victim, &link).expect("a link");
        assert!(matches!(write(&link, Readers::Owner, fill("x")), Err(TargetError::Link)));
        symlink(dir.path().join("nowhere"), dir.path().join("b.html")).expect("a link");
        assert!(matches!(write(&dir.path().join("b.html"), Readers::Owner, fill("x")), Err(TargetError::Link)));
        assert_eq!(fs::read_to_string(&victim).expect("a file"), "mine");
        let path = dir.path().join("own.html");
        write(&path, Readers::Owner, fill("x")).expect("written");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }
}
