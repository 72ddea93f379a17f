//! The tables about requests: how they are served, balanced, sent, and what a release does to them.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::law::LawFile;
use super::word::or_none;
use crate::units::{Ratio, SimDuration};

/// `[instance]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InstanceFile {
    /// Requests served at once, at least 1.
    pub(crate) slots: u32,
    /// Requests waiting for a slot; one more is rejected.
    pub(crate) queue: u32,
    /// Service demand of a request.
    pub(crate) service_time: LawFile,
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

/// `[load_balancer]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadBalancerFile {
    /// How an endpoint is chosen.
    pub(crate) policy: PolicyFile,
    /// From an endpoint's change until requests follow it.
    pub(crate) lag: LawFile,
    /// Tries after a refused connection.
    pub(crate) connect_retries: u32,
    /// At once on another endpoint; else on the same one, a second apart.
    pub(crate) redispatch: bool,
    /// Also requests cut in flight.
    pub(crate) retry_aborted: bool,
    /// The balancer's own active check; missing: none.
    pub(crate) health_check: Option<HealthCheckFile>,
    /// Time over which the weight of an endpoint that came up rises to full.
    pub(crate) slow_start: SimDuration,
    /// Requests an instance may hold, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(crate) max_connections: Option<u32>,
    /// Longest wait in the balancer's queue, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(crate) queue_timeout: Option<SimDuration>,
    /// Passive ejection; missing: none.
    pub(crate) outlier: Option<OutlierFile>,
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
pub(crate) enum PolicyFile {
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
pub(crate) struct HealthCheckFile {
    /// From the end of a check to the next, above zero.
    pub(crate) period: SimDuration,
    /// A check that is not answered by then has failed; above zero.
    pub(crate) timeout: SimDuration,
    /// Failures in a row until down, at least 1.
    pub(crate) fall: u32,
    /// Successes in a row until up, at least 1.
    pub(crate) rise: u32,
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
pub(crate) struct OutlierFile {
    /// Failures in a row, at least 1.
    pub(crate) errors: u32,
    /// Left out this long, above zero.
    pub(crate) eject: SimDuration,
    /// At most this share of the endpoints at once.
    pub(crate) max_ejected: Ratio,
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
pub(crate) struct TrafficFile {
    /// Requests/s.
    pub(crate) rate: Option<f64>,
    /// Points (time from the simulation's start, requests/s), linear between them.
    pub(crate) profile: Option<Vec<(SimDuration, f64)>>,
    /// Rates from a CSV file.
    pub(crate) trace: Option<TraceFile>,
    /// How arrivals are spread.
    pub(crate) arrivals: ArrivalsFile,
    /// The client gives up after this long, or `none`: it waits for ever.
    #[serde(deserialize_with = "or_none")]
    pub(crate) timeout: Option<SimDuration>,
    /// What the client does after a failed attempt.
    pub(crate) retries: RetriesFile,
    /// Distinct users, at least 1.
    pub(crate) users: u32,
    /// Sessions pinned to an instance.
    pub(crate) sessions: SessionsFile,
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
pub(crate) struct TraceFile {
    /// Path of the CSV file, relative to the scenario file.
    pub(crate) file: String,
    /// Column of the times in seconds.
    #[serde(default = "seconds_column")]
    pub(crate) time: String,
    /// Column of the rates in requests/s.
    #[serde(default = "rate_column")]
    pub(crate) rate: String,
}

fn seconds_column() -> String {
    "seconds".into()
}

fn rate_column() -> String {
    "rps".into()
}

/// `traffic.arrivals`.
#[derive(Debug)]
pub(crate) enum ArrivalsFile {
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
pub(crate) struct BurstyFile {
    /// Rate in a burst over the rate outside, at least 1.
    pub(crate) factor: f64,
    /// Mean length of a burst, above zero.
    pub(crate) on: SimDuration,
    /// Mean time between bursts, above zero.
    pub(crate) off: SimDuration,
}

impl Default for BurstyFile {
    fn default() -> Self {
        Self { factor: 4.0, on: SimDuration::from_secs(5), off: SimDuration::from_secs(20) }
    }
}

/// `traffic.retries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetriesFile {
    /// Retries after the first attempt.
    pub(crate) attempts: u32,
    /// Wait before the first retry.
    pub(crate) backoff: SimDuration,
    /// Each further wait is this many times longer, at least 1.
    pub(crate) multiplier: f64,
    /// The wait is multiplied by a factor uniform in 1 ± jitter; in 0..=1.
    pub(crate) jitter: f64,
    /// Retries at most this share of the requests of the last 10 s, or `none`: no limit.
    #[serde(deserialize_with = "or_none")]
    pub(crate) budget: Option<Ratio>,
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
pub(crate) struct SessionsFile {
    /// Share of requests pinned to an instance by a session.
    pub(crate) share: Ratio,
    /// Length of a session.
    pub(crate) length: LawFile,
}

impl Default for SessionsFile {
    fn default() -> Self {
        Self { share: Ratio::ZERO, length: LawFile::exponential(SimDuration::from_secs(300)) }
    }
}

/// `[release]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReleaseFile {
    /// Fraction of the new version's requests that fail.
    pub(crate) error_rate: Ratio,
    /// Service demand on the new version over that on the old, above zero.
    pub(crate) service_time_factor: f64,
    /// Start-up times of the new version over those of the old, above zero.
    pub(crate) startup_factor: f64,
    /// Probability that a start crashes.
    pub(crate) startup_failure: Ratio,
    /// Probability that an instance boots but never passes its probe.
    pub(crate) never_ready: Ratio,
    /// Time from ready to a crash, or `none`.
    #[serde(deserialize_with = "or_none")]
    pub(crate) crash_after: Option<LawFile>,
    /// Added errors on requests of a session that last met the other version.
    pub(crate) mixed_error_rate: Ratio,
    /// Memory of a new instance over that of an old one, above zero.
    pub(crate) memory_factor: f64,
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
            memory_factor: 1.0,
        }
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
