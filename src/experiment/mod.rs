//! Which runs, and what do they say together? From a scenario to its results.
//!
//! [`sweep`] simulates cells (a variant and a replication each) on threads. What comes back adds up
//! the same in any order, so that the results do not depend on how many threads there were, or on
//! how many machines. [`run`] is that with all results in memory. Procedures that decide by
//! simulating which runs they need next ask a [`lab::Lab`].
//!
//! This room knows samples and their uncertainty. It must not know how a run is simulated inside
//! or how results are shown.
//!
//! | folder or file | what it answers |
//! |---|---|
//! | `run.rs`, `course.rs`, `grid.rs` | which cells? |
//! | `sweep.rs`, `todo.rs`, `threads.rs` | in which order, and where? |
//! | `part.rs`, `timeline.rs` | what do cells add up to? |
//! | `store.rs`, `shard.rs` | what is kept on disk, and whose is which part? |
//! | `spool.rs` | what is out of the way until the end? |
//! | `lab.rs` | what does a procedure know that asks for more? |
//! | `estimate.rs`, `precision.rs`, `control.rs`, `pairs.rs` | how sure is a number? |
//! | `compare.rs`, `mixture.rs` | what differs, and what do several releases come to? |
//! | `warmup.rs` | has the fleet settled before the rollout? |
//! | `policy/` | does a policy hold, and what would put it right? |
//! | `tune/`, `vary.rs` | which point of a search space is the best? |
//! | `advise/` | what are the answers to the three questions asked most? |
//! | `sensitivity/` | which field matters most? |
//! | `workbench/` | what would a gate do? |
//! | `validation/` | do published cases come out? |

pub mod advise;
pub mod compare;
mod control;
mod course;
mod estimate;
#[cfg(test)]
pub(crate) mod fixture;
mod grid;
pub mod lab;
pub mod mixture;
mod pairs;
mod part;
pub mod policy;
pub mod precision;
mod run;
pub mod sensitivity;
pub mod shard;
mod size;
pub mod spool;
pub mod store;
mod sweep;
mod threads;
mod timeline;
mod todo;
pub mod tune;
pub mod validation;
pub mod vary;
mod warmup;
pub mod workbench;

pub use course::{Course, End, Measured, Order, Settings, SweepError};
pub use estimate::{Adjusted, Estimate, Method, Pooled, Sample};
pub use grid::Grid;
pub use part::Part;
pub use run::run;
pub use size::expected_requests;
pub use sweep::sweep;
pub use timeline::TimelineRow;
pub use warmup::{Series, Unsettled};

use serde::{Deserialize, Serialize};

use crate::measure::Metrics;
use crate::sim::{Outcome, Pairing, Trace};
use crate::units::SimTime;

/// What a scenario's runs said.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// The scenario's name.
    pub scenario: String,
    /// The seed of the scenario.
    pub seed: u64,
    /// One for each variant, in the scenario's order.
    pub variants: Vec<VariantResults>,
}

/// What the replications of one variant said.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantResults {
    /// The variant's name.
    pub name: String,
    /// The strategy's name.
    pub strategy: String,
    /// The swept fields that touch it: full path and value.
    pub parameters: Vec<(String, serde_json::Value)>,
    /// One for each replication, in order.
    pub runs: Vec<RunResult>,
    /// State and rates over time, means over the replications.
    pub timeline: Vec<TimelineRow>,
    /// What happened in replication 0.
    pub story: Story,
    /// What has not settled before the rollout; none where the baseline is what it should be.
    pub unsettled: Option<Unsettled>,
    /// What the replications have to do with each other.
    pub pairing: Pairing,
    /// By how many seconds the work of each replication's starts was above what is expected; empty
    /// where that does not vary.
    pub luck: Vec<f64>,
}

/// How one run ended and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost.
    pub metrics: Metrics,
}

/// The events of one run, with what it takes to read them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The rollout's start, from which the times in files are counted.
    pub start: SimTime,
    /// Names of the zones, by number.
    pub zones: Vec<String>,
    /// The events, in order.
    pub events: Trace,
}

impl VariantResults {
    /// How many replications ended in each way, in the order of [`Outcome::ALL`]; ways in which
    /// none ended are left out.
    #[must_use]
    pub fn outcomes(&self) -> Vec<(Outcome, u32)> {
        Outcome::ALL
            .into_iter()
            .map(|outcome| {
                let runs = self.runs.iter().filter(|run| run.outcome == outcome).count();
                (outcome, u32::try_from(runs).unwrap_or(u32::MAX))
            })
            .filter(|&(_, runs)| runs > 0)
            .collect()
    }

    /// The estimate of each of [`crate::measure::METRICS`]; none for a metric that no replication
    /// defines.
    #[must_use]
    pub fn estimates(&self) -> Vec<Option<Estimate>> {
        let Self { runs, pairing, luck, .. } = self;
        estimate::of_sample(Sample { runs, pairing: *pairing, luck })
    }

    /// What is independent of each other: the metrics of each run, or the means of those of each
    /// antithetic pair.
    #[must_use]
    pub fn observations(&self) -> Vec<Metrics> {
        pairs::of_runs(&self.runs, self.pairing)
    }
}
