//! One wrapper at work on lines: what is split is joined, each line gets its node.
//!
//! Input: lines, bare or what an outer wrapper held. Output: entries. A chain of layers takes nested wrappers off.

use std::borrow::Cow;

use super::super::stamp::Stamps;
use super::super::uncoloured;
use super::format::Format;
use super::item::Item;
use super::kind::{Form, Kind};
use super::shape::Shapes;
use super::{docker, escapes, head, object, prefix};
use crate::source::Payload;
use crate::source::unwrap::{Lines, Sink};

/// The longest line that is kept whole; a joined one that is longer is let go as it is.
pub(super) const MAX_LINE: usize = 4 << 20;

/// Parts of a line whose last part has not come.
struct Held {
    node: Option<Vec<u8>>,
    stream: u8,
    time: Option<i64>,
    line: u64,
    text: Vec<u8>,
    /// Bytes of the last part.
    last_bytes: usize,
}

impl Held {
    fn let_go(self, out: Sink<'_>) {
        out(Payload { node: self.node.as_deref(), time: self.time, line: self.line, text: &self.text });
    }
}

/// One wrapper.
pub(super) struct Layer {
    kind: Kind,
    field: Option<String>,
    /// The format of the lines, where they are in one of their own.
    format: Option<Format>,
    held: Vec<Held>,
    /// The node of the entry before, its time, and the bytes of its prefix; `None` before the first.
    before: Option<(Option<Vec<u8>>, Option<i64>, usize)>,
    /// A line went on with an entry that was not there.
    asks_back: bool,
    scratch: Scratch,
}

/// What the reading of a line leaves to the next.
#[derive(Default)]
pub(super) struct Scratch {
    /// The text of an item, where it does not stand in its line as it is.
    text: Vec<u8>,
    /// A line without its colours.
    plain: Vec<u8>,
    stamps: Stamps,
    /// Shapes of objects, where there may be many of them.
    shapes: Option<Box<Shapes>>,
}

impl Scratch {
    /// Reads a line that is an object.
    fn object<'a>(&'a mut self, line: &'a [u8], field: Option<&str>) -> Option<Item<'a>> {
        // a field that a person named can be any
        let shapes = self.shapes.as_mut().filter(|_| field.is_none());
        shapes.and_then(|shapes| shapes.read(line, &mut self.text)).or_else(|| object::from_line(line, field))
    }
}

/// Reads one line in the wrapper's grammar.
pub(super) fn split<'a>(kind: Kind, field: Option<&str>, line: &'a [u8], scratch: &'a mut Scratch) -> Option<Item<'a>> {
    let parser = match kind {
        Kind::Compose => prefix::compose,
        Kind::Kubectl => prefix::kubectl,
        Kind::Kail => prefix::kail,
        Kind::Logcli => prefix::logcli,
        Kind::AwsText => prefix::aws_text,
        Kind::AwsTail => prefix::aws_tail,
        Kind::Journald => prefix::journald,
        Kind::Stern => prefix::stern,
        Kind::SternAll => prefix::stern_all,
        // lines whose format was not found are left as they are
        Kind::Format => return None,
        Kind::Timestamps => prefix::timestamps,
        Kind::Cri => return prefix::cri(line, &mut scratch.stamps).ok().map(|(_, item)| item),
        Kind::Syslog => return prefix::syslog(line).ok().map(|(_, item)| escapes::undone(item)),
        Kind::FluentdFile => return fluent(prefix::fluentd(line).ok()?.1, field, scratch),
        Kind::FluentBitFile => return fluent(prefix::fluent_bit(line).ok()?.1, field, scratch),
        Kind::Docker => {
            let frame = docker::frame(line, &mut scratch.stamps);
            return frame.and_then(|frame| frame.item(&mut scratch.text)).or_else(|| object::from_line(line, field));
        }
        _ => return scratch.object(line, field),
    };
    parser(line).ok().map(|(_, item)| item)
}

