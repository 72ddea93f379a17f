//! The scenario file as it is written: every table, key and default of the format.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor};

use crate::units::{CountOrPercent, Ratio, SimDuration};

/// A whole scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScenarioFile {
    /// Version of the format.
    pub(super) format: i64,
    /// Name of the scenario; the file's stem where it is missing.
    pub(super) name: Option<String>,
    /// What the scenario is about, in the user's words.
    pub(super) description: String,
    /// The fleet.
    pub(super) fleet: FleetFile,
    /// How an instance of the old version serves.
    pub(super) instance: InstanceFile,
    /// From launch to the first possible probe success.
    pub(super) startup: StartupFile,
    /// The platform's readiness probe.
    pub(super) readiness: ReadinessFile,
    /// The platform's liveness probe; missing: none.
    pub(super) liveness: Option<LivenessFile>,
    /// The platform's start-up probe; missing: none.
    pub(super) startup_probe: Option<StartupProbeFile>,
    /// How instances stop.
    pub(super) shutdown: ShutdownFile,
    /// What stands before the instances.
    pub(super) load_balancer: LoadBalancerFile,
    /// What arrives.
    pub(super) traffic: TrafficFile,
    /// How the new version differs.
    pub(super) release: ReleaseFile,
    /// The strategies, each read by its own kind.
    #[serde(rename = "strategies")]
    pub(super) _strategies: Option<IgnoredAny>,
    /// Service level objectives.
    pub(super) slo: SloFile,
    /// What instances cost.
    pub(super) cost: CostFile,
    /// How to simulate.
    pub(super) simulation: SimulationFile,
    /// The sweeps, which are read before all else.
    #[serde(rename = "sweep")]
    pub(super) _sweep: Option<IgnoredAny>,
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
            _strategies: None,
            slo: SloFile::default(),
            cost: CostFile::default(),
            simulation: SimulationFile::default(),
            _sweep: None,
        }
    }
}

/// `[fleet]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FleetFile {
    /// Desired count, 1..=1000000.
    pub(super) instances: Option<u32>,
    /// Zones over which instances are spread round-robin; `eu/a` is zone a of region eu.
    pub(super) zones: Vec<String>,
}

impl Default for FleetFile {
    fn default() -> Self {
        Self { instances: None, zones: vec!["a".into()] }
    }
}

/// `[instance]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InstanceFile {
    /// Requests served at once, at least 1.
    pub(super) slots: u32,
    /// Requests waiting for a slot; one more is rejected.
    pub(super) queue: u32,
    /// Service demand of a request.
    pub(super) service_time: LawFile,
}

impl Default for InstanceFile {
    fn default() -> Self {
        Self {
            slots: 64,
            queue: 128,
            service_time: LawFile::exponential(SimDuration::from_millis(32)),
        }
    }
}

/// `[startup]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StartupFile {
    /// Wait for a machine, a quota or the scheduler.
    pub(super) provision: LawFile,
    /// Download of the artifact.
    pub(super) pull: LawFile,
    /// From the process's start until it could pass its probe.
    pub(super) boot: LawFile,
    /// Reduced speed after the boot.
    pub(super) warmup: WarmupFile,
    /// When the process begins to listen.
    pub(super) listen: ListenFile,
    /// Boots advance at rate 1 / (1 + contention x (k - 1)) while k boot in the zone.
    pub(super) contention: f64,
    /// Starts running at once in the whole fleet; 0: no limit.
    pub(super) max_concurrent: u32,
    /// Extra instances that the cluster has room for, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(super) surge_capacity: Option<CountOrPercent>,
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
pub(super) struct WarmupFile {
    /// How long speed takes to rise to 1.
    pub(super) duration: SimDuration,
    /// Speed at its beginning, in (0, 1].
    pub(super) speed: f64,
}

impl Default for WarmupFile {
    fn default() -> Self {
        Self { duration: SimDuration::ZERO, speed: 1.0 }
    }
}

/// `startup.listen`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ListenFile {
    /// Refuses connections until it is ready.
    Ready,
    /// Answers 503 from the start of its boot until it is ready.
    Boot,
}

