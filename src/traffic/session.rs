//! Sessions: which instance a user is pinned to, until when, and what becomes of it when that
//! instance goes.
//!
//! Users are numbered; the first of them hold sessions. The others cost no memory.

use super::TrafficPlan;
use crate::random::{Key, Law, Purpose, Seed};
use crate::units::{SimDuration, Version};

/// No instance, no neighbour.
const NONE: u32 = 0;

/// The sessions of all users. Indices are stored plus one, so that fresh memory is all zero and
/// is not touched before a user's first request.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    length: Law,
    key: Key,
    /// When the rollout starts, ns.
    rollout: u64,
    /// When the session of each user ends, ns.
    ends: Vec<u64>,
    /// Instance each user is pinned to.
    pins: Vec<u32>,
    /// Sessions each user has begun.
    begun: Vec<u32>,
    /// Neighbours in the list of the users pinned to the same instance.
    next: Vec<u32>,
    previous: Vec<u32>,
    /// Version that last answered each user, plus one.
    answered: Vec<u8>,
    /// First user pinned to each instance.
    heads: Vec<u32>,
    /// Sessions alive at the rollout's start or begun later.
    count: u64,
    /// Of those, lost.
    lost: u64,
}

impl Sessions {
    /// None if no user holds sessions.
    pub(super) fn new(plan: &TrafficPlan, rollout: u64, seed: Seed) -> Option<Self> {
        let users = plan.session_share.of_rounded_down(plan.users).min(plan.users) as usize;
        (users > 0).then(|| Self {
            length: plan.session_length.clone(),
            key: seed.key(Purpose::SessionLength),
            rollout,
            ends: vec![0; users],
            pins: vec![NONE; users],
            begun: vec![0; users],
            next: vec![NONE; users],
            previous: vec![NONE; users],
            answered: vec![0; users],
            heads: Vec::new(),
            count: 0,
            lost: 0,
        })
    }

    /// Whether the user holds sessions.
    pub(super) fn holds(&self, user: u32) -> bool {
        (user as usize) < self.ends.len()
    }

    /// The instance the user is pinned to at `now`.
    pub(super) fn pin(&self, user: u32, now: u64) -> Option<u32> {
        let user = user as usize;
        let is_alive = user < self.pins.len() && self.pins[user] != NONE && now < self.ends[user];
        is_alive.then(|| self.pins[user] - 1)
    }

    /// The user begins a session on the instance at `now`.
    pub(super) fn begin(&mut self, user: u32, instance: u32, now: u64) {
        self.unlink(user);
        let index = user as usize;
        let number = u64::from(self.begun[index]);
        self.begun[index] = self.begun[index].wrapping_add(1);
        let length = self.length.draw(self.key.draw(u64::from(user), number), number);
        self.ends[index] = now.saturating_add(length.unwrap_or(SimDuration::MAX).as_nanos());
        self.link(user, instance);
        self.count += u64::from(self.counts(now, user));
    }

    /// The instance goes: the sessions alive on it are lost.
    pub(super) fn lose(&mut self, instance: u32, now: u64) {
        let Some(head) = self.heads.get_mut(instance as usize) else { return };
        let mut user = std::mem::replace(head, NONE);
        while user != NONE {
            let index = user as usize - 1;
            if self.ends[index] > now {
                if now >= self.rollout {
                    self.lost += 1;
                } else if self.ends[index] > self.rollout {
                    self.count -= 1;
                }
            }
            self.pins[index] = NONE;
            user = std::mem::replace(&mut self.next[index], NONE);
            self.previous[index] = NONE;
        }
    }

    /// A version has answered the user.
    pub(super) fn answer(&mut self, user: u32, version: Version) {
        if let Some(answered) = self.answered.get_mut(user as usize) {
            *answered = version.index() as u8 + 1;
        }
    }

