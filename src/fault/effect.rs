//! What faults do: effects as values, which the simulation applies and takes back.

use crate::units::{CountOrPercent, Offset, Ratio, Rounding, SimDuration, Version, ZoneId};

/// One thing that a fault does to the instances in its scope, or to everything.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Answers fail at this rate beside any other reason.
    Errors(Ratio),
    /// Services that start meanwhile take so many times as long; > 0.
    Slowness(f64),
    /// Clients send so many times as much; >= 0. About all requests, whatever the scope.
    Demand(f64),
    /// The steps of a start that begin meanwhile take so many times as long; > 0.
    StartSlowness(f64),
    /// Downloads of the artifact wait for the end.
    PullsWait,
    /// The balancer learns so many times as late; > 0. About all endpoints.
    BalancerLag(f64),
    /// Probes pass as soon as the process is up.
    ProbesPass,
    /// Each probe fails with this probability, whatever the instance's state.
    ProbesFlap(Ratio),
    /// While k instances boot in a zone, those that serve there are 1 + k x this times as slow.
    CrowdedStarts(f64),
    /// Whoever watches metrics sees nothing.
    MetricsOut,
    /// Processes keep their connections and answer nothing.
    Hang,
    /// Processes die at once and stay down.
    Down,
    /// So many processes die at once and are restarted as after a crash.
    Crash(CountOrPercent),
    /// Processes die by chance, so often an hour and instance, and are restarted; >= 0.
    CrashRate(f64),
    /// A third version supersedes the second, while a rollout is under way.
    Supersede,
    /// The time in which a schema changes: `migration_error_rate` is about it.
    Migration,
    /// Every process holds so many connections to something shared that has so many; what is
    /// above fails on every version.
    Connections {
        /// Held by one process.
        per_instance: u32,
        /// There are.
        limit: u32,
    },
    /// Every process has a cache that fills as it serves, before something shared.
    Cache(Cache),
    /// Each zone has memory for so many instances of the old version; beyond it, processes are
    /// evicted.
    Memory(Ratio),
    /// Instances are told to leave the machines they are on.
    Evict(Drain),
}

/// How machines are emptied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drain {
    /// Instances on one machine, >= 1; machines are emptied one after another.
    pub per_node: u32,
    /// What a disruption budget leaves alone; none: nothing.
    pub floor: Option<Floor>,
    /// How long until a refused eviction is asked for again; > 0.
    pub retry: SimDuration,
}

/// How many instances must stay ready when one is evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// So many.
    MinAvailable(CountOrPercent),
    /// All but so many.
    MaxUnavailable(CountOrPercent),
}

impl Floor {
    /// The number out of a desired count. Percentages round up either way, as those of a
    /// PodDisruptionBudget do (Kubernetes, "Specifying a Disruption Budget").
    #[must_use]
    pub const fn of(self, desired: u32) -> u32 {
        match self {
            Self::MinAvailable(least) => least.resolve(desired, Rounding::Up),
            Self::MaxUnavailable(most) => {
                desired.saturating_sub(most.resolve(desired, Rounding::Up))
            }
        }
    }
}

/// A cache in every process, and what stands behind all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cache {
    /// Share of the requests of a warm process that its cache answers, in 0..=1.
    pub hit_ratio: Ratio,
    /// Successful requests until a cache is as good as warm: 63% of the hit ratio; > 0.
    pub warm_after: f64,
    /// Requests/s that the origin behind all caches answers; more fail.
    pub origin_capacity: f64,
    /// Service time of a miss over that of a hit, > 0.
    pub miss_factor: f64,
}

/// When a fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// So long after the rollout's start, or before it.
    At(Offset),
    /// It is there from the simulation's start.
    Always,
    /// When the first new instance is ready.
    FirstNewReady,
    /// When no old instance is left, terminating ones included.
    LastOldGone,
}

impl Begin {
    /// With the rollout.
    pub const START: Self = Self::At(Offset::ZERO);
}

/// To which instances a fault happens, with zones found by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Those of this version; none: of any.
    pub version: Option<Version>,
    /// Those in these zones; none: in any.
    pub zones: Option<Vec<ZoneId>>,
    /// This share of those, in 0..=1.
    pub share: Ratio,
}

/// One `[[faults]]` entry, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPlan {
    /// Its kind.
    pub kind: &'static str,
    /// What it does.
    pub effects: Vec<Effect>,
    /// To whom.
    pub place: Place,
    /// When it begins.
    pub begin: Begin,
    /// How long it lasts; none: to the end of the run.
    pub duration: Option<SimDuration>,
    /// Probability that it happens in a run at all, in 0..=1.
    pub probability: Ratio,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kubernetes' documentation: of seven pods 50% are four, whether they must stay or may go.
    #[test]
    fn budgets_round_up() {
        let half = CountOrPercent::Percent(Ratio::from_billionths(500_000_000));
        for (floor, desired, left) in [
            (Floor::MinAvailable(half), 7, 4),
            (Floor::MaxUnavailable(half), 7, 3),
            (Floor::MinAvailable(CountOrPercent::Count(3)), 2, 3),
            (Floor::MaxUnavailable(CountOrPercent::Count(3)), 2, 0),
        ] {
            assert_eq!(floor.of(desired), left, "{floor:?} of {desired}");
        }
    }
}
