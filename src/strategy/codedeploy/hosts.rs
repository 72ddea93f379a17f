//! The deployment in place: hosts are taken while the healthy ones are more than the minimum.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Action, Direction, Pick, Reason, Setup, Strategy, View};
use super::{CodeDeploy, MinimumHealthy, Zonal};
use crate::traffic::Phase;
use crate::units::{InstanceId, Rounding, SimDuration, SimTime, Version, ZoneId};

#[derive(Debug)]
pub(super) struct Hosts {
    direction: Direction,
    minimum: MinimumHealthy,
    timeout: SimDuration,
    zones: Option<Zones>,
    /// When each host under way was first seen with the revision that comes.
    seen: BTreeMap<InstanceId, SimTime>,
    /// Hosts whose deployment failed; what becomes of them later changes nothing.
    failed: BTreeSet<InstanceId>,
    is_over: bool,
}

/// One zone after another.
#[derive(Debug)]
struct Zones {
    zonal: Zonal,
    count: u16,
    now: u16,
    /// Hosts of the zone; none before it begins.
    hosts: Option<u32>,
    monitored_until: Option<SimTime>,
}

/// What there is of hosts.
#[derive(Clone, Copy, Debug)]
struct Fleet {
    /// Available, and their deployment did not fail.
    healthy: u32,
    /// Of those, with the revision that comes.
    done: u32,
    /// Taken, and neither healthy nor failed yet.
    in_flight: u32,
    /// To be taken yet.
    left: u32,
    /// Of those, out of service anyway.
    left_unhealthy: u32,
}

impl Hosts {
    pub(super) fn new(deploy: &CodeDeploy, minimum: MinimumHealthy, setup: Setup) -> Self {
        let zones = deploy.zonal.as_ref().map(|zonal| Zones {
            zonal: zonal.clone(),
            count: setup.zones,
            now: 0,
            hosts: None,
            monitored_until: None,
        });
        Self {
            direction: setup.direction,
            minimum,
            timeout: deploy.host_timeout,
            zones,
            seen: BTreeMap::new(),
            failed: BTreeSet::new(),
            is_over: false,
        }
    }

    /// Notes which hosts have failed; asks to be called when the time of new ones is up.
    fn see_hosts(&mut self, view: &View<'_>) -> Vec<Action> {
        let (pool, to) = (view.pool, self.direction.to());
        let mut wakes = Vec::new();
        for id in pool.not_ready(to) {
            let seen = *self.seen.entry(id).or_insert_with(|| {
                wakes.push(Action::WakeAt(view.now + self.timeout));
                view.now
            });
            if pool.get(id).state.is_down() || view.now >= seen + self.timeout {
                self.failed.insert(id);
            }
        }
        wakes
    }

    fn fleet(&self, view: &View<'_>) -> Fleet {
        let (pool, to) = (view.pool, self.direction.to());
        let (mut failed, mut failed_available) = (0, 0);
        for one in self.failed.iter().map(|&id| pool.get(id)) {
            let counts = one.version == to && one.state.is_active();
            failed += u32::from(counts);
            failed_available += u32::from(counts && one.is_available);
        }
        let done = pool.counts(to).available - failed_available;
        let left = self.direction.leaving(|version| pool.desired(version));
        let fit = self.direction.leaving(|version| pool.counts(version).available);
        Fleet {
            healthy: pool.available() - failed_available,
            done,
            in_flight: pool.desired(to).saturating_sub(done + failed),
            left,
            left_unhealthy: left.saturating_sub(fit),
        }
    }

    /// Hosts that may be taken now, of the fleet and of the zone.
    fn spare(&self, fleet: Fleet, view: &View<'_>) -> u32 {
        let minimum = self.minimum.of(view.desired);
        let at_a_time = self.minimum.at_a_time(view.desired);
        let unhealthy = fleet.left_unhealthy.min(at_a_time.saturating_sub(fleet.in_flight));
        let spare = (fleet.healthy.saturating_sub(minimum) + unhealthy).min(fleet.left);
        match &self.zones {
            None => spare,
            Some(zones) => spare.min(zones.spare(self.direction, view)),
        }
    }