/// `[readiness]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReadinessFile {
    /// From the boot's start to the first probe.
    pub(super) initial_delay: SimDuration,
    /// Between probes; `0s`: ready the moment the boot ends.
    pub(super) period: SimDuration,
    /// A probe that would wait longer than this for a slot fails.
    pub(super) timeout: SimDuration,
    /// Successes in a row until ready, at least 1.
    pub(super) success_threshold: u32,
    /// Failures in a row until unready, at least 1.
    pub(super) failure_threshold: u32,
    /// Failed probes after the boot before the start counts as failed, or `none`: keeps trying.
    #[serde(deserialize_with = "or_none")]
    pub(super) start_attempts: Option<u32>,
    /// What "ready" waits for.
    pub(super) until: UntilFile,
    /// Ready this long before it counts as available.
    pub(super) min_ready: SimDuration,
    /// No progress of the rollout for this long is a failure.
    pub(super) deadline: SimDuration,
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
pub(super) enum UntilFile {
    /// The probe has passed.
    Probe,
    /// The balancer routes to it.
    Routed,
}

/// `[liveness]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LivenessFile {
    /// From the boot's start to the first probe.
    pub(super) initial_delay: SimDuration,
    /// Between probes, above zero.
    pub(super) period: SimDuration,
    /// A probe that would wait longer than this for a slot fails.
    pub(super) timeout: SimDuration,
    /// Failures in a row until the process is restarted, at least 1.
    pub(super) failure_threshold: u32,
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
pub(super) struct StartupProbeFile {
    /// From the boot's start to the first probe.
    pub(super) initial_delay: SimDuration,
    /// Between probes, above zero.
    pub(super) period: SimDuration,
    /// Failures in a row until the process is restarted, at least 1.
    pub(super) failure_threshold: u32,
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
pub(super) struct ShutdownFile {
    /// The balancer is told first, the process stopped when nothing is in flight.
    pub(super) drain_first: bool,
    /// Keeps accepting this long after being told to stop.
    pub(super) pre_stop: SimDuration,
    /// From being told to stop until killed.
    pub(super) grace: SimDuration,
    /// In place only: installing the new version on the stopped instance.
    pub(super) deploy: LawFile,
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

/// `[load_balancer]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LoadBalancerFile {
    /// How an endpoint is chosen.
    pub(super) policy: PolicyFile,
    /// From an endpoint's change until requests follow it.
    pub(super) lag: LawFile,
    /// Tries after a refused connection.
    pub(super) connect_retries: u32,
    /// At once on another endpoint; else on the same one, a second apart.
    pub(super) redispatch: bool,
    /// Also requests cut in flight.
    pub(super) retry_aborted: bool,
    /// The balancer's own active check; missing: none.
    pub(super) health_check: Option<HealthCheckFile>,
    /// Time over which the weight of an endpoint that came up rises to full.
    pub(super) slow_start: SimDuration,
    /// Requests an instance may hold, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(super) max_connections: Option<u32>,
    /// Longest wait in the balancer's queue, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(super) queue_timeout: Option<SimDuration>,
    /// Passive ejection; missing: none.
    pub(super) outlier: Option<OutlierFile>,
}

impl Default for LoadBalancerFile {
    fn default() -> Self {
        Self {
            policy: PolicyFile::RoundRobin,
            lag: LawFile::zero(),
            connect_retries: 0,
            redispatch: true,
            retry_aborted: false,
            health_check: None,
            slow_start: SimDuration::ZERO,
            max_connections: None,
            queue_timeout: None,
            outlier: None,
        }
    }
}

/// `load_balancer.policy`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PolicyFile {
    /// Uniformly at random.
    Random,
    /// In turn.
    RoundRobin,
    /// Fewest requests in service and waiting.
    LeastRequests,
    /// The less loaded of two random ones.
    PowerOfTwo,
}

/// `load_balancer.health_check`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HealthCheckFile {
    /// From the end of a check to the next, above zero.
    pub(super) period: SimDuration,
    /// A check that is not answered by then has failed; above zero.
    pub(super) timeout: SimDuration,
    /// Failures in a row until down, at least 1.
    pub(super) fall: u32,
    /// Successes in a row until up, at least 1.
    pub(super) rise: u32,
}

