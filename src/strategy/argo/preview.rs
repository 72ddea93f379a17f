//! How large the new ReplicaSet of an Argo blueGreen is: `NewRSNewReplicas` in
//! `utils/replicaset/replicaset.go`.

/// Where the active service points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Active {
    /// At no ReplicaSet there is: a first deploy.
    Nothing,
    /// At the version that goes.
    Old,
    /// At the version that comes.
    New,
}

/// What the size depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Where users are served.
    pub active: Active,
    /// Whether the preview has been available once.
    pub is_past_checkpoint: bool,
    /// Whether the rollout waits.
    pub is_paused: bool,
    /// Whether a person skips what is left.
    pub is_promoted_in_full: bool,
}

/// Desired count of the version that comes, out of `replicas`: `preview` of them while it is only
/// looked at.
#[must_use]
pub fn replicas(replicas: u32, preview: Option<u32>, state: State) -> u32 {
    let is_looked_at = state.active == Active::Old && !state.is_promoted_in_full;
    let is_before = !state.is_past_checkpoint || state.is_paused;
    preview.filter(|_| is_looked_at && is_before).unwrap_or(replicas)
}
