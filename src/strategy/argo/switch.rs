//! An Argo blueGreen on its way, and on its way back.
//!
//! The order of a reconcile is that of `rollout/bluegreen.go`: sizes, the pause, the active
//! service, analysis, status.

use super::blue_green::BlueGreen;
use super::preview::{self, Active};
use super::way::{Pace, Way, scale, set};
use crate::gate;
use crate::strategy::{Action, Reason, Strategy, View};
use crate::traffic::Phase;
use crate::units::SimTime;

/// The one weight there is.
const ALL: u32 = 1;

/// Where the way forward has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    /// The new ReplicaSet comes up, or its preview.
    Growing,
    /// The pre-promotion analysis looks.
    Looking(Watch),
    Waiting(SimTime),
    /// For a person.
    Asking,
    /// Past the checkpoint: the new ReplicaSet is completed.
    Completing,
    Switching,
    /// The post-promotion analysis looks, the old ReplicaSet standing until then.
    Judging(Watch, SimTime),
    /// The old ReplicaSet goes then.
    Leaving(SimTime),
    Over,
}

/// Gates at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Looking,
    /// They could not tell, and a person was asked.
    Lost,
    /// The person lets them look anew.
    Renewed,
}

/// A blueGreen under way.
#[derive(Debug)]
pub(super) struct Forward {
    rules: BlueGreen,
    way: Way,
    stage: Stage,
    /// Going back to a ReplicaSet that still stands waits for nothing.
    is_fast: bool,
    /// Gates look at the new version, so none looks on the way back.
    has_analysis: bool,
    pace: Pace,
}

impl Forward {
    pub(super) fn new(rules: &BlueGreen) -> Self {
        Self {
            rules: rules.clone(),
            way: Way::FORWARD,
            stage: Stage::Beginning,
            is_fast: false,
            has_analysis: true,
            pace: Pace::new(rules.reconcile),
        }
    }

