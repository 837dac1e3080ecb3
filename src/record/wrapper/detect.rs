//! What a source is wrapped in.
//!
//! Input: the beginning of a source. Output: a [`Wrapping`]. Each wrapper is tried with the very code that would read it; the one from which most
//! records come out is taken, if they outweigh the records that stand there bare. So a bare log in which a client's text looks like a wrapper stays bare.

use std::io::{self, Cursor};

use super::format::{Format, infer};
use super::kind::{ALL, Form, Kind, Wrapper};
use super::layer::{Layer, Scratch, split};
use super::{Told, escapes, frames, head, object, table, zone};
use crate::source::unwrap::Sink;
use crate::source::{Payload, Wrapping};

/// Lines that are looked at.
const LINES: usize = 400;

/// Wrappers within wrappers.
const DEPTH: usize = 4;

/// What a wrapper held.
pub(super) struct Sample {
    pub(super) text: Vec<u8>,
    pub(super) time: Option<i64>,
    line: u64,
}

/// A wrapper that was tried.
struct Tried {
    /// Names from inside to outside.
    name: String,
    mixed: bool,
    samples: Vec<Sample>,
    /// Records that came out.
    heads: usize,
    /// The line that the first of them is on.
    first: u64,
    /// Lines, of those looked at, that have the wrapper's form.
    formed: usize,
    kind: Kind,
}

/// What a person said.
struct Asked<'a> {
    field: Option<&'a str>,
    /// The format of the lines.
    format: Option<&'a Format>,
    /// Lines can be in one that nobody told.
    any_format: bool,
}

/// Returns what the beginning of a source is wrapped in.
pub(super) fn wrapping(bytes: &[u8], whole: bool, told: &Told) -> Option<Wrapping> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let field = told.field.as_deref();
    let lines = whole_lines(bytes, whole);
    let name = told.layout.as_deref();
    let wrapper = name.and_then(super::named);
    let format = name.filter(|_| wrapper.is_none()).and_then(Format::parse);
    let tried = match wrapper {
        Some(wrapper) if wrapper.kind == Kind::Format => match infer::format(&lines, false) {
            Some(format) => in_format(&format, &lines, &[]),
            None => forced(wrapper, bytes, &lines, field),
        },
        Some(wrapper) => forced(wrapper, bytes, &lines, field),
        // a name that is neither is that of no wrapper: the lines are bare
        None if name.is_some() && format.is_none() => return None,
        None => {
            let asked = Asked { field, format: format.as_ref(), any_format: false };
            let tried = found(bytes, &lines, &[], &asked, 0).filter(|tried| tried.heads > 0);
            tried.or_else(|| found(bytes, &lines, &[], &Asked { any_format: true, ..asked }, 0))?
        }
    };
    Some(tried.wrapping())
}

impl Tried {
    fn wrapping(self) -> Wrapping {
        let zone_minutes = zone::minutes(&self.samples);
        Wrapping { name: self.name, mixed: self.mixed, zone_minutes }
    }
}

/// Splits into lines; the last one may be cut.
fn whole_lines(bytes: &[u8], whole: bool) -> Vec<&[u8]> {
    let end = if whole { bytes.len() } else { memchr::memrchr(b'\n', bytes).unwrap_or(0) };
    bytes[..end].split(|c| *c == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).take(LINES).collect()
}

/// Finds out what lines are wrapped in; `times` are those that are known of them from outside.
fn found(bytes: &[u8], lines: &[&[u8]], times: &[Option<i64>], asked: &Asked<'_>, depth: usize) -> Option<Tried> {
    if let Some(told) = asked.format.map(|format| in_format(format, lines, times)).filter(|tried| tried.heads > 0) {
        return Some(told);
    }
    let mut bare = 0;
    let mut first_bare = u64::MAX;
    for (line, number) in lines.iter().zip(1..) {
        if head::is_bare(line) {
            bare += 1;
            first_bare = first_bare.min(number);
        }
    }
    if bare > 0 && lines.iter().filter(|l| !l.is_empty()).count() == bare {
        // whatever else they look like, no more can come out of them
        return None;
    }
    let (mut best, mut formed): (Option<Tried>, Option<Tried>) = (None, None);
    let mut of_lines = false;
    for (wrapper, form) in candidates(bytes, lines, asked.field, depth) {
        if form == Form::Document && of_lines {
            continue;
        }
        let tried = in_form(wrapper, form, bytes, lines, asked, depth);
        of_lines |= form == Form::Objects && is_of_lines(&tried, lines);
        if tried.heads > best.as_ref().map_or(0, |b| b.heads) {
            best = Some(tried);
        } else if formed.is_none() && depth == 0 && bare == 0 && tried.is_of_all(lines) {
            formed = Some(tried);
        }
    }
    let own = || {
        if bare > 0 || !asked.any_format {
            return None;
        }
        let format = infer::format(lines, times.iter().any(Option::is_some))?;
        Some(in_format(&format, lines, times)).filter(|tried| tried.heads > 0)
    };
    // without any record the form alone decides
    let Some(best) = best else { return formed.or_else(own) };
    if best.is_guessed()
        && let Some(own) = own().filter(|own| own.heads >= best.heads)
    {
        return Some(own);
    }
    let bare_wins = if first_bare < best.first { bare * 10 >= bare + best.heads } else { bare >= best.heads };
    (!bare_wins).then_some(best)
}

