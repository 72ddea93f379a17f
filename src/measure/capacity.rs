//! How low capacity fell, and what was held above the desired count.

use super::Value;
use crate::sim::{Plan, Run};

const SECONDS_PER_HOUR: f64 = 3600.0;

pub(super) fn measure(plan: &Plan, run: &Run) -> Vec<Value> {
    let observed = &run.observed;
    let surge = observed.surge_instance_nanos as f64 / 1e9;
    vec![
        ("ready_min", Some(observed.ready_min)),
        ("capacity_min", Some(observed.capacity_min)),
        ("headroom_min", observed.headroom_min),
        ("capacity_deficit_s", Some(observed.capacity_deficit_s)),
        ("mixed_s", Some(observed.mixed.as_secs_f64())),
        ("surge_instance_s", Some(surge)),
        ("cost", Some(surge / SECONDS_PER_HOUR * plan.instance_hour)),
    ]
}
