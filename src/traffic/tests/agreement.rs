//! The two paths agree to the last bit: generated plans and generated histories of the fleet, run
//! on both, compared in everything that the simulation can see.

use proptest::prelude::*;

use super::*;

/// What the simulation does to the plane.
#[derive(Clone, Debug)]
enum Step {
    Install(u32, Version),
    Door(u32, Door),
    Ramp(u32, f64, f64),
    Route(u32),
    Unroute(u32),
    Kill(u32, Departure),
    Split(Split),
    Phase(Phase),
    Shortage(bool),
    Watch(f64),
    WatchAgain(u32),
    Slowness(u32, f64),
    Trouble(u32, Trouble),
    /// For so many seconds.
    Hang(u32, f64),
    Migrating(bool),
    Flag(Ratio),
    Mirror(Ratio),
    Check,
    /// Only looks.
    Look(u32),
}

const INSTANCES: u32 = 5;
/// Length of a history, s.
const LENGTH: f64 = 20.0;

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Old), Just(Version::New)]
}

fn departure() -> impl Strategy<Value = Departure> {
    prop_oneof![Just(Departure::OnPurpose), Just(Departure::Crash), Just(Departure::Fault)]
}

fn ratio() -> impl Strategy<Value = Ratio> {
    prop_oneof![Just(Ratio::ZERO), Just(Ratio::ONE), (0.0f64..1.0).prop_map(share)]
}

fn door() -> impl Strategy<Value = Door> {
    prop_oneof![
        3 => Just(Door::Open),
        1 => departure().prop_map(Door::Closed),
        1 => Just(Door::Unready),
        1 => Just(Door::Stopping),
    ]
}

