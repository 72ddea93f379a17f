//! How does an Amazon ECS service roll out?
//!
//! # What it reads
//! A service as `create-service` takes it and `describe-services` prints it, as the resource
//! `AWS::ECS::Service` of a CloudFormation template, or as terraform's `aws_ecs_service`: the
//! desired count, `deploymentConfiguration` (percentages, circuit breaker, alarms, strategy, bake
//! times), the grace period of health checks; from its task definition, in the same files, the
//! container's health check and stop timeout (terraform's is JSON in a string, or `jsonencode`);
//! from its target group the checks and the deregistration delay.
//!
//! # Defaults
//! 1 task, 100% and 200% (0% and 100% for daemons), no circuit breaker, no alarms. Without any
//! check a task is healthy 40 s after it runs.
//!
//! # What is not modelled
//! Life-cycle hooks, placement, capacity providers, and the alarms themselves: a scenario has gates
//! instead.
//!
//! # Worked example
//! ```json
//! {"serviceName": "shop", "desiredCount": 4, "deploymentConfiguration":
//!   {"minimumHealthyPercent": 50, "maximumPercent": 100,
//!    "deploymentCircuitBreaker": {"enable": true, "rollback": true}}}
//! ```
//! is a fleet of 4 of which 2 may go at a time, that goes back after 3 failed tasks.

use toml::{Table, Value};

use super::cloud::{Reader, Spelling, fleet, percent, table, time};
use super::findings::{Findings, quote};
use super::object::Sighting;
use super::parse::documents;
use super::resource::{cloudformation, terraform};
use super::target_group::{self, Checks};
use super::tree::{Field, Kind, Tree};
use super::write::seconds;
use super::{Controller, Object, Part, Problem, Sign, hcl};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "ECS service",
    sign: Sign::Content(find),
    companions: &[],
    claims: |service, other| is_service(service.root) && is_task(other.root),
    read,
};

/// Seconds that a task without any check runs until it counts as healthy.
const UNCHECKED_SECONDS: i64 = 40;
/// `stopTimeout` where it is not written.
const STOP_SECONDS: u32 = 30;

fn is_service(root: Field<'_>) -> bool {
    let keys = ["serviceName", "deploymentConfiguration", "taskDefinition", "desiredCount"];
    let has = |key: &&&str| {
        [Spelling::Api, Spelling::CloudFormation, Spelling::Terraform]
            .iter()
            .any(|spelling| root.entries().any(|(name, ..)| name == spelling.key(key)))
    };
    // A task definition alone has none of them but, perhaps, its own name.
    keys.iter().filter(has).count() >= 2 || root.get("serviceArn").is_some()
}

fn is_task(root: Field<'_>) -> bool {
    root.entries().any(|(name, ..)| name == "containerDefinitions")
}

/// Services of a document, and task definitions that stand by themselves.
fn find(document: Field<'_>) -> Vec<Sighting<'_>> {
    let mut all = cloudformation(document, "AWS::ECS::Service");
    all.extend(terraform(document, "aws_ecs_service"));
    // What commands print holds it one level down.
    let mut roots = vec![document];
    for (key, _, inner) in document.entries() {
        match key {
            "services" => roots.extend(inner.raw_items()),
            "service" | "taskDefinition" => roots.push(inner),
            _ => {}
        }
    }
    for root in roots.into_iter().filter(|&root| is_service(root) || is_task(root)) {
        let key = if is_service(root) { "serviceName" } else { "family" };
        let name = root.entries().find(|(name, ..)| *name == key);
        all.push(Sighting { name: name.and_then(|(_, _, name)| name.text()), root });
    }
    all
}

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let service = object.root;
    if is_task(service) && !is_service(service) {
        let message = "a task definition alone has no rollout".into();
        found.problem(object.place, message, Some("give its service too, or instead"));
        return part;
    }
    let mut reader = Reader::new(object.document, found);
    let is_daemon = reader.word(service, "schedulingStrategy") == Some("DAEMON");
    part.strategy = strategy(service, is_daemon, &mut reader);
    health(service, others, &mut part.scenario, &mut reader);
    let count = reader.whole(service, "desiredCount", (0, 1_000_000));
    let size = match count {
        None if service.get(&reader.spelling.key("desiredCount")).is_none() && !is_daemon => {
            Some(1)
        }
        count => count,
    };
    if is_daemon {
        reader
            .note("a daemon has a task on each container instance: set `fleet.instances` to that");
    }
    let key = reader.spelling.key("desiredCount");
    fleet(size, &key, &mut part.scenario, reader.found);
    part
}

