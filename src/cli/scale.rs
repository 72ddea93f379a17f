//! How does a procedure that decides by simulating run on several machines, and survive one of
//! them? Stage by stage: shards do their part of the runs that it asks for, `rollsim merge` puts
//! them together, and the next stage begins with those.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::exit::{self, BadInput, Exit};
use super::kept::{self, check_same, put_in_place, unfinished};
use super::progress::{self, Progress};
use super::run::{folder_error, measured};
use crate::experiment::RunResult;
use crate::experiment::lab::{Bench, Known, Lab, Stopped};
use crate::experiment::shard::Shard;
use crate::experiment::store::{Header, Journal, Store, StoreError};
use crate::report::folder::{Folder, Holds};
use crate::scenario::Scenario;
use crate::sim::{Detail, Plan};

/// Options that cannot change a result; a value follows each.
const NEUTRAL: [&str; 3] = ["--threads", "--shard", "--out"];

/// How the runs of a procedure are carried out; none of it can change a result.
#[derive(Debug, clap::Args)]
pub(super) struct Scale {
    /// Simulate on N threads [default: all there are]; the results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Simulate part I of N of this stage only; `rollsim merge` puts the parts together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Go on with what an interrupted command has done, or with a merged stage in DIR
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    resume: Option<Option<PathBuf>>,
    /// Set by `rollsim merge`: nothing is simulated.
    #[arg(skip)]
    pub(super) merged: Option<Known>,
}

/// When the runs of a procedure are kept on disk while it is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Beside the results to be.
    Always,
    /// Only for a shard, or where `--resume` was typed: there will be no results beside which to
    /// keep them.
    OnRequest,
}

/// What became of a procedure.
#[derive(Debug)]
pub(super) enum Conducted<T> {
    /// It came to its end.
    Done(T),
    /// It did not; what there is to say was said.
    Ended(Exit),
}

/// Runs are missing that a procedure needs, and may not be simulated.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{0} runs are missing")]
pub(super) struct RunsMissing(pub(super) usize);

impl Scale {
    /// Whether there will be results, and not a part of the runs only.
    pub(super) const fn is_whole(&self) -> bool {
        self.shard.is_none()
    }

    /// Carries out `procedure`. `target` is where its results will be; those of a shard go to a
    /// folder of a like name, or to `out`.
    pub(super) fn conduct<T>(
        &self,
        scenario: &Scenario,
        (target, out, keep): (&Path, Option<&Path>, Keep),
        interrupted: &AtomicBool,
        procedure: impl FnOnce(&mut Lab<'_>) -> Result<T, Stopped>,
    ) -> anyhow::Result<Conducted<T>> {
        if let Some(known) = &self.merged {
            let simulate = |_: &Plan, _: u32| None;
            let mut lab = Lab::new(self.threads, interrupted, &|_, _| (), &simulate)?
                .at(Bench { known: known.clone(), ..Bench::default() })
                .without_simulating();
            return match procedure(&mut lab) {
                Ok(done) => Ok(Conducted::Done(done)),
                Err(Stopped::Missing(runs)) => Err(RunsMissing(runs).into()),
                Err(stopped) => Err(stopped.into()),
            };
        }
        let target = match (self.shard, out) {
            (Some(shard), None) => kept::shard_target(target, shard),
            (_, out) => out.unwrap_or(target).to_owned(),
        };
        let header = Header::new(typed(), scenario, self.shard);
        let shard_folder = match self.shard {
            Some(_) => Some(Folder::to_hold(Holds::Cells, &target).map_err(folder_error)?),
            None => None,
        };
        let (journal, known) = self.open(&target, &header, keep)?;
        let bar = Progress::new(0, progress::Show::Bar)?;
        let progress = |done: usize, asked: usize| {
            bar.set_length(asked);
            bar.set(done);
        };
        let simulate = |plan: &Plan, replication: u32| {
            let measured = measured(plan, replication, Detail::Series, interrupted)?;
            Some(RunResult { outcome: measured.run.outcome, metrics: measured.metrics })
        };
        let bench = Bench { known, shard: self.shard, journal: journal.as_ref() };
        let mut lab = Lab::new(self.threads, interrupted, &progress, &simulate)?.at(bench);
        let ended = procedure(&mut lab);
        bar.clear();
        let said = match &ended {
            Ok(_) => "all runs are known".to_owned(),
            Err(Stopped::Elsewhere { own, others }) => {
                format!("{own} runs of this stage are done, {others} are those of other shards")
            }
            Err(Stopped::Interrupted) => {
                return Ok(Conducted::Ended(kept::interrupted(journal.as_ref())));
            }
            Err(stopped) => return Err(stopped.clone().into()),
        };
        if let (Some(folder), Some(journal)) = (shard_folder, journal.as_ref()) {
            put_in_place(journal, folder, &target)?;
            exit::note(&format!("{said}; `rollsim merge` puts the shards together"));
            return Ok(Conducted::Ended(Exit::Done));
        }
        if let Some(journal) = journal {
            journal.discard();
        }
        ended.map(Conducted::Done).map_err(Into::into)
    }

    /// Where runs are kept, and what is known from before.
    fn open(
        &self,
        target: &Path,
        header: &Header,
        keep: Keep,
    ) -> anyhow::Result<(Option<Journal>, Known)> {
        let place = unfinished(target);
        let from = match &self.resume {
            None => None,
            Some(Some(folder)) => Some(folder.clone()),
            Some(None) => Some(place.clone()),
        };
        let mut known = Known::nothing();
        if let Some(folder) = &from {
            match Store::open(folder) {
                Ok(store) => {
                    check_same(header, &store)?;
                    known.add(&store).map_err(|error| BadInput(error.to_string()))?;
                }
                Err(StoreError::NotAStore(_)) if *folder == place => {
                    exit::warn("there is nothing to go on with; this begins afresh");
                }
                Err(error) => return Err(BadInput(error.to_string()).into()),
            }
        }
        if keep == Keep::OnRequest && self.shard.is_none() && self.resume.is_none() {
            return Ok((None, known));
        }
        let journal = Journal::create(&place, header)?;
        known.keep(&journal)?;
        Ok((Some(journal), known))
    }
}

/// What was typed after the program's name, without what cannot change a result.
fn typed() -> Vec<String> {
    let typed: Vec<String> =
        std::env::args_os().skip(1).map(|one| one.to_string_lossy().into_owned()).collect();
    without_neutral(&typed)
}

fn without_neutral(typed: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = typed.iter();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or(word);
        if NEUTRAL.contains(&name) {
            // Its value is in the same word or the next.
            if word.len() == name.len() {
                words.next();
            }
        } else if name != "--resume" {
            kept.push(word.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_change_a_result_does_not_tell_commands_apart() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for typed in [
            "tune x.toml --vary a=1..3 --minimize cost",
            "tune --threads 2 x.toml --vary a=1..3 --minimize cost --shard 1/2",
            "tune x.toml --out=there --vary a=1..3 --resume --minimize cost",
            "tune x.toml --resume=stage --vary a=1..3 --minimize cost --out there",
        ] {
            let kept = without_neutral(&words(typed)).join(" ");
            assert_eq!(kept, "tune x.toml --vary a=1..3 --minimize cost", "{typed}");
        }
    }
}
