//! Strategies that compose others, and what people do in the middle of a rollout, by the moments
//! at which things happen.

use std::path::Path;

use rollsim::scenario::{Overrides, parse};
use rollsim::sim::Run;
use rollsim::units::Version;

use crate::world::{named, run_events, run_named, sample_of, variants};

/// A fleet without requests that starts in 10 s, in zones a and b.
fn scenario(instances: u32, tables: &str) -> String {
    format!(
        "[fleet]\ninstances = {instances}\nzones = [\"a\", \"b\"]\n\
         [startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"\n[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"0s\"\n{tables}"
    )
}

/// Seconds at which instances of each zone were told to stop or launched.
fn moments(run: &Run, event: &str) -> Vec<(f64, u16)> {
    let rows = run.events.iter().filter(|row| row.event == event);
    rows.map(|row| (row.at.nanos_from(run.start) as f64 / 1e9, row.zone.expect("an instance's").0))
        .collect()
}

#[test]
fn waves_bring_one_zone_over_after_another() {
    let text = scenario(
        6,
        "[strategies.waves]\nkind = \"waves\"\ninner = \"steady\"\nbake = \"1m\"\n\
         [strategies.steady]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1\n",
    );
    let run = run_named(&text, "waves");
    let expected = [(0.0, 0), (10.0, 0), (20.0, 0), (90.0, 1), (100.0, 1), (110.0, 1)];
    assert_eq!(moments(&run, "retired"), expected);
    assert_eq!(moments(&run, "launched"), expected);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 180.0));
}

#[test]
fn waves_by_size_and_in_place() {
    let text = scenario(
        6,
        "[strategies.waves]\nkind = \"waves\"\ninner = \"steady\"\n\
         by = [\"1\", \"50%\", \"100%\"]\n\
         [strategies.steady]\nkind = \"rolling\"\nreplacement = \"in-place\"\n\
         max_unavailable = \"100%\"\n",
    );
    let run = run_named(&text, "waves");
    let at: Vec<f64> = moments(&run, "retired").iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [0.0, 10.0, 10.0, 20.0, 20.0, 20.0]);
    assert_eq!(run.duration.as_secs_f64(), 30.0);
}

/// The second wave never becomes ready: it is taken back, then the first.
#[test]
fn waves_roll_back_in_the_opposite_order() {
    let text = scenario(
        4,
        "[strategies.waves]\nkind = \"waves\"\ninner = \"steady\"\n\
         [strategies.steady]\nkind = \"rolling\"\nmax_surge = 1\nmax_unavailable = 0\n",
    )
    .replace("boot = \"10s\"", "boot = { dist = \"list\", values = [\"10s\", \"10s\", \"never\"] }")
    .replace("period = \"0s\"", "period = \"0s\"\ndeadline = \"1m\"");
    let run = run_named(&text, "waves");
    assert_eq!(run.outcome.name(), "rolled-back");
    let back: Vec<u16> = moments(&run, "retired").iter().map(|(_, zone)| *zone).skip(2).collect();
    assert_eq!(back, [1, 0, 0], "what failed goes first, then the wave before it");
    let last = run.events.iter().last().expect("there are events");
    assert_eq!(last.desired, [4, 0, 0]);
}

#[test]
fn immutable_tries_one_first() {
    let text = scenario(4, "[strategies.new]\nkind = \"immutable\"\nbake = \"30s\"\n");
    let run = run_events(&text);
    let launched: Vec<f64> = moments(&run, "launched").iter().map(|(at, _)| *at).collect();
    assert_eq!(launched, [0.0, 10.0, 10.0, 10.0]);
    let retired: Vec<f64> = moments(&run, "retired").iter().map(|(at, _)| *at).collect();
    assert_eq!(retired, [50.0; 4]);
}

/// Paused at 15 s for a minute, what is in flight still starts; promoted, a canary that waits for
/// ever goes on.
#[test]
fn people_pause_resume_and_promote() {
    let text = scenario(
        4,
        "[strategies.steady]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1\n\
         [[operator]]\nat = \"15s\"\naction = \"pause\"\n\
         [[operator]]\nat = \"75s\"\naction = \"resume\"\n",
    );
    let run = run_events(&text);
    let launched: Vec<f64> = moments(&run, "launched").iter().map(|(at, _)| *at).collect();
    assert_eq!(launched, [0.0, 10.0, 75.0, 85.0]);
    let text = scenario(
        4,
        "[strategies.canary]\nkind = \"canary\"\nscale_down_delay = \"0s\"\n\
         steps = [{ weight = \"25%\", pause = \"forever\" }]\n\
         [[operator]]\nat = \"5m\"\naction = \"promote\"\n",
    );
    let run = run_events(&text);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 310.0));
    let alone =
        text.replace("at = \"5m\"\naction = \"promote\"", "at = \"5s\"\naction = \"resume\"");
    let run = run_events(&alone);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("paused", 10.0));
}

