//! Keeps the record while requests run: which tally, time bin and second a request belongs to by
//! the moment it was sent, and what became of it.
//!
//! Everything is an integer count, so what was recorded can be taken back exactly, and nothing
//! depends on the order of recording.

use super::histogram::{Histogram, cell_of};
use super::plane::Windows;
use super::record::{Cause, Charge, Phase, Second, Tally, TrafficBin, TrafficRecord};
use crate::units::{Bins, SimDuration, SimTime, Version};

/// No second is kept: the request was sent before the rollout.
const NO_SECOND: u32 = u32::MAX;
const SECOND: u64 = 1_000_000_000;

/// Where a request is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Position in [`Recorder::tallies`].
    tally: usize,
    /// Position in the time bins.
    bin: usize,
    /// Position in the seconds.
    second: u32,
    /// Whether a schema was changing.
    is_migrating: bool,
}

/// A stretch of time whose requests are all counted in the same place.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: u64,
    to: u64,
    place: Place,
}

const NOWHERE: Span = Span {
    from: 0,
    to: 0,
    place: Place { tally: 0, bin: 0, second: NO_SECOND, is_migrating: false },
};

/// Whether something is counted or a count is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Add,
    TakeBack,
}

impl Count {
    /// One or minus one, modulo 2⁶⁴.
    #[inline]
    pub(super) const fn step(self) -> u64 {
        match self {
            Self::Add => 1,
            Self::TakeBack => u64::MAX,
        }
    }
}

/// Why a logical request failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    pub(super) charge: Charge,
    /// What the rollout did when the request was sent.
    pub(super) phase: Phase,
    /// Version that answered with the error; none if it was another cause.
    pub(super) answered: Option<Version>,
}

/// What of a tally every success changes.
#[derive(Clone, Debug, Default)]
struct Successes {
    latency: [Histogram; 2],
    sum: u128,
    slow: u64,
}

/// The record in the making.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    windows: Windows,
    slow: u64,
    /// The span of the latest request.
    span: Span,
    /// Requests sent in it that are not yet in their tally, bin and second.
    sent: u64,
    /// The successes of the tally and of the bin of that span, taken out of their places so that
    /// they need not be looked up.
    successes: Successes,
    bin: TrafficBin,
    /// The span before it.
    earlier: Span,
    /// Before the baseline (dropped), the baseline, from the rollout on.
    tallies: [Tally; 3],
    tally_successes: [Successes; 3],
    bins: Bins<TrafficBin>,
    seconds: Vec<Second>,
    /// When a schema began to change, ended, began, …, ns.
    migrations: Vec<u64>,
    migration: Second,
}

impl Recorder {
    pub(super) fn new(windows: Windows, slow: Option<SimDuration>) -> Self {
        Self {
            windows,
            slow: slow.map_or(u64::MAX, SimDuration::as_nanos),
            span: NOWHERE,
            sent: 0,
            successes: Successes::default(),
            bin: TrafficBin::default(),
            earlier: NOWHERE,
            tallies: Default::default(),
            tally_successes: Default::default(),
            bins: Bins::new(windows.rollout, windows.bin),
            seconds: Vec::new(),
            migrations: Vec::new(),
            migration: Second::default(),
        }
    }

    /// A schema begins to change, or has changed, at `now`.
    pub(super) fn set_migrating(&mut self, is_migrating: bool, now: u64) {
        if is_migrating == self.migrations.len().is_multiple_of(2) {
            self.migrations.push(now);
            self.span.to = self.span.to.min(now);
        }
    }

    /// Counts a logical request sent at `now`, no earlier than the one before.
    #[inline(always)]
    pub(super) fn send(&mut self, now: u64) {
        if now >= self.span.to {
            self.enter(now);
        }
        self.sent += 1;
    }

    /// Where the request that was sent last is counted.
    #[inline(always)]
    pub(super) const fn place(&self) -> Place {
        self.span.place
    }

    /// Counts a further attempt of a request first sent at `sent`.
    pub(super) fn send_again(&mut self, sent: u64) {
        let tally = self.place_of(sent).tally;
        self.tallies[tally].attempts += 1;
    }

    /// Where a request sent at `sent` is counted; it was counted by [`Recorder::send`].
    #[inline]
    pub(super) fn place_of(&mut self, sent: u64) -> Place {
        if sent >= self.span.from {
            self.span.place
        } else if sent >= self.earlier.from {
            self.earlier.place
        } else {
            self.locate(sent).place
        }
    }

    /// Counts a success of the latest request, `latency` after it was sent.
    #[inline(always)]
    pub(super) fn succeed_latest(&mut self, version: Version, latency: u64) {
        let slow = self.slow;
        count_success(&mut self.successes, &mut self.bin, version, latency, slow);
    }

