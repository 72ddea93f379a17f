//! `rollsim check`: the policy as a test.

mod files;
mod sides;

use std::io::Write;
use std::path::{Path, PathBuf};

use self::files::Outputs;
use self::sides::Sides;
use super::exit::{self, BadInput, Exit};
use super::point::Changed;
use super::run::{warn_of_many_requests, watch_interrupts};
use super::scale::{Conducted, Keep, Scale};
use crate::experiment::lab::{Lab, Stopped};
use crate::experiment::policy::fix::{self, Fix};
use crate::experiment::policy::{Alone, Finding, Protocol, Verdict};
use crate::report::check::{self, Checked, Undecided};
use crate::sim::Outcome;

/// Of so many variants that break the policy a change is looked for.
const MOST_FIXES: usize = 5;

const EXAMPLES: &str = "\
Examples:
  rollsim check scenarios/ci/checkout.toml
  rollsim check checkout.toml --old main/deployment.yaml --new deployment.yaml
  rollsim check checkout.toml --junit check.xml --markdown check.md
  rollsim check checkout.toml --baseline results/checkout/summary.json
  rollsim check checkout.toml --max-replications 1000 --undecided fail

Every requirement of `[policy]` is decided for every strategy it is asked of. Runs are added, twice
as many each time, until each is decided or there are as many as there may be. With `--old` and
`--new` (or `--baseline`) what is required must not get worse either, nor what
`[[policy.regression]]` names. The same files and seed give the same verdicts.

The policy, with its defaults:
  [policy]              confidence = 0.95, of all verdicts together; max_replications = 200
  [[policy.require]]    metric, with min, max or both
                        statistic = \"mean\", \"p95\", or \"min\" or \"max\" of the runs simulated;
                        or breaches = \"1%\": so many rollouts may lie beyond the limits
                        strategies = [\"NAME\"], those it is asked of; missing: all
  [[policy.regression]] metric; material = \"5%\" of the other version's mean, or an amount
No more runs than in the other version may lie beyond a limit. An excess that chance may explain
takes more runs; of those there may be, 5 points or more are undecided, and less holds.
What no run has is looked for in all runs there may be, and is not measured then, and neither are
failures of no requests: neither passes.
With `release_mix` the releases of all sorts are judged together, each sort weighted by its share:
means by sums run for run, shares of rollouts and percentiles (those of all runs so weighted) by the
exact bounds of each sort. So few runs show what a rare release does. Sorts that alone would break a
requirement are told, which does no harm. What no run of a sort has is taken never to be there.
A required metric without a regression of its own may get worse by 5% of its limit, or where a share
has to be so high, of what may be missing.

Exit codes: 0 all hold; 1 one is broken (or a file could not be written); 2 bad input, or a
requirement that no run measures; 3 undecided; 130 interrupted";

/// Decide whether a scenario's strategies follow its policy
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    changed: Changed,
    /// Only this strategy [default: all; with --old and --new the one that has a manifest]
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// The manifest as it was; may be given several times for files that belong together
    #[arg(long, value_name = "FILE", requires = "new", conflicts_with = "baseline")]
    old: Vec<PathBuf>,
    /// The manifest as it is to be, checked and compared with the old one
    #[arg(long, value_name = "FILE", requires = "old")]
    new: Vec<PathBuf>,
    /// Compare with an earlier `rollsim run` of the same scenario: its summary.json
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// What to make of a requirement that the runs cannot decide [default: exit code 3]
    #[arg(long, value_name = "VERDICT")]
    undecided: Option<Take>,
    /// Write the findings as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write them as Markdown, with the one change that would put right what is broken
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Look for that change and tell it with the table, too
    #[arg(long)]
    fix: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Most runs of a strategy (of each sort of release), instead of policy.max_replications
    #[arg(long, value_name = "N")]
    max_replications: Option<u32>,
    /// Folder for the runs of a shard [default: results/NAME-check-I-of-N]
    #[arg(long, value_name = "DIR", requires = "shard")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) scale: Scale,
}

/// What is made of what is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Take {
    /// It does no harm
    Pass,
    /// It is as bad as broken
    Fail,
}

impl From<Option<Take>> for Undecided {
    fn from(take: Option<Take>) -> Self {
        match take {
            None => Self::Told,
            Some(Take::Pass) => Self::Pass,
            Some(Take::Fail) => Self::Fail,
        }
    }
}

