//! How fast and how well an instance serves under all faults together.

use super::super::world::World;
use crate::fault::Effect;
use crate::fleet::{FULL_SPEED, State};
use crate::traffic::Trouble;
use crate::units::{InstanceId, Ratio, SimTime};

/// What faults make of an instance's service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Condition {
    /// Service time over what the release makes it, > 0.
    slowness: f64,
    trouble: Trouble,
    /// It answers nothing until then.
    pub(super) hung_until: SimTime,
}

impl Condition {
    const USUAL: Self = Self { slowness: 1.0, trouble: Trouble::NONE, hung_until: SimTime::ZERO };
}

/// The rate at which one of two independent reasons strikes: 1 - (1 - a)(1 - b).
pub(super) fn either(one: Ratio, other: Ratio) -> Ratio {
    let whole = u128::from(Ratio::ONE.billionths());
    let left = u128::from(one.complement().billionths());
    let left = left * u128::from(other.complement().billionths()) / whole;
    Ratio::from_billionths((whole - left) as u64)
}

impl World<'_> {
    /// Reckons the condition of every instance anew.
    pub(super) fn refresh_all(&mut self) {
        for number in 0..self.pool.len() {
            self.refresh(InstanceId(number as u32));
        }
    }

    /// The plane has forgotten all about an instance.
    pub(in crate::sim) fn install_anew(&mut self, id: InstanceId) {
        if self.faults.is_none() {
            return;
        }
        if let Some(condition) = self.faults.conditions.get_mut(id.index()) {
            *condition = Condition::USUAL;
        }
        self.change(id, |one| one.speed = FULL_SPEED);
        self.refresh(id);
    }

    /// Reckons the condition of an instance anew, and tells the plane what has changed.
    pub(in crate::sim) fn refresh(&mut self, id: InstanceId) {
        if self.faults.is_none() || self.one(id).state == State::Terminated {
            return;
        }
        let index = id.index();
        if index >= self.faults.conditions.len() {
            self.faults.conditions.resize(index + 1, Condition::USUAL);
        }
        let before = self.faults.conditions[index];
        let after = self.condition(id, before.hung_until);
        self.faults.conditions[index] = after;
        if after.slowness != before.slowness {
            self.plane.set_slowness(id, after.slowness);
            self.drain_anew(id);
        }
        if after.trouble != before.trouble {
            self.plane.set_trouble(id, after.trouble);
        }
        let is_hung = self.now < after.hung_until;
        let speed = if is_hung { 0 } else { (FULL_SPEED as f64 / after.slowness + 0.5) as u64 };
        if speed != self.one(id).speed {
            self.change(id, |one| one.speed = speed);
        }
        self.note_fault_sign(id);
    }

    /// What a fault does to an instance that serves can be seen from now on.
    pub(in crate::sim) fn note_fault_sign(&mut self, id: InstanceId) {
        let condition = self.faults.conditions.get(id.index());
        let is_hurt = condition.is_some_and(|condition| {
            let is_hung = self.now < condition.hung_until;
            is_hung || condition.slowness > 1.0 || condition.trouble != Trouble::NONE
        });
        if is_hurt && self.now >= self.start && self.one(id).is_serving() {
            self.rollout.note_sign(self.now);
        }
    }

    fn condition(&self, id: InstanceId, hung_until: SimTime) -> Condition {
        let one = self.one(id);
        let (mut slowness, mut injected) = (1.0, Ratio::ZERO);
        for effect in self.effects_on(id) {
            match effect {
                Effect::Errors(rate) => injected = either(injected, *rate),
                Effect::Slowness(factor) => slowness *= factor,
                Effect::CrowdedStarts(slowdown) => {
                    let boots = self.faults.booting[one.zone.index()];
                    slowness *= 1.0 + slowdown * f64::from(boots);
                }
                _ => {}
            }
        }
        let mut dependency = self.faults.ceiling;
        if let Some(caches) = &self.faults.caches {
            slowness *= caches.slowness(id);
            dependency = either(dependency, caches.errors(id));
        }
        let trouble = Trouble { is_release_broken: one.is_broken, dependency, injected };
        Condition { slowness, trouble, hung_until }
    }

    /// The process hangs until then, as far as faults remember.
    pub(super) fn note_hang(&mut self, id: InstanceId, until: SimTime) {
        self.refresh(id);
        let condition = &mut self.faults.conditions[id.index()];
        condition.hung_until = condition.hung_until.max(until);
        self.refresh(id);
    }

    /// The process is gone, and with it what it was hanging on.
    pub(in crate::sim) fn forget_hang(&mut self, id: InstanceId) {
        if let Some(condition) = self.faults.conditions.get_mut(id.index())
            && condition.hung_until > SimTime::ZERO
        {
            condition.hung_until = SimTime::ZERO;
            self.refresh(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_combine() {
        let share = |value| Ratio::from_f64(value).expect("a share");
        for (one, other, both) in
            [(0.0, 0.0, 0.0), (0.2, 0.0, 0.2), (0.2, 0.5, 0.6), (1.0, 0.3, 1.0), (1.0, 1.0, 1.0)]
        {
            assert_eq!(either(share(one), share(other)), share(both), "{one} {other}");
        }
    }
}
