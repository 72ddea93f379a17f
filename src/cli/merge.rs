//! `rollsim merge`: the parts of an experiment, put together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::exit::{self, BadInput, Exit};
use super::kept::{put_in_place, unfinished};
use super::redraw::formats;
use super::run::folder_error;
use super::scale::RunsMissing;
use super::show::Show;
use crate::experiment::Part;
use crate::experiment::compare::Question;
use crate::experiment::lab::Known;
use crate::experiment::store::{Header, Journal, Store, StoreError, Subject};
use crate::report::folder::{Folder, Holds};
use crate::report::{Heading, VariantRows, Writer};

const EXAMPLES: &str = "\
Examples:
  for i in 1 2 3; do rollsim run gateway.toml --shard $i/3 --out shards/$i; done
  rollsim merge shards/* --out results/gateway

Shards of `check`, `tune`, `sensitivity` and `advise` come to what the whole command would have
said. These decide by what they have seen which runs they need next: a merged stage that is not the
last is written to --out, and its shards begin with `--resume=DIR`.

Exit codes: 0 done (or what the command has decided); 1 the results could not be written; 2 the
shards do not belong together, or one is missing or damaged; 3 another stage is needed";

/// Put shards together: the very bytes of the whole
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
        match stores[0].header.command.first().map(String::as_str) {
            Some("run") => self.merge_run(&stores),
            _ => self.merge_stage(&stores),
        }
    }

    /// The results of a run.
    fn merge_run(&self, stores: &[Store]) -> anyhow::Result<Exit> {
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
            mixtures: header.mixtures.clone(),
        };
        let mut writer = Writer::new(heading.clone(), folder)?;
        for subject in header.variants.iter() {
            let whole = whole(subject, stores)?;
            writer.append(VariantRows::of(&heading, subject.results(whole)))?;
        }
        let written = writer.finish(formats(self.show.png))?;
        self.show.print(&target, written, heading.compare.is_asked)?;
        Ok(Exit::Done)
    }

    /// What a procedure comes to that decides by simulating, or the beginning of its next stage.
    fn merge_stage(&self, stores: &[Store]) -> anyhow::Result<Exit> {
        let header = &stores[0].header;
        let mut known = Known::nothing();
        for store in stores {
            known.add(store).map_err(|error| BadInput(error.to_string()))?;
        }
        let options = [(self.show.json, "--json"), (self.show.png, "--png")];
        let asked = options.into_iter().filter(|(is_asked, _)| *is_asked);
        let more = asked.map(|(_, name)| name.to_owned());
        let more: Vec<String> = more.filter(|name| !header.command.contains(name)).collect();
        let ended = super::look_up(&header.command, &more, (known.clone(), self.out.clone()));
        match ended {
            Err(error) if error.is::<RunsMissing>() => self.close_stage(header, &known),
            ended => ended,
        }
    }

    /// Writes what is known for the next stage.
    fn close_stage(&self, header: &Header, known: &Known) -> anyhow::Result<Exit> {
        let verb = header.command.first().map_or("", String::as_str);
        let default = || Path::new("results").join(format!("{}-{verb}-stage", header.scenario));
        let target = self.out.clone().unwrap_or_else(default);
        let folder = Folder::to_hold(Holds::Cells, &target).map_err(folder_error)?;
        let mut header = header.clone();
        header.shard = None;
        let journal = Journal::create(&unfinished(&target), &header)?;
        known.keep(&journal)?;
        put_in_place(&journal, folder, &target)?;
        let place = target.display();
        exit::note(&format!(
            "this stage is whole ({} runs), and more runs are needed: run all shards again with \
             `--resume={place}`",
            known.runs()
        ));
        Ok(Exit::Undecided)
    }
}

/// The stores in these folders, in the order of the shards: all shards of one experiment, each
/// once.
fn open(folders: &[PathBuf]) -> anyhow::Result<Vec<Store>> {
    let mut problems = Vec::new();
    let mut stores: BTreeMap<u32, Store> = BTreeMap::new();
    let mut of = 0;
    for folder in folders {
        let mut store = match Store::open(folder) {
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
            store.share_lists(first);
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
    let missing = (0..wanted.max(1)).find(|number| !whole.runs().contains_key(number));
    match missing {
        Some(number) => {
            let message = format!("replication {number} of `{}` is missing", subject.name);
            Err(BadInput(message).into())
        }
        None => Ok(whole),
    }
}
