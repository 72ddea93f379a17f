//! Runs on disk: what an interrupted experiment had done, and what a shard of one did.
//!
//! A store is a folder of two files. `cells.json` says of which experiment the runs are;
//! `cells.bin` holds them, a record for some replications of one variant, each with its length and
//! the BLAKE3 of its bytes, so that a file that was cut short or damaged is noticed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::compare::Question;
use super::shard::Shard;
use super::{Part, VariantResults};
use crate::scenario::{Mixture, Scenario, Variant, World};
use crate::sim::Shared;

/// The file that says of which experiment the runs are.
pub const HEADER: &str = "cells.json";
/// The file that holds them.
pub const CELLS: &str = "cells.bin";
/// Version of the format that this program writes and reads.
const FORMAT: u32 = 1;
/// Before each record: its length and its hash.
const PREFIX: usize = 8 + 32;

/// Of which experiment the runs in a store are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    format: u32,
    /// Version of the program.
    rollsim: String,
    /// What was typed, without what cannot change a result.
    pub command: Vec<String>,
    /// The scenario's name.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// BLAKE3 of everything in the scenario that a run depends on.
    identity: String,
    /// Which part of the experiment.
    pub shard: Option<Shard>,
    /// Hashes of the parts of the scenario but the strategies.
    pub world: World,
    /// Whether a third version may come in one of the variants.
    pub has_third: bool,
    /// The variants; empty where they are found on the way.
    pub variants: Shared<Vec<Subject>>,
    /// What the variants are compared with; none where the results have no comparisons.
    pub compare: Option<Question>,
    /// Which variants make up what.
    pub mixtures: Vec<Mixture>,
}

/// What is to be known of a variant to write its results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// The strategy's name.
    pub strategy: String,
    /// The swept fields that touch it: full path and value.
    pub parameters: Vec<(String, serde_json::Value)>,
    /// Replications, where their number is fixed.
    pub replications: Option<u32>,
}

impl Subject {
    /// Of a variant with so many replications.
    #[must_use]
    pub fn of(variant: &Variant, replications: Option<u32>) -> Self {
        Self {
            name: variant.name.clone(),
            strategy: variant.strategy.clone(),
            parameters: variant.parameters.clone(),
            replications,
        }
    }

    /// The results of the variant, from all of its replications.
    #[must_use]
    pub fn results(&self, whole: Part) -> VariantResults {
        whole.into_results(&self.name, &self.strategy, &self.parameters)
    }
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {what} `{path}`: {source}", path = path.display())]
    Refused {
        /// To do what.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// The reason given.
        source: io::Error,
    },
    /// The folder holds no store.
    #[error("`{path}` holds no `{HEADER}`: it is no shard", path = .0.display())]
    NotAStore(PathBuf),
    /// The header cannot be read.
    #[error("`{path}` is damaged: {reason}", path = path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A record cannot be read.
    #[error("`{path}` is damaged: {reason}", path = path.display())]
    Cells {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
}

impl Header {
    /// Of the experiment that `command` makes with `scenario`.
    #[must_use]
    pub fn new(command: Vec<String>, scenario: &Scenario, shard: Option<Shard>) -> Self {
        Self {
            format: FORMAT,
            rollsim: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            scenario: scenario.name.clone(),
            seed: scenario.seed,
            identity: identity(scenario),
            shard,
            world: scenario.world.clone(),
            has_third: false,
            variants: Shared::default(),
            compare: None,
            mixtures: scenario.mixtures.clone(),
        }
    }

    /// What tells two experiments apart, in words; none if they are the same one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let words = |what: &str, one: &dyn std::fmt::Display, two: &dyn std::fmt::Display| {
            Some(format!("{what} {one} here and {two} there"))
        };
        if self.format != other.format {
            words("the format is", &self.format, &other.format)
        } else if self.rollsim != other.rollsim {
            words("the version of rollsim is", &self.rollsim, &other.rollsim)
        } else if self.scenario != other.scenario {
            words("the scenario is", &self.scenario, &other.scenario)
        } else if self.seed != other.seed {
            words("the seed is", &self.seed, &other.seed)
        } else if self.command != other.command {
            words("the command is", &self.command.join(" "), &other.command.join(" "))
        } else if self.compare != other.compare {
            Some("they compare different variants or metrics".to_owned())
        } else if self.identity != other.identity
            || self.variants != other.variants
            || self.mixtures != other.mixtures
        {
            Some("the scenario's content differs".to_owned())
        } else {
            None
        }
    }
}

/// The BLAKE3 of everything in a scenario that a run depends on.
fn identity(scenario: &Scenario) -> String {
    let mut hasher = blake3::Hasher::new();
    // Every field of a plan shows, and numbers with all of their digits.
    write!(hasher, "{:?}", scenario.variants).expect("a hash can be written");
    hasher.finalize().to_hex().to_string()
}

/// A store that is being written; many threads may append.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    cells: Mutex<File>,
}

