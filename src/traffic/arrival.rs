//! When requests arrive: the arrival processes of `[traffic] arrivals`, all by inversion of the
//! integrated rate.

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use super::batch::{BATCH, fill_exponential, round};
use super::profile::{Cursor, Profile};
use super::{Arrivals, TrafficPlan};
use crate::random::{Key, Purpose, Seed, unit};
use crate::stats::math;
use crate::units::SimDuration;

/// An exponential draw with mean 1, in whole billionths, never zero.
fn unit_exponential(bits: u64) -> f64 {
    in_billionths(math::exponential(bits))
}

/// In whole billionths, half a one at least; below 45.
#[inline(always)]
fn in_billionths(value: f64) -> f64 {
    round(value * 1e9).max(0.5) * 1e-9
}

/// The moments of arrival, one after another.
#[derive(Clone, Debug)]
pub(super) struct ArrivalProcess {
    cursor: Cursor,
    gaps: Xoshiro256PlusPlus,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Poisson,
    /// Evenly spaced: the amount until the next one.
    Uniform(f64),
    Bursty(Box<Bursts>),
}

impl ArrivalProcess {
    pub(super) fn new(plan: &TrafficPlan, seed: Seed) -> Self {
        let kind = match plan.arrivals {
            Arrivals::Poisson => Kind::Poisson,
            Arrivals::Uniform => Kind::Uniform(0.5),
            Arrivals::Bursty { factor, on, off } => match Bursts::new(factor, on, off, seed) {
                Some(bursts) => Kind::Bursty(Box::new(bursts)),
                None => Kind::Poisson,
            },
        };
        let cursor = Cursor::new(Profile::new(&plan.rate));
        Self { cursor, gaps: seed.stream(Purpose::Interarrival), kind }
    }

    /// The next moments of arrival in nanoseconds; the end of time where there is none.
    pub(super) fn fill(&mut self, moments: &mut [u64]) {
        let Self { cursor, gaps, kind } = self;
        match kind {
            Kind::Poisson => {
                for moments in moments.chunks_mut(BATCH) {
                    let amounts = &mut [0.0; BATCH][..moments.len()];
                    fill_exponential(gaps, amounts);
                    amounts.iter_mut().for_each(|amount| *amount = in_billionths(*amount));
                    cursor.advance_all(amounts, moments);
                }
            }
            Kind::Uniform(step) => {
                for moment in moments {
                    *moment = cursor.advance(std::mem::replace(step, 1.0));
                }
            }
            Kind::Bursty(bursts) => {
                for moment in moments {
                    *moment = bursts.next(cursor, unit_exponential(gaps.next_u64()));
                }
            }
        }
    }
}

/// A silence this many times as long as a burst and a pause together forgets how it began.
const FORGETTING: u64 = 64;

/// The state of a two-state modulated Poisson process: bursts and pauses of exponential length,
/// beginning in the stationary state.
#[derive(Clone, Debug)]
struct Bursts {
    key: Key,
    /// Number of the stretch (burst or pause) it is in.
    stretch: u64,
    is_burst: bool,
    /// When this stretch ends, ns.
    ends: u64,
    /// Rate over the mean rate, in pauses and in bursts.
    rates: [f64; 2],
    /// Mean lengths of pauses and bursts.
    lengths: [SimDuration; 2],
}

impl Bursts {
    /// None where both stretches are without length or alike in rate: a plain Poisson process.
    fn new(factor: f64, on: SimDuration, off: SimDuration, seed: Seed) -> Option<Self> {
        let (on_s, off_s) = (on.as_secs_f64(), off.as_secs_f64());
        if on.is_zero() || off.is_zero() || factor == 1.0 {
            return None;
        }
        let low = (on_s + off_s) / (factor * on_s + off_s);
        let mut bursts = Self {
            key: seed.key(Purpose::Burst),
            stretch: 0,
            is_burst: false,
            ends: 0,
            rates: [low, factor * low],
            lengths: [off, on],
        };
        bursts.begin(0);
        Some(bursts)
    }

    /// Begins at `from` in a state drawn from the stationary distribution.
    fn begin(&mut self, from: u64) {
        let [off, on] = self.lengths.map(SimDuration::as_secs_f64);
        self.is_burst = unit(self.key.draw(self.stretch, 1)) < on / (on + off);
        self.end_after(from);
    }

    /// Draws how long the stretch that begins at `from` lasts.
    fn end_after(&mut self, from: u64) {
        let mean = self.lengths[usize::from(self.is_burst)].as_nanos() as f64;
        let length = mean * unit_exponential(self.key.draw(self.stretch, 0));
        self.ends = from.saturating_add((length as u64).max(1));
    }

    fn next(&mut self, cursor: &mut Cursor, mut amount: f64) -> u64 {
        loop {
            if let Some(until) = cursor.silent_until() {
                if until == u64::MAX {
                    return u64::MAX;
                }
                self.sleep(until);
                cursor.seek(until);
                continue;
            }
            let rate = self.rates[usize::from(self.is_burst)];
            let here = cursor.offered_until(self.ends) * rate;
            if amount <= here || self.ends == u64::MAX {
                return cursor.advance(amount / rate);
            }
            amount -= here;
            cursor.seek(self.ends);
            self.turn();
        }
    }

    /// The other kind of stretch begins.
    fn turn(&mut self) {
        self.stretch += 1;
        self.is_burst = !self.is_burst;
        self.end_after(self.ends);
    }

