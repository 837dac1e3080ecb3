//! Failures as bytes.
//!
//! Input: a [`Waiting`](super::timeline::Waiting) failure. Output: bytes, and the failure again. Nearly all of it is numbers, known words and short ids, so each field is
//! written as it lies in memory, without a name and without a look at how long it could be: that takes a tenth of what a format for everybody takes.
//! The bytes live no longer than their process. Must not know what a field means.

use std::num::NonZero;

use super::joined::{Answered, At, Browser, Companions, Explained, Failed};
use super::timeline::{Facts, Seen, Waiting};
use crate::finding::Trust;
use crate::names::{Key, Sym};
use crate::signal::companion::{Assertion, Authenticator, Pkce, Verb};
use crate::signal::{Failure, Id, Word};

/// What can be written as bytes and read again.
pub trait Packed: Sized {
    /// Writes it behind what was written.
    fn pack(&self, out: &mut Vec<u8>);

    /// Takes it from the beginning of the bytes; `None` where they are not of such a one.
    fn unpack(from: &mut &[u8]) -> Option<Self>;
}

/// Numbers, all of their bytes.
macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Packed for $number {
            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(<$number>::from_le_bytes(*bytes))
            }
        })*
    };
}

numbers! { u8 u16 u32 u64 u128 i64 }

/// What stands for a value of another type.
macro_rules! by {
    ($($type:ty, $as:ty, $to:expr, $from:expr;)*) => {
        $(impl Packed for $type {
            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                $to(*self).pack(out);
            }

            #[inline]
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                <$as>::unpack(from).and_then($from)
            }
        })*
    };
}

by! {
    bool, u8, u8::from, |byte| Some(byte != 0);
    Key, u64, Key::number, |digest| Some(Key::from(digest));
    Sym, u32, |sym: Sym| sym.kept().get(), |number| NonZero::new(number).map(Sym::from);
}

/// Values that are one of a few.
macro_rules! choices {
    ($($type:ty { $($number:literal $choice:ident)* })*) => {
        $(impl Packed for $type {
            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                let number: u8 = match self {
                    $(<$type>::$choice => $number,)*
                };
                out.push(number);
            }

            #[inline]
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                Some(match u8::unpack(from)? {
                    $($number => <$type>::$choice,)*
                    _ => return None,
                })
            }
        })*
    };
}

choices! {
    Trust { 0 Json 1 Quoted 2 Unquoted 3 Stored 4 Ambiguous 5 Access 6 Relayed 7 Suspect }
    Pkce { 0 Mismatch 1 Missing 2 Malformed 3 Unexpected }
    Assertion { 0 NotActive 1 Other }
    Verb { 0 Failed 1 Challenge 2 Success }
    Authenticator { 0 Secret 1 Jwt 2 Other }
}

/// Values that have fields, in this order.
macro_rules! fields {
    ($($type:ident { $($field:ident)* })*) => {
        $(impl Packed for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                let $type { $($field),* } = self;
                $($field.pack(out);)*
            }

            fn unpack(from: &mut &[u8]) -> Option<Self> {
                $(let $field = Packed::unpack(from)?;)*
                Some($type { $($field),* })
            }
        })*
    };
}

fields! {
    Waiting { time node position at failed realm client facts }
    Failed { failure with ordinal session answers browser }
    Failure { event realm realm_id client user session ip error reason grant assertion token cut trust digest }
    Companions { gone gone_session format bound pkce assertion header auth auth_tried lost }
    Answered { status bytes at own }
    Browser { ago_ms granted at }
    Facts {
        logins login first_login_ms uses use_before use_after use_after_login foreign_unclear attempts first_attempt together detached own_login other_login
        session_seen ended incomplete
    }
    Seen { ago_ms at }
}

impl<T: Packed> Packed for Option<T> {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.pack(out);
        }
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::unpack(from)? { Some(T::unpack(from)?) } else { None })
    }
}

impl<T: Packed> Packed for Box<T> {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        (**self).pack(out);
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        T::unpack(from).map(Box::new)
    }
}

impl<T: Packed> Packed for Vec<T> {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        (self.len() as u64).pack(out);
        self.iter().for_each(|value| value.pack(out));
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        (0..u64::unpack(from)?).map(|_| T::unpack(from)).collect()
    }
}

impl<A: Packed, B: Packed> Packed for (A, B) {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some((A::unpack(from)?, B::unpack(from)?))
    }
}

impl<A: Packed, B: Packed, C: Packed> Packed for (A, B, C) {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
        self.2.pack(out);
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some((A::unpack(from)?, B::unpack(from)?, C::unpack(from)?))
    }
}

/// Stands where a number of one byte does, and says that it is a longer one.
const LONG: u8 = u8::MAX;

impl Packed for At {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        // nearly every line is one of the first files, and a record of its own
        let short = (u8::try_from(self.source).ok()).filter(|source| *source != LONG && self.part == 0).zip(u32::try_from(self.line.get()).ok());
        if let Some((source, line)) = short {
            source.pack(out);
            line.pack(out);
        } else {
            LONG.pack(out);
            (self.source, self.line.get(), self.part).pack(out);
        }
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some(match u8::unpack(from)? {
            LONG => <(u32, u64, u32)>::unpack(from).map(|(source, line, part)| At::new(source, line, part))?,
            source => At::new(source.into(), u32::unpack(from)?.into(), 0),
        })
    }
}

/// Writes a text behind its length.
#[inline]
fn pack_text(text: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(length) if length != LONG => out.push(length),
        _ => {
            out.push(LONG);
            (text.len() as u64).pack(out);
        }
    }
    out.extend_from_slice(text);
}

/// Takes a text.
#[inline]
fn unpack_text<'a>(from: &mut &'a [u8]) -> Option<&'a str> {
    let length = match u8::unpack(from)? {
        LONG => usize::try_from(u64::unpack(from)?).ok()?,
        length => length.into(),
    };
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    std::str::from_utf8(text).ok()
}

impl Packed for Id {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self.bytes(), out);
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        unpack_text(from).map(Id::from)
    }
}

impl Packed for Word {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        match self.number().and_then(|number| u8::try_from(number).ok()) {
            Some(number) => out.push(number),
            None => {
                out.push(LONG);
                pack_text(self.as_bytes(), out);
            }
        }
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        match u8::unpack(from)? {
            LONG => unpack_text(from).map(Word::new),
            number => Word::numbered(number),
        }
    }
}

impl Packed for Explained {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Packed::unpack(from).map(Explained)
    }
}
