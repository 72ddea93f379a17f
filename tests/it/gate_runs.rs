//! Gates inside rollouts: when they look, what they see, what follows. The times are reckoned by
//! hand: starts take 20 s, scrapes are 15 s apart from the rollout's start, looks 15 s apart from
//! the moment at which the step's instances are available.

use rollsim::measure::{Metrics, measure};
use rollsim::sim::{Detail, Run};

use crate::world::{run, try_variants, variants};

/// Ten instances, 100 evenly spaced requests/s of 10 ms, starts of 20 s, a release that fails a
/// fifth of its requests.
const BASE: &str = "\
[fleet]
instances = 10
[instance]
service_time = \"10ms\"
[startup]
boot = \"20s\"
[readiness]
period = \"0s\"
[traffic]
rate = 100
arrivals = \"uniform\"
[simulation]
replications = 1
";
const BAD: &str = "[release]\nerror_rate = 0.2\n";
const SLO: &str = "[gates.slo]\nmetric = \"error-rate\"\nmax = \"1%\"\n";

struct Story {
    run: Run,
    metrics: Metrics,
}

impl Story {
    fn of(parts: &[&str]) -> Self {
        let text = [&[BASE], parts].concat().concat();
        let variants = variants(&text);
        assert_eq!(variants.len(), 1, "{text}");
        let run = run(&variants[0].plan, 0, Detail::Events);
        let metrics = measure(&variants[0].plan, &run);
        Self { run, metrics }
    }

    /// Seconds from the rollout's start at which an event happened.
    fn times(&self, event: &str) -> Vec<f64> {
        let rows = self.run.events.iter().filter(|row| row.event == event);
        rows.map(|row| row.at.nanos_from(self.run.start) as f64 / 1e9).collect()
    }

    fn detail(&self, event: &str) -> String {
        let row = self.run.events.iter().find(|row| row.event == event);
        row.map(|row| row.detail.to_string()).unwrap_or_default()
    }

    fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name)
    }

    /// How it ended, and after how many seconds.
    fn end(&self) -> (&'static str, f64) {
        (self.run.outcome.name(), self.run.duration.as_secs_f64())
    }
}

const CANARY: &str = "[strategies.canary]\nkind = \"canary\"\nsteps = [{ weight = \"10%\", pause = \
                      \"2m\", gates = [\"slo\"] }]\n";

#[test]
fn a_step_that_fails_goes_back_at_once() {
    let story = Story::of(&[BAD, SLO, CANARY]);
    assert_eq!(story.times("weight-set")[..2], [0.0, 20.0]);
    assert_eq!(story.times("gate-failed"), [35.0]);
    assert_eq!(story.times("rollback-started"), [35.0]);
    assert!(story.detail("rollback-started").starts_with("gate slo failed: error-rate of the new"));
    // The share goes at once, the instances half a minute later.
    assert_eq!(story.end(), ("rolled-back", 65.0));
    assert_eq!(story.metric("detect_s"), Some(15.0));
    assert_eq!(story.metric("rolled_back"), Some(1.0));
    assert_eq!(story.metric("failed_steps"), Some(1.0));
    assert_eq!(story.metric("canary_divergence"), None, "a threshold computes none");
    // What it saw: the scrape at 30 s holds ten seconds of 10 requests/s.
    let detail = story.detail("gate-failed");
    assert!(detail.starts_with("slo, look 1: error-rate of the new version is"), "{detail}");
    assert!(detail.contains("over 10 s of "), "{detail}");
    let exposed = story.metric("exposed_requests").expect("a count");
    assert!((exposed - 150.0).abs() < 40.0, "{exposed}");
}

#[test]
fn a_step_that_passes_goes_on_when_its_pause_is_over() {
    let story = Story::of(&[SLO, CANARY]);
    assert_eq!(story.times("gate-passed"), [140.0]);
    assert!(story.detail("gate-passed").starts_with("slo: 8 looks, the last: error-rate"));
    // The other nine at 160 s, the old fleet half a minute later.
    assert_eq!(story.end(), ("completed", 190.0));
    assert_eq!(story.metric("detect_s"), None);
}

