//! Recorded controllers: what their own code or documentation says they do, replayed here.
//!
//! Each file of `tests/data/cases/` holds cases in suites. A case is replayed by the function it
//! records or by a whole simulation, and must come out the same. [`SUITES`] states how many there
//! are; the tests print what they found, and fail where that is something else.
//!
//! `ROLLSIM_CASES=DIR cargo test --release differential -- --nocapture` replays files of the same
//! names and form from another folder.

mod argo;
mod cloud;
mod deployment;
mod fenceposts;
mod flagger;
mod kayenta;
mod nomad;
mod recorded;
mod scaling;
mod stateful_set;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use recorded::Recorded;

/// A suite of stored cases: its name, how many are replayed, and how many are not modelled, each of
/// them with its reason.
type Suite = (&'static str, u32, u32, &'static str);

/// Every suite, by file.
const SUITES: &[(&str, &[Suite])] = &[
    (
        "cloud.json",
        &[
            ("codedeploy_doc", 8, 0, ""),
            ("codedeploy_min_healthy", 38, 0, ""),
            ("codedeploy_time_based_canary", 2, 0, ""),
            ("codedeploy_time_based_linear", 3, 0, ""),
            ("eb_immutable", 2, 0, ""),
            ("eb_rolling_additional_fixed", 17, 0, ""),
            ("eb_rolling_fixed", 17, 0, ""),
            ("eb_timeout", 2, 0, ""),
            ("eb_trafficsplitting", 2, 0, ""),
            ("ecs_canary", 2, 0, ""),
            ("ecs_circuit_breaker", 17, 0, ""),
            ("ecs_circuit_breaker_doc", 2, 0, ""),
            ("ecs_linear", 3, 0, ""),
            ("ecs_rolling_bounds", 54, 0, ""),
            ("ecs_rolling_doc", 2, 0, ""),
            ("mig_batch", 3, 0, ""),
            ("mig_defaults", 1, 0, ""),
            ("mig_percent_exact", 21, 0, ""),
        ],
    ),
    (
        "argo_canary.json",
        &[
            ("analysis_metric", 420, 0, ""),
            ("approximate_weight", 518, 0, ""),
            ("basic_canary_one_reconcile", 720, 0, ""),
            ("basic_canary_trajectory", 202, 0, ""),
            ("bluegreen_new_replicas", 130, 0, ""),
            ("fenceposts", 238, 0, ""),
            ("traffic_routed_one_reconcile", 480, 0, ""),
            ("traffic_routed_trajectory", 173, 0, ""),
            ("traffic_weight_to_replicas", 62, 0, ""),
            ("upstream_abort_weight", 2, 0, ""),
            ("upstream_approximate_weight", 34, 0, ""),
            ("upstream_dynamic_stable_scale", 5, 0, ""),
            ("upstream_progress_threshold", 5, 0, ""),
            ("upstream_replica_counts", 24, 0, ""),
        ],
    ),
    (
        "flagger.json",
        &[
            ("ready_threshold", 18, 0, ""),
            ("tick_trajectory", 185, 0, ""),
            ("upstream_phases", 5, 0, ""),
            ("upstream_primary_weights", 2, 0, ""),
            ("upstream_ready", 2, 0, ""),
        ],
    ),
    (
        "kayenta.json",
        &[
            ("classifier", 175, 0, ""),
            ("classifier_upstream", 20, 0, ""),
            ("judgement_schedule", 84, 0, ""),
            ("scorer", 108, 0, ""),
            ("scorer_upstream", 8, 0, ""),
        ],
    ),
    (
        "kubernetes_deployment.json",
        &[(
            "kubernetes_deployment",
            141,
            6,
            "a first rollout, which begins without a fleet (2); a limit to the requests of the \
             controller's client (3); start-up delays by pod where the old template comes back: \
             the recorded pods are numbered from before the rollout (1)",
        )],
    ),
    ("kubernetes_fenceposts.json", &[("kubernetes_fenceposts", 260, 0, "")]),
    ("kubernetes_proportional_scaling.json", &[("kubernetes_proportional_scaling", 96, 0, "")]),
    (
        "kubernetes_statefulset.json",
        &[(
            "kubernetes_statefulset",
            13,
            3,
            "a first rollout, which begins without a fleet, and `OnDelete`, which replaces nothing \
             by itself",
        )],
    ),
    (
        "nomad.json",
        &[
            ("canary_timeline", 22, 0, ""),
            ("destructive_limit", 151, 0, ""),
            ("rolling_timeline", 144, 0, ""),
            (
                "upstream_reconciler",
                18,
                1,
                "the record of a limit to rescheduled canaries leaves out most of the allocations",
            ),
        ],
    ),
];

/// What came of one case.
enum Replayed {
    /// The same as recorded.
    Passed,
    /// Something else.
    Differs(String),
    /// The model does not have what the case is about.
    NotModelled,
}

impl Replayed {
    /// A case that passed unless something differs.
    fn from_difference(difference: Option<String>) -> Self {
        difference.map_or(Self::Passed, Self::Differs)
    }
}

/// Replays all cases of a file, prints the counts of each suite, and fails if a case differs or if
/// the stored cases are not those of [`SUITES`].
fn replay_all(file: &Recorded, mut replay: impl FnMut(&str, &Value) -> Replayed) {
    let mut counts: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let mut wrong = String::new();
    for case in &file.cases {
        let suite = case["suite"].as_str().unwrap_or(file.stem());
        let [replayed, passed, skipped] = counts.entry(suite.to_owned()).or_default();
        match replay(suite, case) {
            Replayed::NotModelled => *skipped += 1,
            Replayed::Passed => (*replayed, *passed) = (*replayed + 1, *passed + 1),
            Replayed::Differs(why) => {
                *replayed += 1;
                let id = [&case["id"], &case["case"]["id"]].into_iter().find(|id| id.is_string());
                let _ = writeln!(wrong, "{}: {why}", id.unwrap_or(case));
            }
        }
    }
    for (suite, [replayed, passed, skipped]) in &counts {
        println!("{suite}: replayed {replayed}, passed {passed}, not modelled {skipped}");
    }
    assert!(wrong.is_empty(), "{wrong}");
    if file.is_stored {
        let found = counts
            .iter()
            .map(|(suite, [replayed, _, skipped])| (suite.as_str(), *replayed, *skipped));
        let stated = SUITES.iter().filter(|(name, _)| *name == file.name);
        let stated = stated.flat_map(|(_, suites)| *suites);
        let stated = stated.map(|&(suite, replayed, skipped, _)| (suite, replayed, skipped));
        assert_eq!(found.collect::<Vec<_>>(), stated.collect::<Vec<_>>(), "{}", file.name);
    }
}

#[test]
fn what_is_not_modelled_has_a_reason() {
    for (suite, _, skipped, why) in SUITES.iter().flat_map(|(_, suites)| *suites) {
        assert_eq!(*skipped > 0, !why.is_empty(), "{suite}");
    }
}
