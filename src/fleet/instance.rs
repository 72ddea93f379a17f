//! One instance and its state.
//!
//! | state | what it waits for | next |
//! |---|---|---|
//! | waiting | room in the cluster, or a free start | provisioning (in place: deploying) |
//! | provisioning | a machine, a quota, the scheduler | pulling |
//! | pulling | the artifact | booting |
//! | deploying | in place: the new version on the stopped machine | booting |
//! | booting | the process | probing, or backoff if the start crashes |
//! | probing | enough successes of its probe | ready, or failed |
//! | ready | nothing: it serves, unless its probe has failed since | backoff when it crashes |
//! | backoff | the crash loop's delay | booting |
//! | failed | nothing: the start failed for good | |
//! | stopping | the end of pre-stop | draining |
//! | draining | what is in flight | terminated |
//! | terminated | | in place: waiting |
//!
//! Told to stop, an instance goes from any state on to stopping, or, still waiting or
//! provisioning, at once to terminated.

use super::startup::BootFate;
use crate::units::{PartId, SimTime, Version, ZoneId};

/// [`Instance::speed`] of an instance that nothing slows: a power of two.
pub const FULL_SPEED: u64 = 1 << 32;

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Launched; no room yet, or too many starts are running.
    Waiting,
    /// Waits for a machine, a quota or the scheduler.
    Provisioning,
    /// Downloads its artifact.
    Pulling,
    /// In place: the new version is put on the stopped machine.
    Deploying,
    /// Its process starts.
    Booting,
    /// Its process runs; its probe has not passed yet.
    Probing,
    /// Its probe has passed since the boot.
    Ready,
    /// Its process exited and waits to be restarted.
    Backoff,
    /// Its start failed for good.
    Failed,
    /// Told to stop, and still accepting.
    Stopping,
    /// Told to stop, listener closed, finishing what it has.
    Draining,
    /// Gone.
    Terminated,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 12] = [
        Self::Waiting,
        Self::Provisioning,
        Self::Pulling,
        Self::Deploying,
        Self::Booting,
        Self::Probing,
        Self::Ready,
        Self::Backoff,
        Self::Failed,
        Self::Stopping,
        Self::Draining,
        Self::Terminated,
    ];

    /// Whether it was told to stop and is not gone yet.
    #[must_use]
    pub const fn is_terminating(self) -> bool {
        matches!(self, Self::Stopping | Self::Draining)
    }

    /// Whether it exists and was not told to stop.
    #[must_use]
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Stopping | Self::Draining | Self::Terminated)
    }

    /// Whether its process has exited, or its start was given up.
    #[must_use]
    pub const fn is_down(self) -> bool {
        matches!(self, Self::Backoff | Self::Failed)
    }

    /// Whether it was launched, is not ready yet and still may be.
    #[must_use]
    pub const fn is_starting(self) -> bool {
        matches!(
            self,
            Self::Waiting
                | Self::Provisioning
                | Self::Pulling
                | Self::Deploying
                | Self::Booting
                | Self::Probing
                | Self::Backoff
        )
    }
}

