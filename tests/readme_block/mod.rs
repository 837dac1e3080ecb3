//! A block of the README that a test makes.

use std::fs;
use std::path::Path;

/// Compares a block with what it should be, or writes it where `UPDATE_README` is set.
pub fn hold(name: &str, want: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).expect("README.md");
    let open = text.find(&format!("<!-- {name}")).unwrap_or_else(|| panic!("README.md has no block {name}"));
    let start = open + text[open..].find("-->").expect("the comment ends") + 4;
    let end = start + text[start..].find(&format!("<!-- /{name} -->")).unwrap_or_else(|| panic!("the block {name} does not end"));
    if text[start..end].trim_end() == want {
        return;
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{}{want}\n{}", &text[..start], &text[end..])).expect("README.md can be written");
    } else {
        panic!("the block {name} of README.md is out of date; UPDATE_README=1 cargo test --test readme --test score writes it anew. It should be:\n{want}");
    }
}