    /// Passes over a silence that ends at `until`.
    fn sleep(&mut self, until: u64) {
        let [off, on] = self.lengths.map(SimDuration::as_nanos);
        let forgotten = on.saturating_add(off).saturating_mul(FORGETTING);
        if until.saturating_sub(self.ends) > forgotten {
            self.stretch += 1;
            self.begin(until);
        }
        while self.ends <= until {
            self.turn();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Law;
    use crate::traffic::{RateCurve, RetryPlan};
    use crate::units::{Ratio, SimTime};

    const SEED: Seed = Seed { seed: 7, replication: 0 };

    fn plan(rate: RateCurve, arrivals: Arrivals) -> TrafficPlan {
        TrafficPlan {
            rate,
            arrivals,
            timeout: None,
            retries: RetryPlan {
                attempts: 0,
                backoff: SimDuration::ZERO,
                multiplier: 1.0,
                jitter: 0.0,
                budget: None,
            },
            users: 1,
            session_share: Ratio::ZERO,
            session_length: Law::Constant(SimDuration::ZERO),
        }
    }

    fn times(rate: RateCurve, arrivals: Arrivals, count: usize) -> Vec<f64> {
        let mut process = ArrivalProcess::new(&plan(rate, arrivals), SEED);
        let mut moments = vec![0; count];
        process.fill(&mut moments);
        moments.into_iter().map(|moment| moment as f64 / 1e9).collect()
    }

    fn bursty(factor: f64) -> Arrivals {
        Arrivals::Bursty {
            factor,
            on: SimDuration::from_millis(500),
            off: SimDuration::from_secs(2),
        }
    }

    /// Mean and variance over mean of the counts in windows of a second.
    fn dispersion(times: &[f64]) -> (f64, f64) {
        let seconds = times[times.len() - 1] as usize;
        let mut counts = vec![0.0; seconds];
        for time in times.iter().filter(|&&time| (time as usize) < seconds) {
            counts[*time as usize] += 1.0;
        }
        let mean = counts.iter().sum::<f64>() / seconds as f64;
        let squares: f64 = counts.iter().map(|count| (count - mean) * (count - mean)).sum();
        (mean, squares / (seconds - 1) as f64 / mean)
    }

    #[test]
    fn gaps_are_draws_of_the_exponential_law_in_whole_nanoseconds() {
        let law = Law::Exponential { mean: 1.0 };
        let golden = (0..10_000u64).map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for bits in golden.chain([1, 1 << 35, u64::MAX - 1, u64::MAX]) {
            let nanos = law.draw(bits, 0).map_or(0, SimDuration::as_nanos);
            assert_eq!(unit_exponential(bits), (nanos as f64).max(0.5) * 1e-9, "{bits}");
        }
    }

    #[test]
    fn poisson_counts_have_their_mean_as_variance() {
        let (mean, dispersion) =
            dispersion(&times(RateCurve::Constant(50.0), Arrivals::Poisson, 100_000));
        // 2000 windows: the mean's standard error is sqrt(50/2000) = 0.16, the dispersion's
        // sqrt(2/2000) = 0.032.
        assert!((mean - 50.0).abs() < 0.64, "{mean}");
        assert!((dispersion - 1.0).abs() < 0.13, "{dispersion}");
    }

    #[test]
    fn bursts_keep_the_mean_and_spread_the_counts() {
        let (mean, dispersion) =
            dispersion(&times(RateCurve::Constant(50.0), bursty(9.0), 200_000));
        // Rates 19.2 and 173 with 20% of the time in bursts: the rate's standard deviation is
        // 61.5; with a correlation time of 0.4 s the mean over 4000 s has a standard error of
        // 61.5 x sqrt(2 x 0.4 / 4000) = 0.87.
        assert!((mean - 50.0).abs() < 3.5, "{mean}");
        // Variance of the integral over 1 s: 2 s² τ² (1/τ - 1 + e^(-1/τ)) with τ = 0.4, s = 61.5.
        let integral = 2.0 * 61.5 * 61.5 * 0.16 * (2.5 - 1.0 + 0.082_085);
        let expected = 1.0 + integral / 50.0;
        assert!((dispersion / expected - 1.0).abs() < 0.15, "{dispersion} for {expected}");
    }

    #[test]
    fn even_spacing_begins_at_half_a_request() {
        let got = times(RateCurve::Constant(2.0), Arrivals::Uniform, 3);
        assert_eq!(got, [0.25, 0.75, 1.25]);
    }

    #[test]
    fn bursts_pass_over_silence_and_end_with_it() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let steps = RateCurve::Steps(
            vec![(at(0), 0.0), (at(1_000_000), 10.0), (at(1_000_010), 0.0)].into(),
        );
        let got = times(steps, bursty(4.0), 400);
        let inside = got.iter().filter(|&&time| (1e6..1e6 + 10.0).contains(&time)).count();
        assert!((20..390).contains(&inside), "{inside}");
        assert!(got[inside..].iter().all(|&time| time > 1e9), "nothing after the end");
    }

    #[test]
    fn a_burst_of_factor_one_is_poisson() {
        let rate = || RateCurve::Constant(3.0);
        assert_eq!(times(rate(), bursty(1.0), 50), times(rate(), Arrivals::Poisson, 50));
    }
}
