//! An endpoint without events: when its slots will be free, and a log of what it holds.
//!
//! With slots that serve first come, first served, the whole fate of a request is known when it
//! comes (Kiefer and Wolfowitz, 1955): it starts when the first slot is free. What is not over yet
//! stands in the log, so that it can be reckoned again when the process dies or changes speed.

use super::slots::{First, Slots};
use crate::traffic::balancer::Holder;
use crate::traffic::process::{FOREVER, LONGEST_DEMAND, Process};
use crate::traffic::record::{Cause, Charge, Phase};

/// A request that an endpoint took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// When it was sent, ns.
    pub(super) sent: u64,
    /// When its service starts, ns.
    pub(super) start: u64,
    /// When its service ends, ns.
    pub(super) end: u64,
    pub(super) fate: Fate,
}

/// What is known of a request beside its times, in one word: its service demand at speed 1 on the
/// old version, what the rollout did when it was sent, to what it is charged if it is not answered
/// in time, if its answer is an error, to what that is charged, and whether a flag masks it from
/// those who watch the new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate(u64);

impl Fate {
    const PHASE_SHIFT: u32 = 62;
    const LATE_SHIFT: u32 = 59;
    const ERROR_SHIFT: u32 = 56;
    const MASKED: u64 = 1 << 55;

    #[inline(always)]
    pub(super) const fn new(
        demand: u64,
        phase: Phase,
        late: Charge,
        error: Option<Charge>,
    ) -> Self {
        // No error is charged to an overload, so that place is free to say that there is none.
        let error = match error {
            None => Charge::Overload,
            Some(charge) => charge,
        };
        let codes = (phase as u64) << Self::PHASE_SHIFT
            | (late as u64) << Self::LATE_SHIFT
            | (error as u64) << Self::ERROR_SHIFT;
        // A demand is never longer than the longest.
        Self(codes | demand)
    }

    /// The service demand, ns.
    pub(super) const fn demand(self) -> u64 {
        self.0 & LONGEST_DEMAND
    }

    pub(super) const fn phase(self) -> Phase {
        Phase::ALL[(self.0 >> Self::PHASE_SHIFT) as usize]
    }

    const fn late(self) -> Charge {
        Charge::ALL[(self.0 >> Self::LATE_SHIFT & 7) as usize]
    }

    /// The same with another charge for lateness.
    pub(super) const fn with_late(self, late: Charge) -> Self {
        Self(self.0 & !(7 << Self::LATE_SHIFT) | (late as u64) << Self::LATE_SHIFT)
    }

    /// The same with a mask, see [`Process::masks`], or as it is.
    pub(super) const fn masked(self, is_masked: bool) -> Self {
        if is_masked { Self(self.0 | Self::MASKED) } else { self }
    }

    pub(super) const fn is_masked(self) -> bool {
        self.0 & Self::MASKED != 0
    }

    pub(super) const fn error(self) -> Option<Charge> {
        match Charge::ALL[(self.0 >> Self::ERROR_SHIFT & 7) as usize] {
            Charge::Overload => None,
            charge => Some(charge),
        }
    }
}

const NOTHING: Entry = Entry { sent: 0, start: 0, end: 0, fate: Fate(0) };

impl Entry {
    /// Why the request fails, if it does, the client waiting for `timeout`.
    #[inline]
    pub(super) fn failure(&self, timeout: u64) -> Option<(Cause, Charge)> {
        if self.end > self.sent.saturating_add(timeout) || self.end >= FOREVER {
            return Some((Cause::Timeout, self.fate.late()));
        }
        self.fate.error().map(|charge| (Cause::Error, charge))
    }
}

/// An endpoint.
#[derive(Clone, Debug)]
pub(super) struct Station {
    pub(super) process: Process,
    slots: Slots,
    /// The latest requests taken, number `k` at position `k` modulo the length, which is a power
    /// of two. All that wait are in it.
    log: Vec<Entry>,
    /// How many requests were taken since the log was empty.
    taken: usize,
    /// How many before.
    taken_before: u64,
    /// Requests whose services outlast the log; most endpoints never have any.
    long: Option<Box<Long>>,
}

