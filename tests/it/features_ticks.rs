//! What Flagger and Nomad do that simulators commonly leave out, each where it shows: in the
//! moments at which things happen, or in what requests feel.

use rollsim::sim::Run;
use rollsim::units::Version;

use crate::world::{run_events, sample_of, variants};

/// A fleet without requests unless `tables` say so, whose instances start in 10 s.
fn scenario(instances: u32, tables: &str) -> String {
    let traffic = if tables.contains("[traffic]") { "" } else { "[traffic]\nrate = 0\n" };
    let startup = if tables.contains("[startup]") { "" } else { "[startup]\nboot = \"10s\"\n" };
    format!(
        "[fleet]\ninstances = {instances}\n[readiness]\nperiod = \"0s\"\n\
         [simulation]\nreplications = 1\nwarmup = \"0s\"\n{startup}{traffic}{tables}"
    )
}

/// Seconds at which an event happened, to instances of one version where it is one of theirs.
fn moments(run: &Run, event: &str, version: Option<Version>) -> Vec<f64> {
    let is_it = |row: &rollsim::sim::EventRow| {
        row.event == event && row.at >= run.start && (version.is_none() || row.version == version)
    };
    let rows = run.events.iter().filter(is_it);
    rows.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
}

fn ended(run: &Run) -> (&'static str, f64) {
    (run.outcome.name(), run.duration.as_secs_f64())
}

/// A gate that fails where metrics are missing, and only there, and outages before these ticks of
/// a minute.
fn failing_at(ticks: &[u32]) -> String {
    let mut text = String::from(
        "[gates.values]\nmetric = \"ready-fraction\"\nscope = \"service\"\nmin = \"0%\"\n\
         window = \"30s\"\n",
    );
    for tick in ticks {
        let at = (tick - 1) * 60 - 40;
        text +=
            &format!("[[faults]]\nkind = \"metrics-outage\"\nat = \"{at}s\"\nduration = \"45s\"\n");
    }
    text
}

const FLAGGER: &str = "[strategies.case]\nkind = \"flagger\"\n";
const NOMAD: &str = "[strategies.case]\nkind = \"nomad\"\n";

/// Feature 3: other controllers keep what lost its requests for a while; a rolled back canary is
/// told to stop in the very tick, without a delay.
#[test]
fn flagger_rolls_back_without_a_scale_down_delay() {
    let strategy = "step_weight = \"10%\"\nmetrics = [\"values\"]\n";
    let run = run_events(&scenario(3, &format!("{}{FLAGGER}{strategy}", failing_at(&[3]))));
    assert_eq!(moments(&run, "gate-failed", None), [120.0]);
    assert_eq!(moments(&run, "rollback-started", None), [180.0], "one tick after the failure");
    assert_eq!(moments(&run, "retired", Some(Version::New)), [180.0; 3]);
    assert_eq!(ended(&run), ("rolled-back", 180.0));
    for (on_failure, outcome) in [("abort", "aborted"), ("stall", "stalled"), ("pause", "paused")] {
        let strategy = format!("{strategy}on_failure = \"{on_failure}\"\n");
        let run = run_events(&scenario(3, &format!("{}{FLAGGER}{strategy}", failing_at(&[3]))));
        assert_eq!(ended(&run), (outcome, 180.0));
        assert_eq!(moments(&run, "retired", None), [0.0; 0], "the canary stays as it is");
    }
}

/// Feature 6: healthy is healthy for so long without a break. Ready at 10 s, down from 25 s to
/// 30 s, ready again at 40 s: healthy at 70 s, not at 40 s.
#[test]
fn nomads_healthy_time_begins_anew_at_a_flap() {
    let flap = "[[faults]]\nkind = \"kill\"\nversion = \"new\"\nat = \"25s\"\nduration = \"5s\"\n";
    let strategy = "min_healthy_time = \"30s\"\n";
    let steady = run_events(&scenario(2, &format!("{NOMAD}{strategy}")));
    assert_eq!(moments(&steady, "retired", Some(Version::Old)), [0.0, 40.0]);
    let run = run_events(&scenario(2, &format!("{flap}{NOMAD}{strategy}")));
    assert_eq!(moments(&run, "ready", Some(Version::New))[..2], [10.0, 40.0]);
    assert_eq!(moments(&run, "retired", Some(Version::Old)), [0.0, 70.0]);
}