    fn take(&mut self, count: u32, view: &View<'_>) -> Vec<Action> {
        let minimum = self.minimum.of(view.desired);
        let reason =
            Reason::with("{} hosts, at least {} stay healthy", [count.into(), minimum.into(), 0.0]);
        let zone = self.zones.as_ref().map(|zones| ZoneId(zones.now));
        let pick = zone.map_or(Pick::Any, Pick::Zone);
        let mut left = count;
        let mut actions = vec![Action::StartStep(reason)];
        for &from in self.direction.from() {
            let here = match zone {
                Some(zone) => view.pool.counts_in(zone, from).active,
                None => view.pool.desired(from),
            };
            let count = here.min(left);
            left -= count;
            if count > 0 {
                let to = self.direction.to();
                actions.push(Action::Replace { from, to, count, pick, reason });
            }
        }
        actions
    }

    fn fail(&mut self, reason: Reason) -> Vec<Action> {
        self.is_over = true;
        vec![Action::Fail(reason)]
    }

    fn go_on_with(&mut self, fleet: Fleet, view: &View<'_>) -> Vec<Action> {
        if fleet.left == 0 && fleet.in_flight == 0 {
            if fleet.done == 0 {
                return self.fail(Reason::new("no host has succeeded"));
            }
            return vec![Action::Finish(Reason::new("no host is left"))];
        }
        if let Some(zones) = &mut self.zones
            && fleet.in_flight == 0
            && let Some(actions) = zones.see(self.direction, view)
        {
            return actions;
        }
        let spare = self.spare(fleet, view);
        if spare > 0 {
            return self.take(spare, view);
        }
        if fleet.left > 0 && fleet.in_flight == 0 {
            return self.fail(Reason::with(
                "{} hosts are healthy, at least {} must be, and {} are left",
                [fleet.healthy.into(), self.minimum.of(view.desired).into(), fleet.left.into()],
            ));
        }
        Vec::new()
    }
}

impl Zones {
    fn left(&self, direction: Direction, view: &View<'_>) -> u32 {
        direction.leaving(|version| view.pool.counts_in(ZoneId(self.now), version).active)
    }

    /// Hosts of this zone that can be spared, none once it is done.
    fn spare(&self, direction: Direction, view: &View<'_>) -> u32 {
        let zone = ZoneId(self.now);
        let available = |version| view.pool.counts_in(zone, version).available;
        let healthy: u32 = Version::EVERY.into_iter().map(available).sum();
        let least = self
            .zonal
            .minimum_healthy_hosts_per_zone
            .map_or(0, |minimum| minimum.resolve(self.hosts.unwrap_or(healthy), Rounding::Up));
        let fit = direction.leaving(available);
        let left = self.left(direction, view);
        (healthy.saturating_sub(least) + (left - fit.min(left))).min(left)
    }

    /// Begins a zone, waits after one, or goes to the next; none while hosts of it are left.
    fn see(&mut self, direction: Direction, view: &View<'_>) -> Option<Vec<Action>> {
        if let Some(until) = self.monitored_until {
            if view.now < until {
                return Some(Vec::new());
            }
            self.monitored_until = None;
            self.move_on();
            return Some(vec![Action::Phase(Phase::RollingOut)]);
        }
        if self.hosts.is_none() {
            let active = |version| view.pool.counts_in(ZoneId(self.now), version).active;
            self.hosts = Some(Version::EVERY.into_iter().map(active).sum());
        }
        if self.left(direction, view) > 0 || self.now + 1 >= self.count {
            return None;
        }
        let wait = match self.zonal.first_zone_monitor {
            Some(wait) if self.now == 0 => wait,
            _ => self.zonal.monitor,
        };
        // A zone that had nothing to take is not watched.
        if wait.is_zero() || self.hosts == Some(0) {
            self.move_on();
            return self.see(direction, view);
        }
        let until = view.now + wait;
        self.monitored_until = Some(until);
        let reason = Reason::new("the zone is done and is watched");
        Some(vec![Action::FinishStep(reason), Action::Phase(Phase::Baking), Action::WakeAt(until)])
    }

    fn move_on(&mut self) {
        self.now += 1;
        self.hosts = None;
    }
}

impl Strategy for Hosts {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if self.is_over {
            return Vec::new();
        }
        let wakes = self.see_hosts(view);
        if !wakes.is_empty() {
            return wakes;
        }
        self.go_on_with(self.fleet(view), view)
    }

    fn go_on(&mut self) {
        if let Some(zones) = &mut self.zones {
            zones.monitored_until = zones.monitored_until.map(|_| SimTime::ZERO);
        }
    }
}
