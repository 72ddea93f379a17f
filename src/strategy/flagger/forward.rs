//! The way forward: what a tick decides is carried out on a primary and a canary.

use std::sync::Arc;

use super::super::rolling::{Leave, Move};
use super::super::{Action, Direction, Pick, Reason, Strategy, View};
use super::{
    Analysis, CANARY, Flagger, Observation, PRIMARY, Phase, Readiness, Routes, SHORTEST_INTERVAL,
    Status, least_available, percent, ratio,
};
use crate::fleet::Counts;
use crate::traffic::{Phase as TrafficPhase, Split};
use crate::units::{PartId, Ratio, SimDuration, SimTime, Version};

#[derive(Debug)]
pub(super) struct Forward {
    flagger: Flagger,
    analysis: Analysis,
    metrics: Arc<[String]>,
    status: Status,
    /// The next tick; none before the rollout has begun.
    next: Option<SimTime>,
    /// Desired counts of the primary, by version.
    primary: [u32; 3],
    /// Desired count of the canary.
    canary: u32,
    /// What each of the two Deployments has come to, in that order.
    progress: [Progress; 2],
}

/// A Deployment against its progress deadline.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    counts: Counts,
    leaving: u32,
    is_ready: bool,
    since: SimTime,
}

impl Progress {
    /// What is seen of it now. An instance more that exists, is ready or is available is progress,
    /// and so is one less that has to go; where it was ready and is not, its time begins anew.
    fn see(&mut self, counts: Counts, leaving: u32, is_ready: bool, now: SimTime) {
        let (before, is_less) = (self.counts, leaving < self.leaving);
        let is_more = counts.active > before.active
            || counts.ready > before.ready
            || counts.available > before.available;
        if is_more || is_less || self.is_ready {
            self.since = now;
        }
        (self.counts, self.leaving, self.is_ready) = (counts, leaving, is_ready);
    }

    fn readiness(&self, now: SimTime, deadline: SimDuration) -> Readiness {
        match self.is_ready {
            true => Readiness::Ready,
            false if now >= self.since + deadline => Readiness::Overdue,
            false => Readiness::Waiting,
        }
    }
}

impl Forward {
    pub(super) fn new(flagger: &Flagger) -> Self {
        Self {
            flagger: flagger.clone(),
            analysis: flagger.analysis(),
            metrics: flagger.metrics.clone().into(),
            status: Status::IDLE,
            next: None,
            primary: [0; 3],
            canary: 0,
            progress: [Progress::default(); 2],
        }
    }

    fn begin(&mut self, view: &View<'_>) -> Vec<Action> {
        let first = view.now + self.flagger.first_tick;
        self.next = Some(first);
        self.primary[Version::Old.index()] = view.pool.desired(Version::Old);
        let reason = Reason::new("the primary serves");
        let split = Split::Weighted(Ratio::ZERO);
        vec![Action::Split { split, reason }, Action::WakeAt(first)]
    }

    /// Sees how far the two Deployments have come.
    fn observe(&mut self, view: &View<'_>) {
        let counts = |part, version| view.pool.counts_of(part, version);
        let version = if self.status.is_promoted { Version::New } else { Version::Old };
        let updated = counts(PRIMARY, version);
        let leaving = match version {
            Version::Old => 0,
            _ => self.primary[Version::Old.index()],
        };
        let enough = |updated: Counts, wanted: u32, threshold: Ratio| {
            updated.active >= wanted
                && updated.available >= least_available(updated.active, percent(threshold))
        };
        let is_ready =
            leaving == 0 && enough(updated, view.desired, self.flagger.primary_ready_threshold);
        self.progress[0].see(updated, leaving, is_ready, view.now);
        let canary = counts(CANARY, Version::New);
        let is_ready = enough(canary, self.canary, self.flagger.canary_ready_threshold);
        self.progress[1].see(canary, 0, is_ready, view.now);
    }

