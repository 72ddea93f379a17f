//! How many users met the new version, and what it did to them.

use super::Value;
use crate::sim::{Plan, Run};
use crate::units::Version;

pub(super) fn measure(_plan: &Plan, run: &Run) -> Vec<Value> {
    let (tally, new) = (&run.traffic.window, Version::New.index());
    vec![
        ("exposed_requests", Some(tally.answered[new] as f64)),
        ("exposed_failures", Some(tally.answered_error[new] as f64)),
    ]
}
