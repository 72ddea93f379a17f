//! A result folder, written variant by variant: what was written is not held in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};

use super::folder::{Folder, FolderError, sealed};
use super::summary_json::{MixtureSummary, Summary, VariantSummary};
use super::table_file::{Heading, TableFile};
use super::{
    Format, ReportError, Written, chart, events_csv, ledger_csv, runs_csv, summary_csv,
    timeline_csv,
};
use crate::experiment::compare::{Family, Values};
use crate::experiment::mixture::Mixing;
use crate::experiment::{RunResult, Unsettled, VariantResults};
use crate::sim::Pairing;

/// The tables, in the order in which they are named. The first is what the digest is of.
const TABLES: [TableFile; 5] = [
    runs_csv::TABLE,
    summary_csv::TABLE,
    timeline_csv::TABLE,
    ledger_csv::TABLE,
    events_csv::TABLE,
];

/// The file for programs.
const SUMMARY: &str = "summary.json";

/// What every file says of one variant.
#[derive(Clone, Debug)]
pub struct VariantRows {
    texts: [Vec<u8>; TABLES.len()],
    /// What `summary.json` says.
    json: String,
    /// What is shown of that.
    summary: VariantSummary,
    values: Values,
    /// Those of a variant that is a part of a mixture.
    runs: Vec<RunResult>,
    pairing: Pairing,
    unsettled: Option<Unsettled>,
}

impl VariantRows {
    /// Makes the rows, which takes longer than to write them: it can be done on many threads.
    #[must_use]
    pub fn of(heading: &Heading, variant: &VariantResults) -> Self {
        let mut summary = VariantSummary::of(variant);
        let json = summary.to_json();
        summary.keep_shown();
        Self {
            texts: TABLES.map(|table| table.rows_text(heading, variant)),
            json,
            summary,
            values: heading.compare.values(variant.observations().iter()),
            runs: if heading.mixtures.is_empty() { Vec::new() } else { variant.runs.clone() },
            pairing: variant.pairing,
            unsettled: variant.unsettled,
        }
    }
}

/// A result folder on its way.
#[derive(Debug)]
pub struct Writer {
    heading: Heading,
    folder: Folder,
    files: Vec<BufWriter<File>>,
    hasher: blake3::Hasher,
    /// What `summary.json` says of the variants so far.
    json: BufWriter<File>,
    variants: Vec<VariantSummary>,
    family: Family,
    mixing: Mixing,
    mixtures: Vec<MixtureSummary>,
    unsettled: Vec<(String, Unsettled)>,
}

impl Writer {
    /// Begins every table in `folder`.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn new(heading: Heading, mut folder: Folder) -> Result<Self, FolderError> {
        let files: Result<Vec<_>, _> =
            TABLES.iter().map(|table| folder.create(table.name)).collect();
        let family = Family::new(heading.compare.clone());
        let json = tempfile::tempfile().map_err(|source| folder.refused(SUMMARY, source))?;
        let (files, variants, hasher) = (files?, Vec::new(), blake3::Hasher::new());
        let mut writer = Self {
            mixing: Mixing::new(&heading.mixtures),
            heading,
            folder,
            files,
            hasher,
            json: BufWriter::new(json),
            variants,
            family,
            mixtures: Vec::new(),
            unsettled: Vec::new(),
        };
        let headers = TABLES.map(|table| table.header_text(&writer.heading));
        writer.put(&headers)?;
        Ok(writer)
    }

    /// Adds the next variant.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, rows: VariantRows) -> Result<(), FolderError> {
        self.put(&rows.texts)?;
        if self.heading.mixtures.is_empty() {
            self.family.add(&rows.summary.name, rows.values);
        }
        for mixed in self.mixing.add(&rows.summary.name, rows.runs, rows.pairing) {
            self.family.add(&mixed.name, self.heading.compare.values(mixed.runs.iter()));
            self.mixtures.push(MixtureSummary::of(&mixed));
        }
        self.unsettled.extend(rows.unsettled.map(|found| (rows.summary.name.clone(), found)));
        let comma = if self.variants.is_empty() { "" } else { "," };
        write!(self.json, "{comma}{}", rows.json)
            .map_err(|source| self.folder.refused(SUMMARY, source))?;
        self.variants.push(rows.summary);
        Ok(())
    }

    fn put(&mut self, texts: &[Vec<u8>; TABLES.len()]) -> Result<(), FolderError> {
        self.hasher.update(&texts[0]);
        for ((table, file), text) in TABLES.iter().zip(&mut self.files).zip(texts) {
            file.write_all(text).map_err(|source| self.folder.refused(table.name, source))?;
        }
        Ok(())
    }

    /// Adds what is of all variants and puts the folder in its place.
    ///
    /// # Errors
    /// If something cannot be written; the old folder then stays as it was.
    pub fn finish(self, formats: &[Format]) -> Result<Written, ReportError> {
        let Self {
            heading,
            mut folder,
            files,
            hasher,
            json,
            variants,
            family,
            mixtures,
            unsettled,
            ..
        } = self;
        for (table, file) in TABLES.iter().zip(files) {
            sealed(file).map_err(|source| folder.refused(table.name, source))?;
        }
        let digest = hasher.finalize().to_hex().to_string();
        let mut summary = Summary::new(&heading, &digest, Vec::new(), family);
        summary.mixtures = mixtures;
        folder.write(SUMMARY, |out| {
            let mut variants = json.into_inner().map_err(io::IntoInnerError::into_error)?;
            variants.seek(SeekFrom::Start(0))?;
            summary.render_with(&mut BufReader::new(variants), out)
        })?;
        summary.variants = variants;
        let (moments, ledger) = super::read_series(folder.path(), &summary)?;
        let input = chart::Input { summary, moments, ledger };
        for (name, content) in chart::render_all(&input, formats)? {
            folder.write(name, |out| out.write_all(&content))?;
        }
        let summary = input.summary;
        let names = folder.names().to_vec();
        folder.commit()?;
        Ok(Written { names, summary, unsettled })
    }
}
