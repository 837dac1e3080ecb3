//! Containers of bytes: however a log is compressed, archived, encoded or cut, the findings are the same; damage costs what is behind it and is
//! said.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kctriage::finding::Finding;
use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Problem, discover};
use kctriage::tally::Outcome;
use kctriage::triage::rules::Rules;
use tempfile::TempDir;

const LOG: &str = "tests/recordings/2673-plain/server.log";

/// A name, its suffix, and what packs bytes so.
type Codec = (&'static str, fn(&[u8]) -> Vec<u8>);

const CODECS: [Codec; 5] = [("gz", gzip), ("zst", zstandard), ("xz", xz), ("bz2", bzip2), ("lz4", lz4)];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("an encoder");
    encoder.include_checksum(true).expect("a check sum");
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 2);
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new().content_checksum(true).block_checksums(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

/// Packs two halves one behind the other.
fn twice(pack: fn(&[u8]) -> Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    let (a, b) = bytes.split_at(bytes.len() / 2);
    [pack(a), pack(b)].concat()
}

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, bytes).expect("written");
    path
}

fn scan_with(paths: &[PathBuf], options: &Options) -> (Vec<Finding>, Outcome) {
    let found = discover(paths, &Lines::default());
    let mut findings = Vec::new();
    let mut outcome = pipeline::run(&found, &Rules::builtin(), options, &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    })
    .expect("a run");
    outcome.problems.splice(0..0, found.problems);
    (findings, outcome)
}

fn scan(paths: &[PathBuf]) -> (Vec<Finding>, Outcome) {
    scan_with(paths, &Options { chunk_bytes: 1 << 14, ..Options::default() })
}

/// Findings without the names of their places.
fn placeless(findings: &[Finding]) -> Vec<String> {
    let mut all: Vec<String> = findings
        .iter()
        .map(|f| {
            let mut f = f.clone();
            (f.node, f.source, f.line) = (String::new(), String::new(), 0);
            for e in &mut f.evidence {
                (e.source, e.line) = (None, 0);
            }
            serde_json::to_string(&f).expect("JSON")
        })
        .collect();
    all.sort();
    all
}

#[test]
fn compression_makes_no_difference() {
    let log = fs::read(LOG).expect("a recording");
    let (want, plain) = scan(&[LOG.into()]);
    assert!(!want.is_empty());
    let dir = TempDir::new().expect("a folder");
    let nested = |bytes: &[u8]| CODECS.iter().take(4).fold(bytes.to_vec(), |b, (_, pack)| pack(&b));
    let mut forms: Vec<(String, Vec<u8>)> = vec![("nested.gz.zst.xz.bz2".into(), nested(&log)), ("gz-in-gz.log".into(), gzip(&gzip(&log)))];
    for (suffix, pack) in CODECS {
        forms.push((format!("one.log.{suffix}"), pack(&log)));
        forms.push((format!("two.log.{suffix}"), twice(pack, &log)));
        // by content, not by name
        forms.push((format!("{suffix}.txt"), pack(&log)));
    }
    for (name, bytes) in forms {
        let (got, outcome) = scan(&[put(dir.path(), &name, &bytes)]);
        assert!(outcome.problems.is_empty(), "{name}: {:?}", outcome.problems);
        assert!(placeless(&got) == placeless(&want), "{name}: {} findings of {}", got.len(), want.len());
        assert_eq!(outcome.books, plain.books_named(&name), "{name}");
        assert_eq!(got.iter().map(|f| f.line).collect::<Vec<_>>(), want.iter().map(|f| f.line).collect::<Vec<_>>(), "{name}");
    }
    let (_, outcome) = scan(&[put(dir.path(), "deep.gz", &(0..5).fold(log, |b, _| gzip(&b)))]);
    assert!(outcome.problems[0].to_string().contains("packed more than 4 times"), "{:?}", outcome.problems);
}

/// Books as if the source had another name.
trait Named {
    fn books_named(&self, name: &str) -> kctriage::books::Books;
}

impl Named for Outcome {
    fn books_named(&self, name: &str) -> kctriage::books::Books {
        let mut books = self.books.clone();
        for sample in &mut books.samples {
            name.clone_into(&mut sample.source);
        }
        books
    }
}