#[test]
fn metrics_arrive_late() {
    // At 35 s the scrape at 30 s has not arrived; at 50 s it has.
    let late = "[gates.slo]\nmetric = \"error-rate\"\nmax = \"1%\"\nlag = \"10s\"\n\
                inconclusive_limit = 1\n";
    let story = Story::of(&[BAD, late, CANARY]);
    assert_eq!(story.times("gate-inconclusive"), [35.0]);
    assert!(story.detail("gate-inconclusive").contains("no data"));
    assert_eq!(story.times("gate-failed"), [50.0]);
}

#[test]
fn who_cannot_tell_asks_a_person() {
    let strict = "[gates.slo]\nmetric = \"error-rate\"\nmax = \"1%\"\nmin_samples = 1000\n";
    let story = Story::of(&[strict, CANARY]);
    assert_eq!(story.end(), ("paused", 35.0));
    let resumed = "[[operator]]\nat = \"1m\"\naction = \"resume\"\n";
    let story = Story::of(&[strict, CANARY, resumed]);
    assert_eq!((story.times("paused"), story.times("resumed")), (vec![35.0], vec![60.0]));
    assert_eq!(story.end(), ("completed", 110.0));
}

#[test]
fn what_a_failing_gate_leads_to() {
    for (on_failure, outcome, end) in
        [("pause", "paused", 35.0), ("abort", "aborted", 35.0), ("stall", "stalled", 35.0)]
    {
        let story = Story::of(&[BAD, SLO, CANARY, &format!("on_failure = \"{on_failure}\"\n")]);
        assert_eq!(story.end(), (outcome, end));
    }
}

#[test]
fn a_canary_by_count_and_by_cohort() {
    for routing in ["by-count", "cohort"] {
        let story = Story::of(&[BAD, SLO, CANARY, &format!("routing = \"{routing}\"\n")]);
        assert_eq!(story.times("gate-failed"), [35.0], "{routing}");
        assert_eq!(story.run.outcome.name(), "rolled-back");
    }
}

#[test]
fn a_guard_begins_with_the_first_new_instance() {
    let rolling = "[strategies.rolling]\nkind = \"rolling\"\nmax_surge = 1\nmax_unavailable = 0\n\
                   gates = [\"slo\"]\n";
    let story = Story::of(&[BAD, SLO, rolling]);
    assert_eq!(story.times("gate-failed"), [35.0]);
    assert_eq!(story.times("rollback-started"), [35.0], "by default, although it is `rolling`");
    assert_eq!(story.run.outcome.name(), "rolled-back");
    let story = Story::of(&[SLO, rolling]);
    assert_eq!(story.end(), ("completed", 200.0));
}

#[test]
fn blue_green_switches_back_at_once() {
    let blue_green =
        "[strategies.bg]\nkind = \"blue-green\"\nbake = \"1m\"\nbake_gates = [\"slo\"]\n";
    let story = Story::of(&[BAD, SLO, blue_green]);
    assert_eq!(story.times("switched"), [20.0, 35.0]);
    assert_eq!(story.end(), ("rolled-back", 35.0));
    assert_eq!((story.metric("detect_s"), story.metric("rollback_s")), (Some(15.0), Some(0.0)));
    // Nothing can be seen of a fleet that is kept from users: the first of its instances has been
    // routed to for 20 s when the switch comes.
    let slow = BASE.replace("\"20s\"", "{ dist = \"list\", values = [\"20s\", \"40s\"] }");
    let text = [slow.as_str(), BAD, SLO, blue_green].concat();
    let plan = &variants(&text)[0].plan;
    let run = run(plan, 0, Detail::Events);
    assert_eq!(measure(plan, &run).get("detect_s"), Some(15.0));
    let story = Story::of(&[SLO, blue_green]);
    assert_eq!(story.times("gate-passed"), [80.0]);
    assert_eq!(story.end(), ("completed", 80.0));
}

