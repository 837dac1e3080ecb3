//! Secrets in a text, known by their shape, by the name before them, or by what they turn out to be when they are decoded.
//!
//! Input: a text. Output: the text with a mask in place of each secret. A secret that was cut is one, too: a log cuts long lines. Must not know where the
//! text goes.

mod hidden;

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use crate::names::{Key, stand_in};

/// What replaces a secret.
pub(super) const MASK: &str = "[secret]";

/// How deep encodings are looked into: JSON in base64 in a query string.
const DEPTH: usize = 3;

/// Returns the text without its secrets, and without what stands in for them in texts that were kept.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(found) = stand_in(rest) {
        shown = shown + &rest[..found.at.start] + MASK;
        rest = &rest[found.at.end..];
    }
    if shown.is_empty() { plain(text) } else { Cow::Owned(plain(&(shown + rest)).into_owned()) }
}

/// Returns the text as it may be kept, if there are secrets in it: a stand-in takes the place of the first, so that different texts stay different, and a mask
/// that of the others. Masked, it reads as the text does.
pub(super) fn kept(text: &str) -> Option<String> {
    let masked = masked(text).into_owned();
    let stand_in = || Key::of(text.as_bytes()).stand_in(None);
    (masked != text).then(|| if masked.contains(MASK) { masked.replacen(MASK, &stand_in(), 1) } else { stand_in() })
}

fn plain(text: &str) -> Cow<'_, str> {
    if !is_worth_a_look(text) {
        return Cow::Borrowed(text);
    }
    masked_down_to(text, DEPTH)
}

/// Whether there can be a secret. Most values are short words: a look at their bytes is cheaper than a handful of searches.
fn is_worth_a_look(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|b| {
        run = if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'/') { run + 1 } else { 0 };
        run >= hidden::SHORTEST || matches!(b, b'=' | b':' | b'%' | b'\\' | b'.' | b' ')
    }) || text.contains("ey")
        || text.contains("ZX")
}

/// One way to mask; what it changes nothing of gives `None`.
type Step<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Masks what shows after decoding, then what is plain to see (the plain part of an encoded secret is only a part of it), then base64.
fn masked_down_to(text: &str, depth: usize) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    let deeper = depth.saturating_sub(1);
    let steps: [Step<'_>; 4] =
        [&|text| if depth > 0 { hidden::decoded(text, deeper) } else { None }, &|text| owned(shapes(text)), &|text| owned(names(text)), &|text| {
            if depth > 0 { owned(hidden::runs(text, deeper)) } else { None }
        }];
    for step in steps {
        if let Some(masked) = step(&shown).filter(|masked| **masked != *shown) {
            shown = Cow::Owned(masked);
        }
    }
    shown
}

/// Returns a text that is not the one it was made from.
fn owned(text: Cow<'_, str>) -> Option<String> {
    match text {
        Cow::Owned(text) => Some(text),
        Cow::Borrowed(_) => None,
    }
}

/// What a text shows at a glance. To make a pattern ready takes longer than to read a short log, so none is for a text that cannot hold it.
struct Glance {
    /// The longest run of what ids, codes and signatures are made of.
    longest: usize,
    /// The longest run of what a client's secret is made of.
    longest_of_letters: usize,
}

