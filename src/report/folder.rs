//! The result folder: written aside, then put in the old one's place when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Every name that this or an earlier run may have written; what else lies in a result folder is
/// not ours and stays.
pub const OURS: [&str; 26] = [
    "summary.json",
    "summary.csv",
    "runs.csv",
    "timeline.csv",
    "events.csv",
    "ledger.csv",
    "capacity.svg",
    "error_budget.svg",
    "duration.svg",
    "boundary.svg",
    "capacity.png",
    "error_budget.png",
    "duration.png",
    "boundary.png",
    "report.html",
    "gate.csv",
    "gate.svg",
    "gate.png",
    "sensitivity.csv",
    "sensitivity.svg",
    "sensitivity.png",
    "cells.json",
    "cells.bin",
    "tune.csv",
    "tune.svg",
    "tune.png",
];

/// What a folder holds that is ours, and so may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The results of a run.
    Results,
    /// Those of the gate workbench.
    Gates,
    /// Those of a sensitivity study.
    Sensitivity,
    /// Runs to be put together with those of other shards.
    Cells,
    /// Those of a search.
    Search,
}

impl Holds {
    /// The file that every folder of this sort has.
    const fn mark(self) -> &'static str {
        match self {
            Self::Results => "summary.json",
            Self::Gates => "gate.csv",
            Self::Sensitivity => "sensitivity.csv",
            Self::Cells => "cells.json",
            Self::Search => "tune.csv",
        }
    }
}

/// Why a result folder cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder holds something, and no result of ours is among it.
    #[error("`{0}` is not empty and holds no `{1}`; its contents are left alone")]
    NotOurs(PathBuf, &'static str),
    /// The path is that of a file.
    #[error("`{0}` is not a folder")]
    NotAFolder(PathBuf),
    /// Nothing can be written at that place, which is known before anything is simulated.
    #[error("cannot write results to `{path}`: {source}")]
    NoPlace {
        /// The folder that was to hold them.
        path: PathBuf,
        /// The reason that the operating system gave.
        source: io::Error,
    },
    /// The operating system refused what was simulated.
    #[error("cannot write `{path}`")]
    Unwritable {
        /// What could not be written.
        path: PathBuf,
        /// The reason given.
        source: io::Error,
    },
}

/// A result folder that is being written beside its place. Dropped before [`Folder::commit`], it
/// leaves no trace.
#[derive(Debug)]
pub struct Folder {
    target: PathBuf,
    holds: Holds,
    aside: TempDir,
    names: Vec<&'static str>,
}

impl Folder {
    /// An empty folder for results of a run beside `target`, whose parents are made where they are
    /// missing.
    ///
    /// # Errors
    /// If `target` is a file or a folder that is not ours, or nothing can be written there.
    pub fn beside(target: &Path) -> Result<Self, FolderError> {
        Self::to_hold(Holds::Results, target)
    }

    /// The same for results of any sort.
    ///
    /// # Errors
    /// If `target` is a file or a folder that is not ours, or nothing can be written there.
    pub fn to_hold(holds: Holds, target: &Path) -> Result<Self, FolderError> {
        check(target, holds)?;
        let refused = |source| FolderError::NoPlace { path: target.to_owned(), source };
        // Through a link the folder it points to is replaced, not the link.
        let target = if target.exists() {
            target.canonicalize().map_err(refused)?
        } else {
            std::path::absolute(target).map_err(refused)?
        };
        let missing = || refused(io::Error::other("it has no parent folder"));
        let parent = target.parent().ok_or_else(missing)?;
        fs::create_dir_all(parent).map_err(refused)?;
        let aside = aside(&target, ".new-").map_err(refused)?;
        Ok(Self { target, holds, aside, names: Vec::new() })
    }

