//! JSON that has to be read from its beginning: responses of log stores, arrays, pages one after the other, objects over several lines.
//!
//! Input: the bytes of a source. Output: entries. No document is held whole: `serde_json` walks through the containers, and each entry within is let
//! go before the next is read.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::item::Item;
use super::json::{Json, Key, Object};
use super::layer::MAX_LINE;
use super::object;
use crate::source::Payload;
use crate::source::unwrap::Sink;

/// Keys under which lists of entries are kept.
const CONTAINERS: &[&str] = &["events", "hits", "logEvents", "data", "result", "results", "tables", "rows", "values", "entries", "records", "logs", "messages"];

/// Counts line feeds as they are read.
struct Counted<'r> {
    input: &'r mut dyn BufRead,
    buffer: Vec<u8>,
    at: usize,
    lines: &'r Cell<u64>,
}

impl Counted<'_> {
    /// Returns the next byte without taking it.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.buffer.len() {
            self.at = 0;
            self.buffer.clear();
            let more = loop {
                match self.input.fill_buf() {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            self.buffer.extend_from_slice(more);
            let taken = more.len();
            self.input.consume(taken);
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.at += 1;
            self.lines.set(self.lines.get() + u64::from(byte == b'\n'));
        }
        Ok(byte)
    }

    /// Skips what may stand between documents.
    fn separators(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1e | 0) => {
                    self.next()?;
                }
                other => return Ok(other),
            }
        }
    }

    /// Reads to the end of the line; of a long one the beginning.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while let Some(byte) = self.next()? {
            if byte == b'\n' {
                break;
            }
            if line.len() < MAX_LINE {
                line.push(byte);
            }
        }
        Ok(line)
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // byte after byte, so that the count is the parser's own place
        let Some(first) = out.first_mut() else { return Ok(0) };
        Ok(match self.next()? {
            Some(byte) => {
                *first = byte;
                1
            }
            None => 0,
        })
    }
}

/// What a walk needs to know where it is.
struct Walk<'w> {
    lines: &'w Cell<u64>,
    field: Option<&'w str>,
    out: &'w mut dyn FnMut(Payload<'_>),
    /// The labels of the stream that the values belong to (Loki).
    labels: Option<Object<'static>>,
    /// The node that a document names for all its entries (subscriptions of `CloudWatch`).
    node: Option<Vec<u8>>,
    /// Names of the columns that the rows have (Azure).
    columns: Vec<String>,
}

impl Walk<'_> {
    fn hand_out(&mut self, item: &Item<'_>, line: u64) {
        let node = item.node.as_deref().or(self.node.as_deref());
        (self.out)(Payload { node, time: item.time, line, text: &item.text });
    }

    fn object(&mut self, object: &Object<'static>, line: u64) {
        let item = object::item(object, self.field).unwrap_or_else(|| Item { text: Cow::Owned(super::json::line(object)), ..Item::default() });
        self.hand_out(&item, line);
    }

    /// Takes in a list that is an entry: a pair of Loki's, or a row of a table.
    fn list(&mut self, list: Vec<Json<'static>>, line: u64) {
        if let Some(labels) = &self.labels
            && let [time, Json::Text(text), ..] = &list[..]
        {
            let node = object::node_of(labels).map(Cow::Owned);
            let time = time.text().and_then(object::time_in);
            let text = text.strip_suffix('\n').unwrap_or(text);
            let item = Item { node, time, ..Item::of(text.as_bytes()) };
            self.hand_out(&item, line);
        } else if self.columns.len() == list.len() {
            let names = self.columns.iter().map(|c| Cow::Owned(c.clone()));
            self.object(&names.zip(list).collect(), line);
        } else {
            let text = serde_json::to_vec(&Json::List(list)).unwrap_or_default();
            self.hand_out(&Item::of(&text), line);
        }
    }
}

/// A value of which it is not known yet whether it is a container or an entry.
struct Node<'v, 'w>(&'v mut Walk<'w>);

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Option<Json<'static>>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_any(self)
    }
}

/// Containers and entries were handed out on the way; any other value is returned.
impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Option<Json<'static>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Json::Null))
    }
    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
        Ok(Some(Json::Bool(v)))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
        Ok(Some(Json::Number(v.into())))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Some(Json::Number(v.into())))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Some(Number::from_f64(v).map_or(Json::Null, Json::Number)))
    }
    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Some(Json::Text(Cow::Owned(v.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        let walk = self.0;
        elements(walk, items)?;
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let walk = self.0;
        let line = walk.lines.get() + 1;
        let (mut object, mut contained) = (Object::new(), false);
        while let Some(Key(key)) = entries.next_key::<Key<'de>>()? {
            if key == "values" && walk.labels.is_none() {
                walk.labels = labels(&object);
            }
            if CONTAINERS.contains(&&*key) && !object::is_record(&object) {
                walk.node = object::node_of(&object).or(walk.node.take());
                match entries.next_value_seed(Node(walk))? {
                    Some(value) => object.push((Cow::Owned(key.into_owned()), value)),
                    None => contained = true,
                }
                continue;
            }
            let value = entries.next_value_seed(Owned)?;
            if key == "columns" {
                walk.columns = columns(&value);
            }
            object.push((Cow::Owned(key.into_owned()), value));
        }
        walk.labels = None;
        if contained {
            walk.node = None;
        }
        if !contained && !object.is_empty() {
            walk.object(&object, line);
        }
        Ok(None)
    }
}

