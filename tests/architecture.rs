//! The flow goes one way: a stage imports only stages to its left and the leaf modules, and nothing but the command line imports `pipeline`.

use std::fs;
use std::path::{Path, PathBuf};

const LEAVES: [&str; 5] = ["books", "cause", "finding", "names", "realm"];
const STAGES: [&str; 7] = ["source", "record", "signal", "triage", "tally", "alert", "report"];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|x| x == "rs") {
            found.push(path);
        }
    }
}

fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below src").display().to_string();
            (name, fs::read_to_string(&path).expect("a source file"))
        })
        .collect()
}

/// Modules of the crate that a file names, outside its tests and comments.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .flat_map(|l| l.match_indices("crate::").map(|(i, m)| l[i + m.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()))
        .filter(|m| !m.is_empty())
        .collect()
}

#[test]
fn stages_import_only_what_is_left_of_them() {
    let rank = |module: &str| STAGES.iter().position(|s| *s == module);
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let module = name.split(['/', '.']).next().unwrap_or_default().to_owned();
        let is_test = name.ends_with("tests.rs");
        for import in imports(&text) {
            let allowed = match (rank(&module), rank(&import)) {
                _ if is_test || import == module || LEAVES.contains(&import.as_str()) => true,
                (Some(here), Some(there)) => there < here,
                (Some(_), None) => false,
                (None, Some(_)) => !LEAVES.contains(&module.as_str()),
                (None, None) => module == "cli" || module == "main",
            };
            if !allowed {
                wrong.push(format!("{name} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn there_is_no_hidden_state() {
    let shared = ["static mut", "thread_local!", "Mutex<", "RwLock<", "lazy_static!", "AtomicU", "AtomicB"];
    let mut wrong = Vec::new();
    for (name, text) in files().into_iter().filter(|(n, _)| !n.starts_with("cli/") && n != "main.rs") {
        // a OnceLock holds what is computed once from constants; anything else would be state
        wrong.extend(shared.iter().filter(|s| text.contains(**s)).map(|s| format!("{name} has {s}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_is_left_for_later_without_an_issue() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        for (number, line) in text.lines().enumerate() {
            if ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!("].iter().any(|w| line.contains(w)) {
                wrong.push(format!("{name}:{}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = files().into_iter().filter(|(n, t)| !n.ends_with("tests.rs") && !t.starts_with("//!")).map(|(n, _)| n).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn paths_named_in_the_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = regex::Regex::new(r"`((?:src|tests|docs|deploy|benches|sample-logs|\.ci)/[A-Za-z0-9_./-]*)`").expect("a pattern");
    let mut wrong = Vec::new();
    let mut documents: Vec<PathBuf> =
        vec![root.join("README.md"), root.join("sample-logs/README.md"), root.join("tests/recordings/README.md"), root.join("deploy/README.md")];
    documents.extend(fs::read_dir(root.join("docs")).expect("docs").flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "md")));
    for document in documents {
        let text = fs::read_to_string(&document).unwrap_or_else(|e| panic!("{}: {e}", document.display()));
        for found in path.captures_iter(&text) {
            if !root.join(&found[1]).exists() {
                wrong.push(format!("{}: {}", document.display(), &found[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
