//! Faults: each kind against a closed form or a time line reckoned by hand, and each failure mode
//! as a scenario that hurts with a twin in which the remedy works.

use rollsim::units::Version;

use crate::world::{Sample, named, run_events, sample, sample_of, variants};

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
}

/// Four standard deviations of a count of so many independent events of this probability.
fn spread(count: f64, probability: f64) -> f64 {
    4.0 * (count * probability * (1.0 - probability)).sqrt()
}

/// Ten instances that boot in 20 s, 100 requests/s at even distances, each served in 100 ms.
fn text(rest: &str) -> String {
    const TABLES: [(&str, &str); 6] = [
        ("[fleet]", "instances = 10"),
        ("[instance]", "service_time = \"100ms\""),
        ("[startup]", "boot = \"20s\""),
        ("[readiness]", "period = \"0s\""),
        ("[traffic]", "rate = 100\narrivals = \"uniform\""),
        ("[simulation]", "replications = 1\nwarmup = \"10s\"\nsettle = \"10s\""),
    ];
    let mut text = rest.to_owned();
    for (header, fields) in TABLES {
        if !rest.contains(header) {
            text.push_str(&format!("\n{header}\n{fields}\n"));
        }
    }
    if !rest.contains("[strategies.") {
        text.push_str("\n[strategies.steady]\nkind = \"none\"\nduration = \"3m\"\n");
    }
    text
}

/// The only variant of a scenario; its ledger adds up.
fn one(rest: &str) -> Sample {
    let mut all = variants(&text(rest));
    assert_eq!(all.len(), 1, "one variant");
    let sample = sample_of(all.remove(0));
    check_ledger(&sample);
    sample
}

/// Every failed request is charged to one cause and sent in one phase.
fn check_ledger(sample: &Sample) {
    for metrics in &sample.metrics {
        for family in ["failed_by_", "failed_in_"] {
            let names = rollsim::measure::METRICS.iter().map(|metric| metric.name);
            let parts = names.filter(|name| name.starts_with(family));
            let sum: f64 = parts.filter_map(|name| metrics.get(name)).sum();
            assert_eq!(Some(sum), metrics.get("failed"), "{}: {family}", sample.name);
        }
    }
}

/// Seconds from the rollout's start to each event of this name in the first run.
fn times(sample: &Sample, event: &str) -> Vec<f64> {
    let run = &sample.runs[0];
    let events = run.events.iter().filter(|row| row.event == event);
    events.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
}

/// Four of twelve instances die at 60 s, stay down for two minutes, and boot for 20 s.
#[test]
fn an_outage_of_a_zone() {
    let sample = one("[fleet]\ninstances = 12\nzones = [\"a\", \"b\", \"c\"]\n[[faults]]\n\
                      kind = \"zone-outage\"\nzone = \"b\"\nat = \"1m\"\nduration = \"2m\"\n\
                      [strategies.steady]\nkind = \"none\"\nduration = \"5m\"");
    assert_eq!(times(&sample, "fault-started"), [60.0]);
    assert_eq!(times(&sample, "crashed"), [60.0; 4]);
    assert_eq!(times(&sample, "fault-ended"), [180.0]);
    assert_eq!(times(&sample, "ready"), [200.0; 4]);
    close(sample.mean("capacity_min"), 8.0 / 12.0, 1e-12);
    // A third of capacity is missing for 140 s.
    close(sample.mean("capacity_deficit_s"), 140.0 / 3.0, 1e-9);
    // What was in flight at that moment: a third of the ten requests of 100 ms.
    close(sample.mean("failed_by_injected_fault"), 10.0 / 3.0, 1.0);
    close(sample.mean("failed"), sample.mean("failed_aborted"), 0.0);
    let story = sample.runs[0].events.iter().find(|row| row.event == "fault-started");
    assert_eq!(
        story.map(|row| row.detail).as_deref(),
        Some("zone-outage: processes die and stay down, zone b, for 120 s")
    );
}

