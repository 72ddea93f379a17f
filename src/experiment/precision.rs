//! Are there enough replications, and if not, how many more?
//!
//! The rule looks at the runs so far and nothing else, so that what it asks for is the same on any
//! number of threads. It looks only after whole batches, and not before a pilot of [`PILOT`] runs:
//! stopping as soon as the interval happens to be narrow would make it narrower than it should be
//! (Y. S. Chow and H. Robbins, "On the asymptotic theory of fixed-width sequential confidence
//! intervals for the mean", 1965). A relative precision is asked for as A. M. Law does, *Simulation
//! Modeling and Analysis*, ch. 9.4.1: for a relative error of γ of the unknown mean, half the
//! interval must be at most γ / (1 + γ) of the estimate.

use super::estimate::Sample;
use super::{Estimate, RunResult};
use crate::measure::{HEADLINE, METRICS, position};
use crate::sim::Pairing;

/// Runs before the first look.
pub const PILOT: u32 = 20;
/// Runs of a variant at most, unless said.
pub const MOST: u32 = 1000;

/// How narrow half of a 95% interval is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Half {
    /// So that the mean is off by at most this share of the true one, above 0.
    Relative(f64),
    /// In the metric's unit, above 0.
    Absolute(f64),
}

/// One metric and how precise its mean is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Position in [`METRICS`].
    pub metric: usize,
    /// How precise.
    pub half: Half,
}

/// What is asked for and what it may cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    targets: Vec<Target>,
    pilot: u32,
    most: u32,
    pairing: Pairing,
}

/// What the runs so far call for.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Every metric is as precise as asked for.
    Enough,
    /// So many runs more, at least 1.
    More(u32),
    /// There may be no more runs, and these are not precise enough.
    Short(Vec<Unmet>),
}

/// A metric that is not as precise as asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmet {
    /// The metric's name.
    pub metric: &'static str,
    /// What was asked for.
    pub asked: Half,
    /// Mean and half of the interval; none where fewer than two runs define the metric.
    pub found: Option<(f64, f64)>,
}

impl std::fmt::Display for Unmet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.metric;
        match (self.found, self.asked) {
            (None, _) => write!(f, "`{name}` is defined by fewer than two runs"),
            (Some((0.0, half)), Half::Relative(asked)) => {
                write!(f, "`{name}` is 0 ± {half:.3e}, which is within no {}%", asked * 100.0)
            }
            (Some((mean, half)), Half::Relative(asked)) => {
                // The inverse of what is asked for: within γ of the true mean.
                let share = half / mean.abs();
                let within = if share < 1.0 { share / (1.0 - share) } else { f64::INFINITY };
                if within > 9.995 {
                    return write!(
                        f,
                        "`{name}` is off by more than its size, not {}%",
                        asked * 100.0
                    );
                }
                write!(f, "`{name}` is within {:.3}%, not {}%", within * 100.0, asked * 100.0)
            }
            (Some((_, half)), Half::Absolute(asked)) => {
                write!(f, "`{name}` is within {half:.3}, not {asked}")
            }
        }
    }
}

impl Precision {
    /// A rule that first takes `replications` runs, though no fewer than [`PILOT`], and at most
    /// `most`, which is no less than that.
    #[must_use]
    pub fn new(targets: Vec<Target>, replications: u32, most: u32) -> Self {
        Self { targets, pilot: replications.max(PILOT), most, pairing: Pairing::Independent }
    }

    /// The same for runs that have this to do with each other: of antithetic ones, whole pairs.
    #[must_use]
    pub fn of(self, pairing: Pairing) -> Self {
        match pairing {
            Pairing::Independent => self,
            Pairing::Antithetic => {
                let (pilot, most) = (self.pilot.next_multiple_of(2), self.most / 2 * 2);
                Self { pilot, most, pairing, ..self }
            }
        }
    }

