//! `events.csv`: the story of replication 0 of each variant.

use std::io::{self, Write};

use super::number;
use super::table_file::{Heading, Rows, TableFile};
use crate::experiment::{Story, VariantResults};
use crate::sim::EventRow;

const COUNTS: [&str; 14] = [
    "variant",
    "t_s",
    "event",
    "instance",
    "version",
    "zone",
    "old_desired",
    "new_desired",
    "old_ready",
    "new_ready",
    "old_available",
    "new_available",
    "terminating",
    "total",
];

/// Columns that are there where any variant may have a third version.
const THIRD: [&str; 3] = ["third_desired", "third_ready", "third_available"];

/// A row for each event, in order; the counts are those just after it.
pub(super) const TABLE: TableFile = TableFile { name: "events.csv", header, rows };

fn header(heading: &Heading) -> Vec<&'static str> {
    let third = if heading.has_third { &THIRD[..] } else { &[] };
    COUNTS.iter().chain(third).chain(&["detail"]).copied().collect()
}

fn rows(heading: &Heading, variant: &VariantResults, out: &mut Rows) -> csv::Result<()> {
    write_rows(heading, (&variant.name, &variant.story), out)
}

/// Writes the rows of a variant of this name as they are made: those of a large fleet would take
/// more memory than its simulation.
///
/// # Errors
/// If they cannot be written.
pub(super) fn stream(
    heading: &Heading,
    variant: (&str, &Story),
    out: impl Write,
) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    write_rows(heading, variant, &mut rows)?;
    rows.flush()
}

fn write_rows(
    heading: &Heading,
    (name, story): (&str, &Story),
    out: &mut csv::Writer<impl Write>,
) -> csv::Result<()> {
    for event in story.events.iter() {
        out.write_field(name)?;
        for field in fields(story, &event) {
            out.write_field(field)?;
        }
        if heading.has_third {
            for count in [event.desired[2], event.ready[2], event.available[2]] {
                out.write_field(count.to_string())?;
            }
        }
        out.write_record([&event.detail])?;
    }
    Ok(())
}

fn fields(story: &Story, row: &EventRow) -> [String; 13] {
    let zone = row.zone.and_then(|zone| story.zones.get(zone.index()));
    [
        number::seconds(row.at.nanos_from(story.start)),
        row.event.to_owned(),
        row.instance.map(|instance| instance.0.to_string()).unwrap_or_default(),
        row.version.map(|version| version.name().to_owned()).unwrap_or_default(),
        zone.cloned().unwrap_or_default(),
        row.desired[0].to_string(),
        row.desired[1].to_string(),
        row.ready[0].to_string(),
        row.ready[1].to_string(),
        row.available[0].to_string(),
        row.available[1].to_string(),
        row.terminating.to_string(),
        row.total.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    #[test]
    fn one_row_for_each_event() {
        let results = fixture::results(&["surge"], 2);
        assert_eq!(
            TABLE.text(&results),
            "variant,t_s,event,instance,version,zone,old_desired,new_desired,old_ready,new_ready,\
             old_available,new_available,terminating,total,detail\n\
             surge,-0.000000001,ready,3,old,a,11,1,11,0,11,0,1,12,\n\
             surge,0,rollout-started,,,,11,1,11,0,11,0,1,12,\"old to new, 12 instances\"\n\
             surge,1.500000001,retired,0,old,a,11,1,11,0,11,0,1,12,\
             \"takes its turn; \"\"in place\"\"\"\n"
        );
    }
}
