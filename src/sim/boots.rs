//! Boots that contend: while k instances boot in a zone each advances at rate
//! 1 / (1 + contention x (k - 1)).
//!
//! All boots of a zone advance at the same rate, so one clock of work done serves them all: a
//! boot ends when that clock has advanced by its work.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::{InstanceId, SimDuration, SimTime};

/// The boots under way in one zone.
#[derive(Clone, Debug, Default)]
pub(super) struct ZoneBoots {
    /// Work done by any boot since the beginning, nanoseconds.
    done: f64,
    at: SimTime,
    running: u32,
    /// Ends on the clock of work done, in nanoseconds; void where the life has moved on.
    ends: BinaryHeap<Reverse<(u64, InstanceId, u32)>>,
    /// Changes with every change of the number of boots.
    pub(super) token: u32,
}

impl ZoneBoots {
    /// A boot of so much work begins.
    pub(super) fn begin(
        &mut self,
        now: SimTime,
        contention: f64,
        boot: (InstanceId, u32),
        work: SimDuration,
    ) {
        self.advance(now, contention);
        let end = self.done + work.as_nanos() as f64;
        self.ends.push(Reverse((end as u64, boot.0, boot.1)));
        self.running += 1;
        self.token += 1;
    }

    /// A boot ended or was given up.
    pub(super) fn leave(&mut self, now: SimTime, contention: f64) {
        self.advance(now, contention);
        self.running = self.running.saturating_sub(1);
        self.token += 1;
    }

    /// When the next boot ends if nothing changes. `is_void` tells boots that were given up.
    pub(super) fn next_end(
        &mut self,
        contention: f64,
        is_void: impl Fn(InstanceId, u32) -> bool,
    ) -> Option<SimTime> {
        while let Some(&Reverse((end, id, life))) = self.ends.peek() {
            if is_void(id, life) {
                self.ends.pop();
                continue;
            }
            let left = (end as f64 - self.done).max(0.0) * self.slowness(contention);
            return Some(self.at + SimDuration::from_nanos(libm::ceil(left) as u64));
        }
        None
    }

    /// The boot whose end has come.
    pub(super) fn take(&mut self, now: SimTime, contention: f64) -> Option<(InstanceId, u32)> {
        self.advance(now, contention);
        let &Reverse((end, id, life)) = self.ends.peek()?;
        // The clock is a float: an end within a nanosecond has come.
        if end as f64 > self.done + 1.0 {
            return None;
        }
        self.ends.pop();
        Some((id, life))
    }

    fn advance(&mut self, now: SimTime, contention: f64) {
        let passed = now.since(self.at).as_nanos() as f64;
        self.done += passed / self.slowness(contention);
        self.at = now;
    }

    fn slowness(&self, contention: f64) -> f64 {
        1.0 + contention * f64::from(self.running.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    /// Two boots of 10 s with contention 1, the second 5 s after the first: alone for 5 s, then
    /// at half speed; the first ends at 15 s, when the second has 5 s of work left: 20 s.
    #[test]
    fn a_second_boot_slows_both() {
        let work = SimDuration::from_secs(10);
        let mut boots = ZoneBoots::default();
        boots.begin(at(0), 1.0, (InstanceId(0), 0), work);
        boots.begin(at(5), 1.0, (InstanceId(1), 0), work);
        assert_eq!(boots.next_end(1.0, |_, _| false), Some(at(15)));
        assert_eq!(boots.take(at(15), 1.0), Some((InstanceId(0), 0)));
        boots.leave(at(15), 1.0);
        assert_eq!(boots.next_end(1.0, |_, _| false), Some(at(20)));
        assert_eq!(boots.take(at(20), 1.0), Some((InstanceId(1), 0)));
    }
}