/// What decides how it rolls out: in terraform some of it stands in the service itself.
fn strategy<'t>(service: Field<'t>, is_daemon: bool, reader: &mut Reader<'t, '_>) -> Table {
    let controller = reader.mapping(service, "deploymentController");
    let kinds = ["ECS", "CODE_DEPLOY", "EXTERNAL"];
    match controller.and_then(|controller| reader.one_of(controller, "type", &kinds)) {
        Some("CODE_DEPLOY") => {
            reader.note(
                "CodeDeploy deploys this service, and its deployment group says how: all at once \
                 here; import the deployment group for its configuration",
            );
            return table([
                ("kind", "codedeploy".into()),
                ("config", "CodeDeployDefault.ECSAllAtOnce".into()),
            ]);
        }
        Some("EXTERNAL") => {
            let place = controller.unwrap_or(service).place();
            let message = "an EXTERNAL deployment controller rolls this service out".into();
            reader.found.problem(place, message, Some("import that controller's own manifest"));
        }
        _ => {}
    }
    let mut ecs = table([("kind", "ecs".into())]);
    let config = reader.mapping(service, "deploymentConfiguration");
    let kinds = ["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"];
    let kind = config.and_then(|config| reader.one_of(config, "strategy", &kinds));
    let (place, minimum, maximum) = match reader.spelling {
        Spelling::Terraform => {
            (Some(service), "deploymentMinimumHealthyPercent", "deploymentMaximumPercent")
        }
        _ => (config, "minimumHealthyPercent", "maximumPercent"),
    };
    let default = if is_daemon { (0, 100) } else { (100, 200) };
    let mut share = |key: &str, range, default: u32| {
        place.and_then(|place| reader.whole(place, key, range)).unwrap_or(default)
    };
    let bounds = (share(minimum, (0, 100), default.0), share(maximum, (100, 1000), default.1));
    match kind {
        None | Some("ROLLING") => {
            ecs.insert("minimum_healthy_percent".into(), percent(bounds.0.into()));
            ecs.insert("maximum_percent".into(), percent(bounds.1.into()));
        }
        Some(kind) => {
            let word = kind.to_ascii_lowercase().replace('_', "-");
            ecs.insert("deployment".into(), word.into());
        }
    }
    if let Some(config) = config {
        shifts(config, kind, &mut ecs, reader);
        early_success(config, &mut ecs, reader);
        if !reader.list(config, "lifecycleHooks").is_empty() {
            reader.note(
                "life-cycle hooks, and those that pause for a person, are not modelled: they take \
                 no time and never fail; what they take can be added to the bakes",
            );
        }
    }
    let outer = if reader.spelling == Spelling::Terraform { Some(service) } else { config };
    if let Some(outer) = outer {
        circuit_breaker(outer, &mut ecs, reader);
        alarms(outer, &mut ecs, reader);
    }
    ecs
}

/// The times and shares of a deployment with a second set of tasks.
fn shifts<'t>(config: Field<'t>, kind: Option<&str>, ecs: &mut Table, reader: &mut Reader<'t, '_>) {
    let bake = reader.number(config, "bakeTimeInMinutes", (0.0, 1440.0));
    match (bake, kind) {
        (Some(bake), _) => {
            ecs.insert("bake".into(), time(bake.value, "m"));
        }
        (None, Some("BLUE_GREEN")) => {
            let message = "a blue-green deployment needs a bake time".into();
            let key = reader.spelling.key("bakeTimeInMinutes");
            let help = format!("write `{key}`");
            reader.found.problem(config.place(), message, Some(&help));
        }
        (None, _) => {}
    }
    let parts = [
        (
            "linearConfiguration",
            "LINEAR",
            ("stepPercent", 3.0, "step_percent"),
            ("stepBakeTimeInMinutes", "step_bake"),
        ),
        (
            "canaryConfiguration",
            "CANARY",
            ("canaryPercent", 0.1, "canary_percent"),
            ("canaryBakeTimeInMinutes", "canary_bake"),
        ),
    ];
    for (name, of, (share, least, share_field), (wait, wait_field)) in parts {
        let Some(part) = reader.mapping(config, name) else { continue };
        if kind != Some(of) {
            let name = reader.spelling.key(name);
            reader.note(format!("`{name}` has no effect without the strategy {of}"));
            part.see_all();
            continue;
        }
        if let Some(share) = reader.number(part, share, (least, 100.0)) {
            ecs.insert(share_field.into(), percent(share.value));
        }
        if let Some(wait) = reader.number(part, wait, (0.0, 1440.0)) {
            ecs.insert(wait_field.into(), time(wait.value, "m"));
        }
    }
}

