//! The rollout: asks its strategy, carries out what it answers, and watches over it: deadline,
//! failures, outcome.

use super::event::Event;
use super::plan::Plan;
use super::run::Outcome;
use super::world::World;
use crate::engine::Rank;
use crate::strategy::{Action, Direction, Judge, OnFailure, Pick, Reason, Setup, Strategy, View};
use crate::traffic::{Phase, Split};
use crate::units::{Ratio, SimDuration, SimTime, Version};

/// Kubernetes looks a second after the deadline (`progress.go` re-queues for the rest plus one).
const AFTER_DEADLINE: SimDuration = SimDuration::from_secs(1);

/// More answers than this at one moment are a strategy that contradicts itself.
const MOST_ANSWERS: usize = 1_000_000;

/// Where the rollout stands.
pub(super) struct Rollout {
    pub(super) strategy: Box<dyn Strategy>,
    /// Why it waits, where it does.
    pub(super) hold: Option<Hold>,
    pub(super) direction: Direction,
    pub(super) split: Split,
    /// Whether a flag keeps its defects from everyone.
    pub(super) is_dark: bool,
    /// Whether the release is one that requests can notice.
    pub(super) is_release_faulty: bool,
    pub(super) steps: u32,
    pub(super) failed_steps: u32,
    pub(super) detect: Option<SimDuration>,
    pub(super) rolled_back_after: Option<SimDuration>,
    pub(super) outcome: Option<(Outcome, SimTime)>,
    pub(super) phase: Phase,
    has_step_failed: bool,
    pub(super) is_running: bool,
    pub(super) switched: Option<SimTime>,
    switches: u32,
    is_switching: bool,
    pending: Option<(Split, Reason)>,
    wakes: u32,
    /// The first moment at which the release's fault could be seen.
    sign: Option<SimTime>,
    pub(super) decided: Option<SimTime>,
    progress: SimTime,
    seen: Seen,
    is_deadline_set: bool,
    missed: Option<SimTime>,
}

/// What progress is measured against.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    ready: u32,
    available: u32,
    leaving: u32,
    launches: u32,
}

impl Rollout {
    pub(super) fn new(plan: &Plan, start: SimTime) -> Self {
        let release = &plan.data.release;
        Self {
            strategy: plan.strategy.parameters.begin(setup(
                plan,
                plan.fleet.instances,
                Direction::Forward,
            )),
            hold: None,
            direction: Direction::Forward,
            split: Split::ByCount,
            is_dark: plan.strategy.parameters.is_flagged(),
            is_release_faulty: !release.error_rate.is_zero()
                || release.service_time_factor > 1.0
                || plan.release.crash_after.is_some(),
            steps: 0,
            failed_steps: 0,
            detect: None,
            rolled_back_after: None,
            outcome: None,
            phase: Phase::RollingOut,
            has_step_failed: false,
            is_running: false,
            switched: None,
            switches: 0,
            is_switching: false,
            pending: None,
            wakes: 0,
            sign: None,
            decided: None,
            progress: start,
            seen: Seen::default(),
            is_deadline_set: false,
            missed: None,
        }
    }

    /// The release's fault could be seen from this moment on.
    pub(super) fn note_sign(&mut self, at: SimTime) {
        self.sign = Some(self.sign.map_or(at, |sign| sign.min(at)));
    }

    /// Whether a rollback was begun.
    pub(super) const fn is_back(&self) -> bool {
        matches!(self.direction, Direction::Back)
    }
}

pub(super) fn setup(plan: &Plan, desired: u32, direction: Direction) -> Setup {
    let haste = match direction {
        Direction::Back => plan.strategy.haste,
        Direction::Forward | Direction::Over => 1.0,
    };
    Setup { desired, zones: plan.fleet.zones.len() as u16, direction, haste }
}

/// Why a rollout waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Its strategy waits for a person.
    Strategy,
    /// A person has paused it.
    Person,
    /// A failure has paused it.
    Failure,
    /// The error budget burns too fast.
    Budget,
}

