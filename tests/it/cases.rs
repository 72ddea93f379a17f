//! Published cases: what articles, tables and reports say must come out of the shipped scenarios.

use rollsim::units::Version;

use crate::world::{Sample, named, run_events, sample, sample_of, variants};

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
}

/// Seconds from the rollout's start to each event of this name in the first run.
fn times(sample: &Sample, event: &str) -> Vec<f64> {
    let run = &sample.runs[0];
    let events = run.events.iter().filter(|row| row.event == event);
    events.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
}

/// 12 x 2,000 requests/s, 19,200 arrive. Recreate: no capacity until the first starts are done,
/// and everything fails meanwhile. Six of twelve out: half the capacity, 7,200 requests/s too
/// many. One or two out: capacity stays above demand.
#[test]
fn batches_of_an_api_gateway() {
    let text = std::fs::read_to_string(crate::world::shipped("api-gateway.toml"))
        .expect("the scenario is shipped");
    // One replication at a tenth of the size of everything is the same story in less time.
    let small = text.replace("replications = 10", "replications = 1");
    let samples: Vec<Sample> = variants(&small).into_iter().map(sample_of).collect();
    for (name, capacity) in [
        ("one-at-a-time", 11.0 / 12.0),
        ("two-at-a-time", 10.0 / 12.0),
        ("three-at-a-time", 9.0 / 12.0),
        ("six-at-a-time", 0.5),
        ("recreate", 0.0),
    ] {
        let sample = named(&samples, name);
        close(sample.mean("capacity_min"), capacity, 1e-9);
        close(sample.mean("headroom_min"), capacity / 0.8, 1e-9);
    }
    for name in ["one-at-a-time", "two-at-a-time"] {
        close(named(&samples, name).mean("failed_overloaded"), 0.0, 0.0);
    }
    for name in ["surge", "canary", "blue-green"] {
        assert!(named(&samples, name).mean("capacity_min") >= 1.0, "{name}");
    }
    overload_of_half_the_fleet(named(&samples, "six-at-a-time"));
    outage_of_the_whole_fleet(named(&samples, "recreate"));
}

/// While six are out 12,000 of 19,200 requests/s are served: 7,200 a second fail. The first batch
/// is out between the last word of the balancer's lag and the first start.
fn overload_of_half_the_fleet(sample: &Sample) {
    let bins = &sample.runs[0].traffic.bins;
    let within = |index: &usize| (5e9..15e9).contains(&(bins.start_nanos(*index) as f64));
    let out: Vec<usize> = (0..bins.cells().len()).filter(within).collect();
    let failed = |index: &usize| bins.cells()[*index].failed_cause.iter().sum::<u64>();
    let lost: u64 = out.iter().map(failed).sum();
    close(lost as f64 / (out.len() as f64 * bins.width().as_secs_f64()), 7200.0, 150.0);
}

/// While nothing serves, every request fails.
fn outage_of_the_whole_fleet(sample: &Sample) {
    let bins = &sample.runs[0].traffic.bins;
    let lost = bins
        .cells()
        .iter()
        .filter(|bin| bin.requests > 0 && bin.failed_cause.iter().sum::<u64>() == bin.requests);
    assert!(lost.count() as f64 * bins.width().as_secs_f64() > 8.0, "an outage of a whole start");
}

/// At 90% load one instance out of twelve leaves 22,000 for 21,600 requests/s.
#[test]
fn one_lost_instance_at_ninety_percent_load() {
    let samples = sample("origin/headroom.toml");
    for (rate, headroom) in [("19200", 22000.0 / 19200.0), ("21600", 22000.0 / 21600.0)] {
        let name = format!("one-at-a-time rate={rate}");
        close(named(&samples, &name).mean("headroom_min"), headroom, 1e-9);
    }
    let tipped = named(&samples, "one-at-a-time rate=22800");
    assert!(tipped.mean("headroom_min") < 1.0 && tipped.mean("failed_overloaded") > 0.0);
}

/// Six steps of 5 s drain, 10 s deploy and 3 s health check: instance k is done at 18 k seconds.
/// (The source's chart ends at 90 s; its own arithmetic says 108.)
#[test]
fn six_instances_in_place() {
    let samples = sample("origin/in-place.toml");
    let sample = named(&samples, "one-at-a-time");
    assert_eq!(times(sample, "ready"), [18.0, 36.0, 54.0, 72.0, 90.0, 108.0]);
    close(sample.mean("duration_s"), 108.0, 0.0);
    close(sample.mean("capacity_min"), 5.0 / 6.0, 1e-12);
    close(sample.mean("failed"), 0.0, 0.0);
    close(sample.mean("steps"), 6.0, 0.0);
}

#[test]
fn pre_warming_five_minute_starts() {
    let samples = sample("origin/pre-warm.toml");
    close(named(&samples, "one-at-a-time").mean("duration_s"), 3600.0, 0.0);
    close(named(&samples, "pre-warm").mean("duration_s"), 300.0, 0.0);
    close(named(&samples, "pre-warm").mean("capacity_min"), 1.0, 0.0);
}