impl Default for HealthCheckFile {
    fn default() -> Self {
        Self {
            period: SimDuration::from_secs(2),
            timeout: SimDuration::from_secs(2),
            fall: 3,
            rise: 2,
        }
    }
}

/// `load_balancer.outlier`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OutlierFile {
    /// Failures in a row, at least 1.
    pub(super) errors: u32,
    /// Left out this long, above zero.
    pub(super) eject: SimDuration,
    /// At most this share of the endpoints at once.
    pub(super) max_ejected: Ratio,
}

impl Default for OutlierFile {
    fn default() -> Self {
        Self {
            errors: 5,
            eject: SimDuration::from_secs(30),
            max_ejected: Ratio::from_billionths(100_000_000),
        }
    }
}

/// `[traffic]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TrafficFile {
    /// Requests/s.
    pub(super) rate: Option<f64>,
    /// Points (time from the simulation's start, requests/s), linear between them.
    pub(super) profile: Option<Vec<(SimDuration, f64)>>,
    /// Rates from a CSV file.
    pub(super) trace: Option<TraceFile>,
    /// How arrivals are spread.
    pub(super) arrivals: ArrivalsFile,
    /// The client gives up after this long, or `none`: it waits for ever.
    #[serde(deserialize_with = "or_none")]
    pub(super) timeout: Option<SimDuration>,
    /// What the client does after a failed attempt.
    pub(super) retries: RetriesFile,
    /// Distinct users, at least 1.
    pub(super) users: u32,
    /// Sessions pinned to an instance.
    pub(super) sessions: SessionsFile,
}

impl Default for TrafficFile {
    fn default() -> Self {
        Self {
            rate: None,
            profile: None,
            trace: None,
            arrivals: ArrivalsFile::Poisson,
            timeout: None,
            retries: RetriesFile::default(),
            users: 100_000,
            sessions: SessionsFile::default(),
        }
    }
}

/// `traffic.trace`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceFile {
    /// Path of the CSV file, relative to the scenario file.
    pub(super) file: String,
    /// Column of the times in seconds.
    #[serde(default = "seconds_column")]
    pub(super) time: String,
    /// Column of the rates in requests/s.
    #[serde(default = "rate_column")]
    pub(super) rate: String,
}

fn seconds_column() -> String {
    "seconds".into()
}

fn rate_column() -> String {
    "rps".into()
}

/// `traffic.arrivals`.
#[derive(Debug)]
pub(super) enum ArrivalsFile {
    /// A Poisson process.
    Poisson,
    /// Evenly spaced.
    Uniform,
    /// A two-state modulated Poisson process with the same mean.
    Bursty(BurstyFile),
}

/// `traffic.arrivals.bursty`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BurstyFile {
    /// Rate in a burst over the rate outside, at least 1.
    pub(super) factor: f64,
    /// Mean length of a burst, above zero.
    pub(super) on: SimDuration,
    /// Mean time between bursts, above zero.
    pub(super) off: SimDuration,
}

impl Default for BurstyFile {
    fn default() -> Self {
        Self { factor: 4.0, on: SimDuration::from_secs(5), off: SimDuration::from_secs(20) }
    }
}

/// `traffic.retries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RetriesFile {
    /// Retries after the first attempt.
    pub(super) attempts: u32,
    /// Wait before the first retry.
    pub(super) backoff: SimDuration,
    /// Each further wait is this many times longer, at least 1.
    pub(super) multiplier: f64,
    /// The wait is multiplied by a factor uniform in 1 ± jitter; in 0..=1.
    pub(super) jitter: f64,
    /// Retries at most this share of the requests of the last 10 s, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(super) budget: Option<Ratio>,
}

impl Default for RetriesFile {
    fn default() -> Self {
        Self {
            attempts: 0,
            backoff: SimDuration::from_millis(100),
            multiplier: 2.0,
            jitter: 0.5,
            budget: None,
        }
    }
}

/// `traffic.sessions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SessionsFile {
    /// Share of requests pinned to an instance by a session.
    pub(super) share: Ratio,
    /// Length of a session.
    pub(super) length: LawFile,
}