fn split() -> impl Strategy<Value = Split> {
    prop_oneof![
        Just(Split::ByCount),
        ratio().prop_map(Split::Weighted),
        ratio().prop_map(Split::Cohort),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (0..4u8, ratio(), ratio()).prop_map(|(kind, dependency, injected)| match kind {
        0 => Trouble::NONE,
        1 => Trouble { is_release_broken: true, ..Trouble::NONE },
        _ => Trouble { is_release_broken: false, dependency, injected },
    })
}

/// Some end with other things on the grid, some never.
fn hang() -> impl Strategy<Value = f64> {
    let tenths = (0u32..30).prop_map(|tenths| f64::from(tenths) / 10.0);
    prop_oneof![4 => 0.0f64..3.0, 2 => tenths, 1 => Just(1e12)]
}

fn phase() -> impl Strategy<Value = Phase> {
    prop_oneof![Just(Phase::Baking), Just(Phase::RollingBack), Just(Phase::Settling)]
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..INSTANCES;
    prop_oneof![
        1 => (id.clone(), version()).prop_map(|(id, version)| Step::Install(id, version)),
        3 => (id.clone(), door()).prop_map(|(id, door)| Step::Door(id, door)),
        3 => (id.clone(), 0.01f64..1.0, 0.0f64..5.0)
            .prop_map(|(id, speed, length)| Step::Ramp(id, speed, length)),
        2 => id.clone().prop_map(Step::Route),
        1 => id.clone().prop_map(Step::Unroute),
        2 => (id.clone(), departure()).prop_map(|(id, why)| Step::Kill(id, why)),
        1 => split().prop_map(Step::Split),
        1 => phase().prop_map(Step::Phase),
        1 => any::<bool>().prop_map(Step::Shortage),
        1 => (0.0f64..1.0).prop_map(Step::Watch),
        1 => id.clone().prop_map(Step::WatchAgain),
        2 => (id.clone(), 0.2f64..5.0).prop_map(|(id, factor)| Step::Slowness(id, factor)),
        2 => (id.clone(), trouble()).prop_map(|(id, trouble)| Step::Trouble(id, trouble)),
        2 => (id.clone(), hang()).prop_map(|(id, length)| Step::Hang(id, length)),
        2 => Just(Step::Check),
        1 => any::<bool>().prop_map(Step::Migrating),
        1 => ratio().prop_map(Step::Flag),
        1 => ratio().prop_map(Step::Mirror),
        2 => id.prop_map(Step::Look),
    ]
}

fn rate() -> impl Strategy<Value = RateCurve> {
    let level = || prop_oneof![1 => Just(0.0), 4 => 0.5f64..300.0];
    let points = prop::collection::vec((1u64..10, level()), 1..4).prop_map(|points| {
        let mut time = 0;
        let mut curve = Vec::new();
        for (gap, rate) in points {
            curve.push((at(time as f64), rate));
            time += gap;
        }
        curve
    });
    prop_oneof![
        level().prop_map(RateCurve::Constant),
        points.clone().prop_map(|points| RateCurve::Linear(points.into())),
        points.prop_map(|points| RateCurve::Steps(points.into())),
    ]
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    let bursty = (1.0f64..8.0, 1u64..4000, 1u64..4000).prop_map(|(factor, on, off)| {
        let [on, off] = [on, off].map(SimDuration::from_millis);
        Arrivals::Bursty { factor, on, off }
    });
    prop_oneof![2 => Just(Arrivals::Poisson), 1 => Just(Arrivals::Uniform), 1 => bursty]
}

fn law() -> impl Strategy<Value = Law> {
    let millis = |value: u64| Some(SimDuration::from_millis(value));
    prop_oneof![
        3 => (0.001f64..0.4).prop_map(|mean| Law::Exponential { mean }),
        1 => (0u64..300).prop_map(|millis| Law::Constant(SimDuration::from_millis(millis))),
        1 => (0.0f64..0.4).prop_map(|max| Law::Uniform { min: 0.0, max }),
        // A heavy tail, ties, and a service without end.
        1 => Just(Law::List([millis(1), millis(1), millis(40), millis(5000)].into())),
        1 => Just(Law::List([millis(10), millis(20), None, millis(30), millis(0)].into())),
    ]
}

prop_compose! {
    fn generated_plan()(
        rate in rate(),
        arrivals in arrivals(),
        timeout in prop::option::of((1u64..2000).prop_map(SimDuration::from_millis)),
        slots in 1u32..12,
        queue in 0u32..12,
        service_time in law(),
        policy in prop_oneof![
            Just(Policy::Random), Just(Policy::RoundRobin), Just(Policy::PowerOfTwo)
        ],
        slow_start in prop_oneof![2 => Just(0u64), 1 => 1u64..6000],
        error_rate in ratio(),
        service_time_factor in prop_oneof![Just(1.0), 0.2f64..4.0],
        slow in prop::option::of((1u64..500).prop_map(SimDuration::from_millis)),
    ) -> DataPlan {
        let mut plan = plan();
        plan.traffic.rate = rate;
        plan.traffic.arrivals = arrivals;
        plan.traffic.timeout = timeout;
        plan.instance = InstancePlan { slots, queue, service_time };
        plan.balancer.policy = policy;
        plan.balancer.slow_start = SimDuration::from_millis(slow_start);
        plan.release.error_rate = error_rate;
        plan.release.service_time_factor = service_time_factor;
        plan.slow_threshold = slow;
        plan
    }
}

/// A plan whose arrivals, completions and deadlines all fall on whole multiples of 10 ms, so that
/// they coincide with one another and with what the simulation does.
fn tied_plan() -> impl Strategy<Value = DataPlan> {
    let tens = |most: u64| (0..most).prop_map(|tens| SimDuration::from_millis(10 * tens));
    let services = prop::collection::vec(tens(40).prop_map(Some), 1..5);
    let rate = prop_oneof![Just(10.0), Just(25.0), Just(50.0)];
    (generated_plan(), rate, services, prop::option::of(tens(60))).prop_map(
        |(mut plan, rate, services, timeout)| {
            plan.traffic.rate = RateCurve::Constant(rate);
            plan.traffic.arrivals = Arrivals::Uniform;
            plan.traffic.timeout = timeout;
            plan.instance.service_time = Law::List(services.into());
            plan.release.service_time_factor = 1.0;
            plan
        },
    )
}

/// Moments are drawn finely and, half of the time, on a coarse grid, where they coincide with
/// evenly spaced arrivals and with completions.
fn history() -> impl Strategy<Value = Vec<(SimTime, Step)>> {
    let moment = prop_oneof![
        (0.0f64..LENGTH).prop_map(at),
        (0..(LENGTH * 100.0) as u64).prop_map(|step| at(step as f64 / 100.0)),
    ];
    prop::collection::vec((moment, step()), 0..40).prop_map(|mut steps| {
        steps.sort_by_key(|&(moment, _)| moment);
        steps
    })
}

/// What the simulation sees beside the record.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Signal(Option<Signal>),
    Wait(SimDuration),
    Drained(SimTime),
    Ended(Vec<(usize, Tick)>),
    Taken(u64),
    Check(bool),
}

