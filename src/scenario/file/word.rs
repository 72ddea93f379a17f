//! Fields that take a word in the place of a value: `"none"`, `"auto"`, `"never"`.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};

/// A value, or none for `"none"`.
pub(crate) fn or_none<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    source.deserialize_any(WordOr("none", PhantomData))
}

/// A value, or none for `"auto"`.
pub(crate) fn or_auto<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    source.deserialize_any(WordOr("auto", PhantomData))
}

/// A value, or one word that stands for its absence.
pub(crate) struct WordOr<T>(pub(crate) &'static str, pub(crate) PhantomData<T>);

impl<'de, T: Deserialize<'de>> WordOr<T> {
    fn inner<E: de::Error>(&self, value: impl IntoDeserializer<'de, E>) -> Result<Option<T>, E> {
        T::deserialize(value.into_deserializer()).map(Some).map_err(|error| {
            // What an error says may end with line breaks and where it is.
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default();
            E::custom(format!("{said}, or \"{}\"", self.0))
        })
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for WordOr<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" or a value", self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        if text == self.0 { Ok(None) } else { self.inner(text) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