    fn returning(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            way: self.way.reversed(),
            stage: Stage::Beginning,
            is_fast: self.stage != Stage::Over,
            has_analysis: false,
            pace: Pace::new(self.rules.reconcile),
        }
    }

    /// Desired count of the new ReplicaSet.
    fn wanted(&self, view: &View<'_>) -> u32 {
        let has_switched =
            matches!(self.stage, Stage::Switching | Stage::Judging(..) | Stage::Leaving(_));
        let state = preview::State {
            active: if has_switched { Active::New } else { Active::Old },
            is_past_checkpoint: self.stage == Stage::Completing,
            is_paused: matches!(self.stage, Stage::Waiting(_) | Stage::Asking),
            is_promoted_in_full: self.is_fast,
        };
        preview::replicas(view.desired, self.rules.preview_replica_count, state)
    }

    fn reconcile(&mut self, view: &View<'_>) -> Vec<Action> {
        if self.stage == Stage::Beginning {
            self.stage = Stage::Growing;
            let hidden = Reason::new("the new ReplicaSet is kept from users until the switch");
            let mut actions = vec![Action::StartStep(Reason::new("the new ReplicaSet"))];
            let split = self.way.split(0, ALL);
            if view.split != split {
                actions.push(Action::Split { split, reason: hidden });
            }
            actions.extend(self.size(view));
            return actions;
        }
        let actions = self.size(view);
        if !actions.is_empty() {
            return actions;
        }
        let (new, wanted) = (set(view, self.way.canary), self.wanted(view));
        let is_saturated = new.spec == wanted && new.available == wanted;
        match self.stage {
            Stage::Growing if is_saturated => self.look(view),
            Stage::Looking(watch) => {
                let gates = &self.rules.pre_promotion_analysis;
                match follow(view, watch, gates) {
                    Next::Act(watch, actions) => {
                        self.stage = Stage::Looking(watch);
                        actions
                    }
                    Next::Passed => {
                        let mut actions = vec![Action::EndGates];
                        actions.extend(self.wait(view));
                        actions
                    }
                    Next::Wait => Vec::new(),
                }
            }
            Stage::Waiting(until) if view.now >= until => self.complete(),
            Stage::Completing if is_saturated => self.switch(),
            Stage::Switching => self.judge(view),
            Stage::Judging(watch, until) => self.follow_judgement(view, watch, until),
            Stage::Leaving(until) if view.now >= until => self.leave(view),
            _ => Vec::new(),
        }
    }

    /// Both ReplicaSets to their counts: the new one, then the stable one.
    fn size(&self, view: &View<'_>) -> Vec<Action> {
        let (new, old) = (self.way.canary, self.way.stable);
        let wanted = self.wanted(view);
        let mut actions = Vec::new();
        if view.pool.desired(new) != wanted {
            let reason = Reason::with("the new ReplicaSet to {}", [wanted.into(), 0.0, 0.0]);
            actions.push(scale(new, wanted, reason));
        }
        let is_gone = view.pool.desired(old) == 0;
        if view.pool.desired(old) != view.desired && !is_gone {
            let reason = Reason::with("the stable one to {}", [view.desired.into(), 0.0, 0.0]);
            actions.push(scale(old, view.desired, reason));
        }
        actions
    }

    /// The preview is there: its analysis begins, if there is one.
    fn look(&mut self, view: &View<'_>) -> Vec<Action> {
        let gates = &self.rules.pre_promotion_analysis;
        if self.is_fast {
            return self.complete();
        }
        if !self.has_analysis || gates.is_empty() {
            return self.wait(view);
        }
        let gates = gates.clone().into();
        self.stage = Stage::Looking(Watch::Looking);
        vec![Action::Phase(Phase::Baking), Action::RunGates(gates)]
    }

    /// The analysis has succeeded: the pause begins.
    fn wait(&mut self, view: &View<'_>) -> Vec<Action> {
        if !self.rules.auto_promotion {
            self.stage = Stage::Asking;
            let reason = Reason::new("the promotion waits for a person");
            return vec![Action::Phase(Phase::Baking), Action::Pause(reason)];
        }
        let length = self.rules.wait();
        if length.is_zero() {
            return self.complete();
        }
        let until = view.now + length;
        self.stage = Stage::Waiting(until);
        vec![Action::Phase(Phase::Baking), Action::WakeAt(until)]
    }

    fn complete(&mut self) -> Vec<Action> {
        self.stage = Stage::Completing;
        vec![Action::Phase(Phase::RollingOut)]
    }

    fn switch(&mut self) -> Vec<Action> {
        self.stage = Stage::Switching;
        let reason = Reason::new("the new ReplicaSet is available");
        vec![
            Action::FinishStep(reason),
            Action::StartStep(Reason::new("the switch")),
            Action::Switch { split: self.way.split(ALL, ALL), reason },
        ]
    }

    /// The switch has taken effect: the old ReplicaSet's delay begins, and the analysis.
    fn judge(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(switched) = view.switched else { return Vec::new() };
        let until = switched + self.rules.scale_down_delay();
        let gates = &self.rules.post_promotion_analysis;
        let mut actions = vec![Action::Phase(Phase::Baking), Action::WakeAt(until)];
        if self.has_analysis && !gates.is_empty() {
            self.stage = Stage::Judging(Watch::Looking, until);
            actions.push(Action::RunGates(gates.clone().into()));
        } else {
            self.stage = Stage::Leaving(until);
        }
        actions
    }

    fn follow_judgement(&mut self, view: &View<'_>, watch: Watch, until: SimTime) -> Vec<Action> {
        let gates = &self.rules.post_promotion_analysis;
        match follow(view, watch, gates) {
            Next::Passed => {
                self.stage = Stage::Leaving(until);
                vec![Action::EndGates]
            }
            Next::Act(watch, actions) => {
                self.stage = Stage::Judging(watch, until);
                actions
            }
            Next::Wait => {
                let old = self.way.stable;
                let may_go = view.now >= until && !self.rules.keeps_old_for_analysis();
                if may_go && view.pool.desired(old) > 0 {
                    let reason = Reason::new("the delay is over before the analysis is");
                    return vec![scale(old, 0, reason)];
                }
                Vec::new()
            }
        }
    }

    fn leave(&mut self, view: &View<'_>) -> Vec<Action> {
        self.stage = Stage::Over;
        let reason = Reason::new("the old ReplicaSet's scale-down delay is over");
        let mut actions = vec![Action::FinishStep(reason)];
        if view.pool.desired(self.way.stable) > 0 {
            actions.push(scale(self.way.stable, 0, reason));
        }
        actions.push(Action::Finish(Reason::new("the old ReplicaSet was told to stop")));
        actions
    }
}

/// What follows for gates at work.
enum Next {
    Wait,
    Passed,
    Act(Watch, Vec<Action>),
}

