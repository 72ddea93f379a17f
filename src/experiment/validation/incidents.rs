//! Cases that are incidents.

use super::Quantity::{FailedShare, Metric, Quotient};
use super::Unit::{Count, Ratio, Seconds, Share};
use super::cases::{about, claim, exactly, of, shipped};
use super::{Case, Expected};
use Expected::{AtLeast, AtMost, MoreThan};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "V13",
        source: "crates.io, 2023-07-20",
        scenarios: &[shipped!("cases/broken-registry.toml")],
        claims: &[claim(
            "requests failed in 13 min",
            of("everywhere", Metric("failed")).times(10.0),
            about(3.7e6, 0.01),
            Count,
        )],
    },
    Case {
        id: "V14",
        source: "Cloudflare, 2019-07-02",
        scenarios: &[shipped!("cases/global-push.toml")],
        claims: &[
            claim(
                "push to recovery",
                of("everywhere", Metric("duration_s")),
                about(1620.0, 0.1),
                Seconds,
            ),
            claim(
                "share of the monthly budget",
                of("everywhere", Metric("error_budget_spent")),
                about(0.51, 0.1),
                Share,
            ),
            claim(
                "the same with a canary and a gate",
                of("canary", Metric("error_budget_spent")),
                AtMost(0.01),
                Share,
            ),
        ],
    },
    Case {
        id: "V15",
        source: "App Engine, 2012-10-26",
        scenarios: &[
            shipped!("cases/router-cascade.toml"),
            shipped!("cases/router-cascade-ramp.toml"),
        ],
        claims: &[
            claim(
                "capacity over load, at the lowest",
                of("restart", Metric("headroom_min")),
                AtMost(1.0),
                Ratio,
            ),
            claim(
                "failing in the hours after",
                of("restart", FailedShare(300.0, 3300.0)),
                about(0.5, 0.25),
                Share,
            ),
            claim(
                "still failing without a stop",
                of("restart", FailedShare(3600.0, 4200.0)),
                MoreThan(of("stop-and-ramp", FailedShare(3600.0, 3840.0))),
                Share,
            ),
            claim(
                "failing in the ramp of 35 min",
                of("stop-and-ramp", FailedShare(3360.0, 3840.0)),
                exactly(0.0),
                Share,
            ),
        ],
    },
    Case {
        id: "V16",
        source: "App Engine, 2016-08-11",
        scenarios: &[shipped!("cases/drain-overlap.toml")],
        claims: &[
            claim(
                "failed: drain of a quarter alone",
                of("steady rate=256 contention=0.0", Metric("failed")),
                exactly(0.0),
                Count,
            ),
            claim(
                "failed: rolling restart alone",
                of("restart rate=192 contention=0.0", Metric("failed")),
                exactly(0.0),
                Count,
            ),
            claim(
                "failed: both together",
                of("restart rate=256 contention=0.0", Metric("failed")),
                MoreThan(of("restart rate=192 contention=0.0", Metric("failed"))),
                Count,
            ),
            claim(
                "failed: both, with slow starts",
                of("restart rate=256 contention=0.5", Metric("failed")),
                MoreThan(of("restart rate=256 contention=0.0", Metric("failed"))),
                Count,
            ),
        ],
    },
    Case {
        id: "V17",
        source: "omi, issue 5518",
        scenarios: &[
            shipped!("cases/reconnect-storm.toml"),
            shipped!("cases/reconnect-storm-drained.toml"),
        ],
        claims: &[
            claim(
                "attempts over requests meant",
                of("defaults", Quotient("attempts", "requests")),
                about(10.0, 0.25),
                Ratio,
            ),
            claim("failing", of("defaults", Metric("error_rate")), AtLeast(0.4), Share),
            claim(
                "failing with twice the instances",
                of("defaults", FailedShare(480.0, 720.0)),
                AtLeast(0.4),
                Share,
            ),
            claim(
                "failing with drain and jitter",
                of("one-at-a-time", Metric("error_rate")),
                AtMost(0.01),
                Share,
            ),
        ],
    },
];
