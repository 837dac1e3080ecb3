//! Keycloak's own GELF (`--log=gelf`, 18 to 25): the record in fields, which Graylog keeps without their underscores.
//!
//! Input: an object. Output: the record, as a line of Keycloak's JSON. Docker's driver for GELF sends lines instead, and its objects are none of these.
//!
//! ```text
//! {"host":"kc-1","short_message":"…","full_message":"…","timestamp":1.796081147093E9,"_LoggerName":"org.keycloak.events","_Thread":"executor-thread-2","_Severity":"WARN"}
//! {"source":"kc-1","message":"…","full_message":"…","timestamp":"2026-11-30T23:25:47.093Z","LoggerName":"org.keycloak.events","Thread":"executor-thread-2","Severity":"WARN"}
//! ```

use std::borrow::Cow;
use std::ops::RangeInclusive;

use chrono::{DateTime, SecondsFormat};

use super::super::stamp::{Stamp, stamp};
use super::json::{self, Json};

/// How long a short message is that was cut, in UTF-16 units: 249 as the handler cuts it, and what others leave of it. One that is longer was not cut.
const CUT: RangeInclusive<usize> = 249..=255;

type Entries<'j, 'a> = &'j [(Cow<'a, str>, Json<'a>)];

/// Returns the text of a field, sent with an underscore or kept without.
fn text<'j>(object: Entries<'j, '_>, name: &str) -> Option<&'j str> {
    let named = object.iter().filter(|(key, _)| key.strip_prefix('_').unwrap_or(key) == name);
    named.filter_map(|(_, value)| value.text()).find(|text| !text.is_empty())
}

/// Fields that every record has.
pub(super) const NEEDED: [&str; 2] = ["LoggerName", "Thread"];

/// Whether the object is a record of Keycloak's handler.
pub(super) fn is_record(object: Entries<'_, '_>) -> bool {
    NEEDED.iter().all(|name| text(object, name).is_some())
}

/// Returns the node that the object names.
pub(super) fn node<'j>(object: Entries<'j, '_>) -> Option<&'j str> {
    text(object, "host").or_else(|| text(object, "source"))
}

/// Returns the record's time in milliseconds since the epoch; Graylog's times are UTC, whether they say so or not.
pub(super) fn time(object: Entries<'_, '_>) -> Option<i64> {
    match json::get(object, "timestamp")? {
        #[allow(clippy::cast_possible_truncation)] // what is out of bounds is no date below
        Json::Number(seconds) => Some((seconds.as_f64()? * 1000.0).round() as i64),
        Json::Text(text) => match stamp(text.as_bytes())?.0 {
            Stamp::Zoned(ms) | Stamp::Local(ms) => Some(ms),
            Stamp::Unknown | Stamp::TimeOfDay(_) => None,
        },
        _ => None,
    }
}

/// Returns the record as a line of Keycloak's JSON.
pub(super) fn line(object: Entries<'_, '_>) -> Vec<u8> {
    let text = |name| text(object, name);
    let stamp = time(object).and_then(DateTime::from_timestamp_millis).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let message = match (text("full_message"), text("short_message").or_else(|| text("message"))) {
        (Some(whole), _) => Some(Cow::Borrowed(whole)),
        (None, Some(short)) if CUT.contains(&short.encode_utf16().count()) => Some(Cow::Owned(cut(short))),
        (None, short) => short.map(Cow::Borrowed),
    };
    let thrown = text("StackTrace").map(|trace| Json::Object(vec![("message".into(), Json::Text(cause(trace).into()))]));
    let texts = [
        ("timestamp", stamp.map(Cow::Owned).or_else(|| text("Time").map(Cow::Borrowed))),
        ("loggerName", text("LoggerName").map(Cow::Borrowed)),
        ("level", text("Severity").map(Cow::Borrowed)),
        ("message", message),
        ("threadName", text("Thread").map(Cow::Borrowed)),
        ("hostName", node(object).map(Cow::Borrowed)),
    ];
    let fields = texts.into_iter().filter_map(|(key, value)| Some((Cow::Borrowed(key), Json::Text(value?))));
    json::line(&fields.chain(thrown.map(|thrown| (Cow::Borrowed("exception"), thrown))).collect::<Vec<_>>())
}

