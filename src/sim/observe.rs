//! What the state of the fleet amounts to: integrals and minima over time, piece by piece between
//! the moments at which it changes.

use super::demand::Demand;
use super::run::{Observed, StateBin};
use crate::fleet::FULL_SPEED;
use crate::units::{Bins, SimDuration, SimTime, Version};

/// Serving instances of one version, some of them warming.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Serving {
    /// Instances that serve.
    pub(super) count: u32,
    /// Sum of their speeds once they are warm, [`FULL_SPEED`] being 1.
    pub(super) speed: u64,
    /// Of that, those of warming ones.
    pub(super) warming: u64,
    /// Sum of the moments their warm-ups began, nanoseconds, each times the speed.
    pub(super) warm_from_sum: u128,
}

/// The state of the fleet between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) serving: [Serving; 2],
    /// Instances ready and routed to, both versions, that requests can reach.
    pub(super) ready_routed: u32,
    pub(super) routed: [u32; 2],
    pub(super) ready: [u32; 2],
    pub(super) starting: u32,
    pub(super) draining: u32,
    pub(super) total: u32,
    /// Instances above the desired count, terminating ones included.
    pub(super) surge: u32,
}

/// What turns counts into rates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    /// Desired count of the fleet.
    pub(super) desired: u32,
    /// Requests/s of one instance of each version at full speed.
    pub(super) instance_rps: [f64; 2],
    /// Length of a warm-up.
    pub(super) warmup: SimDuration,
    /// Speed at its beginning.
    pub(super) warmup_speed: f64,
}

impl Rates {
    /// Capacity of one version at a moment, requests/s.
    fn capacity(&self, serving: &Serving, version: Version, at: SimTime) -> f64 {
        let mut speed = serving.speed as f64;
        if serving.warming > 0 {
            let passed = u128::from(serving.warming) * u128::from(at.as_nanos());
            let passed = passed.saturating_sub(serving.warm_from_sum) as f64;
            let left = serving.warming as f64 - passed / self.warmup.as_nanos() as f64;
            speed -= (1.0 - self.warmup_speed) * left.max(0.0);
        }
        // A power of two, so that nothing is rounded.
        speed / FULL_SPEED as f64 * self.instance_rps[version.index()]
    }

    /// Capacity of all versions at a moment, requests/s.
    pub(super) fn total(&self, state: &State, at: SimTime) -> f64 {
        Version::ALL
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
    observed: Observed,
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
        Self { curve, rates, start, at, state, bins, cell, cell_end, next_change, observed }
    }

    /// The state from now on.
    pub(super) const fn set(&mut self, state: State) {
        self.state = state;
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
                self.cell = self.bins.position(self.at);
                self.cell_end = self.bins.end_of_cell(self.at);
            }
            if self.at >= self.next_change {
                self.next_change = self.curve.next_change(self.at).unwrap_or(SimTime::MAX);
            }
            let end = to.min(self.cell_end).min(self.next_change);
            self.piece(end);
            self.at = end;
        }
    }

    /// One piece within a bin and a straight stretch of the rate curve.
    fn piece(&mut self, end: SimTime) {
        let (from, state) = (self.at, self.state);
        let nanos = end.since(from).as_nanos();
        let seconds = SimDuration::from_nanos(nanos).as_secs_f64();
        let demand = [self.curve.rate_from(from), self.curve.rate_until(end)];
        let capacity = |version: Version, at| {
            self.rates.capacity(&state.serving[version.index()], version, at)
        };
        let old = [capacity(Version::Old, from), capacity(Version::Old, end)];
        let new = [capacity(Version::New, from), capacity(Version::New, end)];
        let mean = |[first, last]: [f64; 2]| f64::midpoint(first, last) * seconds;
        let bin = self.bins.cell_at(self.cell);
        bin.covered += nanos;
        bin.demand += mean(demand);
        bin.old_capacity += mean(old);
        bin.new_capacity += mean(new);
        for version in Version::ALL {
            let index = version.index();
            bin.routed[index] += u128::from(state.routed[index]) * u128::from(nanos);
            bin.ready[index] += u128::from(state.ready[index]) * u128::from(nanos);
        }
        bin.starting += u128::from(state.starting) * u128::from(nanos);
        bin.draining += u128::from(state.draining) * u128::from(nanos);
        bin.total += u128::from(state.total) * u128::from(nanos);
        if from >= self.start {
            let capacity = [old[0] + new[0], old[1] + new[1]];
            self.observe(capacity, demand, SimDuration::from_nanos(nanos));
        }
    }

    fn observe(&mut self, capacity: [f64; 2], demand: [f64; 2], length: SimDuration) {
        let desired = f64::from(self.rates.desired);
        let full = desired * self.rates.instance_rps[0];
        let observed = &mut self.observed;
        let fraction = capacity.map(|rate| rate / full);
        let ready = f64::from(self.state.ready_routed) / desired;
        observed.ready_min = observed.ready_min.min(ready);
        observed.capacity_min = observed.capacity_min.min(fraction[0]).min(fraction[1]);
        for (rate, offered) in capacity.into_iter().zip(demand) {
            if offered > 0.0 {
                let headroom = rate / offered;
                let least = observed.headroom_min.unwrap_or(f64::INFINITY);
                observed.headroom_min = Some(least.min(headroom));
            }
        }
        observed.capacity_deficit_s += deficit(fraction) * length.as_secs_f64();
        if self.state.serving.iter().all(|serving| serving.count > 0) {
            observed.mixed += length;
        }
        observed.surge_instance_nanos +=
            u128::from(self.state.surge) * u128::from(length.as_nanos());
        observed.offered += f64::midpoint(demand[0], demand[1]) * length.as_secs_f64();
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
