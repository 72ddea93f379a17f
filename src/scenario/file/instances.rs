//! The tables about instances: how many, how they start, when they are ready, how they stop.

use serde::Deserialize;

use super::law::LawFile;
use super::word::or_none;
use crate::units::{CountOrPercent, SimDuration};

/// `[fleet]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FleetFile {
    /// Desired count, 1..=1000000.
    pub(crate) instances: Option<u32>,
    /// Zones over which instances are spread round-robin; `eu/a` is zone a of region eu.
    pub(crate) zones: Vec<String>,
}

impl Default for FleetFile {
    fn default() -> Self {
        Self { instances: None, zones: vec!["a".into()] }
    }
}

/// `[startup]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StartupFile {
    /// Wait for a machine, a quota or the scheduler.
    pub(crate) provision: LawFile,
    /// Download of the artifact.
    pub(crate) pull: LawFile,
    /// From the process's start until it could pass its probe.
    pub(crate) boot: LawFile,
    /// Reduced speed after the boot.
    pub(crate) warmup: WarmupFile,
    /// When the process begins to listen.
    pub(crate) listen: ListenFile,
    /// Boots advance at rate 1 / (1 + contention x (k - 1)) while k boot in the zone.
    pub(crate) contention: f64,
    /// Starts running at once in the whole fleet; 0: no limit.
    pub(crate) max_concurrent: u32,
    /// Extra instances that the cluster has room for, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(crate) surge_capacity: Option<CountOrPercent>,
}

impl Default for StartupFile {
    fn default() -> Self {
        Self {
            provision: LawFile::zero(),
            pull: LawFile::zero(),
            boot: LawFile::lognormal(SimDuration::from_secs(8), SimDuration::from_secs(20)),
            warmup: WarmupFile::default(),
            listen: ListenFile::Ready,
            contention: 0.0,
            max_concurrent: 0,
            surge_capacity: None,
        }
    }
}

/// `startup.warmup`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WarmupFile {
    /// How long speed takes to rise to 1.
    pub(crate) duration: SimDuration,
    /// Speed at its beginning, in (0, 1].
    pub(crate) speed: f64,
}

impl Default for WarmupFile {
    fn default() -> Self {
        Self { duration: SimDuration::ZERO, speed: 1.0 }
    }
}

/// `startup.listen`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ListenFile {
    /// Refuses connections until it is ready.
    Ready,
    /// Answers 503 from the start of its boot until it is ready.
    Boot,
}

/// `[readiness]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReadinessFile {
    /// From the boot's start to the first probe.
    pub(crate) initial_delay: SimDuration,
    /// Between probes; `0s`: ready the moment the boot ends.
    pub(crate) period: SimDuration,
    /// A probe that would wait longer than this for a slot fails.
    pub(crate) timeout: SimDuration,
    /// Successes in a row until ready, at least 1.
    pub(crate) success_threshold: u32,
    /// Failures in a row until unready, at least 1.
    pub(crate) failure_threshold: u32,
    /// Failed probes after the boot before the start counts as failed, or `none`: keeps trying.
    #[serde(deserialize_with = "or_none")]
    pub(crate) start_attempts: Option<u32>,
    /// What "ready" waits for.
    pub(crate) until: UntilFile,
    /// Ready this long before it counts as available.
    pub(crate) min_ready: SimDuration,
    /// No progress of the rollout for this long is a failure.
    pub(crate) deadline: SimDuration,
}

impl Default for ReadinessFile {
    fn default() -> Self {
        Self {
            initial_delay: SimDuration::ZERO,
            period: SimDuration::from_secs(5),
            timeout: SimDuration::from_secs(1),
            success_threshold: 1,
            failure_threshold: 3,
            start_attempts: None,
            until: UntilFile::Probe,
            min_ready: SimDuration::ZERO,
            deadline: SimDuration::from_secs(600),
        }
    }
}

/// `readiness.until`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UntilFile {
    /// The probe has passed.
    Probe,
    /// The balancer routes to it.
    Routed,
}

/// `[liveness]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LivenessFile {
    /// From the boot's start to the first probe.
    pub(crate) initial_delay: SimDuration,
    /// Between probes, above zero.
    pub(crate) period: SimDuration,
    /// A probe that would wait longer than this for a slot fails.
    pub(crate) timeout: SimDuration,
    /// Failures in a row until the process is restarted, at least 1.
    pub(crate) failure_threshold: u32,
}

impl Default for LivenessFile {
    fn default() -> Self {
        Self {
            initial_delay: SimDuration::ZERO,
            period: SimDuration::from_secs(10),
            timeout: SimDuration::from_secs(1),
            failure_threshold: 3,
        }
    }
}

/// `[startup_probe]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StartupProbeFile {
    /// From the boot's start to the first probe.
    pub(crate) initial_delay: SimDuration,
    /// Between probes, above zero.
    pub(crate) period: SimDuration,
    /// Failures in a row until the process is restarted, at least 1.
    pub(crate) failure_threshold: u32,
}

impl Default for StartupProbeFile {
    fn default() -> Self {
        Self {
            initial_delay: SimDuration::ZERO,
            period: SimDuration::from_secs(10),
            failure_threshold: 30,
        }
    }
}

/// `[shutdown]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ShutdownFile {
    /// The balancer is told first, the process stopped when nothing is in flight.
    pub(crate) drain_first: bool,
    /// Keeps accepting this long after being told to stop.
    pub(crate) pre_stop: SimDuration,
    /// From being told to stop until killed.
    pub(crate) grace: SimDuration,
    /// In place only: installing the new version on the stopped instance.
    pub(crate) deploy: LawFile,
}

impl Default for ShutdownFile {
    fn default() -> Self {
        Self {
            drain_first: false,
            pre_stop: SimDuration::ZERO,
            grace: SimDuration::from_secs(30),
            deploy: LawFile::zero(),
        }
    }
}
