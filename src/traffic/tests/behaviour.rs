//! Mechanisms, one at a time, on traffic simple enough to count by hand.

use super::*;

const OLD: Version = Version::Old;
const NEW: Version = Version::New;

/// A request every 100 ms from 50 ms on, each served in 30 ms, one slot an instance.
fn even() -> DataPlan {
    let mut plan = plan();
    plan.traffic.arrivals = Arrivals::Uniform;
    plan.instance.service_time = Law::Constant(SimDuration::from_millis(30));
    plan.balancer.policy = Policy::RoundRobin;
    plan
}

fn id(index: u32) -> InstanceId {
    InstanceId(index)
}

/// Failed requests by cause and by charge.
fn failures(tally: &Tally) -> Vec<(usize, u64)> {
    let both = tally.failed_cause.iter().chain(&tally.failed_charge);
    both.copied().enumerate().filter(|&(_, count)| count > 0).collect()
}

const fn charged(cause: Cause, charge: Charge, count: u64) -> [(usize, u64); 2] {
    [(cause as usize, count), (Cause::COUNT + charge as usize, count)]
}

/// Ends the run at `seconds` and looks at the window.
fn end(mut plane: DataPlane, seconds: f64) -> TrafficRecord {
    run_until(&mut plane, seconds);
    let record = plane.finish(at(seconds));
    check_sums(&record);
    record
}

#[test]
fn every_request_is_served_on_an_idle_instance() {
    let record = end(fleet(&even(), 1, &[OLD]), 10.0);
    assert_eq!((record.window.requests, record.window.ok), (100, 100));
    assert_eq!(record.window.latency_sum_nanos, 100 * 30_000_000);
    assert_eq!(record.window.answered, [100, 0]);
}

#[test]
fn no_endpoint_fails_at_once() {
    let record = end(fleet(&even(), 1, &[]), 1.0);
    assert_eq!(failures(&record.window), charged(Cause::NoEndpoint, Charge::Overload, 10));
}

#[test]
fn doors_refuse_or_answer_503_and_say_whose_fault_it_is() {
    for (door, charge) in [
        (Door::Closed(Departure::OnPurpose), Charge::DrainRace),
        (Door::Closed(Departure::Crash), Charge::Crash),
        (Door::Unready, Charge::DrainRace),
    ] {
        let mut plan = even();
        plan.balancer.connect_retries = 3;
        let mut plane = fleet(&plan, 1, &[OLD, OLD]);
        plane.set_door(id(0), door, at(0.0));
        let record = end(plane, 1.0);
        if door == Door::Unready {
            // An answer is an answer: nobody tries elsewhere.
            assert_eq!(failures(&record.window), charged(Cause::Refused, charge, 5));
        } else {
            assert_eq!(record.window.ok, 10, "tried on the other instance");
        }
        plan.balancer.connect_retries = 0;
        let mut plane = fleet(&plan, 1, &[OLD, OLD]);
        plane.set_door(id(0), door, at(0.0));
        let record = end(plane, 1.0);
        assert_eq!(failures(&record.window), charged(Cause::Refused, charge, 5), "{door:?}");
    }
}

#[test]
fn without_redispatch_the_same_endpoint_is_tried_a_second_apart() {
    let mut plan = even();
    plan.balancer.connect_retries = 2;
    plan.balancer.redispatch = false;
    plan.traffic.rate = RateCurve::Steps(vec![(at(0.0), 10.0), (at(0.1), 0.0)].into());
    let mut plane = fleet(&plan, 1, &[OLD, OLD]);
    plane.set_door(id(0), Door::Closed(Departure::Crash), at(0.0));
    run_until(&mut plane, 1.5);
    plane.set_door(id(0), Door::Open, at(1.5));
    let record = end(plane, 5.0);
    // Sent at 0.05, refused then and at 1.05, served at 2.05.
    assert_eq!(record.window.ok, 1);
    assert_eq!(record.window.latency_sum_nanos, 2_030_000_000);
}

#[test]
fn a_killed_process_cuts_what_it_holds_and_a_closed_door_does_not() {
    // Ten requests arrive in the first second and take 3 s each, one after another.
    let mut plan = even();
    plan.instance.service_time = Law::Constant(SimDuration::from_secs(3));
    plan.traffic.rate = RateCurve::Steps(vec![(at(0.0), 10.0), (at(1.0), 0.0)].into());
    for (departure, charge) in
        [(Departure::OnPurpose, Charge::DrainRace), (Departure::Crash, Charge::Crash)]
    {
        let mut plane = fleet(&plan, 1, &[OLD]);
        run_until(&mut plane, 2.0);
        assert_eq!(plane.drained_at(id(0), at(2.0)), at(30.05));
        assert_eq!(plane.wait(id(0), at(2.0)), SimDuration::from_millis(28_050));
        plane.set_door(id(0), Door::Closed(Departure::OnPurpose), at(2.0));
        run_until(&mut plane, 9.05);
        // Done at 3.05, 6.05 and, at the very moment of the kill, 9.05.
        plane.kill(id(0), departure, at(9.05));
        assert_eq!(plane.drained_at(id(0), at(9.05)), at(9.05));
        let record = end(plane, 40.0);
        assert_eq!(record.window.ok, 3);
        assert_eq!(failures(&record.window), charged(Cause::Aborted, charge, 7));
    }
}

