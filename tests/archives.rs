//! Archives, folders and patterns: what is found in them is what is found in the same files lying about, and what is refused is said.

mod packed;

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kctriage::pipeline::Lines;
use kctriage::source::{Find, Found, Problem, discover};
use packed::{CODECS, LOG, gzip, placeless, put, scan};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Members by name.
type Files = Vec<(String, Vec<u8>)>;

/// Three rotated pieces of a recording, one of them compressed, and something that is no log.
fn pieces() -> Files {
    let log = fs::read(LOG).expect("a recording");
    let third = log.len() / 3;
    vec![
        ("kc-0/server.log".into(), log[2 * third..].to_vec()),
        ("kc-0/server.log.1".into(), log[third..2 * third].to_vec()),
        ("kc-0/server.log.2.gz".into(), gzip(&log[..third])),
        ("kc-0/readme.md".into(), b"nothing".to_vec()),
    ]
}

fn zip_of(files: &Files, method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).expect("a member");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

fn tar_of(files: &Files) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, &bytes[..]).expect("a member");
    }
    tar.into_inner().expect("a tar")
}

fn find(paths: &[PathBuf]) -> Found {
    discover(paths, &Find::default(), &Lines::default())
}

fn said(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Returns the paths and texts of an archive's members.
fn walked(found: &Found) -> (Vec<(String, Vec<u8>)>, Vec<Problem>) {
    let (mut members, mut problems) = (Vec::new(), Vec::new());
    for archive in &found.archives {
        let result = archive.walk(&Find::default(), &mut problems, &mut |member| {
            let mut text = Vec::new();
            let read = member.read.read_to_end(&mut text);
            members.push((member.path.display().to_string(), text));
            if let Err(error) = read {
                members.push((format!("{}: {error}", member.path.display()), Vec::new()));
            }
            Ok(())
        });
        if let Err(error) = result {
            problems.push(Problem::of(archive.name.clone(), error));
        }
    }
    (members, problems)
}

#[test]
fn members_of_zips_and_tars_are_read_like_files() {
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let forms = [
        ("stored.zip", zip_of(&pieces(), CompressionMethod::STORE)),
        ("deflated.zip", zip_of(&pieces(), CompressionMethod::DEFLATE)),
        ("plain.tar", tar_of(&pieces())),
        ("by-content.log", zip_of(&pieces(), CompressionMethod::DEFLATE)),
    ];
    for (name, bytes) in forms {
        let path = put(dir.path(), name, &bytes);
        let found = find(std::slice::from_ref(&path));
        assert_eq!(found.streams.len(), 1, "{name}");
        assert_eq!(found.streams[0].node, "server.log", "{name}");
        let (got, outcome) = scan(&[path]);
        assert!(outcome.problems.is_empty(), "{name}: {:?}", outcome.problems);
        assert!(placeless(&got) == placeless(&want), "{name}: {} findings of {}", got.len(), want.len());
    }
}

#[test]
fn a_log_rotated_into_a_zip_of_its_own_is_that_log() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let (a, b) = log.split_at(log.len() / 2);
    put(dir.path(), "server.log.1.zip", &zip_of(&vec![("server.log.1".into(), a.to_vec())], CompressionMethod::DEFLATE));
    put(dir.path(), "server.log", b);
    let (got, outcome) = scan(&[dir.path().to_owned()]);
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    assert!(placeless(&got) == placeless(&want), "{} findings of {}", got.len(), want.len());
    assert_eq!(outcome.sources[0].name, "server.log.1.zip");
}

#[test]
fn compressed_tars_are_walked_member_by_member() {
    let dir = TempDir::new().expect("a folder");
    let want: Files = pieces()
        .into_iter()
        .take(3)
        .map(|(n, b)| if n == "kc-0/server.log.2.gz" { (n, fs::read(LOG).expect("a recording")[..b.len()].to_vec()) } else { (n, b) })
        .collect();
    for (suffix, pack) in CODECS {
        let name = format!("bundle.tar.{suffix}");
        let found = find(&[put(dir.path(), &name, &pack(&tar_of(&pieces())))]);
        assert!(found.streams.is_empty() && found.archives.len() == 1 && found.problems.is_empty(), "{name}: {:?}", found.problems);
        let (members, problems) = walked(&found);
        assert!(problems.is_empty(), "{problems:?}");
        let paths: Vec<&str> = members.iter().map(|(p, _)| p.rsplit_once(".tar.").expect("the archive").1.split_once('/').expect("a member").1).collect();
        assert_eq!(paths, ["kc-0/server.log", "kc-0/server.log.1", "kc-0/server.log.2.gz"], "{name}");
        assert_eq!((&members[0].1, &members[1].1), (&want[0].1, &want[1].1), "{name}");
        assert!(members[2].1.starts_with(&want[2].1), "{name}: its gz is unpacked");
    }
}

