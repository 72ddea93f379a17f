//! How does AWS CodeDeploy deploy?
//!
//! # What it reads
//! A deployment configuration (`create-deployment-config`, `get-deployment-config`,
//! `AWS::CodeDeploy::DeploymentConfig`, `aws_codedeploy_deployment_config`): the minimum of healthy
//! hosts, zones, or the traffic routing. A deployment group (`create-deployment-group`,
//! `AWS::CodeDeploy::DeploymentGroup`, `aws_codedeploy_deployment_group`): which configuration,
//! when the old fleet ends, what happens at the time to reroute, automatic rollback, alarms. A
//! group of the same files takes the configuration that it names from there.
//!
//! # Defaults
//! `CodeDeployDefault.OneAtATime`, no rollback, no waits.
//!
//! # What is not modelled
//! How many hosts a group has, which tags or scaling groups decide: set `fleet.instances`.
//! Triggers. Alarms: a scenario has gates instead.
//!
//! # Worked example
//! ```json
//! {"deploymentConfigName": "ThreeQuarters",
//!  "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 75}}
//! ```
//! of 8 hosts takes 2 at a time.

use toml::{Table, Value};

use super::cloud::{Reader, Spelling, fleet, percent, time};
use super::findings::{Findings, quote};
use super::object::Sighting;
use super::resource::{cloudformation, terraform};
use super::tree::Field;
use super::{Controller, Object, Part, Sign};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "CodeDeploy configuration or group",
    sign: Sign::Content(find),
    companions: &[],
    claims: |group, config| is_group(group.root) && is_config(config.root),
    read,
};

fn has(root: Field<'_>, keys: &[&str]) -> bool {
    root.entries().any(|(name, ..)| keys.iter().any(|key| key.eq_ignore_ascii_case(name)))
}

fn is_group(root: Field<'_>) -> bool {
    let keys = ["deploymentGroupName", "serviceRoleArn", "deploymentStyle"];
    let snake = ["deployment_group_name", "service_role_arn", "deployment_style"];
    has(root, &keys) && has(root, &["applicationName"]) || has(root, &snake) && !is_config(root)
}

fn is_config(root: Field<'_>) -> bool {
    let keys = ["minimumHealthyHosts", "trafficRoutingConfig", "zonalConfig"];
    let snake = ["minimum_healthy_hosts", "traffic_routing_config", "zonal_config"];
    has(root, &keys) || has(root, &snake)
}

fn find(document: Field<'_>) -> Vec<Sighting<'_>> {
    let mut all = cloudformation(document, "AWS::CodeDeploy::DeploymentGroup");
    all.extend(cloudformation(document, "AWS::CodeDeploy::DeploymentConfig"));
    all.extend(terraform(document, "aws_codedeploy_deployment_group"));
    all.extend(terraform(document, "aws_codedeploy_deployment_config"));
    let mut roots = vec![document];
    let inner = ["deploymentConfigInfo", "deploymentGroupInfo"];
    roots.extend(document.entries().filter(|(key, ..)| inner.contains(key)).map(|(_, _, one)| one));
    for root in roots.into_iter().filter(|&root| is_group(root) || is_config(root)) {
        let keys = ["deploymentGroupName", "deploymentConfigName"];
        let name = keys.iter().find_map(|key| root.entries().find(|(name, ..)| name == key));
        all.push(Sighting { name: name.and_then(|(_, _, name)| name.text()), root });
    }
    all
}

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    part.strategy.insert("kind".into(), "codedeploy".into());
    let mut reader = Reader::new(object.document, found);
    if is_config(object.root) {
        configuration(object.root, &mut part.strategy, &mut reader);
    } else {
        group(object.root, others, &mut part.strategy, &mut reader);
    }
    let (scenario, found) = (&mut part.scenario, reader.found);
    fleet(None, "the number of hosts", scenario, found);
    part
}

fn configuration<'t>(config: Field<'t>, strategy: &mut Table, reader: &mut Reader<'t, '_>) {
    if let Some(routing) = reader.mapping(config, "trafficRoutingConfig") {
        let kinds = ["TimeBasedCanary", "TimeBasedLinear", "AllAtOnce"];
        let kind = reader.one_of(routing, "type", &kinds);
        if kind == Some("AllAtOnce") {
            strategy.insert("config".into(), "CodeDeployDefault.ECSAllAtOnce".into());
            return;
        }
        if let Some(kind) = kind {
            time_based(routing, kind, strategy, reader);
            return;
        }
    }
    if let Some(minimum) = minimum(config, "minimumHealthyHosts", reader) {
        strategy.insert("minimum_healthy_hosts".into(), minimum);
    }
    let Some(zonal) = reader.mapping(config, "zonalConfig") else { return };
    let mut fields = Table::new();
    for (key, field) in [
        ("monitorDurationInSeconds", "monitor"),
        ("firstZoneMonitorDurationInSeconds", "first_zone_monitor"),
    ] {
        if let Some(length) = reader.number(zonal, key, (0.0, 604_800.0)) {
            fields.insert(field.into(), time(length.value, "s"));
        }
    }
    if let Some(minimum) = minimum(zonal, "minimumHealthyHostsPerZone", reader) {
        fields.insert("minimum_healthy_hosts_per_zone".into(), minimum);
    }
    strategy.insert("zonal".into(), Value::Table(fields));
    reader.note("zones go one after another: name them in `fleet.zones`");
}

