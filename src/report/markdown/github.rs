//! GitHub's Markdown.

use super::COLUMNS;
use crate::report::escape::Untrusted;
use crate::report::model::{Piece, Prose};
use crate::report::outline::Block;

/// Returns blocks as Markdown.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(level, text) => out.extend(["#".repeat(usize::from(*level)).as_str(), " ", &prose(text), "\n"]),
            Block::Paragraph(text) => out.extend([prose(text).as_str(), "\n"]),
            Block::Step(text) => out.extend(["> ", &prose(text), "\n"]),
            Block::List(numbered, items) => {
                for (at, item) in items.iter().enumerate() {
                    let mark = if *numbered { format!("{}.", at + 1) } else { "-".to_owned() };
                    out.extend([&mark, " ", &prose(item), "\n"]);
                }
            }
            Block::Table(columns, rows) => out += &table(columns, rows),
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

fn table(columns: &[(&'static str, bool)], rows: &[Vec<Prose>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = columns.iter().map(|(_, figures)| if *figures { "---:" } else { "---" }.to_owned()).collect();
    let mut out = line(columns.iter().map(|(name, _)| (*name).to_owned()).collect()) + &line(rule);
    for row in rows {
        out += &line(row.iter().map(prose).collect());
    }
    out
}

fn prose(text: &Prose) -> String {
    text.0
        .iter()
        .map(|piece| match piece {
            Piece::Said(text) => plain(text),
            Piece::Strong(text) => strong(text),
            Piece::Code(text) => Untrusted::new(text).markdown(usize::MAX),
            Piece::Logged(logged) => logged.untrusted().markdown(COLUMNS),
        })
        .collect()
}

/// Emphasis must not begin or end with a blank.
fn strong(text: &str) -> String {
    let inner = text.trim();
    let (before, after) = (&text[..text.len() - text.trim_start().len()], &text[text.trim_end().len()..]);
    if inner.is_empty() { text.to_owned() } else { format!("{before}**{}**{after}", plain(inner)) }
}

/// Escapes what Markdown would take for markup in the program's own words.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' | '#' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
