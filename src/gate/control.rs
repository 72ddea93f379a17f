//! When a gate looks and what its verdicts come to: intervals, counts and limits, with the
//! meanings that Argo Rollouts gives to those of an AnalysisRun.

use serde::Deserialize;

use super::{Outcome, Verdict};
use crate::units::{SimDuration, SimTime};

/// How far back a gate looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The last so much.
    Last(SimDuration),
    /// Everything since it began.
    All,
}

/// What a look without any data says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnNoData {
    /// Nothing is wrong.
    Pass,
    /// Something is.
    Fail,
    /// Nobody knows.
    #[default]
    Inconclusive,
    /// The look itself has failed; only for an [`AnalysisRun`].
    Error,
}

/// What Argo Rollouts' AnalysisRun has beyond what gates have, in `assessMetricStatus` of
/// `analysis/analysis.go`. A gate with it looks at once when it begins, looks again 10 s after an
/// error, sees what was before it began, and has passed when `count` looks without errors are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisRun {
    /// It fails at more errors in a row than this.
    #[serde(rename = "error_limit")]
    pub errors: u32,
    /// It has passed at so many passing looks in a row; none: only by `count`.
    #[serde(rename = "consecutive_success")]
    pub successes: Option<u32>,
    /// No number of failures ends it.
    #[serde(rename = "ignore_failures")]
    pub ignores_failures: bool,
    /// It tells, and changes nothing.
    #[serde(rename = "dry_run")]
    pub is_dry: bool,
}

impl AnalysisRun {
    /// From a look that failed to the next, whatever the interval.
    pub const AFTER_ERROR: SimDuration = SimDuration::from_secs(10);
}

impl Default for AnalysisRun {
    fn default() -> Self {
        Self { errors: 4, successes: None, ignores_failures: false, is_dry: false }
    }
}

/// When a gate looks, and what its verdicts come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    /// From one look to the next, and before the first; above zero.
    pub interval: SimDuration,
    /// How far back it looks.
    pub window: Span,
    /// Before the first interval.
    pub initial_delay: SimDuration,
    /// Looks after which it has passed; none: as many as there is time for.
    pub count: Option<u32>,
    /// It fails at more failures than this.
    pub failure_limit: u32,
    /// A failing look counts as a failure once so many came in a row; >= 1.
    pub consecutive: u32,
    /// It ends inconclusive at more inconclusive looks than this; none: never.
    pub inconclusive_limit: Option<u32>,
    /// With fewer requests (or scrapes) than this in the window a look is inconclusive.
    pub min_samples: u64,
    /// From one scrape to the next, counted from the rollout's start; above zero.
    pub scrape: SimDuration,
    /// How late a scrape arrives.
    pub lag: SimDuration,
    /// What a look without any data says.
    pub on_no_data: OnNoData,
    /// As an AnalysisRun of Argo; none: as a gate.
    pub analysis_run: Option<AnalysisRun>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            interval: SimDuration::from_secs(15),
            window: Span::Last(SimDuration::from_secs(60)),
            initial_delay: SimDuration::ZERO,
            count: None,
            failure_limit: 0,
            consecutive: 1,
            inconclusive_limit: Some(0),
            min_samples: 1,
            scrape: SimDuration::from_secs(15),
            lag: SimDuration::ZERO,
            on_no_data: OnNoData::Inconclusive,
            analysis_run: None,
        }
    }
}

impl Control {
    /// When look `number` (from 1) is, for a gate that began at `begin`, as long as none is an
    /// error.
    #[must_use]
    pub fn look_at(&self, begin: SimTime, number: u32) -> SimTime {
        let number = if self.analysis_run.is_some() { number - 1 } else { number };
        let intervals = self.interval.as_nanos().saturating_mul(u64::from(number));
        begin + self.initial_delay + SimDuration::from_nanos(intervals)
    }

    /// From a look that said so to the next.
    #[must_use]
    pub fn wait_after(&self, outcome: Outcome) -> SimDuration {
        let is_retry = outcome == Outcome::Error && self.analysis_run.is_some();
        if is_retry { AnalysisRun::AFTER_ERROR } else { self.interval }
    }

    /// Whether a look sees what was before the gate began.
    #[must_use]
    pub const fn sees_before(&self) -> bool {
        self.analysis_run.is_some()
    }

    /// Where the window of a look at `now` begins, for a gate that began at `begin`: no earlier
    /// than the gate itself.
    #[must_use]
    pub fn window_from(&self, begin: SimTime, now: SimTime) -> SimTime {
        let begin = begin + self.initial_delay;
        match self.window {
            Span::All => begin,
            Span::Last(length) => {
                let from = now.as_nanos().saturating_sub(length.as_nanos());
                SimTime::from_nanos(from).max(begin)
            }
        }
    }
}

/// What a gate has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes on looking.
    Running,
    /// It has passed and looks no more.
    Passed,
    /// It has failed.
    Failed,
    /// It cannot tell.
    Inconclusive,
}

