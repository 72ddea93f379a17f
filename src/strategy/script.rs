//! A rollout written down as a list of things to do one after another: batches, a second fleet,
//! shares of the requests, waits. What the cloud's controllers have in common.

use std::collections::VecDeque;
use std::sync::Arc;

use super::pause::{self, Next};
use super::{Action, Direction, Pick, Reason, Strategy, View};
use crate::traffic::{Phase, Split};
use crate::units::{Ratio, SimDuration, SimTime};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// The version that comes gets no requests until it is given a share.
    Hide,
    /// Launches so many more of the version that comes, and waits for them.
    Launch(u32),
    /// Launches what the version that comes lacks to the fleet's size, and waits for them.
    Complete,
    /// Puts the version that comes on so many instances at once, and waits for them.
    InPlace(u32),
    /// Gives the version that comes this share of the requests.
    Share(Ratio),
    /// Waits, gates looking meanwhile.
    Wait(SimDuration, Arc<[String]>),
    /// Waits for a person to let it go on, and fails where none has by then.
    Approval(SimDuration),
    /// The versions that go are told to stop.
    EndOld,
    /// Instances beyond the fleet's size are told to stop.
    EndExtra,
}

/// What follows where instances are not available in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The rollout fails.
    Fail,
    /// The next step begins all the same.
    GoOn,
}

/// How long a step may wait for its instances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) time: SimDuration,
    pub(super) late: Late,
}

/// What it is at.
#[derive(Clone, Copy, Debug)]
enum At {
    Next,
    /// Waits for so many available instances of the version that comes, until a moment.
    Growing(u32, Option<SimTime>),
    Waiting(SimTime),
    /// Waits for a person until a moment.
    Asking(SimTime),
    /// It has failed, and nothing acts.
    Over,
}

/// The strategy that does them.
#[derive(Debug)]
pub(super) struct Script {
    direction: Direction,
    steps: VecDeque<Step>,
    limit: Option<Limit>,
    at: At,
}

impl Script {
    pub(super) fn new(direction: Direction, steps: Vec<Step>, limit: Option<Limit>) -> Self {
        Self { direction, steps: steps.into(), limit, at: At::Next }
    }

    fn next(&mut self, view: &View<'_>) -> Vec<Action> {
        self.at = At::Next;
        while let Some(step) = self.steps.pop_front() {
            let actions = self.begin(step, view);
            if !actions.is_empty() {
                return actions;
            }
        }
        vec![Action::Finish(Reason::new("the last step is done"))]
    }

    /// What a step does at its beginning; nothing where there is nothing to do.
    fn begin(&mut self, step: Step, view: &View<'_>) -> Vec<Action> {
        let (pool, to) = (view.pool, self.direction.to());
        match step {
            Step::Hide => {
                let reason = Reason::new("the new fleet is kept from users for now");
                vec![Action::Split { split: Split::Weighted(Ratio::ZERO), reason }]
            }
            Step::Launch(count) => self.launch(count, view),
            Step::Complete => self.launch(view.desired.saturating_sub(pool.desired(to)), view),
            Step::InPlace(count) => self.in_place(count, view),
            Step::Share(share) => {
                let reason = Reason::new("the next shift of requests");
                vec![Action::Split { split: Split::Weighted(share), reason }]
            }
            Step::Wait(length, _) if length.is_zero() => Vec::new(),
            Step::Wait(length, gates) => {
                let until = view.now + length;
                self.at = At::Waiting(until);
                pause::begin(until, &gates)
            }
            Step::Approval(length) => {
                let until = view.now + length;
                self.at = At::Asking(until);
                pause::begin(until, &Arc::default())
            }
            Step::EndOld => {
                let leaving = self.direction.from().iter().copied();
                let reason = Reason::new("the old instances have served their turn");
                leaving
                    .filter(|&version| pool.desired(version) > 0)
                    .map(|version| Action::Scale { version, to: 0, pick: Pick::Any, reason })
                    .collect()
            }
            Step::EndExtra if pool.desired(to) > view.desired => {
                let reason = Reason::new("the additional instances are no longer needed");
                vec![Action::Scale { version: to, to: view.desired, pick: Pick::Any, reason }]
            }
            Step::EndExtra => Vec::new(),
        }
    }

