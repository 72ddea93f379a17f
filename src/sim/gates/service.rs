//! What is watched of the service as a whole, whatever gates there are: alerts, which only tell,
//! and the budget, which may make the rollout wait.

use super::super::event::Event;
use super::super::rollout::Hold;
use super::super::world::World;
use super::series::{Rhythm, Series, tick_width};
use crate::engine::Rank;
use crate::gate::{BudgetChange, Ledger, Objective, Pair, Severity};
use crate::strategy::Direction;
use crate::traffic::Scrapes;
use crate::units::{SimDuration, SimTime};

/// The service's failures as they are scraped.
#[derive(Debug)]
struct Meter {
    series: Series,
    rhythm: Rhythm,
    ledger: Ledger,
    /// Steps that are in the ledger.
    taken: usize,
}

/// What is watched of the service.
#[derive(Debug, Default)]
pub(super) struct Service {
    alerts: Option<Meter>,
    /// Which of the pairs fire.
    firing: Vec<bool>,
    budget: Option<Meter>,
    /// When the first page was sent, from the rollout's start.
    pub(super) page: Option<SimDuration>,
}

impl World<'_> {
    /// The rollout begins: the service is watched from now on.
    pub(super) fn watch_service(&mut self) {
        let plan = self.plan;
        if let Some(alerts) = &plan.alerts {
            self.gates.service.alerts = self.meter(alerts.scrape, alerts.lag);
            self.gates.service.firing = vec![false; alerts.pairs.len()];
            self.calendar.schedule(self.now + alerts.interval, Rank::Gate, Event::Alerts);
        }
        if let Some(budget) = plan.budget.filter(|budget| budget.pause_above.is_some()) {
            self.gates.service.budget = self.meter(budget.scrape, budget.lag);
            self.calendar.schedule(self.now + budget.interval, Rank::Gate, Event::Budget);
        }
    }

    fn meter(&self, scrape: SimDuration, lag: SimDuration) -> Option<Meter> {
        let ticks = self.plane.scrapes()?.of(tick_width(scrape))?;
        Some(Meter {
            series: Series::new(SimTime::ZERO, ticks),
            rhythm: Rhythm { anchor: self.start, scrape, lag },
            ledger: Ledger::new(&self.gates.baseline),
            taken: 0,
        })
    }

    fn objective(&self) -> Objective {
        let slo = &self.plan.slo;
        Objective { availability: slo.availability.as_f64(), window: slo.window }
    }

    /// Alerts are evaluated.
    pub(in crate::sim) fn see_alerts(&mut self) {
        let Some(alerts) = &self.plan.alerts else { return };
        let objective = self.objective();
        let scrapes = self.plane.scrapes();
        let gates = &mut self.gates;
        let Some(meter) = &mut gates.service.alerts else { return };
        meter.advance(self.now, scrapes, &gates.log);
        let mut told = Vec::new();
        for (pair, fires) in alerts.pairs.iter().zip(&mut gates.service.firing) {
            let (is_firing, burn) = pair.fires(&meter.ledger, &objective);
            if is_firing != std::mem::replace(fires, is_firing) {
                told.push((pair, is_firing, burn));
            }
        }
        for (pair, is_firing, burn) in told {
            let event = if is_firing { "alert-fired" } else { "alert-cleared" };
            if is_firing && pair.severity == Severity::Page && self.gates.service.page.is_none() {
                self.gates.service.page = Some(self.now.since(self.start));
            }
            self.tell(event, in_words(pair, burn, &objective));
        }
        self.calendar.schedule(self.now + alerts.interval, Rank::Gate, Event::Alerts);
    }

    /// The budget is looked at.
    pub(in crate::sim) fn see_budget(&mut self) {
        let Some(budget) = self.plan.budget else { return };
        let objective = self.objective();
        let waits = self.rollout.hold == Some(Hold::Budget);
        let scrapes = self.plane.scrapes();
        let gates = &mut self.gates;
        let Some(meter) = &mut gates.service.budget else { return };
        meter.advance(self.now, scrapes, &gates.log);
        let change = budget.decide(waits, &meter.ledger, &objective);
        let may_wait = self.rollout.is_running
            && self.rollout.direction != Direction::Back
            && self.rollout.hold.is_none();
        match change {
            Some(BudgetChange::Pause(why)) if may_wait => {
                self.rollout.hold = Some(Hold::Budget);
                self.tell("paused", why);
            }
            Some(BudgetChange::Resume(why)) if self.rollout.is_running => {
                self.rollout.hold = None;
                self.tell("resumed", why);
                self.note_progress();
            }
            _ => {}
        }
        self.calendar.schedule(self.now + budget.interval, Rank::Gate, Event::Budget);
    }
}

impl Meter {
    /// Takes in what has arrived by now.
    fn advance(&mut self, now: SimTime, scrapes: Option<&Scrapes>, log: &super::FleetLog) {
        let Some(ticks) = scrapes.and_then(|all| all.of(tick_width(self.rhythm.scrape))) else {
            return;
        };
        self.series.advance(now, self.rhythm, ticks, log);
        for step in &self.series.steps()[self.taken..] {
            self.ledger.add(step);
        }
        self.taken = self.series.steps().len();
    }
}

fn in_words(pair: &Pair, burn: f64, objective: &Objective) -> String {
    let severity = match pair.severity {
        Severity::Page => "page",
        Severity::Ticket => "ticket",
    };
    let (long, short) = (pair.long, pair.short);
    let limit = pair.burn(objective);
    format!(
        "{severity}: the budget burns {burn:.2} times as fast as allowed over {long} and {short}, \
         the limit is {limit:.2}"
    )
}