    /// Where the files are being written.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.aside.path()
    }

    /// The folder that it will be in.
    pub(super) fn parent(&self) -> &Path {
        self.target.parent().unwrap_or(&self.target)
    }

    /// The files written so far, in order.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// A new file `name`, to be written little by little.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(&mut self, name: &'static str) -> Result<BufWriter<File>, FolderError> {
        let file = File::create(self.aside.path().join(name));
        let file = file.map_err(|source| self.refused(name, source))?;
        self.names.push(name);
        Ok(BufWriter::new(file))
    }

    /// Takes the file `name` from another folder of the same disk.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn adopt(&mut self, from: &Path, name: &'static str) -> Result<(), FolderError> {
        let moved = fs::rename(from.join(name), self.aside.path().join(name));
        moved.map_err(|source| self.refused(name, source))?;
        self.names.push(name);
        Ok(())
    }

    /// That `name` cannot be written.
    pub(super) fn refused(&self, name: &str, source: io::Error) -> FolderError {
        FolderError::Unwritable { path: self.target.join(name), source }
    }

    /// Writes the file `name` through `render`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write<E: Into<io::Error>>(
        &mut self,
        name: &'static str,
        render: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), FolderError> {
        let mut out = self.create(name)?;
        let write = || -> io::Result<()> {
            render(&mut out).map_err(Into::into)?;
            sealed(out)
        };
        write().map_err(|source| self.refused(name, source))
    }

    /// Puts the folder in its place. Files of the old folder that are not ours move into it; the
    /// rest of the old folder goes.
    ///
    /// # Errors
    /// If it cannot be put there; the old folder is then back in its place.
    pub fn commit(self) -> Result<(), FolderError> {
        let Self { target, holds, aside: new, .. } = self;
        let refused = |source| FolderError::Unwritable { path: target.clone(), source };
        if !target.exists() {
            fs::rename(new.path(), &target).map_err(refused)?;
            let _ = new.keep();
            return Ok(());
        }
        // Someone else may have written there meanwhile.
        check(&target, holds)?;
        let old = aside(&target, ".old-").map_err(refused)?.keep();
        fs::rename(&target, &old).map_err(refused)?;
        if let Err(source) = fs::rename(new.path(), &target) {
            let _ = fs::rename(&old, &target);
            return Err(refused(source));
        }
        let _ = new.keep();
        clear(&old, &target).map_err(refused)
    }
}

/// Replaces the file `name` of an existing result folder, whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn replace(folder: &Path, name: &str, content: &[u8]) -> Result<(), FolderError> {
    let path = folder.join(name);
    let write = || -> io::Result<()> {
        let mut file = builder(0o666).prefix(".rollsim-").tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(|source| FolderError::Unwritable { path: path.clone(), source })
}

/// All that was written is on the disk.
pub(super) fn sealed(mut file: BufWriter<File>) -> io::Result<()> {
    file.flush()?;
    file.get_ref().sync_all()
}

/// Refuses what a result must not replace.
fn check(target: &Path, holds: Holds) -> Result<(), FolderError> {
    let Ok(kind) = fs::metadata(target) else { return Ok(()) };
    if !kind.is_dir() {
        return Err(FolderError::NotAFolder(target.to_owned()));
    }
    let refused = |source| FolderError::Unwritable { path: target.to_owned(), source };
    let is_empty = fs::read_dir(target).map_err(refused)?.next().is_none();
    if is_empty || target.join(holds.mark()).is_file() {
        Ok(())
    } else {
        Err(FolderError::NotOurs(target.to_owned(), holds.mark()))
    }
}

/// An empty folder beside `target` with a name that nothing else has.
fn aside(target: &Path, suffix: &str) -> io::Result<TempDir> {
    let parent = target.parent().unwrap_or(target);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    builder(0o777).prefix(&format!(".{name}{suffix}")).tempdir_in(parent)
}