/// A share and an interval, whose keys differ between the spellings.
fn time_based<'t>(
    routing: Field<'t>,
    kind: &'static str,
    strategy: &mut Table,
    reader: &mut Reader<'t, '_>,
) {
    let (block, names, field) = match kind {
        "TimeBasedCanary" => {
            ("timeBasedCanary", ["canaryPercentage", "canaryInterval"], "canary_percent")
        }
        _ => ("timeBasedLinear", ["linearPercentage", "linearInterval"], "linear_percent"),
    };
    let Some(part) = reader.mapping(routing, block) else {
        let message = format!("the type is `{kind}`, and `{block}` is missing");
        reader.found.problem(routing.place(), message, Some("write its percentage and interval"));
        return;
    };
    let [share, interval] =
        if reader.spelling == Spelling::Terraform { ["percentage", "interval"] } else { names };
    let share = reader.number(part, share, (1.0, 99.0));
    let interval = reader.number(part, interval, (0.0, 2880.0));
    match (share, interval) {
        (Some(share), Some(interval)) => {
            strategy.insert(field.into(), percent(share.value));
            strategy.insert("interval".into(), time(interval.value, "m"));
        }
        _ => {
            let message = format!("`{block}` needs a percentage and an interval");
            reader.found.problem(part.place(), message, None);
        }
    }
}

/// A count, or a percentage.
fn minimum<'t>(parent: Field<'t>, key: &str, reader: &mut Reader<'t, '_>) -> Option<Value> {
    let minimum = reader.mapping(parent, key)?;
    let kind = reader.one_of(minimum, "type", &["HOST_COUNT", "FLEET_PERCENT"])?;
    let most = if kind == "FLEET_PERCENT" { 100 } else { 1_000_000 };
    let value = reader.whole(minimum, "value", (0, most))?;
    Some(if most == 100 { percent(value.into()) } else { Value::Integer(value.into()) })
}

fn group<'t>(
    group: Field<'t>,
    others: &[Object<'t>],
    strategy: &mut Table,
    reader: &mut Reader<'t, '_>,
) {
    let reference = reader.reference(group, "deploymentConfigName");
    let written = group.get(&reader.spelling.key("deploymentConfigName"));
    let name = reference.or_else(|| written.and_then(Field::text));
    let config = others.iter().find(|other| {
        let own = other.root.entries().find(|(key, ..)| {
            key.eq_ignore_ascii_case("deploymentConfigName") || *key == "deployment_config_name"
        });
        let own = own.and_then(|(_, _, own)| own.text());
        is_config(other.root) && name.is_some() && (other.name == name || own == name)
    });
    match (config, name) {
        (Some(config), _) => configuration(config.root, strategy, reader),
        (None, Some(name)) if name.starts_with("CodeDeployDefault.") => {
            strategy.insert("config".into(), name.into());
        }
        (None, Some(name)) => {
            let place = written.unwrap_or(group).place();
            let message =
                format!("the deployment configuration {} is not among the files", quote(name));
            reader.found.problem(place, message, Some("give its file too"));
        }
        (None, None) => {}
    }
    let shifts = ["canary_percent", "linear_percent"].iter().any(|key| strategy.contains_key(*key))
        || strategy
            .get("config")
            .and_then(Value::as_str)
            .is_some_and(|name| name.contains("ECS") || name.contains("Lambda"));
    blue_green(group, shifts, strategy, reader);
    if let Some(rollback) = reader.mapping(group, "autoRollbackConfiguration") {
        events(rollback, reader);
        let enabled = reader.flag(rollback, "enabled").unwrap_or(false);
        strategy.insert("auto_rollback".into(), enabled.into());
    }
    let Some(alarms) = reader.mapping(group, "alarmConfiguration") else { return };
    if reader.flag(alarms, "enabled") == Some(true) {
        alarms.see_all();
        reader.note(
            "the alarms watch metrics that are not here: write gates that stand for them and name \
             them in the strategy's `gates`",
        );
    }
}

fn events<'t>(rollback: Field<'t>, reader: &mut Reader<'t, '_>) {
    let events = reader.list(rollback, "events");
    let mut words = events.iter().filter_map(|event| event.text());
    if words.any(|event| event == "DEPLOYMENT_STOP_ON_ALARM") && events.len() == 1 {
        reader.note("it rolls back on alarms only; here a failed deployment does as well");
    }
}

