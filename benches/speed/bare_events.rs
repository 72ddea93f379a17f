//! The bare event-ordered loop: completions in a heap of four children a node, compared with the
//! next arrival.

use std::hint::select_unpredictable;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1};

use crate::bare_arrivals::draw;
use crate::workload::{Outcome, RATE, ROOM, Routing, SERVERS, SERVICE, SLOTS};

/// Bits of a heap key that name the slot; the rest is the time.
const SLOT_BITS: u32 = 7;

/// A heap of (time, slot) packed into one number, the smallest first.
struct Heap {
    keys: Vec<u64>,
}

impl Heap {
    #[inline(always)]
    fn first(&self) -> u64 {
        self.keys.first().copied().unwrap_or(u64::MAX)
    }

    #[inline(always)]
    fn push(&mut self, key: u64) {
        let mut hole = self.keys.len();
        self.keys.push(key);
        while hole > 0 {
            let parent = (hole - 1) / 4;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[hole] = self.keys[parent];
            hole = parent;
        }
        self.keys[hole] = key;
    }

    #[inline(always)]
    fn pop(&mut self) {
        if let Some(last) = self.keys.pop()
            && !self.keys.is_empty()
        {
            self.replace_first(last);
        }
    }

    #[inline(always)]
    fn replace_first(&mut self, key: u64) {
        let keys = &mut self.keys[..];
        let mut hole = 0;
        loop {
            let first = 4 * hole + 1;
            let mut least = first;
            if let Some(four) = keys.get(first..first + 4) {
                let left = usize::from(four[1] < four[0]);
                let right = 2 + usize::from(four[3] < four[2]);
                least += select_unpredictable(four[right] < four[left], right, left);
            } else {
                for child in first..keys.len() {
                    least = if keys[child] < keys[least] { child } else { least };
                }
            }
            if least >= keys.len() || keys[least] >= key {
                break;
            }
            keys[hole] = keys[least];
            hole = least;
        }
        keys[hole] = key;
    }
}

/// A server: who is served in which slot, and who waits.
#[derive(Clone)]
struct Server {
    /// When the request in each slot came.
    came: [u64; SLOTS],
    /// Free slots, as bits.
    free: u32,
    /// Requests that wait: when they came and how long they take.
    queue: [(u64, u64); ROOM],
    head: usize,
    waiting: usize,
}

struct Servers {
    servers: [Server; SERVERS],
    loads: [u32; SERVERS],
    heap: Heap,
}

impl Servers {
    #[inline(always)]
    fn arrive(&mut self, index: usize, now: u64, service: u64) {
        let server = &mut self.servers[index];
        if server.free != 0 {
            let slot = server.free.trailing_zeros() as usize;
            server.free &= server.free - 1;
            server.came[slot] = now;
            self.heap.push((now + service) << SLOT_BITS | (index * SLOTS + slot) as u64);
        } else if server.waiting < ROOM {
            server.queue[(server.head + server.waiting) % ROOM] = (now, service);
            server.waiting += 1;
        } else {
            return;
        }
        self.loads[index] += 1;
    }

    #[inline(always)]
    fn depart(&mut self, key: u64, outcome: &mut Outcome) {
        let (now, position) = (key >> SLOT_BITS, key as usize % (1 << SLOT_BITS));
        let (index, slot) = (position / SLOTS, position % SLOTS);
        let server = &mut self.servers[index];
        outcome.answer(index, now - server.came[slot]);
        self.loads[index] -= 1;
        if server.waiting > 0 {
            let (came, service) = server.queue[server.head];
            server.head = (server.head + 1) % ROOM;
            server.waiting -= 1;
            server.came[slot] = came;
            self.heap.replace_first((now + service) << SLOT_BITS | position as u64);
        } else {
            server.free |= 1 << slot;
            self.heap.pop();
        }
    }
}

/// Runs the reference workload.
pub(crate) fn run(routing: Routing, requests: u64) -> Outcome {
    match routing {
        Routing::Random => run_by(requests, |bits, _| draw(bits >> 32, SERVERS)),
        Routing::Two => run_by(requests, |bits, loads| {
            let first = draw(bits >> 32, SERVERS);
            let other = draw(bits & 0xffff_ffff, SERVERS - 1);
            let second = other + usize::from(other >= first);
            select_unpredictable(loads[second] < loads[first], second, first)
        }),
        Routing::All => run_by(requests, |_, loads| {
            let keys = loads.iter().enumerate().map(|(index, &load)| load << 4 | index as u32);
            keys.min().map_or(0, |key| key as usize & 15)
        }),
    }
}

#[inline(always)]
fn run_by(requests: u64, pick: impl Fn(u64, &[u32; SERVERS]) -> usize) -> Outcome {
    let stream = |purpose| Xoshiro256PlusPlus::seed_from_u64(purpose);
    let (mut gaps, mut services, mut routes) = (stream(1), stream(2), stream(3));
    let idle = Server {
        came: [0; SLOTS],
        free: (1 << SLOTS) - 1,
        queue: [(0, 0); ROOM],
        head: 0,
        waiting: 0,
    };
    let mut all = Servers {
        servers: std::array::from_fn(|_| idle.clone()),
        loads: [0; SERVERS],
        heap: Heap { keys: Vec::with_capacity(SERVERS * SLOTS) },
    };
    let mut outcome = Outcome::new(requests);
    let mut now = 0;
    for _ in 0..requests {
        let gap: f64 = Exp1.sample(&mut gaps);
        now += (gap * (1e9 / RATE)) as i64 as u64;
        while all.heap.first() >> SLOT_BITS <= now && all.heap.first() != u64::MAX {
            let key = all.heap.first();
            all.depart(key, &mut outcome);
        }
        let demand: f64 = Exp1.sample(&mut services);
        let service = (demand * (1e9 * SERVICE)) as i64 as u64;
        let server = pick(routes.next_u64(), &all.loads);
        all.arrive(server, now, service);
    }
    while all.heap.first() != u64::MAX {
        let key = all.heap.first();
        all.depart(key, &mut outcome);
    }
    outcome
}
