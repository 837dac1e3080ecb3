//! The JSON layouts: Keycloak's default and ECS, with flat dotted keys or nested objects.
//!
//! Input: one physical line that begins with `{`. Output: a [`Record`] that borrows the line where nothing was escaped. Keys may come in
//! any order and others may join them; `message` may be missing.

use std::borrow::Cow;

use serde::Deserialize;

use super::stamp::{Stamp, stamp};
use super::{Layout, Level, Record};

type Text<'a> = Option<Cow<'a, str>>;

/// The keys that matter, of both layouts at once.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default, rename = "@timestamp")]
    at_timestamp: Text<'a>,
    #[serde(borrow, default, rename = "loggerName")]
    logger_name: Text<'a>,
    #[serde(borrow, default, rename = "log.logger")]
    log_logger: Text<'a>,
    #[serde(borrow, default)]
    level: Text<'a>,
    #[serde(borrow, default, rename = "log.level")]
    log_level: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default, rename = "threadName")]
    thread_name: Text<'a>,
    #[serde(borrow, default, rename = "process.thread.name")]
    process_thread_name: Text<'a>,
    #[serde(borrow, default, rename = "hostName")]
    host_name: Text<'a>,
    #[serde(borrow, default, rename = "host.hostname")]
    host_hostname: Text<'a>,
    #[serde(borrow, default, rename = "host.name")]
    host_dot_name: Text<'a>,
    #[serde(borrow, default)]
    log: Option<Log<'a>>,
    #[serde(borrow, default)]
    process: Option<Process<'a>>,
    #[serde(borrow, default)]
    host: Option<Host<'a>>,
}

/// `"log":{"logger":…,"level":…}`, or any other value under that key.
#[derive(Deserialize)]
#[serde(untagged)]
enum Log<'a> {
    Nested {
        #[serde(borrow, default)]
        logger: Text<'a>,
        #[serde(borrow, default)]
        level: Text<'a>,
    },
    Other(serde::de::IgnoredAny),
}

/// `"process":{"thread":{"name":…}}`, or any other value under that key.
#[derive(Deserialize)]
#[serde(untagged)]
enum Process<'a> {
    Nested {
        #[serde(borrow)]
        thread: Thread<'a>,
    },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Thread<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

/// `"host":{"hostname":…}`, or any other value under that key.
#[derive(Deserialize)]
#[serde(untagged)]
enum Host<'a> {
    Nested {
        #[serde(borrow, default)]
        hostname: Text<'a>,
        #[serde(borrow, default)]
        name: Text<'a>,
    },
    Other(serde::de::IgnoredAny),
}

/// What was thrown: `"exception":{"message":…}`, as ECS `"exception":{"error.message":…}`; as text (`exception-output-type=formatted`) `"stackTrace":…`, as ECS
/// `"error.stack_trace":…`.
#[derive(Deserialize)]
struct Thrown<'a> {
    #[serde(borrow, default)]
    exception: Option<Exception<'a>>,
    #[serde(borrow, default, rename = "stackTrace")]
    stack_trace: Text<'a>,
    #[serde(borrow, default, rename = "error.stack_trace")]
    error_stack_trace: Text<'a>,
}

impl Thrown<'_> {
    /// Returns what was thrown, in one line.
    fn cause(&self) -> Option<&str> {
        let told = self.exception.as_ref().and_then(|e| e.message.as_deref().or(e.error_message.as_deref()));
        told.or_else(|| self.stack_trace.as_deref().or(self.error_stack_trace.as_deref())?.trim_start_matches([':', ' ', '\n']).lines().next())
    }
}

#[derive(Deserialize)]
struct Exception<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default, rename = "error.message")]
    error_message: Text<'a>,
}

/// Whether a message about an assertion ends before the exception that says why it was refused: JSON has it under a key of its own, and a format without `%e` nowhere.
#[must_use]
pub fn is_without_cause(message: &[u8]) -> bool {
    message.trim_ascii_end().ends_with(b"Error when validating client assertion")
}

/// Returns a message with the cause that a text layout prints behind it, where it is one that matters here.
pub(super) fn with_cause<'a>(message: Cow<'a, [u8]>, line: &[u8]) -> Cow<'a, [u8]> {
    if !message.starts_with(b"KC-SERVICES0025:") || !is_without_cause(&message) {
        return message;
    }
    match serde_json::from_slice::<Thrown<'_>>(line).ok().as_ref().and_then(Thrown::cause) {
        Some(cause) => Cow::Owned([message.trim_ascii_end(), b": ", cause.as_bytes()].concat()),
        None => message,
    }
}

/// Turns a decoded string into bytes without copying what was borrowed.
fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(s) => Cow::Borrowed(s.as_bytes()),
        Cow::Owned(s) => Cow::Owned(s.into_bytes()),
    }
}

