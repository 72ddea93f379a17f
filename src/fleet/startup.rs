//! How long a start takes and how it goes: a function of its number, whatever else happens.

use super::plan::{ReleasePlan, ShutdownPlan, StartupPlan};
use crate::random::{Key, Law, Purpose, Seed};
use crate::units::{Ratio, SimDuration, Version};

/// What is drawn for starts: one key a purpose.
#[derive(Clone, Debug)]
pub struct StartChance {
    provision: Key,
    pull: Key,
    boot: Key,
    deploy: Key,
    failure: Key,
    never_ready: Key,
    crash_after: Key,
    /// What is flipped in every draw.
    mask: u64,
}

/// A boot: how long and to what end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What it takes while nothing contends.
    pub work: SimDuration,
    /// What comes of it.
    pub fate: BootFate,
}

/// What comes of a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootFate {
    /// It can pass its probe.
    Able,
    /// It ends and never passes its probe.
    Hopeless,
    /// It crashes.
    Crashes,
}

impl StartChance {
    /// The keys of one replication.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            provision: seed.key(Purpose::Provision),
            pull: seed.key(Purpose::Pull),
            boot: seed.key(Purpose::Boot),
            deploy: seed.key(Purpose::Deploy),
            failure: seed.key(Purpose::StartFailure),
            never_ready: seed.key(Purpose::NeverReady),
            crash_after: seed.key(Purpose::CrashAfter),
            mask: 0,
        }
    }

    /// The opposite: where these draw the uniform number u, it draws 1 - u.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        Self { mask: !self.mask, ..self }
    }

    /// Starts are numbered by version, so the version is part of the draw's place.
    const fn draw(&self, key: Key, version: Version, number: u32) -> u64 {
        key.draw(number as u64, version.index() as u64) ^ self.mask
    }

    /// How long start `number` of `version` waits for its machine.
    #[must_use]
    pub fn provision(&self, plan: &Plans<'_>, version: Version, number: u32) -> SimDuration {
        let bits = self.draw(self.provision, version, number);
        plan.stretched(&plan.startup.provision, bits, version, number)
    }

    /// How long it downloads its artifact.
    #[must_use]
    pub fn pull(&self, plan: &Plans<'_>, version: Version, number: u32) -> SimDuration {
        let bits = self.draw(self.pull, version, number);
        plan.stretched(&plan.startup.pull, bits, version, number)
    }

    /// How long a new version takes to be put on a stopped machine.
    #[must_use]
    pub fn deploy(&self, plan: &Plans<'_>, version: Version, number: u32) -> SimDuration {
        let bits = self.draw(self.deploy, version, number);
        plan.shutdown.deploy.draw(bits, u64::from(number)).unwrap_or(SimDuration::ZERO)
    }

    /// How its boot goes. A start that crashes does so when its boot would have ended.
    #[must_use]
    pub fn boot(&self, plan: &Plans<'_>, version: Version, number: u32) -> Boot {
        let bits = self.draw(self.boot, version, number);
        let Some(work) = plan.startup.boot.draw(bits, u64::from(number)) else {
            return Boot { work: SimDuration::ZERO, fate: BootFate::Hopeless };
        };
        let happens = |probability, key| happens(probability, || self.draw(key, version, number));
        let fate = if version != Version::New {
            BootFate::Able
        } else if happens(plan.release.startup_failure, self.failure) {
            BootFate::Crashes
        } else if happens(plan.release.never_ready, self.never_ready) {
            BootFate::Hopeless
        } else {
            BootFate::Able
        };
        Boot { work: work.scaled(plan.factor(version)), fate }
    }

    /// How long after it became ready it crashes; none: it does not.
    #[must_use]
    pub fn crash_after(
        &self,
        plan: &Plans<'_>,
        version: Version,
        number: u32,
    ) -> Option<SimDuration> {
        let law = plan.release.crash_after.as_ref().filter(|_| version == Version::New)?;
        law.draw(self.draw(self.crash_after, version, number), u64::from(number))
    }
}

/// The parts of a plan that starts depend on.
#[derive(Clone, Copy, Debug)]
pub struct Plans<'a> {
    /// `[startup]`.
    pub startup: &'a StartupPlan,
    /// `[shutdown]`, for the deploy time.
    pub shutdown: &'a ShutdownPlan,
    /// What instances feel of `[release]`.
    pub release: &'a ReleasePlan,
}

impl Plans<'_> {
    fn factor(&self, version: Version) -> f64 {
        match version {
            Version::Old | Version::Third => 1.0,
            Version::New => self.release.startup_factor,
        }
    }

    fn stretched(&self, law: &Law, bits: u64, version: Version, number: u32) -> SimDuration {
        let length = law.draw(bits, u64::from(number));
        length.unwrap_or(SimDuration::ZERO).scaled(self.factor(version))
    }
}

fn happens(probability: Ratio, bits: impl FnOnce() -> u64) -> bool {
    !probability.is_zero() && u128::from(bits()) < probability.threshold()
}