/// Returns the labels of a stream of Loki's.
fn labels(object: &Object<'static>) -> Option<Object<'static>> {
    object.iter().find_map(|(key, value)| match value {
        Json::Object(labels) if key == "stream" => Some(labels.clone()),
        _ => None,
    })
}

/// Returns the names in `[{"name":…,"type":…}]`.
fn columns(value: &Json<'_>) -> Vec<String> {
    let Json::List(list) = value else { return Vec::new() };
    let name = |c: &Json<'_>| if let Json::Object(c) = c { super::json::get(c, "name")?.text().map(str::to_owned) } else { c.text().map(str::to_owned) };
    list.iter().filter_map(name).collect()
}

/// Hands out the elements of a list.
fn elements<'de, A: SeqAccess<'de>>(walk: &mut Walk<'_>, mut items: A) -> Result<(), A::Error> {
    loop {
        let in_rows = walk.labels.is_some() || !walk.columns.is_empty();
        if in_rows {
            // the line is that of the bracket or the comma before; close enough for rows
            let Some(value) = items.next_element_seed(Placed(walk.lines))? else { return Ok(()) };
            match value {
                (Json::List(list), line) => walk.list(list, line),
                (Json::Object(object), line) => walk.object(&object, line),
                (other, line) => scalar(walk, &other, line),
            }
        } else {
            match items.next_element_seed(Node(walk))? {
                None => return Ok(()),
                Some(Some(value)) => {
                    let line = walk.lines.get() + 1;
                    scalar(walk, &value, line);
                }
                Some(None) => {}
            }
        }
    }
}

/// Hands out a list's element that is a line itself, or nothing that is known.
fn scalar(walk: &mut Walk<'_>, value: &Json<'_>, line: u64) {
    let text = match value {
        Json::Text(text) => text.strip_suffix('\n').unwrap_or(text).as_bytes().to_vec(),
        other => serde_json::to_vec(other).unwrap_or_default(),
    };
    walk.hand_out(&Item::of(&text), line);
}

/// Any value, owned.
struct Owned;

impl<'de> DeserializeSeed<'de> for Owned {
    type Value = Json<'static>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Json<'static>, D::Error> {
        use serde::Deserialize;
        Ok(owned(Json::deserialize(d)?))
    }
}

/// Any value, and the line that it begins on.
struct Placed<'w>(&'w Cell<u64>);

impl<'de> DeserializeSeed<'de> for Placed<'_> {
    type Value = (Json<'static>, u64);

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        let line = self.0.get() + 1;
        Ok((Owned.deserialize(d)?, line))
    }
}

fn owned(value: Json<'_>) -> Json<'static> {
    match value {
        Json::Null => Json::Null,
        Json::Bool(v) => Json::Bool(v),
        Json::Number(v) => Json::Number(v),
        Json::Text(v) => Json::Text(Cow::Owned(v.into_owned())),
        Json::List(v) => Json::List(v.into_iter().map(owned).collect()),
        Json::Object(v) => Json::Object(v.into_iter().map(|(k, v)| (Cow::Owned(k.into_owned()), owned(v))).collect()),
    }
}

/// The reader of such documents.
pub(super) fn read(input: &mut dyn BufRead, field: Option<&str>, out: Sink<'_>) -> io::Result<()> {
    let lines = Cell::new(0);
    let mut counted = Counted { input, buffer: Vec::new(), at: 0, lines: &lines };
    loop {
        match counted.separators()? {
            None => return Ok(()),
            Some(b'{' | b'[') => {
                let begin = lines.get();
                let mut walk = Walk { lines: &lines, field, out: &mut *out, labels: None, node: None, columns: Vec::new() };
                let mut parser = serde_json::Deserializer::from_reader(&mut counted);
                if let Err(error) = Node(&mut walk).deserialize(&mut parser) {
                    return Err(damaged(&error, begin));
                }
            }
            // a banner before the first object, a word of the tool's
            Some(_) => {
                let number = lines.get() + 1;
                let text = counted.line()?;
                out(Payload { node: None, time: None, line: number, text: text.strip_suffix(b"\r").unwrap_or(&text) });
            }
        }
    }
}

/// Says where a document is none any more, in lines of the source.
fn damaged(error: &serde_json::Error, begin: u64) -> io::Error {
    if let Some(kind) = error.io_error_kind() {
        return io::Error::new(kind, error.to_string());
    }
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    io::Error::new(io::ErrorKind::InvalidData, format!("no JSON from line {} column {} on: {what}", begin + error.line() as u64, error.column()))
}
