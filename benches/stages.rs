//! How long each stage takes: parsing of lines and event lists, scanning of a chunk, and a whole scan; each per byte, so that they compare.
//!
//! `cargo bench --bench stages`

use std::hint::black_box;
use std::path::PathBuf;

use divan::Bencher;
use divan::counter::BytesCount;
use kctriage::names::Names;
use kctriage::pipeline::{self, Lines, Options};
use kctriage::record::object::Objects;
use kctriage::record::quick::Quick;
use kctriage::record::{Line, json, line, text};
use kctriage::signal::{batch, event};
use kctriage::source::{Find, Reader, discover};
use kctriage::tally::{Tally, Windows};
use kctriage::triage::clients::Clients;
use kctriage::triage::clock::{Clock, Zone};
use kctriage::triage::join::{Chunk, Join};
use kctriage::triage::note::part;
use kctriage::triage::rules::{Rules, needs};
use kctriage::triage::shard::Shard;

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
fn cut_lines(bencher: Bencher<'_, '_>) {
    let path = recording("2673-load");
    let size = std::fs::metadata(&path).expect("a recording").len();
    let found = discover(std::slice::from_ref(&path), &Find::default(), &Lines::default());
    let lines = Lines::default();
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        let mut reader = Reader::open(&found.streams[0], 1 << 18, &lines);
        let mut chunks = 0;
        while let Some(chunk) = reader.next() {
            chunks += 1;
            reader.recycle(chunk.bytes);
        }
        chunks
    });
}

#[divan::bench]
fn text_head_by_columns(bencher: Bencher<'_, '_>) {
    let lines = records("2673-load", b'2');
    let size: usize = lines.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(size)).bench(|| {
        let mut quick = Quick::new(<[u8]>::len);
        lines.iter().filter(|l| quick.head(black_box(l), l.len()).is_some()).count()
    });
}

#[divan::bench]
fn json_object(bencher: Bencher<'_, '_>) {
    let lines = records("2673-json", b'{');
    let size: usize = lines.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(size)).bench(|| {
        let mut objects = Objects::default();
        lines.iter().filter_map(|l| objects.read(black_box(l)).map(|o| o.record().message.len())).sum::<usize>()
    });
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
    bencher.counter(BytesCount::new(size)).bench(|| {
        let mut course = event::Course::default();
        messages.iter().filter(|m| event::parse_next(black_box(m), &mut course).is_some()).count()
    });
}

#[divan::bench(args = ["2673-load", "2205-load", "2673-json", "2673-ecs", "2506-debug", "1611-wildfly"])]
fn scan_chunk(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = bytes(name);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| batch::scan(black_box(&bytes)).signals.len());
}

/// From signals to failures with their facts.
#[divan::bench(args = ["2673-load", "2205-load", "2506-debug"])]
fn triage(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = bytes(name);
    let rules = Rules::builtin();
    bencher.counter(BytesCount::new(bytes.len())).with_inputs(|| batch::scan(&bytes)).bench_local_values(|batch| {
        let (mut names, mut joined, mut shard) = (Names::default(), Vec::new(), Shard::default());
        let (mut clients, mut waiting) = (Clients::default(), Vec::new());
        let mut join = Join::new(Clock::new(Zone::Utc, None));
        join.chunk(batch, &mut Chunk { source: 0, line: 0, marks: None, node: &mut |_| 0 }, &mut names, &mut joined);
        join.finish(&mut joined);
        for signal in joined {
            clients.note(&signal);
            let (note, free) = part(signal, |failed| needs(rules.decide(failed), failed));
            waiting.extend(free);
            if let Some(note) = note {
                shard.take(note, &|_| None);
            }
        }
        shard.finish(&|_| None);
        shard.done.len() + waiting.len()
    });
}

/// Counting of findings that are there already.
#[divan::bench]
fn tally(bencher: Bencher<'_, '_>) {
    let path = recording("2673-load");
    let found = discover(std::slice::from_ref(&path), &Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let mut keep = |finding| {
        findings.push(finding);
        Ok(())
    };
    pipeline::run(&found, &Rules::builtin(), &Options::default(), &|_| {}, &mut keep).expect("a run");
    bencher.counter(divan::counter::ItemsCount::new(findings.len())).bench(|| {
        let mut tally = Tally::new(300_000);
        for finding in &findings {
            tally.add(black_box(finding));
        }
        tally.findings()
    });
}

#[divan::bench(args = ["2673-load", "2205-load", "2673-json", "2506-debug"])]
fn whole_scan_one_thread(bencher: Bencher<'_, '_>, name: &str) {
    let path = recording(name);
    let size = std::fs::metadata(&path).expect("a recording").len();
    let rules = Rules::builtin();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        pool.install(|| {
            let found = discover(std::slice::from_ref(&path), &Find::default(), &Lines::default());
            let outcome = pipeline::count(&found, &rules, &Options::default(), Windows::Together, &|_| {}).expect("a run");
            outcome.tally.findings()
        })
    });
}
