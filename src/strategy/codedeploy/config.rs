//! Deployment configurations: predefined ones by name, and how many hosts they may take.

use super::super::script::linear;
use crate::units::{Ratio, SimDuration};

const HALF: Ratio = Ratio::from_billionths(500_000_000);

/// How many hosts must stay healthy (user guide, "Working with deployment configurations" and
/// "CodeDeploy instance health").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinimumHealthy {
    /// So many.
    HostCount(u32),
    /// A share of the fleet, rounded up.
    FleetPercent(Ratio),
    /// All but so many.
    AtATime(u32),
}

impl MinimumHealthy {
    /// The predefined in-place configuration of this name, without `CodeDeployDefault.`.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        match name {
            "OneAtATime" => Some(Self::AtATime(1)),
            "HalfAtATime" => Some(Self::FleetPercent(HALF)),
            "AllAtOnce" => Some(Self::HostCount(0)),
            _ => None,
        }
    }

    /// Hosts of a fleet of so many that must stay healthy.
    #[must_use]
    pub const fn of(self, hosts: u32) -> u32 {
        match self {
            Self::HostCount(count) => count,
            Self::FleetPercent(share) => share.of_rounded_up(hosts),
            Self::AtATime(count) => hosts.saturating_sub(count),
        }
    }

    /// Hosts that a healthy fleet can spare at once.
    #[must_use]
    pub const fn at_a_time(self, hosts: u32) -> u32 {
        hosts.saturating_sub(self.of(hosts))
    }

    /// Whether not even one host can be spared.
    #[must_use]
    pub const fn fails_at_once(self, hosts: u32) -> bool {
        self.of(hosts) >= hosts
    }
}

/// What a configuration comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    InPlace(MinimumHealthy),
    /// Each share of the requests and the wait after it.
    Shift(Vec<(Ratio, SimDuration)>),
}

impl Plan {
    /// The predefined configuration of this name.
    pub(super) fn called(name: &str) -> Option<Self> {
        let name = name.strip_prefix("CodeDeployDefault.").unwrap_or(name);
        if let Some(minimum) = MinimumHealthy::called(name) {
            return Some(Self::InPlace(minimum));
        }
        let rest = name.strip_prefix("ECS").or_else(|| name.strip_prefix("Lambda"))?;
        if rest == "AllAtOnce" {
            return Some(Self::Shift(vec![(Ratio::ONE, SimDuration::ZERO)]));
        }
        let minutes = |text: &str| {
            let count = text.strip_suffix("Minutes").or_else(|| text.strip_suffix("Minute"))?;
            Some(SimDuration::from_secs(60 * u64::from(count.parse::<u16>().ok()?)))
        };
        let (is_canary, rest) = match rest.strip_prefix("Canary") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix("Linear")?),
        };
        let (percent, rest) = rest.split_once("Percent")?;
        let percent = percent.parse::<u8>().ok().filter(|percent| (1..=100).contains(percent))?;
        let share = Ratio::from_billionths(u64::from(percent) * 10_000_000);
        if is_canary {
            return Some(Self::canary(share, minutes(rest)?));
        }
        let interval = minutes(rest.strip_prefix("Every")?)?;
        Some(Self::Shift(linear(share, interval)))
    }

    /// That share at once, the rest after the interval.
    pub(super) fn canary(share: Ratio, interval: SimDuration) -> Self {
        Self::Shift(vec![(share, interval), (Ratio::ONE, SimDuration::ZERO)])
    }
}
