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

use super::fields::{Fields, place};
use super::{Event, Quoting};
use crate::finding::Trust;
use crate::record::mask;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::error::Error;
use nom::sequence::terminated;
use nom::{IResult, Parser};

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
    let Some(rest) = rest.strip_prefix(b", ") else { return Behind::Other };
    match opening(rest, quote) {
        Ok((value, key)) => Behind::Next(key, message.len() - value.len()),
        Err(_) if [&b"requestUri="[..], b"cookies=[", b"stackTrace="].iter().any(|t| rest.starts_with(t)) => Behind::Tail,
        Err(_) => Behind::Other,
    }
}

/// Reads a quoted list.
pub(super) fn parse(message: &[u8], quote: u8) -> Option<Event<'_>> {
    let (value, first) = opening(message, quote).ok()?;
    let start = message.len() - value.len();
    let mut event = Event { message, fields: Fields::default(), quoting: Quoting::Quoted(quote), trust: Trust::Quoted, cut: false, ends_once: false };
    if let Some(ends_once) = plain(message, first, start, quote, &mut event.fields) {
        event.ends_once = ends_once;
    } else {
        (event.fields, event.trust, event.cut) = Reading::of(message, start, quote).fields(first, start)?;
    }
    if !event.cut && first != b"operationType" && !event.fields.are_in_order() {
        event.trust = Trust::Ambiguous;
    }
    Some(event)
}

/// The quotes of a message, one after the other.
struct Quotes<'a> {
    message: &'a [u8],
    quote: u8,
    /// Where the block at hand begins, those of its quotes that are not handed out, and where the next one begins.
    at: usize,
    found: u64,
    next: usize,
    /// Commas in the blocks that were looked at.
    commas: u32,
}

impl<'a> Quotes<'a> {
    /// Returns the quotes from a place on.
    fn of(message: &'a [u8], from: usize, quote: u8) -> Self {
        Quotes { message, quote, at: from, found: 0, next: from, commas: 0 }
    }

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            let rest = self.message.get(self.next..).filter(|r| !r.is_empty())?;
            let mut padded;
            let block = if let Some(block) = rest.first_chunk() {
                block
            } else {
                // what is not there is no quote
                padded = [u8::from(self.quote == 0); mask::BLOCK];
                padded[..rest.len()].copy_from_slice(rest);
                &padded
            };
            self.found = mask::equal_of_block(block, self.quote);
            self.commas += mask::equal_of_block(block, b',').count_ones();
            self.at = self.next;
            self.next += mask::BLOCK;
        }
        let quote = self.at + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(quote)
    }
}

/// The common case: no backslash before any quote, so every quote ends a value. `None` where it is not so. Says as well whether no value holds a comma: then the
/// end of the line cannot be that of a bare list, too.
fn plain<'a>(message: &'a [u8], mut key: &'a [u8], mut start: usize, quote: u8, fields: &mut Fields<'a>) -> Option<bool> {
    let mut quotes = Quotes::of(message, start, quote);
    let (mut at_place, mut pairs) = (place(key), 1);
    loop {
        let at = quotes.next()?;
        if at > start && message[at - 1] == b'\\' {
            return None;
        }
        fields.put(at_place, key, &message[start..at]);
        if let Some((p, k, s)) = quotes.next().and_then(|open| between(message, at, open)) {
            (at_place, key, start) = (p, k, s);
            pairs += 1;
            continue;
        }
        match behind(message, at, quote) {
            // any other mark could be a part of an id, as bare lists have them
            Behind::End => return Some(quotes.commas + 1 == pairs && matches!(quote, b'"' | b'\'')),
            Behind::Tail => return Some(false),
            // the quote is one that a key can hold
            Behind::Next(k, s) => {
                (at_place, key, start) = (place(k), k, s);
                quotes = Quotes::of(message, s, quote);
            }
            Behind::Other => return None,
        }
    }
}

/// Reads `, key=` between the quote at `at` and the next one, as [`behind`] does, with the key's place: nearly every quote of nearly every list has such a next.
#[inline]
fn between(message: &[u8], at: usize, open: usize) -> Option<(Option<usize>, &[u8], usize)> {
    let key = message.get(at + 1..open)?.strip_prefix(b", ")?.strip_suffix(b"=")?;
    let place = place(key);
    let is_key = place.is_some() || (!key.is_empty() && key.len() <= 64 && key.iter().all(|c| IN_KEY[usize::from(*c)]));
    is_key.then_some((place, key, open + 1))
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
