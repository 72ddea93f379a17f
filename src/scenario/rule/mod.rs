//! The rules of the format: codes that never change, what each means, and an example of each.
//!
//! The code that checks a rule names it by its constant; `rollsim explain R012` prints its entry.

mod argo;
mod controller;
mod fault;
mod file;
mod gate;
mod mix;
mod operator;
mod policy;
mod strategy;
mod value;
mod variant;

use std::fmt;

/// How bad it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// It can, but probably not as meant.
    Warning,
}

/// A rule that a scenario can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its code, such as `R012`; it never changes its meaning.
    pub code: &'static str,
    /// What breaking it means.
    pub severity: Severity,
    /// The rule in a line.
    pub title: &'static str,
    /// Why it is there and what to do, in paragraphs.
    pub explanation: &'static str,
    /// What breaks it: a part of a scenario, or a command.
    pub wrong: &'static str,
    /// The same put right.
    pub right: &'static str,
}

/// The rule as `rollsim explain` prints it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n\n{}\n", self.code, self.title, self.explanation)?;
        for (heading, example) in [("Wrong", self.wrong), ("Right", self.right)] {
            writeln!(f, "{heading}:\n")?;
            for line in example.lines() {
                match line {
                    "" => writeln!(f)?,
                    line => writeln!(f, "    {line}")?,
                }
            }
            if heading == "Wrong" {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Every rule, in the order of the codes.
#[must_use]
pub const fn rules() -> &'static [Rule] {
    RULES
}

/// The rule with this code, in either case.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($name:ident = $code:literal, $rule:expr;)*) => {
        $(pub(super) const $name: &Rule = &$rule.coded($code);)*

        const RULES: &[Rule] = &[$($rule.coded($code)),*];
    };
}

codes! {
    UNREADABLE = "R001", file::UNREADABLE;
    TOO_LARGE = "R002", file::TOO_LARGE;
    NOT_UTF8 = "R003", file::NOT_UTF8;
    SYNTAX = "R004", file::SYNTAX;
    UNKNOWN_KEY = "R005", file::UNKNOWN_KEY;
    WRONG_TYPE = "R006", file::WRONG_TYPE;
    NOT_UNDERSTOOD = "R007", file::NOT_UNDERSTOOD;
    MISSING_KEY = "R008", file::MISSING_KEY;
    OUT_OF_RANGE = "R009", value::OUT_OF_RANGE;
    ONE_RATE = "R010", value::ONE_RATE;
    PARAMETERS = "R011", strategy::PARAMETERS;
    SURGE_ROOM = "R012", strategy::SURGE_ROOM;
    FORMAT = "R013", file::FORMAT;
    NAME = "R014", file::NAME;
    ZONES = "R015", value::ZONES;
    LAW_FIELDS = "R016", value::LAW_FIELDS;
    LAW_VALUES = "R017", value::LAW_VALUES;
    LIST_PLACE = "R018", value::LIST_PLACE;
    CSV = "R019", value::CSV;
    PROFILE = "R020", value::PROFILE;
    KIND = "R021", strategy::KIND;
    ROLLBACK_NAME = "R022", strategy::ROLLBACK_NAME;
    ROLLBACK_CIRCLE = "R023", strategy::ROLLBACK_CIRCLE;
    STRATEGY_NAME = "R024", strategy::STRATEGY_NAME;
    NO_SUCH_PATH = "R025", variant::NO_SUCH_PATH;
    NO_VALUES = "R026", variant::NO_VALUES;
    SWEEPS_CLASH = "R027", variant::SWEEPS_CLASH;
    TOO_MANY_VARIANTS = "R028", variant::TOO_MANY_VARIANTS;
    DEADLINE = "R029", value::DEADLINE;
    GRACE = "R030", value::GRACE;
    NO_EFFECT = "R031", value::NO_EFFECT;
    MANIFEST = "R032", strategy::MANIFEST;
    MANIFEST_KIND = "R033", strategy::MANIFEST_KIND;
    MANIFEST_NOTE = "R034", strategy::MANIFEST_NOTE;
    OVERRIDE = "R035", variant::OVERRIDE;
    FAULT_KIND = "R036", fault::FAULT_KIND;
    FAULT_FIELDS = "R037", fault::FAULT_FIELDS;
    FAULT_ZONE = "R038", fault::FAULT_ZONE;
    FAULT_MOMENT = "R039", fault::FAULT_MOMENT;
    OPERATOR = "R045", operator::OPERATOR;
    FAST_ROLLBACK = "R046", operator::FAST_ROLLBACK;
    INNER = "R047", strategy::INNER;
    GATE_FIELDS = "R050", gate::GATE_FIELDS;
    GATE_KIND = "R051", gate::GATE_KIND;
    GATE_NAME = "R052", gate::GATE_NAME;
    GATE_WINDOW = "R053", gate::GATE_WINDOW;
    ALERTS = "R054", gate::ALERTS;
    FAULT_BUDGET = "R055", fault::FAULT_BUDGET;
    RELEASE_SHARES = "R056", mix::RELEASE_SHARES;
    RELEASE_NAME = "R057", mix::RELEASE_NAME;
    RELEASE_IDLE = "R058", mix::RELEASE_IDLE;
    POLICY_METRIC = "R060", policy::POLICY_METRIC;
    POLICY_LIMIT = "R061", policy::POLICY_LIMIT;
    POLICY_STATISTIC = "R062", policy::POLICY_STATISTIC;
    POLICY_CLASH = "R063", policy::POLICY_CLASH;
    POLICY_STRATEGY = "R064", policy::POLICY_STRATEGY;
    POLICY_RUNS = "R065", policy::POLICY_RUNS;
    POLICY_REGRESSION = "R066", policy::POLICY_REGRESSION;
    ARGO_METRIC = "R070", argo::ARGO_METRIC;
    CONTROLLER = "R090", controller::CONTROLLER;
}

/// A rule whose code is given to it above.
#[derive(Clone, Copy)]
struct Entry {
    severity: Severity,
    title: &'static str,
    explanation: &'static str,
    wrong: &'static str,
    right: &'static str,
}

impl Entry {
    const fn coded(self, code: &'static str) -> Rule {
        let Self { severity, title, explanation, wrong, right } = self;
        Rule { code, severity, title, explanation, wrong, right }
    }
}
