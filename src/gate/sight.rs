//! What can a gate see where it stands, and what can it not do with that?

use super::metric::{percent, significant};
use super::{Metric, Objective, OnNoData, Scope, Span, Watch};
use crate::stats::proportion;
use crate::units::SimDuration;

/// What a gate sees where it stands, as expected, not as it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Requests/s of the service, at most.
    pub rate: f64,
    /// Share of them that the new version has, at most; in 0..=1.
    pub share: f64,
    /// How long the gate has to look; none: nobody knows.
    pub time: Option<SimDuration>,
    /// Share of the new version's answers that are errors, the smallest that it should notice.
    pub error_rate: f64,
    /// What the service promises.
    pub objective: Objective,
}

/// What a test has to work with in a place.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// What the gate looks at.
    pub metric: Metric,
    /// Whose.
    pub scope: Scope,
    /// Where it stands.
    pub place: Place,
    /// Requests of its scope at the first look.
    pub first: f64,
    /// Requests of its scope in a full window, or in all the time there is where the test is shown
    /// everything.
    pub full: f64,
    /// Scrapes in that.
    pub scrapes: f64,
}

impl Sight {
    /// Old requests for each of the new version's; none where one of the two has none.
    pub(super) fn ratio(&self) -> Option<f64> {
        let share = self.place.share;
        (share > 0.0 && share < 1.0).then(|| (1.0 - share) / share)
    }

    /// Too few requests for a comparison of two shares at level `alpha` to find the defect in four
    /// cases of five.
    pub(super) fn doubt_power(&self, alpha: f64) -> Option<String> {
        let rate = self.place.error_rate;
        let ratio = self.ratio().filter(|_| rate > 0.0 && rate < 1.0)?;
        let needed = proportion::sample_size((0.0, rate), alpha, 0.8, ratio);
        (self.full < needed).then(|| {
            format!(
                "it sees about {} requests of the new version and needs {} to find {} of failures \
                 in four cases of five",
                about(self.full),
                about(needed.ceil()),
                percent(rate)
            )
        })
    }
}

/// A number of requests in words.
pub(super) fn about(requests: f64) -> String {
    if requests < 10.0 { significant(requests) } else { format!("{requests:.0}") }
}

#[cfg(test)]
impl Sight {
    /// Of a new version with this share and so many requests at each look, 1% of which fail.
    pub(super) fn of(metric: Metric, share: f64, requests: f64) -> Self {
        let objective = Objective { availability: 0.999, window: SimDuration::from_secs(86_400) };
        let place = Place { rate: 100.0, share, time: None, error_rate: 0.01, objective };
        Self { metric, scope: Scope::New, place, first: requests, full: requests, scrapes: 4.0 }
    }
}

impl Watch {
    /// What it cannot do in a place, in words; nothing where nothing speaks against it.
    #[must_use]
    pub fn doubts(&self, place: &Place) -> Vec<String> {
        let control = &self.control;
        let mut doubts = Vec::new();
        if !self.metric.is_of_requests() {
            return doubts;
        }
        let share = match self.scope {
            Scope::New => place.share,
            Scope::Old => 1.0 - place.share,
            Scope::Service => 1.0,
        };
        let rate = place.rate * share;
        if rate <= 0.0 {
            if control.on_no_data != OnNoData::Pass {
                doubts.push(format!("{} answers no requests there to judge by", self.scope.say()));
            }
            return doubts;
        }
        let window = match control.window {
            Span::Last(length) if !self.test.needs().everything => length,
            _ => place.time.unwrap_or(control.interval),
        };
        let full = place.time.map_or(window, |time| window.min(time));
        let first = full.min(control.interval);
        let sight = Sight {
            metric: self.metric,
            scope: self.scope,
            place: *place,
            first: rate * first.as_secs_f64(),
            full: rate * full.as_secs_f64(),
            scrapes: full.as_secs_f64() / control.scrape.as_secs_f64(),
        };
        doubts.extend(self.doubt_samples(&sight));
        doubts.extend(self.test.doubts(&sight));
        doubts
    }

    fn doubt_samples(&self, sight: &Sight) -> Option<String> {
        let least = self.control.min_samples as f64;
        if sight.full < least {
            return Some(format!(
                "its window holds about {} requests, fewer than `min_samples` = {least}: no look \
                 can tell",
                about(sight.full)
            ));
        }
        (sight.first < least && self.control.inconclusive_limit == Some(0)).then(|| {
            format!(
                "its first look sees about {} requests, fewer than `min_samples` = {least}, and \
                 `inconclusive_limit` is 0: it ends there without a verdict; raise \
                 `initial_delay` or the limit",
                about(sight.first)
            )
        })
    }
}
