//! Cases about what Kubernetes' Deployments do, and what they are believed to do.

use super::Instances::{Active, Available, Existing};
use super::Quantity::{At, AtStart, Least, Metric, Most};
use super::Unit::{Count, Seconds};
use super::cases::{claim, exactly, of, shipped};
use super::{Case, Claim};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "V01",
        source: "kubernetes 95498",
        scenarios: &[shipped!("cases/slow-termination.toml")],
        claims: &[
            claim("told to stop at once", of("quarter", AtStart("retired")), exactly(3.0), Count),
            claim("started at once", of("quarter", AtStart("launched")), exactly(7.0), Count),
            claim(
                "at the most, 15 + 4 expected",
                of("quarter", Most(Existing)),
                exactly(29.0),
                Count,
            ),
            claim(
                "terminating ones counted",
                of("terminating-counted", Most(Existing)),
                exactly(19.0),
                Count,
            ),
        ],
    },
    Case {
        id: "V02",
        source: "kubernetes 97227 and 99513",
        scenarios: &[shipped!("cases/tight-nodes.toml")],
        claims: &[
            claim("pods on nodes for 6", of("one", Most(Existing)), exactly(7.0), Count),
            claim("the first waits from", of("one", At("launched", 1)), exactly(0.0), Seconds),
            claim("until", of("one", At("booted", 1)), exactly(60.0 + 10.0), Seconds),
            claim(
                "terminating ones counted",
                of("terminating-counted", Most(Existing)),
                exactly(6.0),
                Count,
            ),
            claim(
                "the first is asked for at",
                of("terminating-counted", At("launched", 1)),
                exactly(60.0),
                Seconds,
            ),
        ],
    },
    Case {
        id: "V03",
        source: "kubernetes 72775",
        scenarios: &[shipped!("cases/surge-fed-autoscaler.toml")],
        claims: &[claim(
            "an autoscaler reads, of 383",
            of("quarter", Most(Active)),
            exactly(479.0),
            Count,
        )],
    },
    Case {
        id: "V04",
        source: "kubernetes 37083; rusternetes 100",
        scenarios: &[shipped!("cases/fenceposts-quarter.toml"), shipped!("cases/fenceposts.toml")],
        claims: FENCEPOSTS.as_flattened(),
    },
];

/// One row: the variant, its size and bounds, how many starts of 10 s follow each other, the least
/// available, the most replicas.
macro_rules! row {
    ($variant:literal, $row:literal, $starts:literal, $least:literal, $most:literal) => {
        [
            claim(
                concat!($row, ": duration"),
                of($variant, Metric("duration_s")),
                exactly($starts * 10.0),
                Seconds,
            ),
            claim(
                concat!($row, ": available"),
                of($variant, Least(Available)),
                exactly($least),
                Count,
            ),
            claim(concat!($row, ": replicas"), of($variant, Most(Active)), exactly($most), Count),
        ]
    };
}

const FENCEPOSTS: &[[Claim; 3]] = &[
    row!("quarter instances=1", "1 at 25/25", 1.0, 1.0, 2.0),
    row!("quarter instances=3", "3 at 25/25", 3.0, 3.0, 4.0),
    row!("quarter instances=4", "4 at 25/25", 2.0, 3.0, 5.0),
    row!("quarter instances=5", "5 at 25/25", 2.0, 4.0, 7.0),
    row!("quarter instances=10", "10 at 25/25", 2.0, 8.0, 13.0),
    row!("quarter instances=15", "15 at 25/25", 3.0, 12.0, 19.0),
    row!("quarter instances=26", "26 at 25/25", 2.0, 20.0, 33.0),
    row!("quarter instances=383", "383 at 25/25", 3.0, 288.0, 479.0),
    row!("quarter instances=1000", "1000 at 25/25", 2.0, 750.0, 1250.0),
    row!("none-above instances=6", "6 at 0/1", 6.0, 5.0, 6.0),
    row!("one-one instances=10", "10 at 1/1", 5.0, 9.0, 11.0),
    row!("twice instances=10", "10 at 100%/0", 1.0, 10.0, 20.0),
    row!("one-above-two-below instances=12", "12 at 1/2", 4.0, 10.0, 13.0),
    row!("quarter-above instances=95", "95 at 25%/0", 4.0, 95.0, 119.0),
    row!("hundredth-above instances=1000", "1000 at 1%/0", 100.0, 1000.0, 1010.0),
];