#[test]
fn rotated_files_may_each_be_packed_otherwise() {
    for run in ["2673-plain", "2673-json", "2405-plain"] {
        let path = Path::new("tests/recordings").join(run).join("server.log");
        let log = fs::read(&path).expect("a recording");
        let (want, _) = scan(&[path]);
        let dir = TempDir::new().expect("a folder");
        let part = log.len() / (CODECS.len() + 1);
        let mut paths = Vec::new();
        for (i, piece) in log.chunks(part + 1).enumerate() {
            let number = CODECS.len() - i;
            paths.push(match CODECS.get(i) {
                Some((suffix, pack)) => put(dir.path(), &format!("server.log.{number}.{suffix}"), &pack(piece)),
                None => put(dir.path(), "server.log", piece),
            });
        }
        let (got, outcome) = scan(&paths);
        assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
        assert!(placeless(&got) == placeless(&want), "{run}: {} findings of {}", got.len(), want.len());
    }
}

/// Returns the offset of the damage in a source.
fn damage(outcome: &Outcome, name: &str) -> Option<u64> {
    outcome.problems.iter().find_map(|p| match p {
        Problem::Damaged { path, damage } if path.ends_with(name) => Some(damage.offset),
        _ => None,
    })
}

#[test]
fn what_is_before_the_damage_is_read_and_the_damage_is_named() {
    let log = fs::read(LOG).expect("a recording");
    let other = fs::read("tests/recordings/2405-plain/server.log").expect("a recording");
    let dir = TempDir::new().expect("a folder");
    let other = put(dir.path(), "other/other.log", &other);
    let (alone, _) = scan(std::slice::from_ref(&other));
    // what a codec unpacks at once may be lost with the damage in it
    let unit = |suffix: &str| match suffix {
        "gz" | "xz" => 64 << 10,
        "zst" | "lz4" => 256 << 10,
        _ => 100_000,
    };
    for (suffix, pack) in CODECS {
        let packed = pack(&log);
        for share in [3, 10, 50, 90, 99] {
            let at = packed.len() * share / 100;
            let mut flipped = packed.clone();
            for byte in &mut flipped[at..(at + 8).min(packed.len())] {
                *byte ^= 0x5a;
            }
            for (what, bytes) in [("cut", packed[..at].to_vec()), ("flipped", flipped)] {
                let name = format!("{what}-{share}.log.{suffix}");
                let (got, outcome) = scan(&[put(dir.path(), &name, &bytes), other.clone()]);
                let offset = damage(&outcome, &name).unwrap_or_else(|| panic!("{name}: {:?}", outcome.problems));
                let source = outcome.sources.iter().find(|s| s.name == name).expect("the source");
                assert_eq!(source.books.bytes(), offset, "{name}: all that was unpacked was read");
                assert!(offset as usize + unit(suffix) >= log.len() * share / 100 / 2, "{name}: damaged after {offset} of {}", log.len());
                let rest: Vec<Finding> = got.iter().filter(|f| f.source == "other.log").cloned().collect();
                assert_eq!(rest.len(), alone.len(), "{name}");
                if what == "cut" {
                    // the same as of a file that ends there, which is what is left of it
                    let (want, _) = scan(&[put(dir.path(), "want.log", &log[..offset as usize])]);
                    let mine: Vec<Finding> = got.iter().filter(|f| f.source != "other.log").cloned().collect();
                    assert_eq!(mine.iter().map(|f| &f.id).collect::<Vec<_>>(), want.iter().map(|f| &f.id).collect::<Vec<_>>(), "{name}");
                }
            }
        }
    }
}