#[test]
fn cut_requests_are_tried_elsewhere_if_the_balancer_does_that() {
    let mut plan = even();
    plan.instance.service_time = Law::Constant(SimDuration::from_secs(3));
    plan.traffic.rate = RateCurve::Steps(vec![(at(0.0), 10.0), (at(1.0), 0.0)].into());
    plan.balancer.connect_retries = 1;
    plan.balancer.retry_aborted = true;
    let mut plane = fleet(&plan, 1, &[OLD, NEW]);
    run_until(&mut plane, 1.0);
    plane.kill(id(1), Departure::Crash, at(1.0));
    let record = end(plane, 1.0);
    assert_eq!((record.window.ok, record.window.answered), (10, [10, 0]));
    // The five requests cut at 1 s join the queue of five at instance 0: all end 3 s apart.
    assert_eq!(record.window.latency_sum_nanos, {
        let ends: u128 = (1..=10).map(|k| 50_000_000 + 3_000_000_000 * k).sum();
        let sent: u128 = (0..10).map(|k| 50_000_000 + 100_000_000 * k).sum();
        ends - sent
    });
}

#[test]
fn a_client_that_gives_up_leaves_its_work_behind() {
    let mut plan = even();
    plan.traffic.timeout = Some(SimDuration::from_millis(50));
    plan.instance.service_time = Law::Constant(SimDuration::from_millis(99));
    let record = end(fleet(&plan, 1, &[OLD]), 1.0);
    // Never two at a time, so no one waits; yet all take too long.
    assert_eq!(failures(&record.window), charged(Cause::Timeout, Charge::Overload, 10));
    plan.instance.service_time = Law::Constant(SimDuration::from_millis(50));
    assert_eq!(end(fleet(&plan, 1, &[OLD]), 1.0).window.ok, 10, "just in time");
}

#[test]
fn clients_retry_with_growing_waits_until_they_give_up() {
    let mut plan = even();
    plan.traffic.rate = RateCurve::Steps(vec![(at(0.0), 10.0), (at(0.1), 0.0)].into());
    plan.traffic.retries.attempts = 3;
    let mut plane = fleet(&plan, 1, &[OLD]);
    plane.set_door(id(0), Door::Unready, at(0.0));
    run_until(&mut plane, 0.3);
    plane.set_door(id(0), Door::Open, at(0.3));
    let record = end(plane, 1.0);
    // Sent at 0.05, again at 0.15 and 0.35; served then.
    assert_eq!((record.window.ok, record.window.attempts), (1, 3));
    assert_eq!(record.window.latency_sum_nanos, 330_000_000);
    let never = end(fleet(&plan, 1, &[]), 1.0);
    assert_eq!((never.window.requests, never.window.attempts), (1, 4));
    assert_eq!(failures(&never.window), charged(Cause::NoEndpoint, Charge::Overload, 1));
}

#[test]
fn a_retry_after_a_timeout_adds_load() {
    // The instance is busy for 1 s with the first request; the client tries three times.
    let mut plan = even();
    plan.traffic.rate = RateCurve::Steps(vec![(at(0.0), 10.0), (at(0.1), 0.0)].into());
    plan.traffic.timeout = Some(SimDuration::from_millis(100));
    plan.traffic.retries.attempts = 2;
    plan.instance.service_time = Law::Constant(SimDuration::from_secs(1));
    let mut plane = fleet(&plan, 1, &[OLD]);
    run_until(&mut plane, 0.9);
    // Tries at 0.05, 0.25 and 0.55; none is taken back.
    assert_eq!(plane.drained_at(id(0), at(0.9)), at(3.05));
    let record = end(plane, 5.0);
    assert_eq!(failures(&record.window), charged(Cause::Timeout, Charge::Overload, 1));
    assert_eq!(record.window.attempts, 3);
}

#[test]
fn weights_choose_the_version_first() {
    let mut plan = plan();
    plan.instance.slots = 100;
    plan.traffic.rate = RateCurve::Constant(1000.0);
    let mut plane = fleet(&plan, 1, &[OLD, NEW, NEW, NEW]);
    plane.set_split(Split::Weighted(share(0.1)), at(0.0));
    let [old, new] = end(plane, 20.0).window.answered;
    // 4 standard deviations of a binomial count: 4 sqrt(20000 x 0.09) = 170.
    assert!(new.abs_diff((old + new) / 10) < 170, "{old} {new}");
    let mut plane = fleet(&plan, 1, &[OLD, OLD]);
    plane.set_split(Split::Weighted(share(1.0)), at(0.0));
    assert_eq!(end(plane, 1.0).window.answered[1], 0, "the other version where there is none");
}

