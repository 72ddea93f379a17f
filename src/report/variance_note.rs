//! What antithetic pairs and control variates were worth: a line each, where they helped.

use std::io;

use super::number;
use super::shown::{Shown, Told};
use crate::measure::HEADLINE;

/// The least and the most that a metric gained among the variants of which it gained.
type Range = Option<[f64; 2]>;

/// The lines, an empty one before them; nothing where nothing helped.
///
/// # Errors
/// If what is to be shown cannot be read back.
pub fn render(shown: &mut Shown) -> io::Result<String> {
    let (mut antithetic, mut controlled) = ([None; HEADLINE.len()], [None; HEADLINE.len()]);
    for line in shown.lines.variants.records()? {
        let line = line?;
        for (metric, name) in HEADLINE.iter().enumerate() {
            if let Some(&Told { antithetic_gain, controlled_gain, .. }) = line.metric(name) {
                widen(&mut antithetic[metric], antithetic_gain);
                widen(&mut controlled[metric], controlled_gain);
            }
        }
    }
    let lines: Vec<String> = [
        worth(&antithetic).map(|found| {
            format!("Antithetic pairs: a run is worth as many independent ones: {found}.\n")
        }),
        worth(&controlled).map(|found| {
            format!(
                "Without the luck with the starts (`controlled` in summary.json), a run is worth \
                 as many: {found}.\n"
            )
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    Ok(if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) })
}

fn widen(range: &mut Range, gain: Option<f64>) {
    if let Some(gain) = gain {
        let [least, most] = range.unwrap_or([gain, gain]);
        *range = Some([least.min(gain), most.max(gain)]);
    }
}

/// By how much it helped each headline metric: from the variant that gained least to the one that
/// gained most of those that gained.
fn worth(gains: &[Range; HEADLINE.len()]) -> Option<String> {
    let of = |(metric, range): (&&str, &Range)| {
        let [low, high] = (*range)?.map(|gain| number::significant(gain, 2));
        let range = if low == high { low } else { format!("{low} to {high}") };
        Some(format!("{range} for {metric}"))
    };
    let found: Vec<String> = HEADLINE.iter().zip(gains).filter_map(of).collect();
    (!found.is_empty()).then(|| found.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::experiment::{Adjusted, fixture};
    use crate::report::shown;
    use crate::report::summary_json::Summary;

    fn render(summary: &Summary) -> String {
        super::render(&mut shown::tests::of(summary)).expect("read")
    }

    #[test]
    fn only_what_helped_is_told() {
        let mut summary = Summary::of(&fixture::results(&["surge", "recreate"], 4), "");
        assert_eq!(render(&summary), "");
        for (variant, gain) in summary.variants.iter_mut().zip([3.04, 12.0]) {
            let duration = variant.metrics.get_mut("duration_s").expect("it ends");
            duration.antithetic_gain = Some(gain);
        }
        let ready = summary.variants[0].metrics.get_mut("ready_min").expect("it is ready");
        ready.controlled = Some(Adjusted { mean: 1.0, ci95: [1.0, 1.0], gain: 2.5 });
        assert_eq!(
            render(&summary),
            "\nAntithetic pairs: a run is worth as many independent ones: 3 to 12 for duration_s.\n\
             Without the luck with the starts (`controlled` in summary.json), a run is worth \
             as many: 2.5 for ready_min.\n"
        );
    }
}
