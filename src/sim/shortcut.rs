//! What a run need not go through step by step, since nothing could come of the steps.
//!
//! A shortcut changes how much work a run is, never what comes out: the tests run the same plans
//! with and without.

use super::gates;
use super::plan::Plan;
use super::run::Detail;
use crate::fleet::Listen;
use crate::traffic::DataPlane;
use crate::units::SimTime;

/// The shortcuts that a plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shortcuts {
    /// Starts are reckoned as a whole when they begin.
    pub(super) foresees_starts: bool,
    /// The data plane is told of endpoints only when a synthetic check asks for them.
    pub(super) is_silent: bool,
}

impl Shortcuts {
    /// None at all.
    #[cfg(test)]
    pub(super) const NONE: Self = Self { foresees_starts: false, is_silent: false };

    /// Those of a plan. With requests there are none: it matters then which of two instances that
    /// become ready at the same moment was first. So it does in a log of events, which also tells
    /// when boots end.
    pub(super) fn of(plan: &Plan, detail: Detail) -> Self {
        let is_silent = DataPlane::can_be_silent(&plan.data) && are_endpoints_plain(plan);
        let is_unseen = detail == Detail::Series && are_starts_unseen(plan);
        Self { foresees_starts: is_silent && is_unseen, is_silent }
    }
}

/// Whether nothing can change how a start goes on, or see how far it is.
fn are_starts_unseen(plan: &Plan) -> bool {
    plan.liveness.is_none()
        && plan.startup_probe.is_none()
        && plan.startup.contention <= 0.0
        && plan.startup.listen != Listen::Boot
}

