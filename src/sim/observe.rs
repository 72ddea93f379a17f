//! What the state of the fleet amounts to: integrals and minima over time, piece by piece between
//! the moments at which it changes.

use super::demand::Demand;
use super::run::{Observed, StateBin};
use crate::fleet::Serving;
use crate::units::{Bins, SimDuration, SimTime, Version};

/// The state of the fleet between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) serving: [Serving; 3],
    /// Instances ready and routed to, both versions, that requests can reach.
    pub(super) ready_routed: u32,
    pub(super) routed: [u32; 2],
    pub(super) ready: [u32; 2],
    pub(super) starting: u32,
    pub(super) draining: u32,
    pub(super) total: u32,
    /// Instances above the desired count, terminating ones included.
    pub(super) surge: u32,
    /// Desired count of the fleet.
    pub(super) desired: u32,
}

impl State {
    /// Whether any serving instance is still becoming faster.
    fn is_warming(&self) -> bool {
        self.serving.iter().any(|serving| serving.warming > 0)
    }

    /// Whether more than one version serves.
    fn is_mixed(&self) -> bool {
        self.serving.iter().filter(|serving| serving.count > 0).count() > 1
    }
}

/// What turns counts into rates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    /// Requests/s of one instance of each version at full speed.
    pub(super) instance_rps: [f64; 3],
    /// Length of a warm-up.
    pub(super) warmup: SimDuration,
    /// Speed at its beginning.
    pub(super) warmup_speed: f64,
}

impl Rates {
    /// Capacity of one version at a moment, requests/s.
    fn capacity(&self, serving: &Serving, version: Version, at: SimTime) -> f64 {
        let mut speed = serving.speed();
        if serving.warming > 0 {
            let left = serving.warming_speed() - serving.warmed(at, self.warmup);
            speed -= (1.0 - self.warmup_speed) * left.max(0.0);
        }
        speed * self.instance_rps[version.index()]
    }
}

/// Watches the state over time.
#[derive(Debug)]
pub(super) struct Observer<'a> {
    curve: Demand<'a>,
    rates: Rates,
    start: SimTime,
    at: SimTime,
    state: State,
    bins: Bins<StateBin>,
    /// The cell that holds `at`, and where it ends.
    cell: usize,
    cell_end: SimTime,
    /// The next moment at which the rate curve takes another course.
    next_change: SimTime,
    /// What the state amounts to, while it and the demand stay as they are; none before that has
    /// been asked for, and while anything warms or the demand rises or falls.
    level: Option<Level>,
    /// Capacity by version, unless it rises by itself.
    flat: Option<[f64; 3]>,
    observed: Observed,
}

/// A state that stays as it is for a while, as requests/s.
#[derive(Clone, Copy, Debug)]
struct Level {
    demand: f64,
    capacity: [f64; 3],
    /// Fraction of the desired capacity that is missing.
    lack: f64,
    /// Whether more than one version serves.
    is_mixed: bool,
}

impl<'a> Observer<'a> {
    pub(super) fn new(curve: Demand<'a>, rates: Rates, bins: Bins<StateBin>) -> Self {
        let observed = Observed {
            ready_min: f64::INFINITY,
            capacity_min: f64::INFINITY,
            ..Observed::default()
        };
        Self {
            curve,
            rates,
            start: bins.origin(),
            at: SimTime::ZERO,
            state: State::default(),
            bins,
            cell: 0,
            cell_end: SimTime::ZERO,
            next_change: SimTime::ZERO,
            level: None,
            flat: None,
            observed,
        }
    }

    /// The state from now on, which `change` makes of the one before; its capacity, requests/s.
    pub(super) fn see(&mut self, change: impl FnOnce(&mut State)) -> f64 {
        change(&mut self.state);
        let capacities = self.capacities(self.at);
        self.flat = (!self.state.is_warming()).then_some(capacities);
        self.level = None;
        sum(capacities)
    }

    /// Whether capacity is still rising by itself.
    pub(super) fn is_warming(&self) -> bool {
        self.state.is_warming()
    }

    /// Capacity of all versions at a moment, if the state stays, requests/s.
    pub(super) fn capacity(&self, at: SimTime) -> f64 {
        sum(self.capacities(at))
    }

    /// What was observed; the caller fills in what is not about the state.
    pub(super) fn finish(self) -> (Observed, Bins<StateBin>) {
        let mut observed = self.observed;
        // A window of no length has no states; its fleet lacked nothing.
        for minimum in [&mut observed.ready_min, &mut observed.capacity_min] {
            if minimum.is_infinite() {
                *minimum = 1.0;
            }
        }
        (observed, self.bins)
    }

    /// Lets time pass until `to` in the present state.
    pub(super) fn advance(&mut self, to: SimTime) {
        while self.at < to {
            if self.at >= self.cell_end {
                self.begin_cell();
            }
            if self.at >= self.next_change {
                self.next_change = self.curve.next_change(self.at).unwrap_or(SimTime::MAX);
                self.level = None;
            }
            let end = to.min(self.cell_end).min(self.next_change);
            self.piece(end);
            self.at = end;
        }
    }

    fn begin_cell(&mut self) {
        let width = self.bins.width();
        if self.at == SimTime::ZERO {
            self.cell = self.bins.position(self.at);
            self.cell_end = self.bins.end_of_cell(self.at);
        } else {
            self.cell = self.bins.position_after(self.cell, self.at);
            self.cell_end += width;
        }
        if self.bins.width() != width {
            // There are half as many cells as before.
            self.cell_end = self.bins.end_of_cell(self.at);
        }
        if self.at == self.start {
            // The minima begin with the rollout.
            self.level = None;
        }
    }

