//! How long each stage takes: parsing of lines and event lists, scanning of a chunk, and a whole scan; each per byte, so that they compare.
//!
//! `cargo bench --bench stages`

use std::hint::black_box;
use std::path::PathBuf;

use divan::Bencher;
use divan::counter::BytesCount;
use kctriage::pipeline::{self, Lines, Options};
use kctriage::record::{Line, json, line, text};
use kctriage::signal::{batch, event};
use kctriage::source::discover;
use kctriage::triage::rules::Rules;

fn main() {
    divan::main();
}

fn recording(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).join("server.log")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(recording(name)).expect("a recording")
}

/// The lines of a recording that are records of its layout.
fn records(name: &str, first: u8) -> Vec<Vec<u8>> {
    bytes(name).split(|c| *c == b'\n').filter(|l| l.first() == Some(&first)).map(<[u8]>::to_vec).collect()
}

#[divan::bench]
fn text_record(bencher: Bencher<'_, '_>) {
    let lines = records("2673-load", b'2');
    let size: usize = lines.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(size)).bench(|| lines.iter().filter(|l| text::parse(black_box(l)).is_ok()).count());
}

#[divan::bench]
fn json_record(bencher: Bencher<'_, '_>) {
    let lines = records("2673-json", b'{');
    let size: usize = lines.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(size)).bench(|| lines.iter().filter(|l| json::parse(black_box(l)).is_some()).count());
}

#[divan::bench(args = ["2673-load", "2205-load", "2506-hostile"])]
fn event_list(bencher: Bencher<'_, '_>, name: &str) {
    let messages: Vec<Vec<u8>> = records(name, b'2')
        .iter()
        .filter_map(|l| match line(l, &mut Vec::new()) {
            Line::Head(r) if event::begins(&r.message) => Some(r.message.into_owned()),
            _ => None,
        })
        .collect();
    let size: usize = messages.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(size)).bench(|| messages.iter().filter_map(|m| event::parse(black_box(m))).count());
}

#[divan::bench(args = ["2673-load", "2205-load", "2673-json", "2673-ecs", "2506-debug", "1611-wildfly"])]
fn scan_chunk(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = bytes(name);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| batch::scan(black_box(&bytes)).signals.len());
}

#[divan::bench(args = ["2673-load", "2205-load", "2673-json", "2506-debug"])]
fn whole_scan_one_thread(bencher: Bencher<'_, '_>, name: &str) {
    let path = recording(name);
    let size = std::fs::metadata(&path).expect("a recording").len();
    let rules = Rules::builtin();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        pool.install(|| {
            let found = discover(std::slice::from_ref(&path), &Lines::default());
            let outcome = pipeline::run(&found, &rules, &Options::default(), &|_| {}, &mut |_| Ok(())).expect("a run");
            outcome.tally.findings()
        })
    });
}
