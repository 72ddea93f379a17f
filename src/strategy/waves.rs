//! `waves`: another strategy, over one part of the fleet after another.
//!
//! # What it does
//! Divides the fleet by zone, by region or by sizes, and runs the strategy called `inner` over the
//! first part as if that were the whole fleet, then over the next, with a bake in between. A new
//! instance belongs to the part of the one it replaces. Rolling back takes the parts back in the
//! opposite order, without bakes. Where a third version is released on the way, the waves begin
//! anew with the first part; the inner strategy deals with whatever versions it finds in each.
//!
//! # When it hurts
//! A zone that is down for its wave and another that fails meanwhile; bakes so long that the next
//! release is due before the last wave; a first wave too small to show anything.
//!
//! # Parameters
//! - `inner`: the name of another strategy of the file. It must be one that leaves sharing the
//!   requests to the number of instances: `recreate`, `rolling`, `immutable`, or a `canary` with
//!   `routing = "by-count"`. A weight is one for the whole service and cannot be shifted for a part
//!   of the fleet, so no strategy that sets weights fits; nor does one that composes another.
//! - `rollback`, as every strategy has it, names one that stands by itself: `waves` cannot be the
//!   way back of another strategy, whose instances belong to no part.
//! - `by` ("zone"): `region` takes all zones with one prefix (`eu/a`, `eu/b`) together; a list of
//!   counts or percentages such as `["1", "10%", "100%"]` says how far each wave goes.
//! - `bake` ("0s"): how long to wait after each wave. `bake_gates` look meanwhile.
//!
//! # Worked example
//! 6 instances in zones a and b, `inner` rolling with one unavailable and starts of 10 s,
//! `bake = "1m"`: zone a from 0 s to 30 s, zone b from 90 s to 120 s, complete after its bake at
//! 180 s.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::inner::Inner;
use super::pause::{self, Next};
use super::{
    Action, Direction, GateUse, Kind, OnFailure, Parameters, Pick, Problem, Reason, Setup,
    Strategy, View, parse,
};
use crate::fleet::{Division, FleetPlan, Part};
use crate::traffic::Phase;
use crate::units::{CountOrPercent, PartId, Rounding, SimDuration, SimTime, Version, ZoneId};

pub(super) const KIND: Kind = Kind {
    name: "waves",
    summary: "another strategy, over one zone, region or share of the fleet after another",
    source: include_str!("waves.rs"),
    parse: parse::<Waves>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waves {
    inner: Inner,
    #[serde(default)]
    by: By,
    #[serde(default)]
    bake: SimDuration,
    #[serde(default)]
    bake_gates: Vec<String>,
}

/// What a wave is.
#[derive(Clone, Debug, Default, PartialEq)]
enum By {
    #[default]
    Zone,
    Region,
    /// How far each wave goes.
    Sizes(Vec<CountOrPercent>),
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum WordOrSizes {
            Word(String),
            Sizes(Vec<toml::Value>),
        }
        let expected = "`by` is \"zone\", \"region\" or a list such as [\"1\", \"10%\", \"100%\"]";
        match WordOrSizes::deserialize(source).map_err(|_| D::Error::custom(expected))? {
            WordOrSizes::Word(word) if word == "zone" => Ok(Self::Zone),
            WordOrSizes::Word(word) if word == "region" => Ok(Self::Region),
            WordOrSizes::Word(_) => Err(D::Error::custom(expected)),
            WordOrSizes::Sizes(sizes) => {
                let sizes = sizes.into_iter().map(|size| match size.as_str() {
                    // A count may stand in quotes beside percentages.
                    Some(text) if !text.contains('%') => text
                        .parse()
                        .map(CountOrPercent::Count)
                        .map_err(|_| D::Error::custom(expected)),
                    _ => size.try_into().map_err(|_| D::Error::custom(expected)),
                });
                sizes.collect::<Result<_, _>>().map(Self::Sizes)
            }
        }
    }
}