/// What was found by simulating.
struct Decided {
    findings: Vec<Finding>,
    alone: Vec<Alone>,
    /// How the runs of each variant ended.
    outcomes: Vec<(String, Vec<(Outcome, u32)>)>,
    fixes: Vec<Fix>,
    /// How many runs the findings took.
    runs: usize,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let outputs = Outputs::new(&self.junit, &self.markdown)?;
        let sides = Sides::load(self)?;
        let interrupted = watch_interrupts()?;
        for scenario in sides.scenarios() {
            warn_of_many_requests(scenario, &interrupted);
        }
        let subjects = sides.subjects();
        let protocol = Protocol::new(&sides.new.scenario.policy, &subjects);
        self.refuse_too_few(&sides, &protocol)?;
        let wants_fixes = self.fix || outputs.wants_fixes();
        let name = &sides.new.scenario.name;
        let target = Path::new("results").join(format!("{name}-check"));
        let places = (target.as_path(), self.out.as_deref(), Keep::OnRequest);
        let decided = self.scale.conduct(&sides.everything(), places, &interrupted, |lab| {
            let findings = protocol.run(lab, &subjects)?;
            let runs = lab.asked();
            let fixes = match wants_fixes {
                true => self.fixes(&sides, &protocol, (lab, &findings))?,
                false => Vec::new(),
            };
            let alone = protocol.broken_alone(lab, &subjects, &findings);
            let parts = subjects.iter().flat_map(|subject| &subject.parts);
            let outcomes = parts.map(|part| outcomes(lab, part.name)).collect();
            Ok(Decided { findings, alone, outcomes, fixes, runs })
        })?;
        match decided {
            Conducted::Done(decided) => self.tell(&sides, &decided, &outputs),
            Conducted::Ended(exit) => Ok(exit),
        }
    }

    /// Refuses requirements that could only be broken.
    fn refuse_too_few(&self, sides: &Sides, protocol: &Protocol<'_>) -> anyhow::Result<()> {
        let requirements = &sides.new.scenario.policy.requirements;
        let messages: Vec<String> = protocol
            .too_few()
            .iter()
            .map(|few| {
                let requirement = &requirements[few.requirement];
                let line = requirement.place.0.map_or(String::new(), |line| format!(":{line}"));
                format!(
                    "`{}{line}`: {} runs cannot show what is required of `{}` ({}): {} at least \
                     are needed to be so sure of all requirements together; raise \
                     `--max-replications`, lower `policy.confidence`, or ask for less",
                    self.changed.file.display(),
                    few.most,
                    requirement.metric.name,
                    requirement.statistic,
                    few.needed,
                )
            })
            .collect();
        if messages.is_empty() { Ok(()) } else { Err(BadInput(messages.join("\n")).into()) }
    }

    /// For each variant that breaks the policy, the change that would put it right.
    fn fixes(
        &self,
        sides: &Sides,
        protocol: &Protocol<'_>,
        (lab, findings): (&mut Lab<'_>, &[Finding]),
    ) -> Result<Vec<Fix>, Stopped> {
        let subjects = sides.subjects().into_iter();
        let own = subjects.map(|subject| {
            let name = subject.name;
            let is_own = |finding: &&Finding| finding.subject == name;
            let own: Vec<Finding> = findings.iter().filter(is_own).cloned().collect();
            (subject, own)
        });
        let is_broken = |findings: &[Finding]| {
            findings.iter().any(|finding| finding.verdict == Verdict::Broken)
        };
        own.filter(|(_, findings)| is_broken(findings))
            .take(MOST_FIXES)
            .map(|(subject, findings)| {
                let candidates = sides.candidates(self, subject.name);
                fix::find(lab, protocol, (&subject, &findings), &candidates)
            })
            .collect()
    }

    fn tell(&self, sides: &Sides, decided: &Decided, outputs: &Outputs) -> anyhow::Result<Exit> {
        let scenario = &sides.new.scenario;
        let file = self.changed.file.display().to_string();
        let checked = Checked {
            scenario: &scenario.name,
            file: &file,
            seed: scenario.seed,
            policy: &scenario.policy,
            findings: &decided.findings,
            against: sides.against(),
            outcomes: &decided.outcomes,
            mixtures: &scenario.mixtures,
            alone: &decided.alone,
            fixes: &decided.fixes,
            runs: decided.runs,
            undecided: self.undecided.into(),
        };
        outputs.write(&checked)?;
        files::annotate(&checked)?;
        let mut out = anstream::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", check::json::render(&checked))?;
        } else {
            write!(out, "{}", check::table::render(&checked))?;
        }
        out.flush()?;
        remark(&checked);
        Ok(exit_code(&checked))
    }
}

/// What can be done about what is not decided.
fn remark(checked: &Checked<'_>) {
    let of = |verdict: Verdict| checked.findings.iter().filter(move |one| one.verdict == verdict);
    let mut unmeasured: Vec<String> =
        of(Verdict::Unmeasured).map(|one| why(checked, one)).collect();
    unmeasured.dedup();
    for message in unmeasured {
        exit::error(&message);
    }
    if of(Verdict::Undecided).next().is_some() && checked.undecided == Undecided::Told {
        exit::warn(
            "the runs cannot decide everything; `--max-replications` allows more of them, and \
             `--undecided pass` or `--undecided fail` says what to make of the rest",
        );
    }
}

/// Why a finding is not measured, and what can be done about it.
fn why(checked: &Checked<'_>, finding: &Finding) -> String {
    let name = finding.claim.metric(checked.policy).name;
    let missing = check::missing(finding, &format!("`{name}`"));
    match finding.lacks {
        Some(_) => format!("{missing}, so nothing is known about `{name}`"),
        None => format!(
            "{missing}, so nothing is known about it; see `rollsim explain {name}` for when a run \
             has it, or ask for something else"
        ),
    }
}

/// How the runs of a variant ended, in the order of [`Outcome::ALL`].
fn outcomes(lab: &Lab<'_>, name: &str) -> (String, Vec<(Outcome, u32)>) {
    let count = |outcome: Outcome| {
        let runs = lab.runs(name).iter().filter(|run| run.outcome == outcome).count();
        (outcome, u32::try_from(runs).unwrap_or(u32::MAX))
    };
    let counts = Outcome::ALL.into_iter().map(count);
    (name.to_owned(), counts.filter(|(_, runs)| *runs > 0).collect())
}

fn exit_code(checked: &Checked<'_>) -> Exit {
    match checked.verdict() {
        Verdict::Holds => Exit::Done,
        Verdict::Broken => Exit::Failed,
        Verdict::Undecided => Exit::Undecided,
        Verdict::Unmeasured => Exit::BadInput,
    }
}
