//! What one tick of Flagger's loop makes of a canary's status: `advanceCanary` of
//! `pkg/controller/scheduler.go`, as a function without a clock or a cluster.

/// The `analysis` of a Canary, as far as it decides what a tick does. Weights are whole percents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Failed checks after which it rolls back; 0 counts as 1.
    pub threshold: u32,
    /// Where the weight stops rising; 0 counts as 100.
    pub max_weight: u32,
    /// Added to the weight at a tick; 0: `step_weights` say what follows.
    pub step_weight: u32,
    /// The weights one after another.
    pub step_weights: Vec<u32>,
    /// Given back to the primary at a tick after the promotion; 0: everything at once.
    pub step_weight_promotion: u32,
    /// Ticks of a blue/green or A/B analysis; 0: the weight rises instead.
    pub iterations: u32,
    /// Whether requests are copied to the canary first.
    pub is_mirroring: bool,
    /// Whether requests are matched by header or cookie (A/B).
    pub is_matching: bool,
    /// Whether the canary is promoted without an analysis.
    pub skips_analysis: bool,
    /// What shifts the requests.
    pub provider: Provider,
}

/// What shifts requests between the primary and the canary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// A service mesh or an ingress that honours weights.
    #[default]
    Mesh,
    /// Nothing does: users never reach the canary.
    Kubernetes,
}

/// Where a canary stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is under way.
    Initialized,
    /// The canary is analysed.
    Progressing,
    /// The primary rolls out what the canary runs.
    Promoting,
    /// The primary has all requests again.
    Finalising,
    /// The canary is gone, the primary is new.
    Succeeded,
    /// It was rolled back, or the primary could not take over.
    Failed,
}

impl Phase {
    /// As the status shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initialized => "Initialized",
            Self::Progressing => "Progressing",
            Self::Promoting => "Promoting",
            Self::Finalising => "Finalising",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// How requests are shared, percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes {
    /// What the primary has.
    pub primary: u32,
    /// What the canary has.
    pub canary: u32,
    /// Whether the canary gets copies of what the primary has.
    pub is_mirrored: bool,
}

impl Routes {
    const PRIMARY: Self = Self { primary: 100, canary: 0, is_mirrored: false };
    const CANARY: Self = Self { primary: 0, canary: 100, is_mirrored: false };
}

/// What a tick finds and leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where it stands.
    pub phase: Phase,
    /// Who gets what.
    pub routes: Routes,
    /// Failed checks since the revision was seen; a check that passes takes none of them away.
    pub failed_checks: u32,
    /// Ticks of a blue/green or A/B analysis so far.
    pub iterations: u32,
    /// Whether the canary's instances are wanted.
    pub is_canary_up: bool,
    /// Whether the primary was told to run what the canary runs.
    pub is_promoted: bool,
}

impl Status {
    /// Nothing is under way, the primary has everything.
    pub const IDLE: Self = Self {
        phase: Phase::Initialized,
        routes: Routes::PRIMARY,
        failed_checks: 0,
        iterations: 0,
        is_canary_up: false,
        is_promoted: false,
    };
}

/// What Flagger thinks of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Enough of its updated instances are available, and no others are left.
    Ready,
    /// Not yet.
    Waiting,
    /// Not within its progress deadline.
    Overdue,
}

/// What a tick sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The primary.
    pub primary: Readiness,
    /// The canary.
    pub canary: Readiness,
    /// Whether every metric is within its range; no values are not.
    pub has_passed: bool,
}

/// Available instances that make a Deployment with so many updated ones ready, `threshold` in
/// percent: the product is cut, not rounded.
#[must_use]
pub const fn least_available(updated: u32, threshold: u32) -> u32 {
    (updated as u64 * threshold as u64 / 100) as u32
}

impl Analysis {
    /// The failed checks that roll back.
    const fn most_failures(&self) -> u32 {
        if self.threshold == 0 { 1 } else { self.threshold }
    }

    /// Where the weight stops rising.
    fn top(&self) -> u32 {
        match (self.step_weight, self.step_weights.last()) {
            (0, Some(&last)) => last.min(100),
            _ if self.max_weight > 0 => self.max_weight,
            _ => 100,
        }
    }

    /// What is added to the weight next; nothing, or less, keeps it where it is for ever.
    fn next_step(&self, weight: u32) -> i64 {
        let Some(&first) = self.step_weights.first().filter(|_| self.step_weight == 0) else {
            return i64::from(self.step_weight);
        };
        let left = 100 - i64::from(weight);
        if left == 0 {
            // Any step that is not zero leads on to the promotion.
            return 1;
        }
        if weight == 0 {
            return i64::from(first);
        }
        let pairs = self.step_weights.windows(2);
        let next = pairs.filter(|pair| pair[0] == weight).map(|pair| i64::from(pair[1]));
        next.map(|next| next - i64::from(weight)).next().unwrap_or(left)
    }

    /// Whether a tick that sees these two asks the metrics: not before the canary has had requests
    /// or copies of them, nor outside the analysis.
    #[must_use]
    pub fn asks(&self, status: &Status, primary: Readiness, canary: Readiness) -> bool {
        let has_begun = status.routes.canary > 0
            || status.iterations > 0
            || (self.is_mirroring && status.routes.is_mirrored);
        status.phase == Phase::Progressing
            && has_begun
            && !self.skips_analysis
            && primary == Readiness::Ready
            && canary == Readiness::Ready
            && status.failed_checks < self.most_failures()
    }