#[test]
fn ten_servers_one_at_a_time() {
    let samples = sample("origin/ten-servers.toml");
    for least in named(&samples, "one-at-a-time").all("capacity_min") {
        close(least, 0.9, 1e-12);
    }
}

#[test]
fn a_thousand_servers() {
    let samples = sample("origin/thousand-servers.toml");
    let hours = |value: &str| {
        named(&samples, &format!("rolling max_unavailable={value}")).mean("duration_s") / 3600.0
    };
    assert!(hours("1") > 4.0, "{} h", hours("1"));
    assert!(hours("10%") < 0.2, "{} h", hours("10%"));
    // List scheduling (Graham): n E[S] / m <= E[T] <= n E[S] / m + E[max S].
    assert!(hours("1%") > hours("1") / 10.0 && hours("1%") < hours("1") / 10.0 + 0.1);
}

#[test]
fn a_failed_health_check_aborts_in_the_first_batch() {
    let samples = sample("origin/failed-health-check.toml");
    let sample = named(&samples, "two-at-a-time");
    let run = &sample.runs[0];
    assert_eq!(run.outcome.name(), "aborted");
    let last = run.events.iter().last().expect("there are events");
    assert_eq!((last.desired, last.ready), ([4, 2, 0], [4, 0, 0]), "mixed");
    // 1 s of pre-stop, 2 s of boot, then three probes a second apart.
    assert_eq!(times(sample, "aborted"), [5.0]);
    close(sample.mean("duration_s"), 5.0, 0.0);
    close(sample.mean("capacity_min"), 4.0 / 6.0, 1e-12);
}

#[test]
fn a_drain_longer_than_its_timeout_cuts_connections() {
    let samples = sample("origin/drain-timeout.toml");
    let lost =
        |grace: &str| named(&samples, &format!("rolling grace={grace}")).mean("failed_aborted");
    assert!(lost("10s") > lost("30s") && lost("30s") > 0.0);
    close(lost("60s"), 0.0, 0.0);
    // Arrivals of a minute stand at each stop; those older than the grace period end in time.
    close(lost("10s"), 50.0, 12.0);
    close(lost("30s"), 30.0, 10.0);
}

#[test]
fn blue_green_pays_for_a_second_fleet() {
    let samples = sample("origin/blue-green-cost.toml");
    let price = named(&samples, "blue-green").plan.instance_hour;
    // A second fleet standing idle for a month of 720 hours.
    close(12.0 * 720.0 * price, 14_400.0, 1e-6);
    // Spun up for the deploy: twelve instances for a start of 60 s and a bake of 30 s.
    let surge = named(&samples, "blue-green").mean("surge_instance_s");
    close(surge, 12.0 * 90.0, 1.0);
    close(named(&samples, "blue-green").mean("cost"), surge / 3600.0 * price, 1e-9);
    close(named(&samples, "one-at-a-time").mean("surge_instance_s"), 0.0, 1.0);
}

#[test]
fn rolling_back_takes_as_long_as_going_there() {
    let samples = sample("origin/rollback.toml");
    let rolling = named(&samples, "one-at-a-time");
    let blue_green = named(&samples, "blue-green");
    for sample in [rolling, blue_green] {
        assert_eq!(sample.runs[0].outcome.name(), "rolled-back");
    }
    let there = rolling.mean("duration_s") - rolling.mean("rollback_s");
    close(rolling.mean("rollback_s") / there, 1.0, 0.15);
    close(blue_green.mean("rollback_s"), 0.0, 0.0);
}

#[test]
fn draining_one_of_two() {
    let samples = sample("origin/one-of-two.toml");
    close(named(&samples, "one-at-a-time").mean("capacity_min"), 0.5, 0.0);
}

#[test]
fn three_replicas_between_two_and_four() {
    let samples = sample("origin/two-to-four.toml");
    let run = &named(&samples, "rolling").runs[0];
    let after: Vec<_> = run.events.iter().filter(|event| event.at >= run.start).collect();
    let available = after.iter().map(|event| event.available.iter().sum::<u32>());
    assert_eq!(available.min(), Some(2));
    assert_eq!(after.iter().map(|event| event.total).max(), Some(4));
}

#[test]
fn a_weighted_shift() {
    let samples = sample("origin/weighted-shift.toml");
    let sample = named(&samples, "weighted-shift");
    let shares: Vec<(f64, f64)> = [(50.0, 0.1), (130.0, 0.5), (190.0, 1.0)].into();
    let bins = &sample.runs[0].traffic.bins;
    for (at, share) in shares {
        let index = (0..bins.cells().len())
            .find(|&index| bins.start_nanos(index) as f64 / 1e9 >= at)
            .expect("the run covers it");
        let answered = bins.cells()[index].answered;
        let all = answered.iter().sum::<u64>() as f64;
        let new = answered[Version::New.index()] as f64 / all;
        close(new, share, 4.0 * (share * (1.0 - share) / all).sqrt() + 1e-12);
    }
}

