//! `events.csv`: the story of replication 0 of each variant.

use std::io::Write;

use super::number;
use crate::experiment::{Results, Story};
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

/// Columns that are there where any variant has a third version.
const THIRD: [&str; 3] = ["third_desired", "third_ready", "third_available"];

/// Writes a row for each event, in order; the counts are those just after it.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(results: &Results, out: impl Write) -> csv::Result<()> {
    let has_third = results.variants.iter().any(|variant| variant.story.events.has_third());
    let third = if has_third { &THIRD[..] } else { &[] };
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COUNTS.iter().chain(third).chain(&["detail"]))?;
    for variant in &results.variants {
        for event in variant.story.events.iter() {
            csv.write_field(&variant.name)?;
            for field in fields(&variant.story, &event) {
                csv.write_field(field)?;
            }
            if has_third {
                for count in [event.desired[2], event.ready[2], event.available[2]] {
                    csv.write_field(count.to_string())?;
                }
            }
            csv.write_record([&event.detail])?;
        }
    }
    csv.flush()?;
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
        let mut out = Vec::new();
        render(&results, &mut out).expect("memory can be written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "variant,t_s,event,instance,version,zone,old_desired,new_desired,old_ready,new_ready,\
             old_available,new_available,terminating,total,detail\n\
             surge,-0.000000001,ready,3,old,a,11,1,11,0,11,0,1,12,\n\
             surge,0,rollout-started,,,,11,1,11,0,11,0,1,12,\"old to new, 12 instances\"\n\
             surge,1.500000001,retired,0,old,a,11,1,11,0,11,0,1,12,\
             \"takes its turn; \"\"in place\"\"\"\n"
        );
    }
}
