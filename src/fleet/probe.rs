//! When probes see what they see: readiness is quantised by the probe's period.
//!
//! A probe ticks at `from + initial_delay + k x period`. While nothing changes its result cannot
//! change either, so moments are computed rather than ticked through.

use super::plan::{LivenessPlan, ReadinessPlan, StartupProbePlan};
use crate::units::{SimDuration, SimTime};

/// The first tick at or after `moment` of a probe with this beginning and period. Without a
/// period it ticks whenever it is asked.
#[must_use]
pub fn tick_at_or_after(first: SimTime, period: SimDuration, moment: SimTime) -> SimTime {
    if moment <= first {
        return if period.is_zero() { moment } else { first };
    }
    if period.is_zero() {
        return moment;
    }
    let ticks = moment.since(first).as_nanos().div_ceil(period.as_nanos());
    first + period.times(ticks)
}

impl ReadinessPlan {
    /// First success of an instance whose boot began at `from` and which could pass from `able`
    /// on. Without a period it is `able` itself: ready the moment the boot ends.
    #[must_use]
    pub fn first_tick(&self, from: SimTime, able: SimTime) -> SimTime {
        tick_at_or_after(from + self.initial_delay, self.period, able)
    }

    /// When it is ready: the `success_threshold`-th success in a row.
    #[must_use]
    pub fn ready_at(&self, from: SimTime, able: SimTime) -> SimTime {
        self.first_tick(from, able) + self.period.times(u64::from(self.success_threshold - 1))
    }

    /// When a start that never passes counts as failed; none: it keeps trying.
    #[must_use]
    pub fn fails_at(&self, from: SimTime, able: SimTime) -> Option<SimTime> {
        let attempts = self.start_attempts?;
        let further = u64::from(attempts.saturating_sub(1));
        Some(self.first_tick(from, able) + self.period.times(further))
    }
}

impl StartupProbePlan {
    /// When it passes for a boot that began at `from` and ended at `able`.
    #[must_use]
    pub fn passes_at(&self, from: SimTime, able: SimTime) -> SimTime {
        tick_at_or_after(from + self.initial_delay, self.period, able)
    }

    /// When a boot that began at `from` and has not ended by then is given up.
    #[must_use]
    pub fn gives_up_at(&self, from: SimTime) -> SimTime {
        from + self.initial_delay + self.period.times(u64::from(self.failure_threshold - 1))
    }
}

impl LivenessPlan {
    /// When a boot that began at `from` and has not ended by then is given up.
    #[must_use]
    pub fn gives_up_at(&self, from: SimTime) -> SimTime {
        from + self.initial_delay + self.period.times(u64::from(self.failure_threshold - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::ReadyUntil;

    const fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn readiness_comes_with_the_tick_after_the_boot() {
        let plan = ReadinessPlan {
            initial_delay: SimDuration::from_secs(2),
            period: SimDuration::from_secs(5),
            timeout: SimDuration::from_secs(1),
            success_threshold: 1,
            failure_threshold: 3,
            start_attempts: Some(3),
            until: ReadyUntil::Probe,
            min_ready: SimDuration::ZERO,
            deadline: SimDuration::from_secs(600),
        };
        let from = at(100);
        for (able, expected) in [(100, 102), (102, 102), (103, 107), (107, 107), (108, 112)] {
            assert_eq!(plan.ready_at(from, at(able)), at(expected), "able at {able}");
        }
        let patient = ReadinessPlan { success_threshold: 3, ..plan.clone() };
        assert_eq!(patient.ready_at(from, at(103)), at(117));
        assert_eq!(plan.fails_at(from, at(103)), Some(at(117)));
        let unquantised = ReadinessPlan { period: SimDuration::ZERO, ..plan };
        assert_eq!(unquantised.ready_at(from, at(103)), at(103));
    }
}
