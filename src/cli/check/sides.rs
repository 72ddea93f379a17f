//! What is checked, and what it is compared with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Arguments;
use crate::cli::exit::{self, BadInput, Rejected};
use crate::experiment::policy::fix::Candidate;
use crate::experiment::policy::knob::{self, Change};
use crate::experiment::policy::{Against, Stored, Subject, SubjectPart, compared};
use crate::report::baseline::Baseline;
use crate::scenario::{self, Loaded, Overrides, Report, Scenario, Swap, Variant, Whole};
use crate::sim::Plan;

/// The scenario as it is to be, and what it is compared with.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) new: Loaded,
    other: Other,
    /// What the lab calls the old versions of the variants, by what they are called.
    old_names: BTreeMap<String, String>,
}

/// What is compared with.
#[derive(Debug)]
enum Other {
    Nothing,
    Old(Box<Loaded>),
    Baseline(Box<Baseline>),
}

impl Sides {
    /// Reads everything, and shows what it warns of.
    pub(super) fn load(arguments: &Arguments) -> anyhow::Result<Self> {
        let (mut new, mut old) = both(arguments)?;
        let file = arguments.changed.file.display().to_string();
        if new.scenario.policy.is_empty() {
            let message = format!(
                "`{file}` asserts nothing; add `[[policy.require]]` with a metric and a limit, \
                 such as `metric = \"capacity_min\"` and `min = \"85%\"`"
            );
            return Err(BadInput(message).into());
        }
        let only = new.swapped.clone().or_else(|| arguments.strategy.clone());
        for side in [Some(&mut new), old.as_mut()].into_iter().flatten() {
            keep(&mut side.scenario, only.as_deref())?;
        }
        let names = new.scenario.variants.iter().map(|variant| variant.name.clone());
        let old_names = names.map(|name| (name.clone(), format!("old {name}"))).collect();
        let other = match (old, &arguments.baseline) {
            (Some(old), _) => Other::Old(Box::new(old)),
            (None, Some(path)) => Other::Baseline(Box::new(baseline(path, &new.scenario)?)),
            (None, None) => Other::Nothing,
        };
        let sides = Self { new, other, old_names };
        sides.check_that_something_is_asked(&file)?;
        if let Some(path) = &arguments.baseline {
            sides.check_that_mixtures_are_known(path)?;
        }
        Ok(sides)
    }

