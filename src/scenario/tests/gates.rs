//! Gates: what is read, and every rule about them at once.

use super::{completed, parse};
use crate::gate::{Control, Gate, Metric, Rule, Scope, Span, Together, Watch};
use crate::units::SimDuration;

fn gates(text: &str) -> Vec<Gate> {
    let loaded = parse(&completed(text), &[], &[]).unwrap_or_else(|report| panic!("{report}"));
    loaded.scenario.variants[0].plan.gates.to_vec()
}

fn watch(gate: &Gate) -> &Watch {
    match &gate.rule {
        Rule::Test(watch) => watch,
        Rule::Several(..) => panic!("{} is no test", gate.name),
    }
}

#[test]
fn defaults_of_every_metric() {
    for (metric, limit, scope) in [
        ("error-rate", "max = \"1%\"", Scope::New),
        ("latency-p95", "max = \"250ms\"", Scope::New),
        ("latency-p99", "test = {}", Scope::New),
        ("availability", "min = 0.99", Scope::Service),
        ("burn-rate", "", Scope::Service),
        ("ready-fraction", "min = \"90%\"", Scope::New),
        ("crash-count", "max = 2", Scope::New),
    ] {
        let gates = gates(&format!("[gates.one]\nmetric = \"{metric}\"\n{limit}\n"));
        let watch = watch(&gates[0]);
        assert_eq!((watch.metric.name(), watch.scope), (metric, scope));
        assert_eq!(watch.control, Control::default(), "{metric}");
    }
}

#[test]
fn every_field_is_read() {
    let text = "[gates.one]\nmetric = \"error-rate\"\ntest = { kind = \"sprt\", good = \"0.1%\", \
                bad = \"1%\" }\nwindow = \"5m\"\ninterval = \"30s\"\n\
                initial_delay = \"1m\"\ncount = \
                4\nfailure_limit = 2\nconsecutive = 3\nmin_samples = 100\nscrape = \"5s\"\nlag = \
                \"10s\"\non_no_data = \"pass\"\n[gates.two]\nmetric = \"latency-p99\"\n\
                max_increase = \"20%\"\nwindow = \"all\"\ninconclusive_limit = 7\n[gates.any]\nany \
                = [\"two\", \"one\"]\n";
    let gates = gates(text);
    let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "any"]);
    let one = watch(&gates[0]);
    assert_eq!(one.metric, Metric::ErrorRate);
    // What looks at everything since the beginning has no window; "not yet" is not held against it.
    assert_eq!((one.control.window, one.control.inconclusive_limit), (Span::All, None));
    assert_eq!(one.control.interval, SimDuration::from_secs(30));
    assert_eq!((one.control.count, one.control.failure_limit), (Some(4), 2));
    assert_eq!((one.control.consecutive, one.control.min_samples), (3, 100));
    assert_eq!(one.control.lag, SimDuration::from_secs(10));
    let two = watch(&gates[1]);
    assert_eq!((two.control.window, two.control.inconclusive_limit), (Span::All, Some(7)));
    assert!(matches!(&gates[2].rule, Rule::Several(Together::Any, list) if *list == [1, 0]));
}

#[test]
fn every_rule_at_once() {
    let text = "[gates.a]\nmetric = \"error-rat\"\nmax = \"1%\"\n\
                [gates.b]\nmetric = \"error-rate\"\n\
                [gates.c]\nmetric = \"error-rate\"\nmax = \"1%\"\nwindow = \"5s\"\n\
                [gates.d]\nmetric = \"error-rate\"\nfailure_limit = -1\nmax = \"1%\"\n\
                [gates.e]\nmetric = \"error-rate\"\ntest = { kind = \"anytim\" }\n\
                [gates.f]\nmetric = \"error-rate\"\ntest = { alpha = 1.5 }\n\
                [gates.g]\nmetric = \"latency-p95\"\ntest = { kind = \"bayes\" }\n\
                [gates.h]\nall = [\"c\", \"nobody\"]\n\
                [gates.i]\nmetric = \"error-rate\"\nmax = \"1%\"\ntest = {}\n\
                [gates.j]\nmetric = \"error-rate\"\nmaxx = \"1%\"\n\
                [gates.k]\nmax = \"1%\"\n\
                [gates.l]\nmetric = \"burn-rate\"\ntest = { pairs = [{ long = \"5m\", short = \
                \"1h\", factor = 2 }] }\n\
                [gates.m]\nmetric = \"error-rate\"\nmax = -0.5\ninterval = \"0s\"\n\
                [gates.n]\nany = [\"h\"]\nlag = \"1s\"\n\
                [gates.o]\nmetric = \"ready-fraction\"\nmin = \"140%\"\nlag = \"50s\"\n";
    let report = match parse(&completed(text), &[], &[]) {
        Ok(_) => panic!("it was accepted"),
        Err(report) => report,
    };
    let said: Vec<String> = report
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.rule.code, diagnostic.message))
        .collect();
    snapbox::assert_data_eq!(
        said.join("\n"),
        snapbox::str![[r#"
R007 `gates.a.metric` cannot be `error-rat`
R050 the gate has neither a limit nor a test
R053 the window (5 s) is shorter than a scrape (15 s)
R009 `gates.d.failure_limit` must be a whole number from 0 to 4294967295, not the integer `-1`
R051 there is no kind of test called `anytim`
R050 `alpha` must be above 0 and below 1, not `1.5`
R050 `bayes` tests failures, which `latency-p95` does not count
R052 there is no gate called `nobody`
R050 a gate with a `test` has no `max` beside it
R005 unknown key `maxx` in `gates.j`
R008 `gates.k` needs `metric`
R050 the short window is longer than the long one
R007 `gates.m.max`: a limit cannot be `-0.5`: write a number of at least 0
R009 `gates.m.interval` must be at least 0.1 s
R050 a gate with `any` has no `lag` of its own
R050 `min` is no amount of `ready-fraction`
R053 nothing of the window (60 s) has arrived when it is looked at
"#]]
    );
}

#[test]
fn a_gate_is_swept_and_set_like_any_field() {
    let text = completed("[gates.slo]\nmetric = \"error-rate\"\nmax = \"1%\"\n");
    let loaded = parse(&text, &["gates.slo.interval=30s"], &["gates.slo.max=1%,2%"]);
    let variants = loaded.expect("a scenario").scenario.variants;
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["rolling max=1%", "rolling max=2%"]);
    let control = watch(&variants[0].plan.gates[0]).control;
    assert_eq!(control.interval, SimDuration::from_secs(30));
}
