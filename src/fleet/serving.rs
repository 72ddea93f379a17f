//! How fast the serving instances of a version are together, warm-ups and faults reckoned in.

use super::instance::FULL_SPEED;
use crate::units::{SimDuration, SimTime};

/// Serving instances of one version, some of them warming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Serving {
    /// Instances that serve what the balancer sends them.
    pub count: u32,
    /// Of those, warming.
    pub warming: u32,
    /// Sum of the moments their warm-ups began, nanoseconds.
    pub warm_from_sum: u128,
    /// What faults take of their speed.
    pub lack: Lack,
}

/// What serving instances of one version lack of their speed, an instance's whole being
/// [`FULL_SPEED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    /// All of them together.
    pub serving: u64,
    /// The warming ones.
    pub warming: u64,
    /// The sum of the moments their warm-ups began, nanoseconds, each times what it lacks.
    pub warm_from_sum: u128,
}

impl Serving {
    /// These and others, together.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        let (a, b) = (self.lack, others.lack);
        Self {
            count: self.count + others.count,
            warming: self.warming + others.warming,
            warm_from_sum: self.warm_from_sum + others.warm_from_sum,
            lack: Lack {
                serving: a.serving + b.serving,
                warming: a.warming + b.warming,
                warm_from_sum: a.warm_from_sum + b.warm_from_sum,
            },
        }
    }

    /// Speed of all of them once they are warm, 1 being that of an instance.
    #[must_use]
    pub fn speed(&self) -> f64 {
        whole(self.count, self.lack.serving)
    }

    /// The same of the warming ones.
    #[must_use]
    pub fn warming_speed(&self) -> f64 {
        whole(self.warming, self.lack.warming)
    }

    /// The part of that which their warm-ups of this length have brought until `at`.
    #[must_use]
    pub fn warmed(&self, at: SimTime, warmup: SimDuration) -> f64 {
        let whole = u128::from(FULL_SPEED);
        let speed = u128::from(self.warming) * whole - u128::from(self.lack.warming);
        let begun = self.warm_from_sum * whole - self.lack.warm_from_sum;
        let passed = (speed * u128::from(at.as_nanos())).saturating_sub(begun) as f64;
        // A power of two, so that nothing is rounded where nothing lacks.
        passed / FULL_SPEED as f64 / warmup.as_nanos() as f64
    }
}

/// So many instances, less what they lack.
fn whole(count: u32, lack: u64) -> f64 {
    if lack == 0 {
        return f64::from(count);
    }
    (u64::from(count) * FULL_SPEED - lack) as f64 / FULL_SPEED as f64
}

/// Whether an instance enters or leaves a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It enters.
    In,
    /// It leaves.
    Out,
}

impl Lack {
    /// Counts what a serving instance of this speed lacks; `warm_from` is when its warm-up began,
    /// if it warms, nanoseconds.
    pub(super) fn count(&mut self, speed: u64, warm_from: Option<u64>, step: Step) {
        let lack = FULL_SPEED.saturating_sub(speed);
        step.apply(&mut self.serving, lack);
        if let Some(from) = warm_from {
            step.apply(&mut self.warming, lack);
            let weight = u128::from(from) * u128::from(lack);
            match step {
                Step::In => self.warm_from_sum += weight,
                Step::Out => self.warm_from_sum -= weight,
            }
        }
    }
}

impl Step {
    const fn apply(self, sum: &mut u64, amount: u64) {
        match self {
            Self::In => *sum += amount,
            Self::Out => *sum -= amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two instances, one at half its speed and warming since 0 s over 10 s: at 4 s 0.2 of its
    /// half have come.
    #[test]
    fn a_slow_instance_counts_by_its_speed() {
        let mut lack = Lack::default();
        lack.count(FULL_SPEED / 2, Some(0), Step::In);
        let serving = Serving { count: 2, warming: 1, warm_from_sum: 0, lack };
        assert_eq!((serving.speed(), serving.warming_speed()), (1.5, 0.5));
        let (at, warmup) = (SimTime::from_nanos(4_000_000_000), SimDuration::from_secs(10));
        assert!((serving.warmed(at, warmup) - 0.2).abs() < 1e-12);
        lack.count(FULL_SPEED / 2, Some(0), Step::Out);
        assert_eq!(lack, Lack::default());
    }
}
