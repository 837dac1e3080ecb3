//! The only way for log text into an output.
//!
//! Input: [`Untrusted`] text, which cannot be printed as it is. Output: text that is inert where it goes. What is a secret by its shape or its name is masked
//! first, then the text is cut to a width, then escaped: so neither a cut nor an escape can hide a secret from the mask.
//!
//! ```
//! use kctriage::report::escape::Untrusted;
//! assert_eq!(Untrusted::new("a\u{1b}[31mb").terminal(20), r"a\x1b[31mb");
//! assert_eq!(Untrusted::new("=1+1").csv(), "'=1+1");
//! ```

pub mod json;
mod label;
mod markup;
mod secret;

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// Text that a client, a log or a file system wrote; it has no `Display`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untrusted<'a>(&'a str);

/// Letters of a line that are an excerpt of it.
const EXCERPT: usize = 160;

impl<'a> Untrusted<'a> {
    /// Wraps text of foreign origin.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Untrusted(text)
    }

    /// Returns the text for a terminal: at most `columns` wide, the cut marked by an ellipsis, without anything that acts instead of being seen.
    #[must_use]
    pub fn terminal(self, columns: usize) -> String {
        visible(&self.masked(), columns)
    }

    /// Returns a message that begins with the name of a file, for a terminal. The name and what is said of it are masked apart: after a name like `password` the
    /// program's own words are no secret.
    #[must_use]
    pub fn about(self, name: &str, columns: usize) -> String {
        match self.0.strip_prefix(name) {
            Some(said) => Untrusted(name).terminal(columns) + &Untrusted(said).terminal(columns),
            None => self.terminal(columns),
        }
    }

    /// Returns the text for a cell of a CSV file, which a spreadsheet may open or a terminal may show: nothing in it begins a formula (CWE-1236), and
    /// nothing acts.
    #[must_use]
    pub fn csv(self) -> String {
        let masked = self.masked();
        let formula = masked.chars().next().is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'));
        let shown = visible(&masked, usize::MAX);
        if formula { format!("'{shown}") } else { shown }
    }

    /// Returns the text as logged but for what is a secret by its shape or by the name before it (`client_secret=…`), encoded or not: for formats that escape on their own (JSON).
    #[must_use]
    pub fn masked(self) -> Cow<'a, str> {
        secret::masked(self.0)
    }

    /// Returns the text as it may be kept for a later run, if there are secrets in it: what stands in for them keeps different texts different, and this gate
    /// shows it as it shows them.
    #[must_use]
    pub fn kept(self) -> Option<String> {
        secret::kept(self.0)
    }

    /// Returns the beginning of a line, masked before it is cut.
    #[must_use]
    pub fn excerpt(self) -> String {
        let masked = self.masked();
        let end = masked.char_indices().nth(EXCERPT).map_or(masked.len(), |(at, _)| at);
        masked[..end].to_owned()
    }
}

/// Whether a character acts on a terminal, or hides, instead of being seen.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{feff}' | '\u{00ad}' | '\u{180e}'
            | '\u{fff9}'..='\u{fffb}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Cuts to a width and makes what acts visible. What an escape takes counts as width.
fn visible(text: &str, columns: usize) -> String {
    let mut shown = String::new();
    let (mut width, mut fits) = (0, 0);
    let mut marks = 0;
    for c in text.chars() {
        let before = shown.len();
        if acts(c) {
            let code = u32::from(c);
            let _ = if code < 0x80 { write!(shown, "\\x{code:02x}") } else { write!(shown, "\\u{{{code:x}}}") };
            width += shown.len() - before;
            marks = 0;
        } else {
            let wide = c.width().unwrap_or(0);
            marks = if wide == 0 { marks + 1 } else { 0 };
            // Marks that take no width can be piled up over the lines above.
            if marks > 2 {
                continue;
            }
            shown.push(c);
            width += wide;
        }
        if width < columns {
            fits = shown.len();
        } else if width > columns {
            shown.truncate(fits);
            shown.push('…');
            return shown;
        }
    }
    shown
}

#[cfg(test)]
mod tests;
