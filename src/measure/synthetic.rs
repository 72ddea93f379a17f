//! What synthetic checks saw.

use super::{Value, share};
use crate::sim::{Plan, Run};

pub(super) fn measure(_plan: &Plan, run: &Run) -> Vec<Value> {
    let observed = &run.observed;
    let checks = share(u64::from(observed.checks_passed), u64::from(observed.checks));
    vec![("synthetic_success_rate", checks)]
}
