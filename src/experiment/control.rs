//! How lucky was a run with its starts? A control variate whose expectation is known.
//!
//! What the starts of a run take is drawn by their numbers, so it can be added up without
//! simulating, and its mean follows from the laws. Where a metric goes up and down with it, the
//! part of its variance that comes from that luck can be taken out.

use crate::fleet::{Plans, StartChance};
use crate::random::{Law, Seed};
use crate::sim::Plan;
use crate::units::{SimDuration, Version};

/// Starts that are added up at most: those of larger fleets average out anyway.
const MOST_STARTS: u32 = 256;

/// A part of a start: its law, what stretches it, and what a start draws of it.
type Stage<'a> = (&'a Law, f64, &'a dyn Fn(u32) -> SimDuration);

/// By how many seconds the work of the new version's first starts, one for each instance, is above
/// what is expected in this replication; none where it does not vary, or where the laws have no
/// mean or no variance.
pub(super) fn luck(plan: &Plan, replication: u32) -> Option<f64> {
    let simulation = &plan.simulation;
    let chance =
        StartChance::new(Seed { seed: simulation.seed, replication: u64::from(replication) });
    let plans = Plans { startup: &plan.startup, shutdown: &plan.shutdown, release: &plan.release };
    let starts = plan.fleet.instances.min(MOST_STARTS);
    let factor = plan.release.startup_factor;
    let version = Version::New;
    let stages: [Stage<'_>; 4] = [
        (&plan.startup.provision, factor, &|start| chance.provision(&plans, version, start)),
        (&plan.startup.pull, factor, &|start| chance.pull(&plans, version, start)),
        (&plan.startup.boot, factor, &|start| chance.boot(&plans, version, start).work),
        (&plan.shutdown.deploy, 1.0, &|start| chance.deploy(&plans, version, start)),
    ];
    let mut luck = None;
    for (law, factor, draw) in stages {
        if varies(law) {
            let work: f64 = (0..starts).map(|start| draw(start).as_secs_f64()).sum();
            *luck.get_or_insert(0.0) += work - f64::from(starts) * factor * law.mean_s();
        }
    }
    luck
}

/// Whether draws differ, and have a mean and a variance.
fn varies(law: &Law) -> bool {
    match law {
        Law::Constant(_) | Law::List(_) => false,
        Law::Pareto { shape, .. } => *shape > 2.0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    fn lucks(boot: Law, factor: f64) -> Vec<Option<f64>> {
        let mut plan = fixture::scenario(&["surge"], 1).variants[0].plan.clone();
        plan.startup.boot = boot;
        plan.release.startup_factor = factor;
        (0..4000).map(|replication| luck(&plan, replication)).collect()
    }

    /// Twelve boots with a standard deviation of 3 s each, times the factor.
    #[test]
    fn it_is_nothing_on_average() {
        for (law, factor) in [
            (Law::Uniform { min: 10.0, max: 10.0 + 108.0_f64.sqrt() }, 1.0),
            (Law::Exponential { mean: 3.0 }, 2.0),
            (Law::Normal { mean: 40.0, sd: 3.0 }, 1.0),
        ] {
            let lucks: Vec<f64> = lucks(law, factor).into_iter().flatten().collect();
            let mean = lucks.iter().sum::<f64>() / 4000.0;
            let squares: f64 = lucks.iter().map(|luck| (luck - mean) * (luck - mean)).sum();
            let deviation = (squares / 3999.0).sqrt();
            let expected = factor * 3.0 * 12.0_f64.sqrt();
            assert!(mean.abs() < 4.0 * expected / 4000.0_f64.sqrt(), "{mean}");
            assert!((deviation / expected - 1.0).abs() < 0.06, "{deviation} for {expected}");
        }
    }

    #[test]
    fn what_does_not_vary_or_has_no_mean_controls_nothing() {
        let constant = Law::Constant(SimDuration::from_secs(9));
        assert!(lucks(constant, 1.0).iter().all(Option::is_none));
        let wild = Law::Pareto { min: 1.0, shape: 1.5 };
        assert!(lucks(wild, 1.0).iter().all(Option::is_none));
    }
}
