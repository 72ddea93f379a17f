//! What does the rollout do next? One file per strategy, each a reconciler.
//!
//! A strategy sees a read-only [`View`] of what a controller would see and answers with
//! [`Action`]s; it has no clock, no generator and no way to change the world. This room knows
//! counts, versions and bounds. It must not know the calendar, requests, faults or the future.

mod action;
pub mod argo;
mod blue_green;
mod canary;
mod codedeploy;
mod ecs;
mod elastic_beanstalk;
mod flag;
pub mod flagger;
mod immutable;
mod inner;
mod instance_group;
pub mod nomad;
mod none;
mod pause;
mod recreate;
mod rolling;
mod script;
mod shadow;
mod stateful_set;
mod step;
mod supersede;
mod waves;

use std::fmt;
use std::sync::Arc;

pub use action::{Action, Pick, Reason};
pub use codedeploy::MinimumHealthy;
pub use ecs::{TaskBounds, Threshold};
pub use elastic_beanstalk::{batch_size, batches, effective_timeout};
pub use instance_group::{Disruption, exact_size};

use crate::fleet::{Division, FleetPlan, Pool};
use crate::gate::State;
use crate::traffic::Split;
use crate::units::{Ratio, SimDuration, SimTime, Version};

/// What a strategy is told before it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Desired count of the fleet.
    pub desired: u32,
    /// Zones of the fleet.
    pub zones: u16,
    /// Which way the rollout goes.
    pub direction: Direction,
    /// The bounds are so many times those written, > 0; 1 on the way forward.
    pub haste: f64,
}

/// Which way a rollout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the old version to the new.
    Forward,
    /// Back to the old version.
    Back,
    /// From the old and the new version to a third.
    Over,
}

impl Direction {
    /// The versions that go, the oldest first.
    #[must_use]
    pub const fn from(self) -> &'static [Version] {
        match self {
            Self::Forward => &[Version::Old],
            Self::Back => &[Version::New, Version::Third],
            Self::Over => &[Version::Old, Version::New],
        }
    }

    /// The version that comes.
    #[must_use]
    pub const fn to(self) -> Version {
        match self {
            Self::Forward => Version::New,
            Self::Back => Version::Old,
            Self::Over => Version::Third,
        }
    }

    /// What a count of the versions that go adds up to.
    fn leaving(self, count: impl Fn(Version) -> u32) -> u32 {
        self.from().iter().map(|&version| count(version)).sum()
    }
}

/// The parameters of one strategy, as a scenario gives them.
pub trait Parameters: fmt::Debug + Send + Sync {
    /// The rules that need more than one field, or the fleet: what is wrong, and what would be
    /// right.
    fn check(&self, desired: u32) -> Vec<Problem>;

    /// A reconciler at the beginning of its work.
    fn begin(&self, setup: Setup) -> Box<dyn Strategy>;

    /// What happens on a failure when the scenario does not say.
    fn default_on_failure(&self) -> OnFailure;

    /// What happens when a gate fails, when the scenario does not say.
    fn default_on_gate_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    /// Who says that the rollout has failed.
    fn judge(&self) -> Judge {
        Judge::Platform
    }

    /// Whether gates over the whole rollout that would fail before it starts are left out of it.
    fn ignores_red_gates(&self) -> bool {
        false
    }

    /// What the fields come to in a fleet of so many instances and zones that its author may not
    /// expect, or that the controller's documentation leaves open.
    fn advise(&self, desired: u32, zones: u16) -> Vec<Problem> {
        let _ = (desired, zones);
        Vec::new()
    }

    /// The gates that it asks for on its way, by name.
    fn gates(&self) -> Vec<GateUse> {
        Vec::new()
    }

    /// Whether it replaces within bounds, which a rollback may widen ([`Setup::haste`]).
    fn has_bounds(&self) -> bool {
        false
    }

    /// How many instances of a fleet of `desired` may be unavailable, and how many there may be
    /// above it: what its bounds round to, however small the fleet. None where it has no such
    /// bounds.
    fn resolved_bounds(&self, desired: u32) -> Option<[u32; 2]> {
        let _ = desired;
        None
    }

    /// Whether requests are shared by the number of instances alone, so that it can bring over a
    /// part of the fleet by itself.
    fn is_by_count(&self) -> bool {
        false
    }

    /// The name of the strategy that this one runs, where it composes another.
    fn inner(&self) -> Option<&str> {
        None
    }