impl Journal {
    /// An empty store in the place of whatever store is in `folder`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, StoreError> {
        let refused =
            |source| StoreError::Refused { what: "write", path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(refused)?;
        let write = || -> io::Result<()> {
            let mut out = BufWriter::new(File::create(folder.join(HEADER))?);
            serde_json::to_writer_pretty(&mut out, header)?;
            out.flush()
        };
        write().map_err(refused)?;
        let cells = File::create(folder.join(CELLS)).map_err(refused)?;
        Ok(Self { folder: folder.to_owned(), cells: Mutex::new(cells) })
    }

    /// Goes on with a store, whose damaged end, if any, is cut off.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn reopen(store: &Store) -> Result<Self, StoreError> {
        let path = store.folder.join(CELLS);
        let open = || -> io::Result<File> {
            let mut cells = OpenOptions::new().write(true).open(&path)?;
            cells.set_len(store.intact)?;
            cells.seek(SeekFrom::End(0))?;
            Ok(cells)
        };
        let cells = open().map_err(|source| StoreError::Refused {
            what: "write",
            path: path.clone(),
            source,
        })?;
        Ok(Self { folder: store.folder.clone(), cells: Mutex::new(cells) })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds what is known of the subject called `name`, in the place of what was said before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&self, name: &str, part: &Part) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(&(name, part)).expect("every part has a form in bytes");
        let mut record = Vec::with_capacity(PREFIX + bytes.len());
        record.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        record.extend_from_slice(blake3::hash(&bytes).as_bytes());
        record.extend_from_slice(&bytes);
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.write_all(&record).map_err(|source| StoreError::Refused {
            what: "write",
            path: self.folder.join(CELLS),
            source,
        })
    }

    /// All that was appended is on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn seal(&self) -> Result<(), StoreError> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.sync_all().map_err(|source| StoreError::Refused {
            what: "write",
            path: self.folder.join(CELLS),
            source,
        })
    }

    /// Deletes the store.
    pub fn discard(self) {
        discard(&self.folder);
    }
}

/// Deletes the store in a folder, and the folder if nothing else is in it.
pub fn discard(folder: &Path) {
    // Left behind, it does no harm.
    for name in [CELLS, HEADER] {
        let _ = fs::remove_file(folder.join(name));
    }
    let _ = fs::remove_dir(folder);
}

/// Where each subject's last record begins, and how long it is.
type Index = BTreeMap<String, (u64, u64)>;

/// A store that is being read.
#[derive(Debug)]
pub struct Store {
    /// Of which experiment the runs are.
    pub header: Header,
    folder: PathBuf,
    cells: Mutex<File>,
    index: Index,
    /// Length of the records that are whole.
    intact: u64,
    is_cut: bool,
}

impl Store {
    /// Opens the store in `folder`. Each record is checked when it is read; what is looked at here
    /// is whether there is a whole number of them.
    ///
    /// # Errors
    /// If there is none, or its header is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(HEADER);
        let refused =
            |path: &Path, source| StoreError::Refused { what: "read", path: path.into(), source };
        if !path.is_file() {
            return Err(StoreError::NotAStore(folder.to_owned()));
        }
        let file = File::open(&path).map_err(|source| refused(&path, source))?;
        let header: Header = serde_json::from_reader(BufReader::new(file)).map_err(|error| {
            StoreError::Header { path: path.clone(), reason: error.to_string() }
        })?;
        let path = folder.join(CELLS);
        let mut cells = File::open(&path).map_err(|source| refused(&path, source))?;
        let (index, intact) = scan(&mut cells).map_err(|source| refused(&path, source))?;
        let length = cells.metadata().map_err(|source| refused(&path, source))?.len();
        let folder = folder.to_owned();
        let (cells, is_cut) = (Mutex::new(cells), length > intact);
        Ok(Self { header, folder, cells, index, intact, is_cut })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the last record was cut short, or is damaged.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Lists of an experiment are long, and all of its shards have the same: they are held once.
    pub fn share_lists(&mut self, with: &Self) {
        if self.header.variants == with.header.variants {
            self.header.variants = with.header.variants.clone();
        }
    }

    /// The names of the subjects of which it knows runs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    /// What it knows of the subject called `name`.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged.
    pub fn part(&self, name: &str) -> Result<Part, StoreError> {
        let Some(&(start, length)) = self.index.get(name) else { return Ok(Part::default()) };
        let path = self.folder.join(CELLS);
        let read = || -> io::Result<Option<Vec<u8>>> {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            cells.seek(SeekFrom::Start(start))?;
            record(&mut cells, length)
        };
        let bytes = read().map_err(|source| StoreError::Refused {
            what: "read",
            path: path.clone(),
            source,
        })?;
        let damaged = |reason| StoreError::Cells { path: path.clone(), reason };
        let bytes = bytes.ok_or_else(|| damaged("a record does not have its hash"))?;
        let (_, part): (String, Part) =
            postcard::from_bytes(&bytes).map_err(|_| damaged("a record is none of ours"))?;
        Ok(part)
    }
}

