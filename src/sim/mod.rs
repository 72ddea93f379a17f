//! How do the pieces meet? One run: a plan and a replication in, a record out.
//!
//! This room knows the calendar, the fleet, the requests and the strategy, and alone changes the
//! world. It must not know files, threads or what the record is used for.

mod plan;
mod run;

pub use plan::{HealthCheckPlan, Plan, RoutingPlan, SimulationPlan, SloPlan, StrategyPlan};
pub use run::{Detail, EventRow, Observed, Outcome, Run, StateBin};