/// A rollout cannot start anything in a zone that is down: what it launched there waits.
#[test]
fn starts_in_a_zone_that_is_down_wait() {
    let sample = one("[fleet]\ninstances = 4\nzones = [\"a\", \"b\"]\n[[faults]]\n\
                      kind = \"zone-outage\"\nzone = \"b\"\nat = \"-5s\"\nduration = \"65s\"\n\
                      [strategies.surge]\nkind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 4");
    // The two new ones of zone b boot at 60 s; the old ones there were dead, so they went first.
    assert_eq!(times(&sample, "ready"), [20.0, 20.0, 80.0, 80.0]);
}

/// A fault without end keeps its instances for ever; the rollout stalls and says so.
#[test]
fn what_never_comes_back_stalls_the_rollout() {
    let sample = one("[readiness]\nperiod = \"0s\"\ndeadline = \"1m\"\n[[faults]]\n\
                      kind = \"kill\"\nversion = \"new\"\n\
                      [strategies.one]\nkind = \"rolling\"\nmax_unavailable = 1\nmax_surge = 0");
    assert_eq!(sample.runs[0].outcome.name(), "stalled");
    close(sample.mean("duration_s"), 61.0, 0.0);
}

#[test]
fn crashes_at_once_and_by_chance() {
    let sample = one("[[faults]]\nkind = \"instance-crash\"\ncount = \"15%\"\nat = \"90s\"");
    assert_eq!(times(&sample, "crashed"), [90.0; 2], "1.5 of ten, rounded up");
    assert_eq!(times(&sample, "ready"), [110.0; 2], "restarted at once");
    // Two crashes an hour and instance: 100 instances crash 200 times in an hour on average; a
    // process cannot crash while it boots, which is 20 s of 1800.
    let sample = one("[fleet]\ninstances = 100\n[traffic]\nrate = 0\n\
                      [[faults]]\nkind = \"instance-crash\"\nrate = 2.0\nduration = \"1h\"\n\
                      [strategies.steady]\nkind = \"none\"\nduration = \"2h\"");
    let crashes = times(&sample, "crashed");
    close(crashes.len() as f64, 200.0, 4.0 * 200f64.sqrt());
    assert!(crashes.iter().all(|&at| at < 3600.0));
}

/// A quarter of twelve die for 30 s and boot in 20 s.
#[test]
fn a_share_is_killed() {
    let sample = one("[fleet]\ninstances = 12\n[[faults]]\nkind = \"kill\"\nshare = \"25%\"\n\
                      at = \"10s\"\nduration = \"30s\"");
    assert_eq!(times(&sample, "crashed"), [10.0; 3]);
    assert_eq!(times(&sample, "ready"), [60.0; 3]);
    close(sample.mean("capacity_min"), 0.75, 1e-12);
}

/// One instance answers nothing from 60 s to 70 s. Requests are sent every 100 ms from 50 ms on,
/// take 100 ms, and are waited for 2 s: those sent from 59.95 s (still in service) to 68.05 s
/// (answered at 70.15 s) are not answered in time, 82 of them.
#[test]
fn a_hang_answers_when_it_is_over() {
    let fault = "[fleet]\ninstances = 1\n[instance]\nslots = 200\nservice_time = \"100ms\"\n\
                 [[faults]]\nkind = \"hang\"\nat = \"60s\"\nduration = \"10s\"\n";
    let traffic = |timeout: &str| {
        format!("[traffic]\nrate = 10\narrivals = \"uniform\"\ntimeout = \"{timeout}\"\n")
    };
    for policy in ["round-robin", "least-requests"] {
        let balancer = format!("[load_balancer]\npolicy = \"{policy}\"\n");
        let sample = one(&format!("{balancer}{fault}{}", traffic("2s")));
        close(sample.mean("failed_timeout"), 82.0, 0.0);
        close(sample.mean("failed_by_injected_fault"), 82.0, 0.0);
        close(sample.mean("capacity_min"), 0.0, 0.0);
        let patient = one(&format!("{balancer}{fault}{}", traffic("1m")));
        close(patient.mean("failed"), 0.0, 0.0);
    }
    // Its probe waits longer than a second and fails three times: unready until it answers.
    let probed = one(&format!("[readiness]\nperiod = \"2s\"\n{fault}{}", traffic("1m")));
    assert_eq!(times(&probed, "unready"), [66.0]);
    assert_eq!(times(&probed, "ready"), [70.0]);
    // A liveness probe has the process restarted, which does not hang: back after a boot.
    let liveness = "[liveness]\ninitial_delay = \"30s\"\nperiod = \"1s\"\n";
    let restarted = one(&format!("{liveness}{fault}{}", traffic("1m")));
    assert_eq!(times(&restarted, "crashed"), [63.0]);
    assert_eq!(times(&restarted, "ready"), [83.0]);
}