/// Returns what an exception says, which its trace begins with: `java.lang.RuntimeException: Token is not active`.
fn cause(trace: &str) -> &str {
    let first = trace.lines().next().unwrap_or_default();
    first.split_once(": ").map_or(first, |(_, says)| says)
}

/// Returns a message that was cut so that nobody takes its end for the end: a list of an event goes on with a value that is not closed, in place of what was
/// begun.
fn cut(message: &str) -> String {
    let quote = message.split_once('=').and_then(|(_, value)| value.chars().next());
    let Some((quote, (whole, _))) = quote.zip(message.rsplit_once(", ")) else { return format!("{message}…") };
    // values that nobody quotes stand in single quotes where they have a blank
    let quote = if quote.is_ascii_alphanumeric() { '\'' } else { quote };
    format!("{whole}, _={quote}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Vec<(Cow<'_, str>, Json<'_>)> {
        match serde_json::from_str(text) {
            Ok(Json::Object(object)) => object,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn line_of(text: &str) -> String {
        String::from_utf8(line(&object(text))).expect("JSON")
    }

    #[test]
    fn what_the_handler_sends_and_what_graylog_keeps_are_the_same_record() {
        let want = r#"{"timestamp":"2026-11-30T23:25:47.093Z","loggerName":"l","level":"WARN","message":"whole","threadName":"t","hostName":"h","exception":{"message":"x: y"}}"#;
        let table = [
            r#"{"host":"h","version":"1.1","short_message":"who","full_message":"whole","timestamp":1.796081147093E9,"level":4,"_LoggerName":"l","_Thread":"t","_Severity":"WARN","_StackTrace":"a.B: x: y\n\tat c"}"#,
            r#"{"source":"h","message":"who","full_message":"whole","timestamp":"2026-11-30T23:25:47.093Z","LoggerName":"l","Thread":"t","Severity":"WARN","StackTrace":"a.B: x: y\n\tat c"}"#,
            r#"{"source":"h","message":"who","full_message":"whole","timestamp":"2026-11-30 23:25:47.093","level":4,"LoggerName":"l","Thread":"t","Severity":"WARN","StackTrace":"a.B: x: y"}"#,
        ];
        for text in table {
            assert!(is_record(&object(text)), "{text}");
            assert_eq!(line_of(text), want, "{text}");
        }
        for other in [r#"{"host":"h","short_message":"2026-11-30 23:25:47,093 INFO  [l] (t) m","_container_name":"kc"}"#, r#"{"LoggerName":"","Thread":"t"}"#] {
            assert!(!is_record(&object(other)), "{other}");
        }
        let without_time = r#"{"LoggerName":"l","Thread":"t","Time":"2026-11-30 23:25:47,093","timestamp":1e300}"#;
        assert_eq!(line_of(without_time), r#"{"timestamp":"2026-11-30 23:25:47,093","loggerName":"l","threadName":"t"}"#);
    }

    #[test]
    fn a_message_that_was_cut_does_not_look_whole() {
        let table = [
            (r#"type="X_ERROR", a="b", c="d"#, r#"type="X_ERROR", a="b", _="…"#),
            (r#"type="X_ERROR", a="b", c"#, r#"type="X_ERROR", a="b", _="…"#),
            (r#"type="X_ERROR", a="b\", c="d""#, r#"type="X_ERROR", a="b\", _="…"#),
            ("type=X_ERROR, a=b, c=d", "type=X_ERROR, a=b, _='…"),
            ("Code 'a' already used for userSession", "Code 'a' already used for userSession…"),
            ("a=b", "a=b…"),
        ];
        for (message, want) in table {
            assert_eq!(cut(message), want);
        }
        for (length, is_cut) in [(248, false), (249, true), (255, true), (256, false)] {
            let message = "é".repeat(length);
            let text = format!(r#"{{"LoggerName":"l","Thread":"t","message":"{message}"}}"#);
            assert_eq!(line_of(&text).contains('…'), is_cut, "{length}");
            let whole = text.replace(r#""message""#, r#""full_message""#);
            assert!(!line_of(&whole).contains('…'), "{length}");
        }
    }
}