impl World<'_> {
    pub(super) fn start_rollout(&mut self) {
        let plan = self.plan;
        self.tell("rollout-started", format!("strategy {}", plan.strategy.name));
        self.rollout.is_running = true;
        self.rollout.progress = self.now;
        self.rollout.seen = self.seen();
        self.last_terminated = None;
        self.set_deadline();
        self.begin_watching();
        if let Some(why) = plan.budget.and_then(|budget| budget.refusal()) {
            self.conclude(Outcome::Aborted, why);
            return;
        }
        self.begin_guards();
    }

    /// Asks the strategy until it has nothing more to do, then sees what came of it.
    pub(super) fn decide(&mut self) {
        if !self.rollout.is_running {
            return;
        }
        self.begin_late_guards();
        for _ in 0..MOST_ANSWERS {
            let view = View {
                now: self.now,
                desired: self.desired,
                split: self.rollout.split,
                switched: self.rollout.switched,
                gates: self.gates.standing(),
                checked: self.gates.checked(),
                pool: &self.pool,
            };
            let strategy = &mut self.rollout.strategy;
            let actions = match self.rollout.hold {
                None => strategy.decide(&view),
                Some(_) => strategy.hold(&view),
            };
            if actions.is_empty() {
                break;
            }
            for action in &actions {
                self.act(action);
            }
            self.rollout.strategy.take_back(actions);
            if !self.rollout.is_running {
                return;
            }
        }
        self.see_progress();
        self.see_stall();
    }

    /// Whether the strategy is at work and starts what is missing itself.
    pub(super) fn strategy_starts_missing(&self) -> bool {
        let Rollout { is_running, hold, .. } = &self.rollout;
        *is_running && hold.is_none() && self.plan.strategy.parameters.starts_missing()
    }

    pub(super) fn act(&mut self, action: &Action) {
        match *action {
            Action::Scale { version, to, pick, reason } => self.scale(version, to, pick, reason),
            Action::Replace { from, to, count, pick, reason } => {
                self.replace([from, to], count, pick, reason);
            }
            Action::Split { split, reason } => self.set_split(split, "weight-set", reason),
            Action::Switch { split, reason } => self.begin_switch(split, reason),
            Action::Flag { share, reason } => self.set_flag(share, reason),
            Action::Mirror { share, reason } => {
                self.plane.set_mirror(share);
                self.tell("weight-set", format!("copies {} %: {reason}", share.as_f64() * 100.0));
            }
            Action::WakeAt(at) => {
                self.rollout.wakes += 1;
                self.calendar.schedule(at.max(self.now), Rank::Strategy, Event::Wake);
            }
            Action::Phase(phase) => self.enter(phase),
            Action::StartStep(reason) => {
                self.rollout.steps += 1;
                self.rollout.has_step_failed = false;
                self.tell("step-started", reason);
            }
            Action::FinishStep(reason) => self.tell("step-finished", reason),
            Action::RunGates(ref names) => self.run_gates(names),
            Action::EndGates => self.end_gates(),
            Action::Guard(ref names) => self.guard(names),
            Action::EndGuards => self.end_guards(),
            Action::Check(ref names) => self.check_now(names),
            Action::Pause(reason) => self.pause(Hold::Strategy, reason),
            Action::Finish(reason) => self.finish(reason),
            Action::Fail(reason) => self.fail_for_good(reason),
            Action::Abort(reason) => self.conclude(Outcome::Aborted, reason),
        }
    }

    fn scale(&mut self, version: Version, to: u32, pick: Pick, reason: Reason) {
        self.pool.set_desired(version, to);
        self.tell_of(version, "scaled", reason);
        while self.pool.counts(version).active < to {
            let berth = self.berth_for(version, pick);
            self.rollout.seen.launches += 1;
            self.launch(version, berth);
        }
        while self.pool.counts(version).active > to {
            let Some(id) = self.victim(version, pick) else { return };
            self.retire(id, None);
        }
    }

    fn replace(&mut self, [from, to]: [Version; 2], count: u32, pick: Pick, reason: Reason) {
        let count = count.min(self.pool.desired(from));
        self.pool.set_desired(from, self.pool.desired(from) - count);
        self.pool.set_desired(to, self.pool.desired(to) + count);
        self.tell_of(to, "scaled", reason);
        self.rollout.seen.launches += count;
        for _ in 0..count {
            let Some(id) = self.victim(from, pick) else { return };
            self.retire(id, Some(to));
        }
    }

    fn set_split(&mut self, split: Split, event: &'static str, reason: impl ToString) {
        self.rollout.split = split;
        self.plane.set_split(split, self.now);
        self.note_release_sign();
        let share = match split {
            Split::ByCount => "by count".to_owned(),
            Split::Weighted(share) => format!("{} % of the requests", share.as_f64() * 100.0),
            Split::Cohort(share) => format!("{} % of the users", share.as_f64() * 100.0),
        };
        self.tell(event, format!("{share}: {}", reason.to_string()));
    }

    /// Whom what is behind the feature flag reaches from now on.
    fn set_flag(&mut self, share: Ratio, reason: Reason) {
        self.plane.set_flag(share);
        self.tell("weight-set", format!("flag at {} %: {reason}", share.as_f64() * 100.0));
        if !share.is_zero() && self.rollout.is_dark {
            self.rollout.is_dark = false;
            if self.rollout.is_release_faulty && self.pool.serving(Version::New).count > 0 {
                self.rollout.note_sign(self.now);
            }
        }
    }

    fn begin_switch(&mut self, split: Split, reason: Reason) {
        self.rollout.switched = None;
        self.rollout.switches += 1;
        self.rollout.is_switching = true;
        self.rollout.pending = Some((split, reason));
        let token = self.rollout.switches;
        let bits = self.chance.switch_lag.draw(0, u64::from(token));
        let lag = self.plan.routing.lag.draw(bits, u64::from(token));
        let lag = lag.unwrap_or(SimDuration::ZERO).scaled(self.lag_factor());
        let at = self.now + lag;
        self.calendar.schedule(at, Rank::Balancer, Event::Switch { token });
    }

    pub(super) fn switch(&mut self, token: u32) {
        if token != self.rollout.switches || self.rollout.outcome.is_some() {
            return;
        }
        if let Some((split, reason)) = self.rollout.pending.take() {
            self.set_split(split, "switched", reason);
            self.rollout.switched = Some(self.now);
            self.rollout.is_switching = false;
        }
    }

    pub(super) const fn wake(&mut self) {
        self.rollout.wakes = self.rollout.wakes.saturating_sub(1);
    }

    /// While a rollout waits on purpose its deadline does not run.
    fn enter(&mut self, phase: Phase) {
        let phase = match (phase, self.rollout.direction) {
            (Phase::RollingOut, Direction::Back) => Phase::RollingBack,
            (phase, _) => phase,
        };
        if self.rollout.phase == Phase::Baking {
            self.rollout.progress = self.now;
            self.set_deadline();
        }
        self.rollout.phase = phase;
        self.plane.set_phase(phase, self.now);
    }

    fn finish(&mut self, reason: Reason) {
        let outcome = match self.rollout.direction {
            Direction::Forward | Direction::Over => Outcome::Completed,
            Direction::Back => Outcome::RolledBack,
        };
        if let Some(decided) = self.rollout.decided.filter(|_| self.rollout.is_back()) {
            self.rollout.rolled_back_after = Some(self.now.since(decided));
        }
        self.conclude(outcome, reason);
    }

    /// The rollout ends; what is under way in the fleet goes on.
    pub(super) fn conclude(&mut self, outcome: Outcome, reason: impl ToString) {
        let at = match (outcome, self.rollout.missed) {
            (Outcome::Stalled, Some(missed)) => missed,
            _ => self.now,
        };
        self.gates.stop();
        self.rollout.is_running = false;
        self.rollout.outcome = Some((outcome, at));
        self.tell(outcome.name(), reason);
        self.plane.set_phase(Phase::Settling, self.now);
        let end = self.now + self.plan.simulation.settle;
        self.end = Some(end);
        self.calendar.schedule(end, Rank::Strategy, Event::End);
    }

    fn seen(&self) -> Seen {
        Seen {
            ready: Version::EVERY.iter().map(|&version| self.pool.counts(version).ready).sum(),
            available: self.pool.available(),
            leaving: self.leaving(),
            launches: 0,
        }
    }

    /// Instances of the versions that go.
    fn leaving(&self) -> u32 {
        let from = self.rollout.direction.from().iter();
        from.map(|&version| self.pool.counts(version).active).sum()
    }

    /// Takes this moment for one of progress.
    pub(super) fn note_progress(&mut self) {
        self.pool.close();
        self.rollout.progress = self.now;
        self.rollout.missed = None;
        self.rollout.seen = self.seen();
        self.set_deadline();
    }

    /// Progress is what Kubernetes' `DeploymentProgressing` calls so: an instance launched under
    /// a new desired count, more ready, more available, fewer of the version that goes.
    fn see_progress(&mut self) {
        let (before, after) = (self.rollout.seen, self.seen());
        let is_progress = before.launches > 0
            || after.ready > before.ready
            || after.available > before.available
            || after.leaving < before.leaving;
        self.rollout.seen = after;
        if is_progress {
            self.rollout.progress = self.now;
            self.set_deadline();
        }
    }

    fn deadline(&self) -> SimTime {
        self.rollout.progress + self.plan.readiness.deadline + AFTER_DEADLINE
    }

    fn set_deadline(&mut self) {
        if !self.rollout.is_deadline_set {
            self.rollout.is_deadline_set = true;
            self.calendar.schedule(self.deadline(), Rank::Strategy, Event::Deadline);
        }
    }

    pub(super) fn see_deadline(&mut self) {
        self.rollout.is_deadline_set = false;
        let is_waiting = self.rollout.phase == Phase::Baking || self.rollout.hold.is_some();
        let is_its_own = self.parameters(self.rollout.direction).keeps_deadline();
        if !self.rollout.is_running || is_waiting || is_its_own {
            return;
        }
        if self.now < self.deadline() {
            self.set_deadline();
            return;
        }
        self.rollout.missed = Some(self.now);
        if self.is_judged_by_strategy() {
            return;
        }
        let length = self.plan.readiness.deadline;
        self.tell("deadline-exceeded", format!("no progress for {length}"));
        self.fail("the deadline passed");
    }

    /// Whether the strategy alone says that the rollout has failed.
    pub(super) fn is_judged_by_strategy(&self) -> bool {
        self.plan.strategy.parameters.judge() == Judge::Strategy
    }

    /// A missed deadline with nothing left that could happen is a stall.
    fn see_stall(&mut self) {
        let rollout = &self.rollout;
        if rollout.missed.is_none() || !rollout.is_running {
            return;
        }
        let can_happen = rollout.wakes > 0 || rollout.is_switching || self.pool.is_restless();
        if !can_happen {
            self.conclude(Outcome::Stalled, "nothing acts and nothing more can happen");
        }
    }

    /// A failure of the rollout: a start failed for good, or the deadline passed.
    pub(super) fn fail(&mut self, why: &'static str) {
        if self.is_judged_by_strategy() {
            return;
        }
        self.fail_with(self.plan.strategy.on_failure, why);
    }

    /// A failure of the rollout, and what it is answered with.
    pub(super) fn fail_with(&mut self, on_failure: OnFailure, why: impl Into<String>) {
        let why = why.into();
        if !self.rollout.is_running {
            return;
        }
        if !self.rollout.has_step_failed {
            self.rollout.has_step_failed = true;
            self.rollout.failed_steps += u32::from(self.rollout.steps > 0);
        }
        // What goes back already has nowhere further to go.
        let answer = match self.rollout.direction {
            Direction::Forward | Direction::Over => on_failure,
            Direction::Back => OnFailure::Stall,
        };
        if answer == OnFailure::Stall {
            return;
        }
        self.note_detection();
        let window = self.plan.strategy.rollback_window;
        let is_late = window.is_some_and(|window| self.now.since(self.start) > window);
        match answer {
            OnFailure::Stall => {}
            OnFailure::Pause => self.pause(Hold::Failure, why),
            OnFailure::Abort => self.conclude(Outcome::Aborted, why),
            OnFailure::Rollback if is_late => {
                let reason = format!("{why}, and the time in which to roll back is over");
                self.pause(Hold::Failure, reason);
            }
            OnFailure::Rollback => self.roll_back(&why),
        }
    }

    /// The release's fault has been noticed, if there was one to notice.
    pub(super) fn note_detection(&mut self) {
        let sign = self.rollout.sign.filter(|&sign| sign <= self.now);
        self.rollout.detect = sign.map(|sign| self.now.since(sign));
    }
}
