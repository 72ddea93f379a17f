//! The bare loop of a rollout without requests: `n` instances replaced in the order of their
//! numbers, at most a tenth of them out of service at once.
//!
//! An instance drains (exponential, mean 10 s, cut at 30 s), stops (0.5 to 2 s), starts (5 s and
//! an exponential of mean 10 s) and passes its checks (10 s and up to 5 s); the next one begins to
//! drain when it is healthy. Its step `k` draws from a function of (seed, instance, k) alone.

use rollsim::stats::math;

/// What came out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Lowest number in service.
    pub(crate) least: u32,
    /// Integral of the number out of service, instance-seconds.
    pub(crate) lost: f64,
    /// When it was over, s.
    pub(crate) end: f64,
    pub(crate) events: u64,
}

impl Outcome {
    /// Whether it is what the workload's definition gives: E min(Exp(10), 30) = 9.502 s of
    /// draining, then 1.25 + 15 + 12.5 s in the mean.
    pub(crate) fn check(&self, instances: u32) {
        assert_eq!(self.events, 5 * u64::from(instances));
        assert_eq!(self.least, instances - instances / 10);
        assert!(self.end > 0.0);
        // One instance's time out of service has a standard deviation of 14.0 s at most.
        let mean = self.lost / f64::from(instances);
        assert!((mean - 38.252).abs() < 6.0 * 14.0 / f64::from(instances).sqrt(), "{mean}");
    }
}

/// Seconds that step `step` of an instance lasts.
#[inline(always)]
fn delay(seed: u64, instance: u32, step: u32) -> f64 {
    let bits = mix(seed ^ mix(u64::from(instance) * 8 + u64::from(step)));
    let uniform = (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
    match step {
        0 => (10.0 * math::exponential(bits)).min(30.0),
        1 => 0.5 + 1.5 * uniform,
        2 => 5.0 + 10.0 * math::exponential(bits),
        _ => 10.0 + 5.0 * uniform,
    }
}

/// The finaliser of SplitMix64.
#[inline(always)]
const fn mix(bits: u64) -> u64 {
    let mut z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Pending steps, one of each instance that is being replaced: a heap of four children a node of
/// time and place packed into one number.
struct Heap {
    keys: Vec<u64>,
}

/// Bits of a key that name the place in the window.
const PLACE_BITS: u32 = 17;

impl Heap {
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
                least += std::hint::select_unpredictable(four[right] < four[left], right, left);
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

/// Runs the rollout.
pub(crate) fn run(instances: u32, seed: u64) -> Outcome {
    let window = (instances / 10).max(1);
    let nanos = |seconds: f64| (seconds * 1e9) as u64;
    // Which instance each place of the window holds and its next step.
    let mut places: Vec<(u32, u32)> = (0..window).map(|instance| (instance, 0)).collect();
    // All begin to drain at once, so any order of equal keys is a heap.
    let mut heap = Heap { keys: (0..u64::from(window)).collect() };
    let (mut next, mut serving, mut least) = (window, instances, instances);
    let (mut lost, mut last, mut events) = (0_u128, 0_u64, 0_u64);
    while let Some(&first) = heap.keys.first() {
        let (now, place) = (first >> PLACE_BITS, (first & ((1 << PLACE_BITS) - 1)) as usize);
        if now == NEVER {
            break;
        }
        lost += u128::from(instances - serving) * u128::from(now - last);
        last = now;
        let (instance, step) = places[place];
        events += 1;
        serving -= u32::from(step == 0);
        least = least.min(serving);
        let at = if step < 4 {
            places[place] = (instance, step + 1);
            now + nanos(delay(seed, instance, step))
        } else {
            serving += 1;
            places[place] = (next, 0);
            next += 1;
            if next <= instances { now } else { NEVER }
        };
        heap.replace_first(at << PLACE_BITS | place as u64);
    }
    Outcome { least, lost: lost as f64 / 1e9, end: last as f64 / 1e9, events }
}

/// Later than every step.
const NEVER: u64 = u64::MAX >> PLACE_BITS;