fn early_success<'t>(config: Field<'t>, ecs: &mut Table, reader: &mut Reader<'t, '_>) {
    let Some(early) = reader.mapping(config, "earlySuccessCriteria") else { return };
    let share = reader.number(early, "healthyPercent", (0.0, 100.0));
    let cleanup = reader.one_of(early, "cleanup", &["BLOCKING", "DEFERRED"]);
    let Some(share) = share else { return };
    let mut criteria = table([("healthy_percent", percent(share.value))]);
    if let Some(cleanup) = cleanup {
        criteria.insert("cleanup".into(), cleanup.to_ascii_lowercase().into());
    }
    ecs.insert("early_success".into(), Value::Table(criteria));
}

fn circuit_breaker<'t>(outer: Field<'t>, ecs: &mut Table, reader: &mut Reader<'t, '_>) {
    let Some(breaker) = reader.mapping(outer, "deploymentCircuitBreaker") else { return };
    let rollback = reader.flag(breaker, "rollback").unwrap_or(false);
    let resets = reader.flag(breaker, "resetOnHealthyTask").unwrap_or(true);
    let threshold = reader.mapping(breaker, "thresholdConfiguration");
    let mut fields = table([("rollback", rollback.into())]);
    if !resets {
        fields.insert("reset_on_healthy_task".into(), false.into());
    }
    if let Some(threshold) = threshold {
        let kinds = ["BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT"];
        let kind = reader.one_of(threshold, "type", &kinds);
        let value = reader.whole(threshold, "value", (1, 1_000_000)).unwrap_or(50);
        let written = match kind {
            Some("COUNT") => Value::Integer(value.into()),
            _ => percent(value.into()),
        };
        fields.insert("threshold".into(), written);
        if kind == Some("UNBOUNDED_PERCENT") {
            fields.insert("bounded".into(), false.into());
        }
    }
    if reader.flag(breaker, "enable") == Some(true) {
        ecs.insert("circuit_breaker".into(), Value::Table(fields));
    }
}

fn alarms<'t>(outer: Field<'t>, ecs: &mut Table, reader: &mut Reader<'t, '_>) {
    let Some(alarms) = reader.mapping(outer, "alarms") else { return };
    let rollback = reader.flag(alarms, "rollback").unwrap_or(false);
    let names: Vec<String> = reader
        .list(alarms, "alarmNames")
        .iter()
        .filter_map(|name| name.text())
        .map(quote)
        .collect();
    if reader.flag(alarms, "enable") != Some(true) {
        return;
    }
    ecs.insert("alarm_rollback".into(), rollback.into());
    if ecs.get("bake").is_none() {
        ecs.insert("bake".into(), "5m".into());
    }
    reader.note(format!(
        "the alarms ({}) watch metrics that are not here: write gates that stand for them and \
         name them in the strategy's `gates`; the bake that ECS sets from the alarms is 5 minutes \
         here",
        names.join(", ")
    ));
}

/// A container's own check.
struct ContainerCheck {
    interval: u32,
    timeout: u32,
    retries: u32,
    start_period: u32,
}