/// A person takes back a release that was already everywhere, twice as fast as it came.
#[test]
fn a_finished_rollout_is_rolled_back_fast() {
    let text = scenario(
        4,
        "[strategies.steady]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1\n\
         rollback = { fast = 2.0 }\n\
         [[operator]]\nat = \"1m\"\naction = \"rollback\"\n",
    );
    let run = run_events(&text);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("rolled-back", 80.0));
    assert_eq!(run.observed.rollback.map(|length| length.as_secs_f64()), Some(20.0));
}

/// After the rollback window a failure pauses instead of rolling back.
#[test]
fn a_rollback_has_its_time() {
    let tables = |window: &str| {
        format!(
            "[strategies.steady]\nkind = \"rolling\"\non_failure = \"rollback\"\n\
             rollback_window = \"{window}\"\n[release]\nnever_ready = 1.0\n"
        )
    };
    let outcome = |window| {
        let text = scenario(4, &tables(window));
        let text = text.replace("period = \"0s\"", "period = \"0s\"\ndeadline = \"1m\"");
        run_events(&text).outcome.name()
    };
    assert_eq!((outcome("1m"), outcome("2m")), ("paused", "rolled-back"));
}

/// A release that fails every request, dark until 40 s and then shown to 10% of the users for a
/// minute: nothing fails before, a tenth while the flag is at 10%. A gate that sees those users as
/// the new version's, all of whose requests fail, then drops the flag, and
/// no instance is touched.
#[test]
fn a_flag_holds_the_defects_back() {
    let text = "[fleet]\ninstances = 4\n[instance]\nslots = 8\nservice_time = \"10ms\"\n\
        [startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"\n[traffic]\nrate = 200\n\
        [release]\nerror_rate = 1.0\n[simulation]\nreplications = 4\nwarmup = \"0s\"\n\
        [gates.errors]\nmetric = \"error-rate\"\nmax = \"50%\"\ninterval = \"60s\"\n\
        [strategies.flag]\nkind = \"flag\"\ninner = \"steady\"\n\
        steps = [{ weight = \"10%\", pause = \"61s\", gates = [\"errors\"] }]\n\
        [strategies.steady]\nkind = \"rolling\"\nmax_surge = 1\nmax_unavailable = 0\n";
    let samples: Vec<_> = variants(text).into_iter().map(sample_of).collect();
    let flag = named(&samples, "flag");
    for run in &flag.runs {
        assert_eq!(run.outcome.name(), "rolled-back");
        assert!((run.duration.as_secs_f64() - 110.0).abs() < 1e-6, "{:?}", run.duration);
        let last = run.events.iter().last().expect("there are events");
        assert_eq!(last.desired, [0, 4, 0], "the binary stays");
    }
    // 60 s until the gate looks and 10 s until the flag is down, 10% of 200 requests/s.
    let expected = 70.0 * 200.0 * 0.1;
    let found = flag.mean("failed");
    assert!((found - expected).abs() < 0.06 * expected, "{found} of {expected}");
    assert_eq!(flag.mean("failed"), flag.mean("failed_by_bad_release"));
    // Without a flag all that the new version answers fails.
    assert!(named(&samples, "steady").mean("failed") > 5.0 * found);
}

/// Copies of every request for a whole second fleet: nothing more is recorded, but the copies are
/// served, which the new instances' dependency on a shared ceiling feels; then the inner strategy.
#[test]
fn a_shadow_serves_copies_that_count_for_nothing() {
    let text = |share: &str| {
        format!(
            "[fleet]\ninstances = 4\n[instance]\nslots = 4\nservice_time = \"10ms\"\n\
             [startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"\n[traffic]\nrate = 100\n\
             [release]\nerror_rate = 1.0\n[simulation]\nreplications = 2\nwarmup = \"0s\"\n\
             [strategies.shadow]\nkind = \"shadow\"\ninner = \"steady\"\nshare = \"{share}\"\n\
             duration = \"5m\"\n\
             [strategies.steady]\nkind = \"rolling\"\nmax_surge = \"100%\"\nmax_unavailable = 0\n"
        )
    };
    let samples: Vec<_> = variants(&text("100%")).into_iter().map(sample_of).collect();
    let [shadow, steady] = ["shadow", "steady"].map(|name| named(&samples, name));
    for run in &shadow.runs {
        assert_eq!(run.outcome.name(), "completed");
        assert_eq!(run.duration.as_secs_f64(), 320.0);
        let launched: Vec<f64> = moments(run, "launched").iter().map(|(at, _)| *at).collect();
        assert_eq!(launched, [[0.0; 4], [310.0; 4]].concat());
    }
    // The inner strategy fails as much as it does alone, the copies nothing more.
    let [one, other] = [shadow.mean("failed"), steady.mean("failed")];
    assert!((one - other).abs() < 0.1 * other, "{one} and {other}");
    assert_eq!(shadow.mean("requests"), shadow.mean("ok") + shadow.mean("failed"));
}

