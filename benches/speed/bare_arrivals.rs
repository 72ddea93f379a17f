//! The bare arrival-driven loop: no event but the arrivals. A request starts when the first slot
//! of its server is free.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1};

use crate::workload::{Outcome, RATE, ROOM, Routing, SERVERS, SERVICE, SLOTS};

/// A server: when its slots are free, and when the latest requests it took started.
#[derive(Clone)]
struct Server {
    free: [u64; SLOTS],
    starts: [u64; ROOM],
    taken: usize,
}

impl Server {
    /// Requests in service and waiting.
    #[inline(always)]
    fn load(&self, now: u64) -> usize {
        let busy = self.free.iter().map(|&free| usize::from(free > now)).sum();
        if busy < SLOTS {
            return busy;
        }
        let mut waiting = 0;
        while waiting < ROOM && self.starts[self.taken.wrapping_sub(1 + waiting) % ROOM] > now {
            waiting += 1;
        }
        busy + waiting
    }

    /// When a request that comes now ends; none if there is no place to wait.
    #[inline(always)]
    fn serve(&mut self, now: u64, service: u64) -> Option<u64> {
        let mut first = 0;
        let mut free = self.free[0];
        for slot in 1..SLOTS {
            let is_earlier = self.free[slot] < free;
            first = if is_earlier { slot } else { first };
            free = if is_earlier { self.free[slot] } else { free };
        }
        let oldest = &mut self.starts[self.taken % ROOM];
        if *oldest > now {
            return None;
        }
        let start = now.max(free);
        *oldest = start;
        self.taken += 1;
        self.free[first] = start + service;
        Some(start + service)
    }
}

/// Runs the reference workload.
pub(crate) fn run(routing: Routing, requests: u64) -> Outcome {
    match routing {
        Routing::Random => run_by(requests, |bits, _, _| draw(bits >> 32, SERVERS)),
        Routing::Two => run_by(requests, |bits, servers, now| {
            let first = draw(bits >> 32, SERVERS);
            let other = draw(bits & 0xffff_ffff, SERVERS - 1);
            let second = other + usize::from(other >= first);
            let is_second = servers[second].load(now) < servers[first].load(now);
            if is_second { second } else { first }
        }),
        Routing::All => run_by(requests, |_, servers, now| {
            let loads = servers.iter().enumerate().map(|(index, one)| (one.load(now), index));
            loads.min().map_or(0, |(_, index)| index)
        }),
    }
}

#[inline(always)]
fn run_by(requests: u64, pick: impl Fn(u64, &[Server; SERVERS], u64) -> usize) -> Outcome {
    let stream = |purpose| Xoshiro256PlusPlus::seed_from_u64(purpose);
    let (mut gaps, mut services, mut routes) = (stream(1), stream(2), stream(3));
    let idle = Server { free: [0; SLOTS], starts: [0; ROOM], taken: 0 };
    let mut servers: [Server; SERVERS] = std::array::from_fn(|_| idle.clone());
    let mut outcome = Outcome::new(requests);
    let mut now = 0;
    for _ in 0..requests {
        let gap: f64 = Exp1.sample(&mut gaps);
        now += (gap * (1e9 / RATE)) as i64 as u64;
        let demand: f64 = Exp1.sample(&mut services);
        let service = (demand * (1e9 * SERVICE)) as i64 as u64;
        let server = pick(routes.next_u64(), &servers, now);
        if let Some(end) = servers[server].serve(now, service) {
            outcome.answer(server, end - now);
        }
    }
    outcome
}

/// A number below `count` from 32 bits.
#[inline(always)]
pub(crate) const fn draw(bits: u64, count: usize) -> usize {
    ((bits * count as u64) >> 32) as usize
}
