//! The README shows what the program does: its blocks between `<!-- name … -->` and `<!-- /name -->` are made here and compared.
//!
//! `UPDATE_README=1 cargo test --test readme --test score` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kctriage::cause::Catalogue;
use kctriage::record::{Layout, wrapper};
use kctriage::source::Packing;

mod readme_block;
use readme_block::hold;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kctriage")).args(arguments).current_dir(root()).output().expect("the program runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_picture_is_what_the_program_prints() {
    let arguments = ["scan", "--top", "3", "sample-logs/secret-regenerated", "sample-logs/quarkus-text"];
    let text = run(&arguments);
    hold("picture", &format!("```\n$ kctriage {}\n{}\n```", arguments.join(" "), text.trim_end()));
}

#[test]
fn the_live_view_is_the_screen_that_was_taken() {
    let screen = fs::read_to_string(root().join("docs/screens/live-80x24.txt")).expect("tests/view/run --screens takes it");
    hold("live", &format!("```\n{}\n```", screen.trim_end()));
}

#[test]
fn the_table_of_causes_is_made_from_the_catalogue() {
    let mut table = String::from("| | cause | in short |\n| --- | --- | --- |\n");
    for e in Catalogue::builtin().iter() {
        let number = e.number.map_or("–".to_owned(), |n| n.to_string());
        writeln!(table, "| {number} | `{}` | {} |", e.slug, e.summary).expect("a string takes it");
    }
    hold("causes", table.trim_end());
}

#[test]
fn the_table_of_what_is_read_is_made_from_the_code() {
    let escaped = |text: &str| text.replace('|', "\\|").replace('\n', "\\n").replace('\t', "⇥");
    let mut table = String::from("| | what | begins like |\n| --- | --- | --- |\n");
    let layouts: Vec<String> = Layout::ALL.iter().map(|l| l.name().to_owned()).collect();
    writeln!(table, "| Keycloak's own | {} | |", layouts.join(", ")).expect("a string takes it");
    for w in wrapper::ALL {
        writeln!(table, "| `{}` | {} | `{}` |", w.name, w.about, escaped(w.example)).expect("a string takes it");
    }
    let packed: Vec<&str> = Packing::ALL.iter().map(|p| p.name()).collect();
    writeln!(table, "| compressed | {}, by content, also one in another; zip and tar archives, also compressed | |", packed.join(", "))
        .expect("a string takes it");
    hold("layouts", table.trim_end());
}

#[test]
fn every_command_that_the_readme_shows_exists() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md");
    let help = run(&["scan", "--help"]) + &run(&["report", "--help"]) + &run(&["tail", "--help"]);
    for option in regex::Regex::new(r"`(--[a-z-]+)").expect("a pattern").captures_iter(&text).map(|c| c[1].to_owned()) {
        assert!(help.contains(&option), "README names {option}, which neither scan nor report nor tail has");
    }
    for command in regex::Regex::new(r"[`|$] ?kctriage ([a-z]+) ").expect("a pattern").captures_iter(&text).map(|c| c[1].to_owned()) {
        assert!(run(&["--help"]).contains(&command), "README names the command {command}");
    }
}
