//! Answers against a scan of every value, and against closed forms.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::batch::Batch;
use super::*;
use crate::measure::measure;
use crate::scenario::{Overrides, parse};
use crate::sim::{Detail, simulate};
use crate::stats::math;

static NEVER: AtomicBool = AtomicBool::new(false);

/// Eight instances of 50 requests/s each; the balancer hears late of those that stop, and starts
/// take their time.
const SERVICE: &str = "\
[fleet]
instances = 8
[instance]
slots = 4
queue = 16
service_time = \"80ms\"
[startup]
boot = { dist = \"lognormal\", median = \"8s\", p95 = \"20s\" }
[readiness]
period = \"0s\"
[load_balancer]
lag = { dist = \"uniform\", min = \"2s\", max = \"6s\" }
connect_retries = 0
[shutdown]
grace = \"12s\"
[traffic]
[strategies.rolling]
kind = \"rolling\"
max_unavailable = 1
max_surge = 0
[simulation]
warmup = \"2s\"
settle = \"1s\"
";

fn plan(rate: f64, size: u32) -> Result<Plan, String> {
    with(vec![format!("traffic.rate={rate}")], size)
}

/// The same where an instance counts as ready once requests reach it: what starts cannot be missed.
fn routed(rate: f64, size: u32) -> Result<Plan, String> {
    with(vec![format!("traffic.rate={rate}"), "readiness.until=routed".to_owned()], size)
}

fn with(sets: Vec<String>, size: u32) -> Result<Plan, String> {
    let overrides =
        Overrides { sets, sweeps: vec![format!("strategies.rolling.max_unavailable={size}")] };
    let loaded = parse(SERVICE, Path::new("service.toml"), &overrides);
    loaded.map(|mut one| one.scenario.variants.remove(0).plan).map_err(|error| error.to_string())
}

fn run(plan: &Plan, replication: u32) -> Option<RunResult> {
    let run = simulate(plan, replication, Detail::Series, &NEVER)?;
    let metrics = measure(plan, &run);
    Some(RunResult { outcome: run.outcome, metrics })
}

fn with_lab<T>(threads: usize, ask: impl FnOnce(&mut Lab<'_>) -> Result<T, Stopped>) -> T {
    let lab = Lab::new(NonZeroUsize::new(threads), &NEVER, &|_, _| (), &run);
    ask(&mut lab.expect("threads")).expect("nothing stops it")
}

/// Capacity is n - u instances of 50 requests/s, so u is the whole part of the headroom.
#[test]
fn the_largest_batch_is_the_whole_part_of_the_headroom() {
    let targets = Targets::default();
    for (rate, wanted) in [(340.0, Some(1)), (295.0, Some(2)), (149.0, Some(5)), (380.0, None)] {
        let sized = |size| routed(rate, size);
        let advice = with_lab(2, |lab| batch::largest(lab, &sized, &targets));
        let found = match advice {
            Advice::Found(Batch { size, .. }) => Some(size.size),
            Advice::Nothing(_) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, wanted, "{rate}");
        // Brute force: every size, ten runs each.
        let keeps = |size: u32| {
            let plan = routed(rate, size).expect("a plan");
            let low = |replication| run(&plan, replication)?.metrics.get("headroom_min");
            (0..10).all(|replication| low(replication).is_some_and(|low| low >= 1.0))
        };
        assert_eq!((1..=8).filter(|&size| keeps(size)).max(), wanted, "{rate}");
    }
}

#[test]
fn a_batch_needs_requests_and_a_field() {
    let targets = Targets::default();
    let idle = with_lab(1, |lab| batch::largest(lab, &|size| plan(0.0, size), &targets));
    assert!(matches!(idle, Advice::NotApplicable(_)), "{idle:?}");
    let refused = |_: u32| Err("unknown field `max_unavailable`".to_owned());
    let none = with_lab(1, |lab| batch::largest(lab, &refused, &targets));
    assert_eq!(none, Advice::NotApplicable("unknown field `max_unavailable`".into()));
}

/// Each of the 8 stops with a lag L spread over 2 s to 6 s; what arrives between pre_stop and L is
/// refused: 8 x 25/s x E[(L - p)+], which is (6 - p)² / 8 above 2 s.
#[test]
fn the_shortest_wait_is_that_of_the_lags_distribution() {
    let exact = |p: f64| {
        let late = if p < 2.0 { 4.0 - p } else { (6.0 - p).max(0.0) * (6.0 - p).max(0.0) / 8.0 };
        8.0 * 25.0 * late
    };
    let plan = plan(200.0, 1).expect("a plan");
    let targets =
        Targets { losses: 30.0, step: SimDuration::from_millis(500), ..Targets::default() };
    let advice = with_lab(2, |lab| drain::shortest(lab, &plan, &targets));
    let Advice::Found(found) = advice else { panic!("{advice:?}") };
    // 56 at 4.5 s, 25 at 5 s.
    assert!(exact(4.5) > 40.0 && exact(5.0) < 27.0);
    assert_eq!(found.wait.pre_stop, SimDuration::from_secs(5));
    let shorter = found.shorter.expect("one was tried");
    assert_eq!(shorter.pre_stop, SimDuration::from_millis(4500));
    let mean = shorter.lost.expect("requests").mean;
    assert!((mean - exact(4.5)).abs() < 15.0, "{mean} for {}", exact(4.5));
    // Brute force: the first of all whose mean over many runs is below the target.
    let mean = |half_seconds: u64| {
        let mut plan = plan.clone();
        plan.shutdown.pre_stop = SimDuration::from_millis(500 * half_seconds);
        let lost = |replication| run(&plan, replication)?.metrics.get("failed_by_drain_race");
        (0..40).filter_map(lost).sum::<f64>() / 40.0
    };
    assert_eq!((0..24).find(|&wait| mean(wait) <= 30.0), Some(10));
}

#[test]
fn a_wait_longer_than_the_grace_is_none() {
    let mut plan = plan(200.0, 1).expect("a plan");
    plan.shutdown.grace = SimDuration::from_secs(3);
    let advice = with_lab(1, |lab| drain::shortest(lab, &plan, &Targets::default()));
    let Advice::Nothing(found) = advice else { panic!("{advice:?}") };
    assert_eq!(found.wait.pre_stop, SimDuration::from_secs(3));
    plan.data.traffic.rate = crate::traffic::RateCurve::Constant(0.0);
    let advice = with_lab(1, |lab| drain::shortest(lab, &plan, &Targets::default()));
    assert!(matches!(advice, Advice::NotApplicable(_)), "{advice:?}");
}

/// One at a time, each start is the only progress there is to wait for: the longest of eight
/// lognormal boots. P(all eight below d) = F(d)^8, so its 90% quantile is that of F at
/// 0.9^(1/8) = 0.98692: 8 s x exp(sigma z) with sigma = ln(2.5) / 1.64485 and z = 2.22372.
#[test]
fn the_deadline_is_the_quantile_of_the_longest_start() {
    let sigma = math::ln(2.5) / 1.644_853_627;
    let exact = 8.0 * math::exp(sigma * 2.223_718);
    let plan = plan(100.0, 1).expect("a plan");
    let targets = Targets { met: 0.9, healthy: 400, ..Targets::default() };
    let advice = with_lab(2, |lab| deadline::shortest(lab, &plan, &targets));
    let Advice::Found(found) = advice else { panic!("{advice:?}") };
    let [low, middle, high] =
        [found.low, found.quantile, found.deadline].map(SimDuration::as_secs_f64);
    // A controller looks a second after the deadline; answers are whole seconds.
    assert!(low - 1.0 <= exact && exact <= high + 1.0, "{low} {middle} {high} for {exact}");
    assert!((middle - exact).abs() < 3.5, "{middle} for {exact}");
    assert!(high - low < 10.0, "{low} {high}");
    assert_eq!((found.matters, found.met), (deadline::Matters::Yes, 400));
    // Brute force: the first whole second that nine of ten meet.
    let met = |seconds: u64| {
        let mut plan = plan.clone();
        plan.data.traffic.rate = crate::traffic::RateCurve::Constant(0.0);
        plan.strategy.on_failure = crate::strategy::OnFailure::Abort;
        plan.readiness.deadline = SimDuration::from_secs(seconds);
        let is_done = |replication| {
            run(&plan, replication).is_some_and(|run| run.outcome == crate::sim::Outcome::Completed)
        };
        (0..400).filter(|&replication| is_done(replication)).count()
    };
    assert_eq!((1..).find(|&seconds| met(seconds) >= 360), Some(middle as u64));
}

#[test]
fn too_few_rollouts_say_how_many_it_takes() {
    let plan = plan(100.0, 1).expect("a plan");
    let targets = Targets { healthy: 100, ..Targets::default() };
    let advice = with_lab(1, |lab| deadline::shortest(lab, &plan, &targets));
    assert_eq!(advice, Advice::TooFew { runs: 100, needed: 368 });
}

#[test]
fn what_holds_in_the_middle_only_is_found_from_below() {
    for (from, to) in [(0, 9), (1, 9), (5, 9), (7, 24), (23, 24), (24, 24)] {
        let holds = |number: u32| Ok::<bool, ()>((from..=to).contains(&number));
        assert_eq!(first_from_below(24, holds), Ok(Some(from)), "{from}");
    }
    assert_eq!(first_from_below(24, |_| Ok::<bool, ()>(false)), Ok(None));
    assert_eq!(first_from_below(0, |_| Ok::<bool, ()>(false)), Ok(None));
}

#[test]
fn the_first_that_holds_is_found_by_halving() {
    for last in 1..40_u32 {
        for wanted in 0..=last {
            let mut asked = 0;
            let found = first_that_holds(0, last, |number| {
                asked += 1;
                Ok::<bool, ()>(number >= wanted)
            });
            assert_eq!(found, Ok((wanted < last).then_some(wanted)));
            assert!(asked <= 8, "{asked}");
        }
    }
}
