//! The page for a terminal or a pipe.
//!
//! Input: a [`Report`]. Output: lines of a given width, with colours or without. Must not look at outcomes.

use std::io;

use unicode_width::UnicodeWidthStr;

use super::Paper;
use super::model::{NAME, Piece, Prose, Report, quoted};
use super::outline::{Block, outline};
use super::terminal::page::{Page, Text as Words, Tone};

/// The narrowest and the widest page.
const WIDTHS: (usize, usize) = (60, 120);

/// The widest cell of a table.
const CELL: usize = 36;

/// Writes the page.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Columns.
    pub width: usize,
    /// Whether to use colours.
    pub colour: bool,
}

impl Paper for Text {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let mut page = Page::new(self.width.clamp(WIDTHS.0, WIDTHS.1), self.colour);
        for (at, block) in outline(report).iter().enumerate() {
            write(block, at == 1, &mut page);
        }
        out.write_all(page.finish().as_bytes())
    }
}

fn write(block: &Block, headline: bool, page: &mut Page) {
    match block {
        Block::Heading(level, text) => {
            page.gap();
            let strong = Words::new().add(Tone::Strong, text.text());
            page.paragraph(0, 2, &strong);
            if *level == 1 {
                page.row(&Words::new().faint("═".repeat(text.text().width())));
            }
        }
        Block::Paragraph(text) if headline => page.paragraph(0, 2, &words(text, Tone::Plain, Tone::Alarm)),
        Block::Paragraph(text) => page.paragraph(0, 2, &words(text, Tone::Plain, Tone::Strong)),
        Block::Step(text) => page.paragraph(2, 4, &Words::new().add(Tone::Advice, "→ ").append(words(text, Tone::Strong, Tone::Strong))),
        Block::List(numbered, items) => {
            for (at, item) in items.iter().enumerate() {
                let label = if *numbered { format!("  {}. ", at + 1) } else { "  - ".to_owned() };
                page.labelled(&label, &words(item, Tone::Plain, Tone::Strong));
            }
        }
        Block::Table(columns, rows) => table(columns, rows, page),
    }
}

fn words(prose: &Prose, plain: Tone, strong: Tone) -> Words {
    prose.0.iter().fold(Words::new(), |words, piece| match piece {
        Piece::Said(text) => words.add(plain, text.to_string()),
        Piece::Strong(text) => words.add(strong, text.to_string()),
        Piece::Code(text) => words.add(Tone::Advice, text.to_string()),
        Piece::Logged(logged) => words.add(plain, quoted(logged, NAME)),
    })
}

fn table(columns: &[(&'static str, bool)], rows: &[Vec<Prose>], page: &mut Page) {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| cut(&cell.text())).collect()).collect();
    let wide = |at: usize, name: &str| cells.iter().filter_map(|row| row.get(at)).map(|c| c.width()).max().unwrap_or(0).max(name.width());
    let widths: Vec<usize> = columns.iter().enumerate().map(|(at, (name, _))| wide(at, name)).collect();
    let line = |cells: Vec<String>| {
        let mut text = "  ".to_owned();
        for ((cell, wide), (_, figures)) in cells.iter().zip(&widths).zip(columns) {
            let blanks = " ".repeat(wide.saturating_sub(cell.width()));
            text.extend(if *figures { [&blanks, cell.as_str(), "  "] } else { [cell.as_str(), &blanks, "  "] });
        }
        text
    };
    page.row(&Words::new().faint(line(columns.iter().map(|(name, _)| (*name).to_owned()).collect())));
    for row in cells {
        page.row(&Words::new().plain(line(row)));
    }
}

/// Cuts a cell that would push the others off the page.
fn cut(text: &str) -> String {
    super::escape::Untrusted::new(text).terminal(CELL)
}
