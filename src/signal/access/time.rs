//! Time stamps of access logs.
//!
//! Input: the text around or in a stamp. Output: a [`Stamp`], unknown where it cannot be read. Must not know zones that are not printed.

use chrono::{DateTime, NaiveDateTime};
use memchr::{memchr, memrchr};

use crate::record::Stamp;
use crate::record::stamp::stamp;

/// Reads the last stamp in square brackets.
pub fn last_in_brackets(text: &[u8]) -> Stamp {
    let Some(open) = memrchr(b'[', text) else { return Stamp::Unknown };
    let inner = &text[open + 1..];
    read(&inner[..memchr(b']', inner).unwrap_or(inner.len())])
}

/// Reads `23/Nov/2026:15:45:18 +0000`, `06/Feb/2026:12:14:14.655`, an ISO stamp, or seconds or milliseconds since the epoch.
pub fn read(text: &[u8]) -> Stamp {
    let Ok(text) = std::str::from_utf8(text) else { return Stamp::Unknown };
    if let Ok(at) = DateTime::parse_from_str(text, "%d/%b/%Y:%H:%M:%S%.f %z") {
        return Stamp::Zoned(at.timestamp_millis());
    }
    if let Ok(at) = NaiveDateTime::parse_from_str(text, "%d/%b/%Y:%H:%M:%S%.f") {
        return Stamp::Local(at.and_utc().timestamp_millis());
    }
    if let Some(at) = epoch(text) {
        return Stamp::Zoned(at);
    }
    match stamp(text.as_bytes()) {
        Some((at @ (Stamp::Zoned(_) | Stamp::Local(_)), _)) => at,
        _ => Stamp::Unknown,
    }
}

/// `1795103118.123` or `1795103118123`.
pub fn epoch(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|c| c.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    match whole.len() {
        10 => {
            let ms: String = part.chars().chain("000".chars()).take(3).collect();
            Some(whole.parse::<i64>().ok()? * 1000 + ms.parse::<i64>().ok()?)
        }
        13 => whole.parse().ok(),
        _ => None,
    }
}