/// Rates combine as 1 - (1 - a)(1 - b), whoever is to blame; the release is blamed first.
#[test]
fn errors_combine() {
    let sample = one("[traffic]\nrate = 1000\n[release]\nerror_rate = 0.2\n\
                      [[faults]]\nkind = \"errors\"\nrate = 0.5\n[[faults]]\n\
                      kind = \"errors\"\nrate = 0.2\nversion = \"new\"\n\
                      [strategies.recreate]\nkind = \"recreate\"\n\
                      [simulation]\nreplications = 1\nwarmup = \"10s\"\nsettle = \"2m\"");
    let exposed = sample.mean("exposed_requests");
    close(sample.mean("exposed_failures"), exposed * 0.68, spread(exposed, 0.68));
    close(sample.mean("failed_by_bad_release"), exposed * 0.2, spread(exposed, 0.2));
    close(sample.mean("failed_by_injected_fault"), exposed * 0.48, spread(exposed, 0.48));
}

/// The same requests fail in every variant, and in both data planes.
#[test]
fn the_same_requests_fail_whatever_the_balancer() {
    let lost = |policy: &str| {
        one(&format!(
            "[[faults]]\nkind = \"errors\"\nrate = 0.1\n[load_balancer]\npolicy = \"{policy}\""
        ))
        .mean("failed")
    };
    assert!(lost("random") > 1000.0);
    assert_eq!(lost("random"), lost("least-requests"));
    assert_eq!(lost("random"), lost("round-robin"));
}

#[test]
fn slower_services_are_less_capacity() {
    let sample = one("[[faults]]\nkind = \"latency\"\nfactor = 2.0\nat = \"1m\"");
    close(sample.mean("capacity_min"), 0.5, 1e-9);
    close(sample.mean("latency_p95_s"), 0.2, 0.002);
    let sample = one("[[faults]]\nkind = \"capacity-loss\"\nloss = \"25%\"\n\
                      [[faults]]\nkind = \"capacity-loss\"\nloss = \"20%\"\nshare = \"50%\"");
    close(sample.mean("capacity_min"), 0.75 * (0.5 + 0.5 * 0.8), 1e-9);
    close(sample.mean("failed"), 0.0, 0.0);
}

/// 100 requests/s for 3 min and 10 s, and 50 more a second for two minutes.
#[test]
fn a_spike_sends_more() {
    let sample = one("[[faults]]\nkind = \"traffic-spike\"\nfactor = 1.5\nat = \"1m\"\n\
                      duration = \"2m\"");
    close(sample.mean("requests"), 190.0 * 100.0 + 120.0 * 50.0, 1.0);
}

/// Boots that begin before 30 s take three times 20 s; the next batch's are as ever.
#[test]
fn slow_starts() {
    let sample = one("[[faults]]\nkind = \"slow-start\"\nfactor = 3.0\nduration = \"30s\"\n\
                      [strategies.halves]\nkind = \"rolling\"\nmax_unavailable = 5\nmax_surge = 0");
    let ready = times(&sample, "ready");
    assert_eq!(ready[..5], [60.0; 5]);
    assert!(ready[5..].iter().all(|&at| (at - 80.0).abs() < 0.2), "{ready:?}");
}

