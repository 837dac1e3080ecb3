//! Archives: what is in a zip or a tar.
//!
//! Input: a place. Output: the members' places where they can be opened one by one (a zip, a tar that is not compressed), else the members one after
//! the other. Nothing is written to disk: a member's path is only a name. Must not know which members belong together.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use super::decode::{self, Kind, Packing, Summed};
use super::place::{Place, Sum};
use super::tar::Tar;
use super::{Damage, Find, Problem};

/// Members that are looked at; who has more of them means harm, and each costs memory as a node of its own.
const MEMBERS: usize = 20_000;

/// Archives within archives that are walked.
const DEPTH: usize = 4;

/// A member that can be opened by itself.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path in the archive.
    pub(super) path: PathBuf,
    pub(super) place: Place,
    /// Its size as it lies there.
    pub(super) size: u64,
}

/// An archive whose members come one after the other and cannot be opened by themselves: a compressed tar, or one that is piped in.
#[derive(Debug, Clone)]
pub struct ArchiveSource {
    /// Where its bytes are.
    pub place: Place,
    /// Its path; `None` for standard input.
    pub path: Option<PathBuf>,
    /// How outputs name it.
    pub name: String,
    /// Its size in bytes as it lies there, where it is known.
    pub size: u64,
    /// When it was last written.
    pub modified: Option<chrono::DateTime<chrono::Utc>>,
    /// A person named it.
    pub named: bool,
}

/// A member of an archive, open.
pub struct Member<'a> {
    /// Its path, that of the archive first.
    pub path: PathBuf,
    /// Its size as it lies in the archive.
    pub size: u64,
    /// Its text: compression is taken off as of any other source.
    pub read: &'a mut (dyn Read + Send),
}

/// Takes a member.
pub type Each<'e> = &'e mut dyn FnMut(Member<'_>) -> io::Result<()>;

impl ArchiveSource {
    /// Hands out the members that are wanted, in their order, archives within included; what is wrong with single ones goes to `problems`.
    ///
    /// # Errors
    /// When the archive cannot be read on, or `each` fails.
    pub fn walk(&self, find: &Find, problems: &mut Vec<Problem>, each: Each<'_>) -> io::Result<()> {
        let text = decode::open(&self.place)?;
        let root = self.path.clone().unwrap_or_default();
        let mut walk = Walk { find, problems, each, seen: 0, wanted: 0 };
        let mut read = text.read;
        walk.tar(&mut read, &root, Path::new(""), 0)?;
        if walk.wanted == 0 {
            problems.push(Problem::NoLogs { path: self.name.clone(), by_glob: find.glob.is_some() });
        }
        Ok(())
    }
}

struct Walk<'w> {
    find: &'w Find,
    problems: &'w mut Vec<Problem>,
    each: Each<'w>,
    seen: usize,
    wanted: usize,
}

impl Walk<'_> {
    /// Walks a tar; `below` is the path of what is walked below the archive that was found.
    fn tar(&mut self, read: &mut (dyn Read + Send), root: &Path, below: &Path, depth: usize) -> io::Result<()> {
        let mut tar = Tar::new(read);
        while let Some(head) = tar.next()? {
            self.seen += 1;
            if self.seen > MEMBERS {
                self.problems.push(Problem::Crowded { path: root.display().to_string(), members: MEMBERS });
                return Ok(());
            }
            let path = below.join(&head.path);
            let span = Tar::<&[u8]>::span(head.size)?;
            let mut read = (&mut tar.read).take(head.size);
            if head.is_sparse {
                self.problems.push(Problem::Skipped { path: root.join(&path).display().to_string(), why: "it is stored with gaps".into() });
            } else if head.is_file && self.find.wants(&path) {
                self.member(&mut read, root, &path, head.size, depth)?;
            }
            // what was not read of a member, and what fills it up, lies before the next one
            let rest = read.limit() + (span - head.size);
            if io::copy(&mut (&mut tar.read).take(rest), &mut io::sink())? < rest {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the archive is cut off"));
            }
        }
        Ok(())
    }

    fn member(&mut self, read: &mut (dyn Read + Send), root: &Path, below: &Path, size: u64, depth: usize) -> io::Result<()> {
        let path = root.join(below);
        let text = match decode::unpack(Box::new(Summed::new(read, Sum { size, crc: None })), String::new()) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(Problem::of(path.display().to_string(), error));
                return Ok(());
            }
        };
        let mut read = text.read;
        match text.kind {
            Kind::Zip => self.problems.push(Problem::Zip { path: path.display().to_string() }),
            Kind::Tar if depth >= DEPTH => self.problems.push(Problem::Nested { path: path.display().to_string(), depth: DEPTH }),
            Kind::Tar => {
                // damage inside it is its own
                if let Err(error) = self.tar(&mut read, root, below, depth + 1) {
                    if Damage::of(&error).is_none() && error.kind() != io::ErrorKind::InvalidData {
                        return Err(error);
                    }
                    self.problems.push(Problem::of(path.display().to_string(), error));
                }
            }
            _ => {
                self.wanted += 1;
                (self.each)(Member { path, size, read: &mut read })?;
            }
        }
        Ok(())
    }
}