/// Whether lines of that form alone say what they are.
fn is_telling(kind: Kind) -> bool {
    !matches!(kind, Kind::Stern | Kind::SternAll | Kind::Timestamps | Kind::Json | Kind::AwsTail | Kind::Csv | Kind::Events)
}

/// Returns the wrappers that are worth a try.
fn candidates(bytes: &[u8], lines: &[&[u8]], field: Option<&str>, depth: usize) -> Vec<(&'static Wrapper, Form)> {
    let has_form = |kind: Kind| lines.iter().any(|l| split(kind, None, l, &mut Scratch::default()).is_some());
    // the forms of both are the same where the day has two digits
    let escaped = lines.iter().any(|l| escapes::are_in(l));
    let mut found: Vec<(&Wrapper, Form)> = ALL
        .iter()
        .filter(|w| w.form == Form::Prefix && w.kind != Kind::Format && !(w.kind == Kind::Journald && escaped) && has_form(w.kind))
        .map(|w| (w, w.form))
        .collect();
    let objects = lines.iter().filter(|l| !head::is_bare(l)).filter_map(|l| object::parse(l));
    if let Some(kind) = most(objects.map(|o| object::kind(&o))) {
        found.push((kind.row(), Form::Objects));
    }
    if depth == 0 {
        let begin = bytes.trim_ascii_start();
        if begin.first().is_some_and(|c| matches!(c, b'{' | b'[')) || lines.iter().any(|l| matches!(l, [b'{' | b'[', ..] if !head::is_bare(l))) {
            found.push((document_kind(bytes).row(), Form::Document));
        }
        let whole = ALL.iter().filter(|w| match w.kind {
            Kind::SyslogOctets => frames::begin_with_a_length(begin),
            Kind::JournalExport => begin.starts_with(b"__"),
            Kind::Csv => table::begins(bytes, field),
            _ => false,
        });
        found.extend(whole.map(|w| (w, w.form)));
    }
    found
}

/// Returns what occurs most.
fn most(kinds: impl Iterator<Item = Kind>) -> Option<Kind> {
    let mut counts: Vec<(Kind, usize)> = Vec::new();
    for kind in kinds {
        match counts.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, n)) => *n += 1,
            None => counts.push((kind, 1)),
        }
    }
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map(|(k, _)| k)
}

/// Names what wrote a document, by the keys in it.
fn document_kind(bytes: &[u8]) -> Kind {
    let table: &[(&str, Kind)] = &[
        ("\"_source\"", Kind::Elasticsearch),
        ("\"insertId\"", Kind::Gcp),
        ("\"resultType\"", Kind::Loki),
        ("\"logStreamName\"", Kind::CloudWatch),
        ("\"ingestionTime\"", Kind::CloudWatch),
        ("\"logEvents\"", Kind::CloudWatch),
        ("\"__REALTIME_TIMESTAMP\"", Kind::JournaldJson),
        ("\"TimeGenerated\"", Kind::Azure),
        ("\"_raw\"", Kind::Splunk),
        ("\"podName\"", Kind::SternJson),
        ("\"source_type\"", Kind::Vector),
        ("\"short_message\"", Kind::Gelf),
        ("\"LoggerName\"", Kind::Gelf),
    ];
    table.iter().find(|(key, _)| memchr::memmem::find(bytes, key.as_bytes()).is_some()).map_or(Kind::Json, |(_, kind)| *kind)
}

/// Tries a wrapper that a person named, in the form that the source has.
fn forced(wrapper: &'static Wrapper, bytes: &[u8], lines: &[&[u8]], field: Option<&str>) -> Tried {
    let asked = Asked { field, format: None, any_format: false };
    let tried = in_form(wrapper, wrapper.form, bytes, lines, &asked, 0);
    let document = wrapper.form == Form::Objects && !is_of_lines(&tried, lines);
    if document { in_form(wrapper, Form::Document, bytes, lines, &asked, 0) } else { tried }
}

/// Whether most lines have the form, not one by chance in a document of many.
fn is_of_lines(tried: &Tried, lines: &[&[u8]]) -> bool {
    tried.formed > 0 && tried.formed * 2 >= lines.iter().filter(|l| !l.is_empty() && !head::is_bare(l)).count()
}