/// A download of 10 s: cut off at 5 s, begun anew at the end; launched meanwhile, begun then.
#[test]
fn an_outage_of_the_registry() {
    let sample = one("[startup]\npull = \"10s\"\nboot = \"20s\"\n[[faults]]\n\
                      kind = \"registry-outage\"\nat = \"5s\"\nduration = \"5m\"\n\
                      [strategies.two]\nkind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 2");
    assert_eq!(times(&sample, "booted")[..4], [335.0, 335.0, 365.0, 365.0]);
    close(sample.mean("capacity_min"), 1.0, 0.0);
}

/// The balancer learns 10 s late instead of 2 s; of that a pre-stop of 3 s covers 3 s. It learns
/// of the next instance as late, so ten endpoints are known all along.
#[test]
fn a_slow_balancer() {
    let sample = one("[shutdown]\npre_stop = \"3s\"\n[load_balancer]\nlag = \"2s\"\n\
                      [[faults]]\nkind = \"balancer-lag\"\nfactor = 5.0\n\
                      [strategies.one]\nkind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 1");
    let lost = sample.mean("failed_by_drain_race");
    close(lost, 10.0 * 7.0 * 10.0, 0.05 * 700.0);
    close(sample.mean("failed"), lost, 0.0);
}

/// A release that never gets ready stalls at once; where probes are blind it takes everything, and
/// all that it answers are errors.
#[test]
fn blind_probes_let_a_broken_release_through() {
    let rest = "[readiness]\nperiod = \"0s\"\ndeadline = \"1m\"\n[release]\nnever_ready = 1\n\
                [strategies.one]\nkind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 1\n";
    let seeing = one(rest);
    assert_eq!(seeing.runs[0].outcome.name(), "stalled");
    close(seeing.mean("failed"), 0.0, 0.0);
    let blind = one(&format!("{rest}[[faults]]\nkind = \"probe-blind\"\n"));
    assert_eq!(blind.runs[0].outcome.name(), "completed");
    close(blind.mean("failed_by_bad_release"), blind.mean("exposed_requests"), 0.0);
    assert!(blind.mean("exposed_requests") > 1000.0);
}

/// Probes that fail half of the time, with thresholds of one: ready half of the time. Thresholds
/// of three failures and one success: unready 1 of every 1 + 14/2 probes... by the stationary
/// chain, ready 14 of 16 probes.
#[test]
fn flapping_probes() {
    let ready = |thresholds: &str| {
        let sample = one(&format!(
            "[fleet]\ninstances = 100\n[readiness]\nperiod = \"1s\"\n{thresholds}\n\
             [[faults]]\nkind = \"probe-flap\"\nrate = 0.5\nat = \"-10s\"\n\
             [strategies.steady]\nkind = \"none\"\nduration = \"10m\""
        ));
        let states = &sample.runs[0].states;
        let ready: u128 = states.cells().iter().map(|bin| bin.ready[0]).sum();
        let covered: u64 = states.cells().iter().map(|bin| bin.covered).sum();
        ready as f64 / covered as f64 / 100.0
    };
    close(ready("failure_threshold = 1"), 0.5, 0.02);
    // From ready, three failures in a row take 2 + 4 + 8 = 14 probes on average; back takes 2.
    close(ready("failure_threshold = 3"), 14.0 / 16.0, 0.02);
}

/// While k = 5 boots run, services take 1 + 5 x 0.1 times as long.
#[test]
fn boots_press_on_their_zone() {
    let sample = one("[[faults]]\nkind = \"resource-pressure\"\n\
                      [strategies.five]\nkind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 5");
    close(sample.mean("capacity_min"), 1.0 / 1.5, 1e-9);
}

