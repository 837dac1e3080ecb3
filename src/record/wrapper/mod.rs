//! Wrappers: what container runtimes, journals, log stores and shippers put around Keycloak's own lines.
//!
//! Input: the beginning of a source. Output: a [`Wrapping`], and the [`Unwrapper`] that takes it off. Must not know what the lines inside mean,
//! only whether a record begins on one.
//!
//! ```
//! use kctriage::record::wrapper::{Told, wrapping};
//! let head = b"2026-03-04T10:15:23.457Z stdout F 2026-03-04 10:15:23,456 INFO  [org.keycloak.events] (executor-thread-1) type=\"LOGIN\"\n";
//! assert_eq!(wrapping(head, true, &Told::default()).unwrap().name, "cri");
//! ```

mod detect;
mod docker;
mod document;
mod escapes;
mod events;
mod format;
mod frames;
mod gelf;
mod head;
mod item;
mod json;
mod keys;
mod kind;
mod layer;
mod object;
mod prefix;
mod shape;
mod table;
mod zone;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead};

use format::Format;
pub use kind::{ALL, Form, Kind, Wrapper, named};
use layer::{Chain, Layer};

use crate::source::unwrap::Sink;
use crate::source::{Document, Unwrapper, Wrapping};

/// What stands between the names of nested wrappers.
const IN: &str = " in ";

/// What a name ends with where JSON has to be read from its beginning.
const DOCUMENT: &str = " document";

/// What a person writes to say that there is no wrapper.
pub const BARE: &str = "bare";

/// What a person said of the wrapper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The wrapper's name (`--layout`): one of [`ALL`], or [`BARE`]; found out where it is not given.
    pub layout: Option<String>,
    /// The column or key that holds Keycloak's line (`--field`).
    pub field: Option<String>,
}

/// Says what a source that begins with `head` is wrapped in; `None` where its lines are bare. `whole` says that there are no more bytes.
#[must_use]
pub fn wrapping(head: &[u8], whole: bool, told: &Told) -> Option<Wrapping> {
    detect::wrapping(head, whole, told)
}

/// Returns what takes a wrapper off; `None` for a name that is none.
#[must_use]
pub fn unwrapper(wrapping: &Wrapping, told: &Told) -> Option<Unwrapper> {
    let field = told.field.as_deref();
    let (names, own) = names(&wrapping.name);
    let mut layers = Vec::new();
    for name in names.iter().skip(1) {
        layers.push(Layer::new(named(name)?.kind, None));
    }
    if let Some(pattern) = own {
        layers.push(Layer::of_format(Format::parse(pattern)?));
    }
    let Some(outer) = names.first() else { return Some(Unwrapper::Lines(Box::new(Chain(layers)))) };
    let (name, document) = outer.strip_suffix(DOCUMENT).map_or((*outer, false), |n| (n, true));
    let wrapper = named(name)?;
    Some(match wrapper.form {
        Form::Prefix | Form::Objects if !document => {
            layers.insert(0, Layer::new(wrapper.kind, field));
            Unwrapper::Lines(Box::new(Chain(layers)))
        }
        _ => Unwrapper::Document(Box::new(Whole { kind: wrapper.kind, field: told.field.clone(), layers })),
    })
}

/// Splits a name into those of the wrappers, from outside to inside, and the format of the lines in them, which can be any text.
fn names(name: &str) -> (Vec<&str>, Option<&str>) {
    let (mut names, mut rest) = (Vec::new(), name);
    loop {
        let (inside, last) = rest.rsplit_once(IN).map_or(("", rest), |(inside, last)| (inside, last));
        if named(last.strip_suffix(DOCUMENT).unwrap_or(last)).is_none() {
            return (names, Some(rest));
        }
        names.push(last);
        if inside.is_empty() {
            return (names, None);
        }
        rest = inside;
    }
}

/// Whether a text is a format as a server is told it: `%d{HH:mm:ss} %-5p [%c] (%t) %s%e%n`.
#[must_use]
pub fn is_format(text: &str) -> bool {
    Format::parse(text).is_some()
}

/// A wrapper that is read from its beginning, and what is wrapped in it.
struct Whole {
    kind: Kind,
    field: Option<String>,
    layers: Vec<Layer>,
}

impl Document for Whole {
    fn read(&mut self, input: &mut dyn BufRead, out: Sink<'_>) -> io::Result<()> {
        let layers = &mut self.layers;
        let result = read(self.kind, self.field.as_deref(), input, &mut |p| layer::feed(layers, p, out));
        layer::finish(layers, out);
        result
    }
}

/// Reads a source that is no line each.
fn read(kind: Kind, field: Option<&str>, input: &mut dyn BufRead, out: Sink<'_>) -> io::Result<()> {
    match kind {
        Kind::Csv => table::read(input, field, out),
        Kind::SyslogOctets => frames::octets(input, out),
        Kind::JournalExport => frames::export(input, out),
        Kind::Events => events::read(input, field, out),
        _ => document::read(input, field, out),
    }
}
