//! One deployment: what an evaluation plans is carried out on the fleet, and the health of what
//! was placed decides when the next one plans more.

use std::collections::VecDeque;

use super::super::{Action, Direction, Pick, Reason, Strategy, View};
use super::allocation::{Allocation, Health, Stage};
use super::{Change, Deployment, Group, HealthCheck, Nomad, Plan, Update};
use crate::fleet::State;
use crate::traffic::Phase;
use crate::units::{InstanceId, SimTime, Version};

#[derive(Debug)]
pub(super) struct Deploying {
    nomad: Nomad,
    direction: Direction,
    deployment: Deployment,
    is_promoted: bool,
    /// Placed allocations that are not known to be healthy.
    open: VecDeque<Allocation>,
    /// Healthy ones, canaries apart.
    healthy: u32,
    healthy_canaries: u32,
    /// Instances that there were when new ones were last looked for.
    seen: usize,
    /// Since when nothing has become healthy; none before the first placement.
    progress: Option<SimTime>,
    /// When it asked to be called.
    wake: Option<SimTime>,
    is_begun: bool,
}

impl Deploying {
    pub(super) fn new(nomad: Nomad, direction: Direction) -> Self {
        Self {
            nomad,
            direction,
            deployment: Deployment::None,
            is_promoted: false,
            open: VecDeque::new(),
            healthy: 0,
            healthy_canaries: 0,
            seen: 0,
            progress: None,
            wake: None,
            is_begun: false,
        }
    }

    const fn to(&self) -> Version {
        self.direction.to()
    }

    /// Desired instances of the versions that go.
    fn old(&self, view: &View<'_>) -> u32 {
        self.direction.leaving(|version| view.pool.desired(version))
    }

    fn open_ones(&self, is_counted: impl Fn(&Allocation) -> bool) -> u32 {
        self.open.iter().filter(|one| is_counted(one)).count() as u32
    }

    fn group(&self, view: &View<'_>) -> Group {
        let nomad = &self.nomad;
        Group {
            count: view.desired,
            update: Some(Update { max_parallel: nomad.max_parallel, canary: nomad.canary }),
            change: Change::Destructive,
            deployment: self.deployment,
            is_promoted: self.is_promoted,
            old: self.old(view),
            new: self.healthy + self.open_ones(|one| !one.is_canary),
            canaries: self.healthy_canaries + self.open_ones(|one| one.is_canary),
            unknown: self.open_ones(|one| !one.is_unhealthy()),
            unhealthy: self.open_ones(Allocation::is_unhealthy),
            ..Group::STEADY
        }
    }

    /// Tells which instances those are that were asked for, and how all of them are.
    fn observe(&mut self, view: &View<'_>) {
        let mut fresh = (self.seen..view.pool.len())
            .map(|index| InstanceId(index as u32))
            .filter(|&id| view.pool.get(id).version == self.direction.to());
        for one in &mut self.open {
            match one.stage {
                Stage::Launched(at) => {
                    if let Some(id) = fresh.next() {
                        one.stage = Stage::Running(id, at);
                    }
                }
                Stage::WaitsFor(id) if view.pool.get(id).state == State::Terminated => {
                    one.stage = Stage::Placed;
                }
                _ => {}
            }
        }
        self.seen = view.pool.len();
        self.see_health(view);
    }

