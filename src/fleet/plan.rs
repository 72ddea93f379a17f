//! What one run is given about its instances: every field resolved, nothing left to default.

use crate::random::Law;
use crate::units::{CountOrPercent, Ratio, SimDuration};

/// `[fleet]`.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetPlan {
    /// Desired count, 1..=1 000 000.
    pub instances: u32,
    /// Names of the zones, at least one; instances are spread over them round-robin.
    pub zones: Vec<String>,
}

/// `[startup]`: from launch to the first possible probe success.
#[derive(Clone, Debug, PartialEq)]
pub struct StartupPlan {
    /// Wait for a machine, a quota or the scheduler.
    pub provision: Law,
    /// Download of the artifact.
    pub pull: Law,
    /// From the process's start until it could pass its probe.
    pub boot: Law,
    /// Length of the warm-up that follows the boot.
    pub warmup: SimDuration,
    /// Speed at the beginning of the warm-up, in (0, 1]; it rises linearly to 1.
    pub warmup_speed: f64,
    /// When the process begins to listen.
    pub listen: Listen,
    /// Boots advance at rate 1 / (1 + contention x (k - 1)) while k boot in the zone; >= 0.
    pub contention: f64,
    /// Starts running at once in the whole fleet; none: no limit.
    pub max_concurrent: Option<u32>,
    /// Instances above the desired count that the cluster has room for; none: no limit.
    pub surge_capacity: Option<CountOrPercent>,
}

/// When a starting process opens its listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Refuses connections until it passes its probe.
    Ready,
    /// Listens from the start of its boot and answers 503 until it passes its probe.
    Boot,
}

/// `[readiness]`: the platform's probe and what counts as available.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessPlan {
    /// From the boot's start to the first probe.
    pub initial_delay: SimDuration,
    /// Between probes; zero: ready the moment the boot ends.
    pub period: SimDuration,
    /// A probe that would wait longer than this for a slot fails.
    pub timeout: SimDuration,
    /// Successes in a row until ready, >= 1.
    pub success_threshold: u32,
    /// Failures in a row until unready, >= 1.
    pub failure_threshold: u32,
    /// Failed probes after the boot before the start itself counts as failed; none: keeps trying.
    pub start_attempts: Option<u32>,
    /// What "ready" waits for.
    pub until: ReadyUntil,
    /// Ready this long before it counts as available.
    pub min_ready: SimDuration,
    /// No progress of the rollout for this long is a failure.
    pub deadline: SimDuration,
}

/// What must have happened before the platform calls an instance ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyUntil {
    /// Its probe has passed.
    Probe,
    /// The balancer routes to it.
    Routed,
}

/// `[liveness]`: failing it restarts the process.
#[derive(Clone, Debug, PartialEq)]
pub struct LivenessPlan {
    /// From the boot's start to the first probe.
    pub initial_delay: SimDuration,
    /// Between probes, > 0.
    pub period: SimDuration,
    /// A probe that would wait longer than this for a slot fails.
    pub timeout: SimDuration,
    /// Failures in a row until the process is restarted, >= 1.
    pub failure_threshold: u32,
}

/// `[startup_probe]`: until it has passed, the other probes wait; failing it restarts.
#[derive(Clone, Debug, PartialEq)]
pub struct StartupProbePlan {
    /// From the boot's start to the first probe.
    pub initial_delay: SimDuration,
    /// Between probes, > 0.
    pub period: SimDuration,
    /// Failures in a row until the process is restarted, >= 1.
    pub failure_threshold: u32,
}

/// `[shutdown]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ShutdownPlan {
    /// The balancer is told first; the process is stopped when nothing is in flight.
    pub drain_first: bool,
    /// Keeps accepting this long after being told to stop.
    pub pre_stop: SimDuration,
    /// From being told to stop until killed.
    pub grace: SimDuration,
    /// In place only: installing the new version on the stopped instance.
    pub deploy: Law,
}

/// The part of `[release]` that instances feel; requests feel the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleasePlan {
    /// Start-up durations of the new version are multiplied by this, > 0.
    pub startup_factor: f64,
    /// Probability that a start of the new version crashes.
    pub startup_failure: Ratio,
    /// Probability that an instance of the new version boots but never passes its probe.
    pub never_ready: Ratio,
    /// Time from ready to a crash of the new version; none: it does not crash.
    pub crash_after: Option<Law>,
    /// Memory of an instance of the new version over that of an old one.
    pub memory_factor: Ratio,
}