impl Parameters for Waves {
    fn check(&self, desired: u32) -> Vec<Problem> {
        let By::Sizes(sizes) = &self.by else { return Vec::new() };
        let ends: Vec<u32> = sizes.iter().map(|size| size.resolve(desired, Rounding::Up)).collect();
        let mut before = 0;
        for (number, &end) in ends.iter().enumerate() {
            if end <= before || end > desired {
                let message = format!("wave {} would end at {end} of {desired}", number + 1);
                let help = "write sizes that rise up to the whole fleet";
                return vec![Problem::new(&format!("by.{number}"), None, &message, help)];
            }
            before = end;
        }
        if before < desired {
            let message = format!("the last wave would end at {before} of {desired}");
            return vec![Problem::new("by", None, &message, "let the last wave go to \"100%\"")];
        }
        Vec::new()
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        Box::new(Running {
            inner: self.inner.clone(),
            setup,
            bake: if setup.direction == Direction::Back { SimDuration::ZERO } else { self.bake },
            gates: match setup.direction {
                Direction::Back => Arc::default(),
                Direction::Forward | Direction::Over => self.bake_gates.clone().into(),
            },
            wave: None,
            baking: None,
        })
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn gates(&self) -> Vec<GateUse> {
        let mut uses = GateUse::all("bake_gates", &self.bake_gates, Some(self.bake), "bake");
        uses.extend(self.inner.gates());
        uses
    }

    fn inner(&self) -> Option<&str> {
        Some(self.inner.name())
    }

    fn check_inner(&self, inner: &dyn Parameters) -> Option<String> {
        let is_fit = inner.is_by_count() && inner.inner().is_none();
        (!is_fit).then(|| "waves need a strategy that shares requests by count".to_owned())
    }

    fn can_supersede(&self) -> bool {
        self.inner.can_supersede()
    }

    fn with_inner(&self, inner: Arc<dyn Parameters>) -> Option<Arc<dyn Parameters>> {
        Some(Arc::new(Self { inner: self.inner.found(inner), ..self.clone() }))
    }

    fn division(&self, fleet: &FleetPlan) -> Division {
        let zones = || fleet.zones.iter().zip(0..).map(|(name, number)| (name, ZoneId(number)));
        let named = |name: &str, zones: Vec<ZoneId>| Part { name: name.to_owned(), zones, end: 0 };
        let mut parts: Vec<Part> = Vec::new();
        match &self.by {
            By::Zone => parts.extend(zones().map(|(name, zone)| named(name, vec![zone]))),
            By::Region => {
                for (name, zone) in zones() {
                    let region = name.split_once('/').map_or(name.as_str(), |(region, _)| region);
                    match parts.iter_mut().find(|part| part.name == region) {
                        Some(part) => part.zones.push(zone),
                        None => parts.push(named(region, vec![zone])),
                    }
                }
            }
            By::Sizes(sizes) => parts.extend(sizes.iter().map(|size| {
                let end = size.resolve(fleet.instances, Rounding::Up);
                Part { name: format!("the first {end}"), zones: Vec::new(), end }
            })),
        }
        Division { parts, canary: None }
    }
}

/// One wave.
#[derive(Debug)]
struct Wave {
    part: PartId,
    /// Desired count of the part.
    size: u32,
    /// And by version.
    desired: [u32; 3],
    strategy: Box<dyn Strategy>,
}

#[derive(Debug)]
struct Running {
    inner: Inner,
    setup: Setup,
    bake: SimDuration,
    /// The gates that look while it bakes; none on the way back.
    gates: Arc<[String]>,
    wave: Option<Wave>,
    baking: Option<SimTime>,
}

impl Running {
    /// The part after this one, in the direction of the rollout.
    fn next_part(&self, view: &View<'_>) -> Option<PartId> {
        let last = view.pool.part_sizes().len().saturating_sub(1) as u16;
        let next = match (self.setup.direction, self.wave.as_ref().map(|wave| wave.part.0)) {
            (Direction::Back, None) => Some(last),
            (Direction::Back, Some(part)) => part.checked_sub(1),
            (Direction::Forward | Direction::Over, None) => Some(0),
            (Direction::Forward | Direction::Over, Some(part)) => (part < last).then_some(part + 1),
        };
        next.map(PartId)
    }

    /// Begins the next wave, or ends the rollout.
    fn go_to_next(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(part) = self.next_part(view) else {
            return vec![Action::Finish(Reason::new("the last wave is over"))];
        };
        let pool = view.pool.part(part, [0; 3]);
        let desired = Version::EVERY.map(|version| pool.counts(version).active);
        let sizes = view.pool.part_sizes();
        let mut size = sizes[part.index()];
        if self.wave.is_none() {
            // What a person has added or taken since belongs to the wave that comes first.
            size = (size + view.desired).saturating_sub(sizes.iter().sum());
        }
        let setup = Setup { desired: size, zones: 1, ..self.setup };
        let strategy = self.inner.begin(setup);
        self.wave = Some(Wave { part, size, desired, strategy });
        vec![Action::Phase(Phase::RollingOut)]
    }