    /// The targets of "every headline metric within this share".
    #[must_use]
    pub fn headline(share: f64) -> Vec<Target> {
        let metrics = HEADLINE.iter().filter_map(|name| position(name));
        metrics.map(|metric| Target { metric, half: Half::Relative(share) }).collect()
    }

    /// Runs before the first look.
    #[must_use]
    pub const fn pilot(&self) -> u32 {
        self.pilot
    }

    /// Runs at most.
    #[must_use]
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// What the runs so far call for. A metric of the headline that no run defines asks for
    /// nothing; one that was named itself and no run defines is never met, yet more runs are made
    /// on account of others only.
    #[must_use]
    pub fn next(&self, runs: &[RunResult]) -> Next {
        let n = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        if n < self.pilot {
            return Next::More(self.pilot.min(self.most).saturating_sub(n).max(1));
        }
        let sample = Sample { runs, pairing: self.pairing, luck: &[] };
        let unmet: Vec<(Unmet, Option<f64>)> = self
            .targets
            .iter()
            .filter_map(|target| target.unmet(sample.estimate(target.metric).as_ref()))
            .collect();
        if unmet.is_empty() {
            return Next::Enough;
        }
        let wanted = unmet.iter().filter_map(|(_, times)| *times).reduce(f64::max);
        match wanted {
            Some(times) if n < self.most => {
                let more = batch(n, times);
                let whole = if self.pairing == Pairing::Antithetic { 2 } else { 1 };
                Next::More(more.next_multiple_of(whole).min(self.most - n))
            }
            _ => Next::Short(unmet.into_iter().map(|(unmet, _)| unmet).collect()),
        }
    }
}

/// How many of so many times `n` runs to make before the next look: 10 to 25% of `n`.
fn batch(n: u32, times: f64) -> u32 {
    let missing = f64::from(n) * (times - 1.0);
    missing.ceil().clamp((f64::from(n) / 10.0).ceil(), (f64::from(n) / 4.0).floor()) as u32
}