    /// One piece within a bin and a straight stretch of the rate curve.
    fn piece(&mut self, end: SimTime) {
        let length = end.since(self.at);
        self.count(length);
        let level = match self.level {
            Some(level) => level,
            None => self.amount(end),
        };
        self.add(length, &level);
    }

    /// What the state and the demand amount to in the mean until `end`, minima and all.
    fn amount(&mut self, end: SimTime) -> Level {
        let from = self.at;
        let demand = [self.curve.rate_from(from), self.curve.rate_until(end)];
        if let Some(capacity) = self.flat
            && demand[0] == demand[1]
        {
            let level = self.judge_level(demand[0], capacity);
            self.level = Some(level);
            return level;
        }
        let sides = [from, end].map(|at| self.capacities(at));
        let whole = sides.map(sum);
        let fractions = whole.map(|capacity| capacity / self.full());
        for (side, offered) in demand.into_iter().enumerate() {
            self.judge(whole[side], fractions[side], offered);
        }
        Level {
            demand: f64::midpoint(demand[0], demand[1]),
            capacity: std::array::from_fn(|one| f64::midpoint(sides[0][one], sides[1][one])),
            lack: deficit(fractions),
            is_mixed: self.state.is_mixed(),
        }
    }

    /// The same while nothing changes.
    fn judge_level(&mut self, demand: f64, capacity: [f64; 3]) -> Level {
        let whole = sum(capacity);
        let fraction = whole / self.full();
        self.judge(whole, fraction, demand);
        Level { demand, capacity, lack: deficit([fraction; 2]), is_mixed: self.state.is_mixed() }
    }

    /// Capacity of the desired fleet on the old version, requests/s.
    fn full(&self) -> f64 {
        f64::from(self.state.desired) * self.rates.instance_rps[0]
    }

    /// Capacity by version at a moment, if the state stays.
    fn capacities(&self, at: SimTime) -> [f64; 3] {
        Version::EVERY
            .map(|version| self.rates.capacity(&self.state.serving[version.index()], version, at))
    }

    /// Adds a piece's counts to its bin.
    fn count(&mut self, length: SimDuration) {
        let (nanos, state) = (length.as_nanos(), &self.state);
        let bin = self.bins.cell_at(self.cell);
        bin.covered += nanos;
        let integral = |count: u32| u128::from(count) * u128::from(nanos);
        for version in Version::ALL {
            let index = version.index();
            bin.routed[index] += integral(state.routed[index]);
            bin.ready[index] += integral(state.ready[index]);
        }
        bin.starting += integral(state.starting);
        bin.draining += integral(state.draining);
        bin.total += integral(state.total);
    }

    /// Adds a piece's rates, means over its length, to its bin and to the whole.
    fn add(&mut self, length: SimDuration, level: &Level) {
        let seconds = length.as_secs_f64();
        let bin = self.bins.cell_at(self.cell);
        bin.demand += level.demand * seconds;
        bin.old_capacity += level.capacity[0] * seconds;
        bin.new_capacity += level.capacity[1] * seconds;
        bin.third_capacity += level.capacity[2] * seconds;
        if self.at < self.start {
            return;
        }
        let observed = &mut self.observed;
        observed.capacity_deficit_s += level.lack * seconds;
        if level.is_mixed {
            observed.mixed += length;
        }
        observed.surge_instance_nanos +=
            u128::from(self.state.surge) * u128::from(length.as_nanos());
        observed.offered += level.demand * seconds;
    }

    /// Takes a state that lasts into the minima, if the rollout has begun: its capacity, the same
    /// as a fraction of the desired one, and the demand.
    fn judge(&mut self, capacity: f64, fraction: f64, demand: f64) {
        if self.at < self.start {
            return;
        }
        let ready = f64::from(self.state.ready_routed) / f64::from(self.state.desired);
        let observed = &mut self.observed;
        observed.ready_min = observed.ready_min.min(ready);
        observed.capacity_min = observed.capacity_min.min(fraction);
        if demand > 0.0 {
            let headroom = capacity / demand;
            let least = observed.headroom_min.unwrap_or(f64::INFINITY);
            observed.headroom_min = Some(least.min(headroom));
        }
    }
}

const fn sum([old, new, third]: [f64; 3]) -> f64 {
    old + new + third
}

/// Mean of (1 - capacity)+ over a stretch on which capacity is linear.
fn deficit([first, last]: [f64; 2]) -> f64 {
    let (first, last) = (1.0 - first, 1.0 - last);
    match (first > 0.0, last > 0.0) {
        (true, true) => f64::midpoint(first, last),
        (false, false) => 0.0,
        (true, false) => first * first / (first - last) / 2.0,
        (false, true) => last * last / (last - first) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deficit_is_the_area_below_the_whole() {
        for (capacity, expected) in [
            ([1.0, 1.0], 0.0),
            ([0.5, 0.5], 0.5),
            ([0.0, 1.0], 0.5),
            ([0.5, 1.5], 0.125),
            ([1.5, 0.5], 0.125),
            ([2.0, 1.0], 0.0),
        ] {
            let found = deficit(capacity);
            assert!((found - expected).abs() < 1e-12, "{capacity:?}: {found}");
        }
    }
}