    fn launch(&mut self, count: u32, view: &View<'_>) -> Vec<Action> {
        if count == 0 {
            return Vec::new();
        }
        let version = self.direction.to();
        let reason = Reason::with("{} instances beside those there are", [count.into(), 0.0, 0.0]);
        let to = view.pool.desired(version) + count;
        let scale = Action::Scale { version, to, pick: Pick::Any, reason };
        self.grow(count, vec![scale], reason, view)
    }

    fn in_place(&mut self, count: u32, view: &View<'_>) -> Vec<Action> {
        let (pool, to) = (view.pool, self.direction.to());
        let reason = Reason::with("a batch of {}", [count.into(), 0.0, 0.0]);
        let mut left = count;
        let mut actions = Vec::new();
        for &from in self.direction.from() {
            let count = pool.desired(from).min(left);
            left -= count;
            if count > 0 {
                actions.push(Action::Replace { from, to, count, pick: Pick::Any, reason });
            }
        }
        if actions.is_empty() {
            return actions;
        }
        self.grow(count - left, actions, reason, view)
    }

    fn grow(
        &mut self,
        count: u32,
        change: Vec<Action>,
        reason: Reason,
        view: &View<'_>,
    ) -> Vec<Action> {
        let until = self.limit.map(|limit| view.now + limit.time);
        let available = view.pool.counts(self.direction.to()).available;
        self.at = At::Growing(available + count, until);
        let mut actions = vec![Action::Phase(Phase::RollingOut), Action::StartStep(reason)];
        actions.extend(change);
        actions.extend(until.map(Action::WakeAt));
        actions
    }

    /// The step's instances are available, or their time is up.
    fn see_growth(&mut self, goal: u32, until: Option<SimTime>, view: &View<'_>) -> Vec<Action> {
        if view.pool.counts(self.direction.to()).available >= goal {
            self.at = At::Next;
            return vec![Action::FinishStep(Reason::new("its instances are available"))];
        }
        if until.is_none_or(|until| view.now < until) {
            return Vec::new();
        }
        match self.limit.map(|limit| limit.late) {
            Some(Late::Fail) => {
                self.at = At::Over;
                vec![Action::Fail(Reason::new("instances were not healthy in time"))]
            }
            Some(Late::GoOn) | None => {
                self.at = At::Next;
                vec![Action::FinishStep(Reason::new("its time is up, health is ignored"))]
            }
        }
    }
}

impl Strategy for Script {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.at {
            At::Next => self.next(view),
            At::Growing(goal, until) => self.see_growth(goal, until, view),
            At::Waiting(until) => match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the step's gates cannot tell"))],
                Next::GoOn => {
                    self.at = At::Next;
                    let mut actions = pause::end(view);
                    actions.push(Action::Phase(Phase::RollingOut));
                    actions
                }
            },
            At::Asking(until) if until == SimTime::ZERO => {
                self.at = At::Next;
                vec![Action::Phase(Phase::RollingOut)]
            }
            At::Asking(until) if view.now >= until => {
                self.at = At::Over;
                vec![Action::Fail(Reason::new("nobody has let it go on in time"))]
            }
            At::Asking(_) | At::Over => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        match self.at {
            At::Waiting(_) => self.at = At::Waiting(SimTime::ZERO),
            At::Asking(_) => self.at = At::Asking(SimTime::ZERO),
            At::Next | At::Growing(..) | At::Over => {}
        }
    }
}

/// The steps of a whole second fleet that takes the requests by `shifts`, each a share and the
/// wait after it; the old fleet stays for `bake` after the last.
pub(super) fn second_fleet(
    before: Vec<Step>,
    shifts: &[(Ratio, SimDuration)],
    gates: &Arc<[String]>,
    bake: Step,
) -> Vec<Step> {
    let mut steps = vec![Step::Hide, Step::Complete];
    steps.extend(before);
    for &(share, wait) in shifts {
        steps.extend([Step::Share(share), Step::Wait(wait, Arc::clone(gates))]);
    }
    steps.extend([bake, Step::EndOld]);
    steps
}