    /// The desired count of a part of the fleet, in terms of the whole.
    fn scale(&self, version: Version, part: PartId, reason: Reason) -> Action {
        let own = self.primary[version.index()];
        let to = if version == Version::New { own + self.canary } else { own };
        Action::Scale { version, to, pick: Pick::Part(part), reason }
    }

    /// The primary's own rolling update, which waits for no tick.
    fn roll_primary(&mut self, view: &View<'_>) -> Vec<Action> {
        if !self.status.is_promoted {
            return Vec::new();
        }
        let pool = view.pool.part(PRIMARY, self.primary);
        let step = Move {
            direction: Direction::Forward,
            target: view.desired,
            bounds: self.flagger.bounds().resolve(view.desired),
            pick: Pick::Part(PRIMARY),
            counts_terminating: false,
            leave: Leave::OldestFirst,
        };
        let mut actions = step.reconcile(&View { pool: &pool, ..*view });
        for action in &mut actions {
            if let Action::Scale { version, to, .. } = action {
                self.primary[version.index()] = *to;
                if *version == Version::New {
                    *to += self.canary;
                }
            }
        }
        actions
    }

    /// Whether the primary runs nothing but the new version, all of it available.
    fn is_complete(&self, view: &View<'_>) -> bool {
        let [old, new, _] = self.primary;
        let available = view.pool.counts_of(PRIMARY, Version::New).available;
        (old, new) == (0, view.desired) && available >= new
    }

    /// One tick, once its metrics have been asked.
    fn tick(&mut self, view: &View<'_>) -> Vec<Action> {
        let deadline = self.flagger.progress_deadline;
        let [primary, canary] = self.progress.map(|one| one.readiness(view.now, deadline));
        let asks = !self.metrics.is_empty() && self.analysis.asks(&self.status, primary, canary);
        let said = view.checked.filter(|checked| checked.at == view.now);
        if asks && said.is_none() {
            return vec![Action::Check(Arc::clone(&self.metrics))];
        }
        let mut actions = vec![Action::WakeAt(self.pass_tick(view.now))];
        if self.status.phase == Phase::Succeeded {
            if primary == Readiness::Overdue {
                let reason = Reason::new("the primary's progress deadline passed");
                actions.push(Action::Abort(reason));
            }
            return actions;
        }
        let has_passed = !asks || said.is_some_and(|checked| checked.has_passed);
        let before = self.status;
        let seen = Observation { primary, canary, has_passed };
        self.status = self.analysis.tick(&before, seen);
        actions.extend(self.carry_out(before, seen, view));
        actions
    }

    /// The tick after one that is due.
    fn pass_tick(&mut self, now: SimTime) -> SimTime {
        let interval = self.flagger.interval.max(SHORTEST_INTERVAL);
        let mut next = self.next.unwrap_or(now);
        while next <= now {
            next += interval;
        }
        self.next = Some(next);
        next
    }

    fn carry_out(&mut self, before: Status, seen: Observation, view: &View<'_>) -> Vec<Action> {
        let after = self.status;
        let mut actions = Vec::new();
        if after.phase == Phase::Failed {
            return self.give_up(before, seen);
        }
        if after.routes != before.routes || after.iterations > before.iterations {
            actions.extend(self.shift(before, after));
        }
        if after.is_promoted && !before.is_promoted {
            self.progress[0].since = view.now;
            let reason = Reason::new("the primary rolls out what the canary runs");
            actions.extend([Action::StartStep(reason), Action::Phase(TrafficPhase::RollingOut)]);
        }
        if after.phase == Phase::Finalising && before.phase != Phase::Finalising {
            actions.push(Action::FinishStep(Reason::new("the primary has all requests")));
        }
        if after.is_canary_up != before.is_canary_up {
            actions.extend(self.size_canary(after, view));
        }
        actions
    }

