//! What the simulation does to the plane, and what it makes different for requests whose fate is
//! already recorded.

use super::station::{Entry, Fate, Room, Station};
use super::stations::Fresh;
use super::{ArrivalPath, Count};
use crate::traffic::flag::Flag;
use crate::traffic::plane::{Departure, Door, Ramp, Split};
use crate::traffic::process::Process;
use crate::traffic::record::{Cause, Phase};
use crate::traffic::recorder::Failure;
use crate::traffic::trouble::Trouble;
use crate::units::Version;

impl ArrivalPath {
    fn station_mut(&mut self, endpoint: u32) -> &mut Station {
        self.stations.station(endpoint, &self.rules)
    }

    pub(in crate::traffic) fn install(&mut self, endpoint: u32, version: Version) {
        if self.stations.knows(endpoint) {
            self.kill(endpoint, Departure::OnPurpose, self.now);
        }
        let is_flagged = self.rules.flag.is_some() && version.side() == Version::New;
        let door = Door::Closed(Departure::OnPurpose);
        self.stations.put(endpoint, Fresh { version, is_flagged, door });
        self.mirror.remove(endpoint);
        self.balancer.install(endpoint, version.side());
    }

    pub(in crate::traffic) fn join(&mut self, endpoint: u32, side: Version) {
        self.balancer.install(endpoint, side);
    }

    pub(in crate::traffic) fn remove(&mut self, endpoint: u32) {
        self.stations.remove(endpoint);
    }

    pub(in crate::traffic) fn set_door(&mut self, endpoint: u32, door: Door, _now: u64) {
        self.stations.set_door(endpoint, door);
    }

    pub(in crate::traffic) fn set_ramp(&mut self, endpoint: u32, ramp: Ramp) {
        self.change_speed(endpoint, |process| process.set_ramp(ramp));
    }

    pub(in crate::traffic) fn set_slowness(&mut self, endpoint: u32, slowness: f64) {
        self.change_speed(endpoint, |process| process.set_slowness(slowness));
    }

    /// What waits now will start at another speed.
    fn change_speed(&mut self, endpoint: u32, change: impl FnOnce(&mut Process)) {
        let now = self.now;
        let station = self.station_mut(endpoint);
        change(&mut station.process);
        if station.is_any_waiting(now) {
            for entry in station.take_out(now) {
                let is_waiting = entry.start > now;
                self.take_again(endpoint, entry, is_waiting.then_some(entry.fate), 0);
            }
        }
    }

    pub(in crate::traffic) fn hang(&mut self, endpoint: u32, until: u64, now: u64) {
        let timeout = self.rules.timeout;
        let station = self.station_mut(endpoint);
        let longer = station.process.hang(until, now);
        let charge = station.process.hung_charge();
        for entry in station.take_out(now) {
            let is_given_up = entry.sent.saturating_add(timeout) <= now;
            let charge = charge.filter(|_| !is_given_up);
            let fate = charge.map_or(entry.fate, |charge| entry.fate.with_late(charge));
            self.take_again(endpoint, entry, Some(fate), longer);
        }
    }

    /// The endpoint takes again what it held: as it was, or with another fate, whose service then
    /// is reckoned anew if it waits, or ends `longer` later.
    fn take_again(&mut self, endpoint: u32, mut entry: Entry, fate: Option<Fate>, longer: u64) {
        let now = self.now;
        // A copy is recorded nowhere, so it has no place of its own.
        let place = self.recorder.place_of(if entry.is_copy() { now } else { entry.sent });
        let is_masked = entry.fate.is_masked();
        let owner = self.station_mut(endpoint).process.owner(is_masked);
        if fate.is_some() {
            self.record(place, &entry, owner, Count::TakeBack);
        }
        let station = self.station_mut(endpoint);
        // It has its place to wait or its slot already, so only the slot is asked for.
        let Room::From(start, first) = station.room(u32::MAX, now) else { return };
        if let Some(fate) = fate {
            entry.fate = fate;
            if entry.start > now {
                let service = station.process.service(fate.demand(), start);
                (entry.start, entry.end) = (start, start.saturating_add(service));
            } else {
                entry.end = entry.end.saturating_add(longer);
            }
        }
        station.take(entry, first, now);
        if fate.is_some() {
            self.record(place, &entry, owner, Count::Add);
        }
    }