/// Reads lines in a format; `times` are those that are known of them.
fn in_format(format: &Format, lines: &[&[u8]], times: &[Option<i64>]) -> Tried {
    let mut samples: Vec<Sample> = Vec::new();
    let mut keep = |p: Payload<'_>| samples.push(Sample { text: p.text.to_vec(), time: p.time, line: p.line });
    let mut layer = Layer::of_format(format.clone());
    let mut formed = 0;
    let times = times.iter().copied().chain(std::iter::repeat(None));
    for ((text, time), line) in lines.iter().zip(times).zip(1..) {
        if layer.begins(text) {
            formed += 1;
            layer.take(Payload { node: None, time, line, text }, &mut keep);
        }
    }
    let mut tried = Tried { name: format.to_string(), mixed: false, samples, heads: 0, first: u64::MAX, formed, kind: Kind::Format };
    tried.count();
    tried
}

fn in_form(wrapper: &'static Wrapper, form: Form, bytes: &[u8], lines: &[&[u8]], asked: &Asked<'_>, depth: usize) -> Tried {
    let field = asked.field;
    let mut samples: Vec<Sample> = Vec::new();
    let mut formed = 0;
    let mut keep = |p: Payload<'_>| samples.push(Sample { text: p.text.to_vec(), time: p.time, line: p.line });
    if matches!(form, Form::Prefix | Form::Objects) {
        let mut layer = Layer::new(wrapper.kind, field);
        for (text, number) in lines.iter().zip(1..) {
            // Keycloak's own JSON is an object, too
            if (form == Form::Prefix || !head::is_bare(text)) && layer.begins(text) {
                formed += 1;
                layer.take(Payload { node: None, time: None, line: number, text }, &mut keep);
            }
        }
        layer.finish(&mut keep);
    } else {
        // the beginning of a source ends somewhere in the middle
        let _ = read(wrapper.kind, field, bytes, &mut keep);
        if samples.len() > LINES {
            samples.truncate(LINES);
        }
        samples.retain(|s| {
            form != Form::Document || s.line > lines.len() as u64 || !lines.get(usize::try_from(s.line).unwrap_or(1) - 1).is_some_and(|l| head::is_bare(l))
        });
    }
    let mut tried = Tried { name: layer_name(wrapper, form), mixed: wrapper.mixed, samples, heads: 0, first: u64::MAX, formed, kind: wrapper.kind };
    tried.count();
    if tried.heads * 10 < tried.samples.len() && depth < DEPTH {
        tried.look_inside(asked, depth);
    }
    if matches!(form, Form::Document | Form::Table | Form::Objects) && wrapper.kind != Kind::Events && depth == 0 && tried.holds_events() {
        tried.name = Kind::Events.row().name.into();
        tried.kind = Kind::Events;
    }
    tried
}

impl Tried {
    /// Whether nearly all lines have a form that says what they are, whatever is in them.
    fn is_of_all(&self, lines: &[&[u8]]) -> bool {
        is_telling(self.kind) && self.formed > 2 && self.formed * 10 >= lines.iter().filter(|l| !l.is_empty()).count() * 9
    }

    fn count(&mut self) {
        let heads: Vec<u64> = self.samples.iter().filter(|s| head::is(&s.text)).map(|s| s.line).collect();
        self.heads = heads.len();
        self.first = heads.first().copied().unwrap_or(u64::MAX);
    }

    /// Looks for another wrapper in what this one holds.
    fn look_inside(&mut self, asked: &Asked<'_>, depth: usize) {
        let text = self.samples.iter().flat_map(|s| s.text.split(|c| *c == b'\n').map(|line| (line, s.time)));
        let (text, times): (Vec<&[u8]>, Vec<Option<i64>>) = text.unzip();
        let asked = Asked { field: None, ..*asked };
        let Some(inner) = found(&[], &text, &times, &asked, depth + 1).filter(|i| i.heads > self.heads) else { return };
        self.name = format!("{} in {}", inner.name, self.name);
        self.mixed |= inner.mixed;
        self.heads = inner.heads;
        self.first = self.samples.first().map_or(u64::MAX, |s| s.line);
        self.samples = inner.samples;
    }

    /// Whether a prefix that any word or time can be stands before lines in a format of one's own: it can be the beginning of that as well.
    fn is_guessed(&self) -> bool {
        let (names, own) = super::names(&self.name);
        own.is_some() && !names.is_empty() && matches!(self.kind, Kind::Timestamps | Kind::AwsTail | Kind::Stern | Kind::SternAll)
    }

    fn holds_events(&self) -> bool {
        self.heads > 0 && self.samples.iter().filter(|s| head::is_event(&s.text)).count() * 2 > self.heads
    }
}

/// Returns a layer's name, as [`super::unwrapper`] reads it.
fn layer_name(wrapper: &Wrapper, form: Form) -> String {
    if form == Form::Document && wrapper.form != Form::Document { format!("{}{}", wrapper.name, super::DOCUMENT) } else { wrapper.name.to_owned() }
}

/// Reads what is no line each.
pub(super) fn read(kind: Kind, field: Option<&str>, bytes: &[u8], out: Sink<'_>) -> io::Result<()> {
    let mut input = Cursor::new(bytes);
    super::read(kind, field, &mut input, out)
}
