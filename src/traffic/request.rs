//! The stream of logical requests: when each arrives and what it draws, whatever happens to it
//! later, so that request `k` is the same request in every variant.
//!
//! Requests are drawn in batches: each stream runs on its own for a while, with its state in
//! registers, and what depends on the plan is decided once a batch.

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use super::DataPlan;
use super::arrival::ArrivalProcess;
use super::process::LONGEST_DEMAND;
use crate::random::{Law, Purpose, Seed};
use crate::stats::math;
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

/// Requests drawn at once, a power of two.
const BATCH: usize = 64;

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
        // A copy has no address, so that its state stays in registers.
        let mut routes = self.routes.clone();
        for route in &mut self.batch.route {
            *route = routes.next_u64();
        }
        self.routes = routes;
        if let Some((stream, threshold)) = &mut self.failures {
            for is_faulty in &mut self.batch.is_faulty {
                *is_faulty = u128::from(stream.next_u64()) < *threshold;
            }
        }
    }
}

/// Service demands of the requests from number `first` on.
fn fill_demands(law: &Law, stream: &mut Xoshiro256PlusPlus, first: u64, demands: &mut [u64]) {
    match *law {
        // The commonest law is drawn here, without a call.
        Law::Exponential { mean } => {
            fill(stream, first, demands, |bits, _| exponential_demand(mean, bits));
        }
        _ => fill(stream, first, demands, |bits, number| demand(law, bits, number)),
    }
}

/// Nanoseconds, as [`demand`].
#[inline(always)]
fn exponential_demand(mean: f64, bits: u64) -> u64 {
    // Through a signed number, which is what processors convert to: the longest demand is one.
    let nanos = (mean * math::exponential(bits) * 1e9 + 0.5) as i64 as u64;
    nanos.min(LONGEST_DEMAND)
}

fn demand(law: &Law, bits: u64, number: u64) -> u64 {
    let draw = law.draw(bits, number).unwrap_or(SimDuration::MAX);
    draw.as_nanos().min(LONGEST_DEMAND)
}

#[inline(always)]
fn fill(
    stream: &mut Xoshiro256PlusPlus,
    first: u64,
    demands: &mut [u64],
    draw: impl Fn(u64, u64) -> u64,
) {
    // A copy has no address, so that its state stays in registers.
    let mut local = stream.clone();
    for (number, demand) in (first..).zip(demands) {
        *demand = draw(local.next_u64(), number);
    }
    *stream = local;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_demands_are_draws_of_the_law() {
        for mean in [0.0, 1e-9, 0.1, 3.7, 86_400.0, 1e9, 1e12, 1e300] {
            for bits in (0..2_000u64).map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                let want = demand(&Law::Exponential { mean }, bits, 0);
                assert_eq!(exponential_demand(mean, bits), want, "mean {mean}, {bits}");
            }
        }
    }
}