impl Default for SessionsFile {
    fn default() -> Self {
        Self { share: Ratio::ZERO, length: LawFile::exponential(SimDuration::from_secs(300)) }
    }
}

/// `[release]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReleaseFile {
    /// Fraction of the new version's requests that fail.
    pub(super) error_rate: Ratio,
    /// Service demand on the new version over that on the old, above zero.
    pub(super) service_time_factor: f64,
    /// Start-up times of the new version over those of the old, above zero.
    pub(super) startup_factor: f64,
    /// Probability that a start crashes.
    pub(super) startup_failure: Ratio,
    /// Probability that an instance boots but never passes its probe.
    pub(super) never_ready: Ratio,
    /// Time from ready to a crash, or `none`.
    #[serde(deserialize_with = "or_none")]
    pub(super) crash_after: Option<LawFile>,
    /// Added errors on requests of a session that last met the other version.
    pub(super) mixed_error_rate: Ratio,
}

impl Default for ReleaseFile {
    fn default() -> Self {
        Self {
            error_rate: Ratio::ZERO,
            service_time_factor: 1.0,
            startup_factor: 1.0,
            startup_failure: Ratio::ZERO,
            never_ready: Ratio::ZERO,
            crash_after: None,
            mixed_error_rate: Ratio::ZERO,
        }
    }
}

/// `[slo]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SloFile {
    /// Share of requests that must succeed, in (0, 1).
    pub(super) availability: Ratio,
    /// What counts as slow.
    pub(super) latency: SloLatencyFile,
    /// Length of the budget's window, above zero.
    pub(super) window: SimDuration,
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
pub(super) struct SloLatencyFile {
    /// A success slower than this is slow, or `none`.
    #[serde(deserialize_with = "or_none")]
    pub(super) threshold: Option<SimDuration>,
    /// Share of successes that should be faster.
    pub(super) target: Ratio,
}

impl Default for SloLatencyFile {
    fn default() -> Self {
        Self { threshold: None, target: Ratio::from_billionths(990_000_000) }
    }
}

/// `[cost]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CostFile {
    /// Price of one instance for one hour.
    pub(super) instance_hour: f64,
}

/// `[simulation]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SimulationFile {
    /// Root of all chance.
    pub(super) seed: u64,
    /// Number of replications, at least 1.
    pub(super) replications: u32,
    /// Before the rollout starts.
    pub(super) warmup: SimDuration,
    /// After its outcome.
    pub(super) settle: SimDuration,
    /// A rollout still running this long after its start is unfinished; above zero.
    pub(super) max_time: SimDuration,
    /// Width of the time series' bins, or `auto`.
    #[serde(deserialize_with = "or_auto")]
    pub(super) bin: Option<SimDuration>,
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
pub(super) struct SweepFile {
    /// The field that takes the values.
    #[serde(rename = "path")]
    pub(super) _path: String,
    /// The values, of any type.
    #[serde(rename = "values")]
    pub(super) _values: Vec<IgnoredAny>,
}

/// A distribution: a duration (constant), or a table.
#[derive(Debug)]
pub(super) enum LawFile {
    /// Always this long.
    Constant(SimDuration),
    /// A table with `dist`.
    Table(Box<LawTable>),
}

/// The table of a distribution: the fields of all kinds, of which each takes its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LawTable {
    /// Which kind.
    pub(super) dist: Option<Dist>,
    /// Shortest, of `uniform` and `pareto`.
    pub(super) min: Option<SimDuration>,
    /// Longest, of `uniform`.
    pub(super) max: Option<SimDuration>,
    /// Mean, of `exponential`, `normal`, `lognormal` and `gamma`.
    pub(super) mean: Option<SimDuration>,
    /// Standard deviation, of `normal`, `lognormal` and `gamma`.
    pub(super) sd: Option<SimDuration>,
    /// Median, of `lognormal`.
    pub(super) median: Option<SimDuration>,
    /// 95th percentile, of `lognormal`.
    pub(super) p95: Option<SimDuration>,
    /// Scale, of `weibull`.
    pub(super) scale: Option<SimDuration>,
    /// Shape, of `weibull` and `pareto`.
    pub(super) shape: Option<f64>,
    /// Path of the CSV file relative to the scenario file, of `empirical`.
    pub(super) file: Option<String>,
    /// Column of the samples in seconds, of `empirical`.
    pub(super) column: Option<String>,
    /// The values in turn, of `list`.
    pub(super) values: Option<Vec<OrNever>>,
}

