//! Tasks that fail: each is replaced, and too many of them trip the circuit breaker.

use super::super::{Action, Direction, Pick, Reason, Strategy, View};
use crate::units::{InstanceId, SimTime};

/// What trips the breaker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Breaker {
    /// After so many failures.
    pub(super) threshold: u32,
    /// Whether a task that becomes healthy sets their count to 0.
    pub(super) resets: bool,
}

/// A deployment whose tasks are watched.
#[derive(Debug)]
pub(super) struct Watched {
    direction: Direction,
    breaker: Option<Breaker>,
    inner: Box<dyn Strategy>,
    failures: u32,
    healthy: u32,
    /// Whether a task of the version that comes has got to run: the breaker's second stage.
    has_run: bool,
    is_tripped: bool,
}

impl Watched {
    pub(super) fn new(
        direction: Direction,
        breaker: Option<Breaker>,
        inner: Box<dyn Strategy>,
    ) -> Self {
        Self {
            direction,
            breaker,
            inner,
            failures: 0,
            healthy: 0,
            has_run: false,
            is_tripped: false,
        }
    }

    /// The tasks that are down; counts those that have failed since the last look.
    fn count(&mut self, view: &View<'_>) -> Vec<InstanceId> {
        let (pool, to) = (view.pool, self.direction.to());
        // Tasks are never restarted: one that has got to the end of its boot has run.
        let ran = |id| pool.get(id).warm_from > SimTime::ZERO;
        let healthy = pool.counts(to).available;
        self.has_run |= healthy > 0 || pool.not_ready(to).any(ran);
        let down: Vec<InstanceId> = pool.down(to).collect();
        let counts = |&&id: &&InstanceId| ran(id) || !self.has_run;
        let counted = down.iter().filter(counts).count() as u32;
        self.failures += counted;
        if healthy > self.healthy && self.breaker.is_some_and(|breaker| breaker.resets) {
            self.failures = counted;
        }
        self.healthy = healthy;
        down
    }

    /// The breaker trips, or the tasks that have failed are replaced.
    fn see(&mut self, view: &View<'_>) -> Option<Vec<Action>> {
        let down = self.count(view);
        if let Some(breaker) = self.breaker
            && self.failures >= breaker.threshold
        {
            self.is_tripped = true;
            let reason = Reason::with(
                "the circuit breaker: {} failed tasks, {} are too many",
                [self.failures.into(), breaker.threshold.into(), 0.0],
            );
            return Some(vec![Action::Fail(reason)]);
        }
        if down.is_empty() {
            return None;
        }
        let version = self.direction.to();
        let desired = view.pool.desired(version);
        let reason = Reason::with("{} failed tasks are replaced", [down.len() as f64, 0.0, 0.0]);
        let scale = |to, pick| Action::Scale { version, to, pick, reason };
        let stops = (1..)
            .zip(&down)
            .map(|(number, &id)| scale(desired.saturating_sub(number), Pick::One(id)));
        Some(stops.chain([scale(desired, Pick::Any)]).collect())
    }
}

impl Strategy for Watched {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if self.is_tripped {
            return Vec::new();
        }
        self.see(view).unwrap_or_else(|| self.inner.decide(view))
    }

    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        self.inner.resize(view, before)
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        self.inner.hold(view)
    }

    fn go_on(&mut self) {
        self.inner.go_on();
    }
}
