//! The offered rate over time, its integral, and the inverse of that integral.

use super::RateCurve;
use super::batch::{BATCH, LARGEST, integer, round};
use crate::units::SimTime;

const NANOS: f64 = 1e9;

/// A stretch over which the rate is constant or linear.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it begins, ns.
    from: u64,
    /// Where it ends, ns; the last one never does.
    to: u64,
    /// Rate at its beginning, requests/s.
    rate: f64,
    /// Change of the rate, requests/s².
    slope: f64,
    /// Requests offered in the whole of it.
    area: f64,
    /// Nanoseconds a request at its beginning, where the rate is constant.
    gap: f64,
}

impl Piece {
    fn new(from: u64, to: u64, rate: f64, slope: f64) -> Self {
        let mut piece = Self { from, to, rate, slope, area: f64::INFINITY, gap: NANOS / rate };
        if to < u64::MAX || (rate == 0.0 && slope == 0.0) {
            piece.area = piece.offered_until(to);
        }
        piece
    }

    /// Requests offered from its beginning until `at`.
    fn offered_until(&self, at: u64) -> f64 {
        let seconds = (at - self.from) as f64 / NANOS;
        (seconds * (self.rate + 0.5 * self.slope * seconds)).max(0.0)
    }

    /// When `amount` requests have been offered since its beginning.
    #[inline(always)]
    fn when(&self, amount: f64) -> u64 {
        let nanos = if self.slope == 0.0 {
            amount * self.gap
        } else {
            // The stable form of the quadratic's root: no difference of near-equal numbers.
            let root = (self.rate * self.rate + 2.0 * self.slope * amount).max(0.0).sqrt();
            NANOS * (2.0 * amount / (self.rate + root))
        };
        // Through a signed number, which is what processors convert to; it is below 2⁶³, as is
        // the beginning of every piece.
        (self.from + (nanos + 0.5) as i64 as u64).min(self.to)
    }

    fn is_silent(&self) -> bool {
        self.rate == 0.0 && self.slope == 0.0
    }
}

/// The offered rate over time, ready to be integrated.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pieces: Vec<Piece>,
}

impl Profile {
    pub(super) fn new(curve: &RateCurve) -> Self {
        let pieces = match curve {
            RateCurve::Constant(rate) => vec![Piece::new(0, u64::MAX, *rate, 0.0)],
            RateCurve::Linear(points) => {
                Self::pieces(
                    points,
                    |rate, next, seconds| {
                        if seconds > 0.0 { (next - rate) / seconds } else { 0.0 }
                    },
                )
            }
            RateCurve::Steps(points) => Self::pieces(points, |_, _, _| 0.0),
        };
        Self { pieces }
    }

    fn pieces(points: &[(SimTime, f64)], slope: impl Fn(f64, f64, f64) -> f64) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = points
            .windows(2)
            .map(|pair| {
                let [(from, rate), (to, next)] = [pair[0], pair[1]];
                let slope = slope(rate, next, to.since(from).as_secs_f64());
                Piece::new(from.as_nanos(), to.as_nanos(), rate, slope)
            })
            .collect();
        let (from, rate) = points.last().copied().unwrap_or((SimTime::ZERO, 0.0));
        pieces.push(Piece::new(from.as_nanos(), u64::MAX, rate, 0.0));
        pieces
    }

    /// Offered requests/s at a moment.
    pub(super) fn rate_at(&self, at: u64) -> f64 {
        let index = self.pieces.partition_point(|piece| piece.from <= at).saturating_sub(1);
        let piece = &self.pieces[index];
        (piece.rate + piece.slope * (at.saturating_sub(piece.from) as f64 / NANOS)).max(0.0)
    }
}

/// A place on the integral of a [`Profile`] that only moves forward.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    profile: Profile,
    /// The piece it stands in.
    piece: Piece,
    index: usize,
    /// Requests offered in that piece so far.
    done: f64,
}

impl Cursor {
    pub(super) fn new(profile: Profile) -> Self {
        let piece = profile.pieces[0];
        Self { profile, piece, index: 0, done: 0.0 }
    }

    /// Moves on by `amount` > 0 offered requests: the moment when they have been offered, or the
    /// end of time.
    #[inline(always)]
    pub(super) fn advance(&mut self, amount: f64) -> u64 {
        self.done += amount;
        if self.done > self.piece.area { self.advance_beyond() } else { self.piece.when(self.done) }
    }

    /// Moves on by one of at most [`BATCH`] amounts after another, as [`Cursor::advance`].
    #[inline(always)]
    pub(super) fn advance_all(&mut self, amounts: &[f64], moments: &mut [u64]) {
        if !self.advance_evenly(amounts, moments) {
            for (moment, &amount) in moments.iter_mut().zip(amounts) {
                *moment = self.advance(amount);
            }
        }
    }

