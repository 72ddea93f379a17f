//! The scenario file as it is written: every table, key and default of the format.
//!
//! Plain structs that Serde fills; ranges and contradictions are checked elsewhere.

mod gates;
mod instances;
mod law;
mod manifests;
mod operator;
mod requests;
mod requirements;
mod word;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub(crate) use self::gates::{AlertsFile, BudgetFile, GateFile, HEAD};
pub(crate) use self::instances::{
    FleetFile, ListenFile, LivenessFile, ReadinessFile, ShutdownFile, StartupFile,
    StartupProbeFile, UntilFile,
};
pub(crate) use self::law::{Dist, LawFile, LawTable, OrNever, default_table};
pub(crate) use self::manifests::ManifestsFile;
pub(crate) use self::operator::{ActionFile, OperatorFile, RollbackFile};
pub(crate) use self::requests::{
    ArrivalsFile, InstanceFile, LoadBalancerFile, PolicyFile, ReleaseFile, TraceFile, TrafficFile,
};
pub(crate) use self::requirements::{LimitFile, RegressionFile, RequireFile, RequirementsFile};
use self::word::or_auto;
pub(crate) use self::word::or_none;
use crate::units::{Ratio, SimDuration};

/// A whole scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ScenarioFile {
    /// Version of the format.
    pub(crate) format: i64,
    /// Name of the scenario; the file's stem where it is missing.
    pub(crate) name: Option<String>,
    /// What the scenario is about, in the user's words.
    pub(crate) description: String,
    /// The fleet.
    pub(crate) fleet: FleetFile,
    /// How an instance of the old version serves.
    pub(crate) instance: InstanceFile,
    /// From launch to the first possible probe success.
    pub(crate) startup: StartupFile,
    /// The platform's readiness probe.
    pub(crate) readiness: ReadinessFile,
    /// The platform's liveness probe; missing: none.
    pub(crate) liveness: Option<LivenessFile>,
    /// The platform's start-up probe; missing: none.
    pub(crate) startup_probe: Option<StartupProbeFile>,
    /// How instances stop.
    pub(crate) shutdown: ShutdownFile,
    /// What stands before the instances.
    pub(crate) load_balancer: LoadBalancerFile,
    /// What arrives.
    pub(crate) traffic: TrafficFile,
    /// How the new version differs.
    pub(crate) release: ReleaseFile,
    /// The faults, each read by its own kind.
    #[serde(rename = "faults")]
    pub(crate) _faults: Option<IgnoredAny>,
    /// What a person does.
    pub(crate) operator: Vec<OperatorFile>,
    /// The strategies, each read by its own kind.
    #[serde(rename = "strategies")]
    pub(crate) _strategies: Option<IgnoredAny>,
    /// The gates, each read by the kind of its test.
    #[serde(rename = "gates")]
    pub(crate) _gates: Option<IgnoredAny>,
    /// Who is told of the burn rate; missing: nobody.
    pub(crate) alerts: Option<AlertsFile>,
    /// What the error budget allows; missing: everything.
    pub(crate) budget: Option<BudgetFile>,
    /// Synthetic checks.
    pub(crate) synthetic: SyntheticFile,
    /// Service level objectives.
    pub(crate) slo: SloFile,
    /// What instances cost.
    pub(crate) cost: CostFile,
    /// How to simulate.
    pub(crate) simulation: SimulationFile,
    /// The policy, which is the same for all variants and read once.
    #[serde(rename = "policy")]
    pub(crate) _policy: Option<IgnoredAny>,
    /// The sweeps, which are read before all else.
    #[serde(rename = "sweep")]
    pub(crate) _sweep: Option<IgnoredAny>,
}

impl Default for ScenarioFile {
    fn default() -> Self {
        Self {
            format: 1,
            name: None,
            description: String::new(),
            fleet: FleetFile::default(),
            instance: InstanceFile::default(),
            startup: StartupFile::default(),
            readiness: ReadinessFile::default(),
            liveness: None,
            startup_probe: None,
            shutdown: ShutdownFile::default(),
            load_balancer: LoadBalancerFile::default(),
            traffic: TrafficFile::default(),
            release: ReleaseFile::default(),
            _faults: None,
            operator: Vec::new(),
            _strategies: None,
            _gates: None,
            alerts: None,
            budget: None,
            synthetic: SyntheticFile::default(),
            slo: SloFile::default(),
            cost: CostFile::default(),
            simulation: SimulationFile::default(),
            _policy: None,
            _sweep: None,
        }
    }
}

/// `[synthetic]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SyntheticFile {
    /// From one check to the next, at least 1 ms.
    pub(crate) interval: SimDuration,
}

impl Default for SyntheticFile {
    fn default() -> Self {
        Self { interval: SimDuration::from_secs(10) }
    }
}

/// `[slo]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SloFile {
    /// Share of requests that must succeed, in (0, 1).
    pub(crate) availability: Ratio,
    /// What counts as slow.
    pub(crate) latency: SloLatencyFile,
    /// Length of the budget's window, above zero.
    pub(crate) window: SimDuration,
}

impl Default for SloFile {
    fn default() -> Self {
        Self {
            availability: Ratio::from_billionths(999_000_000),
            latency: SloLatencyFile::default(),
            window: SimDuration::from_secs(30 * 86_400),
        }
    }
}

/// `slo.latency`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SloLatencyFile {
    /// A success slower than this is slow, or `none`.
    #[serde(deserialize_with = "or_none")]
    pub(crate) threshold: Option<SimDuration>,
    /// Share of successes that should be faster.
    pub(crate) target: Ratio,
}

impl Default for SloLatencyFile {
    fn default() -> Self {
        Self { threshold: None, target: Ratio::from_billionths(990_000_000) }
    }
}

/// `[cost]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CostFile {
    /// Price of one instance for one hour.
    pub(crate) instance_hour: f64,
}

/// `[simulation]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SimulationFile {
    /// Root of all chance.
    pub(crate) seed: u64,
    /// Number of replications, at least 1.
    pub(crate) replications: u32,
    /// Before the rollout starts.
    pub(crate) warmup: SimDuration,
    /// After its outcome.
    pub(crate) settle: SimDuration,
    /// A rollout still running this long after its start is unfinished; above zero.
    pub(crate) max_time: SimDuration,
    /// Width of the time series' bins, or `auto`.
    #[serde(deserialize_with = "or_auto")]
    pub(crate) bin: Option<SimDuration>,
}

impl Default for SimulationFile {
    fn default() -> Self {
        Self {
            seed: 1,
            replications: 10,
            warmup: SimDuration::from_secs(60),
            settle: SimDuration::from_secs(60),
            max_time: SimDuration::from_secs(86_400),
            bin: None,
        }
    }
}

/// One `[[sweep]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SweepFile {
    /// The field that takes the values.
    #[serde(rename = "path")]
    pub(crate) _path: String,
    /// The values, of any type.
    #[serde(rename = "values")]
    pub(crate) _values: Vec<IgnoredAny>,
}
