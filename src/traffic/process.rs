//! An endpoint's process: how it answers and how fast it serves.

use super::flag::Flag;
use super::plane::{Departure, Door, Ramp};
use super::record::Charge;
use crate::units::Version;

/// Longer than any run, 36 years: what would take or wait longer never ends.
pub(super) const FOREVER: u64 = u64::MAX >> 4;

/// A longer demand, one year, is cut to this: the bits above are needed for something else.
pub(super) const LONGEST_DEMAND: u64 = u64::MAX >> 9;

/// Whose a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The version that it comes to.
    pub(super) version: Version,
    /// The version among whose requests it counts for those who watch: while a flag is up, the
    /// requests of those who see what is behind it are the new version's, and the others the old
    /// one's.
    pub(super) watched: Version,
}

/// What both paths know of a process besides its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) version: Version,
    /// On which side of a split it stands.
    pub(super) side: Version,
    door: Door,
    /// What a request is charged to that finds no slot or answer in time, from `usual` on.
    late: Charge,
    /// Until when such a charge needs a closer look, ns.
    usual: u64,
    /// When the warm-up begins and is over, ns, and the speed at its beginning.
    warm_from: u64,
    warm: u64,
    warm_speed: f64,
    /// Until when it answers nothing, ns.
    hung: u64,
    /// From when on a service takes as long as its demand, ns.
    plain: u64,
    /// The same, or never while connections are not accepted or answers are in trouble.
    plain_and_open: u64,
    /// Service time over that of the old version, by the release and in all.
    release_factor: f64,
    factor: f64,
    /// The same for what is behind a flag.
    flag_factor: f64,
    /// Whether the release's defects follow a flag.
    is_flagged: bool,
    /// Whether its answers have errors beside the release's.
    pub(super) is_troubled: bool,
    /// Whether the control plane has been told of its overload.
    pub(super) is_told: bool,
}

impl Process {
    /// One of a version whose services take so many times as long as the old one's.
    pub(super) const fn new(version: Version, factor: f64) -> Self {
        let side = version.side();
        let version = version.served_as();
        Self {
            version,
            side,
            door: Door::Closed(Departure::OnPurpose),
            late: Charge::DrainRace,
            usual: 0,
            warm_from: 0,
            warm: 0,
            warm_speed: 1.0,
            hung: 0,
            plain: if factor == 1.0 { 0 } else { u64::MAX },
            plain_and_open: u64::MAX,
            release_factor: factor,
            factor,
            flag_factor: 1.0,
            is_flagged: false,
            is_troubled: false,
            is_told: false,
        }
    }

    /// The same process with the release's defects behind a flag.
    pub(super) fn behind_a_flag(mut self) -> Self {
        self.flag_factor = std::mem::replace(&mut self.release_factor, 1.0);
        self.factor = 1.0;
        self.is_flagged = true;
        self.find_plain();
        self
    }

    /// Whether what is behind a flag is shown to a user, by the number drawn for it.
    #[inline(always)]
    pub(super) fn exposes(&self, flag: Option<Flag>, drawn: impl FnOnce() -> u64) -> bool {
        self.is_flagged && flag.is_some_and(|flag| flag.shows(drawn()))
    }

    /// Whether for those who watch a request here counts among the old version's, whatever answers
    /// it: its user does not see what others see behind the flag.
    #[inline(always)]
    pub(super) fn masks(&self, flag: Option<Flag>, is_exposed: bool) -> bool {
        self.is_flagged && !is_exposed && flag.is_some_and(Flag::is_up)
    }

    /// Whose a request is that comes here.
    #[inline(always)]
    pub(super) const fn owner(&self, is_masked: bool) -> Owner {
        let watched = if is_masked { Version::Old } else { self.side };
        Owner { version: self.version, watched }
    }

    /// Whether a request that the release's defect may hit is hit here.
    #[inline(always)]
    pub(super) fn hits(&self, is_faulty: bool, is_exposed: bool) -> bool {
        is_faulty && self.version == Version::New && (is_exposed || !self.is_flagged)
    }

    /// What a demand amounts to for a user who sees what is behind the flag, or does not.
    #[inline(always)]
    pub(super) fn work(&self, demand: u64, is_exposed: bool) -> u64 {
        if !is_exposed {
            return demand;
        }
        ((demand as f64 * self.flag_factor + 0.5) as u64).min(LONGEST_DEMAND)
    }

    pub(super) const fn door(&self) -> Door {
        self.door
    }

    pub(super) fn set_door(&mut self, door: Door) {
        self.door = door;
        self.late = self.blame().unwrap_or(Charge::Overload);
        self.find_plain();
    }

    pub(super) fn set_ramp(&mut self, ramp: Ramp) {
        (self.warm_from, self.warm_speed) = (ramp.from.as_nanos(), ramp.speed);
        self.warm = if ramp.speed < 1.0 { (ramp.from + ramp.length).as_nanos() } else { 0 };
        self.find_plain();
    }

    /// Services that start from now on take so many times as long as the release makes them.
    pub(super) fn set_slowness(&mut self, slowness: f64) {
        self.factor = self.release_factor * slowness;
        self.find_plain();
    }

    pub(super) fn set_troubled(&mut self, is_troubled: bool) {
        self.is_troubled = is_troubled;
        self.find_plain();
    }

