//! Bytes to text: compression is taken off by content, never by name, and UTF-16 becomes UTF-8.
//!
//! Input: a [`Place`]. Output: a reader of its text. All is streamed. Must not know of names, nodes or lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::damage::Guard;
use super::kept::{Codec, Kept};
use super::place::{Place, Raw, Sum};

/// Compression within compression that is taken off.
const DEPTH: usize = 4;

/// Bytes at the beginning that tell what they are: a tar says so after 257.
pub(super) const HEAD_BYTES: usize = 4096;

/// Bytes of packed input that are read at a time.
const PACKED_BYTES: usize = 64 * 1024;

/// Bytes that a decoder is asked for at once where a failing call loses what it had unpacked so far.
const CAREFUL_BYTES: usize = 8 * 1024;

/// The most memory that a decoder may ask for, as a power of two: what `zstd --ultra -22` and `xz -9` need fits.
const WINDOW_LOG: u32 = 27;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packing {
    /// Bare deflate, as in a zip.
    Deflate,
    /// gzip, of any number of members.
    Gzip,
    /// Zstandard, of any number of frames.
    Zstd,
    /// xz, of any number of streams.
    Xz,
    /// bzip2, of any number of streams.
    Bzip2,
    /// lz4, of any number of frames.
    Lz4,
}

impl Packing {
    /// Every way that bytes are compressed in by themselves.
    pub const ALL: [Packing; 5] = [Packing::Gzip, Packing::Zstd, Packing::Xz, Packing::Bzip2, Packing::Lz4];

    /// Returns the name that a person knows it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Packing::Deflate => "deflate",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Xz => "xz",
            Packing::Bzip2 => "bzip2",
            Packing::Lz4 => "lz4",
        }
    }

    /// Returns a decoder.
    fn decoder<'a>(self, input: Box<dyn Read + Send + 'a>) -> io::Result<Box<dyn Read + Send + 'a>> {
        let input = BufReader::with_capacity(PACKED_BYTES, input);
        Ok(match self {
            Packing::Deflate => Box::new(Kept::new(input, Codec::deflate())),
            Packing::Gzip => Box::new(Kept::new(input, Codec::gzip())),
            Packing::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Box::new(Careful(decoder))
            }
            Packing::Xz => Box::new(Kept::new(input, Codec::xz(1 << WINDOW_LOG)?)),
            Packing::Bzip2 => Box::new(Careful(bzip2::bufread::MultiBzDecoder::new(input))),
            Packing::Lz4 => Box::new(Lz4(lz4_flex::frame::FrameDecoder::new(input))),
        })
    }
}

/// What bytes are, as their beginning shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Compressed.
    Packed(Packing),
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// Compressed or archived in a way that is not read here.
    Unknown(&'static str),
    /// Text with this byte order mark before it, or none.
    Utf8(usize),
    /// UTF-16.
    Utf16(&'static Encoding),
    /// UTF-32, which no server writes.
    Utf32,
}

impl Kind {
    /// Tells what begins with these bytes.
    pub(super) fn of(head: &[u8]) -> Kind {
        let magic: [(&[u8], Kind); 11] = [
            (b"\x1f\x8b\x08", Kind::Packed(Packing::Gzip)),
            (b"\x28\xb5\x2f\xfd", Kind::Packed(Packing::Zstd)),
            (b"\xfd7zXZ\0", Kind::Packed(Packing::Xz)),
            (b"\x04\x22\x4d\x18", Kind::Packed(Packing::Lz4)),
            (b"\x02\x21\x4c\x18", Kind::Packed(Packing::Lz4)),
            (b"PK\x03\x04", Kind::Zip),
            (b"PK\x05\x06", Kind::Zip),
            (b"7z\xbc\xaf\x27\x1c", Kind::Unknown("7z")),
            (b"Rar!\x1a\x07", Kind::Unknown("rar")),
            (b"\x1f\x9d", Kind::Unknown("compress")),
            (b"\xef\xbb\xbf", Kind::Utf8(3)),
        ];
        if let Some((_, kind)) = magic.iter().find(|(magic, _)| head.starts_with(magic)) {
            return *kind;
        }
        // a frame to be skipped, which parallel zstd writes first
        if head.len() > 4 && head[0] & 0xf0 == 0x50 && head[1..4] == *b"\x2a\x4d\x18" {
            return Kind::Packed(Packing::Zstd);
        }
        let block = head.get(4..10);
        if head.starts_with(b"BZh") && (block == Some(b"\x31\x41\x59\x26\x53\x59") || block == Some(b"\x17\x72\x45\x38\x50\x90")) {
            return Kind::Packed(Packing::Bzip2);
        }
        if head.get(257..262) == Some(b"ustar") {
            return Kind::Tar;
        }
        if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
            return Kind::Utf32;
        }
        match Encoding::for_bom(head) {
            Some((encoding, _)) if encoding == UTF_16LE || encoding == UTF_16BE => Kind::Utf16(encoding),
            _ => utf16_without_mark(head).map_or(Kind::Utf8(0), Kind::Utf16),
        }
    }
}

/// Tells UTF-16 by where its NULs are: nearly every other byte of a log's first line is one, and nearly none of the bytes between.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head[..head.len().min(256)].chunks_exact(2);
    let (mut first, mut second, all) = (0, 0, pairs.len());
    for pair in pairs {
        first += usize::from(pair[0] == 0);
        second += usize::from(pair[1] == 0);
    }
    match all {
        0..4 => None,
        _ if second * 4 >= all * 3 && first * 20 <= all => Some(UTF_16LE),
        _ if first * 4 >= all * 3 && second * 20 <= all => Some(UTF_16BE),
        _ => None,
    }
}