/// `dist`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Dist {
    /// Any value between two, as likely.
    Uniform,
    /// Without memory.
    Exponential,
    /// Truncated at zero.
    Normal,
    /// Its logarithm is normal.
    Lognormal,
    /// A sum of exponentials.
    Gamma,
    /// Of failures.
    Weibull,
    /// With a heavy tail.
    Pareto,
    /// The samples of a file.
    Empirical,
    /// The values in turn.
    List,
}

/// A duration, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrNever(pub(super) Option<SimDuration>);

impl LawFile {
    const fn zero() -> Self {
        Self::Constant(SimDuration::ZERO)
    }

    fn exponential(mean: SimDuration) -> Self {
        let table = LawTable { mean: Some(mean), ..LawTable::of(Dist::Exponential) };
        Self::Table(Box::new(table))
    }

    fn lognormal(median: SimDuration, p95: SimDuration) -> Self {
        let table =
            LawTable { median: Some(median), p95: Some(p95), ..LawTable::of(Dist::Lognormal) };
        Self::Table(Box::new(table))
    }
}

impl LawTable {
    fn of(dist: Dist) -> Self {
        Self { dist: Some(dist), ..Self::default() }
    }
}

/// The text of a distribution's default where that is a table, so that one of its fields can be
/// set without writing the others.
pub(super) fn default_table(path: &[&str]) -> Option<&'static str> {
    match path {
        ["instance", "service_time"] => Some(r#"{ dist = "exponential", mean = "32ms" }"#),
        ["startup", "boot"] => Some(r#"{ dist = "lognormal", median = "8s", p95 = "20s" }"#),
        ["traffic", "sessions", "length"] => Some(r#"{ dist = "exponential", mean = "5m" }"#),
        _ => None,
    }
}

struct LawVisitor;

impl<'de> Visitor<'de> for LawVisitor {
    type Value = LawFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"90s\" or a distribution such as { dist = \"exponential\", mean = \"90s\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LawFile, E> {
        text.parse().map(LawFile::Constant).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LawFile, A::Error> {
        let table = LawTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(LawFile::Table(Box::new(table)))
    }
}

impl<'de> Deserialize<'de> for LawFile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(LawVisitor)
    }
}

impl<'de> Deserialize<'de> for OrNever {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(WordOr("never", PhantomData)).map(Self)
    }
}

struct ArrivalsVisitor;

/// `{ bursty = { … } }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BurstyTable {
    bursty: BurstyFile,
}

impl<'de> Visitor<'de> for ArrivalsVisitor {
    type Value = ArrivalsFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "\"poisson\", \"uniform\" or { bursty = { factor = 4.0, on = \"5s\", off = \"20s\" } }",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ArrivalsFile, E> {
        match text {
            "poisson" => Ok(ArrivalsFile::Poisson),
            "uniform" => Ok(ArrivalsFile::Uniform),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ArrivalsFile, A::Error> {
        let table = BurstyTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ArrivalsFile::Bursty(table.bursty))
    }
}

impl<'de> Deserialize<'de> for ArrivalsFile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ArrivalsVisitor)
    }
}

fn or_none<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    source.deserialize_any(WordOr("none", PhantomData))
}

fn or_auto<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    source.deserialize_any(WordOr("auto", PhantomData))
}

/// A value, or one word that stands for its absence.
struct WordOr<T>(&'static str, PhantomData<T>);

impl<'de, T: Deserialize<'de>> WordOr<T> {
    fn inner<E: de::Error>(&self, value: impl IntoDeserializer<'de, E>) -> Result<Option<T>, E> {
        T::deserialize(value.into_deserializer())
            .map(Some)
            .map_err(|error| E::custom(format!("{error}, or \"{}\"", self.0)))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for WordOr<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" or a value", self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        if text == self.0 { Ok(None) } else { self.inner(text) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Option<T>, E> {
        self.inner(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
