//! The stream of logical requests: when each arrives and what it draws, whatever happens to it
//! later, so that request `k` is the same request in every variant.

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use super::DataPlan;
use super::arrival::ArrivalProcess;
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
    /// When the next one arrives, ns; the end of time if there is none.
    next: u64,
    number: u64,
    law: Law,
    demands: Xoshiro256PlusPlus,
    routes: Xoshiro256PlusPlus,
    failures: Option<(Xoshiro256PlusPlus, u128)>,
}

impl Requests {
    pub(super) fn new(plan: &DataPlan, seed: Seed) -> Self {
        let mut arrivals = ArrivalProcess::new(&plan.traffic, seed);
        let next = arrivals.next();
        let error_rate = plan.release.error_rate;
        let failures = (!error_rate.is_zero())
            .then(|| (seed.stream(Purpose::Failure), error_rate.threshold()));
        Self {
            arrivals,
            next,
            number: 0,
            law: plan.instance.service_time.clone(),
            demands: seed.stream(Purpose::Demand),
            routes: seed.stream(Purpose::Route),
            failures,
        }
    }

    /// When the next request arrives, ns; the end of time if there is none.
    #[inline]
    pub(super) const fn next_arrival(&self) -> u64 {
        self.next
    }

    /// No more requests.
    pub(super) const fn stop(&mut self) {
        self.next = SimTime::MAX.as_nanos();
    }

    /// The request that arrives at [`Requests::next_arrival`].
    #[inline]
    pub(super) fn take(&mut self) -> Request {
        let number = self.number;
        let demand = self.law.draw(self.demands.next_u64(), number).unwrap_or(SimDuration::MAX);
        let is_faulty = match &mut self.failures {
            Some((stream, threshold)) => u128::from(stream.next_u64()) < *threshold,
            None => false,
        };
        let request = Request {
            number,
            sent: self.next,
            demand: demand.as_nanos(),
            route: self.routes.next_u64(),
            is_faulty,
        };
        self.number += 1;
        self.next = self.arrivals.next();
        request
    }
}