    /// Moves on if all the amounts are offered at one constant rate; whether they are.
    #[inline(always)]
    fn advance_evenly(&mut self, amounts: &[f64], moments: &mut [u64]) -> bool {
        let Piece { from, to, slope, area, gap, .. } = self.piece;
        let mut sums = [0.0; BATCH];
        let mut done = self.done;
        for (sum, &amount) in sums.iter_mut().zip(amounts) {
            done += amount;
            *sum = done;
        }
        let is_one_rate = slope == 0.0 && done <= area && done * gap < LARGEST;
        if !is_one_rate || self.piece.when(done) == to {
            return false;
        }
        for (moment, &sum) in moments.iter_mut().zip(&sums) {
            *moment = from + integer(round(sum * gap));
        }
        self.done = done;
        true
    }

    /// Moves on to the piece in which `done` requests from the beginning of this one end.
    #[cold]
    #[inline(never)]
    fn advance_beyond(&mut self) -> u64 {
        // A silent piece has no area, so whatever is asked of it carries over.
        while self.done > self.piece.area {
            let rest = self.done - self.piece.area;
            if !self.next_piece() {
                return u64::MAX;
            }
            self.done = rest;
        }
        self.piece.when(self.done)
    }

    /// Requests offered from here until `at`.
    pub(super) fn offered_until(&self, at: u64) -> f64 {
        if at < self.piece.to {
            return (self.piece.offered_until(at.max(self.piece.from)) - self.done).max(0.0);
        }
        let mut sum = self.piece.area - self.done;
        for piece in &self.profile.pieces[self.index + 1..] {
            if at < piece.to {
                return sum + piece.offered_until(at.max(piece.from));
            }
            sum += piece.area;
        }
        sum
    }

    /// Moves on to the moment `at`.
    pub(super) fn seek(&mut self, at: u64) {
        while at >= self.piece.to && self.next_piece() {}
        self.done = self.done.max(self.piece.offered_until(at.max(self.piece.from)));
    }

    /// Until when nothing is offered, if nothing is now; the end of time if never again.
    pub(super) fn silent_until(&self) -> Option<u64> {
        self.piece.is_silent().then_some(self.piece.to)
    }

    fn next_piece(&mut self) -> bool {
        let Some(piece) = self.profile.pieces.get(self.index + 1) else { return false };
        (self.index, self.piece, self.done) = (self.index + 1, *piece, 0.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    fn moments(curve: &RateCurve, amount: f64, count: usize) -> Vec<f64> {
        let mut cursor = Cursor::new(Profile::new(curve));
        (0..count).map(|_| cursor.advance(amount) as f64 / NANOS).collect()
    }

    fn check(curve: &RateCurve, amount: f64, expected: &[f64]) {
        for (got, want) in moments(curve, amount, expected.len()).iter().zip(expected) {
            assert!((got - want).abs() < 1e-8, "{got} for {want}");
        }
    }

    #[test]
    fn inversion_of_constant_and_stepped_rates() {
        check(&RateCurve::Constant(4.0), 1.0, &[0.25, 0.5, 0.75, 1.0]);
        let steps = RateCurve::Steps(vec![(at(0), 2.0), (at(1), 0.0), (at(3), 1.0)].into());
        check(&steps, 1.0, &[0.5, 1.0, 4.0, 5.0]);
    }

    #[test]
    fn inversion_of_a_ramp_is_the_root_of_its_integral() {
        // The integral of 2 t is t²; from 2 s on the rate stays 4.
        let ramp = RateCurve::Linear(vec![(at(0), 0.0), (at(2), 4.0)].into());
        check(&ramp, 1.0, &[1.0, 2.0f64.sqrt(), 3.0f64.sqrt(), 2.0, 2.25, 2.5]);
        // The integral of 4 - 2 t is 4 t - t²; it ends at 4.
        let down = RateCurve::Linear(vec![(at(0), 4.0), (at(2), 0.0)].into());
        check(&down, 1.0, &[2.0 - 3.0f64.sqrt(), 2.0 - 2.0f64.sqrt(), 1.0]);
        assert_eq!(moments(&down, 3.0, 2)[1], u64::MAX as f64 / NANOS);
    }

    #[test]
    fn silence_has_no_next_request() {
        for curve in [
            RateCurve::Constant(0.0),
            RateCurve::Linear(vec![(at(0), 0.0), (at(5), 0.0)].into()),
            RateCurve::Steps(vec![(at(0), 0.0)].into()),
        ] {
            let mut cursor = Cursor::new(Profile::new(&curve));
            assert_eq!([cursor.advance(1.0), cursor.advance(1.0)], [u64::MAX; 2]);
        }
    }

    #[test]
    fn forward_and_backward_agree() {
        let curve =
            RateCurve::Linear(vec![(at(0), 3.0), (at(2), 9.0), (at(5), 0.0), (at(9), 1.0)].into());
        let mut cursor = Cursor::new(Profile::new(&curve));
        for step in 1..40 {
            let before = cursor.clone();
            let moment = cursor.advance(0.7);
            assert!((before.offered_until(moment) - 0.7).abs() < 1e-6, "step {step}");
            let mut sought = before.clone();
            sought.seek(moment);
            assert_eq!(sought.index, cursor.index);
            assert!((sought.done - cursor.done).abs() < 1e-6, "step {step}");
        }
        assert!((Profile::new(&curve).rate_at(1_000_000_000) - 6.0).abs() < 1e-12);
        assert!((Profile::new(&curve).rate_at(99_000_000_000) - 1.0).abs() < 1e-12);
    }
}
