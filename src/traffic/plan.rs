//! What one run is given about its requests: every field resolved, nothing left to default.

use std::sync::Arc;

use crate::random::Law;
use crate::units::{Ratio, SimDuration, SimTime};

/// `[instance]`: how an instance of the old version serves.
#[derive(Clone, Debug, PartialEq)]
pub struct InstancePlan {
    /// Requests served at once, >= 1.
    pub slots: u32,
    /// Requests waiting for a slot; one more is rejected.
    pub queue: u32,
    /// Service demand of a request at speed 1; its mean is positive and finite.
    pub service_time: Law,
}

/// `[traffic]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficPlan {
    /// Offered rate over time.
    pub rate: RateCurve,
    /// How arrivals are spread at that rate.
    pub arrivals: Arrivals,
    /// The client gives up an attempt after this long; none: it waits for ever.
    pub timeout: Option<SimDuration>,
    /// What the client does after a failed attempt.
    pub retries: RetryPlan,
    /// Distinct users, >= 1.
    pub users: u32,
    /// Share of users that hold sessions (in 0..=1), hence of requests pinned by one.
    pub session_share: Ratio,
    /// Length of a session.
    pub session_length: Law,
}

/// Offered requests per second over time. A trace has many points, and all that hold it share
/// them.
#[derive(Clone, Debug, PartialEq)]
pub enum RateCurve {
    /// The same all along, requests/s, finite, >= 0.
    Constant(f64),
    /// Linear between points (time, requests/s), times strictly rising from zero; held after the
    /// last.
    Linear(Arc<[(SimTime, f64)]>),
    /// Constant from each point to the next, times strictly rising from zero; held after the last.
    Steps(Arc<[(SimTime, f64)]>),
}

impl RateCurve {
    /// Whether no request is ever offered.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Constant(rate) => *rate <= 0.0,
            Self::Linear(points) | Self::Steps(points) => points.iter().all(|point| point.1 <= 0.0),
        }
    }
}

/// How arrivals are spread.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// A Poisson process, by inversion of the integrated rate.
    Poisson,
    /// Evenly spaced in the integrated rate.
    Uniform,
    /// A two-state modulated Poisson process with the same mean rate: in bursts the rate is
    /// `factor` times that between them.
    Bursty {
        /// Rate in a burst over the rate outside, >= 1.
        factor: f64,
        /// Mean length of a burst (exponential).
        on: SimDuration,
        /// Mean time between bursts (exponential).
        off: SimDuration,
    },
}

/// `[traffic] retries`: what a client does after a failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPlan {
    /// Retries after the first attempt; 0: none.
    pub attempts: u32,
    /// Wait before the first retry.
    pub backoff: SimDuration,
    /// Each further wait is this many times longer, >= 1.
    pub multiplier: f64,
    /// The wait is multiplied by a factor uniform in 1 ± jitter; in 0..=1.
    pub jitter: f64,
    /// Retries at most this share of the requests of the last 10 s; none: no limit.
    pub budget: Option<Ratio>,
}

/// The part of `[load_balancer]` that acts request by request; lag and health checks are control
/// events.
#[derive(Clone, Debug, PartialEq)]
pub struct BalancerPlan {
    /// How an endpoint is chosen.
    pub policy: Policy,
    /// Tries after a refused connection.
    pub connect_retries: u32,
    /// At once on another endpoint; else on the same one, a second apart.
    pub redispatch: bool,
    /// Also requests cut in flight are tried again.
    pub retry_aborted: bool,
    /// Time over which the weight of an endpoint that came up rises from 1/16 to full.
    pub slow_start: SimDuration,
    /// Requests an instance may hold; beyond it they wait in the balancer; none: no limit.
    pub max_connections: Option<u32>,
    /// Longest wait in the balancer; none: no limit.
    pub queue_timeout: Option<SimDuration>,
    /// Passive ejection; none: off.
    pub outlier: Option<OutlierPlan>,
}

/// How the balancer chooses among the endpoints it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Uniformly at random.
    Random,
    /// In turn.
    RoundRobin,
    /// Fewest requests in service and waiting; ties: lowest index.
    LeastRequests,
    /// The less loaded of two distinct uniform draws; ties: the first draw.
    PowerOfTwo,
}

/// `outlier`: an endpoint that fails too often in a row is left out for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlierPlan {
    /// Failures in a row, >= 1.
    pub errors: u32,
    /// Left out this long.
    pub eject: SimDuration,
    /// At most this share of the known endpoints is left out at once, rounded down, at least one.
    pub max_ejected: Ratio,
}

/// The part of `[release]` that requests feel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReleaseTraffic {
    /// Fraction of the new version's answers that are errors.
    pub error_rate: Ratio,
    /// Service demand on the new version over that on the old, > 0.
    pub service_time_factor: f64,
    /// Added errors on requests of a session that last met the other version.
    pub mixed_error_rate: Ratio,
}

/// All that the data plane is given.
#[derive(Clone, Debug, PartialEq)]
pub struct DataPlan {
    /// `[traffic]`.
    pub traffic: TrafficPlan,
    /// `[instance]`.
    pub instance: InstancePlan,
    /// `[load_balancer]`.
    pub balancer: BalancerPlan,
    /// `[release]`.
    pub release: ReleaseTraffic,
    /// A success slower than this counts as slow; none: nothing does.
    pub slow_threshold: Option<SimDuration>,
}
