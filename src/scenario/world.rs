//! Are two scenarios the same but for the strategy? An identity of everything else.
//!
//! Runs of two policies can be compared only if the fleet, the traffic, the faults, the seed and
//! all else are the same. So every table of the document is hashed by itself: a comparison can then
//! say which of them differ. Tables are hashed as they are written, after `--set` and with the
//! sweeps, but without regard to comments, order and layout; what a manifest says is a part of the
//! strategy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::de::ValueDeserializer;

use crate::scenario::change::Override;
use crate::scenario::change::sweep::strategy_of;
use crate::scenario::document::{Table, Value};

/// The hash of each part of a scenario, by name.
pub type World = BTreeMap<String, String>;

/// What is the strategy, or does not matter to a run.
const LEFT_OUT: [&str; 5] = ["format", "name", "description", "strategies", "policy"];
/// Digits of each hash.
const DIGITS: usize = 32;

/// The parts of a document, and of the files that it names, by path.
pub(super) fn identity(
    (root, seed): (&Table<'_>, u64),
    sweeps: &[Override<'_>],
    files: &BTreeMap<String, blake3::Hash>,
) -> World {
    let mut parts: BTreeMap<String, Json> = root
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), json(value)))
        .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()))
        .collect();
    if let Some(Json::Object(simulation)) = parts.get_mut("simulation") {
        // The first runs are the same however many follow.
        simulation.remove("replications");
        simulation.remove("seed");
    }
    parts.insert("seed".to_owned(), seed.into());
    let swept: Vec<Json> = sweeps
        .iter()
        .filter(|sweep| strategy_of(&sweep.path).is_none())
        .map(|sweep| {
            let values: Vec<Json> = sweep.values.iter().map(json).collect();
            serde_json::json!([sweep.path.to_string(), values])
        })
        .collect();
    parts.insert("sweep".to_owned(), swept.into());
    let named = files.iter().map(|(path, hash)| (path.clone(), hash.to_hex().as_str().into()));
    parts.insert("files".to_owned(), Json::Object(named.collect()));
    parts.retain(|_, part| !is_nothing(part));
    parts.into_iter().map(|(name, part)| (name, hashed(&part))).collect()
}

/// The parts in which two scenarios differ, in order.
#[must_use]
pub fn differences<'a>(one: &'a World, two: &'a World) -> Vec<&'a str> {
    let mut names: Vec<&str> = one.keys().chain(two.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| one.get(*name) != two.get(*name));
    names
}

/// An empty table says as much as none.
fn is_nothing(part: &Json) -> bool {
    match part {
        Json::Object(table) => table.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn hashed(part: &Json) -> String {
    let hash = blake3::hash(part.to_string().as_bytes()).to_hex();
    hash.as_str()[..DIGITS].to_owned()
}

/// A value with its keys in order and whole numbers whole.
pub(super) fn json(value: &Value<'_>) -> Json {
    let mut json = Json::deserialize(ValueDeserializer::from(value.clone())).unwrap_or_default();
    make_whole(&mut json);
    json
}

/// `1000.0` is `1000`.
fn make_whole(json: &mut Json) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match json {
        Json::Object(table) => table.values_mut().for_each(make_whole),
        Json::Array(items) => items.iter_mut().for_each(make_whole),
        Json::Number(number) if number.is_f64() => {
            let value = number.as_f64().unwrap_or_default();
            if value.fract() == 0.0 && value.abs() < EXACT {
                *number = (value as i64).into();
            }
        }
        _ => {}
    }
}