fn blue_green<'t>(
    group: Field<'t>,
    shifts: bool,
    strategy: &mut Table,
    reader: &mut Reader<'t, '_>,
) {
    let style = reader.mapping(group, "deploymentStyle");
    let kinds = ["IN_PLACE", "BLUE_GREEN"];
    let kind = style.and_then(|style| reader.one_of(style, "deploymentType", &kinds));
    style.inspect(|style| style.see_all());
    let key = match reader.spelling {
        Spelling::Terraform => "blueGreenDeploymentConfig",
        _ => "blueGreenDeploymentConfiguration",
    };
    let config = reader.mapping(group, key);
    if kind == Some("BLUE_GREEN") && !shifts {
        reader.note(
            "a blue/green deployment of instances is taken for one that moves all requests at \
             once: its configuration decides how fast the new instances are registered, which is \
             not modelled",
        );
        strategy.remove("minimum_healthy_hosts");
        strategy.remove("zonal");
        strategy.insert("config".into(), "CodeDeployDefault.ECSAllAtOnce".into());
    }
    let Some(config) = config else { return };
    if kind != Some("BLUE_GREEN") && !shifts {
        config.see_all();
        reader.note("blue/green settings have no effect on a deployment in place");
        return;
    }
    if let Some(end) = reader.mapping(config, "terminateBlueInstancesOnDeploymentSuccess") {
        let wait = reader.number(end, "terminationWaitTimeInMinutes", (0.0, 2880.0));
        if reader.one_of(end, "action", &["TERMINATE", "KEEP_ALIVE"]) == Some("KEEP_ALIVE") {
            reader.note("the old fleet is kept alive; here it ends after its wait");
        }
        if let Some(wait) = wait {
            strategy.insert("termination_wait".into(), time(wait.value, "m"));
        }
    }
    if let Some(ready) = reader.mapping(config, "deploymentReadyOption") {
        let wait = reader.number(ready, "waitTimeInMinutes", (0.0, 2880.0));
        let kinds = ["CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"];
        if reader.one_of(ready, "actionOnTimeout", &kinds) == Some("STOP_DEPLOYMENT") {
            let wait = wait.map_or(0.0, |wait| wait.value);
            strategy.insert("ready_wait".into(), time(wait, "m"));
            reader.note(
                "a person must let the traffic shift begin: add `[[operator]]` with \
                 `action = \"promote\"`, or it fails",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, told};

    fn check(text: &str, expected: &str) {
        let imported = read(text, None).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let expected: toml::Table = toml::from_str(expected).unwrap();
        assert_eq!(imported.strategy, expected, "{text}");
    }

    #[test]
    fn configurations_in_every_form() {
        check(
            r#"{"deploymentConfigName": "a", "minimumHealthyHosts":
                {"type": "FLEET_PERCENT", "value": 75}, "zonalConfig":
                {"monitorDurationInSeconds": 90, "minimumHealthyHostsPerZone":
                 {"type": "HOST_COUNT", "value": 1}}}"#,
            "kind = 'codedeploy'
            minimum_healthy_hosts = '75%'
            zonal = { monitor = '90s', minimum_healthy_hosts_per_zone = 1 }",
        );
        check(
            "Resources:
  Slow:
    Type: AWS::CodeDeploy::DeploymentConfig
    Properties:
      ComputePlatform: ECS
      TrafficRoutingConfig:
        Type: TimeBasedLinear
        TimeBasedLinear: {LinearPercentage: 25, LinearInterval: 5}
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: shop
      ServiceRoleArn: arn
      DeploymentConfigName: !Ref Slow
      AutoRollbackConfiguration: {Enabled: true, Events: [DEPLOYMENT_FAILURE]}
      DeploymentStyle: {DeploymentType: BLUE_GREEN, DeploymentOption: WITH_TRAFFIC_CONTROL}
      BlueGreenDeploymentConfiguration:
        TerminateBlueInstancesOnDeploymentSuccess:
          {Action: TERMINATE, TerminationWaitTimeInMinutes: 60}
        DeploymentReadyOption: {ActionOnTimeout: STOP_DEPLOYMENT, WaitTimeInMinutes: 10}
",
            "kind = 'codedeploy'
            linear_percent = '25%'
            interval = '5m'
            termination_wait = '60m'
            ready_wait = '10m'
            auto_rollback = true",
        );
        check(
            r#"
resource "aws_codedeploy_deployment_config" "canary" {
  deployment_config_name = "canary"
  traffic_routing_config {
    type = "TimeBasedCanary"
    time_based_canary {
      interval   = 5
      percentage = 10
    }
  }
}
"#,
            "kind = 'codedeploy'\ncanary_percent = '10%'\ninterval = '5m'",
        );
    }

    #[test]
    fn a_group_names_a_predefined_configuration() {
        let group = |name: &str| {
            format!(
                "applicationName: shop\ndeploymentGroupName: web\nserviceRoleArn: arn\n\
                 deploymentConfigName: {name}\n"
            )
        };
        check(
            &group("CodeDeployDefault.HalfAtATime"),
            "kind = 'codedeploy'\nconfig = 'CodeDeployDefault.HalfAtATime'",
        );
        assert_eq!(
            told(&group("Ours"), None),
            ["4:23: the deployment configuration `Ours` is not among the files \
              (give its file too)"]
        );
    }
}
