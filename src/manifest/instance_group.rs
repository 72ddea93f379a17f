//! How does a Google managed instance group update?
//!
//! # What it reads
//! An `instanceGroupManager` as the Compute API and `gcloud compute instance-groups managed
//! describe` print it, in JSON or YAML, and terraform's `google_compute_instance_group_manager` and
//! its regional twin: `targetSize`, `updatePolicy`, the `targetSize` of the second of two versions,
//! the zones, the initial delay of autohealing.
//!
//! # Defaults
//! Both bounds are the number of zones. A policy without `type` is taken as PROACTIVE and noted:
//! what the API does there is not documented.
//!
//! # What is not modelled
//! Redistribution between zones, stateful disks and names, the health check's own parameters, which
//! stand in another resource.
//!
//! # Worked example
//! ```yaml
//! kind: compute#instanceGroupManager
//! name: shop
//! targetSize: 10
//! updatePolicy: {type: PROACTIVE, maxSurge: {fixed: 3}, maxUnavailable: {fixed: 0}}
//! ```
//! is a group of 10 that grows to 13 and never has fewer than 10 machines available.

use toml::{Table, Value};

use super::cloud::{Reader, Spelling, fleet, percent, table};
use super::findings::Findings;
use super::object::Sighting;
use super::resource::terraform;
use super::tree::Field;
use super::write::seconds;
use super::{Controller, Object, Part, Sign};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "Google instance group",
    sign: Sign::Content(find),
    companions: &[],
    claims: super::claims_nothing,
    read,
};

/// Smallest group that takes a percentage.
const FEWEST_FOR_SHARES: u32 = 10;

fn find(document: Field<'_>) -> Vec<Sighting<'_>> {
    let mut all = terraform(document, "google_compute_instance_group_manager");
    all.extend(terraform(document, "google_compute_region_instance_group_manager"));
    let has = |root: Field<'_>, key: &str| root.entries().any(|(name, ..)| name == key);
    let is_group = |root: &Field<'_>| {
        has(*root, "updatePolicy") || has(*root, "instanceTemplate") && has(*root, "targetSize")
    };
    // A list of groups, or what `gcloud` prints of one.
    let listed = document.entries().find(|(key, ..)| *key == "items");
    let listed = listed.into_iter().flat_map(|(_, _, items)| items.raw_items());
    for root in std::iter::once(document).chain(listed).chain(document.raw_items()).filter(is_group)
    {
        let name = root.entries().find(|(name, ..)| *name == "name");
        all.push(Sighting { name: name.and_then(|(_, _, name)| name.text()), root });
    }
    all
}

fn read(object: &Object<'_>, _: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let group = object.root;
    let mut reader = Reader::new(object.document, found);
    let size = reader.whole(group, "targetSize", (0, 1_000_000));
    part.strategy.insert("kind".into(), "instance-group".into());
    policy(group, &mut part.strategy, &mut reader);
    canary(group, &mut part.strategy, &mut reader);
    let key = reader.spelling.key("targetSize");
    fleet(size, &key, &mut part.scenario, reader.found);
    let zones = zones(group, &mut reader);
    if let Some(Value::Table(fleet)) = part.scenario.get_mut("fleet") {
        fleet.insert("zones".into(), Value::Array(zones));
    }
    health(group, &mut part.scenario, &mut reader);
    part
}

