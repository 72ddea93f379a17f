//! `capacity-loss`: instances lose a share of their speed.
//!
//! # What it does
//! The instances in the scope serve at a part of their speed, as with noisy neighbours or a
//! throttled processor: a loss of a quarter makes services that start meanwhile a third longer.
//!
//! # When it hurts
//! The room for a rollout is what is left of capacity above demand. A loss that is harmless in a
//! steady fleet is an overload while the rollout has instances out.
//!
//! # Parameters
//! - `loss` (required): share of the speed that is lost, below 1.
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `loss = "25%"` over a fleet of 24,000 requests/s leaves 18,000.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "capacity-loss",
    summary: "instances lose a share of their speed",
    source: include_str!("capacity_loss.rs"),
    parse: parse::<CapacityLoss>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityLoss {
    loss: Ratio,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for CapacityLoss {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Slowness(1.0 / self.loss.complement().as_f64())]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
    }

    fn check(&self) -> Vec<Problem> {
        let is_all = self.loss >= Ratio::ONE;
        let problem = Problem {
            field: "loss",
            because: None,
            message: format!("must be below 1 (100%), not `{}`", self.loss.as_f64()),
            help: "an instance without any speed is one that hangs: `kind = \"hang\"`",
        };
        is_all.then_some(problem).into_iter().chain(share("share", self.share)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let (effects, _) = injected(KIND, "loss = \"25%\"");
        assert_eq!(effects, [Effect::Slowness(1.0 / 0.75)]);
        assert_eq!(wrong(KIND, "loss = 1"), ["loss"]);
    }
}
