//! How do the pieces meet? One run: a plan and a replication in, a record out.
//!
//! This room knows the calendar, the fleet, the requests and the strategy, and alone changes the
//! world. It must not know files, threads or what the record is used for.

mod berth;
mod boots;
mod cell_sums;
mod decider;
mod demand;
mod event;
mod fault;
mod gates;
mod observe;
mod operator;
mod plan;
mod rollout;
mod routing;
mod run;
mod shared;
mod shortcut;
mod side;
mod simulate;
mod start;
mod stop;
mod trace;
mod turn;
mod world;

pub use fault::mean_rate;
pub use plan::{
    HealthCheckPlan, OperatorAction, OperatorPlan, Pairing, Plan, RoutingPlan, SimulationPlan,
    SloPlan, StrategyPlan,
};
pub use run::{Detail, EventRow, Observed, Outcome, Run, StateBin};
pub use shared::Shared;
pub use simulate::simulate;
pub use trace::Trace;
