//! What one run is given. Everything is resolved; nothing is left to default.

use serde::{Deserialize, Serialize};

use std::sync::Arc;

use super::Shared;
use crate::fault::FaultPlan;
use crate::fleet::{
    FleetPlan, LivenessPlan, ReadinessPlan, ReleasePlan, ShutdownPlan, StartupPlan,
    StartupProbePlan,
};
use crate::gate::{Alerts, Budget, Gate};
use crate::random::Law;
use crate::strategy::{OnFailure, Parameters};
use crate::traffic::DataPlan;
use crate::units::{Ratio, SimDuration};

/// One variant of a scenario: a strategy and a value of every field. Variants have most of it in
/// common.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `[fleet]`.
    pub fleet: Shared<FleetPlan>,
    /// `[startup]`.
    pub startup: Shared<StartupPlan>,
    /// `[readiness]`.
    pub readiness: Shared<ReadinessPlan>,
    /// `[liveness]`; none: no liveness probe.
    pub liveness: Option<LivenessPlan>,
    /// `[startup_probe]`; none: no start-up probe.
    pub startup_probe: Option<StartupProbePlan>,
    /// `[shutdown]`.
    pub shutdown: Shared<ShutdownPlan>,
    /// What of `[load_balancer]` happens on the control plane.
    pub routing: Shared<RoutingPlan>,
    /// What instances feel of `[release]`.
    pub release: Shared<ReleasePlan>,
    /// All that requests feel.
    pub data: Shared<DataPlan>,
    /// `[[faults]]`, in the order of the file.
    pub faults: Shared<Vec<FaultPlan>>,
    /// `[gates.NAME]`, in the order of the file.
    pub gates: Shared<Vec<Gate>>,
    /// `[alerts]`; none: nobody is told.
    pub alerts: Option<Shared<Alerts>>,
    /// `[budget]`; none: rollouts do not mind it.
    pub budget: Option<Budget>,
    /// The strategy.
    pub strategy: Shared<StrategyPlan>,
    /// `[[operator]]`: what a person does, in the order of the file.
    pub operator: Shared<Vec<OperatorPlan>>,
    /// `synthetic.interval`: from one synthetic check to the next, > 0.
    pub synthetic_interval: SimDuration,
    /// `[slo]`.
    pub slo: SloPlan,
    /// `cost.instance_hour`, the price of one instance for one hour; finite, >= 0.
    pub instance_hour: f64,
    /// `[simulation]`.
    pub simulation: SimulationPlan,
}

impl Plan {
    /// The number of the gate of this name.
    #[must_use]
    pub fn gate_called(&self, name: &str) -> Option<usize> {
        self.gates.iter().position(|gate| gate.name == name)
    }
}

/// How the balancer learns of endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutingPlan {
    /// From an endpoint's change until requests follow it.
    pub lag: Law,
    /// The balancer's own active check; it replaces `lag` for what it can see.
    pub health_check: Option<HealthCheckPlan>,
}

/// `load_balancer.health_check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheckPlan {
    /// From the end of a check to the next, > 0.
    pub period: SimDuration,
    /// A check that is not answered by then has failed.
    pub timeout: SimDuration,
    /// Failures in a row until down, >= 1.
    pub fall: u32,
    /// Successes in a row until up, >= 1.
    pub rise: u32,
}

/// `[strategies.NAME]`.
#[derive(Clone, Debug)]
pub struct StrategyPlan {
    /// NAME.
    pub name: String,
    /// Its parameters.
    pub parameters: Arc<dyn Parameters>,
    /// What happens on a failure.
    pub on_failure: OnFailure,
    /// What happens when a gate fails.
    pub on_gate_failure: OnFailure,
    /// The gates over the whole rollout, by their numbers in [`Plan::gates`].
    pub guards: Vec<usize>,
    /// The strategy to roll back with; none: the same one with the versions exchanged.
    pub rollback: Option<Arc<dyn Parameters>>,
    /// On the way back the bounds are so many times those of the way forward, > 0.
    pub haste: f64,
    /// A failure so long after the rollout's start pauses instead of rolling back; none: any
    /// failure rolls back.
    pub rollback_window: Option<SimDuration>,
}

/// One `[[operator]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorPlan {
    /// When, from the rollout's start.
    pub at: SimDuration,
    /// What.
    pub action: OperatorAction,
}

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorAction {
    /// Takes the release back.
    Rollback,
    /// Stops the rollout where it is.
    Pause,
    /// Lets a paused rollout go on.
    Resume,
    /// Ends the rollout where it is, versions mixed.
    Abort,
    /// Ends the pause, preview or bake that the rollout is in.
    Promote,
    /// Changes the desired count of the fleet.
    Scale {
        /// The new count, >= 1.
        to: u32,
    },
    /// Brings a third version before the second is everywhere.
    Release,
}

/// `[slo]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SloPlan {
    /// Share of requests that must succeed, in (0, 1).
    pub availability: Ratio,
    /// Length of the budget's window.
    pub window: SimDuration,
    /// `slo.latency.target`: share of successes that should be faster than the threshold.
    pub latency_target: Ratio,
}

/// `[simulation]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulationPlan {
    /// Root of all chance.
    pub seed: u64,
    /// Number of replications, >= 1.
    pub replications: u32,
    /// Before the rollout starts; the baseline is measured in its second half.
    pub warmup: SimDuration,
    /// After the rollout's outcome.
    pub settle: SimDuration,
    /// A rollout still running this long after its start is unfinished.
    pub max_time: SimDuration,
    /// Width of the time bins; none: chosen by the length of the run.
    pub bin: Option<SimDuration>,
    /// What the replications have to do with each other.
    pub pairing: Pairing,
}

/// What the replications of a plan have to do with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pairing {
    /// Nothing.
    #[default]
    Independent,
    /// Where a start of replication 2k draws u, that of 2k + 1 draws 1 - u: the second is as
    /// unlucky with its starts as the first is lucky. Requests and all else are drawn
    /// independently. Only the pairs are independent of each other.
    Antithetic,
}