/// Ten old and ten new instances of 19 connections ask for 380 of 237 from the first boots until
/// the old ones are gone: 20 s in which 143 of 380 requests fail, on the old version only.
#[test]
fn a_surge_exhausts_the_database() {
    let fault = "[traffic]\nrate = 1000\n[[faults]]\nkind = \"dependency\"\n\
                 connections_per_instance = 19\nlimit = 237\n";
    let surge = |most: &str| {
        one(&format!(
            "{fault}[strategies.surge]\nkind = \"rolling\"\nmax_unavailable = 0\n\
             max_surge = {most}"
        ))
    };
    let share = 143.0 / 380.0;
    let doubled = surge("10");
    close(doubled.mean("failed_by_dependency"), 20_000.0 * share, spread(20_000.0, share) + 50.0);
    close(doubled.mean("failed"), doubled.mean("failed_by_dependency"), 0.0);
    // Twelve processes hold 228.
    close(surge("1").mean("failed"), 0.0, 0.0);
}

/// With half of the fleet cold 550 of 1,000 requests/s are misses, and the origin answers 200: it
/// fails 350 a second at first. One cold instance of ten makes 180 misses.
#[test]
fn cold_caches_overload_their_origin() {
    let fault = "[traffic]\nrate = 1000\narrivals = \"uniform\"\n[[faults]]\n\
                 kind = \"cold-cache\"\norigin_capacity = 200\nwarm_after = 5000\n";
    let sample =
        one(&format!("{fault}[[faults]]\nkind = \"instance-crash\"\ncount = 5\nat = \"10s\""));
    close(sample.mean("failed_by_dependency").signum(), 1.0, 0.0);
    let second = &sample.runs[0].traffic.seconds;
    // They are back at 30 s; ratios of the first second hold in the next.
    close(second[31].failed as f64, 350.0, 60.0);
    close(second.last().map_or(0, |last| last.failed) as f64, 0.0, 0.0);
    let single = one(&format!("{fault}[[faults]]\nkind = \"instance-crash\"\ncount = 1"));
    close(single.mean("failed_by_dependency"), 0.0, 0.0);
}

/// A gate that sees nothing lets a bad release through where that passes, and rolls a good one
/// back where that fails.
#[test]
fn gates_are_blind_in_an_outage_of_metrics() {
    let ends = |error_rate: &str, on_no_data: &str, faults: &str| {
        let sample = one(&format!(
            "{faults}[release]\nerror_rate = {error_rate}\n[gates.errors]\n\
             metric = \"error-rate\"\nmax = \"1%\"\non_no_data = \"{on_no_data}\"\n\
             [strategies.canary]\nkind = \"canary\"\n\
             steps = [{{ weight = \"20%\", pause = \"2m\", gates = [\"errors\"] }}]"
        ));
        sample.runs[0].outcome.name()
    };
    let outage = "[[faults]]\nkind = \"metrics-outage\"\nduration = \"5m\"\n";
    assert_eq!(ends("0.1", "pass", ""), "rolled-back");
    assert_eq!(ends("0.1", "pass", outage), "completed");
    assert_eq!(ends("0.0", "fail", ""), "completed");
    assert_eq!(ends("0.0", "fail", outage), "rolled-back");
}

/// Nothing that a user feels; whoever asks for metrics meanwhile has none.
#[test]
fn an_outage_of_metrics_is_told_and_harms_nobody() {
    let sample = one("[[faults]]\nkind = \"metrics-outage\"\nat = \"1m\"\nduration = \"30s\"");
    assert_eq!(times(&sample, "fault-started"), [60.0]);
    assert_eq!(times(&sample, "fault-ended"), [90.0]);
    close(sample.mean("failed"), 0.0, 0.0);
}

/// Half way to the second version a third takes over, and nothing of the second is left.
#[test]
fn a_rollout_overtakes_another() {
    let sample = one("[[faults]]\nkind = \"overlapping-rollout\"\nat = \"50s\"\n\
                      [strategies.two]\nkind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 2");
    assert_eq!(times(&sample, "rollout-started"), [0.0, 50.0]);
    assert_eq!(sample.runs[0].outcome.name(), "completed");
    let last = sample.runs[0].events.iter().last().expect("there are events");
    assert_eq!(last.available, [0, 0, 10]);
}