    /// Counts a success `latency` after a request was first sent at `sent`.
    #[inline(always)]
    pub(super) fn succeed(&mut self, sent: u64, version: Version, latency: u64) {
        if sent >= self.span.from {
            self.succeed_latest(version, latency);
        } else {
            self.succeed_earlier(sent, version, latency);
        }
    }

    #[inline(never)]
    fn succeed_earlier(&mut self, sent: u64, version: Version, latency: u64) {
        let place = self.place_of(sent);
        self.success(place, version, latency, Count::Add);
    }

    /// Counts a success `latency` after the request was first sent.
    #[inline]
    pub(super) fn success(&mut self, place: Place, version: Version, latency: u64, count: Count) {
        let successes = if place.tally == self.span.place.tally {
            &mut self.successes
        } else {
            &mut self.tally_successes[place.tally]
        };
        let bin = if place.bin == self.span.place.bin {
            &mut self.bin
        } else {
            self.bins.cell_at(place.bin)
        };
        match count {
            Count::Add => count_success(successes, bin, version, latency, self.slow),
            Count::TakeBack => {
                let cell = cell_of(latency);
                successes.latency[version.index()].take_back(cell);
                successes.sum -= u128::from(latency);
                successes.slow -= u64::from(latency > self.slow);
                bin.answered[version.index()] -= 1;
                bin.latency.add(cell, u32::MAX);
            }
        }
    }

    /// Counts a failure.
    #[cold]
    #[inline(never)]
    pub(super) fn failure(&mut self, place: Place, failure: Failure, count: Count) {
        let step = count.step();
        let add = |sum: &mut u64| *sum = sum.wrapping_add(step);
        let (cause, charge) = (failure.cause as usize, failure.charge as usize);
        let tally = &mut self.tallies[place.tally];
        add(&mut tally.failed_cause[cause]);
        add(&mut tally.failed_charge[charge]);
        add(&mut tally.failed_phase[failure.phase as usize]);
        let bin = if place.bin == self.span.place.bin {
            &mut self.bin
        } else {
            self.bins.cell_at(place.bin)
        };
        add(&mut bin.failed_cause[cause]);
        add(&mut bin.ledger[charge][failure.phase as usize]);
        if let Some(version) = failure.answered {
            add(&mut tally.answered_error[version.index()]);
            add(&mut bin.answered[version.index()]);
        }
        if place.second != NO_SECOND {
            add(&mut self.seconds[place.second as usize].failed);
        }
        if place.is_migrating {
            add(&mut self.migration.failed);
        }
    }

    /// Moves on to the span that holds `now`.
    #[cold]
    #[inline(never)]
    fn enter(&mut self, now: u64) {
        self.put_back();
        let width = self.bins.width();
        let span = self.locate(now);
        self.earlier = if self.bins.width() == width { self.span } else { NOWHERE };
        // Spans that lie apart (nothing was sent in between) leave a gap that is in neither.
        if self.earlier.to != span.from {
            self.earlier = Span { from: span.from, to: span.from, ..NOWHERE };
        }
        self.span = span;
        self.successes = std::mem::take(&mut self.tally_successes[span.place.tally]);
        self.bin = std::mem::take(self.bins.cell_at(span.place.bin));
        if span.place.second != NO_SECOND {
            self.seconds.resize(span.place.second as usize + 1, Second::default());
        }
    }

    /// Puts what was counted apart for the latest span where it belongs.
    fn put_back(&mut self) {
        let sent = std::mem::take(&mut self.sent);
        if sent == 0 {
            return;
        }
        let place = self.span.place;
        self.tallies[place.tally].requests += sent;
        self.tallies[place.tally].attempts += sent;
        self.tally_successes[place.tally] = std::mem::take(&mut self.successes);
        self.bin.requests += sent;
        *self.bins.cell_at(place.bin) = std::mem::take(&mut self.bin);
        if place.second != NO_SECOND {
            self.seconds[place.second as usize].requests += sent;
        }
        if place.is_migrating {
            self.migration.requests += sent;
        }
    }

    /// The span that holds `at`.
    fn locate(&mut self, at: u64) -> Span {
        let time = SimTime::from_nanos(at);
        let bin = self.bins.position(time);
        let bin_end = self.bins.end_of_cell(time).as_nanos();
        let bin_from = bin_end.saturating_sub(self.bins.width().as_nanos());
        let (baseline, rollout) =
            (self.windows.baseline.as_nanos(), self.windows.rollout.as_nanos());
        let (tally, second, from, to) = if at >= rollout {
            let second = (at - rollout) / SECOND;
            let from = rollout + second * SECOND;
            (2, u32::try_from(second).unwrap_or(NO_SECOND), from, from.saturating_add(SECOND))
        } else if at >= baseline {
            (1, NO_SECOND, baseline, rollout)
        } else {
            (0, NO_SECOND, 0, baseline.min(rollout))
        };
        let turn = self.migrations.partition_point(|&change| change <= at);
        let change = |turn: usize| self.migrations.get(turn).copied();
        let turned = turn.checked_sub(1).and_then(change).unwrap_or(0);
        let turns = change(turn).unwrap_or(u64::MAX);
        let is_migrating = tally == 2 && !turn.is_multiple_of(2);
        let place = Place { tally, bin, second, is_migrating };
        Span { from: from.max(bin_from).max(turned), to: to.min(bin_end).min(turns), place }
    }