    /// Why the strategy found under that name cannot be run inside this one; none if it can.
    fn check_inner(&self, inner: &dyn Parameters) -> Option<String> {
        if inner.stands_alone() {
            return Some("this kind of strategy cannot be run by another one".to_owned());
        }
        let is_composed = inner.inner().is_some();
        is_composed.then(|| "the inner strategy must stand by itself".to_owned())
    }

    /// The same parameters with the strategy found under [`Parameters::inner`]; none if it
    /// composes none.
    fn with_inner(&self, inner: Arc<dyn Parameters>) -> Option<Arc<dyn Parameters>> {
        let _ = inner;
        None
    }

    /// Whether no other strategy can run it.
    fn stands_alone(&self) -> bool {
        false
    }

    /// Whether it keeps a deadline of its own, so that `readiness.deadline` does not act.
    fn keeps_deadline(&self) -> bool {
        false
    }

    /// The parts of the fleet that are brought over one after another.
    fn division(&self, fleet: &FleetPlan) -> Division {
        let _ = fleet;
        Division::whole()
    }

    /// Whether the release's defects follow a flag, which is down when the rollout starts.
    fn is_flagged(&self) -> bool {
        false
    }

    /// Whether it starts by itself, while it rolls out, what others have told to stop, such as a
    /// drained machine; otherwise a replacement comes at once.
    fn starts_missing(&self) -> bool {
        false
    }

    /// Whether a third version can take over from a rollout under way ([`Direction::Over`]).
    fn can_supersede(&self) -> bool {
        false
    }
}

/// A gate that a strategy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateUse {
    /// Where it is written, such as `steps.1.gates.0`.
    pub field: String,
    /// Its name.
    pub name: String,
    /// How long it has to look; none: as long as a person likes.
    pub time: Option<SimDuration>,
    /// Where that is written, such as `steps.1.pause`.
    pub time_field: String,
    /// Share of the requests that the new version has meanwhile; none: it changes.
    pub share: Option<Ratio>,
}

impl GateUse {
    /// The gates of a list at `field`, with the time that is written at `time_field`.
    fn all(
        field: &str,
        names: &[String],
        time: Option<SimDuration>,
        time_field: &str,
    ) -> Vec<Self> {
        let one = |(index, name): (usize, &String)| Self {
            field: format!("{field}.{index}"),
            name: name.clone(),
            time,
            time_field: time_field.to_owned(),
            share: None,
        };
        names.iter().enumerate().map(one).collect()
    }

    /// The same where the new version has this share of the requests meanwhile.
    fn at_share(self, share: Option<Ratio>) -> Self {
        Self { share, ..self }
    }
}

/// What the gates of a step have come to together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// So far.
    pub now: State,
    /// If their time were over.
    pub at_the_end: State,
}

/// What gates said that were asked to look at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// When.
    pub at: SimTime,
    /// Whether every one of them passed.
    pub has_passed: bool,
}

/// A rule that a strategy's parameters break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field at fault, such as `max_surge` or `steps.1.weight`.
    pub field: String,
    /// A second field that makes it wrong.
    pub because: Option<String>,
    /// What is wrong: lower case, no period.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Problem {
    fn new(field: &str, because: Option<&str>, message: &str, help: &str) -> Self {
        Self {
            field: field.into(),
            because: because.map(Into::into),
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Who says that a rollout has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The platform: a start failed for good, or nothing moved for as long as the deadline.
    Platform,
    /// The strategy alone, with [`Action::Fail`]; there is no deadline.
    Strategy,
}

/// What happens when the deadline passes or a start fails for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Nothing acts.
    Stall,
    /// The rollout stops until a person resumes it.
    Pause,
    /// The rollout ends here, versions mixed.
    Abort,
    /// Back to the old version.
    Rollback,
}