/// Reads the object of a Fluentd line; its tag can name the pod, as `kubernetes.var.log.containers.<pod>_<namespace>_….log`.
fn fluent<'a>((time, tag, text): (Option<i64>, &'a [u8], &'a [u8]), field: Option<&str>, scratch: &'a mut Scratch) -> Option<Item<'a>> {
    let item = scratch.object(text, field)?;
    let pod = memchr::memmem::find(tag, b"containers.").and_then(|at| {
        let name = &tag[at + 11..];
        memchr::memchr(b'_', name).map(|end| Cow::Borrowed(&name[..end]))
    });
    Some(Item { node: item.node.or(pod), time: item.time.or(time), ..item })
}

impl Layer {
    pub(super) fn new(kind: Kind, field: Option<&str>) -> Self {
        let holds_objects = kind.row().form == Form::Objects || matches!(kind, Kind::FluentdFile | Kind::FluentBitFile);
        let scratch = Scratch { shapes: holds_objects.then(Box::default), ..Scratch::default() };
        Layer { kind, field: field.map(str::to_owned), format: None, held: Vec::new(), before: None, asks_back: false, scratch }
    }

    /// Returns one for lines in a format of one's own.
    pub(super) fn of_format(format: Format) -> Self {
        Layer { format: Some(format), ..Layer::new(Kind::Format, None) }
    }

    /// Takes in an entry of the wrapper around this one, line by line.
    pub(super) fn take(&mut self, entry: Payload<'_>, out: Sink<'_>) {
        let mut scratch = std::mem::take(&mut self.scratch);
        if memchr::memchr(b'\n', entry.text).is_none() {
            self.line(entry, &mut scratch, out);
        } else {
            for text in entry.text.split(|c| *c == b'\n') {
                self.line(Payload { text, ..entry }, &mut scratch, out);
            }
        }
        self.scratch = scratch;
    }

    fn line(&mut self, entry: Payload<'_>, scratch: &mut Scratch, out: Sink<'_>) {
        let line = entry.text.strip_prefix(b"\xef\xbb\xbf").filter(|_| entry.line == 1).unwrap_or(entry.text);
        if let Some(format) = &self.format {
            let line = uncoloured(line, &mut scratch.plain);
            match format.rewrite(line, entry.time, &mut scratch.text) {
                Some(written) => out(Payload { node: written.host.or(entry.node), text: &scratch.text, ..entry }),
                None => out(entry),
            }
            return;
        }
        match split(self.kind, self.field.as_deref(), line, scratch) {
            Some(item) => self.item(&item, entry, out),
            None => self.bare(entry, out),
        }
    }

    /// Takes in an item: hands it out, or joins it with what is held of its stream.
    pub(super) fn item(&mut self, item: &Item<'_>, entry: Payload<'_>, out: Sink<'_>) {
        let node = item.node.as_deref().or(entry.node);
        let time = item.time.or(entry.time);
        if self.kind.goes_on_bare() {
            match &mut self.before {
                Some((last, last_time, width)) if last.as_deref() == node => (*last_time, *width) = (time, item.width),
                before => *before = Some((node.map(<[u8]>::to_vec), time, item.width)),
            }
        }
        if self.held.is_empty() && !item.more {
            out(Payload { node, time, line: entry.line, text: &item.text });
            return;
        }
        let held = self.held.iter().position(|h| h.stream == item.stream && h.node.as_deref() == node);
        match held {
            Some(at) if self.ended_there(at, item) => self.held.remove(at).let_go(out),
            Some(at) => {
                let held = &mut self.held[at];
                held.text.extend_from_slice(&item.text);
                held.last_bytes = item.text.len();
                if !item.more || held.text.len() >= MAX_LINE {
                    self.held.remove(at).let_go(out);
                }
                return;
            }
            None => {}
        }
        if item.more {
            let text = item.text.to_vec();
            let last_bytes = text.len();
            self.held.push(Held { node: node.map(<[u8]>::to_vec), stream: item.stream, time, line: entry.line, text, last_bytes });
        } else {
            out(Payload { node, time, line: entry.line, text: &item.text });
        }
    }

