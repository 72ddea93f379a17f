//! `--precision`, `--max-replications` and `--compare`: how sure the results are to be, and what
//! they are compared with.

use super::exit::{self, BadInput};
use crate::experiment::precision::{Half, MOST, Precision, Target, Unmet};
use crate::measure::{METRICS, MetricKind, position};
use crate::scenario::{Scenario, nearest};
use crate::units::SimDuration;

/// How sure the results are to be, and what they are compared with.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Add runs until every headline metric's mean is within a share of the true one (5%), or a
    /// metric's within an absolute half-width (duration_s=2s, availability=0.0001); 95% sure
    #[arg(long, value_name = "SHARE|METRIC=HALF")]
    precision: Vec<String>,
    /// Runs of a variant at most, with --precision [default: 1000]
    #[arg(long, value_name = "N", requires = "precision")]
    max_replications: Option<u32>,
    /// Also print each variant's differences from this one [default in summary.json: the first]
    #[arg(long, value_name = "VARIANT")]
    compare: Option<String>,
    /// Compare this metric, instead of the headline ones; may be repeated
    #[arg(long, value_name = "METRIC")]
    compare_metric: Vec<String>,
}

impl Arguments {
    /// The stopping rule for a variant of `replications` runs as the file has it; none without
    /// `--precision`.
    pub(super) fn rule(&self, replications: u32) -> Result<Option<Precision>, BadInput> {
        if self.precision.is_empty() {
            return Ok(None);
        }
        let mut targets: Vec<Target> = Vec::new();
        for text in &self.precision {
            for target in targets_of(text)? {
                // What is said of one metric overrides what is said of all, wherever it stands.
                match targets.iter_mut().find(|known| known.metric == target.metric) {
                    Some(known) if is_absolute(known) && !is_absolute(&target) => {}
                    Some(known) => *known = target,
                    None => targets.push(target),
                }
            }
        }
        let most = self.max_replications.unwrap_or_else(|| MOST.max(replications));
        let rule = Precision::new(targets, replications, most);
        if most < rule.pilot() {
            return Err(BadInput(format!(
                "`--max-replications {most}` is below the {} runs that come before the first look \
                 at the precision; give at least those, or leave out `--precision` and set \
                 `--replications`",
                rule.pilot()
            )));
        }
        Ok(Some(rule))
    }

    /// The variant to compare with and the metrics to compare, none for the headline ones.
    pub(super) fn base<'a>(&self, scenario: &'a Scenario) -> Result<Base<'a>, BadInput> {
        for name in &self.compare_metric {
            metric(name, "--compare-metric")?;
        }
        let names = || scenario.variants.iter().map(|variant| variant.name.as_str());
        let Some(wanted) = &self.compare else {
            return Ok(Base { name: names().next().unwrap_or_default(), is_shown: false });
        };
        let found = names().find(|name| name == wanted);
        found.map(|name| Base { name, is_shown: true }).ok_or_else(|| {
            BadInput(format!("no variant is called `{wanted}`{}", hint(wanted, names())))
        })
    }

    /// The metrics that were named to compare.
    pub(super) fn compared_metrics(&self) -> &[String] {
        &self.compare_metric
    }
}

/// What the variants are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base<'a> {
    /// The variant's name.
    pub(super) name: &'a str,
    /// Whether the table of differences is wanted.
    pub(super) is_shown: bool,
}

/// Says for which metrics a variant stopped short.
pub(super) fn warn_of_short(variant: &str, replications: u32, unmet: &[Unmet]) {
    let unmet: Vec<String> = unmet.iter().map(ToString::to_string).collect();
    exit::warn(&format!(
        "`{variant}` stopped after {replications} runs, short of the precision asked for: {}; a \
         higher `--max-replications` allows more",
        unmet.join("; ")
    ));
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

    fn arguments(precision: &[&str], most: Option<u32>) -> Arguments {
        Arguments {
            precision: precision.iter().map(|&text| text.to_owned()).collect(),
            max_replications: most,
            compare: None,
            compare_metric: Vec::new(),
        }
    }

    fn accepts(precision: &[&str], targets: &[(&str, Half)]) {
        let rule = arguments(precision, None).rule(30).expect("well written").expect("a rule");
        let target = |&(name, half): &(&str, Half)| Target {
            metric: position(name).expect("a metric"),
            half,
        };
        let targets: Vec<Target> = targets.iter().map(target).collect();
        assert_eq!(rule, Precision::new(targets, 30, MOST), "{precision:?}");
    }

    fn refuses(precision: &[&str], most: Option<u32>, reason: &str) {
        let error = arguments(precision, most).rule(30).expect_err("badly written").to_string();
        assert!(error.contains(reason), "{precision:?}: {error}");
    }

    #[test]
    fn shares_and_half_widths() {
        use Half::{Absolute, Relative};
        assert_eq!(arguments(&[], None).rule(30).expect("nothing asked"), None);
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
    fn the_base_is_a_variant() {
        let scenario = fixture::scenario(&["surge", "recreate"], 1);
        let mut arguments = arguments(&[], None);
        let base = arguments.base(&scenario).expect("the first");
        assert_eq!(base, Base { name: "surge", is_shown: false });
        arguments.compare = Some("recreate".into());
        let base = arguments.base(&scenario).expect("a variant");
        assert_eq!(base, Base { name: "recreate", is_shown: true });
        arguments.compare = Some("recrate".into());
        let error = arguments.base(&scenario).expect_err("no variant").to_string();
        assert!(error.contains("did you mean `recreate`?"), "{error}");
        arguments.compare_metric = vec!["readymin".into()];
        let error = arguments.base(&scenario).expect_err("no metric").to_string();
        assert!(error.contains("did you mean `ready_min`?"), "{error}");
    }
}
