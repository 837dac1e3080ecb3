//! Whether the numbers of a file can be those of a log.
//!
//! Input: any JSON. Output: it is refused where its numbers are larger, one by one or together, than what programs agree on as whole numbers. What holds here needs no
//! second look: no sum over a part of the file leaves its type. Must not know what the numbers mean.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::read::ReadError;

/// The largest whole number that every reader of JSON keeps (RFC 8259, section 6).
const MOST: u64 = 1 << 53;

/// Refuses what no log can add up to.
///
/// # Errors
///
/// When the text is no JSON, is nested deeper than a tally is, or its numbers are too large.
pub(super) fn check(bytes: &[u8]) -> Result<(), ReadError> {
    let mut sum = 0;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Measure(&mut sum).deserialize(&mut reader)?;
    Ok(reader.end()?)
}

/// Adds up the numbers of a value.
struct Measure<'s>(&'s mut u64);

impl Measure<'_> {
    fn add<E: Error>(self, number: u64) -> Result<(), E> {
        *self.0 = self.0.saturating_add(number);
        if *self.0 > MOST { Err(E::custom(format_args!("its numbers add up to more than {MOST}: no log holds so much"))) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Measure<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Measure<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tally")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.add(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.add(number.unsigned_abs())
    }

    /// The one number with a fraction is the length of a window, which is checked where it is read.
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Measure(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while object.next_key::<serde::de::IgnoredAny>()?.is_some() {
            object.next_value_seed(Measure(self.0))?;
        }
        Ok(())
    }
}