    /// The finished record, without sessions.
    pub(super) fn finish(mut self) -> TrafficRecord {
        self.put_back();
        for (tally, successes) in self.tallies.iter_mut().zip(self.tally_successes) {
            tally.latency = successes.latency;
            tally.latency_sum_nanos = successes.sum;
            tally.slow = successes.slow;
            for version in 0..2 {
                tally.latency[version].trim();
                let count = tally.latency[version].count();
                tally.ok += count;
                tally.answered[version] = count + tally.answered_error[version];
            }
        }
        let [_, baseline, window] = self.tallies;
        for index in 0..self.bins.cells().len() {
            self.bins.cell_at(index).latency.trim();
        }
        let (bins, seconds, migration) = (self.bins, self.seconds, self.migration);
        TrafficRecord { baseline, window, bins, seconds, migration, sessions: 0, sessions_lost: 0 }
    }
}

#[inline(always)]
fn count_success(
    successes: &mut Successes,
    bin: &mut TrafficBin,
    version: Version,
    latency: u64,
    slow: u64,
) {
    let (version, cell) = (version.index(), cell_of(latency));
    successes.latency[version].add(cell);
    successes.sum += u128::from(latency);
    successes.slow += u64::from(latency > slow);
    bin.answered[version] += 1;
    bin.latency.add(cell, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> u64 {
        millis * 1_000_000
    }

    fn recorder(bin: Option<SimDuration>) -> Recorder {
        let windows = Windows {
            baseline: SimTime::from_nanos(at(1_000)),
            rollout: SimTime::from_nanos(at(2_000)),
            bin,
        };
        Recorder::new(windows, Some(SimDuration::from_millis(50)))
    }

    const FAILURE: Failure = Failure {
        cause: Cause::Error,
        charge: Charge::BadRelease,
        phase: Phase::Baking,
        answered: Some(Version::New),
    };

    #[test]
    fn requests_count_where_they_were_sent() {
        let mut recorder = recorder(Some(SimDuration::from_millis(700)));
        let mut places = Vec::new();
        for millis in [0, 600, 999, 1_000, 1_999, 2_000, 2_699, 2_700, 3_500] {
            recorder.send(at(millis));
            places.push((millis, recorder.place()));
        }
        for (millis, place) in places {
            let again = recorder.place_of(at(millis));
            assert_eq!((place.tally, place.second), (again.tally, again.second));
            match millis {
                2_699 => recorder.failure(again, FAILURE, Count::Add),
                _ => recorder.success(again, Version::Old, at(millis % 100), Count::Add),
            }
        }
        let record = recorder.finish();
        assert_eq!((record.baseline.requests, record.baseline.ok), (2, 2));
        assert_eq!((record.window.requests, record.window.ok, record.window.slow), (4, 3, 0));
        assert_eq!(record.baseline.slow, 1);
        assert_eq!(record.window.answered, [3, 1]);
        assert_eq!(record.window.failed_phase, [0, 1, 0, 0]);
        let requests: Vec<u64> = record.bins.cells().iter().map(|bin| bin.requests).collect();
        // Edges at -2.1, -1.4, -0.7, 0, 0.7, 1.4 s from the rollout, which is at 2 s.
        assert_eq!(requests, [1, 3, 1, 2, 1, 1]);
        let seconds: Vec<_> = record.seconds.iter().map(|s| (s.requests, s.failed)).collect();
        assert_eq!(seconds, [(3, 1), (1, 0)]);
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let (mut one, mut other) = (recorder(None), recorder(None));
        for recorder in [&mut one, &mut other] {
            for millis in (0..400_000).step_by(700) {
                recorder.send(at(millis));
                let place = recorder.place();
                recorder.success(place, Version::Old, at(millis % 90), Count::Add);
            }
        }
        for millis in (0..400_000).step_by(1_400) {
            let place = one.place_of(at(millis));
            one.success(place, Version::New, at(77), Count::Add);
            one.failure(place, FAILURE, Count::Add);
            let place = one.place_of(at(millis));
            one.success(place, Version::New, at(77), Count::TakeBack);
            one.failure(place, FAILURE, Count::TakeBack);
        }
        assert_eq!(one.finish(), other.finish());
    }
}