/// Feature 7: failed checks add up, whatever passes between them.
#[test]
fn flaggers_failed_checks_are_never_taken_back() {
    let strategy = "step_weight = \"10%\"\nthreshold = 3\nmetrics = [\"values\"]\n";
    let text = scenario(2, &format!("{}{FLAGGER}{strategy}", failing_at(&[3, 5, 7])));
    let run = run_events(&text);
    assert_eq!(moments(&run, "gate-failed", None), [120.0, 240.0, 360.0]);
    assert_eq!(ended(&run), ("rolled-back", 420.0));
    let patient = run_events(&text.replace("threshold = 3", "threshold = 4"));
    assert_eq!(patient.outcome.name(), "completed");
}

/// Feature 8: a canary that nobody asks anything has no values, and no values are a failure.
#[test]
fn an_idle_canary_is_rolled_back() {
    let gate = "[gates.errors]\nmetric = \"error-rate\"\nmax = \"1%\"\n";
    let strategy = "step_weight = \"10%\"\nmetrics = [\"errors\"]\n";
    let idle = run_events(&scenario(2, &format!("{gate}{FLAGGER}{strategy}")));
    assert_eq!(ended(&idle), ("rolled-back", 180.0));
    let busy = format!(
        "[traffic]\nrate = 100\narrivals = \"uniform\"\n\
         [instance]\nslots = 4\nservice_time = \"10ms\"\n{gate}{FLAGGER}{strategy}"
    );
    assert_eq!(run_events(&scenario(2, &busy)).outcome.name(), "completed");
}

/// Feature 11: one tick sees the revision, one for each step, three for the promotion; and what is
/// ready a second after a tick waits for the next.
#[test]
fn flagger_acts_on_ticks_alone() {
    let strategy = "step_weight = \"20%\"\nmax_weight = \"50%\"\nmax_surge = \"100%\"\n";
    let run = |boot: &str| {
        let boot = format!("[startup]\nboot = \"{boot}\"\n");
        run_events(&scenario(2, &format!("{boot}{FLAGGER}{strategy}")))
    };
    let quick = run("59s");
    assert_eq!(ended(&quick), ("completed", (1.0 + 3.0 + 3.0 - 1.0) * 60.0));
    assert_eq!(moments(&quick, "weight-set", None), [0.0, 60.0, 120.0, 180.0, 300.0]);
    let slow = run("61s");
    assert_eq!(moments(&slow, "weight-set", None)[1], 120.0);
    assert_eq!(ended(&slow), ("completed", 480.0), "a tick more for the canary and the primary");
    let late = format!("{FLAGGER}{strategy}first_tick = \"25s\"\n");
    assert_eq!(ended(&run_events(&scenario(2, &late))), ("completed", 385.0));
}

/// Feature 13: a successor starts when the one before it has fully stopped, so capacity is short
/// by the stop as well as by the start.
#[test]
fn nomads_successors_wait_for_those_before_them() {
    let shutdown = "[shutdown]\npre_stop = \"7s\"\n";
    let run = run_events(&scenario(3, &format!("{shutdown}{NOMAD}max_parallel = 1\n")));
    let stops = [0.0, 27.0, 54.0];
    assert_eq!(moments(&run, "retired", Some(Version::Old)), stops);
    assert_eq!(moments(&run, "terminated", Some(Version::Old)), stops.map(|at| at + 7.0));
    assert_eq!(moments(&run, "launched", Some(Version::New)), stops.map(|at| at + 7.0));
    assert_eq!(ended(&run), ("completed", 81.0));
    let together = run.events.iter().map(|row| row.total + row.terminating).max();
    assert_eq!(together, Some(3), "nothing is added beside what is there");
}