/// Services that outlast the log.
#[derive(Clone, Debug, Default)]
struct Long(Vec<Entry>);

/// What an endpoint has for a request that comes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// A slot, from this moment on.
    From(u64, First),
    /// Neither a slot nor a place to wait.
    None,
}

/// Within what [`Station::take_easily`] takes a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Places to wait.
    pub(super) queue: u32,
    /// Longest time until it ends, ns.
    pub(super) patience: u64,
    /// Longest wait, ns.
    pub(super) watch: u64,
}

impl Station {
    /// An empty one with so many slots.
    pub(super) fn new(process: Process, slots: u32) -> Self {
        Self {
            process,
            slots: Slots::new(slots),
            log: Vec::new(),
            taken: 0,
            taken_before: 0,
            long: None,
        }
    }

    /// How many requests it has taken in all.
    pub(super) const fn total_taken(&self) -> u64 {
        self.taken_before + self.taken as u64
    }

    /// What it has for a request that comes at `now`, having so many places to wait.
    #[inline(always)]
    pub(super) fn room(&self, queue: u32, now: u64) -> Room {
        let first = self.first_free(now);
        if self.is_full(first, queue, now) {
            Room::None
        } else {
            Room::From(first.free.max(now), first)
        }
    }

    /// How long one more request would wait for a slot, if there were a place to wait.
    pub(super) fn wait(&self, now: u64) -> u64 {
        self.first_free(now).free.saturating_sub(now)
    }

    /// The slot that is free first.
    #[inline(always)]
    pub(super) fn first_free(&self, now: u64) -> First {
        self.slots.first(now)
    }

    /// Whether `queue` requests wait, or none can and no slot is free.
    #[inline(always)]
    fn is_full(&self, first: First, queue: u32, now: u64) -> bool {
        let queue = queue as usize;
        if queue == 0 {
            return first.free > now;
        }
        // The one taken `queue` requests ago waits still. (A log shorter than the queue holds all
        // that wait, so the queue has room.) Whether the slot is free cannot be predicted, so it
        // is not asked: who waits there waits because no slot is free.
        queue <= self.log.len()
            && self.log[self.position(self.taken.wrapping_sub(queue))].start > now
    }

    /// Takes a request that comes at `now` and is served in the time of its demand, if that takes
    /// no ado: the queue has room, the oldest in the log is over, and the request neither starts
    /// nor ends later than `limits` allow. When it ends.
    #[inline(always)]
    pub(super) fn take_easily(
        &mut self,
        now: u64,
        demand: u64,
        phase: Phase,
        limits: Limits,
    ) -> Option<u64> {
        let first = self.first_free(now);
        // If the log is no longer than the queue, that the oldest is over says that there is room
        // as well: fewer than the log's length wait.
        let is_room =
            self.log.len() <= limits.queue as usize || !self.is_full(first, limits.queue, now);
        let position = self.position(self.taken);
        let oldest = self.log.get_mut(position)?;
        let start = first.free.max(now);
        let end = start.saturating_add(demand);
        let is_soon = end - now <= limits.patience && start - now <= limits.watch;
        if !is_room || oldest.end > now || !is_soon {
            return None;
        }
        let fate = Fate::new(demand, phase, self.process.plain_charge(), None);
        *oldest = Entry { sent: now, start, end, fate };
        self.slots.occupy(first, end);
        self.taken = self.taken.wrapping_add(1);
        Some(end)
    }

    #[inline]
    const fn position(&self, number: usize) -> usize {
        number & self.log.len().wrapping_sub(1)
    }

    /// Takes a request whose service starts at `entry.start` on the slot `first`, as
    /// [`Station::room`] said.
    pub(super) fn take(&mut self, entry: Entry, first: First, now: u64) {
        let mut position = self.position(self.taken);
        if self.log.get(position).is_none_or(|oldest| oldest.end > now) {
            position = self.make_room(now);
        }
        self.slots.occupy(first, entry.end);
        self.log[position] = entry;
        self.taken = self.taken.wrapping_add(1);
    }