impl Target {
    /// What is missing, and how many times as many runs it would take if the spread stays; none
    /// where nothing is missing.
    fn unmet(&self, estimate: Option<&Estimate>) -> Option<(Unmet, Option<f64>)> {
        let unmet = |found| Unmet { metric: METRICS[self.metric].name, asked: self.half, found };
        let found = estimate.and_then(|found| Some((found.mean, found.half_width()?)));
        let Some((mean, half)) = found else {
            let is_headline = matches!(self.half, Half::Relative(_));
            let is_rare = estimate.is_some();
            // A single value among many runs: more runs give more of them.
            return (is_rare || !is_headline).then(|| (unmet(None), is_rare.then_some(2.0)));
        };
        let wanted = match self.half {
            Half::Relative(share) => share / (1.0 + share) * mean.abs(),
            Half::Absolute(wanted) => wanted,
        };
        if half <= wanted {
            return None;
        }
        let times = half / wanted;
        Some((unmet(Some((mean, half))), Some(times * times)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Metrics;
    use crate::sim::Outcome;

    fn runs(name: &str, values: &[Option<f64>]) -> Vec<RunResult> {
        let index = position(name).expect("a metric");
        let run = |value: &Option<f64>| {
            let mut all = vec![None; METRICS.len()];
            all[index] = *value;
            RunResult { outcome: Outcome::Completed, metrics: Metrics::new(all) }
        };
        values.iter().map(run).collect()
    }

    /// Half of them 1 above 100 and half 1 below.
    fn durations(count: u32) -> Vec<RunResult> {
        let value = |k: u32| Some(if k.is_multiple_of(2) { 101.0 } else { 99.0 });
        runs("duration_s", &(0..count).map(value).collect::<Vec<_>>())
    }

    fn absolute(name: &str, half: f64, most: u32) -> Precision {
        let metric = position(name).expect("a metric");
        Precision::new(vec![Target { metric, half: Half::Absolute(half) }], 1, most)
    }

    fn check(precision: &Precision, runs: &[RunResult], next: Next) {
        assert_eq!(precision.next(runs), next, "{} runs", runs.len());
    }

    #[test]
    fn a_pilot_comes_first() {
        let loose = absolute("duration_s", 1e9, 500);
        check(&loose, &[], Next::More(20));
        check(&loose, &durations(7), Next::More(13));
        check(&loose, &durations(20), Next::Enough);
        assert_eq!(Precision::new(Vec::new(), 45, 500).pilot(), 45);
    }

    /// t(19) s / √20 = 2.09302 x 1.02598 / 4.47214 = 0.48017.
    #[test]
    fn batches_are_a_tenth_to_a_quarter() {
        check(&absolute("duration_s", 0.4802, 500), &durations(20), Next::Enough);
        check(&absolute("duration_s", 0.4801, 500), &durations(20), Next::More(2));
        // 1.1522 times as many: 3.04 more.
        check(&absolute("duration_s", 0.48017 / 1.0734, 500), &durations(20), Next::More(4));
        check(&absolute("duration_s", 0.001, 500), &durations(20), Next::More(5));
        check(&absolute("duration_s", 0.001, 500), &durations(200), Next::More(50));
        check(&absolute("duration_s", 0.001, 210), &durations(200), Next::More(10));
    }

    /// Law's adjusted share: 0.48017 / 100 is within γ / (1 + γ) from γ = 0.48249% on.
    #[test]
    fn a_share_of_the_unknown_mean() {
        for (share, next) in [(0.004_826, Next::Enough), (0.004_824, Next::More(2))] {
            let precision = Precision::new(Precision::headline(share), 1, 500);
            check(&precision, &durations(20), next);
        }
    }

    #[test]
    fn who_stops_short_says_where() {
        let precision = absolute("duration_s", 0.01, 20);
        let Next::Short(unmet) = precision.next(&durations(20)) else { panic!("short") };
        assert_eq!(unmet[0].to_string(), "`duration_s` is within 0.480, not 0.01");
        let precision = Precision::new(Precision::headline(0.001), 1, 20);
        let Next::Short(unmet) = precision.next(&durations(20)) else { panic!("short") };
        assert_eq!(unmet.len(), 1);
        assert_eq!(unmet[0].to_string(), "`duration_s` is within 0.482%, not 0.1%");
    }

    #[test]
    fn antithetic_runs_come_in_pairs() {
        let rule = absolute("duration_s", 0.01, 500).of(Pairing::Antithetic);
        // Each pair is 101 and 99: their mean does not vary.
        check(&rule, &durations(20), Next::Enough);
        let value = |k: u32| Some(f64::from(100 + k / 2 % 2));
        let runs = self::runs("duration_s", &(0..42).map(value).collect::<Vec<_>>());
        check(&rule, &runs, Next::More(10));
        assert_eq!(Precision::new(Vec::new(), 25, 31).of(Pairing::Antithetic).pilot(), 26);
    }

    #[test]
    fn what_no_run_defines_is_never_met_and_not_waited_for() {
        let precision = absolute("rollback_s", 1.0, 500);
        let Next::Short(unmet) = precision.next(&durations(20)) else { panic!("short") };
        assert_eq!(unmet[0].to_string(), "`rollback_s` is defined by fewer than two runs");
        let mut values = vec![None; 20];
        values[3] = Some(8.0);
        check(&precision, &runs("rollback_s", &values), Next::More(5));
    }

    #[test]
    fn nothing_is_within_a_share_of_zero_but_zero() {
        let precision = Precision::new(Precision::headline(0.05), 1, 20);
        check(&precision, &runs("availability", &[Some(0.0); 20]), Next::Enough);
        let mut values = [Some(-1.0); 20];
        values[..10].fill(Some(1.0));
        let Next::Short(unmet) = precision.next(&runs("availability", &values)) else {
            panic!("short")
        };
        assert!(unmet[0].to_string().contains("within no 5%"), "{}", unmet[0]);
    }
}
