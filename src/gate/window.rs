//! What a gate is shown: what has been observed so far, scrape by scrape.

use super::metric::{Metric, Scope};
use crate::stats::proportion::Share;
use crate::traffic::CoarseHistogram;
use crate::units::{Merge, SimDuration, Version};

/// What was observed of one version in one scrape step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Requests that ended at it, well or not.
    pub requests: u64,
    /// Of those, failed.
    pub failed: u64,
    /// Latency of the successes.
    pub latency: CoarseHistogram,
    /// Ready instances at the scrape.
    pub ready: u32,
    /// Desired instances at the scrape.
    pub desired: u32,
    /// Processes that died by themselves.
    pub crashes: u32,
}

/// What was observed from one scrape to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// From the scrape before.
    pub length: SimDuration,
    /// By version.
    pub versions: [Sample; 2],
    /// Requests that failed without reaching an instance.
    pub unserved: u64,
    /// Desired instances of the fleet.
    pub fleet: u32,
}

/// What the requests looked like before the rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Of the service in the baseline window; no requests: it was not observed.
    pub sample: Sample,
    /// Requests/s taken to have ended before anything was observed, and the share of them that
    /// failed: what fills windows that reach further back than the observation.
    pub before: (f64, f64),
}

/// What the service promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Share of requests that must succeed, in (0, 1).
    pub availability: f64,
    /// Length of the budget's window.
    pub window: SimDuration,
}

impl Objective {
    /// Burn rate of an error rate.
    #[must_use]
    pub fn burn(&self, error_rate: f64) -> f64 {
        error_rate / (1.0 - self.availability)
    }
}

/// What a gate is shown at one look. It ends with the last scrape that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// What the gate looks at.
    pub metric: Metric,
    /// Whose.
    pub scope: Scope,
    /// The steps since it began, oldest first; what lies before the beginning is in none of them.
    /// For a test that needs the history, every step there was.
    pub steps: &'a [Step],
    /// How many of the last of them lie in the gate's window.
    pub recent: usize,
    /// Before the rollout.
    pub baseline: &'a Baseline,
    /// What the service promises.
    pub objective: Objective,
    /// Number of this look, from 1.
    pub look: u32,
}

impl Window<'_> {
    /// The steps in the gate's window.
    #[must_use]
    pub fn in_window(&self) -> &[Step] {
        &self.steps[self.steps.len() - self.recent.min(self.steps.len())..]
    }

    /// How long these steps are together.
    #[must_use]
    pub fn covered(&self) -> SimDuration {
        self.in_window().iter().fold(SimDuration::ZERO, |sum, step| sum + step.length)
    }

    /// Failures among the requests of a scope in the window.
    #[must_use]
    pub fn share(&self, scope: Scope) -> Share {
        share(self.in_window(), scope)
    }

    /// How much there is to judge by: requests, or for what is not about requests scrapes.
    #[must_use]
    pub fn samples(&self) -> u64 {
        if self.metric.is_of_requests() {
            return self.share(self.scope).of;
        }
        self.in_window().len() as u64
    }

    /// The metric of its scope in the window; none without data.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.value_of(self.metric, self.scope)
    }

    /// Another metric or another scope in the window; none without data.
    #[must_use]
    pub fn value_of(&self, metric: Metric, scope: Scope) -> Option<f64> {
        value(self.in_window(), metric, scope, &self.objective)
    }

    /// The metric before the rollout; none if it was not observed.
    #[must_use]
    pub fn baseline_value(&self) -> Option<f64> {
        let sample = &self.baseline.sample;
        let errors = Share { failed: sample.failed, of: sample.requests };
        match self.metric.quantile() {
            Some(quantile) => sample.latency.quantile(quantile).map(SimDuration::as_secs_f64),
            None => of_failures(self.metric, errors, &self.objective),
        }
    }

    /// The metric scrape by scrape in the window, not a number where a scrape has none.
    pub fn series(&self, metric: Metric, scope: Scope) -> impl Iterator<Item = f64> + '_ {
        let objective = self.objective;
        self.in_window().iter().map(move |step| {
            value(std::slice::from_ref(step), metric, scope, &objective).unwrap_or(f64::NAN)
        })
    }
}

fn share(steps: &[Step], scope: Scope) -> Share {
    steps.iter().map(|step| share_of(step, scope)).fold(Share { failed: 0, of: 0 }, |sum, one| {
        Share { failed: sum.failed + one.failed, of: sum.of + one.of }
    })
}

/// Failures among the requests of a scope in one step.
pub(super) fn share_of(step: &Step, scope: Scope) -> Share {
    let of = |sample: &Sample| Share { failed: sample.failed, of: sample.requests };
    let [old, new] = Version::ALL.map(|version| of(&step.versions[version.index()]));
    match scope {
        Scope::Old => old,
        Scope::New => new,
        Scope::Service => Share {
            failed: old.failed + new.failed + step.unserved,
            of: old.of + new.of + step.unserved,
        },
    }
}

