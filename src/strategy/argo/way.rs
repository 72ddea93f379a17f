//! Which version comes and which goes, and how often the controller looks.

use super::weights::Set;
use crate::strategy::{Action, Pick, Reason, View};
use crate::traffic::Split;
use crate::units::{Ratio, SimDuration, SimTime, Version};

/// The two ReplicaSets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Runs the version that comes.
    pub(super) canary: Version,
    /// Runs the version that goes.
    pub(super) stable: Version,
}

impl Way {
    /// From the old version to the new.
    pub(super) const FORWARD: Self = Self { canary: Version::New, stable: Version::Old };

    /// The same with the versions exchanged.
    pub(super) const fn reversed(self) -> Self {
        Self { canary: self.stable, stable: self.canary }
    }

    /// How requests are shared when the canary has `weight` out of `most`.
    pub(super) fn split(self, weight: u32, most: u32) -> Split {
        let billionths = u64::from(weight) * Ratio::ONE.billionths() / u64::from(most);
        let share = Ratio::from_billionths(billionths.min(Ratio::ONE.billionths()));
        Split::Weighted(if self.canary == Version::New { share } else { share.complement() })
    }

    /// The canary's weight out of `most`; none where nothing has been set.
    pub(super) fn weight(self, split: Split, most: u32) -> Option<u32> {
        let (Split::Weighted(share) | Split::Cohort(share)) = split else { return None };
        let share = if self.canary == Version::New { share } else { share.complement() };
        let one = Ratio::ONE.billionths();
        Some(((share.billionths() * u64::from(most) + one / 2) / one) as u32)
    }
}

/// One version's ReplicaSet.
pub(super) fn set(view: &View<'_>, version: Version) -> Set {
    Set { spec: view.pool.desired(version), available: view.pool.counts(version).available }
}

pub(super) const fn scale(version: Version, to: u32, reason: Reason) -> Action {
    Action::Scale { version, to, pick: Pick::Any, reason }
}

/// One reconcile after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    length: SimDuration,
    next: SimTime,
}

impl Pace {
    pub(super) const fn new(length: SimDuration) -> Self {
        Self { length, next: SimTime::ZERO }
    }

    /// Whether the reconcile before is over.
    pub(super) fn is_due(&self, now: SimTime) -> bool {
        now >= self.next
    }

    /// A reconcile that changed something takes its time.
    pub(super) fn took(&mut self, now: SimTime, actions: &mut Vec<Action>) {
        if !actions.is_empty() && !self.length.is_zero() {
            self.next = now + self.length;
            actions.push(Action::WakeAt(self.next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_as_they_were_set() {
        for way in [Way::FORWARD, Way::FORWARD.reversed()] {
            for most in [100, 7, 1000] {
                for weight in 0..=most {
                    assert_eq!(way.weight(way.split(weight, most), most), Some(weight));
                }
            }
            assert_eq!(way.weight(Split::ByCount, 100), None);
        }
    }
}
