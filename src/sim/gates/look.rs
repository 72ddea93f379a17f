//! One look of a gate: what it sees, what it says, what that comes to.

use super::super::event::Event;
use super::super::plan::Plan;
use super::super::world::World;
use super::AtWork;
use super::series::{Rhythm, Series};
use crate::engine::Rank;
use crate::gate::{Control, Objective, Outcome, Rule, State, Tally, Verdict, Watch, Window};
use crate::traffic::Scrapes;
use crate::units::SimTime;

/// One test at work.
#[derive(Debug)]
pub(super) struct Part {
    /// Number of its gate in the plan.
    pub(super) gate: usize,
    pub(super) tally: Tally,
    control: Control,
    /// When it was asked for, before its initial delay.
    asked: SimTime,
    next: SimTime,
    series: Series,
    /// What it said last.
    last: String,
}

impl Part {
    fn new(gate: usize, control: Control, asked: SimTime, series: Series) -> Self {
        Self {
            gate,
            tally: Tally::default(),
            control,
            asked,
            next: SimTime::MAX,
            series,
            last: String::new(),
        }
    }

    pub(super) const fn next_look(&self) -> SimTime {
        self.next
    }

    /// What it would come to if its time were over now.
    pub(super) fn at_the_end(&self) -> State {
        self.tally.closed(&self.control)
    }
}

impl AtWork {
    /// What it came to, in words.
    pub(super) fn in_words(&self, plan: &Plan) -> String {
        let name = &plan.gates[self.gate].name;
        let said: Vec<String> = self
            .parts
            .iter()
            .map(|part| format!("{} looks, the last: {}", part.tally.looks, part.last))
            .collect();
        format!("{name}: {}", said.join("; "))
    }
}

impl World<'_> {
    /// A test that begins now.
    pub(super) fn part(&self, gate: usize) -> Option<Part> {
        let watch = self.test_of(gate)?;
        let ticks = self.plane.scrapes()?.of(super::tick_width(watch.control.scrape))?;
        let begin = self.now + watch.control.initial_delay;
        let from = if sees_before(watch) { SimTime::ZERO } else { begin };
        let next = watch.control.look_at(self.now, 1);
        Some(Part { next, ..Part::new(gate, watch.control, self.now, Series::new(from, ticks)) })
    }

    /// A test that is asked at moments of its strategy's choice and sees whatever its window
    /// holds, also from before it was first asked.
    pub(super) fn part_of_check(&self, gate: usize) -> Option<Part> {
        let watch = self.test_of(gate)?;
        let ticks = self.plane.scrapes()?.of(super::tick_width(watch.control.scrape))?;
        let from = if sees_before(watch) {
            SimTime::ZERO
        } else {
            watch.control.window_from(SimTime::ZERO, self.now)
        };
        Some(Part::new(gate, watch.control, SimTime::ZERO, Series::new(from, ticks)))
    }

    pub(super) fn test_of(&self, gate: usize) -> Option<&Watch> {
        match &self.plan.gates[gate].rule {
            Rule::Test(watch) => Some(watch),
            Rule::Several(..) => None,
        }
    }

    /// A look is due.
    pub(in crate::sim) fn look(&mut self, work: u32, part: u32) {
        let (work, number) = (work as usize, part as usize);
        let is_due = |one: &AtWork| {
            !one.is_over
                && one.state == State::Running
                && one.parts[number].tally.state == State::Running
        };
        if !is_due(&self.gates.at_work[work]) {
            return;
        }
        let Some(verdict) = self.verdict(work, number) else { return };
        let one = &mut self.gates.at_work[work];
        let part = &mut one.parts[number];
        let Rule::Test(watch) = &self.plan.gates[part.gate].rule else { return };
        let state = part.tally.take(&watch.control, &verdict);
        let looks = part.tally.looks;
        let name = &self.plan.gates[part.gate].name;
        let detail = format!("{name}, look {looks}: {}", verdict.reason);
        part.last.clone_from(&verdict.reason);
        part.next += watch.control.wait_after(verdict.outcome);
        let next = part.next;
        one.state = one.together.state(&one.states());
        match verdict.outcome {
            Outcome::Pass => {}
            Outcome::Fail if state == State::Running => {
                self.tell("gate-failed", format!("{detail}; its failure limit allows that"));
            }
            Outcome::Fail => self.tell("gate-failed", detail),
            Outcome::Inconclusive => self.tell("gate-inconclusive", detail),
            Outcome::Error => self.tell("gate-error", detail),
        }
        if state == State::Running {
            let event = Event::Look { work: work as u32, part: number as u32 };
            self.calendar.schedule(next, Rank::Gate, event);
        }
        self.conclude_gate(work, &verdict.reason);
    }

    /// What a test says to what has arrived by now.
    pub(super) fn verdict(&mut self, work: usize, number: usize) -> Option<Verdict> {
        let plan = self.plan;
        let gates = &mut self.gates;
        let part = &mut gates.at_work[work].parts[number];
        let Rule::Test(watch) = &plan.gates[part.gate].rule else { return None };
        let control = &watch.control;
        let rhythm = Rhythm { anchor: self.start, scrape: control.scrape, lag: control.lag };
        let ticks = self
            .plane
            .scrapes()
            .and_then(|all: &Scrapes| all.of(super::tick_width(control.scrape)))?;
        part.series.advance(self.now, rhythm, ticks, &gates.log);
        // What needs the history has no beginning of its own.
        let asked = if sees_before(watch) { SimTime::ZERO } else { part.asked };
        let steps = part.series.steps();
        let window = Window {
            metric: watch.metric,
            scope: watch.scope,
            steps,
            recent: part.series.since(control.window_from(asked, self.now)),
            baseline: &gates.baseline,
            objective: Objective {
                availability: plan.slo.availability.as_f64(),
                window: plan.slo.window,
            },
            look: part.tally.looks + 1,
        };
        // Whom nobody can ask has no answer, whatever there was before.
        let is_mute = control.analysis_run.is_some() && gates.log.is_lost(self.now);
        let verdict = if is_mute {
            Verdict::error("the metrics cannot be asked".to_owned())
        } else {
            watch.look(&window)
        };
        gates.divergence = match (gates.divergence, verdict.divergence) {
            (Some(most), Some(divergence)) => Some(f64::max(most, divergence)),
            (most, divergence) => divergence.or(most),
        };
        Some(verdict)
    }
}

/// Whether a test is shown what was before it began.
fn sees_before(watch: &Watch) -> bool {
    watch.test.needs().history || watch.control.sees_before()
}
