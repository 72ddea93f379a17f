//! `tune.csv`: every candidate, and every point that was refused.

use std::io::Write;

use super::table::metrics;
use crate::experiment::Estimate;
use crate::experiment::tune::{Answer, Verdict};
use crate::report::number;

/// Writes a row for each candidate in the order of the search, then one for each point refused.
/// A difference is the candidate's objective less that of the recommended one, on the same random
/// numbers; empty: no run defines it.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(answer: &Answer, out: impl Write) -> ::csv::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    let metrics = metrics(answer);
    let mut head = vec!["candidate".to_owned()];
    head.extend(answer.axes.iter().map(|axis| axis.path.clone()));
    head.extend(["status", "recommended", "runs", "completed"].map(str::to_owned));
    for (metric, _) in &metrics {
        head.extend(["mean", "ci95_low", "ci95_high"].map(|of| format!("{}_{of}", metric.name)));
    }
    for objective in &answer.objectives {
        let name = objective.metric.name;
        head.extend(["", "_low", "_high"].map(|end| format!("{name}_difference{end}")));
    }
    head.extend(answer.constraints.iter().map(|one| one.typed.clone()));
    head.push("reason".to_owned());
    csv.write_record(&head)?;
    for (number, judged) in answer.candidates.iter().enumerate() {
        let mut fields = vec![judged.name.clone()];
        fields.extend(judged.values.iter().cloned());
        let is_best = answer.recommended == Ok(number);
        fields.push(judged.status.name().to_owned());
        fields.push(if is_best { "yes" } else { "no" }.to_owned());
        fields.push(judged.runs.to_string());
        fields.push(number::exact(judged.completed));
        for (_, place) in &metrics {
            fields.extend(estimate(place.of(judged)));
        }
        for difference in &judged.differences {
            fields.extend(difference.map_or_else(Default::default, |ends| ends.map(number::exact)));
        }
        fields.extend(judged.verdicts.iter().map(|&verdict| word(verdict).to_owned()));
        fields.push(String::new());
        csv.write_record(&fields)?;
    }
    for refused in &answer.refused {
        let mut fields = vec![String::new()];
        fields.extend(refused.values.iter().map(|(_, value)| value.clone()));
        fields.extend(["refused", "no", "0"].map(str::to_owned));
        fields.resize(head.len() - 1, String::new());
        fields.push(refused.reason.clone());
        csv.write_record(&fields)?;
    }
    csv.flush()?;
    Ok(())
}

/// What a verdict is called in files.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Meets => "meets",
        Verdict::Misses => "misses",
        Verdict::Unclear => "unclear",
    }
}

fn estimate(one: Option<&Estimate>) -> [String; 3] {
    let Some(one) = one else { return Default::default() };
    let [low, high] = one.ci95.map_or_else(Default::default, |ends| ends.map(number::exact));
    [number::exact(one.mean), low, high]
}
