//! Packing, and reading what was packed, for the tests of containers.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use kctriage::finding::Finding;
use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Find, discover};
use kctriage::tally::Outcome;
use kctriage::triage::rules::Rules;

pub const LOG: &str = "tests/recordings/2673-plain/server.log";

/// A name, its suffix, and what packs bytes so.
pub type Codec = (&'static str, fn(&[u8]) -> Vec<u8>);

pub const CODECS: [Codec; 5] = [("gz", gzip), ("zst", zstandard), ("xz", xz), ("bz2", bzip2), ("lz4", lz4)];

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

pub fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("an encoder");
    encoder.include_checksum(true).expect("a check sum");
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 2);
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new().content_checksum(true).block_checksums(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

pub fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, bytes).expect("written");
    path
}

pub fn scan_with(paths: &[PathBuf], options: &Options) -> (Vec<Finding>, Outcome) {
    let found = discover(paths, &Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let mut outcome = pipeline::run(&found, &Rules::builtin(), options, &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    })
    .expect("a run");
    outcome.problems.splice(0..0, found.problems);
    (findings, outcome)
}

pub fn scan(paths: &[PathBuf]) -> (Vec<Finding>, Outcome) {
    scan_with(paths, &Options { chunk_bytes: 1 << 14, ..Options::default() })
}

/// Findings without the names of their places.
pub fn placeless(findings: &[Finding]) -> Vec<String> {
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
