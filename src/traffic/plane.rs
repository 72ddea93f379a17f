//! The data plane's face to the simulation.

use super::arrival_path::{self, ArrivalPath};
use super::event_path::EventPath;
use super::flag::Flag;
use super::process::FOREVER;
use super::profile::Profile;
use super::record::{Phase, TrafficRecord};
use super::scrape::Scrapes;
use super::synthetic::Checks;
use super::trouble::Trouble;
use super::{DataPlan, Policy};
use crate::random::Seed;
use crate::units::{InstanceId, Ratio, SimDuration, SimTime, Version};

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
    /// An injected fault ended its process.
    Fault,
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

/// An endpoint that the balancer sends requests to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub instance: InstanceId,
    /// What it runs.
    pub version: Version,
    /// Whether its process accepts requests.
    pub is_open: bool,
}

/// All requests of one run.
///
/// The caller advances it from one event of the simulation to the next and, between two calls of
/// [`DataPlane::advance`], changes the fleet; times never go back. At one instant completions come
/// first, then those changes, then arrivals.
#[derive(Debug)]
pub struct DataPlane {
    path: Path,
    profile: Profile,
    checks: Checks,
    /// Whether no request is ever sent and nothing is remembered of endpoints: who asks for a
    /// check tells of them.
    is_silent: bool,
}

/// Which of the two ways to the same record is taken.
#[derive(Debug)]
enum Path {
    /// Everything in the order of time; can do all.
    Event(Box<EventPath>),
    /// Arrivals only; faster, where nothing reacts to a completion.
    Arrival(Box<ArrivalPath>),
}

/// Does the same on whichever path is taken.
macro_rules! on_path {
    ($plane:expr, $path:ident => $call:expr) => {
        match $plane {
            Path::Event($path) => $call,
            Path::Arrival($path) => $call,
        }
    };
}

impl DataPlane {
    /// A plane without endpoints at the simulation's start.
    #[must_use]
    pub fn new(plan: &DataPlan, windows: Windows, seed: Seed) -> Self {
        if !arrival_path::can_run(plan) {
            return Self::by_events(plan, windows, seed);
        }
        let path = Path::Arrival(Box::new(ArrivalPath::new(plan, windows, seed)));
        Self::of(path, plan, seed)
    }

    /// A plane on the event-ordered path, which the other must agree with to the last bit.
    pub(super) fn by_events(plan: &DataPlan, windows: Windows, seed: Seed) -> Self {
        let path = Path::Event(Box::new(EventPath::new(plan, windows, seed)));
        Self::of(path, plan, seed)
    }

    fn of(path: Path, plan: &DataPlan, seed: Seed) -> Self {
        let checks = Checks::new(plan, seed);
        Self { path, profile: Profile::new(&plan.traffic.rate), checks, is_silent: false }
    }

    /// Whether a plan's plane can be silenced: no request is ever sent, and the policy does not
    /// mind in which order endpoints came up, since one that has picked nothing takes the first.
    #[must_use]
    pub fn can_be_silent(plan: &DataPlan) -> bool {
        let balancer = &plan.balancer;
        let takes_first = matches!(balancer.policy, Policy::RoundRobin | Policy::LeastRequests);
        plan.traffic.rate.is_nothing() && takes_first && balancer.slow_start.is_zero()
    }

    /// The same plane without a memory of endpoints: what is said of any is ignored, and
    /// [`DataPlane::check`] hears of those that are there. Only where all of them are as their
    /// release makes them, at full speed and without trouble.
    #[must_use]
    pub fn silenced(mut self) -> Self {
        self.is_silent = true;
        self
    }

    /// Observes what ends when; before anything is sent.
    pub fn observe(&mut self, scrapes: Scrapes) {
        on_path!(&mut self.path, path => path.observe(scrapes));
    }

    /// What was observed so far; none unless asked for.
    #[must_use]
    pub fn scrapes(&self) -> Option<&Scrapes> {
        on_path!(&self.path, path => path.scrapes())
    }

    /// Sends every request that arrives before `until` and settles what ends by then; stops early
    /// only for a signal, after which another call goes on from there.
    #[inline]
    pub fn advance(&mut self, until: SimTime) -> Option<Signal> {
        if self.is_silent {
            return None;
        }
        on_path!(&mut self.path, path => path.advance(until.as_nanos()))
    }

