//! From ticks to scrapes: what one gate has seen since it began.

use super::fleet_log::FleetLog;
use crate::gate::{Sample, Step};
use crate::traffic::{Tick, Ticks};
use crate::units::{Merge, SimDuration, SimTime};

/// Width of a tick for gates that are scraped so often: the scrape cut into the fewest equal parts
/// of at most a second, so that a step's first scrape is cut where the step begins.
pub(super) fn tick_width(scrape: SimDuration) -> SimDuration {
    let nanos = scrape.as_nanos();
    let least = nanos.div_ceil(1_000_000_000).max(1);
    let parts = (least..=least + 64).find(|parts| nanos.is_multiple_of(*parts)).unwrap_or(1);
    SimDuration::from_nanos(nanos / parts)
}

/// When scrapes are taken and how late they arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// A scrape is taken at this moment.
    pub(super) anchor: SimTime,
    /// From one scrape to the next.
    pub(super) scrape: SimDuration,
    /// How late one arrives.
    pub(super) lag: SimDuration,
}

impl Rhythm {
    /// The first scrape at or after a moment.
    fn next(&self, at: SimTime) -> SimTime {
        let scrape = i128::from(self.scrape.as_nanos());
        let from = at.nanos_from(self.anchor).rem_euclid(scrape);
        at + SimDuration::from_nanos(((scrape - from) % scrape) as u64)
    }
}

/// Scrape steps from a beginning on, put together as they arrive.
#[derive(Debug)]
pub(super) struct Series {
    begin: SimTime,
    /// The next tick to be taken in.
    next: usize,
    /// When the scrape before was taken.
    last: SimTime,
    steps: Vec<Step>,
    /// When each step began.
    begins: Vec<SimTime>,
}

impl Series {
    /// Nothing seen yet of what ends from `begin` on.
    pub(super) fn new(begin: SimTime, ticks: &Ticks) -> Self {
        let ended = ticks.ended(begin);
        let next = if ticks.begin(ended) < begin { ended + 1 } else { ended };
        Self { begin, next, last: begin, steps: Vec::new(), begins: Vec::new() }
    }

    /// Takes in every scrape that has arrived by `now`.
    pub(super) fn advance(&mut self, now: SimTime, rhythm: Rhythm, ticks: &Ticks, log: &FleetLog) {
        loop {
            let from = ticks.begin(self.next);
            let scrape = rhythm.next(from + SimDuration::from_nanos(1));
            if scrape + rhythm.lag > now {
                return;
            }
            let mut whole = Tick::default();
            while ticks.end(self.next) <= scrape {
                if let Some(tick) = ticks.get(self.next) {
                    whole.merge(tick);
                }
                self.next += 1;
            }
            // What a scrape that is lost would have shown nobody sees; crashes are counters, so the
            // next one shows them.
            if !log.is_lost(scrape) {
                self.steps.push(step(scrape.since(from), whole, (self.last, scrape), log));
                let is_first = self.steps.len() == 1;
                self.begins.push(if is_first { self.begin } else { from });
                self.last = scrape;
            }
        }
    }

    /// The steps so far.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many of the last steps began no earlier than `from`; the first of all is cut where the
    /// gate began, so it is in every window that reaches back to there.
    pub(super) fn since(&self, from: SimTime) -> usize {
        self.begins.iter().rev().take_while(|&&begin| begin >= from).count()
    }
}

fn step(length: SimDuration, tick: Tick, scrapes: (SimTime, SimTime), log: &FleetLog) -> Step {
    let (before, after) = (log.before(scrapes.0), log.before(scrapes.1));
    let mut ended = tick.versions.into_iter().enumerate().map(|(side, ended)| Sample {
        requests: ended.ok + ended.failed,
        failed: ended.failed,
        latency: ended.latency,
        ready: after.ready[side],
        desired: after.desired[side],
        crashes: after.crashes[side].saturating_sub(before.crashes[side]),
    });
    let versions = [(); 2].map(|()| ended.next().unwrap_or_default());
    Step { length, versions, unserved: tick.unserved, fleet: after.fleet }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn ticks_divide_the_scrape() {
        for (scrape, tick) in [(15_000, 1000), (500, 500), (2500, 625), (1500, 750), (60_000, 1000)]
        {
            let width = tick_width(SimDuration::from_millis(scrape));
            assert_eq!(width, SimDuration::from_millis(tick), "{scrape}");
        }
        let odd = SimDuration::from_nanos(1_000_000_007);
        assert_eq!(tick_width(odd), odd, "a prime has no parts");
    }

    /// Scrapes at 0, 15, 30 s ... from the anchor at 5 s; a gate that begins at 27.3 s sees the
    /// rest of that step from 28 s on at 35 s, and nothing before.
    #[test]
    fn the_first_step_is_cut_where_the_gate_begins() {
        let scrape = SimDuration::from_secs(15);
        let rhythm = Rhythm { anchor: at(5000), scrape, lag: SimDuration::from_secs(2) };
        let ticks = Ticks::new(tick_width(scrape), rhythm.anchor, false);
        let log = FleetLog::default();
        let mut series = Series::new(at(27_300), &ticks);
        let lengths = |series: &Series| -> Vec<u64> {
            series.steps().iter().map(|step| step.length.as_nanos() / 1_000_000).collect()
        };
        series.advance(at(36_999), rhythm, &ticks, &log);
        assert_eq!(lengths(&series), Vec::<u64>::new(), "the scrape at 35 s arrives at 37 s");
        series.advance(at(37_000), rhythm, &ticks, &log);
        assert_eq!(lengths(&series), [7000]);
        series.advance(at(70_000), rhythm, &ticks, &log);
        assert_eq!(lengths(&series), [7000, 15_000, 15_000]);
        for (from, count) in [(27_300, 3), (35_000, 2), (35_001, 1), (50_001, 0)] {
            assert_eq!(series.since(at(from)), count, "{from}");
        }
    }

    #[test]
    fn a_gate_that_begins_at_a_scrape_misses_nothing() {
        let scrape = SimDuration::from_secs(15);
        let rhythm = Rhythm { anchor: at(0), scrape, lag: SimDuration::ZERO };
        let ticks = Ticks::new(tick_width(scrape), rhythm.anchor, false);
        let mut series = Series::new(at(30_000), &ticks);
        series.advance(at(45_000), rhythm, &ticks, &FleetLog::default());
        assert_eq!(series.steps().len(), 1);
        assert_eq!(series.steps()[0].length, scrape);
    }
}
