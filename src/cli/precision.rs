//! `--precision`, `--max-replications` and `--compare`: how sure the results are to be, and what
//! they are compared with.

use super::exit::BadInput;
use crate::experiment::compare::Question;
use crate::experiment::precision::{Half, MOST, Precision, Target, Unmet};
use crate::measure::{METRICS, MetricKind, position};
use crate::scenario::{Scenario, nearest};
use crate::sim::Pairing;
use crate::units::SimDuration;

/// How sure the results are to be, and what they are compared with.
#[derive(Debug, clap::Args)]
pub(super) struct Estimation {
    /// Add runs until every headline metric's mean is within a share of the true one (5%), or a
    /// metric's within an absolute half-width (duration_s=2s, availability=0.0001); 95% sure
    #[arg(long, value_name = "SHARE|METRIC=HALF")]
    precision: Vec<String>,
    /// Runs of a variant at most, with --precision [default: 1000]
    #[arg(long, value_name = "N", requires = "precision")]
    max_replications: Option<u32>,
    /// Draw the starts of every second run as the opposite of those of the run before: fewer runs
    /// give the same precision of what goes up and down with them; shown where it helped
    #[arg(long)]
    antithetic: bool,
    /// Also print each variant's differences from this one [default in summary.json: the first]
    #[arg(long, value_name = "VARIANT")]
    compare: Option<String>,
    /// Compare this metric, instead of the headline ones; may be repeated
    #[arg(long, value_name = "METRIC")]
    compare_metric: Vec<String>,
}

impl Estimation {
    /// Makes the runs of every variant what they are to be to each other.
    pub(super) fn pair(&self, scenario: &mut Scenario) -> Result<(), BadInput> {
        if !self.antithetic {
            return Ok(());
        }
        for variant in &mut scenario.variants {
            let simulation = &mut variant.plan.simulation;
            simulation.pairing = Pairing::Antithetic;
            let runs = simulation.replications;
            if !self.is_asked() && runs % 2 == 1 {
                let even = runs + 1;
                return Err(BadInput(format!(
                    "`--antithetic` makes pairs of runs, and `{}` has {runs} of them; give an even \
                     number, such as `--replications {even}`",
                    variant.name
                )));
            }
        }
        Ok(())
    }

    /// Whether the number of runs is to be found.
    pub(super) fn is_asked(&self) -> bool {
        !self.precision.is_empty()
    }

    /// How the number of runs of each variant is found; empty without `--precision`.
    pub(super) fn rules(&self, scenario: &Scenario) -> Result<Vec<Precision>, BadInput> {
        if !self.is_asked() {
            return Ok(Vec::new());
        }
        let targets = self.targets()?;
        let plans = scenario.variants.iter().map(|variant| &variant.plan.simulation);
        plans.map(|plan| Ok(self.rule(&targets, plan.replications)?.of(plan.pairing))).collect()
    }

    /// What was typed that decides which runs there are, after the verb.
    pub(super) fn command(&self, verb: &str) -> Vec<String> {
        let mut command = vec![verb.to_owned()];
        command.extend(self.precision.iter().map(|text| format!("--precision={text}")));
        command.extend(self.max_replications.map(|most| format!("--max-replications={most}")));
        command
    }

    /// What the variants are compared with: the first, unless another is named.
    pub(super) fn question(&self, scenario: &Scenario) -> Result<Question, BadInput> {
        for name in &self.compare_metric {
            metric(name, "--compare-metric")?;
        }
        let names = || scenario.compared();
        let base = match &self.compare {
            None => names().next().unwrap_or_default(),
            Some(wanted) => names().find(|name| name == wanted).ok_or_else(|| {
                let hint = hint(wanted, names());
                BadInput(format!("`--compare`: no variant is called `{wanted}`{hint}"))
            })?,
        };
        let question = Question::new(base, &self.compare_metric);
        let is_asked = self.compare.is_some() || !self.compare_metric.is_empty();
        Ok(if is_asked { question.asked() } else { question })
    }

