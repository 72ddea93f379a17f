//! Synthetic checks: probe requests that are routed like a user's and judged at once. They take
//! no slot, no turn and no place in any count.

use super::DataPlan;
use super::process::LONGEST_DEMAND;
use crate::random::{Key, Law, Purpose, Seed, unit};
use crate::units::{Ratio, SimDuration};

/// Checks are numbered from here on, apart from requests.
const FIRST: u64 = 1 << 63;

/// What a check draws, in the place of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    /// Its number.
    pub(super) number: u64,
    /// Routing number.
    pub(super) route: u64,
    /// Fixed number of the user that it stands for.
    pub(super) user: u64,
    /// Service demand, ns.
    pub(super) demand: u64,
    /// Whether the new version answers it with an error.
    pub(super) is_faulty: bool,
}

/// Draws the checks of a run.
#[derive(Clone, Debug)]
pub(super) struct Checks {
    law: Law,
    error_rate: Ratio,
    key: Key,
    sent: u64,
}

impl Checks {
    pub(super) fn new(plan: &DataPlan, seed: Seed) -> Self {
        Self {
            law: plan.instance.service_time.clone(),
            error_rate: plan.release.error_rate,
            key: seed.key(Purpose::Synthetic),
            sent: 0,
        }
    }

    /// The next check.
    pub(super) fn next(&mut self) -> Check {
        let number = self.sent;
        self.sent += 1;
        let draw = |purpose| self.key.draw(number, purpose);
        let demand = self.law.draw(draw(2), number).unwrap_or(SimDuration::MAX);
        Check {
            number: FIRST | number,
            route: draw(0),
            user: draw(1),
            demand: demand.as_nanos().min(LONGEST_DEMAND),
            is_faulty: unit(draw(3)) < self.error_rate.as_f64(),
        }
    }
}