fn follow(view: &View<'_>, watch: Watch, gates: &[String]) -> Next {
    let state = view.gates.map(|gates| gates.now);
    match (watch, state) {
        (Watch::Renewed, _) => {
            let again = vec![Action::EndGates, Action::RunGates(gates.into())];
            Next::Act(Watch::Looking, again)
        }
        // Where none is left to look, nothing speaks against going on.
        (Watch::Looking, Some(gate::State::Passed) | None) => Next::Passed,
        (Watch::Looking, Some(gate::State::Inconclusive)) => {
            let reason = Reason::new("the analysis cannot tell");
            Next::Act(Watch::Lost, vec![Action::Pause(reason)])
        }
        _ => Next::Wait,
    }
}

impl Strategy for Forward {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if !self.pace.is_due(view.now) || self.stage == Stage::Over {
            return Vec::new();
        }
        let mut actions = self.reconcile(view);
        self.pace.took(view.now, &mut actions);
        actions
    }

    /// The next reconcile takes it into account.
    fn resize(&mut self, view: &View<'_>, _before: u32) -> Vec<Action> {
        let reason = Reason::new("the desired count has changed");
        match self.stage {
            Stage::Over => vec![scale(self.way.canary, view.desired, reason)],
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        self.stage = match self.stage {
            Stage::Waiting(_) | Stage::Asking => Stage::Waiting(SimTime::ZERO),
            Stage::Looking(Watch::Lost) => Stage::Looking(Watch::Renewed),
            Stage::Judging(Watch::Lost, until) => Stage::Judging(Watch::Renewed, until),
            Stage::Leaving(_) => Stage::Leaving(SimTime::ZERO),
            other => other,
        };
    }

    fn turn_back(&self) -> Option<Box<dyn Strategy>> {
        let is_promoted = matches!(self.stage, Stage::Leaving(_) | Stage::Over);
        if is_promoted {
            return Some(Box::new(self.returning()));
        }
        let has_switched = matches!(self.stage, Stage::Switching | Stage::Judging(..));
        let active = if has_switched { Active::New } else { Active::Old };
        Some(Box::new(Back { active: Some(active), ..Back::new(&self.rules) }))
    }
}

/// The way back from what is not promoted yet.
#[derive(Debug)]
pub(super) struct Back {
    rules: BlueGreen,
    way: Way,
    /// Where the active service points; none: as requests go.
    active: Option<Active>,
    has_asked: bool,
    deadline: Option<SimTime>,
    pace: Pace,
}

impl Back {
    pub(super) fn new(rules: &BlueGreen) -> Self {
        Self {
            rules: rules.clone(),
            way: Way::FORWARD,
            active: None,
            has_asked: false,
            deadline: None,
            pace: Pace::new(rules.reconcile),
        }
    }

    fn reconcile(&mut self, view: &View<'_>) -> Vec<Action> {
        let (new, old) = (set(view, self.way.canary), self.way.stable);
        if view.pool.desired(old) < view.desired {
            return vec![scale(old, view.desired, Reason::new("the stable ReplicaSet again"))];
        }
        let all = self.way.split(ALL, ALL);
        let is_away = self.active.map_or(view.split == all, |active| active == Active::New);
        if is_away && !self.has_asked {
            // The controller does not touch the active service before the new ReplicaSet is whole.
            if [new.spec, new.available] != [view.desired; 2] {
                return Vec::new();
            }
            self.has_asked = true;
            let reason = Reason::new("aborted: the active service goes back");
            return vec![Action::Switch { split: self.way.split(0, ALL), reason }];
        }
        if self.has_asked && view.switched.is_none() {
            return Vec::new();
        }
        self.let_go(view)
    }

    /// The new pods stay for their delay, or for ever.
    fn let_go(&mut self, view: &View<'_>) -> Vec<Action> {
        let (new, old) = (self.way.canary, self.way.stable);
        let delay = self.rules.abort_scale_down_delay;
        if delay.is_zero() || view.pool.desired(new) == 0 {
            if view.pool.counts(old).available < view.desired {
                return Vec::new();
            }
            return vec![Action::Finish(Reason::new("the stable version serves everything"))];
        }
        let Some(deadline) = self.deadline else {
            let until = view.now + delay;
            self.deadline = Some(until);
            return vec![Action::WakeAt(until)];
        };
        if view.now < deadline {
            return Vec::new();
        }
        vec![scale(new, 0, Reason::new("the scale-down delay after an abort is over"))]
    }
}

impl Strategy for Back {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if !self.pace.is_due(view.now) {
            return Vec::new();
        }
        let mut actions = self.reconcile(view);
        self.pace.took(view.now, &mut actions);
        actions
    }
}