    /// What is said of one metric overrides what is said of all, wherever it stands.
    fn targets(&self) -> Result<Vec<Target>, BadInput> {
        let mut targets: Vec<Target> = Vec::new();
        for text in &self.precision {
            for target in targets_of(text)? {
                match targets.iter_mut().find(|known| known.metric == target.metric) {
                    Some(known) if is_absolute(known) && !is_absolute(&target) => {}
                    Some(known) => *known = target,
                    None => targets.push(target),
                }
            }
        }
        Ok(targets)
    }

    /// For a variant of which the file wants so many runs.
    fn rule(&self, targets: &[Target], replications: u32) -> Result<Precision, BadInput> {
        let most = self.max_replications.unwrap_or_else(|| MOST.max(replications));
        let rule = Precision::new(targets.to_vec(), replications, most);
        if most < rule.pilot() {
            return Err(BadInput(format!(
                "`--max-replications {most}` is below the {} runs that come before the first look \
                 at the precision; give at least those, or leave out `--precision` and set \
                 `--replications`",
                rule.pilot()
            )));
        }
        Ok(rule)
    }
}

/// Says for which metrics a variant stopped short.
pub(super) fn short(variant: &str, replications: u32, unmet: &[Unmet]) -> String {
    let unmet: Vec<String> = unmet.iter().map(ToString::to_string).collect();
    format!(
        "`{variant}` stopped after {replications} runs, short of the precision asked for: {}; a \
         higher `--max-replications` allows more",
        unmet.join("; ")
    )
}

const fn is_absolute(target: &Target) -> bool {
    matches!(target.half, Half::Absolute(_))
}

fn targets_of(text: &str) -> Result<Vec<Target>, BadInput> {
    if let Some((name, half)) = text.split_once('=') {
        let metric = metric(name.trim(), "--precision")?;
        let half = Half::Absolute(absolute(name.trim(), half.trim(), METRICS[metric].kind)?);
        return Ok(vec![Target { metric, half }]);
    }
    let wrong = || {
        BadInput(format!(
            "`--precision {text}` is neither a share above 0% and below 100%, such as `5%`, nor a \
             metric with a half-width, such as `duration_s=2s`{}",
            if position(text).is_some() { "; the half-width is missing" } else { "" }
        ))
    };
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse().ok());
    let share = number.map(|percent: f64| percent / 100.0);
    share.filter(|share| *share > 0.0 && *share < 1.0).map(Precision::headline).ok_or_else(wrong)
}

/// A half-width in the metric's unit.
fn absolute(name: &str, text: &str, kind: MetricKind) -> Result<f64, BadInput> {
    let seconds = || {
        let is_seconds = kind == MetricKind::Seconds;
        is_seconds.then(|| text.parse::<SimDuration>().ok()).flatten().map(SimDuration::as_secs_f64)
    };
    let value = text.parse().ok().or_else(seconds);
    value.filter(|value: &f64| value.is_finite() && *value > 0.0).ok_or_else(|| {
        let right = match kind {
            MetricKind::Seconds => "a length of time above 0, such as `2s`",
            MetricKind::Ratio => "a number above 0, such as `0.001` for a tenth of a percent",
            MetricKind::Count | MetricKind::Amount => "a number above 0, such as `10`",
        };
        BadInput(format!("`--precision {name}={text}`: the half-width of `{name}` is {right}"))
    })
}

/// The position of the metric called `name`, which `option` asks for.
fn metric(name: &str, option: &str) -> Result<usize, BadInput> {
    position(name).ok_or_else(|| {
        let names = METRICS.iter().map(|metric| metric.name);
        let hint = hint(name, names);
        BadInput(format!(
            "`{option}`: no metric is called `{name}`{hint}; see `rollsim list metrics`"
        ))
    })
}