#[test]
fn a_preview_is_looked_at_before_anyone_sees_it() {
    let gate = "[gates.up]\nmetric = \"crash-count\"\nmax = 0\n";
    let crashing = "[release]\ncrash_after = \"25s\"\n";
    let blue_green = "[strategies.bg]\nkind = \"blue-green\"\npreview_time = \"1m\"\npreview_gates \
                      = [\"up\"]\n";
    // Available at 20 s, crashed at 45 s; the look at 50 s sees the scrape just before it was
    // noticed at 45 s, the one at 65 s sees that of 60 s.
    let story = Story::of(&[crashing, gate, blue_green]);
    assert_eq!(story.times("gate-failed"), [65.0]);
    assert_eq!(story.times("switched"), [65.0], "nothing was switched but back");
    assert_eq!(story.metric("exposed_requests"), Some(0.0));
}

/// Batches of 2, bakes of 30 s with a look after 15 s: each takes 20 + 30 s.
#[test]
fn batches_grow_while_they_pass_and_halve_when_nobody_can_tell() {
    let rolling = |growth: &str| {
        format!(
            "[strategies.rolling]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = \
             2\npacing = \"batch\"\nbake = \"30s\"\nstep_gates = [\"slo\"]\ngrowth = {growth}\n"
        )
    };
    let deaf = "[gates.slo]\nmetric = \"error-rate\"\nmax = \"1%\"\nmin_samples = 1000000\n";
    let steps = |story: &Story| story.metric("steps");
    // 2, 4 and the other 4.
    let story = Story::of(&[SLO, &rolling("2.0")]);
    assert_eq!((steps(&story), story.end()), (Some(3.0), ("completed", 150.0)));
    assert_eq!(story.times("gate-passed"), [50.0, 100.0, 150.0]);
    // 2, then one by one.
    let story = Story::of(&[deaf, &rolling("2.0")]);
    assert_eq!((steps(&story), story.end()), (Some(9.0), ("completed", 450.0)));
    let story = Story::of(&[deaf, &rolling("1.0")]);
    assert_eq!(story.end(), ("paused", 35.0));
    let story = Story::of(&[BAD, SLO, &rolling("1.0")]);
    assert_eq!(story.times("gate-failed"), [35.0]);
    assert_eq!(story.run.outcome.name(), "rolled-back");
}

#[test]
fn gates_made_of_others() {
    let gates = "[gates.errors]\nmetric = \"error-rate\"\nmax = \"1%\"\n[gates.ready]\nmetric = \
                 \"ready-fraction\"\nmin = \"90%\"\n";
    for (together, outcome) in [("all", "rolled-back"), ("any", "completed")] {
        let slo = format!("[gates.slo]\n{together} = [\"errors\", \"ready\"]\n");
        let story = Story::of(&[BAD, gates, &slo, CANARY]);
        assert_eq!(story.run.outcome.name(), outcome, "{together}");
    }
}

#[test]
fn tests_tell_how_far_the_versions_differ() {
    let gate = "[gates.slo]\nmetric = \"error-rate\"\ntest = {}\n";
    let story = Story::of(&[BAD, gate, CANARY]);
    assert_eq!(story.times("gate-failed"), [35.0]);
    let divergence = story.metric("canary_divergence").expect("it was computed");
    assert!(divergence > 0.95, "{divergence}");
    let story = Story::of(&[gate, CANARY]);
    assert_eq!(story.run.outcome.name(), "completed");
    assert_eq!(story.metric("canary_divergence"), Some(0.0));
}

/// A complete outage from 20 s on: the first pair's long window holds 0.0144 of it after 51.84 s,
/// which the scrape at 75 s is the first to show.
#[test]
fn a_burn_rate_guard_fires_when_the_formula_says() {
    let outage = "[release]\nerror_rate = 1.0\n[gates.slo]\nmetric = \"burn-rate\"\n";
    let blue_green = "[strategies.bg]\nkind = \"blue-green\"\nbake = \"5m\"\ngates = [\"slo\"]\n";
    let story = Story::of(&[outage, blue_green]);
    assert_eq!(story.times("gate-failed"), [75.0]);
    let finer = "scrape = \"1s\"\ninterval = \"1s\"\n";
    let story = Story::of(&[outage, finer, blue_green]);
    assert_eq!(story.times("gate-failed"), [72.0]);
}