#[test]
fn archives_within_archives_are_walked_to_a_depth() {
    let dir = TempDir::new().expect("a folder");
    let mut bytes = fs::read(LOG).expect("a recording");
    let log = bytes.clone();
    let mut name = "server.log".to_owned();
    for n in 0..4 {
        bytes = gzip(&tar_of(&vec![(name, bytes)]));
        name = format!("{n}.tar.gz");
    }
    let (members, problems) = walked(&find(&[put(dir.path(), "outer.tar.gz", &bytes)]));
    assert!(problems.is_empty() && members.len() == 1, "{problems:?}");
    assert!(members[0].0.ends_with("outer.tar.gz/2.tar.gz/1.tar.gz/0.tar.gz/server.log"), "{}", members[0].0);
    assert_eq!(members[0].1, log);
    for n in 4..7 {
        bytes = gzip(&tar_of(&vec![(name, bytes)]));
        name = format!("{n}.tar.gz");
    }
    let (members, problems) = walked(&find(&[put(dir.path(), "deep.tar.gz", &bytes)]));
    assert!(members.is_empty() && said(&problems).contains("lies in more than 4 archives"), "{problems:?}");
    // the list of a zip is at its end, which a stream has not read yet
    let inner = zip_of(&pieces(), CompressionMethod::DEFLATE);
    let (_, problems) = walked(&find(&[put(dir.path(), "zip-in.tar.gz", &gzip(&tar_of(&vec![("logs.zip".into(), inner.clone())])))]));
    assert!(said(&problems).contains("logs.zip: a zip cannot be read from a pipe or from inside another archive"), "{problems:?}");
    let found = find(&[put(dir.path(), "zip-in.zip", &zip_of(&vec![("a.zip".into(), inner), ("b.log".into(), log)], CompressionMethod::STORE))]);
    assert!(said(&found.problems).contains("a.zip: a zip cannot be read") && found.streams.len() == 1, "{:?}", found.problems);
}

#[test]
fn paths_of_members_lead_nowhere_and_links_are_not_followed() {
    let log = fs::read(LOG).expect("a recording");
    let dir = TempDir::new().expect("a folder");
    let mut tar = tar::Builder::new(Vec::new());
    for name in ["../../escape.log", "/tmp/absolute.log"] {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(log.len() as u64);
        header.set_cksum();
        tar.append(&header, &log[..]).expect("a member");
    }
    for (name, kind) in [("link.log", tar::EntryType::Symlink), ("hard.log", tar::EntryType::Link), ("pipe.log", tar::EntryType::Fifo)] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        tar.append_link(&mut header, name, "/etc/passwd").expect("a member");
    }
    let bytes = tar.into_inner().expect("a tar");
    let found = discover(&[put(dir.path(), "evil.tar", &bytes)], &Find { dedup: false, ..Find::default() }, &Lines::default());
    let mut names: Vec<String> = found.streams.iter().flat_map(|s| &s.sources).map(|s| s.path.as_ref().expect("a path").display().to_string()).collect();
    names.sort();
    let below = |name: &str| dir.path().join("evil.tar").join(name).display().to_string();
    assert_eq!(names, [below("escape.log"), below("tmp/absolute.log")]);
    let (members, _) = walked(&find(&[put(dir.path(), "evil.tar.gz", &gzip(&bytes))]));
    assert_eq!(members.len(), 2);
    assert!(!Path::new("/tmp/absolute.log").exists());
}

