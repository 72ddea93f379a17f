//! How much arrives, where does it go, what happens to it? The data plane: every request, and
//! nothing about why the fleet changes.
//!
//! This room knows endpoints, queues and clients. It must not know instances' life cycles,
//! strategies or the calendar.

mod arrival;
mod arrival_path;
mod balancer;
mod batch;
mod bitset;
mod event_path;
mod flag;
mod histogram;
mod least;
mod mirror;
mod plan;
mod plane;
mod process;
mod profile;
mod record;
mod recorder;
mod request;
mod retry;
mod scrape;
mod session;
mod synthetic;
#[cfg(test)]
mod tests;
mod trouble;
mod users;

pub use histogram::Histogram;
pub use plan::{
    Arrivals, BalancerPlan, DataPlan, InstancePlan, OutlierPlan, Policy, RateCurve, ReleaseTraffic,
    RetryPlan, TrafficPlan,
};
pub use plane::{DataPlane, Departure, Door, Known, Ramp, Signal, Split, Windows};
pub use record::{
    Cause, Charge, CoarseHistogram, Ledger, Phase, Second, Tally, TrafficBin, TrafficRecord,
};
pub use scrape::{Ended, Scrapes, Tick, Ticks};
pub use trouble::Trouble;
