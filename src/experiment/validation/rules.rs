//! Cases that are rules, arithmetic or laws.

use super::Instances::{Available, Existing};
use super::Quantity::{
    At, AtStart, Boot, BootDistance, Events, FailedShare, Least, Metric, Most, Quotient, Wait,
    Young,
};
use super::Unit::{Count, Ratio, Seconds, Share};
use super::cases::{about, claim, covered, exactly, near, of, shipped};
use super::{Case, Expected};
use Expected::{AtLeast, AtMost, MoreThan};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "V05",
        source: "container.training, issue 227",
        scenarios: &[shipped!("cases/first-step.toml")],
        claims: &[
            claim("available at the lowest", of("rolling", Least(Available)), exactly(9.0), Count),
            claim(
                "new ones started at once",
                of("rolling", AtStart("launched")),
                exactly(2.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V06",
        source: "an article's worked example",
        scenarios: &[shipped!("origin/in-place.toml")],
        claims: &[
            claim("duration", of("one-at-a-time", Metric("duration_s")), exactly(108.0), Seconds),
            claim(
                "serving at the lowest, of 6",
                of("one-at-a-time", Metric("capacity_min")).times(6.0),
                exactly(5.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V07",
        source: "evenfire 271; tone 695",
        scenarios: &[shipped!("cases/slow-start-deadline.toml")],
        claims: &[
            claim(
                "651 s start: deadline exceeded",
                of("rolling boot=651s deadline=10m", At("deadline-exceeded", 1)),
                near(600.0, 1.0),
                Seconds,
            ),
            claim(
                "651 s start: ready all the same",
                of("rolling boot=651s deadline=10m", At("ready", 1)),
                exactly(651.0),
                Seconds,
            ),
            claim(
                "651 s start, 30 min: exceeded",
                of("rolling boot=651s deadline=30m", Events("deadline-exceeded")),
                exactly(0.0),
                Count,
            ),
            claim(
                "25 min start: deadline exceeded",
                of("rolling boot=25m deadline=10m", At("deadline-exceeded", 1)),
                near(600.0, 1.0),
                Seconds,
            ),
            claim(
                "25 min start, 30 min: exceeded",
                of("rolling boot=25m deadline=30m", Events("deadline-exceeded")),
                exactly(0.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V08",
        source: "Amazon ECS guide",
        scenarios: &[
            shipped!("cases/ecs-health-check.toml"),
            shipped!("cases/ecs-health-check-fast.toml"),
        ],
        claims: &[
            claim(
                "first task healthy, 30 s x 5",
                of("thirty-by-five", At("ready", 1)),
                exactly(150.0),
                Seconds,
            ),
            claim(
                "first task healthy, 5 s x 2",
                of("five-by-two", At("ready", 1)),
                exactly(10.0),
                Seconds,
            ),
        ],
    },
    Case {
        id: "V09",
        source: "Amazon ECS API reference",
        scenarios: &[shipped!("cases/ecs-circuit-breaker.toml")],
        claims: &[
            claim(
                "failed tasks of 1 until it trips",
                of("ecs instances=1", Events("crashed")),
                exactly(3.0),
                Count,
            ),
            claim(
                "failed tasks of 25",
                of("ecs instances=25", Events("crashed")),
                exactly(13.0),
                Count,
            ),
            claim(
                "failed tasks of 1000",
                of("ecs instances=1000", Events("crashed")),
                exactly(200.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V10",
        source: "terrapod 222; quay 6871",
        scenarios: &[shipped!("cases/drain-race.toml")],
        // 39 instances are replaced; 39 or 40 are routed to, which get 80 requests/s together.
        claims: &[
            claim(
                "lost an instance, pre-stop 5 s",
                of("rolling pre_stop=5s", Metric("failed")).times(39.5 / (39.0 * 80.0)),
                about(15.0, 0.05),
                Seconds,
            ),
            claim(
                "the same, pre-stop 30 s",
                of("rolling pre_stop=30s", Metric("failed")),
                exactly(0.0),
                Seconds,
            ),
            claim(
                "the same, pre-stop 45 s",
                of("rolling pre_stop=45s", Metric("failed")),
                exactly(0.0),
                Seconds,
            ),
        ],
    },
    Case {
        id: "V11",
        source: "SRE workbook, ch. 16",
        scenarios: &[shipped!("cases/canary-share.toml")],
        claims: &[claim(
            "errors, all versions together",
            of("canary", Metric("error_rate")),
            about(0.01, 0.02),
            Share,
        )],
    },
    Case {
        id: "V12",
        source: "SRE workbook, ch. 5",
        scenarios: &[shipped!("cases/full-outage.toml")],
        claims: &[
            claim(
                "budget spent in 0.864 min",
                of("everywhere at=51.84s", Metric("error_budget_spent")),
                exactly(0.02),
                Share,
            ),
            claim(
                "budget spent in 3.6% of an hour",
                of("everywhere at=129.6s", Metric("error_budget_spent")),
                exactly(0.05),
                Share,
            ),
            claim(
                "budget spent in 43.2 min",
                of("everywhere at=2592s", Metric("error_budget_spent")),
                exactly(1.0),
                Share,
            ),
            claim(
                "full outage: 14.4x over 1 h fires",
                of("everywhere at=2592s", At("alert-fired", 1)),
                near(51.84, 1.0),
                Seconds,
            ),
            claim(
                "full outage: 6x over 6 h fires",
                of("everywhere at=2592s", At("alert-fired", 2)),
                near(129.6, 1.0),
                Seconds,
            ),
            claim(
                "full outage: 3x over 1 d fires",
                of("everywhere at=2592s", At("alert-fired", 3)),
                near(259.2, 1.0),
                Seconds,
            ),
            claim(
                "full outage: 1x over 3 d fires",
                of("everywhere at=2592s", At("alert-fired", 4)),
                near(259.2, 1.0),
                Seconds,
            ),
        ],
    },
    Case {
        id: "V18",
        source: "kortix 6722, 6724",
        scenarios: &[shipped!("cases/connection-pools.toml")],
        claims: &[
            claim(
                "connections held by both fleets",
                of("doubled connections_per_instance=19", Most(Existing)).times(19.0),
                exactly(380.0),
                Count,
            ),
            claim(
                "requests failed for want of one",
                of("doubled connections_per_instance=19", Metric("failed_by_dependency")),
                MoreThan(of("doubled connections_per_instance=9", Metric("failed_by_dependency"))),
                Count,
            ),
            claim(
                "held with smaller pools",
                of("doubled connections_per_instance=9", Most(Existing)).times(9.0),
                AtMost(190.0),
                Count,
            ),
            claim(
                "requests failed with smaller pools",
                of("doubled connections_per_instance=9", Metric("failed")),
                exactly(0.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V21",
        source: "Istio, issue 21228",
        scenarios: &[shipped!("cases/ramp-overlap.toml")],
        claims: &[
            claim(
                "in their ramp at once",
                of("rolling min_ready=0s", Young(60.0)),
                exactly(5.0),
                Count,
            ),
            claim(
                "the same, available after it",
                of("rolling min_ready=60s", Young(60.0)),
                AtMost(3.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V22",
        source: "civitai, issue 2193",
        scenarios: &[shipped!("cases/cold-instances.toml")],
        claims: &[
            claim(
                "95th percentile over baseline",
                of("rolling min_ready=0s", Metric("latency_p95_ratio")),
                MoreThan(of("rolling min_ready=2m", Metric("latency_p95_ratio"))),
                Ratio,
            ),
            claim(
                "failed while too many are cold",
                of("rolling min_ready=0s", FailedShare(40.0, 100.0)),
                MoreThan(of("rolling min_ready=0s", FailedShare(100.0, 160.0))),
                Share,
            ),
            claim(
                "failed when they are warm enough",
                of("rolling min_ready=0s", FailedShare(110.0, 160.0)),
                exactly(0.0),
                Share,
            ),
            claim(
                "failed with a gate on warmth",
                of("rolling min_ready=2m", Metric("failed")),
                exactly(0.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V23",
        source: "Argo Rollouts, issue 1726",
        scenarios: &[shipped!("cases/replica-weight.toml")],
        claims: &[
            claim(
                "real share of a weight of 10%",
                of("by-count", Quotient("exposed_requests", "requests")),
                near(1.0 / 6.0, 1e-4),
                Share,
            ),
            claim(
                "the same with a mesh",
                of("mesh", Quotient("exposed_requests", "requests")),
                about(0.1, 0.03),
                Share,
            ),
        ],
    },
    Case {
        id: "V24",
        source: "Argo Rollouts, issues 3020, 3372, 3888",
        scenarios: &[shipped!("cases/abort-at-full-weight.toml")],
        claims: &[
            claim(
                "the weight waits: available at the lowest, of 10",
                of("waits", Least(Available)),
                exactly(10.0),
                Count,
            ),
            claim(
                "the weight waits: capacity at the lowest",
                of("waits", Metric("capacity_min")),
                AtLeast(1.0),
                Share,
            ),
            claim(
                "back at once: capacity at the lowest",
                of("at-once", Metric("capacity_min")),
                AtMost(0.5),
                Share,
            ),
            claim(
                "back at once: overload",
                of("at-once", Metric("failed_overloaded")),
                MoreThan(of("waits", Metric("failed_overloaded"))),
                Count,
            ),
        ],
    },
    Case {
        id: "V25",
        source: "Kubernetes, issue 66811",
        scenarios: &[shipped!("cases/budget-deadlock.toml")],
        claims: &[
            claim(
                "1 of 1 must stay: evicted in a day",
                of("steady min_available=1", Events("retired")),
                exactly(0.0),
                Count,
            ),
            claim(
                "the same: drains that finish",
                of("steady min_available=1", Events("fault-ended")),
                exactly(0.0),
                Count,
            ),
            claim(
                "drains that finish without it",
                of("steady min_available=0", Events("fault-ended")),
                exactly(1.0),
                Count,
            ),
            claim(
                "drains that finish with a surge",
                of("restart min_available=1", Events("fault-ended")),
                exactly(1.0),
                Count,
            ),
            claim(
                "the same: ready at the lowest",
                of("restart min_available=1", Metric("ready_min")),
                exactly(1.0),
                Ratio,
            ),
        ],
    },
    Case {
        id: "V27",
        source: "Joosen et al., EuroSys 2025",
        scenarios: &[shipped!("cases/cold-starts.toml")],
        claims: &[
            claim(
                "distance to the published law",
                of("at-once", BootDistance(0.2965, 1.326)),
                AtMost(0.01),
                Ratio,
            ),
            claim("median start", of("at-once", Boot(0.5)), about(1.35, 0.03), Seconds),
            claim(
                "99th percentile of starts",
                of("at-once", Boot(0.99)),
                about(29.4, 0.03),
                Seconds,
            ),
        ],
    },
    Case {
        id: "V28",
        source: "Erlang, 1917",
        scenarios: &[shipped!("cases/waiting-lines.toml")],
        // P(wait) / (slots - 9.6), in service times of 10 ms.
        claims: &[
            claim(
                "wait over service, 12 slots",
                of("steady slots=12", Wait).times(100.0),
                covered(0.368_842 / 2.4),
                Ratio,
            ),
            claim(
                "wait over service, 11 slots",
                of("steady slots=11", Wait).times(100.0),
                covered(0.5734 / 1.4),
                Ratio,
            ),
            claim(
                "wait over service, 10 slots",
                of("steady slots=10", Wait).times(100.0),
                covered(0.8591 / 0.4),
                Ratio,
            ),
        ],
    },
    Case {
        id: "V29",
        source: "HotOS 2021; OSDI 2022",
        scenarios: &[shipped!("cases/retry-storm.toml")],
        // Five minutes after the trigger: rates of 20, 23, 27 and 30% of capacity.
        claims: &[
            claim(
                "failing with 3 retries at 20%",
                of("steady rate=40 attempts=3", FailedShare(360.0, 420.0)),
                exactly(0.0),
                Share,
            ),
            claim(
                "failing with 3 retries at 23%",
                of("steady rate=46 attempts=3", FailedShare(360.0, 420.0)),
                exactly(0.0),
                Share,
            ),
            claim(
                "failing with 3 retries at 27%",
                of("steady rate=54 attempts=3", FailedShare(360.0, 420.0)),
                exactly(1.0),
                Share,
            ),
            claim(
                "failing with 3 retries at 30%",
                of("steady rate=60 attempts=3", FailedShare(360.0, 420.0)),
                exactly(1.0),
                Share,
            ),
            claim(
                "failing without retries at 30%",
                of("steady rate=60 attempts=0", FailedShare(360.0, 420.0)),
                exactly(0.0),
                Share,
            ),
        ],
    },
];