/// One instance.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    /// What it runs.
    pub version: Version,
    /// Where it runs.
    pub zone: ZoneId,
    /// Which part of the fleet it belongs to.
    pub part: PartId,
    /// Its number in the initial fleet; the one that its strategy gave it, if it gave it any; else
    /// its id.
    pub ordinal: u32,
    /// Where it is in its life.
    pub state: State,
    /// Whether the platform calls it ready.
    pub is_ready: bool,
    /// Whether it has been ready for `min_ready`.
    pub is_available: bool,
    /// Whether the balancer sends requests to it.
    pub is_routed: bool,
    /// Whether its process accepts requests.
    pub is_open: bool,
    /// Whether the last word of its readiness probe was a success.
    pub passes_probe: bool,
    /// Whether the balancer leaves it out for having failed too often.
    pub is_ejected: bool,
    /// Whether its speed is still rising, since `warm_from`.
    pub is_warming: bool,
    /// When its last boot ended.
    pub warm_from: SimTime,
    /// Whether it is due to crash.
    pub will_crash: bool,
    /// In place: what it becomes once it has stopped.
    pub becomes: Option<Version>,
    /// Whether it was launched on the machine of another version.
    pub is_in_place: bool,
    /// Whether it counts among the starts running at once.
    pub holds_start: bool,
    /// What comes of its last boot.
    pub fate: BootFate,
    /// Whether it will never pass its probe.
    pub is_hopeless: bool,
    /// Number of its last start among those of its version; meaningless in the initial fleet.
    pub start_number: u32,
    /// Restarts since the crash loop's delay was last reset.
    pub restarts: u32,
    /// Events about its life carry this; it changes whenever they no longer apply.
    pub life: u32,
    /// The same for what the balancer is about to learn.
    pub route: u32,
    /// When its process last began to boot.
    pub boot_from: SimTime,
    /// When it last became ready.
    pub ready_from: SimTime,
    /// When it was told to stop.
    pub told_at: SimTime,
    /// Failures or successes in a row that the balancer's check has seen against its belief.
    pub check_streak: u16,
    /// Whether a check of the balancer is pending.
    pub is_checking: bool,
    /// Failures or successes in a row that the readiness probe has seen against its belief.
    pub probe_streak: u16,
    /// Failures in a row of the liveness probe.
    pub liveness_streak: u16,
    /// Whether its readiness probe is followed tick by tick, because it is overloaded.
    pub is_readiness_watched: bool,
    /// Whether its liveness probe is.
    pub is_liveness_watched: bool,
    /// How fast it serves under all faults, [`FULL_SPEED`] being 1; its warm-up apart.
    pub speed: u64,
    /// Whether its probe let it pass although it cannot serve.
    pub is_broken: bool,
    /// Whether a fault that never ends holds it back.
    pub is_held: bool,
}

impl Instance {
    /// Whether requests that the balancer sends to it are served.
    #[must_use]
    pub const fn is_serving(&self) -> bool {
        self.is_routed && self.is_open && !self.is_ejected
    }

    /// Whether its state will change without anybody's doing.
    #[must_use]
    pub const fn is_restless(&self) -> bool {
        match self.state {
            State::Waiting | State::Failed | State::Terminated => false,
            State::Probing => !self.is_hopeless,
            State::Ready => {
                self.will_crash
                    || self.is_ready != self.is_available
                    || self.is_readiness_watched
                    || self.is_liveness_watched
                    || self.is_checking
                    || (self.passes_probe && !self.is_ready)
            }
            _ => !self.is_held,
        }
    }

    /// An instance just launched.
    #[must_use]
    pub const fn launched(version: Version, zone: ZoneId, start_number: u32) -> Self {
        Self {
            version,
            zone,
            part: PartId(0),
            ordinal: 0,
            state: State::Waiting,
            is_ready: false,
            is_available: false,
            is_routed: false,
            is_open: false,
            passes_probe: false,
            is_ejected: false,
            is_warming: false,
            warm_from: SimTime::ZERO,
            will_crash: false,
            becomes: None,
            is_in_place: false,
            holds_start: false,
            fate: BootFate::Able,
            is_hopeless: false,
            start_number,
            restarts: 0,
            life: 0,
            route: 0,
            boot_from: SimTime::ZERO,
            ready_from: SimTime::ZERO,
            told_at: SimTime::ZERO,
            check_streak: 0,
            is_checking: false,
            probe_streak: 0,
            liveness_streak: 0,
            is_readiness_watched: false,
            is_liveness_watched: false,
            speed: FULL_SPEED,
            is_broken: false,
            is_held: false,
        }
    }

    /// An instance of the fleet that exists when the simulation starts.
    #[must_use]
    pub const fn initial(zone: ZoneId) -> Self {
        let mut instance = Self::launched(Version::Old, zone, 0);
        instance.state = State::Ready;
        instance.is_ready = true;
        instance.is_available = true;
        instance.is_routed = true;
        instance.is_open = true;
        instance.passes_probe = true;
        instance
    }
}
