//! The life cycle of instances, to the nanosecond: what the model says must be what the events
//! say.

use crate::world::run_events;

/// The moments of these events in a scenario's only variant, seconds from the rollout's start.
fn moments(scenario: &str, event: &str) -> Vec<f64> {
    let run = run_events(scenario);
    let events = run.events.iter().filter(|row| row.event == event);
    events.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
}

/// A scenario without requests: `instances` and tables that differ.
fn scenario(instances: u32, tables: &str, strategy: &str) -> String {
    format!(
        "[fleet]\ninstances = {instances}\n[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"0s\"\nsettle = \"10m\"\nmax_time = \"2h\"\n\
         {tables}\n[strategies.case]\n{strategy}\n"
    )
}

const SURGE_ALL: &str = "kind = \"rolling\"\nmax_surge = \"100%\"\nmax_unavailable = 0";
const ONE_BY_ONE: &str = "kind = \"rolling\"\nmax_surge = 1\nmax_unavailable = 0";

/// One moment a line: the scenario's tables and strategy, the event, its moments.
fn check(instances: u32, tables: &str, strategy: &str, event: &str, expected: &[f64]) {
    let found = moments(&scenario(instances, tables, strategy), event);
    assert_eq!(found, expected, "{event} under\n{tables}\n{strategy}");
}

#[test]
fn a_start_goes_through_its_stages() {
    let tables = "[startup]\nprovision = \"1s\"\npull = \"2s\"\nboot = \"4s\"\n\
                  [readiness]\nperiod = \"0s\"\nmin_ready = \"8s\"";
    check(1, tables, SURGE_ALL, "booted", &[7.0]);
    check(1, tables, SURGE_ALL, "ready", &[7.0]);
    check(1, tables, SURGE_ALL, "available", &[15.0]);
}

#[test]
fn readiness_is_quantised_from_the_start_of_the_boot() {
    let tables = "[startup]\npull = \"3s\"\nboot = \"11s\"\n\
                  [readiness]\ninitial_delay = \"2s\"\nperiod = \"5s\"\nsuccess_threshold = 2";
    // Ticks at 3 + 2, 7, 12, 17 s: 15 is the first after the boot's end at 14, the second is 20.
    check(1, tables, SURGE_ALL, "ready", &[20.0]);
    // A tick at the very end of the boot succeeds.
    let tables = "[startup]\nboot = \"12s\"\n[readiness]\ninitial_delay = \"2s\"\nperiod = \"5s\"";
    check(1, tables, SURGE_ALL, "ready", &[12.0]);
}

#[test]
fn the_startup_probe_holds_the_others_back() {
    let tables = "[startup]\nboot = \"11s\"\n[readiness]\nperiod = \"5s\"\n\
                  [startup_probe]\nperiod = \"4s\"";
    // The start-up probe passes at 12 s, the readiness probe's next tick is at 15 s.
    check(1, tables, SURGE_ALL, "ready", &[15.0]);
}

#[test]
fn a_probe_that_gives_up_restarts_the_boot() {
    let tables = "[startup]\nboot = { dist = \"list\", values = [\"25s\", \"5s\"] }\n\
                  [readiness]\nperiod = \"0s\"\n\
                  [startup_probe]\nperiod = \"5s\"\nfailure_threshold = 4";
    // Failures at 0, 5, 10 and 15 s; the first restart is at once and takes 5 s.
    check(1, tables, SURGE_ALL, "crashed", &[15.0]);
    check(1, tables, SURGE_ALL, "ready", &[20.0]);
    let tables = tables.replace("startup_probe", "liveness");
    check(1, &tables, SURGE_ALL, "ready", &[20.0]);
}

#[test]
fn boots_contend_within_a_zone() {
    // Two of three boot in zone a at half speed: 20 s; the one in b takes 10 s.
    let tables = "[startup]\nboot = \"10s\"\ncontention = 1.0\n[readiness]\nperiod = \"0s\"";
    let text = scenario(3, tables, SURGE_ALL)
        .replace("instances = 3\n", "instances = 3\nzones = [\"a\", \"b\"]\n");
    assert_eq!(moments(&text, "ready"), [10.0, 20.0, 20.0]);
}

