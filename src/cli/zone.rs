//! Time zones as people type them: `UTC`, `+02:00`, `Europe/Berlin`.

use chrono::FixedOffset;
use chrono_tz::{TZ_VARIANTS, Tz};
use kctriage::triage::clock::Zone;

/// Reads a zone; says what is wrong with it, and what to type instead.
pub fn parse(text: &str) -> Result<Zone, (String, String)> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
        return Ok(Zone::Utc);
    }
    if text.starts_with(['+', '-']) {
        return offset(text).map(Zone::Fixed).ok_or_else(|| ("it is no offset".into(), "write it as +02:00 or --timezone=-05:00".into()));
    }
    if let Some(zone) = TZ_VARIANTS.iter().find(|z| z.name().eq_ignore_ascii_case(text)) {
        return Ok(Zone::Named(*zone));
    }
    let near = near(text);
    let advice =
        if near.is_empty() { "write UTC, an offset as +02:00, or a name as Europe/Berlin".into() } else { format!("did you mean {}?", near.join(" or ")) };
    Err(("no such time zone is known".into(), advice))
}

/// Reads `+02:00`, `+0200` or `+2`.
fn offset(text: &str) -> Option<FixedOffset> {
    let digits = text.get(1..)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    let part = |s: &str, longest: usize| (s.len() <= longest && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<i32>().ok()).flatten();
    let (hours, minutes) = (part(hours, 2)?, part(minutes, 2)?);
    if hours > 15 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    FixedOffset::east_opt(if text.starts_with('-') { -seconds } else { seconds })
}

/// Returns names that hold what was typed: `berlin` is in `Europe/Berlin`.
fn near(text: &str) -> Vec<&'static str> {
    let wanted = text.to_lowercase().replace(' ', "_");
    if wanted.len() < 3 {
        return Vec::new();
    }
    TZ_VARIANTS.iter().map(|z| Tz::name(*z)).filter(|name| name.to_lowercase().contains(&wanted)).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_as_people_type_them() {
        let table = [
            ("utc", Ok("UTC")),
            ("Z", Ok("UTC")),
            ("+02:00", Ok("+02:00")),
            ("-0530", Ok("-05:30")),
            ("+2", Ok("+02:00")),
            ("europe/berlin", Ok("Europe/Berlin")),
            ("Berlin", Err("did you mean Europe/Berlin?")),
            ("+25:00", Err("write it as +02:00 or --timezone=-05:00")),
            ("+02:99", Err("write it as +02:00 or --timezone=-05:00")),
            ("+", Err("write it as +02:00 or --timezone=-05:00")),
            ("+0é0", Err("write it as +02:00 or --timezone=-05:00")),
            ("Mars", Err("write UTC, an offset as +02:00, or a name as Europe/Berlin")),
        ];
        for (text, want) in table {
            let got = parse(text).map(|z| z.to_string()).map_err(|(_, advice)| advice);
            assert_eq!(got, want.map(String::from).map_err(String::from), "{text}");
        }
    }
}
