//! Frames with lengths: syslog with octet counting, and the journal's export format.
//!
//! Input: the bytes of a source. Output: an entry a frame; several lines in one stay together.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::json::Json;
use super::kind::Kind;
use super::layer::{Layer, MAX_LINE, Scratch, split};
use super::{json, object};
use crate::source::Payload;
use crate::source::unwrap::Sink;

fn damaged(what: &str, line: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {what}"))
}

/// Reads bytes by length; more than a line may have are skipped.
fn exactly(input: &mut dyn BufRead, length: u64, out: &mut Vec<u8>) -> io::Result<bool> {
    let kept = length.min(MAX_LINE as u64);
    let read = input.take(kept).read_to_end(out)? as u64;
    let skipped = io::copy(&mut input.take(length - kept), &mut io::sink())?;
    Ok(read + skipped == length)
}

/// Reads `LEN SP`; `None` at the end.
fn length(input: &mut dyn BufRead, line: &mut u64) -> io::Result<Option<u64>> {
    let (mut value, mut digits) = (0u64, 0);
    loop {
        let Some(&byte) = input.fill_buf()?.first() else {
            return if digits == 0 { Ok(None) } else { Err(damaged("a length without its frame", *line)) };
        };
        input.consume(1);
        match byte {
            b'0'..=b'9' if digits < 10 => {
                value = value * 10 + u64::from(byte - b'0');
                digits += 1;
            }
            b' ' if digits > 0 => return Ok(Some(value)),
            b'\n' if digits == 0 => *line += 1,
            b'\r' | 0 if digits == 0 => {}
            _ => return Err(damaged("no length of a syslog message stands here", *line)),
        }
    }
}

/// Whether a source begins with the length of a syslog message.
pub(super) fn begin_with_a_length(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|c| c.is_ascii_digit()).count();
    (1..10).contains(&digits) && bytes[digits..].starts_with(b" <") && bytes.get(digits + 2).is_some_and(u8::is_ascii_digit)
}

/// Reads `161 <14>1 2026-03-04T10:15:23.456Z …` one after the other.
pub(super) fn octets(input: &mut dyn BufRead, out: Sink<'_>) -> io::Result<()> {
    let (mut line, mut frame) = (1, Vec::new());
    let mut scratch = Scratch::default();
    while let Some(length) = length(input, &mut line)? {
        frame.clear();
        let whole = exactly(input, length, &mut frame)?;
        let text = frame.strip_suffix(b"\n").unwrap_or(&frame);
        match split(Kind::Syslog, None, text, &mut scratch) {
            Some(item) => out(Payload { node: item.node.as_deref(), time: item.time, line, text: &item.text }),
            None => out(Payload { node: None, time: None, line, text }),
        }
        line += memchr::memchr_iter(b'\n', &frame).count() as u64;
        if !whole {
            return Err(damaged("the last message is cut", line));
        }
    }
    Ok(())
}

/// Reads one field of the export format into `entry`; returns whether the entry ended, `None` at the end of the input.
fn field(input: &mut dyn BufRead, entry: &mut json::Object<'static>, line: &mut u64) -> io::Result<Option<bool>> {
    let mut text = Vec::new();
    input.take(MAX_LINE as u64).read_until(b'\n', &mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    *line += 1;
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    if text.is_empty() {
        return Ok(Some(true));
    }
    let (key, value) = if let Some(at) = memchr::memchr(b'=', text) {
        (&text[..at], text[at + 1..].to_vec())
    } else {
        let mut length = [0; 8];
        input.read_exact(&mut length)?;
        let mut value = Vec::new();
        if !exactly(input, u64::from_le_bytes(length), &mut value)? {
            return Err(damaged("the last field is cut", *line));
        }
        input.read_exact(&mut [0])?;
        *line += memchr::memchr_iter(b'\n', &value).count() as u64 + 1;
        (text, value)
    };
    entry.push((Cow::Owned(String::from_utf8_lossy(key).into_owned()), Json::Text(Cow::Owned(String::from_utf8_lossy(&value).into_owned()))));
    Ok(Some(false))
}

/// Reads `journalctl -o export`.
pub(super) fn export(input: &mut dyn BufRead, out: Sink<'_>) -> io::Result<()> {
    let mut layer = Layer::new(Kind::JournaldJson, None);
    let (mut line, mut entry, mut first) = (1, json::Object::new(), 1);
    loop {
        let ended = field(input, &mut entry, &mut line)?;
        if ended != Some(false) && !entry.is_empty() {
            match object::item(&entry, None) {
                Some(item) => layer.item(&item, Payload { node: None, time: None, line: first, text: b"" }, out),
                None => out(Payload { node: None, time: None, line: first, text: &json::line(&entry) }),
            }
            entry.clear();
        }
        match ended {
            None => break,
            Some(true) => first = line,
            Some(false) => {}
        }
    }
    layer.finish(out);
    Ok(())
}