    /// The canary comes, or goes.
    fn size_canary(&mut self, after: Status, view: &View<'_>) -> Vec<Action> {
        if !after.is_canary_up {
            self.canary = 0;
            let reason = Reason::new("the canary is over");
            return vec![Action::FinishStep(reason), self.scale(Version::New, CANARY, reason)];
        }
        self.canary = self.flagger.canary_instances.unwrap_or(view.desired);
        let reason = Reason::new("the canary starts");
        self.progress[1].since = view.now;
        vec![Action::StartStep(reason), self.scale(Version::New, CANARY, reason)]
    }

    /// Requests, or copies of them, go another way.
    fn shift(&self, before: Status, after: Status) -> Vec<Action> {
        let (from, to) = (before.routes, after.routes);
        let mut actions = Vec::new();
        if after.phase == Phase::Progressing {
            let numbers = [to.canary.into(), after.iterations.into(), 0.0];
            let reason = if after.iterations > 0 {
                Reason::with("canary at {} %, iteration {}", numbers)
            } else {
                Reason::with("canary at {} %", numbers)
            };
            let phase = Action::Phase(TrafficPhase::Baking);
            actions.extend([phase, Action::StartStep(reason)]);
        }
        if to.is_mirrored != from.is_mirrored {
            let share = if to.is_mirrored { self.flagger.mirror_weight } else { Ratio::ZERO };
            let reason = Reason::new("requests to the primary, copied to the canary");
            actions.push(Action::Mirror { share, reason });
        }
        if to.canary != from.canary {
            actions.push(Action::Split { split: self.split(to), reason: self.words(after) });
        }
        actions
    }

    fn words(&self, status: Status) -> Reason {
        let numbers = [status.routes.canary.into(), status.failed_checks.into(), 0.0];
        match status.phase {
            Phase::Progressing => Reason::with("canary at {} %, {} failed checks", numbers),
            _ => Reason::new("the primary takes its requests back"),
        }
    }

    fn split(&self, routes: Routes) -> Split {
        match self.flagger.match_share {
            Some(share) if routes.canary > 0 => Split::Cohort(share),
            _ => Split::Weighted(ratio(routes.canary)),
        }
    }

    /// The canary is rolled back; or the primary is, in a sense, given up.
    fn give_up(&self, before: Status, seen: Observation) -> Vec<Action> {
        if before.phase != Phase::Progressing {
            let reason = Reason::new("the primary did not become ready: the canary keeps all");
            let split = Split::Weighted(Ratio::ONE);
            return vec![Action::Split { split, reason }, Action::Abort(reason)];
        }
        let failed = [before.failed_checks.into(), 0.0, 0.0];
        vec![Action::Fail(if seen.canary == Readiness::Overdue {
            Reason::new("the canary's progress deadline passed")
        } else {
            Reason::with("{} failed checks", failed)
        })]
    }
}

impl Strategy for Forward {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(next) = self.next else { return self.begin(view) };
        self.observe(view);
        let actions = self.roll_primary(view);
        if !actions.is_empty() {
            return actions;
        }
        if self.status.phase == Phase::Succeeded && self.is_complete(view) {
            let reason = Reason::new("the primary is complete and serves everything");
            return vec![Action::Finish(reason)];
        }
        if view.now < next { Vec::new() } else { self.tick(view) }
    }

    fn resize(&mut self, view: &View<'_>, _before: u32) -> Vec<Action> {
        if self.status.is_promoted {
            // The primary's rolling update brings what is missing.
            return Vec::new();
        }
        self.primary[Version::Old.index()] = view.desired;
        let reason = Reason::new("the desired count has changed");
        vec![self.scale(Version::Old, PRIMARY, reason)]
    }

    /// Suspended: ticks do nothing, what they began goes on.
    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        if self.next.is_some_and(|next| view.now >= next) {
            return vec![Action::WakeAt(self.pass_tick(view.now))];
        }
        self.observe(view);
        self.roll_primary(view)
    }

    /// A person has set `skipAnalysis`.
    fn go_on(&mut self) {
        self.analysis.skips_analysis = true;
    }
}