    /// Whether the user was last answered by the other version.
    pub(super) fn crosses(&self, user: u32, version: Version) -> bool {
        let other = version.other().index() as u8 + 1;
        self.answered.get(user as usize) == Some(&other)
    }

    /// Sessions alive at the rollout's start or begun later, and how many of those were lost.
    pub(super) const fn totals(&self) -> (u64, u64) {
        (self.count, self.lost)
    }

    /// Whether a session begun at `now` is alive at the rollout's start or later.
    fn counts(&self, now: u64, user: u32) -> bool {
        now >= self.rollout || self.ends[user as usize] > self.rollout
    }

    fn link(&mut self, user: u32, instance: u32) {
        if instance as usize >= self.heads.len() {
            self.heads.resize(instance as usize + 1, NONE);
        }
        let head = std::mem::replace(&mut self.heads[instance as usize], user + 1);
        if head != NONE {
            self.previous[head as usize - 1] = user + 1;
        }
        self.next[user as usize] = head;
        self.previous[user as usize] = NONE;
        self.pins[user as usize] = instance + 1;
    }

    fn unlink(&mut self, user: u32) {
        let index = user as usize;
        let instance = std::mem::replace(&mut self.pins[index], NONE);
        if instance == NONE {
            return;
        }
        let (previous, next) = (self.previous[index], self.next[index]);
        match previous {
            NONE => self.heads[instance as usize - 1] = next,
            previous => self.next[previous as usize - 1] = next,
        }
        if next != NONE {
            self.previous[next as usize - 1] = previous;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Arrivals, RateCurve, RetryPlan};
    use crate::units::Ratio;

    fn sessions(users: u32, share: f64, length: u64, rollout: u64) -> Option<Sessions> {
        let plan = TrafficPlan {
            rate: RateCurve::Constant(1.0),
            arrivals: Arrivals::Poisson,
            timeout: None,
            retries: RetryPlan {
                attempts: 0,
                backoff: SimDuration::ZERO,
                multiplier: 1.0,
                jitter: 0.0,
                budget: None,
            },
            users,
            session_share: Ratio::from_f64(share).expect("a share"),
            session_length: Law::Constant(SimDuration::from_nanos(length)),
        };
        Sessions::new(&plan, rollout, Seed { seed: 1, replication: 0 })
    }

    #[test]
    fn only_the_share_of_users_holds_sessions() {
        assert!(sessions(100, 0.0, 10, 0).is_none());
        let some = sessions(100, 0.25, 10, 0).expect("a quarter holds");
        assert_eq!([some.holds(24), some.holds(25)], [true, false]);
    }

    #[test]
    fn a_session_lasts_its_length_and_is_lost_with_its_instance() {
        let mut all = sessions(4, 1.0, 10, 100).expect("all hold");
        all.begin(0, 7, 0);
        assert_eq!([all.pin(0, 9), all.pin(0, 10)], [Some(7), None]);
        // Over before the rollout starts: not counted.
        assert_eq!(all.totals(), (0, 0));
        for user in 0..4 {
            all.begin(user, 7, 95);
        }
        assert_eq!(all.totals(), (4, 0));
        all.begin(2, 8, 96);
        all.lose(7, 97);
        assert_eq!([all.pin(0, 98), all.pin(2, 98)], [None, Some(8)]);
        // Lost before the rollout: as if they had never been. User 2 began two.
        assert_eq!(all.totals(), (2, 0));
        all.begin(1, 8, 101);
        all.lose(8, 107);
        // User 2's session ended at 106, user 1's would have at 111.
        assert_eq!(all.totals(), (3, 1));
    }

    #[test]
    fn crossing_is_about_the_last_answer() {
        let mut all = sessions(2, 1.0, 10, 0).expect("all hold");
        assert!(!all.crosses(1, Version::New));
        all.answer(1, Version::Old);
        assert_eq!([all.crosses(1, Version::New), all.crosses(1, Version::Old)], [true, false]);
    }
}