/// The index of a file, and how far it is whole.
fn scan(cells: &mut File) -> io::Result<(Index, u64)> {
    let end = cells.metadata()?.len();
    let mut index = Index::new();
    let mut at = 0;
    while at + PREFIX as u64 <= end {
        cells.seek(SeekFrom::Start(at))?;
        let mut length = [0; 8];
        cells.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let Some(next) = at.checked_add(PREFIX as u64).and_then(|start| start.checked_add(length))
        else {
            break;
        };
        if next > end {
            break;
        }
        cells.seek(SeekFrom::Start(at))?;
        let Some(bytes) = record(cells, length)? else { break };
        let Ok((name, _)) = postcard::take_from_bytes::<String>(&bytes) else { break };
        index.insert(name, (at, length));
        at = next;
    }
    Ok((index, at))
}

/// The bytes of the record that begins here; none if they do not have their hash.
fn record(cells: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut prefix = [0; PREFIX];
    cells.read_exact(&mut prefix)?;
    let mut bytes = Vec::new();
    cells.take(length).read_to_end(&mut bytes)?;
    Ok((blake3::hash(&bytes).as_bytes() == &prefix[8..]).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::sim::Detail;

    fn part(numbers: &[u32]) -> Part {
        let scenario = fixture::scenario(&["surge"], 1);
        let plan = &scenario.variants[0].plan;
        let mut part = Part::default();
        for &number in numbers {
            part.add(plan, number, fixture::simulate(plan, number, Detail::Events));
        }
        part
    }

    fn header() -> Header {
        let scenario = fixture::scenario(&["surge"], 3);
        Header::new(vec!["run".into(), "x.toml".into()], &scenario, None)
    }

    fn numbers(part: &Part) -> Vec<u32> {
        part.runs().keys().copied().collect()
    }

    #[test]
    fn what_was_appended_last_is_what_is_read() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("unfinished");
        let journal = Journal::create(&folder, &header()).expect("written");
        for (name, part) in [("a", part(&[0])), ("b", part(&[1])), ("a", part(&[0, 2]))] {
            journal.append(name, &part).expect("written");
        }
        let store = Store::open(&folder).expect("our own store");
        assert_eq!(store.header.difference(&header()), None);
        assert!(!store.is_cut());
        assert_eq!(store.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(numbers(&store.part("a").expect("whole")), [0, 2]);
        assert_eq!(numbers(&store.part("c").expect("nothing")), [0; 0]);
        let journal = Journal::reopen(&store).expect("written");
        journal.append("c", &part(&[4])).expect("written");
        let store = Store::open(&folder).expect("our own store");
        assert_eq!(store.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        journal.discard();
        assert!(!folder.exists());
    }

    #[test]
    fn a_file_that_was_cut_or_damaged_is_noticed() {
        let place = tempfile::tempdir().expect("a folder");
        let journal = Journal::create(place.path(), &header()).expect("written");
        journal.append("a", &part(&[0])).expect("written");
        let first = fs::metadata(place.path().join(CELLS)).expect("a file").len();
        journal.append("b", &part(&[1])).expect("written");
        let whole = fs::read(place.path().join(CELLS)).expect("a file");
        for length in [first + 1, first + 8, first + PREFIX as u64, whole.len() as u64 - 1] {
            fs::write(place.path().join(CELLS), &whole[..length as usize]).expect("written");
            let store = Store::open(place.path()).expect("our own store");
            assert!(store.is_cut(), "{length}");
            assert_eq!(store.names().collect::<Vec<_>>(), ["a"], "{length}");
            Journal::reopen(&store).expect("written").append("c", &part(&[2])).expect("written");
            let store = Store::open(place.path()).expect("our own store");
            assert_eq!((store.is_cut(), store.names().count()), (false, 2), "{length}");
        }
        let mut damaged = whole.clone();
        let middle = first as usize / 2;
        damaged[middle] ^= 1;
        fs::write(place.path().join(CELLS), &damaged).expect("written");
        assert!(Store::open(place.path()).expect("a header").is_cut());
        fs::write(place.path().join(HEADER), "{").expect("written");
        assert!(matches!(Store::open(place.path()), Err(StoreError::Header { .. })));
        let missing = Store::open(&place.path().join("none"));
        assert!(matches!(missing, Err(StoreError::NotAStore(_))));
    }

    #[test]
    fn experiments_are_told_apart() {
        let one = header();
        let scenario = |names: &[&str], replications| fixture::scenario(names, replications);
        let of = |scenario: &Scenario| Header::new(one.command.clone(), scenario, None);
        let said = |other: &Header| one.difference(other).unwrap_or_default();
        assert_eq!(said(&of(&scenario(&["surge"], 3))), "");
        assert_eq!(said(&of(&scenario(&["surge"], 4))), "the scenario's content differs");
        let seed = Scenario { seed: 8, ..scenario(&["surge"], 3) };
        assert_eq!(said(&of(&seed)), "the seed is 7 here and 8 there");
        let named = Scenario { name: "other".into(), ..scenario(&["surge"], 3) };
        assert_eq!(said(&of(&named)), "the scenario is api-gateway here and other there");
        let typed =
            Header::new(vec!["run".into(), "y.toml".into()], &scenario(&["surge"], 3), None);
        assert_eq!(said(&typed), "the command is run x.toml here and run y.toml there");
    }
}