    /// Nothing is answered until then. By how much that moves what is in service, ns.
    pub(super) fn hang(&mut self, until: u64, now: u64) -> u64 {
        let longer = until.saturating_sub(self.hung.max(now));
        self.hung = self.hung.max(until);
        self.find_plain();
        longer
    }

    /// How long nothing will be answered yet, ns.
    pub(super) const fn hang_left(&self, now: u64) -> u64 {
        self.hung.saturating_sub(now)
    }

    /// A new process does not hang.
    pub(super) fn recover(&mut self) {
        self.hung = 0;
        self.find_plain();
    }

    fn find_plain(&mut self) {
        let settled = self.warm.max(self.hung);
        self.plain = if self.factor == 1.0 { settled } else { u64::MAX };
        let is_plain = self.accepts() && !self.is_troubled && !self.is_flagged;
        self.plain_and_open = if is_plain { self.plain } else { u64::MAX };
        self.usual = if self.factor == self.release_factor { settled } else { u64::MAX };
    }

    /// Whether a request that comes now is taken and served in the time of its demand, if there
    /// is room.
    #[inline(always)]
    pub(super) const fn is_plain(&self, now: u64) -> bool {
        now >= self.plain_and_open
    }

    /// What a request that comes now and is not answered in time is charged to, where
    /// [`Process::is_plain`].
    #[inline(always)]
    pub(super) const fn plain_charge(&self) -> Charge {
        self.late
    }

    /// Whether connections are accepted.
    #[inline(always)]
    pub(super) const fn accepts(&self) -> bool {
        matches!(self.door, Door::Open | Door::Stopping)
    }

    /// How long a demand takes if its service starts at `start`, ns.
    #[inline(always)]
    pub(super) fn service(&self, demand: u64, start: u64) -> u64 {
        if start >= self.plain {
            return demand;
        }
        let pause = self.hang_left(start);
        let speed = self.speed(start.saturating_add(pause));
        ((demand as f64 * (self.factor / speed) + 0.5) as u64).saturating_add(pause)
    }

    /// Speed of a service that starts at `start`.
    fn speed(&self, start: u64) -> f64 {
        if start >= self.warm {
            return 1.0;
        }
        let elapsed = start.saturating_sub(self.warm_from);
        if elapsed == 0 {
            return self.warm_speed;
        }
        let share = elapsed as f64 / (self.warm - self.warm_from) as f64;
        self.warm_speed + (1.0 - self.warm_speed) * share
    }

    /// What a failure is charged to because of the state of the process alone.
    const fn blame(&self) -> Option<Charge> {
        match self.door {
            Door::Open => None,
            Door::Closed(Departure::Crash) => Some(Charge::Crash),
            Door::Closed(Departure::Fault) => Some(Charge::InjectedFault),
            Door::Closed(Departure::OnPurpose) | Door::Unready | Door::Stopping => {
                Some(Charge::DrainRace)
            }
        }
    }

    /// What a request that comes now and finds no slot or answer in time is charged to.
    #[inline(always)]
    pub(super) const fn late_charge(&self, now: u64, is_short: bool) -> Charge {
        if now < self.usual { self.unusual_late_charge(now, is_short) } else { self.late }
    }

    /// The same while it warms up, hangs or is slowed by a fault.
    #[cold]
    const fn unusual_late_charge(&self, now: u64, is_short: bool) -> Charge {
        if let Some(blame) = self.blame() {
            blame
        } else if now < self.hung {
            // It has no answer, whatever the capacity of the others.
            Charge::InjectedFault
        } else if is_short {
            Charge::Overload
        } else if now < self.warm {
            Charge::ColdStart
        } else if self.factor > self.release_factor {
            Charge::InjectedFault
        } else {
            Charge::Overload
        }
    }

    /// What a request that it already holds when it begins to hang is charged to if it is not
    /// answered in time; none: as before.
    pub(super) fn hung_charge(&self) -> Option<Charge> {
        self.blame().is_none().then_some(Charge::InjectedFault)
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
            Self::Fault => Charge::InjectedFault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{SimDuration, SimTime};

    #[test]
    fn speed_rises_linearly_and_stays_at_one() {
        let from = SimTime::from_nanos(1000);
        for (start, factor, expected) in
            [(0, 1.0, 60), (1000, 1.0, 60), (1050, 1.0, 40), (1100, 1.0, 30), (1100, 1.5, 45)]
        {
            let mut process = Process::new(Version::New, factor);
            process.set_ramp(Ramp { from, length: SimDuration::from_nanos(100), speed: 0.5 });
            assert_eq!(process.service(30, start), expected, "started at {start}");
        }
    }

    #[test]
    fn charges_follow_the_state_of_the_process_first() {
        let mut process = Process::new(Version::New, 1.0);
        let length = SimDuration::from_nanos(100);
        process.set_ramp(Ramp { from: SimTime::ZERO, length, speed: 0.5 });
        process.set_door(Door::Open);
        assert_eq!(process.late_charge(50, false), Charge::ColdStart);
        assert_eq!(process.late_charge(50, true), Charge::Overload);
        assert_eq!(process.late_charge(100, false), Charge::Overload);
        assert_eq!(process.error_charge(Charge::BadRelease), Charge::BadRelease);
        process.set_door(Door::Stopping);
        assert_eq!(process.late_charge(50, true), Charge::DrainRace);
        assert_eq!(process.error_charge(Charge::MixedVersions), Charge::DrainRace);
        process.set_door(Door::Closed(Departure::Crash));
        assert_eq!(process.blame(), Some(Charge::Crash));
    }
}
