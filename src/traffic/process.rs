//! An endpoint's process: how it answers and how fast it serves.

use super::plane::{Departure, Door, Ramp};
use super::record::Charge;
use crate::units::{SimTime, Version};

/// What both paths know of a process besides its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) version: Version,
    pub(super) door: Door,
    /// When the warm-up is over, ns.
    warm: u64,
    ramp: Ramp,
}

impl Process {
    pub(super) const fn new(version: Version) -> Self {
        let ramp =
            Ramp { from: SimTime::ZERO, length: crate::units::SimDuration::ZERO, speed: 1.0 };
        Self { version, door: Door::Closed(Departure::OnPurpose), warm: 0, ramp }
    }

    pub(super) fn set_ramp(&mut self, ramp: Ramp) {
        self.ramp = ramp;
        self.warm = if ramp.speed < 1.0 { (ramp.from + ramp.length).as_nanos() } else { 0 };
    }

    /// Whether connections are accepted.
    #[inline]
    pub(super) const fn accepts(&self) -> bool {
        matches!(self.door, Door::Open | Door::Stopping)
    }

    /// How long a demand takes if its service starts at `start`, ns. `factor` is the version's.
    #[inline]
    pub(super) fn service(&self, demand: u64, start: u64, factor: f64) -> u64 {
        if start >= self.warm && factor == 1.0 {
            return demand;
        }
        (demand as f64 * (factor / self.speed(start)) + 0.5) as u64
    }

    /// Speed of a service that starts at `start`.
    fn speed(&self, start: u64) -> f64 {
        if start >= self.warm {
            return 1.0;
        }
        let elapsed = start.saturating_sub(self.ramp.from.as_nanos());
        if elapsed == 0 {
            return self.ramp.speed;
        }
        let share = elapsed as f64 / self.ramp.length.as_nanos() as f64;
        self.ramp.speed + (1.0 - self.ramp.speed) * share
    }

    /// What a failure is charged to because of the state of the process alone.
    pub(super) const fn blame(&self) -> Option<Charge> {
        match self.door {
            Door::Open => None,
            Door::Closed(Departure::Crash) => Some(Charge::Crash),
            Door::Closed(Departure::OnPurpose) | Door::Unready | Door::Stopping => {
                Some(Charge::DrainRace)
            }
        }
    }

    /// What a request that comes now and finds no slot or answer in time is charged to.
    #[inline]
    pub(super) fn late_charge(&self, now: u64, is_short: bool) -> Charge {
        match self.blame() {
            Some(charge) => charge,
            None if !is_short && now < self.warm => Charge::ColdStart,
            None => Charge::Overload,
        }
    }

    /// What a request that comes now and is answered with an error because of `defect` is
    /// charged to.
    pub(super) fn error_charge(&self, defect: Charge) -> Charge {
        self.blame().unwrap_or(defect)
    }
}

impl Departure {
    /// What requests cut by it are charged to.
    pub(super) const fn charge(self) -> Charge {
        match self {
            Self::OnPurpose => Charge::DrainRace,
            Self::Crash => Charge::Crash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn speed_rises_linearly_and_stays_at_one() {
        let mut process = Process::new(Version::New);
        let from = SimTime::from_nanos(1000);
        process.set_ramp(Ramp { from, length: SimDuration::from_nanos(100), speed: 0.5 });
        for (start, factor, expected) in
            [(0, 1.0, 60), (1000, 1.0, 60), (1050, 1.0, 40), (1100, 1.0, 30), (1100, 1.5, 45)]
        {
            assert_eq!(process.service(30, start, factor), expected, "started at {start}");
        }
    }

    #[test]
    fn charges_follow_the_state_of_the_process_first() {
        let mut process = Process::new(Version::New);
        let length = SimDuration::from_nanos(100);
        process.set_ramp(Ramp { from: SimTime::ZERO, length, speed: 0.5 });
        process.door = Door::Open;
        assert_eq!(process.late_charge(50, false), Charge::ColdStart);
        assert_eq!(process.late_charge(50, true), Charge::Overload);
        assert_eq!(process.late_charge(100, false), Charge::Overload);
        assert_eq!(process.error_charge(Charge::BadRelease), Charge::BadRelease);
        process.door = Door::Stopping;
        assert_eq!(process.late_charge(50, true), Charge::DrainRace);
        assert_eq!(process.error_charge(Charge::MixedVersions), Charge::DrainRace);
        process.door = Door::Closed(Departure::Crash);
        assert_eq!(process.blame(), Some(Charge::Crash));
    }
}
