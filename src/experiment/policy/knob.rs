//! What can be turned at a strategy, and how far? Changes of one field, from small to large.

use serde::Deserialize;
use serde_json::Value;

use crate::units::{CountOrPercent, Ratio, Rounding, SimDuration};

/// One field with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field's path.
    pub path: String,
    /// Its value, as it is written in a scenario.
    pub value: String,
    /// What it is now; none if nothing is written.
    pub before: Option<String>,
}

impl Change {
    /// What follows `--set`.
    #[must_use]
    pub fn typed(&self) -> String {
        format!("{}={}", self.path, self.value.trim_matches('"'))
    }
}

/// How a field is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Fewer instances, down to none.
    Fewer,
    /// More instances, up to the fleet.
    More,
    /// A smaller share, in percent.
    Smaller,
    /// A larger share, in percent.
    Larger,
    /// A longer time, to these numbers of seconds.
    Longer(&'static [u64]),
}

/// A field of a kind of strategy.
struct Knob {
    /// Kinds that have it.
    kinds: &'static [&'static str],
    field: &'static str,
    /// What holds where nothing is written.
    default: &'static str,
    turn: Turn,
}

const WAITS: Turn = Turn::Longer(&[10, 30, 60, 120, 300, 600]);

/// The fields that make a rollout more careful.
const KNOBS: &[Knob] = &[
    Knob {
        kinds: &["rolling", "canary", "argo-canary", "flagger"],
        field: "max_unavailable",
        default: "25%",
        turn: Turn::Fewer,
    },
    Knob {
        kinds: &["stateful-set", "instance-group"],
        field: "max_unavailable",
        default: "1",
        turn: Turn::Fewer,
    },
    Knob {
        kinds: &["rolling", "canary", "argo-canary", "flagger"],
        field: "max_surge",
        default: "25%",
        turn: Turn::More,
    },
    Knob { kinds: &["instance-group"], field: "max_surge", default: "1", turn: Turn::More },
    Knob { kinds: &["nomad"], field: "max_parallel", default: "1", turn: Turn::Fewer },
    Knob { kinds: &["elastic-beanstalk"], field: "batch_size", default: "100%", turn: Turn::Fewer },
    Knob { kinds: &["ecs"], field: "minimum_healthy_percent", default: "100%", turn: Turn::Larger },
    Knob { kinds: &["ecs"], field: "maximum_percent", default: "200%", turn: Turn::Larger },
    Knob { kinds: &["ecs"], field: "step_percent", default: "10%", turn: Turn::Smaller },
    Knob { kinds: &["ecs"], field: "canary_percent", default: "5%", turn: Turn::Smaller },
    Knob { kinds: &["codedeploy"], field: "minimum_healthy_hosts", default: "", turn: Turn::More },
    Knob { kinds: &["flagger"], field: "step_weight", default: "", turn: Turn::Smaller },
    Knob { kinds: &["shadow"], field: "share", default: "10%", turn: Turn::Smaller },
    Knob { kinds: &["canary", "flag"], field: "steps.0.weight", default: "", turn: Turn::Smaller },
    Knob { kinds: &["canary", "flag"], field: "steps.0.pause", default: "0s", turn: WAITS },
    Knob { kinds: &["rolling", "immutable", "waves"], field: "bake", default: "0s", turn: WAITS },
    Knob { kinds: &["blue-green"], field: "bake", default: "30s", turn: WAITS },
    Knob { kinds: &["nomad"], field: "min_healthy_time", default: "10s", turn: WAITS },
];

/// Fields of the scenario that manifests of a strategy bring, too.
const SHARED: [(&str, &str, Turn); 2] = [
    ("shutdown.pre_stop", "0s", Turn::Longer(&[2, 5, 10, 15, 20, 30])),
    ("readiness.min_ready", "0s", Turn::Longer(&[5, 10, 30, 60, 120])),
];

/// For each field that a strategy has the changes of it, from the smallest to the largest.
/// `document` is the strategy's, with what its manifest says; `desired` is the fleet's size.
#[must_use]
pub fn ladders(document: &Value, strategy: &str, desired: u32) -> Vec<Vec<Change>> {
    let mut ladders = Vec::new();
    let table = |name: &str| document.get("strategies").and_then(|all| all.get(name));
    let inner = table(strategy).and_then(|table| table.get("inner")).and_then(Value::as_str);
    for name in [Some(strategy), inner].into_iter().flatten() {
        let Some(table) = table(name) else { continue };
        let kind = table.get("kind").and_then(Value::as_str).unwrap_or_default();
        for knob in KNOBS.iter().filter(|knob| knob.kinds.contains(&kind)) {
            let path = format!("strategies.{name}.{}", knob.field);
            let written = find(table, knob.field);
            ladders.push(ladder(&path, written, knob.default, (knob.turn, desired)));
        }
    }
    for (path, default, turn) in SHARED {
        ladders.push(ladder(path, find(document, path), default, (turn, desired)));
    }
    ladders.retain(|ladder| !ladder.is_empty());
    ladders
}

/// What is written at the end of a dotted path.
fn find<'a>(table: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(table, |value, name| match name.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(name),
    })
}