    /// Refuses estimates of mixtures without those of metrics that are to be compared.
    fn check_that_mixtures_are_known(&self, path: &Path) -> anyhow::Result<()> {
        let policy = &self.new.scenario.policy;
        let unknown = |subject: Subject<'_>| {
            let Some(Against::Estimates(known)) = &subject.against else { return None };
            let metrics = compared(policy, subject.strategy).into_iter();
            let unknown: Vec<String> = metrics
                .filter(|metric| subject.is_mixed() && !known.contains_key(metric.name))
                .map(|metric| format!("`{}`", metric.name))
                .collect();
            let (path, name, unknown) = (path.display(), subject.name, unknown.join(", "));
            (!unknown.is_empty()).then(|| {
                format!(
                    "`{path}` cannot be the baseline of `{name}`: of releases of all sorts \
                     together it does not have {unknown}, which not every run defines; put its \
                     `runs.csv` beside it, to compare run for run"
                )
            })
        };
        let messages: Vec<String> = self.subjects().into_iter().filter_map(unknown).collect();
        if messages.is_empty() { Ok(()) } else { Err(BadInput(messages.join("\n")).into()) }
    }

    fn check_that_something_is_asked(&self, file: &str) -> anyhow::Result<()> {
        let policy = &self.new.scenario.policy;
        let is_asked = |variant: &Variant| {
            policy.requirements.iter().any(|asked| asked.is_asked_of(&variant.strategy))
        };
        let is_compared = !matches!(self.other, Other::Nothing) && !policy.regressions.is_empty();
        if is_compared || self.new.scenario.variants.iter().any(is_asked) {
            return Ok(());
        }
        let message = if policy.requirements.is_empty() {
            format!(
                "`{file}` says what must not get worse, and nothing to compare with is given; \
                 add `--old` and `--new`, or `--baseline`"
            )
        } else {
            format!("`{file}` asserts nothing about what is checked; see its `strategies`")
        };
        Err(BadInput(message).into())
    }

    /// Every scenario that is simulated.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        let old = match &self.other {
            Other::Old(old) => Some(&old.scenario),
            Other::Nothing | Other::Baseline(_) => None,
        };
        [Some(&self.new.scenario), old].into_iter().flatten()
    }

    /// One scenario of all that is simulated: what tells this check from another one.
    pub(super) fn everything(&self) -> Scenario {
        let mut all = self.new.scenario.clone();
        if let Other::Old(old) = &self.other {
            all.variants.extend(old.scenario.variants.iter().cloned());
        }
        all
    }

    /// What is compared with, in words.
    pub(super) fn against(&self) -> Option<String> {
        match &self.other {
            Other::Nothing => None,
            Other::Old(_) => Some("the old manifest, run for run".to_owned()),
            Other::Baseline(baseline) if baseline.runs.is_empty() => Some(
                "the baseline's estimates (without its runs.csv there are no pairs)".to_owned(),
            ),
            Other::Baseline(_) => Some("the baseline, run for run".to_owned()),
        }
    }

    /// What is checked, each with what it is compared with: the variants, or their mixtures.
    pub(super) fn subjects(&self) -> Vec<Subject<'_>> {
        let wholes = self.new.scenario.wholes().into_iter();
        wholes
            .filter_map(|whole| {
                let parts = whole
                    .parts
                    .iter()
                    .map(|&(Variant { name, plan, .. }, share)| SubjectPart { name, share, plan });
                Some(Subject {
                    name: whole.name,
                    strategy: &whole.parts.first()?.0.strategy,
                    parts: parts.collect(),
                    against: self.against_of(&whole),
                })
            })
            .collect()
    }

    /// What a subject is compared with.
    fn against_of<'a>(&'a self, whole: &Whole<'a>) -> Option<Against<'a>> {
        let names = || whole.parts.iter().map(|(variant, _)| variant.name.as_str());
        match &self.other {
            Other::Nothing => None,
            Other::Old(old) => {
                let twin = |name: &'a str| {
                    let mut variants = old.scenario.variants.iter();
                    let twin = variants.find(|other| other.name == name)?;
                    Some((self.old_names.get(name)?.as_str(), &twin.plan))
                };
                names().map(twin).collect::<Option<_>>().map(Against::Plans)
            }
            Other::Baseline(baseline) => {
                let runs: Option<_> = names().map(|name| baseline.runs(name)).collect();
                runs.map(Against::Runs)
                    .or_else(|| Some(Against::Estimates(estimates(baseline, whole)?)))
            }
        }
    }

    /// The changed versions of one of the subjects that can be tried, small changes first.
    pub(super) fn candidates(&self, arguments: &Arguments, name: &str) -> Vec<Vec<Candidate>> {
        let wholes = self.new.scenario.wholes();
        let parts = wholes.iter().find(|whole| whole.name == name).map(|whole| &whole.parts);
        let Some((variant, _)) = parts.and_then(|parts| parts.first()) else {
            return Vec::new();
        };
        let Some(document) = self.new.documents.get(&variant.strategy) else { return Vec::new() };
        let desired = variant.plan.fleet.instances;
        let is_swept = |change: &Change| variant.parameters.iter().any(|(p, _)| *p == change.path);
        let ladders = knob::ladders(document, &variant.strategy, desired);
        let tried = ladders.into_iter().map(|ladder| {
            let changes = ladder.into_iter().filter(|change| !is_swept(change));
            // What breaks a rule cannot be tried.
            let changed = |change: Change| {
                let plans = changed(arguments, &change, name)?;
                Some(Candidate { change, plans })
            };
            changes.filter_map(changed).collect()
        });
        tried.collect()
    }
}

/// The plans of a subject with a change; none if a rule is broken by it.
fn changed(arguments: &Arguments, change: &Change, name: &str) -> Option<Vec<Plan>> {
    let mut overrides = overrides(arguments);
    overrides.sets.push(change.typed());
    let loaded = if arguments.new.is_empty() {
        scenario::load(&arguments.changed.file, &overrides)
    } else {
        side(arguments, &overrides, ("--new", &arguments.new))
    };
    let scenario = loaded.ok()?.scenario;
    let whole = scenario.wholes().into_iter().find(|whole| whole.name == name)?;
    Some(whole.parts.iter().map(|(variant, _)| variant.plan.clone()).collect())
}

