//! Text for people: paragraphs and lists within a width, with colours or without.

use std::fmt::Write as _;

pub use kctriage::report::tone::Tone;
use unicode_width::UnicodeWidthStr;

use super::terminal::Terminal;

/// Text under work. What is put in is the program's own, or has been escaped.
#[derive(Debug)]
pub struct Prose {
    width: usize,
    colour: bool,
    text: String,
}

impl Prose {
    /// Begins a text.
    #[must_use]
    pub fn new(terminal: Terminal) -> Self {
        Prose { width: terminal.width, colour: terminal.colour, text: String::new() }
    }

    /// Returns the columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Leaves a line free, unless nothing is above.
    pub fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Writes a heading.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.line(0, Tone::Strong, text);
    }

    /// Writes one line, however long: what is to be copied must not be broken.
    pub fn line(&mut self, indent: usize, tone: Tone, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.styled(tone, text);
        self.text.push('\n');
    }

    /// Writes a paragraph, broken between words.
    pub fn paragraph(&mut self, indent: usize, tone: Tone, text: &str) {
        self.item(indent, "", tone, text);
    }

    /// Writes a paragraph behind a mark, its other lines indented as far as its first.
    pub fn item(&mut self, indent: usize, mark: &str, tone: Tone, text: &str) {
        self.marked(indent, mark, tone, tone, text);
    }

    /// Writes a paragraph behind a mark of another tone.
    pub fn marked(&mut self, indent: usize, mark: &str, mark_tone: Tone, tone: Tone, text: &str) {
        let hang = indent + mark.width();
        let mut lines = wrap(text, self.width.saturating_sub(hang)).into_iter();
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.styled(mark_tone, mark);
        self.styled(tone, lines.next().unwrap_or_default().trim_end());
        self.text.push('\n');
        for line in lines {
            self.line(hang, tone, &line);
        }
    }

    fn styled(&mut self, tone: Tone, text: &str) {
        let style = tone.style();
        let _ = if self.colour && tone != Tone::Plain && !text.trim().is_empty() {
            write!(self.text, "{}{text}{}", style.render(), style.render_reset())
        } else {
            write!(self.text, "{text}")
        };
    }

    /// Returns the text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

/// Breaks a text between words; a word that is too wide stands alone and sticks out, so that it can still be copied.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Pads a text with blanks to a width.
#[must_use]
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Writes `1 node`, `2 nodes`.
#[must_use]
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words() {
        let mut prose = Prose::new(Terminal { width: 14, colour: false, interactive: false });
        prose.item(2, "- ", Tone::Good, "one two three https://long.example/x four");
        prose.gap();
        prose.paragraph(0, Tone::Plain, "");
        assert_eq!(prose.finish(), "  - one two\n    three\n    https://long.example/x\n    four\n\n\n");
    }

    #[test]
    fn colours_are_the_only_difference() {
        let set = |colour| {
            let mut prose = Prose::new(Terminal { width: 14, colour, interactive: false });
            prose.item(2, "- ", Tone::Alarm, "one two three");
            prose.finish()
        };
        assert!(set(true).contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&set(true)).to_string(), set(false));
    }
}
