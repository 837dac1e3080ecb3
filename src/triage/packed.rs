//! Failures as bytes.
//!
//! Input: a failure that waits, or one with its verdict. Output: bytes, and the same again. Nearly all of it is numbers, known words and short ids, so each field
//! is written as it lies in memory, without its name: that takes a third of what a format for everybody takes. Only another failure of the same program can be
//! read by it. Must not know what a field means.

use std::num::{NonZeroU32, NonZeroU64};

use smallvec::SmallVec;

use super::joined::{Answered, At, Browser, Companions, Explained, Failed, GoneCode, Loss};
use super::timeline::{Facts, Seen, Waiting};
use super::verdict::{Lack, Verdict, Words, span};
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Trust};
use crate::names::{Key, Sym};
use crate::signal::companion::{Assertion, Authenticator, Parameter, Pkce, Verb};
use crate::signal::{Failure, Id, Word};

/// What can be written as bytes and read again.
pub trait Packed: Sized {
    /// Writes it behind what was written.
    fn pack(&self, out: &mut Vec<u8>);

    /// Takes it from the beginning of the bytes; `None` where they are not of such a one.
    fn unpack(from: &mut &[u8]) -> Option<Self>;

    /// Takes it in place of another, whose memory is used again.
    #[inline]
    fn unpack_over(&mut self, from: &mut &[u8]) -> Option<()> {
        *self = Self::unpack(from)?;
        Some(())
    }
}

/// Takes so many bytes.
#[inline]
fn array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*bytes)
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
                array(from).map(<$number>::from_le_bytes)
            }
        })*
    };
}

numbers! { u8 u16 u128 i64 }

/// Numbers that are small: nearly all of them fit a smaller type, whose largest number says that one does not.
macro_rules! small_numbers {
    ($($number:ty, $small:ty;)*) => {
        $(impl Packed for $number {
            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                match <$small>::try_from(*self) {
                    Ok(small) if small != <$small>::MAX => out.extend_from_slice(&small.to_le_bytes()),
                    _ => {
                        out.extend_from_slice(&<$small>::MAX.to_le_bytes());
                        out.extend_from_slice(&self.to_le_bytes());
                    }
                }
            }

            #[inline]
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                let small = <$small>::from_le_bytes(array(from)?);
                Some(if small == <$small>::MAX { <$number>::from_le_bytes(array(from)?) } else { small.into() })
            }
        })*
    };
}

small_numbers! {
    u32, u8;
    u64, u32;
}

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
    NonZeroU64, u64, NonZeroU64::get, NonZeroU64::new;
    Key, i64, |key: Key| key.number().cast_signed(), |digest: i64| Some(Key::from(digest.cast_unsigned()));
    Sym, u32, |sym: Sym| sym.kept().get(), |number| NonZeroU32::new(number).map(Sym::from);
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
    Cause {
        0 CodeExpired 1 CodeReused 2 ClockSkew 3 RefreshTokenInvalid 4 WrongClientSecret 5 PkceMismatch 6 RedirectUriMismatch 7 SessionTerminated
        8 ClientAuthMethod 9 CodeMalformed 10 CodeOfOtherClient 11 CodeMissing 12 ClientNotFound 13 ClientDisabled 14 UserCredentials 15 UserDisabled
        16 DeviceCodeInvalid 17 TokenExchangeDenied 18 GrantNotAllowed 19 Unlogged 20 Unclassified
    }
    Detail {
        0 Expired 1 Rotated 2 SessionEnded 3 NotBefore 4 Malformed 5 WrongClient 6 Offline 7 Unknown 8 Missing 9 Mismatch 10 Unexpected
    }
    Confidence { 0 Certain 1 Likely 2 Ambiguous }
    Lack { 0 SuccessEvents 1 ClientAuthentication 2 Reasons 3 WholeView 4 Beginning 5 ServerLog 6 Event 7 Lines }
    Loss { 0 Beginning 1 Lines }
    Trust { 0 Json 1 Quoted 2 Unquoted 3 Stored 4 Ambiguous 5 Access 6 Relayed 7 Suspect }
    Pkce { 0 Mismatch 1 Missing 2 Malformed 3 Unexpected }
    Parameter { 0 Code 1 Verifier }
    Assertion { 0 NotActive 1 Other 2 Unsaid 3 NoKeys }
    Verb { 0 Failed 1 Challenge 2 Success 3 Attempted }
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

            fn unpack_over(&mut self, from: &mut &[u8]) -> Option<()> {
                let $type { $($field),* } = self;
                $($field.unpack_over(from)?;)*
                Some(())
            }
        })*
    };
}

