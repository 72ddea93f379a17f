//! Releases of several sorts: nine of ten are good, and the others take 40 s longer on the same
//! random numbers.

use super::*;
use crate::stats::normal;

const GOOD: f64 = 0.9;

fn mixed<'a>(good: &'a Plan, bad: &'a Plan, against: Option<Against<'a>>) -> Subject<'a> {
    let parts = [("good", GOOD, good), ("bad", 1.0 - GOOD, bad)];
    let parts = parts.map(|(name, share, plan)| SubjectPart { name, share, plan });
    Subject { name: "all", strategy: "all", parts: parts.into(), against }
}

/// The share of all releases that take longer.
fn longer(than: f64) -> f64 {
    let tail = |mean: f64| 1.0 - normal::probability((than - mean) / 10.0);
    GOOD * tail(100.0) + (1.0 - GOOD) * tail(140.0)
}

/// What so many of all releases take at most.
fn quantile(q: f64) -> f64 {
    let (mut low, mut high) = (0.0, 300.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if longer(middle) > 1.0 - q { low = middle } else { high = middle }
    }
    low
}

/// Limits that the truth just meets and just misses, as for a single sort.
#[test]
fn wrong_verdicts_about_mixtures_are_as_rare_as_promised() {
    let experiments = 400;
    let wrong = |requirement: &dyn Fn(f64) -> Requirement| {
        let mut wrong = [0, 0];
        for seed in 0..experiments {
            let (good, bad) = (plan("0", seed), plan("40", seed));
            for (side, by, is_wrong) in [(0, 1e-9, Verdict::Broken), (1, -1e-9, Verdict::Holds)] {
                let policy = policy(vec![requirement(by)], 40);
                let found = verdicts(&policy, &[mixed(&good, &bad, None)]);
                wrong[side] += u32::from(found == [is_wrong]);
            }
        }
        // 5% of 400, and three standard errors of that.
        assert!(wrong.iter().all(|&wrong| wrong <= 20 + 13), "{wrong:?}");
        wrong[0] + wrong[1]
    };
    let means = wrong(&|by| asked("duration_s", Mean, 104.0 + by));
    assert!(means > 0, "bounds that never err ask for too many runs");
    let q80 = quantile(0.8);
    wrong(&|by| asked("duration_s", Quantile(0.8), q80 + by));
    let truth = longer(125.0);
    wrong(&|by| asked("duration_s", Breaches(truth + by), 125.0));
}

/// One release of ten breaks the limit for certain, and the others never: that is 10%.
#[test]
fn a_rare_release_counts_with_its_share() {
    let (good, bad) = (plan("0", 1), plan("200", 1));
    let whole = |share: f64, most: u32| {
        let policy = policy(vec![asked("duration_s", Breaches(share), 200.0)], most);
        let found = findings(&policy, &[mixed(&good, &bad, None)], 1);
        (found[0].verdict, found[0].runs)
    };
    assert_eq!(whole(0.12, 400).0, Verdict::Holds);
    assert_eq!(whole(0.12, 40), (Verdict::Undecided, 40));
    // Few runs show what would take hundreds of rollouts to meet by chance.
    let (verdict, runs) = whole(0.08, 400);
    assert!(verdict == Verdict::Broken && runs <= 40, "{verdict:?} {runs}");
    // By itself each sort is judged otherwise.
    let policy = policy(vec![asked("duration_s", Breaches(0.12), 200.0)], 400);
    assert_eq!(verdicts(&policy, &[subject(&bad, None)]), [Verdict::Broken]);
    assert_eq!(verdicts(&policy, &[subject(&good, None)]), [Verdict::Holds]);
}

#[test]
fn the_sort_that_breaks_the_policy_is_named() {
    let policy = policy(
        vec![asked("duration_s", Mean, 115.0), asked("duration_s", Quantile(0.99), 300.0)],
        100,
    );
    let (good, bad) = (plan("0", 2), plan("40", 2));
    let subjects = [mixed(&good, &bad, None)];
    let interrupted = AtomicBool::new(false);
    let mut lab = Lab::new(None, &interrupted, &|_, _| (), &simulate).expect("threads start");
    let protocol = Protocol::new(&policy, &subjects);
    let found = protocol.run(&mut lab, &subjects).expect("nothing interrupts it");
    assert_eq!(found[0].verdict, Verdict::Holds);
    let alone = protocol.broken_alone(&lab, &subjects, &found);
    assert_eq!(alone.len(), 1);
    let Alone { subject, part, requirement, .. } = &alone[0];
    assert_eq!((subject.as_str(), part.as_str(), *requirement), ("all", "bad", 0));
}

