//! Quoted event lists (22.0.9, 23.0.5, 24 and later): `key="value", key="value"`.
//!
//! The server escapes `"` as `\"` and leaves `\` alone, so `x\` is printed `"x\"`. A quote ends a value only where the list goes on behind it
//! (`, key="`) or ends; a quote inside a value always has a backslash before it. A scan from the right says at which quotes the rest
//! of the line can still be read, and the reading from the left follows it: linear, and never more than one pass each way.
//!
//! ```text
//! list  = pair *( ", " pair ) [ tail ]
//! pair  = key "=" QUOTE value QUOTE
//! key   = 1*64( ALPHA / DIGIT / "_" / "-" / "." )
//! tail  = ", requestUri=" … / ", cookies=[" … / ", stackTrace=" …      (TRACE level, not quoted)
//! ```

use super::fields::{Field, Fields, field};
use super::{Course, Event, Quoting};
use crate::finding::Trust;
use crate::names::by_ends;
use crate::record::course::Key;
use crate::record::mask;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::error::Error;
use nom::sequence::terminated;
use nom::{IResult, Parser};
use wide::u8x16;

type Res<'a, T> = IResult<&'a [u8], T, Error<&'a [u8]>>;

/// `clientId`
fn key(i: &[u8]) -> Res<'_, &[u8]> {
    take_while_m_n(1, 64, |c: u8| IN_KEY[usize::from(c)]).parse(i)
}

/// `clientId="`
fn opening(i: &[u8], quote: u8) -> Res<'_, &[u8]> {
    terminated(key, (tag("="), tag(&[quote][..]))).parse(i)
}

/// What stands behind a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind<'a> {
    /// Nothing: the list ends.
    End,
    /// `, key="`: the next value begins at that offset.
    Next(&'a [u8], usize),
    /// The unquoted tail that TRACE adds.
    Tail,
    /// Anything else: the quote belongs to the value, or the line is broken.
    Other,
}

/// Looks behind the quote at `at`.
fn behind(message: &[u8], at: usize, quote: u8) -> Behind<'_> {
    let rest = &message[at + 1..];
    if rest.is_empty() {
        return Behind::End;
    }
    let Some(rest) = rest.strip_prefix(b", ") else { return if is_column(rest) { Behind::End } else { Behind::Other } };
    match opening(rest, quote) {
        Ok((value, key)) => Behind::Next(key, message.len() - value.len()),
        Err(_) if [&b"requestUri="[..], b"cookies=[", b"stackTrace="].iter().any(|t| rest.starts_with(t)) => Behind::Tail,
        Err(_) => Behind::Other,
    }
}

/// Whether what stands behind a list is a column of a format of one's own, as `[%X]` and `{%X}` print it: no list goes on like this.
fn is_column(rest: &[u8]) -> bool {
    (rest.starts_with(b" [") && rest.ends_with(b"]")) || (rest.starts_with(b" {") && rest.ends_with(b"}"))
}

/// Reads a quoted list.
pub(super) fn parse<'a>(message: &'a [u8], quote: u8, course: &mut Course) -> Option<Event<'a>> {
    let (first, start) = begin(message, quote)?;
    let mut event =
        Event { message, fields: Fields::default(), quoting: Quoting::Quoted(quote), trust: Trust::Quoted, cut: false, ends_once: false, is_plain: false };
    if let Some((ends_once, is_plain)) = plain(message, first, start, quote, course, &mut event.fields) {
        (event.ends_once, event.is_plain) = (ends_once, is_plain);
    } else {
        (event.fields, event.trust, event.cut) = Reading::of(message, start, quote).fields(first, start)?;
    }
    if !event.cut && first != b"operationType" && !event.fields.are_in_order() {
        event.trust = Trust::Ambiguous;
    }
    Some(event)
}

/// Returns the first key, and where its value begins.
#[inline]
fn begin(message: &[u8], quote: u8) -> Option<(&[u8], usize)> {
    let key = "type".len();
    if message.starts_with(b"type=") && message.get(key + 1) == Some(&quote) {
        return Some((&message[..key], key + 2));
    }
    let (value, first) = opening(message, quote).ok()?;
    Some((first, message.len() - value.len()))
}