    /// What the inner strategy wants of its part, as it changes the whole fleet.
    fn translate(&mut self, view: &View<'_>, actions: Vec<Action>) -> Vec<Action> {
        let Some(wave) = &mut self.wave else { return Vec::new() };
        let pick = Pick::Part(wave.part);
        let mut whole = Version::EVERY.map(|version| view.pool.desired(version));
        let mut translated = Vec::with_capacity(actions.len());
        let mut is_over = None;
        for action in actions {
            translated.push(match action {
                Action::Scale { version, to, reason, .. } => {
                    let index = version.index();
                    whole[index] = whole[index] - wave.desired[index] + to;
                    wave.desired[index] = to;
                    Action::Scale { version, to: whole[index], pick, reason }
                }
                Action::Replace { from, to, count, reason, .. } => {
                    let count = count.min(wave.desired[from.index()]);
                    wave.desired[from.index()] -= count;
                    wave.desired[to.index()] += count;
                    Action::Replace { from, to, count, pick, reason }
                }
                Action::Finish(reason) => {
                    is_over = Some(reason);
                    continue;
                }
                other => other,
            });
        }
        if is_over.is_some() {
            translated.extend(self.end_wave(view));
        }
        translated
    }

    fn end_wave(&mut self, view: &View<'_>) -> Vec<Action> {
        if self.bake.is_zero() {
            return self.go_to_next(view);
        }
        let until = view.now + self.bake;
        self.baking = Some(until);
        pause::begin(until, &self.gates)
    }

    /// What the inner strategy answers about its part.
    fn ask(
        &mut self,
        view: &View<'_>,
        question: impl FnOnce(&mut dyn Strategy, &View<'_>) -> Vec<Action>,
    ) -> Vec<Action> {
        let Some(wave) = &mut self.wave else { return Vec::new() };
        let pool = view.pool.part(wave.part, wave.desired);
        let inner = View { desired: wave.size, pool: &pool, ..*view };
        let actions = question(wave.strategy.as_mut(), &inner);
        self.translate(view, actions)
    }
}

impl Strategy for Running {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if self.wave.is_none() {
            return self.go_to_next(view);
        }
        if let Some(until) = self.baking {
            return match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the wave's gates cannot tell"))],
                Next::GoOn => {
                    self.baking = None;
                    let mut actions = pause::end(view);
                    actions.extend(self.go_to_next(view));
                    actions
                }
            };
        }
        self.ask(view, |inner, view| inner.decide(view))
    }

    /// The wave under way takes the difference.
    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        let Some(wave) = &mut self.wave else { return Vec::new() };
        let size = wave.size;
        wave.size = (size + view.desired).saturating_sub(before);
        self.ask(view, |inner, view| inner.resize(view, size))
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        self.ask(view, |inner, view| inner.hold(view))
    }

    fn go_on(&mut self) {
        match (&mut self.baking, &mut self.wave) {
            (Some(until), _) => *until = SimTime::ZERO,
            (None, Some(wave)) => wave.strategy.go_on(),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(instances: u32, zones: &[&str]) -> FleetPlan {
        FleetPlan { instances, zones: zones.iter().map(|&zone| zone.to_owned()).collect() }
    }

    fn waves(by: By) -> Waves {
        Waves {
            inner: "inner".to_owned().into(),
            by,
            bake: SimDuration::ZERO,
            bake_gates: Vec::new(),
        }
    }

    #[test]
    fn parts_by_zone_region_and_size() {
        let zones = fleet(6, &["eu/a", "eu/b", "us/a"]);
        let ids = |numbers: &[u16]| numbers.iter().copied().map(ZoneId).collect::<Vec<_>>();
        let by_zone = waves(By::Zone).division(&zones);
        assert_eq!(by_zone.parts.len(), 3);
        let by_region = waves(By::Region).division(&zones);
        let names: Vec<_> = by_region.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["eu", "us"]);
        assert_eq!(by_region.parts[0].zones, ids(&[0, 1]));
        let sizes: By =
            By::deserialize(toml::Value::from(vec!["1", "50%", "100%"])).expect("sizes");
        let by_size = waves(sizes).division(&fleet(6, &["a"]));
        let parts: Vec<u16> = (0..6).map(|number| by_size.part_of(number, ZoneId(0)).0).collect();
        assert_eq!(parts, [0, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn sizes_must_rise_to_the_whole() {
        let check = |sizes: &[CountOrPercent]| waves(By::Sizes(sizes.to_vec())).check(10).len();
        let count = CountOrPercent::Count;
        assert_eq!(check(&[count(1), count(10)]), 0);
        assert_eq!(check(&[count(1), count(9)]), 1);
        assert_eq!(check(&[count(5), count(5), count(10)]), 1);
        assert_eq!(check(&[count(11)]), 1);
    }
}