    /// Puts an empty, unrouted endpoint at `instance`, with its door closed on purpose. What an
    /// endpoint that was there still held is cut.
    #[inline]
    pub fn install(&mut self, instance: InstanceId, version: Version) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.install(instance.0, version));
    }

    /// Puts an endpoint that the balancer does not know yet on the side of the split that this
    /// version names, [`Version::Old`] or [`Version::New`], whatever it runs; unless said, it is on
    /// the side of what it runs.
    #[inline]
    pub fn join(&mut self, instance: InstanceId, side: Version) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.join(instance.0, side));
    }

    /// An endpoint is gone for good: it holds nothing, the balancer has forgotten it, and nothing
    /// will be asked of it again. What it took of memory is given back.
    #[inline]
    pub fn remove(&mut self, instance: InstanceId) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.remove(instance.0));
    }

    /// Sets how the process answers from now on. Closing loses the sessions pinned to it; what is
    /// in flight goes on.
    #[inline]
    pub fn set_door(&mut self, instance: InstanceId, door: Door, now: SimTime) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.set_door(instance.0, door, now.as_nanos()));
    }

    /// Sets the warm-up of an instance, for every service that starts from now on.
    #[inline]
    pub fn set_ramp(&mut self, instance: InstanceId, ramp: Ramp) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.set_ramp(instance.0, ramp));
    }

    /// Sets why answers to requests that come from now on are errors, beside the release's rate.
    pub fn set_trouble(&mut self, instance: InstanceId, trouble: Trouble) {
        on_path!(&mut self.path, path => path.set_trouble(instance.0, trouble));
    }

    /// Services that start from now on take so many times (> 0) as long as the release makes
    /// them.
    pub fn set_slowness(&mut self, instance: InstanceId, slowness: f64) {
        on_path!(&mut self.path, path => path.set_slowness(instance.0, slowness));
    }

    /// The process answers nothing until then; what it serves ends that much later.
    pub fn hang(&mut self, instance: InstanceId, until: SimTime, now: SimTime) {
        let until = until.as_nanos().min(FOREVER);
        on_path!(&mut self.path, path => path.hang(instance.0, until, now.as_nanos()));
    }

    /// How many requests the endpoint has taken since it was installed.
    #[must_use]
    pub fn taken(&self, instance: InstanceId) -> u64 {
        on_path!(&self.path, path => path.taken(instance.0))
    }

    /// Sends a synthetic check at `now`, up to which the plane was advanced: whether it will be
    /// answered with success in time, as far as is known then. It changes nothing. `known` are the
    /// endpoints that the balancer sends requests to, by their numbers; only a silenced plane asks
    /// for them.
    pub fn check(&mut self, now: SimTime, known: impl Iterator<Item = Known> + Clone) -> bool {
        let check = self.checks.next();
        match &self.path {
            Path::Arrival(path) if self.is_silent => {
                path.passes_among(check, now.as_nanos(), known)
            }
            path => on_path!(path, path => path.passes(check, now.as_nanos())),
        }
    }

    /// Whether requests sent from now on count as sent while a schema changes.
    pub fn set_migrating(&mut self, is_migrating: bool, now: SimTime) {
        on_path!(&mut self.path, path => path.set_migrating(is_migrating, now.as_nanos()));
    }

    /// The balancer knows the endpoint from now on. Its weight begins to rise (`slow_start`),
    /// except at the very beginning of the simulation: what is known then has been up for long.
    #[inline]
    pub fn route(&mut self, instance: InstanceId, now: SimTime) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.route(instance.0, now.as_nanos()));
    }

    /// The balancer forgets the endpoint.
    #[inline]
    pub fn unroute(&mut self, instance: InstanceId, now: SimTime) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.unroute(instance.0, now.as_nanos()));
    }

    /// The process dies: what is in flight or waiting is aborted, the door closes.
    #[inline]
    pub fn kill(&mut self, instance: InstanceId, departure: Departure, now: SimTime) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.kill(instance.0, departure, now.as_nanos()));
    }

    /// How versions share requests from now on.
    pub fn set_split(&mut self, split: Split, now: SimTime) {
        on_path!(&mut self.path, path => path.set_split(split, now.as_nanos()));
    }

    /// From now on the release's defects reach this share of the users alone; first called before
    /// any instance of the new version is installed.
    pub fn set_flag(&mut self, share: Ratio) {
        on_path!(&mut self.path, path => path.set_flag(Flag::new(share)));
    }

    /// From now on this share of the requests is copied to the new version. The copies' answers are
    /// not recorded, their load is felt.
    pub fn set_mirror(&mut self, share: Ratio) {
        on_path!(&mut self.path, path => path.set_mirror(share));
    }

    /// What the rollout does from now on: the phase of the requests sent from now on.
    pub fn set_phase(&mut self, phase: Phase, now: SimTime) {
        let _ = now;
        on_path!(&mut self.path, path => path.set_phase(phase));
    }

    /// Whether capacity is below demand from now on.
    #[inline]
    pub fn set_shortage(&mut self, is_short: bool) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.set_shortage(is_short));
    }

    /// From now on, tells when a request would wait longer than `threshold` for a slot of any
    /// open endpoint, or would find no room there. An endpoint that was told of is silent until
    /// [`DataPlane::watch_again`].
    pub fn watch(&mut self, threshold: SimDuration) {
        on_path!(&mut self.path, path => path.watch(threshold.as_nanos()));
    }

    /// Ends the silence of an endpoint that was told of.
    #[inline]
    pub fn watch_again(&mut self, instance: InstanceId) {
        if self.is_silent {
            return;
        }
        on_path!(&mut self.path, path => path.watch_again(instance.0));
    }

    /// How long a request that came now would wait for a slot, if there were a place to wait, or
    /// until the process answers at all.
    #[inline]
    #[must_use]
    pub fn wait(&self, instance: InstanceId, now: SimTime) -> SimDuration {
        if self.is_silent {
            return SimDuration::ZERO;
        }
        let nanos = on_path!(&self.path, path => path.wait(instance.0, now.as_nanos()));
        // A slot that is not free within any run's length is never free.
        if nanos >= FOREVER / 2 { SimDuration::MAX } else { SimDuration::from_nanos(nanos) }
    }

    /// When everything in flight and waiting at the instance now will have ended, if nothing more
    /// comes; `now` when it holds nothing, [`SimTime::MAX`] if that is never.
    #[inline]
    #[must_use]
    pub fn drained_at(&self, instance: InstanceId, now: SimTime) -> SimTime {
        if self.is_silent {
            return now;
        }
        let nanos = on_path!(&self.path, path => path.drained_at(instance.0, now.as_nanos()));
        if nanos >= FOREVER { SimTime::MAX } else { SimTime::from_nanos(nanos) }
    }

    /// Offered requests/s at a moment.
    #[must_use]
    pub fn demand(&self, at: SimTime) -> f64 {
        self.profile.rate_at(at.as_nanos())
    }

    /// Lets everything in flight end, with no arrivals from `now` on, and hands over the record.
    #[must_use]
    pub fn finish(self, now: SimTime) -> TrafficRecord {
        on_path!(self.path, path => path.finish(now.as_nanos()))
    }
}
