//! What Argo Rollouts does that is commonly left out, and that moves results.

use rollsim::gate::{AnalysisRun, OnNoData, Rule};
use rollsim::sim::{EventRow, Run};
use rollsim::strategy::argo::basic;
use rollsim::strategy::argo::weights::{Counts, Fenceposts, Set, approximate};
use rollsim::units::SimDuration;

use crate::world::{run_events, run_named, try_variants, variants};

/// Ten pods that start in ten seconds, on which nothing but the strategy is interesting.
fn scenario(more: &str) -> String {
    format!(
        "[fleet]\ninstances = 10\n[startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"\n\
         [simulation]\nreplications = 1\nwarmup = \"30s\"\nsettle = \"5m\"\n\
         max_time = \"1h\"\n{more}"
    )
}

/// The same without requests.
fn quiet(more: &str) -> Run {
    run_events(&scenario(&format!("[traffic]\nrate = 0\n{more}")))
}

/// Seconds from the rollout's start.
fn seconds(run: &Run, event: &EventRow) -> f64 {
    event.at.nanos_from(run.start) as f64 / 1e9
}

/// When events of this name happened whose detail holds `words`.
fn times(run: &Run, name: &str, words: &str) -> Vec<f64> {
    let is_one = |event: &EventRow| event.event == name && event.detail.contains(words);
    run.events.iter().filter(is_one).map(|event| seconds(run, &event)).collect()
}

/// The most pods at once, those that terminate included or not.
fn peak(run: &Run, with_terminating: bool) -> u32 {
    let all = run
        .events
        .iter()
        .map(|event| event.total + if with_terminating { event.terminating } else { 0 });
    all.max().unwrap_or(0)
}

fn available_at_least(run: &Run) -> u32 {
    let rows = run.events.iter().filter(|event| event.at >= run.start);
    rows.map(|event| event.available.iter().sum()).min().unwrap_or(0)
}

fn when(run: &Run, is_so: impl Fn(&EventRow) -> bool) -> Option<f64> {
    let mut rows = run.events.iter().filter(|event| event.at >= run.start);
    rows.find(|event| is_so(event)).map(|event| seconds(run, &event))
}

const ROLLING: &str = "[strategies.one]\nkind = \"argo-canary\"\n";

/// Feature 1: room is counted in desired counts: pods that take a minute to stop come on top.
#[test]
fn terminating_pods_take_no_room() {
    let run = quiet(&format!("[shutdown]\npre_stop = \"25s\"\n{ROLLING}"));
    assert_eq!(peak(&run, false), 13, "ten and a quarter");
    assert!(peak(&run, true) > 13, "{}", peak(&run, true));
}

/// Feature 3: with a router the old ReplicaSet stays for half a minute, at twice the pods.
#[test]
fn the_old_side_stays_for_its_delay() {
    let routed = format!("{ROLLING}routing = \"weighted\"\nsteps = [{{ set_weight = 50 }}]\n");
    for (field, length) in [("", 30.0), ("scale_down_delay = \"5m\"\n", 300.0)] {
        let run = quiet(&format!("{routed}{field}"));
        let promoted = times(&run, "step-finished", "the stable version now")[0];
        let gone = when(&run, |event| event.desired[0] == 0);
        assert_eq!(gone, Some(promoted + length), "{field}");
    }
}

/// Feature 4: both bounds at nothing are one unavailable; some weights ask for no canary at all.
#[test]
fn bounds_and_weights_round_to_nothing() {
    // Both bounds at nothing: one may be unavailable.
    let run = quiet(&format!("{ROLLING}max_surge = \"0%\"\nmax_unavailable = \"1%\"\n"));
    assert_eq!((available_at_least(&run), peak(&run, false)), (9, 10));
    // A weight of 95 on ten pods without a surge asks for none: the step is done at once, empty.
    let steps = "steps = [{ set_weight = 95 }, { pause = \"1m\" }]\n";
    let run = quiet(&format!("{ROLLING}max_surge = 0\nmax_unavailable = 1\n{steps}"));
    assert_eq!(when(&run, |event| event.desired[1] > 0), Some(60.0));
    for (replicas, weight) in [(2, 75), (5, 90), (10, 95), (25, 98), (50, 99)] {
        let none = Counts { canary: 0, stable: replicas };
        assert_eq!(approximate(replicas, weight, 0, 100), none, "{replicas} {weight}");
    }
}