fn hint<'a>(typed: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(typed, names.clone()) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => {
            let some: Vec<String> = names.take(8).map(|name| format!("`{name}`")).collect();
            format!("; there are {}, …", some.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    fn arguments(precision: &[&str], most: Option<u32>) -> Estimation {
        Estimation {
            precision: precision.iter().map(|&text| text.to_owned()).collect(),
            max_replications: most,
            antithetic: false,
            compare: None,
            compare_metric: Vec::new(),
        }
    }

    fn rule(precision: &[&str], most: Option<u32>) -> Result<Precision, BadInput> {
        let arguments = arguments(precision, most);
        arguments.rule(&arguments.targets()?, 30)
    }

    fn accepts(precision: &[&str], targets: &[(&str, Half)]) {
        let target = |&(name, half): &(&str, Half)| Target {
            metric: position(name).expect("a metric"),
            half,
        };
        let targets: Vec<Target> = targets.iter().map(target).collect();
        let found = rule(precision, None).expect("well written");
        assert_eq!(found, Precision::new(targets, 30, MOST), "{precision:?}");
    }

    fn refuses(precision: &[&str], most: Option<u32>, reason: &str) {
        let error = rule(precision, most).expect_err("badly written").to_string();
        assert!(error.contains(reason), "{precision:?}: {error}");
    }

    #[test]
    fn shares_and_half_widths() {
        use Half::{Absolute, Relative};
        let scenario = fixture::scenario(&["surge"], 1);
        assert!(arguments(&[], None).rules(&scenario).expect("nothing asked").is_empty());
        accepts(&["duration_s=2s"], &[("duration_s", Absolute(2.0))]);
        accepts(&["duration_s=1.5"], &[("duration_s", Absolute(1.5))]);
        accepts(&["duration_s = 1m"], &[("duration_s", Absolute(60.0))]);
        let all = crate::measure::HEADLINE.map(|name| (name, Relative(0.05)));
        accepts(&["5%"], &all);
        let mut but_one = all;
        but_one[0].1 = Absolute(2.0);
        accepts(&["5%", "duration_s=2s"], &but_one);
        accepts(&["duration_s=2s", "failed=3", "5%"], &{
            let mut wanted = vec![but_one[0], ("failed", Absolute(3.0))];
            wanted.extend(&all[1..]);
            wanted
        });
    }

    #[test]
    fn what_cannot_be_meant() {
        for text in ["-5%", "0%", "100%", "5", "abc", "", "NaN%", "inf%"] {
            refuses(&[text], None, "neither a share");
        }
        refuses(&["duration_s"], None, "the half-width is missing");
        refuses(&["durations=2s"], None, "did you mean `duration_s`?");
        refuses(&["duration_s=-2s"], None, "is a length of time above 0");
        refuses(&["availability=0"], None, "is a number above 0, such as `0.001`");
        refuses(&["availability=5%"], None, "is a number above 0");
        refuses(&["failed=2s"], None, "is a number above 0, such as `10`");
        refuses(&["5%"], Some(29), "`--max-replications 29` is below the 30 runs");
    }

    #[test]
    fn pairs_take_an_even_number() {
        let mut arguments = arguments(&[], None);
        let mut scenario = fixture::scenario(&["surge"], 5);
        arguments.pair(&mut scenario).expect("not asked");
        assert_eq!(scenario.variants[0].plan.simulation.pairing, Pairing::Independent);
        arguments.antithetic = true;
        let error = arguments.pair(&mut scenario).expect_err("five runs").to_string();
        assert!(error.contains("`surge` has 5 of them"), "{error}");
        scenario.variants[0].plan.simulation.replications = 6;
        arguments.pair(&mut scenario).expect("three pairs");
        assert_eq!(scenario.variants[0].plan.simulation.pairing, Pairing::Antithetic);
    }

    #[test]
    fn the_base_is_a_variant() {
        let scenario = fixture::scenario(&["surge", "recreate"], 1);
        let mut arguments = arguments(&[], None);
        let question = arguments.question(&scenario).expect("the first");
        assert_eq!((question.base.as_str(), question.is_asked), ("surge", false));
        arguments.compare = Some("recreate".into());
        let question = arguments.question(&scenario).expect("a variant");
        assert_eq!((question.base.as_str(), question.is_asked), ("recreate", true));
        arguments.compare = Some("recrate".into());
        let error = arguments.question(&scenario).expect_err("no variant").to_string();
        assert!(error.contains("did you mean `recreate`?"), "{error}");
        arguments.compare_metric = vec!["readymin".into()];
        let error = arguments.question(&scenario).expect_err("no metric").to_string();
        assert!(error.contains("did you mean `ready_min`?"), "{error}");
    }
}
