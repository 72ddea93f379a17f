//! A list on disk: what is only needed again when all of it is there, and would grow with the
//! number of variants.

use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::SpooledTempFile;

/// So many bytes stay in memory; with more, all go to the disk.
const MOST_IN_MEMORY: usize = 64 << 10;

/// A list whose records are appended one by one, and then read in order as often as needed. It is
/// a file without a name once it is long, and gone when it is dropped.
#[derive(Debug)]
pub struct Spool<T> {
    file: BufWriter<SpooledTempFile>,
    records: usize,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Spool<T> {
    /// An empty one, whose file will be in `folder`.
    #[must_use]
    pub fn within(folder: &Path) -> Self {
        Self::of_file(tempfile::spooled_tempfile_in(MOST_IN_MEMORY, folder))
    }

    /// An empty one, whose file will be where the machine keeps such files.
    #[must_use]
    pub fn anywhere() -> Self {
        Self::of_file(tempfile::spooled_tempfile(MOST_IN_MEMORY))
    }

    fn of_file(file: SpooledTempFile) -> Self {
        Self { file: BufWriter::new(file), records: 0, of: PhantomData }
    }

    /// How many records it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }
}

impl<T: Serialize> Spool<T> {
    /// Adds a record at the end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, record: &T) -> io::Result<()> {
        let bytes = postcard::to_stdvec(record).map_err(io::Error::other)?;
        self.file.write_all(&(bytes.len() as u64).to_le_bytes())?;
        self.file.write_all(&bytes)?;
        self.records += 1;
        Ok(())
    }
}

impl<T: DeserializeOwned> Spool<T> {
    /// The records, in the order in which they were added. None is to be added afterwards.
    ///
    /// # Errors
    /// If they cannot be written or read.
    pub fn records(&mut self) -> io::Result<impl Iterator<Item = io::Result<T>> + use<'_, T>> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.rewind()?;
        let mut file = BufReader::new(file);
        Ok((0..self.records).map(move |_| read(&mut file)))
    }
}

fn read<T: DeserializeOwned>(file: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let mut bytes = Vec::new();
    file.take(u64::from_le_bytes(length)).read_to_end(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_order_as_often_as_asked_for() {
        // In memory, about as much as that, and much more.
        for count in [0, 1, 900, 20_000] {
            let record = |number: u32| (format!("variant {number}"), vec![Some(f64::NAN), None]);
            for mut spool in [Spool::anywhere(), Spool::within(&std::env::temp_dir())] {
                for number in 0..count {
                    spool.push(&record(number)).expect("written");
                }
                assert_eq!((spool.len(), spool.is_empty()), (count as usize, count == 0));
                for _ in 0..2 {
                    let found: io::Result<Vec<(String, Vec<Option<f64>>)>> =
                        spool.records().expect("read").collect();
                    let found = found.expect("read");
                    assert_eq!(found.len(), count as usize);
                    for (one, number) in found.iter().zip(0..) {
                        assert_eq!(format!("{one:?}"), format!("{:?}", record(number)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_no_panic() {
        let gone = tempfile::tempdir().expect("a folder").path().join("gone");
        let mut spool = Spool::within(&gone);
        let long = "x".repeat(2 * MOST_IN_MEMORY);
        let written = spool.push(&long).and_then(|()| spool.records().map(|_| ()));
        assert!(written.is_err());
    }
}