/// A builder of files and folders that others may read, as far as the umask lets them; those of
/// `tempfile` are private by default.
fn builder<'a, 'b>(mode: u32) -> tempfile::Builder<'a, 'b> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Deletes what is ours in `old`, moves the rest to `new`, and deletes `old` when it is empty.
fn clear(old: &Path, new: &Path) -> io::Result<()> {
    for entry in fs::read_dir(old)? {
        let entry = entry?;
        let is_ours = OURS.iter().any(|name| entry.file_name() == **name);
        if is_ours {
            fs::remove_file(entry.path())?;
        } else {
            fs::rename(entry.path(), new.join(entry.file_name()))?;
        }
    }
    fs::remove_dir(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and contents below `folder`, sorted.
    fn contents(folder: &Path) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap_or_else(|_| "(folder)".into()))
            })
            .collect();
        found.sort();
        found
    }

    fn pair(name: &str, content: &str) -> (String, String) {
        (name.to_owned(), content.to_owned())
    }

    fn write(target: &Path, files: &[(&'static str, &str)]) -> Result<(), FolderError> {
        let mut folder = Folder::beside(target)?;
        for (name, content) in files {
            folder.write(name, |out| out.write_all(content.as_bytes()))?;
        }
        folder.commit()
    }

    #[test]
    fn a_new_folder_appears_with_its_parents() {
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("results/gateway");
        write(&target, &[("summary.json", "1"), ("runs.csv", "2")]).expect("written");
        assert_eq!(contents(&target), [pair("runs.csv", "2"), pair("summary.json", "1")]);
        assert_eq!(contents(&place.path().join("results")), [pair("gateway", "(folder)")]);
    }

    #[test]
    fn the_old_results_go_and_what_is_not_ours_stays() {
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("gateway");
        write(&target, &[("summary.json", "1"), ("capacity.png", "old")]).expect("written");
        fs::write(target.join("notes.md"), "mine").expect("written");
        fs::create_dir(target.join("more")).expect("made");
        write(&target, &[("summary.json", "2")]).expect("written");
        let wanted =
            [pair("more", "(folder)"), pair("notes.md", "mine"), pair("summary.json", "2")];
        assert_eq!(contents(&target), wanted);
        assert_eq!(contents(place.path()), [pair("gateway", "(folder)")]);
    }

    #[test]
    fn an_unfinished_folder_leaves_the_old_one_whole() {
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("gateway");
        write(&target, &[("summary.json", "1")]).expect("written");
        let mut folder = Folder::beside(&target).expect("ours");
        folder.write("summary.json", |out| out.write_all(b"2")).expect("written");
        let failed = folder.write("runs.csv", |_| Err(io::Error::other("full")));
        assert!(matches!(failed, Err(FolderError::Unwritable { .. })));
        drop(folder);
        assert_eq!(contents(&target), [pair("summary.json", "1")]);
        assert_eq!(contents(place.path()), [pair("gateway", "(folder)")]);
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("thesis");
        fs::create_dir(&target).expect("made");
        write(&target, &[("summary.json", "1")]).expect("an empty folder may be taken");
        fs::remove_file(target.join("summary.json")).expect("removed");
        fs::write(target.join("chapter.tex"), "years").expect("written");
        assert!(matches!(Folder::beside(&target), Err(FolderError::NotOurs(..))));
        assert_eq!(contents(&target), [pair("chapter.tex", "years")]);
        let file = target.join("chapter.tex");
        assert!(matches!(Folder::beside(&file), Err(FolderError::NotAFolder(_))));
        let below = file.join("results");
        assert!(matches!(Folder::beside(&below), Err(FolderError::NoPlace { .. })));
    }

    #[test]
    fn one_file_can_be_replaced() {
        let place = tempfile::tempdir().expect("a folder");
        replace(place.path(), "capacity.svg", b"1").expect("written");
        replace(place.path(), "capacity.svg", b"2").expect("written");
        assert_eq!(contents(place.path()), [pair("capacity.svg", "2")]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_was_written() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("gateway");
        // The umask of the tests decides; a plain file and folder show what it leaves.
        fs::write(place.path().join("plain"), "").expect("written");
        fs::create_dir(place.path().join("folder")).expect("made");
        write(&target, &[("summary.json", "1")]).expect("written");
        replace(&target, "capacity.svg", b"1").expect("written");
        let mode = |name: &str| {
            fs::metadata(place.path().join(name)).expect("there").permissions().mode() & 0o777
        };
        assert_eq!(mode("gateway"), mode("folder"));
        assert_eq!(mode("gateway/summary.json"), mode("plain"));
        assert_eq!(mode("gateway/capacity.svg"), mode("plain"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let place = tempfile::tempdir().expect("a folder");
        let real = place.path().join("real");
        write(&real, &[("summary.json", "1")]).expect("written");
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        write(&link, &[("summary.json", "2")]).expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(contents(&real), [pair("summary.json", "2")]);
    }
}