/// Starts of 10 s; a third version at 25 s, while the second has its tenth of the requests: that
/// goes back to the old one, the second is told to stop at once, and the steps begin anew.
#[test]
fn a_canary_is_superseded() {
    let run = superseded("kind = \"canary\"\nsteps = [{ weight = \"10%\", pause = \"1m\" }]");
    let expected = [
        (0.0, "new", 1),
        (25.0, "new", 0),
        (25.0, "third", 1),
        (95.0, "third", 10),
        (135.0, "old", 0),
    ];
    assert_eq!(scaled(&run), expected);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 135.0));
}

/// By count the version in the middle goes first, within the bounds; the old one then gives up
/// what the step takes.
#[test]
fn a_canary_by_count_is_superseded() {
    let run = superseded(
        "kind = \"canary\"\nrouting = \"by-count\"\nmax_surge = 2\nmax_unavailable = 0\n\
         steps = [{ weight = \"20%\", pause = \"1m\" }]",
    );
    let third = run.events.iter().find(|row| row.desired[2] == 2).expect("it has its share");
    assert_eq!(third.desired[1], 2, "within the surge nothing need go first");
    let paused = run.events.iter().filter(|row| row.desired[2] == 2).last().expect("it pauses");
    assert_eq!(paused.desired, [8, 0, 2]);
    assert_eq!(run.outcome.name(), "completed");
}

/// A rollback under way is not rolled back by a person, who is told so.
#[test]
fn a_rollback_is_not_rolled_back() {
    let run = run_events(
        "[fleet]\ninstances = 4\n[traffic]\nrate = 0\n[startup]\nboot = \"10s\"\n\
         [readiness]\nperiod = \"0s\"\ndeadline = \"30s\"\n[release]\nnever_ready = 1.0\n\
         [[operator]]\nat = \"32s\"\naction = \"rollback\"\n\
         [strategies.case]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1\n\
         on_failure = \"rollback\"\n[simulation]\nreplications = 1\n",
    );
    let told = |name: &str| run.events.iter().filter(|row| row.event == name).count();
    assert_eq!((told("rollback-started"), told("rollback-ignored")), (1, 1));
    assert_eq!(run.outcome.name(), "rolled-back");
}

/// The second fleet is gone before the third is previewed; the old one serves meanwhile.
#[test]
fn a_blue_green_is_superseded() {
    let run = superseded("kind = \"blue-green\"\nbake = \"1m\"");
    let expected = [(0.0, "new", 10), (25.0, "new", 0), (25.0, "third", 10), (95.0, "old", 0)];
    assert_eq!(scaled(&run), expected);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 95.0));
}

/// The instances of the second, all started by 10 s, go; the third is tried with one in its turn.
#[test]
fn an_immutable_update_is_superseded() {
    let run = superseded("kind = \"immutable\"\nbake = \"1m\"");
    let expected = [
        (0.0, "new", 1),
        (10.0, "new", 10),
        (25.0, "new", 0),
        (25.0, "third", 1),
        (35.0, "third", 10),
        (105.0, "old", 0),
    ];
    assert_eq!(scaled(&run), expected);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 105.0));
}

/// The first of two zones has two of five replaced when the third version comes: it goes over the
/// whole zone, two versions leaving, and then over the other.
#[test]
fn waves_are_superseded() {
    let run = superseded(
        "kind = \"waves\"\ninner = \"steady\"\nbake = \"1m\"\n\
         [strategies.steady]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1",
    );
    let launched: Vec<u16> = moments(&run, "launched").iter().map(|(_, zone)| *zone).collect();
    assert_eq!(
        launched,
        [[0; 3], [0, 0, 0]].concat().into_iter().chain([0, 0]).chain([1; 5]).collect::<Vec<u16>>()
    );
    let last = run.events.iter().last().expect("there are events");
    assert_eq!((run.outcome.name(), last.available), ("completed", [0, 0, 10]));
}

