//! What names a person, found in a text by its form or by the name before it.
//!
//! Input: a text. Output: the text with pseudonyms. Must not know where the text comes from.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::{Kind, Redactor, SHOWN};

/// What is looked for: a group's name, and its pattern. The first that fits at a place counts.
const FORMS: [(&str, &str); 6] = [
    // what is a pseudonym already
    ("done", r"\b(?:user|session|ip|id)-[0-9a-f]{12}\b"),
    ("mail", r"[A-Za-z0-9._%+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"),
    // a user of a federation: f:<component>:<name>
    ("federated", r"\bf:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}:[^\s,;&\x22']+"),
    // also behind `user_`, where no word begins
    ("id", r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    ("address", r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|\b(?:[0-9A-Fa-f]{1,4}:+){2,}[0-9A-Fa-f:.]*|::(?:[0-9A-Fa-f]{1,4}[:.]?)+"),
    ("run", r"[A-Za-z0-9_-]{24,}"),
];

/// Names whose values name a person, and of which kind they are.
const NAMED: [(&str, Kind); 3] = [
    ("username|user_?name|preferred_username|user_?id|user|login_hint|email|sub|identity_provider_identity|impersonator", Kind::User),
    ("session_?id|session_state|code_id|session|sid", Kind::Session),
    ("ip_?address|ip|remote_?addr|client_?ip|x-forwarded-for|x-real-ip", Kind::Address),
];

/// Length of a session's id in new servers: 18 random bytes in base64url.
const SESSION: usize = 24;

/// Whether a text is a pseudonym, and nothing but one.
pub(super) fn is_pseudonym(text: &str) -> bool {
    let Some((prefix, hash)) = text.split_once('-') else { return false };
    ["user", "session", "ip", "id"].contains(&prefix) && hash.len() == 2 * SHOWN && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Puts pseudonyms into a text.
pub(super) fn redacted<'a>(redactor: &Redactor, text: &'a str) -> Cow<'a, str> {
    static PATTERNS: OnceLock<(Regex, Regex)> = OnceLock::new();
    let (named, forms) = PATTERNS.get_or_init(|| {
        let keys: Vec<String> = NAMED.iter().enumerate().map(|(i, (names, _))| format!("(?P<n{i}>{names})")).collect();
        let by_name = format!(r#"(?i)\b(?:{})(?:=|%3d|\\?["']\s*:\s*)\\?["']?(?P<value>[^&\s"',;\\}}]+)"#, keys.join("|"));
        let forms: Vec<String> = FORMS.iter().map(|(name, pattern)| format!("(?P<{name}>{pattern})")).collect();
        let made = |pattern: &str| Regex::new(pattern).expect("a literal pattern, tested");
        (made(&by_name), made(&forms.join("|")))
    });
    // a form is at least as long as `::1`, and holds a digit, a capital or a sign
    if !text.bytes().any(|b| matches!(b, b'0'..=b'9' | b'A'..=b'Z' | b'@' | b':' | b'=' | b'%')) {
        return Cow::Borrowed(text);
    }
    let first = named.replace_all(text, |found: &Captures<'_>| {
        let (all, value) = (&found[0], &found["value"]);
        let kind = NAMED.iter().enumerate().find(|(i, _)| found.name(&format!("n{i}")).is_some()).map_or(Kind::User, |(_, (_, kind))| *kind);
        let shown = match kind {
            _ if ["null", "true", "false", "[secret]"].contains(&value) => return all.to_owned(),
            Kind::Address => redactor.address(value),
            kind => redactor.pseudonym(kind, value),
        };
        format!("{}{shown}", &all[..all.len() - value.len()])
    });
    let both = forms.replace_all(&first, |found: &Captures<'_>| form(redactor, found));
    match both {
        Cow::Owned(both) => Cow::Owned(both),
        Cow::Borrowed(_) => first,
    }
}

/// Letters of a word, at the least.
const WORD: usize = 4;

/// Letters of names that may stand outside of words: `OIDC` before `LoginProtocolService`.
const ODD: usize = 5;

/// Whether a text is a name that people made of words, as `ClientAuthenticationFlow` and `shop-orders-worker-green` are: letters and hyphens, nearly all of
/// them in words that begin with a capital or none; or without any capital, or any small letter. Of a million random ids about 70 look so.
fn is_words(text: &str) -> bool {
    if !text.bytes().any(|b| b.is_ascii_uppercase()) || !text.bytes().any(|b| b.is_ascii_lowercase()) {
        return true;
    }
    if !text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') {
        return false;
    }
    let (mut within, mut word) = (0, 0);
    let bytes = text.as_bytes();
    for (at, b) in bytes.iter().enumerate() {
        // a word begins with any letter and goes on in small ones
        word = if b.is_ascii_lowercase() { word + 1 } else { usize::from(b.is_ascii_uppercase()) };
        let ends = bytes.get(at + 1).is_none_or(|next| !next.is_ascii_lowercase());
        if ends && word >= WORD {
            within += word;
        }
    }
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    within + ODD >= letters
}

/// Returns what stands for a form that was found.
fn form(redactor: &Redactor, found: &Captures<'_>) -> String {
    let text = &found[0];
    let is = |name: &str| found.name(name).is_some();
    let plural = text.trim_end_matches([':', '.']);
    if is("mail") || is("federated") {
        redactor.pseudonym(Kind::User, text)
    } else if is("id") {
        redactor.pseudonym(Kind::Id, text)
    } else if is("address") && plural.parse::<IpAddr>().is_ok() {
        format!("{}{}", redactor.address(plural), &text[plural.len()..])
    } else if is("run") && text.len() == SESSION && !is_words(text) {
        redactor.pseudonym(Kind::Id, text)
    } else if is("run") {
        // a longer run can hold one: `user_` and a UUID
        static UUID: OnceLock<Regex> = OnceLock::new();
        let uuid = UUID.get_or_init(|| Regex::new(FORMS[3].1).expect("a literal pattern, tested"));
        uuid.replace_all(text, |found: &Captures<'_>| redactor.pseudonym(Kind::Id, &found[0])).into_owned()
    } else {
        text.to_owned()
    }
}

/// Puts pseudonyms for the mail addresses into a name.
pub(super) fn mails<'a>(redactor: &Redactor, name: &'a str) -> Cow<'a, str> {
    static MAIL: OnceLock<Regex> = OnceLock::new();
    if !name.contains(['@', '%']) {
        return Cow::Borrowed(name);
    }
    let mail = MAIL.get_or_init(|| Regex::new(FORMS[1].1).expect("a literal pattern, tested"));
    mail.replace_all(name, |found: &Captures<'_>| redactor.user(&found[0]))
}