    fn see_health(&mut self, view: &View<'_>) {
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|one| {
            let Stage::Running(id, since) = one.stage else { return true };
            match self.nomad.health(view, id, since) {
                Health::Unknown(_) => true,
                Health::Healthy => {
                    self.count_healthy(one.is_canary, view.now);
                    false
                }
                Health::Unhealthy => {
                    let at = self.nomad.replaced_at(view.now, one.attempts);
                    one.stage = Stage::Unhealthy(id, at);
                    true
                }
            }
        });
        self.open = open;
    }

    const fn count_healthy(&mut self, is_canary: bool, now: SimTime) {
        if is_canary {
            self.healthy_canaries += 1;
        } else {
            self.healthy += 1;
        }
        self.progress = Some(now);
    }

    /// Whether only a promotion is missing.
    fn awaits_promotion(&self) -> bool {
        let canary = self.nomad.canary;
        canary > 0 && !self.is_promoted && self.healthy_canaries > 0 && self.open.is_empty()
    }

    /// Why the deployment has failed, if it has.
    fn failure(&self, view: &View<'_>) -> Option<Reason> {
        if self.nomad.max_parallel == 0 || self.deployment == Deployment::Failed {
            return None;
        }
        let is_hopeless = |one: &Allocation| matches!(one.stage, Stage::Unhealthy(_, None));
        if self.open.iter().any(is_hopeless) {
            return Some(Reason::new("an unhealthy allocation has no attempt left"));
        }
        if self.nomad.progress_deadline.is_zero() {
            let is_any = self.open.iter().any(Allocation::is_unhealthy);
            return is_any.then(|| Reason::new("an allocation is unhealthy"));
        }
        let is_late = self.due().is_some_and(|due| view.now >= due);
        is_late.then(|| Reason::new("no allocation became healthy before the progress deadline"))
    }

    /// When the progress deadline passes; none while it does not run.
    fn due(&self) -> Option<SimTime> {
        let deadline = self.nomad.progress_deadline;
        let runs = self.nomad.max_parallel > 0
            && self.nomad.health_check != HealthCheck::Manual
            && self.deployment != Deployment::Failed
            && !deadline.is_zero()
            && !self.awaits_promotion();
        self.progress.filter(|_| runs).map(|at| at + deadline)
    }

    /// It goes back, or stays as it is; canaries that nobody promoted stop in any case.
    fn fail(&mut self, view: &View<'_>, why: Reason) -> Vec<Action> {
        self.deployment = Deployment::Failed;
        let plan = self.group(view).evaluate();
        let mut actions = Vec::new();
        if plan.withdrawn > 0 {
            self.open.retain(|one| !one.is_canary);
            let left = view.pool.desired(self.to()).saturating_sub(plan.withdrawn);
            self.healthy_canaries = 0;
            let reason = Reason::new("canaries that nobody promoted stop");
            actions.push(scale(self.to(), left, Pick::HighestIndex, reason));
        }
        actions.push(match self.direction {
            Direction::Back => Action::Abort(why),
            Direction::Forward | Direction::Over => Action::Fail(why),
        });
        actions
    }

    /// Starts what nothing keeps from starting.
    fn launch(&mut self, view: &View<'_>) -> Option<Action> {
        let mut count = 0;
        for one in self.open.iter_mut().filter(|one| one.stage == Stage::Placed) {
            one.stage = Stage::Launched(view.now);
            count += 1;
        }
        let to = view.pool.desired(self.to()) + count;
        let reason = Reason::with("{} may start", [count.into(), 0.0, 0.0]);
        (count > 0).then(|| scale(self.to(), to, Pick::Any, reason))
    }

    /// Replaces the first unhealthy one whose time has come.
    fn reschedule(&mut self, view: &View<'_>) -> Option<Action> {
        let is_due = |one: &Allocation| match one.stage {
            Stage::Unhealthy(id, Some(at)) if at <= view.now => Some(id),
            _ => None,
        };
        let (number, id) =
            self.open.iter().enumerate().find_map(|(number, one)| Some((number, is_due(one)?)))?;
        let one = self.open.get_mut(number)?;
        (one.stage, one.attempts) = (Stage::WaitsFor(id), one.attempts + 1);
        let to = view.pool.desired(self.to()).saturating_sub(1);
        let reason = Reason::new("an unhealthy allocation is replaced");
        Some(scale(self.to(), to, Pick::One(id), reason))
    }

    fn carry_out(&mut self, plan: &Plan, view: &View<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if plan.canary > 0 {
            let numbers = [plan.canary.into(), 0.0, 0.0];
            actions.push(Action::StartStep(Reason::with("{} canaries", numbers)));
        }
        if plan.superseded > 0 {
            let numbers = [self.healthy_canaries.into(), 0.0, 0.0];
            let reason = Reason::with("{} canaries are promoted", numbers);
            actions.extend([Action::FinishStep(reason), Action::Phase(Phase::RollingOut)]);
        }
        for number in 0..plan.place {
            let is_canary = number < plan.canary;
            self.open.push_back(Allocation::placed(Stage::Placed, is_canary));
        }
        actions.extend(self.stop(plan, view));
        if plan.place + plan.destructive > 0 {
            self.progress.get_or_insert(view.now);
            if self.deployment == Deployment::None {
                self.deployment = Deployment::Running;
            }
        }
        actions
    }

    /// Old ones stop: those whose names promoted canaries have, those that are replaced, both by
    /// name, and those above the count from the other end.
    fn stop(&mut self, plan: &Plan, view: &View<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut skip = plan.superseded;
        let mut left = plan.superseded + plan.destructive;
        let mut too_many = plan.removed;
        for &version in self.direction.from() {
            let have = view.pool.desired(version);
            let go = left.min(have);
            left -= go;
            let successors = view.pool.in_order(version).take(go as usize);
            for id in successors {
                if skip > 0 {
                    skip -= 1;
                } else {
                    self.open.push_back(Allocation::placed(Stage::WaitsFor(id), false));
                }
            }
            if go > 0 {
                let numbers = [plan.superseded.into(), plan.destructive.into(), 0.0];
                let reason = Reason::with("{} superseded by canaries, {} replaced", numbers);
                actions.push(scale(version, have - go, Pick::LowestIndex, reason));
            }
            let removed = too_many.min(have - go);
            too_many -= removed;
            if removed > 0 {
                let reason = Reason::new("more than the job counts");
                actions.push(scale(version, have - go - removed, Pick::HighestIndex, reason));
            }
        }
        actions.extend((too_many > 0).then(|| self.remove_new(too_many, view)).flatten());
        actions
    }

    /// The job counts fewer than there are new ones: those without an instance go first, then the
    /// last to come.
    fn remove_new(&mut self, mut count: u32, view: &View<'_>) -> Option<Action> {
        let is_placed = |one: &Allocation| matches!(one.stage, Stage::WaitsFor(_) | Stage::Placed);
        while count > 0 && self.open.iter().any(is_placed) {
            let last = self.open.iter().rposition(is_placed)?;
            self.open.remove(last);
            count -= 1;
        }
        let all: Vec<InstanceId> = view.pool.in_order(self.to()).collect();
        for id in all.iter().rev().take(count as usize) {
            let is_it = |one: &Allocation| match one.stage {
                Stage::Running(other, _) | Stage::Unhealthy(other, _) => other == *id,
                _ => false,
            };
            match self.open.iter().position(is_it) {
                Some(open) => drop(self.open.remove(open)),
                None if self.healthy > 0 => self.healthy -= 1,
                None => self.healthy_canaries = self.healthy_canaries.saturating_sub(1),
            }
        }
        let to = view.pool.desired(self.to()).saturating_sub(count);
        let reason = Reason::new("more than the job counts");
        (count > 0).then(|| scale(self.to(), to, Pick::HighestIndex, reason))
    }

    fn promote(&mut self, view: &View<'_>) -> Vec<Action> {
        self.is_promoted = true;
        self.progress = Some(view.now);
        let plan = self.group(view).evaluate();
        self.carry_out(&plan, view)
    }

    /// What waits for a person: canaries to be promoted, or allocations to be called healthy.
    fn waits_for_a_person(&self) -> Option<Reason> {
        let is_manual = self.nomad.health_check == HealthCheck::Manual;
        let mut running = self.open.iter().map(|one| matches!(one.stage, Stage::Running(..)));
        if is_manual && !self.open.is_empty() && running.all(|is| is) {
            return Some(Reason::new("a person has to say that allocations are healthy"));
        }
        let is_ready = self.awaits_promotion() && !self.nomad.auto_promote;
        is_ready.then(|| Reason::new("healthy canaries wait to be promoted"))
    }

    /// The next moment at which something is known or due.
    fn next_wake(&self, view: &View<'_>) -> Option<SimTime> {
        let of_one = |one: &Allocation| match one.stage {
            Stage::Running(id, since) => match self.nomad.health(view, id, since) {
                Health::Unknown(at) => Some(at),
                Health::Healthy | Health::Unhealthy => None,
            },
            Stage::Unhealthy(_, at) => at,
            Stage::WaitsFor(_) | Stage::Placed | Stage::Launched(_) => None,
        };
        let due = self.open.iter().filter_map(of_one).chain(self.due());
        due.filter(|&at| at > view.now && at < SimTime::MAX).min()
    }

    fn sleep(&mut self, view: &View<'_>) -> Vec<Action> {
        let next = self.next_wake(view);
        if next.is_none() || (self.wake == next && self.wake > Some(view.now)) {
            return Vec::new();
        }
        self.wake = next;
        next.map(Action::WakeAt).into_iter().collect()
    }

    fn is_complete(&self, view: &View<'_>) -> bool {
        let is_promoted = self.nomad.canary == 0 || self.is_promoted;
        self.open.is_empty()
            && self.old(view) == 0
            && (is_promoted || self.healthy_canaries == 0)
            && self.healthy + self.healthy_canaries >= view.desired
    }
}

