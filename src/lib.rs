//! A deterministic discrete-event simulator of software rollouts: it models instances, start-up
//! times, traffic and what goes wrong, runs a rollout strategy over them, and tells what that does
//! to capacity, error budget and duration. This page is the architecture.
//!
//! # Bird's-eye view
//!
//! ```text
//!  scenario.toml ──► scenario ──► Plan ──► sim::simulate ──► Run ──► measure ──► Metrics
//!  deployment.yaml ─► manifest ┘            │                                     │
//!                                           │                          experiment ┤
//!                   strategy ◄── View ──────┤                                     ▼
//!                            ──► Action ───►│                               report (files,
//!                   traffic  ◄─ advance ────┘                               table, charts)
//! ```
//!
//! Two planes share one clock of whole nanoseconds. The *control plane* is a calendar of few
//! events: life cycles, probes, what the balancer learns, wake-ups of strategies. The *data plane*
//! is a tight loop over requests; between two control events nothing about the fleet changes, so
//! it runs through all arrivals in between and comes back only for what must be known at once.
//!
//! # Entry points
//!
//! - [`scenario::load`] reads a file and answers with the plans of its variants, or with every
//!   diagnostic at once.
//! - [`sim::simulate`] is one run: a plan and a replication's number in, a record out.
//! - [`measure::measure`] turns the record into metrics.
//! - [`experiment::sweep`] does that for every cell of a scenario, on threads, and hands on one
//!   variant after another.
//! - [`experiment::lab::Lab`] does it for whoever decides by simulating and asks for more: a check
//!   of a policy, a search, a screening.
//! - [`cli::main`] is what the binary calls.
//!
//! # Code map
//!
//! | layer | room | the question it answers |
//! |---|---|---|
//! | 0 | [`units`] | what is a number here? |
//! | 0 | [`stats`] | how sure are we? |
//! | 1 | [`random`] | where does chance come from? |
//! | 1 | [`engine`] | what happens next? |
//! | 2 | [`fleet`] | what can serve? |
//! | 2 | [`traffic`] | how much arrives, where does it go, what happens to it? |
//! | 2b | [`fault`] | what goes wrong? |
//! | 3 | [`gate`] | may the rollout go on? |
//! | 4 | [`strategy`] | what does the rollout do next? |
//! | 5 | [`sim`] | how do the pieces meet? |
//! | 6 | [`measure`] | what did it cost? |
//! | 7 | [`scenario`] | what did the user ask? |
//! | 7 | [`manifest`] | what does the shipped policy say? |
//! | 8 | [`experiment`] | which runs, and what do they say together? |
//! | 9 | [`report`] | how is it shown? |
//! | 10 | [`cli`] | what was typed? |
//!
//! # Invariants
//!
//! 1. **A room imports only from lower layers.** `engine` knows no instance, `strategy` no
//!    calendar; a test checks every import.
//! 2. **Decisions are values.** A strategy sees a read-only [`strategy::View`] and returns
//!    [`strategy::Action`]s with their reasons. It has no clock, no generator and no way to change
//!    the world.
//! 3. **No layer under 7 reads files**; only `cli` prints or exits; nothing reads the wall clock.
//! 4. **No order but the calendar's**: events go by time, rank, sequence number. No hash map where
//!    its order could reach a result; no `ln`, `exp` or `pow` but those of [`stats::math`], which
//!    are the same on every platform.
//! 5. **Threads only in `experiment`.** A run depends on its plan and its replication's number
//!    alone; what runs add up to is whole numbers, or is taken in the order of the runs. So
//!    threads, shards and interruptions change no byte.
//! 6. **Every purpose of chance has its own stream** ([`random::Purpose`]), so that a new draw
//!    moves no other. Request *k* is the same request in every variant.
//! 7. **The world alone changes the world.** The data plane is the one place allowed to be clever;
//!    its fast path has a slow twin that must agree to the last bit. Where no request is ever sent
//!    the control plane takes shortcuts (`src/sim/shortcut.rs`); their twin is the same plan
//!    without them.
//!
//! # Where is …?
//!
//! | question | answer |
//! |---|---|
//! | What may a strategy look at and do? | [`strategy::View`], [`strategy::Action`] |
//! | Where does a gate decide? | `decide` in `src/gate/NAME.rs`; who asks it: `src/sim/gates/` |
//! | What can go wrong, and how do faults combine? | [`fault`], one file per kind |
//! | When is an instance ready? | the state table on top of `src/fleet/instance.rs` |
//! | Where is `max_surge` rounded? | `src/units/count.rs` |
//! | What counts against the error budget? | `src/measure/error_budget.rs`, first paragraph |
//! | Why did this run roll back? | the `detail` column of `events.csv` |
//! | What was published, and does it come out? | `src/experiment/validation/`, `rollsim validate` |
//! | Would this gate have caught it? | `src/experiment/workbench/`, `rollsim gate` |
//! | Does a policy hold, and what would put it right? | `src/experiment/policy/`, `rollsim check` |
//! | Which policy is the best? | `src/experiment/tune/`, `rollsim tune`, `rollsim advise` |
//! | What matters most? | `src/experiment/sensitivity/`, `rollsim sensitivity` |
//! | How do several machines share an experiment? | `src/experiment/{shard,store}.rs` |
//! | Which rule rejected my scenario? | `rollsim explain` with its code |

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod fault;
pub mod fleet;
pub mod gate;
pub mod manifest;
pub mod measure;
pub mod random;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod stats;
pub mod strategy;
pub mod traffic;
pub mod units;