/// Feature 14: a window slides. Starts of 5 s and 30 s, two at a time: the slot of the fast one is
/// used again before the slow one is healthy.
#[test]
fn nomads_window_has_no_batches() {
    let boot =
        "[startup]\nboot = { dist = \"list\", values = [\"5s\", \"30s\", \"5s\", \"5s\"] }\n";
    let strategy = "max_parallel = 2\nmin_healthy_time = \"1s\"\n";
    let run = run_events(&scenario(4, &format!("{boot}{NOMAD}{strategy}")));
    assert_eq!(moments(&run, "retired", Some(Version::Old)), [0.0, 0.0, 6.0, 12.0]);
    assert_eq!(ended(&run), ("completed", 31.0));
}

/// Feature 15: the promotion is a second rollout. Twice the instances start, and twice the fleet
/// is there; in the third state, primary half new and canary new, each side keeps its share.
#[test]
fn flaggers_promotion_is_a_second_rollout() {
    let tables = "[traffic]\nrate = 60\narrivals = \"uniform\"\n\
        [instance]\nslots = 1\nqueue = 20\nservice_time = \"40ms\"\n\
        [strategies.case]\nkind = \"flagger\"\nstep_weight = \"10%\"\nmax_weight = \"10%\"\n\
        canary_instances = 1\nmax_surge = 1\nmax_unavailable = 0\n";
    let samples: Vec<_> = variants(&scenario(4, tables)).into_iter().map(sample_of).collect();
    let run = &samples[0].runs[0];
    assert_eq!(run.outcome.name(), "completed");
    let launched = moments(run, "launched", Some(Version::New));
    assert_eq!(launched, [0.0, 120.0, 130.0, 140.0, 150.0]);
    // 4 instances can carry 100 requests/s, one can carry 25: had the canary's weight been that
    // of all new instances, two old ones would have had to carry 54.
    assert_eq!(samples[0].mean("failed"), 0.0);
    let surge = run.events.iter().map(|row| row.total).max();
    assert_eq!(surge, Some(6), "the fleet, its canary and the primary's surge");
    let whole = run_events(&scenario(4, &format!("{FLAGGER}step_weight = \"50%\"\n")));
    let most = whole.events.iter().map(|row| row.total).max();
    assert_eq!(most, Some(9), "twice the fleet and the primary's surge of 25%");
}

/// And where it fails, the canary is left with everything.
#[test]
fn a_primary_that_cannot_take_over_leaves_the_canary_with_everything() {
    let boot = "[startup]\nboot = { dist = \"list\", values = [\"10s\", \"10s\", \"never\"] }\n";
    let strategy = "step_weight = \"50%\"\nmax_weight = \"50%\"\nprogress_deadline = \"3m\"\n";
    let run = run_events(&scenario(2, &format!("{boot}{FLAGGER}{strategy}")));
    assert_eq!(run.outcome.name(), "aborted");
    let last = run.events.iter().filter(|row| row.event == "weight-set").last();
    let detail = last.map(|row| row.detail).unwrap_or_default();
    assert!(detail.starts_with("100 %"), "{detail}");
    let canary = run.events.iter().last().map(|row| row.available[Version::New.index()]);
    assert_eq!(canary, Some(2), "the canary stays");
}

/// Feature 19: each allocation that turns healthy moves the progress deadline. Nine times 21 s
/// are longer than a minute; one that never is fails a minute after the last that was.
#[test]
fn nomads_progress_deadline_moves() {
    let strategy = "healthy_deadline = \"40s\"\nprogress_deadline = \"1m\"\n\
        min_healthy_time = \"11s\"\n";
    let run = run_events(&scenario(9, &format!("{NOMAD}{strategy}")));
    assert_eq!(ended(&run), ("completed", 189.0));
    let boot = "[startup]\nboot = { dist = \"list\", values = [\"10s\", \"10s\", \"never\", \
        \"never\", \"never\", \"never\"] }\n";
    let run = run_events(&scenario(9, &format!("{boot}{NOMAD}{strategy}")));
    assert_eq!(ended(&run), ("aborted", 42.0 + 60.0));
    let last = run.events.iter().last().map(|row| row.desired);
    assert_eq!(last, Some([6, 3, 0]), "what is replaced stays");
}

