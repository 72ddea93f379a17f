//! How does an AWS Elastic Beanstalk environment deploy?
//!
//! # What it reads
//! Option settings: `option_settings` of a `.config` file, by namespace or as a list; lists of
//! `Namespace`, `OptionName` and `Value` as the API takes and prints them; the same in
//! `AWS::ElasticBeanstalk::Environment` and `ConfigurationTemplate`, and `setting` blocks of
//! terraform's `aws_elastic_beanstalk_environment`. Several `.config` files are one environment,
//! the later ones before the earlier.
//!
//! # Defaults
//! AllAtOnce, batches of 100%, 600 s, 1 instance, checks every 15 s with 3 successes, 20 s of
//! deregistration, enhanced health.
//!
//! # What is not modelled
//! Settings that replace instances (`aws:autoscaling:updatepolicy:rollingupdate`) are another
//! rollout than that of a version. A health threshold below `Ok`.
//!
//! # Worked example
//! ```yaml
//! option_settings:
//!   aws:elasticbeanstalk:command:
//!     DeploymentPolicy: Rolling
//!     BatchSizeType: Fixed
//!     BatchSize: 2
//!   aws:autoscaling:asg:
//!     MinSize: 6
//! ```
//! is a fleet of 6 that is brought over in place, in batches of 2.

use toml::{Table, Value};

use super::cloud::{Reader, fleet, percent, table, time};
use super::findings::{Findings, describe, quote};
use super::object::Sighting;
use super::resource::{blocks, cloudformation, terraform};
use super::target_group::Checks;
use super::tree::{Field, Kind};
use super::write::seconds;
use super::{Controller, Object, Part, Sign};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "Elastic Beanstalk option settings",
    sign: Sign::Content(find),
    companions: &[],
    claims: |one, other| {
        let is_file = |object: &Object<'_>| has(object.root, "option_settings");
        let at = |object: &Object<'_>| (object.tree, object.place);
        is_file(one) && is_file(other) && at(one) < at(other)
    },
    read,
};

const COMMAND: &str = "aws:elasticbeanstalk:command";
const SPLITTING: &str = "aws:elasticbeanstalk:trafficsplitting";
const PROCESS: &str = "aws:elasticbeanstalk:environment:process:default";
const GROUP: &str = "aws:autoscaling:asg";
const REPLACING: &str = "aws:autoscaling:updatepolicy:rollingupdate";
const ENVIRONMENT: &str = "aws:elasticbeanstalk:environment";
const HEALTH: &str = "aws:elasticbeanstalk:healthreporting:system";

/// Enhanced health: twelve good checks in a row, ten seconds apart.
const ENHANCED_SECONDS: i64 = 120;
/// Seconds that an instance has to stop, which is not an option.
const STOP_SECONDS: u32 = 30;

fn has(root: Field<'_>, key: &str) -> bool {
    root.entries().any(|(name, ..)| name == key)
}

/// Whether a list is one of settings.
fn are_settings(list: Field<'_>) -> bool {
    list.raw_items().next().is_some_and(|item| has(item, "Namespace") && has(item, "OptionName"))
}

fn find(document: Field<'_>) -> Vec<Sighting<'_>> {
    let mut all = cloudformation(document, "AWS::ElasticBeanstalk::Environment");
    all.extend(cloudformation(document, "AWS::ElasticBeanstalk::ConfigurationTemplate"));
    all.extend(terraform(document, "aws_elastic_beanstalk_environment"));
    if has(document, "option_settings") || are_settings(document) {
        all.push(Sighting { name: None, root: document });
    }
    let printed = document.entries().find(|(key, ..)| *key == "ConfigurationSettings");
    let printed = printed.into_iter().flat_map(|(_, _, list)| list.raw_items());
    for root in std::iter::once(document).chain(printed) {
        let settings = root.entries().find(|(key, ..)| *key == "OptionSettings");
        if settings.is_some_and(|(_, _, list)| are_settings(list)) {
            let name = root.entries().find(|(key, ..)| *key == "EnvironmentName");
            all.push(Sighting { name: name.and_then(|(_, _, name)| name.text()), root });
        }
    }
    all
}

/// One setting.
#[derive(Clone, Copy)]
struct Setting<'t> {
    namespace: &'t str,
    option: &'t str,
    value: Field<'t>,
}

