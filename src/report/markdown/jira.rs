//! Jira's wiki markup.

use super::COLUMNS;
use crate::report::escape::Untrusted;
use crate::report::model::{Piece, Prose};
use crate::report::outline::Block;

/// Returns blocks as wiki markup.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(level, text) => out.extend([format!("h{level}. ").as_str(), &prose(text), "\n"]),
            Block::Paragraph(text) => out.extend([prose(text).as_str(), "\n"]),
            Block::Step(text) => out.extend(["bq. ", &prose(text), "\n"]),
            Block::List(numbered, items) => {
                let mark = if *numbered { "# " } else { "* " };
                for item in items {
                    out.extend([mark, &prose(item), "\n"]);
                }
            }
            Block::Table(columns, rows) => {
                out.extend(["||", &columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("||"), "||\n"]);
                for row in rows {
                    out.extend(["|", &row.iter().map(|cell| format!(" {} ", prose(cell))).collect::<Vec<_>>().join("|"), "|\n"]);
                }
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

fn prose(text: &Prose) -> String {
    text.0
        .iter()
        .map(|piece| match piece {
            Piece::Said(text) => plain(text),
            Piece::Strong(text) if text.trim().is_empty() => text.to_string(),
            Piece::Strong(text) => {
                let end = &text[text.trim_end().len()..];
                format!("*{}*{end}", plain(text.trim()))
            }
            Piece::Code(text) => format!("{{{{{}}}}}", Untrusted::new(text).jira(usize::MAX)),
            Piece::Logged(logged) => format!("{{{{{}}}}}", logged.untrusted().jira(COLUMNS)),
        })
        .collect()
}

/// Escapes what Jira would take for markup in the program's own words.
fn plain(text: &str) -> String {
    let markup = |c: char| matches!(c, '{' | '}' | '[' | ']' | '|' | '*' | '_' | '+' | '^' | '~' | '!' | '\\' | '?' | '#' | '@');
    text.chars()
        .map(|c| {
            if markup(c) {
                format!("&#{};", u32::from(c))
            } else if c == '\n' {
                " ".to_owned()
            } else {
                c.to_string()
            }
        })
        .collect()
}