impl Glance {
    fn of(text: &str) -> Self {
        let longest = |is: fn(u8) -> bool| text.as_bytes().split(|b| !is(*b)).map(<[u8]>::len).max().unwrap_or(0);
        Glance { longest: longest(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')), longest_of_letters: longest(|b| b.is_ascii_alphanumeric()) }
    }
}

/// Whether one of these words may stand in a text, in capitals or not; other letters than ASCII's can be capitals of them.
fn has(text: &str, words: &[&str]) -> bool {
    let holds = |word: &&str| text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    !text.is_ascii() || words.iter().any(holds)
}

/// A pattern, what a text of it shows at a glance, and what is put in its place.
struct Shape {
    pattern: &'static str,
    can_be: fn(&str, &Glance) -> bool,
    with: &'static str,
    ready: OnceLock<Regex>,
}

impl Shape {
    const fn new(pattern: &'static str, can_be: fn(&str, &Glance) -> bool, with: &'static str) -> Self {
        Shape { pattern, can_be, with, ready: OnceLock::new() }
    }

    /// Returns what finds the pattern, unless the text cannot hold it.
    fn regex(&self, text: &str, glance: &Glance) -> Option<&Regex> {
        if let Some(ready) = self.ready.get() {
            return Some(ready);
        }
        (self.can_be)(text, glance).then(|| self.ready.get_or_init(|| Regex::new(self.pattern).expect("a literal pattern, tested")))
    }
}

/// JWTs and pieces of them (also in base64), `Bearer` and `Basic` credentials, the user part of a URL, Keycloak's codes.
static SHAPES: [Shape; 5] = [
    Shape::new(r"eyJ[A-Za-z0-9_-]{5,}(?:(?:\.|%2[eE])[A-Za-z0-9_=-]*)*", |text, _| text.contains("eyJ"), MASK),
    Shape::new(r"ZXlK[A-Za-z0-9+/_=-]{6,}", |text, _| text.contains("ZXlK"), MASK),
    // plain words after "basic" are English; credentials have a digit, a capital or padding, or are long
    Shape::new(
        r"\b(?P<scheme>(?i:bearer|basic|dpop))(?P<gap>(?:\s|%20|\+|:|=|\\t)+)(?:[a-z._~+/%-]*[A-Z0-9=][A-Za-z0-9._~+/%=-]*|[A-Za-z0-9._~+/%=-]{16,})",
        |text, _| has(text, &["bearer", "basic", "dpop"]),
        "${scheme}${gap}[secret]",
    ),
    Shape::new(r"(?i)([a-z][a-z0-9+.-]*(?:://|%3a%2f%2f|:\\/\\/))[^/?#\s\\]+(?:@|%40)", |text, _| text.contains('@') || text.contains("%40"), "${1}[secret]@"),
    // a code: of new servers (random.session.uuid), of old ones (uuid.session.uuid), or cut
    Shape::new(
        r"\b(?:[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{0,12})*|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\.[A-Za-z0-9_-]{4,}(?:\.[0-9A-Fa-f-]*)?)",
        |text, g| g.longest >= 20 && text.contains('.'),
        MASK,
    ),
];

/// A shape, and whether a text of it is random enough.
type Random = (Shape, fn(&str) -> bool);

/// What is a secret where it is random enough.
static RANDOM: [Random; 3] = [
    // a code that was cut in its second or third part
    (
        Shape::new(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{4,}(?:\.[0-9A-Fa-f-]{1,36})?", |text, g| g.longest >= 20 && text.contains('.'), MASK),
        is_random_before_its_dot,
    ),
    // a signature, and a client's secret as Keycloak makes it
    (Shape::new(r"[A-Za-z0-9_-]{40,}", |_, g| g.longest >= 40, MASK), is_random),
    (Shape::new(r"[A-Za-z0-9]{32,}", |_, g| g.longest_of_letters >= 32, MASK), is_random),
];

/// Masks what is a secret by its shape, or as long and random as a client's secret or a signature.
fn shapes(text: &str) -> Cow<'_, str> {
    let (mut text, mut glance) = (Cow::Borrowed(text), Glance::of(text));
    for shape in &SHAPES {
        if let Some(regex) = shape.regex(&text, &glance)
            && let Cow::Owned(masked) = regex.replace_all(&text, shape.with)
        {
            (glance, text) = (Glance::of(&masked), Cow::Owned(masked));
        }
    }
    for (shape, test) in &RANDOM {
        if let Some(regex) = shape.regex(&text, &glance)
            && regex.find_iter(&text).any(|found| test(found.as_str()))
        {
            let mask = |found: &Captures<'_>| if test(&found[0]) { shape.with.to_owned() } else { found[0].to_owned() };
            let masked = regex.replace_all(&text, mask).into_owned();
            (glance, text) = (Glance::of(&masked), Cow::Owned(masked));
        }
    }
    text
}

/// Whether capitals, small letters and digits change places as often as by chance; within words they do it seldom.
fn is_random(text: &str) -> bool {
    let class = |b: u8| (b.is_ascii_uppercase(), b.is_ascii_lowercase(), b.is_ascii_digit());
    let bytes = text.as_bytes();
    let changes = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    let has = |is: fn(&u8) -> bool| bytes.iter().any(is);
    // by chance six of ten neighbours differ, in CamelCase two or three
    let least = if has(u8::is_ascii_digit) { 3 } else { 4 };
    changes * 10 >= bytes.len() * least && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

fn is_random_before_its_dot(text: &str) -> bool {
    text.split('.').next().is_some_and(is_random)
}

/// What the names have in common that are known by a colon alone: each holds one of these.
const STRONG: [&str; 12] =
    ["secret", "pass", "pwd", "access_token", "accesstoken", "refresh_token", "refreshtoken", "id_token", "idtoken", "api", "cookie", "authorization"];

/// The same of the names that a sign of equality or a quote closes.
const NAMED: [&str; 13] = ["secret", "pass", "pwd", "token", "key", "cookie", "authorization", "assertion", "code", "auth_", "otp", "credential", "kc_"];

/// Whether a name may stand in a text.
fn can_name(text: &str) -> bool {
    let closed = text.contains(['=', '"', '\'']) || text.contains("%3");
    has(text, if closed { &NAMED[..] } else { &STRONG })
}

/// Returns what finds parameters.
fn parameters() -> Regex {
    // what no English sentence has before a colon
    let strong = "client_?-?secret|pass_?word|passwd|pwd|passphrase|access_?token|refresh_?token|id_?token|api_?-?key|(?:set-)?cookie|authorization";
    let weak = "client_assertion|assertion|id_token_hint|logout_token|registration_access_token|subject_token|actor_token|token|code|session_code|code_?verifier|device_?code|user_code|auth_req_id|password-new|password-confirm|new_password|secret|key|otp|totp|credential|KEYCLOAK_[A-Z_]+|AUTH_SESSION_ID(?:_LEGACY)?|KC_RESTART|KC_STATE_CHECKER|KC_AUTH_STATE|KC_AUTH_SESSION_HASH";
    let value = r#"(?:\\*"[^"\\]*|\\*'[^'\\]*|[^&\s"',;\\}]+)"#;
    let pattern = format!(
        r#"(?i)\b(?P<name>{strong}|{weak})(?P<sign>\s?=\s?|%3d|\\*["']\s*:\s*)(?P<value>{value})|\b(?P<strong>{strong})(?P<colon>:\s*)(?P<after>{value})"#
    );
    Regex::new(&pattern).expect("a literal pattern, tested")
}

/// Masks the values of parameters that hold secrets, as a query string, a form, a JSON object or an event list writes them.
fn names(text: &str) -> Cow<'_, str> {
    static NAMES: OnceLock<Regex> = OnceLock::new();
    if !text.contains(['=', ':']) && !text.contains("%3") {
        return Cow::Borrowed(text);
    }
    if NAMES.get().is_none() && !can_name(text) {
        return Cow::Borrowed(text);
    }
    let names = NAMES.get_or_init(parameters);
    names.replace_all(text, |found: &Captures<'_>| {
        let part = |name: &str| found.name(name).map_or("", |m| m.as_str());
        let value = [part("value"), part("after")].concat();
        let quote = &value[..value.len() - value.trim_start_matches(['\\', '"', '\'']).len()];
        let bare = &value[quote.len()..];
        let is_scheme = ["bearer", "basic", "dpop"].iter().any(|s| bare.eq_ignore_ascii_case(s));
        let shown = if bare.is_empty() || bare == "null" || bare == MASK || is_scheme { bare } else { MASK };
        format!("{}{}{}{}{quote}{shown}", part("name"), part("strong"), part("sign"), part("colon"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static PARAMETERS: OnceLock<Regex> = OnceLock::new();

    /// Pieces of which secrets are made, and words that are none.
    const PIECES: [&str; 40] = [
        "eyJ",
        "ZXlK",
        "hbGciOi",
        "Bearer",
        "ba\u{17f}ic",
        "DPOP",
        "http://",
        "u%3A%2F%2F",
        ":\\/\\/",
        "@",
        "%40",
        "%3d",
        "=",
        ":",
        ".",
        "-",
        "_",
        " ",
        "\"",
        "'",
        "\\",
        "secret",
        "client",
        "API",
        "Key",
        "PASSWORD",
        "pwd",
        "passphrase",
        "id_to\u{212a}en",
        "access",
        "token",
        "cookie",
        "code",
        "auth_req_id",
        "KC_RESTART",
        "otp",
        "a",
        "5a3c0f8e-4a4e-4d6e-9a0e-1f2e3d4c5b6a",
        "8BR2w40pAbCdEfGhIjKlMnOp",
        "nZ8vQ2kLxT5bR1cW",
    ];

    proptest! {
        #[test]
        fn what_holds_a_secret_shows_it_at_a_glance(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 1..9)) {
            let text = pieces.concat();
            prop_assert!(!PARAMETERS.get_or_init(parameters).is_match(&text) || can_name(&text), "{text:?}");
            for shape in SHAPES.iter().chain(RANDOM.iter().map(|r| &r.0)) {
                let pattern = shape.ready.get_or_init(|| Regex::new(shape.pattern).expect("a pattern"));
                prop_assert!(!pattern.is_match(&text) || (shape.can_be)(&text, &Glance::of(&text)), "{text:?}");
            }
        }
    }
}
