//! The data plane's face to the simulation.

use super::DataPlan;
use super::record::{Phase, Tally, TrafficRecord};
use crate::random::Seed;
use crate::units::{Bins, InstanceId, Ratio, SimDuration, SimTime, Version};

/// The moments and widths that measuring needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Requests sent from here until `rollout` are the baseline.
    pub baseline: SimTime,
    /// The rollout's start.
    pub rollout: SimTime,
    /// Width of the time bins; none: chosen by the length of the run.
    pub bin: Option<SimDuration>,
}

/// How an endpoint's process answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Nobody listens: connections are refused. `Departure` says why.
    Closed(Departure),
    /// Listening, answers 503.
    Unready,
    /// Accepts requests.
    Open,
    /// Accepts requests, and has been told to stop.
    Stopping,
}

/// Why an endpoint is closed or was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Stopped, being replaced or not yet started.
    OnPurpose,
    /// Its process died by itself.
    Crash,
}

/// How versions share the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The policy sees every endpoint.
    ByCount,
    /// The version first: new if the request's routing number is below the share.
    Weighted(Ratio),
    /// The version first: new if the user is in the share.
    Cohort(Ratio),
}

/// Speed of an instance that warms up: `speed` at `from`, rising linearly to 1 over `length`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// When the warm-up begins.
    pub from: SimTime,
    /// How long it takes.
    pub length: SimDuration,
    /// Speed at its beginning, in (0, 1].
    pub speed: f64,
}

/// What the control plane must know at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The wait for a slot of this instance went above its watch threshold at this moment.
    Overloaded {
        /// Which instance.
        instance: InstanceId,
        /// When.
        at: SimTime,
    },
    /// The balancer ejects this endpoint at this moment.
    Ejected {
        /// Which endpoint.
        instance: InstanceId,
        /// When.
        at: SimTime,
    },
}

impl Signal {
    /// When it was given.
    #[must_use]
    pub const fn at(self) -> SimTime {
        match self {
            Self::Overloaded { at, .. } | Self::Ejected { at, .. } => at,
        }
    }
}

/// All requests of one run.
#[derive(Debug)]
pub struct DataPlane {
    windows: Windows,
}

impl DataPlane {
    /// A plane without endpoints at the simulation's start.
    #[must_use]
    pub fn new(plan: &DataPlan, windows: Windows, seed: Seed) -> Self {
        let _ = (plan, seed);
        Self { windows }
    }

    /// Sends every request that arrives before `until` and settles what ends by then; stops early
    /// only for a signal.
    pub fn advance(&mut self, until: SimTime) -> Option<Signal> {
        let _ = until;
        None
    }

    /// Puts an empty, unrouted endpoint at `instance`, with its door closed on purpose.
    pub fn install(&mut self, instance: InstanceId, version: Version) {
        let _ = (instance, version);
    }

    /// Sets how the process answers from now on. Closing loses the sessions pinned to it; what is
    /// in flight goes on.
    pub fn set_door(&mut self, instance: InstanceId, door: Door, now: SimTime) {
        let _ = (instance, door, now);
    }

    /// Sets the warm-up of an instance.
    pub fn set_ramp(&mut self, instance: InstanceId, ramp: Ramp) {
        let _ = (instance, ramp);
    }

    /// The balancer knows the endpoint from now on.
    pub fn route(&mut self, instance: InstanceId, now: SimTime) {
        let _ = (instance, now);
    }

    /// The balancer forgets the endpoint.
    pub fn unroute(&mut self, instance: InstanceId, now: SimTime) {
        let _ = (instance, now);
    }

    /// The process dies: what is in flight or waiting is aborted, the door closes.
    pub fn kill(&mut self, instance: InstanceId, departure: Departure, now: SimTime) {
        let _ = (instance, departure, now);
    }

    /// How versions share requests from now on.
    pub fn set_split(&mut self, split: Split, now: SimTime) {
        let _ = (split, now);
    }

    /// What the rollout does from now on.
    pub fn set_phase(&mut self, phase: Phase, now: SimTime) {
        let _ = (phase, now);
    }

    /// Whether capacity is below demand from now on.
    pub fn set_shortage(&mut self, is_short: bool) {
        let _ = is_short;
    }

    /// From now on, tells when a request would wait longer than `threshold` for a slot of any
    /// open endpoint. An endpoint that was told of is silent until [`DataPlane::watch_again`].
    pub fn watch(&mut self, threshold: SimDuration) {
        let _ = threshold;
    }

    /// Ends the silence of an endpoint that was told of.
    pub fn watch_again(&mut self, instance: InstanceId) {
        let _ = instance;
    }

    /// How long a request that came now would wait for a slot.
    #[must_use]
    pub fn wait(&self, instance: InstanceId, now: SimTime) -> SimDuration {
        let _ = (instance, now);
        SimDuration::ZERO
    }

    /// When everything in flight and waiting at the instance now will have ended, if nothing more
    /// comes; `now` when it holds nothing.
    #[must_use]
    pub fn drained_at(&self, instance: InstanceId, now: SimTime) -> SimTime {
        let _ = instance;
        now
    }

    /// Offered requests/s at a moment.
    #[must_use]
    pub fn demand(&self, at: SimTime) -> f64 {
        let _ = at;
        0.0
    }

    /// Lets everything in flight end, with no further arrivals, and hands over the record.
    #[must_use]
    pub fn finish(self, now: SimTime) -> TrafficRecord {
        let _ = now;
        TrafficRecord {
            baseline: Tally::default(),
            window: Tally::default(),
            bins: Bins::new(self.windows.rollout, self.windows.bin),
            seconds: Vec::new(),
            sessions: 0,
            sessions_lost: 0,
        }
    }
}
