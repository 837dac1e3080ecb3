//! The binary.
#![allow(clippy::unwrap_used)]
use std::io::Write;
fn main() {
    let paths: Vec<std::path::PathBuf> = std::env::args().skip(1).filter(|a| !a.starts_with("--") && a != "scan" && a != "ndjson").map(Into::into).collect();
    let found = kctriage::source::discover(&paths, &kctriage::pipeline::Lines);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let outcome = kctriage::pipeline::run(&found.streams, &kctriage::triage::rules::Rules::builtin(), &kctriage::pipeline::Options::default(), &|_| {}, &mut |f| {
        serde_json::to_writer(&mut out, &f)?;
        out.write_all(b"\n")
    }).unwrap();
    let _ = outcome;
}