#[test]
fn starts_are_limited_in_number() {
    let tables = "[startup]\nboot = \"10s\"\nmax_concurrent = 2\n[readiness]\nperiod = \"0s\"";
    check(5, tables, SURGE_ALL, "ready", &[10.0, 10.0, 20.0, 20.0, 30.0]);
}

#[test]
fn the_cluster_has_only_so_much_room() {
    // One extra place: the second launch waits until the first old instance is gone.
    let tables = "[startup]\nboot = \"10s\"\nsurge_capacity = 1\n[readiness]\nperiod = \"0s\"\n\
                  [shutdown]\npre_stop = \"5s\"";
    let strategy = "kind = \"rolling\"\nmax_surge = 2\nmax_unavailable = 1";
    check(2, tables, strategy, "ready", &[10.0, 15.0]);
}

#[test]
fn crash_loops_back_off() {
    // Crashes 3 s after each boot of 1 s; restarts at once, after 10 s, 20 s, 40 s.
    let tables = "[startup]\nboot = \"1s\"\n[readiness]\nperiod = \"0s\"\nmin_ready = \"5s\"\n\
                  [release]\ncrash_after = \"3s\"\n";
    let found = moments(&scenario(1, tables, SURGE_ALL), "crashed");
    assert_eq!(found[..5], [4.0, 8.0, 22.0, 46.0, 90.0]);
}

#[test]
fn a_failed_start_counts_its_probes() {
    let tables = "[startup]\nboot = \"3s\"\n[readiness]\nperiod = \"2s\"\nstart_attempts = 3\n\
                  [release]\nnever_ready = 1.0";
    // Probes after the boot at 4, 6 and 8 s.
    check(1, tables, SURGE_ALL, "start-failed", &[8.0]);
}

#[test]
fn ready_once_routed() {
    let tables = "[startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"\nuntil = \"routed\"\n\
                  [load_balancer]\nlag = \"4s\"";
    check(1, tables, SURGE_ALL, "routed", &[14.0]);
    check(1, tables, SURGE_ALL, "ready", &[14.0]);
}

#[test]
fn stopping_takes_pre_stop_out_of_the_grace_period() {
    let tables = "[startup]\nboot = \"1s\"\n[readiness]\nperiod = \"0s\"\n\
                  [shutdown]\npre_stop = \"7s\"\ngrace = \"5s\"\n[load_balancer]\nlag = \"2s\"";
    check(1, tables, SURGE_ALL, "retired", &[1.0]);
    check(1, tables, SURGE_ALL, "unrouted", &[3.0]);
    check(1, tables, SURGE_ALL, "terminated", &[6.0]);
}

#[test]
fn drained_first_the_process_is_told_last() {
    let tables = "[startup]\nboot = \"1s\"\n[readiness]\nperiod = \"0s\"\n\
                  [shutdown]\ndrain_first = true\npre_stop = \"3s\"\n[load_balancer]\nlag = \"4s\"";
    // Retired at 1 s, forgotten at 5 s (nothing is in flight), pre-stop until 8 s.
    check(1, tables, SURGE_ALL, "terminated", &[8.0]);
}

#[test]
fn an_instance_still_waiting_goes_at_once() {
    // Eight are launched, two find room; rolling back at the deadline takes the rest at once.
    let tables = "[startup]\nprovision = \"1h\"\n[readiness]\nperiod = \"0s\"\ndeadline = \"1m\"";
    let strategy = format!("{SURGE_ALL}\non_failure = \"rollback\"");
    check(4, tables, &strategy, "rolled-back", &[61.0]);
    check(4, tables, &strategy, "terminated", &[61.0; 4]);
}