/// Feature 5: a weight of 1 on three pods is a pod of four: a quarter of the requests.
#[test]
fn a_small_canary_is_larger_than_its_weight() {
    let text = scenario(
        "[traffic]\nrate = 400\n[strategies.one]\nkind = \"argo-canary\"\n\
         steps = [{ set_weight = 1 }, { pause = \"10m\" }]\n",
    )
    .replace("instances = 10", "instances = 3");
    let run = run_events(&text);
    let canary = when(&run, |event| event.available[1] > 0).expect("there is one");
    let bins = &run.traffic.bins;
    let (mut all, mut new) = (0_u64, 0_u64);
    for (index, cell) in bins.cells().iter().enumerate() {
        let at = bins.start_nanos(index) as f64 / 1e9;
        if at > canary + 30.0 && at < canary + 500.0 {
            all += cell.requests;
            new += cell.answered[1];
        }
    }
    let share = new as f64 / all as f64;
    assert!((share - 0.25).abs() < 0.01, "{share}");
}

const GATE: &str = "[gates.errors]\nmetric = \"error-rate\"\nscrape = \"5s\"\ninterval = \"20s\"\n\
                    window = \"15s\"\nmax = \"5%\"\n";

fn analysed(gate: &str, more: &str) -> String {
    scenario(&format!(
        "[traffic]\nrate = 200\n{GATE}{gate}[strategies.one]\nkind = \"argo-canary\"\n{more}"
    ))
}

/// Feature 7: `failureLimit` is a total: failing looks need not follow one another.
#[test]
fn failures_are_counted_in_all_and_errors_in_a_row() {
    let steps = "steps = [{ set_weight = 50 }, { analysis = [\"errors\"] }]\n";
    let spikes = |at: u32| {
        format!("[[faults]]\nkind = \"errors\"\nrate = 0.9\nat = \"{at}s\"\nduration = \"20s\"\n")
    };
    let faults: String = [60, 140].map(spikes).concat();
    let gate = "analysis_run = {}\nfailure_limit = 1\ncount = 20\ninitial_delay = \"20s\"\n";
    let run = run_events(&analysed(gate, &format!("{steps}{faults}")));
    assert_eq!(run.outcome.name(), "rolled-back");
    let looks = times(&run, "gate-failed", "errors").len();
    assert!(looks >= 2, "one failure is allowed");
}

/// Feature 8: no data is an error that is asked again every ten seconds, or the end of the
/// analysis, after which a person decides.
#[test]
fn no_data_has_an_outcome() {
    let steps = "steps = [{ set_weight = 50 }, { analysis = [\"errors\"] }]\n";
    let idle = |on_no_data: &str| {
        let gate = format!("analysis_run = {{}}\ncount = 3\non_no_data = \"{on_no_data}\"\n");
        let text = analysed(&gate, steps).replace("rate = 200", "rate = 0");
        run_events(&text)
    };
    let error = idle("error");
    assert_eq!(error.outcome.name(), "rolled-back");
    let looks = times(&error, "gate-error", "errors");
    let gaps: Vec<f64> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps, [10.0; 4], "the fifth in a row is one too many");
    assert_eq!(idle("inconclusive").outcome.name(), "paused");
}

/// Feature 9: a metrics outage ends an analysis in forty seconds, whatever its interval is.
#[test]
fn an_outage_of_the_metrics_kills_an_analysis() {
    let steps = "steps = [{ set_weight = 50 }, { analysis = [\"errors\"] }]\n\
                 [[faults]]\nkind = \"metrics-outage\"\nat = \"61s\"\nduration = \"10m\"\n";
    let gate = "analysis_run = {}\ncount = 50\ninitial_delay = \"20s\"\n";
    let run = run_events(&analysed(gate, steps));
    let first = times(&run, "gate-error", "cannot be asked")[0];
    let back = times(&run, "rollback-started", "errors")[0];
    assert_eq!(back - first, 40.0);
}

/// Feature 10: in the background an analysis measures before there is a canary: those looks pass on
/// what the stable pods answered.
#[test]
fn background_analysis_begins_before_the_canary() {
    for (starting, begin) in [(0, 0.0), (1, 10.0)] {
        let steps = format!(
            "steps = [{{ set_weight = 50 }}, {{ pause = \"1m\" }}]\nanalysis = [\"errors\"]\n\
             starting_step = {starting}\n[release]\nerror_rate = 0.5\n"
        );
        let text = analysed("analysis_run = {}\nscope = \"service\"\n", &steps);
        let run = run_events(&text.replace("interval = \"20s\"", "interval = \"5s\""));
        assert_eq!(run.outcome.name(), "rolled-back");
        let canary = when(&run, |event| event.available[1] > 0).expect("there was one");
        let failed = times(&run, "gate-failed", "errors")[0];
        assert!(failed > canary, "{failed}");
        let look = (failed - begin) / 5.0 + 1.0;
        assert_eq!(times(&run, "gate-failed", &format!("look {look}:")), [failed]);
    }
}

