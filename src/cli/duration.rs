//! Durations as people type them: `90s`, `5m`, `1h30m`, `2d`.

/// The units, the longest first, in milliseconds.
const UNITS: [(&str, i64); 6] = [("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// What to type.
pub const ADVICE: &str = "write a number and a unit (ms, s, m, h, d, w), one after the other if need be: 90s, 5m, 1h30m, 2d";

/// Reads a duration in milliseconds; says what is wrong with it. Units must be given, since some options of Keycloak count seconds and
/// others minutes.
pub fn parse(text: &str) -> Result<i64, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is empty".into());
    }
    let mut sum: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        if number.is_empty() {
            return Err(if after.starts_with('-') { "it is negative".into() } else { format!("{after:?} does not begin with a number") });
        }
        let letters = after.len() - after.trim_start_matches(char::is_alphabetic).len();
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return Err(if after.starts_with('.') { "fractions are not read".into() } else { "it has no unit".into() });
        }
        let Some((_, ms)) = UNITS.iter().find(|(name, _)| *name == unit) else { return Err(format!("unknown unit {unit:?}")) };
        let part = number.parse::<i64>().ok().and_then(|n| n.checked_mul(*ms));
        sum = part.and_then(|p| sum.checked_add(p)).ok_or("it is too long to count")?;
        rest = after.trim_start();
    }
    Ok(sum)
}

/// Reads a duration that must lie between two bounds.
pub fn parse_within(text: &str, least: (i64, &str), most: (i64, &str)) -> Result<i64, String> {
    let ms = parse(text)?;
    match ms {
        _ if ms < least.0 => Err(format!("it is shorter than {}", least.1)),
        _ if ms > most.0 => Err(format!("it is longer than {}", most.1)),
        _ => Ok(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_type_them() {
        let table: &[(&str, Result<i64, &str>)] = &[
            ("60s", Ok(60_000)),
            ("5m", Ok(300_000)),
            ("1h30m", Ok(5_400_000)),
            ("1h 30m", Ok(5_400_000)),
            ("2d", Ok(172_800_000)),
            ("1w", Ok(604_800_000)),
            ("250ms", Ok(250)),
            ("0s", Ok(0)),
            ("", Err("it is empty")),
            ("60", Err("it has no unit")),
            ("m", Err("\"m\" does not begin with a number")),
            ("-5m", Err("it is negative")),
            ("1.5h", Err("fractions are not read")),
            ("5x", Err("unknown unit \"x\"")),
            ("5 minutes", Err("it has no unit")),
            ("5min", Err("unknown unit \"min\"")),
            ("99999999999999999d", Err("it is too long to count")),
            ("99999999999999999999999999s", Err("it is too long to count")),
            ("9223372036854775807ms1ms", Err("it is too long to count")),
        ];
        for (text, want) in table {
            assert_eq!(parse(text), want.map_err(String::from), "{text}");
        }
    }
}
