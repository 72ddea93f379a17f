//! The reference workload: 12 servers of 8 slots and a waiting room of 64 each, serving first come,
//! first served; Poisson arrivals at 80% of capacity; exponential service of 100 ms; server `i`
//! runs version `i` modulo 2.

/// Servers.
pub(crate) const SERVERS: usize = 12;
/// Slots of a server.
pub(crate) const SLOTS: usize = 8;
/// Places to wait at a server.
pub(crate) const ROOM: usize = 64;
/// Mean service time, s.
pub(crate) const SERVICE: f64 = 0.1;
/// Requests/s.
pub(crate) const RATE: f64 = 0.8 * (SERVERS * SLOTS) as f64 / SERVICE;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// To any server.
    Random,
    /// To the less loaded of two distinct servers, the first on ties.
    Two,
    /// To the least loaded of all, the lowest index on ties.
    All,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    /// Answered, by version.
    pub(crate) completed: [u64; 2],
    /// Sum of the times from arrival to departure, ns.
    pub(crate) sojourn: u128,
    /// Cells of a log-linear histogram of those times, 128 an octave.
    pub(crate) cells: Vec<u32>,
}

impl Outcome {
    pub(crate) fn new(requests: u64) -> Self {
        Self { requests, cells: vec![0; 58 << 7], ..Self::default() }
    }

    /// Counts an answer.
    #[inline(always)]
    pub(crate) fn answer(&mut self, server: usize, sojourn: u64) {
        self.completed[server & 1] += 1;
        self.sojourn += u128::from(sojourn);
        let shift = 56 - (sojourn | 128).leading_zeros();
        self.cells[((shift as usize) << 7) + (sojourn >> shift) as usize] += 1;
    }

    fn answered(&self) -> u64 {
        self.completed.iter().sum()
    }

    fn mean(&self) -> f64 {
        self.sojourn as f64 / self.answered() as f64
    }

    /// Whether both did the same work, in the mean: they take different draws.
    pub(crate) fn check_against(&self, bare: &Self, name: &str) {
        // Some contests lose a few requests to timeouts and kills on purpose.
        let lost = 1.0 - self.answered() as f64 / self.requests as f64;
        assert!(lost < 0.02, "{name}: {lost} lost");
        let apart = (self.mean() / bare.mean() - 1.0).abs();
        assert!(apart < 0.15, "{name}: mean sojourn {} for {}", self.mean(), bare.mean());
    }
}
