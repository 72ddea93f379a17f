//! How long the rollout, its drains and its way back took; how often it stepped and stumbled.

use super::Value;
use crate::sim::{Plan, Run};
use crate::units::SimDuration;

pub(super) fn measure(_plan: &Plan, run: &Run) -> Vec<Value> {
    let observed = &run.observed;
    let seconds = |length: Option<SimDuration>| length.map(SimDuration::as_secs_f64);
    vec![
        ("duration_s", Some(run.duration.as_secs_f64())),
        ("drained_s", seconds(observed.drained)),
        ("steps", Some(f64::from(observed.steps))),
        ("failed_steps", Some(f64::from(observed.failed_steps))),
        ("rolled_back", Some(f64::from(u8::from(observed.is_rolled_back)))),
        ("detect_s", seconds(observed.detect)),
        ("page_s", seconds(observed.page)),
        ("canary_divergence", observed.divergence),
        ("rollback_s", seconds(observed.rollback)),
    ]
}
