//! Lines of a page: headings, paragraphs, lists.

use kctriage::report::tone::Tone;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::cli::view::look;
use crate::cli::view::text::wrapped;

/// The widest paragraph that reads well.
const WIDEST: usize = 120;

/// Lines under work.
pub(super) struct Prose {
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Prose {
    pub(super) fn new(width: usize) -> Self {
        Prose { width: width.clamp(1, WIDEST), lines: Vec::new() }
    }

    /// Writes a heading, a free line above it.
    pub(super) fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.line(look::tone(Tone::Strong), text);
    }

    /// Writes a line as it is: what is to be copied must not be broken.
    pub(super) fn line(&mut self, style: Style, text: &str) {
        self.lines.push(Line::styled(text.to_owned(), style));
    }

    /// Writes a line of several styles.
    pub(super) fn spans(&mut self, spans: Vec<Span<'static>>) {
        self.lines.push(Line::from(spans));
    }

    /// Writes a paragraph behind a mark, its other lines indented as far as its first.
    pub(super) fn item(&mut self, mark: &str, style: Style, text: &str) {
        let hang = mark.width();
        for (number, line) in wrapped(text, self.width.saturating_sub(hang)).into_iter().enumerate() {
            let begin = if number == 0 { mark.to_owned() } else { " ".repeat(hang) };
            self.lines.push(Line::from(vec![Span::raw(begin), Span::styled(line, style)]));
        }
    }

    /// Writes steps with their numbers.
    pub(super) fn steps(&mut self, heading: &str, steps: &[String]) {
        if steps.is_empty() {
            return;
        }
        self.heading(heading);
        for (number, step) in (1..).zip(steps) {
            self.item(&format!("  {number}. "), Style::new(), step);
        }
    }

    /// Writes texts behind dashes.
    pub(super) fn list(&mut self, heading: &str, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        self.heading(heading);
        for text in texts {
            self.item("  - ", Style::new(), text);
        }
    }

    pub(super) fn finish(self) -> Vec<Line<'static>> {
        self.lines
    }
}
