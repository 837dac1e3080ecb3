//! Any JSON value, in the order in which it was written and with doubled keys.
//!
//! Borrows the text where nothing was escaped. Depth is bounded by `serde_json`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Keys and values.
pub(super) type Object<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl Json<'_> {
    /// Returns the text of a string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Looks a name up: as it stands, else with its dots as the way into objects.
pub(super) fn get<'j, 'a>(object: &'j [(Cow<'a, str>, Json<'a>)], path: &str) -> Option<&'j Json<'a>> {
    if let Some((_, value)) = object.iter().find(|(k, _)| k == path) {
        return Some(value);
    }
    // most names have none
    memchr::memchr_iter(b'.', path.as_bytes()).find_map(|dot| match object.iter().find(|(k, _)| *k == path[..dot]) {
        Some((_, Json::Object(inner))) => get(inner, &path[dot + 1..]),
        _ => None,
    })
}

/// A key, borrowed where it can be.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(v)))
    }
    fn visit_str<E>(self, v: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(v.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(KeyVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(v))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(v.into()))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(v.into()))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(v).map_or(Json::Null, Json::Number))
    }
    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(v)))
    }
    fn visit_str<E>(self, v: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(v.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let mut object = Object::new();
        while let Some(key) = entries.next_key::<Key<'de>>()? {
            object.push((key.0, entries.next_value()?));
        }
        Ok(Json::Object(object))
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(JsonVisitor)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => s.serialize_unit(),
            Json::Bool(v) => s.serialize_bool(*v),
            Json::Number(v) => v.serialize(s),
            Json::Text(v) => s.serialize_str(v),
            Json::List(v) => s.collect_seq(v),
            Json::Object(v) => compact(v, s),
        }
    }
}

fn compact<S: Serializer>(object: &[(Cow<'_, str>, Json<'_>)], s: S) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(Some(object.len()))?;
    for (key, value) in object {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

/// Returns an object as one line.
pub(super) fn line(object: &[(Cow<'_, str>, Json<'_>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut out);
    // writing to memory cannot fail, and keys are strings
    let _ = compact(object, &mut serializer);
    out
}
