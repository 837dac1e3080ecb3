//! How a piece of text is meant, and the colour that says so.

use anstyle::{AnsiColor, Color, Style};

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// What the eye should find.
    Strong,
    /// What can be skipped.
    Faint,
    /// What is sure, there, or right.
    Good,
    /// What is not sure, missing, or open.
    Doubt,
    /// What is wrong.
    Alarm,
    /// What to do or to type.
    Advice,
}

impl Tone {
    /// Returns the colour and weight.
    #[must_use]
    pub fn style(self) -> Style {
        let colour = |c| Style::new().fg_color(Some(Color::Ansi(c)));
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Good => colour(AnsiColor::Green),
            Tone::Doubt => colour(AnsiColor::Yellow),
            Tone::Alarm => colour(AnsiColor::Red).bold(),
            Tone::Advice => colour(AnsiColor::Cyan),
        }
    }
}
