//! What one run hands back.

use serde::{Deserialize, Serialize};

use super::trace::Trace;
use crate::traffic::TrafficRecord;
use crate::units::{Bins, InstanceId, Merge, SimDuration, SimTime, Version, ZoneId};

/// How a rollout ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// The new version everywhere.
    Completed,
    /// The old version everywhere again.
    RolledBack,
    /// Stopped, versions mixed.
    Aborted,
    /// The deadline passed, nothing acts and nothing more can happen.
    Stalled,
    /// Paused, and no one resumed.
    Paused,
    /// Still running at `simulation.max_time`.
    Unfinished,
}

impl Outcome {
    /// Every outcome, in the order of documentation.
    pub const ALL: [Self; 6] = [
        Self::Completed,
        Self::RolledBack,
        Self::Aborted,
        Self::Stalled,
        Self::Paused,
        Self::Unfinished,
    ];

    /// The name in files, which is also that of the event at that moment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::RolledBack => "rolled-back",
            Self::Aborted => "aborted",
            Self::Stalled => "stalled",
            Self::Paused => "paused",
            Self::Unfinished => "unfinished",
        }
    }
}

/// How much of a run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Metrics and time series.
    Series,
    /// Those and every event.
    Events,
}

/// All that one run recorded.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// The rollout's start, on the simulation's clock.
    pub start: SimTime,
    /// `duration_s`: from the start to the outcome (for a stalled run: to its last missed
    /// deadline).
    pub duration: SimDuration,
    /// From the start to the end of what was recorded: the outcome and `settle`.
    pub window: SimDuration,
    /// What the state of the fleet amounted to.
    pub observed: Observed,
    /// The state of the fleet over time, from the simulation's start.
    pub states: Bins<StateBin>,
    /// The requests.
    pub traffic: TrafficRecord,
    /// Every event in order; empty unless asked for.
    pub events: Trace,
}

/// What the state of the fleet amounted to from the rollout's start to the end of the window.
/// Minima are over states that last longer than zero time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// From the start until the last instance that had to go was terminated; none if none had to.
    pub drained: Option<SimDuration>,
    /// Lowest fraction of desired instances ready and routed to.
    pub ready_min: f64,
    /// Lowest serving rate of routed instances over that of the desired fleet.
    pub capacity_min: f64,
    /// Lowest capacity over demand; none while nothing is offered.
    pub headroom_min: Option<f64>,
    /// Integral of (1 - capacity fraction)+, fleet-seconds.
    pub capacity_deficit_s: f64,
    /// Time in which both versions serve.
    pub mixed: SimDuration,
    /// Instance-nanoseconds above the desired count, terminating ones included.
    pub surge_instance_nanos: u128,
    /// Requests offered: the integral of demand over the window.
    pub offered: f64,
    /// Batches or steps begun.
    pub steps: u32,
    /// Of those, with a failed start or a missed deadline in them.
    pub failed_steps: u32,
    /// Whether a rollback was begun.
    pub is_rolled_back: bool,
    /// From the first moment the fault could be seen to the decision to act.
    pub detect: Option<SimDuration>,
    /// From the rollout's start to the first page; none without one.
    pub page: Option<SimDuration>,
    /// Largest divergence (1 - p) that any gate computed; none without one.
    pub divergence: Option<f64>,
    /// From that decision until the old version served everything again.
    pub rollback: Option<SimDuration>,
    /// Synthetic checks sent.
    pub checks: u32,
    /// Of those, passed.
    pub checks_passed: u32,
}

/// Integrals of the state over the part of a time bin that was simulated; divide by `covered`
/// for means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBin {
    /// Nanoseconds of the bin that were simulated.
    pub covered: u64,
    /// Integral of offered requests/s over seconds: requests.
    pub demand: f64,
    /// Integral of the capacity of routed old instances, requests.
    pub old_capacity: f64,
    /// Integral of the capacity of routed new instances, requests.
    pub new_capacity: f64,
    /// Integral of the capacity of routed instances of a third version, requests.
    pub third_capacity: f64,
    /// Instance-nanoseconds routed, by version.
    pub routed: [u128; 2],
    /// Instance-nanoseconds ready, by version.
    pub ready: [u128; 2],
    /// Instance-nanoseconds starting: launched and neither ready yet nor terminating.
    pub starting: u128,
    /// Instance-nanoseconds terminating.
    pub draining: u128,
    /// Instance-nanoseconds existing, terminating ones excepted.
    pub total: u128,
}

impl Merge for StateBin {
    fn merge(&mut self, other: &Self) {
        self.covered += other.covered;
        self.demand += other.demand;
        self.old_capacity += other.old_capacity;
        self.new_capacity += other.new_capacity;
        self.third_capacity += other.third_capacity;
        for version in Version::ALL {
            self.routed[version.index()] += other.routed[version.index()];
            self.ready[version.index()] += other.ready[version.index()];
        }
        self.starting += other.starting;
        self.draining += other.draining;
        self.total += other.total;
    }
}

/// The name of every event.
pub(super) const EVENTS: [&str; 37] = [
    "rollout-started",
    "scaled",
    "launched",
    "booted",
    "ready",
    "available",
    "routed",
    "unready",
    "retired",
    "unrouted",
    "terminated",
    "crashed",
    "start-failed",
    "step-started",
    "step-finished",
    "weight-set",
    "gate-passed",
    "gate-failed",
    "gate-inconclusive",
    "gate-error",
    "gate-ignored",
    "paused",
    "resumed",
    "switched",
    "rollback-started",
    "rollback-ignored",
    "fault-started",
    "fault-ended",
    "alert-fired",
    "alert-cleared",
    "deadline-exceeded",
    "eviction-refused",
    "completed",
    "rolled-back",
    "aborted",
    "stalled",
    "unfinished",
];

/// One row of `events.csv`; the counts are those just after the event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// When.
    pub at: SimTime,
    /// Name of the event, as RESULTS lists them.
    pub event: &'static str,
    /// Which instance, where it is about one.
    pub instance: Option<InstanceId>,
    /// Which version, where it is about one.
    pub version: Option<Version>,
    /// Which zone, where it is about an instance.
    pub zone: Option<ZoneId>,
    /// Desired counts by version.
    pub desired: [u32; 3],
    /// Ready instances by version, terminating ones excepted.
    pub ready: [u32; 3],
    /// Available instances by version, terminating ones excepted.
    pub available: [u32; 3],
    /// Instances told to stop and not yet gone.
    pub terminating: u32,
    /// All that exist but the terminating.
    pub total: u32,
    /// Why, in words.
    pub detail: String,
}