/// What the values that were read are made of.
#[derive(Clone, Copy, Default)]
struct Made {
    /// A bit is set where one holds a comma.
    commas: u32,
    /// A byte's highest bit is set where one holds a backslash or a byte beyond ASCII.
    odd: u8x16,
}

impl Made {
    /// Whether the values are their own texts.
    fn is_plain(&self) -> bool {
        self.odd.move_mask() == 0
    }

    /// Splits a text behind its first value: before the first quote, unless that may be a part of it.
    #[inline]
    fn split<'a>(&mut self, text: &'a [u8], quote: u8) -> Option<(&'a [u8], &'a [u8])> {
        let mut at = 0;
        loop {
            let rest = text.get(at..)?;
            let block = match rest.first_chunk() {
                Some(block) => *block,
                None => padded(rest, quote)?,
            };
            let bytes = u8x16::new(block);
            let equal = |byte| bytes.cmp_eq(u8x16::splat(byte));
            let (quotes, commas) = (equal(quote).move_mask(), equal(b',').move_mask().cast_unsigned());
            self.odd |= bytes | equal(b'\\');
            if quotes == 0 {
                self.commas |= commas;
                at += mask::WIDTH;
                continue;
            }
            let before = quotes.trailing_zeros();
            self.commas |= commas & !(u32::MAX << before);
            let (value, behind) = text.split_at_checked(at + before as usize)?;
            return (value.last() != Some(&b'\\')).then_some((value, behind));
        }
    }
}

/// Returns the last bytes of a message, if there are any, with others behind them that are no quote.
#[cold]
fn padded(rest: &[u8], quote: u8) -> Option<[u8; mask::WIDTH]> {
    let mut block = [u8::from(quote == 0); mask::WIDTH];
    block[..rest.len()].copy_from_slice(rest);
    (!rest.is_empty()).then_some(block)
}

/// The common case: no backslash before any quote, so every quote ends a value. `None` where it is not so. Says as well whether no value holds a comma: then the
/// end of the line cannot be that of a bare list, too; and whether the values are their own texts.
fn plain<'a>(message: &'a [u8], first: &'a [u8], start: usize, quote: u8, course: &mut Course, fields: &mut Fields<'a>) -> Option<(bool, bool)> {
    let mut made = Made::default();
    let (value, mut rest) = made.split(message.get(start..)?, quote)?;
    fields.push(first, value);
    // an admin event's first key is another one; what is told of those behind it is of that, too
    let kind = by_ends(value) << 1 | usize::from(first == b"operationType");
    // the key before, where it is remembered; the first one always is
    let mut key = Some(course.start(kind));
    loop {
        if let Some(known) = key {
            let last;
            (last, rest) = follow(rest, quote, known, course, fields, &mut made)?;
            fields.follow(*course.told(last));
            key = Some(last);
        }
        let known;
        if let Some((field, length)) = between(rest, quote) {
            known = fields.known(field);
            key = key.and_then(|key| course.meet(key, &rest[..length], known));
            rest = &rest[length..];
        } else {
            match behind(message, message.len() - rest.len(), quote) {
                // any other mark could be a part of an id, as bare lists have them
                Behind::End => return Some((made.commas == 0 && rest.len() == 1 && matches!(quote, b'"' | b'\''), made.is_plain())),
                Behind::Tail => return Some((false, false)),
                // the quote is one that a key can hold
                Behind::Next(next, begins) => (key, known, rest) = (None, fields.known(field(next)), &message[begins..]),
                Behind::Other => return None,
            }
        }
        let value;
        (value, rest) = made.split(rest, quote)?;
        fields.put(known.place, value);
        fields.follow(known);
    }
}

/// Reads on as long as keys come behind each other as they did before. Returns the last of them, and what is behind its value; the order of the fields is left to the
/// caller.
#[inline(never)] // by itself it has registers enough
fn follow<'a>(mut rest: &'a [u8], quote: u8, mut key: Key, course: &Course, fields: &mut Fields<'a>, made: &mut Made) -> Option<(Key, &'a [u8])> {
    let mut all = *made;
    while let Some((next, told, length)) = course.next(key, rest) {
        let value;
        (value, rest) = all.split(rest.get(length..)?, quote)?;
        fields.put(told.place, value);
        key = next;
    }
    *made = all;
    Some((key, rest))
}