#[test]
fn mixtures_are_compared_run_for_run() {
    let regression = crate::scenario::policy::Regression {
        metric: metric("duration_s"),
        material: Material::Amount(1.0),
        place: At::default(),
    };
    let policy = Policy { regressions: vec![regression], ..policy(Vec::new(), 40) };
    let (good, old) = (plan("0", 3), plan("40", 3));
    // With a tenth of the releases, 5 s more are half a second and 20 s two.
    for (shift, expected) in [("45", Verdict::Holds), ("60", Verdict::Broken)] {
        let new = plan(shift, 3);
        let plans = Against::Plans(vec![("old good", &good), ("old bad", &old)]);
        let found = findings(&policy, &[mixed(&good, &new, Some(plans))], 1);
        assert_eq!(found.iter().map(|one| one.verdict).collect::<Vec<_>>(), [expected], "{shift}");
        let stored = |plan: &Plan| -> Vec<Metrics> {
            (0..40).filter_map(|k| simulate(plan, k)).map(|run| run.metrics).collect()
        };
        let (stored_good, stored_old) = (stored(&good), stored(&old));
        let runs = Against::Runs(vec![&stored_good, &stored_old]);
        assert_eq!(findings(&policy, &[mixed(&good, &new, Some(runs))], 8), found);
    }
}

/// Twice as many of the rare releases are beyond the limit, and that of the others none is: more
/// runs are made until that is sure.
#[test]
fn more_breaches_of_a_rare_release_are_a_regression() {
    let policy = policy(vec![asked("duration_s", Max, 200.0)], 400);
    let (good, old, new) = (plan("0", 4), plan("40", 4), plan("200", 4));
    let plans = Against::Plans(vec![("old good", &good), ("old bad", &old)]);
    let found = findings(&policy, &[mixed(&good, &new, Some(plans.clone()))], 1);
    let breaches = |found: &[Finding]| {
        let is = |one: &&Finding| matches!(one.claim, Claim::NoMoreBreaches(0));
        found.iter().find(is).map(|one| (one.verdict, one.runs)).expect("asked")
    };
    let (verdict, runs) = breaches(&found);
    assert!(verdict == Verdict::Broken && runs > 10, "{runs}");
    let found = findings(&policy, &[mixed(&good, &old, Some(plans))], 1);
    assert_eq!(breaches(&found), (Verdict::Holds, 10));
}

/// A change is tried with every sort of release, and has to put right the whole.
#[test]
fn a_change_that_puts_the_whole_right_is_found() {
    let policy = policy(vec![asked("duration_s", Mean, 110.0)], 80);
    let (good, bad) = (plan("0", 5), plan("300", 5));
    let subjects = [mixed(&good, &bad, None)];
    let interrupted = AtomicBool::new(false);
    let mut lab = Lab::new(None, &interrupted, &|_, _| (), &simulate).expect("threads start");
    let protocol = Protocol::new(&policy, &subjects);
    let findings = protocol.run(&mut lab, &subjects).expect("nothing interrupts it");
    assert_eq!(overall(&findings), Some(Verdict::Broken));
    let candidate = |value: &str, shifts: [&str; 2]| Candidate {
        change: Change { path: "wait".into(), value: value.into(), before: None },
        plans: shifts.map(|shift| plan(shift, 5)).into(),
    };
    // The first helps the bad releases at the cost of the good ones.
    let ladder = [candidate("1", ["30", "0"]), candidate("2", ["2", "20"])];
    let fix = find(&mut lab, &protocol, (&subjects[0], &findings), &[ladder.into()])
        .expect("nothing interrupts it");
    assert_eq!((fix.tried, fix.change.map(|one| one.typed())), (2, Some("wait=2".to_owned())));
}
