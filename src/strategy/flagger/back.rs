//! The way back: requests leave the canary at once, and it goes in the same tick. A primary that
//! already runs the new version, which only a person takes back, first rolls within its bounds.

use super::super::rolling::{Bounds, Leave, Move};
use super::super::{Action, Direction, Pick, Reason, Strategy, View};
use super::{CANARY, PRIMARY};
use crate::traffic::Split;
use crate::units::{Ratio, Version};

#[derive(Debug)]
pub(super) struct Back {
    bounds: Bounds,
    /// Desired counts of the primary, by version; none before it has begun.
    primary: Option<[u32; 3]>,
    /// Whether the primary had begun to roll out the new version.
    is_rolled: bool,
}

impl Back {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self { bounds, primary: None, is_rolled: false }
    }

    /// Instances of the canary; of a fleet that is not divided all are the primary's.
    fn canary(view: &View<'_>) -> u32 {
        let is_divided = view.pool.part_sizes().len() > CANARY.index();
        if is_divided { view.pool.counts_of(CANARY, Version::New).active } else { 0 }
    }

    fn roll(&self, view: &View<'_>, primary: &mut [u32; 3]) -> Vec<Action> {
        let pool = view.pool.part(PRIMARY, *primary);
        let step = Move {
            direction: Direction::Back,
            target: view.desired,
            bounds: self.bounds.resolve(view.desired),
            pick: Pick::Part(PRIMARY),
            counts_terminating: false,
            leave: Leave::OldestFirst,
        };
        let mut actions = step.reconcile(&View { pool: &pool, ..*view });
        for action in &mut actions {
            if let Action::Scale { version, to, .. } = action {
                primary[version.index()] = *to;
                if *version == Version::New {
                    *to += Self::canary(view);
                }
            }
        }
        actions
    }
}

impl Strategy for Back {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(mut primary) = self.primary else {
            let mut primary = Version::EVERY.map(|version| view.pool.desired(version));
            primary[Version::New.index()] -= Self::canary(view).min(primary[1]);
            self.primary = Some(primary);
            self.is_rolled = primary[Version::Old.index()] < view.desired;
            let reason = Reason::new("the rollout is taken back");
            return vec![Action::Mirror { share: Ratio::ZERO, reason }];
        };
        let actions = self.roll(view, &mut primary);
        self.primary = Some(primary);
        if !actions.is_empty() {
            return actions;
        }
        let [_, new, third] = primary;
        let available = view.pool.counts_of(PRIMARY, Version::Old).available;
        if new + third > 0 || (self.is_rolled && available < view.desired) {
            return Vec::new();
        }
        let reason = Reason::new("the primary has everything, the canary goes at once");
        let scale =
            Action::Scale { version: Version::New, to: 0, pick: Pick::Part(CANARY), reason };
        let split = Split::Weighted(Ratio::ZERO);
        let mut actions = vec![Action::Split { split, reason }];
        actions.extend((Self::canary(view) > 0).then_some(scale));
        actions.push(Action::Finish(reason));
        actions
    }
}