/// Text that can be read, and what it is besides.
pub(super) struct Text<'a> {
    /// The text; the archive itself where it is one.
    pub(super) read: Box<dyn Read + Send + 'a>,
    /// Something had to be unpacked for it.
    pub(super) packed: bool,
    /// What the unpacked bytes are.
    pub(super) kind: Kind,
}

/// Returns where the text of a file begins, which was not read before; `None` where it has to be unpacked.
pub(super) fn plain(file: &mut File) -> io::Result<Option<usize>> {
    let mut head = Vec::new();
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(if let Kind::Utf8(mark) = Kind::of(&head) { Some(mark) } else { None })
}

/// Opens the text at a place.
pub(super) fn open(place: &Place) -> io::Result<Text<'static>> {
    let raw = match place.raw()? {
        Raw::File(mut file) => {
            if let Some(mark) = plain(&mut file)? {
                // the file itself, so that a plain log is read without another layer
                file.seek(SeekFrom::Start(mark as u64))?;
                return Ok(Text { read: Box::new(file), packed: false, kind: Kind::Utf8(mark) });
            }
            file.seek(SeekFrom::Start(0))?;
            Box::new(file)
        }
        Raw::Stream(stream) => stream,
    };
    match place {
        Place::Part { packing, sum, .. } => {
            let (input, name) = match packing {
                Some(packing) => (packing.decoder(raw)?, packing.name().to_owned()),
                None => (raw, String::new()),
            };
            let input: Box<dyn Read + Send> = match sum {
                Some(sum) => Box::new(Summed::new(input, *sum)),
                None => input,
            };
            unpack(input, name)
        }
        Place::Stdin(_) | Place::Pipe(_) | Place::Walked(_) | Place::File(_) | Place::Object(_) => unpack(raw, String::new()),
    }
}

/// Takes off what bytes are wrapped in.
pub(super) fn unpack<'a>(mut input: Box<dyn Read + Send + 'a>, mut packing: String) -> io::Result<Text<'a>> {
    let mut depth = 0;
    loop {
        let mut guard = Guard::new(input, packing.clone());
        let mut head = Vec::new();
        let failed = (&mut guard).take(HEAD_BYTES as u64).read_to_end(&mut head).err();
        let kind = Kind::of(&head);
        // what came before a failure is delivered before it
        let rest: Box<dyn Read + Send + 'a> = match failed {
            Some(error) => Box::new(Cursor::new(head).chain(Fails(Some(error)))),
            None => Box::new(Cursor::new(head).chain(guard)),
        };
        match kind {
            Kind::Packed(next) if depth < DEPTH => {
                depth += 1;
                packing = if packing.is_empty() { next.name().to_owned() } else { format!("{} in {packing}", next.name()) };
                input = next.decoder(rest)?;
            }
            Kind::Packed(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("is packed more than {DEPTH} times ({packing})"))),
            Kind::Utf8(mark) => {
                let mut read = rest;
                io::copy(&mut (&mut read).take(mark as u64), &mut io::sink())?;
                return Ok(Text { read, packed: depth > 0 || !packing.is_empty(), kind });
            }
            Kind::Utf16(encoding) => {
                let read = encoding_rs_io::DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).strip_bom(true).build(rest);
                return Ok(Text { read: Box::new(Guard::new(read, packing)), packed: true, kind });
            }
            Kind::Utf32 => return Err(io::Error::new(io::ErrorKind::InvalidData, "is written in UTF-32; turn it into UTF-8: iconv -f UTF-32 -t UTF-8")),
            Kind::Unknown(how) => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("is packed with {how}, which is not read; unpack it first"))),
            Kind::Zip | Kind::Tar => return Ok(Text { read: rest, packed: depth > 0 || !packing.is_empty(), kind }),
        }
    }
}

/// Fails once.
pub(super) struct Fails(pub(super) Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Asks a decoder for little at once.
struct Careful<R>(R);

impl<R: Read> Read for Careful<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(CAREFUL_BYTES);
        self.0.read(&mut buf[..n])
    }
}

/// Reads frame after frame: the decoder ends at the end of each.
struct Lz4<R: Read>(lz4_flex::frame::FrameDecoder<R>);

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match self.0.read(buf) {
                Ok(0) if !self.0.get_mut().fill_buf()?.is_empty() => {}
                other => return other,
            }
        }
    }
}

/// Compares what was unpacked with what the archive says of it.
pub(super) struct Summed<R> {
    input: R,
    want: Sum,
    size: u64,
    crc: crc32fast::Hasher,
}

impl<R> Summed<R> {
    pub(super) fn new(input: R, want: Sum) -> Self {
        Summed { input, want, size: 0, crc: crc32fast::Hasher::new() }
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        if self.want.crc.is_some() {
            self.crc.update(&buf[..n]);
        }
        self.size += n as u64;
        if n == 0 && !buf.is_empty() {
            if self.size < self.want.size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.size != self.want.size || self.want.crc.is_some_and(|crc| crc != self.crc.clone().finalize()) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its check sum is wrong"));
            }
        }
        Ok(n)
    }
}
