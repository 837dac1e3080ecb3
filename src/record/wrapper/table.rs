//! CSV with a column of messages.
//!
//! Input: the bytes of a source, the first row of which names the columns. Output: an entry a row; several lines in one cell stay together.

use std::borrow::Cow;
use std::io::{self, BufRead};

use csv::{ByteRecord, ReaderBuilder};

use super::json::{self, Json, Object};
use super::{gelf, keys, object};
use crate::source::Payload;
use crate::source::unwrap::Sink;

/// Columns of the message beyond the keys of JSON.
const MESSAGE: &[&str] = &["_source", "Value", "payload", "log message", "raw"];

/// Which columns matter.
pub(super) struct Columns {
    names: Vec<String>,
    message: Option<usize>,
    node: Option<usize>,
    time: Option<usize>,
    /// Rows are events of Keycloak's store.
    pub(super) events: bool,
    /// Rows can be records that Keycloak sent as GELF.
    gelf: bool,
}

impl Columns {
    /// Reads the row of names; `None` where no column is known.
    pub(super) fn of(header: &ByteRecord, field: Option<&str>) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|n| String::from_utf8_lossy(n).trim_start_matches('\u{feff}').trim().to_owned()).collect();
        let find = |wanted: &str| names.iter().position(|n| n.eq_ignore_ascii_case(wanted));
        let message = match field {
            Some(field) => find(field),
            None => keys::PAYLOAD.iter().chain(MESSAGE).find_map(|k| find(k)),
        };
        let node = keys::NODE.iter().find_map(|k| find(k)).or_else(|| find("source"));
        let time = keys::TIME.iter().find_map(|k| find(k));
        let has = |a: &str, b: &str| find(a).is_some() || find(b).is_some();
        let typed = has("type", "event_type") && (has("ip_address", "ipAddress") || has("realm_id", "realmId"));
        let events = field.is_none() && (typed || has("operation_type", "operationType"));
        let gelf = field.is_none() && gelf::NEEDED.iter().all(|name| names.iter().any(|n| n == name));
        (events || message.is_some()).then_some(Columns { names, message, node, time, events, gelf })
    }

    /// Returns a row as one object.
    fn object<'r>(&'r self, row: &'r ByteRecord) -> Object<'r> {
        self.names.iter().zip(row).map(|(n, v)| (Cow::Borrowed(&**n), Json::Text(String::from_utf8_lossy(v)))).collect()
    }

    fn row(&self, row: &ByteRecord, line: u64, out: Sink<'_>) {
        let cell = |at: Option<usize>| at.and_then(|i| row.get(i)).filter(|c| !c.is_empty() && *c != b"-");
        let time = cell(self.time).and_then(|t| std::str::from_utf8(t).ok()).and_then(object::time_in);
        if self.events {
            out(Payload { node: None, time, line, text: &json::line(&self.object(row)) });
            return;
        }
        if self.gelf {
            let object = self.object(row);
            if gelf::is_record(&object) {
                out(Payload { node: cell(self.node), time: gelf::time(&object), line, text: &gelf::line(&object) });
                return;
            }
        }
        let whole = || row.iter().collect::<Vec<_>>().join(&b","[..]);
        match self.message.and_then(|i| row.get(i)) {
            Some(text) => out(Payload { node: cell(self.node), time, line, text: text_of(text) }),
            None => out(Payload { node: None, time: None, line, text: &whole() }),
        }
    }
}

/// Returns the cell without its last line feed, and without the quote that keeps a spreadsheet from reading it as a formula.
fn text_of(cell: &[u8]) -> &[u8] {
    let cell = match cell {
        [b'\'', b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r', ..] => &cell[1..],
        _ => cell,
    };
    cell.strip_suffix(b"\n").unwrap_or(cell)
}

/// Returns what separates the columns of a first row.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let first = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
    let count = |d: u8| memchr::memchr_iter(d, first).count();
    let (delimiter, _) = [b',', b';', b'\t'].into_iter().map(|d| (d, count(d))).rev().max_by_key(|(_, n)| *n).unwrap_or((b',', 0));
    delimiter
}

/// Whether a source begins with the names of columns that are known.
pub(super) fn begins(head: &[u8], field: Option<&str>) -> bool {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter(head)).from_reader(head);
    let mut row = ByteRecord::new();
    reader.read_byte_record(&mut row).unwrap_or(false) && Columns::of(&row, field).is_some()
}

/// Reads such a table.
pub(super) fn read(input: &mut dyn BufRead, field: Option<&str>, out: Sink<'_>) -> io::Result<()> {
    let head = input.fill_buf()?;
    let delimiter = delimiter(head);
    // the reader takes the line feed of CR LF for the beginning of the next row
    let crlf = memchr::memchr(b'\n', head).is_some_and(|at| at > 0 && head[at - 1] == b'\r');
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(input);
    let mut row = ByteRecord::new();
    let mut columns: Option<Columns> = None;
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
        match &columns {
            Some(columns) => columns.row(&row, row.position().map_or(1, csv::Position::line) + u64::from(crlf), out),
            None => match Columns::of(&row, field) {
                Some(found) => columns = Some(found),
                None => return Err(io::Error::new(io::ErrorKind::InvalidData, "no column of messages is known by its name; name it with --field")),
            },
        }
    }
}
