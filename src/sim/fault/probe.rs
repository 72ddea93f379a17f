//! What probes say while they are blind or flap.

use super::super::event::{Event, Of};
use super::super::world::World;
use super::fits;
use crate::engine::Rank;
use crate::fault::{Effect, FaultPlan};
use crate::fleet::State;
use crate::units::{InstanceId, Ratio, SimDuration, SimTime};

impl World<'_> {
    /// Whether probes of the instance see nothing.
    pub(in crate::sim) fn is_blind(&self, id: InstanceId) -> bool {
        !self.faults.is_none() && self.effects_on(id).any(|one| *one == Effect::ProbesPass)
    }

    /// Whether probes of the instance fail by chance.
    pub(in crate::sim) fn is_flapping(&self, id: InstanceId) -> bool {
        !self.faults.is_none() && !self.flap_rate(id).is_zero()
    }

    /// Whether a readiness probe now passes where its own look says `is_content`.
    pub(in crate::sim) fn readiness_passes(&self, id: InstanceId, is_content: bool) -> bool {
        if self.faults.is_none() {
            return is_content;
        }
        let is_content = is_content && !self.one(id).is_broken;
        (is_content || self.is_blind(id)) && !self.flaps(id, self.now)
    }

    /// Whether a liveness probe or a balancer's check passes where its own look says so.
    pub(in crate::sim) fn check_passes(&self, id: InstanceId, is_content: bool) -> bool {
        is_content || self.is_blind(id)
    }

    fn flap_rate(&self, id: InstanceId) -> Ratio {
        let rates = self.effects_on(id).filter_map(|effect| match effect {
            Effect::ProbesFlap(rate) => Some(*rate),
            _ => None,
        });
        rates.fold(Ratio::ZERO, super::condition::either)
    }

    /// Whether the probe at this tick fails by chance.
    fn flaps(&self, id: InstanceId, tick: SimTime) -> bool {
        let rate = self.flap_rate(id);
        let draw = || self.faults.flap.draw(u64::from(id.0), tick.as_nanos());
        !rate.is_zero() && u128::from(draw()) < rate.threshold()
    }

    /// Whether the probe that would make the instance ready fails. Then it is looked at again:
    /// after as many successes as it needs since the latest failure.
    pub(in crate::sim) fn is_put_off(&mut self, of: Of) -> bool {
        let readiness = &self.plan.readiness;
        if self.faults.is_none() || readiness.period.is_zero() {
            return false;
        }
        let id = of.id;
        let hung = self.plane.wait(id, self.now) > readiness.timeout && !self.is_blind(id);
        let nanos = readiness.period.as_nanos();
        let ticks = (0..u64::from(readiness.success_threshold))
            .filter_map(|ago| self.now.as_nanos().checked_sub(ago * nanos));
        let fails = |tick: u64| self.flaps(id, SimTime::from_nanos(tick));
        let failed =
            if hung { Some(0) } else { ticks.into_iter().position(fails).map(|n| n as u64) };
        let Some(ago) = failed else { return false };
        let next = u64::from(readiness.success_threshold).saturating_sub(ago).max(1);
        let at = self.now + readiness.period.times(next);
        let from = self.one(id).boot_from;
        let last = readiness.fails_at(from, self.one(id).warm_from.max(from));
        match last.filter(|&last| at > last) {
            Some(last) => {
                self.calendar.schedule(last.max(self.now), Rank::Probe, Event::StartFailed(of));
            }
            None => self.calendar.schedule(at, Rank::Probe, Event::ProbePassed(of)),
        }
        true
    }

    /// The probes of this moment have been before the fault.
    pub(in crate::sim) fn after_now(&self) -> SimTime {
        self.now + SimDuration::from_nanos(1)
    }

    /// Probes begin to flap: those that are ready are followed tick by tick.
    pub(super) fn follow_probes(&mut self, index: usize) {
        for id in self.in_scope(index, |state| state == State::Ready) {
            self.watch_readiness(id, self.after_now());
        }
    }

    /// Probes have become blind: those that wait for ever need wait no longer.
    pub(super) fn let_the_hopeless_pass(&mut self, index: usize) {
        for id in self.in_scope(index, |state| state == State::Probing) {
            let one = *self.one(id);
            if one.is_hopeless {
                self.change(id, |one| (one.is_hopeless, one.is_broken) = (false, true));
                let at = self.plan.readiness.ready_at(one.boot_from, self.now);
                let of = self.of(id);
                self.calendar.schedule(at, Rank::Probe, Event::ProbePassed(of));
            }
        }
    }

    /// Probes see again: those of the broken begin to fail.
    pub(super) fn look_at_the_broken(&mut self, fault: &FaultPlan, members: &[bool]) {
        let ids: Vec<InstanceId> = self.pool.iter().map(|(id, _)| id).collect();
        for id in ids {
            let one = self.one(id);
            let is_meant = one.is_broken && one.state == State::Ready;
            let is_member = members.get(id.index()).copied().unwrap_or(true);
            if is_meant && is_member && fits(self, fault, id) {
                self.watch_readiness(id, self.after_now());
            }
        }
    }
}
