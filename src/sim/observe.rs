//! What the state of the fleet amounts to: integrals and minima over time, piece by piece between
//! the moments at which it changes.

use super::cell_sums::{COUNTS, CellSums, NANOS};
use super::demand::Demand;
use super::run::{Observed, StateBin};
use crate::fleet::Serving;
use crate::units::{Bins, Merge, SimDuration, SimTime, Version};

/// The state of the fleet between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) serving: [Serving; 3],
    /// Whether none of those is slowed or warming, or ever was: then their number says it all.
    pub(super) is_at_full_speed: bool,
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
        !self.is_at_full_speed && self.serving.iter().any(|serving| serving.warming > 0)
    }

    /// All that what users see depends on, at full speed; none otherwise.
    fn served(&self) -> Option<([u32; 3], [u32; 2])> {
        let [old, new, third] = &self.serving;
        let counts = [old.count, new.count, third.count];
        self.is_at_full_speed.then_some((counts, [self.ready_routed, self.desired]))
    }

    /// Whether more than one version serves.
    fn is_mixed(&self) -> bool {
        self.serving.iter().filter(|serving| serving.count > 0).count() > 1
    }

    /// What is counted over time, in the order in which [`CellSums::begin`] takes it.
    fn counts(&self) -> [u64; COUNTS] {
        let ([old_routed, new_routed], [old_ready, new_ready]) = (self.routed, self.ready);
        let (starting, draining, total) = (self.starting, self.draining, self.total);
        [old_routed, new_routed, old_ready, new_ready, starting, draining, total, self.surge]
            .map(u64::from)
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

/// Watches the state over time. It looks only when the state changes: until then it stays.
#[derive(Debug)]
pub(super) struct Observer<'a> {
    curve: Demand<'a>,
    rates: Rates,
    start: SimTime,
    at: SimTime,
    state: State,
    bins: Bins<StateBin>,
    /// The cell that holds `at`, where it ends, and what has come to it since it was last written.
    cell: usize,
    cell_end: SimTime,
    sums: CellSums,
    /// The next moment at which the rate curve takes another course or the rollout begins.
    next_edge: SimTime,
    /// What the state amounts to, while it and the demand stay as they are; none before that has
    /// been asked for, and while anything warms or the demand rises or falls.
    level: Option<Level>,
    /// Capacity by version when the state was last seen to change, and that of all; whether it
    /// stays so.
    capacity: [f64; 3],
    whole: f64,
    is_flat: bool,
    /// Integrals over the rollout: the missing fraction of the capacity, nanoseconds, and the
    /// demand, requests/s times nanoseconds. To divide by a second's every time would take longer
    /// than all else that is done for a stretch.
    lack: f64,
    offered: f64,
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
            sums: CellSums::default(),
            next_edge: SimTime::ZERO,
            level: None,
            capacity: [0.0; 3],
            whole: 0.0,
            is_flat: false,
            lack: 0.0,
            offered: 0.0,
            observed,
        }
    }

    /// The state from `now` on, which `change` makes of the one before; its capacity, requests/s.
    #[inline(always)]
    pub(super) fn see(&mut self, now: SimTime, change: impl FnOnce(&mut State)) -> f64 {
        self.advance(now);
        let before = self.state.served();
        change(&mut self.state);
        self.sums.counts = self.state.counts();
        if self.level.is_none() || before.is_none() || before != self.state.served() {
            self.capacity = self.capacities(now);
            self.whole = sum(self.capacity);
            self.is_flat = !self.state.is_warming();
            self.level = None;
        }
        self.whole
    }

    /// Whether capacity is still rising by itself.
    pub(super) fn is_warming(&self) -> bool {
        self.state.is_warming()
    }

    /// Capacity of all versions at a moment, if the state stays, requests/s.
    pub(super) fn capacity(&self, at: SimTime) -> f64 {
        sum(self.capacities(at))
    }

    /// What was observed until `end`; the caller fills in what is not about the state.
    pub(super) fn finish(mut self, end: SimTime) -> (Observed, Bins<StateBin>) {
        self.advance(end);
        if end > SimTime::ZERO {
            self.write_cell(end);
        }
        let mut observed = self.observed;
        observed.capacity_deficit_s = self.lack / NANOS;
        observed.offered = self.offered / NANOS;
        // A window of no length has no states; its fleet lacked nothing.
        for minimum in [&mut observed.ready_min, &mut observed.capacity_min] {
            if minimum.is_infinite() {
                *minimum = 1.0;
            }
        }
        (observed, self.bins)
    }

    /// Lets time pass until `to` in the present state.
    fn advance(&mut self, to: SimTime) {
        while self.at < to {
            if self.at >= self.next_edge {
                self.cross_edge();
            }
            let end = to.min(self.next_edge);
            let level = match self.level {
                Some(level) => level,
                None => self.amount(self.at, end),
            };
            if self.at >= self.start {
                self.add(end.since(self.at), &level);
            }
            self.fill(end, &level);
            self.at = end;
        }
    }

    /// A straight stretch of the rate curve begins, or the rollout does, and with it the minima.
    fn cross_edge(&mut self) {
        self.next_edge = self.curve.next_change(self.at).unwrap_or(SimTime::MAX);
        if self.at < self.start {
            self.next_edge = self.next_edge.min(self.start);
        }
        self.level = None;
    }

    /// Fills the cells until `end` with what the state amounts to until then.
    #[inline(always)]
    fn fill(&mut self, end: SimTime, level: &Level) {
        let mut at = self.at;
        loop {
            if at >= self.cell_end {
                self.begin_cell(at);
            }
            let until = end.min(self.cell_end);
            let nanos = until.since(at).as_nanos();
            if !self.sums.count(nanos) {
                self.count_anew(at, nanos);
            }
            if self.level.is_some() {
                self.sums.add(nanos as f64, level.demand, level.capacity);
            } else {
                let (demand, sides) = self.sides(at, until);
                let capacity =
                    std::array::from_fn(|one| f64::midpoint(sides[0][one], sides[1][one]));
                self.sums.add(nanos as f64, f64::midpoint(demand[0], demand[1]), capacity);
            }
            at = until;
            if at >= end {
                return;
            }
        }
    }

    /// The next cell begins, at its first moment.
    fn begin_cell(&mut self, at: SimTime) {
        let width = self.bins.width();
        if at == SimTime::ZERO {
            self.cell = self.bins.position(at);
            self.cell_end = self.bins.end_of_cell(at);
        } else {
            self.write_cell(at);
            self.cell = self.bins.position_after(self.cell, at);
            self.cell_end += width;
        }
        if self.bins.width() != width {
            // There are half as many cells as before.
            self.cell_end = self.bins.end_of_cell(at);
        }
    }

    /// Writes what has come to the cell until `to`. The rollout's start is the edge of a cell, so a
    /// cell is in the rollout as a whole or not at all.
    fn write_cell(&mut self, to: SimTime) {
        let is_new = self.cell == self.bins.cells().len();
        let cell = self.bins.cell_at_or_next(self.cell);
        let surge = if is_new { self.sums.begin(cell) } else { self.sums.add_to(cell) };
        self.sums.clear();
        if to > self.start {
            self.observed.surge_instance_nanos += surge;
        }
    }

    /// Counts a piece from `at` on that is too long to be added to those before, after those were
    /// written.
    #[cold]
    fn count_anew(&mut self, at: SimTime, nanos: u64) {
        self.write_cell(at);
        if !self.sums.count(nanos) {
            let (long, surge) = self.sums.long(nanos);
            self.bins.cell_at_or_next(self.cell).merge(&long);
            if at >= self.start {
                self.observed.surge_instance_nanos += surge;
            }
        }
    }

    /// Demand and capacity by version from a moment on and up to another, while the state stays.
    fn sides(&self, from: SimTime, to: SimTime) -> ([f64; 2], [[f64; 3]; 2]) {
        let demand = [self.curve.rate_from(from), self.curve.rate_until(to)];
        (demand, [from, to].map(|at| self.capacities(at)))
    }

    /// What the state and the demand amount to in the mean over a straight stretch, minima and
    /// all.
    fn amount(&mut self, from: SimTime, to: SimTime) -> Level {
        if self.is_flat {
            let demand = [self.curve.rate_from(from), self.curve.rate_until(to)];
            if demand[0] == demand[1] {
                let level = self.judge_level(demand[0]);
                self.level = Some(level);
                return level;
            }
        }
        let (demand, sides) = self.sides(from, to);
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
    fn judge_level(&mut self, demand: f64) -> Level {
        let (capacity, whole) = (self.capacity, self.whole);
        let fraction = whole / self.full();
        self.judge(whole, fraction, demand);
        Level { demand, capacity, lack: deficit([fraction; 2]), is_mixed: self.state.is_mixed() }
    }

    /// Capacity of the desired fleet on the old version, requests/s.
    fn full(&self) -> f64 {
        f64::from(self.state.desired) * self.rates.instance_rps[0]
    }

    /// Capacity by version at a moment, if the state stays.
    #[inline]
    fn capacities(&self, at: SimTime) -> [f64; 3] {
        if self.state.is_at_full_speed {
            let rps = self.rates.instance_rps;
            return std::array::from_fn(|one| f64::from(self.state.serving[one].count) * rps[one]);
        }
        Version::EVERY
            .map(|version| self.rates.capacity(&self.state.serving[version.index()], version, at))
    }

    /// Adds a stretch of the rollout to the run as a whole.
    fn add(&mut self, length: SimDuration, level: &Level) {
        let nanos = length.as_nanos() as f64;
        self.lack += level.lack * nanos;
        self.offered += level.demand * nanos;
        if level.is_mixed {
            self.observed.mixed += length;
        }
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
