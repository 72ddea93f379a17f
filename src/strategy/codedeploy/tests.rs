//! Configurations by name, and what is wrong with them.

use std::sync::Arc;

use super::*;

fn codedeploy(text: &str) -> Arc<dyn Parameters> {
    let table = format!("{{ {text} }}");
    let source = toml::de::ValueDeserializer::parse(&table).expect("a table");
    (KIND.parse)(source).expect("parameters")
}

#[test]
fn predefined_configurations() {
    let tenth = Ratio::from_billionths(100_000_000);
    let minutes = |count: u64| SimDuration::from_secs(60 * count);
    for (name, expected) in [
        ("CodeDeployDefault.OneAtATime", Some(Plan::InPlace(MinimumHealthy::AtATime(1)))),
        ("AllAtOnce", Some(Plan::InPlace(MinimumHealthy::HostCount(0)))),
        ("CodeDeployDefault.ECSAllAtOnce", Some(Plan::Shift(linear(Ratio::ONE, minutes(0))))),
        (
            "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
            Some(Plan::Shift(linear(tenth, minutes(3)))),
        ),
        ("LambdaLinear10PercentEvery1Minute", Some(Plan::Shift(linear(tenth, minutes(1))))),
        ("ECSCanary10Percent15Minutes", Some(Plan::canary(tenth, minutes(15)))),
        ("ECSCanary0Percent15Minutes", None),
        ("ThirdAtATime", None),
    ] {
        assert_eq!(Plan::called(name), expected, "{name}");
    }
}

#[test]
fn contradictions_are_named_by_field() {
    for (text, field) in [
        ("config = \"ThirdAtATime\"", "config"),
        ("config = \"AllAtOnce\", minimum_healthy_hosts = 1", "minimum_healthy_hosts"),
        ("canary_percent = \"10%\"", "canary_percent"),
        ("linear_percent = \"0%\", interval = \"1m\"", "linear_percent"),
        ("minimum_healthy_hosts = \"101%\"", "minimum_healthy_hosts"),
        ("termination_wait = \"1h\"", "termination_wait"),
        ("interval = \"1m\"", "interval"),
        ("config = \"ECSAllAtOnce\", zonal = {}", "zonal"),
        ("host_timeout = \"0s\"", "host_timeout"),
    ] {
        let fields: Vec<String> =
            codedeploy(text).check(10).into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [field], "{text}");
    }
}

#[test]
fn a_minimum_that_cannot_be_kept_is_told() {
    let minimum = codedeploy("minimum_healthy_hosts = \"95%\"");
    assert_eq!((minimum.advise(10, 1).len(), minimum.advise(20, 1).len()), (1, 0));
    assert_eq!(codedeploy("zonal = {}").advise(10, 1).len(), 1);
    assert_eq!(codedeploy("zonal = {}").advise(10, 3), []);
}
