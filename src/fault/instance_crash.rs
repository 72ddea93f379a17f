//! `instance-crash`: processes crash, some at once or by chance.
//!
//! # What it does
//! With `count`, so many of the instances in the scope crash when the fault begins, drawn at
//! random. With `rate`, each of them crashes by chance, so often an hour on average, as long as the
//! fault lasts. What a crashed process had in flight is lost; it is restarted as after any crash,
//! with the crash loop's back-off if it has crashed before.
//!
//! # When it hurts
//! A rollout that has taken instances out on purpose has less to spare for those that go by
//! accident. With bounds at the limit of capacity one crash is enough.
//!
//! # Parameters
//! - `count`: how many, or a percentage of the instances in the scope, rounded up; or
//! - `rate`: crashes an hour and instance.
//! - `version` ("old" or "new"), `zone` (or region): whom it befalls; default: all.
//! - `at` ("0s"), `duration` ("none": to the end; `count` happens once), `probability` (1).
//!
//! # Worked example
//! `count = 2`, `at = "90s"`: two instances crash 90 s after the rollout's start, and are restarted
//! at once: each is back after one boot.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, not_negative, parse, share};
use crate::units::{CountOrPercent, Version};

pub(super) const KIND: Kind = Kind {
    name: "instance-crash",
    summary: "processes crash, some at once or by chance",
    source: include_str!("instance_crash.rs"),
    parse: parse::<InstanceCrash>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InstanceCrash {
    #[serde(default)]
    count: Option<CountOrPercent>,
    #[serde(default)]
    rate: Option<f64>,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
}

impl Fault for InstanceCrash {
    fn inject(&self) -> Vec<Effect> {
        let count = self.count.map(Effect::Crash);
        count.into_iter().chain(self.rate.map(Effect::CrashRate)).collect()
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: None }
    }

    fn check(&self) -> Vec<Problem> {
        let help = "write one of them: `count = 1`, or `rate = 0.5` an hour and instance";
        let problem = |message: &str, because| Problem {
            field: "count",
            because,
            message: message.to_owned(),
            help,
        };
        match (self.count, self.rate) {
            (None, None) => vec![problem("or `rate` is missing", None)],
            (Some(_), Some(_)) => vec![problem("contradicts `rate`", Some("rate"))],
            (Some(CountOrPercent::Percent(part)), None) => {
                share("count", Some(part)).into_iter().collect()
            }
            (_, rate) => not_negative("rate", rate.unwrap_or(0.0)).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let effects = vec![Effect::Crash(CountOrPercent::Count(2))];
        assert_eq!(injected(KIND, "count = 2"), (effects, everywhere()));
        assert_eq!(injected(KIND, "rate = 0.5").0, [Effect::CrashRate(0.5)]);
        for text in ["", "count = 1, rate = 1", "count = \"150%\""] {
            assert_eq!(wrong(KIND, text), ["count"], "{text}");
        }
        assert_eq!(wrong(KIND, "rate = -1"), ["rate"]);
    }
}
