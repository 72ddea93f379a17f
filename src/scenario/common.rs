//! What do the variants have in common? Parts of plans that say the same are held once.

use std::collections::VecDeque;
use std::fmt::Debug;

use crate::fault::FaultPlan;
use crate::fleet::{FleetPlan, ReadinessPlan, ReleasePlan, ShutdownPlan, StartupPlan};
use crate::gate::{Alerts, Gate};
use crate::sim::{OperatorPlan, Plan, RoutingPlan, Shared, StrategyPlan};
use crate::traffic::DataPlan;

/// So many different ones of each part are remembered. A part that a sweep changes seldom, or that
/// comes back to a few values, is found again; where it is new in every variant there is nothing to
/// share.
const REMEMBERED: usize = 256;

/// Parts of the plans so far.
#[derive(Debug, Default)]
pub(super) struct Common {
    fleet: Known<FleetPlan>,
    startup: Known<StartupPlan>,
    readiness: Known<ReadinessPlan>,
    shutdown: Known<ShutdownPlan>,
    routing: Known<RoutingPlan>,
    release: Known<ReleasePlan>,
    data: Known<DataPlan>,
    faults: Known<Vec<FaultPlan>>,
    alerts: Known<Alerts>,
    operator: Known<Vec<OperatorPlan>>,
    gates: Written<Vec<Gate>>,
    strategy: Written<StrategyPlan>,
}

impl Common {
    /// Gives the plan parts of earlier ones in the place of its own, where they say the same.
    pub(super) fn share(&mut self, plan: &mut Plan) {
        self.fleet.share(&mut plan.fleet);
        self.startup.share(&mut plan.startup);
        self.readiness.share(&mut plan.readiness);
        self.shutdown.share(&mut plan.shutdown);
        self.routing.share(&mut plan.routing);
        self.release.share(&mut plan.release);
        self.data.share(&mut plan.data);
        self.faults.share(&mut plan.faults);
        self.operator.share(&mut plan.operator);
        if let Some(alerts) = &mut plan.alerts {
            self.alerts.share(alerts);
        }
        self.gates.share(&mut plan.gates);
        self.strategy.share(&mut plan.strategy);
    }
}

/// Earlier ones of a part, the latest last.
#[derive(Debug)]
struct Known<T>(VecDeque<Shared<T>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: PartialEq> Known<T> {
    fn share(&mut self, part: &mut Shared<T>) {
        match self.0.iter().rev().find(|known| **known == *part) {
            Some(known) => *part = known.clone(),
            None => remember(&mut self.0, part.clone()),
        }
    }
}

/// The same of a part whose kinds cannot be compared, with what each says: that shows every field,
/// and numbers with all of their digits.
#[derive(Debug)]
struct Written<T>(VecDeque<(String, Shared<T>)>);

impl<T> Default for Written<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Debug> Written<T> {
    fn share(&mut self, part: &mut Shared<T>) {
        let text = format!("{part:?}");
        match self.0.iter().rev().find(|(known, _)| *known == text) {
            Some((_, known)) => *part = known.clone(),
            None => remember(&mut self.0, (text, part.clone())),
        }
    }
}

fn remember<T>(known: &mut VecDeque<T>, one: T) {
    if known.len() == REMEMBERED {
        known.pop_front();
    }
    known.push_back(one);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{Overrides, Variant, parse};

    const TEXT: &str = r#"
[fleet]
instances = 4
[traffic]
rate = 10
[gates.smoke]
metric = "error-rate"
max = "1%"
[strategies.one]
kind = "rolling"
[strategies.two]
kind = "rolling"
max_surge = 2
"#;

    fn variants(sweeps: &[&str]) -> Vec<Variant> {
        let sweeps = sweeps.iter().map(|&sweep| sweep.to_owned()).collect();
        let overrides = Overrides { sweeps, ..Overrides::default() };
        parse(TEXT, Path::new("x.toml"), &overrides).expect("a scenario").scenario.variants
    }

    /// How many different ones there are.
    fn held<T>(variants: &[Variant], part: impl Fn(&Plan) -> &Shared<T>) -> usize {
        let mut held: Vec<&Shared<T>> = Vec::new();
        for variant in variants {
            let part = part(&variant.plan);
            if !held.iter().any(|one| one.is_same(part)) {
                held.push(part);
            }
        }
        held.len()
    }

    #[test]
    fn a_part_is_held_once_for_each_of_its_values() {
        let variants = variants(&["readiness.period=1s,2s,3s", "strategies.one.max_surge=1,2"]);
        assert_eq!(variants.len(), 3 * 2 + 3);
        assert_eq!(held(&variants, |plan| &plan.fleet), 1);
        assert_eq!(held(&variants, |plan| &plan.data), 1);
        assert_eq!(held(&variants, |plan| &plan.gates), 1);
        assert_eq!(held(&variants, |plan| &plan.readiness), 3);
        assert_eq!(held(&variants, |plan| &plan.strategy), 3);
    }

    #[test]
    fn what_is_shared_is_what_was_asked_for() {
        let swept = variants(&["readiness.period=1s,2s", "fleet.instances=4,5"]);
        for (variant, (period, instances)) in swept.iter().zip([(1, 4), (1, 5), (2, 4), (2, 5)]) {
            assert_eq!(variant.plan.readiness.period.as_secs_f64(), f64::from(period));
            assert_eq!(variant.plan.fleet.instances, instances, "{}", variant.name);
        }
    }
}