#[test]
fn growing_cohorts_only_add_users() {
    // As shares grow, the new version's requests are a superset of what they were.
    let mut plan = plan();
    plan.instance.slots = 100;
    plan.traffic.users = 50;
    plan.traffic.rate = RateCurve::Constant(100.0);
    let mut last = 0;
    for percent in [0.0, 0.2, 0.4, 0.6, 1.0] {
        let mut plane = fleet(&plan, 1, &[OLD, NEW]);
        plane.set_split(Split::Cohort(share(percent)), at(0.0));
        let record = end(plane, 30.0);
        let new = record.window.answered[1];
        assert!(new >= last, "{new} at {percent}");
        last = new;
        let expected = percent * record.window.requests as f64;
        // 50 users: a share of theirs has a standard deviation of at most 0.071.
        assert!((new as f64 - expected).abs() < 0.3 * record.window.requests as f64);
    }
    assert_eq!(last, end(fleet(&plan, 1, &[OLD, NEW]), 30.0).window.requests);
}

#[test]
fn a_dead_endpoint_attracts_the_least_requests_policy() {
    let mut plan = plan();
    plan.balancer.policy = Policy::LeastRequests;
    plan.instance.slots = 64;
    plan.traffic.rate = RateCurve::Constant(1000.0);
    let mut plane = fleet(&plan, 1, &[OLD; 10]);
    run_until(&mut plane, 2.0);
    plane.kill(id(9), Departure::Crash, at(2.0));
    let record = end(plane, 10.0);
    let refused = record.window.failed_cause[Cause::Refused as usize];
    // Its fair share of the 8000 requests since would be 800. It gets all that come while every
    // other instance holds one, so the nine others serve at most 9 / 50 ms = 180/s.
    assert!(refused > 6000, "{refused}");
}

#[test]
fn sessions_stay_while_their_instance_drains_and_are_lost_with_it() {
    let mut plan = even();
    plan.traffic.users = 4;
    plan.traffic.session_share = Ratio::ONE;
    plan.traffic.session_length = Law::Constant(SimDuration::from_secs(1000));
    let mut plane = fleet(&plan, 1, &[OLD, NEW]);
    run_until(&mut plane, 10.0);
    plane.set_door(id(0), Door::Stopping, at(10.0));
    plane.unroute(id(0), at(10.0));
    run_until(&mut plane, 20.0);
    let mut split = fleet(&plan, 1, &[OLD, NEW]);
    run_until(&mut split, 20.0);
    assert_eq!(plane.drained_at(id(0), at(20.0)), split.drained_at(id(0), at(20.0)));
    plane.set_door(id(0), Door::Closed(Departure::OnPurpose), at(20.0));
    let record = end(plane, 30.0);
    assert_eq!((record.window.ok, record.sessions_lost), (300, 2));
    assert_eq!(record.sessions, 6, "four, and two again");
    assert!(record.window.answered[0] > 60, "still served while draining");
}

#[test]
fn errors_of_a_session_that_crosses_versions() {
    let mut plan = even();
    plan.traffic.users = 10;
    plan.traffic.session_share = Ratio::ONE;
    plan.traffic.session_length = Law::Constant(SimDuration::from_secs(1000));
    plan.release.mixed_error_rate = Ratio::ONE;
    let mut plane = fleet(&plan, 1, &[OLD, NEW]);
    plane.unroute(id(1), at(0.0));
    run_until(&mut plane, 50.0);
    plane.route(id(1), at(50.0));
    plane.unroute(id(0), at(50.0));
    plane.kill(id(0), Departure::OnPurpose, at(50.0));
    let record = end(plane, 100.0);
    assert_eq!(failures(&record.window), charged(Cause::Error, Charge::MixedVersions, 10));
    assert_eq!(record.window.answered_error, [0, 10]);
}

#[test]
fn the_balancers_queue_is_one_for_all() {
    let mut plan = even();
    plan.instance.slots = 10;
    plan.instance.service_time = Law::Constant(SimDuration::from_millis(250));
    plan.balancer.max_connections = Some(1);
    let record = end(fleet(&plan, 1, &[OLD, OLD]), 1.0);
    // Two at a time, first come first served: the k-th pair ends at (k + 1) x 250 ms after the
    // first two were sent.
    assert_eq!(record.window.ok, 10);
    let ends = |k: u128| 50 + 100 * (k % 2) + 250 * (k / 2 + 1);
    let expected: u128 = (0..10).map(|k| ends(k) - (50 + 100 * k)).sum();
    assert_eq!(record.window.latency_sum_nanos, expected * 1_000_000);
    plan.balancer.queue_timeout = Some(SimDuration::from_millis(100));
    let record = end(fleet(&plan, 1, &[OLD, OLD]), 1.0);
    let overloaded = record.window.failed_cause[Cause::Overloaded as usize];
    // Only the seventh, sent at 650 ms, finds no slot by 750: the next frees at 800. Three are
    // served at the very moment their wait would end.
    assert_eq!((overloaded, record.window.ok), (1, 9));
}

