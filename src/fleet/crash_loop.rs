//! How long a crashed process waits before it is restarted.
//!
//! The first restart comes at once, then after 10 s, 20 s, 40 s … up to 5 min, measured from the
//! exit; ten minutes of running begin the count anew (kubelet's `doBackOff`,
//! `pkg/kubelet/kuberuntime/kuberuntime_manager.go`).

use crate::units::SimDuration;

const FIRST: SimDuration = SimDuration::from_secs(10);
const LONGEST: SimDuration = SimDuration::from_secs(300);
const RESET_AFTER: SimDuration = SimDuration::from_secs(600);

/// The wait before restart number `restarts` (0 is the first).
#[must_use]
pub fn back_off(restarts: u32) -> SimDuration {
    match restarts {
        0 => SimDuration::ZERO,
        more => FIRST.times(1 << (more - 1).min(32)).min(LONGEST),
    }
}

/// How many restarts count for a process that ran for `running` and had been restarted
/// `restarts` times.
#[must_use]
pub fn counted(restarts: u32, running: SimDuration) -> u32 {
    if running > RESET_AFTER { 0 } else { restarts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_from_ten_seconds_to_five_minutes() {
        let seconds: Vec<u64> =
            (0..8).map(|restarts| back_off(restarts).as_nanos() / 1_000_000_000).collect();
        assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(back_off(u32::MAX), LONGEST);
    }
}
