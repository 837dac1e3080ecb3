//! The engine as bytes, and back.

use serde::{Deserialize, Serialize};

/// What the bytes begin with; those of another version are not taken up.
pub(super) const VERSION: u32 = 1;

/// Values whose form only JSON can carry.
pub(super) mod json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(S::Error::custom)?.serialize(s)
    }

    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// Returns a value as bytes, the version first; nothing where it cannot be, which no value is known to cause.
pub(super) fn bytes(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(&(VERSION, value)).unwrap_or_default()
}

/// Reads what [`bytes`] gave; `None` where it is no such thing.
pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (version, rest) = postcard::take_from_bytes::<u32>(bytes).ok()?;
    if version == VERSION { postcard::from_bytes(rest).ok() } else { None }
}