fn policy<'t>(group: Field<'t>, strategy: &mut Table, reader: &mut Reader<'t, '_>) {
    let Some(policy) = reader.mapping(group, "updatePolicy") else {
        reader.note("there is no update policy: simulated as if it were started as PROACTIVE");
        return;
    };
    match reader.one_of(policy, "type", &["PROACTIVE", "OPPORTUNISTIC"]) {
        Some("OPPORTUNISTIC") => {
            strategy.insert("update".into(), "opportunistic".into());
            reader.note("an OPPORTUNISTIC update moves nothing by itself and takes no time");
        }
        Some(_) => {}
        None => reader.note("the policy has no type: simulated as if it were PROACTIVE"),
    }
    for (key, field) in [("maxSurge", "max_surge"), ("maxUnavailable", "max_unavailable")] {
        if let Some(bound) = bound(policy, key, reader) {
            refuse_share_of_few(group, (policy, key), &bound, reader);
            strategy.insert(field.into(), bound);
        }
    }
    let actions = ["NONE", "REFRESH", "RESTART", "REPLACE"];
    for (key, field) in [
        ("minimalAction", "minimal_action"),
        ("mostDisruptiveAllowedAction", "most_disruptive_allowed_action"),
    ] {
        match reader.one_of(policy, key, &actions) {
            Some("NONE") => {
                reader.note(format!("`{key}: NONE` is taken as REFRESH, the least there is here"));
                strategy.insert(field.into(), "refresh".into());
            }
            Some(action) => {
                strategy.insert(field.into(), action.to_ascii_lowercase().into());
            }
            None => {}
        }
    }
    if strategy.get("minimal_action").and_then(Value::as_str).is_some_and(|one| one != "replace") {
        reader.note(
            "what a release needs of a machine is not in the group: `release_needs` is `replace` \
             unless you write `restart`",
        );
    }
    if let Some(method) = reader.one_of(policy, "replacementMethod", &["SUBSTITUTE", "RECREATE"]) {
        strategy.insert("replacement_method".into(), method.to_ascii_lowercase().into());
    }
    if let Some(kind) = reader.word(policy, "instanceRedistributionType")
        && kind != "NONE"
    {
        reader.note("redistribution between zones is not modelled: machines stay where they are");
    }
}

/// A count or a percentage, which terraform has as two fields.
fn bound<'t>(policy: Field<'t>, key: &str, reader: &mut Reader<'t, '_>) -> Option<Value> {
    let count = (0, 1_000_000);
    let (fixed, share) = if reader.spelling == Spelling::Terraform {
        let fixed = reader.whole(policy, &format!("{key}Fixed"), count);
        (fixed, reader.whole(policy, &format!("{key}Percent"), (0, 100)))
    } else {
        let bound = reader.mapping(policy, key)?;
        bound.get("calculated");
        let fixed = reader.whole(bound, "fixed", count);
        (fixed, reader.whole(bound, "percent", (0, 100)))
    };
    match (fixed, share) {
        (_, Some(share)) => Some(percent(share.into())),
        (Some(count), None) => Some(Value::Integer(count.into())),
        (None, None) => None,
    }
}

/// Percentages are for groups of ten and more.
fn refuse_share_of_few<'t>(
    group: Field<'t>,
    (policy, key): (Field<'t>, &str),
    bound: &Value,
    reader: &mut Reader<'t, '_>,
) {
    let size = reader.whole(group, "targetSize", (0, 1_000_000));
    let Some(size @ 1..FEWEST_FOR_SHARES) = size.filter(|_| bound.is_str()) else { return };
    let written = [key.to_owned(), format!("{key}Percent")];
    let written = written.iter().find_map(|key| policy.get(&reader.spelling.key(key)));
    let message = format!("a group of {size} takes no percentage");
    let help = "write a count: percentages are for groups of 10 and more";
    reader.found.problem(written.unwrap_or(policy).place(), message, Some(help));
}

/// Of two versions one has a size: the new one goes that far, or everywhere but there.
fn canary<'t>(group: Field<'t>, strategy: &mut Table, reader: &mut Reader<'t, '_>) {
    let key = if reader.spelling == Spelling::Terraform { "version" } else { "versions" };
    // In terraform a block each, so a list stays one.
    let versions: Vec<Field<'t>> = match group.get(&reader.spelling.key(key)) {
        Some(list) if list.items().next().is_some() => list.items().collect(),
        one => one.into_iter().collect(),
    };
    for version in &versions {
        for key in ["instanceTemplate", "name"] {
            version.get(&reader.spelling.key(key));
        }
    }
    if versions.len() < 2 {
        return;
    }
    let sized = versions.iter().find(|version| {
        version.entries().any(|(key, ..)| key == reader.spelling.key("targetSize"))
    });
    let Some(size) = sized.and_then(|version| reader.mapping(*version, "targetSize")) else {
        return;
    };
    size.get("calculated");
    let fixed = reader.whole(size, "fixed", (0, 1_000_000));
    let share = reader.whole(size, "percent", (0, 100));
    let Some(value) =
        share.map(|share| percent(share.into())).or(fixed.map(|n| Value::Integer(n.into())))
    else {
        return;
    };
    strategy.insert("target_size".into(), value);
    reader.note("the version that has a target size is taken for the new one");
}