fn settings<'t>(root: Field<'t>, reader: &mut Reader<'t, '_>) -> Vec<Setting<'t>> {
    let mut all = Vec::new();
    let mut items: Vec<Field<'t>> = blocks(root, "setting");
    let lists = ["option_settings", "OptionSettings"].iter().find_map(|key| root.get(key));
    match lists {
        Some(by_namespace) if by_namespace.kind() == Kind::Mapping => {
            for (namespace, _, options) in by_namespace.entries() {
                by_namespace.get(namespace);
                for (option, _, value) in options.entries() {
                    all.push(Setting { namespace, option, value });
                }
            }
        }
        Some(list) => items.extend(list.items()),
        None => items.extend(root.items()),
    }
    for item in items {
        let text =
            |keys: [&str; 3]| keys.iter().find_map(|key| item.get(key)).and_then(Field::text);
        let namespace = text(["Namespace", "namespace", "resource_namespace"]);
        let option = text(["OptionName", "option_name", "name"]);
        let value = ["Value", "value"].iter().find(|key| has(item, key));
        let value = value.and_then(|key| reader.scalar(item, key));
        if let (Some(namespace), Some(option), Some(value)) = (namespace, option, value) {
            all.push(Setting { namespace, option, value });
        }
    }
    all
}

/// The settings of one environment.
struct Settings<'t, 'r, 'f> {
    all: Vec<Setting<'t>>,
    reader: &'r mut Reader<'t, 'f>,
}

impl<'t> Settings<'t, '_, '_> {
    fn get(&self, namespace: &str, option: &str) -> Option<Field<'t>> {
        // The last one written counts.
        let is_it = |one: &&Setting<'_>| one.namespace == namespace && one.option == option;
        let found = self.all.iter().rev().find(is_it)?;
        found.value.see_all();
        (found.value.kind() != Kind::Null).then_some(found.value)
    }

    fn wrong(&mut self, value: Field<'t>, option: &str, wanted: &str) {
        let message = format!("`{option}` must be {wanted}, not {}", describe(value));
        self.reader.found.problem(value.place(), message, None);
    }

    fn whole(
        &mut self,
        namespace: &str,
        option: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = self.get(namespace, option)?;
        let number = value.text().and_then(|text| text.trim().parse::<u32>().ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            self.wrong(value, option, &wanted);
        }
        number
    }

    fn word(
        &mut self,
        namespace: &str,
        option: &str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let value = self.get(namespace, option)?;
        let text = value.text().unwrap_or_default();
        let word = words.iter().find(|word| word.eq_ignore_ascii_case(text)).copied();
        if word.is_none() {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            self.wrong(value, option, &format!("one of {}", words.join(", ")));
        }
        word
    }
}

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let mut reader = Reader::new(object.document, found);
    let mut all = settings(object.root, &mut reader);
    if has(object.root, "option_settings") {
        let is_file = |other: &&Object<'_>| {
            has(other.root, "option_settings")
                && (other.tree, other.place) != (object.tree, object.place)
        };
        for other in others.iter().filter(is_file) {
            all.extend(settings(other.root, &mut reader));
        }
    }
    let mut settings = Settings { all, reader: &mut reader };
    part.strategy = strategy(&mut settings);
    part.scenario = scenario(&mut settings);
    leave_out(&mut settings);
    part
}