/// Feature 20: without an analysis the canary goes while the primary still rolls.
#[test]
fn skipping_the_analysis_cuts_the_canary_while_the_primary_rolls() {
    let run = run_events(&scenario(4, &format!("{FLAGGER}skip_analysis = true\n")));
    let retired = moments(&run, "retired", Some(Version::New));
    assert_eq!(retired, [60.0; 4], "the canary, with the first tick that finds it ready");
    let available = moments(&run, "available", Some(Version::New));
    assert_eq!(available[4..], [70.0, 70.0, 80.0, 80.0], "the primary");
    assert_eq!(ended(&run), ("completed", 80.0));
    let promote = "[[operator]]\nat = \"90s\"\naction = \"promote\"\n";
    let strategy = "step_weight = \"10%\"\n";
    let run = run_events(&scenario(4, &format!("{promote}{FLAGGER}{strategy}")));
    assert_eq!(moments(&run, "retired", Some(Version::New)), [120.0; 4], "a person skips it");
}

/// A deployment that fails goes back at its own pace, if it was asked to.
#[test]
fn nomad_reverts_what_it_has_replaced() {
    let strategy = "auto_revert = true\nhealthy_deadline = \"40s\"\nprogress_deadline = \"1m\"\n\
        reschedule_delay = \"5m\"\n";
    let run = run_events(&scenario(3, &format!("[release]\nnever_ready = 1.0\n{NOMAD}{strategy}")));
    assert_eq!(moments(&run, "rollback-started", None), [60.0]);
    assert_eq!(ended(&run), ("rolled-back", 80.0));
    let last = run.events.iter().last().map(|row| row.desired);
    assert_eq!(last, Some([3, 0, 0]));
}

/// Canaries wait for a person, who promotes them; those that nobody promotes go when the
/// deployment fails.
#[test]
fn nomads_canaries_are_promoted_or_withdrawn() {
    let strategy = "canary = 2\nmin_healthy_time = \"5s\"\n";
    let promote = "[[operator]]\nat = \"1m\"\naction = \"promote\"\n";
    let run = run_events(&scenario(4, &format!("{promote}{NOMAD}{strategy}")));
    assert_eq!(moments(&run, "launched", Some(Version::New))[..2], [0.0, 0.0]);
    assert_eq!(moments(&run, "retired", Some(Version::Old)), [60.0, 60.0, 60.0, 75.0]);
    assert_eq!(ended(&run), ("completed", 90.0));
    let alone = run_events(&scenario(4, &format!("{NOMAD}{strategy}")));
    assert_eq!(ended(&alone), ("paused", 15.0));
    let bad = format!("[release]\nnever_ready = 1.0\n{NOMAD}{strategy}");
    let run = run_events(&scenario(4, &bad));
    assert_eq!(ended(&run), ("aborted", 600.0));
    let last = run.events.iter().last().map(|row| row.desired);
    assert_eq!(last, Some([4, 0, 0]), "canaries that nobody promoted are gone");
}

/// While requests are mirrored the canary serves copies of all of them. Metrics see what becomes of
/// those, users do not: a release that fails every request is found out before anyone meets it.
#[test]
fn mirrored_requests_are_seen_by_metrics_and_by_nobody_else() {
    let tables = |rate: f64| {
        format!(
            "[traffic]\nrate = 50\n[instance]\nslots = 4\nservice_time = \"10ms\"\n\
             [release]\nerror_rate = {rate}\n\
             [gates.errors]\nmetric = \"error-rate\"\nmax = \"5%\"\n\
             [strategies.case]\nkind = \"flagger\"\niterations = 3\nmirror = true\n\
             threshold = 2\nmetrics = [\"errors\"]\n"
        )
    };
    let sample = |rate| sample_of(variants(&scenario(2, &tables(rate))).remove(0));
    let copies = |run: &Run| -> Vec<f64> {
        let rows = run.events.iter().filter(|row| row.detail.starts_with("copies"));
        rows.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
    };
    let (good, bad) = (sample(0.0), sample(1.0));
    assert_eq!(good.runs[0].outcome.name(), "completed");
    assert_eq!(copies(&good.runs[0]), [60.0, 240.0]);
    assert_eq!(ended(&bad.runs[0]), ("rolled-back", 240.0));
    assert_eq!((bad.mean("failed"), bad.mean("exposed_requests")), (0.0, 0.0));
}