/// Samples of a step that a scope takes in.
fn samples(step: &Step, scope: Scope) -> &[Sample] {
    match scope {
        Scope::Old => &step.versions[..1],
        Scope::New => &step.versions[1..],
        Scope::Service => &step.versions,
    }
}

fn of_failures(metric: Metric, share: Share, objective: &Objective) -> Option<f64> {
    if share.of == 0 {
        return None;
    }
    match metric {
        Metric::ErrorRate => Some(share.value()),
        Metric::Availability => Some(1.0 - share.value()),
        Metric::BurnRate => Some(objective.burn(share.value())),
        _ => None,
    }
}

fn value(steps: &[Step], metric: Metric, scope: Scope, objective: &Objective) -> Option<f64> {
    if let Some(quantile) = metric.quantile() {
        let mut all = CoarseHistogram::default();
        for sample in steps.iter().flat_map(|step| samples(step, scope)) {
            all.merge(&sample.latency);
        }
        return all.quantile(quantile).map(SimDuration::as_secs_f64);
    }
    match metric {
        Metric::ReadyFraction => ready_fraction(steps, scope),
        Metric::CrashCount => {
            let all = steps.iter().flat_map(|step| samples(step, scope));
            let crashes: u32 = all.map(|sample| sample.crashes).sum();
            (!steps.is_empty()).then(|| f64::from(crashes))
        }
        _ => of_failures(metric, share(steps, scope), objective),
    }
}

/// The mean over the scrapes at which any instance was desired.
fn ready_fraction(steps: &[Step], scope: Scope) -> Option<f64> {
    let fraction = |step: &Step| {
        let ready: u32 = samples(step, scope).iter().map(|sample| sample.ready).sum();
        let desired = match scope {
            Scope::Service => step.fleet,
            _ => samples(step, scope).iter().map(|sample| sample.desired).sum(),
        };
        (desired > 0).then(|| f64::from(ready) / f64::from(desired))
    };
    let fractions: Vec<f64> = steps.iter().filter_map(fraction).collect();
    let count = fractions.len() as f64;
    (count > 0.0).then(|| fractions.iter().sum::<f64>() / count)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::gate) const OBJECTIVE: Objective =
        Objective { availability: 0.999, window: SimDuration::from_secs(30 * 86_400) };

    pub(in crate::gate) const fn no_baseline() -> Baseline {
        Baseline {
            sample: Sample {
                requests: 0,
                failed: 0,
                latency: CoarseHistogram::EMPTY,
                ready: 0,
                desired: 0,
                crashes: 0,
            },
            before: (0.0, 0.0),
        }
    }

    static NO_BASELINE: Baseline = no_baseline();

    /// A step of so many seconds with failures and requests of the new version and of the old.
    pub(in crate::gate) fn step(seconds: u64, new: (u64, u64), old: (u64, u64)) -> Step {
        let sample = |(failed, requests)| Sample { failed, requests, ..Sample::default() };
        Step {
            length: SimDuration::from_secs(seconds),
            versions: [sample(old), sample(new)],
            unserved: 0,
            fleet: 10,
        }
    }

    /// All of these steps are in the window.
    pub(in crate::gate) fn window(steps: &[Step]) -> Window<'_> {
        Window {
            metric: Metric::ErrorRate,
            scope: Scope::New,
            steps,
            recent: steps.len(),
            baseline: &NO_BASELINE,
            objective: OBJECTIVE,
            look: 1,
        }
    }

    #[test]
    fn only_the_last_steps_are_in_the_window() {
        let steps = [step(15, (5, 10), (0, 90)), step(15, (1, 10), (2, 90))];
        let one = Window { recent: 1, ..window(&steps) };
        assert_eq!(one.value(), Some(0.1));
        assert_eq!(one.value_of(Metric::Availability, Scope::Service), Some(0.97));
        assert_eq!(one.covered(), SimDuration::from_secs(15));
        assert_eq!(window(&steps).value(), Some(0.3));
        let series: Vec<f64> = window(&steps).series(Metric::ErrorRate, Scope::New).collect();
        assert_eq!(series, [0.5, 0.1]);
    }

    #[test]
    fn without_data_there_is_no_value() {
        for metric in Metric::ALL {
            let nothing = Window { metric, ..window(&[]) };
            assert_eq!((nothing.value(), nothing.samples()), (None, 0), "{metric:?}");
            assert_eq!(nothing.baseline_value(), None);
        }
        let empty = [step(15, (0, 0), (0, 0))];
        assert_eq!(window(&empty).value(), None);
        let ready = Window { metric: Metric::ReadyFraction, ..window(&empty) };
        assert_eq!(ready.value(), None, "no new instance is desired");
    }
}
