//! What some replications of one variant said. Parts of one variant add up to the whole, however
//! it was divided.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::timeline::Timeline;
use super::warmup::{self, Halves};
use super::{Measured, RunResult, Story, VariantResults, control};
use crate::sim::{Pairing, Plan};

/// Some replications of one variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    runs: BTreeMap<u32, RunResult>,
    timeline: Timeline,
    /// There from replication 0 on.
    story: Option<Story>,
    halves: BTreeMap<u32, Halves>,
    luck: BTreeMap<u32, f64>,
    pairing: Pairing,
}

impl Part {
    /// Adds a replication that it does not have yet.
    pub(super) fn add(&mut self, plan: &Plan, replication: u32, measured: Measured) {
        let Measured { mut run, metrics } = measured;
        self.timeline.add(plan, &run);
        self.halves.extend(Halves::of(&run).map(|halves| (replication, halves)));
        self.luck.extend(control::luck(plan, replication).map(|luck| (replication, luck)));
        self.pairing = plan.simulation.pairing;
        if replication == 0 {
            self.story = Some(Story {
                start: run.start,
                zones: plan.fleet.zones.clone(),
                events: std::mem::take(&mut run.events),
            });
        }
        self.runs.insert(replication, RunResult { outcome: run.outcome, metrics });
    }

    /// The outcome and the metrics of one replication, without what happened over time.
    pub(super) fn of(replication: u32, result: RunResult) -> Self {
        Self { runs: BTreeMap::from([(replication, result)]), ..Self::default() }
    }

    /// Adds replications that it does not have yet.
    ///
    /// # Errors
    /// The number of a replication that both have; nothing is added then.
    pub fn merge(&mut self, other: Self) -> Result<(), u32> {
        let (few, many) =
            if self.runs.len() < other.runs.len() { (&*self, &other) } else { (&other, &*self) };
        if let Some(&twice) = few.runs.keys().find(|number| many.runs.contains_key(number)) {
            return Err(twice);
        }
        self.runs.extend(other.runs);
        self.halves.extend(other.halves);
        self.luck.extend(other.luck);
        if other.pairing == Pairing::Antithetic {
            self.pairing = other.pairing;
        }
        self.timeline.merge(other.timeline);
        self.story = self.story.take().or(other.story);
        Ok(())
    }

    /// The replications, by number.
    #[must_use]
    pub const fn runs(&self) -> &BTreeMap<u32, RunResult> {
        &self.runs
    }

    /// The whole of a variant.
    pub(super) fn into_results(
        self,
        name: &str,
        strategy: &str,
        parameters: &[(String, serde_json::Value)],
    ) -> VariantResults {
        let timeline = self.timeline.rows();
        let halves: Vec<Halves> = self.halves.into_values().collect();
        VariantResults {
            pairing: self.pairing,
            luck: self.luck.into_values().collect(),
            unsettled: warmup::unsettled(&timeline, &halves),
            name: name.to_owned(),
            strategy: strategy.to_owned(),
            parameters: parameters.to_vec(),
            runs: self.runs.into_values().collect(),
            timeline,
            story: self.story.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::sim::Detail;

    fn part(numbers: &[u32]) -> Part {
        let scenario = fixture::scenario(&["surge"], 1);
        let plan = &scenario.variants[0].plan;
        let mut part = Part::default();
        for &number in numbers {
            let detail = if number == 0 { Detail::Events } else { Detail::Series };
            part.add(plan, number, fixture::simulate(plan, number, detail));
        }
        part
    }

    #[test]
    fn parts_add_up_to_the_whole_and_survive_being_written() {
        let whole = part(&[0, 1, 2, 3, 4]).into_results("surge", "surge", &[]);
        assert_eq!(whole.story.events.len(), 3);
        let mut sum = part(&[3, 1]);
        let bytes = postcard::to_stdvec(&part(&[4, 0])).expect("a part can be written");
        sum.merge(postcard::from_bytes(&bytes).expect("our own bytes")).expect("nothing twice");
        sum.merge(part(&[2])).expect("nothing twice");
        let sum = sum.into_results("surge", "surge", &[]);
        assert_eq!((&sum.runs, &sum.timeline), (&whole.runs, &whole.timeline));
        assert!(sum.story.events.iter().eq(whole.story.events.iter()));
    }

    #[test]
    fn no_replication_counts_twice() {
        let mut sum = part(&[0, 1, 2]);
        assert_eq!(sum.merge(part(&[3, 2])), Err(2));
        assert_eq!(sum, part(&[0, 1, 2]));
    }
}
