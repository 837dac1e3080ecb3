//! How a piece of text is meant, and the colour that says so.

use anstyle::{AnsiColor, Color, Style};

use crate::cause::Cause;

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

/// Returns the colour that tells a cause from its neighbours; an aid only, since number and name say it too.
///
/// Five hues that a light and a dark terminal can both show, plain for the more frequent cause of a kind and bold for the other: those about the client
/// in red, those about sessions and refresh tokens in cyan.
#[must_use]
pub fn of_cause(cause: Cause) -> Style {
    let (colour, bold) = match cause {
        Cause::CodeExpired => (AnsiColor::Yellow, false),
        Cause::CodeReused => (AnsiColor::Magenta, false),
        Cause::ClockSkew => (AnsiColor::Yellow, true),
        Cause::RefreshTokenInvalid => (AnsiColor::Cyan, false),
        Cause::WrongClientSecret => (AnsiColor::Red, false),
        Cause::PkceMismatch => (AnsiColor::Magenta, true),
        Cause::RedirectUriMismatch => (AnsiColor::Blue, false),
        Cause::SessionTerminated => (AnsiColor::Cyan, true),
        Cause::ClientAuthMethod => (AnsiColor::Red, true),
        _ => return Style::new(),
    };
    let style = Style::new().fg_color(Some(Color::Ansi(colour)));
    if bold { style.bold() } else { style }
}
