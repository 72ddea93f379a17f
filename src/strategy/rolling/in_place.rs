//! Replacement in place: the instance stops, gets the other version and comes back.

use super::super::{Action, Reason, Strategy, View};
use super::plan::Pace;
use super::sliding::{begin_or_wait, go_on};
use crate::units::Version;

#[derive(Debug)]
pub(super) struct InPlace {
    pace: Pace,
    has_begun: bool,
    /// The answer before; the next is written over it.
    last: Vec<Action>,
}

impl InPlace {
    pub(super) const fn new(pace: Pace) -> Self {
        Self { pace, has_begun: false, last: Vec::new() }
    }

    /// Unready instances first, which cost no availability, then as many as may be unavailable.
    fn replace(&mut self, view: &View<'_>) -> Option<Vec<Action>> {
        let pool = view.pool;
        let (leaving, to) = (self.pace.direction.from(), self.pace.to());
        let from = *leaving.iter().find(|&&version| pool.desired(version) > 0)?;
        let bound = self.pace.bounds(view.desired).unavailable;
        let unavailable = view.desired.saturating_sub(pool.available());
        let (unready, room) = (pool.unready(from), bound.saturating_sub(unavailable));
        if room == 0 && unready == 0 {
            return None;
        }
        let left = self.pace.target.saturating_sub(pool.desired(to)).min(pool.desired(from));
        let under_way = pool.desired(to).saturating_sub(pool.counts(to).available);
        let unready = unready.min(bound.saturating_sub(under_way));
        let count = left.min(unready + room);
        if count == 0 {
            return None;
        }
        let reason =
            Reason::with("{} unavailable, {} may be", [unavailable.into(), bound.into(), 0.0]);
        let pick = self.pace.pick();
        let is_step = self.pace.begins_step(view.now);
        if is_step
            && let [
                Action::StartStep(step),
                Action::Replace { from: f, to: t, count: c, pick: p, reason: r },
            ] = &mut self.last[..]
        {
            (*step, *f, *t, *c, *p, *r) = (reason, from, to, count, pick, reason);
            return Some(std::mem::take(&mut self.last));
        }
        let replace = Action::Replace { from, to, count, pick, reason };
        Some(if is_step { vec![Action::StartStep(reason), replace] } else { vec![replace] })
    }
}

impl Strategy for InPlace {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if let Some(actions) = begin_or_wait(&mut self.pace, &mut self.has_begun, view) {
            return actions;
        }
        match self.replace(view) {
            Some(actions) => actions,
            None if self.pace.has_reached_target(view) => go_on(&mut self.pace, view),
            None => Vec::new(),
        }
    }

    /// What is available and what is desired decide, and who is unready of the versions that go. An
    /// instance that comes back as the version that comes is none of these, and the target is not
    /// reached before it is available.
    fn minds_return(&self, version: Version) -> bool {
        version != self.pace.to()
    }

    fn take_back(&mut self, answer: Vec<Action>) {
        self.last = answer;
    }

    /// Instances that are added run the version that comes, and those that go ran the other.
    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        self.pace.resize(view.desired);
        let (pool, to) = (view.pool, self.pace.to());
        let reason = Reason::new("the desired count has changed");
        let scale = |version, to| Action::Scale { version, to, pick: self.pace.pick(), reason };
        if view.desired >= before {
            return vec![scale(to, pool.desired(to) + view.desired - before)];
        }
        let mut surplus = before - view.desired;
        let mut actions = Vec::new();
        for &version in self.pace.direction.from().iter().chain([&to]) {
            let go = pool.desired(version).min(surplus);
            surplus -= go;
            if go > 0 {
                actions.push(scale(version, pool.desired(version) - go));
            }
        }
        actions
    }

    fn go_on(&mut self) {
        self.pace.end_bake();
    }
}
