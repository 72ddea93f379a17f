//! Cases of Flagger, whose promotion is a second rollout.

use super::Quantity::{At, Events, FailedShare, Metric};
use super::Unit::{Count, Seconds, Share};
use super::cases::{claim, exactly, near, of, shipped};
use super::{Case, Expected};
use Expected::{AtLeast, AtMost};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "V19",
        source: "Flagger, issue 1600",
        scenarios: &[shipped!("cases/promotion-herd.toml")],
        // The two and a half minutes from the promotion's end to the autoscaler's first answer.
        claims: &[
            claim(
                "failing on the shrunk primary",
                of("at-once", FailedShare(2160.0, 2310.0)),
                AtLeast(0.5),
                Share,
            ),
            claim(
                "the same, given back by steps",
                of("gradual", FailedShare(2160.0, 2310.0)),
                AtMost(0.001),
                Share,
            ),
            claim(
                "failing all along, by steps",
                of("gradual", Metric("error_rate")),
                AtMost(0.001),
                Share,
            ),
        ],
    },
    Case {
        id: "V31",
        source: "Flagger's documentation",
        scenarios: &[shipped!("cases/canary-ticks.toml")],
        // The first weight comes with the second tick, at 1 min; the 27th step is the promotion.
        claims: &[
            claim(
                "promotion after 1 + 25 min",
                of("passing", At("step-started", 27)),
                exactly(1560.0),
                Seconds,
            ),
            claim(
                "instances started, of 4",
                of("passing", Events("launched")),
                exactly(8.0),
                Count,
            ),
            claim(
                "until the canary is gone",
                of("passing", Metric("duration_s")),
                exactly(1680.0),
                Seconds,
            ),
            // Documented: interval x threshold. One tick sees the release, one gives the first
            // weight, and the rollback comes with the tick after the last failure.
            claim(
                "always failing: rolled back",
                of("failing", At("rollback-started", 1)),
                near(600.0, 120.0),
                Seconds,
            ),
        ],
    },
];
