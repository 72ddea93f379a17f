//! A result folder, written variant by variant: neither what was written is held in memory, nor
//! what is needed of every variant at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::folder::{Folder, FolderError, sealed};
use super::shown::{Line, Lines, Shown};
use super::summary_json::{Lists, MixtureSummary, Summary, VariantSummary};
use super::table_file::{Heading, TableFile};
use super::{
    Format, ReportError, Written, chart, events_csv, ledger_csv, runs_csv, summary_csv,
    timeline_csv,
};
use crate::experiment::compare::{Family, Values};
use crate::experiment::mixture::Mixing;
use crate::experiment::{RunResult, Story, Unsettled, VariantResults};
use crate::sim::Pairing;

/// The tables, in the order in which they are named; that of events comes after them. The first
/// is what the digest is of.
const TABLES: [TableFile; 4] =
    [runs_csv::TABLE, summary_csv::TABLE, timeline_csv::TABLE, ledger_csv::TABLE];

const EVENTS: TableFile = events_csv::TABLE;

/// The file for programs.
const SUMMARY: &str = "summary.json";

/// What every file says of one variant.
#[derive(Clone, Debug)]
pub struct VariantRows {
    texts: [Vec<u8>; TABLES.len()],
    /// What `events.csv` says, which becomes text only when it is written.
    story: Story,
    /// What `summary.json` says.
    json: String,
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
    pub fn of(heading: &Heading, variant: VariantResults) -> Self {
        let summary = VariantSummary::of(&variant);
        Self {
            texts: TABLES.map(|table| table.rows_text(heading, &variant)),
            json: summary.to_json(),
            summary,
            values: heading.compare.values(variant.observations().iter()),
            runs: if heading.mixtures.is_empty() { Vec::new() } else { variant.runs },
            pairing: variant.pairing,
            unsettled: variant.unsettled,
            story: variant.story,
        }
    }
}

/// A result folder on its way.
#[derive(Debug)]
pub struct Writer {
    heading: Heading,
    folder: Folder,
    files: Vec<BufWriter<File>>,
    events: BufWriter<File>,
    hasher: blake3::Hasher,
    /// What `summary.json` says of the variants so far.
    lists: Lists,
    /// What terminals say of them.
    lines: Lines,
    /// What charts show of them.
    charted: chart::Variants,
    family: Family,
    mixing: Mixing,
    unsettled: Option<(String, Unsettled)>,
    more_unsettled: usize,
}

impl Writer {
    /// Begins every table in `folder`.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn new(heading: Heading, mut folder: Folder) -> Result<Self, FolderError> {
        let files: Result<Vec<_>, _> =
            TABLES.iter().map(|table| folder.create(table.name)).collect();
        let (files, events) = (files?, folder.create(EVENTS.name)?);
        let place = folder.parent();
        let mut writer = Self {
            files,
            events,
            hasher: blake3::Hasher::new(),
            lists: Lists::within(place),
            lines: Lines::within(place),
            charted: chart::Variants::default(),
            family: Family::within(place, heading.compare.clone()),
            mixing: Mixing::new(&heading.mixtures),
            heading,
            folder,
            unsettled: None,
            more_unsettled: 0,
        };
        let headers = TABLES.map(|table| table.header_text(&writer.heading));
        writer.put(&headers)?;
        let events = EVENTS.header_text(&writer.heading);
        let put = writer.events.write_all(&events);
        put.map_err(|source| writer.folder.refused(EVENTS.name, source))?;
        Ok(writer)
    }

    /// Adds the next variant.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, rows: VariantRows) -> Result<(), FolderError> {
        self.put(&rows.texts)?;
        let variant = (rows.summary.name.as_str(), &rows.story);
        let put = events_csv::stream(&self.heading, variant, &mut self.events);
        put.map_err(|source| self.folder.refused(EVENTS.name, source))?;
        self.put_aside(rows).map_err(|source| self.folder.refused(SUMMARY, source))
    }

    /// Keeps what is needed at the end.
    fn put_aside(&mut self, rows: VariantRows) -> io::Result<()> {
        let VariantRows { json, summary, values, runs, pairing, unsettled, .. } = rows;
        self.lists.push_variant(&json)?;
        self.lines.variants.push(&Line::of(&summary))?;
        if self.heading.mixtures.is_empty() {
            self.family.add(&summary.name, values)?;
        }
        for mixed in self.mixing.add(&summary.name, runs, pairing) {
            self.family.add(&mixed.name, self.heading.compare.values(mixed.runs.iter()))?;
            let mixture = MixtureSummary::of(&mixed);
            self.lists.push_mixture(&mixture)?;
            self.lines.mixtures.push(&Line::of_mixture(&mixture))?;
        }
        match unsettled {
            Some(_) if self.unsettled.is_some() => self.more_unsettled += 1,
            Some(found) => self.unsettled = Some((summary.name.clone(), found)),
            None => {}
        }
        self.charted.add(summary);
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
        let Self { heading, mut folder, files, events, hasher, mut lists, lines, charted, .. } =
            self;
        for (table, file) in TABLES.iter().chain([&EVENTS]).zip(files.into_iter().chain([events])) {
            sealed(file).map_err(|source| folder.refused(table.name, source))?;
        }
        let digest = hasher.finalize().to_hex().to_string();
        let summary = Summary::new(&heading, &digest);
        let mut comparisons = self.family.finish();
        folder.write(SUMMARY, |out| summary.render_with(&mut lists, &mut comparisons, out))?;
        let input = chart::Input::new(&heading.scenario, charted);
        let input = super::with_series(folder.path(), input)?;
        for (name, content) in chart::render_all(&input, formats)? {
            folder.write(name, |out| out.write_all(&content))?;
        }
        let names = folder.names().to_vec();
        folder.commit()?;
        let shown = Shown { scenario: heading.scenario, seed: heading.seed, lines, comparisons };
        let (unsettled, more_unsettled) = (self.unsettled, self.more_unsettled);
        Ok(Written { names, digest, shown, unsettled, more_unsettled })
    }
}
