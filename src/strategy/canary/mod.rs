//! `canary`: a few instances or a small share of the requests first, then more by steps.
//!
//! # What it does
//! Each step brings the new version to its size (the weight's share of the fleet, rounded up, at
//! least 1), waits until those instances are available, gives them their share of the requests
//! and pauses. After the last step the new version grows to the full fleet, takes all requests,
//! and the old one goes. Rolling back takes the share away at once and the instances after
//! `abort_scale_down_delay`. Where a third version is released on the way, the second loses its
//! share and its instances at once, and the third begins with the first step.
//!
//! # When it hurts
//! A small canary of a small fleet is much larger than its weight when routing goes by count; a
//! small share shows a defect late; `stable = "shrink"` leaves nothing to fall back on.
//!
//! # Parameters
//! - `steps`: a list of `{ weight, instances, pause, gates }`; weights never fall and end at 100%
//!   at most. `pause` ("0s") may be `"forever"`: waits for a person. `gates` look during the pause
//!   and must have passed when it is over; one that cannot tell makes the step wait for a person.
//! - `routing` ("weighted"): the balancer honours the weight; `by-count`: the share is that of
//!   the instances; `cohort`: a fixed share of the users.
//! - `max_unavailable`, `max_surge` ("25%" each): the bounds of `by-count`, as in `rolling`.
//! - `stable` ("keep"): the old fleet stays whole; `shrink`: it gives up what the weight took.
//! - `scale_down_delay` ("30s"), `abort_scale_down_delay` ("30s"): how long the instances of the
//!   version that lost its requests stay.
//!
//! # Worked example
//! 10 instances, steps of 10% and 50% with a pause of 2 minutes each, starts of 20 s: 1 new
//! instance takes 10% from 20 s to 140 s, 5 take 50% from 160 s to 280 s, 10 take everything at
//! 300 s, and the old fleet is told to stop at 330 s.

mod by_count;
mod weighted;

use serde::Deserialize;

use self::by_count::ByCount;
pub(super) use self::weighted::Back;
use self::weighted::Forward;
use super::rolling::{Bounds, QUARTER};
use super::step::{self, Pause, Written};
use super::supersede::Supersede;
use super::{Direction, GateUse, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse};
use crate::units::{CountOrPercent, Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "canary",
    summary: "a small share first, then more by steps, each with a pause",
    source: include_str!("mod.rs"),
    parse: parse::<Canary>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Canary {
    steps: Vec<Step>,
    #[serde(default)]
    routing: Routing,
    #[serde(default = "quarter")]
    max_unavailable: CountOrPercent,
    #[serde(default = "quarter")]
    max_surge: CountOrPercent,
    #[serde(default)]
    stable: Stable,
    #[serde(default = "half_a_minute")]
    scale_down_delay: SimDuration,
    #[serde(default = "half_a_minute")]
    abort_scale_down_delay: SimDuration,
}

const fn quarter() -> CountOrPercent {
    QUARTER
}

const fn half_a_minute() -> SimDuration {
    SimDuration::from_secs(30)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    weight: Ratio,
    #[serde(default)]
    instances: Option<u32>,
    #[serde(default)]
    pause: Pause,
    #[serde(default)]
    gates: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Routing {
    #[default]
    Weighted,
    ByCount,
    Cohort,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stable {
    #[default]
    Keep,
    Shrink,
}

impl Step {
    /// Instances of the new version in this step.
    fn size(&self, desired: u32) -> u32 {
        self.instances.unwrap_or_else(|| self.weight.of_rounded_up(desired).max(1)).min(desired)
    }
}

impl Parameters for Canary {
    fn check(&self, desired: u32) -> Vec<Problem> {
        let mut problems = step::check(self.written(), "a canary");
        problems.extend(self.check_sizes(desired));
        problems.extend(self.check_routing());
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match (self.routing, setup.direction) {
            (Routing::ByCount, _) => Box::new(ByCount::new(self, setup)),
            (_, Direction::Forward) => Box::new(Forward::new(self, setup)),
            (_, Direction::Over) => {
                let back = Box::new(Back::at_once(self));
                Box::new(Supersede::new(back, Box::new(Forward::new(self, setup))))
            }
            (_, Direction::Back) => Box::new(Back::new(self)),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn gates(&self) -> Vec<GateUse> {
        // By count the share is that of the instances, which the fleet decides.
        let is_weighted = self.routing != Routing::ByCount;
        let of_step = |step: Written<'_>| {
            let share = is_weighted.then_some(step.weight);
            step.gates().into_iter().map(move |one| one.at_share(share))
        };
        self.written().flat_map(of_step).collect()
    }

    fn has_bounds(&self) -> bool {
        self.routing == Routing::ByCount
    }

    fn is_by_count(&self) -> bool {
        self.routing == Routing::ByCount
    }

    fn can_supersede(&self) -> bool {
        true
    }
}

impl Canary {
    /// What its steps have in common with those of others.
    fn written(&self) -> impl Iterator<Item = Written<'_>> {
        self.steps.iter().enumerate().map(|(number, step)| Written {
            number,
            weight: step.weight,
            pause: step.pause,
            gates: &step.gates,
        })
    }

    fn check_sizes(&self, desired: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            let Some(instances) = step.instances else { continue };
            if !(1..=desired).contains(&instances) {
                let field = format!("steps.{number}.instances");
                let message = format!("{instances} instances in a fleet of {desired}");
                let help = format!("write between 1 and {desired}");
                problems.push(Problem::new(&field, None, &message, &help));
            }
        }
        problems
    }

    fn check_routing(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_by_count = self.routing == Routing::ByCount;
        if !is_by_count {
            for (field, bound) in
                [("max_unavailable", self.max_unavailable), ("max_surge", self.max_surge)]
            {
                if bound != QUARTER {
                    let message = format!("`{field}` acts only where routing goes by count");
                    let help = "write `routing = \"by-count\"`, or drop it";
                    problems.push(Problem::new(field, Some("routing"), &message, help));
                }
            }
            return problems;
        }
        if self.stable == Stable::Shrink {
            let message = "routing by count always gives up old instances for new ones";
            problems.push(Problem::new("stable", Some("routing"), message, "drop `stable`"));
        }
        if self.max_unavailable.is_written_zero() && self.max_surge.is_written_zero() {
            let message = "`max_unavailable` and `max_surge` are both 0";
            let help = "allow `max_unavailable = 1` or `max_surge = 1`";
            problems.push(Problem::new("max_unavailable", Some("max_surge"), message, help));
        }
        problems
    }

    const fn bounds(&self) -> Bounds {
        Bounds { max_unavailable: self.max_unavailable, max_surge: self.max_surge }
    }
}

#[cfg(test)]
mod tests;
