//! How does a Nomad job roll out, written in HCL?
//!
//! # What it reads
//! Of a `job` and one of its `group`s: `count`, the `update` blocks (field by field, the group's
//! over the job's), `reschedule`, the checks of its services, `shutdown_delay` and `kill_timeout`.
//! It becomes the strategy `nomad`. A variable or a local with a default is its default.
//!
//! # Defaults
//! 1 allocation, max_parallel 1, min_healthy_time 10 s, healthy_deadline 5 minutes,
//! progress_deadline 10 minutes, kill_timeout 5 s, replacements after 30 s and doubling
//! (`nomad/structs/structs.go`).
//!
//! # What is not modelled
//! Single tasks: an allocation is a whole instance; of several checks the one with the longest
//! interval stands for all, and the longest stop counts. `restart`, `migrate`, `disconnect` and
//! `scaling` are noted; so is what a system job does without a deployment. Batch jobs are refused.
//! Expressions that are not constant are refused where a value is needed. Jobs as JSON are not
//! read.
//!
//! # Worked example
//! ```hcl
//! job "checkout" {
//!   group "api" {
//!     count = 6
//!     update { max_parallel = 2 }
//!     service {
//!       check { interval = "5s" timeout = "1s" }
//!     }
//!   }
//! }
//! ```
//! is a fleet of 6 of which two at a time stop and are replaced, each replacement healthy once its
//! check has passed for 10 s.

use toml::{Table, Value};

use super::bound::MOST_INT32;
use super::findings::{Findings, Known, quote};
use super::object::Sighting;
use super::tree::{Field, Kind};
use super::write::{duration, seconds};
use super::{Controller, Object, Part, Sign, claims_nothing, go_duration};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "a Nomad job in HCL",
    sign: Sign::Content(find),
    companions: &[],
    claims: claims_nothing,
    read,
};

const UPDATE_FIELDS: &[&str] = &[
    "auto_promote",
    "auto_revert",
    "canary",
    "health_check",
    "healthy_deadline",
    "max_parallel",
    "min_healthy_time",
    "progress_deadline",
    "stagger",
];

const SECOND: u64 = 1_000_000_000;

/// Largest fleet that a scenario may have.
const MOST_COUNT: i64 = 1_000_000;

/// The jobs of a document: each as a whole where it has one group, else its groups.
fn find(document: Field<'_>) -> Vec<Sighting<'_>> {
    let mut all = Vec::new();
    for job in blocks(document, "job").filter(|job| job.label(0).is_some()) {
        let groups: Vec<_> = blocks(job, "group").collect();
        match &groups[..] {
            [] | [_] => all.push(Sighting { name: job.label(0), root: job }),
            several => {
                let group = |&root: &_| Sighting { name: Field::label(root, 0), root };
                all.extend(several.iter().map(group));
            }
        }
    }
    all
}

fn blocks<'t>(parent: Field<'t>, name: &str) -> impl Iterator<Item = Field<'t>> {
    parent.get(name).into_iter().flat_map(Field::items)
}

/// A group with all that says something about it.
struct Group<'t> {
    document: Field<'t>,
    job: Field<'t>,
    group: Field<'t>,
    tasks: Vec<Field<'t>>,
}

fn read(object: &Object<'_>, _: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let root = object.root;
    let of_job = |job: Field<'_>| blocks(job, "group").any(|one| one.place() == root.place());
    let job = blocks(object.document, "job").find(|&job| of_job(job)).unwrap_or(root);
    let group = if job.place() == root.place() { blocks(root, "group").next() } else { Some(root) };
    let Some(group) = group else {
        let message = format!("the job {} has no `group`", quote(object.name.unwrap_or_default()));
        found.problem(object.place, message, Some("write one with its tasks"));
        return part;
    };
    let tasks = blocks(group, "task").collect();
    let whole = Group { document: object.document, job, group, tasks };
    insert(&mut part.strategy, "kind", Value::String("nomad".into()));
    let is_system = whole.kind(found);
    whole.update(&mut part.strategy, found);
    whole.reschedule(&mut part.strategy, found);
    whole.count(is_system, &mut part.scenario, found);
    let readiness = whole.readiness(found);
    insert(&mut part.scenario, "readiness", Value::Table(readiness));
    let shutdown = whole.shutdown(found);
    insert(&mut part.scenario, "shutdown", Value::Table(shutdown));
    whole.note_the_rest(found);
    part
}

