//! What is kept of an experiment that is not complete? Its runs, beside the results to be, until
//! those are there; of a shard for good.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::exit::{self, BadInput, Exit};
use super::redraw::written;
use crate::experiment::Part;
use crate::experiment::shard::Shard;
use crate::experiment::store::{self, Header, Journal, Store, StoreError};
use crate::report::folder::Folder;
use crate::sim::Shared;

/// Where the runs of an unfinished experiment are kept whose results will be in `target`.
pub(super) fn unfinished(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".unfinished");
    target.with_file_name(name)
}

/// What is left of an interrupted experiment, where that is wanted, and where this one is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) journal: Journal,
    before: Option<Store>,
}

/// Whether to go on with what an interrupted experiment has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Afresh,
    Resumed,
}

impl Kept {
    /// Prepares to keep the runs of the experiment that `header` describes.
    ///
    /// # Errors
    /// If what is there is of another experiment, or nothing can be written.
    pub(super) fn open(target: &Path, header: &Header, begin: Begin) -> anyhow::Result<Self> {
        let place = unfinished(target);
        let store = match Store::open(&place) {
            Ok(store) => Some(store),
            Err(StoreError::NotAStore(_)) => None,
            Err(error) if begin == Begin::Afresh => {
                exit::warn(&format!("{error}; it is replaced"));
                None
            }
            Err(error) => return Err(BadInput(format!("{error}; run without `--resume`")).into()),
        };
        match (begin, store) {
            (Begin::Resumed, Some(mut store)) => {
                check_same(header, &store)?;
                if store.names().next().is_none() {
                    exit::warn("the interrupted run had kept nothing yet; this one begins afresh");
                }
                // The scenario has them.
                store.header.variants = Shared::default();
                Ok(Self { journal: Journal::reopen(&store)?, before: Some(store) })
            }
            (Begin::Resumed, None) => {
                exit::warn("there is no interrupted run to go on with; this one begins afresh");
                Ok(Self { journal: Journal::create(&place, header)?, before: None })
            }
            (Begin::Afresh, _) => {
                Ok(Self { journal: Journal::create(&place, header)?, before: None })
            }
        }
    }

    /// What is known of the variant called `name`.
    pub(super) fn part(&self, name: &str) -> Part {
        let part = self.before.as_ref().map(|store| store.part(name));
        part.unwrap_or_else(|| Ok(Part::default())).unwrap_or_else(|error| {
            exit::warn(&format!("{error}; the runs in it are simulated again"));
            Part::default()
        })
    }
}

/// Whether the shard that `header` describes is in `target` already, all of it. Where one is to be
/// gone on with, nothing is to be done then.
///
/// # Errors
/// If what is there is of another experiment.
pub(super) fn is_complete(target: &Path, header: &Header) -> anyhow::Result<bool> {
    let Ok(store) = Store::open(target) else { return Ok(false) };
    if unfinished(target).exists() || store.is_cut() {
        return Ok(false);
    }
    check_same(header, &store)?;
    Ok(true)
}

/// Refuses a store of another experiment, and tells of one whose end is cut.
pub(super) fn check_same(header: &Header, store: &Store) -> anyhow::Result<()> {
    let folder = store.folder();
    if let Some(difference) = header.difference(&store.header) {
        let message = format!(
            "`{}` is of another experiment: {difference}; run without `--resume` to begin afresh",
            folder.display()
        );
        return Err(BadInput(message).into());
    }
    if store.is_cut() {
        exit::warn(&format!(
            "the end of `{}` is cut short; the runs in it are simulated again",
            folder.join(store::CELLS).display()
        ));
    }
    Ok(())
}

/// Says what is left when the user ends it.
pub(super) fn interrupted(journal: Option<&Journal>) -> Exit {
    match journal {
        None => exit::warn("interrupted; nothing was written"),
        Some(journal) => exit::warn(&format!(
            "interrupted; no results were written. The runs that are done are kept in `{}`: the \
             same command with `--resume` goes on from there",
            journal.folder().display()
        )),
    }
    Exit::Interrupted
}

/// Where a shard of an experiment goes whose results would go to `target`.
pub(super) fn shard_target(target: &Path, shard: Shard) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!("{name}-{}-of-{}", shard.index(), shard.of()))
}

/// A store becomes the folder of a shard, or of a merged stage.
pub(super) fn put_in_place(
    journal: &Journal,
    mut folder: Folder,
    target: &Path,
) -> anyhow::Result<()> {
    journal.seal()?;
    for name in [store::HEADER, store::CELLS] {
        folder.adopt(journal.folder(), name)?;
    }
    let names = folder.names().to_vec();
    folder.commit()?;
    store::discard(journal.folder());
    let mut out = io::stdout().lock();
    writeln!(out, "{}", written(target, &names))?;
    out.flush()?;
    Ok(())
}