/// A fault of probability one half happens in half of the runs, in the same ones for all variants.
#[test]
fn some_faults_only_may_happen() {
    let text = text(
        "[simulation]\nreplications = 200\nwarmup = \"1s\"\nsettle = \"0s\"\n\
         [traffic]\nrate = 0\n[[faults]]\nkind = \"kill\"\nprobability = 0.5\nduration = \"1s\"\n\
         [strategies.a]\nkind = \"none\"\nduration = \"5s\"\n\
         [strategies.b]\nkind = \"rolling\"",
    );
    let happened: Vec<Vec<bool>> = variants(&text)
        .into_iter()
        .map(|variant| {
            let runs = sample_of(variant).runs;
            let is_hit =
                |run: &rollsim::sim::Run| run.events.iter().any(|row| row.event == "fault-started");
            runs.iter().map(is_hit).collect()
        })
        .collect();
    assert_eq!(happened[0], happened[1]);
    let count = happened[0].iter().filter(|&&hit| hit).count() as f64;
    close(count, 100.0, spread(200.0, 0.5));
}

/// A run without the fault's moment in it is the run without the fault, to the last bit.
#[test]
fn a_fault_that_does_not_happen_changes_nothing() {
    let rest = "[traffic]\nrate = 300\n[strategies.roll]\nkind = \"rolling\"\n";
    let plain = run_events(&text(rest));
    let idle = run_events(&text(&format!(
        "{rest}[[faults]]\nkind = \"kill\"\nprobability = 0\n[[faults]]\nkind = \"latency\"\n\
         factor = 9.0\nat = \"1h\"\n"
    )));
    assert!(plain.traffic == idle.traffic && plain.observed == idle.observed);
    assert_eq!(plain.events, idle.events);
}

// The failure modes, each with its twin.

fn only(name: &str) -> Sample {
    let mut samples = sample(&format!("faults/{name}.toml"));
    assert_eq!(samples.len(), 1, "{name}");
    let sample = samples.remove(0);
    check_ledger(&sample);
    sample
}

/// F1. 1,920 requests/s meet half of 2,400: 720 a second fail, until the end or for the minute
/// until the deadline and the 10 s of a boot.
#[test]
fn f1_a_crash_loop() {
    let (hurts, back) = (only("crash-loop"), only("crash-loop-rolled-back"));
    assert_eq!(hurts.runs[0].outcome.name(), "unfinished");
    assert_eq!(back.runs[0].outcome.name(), "rolled-back");
    close(hurts.mean("failed_by_overload"), 720.0 * 360.0, 720.0 * 3.0);
    close(back.mean("failed_by_overload"), 720.0 * 71.0, 720.0);
    assert_eq!(back.all("duration_s"), [71.0; 3]);
    assert_eq!(back.all("rollback_s"), [10.0; 3]);
}

/// F2. A start of 180 s misses a deadline of 120 s, seen a second later; three batches of 180 s
/// meet one of 300 s.
#[test]
fn f2_slow_readiness() {
    let (hurts, patient) = (only("slow-readiness"), only("slow-readiness-patient"));
    assert_eq!(hurts.runs[0].outcome.name(), "rolled-back");
    assert_eq!(times(&hurts, "deadline-exceeded"), [121.0]);
    assert_eq!(patient.runs[0].outcome.name(), "completed");
    close(patient.mean("duration_s"), 540.0, 0.0);
}