/// Reads `", key="` as [`behind`] does; returns what the key is, and how long all of it is.
fn between(text: &[u8], quote: u8) -> Option<(Option<Field>, usize)> {
    let open = mask::find(text, 1, quote)?;
    let key = text[1..open].strip_prefix(b", ")?.strip_suffix(b"=")?;
    let field = field(key);
    let is_key = field.is_some() || (!key.is_empty() && key.len() <= 64 && key.iter().all(|c| IN_KEY[usize::from(*c)]));
    is_key.then_some((field, open + 1))
}

/// The bytes that a key is made of.
const IN_KEY: [bool; 256] = {
    let mut table = [false; 256];
    let mut c = 0;
    while c < 256 {
        #[allow(clippy::cast_possible_truncation)] // below 256
        let byte = c as u8;
        table[c] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        c += 1;
    }
    table
};

/// What can still be read from each quote on, filled from the right.
struct Reading<'a> {
    message: &'a [u8],
    quote: u8,
    /// Offsets of all quotes behind the first opening one.
    at: Vec<usize>,
    /// `inside[i]`: the list can be read to its end from inside a value whose next quote is `at[i]`; one entry more for "no quote left".
    inside: Vec<bool>,
    /// Values may hold quotes that are not escaped (`sanitize=false`).
    unescaped: bool,
    /// The line may end inside a value.
    cut: bool,
}

impl<'a> Reading<'a> {
    /// Fills the table: first by the server's rules, then for a cut line, then for a server that does not escape.
    #[cold]
    fn of(message: &'a [u8], start: usize, quote: u8) -> Self {
        let at: Vec<usize> = memchr::memchr_iter(quote, &message[start..]).map(|i| start + i).collect();
        let mut reading = Reading { message, quote, inside: vec![false; at.len() + 1], at, unescaped: false, cut: false };
        for (cut, unescaped) in [(false, false), (true, false), (false, true), (true, true)] {
            (reading.cut, reading.unescaped) = (cut, unescaped);
            reading.fill();
            if reading.inside[0] {
                break;
            }
        }
        reading
    }

    fn fill(&mut self) {
        let n = self.at.len();
        self.inside[n] = self.cut;
        for i in (0..n).rev() {
            self.inside[i] = (self.can_stay(i) && self.inside[i + 1]) || self.can_close(i);
        }
    }

    /// Whether quote `i` may be part of a value.
    fn can_stay(&self, i: usize) -> bool {
        self.unescaped || (self.at[i] > 0 && self.message[self.at[i] - 1] == b'\\')
    }

    /// Whether quote `i` may end a value, with the rest readable.
    fn can_close(&self, i: usize) -> bool {
        match behind(self.message, self.at[i], self.quote) {
            Behind::End | Behind::Tail => true,
            // the quote behind `, key=` is the next one
            Behind::Next(_, value) => self.at.get(i + 1) == Some(&(value - 1)) && self.inside[i + 2],
            Behind::Other => false,
        }
    }

    /// Follows the table from the left. Where both ways are open the quote stays inside, and the reading is ambiguous.
    fn fields(&self, mut key: &'a [u8], mut start: usize) -> Option<(Fields<'a>, Trust, bool)> {
        if !self.inside[0] {
            return None;
        }
        let mut fields = Fields::default();
        let mut trust = if self.unescaped { Trust::Ambiguous } else { Trust::Quoted };
        let mut i = 0;
        while i < self.at.len() {
            let stay = self.can_stay(i) && self.inside[i + 1];
            let close = self.can_close(i);
            if stay && close {
                trust = Trust::Ambiguous;
            }
            // an unescaped quote that can close does: the shortest value is the server's
            if close && !(stay && self.message[self.at[i] - 1] == b'\\') {
                fields.push(key, &self.message[start..self.at[i]]);
                match behind(self.message, self.at[i], self.quote) {
                    Behind::Next(k, s) => (key, start) = (k, s),
                    _ => return Some((fields, trust, false)),
                }
                i += 2;
            } else {
                i += 1;
            }
        }
        // the line ended inside this value: what it would have been is not known
        Some((fields, trust, true))
    }
}

#[cfg(test)]
mod tests;
