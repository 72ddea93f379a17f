//! What would a gate do? Its operating characteristics, over many runs of the same rollout.
//!
//! A [`Workbench`] is a scenario in which each variant is one gate alone, at one rate of requests,
//! with a release of one size of defect; [`crate::experiment::run`] simulates it like any other.
//! Replication k has the same random numbers in all of them, so that differences between gates
//! are the gates'. What follows the decision is cut off: a run ends when the gate fails.
//!
//! | file | what it answers |
//! |---|---|
//! | `mod.rs` | which runs, and what did they say? |
//! | `setting.rs` | what is the plan with one gate alone and a defect of that size? |
//! | `warn.rs` | which gates cannot work at this traffic? |

mod setting;
mod warn;

use serde::Serialize;

use self::setting::{Defect, Setting};
use super::{Estimate, Results, VariantResults};
use crate::scenario::{Scenario, Variant, nearest};
use crate::sim::{Outcome, Plan};
use crate::stats::normal;
use crate::stats::proportion::{Share, wilson};

/// Runs of each cell where neither the file nor the command line asks for more.
pub const LEAST_RUNS: u32 = 100;

/// What is asked of the gates of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The gates, by name; empty: every gate.
    pub gates: Vec<String>,
    /// Sizes of the defect as multiples of the file's own, finite and > 0.
    pub effects: Vec<f64>,
    /// Requests/s, finite and > 0; empty: the file's own traffic.
    pub rates: Vec<f64>,
    /// Runs of each cell; none: the file's, [`LEAST_RUNS`] at least.
    pub replications: Option<u32>,
}

/// Why a scenario's gates cannot be put to work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkbenchError {
    /// There is no gate.
    #[error(
        "the scenario has no gates; add `[gates.NAME]` with its `metric` and its limit, and name \
         it in a strategy"
    )]
    NoGates,
    /// No strategy asks for one.
    #[error(
        "no strategy of the scenario asks for a gate; write `gates = [\"{0}\"]` in a strategy or a \
         step"
    )]
    NoPlace(String),
    /// No gate has this name.
    #[error("there is no gate called `{name}`; {help}")]
    Unknown {
        /// The name.
        name: String,
        /// What would be right.
        help: String,
    },
}

/// One gate, at one rate, with one size of defect.
#[derive(Clone, Debug, PartialEq)]
struct Case {
    gate: String,
    strategy: String,
    rate: Option<f64>,
    effect: f64,
}

/// The runs that answer a [`Question`].
#[derive(Clone, Debug)]
pub struct Workbench {
    /// What to simulate: a variant for each case.
    pub scenario: Scenario,
    /// In words, what cannot work.
    pub warnings: Vec<String>,
    cases: Vec<Case>,
}

/// A probability with its 95% interval (Wilson's).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Probability {
    /// Share of the runs.
    pub share: f64,
    /// The 95% interval.
    pub ci95: [f64; 2],
}

impl Probability {
    fn of(count: usize, runs: usize) -> Self {
        let share = Share { failed: count as u64, of: runs as u64 };
        let (low, high) = wilson(share, normal::quantile(0.975));
        Self { share: share.value(), ci95: [low, high] }
    }
}

/// What one gate does to one size of defect at one rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Characteristic {
    /// The gate's name.
    pub gate: String,
    /// The strategy in which it stood.
    pub strategy: String,
    /// Requests/s; none: the file's own traffic, which is not constant.
    pub rate: Option<f64>,
    /// Size of the defect as a multiple of the file's own; 0: a good release.
    pub effect: f64,
    /// How many runs there were.
    pub runs: u32,
    /// The gate failed: a false alarm of a good release, a catch of a bad one.
    pub caught: Probability,
    /// The new version came everywhere: a bad release was missed.
    pub passed: Probability,
    /// Neither: the gate could not tell, or the rollout came to an end by itself.
    pub undecided: Probability,
    /// Seconds from the rollout's start to the decision, whichever it was.
    pub decision_s: Option<Estimate>,
    /// Seconds to the decision of those runs in which the gate failed.
    pub caught_s: Option<Estimate>,
    /// Requests that the new version answered until the decision.
    pub exposed: Option<Estimate>,
}

