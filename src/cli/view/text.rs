//! Texts of a given width; what comes in is inert already.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cuts a text to a width, the cut marked, and fills it up with blanks.
pub fn padded(text: &str, columns: usize) -> String {
    let cut = cut(text, columns);
    let blanks = columns.saturating_sub(cut.width());
    cut + &" ".repeat(blanks)
}

/// Cuts a text to a width, the cut marked.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut shown, mut width) = (String::new(), 0);
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width >= columns {
            break;
        }
        shown.push(c);
    }
    if columns > 0 {
        shown.push('…');
    }
    shown
}

/// Breaks a text between words; a word that is too wide is broken anywhere.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let wide = word.width();
        if used > 0 && used + 1 + wide > columns {
            lines.push(String::new());
            used = 0;
        } else if used > 0 {
            lines.last_mut().into_iter().for_each(|l| l.push(' '));
            used += 1;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > columns && used > 0 {
                lines.push(String::new());
                used = 0;
            }
            lines.last_mut().into_iter().for_each(|l| l.push(c));
            used += wide;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit() {
        assert_eq!([padded("abc", 5), padded("abcdef", 4), padded("日本語", 4), cut("ab", 0)], ["abc  ", "abc…", "日… ", ""].map(String::from));
        assert_eq!(wrapped("one two threefour  five", 5), ["one", "two", "three", "four", "five"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
