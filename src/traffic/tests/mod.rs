//! Tests that drive the whole data plane through its face.

mod agreement;
mod behaviour;
mod theory;

use super::*;
use crate::random::{Law, Seed};
use crate::units::{InstanceId, Ratio, SimDuration, SimTime, Version};

fn share(value: f64) -> Ratio {
    Ratio::from_f64(value).expect("a share")
}

fn at(seconds: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(seconds)
}

/// One slot per instance, no queueing limits, everything else off.
fn plan() -> DataPlan {
    DataPlan {
        traffic: TrafficPlan {
            rate: RateCurve::Constant(10.0),
            arrivals: Arrivals::Poisson,
            timeout: None,
            retries: RetryPlan {
                attempts: 0,
                backoff: SimDuration::from_millis(100),
                multiplier: 2.0,
                jitter: 0.0,
                budget: None,
            },
            users: 1000,
            session_share: Ratio::ZERO,
            session_length: Law::Constant(SimDuration::from_secs(60)),
        },
        instance: InstancePlan {
            slots: 1,
            queue: 1000,
            service_time: Law::Exponential { mean: 0.05 },
        },
        balancer: BalancerPlan {
            policy: Policy::Random,
            connect_retries: 0,
            redispatch: true,
            retry_aborted: false,
            slow_start: SimDuration::ZERO,
            max_connections: None,
            queue_timeout: None,
            outlier: None,
        },
        release: ReleaseTraffic {
            error_rate: Ratio::ZERO,
            service_time_factor: 1.0,
            mixed_error_rate: Ratio::ZERO,
        },
        slow_threshold: None,
    }
}

/// The rollout starts at once, so that every request is in the window.
fn from_the_start() -> Windows {
    Windows { baseline: SimTime::ZERO, rollout: SimTime::ZERO, bin: None }
}

fn seed(number: u64) -> Seed {
    Seed { seed: number, replication: 0 }
}

/// A plane with `versions` open and routed from the beginning.
fn fleet(plan: &DataPlan, number: u64, versions: &[Version]) -> DataPlane {
    let mut plane = DataPlane::new(plan, from_the_start(), seed(number));
    for (index, &version) in versions.iter().enumerate() {
        let instance = InstanceId(index as u32);
        plane.install(instance, version);
        plane.set_door(instance, Door::Open, SimTime::ZERO);
        plane.route(instance, SimTime::ZERO);
    }
    plane
}

/// Runs until `end` seconds without looking at signals.
fn run_until(plane: &mut DataPlane, end: f64) {
    while plane.advance(at(end)).is_some() {}
}

fn check_sums(record: &TrafficRecord) {
    for tally in [&record.baseline, &record.window] {
        let failed = tally.requests - tally.ok;
        assert_eq!(tally.failed_cause.iter().sum::<u64>(), failed, "by cause: {tally:?}");
        assert_eq!(tally.failed_charge.iter().sum::<u64>(), failed, "by charge");
        assert_eq!(tally.failed_phase.iter().sum::<u64>(), failed, "by phase");
        assert_eq!(
            tally.answered.iter().sum::<u64>() - tally.ok,
            tally.answered_error.iter().sum::<u64>()
        );
        assert_eq!(tally.latency.iter().map(Histogram::count).sum::<u64>(), tally.ok);
        assert!(tally.attempts >= tally.requests);
    }
    let cells = record.bins.cells();
    let failed = |cell: &TrafficBin| cell.failed_cause.iter().sum::<u64>();
    let after: u64 = cells.iter().map(|cell| cell.requests).sum();
    assert!(after >= record.baseline.requests + record.window.requests);
    assert_eq!(
        cells.iter().map(failed).sum::<u64>(),
        cells.iter().map(|cell| cell.ledger.as_flattened().iter().sum::<u64>()).sum::<u64>()
    );
    assert_eq!(record.seconds.iter().map(|second| second.requests).sum::<u64>(), {
        record.window.requests
    });
    assert_eq!(
        record.seconds.iter().map(|second| second.failed).sum::<u64>(),
        record.window.requests - record.window.ok
    );
}