fn strategy(settings: &mut Settings<'_, '_, '_>) -> Table {
    let policies = [
        ("AllAtOnce", "all-at-once"),
        ("Rolling", "rolling"),
        ("RollingWithAdditionalBatch", "rolling-with-additional-batch"),
        ("Immutable", "immutable"),
        ("TrafficSplitting", "traffic-splitting"),
    ];
    let words = policies.map(|(word, _)| word);
    let policy = settings.word(COMMAND, "DeploymentPolicy", &words).unwrap_or("AllAtOnce");
    let name = policies.iter().find(|(word, _)| *word == policy).map_or("all-at-once", |one| one.1);
    let timeout = settings.whole(COMMAND, "Timeout", 1..=3600).unwrap_or(600);
    let ignores = settings.word(COMMAND, "IgnoreHealthCheck", &["true", "false"]);
    let mut strategy = table([
        ("kind", "elastic-beanstalk".into()),
        ("policy", name.into()),
        ("timeout", time(timeout.into(), "s")),
        ("ignore_health_check", (ignores == Some("true")).into()),
    ]);
    let kind = settings.word(COMMAND, "BatchSizeType", &["Percentage", "Fixed"]);
    let is_fixed = kind == Some("Fixed");
    let most = if is_fixed { 10_000 } else { 100 };
    let batch = settings.whole(COMMAND, "BatchSize", 1..=most);
    if name.starts_with("rolling") {
        let size = match batch {
            Some(count) if is_fixed => Value::Integer(count.into()),
            other => percent(other.unwrap_or(100).into()),
        };
        strategy.insert("batch_size".into(), size);
    }
    let share = settings.whole(SPLITTING, "NewVersionPercent", 1..=100);
    let evaluation = settings.whole(SPLITTING, "EvaluationTime", 3..=600);
    if policy == "TrafficSplitting" {
        strategy.insert("new_version_percent".into(), percent(share.unwrap_or(10).into()));
        strategy.insert("evaluation_time".into(), time(evaluation.unwrap_or(5).into(), "m"));
    }
    strategy
}

/// The fleet, its checks and how it drains.
fn scenario(settings: &mut Settings<'_, '_, '_>) -> Table {
    let mut scenario = Table::new();
    let kinds = ["LoadBalanced", "SingleInstance"];
    let is_single = settings.word(ENVIRONMENT, "EnvironmentType", &kinds) == Some("SingleInstance");
    let least = settings.whole(GROUP, "MinSize", 0..=10_000);
    let most = settings.whole(GROUP, "MaxSize", 0..=10_000);
    if least.is_none() && !is_single {
        settings.reader.note("`MinSize` is not written: the default of 1 instance is the fleet");
    }
    if let Some(most) = most.filter(|&most| most > least.unwrap_or(1)) {
        settings.reader.note(format!("scaling up to {most} instances is not modelled"));
    }
    let size = if is_single { 1 } else { least.unwrap_or(1) };
    fleet(Some(size), "MinSize", &mut scenario, settings.reader.found);
    let mut of =
        |option: &str, range, default| settings.whole(PROCESS, option, range).unwrap_or(default);
    let checks = Checks {
        interval: of("HealthCheckInterval", 5..=300, 15),
        timeout: of("HealthCheckTimeout", 1..=300, 5),
        healthy: of("HealthyThresholdCount", 1..=10, 3),
        unhealthy: of("UnhealthyThresholdCount", 1..=10, 5),
        deregistration: of("DeregistrationDelay", 0..=3600, 20),
    };
    let mut readiness = checks.readiness(0);
    // An instance that is not healthy stays until its batch's time is up.
    readiness.remove("start_attempts");
    if settings.word(HEALTH, "SystemType", &["basic", "enhanced"]) != Some("basic") {
        readiness.insert("min_ready".into(), seconds(ENHANCED_SECONDS));
    }
    scenario.insert("readiness".into(), Value::Table(readiness));
    let delay = if is_single { 0 } else { checks.deregistration };
    let shutdown = table([
        ("pre_stop", seconds(delay.into())),
        ("grace", seconds((delay + STOP_SECONDS).into())),
    ]);
    scenario.insert("shutdown".into(), Value::Table(shutdown));
    scenario
}