fn apply(plane: &mut DataPlane, step: &Step, now: SimTime) -> Vec<Seen> {
    match *step {
        Step::Install(id, version) => plane.install(InstanceId(id), version),
        Step::Door(id, door) => plane.set_door(InstanceId(id), door, now),
        Step::Ramp(id, speed, length) => {
            let length = SimDuration::from_secs_f64(length);
            plane.set_ramp(InstanceId(id), Ramp { from: now, length, speed });
        }
        Step::Route(id) => plane.route(InstanceId(id), now),
        Step::Unroute(id) => plane.unroute(InstanceId(id), now),
        Step::Kill(id, departure) => plane.kill(InstanceId(id), departure, now),
        Step::Split(split) => plane.set_split(split, now),
        Step::Phase(phase) => plane.set_phase(phase, now),
        Step::Shortage(is_short) => plane.set_shortage(is_short),
        Step::Watch(threshold) => plane.watch(SimDuration::from_secs_f64(threshold)),
        Step::WatchAgain(id) => plane.watch_again(InstanceId(id)),
        Step::Slowness(id, slowness) => plane.set_slowness(InstanceId(id), slowness),
        Step::Trouble(id, trouble) => plane.set_trouble(InstanceId(id), trouble),
        Step::Hang(id, length) => {
            plane.hang(InstanceId(id), now + SimDuration::from_secs_f64(length), now);
        }
        Step::Flag(share) => plane.set_flag(share),
        Step::Mirror(share) => plane.set_mirror(share),
        Step::Migrating(is_migrating) => plane.set_migrating(is_migrating, now),
        Step::Check => return vec![Seen::Check(plane.check(now, std::iter::empty()))],
        Step::Look(id) => {
            let id = InstanceId(id);
            return vec![
                Seen::Wait(plane.wait(id, now)),
                Seen::Drained(plane.drained_at(id, now)),
                Seen::Taken(plane.taken(id)),
            ];
        }
    }
    Vec::new()
}

/// Runs a history. Now and then a signal is answered as the simulation would: by a kill on the
/// spot.
fn run(mut plane: DataPlane, history: &[(SimTime, Step)]) -> (TrafficRecord, Vec<Seen>) {
    // Half of the histories that raise a flag begin with one that is down.
    let flags = history.iter().filter(|(_, step)| matches!(step, Step::Flag(_))).count();
    if flags % 2 == 1 {
        plane.set_flag(Ratio::ZERO);
    }
    for id in 0..INSTANCES {
        let version = if id % 2 == 0 { Version::Old } else { Version::New };
        plane.install(InstanceId(id), version);
        plane.set_door(InstanceId(id), Door::Open, SimTime::ZERO);
        plane.route(InstanceId(id), SimTime::ZERO);
    }
    let mut seen = Vec::new();
    for (moment, step) in history {
        loop {
            let signal = plane.advance(*moment);
            seen.push(Seen::Signal(signal));
            match signal {
                Some(Signal::Overloaded { instance, at }) if instance.0 == 3 => {
                    seen.push(Seen::Drained(plane.drained_at(instance, at)));
                    plane.kill(instance, Departure::OnPurpose, at);
                    plane.set_door(instance, Door::Open, at);
                    plane.watch_again(instance);
                }
                Some(_) => {}
                None => break,
            }
        }
        seen.extend(apply(&mut plane, step, *moment));
    }
    while plane.advance(at(LENGTH)).is_some() {}
    if let Some(ticks) = plane.scrapes().and_then(Scrapes::first) {
        seen.push(Seen::Ended(ended(ticks)));
    }
    (plane.finish(at(LENGTH)), seen)
}

