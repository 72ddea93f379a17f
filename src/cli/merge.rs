//! `rollsim merge`: the parts of an experiment, put together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::exit::{self, BadInput, Exit};
use super::redraw::formats;
use super::run::folder_error;
use super::show::Show;
use crate::experiment::Part;
use crate::experiment::compare::Question;
use crate::experiment::store::{Store, StoreError, Subject};
use crate::report::folder::Folder;
use crate::report::{Heading, VariantRows, Writer};

const EXAMPLES: &str = "\
Examples:
  for i in 1 2 3; do rollsim run gateway.toml --shard $i/3 --out shards/$i; done
  rollsim merge shards/* --out results/gateway

Exit codes: 0 done; 1 the results could not be written; 2 the shards do not belong together, or
one is missing or damaged";

/// Put the shards of a run together: the very bytes of the whole run
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folders that `--shard` wrote, in any order
    #[arg(required = true, value_name = "DIR")]
    shards: Vec<PathBuf>,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let stores = open(&self.shards)?;
        let header = &stores[0].header;
        let target =
            self.out.clone().unwrap_or_else(|| Path::new("results").join(&header.scenario));
        let folder = Folder::beside(&target).map_err(folder_error)?;
        let heading = Heading {
            scenario: header.scenario.clone(),
            seed: header.seed,
            world: header.world.clone(),
            has_third: header.has_third,
            compare: header.compare.clone().unwrap_or_else(|| Question::new("", &[])),
        };
        let mut writer = Writer::new(heading.clone(), folder)?;
        for subject in &header.variants {
            let whole = whole(subject, &stores)?;
            writer.append(VariantRows::of(&heading, &subject.results(whole)))?;
        }
        let written = writer.finish(formats(self.show.png))?;
        self.show.print(&target, &written, heading.compare.is_asked)?;
        Ok(Exit::Done)
    }
}

/// The stores in these folders, in the order of the shards: all shards of one experiment, each
/// once.
fn open(folders: &[PathBuf]) -> anyhow::Result<Vec<Store>> {
    let mut problems = Vec::new();
    let mut stores: BTreeMap<u32, Store> = BTreeMap::new();
    let mut of = 0;
    for folder in folders {
        let store = match Store::open(folder) {
            Ok(store) => store,
            Err(error) => {
                problems.push(error.to_string());
                continue;
            }
        };
        let Some(shard) = store.header.shard else {
            problems.push(format!("`{}` is no shard but a whole", folder.display()));
            continue;
        };
        if let Some(first) = stores.values().next() {
            let other = first.header.shard.map_or(0, |other| other.of());
            let difference = match first.header.difference(&store.header) {
                None if other != shard.of() => {
                    Some(format!("there are {other} parts here and {} there", shard.of()))
                }
                difference => difference,
            };
            if let Some(difference) = difference {
                let (one, two) = (first.folder().display(), folder.display());
                let message = format!("`{one}` and `{two}` do not belong together: {difference}");
                problems.push(message);
                continue;
            }
        }
        of = shard.of();
        if store.is_cut() {
            problems.push(format!("`{}` is cut short or damaged", folder.display()));
        }
        if let Some(twice) = stores.insert(shard.index(), store) {
            let (one, two) = (twice.folder().display(), folder.display());
            problems.push(format!("`{one}` and `{two}` are both shard {shard}"));
        }
    }
    let missing: Vec<String> = (1..=of)
        .filter(|index| !stores.contains_key(index))
        .map(|index| format!("{index}/{of}"))
        .collect();
    if !missing.is_empty() && problems.is_empty() {
        let (noun, verb) = if missing.len() == 1 { ("shard", "is") } else { ("shards", "are") };
        problems.push(format!("{noun} {} {verb} missing", missing.join(", ")));
    }
    match problems.split_last() {
        None => Ok(stores.into_values().collect()),
        Some((last, others)) => {
            for problem in others {
                exit::error(problem);
            }
            Err(BadInput(last.clone()).into())
        }
    }
}

/// All that the stores know of a variant.
fn whole(subject: &Subject, stores: &[Store]) -> anyhow::Result<Part> {
    let bad = |error: StoreError| BadInput(error.to_string());
    let mut whole = Part::default();
    for store in stores {
        let part = store.part(&subject.name).map_err(bad)?;
        if let Err(twice) = whole.merge(part) {
            let folder = store.folder().display();
            let message = format!(
                "`{folder}` has replication {twice} of `{}` that another shard has too",
                subject.name
            );
            return Err(BadInput(message).into());
        }
    }
    let wanted = subject.replications.unwrap_or_else(|| whole.runs().len().max(1) as u32);
    let missing = (0..wanted).find(|number| !whole.runs().contains_key(number));
    match missing {
        Some(number) => {
            let message = format!("replication {number} of `{}` is missing", subject.name);
            Err(BadInput(message).into())
        }
        None => Ok(whole),
    }
}