    /// One tick.
    #[must_use]
    pub fn tick(&self, status: &Status, seen: Observation) -> Status {
        let mut next = *status;
        if !self.skips_analysis && seen.primary != Readiness::Ready {
            let is_over = matches!(status.phase, Phase::Promoting | Phase::Finalising);
            if is_over && seen.primary == Readiness::Overdue {
                // The canary runs what was to be promoted, and is kept to serve it.
                (next.phase, next.routes) = (Phase::Failed, Routes::CANARY);
            }
            return next;
        }
        match status.phase {
            Phase::Initialized | Phase::Succeeded | Phase::Failed => {
                Status { phase: Phase::Progressing, is_canary_up: true, ..Status::IDLE }
            }
            _ if seen.canary == Readiness::Waiting => next,
            Phase::Promoting => self.shift_back(&next),
            Phase::Finalising => {
                (next.phase, next.is_canary_up) = (Phase::Succeeded, false);
                next
            }
            Phase::Progressing => self.progress(status, seen),
        }
    }

    fn progress(&self, status: &Status, seen: Observation) -> Status {
        let mut next = *status;
        let is_overdue = seen.canary == Readiness::Overdue;
        if is_overdue || (!self.skips_analysis && status.failed_checks >= self.most_failures()) {
            return Status {
                phase: Phase::Failed,
                is_promoted: status.is_promoted,
                ..Status::IDLE
            };
        }
        if self.skips_analysis {
            return Status { phase: Phase::Succeeded, is_promoted: true, ..Status::IDLE };
        }
        if self.asks(status, seen.primary, seen.canary) && !seen.has_passed {
            next.failed_checks += 1;
            return next;
        }
        if self.provider == Provider::Kubernetes {
            let iterations = if self.iterations == 0 { 10 } else { self.iterations };
            return blue_green(next, iterations, None);
        }
        match (self.iterations, self.is_matching) {
            (0, _) => self.raise(next),
            (iterations, true) => a_b(next, iterations),
            (iterations, false) => blue_green(next, iterations, Some(self.is_mirroring)),
        }
    }

    /// The weight rises by a step, one tick of copies before the first; at the top the canary is
    /// promoted.
    fn raise(&self, mut status: Status) -> Status {
        let weight = status.routes.canary;
        let step = self.next_step(weight);
        if step <= 0 {
            return status;
        }
        if weight >= self.top() {
            return promote(status);
        }
        if self.is_mirroring && weight == 0 && !status.routes.is_mirrored {
            status.routes.is_mirrored = true;
            return status;
        }
        let canary = (i64::from(weight) + step).clamp(0, 100) as u32;
        status.routes = Routes { primary: 100 - canary, canary, is_mirrored: false };
        status
    }

    /// After the promotion: requests go back to the primary, by steps or at once. Nobody checks.
    fn shift_back(&self, status: &Status) -> Status {
        let mut next = *status;
        let step = self.step_weight_promotion;
        let canary = status.routes.canary.saturating_sub(step);
        let is_over = self.provider == Provider::Kubernetes || step == 0 || canary == 0;
        if is_over {
            (next.phase, next.iterations) = (Phase::Finalising, 0);
            next.routes = Routes::PRIMARY;
        } else {
            next.routes = Routes { primary: 100 - canary, canary, is_mirrored: false };
        }
        next
    }
}

/// So many ticks with copies or nothing, one with everything on the canary, then the promotion.
/// `copies`: whether requests are copied; none where nothing can be routed.
const fn blue_green(mut status: Status, iterations: u32, copies: Option<bool>) -> Status {
    if status.iterations > iterations {
        return promote(status);
    }
    if let Some(is_mirrored) = copies {
        if status.iterations < iterations {
            status.routes.is_mirrored = is_mirrored;
        } else {
            status.routes = Routes::CANARY;
        }
    }
    status.iterations += 1;
    status
}

/// Everything that matches goes to the canary for so many ticks.
const fn a_b(mut status: Status, iterations: u32) -> Status {
    if status.iterations >= iterations {
        return promote(status);
    }
    status.routes = Routes::CANARY;
    status.iterations += 1;
    status
}

const fn promote(mut status: Status) -> Status {
    (status.phase, status.is_promoted) = (Phase::Promoting, true);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Observation =
        Observation { primary: Readiness::Ready, canary: Readiness::Ready, has_passed: true };

    /// Ticks until it is over, all well, and the highest weight on the way.
    fn ticks(analysis: &Analysis) -> (u32, u32) {
        let (mut status, mut top) = (Status::IDLE, 0);
        for tick in 1..100 {
            status = analysis.tick(&status, READY);
            top = top.max(status.routes.canary);
            if status.phase == Phase::Succeeded {
                return (tick, top);
            }
        }
        (100, top)
    }

    /// One that sees the revision, as many as there are steps, and three for the promotion.
    #[test]
    fn a_canary_takes_four_ticks_more_than_it_has_steps() {
        for (step_weight, max_weight, steps, top) in
            [(10, 50, 5, 50), (20, 50, 3, 60), (100, 0, 1, 100)]
        {
            let analysis = Analysis { step_weight, max_weight, ..Analysis::default() };
            assert_eq!(ticks(&analysis), (1 + steps + 3, top), "{step_weight} up to {max_weight}");
        }
        assert_eq!(ticks(&Analysis::default()).0, 100, "without a step it never moves");
    }

    #[test]
    fn an_instance_less_than_the_threshold_says_is_cut_off() {
        for (updated, threshold, least) in
            [(1, 90, 0), (4, 50, 2), (7, 33, 2), (u32::MAX, 100, u32::MAX)]
        {
            assert_eq!(least_available(updated, threshold), least);
        }
    }
}