#[test]
fn members_that_cannot_be_read_are_named_and_the_others_are_read() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let files: Files = vec![("a.log".into(), log.clone()), ("b.log".into(), fs::read("tests/recordings/2405-plain/server.log").expect("a recording"))];
    let good = zip_of(&files, CompressionMethod::DEFLATE);
    let central: Vec<usize> = memchr::memmem::find_iter(&good, b"PK\x01\x02").collect();
    // the second is encrypted by its own word
    let mut encrypted = good.clone();
    encrypted[central[1] + 8] |= 1;
    // or packed in a way that nobody knows
    let mut unknown = good.clone();
    unknown[central[1] + 10] = 97;
    // or not what its check sum says
    let mut wrong = good.clone();
    wrong[central[1] + 16] ^= 1;
    let table = [
        ("encrypted.zip", encrypted, "b.log: cannot be read: it is encrypted"),
        ("unknown.zip", unknown, "b.log: cannot be read: it is packed in a way that is not read"),
        ("wrong.zip", wrong, "its check sum is wrong"),
    ];
    for (name, bytes, part) in table {
        let (got, outcome) = scan(&[put(dir.path(), name, &bytes)]);
        assert!(said(&outcome.problems).contains(part), "{name}: {:?}", outcome.problems);
        let of_first: Vec<_> = got.iter().filter(|f| f.source.ends_with("a.log")).cloned().collect();
        assert_eq!(of_first.len(), want.len(), "{name}");
    }
    // its list is cut off, and with it all that is known of it
    let (_, outcome) = scan(&[put(dir.path(), "cut.zip", &good[..good.len() / 2]), put(dir.path(), "good.log", &log)]);
    assert!(said(&outcome.problems).contains("cut.zip"), "{:?}", outcome.problems);
    assert_eq!(outcome.tally.findings(), want.len() as u64);
}

#[test]
fn a_tar_that_is_cut_off_is_read_to_there() {
    let dir = TempDir::new().expect("a folder");
    let log = fs::read(LOG).expect("a recording");
    let bytes = tar_of(&vec![("a.log".into(), log.clone()), ("b.log".into(), log.clone())]);
    let cut = &bytes[..bytes.len() * 3 / 4];
    let (members, problems) = walked(&find(&[put(dir.path(), "cut.tar.gz", &gzip(cut))]));
    assert_eq!(members[0].1, log);
    assert!(!members[1].1.is_empty() && log.starts_with(&members[1].1));
    assert!(said(&problems).contains("cut.tar.gz"), "{problems:?}");
    let (_, outcome) = scan(&[put(dir.path(), "cut.tar", cut)]);
    assert!(said(&outcome.problems).contains("b.log: damaged after "), "{:?}", outcome.problems);
}

#[test]
fn a_zip_with_a_crowd_in_it_is_refused() {
    let dir = TempDir::new().expect("a folder");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..100_001 {
        zip.start_file(format!("{n}.log"), SimpleFileOptions::default().compression_method(CompressionMethod::STORE)).expect("a member");
    }
    let found = find(&[put(dir.path(), "crowd.zip", &zip.finish().expect("a zip").into_inner())]);
    assert!(found.streams.is_empty() && said(&found.problems).contains("holds too many members"), "{:?}", found.problems);
}

#[test]
fn content_that_is_given_twice_is_counted_once() {
    let log = fs::read(LOG).expect("a recording");
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    let thrice = [&log[..], &log[..], &log[..]].concat();
    put(dir.path(), "server.log", &thrice);
    put(dir.path(), "server.log.1", &log);
    put(dir.path(), "server.log.1.gz", &gzip(&log));
    put(dir.path(), "copy/x.log.zst", &CODECS[1].1(&thrice));
    // the same beginning is not the same content
    put(dir.path(), "other.log", &[&thrice[..], b"\n"].concat());
    put(dir.path(), "empty.log", b"");
    put(dir.path(), "empty.log.1", b"");
    let paths = [dir.path().to_owned()];
    let found = find(&paths);
    let sources: Vec<&str> = found.streams.iter().flat_map(|s| &s.sources).map(|s| s.name.as_str()).collect();
    assert_eq!(sources, ["empty.log.1", "empty.log", "other.log", "server.log.1", "server.log"]);
    let text = said(&found.problems);
    assert_eq!(found.problems.len(), 2, "{text}");
    assert!(text.contains("server.log.1.gz: the same as ") && text.contains("x.log.zst: the same as "), "{text}");
    assert!(found.problems.iter().all(Problem::is_harmless));
    let both = discover(&paths, &Find { dedup: false, ..Find::default() }, &Lines::default());
    assert_eq!(both.streams.iter().map(|s| s.sources.len()).sum::<usize>(), 7);
    let (got, _) = scan(&[dir.path().join("server.log.1"), dir.path().join("server.log.1.gz")]);
    assert_eq!(got.len(), want.len());
}