/// What is said of settings that are not modelled.
fn leave_out(settings: &mut Settings<'_, '_, '_>) {
    let words = ["Ok", "Warning", "Degraded", "Severe"];
    let threshold = settings.word(COMMAND, "HealthCheckSuccessThreshold", &words);
    if let Some(threshold) = threshold.filter(|threshold| *threshold != "Ok") {
        settings.reader.note(format!(
            "`HealthCheckSuccessThreshold` {} would take instances that are less than healthy; \
             here only healthy ones count",
            quote(threshold)
        ));
    }
    let replacing: Vec<Setting<'_>> =
        settings.all.iter().filter(|one| one.namespace == REPLACING).copied().collect();
    for one in &replacing {
        one.value.see_all();
    }
    if !replacing.is_empty() {
        settings.reader.note(format!(
            "`{REPLACING}` is about changes that replace instances, not about a new version"
        ));
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
    fn settings_in_every_form() {
        let expected = "
            kind = 'elastic-beanstalk'
            policy = 'rolling'
            timeout = '900s'
            ignore_health_check = false
            batch_size = 2";
        let settings = [
            ("DeploymentPolicy", "Rolling"),
            ("BatchSizeType", "Fixed"),
            ("BatchSize", "2"),
            ("Timeout", "900"),
        ];
        let joined = |one: fn(&(&str, &str)) -> String| {
            settings.iter().map(one).collect::<Vec<_>>().join("")
        };
        let by_namespace = joined(|(option, value)| format!("    {option}: {value}\n"));
        check(
            &format!("option_settings:\n  aws:elasticbeanstalk:command:\n{by_namespace}"),
            expected,
        );
        let list = joined(|(option, value)| {
            format!(
                "  - namespace: aws:elasticbeanstalk:command\n    option_name: {option}\n    \
                 value: {value}\n"
            )
        });
        check(&format!("option_settings:\n{list}"), expected);
        let api = joined(|(option, value)| {
            format!(
                "- {{Namespace: 'aws:elasticbeanstalk:command', OptionName: {option}, \
                 Value: '{value}'}}\n"
            )
        });
        check(&api, expected);
        let indented = api.replace("- {", "        - {");
        check(
            &format!(
                "Resources:\n  Env:\n    Type: AWS::ElasticBeanstalk::Environment\n    \
                 Properties:\n      OptionSettings:\n{indented}"
            ),
            expected,
        );
        let blocks = joined(|(option, value)| {
            format!(
                "  setting {{\n    namespace = \"aws:elasticbeanstalk:command\"\n    \
                 name = \"{option}\"\n    value = \"{value}\"\n  }}\n"
            )
        });
        check(
            &format!("resource \"aws_elastic_beanstalk_environment\" \"shop\" {{\n{blocks}}}\n"),
            expected,
        );
    }

    #[test]
    fn several_files_are_one_environment() {
        let text = "option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: 1200\n---\n\
                    option_settings:\n  aws:elasticbeanstalk:command:\n    \
                    DeploymentPolicy: Immutable\n  aws:autoscaling:asg: {MinSize: 4, MaxSize: 4}\n";
        check(
            text,
            "kind = 'elastic-beanstalk'
            policy = 'immutable'
            timeout = '1200s'
            ignore_health_check = false",
        );
        let scenario = read(text, None).unwrap().scenario;
        assert_eq!(scenario["fleet"]["instances"].as_integer(), Some(4));
        assert_eq!(scenario["shutdown"]["pre_stop"].as_str(), Some("20s"));
        assert_eq!(scenario["readiness"]["min_ready"].as_str(), Some("120s"));
    }

    #[test]
    fn what_is_out_of_range_is_told_with_its_place() {
        let text = "option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: 4000\n    \
                    DeploymentPolicy: Canary\n";
        assert_eq!(
            told(text, None),
            [
                "3:14: `Timeout` must be a whole number from 1 to 3600, not the number 4000",
                "4:23: `DeploymentPolicy` must be one of `AllAtOnce`, `Rolling`, \
                 `RollingWithAdditionalBatch`, `Immutable`, `TrafficSplitting`, not the string \
                 `Canary`",
            ]
        );
    }
}