/// F3. Of the requests that meet the new version one in twenty fails: everybody's, or a tenth's.
#[test]
fn f3_elevated_errors() {
    let (hurts, remedies) = (only("elevated-errors"), sample("faults/elevated-errors-caught.toml"));
    let paused = named(&remedies, "paused");
    let reverted = named(&remedies, "reverted");
    for sample in [&hurts, paused, reverted] {
        check_ledger(sample);
        let exposed = sample.mean("exposed_requests");
        close(sample.mean("failed"), exposed * 0.05, spread(exposed, 0.05));
        close(sample.mean("failed"), sample.mean("failed_by_injected_fault"), 0.0);
    }
    assert_eq!(paused.runs[0].outcome.name(), "paused");
    let share = |sample: &Sample| sample.mean("exposed_requests") / sample.mean("requests");
    close(share(paused), 0.1 * 120.0 / 140.0, 0.005);
    // The gate looks 15 s after the step's instances are there, sees it, and it is over.
    assert_eq!(reverted.runs[0].outcome.name(), "rolled-back");
    assert_eq!(times(reverted, "gate-failed"), [35.0]);
    close(reverted.mean("exposed_requests"), 15.0 * 50.0, 4.0 * 750f64.sqrt());
    assert!(share(&hurts) > 0.7);
}

/// F4.
#[test]
fn f4_a_latency_spike() {
    let (hurts, paced) = (only("latency-spike"), only("latency-spike-paced"));
    assert!(hurts.mean("latency_p95_ratio") > 2.0 && hurts.mean("failed") > 1000.0);
    assert!(paced.mean("latency_p95_ratio") < 1.2 && paced.mean("failed") < 10.0);
}

/// F5. Instances told to stop lose the sessions they hold; after five more minutes exp(-5) of
/// them are left.
#[test]
fn f5_session_loss() {
    let (hurts, drained) = (only("session-loss"), only("session-loss-drained"));
    assert!(hurts.mean("sessions_lost") > 1000.0);
    let left = rollsim::stats::math::exp(-5.0);
    let mean = hurts.mean("sessions_lost") * left;
    close(drained.mean("sessions_lost"), mean, 4.0 * (mean / 3.0).sqrt());
}

/// F6. Twelve boots leave 1 / 2.2 of 2,400 requests/s to 1,680; two leave 1 / 1.2.
#[test]
fn f6_a_storm_of_starts() {
    let (hurts, throttled) = (only("start-storm"), only("start-storm-throttled"));
    close(hurts.mean("capacity_min"), 1.0 / 2.2, 1e-9);
    let lost = 20.0 * (1680.0 - 2400.0 / 2.2);
    close(hurts.mean("failed_by_overload"), lost, 0.05 * lost);
    close(throttled.mean("capacity_min"), 1.0 / 1.2, 1e-9);
    assert!(throttled.mean("failed") / throttled.mean("requests") < 0.001);
}

/// F7. From 20 s to 200 s the old version has 9, 8, … 1 tenths of the requests for 20 s each: 90 s
/// of the 200 s until the end. A rollout that never mixes, and a change that waits for the last
/// old instance, fail none.
#[test]
fn f7_a_database_break() {
    let samples = sample("faults/schema-break.toml");
    let rolling = named(&samples, "rolling");
    check_ledger(rolling);
    close(rolling.mean("migration_error_rate"), 0.45, 0.005);
    close(rolling.mean("failed"), 90.0 * 200.0, 400.0);
    close(named(&samples, "recreate").mean("migration_error_rate"), 0.0, 0.0);
    let contracted = only("schema-break-contracted");
    close(contracted.mean("migration_error_rate"), 0.0, 0.0);
    close(contracted.mean("failed"), 0.0, 0.0);
}

/// F8.
#[test]
fn f8_sessions_that_cross_versions() {
    let (hurts, sticky) = (only("version-crossing"), only("version-crossing-sticky"));
    assert!(hurts.mean("failed_by_mixed_versions") > 1000.0);
    // A user crosses once, fails with probability 0.2, and may then fail again: 1000 x 0.2 / 0.8.
    close(sticky.mean("failed_by_mixed_versions"), 250.0, 80.0);
    close(sticky.mean("failed"), sticky.mean("failed_by_mixed_versions"), 0.0);
}