/// One gate at work: counts its verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Looks so far.
    pub looks: u32,
    failures: u32,
    in_a_row: u32,
    inconclusive: u32,
    errors_in_a_row: u32,
    passes_in_a_row: u32,
    /// Looks that were no errors.
    completed: u32,
    last: Option<Outcome>,
    /// What it has come to.
    pub state: State,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            looks: 0,
            failures: 0,
            in_a_row: 0,
            inconclusive: 0,
            errors_in_a_row: 0,
            passes_in_a_row: 0,
            completed: 0,
            last: None,
            state: State::Running,
        }
    }
}

impl Tally {
    /// Takes in the verdict of a look: failures first, then what is inconclusive, then the count.
    /// A gate that has come to an end stays there.
    pub fn take(&mut self, control: &Control, verdict: &Verdict) -> State {
        if self.state != State::Running {
            return self.state;
        }
        self.looks += 1;
        self.last = Some(verdict.outcome);
        self.count(control, verdict.outcome);
        self.state = match control.analysis_run {
            None => self.as_a_gate(control),
            Some(run) => self.as_a_run(control, run),
        };
        self.state
    }

    fn count(&mut self, control: &Control, outcome: Outcome) {
        let is_error = outcome == Outcome::Error;
        self.errors_in_a_row = if is_error { self.errors_in_a_row + 1 } else { 0 };
        self.completed += u32::from(!is_error);
        let has_passed = outcome == Outcome::Pass;
        self.passes_in_a_row = if has_passed { self.passes_in_a_row + 1 } else { 0 };
        match outcome {
            Outcome::Pass => self.in_a_row = 0,
            Outcome::Fail => {
                self.in_a_row += 1;
                self.failures += u32::from(self.in_a_row >= control.consecutive);
            }
            Outcome::Inconclusive => self.inconclusive += 1,
            Outcome::Error if control.analysis_run.is_none() => self.inconclusive += 1,
            Outcome::Error => {}
        }
    }

    fn is_lost(&self, control: &Control) -> bool {
        control.inconclusive_limit.is_some_and(|limit| self.inconclusive > limit)
    }

    fn as_a_gate(&self, control: &Control) -> State {
        if self.failures > control.failure_limit {
            State::Failed
        } else if self.is_lost(control) {
            State::Inconclusive
        } else if control.count.is_some_and(|count| self.looks >= count) {
            self.at_the_end()
        } else {
            State::Running
        }
    }

    /// Enough successes in a row come before the count, which without them says that nobody can
    /// tell, or a failure where failures would not have.
    fn as_a_run(&self, control: &Control, run: AnalysisRun) -> State {
        let is_over = control.count.is_some_and(|count| self.completed >= count);
        let state = if self.errors_in_a_row > run.errors {
            State::Failed
        } else if self.is_lost(control) {
            State::Inconclusive
        } else if !run.ignores_failures && self.failures > control.failure_limit {
            State::Failed
        } else {
            match run.successes {
                Some(enough) if self.passes_in_a_row >= enough => State::Passed,
                Some(_) if is_over && run.ignores_failures => State::Failed,
                Some(_) if is_over => State::Inconclusive,
                None if is_over => State::Passed,
                _ => State::Running,
            }
        };
        if run.is_dry && state != State::Running { State::Passed } else { state }
    }

    /// What the last look said; none before the first.
    #[must_use]
    pub const fn last(&self) -> Option<Outcome> {
        self.last
    }

    /// Looks so far that said that something is wrong, that nobody can tell, and that were
    /// errors.
    #[must_use]
    pub const fn counts(&self) -> [u32; 3] {
        [self.failures, self.inconclusive, self.looks - self.completed]
    }

    /// The time is over: what it has come to. Without a look, or with a last one that could not
    /// tell, nobody knows.
    pub fn close(&mut self) -> State {
        if self.state == State::Running {
            self.state = self.at_the_end();
        }
        self.state
    }

    /// The same for one that was told to stop, which as an AnalysisRun has passed.
    #[must_use]
    pub fn closed(mut self, control: &Control) -> State {
        if self.state == State::Running && control.analysis_run.is_some() {
            return State::Passed;
        }
        self.close()
    }

    const fn at_the_end(&self) -> State {
        match self.last {
            Some(Outcome::Pass | Outcome::Fail) => State::Passed,
            Some(Outcome::Inconclusive | Outcome::Error) | None => State::Inconclusive,
        }
    }
}

/// How several gates make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// It passes when all have, and fails when one has.
    All,
    /// It passes when one has, and fails when all have.
    Any,
}

