//! Lines of a given width, with or without colours.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(in crate::report) use crate::report::tone::Tone;

/// A piece of a paragraph: text that is the program's own, or has been escaped.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Text(Vec<(Tone, String)>);

impl Text {
    pub(in crate::report) fn new() -> Self {
        Text::default()
    }

    /// Adds text.
    pub(in crate::report) fn add(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    /// Adds plain text.
    pub(in crate::report) fn plain(self, text: impl Into<String>) -> Self {
        self.add(Tone::Plain, text)
    }

    /// Adds faint text.
    pub(in crate::report) fn faint(self, text: impl Into<String>) -> Self {
        self.add(Tone::Faint, text)
    }

    /// Adds another text.
    pub(in crate::report) fn append(mut self, other: Text) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// The page under work.
pub(in crate::report) struct Page {
    width: usize,
    colour: bool,
    text: String,
}

impl Page {
    pub(in crate::report) fn new(width: usize, colour: bool) -> Self {
        Page { width, colour, text: String::new() }
    }

    pub(in crate::report) fn width(&self) -> usize {
        self.width
    }

    /// Leaves a line free, unless nothing is above.
    pub(in crate::report) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Writes a line as it is, cut at the width.
    pub(in crate::report) fn row(&mut self, row: &Text) {
        let mut left = self.width;
        let mut cut = Vec::new();
        for (tone, text) in &row.0 {
            let mut piece = String::new();
            for c in text.chars() {
                let wide = c.width().unwrap_or(0);
                if wide > left {
                    break;
                }
                left -= wide;
                piece.push(c);
            }
            cut.push((*tone, piece));
        }
        self.emit(&cut);
    }

    /// Writes a line that is never broken, however narrow the terminal: what is to be copied.
    pub(in crate::report) fn verbatim(&mut self, indent: usize, tone: Tone, text: &str) {
        self.emit(&[(Tone::Plain, " ".repeat(indent)), (tone, text.to_owned())]);
    }

    /// Writes a paragraph, broken between words: its first line is indented by `first` columns, the others by `rest`.
    pub(in crate::report) fn paragraph(&mut self, first: usize, rest: usize, text: &Text) {
        self.fill(" ".repeat(first), rest, text);
    }

    /// Writes a paragraph that stands beside a label.
    pub(in crate::report) fn labelled(&mut self, label: &str, text: &Text) {
        self.fill(label.to_owned(), label.width(), text);
    }

    fn fill(&mut self, begin: String, rest: usize, text: &Text) {
        let (mut used, mut empty) = (begin.width(), true);
        let mut line: Vec<(Tone, String)> = vec![(Tone::Plain, begin)];
        for word in words(text) {
            let wide: usize = word.iter().map(|(_, t)| t.width()).sum();
            if !empty && used + 1 + wide > self.width {
                self.emit(&line);
                line = vec![(Tone::Plain, " ".repeat(rest))];
                (used, empty) = (rest, true);
            }
            if !empty {
                let tone = word.first().map_or(Tone::Plain, |w| w.0);
                line.push((tone, " ".to_owned()));
                used += 1;
            }
            for (tone, text) in word {
                for c in text.chars() {
                    let wide = c.width().unwrap_or(0);
                    if used + wide > self.width {
                        self.emit(&line);
                        line = vec![(Tone::Plain, " ".repeat(rest))];
                        used = rest;
                    }
                    line.push((tone, c.to_string()));
                    used += wide;
                }
            }
            empty = false;
        }
        self.emit(&line);
    }

    /// Writes pieces as one line, neighbours of one tone together.
    fn emit(&mut self, pieces: &[(Tone, String)]) {
        let mut joined: Vec<(Tone, String)> = Vec::new();
        for (tone, text) in pieces {
            match joined.last_mut() {
                Some((last, sum)) if last == tone => sum.push_str(text),
                _ => joined.push((*tone, text.clone())),
            }
        }
        if let Some((_, last)) = joined.last_mut() {
            last.truncate(last.trim_end().len());
        }
        for (tone, text) in joined {
            let style = tone.style();
            let _ = if self.colour && tone != Tone::Plain && !text.trim().is_empty() {
                write!(self.text, "{}{text}{}", style.render(), style.render_reset())
            } else {
                write!(self.text, "{text}")
            };
        }
        self.text.push('\n');
    }

    pub(in crate::report) fn finish(self) -> String {
        self.text
    }
}

/// Returns the words of a text; a word may be made of pieces of several tones.
fn words(text: &Text) -> Vec<Vec<(Tone, &str)>> {
    let mut words: Vec<Vec<(Tone, &str)>> = Vec::new();
    let mut open = false;
    for (tone, piece) in &text.0 {
        for (number, part) in piece.split(' ').enumerate() {
            open &= number == 0;
            if part.is_empty() {
                continue;
            }
            match words.last_mut() {
                Some(word) if open => word.push((*tone, part)),
                _ => words.push(vec![(*tone, part)]),
            }
            open = true;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_between_words_and_never_too_wide() {
        let mut page = Page::new(12, false);
        page.paragraph(1, 3, &Text::new().plain("one two").add(Tone::Strong, "three four ").plain("fivesixseveneight x"));
        assert_eq!(page.finish(), " one\n   twothree\n   four\n   fivesixse\n   veneight\n   x\n");
    }

    #[test]
    fn colours_are_the_only_difference() {
        let text = Text::new().add(Tone::Alarm, "a b").plain(" c");
        let mut page = Page::new(20, true);
        page.paragraph(0, 0, &text);
        let coloured = page.finish();
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), "a b c\n");
    }
}