/// A canary of 5% that fails 20% of its requests is 1% overall (the SRE workbook's example), which
/// no standard page at 99.9% sees within the pause.
#[test]
fn a_small_canary_is_invisible_to_the_service() {
    let text = "[gates.page]\nmetric = \"burn-rate\"\n[strategies.canary]\nkind = \"canary\"\n\
                steps = [{ weight = \"5%\", pause = \"10m\" }]\ngates = [\"page\"]\n";
    let story = Story::of(&[BAD, text, "[slo]\navailability = 0.999\n"]);
    assert_eq!(story.run.outcome.name(), "completed");
    let failed = story.metric("failed_in_baking").expect("a count");
    let share = failed / (100.0 * 600.0);
    assert!((share - 0.01).abs() < 4.0 * (0.01_f64 / 60_000.0).sqrt(), "{share}");
}

/// What has not been scraped yet cannot be seen: a release that breaks at one moment is not
/// noticed by a look at that very moment, however soon after.
#[test]
fn no_look_sees_the_future() {
    let crash = "[release]\ncrash_after = \"15s\"\n[gates.up]\nmetric = \"crash-count\"\nmax = 0\n\
                 interval = \"1s\"\nscrape = \"1s\"\nwindow = \"5s\"\n";
    let canary = "[strategies.canary]\nkind = \"canary\"\nsteps = [{ weight = \"10%\", pause = \
                  \"2m\", gates = [\"up\"] }]\n";
    let story = Story::of(&[crash, canary]);
    let crashed = story.times("crashed")[0];
    assert_eq!((crashed, story.times("gate-failed")), (35.0, vec![36.0]));
}

/// The same outage under alerts: each fires when its own formula says, and clears when its short
/// window is clean.
#[test]
fn alerts_tell_and_nothing_more() {
    let outage = "[release]\nerror_rate = 1.0\n[alerts]\ninterval = \"1s\"\nscrape = \"1s\"\n";
    let blue_green = "[strategies.bg]\nkind = \"blue-green\"\nbake = \"5m\"\n[[operator]]\nat = \
                      \"3m\"\naction = \"rollback\"\n";
    let settle = "[slo]\nwindow = \"30d\"\n";
    let story = Story::of(&[outage, blue_green, settle]);
    // 14.4 x 3.6 s, 6 x 21.6 s and the last two 259.2 s, of which only 160 s happen.
    assert_eq!(story.times("alert-fired"), [72.0, 150.0]);
    assert!(story.detail("alert-fired").starts_with("page: the budget burns 14.4"));
    assert_eq!(story.metric("page_s"), Some(72.0));
    assert_eq!(story.run.outcome.name(), "rolled-back");
    let quiet = Story::of(&["[alerts]\n", "[strategies.bg]\nkind = \"blue-green\"\n"]);
    assert_eq!((quiet.times("alert-fired").len(), quiet.metric("page_s")), (0, None));
}

#[test]
fn a_spent_budget_starts_nothing() {
    let rolling = "[strategies.rolling]\nkind = \"rolling\"\n";
    let story = Story::of(&["[budget]\nspent = \"100%\"\n", rolling]);
    assert_eq!(story.end(), ("aborted", 0.0));
    assert_eq!(story.metric("exposed_requests"), Some(0.0));
    let story = Story::of(&["[budget]\nspent = \"99%\"\n", rolling]);
    assert_eq!(story.run.outcome.name(), "completed");
}