/// Every final tick with anything in it.
fn ended(ticks: &Ticks) -> Vec<(usize, Tick)> {
    let all = (0..ticks.ended(at(LENGTH))).filter_map(|index| Some((index, ticks.get(index)?)));
    let full = all.filter(|(_, tick)| {
        let ended = tick.versions.iter().map(|ended| ended.ok + ended.failed);
        ended.sum::<u64>() + tick.unserved > 0
    });
    full.map(|(index, tick)| {
        let mut tick = tick.clone();
        for ended in &mut tick.versions {
            ended.latency.trim();
        }
        (index, tick)
    })
    .collect()
}

fn windows() -> impl Strategy<Value = Windows> {
    let bin = prop::option::of((100u64..5000).prop_map(SimDuration::from_millis));
    (0.0f64..10.0, 0.0f64..10.0, bin).prop_map(|(baseline, length, bin)| Windows {
        baseline: at(baseline),
        rollout: at(baseline + length),
        bin,
    })
}

/// The counts of a tally, for a message that can be read.
fn counts(tally: &Tally) -> impl PartialEq + std::fmt::Debug {
    let causes = (tally.failed_cause, tally.failed_charge, tally.failed_phase);
    (tally.requests, tally.ok, causes, tally.answered, tally.slow, tally.latency_sum_nanos)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..Default::default()
    })]
    #[test]
    fn both_paths_agree_to_the_last_bit(
        plan in prop_oneof![generated_plan(), tied_plan()],
        windows in windows(),
        number in any::<u64>(),
        history in history(),
    ) {
        prop_assert!(arrival_path::can_run(&plan));
        let by_arrivals = run(DataPlane::new(&plan, windows, seed(number)), &history);
        let by_events = run(DataPlane::by_events(&plan, windows, seed(number)), &history);
        check_sums(&by_events.0);
        prop_assert_eq!(by_arrivals.1, by_events.1);
        let [one, other] = [&by_arrivals.0, &by_events.0];
        prop_assert_eq!(counts(&one.baseline), counts(&other.baseline));
        prop_assert_eq!(counts(&one.window), counts(&other.window));
        prop_assert_eq!(one.migration, other.migration);
        // The rest is too long to be printed.
        prop_assert!(one == other, "bins, seconds or latencies differ");
        let observed = |mut plane: DataPlane| {
            let width = SimDuration::from_millis(700);
            plane.observe(Scrapes::new(vec![Ticks::new(width, at(3.3), true)]));
            run(plane, &history)
        };
        let watched = observed(DataPlane::new(&plan, windows, seed(number)));
        let by_events = observed(DataPlane::by_events(&plan, windows, seed(number)));
        prop_assert_eq!(&watched.1, &by_events.1);
        prop_assert!(watched.0 == by_arrivals.0, "observing changes what is recorded");
        prop_assert!(by_events.0 == by_arrivals.0, "observing changes what is recorded");
    }
}

/// What is served in no time has left its slot when its copy comes, at the same moment.
#[test]
fn a_copy_takes_the_slot_of_its_request() {
    let mut plan = plan();
    plan.traffic.rate = RateCurve::Constant(50.0);
    let services = [10, 20, 0].map(|millis| Some(SimDuration::from_millis(millis)));
    let service_time = Law::List(services.into());
    plan.instance = InstancePlan { slots: 1, queue: 0, service_time };
    let windows = Windows { baseline: at(0.0), rollout: at(0.0), bin: None };
    let mut history = vec![(SimTime::ZERO, Step::Mirror(Ratio::ONE))];
    history.extend((0..40).map(|half| (at(f64::from(half) / 2.0), Step::Look(3))));
    let [by_arrivals, by_events] = [DataPlane::new, DataPlane::by_events].map(
        |plane: fn(&DataPlan, Windows, Seed) -> DataPlane| {
            run(plane(&plan, windows, seed(1)), &history)
        },
    );
    assert_eq!(by_arrivals.1, by_events.1);
}