/// When a task is healthy, and how it goes: from the load balancer, the container, or neither.
fn health<'t>(
    service: Field<'t>,
    others: &[Object<'t>],
    scenario: &mut Table,
    reader: &mut Reader<'t, '_>,
) {
    let grace =
        reader.whole(service, "healthCheckGracePeriodSeconds", (0, i32::MAX as u32)).unwrap_or(0);
    let key = if reader.spelling == Spelling::Terraform { "loadBalancer" } else { "loadBalancers" };
    let balancers = reader.list(service, key);
    let balancer =
        balancers.first().map(|&first| target_group::read(first, "targetGroupArn", reader));
    let (check, stop) = task(service, others, reader);
    let checked = match (&balancer, &check) {
        (Some(_), Some(_)) => {
            reader.note("healthy means both: the load balancer's check, the slower, stands for it");
            balancer
        }
        (Some(balancer), None) => Some(*balancer),
        (None, _) => None,
    };
    let (readiness, liveness) = match (checked, check) {
        (Some(checks), _) => (checks.readiness(grace), Some(checks.liveness(grace))),
        (None, Some(check)) => {
            let checks = Checks {
                interval: check.interval,
                timeout: check.timeout,
                healthy: 1,
                unhealthy: check.retries,
                deregistration: 0,
            };
            let grace = grace.max(check.start_period);
            (checks.readiness(grace), Some(checks.liveness(grace)))
        }
        (None, None) => {
            (table([("period", seconds(0)), ("min_ready", seconds(UNCHECKED_SECONDS))]), None)
        }
    };
    scenario.insert("readiness".into(), Value::Table(readiness));
    if let Some(liveness) = liveness {
        scenario.insert("liveness".into(), Value::Table(liveness));
    }
    let drain = balancer.map_or(0, |checks| checks.deregistration);
    let shutdown =
        table([("pre_stop", seconds(drain.into())), ("grace", seconds((drain + stop).into()))]);
    scenario.insert("shutdown".into(), Value::Table(shutdown));
}

/// The check and the stop timeout of the essential containers of its task definition.
fn task<'t>(
    service: Field<'t>,
    others: &[Object<'t>],
    reader: &mut Reader<'t, '_>,
) -> (Option<ContainerCheck>, u32) {
    let document = reader.document();
    let name = reader.reference(service, "taskDefinition");
    service.get(&reader.spelling.key("taskDefinition"));
    let tasks = match reader.spelling {
        Spelling::CloudFormation => cloudformation(document, "AWS::ECS::TaskDefinition"),
        Spelling::Terraform => terraform(document, "aws_ecs_task_definition"),
        Spelling::Api => others
            .iter()
            .filter(|other| is_task(other.root))
            .map(|other| Sighting { name: other.name, root: other.root })
            .collect(),
    };
    let named = tasks.iter().find(|task| name.is_some() && task.name == name);
    let Some(task) = named.or(tasks.first().filter(|_| tasks.len() == 1)) else {
        reader.note(
            "its task definition is not among the files: no health check of a container, and 30 s \
             to stop",
        );
        return (None, STOP_SECONDS);
    };
    if reader.spelling == Spelling::Terraform {
        return encoded(task.root, reader);
    }
    let list = reader.list(task.root, "containerDefinitions");
    containers(list, reader)
}

/// The same of terraform, which holds the containers in a string: JSON, as it is or as a heredoc,
/// or what `jsonencode` is given.
fn encoded<'t>(task: Field<'t>, reader: &mut Reader<'t, '_>) -> (Option<ContainerCheck>, u32) {
    let written = task.get("container_definitions");
    let text = written.and_then(Field::text).unwrap_or_default().trim();
    let bare = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let called = bare.strip_prefix("jsonencode(").and_then(|text| text.strip_suffix(')'));
    let assigned = called.map(|argument| format!("containers = {argument}\n"));
    let heredoc = text.strip_prefix("<<").and_then(|text| Some(text.split_once('\n')?.1));
    let json = heredoc.map_or(text, |text| text.rsplit_once('\n').map_or(text, |(body, _)| body));
    let tree = match &assigned {
        Some(assigned) => hcl::document(assigned, 0).ok(),
        None => documents(json, 0).next().and_then(Result::ok),
    };
    let root = tree.as_ref().map(Tree::root);
    let list = root.map(|root| root.get("containers").unwrap_or(root));
    let (Some(written), Some(list)) = (written, list.filter(|list| list.kind() == Kind::List))
    else {
        reader.note(
            "the containers of its task definition stand in an expression, which is not \
             evaluated: no health check of a container, and 30 s to stop",
        );
        return (None, STOP_SECONDS);
    };
    let mut inside = Findings::default();
    let read = containers(list.items().collect(), &mut Reader::new(list, &mut inside));
    match inside.finish() {
        Ok(notes) => notes.into_iter().for_each(|note| reader.note(note)),
        Err(problems) => problems.into_iter().for_each(|Problem { message, help, .. }| {
            let message = format!("in `container_definitions`, {message}");
            reader.found.problem(written.place(), message, help.as_deref());
        }),
    }
    read
}