/// Feature 12: ten pods: the first reconcile takes two of the old ones away, before any new one
/// exists.
#[test]
fn capacity_goes_down_first() {
    let run = quiet(&format!("{ROLLING}steps = [{{ set_weight = 20 }}, {{ pause = \"1m\" }}]\n"));
    let scaled = run.events.iter().find(|event| event.event == "scaled").expect("one");
    assert_eq!((scaled.desired[0], scaled.desired[1]), (8, 0));
    assert_eq!(available_at_least(&run), 8);
}

/// Feature 16: with a router the stable side stays whole: a weight of 100 is twice the pods.
#[test]
fn a_routed_canary_needs_twice_the_pods() {
    let steps = "routing = \"weighted\"\nsteps = [{ set_weight = 100 }, { pause = \"1m\" }]\n";
    assert_eq!(peak(&quiet(&format!("{ROLLING}{steps}")), false), 20);
    let steps = "routing = \"weighted\"\ndynamic_stable_scale = true\n\
                 steps = [{ set_weight = 50 }, { pause = \"1m\" }]\n";
    let run = quiet(&format!("{ROLLING}{steps}"));
    assert_eq!(peak(&run, false), 15, "ten, then five of them for five canaries, then ten");
    let blue_green = "[strategies.one]\nkind = \"argo-blue-green\"\n";
    assert_eq!(peak(&quiet(blue_green), false), 20);
}

/// Feature 17: the weight follows the canary's pods; the stable side shrinks when its weight has
/// gone.
#[test]
fn weights_wait_for_pods_and_pods_for_weights() {
    let steps = "routing = \"weighted\"\ndynamic_stable_scale = true\nreconcile = \"1s\"\n\
                 steps = [{ set_weight = 50 }, { pause = \"1m\" }]\n";
    let run = quiet(&format!("{ROLLING}{steps}"));
    let weight = times(&run, "weight-set", "50 %")[0];
    assert_eq!(when(&run, |event| event.available[1] == 5), Some(10.0));
    assert_eq!(weight, 10.0);
    assert_eq!(when(&run, |event| event.desired[0] == 5), Some(11.0), "one reconcile later");
}

/// Feature 18: with a stable side that shrank the weight goes back as its pods come; without, at
/// once.
#[test]
fn an_abort_takes_what_the_stable_side_lets_it() {
    let at_once = "routing = \"weighted\"\nsteps = [{ set_weight = 80 }, { pause = \"forever\" }]\n\
                   [[operator]]\nat = \"2m\"\naction = \"rollback\"\n";
    let run = quiet(&format!("{ROLLING}{at_once}"));
    assert_eq!(times(&run, "weight-set", "0 % of").last(), Some(&120.0));
    let steps = at_once.replace("steps", "dynamic_stable_scale = true\nsteps");
    let run = quiet(&format!("{ROLLING}{steps}"));
    let back = times(&run, "weight-set", "0 % of");
    assert_eq!(back.last(), Some(&130.0), "ten seconds for the stable pods to start");
    assert!(available_at_least(&run) >= 10);
}

/// Feature 18: a version that loses pods after the switch blocks its own switch-back.
#[test]
fn a_broken_version_blocks_its_switch_back() {
    let strategy = "[strategies.one]\nkind = \"argo-blue-green\"\nscale_down_delay = \"1h\"\n\
                    [[operator]]\nat = \"30s\"\naction = \"rollback\"\n";
    let whole = quiet(strategy);
    assert_eq!(times(&whole, "switched", "0 %").last(), Some(&30.0));
    let broken = quiet(&format!(
        "{strategy}[[faults]]\nkind = \"kill\"\nversion = \"new\"\nshare = 0.1\nat = \"20s\"\n\
         duration = \"5m\"\n"
    ));
    let back = times(&broken, "switched", "goes back");
    assert!(back.is_empty() || back[0] >= 320.0, "{back:?}");
}