fields! {
    Waiting { time node position at failed realm client facts }
    Failed { failure with ordinal session answers browser }
    Failure { event realm realm_id client user session ip error reason grant assertion offline token cut trust digest }
    Companions { gone format uuid bound foreign too_long pkce assertion header auth auth_tried secret_tried lost }
    GoneCode { code session client unusual at }
    Answered { status bytes at own }
    Browser { ago_ms granted at }
    Facts {
        logins login first_login_ms uses doubled use_before use_after use_after_login used_later foreign_unclear use_before_login attempts first_attempt together detached own_login spent other_login other_login_before other_code
        session_seen ended alive offline elsewhere forgotten incomplete
    }
    Seen { ago_ms at }
    At { source line part }
    Verdict { detail confidence candidates evidence delay_ms lack }
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

    #[inline]
    fn unpack_over(&mut self, from: &mut &[u8]) -> Option<()> {
        match self {
            _ if !bool::unpack(from)? => *self = None,
            Some(value) => value.unpack_over(from)?,
            None => *self = Some(T::unpack(from)?),
        }
        Some(())
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

    #[inline]
    fn unpack_over(&mut self, from: &mut &[u8]) -> Option<()> {
        (**self).unpack_over(from)
    }
}

/// Lists, behind their lengths.
macro_rules! lists {
    ($($list:ty)*) => {
        $(impl<T: Packed> Packed for $list {
            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                length(self.len()).pack(out);
                for value in self {
                    value.pack(out);
                }
            }

            #[inline]
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                (0..u32::unpack(from)?).map(|_| T::unpack(from)).collect()
            }
        })*
    };
}

lists! { Vec<T> SmallVec<[T; 4]> }

/// Returns the length of a list or a text: a line has 4 GiB at most.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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

/// Writes a text behind its length.
#[inline]
fn pack_text(text: &[u8], out: &mut Vec<u8>) {
    length(text.len()).pack(out);
    out.extend_from_slice(text);
}

/// Takes the bytes of a text.
#[inline]
fn unpack_text<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::unpack(from)?;
    let (text, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    Some(text)
}

/// Stands for the number of a word that is none of the known ones.
const OTHER: u8 = u8::MAX;

impl Packed for Id {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self.bytes(), out);
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let text = unpack_text(from)?;
        let short = if text.is_ascii() { Id::short(text) } else { None };
        short.or_else(|| std::str::from_utf8(text).ok().map(Id::from))
    }
}

impl Packed for Word {
    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        if let Some(number) = self.number().and_then(|number| u8::try_from(number).ok()) {
            out.push(number);
        } else {
            out.push(OTHER);
            pack_text(self.as_bytes(), out);
        }
    }

    #[inline]
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        match u8::unpack(from)? {
            OTHER => std::str::from_utf8(unpack_text(from)?).ok().map(Word::new),
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

    #[inline]
    fn unpack_over(&mut self, from: &mut &[u8]) -> Option<()> {
        self.0.unpack_over(from)
    }
}

impl Packed for Words {
    fn pack(&self, out: &mut Vec<u8>) {
        let (kind, text) = match self {
            Words::Said(text) => (0, *text),
            Words::Text(text) => (0, text.as_str()),
            Words::Span(before, ..) => (1, *before),
            Words::Number(before, ..) => (2, *before),
        };
        out.push(kind);
        pack_text(text.as_bytes(), out);
        match self {
            Words::Said(_) | Words::Text(_) => {}
            Words::Span(_, ms, behind) => {
                ms.pack(out);
                pack_text(behind.as_bytes(), out);
            }
            Words::Number(_, number, behind) => {
                number.pack(out);
                pack_text(behind.as_bytes(), out);
            }
        }
    }

