//! Does the simulator say what was published? Cases with a number, a bound or an ordering that
//! stands in a report, a book or an issue, and the scenarios in which it must come out.
//!
//! `cases.rs` is the list; `rules.rs`, `incidents.rs`, `kubernetes.rs` and `flagger.rs` are its
//! parts, all of it data; `quantity.rs` is what can be asked of a run; [`run`] carries the
//! scenarios out and judges.

mod cases;
mod flagger;
mod incidents;
mod kubernetes;
mod quantity;
mod rules;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

pub use cases::cases;
pub use quantity::{Instances, Quantity};

use super::Measured;
use crate::scenario::{Overrides, Report, parse};
use crate::sim::{Detail, Plan};
use crate::stats::interval;

/// Something that was published, and the scenarios that must show it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Short name, such as `V07`.
    pub id: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Its scenarios. All their variants have different names.
    pub scenarios: &'static [Shipped],
    /// What must come out.
    pub claims: &'static [Claim],
}

/// A shipped scenario. Its text is part of the program, which so needs no files.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its path below `scenarios/`.
    pub path: &'static str,
    /// What stands there.
    pub text: &'static str,
}

/// One thing that must come out.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// What is compared, in words.
    pub what: &'static str,
    /// What is simulated.
    pub term: Term,
    /// What was published.
    pub expected: Expected,
    /// What it is a number of.
    pub unit: Unit,
}

/// A quantity of one variant.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The variant's name.
    pub variant: &'static str,
    /// What is asked of it.
    pub quantity: Quantity,
    /// What it is multiplied by: into the published unit.
    pub scale: f64,
}

/// What was published.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// A number, and how far from it still agrees.
    Value(f64, Tolerance),
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// More than the same in another variant.
    MoreThan(Term),
}

/// How far from the published number still agrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Equal, but for the rounding of floating-point arithmetic.
    Exact,
    /// So much of the published number.
    Share(f64),
    /// So many of its units.
    Units(f64),
    /// The 99% confidence interval of the replications' mean covers it.
    Interval99,
}

/// What a claim is a number of; decides how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, 1 being the whole.
    Share,
    /// Whole things.
    Count,
    /// A ratio.
    Ratio,
}

/// A claim and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Finding {
    /// Its case.
    pub case: &'static Case,
    /// The claim.
    pub claim: &'static Claim,
    /// What came out; none where no run defines it.
    pub simulated: Option<f64>,
    /// What came out of the other variant, where two are compared.
    pub other: Option<f64>,
    /// Whether that is what was published.
    pub holds: bool,
}

/// Why the cases could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ValidationError {
    /// A scenario is not accepted.
    #[error("{0}")]
    Scenario(Report),
    /// It was interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// One variant, carried out.
struct Played {
    name: String,
    plan: Plan,
    runs: Vec<Measured>,
}

/// Relative error that the rounding of floating-point arithmetic explains.
const ROUNDING: f64 = 1e-9;

/// Simulates the scenarios of `cases` on all threads there are and says of each claim, in their
/// order, whether it holds.
///
/// # Errors
///
/// If a scenario is not accepted or `interrupted` was set.
pub fn run(
    cases: &[&'static Case],
    interrupted: &AtomicBool,
    simulate: impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync,
) -> Result<Vec<Finding>, ValidationError> {
    let findings = |case: &&'static Case| -> Result<Vec<Finding>, ValidationError> {
        let mut variants = Vec::new();
        for scenario in case.scenarios {
            variants.extend(play(scenario, &simulate)?);
            if interrupted.load(Ordering::Relaxed) {
                return Err(ValidationError::Interrupted);
            }
        }
        Ok(case.claims.iter().map(|claim| judge(case, claim, &variants)).collect())
    };
    let all: Result<Vec<Vec<Finding>>, ValidationError> = cases.par_iter().map(findings).collect();
    Ok(all?.into_iter().flatten().collect())
}

/// Every variant of a scenario.
fn play(
    scenario: &Shipped,
    simulate: &(impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync),
) -> Result<Vec<Played>, ValidationError> {
    let loaded = parse(scenario.text, Path::new(scenario.path), &Overrides::default())
        .map_err(ValidationError::Scenario)?;
    let variants = loaded.scenario.variants.into_par_iter().map(|variant| {
        let plan = variant.plan;
        let one = |replication| {
            let detail = if replication == 0 { Detail::Events } else { Detail::Series };
            simulate(&plan, replication, detail)
        };
        let runs: Option<Vec<Measured>> = (0..plan.simulation.replications).map(one).collect();
        let runs = runs.ok_or(ValidationError::Interrupted)?;
        Ok(Played { name: variant.name, plan, runs })
    });
    variants.collect()
}

fn judge(case: &'static Case, claim: &'static Claim, variants: &[Played]) -> Finding {
    let sample = sample(&claim.term, variants);
    let simulated = mean(&sample);
    let other = match &claim.expected {
        Expected::MoreThan(term) => mean(&self::sample(term, variants)),
        _ => None,
    };
    let holds = simulated.is_some_and(|value| match claim.expected {
        Expected::Value(published, tolerance) => agrees(published, tolerance, value, &sample),
        Expected::AtLeast(least) => value >= least,
        Expected::AtMost(most) => value <= most,
        Expected::MoreThan(_) => other.is_some_and(|other| value > other),
    });
    Finding { case, claim, simulated, other, holds }
}

/// The quantity in every run that defines it, in the published unit.
fn sample(term: &Term, variants: &[Played]) -> Vec<f64> {
    let variant = variants.iter().find(|variant| variant.name == term.variant);
    let Some(Played { plan, runs, .. }) = variant else { return Vec::new() };
    // Only the first run keeps its events.
    let runs = if term.quantity.is_of_events() { &runs[..1] } else { runs };
    let values = runs.iter().filter_map(|one| term.quantity.of(plan, one));
    values.map(|value| value * term.scale).collect()
}

fn mean(sample: &[f64]) -> Option<f64> {
    (!sample.is_empty()).then(|| sample.iter().sum::<f64>() / sample.len() as f64)
}

fn agrees(published: f64, tolerance: Tolerance, value: f64, sample: &[f64]) -> bool {
    let error = (value - published).abs();
    let rounding = ROUNDING * published.abs();
    match tolerance {
        Tolerance::Exact => error <= rounding,
        Tolerance::Share(share) => error <= share * published.abs() + rounding,
        Tolerance::Units(units) => error <= units + rounding,
        Tolerance::Interval99 => interval::mean_t99(sample)
            .is_some_and(|interval| interval.low <= published && published <= interval.high),
    }
}