/// Feature 19: a pause does not run into the deadline; what does is only told, unless it aborts.
#[test]
fn a_missed_deadline_only_tells() {
    let pause = "steps = [{ set_weight = 10 }, { pause = \"30m\" }]\n";
    let run = quiet(&format!("{ROLLING}{pause}"));
    assert_eq!(run.outcome.name(), "completed");
    assert!(times(&run, "deadline-exceeded", "").is_empty());
    let dead = "[release]\nnever_ready = 1.0\n";
    let told = quiet(&format!("{dead}{ROLLING}{pause}"));
    assert_eq!(times(&told, "deadline-exceeded", "").len(), 1);
    assert!(times(&told, "rollback-started", "").is_empty());
    let aborts = quiet(&format!("{dead}{ROLLING}progress_deadline_abort = true\n{pause}"));
    assert_eq!(aborts.outcome.name(), "rolled-back");
    assert!(available_at_least(&aborts) >= 8);
}

/// Feature 20: nothing is stable yet: all pods at once, whatever the weight says.
#[test]
fn a_first_deploy_skips_the_steps() {
    let fenceposts = Fenceposts { max_surge: 3, max_unavailable: 2 };
    let state = basic::State { canary: Set::default(), stable: None, older: 0 };
    let counts = basic::counts(10, 5, fenceposts, state);
    assert_eq!(counts, Counts { canary: 10, stable: 0 });
}

/// Going back after the promotion is a rollout with steps, inside the rollback window without.
#[test]
fn going_back_is_a_rollout_of_its_own() {
    for (window, length) in [("", 150.0), ("rollback_revisions = 1\n", 30.0)] {
        let run = quiet(&format!(
            "{ROLLING}steps = [{{ set_weight = 50 }}, {{ pause = \"2m\" }}]\n{window}\
             [[operator]]\nat = \"5m\"\naction = \"rollback\"\n"
        ));
        assert_eq!(run.outcome.name(), "rolled-back", "{window}");
        let length_is = run.duration.as_secs_f64() - 300.0;
        assert!((length_is - length).abs() < 31.0, "{window}{length_is}");
    }
}

/// A query is not interpreted: the gate that stands for it has its rhythm and its limit from the
/// template, unless it has its own.
#[test]
fn gates_stand_for_what_templates_query() {
    let text = |argo: &str, more: &str| {
        format!(
            "[traffic]\nrate = 100\n[gates.once]\nargo = \"{argo}\"\nmetric = \"error-rate\"\n\
             scope = \"new\"\n{more}[strategies.one]\nmanifest = [\"scenarios/argo/rollout.yaml\", \
             \"scenarios/argo/analysis.yaml\"]\nobject = \"basket-pods\"\n"
        )
    };
    let once = text("error-share-once/errors", "");
    let found = variants(&once);
    let Rule::Test(watch) = &found[0].plan.gates[0].rule else { panic!("a gate of others") };
    let seconds = SimDuration::from_secs;
    let control = watch.control;
    assert_eq!((control.interval, control.initial_delay), (seconds(20), seconds(30)));
    assert_eq!((control.count, control.on_no_data), (Some(3), OnNoData::Error));
    assert_eq!(control.analysis_run, Some(AnalysisRun::default()));
    // A tenth of errors is above the template's limit of 2%, and below one of 50%.
    let bad = "[release]\nerror_rate = 0.1\n";
    let outcome = |text: String| run_events(&text).outcome.name();
    assert_eq!(outcome(format!("{once}{bad}")), "rolled-back");
    let own = text("error-share-once/errors", "max = \"50%\"\n");
    assert_eq!(outcome(format!("{own}{bad}")), "completed");
    let unknown = try_variants(&text("error-share/none", "max = 1.0\n"));
    let errors = unknown.expect_err("there is no such metric");
    assert!(errors.contains("R070"), "{errors}");
}

/// Feature 20: one file, two kinds: they differ where Kubernetes and Argo do.
#[test]
fn each_kind_keeps_its_own_arithmetic() {
    let text = scenario(
        "[traffic]\nrate = 0\n[strategies.argo]\nkind = \"argo-canary\"\n\
         [strategies.kubernetes]\nkind = \"rolling\"\n",
    );
    let first = |name: &str| {
        let run = run_named(&text, name);
        let scaled = run.events.iter().find(|event| event.event == "scaled").expect("one");
        (scaled.desired[0], scaled.desired[1])
    };
    assert_eq!((first("argo"), first("kubernetes")), ((8, 0), (10, 3)));
}