    /// Whether what is held is no part, but the last line of a container that ended without a line feed: Docker writes both alike, but a part is
    /// full.
    fn ended_there(&self, at: usize, item: &Item<'_>) -> bool {
        self.kind == Kind::Docker && self.held[at].last_bytes < docker::PART_BYTES && head::is(&item.text)
    }

    /// Takes in a line without the wrapper.
    fn bare(&mut self, entry: Payload<'_>, out: Sink<'_>) {
        self.asks_back |= self.before.is_none();
        match &self.before {
            Some((node, time, width)) => {
                // the journal indents the later lines of an entry to the width of its prefix
                let blanks = entry.text.iter().take(*width).take_while(|c| **c == b' ').count();
                let (text, time) = match self.kind {
                    Kind::Journald if blanks == *width => (&entry.text[blanks..], *time),
                    Kind::AwsText => {
                        let (text, own) = prefix::last_column(entry.text);
                        (text, own.or(*time))
                    }
                    _ => (entry.text, *time),
                };
                out(Payload { node: node.as_deref().or(entry.node), time, line: entry.line, text });
            }
            None => out(entry),
        }
    }

    fn fork(&self) -> Self {
        Layer { format: self.format.clone(), ..Layer::new(self.kind, self.field.as_deref()) }
    }

    pub(super) fn finish(&mut self, out: Sink<'_>) {
        for held in self.held.drain(..) {
            held.let_go(out);
        }
    }

    pub(super) fn begins(&self, line: &[u8]) -> bool {
        match &self.format {
            Some(format) => format.begins(uncoloured(line, &mut Vec::new())),
            None => split(self.kind, self.field.as_deref(), line, &mut Scratch::default()).is_some(),
        }
    }
}

/// Hands an entry through the wrappers from outside to inside.
pub(super) fn feed(layers: &mut [Layer], entry: Payload<'_>, out: Sink<'_>) {
    match layers.split_first_mut() {
        None => out(entry),
        Some((outer, inner)) => outer.take(entry, &mut |p| feed(inner, p, out)),
    }
}

/// Ends the wrappers from outside to inside.
pub(super) fn finish(layers: &mut [Layer], out: Sink<'_>) {
    if let Some((outer, inner)) = layers.split_first_mut() {
        outer.finish(&mut |p| feed(inner, p, out));
        finish(inner, out);
    }
}

/// Wrappers that are lines, from outside to inside; at least one.
pub(super) struct Chain(pub(super) Vec<Layer>);

impl Lines for Chain {
    fn take(&mut self, line: &[u8], number: u64, out: Sink<'_>) {
        feed(&mut self.0, Payload { node: None, time: None, line: number, text: line }, out);
    }

    fn finish(&mut self, out: Sink<'_>) {
        finish(&mut self.0, out);
    }

    fn begins(&self, line: &[u8]) -> bool {
        self.0.first().is_some_and(|l| l.begins(line))
    }

    fn fork(&self) -> Option<Box<dyn Lines>> {
        // every line of the source comes to the outer layer; an inner one may have nothing of a part of them, and then what it had before counts
        let is_told = self.0.iter().skip(1).all(|inner| !inner.kind.goes_on_bare());
        is_told.then(|| Box::new(Chain(self.0.iter().map(Layer::fork).collect())) as Box<dyn Lines>)
    }

    fn is_free(&self) -> bool {
        self.0.iter().all(|layer| layer.held.is_empty())
    }

    fn asks_back(&self) -> bool {
        self.0.iter().any(|layer| layer.kind.goes_on_bare() && layer.asks_back)
    }

    fn is_whole(&self, line: &[u8]) -> bool {
        match self.0.first() {
            // a prefix tells nothing of the end, but what follows does: it begins with one
            Some(outer) if outer.kind.row().form == Form::Prefix => outer.begins(line) || outer.kind.goes_on_bare(),
            Some(outer) => outer.begins(line),
            None => true,
        }
    }
}