/// Whether all there is to know of an endpoint is what it runs and whether it is open.
fn are_endpoints_plain(plan: &Plan) -> bool {
    let parameters = &plan.strategy.parameters;
    plan.faults.is_empty()
        && plan.startup.warmup.is_zero()
        && gates::scrapes(plan, SimTime::ZERO).is_none()
        && !parameters.is_flagged()
        && parameters.division(&plan.fleet).canary.is_none()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::simulate::simulate_with;
    use super::*;
    use crate::scenario::{Overrides, parse};
    use crate::sim::Run;

    /// What a scenario may say, line by line: of each row, one.
    const LINES: [(&str, &[&[&str]]); 7] = [
        ("[fleet]", &[&["instances = 9", "instances = 12\nzones = [\"a\", \"b\"]"]]),
        (
            "[startup]",
            &[
                &[
                    "boot = \"6s\"",
                    "boot = { dist = \"exponential\", mean = \"9s\" }",
                    "boot = { dist = \"list\", values = [\"5s\", \"12s\", \"never\", \"3s\"] }",
                ],
                &[
                    "",
                    "provision = { dist = \"uniform\", min = \"1s\", max = \"4s\" }",
                    "pull = \"2s\"",
                ],
                &["", "max_concurrent = 2", "surge_capacity = 3"],
            ],
        ),
        (
            "[readiness]",
            &[
                &["period = \"0s\"", "period = \"5s\"", "period = \"2s\"\nsuccess_threshold = 3"],
                &["", "min_ready = \"6s\""],
                &["deadline = \"40s\"", "deadline = \"10m\""],
                &["", "start_attempts = 3"],
                &["", "until = \"routed\""],
            ],
        ),
        (
            "[shutdown]",
            &[
                &["", "pre_stop = \"5s\"", "pre_stop = \"12s\"\ngrace = \"8s\""],
                &[
                    "",
                    "deploy = { dist = \"uniform\", min = \"0s\", max = \"3s\" }",
                    "deploy = \"4s\"",
                ],
                &["", "drain_first = true"],
            ],
        ),
        (
            "[load_balancer]",
            &[
                &["policy = \"round-robin\"", "policy = \"least-requests\"", "policy = \"random\""],
                &[
                    "",
                    "lag = \"3s\"",
                    "lag = { dist = \"exponential\", mean = \"2s\" }",
                    "health_check = { period = \"2s\", timeout = \"1s\", fall = 2, rise = 2 }",
                ],
            ],
        ),
        (
            "[release]",
            &[
                &["", "startup_failure = \"30%\"", "never_ready = \"20%\""],
                &[
                    "",
                    "crash_after = { dist = \"exponential\", mean = \"60s\" }",
                    "error_rate = \"40%\"",
                ],
            ],
        ),
        (
            "[strategies.one]",
            &[
                &[
                    "kind = \"rolling\"\nreplacement = \"in-place\"\nmax_unavailable = \"30%\"",
                    "kind = \"rolling\"\nmax_unavailable = 2\nmax_surge = 1",
                    "kind = \"rolling\"\norder = \"zone\"\nmax_surge = 3\npacing = \"batch\"",
                    "kind = \"rolling\"\npacing = \"batch\"\nbake = \"7s\"",
                    "kind = \"recreate\"",
                    "kind = \"blue-green\"\nbake = \"9s\"",
                    "kind = \"canary\"\nsteps = [{ weight = \"20%\", pause = \"8s\" }]",
                ],
                &["", "on_failure = \"rollback\"", "on_failure = \"abort\""],
                &[
                    "",
                    "[[operator]]\nat = \"21s\"\naction = \"rollback\"",
                    "[[operator]]\nat = \"13s\"\naction = \"scale\"\nto = 14",
                ],
            ],
        ),
    ];

    /// Scenarios without requests whose starts fail, crash, are held back and coincide.
    fn scenarios() -> impl Strategy<Value = String> {
        let rows = LINES.iter().flat_map(|&(table, rows)| {
            let row = |(number, row): (usize, &&'static [&'static str])| {
                let head = if number == 0 { table } else { "" };
                select(*row).prop_map(move |line| format!("{head}\n{line}\n"))
            };
            rows.iter().enumerate().map(row).collect::<Vec<_>>()
        });
        let rest = "[traffic]\nrate = 0\n[synthetic]\ninterval = \"500ms\"\n\
                    [simulation]\nwarmup = \"3s\"\nsettle = \"20s\"\nmax_time = \"20m\"\n";
        rows.collect::<Vec<_>>().prop_map(move |lines| lines.concat() + rest)
    }

    /// All that is to be the same, down to the last bit.
    fn outcome(run: &Run) -> String {
        let Run { outcome, duration, window, observed, states, .. } = run;
        format!("{outcome:?} {duration:?} {window:?} {observed:?} {states:?}")
    }

    /// Both from where they part.
    fn first_difference(one: &str, other: &str) -> String {
        let at = one.bytes().zip(other.bytes()).position(|(a, b)| a != b).unwrap_or(0);
        let part =
            |text: &str| text.chars().skip(at.saturating_sub(60)).take(160).collect::<String>();
        format!("…{}…\n…{}…", part(one), part(other))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn nothing_comes_out_otherwise(text in scenarios(), replication in 0u32..4) {
            let Ok(loaded) = parse(&text, Path::new("test.toml"), &Overrides::default()) else {
                return Err(TestCaseError::reject("the scenario's rules refuse it"));
            };
            let plan = &loaded.scenario.variants[0].plan;
            let never = AtomicBool::new(false);
            let run = |shortcuts, detail| {
                let run = simulate_with(shortcuts, plan, replication, detail, &never);
                outcome(&run.expect("nothing interrupts it"))
            };
            let shortcuts = Shortcuts::of(plan, Detail::Series);
            prop_assert_eq!(shortcuts.foresees_starts, !text.contains("random"));
            let long = run(Shortcuts::NONE, Detail::Events);
            let silent = Shortcuts::of(plan, Detail::Events);
            let shorter = run(silent, Detail::Events);
            prop_assert!(long == shorter, "{silent:?}: {}", first_difference(&long, &shorter));
            let short = run(shortcuts, Detail::Series);
            prop_assert!(long == short, "{shortcuts:?}: {}", first_difference(&long, &short));
        }
    }
}