#[test]
fn garbage_behind_a_member_is_damage() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    for (suffix, pack) in CODECS {
        let name = format!("tail.log.{suffix}");
        let (got, outcome) = scan(&[put(dir.path(), &name, &[&pack(&log)[..], b"and more of something else"].concat())]);
        assert_eq!(damage(&outcome, &name), Some(log.len() as u64), "{name}: {:?}", outcome.problems);
        assert_eq!(got.len(), want.len(), "{name}");
    }
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn encodings_make_no_difference() {
    let text = fs::read_to_string(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let mut forms = vec![("utf8-mark.log".to_owned(), ["\u{feff}", &text].concat().into_bytes())];
    for (big, mark) in [(false, false), (false, true), (true, false), (true, true)] {
        forms.push((format!("{big}-{mark}.log"), utf16(&text, big, mark)));
        forms.push((format!("{big}-{mark}.log.gz"), gzip(&utf16(&text, big, mark))));
    }
    for (name, bytes) in forms {
        let (got, outcome) = scan(&[put(dir.path(), &name, &bytes)]);
        assert!(outcome.problems.is_empty(), "{name}: {:?}", outcome.problems);
        assert!(placeless(&got) == placeless(&want), "{name}: {} findings of {}", got.len(), want.len());
    }
    let utf32: Vec<u8> = std::iter::once('\u{feff}').chain(text.chars()).flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let (_, outcome) = scan(&[put(dir.path(), "utf32.log", &utf32)]);
    assert!(outcome.problems[0].to_string().contains("UTF-32"), "{:?}", outcome.problems);
}

#[test]
fn holes_of_nuls_are_no_lines() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let hole = vec![0; 3 << 20];
    let edge = log[..log.len() / 2].iter().rposition(|c| *c == b'\n').expect("a line") + 1;
    let half = edge + 30;
    // a copy was truncated under its writer, a log lost its power between two lines, and within one
    let forms = [
        ("front", [&hole, &log[..]].concat()),
        ("between", [&log[..edge], &hole, &log[edge..]].concat()),
        ("within", [&log[..edge], b"2026-11-23 18:22:00,000 INFO  [a.b] (ma", &hole, &log[edge..]].concat()),
        ("end", [&log[..], &hole].concat()),
    ];
    for (name, bytes) in &forms {
        for chunk_bytes in [700, 1 << 14, 1 << 20] {
            let (got, outcome) = scan_with(&[put(dir.path(), name, bytes)], &Options { chunk_bytes, ..Options::default() });
            assert!(placeless(&got) == placeless(&want), "{name}: {} findings of {}", got.len(), want.len());
            assert_eq!(outcome.books.bytes(), bytes.len() as u64, "{name}");
            assert!(outcome.books.damaged.abs_diff(hole.len() as u64) <= 1, "{name}: {}", outcome.books.damaged);
            let first = bytes.windows(64).position(|w| w.iter().all(|c| *c == 0)).map(|n| n as u64);
            assert_eq!(outcome.sources[0].dropped.first, first, "{name}");
            let last = |f: &[Finding]| f.last().map(|f| f.line);
            assert_eq!(last(&got), last(&want), "{name}: lines are counted by line feeds");
        }
    }
    // rotated by a copy that was then truncated: the half line is not completed with NULs
    let dir = TempDir::new().expect("a folder");
    let (got, _) = scan(&[put(dir.path(), "s.log.1", &log[..half]), put(dir.path(), "s.log", &[&hole, &log[edge..]].concat())]);
    assert_eq!(got.len(), want.len());
}

#[test]
fn long_lines_are_cut_at_the_same_place_whatever_the_chunks() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let long = [b"2026-11-23 18:22:00,000 INFO  [a.b] (main) ".to_vec(), vec![b'x'; 300_000], b"\n".to_vec()].concat();
    let path = put(dir.path(), "long.log", &[&long, &log[..], &long, &long, b"2026"].concat());
    for chunk_bytes in [700, 1 << 16, 299_999, 1 << 20] {
        let (got, outcome) = scan_with(std::slice::from_ref(&path), &Options { chunk_bytes, max_line: 100_000, ..Options::default() });
        assert!(placeless(&got) == placeless(&want), "{chunk_bytes}");
        let dropped = outcome.sources[0].dropped;
        assert_eq!((dropped.long, dropped.first), (3 * (long.len() as u64 - 1 - 100_000), Some(100_000)), "{chunk_bytes}");
        assert_eq!(outcome.books.bytes(), fs::metadata(&path).expect("a file").len(), "{chunk_bytes}");
        assert!(outcome.books.caps_hit.contains("max-line"));
    }
}

#[test]
fn standard_input_may_be_packed() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    for (suffix, pack) in CODECS {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("kctriage"))
            .args(["scan", "--format", "ndjson", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let packed = pack(&log);
        let writer = std::thread::spawn(move || stdin.write_all(&packed));
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("written").expect("written");
        let lines = output.stdout.split(|c| *c == b'\n').filter(|l| !l.is_empty()).count();
        assert_eq!((output.status.code(), lines), (Some(0), want.len()), "{suffix}");
    }
}