fn containers<'t>(
    list: Vec<Field<'t>>,
    reader: &mut Reader<'t, '_>,
) -> (Option<ContainerCheck>, u32) {
    let (mut check, mut stop) = (None, STOP_SECONDS);
    for container in list {
        if reader.flag(container, "essential") == Some(false) {
            continue;
        }
        let written = reader.whole(container, "stopTimeout", (0, 120));
        stop = written
            .map_or(stop, |written| written.max(if stop == STOP_SECONDS { 0 } else { stop }));
        let Some(health) = reader.mapping(container, "healthCheck") else { continue };
        let mut of =
            |key: &str, range, default| reader.whole(health, key, range).unwrap_or(default);
        check = Some(ContainerCheck {
            interval: of("interval", (5, 300), 30),
            timeout: of("timeout", (2, 60), 5),
            retries: of("retries", (1, 10), 3),
            start_period: of("startPeriod", (0, 300), 0),
        });
    }
    (check, stop)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, told};

    fn strategy(text: &str) -> toml::Table {
        read(text, None).unwrap_or_else(|problems| panic!("{problems:?}")).strategy
    }

    const TEMPLATE: &str = "
Parameters:
  Count: {Type: Number, Default: 6}
  Nothing: {Type: Number}
Resources:
  Web:
    Type: AWS::ECS::Service
    Properties:
      DesiredCount: !Ref Count
      TaskDefinition: !Ref Task
      HealthCheckGracePeriodSeconds: 60
      DeploymentConfiguration:
        MinimumHealthyPercent: '50'
        MaximumPercent: !Ref Nothing
        DeploymentCircuitBreaker: {Enable: true, Rollback: true}
        Alarms: {Enable: true, Rollback: false, AlarmNames: [errors]}
      LoadBalancers:
        - {ContainerName: web, ContainerPort: 80, TargetGroupArn: !Ref Group}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: web, StopTimeout: 10}]
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      HealthCheckIntervalSeconds: 10
      HealthyThresholdCount: 2
      TargetGroupAttributes:
        - {Key: deregistration_delay.timeout_seconds, Value: '30'}
";

    #[test]
    fn a_cloudformation_template_with_its_parameters() {
        let imported = read(TEMPLATE, None).unwrap();
        let expected = "
            kind = 'ecs'
            minimum_healthy_percent = '50%'
            maximum_percent = '200%'
            alarm_rollback = false
            bake = '5m'
            circuit_breaker = { rollback = true }";
        assert_eq!(imported.strategy, toml::from_str(expected).unwrap());
        let expected = "
            fleet = { instances = 6 }
            shutdown = { pre_stop = '30s', grace = '40s' }
            [readiness]
            initial_delay = '10s'
            period = '10s'
            timeout = '5s'
            success_threshold = 2
            failure_threshold = 2
            start_attempts = 8
            [liveness]
            initial_delay = '70s'
            period = '10s'
            timeout = '5s'
            failure_threshold = 2";
        assert_eq!(imported.scenario, toml::from_str(expected).unwrap());
        let notes = imported.notes.join("\n");
        for note in [
            "`DesiredCount` is the parameter `Count`, whose default `6` is taken",
            "`MaximumPercent` is the parameter `Nothing`, which has no default here",
            "the alarms (`errors`)",
        ] {
            assert!(notes.contains(note), "{note} in {notes}");
        }
    }

    #[test]
    fn the_same_in_json_of_the_api_and_in_terraform() {
        let api = r#"{"services": [{"serviceArn": "arn:a", "serviceName": "web", "desiredCount": 3,
            "deploymentConfiguration": {"strategy": "LINEAR", "bakeTimeInMinutes": 15,
            "linearConfiguration": {"stepPercent": 12.5, "stepBakeTimeInMinutes": 4}}}]}"#;
        let linear = "
            kind = 'ecs'
            deployment = 'linear'
            bake = '15m'
            step_percent = '12.5%'
            step_bake = '4m'";
        assert_eq!(strategy(api), toml::from_str(linear).unwrap());
        let terraform = r#"