/// Lists the members of a tar that is not compressed.
pub(super) fn tar(path: &Path, problems: &mut Vec<Problem>) -> io::Result<Vec<Entry>> {
    let mut tar = Tar::new(File::open(path)?);
    let mut entries = Vec::new();
    loop {
        let head = match tar.next() {
            Ok(Some(head)) => head,
            Ok(None) => break,
            Err(error) => {
                // those before it can be read
                problems.push(Problem::Unreadable { path: path.display().to_string(), error });
                break;
            }
        };
        if entries.len() >= MEMBERS {
            problems.push(Problem::Crowded { path: path.display().to_string(), members: MEMBERS });
            break;
        }
        let (offset, size) = (tar.at, head.size);
        tar.at = offset.saturating_add(Tar::<File>::span(size)?);
        tar.read.seek(SeekFrom::Start(tar.at))?;
        if head.is_sparse {
            problems.push(Problem::Skipped { path: path.join(&head.path).display().to_string(), why: "it is stored with gaps".into() });
        } else if head.is_file {
            let place = Place::Part { file: path.to_owned(), offset, length: size, packing: None, sum: Some(Sum { size, crc: None }) };
            entries.push(Entry { path: head.path, place, size });
        }
    }
    Ok(entries)
}

/// Lists the members of a zip.
pub(super) fn zip(path: &Path, problems: &mut Vec<Problem>) -> io::Result<Vec<Entry>> {
    let mut file = File::open(path)?;
    if members(&mut file)?.is_some_and(|n| n > MEMBERS as u64) {
        problems.push(Problem::Crowded { path: path.display().to_string(), members: 0 });
        return Ok(Vec::new());
    }
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(io::Error::from)?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let member = match archive.by_index_raw(index) {
            Ok(member) => member,
            Err(error) => {
                problems.push(Problem::Unreadable { path: path.display().to_string(), error: error.into() });
                continue;
            }
        };
        let name = clean(member.name_raw());
        if member.is_dir() || member.is_symlink() || member.name_raw().ends_with(b"/") {
            continue;
        }
        let refused =
            |why: String| Problem::Unreadable { path: path.join(&name).display().to_string(), error: io::Error::new(io::ErrorKind::Unsupported, why) };
        if member.encrypted() {
            problems.push(refused("it is encrypted; unpack the archive with its password first".into()));
            continue;
        }
        let packing = match member.compression() {
            CompressionMethod::STORE => None,
            CompressionMethod::DEFLATE => Some(Packing::Deflate),
            CompressionMethod::BZIP2 => Some(Packing::Bzip2),
            CompressionMethod::ZSTD | CompressionMethod::ZSTD_DEPRECATED => Some(Packing::Zstd),
            CompressionMethod::XZ => Some(Packing::Xz),
            other => {
                problems.push(refused(format!("it is packed in a way that is not read ({other}); unpack the archive first")));
                continue;
            }
        };
        let Some(offset) = member.data_start() else { continue };
        let (length, sum) = (member.compressed_size(), Sum { size: member.size(), crc: Some(member.crc32()) });
        entries.push(Entry { path: name, place: Place::Part { file: path.to_owned(), offset, length, packing, sum: Some(sum) }, size: length });
    }
    Ok(entries)
}

/// Returns how many members a zip says that it has, from the record at its end: listing them takes memory.
fn members(file: &mut File) -> io::Result<Option<u64>> {
    /// The record and the longest comment behind it.
    const TAIL: u64 = 22 + 65_535;
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06").filter(|at| tail.len() >= at + 22) else { return Ok(None) };
    let of_record = u64::from(u16::from_le_bytes([tail[at + 10], tail[at + 11]]));
    if of_record < u64::from(u16::MAX) {
        return Ok(Some(of_record));
    }
    // a longer count stands in a record of its own, right before
    let Some(long) = memchr::memmem::rfind(&tail[..at], b"PK\x06\x06") else { return Ok(Some(of_record)) };
    Ok(tail.get(long + 32..long + 40).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes))
}

/// Makes a member's path a mere name: nothing of it leads out of the archive.
pub(super) fn clean(path: &[u8]) -> PathBuf {
    let text = String::from_utf8_lossy(path).replace('\\', "/");
    Path::new(&text).components().filter(|c| matches!(c, Component::Normal(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_path_is_only_a_name() {
        for (path, want) in [("../../etc/x.log", "etc/x.log"), ("/etc/x.log", "etc/x.log"), ("./a/b.log", "a/b.log"), ("a\\..\\b.log", "a/b.log")] {
            assert_eq!(clean(path.as_bytes()), Path::new(want), "{path}");
        }
    }
}