/// Shares that rise by `step` each `interval`, the last of them the whole, after which there is no
/// wait.
pub(super) fn linear(step: Ratio, interval: SimDuration) -> Vec<(Ratio, SimDuration)> {
    let mut shifts = Vec::new();
    let mut share = step.billionths();
    while share < Ratio::ONE.billionths() && step > Ratio::ZERO {
        shifts.push((Ratio::from_billionths(share), interval));
        share += step.billionths();
    }
    shifts.push((Ratio::ONE, SimDuration::ZERO));
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;
    use crate::strategy::grow;
    use crate::units::Version;

    const fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    /// Asks until there is nothing more to do.
    fn all(script: &mut Script, view: &View<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        loop {
            let more = script.decide(view);
            let is_over = more.is_empty() || matches!(more.last(), Some(Action::Finish(_)));
            actions.extend(more);
            if is_over {
                return actions;
            }
        }
    }

    #[test]
    fn shares_rise_to_the_whole() {
        let third = Ratio::from_billionths(330_000_000);
        let shares: Vec<u64> =
            linear(third, SimDuration::ZERO).iter().map(|(share, _)| share.billionths()).collect();
        assert_eq!(shares, [330_000_000, 660_000_000, 990_000_000, 1_000_000_000]);
        assert_eq!(linear(Ratio::ONE, SimDuration::ZERO), [(Ratio::ONE, SimDuration::ZERO)]);
    }

    #[test]
    fn a_step_that_is_late_fails_or_goes_on() {
        for (late, expected) in [(Late::Fail, true), (Late::GoOn, false)] {
            let limit = Limit { time: SimDuration::from_secs(60), late };
            let steps = vec![Step::Launch(1), Step::EndExtra];
            let mut script = Script::new(Direction::Forward, steps, Some(limit));
            let mut pool = Pool::new(1, 1);
            let begin = all(&mut script, &View::of(&pool, 1));
            assert!(begin.contains(&Action::WakeAt(at(60))));
            pool.set_desired(Version::New, 1);
            let view = View { now: at(59), ..View::of(&pool, 1) };
            assert_eq!(all(&mut script, &view), []);
            let view = View { now: at(60), ..View::of(&pool, 1) };
            let has_failed =
                all(&mut script, &view).iter().any(|one| matches!(one, Action::Fail(_)));
            assert_eq!(has_failed, expected);
        }
    }

    #[test]
    fn a_second_fleet_takes_over_by_shares() {
        let half = Ratio::from_billionths(500_000_000);
        let shifts = [(half, SimDuration::from_secs(10)), (Ratio::ONE, SimDuration::ZERO)];
        let bake = Step::Wait(SimDuration::from_secs(5), Arc::default());
        let steps = second_fleet(Vec::new(), &shifts, &Arc::default(), bake);
        let mut script = Script::new(Direction::Forward, steps, None);
        let mut pool = Pool::new(2, 1);
        all(&mut script, &View::of(&pool, 2));
        grow(&mut pool, Version::New, 2);
        let split = |actions: &[Action]| {
            actions.iter().find_map(|action| match action {
                Action::Split { split, .. } => Some(*split),
                _ => None,
            })
        };
        let shifted = all(&mut script, &View { now: at(20), ..View::of(&pool, 2) });
        assert_eq!(split(&shifted), Some(Split::Weighted(half)));
        let shifted = all(&mut script, &View { now: at(30), ..View::of(&pool, 2) });
        assert_eq!(split(&shifted), Some(Split::Weighted(Ratio::ONE)));
        assert_eq!(all(&mut script, &View { now: at(34), ..View::of(&pool, 2) }), []);
        let last = all(&mut script, &View { now: at(35), ..View::of(&pool, 2) });
        assert!(matches!(last.last(), Some(Action::Finish(_))));
    }

    #[test]
    fn a_person_lets_it_go_on_in_time() {
        let ask = || {
            let steps = vec![Step::Approval(SimDuration::from_secs(60))];
            Script::new(Direction::Forward, steps, None)
        };
        let pool = Pool::new(1, 1);
        let mut script = ask();
        all(&mut script, &View::of(&pool, 1));
        script.go_on();
        let last = all(&mut script, &View { now: at(30), ..View::of(&pool, 1) });
        assert!(matches!(last.last(), Some(Action::Finish(_))));
        let mut script = ask();
        all(&mut script, &View::of(&pool, 1));
        let late = all(&mut script, &View { now: at(60), ..View::of(&pool, 1) });
        assert!(matches!(late[..], [Action::Fail(_)]));
    }
}