/// Durations, minima and maxima of Kubernetes rolling updates with equal starts of 10 s.
#[test]
fn rolling_updates_by_the_table() {
    for (desired, surge, unavailable, rounds, least, most) in [
        (1, "25%", "25%", 1, 1, 2),
        (3, "25%", "25%", 3, 3, 4),
        (4, "25%", "25%", 2, 3, 5),
        (5, "25%", "25%", 2, 4, 7),
        (6, "0%", "17%", 6, 5, 6),
        (10, "25%", "25%", 2, 8, 13),
        (10, "10%", "10%", 5, 9, 11),
        (10, "100%", "0%", 1, 10, 20),
        (12, "1%", "17%", 4, 10, 13),
        (15, "25%", "25%", 3, 12, 19),
        (26, "25%", "25%", 2, 20, 33),
        (95, "25%", "0%", 4, 95, 119),
        (383, "25%", "25%", 3, 288, 479),
        (1000, "1%", "0%", 100, 1000, 1010),
        (1000, "25%", "25%", 2, 750, 1250),
    ] {
        let text = format!(
            "[fleet]\ninstances = {desired}\n[startup]\nboot = \"10s\"\n\
             [readiness]\nperiod = \"0s\"\n[traffic]\nrate = 0\n\
             [simulation]\nreplications = 1\nwarmup = \"0s\"\n\
             [strategies.case]\nkind = \"rolling\"\n\
             max_surge = \"{surge}\"\nmax_unavailable = \"{unavailable}\"\n"
        );
        let run = run_events(&text);
        let case = format!("{desired} at {surge}/{unavailable}");
        close(run.duration.as_secs_f64(), f64::from(rounds) * 10.0, 0.0);
        let available = run.events.iter().map(|event| event.available.iter().sum::<u32>());
        assert_eq!(available.min(), Some(least), "{case}");
        let total = run.events.iter().map(|event| event.total).max();
        assert_eq!(total, Some(most), "{case}");
    }
}

/// Fifteen replicas at 25%/25% whose shutdown takes a minute: 29 exist at once, terminating ones
/// included; where those count against the surge there are never more than 19, and each further
/// batch waits for the last one's minute: 30 + 2 x 90 s instead of 3 x 30 s.
#[test]
fn terminating_instances_count_only_where_asked() {
    for (counts, most, duration) in [("false", 29, 90.0), ("true", 19, 210.0)] {
        let text = format!(
            "[fleet]\ninstances = 15\n[startup]\nboot = \"30s\"\n[readiness]\nperiod = \"0s\"\n\
             [shutdown]\npre_stop = \"60s\"\ngrace = \"60s\"\n[traffic]\nrate = 0\n\
             [simulation]\nreplications = 1\nwarmup = \"0s\"\nsettle = \"5m\"\n\
             [strategies.case]\nkind = \"rolling\"\ncount_terminating = {counts}\n"
        );
        let run = run_events(&text);
        let exist = run.events.iter().map(|event| event.total + event.terminating).max();
        assert_eq!(exist, Some(most), "count_terminating = {counts}");
        close(run.duration.as_secs_f64(), duration, 0.0);
    }
}

/// Requests lost for each replaced instance: its share of the rate times E[(lag - pre_stop)+].
/// With a lag uniform between 10 s and 30 s that is 15 s, 2 s and 0 s for pre-stops of 5 s, 20 s
/// (rounded: 2.5 s) and 30 s.
#[test]
fn the_drain_race() {
    for (pre_stop, expected_s) in [(5.0, 15.0), (20.0, 2.5), (30.0, 0.0)] {
        let (instances, rate) = (40.0, 400.0);
        let text = format!(
            "[fleet]\ninstances = {instances}\n[instance]\nservice_time = \"1ms\"\n\
             [startup]\nboot = \"60s\"\n[readiness]\nperiod = \"0s\"\n\
             [shutdown]\npre_stop = \"{pre_stop}s\"\ngrace = \"60s\"\n\
             [load_balancer]\nlag = {{ dist = \"uniform\", min = \"10s\", max = \"30s\" }}\n\
             [traffic]\nrate = {rate}\n\
             [simulation]\nreplications = 4\nwarmup = \"10s\"\nsettle = \"1m\"\n\
             [strategies.case]\nkind = \"rolling\"\nmax_surge = 1\nmax_unavailable = 0\n"
        );
        let sample = sample_of(variants(&text).remove(0));
        let lost = sample.mean("failed_by_drain_race") / instances;
        close(sample.mean("failed"), sample.mean("failed_by_drain_race"), 0.0);
        // One more endpoint is known while an instance is being replaced.
        let per_instance = rate / (instances + 1.0);
        close(lost, per_instance * expected_s, 0.05 * per_instance * expected_s);
    }
}
