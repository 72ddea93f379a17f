//! One gate alone in the place of a strategy's gates, and releases of any size of defect.

use crate::gate::Rule;
use crate::scenario::Variant;
use crate::sim::{OperatorAction, Plan};
use crate::strategy::OnFailure;
use crate::traffic::RateCurve;
use crate::units::{Ratio, SimDuration};

/// What is said of a file whose release is as good as the version before.
pub(super) const NO_DEFECT: &str = "\
    the release has no defect to multiply, so only false alarms are measured; give it one, such as \
    `error_rate = \"1%\"` in `[release]`";

/// What is said of a variant that stands for all of its strategy's; none if it is the only one.
pub(super) fn one_of_a_sweep(variant: &Variant) -> Option<String> {
    let (path, _) = variant.parameters.first()?;
    let name = &variant.name;
    Some(format!(
        "of the sweeps only the first values are taken: `{name}` stands for every variant of its \
         strategy; for another, write `--sweep {path}=VALUE`"
    ))
}

/// Whether the file's release has a defect that can be made larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// It has.
    Something,
    /// It has not.
    Nothing,
}

impl Defect {
    pub(super) fn of(plan: &Plan) -> Self {
        let (felt, own) = (&plan.data.release, &plan.release);
        let shares = [felt.error_rate, felt.mixed_error_rate, own.startup_failure, own.never_ready];
        let has_one = shares.iter().any(|share| !share.is_zero())
            || felt.service_time_factor > 1.0
            || own.startup_factor > 1.0
            || own.memory_factor > Ratio::ONE
            || own.crash_after.is_some();
        if has_one { Self::Something } else { Self::Nothing }
    }
}

/// One gate in one place at one rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// Where it stands.
    pub(super) variant: &'a Variant,
    /// Its name.
    pub(super) gate: &'a str,
    /// Requests/s; none: the file's own traffic.
    pub(super) rate: Option<f64>,
}

impl Setting<'_> {
    /// The rate where it is the same all along.
    pub(super) fn constant_rate(&self) -> Option<f64> {
        self.rate.or(match self.variant.plan.data.traffic.rate {
            RateCurve::Constant(rate) => Some(rate),
            RateCurve::Linear(_) | RateCurve::Steps(_) => None,
        })
    }

    /// The highest rate there is.
    pub(super) fn highest_rate(&self) -> f64 {
        match (&self.variant.plan.data.traffic.rate, self.rate) {
            (_, Some(rate)) => rate,
            (RateCurve::Constant(rate), None) => *rate,
            (RateCurve::Linear(points) | RateCurve::Steps(points), None) => {
                points.iter().map(|&(_, rate)| rate).fold(0.0, f64::max)
            }
        }
    }

    /// The number of the gate in the variant's plan.
    pub(super) fn number(&self) -> usize {
        self.variant.plan.gate_called(self.gate).unwrap_or(0)
    }

    /// The plan of one case. It ends with the gate's verdict: nothing else stops the rollout but
    /// a failure of its own, after which nobody takes it up again, and a failing gate aborts it.
    pub(super) fn plan(&self, effect: f64) -> Plan {
        let mut plan = self.variant.plan.clone();
        stand_alone(&mut plan, self.number());
        if let Some(rate) = self.rate {
            plan.data.traffic.rate = RateCurve::Constant(rate);
        }
        enlarge(&mut plan, effect);
        plan.strategy.on_gate_failure = OnFailure::Abort;
        plan.strategy.on_failure = OnFailure::Pause;
        plan.strategy.rollback_window = None;
        plan.alerts = None;
        plan.budget = None;
        plan.operator.retain(|one| {
            matches!(one.action, OperatorAction::Promote | OperatorAction::Scale { .. })
        });
        plan.simulation.settle = SimDuration::ZERO;
        plan
    }
}

/// Puts one gate in the place of every other: whatever name a step asks for, it gets this one.
fn stand_alone(plan: &mut Plan, gate: usize) {
    let count = plan.gates.len();
    // What it is made of stays what it was, behind those that stand for it.
    let members = plan.gates.clone();
    let rule = match plan.gates[gate].rule.clone() {
        Rule::Several(together, parts) => {
            Rule::Several(together, parts.into_iter().map(|part| part + count).collect())
        }
        rule @ Rule::Test(_) => rule,
    };
    for one in plan.gates.iter_mut() {
        one.rule = rule.clone();
    }
    plan.gates.extend(members.iter().cloned());
    if !plan.strategy.guards.is_empty() {
        plan.strategy.guards = vec![gate];
    }
}

/// Makes every defect of the release `effect` times as large; 0: there is none. Probabilities end
/// at 1; what is better than before stays so, but of a good release.
fn enlarge(plan: &mut Plan, effect: f64) {
    let share = |one: Ratio| Ratio::from_f64((one.as_f64() * effect).min(1.0)).unwrap_or(one);
    let factor = |one: f64| match one {
        _ if effect == 0.0 => 1.0,
        one if one > 1.0 => 1.0 + (one - 1.0) * effect,
        one => one,
    };
    let (felt, own) = (&mut plan.data.release, &mut plan.release);
    felt.error_rate = share(felt.error_rate);
    felt.mixed_error_rate = share(felt.mixed_error_rate);
    felt.service_time_factor = factor(felt.service_time_factor);
    own.startup_failure = share(own.startup_failure);
    own.never_ready = share(own.never_ready);
    own.startup_factor = factor(own.startup_factor);
    own.memory_factor =
        Ratio::from_f64(factor(own.memory_factor.as_f64())).unwrap_or(own.memory_factor);
    if effect == 0.0 {
        own.crash_after = None;
    }
}