fn ladder(
    path: &str,
    written: Option<&Value>,
    default: &str,
    (turn, desired): (Turn, u32),
) -> Vec<Change> {
    let now = match written {
        Some(value) => value.clone(),
        None if default.is_empty() => return Vec::new(),
        None => default.parse::<u32>().map_or_else(|_| default.into(), Value::from),
    };
    let values = match turn {
        Turn::Fewer => fewer(&now, desired),
        Turn::More => more(&now, desired),
        Turn::Smaller => shares(&now, &[50, 25, 20, 10, 5, 2, 1], |share, now| share < now),
        Turn::Larger => {
            shares(&now, &[50, 75, 90, 100, 125, 150, 200, 300], |share, now| share > now)
        }
        Turn::Longer(seconds) => longer(&now, seconds),
    };
    let before = written.map(ToString::to_string);
    let change = |value| Change { path: path.to_owned(), value, before: before.clone() };
    values.into_iter().map(change).collect()
}

/// One less, then about half as many each time, one, none.
fn fewer(now: &Value, desired: u32) -> Vec<String> {
    let Ok(now) = CountOrPercent::deserialize(now) else { return Vec::new() };
    let now = now.resolve(desired, Rounding::Down).min(desired);
    let mut counts: Vec<u32> = (0..32).map(|halvings| now >> halvings).skip(1).collect();
    counts.extend([now.saturating_sub(1), 1]);
    counts.retain(|count| *count < now);
    counts.sort_unstable_by(|one, two| two.cmp(one));
    counts.dedup();
    counts.iter().map(ToString::to_string).collect()
}

/// One more, then twice as many each time, the whole fleet.
fn more(now: &Value, desired: u32) -> Vec<String> {
    let Ok(now) = CountOrPercent::deserialize(now) else { return Vec::new() };
    let now = now.resolve(desired, Rounding::Up);
    let doubled = (0..32).map(|doublings| now.max(1).saturating_mul(1 << doublings));
    let mut counts: Vec<u32> = doubled.chain([now.saturating_add(1), desired]).collect();
    counts.retain(|count| *count > now && *count <= desired);
    counts.sort_unstable();
    counts.dedup();
    counts.iter().map(ToString::to_string).collect()
}

fn shares(now: &Value, percents: &[u32], is_further: fn(f64, f64) -> bool) -> Vec<String> {
    let Ok(now) = Ratio::deserialize(now) else { return Vec::new() };
    let is_further = |percent: &&u32| is_further(f64::from(**percent) / 100.0, now.as_f64());
    percents.iter().filter(is_further).map(|percent| format!("\"{percent}%\"")).collect()
}

fn longer(now: &Value, seconds: &[u64]) -> Vec<String> {
    let Ok(now) = SimDuration::deserialize(now) else { return Vec::new() };
    let is_longer = |seconds: &&u64| SimDuration::from_secs(**seconds) > now;
    seconds.iter().filter(is_longer).map(|seconds| format!("\"{seconds}s\"")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladders_go_from_small_changes_to_large_ones() {
        let document = serde_json::json!({
            "strategies": {
                "prod": { "kind": "rolling", "max_unavailable": "50%", "max_surge": 1 },
            },
            "shutdown": { "pre_stop": "10s" },
        });
        let found: Vec<(String, Vec<String>)> = ladders(&document, "prod", 12)
            .into_iter()
            .map(|ladder| {
                let values = ladder.iter().map(|change| change.value.clone()).collect();
                (ladder[0].path.clone(), values)
            })
            .collect();
        let wanted: Vec<(String, Vec<String>)> = [
            ("strategies.prod.max_unavailable", vec!["5", "3", "1", "0"]),
            ("strategies.prod.max_surge", vec!["2", "4", "8", "12"]),
            ("strategies.prod.bake", vec!["10s", "30s", "60s", "120s", "300s", "600s"]),
            ("shutdown.pre_stop", vec!["15s", "20s", "30s"]),
            ("readiness.min_ready", vec!["5s", "10s", "30s", "60s", "120s"]),
        ]
        .into_iter()
        .map(|(path, values)| {
            let quoted = |value: &&str| match value.ends_with('s') {
                true => format!("\"{value}\""),
                false => (*value).to_owned(),
            };
            (path.to_owned(), values.iter().map(quoted).collect())
        })
        .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_inner_strategy_has_knobs_and_steps_have_theirs() {
        let document = serde_json::json!({
            "strategies": {
                "regions": { "kind": "waves", "inner": "two" },
                "two": { "kind": "canary", "steps": [{ "weight": "20%" }], "max_surge": 0 },
            },
        });
        let paths: Vec<String> =
            ladders(&document, "regions", 4).iter().map(|one| one[0].typed()).collect();
        assert_eq!(
            paths,
            [
                "strategies.regions.bake=10s",
                "strategies.two.max_unavailable=0",
                "strategies.two.max_surge=1",
                "strategies.two.steps.0.weight=10%",
                "strategies.two.steps.0.pause=10s",
                "shutdown.pre_stop=2s",
                "readiness.min_ready=5s",
            ]
        );
    }
}