/// Reads one line as a JSON record; `None` when it is not JSON, or JSON without a logger (something else's log).
#[must_use]
pub fn parse(line: &[u8]) -> Option<Record<'_>> {
    let text = line;
    let line: Line<'_> = serde_json::from_slice(text).ok()?;
    let (nested_logger, nested_level) = match line.log {
        Some(Log::Nested { logger, level }) => (logger, level),
        Some(Log::Other(_)) | None => (None, None),
    };
    let nested_thread = match line.process {
        Some(Process::Nested { thread }) => thread.name,
        Some(Process::Other(_)) | None => None,
    };
    let nested_host = match line.host {
        Some(Host::Nested { hostname, name }) => hostname.or(name),
        Some(Host::Other(_)) | None => None,
    };
    let layout = if line.logger_name.is_some() { Layout::Json } else { Layout::Ecs };
    let logger = line.logger_name.or(line.log_logger).or(nested_logger)?;
    let stamp_text = line.timestamp.or(line.at_timestamp).unwrap_or_default();
    let level = line.level.or(line.log_level).or(nested_level).unwrap_or_default();
    Some(Record {
        at: stamp(stamp_text.as_bytes()).map_or(Stamp::Unknown, |(at, _)| at),
        stamp_text: bytes(stamp_text),
        level: Level::named(level.as_bytes()),
        logger: bytes(logger),
        thread: bytes(line.thread_name.or(line.process_thread_name).or(nested_thread).unwrap_or_default()),
        message: with_cause(bytes(line.message.unwrap_or_default()), text),
        host: line.host_name.or(line.host_hostname).or(line.host_dot_name).or(nested_host).map(bytes),
        layout,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_default_flat_and_nested_keys_in_any_order() {
        let table = [
            r#"{"timestamp":"2026-11-23T17:06:48.5Z","loggerName":"l","level":"WARN","message":"m \"q\"","threadName":"t","mdc":{"a":"b"},"hostName":"h"}"#,
            r#"{"hostName":"h","message":"m \"q\"","threadName":"t","loggerName":"l","level":"WARN","timestamp":"2026-11-23T17:06:48.5Z","extra":[1,{"x":null}]}"#,
            r#"{"@timestamp":"2026-11-23T18:06:48.5+01:00","log.logger":"l","log.level":"WARN","message":"m \"q\"","process.thread.name":"t","host.hostname":"h"}"#,
            r#"{"@timestamp":"2026-11-23T17:06:48.5Z","log":{"level":"WARN","logger":"l"},"message":"m \"q\"","process":{"pid":1,"thread":{"id":2,"name":"t"}},"host":{"hostname":"h"}}"#,
        ];
        for line in table {
            let r = parse(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((&*r.logger, &*r.thread, &*r.message, r.level), (&b"l"[..], &b"t"[..], &b"m \"q\""[..], Level::Warn), "{line}");
            assert_eq!(r.at, Stamp::Zoned(1_795_453_608_500), "{line}");
            assert_eq!(r.host.as_deref(), Some(&b"h"[..]), "{line}");
        }
    }

    #[test]
    fn why_an_assertion_was_refused_stands_under_a_key_of_its_own() {
        let table = [
            (
                r#""exception":{"refId":1,"exceptionType":"java.lang.RuntimeException","message":"Token is not active","frames":[{"class":"c"}]}"#,
                ": Token is not active",
            ),
            (r#""exception":{"refId":1,"error.message":"Token is not active"}"#, ": Token is not active"),
            (r#""exception":{"refId":1}"#, ""),
            (r#""stackTrace":": java.lang.RuntimeException: Token is not active\n\tat a.B.c(B.java:1)""#, ": java.lang.RuntimeException: Token is not active"),
            (
                r#""error.stack_trace":"java.lang.RuntimeException: Token is not active\n\tat a.B.c(B.java:1)""#,
                ": java.lang.RuntimeException: Token is not active",
            ),
            (r#""exception":"java.lang.RuntimeException""#, ""),
            (r#""exception":null"#, ""),
        ];
        let said = "KC-SERVICES0025: Error when validating client assertion";
        for (exception, cause) in table {
            let line = format!(r#"{{"loggerName":"org.keycloak.services","message":"{said}","threadName":"t",{exception}}}"#);
            let message = parse(line.as_bytes()).map(|r| r.message.into_owned());
            assert_eq!(message, Some(format!("{said}{cause}").into_bytes()), "{line}");
            let read = super::super::object::Objects::default().read(line.as_bytes()).map(|o| o.record().message.into_owned());
            assert_eq!(read, message, "{line}");
            let other = line.replace("SERVICES0025", "SERVICES0026");
            assert_eq!(parse(other.as_bytes()).map(|r| r.message.len()), Some(said.len()));
        }
    }

    #[test]
    fn a_record_without_a_message_is_one_and_other_json_is_none() {
        assert!(parse(br#"{"timestamp":"2026-11-23T17:06:48.5Z","loggerName":"l"}"#).is_some_and(|r| r.message.is_empty()));
        for line in [r#"{"a":1}"#, r#"{"loggerName":"l""#, r#"{"loggerName":"l","message":{"x":1}}"#, r#"{"loggerName":"l","loggerName":"k"}"#, "{", "[]"] {
            assert!(parse(line.as_bytes()).is_none(), "{line}");
        }
        // depth is skipped without recursion where the key does not matter, and refused where it does
        let deep = |key: &str| format!("{{\"loggerName\":\"l\",\"{key}\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(parse(deep("x").as_bytes()).is_some());
        assert!(parse(deep("log").as_bytes()).is_none());
    }
}
