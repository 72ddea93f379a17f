//! Which policy is the best? A search over fields of a scenario, by simulation.
//!
//! [`search`] asks a [`Lab`] for runs until it knows with the confidence asked for which candidate
//! is the best, or, with several objectives, which are beaten by none. What it asks for depends on
//! what it was told before and on nothing else.
//!
//! | file | what it answers |
//! |---|---|
//! | `space.rs` | what may be chosen? |
//! | `goal.rs` | what is wanted? |
//! | `pool.rs` | which candidates are there, and what are their runs? |
//! | `explore.rs` | which points are simulated? |
//! | `race.rs` | who meets the constraints, who is still in the race? |
//! | `select.rs` | who is the best, with one objective? |
//! | `compromise.rs` | who is beaten by none, with several? |
//! | `answer.rs` | what became of each, and why? |

mod answer;
mod compromise;
mod explore;
pub mod goal;
mod pool;
mod race;
mod select;
pub mod space;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Judged, Nothing, Status};
pub use compromise::Hypervolume;
pub use pool::{Build, Refused};
pub use race::Verdict;
pub use space::{Axis, Space};

use self::goal::{Aim, Constraint, Objective, Zone};
use self::pool::Pool;
use self::race::Race;
use super::lab::{Lab, Stopped};
use crate::scenario::Report;

/// What is asked of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What is to be small, or large; at least one.
    pub objectives: Vec<Objective>,
    /// How much of each does not matter.
    pub zones: Vec<Zone>,
    /// What has to hold.
    pub constraints: Vec<Constraint>,
    /// Probability, in (0.5, 1), with which everything that is concluded is right.
    pub confidence: f64,
    /// Runs of each candidate before anything is concluded, >= 2.
    pub pilot: u32,
    /// Most runs of a candidate.
    pub most: u32,
    /// So many runs in all, spread by the optimal computing budget allocation; none: as many as
    /// it takes.
    pub budget: Option<usize>,
    /// Least share of the pilot runs that must complete.
    pub completed: f64,
    /// Largest space that is simulated whole.
    pub whole: usize,
}

/// Share that does not matter unless it is said, of what [`Zone::Share`] names.
pub const INDIFFERENCE: f64 = 0.01;

impl Question {
    /// A question with these objectives and constraints, and the usual answer to all else: 95%, 10
    /// runs first and 200 at most, nine of ten must complete, 256 points whole.
    #[must_use]
    pub fn new(objectives: Vec<Objective>, constraints: Vec<Constraint>) -> Self {
        Self {
            zones: vec![Zone::Share(INDIFFERENCE); objectives.len()],
            objectives,
            constraints,
            confidence: 0.95,
            pilot: 10,
            most: 200,
            budget: None,
            completed: 0.9,
            whole: 256,
        }
    }

    /// What is compared where nothing is said: how long it takes if there are constraints to meet,
    /// else that against capacity, the error budget, and what the surge costs.
    #[must_use]
    pub fn usual_objectives(has_constraints: bool, has_price: bool) -> Vec<Objective> {
        let surge = if has_price { "cost" } else { "surge_instance_s" };
        let all = [
            ("duration_s", Aim::Minimize),
            ("capacity_min", Aim::Maximize),
            ("error_budget_spent", Aim::Minimize),
            (surge, Aim::Minimize),
        ];
        let count = if has_constraints { 1 } else { all.len() };
        let read = |(name, aim)| Objective::read(name, aim).ok();
        all.into_iter().take(count).filter_map(read).collect()
    }
}

/// How the best was found, and what that promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Kim and Nelson's sequential procedure.
    KimNelson {
        /// Probability of a wrong selection, at most.
        alpha: f64,
        /// How many were compared.
        systems: usize,
        /// Whether it came to its end within the runs allowed.
        is_reached: bool,
    },
    /// The optimal computing budget allocation.
    Allocation {
        /// Runs in all.
        budget: usize,
        /// Estimated probability of a right selection.
        probability: f64,
        /// How many were compared.
        systems: usize,
    },
    /// Paired comparison of all with all.
    Front {
        /// Probability that anyone was dropped wrongly, at most.
        alpha: f64,
        /// How many were compared.
        systems: usize,
        /// Whether all differences that are left are known well enough.
        is_reached: bool,
    },
}

/// Why a search came to no answer.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// The runs could not be had.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The scenario's rules refuse every point.
    #[error("all {1} points of the search space are refused")]
    AllRefused(Box<Report>, usize),
    /// The budget does not reach for the pilot.
    #[error(
        "a budget of {budget} runs is not enough for {pilot} pilot runs of each of {points} \
         candidates; allow {} or more, or fewer points", points * pilot
    )]
    Budget {
        /// Runs allowed.
        budget: usize,
        /// Candidates to begin with.
        points: usize,
        /// Runs of each.
        pilot: usize,
    },
}

/// Searches the space for what `question` asks. `build` makes the plan of a point.
///
/// # Errors
/// If the runs cannot be had, or there is nothing to simulate.
pub fn search(
    space: &Space,
    question: &Question,
    build: Build<'_>,
    lab: &mut Lab<'_>,
) -> Result<Answer, TuneError> {
    let mut race = Race::new(question, Pool::new(space, build, lab));
    race.explore()?;
    race.set_zones();
    let frame = race.frame();
    let alpha = 1.0 - question.confidence;
    // Constraints and comparison share what may go wrong.
    let part = if question.constraints.is_empty() { alpha } else { alpha / 2.0 };
    loop {
        race.screen(part)?;
        let fallen = race.fallen;
        let (best, method) = match (question.objectives.len(), question.budget) {
            (0 | 1, None) => race.sequential(part)?,
            (0 | 1, Some(budget)) => race.allocated(budget, part)?,
            _ => (None, race.compromise(part)?),
        };
        if race.fallen == fallen {
            return Ok(race.answer(best, method, &frame));
        }
        // Each time there is one candidate less.
        race.reopen();
    }
}