fn insert(table: &mut Table, key: &str, value: Value) {
    table.insert(key.into(), value);
}

impl<'t> Group<'t> {
    /// Where the value of `key` stands: there, or at the default of the variable or local that is
    /// written there. None where it is absent, or the variable has no default, which is refused.
    fn at<'k>(
        &self,
        parent: Field<'t>,
        key: &'k str,
        found: &mut Findings,
    ) -> Option<(Field<'t>, &'k str)>
    where
        't: 'k,
    {
        let written = parent.get(key)?;
        let text = written.text().unwrap_or_default();
        let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
        let text = inner.unwrap_or(text).trim();
        if let Some(name) = text.strip_prefix("var.") {
            let mut variables = blocks(self.document, "variable");
            let variable = variables.find(|one| one.label(0) == Some(name));
            let Some(variable) = variable.filter(|one| one.get("default").is_some()) else {
                let message = format!("`{key}` is the variable {}, without a default", quote(name));
                found.problem(written.place(), message, Some("write the value that is deployed"));
                return None;
            };
            found.note(format!("`{key}` is the default of the variable {}", quote(name)));
            return Some((variable, "default"));
        }
        if let Some(name) = text.strip_prefix("local.") {
            let local = blocks(self.document, "locals")
                .find_map(|locals| locals.entries().find(|(key, ..)| *key == name))
                .map(|(_, _, field)| field);
            let Some(local) = local.and_then(Field::text) else {
                let message = format!("`{key}` is the local {}, which is no constant", quote(name));
                found.problem(written.place(), message, Some("write the value that is deployed"));
                return None;
            };
            let mut all = blocks(self.document, "locals");
            let holder =
                all.find(|locals| locals.get(name).and_then(Field::text) == Some(local))?;
            return Some((holder, name));
        }
        Some((parent, key))
    }

    fn whole(&self, parent: Field<'t>, key: &str, most: i64, found: &mut Findings) -> Option<i64> {
        let (parent, key) = self.at(parent, key, found)?;
        found.whole(parent, key, 0..=most).map(|written| written.value)
    }

    fn is_true(&self, parent: Field<'t>, key: &str, found: &mut Findings) -> Option<bool> {
        let (parent, key) = self.at(parent, key, found)?;
        Some(found.is_true(parent, key))
    }

    /// A duration, nanoseconds.
    fn length(&self, parent: Field<'t>, key: &str, found: &mut Findings) -> Option<u64> {
        let (parent, at) = self.at(parent, key, found)?;
        let written = found.word(parent, at)?;
        let nanos = go_duration::nanos(written.value);
        if nanos.is_none() {
            let message = format!("`{key}` is {}, which is no duration", quote(written.value));
            found.problem(written.place, message, Some("write one such as \"30s\" or \"5m\""));
        }
        nanos
    }

    /// Whether it is a system job; batch jobs are refused.
    fn kind(&self, found: &mut Findings) -> bool {
        let Some((parent, key)) = self.at(self.job, "type", found) else { return false };
        let Some(kind) = found.word(parent, key) else { return false };
        match kind.value {
            "service" => false,
            "system" => {
                found.note(
                    "a system job has one allocation a node and no deployment: it goes on after \
                     each `stagger`, healthy or not; simulated as a service job whose window waits \
                     for health"
                        .into(),
                );
                true
            }
            other => {
                let message = format!("a job of type {} is not rolled out", quote(other));
                found.problem(kind.place, message, Some("only `service` and `system` jobs are"));
                false
            }
        }
    }

    /// The `update` block that has a field: the group's before the job's.
    fn update_with(&self, key: &str) -> Option<Field<'t>> {
        let all = blocks(self.group, "update").chain(blocks(self.job, "update"));
        all.into_iter().find(|update| update.get(key).is_some())
    }

    fn update(&self, strategy: &mut Table, found: &mut Findings) {
        for update in blocks(self.group, "update").chain(blocks(self.job, "update")) {
            found.strangers(update, "update", Known::All(UPDATE_FIELDS));
        }
        for key in ["max_parallel", "canary"] {
            let count =
                self.update_with(key).and_then(|update| self.whole(update, key, MOST_INT32, found));
            let default = i64::from(key == "max_parallel");
            insert(strategy, key, Value::Integer(count.unwrap_or(default)));
        }
        let mut times = [10 * SECOND, 300 * SECOND, 600 * SECOND];
        let keys = ["min_healthy_time", "healthy_deadline", "progress_deadline"];
        for (key, time) in keys.iter().zip(&mut times) {
            if let Some(written) =
                self.update_with(key).and_then(|update| self.length(update, key, found))
            {
                *time = written;
            }
            insert(strategy, key, duration(*time));
        }
        for key in ["auto_promote", "auto_revert"] {
            let is = self.update_with(key).and_then(|update| self.is_true(update, key, found));
            insert(strategy, key, Value::Boolean(is.unwrap_or(false)));
        }
        self.stagger(strategy, found);
        self.health_check(strategy, found);
        self.refuse(times, strategy, found);
    }

    fn stagger(&self, strategy: &mut Table, found: &mut Findings) {
        let Some(update) = self.update_with("stagger") else { return };
        let Some(stagger) = self.length(update, "stagger", found) else { return };
        if self.update_with("min_healthy_time").is_some() {
            found.note("`stagger` does nothing beside `min_healthy_time`".into());
            return;
        }
        found.note("`stagger` stands for `min_healthy_time`, as since Nomad 1.11".into());
        insert(strategy, "min_healthy_time", duration(stagger));
    }

    fn health_check(&self, strategy: &mut Table, found: &mut Findings) {
        let written = self.update_with("health_check").and_then(|update| {
            let (parent, key) = self.at(update, "health_check", found)?;
            found.word(parent, key)
        });
        let name = match written.map(|written| (written.value, written.place)) {
            None | Some(("checks" | "", _)) => "checks",
            Some(("task_states", _)) => "task-states",
            Some(("manual", _)) => "manual",
            Some((other, place)) => {
                let message = format!(
                    "`health_check` is `checks`, `task_states` or `manual`, not {}",
                    quote(other)
                );
                found.problem(place, message, None);
                "checks"
            }
        };
        insert(strategy, "health_check", Value::String(name.into()));
    }

    /// What `UpdateStrategy.Validate` refuses.
    fn refuse(&self, times: [u64; 3], strategy: &Table, found: &mut Findings) {
        let [_, healthy, progress] = times;
        let least = strategy.get("min_healthy_time").and_then(Value::as_str);
        let least = least.and_then(go_duration::nanos).unwrap_or(times[0]);
        let place = |keys: [&str; 2]| {
            let update = keys.iter().find_map(|key| self.update_with(key)?.get(key));
            update.map_or(self.group.place(), Field::place)
        };
        if least >= healthy {
            let message = "`healthy_deadline` must be longer than `min_healthy_time`".into();
            found.problem(place(["healthy_deadline", "min_healthy_time"]), message, None);
        }
        if progress > 0 && healthy >= progress {
            let message = "`progress_deadline` must be longer than `healthy_deadline`".into();
            found.problem(
                place(["progress_deadline", "healthy_deadline"]),
                message,
                Some("or \"0s\", which fails with the first unhealthy allocation"),
            );
        }
        let count = |key: &str| strategy.get(key).and_then(Value::as_integer);
        let promotes = strategy.get("auto_promote").and_then(Value::as_bool) == Some(true);
        if promotes && count("canary") == Some(0) {
            let message = "`auto_promote` needs a `canary` to promote".into();
            found.problem(place(["auto_promote", "canary"]), message, Some("write `canary = 1`"));
        }
        if count("max_parallel") == Some(0) && count("canary") > Some(0) {
            let message = "`canary` needs a `max_parallel` above 0".into();
            found.problem(place(["canary", "max_parallel"]), message, None);
        }
    }

    fn reschedule(&self, strategy: &mut Table, found: &mut Findings) {
        let mut all = blocks(self.group, "reschedule").chain(blocks(self.job, "reschedule"));
        let Some(reschedule) = all.next() else { return };
        if let Some(delay) = self.length(reschedule, "delay", found) {
            insert(strategy, "reschedule_delay", duration(delay));
        }
        let attempts = self.whole(reschedule, "attempts", MOST_INT32, found);
        let is_unlimited =
            self.is_true(reschedule, "unlimited", found).unwrap_or(attempts.is_none());
        if let Some(attempts) = attempts.filter(|_| !is_unlimited) {
            insert(strategy, "reschedule_attempts", Value::Integer(attempts));
        }
        let function = reschedule.get("delay_function").and_then(Field::text);
        if function.is_some_and(|function| function != "exponential") {
            found.note("the delay of a replacement doubles, whatever `delay_function` says".into());
        }
    }

    fn count(&self, is_system: bool, scenario: &mut Table, found: &mut Findings) {
        let count = match self.group.get("count") {
            None => Some(1),
            Some(_) => self.whole(self.group, "count", MOST_COUNT, found),
        };
        if is_system || count == Some(0) {
            found.note("the count of the fleet is not in the job: set `fleet.instances`".into());
            return;
        }
        let Some(count) = count else { return };
        let instances = Table::from_iter([("instances".into(), Value::Integer(count))]);
        insert(scenario, "fleet", Value::Table(instances));
    }

    /// The services of the group and of its tasks.
    fn services(&self) -> Vec<Field<'t>> {
        let of = |parent| blocks(parent, "service");
        of(self.group).chain(self.tasks.iter().copied().flat_map(of)).collect()
    }

    /// The check that is asked least often stands for all.
    fn readiness(&self, found: &mut Findings) -> Table {
        let mut slowest: Option<(u64, Table)> = None;
        let mut number = 0;
        for check in self.services().into_iter().flat_map(|service| blocks(service, "check")) {
            number += 1;
            let period = self.length(check, "interval", found).unwrap_or(10 * SECOND);
            let timeout = self.length(check, "timeout", found).unwrap_or(SECOND);
            let passes = self.whole(check, "success_before_passing", MOST_INT32, found);
            let fails = self.whole(check, "failures_before_critical", MOST_INT32, found);
            if check.get("check_restart").is_some() {
                found.note(
                    "`check_restart` is not modelled: a failing check restarts nothing".into(),
                );
            }
            if slowest.as_ref().is_none_or(|(most, _)| period > *most) {
                let more = |count: Option<i64>| Value::Integer(count.unwrap_or(0) + 1);
                let table = Table::from_iter([
                    ("period".to_owned(), duration(period)),
                    ("timeout".to_owned(), duration(timeout)),
                    ("success_threshold".to_owned(), more(passes)),
                    ("failure_threshold".to_owned(), more(fails)),
                ]);
                slowest = Some((period, table));
            }
        }
        if number > 1 {
            found.note(format!(
                "of {number} checks the one with the longest interval stands for all"
            ));
        }
        let unchecked = || Table::from_iter([("period".to_owned(), seconds(0))]);
        slowest.map_or_else(unchecked, |(_, table)| table)
    }

    /// Deregistered first, told after `shutdown_delay`, killed after `kill_timeout` more.
    fn shutdown(&self, found: &mut Findings) -> Table {
        let mut delay = self.length(self.group, "shutdown_delay", found).unwrap_or(0);
        let mut kill = 0;
        for task in &self.tasks {
            let own = self.length(*task, "shutdown_delay", found).unwrap_or(0);
            delay = delay.max(own);
            kill = kill.max(self.length(*task, "kill_timeout", found).unwrap_or(5 * SECOND));
        }
        let kill = if self.tasks.is_empty() { 5 * SECOND } else { kill };
        Table::from_iter([
            ("pre_stop".to_owned(), duration(delay)),
            ("grace".to_owned(), duration(delay + kill)),
        ])
    }

    fn note_the_rest(&self, found: &mut Findings) {
        let parents = [self.group, self.job];
        let has = |key: &str| {
            let all = parents.iter().chain(&self.tasks);
            let found: Vec<_> = all.filter_map(|parent| parent.get(key)).collect();
            found.iter().for_each(|field| field.see_all());
            !found.is_empty()
        };
        for (key, what) in [
            ("restart", "processes restart after Kubernetes' delays, as often as they die"),
            ("migrate", "no node is drained"),
            ("disconnect", "no client is lost"),
            ("scaling", "the count stays"),
        ] {
            if has(key) {
                found.note(format!("`{key}` is not modelled: {what}"));
            }
        }
        let is_before = |task: &&Field<'t>| {
            let hook = blocks(**task, "lifecycle").next().and_then(|one| one.get("hook"));
            hook.is_some_and(|hook| hook.kind() == Kind::Text("prestart"))
        };
        let before: Vec<String> = self
            .tasks
            .iter()
            .filter(is_before)
            .map(|task| quote(task.label(0).unwrap_or_default()))
            .collect();
        if !before.is_empty() {
            let names = before.join(", ");
            found.note(format!(
                "tasks that start first ({names}) are not modelled: add them to the boot"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Imported;
    use super::super::tests::{check, read};

    #[test]
    fn worked_example() {
        let job = "job \"checkout\" {\n  group \"api\" {\n    count = 6\n    \
            update {\n      max_parallel = 2\n    }\n    service {\n      check {\n        \
            interval = \"5s\"\n        timeout = \"1s\"\n      }\n    }\n  }\n}\n";
        let Imported { name, strategy, scenario, notes, .. } = read(job, None).unwrap();
        assert_eq!(name.as_deref(), Some("checkout"));
        let expected = "kind = 'nomad'\nmax_parallel = 2\ncanary = 0\nmin_healthy_time = '10s'\n\
            healthy_deadline = '300s'\nprogress_deadline = '600s'\nauto_promote = false\n\
            auto_revert = false\nhealth_check = 'checks'\n";
        assert_eq!(strategy, toml::from_str(expected).unwrap());
        let rest = "fleet.instances = 6\nshutdown = { pre_stop = '0s', grace = '5s' }\n\
            [readiness]\nperiod = '5s'\ntimeout = '1s'\nsuccess_threshold = 1\n\
            failure_threshold = 1\n";
        assert_eq!(scenario, toml::from_str(rest).unwrap());
        assert_eq!(notes, [""; 0]);
    }

    #[test]
    fn the_group_is_read_before_the_job_and_variables_by_their_defaults() {
        let job = "variable \"n\" {\n  default = 4\n}\njob \"shop\" {\n  update {\n    \
            max_parallel = 3\n    canary = 1\n  }\n  group \"web\" {\n    count = var.n\n    \
            update {\n      max_parallel = 2\n    }\n    \
            task \"api\" {\n      kill_timeout = \"20s\"\n      shutdown_delay = \"10s\"\n    }\n  \
            }\n}\n";
        let Imported { strategy, scenario, notes, .. } = read(job, None).unwrap();
        let whole = |key: &str| strategy[key].as_integer();
        assert_eq!((whole("max_parallel"), whole("canary")), (Some(2), Some(1)));
        assert_eq!(scenario["fleet"]["instances"].as_integer(), Some(4));
        let time = |key: &str| scenario["shutdown"][key].as_str();
        assert_eq!((time("pre_stop"), time("grace")), (Some("10s"), Some("30s")));
        assert_eq!(notes, ["`count` is the default of the variable `n`"]);
    }

    #[test]
    fn what_nomad_refuses_is_refused_where_it_stands() {
        let job = |update: &str| {
            format!(
                "job \"a\" {{\n  group \"g\" {{\n    update {{\n      {update}\n    }}\n  }}\n}}\n"
            )
        };
        check(
            &job("auto_promote = true"),
            &["4:22: `auto_promote` needs a `canary` to promote \
            (write `canary = 1`)"],
        );
        check(
            &job("healthy_deadline = \"5s\""),
            &["4:26: `healthy_deadline` must be longer than `min_healthy_time`"],
        );
        check(
            &job("max_parallel = var.x"),
            &["4:22: `max_parallel` is the variable `x`, without a default \
             (write the value that is deployed)"],
        );
        check(
            "job \"a\" {\n  type = \"batch\"\n  group \"g\" {\n  }\n}\n",
            &["2:10: a job of type `batch` is not rolled out \
                 (only `service` and `system` jobs are)"],
        );
    }
}
