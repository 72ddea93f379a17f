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
    pub(super) fn is_warming(&self) -> bool {
        self.serving.iter().any(|serving| serving.warming > 0)
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

    /// Capacity of all versions at a moment, requests/s.
    fn total(&self, state: &State, at: SimTime) -> f64 {
        Version::EVERY
            .iter()
            .map(|&version| self.capacity(&state.serving[version.index()], version, at))
            .sum()
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
        let (start, at) = (bins.origin(), SimTime::ZERO);
        let state = State::default();
        let (cell, cell_end, next_change) = (0, at, at);
        let level = None;
        Self { curve, rates, start, at, state, bins, cell, cell_end, next_change, level, observed }
    }

    /// The state from now on, to be changed in place.
    pub(super) const fn state_mut(&mut self) -> &mut State {
        self.level = None;
        &mut self.state
    }

    /// The state now.
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Capacity of all versions at a moment, if the state stays, requests/s.
    pub(super) fn capacity(&self, at: SimTime) -> f64 {
        self.rates.total(&self.state, at)
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

    #[cold]
    fn begin_cell(&mut self) {
        self.cell = self.bins.position(self.at);
        self.cell_end = self.bins.end_of_cell(self.at);
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
        let (from, state) = (self.at, &self.state);
        let demand = [self.curve.rate_from(from), self.curve.rate_until(end)];
        let capacity = |version: Version, at| {
            self.rates.capacity(&state.serving[version.index()], version, at)
        };
        let is_warming = state.is_warming();
        let sides = Version::EVERY.map(|version| {
            let first = capacity(version, from);
            [first, if is_warming { capacity(version, end) } else { first }]
        });
        let [old, new, third] = sides;
        let full = f64::from(state.desired) * self.rates.instance_rps[0];
        let whole = [0, 1].map(|side| old[side] + new[side] + third[side]);
        let fractions = whole.map(|capacity| capacity / full);
        let mean = |[first, last]: [f64; 2]| f64::midpoint(first, last);
        let level = Level {
            demand: mean(demand),
            capacity: sides.map(mean),
            lack: deficit(fractions),
            is_mixed: state.serving.iter().filter(|serving| serving.count > 0).count() > 1,
        };
        if from >= self.start {
            self.judge(whole, fractions, demand);
        }
        let is_level = !is_warming && demand[0] == demand[1];
        self.level = is_level.then_some(level);
        level
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

    /// Takes a state that lasts into the minima: at both ends of a piece its capacity, the same
    /// as a fraction of the desired one, and the demand.
    fn judge(&mut self, capacity: [f64; 2], fractions: [f64; 2], demand: [f64; 2]) {
        let ready = f64::from(self.state.ready_routed) / f64::from(self.state.desired);
        let observed = &mut self.observed;
        observed.ready_min = observed.ready_min.min(ready);
        observed.capacity_min = observed.capacity_min.min(fractions[0]).min(fractions[1]);
        for (rate, offered) in capacity.into_iter().zip(demand) {
            if offered > 0.0 {
                let headroom = rate / offered;
                let least = observed.headroom_min.unwrap_or(f64::INFINITY);
                observed.headroom_min = Some(least.min(headroom));
            }
        }
    }
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
