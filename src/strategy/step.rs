//! One step of a rollout by shares, as a scenario writes it: how large, how long, which gates.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{GateUse, Problem};
use crate::units::{Ratio, SimDuration};

/// How long a step waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    For(SimDuration),
    Forever,
}

impl Default for Pause {
    fn default() -> Self {
        Self::For(SimDuration::ZERO)
    }
}

impl<'de> Deserialize<'de> for Pause {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        if text == "forever" {
            return Ok(Self::Forever);
        }
        text.parse().map(Self::For).map_err(D::Error::custom)
    }
}

/// What every step has, and where it stands in `steps`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) number: usize,
    pub(super) weight: Ratio,
    pub(super) pause: Pause,
    pub(super) gates: &'a [String],
}

impl Written<'_> {
    fn at(&self, field: &str) -> String {
        format!("steps.{}.{field}", self.number)
    }

    /// The gates that look during its pause.
    pub(super) fn gates(&self) -> Vec<GateUse> {
        let time = match self.pause {
            Pause::For(length) => Some(length),
            Pause::Forever => None,
        };
        GateUse::all(&self.at("gates"), self.gates, time, &self.at("pause"))
    }

    fn check(&self, highest: Ratio) -> Vec<Problem> {
        let mut problems = Vec::new();
        let weight = self.at("weight");
        if self.weight > Ratio::ONE {
            let help = "write 100% or less";
            problems.push(Problem::new(&weight, None, "a weight above 100%", help));
        } else if self.weight < highest {
            let before = format!("steps.{}.weight", self.number - 1);
            let help = "write weights that rise from step to step";
            problems.push(Problem::new(&weight, Some(&before), "the weight goes down", help));
        }
        if self.pause == Pause::Forever && !self.gates.is_empty() {
            let (gates, pause) = (self.at("gates"), self.at("pause"));
            let message = "a step that waits for a person has no time for gates to look";
            let help = "give the pause a length, or drop the gates";
            problems.push(Problem::new(&gates, Some(&pause), message, help));
        }
        problems
    }
}

/// What is wrong with the steps of a strategy that needs `one`, such as `a canary`.
pub(super) fn check<'a>(steps: impl Iterator<Item = Written<'a>>, one: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (mut highest, mut is_any) = (Ratio::ZERO, false);
    for step in steps {
        is_any = true;
        problems.extend(step.check(highest));
        highest = highest.max(step.weight);
    }
    if !is_any {
        let message = format!("{one} needs at least one step");
        let help = "write `steps = [{ weight = \"10%\", pause = \"5m\" }]`";
        problems.push(Problem::new("steps", None, &message, help));
    }
    problems
}
