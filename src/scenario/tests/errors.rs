//! Complete error outputs, to the last column.

use super::{codes, completed, parse};

fn report(text: &str, sets: &[&str], sweeps: &[&str]) -> String {
    match parse(text, sets, sweeps) {
        Ok(loaded) => loaded.warnings.to_string(),
        Err(report) => report.to_string(),
    }
}

#[test]
fn two_places_that_contradict_each_other() {
    let text = "\
[startup]
# The node pool is nearly full.
surge_capacity = 2

[strategies.surge]
kind = \"rolling\"
max_unavailable = 0
max_surge = 3
";
    snapbox::assert_data_eq!(
        report(&completed(text), &[], &[]),
        snapbox::str![[r#"
error[R012]: `surge_capacity` leaves no room for `max_surge`
 --> scenarios/test.toml:8:13
  |
3 | surge_capacity = 2
  |                  - the cluster has room for 2 more
...
8 | max_surge = 3
  |             ^ 3 are wanted, and `max_unavailable` is 0
  |
  = help: lower `max_surge` to 2, or allow `max_unavailable = 1`

"#]]
    );
}

const MANY_ERRORS: &str = r#"
format = 2
name = "API Gateway"

[fleet]
instances = 0
zones = ["eu/a", "b", "eu/a", "/"]

[instance]
slots = 0
service_time = { dist = "pareto", min = "10ms", shape = 0.9 }

[readiness]
perod = "5s"
period = 5
success_threshold = -1

[traffic]
rate = inf

[release]
error_rate = 1.5
crash_after = "sometimes"

[strategies.careful]
kind = "roling"

[slo]
availability = 1

[simulation]
seed = "lucky"
bin = "1ns"
"#;

#[test]
fn everything_at_once() {
    let shown = report(MANY_ERRORS, &[], &[]);
    snapbox::assert_data_eq!(shown, snapbox::file!["everything-at-once.txt"]);
}

#[test]
fn bounds_are_checked_whatever_the_fleet() {
    let text = "[fleet]\ninstances = 0\n[traffic]\nrate = 1\n\
                [strategies.a]\nkind = \"rolling\"\nmax_surge = 0\nmax_unavailable = 0\n";
    let shown = report(text, &[], &[]);
    assert!(shown.contains("R009") && shown.contains("cannot both be zero"), "{shown}");
}

#[test]
fn a_manifest_in_the_place_of_a_scenario() {
    for text in ["# a comment\nkind: Deployment\n", "---\nkind: A\n", "{ \"kind\": \"A\" }"] {
        let shown = report(text, &[], &[]);
        assert!(shown.starts_with("error[R004]: this is not TOML; it looks like YAML"), "{shown}");
        assert_eq!(shown.matches("error").count(), 1, "{shown}");
    }
}

#[test]
fn several_syntax_errors() {
    let text = "[fleet]\ninstances = \nzones = [\"a\"\n\n[traffic]\nrate = 1_\n";
    snapbox::assert_data_eq!(
        report(text, &[], &[]),
        snapbox::str![[r#"
error[R004]: not TOML: a value is missing
 --> scenarios/test.toml:2:13
  |
2 | instances = 
  |             ^

error[R004]: not TOML: missing comma between array elements, expected `,`
 --> scenarios/test.toml:5:1
  |
5 | [traffic]
  | ^

error[R004]: not TOML: missing comma between array elements, expected `,`
 --> scenarios/test.toml:6:1
  |
6 | rate = 1_
  | ^

error[R004]: not TOML: unclosed array, expected `]`
 --> scenarios/test.toml:6:10
  |
6 | rate = 1_
  |          ^

"#]]
    );
}

#[test]
fn what_was_typed_is_shown_as_typed() {
    let text = completed("[startup]\nsurge_capacity = 1\n");
    let sets = ["fleet.instnces=3", "strategies.rolling.max_unavailable=0"];
    let sweeps = ["strategies.rolling.max_surge=1,2,many"];
    snapbox::assert_data_eq!(
        report(&text, &sets, &sweeps),
        snapbox::str![[r#"
error[R005]: unknown key `instnces` in `fleet`
--> command line:1:13
 |
 | --set fleet.instnces=3
 |             ^^^^^^^^
 |
 = help: did you mean `instances`?

error[R012]: `surge_capacity` leaves no room for `max_surge`
 --> command line:1:40
  |
  | --sweep strategies.rolling.max_surge=1,2,many
  |                                        ^ 2 are wanted, and `max_unavailable` is 0
  |
 ::: scenarios/test.toml:2:18
  |
2 | surge_capacity = 1
  |                  - the cluster has room for 1 more
  |
  = help: lower `max_surge` to 1, or allow `max_unavailable = 1`

error[R007]: `strategies.rolling.max_surge`: `many` is no count and no percentage such as `25%`
--> command line:1:42
 |
 | --sweep strategies.rolling.max_surge=1,2,many
 |                                          ^^^^

"#]]
    );
}

#[test]
fn a_sweep_over_nothing() {
    let text = completed(
        "[[sweep]]\npath = \"fleet.instnces\"\nvalues = [1]\n\
         [[sweep]]\npath = \"strategies.rolling.max_surge\"\nvalues = []\n\
         [[sweep]]\npath = \"strategies.roling.max_surge\"\nvalue = [1]\n\
         [[sweep]]\npath = \"fleet..instances\"\nvalues = [1]\n",
    );
    snapbox::assert_data_eq!(
        report(&text, &[], &[]),
        snapbox::str![[r#"
error[R005]: unknown key `instnces` in `fleet`
 --> scenarios/test.toml:2:15
  |
2 | path = "fleet.instnces"
  |               ^^^^^^^^
  |
  = help: did you mean `instances`?

error[R026]: the sweep over `strategies.rolling.max_surge` has no values
 --> scenarios/test.toml:6:10
  |
6 | values = []
  |          ^^
  |
  = help: a sweep needs at least one value

error[R005]: unknown key `value` in `sweep.2`
 --> scenarios/test.toml:9:1
  |
9 | value = [1]
  | ^^^^^
  |
  = help: did you mean `values`?

error[R025]: `fleet..instances` is not the path of a field
  --> scenarios/test.toml:11:8
   |
11 | path = "fleet..instances"
   |        ^^^^^^^^^^^^^^^^^^
   |
   = help: write the keys with dots between, such as `fleet.instances`

"#]]
    );
}

#[test]
fn distributions_with_fields_of_others() {
    let text = completed(
        r#"
[startup]
provision = { dist = "uniform", min = "5s" }
pull = { dist = "exponential", mean = "5s", sd = "1s" }
boot = { dist = "lognormal", median = "20s", p95 = "8s" }

[shutdown]
deploy = { mean = "5s" }

[load_balancer]
lag = { dist = "list", values = ["1s", "never"] }
"#,
    );
    snapbox::assert_data_eq!(
        report(&text, &[], &[]),
        snapbox::str![[r#"
error[R016]: `startup.provision` needs `max`
 --> scenarios/test.toml:3:13
  |
3 | provision = { dist = "uniform", min = "5s" }
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: `uniform` takes `min` and `max`

error[R016]: `sd` does not belong to `dist = "exponential"`
 --> scenarios/test.toml:4:45
  |
4 | pull = { dist = "exponential", mean = "5s", sd = "1s" }
  |                                             ^^
  |
  = help: `exponential` takes `mean`

error[R017]: `startup.boot.p95`: the 95th percentile is not above the median
 --> scenarios/test.toml:5:52
  |
5 | boot = { dist = "lognormal", median = "20s", p95 = "8s" }
  |                                       -----        ^^^^
  |                                       |
  |                                       together with this
  |
  = help: raise `p95`; for a constant, write the duration alone

warning[R031]: `shutdown.deploy` has no effect: no strategy replaces in place
 --> scenarios/test.toml:8:10
  |
8 | deploy = { mean = "5s" }
  |          ^^^^^^^^^^^^^^^
  |
  = help: write `replacement = "in-place"` in a `rolling` strategy

error[R016]: `shutdown.deploy` needs `dist`
 --> scenarios/test.toml:8:10
  |
8 | deploy = { mean = "5s" }
  |          ^^^^^^^^^^^^^^^ which distribution is not said
  |
  = help: add `dist = "exponential"` or another kind

error[R018]: `load_balancer.lag` cannot be a list
  --> scenarios/test.toml:11:7
   |
11 | lag = { dist = "list", values = ["1s", "never"] }
   |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ its draws have no order of their own
   |
   = help: use `dist = "empirical"` with a file, or another distribution

"#]]
    );
}

#[test]
fn warnings_do_not_stop_a_run() {
    let text =
        completed("[shutdown]\npre_stop = \"60s\"\n[load_balancer]\nqueue_timeout = \"5s\"\n");
    assert!(parse(&text, &[], &[]).is_ok());
    snapbox::assert_data_eq!(
        report(&text, &[], &[]),
        snapbox::str![[r#"
warning[R030]: `shutdown.pre_stop` (60 s) is longer than `shutdown.grace` (30 s)
 --> scenarios/test.toml:2:12
  |
2 | pre_stop = "60s"
  |            ^^^^^
  |
  = help: the instance is killed before it stops accepting; raise `grace`

warning[R031]: `load_balancer.queue_timeout` has no effect: nothing waits in the balancer
 --> scenarios/test.toml:4:17
  |
4 | queue_timeout = "5s"
  |                 ^^^^
  |
  = help: set `load_balancer.max_connections`

"#]]
    );
}

const ONE_ERROR_EACH: &[(&str, &str)] = &[
    ("[fleet]\ninstances = 1000001", "R009"),
    ("[fleet]\ninstances = 12\nzones = []", "R015"),
    ("[fleet]\ninstances = 12\nzones = [\"a/b/c\"]", "R015"),
    ("[instance]\nqueue = -1", "R009"),
    ("[instance]\nqueue = 1.5", "R006"),
    ("[instance]\nservice_time = \"0s\"", "R017"),
    ("[instance]\nservice_time = { dist = \"uniform\", min = \"0s\", max = \"0s\" }", "R017"),
    ("[instance]\nservice_time = { dist = \"pareto\", min = \"1s\", shape = 1 }", "R017"),
    ("[instance]\nservice_time = { dist = \"weibull\", scale = \"1s\", shape = nan }", "R017"),
    ("[startup]\nboot = \"never\"", "R007"),
    ("[startup]\nboot = \"20y\"", "R007"),
    ("[startup]\nboot = \"4000d\"", "R007"),
    ("[startup]\nboot = 5", "R006"),
    ("[startup]\nboot = [\"5s\"]", "R006"),
    ("[startup]\nboot = { dist = \"list\", values = [] }", "R017"),
    ("[startup]\npull = { dist = \"list\", values = [\"1s\", \"never\"] }", "R018"),
    ("[startup]\nboot = { dist = \"lognormla\", median = \"1s\", p95 = \"2s\" }", "R007"),
    ("[startup]\nboot = { dist = \"empirical\" }", "R016"),
    ("[startup]\nwarmup = { duration = \"9s\", speed = 0 }", "R009"),
    ("[startup]\nwarmup = { duration = \"9s\", speed = 1.5 }", "R009"),
    ("[startup]\ncontention = -0.5", "R009"),
    ("[startup]\ncontention = nan", "R009"),
    ("[startup]\nsurge_capacity = \"some\"", "R007"),
    ("[startup]\nsurge_capacity = -2", "R009"),
    ("[readiness]\nsuccess_threshold = 0", "R009"),
    ("[readiness]\nstart_attempts = 0", "R009"),
    ("[readiness]\nmin_ready = \"10m\"", "R029"),
    ("[readiness]\ndeadline = \"0s\"", "R029"),
    ("[liveness]\nperiod = \"0s\"", "R009"),
    ("[liveness]\nfailure_threshold = 0", "R009"),
    ("[startup_probe]\nperiod = \"0s\"", "R009"),
    ("[load_balancer]\nhealth_check = { period = \"0s\" }", "R009"),
    ("[load_balancer]\nhealth_check = { rise = 0 }", "R009"),
    ("[load_balancer]\noutlier = { eject = \"0s\" }", "R009"),
    ("[load_balancer]\noutlier = { max_ejected = \"101%\" }", "R009"),
    ("[load_balancer]\nmax_connections = 0", "R009"),
    ("[load_balancer]\nlag = \"-1s\"", "R007"),
    ("[traffic]\nrate = -1", "R009"),
    ("[traffic]\nrate = inf", "R009"),
    ("[traffic]\nrate = 1e400", "R007"),
    ("[traffic]\nrate = \"many\"", "R006"),
    ("[traffic]\nprofile = []", "R020"),
    ("[traffic]\nprofile = [[\"0s\"]]", "R007"),
    ("[traffic]\nrate = 1\ntimeout = \"0s\"", "R009"),
    ("[traffic]\nrate = 1\narrivals = \"bursty\"", "R007"),
    ("[traffic]\nrate = 1\narrivals = { bursty = { factor = 0.5 } }", "R009"),
    ("[traffic]\nrate = 1\narrivals = { bursty = { on = \"0s\" } }", "R009"),
    ("[traffic]\nrate = 1\nretries = { attempts = 1, jitter = 2 }", "R009"),
    ("[traffic]\nrate = 1\nretries = { attempts = 1, multiplier = 0.5 }", "R009"),
    ("[traffic]\nrate = 1\nretries = { attempts = 1, budget = 2 }", "R009"),
    ("[traffic]\nrate = 1\nretries = [1]", "R006"),
    ("[traffic]\nrate = 1\nusers = 0", "R009"),
    ("[traffic]\nrate = 1\nsessions = { share = 1.5 }", "R009"),
    ("[traffic]\nrate = 1\nsessions = { share = 1, length = \"0s\" }", "R017"),
    ("[traffic]\nrate = 1\nretries = { attempts = 101 }", "R009"),
    ("[load_balancer]\nconnect_retries = 101", "R009"),
    ("[readiness]\nperiod = \"999us\"", "R009"),
    ("[release]\nservice_time_factor = 0", "R009"),
    ("[release]\nstartup_factor = inf", "R009"),
    ("[release]\nnever_ready = -0.1", "R009"),
    ("[slo]\navailability = 0", "R009"),
    ("[slo]\navailability = \"100%\"", "R009"),
    ("[slo]\nwindow = \"0s\"", "R009"),
    ("[cost]\ninstance_hour = -1", "R009"),
    ("[simulation]\nreplications = 0", "R009"),
    ("[simulation]\nmax_time = \"0s\"", "R009"),
    ("[simulation]\nbin = \"0s\"", "R009"),
    ("[simulation]\nbin = \"1us\"", "R009"),
    ("[simulation]\nseed = -1", "R009"),
    ("[simulation]\nseed = 99999999999999999999", "R006"),
    ("format = 0", "R013"),
    ("name = \"\"", "R014"),
    ("name = 3", "R006"),
    ("cost = 3", "R006"),
    ("sweep = 3", "R006"),
    ("[sweep]\npath = \"a\"", "R006"),
    ("[gates.slo]", "R008"),
    ("[[strategies.a]]", "R006"),
    ("[strategies.a]", "R008"),
    ("[strategies.a]\nkind = \"waves\"", "R021"),
    ("[strategies.a]\nkind = 3", "R006"),
    ("[strategies.a]\nkind = \"none\"\non_failure = \"panic\"", "R007"),
    ("[strategies.a]\nkind = \"rolling\"\nmax_surge = 0.25", "R006"),
    ("[strategies.a]\nkind = \"canary\"", "R008"),
    ("[strategies.a]\nkind = \"canary\"\nsteps = [[\"5%\"]]", "R006"),
    ("[strategies.a]\nkind = \"rolling\"\ngates = [\"slo\"]", "R052"),
    ("[strategies.a]\nkind = \"recreate\"\nrollback = \"b\"", "R022"),
    ("[gates.slo]\nmetric = \"error-rate\"\nmax = 1\nmax_increase = 1", "R050"),
];

/// A field that cannot be read hides nothing of what is wrong with the others.
#[test]
fn a_fault_tells_all_its_errors() {
    let fault = "[[faults]]\nkind = \"errors\"\nrate = 2\nversion = \"newest\"\nzone = \"q\"\n\
                 probability = 2";
    let found = codes(&parse(&completed(fault), &[], &[]));
    assert_eq!(found, ["R037", "R007", "R038", "R009"]);
}

#[test]
fn each_of_these_is_one_error() {
    for (part, expected) in ONE_ERROR_EACH {
        let read = parse(&completed(part), &[], &[]);
        let found = codes(&read);
        let is_right = found.first() == Some(expected) && found.iter().all(|code| code == expected);
        assert!(is_right && read.is_err(), "{part}: {found:?}");
    }
}

#[test]
fn each_of_these_is_a_warning() {
    for part in [
        "[release]\nmemory_factor = 2",
        "[shutdown]\npre_stop = \"31s\"",
        "[shutdown]\ndeploy = \"5s\"",
        "[load_balancer]\nqueue_timeout = \"0s\"",
        "[load_balancer]\nredispatch = false",
        "[load_balancer]\nretry_aborted = true",
        "[startup]\nwarmup = { duration = \"9s\" }",
        "[startup]\nwarmup = { speed = 0.5 }",
        "[release]\nmixed_error_rate = 0.5",
        "[strategies.a]\nkind = \"none\"\non_failure = \"pause\"",
        "[slo]\nlatency = { target = 0.9 }",
        "[traffic]\nrate = 1\nretries = { budget = 0.1 }",
        "[traffic]\nrate = 1\nusers = 7",
        "[traffic]\nrate = 1\nsessions = { length = \"5m\" }",
        "[strategies.a]\nkind = \"rolling\"\nrollback = \"b\"\n[strategies.b]\nkind = \"recreate\"",
    ] {
        let read = parse(&completed(part), &[], &[]);
        assert!(read.is_ok() && codes(&read).len() == 1, "{part}: {:?}", codes(&read));
    }
}

#[test]
fn rollbacks_that_make_no_sense() {
    let of = |first: &str, second: &str| {
        completed(&format!(
            "[strategies.a]\nkind = \"recreate\"\nrollback = \"{first}\"\n\
             [strategies.b]\nkind = \"recreate\"\nrollback = \"{second}\"\n\
             [strategies.c]\nkind = \"none\"\n[strategies.d]\nkind = \"recreate\"\n"
        ))
    };
    for (first, second, expected) in [
        ("b", "d", vec![]),
        ("a", "d", vec!["R023"]),
        ("b", "a", vec!["R023", "R023"]),
        ("c", "d", vec!["R022"]),
        ("e", "d", vec!["R022"]),
        ("b", "b", vec!["R023"]),
    ] {
        assert_eq!(codes(&parse(&of(first, second), &[], &[])), expected, "{first} {second}");
    }
}

#[test]
fn room_for_the_surge() {
    let of = |capacity: &str, strategy: &str| {
        completed(&format!("[startup]\nsurge_capacity = {capacity}\n[strategies.a]\n{strategy}\n"))
    };
    for (capacity, strategy, fits) in [
        ("2", "kind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 2", true),
        ("2", "kind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 3", false),
        ("2", "kind = \"rolling\"\nmax_unavailable = \"5%\"\nmax_surge = 3", false),
        ("2", "kind = \"rolling\"\nmax_unavailable = 1\nmax_surge = 3", true),
        ("0", "kind = \"rolling\"", true),
        ("\"25%\"", "kind = \"rolling\"\nmax_unavailable = 0", true),
        ("\"20%\"", "kind = \"rolling\"\nmax_unavailable = 0", false),
        ("11", "kind = \"blue-green\"", false),
        ("12", "kind = \"blue-green\"", true),
        ("\"100%\"", "kind = \"canary\"\nsteps = []", true),
        ("\"99%\"", "kind = \"canary\"\nsteps = []", false),
        ("0", "kind = \"recreate\"", true),
    ] {
        let read = parse(&of(capacity, strategy), &[], &[]);
        let expected: &[&str] = if fits { &[] } else { &["R012"] };
        assert_eq!(codes(&read), expected, "{capacity} {strategy}");
    }
}
