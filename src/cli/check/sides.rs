//! What is checked, and what it is compared with.

use super::Arguments;
use crate::cli::exit::{self, BadInput, Rejected};
use crate::experiment::policy::{Against, Subject};
use crate::scenario::{self, Loaded, Overrides, Report, Scenario, Swap, Variant};

/// The scenario as it is to be, and as it was.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) new: Loaded,
    old: Option<Loaded>,
    /// What the lab calls the variants, new and old, in the order of those that are checked.
    names: Vec<[String; 2]>,
}

impl Sides {
    /// Reads everything, and shows what it warns of.
    pub(super) fn load(arguments: &Arguments) -> anyhow::Result<Self> {
        let (new, old) = both(arguments)?;
        if let Some(old) = &old {
            exit::show(&old.warnings);
        }
        exit::show(&without(&new.warnings, old.as_ref().map(|old| &old.warnings)));
        let file = arguments.file.display();
        if new.scenario.policy.is_empty() {
            let message = format!(
                "`{file}` asserts nothing; add `[[policy.require]]` with a metric and a limit, \
                 such as `metric = \"capacity_min\"` and `min = \"85%\"`"
            );
            return Err(BadInput(message).into());
        }
        let mut sides = Self { new, old, names: Vec::new() };
        let only = sides.new.swapped.clone().or_else(|| arguments.strategy.clone());
        sides.keep(only.as_deref())?;
        sides.names = sides
            .new
            .scenario
            .variants
            .iter()
            .map(|variant| [variant.name.clone(), format!("old: {}", variant.name)])
            .collect();
        sides.check_that_something_is_asked(&file.to_string())?;
        Ok(sides)
    }

    /// Leaves out the variants of other strategies.
    fn keep(&mut self, only: Option<&str>) -> anyhow::Result<()> {
        let Some(only) = only else { return Ok(()) };
        let sides = [Some(&mut self.new), self.old.as_mut()];
        for side in sides.into_iter().flatten() {
            let is_kept = |variant: &Variant| variant.strategy == only;
            if !side.scenario.variants.iter().any(is_kept) {
                let known = side.scenario.variants.iter().map(|variant| variant.strategy.as_str());
                let hint = scenario::nearest(only, known)
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                let message = format!("there is no strategy called `{only}`{hint}");
                return Err(BadInput(message).into());
            }
            side.scenario.variants.retain(is_kept);
        }
        Ok(())
    }

    fn check_that_something_is_asked(&self, file: &str) -> anyhow::Result<()> {
        let policy = &self.new.scenario.policy;
        let is_asked = |variant: &Variant| {
            policy.requirements.iter().any(|asked| asked.is_asked_of(&variant.strategy))
        };
        let is_compared = self.old.is_some() && !policy.regressions.is_empty();
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
        [Some(&self.new), self.old.as_ref()].into_iter().flatten().map(|side| &side.scenario)
    }

    /// What is compared with, in words.
    pub(super) fn against(&self) -> Option<String> {
        self.old.is_some().then(|| "the old manifest, on the same random numbers".to_owned())
    }

    /// The variants that are checked, each with what it is compared with.
    pub(super) fn subjects(&self) -> Vec<Subject<'_>> {
        let variants = self.new.scenario.variants.iter().zip(&self.names);
        variants
            .map(|(variant, [name, other])| Subject {
                name,
                strategy: &variant.strategy,
                plan: &variant.plan,
                against: self
                    .twin(variant)
                    .map(|twin| Against::Plan { name: other, plan: &twin.plan }),
            })
            .collect()
    }

    /// The old version of a variant.
    fn twin(&self, variant: &Variant) -> Option<&Variant> {
        let variants = &self.old.as_ref()?.scenario.variants;
        variants.iter().find(|other| other.name == variant.name)
    }
}

/// What the command line changes.
pub(super) fn overrides(arguments: &Arguments) -> Overrides {
    let mut sets = arguments.set.clone();
    sets.extend(arguments.seed.map(|seed| format!("simulation.seed={seed}")));
    let most = arguments.max_replications;
    sets.extend(most.map(|most| format!("policy.max_replications={most}")));
    Overrides { sets, sweeps: arguments.sweep.clone() }
}

/// The new side and, with `--old`, the old one.
fn both(arguments: &Arguments) -> anyhow::Result<(Loaded, Option<Loaded>)> {
    let (file, overrides) = (arguments.file.as_path(), overrides(arguments));
    if arguments.new.is_empty() {
        return Ok((scenario::load(file, &overrides).map_err(Rejected)?, None));
    }
    let side = |option, manifests: &[std::path::PathBuf]| {
        let (manifests, strategy) = (manifests.to_vec(), arguments.strategy.clone());
        scenario::load_with(file, &overrides, &Swap { option, manifests, strategy })
    };
    match (side("--new", &arguments.new), side("--old", &arguments.old)) {
        (Ok(new), Ok(old)) => Ok((new, Some(old))),
        (Err(new), Err(old)) => {
            // What is wrong with both is said once.
            exit::show(&old);
            Err(Rejected(without(&new, Some(&old))).into())
        }
        (Err(report), Ok(_)) | (Ok(_), Err(report)) => Err(Rejected(report).into()),
    }
}

/// The diagnostics that do not say what others say.
fn without(report: &Report, others: Option<&Report>) -> Report {
    let is_said = |message: &str| {
        others.is_some_and(|others| others.diagnostics.iter().any(|d| d.message == message))
    };
    let mut rest = report.clone();
    rest.diagnostics.retain(|diagnostic| !is_said(&diagnostic.message));
    rest
}
