//! The stream of logical requests: when each arrives and what it draws, whatever happens to it
//! later, so that request `k` is the same request in every variant.
//!
//! Requests are drawn in batches: each stream runs on its own for a while, with its state in
//! registers, and what depends on the plan is decided once a batch.

use rand::rngs::Xoshiro256PlusPlus;

use super::DataPlan;
use super::arrival::ArrivalProcess;
use super::batch::{BATCH, LARGEST, fill, fill_exponential, integer, round};
use super::process::LONGEST_DEMAND;
use crate::random::{Law, Purpose, Seed};
use crate::units::{SimDuration, SimTime};

/// A logical request as it arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// Its number, from 0.
    pub(super) number: u64,
    /// When it is sent, ns.
    pub(super) sent: u64,
    /// Service demand at speed 1 on the old version, ns.
    pub(super) demand: u64,
    /// Its routing number.
    pub(super) route: u64,
    /// Whether the new version answers its first attempt with an error.
    pub(super) is_faulty: bool,
}

/// All logical requests, one after another.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    arrivals: ArrivalProcess,
    law: Law,
    demands: Xoshiro256PlusPlus,
    routes: Xoshiro256PlusPlus,
    failures: Option<(Xoshiro256PlusPlus, u128)>,
    /// Number of the next request; its place in the batch is this modulo the batch's length.
    number: u64,
    batch: Batch,
}

/// Draws of an exponential law with a mean below this, s, can be rounded many at a time: none is
/// longer than 45 times the mean.
const LONGEST_MEAN: f64 = LARGEST / 1e9 / 45.0;

/// What the requests of a batch drew.
#[derive(Clone, Debug)]
struct Batch {
    sent: [u64; BATCH],
    demand: [u64; BATCH],
    route: [u64; BATCH],
    is_faulty: [bool; BATCH],
}

impl Requests {
    pub(super) fn new(plan: &DataPlan, seed: Seed) -> Self {
        let error_rate = plan.release.error_rate;
        let failures = (!error_rate.is_zero())
            .then(|| (seed.stream(Purpose::Failure), error_rate.threshold()));
        let mut requests = Self {
            arrivals: ArrivalProcess::new(&plan.traffic, seed),
            law: plan.instance.service_time.clone(),
            demands: seed.stream(Purpose::Demand),
            routes: seed.stream(Purpose::Route),
            failures,
            number: 0,
            batch: Batch {
                sent: [0; BATCH],
                demand: [0; BATCH],
                route: [0; BATCH],
                is_faulty: [false; BATCH],
            },
        };
        requests.draw_batch();
        requests
    }

    /// When the next request arrives, ns; the end of time if there is none.
    #[inline(always)]
    pub(super) const fn next_arrival(&self) -> u64 {
        self.batch.sent[self.number as usize % BATCH]
    }

    /// No more requests.
    pub(super) const fn stop(&mut self) {
        self.batch.sent = [SimTime::MAX.as_nanos(); BATCH];
    }

    /// The request that arrives at [`Requests::next_arrival`].
    #[inline(always)]
    pub(super) const fn current(&self) -> Request {
        let place = self.number as usize % BATCH;
        Request {
            number: self.number,
            sent: self.batch.sent[place],
            demand: self.batch.demand[place],
            route: self.batch.route[place],
            is_faulty: self.batch.is_faulty[place],
        }
    }

    /// On to the next request; there must be a current one.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        self.number += 1;
        if self.number.is_multiple_of(BATCH as u64) {
            self.draw_batch();
        }
    }

    #[inline(never)]
    fn draw_batch(&mut self) {
        self.arrivals.fill(&mut self.batch.sent);
        fill_demands(&self.law, &mut self.demands, self.number, &mut self.batch.demand);
        fill(&mut self.routes, &mut self.batch.route, |bits| bits);
        if let Some((stream, threshold)) = &mut self.failures {
            fill(stream, &mut self.batch.is_faulty, |bits| u128::from(bits) < *threshold);
        }
    }
}

/// Service demands of the requests from number `first` on, ns.
fn fill_demands(
    law: &Law,
    stream: &mut Xoshiro256PlusPlus,
    first: u64,
    demands: &mut [u64; BATCH],
) {
    match *law {
        // The commonest law, unless it is so long that its draws are, has a way of its own.
        Law::Exponential { mean } if mean < LONGEST_MEAN => {
            let mut units = [0.0; BATCH];
            fill_exponential(stream, &mut units);
            for (demand, unit) in demands.iter_mut().zip(units) {
                *demand = integer(round(mean * unit * 1e9));
            }
        }
        _ => {
            let mut numbers = first..;
            fill(stream, demands, |bits| {
                let draw = law.draw(bits, numbers.next().unwrap_or(first));
                draw.unwrap_or(SimDuration::MAX).as_nanos().min(LONGEST_DEMAND)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn demands_are_draws_of_the_law() {
        for mean in [0.0, 1e-9, 0.1, 3.7, 0.999 * LONGEST_MEAN, 1.001 * LONGEST_MEAN, 1e12, 1e300] {
            let law = Law::Exponential { mean };
            let mut stream = Seed { seed: 1, replication: 0 }.stream(Purpose::Demand);
            let (mut one, mut demands) = (stream.clone(), [0; BATCH]);
            for _ in 0..20 {
                fill_demands(&law, &mut stream, 0, &mut demands);
                for demand in demands {
                    let draw = law.draw(one.next_u64(), 0).map_or(0, SimDuration::as_nanos);
                    assert_eq!(demand, draw.min(LONGEST_DEMAND), "mean {mean}");
                }
            }
        }
    }
}