#[test]
fn the_deadline_restarts_with_every_progress() {
    let tables = "[startup]\nboot = \"50s\"\n[readiness]\nperiod = \"0s\"\ndeadline = \"60s\"";
    check(4, tables, ONE_BY_ONE, "deadline-exceeded", &[]);
    check(4, tables, ONE_BY_ONE, "completed", &[200.0]);
    let tables = tables.replace("50s", "70s");
    check(4, &tables, ONE_BY_ONE, "deadline-exceeded", &[61.0, 131.0, 201.0, 271.0]);
    check(4, &tables, ONE_BY_ONE, "completed", &[280.0]);
}

#[test]
fn zones_one_after_another() {
    let tables = "[startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"";
    let strategy = "kind = \"rolling\"\norder = \"zone\"\nmax_surge = 0\nmax_unavailable = 2";
    let text = scenario(6, tables, strategy)
        .replace("instances = 6\n", "instances = 6\nzones = [\"a\", \"b\"]\n");
    let run = run_events(&text);
    let zones: Vec<u16> = run
        .events
        .iter()
        .filter(|row| row.event == "retired")
        .filter_map(|row| row.zone.map(|zone| zone.0))
        .collect();
    assert_eq!(zones, [0, 0, 0, 1, 1, 1]);
    let launched = run.events.iter().filter(|row| row.event == "launched");
    assert!(launched.filter_map(|row| row.zone).map(|zone| zone.0).eq([0, 0, 0, 1, 1, 1]));
    // Two at a time in zones of three: 2 + 1, then 2 + 1.
    assert_eq!(run.duration.as_secs_f64(), 40.0);
}

#[test]
fn ordinals_from_the_highest_one_by_one() {
    // A StatefulSet of five with starts of 5 s and stops of 30 s takes 175 s.
    let tables = "[startup]\nboot = \"5s\"\n[readiness]\nperiod = \"0s\"\n\
                  [shutdown]\npre_stop = \"30s\"";
    let strategy = "kind = \"rolling\"\norder = \"ordinal\"";
    let run = run_events(&scenario(5, tables, strategy));
    let retired: Vec<u32> = run
        .events
        .iter()
        .filter(|row| row.event == "retired")
        .filter_map(|row| row.instance.map(|id| id.0))
        .collect();
    assert_eq!(retired, [4, 3, 2, 1, 0]);
    assert_eq!(run.duration.as_secs_f64(), 175.0);
    assert_eq!(run.observed.capacity_min, 0.8);
}

/// Active checks every 2 s, three failures or two successes: a surging instance is up when it is
/// seen ready; one replaced in place needs its successes, and the one that stops is out after
/// three failures.
#[test]
fn active_checks_have_phases() {
    let checks = "[load_balancer]\nhealth_check = { period = \"2s\", timeout = \"2s\", fall = 3, \
                  rise = 2 }";
    let tables = format!(
        "[startup]\nboot = \"5s\"\n[readiness]\nperiod = \"0s\"\n[shutdown]\npre_stop = \"20s\"\n\
         {checks}"
    );
    check(2, &tables, SURGE_ALL, "routed", &[5.0, 5.0]);
    // Checks of instance 0 at even seconds, of instance 1 at odd ones; both stop at 5 s.
    check(2, &tables, SURGE_ALL, "unrouted", &[9.0, 10.0]);
    let in_place = "kind = \"rolling\"\nreplacement = \"in-place\"\nmax_unavailable = 1";
    let tables = tables.replace("pre_stop = \"20s\"", "pre_stop = \"0s\"\ndeploy = \"4s\"");
    // Instance 0 stops at 0 s: failures at 0, 2 and 4 s; back at 9 s: successes at 10 and 12 s.
    let unrouted = moments(&scenario(2, &tables, in_place), "unrouted");
    let routed = moments(&scenario(2, &tables, in_place), "routed");
    assert_eq!((unrouted[0], routed[0]), (4.0, 12.0));
}
