//! Secrets that are not plain to see: percent-encoded, escaped for JSON, in base64.
//!
//! Input: a text. Output: where decoding it shows a secret, the text decoded and masked; a run of base64 that is a secret is masked as a whole. Must not know what a secret looks like.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{MASK, masked_down_to};

/// The shortest run of letters that is looked into as base64: shorter ones hold hardly a name and a value.
pub(super) const SHORTEST: usize = 16;

/// Returns the text decoded and masked; `None` if decoding shows no secret.
pub(super) fn decoded(text: &str, depth: usize) -> Option<String> {
    let mut shown = None;
    for decode in [percent as fn(&str) -> Option<String>, json] {
        let text = shown.as_deref().unwrap_or(text);
        let decoded = decode(text).filter(|decoded| decoded != text);
        if let Some(Cow::Owned(masked)) = decoded.as_deref().map(|decoded| masked_down_to(decoded, depth)) {
            shown = Some(masked);
        }
    }
    shown
}

/// Decodes `%65`.
fn percent(text: &str) -> Option<String> {
    text.contains('%').then(|| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// Undoes the escapes of JSON: `\u0065`, `\/`, `\"`.
fn json(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return None;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let unit = after.strip_prefix('u').and_then(|u| u.get(..4)).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        match (unit, after.chars().next()) {
            (Some(c), _) => {
                decoded.push(c);
                rest = &after[5..];
            }
            (None, Some(c @ ('"' | '/' | '\\'))) => {
                decoded.push(c);
                rest = &after[1..];
            }
            (None, _) => {
                decoded.push('\\');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// Masks runs of letters that are a secret in base64.
pub(super) fn runs(text: &str, depth: usize) -> Cow<'_, str> {
    let is_secret = |run: &str| {
        // where the run begins within a longer one, its groups of four letters begin elsewhere
        (0..4).filter_map(|skip| unpacked(run.get(skip..)?)).any(|text| is_pair(&text) || matches!(masked_down_to(&text, depth), Cow::Owned(_)))
    };
    let (mut shown, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(begin) = text[at..].find(is_of_base64).map(|i| at + i) {
        let rest = &text[begin..];
        let letters = rest.find(|c| !is_of_base64(c)).unwrap_or(rest.len());
        let padding = rest[letters..].bytes().take(2).take_while(|b| *b == b'=').count();
        at = begin + letters + padding;
        if letters >= SHORTEST && is_secret(&text[begin..at]) {
            shown = shown + &text[kept..begin] + MASK;
            kept = at;
        }
    }
    if kept == 0 { Cow::Borrowed(text) } else { Cow::Owned(shown + &text[kept..]) }
}

fn is_of_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-')
}

/// Whether a text is a user with a password, as `Basic` has them.
fn is_pair(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic()) && text.split_once(':').is_some_and(|(user, password)| user.len() >= 2 && password.len() >= 3)
}

/// Decodes a run of base64 whose end may be cut, if it is text.
fn unpacked(run: &str) -> Option<String> {
    let run = run.trim_end_matches('=');
    let whole = if run.len() % 4 == 1 { run.len() - 1 } else { run.len() };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
    let alphabet = if run.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let bytes = GeneralPurpose::new(alphabet, config).decode(&run[..whole]).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}