#[test]
fn two_generations_with_the_same_banner_are_two() {
    let dir = TempDir::new().expect("a folder");
    let banner = "Updating the configuration and installing your custom providers, if any. Please wait.\n".repeat(1000);
    put(dir.path(), "a/server.log", &[banner.as_bytes(), b"2026-11-23 14:48:22,304 INFO  [a] (main) one\n"].concat());
    put(dir.path(), "b/server.log", &[banner.as_bytes(), b"2026-11-23 14:48:22,305 INFO  [a] (main) two\n"].concat());
    let found = find(&[dir.path().to_owned()]);
    assert!(found.streams.len() == 2 && found.problems.is_empty(), "{:?}", found.problems);
}

#[test]
#[cfg(unix)]
fn what_is_no_file_in_a_folder_is_skipped_with_a_word() {
    let dir = TempDir::new().expect("a folder");
    let log = fs::read(LOG).expect("a recording");
    put(dir.path(), "server.log", &log);
    // a folder may be named like a log
    put(dir.path(), "old.log/server.log.1", &log[..1000]);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, dir.path().join(name)).expect("a link");
    link("loop.log", "loop.log");
    link("nowhere", "dangling.log");
    link("server.log", "current.log");
    link(".", "around.log");
    assert!(Command::new("mkfifo").arg(dir.path().join("pipe.log")).status().expect("mkfifo").success());
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket.log")).expect("a socket");
    let found = find(&[dir.path().to_owned()]);
    let text = said(&found.problems);
    for name in ["loop.log: skipped: ", "dangling.log: skipped: ", "pipe.log: skipped: it is a pipe", "socket.log: skipped: it is a pipe"] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(found.problems.len() == 4 && found.problems.iter().all(Problem::is_harmless), "{text}");
    // the link is the file that it leads to
    let names: Vec<&str> = found.streams.iter().flat_map(|s| &s.sources).map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["server.log", "server.log.1"]);
    // named by a person, it is not passed over in silence
    for name in ["loop.log", "dangling.log", "socket.log"] {
        let found = find(&[dir.path().join(name)]);
        assert!(found.streams.is_empty() && found.problems.len() == 1 && !found.problems[0].is_harmless(), "{name}: {:?}", found.problems);
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_that_a_person_named_is_read() {
    let (want, _) = scan(&[LOG.into()]);
    let dir = TempDir::new().expect("a folder");
    for (name, bytes) in [("plain", fs::read(LOG).expect("a recording")), ("packed", gzip(&fs::read(LOG).expect("a recording")))] {
        let pipe = dir.path().join(name);
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let to = pipe.clone();
        let writer = std::thread::spawn(move || fs::write(to, bytes));
        let (got, _) = scan(&[pipe]);
        writer.join().expect("written").expect("written");
        assert_eq!(got.len(), want.len(), "{name}");
    }
}

#[test]
fn patterns_that_no_shell_expanded_are_expanded() {
    let dir = TempDir::new().expect("a folder");
    let log = fs::read(LOG).expect("a recording");
    for (i, name) in ["a/x.log.gz", "a/y.log.gz", "b/z.log.gz", "b/z.txt"].iter().enumerate() {
        put(dir.path(), name, &gzip(&log[..1000 + i]));
    }
    let matched = |pattern: &str| {
        let found = find(&[dir.path().join(pattern)]);
        (found.streams.iter().flat_map(|s| &s.sources).map(|s| s.name.clone()).collect::<Vec<_>>(), said(&found.problems))
    };
    assert_eq!(matched("a/*.gz").0, ["x.log.gz", "y.log.gz"]);
    assert_eq!(matched("?/*.log.gz").0, ["x.log.gz", "y.log.gz", "z.log.gz"]);
    assert_eq!(matched("*").0.len(), 4);
    assert!(matched("c/*.gz").1.ends_with("c/*.gz: matches no file"));
    let glob = Find { glob: Some(Find::globs(["a/*.gz", "*.txt"]).expect("patterns")), ..Find::default() };
    let found = discover(&[dir.path().to_owned()], &glob, &Lines::default());
    let names: Vec<&str> = found.streams.iter().flat_map(|s| &s.sources).map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["x.log.gz", "y.log.gz", "z.txt"]);
}

/// Runs the program with something on its standard input.
fn piped(args: &[&str], bytes: Vec<u8>) -> (Option<i32>, String, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("kctriage"));
    let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    let _ = writer.join();
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_zip_on_standard_input_is_refused_with_the_reason() {
    let (code, out, err) = piped(&["scan", "--format", "ndjson", "-", LOG], zip_of(&pieces(), CompressionMethod::DEFLATE));
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("error: stdin: a zip cannot be read from a pipe") && err.contains("save it to a file first"), "{err}");
    assert!(!out.is_empty(), "the other input is read");
}