variable "floor" {
  default = 75
}
resource "aws_ecs_service" "web" {
  name                               = "web"
  desired_count                      = 4
  deployment_minimum_healthy_percent = var.floor
  deployment_maximum_percent         = 150
  deployment_circuit_breaker {
    enable   = true
    rollback = false
  }
}
"#;
        let rolling = "
            kind = 'ecs'
            minimum_healthy_percent = '75%'
            maximum_percent = '150%'
            circuit_breaker = { rollback = false }";
        assert_eq!(strategy(terraform), toml::from_str(rolling).unwrap());
        let json = r#"{"variable": {"floor": {"default": 75}}, "resource": {"aws_ecs_service":
            {"web": {"name": "web", "desired_count": 4, "deployment_maximum_percent": 150,
            "deployment_minimum_healthy_percent": "${var.floor}",
            "deployment_circuit_breaker": [{"enable": true, "rollback": false}]}}}}"#;
        assert_eq!(strategy(json), toml::from_str(rolling).unwrap());
    }

    #[test]
    fn a_task_definition_beside_its_service() {
        let text = r#"{"serviceName": "web", "desiredCount": 2, "taskDefinition": "web:3"}
---
{"family": "web", "containerDefinitions": [{"name": "web", "stopTimeout": 5,
 "healthCheck": {"interval": 10, "retries": 2}}]}"#;
        let scenario = read(text, None).unwrap().scenario;
        let readiness = &scenario["readiness"];
        assert_eq!(readiness["period"].as_str(), Some("10s"));
        assert_eq!(readiness["start_attempts"].as_integer(), Some(2));
        assert_eq!(scenario["shutdown"]["grace"].as_str(), Some("5s"));
        let (_, alone) = text.split_once("---\n").unwrap();
        assert_eq!(
            told(alone, None),
            ["1:1: a task definition alone has no rollout (give its service too, or instead)"]
        );
    }

    #[test]
    fn terraform_holds_the_containers_in_a_string() {
        let json = r#"[{"name": "a", "stopTimeout": 9, "healthCheck": {"interval": 7}}]"#;
        let quoted = json.replace('"', "\\\"");
        let object = r#"[{name = "a", stopTimeout = 9, healthCheck = {interval = 7}}]"#;
        let resource = |containers: &str| {
            format!(
                "resource \"aws_ecs_service\" \"web\" {{\n  name = \"web\"\n  desired_count = 2\n  \
                 task_definition = aws_ecs_task_definition.web.arn\n}}\n\
                 resource \"aws_ecs_task_definition\" \"web\" {{\n  \
                 container_definitions = {containers}\n}}\n"
            )
        };
        for containers in [
            format!("jsonencode({object})"),
            format!("\"{quoted}\""),
            format!("<<EOF\n{json}\nEOF"),
        ] {
            let text = resource(&containers);
            let imported = read(&text, None).unwrap_or_else(|problems| panic!("{problems:?}"));
            assert_eq!(imported.notes, [""; 0], "{text}");
            let field = |table: &str, name: &str| imported.scenario[table][name].as_str();
            assert_eq!(field("readiness", "period"), Some("7s"), "{text}");
            assert_eq!(field("shutdown", "grace"), Some("9s"), "{text}");
        }
        let slow = resource("jsonencode([{name = \"a\", stopTimeout = 900}])");
        let refused = "7:27: in `container_definitions`, `stopTimeout` is 900, outside of 0 to 120";
        assert_eq!(told(&slow, None), [refused]);
        let elsewhere = told(&resource("file(\"web.json\")"), None);
        assert!(elsewhere[0].contains("in an expression, which is not evaluated"), "{elsewhere:?}");
    }

    #[test]
    fn what_ecs_would_refuse_is_refused() {
        for (fields, expected) in [
            ("maximumPercent: 90", "`maximumPercent` is 90, outside of 100 to 1000"),
            ("minimumHealthyPercent: half", "must be a number, not the string `half`"),
            ("strategy: BLUE_GREEN", "a blue-green deployment needs a bake time"),
            ("strategy: BLUE", "must be one of `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`"),
        ] {
            let text = format!(
                "serviceName: web\ndesiredCount: 2\ndeploymentConfiguration: {{{fields}}}\n"
            );
            let told = told(&text, None);
            assert!(told.iter().any(|line| line.contains(expected)), "{told:?} for {fields}");
        }
    }
}