/// A reconciler: `self` is its own memory, the view is all it knows of the world.
pub trait Strategy: fmt::Debug {
    /// What to do now. Called when the fleet changed or at a moment asked for with
    /// [`Action::WakeAt`], and again until it returns nothing.
    fn decide(&mut self, view: &View<'_>) -> Vec<Action>;

    /// Whether it may matter to it that an instance which is replaced in place has stopped and
    /// starts again as this version; if not, it is not asked for that alone.
    fn minds_return(&self, version: Version) -> bool {
        let _ = version;
        true
    }

    /// Takes back an answer that has been carried out, for those that would otherwise put together
    /// a new one for every instance of a large fleet.
    fn take_back(&mut self, answer: Vec<Action>) {
        drop(answer);
    }

    /// What a change of the fleet's desired count from `before` does at once. Unless a strategy
    /// says otherwise, a version that was at full size stays so; where none was, the largest
    /// takes the difference.
    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        let pool = view.pool;
        let reason = Reason::new("the desired count has changed");
        let scale = |version, to| Action::Scale { version, to, pick: Pick::Any, reason };
        let full = Version::EVERY.into_iter().filter(|&version| pool.desired(version) == before);
        let actions: Vec<Action> = full.map(|version| scale(version, view.desired)).collect();
        if !actions.is_empty() {
            return actions;
        }
        let Some(largest) = Version::EVERY.into_iter().max_by_key(|&one| pool.desired(one)) else {
            return actions;
        };
        let wanted = (pool.desired(largest) + view.desired).saturating_sub(before);
        vec![scale(largest, wanted)]
    }

    /// What is done while a person has paused the rollout; called instead of
    /// [`Strategy::decide`].
    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        let _ = view;
        Vec::new()
    }

    /// A person lets the rollout go on: whatever pause or bake it is in is over.
    fn go_on(&mut self) {}

    /// How it goes back from where it is; none: as its parameters begin a rollback anywhere.
    fn turn_back(&self) -> Option<Box<dyn Strategy>> {
        None
    }
}

/// A read-only view of the world, as a controller sees it.
#[derive(Debug)]
pub struct View<'a> {
    /// Now.
    pub now: SimTime,
    /// Desired count of the fleet.
    pub desired: u32,
    /// How versions share requests now.
    pub split: Split,
    /// When the last switch took effect; none while one is on its way or none was asked for.
    pub switched: Option<SimTime>,
    /// What the gates that it asked for with [`Action::RunGates`] have come to; none without any.
    pub gates: Option<Standing>,
    /// When gates last looked at once, asked by [`Action::Check`], and whether all of them passed;
    /// none if they have not.
    pub checked: Option<Checked>,
    /// All instances.
    pub pool: &'a Pool,
}

/// Lets a test's version grow to so many instances, all of them available.
#[cfg(test)]
fn grow(pool: &mut Pool, version: Version, to: u32) {
    pool.set_desired(version, to);
    while pool.counts(version).active < to {
        let mut one = crate::fleet::Instance::launched(version, crate::units::ZoneId(0), 0);
        (one.state, one.is_ready, one.is_available) = (crate::fleet::State::Ready, true, true);
        pool.add(one);
    }
}

#[cfg(test)]
impl<'a> View<'a> {
    /// The view of a fleet that a test puts together.
    fn of(pool: &'a Pool, desired: u32) -> Self {
        Self {
            now: SimTime::ZERO,
            desired,
            split: Split::ByCount,
            switched: None,
            gates: None,
            checked: None,
            pool,
        }
    }
}

/// How a kind of strategy is found, read and explained.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What a scenario writes as `kind`.
    pub name: &'static str,
    /// One line for `rollsim list`.
    pub summary: &'static str,
    /// The source file, whose module documentation is what `rollsim explain` prints.
    pub source: &'static str,
    /// Reads the parameters from a table without `kind`, `on_failure` and `rollback`.
    pub parse: Parse,
}

/// Reads the parameters of a strategy; the error carries the span of what is wrong.
pub type Parse =
    fn(toml::de::ValueDeserializer<'_>) -> Result<Arc<dyn Parameters>, toml::de::Error>;

/// Every kind, in the order of documentation.
pub const KINDS: &[Kind] = &[
    none::KIND,
    recreate::KIND,
    rolling::KIND,
    stateful_set::KIND,
    canary::KIND,
    blue_green::KIND,
    immutable::KIND,
    waves::KIND,
    flag::KIND,
    shadow::KIND,
    ecs::KIND,
    codedeploy::KIND,
    elastic_beanstalk::KIND,
    instance_group::KIND,
    flagger::KIND,
    nomad::KIND,
    argo::CANARY,
    argo::BLUE_GREEN,
];

/// The [`Parse`] of a parameter type.
fn parse<P>(source: toml::de::ValueDeserializer<'_>) -> Result<Arc<dyn Parameters>, toml::de::Error>
where
    P: Parameters + serde::de::DeserializeOwned + 'static,
{
    P::deserialize(source).map(|parameters| Arc::new(parameters) as Arc<dyn Parameters>)
}