    /// Puts the words together: what is read again somebody reads.
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        fn words<'a>(from: &mut &'a [u8]) -> Option<&'a str> {
            std::str::from_utf8(unpack_text(from)?).ok()
        }
        let (kind, before) = (u8::unpack(from)?, words(from)?);
        let middle = match kind {
            1 => span(i64::unpack(from)?),
            2 => u32::unpack(from)?.to_string(),
            _ => return Some(Words::Text(before.to_owned())),
        };
        Some(Words::Text([before, &middle, words(from)?].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(value: &impl Packed) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.pack(&mut bytes);
        bytes
    }

    fn same<T: Packed + PartialEq + std::fmt::Debug>(value: &T) {
        let bytes = bytes(value);
        let mut from = bytes.as_slice();
        assert_eq!((T::unpack(&mut from).as_ref(), from), (Some(value), &[][..]));
    }

    /// Returns a failure that has all that a failure can have, and one that has nothing.
    fn failures() -> [Waiting; 2] {
        let at = |source, line| At::new(source, line, 0);
        let bare = Failure::bare(Word::new("LOGIN_ERROR"), Trust::Json, 0);
        let failed = Failed { failure: Box::new(bare), with: Explained::default(), ordinal: 0, session: None, answers: Vec::new(), browser: None };
        let bare = Waiting { time: None, node: 0, position: 0, at: at(0, 1), failed, realm: None, client: None, facts: None };
        let sym = |number| NonZeroU32::new(number).map(Sym::from);
        let failure = Failure {
            event: Word::new("an event of tomorrow"),
            realm: sym(1),
            realm_id: sym(u32::MAX),
            client: sym(256),
            user: Some("f:e8f2a5b0-0000-4000-8000-000000000000:j\u{fc}rgen@example.com".into()),
            session: Some(Id::from(&*"s".repeat(300))),
            ip: Some("10.0.0.4".into()),
            error: Some(Word::new("invalid_code")),
            reason: Some(Word::new("")),
            grant: Some(Word::new("authorization_code")),
            assertion: true,
            offline: true,
            token: Some(Key::of(b"token")),
            cut: true,
            trust: Trust::Relayed,
            digest: u128::MAX - 1,
        };
        let with = Companions {
            gone: Some(GoneCode { code: Key::of(b"code"), session: Key::of(b"session"), client: Key::of(b"client"), unusual: true, at: at(254, 7) }),
            format: Some(at(255, 8)),
            uuid: Some(at(255, 9)),
            bound: Some((Key::of(b"bound"), At::new(u32::MAX, u64::MAX, u32::MAX))),
            foreign: Some((true, at(1, 8))),
            too_long: Some((Parameter::Verifier, at(1, 8))),
            pkce: Some((Pkce::Malformed, at(1, u64::from(u32::MAX)))),
            assertion: Some((Assertion::Other, at(1, 9))),
            header: Some(at(1, 10)),
            auth: Some((Verb::Challenge, Authenticator::Jwt, at(1, 11))),
            auth_tried: true,
            secret_tried: true,
            lost: Some(Loss::Lines),
        };
        let seen = Seen { ago_ms: Some(-5), at: at(2, 12) };
        let facts = Facts {
            logins: 254,
            login: Some(seen),
            first_login_ms: Some(i64::MIN),
            uses: 255,
            doubled: 2,
            use_before: Some((seen, true)),
            use_after: Some(Seen { ago_ms: None, at: at(2, 13) }),
            use_after_login: true,
            use_before_login: true,
            used_later: Some(Seen { ago_ms: Some(-9000), at: at(1, 9) }),
            attempts: 256,
            first_attempt: Some(seen),
            together: Some(at(3, 14)),
            detached: Some(seen),
            own_login: true,
            ended: Some(seen),
            alive: Some(seen),
            offline: Some(seen),
            elsewhere: true,
            forgotten: true,
            incomplete: true,
            ..Facts::default()
        };
        let answers =
            vec![Answered { status: 400, bytes: Some(70), at: at(4, 15), own: true }, Answered { status: 401, bytes: None, at: at(4, 16), own: false }];
        let failed = Failed {
            failure: Box::new(failure),
            with: with.into(),
            ordinal: 3,
            session: Some(Key::of(b"session")),
            answers,
            browser: Some(Box::new(Browser { ago_ms: 20, granted: true, at: at(5, 17) })),
        };
        let (realm, client, facts) = (sym(2), sym(3), Some(Box::new(facts)));
        [Waiting { time: Some(-1), node: 7, position: u64::MAX, at: at(6, 18), failed, realm, client, facts }, bare]
    }

    #[test]
    fn a_failure_is_read_as_it_was_written_alone_and_over_another() {
        for waiting in failures() {
            same(&waiting);
            for mut other in failures() {
                assert_eq!(other.unpack_over(&mut &*bytes(&waiting)), Some(()));
                assert_eq!(other, waiting);
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_no_failure() {
        for waiting in failures() {
            let bytes = bytes(&waiting);
            assert!((0..bytes.len()).all(|end| Waiting::unpack(&mut &bytes[..end]).is_none()));
        }
    }

    #[test]
    fn a_verdict_keeps_all_of_its_words() {
        let at = At::new(0, 1, 0);
        let verdict = Verdict::likely(&Cause::ALL, Lack::Event)
            .because(at, "said")
            .because(at, Words::Text("put together".to_owned()))
            .because(at, Words::Span("LOGIN ", 71_200, " earlier"))
            .because(at, Words::Number("first of ", 2, " attempts"));
        same(&verdict);
        for detail in Detail::ALL {
            same(&Verdict { detail: Some(detail), delay_ms: Some(1), ..Verdict::certain(Cause::PkceMismatch) });
        }
        for lack in Lack::ALL {
            same(&Verdict::ambiguous(&[Cause::Unclassified], lack));
        }
    }
}
