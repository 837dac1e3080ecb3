//! Containers of bytes: however a log is compressed, encoded or cut, the findings are the same; damage costs what is behind it and is said.

mod packed;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use kctriage::finding::Finding;
use kctriage::pipeline::Options;
use kctriage::source::Problem;
use kctriage::tally::Outcome;
use packed::{CODECS, LOG, gzip, placeless, put, scan, scan_with};
use tempfile::TempDir;

/// Packs two halves one behind the other.
fn twice(pack: fn(&[u8]) -> Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    let (a, b) = bytes.split_at(bytes.len() / 2);
    [pack(a), pack(b)].concat()
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

/// Returns how much text the codec's own program finds in what comes before the damage; where a check sum covers more than that, as little as
/// must be given up with it.
fn before(suffix: &str, bytes: &[u8]) -> u64 {
    let (program, unit) = match suffix {
        "gz" => ("gzip", 1 << 10),
        "zst" => ("zstd", 128 << 10),
        "xz" => ("xz", 1 << 10),
        "bz2" => ("bzip2", 100_000),
        _ => ("lz4", 64 << 10),
    };
    let Ok(mut child) = Command::new(program).arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else { return 0 };
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let text = child.wait_with_output().expect("it ends").stdout.len() as u64;
    let _ = writer.join();
    text.saturating_sub(unit)
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
    let log = fs::read("tests/recordings/2405-flow-load/server.log").expect("a recording");
    let other = fs::read("tests/recordings/2405-plain/server.log").expect("a recording");
    let dir = TempDir::new().expect("a folder");
    let other = put(dir.path(), "other/other.log", &other);
    let (alone, _) = scan(std::slice::from_ref(&other));
    for (suffix, pack) in CODECS {
        let packed = pack(&log);
        for share in [3, 50, 97] {
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
                assert!(offset >= before(suffix, &bytes[..at]), "{name}: damaged after {offset}");
                let rest: Vec<Finding> = got.iter().filter(|f| f.source == "other.log").cloned().collect();
                assert_eq!(rest.len(), alone.len(), "{name}");
                if what == "cut" {
                    // the same as of a file that ends there, which is what is left of it
                    let (want, _) = scan(&[put(dir.path(), "want.log", &log[..usize::try_from(offset).expect("a length")])]);
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

#[test]
fn what_was_read_before_the_damage_is_not_read_again() {
    // so long that buffers are used a second time before it
    let mut log = fs::read(LOG).expect("a recording");
    log = log.repeat((8 << 20) / log.len() + 1);
    let dir = TempDir::new().expect("a folder");
    let (want, _) = scan(&[put(dir.path(), "whole.log", &log)]);
    let (got, outcome) = scan(&[put(dir.path(), "damaged.log.gz", &[&gzip(&log)[..], b"and more of something else"].concat())]);
    assert_eq!(damage(&outcome, "damaged.log.gz"), Some(log.len() as u64));
    assert_eq!((got.len(), outcome.books.bytes()), (want.len(), log.len() as u64));
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
    let over = [b"2026-11-23 18:22:00,000 INFO  [a.b] (main) ".to_vec(), vec![b'x'; 300_000], b"\n".to_vec()].concat();
    let path = put(dir.path(), "long.log", &[&over, &log[..], &over, &over, b"2026"].concat());
    for chunk_bytes in [700, 1 << 16, 299_999, 1 << 20] {
        let (got, outcome) = scan_with(std::slice::from_ref(&path), &Options { chunk_bytes, max_line: 100_000, ..Options::default() });
        assert!(placeless(&got) == placeless(&want), "{chunk_bytes}");
        let dropped = outcome.sources[0].dropped;
        assert_eq!((dropped.long, dropped.first), (3 * (over.len() as u64 - 1 - 100_000), Some(100_000)), "{chunk_bytes}");
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

/// Returns the recording with something put before its last but one event, and in a line of its own at the front.
fn with(log: &[u8], inside: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = log.split_inclusive(|c| *c == b'\n').map(<[u8]>::to_vec).collect();
    for line in lines.iter_mut().filter(|l| l.windows(6).any(|w| w == b" INFO ")) {
        let end = line.len() - 1;
        line.splice(end..end, [b' '].iter().chain(inside).copied());
    }
    lines.concat()
}

#[test]
fn only_line_feeds_end_lines() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    for (name, inside) in
        [("cr", &b"\rx"[..]), ("vt", b"\x0bx"), ("ff", b"\x0cx"), ("nel", b"\xc2\x85x"), ("ls", b"\xe2\x80\xa8x"), ("nul", b"\0x"), ("crlf", b"\r")]
    {
        let bytes = with(&log, inside);
        assert_ne!(bytes, log);
        let (got, _) = scan(&[put(dir.path(), name, &bytes)]);
        assert_eq!(got.iter().map(|f| f.line).collect::<Vec<_>>(), want.iter().map(|f| f.line).collect::<Vec<_>>(), "{name}");
        assert!(placeless(&got) == placeless(&want), "{name}");
    }
}

#[test]
fn what_is_no_utf8_is_read_and_shown_with_escapes() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    for (name, bytes) in [("latin", &b"caf\xe9"[..]), ("overlong", b"a\xc0\xafb"), ("cesu", b"a\xed\xa0\xbd\xed\xb8\x80b"), ("cut", b"a\xe2\x80")] {
        let finder = memchr::memmem::Finder::new(b"clientId=\"");
        let mut text = Vec::new();
        let mut rest = &log[..];
        while let Some(at) = finder.find(rest) {
            text.extend_from_slice(&rest[..at + 10]);
            text.extend_from_slice(bytes);
            rest = &rest[at + 10..];
        }
        text.extend_from_slice(rest);
        let path = put(dir.path(), name, &text);
        let (got, outcome) = scan(std::slice::from_ref(&path));
        assert_eq!(got.len(), want.len(), "{name}");
        assert_eq!(outcome.books.bytes(), text.len() as u64, "{name}");
        for format in ["text", "ndjson", "json", "csv"] {
            let output = Command::new(assert_cmd::cargo::cargo_bin("kctriage")).args(["scan", "--format", format]).arg(&path).output().expect("it runs");
            assert!(std::str::from_utf8(&output.stdout).is_ok(), "{name} {format}");
        }
    }
}

#[test]
fn the_last_line_needs_no_line_feed() {
    let log = fs::read(LOG).expect("a recording");
    let at = memchr::memmem::rfind(&log, b"_ERROR\"").expect("an event");
    let end = at + log[at..].iter().position(|c| *c == b'\n').expect("its end");
    let dir = TempDir::new().expect("a folder");
    let (with, _) = scan(&[put(dir.path(), "with.log", &log[..=end])]);
    let (without, _) = scan(&[put(dir.path(), "without.log", &log[..end])]);
    assert!(placeless(&with) == placeless(&without) && !with.is_empty());
}

#[test]
fn strange_json_costs_its_own_line() {
    let path = Path::new("tests/recordings/2673-json/server.log");
    let log = fs::read(path).expect("a recording");
    let (want, plain) = scan(&[path.into()]);
    let dir = TempDir::new().expect("a folder");
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let brackets = "[".repeat(100_000);
    let lines = [
        deep.as_str(),
        &brackets,
        "{\"timestamp\":1e400,\"level\":\"INFO\"}",
        "{\"message\":\"\\u0000\"}",
        "{\"message\":{\"a\":1}}",
        "{\"timestamp\":\"2026",
        "{",
        "null",
    ];
    let edge = log[..log.len() / 2].iter().rposition(|c| *c == b'\n').expect("a line") + 1;
    for (i, line) in lines.iter().enumerate() {
        let bytes = [&log[..edge], line.as_bytes(), b"\n", &log[edge..]].concat();
        let (got, outcome) = scan(&[put(dir.path(), &format!("{i}.log"), &bytes)]);
        assert_eq!(got.iter().map(|f| (&f.id, f.cause)).collect::<Vec<_>>(), want.iter().map(|f| (&f.id, f.cause)).collect::<Vec<_>>(), "{line:.60}");
        assert_eq!(outcome.books.bytes(), bytes.len() as u64, "{line:.60}");
        assert!(outcome.books.records <= plain.books.records + 1, "{line:.60}");
    }
}

#[test]
fn a_stack_trace_of_20_000_lines_parts_nothing() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let mut trace = b"2026-11-23 15:01:38,460 ERROR [org.keycloak.services] (other) it failed: java.lang.IllegalStateException: a\n".to_vec();
    for n in 0..20_000 {
        trace.extend_from_slice(format!("\tat org.keycloak.Some.method(Some.java:{n})\n").as_bytes());
        if n % 1000 == 0 {
            trace.extend_from_slice(b"Caused by: java.lang.RuntimeException: b\n");
        }
    }
    // between a companion and its event, in another thread
    let at = memchr::memmem::find(&log, b"_ERROR\"").expect("an event");
    let edge = log[..at].iter().rposition(|c| *c == b'\n').expect("a line") + 1;
    let (got, _) = scan(&[put(dir.path(), "trace.log", &[&log[..edge], &trace, &log[edge..]].concat())]);
    assert_eq!(got.iter().map(|f| (&f.id, f.cause, f.confidence)).collect::<Vec<_>>(), want.iter().map(|f| (&f.id, f.cause, f.confidence)).collect::<Vec<_>>());
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_small_and_becomes_large_stays_within_its_memory() {
    let output = Command::new("python3")
        .args(["benches/bombs.py", "--scale", "0.03", "--binary"])
        .arg(assert_cmd::cargo::cargo_bin("kctriage"))
        .output()
        .expect("python3");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
