//! `node-drain`: instances are evicted from their machines, as far as a disruption budget allows.
//!
//! # What it does
//! The machines under the instances in the scope are emptied one after another, as for an upgrade
//! of the nodes. Everything on a machine is evicted at once: told to stop as by a rollout, with a
//! replacement of the same version launched elsewhere in its zone at that moment. The next machine
//! follows when the last instance of this one is gone. Instances that come later stand on other
//! machines. While a stateful set rolls out it starts the replacement itself: when the evicted
//! instance is gone, and of the version that is due. The fault ends with the last machine.
//!
//! A disruption budget holds evictions back: one is granted only if enough instances are ready
//! without it, counted over all versions and out of the desired count; percentages round up. What
//! is refused is asked for again every `retry`. An instance that has not come so far as to run is
//! always let go; one that runs and is not ready, if enough others are. That is how Kubernetes'
//! eviction API reads a PodDisruptionBudget (`unhealthyPodEvictionPolicy` as by default); it does
//! not bind the rollout itself, whose own deletions use the same budget up.
//!
//! # When it hurts
//! Without a budget machines are emptied faster than replacements start. With one that leaves no
//! room, such as one ready instance of one, the drain waits for ever; so it does for an instance
//! that is never ready. While a rollout has instances out there is nothing left to evict, and the
//! longer it takes, the longer the machines wait.
//!
//! # Parameters
//! - `per_node` (1): instances on one machine.
//! - `min_available` or `max_unavailable`: the budget, a count or a percentage of the desired
//!   count; default: none.
//! - `retry` ("5s"): how long until a refused eviction is asked for again.
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: which ones; default:
//!   all.
//! - `at` ("0s"), `duration` ("none": as long as it takes; otherwise given up after it),
//!   `probability` (1).
//!
//! # Worked example
//! Four instances that boot in 20 s, `max_unavailable = 1`: the first is evicted at 0 s. Its
//! machine is empty at once, but its replacement is not ready, so the second is refused at 0, 5,
//! 10 and 15 s and goes at 20 s, the third at 40 s, the last at 60 s. `min_available = 4` refuses
//! all of them for ever.

use serde::Deserialize;

use super::{Drain, Effect, Fault, Floor, Kind, Problem, Scope, parse, share};
use crate::units::{CountOrPercent, Ratio, SimDuration, Version};

pub(super) const KIND: Kind = Kind {
    name: "node-drain",
    summary: "instances are evicted from their machines, as a disruption budget allows",
    source: include_str!("node_drain.rs"),
    parse: parse::<NodeDrain>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NodeDrain {
    per_node: u32,
    min_available: Option<CountOrPercent>,
    max_unavailable: Option<CountOrPercent>,
    retry: SimDuration,
    version: Option<Version>,
    zone: Option<String>,
    share: Option<Ratio>,
}

impl Default for NodeDrain {
    fn default() -> Self {
        Self {
            per_node: 1,
            min_available: None,
            max_unavailable: None,
            retry: SimDuration::from_secs(5),
            version: None,
            zone: None,
            share: None,
        }
    }
}

impl Fault for NodeDrain {
    fn inject(&self) -> Vec<Effect> {
        let least = self.min_available.map(Floor::MinAvailable);
        let floor = least.or(self.max_unavailable.map(Floor::MaxUnavailable));
        vec![Effect::Evict(Drain { per_node: self.per_node, floor, retry: self.retry })]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = share("share", self.share).into_iter().collect();
        let mut wrong = |is_wrong: bool, field, because, message: &str, help| {
            let problem = Problem { field, because, message: message.to_owned(), help };
            problems.extend(is_wrong.then_some(problem));
        };
        wrong(
            self.min_available.is_some() && self.max_unavailable.is_some(),
            "max_unavailable",
            Some("min_available"),
            "contradicts `min_available`",
            "a disruption budget has one of them: drop the other",
        );
        for (field, bound) in
            [("min_available", self.min_available), ("max_unavailable", self.max_unavailable)]
        {
            let is_wrong =
                matches!(bound, Some(CountOrPercent::Percent(part)) if part > Ratio::ONE);
            wrong(is_wrong, field, None, "is more than 100%", "write 100% or less");
        }
        let (is_none, help) = (self.per_node == 0, "write `per_node = 1` or more");
        wrong(is_none, "per_node", None, "must be at least 1", help);
        let (is_none, help) = (self.retry.is_zero(), "write a time such as `\"5s\"`");
        wrong(is_none, "retry", None, "must be longer than zero", help);
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let drain = |per_node, floor, retry| {
            vec![Effect::Evict(Drain { per_node, floor, retry: SimDuration::from_secs(retry) })]
        };
        let one = CountOrPercent::Count(1);
        let budget = Some(Floor::MaxUnavailable(one));
        assert_eq!(injected(KIND, "max_unavailable = 1"), (drain(1, budget, 5), everywhere()));
        let budget = Some(Floor::MinAvailable(one));
        let scope = Scope { zone: Some("b".into()), share: Some(of(0.5)), ..everywhere() };
        let text = "min_available = 1, per_node = 4, retry = \"1s\", zone = \"b\", share = 0.5";
        assert_eq!(injected(KIND, text), (drain(4, budget, 1), scope));
        assert_eq!(injected(KIND, ""), (drain(1, None, 5), everywhere()));
    }

    #[test]
    fn budgets_that_contradict_themselves() {
        for (text, field) in [
            ("min_available = 1, max_unavailable = 1", "max_unavailable"),
            ("min_available = \"101%\"", "min_available"),
            ("max_unavailable = \"150%\"", "max_unavailable"),
            ("per_node = 0", "per_node"),
            ("retry = \"0s\"", "retry"),
            ("share = 2.0", "share"),
        ] {
            assert_eq!(wrong(KIND, text), [field], "{text}");
        }
    }
}
