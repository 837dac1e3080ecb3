//! Log text in markup: HTML, Markdown, Jira.
//!
//! What acts (control characters, bidi controls, what hides) is made visible first; then nothing of what is left may be markup.

use std::fmt::Write as _;

use super::Untrusted;

impl Untrusted<'_> {
    /// Returns the text for a node or an attribute of an HTML page, at most `columns` wide. It is still to be escaped by the template, which does that for
    /// every text.
    #[must_use]
    pub fn html(self, columns: usize) -> String {
        self.terminal(columns)
    }

    /// Returns the text as a code span of GitHub's Markdown: there no link, image, mention, reference or HTML is looked for. It has no pipe and no line
    /// break, so that it can stand in a table.
    #[must_use]
    pub fn markdown(self, columns: usize) -> String {
        let shown = self.terminal(columns).replace('|', "\\x7c");
        if shown.trim().is_empty() {
            return "`(empty)`".to_owned();
        }
        let fence = "`".repeat(longest_run(&shown, '`') + 1);
        let blank = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
        format!("{fence}{blank}{shown}{blank}{fence}")
    }

    /// Returns the text for Jira's wiki markup: all but letters, digits and blanks are character references, so that no macro, link, mention, image, issue
    /// key or table is seen in it.
    #[must_use]
    pub fn jira(self, columns: usize) -> String {
        let mut safe = String::new();
        for c in self.terminal(columns).chars() {
            let _ = if c.is_alphanumeric() || c == ' ' || c == '…' { write!(safe, "{c}") } else { write!(safe, "&#{};", u32::from(c)) };
        }
        safe
    }

    /// Returns the text as a code span of Slack's `mrkdwn` (and of Mattermost's Markdown): there no link, format or channel is looked for. It has no backtick, no
    /// control sequence as `<!here>`, and no sign that begins a mention.
    #[must_use]
    pub fn slack(self, columns: usize) -> String {
        let mut safe = String::from("`");
        for c in self.terminal(columns).chars() {
            match c {
                '&' => safe.push_str("&amp;"),
                '<' => safe.push_str("&lt;"),
                '>' => safe.push_str("&gt;"),
                '`' => safe.push('\''),
                '@' => safe.push('＠'),
                c => safe.push(c),
            }
        }
        if safe.trim_matches(['`', ' ']).is_empty() {
            safe.push_str("(empty)");
        }
        safe.push('`');
        safe
    }
}

/// Returns the length of the longest run of a character.
fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_spans_cannot_be_left() {
        let table = [
            ("web-portal", "`web-portal`"),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            ("`", "`` ` ``"),
            ("a|b\\|c", "`a\\x7cb\\\\x7cc`"),
            ("a\nb", "`a\\x0ab`"),
            ("@team #1 https://evil.example ![x](y)", "`@team #1 https://evil.example ![x](y)`"),
            ("", "`(empty)`"),
            ("  ", "`(empty)`"),
        ];
        for (text, want) in table {
            assert_eq!(Untrusted::new(text).markdown(200), want, "{text:?}");
        }
    }

    #[test]
    fn slack_is_told_to_call_nobody() {
        let table = [
            ("web-portal", "`web-portal`"),
            ("<!here> & <@U024BE7LH> <https://evil.example|click>", "`&lt;!here&gt; &amp; &lt;＠U024BE7LH&gt; &lt;https://evil.example|click&gt;`"),
            ("@channel `x` *b*\n@here", "`＠channel 'x' *b*\\x0a＠here`"),
            ("", "`(empty)`"),
        ];
        for (text, want) in table {
            assert_eq!(Untrusted::new(text).slack(200), want, "{text:?}");
        }
    }

    #[test]
    fn jira_sees_no_markup() {
        assert_eq!(Untrusted::new("ab 1").jira(200), "ab 1");
        assert_eq!(Untrusted::new("{code}[~x]|ABC-1").jira(200), "&#123;code&#125;&#91;&#126;x&#93;&#124;ABC&#45;1");
    }
}
