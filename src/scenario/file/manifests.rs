//! A strategy's `manifest`: one path, or several files that belong together.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

/// Paths relative to the scenario; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ManifestsFile(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for ManifestsFile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(OneOrMore)
    }
}

struct OneOrMore;

impl<'de> Visitor<'de> for OneOrMore {
    type Value = ManifestsFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a manifest, or an array of paths")
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<ManifestsFile, E> {
        Ok(ManifestsFile(vec![path.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ManifestsFile, A::Error> {
        let mut paths = Vec::new();
        while let Some(path) = list.next_element()? {
            paths.push(path);
        }
        if paths.is_empty() {
            return Err(de::Error::invalid_length(0, &self));
        }
        Ok(ManifestsFile(paths))
    }
}
