//! Log text as the value of a Prometheus label.

use super::{Untrusted, visible};

/// Columns of a label's value. Keycloak keeps 255 letters of a client's id; a label is read in a legend.
const COLUMNS: usize = 128;

impl Untrusted<'_> {
    /// Returns the text to stand between the quotes of a label's value, in the text format and in `OpenMetrics`. What acts is made visible first, so that a
    /// line feed is no escape but text: values go on to dashboards, chats and terminals. Texts that look the same are the same label.
    #[must_use]
    pub fn label(self) -> String {
        visible(&self.masked(), COLUMNS).replace('\\', r"\\").replace('"', "\\\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_quotes_or_acts() {
        let table = [
            ("web-portal", "web-portal"),
            ("", ""),
            ("a\"} 1\nkctriage_up 1", r#"a\"} 1\\x0akctriage_up 1"#),
            (r"C:\n", r"C:\\n"),
            ("\\", r"\\"),
            ("\u{1b}[31m\u{202e}evil\u{0}", r"\\x1b[31m\\u{202e}evil\\x00"),
            ("caf\u{fffd}", "caf\u{fffd}"),
            ("client_secret=hunter2hunter2", "client_secret=[secret]"),
        ];
        for (text, want) in table {
            assert_eq!(Untrusted::new(text).label(), want, "{text:?}");
        }
        assert!(Untrusted::new(&"x".repeat(5000)).label().len() < 140);
    }
}