/// What an earlier run says of a subject; none if it does not have it.
fn estimates<'a>(baseline: &'a Baseline, whole: &Whole<'_>) -> Option<BTreeMap<&'a str, Stored>> {
    if let [(variant, _)] = whole.parts[..]
        && variant.name == whole.name
    {
        let known = baseline.estimates(whole.name)?.iter();
        return Some(known.map(|(metric, found)| (metric.as_str(), found.into())).collect());
    }
    let known = baseline.mixture(whole.name)?.metrics.iter();
    Some(known.map(|(metric, found)| (metric.as_str(), found.into())).collect())
}

/// Leaves out the variants of other strategies.
fn keep(scenario: &mut Scenario, only: Option<&str>) -> anyhow::Result<()> {
    let Some(only) = only else { return Ok(()) };
    if !scenario.variants.iter().any(|variant| variant.strategy == only) {
        let known = scenario.variants.iter().map(|variant| variant.strategy.as_str());
        let hint = scenario::nearest(only, known)
            .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return Err(BadInput(format!("there is no strategy called `{only}`{hint}")).into());
    }
    scenario.keep_strategy(only);
    Ok(())
}

/// The earlier run, which has some of what is checked.
fn baseline(path: &Path, scenario: &Scenario) -> anyhow::Result<Baseline> {
    let shown = path.display();
    let baseline = Baseline::read(path, &scenario.world)
        .map_err(|error| BadInput(format!("`{shown}` cannot be the baseline: {error}")))?;
    let is_known = |whole: &Whole<'_>| {
        let mut parts = whole.parts.iter();
        parts.all(|(variant, _)| baseline.runs(&variant.name).is_some())
            || estimates(&baseline, whole).is_some()
    };
    let (known, missing): (Vec<_>, Vec<_>) = scenario.wholes().into_iter().partition(is_known);
    if known.is_empty() {
        let message = format!(
            "`{shown}` cannot be the baseline: it has none of the variants that are checked"
        );
        return Err(BadInput(message).into());
    }
    for Whole { name, .. } in missing {
        exit::warn(&format!("`{shown}` has no `{name}`, which is compared with nothing"));
    }
    Ok(baseline)
}

/// What the command line changes.
fn overrides(arguments: &Arguments) -> Overrides {
    let mut overrides = arguments.changed.overrides();
    let most = arguments.max_replications;
    overrides.sets.extend(most.map(|most| format!("policy.max_replications={most}")));
    overrides
}

/// The scenario with other manifests.
fn side(
    arguments: &Arguments,
    overrides: &Overrides,
    (option, manifests): (&'static str, &[PathBuf]),
) -> Result<Loaded, Report> {
    let (manifests, strategy) = (manifests.to_vec(), arguments.strategy.clone());
    scenario::load_with(&arguments.changed.file, overrides, &Swap { option, manifests, strategy })
}

/// The new side and, with `--old`, the old one; what they warn of is shown.
fn both(arguments: &Arguments) -> anyhow::Result<(Loaded, Option<Loaded>)> {
    let overrides = overrides(arguments);
    if arguments.new.is_empty() {
        let loaded = scenario::load(&arguments.changed.file, &overrides).map_err(Rejected)?;
        exit::show(&loaded.warnings);
        return Ok((loaded, None));
    }
    let new = side(arguments, &overrides, ("--new", &arguments.new));
    let old = side(arguments, &overrides, ("--old", &arguments.old));
    match (new, old) {
        (Ok(new), Ok(old)) => {
            exit::show(&old.warnings);
            exit::show(&without(&new.warnings, &old.warnings));
            Ok((new, Some(old)))
        }
        (Err(new), Err(old)) => {
            exit::show(&old);
            Err(Rejected(without(&new, &old)).into())
        }
        (Err(report), Ok(_)) | (Ok(_), Err(report)) => Err(Rejected(report).into()),
    }
}

/// The diagnostics that do not say what the others say.
fn without(report: &Report, others: &Report) -> Report {
    let mut rest = report.clone();
    rest.diagnostics.retain(|diagnostic| {
        !others.diagnostics.iter().any(|other| other.message == diagnostic.message)
    });
    rest
}