impl Together {
    /// What gates in these states come to.
    #[must_use]
    pub fn state(self, members: &[State]) -> State {
        let is_any = |state| members.contains(&state);
        let is_all = |state| members.iter().all(|&member| member == state);
        match self {
            Self::All if is_any(State::Failed) => State::Failed,
            Self::All if is_any(State::Inconclusive) => State::Inconclusive,
            Self::Any if is_any(State::Passed) => State::Passed,
            Self::Any if is_all(State::Failed) => State::Failed,
            _ if is_any(State::Running) => State::Running,
            Self::All => State::Passed,
            Self::Any => State::Inconclusive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Failed, Inconclusive, Passed, Running};

    fn states(control: &Control, looks: &str) -> Vec<State> {
        let mut tally = Tally::default();
        let verdict = |c| Verdict {
            outcome: match c {
                'p' => Outcome::Pass,
                'f' => Outcome::Fail,
                'e' => Outcome::Error,
                _ => Outcome::Inconclusive,
            },
            divergence: None,
            reason: String::new(),
        };
        looks.chars().map(|c| tally.take(control, &verdict(c))).collect()
    }

    /// The rules of an AnalysisRun: `failureLimit` counts all failures, not only those in a row;
    /// failing comes before being inconclusive, and both before `count`.
    #[test]
    fn limits_are_argos() {
        let control = Control::default();
        assert_eq!(states(&control, "ppf"), [Running, Running, Failed]);
        assert_eq!(states(&control, "pi"), [Running, Inconclusive]);
        let two = Control { failure_limit: 2, ..control };
        assert_eq!(states(&two, "fpfpf"), [Running, Running, Running, Running, Failed]);
        let counted = Control { count: Some(3), ..two };
        assert_eq!(states(&counted, "fpf"), [Running, Running, Passed]);
        let strict = Control { count: Some(1), ..control };
        assert_eq!(states(&strict, "f"), [Failed]);
        assert_eq!(states(&strict, "p"), [Passed]);
        let patient = Control { inconclusive_limit: Some(1), count: Some(3), ..control };
        assert_eq!(states(&patient, "ipp"), [Running, Running, Passed]);
        assert_eq!(states(&patient, "pip"), [Running, Running, Passed]);
        assert_eq!(states(&patient, "ipi"), [Running, Running, Inconclusive]);
    }

    /// What only an AnalysisRun knows: errors do not count, the fifth in a row ends it, and a look
    /// that could not tell may be the last of `count`.
    #[test]
    fn an_analysis_run() {
        let run = Control { analysis_run: Some(AnalysisRun::default()), ..Control::default() };
        assert_eq!(states(&run, "eeee").last(), Some(&Running));
        assert_eq!(states(&run, "eeeee").last(), Some(&Failed));
        assert_eq!(states(&run, "eeeepeeee").last(), Some(&Running));
        let counted = Control { count: Some(2), inconclusive_limit: Some(1), ..run };
        assert_eq!(states(&counted, "pei").last(), Some(&Passed));
        let in_a_row = AnalysisRun { successes: Some(2), ..AnalysisRun::default() };
        let row = Control { count: Some(3), failure_limit: 9, analysis_run: Some(in_a_row), ..run };
        assert_eq!(states(&row, "pp").last(), Some(&Passed));
        assert_eq!(states(&row, "pfp").last(), Some(&Inconclusive));
        let deaf = AnalysisRun { ignores_failures: true, ..in_a_row };
        let deaf = Control { analysis_run: Some(deaf), ..row };
        assert_eq!(states(&deaf, "fff").last(), Some(&Failed));
        let dry = AnalysisRun { is_dry: true, ..AnalysisRun::default() };
        assert_eq!(states(&Control { analysis_run: Some(dry), ..run }, "f"), [Passed]);
        let begin = SimTime::ZERO;
        assert_eq!(run.look_at(begin, 1), begin, "the first is at once");
        assert_eq!(run.wait_after(Outcome::Error), SimDuration::from_secs(10));
    }

    #[test]
    fn failures_in_a_row() {
        let three = Control { consecutive: 3, ..Control::default() };
        let mut expected = vec![Running; 5];
        expected.push(Failed);
        assert_eq!(states(&three, "ffpfff"), expected);
    }

    #[test]
    fn at_the_end_of_the_time() {
        assert_eq!(Tally::default().close(), Inconclusive, "it never looked");
        let mut tally = Tally { last: Some(Outcome::Pass), ..Tally::default() };
        assert_eq!(tally.close(), Passed);
    }

    #[test]
    fn several_together() {
        for (members, all, any) in [
            (vec![Passed, Passed], Passed, Passed),
            (vec![Passed, Running], Running, Passed),
            (vec![Failed, Running], Failed, Running),
            (vec![Failed, Failed], Failed, Failed),
            (vec![Inconclusive, Passed], Inconclusive, Passed),
            (vec![Inconclusive, Failed], Failed, Inconclusive),
        ] {
            assert_eq!((Together::All.state(&members), Together::Any.state(&members)), (all, any));
        }
    }

    #[test]
    fn windows_never_reach_before_the_gate() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let control = Control { initial_delay: SimDuration::from_secs(5), ..Control::default() };
        assert_eq!(control.look_at(at(100), 2), at(135));
        assert_eq!(control.window_from(at(100), at(120)), at(105));
        assert_eq!(control.window_from(at(100), at(300)), at(240));
        let all = Control { window: Span::All, ..control };
        assert_eq!(all.window_from(at(100), at(300)), at(105));
    }
}