const fn scale(version: Version, to: u32, pick: Pick, reason: Reason) -> Action {
    Action::Scale { version, to, pick, reason }
}

impl Strategy for Deploying {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.seen = view.pool.len();
            // Going back, what was never replaced is there already.
            self.healthy = view.pool.desired(self.to());
        }
        self.observe(view);
        if let Some(why) = self.failure(view) {
            return self.fail(view, why);
        }
        if self.deployment == Deployment::Failed {
            return vec![Action::Abort(Reason::new("a failed deployment cannot go on"))];
        }
        if let Some(action) = self.reschedule(view).or_else(|| self.launch(view)) {
            return vec![action];
        }
        if self.nomad.auto_promote && self.awaits_promotion() {
            return self.promote(view);
        }
        let plan = self.group(view).evaluate();
        if plan.place + plan.destructive + plan.superseded + plan.removed > 0 {
            let actions = self.carry_out(&plan, view);
            return if actions.is_empty() {
                self.launch(view).into_iter().collect()
            } else {
                actions
            };
        }
        if self.is_complete(view) {
            return vec![Action::Finish(Reason::new("every allocation is new and healthy"))];
        }
        if let Some(reason) = self.waits_for_a_person() {
            return vec![Action::Phase(Phase::Baking), Action::Pause(reason)];
        }
        self.sleep(view)
    }

    /// The next evaluation counts anew.
    fn resize(&mut self, _: &View<'_>, _before: u32) -> Vec<Action> {
        Vec::new()
    }

    /// Paused: nothing more begins, what has begun goes on.
    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        self.observe(view);
        match self.launch(view) {
            Some(action) => vec![action],
            None => self.sleep(view),
        }
    }

    /// A person promotes the canaries, or calls what runs healthy.
    fn go_on(&mut self) {
        if self.nomad.health_check == HealthCheck::Manual {
            let is_running = |one: &Allocation| matches!(one.stage, Stage::Running(..));
            let running: Vec<Allocation> = self.open.iter().copied().filter(is_running).collect();
            self.open.retain(|one| !is_running(one));
            let canaries = running.iter().filter(|one| one.is_canary).count() as u32;
            self.healthy_canaries += canaries;
            self.healthy += running.len() as u32 - canaries;
        }
        self.is_promoted |= self.awaits_promotion();
    }
}