#[test]
fn an_endpoint_that_keeps_failing_is_left_out_for_a_while() {
    let mut plan = even();
    plan.release.error_rate = Ratio::ONE;
    plan.balancer.outlier =
        Some(OutlierPlan { errors: 3, eject: SimDuration::from_secs(2), max_ejected: share(0.5) });
    let mut plane = fleet(&plan, 1, &[OLD, NEW]);
    let mut ejected = Vec::new();
    while let Some(Signal::Ejected { instance, at }) = plane.advance(at(6.0)) {
        ejected.push((instance.0, at.as_nanos() / 1_000_000));
    }
    // It is sent every second request from 150 ms on; the third ends at 580 ms. Back at 2580, it
    // gets the next request or the one after, and a single failure is enough.
    assert_eq!(ejected[0], (1, 580));
    assert_eq!(ejected.len(), 3, "{ejected:?}");
    assert!(ejected[1].1 > 2580 && ejected[1].1 < 2800, "{ejected:?}");
    let record = end(plane, 6.0);
    assert_eq!(failures(&record.window), charged(Cause::Error, Charge::BadRelease, 5));
}

#[test]
fn slow_start_begins_at_a_sixteenth() {
    for policy in [Policy::Random, Policy::RoundRobin, Policy::PowerOfTwo, Policy::LeastRequests] {
        let mut plan = plan();
        plan.instance.slots = 64;
        plan.balancer.policy = policy;
        plan.balancer.slow_start = SimDuration::from_secs(10);
        plan.traffic.rate = RateCurve::Constant(1000.0);
        let mut plane = fleet(&plan, 1, &[OLD, OLD, OLD, NEW]);
        plane.unroute(id(3), at(0.0));
        run_until(&mut plane, 1.0);
        plane.route(id(3), at(1.0));
        let first = |mut plane: DataPlane, until: f64| {
            run_until(&mut plane, until);
            let bins = plane.finish(at(until)).bins;
            let recent = bins.cells().iter().skip(4);
            let sums = recent
                .fold([0, 0], |sum, bin| [sum[0] + bin.answered[0], sum[1] + bin.answered[1]]);
            sums[1] as f64 / (sums[0] + sums[1]) as f64
        };
        let share = first(plane, 2.0);
        // A weight of 1/16 beside three of 1; power-of-two and least-requests look at load too.
        let range = match policy {
            Policy::Random | Policy::RoundRobin => 0.010..0.035,
            Policy::PowerOfTwo => 0.010..0.07,
            Policy::LeastRequests => 0.010..0.06,
        };
        assert!(range.contains(&share), "{policy:?}: {share}");
    }
}

#[test]
fn a_watch_tells_once_of_an_endpoint_where_waits_are_long() {
    let mut plan = even();
    plan.instance.service_time = Law::Constant(SimDuration::from_millis(180));
    let mut plane = fleet(&plan, 1, &[OLD]);
    plane.watch(SimDuration::from_millis(100));
    // Waits grow by 80 ms a request: 0, 80, 160 at the third, sent at 250 ms.
    let told = Some(Signal::Overloaded { instance: id(0), at: at(0.25) });
    assert_eq!(plane.advance(at(1.0)), told);
    assert_eq!(plane.wait(id(0), at(0.25)), SimDuration::from_millis(340));
    assert_eq!(plane.advance(at(1.0)), None);
    plane.watch_again(id(0));
    let told = Some(Signal::Overloaded { instance: id(0), at: at(1.05) });
    assert_eq!(plane.advance(at(2.0)), told);
}

#[test]
fn warming_slows_what_starts_then_and_is_charged_for_it() {
    let mut plan = even();
    plan.traffic.timeout = Some(SimDuration::from_millis(50));
    let mut plane = fleet(&plan, 1, &[NEW]);
    plane.set_ramp(id(0), Ramp { from: at(0.0), length: SimDuration::from_secs(1), speed: 0.5 });
    let record = end(plane, 1.0);
    // Speed 0.5 + t / 2: 30 ms / speed is more than 50 ms until 0.2 s. The first two are late,
    // the rest is not, though the third waits for nobody.
    assert_eq!(failures(&record.window), charged(Cause::Timeout, Charge::ColdStart, 2));
}