/// One of ten instances fails everything from 20 s on: 10% of the requests, 100 times what 99.9%
/// allows. Over a minute that is above 50 times at 60 s; the second batch has begun at 20 s. Nobody
/// mends the release, so the rollout waits until the longest time is over.
#[test]
fn a_rollout_waits_while_the_budget_burns() {
    let rolling = "[strategies.rolling]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 1\n";
    let broken = "[release]\nerror_rate = 1.0\n";
    let budget = "[budget]\npause_above = 50\nwindow = \"1m\"\n";
    let text = [BASE.replace("replications = 1", "replications = 1\nmax_time = \"10m\"").as_str()]
        .concat();
    let variants = variants(&[&text, rolling, broken, budget].concat());
    let run = run(&variants[0].plan, 0, Detail::Events);
    let at = |event: &str| {
        let row = run.events.iter().find(|row| row.event == event);
        row.map(|row| row.at.nanos_from(run.start) as f64 / 1e9)
    };
    // From 20 s on 1 of 9 that serve, from 40 s on 2 of 9: at 45 s (20 x 1 + 5 x 2) / 9 / 60 is
    // 5.6%, and at 30 s it was 1.9%.
    assert_eq!(at("paused"), Some(45.0));
    assert_eq!((run.outcome.name(), at("resumed")), ("unfinished", None));
    assert!(run.events.iter().last().is_some_and(|row| row.available[1] < 4), "it stopped early");
}

/// Two zones of five, one after another within 20 s each; the first bakes for a minute.
#[test]
fn waves_bake_under_gates() {
    let waves = "[strategies.waves]\nkind = \"waves\"\ninner = \"all\"\nbake = \"1m\"\n\
                 bake_gates = [\"slo\"]\n[strategies.all]\nkind = \"rolling\"\nmax_surge = 0\n\
                 max_unavailable = \"100%\"\n";
    let of_waves = |release: &str| {
        let text = [BASE, release, SLO, waves].concat();
        let text = text.replace("instances = 10\n", "instances = 10\nzones = [\"a\", \"b\"]\n");
        let all = variants(&text);
        let waves = all.iter().find(|variant| variant.name == "waves").expect("a variant");
        let run = run(&waves.plan, 0, Detail::Events);
        let metrics = measure(&waves.plan, &run);
        Story { run, metrics }
    };
    let story = of_waves(BAD);
    assert_eq!(story.times("gate-failed"), [35.0]);
    assert_eq!(story.run.outcome.name(), "rolled-back");
    let story = of_waves("");
    assert_eq!(story.times("gate-passed"), [80.0, 160.0]);
    assert_eq!(story.end(), ("completed", 160.0));
}

/// What is wrong with gates where they stand, each with its place and a remedy.
#[test]
fn gates_that_cannot_work_are_errors() {
    let canary = |step: &str| format!("[strategies.c]\nkind = \"canary\"\nsteps = [{step}]\n");
    let short = canary("{ weight = \"10%\", pause = \"10s\", gates = [\"slo\"] }");
    let unknown = canary("{ weight = \"10%\", pause = \"1m\", gates = [\"slow\"] }");
    let forever = canary("{ weight = \"10%\", pause = \"forever\", gates = [\"slo\"] }");
    let rolling = |rest: &str| format!("[strategies.r]\nkind = \"rolling\"\n{rest}\n");
    for (strategy, code, said) in [
        (&short, "R053", "gate `slo` has no time to look: its first look is at 15 s"),
        (&unknown, "R052", "did you mean `slo`?"),
        (&forever, "R011", "a step that waits for a person has no time for gates to look"),
        (&rolling("step_gates = [\"slo\"]"), "R011", "`step_gates` need batches to look at"),
        (&rolling("gates = [\"nobody\"]"), "R052", "there is no gate called `nobody`"),
        (
            &"[strategies.b]\nkind = \"blue-green\"\npreview_gates = [\"slo\"]\n".to_owned(),
            "R053",
            "let `preview_time` last 15 s at least",
        ),
        (
            &rolling("gates = [\"slo\"]\n[budget]\npause_above = 2\nresume_below = 3"),
            "R054",
            "a rollout would go on while it is to wait",
        ),
    ] {
        let text = [BASE, SLO, strategy].concat();
        let errors = try_variants(&text).expect_err("it cannot work");
        assert!(errors.contains(&format!("error[{code}]")), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
}
