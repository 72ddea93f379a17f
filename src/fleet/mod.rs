//! What can serve? Instances and their life cycle, from launch to termination.
//!
//! This room knows start-up, probes, availability and shutdown. It must not know what a request
//! is, who decides (strategies), or when (the calendar is the simulation's).

pub mod crash_loop;
mod division;
mod idset;
mod instance;
mod plan;
mod pool;
mod probe;
mod serving;
mod startup;
mod tally;

pub use division::{Division, Part};
pub use instance::{FULL_SPEED, Instance, State};
pub use plan::{
    FleetPlan, Listen, LivenessPlan, ReadinessPlan, ReadyUntil, ReleasePlan, ShutdownPlan,
    StartupPlan, StartupProbePlan,
};
pub use pool::{Changed, Pool, goes_at_once};
pub use probe::tick_at_or_after;
pub use serving::{Lack, Serving};
pub use startup::{Boot, BootFate, Plans, StartChance};
pub use tally::Counts;
