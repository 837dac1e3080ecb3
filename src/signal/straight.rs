//! Messages whose quotes were changed on their way into a text: by JSON that was copied as it stands, by a page's source, by an editor that thinks it knows better.
//!
//! Input: a message. Output: what the server wrote, as far as that can be told. Must not know what a message means, only how those begin that are asked for.

use memchr::memmem;

/// What stands for a quote, and the quote.
const ENTITIES: [(&str, &str); 10] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#x22;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&#61;", "="),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&amp;", "&"),
];

/// What stands for quotes in print.
const PRINTED: [(&str, &str); 8] =
    [("\u{201c}", "\""), ("\u{201d}", "\""), ("\u{201e}", "\""), ("\u{ab}", "\""), ("\u{bb}", "\""), ("\u{2018}", "'"), ("\u{2019}", "'"), ("\u{201a}", "'")];

/// Returns the message as it was before; `None` where nothing in its beginning says that it was another.
#[inline]
pub(super) fn straightened(message: &[u8]) -> Option<Vec<u8>> {
    // a quote stands next in each of these
    let before: &[u8] = match message.first()? {
        b't' => b"type=",
        b'o' => b"operationType=",
        b'e' => b"event=",
        b'C' => b"Code ",
        _ => return None,
    };
    let rest = message.strip_prefix(before)?;
    if matches!(rest.first(), Some(b'\\' | b'&' | 0xc2 | 0xe2)) { changed(message, rest) } else { None }
}

#[cold]
fn changed(message: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    if rest.starts_with(b"\\\"") {
        let text = [b"\"", message, b"\""].concat();
        return serde_json::from_slice::<String>(&text).ok().map(String::into_bytes);
    }
    let table: &[(&str, &str)] = if rest.starts_with(b"&") { &ENTITIES } else { &PRINTED };
    table.iter().any(|(written, _)| rest.starts_with(written.as_bytes())).then(|| table.iter().fold(message.to_vec(), |text, pair| replaced(&text, pair)))
}

fn replaced(text: &[u8], (from, to): &(&str, &str)) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memmem::find(rest, from.as_bytes()) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to.as_bytes());
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_what_they_were() {
        let list = r#"type="LOGIN_ERROR", clientId="o\"neil & son", username="it's""#;
        let json = serde_json::to_string(list).expect("a string");
        let html = list.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
        let printed = list.replace("=\"", "=\u{201c}").replace('"', "\u{201d}");
        for text in [&json[1..json.len() - 1], &html, &printed] {
            assert_eq!(straightened(text.as_bytes()).map(String::from_utf8), Some(Ok(list.to_owned())), "{text}");
        }
        assert_eq!(straightened("Code \u{2018}c\u{2019} already used".as_bytes()).as_deref(), Some(&b"Code 'c' already used"[..]));
        for text in [list, "type=LOGIN_ERROR, realmId=r", "Code 'c'", "type=&c", "type=\\x", "", "type="] {
            assert_eq!(straightened(text.as_bytes()), None, "{text}");
        }
    }
}