    /// The oldest in the log is not over yet, so it must not be forgotten: a position for another.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, now: u64) -> usize {
        let position = self.position(self.taken);
        if let Some(&oldest) = self.log.get(position) {
            if let Some(long) = &mut self.long {
                long.0.retain(|other| other.end > now);
            }
            let is_waiting = oldest.start > now;
            // A log of eight times what is in service loses few; more would be wasted on the
            // longest services of a heavy tail.
            if !is_waiting && self.log.len() >= 8 * self.slots.busy(now) as usize {
                self.long.get_or_insert_default().0.push(oldest);
                return position;
            }
        }
        self.grow();
        self.position(self.taken)
    }

    /// Doubles the log.
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.log);
        let size = (2 * old.len()).max(1);
        self.log = vec![NOTHING; size];
        for number in self.taken.wrapping_sub(old.len())..self.taken {
            self.log[number & (size - 1)] = old[number & (old.len() - 1)];
        }
    }

    /// How many wait at `now`: services start in the order in which requests come.
    fn waiting(&self, now: u64) -> u32 {
        let latest = (1..=self.log.len()).map(|age| self.taken.wrapping_sub(age));
        latest.take_while(|&number| self.log[self.position(number)].start > now).count() as u32
    }

    /// When all that it holds at `now` is over.
    pub(super) fn idle_at(&self, now: u64) -> u64 {
        self.slots.last_free().max(now)
    }

    /// What it holds at `now`, in the order in which it came as far as it waits.
    pub(super) fn held(&self, now: u64) -> impl Iterator<Item = Entry> + '_ {
        let first = self.taken.wrapping_sub(self.log.len());
        let log = (0..self.log.len()).map(move |k| self.log[self.position(first.wrapping_add(k))]);
        let long = self.long.iter().flat_map(|long| long.0.iter().copied());
        long.chain(log).filter(move |entry| entry.end > now)
    }

    /// Whether any request waits at `now`.
    pub(super) fn is_any_waiting(&self, now: u64) -> bool {
        self.waiting(now) > 0
    }

    /// Forgets all that it holds.
    pub(super) fn clear(&mut self) {
        *self = Self {
            taken_before: self.total_taken(),
            ..Self::new(self.process, self.slots.limit())
        };
    }

    /// Takes out what it holds at `now`, to be taken again.
    pub(super) fn take_out(&mut self, now: u64) -> Vec<Entry> {
        let held: Vec<Entry> = self.held(now).collect();
        self.clear();
        self.taken_before -= held.len() as u64;
        held
    }
}

impl Holder for Station {
    #[inline(always)]
    fn load(&self, now: u64) -> u32 {
        let busy = self.slots.busy(now);
        let waiting = if busy < self.slots.limit() { 0 } else { self.waiting(now) };
        busy + waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fate_gives_back_what_was_put_in() {
        for phase in Phase::ALL {
            for late in Charge::ALL {
                for error in Charge::ALL.map(Some) {
                    let error = error.filter(|&charge| charge != Charge::Overload);
                    for demand in [0, 1, 123_456_789, LONGEST_DEMAND] {
                        let fate = Fate::new(demand, phase, late, error);
                        assert_eq!((fate.demand(), fate.phase()), (demand, phase));
                        assert_eq!((fate.late(), fate.error()), (late, error));
                        let other = fate.with_late(Charge::InjectedFault);
                        assert_eq!(other.late(), Charge::InjectedFault);
                        assert_eq!(other.with_late(late), fate);
                        let masked = fate.masked(true);
                        assert!(masked.is_masked() && !fate.masked(false).is_masked());
                        assert_eq!((masked.demand(), masked.phase()), (demand, phase));
                        assert_eq!((masked.late(), masked.error()), (late, error));
                    }
                }
            }
        }
    }
}
