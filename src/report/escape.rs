//! The only way for log text into an output.
//!
//! Input: [`Untrusted`] text, which cannot be printed as it is. Output: text that is inert where it goes. What is a secret by its shape is masked
//! first, then the text is cut to a width, then escaped: so neither a cut nor an escape can hide a secret from the mask.
//!
//! ```
//! use kctriage::report::escape::Untrusted;
//! assert_eq!(Untrusted::new("a\u{1b}[31mb").terminal(20), r"a\x1b[31mb");
//! assert_eq!(Untrusted::new("=1+1").csv(), "'=1+1");
//! ```

pub mod json;
mod markup;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::OnceLock;

use regex::Regex;
use unicode_width::UnicodeWidthChar;

/// Text that a client, a log or a file system wrote; it has no `Display`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untrusted<'a>(&'a str);

/// What replaces a secret.
const MASK: &str = "[secret]";

impl<'a> Untrusted<'a> {
    /// Wraps text of foreign origin.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Untrusted(text)
    }

    /// Returns the text for a terminal: at most `columns` wide, the cut marked by an ellipsis, without anything that acts instead of being seen.
    #[must_use]
    pub fn terminal(self, columns: usize) -> String {
        visible(&parameters(&self.masked()), columns)
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

    /// Returns the text as logged but for what is a secret by its shape: for formats that escape on their own (JSON).
    #[must_use]
    pub fn masked(self) -> Cow<'a, str> {
        redact(self.0)
    }

    /// Returns the text of a whole line, where values of parameters that hold secrets (`client_secret=…`) are masked, too.
    #[must_use]
    pub fn excerpt(self) -> String {
        parameters(&self.masked()).into_owned()
    }
}

/// Masks what is a secret by its shape: JWTs and pieces of them (also in base64), `Bearer` and `Basic` credentials, the user part of a URL, and
/// Keycloak's codes.
fn redact(text: &str) -> Cow<'_, str> {
    static SHAPES: OnceLock<[(Regex, &str); 5]> = OnceLock::new();
    // Most values hold none of these letters: a look for them is cheaper than five searches.
    if !["ey", "ZX", "://", "earer", "EARER", "asic", "ASIC", "pop", "PoP", "POP", "%3A", "%3a", ".", "\\/"].iter().any(|hint| text.contains(hint)) {
        return Cow::Borrowed(text);
    }
    let shapes = SHAPES.get_or_init(|| {
        [
            (r"eyJ[A-Za-z0-9_-]{5,}(?:(?:\.|%2[eE])[A-Za-z0-9_=-]*)*", MASK),
            (r"ZXlK[A-Za-z0-9+/_=-]{6,}", MASK),
            // plain words after "basic" are English; credentials have a digit, a capital or padding, or are long
            (
                r"\b(?P<scheme>(?i:bearer|basic|dpop))(?P<gap>(?:\s|%20|\+|:|=|\\t)+)(?:[a-z._~+/%-]*[A-Z0-9=][A-Za-z0-9._~+/%=-]*|[A-Za-z0-9._~+/%=-]{16,})",
                "${scheme}${gap}[secret]",
            ),
            (r"(?i)([a-z][a-z0-9+.-]*(?:://|%3a%2f%2f|:\\/\\/))[^/?#\s\\]+(?:@|%40)", "${1}[secret]@"),
            (r"\b[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", MASK),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).expect("a literal pattern, tested"), with))
    });
    let mut text = Cow::Borrowed(text);
    for (shape, with) in shapes {
        if let Cow::Owned(masked) = shape.replace_all(&text, *with) {
            text = Cow::Owned(masked);
        }
    }
    text
}

/// Masks the values of parameters that hold secrets, as a query string, a form or a JSON object writes them.
fn parameters(text: &str) -> Cow<'_, str> {
    static NAMES: OnceLock<Regex> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let names = "client_secret|client_assertion|assertion|access_token|refresh_token|id_token|subject_token|actor_token|token|code|code_verifier|device_code|password|passwd|secret|cookie|key";
        Regex::new(&format!(r#"(?i)\b({names})(=|%3d|\\?["']\s*:\s*\\?["'])([^&\s"',;\\}}]+)"#)).expect("a literal pattern, tested")
    });
    names.replace_all(text, "${1}${2}[secret]")
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