fn zones<'t>(group: Field<'t>, reader: &mut Reader<'t, '_>) -> Vec<Value> {
    let last = |text: &str| Value::String(text.rsplit('/').next().unwrap_or(text).to_owned());
    let policy = reader.mapping(group, "distributionPolicy");
    let mut zones: Vec<Value> = match policy {
        Some(policy) => reader
            .list(policy, "zones")
            .iter()
            .filter_map(|zone| zone.get("zone").and_then(Field::text))
            .map(last)
            .collect(),
        None => reader
            .list(group, "distributionPolicyZones")
            .iter()
            .filter_map(|zone| zone.text())
            .map(last)
            .collect(),
    };
    if zones.is_empty()
        && let Some(zone) = reader.word(group, "zone")
    {
        zones.push(last(zone));
    }
    if zones.is_empty() && reader.word(group, "region").is_some() {
        reader.note("the zones of its region are not listed: three, as regional groups have");
        zones.extend(["a", "b", "c"].map(Value::from));
    }
    if zones.is_empty() {
        zones.push("a".into());
    }
    zones
}

fn health<'t>(group: Field<'t>, scenario: &mut Table, reader: &mut Reader<'t, '_>) {
    let policy = reader.mapping(group, "updatePolicy");
    let ready = policy.and_then(|policy| reader.whole(policy, "minReadySec", (0, 3600)));
    let readiness = table([("min_ready", seconds(ready.unwrap_or(0).into()))]);
    scenario.insert("readiness".into(), Value::Table(readiness));
    let healing = reader.list(group, "autoHealingPolicies");
    if let Some(first) = healing.first() {
        first.see_all();
        reader.note(
            "the health check of autohealing stands elsewhere: write `[liveness]`, with its \
             initial delay, if machines are to be recreated by it",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, told};

    fn check(text: &str, expected: &str, fleet: &str) {
        let imported = read(text, None).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let expected: toml::Table = toml::from_str(expected).unwrap();
        assert_eq!(imported.strategy, expected, "{text}");
        let fleet: toml::Table = toml::from_str(fleet).unwrap();
        assert_eq!(imported.scenario["fleet"].as_table(), Some(&fleet), "{text}");
    }

    #[test]
    fn a_group_as_it_is_printed_and_in_terraform() {
        let yaml = "kind: compute#instanceGroupManager
name: shop
targetSize: 10
zone: https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b
updatePolicy:
  type: PROACTIVE
  minimalAction: REPLACE
  maxSurge: {fixed: 3, calculated: 3}
  maxUnavailable: {percent: 20, calculated: 2}
  replacementMethod: SUBSTITUTE
";
        let expected = "
            kind = 'instance-group'
            max_surge = 3
            max_unavailable = '20%'
            minimal_action = 'replace'
            replacement_method = 'substitute'";
        check(yaml, expected, "instances = 10\nzones = ['europe-west1-b']");
        let terraform = r#"
resource "google_compute_region_instance_group_manager" "shop" {
  name                      = "shop"
  region                    = "europe-west1"
  target_size               = 12
  distribution_policy_zones = ["europe-west1-b", "europe-west1-c"]
  version {
    instance_template = "old"
  }
  version {
    instance_template = "new"
    target_size {
      percent = 25
    }
  }
  update_policy {
    type                  = "PROACTIVE"
    minimal_action        = "REPLACE"
    max_surge_fixed       = 2
    max_unavailable_fixed = 0
  }
}
"#;
        let expected = "
            kind = 'instance-group'
            max_surge = 2
            max_unavailable = 0
            minimal_action = 'replace'
            target_size = '25%'";
        check(terraform, expected, "instances = 12\nzones = ['europe-west1-b', 'europe-west1-c']");
    }

    #[test]
    fn a_small_group_takes_no_percentage() {
        let text = "name: shop\ntargetSize: 9\nupdatePolicy:\n  type: PROACTIVE\n  \
                    maxSurge: {percent: 30}\n";
        let refused = "5:13: a group of 9 takes no percentage \
                       (write a count: percentages are for groups of 10 and more)";
        assert!(told(text, None).contains(&refused.to_owned()), "{:?}", told(text, None));
        assert!(read(&text.replace(": 9", ": 10"), None).is_ok());
    }

    #[test]
    fn an_opportunistic_policy_is_noted() {
        let text = "name: shop\ntargetSize: 4\nregion: r\nupdatePolicy: {type: OPPORTUNISTIC}\n";
        let told = told(text, None);
        assert!(told[0].starts_with("an OPPORTUNISTIC update moves nothing"), "{told:?}");
        assert!(told[1].starts_with("the zones of its region are not listed"), "{told:?}");
    }
}