    pub(in crate::traffic) fn set_trouble(&mut self, endpoint: u32, trouble: Trouble) {
        let index = endpoint as usize;
        if index >= self.troubles.len() {
            self.troubles.resize(index + 1, Trouble::NONE);
        }
        self.troubles[index] = trouble;
        self.station_mut(endpoint).process.set_troubled(trouble != Trouble::NONE);
    }

    pub(in crate::traffic) fn taken(&self, endpoint: u32) -> u64 {
        self.stations.used(endpoint).map_or(0, Station::total_taken)
    }

    pub(in crate::traffic) fn set_migrating(&mut self, is_migrating: bool, now: u64) {
        self.recorder.set_migrating(is_migrating, now);
    }

    pub(in crate::traffic) fn route(&mut self, endpoint: u32, now: u64) {
        // Loads are asked for when they are needed; this path keeps none.
        self.balancer.route(endpoint, 0, now);
        if self.balancer.side_of(endpoint) == Version::New {
            self.mirror.add(endpoint);
        }
    }

    pub(in crate::traffic) fn unroute(&mut self, endpoint: u32, now: u64) {
        self.balancer.unroute(endpoint, 0, now);
        self.mirror.remove(endpoint);
    }

    /// The process dies: what it holds and the client still waits for is cut.
    pub(in crate::traffic) fn kill(&mut self, endpoint: u32, departure: Departure, now: u64) {
        let timeout = self.rules.timeout;
        let Some(station) = self.stations.used_mut(endpoint) else {
            self.stations.set_door(endpoint, Door::Closed(departure));
            return;
        };
        let held: Vec<Entry> = station.held(now).collect();
        station.clear();
        station.process.set_door(Door::Closed(departure));
        station.process.recover();
        let process = station.process;
        for entry in held {
            if entry.is_copy() {
                let owner = process.owner(entry.fate.is_masked());
                self.observe_copy(&entry, owner, Count::TakeBack);
                if let Some(scrapes) = &mut self.scrapes {
                    scrapes.failed(now, Some(owner.watched), Count::Add);
                }
                continue;
            }
            if entry.sent.saturating_add(timeout) <= now {
                continue;
            }
            let place = self.recorder.place_of(entry.sent);
            let owner = process.owner(entry.fate.is_masked());
            self.record(place, &entry, owner, Count::TakeBack);
            if let Some(scrapes) = &mut self.scrapes {
                scrapes.failed(now, Some(owner.watched), Count::Add);
            }
            let failure = Failure {
                cause: Cause::Aborted,
                charge: departure.charge(),
                phase: entry.fate.phase(),
                answered: None,
            };
            self.recorder.failure(place, failure, Count::Add);
        }
    }

    pub(in crate::traffic) const fn set_flag(&mut self, flag: Flag) {
        self.rules.flag = Some(flag);
    }

    pub(in crate::traffic) fn set_split(&mut self, split: Split, now: u64) {
        self.balancer.set_split(split, now, self.stations.holders());
    }

    pub(in crate::traffic) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    pub(in crate::traffic) fn set_shortage(&mut self, is_short: bool) {
        self.is_short = is_short;
    }

    pub(in crate::traffic) fn watch(&mut self, threshold: u64) {
        self.watch = threshold;
    }

    pub(in crate::traffic) fn watch_again(&mut self, endpoint: u32) {
        if self.stations.knows(endpoint)
            && let Some(station) = self.stations.used_mut(endpoint)
        {
            station.process.is_told = false;
        }
    }

    pub(in crate::traffic) fn wait(&self, endpoint: u32, now: u64) -> u64 {
        let wait = |station: &Station| station.wait(now).max(station.process.hang_left(now));
        self.stations.look(endpoint, &self.rules, wait)
    }

    pub(in crate::traffic) fn drained_at(&self, endpoint: u32, now: u64) -> u64 {
        self.stations.used(endpoint).map_or(now, |station| station.idle_at(now))
    }
}
