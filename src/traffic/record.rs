//! What the data plane hands back: integer counts, which add up the same in any order.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use crate::units::{Bins, Merge};

/// Why a logical request failed: the cause of its last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Answered with an error.
    Error,
    /// No slot and no room to wait, or too long in the balancer's queue.
    Overloaded,
    /// Nobody listened, or the listener was not ready and answered 503.
    Refused,
    /// The balancer knew no endpoint.
    NoEndpoint,
    /// The client gave up waiting.
    Timeout,
    /// The instance died with the request in flight.
    Aborted,
}

/// To what a failed request is charged: the first of these that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Its instance was stopping, gone or not yet back on purpose.
    DrainRace,
    /// Its instance died by itself.
    Crash,
    /// No endpoint, or no slot or answer in time while capacity was below demand; also what no
    /// other entry explains.
    Overload,
    /// No slot or answer in time on a warming instance.
    ColdStart,
    /// The release's own defect.
    BadRelease,
    /// A session that crossed versions.
    MixedVersions,
    /// A dependency's ceiling.
    Dependency,
    /// An injected fault.
    InjectedFault,
}

/// What the rollout was doing when a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Replacing instances or shifting traffic.
    RollingOut,
    /// Waiting on purpose between steps or after the last.
    Baking,
    /// Going back to the old version.
    RollingBack,
    /// After the outcome.
    Settling,
}

impl Cause {
    /// How many there are.
    pub const COUNT: usize = 6;
}

impl Charge {
    /// How many there are.
    pub const COUNT: usize = 8;
    /// All, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::DrainRace,
        Self::Crash,
        Self::Overload,
        Self::ColdStart,
        Self::BadRelease,
        Self::MixedVersions,
        Self::Dependency,
        Self::InjectedFault,
    ];

    /// What files call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DrainRace => "drain_race",
            Self::Crash => "crash",
            Self::Overload => "overload",
            Self::ColdStart => "cold_start",
            Self::BadRelease => "bad_release",
            Self::MixedVersions => "mixed_versions",
            Self::Dependency => "dependency",
            Self::InjectedFault => "injected_fault",
        }
    }
}

impl Phase {
    /// How many there are.
    pub const COUNT: usize = 4;
    /// All, in order.
    pub const ALL: [Self; Self::COUNT] =
        [Self::RollingOut, Self::Baking, Self::RollingBack, Self::Settling];

    /// What files call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RollingOut => "rolling_out",
            Self::Baking => "baking",
            Self::RollingBack => "rolling_back",
            Self::Settling => "settling",
        }
    }
}

/// A number for each [`Charge`] in each [`Phase`].
pub type Ledger<N> = [[N; Phase::COUNT]; Charge::COUNT];

/// Counts over one window of time, by the moment requests were sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Logical requests sent.
    pub requests: u64,
    /// Of those, answered with success in time.
    pub ok: u64,
    /// Failed, by [`Cause`].
    pub failed_cause: [u64; Cause::COUNT],
    /// Failed, by [`Charge`].
    pub failed_charge: [u64; Charge::COUNT],
    /// Failed, by [`Phase`].
    pub failed_phase: [u64; Phase::COUNT],
    /// Attempts by clients, retries included; redispatches by the balancer are not counted.
    pub attempts: u64,
    /// Successes slower than the threshold.
    pub slow: u64,
    /// Final answers (successes and errors) by version.
    pub answered: [u64; 2],
    /// Of those, errors, by version.
    pub answered_error: [u64; 2],
    /// Latency of successes by version, from the first sending to the final success.
    pub latency: [Histogram; 2],
    /// Sum of those latencies, nanoseconds.
    pub latency_sum_nanos: u128,
}

/// One time bin of the series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficBin {
    /// Logical requests sent in the bin.
    pub requests: u64,
    /// Of those, failed, by [`Cause`].
    pub failed_cause: [u64; Cause::COUNT],
    /// Of those, failed, by [`Charge`] and [`Phase`].
    pub ledger: Ledger<u64>,
    /// Final answers by version.
    pub answered: [u64; 2],
    /// Latency of successes.
    pub latency: CoarseHistogram,
}

pub use super::histogram::CoarseHistogram;

impl Merge for TrafficBin {
    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        for (sum, more) in self.failed_cause.iter_mut().zip(other.failed_cause) {
            *sum += more;
        }
        let entries = self.ledger.iter_mut().flatten();
        for (sum, more) in entries.zip(other.ledger.into_iter().flatten()) {
            *sum += more;
        }
        for (sum, more) in self.answered.iter_mut().zip(other.answered) {
            *sum += more;
        }
        self.latency.merge(&other.latency);
    }
}

/// Requests and failures of a stretch of time: of one second, for burn rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Logical requests sent in it.
    pub requests: u64,
    /// Of those, failed.
    pub failed: u64,
}

/// All that the data plane recorded in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficRecord {
    /// Requests sent in the second half of the warm-up.
    pub baseline: Tally,
    /// Requests sent from the rollout's start on.
    pub window: Tally,
    /// The time series from the simulation's start on.
    pub bins: Bins<TrafficBin>,
    /// Second by second from the rollout's start on.
    pub seconds: Vec<Second>,
    /// Requests sent from the rollout's start on while a schema changed.
    pub migration: Second,
    /// Sessions alive at the rollout's start or begun later.
    pub sessions: u64,
    /// Of those, lost because their instance closed or died.
    pub sessions_lost: u64,
}