/// C15. Ten old and three new instances need 13.6 of 13; one old and ten new just 13.
#[test]
fn c15_a_larger_release_and_its_surge() {
    let (hurts, single) = (only("memory-eviction"), only("memory-eviction-one"));
    let evictions = |sample: &Sample| {
        let events = sample.runs[0].events.iter();
        events.filter(|row| row.detail.starts_with("evicted")).count()
    };
    assert!(evictions(&hurts) > 0 && hurts.mean("capacity_min") < 1.0);
    assert_eq!(evictions(&single), 0);
    close(single.mean("failed"), 0.0, 0.0);
    let most = |sample: &Sample| {
        let ready = sample.runs[0].events.iter().map(|row| row.ready[Version::New.index()]);
        ready.max()
    };
    assert_eq!([most(&hurts), most(&single)], [Some(10); 2]);
}

/// Four instances that boot in 20 s, on a machine each, all to be emptied; this is the budget.
fn drained(budget: &str, rest: &str) -> Sample {
    one(&format!(
        "[fleet]\ninstances = 4\n[[faults]]\nkind = \"node-drain\"\n{budget}\n{rest}\n\
         [strategies.steady]\nkind = \"none\"\nduration = \"3m\""
    ))
}

/// Each next one goes when the replacement of the last is ready, which the drain sees at its next
/// request, every 5 s.
#[test]
fn a_budget_holds_evictions_back() {
    let sample = drained("max_unavailable = 1", "[traffic]\nrate = 0");
    assert_eq!(times(&sample, "retired"), [0.0, 20.0, 40.0, 60.0]);
    assert_eq!(times(&sample, "eviction-refused"), [0.0, 20.0, 40.0]);
    assert_eq!(times(&sample, "fault-ended"), [60.0]);
    close(sample.mean("ready_min"), 0.75, 1e-12);
}

#[test]
fn without_a_budget_replacements_come_too_late() {
    let sample = drained("per_node = 2", "");
    // The second machine follows when the first is empty: when its requests of 100 ms are done.
    let retired = times(&sample, "retired");
    assert_eq!(retired[..2], [0.0, 0.0]);
    assert!(retired[2] > 0.0 && retired[2] <= 0.1, "{retired:?}");
    close(sample.mean("ready_min"), 0.0, 1e-12);
}

#[test]
fn a_budget_without_room_refuses_until_the_drain_is_given_up() {
    let sample = drained("min_available = \"76%\"", "duration = \"1m\"");
    assert_eq!(times(&sample, "retired"), [] as [f64; 0]);
    assert_eq!(times(&sample, "eviction-refused"), [0.0]);
    assert_eq!(times(&sample, "fault-ended"), [60.0]);
    let run = &sample.runs[0];
    let end = run.events.iter().find(|row| row.event == "fault-ended").expect("it is given up");
    assert!(end.detail.ends_with("; 0 evicted, 4 still there"), "{}", end.detail);
    close(sample.mean("failed"), 0.0, 0.0);
}

/// A rollout's own deletions ask no budget, but they use it up: while the rollout has one of four
/// out, nothing may be evicted.
#[test]
fn a_rollout_uses_the_budget_up() {
    let sample = one("[fleet]\ninstances = 4\n[[faults]]\nkind = \"node-drain\"\n\
                      at = \"10s\"\nretry = \"7s\"\nmax_unavailable = 1\nversion = \"old\"\n\
                      [strategies.rolling]\nkind = \"rolling\"\nmax_unavailable = 1\n\
                      max_surge = 0");
    // All four are replaced by the rollout, on other machines, so the drain has nothing to do.
    let run = &sample.runs[0];
    let evicted = run.events.iter().filter(|row| row.detail.starts_with("evicted"));
    assert_eq!(evicted.count(), 0);
    assert_eq!(times(&sample, "fault-ended").len(), 1);
    close(sample.mean("ready_min"), 0.75, 1e-12);
}