/// At 25 s the second is everywhere and a tenth of the users see it: the flag is dropped until
/// 35 s, the third ships until 45 s and is then shown by the same steps. One on its way has no
/// flag to drop.
#[test]
fn a_flag_is_superseded() {
    let of = |unavailable: &str| {
        superseded(&format!(
            "kind = \"flag\"\ninner = \"all\"\nsteps = [{{ weight = \"10%\", pause = \"1m\" }}]\n\
             [strategies.all]\nkind = \"rolling\"\nmax_surge = 0\n\
             max_unavailable = \"{unavailable}\""
        ))
    };
    let run = of("100%");
    let flags: Vec<f64> = run
        .events
        .iter()
        .filter(|row| row.event == "weight-set")
        .map(|row| row.at.nanos_from(run.start) as f64 / 1e9)
        .collect();
    assert_eq!(flags, [10.0, 35.0, 45.0, 105.0]);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 105.0));
    // Five at a time: half are new when the third replaces the other half at 25 s...
    let run = of("30%");
    let flags: Vec<f64> = run
        .events
        .iter()
        .filter(|row| row.event == "weight-set")
        .map(|row| row.at.nanos_from(run.start) as f64 / 1e9)
        .collect();
    assert_eq!(flags, [65.0, 125.0]);
}

/// Copies for the second end, it goes, and the third gets its copies for as long.
#[test]
fn a_shadow_is_superseded() {
    let run = superseded(
        "kind = \"shadow\"\ninner = \"all\"\nshare = \"20%\"\nduration = \"1m\"\n\
         [strategies.all]\nkind = \"rolling\"\nmax_surge = \"100%\"\nmax_unavailable = 0",
    );
    let expected = [
        (0.0, "new", 2),
        (25.0, "new", 0),
        (25.0, "third", 2),
        (95.0, "third", 0),
        (95.0, "third", 10),
        (105.0, "old", 0),
    ];
    assert_eq!(scaled(&run), expected);
    assert_eq!((run.outcome.name(), run.duration.as_secs_f64()), ("completed", 105.0));
}

/// A release that never starts, taken back with another strategy than brought it: not the
/// rolling one's batches but all at once.
#[test]
fn another_strategy_rolls_back() {
    let of = |rollback: &str| {
        let text = scenario(
            4,
            &format!(
                "[strategies.steady]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1\n\
                 {rollback}\n[strategies.whole]\nkind = \"recreate\"\n\
                 [[operator]]\nat = \"25s\"\naction = \"rollback\"\n"
            ),
        );
        let run = run_named(&text, "steady");
        assert_eq!(run.outcome.name(), "rolled-back");
        let old = run.events.iter().filter(|row| row.event == "launched");
        let old = old.filter(|row| row.version == Some(Version::Old));
        old.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect::<Vec<_>>()
    };
    assert_eq!(of("rollback = \"whole\""), [25.0; 3]);
    assert_eq!(of(""), [25.0, 35.0, 45.0], "one at a time");
}

/// What no third version can take over from says so, whoever brings one; a yardstick without a
/// rollout may stand beside those that can.
#[test]
fn a_release_over_what_cannot_be_superseded_is_refused() {
    let read = |strategy: &str, what: &str| {
        let tables = format!("[strategies.it]\nkind = \"{strategy}\"\n{what}");
        let read = parse(&scenario(4, &tables), Path::new("case.toml"), &Overrides::default());
        read.map_err(|report| report.to_string())
    };
    let person = "[[operator]]\nat = \"5s\"\naction = \"release\"\n";
    let fault = "[[faults]]\nkind = \"overlapping-rollout\"\nat = \"5s\"\n";
    for what in [person, fault] {
        let refused = read("argo-blue-green", what).expect_err("it is refused");
        assert!(refused.contains("R045") && refused.contains("no third version"), "{refused}");
        for strategy in ["none", "rolling", "immutable"] {
            assert!(read(strategy, what).is_ok(), "{strategy}");
        }
    }
}

/// A rollout of ten that somebody supersedes at 25 s; the strategy called `it`.
fn superseded(strategy: &str) -> Run {
    let text = format!(
        "{}[[operator]]\nat = \"25s\"\naction = \"release\"\n[strategies.it]\n{strategy}\n",
        scenario(10, "")
    );
    run_named(&text, "it")
}

/// When which version's desired count became what.
fn scaled(run: &Run) -> Vec<(f64, &'static str, u32)> {
    let rows = run.events.iter().filter(|row| row.event == "scaled");
    rows.filter_map(|row| {
        let version = row.version?;
        let at = row.at.nanos_from(run.start) as f64 / 1e9;
        Some((at, version.name(), row.desired[version.index()]))
    })
    .collect()
}
