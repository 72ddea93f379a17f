//! What can serve? Instances and their life cycle, from launch to termination.
//!
//! This room knows start-up, probes, availability and shutdown. It must not know what a request
//! is, who decides (strategies), or when (the calendar is the simulation's).

mod plan;
mod pool;

pub use plan::{
    FleetPlan, Listen, LivenessPlan, ReadinessPlan, ReadyUntil, ReleasePlan, ShutdownPlan,
    StartupPlan, StartupProbePlan,
};
pub use pool::Pool;