impl Workbench {
    /// Sets up the runs that answer `question` about the gates of `scenario`. Of a strategy with
    /// sweeps the first variant stands for all, which a warning says.
    ///
    /// # Errors
    /// If there is no such gate, or no place where one could stand.
    pub fn new(scenario: &Scenario, question: &Question) -> Result<Self, WorkbenchError> {
        let gates = chosen(scenario, &question.gates)?;
        let mut bench = Self {
            scenario: Scenario { variants: Vec::new(), ..scenario.clone() },
            warnings: Vec::new(),
            cases: Vec::new(),
        };
        let mut rates: Vec<Option<f64>> = question.rates.iter().copied().map(Some).collect();
        if rates.is_empty() {
            rates.push(None);
        }
        let defect = scenario.variants.first().map_or(Defect::Nothing, |one| Defect::of(&one.plan));
        let effects = match defect {
            Defect::Something => question.effects.as_slice(),
            Defect::Nothing => {
                bench.warnings.push(setting::NO_DEFECT.to_owned());
                &[]
            }
        };
        for gate in &gates {
            let variant = place_of(scenario, gate)?;
            let said = setting::one_of_a_sweep(variant);
            if let Some(text) = said.filter(|text| !bench.warnings.contains(text)) {
                bench.warnings.push(text);
            }
            for &rate in &rates {
                let setting = Setting { variant, gate, rate };
                let runs = question.replications;
                let smallest = effects.iter().copied().fold(f64::INFINITY, f64::min);
                bench.warnings.extend(warn::warnings(&setting, smallest));
                for effect in std::iter::once(0.0).chain(effects.iter().copied()) {
                    bench.add(&setting, effect, runs);
                }
            }
        }
        Ok(bench)
    }

    fn add(&mut self, setting: &Setting<'_>, effect: f64, runs: Option<u32>) {
        let mut plan = setting.plan(effect);
        let runs = runs.unwrap_or(plan.simulation.replications.max(LEAST_RUNS));
        plan.simulation.replications = runs.max(1);
        let rate = setting.constant_rate();
        let Setting { gate, variant, .. } = setting;
        let at = rate.map_or(String::new(), |rate| format!(" rate={rate}"));
        self.scenario.variants.push(Variant {
            name: format!("{gate}{at} effect={effect}"),
            strategy: variant.strategy.clone(),
            parameters: Vec::new(),
            plan,
        });
        self.cases.push(Case {
            gate: (*gate).to_owned(),
            strategy: variant.strategy.clone(),
            rate,
            effect,
        });
    }

    /// What the runs of the workbench's own scenario said, case by case: for each gate and each
    /// rate a good release first, then the sizes of the defect.
    #[must_use]
    pub fn characteristics(&self, results: &Results) -> Vec<Characteristic> {
        self.cases.iter().zip(&results.variants).map(|(case, runs)| summary(case, runs)).collect()
    }
}

fn summary(case: &Case, results: &VariantResults) -> Characteristic {
    let runs = &results.runs;
    // In these plans only a gate aborts.
    let count = |wanted: &dyn Fn(Outcome) -> bool| {
        Probability::of(runs.iter().filter(|run| wanted(run.outcome)).count(), runs.len())
    };
    let is_caught = |outcome| outcome == Outcome::Aborted;
    let is_passed = |outcome| outcome == Outcome::Completed;
    let estimate = |metric: &str, wanted: &dyn Fn(Outcome) -> bool| {
        let runs = runs.iter().filter(|run| wanted(run.outcome));
        Estimate::of(&runs.filter_map(|run| run.metrics.get(metric)).collect::<Vec<_>>())
    };
    Characteristic {
        gate: case.gate.clone(),
        strategy: case.strategy.clone(),
        rate: case.rate,
        effect: case.effect,
        runs: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        caught: count(&is_caught),
        passed: count(&is_passed),
        undecided: count(&|outcome| !is_caught(outcome) && !is_passed(outcome)),
        decision_s: estimate("duration_s", &|_| true),
        caught_s: estimate("duration_s", &is_caught),
        exposed: estimate("exposed_requests", &|_| true),
    }
}

/// The gates asked for, in the order of the file.
fn chosen(scenario: &Scenario, asked: &[String]) -> Result<Vec<String>, WorkbenchError> {
    let all: Vec<String> = scenario.variants.first().map_or_else(Vec::new, |variant| {
        variant.plan.gates.iter().map(|gate| gate.name.clone()).collect()
    });
    if all.is_empty() {
        return Err(WorkbenchError::NoGates);
    }
    for name in asked {
        if !all.contains(name) {
            let help = match nearest(name, all.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the scenario has {}", listed(&all)),
            };
            return Err(WorkbenchError::Unknown { name: name.clone(), help });
        }
    }
    Ok(all.into_iter().filter(|name| asked.is_empty() || asked.contains(name)).collect())
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The first variant whose strategy asks for the gate, or the first that asks for any.
fn place_of<'a>(scenario: &'a Scenario, gate: &str) -> Result<&'a Variant, WorkbenchError> {
    let uses = |plan: &Plan, name: Option<&str>| {
        let is_wanted = |one: &str| name.is_none_or(|name| name == one);
        let steps = plan.strategy.parameters.gates();
        let guards = plan.strategy.guards.iter().map(|&guard| plan.gates[guard].name.as_str());
        steps.iter().any(|one| is_wanted(&one.name)) || guards.into_iter().any(is_wanted)
    };
    let mut variants = scenario.variants.iter();
    let own = variants.clone().find(|variant| uses(&variant.plan, Some(gate)));
    own.or_else(|| variants.find(|variant| uses(&variant.plan, None)))
        .ok_or_else(|| WorkbenchError::NoPlace(gate.to_owned()))
}
